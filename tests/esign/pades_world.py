"""A small world for the seal tests: an authority, two departments, PDFs, forgeries."""

import functools
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pikepdf
from asn1crypto import cms as asn1_cms
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from reportlab.pdfgen.canvas import Canvas

from esign import algorithms, cms
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.pades import (
    SealAppearance,
    SealGrant,
    SealIdentity,
    SealRequest,
    read,
    seal,
)
from esign.signer import SoftwareSigner

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
LATER = AT + timedelta(days=30)
CODE = "11990100000000027A"
OTHER_CODE = "12990100000000035R"
DAYS = 700


class World:
    """One authority and one department with a seal."""

    def __init__(
        self,
        code: str = CODE,
        authority: DevelopmentAuthority | None = None,
        name: str = "示例市行政审批局",
    ):
        self.code = code
        self.authority = authority or DevelopmentAuthority.create("示例市", AT)
        self.signer = SoftwareSigner.generate(Suite.ES256)
        self.certificate = self.authority.issue_seal(
            self.signer.public_key, name, code, AT, DAYS
        )
        self.identity = SealIdentity(
            self.signer, self.certificate, self.authority.chain
        )

    def grant(self, **changes):
        values = {
            "organization": self.code,
            "certificates": (self.certificate, *self.authority.chain),
            "roots": self.authority.roots,
            "signs_from": AT,
            "signs_until": None,
        }
        return SealGrant(**(values | changes))

    def trust(self, **changes):
        return {hashlib.sha256(self.certificate).digest(): self.grant(**changes)}


@functools.cache
def world() -> World:
    return World()


@functools.cache
def page() -> bytes:
    """The least that can be sealed; the odd keys are handles for forgeries."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(200, 200))
    pdf.pages[0].obj["/ZZ"] = pikepdf.Name.Sig
    pdf.pages[0].obj["/ByteRangf"] = 1
    pdf.pages[0].obj["/Encrypu"] = 1
    pdf.pages[0].obj["/ObjStn"] = 1
    return saved(pdf)


@functools.cache
def license_page() -> bytes:
    """A page by reportlab with attachments, XMP and Info, as a license has them."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=(595, 842), invariant=True)
    canvas.drawString(72, 700, "sample")
    canvas.save()
    pdf = pikepdf.open(BytesIO(out.getvalue()))
    for name, data in ATTACHMENTS.items():
        pdf.attachments[name] = pikepdf.AttachedFileSpec(
            pdf, data, filename=name, mime_type="application/cbor"
        )
    pdf.Root.Metadata = pdf.make_stream(XMP, Type=pikepdf.Name.Metadata)
    pdf.Root.Metadata.Subtype = pikepdf.Name.XML
    return saved(pdf)


ATTACHMENTS = {
    "record.cbor": b"\xa1endstream\nendobj\n%%EOF\n/ByteRange [0 1 2 3]",
    "payload.cose": b"\xd2\x84" + bytes(range(256)),
}
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">  <rdf:RDF'
    b' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about=""'
    b' xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"'
    b' pdfaid:part="3" pdfaid:conformance="B"/></rdf:RDF></x:xmpmeta>\n'
    b'<?xpacket end="w"?>'
)


def saved(pdf: pikepdf.Pdf) -> bytes:
    out = BytesIO()
    pdf.save(out, static_id=True, compress_streams=False, fix_metadata_version=False)
    return out.getvalue()


@functools.cache
def art() -> bytes:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(100, 100))
    pdf.pages[0].Contents = pdf.make_stream(b"1 0 0 rg 10 10 80 80 re f")
    return saved(pdf)


def appearance() -> SealAppearance:
    return SealAppearance(0, (20, 20, 140.5, 140.5), art())


@functools.cache
def sealed() -> bytes:
    request = SealRequest(name="示例 (1)", reserved_bytes=3072)
    return seal(page(), world().identity, at=AT, request=request)


@functools.cache
def smallest() -> tuple[bytes, dict[bytes, SealGrant]]:
    """The smallest PDF that can be sealed, and the trust under which it passes.

    The seal's certificate stands alone in it, and its issuing CA is the anchor.
    """
    own = World()
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(3, 3))
    identity = SealIdentity(own.signer, own.certificate, ())
    probe = read(seal(saved(pdf), identity, at=AT)).content
    request = SealRequest(reserved_bytes=len(probe) + 4)
    data = seal(saved(pdf), identity, at=AT, request=request)
    trust = own.trust(certificates=(own.certificate,), roots=own.authority.chain)
    return data, trust


def with_cms(pdf: bytes, content: bytes) -> bytes:
    """Return the file with other bytes in its gap."""
    start, end = read(pdf).gap
    return with_gap(pdf, content.hex().encode().ljust(end - start - 2, b"0"))


def with_gap(pdf: bytes, digits: bytes) -> bytes:
    start, end = read(pdf).gap
    assert len(digits) == end - start - 2
    return pdf[: start + 1] + digits + pdf[end - 1 :]


def sealed_again(edited: bytes, original: bytes | None = None) -> bytes:
    """Return an edited file of the same layout with a signature that holds for it.

    So only the structure can be what is wrong with it.
    """
    start, end = read(original or sealed()).gap
    own = world()
    digest = hashlib.sha256(edited[:start] + edited[end:]).digest()
    signature = own.signer.sign(cms.signed_attributes(own.certificate, digest))
    members = (own.certificate, *own.authority.chain)
    content = cms.build(cms.SignedData(own.certificate, members, digest, signature))
    digits = content.hex().encode().ljust(end - start - 2, b"0")
    return edited[: start + 1] + digits + edited[end - 1 :]


def forged_cms(change: Callable[[asn1_cms.SignedData], None]) -> bytes:
    """Return the seal's CMS after ``change``, signed anew by the seal's own key."""
    content = asn1_cms.ContentInfo.load(read(sealed()).content)
    signed_data = content["content"]
    change(signed_data)
    signer_info = signed_data["signer_infos"][0]
    attributes = signer_info["signed_attrs"]
    message = (
        attributes.untag().dump(force=True) if len(attributes) else read_signed_bytes()
    )
    raw = world().signer.sign(message)
    signer_info["signature"] = algorithms.ecdsa_to_der(raw)
    return content.dump(force=True)


def read_signed_bytes() -> bytes:
    start, end = read(sealed()).gap
    return sealed()[:start] + sealed()[end:]


def incremental_update():
    writer = IncrementalPdfFileWriter(BytesIO(sealed()))
    writer.root["/Lang"] = writer.root["/Type"]
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def swapped(old, new, *, signed=True):
    assert sealed().count(old) == 1
    assert len(old) == len(new)
    edited = sealed().replace(old, new)
    return sealed_again(edited) if signed else edited
