"""What the pages of a PDF draw, read by other engines than the one that drew them.

PDFium gives texts, images and their order; qpdf gives the page's own dictionaries. Of
these nothing but keys, boxes and flags is judged: there are lists of the keys that a
page of ours may have, so that no action, layer, rotation, mask or second annotation is
among them (docs/formats/pdf.md, section 9).
"""

import ctypes
import hashlib
import io
import math
import re
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from elicense import qr
from elicense.layout import Box, Colour
from elicense.record import MAX_SCAN_BYTES
from esign.errors import MalformedError

MAX_BYTES = (4 << 20) + MAX_SCAN_BYTES
"""Bytes of a file; ours have 100 KB to 2 MB, and perhaps a scan of the paper."""
MAX_PARTS = 2_000
"""Indirect objects of a file; ours have about 40."""
MAX_INFLATED = 16 << 20
"""Bytes of all inflated streams of a file; ours have at most 3 MB and a scan."""
MAX_PAGES = 8
"""Pages of a file; ours have one."""
MAX_OBJECTS = 20_000
"""Texts, images, paths and forms on all pages; ours have about a hundred."""
MAX_TEXT = 50_000
"""Characters on all pages; ours have at most some 4,000."""
MAX_PIXELS = 9_000_000
"""Pixels of one rendered page, A4 at 300 dpi, and of one JPEG."""
RESOLUTIONS = (150, 300)
"""Dots per inch of the rendered page; the next where no symbol is read."""
OUTLINE = 0.1
"""Greatest width of a text's outline, in parts of the type size."""
FRAME = 1.0
"""Greatest width of a frame around the photo in points."""

_ENGINE = threading.Lock()
"""PDFium must not be called from two threads at once."""
_HYPHENS = {0x02: ord("-"), 0xFFFE: ord("-")}
"""The engine marks a hyphen at the end of a line with another character."""
_FILL = pdfium.FPDF_TEXTRENDERMODE_FILL
_FILL_STROKE = pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE
_HIGH, _LOW = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
_OPAQUE = 255
_RECTANGLE = 5  # segments of a path, the closing one included
_NO_COLOUR: Colour = (-1000, -1000, -1000)
_TABLE_END = re.compile(rb"startxref\s+([0-9]{1,10})\s+%%EOF\s*")
_INDIRECT = re.compile(rb"/(?:XRefStm|Prev|Encrypt)|#")
"""Entries of a trailer that ours has not; # could spell them in another way."""
_UNSEEN = 1 << 0 | 1 << 1 | 1 << 5 | 1 << 8
"""Flags Invisible, Hidden, NoView, ToggleNoView (ISO 32000-1, table 165)."""
_PRINT = 1 << 2
_NO_IMAGE = (OSError, Image.DecompressionBombError, Image.DecompressionBombWarning)

_CATALOG = frozenset({
    "/Type", "/Pages", "/Lang", "/ViewerPreferences", "/Metadata", "/OutputIntents",
    "/AF", "/Names", "/AcroForm", "/Perms",
})  # fmt: skip
_TREE = frozenset({"/Type", "/Kids", "/Count"})
_PAGE = frozenset({
    "/Type", "/Parent", "/MediaBox", "/CropBox", "/Resources", "/Contents", "/Annots",
})  # fmt: skip
_RESOURCES = frozenset({"/Font", "/XObject", "/ProcSet"})
_FORM_RESOURCES = frozenset({"/ProcSet", "/ExtGState", "/ColorSpace"})
_IMAGE = frozenset({
    "/Type", "/Subtype", "/Name", "/Width", "/Height", "/ColorSpace",
    "/BitsPerComponent", "/Interpolate", "/Intent", "/Length", "/Filter",
    "/DecodeParms",
})  # fmt: skip
_SEAL = {"/Type", "/Subtype", "/FT", "/T", "/F", "/Rect", "/AP", "/P", "/V"}


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
        boxes: in points, of the first page's ``paper`` and ``seal``, of the ``photo``
            and of the ``symbol``, as far as they are there.
    """

    letters: tuple[Letter, ...] = field(repr=False)
    qr_texts: tuple[str, ...] = field(repr=False)
    photo_sha256: bytes | None
    faults: tuple[str, ...]
    pages: int
    images: int
    boxes: Mapping[str, Box]

    @property
    def text(self) -> str:
        """Return the text of all pages in drawing order, without white space."""
        return "".join(letter.char for letter in self.letters)


def read(pdf: bytes) -> Face:
    """Return what a PDF shows.

    It checks no signature. This module's limits bound its cost as far as they can.

    Args:
        pdf: any bytes.

    Raises:
        MalformedError: it is no PDF that can be opened, its structure is compressed, or
            it exceeds a limit.
    """
    if len(pdf) > MAX_BYTES:
        raise MalformedError(f"face: more than {MAX_BYTES} bytes")
    seen = _Seen()
    _open_structure(pdf, seen)
    with _ENGINE:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError as err:
            raise MalformedError("face: the PDF can not be opened") from err
        try:
            return _read(document, seen)
        except (pypdfium2.PdfiumError, ValueError, OverflowError) as err:
            raise MalformedError("face: a page can not be read") from err
        finally:
            document.close()


@dataclass(slots=True)
class _Seen:
    """What was met so far while reading."""

    letters: list[Letter] = field(default_factory=list)
    photos: list[bytes] = field(default_factory=list)
    faults: dict[str, None] = field(default_factory=dict)
    images: int = 0
    objects: int = 0
    characters: int = 0
    frames: int = 0
    has_text: bool = False
    boxes: dict[str, Box] = field(default_factory=dict)

    def refuse(self, phrase: str, *, when: bool) -> None:
        """Note a fault where there is one."""
        if when:
            self.faults[phrase] = None


def _read(document: pypdfium2.PdfDocument, seen: _Seen) -> Face:
    """Read all pages of an open document."""
    count = len(document)
    if not 1 <= count <= MAX_PAGES:
        raise MalformedError(f"face: {count} pages; at most {MAX_PAGES} are read")
    symbols: dict[str, None] = {}
    for index in range(count):
        page = document[index]
        _read_objects(page, seen)
        symbols.update(dict.fromkeys(_symbols(page)))
        page.close()
    return Face(
        letters=tuple(seen.letters),
        qr_texts=tuple(symbols),
        photo_sha256=seen.photos[0] if len(seen.photos) == 1 else None,
        faults=tuple(seen.faults),
        pages=count,
        images=seen.images,
        boxes=seen.boxes,
    )


def _read_objects(page: pypdfium2.PdfPage, seen: _Seen) -> None:
    """Read what a page draws, in drawing order."""
    text_page = page.get_textpage()
    places = _places(text_page, seen)
    for item in page.get_objects(textpage=text_page):
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
    photo = seen.boxes.get("photo")
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
    seen.images += 1
    is_photo = list(image.get_filters()) == ["DCTDecode"]
    seen.boxes["photo" if is_photo else "symbol"] = image.get_bounds()
    if is_photo:
        seen.photos.append(hashlib.sha256(bytes(image.get_data())).digest())


def _symbols(page: pypdfium2.PdfPage) -> tuple[str, ...]:
    """Return the texts of the symbols on a rendered page."""
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        return ()
    for dpi in RESOLUTIONS:
        scale = min(dpi / 72, math.sqrt(MAX_PIXELS / (width * height)))
        picture = page.render(scale=scale, grayscale=True).to_pil()
        texts = qr.read_image(picture, retry=dpi == RESOLUTIONS[-1])
        if texts:
            return texts
    return ()


def _open_structure(pdf: bytes, seen: _Seen) -> None:
    """Open a file for its dictionaries.

    Only a file with a classic cross-reference table is opened, so that opening inflates
    nothing, and no other engine need inflate more than `MAX_INFLATED` of it later.
    """
    if not _has_plain_table(pdf):
        raise MalformedError("face: there is no plain cross-reference table at the end")
    try:
        with pikepdf.open(io.BytesIO(pdf), attempt_recovery=False) as document:
            _require_bounded(document)
            _read_structure(document, seen)
    except (
        pikepdf.PikepdfError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as err:
        raise MalformedError("face: the page's structure can not be read") from err


def _has_plain_table(pdf: bytes) -> bool:
    """Tell whether a file's last cross-reference section is a table and the only one.

    Objects can be compressed only where a stream says so, and only such a stream would
    be inflated while the file is opened (ISO 32000-1, 7.5.8).
    """
    end = _TABLE_END.search(pdf, max(0, len(pdf) - 64))
    if not pdf.startswith(b"%PDF-") or end is None:
        return False
    start = int(end[1])
    trailer = pdf.rfind(b"trailer", start, end.start())
    return (
        pdf.startswith(b"xref", start)
        and trailer > 0
        and not _INDIRECT.search(pdf, trailer, end.start())
    )


def _require_bounded(document: pikepdf.Pdf) -> None:
    """Refuse a file whose streams are more than anything of ours when inflated."""
    if len(document.objects) > MAX_PARTS:
        raise MalformedError(f"face: more than {MAX_PARTS} objects")
    left = MAX_INFLATED
    for item in document.objects:
        if not isinstance(item, pikepdf.Stream):
            continue
        if "/Filter" not in item:
            left -= len(item.read_raw_bytes())
        elif item.Filter == pikepdf.Name.FlateDecode:
            left -= _inflated_size(item.read_raw_bytes(), left)
        elif item.Filter == pikepdf.Name.DCTDecode:
            _require_small_jpeg(item.read_raw_bytes())
        else:
            raise MalformedError("face: a stream has a filter that ours have not")
        if left < 0:
            raise MalformedError("face: the streams are too large")


def _inflated_size(data: bytes, limit: int) -> int:
    """Return how many bytes a stream has when it is inflated, up to its very end."""
    engine = zlib.decompressobj()
    try:
        size = len(engine.decompress(data, limit + 1))
    except zlib.error as err:
        raise MalformedError("face: a stream is damaged") from err
    if size > limit or not engine.eof or engine.unused_data:
        raise MalformedError("face: a stream is too large or not of one piece")
    return size


def _require_small_jpeg(data: bytes) -> None:
    """Refuse a JPEG of too many pixels."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            width, height = image.size
    except _NO_IMAGE as err:
        raise MalformedError("face: a JPEG can not be read") from err
    if width * height > MAX_PIXELS:
        raise MalformedError(f"face: a JPEG of more than {MAX_PIXELS} pixels")


def _read_structure(document: pikepdf.Pdf, seen: _Seen) -> None:
    """Read the dictionaries of an open document and of its first page."""
    root = document.Root
    tree = root.Pages
    page = tree.Kids[0]
    resources = page.get("/Resources", pikepdf.Dictionary())
    for name, part, allowed in (
        ("catalog", root, _CATALOG),
        ("viewer's table", root.get("/ViewerPreferences"), {"/DisplayDocTitle"}),
        ("table of names", root.get("/Names"), {"/EmbeddedFiles"}),
        ("page tree", tree, _TREE),
        ("page", page, _PAGE),
        ("page's table of resources", resources, _RESOURCES),
    ):
        other = part is not None and not set(part.keys()) <= allowed
        seen.refuse(f"the {name} has another entry", when=other)
    seen.refuse("the page tree has another entry", when=len(tree.Kids) != tree.Count)
    seen.boxes["paper"] = paper = _box(page.MediaBox)
    cropped = _box(page.get("/CropBox", page.MediaBox)) != paper
    seen.refuse("the page is cropped", when=cropped)
    _read_resources(resources, seen)
    notes = page.get("/Annots", pikepdf.Array()).as_list()
    if len(notes) != 1:
        phrase = f"{len(notes)} annotations on the page instead of the seal alone"
        seen.refuse(phrase, when=True)
        return
    seen.refuse("the annotation is not a visible seal", when=not _is_seal(notes[0]))
    seen.boxes["seal"] = _box(notes[0].Rect)


def _read_resources(resources: pikepdf.Object, seen: _Seen) -> None:
    """Read the dictionaries of the forms and images that a page can draw.

    A form of ours consists of paths. One that could draw another form, a text, a layer
    or a pattern is refused before anything draws it.
    """
    for item in resources.get("/XObject", pikepdf.Dictionary()).values():
        if item.Subtype == pikepdf.Name.Image:
            masked = not set(item.keys()) <= _IMAGE
            seen.refuse("an image has another entry", when=masked)
            photo = "/Filter" in item and item.Filter == pikepdf.Name.DCTDecode
            spaces = (pikepdf.Name.DeviceRGB, pikepdf.Name.DeviceGray)
            other = photo and item.ColorSpace not in spaces
            seen.refuse("a photo is shown in other colours", when=other)
        elif not set(item.Resources.keys()) <= _FORM_RESOURCES:
            raise MalformedError("face: a form has resources that ours have not")


def _is_seal(note: pikepdf.Object) -> bool:
    """Tell whether an annotation is a signature's that is seen and printed."""
    flags = int(note.get("/F", 0))
    return (
        set(note.keys()) <= _SEAL
        and note.get("/Subtype") == pikepdf.Name.Widget
        and note.get("/FT") == pikepdf.Name.Sig
        and flags & (_PRINT | _UNSEEN) == _PRINT
        and set(note.get("/AP", pikepdf.Dictionary()).keys()) == {"/N"}
        and isinstance(note.AP.N, pikepdf.Stream)
    )


def _box(values: pikepdf.Object) -> Box:
    """Return a rectangle."""
    left, bottom, right, top = (float(value) for value in values.as_list())
    return (left, bottom, right, top)
