import json
from datetime import timedelta

import pytest

from elicense import dates
from elicense.events import EventKind, Reason
from esign import clock
from tests.elicense.cli.department import PERSON, answers, run, sample

DECISION = {
    "document": "行政处罚决定书",
    "number": "示例处罚字〔2026〕1号",
    "organ": "示例市市场监督管理局",
    "legal_basis": "示例法第一条",
    "date": "2026-01-05",
    "effective_at": None,
    "handler": "经办示例",
    "reviewer": "审核示例",
}
COMMANDS = {
    EventKind.REVOKED: "revoke",
    EventKind.SUSPENDED: "suspend",
    EventKind.REINSTATED: "reinstate",
}


def verdict(own):
    (answer,) = answers(own.run("verify", own.folder / "food.pdf", "--json"))
    return answer["code"]


def test_a_change_is_known_to_strangers_after_it_is_published(own):
    identifier = own.issued("food")["identifier"]
    decision = own.write("decision.json", DECISION)
    until = (dates.day_of(clock.now()) + timedelta(days=30)).isoformat()
    steps = (
        (("suspend", "held", "--decision", decision, "--until", until), "SUSPENDED"),
        (("reinstate", "released", "--note", "已改正"), "VALID"),
        (("revoke", "forfeited", "--decision", decision), "REVOKED"),
        (("reinstate", "restored", "--decision", decision), "VALID"),
    )
    before = "VALID"
    for (name, reason, *more), after in steps:
        result = own.run(name, identifier, "--reason", reason, *more, "--json")
        assert result.exit_code == 0, result.stderr
        (told,) = answers(result)
        assert told["published"] is False
        assert told["changed"] is True
        assert told["event"]["reason"] == reason
        assert DECISION["handler"] not in result.stdout
        assert verdict(own) == before
        assert own.run("publish").exit_code == 0
        assert verdict(own) == after
        before = after
    (shown,) = answers(own.run("show", identifier, "--json"))
    decided = [event["decision"] for event in shown["history"] if event["decision"]]
    assert decided == [DECISION] * 3
    assert "已改正" in [event["note"] for event in shown["history"]]
    human = own.run("show", identifier)
    assert "held 暂扣" in human.stdout
    assert DECISION["number"] in human.stdout


def test_a_number_is_as_good_as_an_identifier(own):
    number = sample("food-business", 2)["number"]
    for lang, expected in (("zh", "elicense publish"), ("en", "elicense publish")):
        result = own.run("revoke", number, "--reason", "cancelled", lang=lang)
        assert result.exit_code == 0
        assert own.issued("food")["identifier"] in result.stdout
        assert expected in result.stderr


def test_the_same_again_is_harmless(own):
    identifier = own.issued("food")["identifier"]
    args = ("revoke", identifier, "--reason", "cancelled", "--json")
    assert answers(own.run(*args))[0]["changed"] is True
    before = own.state()
    again = own.run(*args)
    assert again.exit_code == 0
    assert answers(again)[0]["changed"] is False
    assert own.state() == before


def test_a_number_that_names_several_changes_none(own):
    application = sample("special-operation", PERSON)
    number = "T" + application["holders"][0]["code"]
    own.issue("special-operation", application, "second.pdf", "--case", "2")
    before = own.state()
    for lang in ("zh", "en"):
        result = own.run("revoke", number, "--reason", "cancelled", lang=lang)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert own.issued("person")["identifier"] in result.stderr
        assert number not in result.stderr
    assert own.state() == before


WRONG = {
    "a reason of another kind": (["revoke", "--reason", "held"], "事由", "reason"),
    "no such reason": (["suspend", "--reason", "x"], "事由", "reason"),
    "a penalty without its decision": (
        ["revoke", "--reason", "forfeited", "--note", "x"],
        "决定文书",
        "decision document",
    ),
    "a decision that is not there": (
        ["revoke", "--reason", "forfeited", "--decision", "nowhere.json"],
        "无法读取",
        "cannot read",
    ),
    "a decision that is no JSON": (
        ["revoke", "--reason", "forfeited", "--decision", "BROKEN"],
        "不是有效的 JSON",
        "not JSON",
    ),
    "a decision with a key missing": (
        ["revoke", "--reason", "forfeited", "--decision", "PARTIAL"],
        "reviewer",
        "reviewer",
    ),
    "a decision deeper than any reader": (
        ["revoke", "--reason", "forfeited", "--decision", "DEEP"],
        "不是有效的 JSON",
        "not JSON",
    ),
    "a suspension that is over": (
        ["suspend", "--reason", "held", "--decision", "GOOD", "--until", "2020-01-01"],
        "早于今天",
        "before today",
    ),
    "a last day in another spelling": (
        ["suspend", "--reason", "held", "--decision", "GOOD", "--until", "1/1/2030"],
        "YYYY-MM-DD",
        "YYYY-MM-DD",
    ),
    "a last day that is written to mean 长期": (
        ["suspend", "--reason", "held", "--decision", "GOOD", "--until", "9999-12-31"],
        "9999-12-30",
        "9999-12-30",
    ),
    "an effect in the last hour of the calendar": (
        ["suspend", "--reason", "held", "--decision", "LAST"],
        "effective_at",
        "effective_at",
    ),
    "a decision with a key twice": (
        ["revoke", "--reason", "forfeited", "--decision", "TWICE"],
        "多次",
        "more than once",
    ),
    "giving back what is not held": (
        ["reinstate", "--reason", "released", "--note", "x"],
        "不能",
        "can not",
    ),
    "a note of two lines": (
        ["revoke", "--reason", "cancelled", "--note", "a\nb"],
        "一行",
        "one line",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_grounds_change_nothing(name, own):
    (command, *args), zh, en = WRONG[name]
    partial = {key: text for key, text in DECISION.items() if key != "reviewer"}
    contents = {
        "GOOD": DECISION,
        "BROKEN": "{",
        "PARTIAL": partial,
        "DEEP": "[" * 60_000,
        "LAST": DECISION | {"effective_at": "9999-12-31T23:00:00Z"},
        "TWICE": json.dumps(DECISION)[:-1] + ', "effective_at": "2027-01-01"}',
    }
    paths = {name: own.write(f"{name}.json", text) for name, text in contents.items()}
    before = own.state()
    identifier = own.issued("food")["identifier"]
    arguments = [paths.get(arg, arg) for arg in args]
    for lang, expected in (("zh", zh), ("en", en)):
        result = own.run(command, identifier, *arguments, lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
        assert result.stdout == ""
    assert own.state() == before


@pytest.mark.parametrize("reason", Reason)
def test_help_lists_the_reasons_with_their_legal_terms(reason):
    command = COMMANDS.get(reason.kind)
    if command is None:
        shown = "".join(run(name, "--help").stdout for name in COMMANDS.values())
        assert reason.code not in shown.replace("unchanged", "")
        return
    shown = " ".join(run(command, "--help").stdout.split())
    assert f"{reason.code} ({reason.text.zh}" in shown


def test_publish_says_until_when_it_holds(own):
    (told,) = answers(own.run("publish", "--json"))
    assert told["number"] == 2
    assert told["file"] == str(own.trust_file)
    assert told["issued_at"] < told["expires_at"]
    assert 1 in told["lists"]
    for lang, expected in (("zh", "下次发布不迟于"), ("en", "publish again by")):
        result = own.run("publish", lang=lang)
        assert result.exit_code == 0
        assert expected in result.stdout


@pytest.mark.parametrize("command", ["revoke", "show"])
def test_a_name_that_no_register_can_hold_is_not_found(own, command):
    before = own.state()
    more = ["--reason", "cancelled"] if command == "revoke" else []
    for lang, expected in (("zh", "没有这个证照标识"), ("en", "no such")):
        result = own.run(command, "JY\udcff", *more, lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
        assert result.stdout == ""
    assert own.state() == before
