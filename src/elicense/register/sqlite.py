"""The register in one SQLite file: the embedded default.

Its statements; the file, its connections and transactions are
:mod:`elicense.register.sqlite_file`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Self

from elicense.closing import Closing
from elicense.errors import ConflictError
from elicense.events import Event
from elicense.model import Text
from elicense.register import (
    Adopted,
    Allocation,
    AsOf,
    Build,
    Change,
    Claim,
    Named,
    Output,
    Publication,
    RequestKey,
    Reservation,
    ReserveRequest,
    Row,
    SealOrder,
    SnapshotMark,
    Status,
    columns,
    sqlite_adopt,
    sqlite_commit,
    sqlite_issued,
    sqlite_orders,
    sqlite_places,
)
from elicense.register.checks import (
    check_after,
    check_commit,
    check_digest,
    check_limit,
    check_order,
)
from elicense.register.sqlite_commit import SEQ, not_found
from elicense.register.sqlite_file import SqliteFile
from elicense.register.sqlite_places import KEY

TIMEOUT = 10.0  # seconds to wait for another writer; one transaction takes milliseconds
EVENT_PAGE = 1000  # events read at a time, so that a reader holds no lock in between
ROW_PAGE = 50  # rows likewise; each holds a PDF of about 100 KB

_RESERVATION = """issuer, type_name, operation, source, source_number, digest,
    serial, list_id, list_index, salt, instant, license.identifier, record"""
_SPANS = """SELECT json_group_array(json_array(since, state)) FROM span
    WHERE span.issuer = license.issuer AND span.list_id = license.list_id
    AND span.list_index = license.list_index"""
_ROW = f"""SELECT {_RESERVATION}, issued_at, ({_SPANS}), ({SEQ}), number,
    token, pdf, successor, (SELECT old.identifier FROM license AS old
        WHERE old.successor = license.identifier),
    EXISTS (SELECT 1 FROM seal_order
        WHERE seal_order.identifier = license.identifier), position
    FROM license LEFT JOIN output ON output.identifier = license.identifier"""  # noqa: S608  constants only
_NAMED = f"""SELECT identifier, issuer, type_name, operation, source, source_number,
    issued_at, ({_SPANS}), successor FROM license"""  # noqa: S608  constants only
_IN_FORCE = """SELECT identifier FROM license
    WHERE number = ?1 AND issued_at <= ?2 AND COALESCE(
        (SELECT state FROM span WHERE span.issuer = license.issuer
            AND span.list_id = license.list_id
            AND span.list_index = license.list_index AND since <= ?2
            ORDER BY since DESC LIMIT 1), 'ISSUED') IN ('ISSUED', 'SUSPENDED')
    ORDER BY position LIMIT ?3"""  # without a span, nothing happened since the issue
_EVENT = """SELECT seq, identifier, kind, reason, effective_at, recorded_at, until,
    decision, note, successor FROM event"""
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

    def let_go(self) -> None:
        """Close this process's connections until the next call.

        Raises:
            ValueError: a batch is open in this thread.
        """
        self._file.let_go()

    def close(self) -> None:
        """Close this process's connections, those of other threads too."""
        self._file.close()

    def reserve(self, request: ReserveRequest, build: Build) -> Reservation:
        """Give a request its place (:meth:`elicense.register.Register.reserve`)."""
        with self._file.transaction():
            known = self._file.run(
                f"SELECT {_RESERVATION} FROM license WHERE {KEY}",  # noqa: S608  constants only
                columns.key_values(request.key),
            )
            if known:
                stored = columns.decoded(columns.reservation, known[0])
                check_digest(stored.digest, request.digest)
                return stored
            place = sqlite_places.allocate(self._file, request)
            identifier, record = build(place)
            if sqlite_places.is_taken(self._file, identifier):
                raise sqlite_places.taken()
            claim = Claim(request, place, identifier, record)
            sqlite_places.add(self._file, claim)
            return Reservation(request.key, request.digest, place, identifier, record)

    def offer(self, requests: Sequence[ReserveRequest]) -> tuple[Allocation, ...]:
        """Give places on trial (:meth:`elicense.register.Register.offer`)."""
        if self._file.in_batch:
            raise ValueError("a serial offered inside a batch could be taken back")
        with self._file.transaction():
            return sqlite_places.offer(self._file, requests)

    def claim(self, claims: Sequence[Claim]) -> tuple[Row, ...]:
        """Reserve offered places (:meth:`elicense.register.Register.claim`)."""
        with self._file.transaction():
            rows = sqlite_places.claim(self._file, claims)
            return tuple(
                self._known(item.request.key) if row is None else row
                for row, item in zip(rows, claims, strict=True)
            )

    def store_outputs(self, outputs: Sequence[Output]) -> None:
        """Keep finished bytes (:meth:`elicense.register.Register.store_outputs`)."""
        with self._file.transaction():
            sqlite_commit.store(self._file, outputs)

    def store_output(self, identifier: str, token: bytes, pdf: bytes) -> None:
        """Keep the finished bytes (:meth:`elicense.register.Register.store_output`)."""
        self.store_outputs([Output(identifier, token, pdf)])

    def order_seal(self, order: SealOrder, event: Event) -> SealOrder:
        """Keep an order (:meth:`elicense.register.Register.order_seal`)."""
        check_order(order, event)
        with self._file.transaction():
            return sqlite_orders.add(self._file, order, event)

    def mark_sent(self, identifier: str, at: datetime) -> bool:
        """Keep that it is sent (:meth:`elicense.register.Register.mark_sent`)."""
        with self._file.transaction():
            return sqlite_orders.mark_sent(self._file, identifier, at)

    def note_task(self, identifier: str, task: str) -> None:
        """Keep the platform's task (:meth:`elicense.register.Register.note_task`)."""
        with self._file.transaction():
            sqlite_orders.note_task(self._file, identifier, task)

    def seal_order(self, identifier: str) -> SealOrder | None:
        """Return the order of a license, None where it has none."""
        return sqlite_orders.find(self._file, identifier)

    def awaiting_seal(self) -> tuple[str, ...]:
        """Return identifiers of all that await their seal, oldest first."""
        return sqlite_orders.awaiting(self._file)

    def ordered_seals(self) -> Mapping[str, str]:
        """Return request id -> identifier of all orders, finished ones too."""
        return sqlite_orders.ordered(self._file)

    def finish_order(self, identifier: str) -> None:
        """Let go of bytes (:meth:`elicense.register.Register.finish_order`)."""
        with self._file.transaction():
            sqlite_orders.finish(self._file, identifier)

    def commit(
        self, changes: Sequence[Change], events: Sequence[Event]
    ) -> tuple[int, ...]:
        """Change rows and record events (:meth:`elicense.register.Register.commit`)."""
        check_commit(changes, events)
        with self._file.transaction():
            return sqlite_commit.commit(self._file, changes, events)

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
            return sqlite_places.count_up(self._file, f"number {name}", after)

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
            raise not_found()
        return rows[0]

    def named(self, number: str) -> tuple[Named, ...]:
        """Return all licenses of a license number, oldest first; may be empty."""
        rows = self._found(f"{_NAMED} WHERE number = ? ORDER BY position", (number,))
        return tuple(columns.decoded(columns.named, row) for row in rows)

    def in_force(self, number: str, at: datetime, limit: int) -> tuple[str, ...]:
        """Return those in force (:meth:`elicense.register.Register.in_force`)."""
        check_limit(limit)
        rows = self._found(_IN_FORCE, (number, columns.seconds(at), limit))
        return tuple(columns.text(row[0]) for row in rows)

    def by_key(self, key: RequestKey) -> Row | None:
        """Return the row of a request, None if it was never made."""
        rows = self._rows(KEY, columns.key_values(key))
        return rows[0] if rows else None

    def history(self, identifier: str) -> tuple[Event, ...]:
        """Return a license's events, oldest first; NotFoundError without such a row."""
        sql = f"{_EVENT} WHERE identifier = ? ORDER BY seq"
        rows = self._found(sql, (identifier,))
        if not rows:
            raise not_found()  # reserve() records the first event with the row
        return tuple(columns.decoded(columns.event, row) for row in rows)

    def events_since(self, seq: int) -> Iterator[Event]:
        """Give the events after ``seq`` in order, read page by page."""
        page = f"{_EVENT} WHERE seq > ? ORDER BY seq LIMIT {EVENT_PAGE}"
        while rows := self._file.run(page, (seq,)):
            events = [columns.decoded(columns.event, row) for row in rows]
            yield from events
            seq = events[-1].seq or seq

    def last_event(self) -> int:
        """Return the ``seq`` of the last event, 0 before the first."""
        rows = self._file.run("SELECT COALESCE(MAX(seq), 0) FROM event")
        return columns.integer(rows[0][0])

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

    def issued(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Give what was issued, (:meth:`elicense.register.Register.issued`)."""
        return sqlite_issued.after(self._file, after)

    def issued_until(self, seq: int) -> int:
        """Return how many licenses were issued up to an event."""
        return sqlite_issued.until(self._file, seq)

    def keep_mark(self, mark: SnapshotMark) -> None:
        """Keep how far a snapshot's columns go, in place of an earlier mark."""
        with self._file.transaction():
            sqlite_issued.keep_mark(self._file, mark)

    def mark(self, sha256: bytes) -> SnapshotMark | None:
        """Return the mark of a snapshot's columns, None where there is none."""
        return sqlite_issued.mark(self._file, sha256)

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

    def _known(self, key: RequestKey) -> Row:
        """Return the row of a request that is known to have one."""
        return self._rows(KEY, columns.key_values(key))[0]

    def _rows(self, where: str, values: tuple[columns.Value, ...]) -> tuple[Row, ...]:
        rows = self._found(f"{_ROW} WHERE {where}", values)
        return tuple(columns.decoded(columns.row, row) for row in rows)

    def _found(
        self, sql: str, values: tuple[columns.Value, ...]
    ) -> list[tuple[columns.Value, ...]]:
        """Return the rows of a question that a stranger's text may be part of."""
        return self._file.run(sql, values) if columns.is_storable(values) else []


def _latest(file: SqliteFile, at: datetime | None = None) -> Publication | None:
    """Return the publication with the highest number, among those made by ``at``."""
    moment = None if at is None else columns.seconds(at)
    rows = file.run(
        "SELECT * FROM publication WHERE ?1 IS NULL OR at <= ?1"
        " ORDER BY number DESC LIMIT 1",
        (moment,),
    )
    return columns.decoded(columns.publication, rows[0]) if rows else None
