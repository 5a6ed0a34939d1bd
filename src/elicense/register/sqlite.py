"""The register in one SQLite file: the embedded default.

Its statements; the file, its connections and transactions are
:mod:`elicense.register.sqlite_file`.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from elicense import dates
from elicense.closing import Closing
from elicense.errors import ConflictError, NotFoundError
from elicense.events import Event, EventKind
from elicense.model import Text
from elicense.register import (
    LIST_CAPACITY,
    LIST_FILL_MAX,
    SALT_BYTES,
    SERIAL_MAX,
    Adopted,
    Allocation,
    AsOf,
    Build,
    Change,
    ListFullError,
    Named,
    Publication,
    RequestKey,
    Reservation,
    ReserveRequest,
    Row,
    Status,
    columns,
    sqlite_adopt,
)
from elicense.register.checks import check_after, check_commit
from elicense.register.sqlite_file import SqliteFile, refused

TIMEOUT = 10.0  # seconds to wait for another writer; one transaction takes milliseconds
EVENT_PAGE = 1000  # events read at a time, so that a reader holds no lock in between
ROW_PAGE = 50  # rows likewise; each holds a PDF of about 100 KB

_RESERVATION = """issuer, type_name, operation, source, source_number, digest,
    serial, list_id, list_index, salt, instant, license.identifier, record"""
_SPANS = """SELECT json_group_array(json_array(since, state)) FROM span
    WHERE span.issuer = license.issuer AND span.list_id = license.list_id
    AND span.list_index = license.list_index"""
_SEQ = "SELECT MAX(seq) FROM event WHERE event.identifier = license.identifier"
_ROW = f"""SELECT {_RESERVATION}, issued_at, ({_SPANS}), ({_SEQ}), number,
    token, pdf, successor, (SELECT old.identifier FROM license AS old
        WHERE old.successor = license.identifier), position
    FROM license LEFT JOIN output ON output.identifier = license.identifier"""  # noqa: S608  constants only
_NAMED = f"""SELECT identifier, issuer, type_name, operation, source, source_number,
    issued_at, ({_SPANS}), successor FROM license"""  # noqa: S608  constants only
_KEY = """issuer = ? AND type_name = ? AND operation = ? AND source = ?
    AND source_number = ?"""
_EVENT = """SELECT seq, identifier, kind, reason, effective_at, recorded_at, until,
    decision, note, successor FROM event"""
_SWAP = f"""UPDATE license SET issued_at = ?, successor = ?
    WHERE identifier = ? AND ({_SEQ}) = ?
    AND (successor IS NULL OR ? IS NULL OR successor = ?)
    AND EXISTS (SELECT 1 FROM output WHERE output.identifier = license.identifier)
    RETURNING issuer, list_id, list_index"""  # noqa: S608  constants only
_STATUSES = """SELECT list_index, state FROM
    (SELECT list_index, state, MAX(since) FROM span
        WHERE issuer = ? AND list_id = ? AND since <= ? GROUP BY list_index)
    WHERE state != 'ISSUED' ORDER BY list_index"""  # state is that of the MAX row


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

    def take_number(self, name: str, after: int = 0) -> int:
        """Return the next number (:meth:`elicense.register.Register.take_number`)."""
        check_after(after)
        if self._file.in_batch:
            raise ValueError("a number taken inside a batch could be taken back")
        with self._file.transaction():
            return _count_up(self._file, f"number {name}", after)

    def adopt(self, entries: Iterable[Adopted]) -> int:
        """Take over licenses (:meth:`elicense.register.Register.adopt`)."""
        if self._file.in_batch:
            raise ValueError("licenses are not adopted inside a batch")
        with self._file.transaction():
            return sqlite_adopt.adopt(self, self._file, entries)

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

    def named(self, number: str) -> tuple[Named, ...]:
        """Return all licenses of a license number, oldest first; may be empty."""
        rows = self._found(f"{_NAMED} WHERE number = ? ORDER BY position", (number,))
        return tuple(columns.decoded(columns.named, row) for row in rows)

    def by_key(self, key: RequestKey) -> Row | None:
        """Return the row of a request, None if it was never made."""
        rows = self._rows(_KEY, columns.key_values(key))
        return rows[0] if rows else None

    def history(self, identifier: str) -> tuple[Event, ...]:
        """Return a license's events, oldest first; NotFoundError without such a row."""
        sql = f"{_EVENT} WHERE identifier = ? ORDER BY seq"
        rows = self._found(sql, (identifier,))
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

    def at(self, t: datetime) -> AsOf:
        """Return the register as of an instant."""
        return AsOf(self, t)

    def rows(self) -> Iterator[Row]:
        """Give all rows, oldest first, read page by page."""
        page = f"{_ROW} WHERE position > ? ORDER BY position LIMIT {ROW_PAGE}"
        position = 0
        while found := self._file.run(page, (position,)):
            for row in found:
                yield columns.decoded(columns.row, row)
            position = columns.integer(found[-1][-1])

    def statuses(self, issuer: str, list_id: int, at: datetime) -> Iterator[Status]:
        """Give (index, state) of what is not in force at an instant, by index."""
        rows = self._file.run(_STATUSES, (issuer, list_id, columns.seconds(at)))
        return (columns.decoded(columns.status, row) for row in rows)

    def next_change(self, issuer: str, list_id: int, at: datetime) -> datetime | None:
        """Return when a status of a list next changes by itself, None for never."""
        rows = self._file.run(
            "SELECT MIN(since) FROM span"
            " WHERE issuer = ? AND list_id = ? AND since > ?",
            (issuer, list_id, columns.seconds(at)),
        )
        if rows[0][0] is None:
            return None
        return columns.decoded(lambda row: columns.instant_of(row[0]), rows[0])

    def lists(self) -> tuple[tuple[str, int], ...]:
        """Return (issuer, list id) of all lists that an index was taken from."""
        rows = self._file.run(
            "SELECT DISTINCT issuer, list_id FROM license ORDER BY issuer, list_id"
        )
        return tuple((columns.text(row[0]), columns.integer(row[1])) for row in rows)

    def count(self) -> int:
        """Return how many rows there are, in whatever state."""
        return columns.integer(self._file.run("SELECT COUNT(*) FROM license")[0][0])

    def counts(self) -> Mapping[str, int]:
        """Return how many licenses were issued, by the operation of their request."""
        rows = self._file.run(
            "SELECT operation, COUNT(*) FROM license WHERE issued_at IS NOT NULL"
            " GROUP BY operation ORDER BY operation"
        )
        return {columns.text(row[0]): columns.integer(row[1]) for row in rows}

    def latest_publication(self) -> Publication | None:
        """Return the publication with the highest number, None before the first."""
        return _latest(self._file)

    def publication_at(self, at: datetime) -> Publication | None:
        """Return the newest publication made by an instant, None before the first."""
        return _latest(self._file, at)

    def _rows(self, where: str, values: tuple[columns.Value, ...]) -> tuple[Row, ...]:
        rows = self._found(f"{_ROW} WHERE {where}", values)
        return tuple(columns.decoded(columns.row, row) for row in rows)

    def _found(
        self, sql: str, values: tuple[columns.Value, ...]
    ) -> list[tuple[columns.Value, ...]]:
        """Return the rows of a question that a stranger's text may be part of."""
        return self._file.run(sql, values) if columns.is_storable(values) else []


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


def _count_up(file: SqliteFile, name: str, after: int = 0) -> int:
    sql = """INSERT INTO counter VALUES (?, ? + 1) ON CONFLICT (name)
        DO UPDATE SET value = MAX(value + 1, excluded.value) RETURNING value"""
    return columns.integer(file.run(sql, (name, after))[0][0])


def _allocate(file: SqliteFile, request: ReserveRequest) -> Allocation:
    """Count a serial and a place, draw an index and a salt."""
    year = dates.day_of(request.at).year
    issuer, list_id = request.key.issuer, request.list_id
    number = _count_up(file, f"serial {issuer} {year}")
    if number > SERIAL_MAX:
        raise refused(
            Text(f"{year} 年的流水号已用完", f"the serials of {year} are used up")
        )
    if _count_up(file, f"list {issuer} {list_id}") > LIST_FILL_MAX:
        raise ListFullError(list_id)
    return Allocation(
        serial=f"{year}{number:07d}",
        list_id=list_id,
        index=_free_index(file, issuer, list_id),
        salt=secrets.token_bytes(SALT_BYTES),
        instant=request.at.astimezone(UTC),
    )


def _free_index(file: SqliteFile, issuer: str, list_id: int) -> int:
    """Draw until an index is free; under LIST_FILL_MAX two draws on average."""
    sql = "SELECT 1 FROM license WHERE issuer = ? AND list_id = ? AND list_index = ?"
    while True:
        index = secrets.randbelow(LIST_CAPACITY)
        if not file.run(sql, (issuer, list_id, index)):
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
        number,
        made.record,
    )
    file.run(
        """INSERT INTO license (identifier, issuer, type_name, operation, source,
            source_number, digest, serial, list_id, list_index, salt, instant,
            number, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
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
    issued_at, spans = columns.plan_values(change.plan)
    values = (
        *(issued_at, change.successor),
        *(change.identifier, change.seq),
        *(change.successor, change.successor),
    )
    found = file.run(_SWAP, values)
    if not found:
        raise _why_not(file, change)
    place = found[0]
    file.run(
        "DELETE FROM span WHERE issuer = ? AND list_id = ? AND list_index = ?",
        tuple(place),
    )
    for span in spans:
        file.run("INSERT INTO span VALUES (?, ?, ?, ?, ?)", (*place, *span))


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
    found = file.run(
        f"SELECT ({_SEQ}), successor FROM license WHERE identifier = ?",  # noqa: S608  constants only
        (change.identifier,),
    )
    if not found:
        return _not_found()
    seq, successor = found[0]
    if seq != change.seq:
        return ConflictError(
            Text(
                "该证照在此期间已有新的变动，请重新查看后再操作",
                "something happened to the license meanwhile; look at it again",
            )
        )
    if None not in (successor, change.successor) and successor != change.successor:
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


def _latest(file: SqliteFile, at: datetime | None = None) -> Publication | None:
    """Return the publication with the highest number, among those made by ``at``."""
    moment = None if at is None else columns.seconds(at)
    rows = file.run(
        "SELECT * FROM publication WHERE ?1 IS NULL OR at <= ?1"
        " ORDER BY number DESC LIMIT 1",
        (moment,),
    )
    return columns.decoded(columns.publication, rows[0]) if rows else None
