"""docs/formats/types.md: its example loads and issues, and no key is left out."""

import dataclasses
import json
import re

import pytest

from elicense.catalog import (
    CheckpointRule,
    ChoicesBy,
    FieldKind,
    FieldRule,
    HolderRule,
    LicenseType,
    NumberKind,
)
from elicense.catalog.reader import read_type
from elicense.errors import CatalogError
from elicense.layout import plan
from tests.elicense.cli.department import answers, run
from tests.support import ROOT

PAGE = (ROOT / "docs" / "formats" / "types.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLE = dict(BLOCK.findall(PAGE))


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


MADE = {"width", "height"}  # of the paper; no keys of the file
CLASSES = (
    *(LicenseType, FieldRule, HolderRule, ChoicesBy, CheckpointRule),
    *(plan.Plan, plan.Row),
)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_key_is_on_the_page(kind):
    named = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`\n]+`", PAGE))))
    keys = {field.name for field in dataclasses.fields(kind)}
    assert sorted(keys - named - MADE) == []


def test_every_kind_rule_paper_and_theme_is_on_the_page():
    names = [*FieldKind, *NumberKind, *plan.PAPERS, *plan.THEMES]
    assert [name for name in names if f"`{name}`" not in PAGE] == []
