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
    value = decoder.item(max_depth)
    if decoder.position != len(data):
        raise decoder.fault("bytes after the end of the item")
    return value


class _Decoder:
    """One pass over the bytes; ``position`` is the next byte to read."""

    def __init__(self, data: bytes, tags: frozenset[int], max_items: int) -> None:
        self.data = data
        self.tags = tags
        self.left = max_items
        self.position = 0

    def fault(self, reason: str) -> MalformedError:
        return MalformedError(f"CBOR, byte {self.position}: {reason}")

    def item(self, depth: int) -> Value:
        self.left -= 1
        if self.left < 0:
            raise self.fault("more items than are allowed here")
        major, argument = self._head()
        match major:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self._take(argument)
            case 3:
                return self._text(argument)
            case 7:
                return self._simple(argument)
            case _:
                return self._nested(major, argument, depth - 1)

    def _nested(self, major: int, argument: int, depth: int) -> Value:
        if depth < 0:
            raise self.fault("nested too deeply")
        if major == _TAG:
            if argument not in self.tags:
                raise self.fault(f"tag {argument} is not allowed here")
            return Tag(argument, self.item(depth))
        if argument > len(self.data) - self.position:
            raise self.fault("more items announced than bytes follow")
        if major == _ARRAY:
            return [self.item(depth) for _ in range(argument)]
        return self._map(argument, depth)

    def _head(self) -> tuple[int, int]:
        if self.position >= len(self.data):
            raise self.fault("the data ends where an item must start")
        initial = self.data[self.position]
        major, short = initial >> 5, initial & 31
        self.position += 1
        if short < _DIRECT:
            return major, short
        if short not in _SMALLEST or major == _SIMPLE:
            raise self.fault("floats, simple values and indefinite lengths")
        argument = int.from_bytes(self._take(1 << (short - _DIRECT)), "big")
        if argument < _SMALLEST[short]:
            raise self.fault("a head longer than its argument needs")
        return major, argument

    def _take(self, size: int) -> bytes:
        end = self.position + size
        if end > len(self.data):
            raise self.fault("the data ends inside an item")
        chunk = self.data[self.position : end]
        self.position = end
        return chunk

    def _text(self, size: int) -> str:
        raw = self._take(size)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as err:
            raise self.fault("text that is not UTF-8") from err

    def _simple(self, argument: int) -> Value:
        if argument not in _SIMPLE_VALUES:
            raise self.fault("floats, simple values and indefinite lengths")
        return _SIMPLE_VALUES[argument]

    def _map(self, size: int, depth: int) -> Mapping[int | str, Value]:
        out: dict[int | str, Value] = {}
        last = b""
        for _ in range(size):
            start = self.position
            key = self.item(0)
            raw = self.data[start : self.position]
            if isinstance(key, bool) or not isinstance(key, (int, str)):
                raise self.fault("a map key that is neither an integer nor text")
            if raw <= last:
                raise self.fault("map keys repeated or out of order")
            last = raw
            out[key] = self.item(depth)
        return out
