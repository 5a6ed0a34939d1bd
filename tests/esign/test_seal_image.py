import io
import itertools
import re
import xml.etree.ElementTree as ET

import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esign.seal_image import DIAMETER_MAX, RED, SealSpec, draw, to_svg

SPEC = SealSpec("示例市行政审批局")


def picture(pdf, scale=4):
    page = pypdfium2.PdfDocument(pdf)[0]
    return page.render(scale=scale, fill_color=(0, 0, 0, 0), maybe_alpha=True).to_pil()


def test_the_page_is_as_large_as_the_seal():
    with pikepdf.open(io.BytesIO(draw(SPEC))) as pdf:
        assert len(pdf.pages) == 1
        _, _, width, height = map(float, pdf.pages[0].MediaBox)
    assert width == pytest.approx(42 / 25.4 * 72)
    assert height == width


def test_it_needs_no_font_and_holds_no_image():
    with pikepdf.open(io.BytesIO(draw(SPEC))) as pdf:
        assert "/Font" not in pdf.pages[0].Resources
        kinds = {str(o.get("/Subtype")) for o in pdf.objects if "/Length" in o}
    assert "/Image" not in kinds


def test_the_same_spec_gives_the_same_bytes():
    assert draw(SPEC) == draw(SPEC)
    assert draw(SPEC) != draw(SealSpec("示例市市场监管局"))


def test_its_ground_is_transparent_and_its_ink_is_red():
    image = picture(draw(SPEC))
    width, height = image.size
    red, green, blue, alpha = image.getpixel((width // 2, int(height * 0.0125)))
    assert alpha == 255
    assert all(abs(a - b) < 4 for a, b in zip((red, green, blue), RED, strict=True))
    assert image.getpixel((2, 2))[3] == 0
    assert image.getpixel((width // 2, int(height * 0.95)))[3] == 0
    star = image.getpixel((width // 2, int(height * 0.43)))
    assert star[3] == 255


def test_the_name_runs_symmetrically_around_the_axis():
    """A name of one symmetrical character gives a mirror image of itself."""
    image = picture(draw(SealSpec("口口口口口口", purpose="", notice="")))
    grey = image.getchannel("A")
    mirrored = grey.transpose(0)
    differing = sum(
        count * abs(level - 128) / 128
        for level, count in enumerate(grey.histogram())
        if level
    )
    pairs = zip(grey.tobytes(), mirrored.tobytes(), strict=True)
    unlike = sum(1 for a, b in pairs if abs(a - b) > 128)
    assert unlike < differing * 0.05


def test_a_test_seal_says_so_unless_told_otherwise():
    assert SPEC.notice == "测试印章 无法律效力"
    plain = to_svg(SealSpec(SPEC.name, notice=""))
    assert len(to_svg(SPEC)) > len(plain)


def test_text_under_the_seal_shines_through_the_ink():
    with pikepdf.open(io.BytesIO(draw(SPEC))) as pdf:
        states = pdf.pages[0].Resources.ExtGState
        assert states.Ink.BM == "/Multiply"


def test_the_svg_is_the_same_drawing():
    root = ET.fromstring(to_svg(SPEC))  # noqa: S314  our own text
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("width") == "42mm"
    path = root.find(f"{space}path").get("d")
    numbers = [float(text) for text in re.findall(r"-?\d+\.\d+", path)]
    assert numbers
    assert min(numbers) > 0
    assert max(numbers) < 42
    assert path.count("M") > len(SPEC.name)


@pytest.mark.parametrize("count", [4, 8, 13, 24])
def test_neighbours_on_the_ring_do_not_touch(count):
    """Blank gaps are seen between the characters on the circle through their middle."""
    from math import cos, radians, sin  # noqa: PLC0415  used here only

    image = picture(draw(SealSpec("口" * count, purpose="", notice="")), scale=6)
    alpha = image.getchannel("A")
    middle = image.size[0] / 2
    reach = middle * 16.2 / 21
    ring = [
        alpha.getpixel(
            (
                middle + reach * sin(radians(step / 4)),
                middle - reach * cos(radians(step / 4)),
            )
        )
        > 128
        for step in range(-4 * 140, 4 * 140)
    ]
    strokes = sum(1 for a, b in itertools.pairwise(ring) if b and not a)
    assert strokes == 2 * count, "each 口 is crossed at its two uprights"


WRONG = {
    "three characters are too few for a ring": {"name": "示例市"},
    "twenty-five characters are too many": {"name": "示" * 25},
    "a purpose of thirteen characters": {"name": SPEC.name, "purpose": "章" * 13},
    "larger than any seal may be": {
        "name": SPEC.name,
        "diameter_mm": DIAMETER_MAX + 0.1,
    },
    "smaller than can be read": {"name": SPEC.name, "diameter_mm": 29.9},
    "no size at all": {"name": SPEC.name, "diameter_mm": float("nan")},
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_drawn_legibly_is_refused(case):
    with pytest.raises(ValueError, match=r"characters|mm"):
        SealSpec(**WRONG[case])


@pytest.mark.parametrize("write", [draw, to_svg])
def test_a_character_without_a_glyph_is_named_by_its_code_point(write):
    with pytest.raises(ValueError, match=r"U\+20BB7"):
        write(SealSpec("示例𠮷市局"))


@given(st.text("示例市青禾区行政审批局AB·0", min_size=4, max_size=24))
@settings(max_examples=15, deadline=None)
def test_every_name_stays_inside_the_border(name):
    numbers = [
        float(text)
        for text in re.findall(r"-?\d+\.\d+", to_svg(SealSpec(name)).split(' d="')[1])
    ]
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    assert max((x - 21) ** 2 + (y - 21) ** 2 for x, y in pairs) < 19.8**2
