"""Taking over another organ's licenses into one SQLite register.

Runs inside a transaction of the caller. One license at a time is held in memory,
however many there are.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from elicense.errors import ConflictError, NotFoundError
from elicense.events import Event
from elicense.model import Text
from elicense.register import Adopted, Row, columns
from elicense.register.checks import check_adopted
from elicense.register.sqlite_file import SqliteFile

if TYPE_CHECKING:
    from elicense.register.sqlite import SqliteRegister

_EVENT = """identifier, kind, reason, effective_at, recorded_at, until, decision, note,
    successor"""
_TAKEN = """SELECT identifier FROM license WHERE identifier = ?1
    OR (issuer = ?2 AND type_name = ?3 AND operation = ?4 AND source = ?5
        AND source_number = ?6)
    OR (issuer = ?2 AND serial = ?7)
    OR (issuer = ?2 AND list_id = ?8 AND list_index = ?9)
    OR successor = ?10"""
_LOST = """SELECT 1 FROM (SELECT successor FROM license UNION ALL
        SELECT successor FROM adopted) AS named
    WHERE named.successor IS NOT NULL AND NOT EXISTS
        (SELECT 1 FROM license WHERE license.identifier = named.successor) LIMIT 1"""


def adopt(
    register: "SqliteRegister", file: SqliteFile, entries: Iterable[Adopted]
) -> int:
    """Copy licenses and their events (:meth:`elicense.register.Register.adopt`)."""
    # A version may come before the one that supersedes it.
    file.run("PRAGMA defer_foreign_keys = ON")
    file.run(f"CREATE TEMP TABLE adopted (seq, {_EVENT})")
    file.run("CREATE INDEX temp.adopted_by_license ON adopted (identifier)")
    count = 0
    for entry in entries:
        check_adopted(entry)
        row, events = entry
        if _is_known(file, row):
            events = _missing(register, entry)
            if events:
                _follow(file, row)
        else:
            _insert(file, row)
            count += 1
        for event in events:
            _keep(file, event)
    if file.run(_LOST):
        raise NotFoundError(
            Text(
                "接收的证照中缺少某一证照的新版本",
                "the version that supersedes one of the licenses is missing",
            )
        )
    file.run(
        f"INSERT INTO event ({_EVENT}) SELECT {_EVENT} FROM adopted"  # noqa: S608  constants only
        " ORDER BY seq, rowid"
    )
    file.run("DROP TABLE adopted")
    return count


def _is_known(file: SqliteFile, row: Row) -> bool:
    """Tell whether a license was adopted before; ConflictError for another one."""
    place = row.allocation
    taken = file.run(
        _TAKEN,
        (
            *(row.identifier, *columns.key_values(row.key)),
            *(place.serial, place.list_id, place.index, row.successor),
        ),
    )
    if not taken:
        return False
    if taken != [(row.identifier,)]:
        raise _conflict()
    sql = "SELECT 1 FROM adopted WHERE identifier = ? LIMIT 1"
    if file.run(sql, (row.identifier,)):
        raise ValueError("a license stands twice among the entries")
    return True


def _missing(register: "SqliteRegister", entry: Adopted) -> tuple[Event, ...]:
    """Return what happened there since a license was adopted.

    Raises:
        ConflictError: it happened otherwise here, or it is another license.
    """
    row, theirs = entry
    ours = register.history(row.identifier)
    both = min(len(ours), len(theirs))
    if _unplaced(ours[:both]) != _unplaced(theirs[:both]):
        raise _conflict()
    if _fixed(register.get(row.identifier)) != _fixed(row):
        raise _conflict()
    return theirs[both:]


def _follow(file: SqliteFile, row: Row) -> None:
    """Let a license that was adopted before have the plan that it has there now."""
    place = row.allocation
    issued_at, spans = columns.plan_values(row.plan)
    file.run(
        "UPDATE license SET issued_at = ?, successor = ? WHERE identifier = ?",
        (issued_at, row.successor, row.identifier),
    )
    spot = (row.key.issuer, place.list_id, place.index)
    file.run(
        "DELETE FROM span WHERE issuer = ? AND list_id = ? AND list_index = ?", spot
    )
    for span in spans:
        file.run("INSERT INTO span VALUES (?, ?, ?, ?, ?)", (*spot, *span))


def _fixed(row: Row) -> tuple[object, ...]:
    """Return what never changes of a row that was issued."""
    request = (row.identifier, row.key, row.digest, row.allocation, row.number)
    return (*request, row.record, row.token, row.pdf)


def _unplaced(events: tuple[Event, ...]) -> list[Event]:
    return [replace(event, seq=None) for event in events]


def _conflict() -> ConflictError:
    return ConflictError(
        Text(
            "登记库中已有标识、申请、流水号或状态列表位置相同而内容不同的证照",
            "a license with the same identifier, request, serial or place in a status"
            " list is known with other content",
        )
    )


def _insert(file: SqliteFile, row: Row) -> None:
    """Add a row with its output and plan, and let the organ's counters carry on."""
    place, issuer = row.allocation, row.key.issuer
    issued_at, spans = columns.plan_values(row.plan)
    values: tuple[columns.Value, ...] = (
        row.identifier,
        *columns.key_values(row.key),
        row.digest,
        place.serial,
        place.list_id,
        place.index,
        place.salt,
        columns.seconds(place.instant),
        issued_at,
        row.successor,
        row.number,
        row.record,
    )
    file.run(
        """INSERT INTO license (identifier, issuer, type_name, operation, source,
            source_number, digest, serial, list_id, list_index, salt, instant,
            issued_at, successor, number, record)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        values,
    )
    if row.token is not None and row.pdf is not None:
        output = (row.identifier, row.token, row.pdf)
        file.run("INSERT INTO output VALUES (?, ?, ?)", output)
    for span in spans:
        spot = (issuer, place.list_id, place.index, *span)
        file.run("INSERT INTO span VALUES (?, ?, ?, ?, ?)", spot)
    _carry_on(file, row)


def _carry_on(file: SqliteFile, row: Row) -> None:
    issuer, place = row.key.issuer, row.allocation
    year, number = place.serial[:4], place.serial[4:]  # eleven digits (check_adopted)
    counter = "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value"
    file.run(
        f"{counter} = MAX(value, excluded.value)",
        (f"serial {issuer} {year}", int(number)),
    )
    file.run(f"{counter} = value + 1", (f"list {issuer} {place.list_id}", 1))


def _keep(file: SqliteFile, event: Event) -> None:
    """Put an event by, until all are there and can follow in their own order."""
    values = (event.seq, *columns.event_values(event))
    file.run("INSERT INTO adopted VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
