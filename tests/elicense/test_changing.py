"""What happens to a license after it was issued: once, by decision, or not at all."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pytest

from elicense import changing, dates
from elicense.changing import Changed, Grounds
from elicense.errors import (
    ConflictError,
    ElicenseError,
    IllegalTransitionError,
    NotFoundError,
)
from elicense.events import Decision, EventError, EventKind, Reason
from elicense.lifecycle import State
from elicense.register import Change, Row
from elicense.register.sqlite import SqliteRegister
from elicense.samples import sample
from elicense.testing import START, Simulator

DAY = timedelta(days=1)
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
HELD = Grounds(reason=Reason.HELD, decision=DECISION)
RELEASED = Grounds(reason=Reason.RELEASED)
RENEWED = Grounds(reason=Reason.RENEWED)


@dataclass(frozen=True)
class Stage:
    world: Simulator
    register: SqliteRegister

    def new(self, first: date = TODAY) -> str:
        data = sample("food-business", START) | {"valid_from": first.isoformat()}
        return self.world.issue("food-business", data).license.identifier

    def row(self, identifier: str) -> Row:
        return self.register.get(identifier)

    def snapshot(self, identifier: str) -> tuple:
        history = self.register.history(identifier)
        return self.row(identifier), history, self.register.latest_publication()


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Simulator() as world:
        yield Stage(world, world.department.register)


# Once.


def test_a_revocation_is_recorded_with_its_grounds(stage: Stage) -> None:
    one = stage.new()
    changed = changing.revoke(stage.register, one, CANCELLED, START + DAY)
    event = changed.event
    assert event is not None
    assert changed == Changed(identifier=one, state=State.REVOKED, event=event)
    assert stage.register.history(one)[-1] == event
    assert stage.row(one).state is State.REVOKED
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


def test_a_cancellation_is_registered_after_a_forfeiture(stage: Stage) -> None:
    one = stage.new()
    forfeited = Grounds(reason=Reason.FORFEITED, decision=DECISION)
    changing.revoke(stage.register, one, forfeited, START)
    changed = changing.revoke(stage.register, one, CANCELLED, START + DAY)
    assert changed.event is not None
    reasons = [event.reason for event in stage.register.history(one)]
    assert reasons == [None, None, Reason.FORFEITED, Reason.CANCELLED]


def test_what_is_rescinded_is_void_from_its_first_day(stage: Stage) -> None:
    one = stage.new()
    grounds = Grounds(reason=Reason.RESCINDED, decision=DECISION)
    changed = changing.revoke(stage.register, one, grounds, START + 5 * DAY)
    assert changed.event is not None
    assert changed.event.effective_at == dates.start_of(TODAY)
    assert changed.event.recorded_at == START + 5 * DAY


def test_a_decision_may_say_from_when_it_holds(stage: Stage) -> None:
    one = stage.new()
    since = START + 2 * DAY
    grounds = Grounds(
        reason=Reason.RESCINDED, decision=replace(DECISION, effective_at=since)
    )
    changed = changing.revoke(stage.register, one, grounds, START + 5 * DAY)
    assert changed.event is not None
    assert changed.event.effective_at == since


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


ILLEGAL: dict[str, tuple[tuple[Call, ...], Call]] = {
    "reinstating what is in force": ((), _call(changing.reinstate, RELEASED)),
    "revoking for the reason of a suspension": ((), _call(changing.revoke, HELD)),
    "suspending for the reason of a revocation": (
        (),
        _call(changing.suspend, CANCELLED),
    ),
    "suspending twice": (
        (_call(changing.suspend, HELD),),
        _call(changing.suspend, HELD),
    ),
    "suspending what was revoked": (
        (_call(changing.revoke, CANCELLED),),
        _call(changing.suspend, HELD),
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
    assert stage.row(one).state is State.SUSPENDED
    kinds = [event.kind for event in register.history(one)]
    assert kinds[-1] is EventKind.SUSPENDED


# Suspensions.


def test_a_suspension_lapses_by_itself_after_its_last_day(stage: Stage) -> None:
    one = stage.new()
    last = TODAY + 3 * DAY
    held = changing.suspend(stage.register, one, replace(HELD, until=last), START)
    assert held.state is State.SUSPENDED
    assert stage.row(one).suspended_until == last
    over = dates.end_after(last)
    with pytest.raises(IllegalTransitionError):  # there is nothing to give back
        changing.reinstate(stage.register, one, RELEASED, over)
    again = changing.suspend(stage.register, one, HELD, over)
    assert again.state is State.SUSPENDED
    assert stage.row(one).suspended_until is None


def test_a_suspension_is_given_back_before_its_last_day(stage: Stage) -> None:
    one = stage.new()
    until = replace(HELD, until=TODAY + 3 * DAY)
    changing.suspend(stage.register, one, until, START)
    back = changing.reinstate(stage.register, one, RELEASED, START + DAY)
    assert back.state is State.ISSUED
    assert stage.row(one).suspended_until is None


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
    assert (stage.row(old).state, stage.row(old).successor) == (State.SUPERSEDED, new)
    assert (stage.row(new).state, stage.row(new).previous) == (State.ISSUED, old)


def test_the_same_new_version_again_is_harmless(stage: Stage) -> None:
    old, new = stage.new(), stage.new()
    changing.supersede(stage.register, old, new, RENEWED, START)
    before = stage.snapshot(old)
    again = changing.supersede(stage.register, old, new, RENEWED, START + DAY)
    assert (again.state, again.event) == (State.SUPERSEDED, None)
    assert stage.snapshot(old) == before


def test_an_early_renewal_leaves_no_gap(stage: Stage) -> None:
    first = TODAY + 30 * DAY
    old, new = stage.new(), stage.new(first)
    changed = changing.supersede(stage.register, old, new, RENEWED, START)
    begin = dates.start_of(first)
    assert changed.state is State.ISSUED
    assert changed.event is not None
    assert changed.event.effective_at == begin
    assert stage.row(old).superseded_from == first
    second = timedelta(seconds=1)
    held = changing.suspend(stage.register, old, HELD, begin - second)
    assert held.state is State.SUSPENDED  # it still lives
    assert stage.row(old).superseded_from == first
    with pytest.raises(IllegalTransitionError):
        changing.reinstate(stage.register, old, RELEASED, begin)
    again = changing.supersede(stage.register, old, new, RENEWED, begin)
    assert (again.state, again.event) == (State.SUPERSEDED, None)


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


def test_a_successor_that_was_reserved_and_never_issued_changes_nothing(
    stage: Stage,
) -> None:
    old, new = stage.new(), stage.new()
    register = stage.register

    class OnlyReserved:
        """The register as it is while the successor is being made."""

        def __getattr__(self, name: str) -> object:
            return getattr(register, name)

        def get(self, identifier: str) -> Row:
            row = register.get(identifier)
            return replace(row, state=State.RESERVED) if identifier == new else row

    before = stage.snapshot(old)
    with pytest.raises(ConflictError, match="reserved"):
        changing.supersede(OnlyReserved(), old, new, RENEWED, START)
    assert stage.snapshot(old) == before


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
    assert stage.row(third).state is State.ISSUED
    assert stage.row(old).successor == new


def test_a_license_does_not_supersede_itself(stage: Stage) -> None:
    one = stage.new()
    with pytest.raises((NotFoundError, ValueError)):
        changing.supersede(stage.register, one, one, RENEWED, START)
    assert stage.row(one).state is State.ISSUED


def test_an_event_shows_no_persons_in_its_repr(stage: Stage) -> None:
    one = stage.new()
    changed = changing.suspend(stage.register, one, HELD, START)
    assert changed.event is not None
    assert "经办示例" not in repr(changed)
    assert "经办示例" in json.dumps(DECISION.to_json(), ensure_ascii=False)


@pytest.mark.parametrize(
    "changes",
    [{"date": "2026-11-23"}, {"effective_at": "2026-11-25"}],
    ids=["decided tomorrow", "in force in three days"],
)
def test_a_decision_that_takes_effect_later_changes_nothing_now(
    changes: dict[str, str],
) -> None:
    decision = {
        "document": "行政处罚决定书",
        "number": "示罚〔2026〕1号",
        "organ": "示例市综合执法局",
        "legal_basis": "示例条例第一条",
        "date": "2026-11-20",
        "effective_at": None,
        "handler": "甲",
        "reviewer": "乙",
    }
    with Simulator() as world:
        identifier = world.issue().license.identifier
        register = world.department.register
        grounds = Grounds(
            reason=Reason.HELD, decision=Decision.parse(decision | changes)
        )
        before = register.history(identifier)
        with pytest.raises(EventError, match="in the future"):
            changing.suspend(register, identifier, grounds, world.at)
        assert register.history(identifier) == before
        assert register.get(identifier).state is State.ISSUED
