"""The register in one SQLite file: the embedded default.

Its statements; the file, its connections and transactions are
:mod:`elicense.register.sqlite_file`.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date
from pathlib import Path
from typing import Self

from elicense import dates
from elicense.closing import Closing
from elicense.errors import ConflictError, NotFoundError
from elicense.events import Event, EventKind
from elicense.lifecycle import State
from elicense.model import Text
from elicense.register import (
    LIST_CAPACITY,
    LIST_FILL_MAX,
    SALT_BYTES,
    SERIAL_MAX,
    Allocation,
    Build,
    Change,
    ListFullError,
    Publication,
    RequestKey,
    Reservation,
    ReserveRequest,
    Row,
    Status,
    check_commit,
    columns,
)
from elicense.register.sqlite_file import SqliteFile, refused

TIMEOUT = 10.0  # seconds to wait for another writer; one transaction takes milliseconds
EVENT_PAGE = 1000  # events read at a time, so that a reader holds no lock in between

_RESERVATION = """issuer, type_name, operation, source, source_number, digest,
    serial, list_id, list_index, salt, instant, license.identifier, record"""
_ROW = f"""SELECT {_RESERVATION}, state, suspended_until, superseded_from, number,
    token, pdf, successor, (SELECT old.identifier FROM license AS old
        WHERE old.successor = license.identifier)
    FROM license LEFT JOIN output ON output.identifier = license.identifier"""  # noqa: S608  constants only
_KEY = """issuer = ? AND type_name = ? AND operation = ? AND source = ?
    AND source_number = ?"""
_EVENT = """SELECT seq, identifier, kind, reason, effective_at, recorded_at, until,
    decision, note, successor FROM event"""
_SWAP = """UPDATE license
    SET state = ?, suspended_until = ?, successor = ?, superseded_from = ?
    WHERE identifier = ? AND state = ?
    AND (successor IS NULL OR ? IS NULL OR successor = ?)
    AND EXISTS (SELECT 1 FROM output WHERE output.identifier = license.identifier)
    RETURNING 1"""


class SqliteRegister(Closing):
    """A register in one file. A context manager: leaving it closes the connections."""

    def __init__(self, file: SqliteFile) -> None:
        """Use :meth:`create` or :meth:`open`."""
        self._file = file

    @classmethod
    def create(cls, path: str | Path, *, timeout: float = TIMEOUT) -> Self:
        """Make a new, empty register, readable by its owner alone (0600).

        Args:
            path: a file that does not exist.
            timeout: seconds to wait for another writer.

        Raises:
            RegisterError: the file exists, or can not be written.
        """
        return cls(SqliteFile.create(Path(path), timeout))

    @classmethod
    def open(cls, path: str | Path, *, timeout: float = TIMEOUT) -> Self:
        """Open a register that exists.

        Not checked: whether the whole file is sound. A damaged page shows as
        RegisterError when it is read.

        Args:
            path: the file.
            timeout: seconds to wait for another writer.

        Raises:
            RegisterError: no such file, not a register, or one of a newer version.
        """
        return cls(SqliteFile.open(Path(path), timeout))

    def close(self) -> None:
        """Close this process's connections, those of other threads too."""
        self._file.close()

    def reserve(self, request: ReserveRequest, build: Build) -> Reservation:
        """Give a request its place (:meth:`elicense.register.Register.reserve`)."""
        with self._file.transaction():
            known = self._file.run(
                f"SELECT {_RESERVATION} FROM license WHERE {_KEY}",  # noqa: S608  constants only
                columns.key_values(request.key),
            )
            if known:
                return _same(columns.decoded(columns.reservation, known[0]), request)
            allocation = _allocate(self._file, request)
            identifier, record = build(allocation)
            if _exists(self._file, identifier):
                raise ConflictError(
                    Text(
                        "证照标识已被占用", "the identifier is taken by another license"
                    )
                )
            reservation = Reservation(
                request.key, request.digest, allocation, identifier, record
            )
            _insert(self._file, reservation, request.number)
            return reservation

    def store_output(self, identifier: str, token: bytes, pdf: bytes) -> None:
        """Keep the finished bytes (:meth:`elicense.register.Register.store_output`)."""
        with self._file.transaction():
            found = self._file.run(
                "SELECT token, pdf FROM license LEFT JOIN output"
                " USING (identifier) WHERE identifier = ?",
                (identifier,),
            )
            if not found:
                raise _not_found()
            # A row leaves RESERVED only with its output (_SWAP), so that a row without
            # one is RESERVED, and needs no further check.
            if found[0] == (token, pdf):
                return
            if found[0] != (None, None):
                raise ConflictError(
                    Text("该证照已存有不同的成品", "other bytes are stored already")
                )
            self._file.run(
                "INSERT INTO output VALUES (?, ?, ?)", (identifier, token, pdf)
            )

    def commit(
        self, changes: Sequence[Change], events: Sequence[Event]
    ) -> tuple[int, ...]:
        """Change rows and record events (:meth:`elicense.register.Register.commit`)."""
        check_commit(changes, events)
        with self._file.transaction():
            for change in changes:
                _swap(self._file, change)
            return tuple(_record(self._file, event) for event in events)

    def batch(self) -> AbstractContextManager[None]:
        """Make this thread's calls one transaction; not for use inside another.

        Raises:
            ValueError: a batch is open in this thread already.
        """
        return self._file.batch()

    def take_number(self, name: str) -> int:
        """Return the next number (:meth:`elicense.register.Register.take_number`)."""
        if self._file.in_batch:
            raise ValueError("a number taken inside a batch could be taken back")
        with self._file.transaction():
            return _count_up(self._file, f"number {name}")

    def store_publication(self, publication: Publication) -> None:
        """Keep a publication that is newer than all others, or the same again."""
        with self._file.transaction():
            latest = _latest(self._file)
            if latest == publication:
                return
            if latest is not None and publication.number <= latest.number:
                raise ConflictError(
                    Text("发布编号未递增", "a publication's number must grow")
                )
            values = (
                publication.number,
                columns.seconds(publication.at),
                publication.event_seq,
                publication.bundle,
            )
            self._file.run("INSERT INTO publication VALUES (?, ?, ?, ?)", values)

    # Reading

    def get(self, identifier: str) -> Row:
        """Return one row; NotFoundError if there is none."""
        rows = self._rows("license.identifier = ?", (identifier,))
        if not rows:
            raise _not_found()
        return rows[0]

    def by_number(self, number: str) -> tuple[Row, ...]:
        """Return all rows of a license number, oldest first; may be empty."""
        return self._rows("number = ? ORDER BY position", (number,))

    def by_key(self, key: RequestKey) -> Row | None:
        """Return the row of a request, None if it was never made."""
        rows = self._rows(_KEY, columns.key_values(key))
        return rows[0] if rows else None

    def history(self, identifier: str) -> tuple[Event, ...]:
        """Return a license's events, oldest first; NotFoundError without such a row."""
        rows = self._file.run(
            f"{_EVENT} WHERE identifier = ? ORDER BY seq", (identifier,)
        )
        if not rows:
            raise _not_found()  # reserve() records the first event with the row
        return tuple(columns.decoded(columns.event, row) for row in rows)

    def events_since(self, seq: int) -> Iterator[Event]:
        """Give the events after ``seq`` in order, read page by page."""
        page = f"{_EVENT} WHERE seq > ? ORDER BY seq LIMIT {EVENT_PAGE}"
        while rows := self._file.run(page, (seq,)):
            events = [columns.decoded(columns.event, row) for row in rows]
            yield from events
            seq = events[-1].seq or seq

    def statuses(self, list_id: int) -> Iterator[Status]:
        """Give (index, state, last day of suspension), all of one moment, by index."""
        rows = self._file.run(
            "SELECT list_index, state, suspended_until FROM license"
            " WHERE list_id = ? AND state != 'RESERVED' ORDER BY list_index",
            (list_id,),
        )
        return (columns.decoded(columns.status, row) for row in rows)

    def scheduled(self, list_id: int) -> Iterator[tuple[int, date]]:
        """Give (index, first day of the successor) where that day was set."""
        rows = self._file.run(
            "SELECT list_index, superseded_from FROM license WHERE list_id = ?"
            " AND superseded_from IS NOT NULL AND state IN ('ISSUED', 'SUSPENDED')"
            " ORDER BY list_index",
            (list_id,),
        )
        return (columns.decoded(columns.schedule, row) for row in rows)

    def lists(self) -> tuple[int, ...]:
        """Return the ids of all lists that an index was taken from, ascending."""
        rows = self._file.run("SELECT DISTINCT list_id FROM license ORDER BY list_id")
        return tuple(columns.integer(row[0]) for row in rows)

    def count(self) -> int:
        """Return how many rows there are, in whatever state."""
        return columns.integer(self._file.run("SELECT COUNT(*) FROM license")[0][0])

    def latest_publication(self) -> Publication | None:
        """Return the publication with the highest number, None before the first."""
        return _latest(self._file)

    def _rows(self, where: str, values: tuple[columns.Value, ...]) -> tuple[Row, ...]:
        rows = self._file.run(f"{_ROW} WHERE {where}", values)
        return tuple(columns.decoded(columns.row, row) for row in rows)


def _not_found() -> NotFoundError:
    return NotFoundError(
        Text("登记库中没有此证照标识", "the register has no license of this identifier")
    )


def _exists(file: SqliteFile, identifier: str) -> bool:
    sql = "SELECT 1 FROM license WHERE identifier = ?"
    return bool(file.run(sql, (identifier,)))


def _same(stored: Reservation, request: ReserveRequest) -> Reservation:
    """Return the stored reservation if the application is the same one."""
    if stored.digest != request.digest:
        raise ConflictError(
            Text(
                "同一申请（办件号或行号）已用不同的数据提交过",
                "this case or row was submitted before with other data",
            )
        )
    return stored


def _count_up(file: SqliteFile, name: str) -> int:
    sql = """INSERT INTO counter VALUES (?, 1)
        ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"""
    return columns.integer(file.run(sql, (name,))[0][0])


def _allocate(file: SqliteFile, request: ReserveRequest) -> Allocation:
    """Count a serial and a place, draw an index and a salt."""
    year = dates.day_of(request.at).year
    number = _count_up(file, f"serial {request.key.issuer} {year}")
    if number > SERIAL_MAX:
        raise refused(
            Text(f"{year} 年的流水号已用完", f"the serials of {year} are used up")
        )
    if _count_up(file, f"list {request.list_id}") > LIST_FILL_MAX:
        raise ListFullError(request.list_id)
    return Allocation(
        serial=f"{year}{number:07d}",
        list_id=request.list_id,
        index=_free_index(file, request.list_id),
        salt=secrets.token_bytes(SALT_BYTES),
        instant=request.at.astimezone(UTC),
    )


def _free_index(file: SqliteFile, list_id: int) -> int:
    """Draw until an index is free; under LIST_FILL_MAX two draws on average."""
    sql = "SELECT 1 FROM license WHERE list_id = ? AND list_index = ?"
    while True:
        index = secrets.randbelow(LIST_CAPACITY)
        if not file.run(sql, (list_id, index)):
            return index


def _insert(file: SqliteFile, made: Reservation, number: str) -> None:
    """Add the row and its first event."""
    place = made.allocation
    values: tuple[columns.Value, ...] = (
        made.identifier,
        *columns.key_values(made.key),
        made.digest,
        place.serial,
        place.list_id,
        place.index,
        place.salt,
        columns.seconds(place.instant),
        State.RESERVED.value,
        number,
        made.record,
    )
    file.run(
        """INSERT INTO license (identifier, issuer, type_name, operation, source,
            source_number, digest, serial, list_id, list_index, salt, instant, state,
            number, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        values,
    )
    at = place.instant
    reserved = Event(
        identifier=made.identifier,
        kind=EventKind.RESERVED,
        effective_at=at,
        recorded_at=at,
    )
    _record(file, reserved)


def _swap(file: SqliteFile, change: Change) -> None:
    """Change one row if it is as expected; else say why not."""
    _check_successor(file, change)
    values = (
        change.state.value,
        columns.day_text(change.suspended_until),
        change.successor,
        columns.day_text(change.superseded_from),
        change.identifier,
        change.expected.value,
        change.successor,
        change.successor,
    )
    if not file.run(_SWAP, values):
        raise _why_not(file, change)


def _check_successor(file: SqliteFile, change: Change) -> None:
    if change.successor is None:
        return
    if change.successor == change.identifier or not _exists(file, change.successor):
        raise NotFoundError(
            Text("登记库中没有新证照标识", "the register has no such successor")
        )
    sql = "SELECT 1 FROM license WHERE successor = ? AND identifier != ?"
    if file.run(sql, (change.successor, change.identifier)):
        raise ConflictError(
            Text("该新证照已替代另一证照", "the successor supersedes another license")
        )


def _why_not(file: SqliteFile, change: Change) -> ConflictError | NotFoundError:
    """Return the error of a row that could not be swapped."""
    sql = "SELECT state, successor FROM license WHERE identifier = ?"
    found = file.run(sql, (change.identifier,))
    if not found:
        return _not_found()
    state = columns.decoded(lambda row: State(columns.text(row[0])), found[0])
    if state is not change.expected:
        return ConflictError(
            Text(
                f"证照状态已变为“{state.text.zh}”，请重新查看后再操作",
                f"the license is {state.text.en} by now; look at it again",
            )
        )
    if found[0][1] is not None:
        return ConflictError(
            Text("该证照已有另一新版本", "the license has another successor already")
        )
    return ConflictError(
        Text("证照成品尚未入库，不能签发", "the output is not stored yet")
    )


def _record(file: SqliteFile, event: Event) -> int:
    rows = file.run(
        """INSERT INTO event (identifier, kind, reason, effective_at, recorded_at,
            until, decision, note, successor)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq""",
        columns.event_values(event),
    )
    return columns.integer(rows[0][0])


def _latest(file: SqliteFile) -> Publication | None:
    rows = file.run("SELECT * FROM publication ORDER BY number DESC LIMIT 1")
    return columns.decoded(columns.publication, rows[0]) if rows else None
