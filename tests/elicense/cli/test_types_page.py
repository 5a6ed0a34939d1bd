"""docs/formats/types.md: its example loads and issues, and no key is left out."""

import dataclasses
import json
import re

import pytest

from elicense import payload
from elicense.catalog import (
    Agreement,
    CheckpointRule,
    ChoicesBy,
    FieldKind,
    FieldRule,
    HolderRule,
    LabelBy,
    LicenseType,
    NumberKind,
    NumberRule,
    OnlyFor,
    Presentation,
    ValidityRule,
)
from elicense.catalog.reader import read_type
from elicense.errors import CatalogError
from elicense.layout import plan
from tests.elicense.cli.department import answers, run
from tests.support import ROOT

PAGE = (ROOT / "docs" / "formats" / "types.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LAYOUT_PAGE = (ROOT / "docs" / "formats" / "layout.md").read_text(encoding="utf-8")
WHOLE, NUMBER = [text for kind, text in BLOCK.findall(PAGE) if kind == "toml"]
EXAMPLE = {**dict(BLOCK.findall(PAGE)), "toml": WHOLE}


def test_the_example_issues_a_license_that_is_valid(own, tmp_path):
    file = own.place / "types" / "shop-sign.toml"
    file.write_text(EXAMPLE["toml"], encoding="utf-8")
    result = own.issue("shop-sign", json.loads(EXAMPLE["json"]), "sign.pdf")
    assert result.exit_code == 0, result.stderr
    (told,) = answers(result)
    assert told["verdict"]["code"] == "VALID"
    assert told["verdict"]["scope"] == "document"
    assert told["published"] == 2
    home = {"ELICENSE_HOME": str(tmp_path)}
    known = ("--trust", own.trust_file, "--root", own.root, "--json")
    stranger = run("verify", own.folder / "sign.pdf", *known, env=home)
    (answer,) = answers(stranger)
    assert (answer["code"], answer["scope"]) == ("VALID", "sealed")


def test_a_wrong_layout_of_the_example_reserves_nothing(own):
    file = own.place / "types" / "shop-sign.toml"
    wrong = EXAMPLE["toml"].replace('theme = "brown"', 'theme = "pink"')
    file.write_text(wrong, encoding="utf-8")
    before = own.state()
    result = own.issue("shop-sign", json.loads(EXAMPLE["json"]), "sign.pdf")
    assert result.exit_code == 2
    assert "layout.theme" in result.stderr
    assert own.state()[0] == before[0]


SLIPS = {
    "an unknown key": ('photo = "none"', 'photo = "none"\ncolor = 1', "color"),
    "a wrong kind of value": ("years = 2", 'years = "2"', "years"),
    "a type code with a wrong check character": ("19A901", "19B901", "code"),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_in_the_example_is_named(name):
    old, new, key = SLIPS[name]
    assert old in EXAMPLE["toml"]
    with pytest.raises(CatalogError, match=rf"shop-sign\.toml.*{key}"):
        read_type(EXAMPLE["toml"].replace(old, new).encode(), "shop-sign.toml")


def test_the_example_of_a_pattern_is_that_of_a_type():
    old = 'number = { rule = "supplied", max_length = 30 }\n'
    field = """
[[fields]]
key = "business_form"
label = { zh = "主体业态", en = "Form of business" }
kind = "choice"
choices = ["食品销售经营者", "餐饮服务经营者"]

[layout]
"""
    assert WHOLE.count(old) == 1
    text = WHOLE.replace(old, NUMBER).replace("\n[layout]\n", field, 1)
    rule = read_type(text.encode(), "own.toml").number
    assert rule.kind is NumberKind.PATTERN
    assert [item.field for item in rule.agree] == ["business_form"]


MADE = {"height", "is_card"}  # of the paper; no keys of the file
SPELLED = {  # attributes whose key in the file has another name
    plan.Plan: {"grids": "tables", "width": "paper"},
    plan.Row: {"sources": "value"},
    plan.Grid: {"field": "value"},
    LicenseType: {"presentations": "layouts"},
    Presentation: {"name": "layouts"},
}
CLASSES = (
    *(LicenseType, FieldRule, HolderRule, ChoicesBy, CheckpointRule),
    *(Agreement, LabelBy, NumberRule, OnlyFor, ValidityRule),
    *(Presentation, plan.Plan, plan.Row, plan.Grid, plan.Column),
)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_key_is_on_the_page(kind):
    text = PAGE + LAYOUT_PAGE
    named = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`\n]+`", text))))
    spelled = SPELLED.get(kind, {})
    names = {field.name for field in dataclasses.fields(kind)}
    assert spelled.keys() <= names
    keys = {spelled.get(name, name) for name in names}
    assert sorted(keys - named - MADE) == []


def test_every_kind_rule_paper_and_theme_is_on_the_page():
    names = [*FieldKind, *NumberKind, *plan.PAPERS, *plan.THEMES]
    text = PAGE + LAYOUT_PAGE
    assert [name for name in names if f"`{name}`" not in text] == []


MORE = """
[[fields]]
key = "units"
label = { zh = "施工单位", en = "Builders" }
kind = "rows"
max_count = 3
in_qr = true
qr_length = 12
columns = [
  { key = "unit", label = { zh = "名称", en = "Name" }, kind = "text" },
  { key = "to", label = { zh = "部分", en = "Part" }, kind = "text", required = false },
]
[fields.label_by]
field = "lighting"
labels = { "内光源" = { zh = "安装单位", en = "Fitters" } }

[layout]
"""


def test_rows_go_from_the_application_to_every_verdict(own, tmp_path):
    text = WHOLE.replace("qr_length = 24", "qr_length = 6", 1)
    text = text.replace("\n[layout]\n", MORE, 1)
    (own.place / "types" / "shop-sign.toml").write_text(text, encoding="utf-8")
    rows = [{"unit": "示例装饰有限公司", "to": "灯箱"}, {"unit": "示例电力"}]
    application = json.loads(EXAMPLE["json"]) | {
        "units": rows,
        "external_qr": "HTTPS://ZZ.EXAMPLE.ORG/1",
    }
    issued = own.issue("shop-sign", application, "sign.pdf", "--case", "rows")
    assert issued.exit_code == 0, issued.stderr
    (told,) = answers(issued)
    assert (told["verdict"]["code"], told["verdict"]["scope"]) == ("VALID", "document")
    token = payload.decode(
        payload.open_token(payload.read_qr_text(told["qr_text"])).unverified_payload
    )
    assert token.fields == {"place": "示例市青禾…", "units": "灯箱 示例装饰有限公司…"}
    (shown,) = answers(own.run("show", told["identifier"], "--json"))
    assert shown["record"]["fields"]["units"] == rows
    assert shown["record"]["external_qr"] == "HTTPS://ZZ.EXAMPLE.ORG/1"
    lines = own.run("show", told["identifier"], lang="zh").stdout
    assert "安装单位" in lines
    assert "灯箱 示例装饰有限公司；示例电力" in lines
    known = ("--trust", own.trust_file, "--root", own.root, "--json")
    home = {"ELICENSE_HOME": str(tmp_path)}
    stranger = run("verify", own.folder / "sign.pdf", *known, env=home)
    (answer,) = answers(stranger)
    assert (answer["code"], answer["scope"]) == ("VALID", "sealed")
