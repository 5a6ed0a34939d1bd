"""One digest for all that a form draws with.

Files are written by several writers that number, share and compress objects in their
own ways; the digest is of values alone, so that a form keeps it in each of them.
"""

import hashlib
import zlib
from collections.abc import Iterable
from decimal import Decimal

import pikepdf

from esign.errors import MalformedError

MAX_DEPTH = 24
"""Objects within objects, from the form down."""
MAX_VALUES = 100_000
"""Values that are looked at; the widths of a font have some hundreds."""
MAX_INFLATED = 8 << 20
"""Bytes of all streams of a background, inflated, with the page's own."""
_STORED = frozenset({"/Length"})
_FORM = frozenset({"/Type", "/Subtype", "/FormType"})
"""Entries that say nothing of a form; writers set or leave them."""
_IDENTITY = [1, 0, 0, 1, 0, 0]


def digest(form: pikepdf.Object) -> bytes:
    """Return the SHA-256 of a Form XObject and of everything reachable from it.

    Every value is spelled in one way: numbers by value, dictionaries in the order of
    their names without entries that are null, references as what they refer to, a
    stream as its dictionary and bytes; where FlateDecode is its one filter, as its
    inflated bytes. How a file numbers, shares and deflates objects makes no difference.

    Args:
        form: from any file, hostile ones too.

    Returns:
        32 bytes.

    Raises:
        MalformedError: no form, an object within itself, or beyond a limit.
    """
    if not isinstance(form, pikepdf.Stream) or form.get("/Subtype") != "/Form":
        raise MalformedError("background: it is no form")
    reader = _Reader()
    entries = {key: item for key, item in form.items() if key not in _FORM}
    matrix = entries.get("/Matrix")
    if matrix is not None and list(matrix.as_list()) == _IDENTITY:
        del entries["/Matrix"]
    return reader.stream(form, entries, 0)


class _Reader:
    """What was met so far; every object is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], bytes | None] = {}
        self._values = MAX_VALUES
        self._bytes = MAX_INFLATED

    def value(self, value: object, depth: int) -> bytes:
        """Return the digest of a value."""
        self._values -= 1
        if depth > MAX_DEPTH or self._values < 0:
            raise MalformedError("background: too many values, or too deep")
        if not isinstance(value, pikepdf.Object) or not value.is_indirect:
            return self._fresh(value, depth)
        key = value.objgen
        if key not in self._known:
            self._known[key] = None
            self._known[key] = self._fresh(value, depth)
        known = self._known[key]
        if known is None:
            raise MalformedError("background: an object within itself")
        return known

    def _fresh(self, value: object, depth: int) -> bytes:
        if isinstance(value, pikepdf.Stream):
            return self.stream(value, dict(value.items()), depth)
        if isinstance(value, pikepdf.Dictionary):
            return self._entries(dict(value.items()), depth)
        if isinstance(value, pikepdf.Array):
            parts = [self.value(item, depth + 1) for item in value.as_list()]
            return _joined(b"array", parts)
        return _joined(*_scalar(value))

    def _entries(self, entries: dict[str, pikepdf.Object], depth: int) -> bytes:
        parts = []
        for key, value in sorted(entries.items()):
            parts += [key.encode(), self.value(value, depth + 1)]
        return _joined(b"dictionary", parts)

    def stream(
        self, stream: pikepdf.Stream, entries: dict[str, pikepdf.Object], depth: int
    ) -> bytes:
        """Return the digest of a stream with these entries."""
        kept = {key: entries[key] for key in entries if key not in _STORED}
        data = stream.read_raw_bytes()
        if kept.get("/Filter") == pikepdf.Name.FlateDecode:
            del kept["/Filter"]
            data = inflated(data, self._bytes)
        self._bytes -= len(data)
        if self._bytes < 0:
            raise MalformedError("background: the streams are too large")
        return _joined(b"stream", [self._entries(kept, depth), data])


def inflated(data: bytes, limit: int) -> bytes:
    """Return what a zlib stream holds.

    Args:
        data: one whole stream and nothing behind it.
        limit: greatest number of bytes.

    Raises:
        MalformedError: it is damaged, not of one piece or larger than the limit.
    """
    engine = zlib.decompressobj()
    try:
        out = engine.decompress(data, max(limit, 0) + 1)
    except zlib.error as err:
        raise MalformedError("PDF: a stream is damaged") from err
    if len(out) > limit or not engine.eof or engine.unused_data:
        raise MalformedError("PDF: a stream is too large or not of one piece")
    return out


def _scalar(value: object) -> tuple[bytes, list[bytes]]:
    """Return the kind and the spelling of a value without parts."""
    if value is None:
        return b"null", []
    if isinstance(value, bool):
        return b"boolean", [b"%d" % value]
    if isinstance(value, int | Decimal):
        # Normal form: 1, 1.0 and 1.00 are one number.
        return b"number", [str(Decimal(value).normalize() + 0).encode()]
    if isinstance(value, pikepdf.Name):
        return b"name", [str(value).encode()]
    if isinstance(value, pikepdf.String):
        return b"string", [bytes(value)]
    raise MalformedError("background: a value of no known kind")


def _joined(kind: bytes, parts: Iterable[bytes]) -> bytes:
    """Return the SHA-256 of parts, each after its length."""
    out = hashlib.sha256()
    for part in (kind, *parts):
        out.update(len(part).to_bytes(8, "big"))
        out.update(part)
    return out.digest()
