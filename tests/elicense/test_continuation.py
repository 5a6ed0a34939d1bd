"""Values that go on on continuation pages: nothing is cut, every page is read."""

import dataclasses
import functools
import io
import re

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import drawing, face, layout
from elicense.catalog import Background, Catalog
from elicense.errors import MissingGlyphError, TooLongError
from elicense.fonts import STANDARD, FontSet
from elicense.layout import Frame, clearance
from elicense.layout.flow import MAX_PAGES
from elicense.layout.plan import MAX_FIXED_PAGES
from elicense.testing import Simulator
from elicense.validating import Scope
from elicense.validating.face_check import check_face
from esign import pades, seal_image
from esign.errors import MalformedError
from esign.seal_image import SealSpec
from esign.verdict import Code, Indication
from tests.elicense.backgrounds import drawn, paint
from tests.elicense.booklets import (
    HEAD,
    HOLDER,
    LAYOUT,
    NOTICES,
    PAGE,
    ROWS,
    SCOPE,
    composed,
    license_of,
    own_type,
    parts_of,
    resealed,
    squeezed,
    value_of,
)
from tests.elicense.pages import AT, PRESSES, TOKEN, press, with_layout
from tests.elicense.test_one_pass import assert_bodies_are_those_of_the_assembly
from tests.esign import pades_world

LONG = (SCOPE * 200)[:3000]
BOTH = pytest.mark.parametrize("kind", PRESSES)
LENGTHS = {"short": 1, "on the face": 120, "two pages": 1500, "three pages": 3000}


def long_license(count=3000, **fields):
    return license_of(scope=LONG[:count], **fields)


def differences(pdf, license_, kind=None):
    pages = composed(license_, kind or own_type())
    return face.compare(face.read(pdf), pages, license_, TOKEN)


@functools.cache
def pressed(kind, count):
    return press(kind).print(parts_of(long_license(count), own_type()))


def field_texts(page, field):
    return [run.text for run in page.runs if run.field == field]


APPLICATION = {
    "holders": [{"name": HOLDER.name, "code": HOLDER.code}],
    "number": "示例许〔2026〕1号",
    "scope": LONG,
    "terms": ["示例条件"],
}


# What stands on the pages.


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (120, 1), (1500, 2), (3000, 3)])
def test_a_value_takes_as_many_pages_as_it_needs(count, pages):
    assert len(composed(long_license(count), own_type())) == pages


TEXTS = st.text("示例市（），、。；《》·A1b2 -营业", min_size=1, max_size=60)


@given(TEXTS, st.integers(1, 3000), st.lists(TEXTS, max_size=40))
@settings(max_examples=60, deadline=None)
def test_no_value_is_cut_and_nothing_is_printed_twice(text, count, terms):
    scope = (text * 3000)[:count].strip() or "示"
    license_ = license_of(scope=scope, terms=tuple(terms))
    pages = composed(license_, own_type())
    assert value_of(pages, "scope") == squeezed([scope])
    assert value_of(pages, "terms") == squeezed(["；".join(terms)])
    assert clearance.faults(pages) == ()


@pytest.mark.parametrize("marker", ["（下接附页）", "（见附页）", "（续）"])
def test_a_value_that_says_what_a_page_says_is_printed_as_it_is(marker):
    value = f"{marker}示例" * 300
    pages = composed(license_of(scope=value), own_type())
    # Only the last line on the face is not the value's own.
    texts = [text for page in pages for text in field_texts(page, "scope")]
    on_face = len(field_texts(pages[0], "scope"))
    assert texts.pop(on_face - 1) == "（下接附页）"
    assert squeezed(texts) == value


def test_the_face_says_that_a_value_goes_on_and_the_next_page_what_it_is():
    first, second, third = composed(long_license(), own_type())
    assert field_texts(first, "scope")[-1] == "（下接附页）"
    assert field_texts(first, "label:scope") == ["经营范围"]
    for page in (second, third):
        assert field_texts(page, "label:scope") == ["经营范围（续）"]
        assert not {"（下接附页）", "（见附页）"} & set(field_texts(page, "scope"))
        assert field_texts(page, "title") == ["示例许可证（附页）"]
        assert field_texts(page, "number") == ["许可证编号：示例许〔2026〕1号"]
        assert "holders" not in {run.field for run in page.runs}
    assert field_texts(first, "page") == []
    assert field_texts(second, "page") == ["第 2 页，共 3 页"]
    assert field_texts(third, "page") == ["第 3 页，共 3 页"]


def test_two_pages_say_so():
    _, second = composed(long_license(1500), own_type())
    assert "第2页，共2页" in second.text
    assert field_texts(second, "page") == ["第 2 页，共 2 页"]


def test_a_value_without_room_for_a_line_stands_on_the_next_page_alone():
    rows = ROWS.replace("box = [25, 126, 160, 20]", "box = [25, 126, 160, 6]")
    kind = own_type(PAGE + NOTICES + rows)
    terms = ("示例条件一" * 20, "示例条件二")
    first, second = composed(license_of(terms=terms), kind)
    assert field_texts(first, "terms") == ["（见附页）"]
    assert field_texts(second, "label:terms") == ["许可条件"]
    assert value_of((first, second), "terms") == "；".join(terms)


def test_what_goes_on_follows_in_the_order_of_the_rows():
    license_ = long_license(1200, terms=("示例条件" * 80,) * 4)
    _, *more = composed(license_, own_type())
    labels = [
        run.text for page in more for run in page.runs if run.field.startswith("label:")
    ]
    assert labels[0] == "经营范围（续）"
    assert labels[-1] == "许可条件（续）"
    assert value_of(composed(license_, own_type()), "terms") == "；".join(
        license_.draft.fields["terms"]
    )


@pytest.mark.parametrize("specimen", [True, False])
def test_continuation_pages_are_of_paper_and_frame_alone(specimen):
    license_ = dataclasses.replace(long_license(), specimen=specimen)
    first, *more = composed(license_, own_type())
    assert first.ornament.frame is Frame.CERTIFICATE
    assert None not in (first.qr_box, first.seal_box)
    for page in more:
        boxes = (page.qr_box, page.code_box, page.photo_box, page.seal_box)
        assert boxes == (None,) * 4
        ornament = page.ornament
        assert (ornament.frame, ornament.is_own) == (Frame.PLAIN, False)
        assert ornament.width == pytest.approx(210 * 72 / 25.4)
        assert ornament.height == pytest.approx(297 * 72 / 25.4)
        assert ornament.watermark == ("样张" if specimen else "")
        assert ("样张，仅供演示" in page.text) == specimen
        assert license_.identifier in page.text


@pytest.mark.parametrize("paper", ["A4 landscape", "A3 landscape"])
def test_continuation_pages_are_a4_whatever_the_face_is(paper):
    kind = own_type(LAYOUT.replace('"A4"', f'"{paper}"'))
    first, second, *_ = composed(long_license(), kind)
    assert first.ornament.width > first.ornament.height
    assert second.ornament.width < second.ornament.height
    assert clearance.faults((second,)) == ()


@pytest.mark.parametrize("floor", [7, 9, 12])
def test_a_value_shrinks_to_its_floor_before_it_goes_on(floor):
    kind = own_type(LAYOUT.replace("floor = 9", f"floor = {floor}"))
    first, *more = composed(long_license(), kind)
    sizes = {run.size for run in first.runs if run.field == "scope"}
    assert sizes == {floor}
    assert more
    (short,) = composed(license_of(), kind)
    assert {run.size for run in short.runs if run.field == "scope"} == {14}


def test_lines_of_a_continuation_page_end_at_its_margin():
    _, *more = composed(long_license(), own_type())
    for page in more:
        for run in page.runs:
            if run.field == "scope":
                wide = STANDARD.width(run.text, run.typeface, run.size)
                assert run.x + wide <= run.room[2] + 0.01
                assert run.size == 10.5


def test_a_license_has_eight_pages_and_not_more():
    fitting = fullest(MAX_PAGES)
    terms = fitting.draft.fields["terms"]
    pages = composed(fitting, own_type())
    assert value_of(pages, "terms") == "；".join(terms)
    with pytest.raises(TooLongError) as told:
        composed(license_of(scope=LONG, terms=terms * 2), own_type())
    assert told.value.field == "terms"


def test_a_row_that_does_not_go_on_is_refused_as_before():
    kind = own_type(LAYOUT.replace("continued = true, floor = 9", "floor = 9"))
    with pytest.raises(TooLongError) as told:
        composed(long_license(), kind)
    assert told.value.field == "scope"
    assert 100 < told.value.fits < 1000
    assert len(composed(long_license(told.value.fits), kind)) == 1
    with pytest.raises(TooLongError):
        composed(long_license(told.value.fits + 1), kind)


def test_a_missing_glyph_far_behind_names_the_field():
    with pytest.raises(MissingGlyphError) as told:
        composed(license_of(scope="示" * 2900 + "\U00020bb7"), own_type())
    assert (told.value.field, told.value.code_point) == ("scope", 0x20BB7)


@given(st.integers(0, 3000), st.integers(0, 3000))
@settings(max_examples=15, deadline=None)
def test_pages_do_not_depend_on_those_before_them(before, count):
    license_ = long_license(count or 1)
    composed(long_license(before or 1), own_type())
    fresh = with_layout(own_type())
    assert composed(license_, own_type()) == composed(license_, fresh)


# What is printed is read back.


@BOTH
@pytest.mark.parametrize("length", LENGTHS)
def test_what_a_press_prints_is_the_composed_pages(length, kind):
    license_ = long_license(LENGTHS[length])
    pdf = pressed(kind, LENGTHS[length])
    assert differences(pdf, license_) == ()
    report = pades.validate(pdf, pades_world.world().trust(), AT)
    assert [check.code for check in report.checks if check.code] == []
    checked = check_face(pdf, license_, own_type(), TOKEN, STANDARD)
    assert checked.indication is Indication.PASSED


@pytest.mark.parametrize("length", LENGTHS)
def test_the_presses_print_one_face_of_several_pages(length):
    plain, *others = (pressed(kind, LENGTHS[length]) for kind in PRESSES)
    seen = drawing.read(plain)
    assert seen.faults == ()
    pages = composed(long_license(LENGTHS[length]), own_type())
    assert [side.text for side in seen.sides] == [page.text for page in pages]
    for other in others:
        assert drawing.read(other) == seen


@pytest.mark.parametrize("length", LENGTHS)
def test_the_one_pass_press_writes_what_the_assembly_writes(length):
    given_ = parts_of(long_license(LENGTHS[length]), own_type())
    assert_bodies_are_those_of_the_assembly(given_)


def test_kinds_of_licenses_with_more_pages_do_not_mix():
    own = PRESSES["one pass"](
        pades_world.world().identity, seal_image.draw(SealSpec("示例市行政审批局"))
    )
    files = [own.print(parts_of(long_license(c), own_type())) for c in (1, 3000, 1500)]
    again = [own.print(parts_of(long_license(c), own_type())) for c in (1, 3000, 1500)]
    assert files == again
    for count, pdf in zip((1, 3000, 1500), files, strict=True):
        assert differences(pdf, long_license(count)) == ()


@functools.cache
def fullest(count):
    """Return a license of so many pages, each full of text."""
    terms = ()
    while True:
        terms = (*terms, "示例条件、" * 80)
        license_ = license_of(scope=LONG, terms=terms)
        if len(composed(license_, own_type())) == count:
            return license_


@BOTH
@pytest.mark.parametrize("count", range(4, MAX_PAGES + 1))
def test_a_license_of_as_many_pages_as_there_may_be_is_read(count, kind):
    license_ = fullest(count)
    pdf = press(kind).print(parts_of(license_, own_type()))
    assert len(face.read(pdf).sides) == count
    assert differences(pdf, license_) == ()


@BOTH
@pytest.mark.parametrize("paper", ["A4", "A3 landscape"])
@pytest.mark.parametrize("count", range(2, MAX_FIXED_PAGES + 1))
def test_as_many_fixed_pages_as_there_may_be_are_read(count, paper, kind):
    layout_ = f"pages = {count}\n" + LAYOUT.replace('"A4"', f'"{paper}"')
    own, license_ = own_type(layout_), license_of()
    pages = composed(license_, own)
    assert [page.ornament.frame for page in pages] == [Frame.CERTIFICATE] * count
    pdf = press(kind).print(parts_of(license_, own))
    assert differences(pdf, license_, own) == ()


@BOTH
def test_continuation_pages_have_no_background_of_the_types_own(kind):
    paper = composed(long_license(), own_type())[0].ornament
    data = drawn(paint, size=(paper.width, paper.height))
    own = with_layout(own_type(), background=Background("own.pdf", data))
    license_ = long_license()
    pdf = press(kind).print(parts_of(license_, own))
    (presentation,) = own.presentations
    pages = composed(license_, own)
    arts = drawing.arts_of(presentation, pages)
    assert arts[0] is not None
    assert arts[1:] == (None, None)
    seen = face.read(pdf, arts=arts)
    assert face.compare(seen, pages, license_, TOKEN) == ()
    checked = check_face(pdf, license_, own, TOKEN, STANDARD)
    assert checked.indication is Indication.PASSED
    with pytest.raises(MalformedError):
        face.read(pdf, arts=arts[::-1])


def test_a_license_of_several_pages_is_issued_and_valid_as_a_document():
    text = f"{HEAD}[layout]\n{LAYOUT}".encode()
    with Simulator() as simulator:
        simulator.catalog = Catalog.builtin().with_files({"own.toml": text})
        simulator.department.types = simulator.catalog.names()
        issued = simulator.issue("long-permit", APPLICATION)
        assert (issued.verdict.code, issued.verdict.scope) == (
            Code.VALID,
            Scope.DOCUMENT,
        )
        with pikepdf.open(io.BytesIO(issued.pdf)) as pdf:
            assert len(pdf.pages) == 3


# What is not the composed pages is a difference.


def take_away(pdf):
    del pdf.pages[2]


def take_both_away(pdf):
    del pdf.pages[1:]


def add_a_copy(pdf):
    pdf.pages.append(pdf.pages[2])


def add_a_blank_one(pdf):
    pdf.add_blank_page(page_size=(595.276, 841.89))


def swap(pdf):
    second, third = pdf.pages[1].obj, pdf.pages[2].obj
    pdf.Root.Pages.Kids = pikepdf.Array([pdf.pages[0].obj, third, second])


def twice_the_second(pdf):
    pdf.pages[2] = pdf.pages[1]


def in_operators(change, page=1):
    """Return an edit of the operators of one page."""

    def edit(pdf):
        contents = pdf.pages[page].Contents
        before = contents.read_bytes()
        after = change(before)
        assert after != before
        contents.write(after)

    return edit


def appended(more, page=1):
    return in_operators(lambda operators: operators + more, page)


def other_glyph(operators):
    """Draw one character of the value's last line twice instead of its own."""
    runs = list(re.finditer(rb"<((?:[0-9a-f]{4}){20,})> Tj", operators))
    codes = runs[-1][1]
    at = next(
        i for i in range(0, len(codes) - 4, 4) if codes[i:][:4] != codes[i + 4 :][:4]
    )
    other = codes[:at] + codes[at + 4 : at + 8] + codes[at + 4 :]
    start = runs[-1].start(1)
    return operators[:start] + other + operators[start + len(codes) :]


def less_of_the_last_line(operators):
    found = list(re.finditer(rb"<((?:[0-9a-f]{4})+)> Tj", operators))[-1]
    return operators[: found.start(1)] + found[1][4:] + operators[found.end(1) :]


def symbol_on_the_second(pdf):
    page, first = pdf.pages[1], pdf.pages[0]
    page.Resources.XObject["/QR"] = first.Resources.XObject["/QR"]
    in_operators(
        lambda operators: operators.replace(
            b"BT", b"q 90 0 0 90 300 120 cm /QR Do Q\nBT", 1
        )
    )(pdf)


def other_size(pdf):
    pdf.pages[2].MediaBox = pikepdf.Array([0, 0, 595.276, 800])


def turned_page(pdf):
    pdf.pages[1].obj["/Rotate"] = 180


def cropped_page(pdf):
    pdf.pages[1].obj["/CropBox"] = pikepdf.Array([0, 0, 595, 400])


EDITS = {
    "the last page is taken away": (take_away, "2 pages instead of 3"),
    "all pages but the first are": (take_both_away, "1 pages instead of 3"),
    "the last page is there twice": (add_a_copy, "4 pages instead of 3"),
    "a blank page is added": (add_a_blank_one, "4 pages instead of 3"),
    "two pages change places": (swap, "text of page"),
    "one page stands for another": (twice_the_second, "text of scope"),
    "one character is another": (in_operators(other_glyph), "text of scope"),
    "one of the last page is": (in_operators(other_glyph, 2), "text of scope"),
    "a character is missing": (in_operators(less_of_the_last_line), "text of"),
    "a line more on the second page": (
        appended(b"BT /F1 9 Tf 0 Tr 1 0 0 1 90 90 Tm <00010002> Tj ET\n"),
        "text of",
    ),
    "a line more that nobody sees": (
        appended(b"BT /F1 9 Tf 3 Tr 1 0 0 1 90 90 Tm <0001> Tj ET\n", 2),
        "hidden text",
    ),
    "something lies over the text": (
        appended(b"q 1 1 1 RG 400 w 90 300 m 400 300 l S Q\n"),
        "something is drawn over the text",
    ),
    "a line is moved on the last page": (
        in_operators(
            lambda ops: re.sub(
                rb"1 0 0 1 \S+ \S+ Tm", b"1 0 0 1 90 90 Tm", ops, count=1
            ),
            2,
        ),
        "drawing of title",
    ),
    "a symbol stands on the second page": (
        symbol_on_the_second,
        "1 images on the page",
    ),
    "a page has another size": (other_size, "size of the page"),
    "a page is turned": (turned_page, "the page has another entry"),
    "a page is cropped": (cropped_page, "the page is cropped"),
}


@functools.cache
def whole():
    return parts_of(long_license(), own_type())


@pytest.mark.parametrize("case", EDITS)
def test_an_edit_of_a_continuation_page_differs(case):
    edit, phrase = EDITS[case]
    pdf = resealed(whole(), edit)
    found = differences(pdf, long_license())
    assert any(phrase in text for text in found), found
    assert all(text.isascii() for text in found)
    checked = check_face(pdf, long_license(), own_type(), TOKEN, STANDARD)
    assert (checked.indication, checked.code) == (
        Indication.FAILED,
        Code.FACE_MISMATCH,
    )


def test_the_same_pages_sealed_once_more_are_no_difference():
    assert differences(resealed(whole(), lambda _: None), long_license()) == ()


NEVER_DRAWN = {
    "a note on the second page": lambda pdf: pdf.pages[1].obj.__setitem__(
        "/Annots",
        pdf.make_indirect(
            pikepdf.Array(
                [
                    pikepdf.Dictionary(
                        Type=pikepdf.Name.Annot,
                        Subtype=pikepdf.Name.Square,
                        Rect=pikepdf.Array([9, 9, 99, 99]),
                    )
                ]
            )
        ),
    ),
    "an inline image on the last": appended(
        b"q BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q\n", 2
    ),
    "a form that the page does not name": appended(b"q /Other Do Q\n"),
    "an operator of another language": appended(b"EVIL\n", 2),
}


@pytest.mark.parametrize("case", NEVER_DRAWN)
def test_what_no_continuation_page_has_is_malformed(case):
    pdf = resealed(whole(), NEVER_DRAWN[case])
    with pytest.raises(MalformedError) as told:
        face.read(pdf)
    if "note" in case:
        assert "annotations on a page without a seal" in str(told.value)
    checked = check_face(pdf, long_license(), own_type(), TOKEN, STANDARD)
    assert checked.code is Code.FACE_MISMATCH


@pytest.mark.parametrize("place", [0, 400, 1500, 2999])
def test_a_record_with_one_other_character_differs(place):
    """Wherever it stands, on the face or on the last page."""
    other = LONG[:place] + ("乙" if LONG[place] != "乙" else "丙") + LONG[place + 1 :]
    found = differences(pressed("one pass", 3000), license_of(scope=other))
    assert "text of scope" in found
    assert set(found) <= {"text of scope", "drawing of scope"}


def test_more_than_eight_pages_are_malformed():
    def add(pdf):
        for _ in range(6):
            pdf.add_blank_page()

    with pytest.raises(MalformedError, match="9 pages; at most 8"):
        face.read(resealed(whole(), add))


def test_a_reader_with_more_faces_composes_the_same_pages():
    license_ = long_license()
    reading = layout.compose(license_, own_type(), faces=STANDARD.for_reading())
    assert reading == composed(license_, own_type())
    assert reading == layout.compose(license_, own_type(), faces=FontSet())
