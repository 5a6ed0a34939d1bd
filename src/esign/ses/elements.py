"""The elements of a seal, read strictly, or as the field writes them.

A strict reading is that of :mod:`esign.der`. A lenient one tries the strict one first
and notes what made it give way, so that nothing passes without being said.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Never

from esign import der
from esign.errors import MalformedError
from esign.ses.model import Oddity

UTF8, PRINTABLE, IA5, UTC_TIME = 0x0C, 0x13, 0x16, 0x17
MAX_TEXT_BYTES = 1024  # the longest text of a real seal has some 60 bytes
MAX_OID_BYTES = 64
CHINA = timezone(timedelta(hours=8))
_LONG_FORM = 0x80
_MULTI_BYTE_TAG = 0x1F
_MAX_LENGTH_OCTETS = 4
_MAX_INTEGER_OCTETS = 8
_MAX_INTEGER = (1 << 31) - 1
_CENTURY_PIVOT = 50  # RFC 5280, 4.1.2.5.1: a UTCTime lies in 1950 to 2049
_ASCII_END = 0x80
_STRINGS = (UTF8, PRINTABLE, IA5)
_TIMES = {der.TIME: 14, UTC_TIME: 12}  # digits of a time with its seconds
_DOTTED = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,38})){1,32}")
_LOOSE_TIME = re.compile(r"([0-9]{12,14})(\.[0-9]{1,9})?(Z|[+-][0-9]{4})?")


class Notes:
    """Whether to give way, and to what one gave way."""

    def __init__(self, *, lenient: bool) -> None:
        """Start without a note."""
        self.lenient = lenient
        self._found: dict[Oddity, None] = {}

    @property
    def found(self) -> tuple[Oddity, ...]:
        """The oddities in the order in which they were met."""
        return tuple(self._found)

    def odd(self, oddity: Oddity) -> None:
        """Note an oddity.

        Raises:
            MalformedError: the reading is strict.
        """
        if not self.lenient:
            raise MalformedError(f"seal: {oddity.value}")
        self._found[oddity] = None


def content(data: bytes, tag: int, notes: Notes) -> bytes:
    """Return the content of the one element ``data``.

    Raises:
        MalformedError: another tag, several elements, or none.
    """
    try:
        return der.inner(data, tag)
    except MalformedError:
        if not notes.lenient or not data or data[0] != tag:
            raise
    start, end = _loose_bounds(data)
    if end != len(data):
        raise MalformedError("seal: something follows an element")
    notes.odd(Oddity.LENGTH)
    return data[start:]


def children(
    data: bytes, tag: int, counts: tuple[int, int], notes: Notes
) -> tuple[bytes, ...]:
    """Return the elements inside ``data``, each with its head.

    Args:
        data: one element.
        tag: its tag, one octet.
        counts: how many elements there must be at least, and may be at most.
        notes: whether to give way.

    Raises:
        MalformedError: another tag or another count.
    """
    least, most = counts
    try:
        return der.children(data, tag, least, most)
    except MalformedError:
        if not notes.lenient:
            raise
    rest = memoryview(content(data, tag, notes))
    found: list[bytes] = []
    while rest:
        _, end = _loose_bounds(rest)
        found.append(bytes(rest[:end]))
        rest = rest[end:]
        if len(found) > most:
            raise MalformedError(f"seal: more than {most} elements")
    if len(found) < least:
        raise MalformedError(f"seal: expected {least} elements, not {len(found)}")
    # Tags and counts are those of the strict reading, so it was a length that differed.
    notes.odd(Oddity.LENGTH)
    return tuple(found)


def text(data: bytes, tag: int, notes: Notes) -> str:
    """Return the text of a string element.

    Raises:
        MalformedError: too long, or characters that the kind of string has not.
    """
    if data and data[0] != tag and data[0] in _STRINGS:
        notes.odd(Oddity.STRING_KIND)
        tag = data[0]
    octets = content(data, tag, notes)
    if len(octets) > MAX_TEXT_BYTES:
        raise MalformedError(f"seal: a text of more than {MAX_TEXT_BYTES} bytes")
    try:
        return octets.decode("utf-8" if tag == UTF8 else "ascii")
    except UnicodeDecodeError as err:
        raise MalformedError("seal: a text is not in its encoding") from err


def number(data: bytes, notes: Notes) -> int:
    """Return an integer from 0 to 2**31 - 1.

    Raises:
        MalformedError: negative or larger.
    """
    try:
        return der.unsigned(data, der.INTEGER, _MAX_INTEGER)
    except MalformedError:
        if not notes.lenient:
            raise
    octets = content(data, der.INTEGER, notes)
    if not 1 <= len(octets) <= _MAX_INTEGER_OCTETS:
        raise MalformedError("seal: an integer is empty or too long")
    value = int.from_bytes(octets, "big", signed=True)
    if not 0 <= value <= _MAX_INTEGER:
        raise MalformedError("seal: an integer is out of its range")
    if octets[0] == 0 and len(octets) > 1 and octets[1] < _ASCII_END:
        notes.odd(Oddity.INTEGER)
    return value


def bits(data: bytes, notes: Notes) -> bytes:
    """Return the bytes of a BIT STRING that ends with a byte (X.690, 11.2).

    Raises:
        MalformedError: empty, or bits are left over.
    """
    octets = content(data, der.BITS, notes)
    if len(octets) < 2 or octets[0] != 0:  # noqa: PLR2004 - the count octet and one more
        raise MalformedError("seal: a BIT STRING is empty or has unused bits")
    return octets[1:]


def octets(data: bytes, notes: Notes) -> bytes:
    """Return the bytes of an OCTET STRING that is not empty.

    Raises:
        MalformedError: empty, or another element.
    """
    found = content(data, der.OCTETS, notes)
    if not found:
        raise MalformedError("seal: an OCTET STRING is empty")
    return found


def boolean(data: bytes, notes: Notes) -> bool:
    """Return a BOOLEAN that stands there although FALSE is its default.

    DER leaves a default out (X.690, 11.5), so a FALSE that is there is an oddity, as
    is a TRUE that is not 255 (11.1).

    Raises:
        MalformedError: not one byte.
    """
    octet = content(data, der.BOOLEAN, notes)
    if len(octet) != 1:
        raise MalformedError("seal: a BOOLEAN does not have one byte")
    if octet != b"\xff":
        notes.odd(Oddity.BOOLEAN)
    return octet != b"\x00"


def oid(data: bytes, notes: Notes) -> str:
    """Return an OBJECT IDENTIFIER, dotted (X.690, 8.19).

    Raises:
        MalformedError: empty, too long, cut short, or not minimal.
    """
    found = content(data, der.OID, notes)
    if not 1 <= len(found) <= MAX_OID_BYTES or found[-1] >= _LONG_FORM:
        raise MalformedError("seal: an object identifier is empty or cut short")
    arcs: list[int] = []
    arc, fresh = 0, True
    for octet in found:
        if fresh and octet == _LONG_FORM:
            raise MalformedError("seal: an object identifier is not minimal")
        arc = arc << 7 | octet & 0x7F
        fresh = octet < _LONG_FORM
        if fresh:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def write_oid(dotted: str) -> bytes:
    """Return the element of a dotted object identifier.

    Raises:
        ValueError: not one.
    """
    if _DOTTED.fullmatch(dotted) is None:
        raise ValueError("not a dotted object identifier")
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    if first < 2 and second >= 40:  # noqa: PLR2004 - X.690, 8.19.4
        raise ValueError("the second arc of an object identifier is below 40 here")
    octets = b""
    for arc in (40 * first + second, *rest):
        low = bytes((arc & 0x7F,))
        while arc := arc >> 7:  # seven bits at a time, the last of them first
            low = bytes((0x80 | arc & 0x7F,)) + low
        octets += low
    return der.tlv(der.OID, octets)


def time(data: bytes, tag: int, notes: Notes) -> datetime:
    """Return a UTCTime or GeneralizedTime, aware UTC (X.690, 11.7 and 11.8).

    Args:
        data: one element.
        tag: which of the two the version of the standard asks for.
        notes: whether to give way, to the other of the two as well.

    Raises:
        MalformedError: not a time.
    """
    if data and data[0] != tag and data[0] in _TIMES:
        notes.odd(Oddity.TIME_KIND)
        tag = data[0]
    found = content(data, tag, notes)
    try:
        return time_of_text(found.decode("ascii"), _TIMES[tag], notes)
    except UnicodeDecodeError as err:
        raise MalformedError("seal: a time is not in ASCII") from err


def time_of_text(shown: str, digits: int, notes: Notes) -> datetime:
    """Return the instant that the text of a time names, aware UTC.

    Without a zone it is China's time; that stands in no standard, so it is noted.

    Args:
        shown: ``YYYYMMDDhhmmssZ``, or with ``digits`` 12 ``YYMMDDhhmmssZ``.
        digits: 14 or 12.
        notes: whether to give way.

    Raises:
        MalformedError: not a time, or not one that exists.
    """
    match = _LOOSE_TIME.fullmatch(shown)
    if match is None or len(match[1]) != digits:
        _no_time()
    clock, fraction, zone = match[1], match[2], match[3]
    if zone is None:
        notes.odd(Oddity.LOCAL_TIME)
    if fraction is not None or zone not in {"Z", None}:
        notes.odd(Oddity.TIME_FORM)
    if digits == _TIMES[UTC_TIME]:
        clock = ("20" if int(clock[:2]) < _CENTURY_PIVOT else "19") + clock
    try:
        naive = datetime.strptime(clock, "%Y%m%d%H%M%S")  # noqa: DTZ007 - zone follows
        return naive.replace(tzinfo=_zone(zone)).astimezone(UTC)
    except (ValueError, OverflowError) as err:
        raise MalformedError("seal: a time that does not exist") from err


def _no_time() -> Never:
    raise MalformedError("seal: not a time")


def _zone(shown: str | None) -> timezone:
    if shown is None:
        return CHINA
    if shown == "Z":
        return UTC
    size = timedelta(hours=int(shown[1:3]), minutes=int(shown[3:]))
    return timezone(-size if shown[0] == "-" else size)


def _loose_bounds(data: bytes | memoryview) -> tuple[int, int]:
    """Return where the content of the first element starts and ends.

    Lengths may be longer than they need to be; they must be definite.
    """
    if len(data) < 2 or data[0] & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:  # noqa: PLR2004 - tag and length
        raise MalformedError("seal: an element is cut short, or its tag is too long")
    size, start = data[1], 2
    if size >= _LONG_FORM:
        count = size - _LONG_FORM
        start += count
        if not 1 <= count <= _MAX_LENGTH_OCTETS or start > len(data):
            raise MalformedError("seal: an indefinite or over-long length")
        size = int.from_bytes(data[2:start], "big")
    if start + size > len(data):
        raise MalformedError("seal: an element runs over the end")
    return start, start + size
