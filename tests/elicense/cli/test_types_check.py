"""The command ``types check``: what it prints, where, and with which exit code."""

from importlib.resources import files

import pikepdf
import pytest

from elicense import Workspace
from elicense.catalog import Catalog
from tests.elicense import foundry
from tests.elicense.cli.department import answers, run
from tests.elicense.tryouts import PLACE, TYPE, VALIDITY, spoilt


@pytest.fixture
def file(tmp_path):
    """A good type on disk, in a folder that is no workspace."""
    path = tmp_path / "street-use.toml"
    path.write_text(TYPE, encoding="utf-8")
    return path


def written(file, *changes):
    file.write_text(spoilt(*changes), encoding="utf-8")
    return file


def test_a_good_type_needs_no_workspace_and_leaves_a_proof_sheet(file):
    for lang, words in (
        ("en", ("least content", "usual content", "greatest content", "proof sheet")),
        ("zh", ("最少内容", "通常内容", "最多内容", "校样")),
    ):
        result = run("types", "check", file, lang=lang)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.count("✔") == 3
        assert all(word in result.stdout for word in words)
        sheet = file.with_suffix(".proof.pdf")
        assert str(sheet) in result.stdout
        with pikepdf.open(sheet) as pdf:
            assert len(pdf.pages) == 3
            with pdf.open_outline() as outline:
                assert [item.title for item in outline.root] == [
                    "minimum",
                    "typical",
                    "maximum",
                ]


def test_the_sheet_goes_where_it_is_told(file, tmp_path):
    target = tmp_path / "here.pdf"
    assert run("types", "check", file, "--out", target).exit_code == 0
    assert target.read_bytes().startswith(b"%PDF-")
    assert not file.with_suffix(".proof.pdf").exists()


def test_each_fault_is_told_in_every_content_and_counted_once(file):
    written(file, (VALIDITY, f'value = "validity", {PLACE}'))
    for lang, told, count in (
        ("en", "page 1: place and validity overlap", "2 faults"),
        ("zh", "第 1 页：place 与 validity 重叠", "共 2 处问题"),
    ):
        result = run("types", "check", file, lang=lang)
        assert result.exit_code == 1
        assert result.stdout.count("✘") == 3
        assert result.stdout.count(told) == 3
        assert count in result.stderr
    one = written(file, (PLACE, "box = [25, 90, 60, 6]"))
    assert "1 fault\n" in run("types", "check", one).stderr


def test_json_says_the_same_in_both_languages(file):
    written(
        file,
        (PLACE, "box = [25, 90, 60, 6]"),
        ('photo = "none"', 'photo = "optional"'),
    )
    result = run("types", "check", file, "--json")
    assert result.exit_code == 1
    (answer,) = answers(result)
    assert (answer["type"], answer["version"]) == ("street-use", 1)
    assert answer["proof"] == str(file.with_suffix(".proof.pdf"))
    least, _, most = answer["trials"]
    assert [item["content"] for item in answer["trials"]] == [
        "minimum",
        "typical",
        "maximum",
    ]
    assert (least["presentation"], least["pages"], least["faults"]) == (None, 1, [])
    assert least["qr_version"] > 1
    assert (most["pages"], most["qr_version"]) == (0, None)
    (fault,) = most["faults"]
    assert set(fault) == {"zh", "en"}
    assert "field place is too long" in fault["en"]
    (remark,) = answer["remarks"]
    assert remark["level"] == "warning"
    assert remark["en"] == "no page has a photo box"


@pytest.mark.parametrize(
    ("lang", "warning", "note"),
    [("en", "warning: ", "note: "), ("zh", "警告：", "提示：")],
)
def test_a_warning_and_a_note_are_no_faults(file, lang, warning, note):
    written(
        file,
        ('photo = "none"', 'photo = "optional"'),
        ('"fields.place"', '"issuer"'),
    )
    result = run("types", "check", file, lang=lang)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert sum(line.startswith(warning) for line in lines) == 1
    assert sum(line.startswith(note) for line in lines) == 1


def test_where_nothing_can_be_printed_no_sheet_is_named_or_written(file):
    written(file, ("本证应当", f"本证{foundry.RARE}"))
    result = run("types", "check", file)
    assert result.exit_code == 1
    assert "none: no page can be printed" in result.stdout
    (answer,) = answers(run("types", "check", file, "--json"))
    assert answer["proof"] is None
    assert not file.with_suffix(".proof.pdf").exists()


PATTERN = 'rule = "pattern", max_length = 30, says = { zh = "ZD", en = "ZD" }'
CHECKED = f'{PATTERN}, check = "mod-11-10"'
BODY = "'ZD(?P<body>[0-9]{12})(?P<check>[0-9])'"
WRONG_FILES = {
    "a key that there is not": (
        (("max_length = 100", "max_lenght = 100"),),
        "street-use.toml: fields[0]: max_lenght: unknown key; there is: max_length",
    ),
    "a label that is missing": (
        (('label = { zh = "占道地点", en = "Place" }\n', ""),),
        "fields[0]: label: is missing",
    ),
    "a key that is nearly the one that is needed": (
        (("holder_label", "holder_lable"),),
        "holder_label: is missing (there is holder_lable: a slip?)",
    ),
    "a label in one language": (
        (('label = { zh = "占道地点", en = "Place" }', 'label = "占道地点"'),),
        'fields[0]: label: expected { zh = "…", en = "…" }',
    ),
    "a version in quotes": (
        (("version = 1", 'version = "1"'),),
        "version: expected a whole number",
    ),
    "a pattern that its example does not match": (
        (
            (
                'rule = "supplied", max_length = 30',
                f'{PATTERN}, pattern = "ZD[0-9]{{4}}", example = "ZD26"',
            ),
        ),
        "number: example: does not match the pattern",
    ),
    "an example with another check digit": (
        (
            (
                'rule = "supplied", max_length = 30',
                f"{CHECKED}, pattern = {BODY}, example = 'ZD9901010000010'",
            ),
        ),
        "number: example: check has to be the check digit of body, which is 6",
    ),
    "an example whose body is no number": (
        (
            (
                'rule = "supplied", max_length = 30',
                f"{CHECKED}, pattern = '(?P<body>ZD)(?P<check>[0-9])', example = 'ZD1'",
            ),
        ),
        "number: example: body has to be digits",
    ),
    "copies that there are not": (
        (('photo = "none"', 'photo = "none"\ncopies = ["正面"]'),),
        "copies: expected some of: 正本, 副本, 正副本合一, 单页",
    ),
    "a background that is not there": (
        (('paper = "A4"', 'paper = "A4"\nbackground = "none.pdf"'),),
        "layout: background: cannot read",
    ),
    "a paper that there is not": (
        (('paper = "A4"', 'paper = "A5"'),),
        'layout.paper: expected one of: "A4", "A4 landscape"',
    ),
    "the code of a built-in type": (
        (("11990100000000027A901", "11990000000000019A001"),),
        "street-use and business-license have the same code",
    ),
    "the name of a built-in type": (
        (
            ('name = "street-use"', 'name = "teacher"'),
            ("11990100000000027A901", Catalog.builtin().get("teacher").code),
        ),
        "teacher: version 1 is there twice",
    ),
}


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_wrong_file_is_told_once_and_nothing_is_written(file, case):
    changes, expected = WRONG_FILES[case]
    written(file, *changes)
    result = run("types", "check", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert expected in result.stderr
    assert run("types", "check", file, lang="zh").stderr.startswith("错误：")
    assert not file.with_suffix(".proof.pdf").exists()


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path):
    result = run("types", "check", tmp_path / "none.toml")
    assert result.exit_code == 2
    assert "none.toml" in result.stderr


def test_a_background_is_looked_for_beside_the_file(file):
    written(file, ('paper = "A4"', 'paper = "A4"\nbackground = "own.pdf"'))
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595.28, 841.89))
        pdf.save(file.parent / "own.pdf")
    assert run("types", "check", file).exit_code == 0


def test_the_faces_of_a_workspace_are_used(file, own):
    written(file, ("本证应当", f"本证{foundry.RARE}"))
    assert own.run("types", "check", file).exit_code == 1
    (own.place / "faces").mkdir()
    (own.place / "faces" / "rare.ttf").write_bytes(foundry.truetype())
    with Workspace(own.place) as workspace:
        workspace.rewrite(faces=("faces/rare.ttf",))
    assert own.run("types", "check", file).exit_code == 0


def test_a_built_in_type_can_be_checked_too(tmp_path):
    data = (files("elicense") / "types" / "teacher.1.toml").read_bytes()
    path = tmp_path / "teacher.toml"
    path.write_bytes(data)
    assert run("types", "check", path).exit_code == 0
