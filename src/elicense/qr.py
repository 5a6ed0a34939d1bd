"""QR symbols: the symbol of a text, its drawings, and the texts in an image.

A symbol is drawn as ISO/IEC 18004 says, at error correction level M, in the smallest
version that holds the text (docs/formats/token.md, section 3). Reading says what the
symbols in an image spell and nothing more: it trusts no text.
"""

import functools
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import zxingcpp
from PIL import Image, ImageChops, ImageFilter, ImageOps

from elicense import quick_symbol
from elicense.errors import SymbolTooLargeError
from esign.errors import MalformedError

QUIET_ZONE = quick_symbol.MARGIN
"""Light modules around a symbol, on each side (ISO/IEC 18004, section 6.3.8)."""

MAX_VERSION = 20
"""The largest version that is printed (docs/formats/token.md, section 3)."""

_MAX_SIZE = 17 + 4 * MAX_VERSION

MIN_MODULE_MM = 0.40
"""The smallest printed module in mm.

At 0.34, four dots of a 300 dpi printer, zbar does not read about one page in twenty at
150 dpi; at 0.38 and more it read all.
"""

MAX_SCALE = 64
"""The largest drawing scale, in pixels per module."""

MAX_IMAGE_BYTES = 32 * 1024 * 1024
"""The largest image file that is opened, in bytes."""

MAX_IMAGE_PIXELS = 36_000_000
"""The largest image that is decoded, in pixels: A4 at 600 dpi has 34.8 million."""

MAX_HEAVY_PIXELS = 20_000_000
"""The same for WebP and progressive JPEG, whose decoders hold several copies."""

MAX_IMAGE_SIDE = 16_384
"""The longest side of an image that is decoded, in pixels."""

MAX_JPEG_SCANS = 24
"""The most scans of a JPEG file; encoders write about ten, each costs a full pass."""

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

_FORMATS = ("PNG", "JPEG", "WEBP")
_JPEG = ("JPEG", "MPO")
_START_OF_SCAN = b"\xff\xda"
_SMOOTH = ImageFilter.GaussianBlur(1.2)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR symbol, without its quiet zone.

    Attributes:
        size: modules on a side, 17 + 4 * version.
        rows: the rows of modules from the top. In ``rows[y]`` the bit ``size - 1 - x``
            is module x from the left; 1 is dark.

    Raises:
        ValueError: no symbol has that size, or the rows are not of that size.
    """

    size: int
    rows: tuple[int, ...] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no square of modules of a version's size."""
        number, rest = divmod(self.size - 17, 4)
        if rest or not 1 <= number <= 40:  # noqa: PLR2004  versions of the standard
            raise ValueError("no QR symbol has that size")
        if (
            len(self.rows) != self.size
            or min(self.rows) < 0
            or max(self.rows) >> self.size
        ):
            raise ValueError("the rows of the symbol are not of its size")


def encode(text: str) -> Symbol:
    """Return the symbol of ``text`` at level M with the mask of the lowest penalty.

    The base45 carrier is in alphanumeric mode throughout; of the carrier with a host
    only the characters outside that alphabet are in byte mode. The penalty is that of
    ISO/IEC 18004, section 7.8.3.

    Args:
        text: printable ASCII, at least one character.

    Raises:
        SymbolTooLargeError: the text does not fit version 20-M.
        ValueError: the text is empty or not printable ASCII.
    """
    if not text or not (text.isascii() and text.isprintable()):
        raise ValueError("a QR text is printable ASCII and not empty")
    try:
        frame = quick_symbol.draw(text, mask=0)
    except ValueError as err:  # longer than version 40 holds
        raise SymbolTooLargeError(("qr_text",)) from err
    if frame.size > _MAX_SIZE:
        raise SymbolTooLargeError(("qr_text",))
    return Symbol(frame.size, quick_symbol.rows(quick_symbol.best(frame)))


def version(symbol: Symbol) -> int:
    """Return the version, 1 to 40, of a symbol (ISO/IEC 18004, section 6.1)."""
    return (symbol.size - 17) // 4


def printed_width_mm(modules: int, wanted_mm: float) -> float:
    """Return the width in mm to print a symbol at, with both quiet zones.

    It is ``wanted_mm``, or more where modules would be below ``MIN_MODULE_MM``.

    Args:
        modules: modules on a side, without quiet zone.
        wanted_mm: the width in mm if the modules allow it.
    """
    return max(wanted_mm, (modules + 2 * QUIET_ZONE) * MIN_MODULE_MM)


def dark_runs(symbol: Symbol) -> Iterator[tuple[int, int, int]]:
    """Yield the dark runs of each row as column, row and length, in modules.

    Rows and columns count from the top left module, without the quiet zone.
    """
    for y, row in enumerate(symbol.rows):
        rest = row
        while rest:
            left = rest.bit_length()
            # What is light from there on, the run's own modules turned to zero.
            light = rest ^ ((1 << left) - 1)
            yield symbol.size - left, y, left - light.bit_length()
            rest &= (1 << light.bit_length()) - 1


def bitmap(symbol: Symbol, pixels: int = 4) -> tuple[int, bytes]:
    """Return the symbol with its quiet zone as an image of one bit a pixel.

    Args:
        symbol: the symbol.
        pixels: pixels per module on a side, 1 to ``MAX_SCALE``.

    Returns:
        The side in pixels, and the rows from the top, each padded with light pixels to
        whole bytes. The highest bit is the leftmost pixel; 0 is dark.

    Raises:
        ValueError: the pixels are out of range.
    """
    if not 1 <= pixels <= MAX_SCALE:
        raise ValueError(f"the scale is 1 to {MAX_SCALE} pixels per module")
    modules = symbol.size + 2 * QUIET_ZONE
    packed = (modules + 7) // 8  # bytes of a row at one pixel per module
    blank = bytes(packed * QUIET_ZONE)
    padding = packed * 8 - modules + QUIET_ZONE
    inner = [(row << padding).to_bytes(packed, "big") for row in symbol.rows]
    small = b"".join([blank, *inner, blank])
    wide = bytearray(len(small) * pixels)
    for index, table in enumerate(_widening(pixels)):
        wide[index::pixels] = small.translate(table)
    stride = (modules * pixels + 7) // 8
    starts = range(0, len(wide), packed * pixels)
    data = b"".join([wide[start : start + stride] * pixels for start in starts])
    return modules * pixels, data


@functools.lru_cache(maxsize=8)
def _widening(pixels: int) -> tuple[bytes, ...]:
    """Return the tables that make eight modules, one byte, into bytes of pixels.

    Table k gives byte k of the eight times ``pixels`` pixels; 1 is light in them.
    """
    module = (1 << pixels) - 1
    wide = [
        sum((~byte >> bit & 1) * module << bit * pixels for bit in range(8))
        for byte in range(256)
    ]
    return tuple(
        bytes(value >> 8 * (pixels - 1 - index) & 0xFF for value in wide)
        for index in range(pixels)
    )


def to_svg(symbol: Symbol, module_mm: float = MIN_MODULE_MM) -> str:
    """Return an SVG 1.1 document of the symbol on white, with its quiet zone.

    Args:
        symbol: the symbol.
        module_mm: the printed module in mm.

    Raises:
        ValueError: the module is not positive.
    """
    if not module_mm > 0:
        raise ValueError("a module is a positive number of mm")
    side = symbol.size + 2 * QUIET_ZONE
    width = f"{side * module_mm:.2f}mm"
    path = "".join(
        f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h{length}v1h-{length}z"
        for x, y, length in dark_runs(symbol)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{width}"'
        f' viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/>'
        f'<path fill="#000" d="{path}"/></svg>\n'
    )


def to_image(symbol: Symbol, scale: int = 4) -> Image.Image:
    """Return the symbol as a black and white image (mode 1), with its quiet zone.

    Args:
        symbol: the symbol.
        scale: pixels per module, 1 to ``MAX_SCALE``.

    Raises:
        ValueError: the scale is out of range.
    """
    side, data = bitmap(symbol, scale)
    return Image.frombytes("1", (side, side), data)


def to_png(symbol: Symbol, scale: int = 4) -> bytes:
    """Return a one-bit PNG of the symbol with its quiet zone.

    The same symbol gives the same bytes under one version of Pillow.

    Args:
        symbol: the symbol.
        scale: pixels per module, 1 to ``MAX_SCALE``.

    Raises:
        ValueError: the scale is out of range.
    """
    out = io.BytesIO()
    to_image(symbol, scale).save(out, "PNG", optimize=True)
    return out.getvalue()


def to_terminal(symbol: Symbol, *, light_background: bool = False) -> str:
    """Return the symbol in half blocks, two modules a character, with its quiet zone.

    Args:
        symbol: the symbol.
        light_background: the terminal shows dark letters on a light ground; otherwise
            light letters on a dark one.

    Returns:
        Lines that each end in a line feed.
    """
    side = symbol.size + 2 * QUIET_ZONE
    blank = "0" * side
    quiet = "0" * QUIET_ZONE
    rows = [f"{quiet}{row:0{symbol.size}b}{quiet}" for row in symbol.rows]
    # The side is odd, so one light row more completes the last line.
    rows = [blank] * QUIET_ZONE + rows + [blank] * (QUIET_ZONE + 1)
    # What is printed is the letters' ink: dark on a light ground, light on a dark one.
    printed = "1" if light_background else "0"
    ink = (" ", "▄", "▀", "█")
    lines = (
        "".join(
            ink[2 * (high == printed) + (low == printed)]
            for high, low in zip(upper, lower, strict=True)
        )
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )
    return "".join(line + "\n" for line in lines)


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
            a limit of this module.
    """
    try:
        grey = _grey(_opened(data) if isinstance(data, bytes) else data)
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
    found = zxingcpp.read_barcodes(
        _grey(picture),
        zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2),
        text_mode=zxingcpp.TextMode.Plain,
    )
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


def _opened(data: bytes) -> Image.Image:
    """Return the image of a file, its limits checked before anything is decoded."""
    if len(data) > MAX_IMAGE_BYTES:
        raise MalformedError(f"image: more than {MAX_IMAGE_BYTES} bytes")
    image = Image.open(io.BytesIO(data), formats=_FORMATS)
    heavy = image.format == "WEBP" or "progressive" in image.info
    _check_size(image, MAX_HEAVY_PIXELS if heavy else MAX_IMAGE_PIXELS)
    if image.format in _JPEG:
        if data.count(_START_OF_SCAN) > MAX_JPEG_SCANS:
            raise MalformedError(f"image: more than {MAX_JPEG_SCANS} scans")
        image.draft("L", image.size)
    return image


def _check_size(image: Image.Image, limit: int) -> None:
    width, height = image.size
    if not 0 < width * height <= limit or max(image.size) > MAX_IMAGE_SIDE:
        raise MalformedError(
            f"image: {width} x {height} pixels; at most {limit} are decoded"
        )


def _grey(image: Image.Image) -> Image.Image:
    """Return the image in 8-bit grey, what is transparent as white."""
    _check_size(image, MAX_IMAGE_PIXELS)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("L", image.size, 255)
        paper.paste(image.convert("L"), mask=image.getchannel("A"))
        return paper
    if image.mode.startswith("I;16"):
        # A grey PNG of 16 bits; converting it directly would cut values, not scale.
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    return image.convert("L")


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


def _texts(grey: Image.Image) -> tuple[str, ...]:
    """Return the distinct texts that one attempt reads, by their place in the image."""
    found = zxingcpp.read_barcodes(
        grey,
        zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2),
        text_mode=zxingcpp.TextMode.Plain,
    )
    corners = [(symbol.position.top_left, symbol.text) for symbol in found]
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
