"""How the first page of a PDF is drawn: its dictionaries and streams as plain values.

Nothing is judged here. What a page inherits or a viewer acts upon (the catalog, the
page tree) is read as far as it can change what a person sees.
"""

import io
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

import pikepdf

from esign.errors import MalformedError

MAX_VALUES = 50_000
"""Names, numbers and other values of one page; ours have at most some 4,000."""
MAX_DEPTH = 12
"""Dictionaries and arrays inside each other; ours have 8."""
MAX_DATA = 16 << 20
"""Bytes of all inflated streams of one page; ours have at most 3 MB."""

_TABLE_END = re.compile(rb"startxref\s+([0-9]{1,10})\s+%%EOF\s*")
_TAIL = 64
"""Bytes at the end of a file where `_TABLE_END` stands."""
_INDIRECT = re.compile(rb"/(?:XRefStm|Prev|Encrypt)|#")
"""Entries of a trailer that ours has not; # could spell them in another way."""

Value: TypeAlias = (
    "str | bytes | int | float | tuple[Value, ...] | Mapping[str, Value] | Content"
    " | None"
)
"""A PDF object: a name is a text with its slash, a string is bytes."""


@dataclass(frozen=True, slots=True)
class Content:
    """A stream.

    Attributes:
        entries: of its dictionary, without ``/Length``; without ``/Filter`` where the
            data were inflated.
        data: inflated, or as they stand where the filter is another one.
    """

    entries: Mapping[str, Value]
    data: bytes


@dataclass(frozen=True, slots=True)
class Drawing:
    """What decides how a file with one page looks.

    Attributes:
        catalog: keys of the catalog.
        preferences: ``/ViewerPreferences`` of the catalog.
        names: keys of the catalog's ``/Names``.
        tree: entries of the root of the page tree but its kids.
        page: entries of the first page but its parent and annotations.
        annotations: of that page, each without page and signature.
    """

    catalog: frozenset[str]
    preferences: Value
    names: frozenset[str]
    tree: Mapping[str, Value]
    page: Mapping[str, Value]
    annotations: tuple[Value, ...]


def read(pdf: bytes) -> Drawing:
    """Return how the first page of a PDF is drawn.

    Only a file with a classic cross-reference table is opened, so that opening inflates
    nothing. The caller caps its size: parsing takes about 80 bytes of memory for one of
    the file's.

    Args:
        pdf: any bytes.

    Raises:
        MalformedError: the file is compressed in its structure, can not be opened, has
            no page right under the root of its page tree, or exceeds a limit.
    """
    if not _has_plain_table(pdf):
        raise MalformedError("face: there is no plain cross-reference table at the end")
    try:
        with pikepdf.open(io.BytesIO(pdf), attempt_recovery=False) as document:
            return _read(document)
    except (
        pikepdf.PikepdfError,
        ArithmeticError,
        AttributeError,
        IndexError,
        KeyError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as err:
        raise MalformedError("face: the page's structure can not be read") from err


def form(art: bytes) -> Content:
    """Return the page of a PDF as the Form XObject that another page shows it with.

    Args:
        art: a PDF of one page from this project's own drawing.
    """
    with pikepdf.open(io.BytesIO(art), attempt_recovery=False) as document:
        page = _Reader().entries(document.pages[0].obj, skip=("/Parent",))
    content = page["/Contents"]
    if not isinstance(content, Content):
        raise TypeError("the drawing has not one content stream")
    entries = {
        "/Type": "/XObject",
        "/Subtype": "/Form",
        "/BBox": page["/MediaBox"],
        "/Resources": page["/Resources"],
    }
    return Content(entries, content.data)


def _has_plain_table(pdf: bytes) -> bool:
    """Tell whether a file's last cross-reference section is a table and the only one.

    Objects can be compressed only where a stream says so, and only such a stream would
    be inflated while the file is opened (ISO 32000-1, 7.5.8).
    """
    end = _TABLE_END.search(pdf, max(0, len(pdf) - _TAIL))
    if not pdf.startswith(b"%PDF-") or end is None:
        return False
    start = int(end[1])
    trailer = pdf.rfind(b"trailer", start, end.start())
    return (
        pdf.startswith(b"xref", start)
        and trailer > 0
        and not _INDIRECT.search(pdf, trailer, end.start())
    )


def _read(document: pikepdf.Pdf) -> Drawing:
    """Read an open document."""
    root = document.Root
    kids = root.Pages.Kids
    page = kids[0]
    if page.Parent.objgen != root.Pages.objgen:
        raise MalformedError("face: the page is not right under the page tree's root")
    reader = _Reader()
    notes = page.get("/Annots", pikepdf.Array())
    return Drawing(
        catalog=frozenset(root.keys()),
        preferences=reader.value(root.get("/ViewerPreferences")),
        names=frozenset(root.get("/Names", pikepdf.Dictionary()).keys()),
        tree=reader.entries(root.Pages, skip=("/Kids",)),
        page=reader.entries(page, skip=("/Parent", "/Annots")),
        annotations=tuple(
            reader.entries(note, skip=("/P", "/V")) for note in notes.as_list()
        ),
    )


class _Reader:
    """Turns PDF objects into values within the limits of this module."""

    def __init__(self) -> None:
        """Begin with all of the limits left."""
        self._values = MAX_VALUES
        self._data = MAX_DATA

    def value(self, item: object, depth: int = 0) -> Value:
        """Return one object as a value."""
        self._values -= 1
        if depth > MAX_DEPTH or self._values < 0:
            raise MalformedError("face: the page has too many parts")
        if item is None or isinstance(item, int):
            return item
        if isinstance(item, Decimal):
            return float(item)
        if isinstance(item, pikepdf.Stream):
            return self._content(item, depth)
        if isinstance(item, pikepdf.Dictionary):
            return self.entries(item, depth)
        if isinstance(item, pikepdf.Array):
            return self._array(item, depth)
        return str(item) if isinstance(item, pikepdf.Name) else _string(item)

    def _array(self, items: pikepdf.Array, depth: int) -> tuple[Value, ...]:
        """Return the values of an array, its length checked first."""
        if len(items) > self._values:
            raise MalformedError("face: the page has too many parts")
        return tuple(self.value(part, depth + 1) for part in items.as_list())

    def entries(
        self, owner: pikepdf.Object, depth: int = 0, skip: tuple[str, ...] = ()
    ) -> dict[str, Value]:
        """Return the entries of a dictionary, or of a stream's, by their keys."""
        return {
            key: self.value(item, depth + 1)
            for key, item in owner.items()
            if key not in skip
        }

    def _content(self, stream: pikepdf.Object, depth: int) -> Content:
        """Return a stream, inflated where that is its one filter."""
        entries = self.entries(stream, depth, skip=("/Length",))
        data = bytes(stream.read_raw_bytes())
        if entries.get("/Filter") == "/FlateDecode" and "/DecodeParms" not in entries:
            del entries["/Filter"]
            data = _inflated(data, self._data)
        self._data -= len(data)
        return Content(entries, data)


def _string(item: object) -> bytes:
    """Return a string's bytes; other kinds of objects have no place on a page."""
    if not isinstance(item, pikepdf.String):
        raise MalformedError("face: the page has a part of an unknown kind")
    return bytes(item)


def _inflated(data: bytes, limit: int) -> bytes:
    """Inflate one stream to its very end."""
    engine = zlib.decompressobj()
    try:
        found = engine.decompress(data, max(limit, 0) + 1)
    except zlib.error as err:
        raise MalformedError("face: a stream is damaged") from err
    if len(found) > limit or not engine.eof or engine.unused_data:
        raise MalformedError("face: a stream is too large or not of one piece")
    return found
