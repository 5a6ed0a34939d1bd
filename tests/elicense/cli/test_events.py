"""The stream of events is complete, in order, and names no person."""

import pytest

from tests.elicense.cli.department import answers


def stream(own, *args):
    return answers(own.run("events", "--json", *args))


def test_a_reader_goes_on_where_it_stopped(own):
    whole = stream(own)
    assert [event["seq"] for event in whole] == list(range(1, len(whole) + 1))
    assert {event["kind"] for event in whole} == {"RESERVED", "ISSUED"}
    read, last = [], 0
    while part := stream(own, "--since", last, "--limit", 2):
        read += part
        last = part[-1]["seq"]
    assert read == whole
    assert stream(own, "--since", last + 5) == []


def test_an_event_has_its_keys_and_no_free_text(own):
    identifier = own.issued("food")["identifier"]
    note = "张三申请"
    done = own.run("revoke", identifier, "--reason", "cancelled", "--note", note)
    assert done.exit_code == 0, done.stderr
    shown = own.run("events", "--json")
    last = answers(shown)[-1]
    assert list(last) == [
        *("format", "seq", "identifier", "kind", "reason", "effective_at"),
        *("recorded_at", "until", "decision", "successor"),
    ]
    assert (last["identifier"], last["kind"]) == (identifier, "REVOKED")
    assert (last["format"], last["reason"]) == ("elicense.event/1", "cancelled")
    assert note not in shown.stdout
    for lang, word in (("zh", "注销"), ("en", "revoked")):
        text = own.run("events", "--since", last["seq"] - 1, lang=lang).stdout
        assert word in text
        assert identifier in text
        assert note not in text


def test_a_decision_is_told_without_the_names_of_persons(own):
    decision = {
        "document": "行政处罚决定书",
        "number": "示例罚字〔2026〕1号",
        "organ": "示例市行政审批局",
        "legal_basis": "《行政处罚法》第九条",
        "date": "2026-01-05",
        "effective_at": None,
        "handler": "经办示例",
        "reviewer": "审核示例",
    }
    path = own.write("decision.json", decision)
    name = own.issued("food")["identifier"]
    done = own.run("revoke", name, "--reason", "forfeited", "--decision", path)
    assert done.exit_code == 0, done.stderr
    shown = own.run("events", "--json")
    told = answers(shown)[-1]["decision"]
    assert told == {
        key: value
        for key, value in decision.items()
        if key not in ("handler", "reviewer")
    }


@pytest.mark.parametrize(
    "args",
    [
        ("--since", "-1"),
        ("--limit", "0"),
        ("--since", "x"),
        ("--since", str(2**64)),
        ("--limit", str(2**64)),
    ],
)
def test_a_wrong_number_is_refused(own, args):
    done = own.run("events", *args)
    assert done.exit_code == 2
    assert done.stdout == ""
