"""Reading a sealed PDF in the one structure that this project writes.

Works on bytes alone, before any PDF library sees the file. Every byte has its place:
header, objects in the order of their numbers, one classic table, one trailer. So
nothing can stand between, behind or in front of what was sealed.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from esign import cms
from esign.encoding import hex_decode
from esign.errors import MalformedError

MAX_PDF_BYTES = 32 << 20  # a license has about 0.1 MiB, with a photo 0.6 MiB
# What a PDF library parses when it opens the file; streams it only skips. The largest
# object of a license, the widths of a font, has some 4 KB. The last one, the signature,
# has its own limit (MAX_CMS_BYTES).
MAX_DICTIONARY_BYTES = 1 << 17
MAX_DICTIONARIES_BYTES = 1 << 20
HEADER = b"%PDF-1.7\n%\xc2\xa5\xc2\xb1\xc3\xab\n"

_NUMBER = rb"(0|[1-9][0-9]{0,9})"
# At most 10 000 objects; a license has about 40.
_END = re.compile(
    rb"xref\n0 " + _NUMBER + rb"\n"
    rb"0000000000 65535 f \n((?:[0-9]{10} 00000 n \n){1,10000})"
    rb"trailer\n<<\n/Root 1 0 R\n(?:/Info " + _NUMBER + rb" 0 R\n)?"
    rb"/ID \[ <([0-9a-f]{32})> <\4> \]\n/Size " + _NUMBER + rb"\n>>\n"
    rb"startxref\n" + _NUMBER + rb"\n%%EOF\n"
)
_START = re.compile(rb"\nstartxref\n" + _NUMBER + rb"\n%%EOF\n")
_START_BYTES = 40  # the longest text that _START matches has 29
_ENTRY_BYTES = 20  # ISO 32000-1, section 7.5.4
_TEXT = rb"\((?:[0-9A-Za-z ]|\\[0-3][0-7]{2}){0,1024}\)\n"
_CONTENTS = b"<<\n/Contents "
_BYTE_RANGE_WIDTH = 62  # the array, padded with spaces behind it
_SIGNATURE = re.compile(
    rb"\n/ByteRange (\[0 " + _NUMBER + rb" " + _NUMBER + rb" " + _NUMBER + rb"\] *)\n"
    rb"/Type /Sig\n/Filter /Adobe\.PPKLite\n/SubFilter /ETSI\.CAdES\.detached\n"
    rb"/M \(D\\072([0-9]{14})Z\)\n"
    rb"(?:/Name " + _TEXT + rb")?"
    rb"(?:/Location " + _TEXT + rb")?"
    rb"(?:/Reason " + _TEXT + rb")?"
    rb"/Reference \[ <<\n/Type /SigRef\n/TransformMethod /DocMDP\n"
    rb"/TransformParams <<\n/Type /TransformParams\n/V /1\.2\n/P 1\n>>\n>> \]\n>>"
    rb"\nendobj\n"
)
_SEQUENCE = b"\x30"  # the DER tag with which a CMS begins
_FOREIGN = re.compile(
    rb"/(ByteRange|ObjStm|XRef|Encrypt|XFA|JavaScript|JS|Launch|NeedAppearances)"
    rb"(?![^\x00\t\n\f\r ()<>\[\]{}/%])"
)
_STREAM = b"\n>>\nstream\n"
_STREAM_END = b"\nendstream\nendobj\n"


class NoSealError(MalformedError):
    """There is no signature in the file at all."""


@dataclass(frozen=True, slots=True)
class SealedPdf:
    """The parts of a sealed PDF that its validation needs.

    Attributes:
        sealed_at: the instant that the seal claims (/M), aware UTC.
        content: the CMS, without the padding behind it.
        digest: SHA-256 of every byte but the gap, 32 bytes.
        gap: offset of the gap's ``<`` and the offset behind its ``>``.
    """

    sealed_at: datetime
    content: bytes
    digest: bytes
    gap: tuple[int, int]


def read(pdf: bytes) -> SealedPdf:
    """Read a sealed PDF (docs/formats/pdf.md, sections 1 and 2).

    Does NOT look into the CMS and proves nothing: see :func:`esign.pades.validate`.

    Args:
        pdf: the whole file.

    Returns:
        What is sealed, and by which CMS.

    Raises:
        NoSealError: a PDF without any signature.
        MalformedError: not a PDF, or not in the profile.
    """
    if len(pdf) > MAX_PDF_BYTES:
        raise MalformedError(f"PDF: more than {MAX_PDF_BYTES} bytes")
    if not pdf.startswith(b"%PDF-"):
        raise MalformedError("PDF: the file does not start with %PDF-")
    if b"/ByteRange" not in pdf:
        raise NoSealError("PDF: there is no signature")
    if not pdf.startswith(HEADER):
        raise MalformedError("PDF: another header than the profile's")
    starts = _table(pdf)
    _require_one_field(_dictionaries(pdf, starts))
    return _read_signature(pdf, starts)


def _dictionaries(pdf: bytes, starts: Sequence[int]) -> Sequence[bytes]:
    """Return every object without its stream, in the order of their numbers.

    The objects must fill the file from the header to the table.
    """
    texts: list[bytes] = []
    left = MAX_DICTIONARIES_BYTES
    for number, (start, end) in enumerate(pairwise(starts), 1):
        head = b"%d 0 obj\n" % number
        if not pdf.startswith(head, start, end):
            raise MalformedError(f"PDF: object {number} is not where the table says")
        if not pdf.endswith(b"\nendobj\n", start, end):
            raise MalformedError(f"PDF: object {number} does not end where the next is")
        texts.append(_dictionary(pdf, start, end))
        left -= len(texts[-1])
        if len(texts[-1]) > MAX_DICTIONARY_BYTES or left < 0:
            raise MalformedError(f"PDF: object {number} has too much beside its stream")
    return texts


def _table(pdf: bytes) -> list[int]:
    """Return the objects' offsets and, behind them, the table's own."""
    tail = _START.search(pdf, max(0, len(pdf) - _START_BYTES))
    if tail is None or tail.end() != len(pdf):
        raise MalformedError("PDF: the file does not end with startxref and %%EOF")
    at = int(tail[1])
    table = _END.fullmatch(pdf, at) if at < len(pdf) else None
    if table is None:
        raise MalformedError("PDF: table and trailer are not the profile's")
    entries = table[2]
    count = len(entries) // _ENTRY_BYTES
    info = int(table[3] or 1)
    if not int(table[1]) == int(table[5]) == count + 1 or not 1 <= info <= count:
        raise MalformedError("PDF: the table does not have the size it states")
    starts = [
        int(entries[pos : pos + 10]) for pos in range(0, len(entries), _ENTRY_BYTES)
    ]
    starts.append(at)
    if starts[0] != len(HEADER) or starts != sorted(set(starts)):
        raise MalformedError("PDF: the objects do not follow the header in order")
    return starts


def _dictionary(pdf: bytes, start: int, end: int) -> bytes:
    """Return an object without its stream."""
    if not pdf.endswith(_STREAM_END, start, end):
        return pdf[start:end]
    at = pdf.find(_STREAM, start, end)
    if at < 0:
        raise MalformedError("PDF: a stream does not begin")
    return pdf[start:at]


def _require_one_field(texts: Sequence[bytes]) -> None:
    """Refuse foreign structures, a second field, and fields that point elsewhere."""
    number = len(texts)
    others = texts[:-1]
    for position, text in enumerate(others, 1):
        found = _FOREIGN.search(text)
        if found is not None:
            name = found[1].decode()
            raise MalformedError(f"PDF: object {position} has a /{name}")
    fields = [text for text in others if b"\n/FT /Sig\n" in text]
    if len(fields) != 1:
        raise MalformedError(f"PDF: {len(fields)} signature fields, not one")
    if b"\n/V %d 0 R\n" % number not in fields[0]:
        raise MalformedError("PDF: the field's value is not the signature")
    if b"\n/DocMDP %d 0 R\n" % number not in others[0]:
        raise MalformedError("PDF: the catalog does not name the signature")


def _read_signature(pdf: bytes, starts: Sequence[int]) -> SealedPdf:
    """Read the last object, which stands between the last two of ``starts``."""
    number = len(starts) - 1
    gap_start = starts[-2] + len(b"%d 0 obj\n" % number) + len(_CONTENTS)
    if pdf[gap_start - len(_CONTENTS) : gap_start + 1] != _CONTENTS + b"<":
        raise MalformedError("PDF: the last object does not begin with /Contents")
    gap_end = pdf.find(b">", gap_start) + 1
    signature = _SIGNATURE.match(pdf, gap_end) if gap_end else None
    if signature is None or signature.end() != starts[-1]:
        raise MalformedError("PDF: the last object is not the profile's signature")
    claimed = tuple(int(signature[group]) for group in (2, 3, 4))
    if claimed != (gap_start, gap_end, len(pdf) - gap_end):
        raise MalformedError("PDF: the ByteRange is not the whole file but the gap")
    if len(signature[1]) != _BYTE_RANGE_WIDTH:
        raise MalformedError("PDF: the ByteRange is not padded to its width")
    content = _content(pdf[gap_start + 1 : gap_end - 1])
    digest = hashlib.sha256(pdf[:gap_start])
    digest.update(memoryview(pdf)[gap_end:])
    sealed_at = _instant(signature[5])
    return SealedPdf(sealed_at, content, digest.digest(), (gap_start, gap_end))


def _content(digits: bytes) -> bytes:
    """Return the CMS of a gap: lower-case hexadecimal, padded with zeros."""
    if len(digits) > 2 * cms.MAX_CMS_BYTES:
        raise MalformedError("PDF: the gap is too long")
    content = hex_decode(digits.decode("latin-1"))
    if content[:1] != _SEQUENCE:
        raise MalformedError("PDF: the gap does not begin with a CMS")
    end = cms.element_length(content)
    if content[end:].strip(b"\x00"):
        raise MalformedError("PDF: there is something behind the CMS in the gap")
    return content[:end]


def _instant(digits: bytes) -> datetime:
    try:
        naive = datetime.strptime(digits.decode(), "%Y%m%d%H%M%S")  # noqa: DTZ007  the next line gives it its zone
    except ValueError as err:
        raise MalformedError("PDF: /M is not an instant") from err
    return naive.replace(tzinfo=UTC)
