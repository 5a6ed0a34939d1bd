"""The table of states and events, and what a state means on a day."""

from datetime import UTC, date, datetime
from itertools import product

import pytest

from elicense import events, lifecycle
from elicense.errors import IllegalTransitionError
from elicense.events import EventKind, Reason
from elicense.lifecycle import State, effective_state, is_repeat
from tests.support import ROOT

LEGAL = {
    "a reservation is issued": (State.RESERVED, "ISSUED", None, State.ISSUED),
    "暂扣": (State.ISSUED, "SUSPENDED", "held", State.SUSPENDED),
    "发还": (State.SUSPENDED, "REINSTATED", "released", State.ISSUED),
    "a suspension annulled by a court": (
        State.SUSPENDED,
        "REINSTATED",
        "restored",
        State.ISSUED,
    ),
    "吊销": (State.ISSUED, "REVOKED", "forfeited", State.REVOKED),
    "撤销": (State.ISSUED, "REVOKED", "rescinded", State.REVOKED),
    "撤回": (State.ISSUED, "REVOKED", "withdrawn", State.REVOKED),
    "注销 on application": (State.ISSUED, "REVOKED", "cancelled", State.REVOKED),
    "作废": (State.ISSUED, "REVOKED", "issued-in-error", State.REVOKED),
    "吊销 while it is held": (State.SUSPENDED, "REVOKED", "forfeited", State.REVOKED),
    "注销 after 吊销": (State.REVOKED, "REVOKED", "cancelled", State.REVOKED),
    "吊销 annulled on review": (State.REVOKED, "REINSTATED", "restored", State.ISSUED),
    "延续": (State.ISSUED, "SUPERSEDED", "renewed", State.SUPERSEDED),
    "降低等级": (State.ISSUED, "SUPERSEDED", "downgraded", State.SUPERSEDED),
}

ILLEGAL = {
    "suspending what was never issued": (State.RESERVED, "SUSPENDED", "held"),
    "revoking what was never issued": (State.RESERVED, "REVOKED", "issued-in-error"),
    "issuing twice": (State.ISSUED, "ISSUED", None),
    "reserving again": (State.ISSUED, "RESERVED", None),
    "giving back what was not held": (State.ISSUED, "REINSTATED", "released"),
    "giving back what was revoked": (State.REVOKED, "REINSTATED", "released"),
    "holding twice": (State.SUSPENDED, "SUSPENDED", "held"),
    "a new version that would lift a suspension": (
        State.SUSPENDED,
        "SUPERSEDED",
        "renewed",
    ),
    "renewing what was revoked": (State.REVOKED, "SUPERSEDED", "renewed"),
    "吊销 after 撤销": (State.REVOKED, "REVOKED", "forfeited"),
    "holding what was revoked": (State.REVOKED, "SUSPENDED", "held"),
    "reviving an old version": (State.SUPERSEDED, "REINSTATED", "restored"),
    "revoking an old version": (State.SUPERSEDED, "REVOKED", "rescinded"),
    "a revocation without a reason": (State.ISSUED, "REVOKED", None),
    "a revocation with the reason of a suspension": (State.ISSUED, "REVOKED", "held"),
    "an issue with a reason": (State.RESERVED, "ISSUED", "renewed"),
}


def _reason(code: str | None) -> Reason | None:
    return next((item for item in Reason if item.code == code), None)


@pytest.mark.parametrize(("state", "kind", "code", "after"), LEGAL.values(), ids=LEGAL)
def test_a_step_of_the_table(state, kind, code, after):
    assert lifecycle.apply(state, EventKind(kind), _reason(code)) is after


@pytest.mark.parametrize(("state", "kind", "code"), ILLEGAL.values(), ids=ILLEGAL)
def test_a_step_that_is_not_in_the_table(state, kind, code):
    with pytest.raises(IllegalTransitionError) as caught:
        lifecycle.apply(state, EventKind(kind), _reason(code))
    message = caught.value.message
    assert state.text.zh in message.zh
    assert EventKind(kind).text.zh in message.zh
    assert state.text.en in message.en
    assert EventKind(kind).text.en in message.en


def test_everything_else_is_refused():
    accepted = 0
    for state, kind, reason in product(State, EventKind, [None, *Reason]):
        try:
            after = lifecycle.apply(state, kind, reason)
        except IllegalTransitionError:
            continue
        accepted += 1
        assert after is not State.RESERVED
        assert reason is None or reason.kind is kind
    # 1 issue, 1 hold, 5+5 revocations, 5 supersessions, 2 ways back, 恢复, 注销.
    assert accepted == 21


REPEATS = {
    "the same revocation": ("REVOKED", "forfeited", "forfeited", True),
    "registration after a penalty": ("REVOKED", "cancelled", "forfeited", False),
    "another ground": ("REVOKED", "rescinded", "forfeited", False),
    "another event": ("REINSTATED", "restored", "forfeited", False),
}


@pytest.mark.parametrize(
    ("kind", "asked", "last", "repeat"), REPEATS.values(), ids=REPEATS
)
def test_what_was_done_already(kind, asked, last, repeat):
    found = is_repeat(State.REVOKED, EventKind(kind), _reason(asked), _reason(last))
    assert found is repeat


def test_only_a_revocation_repeats():
    pairs = {pair for pair in product(State, EventKind) if is_repeat(*pair)}
    assert pairs == {(State.REVOKED, EventKind.REVOKED)}


UNTIL = date(2027, 2, 28)
LAST_SECOND = datetime(2027, 2, 28, 15, 59, 59, tzinfo=UTC)
NEXT_DAY = datetime(2027, 2, 28, 16, tzinfo=UTC)

MEANINGS = {
    "held on the last second": (State.SUSPENDED, UNTIL, LAST_SECOND, State.SUSPENDED),
    "held until yesterday": (State.SUSPENDED, UNTIL, NEXT_DAY, State.ISSUED),
    "held without end": (State.SUSPENDED, None, NEXT_DAY, State.SUSPENDED),
    "revoked after it was held": (State.REVOKED, UNTIL, NEXT_DAY, State.REVOKED),
    "issued": (State.ISSUED, None, NEXT_DAY, State.ISSUED),
    "reserved": (State.RESERVED, None, NEXT_DAY, State.RESERVED),
}


@pytest.mark.parametrize(
    ("state", "until", "at", "meaning"), MEANINGS.values(), ids=MEANINGS
)
def test_a_suspension_lapses_by_itself(state, until, at, meaning):
    assert effective_state(state, until, at) is meaning


SUPERSESSIONS = {
    "the day before": (State.ISSUED, LAST_SECOND, State.ISSUED),
    "from the first second": (State.ISSUED, NEXT_DAY, State.SUPERSEDED),
    "held the day before": (State.SUSPENDED, LAST_SECOND, State.SUSPENDED),
    "held, then superseded": (State.SUSPENDED, NEXT_DAY, State.SUPERSEDED),
    "revoked meanwhile": (State.REVOKED, NEXT_DAY, State.REVOKED),
}


@pytest.mark.parametrize(
    ("state", "at", "meaning"), SUPERSESSIONS.values(), ids=SUPERSESSIONS
)
def test_a_new_version_takes_over_on_its_first_day(state, at, meaning):
    assert effective_state(state, None, at, date(2027, 3, 1)) is meaning


def test_a_naive_instant_is_misuse():
    with pytest.raises(ValueError, match="aware"):
        effective_state(State.SUSPENDED, UNTIL, datetime(2027, 1, 1))  # noqa: DTZ001  naive on purpose


def test_the_page_carries_the_tables():
    page = (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    assert lifecycle.table_markdown() in page
    assert events.reasons_markdown() in page
