"""What the pages of a PDF show, read by another engine than the one that drew them."""

import hashlib
import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pypdfium2
import pypdfium2.raw as pdfium

from elicense import qr
from elicense.face import drawing
from elicense.face.drawing import Drawing
from esign.errors import MalformedError

MAX_BYTES = 4 << 20
"""Bytes of a file; ours have 100 KB to 2 MB, and parsing takes 80 times that."""
MAX_PAGES = 8
"""Pages of a file; ours have one."""
MAX_OBJECTS = 20_000
"""Text and image objects on all pages; ours have about a hundred."""
MAX_TEXT = 50_000
"""Characters on all pages; ours have at most some 4,000."""
MAX_PIXELS = 9_000_000
"""Pixels of one rendered page: A4 at 300 dpi."""
MAX_IMAGE = 1 << 20
"""Bytes of one image stream; a photo has at most 500 KB."""
RESOLUTIONS = (150, 300)
"""Dots per inch of the rendered page; the next where no symbol is read."""

_ENGINE = threading.Lock()
"""PDFium must not be called from two threads at once."""
_HYPHENS = {ord("\x02"): "-", ord("\ufffe"): "-", ord("\x00"): None}
"""The engine marks a hyphen at the end of a line with another character."""
_VISIBLE = (
    pdfium.FPDF_TEXTRENDERMODE_FILL,
    pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE,
)


@dataclass(frozen=True, slots=True)
class Face:
    """What the pages of a file show.

    Attributes:
        text: of all pages in drawing order, white space removed.
        qr_texts: distinct texts of all symbols, in no promised order.
        photo_sha256: of the one photo's bytes as they stand in the file; None where
            there is none or more than one.
        drawing: how the first page is drawn.
        pages: number of pages.
        images: number of images, the symbol and the photo included.
        hidden: a text is drawn so that nobody sees it.
    """

    text: str = field(repr=False)
    qr_texts: tuple[str, ...] = field(repr=False)
    photo_sha256: bytes | None
    drawing: Drawing = field(repr=False)
    pages: int = 1
    images: int = 0
    hidden: bool = False


def read(pdf: bytes) -> Face:
    """Return what a PDF shows.

    It checks no signature and opens nothing but the pages. Cost is bounded by the
    limits of this module as far as the engines allow.

    Args:
        pdf: any bytes.

    Raises:
        MalformedError: it is no PDF that can be opened, its structure is compressed, or
            it exceeds a limit.
    """
    if len(pdf) > MAX_BYTES:
        raise MalformedError(f"face: more than {MAX_BYTES} bytes")
    drawn = drawing.read(pdf)
    with _ENGINE:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError as err:
            raise MalformedError("face: the PDF can not be opened") from err
        try:
            return _read(document, drawn)
        except (pypdfium2.PdfiumError, ValueError, OverflowError) as err:
            raise MalformedError("face: a page can not be read") from err
        finally:
            document.close()


@dataclass(slots=True)
class _Seen:
    """What was met so far while reading."""

    text: list[str]
    photos: list[bytes]
    images: int = 0
    objects: int = 0
    characters: int = 0
    hidden: bool = False


def _read(document: pypdfium2.PdfDocument, drawn: Drawing) -> Face:
    """Read all pages of an open document."""
    count = len(document)
    if not 1 <= count <= MAX_PAGES:
        raise MalformedError(f"face: {count} pages; at most {MAX_PAGES} are read")
    seen = _Seen([], [])
    symbols: dict[str, None] = {}
    for index in range(count):
        page = document[index]
        _read_objects(page, seen)
        symbols.update(dict.fromkeys(_symbols(page)))
        page.close()
    return Face(
        text="".join("".join(seen.text).translate(_HYPHENS).split()),
        qr_texts=tuple(symbols),
        photo_sha256=seen.photos[0] if len(seen.photos) == 1 else None,
        drawing=drawn,
        pages=count,
        images=seen.images,
        hidden=seen.hidden,
    )


def _read_objects(page: pypdfium2.PdfPage, seen: _Seen) -> None:
    """Read text and images of a page in drawing order."""
    text_page = page.get_textpage()
    kinds = (pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_IMAGE)
    for item in page.get_objects(filter=kinds, textpage=text_page):
        seen.objects += 1
        if seen.objects > MAX_OBJECTS:
            raise MalformedError(f"face: more than {MAX_OBJECTS} objects")
        if item.type == pdfium.FPDF_PAGEOBJ_TEXT:
            _read_text(item, page.get_size(), seen)
        else:
            seen.images += 1
            seen.photos += _photo(item)
    text_page.close()


def _read_text(
    item: pypdfium2.PdfTextObj, size: tuple[float, float], seen: _Seen
) -> None:
    """Read one text object."""
    text = item.extract()
    seen.text.append(text)
    seen.characters += len(text)
    if seen.characters > MAX_TEXT:
        raise MalformedError(f"face: more than {MAX_TEXT} characters")
    left, bottom, right, top = item.get_bounds()
    outside = right < 0 or top < 0 or left > size[0] or bottom > size[1]
    mode = pdfium.FPDFTextObj_GetTextRenderMode(item)
    seen.hidden |= outside or mode not in _VISIBLE


def _photo(image: pypdfium2.PdfImage) -> Iterator[bytes]:
    """Yield the digest of an image that is a JPEG as it stands."""
    if list(image.get_filters()) != ["DCTDecode"]:
        return
    size = pdfium.FPDFImageObj_GetImageDataRaw(image, None, 0)
    if size > MAX_IMAGE:
        raise MalformedError(f"face: an image has more than {MAX_IMAGE} bytes")
    yield hashlib.sha256(bytes(image.get_data())).digest()


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
