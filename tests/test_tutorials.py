"""The tutorials' words: every block is typed, in an empty folder, as it stands."""

import json

import pytest

from tests.support import ROOT
from tests.test_readme import follow, run, steps
from tests.walkthrough import files_of

HUB = {"docs/tutorials/hub.md": "en", "docs/tutorials/hub.zh-CN.md": "zh"}
OWN_TYPE = {
    "docs/tutorials/own-type.md": "en",
    "docs/tutorials/own-type.zh-CN.md": "zh",
}
TYPE_FILE = "office/types/street-use.toml"


@pytest.mark.slow
@pytest.mark.parametrize("page", HUB)
def test_a_user_can_follow_the_hub_page_word_for_word(page, tmp_path):
    assert follow(page, tmp_path, HUB[page]) > 25
    kiosk = tmp_path / "kiosk"
    assert (kiosk / "trust.elt").read_bytes() != (tmp_path / "old.elt").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("page", OWN_TYPE)
def test_a_user_can_make_a_type_word_for_word(page, tmp_path):
    assert follow(page, tmp_path, OWN_TYPE[page]) > 25
    written = (tmp_path / TYPE_FILE).read_text(encoding="utf-8")
    assert written == files_of(page)[TYPE_FILE]
    (verdicts,) = run(
        ["elicense --workspace office verify permit.pdf copy.pdf --json"],
        tmp_path,
        OWN_TYPE[page],
    )
    for line in verdicts.splitlines():
        verdict = json.loads(line)
        assert (verdict["code"], verdict["scope"]) == ("VALID", "document")


@pytest.mark.slow
@pytest.mark.parametrize("page", ["docs/seals.md", "docs/seal-platforms.md"])
def test_a_user_can_follow_the_pages_of_seals_word_for_word(page, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    assert follow(page, tmp_path, "en") > 15


@pytest.mark.parametrize("pages", [HUB, OWN_TYPE], ids=["hub", "own type"])
def test_both_pages_have_the_same_commands_and_parts(pages):
    one, other = pages
    assert [command for command, _ in steps(one)] == [c for c, _ in steps(other)]
    heads = [
        [
            line.split()[0]
            for line in (ROOT / page).read_text(encoding="utf-8").splitlines()
            if line.startswith("#")
        ]
        for page in pages
    ]
    assert heads[0] == heads[1]
