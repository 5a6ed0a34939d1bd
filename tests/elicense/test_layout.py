import dataclasses
import random
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import document, face, payload, samples
from elicense.catalog import check_application
from elicense.errors import (
    CatalogError,
    ElicenseError,
    MissingGlyphError,
    TooLongError,
)
from elicense.fonts import STANDARD, Face, FontSet, Typeface
from elicense.layout import compose, seal_box
from elicense.layout.wrap import LEADING, SMALLEST, fit
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
)

MM = 72 / 25.4
SERIF = STANDARD.advances(Typeface.SERIF)


def composed(license_, **options):
    return compose(license_, license_type(license_.draft.type_name), **options)


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
    first, last = draft.validity.valid_from, draft.validity.valid_until
    until = f"{last.year}年{last.month}月{last.day}日" if last else "长期"
    assert draft.title in text
    assert draft.number in text
    assert draft.holders[0].name in text
    assert license_.issuer.name in text
    assert license_.identifier in text
    assert f"{first.year}年{first.month}月{first.day}日" in text
    assert until in text


@pytest.mark.parametrize("name", TYPES)
def test_every_field_that_is_given_is_printed_with_its_label(name):
    page = composed(sample_license(name))
    shown = {run.field for run in page.runs}
    for key in sample_license(name).draft.fields:
        assert key in shown
        assert f"label:{key}" in shown


@pytest.mark.parametrize("name", TYPES)
def test_every_field_of_the_type_has_a_place(name):
    sources = {row["value"] for row in license_type(name).layout["rows"]}
    for rule in license_type(name).fields:
        assert f"fields.{rule.key}" in sources


def test_an_optional_field_that_is_absent_leaves_no_label():
    fields = dict(sample_license("food-business").draft.fields)
    fields.pop("remarks", None)
    page = composed(changed("food-business", fields=fields))
    assert not lines_of(page, "label:remarks")
    page = composed(with_fields("food-business", remarks="无"))
    assert lines_of(page, "label:remarks") == ["备注"]


def test_an_open_end_is_printed_as_such():
    validity = Validity(date(2026, 1, 5), None)
    page = composed(changed("business-license", validity=validity))
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
    assert "正式营业执照由国家市场监督管理总局的系统制发" in page.text


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


TOO_LONG = {
    "a scope that no page holds": ("business-license", {"scope": "营" * 3000}, "scope"),
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
        composed(with_fields(name, **values))
    assert caught.value.field == field
    assert 300 < caught.value.fits < 1500


def test_the_promised_number_of_characters_does_fit():
    with pytest.raises(TooLongError) as caught:
        composed(with_fields("business-license", scope="营" * 3000))
    fits = caught.value.fits
    page = composed(with_fields("business-license", scope="营" * fits))
    assert "营" * fits in page.text
    with pytest.raises(TooLongError):
        composed(with_fields("business-license", scope="营" * (fits + 1)))


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
    license_ = changed("food-business", type_version=2)
    with pytest.raises(ValueError, match="version"):
        composed(license_)


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
    table = dict(good.layout)
    table["rows"] = list(table["rows"])
    spoil(table)
    with pytest.raises(CatalogError) as caught:
        compose(
            sample_license("food-business"), dataclasses.replace(good, layout=table)
        )
    assert "food-business" in caught.value.message.en
    assert key in caught.value.message.en
    assert isinstance(caught.value.message, Text)


def with_rows(*rows):
    """Return the food business type with other rows."""
    good = license_type("food-business")
    return dataclasses.replace(good, layout={**good.layout, "rows": list(rows)})


COMMON_SOURCES = {
    "issuer": ("发证机关", "示例市行政审批局"),
    "issue_date": ("发证日期", "2026年11月21日"),
    "copy": ("正副本", "正本"),
    "number": ("许可证编号", "JY29901010000000"),
    "valid_from": ("有效期起", "2026年11月21日"),
    "valid_until": ("有效期至", "2031年11月20日"),
    "validity": ("有效期限", "2026年11月21日 至 2031年11月20日"),
}


@pytest.mark.parametrize("source", COMMON_SOURCES)
def test_a_row_may_show_what_every_license_has(source):
    kind = with_rows({"value": source, "box": [25, 74, 160, 14]})
    page = compose(sample_license("food-business"), kind)
    label, value = COMMON_SOURCES[source]
    assert label in lines_of(page, f"label:{source}")
    assert value in lines_of(page, source)


def test_a_layout_may_leave_out_the_word_over_the_issuer():
    good = license_type("food-business")
    layout = {k: v for k, v in good.layout.items() if k != "issuer_label"}
    page = compose(
        sample_license("food-business"), dataclasses.replace(good, layout=layout)
    )
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
        fitted = fit(text, SERIF, (wide, high), size, "scope")
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
        fitted = fit(text, SERIF, (wide, 2000), 12, "scope")
        assert not [line for line in fitted.lines[1:] if line[0] in "），。》、·"]
        assert not [line for line in fitted.lines if line[-1] in "（《"]


def test_a_word_that_is_wider_than_a_line_is_broken():
    fitted = fit("A" * 40 + "示", SERIF, (100, 300), 12, "scope")
    assert len(fitted.lines) > 2
    assert "".join(fitted.lines) == "A" * 40 + "示"


# What is kept is held against what is worked out anew.

_MIXED = "示例市（），、。《》·A1b2 -营业"


def invented(name, number, chance):
    """Return one of many licenses of a type, some with values that hardly fit."""
    checked = check_application(
        license_type(name), samples.variant(name, AT, number), AT
    )
    fields = dict(checked.draft.fields)
    key = chance.choice(sorted(fields))
    if chance.random() < 0.5 and license_type(name).field(key).kind != "date":
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
    """Return the page or the error."""
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


def simple_fit(text, room, size, field):
    """Fit a text as the rule is written, without any short cut."""
    closing = re.escape("）》〉】〕」』”’、，。；：！？)],.;:!?…％%·")
    opening = re.escape("（《〈【〔「『“‘([")
    unit = re.compile(
        rf"[{opening}]*(?:[!-'*-Z^-~]+|\s|.)[{closing}]*", flags=re.DOTALL
    )
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
        if size <= SMALLEST:
            return field, sum(len(line.rstrip()) for line in lines[:rows])
        size = max(SMALLEST, size - 0.5)


@given(
    st.text(_MIXED, max_size=150),
    st.floats(40, 300),
    st.floats(8, 120),
    st.sampled_from((7.0, 10.5, 14.0)),
)
@settings(max_examples=200, deadline=None)
def test_fitting_follows_the_rule_as_it_is_written(text, wide, high, size):
    try:
        fitted = fit(text, SERIF, (wide, high), size, "scope")
        found = fitted.size, fitted.lines
    except TooLongError as err:
        found = err.field, err.fits
    assert found == simple_fit(text, (wide, high), size, "scope")


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
    assert face.compare(seen, page, license_, TOKEN) == ()
    plain = with_fields("food-business")
    differences = face.compare(seen, composed(plain), plain, TOKEN)
    assert "text of holders" in differences
