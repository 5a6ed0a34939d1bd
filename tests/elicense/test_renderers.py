"""Three engines that share no code draw one page: PDFium, Poppler and MuPDF.

They differ in how they smooth edges, not in what is where. Each test of agreement has a
twin that shows which difference it would find.
"""

import functools
import io
import itertools
import re
import subprocess
import tempfile
from collections.abc import Callable

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageFilter

from elicense import payload
from tests.elicense.pages import (
    CASES,
    PRESSES,
    TOKEN,
    TYPES,
    composed,
    sealed,
)
from tests.support import missing, require_tool

DPI = 150
INK, PAPER = 110, 200
"""Grey levels: what one engine draws as dark as INK, the others draw below PAPER."""
REACH = 5
"""Pixels on a side of the window in which the ink of one engine may lie in another."""
TILE = 20
"""Pixels on a side of the tiles that are compared; a glyph of 10 points has 17."""
STRAY = 0.01
"""Greatest part of a tile's pixels that may be ink of one engine alone."""
MEAN, WORST = 2.5, 60
"""Greatest differences of colour, of 255 steps: of all tiles and of any one."""
QR_TEXT = payload.qr_text(TOKEN)
FACES = [case for case in CASES if not case.scan]
"""A scan is not seen on the page."""
BOTH = pytest.mark.parametrize("kind", PRESSES)


def pdfium(data: bytes, dpi: int) -> Image.Image:
    document = pypdfium2.PdfDocument(data)
    document.init_forms()
    try:
        return document[0].render(scale=dpi / 72).to_pil().convert("RGB")
    finally:
        document.close()


def poppler(data: bytes, dpi: int) -> Image.Image:
    tool = require_tool("pdftoppm", "poppler-utils")
    command = [tool, "-r", str(dpi), "-singlefile", "-"]
    shown = subprocess.run(command, input=data, capture_output=True, check=True)
    assert shown.stderr == b""
    return Image.open(io.BytesIO(shown.stdout)).convert("RGB")


def mupdf(data: bytes, dpi: int) -> Image.Image:
    tool = require_tool("mutool", "mupdf-tools")
    options = ["-q", "-r", str(dpi), "-F", "ppm", "-o", "-"]
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:  # it reads no pipe
        file.write(data)
        file.flush()
        command = [tool, "draw", *options, file.name]
        shown = subprocess.run(command, capture_output=True, check=True)
    return Image.open(io.BytesIO(shown.stdout)).convert("RGB")


ENGINES: dict[str, Callable[[bytes, int], Image.Image]] = {
    "pdfium": pdfium,
    "poppler": poppler,
    "mupdf": mupdf,
}
PAIRS = list(itertools.combinations(ENGINES, 2))
KEPT = len(ENGINES) * len(PRESSES)
"""Pages that are kept drawn, those of one case: an A3 page has some 17 MB."""


@pytest.fixture(scope="module", params=FACES, ids=str)
def case(request):
    """Return each case; of a module, so that all tests of one case are run together."""
    return request.param


@functools.lru_cache(maxsize=KEPT)
def drawn(engine: str, data: bytes) -> Image.Image:
    """Return the page in whole tiles; the engines round its last pixel in two ways."""
    picture = ENGINES[engine](data, DPI)
    return picture.crop((0, 0, *(side // TILE * TILE for side in picture.size)))


@functools.lru_cache(maxsize=1)
def scanned(engine: str, data: bytes, dpi: int) -> Image.Image:
    """Return the page in grey; at 300 dpi one of A3 has 17 MB."""
    return ENGINES[engine](data, dpi).convert("L")


@functools.lru_cache(maxsize=KEPT)
def ink(engine: str, data: bytes) -> Image.Image:
    """Return a mask of what is dark."""
    grey = drawn(engine, data).convert("L")
    return grey.point(lambda level: 255 if level < INK else 0)


@functools.lru_cache(maxsize=KEPT)
def bare(engine: str, data: bytes) -> Image.Image:
    """Return a mask of what has no ink near it, however faint."""
    near = drawn(engine, data).convert("L").filter(ImageFilter.MinFilter(REACH))
    return near.point(lambda level: 255 if level >= PAPER else 0)


@functools.lru_cache(maxsize=KEPT)
def colours(engine: str, data: bytes) -> Image.Image:
    return drawn(engine, data).reduce(TILE)


View = tuple[str, bytes]
"""An engine and the document it draws."""


def stray(one: View, other: View) -> float:
    """Return the greatest part of a tile that is ink of one view alone.

    Ink near the other's ink does not count, so that smoothed edges and a glyph on the
    next whole pixel are no difference.
    """
    alone = (
        ImageChops.multiply(ink(*one), bare(*other)),
        ImageChops.multiply(ink(*other), bare(*one)),
    )
    return max(mask.reduce(TILE).getextrema()[1] for mask in alone) / 255


def tint(one: View, other: View) -> tuple[float, int]:
    """Return mean and greatest difference of the colours of all tiles."""
    apart = ImageChops.difference(colours(*one), colours(*other)).tobytes()
    return sum(apart) / len(apart), max(apart)


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_two_engines_draw_the_same_page(case, pair):
    one, other = ((engine, sealed("plain", case)) for engine in pair)
    assert stray(one, other) <= STRAY
    mean, worst = tint(one, other)
    assert mean <= MEAN
    assert worst <= WORST


@pytest.mark.parametrize("engine", ENGINES)
def test_what_the_presses_print_looks_the_same_to_the_last_pixel(case, engine):
    first, *others = (drawn(engine, sealed(kind, case)) for kind in PRESSES)
    assert others
    for other in others:
        assert ImageChops.difference(first, other).getbbox() is None


def with_content(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return the document with other operators on its page."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        contents = pdf.pages[0].Contents
        before = contents.read_bytes()
        after = change(before)
        assert after != before
        contents.write(after)
        out = io.BytesIO()
        pdf.save(out)
        return out.getvalue()


SHOWN = re.compile(rb"(?<= Tf )<((?:[0-9a-f]{4})+)> Tj")
"""The codes of one run; the profile writes one operator for each."""
PLACED = re.compile(rb"1 0 0 1 ([0-9.]+) ([0-9.]+) Tm")
VALUE = 6
"""A run of ordinary type size: neither the title nor a notice."""


New = Callable[[re.Match[bytes]], bytes]


def nth(pattern: re.Pattern[bytes], number: int, new: New) -> Callable[[bytes], bytes]:
    """Return an edit of one occurrence of a pattern."""

    def change(operators: bytes) -> bytes:
        found = list(pattern.finditer(operators))[number]
        return operators[: found.start()] + new(found) + operators[found.end() :]

    return change


def one_glyph_less(found: re.Match[bytes]) -> bytes:
    return b"<0000%s> Tj" % found[1][4:]


def two_glyphs_swapped(found: re.Match[bytes]) -> bytes:
    codes = found[1]
    return b"<%s%s%s> Tj" % (codes[4:8], codes[:4], codes[8:])


def moved(right: float, up: float) -> New:
    def new(found: re.Match[bytes]) -> bytes:
        return b"1 0 0 1 %.3f %.3f Tm" % (float(found[1]) + right, float(found[2]) + up)

    return new


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a glyph is missing": nth(SHOWN, VALUE, one_glyph_less),
    "two glyphs are swapped": nth(SHOWN, VALUE, two_glyphs_swapped),
    "a line is 2 points to the right": nth(PLACED, VALUE, moved(2, 0)),
    "a line is 2 points lower": nth(PLACED, VALUE, moved(0, -2)),
    "the symbol is missing": lambda ops: ops.replace(b"/QR Do", b""),
    "the symbol is 2 points higher": lambda ops: re.sub(
        rb"([0-9.]+) cm /QR Do", lambda m: b"%.3f cm /QR Do" % (float(m[1]) + 2), ops
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", TYPES)
def test_ink_that_is_not_where_it_belongs_is_found(name, damage):
    case = next(case for case in FACES if case.type_name == name)
    good = sealed("plain", case)
    bad = with_content(good, DAMAGES[damage])
    assert stray(("poppler", good), ("pdfium", bad)) > STRAY


def without_seal(pdf: pikepdf.Pdf) -> None:
    del pdf.pages[0]["/Annots"]


def without_photo(pdf: pikepdf.Pdf) -> None:
    contents = pdf.pages[0].Contents
    contents.write(contents.read_bytes().replace(b"/Photo Do", b""))


def without_art(pdf: pikepdf.Pdf) -> None:
    contents = pdf.pages[0].Contents
    contents.write(contents.read_bytes().replace(b"/Art Do", b""))


def negative(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].Resources.XObject.Photo.Decode = pikepdf.Array([1, 0] * 3)


PICTURES = {
    "the seal is missing": without_seal,
    "the photo is missing": without_photo,
    "the static art is missing": without_art,
    "the photo is a negative": negative,
}


@pytest.mark.parametrize("damage", PICTURES)
def test_a_picture_that_is_not_there_is_found(damage):
    good = sealed("plain", next(case for case in FACES if case.photo))
    with pikepdf.open(io.BytesIO(good)) as pdf:
        PICTURES[damage](pdf)
        out = io.BytesIO()
        pdf.save(out)
    views = ("poppler", good), ("pdfium", out.getvalue())
    mean, worst = tint(*views)
    assert mean > MEAN or worst > WORST


def pdfium_text(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    try:
        return document[0].get_textpage().get_text_bounded()
    finally:
        document.close()


def poppler_text(data: bytes) -> str:
    tool = require_tool("pdftotext", "poppler-utils")
    command = [tool, "-raw", "-", "-"]
    return subprocess.run(
        command, input=data, capture_output=True, check=True
    ).stdout.decode()


def mupdf_text(data: bytes) -> str:
    tool = require_tool("mutool", "mupdf-tools")
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(data)
        file.flush()
        command = [tool, "draw", "-q", "-F", "txt", "-o", "-", file.name]
        shown = subprocess.run(command, capture_output=True, check=True)
    return shown.stdout.decode()


EXTRACTORS = {"pdfium": pdfium_text, "poppler": poppler_text, "mupdf": mupdf_text}


@pytest.mark.parametrize("engine", EXTRACTORS)
@BOTH
def test_the_text_of_the_page_is_the_composed_text_order_apart(case, kind, engine):
    text = EXTRACTORS[engine](sealed(kind, case))
    (page,) = composed(case)
    assert sorted("".join(text.split())) == sorted(page.text)


@pytest.mark.parametrize("engine", EXTRACTORS)
def test_a_glyph_that_is_not_there_is_missing_in_the_text(engine):
    case = FACES[0]
    bad = with_content(sealed("plain", case), DAMAGES["a glyph is missing"])
    text = EXTRACTORS[engine](bad)
    (page,) = composed(case)
    assert sorted("".join(text.split())) != sorted(page.text)


def zxing(picture: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture)]


def zbar(picture: Image.Image) -> list[str]:
    try:
        from pyzbar import pyzbar  # noqa: PLC0415  needs a library that may be missing
    except ImportError:
        missing("the library zbar", "install the Debian package libzbar0")
    kinds = [pyzbar.ZBarSymbol.QRCODE]
    return [found.data.decode() for found in pyzbar.decode(picture, symbols=kinds)]


@pytest.mark.parametrize("read", [zxing, zbar])
@pytest.mark.parametrize("dpi", [DPI, 300])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", TYPES)
def test_the_symbol_is_read_from_the_drawn_page(name, engine, dpi, read):
    """Of one press: what the other prints looks the same."""
    case = next(case for case in FACES if case.type_name == name)
    assert read(scanned(engine, sealed("plain", case), dpi)) == [QR_TEXT]
