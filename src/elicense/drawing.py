"""What the pages of a PDF draw, read by other engines than the one that drew them.

PDFium gives texts, images and their order, once `elicense.structure` has judged the
page's dictionaries and operators (docs/formats/pdf.md, section 9).
"""

import ctypes
import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pypdfium2
import pypdfium2.raw as pdfium

from elicense import qr, structure
from elicense.catalog import Presentation
from elicense.layout import Box, Colour, Page
from elicense.record import MAX_SCAN_BYTES
from esign.errors import MalformedError
from esign.pdfium import LOCK

MAX_BYTES = (5 << 20) + MAX_SCAN_BYTES
"""Bytes of a file; ours have 100 KB to 2 MB, perhaps a background of 1 MB, and perhaps
a scan of the paper."""
MAX_OBJECTS = 20_000
"""Texts, images, paths and forms on all pages; ours have about a hundred."""
MAX_TEXT = 50_000
"""Characters on all pages; ours have at most some 4,000."""
MAX_PIXELS = 9_000_000
"""Pixels of one rendered page, more than A3 at its resolution."""
RESOLUTION = 150
"""Dots per inch of the rendered page: two and more for a module of ours."""
SYMBOL_PIXELS = 640
"""Pixels on a side of a rendered symbol; the largest has 105 modules."""
OUTLINE = 0.1
"""Greatest width of a text's outline, in parts of the type size."""
FRAME = 1.0
"""Greatest width of a frame around the photo in points."""

_HYPHENS = {0x02: ord("-"), 0xFFFE: ord("-")}
"""The engine marks a hyphen at the end of a line with another character."""
_FILL = pdfium.FPDF_TEXTRENDERMODE_FILL
_FILL_STROKE = pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE
_HIGH, _LOW = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
_OPAQUE = 255
_RECTANGLE = 5  # segments of a path, the closing one included
_NO_COLOUR: Colour = (-1000, -1000, -1000)


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
class Shown:
    """An image that should be a symbol.

    Attributes:
        box: in points.
        text: of the one symbol that fills it as it is rendered; None for anything else.
    """

    box: Box
    text: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Side:
    """What one page of a file shows.

    Attributes:
        paper: its box in points.
        letters: its characters in drawing order.
        symbols: its images that are no photo, in drawing order.
        photos: boxes in points of its photos, likewise.
    """

    paper: Box
    letters: tuple[Letter, ...] = field(repr=False)
    symbols: tuple[Shown, ...]
    photos: tuple[Box, ...]

    @property
    def text(self) -> str:
        """Return the text in drawing order, without white space."""
        return "".join(letter.char for letter in self.letters)


@dataclass(frozen=True, slots=True)
class Face:
    """What the pages of a file show.

    Attributes:
        sides: its pages.
        qr_texts: distinct texts of all symbols, in their images and on the rendered
            pages, in no promised order.
        photo_sha256: of the one photo's bytes as they stand in the file; None where
            there is none or more than one.
        faults: English phrases for what no page of ours has; no values.
        seal: its box in points; None where there is none.
    """

    sides: tuple[Side, ...]
    qr_texts: tuple[str, ...] = field(repr=False)
    photo_sha256: bytes | None
    faults: tuple[str, ...]
    seal: Box | None

    @property
    def text(self) -> str:
        """Return the text of all pages in drawing order, without white space."""
        return "".join(side.text for side in self.sides)


def read(pdf: bytes, *, arts: Sequence[bytes | None] = ()) -> Face:
    """Return what a PDF shows.

    It checks no signature. The limits bound its cost as far as they can.

    Args:
        pdf: any bytes.
        arts: for each page the digest of its static art where the type has its own,
            which may hold texts and images (`elicense.background`); these are left out,
            and any other art is a fault. None where the art consists of paths, as on
            pages that are not named.

    Raises:
        MalformedError: it is no PDF that can be opened, its structure is compressed, or
            it exceeds a limit.
    """
    if len(pdf) > MAX_BYTES:
        raise MalformedError(f"face: more than {MAX_BYTES} bytes")
    found = structure.read(pdf, arts)
    seen = _Seen(faults=dict.fromkeys(found.faults))
    with LOCK:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError as err:
            raise MalformedError("face: the PDF can not be opened") from err
        try:
            return _read(document, found, seen)
        except (pypdfium2.PdfiumError, ValueError, OverflowError) as err:
            raise MalformedError("face: a page can not be read") from err
        finally:
            document.close()


def arts_of(
    presentation: Presentation, pages: Sequence[Page]
) -> tuple[bytes | None, ...]:
    """Return the digest of the art that each page begins with, for :func:`read`.

    What draws art is loaded only where a type has its own.

    Args:
        presentation: in which the license is printed.
        pages: that its record composes to.

    Returns:
        32 bytes for each page, or None where the art is built in.

    Raises:
        CatalogError: the type's own art is not to be used.
    """
    if not presentation.has_own_art:
        return (None,) * len(pages)
    from elicense.document import art  # noqa: PLC0415  see above

    return tuple(art.digest(presentation, page.ornament) for page in pages)


@dataclass(slots=True)
class _Seen:
    """What was met so far while reading."""

    faults: dict[str, None] = field(default_factory=dict)
    photos: list[bytes] = field(default_factory=list)
    objects: int = 0
    characters: int = 0
    has_art: bool = False
    letters: list[Letter] = field(default_factory=list)
    symbol_boxes: list[Box] = field(default_factory=list)
    photo_boxes: list[Box] = field(default_factory=list)
    frames: int = 0
    has_text: bool = False

    def turn(self, *, has_art: bool) -> None:
        """Begin with another page."""
        self.has_art, self.has_text, self.frames = has_art, False, 0
        self.letters, self.symbol_boxes, self.photo_boxes = [], [], []

    def refuse(self, phrase: str, *, when: bool) -> None:
        """Note a fault where there is one."""
        if when:
            self.faults[phrase] = None


def _read(
    document: pypdfium2.PdfDocument, found: structure.Structure, seen: _Seen
) -> Face:
    """Read all pages of an open document."""
    if len(document) != len(found.papers):
        raise MalformedError("face: readers do not find the same pages")
    sides = []
    texts: dict[str, None] = {}
    for index, (paper, has_art) in enumerate(
        zip(found.papers, found.has_art, strict=True)
    ):
        page = document[index]
        seen.turn(has_art=has_art)
        _read_objects(page, seen)
        symbols = tuple(Shown(box, _text_in(page, box)) for box in seen.symbol_boxes)
        texts |= dict.fromkeys(item.text for item in symbols if item.text is not None)
        texts |= dict.fromkeys(_texts_on(page))
        page.close()
        sides.append(Side(paper, tuple(seen.letters), symbols, tuple(seen.photo_boxes)))
    return Face(
        sides=tuple(sides),
        qr_texts=tuple(texts),
        photo_sha256=seen.photos[0] if len(seen.photos) == 1 else None,
        faults=tuple(seen.faults),
        seal=found.seal,
    )


def _read_objects(page: pypdfium2.PdfPage, seen: _Seen) -> None:
    """Read what a page draws, in drawing order."""
    text_page = page.get_textpage()
    places = _places(text_page, seen)
    for item in _objects(page, text_page, seen):
        seen.objects += 1
        if seen.objects > MAX_OBJECTS:
            raise MalformedError(f"face: more than {MAX_OBJECTS} objects")
        is_text = item.type == pdfium.FPDF_PAGEOBJ_TEXT
        is_image = item.type == pdfium.FPDF_PAGEOBJ_IMAGE
        seen.has_text |= is_text
        over = seen.has_text and not is_text
        seen.refuse("something is drawn over the text", when=over)
        over = not is_text and item.level == 0 and _is_over_photo(item, seen)
        seen.refuse("something is drawn over the photo", when=over)
        if not (is_text or is_image):
            continue
        seen.refuse("a form draws text or an image", when=item.level > 0)
        seen.refuse("something is clipped", when=_is_clipped(item))
        seen.refuse("something is turned", when=not _is_upright(item))
        if is_text:
            address = ctypes.addressof(item.raw.contents)
            _read_text(item, places.pop(address, []), seen)
        else:
            _read_image(item, seen)
    text_page.close()


def _objects(
    page: pypdfium2.PdfPage, text_page: pypdfium2.PdfTextPage, seen: _Seen
) -> Iterator[pypdfium2.PdfObject]:
    """Yield what a page draws but its known art, the form that it begins with."""
    in_art = False
    for index, item in enumerate(page.get_objects(textpage=text_page)):
        if item.level == 0:
            is_form = item.type == pdfium.FPDF_PAGEOBJ_FORM
            in_art = index == 0 and is_form and seen.has_art
        if not in_art:
            yield item


def _places(
    text_page: pypdfium2.PdfTextPage, seen: _Seen
) -> dict[int, list[tuple[str, float, float]]]:
    """Return the characters of every text object with the origins of their baselines.

    White space and what the engine adds on its own is left out; where it gives two
    halves of one character, they are joined.
    """
    raw = text_page.raw
    count = pdfium.FPDFText_CountChars(raw)
    seen.characters += count
    if seen.characters > MAX_TEXT:
        raise MalformedError(f"face: more than {MAX_TEXT} characters")
    found: dict[int, list[tuple[str, float, float]]] = {}
    x, y, high = ctypes.c_double(), ctypes.c_double(), 0
    for index in range(count):
        owner = pdfium.FPDFText_GetTextObject(raw, index)
        code = pdfium.FPDFText_GetUnicode(raw, index)
        if code in _HIGH:
            high = code
            continue
        if code in _LOW and high:
            code = 0x10000 + ((high - _HIGH[0]) << 10) + (code - _LOW[0])
        high = 0
        char = chr(_HYPHENS.get(code, code))
        if owner and code and not char.isspace():
            pdfium.FPDFText_GetCharOrigin(raw, index, x, y)
            letters = found.setdefault(ctypes.addressof(owner.contents), [])
            letters.append((char, x.value, y.value))
    return found


def _read_text(
    item: pypdfium2.PdfTextObj, places: list[tuple[str, float, float]], seen: _Seen
) -> None:
    """Read one text object."""
    number, matrix = ctypes.c_float(), item.get_matrix()
    pdfium.FPDFTextObj_GetFontSize(item, number)
    size = number.value * matrix.d
    stretch = matrix.a / matrix.d if matrix.d else 0.0
    fill = _colour(item, pdfium.FPDFPageObj_GetFillColor)
    mode = pdfium.FPDFTextObj_GetTextRenderMode(item)
    pdfium.FPDFPageObj_GetStrokeWidth(item, number)
    outlined = (
        mode == _FILL_STROKE
        and number.value <= OUTLINE * size
        and _colour(item, pdfium.FPDFPageObj_GetStrokeColor) == fill
    )
    seen.refuse("hidden text", when=not (mode == _FILL or outlined))
    seen.refuse("marked text", when=pdfium.FPDFPageObj_CountMarks(item) != 0)
    left, _, right, _ = item.get_bounds()
    seen.refuse("text that no reader sees", when=right > left and not places)
    seen.letters += (Letter(*place, size, stretch, fill) for place in places)


def _colour(item: pypdfium2.PdfObject, get: Callable[..., int]) -> Colour:
    """Return an opaque colour, and one that no page has for any other."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not get(item, red, green, blue, alpha) or alpha.value != _OPAQUE:
        return _NO_COLOUR
    return (red.value, green.value, blue.value)


def _is_upright(item: pypdfium2.PdfObject) -> bool:
    """Tell whether an object is neither turned, slanted nor mirrored."""
    matrix = item.get_matrix()
    slack: float = 0.001 * min(matrix.a, matrix.d)
    return slack > 0 and -slack <= matrix.b <= slack and -slack <= matrix.c <= slack


def _is_clipped(item: pypdfium2.PdfObject) -> bool:
    """Tell whether an object is clipped."""
    clip = pdfium.FPDFPageObj_GetClipPath(item)
    return clip is not None and int(pdfium.FPDFClipPath_CountPaths(clip)) > 0


def _is_over_photo(item: pypdfium2.PdfObject, seen: _Seen) -> bool:
    """Tell whether an object lies over the photo; one thin frame around it may."""
    photo = seen.photo_boxes[-1] if seen.photo_boxes else None
    left, bottom, right, top = item.get_bounds()
    if photo is None or not (left < photo[2] and photo[0] < right):
        return False
    if not (bottom < photo[3] and photo[1] < top):
        return False
    fill, width = ctypes.c_int(), ctypes.c_float()
    pdfium.FPDFPath_GetDrawMode(item, fill, ctypes.c_int())
    pdfium.FPDFPageObj_GetStrokeWidth(item, width)
    seen.frames += 1
    return not (
        seen.frames == 1
        and item.type == pdfium.FPDF_PAGEOBJ_PATH
        and pdfium.FPDFPath_CountSegments(item) <= _RECTANGLE
        and fill.value == pdfium.FPDF_FILLMODE_NONE
        and width.value <= FRAME
    )


def _read_image(image: pypdfium2.PdfImage, seen: _Seen) -> None:
    """Read one image; one that is a JPEG as it stands is the photo."""
    if list(image.get_filters()) == ["DCTDecode"]:
        seen.photo_boxes.append(image.get_bounds())
        seen.photos.append(hashlib.sha256(bytes(image.get_data())).digest())
    else:
        seen.symbol_boxes.append(image.get_bounds())


def _text_in(page: pypdfium2.PdfPage, box: Box) -> str | None:
    """Return the text of the one symbol that a box of a rendered page shows."""
    width, height = page.get_size()
    left, bottom, right, top = box
    inside = 0 <= left < right <= width and 0 <= bottom < top <= height
    if not inside:
        return None
    scale = SYMBOL_PIXELS / max(right - left, top - bottom)
    crop = (left, bottom, width - right, height - top)
    picture = page.render(scale=scale, crop=crop, grayscale=True).to_pil()
    return qr.read_alone(picture)


def _texts_on(page: pypdfium2.PdfPage) -> tuple[str, ...]:
    """Return the texts of the symbols that a rendered page shows.

    It is looked at once: a page full of what begins a symbol must not cost more.
    """
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        return ()
    scale = min(RESOLUTION / 72, math.sqrt(MAX_PIXELS / (width * height)))
    picture = page.render(scale=scale, grayscale=True).to_pil()
    return qr.read_image(picture, retry=False)
