# ruff: noqa: E501  an inline table of TOML is one line
"""Invented applications of any type: the least, the usual, the most."""

import json
from datetime import UTC, date, datetime
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import record
from elicense.catalog import Catalog, FieldKind, LicenseType, check_application
from elicense.catalog.examples import VARIANTS, Content, example
from elicense.catalog.reader import read_type
from elicense.catalog.shapes import numbered
from elicense.dates import start_of
from elicense.errors import ApplicationError
from elicense.identifiers import Identifier
from elicense.model import License, Organization
from elicense.samples import sample, sample_of
from tests.elicense.cli.test_types_page import WHOLE
from tests.elicense.test_catalog import AT, OWN
from tests.elicense.test_type_rules import PERMIT, TYPE, loaded, replaced

PLAIN = read_type(
    b"""
format = "elicense.type/1"
name = "plain"
version = 1
code = "11990000000000019A078"
title = { zh = "\xe7\xa4\xba\xe4\xbe\x8b\xe8\xaf\x81", en = "Plain" }
number_label = { zh = "No", en = "No" }
holder_label = { zh = "Name", en = "Name" }
photo = "optional"
holders = { code_types = ["414"], max_count = 3, name_max_length = 9, roles = ["a", "bbb"] }
number = { rule = "supplied", max_length = 12, example = "No 0017/X" }
validity = { rule = "years", years = 1 }

[[checkpoints]]
kind = "x"
months = 12
done_field = "done"

[[fields]]
key = "done"
label = { zh = "d", en = "d" }
kind = "date"
required = false
example = 3

[[fields]]
key = "day"
label = { zh = "d", en = "d" }
kind = "date"
not_after = "issue_date"
example = 3

[[fields]]
key = "sort"
label = { zh = "s", en = "s" }
kind = "choice"
choices = ["one", "three"]
suffix = true
max_length = 6

[[fields]]
key = "units"
label = { zh = "u", en = "u" }
kind = "rows"
max_count = 2
columns = [
  { key = "name", label = { zh = "n", en = "n" }, kind = "person", required = false },
  { key = "form", label = { zh = "f", en = "f" }, kind = "text", required = false, pattern = "[A-C]( [0-9]+)?", says = { zh = "f", en = "f" }, example = "A 12", max_length = 7 },
]
""",
    "plain.toml",
)
SIGN = read_type(WHOLE.encode(), "shop-sign.toml")
TYPES = {
    kind.name: kind for kind in (*Catalog.builtin().types(), OWN, PERMIT, PLAIN, SIGN)
}
DAYS = [
    date(2018, 1, 1),
    date(2020, 2, 29),
    date(2024, 2, 29),
    date(2026, 1, 31),
    date(2026, 8, 31),
    date(2069, 12, 31),
    date(2096, 2, 29),
    date(9900, 1, 1),
]
NS = [0, 1, 19, 4711, VARIANTS - 1]
SERIALS = {"construction-permit": 100}  # of one day; then they begin again


def made(kind: LicenseType, content: Content, day: date, n: int = 0):
    at = start_of(day)
    return check_application(kind, example(kind, at, content, n), at)


@pytest.mark.parametrize("content", Content)
@pytest.mark.parametrize("name", TYPES)
def test_every_example_is_accepted_on_any_day(name, content):
    for day in DAYS:
        for n in NS:
            checked = made(TYPES[name], content, day, n)
            assert checked.draft.validity.valid_from == day
            if content is Content.TYPICAL:
                assert checked.warnings == ()


@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=25, deadline=None)
@given(
    content=st.sampled_from(Content),
    day=st.dates(date(2018, 1, 1), date(9800, 1, 1)),
    n=st.integers(0, VARIANTS - 1),
)
def test_every_variant_is_accepted_and_the_same_again(name, content, day, n):
    kind = TYPES[name]
    made(kind, content, day, n)
    at = start_of(day)
    assert example(kind, at, content, n) == example(kind, at, content, n)


@pytest.mark.parametrize("content", Content)
@pytest.mark.parametrize("name", TYPES)
def test_an_example_is_json_and_its_license_has_a_record(name, content):
    kind = TYPES[name]
    application = example(kind, AT, content)
    assert json.loads(json.dumps(application)) == application
    draft = check_application(kind, application, AT).draft
    identifier = Identifier.build(kind.code, "11990100000000027A", "20260000001")
    license_ = License(
        draft=draft,
        identifier=identifier.text,
        issuer=Organization("11990100000000027A", "示例市行政审批局"),
        specimen=True,
    )
    assert record.decode(record.encode(license_, bytes(16)))[0] == license_
    assert kind.describes(license_)


@pytest.mark.parametrize("name", TYPES)
def test_the_least_has_nothing_that_may_be_left_out(name):
    kind = TYPES[name]
    application = example(kind, AT, Content.MINIMUM)
    for key in application:
        without = {name: value for name, value in application.items() if name != key}
        with pytest.raises(Exception, match=key):
            check_application(kind, without, AT)


@pytest.mark.parametrize("name", TYPES)
def test_the_most_has_every_field_at_its_limit(name):
    kind = TYPES[name]
    application = example(kind, AT, Content.MAXIMUM)
    holders = application["holders"]
    assert len(holders) == kind.holders.max_count
    assert {len(holder["name"]) for holder in holders} == {kind.holders.name_max_length}
    assert len({holder["code"] for holder in holders}) == len(holders)
    for rule in kind.fields:
        if not kind.applies(rule, application):
            assert rule.key not in application
            continue
        if rule.kind in (FieldKind.TEXTS, FieldKind.PERSONS, FieldKind.ROWS):
            assert len(application[rule.key]) == rule.max_count
        plain = not rule.choices and rule.choices_by is None and not rule.pattern
        if (
            rule.kind in (FieldKind.TEXT, FieldKind.PERSON)
            and plain
            and not rule.agrees
        ):
            assert len(application[rule.key]) == rule.max_length
        # A duty that is due once the license has ended is none.
        assert rule.key in application or (name, rule.key) == ("plain", "done")
    assert application["external_qr"]
    assert ("photo" in application) is kind.has_photo


@pytest.mark.parametrize("content", Content)
@pytest.mark.parametrize("name", TYPES)
def test_another_number_is_another_holder(name, content):
    numbers = [*range(200), *range(0, VARIANTS, 49_999), VARIANTS - 1]
    kind = TYPES[name]
    made_of = [example(kind, AT, content, n) for n in sorted(set(numbers))]
    codes = {item["holders"][0]["code"] for item in made_of}
    assert len(codes) == len(made_of)
    if "number" in made_of[0] and kind.number.max_length > 10:
        serials = {n % SERIALS.get(name, VARIANTS) for n in numbers}
        assert len({item["number"] for item in made_of}) == len(serials)


def test_the_usual_holds_what_the_type_states():
    application = sample_of(PERMIT, AT)
    assert application["number"] == "示证〔2026〕A000号"
    assert application["kind"] == "甲类"
    assert application["capital"] == "1000000 CNY"
    assert application["phone"] == "12315"
    assert application["units"] == [
        {"unit": "示例设计院", "part": "设计", "since": "2026-11-11"}
    ]
    assert {"agent", "colour", "started"}.isdisjoint(application)
    assert sample_of(SIGN, AT)["number"] == "示例〔2026〕000000号"
    assert sample_of(Catalog.builtin().get("food-business"), AT) == sample(
        "food-business", AT
    )


def test_the_most_of_a_type_with_dependent_fields():
    application = example(PERMIT, AT, Content.MAXIMUM)
    assert application["kind"].startswith(
        "甲类("
    )  # the one that has a field of its own
    assert len(application["kind"]) == 20
    assert application["number"] == "示证〔2026〕A000000号"
    assert application["capital"] == "999999999999999.99 CNY"
    assert application["phone"] == "1" * 8 + "2315"
    assert application["put_off"] == "2027-08-20"
    assert application["valid_until"] == "2056-12-30"
    assert [row["part"] for row in application["units"]] == ["设计"] * 3
    assert len({row["unit"] for row in application["units"]}) == 3


def test_the_least_of_a_type_with_dependent_fields():
    assert example(PERMIT, AT, Content.MINIMUM) == {
        "holders": [{"name": "示例", "code": "92990101MA0000007E"}],
        "number": "示证〔2026〕B000号",
        "valid_until": None,
        "kind": "乙类",
        "principal": "张示例",
        "units": [{"unit": "示"}],
    }


def test_a_plain_type_by_content():
    assert example(PLAIN, AT, Content.MINIMUM, 7) == {
        "holders": [{"name": "示例", "code": "E000007", "role": "a"}],
        "number": "7",
        "day": "2026-11-21",
        "sort": "one",
        "units": [{"name": "吴示例"}],
    }
    usual = example(PLAIN, AT, Content.TYPICAL, 7)
    assert usual["number"] == "No 0024/X"
    assert example(PLAIN, AT, Content.TYPICAL)["number"] == "No 0017/X"
    assert example(PLAIN, AT, Content.TYPICAL, 999_999)["number"] == "No 1000016/X"
    assert usual["day"] == "2026-11-21"  # it may not be later
    assert usual["units"] == [{"form": "A 12"}]
    assert "done" not in usual
    most = example(PLAIN, AT, Content.MAXIMUM, 7)
    assert [holder["role"] for holder in most["holders"]] == ["bbb"] * 3
    assert [len(holder["code"]) for holder in most["holders"]] == [24] * 3
    assert len(most["number"]) == 12
    assert most["sort"] == "three"  # there is no room for a remark
    assert [row["form"] for row in most["units"]] == ["A 11112"] * 2


def test_a_row_of_nulls_is_none():
    application = example(PLAIN, AT, Content.TYPICAL) | {
        "units": [{"name": None}, {"form": "B"}]
    }
    with pytest.raises(ApplicationError) as caught:
        check_application(PLAIN, application, AT)
    (problem,) = caught.value.problems
    assert (problem.field, problem.message.zh) == ("units[0]", "没有任何内容")


def test_a_number_of_another_form_is_not_numbered():
    with pytest.raises(ValueError, match="does not match"):
        numbered(PERMIT.number, "1", 0, {})


def test_a_number_without_a_serial_is_the_same_for_all():
    text = replaced("(?P<serial>[0-9]{3,6})", "[0-9]{3,6}")
    numbers = {
        example(loaded(text), AT, Content.TYPICAL, n)["number"] for n in (0, 1, 7)
    }
    assert numbers == {"示证〔2026〕A001号"}


def test_a_serial_that_has_no_room_for_all_begins_again():
    text = replaced("(?P<serial>[0-9]{3,6})号", "(?P<serial>0[1-9]|[1-9][0-9])号")
    kind = loaded(replaced("A001号", "A01号", text))
    numbers = [
        example(kind, AT, Content.TYPICAL, n)["number"] for n in (0, 1, 57, 100, 457)
    ]
    assert [number[-3:-1] for number in numbers] == ["01", "01", "57", "01", "57"]
    for n in range(0, 300, 7):
        made(kind, Content.TYPICAL, date(2026, 11, 21), n)


def test_a_type_without_a_choice_of_the_sex_of_a_person_agrees():
    kind = Catalog.builtin().get("special-operation")
    for n in NS:
        for content in Content:
            made(kind, content, date(2026, 11, 21), n)


@pytest.mark.parametrize("n", [-1, VARIANTS])
def test_no_such_variant(n):
    with pytest.raises(ValueError, match="expected 0 to 999999"):
        example(PERMIT, AT, Content.TYPICAL, n)


def test_all_built_in_types_are_tried():
    folder = files("elicense") / "types"
    names = {path.name for path in folder.iterdir() if path.name.endswith(".toml")}
    assert len(names) == len(Catalog.builtin().types())
    assert "holder_label" in TYPE


def test_an_instant_decides_the_day_in_china():
    at = datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert sample_of(PERMIT, at)["issue_date"] == "2027-01-01"
    assert sample_of(PERMIT, at)["number"] == "示证〔2027〕A000号"
