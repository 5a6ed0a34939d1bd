"""How the port's values stand in the columns of a table; no statement lives here.

Instants are integer seconds UTC, days ISO 8601 texts, a decision is JSON, the rest is
as it is. What a driver reads goes through :func:`decoded`: a file that someone else
wrote into gives RegisterError and never a half-right value.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias, TypeVar

from elicense import dates
from elicense.errors import ElicenseError, RegisterError
from elicense.events import Decision, Event, EventKind, Reason
from elicense.lifecycle import State
from elicense.model import Text
from elicense.register import (
    Allocation,
    Publication,
    RequestKey,
    Reservation,
    Row,
    Status,
)

Value: TypeAlias = str | int | bytes | None
Columns: TypeAlias = Sequence[Value]
T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REASONS = {item.code: item for item in Reason}


def decoded(read: Callable[[Columns], T], columns: Columns) -> T:
    """Return what ``read`` makes of a row.

    Raises:
        RegisterError: the columns hold what no register writes.
    """
    try:
        return read(columns)
    except (ElicenseError, ValueError, LookupError, ArithmeticError) as err:
        raise RegisterError(
            Text(
                "登记库内容已损坏，请从备份恢复",
                "the register is damaged: a row holds what no register writes",
            )
        ) from err


def key_values(key: RequestKey) -> tuple[str, ...]:
    """Return the five columns of a request's key."""
    return (key.issuer, key.type_name, key.operation, key.source, key.number)


def reservation(columns: Columns) -> Reservation:
    """Read key, digest, allocation, identifier and record: 13 columns."""
    issuer, type_name, operation, source, number, digest = columns[:6]
    serial, list_id, index, salt, instant = columns[6:11]
    identifier, record = columns[11:13]
    return Reservation(
        key=RequestKey(
            text(issuer), text(type_name), text(operation), text(source), text(number)
        ),
        digest=_bytes(digest),
        allocation=Allocation(
            text(serial),
            integer(list_id),
            integer(index),
            _bytes(salt),
            instant_of(instant),
        ),
        identifier=text(identifier),
        record=_bytes(record),
    )


def row(columns: Columns) -> Row:
    """Read a reservation and what became of it: 21 columns."""
    first = reservation(columns)
    state, until, superseded_from, number = columns[13:17]
    token, pdf, successor, previous = columns[17:21]
    return Row(
        identifier=first.identifier,
        key=first.key,
        digest=first.digest,
        allocation=first.allocation,
        state=State(text(state)),
        suspended_until=_day(until),
        number=text(number),
        record=first.record,
        token=None if token is None else _bytes(token),
        pdf=None if pdf is None else _bytes(pdf),
        successor=None if successor is None else text(successor),
        previous=None if previous is None else text(previous),
        superseded_from=_day(superseded_from),
    )


def event(columns: Columns) -> Event:
    """Read an event: ten columns, ``seq`` first."""
    seq, identifier, kind, reason, effective_at, recorded_at = columns[:6]
    until, decision, note, successor = columns[6:10]
    return Event(
        seq=integer(seq),
        identifier=text(identifier),
        kind=EventKind(text(kind)),
        reason=None if reason is None else _REASONS[text(reason)],
        effective_at=instant_of(effective_at),
        recorded_at=instant_of(recorded_at),
        until=_day(until),
        decision=None if decision is None else _decision(text(decision)),
        note=text(note),
        successor=None if successor is None else text(successor),
    )


def event_values(event: Event) -> tuple[Value, ...]:
    """Return the nine columns of an event, without ``seq``."""
    decision = event.decision
    return (
        event.identifier,
        event.kind.value,
        None if event.reason is None else event.reason.code,
        seconds(event.effective_at),
        seconds(event.recorded_at),
        day_text(event.until),
        (
            None
            if decision is None
            else json.dumps(decision.to_json(), ensure_ascii=False)
        ),
        event.note,
        event.successor,
    )


def status(columns: Columns) -> Status:
    """Read index, state and last day of a suspension."""
    index, state, until = columns
    return integer(index), State(text(state)), _day(until)


def schedule(columns: Columns) -> tuple[int, date]:
    """Read index and first day of the successor."""
    index, day = columns
    return integer(index), dates.parse_day(text(day))


def publication(columns: Columns) -> Publication:
    """Read number, instant, event and bundle."""
    number, at, event_seq, bundle = columns
    return Publication(
        integer(number), instant_of(at), integer(event_seq), _bytes(bundle)
    )


def integer(value: Value) -> int:
    """Read an integer; ValueError for anything else."""
    if not isinstance(value, int):
        raise ValueError("expected an integer")  # noqa: TRY004  decoded() takes it
    return value


def text(value: Value) -> str:
    """Read a text; ValueError for anything else."""
    if not isinstance(value, str):
        raise ValueError("expected a text")  # noqa: TRY004  decoded() takes it
    return value


def instant_of(value: Value) -> datetime:
    """Read an instant, UTC; OverflowError outside the years 1 to 9999."""
    return _EPOCH + timedelta(seconds=integer(value))


def seconds(at: datetime) -> int:
    """Return an instant as integer seconds; it has no fraction (check_instant)."""
    return (at - _EPOCH) // timedelta(seconds=1)


def day_text(day: date | None) -> str | None:
    """Return a day as ISO 8601 text, None for none."""
    return None if day is None else day.isoformat()


def _decision(value: str) -> Decision:
    try:
        return Decision.parse(json.loads(value))
    except RecursionError as err:
        raise ValueError("a decision is not nested") from err


def _bytes(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("expected bytes")  # noqa: TRY004  decoded() takes it
    return value


def _day(value: Value) -> date | None:
    return None if value is None else dates.parse_day(text(value))
