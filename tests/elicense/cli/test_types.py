import json
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from elicense.catalog import Catalog
from elicense.catalog.schema import json_schema
from tests.elicense.cli.department import answers, run

TYPES = (
    *("business-license", "construction-permit", "construction-qualification"),
    *("food-business", "hygiene", "road-transport", "special-operation", "teacher"),
)


def test_the_list_is_for_people_and_for_programs():
    (listed,) = answers(run("types", "--json"))
    assert tuple(item["name"] for item in listed) == TYPES
    assert all({"name", "title", "fields"} <= set(item) for item in listed)
    for lang in ("zh", "en"):
        shown = run("types", lang=lang).stdout
        assert all(name in shown for name in TYPES)
        assert "食品经营许可证" in shown


@pytest.mark.parametrize("name", TYPES)
def test_one_type_shows_every_field(name):
    (described,) = answers(run("types", name, "--json"))
    for lang in ("zh", "en"):
        shown = run("types", name, lang=lang).stdout
        for field in described["fields"]:
            assert field["key"] in shown
            assert field["label"][lang][:4] in shown
        for key in ("holders", "number", "issue_date", "valid_from", "valid_until"):
            assert key in shown


@pytest.mark.parametrize("name", TYPES)
def test_a_sample_is_issuable_as_it_stands(name, own):
    printed = run("types", name, "--sample")
    json.loads(printed.stdout)
    path = own.folder / "sample.pdf"
    result = own.run(
        *("issue", name, "--data", "-", "--out", path), stdin=printed.stdout
    )
    assert result.exit_code == 0, result.stderr
    assert own.run("verify", path).exit_code == 0


def test_an_unknown_type_names_what_there_is():
    for lang, expected in (("zh", "没有这种证照类型"), ("en", "no license type")):
        result = run("types", "food-busines", lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
        assert "food-business" in result.stderr


def test_a_workspaces_own_types_join_the_catalog(own):
    data = (files("elicense") / "types" / "food-business.2.toml").read_bytes()
    data = data.replace(b'name = "food-business"', b'name = "my-food"', 1)
    own_type = data.replace(b"A002", b"A902", 1)
    (own.place / "types" / "mine.toml").write_bytes(own_type)
    (listed,) = answers(own.run("types", "--json"))
    assert [item["name"] for item in listed] == sorted([*TYPES, "my-food"])


def test_a_wrong_own_type_is_named(own):
    (own.place / "types" / "mine.toml").write_text("name = 7")
    result = own.run("types")
    assert result.exit_code == 2
    assert "mine.toml" in result.stderr


NUMBERS = {
    "business-license": ("holder-code：持证主体代码", "holder-code: the holder's code"),
    "food-business": ("末位校验（GB/T 17710）", "a check digit, checked (GB/T 17710)"),
    "special-operation": ("T + 持证主体代码", "T + the holder's code"),
    "construction-permit": ("pattern：18 位数字：", "pattern: 18 digits:"),
    "construction-qualification": (
        "pattern：A、B、D 或 E，发证层级 1 至 3，省份 2 位，顺序号 6 位（不符仅提示）",
        "province 2 digits, serial 6 digits (else a warning)",
    ),
    "hygiene": ("第、4 至 6 位序号和号（不符仅提示）", "4 to 6 digits and 号 (else a"),
    "road-transport": ("字、12 位数字和号", "字, 12 digits and 号"),
    "teacher": ("第 10 位为 1 至 7", "the tenth of them 1 to 7"),
}


@pytest.mark.parametrize("name", TYPES)
def test_the_rule_of_the_number_is_told(name):
    for lang, expected in zip(("zh", "en"), NUMBERS[name], strict=True):
        assert expected in run("types", name, lang=lang).stdout


OWN_TYPE = """
format = "elicense.type/1"
name = "permit"
version = 1
code = "11990000000000019A077"
title = { zh = "示例许可证", en = "Permit" }
number_label = { zh = "编号", en = "Number" }
holder_label = { zh = "单位", en = "Unit" }
photo = "none"
holders = { code_types = ["001"], max_count = 2, name_max_length = 40 }
validity = { rule = "years", years = 3, enforce = "warn" }

[number]
rule = "pattern"
max_length = 9
pattern = '示(?P<serial>[0-9]{3,6})号'
says = { zh = "示、序号、号", en = "示, serial, 号" }
example = "示001号"
enforce = "warn"

[[checkpoints]]
kind = "开工"
months = 3
once = true
extended_field = "put_off"
max_extensions = 2

[[checkpoints]]
kind = "复审"
years = 1

[[fields]]
key = "sort"
label = { zh = "类别", en = "Sort" }
kind = "choice"
choices = ["甲类", "乙类"]

[[fields]]
key = "put_off"
label = { zh = "延期至", en = "Put off until" }
kind = "date"
required = false

[[fields]]
key = "phone"
label = { zh = "电话", en = "Phone" }
kind = "text"
pattern = '[0-9]{5}'
says = { zh = "5 位数字", en = "5 digits" }
enforce = "warn"
example = "12315"
in_qr = true
qr_length = 4

[[fields]]
key = "capital"
label = { zh = "资本", en = "Capital" }
kind = "money"
only_for = { field = "sort", values = ["甲类"] }
label_by = { field = "sort", labels = { "甲类" = { zh = "注册资本", en = "C" } } }

[[fields]]
key = "units"
label = { zh = "单位", en = "Units" }
kind = "rows"
max_count = 9
columns = [{ key = "unit", label = { zh = "单位", en = "Unit" }, kind = "text" }]
"""


def with_own_type(own):
    (own.place / "types" / "mine.toml").write_text(OWN_TYPE, encoding="utf-8")


TOLD = {
    "zh": (
        *("3 年（更晚仅提示）", "开工，3 个月内一次，最多延期 2 次", "复审，每 1 年"),
        *("pattern：示、序号、号（不符仅提示）", "5 位数字（不符仅提示）"),
        *("✓ ≤ 4", "✓ sort", "money [sort=甲类]", "rows: unit (text ≤ 200) × 9"),
        "外部二维码",
    ),
    "en": (
        *(
            "3 years (a later end: warned)",
            "开工, once within 3 months, put off 2 times",
        ),
        *("复审, every 1 years", "pattern: 示, serial, 号 (else a warning)"),
        *("5 digits (else a warning)", "external code"),
    ),
}


@pytest.mark.parametrize("lang", TOLD)
def test_every_rule_of_an_own_type_is_shown(lang, own):
    with_own_type(own)
    shown = own.run("types", "permit", lang=lang).stdout
    assert [text for text in TOLD[lang] if text not in shown] == []


def test_every_rule_of_an_own_type_is_described(own):
    with_own_type(own)
    (told,) = answers(own.run("types", "permit", "--json"))
    assert told["validity_enforce"] == "warn"
    assert told["number"]["pattern"] == "示(?P<serial>[0-9]{3,6})号"
    assert told["number"]["says"] == {"zh": "示、序号、号", "en": "示, serial, 号"}
    assert told["number"]["enforce"] == "warn"
    assert told["checkpoints"] == [
        {
            "kind": "开工",
            "once": True,
            "months": 3,
            "extended_field": "put_off",
            "max_extensions": 2,
        },
        {"kind": "复审", "once": False, "years": 1},
    ]
    fields = {field["key"]: field for field in told["fields"]}
    assert fields["phone"]["pattern"] == "[0-9]{5}"
    assert fields["phone"]["enforce"] == "warn"
    assert fields["phone"]["qr_length"] == 4
    assert fields["phone"]["example"] == "12315"
    assert fields["capital"]["only_for"] == {"field": "sort", "values": ["甲类"]}
    assert fields["capital"]["label_by"]["labels"] == {
        "甲类": {"zh": "注册资本", "en": "C"}
    }
    assert [column["key"] for column in fields["units"]["columns"]] == ["unit"]


def test_an_own_type_has_a_sample_and_a_schema(own):
    with_own_type(own)
    made = json.loads(own.run("types", "permit", "--sample").stdout)
    assert made["number"] == "示000号"
    assert made["capital"] == "1000000 CNY"
    schema = json.loads(own.run("types", "permit", "--schema").stdout)
    Draft202012Validator(schema).validate(made)


@pytest.mark.parametrize("name", TYPES)
def test_the_schema_is_that_of_the_library(name):
    printed = json.loads(run("types", name, "--schema").stdout)
    assert printed == json_schema(Catalog.builtin().get(name))


@pytest.mark.parametrize(
    "options", [("--schema",), ("food-business", "--schema", "--sample")]
)
def test_a_schema_is_of_one_type_and_alone(options):
    for lang, expected in (("zh", "不能同时使用"), ("en", "not used together")):
        result = run("types", *options, lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
