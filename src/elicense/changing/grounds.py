"""Why something is done, and the event that this makes of a license."""

from dataclasses import dataclass, field
from datetime import date, datetime

from elicense import dates
from elicense.errors import ElicenseError
from elicense.events import (
    Decision,
    Event,
    EventError,
    EventKind,
    Reason,
    effective_instant,
)
from elicense.model import Text
from elicense.record import decode
from elicense.register import Row


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
    note: str = field(default="", repr=False)
    until: date | None = None


def refuse_undecided(grounds: Grounds, at: datetime) -> None:
    """Refuse a decision that is not made yet; its effect may lie ahead.

    Args:
        grounds: why something is done.
        at: the run's instant, aware.

    Raises:
        EventError: the decision's date lies after the day of ``at``.
    """
    if grounds.decision is not None and grounds.decision.date > dates.day_of(at):
        raise EventError(
            Text(
                "决定日期（date）在将来；请在作出决定后办理",
                "the decision's date lies in the future; do this once it is made",
            )
        )


def refuse_over(grounds: Grounds, at: datetime) -> None:
    """Refuse a suspension that would be over already.

    Args:
        grounds: why something is done.
        at: the run's instant, aware.

    Raises:
        ElicenseError: its last day lies before the day of ``at``.
    """
    if grounds.until is not None and grounds.until < dates.day_of(at):
        raise ElicenseError(
            Text(
                "暂扣截止日早于今天",
                "the last day of the suspension lies before today",
            )
        )


def event_of(
    row: Row,
    kind: EventKind,
    grounds: Grounds,
    at: datetime,
    successor: str | None = None,
) -> Event:
    """Return what is recorded of one license on these grounds.

    Args:
        row: the license.
        kind: what happens to it.
        grounds: why.
        at: when it is recorded, whole seconds UTC.
        successor: identifier of the new version, for SUPERSEDED.

    Raises:
        EventError: the grounds lack what their reason requires.
    """
    return Event(
        identifier=row.identifier,
        kind=kind,
        effective_at=effective_instant(
            grounds.reason, grounds.decision, start_of_row(row), at
        ),
        recorded_at=at,
        reason=grounds.reason,
        until=grounds.until,
        decision=grounds.decision,
        note=grounds.note,
        successor=successor,
    )


def start_of_row(row: Row) -> datetime:
    """Return the first instant of a license: it may be issued before its first day.

    A new version's own start is that at which it takes the old one's place.

    Args:
        row: the license.
    """
    license_ = decode(row.record)[0]
    start = dates.start_of(license_.draft.validity.valid_from)
    spans = [span.since for span in row.plan[:1]]
    first = license_.previous is None and row.previous is None
    return min([start, *spans]) if first else max([start, *spans])


def first_day(row: Row) -> date:
    """Return a license's first valid day, UTC+8.

    Args:
        row: the license.
    """
    return decode(row.record)[0].draft.validity.valid_from


def moment(at: datetime) -> str:
    """Return an instant as a message shows it, UTC+8.

    Args:
        at: an aware instant.
    """
    return f"{at.astimezone(dates.CHINA):%Y-%m-%d %H:%M}"
