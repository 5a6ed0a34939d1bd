"""The README's words: every console block runs, in an empty folder, as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import walkthrough
from tests.support import ROOT

PAGES = {"README.md": "en", "README.zh-CN.md": "zh"}
MARK = "-- end of command --"
ANYTHING = "…"  # in an expected output: any text, line ends included


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of a page in one language."""
    return [body for name, body in walkthrough.blocks(page) if name == language]


def steps(page: str) -> list[tuple[str, str]]:
    """Return what a reader of a page types, with the outputs shown."""
    return [(step.command, step.shown) for step in walkthrough.steps(page)]


def run(commands: list[str], folder: Path, language: str) -> list[str]:
    """Run commands in one shell as a user would and return what each one printed."""
    script = "".join(f"{command}\necho '{MARK}'\n" for command in commands)
    here = os.environ
    done = subprocess.run(
        ["bash"],
        input=script,
        cwd=folder,
        env={
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{here['PATH']}",
            "HOME": str(folder / "home"),
            "ELICENSE_HOME": str(folder / "home"),
            "ELICENSE_LANG": language,
            "LANG": "C.UTF-8",
            "COLUMNS": "100",
            "PYTHONPATH": str(ROOT / "src"),  # of this checkout, wherever it is
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return done.stdout.split(MARK + "\n")[:-1]


def pattern(shown: str) -> re.Pattern[str]:
    """Return what an output must match: the same text, with `…` for anything."""
    lines = (line.rstrip() for line in shown.splitlines())
    parts = "\n".join(lines).split(ANYTHING)
    return re.compile(".*?".join(map(re.escape, parts)), re.DOTALL)


def tidy(text: str) -> str:
    """Return an output without the spaces at the ends of its lines."""
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def follow(page, folder, language):
    """Do what a page says, compare every output, and return how many steps it has."""
    todo = steps(page)
    outputs = run([command for command, _ in todo], folder, language)
    assert len(outputs) == len(todo)
    for (command, shown), printed in zip(todo, outputs, strict=True):
        assert "Traceback" not in printed, command
        if shown:
            assert pattern(shown).fullmatch(tidy(printed)), f"{command}\n{printed}"
        else:
            assert printed == "", command
    return len(todo)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_user_can_follow_the_page_word_for_word(page, tmp_path):
    assert follow(page, tmp_path, PAGES[page]) > 15
    kiosk = tmp_path / "kiosk"
    assert (tmp_path / "mine.pdf").read_bytes() == (kiosk / "mine.pdf").read_bytes()
    codes = re.findall(r'"code": "(\w+)"', (kiosk / "verdicts.jsonl").read_text())
    assert "VALID" in codes
    assert "REVOKED" in codes


def test_an_output_that_differs_is_seen():
    assert pattern("a\n…\nb\n").fullmatch("a\nx\ny\nb")
    assert not pattern("a\n…\nb\n").fullmatch("a\nx\ny\nc")
    assert not pattern("a\n").fullmatch("a\nb")


@pytest.mark.parametrize("page", PAGES)
def test_the_python_example_is_the_one_that_is_tested(page):
    (shown,) = blocks(page, "python")
    example = (ROOT / "examples" / "first_license.py").read_text(encoding="utf-8")
    assert shown == example.replace(".message.en", f".message.{PAGES[page]}")


def test_the_python_example_has_fifteen_lines_of_code():
    (shown,) = blocks("README.md", "python")
    code = [
        line
        for line in shown.splitlines()
        if line.strip() and not line.lstrip().startswith(("#", '"""'))
    ]
    assert len(code) <= 15


def test_both_pages_have_the_same_parts():
    one, other = (
        (ROOT / page).read_text(encoding="utf-8").splitlines() for page in PAGES
    )
    heads = [
        [line.split()[0] for line in p if line.startswith("#")] for p in (one, other)
    ]
    assert heads[0] == heads[1]
    commands = [[command for command, _ in steps(page)] for page in PAGES]
    assert commands[0] == commands[1]


@pytest.mark.parametrize("page", PAGES)
def test_the_make_targets_named_exist(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"\bmake ([a-z]+)\b", "".join(blocks(page, "sh")))
    assert named == ["demo", "test"]
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
