import importlib.util
import io
import itertools
import math
import re
import xml.etree.ElementTree as ET

import pikepdf
import pypdfium2
import pytest
from fontTools.misc.transform import Identity
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from esign.seal_image import (
    RANKS,
    RED,
    TEST_MARK,
    TEST_NOTICE,
    Centre,
    Line,
    SealSpec,
    draw,
    to_png,
    to_svg,
)
from esign.seal_image.design import design
from esign.seal_image.lettering import MIDDLE, advance, outline
from tests.support import ROOT

SPEC = SealSpec("示例市行政审批局")
COUNTS = (4, 5, 8, 12, 13, 18, 24)
ROUND = "department"
OVAL = "foreign-invested"


def spec_of(rank, name=SPEC.name, **more):
    """A seal of a rank with all that the rank demands."""
    form = RANKS[rank]
    if form.line is Line.REQUIRED and not form.purpose:
        more.setdefault("purpose", "财务专用章")
    if form.centre is Centre.TAX_NUMBER:
        more.setdefault("tax_number", "91990100000000027A")
    return SealSpec(name, rank=rank, **more)


def picture(pdf, scale=4):
    page = pypdfium2.PdfDocument(pdf)[0]
    return page.render(scale=scale, fill_color=(0, 0, 0, 0), maybe_alpha=True).to_pil()


def points_of(segments):
    return [point for _, points in segments for point in points]


def middles(drawn, count, size):
    """Of small characters, which are painted twice, what lies between both."""
    if len(drawn) == count * size:
        return drawn
    assert len(drawn) == 2 * count * size
    return [
        (
            (drawn[at][0] + drawn[at + size][0]) / 2,
            (drawn[at][1] + drawn[at + size][1]) / 2,
        )
        for first in range(0, len(drawn), 2 * size)
        for at in range(first, first + size)
    ]


def stands(char, count, rank):
    """Middle and turn of each character on the ring, solved from what is drawn."""
    source = points_of(outline(char, Identity))
    drawn = middles(
        points_of(design(spec_of(rank, char * count)).paints[0].segments),
        count,
        len(source),
    )
    first = source[0]
    right = max(source, key=lambda point: point[0] - first[0])
    high = max(source, key=lambda point: point[1] - first[1])
    chosen = [source.index(point) for point in (first, right, high)]
    found = []
    for start in range(0, len(drawn), len(source)):
        o, x, y = (complex(*drawn[start + index]) for index in chosen)
        (ox, oy), (xx, xy), (yx, yy) = (source[index] for index in chosen)
        size = (xx - ox) * (yy - oy) - (xy - oy) * (yx - ox)
        along = ((x - o) * (yy - oy) - (y - o) * (xy - oy)) / size
        up = ((y - o) * (xx - ox) - (x - o) * (yx - ox)) / size
        middle = o + along * (advance(char) / 2 - ox) + up * (MIDDLE - oy)
        assert abs((along * up.conjugate()).real) < 1e-9, "neither slanted"
        assert (along.conjugate() * up).imag > 0, "nor mirrored"
        found.append((middle, math.atan2(along.imag, along.real)))
    return found


def parallel(half_width, half_height, inside, steps=40_000):
    """Points at one distance inside of an ellipse, clockwise from the bottom."""
    line = []
    for step in range(steps + 1):
        angle = -math.pi + 2 * math.pi * step / steps
        point = complex(half_width * math.sin(angle), half_height * math.cos(angle))
        normal = complex(half_height * math.sin(angle), half_width * math.cos(angle))
        line.append(point - inside * normal / abs(normal))
    return line


def test_the_page_is_as_large_as_the_seal():
    with pikepdf.open(io.BytesIO(draw(SPEC))) as pdf:
        assert len(pdf.pages) == 1
        _, _, width, height = map(float, pdf.pages[0].MediaBox)
    assert width == pytest.approx(42 / 25.4 * 72)
    assert height == width


@pytest.mark.parametrize("rank", RANKS)
def test_a_seal_of_every_rank_needs_no_font_and_holds_no_image(rank):
    spec = spec_of(rank)
    with pikepdf.open(io.BytesIO(draw(spec))) as pdf:
        assert "/Font" not in pdf.pages[0].Resources
        kinds = {str(o.get("/Subtype")) for o in pdf.objects if "/Length" in o}
        _, _, width, height = map(float, pdf.pages[0].MediaBox)
    assert "/Image" not in kinds
    assert width == pytest.approx(RANKS[rank].width_mm / 25.4 * 72, abs=0.01)
    assert height == pytest.approx(RANKS[rank].height_mm / 25.4 * 72, abs=0.01)


def test_the_same_spec_gives_the_same_bytes():
    assert draw(SPEC) == draw(SPEC)
    assert draw(SPEC) != draw(SealSpec("示例市市场监管局"))
    assert to_png(SPEC) == to_png(SPEC)


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


SIZES = {  # 国发〔1999〕25号 and the practice of the field, millimetres
    "state-council": (60, 60), "province": (50, 50), "ministry-level": (50, 50),
    "ministry-level-institution": (50, 50), "vice-ministry-level": (45, 45),
    "vice-ministry-level-institution": (45, 45), "coordinating-body": (50, 50),
    "national-bureau": (45, 45), "national-department": (42, 42),
    "government": (45, 45), "prefecture": (45, 45), "township": (42, 42),
    "department": (42, 42), "institution": (42, 42), "company": (40, 40),
    "company-department": (38, 38), "company-purpose": (40, 40),
    "company-contract": (58, 58), "joint-stock-company": (42, 42),
    "individual-business": (38, 38), "foreign-invested": (45, 30),
    "invoice": (40, 30),
}  # fmt: skip


def test_the_sizes_of_the_ranks_are_those_of_the_rules():
    shown = {name: (r.width_mm, r.height_mm) for name, r in RANKS.items()}
    assert shown == SIZES


@pytest.mark.parametrize("rank", [r for r in RANKS if RANKS[r].is_round])
def test_the_emblem_is_not_drawn_and_its_place_says_that_this_is_a_test(rank):
    """What is painted is counted: a star is the only path of ten straight lines."""
    paints = design(spec_of(rank)).paints
    kinds = [tuple(kind for kind, _ in paint.segments) for paint in paints]
    stars = kinds.count(("moveTo", *["lineTo"] * 9, "closePath"))
    assert stars == (RANKS[rank].centre is Centre.STAR)
    if RANKS[rank].centre is Centre.EMBLEM:
        assert len(paints) == 3
        inner = points_of(paints[1].segments + paints[2].segments)
        assert max(math.hypot(x, y) for x, y in inner) < RANKS[rank].width_mm / 4


def _kinds(text, times):
    """The kinds of segments that a text is drawn with."""
    return tuple(
        kind
        for char in text
        for _ in range(times)
        for kind, _ in outline(char, Identity)
    )


@pytest.mark.parametrize("rank", RANKS)
def test_every_seal_shows_the_notice_and_says_it_in_its_name(rank):
    """The notice is found by the outlines of its characters, one by one."""
    spec = spec_of(rank)
    drawn = [tuple(kind for kind, _ in paint.segments) for paint in design(spec).paints]
    shown = {times: _kinds(TEST_NOTICE, times) for times in (1, 2)}
    words = {times: _kinds("".join(TEST_NOTICE.split()), times) for times in (1, 2)}
    joined = [sum(pair, ()) for pair in itertools.pairwise(drawn)]
    assert {*drawn, *joined} & {*shown.values(), *words.values()}
    assert TEST_MARK in spec.seal_name
    assert "无法律效力" in spec.seal_name
    assert "notice" not in SealSpec.__dataclass_fields__


def test_text_under_the_seal_shines_through_the_ink():
    with pikepdf.open(io.BytesIO(draw(SPEC))) as pdf:
        states = pdf.pages[0].Resources.ExtGState
        assert states.Ink.BM == "/Multiply"


def test_the_svg_is_the_same_drawing():
    root = ET.fromstring(to_svg(SPEC))  # noqa: S314  our own text
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("width") == "42mm"
    paths = " ".join(path.get("d") for path in root.iter(f"{space}path"))
    numbers = [float(text) for text in re.findall(r"-?\d+\.\d+", paths)]
    assert min(numbers) > 0
    assert max(numbers) < 42
    drawn = [p for paint in design(SPEC).paints for p in points_of(paint.segments)]
    flat = [value for x, y in drawn for value in (21 + x, 21 - y)]
    assert numbers == pytest.approx(flat, abs=0.001)


@pytest.mark.parametrize(("dpi", "side"), [(72, 119), (300, 496), (600, 992)])
def test_the_png_has_the_size_that_its_resolution_gives(dpi, side):
    with Image.open(io.BytesIO(to_png(SPEC, dpi))) as image:
        assert image.mode == "RGBA"
        assert image.size == pytest.approx((side, side), abs=1)
        assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.1)
        assert image.getpixel((0, 0))[3] == 0
        red, green, blue, alpha = image.getpixel((side // 2, side // 84))
    assert alpha == 255
    assert (red, green, blue) == pytest.approx(RED, abs=3)


@pytest.mark.parametrize("dpi", [71, 1201, 0])
def test_a_picture_of_any_other_resolution_is_refused(dpi):
    with pytest.raises(ValueError, match="dots per inch"):
        to_png(SPEC, dpi)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("rank", [ROUND, "company-contract"])
def test_on_a_circle_all_characters_are_equally_far_from_each_other(rank, count):
    found = stands("国", count, rank)
    steps = [abs(b[0] - a[0]) for a, b in itertools.pairwise(found)]
    assert max(steps) - min(steps) < 0.001
    assert [abs(middle) for middle, _ in found] == pytest.approx(
        [abs(found[0][0])] * count
    )
    for middle, turn in found:
        assert math.atan2(-middle.real, middle.imag) == pytest.approx(turn, abs=1e-6)
    assert found[0][0].real == pytest.approx(-found[-1][0].real)
    assert found[0][0].imag == pytest.approx(found[-1][0].imag)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("rank", [OVAL, "invoice"])
def test_on_an_ellipse_their_distances_along_the_curve_are_equal(rank, count):
    """The curve is laid out anew, as a line of points, and gone along."""
    form = RANKS[rank]
    a, b = form.width_mm / 2 - form.border_mm, form.height_mm / 2 - form.border_mm
    found = stands("国", count, rank)
    if count % 2:
        inside = b - max(middle.imag for middle, _ in found)
    else:
        inside = _inside(a, b, found[0][0])
    line = parallel(a, b, inside)
    ways = [0.0, *itertools.accumulate(map(abs, map(_minus, line, line[1:])))]
    seen = []
    for middle, turn in found:
        near = min(range(len(line)), key=lambda at: abs(line[at] - middle))
        assert abs(line[near] - middle) < 0.01, "on the curve"
        along = line[near + 1] - line[near - 1]
        assert math.atan2(along.imag, along.real) == pytest.approx(turn, abs=0.01)
        seen.append(ways[near])
    steps = [later - sooner for sooner, later in itertools.pairwise(seen)]
    assert max(steps) - min(steps) < 0.02
    angles = [math.atan2(m.real / a, m.imag / b) for m, _ in found]
    turns = [later - sooner for sooner, later in itertools.pairwise(angles)]
    if count > 5:
        assert max(turns) - min(turns) > 0.02, "equal angles would be another thing"


def _minus(one, other):
    return other - one


def _inside(a, b, point):
    """How far inside of an ellipse a point lies."""
    rim = parallel(a, b, 0.0)
    return min(abs(at - point) for at in rim)


@pytest.mark.parametrize("count", [4, 8, 13, 24])
def test_neighbours_on_the_ring_do_not_touch(count):
    """Blank gaps are seen between the characters on the circle through their middle."""
    image = picture(draw(SealSpec("口" * count, purpose="")), scale=6)
    alpha = image.getchannel("A")
    middle = image.size[0] / 2
    reach = middle * abs(stands("口", count, ROUND)[0][0]) / 21
    turn = math.degrees(stands("口", count, ROUND)[0][1]) + 8
    ring = [
        alpha.getpixel(
            (
                middle + reach * math.sin(math.radians(step / 4)),
                middle - reach * math.cos(math.radians(step / 4)),
            )
        )
        > 128
        for step in range(int(-4 * turn), int(4 * turn))
    ]
    strokes = sum(1 for a, b in itertools.pairwise(ring) if b and not a)
    assert strokes == 2 * count, "each 口 is crossed at its two uprights"


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("count", [4, 8, 12, 18, 24])
def test_nothing_touches_the_border_or_another_part(rank, count):
    """Parts are one by one laid on a grid of 0.2 mm, and lie two cells apart."""
    code = {"code": "0000001234567"} if RANKS[rank].has_code else {}
    made = design(spec_of(rank, ("国鑫" * 12)[:count], **code))
    a, b = made.width / 2 - made.border, made.height / 2 - made.border
    seen = set()
    for paint in made.paints:
        points = points_of(paint.segments)
        assert max((x / (a - 0.3)) ** 2 + (y / (b - 0.3)) ** 2 for x, y in points) < 1
        cells = {(round(x / 0.2), round(y / 0.2)) for x, y in points}
        assert not cells & seen
        seen |= {
            (x + right, y + up)
            for x, y in cells
            for right, up in itertools.product((-1, 0, 1), repeat=2)
        }


WRONG = {
    "three characters are too few for a ring": {"name": "示例市"},
    "twenty-five characters are too many": {"name": "示" * 25},
    "a purpose of thirteen characters": {"purpose": "章" * 13},
    "larger than any department's seal": {"diameter_mm": 45.1},
    "smaller than can be read": {"diameter_mm": 29.9},
    "no size at all": {"diameter_mm": float("nan")},
    "another size than the rule's mm": {"rank": "government", "diameter_mm": 42},
    "no such rank": {"rank": "emperor"},
    "a purpose on a main seal": {"rank": "government", "purpose": "公章"},
    "no purpose where one is due, in characters": {"rank": "company-department"},
    "twelve digits": {"code": "1" * 12},
    "letters among the digits": {"code": "1" * 12 + "A"},
    "full-width digits": {"code": "１" * 13},
    "digits where no rank has them": {"rank": "government", "code": "1" * 13},
    "an invoice seal without its digits": {"rank": "invoice"},
    "a tax number of 17 digits": {"rank": "invoice", "tax_number": "1" * 17},
    "a tax number elsewhere, of digits": {"tax_number": "91990100000000027A"},
    "a malformed one elsewhere, of digits": {"tax_number": "9"},
}


@pytest.mark.parametrize("case", WRONG)
def test_what_the_rank_has_not_or_nobody_can_read_is_refused(case):
    with pytest.raises(ValueError, match=r"characters|mm|rank|purpose|digits"):
        SealSpec(**{"name": SPEC.name, **WRONG[case]})


@pytest.mark.parametrize("write", [draw, to_svg, to_png])
def test_a_character_without_a_glyph_is_named_by_its_code_point(write):
    with pytest.raises(ValueError, match=r"U\+20BB7"):
        write(SealSpec("示例𠮷市局"))


@given(
    st.text("示例市青禾区行政审批局AB·0", min_size=4, max_size=24),
    st.sampled_from(sorted(RANKS)),
)
@settings(max_examples=40, deadline=None)
def test_every_name_stays_inside_the_border(name, rank):
    made = design(spec_of(rank, name))
    a, b = made.width / 2 - made.border, made.height / 2 - made.border
    points = points_of(made.paints[0].segments)
    assert max((x / a) ** 2 + (y / b) ** 2 for x, y in points) < 1


def test_the_page_shows_every_rank_as_the_table_has_it():
    path = ROOT / "docs/images/seals/make.py"
    spec = importlib.util.spec_from_file_location("seals", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (ROOT / "docs/seal-images.md").read_text(encoding="utf-8")
    assert script.table() in page
    for name in (*RANKS, "names", "cross-page"):
        assert f"images/seals/{name}.png" in page
        picture_ = ROOT / f"docs/images/seals/{name}.png"
        assert 1000 < picture_.stat().st_size < 60_000
