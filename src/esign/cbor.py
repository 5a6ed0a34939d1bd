"""Strict deterministic CBOR: one encoding for every value (RFC 8949, section 4.2.1).

The data model is the part of CBOR that this project signs: integers of 64 bits, byte
and text strings, arrays, maps, false, true, null, and the tags a caller allows. Floats,
indefinite lengths, long heads, unordered or repeated keys, unknown tags and trailing
bytes are refused. Cross-checked in the tests against cbor2, whose own canonical order
is that of RFC 7049 and therefore not used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from esign.errors import MalformedError

Leaf: TypeAlias = int | bytes | str | bool | None
Value: TypeAlias = "Leaf | Sequence[Value] | Mapping[int | str, Value] | Tag"

MAX_ITEMS = 10_000_000  # of a bundle with every department of a province
MAX_DEPTH = 12  # nested arrays, maps and tags; the deepest format here uses 7
_UINT, _NINT, _BSTR, _TSTR, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_SIMPLE_VALUES = {20: False, 21: True, 22: None}
_ARGUMENT = 31  # bits of the initial byte that are not the major type
_DIRECT = 24  # heads below this carry their argument in the initial byte
_SMALLEST = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}  # else a shorter head fits
_UINT64 = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Tag:
    """A tagged value (RFC 8949, section 3.4)."""

    number: int
    value: Value


def encode(value: Value) -> bytes:
    """Return the deterministic encoding of ``value``.

    Raises:
        TypeError: the value, or a part of it, is outside the data model.
        ValueError: an integer does not fit 64 bits, text holds a surrogate, or it
            nests deeper than MAX_DEPTH, so that :func:`decode` would refuse it.
    """
    out = bytearray()
    _encode(value, out, MAX_DEPTH)
    return bytes(out)


def _encode(value: Value, out: bytearray, depth: int) -> None:
    match value:
        case bool() | None:
            out.append(_SIMPLE << 5 | (22 if value is None else 20 + value))
        case int():
            major = _UINT if value >= 0 else _NINT
            _encode_head(major, value if value >= 0 else -1 - value, out)
        case bytes() | str():
            raw = value if isinstance(value, bytes) else value.encode()
            _encode_head(_BSTR if raw is value else _TSTR, len(raw), out)
            out += raw
        case Mapping() | list() | tuple() | Tag():
            _encode_nested(value, out, depth - 1)
        case _:
            raise TypeError(f"CBOR: {type(value).__name__} is outside the data model")


def _encode_nested(
    value: Mapping[int | str, Value] | Sequence[Value] | Tag,
    out: bytearray,
    depth: int,
) -> None:
    if depth < 0:
        raise ValueError(f"CBOR: nested deeper than {MAX_DEPTH}")
    if isinstance(value, Mapping):
        _encode_map(value, out, depth)
    elif isinstance(value, Tag):
        _encode_head(_TAG, value.number, out)
        _encode(value.value, out, depth)
    else:
        _encode_head(_ARRAY, len(value), out)
        for item in value:
            _encode(item, out, depth)


def _encode_map(value: Mapping[int | str, Value], out: bytearray, depth: int) -> None:
    for key in value:
        if isinstance(key, bool) or not isinstance(key, (int, str)):
            raise TypeError("CBOR: map keys are integers or texts")
    _encode_head(_MAP, len(value), out)
    for raw, key in sorted((encode(key), key) for key in value):
        out += raw
        _encode(value[key], out, depth)


def _encode_head(major: int, argument: int, out: bytearray) -> None:
    if not 0 <= argument <= _UINT64:
        raise ValueError("CBOR: integers have at most 64 bits")
    if argument < _DIRECT:
        out.append(major << 5 | argument)
        return
    size = next(i for i in range(4) if argument < 1 << (8 << i))
    out.append(major << 5 | _DIRECT + size)
    out += argument.to_bytes(1 << size, "big")


def decode(
    data: bytes,
    *,
    tags: frozenset[int] = frozenset(),
    max_depth: int = MAX_DEPTH,
    max_items: int = MAX_ITEMS,
) -> Value:
    """Return the value that ``data`` encodes.

    Accepts exactly what :func:`encode` produces, so ``encode(decode(data)) == data``.

    Args:
        data: one complete item; the caller bounds its size before.
        tags: the tag numbers that may occur; no others are read.
        max_depth: how deep arrays, maps and tags may nest.
        max_items: how many items there may be, keys and nested ones included; what is
            decoded before its signature was verified wants a small number.

    Raises:
        MalformedError: anything else, with the offset of the first fault.
    """
    decoder = _Decoder(data, tags, max_items)
    value, end = decoder.item(0, max_depth)
    if end != len(data):
        raise _fault(end, "bytes after the end of the item")
    return value


def _fault(at: int, reason: str) -> MalformedError:
    return MalformedError(f"CBOR, byte {at}: {reason}")


class _Decoder:
    """One pass over the bytes; every reader returns a value and where it ends."""

    __slots__ = ("_readers", "data", "left", "tags")

    def __init__(self, data: bytes, tags: frozenset[int], max_items: int) -> None:
        self.data = data
        self.tags = tags
        self.left = max_items
        self._readers = (
            self._unsigned,
            self._negative,
            self._bytes,
            self._text,
            self._array,
            self._map,
            self._tag,
            self._simple,
        )

    def item(self, at: int, depth: int) -> tuple[Value, int]:
        """Read the item that begins at an offset."""
        self.left -= 1
        if self.left < 0:
            raise _fault(at, "more items than are allowed here")
        try:
            initial = self.data[at]
        except IndexError as err:
            raise _fault(at, "the data ends where an item must start") from err
        argument = initial & _ARGUMENT
        if argument < _DIRECT:
            return self._readers[initial >> 5](argument, at + 1, depth)
        argument, at = self._long(initial, at + 1)
        return self._readers[initial >> 5](argument, at, depth)

    def _long(self, initial: int, at: int) -> tuple[int, int]:
        """Read an argument that follows the initial byte."""
        short = initial & _ARGUMENT
        if short not in _SMALLEST or initial >> 5 == _SIMPLE:
            raise _fault(at, "floats, simple values and indefinite lengths")
        raw, at = self._bytes(1 << (short - _DIRECT), at, 0)
        argument = int.from_bytes(raw, "big")
        if argument < _SMALLEST[short]:
            raise _fault(at, "a head longer than its argument needs")
        return argument, at

    def _unsigned(self, argument: int, at: int, _depth: int) -> tuple[int, int]:
        return argument, at

    def _negative(self, argument: int, at: int, _depth: int) -> tuple[int, int]:
        return -1 - argument, at

    def _bytes(self, size: int, at: int, _depth: int) -> tuple[bytes, int]:
        end = at + size
        if end > len(self.data):
            raise _fault(at, "the data ends inside an item")
        return self.data[at:end], end

    def _text(self, size: int, at: int, _depth: int) -> tuple[str, int]:
        end = at + size
        if end > len(self.data):
            raise _fault(at, "the data ends inside an item")
        try:
            return self.data[at:end].decode(), end
        except UnicodeDecodeError as err:
            raise _fault(end, "text that is not UTF-8") from err

    def _simple(self, argument: int, at: int, _depth: int) -> tuple[Value, int]:
        if argument not in _SIMPLE_VALUES:
            raise _fault(at, "floats, simple values and indefinite lengths")
        return _SIMPLE_VALUES[argument], at

    def _tag(self, number: int, at: int, depth: int) -> tuple[Value, int]:
        self._require_depth(at, depth)
        if number not in self.tags:
            raise _fault(at, f"tag {number} is not allowed here")
        value, at = self.item(at, depth - 1)
        return Tag(number, value), at

    def _array(self, size: int, at: int, depth: int) -> tuple[Value, int]:
        self._require_room(size, at, depth)
        out: list[Value] = []
        for _ in range(size):
            value, at = self.item(at, depth - 1)
            out.append(value)
        return out, at

    def _map(self, size: int, at: int, depth: int) -> tuple[Value, int]:
        self._require_room(size, at, depth)
        out: dict[int | str, Value] = {}
        last = b""
        data, item = self.data, self.item
        for _ in range(size):
            key, end = item(at, 0)
            if type(key) is not str and type(key) is not int:
                raise _fault(end, "a map key that is neither an integer nor text")
            raw = data[at:end]
            if raw <= last:
                raise _fault(end, "map keys repeated or out of order")
            last = raw
            out[key], at = item(end, depth - 1)
        return out, at

    def _require_room(self, size: int, at: int, depth: int) -> None:
        """Refuse more items than bytes follow, before any of them is read."""
        self._require_depth(at, depth)
        if size > len(self.data) - at:
            raise _fault(at, "more items announced than bytes follow")

    @staticmethod
    def _require_depth(at: int, depth: int) -> None:
        if depth < 1:
            raise _fault(at, "nested too deeply")
