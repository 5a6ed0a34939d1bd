"""The command ``reprint``: a license once more, in one of its presentations."""

from datetime import timedelta

import pikepdf
import pytest

from elicense import attachments, dates
from esign import clock
from tests.elicense.cli.department import answers, run, sample
from tests.elicense.cli.test_changes import DECISION


def reprint(own, name, *args, out="print.pdf", lang="en"):
    return own.run("reprint", name, "--out", own.folder / out, *args, lang=lang)


def told_by(own, out="print.pdf"):
    """Return the verdict of a stranger, who has the publication and nothing else."""
    known = ("--trust", own.trust_file, "--root", own.root, "--json")
    result = run("verify", own.folder / out, *known)
    (answer,) = answers(result)
    return answer


def paper_of(path):
    """Return width and height of the first page in whole millimetres."""
    with pikepdf.open(path) as pdf:
        left, low, right, high = (float(item) for item in pdf.pages[0].mediabox)
    return tuple(round(length / 72 * 25.4) for length in (right - left, high - low))


# Shapes of the pages are those of the types: 正本 hangs on a wall, 副本 is carried.
@pytest.mark.parametrize(
    ("case", "name", "paper"),
    [
        ("food", "正本", (297, 210)),
        ("food", "副本", (210, 297)),
        ("business", "正本", (420, 297)),
        ("business", "副本", (210, 297)),
        ("person", "卡片", (86, 54)),
    ],
)
def test_each_presentation_is_the_same_license_and_valid(own, case, name, paper):
    issued = own.issued(case)
    for lang, said in (("zh", "版面"), ("en", "presentation")):
        args = (issued["identifier"], "--as", name)
        result = reprint(own, *args, out=f"{lang}.pdf", lang=lang)
        assert result.exit_code == 0, result.stderr
        lines = [line.split() for line in result.stdout.splitlines()]
        assert [said, name] in lines
        assert issued["identifier"] in result.stdout
        path = own.folder / f"{lang}.pdf"
        assert paper_of(path) == paper
        ours = attachments.read(path.read_bytes())
        first = attachments.read((own.folder / f"{case}.pdf").read_bytes())
        assert (ours.record, ours.token) == (first.record, first.token)
        verdict = told_by(own, f"{lang}.pdf")
        assert (verdict["code"], verdict["scope"]) == ("VALID", "document")


def test_without_a_name_it_is_the_first_and_a_number_will_do(own):
    issued = own.issued("food")
    (told,) = answers(reprint(own, issued["number"], "--json"))
    assert told["presentation"] == "正本"
    assert told["identifier"] == issued["identifier"]


def test_the_json_names_presentation_file_and_verdict(own):
    issued = own.issued("food")
    result = reprint(own, issued["identifier"], "--as", "副本", "--json")
    assert result.exit_code == 0, result.stderr
    (told,) = answers(result)
    path = str(own.folder / "print.pdf")
    assert set(told) == {"identifier", "presentation", "file", "verdict"}
    assert told["identifier"] == issued["identifier"]
    assert (told["presentation"], told["file"]) == ("副本", path)
    verdict = told["verdict"]
    assert (verdict["code"], verdict["scope"]) == ("VALID", "document")
    assert verdict["input"] == path


def test_a_type_that_is_printed_in_one_way_names_no_presentation(own):
    made = own.issue("teacher", sample("teacher"), "teacher.pdf")
    assert made.exit_code == 0, made.stderr
    identifier = answers(made)[0]["identifier"]
    for lang, said in (("zh", "版面"), ("en", "presentation")):
        shown = reprint(own, identifier, "--force", lang=lang)
        assert shown.exit_code == 0, shown.stderr
        assert said not in shown.stdout
    (told,) = answers(reprint(own, identifier, "--json", "--force"))
    assert told["presentation"] is None
    for lang, said in (("zh", "仅一种，无需指定"), ("en", "which has no name")):
        refused = reprint(own, identifier, "--as", "正本", "--force", lang=lang)
        assert refused.exit_code == 2
        assert said in refused.stderr


def test_nothing_of_the_register_changes(own):
    rows, events, names = own.state()
    assert reprint(own, own.issued("food")["identifier"]).exit_code == 0
    assert own.state() == (rows, events, sorted([*names, "print.pdf"]))


UNKNOWN = {
    "a presentation": (
        *("food", "卡片", "没有“卡片”这种版面；可用的有：正本、副本"),
        "no presentation '卡片'; there is: 正本、副本",
    ),
    "a license": (
        *(None, "副本", "没有这个证照标识"),
        "no such identifier or license number",
    ),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_there_is_not_is_told_and_nothing_is_written(own, what):
    case, name, zh, en = UNKNOWN[what]
    identifier = own.issued(case)["identifier"] if case else "JY19901010000500"
    before = own.state()
    for lang, expected in (("zh", zh), ("en", en)):
        result = reprint(own, identifier, "--as", name, lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
    assert own.state() == before


def test_a_file_that_is_there_is_replaced_by_force_alone(own):
    identifier = own.issued("food")["identifier"]
    path = own.write("print.pdf", b"mine")
    for lang, expected in (("zh", "--force"), ("en", "or --force to replace it")):
        refused = reprint(own, identifier, lang=lang)
        assert refused.exit_code == 2
        assert expected in refused.stderr
        assert path.read_bytes() == b"mine"
    forced = reprint(own, identifier, "--force")
    assert forced.exit_code == 0, forced.stderr
    assert told_by(own)["code"] == "VALID"


@pytest.mark.parametrize("out", ["missing/print.pdf", ".", "food.pdf/print.pdf"])
def test_a_file_that_can_not_be_written_is_told_first(own, out):
    identifier = own.issued("food")["identifier"]
    before = own.state()
    for lang, expected in (("zh", "--out"), ("en", "missing or not writable")):
        for force in ((), ("--force",)):
            result = reprint(own, identifier, *force, out=out, lang=lang)
            assert result.exit_code == 2
            assert expected in result.stderr
            assert result.stdout == ""
            assert "Traceback" not in result.stderr
    assert own.state() == before


def test_a_file_is_needed(own):
    result = own.run("reprint", own.issued("food")["identifier"])
    assert result.exit_code == 2
    assert "--out" in result.stderr


def test_a_license_that_is_not_in_force_is_not_printed(own):
    identifier = own.issued("food")["identifier"]
    decision = own.write("decision.json", DECISION)
    until = (dates.day_of(clock.now()) + timedelta(days=30)).isoformat()
    held = own.run(
        *("suspend", identifier, "--reason", "held", "--decision", decision),
        *("--until", until),
    )
    assert held.exit_code == 0, held.stderr
    for change in ("suspended", "revoked"):
        for lang, expected in (("zh", "只能重印有效的证照"), ("en", "only one in")):
            result = reprint(own, identifier, lang=lang)
            assert result.exit_code == 2
            assert expected in result.stderr
            assert change in result.stderr or lang == "zh"
            assert result.stdout == ""
        assert not (own.folder / "print.pdf").exists()
        own.run("revoke", identifier, "--reason", "cancelled")


def test_every_print_falls_with_the_license(own):
    identifier = own.issued("food")["identifier"]
    assert reprint(own, identifier, "--as", "副本").exit_code == 0
    assert own.run("revoke", identifier, "--reason", "cancelled").exit_code == 0
    assert own.run("publish").exit_code == 0
    assert told_by(own)["code"] == "REVOKED"


def test_the_passphrase_is_asked_for_and_a_wrong_one_refused(own):
    wrong = own.write("wrong.txt", "not the passphrase\n")
    identifier = own.issued("food")["identifier"]
    result = reprint(own, identifier, "--passphrase-file", wrong)
    assert result.exit_code == 2
    assert "passphrase" in result.stderr
    assert not (own.folder / "print.pdf").exists()
