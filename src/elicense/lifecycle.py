"""The life of a license: one table, state x event -> state.

Everything that decides a transition stands in this file, and the table in
docs/lifecycle.md is generated from it. A transition that is not in the table is refused
and changes nothing. Expiry is no state: it follows from the license's days, so an
expired license can still be cancelled (注销, 行政许可法 art. 70).
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from elicense import dates
from elicense.errors import IllegalTransitionError
from elicense.events import EventKind, Reason
from elicense.model import Text


class State(enum.StrEnum):
    """What a register row is now."""

    RESERVED = "RESERVED"
    ISSUED = "ISSUED"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"
    SUPERSEDED = "SUPERSEDED"

    @property
    def text(self) -> Text:
        """The state for people."""
        return _STATE_TEXT[self]


_STATE_TEXT = {
    State.RESERVED: Text("已预留", "reserved"),
    State.ISSUED: Text("已签发", "issued"),
    State.SUSPENDED: Text("已暂停", "suspended"),
    State.REVOKED: Text("已终止", "revoked"),
    State.SUPERSEDED: Text("已被新版本替代", "superseded"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One cell of the table: where it leads, and for which reasons."""

    to: State
    reasons: tuple[Reason | None, ...]


def _all(kind: EventKind) -> tuple[Reason | None, ...]:
    return tuple(item for item in Reason if item.kind is kind)


TABLE: Mapping[tuple[State, EventKind], Step] = MappingProxyType(
    {
        (State.RESERVED, EventKind.ISSUED): Step(State.ISSUED, (None,)),
        (State.ISSUED, EventKind.SUSPENDED): Step(
            State.SUSPENDED, _all(EventKind.SUSPENDED)
        ),
        (State.ISSUED, EventKind.REVOKED): Step(State.REVOKED, _all(EventKind.REVOKED)),
        (State.ISSUED, EventKind.SUPERSEDED): Step(
            State.SUPERSEDED, _all(EventKind.SUPERSEDED)
        ),
        (State.SUSPENDED, EventKind.REINSTATED): Step(
            State.ISSUED, _all(EventKind.REINSTATED)
        ),
        (State.SUSPENDED, EventKind.REVOKED): Step(
            State.REVOKED, _all(EventKind.REVOKED)
        ),
        # A review or a court can annul what ended the license (停止执行, 恢复).
        (State.REVOKED, EventKind.REINSTATED): Step(State.ISSUED, (Reason.RESTORED,)),
        # 注销 is also the registration that follows 撤销, 撤回 and 吊销 (art. 70).
        (State.REVOKED, EventKind.REVOKED): Step(State.REVOKED, (Reason.CANCELLED,)),
    }
)


def apply(state: State, event_kind: EventKind, reason: Reason | None = None) -> State:
    """Return the state after an event.

    Not checked: whether this was done already (:func:`is_repeat`), and whether a
    suspension or a later supersession has taken effect meanwhile; pass the state that
    :func:`effective_state` gives.

    Args:
        state: the state now.
        event_kind: what happens.
        reason: why; None where the event has none.

    Raises:
        IllegalTransitionError: the table has no such step, or not for this reason.
            Nothing was changed.
    """
    step = TABLE.get((state, event_kind))
    if step is None:
        raise IllegalTransitionError(
            Text(
                f"{state.text.zh}的证照不能“{event_kind.text.zh}”",
                f"a license that is {state.text.en} can not be {event_kind.text.en}",
            )
        )
    if reason not in step.reasons:
        word = Text("无事由", "no reason") if reason is None else reason.text
        raise IllegalTransitionError(
            Text(
                f"{state.text.zh}的证照不能以“{word.zh}”为由“{event_kind.text.zh}”",
                f"a license that is {state.text.en} can not be {event_kind.text.en}"
                f" with the reason: {word.en}",
            )
        )
    return step.to


def is_repeat(
    state: State,
    kind: EventKind,
    reason: Reason | None = None,
    last: Reason | None = None,
) -> bool:
    """Tell whether an event was done already, so that the caller need do nothing.

    Revoking twice is harmless: a command that was retried asks this first, reports the
    license as revoked and records no second event. A revocation for another reason is
    not a repeat; :func:`apply` then decides.

    Args:
        state: the state now.
        kind: what is asked for.
        reason: why it is asked for.
        last: reason of the last event in the license's history.
    """
    return state is State.REVOKED and kind is EventKind.REVOKED and reason is last


def effective_state(
    state: State,
    suspended_until: date | None,
    at: datetime,
    superseded_from: date | None = None,
) -> State:
    """Return what a stored state means at an instant.

    Args:
        state: the state in the register.
        suspended_until: last day of a suspension, UTC+8, inclusive; after it the
            suspension lapses by itself (暂扣期满).
        at: the instant asked about, aware.
        superseded_from: first day of the new version, UTC+8; until then the old one
            stays what it is, so that an early renewal (延续) leaves no gap.

    Returns:
        SUPERSEDED from ``superseded_from`` on for a license that still lives, ISSUED
        for a suspension that is over, else ``state``.
    """
    today = dates.day_of(at)
    alive = state in (State.ISSUED, State.SUSPENDED)
    if alive and superseded_from is not None and today >= superseded_from:
        return State.SUPERSEDED
    over = suspended_until is not None and today > suspended_until
    if state is State.SUSPENDED and over:
        return State.ISSUED
    return state


def table_markdown() -> str:
    """Return the table of transitions as it stands in docs/lifecycle.md."""
    lines = ["| state | event | reasons | new state |", "|---|---|---|---|"]
    for (state, kind), step in TABLE.items():
        codes = (f"`{item.code}` {item.text.zh}" for item in step.reasons if item)
        reasons = ", ".join(codes) or "-"
        lines.append(
            f"| {state} {state.text.zh} | {kind} {kind.text.zh} | {reasons}"
            f" | {step.to} {step.to.text.zh} |"
        )
    return "\n".join(lines) + "\n"
