"""Sealing: an unsigned PDF in, the same document with one certifying seal out.

pikepdf places the field, pyHanko writes the one revision and makes the CMS; both are
imported when the first document is sealed.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

from esign import certificates, cms
from esign.errors import MalformedError
from esign.keys import Signer
from esign.pades import pyhanko_seal
from esign.pades.read import read

if TYPE_CHECKING:
    import pikepdf

FIELD_NAME = "Seal"
RESERVED_BYTES = 4096  # for the CMS; with a leaf and one CA certificate it has 1.7 KiB
MAX_TEXT_CHARACTERS = 250  # of a name, location or reason
_FLAG_PRINT, _FLAG_LOCKED = 1 << 2, 1 << 7  # ISO 32000-1, table 165
_SIGNATURES_EXIST_APPEND_ONLY = 3  # ISO 32000-1, table 219


@dataclass(frozen=True, slots=True)
class SealIdentity:
    """Who seals.

    Attributes:
        signer: holds the private key, ES256.
        certificate: the seal's certificate, DER.
        chain: CA certificates to embed beside it, without the root, DER.
    """

    signer: Signer
    certificate: bytes
    chain: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SealAppearance:
    """What a person sees of the seal.

    Attributes:
        page: number of the page, from 0.
        box: left, bottom, right, top in points (1/72 inch) from the lower left corner.
        art: a one-page PDF; its page is scaled to the box.
    """

    page: int
    box: tuple[float, float, float, float]
    art: bytes


@dataclass(frozen=True, slots=True)
class SealRequest:
    """Texts of the signature dictionary, and the room for the CMS.

    Attributes:
        name: /Name, the signer as a text; None leaves it out, as for the others.
        location: /Location.
        reason: /Reason.
        reserved_bytes: size of the CMS at most, in bytes.
    """

    name: str | None = None
    location: str | None = None
    reason: str | None = None
    reserved_bytes: int = RESERVED_BYTES


def seal(
    pdf: bytes,
    identity: SealIdentity,
    *,
    at: datetime,
    appearance: SealAppearance | None = None,
    request: SealRequest | None = None,
) -> bytes:
    """Return ``pdf`` as one revision with one certifying PAdES B-B seal.

    The seal permits no change (DocMDP P=1) and covers every byte but its own gap. With
    a deterministic signer the same arguments give the same bytes. Does NOT ask whether
    the certificate is valid at ``at`` or trusted by anyone: that is
    :func:`esign.pades.validate`'s answer, on the bytes returned here.

    Args:
        pdf: an unsigned PDF without form fields; attachments are kept as they are.
        identity: key and certificates.
        at: the sealing instant that the seal claims (/M), aware, whole seconds.
        appearance: where the seal is seen; None makes an invisible field.
        request: further texts and the room for the CMS.

    Returns:
        The sealed PDF in this project's own profile (docs/formats/pdf.md).

    Raises:
        MalformedError: ``pdf`` cannot be opened, or is not fit for sealing.
        ValueError: wrong instant, key and certificate that do not belong together, a
            box or page that is not there, a text that is too long, or a CMS that does
            not fit its room.
        UnavailableError: the signer's device did not answer.
        VerificationError: what the signer returned is not its signature.
    """
    instant = _instant(at)
    _require_match(identity)
    wanted = request or SealRequest()
    _require_short(wanted)
    members = cms.certificate_set((identity.certificate, *identity.chain))
    fielded, metadata = _with_field(pdf, appearance)
    prepared = pyhanko_seal.write_revision(
        fielded,
        pyhanko_seal.Revision(
            metadata=metadata,
            instant=instant,
            document_id=_document_id(pdf, identity.certificate, instant),
            field_name=FIELD_NAME,
            reserved_bytes=wanted.reserved_bytes,
            name=wanted.name,
            location=wanted.location,
            reason=wanted.reason,
        ),
    )
    content = pyhanko_seal.sign_digest(
        prepared.digest, identity.signer, identity.certificate, members
    )
    cms.verify(cms.parse(content), identity.signer.public_key, prepared.digest)
    sealed = prepared.fill(content)
    read(sealed)
    return sealed


def _instant(at: datetime) -> datetime:
    if at.tzinfo is None or at.microsecond:
        raise ValueError("the sealing instant must be aware and in whole seconds")
    return at.astimezone(UTC)


def _require_match(identity: SealIdentity) -> None:
    facts = certificates.read_certificate(identity.certificate)
    if facts.public_key != identity.signer.public_key:
        raise ValueError("the signer's key is not the one in the seal's certificate")


def _require_short(request: SealRequest) -> None:
    for text in (request.name, request.location, request.reason):
        if text is not None and len(text) > MAX_TEXT_CHARACTERS:
            raise ValueError(f"a text has more than {MAX_TEXT_CHARACTERS} characters")
    if not 1 <= request.reserved_bytes <= cms.MAX_CMS_BYTES:
        raise ValueError(f"room for 1 to {cms.MAX_CMS_BYTES} bytes must be reserved")


def _document_id(pdf: bytes, certificate: bytes, instant: datetime) -> bytes:
    """Return 16 bytes for the trailer that depend on the input and nothing else."""
    parts = (pdf, certificate, instant.isoformat().encode())
    digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts))
    return digest.digest()[:16]


def _with_field(
    pdf: bytes, appearance: SealAppearance | None
) -> tuple[bytes, bytes | None]:
    """Return the PDF with an empty signature field, and the XMP taken out of it."""
    import pikepdf  # noqa: PLC0415  costs 60 ms, and reading needs none of it

    try:
        with pikepdf.open(BytesIO(pdf), attempt_recovery=False) as document:
            _require_unsigned(document)
            _add_field(document, appearance)
            metadata = _take_metadata(document)
            out = BytesIO()
            document.save(
                out,
                object_stream_mode=pikepdf.ObjectStreamMode.disable,
                stream_decode_level=pikepdf.StreamDecodeLevel.none,
                compress_streams=False,
                static_id=True,
                fix_metadata_version=False,
            )
            return out.getvalue(), metadata
    except (pikepdf.PdfError, pikepdf.PasswordError) as err:
        raise MalformedError("the PDF to seal cannot be opened") from err


def _require_unsigned(document: "pikepdf.Pdf") -> None:
    if document.is_encrypted:
        raise MalformedError("an encrypted PDF cannot be sealed")
    if "/AcroForm" in document.Root or "/Perms" in document.Root:
        raise MalformedError("a PDF with form fields or permissions cannot be sealed")


def _take_metadata(document: "pikepdf.Pdf") -> bytes | None:
    if "/Metadata" not in document.Root:
        return None
    metadata = bytes(document.Root.Metadata.read_bytes())
    del document.Root.Metadata
    return metadata


def _add_field(document: "pikepdf.Pdf", appearance: SealAppearance | None) -> None:
    import pikepdf  # noqa: PLC0415  see _with_field

    number = appearance.page if appearance else 0
    if not 0 <= number < len(document.pages):
        raise ValueError(f"the PDF has no page {number}")
    page = document.pages[number]
    box = appearance.box if appearance else (0, 0, 0, 0)
    form = _form(document, appearance) if appearance else None
    widget = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Widget,
        FT=pikepdf.Name.Sig,
        T=pikepdf.String(FIELD_NAME),
        F=_FLAG_PRINT | _FLAG_LOCKED,
        Rect=pikepdf.Array([_points(value) for value in box]),
        P=page.obj,
    )
    if form is not None:
        widget.AP = pikepdf.Dictionary(N=form)
    field = document.make_indirect(widget)
    if "/Annots" not in page.obj:
        page.obj.Annots = pikepdf.Array()
    page.obj.Annots.append(field)
    document.Root.AcroForm = document.make_indirect(
        pikepdf.Dictionary(
            Fields=pikepdf.Array([field]), SigFlags=_SIGNATURES_EXIST_APPEND_ONLY
        )
    )


def _points(value: float) -> "pikepdf.Object":
    import pikepdf  # noqa: PLC0415  see _with_field

    return pikepdf.Object.parse(f"{value:.4f}".rstrip("0").rstrip(".").encode())


def _form(document: "pikepdf.Pdf", appearance: SealAppearance) -> "pikepdf.Object":
    import pikepdf  # noqa: PLC0415  see _with_field

    left, bottom, right, top = appearance.box
    finite = all(map(math.isfinite, appearance.box))
    if not (finite and left < right and bottom < top):
        raise ValueError("the seal's box must have a width and a height")
    with pikepdf.open(BytesIO(appearance.art), attempt_recovery=False) as art:
        if len(art.pages) != 1:
            raise ValueError("the seal's drawing must have exactly one page")
        return document.copy_foreign(art.pages[0].as_form_xobject())
