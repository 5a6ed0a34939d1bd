"""What happens to a license after it was issued: once, by decision, or not at all."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import changing, dates, lifecycle
from elicense.changing import Changed, DecidedError, Grounds, NewVersion
from elicense.errors import (
    ConflictError,
    ElicenseError,
    IllegalTransitionError,
    NotFoundError,
)
from elicense.events import Decision, Event, EventError, EventKind, Reason
from elicense.lifecycle import Span, State
from elicense.record import decode
from elicense.register import Change, Row
from elicense.register.sqlite import SqliteRegister
from tests.elicense.register_contract import Granted, grant, request

START = datetime(2026, 11, 22, 2, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
TODAY = dates.day_of(START)
DECISION = Decision(
    document="行政处罚决定书",
    number="示例罚字〔2026〕1号",
    organ="示例市行政审批局",
    legal_basis="《行政处罚法》第九条",
    date=TODAY,
    effective_at=None,
    handler="经办示例",
    reviewer="审核示例",
)
CANCELLED = Grounds(reason=Reason.CANCELLED, note="申请注销")
FORFEITED = Grounds(reason=Reason.FORFEITED, decision=DECISION)
IN_ERROR = Grounds(reason=Reason.ISSUED_IN_ERROR, note="重复签发")
HELD = Grounds(reason=Reason.HELD, decision=DECISION)
RELEASED = Grounds(reason=Reason.RELEASED)
RESTORED = Grounds(reason=Reason.RESTORED)
RENEWED = Grounds(reason=Reason.RENEWED)


def from_day(grounds: Grounds, since: datetime) -> Grounds:
    """Return grounds whose decision says from when it holds."""
    return replace(grounds, decision=replace(DECISION, effective_at=since))


@dataclass(frozen=True)
class Stage:
    register: SqliteRegister
    numbers: Iterator[int]

    def new(
        self,
        first: date = TODAY,
        previous: str | None = None,
        at: datetime = START,
    ) -> str:
        granted = Granted(first, previous=previous)
        return grant(self.register, next(self.numbers), granted, at)

    def renewed(self, old: str, first: date = TODAY) -> str:
        """Return a new version, granted early where its first day lies ahead."""
        new = self.new(first, old)
        changing.supersede(self.register, old, new, RENEWED, START)
        return new

    def row(self, identifier: str) -> Row:
        return self.register.get(identifier)

    def state(self, identifier: str, at: datetime) -> State:
        return self.row(identifier).state_at(at)

    def reasons(self, identifier: str) -> list[Reason]:
        history = self.register.history(identifier)
        return [event.reason for event in history if event.reason is not None]

    def snapshot(self, *identifiers: str) -> list:
        return [(self.row(one), self.register.history(one)) for one in identifiers]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    path = tmp_path_factory.mktemp("changing") / "register.db"
    with SqliteRegister.create(path) as register:
        yield Stage(register, itertools.count())


# Once.


def test_a_revocation_is_recorded_with_its_grounds(stage: Stage) -> None:
    one = stage.new()
    changed = changing.revoke(stage.register, one, CANCELLED, START + DAY)
    event = changed.event
    assert event is not None
    assert changed == Changed(identifier=one, state=State.REVOKED, event=event)
    assert stage.register.history(one)[-1] == event
    assert stage.state(one, START + DAY) is State.REVOKED
    assert stage.state(one, START + DAY - SECOND) is State.ISSUED
    assert (event.kind, event.reason) == (EventKind.REVOKED, Reason.CANCELLED)
    assert (event.effective_at, event.recorded_at) == (START + DAY, START + DAY)
    assert event.seq is not None


def test_the_same_revocation_again_keeps_the_first_time(stage: Stage) -> None:
    one = stage.new()
    changing.revoke(stage.register, one, CANCELLED, START + DAY)
    before = stage.snapshot(one)
    again = changing.revoke(stage.register, one, CANCELLED, START + 9 * DAY)
    assert again == Changed(identifier=one, state=State.REVOKED, event=None)
    assert stage.snapshot(one) == before


def test_what_is_asked_again_without_its_decision_is_done_already(stage: Stage) -> None:
    one = stage.new()
    changing.revoke(stage.register, one, FORFEITED, START)
    before = stage.snapshot(one)
    again = replace(FORFEITED, decision=None)
    assert changing.revoke(stage.register, one, again, START + DAY).event is None
    assert stage.snapshot(one) == before


@pytest.mark.parametrize("until", [None, TODAY + 3 * DAY], ids=["open", "until a day"])
def test_a_suspension_that_was_retried_is_recorded_once(
    stage: Stage, until: date | None
) -> None:
    one = stage.new()
    hold = replace(HELD, until=until)
    changing.suspend(stage.register, one, hold, START)
    before = stage.snapshot(one)
    for later in (DAY, 9 * DAY):  # and after it lapsed
        again = changing.suspend(stage.register, one, hold, START + later)
        assert again.event is None
        assert again.state is stage.state(one, START + later)
    assert stage.snapshot(one) == before


def test_a_release_that_was_retried_is_recorded_once(stage: Stage) -> None:
    one = stage.new()
    changing.suspend(stage.register, one, HELD, START)
    changing.reinstate(stage.register, one, RELEASED, START + DAY)
    before = stage.snapshot(one)
    again = changing.reinstate(stage.register, one, RELEASED, START + 2 * DAY)
    assert (again.state, again.event) == (State.ISSUED, None)
    assert stage.snapshot(one) == before


def test_a_cancellation_is_registered_after_a_forfeiture(stage: Stage) -> None:
    one = stage.new()
    changing.revoke(stage.register, one, FORFEITED, START)
    changed = changing.revoke(stage.register, one, CANCELLED, START + DAY)
    assert changed.event is not None
    assert stage.reasons(one) == [Reason.FORFEITED, Reason.CANCELLED]
    assert stage.state(one, START) is State.REVOKED


def test_what_is_rescinded_is_void_from_its_first_day(stage: Stage) -> None:
    one = stage.new()
    grounds = Grounds(reason=Reason.RESCINDED, decision=DECISION)
    changed = changing.revoke(stage.register, one, grounds, START + 5 * DAY)
    assert changed.event is not None
    assert changed.event.effective_at == dates.start_of(TODAY)
    assert changed.event.recorded_at == START + 5 * DAY
    assert stage.row(one).plan == (Span(START, State.REVOKED),)


def test_what_is_rescinded_before_its_first_day_is_void_from_its_issue(
    stage: Stage,
) -> None:
    one = stage.new(TODAY + 30 * DAY)
    grounds = Grounds(reason=Reason.RESCINDED, decision=DECISION)
    changed = changing.revoke(stage.register, one, grounds, START + 5 * DAY)
    assert changed.state is State.REVOKED
    assert stage.row(one).plan == (Span(START, State.REVOKED),)


def test_a_decision_may_say_from_when_it_holds(stage: Stage) -> None:
    one = stage.new()
    since = START + 2 * DAY
    grounds = from_day(Grounds(reason=Reason.RESCINDED), since)
    changed = changing.revoke(stage.register, one, grounds, START + 5 * DAY)
    assert changed.event is not None
    assert changed.event.effective_at == since


# Later effects.


def test_a_decision_of_today_takes_effect_on_its_day(stage: Stage) -> None:
    one = stage.new()
    since = START + 30 * DAY
    changed = changing.revoke(
        stage.register, one, from_day(FORFEITED, since), START + DAY
    )
    assert changed.state is State.ISSUED
    assert changed.event is not None
    assert (changed.event.effective_at, changed.event.recorded_at) == (
        since,
        START + DAY,
    )
    assert stage.state(one, since - SECOND) is State.ISSUED
    assert stage.state(one, since) is State.REVOKED
    before = stage.snapshot(one)
    again = changing.revoke(
        stage.register, one, from_day(FORFEITED, since), START + 2 * DAY
    )
    assert again.event is None
    assert stage.snapshot(one) == before


def test_what_is_to_come_does_not_stop_an_act_of_today(stage: Stage) -> None:
    one = stage.new()
    later = from_day(CANCELLED, START + 30 * DAY)
    changing.revoke(stage.register, one, replace(later, note=""), START)
    now = changing.revoke(stage.register, one, CANCELLED, START + DAY)
    assert now.state is State.REVOKED
    assert now.event is not None


def test_a_decision_that_is_not_made_yet_changes_nothing(stage: Stage) -> None:
    one = stage.new()
    before = stage.snapshot(one)
    tomorrow = replace(HELD, decision=replace(DECISION, date=TODAY + DAY))
    with pytest.raises(EventError, match="in the future"):
        changing.suspend(stage.register, one, tomorrow, START)
    assert stage.snapshot(one) == before


# What changes nothing.


Call = Callable[[SqliteRegister, str, datetime], object]


def _call(act: Callable[..., object], grounds: Grounds) -> Call:
    return lambda register, one, at: act(register, one, grounds, at)


BAD_GROUNDS: dict[str, Call] = {
    "forfeited without a decision": _call(
        changing.revoke, Grounds(reason=Reason.FORFEITED, note="x")
    ),
    "rescinded without a decision": _call(
        changing.revoke, Grounds(reason=Reason.RESCINDED)
    ),
    "held without a decision": _call(changing.suspend, Grounds(reason=Reason.HELD)),
    "forfeited with a note beside its decision": _call(
        changing.revoke,
        Grounds(reason=Reason.FORFEITED, decision=DECISION, note="x"),
    ),
    "a note of two lines": _call(
        changing.revoke, Grounds(reason=Reason.CANCELLED, note="a\nb")
    ),
    "revoked for the reason of a suspension": _call(changing.revoke, HELD),
    "suspended for the reason of a revocation": _call(changing.suspend, CANCELLED),
    "a suspension that ends before its effect": _call(
        changing.suspend,
        replace(from_day(HELD, START + 9 * DAY), until=TODAY + 8 * DAY),
    ),
    "a revocation until a day": _call(
        changing.revoke, replace(CANCELLED, until=TODAY + 9 * DAY)
    ),
}


@pytest.mark.parametrize("call", BAD_GROUNDS.values(), ids=BAD_GROUNDS)
def test_grounds_that_lack_something_change_nothing(stage: Stage, call: Call) -> None:
    one = stage.new()
    before = stage.snapshot(one)
    with pytest.raises((EventError, ValueError)):
        call(stage.register, one, START)
    assert stage.snapshot(one) == before


def _renew(register: SqliteRegister, one: str, at: datetime) -> Changed:
    new = grant(register, f"renewal of {one}", Granted(TODAY, previous=one), at)
    return changing.supersede(register, one, new, RENEWED, at)


OTHER = Grounds(reason=Reason.HELD, decision=replace(DECISION, number="2号"))
ILLEGAL: dict[str, tuple[tuple[Call, ...], Call]] = {
    "reinstating what is in force": ((), _call(changing.reinstate, RELEASED)),
    "holding an old version": (
        (_renew,),
        _call(changing.suspend, OTHER),
    ),
    "forfeiting an old version": (
        (_renew,),
        _call(changing.revoke, FORFEITED),
    ),
    "撤销 of an old version from after its time": (
        (_renew,),
        _call(changing.revoke, from_day(Grounds(reason=Reason.RESCINDED), START + DAY)),
    ),
    "suspending what was revoked": (
        (_call(changing.revoke, CANCELLED),),
        _call(changing.suspend, HELD),
    ),
    "suspending from a day on which it will be revoked": (
        (_call(changing.revoke, from_day(FORFEITED, START + 9 * DAY)),),
        _call(changing.suspend, from_day(HELD, START + 9 * DAY)),
    ),
    "giving back what was revoked": (
        (_call(changing.revoke, CANCELLED),),
        _call(changing.reinstate, RELEASED),
    ),
    "withdrawing what was cancelled": (
        (_call(changing.revoke, CANCELLED),),
        _call(changing.revoke, Grounds(reason=Reason.WITHDRAWN)),
    ),
}


@pytest.mark.parametrize(("first", "call"), ILLEGAL.values(), ids=ILLEGAL)
def test_an_illegal_transition_changes_nothing(
    stage: Stage, first: tuple[Call, ...], call: Call
) -> None:
    one = stage.new()
    for before_it in first:
        before_it(stage.register, one, START)
    before = stage.snapshot(one)
    with pytest.raises(IllegalTransitionError):
        call(stage.register, one, START + DAY)
    assert stage.snapshot(one) == before


UNKNOWN: dict[str, Call] = {
    "revoke": _call(changing.revoke, CANCELLED),
    "suspend": _call(changing.suspend, HELD),
    "reinstate": _call(changing.reinstate, RELEASED),
    "supersede": lambda register, one, at: changing.supersede(
        register, one, one, RENEWED, at
    ),
}


@pytest.mark.parametrize("call", UNKNOWN.values(), ids=UNKNOWN)
def test_a_license_that_is_not_there_is_said_so(stage: Stage, call: Call) -> None:
    with pytest.raises(NotFoundError):
        call(stage.register, "1.2.156.3005.2.none", START)


def test_a_change_that_another_run_overtook_changes_nothing(stage: Stage) -> None:
    """The other run comes between reading the row and writing it."""
    one = stage.new()
    register = stage.register

    class Overtaken:
        def __getattr__(self, name: str) -> object:
            return getattr(register, name)

        def history(self, identifier: str) -> object:
            found = register.history(identifier)
            changing.suspend(register, identifier, HELD, START)
            return found

    with pytest.raises(ConflictError):
        changing.revoke(Overtaken(), one, CANCELLED, START)
    assert stage.state(one, START) is State.SUSPENDED
    kinds = [event.kind for event in register.history(one)]
    assert kinds[-1] is EventKind.SUSPENDED


# Suspensions.


def test_a_suspension_lapses_by_itself_after_its_last_day(stage: Stage) -> None:
    one = stage.new()
    last = TODAY + 3 * DAY
    hold = changing.suspend(stage.register, one, replace(HELD, until=last), START)
    assert hold.state is State.SUSPENDED
    over = dates.end_after(last)
    assert stage.state(one, over - SECOND) is State.SUSPENDED
    assert stage.state(one, over) is State.ISSUED
    with pytest.raises(IllegalTransitionError):  # there is nothing to give back
        changing.reinstate(stage.register, one, RELEASED, over)
    again = changing.suspend(stage.register, one, OTHER, over)
    assert again.state is State.SUSPENDED
    assert lifecycle.next_change(stage.row(one).plan, over) is None


def test_a_suspension_is_given_back_before_its_last_day(stage: Stage) -> None:
    one = stage.new()
    until = replace(HELD, until=TODAY + 3 * DAY)
    changing.suspend(stage.register, one, until, START)
    back = changing.reinstate(stage.register, one, RELEASED, START + DAY)
    assert back.state is State.ISSUED
    assert lifecycle.next_change(stage.row(one).plan, START + DAY) is None


def test_a_suspension_may_end_today_and_not_yesterday(stage: Stage) -> None:
    one = stage.new()
    before = stage.snapshot(one)
    with pytest.raises(ElicenseError, match="lies before today"):
        changing.suspend(stage.register, one, replace(HELD, until=TODAY - DAY), START)
    assert stage.snapshot(one) == before
    until = replace(HELD, until=TODAY)
    assert changing.suspend(stage.register, one, until, START).event is not None


def test_what_a_court_restored_is_in_force_again(stage: Stage) -> None:
    one = stage.new()
    changing.revoke(stage.register, one, CANCELLED, START)
    back = changing.reinstate(
        stage.register, one, Grounds(reason=Reason.RESTORED), START + DAY
    )
    assert back.state is State.ISSUED


# New versions.


def test_a_new_version_takes_the_old_ones_place_at_once(stage: Stage) -> None:
    old, new = stage.new(), stage.new()
    changed = changing.supersede(stage.register, old, new, RENEWED, START)
    assert changed.state is State.SUPERSEDED
    assert changed.event is not None
    assert changed.event.successor == new
    assert changed.event.effective_at == START
    assert stage.row(old).successor == new
    assert stage.state(old, START) is State.SUPERSEDED
    assert (stage.state(new, START), stage.row(new).previous) == (State.ISSUED, old)


def test_the_same_new_version_again_is_harmless(stage: Stage) -> None:
    old, new = stage.new(), stage.new()
    changing.supersede(stage.register, old, new, RENEWED, START)
    before = stage.snapshot(old)
    again = changing.supersede(stage.register, old, new, RENEWED, START + DAY)
    assert (again.state, again.event) == (State.SUPERSEDED, None)
    assert stage.snapshot(old) == before


FIRST = TODAY + 30 * DAY
BEGIN = dates.start_of(FIRST)


def test_an_early_renewal_leaves_no_gap(stage: Stage) -> None:
    old, new = stage.new(), stage.new(FIRST)
    changed = changing.supersede(stage.register, old, new, RENEWED, START)
    assert changed.state is State.ISSUED
    assert changed.event is not None
    assert changed.event.effective_at == BEGIN
    assert stage.state(old, BEGIN - SECOND) is State.ISSUED
    assert stage.state(old, BEGIN) is State.SUPERSEDED
    again = changing.supersede(stage.register, old, new, RENEWED, BEGIN)
    assert (again.state, again.event) == (State.SUPERSEDED, None)


def test_a_decision_that_would_let_the_new_version_wait_is_refused(
    stage: Stage,
) -> None:
    """The new version is valid from its own first day, whatever the decision says."""
    old, new = stage.new(), stage.new()
    before = stage.snapshot(old, new)
    lower = from_day(Grounds(reason=Reason.DOWNGRADED), START + 9 * DAY)
    with pytest.raises(EventError, match="valid_from the day of effect"):
        changing.supersede(stage.register, old, new, lower, START)
    assert stage.snapshot(old, new) == before


def test_a_decision_of_before_does_not_move_the_take_over_back(stage: Stage) -> None:
    old, new = stage.new(), stage.new(FIRST)
    lower = from_day(Grounds(reason=Reason.DOWNGRADED), START - 9 * DAY)
    changed = changing.supersede(stage.register, old, new, lower, START)
    assert changed.event is not None
    assert changed.event.effective_at == BEGIN
    assert stage.state(old, BEGIN - SECOND) is State.ISSUED


def test_a_decision_of_the_first_day_is_no_wait(stage: Stage) -> None:
    old, new = stage.new(), stage.new(FIRST)
    lower = from_day(Grounds(reason=Reason.DOWNGRADED), BEGIN)
    changed = changing.supersede(stage.register, old, new, lower, START)
    assert changed.event is not None
    assert changed.event.effective_at == BEGIN


def test_what_is_pure_says_what_the_register_will_hold(stage: Stage) -> None:
    old, new = stage.new(), stage.new(FIRST)
    row, history = stage.row(old), stage.register.history(old)
    follower = NewVersion(identifier=new, first_day=FIRST, issued_at=START)
    change, event = changing.superseding(row, history, follower, RENEWED, START)
    assert (change.identifier, change.seq, change.successor) == (old, row.seq, new)
    assert change.plan == lifecycle.plan([*history, event])
    assert (event.effective_at, event.recorded_at) == (BEGIN, START)
    assert stage.row(old) == row
    at_once = replace(follower, first_day=TODAY - DAY)
    _, event = changing.superseding(row, history, at_once, RENEWED, START + DAY)
    assert (event.effective_at, event.recorded_at) == (START, START + DAY)


DECIDED: dict[str, tuple[Call, State, datetime]] = {
    "a revocation after the take-over": (
        _call(changing.revoke, from_day(FORFEITED, BEGIN + 9 * DAY)),
        State.REVOKED,
        BEGIN + 9 * DAY,
    ),
    "a suspension after the take-over": (
        _call(changing.suspend, from_day(HELD, BEGIN + 9 * DAY)),
        State.SUSPENDED,
        BEGIN + 9 * DAY,
    ),
    "a suspension of one day": (
        _call(
            changing.suspend,
            replace(from_day(HELD, BEGIN + DAY), until=FIRST + DAY),
        ),
        State.SUSPENDED,
        BEGIN + DAY,
    ),
}


@pytest.mark.parametrize(("call", "state", "since"), DECIDED.values(), ids=DECIDED)
def test_no_new_version_escapes_what_is_decided_already(
    stage: Stage, call: Call, state: State, since: datetime
) -> None:
    old, new = stage.new(), stage.new(FIRST)
    call(stage.register, old, START)
    before = stage.snapshot(old, new)
    with pytest.raises(DecidedError) as caught:
        changing.supersede(stage.register, old, new, RENEWED, START)
    assert (caught.value.state, caught.value.since) == (state, since)
    assert state.text.zh in caught.value.message.zh
    assert state.text.en in caught.value.message.en
    assert stage.snapshot(old, new) == before


AT_THE_TAKE_OVER: dict[str, Call] = {
    "a revocation by then": _call(changing.revoke, from_day(FORFEITED, BEGIN - DAY)),
    "a revocation of that instant": _call(changing.revoke, from_day(FORFEITED, BEGIN)),
    "a suspension until then": _call(changing.suspend, replace(HELD, until=FIRST)),
}


@pytest.mark.parametrize("call", AT_THE_TAKE_OVER.values(), ids=AT_THE_TAKE_OVER)
def test_the_old_version_is_in_force_at_the_take_over(stage: Stage, call: Call) -> None:
    old, new = stage.new(), stage.new(FIRST)
    call(stage.register, old, START)
    before = stage.snapshot(old, new)
    with pytest.raises(IllegalTransitionError):
        changing.supersede(stage.register, old, new, RENEWED, START)
    assert stage.snapshot(old, new) == before


def test_a_version_that_is_held_until_the_day_before_can_be_renewed(
    stage: Stage,
) -> None:
    old, new = stage.new(), stage.new(FIRST)
    changing.suspend(stage.register, old, replace(HELD, until=FIRST - DAY), START)
    changing.supersede(stage.register, old, new, RENEWED, START)
    assert stage.state(old, BEGIN - SECOND) is State.SUSPENDED
    assert stage.state(old, BEGIN) is State.SUPERSEDED


def test_a_version_that_waits_for_its_day_is_not_overtaken(stage: Stage) -> None:
    """The first version is in force until the second one's day."""
    first = stage.new()
    second = stage.renewed(first, FIRST)
    early, on_its_day = stage.new(FIRST - DAY, second), stage.new(FIRST, second)
    before = stage.snapshot(first, second, early)
    with pytest.raises(IllegalTransitionError, match="valid_from"):
        changing.supersede(stage.register, second, early, RENEWED, START)
    assert stage.snapshot(first, second, early) == before
    changing.supersede(stage.register, second, on_its_day, RENEWED, START)
    assert stage.state(first, BEGIN - SECOND) is State.ISSUED
    assert stage.state(second, BEGIN) is State.SUPERSEDED


# One right, several versions.


ENDINGS = {
    "revoked": (changing.revoke, FORFEITED, State.REVOKED),
    "revoked from a day": (
        changing.revoke,
        from_day(FORFEITED, BEGIN - DAY),
        State.REVOKED,
    ),
    "withdrawn": (changing.revoke, Grounds(reason=Reason.WITHDRAWN), State.REVOKED),
    "held": (changing.suspend, HELD, State.SUSPENDED),
}


@pytest.mark.parametrize(("act", "grounds", "state"), ENDINGS.values(), ids=ENDINGS)
def test_what_is_done_to_the_right_reaches_the_newer_versions(
    stage: Stage, act: Callable[..., Changed], grounds: Grounds, state: State
) -> None:
    old = stage.new()
    new = stage.renewed(old, FIRST)
    newest = stage.renewed(new, FIRST + 9 * DAY)
    done = act(stage.register, old, grounds, START + DAY)
    assert done.others == (new, newest)
    assert stage.state(new, BEGIN) is state
    assert stage.state(newest, BEGIN + 9 * DAY) is state
    assert stage.reasons(new)[-1] is stage.reasons(newest)[-1] is grounds.reason
    assert stage.row(old).successor == new
    before = stage.snapshot(old, new, newest)
    again = act(stage.register, old, grounds, START + 2 * DAY)
    assert (again.event, again.others) == (None, ())
    assert stage.snapshot(old, new, newest) == before


def test_a_file_issued_in_error_is_only_itself(stage: Stage) -> None:
    old = stage.new()
    new = stage.renewed(old, FIRST)
    before = stage.snapshot(new)
    done = changing.revoke(stage.register, old, IN_ERROR, START + DAY)
    assert done.others == ()
    assert stage.snapshot(new) == before


@pytest.mark.parametrize(("act", "grounds", "state"), ENDINGS.values(), ids=ENDINGS)
def test_what_is_done_to_the_newest_version_reaches_the_old_in_force(
    stage: Stage, act: Callable[..., Changed], grounds: Grounds, state: State
) -> None:
    first = stage.new()
    second = stage.renewed(first)
    third = stage.renewed(second, FIRST)
    before = stage.snapshot(first)
    done = act(stage.register, third, grounds, START + DAY)
    assert done.others == (second,)
    assert done.event is not None
    assert stage.state(second, done.event.effective_at) is state
    assert stage.state(third, BEGIN) is state
    assert stage.snapshot(first) == before, "it was superseded already"
    event = stage.register.history(second)[-1]
    assert replace(event, seq=None, identifier=third) == replace(done.event, seq=None)


def test_an_act_after_the_take_over_leaves_the_old_version(stage: Stage) -> None:
    old = stage.new()
    new = stage.renewed(old, FIRST)
    before = stage.snapshot(old)
    later = from_day(FORFEITED, BEGIN)
    assert changing.revoke(stage.register, new, later, START).others == ()
    assert stage.snapshot(old) == before
    assert stage.state(old, BEGIN - SECOND) is State.ISSUED


def test_a_voided_file_leaves_the_version_before_it(stage: Stage) -> None:
    old = stage.new()
    new = stage.renewed(old, FIRST)
    before = stage.snapshot(old)
    assert changing.revoke(stage.register, new, IN_ERROR, START).others == ()
    assert stage.snapshot(old) == before


RESCINDED = Grounds(reason=Reason.RESCINDED, decision=DECISION)


def test_what_is_rescinded_reaches_back_into_the_time_of_the_versions_before(
    stage: Stage,
) -> None:
    first = stage.new()
    second = stage.renewed(first, TODAY + 10 * DAY)
    third = stage.renewed(second, TODAY + 20 * DAY)
    since = START + 5 * DAY
    grounds = from_day(RESCINDED, since)
    done = changing.revoke(stage.register, third, grounds, START + 30 * DAY)
    assert done.others == (second, first)
    assert stage.state(first, since - SECOND) is State.ISSUED
    for one in (first, second, third):
        assert stage.state(one, since) is State.REVOKED
        assert stage.state(one, START + 30 * DAY) is State.REVOKED


def test_what_is_rescinded_leaves_a_version_whose_time_was_over(stage: Stage) -> None:
    first = stage.new()
    second = stage.renewed(first, TODAY + 10 * DAY)
    before = stage.snapshot(first)
    begin = dates.start_of(TODAY + 10 * DAY)
    grounds = from_day(RESCINDED, begin)
    done = changing.revoke(stage.register, second, grounds, START + 30 * DAY)
    assert done.others == ()
    assert stage.snapshot(first) == before


def test_a_new_version_is_void_from_its_own_start(stage: Stage) -> None:
    """No decision says from when: the grant of the new version is undone."""
    first = stage.new()
    second = stage.renewed(first, TODAY + 10 * DAY)
    before = stage.snapshot(first)
    done = changing.revoke(stage.register, second, RESCINDED, START + 30 * DAY)
    assert done.event is not None
    assert done.event.effective_at == dates.start_of(TODAY + 10 * DAY)
    assert done.others == ()
    assert stage.snapshot(first) == before


def test_the_first_version_that_is_rescinded_takes_all_with_it(stage: Stage) -> None:
    first = stage.new()
    second = stage.renewed(first, TODAY + 10 * DAY)
    done = changing.revoke(stage.register, first, RESCINDED, START + 30 * DAY)
    assert done.others == (second,)
    assert stage.row(first).plan == (Span(START, State.REVOKED),)
    assert stage.state(second, START + 30 * DAY) is State.REVOKED
    back = from_day(RESTORED, START)
    undone = changing.reinstate(stage.register, first, back, START + 31 * DAY)
    assert undone.others == (second,)
    assert stage.state(first, START) is State.ISSUED
    assert stage.state(first, START + 31 * DAY) is State.SUPERSEDED
    assert stage.state(second, START + 31 * DAY) is State.ISSUED


def test_a_longer_hold_reaches_a_version_under_a_shorter_one(stage: Stage) -> None:
    old = stage.new()
    new = stage.renewed(old, FIRST)
    short = replace(OTHER, until=FIRST - DAY)
    long = replace(HELD, until=FIRST + 9 * DAY)
    changing.suspend(stage.register, new, short, START)
    done = changing.suspend(stage.register, old, long, START + DAY)
    assert done.others == (new,)
    assert stage.state(new, BEGIN) is State.SUSPENDED
    assert stage.state(new, BEGIN + 9 * DAY + DAY) is State.ISSUED


def test_a_second_hold_never_shortens_the_first(stage: Stage) -> None:
    one = stage.new()
    changing.suspend(stage.register, one, replace(HELD, until=FIRST), START)
    before = stage.row(one).plan
    shorter = replace(OTHER, until=TODAY + DAY)
    done = changing.suspend(stage.register, one, shorter, START + DAY)
    assert done.event is not None
    assert stage.row(one).plan == before


def test_what_is_given_back_is_given_back_in_every_version(stage: Stage) -> None:
    old = stage.new()
    new = stage.renewed(old, FIRST)
    for ending, act, way_back in (
        (HELD, changing.suspend, RELEASED),
        (FORFEITED, changing.revoke, RESTORED),
    ):
        act(stage.register, old, ending, START)
        back = changing.reinstate(stage.register, old, way_back, START + DAY)
        assert back.others == (new,)
        assert stage.state(old, START + DAY) is State.ISSUED
        assert stage.state(old, BEGIN) is State.SUPERSEDED
        assert stage.state(new, BEGIN) is State.ISSUED


def test_a_version_that_ended_by_itself_is_not_given_back_with_the_right(
    stage: Stage,
) -> None:
    old = stage.new()
    new = stage.renewed(old, FIRST)
    changing.revoke(stage.register, new, IN_ERROR, START)
    changing.revoke(stage.register, old, FORFEITED, START + DAY)
    before = stage.snapshot(new)
    back = changing.reinstate(stage.register, old, RESTORED, START + 2 * DAY)
    assert back.others == ()
    assert stage.snapshot(new) == before


def _voided(stage: Stage, one: str, at: datetime = START) -> None:
    changing.revoke(stage.register, one, IN_ERROR, at)


def test_an_old_version_is_not_restored_where_a_later_one_lives(stage: Stage) -> None:
    first = stage.new()
    second = stage.renewed(first)
    third = stage.renewed(second, FIRST)
    _voided(stage, second)
    before = stage.snapshot(first, second, third)
    with pytest.raises(IllegalTransitionError, match="all that follow it"):
        changing.reinstate(stage.register, first, RESTORED, START + DAY)
    assert stage.snapshot(first, second, third) == before
    _voided(stage, third)
    changing.reinstate(stage.register, first, RESTORED, START + DAY)
    assert stage.state(first, BEGIN) is State.ISSUED


def test_an_old_version_is_not_restored_where_the_new_one_will_be(stage: Stage) -> None:
    old = stage.new()
    new = stage.renewed(old)
    _voided(stage, new)
    later = from_day(RESTORED, START + 30 * DAY)
    changing.reinstate(stage.register, new, later, START + DAY)
    before = stage.snapshot(old, new)
    with pytest.raises(IllegalTransitionError, match="revoked from then on"):
        changing.reinstate(stage.register, old, RESTORED, START + 2 * DAY)
    assert stage.snapshot(old, new) == before


def test_an_old_version_is_not_restored_for_the_time_of_the_new_one(
    stage: Stage,
) -> None:
    old = stage.new()
    new = stage.renewed(old)
    _voided(stage, new, START + 5 * DAY)
    before = stage.snapshot(old, new)
    back = from_day(RESTORED, START + 4 * DAY)
    with pytest.raises(IllegalTransitionError, match="revoked from then on"):
        changing.reinstate(stage.register, old, back, START + 6 * DAY)
    assert stage.snapshot(old, new) == before
    back = from_day(RESTORED, START + 5 * DAY)
    changing.reinstate(stage.register, old, back, START + 6 * DAY)
    assert stage.state(old, START + 5 * DAY) is State.ISSUED


def test_a_voided_version_is_not_restored_beside_the_one_restored_for_it(
    stage: Stage,
) -> None:
    old = stage.new()
    new = stage.renewed(old)
    _voided(stage, new)
    changing.reinstate(stage.register, old, RESTORED, START + DAY)
    before = stage.snapshot(old, new)
    with pytest.raises(IllegalTransitionError, match="beside"):
        changing.reinstate(stage.register, new, RESTORED, START + 2 * DAY)
    assert stage.snapshot(old, new) == before
    third = stage.renewed(old, FIRST)
    before = stage.snapshot(old, new, third)
    for since in (START + 2 * DAY, BEGIN):
        back = from_day(RESTORED, since)
        with pytest.raises(IllegalTransitionError, match="beside"):
            changing.reinstate(stage.register, new, back, START + 2 * DAY)
    assert stage.snapshot(old, new, third) == before


def test_of_two_that_ended_one_is_restored(stage: Stage) -> None:
    """The old one was restored in place of the new one, and ended; who is first?"""
    old = stage.new()
    new = stage.renewed(old)
    _voided(stage, new)
    changing.reinstate(stage.register, old, RESTORED, START + DAY)
    changing.revoke(stage.register, old, CANCELLED, START + 2 * DAY)
    changing.reinstate(stage.register, new, RESTORED, START + 3 * DAY)
    before = stage.snapshot(old, new)
    with pytest.raises(IllegalTransitionError, match="beside"):
        changing.reinstate(stage.register, old, RESTORED, START + 4 * DAY)
    assert stage.snapshot(old, new) == before


def test_a_version_of_a_voided_line_is_not_restored_beside_its_first(
    stage: Stage,
) -> None:
    first = stage.new()
    second = stage.renewed(first)
    third = stage.renewed(second, FIRST)
    _voided(stage, third)
    _voided(stage, second)
    changing.reinstate(stage.register, first, RESTORED, START + DAY)
    assert stage.row(third).previous == second, "they are still one line"
    before = stage.snapshot(first, second, third)
    for one in (second, third):
        with pytest.raises(IllegalTransitionError, match="beside"):
            changing.reinstate(stage.register, one, RESTORED, START + 2 * DAY)
    assert stage.snapshot(first, second, third) == before


def test_a_voided_version_is_not_restored_over_an_old_one_restored_meanwhile(
    stage: Stage,
) -> None:
    old = stage.new()
    new = stage.renewed(old)
    _voided(stage, new)
    changing.reinstate(stage.register, old, RESTORED, START + DAY)
    changing.revoke(stage.register, old, FORFEITED, START + 2 * DAY)
    register = stage.register

    class Overtaken:
        def __getattr__(self, name: str) -> object:
            return getattr(register, name)

        def commit(self, changes: list[Change], events: list[Event]) -> object:
            changing.reinstate(register, old, RESTORED, START + 3 * DAY)
            return register.commit(changes, events)

    before = stage.snapshot(new)
    with pytest.raises(ConflictError):
        changing.reinstate(Overtaken(), new, RESTORED, START + 3 * DAY)
    assert stage.snapshot(new) == before


def test_a_second_restoration_undoes_what_the_first_had_to_leave(stage: Stage) -> None:
    """The first one lifts a hold; the voided renewal still lies ahead."""
    old = stage.new()
    new = stage.renewed(old, FIRST)
    _voided(stage, new)
    changing.suspend(stage.register, old, HELD, START + DAY)
    first = changing.reinstate(stage.register, old, RESTORED, START + 2 * DAY)
    assert first.event is not None
    assert stage.state(old, BEGIN) is State.SUPERSEDED
    second = changing.reinstate(stage.register, old, RESTORED, START + 3 * DAY)
    assert second.event is not None
    assert stage.state(old, BEGIN) is State.ISSUED
    before = stage.snapshot(old, new)
    third = changing.reinstate(stage.register, old, RESTORED, START + 4 * DAY)
    assert third.event is None
    assert stage.snapshot(old, new) == before


def test_a_restoration_is_done_where_a_living_version_lies_ahead(stage: Stage) -> None:
    old = stage.new()
    new = stage.renewed(old, FIRST)
    changing.revoke(stage.register, old, FORFEITED, START)
    changing.reinstate(stage.register, old, RESTORED, START + DAY)
    before = stage.snapshot(old, new)
    again = changing.reinstate(stage.register, old, RESTORED, START + 2 * DAY)
    assert (again.event, again.others) == (None, ())
    assert stage.snapshot(old, new) == before


def test_a_restoration_to_come_that_was_retried_is_recorded_once(stage: Stage) -> None:
    one = stage.new()
    changing.revoke(stage.register, one, FORFEITED, START)
    later = from_day(RESTORED, START + 9 * DAY)
    changing.reinstate(stage.register, one, later, START)
    before = stage.snapshot(one)
    assert changing.reinstate(stage.register, one, later, START + DAY).event is None
    assert stage.snapshot(one) == before


def test_an_old_version_is_restored_where_the_new_one_was_voided(stage: Stage) -> None:
    old, new = stage.new(), stage.new()
    changing.supersede(stage.register, old, new, RENEWED, START)
    before = stage.snapshot(old, new)
    with pytest.raises(IllegalTransitionError, match="successor is revoked"):
        changing.reinstate(stage.register, old, RESTORED, START + DAY)
    assert stage.snapshot(old, new) == before
    changing.revoke(stage.register, new, IN_ERROR, START + DAY)
    voided = stage.snapshot(new)[0][1]
    back = changing.reinstate(stage.register, old, RESTORED, START + 2 * DAY)
    assert (back.state, back.others) == (State.ISSUED, ())
    assert stage.row(old).successor is None
    assert stage.row(new).previous is None
    assert stage.register.history(new) == voided
    third = stage.new()
    again = changing.supersede(stage.register, old, third, RENEWED, START + 3 * DAY)
    assert again.state is State.SUPERSEDED


def test_a_restoration_to_come_can_be_brought_forward(stage: Stage) -> None:
    old, new = stage.new(), stage.new()
    changing.supersede(stage.register, old, new, RENEWED, START)
    changing.revoke(stage.register, new, IN_ERROR, START)
    later = from_day(RESTORED, START + 9 * DAY)
    assert changing.reinstate(stage.register, old, later, START).state is (
        State.SUPERSEDED
    )
    sooner = from_day(RESTORED, START + 5 * DAY)
    changing.reinstate(stage.register, old, sooner, START)
    assert stage.state(old, START + 5 * DAY - SECOND) is State.SUPERSEDED
    assert stage.state(old, START + 5 * DAY) is State.ISSUED


def test_an_old_version_is_not_restored_over_a_successor_given_back_meanwhile(
    stage: Stage,
) -> None:
    old, new = stage.new(), stage.new()
    register = stage.register
    changing.supersede(register, old, new, RENEWED, START)
    changing.revoke(register, new, FORFEITED, START)

    class Overtaken:
        def __getattr__(self, name: str) -> object:
            return getattr(register, name)

        def commit(self, changes: list[Change], events: list[Event]) -> object:
            changing.reinstate(register, new, RESTORED, START + DAY)
            return register.commit(changes, events)

    before = stage.snapshot(old)
    with pytest.raises(ConflictError):
        changing.reinstate(Overtaken(), old, RESTORED, START + DAY)
    assert stage.snapshot(old) == before


def _revoke(stage: Stage, one: str) -> None:
    changing.revoke(stage.register, one, CANCELLED, START)


def _suspend(stage: Stage, one: str) -> None:
    changing.suspend(stage.register, one, HELD, START)


def _supersede(stage: Stage, one: str) -> None:
    changing.supersede(stage.register, one, stage.new(), RENEWED, START)


NOT_IN_FORCE: dict[str, Callable[[Stage, str], None]] = {
    "revoked": _revoke,
    "suspended": _suspend,
    "superseded itself": _supersede,
}


@pytest.mark.parametrize("end", NOT_IN_FORCE.values(), ids=NOT_IN_FORCE)
def test_a_successor_that_is_not_in_force_changes_nothing(
    stage: Stage, end: Callable[[Stage, str], None]
) -> None:
    old, new = stage.new(), stage.new()
    end(stage, new)
    before = stage.snapshot(old)
    with pytest.raises(ConflictError, match="can not take the place"):
        changing.supersede(stage.register, old, new, RENEWED, START)
    assert stage.snapshot(old) == before


def test_a_successor_that_will_be_revoked_by_then_changes_nothing(stage: Stage) -> None:
    old, new = stage.new(), stage.new(FIRST)
    changing.revoke(stage.register, new, from_day(FORFEITED, BEGIN - DAY), START)
    before = stage.snapshot(old)
    with pytest.raises(ConflictError, match="revoked"):
        changing.supersede(stage.register, old, new, RENEWED, START)
    assert stage.snapshot(old) == before


def test_versions_do_not_go_round_in_a_circle(stage: Stage) -> None:
    old = stage.new(FIRST)
    new = stage.renewed(old, FIRST)
    before = stage.snapshot(old, new)
    with pytest.raises(ConflictError, match="successor itself"):
        changing.supersede(stage.register, new, old, RENEWED, START)
    assert stage.snapshot(old, new) == before


def test_a_successor_that_was_reserved_and_never_issued_changes_nothing(
    stage: Stage,
) -> None:
    old, other = stage.new(), stage.row(stage.new())
    made = stage.register.reserve(
        request(next(stage.numbers), at=START),
        lambda place: (f"1.2.3.{place.serial}", other.record),
    )
    before = stage.snapshot(old, made.identifier)
    with pytest.raises(ConflictError, match="reserved"):
        changing.supersede(stage.register, old, made.identifier, RENEWED, START)
    assert stage.snapshot(old, made.identifier) == before


def test_a_successor_that_ended_meanwhile_changes_nothing(stage: Stage) -> None:
    old, new = stage.new(), stage.new()
    register = stage.register

    class Overtaken:
        def __getattr__(self, name: str) -> object:
            return getattr(register, name)

        def commit(self, changes: list[Change], events: list) -> object:
            changing.revoke(register, new, CANCELLED, START)
            return register.commit(changes, events)

    before = stage.snapshot(old)
    with pytest.raises(ConflictError):
        changing.supersede(Overtaken(), old, new, RENEWED, START)
    assert stage.snapshot(old) == before


def test_a_license_has_one_successor_and_a_successor_one_license(stage: Stage) -> None:
    old, new, third = stage.new(), stage.new(), stage.new()
    changing.supersede(stage.register, old, new, RENEWED, START)
    with pytest.raises(IllegalTransitionError):
        changing.supersede(stage.register, old, third, RENEWED, START)
    with pytest.raises(ConflictError):
        changing.supersede(stage.register, third, new, RENEWED, START)
    assert stage.state(third, START) is State.ISSUED
    assert stage.row(old).successor == new


def test_a_license_does_not_supersede_itself(stage: Stage) -> None:
    one = stage.new()
    with pytest.raises((NotFoundError, ValueError)):
        changing.supersede(stage.register, one, one, RENEWED, START)
    assert stage.state(one, START) is State.ISSUED


def test_an_event_shows_no_persons_in_its_repr(stage: Stage) -> None:
    one = stage.new()
    changed = changing.suspend(stage.register, one, HELD, START)
    assert changed.event is not None
    assert "经办示例" not in repr(changed)
    assert "经办示例" in json.dumps(DECISION.to_json(), ensure_ascii=False)


# Whatever is tried.

ACTS = {
    EventKind.REVOKED: changing.revoke,
    EventKind.SUSPENDED: changing.suspend,
    EventKind.REINSTATED: changing.reinstate,
}


def _try(stage: Stage, one: str, reason: Reason, effect: int, at: datetime) -> None:
    decision = replace(DECISION, effective_at=START + effect * DAY)
    grounds = Grounds(reason=reason, decision=decision)
    if reason.kind is EventKind.SUPERSEDED:
        since = dates.start_of(TODAY + effect * DAY)
        grounds = from_day(grounds, since)
        new = stage.new(TODAY + effect * DAY, at=at)
        changing.supersede(stage.register, one, new, grounds, at)
    else:
        ACTS[reason.kind](stage.register, one, grounds, at)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(Reason), st.integers(-5, 25)), max_size=8),
)
def test_any_acts_leave_the_plan_that_the_history_makes(
    stage: Stage, asked: list[tuple[Reason, int]]
) -> None:
    one = stage.new()
    for recorded, (reason, effect) in enumerate(asked):
        before = stage.snapshot(one)
        try:
            _try(stage, one, reason, effect, START + recorded * DAY)
        except (IllegalTransitionError, ConflictError):
            assert stage.snapshot(one) == before
    chain = [one]
    while successor := stage.row(chain[-1]).successor:
        chain.append(successor)
    for identifier in chain:
        row, history = stage.row(identifier), stage.register.history(identifier)
        assert row.plan == lifecycle.plan(history)
        assert row.seq == history[-1].seq
    for day in range(-5, 30):
        at = START + day * DAY
        alive = [one for one in chain if stage.state(one, at) is State.ISSUED]
        begun = [
            one
            for one in alive
            if decode(stage.row(one).record)[0].draft.validity.valid_from
            <= dates.day_of(at)
        ]
        assert len(begun) <= 1, day  # never two versions of one right at once
