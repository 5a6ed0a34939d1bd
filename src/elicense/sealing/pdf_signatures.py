"""Signatures in a PDF of anybody's, found by its bytes alone.

No PDF library opens the file: a signature is bytes that cover bytes, and where those
stand is what a signature dictionary says (ISO 32000-1, 12.8.1). A dictionary that is
spelled in a way that is not read here is not seen, which is never a yes; one that
stands where no reader would look still has to hold over the very bytes that it covers.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from esign import der
from esign.errors import MalformedError

MAX_SIGNATURES = 12  # in one file; one of several organs has some four
MAX_COVERED_BYTES = 128 << 20  # by all signatures of one file; each is digested
MAX_CONTENTS_BYTES = 4 << 20  # of one /Contents; a seal's picture is most of it
_MAX_DICTIONARY_BYTES = 1 << 16  # beside its /Contents
_NUMBER = rb"[\x00\t\n\f\r ]+(0|[1-9][0-9]{0,9})"
_RANGE = re.compile(
    rb"/ByteRange[\x00\t\n\f\r ]*\[[\x00\t\n\f\r ]*(0|[1-9][0-9]{0,9})"
    + _NUMBER * 3
    + rb"[\x00\t\n\f\r ]*\]"
)
_TOKEN = re.compile(
    rb"[\x00\t\n\f\r ]+|%[^\r\n]*|<<|>>|<[0-9A-Fa-f\x00\t\n\f\r ]*>|[\[\]{}]"
    rb"|/[^\x00\t\n\f\r ()<>\[\]{}/%]*|[^\x00\t\n\f\r ()<>\[\]{}/%]+"
)
_PARENTHESIS = re.compile(rb"\\.|[()]", re.DOTALL)
_SPACES = (b"\x00", b"\t", b"\n", b"\f", b"\r", b" ")
_HEX = re.compile(rb"<(?:[0-9A-Fa-f]{2})+>")


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """One signature dictionary, and the bytes that it covers.

    Attributes:
        sub_filter: how its content is encoded, such as ``GM.sm2seal``.
        content: what /Contents holds, without the padding behind it.
        gap: offsets of what is not covered: of its ``<``, and behind its ``>``.
        end: offset behind the last covered byte.
        data: the whole file.
    """

    sub_filter: str
    content: bytes = field(repr=False)
    gap: tuple[int, int]
    end: int
    data: bytes = field(repr=False)

    @property
    def covered(self) -> bytes:
        """The bytes of the /ByteRange, one piece after the other; made when asked."""
        first, second = self.gap
        return self.data[:first] + self.data[second : self.end]

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return len(self.data)

    @property
    def covers_all(self) -> bool:
        """Whether nothing but the signature itself is left out."""
        return self.end == self.size


def find_signatures(pdf: bytes) -> tuple[PdfSignature, ...]:
    """Return the signatures of a PDF, in the order in which their ranges end.

    Every /ByteRange must be one of four numbers that begins at 0 and leaves out exactly
    the hexadecimal string of /Contents of the same dictionary, and nothing may follow
    the DER in that but zeros.

    Args:
        pdf: the whole file.

    Raises:
        MalformedError: a signature dictionary is not so, or there are too many.
    """
    matches = list(islice(_RANGE.finditer(pdf), MAX_SIGNATURES + 1))
    if len(matches) > MAX_SIGNATURES:
        raise MalformedError(f"PDF: more than {MAX_SIGNATURES} signatures")
    found = [_signature(pdf, one) for one in matches]
    if sum(one.end for one in found) > MAX_COVERED_BYTES:
        raise MalformedError(f"PDF: signatures over more than {MAX_COVERED_BYTES}")
    return tuple(sorted(found, key=lambda one: one.end))


def _signature(pdf: bytes, match: re.Match[bytes]) -> PdfSignature:
    start, first, second, length = map(int, match.groups())
    end = second + length
    if start or not first < second or end > len(pdf):
        raise MalformedError("PDF: a ByteRange is not of two pieces of the file")
    if not (match.end() <= first or match.start() >= second):
        raise MalformedError("PDF: a ByteRange stands inside of what it leaves out")
    entries = _entries(pdf, match.start(), (first, second))
    if entries.get(b"/Contents") != (first, second):
        raise MalformedError("PDF: a ByteRange leaves out more or less than /Contents")
    low, high = entries.get(b"/SubFilter", (0, 0))
    name = pdf[low:high]
    if not name.startswith(b"/") or b"#" in name:
        raise MalformedError("PDF: a signature without a /SubFilter that can be read")
    return PdfSignature(
        sub_filter=name[1:].decode("ascii", "replace"),
        content=_content(pdf[first:second]),
        gap=(first, second),
        end=end,
        data=pdf,
    )


def _content(text: bytes) -> bytes:
    if len(text) > 2 * MAX_CONTENTS_BYTES or not _HEX.fullmatch(text):
        raise MalformedError("PDF: /Contents is not hexadecimal, or too long")
    padded = binascii.unhexlify(text[1:-1])
    content = padded[: der.element_length(padded)]
    if any(padded[len(content) :]):
        raise MalformedError("PDF: something follows the signature in /Contents")
    return content


def _entries(
    pdf: bytes, inside: int, gap: tuple[int, int]
) -> dict[bytes, tuple[int, int]]:
    """Return where the values of the dictionary around a place stand.

    It begins at the first ``<<`` behind the head of its object. Only its own entries
    count, not those of dictionaries inside it.
    """
    first = min(inside, gap[0])
    head = pdf.rfind(b" obj", max(0, first - _MAX_DICTIONARY_BYTES), first)
    start = pdf.find(b"<<", head, inside) if head >= 0 else -1
    if start < 0:
        raise MalformedError("PDF: a ByteRange stands in no object")
    found = _Entries()
    for begin, end in _tokens(pdf, start, gap):
        word = b"<>" if begin == gap[0] else pdf[begin:end]
        if found.take(word, (begin, end)):
            return found.values
    raise MalformedError("PDF: a signature dictionary does not end")


@dataclass(slots=True)
class _Entries:
    """A dictionary while its tokens come in."""

    values: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    key: bytes = b""
    depth: int = 0

    def take(self, word: bytes, place: tuple[int, int]) -> bool:
        """Take one token; True behind the last one."""
        if word in (b">>", b"]"):
            self.depth -= 1
            return not self.depth
        if self.depth == 1:
            self._entry(word, place)
        if word in (b"<<", b"["):
            self.depth += 1
        return False

    def _entry(self, word: bytes, place: tuple[int, int]) -> None:
        if self.key:
            self.values[self.key], self.key = place, b""
        elif word.startswith(b"/"):
            # Of two values of one key, readers take the first or the last.
            if word in self.values or b"#" in word:
                raise MalformedError("PDF: a signature's key occurs twice, or escaped")
            self.key = word


def _tokens(pdf: bytes, start: int, gap: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Give where the tokens from ``start`` on stand; the gap is one of them."""
    at, left = start, _MAX_DICTIONARY_BYTES
    while left > 0:
        if at == gap[0]:
            yield gap
            at = gap[1]
            continue
        end = _end_of_text(pdf, at) if pdf[at : at + 1] == b"(" else _end(pdf, at)
        if at < gap[0] < end:
            raise MalformedError("PDF: a ByteRange cuts a token")
        if not pdf[at:end].startswith((b"%", *_SPACES)):
            yield at, end
        left -= end - at
        at = end


def _end(pdf: bytes, at: int) -> int:
    found = _TOKEN.match(pdf, at, at + _MAX_DICTIONARY_BYTES)
    if found is None:
        raise MalformedError("PDF: a signature dictionary has a foreign character")
    return found.end()


def _end_of_text(pdf: bytes, at: int) -> int:
    """Return where a text in parentheses ends (ISO 32000-1, 7.3.4.2)."""
    depth = 0
    for found in _PARENTHESIS.finditer(pdf, at, at + _MAX_DICTIONARY_BYTES):
        depth += {b"(": 1, b")": -1}.get(found.group(), 0)
        if not depth:
            return found.end()
    raise MalformedError("PDF: a text in a signature dictionary does not end")
