"""Events, their reasons and their decisions."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense.events import (
    DECISION_TEXT_MAX,
    NOTE_MAX,
    Decision,
    DecisionError,
    Event,
    EventError,
    EventKind,
    Reason,
    effective_instant,
    reason,
)
from tests.support import ROOT

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
JSON = {
    "document": "行政处罚决定书",
    "number": "示市监罚〔2026〕1号",
    "organ": "示例市综合执法局",
    "legal_basis": "食品安全法第一百二十六条",
    "date": "2026-11-20",
    "effective_at": "2026-11-25",
    "handler": "张示例",
    "reviewer": "李示例",
}
DECISION = Decision.parse(JSON)


def test_a_decision_is_read():
    assert DECISION.number == "示市监罚〔2026〕1号"
    assert DECISION.date == date(2026, 11, 20)
    assert DECISION.effective_at == datetime(2026, 11, 24, 16, tzinfo=UTC)
    assert Decision.parse(DECISION.to_json()) == DECISION


def test_the_decision_on_the_page_is_read():
    page = (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    example = page.split("```json\n")[1].split("```")[0]
    assert Decision.parse(json.loads(example)) == DECISION


INSTANTS = {
    "an instant in UTC": ("2026-11-25T01:02:03Z", (2026, 11, 25, 1, 2, 3)),
    "an instant in UTC+8": ("2026-11-25T00:00:00+08:00", (2026, 11, 24, 16)),
    "not said": (None, None),
}


@pytest.mark.parametrize(("text", "instant"), INSTANTS.values(), ids=INSTANTS)
def test_from_when_a_decision_holds(text, instant):
    expected = None if instant is None else datetime(*instant, tzinfo=UTC)
    decision = Decision.parse(JSON | {"effective_at": text})
    assert decision.effective_at == expected
    assert Decision.parse(decision.to_json()) == decision


BAD_DECISIONS = {
    "not an object": ([JSON], ""),
    "a missing key": ({k: v for k, v in JSON.items() if k != "organ"}, "organ"),
    "an unknown key": (JSON | {"penalty": "x"}, "penalty"),
    "an unknown key that is no word": (JSON | {"张 示例": "x"}, "?"),
    "a key that holds a citizen id": (JSON | {"990101199001011234": "x"}, "?"),
    "an empty key": (JSON | {"": "x"}, "?"),
    "an instant after the last day": (
        JSON | {"effective_at": "9999-12-31T00:00:00+08:00"},
        "effective_at",
    ),
    "the last hour of the calendar": (
        JSON | {"effective_at": "9999-12-31T23:00:00Z"},
        "effective_at",
    ),
    "a day that is written to mean 长期": (
        JSON | {"effective_at": "9999-12-31"},
        "effective_at",
    ),
    "an empty text": (JSON | {"document": ""}, "document"),
    "a text of spaces": (JSON | {"number": "  "}, "number"),
    "a space at the end": (JSON | {"organ": "示例局 "}, "organ"),
    "two lines": (JSON | {"legal_basis": "a\nb"}, "legal_basis"),
    "half a character": (JSON | {"handler": "\ud842"}, "handler"),
    "a text that is too long": (
        JSON | {"reviewer": "张" * (DECISION_TEXT_MAX + 1)},
        "reviewer",
    ),
    "a number for a text": (JSON | {"number": 1}, "number"),
    "a day that is not in the calendar": (JSON | {"date": "2026-02-29"}, "date"),
    "a day in another spelling": (JSON | {"date": "2026/11/20"}, "date"),
    "a day in full-width digits": (JSON | {"date": "２０２６-11-20"}, "date"),
    "a day as a number": (JSON | {"date": 20261120}, "date"),
    "an instant without offset": (
        JSON | {"effective_at": "2026-11-25T00:00:00"},
        "effective_at",
    ),
    "an instant with a fraction": (
        JSON | {"effective_at": "2026-11-25T00:00:00.5Z"},
        "effective_at",
    ),
    "an instant before the calendar": (
        JSON | {"effective_at": "0001-01-01T00:00:00+08:00"},
        "effective_at",
    ),
    "the first day of the calendar": (
        JSON | {"effective_at": "0001-01-01"},
        "effective_at",
    ),
    "an offset of 99 hours": (
        JSON | {"effective_at": "2026-11-25T00:00:00+99:00"},
        "effective_at",
    ),
    "an instant as a number": (JSON | {"effective_at": 1}, "effective_at"),
}


@pytest.mark.parametrize(
    ("value", "key"), BAD_DECISIONS.values(), ids=list(BAD_DECISIONS)
)
def test_a_bad_decision_names_the_key(value, key):
    with pytest.raises(DecisionError) as caught:
        Decision.parse(value)
    assert caught.value.key == key
    assert key in str(caught.value)
    assert " ：" not in str(caught.value)
    for private in ("张示例", "990101199001011234"):
        assert private not in str(caught.value)


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(JSON)), anything)
def test_any_value_gives_a_decision_or_its_error(key, value):
    try:
        decision = Decision.parse(JSON | {key: value})
    except DecisionError as err:
        wrong = err.key
    else:
        wrong = key
        assert Decision.parse(decision.to_json()) == decision
    assert wrong == key


@given(anything)
def test_any_json_gives_a_decision_error(value):
    with pytest.raises(DecisionError):
        Decision.parse(value)


@given(
    st.datetimes(
        AT.replace(year=2, tzinfo=None),
        AT.replace(year=9998, tzinfo=None),
        timezones=st.integers(-1439, 1439).map(
            lambda minutes: timezone(timedelta(minutes=minutes))
        ),
    )
)
def test_an_instant_is_kept_to_the_second(at):
    text = at.replace(microsecond=0).isoformat()
    decision = Decision.parse(JSON | {"effective_at": text})
    assert decision.effective_at == at.replace(microsecond=0)
    assert decision.to_json()["effective_at"].endswith("Z")


def make(kind, why=None, **values):
    values = {"effective_at": AT, "recorded_at": AT} | values
    return Event(identifier="1.2.3", kind=EventKind(kind), reason=why, **values)


GOOD_EVENTS = {
    "an issue": ("ISSUED", None, {}),
    "a penalty with its decision": (
        "REVOKED",
        Reason.FORFEITED,
        {"decision": DECISION},
    ),
    "a cancellation with a note": ("REVOKED", Reason.CANCELLED, {"note": "本人申请"}),
    "a cancellation with neither": ("REVOKED", Reason.CANCELLED, {}),
    "held until the same day": (
        "SUSPENDED",
        Reason.HELD,
        {"decision": DECISION, "until": date(2026, 11, 21)},
    ),
    "a renewal": ("SUPERSEDED", Reason.RENEWED, {"successor": "1.2.4"}),
}


@pytest.mark.parametrize(
    ("kind", "why", "values"), GOOD_EVENTS.values(), ids=GOOD_EVENTS
)
def test_an_event(kind, why, values):
    event = make(kind, why, **values)
    assert event.seq is None
    assert event.reason is why


BAD_EVENTS = {
    "an issue with a reason": ("ISSUED", Reason.RENEWED, {}),
    "a reservation with a reason": ("RESERVED", Reason.HELD, {"decision": DECISION}),
    "a revocation without a reason": ("REVOKED", None, {}),
    "a reason of another kind": ("REVOKED", Reason.HELD, {"decision": DECISION}),
    "吊销 without a decision": ("REVOKED", Reason.FORFEITED, {}),
    "撤销 with only a note": ("REVOKED", Reason.RESCINDED, {"note": "see file"}),
    "暂扣 with decision and note": (
        "SUSPENDED",
        Reason.HELD,
        {"decision": DECISION, "note": "x"},
    ),
    "降低等级 without a decision": (
        "SUPERSEDED",
        Reason.DOWNGRADED,
        {"successor": "1.2.4"},
    ),
    "a note of two lines": ("REVOKED", Reason.CANCELLED, {"note": "a\nb"}),
    "a note that is too long": (
        "REVOKED",
        Reason.CANCELLED,
        {"note": "x" * (NOTE_MAX + 1)},
    ),
    "a last day for a revocation": (
        "REVOKED",
        Reason.CANCELLED,
        {"until": date(2027, 1, 1)},
    ),
    "a suspension that ends before it begins": (
        "SUSPENDED",
        Reason.HELD,
        {"decision": DECISION, "until": date(2026, 11, 20)},
    ),
    "a suspension past the last day": (
        "SUSPENDED",
        Reason.HELD,
        {"decision": DECISION, "until": date(9999, 12, 31)},
    ),
    "an effect after the last day": (
        "REVOKED",
        Reason.CANCELLED,
        {"effective_at": datetime(9999, 12, 31, 17, tzinfo=UTC)},
    ),
    "a renewal without a successor": ("SUPERSEDED", Reason.RENEWED, {}),
    "a revocation with a successor": (
        "REVOKED",
        Reason.CANCELLED,
        {"successor": "1.2.4"},
    ),
}


@pytest.mark.parametrize(("kind", "why", "values"), BAD_EVENTS.values(), ids=BAD_EVENTS)
def test_an_event_that_breaks_a_rule(kind, why, values):
    with pytest.raises(EventError) as caught:
        make(kind, why, **values)
    assert caught.value.message.zh
    assert caught.value.message.en


@pytest.mark.parametrize("name", ["effective_at", "recorded_at"])
@pytest.mark.parametrize(
    "instant", [AT.replace(tzinfo=None), AT.replace(microsecond=1)]
)
def test_an_instant_that_could_not_be_kept_is_misuse(name, instant):
    with pytest.raises(ValueError, match="an instant"):
        make("ISSUED", **{name: instant})


def test_reasons_by_their_codes():
    terms = {item.code: item.text.zh for item in Reason}
    assert terms == {
        "rescinded": "撤销",
        "withdrawn": "撤回",
        "forfeited": "吊销",
        "cancelled": "注销",
        "issued-in-error": "作废",
        "held": "暂扣",
        "released": "发还",
        "restored": "恢复",
        "renewed": "延续",
        "changed": "变更",
        "reissued": "补发",
        "corrected": "更正",
        "downgraded": "降低等级",
    }
    assert {item.code for item in Reason if item.needs_decision} == {
        "rescinded",
        "forfeited",
        "held",
        "downgraded",
    }
    for item in Reason:
        assert reason(item.kind, item.code) is item


@given(st.sampled_from(EventKind), st.text())
def test_a_foreign_code_is_told_the_known_ones(kind, code):
    known = [item.code for item in Reason if item.kind is kind]
    if code in known:
        return
    with pytest.raises(EventError) as caught:
        reason(kind, code)
    assert all(item in caught.value.message.en for item in known)


def test_from_when_an_event_holds():
    start = datetime(2024, 1, 1, tzinfo=UTC)
    silent = Decision.parse(JSON | {"effective_at": None})
    said = DECISION.effective_at
    assert effective_instant(Reason.RESCINDED, DECISION, start, AT) == said
    assert effective_instant(Reason.RESCINDED, silent, start, AT) == start
    assert effective_instant(Reason.FORFEITED, silent, start, AT) == AT
    assert effective_instant(Reason.CANCELLED, None, start, AT) == AT


def test_a_log_shows_no_names_and_no_note():
    shown = repr(make("REVOKED", Reason.FORFEITED, decision=DECISION))
    shown += repr(make("REVOKED", Reason.CANCELLED, note="本人张示例申请"))
    assert "张示例" not in shown
    assert "李示例" not in shown
