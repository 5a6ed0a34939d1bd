"""The tutorials' words: every console block runs, in an empty folder, as it stands."""

import pytest

from tests.support import ROOT
from tests.test_readme import follow, steps

PAGES = {"docs/tutorials/hub.md": "en", "docs/tutorials/hub.zh-CN.md": "zh"}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_user_can_follow_the_page_word_for_word(page, tmp_path):
    assert follow(page, tmp_path, PAGES[page]) > 25
    kiosk = tmp_path / "kiosk"
    assert (kiosk / "trust.elt").read_bytes() != (tmp_path / "old.elt").read_bytes()


def test_both_pages_have_the_same_commands_and_parts():
    one, other = PAGES
    assert [command for command, _ in steps(one)] == [c for c, _ in steps(other)]
    heads = [
        [
            line.split()[0]
            for line in (ROOT / page).read_text(encoding="utf-8").splitlines()
            if line.startswith("#")
        ]
        for page in PAGES
    ]
    assert heads[0] == heads[1]
