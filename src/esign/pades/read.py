"""Reading a sealed PDF in the one structure that this project writes.

Works on bytes alone, before any PDF library sees the file. Every byte has its place:
header, objects in the order of their numbers, one classic table, one trailer. So
nothing can stand between, behind or in front of what was sealed.
"""

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import lt

from esign import der
from esign.errors import MalformedError
from esign.pades import prefix, skeleton
from esign.pades.prefix import Found, Prefix
from esign.pades.subfilter import BY_SPELLING, SubFilter, byte_range

MAX_PDF_BYTES = 32 << 20  # a license has about 0.1 MiB, with a photo 0.6 MiB
# What a PDF library parses when it opens the file; streams it only skips. The largest
# object of a license, the widths of a font, has some 4 KB. The last one, the signature,
# has its own limit (SubFilter.most_bytes).
MAX_OBJECTS = 10_000  # a license has about 30
MAX_DICTIONARY_BYTES = 1 << 17
MAX_DICTIONARIES_BYTES = 1 << 20
HEADER = b"%PDF-1.7\n%\xc2\xa5\xc2\xb1\xc3\xab\n"

_NUMBER = rb"(0|[1-9][0-9]{0,9})"
_TABLE = re.compile(rb"xref\n0 " + _NUMBER + rb"\n0000000000 65535 f \n")
_END = re.compile(
    rb"((?:[0-9]{10} 00000 n \n){1,10000})"
    rb"trailer\n<<\n/Root 1 0 R\n(?:/Info " + _NUMBER + rb" 0 R\n)?"
    rb"/ID \[ <([0-9a-f]{32})> <\3> \]\n/Size " + _NUMBER + rb"\n>>\n"
    rb"startxref\n" + _NUMBER + rb"\n%%EOF\n"
)
_START = re.compile(rb"\nstartxref\n" + _NUMBER + rb"\n%%EOF\n")
_START_BYTES = 40  # the longest text that _START matches has 29
_ENTRY_BYTES = 20  # ISO 32000-1, section 7.5.4
_ENTRY_END = b" 00000 n \n"
_TEXT = rb"\((?:[0-9A-Za-z ]|\\[0-3][0-7]{2}){0,1024}\)\n"
_CONTENTS = b"<<\n/Contents "
_BYTE_RANGE_WIDTH = 62  # the array, padded with spaces behind it
_SIGNATURE = re.compile(
    rb"\n/ByteRange (\[0 " + _NUMBER + rb" " + _NUMBER + rb" " + _NUMBER + rb"\] *)\n"
    rb"/Type /Sig\n(" + b"|".join(map(re.escape, BY_SPELLING)) + rb")"
    rb"/M \(D\\072([0-9]{14})Z\)\n"
    rb"(?:/Name " + _TEXT + rb")?"
    rb"(?:/Location " + _TEXT + rb")?"
    rb"(?:/Reason " + _TEXT + rb")?"
    rb"/Reference \[ <<\n/Type /SigRef\n/TransformMethod /DocMDP\n"
    rb"/TransformParams <<\n/Type /TransformParams\n/V /1\.2\n/P 1\n>>\n>> \]\n>>"
    rb"\nendobj\n"
)
_SEQUENCE = b"\x30"  # the DER tag with which every content begins
_NAME_ENDS = rb"(?![^\x00\t\n\f\r ()<>\[\]{}/%])"
_FOREIGN = re.compile(
    rb"/(ByteRange|ObjStm|XRef|Encrypt|XFA|JavaScript|JS|Launch|NeedAppearances)"
    + _NAME_ENDS
)
_FIELD = re.compile(rb"/FT" + _NAME_ENDS)
# Outside of streams: no comment, no white space but space and line feed.
_SPELLED = b"\n" + bytes(range(0x20, 0x7F)).replace(b"%", b"")
# A name spells a slash as its code, and nothing else: /J#53 is /JS, /A#00 is /A.
_RESPELLED = re.compile(rb"#(?!2F)")
_HEADS = re.compile(rb"[0-9] obj")
_STREAM = b"\n>>\nstream\n"
_STREAM_END = b"\nendstream\nendobj\n"
_AROUND_STREAM = len(_STREAM) + len(_STREAM_END)
_OBJECT_END = b"\nendobj\n"
_DICTIONARY_END = b"\n>>"


class NoSealError(MalformedError):
    """There is no signature in the file at all."""


@dataclass(frozen=True, slots=True)
class Objects:
    """A file of one revision whose every object is where its table says.

    Attributes:
        data: the whole file.
        starts: offset of each object, from number 1 on, and behind them the table's.
    """

    data: bytes = field(repr=False)
    starts: Sequence[int] = field(repr=False)

    def dictionary(self, number: int) -> bytes:
        """Return the text of an object as the file spells it.

        Args:
            number: of the object, as a reference names it.

        Returns:
            What stands between ``obj`` and ``endobj``, without the line feeds around
            it.

        Raises:
            MalformedError: there is no such object, or it is a stream.
        """
        start, end = self._bounds(number)
        if self.data.endswith(_STREAM_END, start, end):
            raise MalformedError(f"PDF: object {number} is a stream")
        return self.data[start : end - len(_OBJECT_END)]

    def stream(self, number: int) -> tuple[bytes, memoryview]:
        """Return a stream's dictionary and its bytes as stored; no filter is undone.

        Args:
            number: of the object, as a reference names it.

        Raises:
            MalformedError: there is no such object, or it is no stream.
        """
        start, end = self._bounds(number)
        at = _stream_at(self.data, start, end)
        if at is None:
            raise MalformedError(f"PDF: object {number} is not a stream")
        text = self.data[start : at - len(_STREAM) + len(_DICTIONARY_END)]
        return text, memoryview(self.data)[at : end - len(_STREAM_END)]

    def _bounds(self, number: int) -> tuple[int, int]:
        """Return where the content of an object begins and where the object ends."""
        if not 1 <= number < len(self.starts):
            raise MalformedError(f"PDF: there is no object {number}")
        start = self.starts[number - 1] + len(b"%d 0 obj\n" % number)
        return start, self.starts[number]


@dataclass(frozen=True, slots=True)
class SealedPdf(Objects):
    """The parts of a sealed PDF that its validation needs.

    Attributes:
        subfilter: of which kind the seal is.
        sealed_at: the instant that the seal claims (/M), aware UTC.
        content: what stands in the gap, DER, without the padding behind it.
        digest: of every byte but the gap, 32 bytes, as the kind of seal has it.
        gap: offset of the gap's ``<`` and the offset behind its ``>``.
    """

    subfilter: SubFilter
    sealed_at: datetime
    content: bytes
    digest: bytes
    gap: tuple[int, int]

    @property
    def byte_range(self) -> bytes:
        """The array of the ByteRange, without the spaces behind it."""
        return byte_range(*self.gap, len(self.data))


def read(pdf: bytes) -> SealedPdf:
    """Read a sealed PDF (docs/formats/pdf.md, sections 1 and 2; pdf-gm.md, section 1).

    Does NOT look into the content of the gap and proves nothing: see
    :func:`esign.pades.validate`.

    Args:
        pdf: the whole file.

    Returns:
        What is sealed, and by what.

    Raises:
        NoSealError: a PDF without any signature.
        MalformedError: not a PDF, or not in the profile.
        UnavailableError: a seal of the GM profile, without the extra ``gm``.
    """
    if len(pdf) > MAX_PDF_BYTES:
        raise MalformedError(f"PDF: more than {MAX_PDF_BYTES} bytes")
    if not pdf.startswith(b"%PDF-"):
        raise MalformedError("PDF: the file does not start with %PDF-")
    try:
        return _read(pdf)
    except MalformedError as err:
        if b"/ByteRange" not in pdf:
            raise NoSealError("PDF: there is no signature") from err
        raise


def _read(pdf: bytes) -> SealedPdf:
    if not pdf.startswith(HEADER):
        raise MalformedError("PDF: another header than the profile's")
    beginning = prefix.known(pdf)
    starts = table_of(pdf, beginning)
    found = look_at(pdf, starts[:-1], beginning)
    sealed = _read_signature(pdf, starts, beginning)
    field = beginning.walked.get(len(starts) - 1)
    if field is None:
        field = skeleton.check(sealed.dictionary, len(starts) - 1)
    if found.fields != (field,):
        raise MalformedError(f"PDF: {len(found.fields)} signature fields, not one")
    return sealed


def learn(sealed: SealedPdf) -> None:
    """Remember what a file begins with, if another began with the same.

    Only for files whose signature held, so that nobody else fills the memory. It makes
    reading the next such file cheaper and changes no answer (:mod:`prefix`).

    Args:
        sealed: what :func:`read` returned.
    """
    pdf, starts = sealed.data, sealed.starts
    if prefix.known(pdf) is not prefix.NOTHING:
        return
    count = prefix.common(pdf, starts)
    if not count:
        return
    own = starts[: count + 1]
    lines = b"".join(b"%010d 00000 n \n" % start for start in own[:-1])
    data = pdf[: own[-1]]
    found = look_at(pdf, own, prefix.NOTHING)

    def text_of(number: int) -> bytes:
        if number > count:
            raise MalformedError("PDF: not in the beginning")
        return sealed.dictionary(number)

    try:
        walked = {len(starts) - 1: skeleton.check(text_of, len(starts) - 1)}
    except MalformedError:  # some of it lies behind, and is walked in every file
        walked = {}
    prefix.remember(prefix.Prefix(data, own[:-1], lines, found, walked))


def table_of(pdf: bytes, beginning: Prefix) -> list[int]:
    """Return the objects' offsets and, behind them, the table's own.

    Args:
        pdf: the file.
        beginning: what it begins with; lines that repeat its own are not read again.

    Raises:
        MalformedError: table or trailer are not the profile's.
    """
    tail = _START.search(pdf, max(0, len(pdf) - _START_BYTES))
    if tail is None or tail.end() != len(pdf):
        raise MalformedError("PDF: the file does not end with startxref and %%EOF")
    at = int(tail[1])
    head = _TABLE.match(pdf, at) if at < len(pdf) else None
    known = b""
    if head is not None and pdf.startswith(beginning.entries, head.end()):
        known = beginning.entries
    table = head and _END.fullmatch(pdf, head.end() + len(known))
    if head is None or table is None:
        raise MalformedError("PDF: table and trailer are not the profile's")
    starts = list(beginning.starts) if known else []
    count = len(starts) + len(table[1]) // _ENTRY_BYTES
    info = int(table[2] or 1)
    sizes = {int(head[1]), int(table[4]), count + 1}
    if len(sizes) != 1 or count > MAX_OBJECTS or not 1 <= info <= count:
        raise MalformedError("PDF: the table does not have the size it states")
    # Those of a beginning are in order already; the last of them is held against.
    checked = max(0, len(starts) - 1)
    starts += map(int, table[1].split(_ENTRY_END)[:-1])
    starts.append(at)
    rest = starts[checked:]
    if starts[0] != len(HEADER) or not all(map(lt, rest, rest[1:])):
        raise MalformedError("PDF: the objects do not follow the header in order")
    return starts


def look_at(pdf: bytes, starts: Sequence[int], beginning: Prefix) -> Found:
    """Look at the objects, which must fill the file from the header on.

    Args:
        pdf: the file.
        starts: their offsets, and where the last of them ends.
        beginning: what the file begins with, and was looked at before.

    Raises:
        MalformedError: they do not, or hold what no object of ours has.
    """
    known = len(beginning.starts)
    if tuple(starts[:known]) != beginning.starts or (
        known and (len(starts) <= known or starts[known] != len(beginning.data))
    ):
        raise MalformedError("PDF: the table does not say where the objects are")
    texts, streams = _texts(pdf, starts, known)
    found = beginning.found.then(_found(texts, streams, known))
    if found.size > MAX_DICTIONARIES_BYTES:
        raise MalformedError("PDF: there is too much beside the streams")
    return found


def _texts(pdf: bytes, starts: Sequence[int], known: int) -> tuple[list[bytes], int]:
    """Return the objects behind the known ones without their streams.

    Each stream has the length that its object states.

    Returns:
        The texts, and how many of the objects are streams.
    """
    texts: list[bytes] = []
    streams, number, start = 0, known, starts[known] if known < len(starts) else 0
    for end in starts[known + 1 :]:
        number += 1
        if not pdf.startswith(b"%d 0 obj\n" % number, start, end):
            raise MalformedError(f"PDF: object {number} is not where the table says")
        if pdf.endswith(_STREAM_END, start, end):
            text = _before_stream(pdf, number, start, end)
            streams += 1
        elif pdf.endswith(_OBJECT_END, start, end):
            text = pdf[start:end]
        else:
            raise MalformedError(f"PDF: object {number} does not end where the next is")
        if len(text) > MAX_DICTIONARY_BYTES:
            raise MalformedError(f"PDF: object {number} has too much beside its stream")
        texts.append(text)
        start = end
    return texts, streams


def _before_stream(pdf: bytes, number: int, start: int, end: int) -> bytes:
    """Return an object without its stream, which has the length that it states."""
    at = pdf.find(_STREAM, start, end)
    if at < 0:
        raise MalformedError("PDF: a stream does not begin")
    text = pdf[start:at]
    size = end - at - _AROUND_STREAM
    if size < 0 or not text.endswith(b"\n/Length %d" % size):
        raise MalformedError(f"PDF: object {number} has not the length it states")
    return text


def _stream_at(pdf: bytes, start: int, end: int) -> int | None:
    """Return where the stream of an object begins, None where it has none."""
    if not pdf.endswith(_STREAM_END, start, end):
        return None
    at = pdf.find(_STREAM, start, end)
    if at < 0:
        raise MalformedError("PDF: a stream does not begin")
    return at + len(_STREAM)


def _found(texts: Sequence[bytes], streams: int, known: int) -> Found:
    """Look through the texts of objects, which follow the object ``known``."""
    joined = b"\n".join(texts)
    if joined.translate(None, _SPELLED):
        raise MalformedError("PDF: white space, a comment or bytes of another spelling")
    if b"#" in joined and _RESPELLED.search(joined):
        raise MalformedError("PDF: a name is spelled in a roundabout way")
    # Whoever looks for objects without a table must not find others in a text.
    words = len(_HEADS.findall(joined)) + joined.count(b"endobj")
    if words != 2 * len(texts) - streams or b"stream\n" in joined:
        raise MalformedError("PDF: an object has the words of objects in it")
    foreign = _FOREIGN.search(joined)
    if foreign is not None:
        raise MalformedError(f"PDF: there is a /{foreign[1].decode()}")
    fields: tuple[int, ...] = ()
    if b"/FT" in joined:
        fields = tuple(
            number
            for number, text in enumerate(texts, known + 1)
            if _FIELD.search(text) is not None
        )
    return Found(fields, len(joined))


def _read_signature(pdf: bytes, starts: Sequence[int], beginning: Prefix) -> SealedPdf:
    """Read the last object, which stands between the last two of ``starts``."""
    head = b"%d 0 obj\n%b" % (len(starts) - 1, _CONTENTS)
    gap_start = starts[-2] + len(head)
    if not pdf.startswith(head + b"<", starts[-2]):
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
    subfilter = BY_SPELLING[signature[5]]
    content = content_of(pdf[gap_start + 1 : gap_end - 1], subfilter.most_bytes)
    whole = memoryview(pdf)
    if subfilter is SubFilter.PADES:
        behind = len(beginning.data)
        digest = beginning.digest(whole[behind:gap_start], whole[gap_end:])
    else:
        digest = subfilter.digest((whole[:gap_start], whole[gap_end:]))
    sealed_at, gap = _instant(signature[6]), (gap_start, gap_end)
    return SealedPdf(pdf, starts, subfilter, sealed_at, content, digest, gap)


def content_of(digits: bytes, most: int) -> bytes:
    """Return the content of a gap: lower-case hexadecimal, padded with zeros.

    Args:
        digits: between the gap's ``<`` and ``>``.
        most: bytes that it has room for.

    Raises:
        MalformedError: another spelling, more, or no DER SEQUENCE.
    """
    if len(digits) > 2 * most:
        raise MalformedError("PDF: the gap is too long")
    try:
        content = binascii.unhexlify(digits)
    except binascii.Error as err:
        raise MalformedError("PDF: the gap is not hexadecimal") from err
    if binascii.hexlify(content) != digits:
        raise MalformedError("PDF: the gap is not lower-case hexadecimal")
    if content[:1] != _SEQUENCE:
        raise MalformedError("PDF: the gap does not begin with a CMS or a signature")
    end = der.element_length(content)
    if content[end:].strip(b"\x00"):
        raise MalformedError("PDF: there is something behind the content of the gap")
    return content[:end]


def _instant(digits: bytes) -> datetime:
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    hour, minute, second = int(digits[8:10]), int(digits[10:12]), int(digits[12:])
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as err:
        raise MalformedError("PDF: /M is not an instant") from err
