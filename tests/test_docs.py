"""The documents: every public name and command is in them, and every link leads on."""

import importlib.util
import re
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

import elicense
import esign
from elicense import qr
from elicense.cli.program import program
from tests.support import ROOT

DOCS = ROOT / "docs"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`[^`\n]*`")
PICTURE_BYTES = 300_000


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def script(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found = set()
    for line in FENCE.sub("", path.read_text(encoding="utf-8")).splitlines():
        if line.startswith("#"):
            text = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            found.add(text.replace(" ", "-"))
    return found


def broken(path: Path) -> list[str]:
    """Return the links of a page that lead to nothing inside the project."""
    text = INLINE.sub("", FENCE.sub("", path.read_text(encoding="utf-8")))
    found = []
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        other = (path.parent / name).resolve() if name else path
        if not other.exists() or (anchor and anchor not in anchors(other)):
            found.append(f"{path.name}: {target}")
    return found


def test_every_internal_link_resolves():
    listed = pages()
    assert ROOT / "README.md" in listed
    assert [line for path in listed for line in broken(path)] == []


def test_a_broken_link_is_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A b\n[x](none.md) [y](#a-b) `[z](none.md)`\n")
    assert len(broken(page)) == 1


def test_every_page_is_in_the_index():
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    decisions = (DOCS / "adr" / "README.md").read_text(encoding="utf-8")
    named = {(DOCS / link).resolve() for link in LINK.findall(index)}
    named |= {(DOCS / "adr" / link).resolve() for link in LINK.findall(decisions)}
    missing = [p for p in DOCS.rglob("*.md") if p.resolve() not in named]
    assert missing == [DOCS / "README.md"]


def test_the_api_page_is_the_one_that_the_script_makes():
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    again = script(DOCS / "make_api.py").page()
    assert text == again, "make it anew: python docs/make_api.py"


@pytest.mark.parametrize("package", [elicense, esign], ids=["elicense", "esign"])
def test_every_public_name_is_documented(package):
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    names = getattr(package, "__all__", [])
    assert [name for name in names if f"### {name}\n" not in text] == []


def commands(group: click.Command, path: tuple[str, ...] = ()) -> list[str]:
    if not isinstance(group, click.Group):
        return [" ".join(path)]
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found += commands(command, (*path, name))
    return found


def test_every_command_is_documented():
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    listed = commands(program)
    assert "verify" in listed
    assert [name for name in listed if f"elicense {name}" not in text] == []


def test_every_command_in_the_readme_exists():
    known = {name.split()[0] for name in commands(program)}
    for page in ("README.md", "README.zh-CN.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        used = set(re.findall(r"^\$ (?:.*\| )?elicense ([a-z]+)", text, re.MULTILINE))
        assert {"init", "issue", "verify", "revoke", "publish"} <= used <= known


@pytest.mark.parametrize("name", ["food-business.png", "own-type.png"])
def test_the_picture_is_small_and_its_symbol_can_be_read(name):
    data = (DOCS / "images" / name).read_bytes()
    assert len(data) <= PICTURE_BYTES
    (text,) = qr.read_image(data)
    assert text.startswith("EL1-AQYZ/.:$")


TEST_NAME = re.compile(r"\b(tests/[\w/]+\.py|examples/\w+\.py|benchmarks/\w+\.py)\b")
SOURCE_NAME = re.compile(r"`((?:elicense|esign)(?:\.\w+)+)`")


@pytest.mark.parametrize("page", ["threat-model.md", "standards.md", "adr"])
def test_every_file_and_module_that_a_page_names_exists(page):
    path = DOCS / page
    files = [path] if path.is_file() else sorted(path.glob("*.md"))
    assert files
    for file in files:
        text = file.read_text(encoding="utf-8")
        named = set(TEST_NAME.findall(text))
        assert [name for name in named if not (ROOT / name).is_file()] == []
        for name in set(SOURCE_NAME.findall(text)):
            module = ROOT / "src" / Path(*name.split(".")[:2])
            assert module.is_dir() or module.with_suffix(".py").is_file(), name
