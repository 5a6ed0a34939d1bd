import json
import shutil
from datetime import date, timedelta

import pytest

from elicense import dates
from elicense.policy import MAX_INPUT_BYTES
from esign import clock
from tests.elicense.cli.department import Department, answers, sample
from tests.elicense.cli.test_changes import DECISION

FOOD = "food-business"


def application(first=None, **changes):
    """Return the new version's whole application, from a day on."""
    first = first or dates.day_of(clock.now())
    days = {
        "valid_from": first.isoformat(),
        "valid_until": (first + timedelta(days=1800)).isoformat(),
    }
    return sample(FOOD, 2) | days | changes


def renew(own, name, out, *more, data=None, reason="changed", **options):
    path = own.write("application.json", data or application())
    args = ("renew", name, "--reason", reason, "--data", path)
    return own.run(*args, "--out", own.folder / out, *more, **options)


def number():
    return sample(FOOD, 2)["number"]


@pytest.fixture(scope="module")
def renewed(department, tmp_path_factory):
    """A department whose food license was renewed under the case n-1."""
    folder = tmp_path_factory.mktemp("renewed") / "own"
    shutil.copytree(department.folder, folder)
    made = Department(folder)
    result = renew(made, number(), "new.pdf", "--case", "n-1", "--json")
    assert result.exit_code == 0, result.stderr
    made.write("new.json", answers(result)[0])
    return made


@pytest.fixture
def again(renewed, tmp_path):
    """A copy of it, for this test alone."""
    shutil.copytree(renewed.folder, tmp_path / "again")
    return Department(tmp_path / "again")


def test_a_new_version_takes_the_old_one_s_place(renewed):
    old, told = renewed.issued("food"), renewed.issued("new")
    assert told["previous"]["identifier"] == old["identifier"]
    assert told["previous"]["state"] == "SUPERSEDED"
    assert told["previous"]["published"] is False
    assert (told["case"], told["existed"]) == ("n-1", False)
    assert told["verdict"]["code"] == "VALID"
    assert (renewed.folder / "new.pdf").read_bytes().startswith(b"%PDF-")
    (shown,) = answers(renewed.run("show", old["identifier"], "--json"))
    assert shown["successor"] == told["identifier"]
    event = shown["history"][-1]
    assert event["effective_at"] == told["previous"]["superseded_from"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_person_is_told_from_when_on(own, lang):
    first = dates.day_of(clock.now()) + timedelta(days=40)
    data = application(first, valid_until="2099-12-31")
    result = renew(own, number(), "n.pdf", data=application(first), lang=lang)
    assert data["valid_from"] == first.isoformat()
    assert result.exit_code == 0, result.stderr
    old = own.issued("food")["identifier"]
    expected = {
        "zh": f"原证照 {old} 自 {first}",
        "en": f"the old version {old} is superseded from {first}",
    }
    assert expected[lang] in result.stderr
    assert "elicense publish" in result.stderr


def test_the_same_command_again_gives_the_same_version(again):
    """By number, though the number names two by now; and by identifier."""
    made, old = again.issued("new"), again.issued("food")["identifier"]
    for name in (number(), old):
        before = again.state()
        result = renew(again, name, "new.pdf", "--case", "n-1", "--json")
        assert result.exit_code == 0, result.stderr
        (told,) = answers(result)
        assert told["existed"] is True
        assert told["identifier"] == made["identifier"]
        assert told["previous"] == made["previous"]
        assert again.state() == before


def test_a_number_of_one_chain_means_the_newest_version(again):
    newest = again.issued("new")["identifier"]
    result = renew(again, number(), "third.pdf", "--case", "n-2", "--json")
    assert result.exit_code == 0, result.stderr
    assert answers(result)[0]["previous"]["identifier"] == newest


def test_a_number_of_two_licenses_is_ambiguous(own):
    """A second license of the number, which is not of the chain."""
    other = own.issue(FOOD, sample(FOOD, 2), "other.pdf", "--case", "second")
    assert other.exit_code == 0, other.stderr
    before = own.state()
    for lang in ("zh", "en"):
        result = renew(own, number(), "n.pdf", "--case", "n-9", lang=lang)
        assert result.exit_code == 2
        assert result.stdout == ""
        for made in (own.issued("food"), answers(other)[0]):
            assert made["identifier"] in result.stderr
    assert own.state() == before


OTHERWISE = {
    "another decision": (["--decision", "DECISION"], {}),
    "another note": (["--note", "x"], {}),
    "another reason": ([], {"reason": "corrected"}),
    "another application": ([], {"data": application(principal="王示例")}),
}


@pytest.mark.parametrize("case", OTHERWISE)
def test_the_same_case_for_something_else_is_refused(again, case):
    more, options = OTHERWISE[case]
    paths = {"DECISION": again.write("decision.json", DECISION)}
    again.write("application.json", application())
    before = again.state()
    arguments = [paths.get(item, item) for item in more]
    result = renew(again, number(), "new.pdf", "--case", "n-1", *arguments, **options)
    assert result.exit_code == 2
    assert "with other data" in result.stderr
    assert again.state() == before


DECIDED_LATER = DECISION | {"effective_at": "2099-01-01"}
WRONG = {
    "no such license": (["JY29901010099999"], {}, "没有", "no such"),
    "a name with half a character": (["JY\udcff"], {}, "没有", "no such"),
    "a penalty without its decision": (
        [number()],
        {"reason": "downgraded"},
        "决定文书",
        "decision document",
    ),
    "a decision that holds only later": (
        [number(), "--decision", "LATER"],
        {"reason": "downgraded"},
        "valid_from",
        "valid_from the day of effect",
    ),
    "a decision that is no decision": (
        [number(), "--decision", "PARTIAL"],
        {"reason": "downgraded"},
        "organ",
        "organ",
    ),
    "a reason that supersedes nothing": (
        [number()],
        {"reason": "forfeited"},
        "事由",
        "reason",
    ),
    "a renewal that ends no later": (
        [number()],
        {"reason": "renewed", "data": application(date(2020, 1, 1))},
        "valid_until",
        "valid_until",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_changes_nothing(own, case):
    (name, *more), options, zh, en = WRONG[case]
    partial = {key: text for key, text in DECISION.items() if key != "organ"}
    contents = {"LATER": DECIDED_LATER, "PARTIAL": partial}
    paths = {key: own.write(f"{key}.json", text) for key, text in contents.items()}
    before = own.state()
    arguments = [paths.get(item, item) for item in more]
    for lang, expected in (("zh", zh), ("en", en)):
        result = renew(own, name, "n.pdf", *arguments, lang=lang, **options)
        assert result.exit_code == 2
        assert expected in result.stderr
        assert result.stdout == ""
    assert own.state() == before


def test_no_new_version_escapes_a_revocation_that_is_decided(own):
    since = dates.day_of(clock.now()) + timedelta(days=60)
    decision = own.write("d.json", DECISION | {"effective_at": since.isoformat()})
    result = own.run(
        *("revoke", number(), "--reason", "forfeited", "--decision", decision)
    )
    assert result.exit_code == 0, result.stderr
    before = own.state()
    for lang, expected in (("zh", f"{since} 00:00"), ("en", f"{since} 00:00")):
        refused = renew(own, number(), "n.pdf", lang=lang)
        assert refused.exit_code == 2
        assert expected in refused.stderr
    assert own.state() == before
    assert len(json.dumps(before)) < MAX_INPUT_BYTES
