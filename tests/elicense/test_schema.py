"""The JSON Schema of applications: valid, kept by samples, and never too strict."""

import json

import pytest
from jsonschema import Draft202012Validator

from elicense.catalog import check_application
from elicense.catalog.examples import Content, example
from elicense.catalog.schema import DIALECT, json_schema
from elicense.errors import ApplicationError
from tests.elicense.test_catalog import AT, OWN
from tests.elicense.test_examples_of_types import TYPES
from tests.elicense.test_type_rules import GOOD, PERMIT, loaded, replaced

CARD = TYPES["special-operation"]
SHOP = TYPES["food-business"]
BATHHOUSE = TYPES[OWN.name]


def is_valid(kind, application):
    return Draft202012Validator(json_schema(kind)).is_valid(application)


def accepts(kind, application):
    try:
        check_application(kind, application, AT)
    except ApplicationError:
        return False
    return True


@pytest.mark.parametrize("name", TYPES)
def test_the_schema_is_one_and_json(name):
    schema = json_schema(TYPES[name])
    assert schema["$schema"] == DIALECT
    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("content", Content)
@pytest.mark.parametrize("name", TYPES)
def test_every_invented_application_is_valid(name, content):
    validator = Draft202012Validator(json_schema(TYPES[name]))
    for n in (0, 1, 999_999):
        application = example(TYPES[name], AT, content, n)
        assert [error.message for error in validator.iter_errors(application)] == []


@pytest.mark.parametrize("name", TYPES)
def test_every_field_is_titled_in_chinese_and_described(name):
    properties = json_schema(TYPES[name])["properties"]
    for rule in TYPES[name].fields:
        assert properties[rule.key]["title"] == rule.label.zh
        assert rule.label.en in properties[rule.key]["description"]
    for schema in properties.values():
        assert schema["title"]
        assert schema["description"]


SECOND = {"name": "示例", "code": "990100199003070019", "code_type": "111"}
REFUSED = {
    "nothing": (PERMIT, dict.fromkeys(GOOD, ...)),
    "an unknown key": (PERMIT, {"colours": 1}),
    "no holder": (PERMIT, {"holders": []}),
    "holders that are null": (PERMIT, {"holders": None}),
    "too many holders": (PERMIT, {"holders": [*GOOD["holders"], SECOND, SECOND]}),
    "a holder with an unknown key": (PERMIT, {"holders": [SECOND | {"age": 1}]}),
    "a holder without a code": (PERMIT, {"holders": [{"name": "示例"}]}),
    "a holder of another type": (PERMIT, {"holders": [SECOND | {"code_type": "414"}]}),
    "a holder of a null type": (PERMIT, {"holders": [SECOND | {"code_type": None}]}),
    "a code of the default type in a form of another": (
        PERMIT,
        {"holders": [{"name": "示例", "code": "E1234567"}]},
    ),
    "a citizen id with a letter": (
        PERMIT,
        {"holders": [SECOND | {"code": "99010019900307A019"}]},
    ),
    "a role where there is none": (PERMIT, {"holders": [SECOND | {"role": "共有人"}]}),
    "no role where there are some": (BATHHOUSE, {"holders": GOOD["holders"]}),
    "a name too long": (
        PERMIT,
        {"holders": [{"name": "示" * 41, "code": "91990100MA0000A193"}]},
    ),
    "a number of another form": (SHOP, {"number": "JY4990101000001"}),
    "no number": (SHOP, {"number": None}),
    "a number too long": (BATHHOUSE, {"number": "1" * 31}),
    "a day in another form": (PERMIT, {"issue_date": "2026-1-5"}),
    "a day as a number": (PERMIT, {"valid_from": 20260105}),
    "no end where one has to be said": (PERMIT, {"valid_until": ...}),
    "no end where there has to be one": (SHOP, {"valid_until": None}),
    "an unknown origin": (PERMIT, {"origin": "其他"}),
    "an unknown copy": (SHOP, {"copy": "单页"}),
    "a photo of a type that shows none": (SHOP, {"photo": "AAAA"}),
    "no photo where one is needed": (CARD, {"photo": None}),
    "an external code that is empty": (PERMIT, {"external_qr": ""}),
    "an external code in Chinese": (PERMIT, {"external_qr": "示例"}),
    "a choice of its own": (PERMIT, {"kind": "丁类"}),
    "a choice with two remarks": (PERMIT, {"kind": "甲类(一)(二)"}),
    "a missing field": (PERMIT, {"principal": ...}),
    "a field that is null": (PERMIT, {"principal": None}),
    "a field that this choice needs": (PERMIT, {"capital": ...}),
    "a field that this choice needs, null": (PERMIT, {"capital": None}),
    "a field that this choice has not": (
        PERMIT,
        {"kind": "乙类", "number": "示证〔2026〕B001号"},
    ),
    "a field that no choice has": (PERMIT, {"kind": ...}),
    "money without a currency": (PERMIT, {"capital": "100"}),
    "a credit code in small letters": (PERMIT, {"agent": "91990100ma0000a193"}),
    "a citizen id of 15 digits": (PERMIT, {"agent_id": "990100900307001"}),
    "a text of another form": (PERMIT, {"phone": "12-315"}),
    "a text too long": (SHOP, {"premises": "示" * 151}),
    "an empty text": (SHOP, {"premises": ""}),
    "a number for a text": (SHOP, {"premises": 12}),
    "a text for texts": (SHOP, {"items": "热食类食品制售"}),
    "no texts": (SHOP, {"items": []}),
    "too many texts": (SHOP, {"items": ["热食类食品制售"] * 31}),
    "too many rows": (PERMIT, {"units": [{"unit": "甲"}] * 4}),
    "an empty row": (PERMIT, {"units": [{}]}),
    "a row without a column that is needed": (PERMIT, {"units": [{"part": "设计"}]}),
    "a row with an unknown column": (PERMIT, {"units": [{"unit": "甲", "x": "1"}]}),
    "a row with another choice": (PERMIT, {"units": [{"unit": "甲", "part": "监理"}]}),
    "a row with another day": (PERMIT, {"units": [{"unit": "甲", "since": "昨日"}]}),
    "a column too long": (PERMIT, {"units": [{"unit": "甲" * 21}]}),
}


def application_of(kind, changes):
    base = GOOD if kind is PERMIT else example(kind, AT, Content.TYPICAL)
    merged = base | changes
    return {key: value for key, value in merged.items() if value is not ...}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_schema_refuses_the_checker_refuses(name):
    kind, changes = REFUSED[name]
    application = application_of(kind, changes)
    assert not is_valid(kind, application)
    assert not accepts(kind, application)


ACCEPTED = {
    "the good one": (PERMIT, {}),
    "nulls for what may be left out": (
        PERMIT,
        {"phone": None, "colour": None, "origin": None, "issue_date": None},
    ),
    "a null for what this choice has not": (
        PERMIT,
        {"kind": "乙类", "number": "示证〔2026〕B001号", "capital": None},
    ),
    "a remark behind a choice": (PERMIT, {"kind": "甲类(试点)"}),
    "a remark in wide brackets": (PERMIT, {"kind": "甲类（试点）"}),
    "a number in other brackets": (PERMIT, {"number": "示证[2026]A001号"}),
    "values outside a list that only warns": (PERMIT, {"colour": ["蓝"]}),
    "a null in a row": (PERMIT, {"units": [{"unit": "甲", "code": None}]}),
    "a person": (PERMIT, {"holders": [SECOND]}),
    "an old code": (
        PERMIT,
        {
            "origin": "存量补录",
            "holders": [{"name": "示例", "code": "990100000000001"}],
        },
    ),
    "an item of another category, which only warns": (CARD, {"category": "高处作业"}),
    "a photo that is null where there is none": (SHOP, {"photo": None}),
    "a code of another system": (PERMIT, {"external_qr": "HTTPS://A.EXAMPLE/1"}),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_the_checker_accepts_the_schema_accepts(name):
    kind, changes = ACCEPTED[name]
    application = application_of(kind, changes)
    assert accepts(kind, application)
    assert is_valid(kind, application)


def test_choices_that_follow_another_choice():
    text = replaced(
        "pattern = '[0-9]{5,12}'\n"
        'says = { zh = "5 至 12 位数字", en = "5 to 12 digits" }\n'
        "required = false\n"
        'example = "12315"',
        'required = false\nchoices_by = { field = "kind",'
        ' lists = { "甲类" = ["A.1", "A+"], "乙类" = ["B"] } }',
    )
    kind = loaded(text)
    for value, good in {"A.1": True, "A+": True, "Ax1": False, None: True}.items():
        application = application_of(PERMIT, {"phone": value})
        assert is_valid(kind, application) is good
        assert accepts(kind, application) is good
    number = {"number": "示证〔2026〕B001号", "capital": ...}
    application = application_of(PERMIT, {"kind": "乙类", "phone": "A.1", **number})
    assert not is_valid(kind, application)
    assert not accepts(kind, application)


PATTERNS = {
    "named groups": ("(?P<a>[0-9]{2})-(?P<b>[0-9])", "^(?:([0-9]{2})-([0-9]))$"),
    "a reference by name": ("(?P<a>[0-9])(?P=a)", None),
    "a flag": ("(?i)[a-z]{5}", None),
    "an end of Python's own": (r"[0-9]{5}\Z", None),
    "a look ahead": ("(?=1)[0-9]{5}", "^(?:(?=1)[0-9]{5})$"),
    "a possessive quantifier": ("[0-9]{5,9}+", None),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_given_where_others_read_it_alike(name):
    pattern, expected = PATTERNS[name]
    example_ = {"named groups": "12-3", "a reference by name": "11", "a flag": "ABcde"}
    text = replaced("'[0-9]{5,12}'", f"'{pattern}'")
    text = replaced('"12315"', f'"{example_.get(name, "12315")}"', text)
    schema = json_schema(loaded(text))["properties"]["phone"]
    assert schema.get("pattern") == expected


@pytest.mark.parametrize("char", ".+*?^$|(){}[]\\-")
def test_choices_with_signs_of_patterns_stand_for_themselves(char):
    quoted = f"'甲{char}类'"
    text = replaced('choices = ["甲类", "乙类", "丙类"]', f"choices = [{quoted}]")
    for old in ('"甲类" = "A", "乙类" = "B"', '"甲类" = { zh', '["甲类"]'):
        new = old.replace('"甲类"', quoted).replace(', "乙类" = "B"', "")
        text = replaced(old, new, text)
    kind = loaded(text)
    for value in (
        f"甲{char}类",
        f"甲{char}类(试点)",
        "甲x类",
        "甲类",
        f"甲{char}{char}类",
    ):
        application = application_of(PERMIT, {"kind": value})
        assert is_valid(kind, application) is accepts(kind, application)
