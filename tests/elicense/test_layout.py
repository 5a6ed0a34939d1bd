import dataclasses
import random
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import document, face, payload, samples
from elicense.catalog import Catalog, check_application
from elicense.errors import (
    CatalogError,
    ElicenseError,
    MissingGlyphError,
    TooLongError,
)
from elicense.fonts import STANDARD, Face, FontSet, Typeface
from elicense.layout import compose, seal_box
from elicense.layout.plan import SMALLEST
from elicense.layout.wrap import LEADING, broken, fit, fit_start
from elicense.model import Holder, License, Organization, Photo, Text, Validity
from tests.elicense import foundry
from tests.elicense.pages import (
    AT,
    IDENTIFIER,
    PRESSES,
    TOKEN,
    TYPES,
    changed,
    license_type,
    parts,
    press,
    sample_license,
    with_fields,
    with_layout,
)

MM = 72 / 25.4
SERIF = STANDARD.advances(Typeface.SERIF)


def composed(license_, **options):
    """Return the one page of a license of a built-in type."""
    (page,) = compose(license_, license_type(license_.draft.type_name), **options)
    return page


def lines_of(page, field):
    return [run.text for run in page.runs if run.field == field]


def right_end(run):
    natural = STANDARD.width(run.text, run.typeface, run.size)
    return run.x + (natural + run.spacing * (len(run.text) - 1)) * run.stretch


@pytest.mark.parametrize("name", TYPES)
def test_every_text_lies_inside_the_frame(name):
    page = composed(sample_license(name))
    inset = 10 * MM
    for run in page.runs:
        assert run.x >= inset, run.field
        assert right_end(run) <= page.ornament.width - inset, run.field
        assert inset <= run.y <= page.ornament.height - inset, run.field


@pytest.mark.parametrize("name", TYPES)
def test_what_the_record_says_stands_on_the_page(name):
    license_ = sample_license(name)
    text = composed(license_).text
    draft = license_.draft
    first, last = draft.issue_date, draft.validity.valid_until
    until = f"{last.year}年{last.month}月{last.day}日" if last else "长期"
    assert draft.title in text
    assert draft.number in text
    assert draft.holders[0].name in text
    assert license_.issuer.name in text
    assert license_.identifier in text
    assert f"{first.year}年{first.month}月{first.day}日" in text
    # The face of a business license has no term since 2022.
    assert (until in text) == (name != "business-license")


def test_the_business_license_of_before_2022_shows_its_term():
    license_ = changed("business-license", type_version=1)
    old = Catalog.builtin().get("business-license", 1)
    page, *_ = compose(license_, old)
    assert lines_of(page, "label:validity") == ["营业期限"]
    assert lines_of(page, "validity") == ["2026年11月21日 至 长期"]


UNPRINTED = {
    "business-license": {"entity_class"},
    "special-operation": {"review_extended_to"},
}
"""Fields that decide about others and are not said."""
UNLABELLED = {"business-license": {"copy_no"}}


@pytest.mark.parametrize("name", TYPES)
def test_every_field_that_is_given_is_printed_with_its_label(name):
    license_, kind = sample_license(name), license_type(name)
    pages = [
        page for own in kind.presentations for page in compose(license_, kind, own)
    ]
    shown = {run.field for page in pages for run in page.runs}
    for key in license_.draft.fields:
        assert (key in shown) == (key not in UNPRINTED.get(name, ())), key
        labelled = key in shown and key not in UNLABELLED.get(name, ())
        assert (f"label:{key}" in shown) == labelled, key


@pytest.mark.parametrize("name", TYPES)
def test_every_field_of_the_type_has_a_place(name):
    sources = set()
    for own in license_type(name).presentations:
        for row in own.layout["rows"]:
            value = row["value"]
            sources |= {value} if isinstance(value, str) else set(value)
    for rule in license_type(name).fields:
        expected = rule.key not in UNPRINTED.get(name, ())
        assert (f"fields.{rule.key}" in sources) == expected, rule.key


def test_an_optional_field_that_is_absent_leaves_no_label():
    kind = with_rows(
        {"value": "fields.remarks", "box": [25, 74, 160, 14], "absent": ""}
    )
    fields = dict(sample_license("food-business").draft.fields)
    fields.pop("remarks", None)
    (page,) = compose(changed("food-business", fields=fields), kind)
    assert not lines_of(page, "label:remarks")
    (page,) = compose(with_fields("food-business", remarks="无"), kind)
    assert lines_of(page, "label:remarks") == ["备注"]


def test_an_open_end_is_printed_as_such():
    validity = Validity(date(2026, 1, 5), None)
    page = composed(changed("food-business", validity=validity))
    assert lines_of(page, "valid_until") == ["长期"]


def test_days_have_no_leading_zero():
    page = composed(changed("food-business", issue_date=date(2026, 1, 5)))
    assert lines_of(page, "issue_date") == ["2026年1月5日"]


@pytest.mark.parametrize("name", TYPES)
def test_a_specimen_says_so_twice_and_a_real_license_never(name):
    license_ = sample_license(name)
    page = composed(license_)
    assert page.ornament.watermark == "样张"
    assert "样张，仅供演示" in page.text
    real = composed(dataclasses.replace(license_, specimen=False))
    assert real.ornament.watermark == ""
    assert "样张" not in real.text


def test_the_business_license_says_where_real_ones_come_from():
    page = composed(
        dataclasses.replace(sample_license("business-license"), specimen=False)
    )
    assert "正式的营业执照由国家市场监督管理部门的系统制发" in page.text


@pytest.mark.parametrize("name", TYPES)
def test_the_seal_is_centred_over_issuer_and_date(name):
    page = composed(sample_license(name))
    left, bottom, right, top = page.seal_box
    issuer = next(run for run in page.runs if run.field == "issuer")
    day = next(run for run in page.runs if run.field == "issue_date")
    assert (issuer.x + right_end(issuer)) / 2 == pytest.approx((left + right) / 2)
    assert (day.x + right_end(day)) / 2 == pytest.approx((left + right) / 2)
    assert day.y < (bottom + top) / 2 < issuer.y
    assert right - left == pytest.approx(42 * MM, abs=0.01)
    assert page.seal_box == seal_box(license_type(name))


@pytest.mark.parametrize("name", TYPES)
def test_nothing_but_issuer_and_date_lies_under_the_seal(name):
    page = composed(sample_license(name))
    left, bottom, right, top = page.seal_box
    middle, reach = ((left + right) / 2, (bottom + top) / 2), (right - left) / 2
    for run in page.runs:
        if run.field in ("issuer", "issue_date"):
            continue
        x = min(max(middle[0], run.x), right_end(run))
        y = min(max(middle[1], run.y), run.y + run.size * 0.8)
        gap = ((x - middle[0]) ** 2 + (y - middle[1]) ** 2) ** 0.5
        assert gap >= reach, run.field


@pytest.mark.parametrize("modules", [21, 77, 81, 97])
@pytest.mark.parametrize("name", TYPES)
def test_a_module_is_never_printed_below_its_smallest_size(name, modules):
    page = composed(sample_license(name), modules=modules)
    left, _, right, _ = page.qr_box
    assert (right - left) / MM / (modules + 8) >= 0.40 - 1e-9
    assert right < page.seal_box[0]
    assert page.text == composed(sample_license(name)).text


@pytest.mark.parametrize("modules", [77, 97])
@pytest.mark.parametrize("name", TYPES)
def test_no_text_lies_on_the_symbol(name, modules):
    full = {"warehouses": ("示" * 60,), "remarks": "示" * 200}
    license_ = sample_license(name)
    if name == "food-business":
        license_ = with_fields(name, **full)
    page = composed(license_, modules=modules)
    left, bottom, right, top = page.qr_box
    for run in page.runs:
        apart = run.x >= right or right_end(run) <= left
        assert apart or run.y >= top or run.y + run.size * 0.8 <= bottom, run.field


def test_labels_are_spread_to_one_width():
    page = composed(sample_license("special-operation"))
    labels = [
        run
        for run in page.runs
        if run.field in ("label:holders", "label:number", "label:category")
    ]
    assert len(labels) == 3
    assert {round(right_end(run) - run.x, 3) for run in labels} == {round(25 * MM, 3)}


LONG = {
    "a name of eighty characters": ("food-business", "holders"),
    "an address of a hundred and fifty": ("food-business", "premises"),
    "an address on the landscape page": ("business-license", "address"),
    "a scope of nine hundred": ("business-license", "scope"),
    "thirty characters of a person's name": ("special-operation", "holders"),
}


@pytest.mark.parametrize("case", LONG)
def test_long_values_shrink_and_are_all_there(case):
    name, field = LONG[case]
    count = {"holders": 80, "premises": 150, "address": 150, "scope": 900}[field]
    if name == "special-operation":
        count = 30
    value = ("示例市青禾区、大道1号" * 100)[:count]
    if field == "holders":
        old = sample_license(name).draft.holders[0]
        license_ = changed(name, holders=(dataclasses.replace(old, name=value),))
    else:
        license_ = with_fields(name, **{field: value})
    runs = [run for run in composed(license_).runs if run.field == field]
    assert "".join(run.text for run in runs).startswith(value)
    assert all(SMALLEST <= run.size < 14 for run in runs[:2])


def strict(name):
    """Return a type whose values do not go on on other pages."""
    own, *_ = license_type(name).presentations
    rows = [{**row, "continued": False} for row in own.layout["rows"]]
    return with_layout(license_type(name), layout={**own.layout, "rows": rows})


TOO_LONG = {
    "a scope that no page holds": ("business-license", {"scope": "营" * 9000}, "scope"),
    "two thousand characters of items": (
        "food-business",
        {"items": ("热食类食品制售" * 8,) * 30},
        "items",
    ),
}


@pytest.mark.parametrize("case", TOO_LONG)
def test_what_does_not_fit_is_an_error_that_says_how_much_would(case):
    name, values, field = TOO_LONG[case]
    with pytest.raises(TooLongError) as caught:
        compose(with_fields(name, **values), strict(name))
    assert caught.value.field == field
    assert 300 < caught.value.fits < 5000


def test_the_promised_number_of_characters_does_fit():
    kind = strict("business-license")
    with pytest.raises(TooLongError) as caught:
        compose(with_fields("business-license", scope="营" * 9000), kind)
    fits = caught.value.fits
    (page,) = compose(with_fields("business-license", scope="营" * fits), kind)
    assert "营" * fits in page.text
    with pytest.raises(TooLongError):
        compose(with_fields("business-license", scope="营" * (fits + 1)), kind)


def test_an_issuer_of_forty_characters_is_an_error_that_names_it():
    license_ = dataclasses.replace(
        sample_license("food-business"),
        issuer=Organization("11990100000000027A", "示" * 60),
    )
    with pytest.raises(TooLongError) as caught:
        composed(license_)
    assert caught.value.field == "issuer"


def test_a_missing_glyph_names_the_field():
    with pytest.raises(MissingGlyphError) as caught:
        composed(with_fields("food-business", principal="𠮷示例"))
    assert (caught.value.field, caught.value.code_point) == ("principal", 0x20BB7)


def test_several_holders_stand_in_their_order():
    first = sample_license("food-business").draft.holders[0]
    second = Holder("示例市第二店", first.code, "001")
    page = composed(changed("food-business", holders=(first, second)))
    shown = "".join(lines_of(page, "holders"))
    assert shown.index(first.name) < shown.index(second.name)


def test_another_version_of_the_type_is_a_misuse():
    license_ = changed("food-business", type_version=1)
    with pytest.raises(ValueError, match="version"):
        composed(license_)


GOOD_GRID = {
    "value": "fields.items",
    "box": [25, 90, 160, 60],
    "columns": [{"key": "a", "width": 1}],
}
BAD_TABLES = {
    "no layout at all": (lambda table: table.clear(), "layout.paper"),
    "an unknown paper": (lambda table: table.update(paper="A5"), "layout.paper"),
    "an unknown theme": (lambda table: table.update(theme="red"), "layout.theme"),
    "an unknown key": (lambda table: table.update(emblem=True), "layout.emblem"),
    "a box of three numbers": (
        lambda table: table.update(title=[1, 2, 3]),
        "layout.title",
    ),
    "a text as a length": (
        lambda table: table.update(title_size="40"),
        "layout.title_size",
    ),
    "a yes as a length": (
        lambda table: table.update(title_size=True),
        "layout.title_size",
    ),
    "an endless length": (
        lambda table: table.update(title_size=float("inf")),
        "layout.title_size",
    ),
    "a number where notices are a list": (
        lambda table: table.update(notices=3),
        "layout.notices",
    ),
    "a number among the notices": (
        lambda table: table.update(notices=["示例", 3]),
        "layout.notices",
    ),
    "a text where yes or no is asked": (
        lambda table: table.update(rule="yes"),
        "layout.rule",
    ),
    "a row that is no table": (
        lambda table: table.update(rows=["number"]),
        "layout.rows",
    ),
    "no rows": (lambda table: table.update(rows=[]), "layout.rows"),
    "a row without a box": (
        lambda table: table.update(rows=[{"value": "number"}]),
        "layout.rows[0].box",
    ),
    "more pages than a layout may have": (
        lambda table: table.update(pages=5),
        "layout.pages",
    ),
    "no page": (lambda table: table.update(pages=0), "layout.pages"),
    "a yes as a number of pages": (
        lambda table: table.update(pages=True),
        "layout.pages",
    ),
    "an unknown way to print days": (
        lambda table: table.update(dates="roman"),
        "layout.dates",
    ),
    "a rule of three numbers": (
        lambda table: table.update(lines=[[1, 2, 3]]),
        "layout.lines",
    ),
    "a rule that is no list": (lambda table: table.update(lines=[7]), "layout.lines"),
    "rules that are no list": (lambda table: table.update(lines=7), "layout.lines"),
    "a text as a size of the number": (
        lambda table: table.update(number_size="12"),
        "layout.number_size",
    ),
    "a place of the identifier of two numbers": (
        lambda table: table.update(identifier=[1, 2]),
        "layout.identifier",
    ),
    "a seal that is too small": (
        lambda table: table.update(seal_size=14.9),
        "layout.seal_size",
    ),
    "a symbol on a page that is not there": (
        lambda table: table.update(qr_page=2),
        "layout.qr_page",
    ),
    "notices on a page that is not there": (
        lambda table: table.update(notices_page=2),
        "layout.notices_page",
    ),
    "a slot of three numbers": (
        lambda table: table.update(external=[1, 2, 3]),
        "layout.external",
    ),
    "a slot over our symbol": (
        lambda table: table.update(external=list(table["qr"])),
        "layout.external",
    ),
    "a number as the label of the slot": (
        lambda table: table.update(external_label=3),
        "layout.external_label",
    ),
    "a text as the size of notices": (
        lambda table: table.update(notice_size="8"),
        "layout.notice_size",
    ),
    "no width for the issuer": (
        lambda table: table.pop("issuer_width"),
        "layout.issuer_width",
    ),
    **{
        f"a row with {wrong}": (
            lambda table, more=more: table["rows"].__setitem__(
                1, {"value": "number", "box": [1, 1, 50, 9], **more}
            ),
            f"layout.rows[1].{next(iter(more))}",
        )
        for wrong, more in {
            "a page that is not there": {"page": 2},
            "a page between two": {"page": 1.5},
            "a text as its floor": {"floor": "7"},
            "a text where yes or no is asked": {"continued": "yes"},
            "a number where yes or no is asked": {"top": 1},
            "an unknown style": {"style": "roman"},
            "no source": {"value": []},
            "a number as its source": {"value": 7},
            "a number among its sources": {"value": ["number", 7]},
            "an unknown key": {"colour": "red"},
            "a list as its label": {"label": ["示例"]},
            "a negative size": {"size": -1},
            "a number between its texts": {"join": 3},
        }.items()
    },
    "tables that are no list": (lambda table: table.update(tables=7), "layout.tables"),
    **{
        f"a table with {wrong}": (
            lambda table, more=more: table.update(tables=[{**GOOD_GRID, **more}]),
            f"layout.tables[0].{key}",
        )
        for wrong, key, more in (
            ("a source that is no field", "value", {"value": "number"}),
            ("a source that is no text", "value", {"value": ["fields.items"]}),
            ("a box of two numbers", "box", {"box": [1, 2]}),
            ("a page that is not there", "page", {"page": 2}),
            ("a text as its size", "size", {"size": "10"}),
            ("a text as its floor", "floor", {"floor": "10"}),
            ("a text where yes or no is asked", "blank", {"blank": "yes"}),
            ("an unknown key", "rule", {"rule": True}),
            ("no columns", "columns", {"columns": []}),
            ("a column that is no table", "columns", {"columns": ["a"]}),
            ("a column without a key", "columns[0].key", {"columns": [{"width": 1}]}),
            (
                "a column without a width",
                "columns[0].width",
                {"columns": [{"key": "a"}]},
            ),
            (
                "a column of no width",
                "columns[0].width",
                {"columns": [{"key": "a", "width": 0}]},
            ),
            (
                "an unknown key of a column",
                "columns[0].size",
                {"columns": [{"key": "a", "width": 1, "size": 9}]},
            ),
        )
    },
    "a row of a field that the type does not have": (
        lambda table: table["rows"].append(
            {"value": "fields.nothing", "box": [1, 1, 50, 9]}
        ),
        "nothing",
    ),
    "a row of an unknown source": (
        lambda table: table["rows"].append({"value": "salt", "box": [1, 1, 50, 9]}),
        "salt",
    ),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_wrong_layout_table_names_the_type_and_the_key(case):
    spoil, key = BAD_TABLES[case]
    good = license_type("food-business")
    table = dict(good.presentations[0].layout)
    table["rows"] = list(table["rows"])
    spoil(table)
    with pytest.raises(CatalogError) as caught:
        compose(sample_license("food-business"), with_layout(good, layout=table))
    assert "food-business" in caught.value.message.en
    assert key.replace("layout.", "layouts.正本.") in caught.value.message.en
    assert isinstance(caught.value.message, Text)


def with_rows(*rows):
    """Return the food business type with other rows."""
    good = license_type("food-business")
    layout = {**good.presentations[0].layout, "rows": list(rows)}
    return with_layout(good, layout=layout)


COMMON_SOURCES = {
    "issuer": ("发证机关", "示例市行政审批局"),
    "issue_date": ("发证日期", "2026年11月21日"),
    "copy": ("正副本", "正副本合一"),
    "number": ("许可证编号", "JY29901010000000"),
    "valid_from": ("有效期起", "2026年11月21日"),
    "valid_until": ("有效期至", "2031年11月20日"),
    "validity": ("有效期限", "2026年11月21日 至 2031年11月20日"),
}


@pytest.mark.parametrize("source", COMMON_SOURCES)
def test_a_row_may_show_what_every_license_has(source):
    kind = with_rows({"value": source, "box": [25, 74, 160, 14]})
    (page,) = compose(sample_license("food-business"), kind)
    label, value = COMMON_SOURCES[source]
    assert label in lines_of(page, f"label:{source}")
    assert value in lines_of(page, source)


def test_a_layout_may_leave_out_the_word_over_the_issuer():
    good = license_type("food-business")
    table = good.presentations[0].layout
    layout = {k: v for k, v in table.items() if k != "issuer_label"}
    (page,) = compose(sample_license("food-business"), with_layout(good, layout=layout))
    assert lines_of(page, "label:issuer") == []
    assert lines_of(page, "issuer") == ["示例市行政审批局"]


UNDRAWABLE = {
    "a label": (
        {"value": "copy", "label": "正𠮷本", "box": [25, 74, 160, 14]},
        "label:copy",
    ),
    "what stands for an absent value": (
        {"value": "fields.remarks", "absent": "𠮷", "box": [25, 74, 160, 14]},
        "remarks",
    ),
}


@pytest.mark.parametrize("case", UNDRAWABLE)
def test_a_type_that_can_not_be_drawn_names_the_place(case):
    row, field = UNDRAWABLE[case]
    fields = dict(sample_license("food-business").draft.fields)
    fields.pop("remarks", None)
    with pytest.raises(MissingGlyphError) as caught:
        compose(changed("food-business", fields=fields), with_rows(row))
    assert (caught.value.field, caught.value.code_point) == (field, 0x20BB7)


WORDS = st.text("示例市（）、。·，A1b2 《》-", min_size=1, max_size=200)


@given(WORDS, st.floats(60, 300), st.floats(8, 120), st.floats(7, 16))
@settings(max_examples=150, deadline=None)
def test_fitting_keeps_every_character_inside_the_box(text, wide, high, size):
    try:
        fitted = fit(text, SERIF, (wide, high), (size, SMALLEST), "scope")
    except TooLongError as error:
        assert 0 <= error.fits <= len(text)  # noqa: PT017  both outcomes are right
        return
    assert "".join("".join(fitted.lines).split()) == "".join(text.split())
    assert SMALLEST <= fitted.size <= size
    for line in fitted.lines:
        assert STANDARD.width(line, Typeface.SERIF, fitted.size) <= wide + 0.01
    used = fitted.size * (1 + LEADING * (len(fitted.lines) - 1))
    assert used <= high + 0.01 or len(fitted.lines) == 1


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one():
    text = "示例（市），例示。示《例》、示·例" * 12
    for wide in range(60, 200, 7):
        fitted = fit(text, SERIF, (wide, 2000), (12, SMALLEST), "scope")
        assert not [line for line in fitted.lines[1:] if line[0] in "），。》、·"]
        assert not [line for line in fitted.lines if line[-1] in "（《"]


def test_a_word_that_is_wider_than_a_line_is_broken():
    fitted = fit("A" * 40 + "示", SERIF, (100, 300), (12, SMALLEST), "scope")
    assert len(fitted.lines) > 2
    assert "".join(fitted.lines) == "A" * 40 + "示"


TEXTS = st.text("示例市（），、。《》·A1b2 \u3000-营业", max_size=400)


def squeezed(*texts):
    """Return texts without white space, which a break may take away."""
    return "".join("".join(texts).split())


def rows_in(high, size):
    return max(1, int((high - size) / (size * LEADING) + 1 + 1e-6))


def assert_lines_fit(lines, wide, size):
    for line in lines:
        narrow = STANDARD.width(line, Typeface.SERIF, size) <= wide + 0.01
        assert narrow or len(line) == 1, line


@given(
    TEXTS,
    st.floats(30, 300),
    st.floats(4, 120),
    st.sampled_from(((14.0, 7.0), (9.2, 9.2), (10.5, 8.0))),
)
@settings(max_examples=200, deadline=None)
def test_what_does_not_fit_at_the_start_is_left_to_the_last_character(
    text, wide, high, sizes
):
    fitted, rest = fit_start(text, SERIF, (wide, high), sizes, "scope")
    assert_lines_fit(fitted.lines, wide, fitted.size)
    assert squeezed(*fitted.lines, rest) == squeezed(text)
    assert text.endswith(rest)
    assert rest == rest.lstrip()
    try:
        whole = fit(text, SERIF, (wide, high), sizes, "scope")
    except TooLongError:
        assert fitted.size == sizes[1]
        assert len(fitted.lines) == rows_in(high, fitted.size) - 1
        if squeezed(text) and len(squeezed(*fitted.lines)) < len(squeezed(text)):
            assert rest
    else:
        assert (fitted, rest) == (whole, "")


@given(TEXTS, st.floats(30, 300), st.sampled_from((7.0, 10.5, 14.0)))
@settings(max_examples=200, deadline=None)
def test_a_text_of_any_length_is_broken_and_nothing_is_lost(text, wide, size):
    lines = broken(text, SERIF, wide, size)
    assert_lines_fit(lines, wide, size)
    assert squeezed(*lines) == squeezed(text)
    assert lines == tuple(line.rstrip() for line in lines)


@given(TEXTS, st.floats(60, 300), st.floats(20, 120))
@settings(max_examples=150, deadline=None)
def test_the_rest_is_broken_where_the_whole_text_would_be(text, wide, high):
    """A value that goes on reads as one that was never parted."""
    fitted, rest = fit_start(text, SERIF, (wide, high), (9.0, 9.0), "scope")
    apart = [*fitted.lines, *broken(rest, SERIF, wide, 9.0)]
    whole = broken(text, SERIF, wide, 9.0)
    if rest:
        assert squeezed(*apart) == squeezed(*whole)
        assert apart[: len(fitted.lines)] == list(whole[: len(fitted.lines)])


def test_broken_refuses_a_character_without_a_width():
    with pytest.raises(KeyError):
        broken("示\ue815", SERIF, 100, 9.0)


# What is kept is held against what is worked out anew.

_MIXED = "示例市（），、。《》·A1b2 -营业"


def invented(name, number, chance):
    """Return one of many licenses of a type, some with values that hardly fit."""
    checked = check_application(
        license_type(name), samples.variant(name, AT, number), AT
    )
    fields = dict(checked.draft.fields)
    key = chance.choice(sorted(fields))
    kind = license_type(name).field(key).kind
    if chance.random() < 0.5 and kind not in ("date", "money", "rows"):
        count = chance.choice((1, 20, 80, 400, 1500))
        fields[key] = "".join(chance.choices(_MIXED + "\U00020bb7", k=count))
    photo = Photo("image/jpeg", bytes(32)) if chance.random() < 0.5 else None
    return License(
        draft=dataclasses.replace(
            checked.draft,
            fields=fields,
            photo=photo,
            copy=chance.choice(license_type(name).copies),
        ),
        identifier=IDENTIFIER,
        issuer=Organization("11990100000000027A", "示例局" * chance.randint(1, 7)),
        specimen=chance.random() < 0.5,
    )


def outcome(license_, kind, **options):
    """Return the pages or the error."""
    try:
        return compose(license_, kind, **options)
    except ElicenseError as err:
        return type(err), err.args


@given(st.integers(0, samples.VARIANTS - 1), st.sampled_from(TYPES))
@settings(max_examples=150, deadline=None)
def test_a_page_does_not_depend_on_the_pages_before_it(number, name):
    chance = random.Random(number)
    license_ = invented(name, number, chance)
    modules = chance.choice((21, 57, 77, 97))
    fresh = dataclasses.replace(license_type(name))
    expected = outcome(license_, fresh, modules=modules, faces=FontSet())
    assert outcome(license_, license_type(name), modules=modules) == expected


def simple_fit(text, room, sizes, field):
    """Fit a text as the rule is written, without any short cut."""
    closing = re.escape("）》〉】〕」』”’、，。；：！？)],.;:!?…％%·")
    opening = re.escape("（《〈【〔「『“‘([")
    unit = re.compile(
        rf"[{opening}]*(?:[!-'*-Z^-~]+|\s|.)[{closing}]*", flags=re.DOTALL
    )
    size, floor = sizes
    while True:
        limit, lines, used = room[0] * 1000 / size, [""], 0
        for part in unit.findall(text):
            whole = sum(SERIF[char] for char in part) <= limit
            for piece in [part] if whole else part:
                wide = sum(SERIF[char] for char in piece)
                if lines[-1] and used + wide > limit:
                    lines.append("")
                    used = 0
                lines[-1] += piece
                used += wide
        rows = max(1, int((room[1] - size) / (size * LEADING) + 1 + 1e-6))
        if len(lines) <= rows:
            return size, tuple(line.rstrip() for line in lines)
        if size <= floor:
            return field, sum(len(line.rstrip()) for line in lines[:rows])
        size = max(floor, size - 0.5)


@given(
    st.text(_MIXED, max_size=150),
    st.floats(40, 300),
    st.floats(8, 120),
    st.sampled_from(((7.0, 7.0), (10.5, 7.0), (14.0, 7.0), (14.0, 9.2), (8.0, 8.0))),
)
@settings(max_examples=200, deadline=None)
def test_fitting_follows_the_rule_as_it_is_written(text, wide, high, sizes):
    try:
        fitted = fit(text, SERIF, (wide, high), sizes, "scope")
        found = fitted.size, fitted.lines
    except TooLongError as err:
        found = err.field, err.fits
    assert found == simple_fit(text, (wide, high), sizes, "scope")


# Faces of a workspace.


def rare_license():
    """Return a license whose holder bears a rare name."""
    old = sample_license("food-business").draft.holders[0]
    name = f"示例市{foundry.RARE}记面馆"
    return changed("food-business", holders=(dataclasses.replace(old, name=name),))


def rare_faces():
    return FontSet((Face(foundry.truetype(), "rare.ttf"),))


def test_a_reader_without_the_face_lays_out_the_same_page():
    ours = composed(rare_license(), faces=rare_faces())
    assert composed(rare_license(), faces=STANDARD.for_reading()) == ours
    assert foundry.RARE in ours.text
    with pytest.raises(MissingGlyphError):
        composed(rare_license())


@pytest.mark.parametrize("kind", PRESSES)
def test_a_name_of_extension_b_is_printed_and_read_back(kind):
    license_, faces = rare_license(), rare_faces()
    given_ = dataclasses.replace(
        parts(sample_license("food-business")),
        sheet=document.lay_out(
            license_,
            license_type("food-business"),
            payload.qr_text(TOKEN),
            faces=faces,
        ),
    )
    seen = face.read(press(kind).print(given_))
    page = composed(license_, faces=STANDARD.for_reading())
    assert face.compare(seen, (page,), license_, TOKEN) == ()
    plain = with_fields("food-business")
    differences = face.compare(seen, (composed(plain),), plain, TOKEN)
    assert "text of holders" in differences
