"""Changing: what happens to a license after it was issued, by whose decision.

Each call reads the row, asks the life cycle's table, and commits the change and its
event in one transaction. What takes effect on a later day is recorded now and holds
from then on without anyone acting. Strangers learn of it with the next publication.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from elicense import lifecycle
from elicense.changing import chain, reach
from elicense.changing.grounds import (
    Grounds,
    event_of,
    first_day,
    moment,
    refuse_over,
    refuse_undecided,
)
from elicense.changing.takeover import DecidedError, NewVersion, superseding
from elicense.errors import ConflictError, IllegalTransitionError
from elicense.events import Event, EventKind, Reason
from elicense.lifecycle import State
from elicense.model import Text
from elicense.register import Register, Row

__all__ = [
    "Changed",
    "DecidedError",
    "Grounds",
    "NewVersion",
    "reinstate",
    "revoke",
    "supersede",
    "superseding",
    "suspend",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a call did.

    Attributes:
        identifier: the license.
        state: its state now; what takes effect later does not show in it yet.
        event: what was recorded; None where it was so already and nothing was done.
        others: identifiers of its other versions to which the same was done.
    """

    identifier: str
    state: State
    event: Event | None
    others: tuple[str, ...] = ()


def revoke(
    register: Register, identifier: str, grounds: Grounds, at: datetime
) -> Changed:
    """End a license: 撤销, 撤回, 吊销, 注销, 作废.

    The same again is harmless and keeps the first time. The right is one: what ends it
    ends every version of its chain that is in force at the effect or comes after it,
    and 撤销 also an earlier one into whose time it reaches back. 作废 speaks of this
    file alone.

    Args:
        register: where it is kept.
        identifier: which license.
        grounds: why; a reason of the kind REVOKED.
        at: the run's instant, whole seconds UTC.

    Raises:
        NotFoundError: no such license.
        IllegalTransitionError: its state does not allow it; nothing was changed.
        EventError: the grounds lack what their reason requires, or the decision's date
            lies after today.
        ConflictError: another run changed it meanwhile; nothing was changed.
    """
    return _change(register, identifier, EventKind.REVOKED, grounds, at)


def suspend(
    register: Register, identifier: str, grounds: Grounds, at: datetime
) -> Changed:
    """Hold a license (暂扣), until a day or until it is released.

    What is held already is held for as long as either lasts. It reaches the other
    versions as :func:`revoke` does. Args and errors are those of that function; a last
    day in the past is refused.
    """
    return _change(register, identifier, EventKind.SUSPENDED, grounds, at)


def reinstate(
    register: Register, identifier: str, grounds: Grounds, at: datetime
) -> Changed:
    """Give a license back (发还), or restore it after review or judgment (恢复).

    It reaches the other versions of its chain to which the same act had been done that
    is undone now. A version that was superseded, or will be on a later day, is restored
    only where all that followed it are revoked for good, and has no successor then. No
    version is restored beside another one of the same right that is in force. Args and
    errors are those of :func:`revoke`.
    """
    return _change(register, identifier, EventKind.REINSTATED, grounds, at)


def supersede(
    register: Register,
    identifier: str,
    successor: str,
    grounds: Grounds,
    at: datetime,
) -> Changed:
    """Mark a license as replaced by another version that was issued.

    The old version stays what it is until the first valid day of the new one, so that
    an early renewal (延续) leaves no gap. The same again is harmless.

    Args:
        register: where both are kept.
        identifier: the old version.
        successor: identifier of the new version, already issued.
        grounds: why; a reason of the kind SUPERSEDED.
        at: the run's instant, whole seconds UTC.

    Raises:
        NotFoundError, IllegalTransitionError, EventError, ConflictError: as for
            :func:`superseding`; ConflictError also where the successor is not in force:
            never issued, suspended or ended.
    """
    row, new = register.get(identifier), register.get(successor)
    if row.successor == successor:
        return Changed(identifier=identifier, state=row.state_at(at), event=None)
    history = register.history(identifier)
    # The two become versions of one right now, whenever the new one was issued.
    follower = NewVersion(identifier=successor, first_day=first_day(new), issued_at=at)
    change, event = superseding(row, history, follower, grounds, at)
    if new.successor is not None:
        raise ConflictError(
            Text(
                "该新证照自身已有新版本，不能替代其他证照",
                "the successor has a successor itself and can not take the place"
                " of another license",
            )
        )
    for instant in (at, event.effective_at):
        state = new.state_at(instant)
        if state is not State.ISSUED:
            raise ConflictError(
                Text(
                    f"新证照的状态为“{state.text.zh}”，不能替代其他证照",
                    f"the successor is {state.text.en} and can not take the place"
                    " of another license",
                )
            )
    unchanged = new.change(new.plan)  # found as it was read
    (seq,) = register.commit([change, unchanged], [event])
    state = lifecycle.state_at(change.plan, at)
    return Changed(identifier=identifier, state=state, event=replace(event, seq=seq))


def _change(
    register: Register,
    identifier: str,
    kind: EventKind,
    grounds: Grounds,
    at: datetime,
) -> Changed:
    """Do something to a license and to the versions of its right that it reaches."""
    row, history = register.get(identifier), register.history(identifier)
    if grounds.reason.kind is kind and _is_done(register, row, history, grounds, at):
        return Changed(identifier=identifier, state=row.state_at(at), event=None)
    refuse_undecided(grounds, at)
    refuse_over(grounds, at)
    event = _before_succession(row, event_of(row, kind, grounds, at))
    plan = lifecycle.step(history, event)
    _refuse_past(row, history, event)
    changes, events = [row.change(plan)], [event]
    if kind is EventKind.REINSTATED and reach.is_superseded(row, event):
        voided = reach.voided(register, row, history, event)
        for held in reach.carried(register, row, event):
            plan = lifecycle.step([*history, *events], held)
            events.append(held)
        changes = [row.change(plan, drop_successor=True), *voided]
    else:
        for change, same in reach.reached(register, row, history, grounds, event):
            changes.append(change)
            events += same
    changes += reach.beside(register, row, event)
    seq, *_ = register.commit(changes, events)
    return Changed(
        identifier=identifier,
        state=lifecycle.state_at(plan, at),
        event=replace(event, seq=seq),
        others=tuple(
            same.identifier for same in events[1:] if same.identifier != identifier
        ),
    )


def _is_done(
    register: Register,
    row: Row,
    history: Sequence[Event],
    grounds: Grounds,
    at: datetime,
) -> bool:
    done = lifecycle.repeated(
        history, grounds.reason, grounds.decision, grounds.until, at
    )
    if done is None or grounds.reason is not Reason.RESTORED:
        return done is not None
    return not _is_left(register, row, history, max(at, done.effective_at))


def _is_left(
    register: Register, row: Row, history: Sequence[Event], at: datetime
) -> bool:
    """Tell whether there is something left that 恢复 could undo, now or planned.

    That a living version superseded is nothing of the kind.
    """
    states = chain.states(row.plan, at)
    if State.SUPERSEDED not in states:
        return states != {State.ISSUED}
    if not states <= {State.ISSUED, State.SUPERSEDED}:
        return True
    since = at
    if row.successor is not None:
        since = max(at, chain.taken_over(history, row.successor))
    return all(chain.is_ended(new.plan, since) for new in chain.newer(register, row))


def _before_succession(row: Row, event: Event) -> Event:
    """Return a 恢复 of a license in force from when it would be superseded.

    So a renewal that was voided before its first day is undone before it takes effect.
    """
    if event.reason is not Reason.RESTORED or row.successor is None:
        return event
    at = max(event.effective_at, event.recorded_at)
    ahead = [
        span.since
        for span in row.plan
        if span.state is State.SUPERSEDED and span.since > at
    ]
    if not ahead or row.state_at(at) is not State.ISSUED:
        return event
    return replace(event, effective_at=ahead[0])


def _refuse_past(row: Row, history: Sequence[Event], event: Event) -> None:
    """Refuse a 撤销 of a superseded version that does not reach back into its time."""
    if event.kind is not EventKind.REVOKED or not reach.is_superseded(row, event):
        return
    if row.successor is None:
        return
    since = chain.taken_over(history, row.successor)
    if event.effective_at >= since:
        raise IllegalTransitionError(
            Text(
                f"该证照自 {moment(since)} 起已被新版本替代，请对最新版本办理",
                f"this version was superseded from {moment(since)}; do this to the"
                " newest one",
            )
        )
