"""The peer: one sealed license from the obvious parts, as a good developer starts.

reportlab draws the page, `qrcode` the symbol, pyHanko embeds the record and seals with
its defaults (PAdES B-B, certifying). It checks nothing, keeps no register, and names a
standard CJK font instead of embedding one, so it does less than an issuing desk.
"""

import io
from dataclasses import dataclass

import pypdfium2
import qrcode
from asn1crypto import keys, x509
from cryptography.hazmat.primitives import serialization
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
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from elicense.issuing import IssuingDesk
from esign.signer import SoftwareSigner

FONT = "STSong-Light"  # a name that viewers know; nothing is embedded
SEAL_PIXELS = 350


@dataclass(frozen=True, slots=True)
class Peer:
    """What the peer prepares once."""

    signer: signers.SimpleSigner
    seal: ImageReader
    context: ValidationContext

    @classmethod
    def create(cls, desk: IssuingDesk, key: SoftwareSigner) -> "Peer":
        """Prepare with the same key and certificates as the desk's."""
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))
        der = key.handle.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        store = SimpleCertificateStore.from_certs(
            x509.Certificate.load(part) for part in desk.seal.chain
        )
        signer = signers.SimpleSigner(
            signing_cert=x509.Certificate.load(desk.seal.certificate),
            signing_key=keys.PrivateKeyInfo.load(der),
            cert_registry=store,
        )
        roots = [] if desk.trust.bundle is None else desk.trust.bundle.roots
        context = ValidationContext(
            trust_roots=[x509.Certificate.load(root) for root in roots],
            other_certs=[x509.Certificate.load(part) for part in desk.seal.chain],
            allow_fetching=False,
        )
        return cls(signer, picture_of(desk.seal_art), context)

    def issue(self, lines: list[str], text: str, record: bytes) -> bytes:
        """Return a sealed PDF with these lines, this QR text and this attachment."""
        page = io.BytesIO(self.draw(lines, text))
        writer = IncrementalPdfFileWriter(page)
        attached = embed.EmbeddedFileObject.from_file_data(
            writer, data=record, mime_type="application/cbor"
        )
        embed.embed_file(
            writer,
            embed.FileSpec(
                file_spec_string="record.cbor",
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

    def draw(self, lines: list[str], text: str) -> bytes:
        """Return the unsigned page."""
        symbol = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, box_size=4)
        symbol.add_data(text)
        symbol.make(fit=True)
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=A4)
        canvas.rect(30, 30, A4[0] - 60, A4[1] - 60)
        canvas.setFont(FONT, 14)
        for number, line in enumerate(lines):
            canvas.drawString(70, 700 - 30 * number, line)
        code = symbol.make_image().get_image().convert("L")
        canvas.drawImage(ImageReader(code), 70, 90, 120, 120)
        canvas.drawImage(self.seal, 380, 90, 119, 119, mask="auto")
        canvas.save()
        return out.getvalue()

    def validate(self, pdf: bytes) -> None:
        """Validate with pyHanko, warm, with one shared context."""
        reader = PdfFileReader(io.BytesIO(pdf))
        status = validate_pdf_signature(reader.embedded_signatures[0], self.context)
        if not status.bottom_line:
            raise AssertionError("pyHanko does not accept the seal")


def picture_of(art: bytes) -> ImageReader:
    """Return the drawn seal as a picture, decoded already."""
    document = pypdfium2.PdfDocument(art)
    page = document[0]
    drawn = page.render(scale=SEAL_PIXELS / page.get_width()).to_pil()
    page.close()
    document.close()
    image = ImageReader(drawn)
    image.getRGBData()
    return image
