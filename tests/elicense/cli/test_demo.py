import re

import pytest

from elicense.cli.demo import free_folder
from elicense.masking import contains_citizen_id
from esign import pades
from esign.pades import SubFilter
from tests.elicense.cli.department import answers, run


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "story"
    return folder, run("demo", "--dir", folder, lang="zh")


def test_the_story_ends_as_expected(told):
    folder, result = told
    assert result.exit_code == 0, result.stdout + result.stderr
    assert "✘" not in result.stdout
    expected = ("VALID", "REVOKED", "SUSPENDED", "SUPERSEDED", "NOT_YET_VALID")
    later = ("EXPIRED", "LAPSED", "STALE")
    refused = ("BAD_SIGNATURE", "MALFORMED", "UNSUPPORTED", "UNKNOWN_ISSUER")
    for code in (*expected, *later, *refused):
        assert code in result.stdout
    assert len(list((folder / "licenses").glob("*.pdf"))) == 7


def test_what_it_leaves_can_be_verified_by_a_stranger(told, tmp_path, monkeypatch):
    folder, _ = told
    monkeypatch.chdir(tmp_path)
    root = (folder / "outside" / "root.txt").read_text().rstrip("\n")
    trust = ("--trust", folder / "outside" / "trust.elt", "--root", root)
    inputs = [
        folder / "licenses" / "01-business-license.pdf",
        folder / "qr" / "02-business-license.png",
        folder / "photos" / "03-food-business.jpg",
        folder / "forged" / "changed-capital.pdf",
        folder / "forged" / "scan.pdf",
    ]
    result = run("verify", *inputs, "--json", *trust)
    codes = [item["code"] for item in answers(result)]
    assert codes == ["VALID", "REVOKED", "SUSPENDED", "BAD_SIGNATURE", "UNSUPPORTED"]
    assert result.exit_code == 1


def test_the_report_stands_alone_in_both_languages(told):
    page = (told[0] / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert re.findall(r"(?:src|href)=\"(?!data:|licenses/)", page) == []
    assert page.count("data:image/png;base64,") == 7
    for text in ("电子证照演示", "as a stranger finds them now", "REVOKED"):
        assert text in page
    assert 'class="wrong"' not in page


def test_nothing_but_the_pdfs_names_a_citizen_id(told):
    folder, result = told
    assert not contains_citizen_id(result.stdout + result.stderr)
    for path in folder.rglob("*"):
        assert not contains_citizen_id(path.name)
        if path.suffix in (".html", ".txt", ".json", ".toml", ".elt"):
            assert not contains_citizen_id(path.read_bytes().decode("latin-1"))


def test_a_foreign_folder_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("mine")
    for lang, expected in (("zh", "不是演示文件夹"), ("en", "is not a demo")):
        result = run("demo", "--dir", tmp_path, lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_further_run_goes_beside_the_first(told):
    folder, _ = told
    assert [path for path in folder.iterdir() if path.name.startswith(".")] == []
    assert free_folder(folder) == folder / "run-2"
    (folder / "run-2").mkdir()
    assert free_folder(folder) == folder / "run-3"
    (folder / "run-2").rmdir()
    assert free_folder(folder / "new") == folder / "new"


def test_the_same_story_is_told_on_sm2(tmp_path):
    folder = tmp_path / "story"
    result = run("demo", "--algorithm", "SM2", "--dir", folder)
    assert result.exit_code == 0, result.stdout + result.stderr
    assert "✘" not in result.stdout
    assert "28 answers as expected, 0 not" in result.stdout
    for path in (folder / "licenses").glob("*.pdf"):
        assert pades.read(path.read_bytes()).subfilter is SubFilter.GM_SEAL
    listed = answers(run("--workspace", folder / "workspace", "keys", "list", "--json"))
    assert {key["suite"] for key in listed} == {"SM2"}
