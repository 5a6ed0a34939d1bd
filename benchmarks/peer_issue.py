"""The peer: one sealed license from the obvious parts, as a good developer starts.

reportlab draws the page in two embedded faces, `qrcode` makes the symbol, the seal is a
PNG, and pyHanko embeds record and token and seals with its defaults (PAdES B-B,
certifying). It checks nothing, validates nothing and keeps no register, so it does less
than an issuing desk. What can be prepared once is prepared once.
"""

import io
from dataclasses import dataclass

import pylopdf_fonts_zh_cn
import pypdfium2
import qrcode
from asn1crypto import keys, x509
from cryptography.hazmat.primitives import serialization
from peer_face import truetype
from pyhanko.pdf_utils import embed
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from elicense.issuing import IssuingDesk
from esign.pades import SealIdentity
from esign.signer import SoftwareSigner

SEAL_PIXELS = 480
LABEL, VALUE = "PeerSerif", "PeerSans"
NOTES = ("扫描二维码可核验证照真伪及当前状态。", "样张，仅供演示。")


@dataclass(frozen=True, slots=True)
class Content:
    """What the peer puts on a page and into a file."""

    title: str
    rows: tuple[tuple[str, str], ...]
    qr_text: str
    record: bytes
    token: bytes


@dataclass(frozen=True, slots=True)
class Peer:
    """What the peer prepares once."""

    signer: signers.SimpleSigner
    seal: ImageReader
    context: ValidationContext

    @classmethod
    def create(
        cls,
        desk: IssuingDesk,
        identity: SealIdentity,
        seal_art: bytes,
        key: SoftwareSigner,
        characters: str,
    ) -> "Peer":
        """Prepare with the same key and certificates as the desk's."""
        paths = {
            LABEL: pylopdf_fonts_zh_cn.serif_path(),
            VALUE: pylopdf_fonts_zh_cn.sans_path(),
        }
        for name, path in paths.items():
            face = io.BytesIO(truetype(path, characters))
            pdfmetrics.registerFont(TTFont(name, face))
        der = key.handle.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        store = SimpleCertificateStore.from_certs(
            x509.Certificate.load(part) for part in identity.chain
        )
        signer = signers.SimpleSigner(
            signing_cert=x509.Certificate.load(identity.certificate),
            signing_key=keys.PrivateKeyInfo.load(der),
            cert_registry=store,
        )
        roots = [] if desk.trust.bundle is None else desk.trust.bundle.roots
        context = ValidationContext(
            trust_roots=[x509.Certificate.load(root) for root in roots],
            other_certs=[x509.Certificate.load(part) for part in identity.chain],
            allow_fetching=False,
        )
        return cls(signer, picture_of(seal_art), context)

    def issue(self, content: Content) -> bytes:
        """Return a sealed PDF."""
        page = io.BytesIO(self.draw(content))
        writer = IncrementalPdfFileWriter(page)
        files = {"record.cbor": content.record, "payload.cose": content.token}
        for name, data in files.items():
            attached = embed.EmbeddedFileObject.from_file_data(
                writer, data=data, mime_type="application/octet-stream"
            )
            embed.embed_file(
                writer,
                embed.FileSpec(
                    file_spec_string=name,
                    embedded_data=attached,
                    af_relationship=pdf_name("/Data"),
                ),
            )
        meta = signers.PdfSignatureMetadata(
            field_name="Seal",
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        )
        out = io.BytesIO()
        signers.PdfSigner(meta, self.signer).sign_pdf(writer, output=out)
        return out.getvalue()

    def draw(self, content: Content) -> bytes:
        """Return the unsigned page."""
        symbol = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, box_size=6)
        symbol.add_data(content.qr_text)
        symbol.make(fit=True)
        out = io.BytesIO()
        width, height = A4
        canvas = Canvas(out, pagesize=A4)
        canvas.setLineWidth(3)
        canvas.rect(30, 30, width - 60, height - 60)
        for step in range(12):
            canvas.line(30, 30 + step * 5, 30 + step * 5, 30)
        canvas.setFont(LABEL, 30)
        canvas.drawCentredString(width / 2, height - 110, content.title)
        for number, (label, value) in enumerate(content.rows):
            canvas.setFont(LABEL, 13)
            canvas.drawString(70, height - 190 - 34 * number, label)
            canvas.setFont(VALUE, 13)
            canvas.drawString(193, height - 190 - 34 * number, value)
        canvas.setFont(VALUE, 9)
        for number, note in enumerate(NOTES):
            canvas.drawString(70, 80 - 13 * number, note)
        code = symbol.make_image().get_image().convert("L")
        canvas.drawImage(ImageReader(code), 70, 120, 125, 125)
        canvas.drawImage(self.seal, width - 240, 130, 119, 119, mask="auto")
        canvas.showPage()
        canvas.save()
        return out.getvalue()

    def validate(self, pdf: bytes) -> None:
        """Validate with pyHanko, warm, with one shared context."""
        reader = PdfFileReader(io.BytesIO(pdf))
        status = validate_pdf_signature(reader.embedded_signatures[0], self.context)
        if not status.bottom_line:
            raise AssertionError("pyHanko does not accept the seal")


def picture_of(art: bytes) -> ImageReader:
    """Return the drawn seal as a transparent PNG, decoded already."""
    document = pypdfium2.PdfDocument(art)
    page = document[0]
    drawn = page.render(
        scale=SEAL_PIXELS / page.get_width(), fill_color=(255, 255, 255, 0)
    ).to_pil()
    page.close()
    document.close()
    out = io.BytesIO()
    drawn.convert("RGBA").save(out, "PNG")
    image = ImageReader(out)
    image.getRGBData()
    return image
