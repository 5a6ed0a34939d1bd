"""The take-over: when a new version stands in an old one's place, and may not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from elicense import dates, lifecycle
from elicense.changing.grounds import (
    Grounds,
    event_of,
    moment,
    refuse_undecided,
    start_of_row,
)
from elicense.errors import IllegalTransitionError
from elicense.events import Event, EventError, EventKind
from elicense.lifecycle import Span, State
from elicense.model import Text
from elicense.register import Change, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """What is to take an old version's place.

    Attributes:
        identifier: of the new version.
        first_day: its first valid day, UTC+8.
        issued_at: from when it is issued by effect, whole seconds UTC.
    """

    identifier: str
    first_day: date
    issued_at: datetime

    @property
    def begin(self) -> datetime:
        """Its own start, at which it takes the old one's place; UTC."""
        return max(dates.start_of(self.first_day), self.issued_at)


class DecidedError(IllegalTransitionError):
    """What was decided of the old version would not reach the new one.

    Attributes:
        state: what the old version is or will be.
        since: from when on.
    """

    def __init__(self, span: Span) -> None:
        """Keep what was decided, and from when."""
        since, state = moment(span.since), span.state
        super().__init__(
            Text(
                f"已决定原证照自 {since} 起{state.text.zh}，该决定不及于新版本；"
                "新版本须在其结束后开始，或先依法撤销该决定",
                f"it is decided that the old version is {state.text.en} from {since},"
                " which would not reach the new one; let that begin after it, or have"
                " the decision undone first",
            )
        )
        self.state = state
        self.since = span.since
        self.args = (span,)


def superseding(
    old: Row,
    history: Sequence[Event],
    new: NewVersion,
    grounds: Grounds,
    at: datetime,
) -> tuple[Change, Event]:
    """Return the change and the event by which a new version takes an old one's place.

    Pure. The take-over is at the new version's own start: no day has two versions, and
    none is without one. Refused: 1. a decision that is not made yet, or that holds only
    from after the take-over; 2. a take-over before the old version's own, where that
    one follows another; 3. an old version that is not in force then; 4. one for which a
    suspension or an end is decided from a later day on, since it would not reach the
    new one. Not checked: whether the new version is in force.

    Args:
        old: the row of the old version.
        history: its events, as read with the row.
        new: what takes its place.
        grounds: why; a reason of the kind SUPERSEDED.
        at: the run's instant, whole seconds UTC.

    Raises:
        IllegalTransitionError: the old version can not be superseded then.
        EventError: the grounds lack what their reason requires, or their decision's
            days do not fit.
    """
    refuse_undecided(grounds, at)
    _refuse_late(grounds, new.begin)
    event = event_of(old, EventKind.SUPERSEDED, grounds, at, successor=new.identifier)
    event = replace(event, effective_at=new.begin)
    _refuse_overtaking(old, new.begin)
    plan = lifecycle.step(history, event)
    for span in lifecycle.plan(history):
        decided = span.state in (State.REVOKED, State.SUSPENDED)
        if decided and span.since >= new.begin:
            raise DecidedError(span)
    return old.change(plan, successor=new.identifier), event


def _refuse_late(grounds: Grounds, begin: datetime) -> None:
    """Refuse a decision that would let the new version wait."""
    decision = grounds.decision
    since = None if decision is None else decision.effective_at
    if since is None or since <= begin:
        return
    raise EventError(
        Text(
            f"决定自 {moment(since)} 起生效，晚于新版本的起始；"
            "请将有效期起（valid_from）填为生效当日",
            f"the decision holds from {moment(since)}, after the new version begins;"
            " make valid_from the day of effect",
        )
    )


def _refuse_overtaking(old: Row, begin: datetime) -> None:
    """Refuse a start before that of an old version which waits for its own.

    The one before it stays in force until then, and would be beside the newest.
    """
    if old.previous is None:
        return
    own = start_of_row(old)
    if begin >= own:
        return
    raise IllegalTransitionError(
        Text(
            f"原证照自身自 {moment(own)} 起才替代前一版本，"
            "新版本的有效期起（valid_from）不能早于该日",
            f"the old version itself takes its place from {moment(own)} on, and the"
            " new one's valid_from can not lie before that",
        )
    )
