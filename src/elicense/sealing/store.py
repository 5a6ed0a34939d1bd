"""The register of seals: one SQLite file, nothing in it ever changed or removed.

Drivers of other databases would take the same few calls. Every call is one transaction;
what it returned survives a crash of the machine.
"""

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from elicense import files
from elicense.closing import Closing
from elicense.errors import ConflictError, NotFoundError
from elicense.model import Text
from elicense.register.columns import Columns, Value, decoded, integer, text
from elicense.register.sqlite_file import Schema, SqliteFile
from elicense.sealing.life import SealEvent, SealEventKind, SealReason, step
from elicense.sealing.record import SealForm, SealRecord, UseLine
from elicense.sealing.use import Allowed, Refusal, Refused, Scenario, SealUse

TIMEOUT = 30.0  # seconds that a writer waits for another one
_SEALS = Schema(
    0x454C534C,  # "ELSL"
    1,
    (
        """CREATE TABLE seal (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, name TEXT NOT NULL,
            form TEXT NOT NULL, valid_from INTEGER NOT NULL, valid_until INTEGER,
            content BLOB NOT NULL, signers TEXT NOT NULL, is_test INTEGER NOT NULL
        ) STRICT""",
        "CREATE INDEX seal_owner ON seal (owner)",
        """CREATE TABLE event (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            seal TEXT NOT NULL REFERENCES seal (id), kind TEXT NOT NULL,
            effective_at INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
            by TEXT NOT NULL, reason TEXT NOT NULL, note TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX event_seal ON event (seal)",
        """CREATE TABLE use (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL, refusal TEXT, seal TEXT NOT NULL,
            owner TEXT NOT NULL, organization TEXT NOT NULL, type_name TEXT NOT NULL,
            scenario TEXT NOT NULL, operator TEXT NOT NULL, approver TEXT NOT NULL,
            rule TEXT NOT NULL, identifier TEXT NOT NULL
        ) STRICT""",
        """CREATE UNIQUE INDEX use_once ON use (identifier, seal, operator, approver)
            WHERE refusal IS NULL AND scenario <> 'reprint' AND identifier <> ''""",
        *(
            f"""CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table}
            BEGIN SELECT RAISE (ABORT, 'what was recorded is never changed'); END"""
            for table in ("seal", "event", "use")
            for verb in ("UPDATE", "DELETE")
        ),
    ),
)
_COLUMNS = "id, owner, name, form, valid_from, valid_until, content, signers, is_test"
_MARKS = ", ".join("?" * 9)
_EVENT = "kind, effective_at, recorded_at, by, reason, note"
_USE = (
    "at, refusal, seal, owner, organization, type_name, scenario, operator, approver,"
    " rule, identifier"
)


class SealStore(Closing):
    """The register of seals in one file, for any number of processes."""

    def __init__(self, file: SqliteFile) -> None:
        """Use :meth:`open`."""
        self._file = file

    @classmethod
    def open(cls, path: Path, timeout: float = TIMEOUT) -> Self:
        """Open the file; make it where there is none.

        Args:
            path: of the file.
            timeout: seconds to wait for another writer.

        Raises:
            RegisterError: it cannot be used, or is another kind of file.
        """
        if not files.is_file(path):
            # Made beside it and renamed, so that two runs at once see a whole file.
            draft = path.with_name(f".new-{path.name}-{secrets.token_hex(8)}")
            SqliteFile.create(draft, timeout, _SEALS).close()
            files.settle(draft, path)
        return cls(SqliteFile.open(path, timeout, _SEALS))

    def close(self) -> None:
        """Close the file; the store is not used after it."""
        self._file.close()

    def let_go(self) -> None:
        """Close this process's connections; the next call opens a new one."""
        self._file.let_go()

    # Seals and their events

    def add(self, record: SealRecord, events: Sequence[SealEvent]) -> SealRecord:
        """Register a new seal with its first events.

        Args:
            record: the seal, without history.
            events: in their order, at least one.

        Returns:
            The seal with its history.

        Raises:
            ConflictError: another seal has the id.
            IllegalTransitionError: the events are no life of a seal.
        """
        history: list[SealEvent] = []
        for event in events:
            step(history, event)
            history.append(event)
        with self._file.transaction():
            if self._rows("WHERE id = ?", record.id):
                raise ConflictError(
                    Text(
                        f"印章编号 {record.id} 已登记",
                        f"a seal {record.id} is registered already",
                    )
                )
            self._file.run(
                f"INSERT INTO seal ({_COLUMNS}) VALUES ({_MARKS})",  # noqa: S608
                _row(record),
            )
            self._keep(record.id, history)
        return self.get(record.id)

    def record(self, seal: str, events: Sequence[SealEvent]) -> SealRecord:
        """Record what happens to a seal: all of the events, or none.

        Args:
            seal: its id.
            events: in their order.

        Returns:
            The seal as it is now.

        Raises:
            NotFoundError: there is no such seal.
            IllegalTransitionError: the table has no such step; nothing was changed.
        """
        with self._file.transaction():
            history = list(self.get(seal).history)
            for event in events:
                step(history, event)
                history.append(event)
            self._keep(seal, events)
            return self.get(seal)

    def _keep(self, seal: str, events: Iterable[SealEvent]) -> None:
        self._file.run_all(
            f"INSERT INTO event (seal, {_EVENT})"  # noqa: S608
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    seal,
                    str(one.kind),
                    _seconds(one.effective_at),
                    _seconds(one.recorded_at),
                    one.by,
                    str(one.reason),
                    one.note,
                )
                for one in events
            ),
        )

    def find(self, seal: str) -> SealRecord | None:
        """Return a seal by its id, None where there is none."""
        return next(iter(self._records("WHERE id = ?", seal)), None)

    def get(self, seal: str) -> SealRecord:
        """Return a seal by its id.

        Raises:
            NotFoundError: there is none.
        """
        found = self.find(seal)
        if found is None:
            raise NotFoundError(Text(f"没有印章 {seal}", f"there is no seal {seal}"))
        return found

    def seals(self, owner: str | None = None) -> tuple[SealRecord, ...]:
        """Return all seals in the order in which they joined, or those of one organ."""
        if owner is None:
            return self._records("")
        return self._records("WHERE owner = ?", owner)

    def _rows(self, where: str, *values: Value) -> list[tuple[Value, ...]]:
        sql = f"SELECT {_COLUMNS} FROM seal {where} ORDER BY position"  # noqa: S608
        return self._file.run(sql, values)

    def _records(self, where: str, *values: Value) -> tuple[SealRecord, ...]:
        chosen = f"SELECT id FROM seal {where}"  # noqa: S608  no foreign text in it
        histories: dict[str, list[SealEvent]] = {}
        for seal, *rest in self._file.run(
            f"SELECT seal, {_EVENT} FROM event WHERE seal IN ({chosen})"  # noqa: S608
            " ORDER BY seq",
            values,
        ):
            histories.setdefault(text(seal), []).append(decoded(_event, rest))
        return tuple(
            replace(one, history=tuple(histories.get(one.id, ())))
            for one in self._read(where, *values)
        )

    def _read(self, where: str, *values: Value) -> Iterator[SealRecord]:
        for row in self._rows(where, *values):
            yield decoded(_record, row)

    # The seal-use log

    def log_refusal(self, refused: Refused, owner: str) -> None:
        """Keep that a use was refused."""
        line = _line(refused.use, str(refused.reason), owner, "", "")
        self._file.run(_INSERT_USE, line)

    def log_uses(self, uses: Iterable[tuple[Allowed, str, str]]) -> None:
        """Keep uses in their order, in one transaction.

        A run that goes on with what an earlier one began adds a line only where another
        seal is put on, or by other people.

        Args:
            uses: what is allowed, the seal's owner, and the identifier of the license.
        """
        with self._file.transaction():
            for allowed, owner, identifier in uses:
                if not self._is_kept(allowed.use, identifier):
                    use, rule = allowed.use, allowed.rule
                    line = _line(use, None, owner, rule, identifier)
                    self._file.run(_INSERT_USE, line)

    def _is_kept(self, use: SealUse, identifier: str) -> bool:
        """Tell whether a license's own use has its line; a reprint is always new."""
        if use.scenario is Scenario.REPRINT:
            return False
        # Asked first, because an insertion that fails would take a number.
        found = self._file.run(
            "SELECT 1 FROM use WHERE identifier = ? AND refusal IS NULL"
            " AND scenario <> 'reprint' AND identifier <> ''"
            " AND seal = ? AND operator = ? AND approver = ?",
            (identifier, use.seal, use.operator, use.approver),
        )
        return bool(found)

    def use_of(self, identifier: str) -> SealUse | None:
        """Return the last use that made a license; no refusal, and no reprint."""
        rows = self._file.run(
            f"SELECT number, {_USE} FROM use WHERE identifier = ?"  # noqa: S608
            " AND refusal IS NULL AND scenario <> 'reprint' AND identifier <> ''"
            " ORDER BY number DESC LIMIT 1",
            (identifier,),
        )
        return decoded(_use_line, rows[0]).use if rows else None

    def log(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[UseLine, ...]:
        """Return the lines of the seal-use log in their order.

        Args:
            since: first instant, aware; None for the beginning.
            until: the instant before which they lie, aware; None for the end.
        """
        low = 0 if since is None else _seconds(since)
        high = 1 << 60 if until is None else _seconds(until)
        rows = self._file.run(
            f"SELECT number, {_USE} FROM use WHERE at >= ? AND at < ?"  # noqa: S608
            " ORDER BY number",
            (low, high),
        )
        return tuple(decoded(_use_line, row) for row in rows)


_INSERT_USE = f"INSERT INTO use ({_USE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608


def _line(
    use: SealUse, refusal: str | None, owner: str, rule: str, identifier: str
) -> tuple[Value, ...]:
    return (
        _seconds(use.at),
        refusal,
        use.seal,
        owner,
        use.organization,
        use.type_name,
        str(use.scenario),
        use.operator,
        use.approver,
        rule,
        identifier,
    )


def _use_line(row: Columns) -> UseLine:
    refusal = row[2]
    return UseLine(
        number=integer(row[0]),
        use=SealUse(
            seal=text(row[3]),
            organization=text(row[5]),
            type_name=text(row[6]),
            scenario=Scenario(text(row[7])),
            operator=text(row[8]),
            approver=text(row[9]),
            at=_instant(row[1]),
        ),
        refusal=None if refusal is None else Refusal(text(refusal)),
        owner=text(row[4]),
        rule=text(row[10]),
        identifier=text(row[11]),
    )


def _row(record: SealRecord) -> tuple[Value, ...]:
    return (
        record.id,
        record.owner,
        record.name,
        str(record.form),
        _seconds(record.valid_from),
        None if record.valid_until is None else _seconds(record.valid_until),
        record.content,
        json.dumps([one.hex() for one in record.signers]),
        int(record.is_test),
    )


def _record(row: Columns) -> SealRecord:
    return SealRecord(
        id=text(row[0]),
        owner=text(row[1]),
        name=text(row[2]),
        form=SealForm(text(row[3])),
        valid_from=_instant(row[4]),
        valid_until=None if row[5] is None else _instant(row[5]),
        content=_blob(row[6]),
        signers=tuple(map(bytes.fromhex, json.loads(text(row[7])))),
        is_test=bool(integer(row[8])),
    )


def _event(row: Columns) -> SealEvent:
    return SealEvent(
        kind=SealEventKind(text(row[0])),
        effective_at=_instant(row[1]),
        recorded_at=_instant(row[2]),
        by=text(row[3]),
        reason=SealReason(text(row[4])),
        note=text(row[5]),
    )


def _blob(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("not bytes")
    return value


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _instant(value: Value) -> datetime:
    return datetime.fromtimestamp(integer(value), UTC)
