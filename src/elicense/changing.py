"""Changing: what happens to a license after it was issued, by whose decision.

Each call reads the row, asks the life cycle's table, and commits the change and its
event in one transaction. Strangers learn of it with the next publication.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from elicense import dates
from elicense.errors import ConflictError, ElicenseError
from elicense.events import (
    Decision,
    Event,
    EventError,
    EventKind,
    Reason,
    effective_instant,
)
from elicense.lifecycle import State, apply, effective_state, is_repeat
from elicense.model import Text
from elicense.record import decode
from elicense.register import Change, Register, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Why something is done.

    Attributes:
        reason: one of the closed table; its kind of event is the one that is done.
        decision: the document; some reasons require it.
        note: free text, where the reason accepts one.
        until: last day of a suspension, UTC+8, inclusive; None for one without end.
    """

    reason: Reason
    decision: Decision | None = None
    note: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a call did.

    Attributes:
        identifier: the license.
        state: its state now.
        event: what was recorded; None where it was so already and nothing was done.
    """

    identifier: str
    state: State
    event: Event | None


def revoke(
    register: Register, identifier: str, grounds: Grounds, at: datetime
) -> Changed:
    """End a license: 撤销, 撤回, 吊销, 注销, 作废.

    The same again is harmless and keeps the first time.

    Args:
        register: where it is kept.
        identifier: which license.
        grounds: why; a reason of the kind REVOKED.
        at: the run's instant, whole seconds UTC.

    Raises:
        NotFoundError: no such license.
        IllegalTransitionError: its state does not allow it; nothing was changed.
        EventError: the grounds lack what their reason requires, or take effect later
            than now.
        ConflictError: another run changed it meanwhile; nothing was changed.
    """
    return _change(register, identifier, EventKind.REVOKED, grounds, at)


def suspend(
    register: Register, identifier: str, grounds: Grounds, at: datetime
) -> Changed:
    """Hold a license (暂扣), until a day or until it is released.

    Args and errors are those of :func:`revoke`; a day in the past is refused.
    """
    if grounds.until is not None and grounds.until < dates.day_of(at):
        raise ElicenseError(
            Text(
                "暂扣截止日早于今天",
                "the last day of the suspension lies before today",
            )
        )
    return _change(register, identifier, EventKind.SUSPENDED, grounds, at)


def reinstate(
    register: Register, identifier: str, grounds: Grounds, at: datetime
) -> Changed:
    """Give a license back (发还), or restore it after review or judgment (恢复).

    Args and errors are those of :func:`revoke`.
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
            :func:`revoke`; ConflictError also where the successor is not in force:
            never issued, suspended or ended.
    """
    row, new = register.get(identifier), register.get(successor)
    if row.successor == successor:
        return Changed(identifier=identifier, state=_state(row, at), event=None)
    state = apply(_state(row, at), EventKind.SUPERSEDED, grounds.reason)
    event = _event(row, EventKind.SUPERSEDED, grounds, at, successor=successor)
    if _state(new, at) is not State.ISSUED:
        raise ConflictError(
            Text(
                f"新证照的状态为“{new.state.text.zh}”，不能替代其他证照",
                f"the successor is {new.state.text.en} and can not take the place"
                " of another license",
            )
        )
    first_day = decode(new.record)[0].draft.validity.valid_from
    change = Change(identifier, row.state, state, successor=successor)
    if first_day > dates.day_of(at):
        begin = max(event.effective_at, dates.start_of(first_day))
        event = replace(event, effective_at=begin)
        kept = row.change(row.state, row.suspended_until)
        change = replace(kept, successor=successor, superseded_from=first_day)
    unchanged = new.change(new.state, new.suspended_until)  # found as it was read
    (seq,) = register.commit([change, unchanged], [event])
    state = _state(register.get(identifier), at)
    return Changed(identifier=identifier, state=state, event=replace(event, seq=seq))


def _change(
    register: Register,
    identifier: str,
    kind: EventKind,
    grounds: Grounds,
    at: datetime,
) -> Changed:
    row = register.get(identifier)
    last = register.history(identifier)[-1].reason
    if is_repeat(row.state, kind, grounds.reason, last):
        return Changed(identifier=identifier, state=row.state, event=None)
    state = apply(_state(row, at), kind, grounds.reason)
    _refuse_future(grounds, at)
    event = _event(row, kind, grounds, at)
    (seq,) = register.commit([row.change(state, grounds.until)], [event])
    return Changed(identifier=identifier, state=state, event=replace(event, seq=seq))


def _refuse_future(grounds: Grounds, at: datetime) -> None:
    """Refuse a decision that is not made, or does not hold, yet: a change acts now."""
    decision = grounds.decision
    if decision is None:
        return
    effective_at = decision.effective_at
    if decision.date > dates.day_of(at) or (effective_at and effective_at > at):
        raise EventError(
            Text(
                "决定日期或生效时间（date、effective_at）在将来；请在生效之日办理",
                "the decision's date or effective_at lies in the future; do this on the"
                " day on which it takes effect",
            )
        )


def _state(row: Row, at: datetime) -> State:
    return effective_state(row.state, row.suspended_until, at, row.superseded_from)


def _event(
    row: Row,
    kind: EventKind,
    grounds: Grounds,
    at: datetime,
    successor: str | None = None,
) -> Event:
    license_, _ = decode(row.record)
    since = dates.start_of(license_.draft.validity.valid_from)
    return Event(
        identifier=row.identifier,
        kind=kind,
        effective_at=effective_instant(grounds.reason, grounds.decision, since, at),
        recorded_at=at,
        reason=grounds.reason,
        until=grounds.until,
        decision=grounds.decision,
        note=grounds.note,
        successor=successor,
    )
