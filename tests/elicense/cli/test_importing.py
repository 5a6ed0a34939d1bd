import pytest

from elicense.record import MAX_SCAN_BYTES
from tests.elicense.cli.department import answers, sample

FOOD = "food-business"
GRANTED = "2023-03-01"
PAPER = b"%PDF-1.4\n%%EOF\n"


def paper(n=60, **changes):
    """Return what stands on a paper of 2023."""
    return sample(FOOD, n) | {"issue_date": GRANTED, "valid_from": GRANTED} | changes


def take_over(own, data, out, *more, **options):
    path = own.write("application.json", data)
    args = ("import", FOOD, "--data", path, "--out", own.folder / out)
    return own.run(*args, *more, **options)


def granted(own):
    """Let the department's key seal what was granted on paper."""
    result = own.run(
        *("keys", "backfill", "--from", "2022-01-01", "--until", "2025-12-31")
    )
    assert result.exit_code == 0, result.stderr
    return own


def test_what_was_granted_on_paper_has_its_old_date(own):
    granted(own)
    scan = own.write("scan.pdf", PAPER)
    result = take_over(own, paper(), "i.pdf", "--row", "r1", "--scan", scan, "--json")
    assert result.exit_code == 0, result.stderr
    (told,) = answers(result)
    assert (told["row"], told["existed"], told["warnings"]) == ("r1", False, [])
    assert "case" not in told
    assert told["verdict"]["code"] == "VALID"
    (shown,) = answers(own.run("show", told["identifier"], "--json"))
    assert shown["record"]["issue_date"] == GRANTED
    assert shown["record"]["origin"] == "存量补录"
    assert shown["record"]["scan"]
    (verdict,) = answers(own.run("verify", own.folder / "i.pdf", "--json"))
    assert verdict["code"] == "VALID"


def test_the_same_row_gives_the_same_bytes_and_another_scan_is_refused(own):
    granted(own)
    first = take_over(own, paper(), "i.pdf", "--row", "r1", "--json")
    assert first.exit_code == 0, first.stderr
    before = own.state()
    again = take_over(own, paper(), "i.pdf", "--row", "r1", "--json")
    assert again.exit_code == 0
    assert answers(again)[0]["existed"] is True
    assert own.state() == before
    scan = own.write("scan.pdf", PAPER)
    before = own.state()
    other = take_over(own, paper(), "i.pdf", "--row", "r1", "--scan", scan)
    assert other.exit_code == 2
    assert "with other data" in other.stderr
    assert own.state() == before


@pytest.mark.parametrize(
    ("lang", "expected"), [("zh", "没有纸质证照的扫描件"), ("en", "there is no scan")]
)
def test_a_person_is_told_of_a_missing_scan_and_of_the_row(own, lang, expected):
    granted(own)
    result = take_over(own, paper(), "i.pdf", lang=lang)
    assert result.exit_code == 0, result.stderr
    assert expected in result.stderr
    assert {"zh": "行号", "en": "row id"}[lang] in result.stderr
    assert "VALID" in result.stdout


WRONG = {
    "no backfill range": (None, {}, [], "补录", "backfill"),
    "a date outside of the range": (
        granted,
        {"issue_date": "2021-01-01", "valid_from": "2023-03-01"},
        [],
        "不在签发密钥获准补录",
        "outside of",
    ),
    "another origin": (granted, {"origin": "新发"}, [], "存量补录", "存量补录"),
    "a scan that is no scan": (
        granted,
        {},
        ["--scan", "TEXT"],
        "PDF",
        "PDF",
    ),
    "a scan that is not there": (
        granted,
        {},
        ["--scan", "nowhere.pdf"],
        "无法读取",
        "cannot read",
    ),
    "a scan that is too large": (granted, {}, ["--scan", "LARGE"], "10 MiB", "10 MiB"),
    "a row of two lines": (granted, {}, ["--row", "a\nb"], "--row", "--row"),
    "a row that is empty": (granted, {}, ["--row", ""], "--row", "--row"),
    "a row with half a character": (
        granted,
        {},
        ["--row", "\udcff"],
        "--row",
        "--row",
    ),
    "a row that is too long": (granted, {}, ["--row", "9" * 65], "--row", "--row"),
    "a row with space at its end": (granted, {}, ["--row", "9 "], "--row", "--row"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_changes_nothing(own, case):
    prepare, changes, more, zh, en = WRONG[case]
    if prepare is not None:
        prepare(own)
    contents = {"TEXT": b"not a scan", "LARGE": PAPER + bytes(MAX_SCAN_BYTES)}
    paths = {name: own.write(f"{name}.pdf", data) for name, data in contents.items()}
    before = own.state()
    arguments = [paths.get(item, item) for item in more]
    for lang, expected in (("zh", zh), ("en", en)):
        result = take_over(own, paper(**changes), "i.pdf", *arguments, lang=lang)
        assert result.exit_code == 2, result.stdout
        assert expected in result.stderr
        assert result.stdout == ""
    assert own.state() == before


def test_a_first_license_is_not_dated_before_the_organ_s_keys(own):
    before = own.state()
    for lang in ("zh", "en"):
        result = own.issue(FOOD, paper(), "i.pdf", "--case", "old", lang=lang)
        assert result.exit_code == 2
        assert "elicense import" in result.stderr
    assert own.state() == before
