"""Sealing: an unsigned PDF in, the same document with one certifying seal out.

pikepdf places the field, pyHanko writes the one revision and makes the CMS; both are
imported when the first document is sealed.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

from esign import cms
from esign.errors import MalformedError
from esign.pades import field, pyhanko_seal
from esign.pades.contents import Maker, PyHankoMaker, Sealing, maker_of
from esign.pades.field import SealAppearance
from esign.pades.identity import AnyIdentity, SealIdentity
from esign.pades.read import read

if TYPE_CHECKING:
    import pikepdf

RESERVED_BYTES = 4096  # for the CMS; with a leaf and one CA certificate it has 1.7 KiB
MAX_TEXT_CHARACTERS = 250  # of a name, location or reason


@dataclass(frozen=True, slots=True)
class SealRequest:
    """Texts of the signature dictionary, and the room for the CMS.

    Attributes:
        name: /Name, the signer as a text; None leaves it out, as for the others.
        location: /Location.
        reason: /Reason.
        reserved_bytes: size of a PAdES CMS at most, in bytes; the room of other kinds
            is exact.
    """

    name: str | None = None
    location: str | None = None
    reason: str | None = None
    reserved_bytes: int = RESERVED_BYTES


def seal(
    pdf: bytes,
    identity: AnyIdentity,
    *,
    at: datetime,
    appearance: SealAppearance | None = None,
    request: SealRequest | None = None,
) -> bytes:
    """Return ``pdf`` as one revision with one certifying seal.

    The seal permits no change (DocMDP P=1) and covers every byte but its own gap. With
    a deterministic signer the same arguments give the same bytes. Does NOT ask whether
    the certificate is valid at ``at`` or trusted by anyone: that is
    :func:`esign.pades.validate`'s answer, on the bytes returned here.

    Args:
        pdf: an unsigned PDF without form fields; attachments are kept as they are.
        identity: who seals; its class says by which kind of seal.
        at: the sealing instant that the seal claims (/M), aware, whole seconds.
        appearance: where the seal is seen; None makes an invisible field.
        request: further texts and the room for the CMS.

    Returns:
        The sealed PDF in this project's own profile (docs/formats/pdf.md, pdf-gm.md).

    Raises:
        MalformedError: ``pdf`` cannot be opened, or is not fit for sealing.
        ValueError: wrong instant, key and certificate that do not belong together, a
            box or page that is not there, a text that is too long, or a CMS that does
            not fit its room.
        UnavailableError: the signer's device did not answer.
        VerificationError: what the signer returned is not its signature, or an
            electronic seal may not be used by it at that instant.
    """
    instant = whole_instant(at)
    wanted = request or SealRequest()
    require_short(wanted)
    maker: Maker
    if isinstance(identity, SealIdentity):
        maker = PyHankoMaker(identity, wanted.reserved_bytes)
    else:
        maker = maker_of(identity)
    fielded, metadata = _with_field(pdf, appearance)
    prepared = pyhanko_seal.write_revision(
        fielded,
        pyhanko_seal.Revision(
            metadata=metadata,
            instant=instant,
            document_id=_document_id(pdf, identity.certificate, instant),
            field_name=field.FIELD_NAME,
            reserved_bytes=maker.most_bytes,
            subfilter=maker.subfilter,
            name=wanted.name,
            location=wanted.location,
            reason=wanted.reason,
        ),
    )
    sealing = Sealing(prepared.digest, instant, prepared.byte_range)
    sealed = prepared.fill(maker.make(sealing))
    read(sealed)
    return sealed


def whole_instant(at: datetime) -> datetime:
    """Return a sealing instant in UTC; ValueError if naive or of part seconds."""
    if at.tzinfo is None or at.microsecond:
        raise ValueError("the sealing instant must be aware and in whole seconds")
    return at.astimezone(UTC)


def require_short(request: SealRequest) -> None:
    """Raise ValueError for a text that is too long, or no room for the CMS."""
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
            field.add(document, appearance)
            if "/Version" in document.Root:  # the file that is written says 1.7
                del document.Root["/Version"]
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


def _take_metadata(document: "pikepdf.Pdf") -> bytes | None:
    if "/Metadata" not in document.Root:
        return None
    metadata = bytes(document.Root.Metadata.read_bytes())
    del document.Root.Metadata
    return metadata
