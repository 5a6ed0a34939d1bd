"""The two files attached to a license's PDF: the record and the token."""

import io
from dataclasses import dataclass

import pikepdf

from esign.errors import MalformedError

RECORD_NAME = "record.cbor"
TOKEN_NAME = "payload.cose"  # noqa: S105  a file name, not a secret
MAX_ATTACHMENT_BYTES = 1 << 20  # a record of 3,000 characters has about 10 KB
# The token's name as the page's maker writes it, and as the sealer does (pdf.md, 6).
_MARKS = (b"payload.cose", b"payload\\056cose")


class NoLicenseError(MalformedError):
    """The PDF has no attachments at all: it is not a license of this format."""


@dataclass(frozen=True, slots=True)
class Attachments:
    """What a license's PDF carries beside its page."""

    record: bytes
    token: bytes


def read(pdf: bytes) -> Attachments:
    """Return the attachments of a PDF that has our own profile's structure.

    Exactly the two files, stored without a filter, and the same two as associated files
    of the document (docs/formats/pdf.md, section 6). Nothing is inflated and nothing is
    repaired.

    Args:
        pdf: a file that :func:`esign.pades.read` accepted, which bounds what it costs
            to open it.

    Raises:
        NoLicenseError: nothing is attached.
        MalformedError: something else is attached, or in another way.
    """
    try:
        with pikepdf.open(io.BytesIO(pdf), attempt_recovery=False) as document:
            files = _files(document.Root)
            return Attachments(_stored(files, RECORD_NAME), _stored(files, TOKEN_NAME))
    except (
        pikepdf.PikepdfError,
        AttributeError,
        KeyError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as err:
        raise MalformedError("PDF: cannot be opened, or its attachments read") from err


def has_mark(pdf: bytes) -> bool:
    """Tell whether a PDF in another structure has the name of our token in it."""
    return any(mark in pdf for mark in _MARKS)


def _files(root: pikepdf.Object) -> dict[str, pikepdf.Object]:
    """Return the file specifications by name, as both lists of the document have them.

    The list is read here since pikepdf's own mapping hides a name that occurs twice.
    """
    if "/Names" not in root and "/AF" not in root:
        raise NoLicenseError("a PDF that carries no license of this format")
    names = root.Names.EmbeddedFiles.Names.as_list()
    keys, specifications = [str(key) for key in names[::2]], names[1::2]
    if keys != sorted((RECORD_NAME, TOKEN_NAME)) or len(names) != 2 * len(keys):
        raise MalformedError(f"PDF: expected {RECORD_NAME} and {TOKEN_NAME} alone")
    listed = {item.objgen for item in root.AF.as_list()}
    if listed != {item.objgen for item in specifications}:
        raise MalformedError("PDF: the associated files are not the attached ones")
    return dict(zip(keys, specifications, strict=True))


def _stored(files: dict[str, pikepdf.Object], name: str) -> bytes:
    streams = files[name].EF
    stream = streams.F
    if any(streams[key].objgen != stream.objgen for key in streams.keys()):  # noqa: SIM118  not a dict
        raise MalformedError(f"PDF: {name} has another content under another key")
    if not isinstance(stream, pikepdf.Stream) or "/Filter" in stream:
        raise MalformedError(f"PDF: {name} is not stored without a filter")
    data = bytes(stream.read_raw_bytes())
    if len(data) > MAX_ATTACHMENT_BYTES:
        raise MalformedError(f"PDF: {name} has more than {MAX_ATTACHMENT_BYTES} bytes")
    return data
