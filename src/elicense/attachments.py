"""The files attached to a license's PDF: the record, the token, and perhaps a scan."""

import functools
import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pikepdf

from elicense.errors import ElicenseError
from elicense.model import Scan, Text
from elicense.record import MAX_SCAN_BYTES
from esign.errors import MalformedError
from esign.pades import dictionary
from esign.pades.read import Objects

RECORD_NAME = "record.cbor"
TOKEN_NAME = "payload.cose"  # noqa: S105  a file name, not a secret
SCAN_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "application/pdf": "scan.pdf",
        "image/jpeg": "scan.jpg",
        "image/png": "scan.png",
    }
)
"""Name of the attached scan by its media type."""
MAX_ATTACHMENT_BYTES = 1 << 20  # a record of 3,000 characters has about 10 KB
# The first bytes of each kind: ISO 32000-1, 7.5.2; ISO 10918-1, B.2.1; PNG, 5.2.
_FIRST_BYTES = {
    "application/pdf": b"%PDF-",
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
}
MAX_CATALOG_BYTES = 4096  # ours has 400
_CACHED = 256  # catalogs; the licenses of a type have one or two
# The token's name as the page's maker writes it, and as the sealer does (pdf.md, 6).
_MARKS = (b"payload.cose", b"payload\\056cose")
_EXPECTED = f"PDF: expected {RECORD_NAME}, {TOKEN_NAME} and at most one scan"
_OTHERS = "PDF: the associated files are not the attached ones"
_PAIR = re.compile(rb"\(([0-9A-Za-z\\ ]*)\) ([1-9][0-9]{0,9}) 0 R")
_REFERENCE = re.compile(rb"([1-9][0-9]{0,9}) 0 R")


class NoLicenseError(MalformedError):
    """The PDF has no attachments at all: it is not a license of this format."""


class ScanError(ElicenseError):
    """A scan cannot be attached; the text says what is expected."""


@dataclass(frozen=True, slots=True)
class Attachments:
    """What a license's PDF carries beside its page.

    Attributes:
        record: bytes of ``record.cbor``.
        token: bytes of ``payload.cose``.
        scan: bytes of the scanned paper, None where there is none. Nothing looks into
            them: they are as foreign as the paper was.
    """

    record: bytes
    token: bytes
    scan: bytes | None = field(default=None, repr=False)


class _Kind:
    """How our writers attach one file: what its two dictionaries are, to the byte.

    Attributes:
        name: of the file.
        media_type: its own.
        is_scan: whether it is the scanned paper, which others made.
        limit: bytes that it has at most.
        specification: the file specification; its group is the number of the file.
        file: the dictionary of the embedded file.
    """

    def __init__(self, name: str, media_type: str, *, is_scan: bool) -> None:
        """Write down the two dictionaries (ISO 32000-1, 7.11.3 and 7.11.4)."""
        self.name = name
        self.media_type = media_type
        self.is_scan = is_scan
        self.limit = MAX_SCAN_BYTES if is_scan else MAX_ATTACHMENT_BYTES
        relationship = b"Source" if is_scan else b"Data"
        self.spelled = name.replace(".", r"\056").encode("ascii")
        literal = re.escape(self.spelled)
        subtype = re.escape(media_type.replace("/", "#2F").encode("ascii"))
        number = rb"([1-9][0-9]{0,9})"
        self.specification = re.compile(
            rb"<<\n/AFRelationship /%b\n/EF <<\n/F %b 0 R\n/UF \1 0 R\n>>\n"
            rb"/F \(%b\)\n/Type /Filespec\n/UF \(%b\)\n>>"
            % (relationship, number, literal, literal)
        )
        self.file = re.compile(
            rb"<<\n/Params <<\n/ModDate \(D\\072[0-9]{14}Z\)\n/Size ([0-9]{1,9})\n"
            rb">>\n/Subtype /%b\n/Type /EmbeddedFile\n/Length \1\n>>" % subtype
        )


_OURS = (
    _Kind(RECORD_NAME, "application/cbor", is_scan=False),
    _Kind(TOKEN_NAME, "application/cose", is_scan=False),
)
_SCANS = tuple(_Kind(name, kind, is_scan=True) for kind, name in SCAN_NAMES.items())
_KINDS = {kind.spelled: kind for kind in (*_OURS, *_SCANS)}
_KNOWN = tuple(
    sorted(kind.spelled for kind in (*_OURS, *scan))
    for scan in ((), *((one,) for one in _SCANS))
)


def scan_of(data: bytes) -> Scan:
    """Return what the record says of a scanned paper.

    Only the first bytes are looked at: this is NOT a check that the file can be opened.

    Args:
        data: the file, a PDF, JPEG or PNG of at most ``MAX_SCAN_BYTES``.

    Raises:
        ScanError: empty, too large, or of another kind.
    """
    kind = _media_type(data)
    if kind is None or len(data) > MAX_SCAN_BYTES:
        limit = MAX_SCAN_BYTES >> 20
        raise ScanError(
            Text(
                f"扫描件应为 PDF、JPEG 或 PNG 文件，不超过 {limit} MiB",
                f"a scan is a PDF, JPEG or PNG file of at most {limit} MiB",
            )
        )
    return Scan(kind, hashlib.sha256(data).digest(), len(data))


def scan_fault(scan: bytes | None, expected: Scan | None) -> str | None:
    """Return how an attached scan differs from what the record says of it.

    Args:
        scan: as it was attached, None where there is none.
        expected: the record's entry, None where there is none.

    Returns:
        One English phrase, None where the two agree.
    """
    if expected is None:
        return None if scan is None else "a scan is attached that the record lacks"
    if scan is None:
        return "the scan that the record names is not attached"
    found = Scan(_media_type(scan) or "", hashlib.sha256(scan).digest(), len(scan))
    return (
        None if found == expected else "the scan is not the one that the record names"
    )


def read_sealed(sealed: Objects) -> Attachments:
    """Return the attachments of a sealed PDF, as our own writers store them.

    Exactly record and token and at most one scan, in the one spelling of catalog, file
    specifications and files (docs/formats/pdf.md, section 6). No PDF library is asked.
    A scan has the first bytes that its name promises; it is NOT held against the record
    here: see :func:`scan_fault`.

    Args:
        sealed: what :func:`esign.pades.read` accepted, or the revision 1 that a
            platform sealed, so that every object is where the table says and every
            stream as long as it states.

    Raises:
        NoLicenseError: nothing is attached.
        MalformedError: something else is attached, or in another way.
    """
    found = {
        kind.name: _content(sealed, kind, number)
        for kind, number in _listed(sealed.dictionary(1))
    }
    record, token = found.pop(RECORD_NAME), found.pop(TOKEN_NAME)
    return Attachments(record, token, *found.values())


def confirm(pdf: bytes, attached: Attachments) -> None:
    """Raise unless pikepdf, too, finds these attachments: see :func:`read`.

    Args:
        pdf: the whole file.
        attached: what :func:`read_sealed` found in it.

    Raises:
        MalformedError: pikepdf finds others, or cannot read them.
    """
    try:
        others = read(pdf)
    except NoLicenseError as err:
        raise MalformedError("PDF: pikepdf finds no attachments") from err
    if others != attached:
        raise MalformedError("PDF: pikepdf finds other attachments")


@functools.lru_cache(maxsize=_CACHED)
def _listed(catalog: bytes) -> tuple[tuple[_Kind, int], ...]:
    """Return the attached files of a catalog: names and numbers of specifications."""
    if len(catalog) > MAX_CATALOG_BYTES:
        raise MalformedError(
            f"PDF: the catalog has more than {MAX_CATALOG_BYTES} bytes"
        )
    root = dictionary.entries(catalog)
    if b"/Names" not in root and b"/AF" not in root:
        raise NoLicenseError("a PDF that carries no license of this format")
    pairs = _only(_only(root.get(b"/Names"), b"/EmbeddedFiles"), b"/Names")
    listed = root.get(b"/AF")
    if not (isinstance(pairs, bytes) and isinstance(listed, bytes)):
        raise MalformedError("PDF: files are not attached as ours are")
    found = _PAIR.findall(pairs)
    spelled = b"".join(b"(%b) %b 0 R " % pair for pair in found)
    if [name for name, _ in found] not in _KNOWN or pairs != b"[ %b]" % spelled:
        raise MalformedError(_EXPECTED)
    associated = _REFERENCE.findall(listed)
    spelled = b"".join(b"%b 0 R " % number for number in associated)
    numbers = sorted(number for _, number in found)
    if sorted(associated) != numbers or listed != b"[ %b]" % spelled:
        raise MalformedError(_OTHERS)
    return tuple((_KINDS[name], int(number)) for name, number in found)


def _only(value: "dictionary.Value | None", name: bytes) -> "dictionary.Value | None":
    """Return the one entry of a dictionary, None where it has another or more."""
    if isinstance(value, Mapping) and value.keys() == {name}:
        return value[name]
    return None


def _content(sealed: Objects, kind: _Kind, number: int) -> bytes:
    """Return one attached file by the number of its specification."""
    specification = kind.specification.fullmatch(sealed.dictionary(number))
    if specification is None:
        raise MalformedError(f"PDF: {kind.name} is not specified as ours are")
    text, stream = sealed.stream(int(specification[1]))
    if not kind.file.fullmatch(text):
        reason = "without a filter" if b"/Filter" in text else "as ours are"
        raise MalformedError(f"PDF: {kind.name} is not stored {reason}")
    if len(stream) > kind.limit:
        raise MalformedError(f"PDF: {kind.name} has more than {kind.limit} bytes")
    data = bytes(stream)
    if kind.is_scan and _media_type(data) != kind.media_type:
        raise MalformedError(f"PDF: {kind.name} does not begin as such a file")
    return data


def read(pdf: bytes) -> Attachments:
    """Return the attachments of a PDF as pikepdf reads them, sealed or not.

    The second opinion, and the reader of what is not sealed yet. Exactly record and
    token and at most one scan, stored without a filter, and the same as associated
    files of the document. Nothing is inflated and nothing is repaired. A scan has the
    first bytes that its name promises; it is NOT held against the record here: see
    :func:`scan_fault`.

    Args:
        pdf: a file of our own, or one that :func:`esign.pades.read` accepted, which
            bounds what it costs to open it.

    Raises:
        NoLicenseError: nothing is attached.
        MalformedError: something else is attached, or in another way.
    """
    try:
        with pikepdf.open(io.BytesIO(pdf), attempt_recovery=False) as document:
            files = _files(document.Root)
            return Attachments(
                _stored(files, RECORD_NAME, MAX_ATTACHMENT_BYTES),
                _stored(files, TOKEN_NAME, MAX_ATTACHMENT_BYTES),
                _scan(files),
            )
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
    ours = sorted((RECORD_NAME, TOKEN_NAME))
    known = (ours, *(sorted((*ours, name)) for name in SCAN_NAMES.values()))
    if keys not in known or len(names) != 2 * len(keys):
        raise MalformedError(_EXPECTED)
    listed = root.AF.as_list()
    if len(listed) != len(keys) or {item.objgen for item in listed} != {
        item.objgen for item in specifications
    }:
        raise MalformedError(_OTHERS)
    return dict(zip(keys, specifications, strict=True))


def _scan(files: Mapping[str, pikepdf.Object]) -> bytes | None:
    """Return the scan, if there is one and it begins as its name says."""
    for media_type, name in SCAN_NAMES.items():
        if name in files:
            data = _stored(files, name, MAX_SCAN_BYTES)
            if _media_type(data) != media_type:
                raise MalformedError(f"PDF: {name} does not begin as such a file")
            return data
    return None


def _stored(files: Mapping[str, pikepdf.Object], name: str, limit: int) -> bytes:
    streams = files[name].EF
    stream = streams.F
    if any(streams[key].objgen != stream.objgen for key in streams.keys()):  # noqa: SIM118  not a dict
        raise MalformedError(f"PDF: {name} has another content under another key")
    if not isinstance(stream, pikepdf.Stream) or "/Filter" in stream:
        raise MalformedError(f"PDF: {name} is not stored without a filter")
    data = bytes(stream.read_raw_bytes())
    if len(data) > limit:
        raise MalformedError(f"PDF: {name} has more than {limit} bytes")
    return data


def _media_type(data: bytes) -> str | None:
    """Return the media type that a file's first bytes promise, None for others."""
    for media_type, first in _FIRST_BYTES.items():
        if data.startswith(first):
            return media_type
    return None
