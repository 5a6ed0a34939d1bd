"""DER elements with definite, minimal lengths (X.690, sections 8.1 and 10.1).

Reading never recurses: a caller opens one level at a time, so that depth and cost are
those of the format that it reads.
"""

from collections.abc import Iterator

from esign.errors import MalformedError

BOOLEAN, INTEGER, OCTETS, OID = 0x01, 0x02, 0x04, 0x06
BITS, TIME, SEQUENCE, SET = 0x03, 0x18, 0x30, 0x31
CONTEXT_0, CONTEXT_1, CONTEXT_4 = 0xA0, 0xA1, 0xA4
NULL = b"\x05\x00"
TRUE = b"\x01\x01\xff"

_LONG_FORM = 0x80  # a length octet with this bit counts the length octets that follow
_MAX_LENGTH_OCTETS = 3
_MULTI_BYTE_TAG = 0x1F
_SIGN_BIT = 0x80


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return one element whose content is ``parts``, one after the other."""
    content = b"".join(parts)
    size = len(content)
    if size < _LONG_FORM:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_FORM | len(octets))) + octets + content


def integer(value: int) -> bytes:
    """Return the element of an integer that is not negative."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def element_length(data: bytes) -> int:
    """Return how many bytes the first element of ``data`` takes, with its head.

    Raises:
        MalformedError: its head is not minimal, or it runs over the end.
    """
    return _bounds(data, 0)[1]


def elements(data: bytes) -> Iterator[bytes]:
    """Yield the elements that make up ``data``, each with its head.

    Raises:
        MalformedError: one of them is cut short or its head is not minimal.
    """
    position = 0
    while position < len(data):
        _, end = _bounds(data, position)
        yield data[position:end]
        position = end


def inner(data: bytes, tag: int) -> bytes:
    """Return the content of ``data``, which must be one element with ``tag``.

    Raises:
        MalformedError: another tag, several elements, or none.
    """
    if not data or data[0] != tag:
        raise MalformedError(f"DER: expected an element with tag {tag:#04x}")
    start, end = _bounds(data, 0)
    if end != len(data):
        raise MalformedError("DER: something follows an element")
    return data[start:]


def children(data: bytes, tag: int, least: int, most: int) -> tuple[bytes, ...]:
    """Return the elements inside ``data``, which must have ``tag``.

    Args:
        data: one element.
        tag: its tag, one octet.
        least: how many elements there must be at least.
        most: how many there may be.

    Raises:
        MalformedError: another tag or another count.
    """
    found: list[bytes] = []
    for element in elements(inner(data, tag)):
        found.append(element)
        if len(found) > most:
            raise MalformedError(f"DER: more than {most} elements")
    if len(found) < least:
        raise MalformedError(f"DER: expected {least} elements, not {len(found)}")
    return tuple(found)


def unsigned(data: bytes, tag: int, most: int) -> int:
    """Return the integer from 0 to ``most`` in an element with ``tag``.

    Raises:
        MalformedError: negative, larger, or not minimal (X.690, section 8.3.2).
    """
    octets = inner(data, tag)
    if not octets or octets[0] & _SIGN_BIT:
        raise MalformedError("DER: an integer is empty or negative")
    if len(octets) > 1 and octets[0] == 0 and not octets[1] & _SIGN_BIT:
        raise MalformedError("DER: an integer is not minimal")
    value = int.from_bytes(octets, "big")
    if value > most:
        raise MalformedError("DER: an integer is out of its range")
    return value


def _bounds(data: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the element at ``at`` starts and where it ends."""
    start, size = _head(data, at)
    if start + size > len(data):
        raise MalformedError("DER: an element runs over the end")
    return start, start + size


def _head(data: bytes, start: int) -> tuple[int, int]:
    """Return where the content starts and how many bytes it should have."""
    if start + 2 > len(data):
        raise MalformedError("DER: an element is cut short")
    if data[start] & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:
        raise MalformedError("DER: a tag of several bytes cannot occur here")
    size = data[start + 1]
    if size < _LONG_FORM:
        return start + 2, size
    count = size - _LONG_FORM
    octets = data[start + 2 : start + 2 + count]
    if not 1 <= count <= _MAX_LENGTH_OCTETS or len(octets) != count:
        raise MalformedError("DER: indefinite or over-long length")
    size = int.from_bytes(octets, "big")
    if size < _LONG_FORM or octets[0] == 0:
        raise MalformedError("DER: a length is not minimal")
    return start + 2 + count, size
