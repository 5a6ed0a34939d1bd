"""The versions of one right, as a register holds them.

A version names the one that it follows in its record, and for ever. The register links
an old version to its successor for as long as the one stands in the other's place; 恢复
of the old version takes the link away. What is linked is a chain; what was ever linked
is a family, in which at most one version is in force.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from elicense import lifecycle, record
from elicense.events import Event
from elicense.lifecycle import Plan, State
from elicense.register import Register, Row

_IN_FORCE = frozenset({State.ISSUED, State.SUSPENDED})


def newer(register: Register, row: Row) -> Iterator[Row]:
    """Give the versions that follow a row in its chain, oldest first.

    Args:
        register: where they are kept.
        row: the version to start from; it is not given.
    """
    name = row.successor
    while name is not None:
        row = register.get(name)
        yield row
        name = row.successor


def older(register: Register, row: Row) -> Iterator[Row]:
    """Give the versions before a row in its chain, newest first.

    Args:
        register: where they are kept.
        row: the version to start from; it is not given.
    """
    name = row.previous
    while name is not None:
        row = register.get(name)
        yield row
        name = row.previous


def beside(register: Register, row: Row) -> tuple[Row, ...]:
    """Return the row's family without its chain: what once stood in its line.

    Found through what each record names and each history named, so that a version
    which was voided, and the one that was restored in its stead, see each other.

    Args:
        register: where they are kept.
        row: the version to start from.
    """
    chain = {row.identifier}
    chain |= {one.identifier for one in newer(register, row)}
    chain |= {one.identifier for one in older(register, row)}
    found: dict[str, Row] = {}
    names = [row.identifier]
    while names:
        name = names.pop()
        if name in found:
            continue
        found[name] = register.get(name)
        names += _relatives(found[name], register.history(name))
    return tuple(one for name, one in found.items() if name not in chain)


def _relatives(row: Row, history: Sequence[Event]) -> Iterator[str]:
    before = record.decode(row.record)[0].previous
    names = (before, row.previous, *(event.successor for event in history))
    return (name for name in names if name is not None)


def taken_over(history: Sequence[Event], successor: str) -> datetime:
    """Return from when a successor stands in the place of an old version.

    Args:
        history: the old version's events, in the order in which they were recorded.
        successor: identifier of the version that the old one names.

    Raises:
        ValueError: no event names it.
    """
    for event in reversed(history):
        if event.successor == successor:
            return event.effective_at
    raise ValueError("the history names no such successor")


def is_in_force(plan: Plan, since: datetime) -> bool:
    """Tell whether a version is in force, or held, at any time from an instant on.

    Does NOT ask for its days: one that has expired may be corrected.

    Args:
        plan: of one version.
        since: an aware instant.
    """
    return bool(states(plan, since) & _IN_FORCE)


def is_ended(plan: Plan, since: datetime) -> bool:
    """Tell whether a version is REVOKED at an instant and for all of its plan after.

    Args:
        plan: of one version.
        since: an aware instant.
    """
    return states(plan, since) == {State.REVOKED}


def states(plan: Plan, since: datetime) -> set[State]:
    """Return all that a version is at an instant and after it.

    Args:
        plan: of one version.
        since: an aware instant.
    """
    later = {span.state for span in plan if span.since > since}
    return later | {lifecycle.state_at(plan, since)}
