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
from elicense.lifecycle import Plan, Span, State, check_plan
from elicense.model import Text
from elicense.register import (
    Allocation,
    Named,
    Publication,
    RequestKey,
    Reservation,
    Row,
    SealOrder,
    SnapshotMark,
    Status,
)

Value: TypeAlias = str | int | bytes | None
Columns: TypeAlias = Sequence[Value]
T = TypeVar("T")

_NO_SPANS = "[]"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REASONS = {item.code: item for item in Reason}


def decoded(read: Callable[[Columns], T], columns: Columns) -> T:
    """Return what ``read`` makes of a row.

    Raises:
        RegisterError: the columns hold what no register writes.
    """
    try:
        return read(columns)
    except (
        *(ElicenseError, ValueError, LookupError, ArithmeticError),
        *(TypeError, RecursionError),  # of JSON that is well-formed and something else
    ) as err:
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


def named(columns: Columns) -> Named:
    """Read what a number names: identifier, key, plan, successor: nine columns."""
    identifier, issuer, type_name, operation, source, number = columns[:6]
    issued_at, spans, successor = columns[6:9]
    return Named(
        identifier=text(identifier),
        key=RequestKey(
            text(issuer), text(type_name), text(operation), text(source), text(number)
        ),
        plan=_plan(issued_at, text(spans)),
        successor=None if successor is None else text(successor),
    )


def row(columns: Columns) -> Row:
    """Read a reservation and what became of it: 22 columns."""
    first = reservation(columns)
    issued_at, spans, seq, number = columns[13:17]
    token, pdf, successor, previous = columns[17:21]
    return Row(
        identifier=first.identifier,
        key=first.key,
        digest=first.digest,
        allocation=first.allocation,
        seq=integer(seq),
        plan=_plan(issued_at, text(spans)),
        number=text(number),
        record=first.record,
        token=None if token is None else _bytes(token),
        pdf=None if pdf is None else _bytes(pdf),
        successor=None if successor is None else text(successor),
        previous=None if previous is None else text(previous),
        is_ordered=bool(integer(columns[21])),
    )


def seal_order(columns: Columns) -> SealOrder:
    """Read an order: seven columns."""
    identifier, request_id, token, pdf, grounds, sent_at, task = columns
    return SealOrder(
        identifier=text(identifier),
        request_id=text(request_id),
        token=_bytes(token),
        pdf=None if pdf is None else _bytes(pdf),
        grounds=text(grounds),
        sent_at=None if sent_at is None else instant_of(sent_at),
        task=text(task),
    )


def plan_values(plan: Plan) -> tuple[int | None, list[tuple[int, str]]]:
    """Return the instant of issue, and the spans that are more than that.

    A license to which nothing happened has no span, so that a status list is made from
    those alone to which something did. A plan has at least one span.
    """
    if not plan:
        return None, []
    spans = [(seconds(span.since), span.state.value) for span in plan]
    plain = plan[0].state is State.ISSUED
    return spans[0][0], spans[1:] if plain else spans


def _plan(issued_at: Value, spans: str) -> Plan:
    """Read what :func:`plan_values` gave; ``spans`` is JSON, in any order."""
    if spans == _NO_SPANS:
        return () if issued_at is None else (Span(instant_of(issued_at), State.ISSUED),)
    found = [
        Span(instant_of(since), State(text(state)))
        for since, state in sorted(json.loads(spans))
    ]
    born = instant_of(issued_at)  # spans without an issue are an error here
    if found[0].since > born:
        found.insert(0, Span(born, State.ISSUED))
    check_plan(tuple(found))
    return tuple(found)


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
    """Read index and state."""
    index, state = columns
    return integer(index), State(text(state))


def issued(columns: Columns) -> tuple[int, bytes]:
    """Read the event of an issue and the token."""
    seq, token = columns
    return integer(seq), _bytes(token)


def snapshot_mark(columns: Columns) -> SnapshotMark:
    """Read the mark of a snapshot's columns: three columns."""
    sha256, event_seq, count = columns
    return SnapshotMark(_bytes(sha256), integer(event_seq), integer(count))


def publication(columns: Columns) -> Publication:
    """Read number, instant, event and bundle."""
    number, at, event_seq, bundle = columns
    return Publication(
        integer(number), instant_of(at), integer(event_seq), _bytes(bundle)
    )


def is_storable(values: Columns) -> bool:
    """Tell whether each text can be written as UTF-8: a lone surrogate cannot.

    What cannot be written was never stored, so that nothing is found under it.
    """
    texts = (value for value in values if isinstance(value, str))
    return not any("\ud800" <= sign <= "\udfff" for text_ in texts for sign in text_)


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
