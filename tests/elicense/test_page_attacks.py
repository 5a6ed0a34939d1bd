"""Attacks on what is new with pages, presentations and foreign codes.

Whoever holds the seal key alone draws the pages; token and record are genuine. What is
marked as failing passes today and must not.
"""

import functools
import io
import time
import tomllib

import pikepdf
import pytest
from PIL import Image, ImageDraw

from elicense import document, drawing, face, payload, qr, samples, structure
from elicense.errors import CatalogError, MissingGlyphError
from elicense.layout import compose
from elicense.testing import START, Simulator
from esign.errors import MalformedError
from esign.verdict import Code, Indication
from tests.elicense.booklets import (
    LAYOUT,
    SCOPE,
    composed,
    license_of,
    own_type,
    own_types,
    parts_of,
    resealed,
)
from tests.elicense.pages import TOKEN, with_layout
from tests.elicense.test_presentations import CODE, SLOT, judged, presentation

LIMIT_SECONDS = 5  # DESIGN, section 2.11
EVIL = "HTTPS://CODE.EXAMPLE.CN.EVIL.EXAMPLE/X"
LONG = SCOPE * 60
COPY = "copy = [30, 46, 150, 7]\n"


@functools.cache
def two_ways():
    first = COPY + SLOT
    return own_types(正本=first, 副本=first.replace('"brown"', '"green"'))


def genuine(scope=LONG):
    return license_of(external=CODE, scope=scope)


def drawn(edit):
    """Return the 正本 of a license of two pages with a foreign code, edited."""
    kind = two_ways()
    return resealed(parts_of(genuine(), kind, presentation("正本", kind)), edit)


def page_of(name, index, license_=None):
    """Return an edit that puts one page of another print in its place."""

    def edit(pdf):
        kind = two_ways()
        given = parts_of(license_ or genuine(), kind, presentation(name, kind))
        with pikepdf.open(io.BytesIO(document.render(given))) as other:
            pdf.pages[index] = other.pages[index]

    return edit


def images(pdf):
    return pdf.pages[0].Resources.XObject


def show(pdf, name, picture):
    """Put another picture in the place of an image."""
    grey = picture.convert("L")
    images(pdf)[name] = pdf.make_stream(grey.tobytes(), entries_of(grey))


def entries_of(picture, **more):
    return pikepdf.Dictionary(
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=picture.width,
        Height=picture.height,
        ColorSpace=pikepdf.Name.DeviceGray,
        BitsPerComponent=8,
        **more,
    )


def hide(pdf, text, x, y, side):
    """Draw a symbol in pale paths of the static art, which is not compared."""
    symbol = qr.encode(text)
    module = side / (symbol.size + 8)
    parts = [f"q 1 1 1 rg {x} {y} {side} {side} re f .8 .8 .8 rg"]
    for column, row, length in qr.dark_runs(symbol):
        left, bottom = x + (column + 4) * module, y + (symbol.size + 3 - row) * module
        parts.append(f"{left:.3f} {bottom:.3f} {length * module:.3f} {module:.3f} re")
    art = images(pdf)["/Art"]
    art.write(art.read_bytes() + b"\n" + " ".join([*parts, "f Q"]).encode() + b"\n")


def lie():
    """Return a picture of words that are not of the license."""
    picture = Image.new("L", (800, 800), 255)
    ImageDraw.Draw(picture).text((100, 300), "VALID UNTIL 2099", fill=0, font_size=60)
    return picture


def other_code_in_the_slot(pdf):
    show(pdf, "/Code", qr.to_image(qr.encode(EVIL), 10))
    hide(pdf, CODE, 80, 400, 46)


def other_code_for_ours(pdf):
    show(pdf, "/QR", qr.to_image(qr.encode(EVIL), 10))
    hide(pdf, payload.qr_text(TOKEN), 200, 250, 91)


def words_for_both(pdf):
    show(pdf, "/QR", lie())
    show(pdf, "/Code", lie())
    hide(pdf, CODE, 80, 400, 46)
    hide(pdf, payload.qr_text(TOKEN), 200, 250, 91)


def change_places(pdf):
    ours, foreign = images(pdf)["/QR"], images(pdf)["/Code"]
    images(pdf)["/QR"], images(pdf)["/Code"] = foreign, ours


HELD = {
    "another code in the slot, the record's in pale art": other_code_in_the_slot,
    "another code for ours, the token in pale art": other_code_for_ours,
    "words in the place of both codes": words_for_both,
    "our symbol in the slot and the foreign code in our place": change_places,
}
"""Each picture is read where it stands; a text elsewhere on the page is no help."""


@pytest.mark.parametrize("name", HELD)
def test_a_symbol_is_what_stands_in_its_box(name):
    pdf = drawn(HELD[name])
    assert judged(pdf, genuine(), two_ways()).code is Code.FACE_MISMATCH


REFUSED = {
    "our own token as the foreign code": lambda pdf: images(pdf).__setitem__(
        "/Code", images(pdf)["/QR"]
    ),
    "the continuation page of the other presentation": page_of("副本", 1),
    "the first page of the other presentation": page_of("副本", 0),
    "the continuation page of another license": page_of(
        "正本", 1, genuine(LONG.replace("食品", "药品"))
    ),
    "the first page twice": lambda pdf: pdf.Root.Pages.__setitem__(
        "/Kids", pikepdf.Array([pdf.pages[0].obj, pdf.pages[0].obj])
    ),
    "a rotation that all pages inherit": lambda pdf: pdf.Root.Pages.__setitem__(
        "/Rotate", 90
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_pages_of_several_prints_are_no_license(name):
    pdf = drawn(REFUSED[name])
    assert judged(pdf, genuine(), two_ways()).code is Code.FACE_MISMATCH


def test_the_genuine_pages_pass():
    """Else an attack could fail for a fault of these tests."""
    check = judged(drawn(lambda _: None), genuine(), two_ways())
    assert check.indication is Indication.PASSED


# A license that one of its presentations cannot print.

UNPRINTABLE = {
    "a letter that joins others": "\u0627",
    "a letter of a script that stacks": "\u0f00",
    "a picture": "\U0001f600",
    "a letter of mathematics": "\U0001d49c",
}


@pytest.mark.parametrize("name", UNPRINTABLE)
def test_what_the_other_presentation_cannot_print_is_not_issued(name):
    """The remarks stand on the 副本 alone.

    With such a license any 正本 that the seal's holder draws would not be checked.
    """
    remarks = {"remarks": f"备注{UNPRINTABLE[name]}"}
    application = samples.sample("food-business", START) | remarks
    with Simulator() as world, pytest.raises(MissingGlyphError, match="remarks"):
        world.issue("food-business", application)


# What it costs.


def commonest(text):
    char = max(text, key=text.count)
    return char * (2 * len(text) + 199)


def alternating(text):
    char = max(text, key=text.count)
    return (f"{char}丂" * (len(text) + 99))[: 2 * len(text) + 199]


TEXTS = {"one character": commonest, "every other character": alternating}
SCOPES = {"sentences": (SCOPE * 200)[:3000], "one character": "一" * 3000}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("name", TEXTS)
def test_other_text_is_told_in_little_time(name, scope):
    for page in composed(license_of(scope=SCOPES[scope]), own_type()):
        start = time.process_time()
        assert tuple(face._text_differences(TEXTS[name](page.text), page))
        assert time.process_time() - start < 0.5


def pictured(count, picture, entries):
    """Return pages that show one picture each, not sealed."""
    pdf = pikepdf.new()
    image = pdf.make_stream(picture, entries)
    for _ in range(count):
        page = pdf.add_blank_page(page_size=(595.276, 841.89)).obj
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(QR=image))
        page.Contents = pdf.make_stream(b"q 590 0 0 840 0 0 cm /QR Do Q\n")
    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def test_a_jpeg_of_very_many_scans_is_not_drawn():
    """Each is 22 bytes long and costs a pass over nine million pixels."""
    picture = Image.new("L", (3000, 3000), 255)
    out = io.BytesIO()
    picture.save(out, "JPEG", progressive=True)
    data = out.getvalue()
    last = data[data.rindex(b"\xff\xda") : -2]
    many = data[:-2] + last * 1000 + data[-2:]
    entries = entries_of(picture, Filter=pikepdf.Name.DCTDecode)
    assert len(drawing.read(pictured(1, data, entries)).sides) == 1
    start = time.process_time()
    with pytest.raises(MalformedError, match="scans"):
        drawing.read(pictured(1, many, entries))
    assert time.process_time() - start < 1


def test_one_picture_on_many_pages_is_not_drawn():
    """It is kept once and decoded each time."""
    picture = Image.new("L", (3000, 3000), 200)
    data, entries = picture.tobytes(), entries_of(picture)
    most = structure.MAX_IMAGES
    assert len(drawing.read(pictured(most, data, entries)).sides) == most
    with pytest.raises(MalformedError, match="too many images"):
        drawing.read(pictured(most + 1, data, entries))


def finder_patterns(module):
    """Return a page full of what a reader of symbols looks for."""
    one = Image.new("L", (8, 8), 255)
    pen = ImageDraw.Draw(one)
    pen.rectangle((0, 0, 6, 6), outline=0)
    pen.rectangle((2, 2, 4, 4), fill=0)
    one = one.resize((8 * module, 8 * module), Image.Resampling.NEAREST)
    page = Image.new("L", (2480, 3508), 255)
    for left in range(0, page.width, one.width):
        for top in range(0, page.height, one.height):
            page.paste(one, (left, top))
    return page


@pytest.mark.parametrize("module", [2, 4])
def test_pages_full_of_finder_patterns_are_read_in_time(module):
    picture = finder_patterns(module)
    pdf = pictured(structure.MAX_IMAGES, picture.tobytes(), entries_of(picture))
    start = time.process_time()
    assert drawing.read(pdf).qr_texts == ()
    assert time.process_time() - start < LIMIT_SECONDS


# Layouts of an organ's own.

SIZES = {
    "no size of the type": lambda table: table.__setitem__("size", 0),
    "no size of a title": lambda table: table.__setitem__("title_size", 0),
    "no size of a label": lambda table: table["rows"][1].__setitem__("label_size", 0),
    "no size of a row": lambda table: table["rows"][0].__setitem__("size", 0),
    "no smallest size": lambda table: table["rows"][1].__setitem__("floor", 0),
    "type of the page's height": lambda table: table.__setitem__("size", 999),
}


@pytest.mark.parametrize("name", SIZES)
def test_a_size_that_no_type_has_is_an_error_of_the_layout(name):
    table = tomllib.loads(LAYOUT)
    SIZES[name](table)
    with pytest.raises(CatalogError, match=r"size|floor"):
        compose(license_of(), with_layout(own_type(), layout=table))
