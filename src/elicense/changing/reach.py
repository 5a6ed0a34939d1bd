"""Which other versions of a right an act reaches, and which ones forbid it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from elicense import lifecycle
from elicense.changing import chain
from elicense.changing.grounds import Grounds, event_of
from elicense.errors import IllegalTransitionError
from elicense.events import Event, EventKind, Reason
from elicense.lifecycle import State
from elicense.model import Text
from elicense.register import Change, Register, Row


def is_superseded(row: Row, event: Event) -> bool:
    """Tell whether a license is SUPERSEDED where the table judges an event.

    Args:
        row: the license as it was read.
        event: what is about to be recorded of it.
    """
    at = max(event.effective_at, event.recorded_at)
    return row.state_at(at) is State.SUPERSEDED


def voided(
    register: Register, row: Row, history: Sequence[Event], event: Event
) -> Iterator[Change]:
    """Give all that followed as it was read; refuse what is not revoked for good.

    An old version is not restored beside a new one that is or may come into force.

    Args:
        register: where they are kept.
        row: the superseded version that is about to be restored.
        history: its events, as read with the row.
        event: the 恢复.

    Raises:
        IllegalTransitionError: a version that followed is not REVOKED from the instant
            on, for all of its plan after it.
    """
    since = event.effective_at
    if row.successor is not None:
        since = max(since, chain.taken_over(history, row.successor))
    for new in chain.newer(register, row):
        if not chain.is_ended(new.plan, since):
            raise IllegalTransitionError(
                Text(
                    "已被新版本替代的证照，仅在其后各版本自该时起均已终止时方可恢复",
                    "a superseded license is restored only where its successor is"
                    " revoked from then on, and all that follow it",
                )
            )
        yield new.change(new.plan)


def carried(register: Register, row: Row, event: Event) -> Iterator[Event]:
    """Give the suspensions that a voided version leaves to the one that is restored.

    作废 ends a file and not the right: who was held stays held.

    Args:
        register: where they are kept.
        row: the superseded version that is about to be restored.
        event: the 恢复.
    """
    for new in chain.newer(register, row):
        history = [
            item
            for item in register.history(new.identifier)
            if item.kind not in (EventKind.REVOKED, EventKind.SUPERSEDED)
        ]
        begun: Event | None = None
        for span in lifecycle.plan(history):
            instant = max(span.since, event.effective_at)
            held = lifecycle.cause_at(history, instant)
            if held is None or held.kind is not EventKind.SUSPENDED or held == begun:
                continue
            begun = held
            yield replace(
                held,
                identifier=row.identifier,
                effective_at=instant,
                recorded_at=event.recorded_at,
                seq=None,
            )


def beside(register: Register, row: Row, event: Event) -> Iterator[Change]:
    """Give what once stood in its line as it was read; refuse what is in force.

    Args:
        register: where they are kept.
        row: the version to which something is about to happen.
        event: what; only 恢复 asks.

    Raises:
        IllegalTransitionError: such a version is in force, or held, at any time from
            the event's effect on.
    """
    if event.reason is not Reason.RESTORED:
        return
    for other in chain.beside(register, row):
        if chain.is_in_force(other.plan, event.effective_at):
            raise IllegalTransitionError(
                Text(
                    "同一许可的另一版本仍有效或将有效，不能同时恢复本版本",
                    "another version of the same right is in force or will be, and"
                    " this one is not restored beside it",
                )
            )
        yield other.change(other.plan)


def reached(
    register: Register,
    row: Row,
    history: Sequence[Event],
    grounds: Grounds,
    event: Event,
) -> Iterator[tuple[Change, list[Event]]]:
    """Give the other versions, each with the same event, or as it was read without.

    The right is one: were only one version revoked, another would stay valid, or spring
    up valid on its first day. A version whose state does not allow it is left as it is.
    """
    if grounds.reason is Reason.ISSUED_IN_ERROR:
        return
    undone = _undone(history, event.kind)
    for other, same in _same_events(register, row, grounds, event):
        known = register.history(other.identifier)
        is_one = _is_same(undone, _undone(known, event.kind))
        is_one = is_one and not (
            event.kind is EventKind.REINSTATED and is_superseded(other, same)
        )
        try:
            plan = lifecycle.step(known, same)
        except IllegalTransitionError:
            is_one, plan = False, other.plan
        done = lifecycle.repeated(
            known, grounds.reason, grounds.decision, grounds.until, event.recorded_at
        )
        if is_one and done is None:
            yield other.change(plan), [same]
        else:
            yield other.change(other.plan), []


def _same_events(
    register: Register, row: Row, grounds: Grounds, event: Event
) -> Iterator[tuple[Row, Event]]:
    """Give the other versions of a chain, each with what would be recorded of it.

    An earlier version is left out if its time was over before the effect; what is given
    back is given back in all of them.
    """
    for new in chain.newer(register, row):
        yield new, event_of(new, event.kind, grounds, event.recorded_at)
    successor = row.identifier
    for old in chain.older(register, row):
        history = register.history(old.identifier)
        over = event.effective_at >= chain.taken_over(history, successor)
        if over and event.kind is not EventKind.REINSTATED:
            return
        yield old, replace(event, identifier=old.identifier)
        successor = old.identifier


def _undone(history: Sequence[Event], kind: EventKind) -> Event | None:
    """Return the last act on the right that a reinstatement would undo."""
    if kind is not EventKind.REINSTATED:
        return None
    acts = (EventKind.REVOKED, EventKind.SUSPENDED)
    return next((event for event in reversed(history) if event.kind in acts), None)


def _is_same(undone: Event | None, other: Event | None) -> bool:
    """Tell whether two versions' events were one act; where nothing is undone, yes."""
    if undone is None or other is None:
        return undone is other
    return (undone.reason, undone.decision, undone.recorded_at) == (
        other.reason,
        other.decision,
        other.recorded_at,
    )
