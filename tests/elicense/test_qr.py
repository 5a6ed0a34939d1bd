"""Symbols: drawn so that strangers read them, read even from poor pictures."""

import io
import random
import re
import time
import zlib
from contextlib import suppress

import pytest
import qrcode
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageFilter, ImageOps

from elicense import qr
from elicense.errors import SymbolTooLargeError
from elicense.qr import reading
from esign.encoding import BASE45_ALPHABET, base45_encode
from esign.errors import MalformedError
from tests.support import missing

PREFIX = "EL1-AQYZ/.:$"


def token_text(size: int = 380, seed: int = 0) -> str:
    return PREFIX + base45_encode(random.Random(seed).randbytes(size))


def file_of(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def drawn(text: str, pixels_per_module: float = 4) -> Image.Image:
    big = qr.to_image(qr.encode(text), 8).convert("L")
    side = round(big.width / 8 * pixels_per_module)
    return big.resize((side, side), Image.Resampling.BOX)


# What is drawn.


@pytest.mark.parametrize("size", [1, 200, 380, 400, 600])
def test_the_smallest_version_is_drawn(size):
    text = token_text(size)
    other = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M)
    other.add_data(text)
    assert qr.version(qr.encode(text)) == other.best_fit(other.version)


def test_level_m_and_alphanumeric_mode_are_used():
    # 970 characters is the capacity of 20-M in alphanumeric mode (ISO/IEC 18004).
    assert qr.version(qr.encode("A" * 970)) == qr.MAX_VERSION
    with pytest.raises(SymbolTooLargeError):
        qr.encode("A" * 971)
    symbol = qr.encode("A")
    # Level M is 00 under the mask pattern 10.
    assert symbol.rows[8] >> symbol.size - 2 == 0b10


@pytest.mark.parametrize("length", [971, 5000, 100_000])
def test_a_text_that_does_not_fit_is_refused(length):
    with pytest.raises(SymbolTooLargeError) as caught:
        qr.encode("A" * length)
    assert caught.value.fields == ("qr_text",)


@pytest.mark.parametrize("text", ["", "é", "中", "A\n", "\x00", "\ud800"])
def test_a_text_that_is_not_printable_ascii_is_misuse(text):
    with pytest.raises(ValueError, match="printable ASCII"):
        qr.encode(text)


@settings(max_examples=40, deadline=None)
@given(st.text(BASE45_ALPHABET, min_size=1, max_size=500))
def test_what_is_drawn_is_read(text):
    assert qr.read_image(qr.to_image(qr.encode(text), 3)) == (text,)


def test_the_carrier_with_a_host_is_read():
    text = "HTTPS://CHECK.EXAMPLE/#EL1" + base45_encode(bytes(range(200)))
    assert qr.read_image(qr.to_png(qr.encode(text))) == (text,)


def test_a_second_reader_reads_the_drawing():
    try:
        from pyzbar import pyzbar  # noqa: PLC0415  needs a system library
    except ImportError:
        missing("libzbar", "install the Debian package libzbar0")
    text = token_text()
    found = pyzbar.decode(qr.to_image(qr.encode(text), 4).convert("L"))
    assert [symbol.data.decode() for symbol in found] == [text]


def test_a_second_encoder_is_read():
    text = token_text(300)
    code = qrcode.QRCode(box_size=4, border=4)
    code.add_data(text)
    assert qr.read_image(code.make_image().get_image()) == (text,)


def with_quiet_zone(symbol: qr.Symbol) -> list[list[bool]]:
    side = symbol.size + 8
    cells = [[False] * side for _ in range(side)]
    for y, row in enumerate(symbol.rows):
        for x in range(symbol.size):
            cells[y + 4][x + 4] = bool(row >> symbol.size - 1 - x & 1)
    return cells


@st.composite
def symbols(draw: st.DrawFn) -> qr.Symbol:
    """Any square of modules that has the size of a symbol."""
    size = draw(st.sampled_from([21, 25, 41, 97]))
    row = st.integers(0, (1 << size) - 1)
    return qr.Symbol(size, tuple(draw(st.lists(row, min_size=size, max_size=size))))


def test_the_svg_draws_the_symbol_and_its_quiet_zone():
    symbol = qr.encode(token_text(100))
    svg = qr.to_svg(symbol, 0.5)
    side = symbol.size + 8
    cells = [[False] * side for _ in range(side)]
    for run in re.finditer(r"M(\d+) (\d+)h(\d+)v1h-\3z", svg):
        x, y, length = map(int, run.groups())
        assert not any(cells[y][x : x + length])
        cells[y][x : x + length] = [True] * length
    assert cells == with_quiet_zone(symbol)
    assert f'width="{side * 0.5:.2f}mm" height="{side * 0.5:.2f}mm"' in svg
    assert f'viewBox="0 0 {side} {side}"' in svg


@settings(max_examples=20, deadline=None)
@given(symbols())
def test_dark_runs_are_whole_and_in_order(symbol):
    cells = with_quiet_zone(symbol)
    runs = list(qr.dark_runs(symbol))
    assert runs == sorted(runs, key=lambda run: (run[1], run[0]))
    for x, y, length in runs:
        row = cells[y + 4]
        # What lies before and behind a run is light: it is as long as it can be.
        assert row[x + 3 : x + length + 5] == [False, *[True] * length, False]
        row[x + 4 : x + length + 4] = [False] * length
    assert not any(map(any, cells))


@pytest.mark.parametrize("light_background", [False, True])
def test_the_terminal_shows_the_symbol_and_its_quiet_zone(light_background):
    symbol = qr.encode(token_text(100))
    upper = {"█": True, "▀": True, "▄": False, " ": False}
    lower = {"█": True, "▀": False, "▄": True, " ": False}
    lines = qr.to_terminal(symbol, light_background=light_background).splitlines()
    lit = [[half[char] for char in line] for line in lines for half in (upper, lower)]
    dark = [[cell == light_background for cell in row] for row in lit]
    assert dark[:-1] == with_quiet_zone(symbol)
    assert not any(dark[-1])


@settings(max_examples=40, deadline=None)
@given(symbols(), st.sampled_from([1, 2, 3, 4, 5, 7, 8, 9, 16]))
def test_the_bitmap_is_the_symbol_pixel_by_pixel(symbol, pixels):
    cells = with_quiet_zone(symbol)
    wide = [["10"[cell] * pixels for cell in row] for row in cells]
    side, data = qr.bitmap(symbol, pixels)
    assert side == len(cells) * pixels
    stride = (side + 7) // 8
    lines = ["".join(row).ljust(stride * 8, "1") for row in wide for _ in range(pixels)]
    assert data == b"".join(int(line, 2).to_bytes(stride, "big") for line in lines)


def test_the_image_has_the_pixels_of_the_bitmap():
    symbol = qr.encode(token_text(100))
    for pixels in (1, 4, 7, qr.MAX_SCALE):
        side, data = qr.bitmap(symbol, pixels)
        image = qr.to_image(symbol, pixels)
        assert (image.mode, image.size) == ("1", (side, side))
        small = image.convert("L").resize((side // pixels,) * 2, Image.Resampling.BOX)
        dark = [value == 0 for value in small.tobytes()]
        assert dark == [cell for row in with_quiet_zone(symbol) for cell in row]
        assert len(data) == side * ((side + 7) // 8)


def test_the_png_is_small_exact_and_the_same_each_time():
    symbol = qr.encode(token_text(100))
    png = qr.to_png(symbol, 3)
    image = Image.open(io.BytesIO(png))
    assert image.mode == "1"
    assert image.width == (symbol.size + 8) * 3
    corner = image.crop((0, 0, image.width, 12)).convert("L")
    assert corner.getextrema() == (255, 255)
    assert png == qr.to_png(qr.encode(token_text(100)), 3)


def test_a_module_is_never_printed_below_the_least_size():
    modules = qr.encode("A" * 700).size
    assert qr.printed_width_mm(modules, 60) == 60
    width = qr.printed_width_mm(modules, 20)
    assert width / (modules + 8) == pytest.approx(qr.MIN_MODULE_MM)


def test_a_symbol_is_a_value_that_does_not_show_what_it_says():
    symbol = qr.encode("A")
    assert symbol == qr.encode("A")
    assert hash(symbol) == hash(qr.encode("A"))
    assert symbol != qr.encode("B")
    assert repr(symbol) == "Symbol(size=21)"
    with pytest.raises(AttributeError):
        symbol.size = 25


SYMBOL = qr.encode("A")
MISUSE = {
    "a symbol of nothing": lambda: qr.Symbol(0, ()),
    "a size that no symbol has": lambda: qr.Symbol(22, (1,) * 22),
    "a size below version 1": lambda: qr.Symbol(17, (1,) * 17),
    "a size beyond version 40": lambda: qr.Symbol(181, (1,) * 181),
    "a row too few": lambda: qr.Symbol(21, SYMBOL.rows[:-1]),
    "a row too many": lambda: qr.Symbol(21, (*SYMBOL.rows, 0)),
    "a row that is too long": lambda: qr.Symbol(21, (1 << 21, *SYMBOL.rows[1:])),
    "a row below zero": lambda: qr.Symbol(21, (*SYMBOL.rows[:-1], -1)),
    "no pixels per module": lambda: qr.to_png(SYMBOL, 0),
    "less than no pixels": lambda: qr.bitmap(SYMBOL, -1),
    "too many pixels per module": lambda: qr.to_png(SYMBOL, 65),
    "a module of no size": lambda: qr.to_svg(SYMBOL, 0),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_a_value_error(case):
    with pytest.raises(ValueError, match=r"symbol|scale|positive"):
        MISUSE[case]()


# The files that are read, and the files that are not.

TEXT = token_text(60)
PLAIN = drawn(TEXT)
CLEAR = Image.new("RGBA", PLAIN.size, (0, 0, 0, 0))
CLEAR.paste((0, 0, 0, 255), mask=ImageChops.invert(PLAIN))


def deep(low: int, high: int) -> Image.Image:
    """Return the plain symbol as a grey image of 16 bits."""
    values = {0: low.to_bytes(2, "little"), 255: high.to_bytes(2, "little")}
    data = b"".join(values[255 * (value > 127)] for value in PLAIN.tobytes())
    return Image.frombytes("I;16", PLAIN.size, data)


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return file_of(PLAIN.convert("RGB"), "JPEG", exif=exif)


READABLE = {
    "PNG of one bit": file_of(PLAIN.convert("1")),
    "PNG with a palette": file_of(PLAIN.convert("P")),
    "PNG of 16 bits": file_of(deep(0, 65535)),
    "PNG of 16 bits in the dark": file_of(deep(500, 9000)),
    "PNG black on transparent": file_of(CLEAR),
    "PNG with a transparent palette": file_of(CLEAR.quantize(4)),
    "PNG grey with alpha": file_of(CLEAR.convert("LA")),
    "PNG light on dark": file_of(ImageChops.invert(PLAIN)),
    "PNG mirrored": file_of(PLAIN.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    "PNG animated": file_of(
        PLAIN, save_all=True, append_images=[ImageChops.offset(PLAIN, 3)]
    ),
    "JPEG": file_of(PLAIN, "JPEG"),
    "JPEG in CMYK": file_of(PLAIN.convert("CMYK"), "JPEG"),
    "JPEG progressive": file_of(PLAIN.convert("RGB"), "JPEG", progressive=True),
    "JPEG turned by EXIF": turned(6),
    "JPEG mirrored by EXIF": turned(7),
    "JPEG with a second picture": file_of(
        PLAIN.convert("RGB"), "MPO", save_all=True, append_images=[CLEAR.convert("RGB")]
    ),
    "WebP": file_of(PLAIN, "WEBP"),
    "WebP black on transparent": file_of(CLEAR, "WEBP", lossless=True),
    "WebP animated": file_of(PLAIN, "WEBP", save_all=True, append_images=[CLEAR]),
}


@pytest.mark.parametrize("case", READABLE)
def test_a_symbol_is_read_from(case):
    assert qr.read_image(READABLE[case]) == (TEXT,)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBX", "YCbCr", "HSV", "CMYK"])
def test_a_picture_in_any_mode_is_read_and_left_as_it_was(mode):
    picture = PLAIN.convert("RGB").convert(mode)
    before = picture.tobytes()
    assert qr.read_image(picture) == (TEXT,)
    assert (picture.mode, picture.tobytes()) == (mode, before)


def test_a_large_page_is_read():
    page = Image.new("1", (4961, 7016), 1)
    page.paste(drawn(TEXT, 8).convert("1"), (400, 6000))
    assert qr.read_image(file_of(page)) == (TEXT,)


def chunk(kind: bytes, body: bytes) -> bytes:
    crc = zlib.crc32(kind + body).to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + kind + body + crc


def png_of_size(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and holds next to nothing."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\0\0\0\0"
    body = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IEND", b"")


def many_scans() -> bytes:
    data = file_of(PLAIN.convert("RGB"), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * 30 + b"\xff\xd9"


HOSTILE = {
    "nothing": b"",
    "text": b"EL1-AQYZ/.:$",
    "a GIF": file_of(PLAIN, "GIF"),
    "a TIFF": file_of(PLAIN, "TIFF"),
    "a truncated PNG": file_of(PLAIN)[:-80],
    "a truncated JPEG": file_of(PLAIN, "JPEG")[:-400],
    "a truncated WebP": file_of(PLAIN, "WEBP")[:-50],
    "a damaged header": file_of(PLAIN).replace(b"IHDR", b"IHDX"),
    "a decompression bomb": file_of(Image.new("1", (20_000, 20_000))),
    "a size beyond the limit": png_of_size(6001, 6000),
    "a side beyond the limit": png_of_size(16_385, 1),
    "a size of nothing": png_of_size(0, 10),
    "a size that is not there": png_of_size(5000, 5000),
    "a WebP beyond its limit": file_of(Image.new("1", (5000, 4001)), "WEBP"),
    "too many scans": many_scans(),
    "too many bytes": bytes(qr.MAX_IMAGE_BYTES + 1),
    "a picture beyond the limit": Image.new("1", (6001, 6000)),
    "a picture of nothing": Image.new("L", (0, 0)),
    "a picture in a mode without a way to grey": Image.new("LAB", (50, 50)),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_readable_image_is_malformed(case):
    with pytest.raises(MalformedError, match=r"^image: "):
        qr.read_image(HOSTILE[case])


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"RIFF"]))
def test_any_bytes_give_texts_or_malformed(data, start):
    with suppress(MalformedError):
        assert isinstance(qr.read_image(start + data), tuple)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["PNG in RGB", "JPEG", "WebP"]),
    st.integers(0, 10_000),
    st.integers(0, 255),
)
def test_a_changed_byte_gives_texts_or_malformed(kind, place, value):
    data = bytearray(READABLE.get(kind) or file_of(PLAIN.convert("RGB")))
    data[place % len(data)] = value
    with suppress(MalformedError):
        assert isinstance(qr.read_image(bytes(data)), tuple)


def finder_patterns(side: int) -> Image.Image:
    """Return a field of finder patterns of one pixel a module."""
    tile = Image.new("L", (8, 8), 255)
    for size, value in ((7, 0), (5, 255), (3, 0)):
        tile.paste(value, ((7 - size) // 2,) * 2 + ((7 + size) // 2,) * 2)
    field = Image.new("L", (side, side), 255)
    for x in range(0, side, 8):
        field.paste(tile, (x, 0))
    row = field.crop((0, 0, side, 8))
    for y in range(8, side, 8):
        field.paste(row, (0, y))
    return field


def test_a_page_of_finder_patterns_is_done_in_time():
    # Read as it is it takes half a minute: the reader's time is quadratic in them.
    began = time.perf_counter()
    assert qr.read_image(finder_patterns(2960)) == ()
    assert time.perf_counter() - began < 5


# What is found in an image.


def side_by_side(*images: Image.Image) -> Image.Image:
    sheet = Image.new("L", (sum(i.width for i in images), images[0].height), 255)
    left = 0
    for image in images:
        sheet.paste(image, (left, 0))
        left += image.width
    return sheet


def test_an_image_without_a_symbol_gives_nothing():
    assert qr.read_image(Image.new("L", (300, 200), 128)) == ()
    assert qr.read_image(Image.new("L", (1, 1), 0)) == ()


def test_distinct_texts_come_in_their_order_and_each_once():
    one, two = drawn(token_text(50, 1)), drawn(token_text(50, 2))
    sheet = side_by_side(two, one, two)
    assert qr.read_image(sheet) == (token_text(50, 2), token_text(50, 1))


def foreign(content: str | bytes, kind: zxingcpp.BarcodeFormat) -> Image.Image:
    drawing = zxingcpp.create_barcode(content, kind).to_image(scale=4)
    return Image.frombytes("L", drawing.shape[::-1], bytes(drawing))


def test_a_foreign_symbol_is_returned_as_what_it_spells():
    qr_code = zxingcpp.BarcodeFormat.QRCode
    assert qr.read_image(foreign("https://a.example/x", qr_code)) == (
        "https://a.example/x",
    )
    assert qr.read_image(foreign("电子证照", qr_code)) == ("电子证照",)
    (text,) = qr.read_image(foreign(b"\x00\xff\xfe\x80", qr_code))
    assert not text.isascii()


@pytest.mark.parametrize("kind", ["MicroQRCode", "DataMatrix", "Code128"])
def test_other_kinds_of_codes_are_not_looked_for(kind):
    image = foreign("ABC1", getattr(zxingcpp.BarcodeFormat, kind))
    assert qr.read_image(image) == ()


# Poor pictures.


def noisy(image: Image.Image, sigma: float, rng: random.Random) -> Image.Image:
    """Return the image with noise that is nearly normal, sigma in grey levels."""
    size = image.size
    layers = [
        Image.frombytes("L", size, rng.randbytes(size[0] * size[1])) for _ in range(4)
    ]
    mean = Image.blend(
        Image.blend(layers[0], layers[1], 0.5),
        Image.blend(layers[2], layers[3], 0.5),
        0.5,
    )
    # Four uniform layers have a standard deviation of 37 around 127.5.
    table = [
        max(0, min(255, round(128 + (v - 127.5) * sigma / 37))) for v in range(256)
    ]
    return ImageChops.add(image, mean.point(table), 1, -128)


def blurred(text, rng, modules, pixels):
    """Return a blurred drawing, sigma in modules, pixels per module."""
    soft = drawn(text, pixels).filter(ImageFilter.GaussianBlur(modules * pixels))
    return noisy(soft, 2, rng)


def dark(text, rng, gain, sigma):
    return noisy(drawn(text).point(lambda value: 10 + value * gain), sigma, rng)


def turned_by(text, rng, degrees, pixels):
    angle = degrees + rng.random() / 10
    cubic = Image.Resampling.BICUBIC
    return drawn(text, pixels).rotate(angle, cubic, expand=True, fillcolor=255)


# What is drawn -> how it is spoilt, and the least share that is read at the first
# attempt and with retries.
BATTERY = {
    "clean, 2.5 pixels a module": (lambda t, _: drawn(t, 2.5), 1, 1),
    "turned by 2 degrees": (lambda t, r: turned_by(t, r, 2, 2.5), 1, 1),
    "turned by 9 degrees": (lambda t, r: turned_by(t, r, 9, 2.5), 1, 1),
    "turned by 15 degrees": (lambda t, r: turned_by(t, r, 15, 2.5), 1, 1),
    "a third of a module blurred": (lambda t, r: blurred(t, r, 0.35, 4), 1, 1),
    "half a module blurred": (lambda t, r: blurred(t, r, 0.5, 4), 0, 1),
    "half a module blurred, small": (lambda t, r: blurred(t, r, 0.5, 2.5), 0, 1),
    "0.6 of a large module blurred": (lambda t, r: blurred(t, r, 0.6, 8), 0, 0.75),
    "0.6 of a small module blurred": (lambda t, r: blurred(t, r, 0.6, 2.5), 0, 0.5),
    "18 percent of the light": (lambda t, r: dark(t, r, 0.18, 4), 0.75, 1),
    "8 percent of the light, noise": (lambda t, r: dark(t, r, 0.08, 6), 0, 1),
    "strong noise": (lambda t, r: noisy(drawn(t), 90, r), 0, 0.75),
}
SEEDS = range(4)


def spoilt(case: str, seed: int) -> tuple[str, Image.Image]:
    text = token_text(380, seed)
    return text, BATTERY[case][0](text, random.Random(seed))


@pytest.mark.parametrize("case", BATTERY)
def test_a_poor_picture_is_read(case):
    _, least_first, least = BATTERY[case]
    pictures = [spoilt(case, seed) for seed in SEEDS]
    first = [qr.read_image(image, retry=False) == (text,) for text, image in pictures]
    full = [qr.read_image(image) == (text,) for text, image in pictures]
    assert sum(first) / len(SEEDS) >= least_first
    assert sum(full) / len(SEEDS) >= least
    assert all(later or not early for early, later in zip(first, full, strict=True))


EARNED_BY = {
    0: "half a module blurred",
    1: "8 percent of the light, noise",
    2: "0.6 of a large module blurred",
    3: "0.6 of a small module blurred",
}


@pytest.mark.parametrize("retry", range(len(reading._RETRIES)))
def test_each_retry_reads_what_nothing_before_it_reads(retry):
    def reads(mend, text, image):
        return text in reading._texts(mend(image))

    earned = 0
    for seed in SEEDS:
        text, image = spoilt(EARNED_BY[retry], seed)
        before = any(reads(mend, text, image) for mend in reading._RETRIES[:retry])
        first = text in reading._texts(image)
        earned += reads(reading._RETRIES[retry], text, image) and not (before or first)
    assert earned


@pytest.mark.parametrize("table", [1.2, 1.5, 2.0])
def test_a_page_on_a_table_is_read(table):
    """The symbol is small in the picture, as in a photo of a whole desk."""
    symbol = qr.to_image(qr.encode(token_text(375)), 3)
    page = Image.new("L", (1240, 1754), 250)
    page.paste(symbol, (150, 1400))
    width, height = int(page.width * table), int(page.height * table)
    desk = Image.new("L", (width, height), 120)
    desk.paste(page, ((width - page.width) // 2, (height - page.height) // 2))
    assert qr.read_image(desk) == (token_text(375),)


def test_two_symbols_far_apart_in_a_large_picture_are_both_read():
    desk = Image.new("L", (4000, 3000), 130)
    for place, text in (((200, 200), token_text(375)), ((3300, 2500), token_text(300))):
        desk.paste(qr.to_image(qr.encode(text), 3), place)
    assert set(qr.read_image(desk)) == {token_text(375), token_text(300)}


@pytest.mark.parametrize("pixels", [1, 3, 5, 7, 8, 9])
def test_a_large_field_of_finder_patterns_costs_bounded_time(pixels):
    pattern = Image.new("L", (8, 8), 255)
    for size, ink in ((7, 0), (5, 255), (3, 0)):
        edge = (7 - size) // 2
        pattern.paste(ink, (edge, edge, edge + size, edge + size))
    pattern = pattern.resize((8 * pixels, 8 * pixels), Image.Resampling.NEAREST)
    field = Image.new("L", (4000, 3000), 255)
    row = Image.new("L", (4000, pattern.height), 255)
    for x in range(0, 4000, pattern.width):
        row.paste(pattern, (x, 0))
    for y in range(0, 3000, pattern.height):
        field.paste(row, (0, y))
    start = time.process_time()
    assert qr.read_image(field) == ()
    assert time.process_time() - start < 5  # DESIGN, section 2.11


# Codes of others beside ours.


def beside(ours: float, theirs: float) -> Image.Image:
    """Return a page of A3 at 150 dpi with a code of ours and one of others."""
    page = Image.new("L", (2480, 1754), 255)
    page.paste(drawn("HTTPS://EXAMPLE.COM/ZZ/1", theirs), (1900, 100))
    page.paste(drawn(token_text(500), ours), (100, 1200))
    return page


def test_a_larger_code_of_another_kind_does_not_hide_the_one_that_is_wanted():
    page = beside(ours=2.36, theirs=6)
    assert qr.read_image(page) == ("HTTPS://EXAMPLE.COM/ZZ/1",)
    found = qr.read_image(page, wanted=lambda text: text.startswith(PREFIX))
    assert token_text(500) in found
    assert "HTTPS://EXAMPLE.COM/ZZ/1" in found


def test_without_a_retry_nothing_more_is_looked_for():
    page = beside(ours=2.36, theirs=6)
    found = qr.read_image(page, retry=False, wanted=lambda _: False)
    assert found == ("HTTPS://EXAMPLE.COM/ZZ/1",)


def test_what_is_wanted_and_not_there_leaves_what_is_there():
    page = drawn("HTTPS://EXAMPLE.COM/ZZ/1", 6)
    found = qr.read_image(page, wanted=lambda _: False)
    assert found == ("HTTPS://EXAMPLE.COM/ZZ/1",)


# A symbol that stands alone.


def theirs(text: str) -> Image.Image:
    """Return a symbol of another maker."""
    code = qrcode.QRCode(box_size=4, border=4)
    code.add_data(text)
    return code.make_image().get_image().convert("L")


def test_a_symbol_that_fills_a_picture_is_read_alone():
    text = token_text(300)
    assert qr.read_alone(drawn(text)) == text


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(Image.new("L", (640, 640), 255), id="nothing"),
        pytest.param(beside(ours=4, theirs=6), id="two"),
        pytest.param(theirs("示例省平台"), id="a text that ours never are"),
        pytest.param(theirs("A" * 3000), id="larger than ours are"),
        pytest.param(
            ImageOps.expand(drawn("EL1-0"), border=60, fill=255), id="room beside it"
        ),
    ],
)
def test_whatever_else_fills_a_picture_is_not_read_alone(picture):
    assert qr.read_alone(picture) is None
