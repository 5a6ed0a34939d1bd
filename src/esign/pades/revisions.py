"""Reading a file of two revisions: ours, and behind it a seal platform's.

Structure alone: where everything is, and that nothing is anywhere else. What the second
revision may change is :mod:`esign.pades.additions` (docs/formats/pdf.md, section 10).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from esign import sm2
from esign.errors import MalformedError
from esign.pades.read import MAX_PDF_BYTES, NoSealError, content_of
from esign.pades.subfilter import SubFilter
from esign.pades.unsealed import UnsealedPdf, read_unsealed
from esign.pades.values import Name, Reference, Scanner, Value

MAX_NEW_OBJECTS = 16  # of a revision; field, signature, a form and an image are four
MAX_REWRITTEN = 4  # field, and the same again: catalog, form, page
_MAX_TRAILER_BYTES = 1024
_END_BYTES = 64  # in which startxref and %%EOF stand
_SPACES = rb"[\x00\t\n\f\r ]"
_END = re.compile(rb"startxref" + _SPACES + rb"+([0-9]{1,10})" + _SPACES
                  + rb"+%%EOF(?:\r\n|\n|\r)?\Z")  # fmt: skip
_HEAD = re.compile(rb"([1-9][0-9]{0,9}) 0 obj(?=" + _SPACES + rb"|<)")
_ENDOBJ = re.compile(rb"endobj(?=" + _SPACES + rb")")
_STREAM = re.compile(rb"stream\r?\n")
_ENDSTREAM = re.compile(rb"(?:\r\n|\n|\r)?endstream")
_XREF = re.compile(rb"xref *(?:\r\n|\n|\r)")
_SECTION = re.compile(rb"(0|[1-9][0-9]{0,9}) ([1-9][0-9]{0,3}) *(?:\r\n|\n|\r)")
_ENTRY = re.compile(rb"([0-9]{10}) (00000) n(?: \n| \r|\r\n)")
_FREE = re.compile(rb"0000000000 65535 f(?: \n| \r|\r\n)")
_TRAILER = re.compile(rb"trailer(?=" + _SPACES + rb"|<)")
_STARTXREF = re.compile(rb"startxref")
_FIRST_END = re.compile(rb"startxref\n([0-9]{1,10})\n%%EOF\n")
_FIRST_ID = re.compile(rb"/ID \[ <([0-9a-f]{32})> ")
_TRAILER_KEYS = {b"Size", b"Root", b"Prev", b"ID"}
_SUBFILTER = Name(b"GM.sm2seal")
_SIGNATURE_KEYS = {b"Type", b"Filter", b"SubFilter", b"ByteRange", b"Contents"}
_SIGNATURE_TEXTS = {b"M", b"Name", b"Location", b"Reason", b"ContactInfo"}
_MAX_TEXT_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One object of the second revision.

    Attributes:
        value: what it is; the dictionary of a stream.
        stream: the bytes as stored, None where it is no stream.
        start: offset of its value.
        end: offset behind its value.
    """

    value: Value = field(repr=False)
    stream: bytes | None = field(repr=False)
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TwoRevisions:
    """A file that somebody else sealed behind our revision.

    Attributes:
        first: revision 1.
        parts: number -> object of revision 2.
        size: count of numbers, the highest and one.
        signature: number of the signature dictionary.
        content: the SES_Signature, without the padding behind it.
        digest: SM3 of every byte but the gap, 32 bytes.
        gap: offset of the gap's ``<`` and the offset behind its ``>``.
        data: the whole file.
    """

    first: UnsealedPdf
    parts: Mapping[int, Part]
    size: int
    signature: int
    content: bytes = field(repr=False)
    digest: bytes
    gap: tuple[int, int]
    data: bytes = field(repr=False)


def has_two_revisions(pdf: bytes) -> bool:
    """Tell whether a file says that there is a revision before its last one.

    Args:
        pdf: any bytes.
    """
    trailer = pdf.rfind(b"trailer", max(0, len(pdf) - _MAX_TRAILER_BYTES))
    return trailer >= 0 and b"/Prev" in pdf[trailer:]


def read_two(pdf: bytes) -> TwoRevisions:
    """Read a file of two revisions (docs/formats/pdf.md, section 10, rules 1, 2, 4).

    1. The file ends with startxref and %%EOF; the table there is one of the profile.
    2. The trailer has its entries and no others, and names the table of revision 1.
    3. Revision 1 ends with that table's %%EOF, and is ours and complete.
    4. Revision 2 begins right behind it, and is objects, table, trailer, end; every
       object is where the table says.
    5. One new object is a signature, over every byte but its gap.

    Does NOT ask what revision 2 changes, and proves nothing.

    Args:
        pdf: the whole file.

    Raises:
        NoSealError: there is no signature in it at all.
        MalformedError: anything else than two such revisions.
    """
    if len(pdf) > MAX_PDF_BYTES:
        raise MalformedError(f"PDF: more than {MAX_PDF_BYTES} bytes")
    try:
        return _read(pdf)
    except MalformedError as err:
        if b"/ByteRange" not in pdf:
            raise NoSealError("PDF: there is no signature") from err
        raise


def _read(pdf: bytes) -> TwoRevisions:
    last = _END.search(pdf, max(0, len(pdf) - _END_BYTES))  # (1)
    if last is None:
        raise MalformedError("PDF: the file does not end with startxref and %%EOF")
    offsets, trailer = _table(pdf, int(last[1]), last.start())
    first = read_unsealed(pdf[: _first_end(pdf, trailer)])  # (3)
    _check_trailer(trailer, first)  # (2)
    size = _size(trailer)
    _check_numbers(offsets, len(first.starts), size)
    parts = _parts(pdf, len(first.data), int(last[1]), offsets)  # (4)
    number = _signature_of(parts, len(first.starts))  # (5)
    gap = _gap(pdf, parts[number])
    content = content_of(pdf[gap[0] + 1 : gap[1] - 1], SubFilter.GM_SEAL.most_bytes)
    digest = sm2.sm3(pdf[: gap[0]] + pdf[gap[1] :])
    return TwoRevisions(first, parts, size, number, content, digest, gap, pdf)


def _table(
    pdf: bytes, at: int, end: int
) -> tuple[dict[int, int], Mapping[bytes, Value]]:
    """Return the offsets that a table names, and its trailer, which end at ``end``."""
    scanner = Scanner(pdf, at, end)
    scanner.take(_XREF, "a cross-reference table")
    offsets: dict[int, int] = {}
    while not pdf.startswith(b"trailer", scanner.at, end):
        section = scanner.take(_SECTION, "a section of the table")
        number, count = int(section[1]), int(section[2])
        if count > MAX_NEW_OBJECTS + MAX_REWRITTEN + 1:
            raise MalformedError("PDF: the table of revision 2 has too many entries")
        for entry in range(number, number + count):
            if entry == 0:
                scanner.take(_FREE, "the free entry")
                continue
            if entry in offsets:
                raise MalformedError("PDF: the table has an object twice")
            offsets[entry] = int(scanner.take(_ENTRY, "an entry of the table")[1])
    scanner.take(_TRAILER, "a trailer")
    if end - scanner.at > _MAX_TRAILER_BYTES:
        raise MalformedError("PDF: the trailer is too long")
    trailer = scanner.dictionary()
    scanner.space()
    if scanner.at != end:
        raise MalformedError("PDF: something stands between trailer and startxref")
    return offsets, trailer


def _first_end(pdf: bytes, trailer: Mapping[bytes, Value]) -> int:
    """Return where revision 1 ends by what the trailer says of its table."""
    before = _whole(trailer.get(b"Prev"))
    end = _FIRST_END.search(pdf, before)
    if end is None or int(end[1]) != before:
        raise MalformedError("PDF: /Prev is not where revision 1 has its table")
    return end.end()


def _check_trailer(trailer: Mapping[bytes, Value], first: UnsealedPdf) -> None:
    if trailer.get(b"Root") != Reference(1) or not (
        _TRAILER_KEYS <= trailer.keys() <= _TRAILER_KEYS | {b"Info"}
    ):
        raise MalformedError("PDF: the trailer of revision 2 has other entries")
    old = first.data[first.starts[-1] :]
    info = re.search(rb"/Info ([1-9][0-9]{0,9}) 0 R", old)
    expected = None if info is None else Reference(int(info[1]))
    if trailer.get(b"Info") != expected:
        raise MalformedError("PDF: the trailer of revision 2 has another /Info")
    known, pair = _FIRST_ID.search(old), trailer[b"ID"]
    if known is None or not isinstance(pair, tuple) or len(pair) != len("ab"):
        raise MalformedError("PDF: the trailer of revision 2 has no /ID of two")
    if pair[0] != bytes.fromhex(known[1].decode("ascii")):
        raise MalformedError("PDF: the trailer of revision 2 has another /ID")
    if not isinstance(pair[1], bytes):
        raise MalformedError("PDF: the trailer of revision 2 has no /ID of two")


def _size(trailer: Mapping[bytes, Value]) -> int:
    return _whole(trailer.get(b"Size"))


def _whole(value: Value) -> int:
    """Return a number that is whole and not negative."""
    if not isinstance(value, Decimal) or value < 0 or value != int(value):
        raise MalformedError("PDF: an entry is not a whole number")
    return int(value)


def _check_numbers(offsets: Mapping[int, int], first_new: int, size: int) -> None:
    """Refuse numbers that are left out, or too many."""
    new = sorted(number for number in offsets if number >= first_new)
    if new != list(range(first_new, size)):
        raise MalformedError("PDF: new objects are not numbered one after the other")
    if len(new) > MAX_NEW_OBJECTS:
        raise MalformedError(f"PDF: more than {MAX_NEW_OBJECTS} new objects")


def _parts(
    pdf: bytes, start: int, end: int, offsets: Mapping[int, int]
) -> dict[int, Part]:
    """Return the objects that fill the bytes between two offsets."""
    found: dict[int, Part] = {}
    scanner = Scanner(pdf, start, end)
    scanner.space()
    while scanner.at < end:
        at = scanner.at
        number = int(scanner.take(_HEAD, "an object")[1])
        if number in found or offsets.get(number) != at:
            raise MalformedError(f"PDF: object {number} is not where the table says")
        found[number] = _part(scanner)
        scanner.space()
    if found.keys() != offsets.keys():
        raise MalformedError("PDF: the table names objects that are not there")
    return found


def _part(scanner: Scanner) -> Part:
    """Read one object behind its head, up to behind its ``endobj``."""
    scanner.space()
    start = scanner.at
    value = scanner.value()
    end = scanner.at
    scanner.space()
    stream = None
    if isinstance(value, Mapping) and b"Length" in value:
        scanner.take(_STREAM, "a stream")
        length = _whole(value[b"Length"])
        stream = scanner.data[scanner.at : scanner.at + length]
        scanner.at += length
        if scanner.at > scanner.end:
            raise MalformedError("PDF: a stream has not the length it states")
        scanner.take(_ENDSTREAM, "the end of a stream where its length says")
        scanner.space()
    scanner.take(_ENDOBJ, "the end of an object")
    return Part(value, stream, start, end)


def _signature_of(parts: Mapping[int, Part], first_new: int) -> int:
    """Return the number of the one object that is a signature."""
    found = [
        number
        for number, part in parts.items()
        if isinstance(part.value, Mapping) and b"ByteRange" in part.value
    ]
    if len(found) != 1 or found[0] < first_new:
        raise MalformedError(f"PDF: revision 2 has {len(found)} new signatures")
    return found[0]


def _gap(pdf: bytes, part: Part) -> tuple[int, int]:
    """Return the gap of a signature, which lies in it and is the only one."""
    value = part.value
    if part.stream is not None or not isinstance(value, Mapping):
        raise MalformedError("PDF: the signature is a stream")
    _check_signature(value)
    ranges = value[b"ByteRange"]
    numbers = [_whole(one) for one in ranges] if isinstance(ranges, tuple) else []
    start = pdf.find(b"<", numbers[1] if len(numbers) == 4 else len(pdf))  # noqa: PLR2004  two spans
    end = pdf.find(b">", start) + 1
    if start < 0 or numbers != [0, start, end, len(pdf) - end]:
        raise MalformedError("PDF: the ByteRange is not the whole file but the gap")
    if not part.start < start < end < part.end:
        raise MalformedError("PDF: the gap is not in the signature")
    whole = value[b"Contents"]
    if not isinstance(whole, bytes) or whole.hex().encode() != pdf[start + 1 : end - 1]:
        raise MalformedError("PDF: the gap is not /Contents in lower-case hexadecimal")
    before = pdf[part.start : start].rstrip(b"\x00\t\n\f\r ")
    if not before.endswith(b"/Contents"):
        raise MalformedError("PDF: the gap is not /Contents")
    return start, end


def _check_signature(value: Mapping[bytes, Value]) -> None:
    """Check the entries of a signature but for its range and its gap."""
    if not _SIGNATURE_KEYS <= value.keys() <= _SIGNATURE_KEYS | _SIGNATURE_TEXTS:
        raise MalformedError("PDF: the signature has other entries")
    if value[b"Type"] != Name(b"Sig") or value[b"SubFilter"] != _SUBFILTER:
        raise MalformedError("PDF: the signature is not GM.sm2seal")
    texts = [value[key] for key in value.keys() & _SIGNATURE_TEXTS]
    if not isinstance(value[b"Filter"], Name) or not all(map(_is_text, texts)):
        raise MalformedError("PDF: an entry of the signature is of another kind")


def _is_text(value: Value) -> bool:
    return isinstance(value, bytes) and len(value) <= _MAX_TEXT_BYTES
