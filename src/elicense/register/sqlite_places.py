"""Reservations in a SQLite register: counted, drawn, offered, claimed.

Each function runs inside a transaction of its caller.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import UTC

from elicense import dates
from elicense.errors import ConflictError
from elicense.events import Event, EventKind
from elicense.model import Text
from elicense.register import (
    LIST_CAPACITY,
    LIST_FILL_MAX,
    SALT_BYTES,
    SERIAL_MAX,
    Allocation,
    Claim,
    ListFullError,
    PlaceTakenError,
    ReserveRequest,
    Row,
    columns,
)
from elicense.register.checks import check_digest
from elicense.register.sqlite_file import SqliteFile, refused

KEY = """issuer = ? AND type_name = ? AND operation = ? AND source = ?
    AND source_number = ?"""
ADD_EVENT = """INSERT INTO event (identifier, kind, reason, effective_at, recorded_at,
    until, decision, note, successor) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_ADD = """INSERT INTO license (identifier, issuer, type_name, operation, source,
    source_number, digest, serial, list_id, list_index, salt, instant, number, record)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_HAS_KEY = f"SELECT 1 FROM license WHERE {KEY}"  # noqa: S608  constants only
_HAS_IDENTIFIER = "SELECT 1 FROM license WHERE identifier = ?"
_HAS_PLACE = """SELECT 1 FROM license
    WHERE issuer = ? AND list_id = ? AND list_index = ?"""
_CLASHES = f"{_HAS_KEY} UNION ALL {_HAS_IDENTIFIER} UNION ALL {_HAS_PLACE}"


def allocate(file: SqliteFile, request: ReserveRequest) -> Allocation:
    """Count a serial and a place, draw an index and a salt.

    Raises:
        ListFullError: the list takes no more.
        RegisterError: the year's serials are used up.
    """
    serial = _serials(file, request, 1)[0]
    _fill(file, request.key.issuer, request.list_id, 1)
    return _drawn(file, request, serial, set())


def offer(
    file: SqliteFile, requests: Sequence[ReserveRequest]
) -> tuple[Allocation, ...]:
    """Give places on trial (:meth:`elicense.register.Register.offer`)."""
    wanted = [(item.key.issuer, dates.day_of(item.at).year) for item in requests]
    first = dict(zip(wanted, requests, strict=True))
    serials = {
        place: iter(_serials(file, first[place], count))
        for place, count in Counter(wanted).items()
    }
    given: set[tuple[str, int, int]] = set()
    return tuple(
        _drawn(file, item, next(serials[place]), given)
        for place, item in zip(wanted, requests, strict=True)
    )


def claim(file: SqliteFile, claims: Sequence[Claim]) -> tuple[Row | None, ...]:
    """Reserve offered places (:meth:`elicense.register.Register.claim`).

    Returns:
        The new row of each claim, None where its key is known with the same digest.
    """
    if len({item.request.key for item in claims}) != len(claims):
        raise ValueError("each claim of a set has a key of its own")
    fresh = [item for item in claims if _is_new(file, item)]
    used = Counter((item.request.key.issuer, item.place.list_id) for item in fresh)
    for (issuer, list_id), count in used.items():
        _fill(file, issuer, list_id, count)
    rows = {row.key: row for row in _inserted(file, fresh)}
    return tuple(rows.get(item.request.key) for item in claims)


def is_taken(file: SqliteFile, identifier: str) -> bool:
    """Tell whether a license has this identifier."""
    return bool(file.run(_HAS_IDENTIFIER, (identifier,)))


def add(file: SqliteFile, made: Claim) -> Row:
    """Add one row, which clashes with none, and its first event."""
    return _inserted(file, [made])[0]


def count_up(file: SqliteFile, name: str, after: int = 0, by: int = 1) -> int:
    """Return a counter after ``by`` more, which also lies beyond ``after``."""
    sql = """INSERT INTO counter VALUES (?1, ?2 + ?3) ON CONFLICT (name)
        DO UPDATE SET value = MAX(value + ?3, excluded.value) RETURNING value"""
    return columns.integer(file.run(sql, (name, after, by))[0][0])


def taken() -> ConflictError:
    """Return the error of an identifier that another license has."""
    return ConflictError(
        Text("证照标识已被占用", "the identifier is taken by another license")
    )


def _serials(file: SqliteFile, request: ReserveRequest, count: int) -> list[str]:
    """Count ``count`` serials of the request's issuer and year, in order."""
    year = dates.day_of(request.at).year
    last = count_up(file, f"serial {request.key.issuer} {year}", by=count)
    if last > SERIAL_MAX:
        raise refused(
            Text(f"{year} 年的流水号已用完", f"the serials of {year} are used up")
        )
    return [f"{year}{number:07d}" for number in range(last - count + 1, last + 1)]


def _fill(file: SqliteFile, issuer: str, list_id: int, count: int) -> None:
    if count_up(file, f"list {issuer} {list_id}", by=count) > LIST_FILL_MAX:
        raise ListFullError(list_id)


def _drawn(
    file: SqliteFile,
    request: ReserveRequest,
    serial: str,
    given: set[tuple[str, int, int]],
) -> Allocation:
    """Draw until an index is free; under LIST_FILL_MAX two draws on average.

    ``given`` are the places that were drawn before and are not in the file yet.
    """
    while True:
        index = secrets.randbelow(LIST_CAPACITY)
        place = (request.key.issuer, request.list_id, index)
        if place not in given and not file.run(_HAS_PLACE, place):
            break
    given.add(place)
    return Allocation(
        serial=serial,
        list_id=request.list_id,
        index=index,
        salt=secrets.token_bytes(SALT_BYTES),
        instant=request.at.astimezone(UTC),
    )


def _is_new(file: SqliteFile, item: Claim) -> bool:
    """Tell whether a claim needs a row, or its key has one with the same digest."""
    key, place = columns.key_values(item.request.key), item.place
    spot = (item.request.key.issuer, place.list_id, place.index)
    # One question where, as nearly always, nothing is in the way.
    if not file.run(_CLASHES, (*key, item.identifier, *spot)):
        return True
    known = file.run(f"SELECT digest FROM license WHERE {KEY}", key)  # noqa: S608  constants only
    if known:
        digest = known[0][0]
        check_digest(digest if isinstance(digest, bytes) else b"", item.request.digest)
        return False
    if is_taken(file, item.identifier):
        raise taken()
    raise PlaceTakenError


def _inserted(file: SqliteFile, made: Sequence[Claim]) -> list[Row]:
    """Add rows and their first events; all statements of a kind at once."""
    file.run_all(_ADD, map(_license_values, made))
    reserved = [_reserved(item) for item in made]
    file.run_all(ADD_EVENT, map(columns.event_values, reserved))
    return [
        _row(item, seq)
        for item, seq in zip(made, last_seqs(file, len(made)), strict=True)
    ]


def last_seqs(file: SqliteFile, count: int) -> range:
    """Return the ``seq`` of the last ``count`` events of this transaction.

    AUTOINCREMENT counts by one, and nobody else writes meanwhile.
    """
    if not count:
        return range(0)
    last = columns.integer(file.run("SELECT MAX(seq) FROM event")[0][0])
    return range(last - count + 1, last + 1)


def _license_values(made: Claim) -> tuple[columns.Value, ...]:
    request, place = made.request, made.place
    return (
        made.identifier,
        *columns.key_values(request.key),
        request.digest,
        place.serial,
        place.list_id,
        place.index,
        place.salt,
        columns.seconds(place.instant),
        request.number,
        made.record,
    )


def _reserved(made: Claim) -> Event:
    at = made.place.instant
    return Event(
        identifier=made.identifier,
        kind=EventKind.RESERVED,
        effective_at=at,
        recorded_at=at,
    )


def _row(made: Claim, seq: int) -> Row:
    """Return the row as it is read back."""
    return Row(
        identifier=made.identifier,
        key=made.request.key,
        digest=made.request.digest,
        allocation=made.place,
        seq=seq,
        plan=(),
        number=made.request.number,
        record=made.record,
        token=None,
        pdf=None,
        successor=None,
        previous=None,
    )
