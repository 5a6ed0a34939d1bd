"""Reads the texts of the symbols in an image; it trusts none of them."""

from collections.abc import Callable, Iterator

import zxingcpp
from PIL import Image, ImageChops, ImageFilter, ImageOps

from elicense.errors import SymbolTooLargeError
from elicense.qr.opening import MAX_IMAGE_PIXELS, in_grey, opened
from elicense.qr.symbol import QUIET_ZONE, encode
from esign.errors import MalformedError

_READ_PIXELS = 9_000_000
"""Larger images are shrunk before reading: an A4 page at 300 dpi has 8.7 million."""

_FINE_PIXELS = 2_200_000
"""Larger images lose detail under two pixels before reading, in pixels.

The reader's time grows with the square of the number of finder patterns. A page full of
patterns of one pixel a module would cost it half a minute; no camera frame above this
size (1920 x 1080 is below it) has modules that small.
"""

_TILE_SIDE, _TILE_STEP = 1400, 700
"""Side and distance in pixels of the pieces in which a large image is read as it is.

A symbol of up to 700 pixels lies whole in one of them; a larger one is read before.
"""

_MAX_EDGES = 0.06
"""The largest share of edges among the pixels of a piece that is read.

A symbol that lies whole in a piece makes at most a few hundredths. What is busier is
what makes the reader slow, such as a field of finder patterns.
"""

_EDGE = 96
"""The smallest step between neighbouring pixels that counts as an edge, of 255: more
than the noise of a camera makes."""

_RETRY_PIXELS = 1_200_000
"""Images are shrunk to this many pixels before a retry doubles them."""

_FILLED = 0.95
"""Share of its due side that a symbol has at least: corners are found to a module."""

_SMOOTH = ImageFilter.GaussianBlur(1.2)


def read_image(
    data: bytes | Image.Image,
    *,
    retry: bool = True,
    wanted: Callable[[str], bool] = bool,
) -> tuple[str, ...]:
    """Return the texts of the QR symbols in an image, each once, top first.

    The first attempt reads the image as it is, a large one smoothed. If it finds
    nothing that is wanted and ``retry`` is set, a large image is read again piece by
    piece, then the image sharpened and with raised contrast, until an attempt does. Of
    an animation the first frame counts. A symbol in byte mode is returned as the text
    that its bytes spell, so that a foreign symbol is seen to be one; bytes that are no
    text come as characters that no text of ours has. Symbols of other kinds (Micro QR,
    Data Matrix, bar codes) are not looked for. What it does not do: judge a text.

    Args:
        data: a PNG, JPEG or WebP file, or a picture in any mode.
        retry: whether to try harder; a camera's stream has a next frame instead.
        wanted: tells of a text whether it is worth no further attempt; a symbol of
            another kind beside it is easier to read, if it is larger.

    Returns:
        The distinct texts, none if there is no readable symbol.

    Raises:
        MalformedError: the bytes are no image of these formats, are damaged, or exceed
            a limit of :mod:`elicense.qr.opening`.
    """
    try:
        grey = in_grey(opened(data) if isinstance(data, bytes) else data)
        found: dict[str, None] = {}
        for texts in _attempts(grey, retry=retry):
            found |= dict.fromkeys(texts)
            if any(map(wanted, found)):
                break
    except MalformedError:
        raise
    except Image.DecompressionBombError as err:
        raise MalformedError(f"image: more than {MAX_IMAGE_PIXELS} pixels") from err
    except Exception as err:
        # Pillow's decoders raise many types on damaged files, some of them bare
        # SyntaxError, struct.error or MemoryError; no list of them is complete.
        raise MalformedError("image: it can not be decoded") from err
    return tuple(found)


def _attempts(grey: Image.Image, *, retry: bool) -> Iterator[tuple[str, ...]]:
    """Yield the texts that one attempt after the other reads."""
    yield _texts(_readable(grey))
    if retry:
        yield _texts_in_pieces(grey)
        grey.thumbnail(_fitting(grey.size, _RETRY_PIXELS), reducing_gap=2.0)
        for mend in _RETRIES:
            yield _texts(mend(grey))


def read_alone(picture: Image.Image) -> str | None:
    """Return the text of the one symbol that a picture shows and that fills it.

    Args:
        picture: a drawn symbol with its quiet zone, cut out, upright, some pixels a
            module.

    Returns:
        None where there is none, more than one, or room for anything beside it.
    """
    found = _symbols(in_grey(picture))
    if len(found) != 1:
        return None
    (symbol,) = found
    try:
        modules = encode(symbol.text).size
    except (ValueError, SymbolTooLargeError):
        return None
    corners = symbol.position
    wide = corners.top_right.x - corners.top_left.x
    high = corners.bottom_left.y - corners.top_left.y
    share = modules / (modules + 2 * QUIET_ZONE) * _FILLED
    fills = wide >= share * picture.width and high >= share * picture.height
    return symbol.text if fills else None


def _fitting(size: tuple[int, int], pixels: int) -> tuple[int, int]:
    """Return the size of the same shape that has at most so many pixels."""
    width, height = size
    factor = min(1.0, (pixels / (width * height)) ** 0.5)
    return max(1, int(width * factor)), max(1, int(height * factor))


def _readable(grey: Image.Image) -> Image.Image:
    """Return what the first attempt reads: bounded in size and in detail."""
    if grey.width * grey.height <= _FINE_PIXELS:
        return grey
    factor = 1
    while grey.width * grey.height > _READ_PIXELS * factor**2:
        factor += 1
    return grey.reduce(factor).filter(_SMOOTH)


def _symbols(grey: Image.Image) -> list[zxingcpp.Barcode]:
    return zxingcpp.read_barcodes(
        grey,
        zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2),
        text_mode=zxingcpp.TextMode.Plain,
    )


def _texts(grey: Image.Image) -> tuple[str, ...]:
    """Return the distinct texts that one attempt reads, by their place in the image."""
    corners = [(found.position.top_left, found.text) for found in _symbols(grey)]
    placed = sorted((corner.y, corner.x, text) for corner, text in corners)
    return tuple(dict.fromkeys(text for _, _, text in placed))


def _texts_in_pieces(grey: Image.Image) -> tuple[str, ...]:
    """Return the distinct texts in the overlapping pieces of a large image."""
    found: dict[str, None] = {}
    if grey.width * grey.height > _FINE_PIXELS:
        for top in range(0, max(1, grey.height - _TILE_STEP), _TILE_STEP):
            for left in range(0, max(1, grey.width - _TILE_STEP), _TILE_STEP):
                right = min(left + _TILE_SIDE, grey.width)
                bottom = min(top + _TILE_SIDE, grey.height)
                piece = grey.crop((left, top, right, bottom))
                if _edges(piece) <= _MAX_EDGES:
                    found.update(dict.fromkeys(_texts(piece)))
    return tuple(found)


def _edges(grey: Image.Image) -> float:
    """Return the share of pixels that differ much from their left neighbour."""
    steps = ImageChops.difference(grey, ImageChops.offset(grey, 1, 0))
    counts = steps.histogram()
    return sum(counts[_EDGE:]) / (grey.width * grey.height)


def _doubled(grey: Image.Image) -> Image.Image:
    size = (grey.width * 2, grey.height * 2)
    return grey.resize(size, Image.Resampling.BICUBIC)


def _sharpened(radius: int, percent: int) -> Callable[[Image.Image], Image.Image]:
    """Return the retry that doubles an image and sharpens it, radius in pixels."""
    mask = ImageFilter.UnsharpMask(radius, percent, 0)
    return lambda grey: _doubled(grey).filter(mask)


def _brightened(grey: Image.Image) -> Image.Image:
    """Return the image smoothed, doubled, and with its values spread: low light."""
    smooth = grey.filter(ImageFilter.GaussianBlur(1))
    return ImageOps.autocontrast(_doubled(smooth), cutoff=1)


# In the order of what each adds to the ones before on the battery of the tests: blur,
# noise in low light, blur of large modules, strong blur of small ones.
_RETRIES: tuple[Callable[[Image.Image], Image.Image], ...] = (
    _sharpened(4, 500),
    _brightened,
    _sharpened(8, 500),
    _sharpened(3, 900),
)
