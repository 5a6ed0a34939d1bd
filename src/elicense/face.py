"""The printed face of a PDF, read back by another engine than the one that drew it.

What a person sees is text, a symbol and a photo. `read` takes them from the pages: the
text through ToUnicode, the symbol from the rendered picture, the photo from its raw
stream. `compare` holds them against the page that the record composes to.
"""

import difflib
import hashlib
import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

from elicense import payload, qr
from elicense.layout import Page
from elicense.model import License
from esign.errors import MalformedError

MAX_BYTES = 16 << 20
"""Bytes of a file; ours have about 100 KB."""
MAX_PAGES = 8
"""Pages of a file; ours have one."""
MAX_OBJECTS = 20_000
"""Text and image objects on all pages; ours have about a hundred."""
MAX_TEXT = 50_000
"""Characters on all pages; ours have at most some 4,000."""
MAX_PIXELS = 9_000_000
"""Pixels of one rendered page: A4 at 300 dpi."""
MAX_IMAGE = 4 << 20
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
_EXTRA = "text that is not on the composed page"


@dataclass(frozen=True, slots=True)
class Face:
    """What the pages of a file show.

    Attributes:
        text: of all pages in drawing order, white space removed.
        qr_texts: distinct texts of all symbols, in no promised order.
        photo_sha256: of the one photo's bytes as they stand in the file; None where
            there is none or more than one.
        pages: number of pages.
        images: number of images, the symbol and the photo included.
        hidden: a text is drawn so that nobody sees it.
    """

    text: str
    qr_texts: tuple[str, ...]
    photo_sha256: bytes | None
    pages: int = 1
    images: int = 0
    hidden: bool = False


def read(pdf: bytes) -> Face:
    """Return what a PDF shows.

    It checks no signature and opens nothing but the pages. Cost is bounded by the
    limits of this module as far as the engine allows.

    Args:
        pdf: any bytes.

    Raises:
        MalformedError: it is no PDF that can be opened, or it exceeds a limit.
    """
    if len(pdf) > MAX_BYTES:
        raise MalformedError(f"face: more than {MAX_BYTES} bytes")
    with _ENGINE:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError as err:
            raise MalformedError("face: the PDF can not be opened") from err
        try:
            return _read(document)
        except (pypdfium2.PdfiumError, ValueError, OverflowError) as err:
            raise MalformedError("face: a page can not be read") from err
        finally:
            document.close()


def compare(face: Face, page: Page, license_: License, token: bytes) -> tuple[str, ...]:
    """Return how a face differs from what it should be; empty where it does not.

    1. One page. 2. The whole text is that of the composed page: nothing is missing,
    nothing else is there, and none of it is hidden. 3. Exactly one symbol of ours, and
    it spells the token. 4. The photo is the one of the record. 5. No other image.

    Args:
        face: what was read.
        page: composed from the record.
        license_: the record.
        token: bytes of the token.

    Returns:
        One English phrase for each difference with the names of fields, never values.
    """
    differences = []
    if face.pages != 1:  # (1)
        differences.append(f"{face.pages} pages instead of one")
    differences += _text_differences(face.text, page)  # (2)
    if face.hidden:
        differences.append("hidden text")
    differences += _symbol_differences(face.qr_texts, token)  # (3)
    photo = license_.draft.photo
    if face.photo_sha256 != (photo.sha256 if photo else None):  # (4)
        differences.append("photo")
    if face.images != (2 if photo else 1):  # (5)
        differences.append(f"{face.images} images on the page")
    return tuple(differences)


def _text_differences(seen: str, page: Page) -> Iterator[str]:
    """Yield the fields whose text is not as composed."""
    expected = page.text
    if seen == expected:
        return
    if len(seen) > 2 * len(expected) + 200:
        yield _EXTRA
        return
    owners = [run.field for run in page.runs for part in run.text.split() for _ in part]
    matcher = difflib.SequenceMatcher(None, expected, seen, autojunk=False)
    touched: dict[str, None] = {}
    for kind, start, end, _, _ in matcher.get_opcodes():
        if kind == "insert":
            touched[owners[start - 1] if start else _EXTRA] = None
        elif kind != "equal":
            touched.update(dict.fromkeys(owners[start:end]))
    yield from (f"text of {field}" if field != _EXTRA else field for field in touched)


def _symbol_differences(texts: tuple[str, ...], token: bytes) -> Iterator[str]:
    """Yield what is wrong with the symbols; foreign ones are not ours to judge."""
    tokens = []
    for text in texts:
        try:
            tokens.append(payload.read_qr_text(text))
        except payload.NotOursError:
            continue
        except MalformedError:
            tokens.append(b"")
    if len(tokens) != 1:
        yield f"{len(tokens)} QR symbols of this format instead of one"
    elif tokens[0] != token:
        yield "the QR symbol is of another license"


@dataclass(slots=True)
class _Seen:
    """What was met so far while reading."""

    text: list[str]
    photos: list[bytes]
    images: int = 0
    objects: int = 0
    characters: int = 0
    hidden: bool = False


def _read(document: pypdfium2.PdfDocument) -> Face:
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
