"""The printed face of a PDF, read back by another engine than the one that drew it.

What a person sees is text, a symbol and a photo, and it takes more than these to see
them: none may be out of sight, and nothing may lie over them. `read` takes all of it
from the page and from its dictionaries; `compare` holds it against the page that the
record composes to. Neither depends on how the bytes were written, so that a page of
another writer of ours, of today or of long ago, passes (docs/formats/pdf.md, 9).
"""

import ctypes
import difflib
import hashlib
import io
import itertools
import math
import re
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from elicense import fonts, payload, qr
from elicense.layout import Box, Colour, Page, Run
from elicense.layout.primitives import POINTS_PER_MM
from elicense.model import License
from esign.errors import MalformedError

MAX_BYTES = 4 << 20
"""Bytes of a file; ours have 100 KB to 2 MB."""
MAX_PARTS = 2_000
"""Indirect objects of a file; ours have about 40."""
MAX_INFLATED = 16 << 20
"""Bytes of all inflated streams of a file; ours have at most 3 MB."""
MAX_PAGES = 8
"""Pages of a file; ours have one."""
MAX_OBJECTS = 20_000
"""Texts, images, paths and forms on all pages; ours have about a hundred."""
MAX_TEXT = 50_000
"""Characters on all pages; ours have at most some 4,000."""
MAX_PIXELS = 9_000_000
"""Pixels of one rendered page, A4 at 300 dpi, and of one JPEG."""
MAX_IMAGE = 1 << 20
"""Bytes of one JPEG; a photo has at most 500 KB."""
RESOLUTIONS = (150, 300)
"""Dots per inch of the rendered page; the next where no symbol is read."""

PLACE = 0.5
"""Largest difference of the page's size, the seal's box, heights and type sizes, in
points."""
SHIFT = 0.5
"""The same along a line, in parts of the type size: widths are those of a font."""
STRETCH = 0.05
"""The same of a horizontal scale."""
SHADE = 2
"""The same of one of 255 steps of a colour."""
EDGE = 1.0
"""The same of an edge of the symbol or the photo, in points."""
OUTLINE = 0.1
"""Greatest width of a text's outline, in parts of the type size."""

_ENGINE = threading.Lock()
"""PDFium must not be called from two threads at once."""
_HYPHENS = {0x02: ord("-"), 0xFFFE: ord("-")}
"""The engine marks a hyphen at the end of a line with another character."""
_FILL = pdfium.FPDF_TEXTRENDERMODE_FILL
_FILL_STROKE = pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE
_HIGH, _LOW = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
_CORNERS = 4
_OPAQUE = 255
_UNSEEN = 1 << 0 | 1 << 1 | 1 << 5 | 1 << 8
"""Flags Invisible, Hidden, NoView, ToggleNoView (ISO 32000-1, table 165)."""
_PRINT = 1 << 2
_EXTRA = "text that is not on the composed page"
_TABLE_END = re.compile(rb"startxref\s+([0-9]{1,10})\s+%%EOF\s*")
_TAIL = 64
"""Bytes at the end of a file where `_TABLE_END` stands."""
_INDIRECT = re.compile(rb"/(?:XRefStm|Prev|Encrypt)|#")
"""Entries of a trailer that ours has not; # could spell them in another way."""
_FILTERS = (None, "/FlateDecode", "/DCTDecode")

_CATALOG = frozenset({
    "/Type", "/Pages", "/Lang", "/ViewerPreferences", "/Metadata", "/OutputIntents",
    "/AF", "/Names", "/AcroForm", "/Perms",
})  # fmt: skip
_TREE = frozenset({"/Type", "/Kids", "/Count"})
_PAGE = frozenset({
    "/Type", "/Parent", "/MediaBox", "/CropBox", "/Resources", "/Contents", "/Annots",
})  # fmt: skip
_RESOURCES = frozenset({"/Font", "/XObject", "/ProcSet"})
_IMAGE = frozenset({
    "/Type", "/Subtype", "/Name", "/Width", "/Height", "/ColorSpace",
    "/BitsPerComponent", "/Interpolate", "/Intent", "/Length", "/Filter",
    "/DecodeParms",
})  # fmt: skip
_SEAL = frozenset({
    "/Type", "/Subtype", "/FT", "/T", "/F", "/Rect", "/AP", "/P", "/V",
})  # fmt: skip
"""Keys that change nothing of what a person sees, or whose values are checked here."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One character as it is drawn.

    Attributes:
        char: the character, never white space.
        x: left end of its baseline in points.
        y: height of its baseline in points.
        size: type size in points.
        stretch: horizontal scale, 1 is natural.
        colour: of the fill.
    """

    char: str
    x: float
    y: float
    size: float
    stretch: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Face:
    """What the pages of a file show.

    Attributes:
        letters: the characters of all pages in drawing order.
        qr_texts: distinct texts of all symbols, in no promised order.
        photo_sha256: of the one photo's bytes as they stand in the file; None where
            there is none or more than one.
        faults: English phrases for what no page of ours has; no values.
        pages: number of pages.
        images: number of images, the symbol and the photo included.
        paper: media box of the first page.
        seal_box: of the first page's seal; None where it has none.
        symbol_box: of the last image that is no JPEG; None where there is none.
        photo_box: of the last image that is one; None where there is none.
    """

    letters: tuple[Letter, ...] = field(repr=False)
    qr_texts: tuple[str, ...] = field(repr=False)
    photo_sha256: bytes | None
    faults: tuple[str, ...]
    pages: int
    images: int
    paper: Box
    seal_box: Box | None
    symbol_box: Box | None
    photo_box: Box | None

    @property
    def text(self) -> str:
        """Return the text of all pages in drawing order, without white space."""
        return "".join(letter.char for letter in self.letters)
