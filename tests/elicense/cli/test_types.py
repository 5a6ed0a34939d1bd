import json
from importlib.resources import files

import pytest

from tests.elicense.cli.department import answers, run

TYPES = ("business-license", "food-business", "special-operation")


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
    data = (files("elicense") / "types" / "food-business.toml").read_bytes()
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
    "food-business": ("1 位校验码（GB/T 17710）", "a check digit (GB/T 17710)"),
    "special-operation": ("T + 持证主体代码", "T + the holder's code"),
}


@pytest.mark.parametrize("name", TYPES)
def test_the_rule_of_the_number_is_told(name):
    for lang, expected in zip(("zh", "en"), NUMBERS[name], strict=True):
        assert expected in run("types", name, lang=lang).stdout
