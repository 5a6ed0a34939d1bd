"""Fields of rows as tables with a head: every cell once, in order, on as many pages."""

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import drawing, face
from elicense.errors import CatalogError, MissingGlyphError, TooLongError
from elicense.layout import clearance
from esign.verdict import Indication
from tests.elicense.booklets import (
    NOTICES,
    PAGE,
    composed,
    license_of,
    own_type,
    parts_of,
    resealed,
    squeezed,
)
from tests.elicense.pages import PRESSES, TOKEN, press
from tests.elicense.test_one_pass import assert_bodies_are_those_of_the_assembly
from tests.elicense.test_presentations import judged

BOTH = pytest.mark.parametrize("kind", PRESSES)
GRID = """
[[layout.tables]]
value = "fields.people"
label = "人员名单"
box = [25, 92, 160, 80]
columns = [
  { key = "name", width = 2 },
  { key = "duty", label = "担任职责", width = 4 },
  { key = "share", width = 4 },
]
"""
ROWS = 'rows = [{ value = "holder.name", box = [25, 74, 160, 14] }]\n'
TABLE = PAGE + NOTICES + ROWS + GRID
HEADS = ["姓名", "担任职责", "出资额"]
MARKERS = {"（下接附页）", "（见附页）"}


def people(count):
    return tuple(
        {"name": f"示例{number}", "duty": f"职责{number}", "share": f"{number} CNY"}
        for number in range(1, count + 1)
    )


def with_people(rows, **options):
    return license_of(people=tuple(rows), **options)


def cells(pages):
    """Return the texts in the grid's cells in drawing order, without heads."""
    return [
        run.text
        for page in pages
        for run in page.runs
        if run.field == "people" and run.text not in MARKERS
    ]


def labels(page):
    return [run.text for run in page.runs if run.field == "label:people"]


@pytest.mark.parametrize("count", [1, 2, 9, 10, 40, 100])
def test_every_row_stands_once_and_in_order(count):
    pages = composed(with_people(people(count)), own_type(TABLE))
    found = iter(cells(pages))
    for number in range(1, count + 1):
        assert next(found) == f"示例{number}"
        assert next(found) == f"职责{number}"
        assert next(found).startswith("人民币")
    assert next(found, None) is None
    assert clearance.faults(pages) == ()


def test_amounts_are_in_words():
    pages = composed(with_people(people(1)), own_type(TABLE))
    assert cells(pages) == ["示例1", "职责1", "人民币壹元整"]


def test_a_grid_that_goes_on_says_so_and_has_its_head_again():
    first, second, *_ = composed(with_people(people(60)), own_type(TABLE))
    shown = [run.text for run in first.runs if run.field == "people"]
    assert shown[-1] == "（下接附页）"
    assert labels(first) == ["人员名单", *HEADS]
    assert labels(second) == ["人员名单（续）", *HEADS]


def test_without_a_label_the_field_has_its_own_on_the_next_page():
    kind = own_type(TABLE.replace('label = "人员名单"\n', ""))
    first, second, *_ = composed(with_people(people(60)), kind)
    assert labels(first) == HEADS
    assert labels(second) == ["人员（续）", *HEADS]


def test_rows_too_high_for_the_face_all_stand_on_the_next_page():
    kind = own_type(TABLE.replace("160, 80]", "160, 16]"))
    rows = [{"name": "示例", "duty": "示例职责" * 60}] * 2
    first, second = pages = composed(with_people(rows), kind)
    shown = [run.text for run in first.runs if run.field == "people"]
    assert shown == ["（见附页）"]
    assert labels(second) == ["人员名单", *HEADS]
    duties = squeezed(text for text in cells(pages) if text != "示例")
    assert duties == "示例职责" * 120


def test_a_row_higher_than_a_page_is_refused_by_name():
    """A row is never parted."""
    rows = [{"name": "示例", "duty": "职" * 3000}]
    with pytest.raises(TooLongError) as told:
        composed(with_people(rows), own_type(TABLE))
    assert told.value.field == "people"


def test_a_row_as_high_as_a_page_has_one_of_its_own():
    rows = [
        {"name": "示例一", "duty": "职" * 600},
        {"name": "示例二", "duty": "责" * 600},
    ]
    pages = composed(with_people(rows), own_type(TABLE))
    assert len(pages) == 3
    assert squeezed(text for text in cells(pages) if text[0] in "职责") == (
        "职" * 600 + "责" * 600
    )


def test_a_cell_without_a_value_is_empty():
    rows = [{"name": "示例一"}, {"name": "示例二", "duty": "职责"}]
    assert cells(composed(with_people(rows), own_type(TABLE))) == [
        "示例一",
        "示例二",
        "职责",
    ]


def test_an_absent_field_leaves_no_grid_unless_it_is_drawn_blank():
    (page,) = composed(license_of(), own_type(TABLE))
    assert not labels(page)
    assert cells([page]) == []
    bare = len(page.lines)
    kind = own_type(TABLE + "blank = true\n")
    (page,) = composed(license_of(), kind)
    assert labels(page) == ["人员名单", *HEADS]
    assert cells([page]) == []
    assert len(page.lines) > bare


def lowest(page):
    return min(min(line.start[1], line.end[1]) for line in page.lines)


@pytest.mark.parametrize("count", [1, 3])
def test_a_blank_grid_is_drawn_to_the_end_of_its_box(count):
    license_ = with_people(people(count))
    (page,) = composed(license_, own_type(TABLE))
    (closed,) = composed(license_, own_type(TABLE + "blank = true\n"))
    end = (297 - 92 - 80) * 72 / 25.4
    assert lowest(page) > end + 20
    assert end - 0.01 <= lowest(closed) < end + 20
    assert cells([closed]) == cells([page])
    assert clearance.faults([closed]) == ()


def test_a_grid_on_another_page_stands_there():
    kind = own_type("pages = 2\n" + TABLE + "page = 2\n")
    first, second = composed(with_people(people(3)), kind)
    assert not labels(first)
    assert labels(second) == ["人员名单", *HEADS]


def test_a_row_may_show_one_column():
    row = 'rows = [{ value = "fields.people.name", box = [25, 74, 160, 14] }]\n'
    kind = own_type(PAGE + NOTICES + row)
    (page,) = composed(with_people(people(3)), kind)
    shown = [run.text for run in page.runs if run.field == "people"]
    assert shown == ["示例1；示例2；示例3"]


def test_a_missing_glyph_in_a_cell_names_the_field():
    with pytest.raises(MissingGlyphError) as told:
        composed(with_people([{"name": "示\U00020bb7"}]), own_type(TABLE))
    assert (told.value.field, told.value.code_point) == ("people", 0x20BB7)


CELL = st.text("示例市（），、A1b2 -营业", min_size=1, max_size=80).map(str.strip)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=100))
@settings(max_examples=40, deadline=None)
def test_no_cell_is_cut_and_none_is_printed_twice(rows):
    given_ = [
        {key: text for key, text in (("name", name), ("duty", duty)) if text}
        for name, duty in rows
    ]
    try:
        pages = composed(with_people(given_), own_type(TABLE))
    except TooLongError as err:
        assert err.field == "people"  # noqa: PT017  both outcomes are right
        return
    wanted = squeezed(text for row in given_ for text in row.values())
    assert squeezed(cells(pages)) == wanted
    assert clearance.faults(pages) == ()


@functools.cache
def pressed(kind, count):
    return press(kind).print(parts_of(with_people(people(count)), own_type(TABLE)))


@BOTH
@pytest.mark.parametrize("count", [1, 20, 100])
def test_a_grid_is_printed_and_read_back(count, kind):
    license_ = with_people(people(count))
    pdf = pressed(kind, count)
    pages = composed(license_, own_type(TABLE))
    assert face.compare(face.read(pdf), pages, license_, TOKEN) == ()
    check = judged(pdf, license_, own_type(TABLE))
    assert check.indication is Indication.PASSED


@pytest.mark.parametrize("count", [1, 100])
def test_the_presses_print_one_grid(count):
    plain, *others = (drawing.read(pressed(kind, count)) for kind in PRESSES)
    assert others == [plain] * len(others)
    assert_bodies_are_those_of_the_assembly(
        parts_of(with_people(people(count)), own_type(TABLE))
    )


@pytest.mark.parametrize("place", [0, 50, 99])
def test_another_cell_is_a_difference_wherever_it_stands(place):
    rows = list(people(100))
    rows[place] = {**rows[place], "duty": "别的"}
    other = with_people(rows)
    pages = composed(other, own_type(TABLE))
    found = face.compare(face.read(pressed("plain", 100)), pages, other, TOKEN)
    assert "text of people" in found


def test_two_rows_that_change_places_are_a_difference():
    rows = list(people(100))
    rows[40], rows[41] = rows[41], rows[40]
    other = with_people(rows)
    pages = composed(other, own_type(TABLE))
    found = face.compare(face.read(pressed("plain", 100)), pages, other, TOKEN)
    assert "text of people" in found


def test_a_page_of_rows_that_is_missing_is_a_difference():
    license_ = with_people(people(100))
    parts = parts_of(license_, own_type(TABLE))
    pdf = resealed(parts, lambda made: made.pages.__delitem__(2))
    count = len(parts.sheet.pages)
    found = face.compare(face.read(pdf), parts.sheet.pages, license_, TOKEN)
    assert f"{count - 1} pages instead of {count}" in found


WRONG = {
    "no field of rows": ('value = "number"', "tables[0].value"),
    "a field that the type does not have": ('value = "fields.nobody"', "nobody"),
    "a field without columns": ('value = "fields.scope"', "scope.name"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_grid_of_something_else_is_refused(case):
    text, key = WRONG[case]
    kind = own_type(TABLE.replace('value = "fields.people"', text))
    with pytest.raises(CatalogError) as told:
        composed(with_people(people(1)), kind)
    assert key in told.value.message.en
    assert "long-permit" in told.value.message.en


def test_a_box_without_room_for_a_row_is_refused():
    kind = own_type(TABLE.replace("160, 80]", "160, 8]"))
    with pytest.raises(CatalogError) as told:
        composed(with_people(people(1)), kind)
    assert "fields.people has no room for a row" in told.value.message.en


def test_a_column_that_the_field_does_not_have_is_refused():
    kind = own_type(TABLE.replace('key = "duty"', 'key = "rank"'))
    with pytest.raises(CatalogError) as told:
        composed(with_people(people(1)), kind)
    assert "people.rank" in told.value.message.en
