"""Cross-page seals (骑缝章)."""

import io
import itertools

import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from esign.errors import MalformedError
from esign.seal_image import (
    MIN_SLICE_MM,
    CrossPage,
    Edge,
    SealSpec,
    draw,
    draw_across,
    import_picture,
    slices,
    to_png,
)
from esign.seal_image.cross_page import groups

A4 = (210.0, 297.0)
POINTS = 72 / 25.4
SPEC = SealSpec("示例市行政审批局")
EDGES = st.sampled_from(Edge)


def test_five_pages_at_the_right_edge_are_the_sample_of_the_field():
    """V4RideRight: a seal of 40 mm, slices of 8 mm, x = page width - 8 (i + 1)."""
    made = slices([A4] * 5, 40, 40)
    assert [part.page for part in made] == [0, 1, 2, 3, 4]
    for index, part in enumerate(made):
        assert part.clip == (8 * index, 0, 8 * (index + 1), 40)
        assert part.box == (202, 128.5, 210, 168.5)
        assert part.box[0] - part.clip[0] == 210 - 8 * (index + 1)


@given(st.integers(2, 400), st.integers(2, 60) | st.none())
def test_groups_hold_every_page_and_none_alone(pages, number):
    found = groups(pages, number)
    assert sum(found) == pages
    assert min(found) >= 2
    if number is not None and number < pages:
        assert set(found[:-1]) <= {number}
        assert found[-1] <= number + 1
        assert (found[-1] == number + 1) == (pages % number == 1)


@given(
    st.lists(
        st.tuples(st.floats(120, 500), st.floats(120, 500)), min_size=2, max_size=30
    ),
    st.tuples(st.floats(30, 60), st.floats(30, 60)),
    EDGES,
    st.floats(0, 40) | st.none(),
    st.floats(0, 30),
    st.integers(2, 30) | st.none(),
)
def test_the_slices_of_a_group_are_the_seal_and_each_lies_at_its_edge(
    sizes, seal, edge, offset, margin, number
):
    made = slices(sizes, *seal, CrossPage(edge, offset, margin, number))
    assert [part.page for part in made] == list(range(len(sizes)))
    rest = iter(made)
    for count in groups(len(sizes), number):
        whole_seal(list(itertools.islice(rest, count)), seal, edge)
    for part, size in zip(made, sizes, strict=True):
        at_its_place(part, size, edge, (offset, margin))


def whole_seal(group, seal, edge):
    along = 0 if edge in (Edge.LEFT, Edge.RIGHT) else 1
    across = 1 - along
    if edge in (Edge.LEFT, Edge.BOTTOM):
        group.reverse()
    assert group[0].clip[along] == 0
    assert group[-1].clip[along + 2] == seal[along]
    for one, other in itertools.pairwise(group):
        assert one.clip[along + 2] == other.clip[along]
    for part in group:
        assert (part.clip[across], part.clip[across + 2]) == (0, seal[across])
        wide = part.clip[along + 2] - part.clip[along]
        assert wide == pytest.approx(seal[along] / len(group))


def at_its_place(part, size, edge, distances):
    offset, margin = distances
    edges = (*part.box[:2], size[0] - part.box[2], size[1] - part.box[3])
    gap = edges[[Edge.LEFT, Edge.BOTTOM, Edge.RIGHT, Edge.TOP].index(edge)]
    assert gap == pytest.approx(margin, abs=1e-9)
    assert min(edges) >= -1e-9
    for side in (0, 1):
        drawn = part.box[side + 2] - part.box[side]
        assert drawn == pytest.approx(part.clip[side + 2] - part.clip[side])
    across = 1 if edge in (Edge.LEFT, Edge.RIGHT) else 0
    if offset is None:
        middle = (part.box[across] + part.box[across + 2]) / 2
        assert middle == pytest.approx(size[across] / 2)
    else:
        far = size[1] - part.box[3] if across else part.box[0]
        assert far == pytest.approx(offset)


REFUSED = {
    "a single page": ([A4], {}),
    "no pages": ([], {}),
    "slices that are too narrow": ([A4] * 43, {}),
    "a page that is too low": ([A4, (210.0, 41.0)], {}),
    "no room below the offset": ([A4] * 2, {"offset_mm": 256}),
    "no room beside the margin": ([A4] * 2, {"margin_mm": 190}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_where_a_seal_has_no_room_it_is_refused(case):
    sizes, way = REFUSED[case]
    with pytest.raises(ValueError, match=r"two pages|narrower|room"):
        slices(sizes, 42, 42, CrossPage(**way))
    assert MIN_SLICE_MM == 42 / 42


@pytest.mark.parametrize(
    "way",
    [
        {"margin_mm": -1}, {"offset_mm": -1}, {"margin_mm": float("nan")},
        {"offset_mm": float("inf")}, {"clip_number": 1}, {"clip_number": 0},
    ],
)  # fmt: skip
def test_numbers_that_are_no_distance_or_count_are_refused(way):
    with pytest.raises(ValueError, match=r"distances|slices"):
        CrossPage(**way)


@pytest.mark.parametrize("size", [(0, 42), (42, float("nan")), (float("inf"), 42)])
def test_a_seal_without_a_size_is_refused(size):
    with pytest.raises(ValueError, match="width and a height"):
        slices([A4] * 2, *size)


# In a PDF.


def paper(*pages):
    """A PDF; each page is given by changes of its dictionary and its content."""
    pdf = pikepdf.new()
    for entries, content in pages:
        pdf.add_blank_page(page_size=(400, 300))
        page = pdf.pages[-1]
        for key, value in entries.items():
            page.obj[key] = value
        page.Contents = pdf.make_stream(content)
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def rendered(pdf, scale=3):
    document = pypdfium2.PdfDocument(pdf)
    return [page.render(scale=scale).to_pil().convert("RGB") for page in document]


BLANK = ({}, b"")
ARTS = {
    "drawn": draw(SPEC),
    "imported": import_picture("PNG", to_png(SPEC, 600), 42, 42),
}
SCALE = 254 / 72  # ten pixels a millimetre


def pieced(pages, parts, seal):
    """The seal put together from what the edges of rendered pages show."""
    whole = Image.new("RGB", (round(seal[0] * 10), round(seal[1] * 10)), "white")
    for page, part in zip(pages, parts, strict=True):
        high = page.height
        left, bottom, right, top = (value * 10 for value in part.box)
        piece = page.crop(
            (round(left), round(high - top), round(right), round(high - bottom))
        )
        at = (round(part.clip[0] * 10), round((seal[1] - part.clip[3]) * 10))
        whole.paste(piece, at)
    return whole


def difference(one, other):
    histogram = ImageChops.difference(one, other).convert("L").histogram()
    return sum(level * count for level, count in enumerate(histogram)) / (
        one.width * one.height
    )


@pytest.mark.parametrize("edge", Edge)
@pytest.mark.parametrize("art", ARTS)
def test_the_pages_in_a_fan_show_the_seal(art, edge):
    """Three groups, pages that are turned, scaled, cropped or left open."""
    kinds = [
        BLANK,
        ({"/Rotate": 90}, b""),
        ({"/Rotate": 180}, b"q 2 0 0 2 9 9 cm"),
        ({"/Rotate": -90}, b"Q Q 1 0 0 1 50 0 cm"),
        ({"/CropBox": pikepdf.Array([20, 30, 390, 290])}, b"q"),
        ({"/MediaBox": pikepdf.Array([400, 300, -9, -9]), "/Rotate": 90}, b""),
        ({"/Rotate": 270}, b"q Q"),
    ]
    pdf = paper(*kinds)
    way = CrossPage(edge, offset_mm=3, margin_mm=2, clip_number=3)
    pages = rendered(draw_across(pdf, ARTS[art], way), SCALE)
    sizes = [(page.width / 10, page.height / 10) for page in pages]
    parts = slices(sizes, 42, 42, way)
    expected = rendered(ARTS[art], SCALE)[0].resize((420, 420))
    for first, last in ((0, 3), (3, 7)):
        whole = pieced(pages[first:last], parts[first:last], (42, 42))
        alike = difference(whole, expected)
        assert alike < 5
        assert alike < difference(whole.transpose(0), expected) / 2
    for page, part in zip(pages, parts, strict=True):
        left, bottom, right, top = (value * 10 for value in part.box)
        page.paste(
            "white",
            (
                int(left) - 2,
                int(page.height - top) - 2,
                int(right) + 3,
                int(page.height - bottom) + 3,
            ),
        )
        assert page.getcolors() == [(page.width * page.height, (255, 255, 255))]


def test_a_page_in_larger_units_has_the_seal_in_its_own_size():
    """The engine draws the page without its unit, so the seal's part is 21 mm high."""
    pages = rendered(
        draw_across(paper(*[({"/UserUnit": 2}, b"")] * 2), ARTS["drawn"]), SCALE
    )
    for page in pages:
        left, top, right, bottom = ImageChops.invert(page).getbbox()
        assert (left, right) == pytest.approx((page.width - 105, page.width), abs=2)
        assert bottom - top == pytest.approx(210, abs=2)


def test_a_page_inherits_how_it_is_turned():
    data = paper(BLANK, BLANK)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.Root.Pages["/Rotate"] = 90
        out = io.BytesIO()
        pdf.save(out)
    first, _ = rendered(draw_across(out.getvalue(), ARTS["drawn"]))
    assert (first.width, first.height) == (900, 1200)
    box = ImageChops.invert(first).getbbox()
    assert box[2] == 900
    assert box[1] == pytest.approx(600 - 21 * POINTS * 3, abs=20)


def test_the_same_document_gives_the_same_bytes_and_keeps_its_text():
    text = b"0 0 1 rg 10 10 50 50 re f"
    pdf = paper(({}, text), ({}, text))
    made = draw_across(pdf, ARTS["drawn"])
    assert made == draw_across(pdf, ARTS["drawn"])
    for before, after in zip(rendered(pdf), rendered(made), strict=True):
        box = (0, 600, 300, 900)
        assert before.crop(box).tobytes() == after.crop(box).tobytes()
    with pikepdf.open(io.BytesIO(made)) as opened:
        forms = [
            o
            for o in opened.objects
            if o.get("/Subtype") == "/Form" and "/ExtGState" in o.get("/Resources", {})
        ]
    assert len(forms) == 1, "the seal is in the file once"


def with_field(pdf):
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array())


def with_permissions(pdf):
    pdf.Root.Perms = pikepdf.Dictionary()


def oblique(pdf):
    pdf.pages[1].obj.Rotate = 45


def turned_by_a_name(pdf):
    pdf.pages[1].obj.Rotate = pikepdf.Name.Left


def without_size(pdf):
    pdf.pages[0].obj.CropBox = pikepdf.Array([500, 500, 600, 600])


def of_no_unit(pdf):
    pdf.pages[0].obj.UserUnit = -1


WRONG = {
    "form fields": with_field,
    "permissions": with_permissions,
    "a page turned by 45 degrees": oblique,
    "a page turned by a name": turned_by_a_name,
    "a page whose crop is elsewhere": without_size,
    "a unit below zero": of_no_unit,
}


@pytest.mark.parametrize("case", WRONG)
def test_a_document_that_can_not_be_sealed_afterwards_is_refused(case):
    with pikepdf.open(io.BytesIO(paper(BLANK, BLANK))) as pdf:
        WRONG[case](pdf)
        out = io.BytesIO()
        pdf.save(out)
    with pytest.raises(MalformedError):
        draw_across(out.getvalue(), ARTS["drawn"])


def test_what_is_no_pdf_or_encrypted_or_endless_is_refused():
    for data in (b"", b"%PDF-1.7", paper(BLANK, BLANK)[:400]):
        with pytest.raises(MalformedError):
            draw_across(data, ARTS["drawn"])
    with pikepdf.open(io.BytesIO(paper(BLANK, BLANK))) as pdf:
        out = io.BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(owner="a", user=""))
        long = io.BytesIO()
        for _ in range(1999):
            pdf.pages.append(pdf.pages[0])
        pdf.save(long)
    for data in (out.getvalue(), long.getvalue()):
        with pytest.raises(MalformedError):
            draw_across(data, ARTS["drawn"])


def test_a_page_that_is_its_own_parent_comes_to_an_end():
    with pikepdf.open(io.BytesIO(paper(BLANK, BLANK))) as pdf:
        pdf.pages[0].obj.Parent = pdf.pages[0].obj
        out = io.BytesIO()
        pdf.save(out)
    first, _ = rendered(draw_across(out.getvalue(), ARTS["drawn"]))
    assert ImageChops.invert(first).getbbox() is not None
