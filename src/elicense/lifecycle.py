"""The life of a license: one table, and what the recorded events mean over time.

Everything that decides a transition stands in this file, and the table in
docs/lifecycle.md is generated from it. A transition that is not in the table is refused
and changes nothing. Expiry is no state: it follows from the license's days, so an
expired license can still be cancelled (注销, 行政许可法 art. 70).

The events are the truth. What they mean by effect is a plan: the states of the license
one after the other, past and to come. Nobody has to act on the day on which a state
begins or ends.
"""

import enum
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby, pairwise
from types import MappingProxyType
from typing import TypeAlias

from elicense import dates
from elicense.errors import IllegalTransitionError
from elicense.events import Decision, Event, EventKind, Reason, check_instant
from elicense.model import Text


class State(enum.StrEnum):
    """What a license is at an instant.

    RESERVED and AWAITING_SEAL: not issued yet.
    """

    RESERVED = "RESERVED"
    AWAITING_SEAL = "AWAITING_SEAL"
    ISSUED = "ISSUED"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"
    SUPERSEDED = "SUPERSEDED"

    @property
    def text(self) -> Text:
        """The state for people."""
        return _STATE_TEXT[self]


UNISSUED = frozenset({State.RESERVED, State.AWAITING_SEAL})
"""The states before a license is one; the public knows of neither."""
_STATE_TEXT = {
    State.RESERVED: Text("已预留", "reserved"),
    State.AWAITING_SEAL: Text("待签章", "awaiting its seal"),
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
        # A seal platform seals in its own time (docs/seal-platforms.md).
        (State.RESERVED, EventKind.SEAL_REQUESTED): Step(State.AWAITING_SEAL, (None,)),
        (State.AWAITING_SEAL, EventKind.ISSUED): Step(State.ISSUED, (None,)),
        (State.ISSUED, EventKind.SUSPENDED): Step(
            State.SUSPENDED, _all(EventKind.SUSPENDED)
        ),
        (State.ISSUED, EventKind.REVOKED): Step(State.REVOKED, _all(EventKind.REVOKED)),
        (State.ISSUED, EventKind.SUPERSEDED): Step(
            State.SUPERSEDED, _all(EventKind.SUPERSEDED)
        ),
        # A second 暂扣 while the first holds adds to it and never shortens it.
        (State.SUSPENDED, EventKind.SUSPENDED): Step(
            State.SUSPENDED, _all(EventKind.SUSPENDED)
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
        # 撤销 may reach back into the time in which the old version was in force.
        (State.SUPERSEDED, EventKind.REVOKED): Step(State.REVOKED, (Reason.RESCINDED,)),
        # A new version that was voided must not leave the holder without a license;
        # elicense.changing looks at the successor, which is not in this table.
        (State.SUPERSEDED, EventKind.REINSTATED): Step(
            State.ISSUED, (Reason.RESTORED,)
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Span:
    """What a license is from an instant on, until the next span of its plan.

    Attributes:
        since: first instant, aware, UTC, whole seconds.
        state: never RESERVED, nor AWAITING_SEAL.
    """

    since: datetime
    state: State


# Ascending; neighbours differ; the last one has no end; empty before the issue.
Plan: TypeAlias = tuple[Span, ...]


def check_plan(plan: Plan) -> None:
    """Raise ValueError unless the spans have the one form of a :data:`Plan`."""
    for span in plan:
        check_instant(span.since)
        if span.state in UNISSUED:
            raise ValueError("a plan begins when the license is issued")
    for one, two in pairwise(plan):
        if one.since >= two.since or one.state is two.state:
            raise ValueError("a plan ascends, and each span differs from the last")


def plan(events: Iterable[Event]) -> Plan:
    """Return what the events of one license mean over time, by effect.

    Each event touches its own layer from its ``effective_at`` on: a revocation the
    revoked one, a suspension the suspended one (to the end of its last day), a new
    version the superseded one. 发还 clears the suspended layer; 恢复 the revoked and
    the suspended one, and the superseded one where it is the new version that was
    voided. Of the layers at an instant the first of revoked, superseded, suspended
    gives the state. So a later decision never has to know of an earlier one that is
    still to come.

    Total over any events, in whatever order their effects lie. Not checked: whether
    the table allows them (:func:`step`).

    Args:
        events: those of one license, in the order in which they were recorded.

    Returns:
        The states from the license's issue on; empty before it was issued.
    """
    return _fold(events).plan()


def state_at(plan: Plan, at: datetime) -> State:
    """Return the state at an instant; RESERVED where it was not issued yet.

    Args:
        plan: of one license.
        at: an aware instant.
    """
    place = bisect_right(plan, at, key=_since)
    return plan[place - 1].state if place else State.RESERVED


def state_by(events: Iterable[Event], at: datetime) -> State:
    """Return the state at an instant by the events, also before the issue.

    Args:
        events: those of one license, in the order in which they were recorded.
        at: an aware instant.
    """
    return _fold(events).state(at)


def next_change(plan: Plan, at: datetime) -> datetime | None:
    """Return the first instant after ``at`` at which the state changes, None for none.

    Args:
        plan: of one license.
        at: an aware instant.
    """
    place = bisect_right(plan, at, key=_since)
    return plan[place].since if place < len(plan) else None


def cause_at(events: Iterable[Event], at: datetime) -> Event | None:
    """Return the event by which a license is what it is at an instant.

    A license in force rests on its issue, or on the last 发还 or 恢复 by then.

    Args:
        events: those of one license, in the order in which they were recorded.
        at: an aware instant.

    Returns:
        None before it was issued.
    """
    return _fold(events).cause(at)


def step(history: Sequence[Event], event: Event) -> Plan:
    """Check an event against the table and return the plan with it.

    What counts is the state at the later of effect and record: a decision of today for
    the first of June meets the license as it will be then, and one that reaches back
    meets it as it is today. Not checked: whether it was recorded already
    (:func:`repeated`), and what only other licenses show (:mod:`elicense.changing`).

    Args:
        history: the license's events, in the order in which they were recorded.
        event: the one that is about to be recorded.

    Raises:
        IllegalTransitionError: the table has no such step, or not for this reason.
            Nothing was changed.
    """
    life = _fold(history)
    _check(life.state(_judged_at(event)), event.kind, event.reason)
    life.record(event)
    return life.plan()


def _check(state: State, kind: EventKind, reason: Reason | None) -> None:
    found = TABLE.get((state, kind))
    if found is None:
        raise IllegalTransitionError(
            Text(
                f"{state.text.zh}的证照不能“{kind.text.zh}”",
                f"a license that is {state.text.en} can not be {kind.text.en}",
            )
        )
    if reason not in found.reasons:
        word = Text("无事由", "no reason") if reason is None else reason.text
        raise IllegalTransitionError(
            Text(
                f"{state.text.zh}的证照不能以“{word.zh}”为由“{kind.text.zh}”",
                f"a license that is {state.text.en} can not be {kind.text.en}"
                f" with the reason: {word.en}",
            )
        )


# What a kind of event makes of a license; the layers in their order of precedence.
_LAYERS = (State.REVOKED, State.SUPERSEDED, State.SUSPENDED)
_LAYER_OF = {
    EventKind.REVOKED: State.REVOKED,
    EventKind.SUPERSEDED: State.SUPERSEDED,
    EventKind.SUSPENDED: State.SUSPENDED,
}
_Layer: TypeAlias = list[tuple[datetime, Event | None]]


@dataclass(slots=True)
class _Life:
    """The layers of one license while its events are read in their order.

    A layer is a list of steps, ascending: from when on, and the event by which it is
    set, None where it is clear.
    """

    issued: Event | None = None
    requested: Event | None = None
    layers: dict[State, _Layer] = field(
        default_factory=lambda: {state: [] for state in _LAYERS}
    )
    returns: list[Event] = field(default_factory=list)

    def record(self, event: Event) -> None:
        layer = _LAYER_OF.get(event.kind)
        if layer is not None:
            last = event.until
            end = None if last is None else dates.end_after(last)
            _put(self.layers[layer], event, event.effective_at, end)
        elif event.kind is EventKind.REINSTATED:
            for state in self._cleared(event):
                _put(self.layers[state], None, event.effective_at, None)
            self.returns.append(event)
        elif event.kind is EventKind.ISSUED:
            self.issued = event
        elif event.kind is EventKind.SEAL_REQUESTED:
            self.requested = event

    def _cleared(self, event: Event) -> tuple[State, ...]:
        """Return the layers that a 发还 or 恢复 clears.

        A license that a court gives back stays superseded by a version that lives.
        """
        if event.reason is not Reason.RESTORED:
            return (State.SUSPENDED,)
        if self.state(_judged_at(event)) is State.SUPERSEDED:
            return _LAYERS
        return (State.REVOKED, State.SUSPENDED)

    def state(self, at: datetime) -> State:
        if self.issued is None or at < self.issued.effective_at:
            asked = self.requested is not None and self.requested.effective_at <= at
            return State.AWAITING_SEAL if asked else State.RESERVED
        found = (state for state in _LAYERS if _value(self.layers[state], at))
        return next(found, State.ISSUED)

    def cause(self, at: datetime) -> Event | None:
        state = self.state(at)
        if state in self.layers:
            return _value(self.layers[state], at)
        if state in UNISSUED:
            return self.requested if state is State.AWAITING_SEAL else None
        back = (event for event in reversed(self.returns) if event.effective_at <= at)
        return next(back, self.issued)

    def plan(self) -> Plan:
        if self.issued is None:
            return ()
        born = self.issued.effective_at
        later = {
            since
            for layer in self.layers.values()
            for since, _ in layer
            if since > born
        }
        spans = [
            Span(since.astimezone(UTC), self.state(since))
            for since in sorted({born, *later})
        ]
        return tuple(next(same) for _, same in groupby(spans, lambda one: one.state))


def _fold(events: Iterable[Event]) -> _Life:
    life = _Life()
    for event in events:
        life.record(event)
    return life


def _judged_at(event: Event) -> datetime:
    if event.kind is EventKind.SUPERSEDED:
        return event.effective_at
    return max(event.effective_at, event.recorded_at)


def _put(
    layer: _Layer, event: Event | None, since: datetime, end: datetime | None
) -> None:
    """Set a layer from ``since`` to before ``end``, and leave the rest of it.

    The end lies after ``since``: an event checks that of its last day.
    """
    kept = [one for one in layer if one[0] < since]
    kept.append((since, event))
    if end is not None:
        kept.append((end, _value(layer, end)))
        kept += [one for one in layer if one[0] > end]
    layer[:] = kept


def _value(layer: _Layer, at: datetime) -> Event | None:
    place = bisect_right(layer, at, key=_begin)
    return layer[place - 1][1] if place else None


def _begin(one: tuple[datetime, Event | None]) -> datetime:
    return one[0]


def _since(span: Span) -> datetime:
    return span.since


# What an act is looked for after: the last event that undid it, or did the contrary.
_UNDONE_BY: Mapping[EventKind, frozenset[EventKind]] = {
    EventKind.REVOKED: frozenset({EventKind.REINSTATED}),
    EventKind.SUSPENDED: frozenset({EventKind.REINSTATED}),
    EventKind.REINSTATED: frozenset({EventKind.SUSPENDED, EventKind.REVOKED}),
}


def repeated(
    history: Sequence[Event],
    reason: Reason,
    decision: Decision | None,
    until: date | None,
    at: datetime,
) -> Event | None:
    """Return the event that did already what is asked for, None if none did.

    A command that was retried asks this first and records nothing, so that the first
    time is kept. It is the same act if it has the same reason, the same last day and
    the same decision, and was not undone since. Where no decision is given any one
    serves, once the act has taken effect.

    Args:
        history: the license's events, in the order in which they were recorded.
        reason: why it is asked for; its kind is what is asked for.
        decision: the document, if there is one.
        until: last day of a suspension, UTC+8.
        at: the instant of asking, aware.
    """
    undoing = _UNDONE_BY.get(reason.kind, frozenset())
    if reason is Reason.RESTORED:
        undoing |= {EventKind.SUPERSEDED}
    for event in reversed(history):
        if event.kind in undoing and _undoes(event, reason):
            return None
        if (event.reason, event.until) != (reason, until):
            continue
        in_effect = decision is None and event.effective_at <= at
        if in_effect or (decision is not None and event.decision == decision):
            return event
    return None


def _undoes(event: Event, reason: Reason) -> bool:
    """Tell whether an event of an undoing kind reaches an act of this reason.

    发还 gives back what was held, and leaves a revocation.
    """
    return reason.kind is not EventKind.REVOKED or event.reason is Reason.RESTORED


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
