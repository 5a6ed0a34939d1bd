"""How rows print what they show: days, amounts, several sources, floors, rules."""

import pytest

from elicense import face
from elicense.errors import CatalogError, TooLongError
from elicense.layout import clearance
from tests.elicense.booklets import (
    LAYOUT,
    NOTICES,
    PAGE,
    composed,
    license_of,
    own_type,
    parts_of,
)
from tests.elicense.pages import PRESSES, TOKEN, press

MM = 72 / 25.4
FIELDS = {"granted_on": "2026-10-20", "capital": "34567800 CNY"}


def type_with(*rows, more=""):
    """Return the type with rows of its own, each as a table of TOML without a box."""
    placed = [
        f"{{ {row}, box = [25, {74 + 14 * number}, 160, 12] }}"
        for number, row in enumerate(rows)
    ]
    return own_type(f"{more}{PAGE}{NOTICES}rows = [{', '.join(placed)}]\n")


def shown(row, *, more="", **fields):
    """Return the lines of a value as a row prints it."""
    (page,) = composed(license_of(**FIELDS, **fields), type_with(row, more=more))
    label = next(run.field for run in page.runs if run.field.startswith("label:"))
    key = label.removeprefix("label:")
    # The day of issue stands under the seal too.
    return [r.text for r in page.runs if r.field == key and r.size == 14]


ROWS = {
    'value = "validity"': "2026年1月5日 至 2028年1月4日",
    'value = "validity", style = "chinese"': (
        "二〇二六年一月五日 至 二〇二八年一月四日"
    ),
    'value = "valid_from", style = "chinese"': "二〇二六年一月五日",
    'value = "valid_until", style = "chinese"': "二〇二八年一月四日",
    'value = "issue_date", style = "chinese"': "二〇二六年一月五日",
    'value = "fields.granted_on"': "2026年10月20日",
    'value = "fields.granted_on", style = "chinese"': "二〇二六年十月二十日",
    'value = "fields.capital"': "人民币叁仟肆佰伍拾陆万柒仟捌佰元整",
    'value = "fields.capital", style = "words"': "人民币叁仟肆佰伍拾陆万柒仟捌佰元整",
    'value = "fields.capital", style = "wan"': "3,456.78万元",
    'value = "fields.capital", style = "wan", suffix = "（实缴）"': (
        "3,456.78万元（实缴）"
    ),
    'value = ["fields.granted_on", "fields.capital"], style = "wan", join = "，"': (
        "2026年10月20日，3,456.78万元"
    ),
    'value = ["fields.terms", "fields.granted_on"]': "2026年10月20日",
    'value = "fields.terms"': "无",
    'value = "fields.terms", absent = "未附条件"': "未附条件",
    'value = "copy"': "正副本合一",
    'value = "holder.code", style = "masked"': "92990101MA0000007E",
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_prints_its_value_in_its_style(row):
    assert shown(row) == [ROWS[row]]


CHINESE = {
    'value = "validity"': "二〇二六年一月五日 至 二〇二八年一月四日",
    'value = "fields.granted_on"': "二〇二六年十月二十日",
    'value = "fields.granted_on", style = "arabic"': "2026年10月20日",
    'value = "fields.capital", style = "wan"': "3,456.78万元",
}


@pytest.mark.parametrize("row", CHINESE)
def test_a_layout_says_how_all_of_its_days_are_printed(row):
    assert shown(row, more='dates = "chinese"\n') == [CHINESE[row]]


@pytest.mark.parametrize(
    ("dates", "day"), [("arabic", "2026年1月5日"), ("chinese", "二〇二六年一月五日")]
)
def test_so_it_does_of_the_day_under_the_seal(dates, day):
    kind = own_type(f'dates = "{dates}"\n{LAYOUT}')
    license_ = license_of()
    (page,) = pages = composed(license_, kind)
    assert [run.text for run in page.runs if run.field == "issue_date"] == [day]
    assert clearance.faults(pages) == ()
    pdf = press("one pass").print(parts_of(license_, kind))
    assert face.compare(face.read(pdf), pages, license_, TOKEN) == ()


def test_an_empty_row_leaves_nothing_behind():
    kind = type_with('value = "fields.terms", absent = ""')
    (page,) = composed(license_of(), kind)
    assert not [run for run in page.runs if "terms" in run.field]
    assert page.lines == ()


@pytest.mark.parametrize("floor", [7, 10, 14])
def test_a_value_is_refused_below_its_floor(floor):
    kind = type_with(f'value = "fields.scope", floor = {floor}')
    sizes = set()
    for count in range(5, 200, 5):
        try:
            (page,) = composed(license_of(scope="营" * count), kind)
        except TooLongError as err:
            assert err.field == "scope"  # noqa: PT017  both outcomes are right
            break
        sizes |= {run.size for run in page.runs if run.field == "scope"}
    else:
        pytest.fail("nothing was refused")
    assert min(sizes) == floor
    assert max(sizes) == 14


def test_the_lines_of_a_layout_stand_on_the_first_page_alone():
    lines = "pages = 2\nlines = [[20, 60, 190, 60], [105, 60, 105, 140]]\n"
    first, second = composed(license_of(), own_type(lines + LAYOUT))
    across, down = first.lines[:2]
    assert across.start == pytest.approx((20 * MM, 237 * MM))
    assert across.end == pytest.approx((190 * MM, 237 * MM))
    assert (down.start[0], down.end[0]) == pytest.approx((105 * MM, 105 * MM))
    heights = sorted((down.start[1], down.end[1]))
    assert heights == pytest.approx([157 * MM, 237 * MM])
    assert second.lines == ()
    assert (
        len(first.lines) == len(composed(license_of(), own_type(LAYOUT))[0].lines) + 2
    )


SLANTED = "lines = [[20, 140, 190, 60]]\n"


def test_a_line_may_go_any_way():
    (page,) = composed(license_of(), own_type(SLANTED + LAYOUT))
    line = page.lines[0]
    ends = {tuple(round(part / MM) for part in end) for end in (line.start, line.end)}
    assert ends == {(20, 157), (190, 237)}


@pytest.mark.parametrize("kind", PRESSES)
def test_lines_are_drawn_and_the_page_is_the_composed_one(kind):
    own = own_type("lines = [[20, 60, 190, 60]]\n" + LAYOUT)
    pdf = press(kind).print(parts_of(license_of(), own))
    pages = composed(license_of(), own)
    assert face.compare(face.read(pdf), pages, license_of(), TOKEN) == ()


UNKNOWN = {
    "a source": ('value = "holder.age"', "holder.age"),
    "a field": ('value = "fields.colour"', "colour"),
    "a second source": ('value = ["number", "fields.colour"]', "colour"),
    "a column": ('value = "fields.people.age"', "people.age"),
    "a column of a text": ('value = "fields.scope.age"', "scope.age"),
    "rows without a column": ('value = "fields.people"', "people"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_row_of_something_unknown_is_refused_by_name(case):
    row, name = UNKNOWN[case]
    with pytest.raises(CatalogError) as told:
        composed(license_of(), type_with(row))
    assert name in told.value.message.en
    assert "long-permit" in told.value.message.en
