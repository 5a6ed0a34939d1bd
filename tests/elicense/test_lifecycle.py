"""The table of states and events, and what recorded events mean over time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import dates, events, lifecycle
from elicense.errors import IllegalTransitionError
from elicense.events import Decision, Event, EventKind, Reason
from elicense.lifecycle import Span, State
from tests.support import ROOT

AT = datetime(2027, 1, 10, 8, tzinfo=UTC)
DAY = timedelta(days=1)
ONE = "1.2.156.3005.2.one"
DECISION = Decision(
    document="决定书",
    number="示〔2027〕1号",
    organ="示例市行政审批局",
    legal_basis="行政许可法第六十九条",
    date=date(2027, 1, 9),
    effective_at=None,
    handler="张示例",
    reviewer="李示例",
)
OTHER_DECISION = replace(DECISION, number="示〔2027〕2号")


def happened(
    what: EventKind | Reason, day: float = 0, recorded: float | None = None, **values
) -> Event:
    """Return an event that takes effect and is recorded some days after AT."""
    kind = what if isinstance(what, EventKind) else what.kind
    reason = what if isinstance(what, Reason) else None
    if kind is EventKind.SUPERSEDED:
        values = {"successor": "1.2.156.3005.2.two"} | values
    if reason is not None and reason.needs_decision:
        values = {"decision": DECISION} | values
    since = AT + day * DAY
    return Event(
        identifier=ONE,
        kind=kind,
        reason=reason,
        effective_at=since,
        recorded_at=since if recorded is None else AT + recorded * DAY,
        **values,
    )


RESERVED = happened(EventKind.RESERVED)
REQUESTED = happened(EventKind.SEAL_REQUESTED)
ISSUED = happened(EventKind.ISSUED)
BORN = [RESERVED, ISSUED]
PAST = {
    State.RESERVED: [RESERVED],
    State.AWAITING_SEAL: [RESERVED, REQUESTED],
    State.ISSUED: BORN,
    State.SUSPENDED: [*BORN, happened(Reason.HELD, 1)],
    State.REVOKED: [*BORN, happened(Reason.FORFEITED, 1)],
    State.SUPERSEDED: [*BORN, happened(Reason.RENEWED, 1)],
}

LEGAL = {
    "a reservation is issued": (State.RESERVED, EventKind.ISSUED, State.ISSUED),
    "what was sealed is issued": (
        State.AWAITING_SEAL,
        EventKind.ISSUED,
        State.ISSUED,
    ),
    "暂扣": (State.ISSUED, Reason.HELD, State.SUSPENDED),
    "发还": (State.SUSPENDED, Reason.RELEASED, State.ISSUED),
    "a suspension annulled by a court": (
        State.SUSPENDED,
        Reason.RESTORED,
        State.ISSUED,
    ),
    "吊销": (State.ISSUED, Reason.FORFEITED, State.REVOKED),
    "撤销": (State.ISSUED, Reason.RESCINDED, State.REVOKED),
    "撤回": (State.ISSUED, Reason.WITHDRAWN, State.REVOKED),
    "注销 on application": (State.ISSUED, Reason.CANCELLED, State.REVOKED),
    "作废": (State.ISSUED, Reason.ISSUED_IN_ERROR, State.REVOKED),
    "吊销 while it is held": (State.SUSPENDED, Reason.FORFEITED, State.REVOKED),
    "a second 暂扣 while the first holds": (
        State.SUSPENDED,
        Reason.HELD,
        State.SUSPENDED,
    ),
    "撤销 of what was superseded": (State.SUPERSEDED, Reason.RESCINDED, State.REVOKED),
    "注销 after 吊销": (State.REVOKED, Reason.CANCELLED, State.REVOKED),
    "吊销 annulled on review": (State.REVOKED, Reason.RESTORED, State.ISSUED),
    "延续": (State.ISSUED, Reason.RENEWED, State.SUPERSEDED),
    "降低等级": (State.ISSUED, Reason.DOWNGRADED, State.SUPERSEDED),
    "a renewal that was voided": (State.SUPERSEDED, Reason.RESTORED, State.ISSUED),
}

ILLEGAL = {
    "suspending what was never issued": (State.RESERVED, Reason.HELD),
    "revoking what was never issued": (State.RESERVED, Reason.ISSUED_IN_ERROR),
    "issuing twice": (State.ISSUED, EventKind.ISSUED),
    "reserving again": (State.ISSUED, EventKind.RESERVED),
    "giving back what was not held": (State.ISSUED, Reason.RELEASED),
    "giving back what was revoked": (State.REVOKED, Reason.RELEASED),
    "giving back an old version": (State.SUPERSEDED, Reason.RELEASED),
    "a new version that would lift a suspension": (State.SUSPENDED, Reason.RENEWED),
    "renewing what was revoked": (State.REVOKED, Reason.RENEWED),
    "吊销 after 撤销": (State.REVOKED, Reason.FORFEITED),
    "holding what was revoked": (State.REVOKED, Reason.HELD),
    "吊销 of an old version": (State.SUPERSEDED, Reason.FORFEITED),
    "holding an old version": (State.SUPERSEDED, Reason.HELD),
    "renewing an old version": (State.SUPERSEDED, Reason.RENEWED),
}


@pytest.mark.parametrize(("state", "what", "after"), LEGAL.values(), ids=LEGAL)
def test_a_step_of_the_table(state, what, after):
    event = happened(what, 2)
    plan = lifecycle.step(PAST[state], event)
    assert lifecycle.state_at(plan, event.effective_at) is after
    assert plan == lifecycle.plan([*PAST[state], event])


@pytest.mark.parametrize(("state", "what"), ILLEGAL.values(), ids=ILLEGAL)
def test_a_step_that_is_not_in_the_table(state, what):
    event = happened(what, 2)
    with pytest.raises(IllegalTransitionError) as caught:
        lifecycle.step(PAST[state], event)
    message = caught.value.message
    assert state.text.zh in message.zh
    assert event.kind.text.zh in message.zh
    assert state.text.en in message.en
    assert event.kind.text.en in message.en


def test_everything_else_is_refused():
    accepted = 0
    born = [EventKind.RESERVED, EventKind.SEAL_REQUESTED, EventKind.ISSUED]
    whats = [*born, *Reason]
    for state, what in product(State, whats):
        try:
            lifecycle.step(PAST[state], happened(what, 2))
        except IllegalTransitionError:
            continue
        accepted += 1
    # 2 issues, 1 seal asked for, 2 holds, 5+5 revocations, 5 supersessions, 2 ways
    # back, 2 恢复, 注销, 撤销 of what was superseded.
    assert accepted == 26


def test_the_states_of_this_test_are_what_they_are_called():
    for state, history in PAST.items():
        assert lifecycle.state_by(history, AT + 2 * DAY) is state


def test_who_awaits_a_seal_is_not_issued_yet():
    waiting = [RESERVED, REQUESTED]
    assert lifecycle.plan(waiting) == ()
    assert lifecycle.state_by(waiting, AT - SECOND) is State.RESERVED
    assert lifecycle.cause_at(waiting, AT) is REQUESTED
    later = [*waiting, happened(EventKind.ISSUED, 3)]
    assert lifecycle.state_by(later, AT + DAY) is State.AWAITING_SEAL
    assert states(later, 3, 4) == [State.ISSUED, State.ISSUED]


# Over time

UNTIL = dates.day_of(AT + 5 * DAY)
OVER = dates.end_after(UNTIL)
SECOND = timedelta(seconds=1)


def states(history: list[Event], *days: float) -> list[State]:
    plan = lifecycle.plan(history)
    return [lifecycle.state_at(plan, AT + day * DAY) for day in days]


def test_what_was_only_reserved_has_no_plan():
    assert lifecycle.plan([]) == lifecycle.plan([RESERVED]) == ()
    assert lifecycle.state_at((), AT) is State.RESERVED
    assert lifecycle.next_change((), AT) is None
    assert lifecycle.cause_at([RESERVED], AT) is None


def test_before_its_issue_a_license_is_not_issued_yet():
    plan = lifecycle.plan(BORN)
    assert plan == (Span(AT, State.ISSUED),)
    assert lifecycle.state_at(plan, AT - SECOND) is State.RESERVED
    assert lifecycle.next_change(plan, AT - SECOND) == AT
    assert lifecycle.next_change(plan, AT) is None


def test_a_suspension_lapses_by_itself():
    history = [*BORN, happened(Reason.HELD, 1, until=UNTIL)]
    plan = lifecycle.plan(history)
    assert plan[1:] == (Span(AT + DAY, State.SUSPENDED), Span(OVER, State.ISSUED))
    assert lifecycle.state_at(plan, OVER - SECOND) is State.SUSPENDED
    assert lifecycle.state_at(plan, OVER) is State.ISSUED
    assert lifecycle.next_change(plan, AT + DAY) == OVER
    assert lifecycle.cause_at(history, OVER - SECOND) == history[-1]
    assert lifecycle.cause_at(history, OVER) == ISSUED


def test_a_suspension_that_lapsed_can_be_followed_by_another():
    history = [*BORN, happened(Reason.HELD, 1, until=UNTIL)]
    again = happened(Reason.HELD, 9, decision=OTHER_DECISION)
    with pytest.raises(IllegalTransitionError):
        lifecycle.step(history, happened(Reason.RELEASED, 9))
    plan = lifecycle.step(history, again)
    assert plan[-1] == Span(AT + 9 * DAY, State.SUSPENDED)


def test_a_decision_of_today_takes_effect_on_its_day():
    history = [*BORN, happened(Reason.FORFEITED, 30, recorded=2)]
    assert states(history, 2, 29.9, 30) == ["ISSUED", "ISSUED", "REVOKED"]


def test_what_lies_between_a_decision_and_its_effect_goes_on():
    history = [
        *BORN,
        happened(Reason.FORFEITED, 30, recorded=2),
        happened(Reason.HELD, 3, until=UNTIL),
        happened(Reason.RELEASED, 4),
    ]
    assert states(history, 2, 3, 4, 30) == ["ISSUED", "SUSPENDED", "ISSUED", "REVOKED"]
    with pytest.raises(IllegalTransitionError):  # it will be revoked by then
        lifecycle.step(history, happened(Reason.HELD, 31, recorded=5))


def test_what_is_void_from_the_start_was_never_in_force():
    history = [*BORN, happened(Reason.RESCINDED, -1, recorded=20)]
    assert lifecycle.plan(history) == (Span(AT, State.REVOKED),)


def test_a_license_revoked_in_the_past_is_judged_as_it_is_today():
    history = [*BORN, happened(Reason.RENEWED, 10)]
    with pytest.raises(IllegalTransitionError):
        lifecycle.step(history, happened(Reason.FORFEITED, 0, recorded=20))
    plan = lifecycle.step(history, happened(Reason.RESCINDED, 5, recorded=20))
    assert plan == (Span(AT, State.ISSUED), Span(AT + 5 * DAY, State.REVOKED))


def test_a_take_over_that_is_recorded_late_meets_the_license_as_it_was_then():
    held = happened(Reason.HELD, 3)
    late = happened(Reason.RENEWED, 2, recorded=5)
    plan = lifecycle.step([*BORN, held], late)
    assert lifecycle.state_at(plan, AT + 2 * DAY) is State.SUPERSEDED
    with pytest.raises(IllegalTransitionError):
        lifecycle.step([*BORN, held], happened(Reason.RENEWED, 3, recorded=5))


HOLDS = {
    "a longer one adds to it": (5, 9, 9),
    "a shorter one does not shorten it": (9, 5, 9),
    "one without end goes on": (5, None, None),
    "one with a last day does not end one without": (None, 5, None),
}


@pytest.mark.parametrize(("first", "second", "last"), HOLDS.values(), ids=HOLDS)
def test_two_suspensions_hold_for_as_long_as_either(first, second, last):
    days = [
        None if day is None else dates.day_of(AT + day * DAY) for day in (first, second)
    ]
    one = happened(Reason.HELD, 1, until=days[0])
    other = happened(Reason.HELD, 2, until=days[1], decision=OTHER_DECISION)
    plan = lifecycle.step([*BORN, one], other)
    held = [Span(AT, State.ISSUED), Span(AT + DAY, State.SUSPENDED)]
    if last is not None:
        over = dates.end_after(dates.day_of(AT + last * DAY))
        held.append(Span(over, State.ISSUED))
    assert plan == tuple(held)


def test_a_judgment_rewrites_the_plan_from_its_effect():
    history = [*BORN, happened(Reason.FORFEITED, 5), happened(Reason.RESTORED, 5, 20)]
    assert lifecycle.plan(history) == (Span(AT, State.ISSUED),)
    assert lifecycle.cause_at(history, AT + 6 * DAY) == history[-1]


def test_a_judgment_of_today_leaves_the_past_as_it_was():
    history = [*BORN, happened(Reason.FORFEITED, 5), happened(Reason.RESTORED, 20)]
    assert states(history, 4, 5, 19, 20) == ["ISSUED", "REVOKED", "REVOKED", "ISSUED"]


def test_release_gives_back_only_what_was_held():
    history = [
        *BORN,
        happened(Reason.HELD, 1),
        happened(Reason.CANCELLED, 9, recorded=2),
        happened(Reason.RELEASED, 3),
    ]
    assert states(history, 1, 3, 9) == ["SUSPENDED", "ISSUED", "REVOKED"]


def test_an_old_version_given_back_by_a_court_stays_superseded():
    history = [
        *BORN,
        happened(Reason.RENEWED, 10, recorded=1),
        happened(Reason.FORFEITED, 2),
        happened(Reason.RESTORED, 4),
    ]
    assert states(history, 2, 4, 10) == ["REVOKED", "ISSUED", "SUPERSEDED"]
    assert lifecycle.cause_at(history, AT + 10 * DAY) == history[2]


def test_an_old_version_is_restored_when_the_new_one_was_voided():
    history = [*BORN, happened(Reason.RENEWED, 10), happened(Reason.RESTORED, 12)]
    assert states(history, 9, 10, 12) == ["ISSUED", "SUPERSEDED", "ISSUED"]


def test_of_several_the_gravest_counts():
    history = [
        *BORN,
        happened(Reason.RENEWED, 10, recorded=1),
        happened(Reason.HELD, 2),
        happened(Reason.CANCELLED, 20, recorded=3),
    ]
    assert states(history, 2, 10, 20) == ["SUSPENDED", "SUPERSEDED", "REVOKED"]


def test_a_registration_from_paper_counts_from_its_day():
    history = [
        happened(EventKind.RESERVED),
        happened(EventKind.ISSUED, -900, recorded=0),
    ]
    assert lifecycle.plan(history) == (Span(AT - 900 * DAY, State.ISSUED),)


BAD_PLANS = {
    "a span that is RESERVED": (Span(AT, State.RESERVED),),
    "a span that is AWAITING_SEAL": (Span(AT, State.AWAITING_SEAL),),
    "the same state twice": (Span(AT, State.ISSUED), Span(AT + DAY, State.ISSUED)),
    "backwards": (Span(AT, State.ISSUED), Span(AT - DAY, State.REVOKED)),
    "two at one instant": (Span(AT, State.ISSUED), Span(AT, State.REVOKED)),
    "a naive instant": (Span(AT.replace(tzinfo=None), State.ISSUED),),
}


@pytest.mark.parametrize("plan", BAD_PLANS.values(), ids=BAD_PLANS)
def test_a_plan_of_another_form(plan):
    with pytest.raises(ValueError, match=r"."):
        lifecycle.check_plan(plan)


whats = st.sampled_from([EventKind.ISSUED, *Reason])
offsets = st.integers(-20, 20)


@given(st.lists(st.tuples(whats, offsets, st.none() | st.integers(0, 9)), max_size=14))
def test_any_events_leave_the_plan_that_they_fold_to(asked):
    history, plan = [RESERVED], ()
    for recorded, (what, day, length) in enumerate(asked):
        values = {}
        if what is Reason.HELD and length is not None:
            values["until"] = dates.day_of(AT + (day + length) * DAY)
        event = happened(what, day, recorded, **values)
        judged = event.effective_at
        if event.kind is not EventKind.SUPERSEDED:
            judged = max(judged, event.recorded_at)
        before = lifecycle.state_at(plan, judged)
        try:
            plan = lifecycle.step(history, event)
        except IllegalTransitionError:
            assert lifecycle.plan(history) == plan
            continue
        history.append(event)
        lifecycle.check_plan(plan)
        assert plan == lifecycle.plan(history)
        assert event.reason in lifecycle.TABLE[before, event.kind].reasons
        for span, following in pairwise(plan):
            assert lifecycle.next_change(plan, span.since) == following.since
        for span in plan:
            cause = lifecycle.cause_at(history, span.since)
            assert cause is not None
            assert (cause.kind.value == span.state) or span.state is State.ISSUED


@given(st.lists(st.builds(happened, whats, offsets, offsets), max_size=14))
def test_any_events_have_a_plan(events):
    plan = lifecycle.plan(events)
    lifecycle.check_plan(plan)
    for event in events:
        state = lifecycle.state_at(plan, event.effective_at)
        cause = lifecycle.cause_at(events, event.effective_at)
        assert (cause is None) == (state is State.RESERVED)


# Once

CANCELLED = happened(Reason.CANCELLED, 2)
FORFEITED = happened(Reason.FORFEITED, 2)
HELD = happened(Reason.HELD, 2, until=UNTIL)
RELEASED = happened(Reason.RELEASED, 3)
RESTORED = happened(Reason.RESTORED, 3)

REPEATS = {
    "the same revocation": ([FORFEITED], Reason.FORFEITED, DECISION, True),
    "the same without its decision": ([FORFEITED], Reason.FORFEITED, None, True),
    "the same reason by another decision": (
        [FORFEITED],
        Reason.FORFEITED,
        OTHER_DECISION,
        False,
    ),
    "a registration after a penalty": ([FORFEITED], Reason.CANCELLED, None, False),
    "the penalty before a registration": (
        [FORFEITED, CANCELLED],
        Reason.FORFEITED,
        DECISION,
        True,
    ),
    "a revocation that was annulled": (
        [FORFEITED, RESTORED],
        Reason.FORFEITED,
        DECISION,
        False,
    ),
    "a revocation to come, by its decision": (
        [replace(FORFEITED, effective_at=AT + 30 * DAY)],
        Reason.FORFEITED,
        DECISION,
        True,
    ),
    "a revocation to come, by no decision": (
        [replace(CANCELLED, effective_at=AT + 30 * DAY)],
        Reason.CANCELLED,
        None,
        False,
    ),
    "a suspension by the same decision": ([HELD], Reason.HELD, DECISION, True),
    "a suspension by another decision": ([HELD], Reason.HELD, OTHER_DECISION, False),
    "a suspension that was given back": (
        [HELD, RELEASED],
        Reason.HELD,
        DECISION,
        False,
    ),
    "a release": ([HELD, RELEASED], Reason.RELEASED, None, True),
    "a release before another suspension": (
        [HELD, RELEASED, replace(HELD, decision=OTHER_DECISION)],
        Reason.RELEASED,
        None,
        False,
    ),
    "a restoration": ([FORFEITED, RESTORED], Reason.RESTORED, None, True),
    "a restoration before another version": (
        [FORFEITED, RESTORED, happened(Reason.RENEWED, 4)],
        Reason.RESTORED,
        None,
        False,
    ),
    "nothing before": ([], Reason.CANCELLED, None, False),
}


@pytest.mark.parametrize(
    ("after", "asked", "decision", "repeat"), REPEATS.values(), ids=REPEATS
)
def test_what_was_done_already(after, asked, decision, repeat):
    until = UNTIL if asked is Reason.HELD else None
    history = [*BORN, *after]
    found = lifecycle.repeated(history, asked, decision, until, AT + 20 * DAY)
    assert (found is not None) is repeat
    assert found is None or (found in after and found.reason is asked)


def test_a_suspension_with_another_last_day_is_another():
    history = [*BORN, HELD]
    for until in (None, UNTIL + DAY):
        assert not lifecycle.repeated(history, Reason.HELD, DECISION, until, AT)


def test_the_page_carries_the_tables():
    page = (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    assert lifecycle.table_markdown() in page
    assert events.reasons_markdown() in page
