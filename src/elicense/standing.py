"""Where a license stands at an instant: by its events, its days and its duties.

The answer that a validator with a fresh status list would give, taken from the register
instead. It says nothing of keys, seals and trust.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from elicense import dates, lifecycle
from elicense.events import Event
from elicense.lifecycle import State
from elicense.model import Checkpoint, Validity
from esign.verdict import Check, Code, decide

_CODES = {
    State.REVOKED: Code.REVOKED,
    State.SUPERSEDED: Code.SUPERSEDED,
    State.SUSPENDED: Code.SUSPENDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a license is at an instant.

    Attributes:
        state: by its events; RESERVED where it was not issued yet.
        code: what a validator would answer, None where it was not issued yet.
        successor: identifier of the new version, where it is SUPERSEDED.
        event: the event that made it so, None where it was not issued yet.
    """

    state: State
    code: Code | None
    successor: str | None
    event: Event | None


def standing(
    draft_validity: Validity,
    checkpoints: tuple[Checkpoint, ...],
    events: Sequence[Event],
    at: datetime,
) -> Standing:
    """Return where a license stands at an instant.

    Args:
        draft_validity: its civil days, UTC+8, both inclusive.
        checkpoints: duties with their last days; the earliest that was missed ends it.
        events: what counts, in the order in which it was recorded: all events for
            "valid at", those recorded by ``at`` for "known at".
        at: any aware instant of the years 1 to 9999.
    """
    state = lifecycle.state_at(lifecycle.plan(events), at)
    if state is State.RESERVED:
        return Standing(state=state, code=None, successor=None, event=None)
    cause = lifecycle.cause_at(events, at)
    causes = [_CODES[state]] if state in _CODES else []
    causes += _by_days(draft_validity, checkpoints, at)
    checks = [Check.failed("standing", code, "") for code in causes]
    return Standing(
        state=state,
        code=decide([Check.passed("issued"), *checks]),
        successor=None if cause is None else cause.successor,
        event=cause,
    )


def _by_days(
    validity: Validity, checkpoints: tuple[Checkpoint, ...], at: datetime
) -> Iterator[Code]:
    """Give what the days say, as instants: the last hours of 9999 have no day."""
    if validity.valid_until and at >= dates.end_after(validity.valid_until):
        yield Code.EXPIRED
    if any(at >= dates.end_after(checkpoint.due) for checkpoint in checkpoints):
        yield Code.LAPSED
    if at < dates.start_of(validity.valid_from):
        yield Code.NOT_YET_VALID
