"""The SQLite file under a register: its schema, its connections, its transactions.

WAL with synchronous=FULL: what was committed survives a crash of the machine. Every
transaction begins with BEGIN IMMEDIATE, so that two writers queue instead of failing
midway. Each thread has its own connection, and a forked process opens its own.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from elicense import files
from elicense.errors import RegisterError
from elicense.model import Text
from elicense.register.columns import Value, integer

_APPLICATION_ID = 0x454C5247  # "ELRG": marks the file as a register
_SCHEMA_VERSION = 4
# What seal platforms are asked to seal (docs/seal-platforms.md); new in version 3.
_ORDERS = """CREATE TABLE seal_order (
        identifier TEXT PRIMARY KEY REFERENCES license (identifier),
        request_id TEXT NOT NULL UNIQUE,
        token BLOB NOT NULL, pdf BLOB, grounds TEXT NOT NULL,
        sent_at INTEGER, task TEXT NOT NULL
    ) STRICT"""
# What a snapshot goes on from (docs/formats/snapshot.md, section 3); new in version 4.
_MARKS = (
    """CREATE TABLE snapshot_mark (
        sha256 BLOB PRIMARY KEY, event_seq INTEGER NOT NULL, issued INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX event_issued ON event (seq) WHERE kind = 'ISSUED'",
)
_SCHEMA = (
    """CREATE TABLE license (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        identifier TEXT NOT NULL UNIQUE,
        issuer TEXT NOT NULL, type_name TEXT NOT NULL, operation TEXT NOT NULL,
        source TEXT NOT NULL, source_number TEXT NOT NULL,
        digest BLOB NOT NULL,
        serial TEXT NOT NULL, list_id INTEGER NOT NULL, list_index INTEGER NOT NULL,
        salt BLOB NOT NULL, instant INTEGER NOT NULL,
        issued_at INTEGER,
        successor TEXT UNIQUE REFERENCES license (identifier),
        number TEXT NOT NULL, record BLOB NOT NULL,
        UNIQUE (issuer, type_name, operation, source, source_number),
        UNIQUE (issuer, serial),
        UNIQUE (issuer, list_id, list_index)
    ) STRICT""",
    "CREATE INDEX license_number ON license (number)",
    # The plan of a license to which more happened than its issue. It follows from the
    # events; a status list is made from these rows alone.
    """CREATE TABLE span (
        issuer TEXT NOT NULL, list_id INTEGER NOT NULL, list_index INTEGER NOT NULL,
        since INTEGER NOT NULL, state TEXT NOT NULL,
        PRIMARY KEY (issuer, list_id, list_index, since),
        FOREIGN KEY (issuer, list_id, list_index)
            REFERENCES license (issuer, list_id, list_index)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE output (
        identifier TEXT PRIMARY KEY REFERENCES license (identifier),
        token BLOB NOT NULL, pdf BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE event (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        identifier TEXT NOT NULL REFERENCES license (identifier),
        kind TEXT NOT NULL, reason TEXT,
        effective_at INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
        until TEXT, decision TEXT, note TEXT NOT NULL,
        successor TEXT REFERENCES license (identifier)
    ) STRICT""",
    "CREATE INDEX event_identifier ON event (identifier)",
    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
    """CREATE TABLE publication (
        number INTEGER PRIMARY KEY, at INTEGER NOT NULL,
        event_seq INTEGER NOT NULL, bundle BLOB NOT NULL
    ) STRICT""",
    _ORDERS,
    *_MARKS,
    # What was recorded is never rewritten, not even by a program that is wrong.
    """CREATE TRIGGER license_stays BEFORE DELETE ON license
        BEGIN SELECT RAISE (ABORT, 'a license is never deleted'); END""",
    """CREATE TRIGGER event_stays BEFORE DELETE ON event
        BEGIN SELECT RAISE (ABORT, 'an event is never deleted'); END""",
    """CREATE TRIGGER event_is_final BEFORE UPDATE ON event
        BEGIN SELECT RAISE (ABORT, 'an event is never changed'); END""",
)


@dataclass(frozen=True, slots=True)
class Schema:
    """What a file of one kind is made of.

    Attributes:
        application_id: marks the file as one of the kind.
        version: of its tables.
        statements: make the tables of an empty file.
        upgrades: what brings an earlier version to the next one; an earlier one that is
            not here is not read.
    """

    application_id: int
    version: int
    statements: tuple[str, ...]
    upgrades: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


REGISTER = Schema(_APPLICATION_ID, _SCHEMA_VERSION, _SCHEMA, {2: (_ORDERS,), 3: _MARKS})


CACHE_KIB = 65_536
"""Pages of a batch that are held in memory, so that none is written twice."""
CHECKPOINT_PAGES = 8_000
"""32 MiB of log before it is copied into the file; SQLite's own 4 MiB would be less
than one batch."""

# Primary result codes of SQLite (sqlite.org/rescode.html) that a user can act on.
_CAUSES = {
    sqlite3.SQLITE_BUSY: Text("登记库正被占用，请稍后重试", "locked; try again later"),
    sqlite3.SQLITE_LOCKED: Text(
        "登记库正被占用，请稍后重试", "locked; try again later"
    ),
    sqlite3.SQLITE_CORRUPT: Text(
        "登记库文件已损坏，请从备份恢复", "damaged; restore it"
    ),
    sqlite3.SQLITE_NOTADB: Text("该文件不是登记库", "not a register"),
    sqlite3.SQLITE_FULL: Text(
        "磁盘空间不足，本次写入未保留", "full; nothing of this call was kept"
    ),
    sqlite3.SQLITE_IOERR: Text("读写登记库失败", "the disk can not be read or written"),
    sqlite3.SQLITE_READONLY: Text("登记库只读", "read-only"),
    sqlite3.SQLITE_CANTOPEN: Text("无法打开登记库文件", "it can not be opened"),
}


class SqliteFile:
    """One register file, opened as often as there are threads that use it."""

    def __init__(self, path: Path, timeout: float) -> None:
        """Use :meth:`create` or :meth:`open`."""
        self._path = path
        self._timeout = timeout
        self._local = threading.local()
        self._opened: list[tuple[int, sqlite3.Connection]] = []
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def create(cls, path: Path, timeout: float, schema: Schema = REGISTER) -> Self:
        """Make a new file (0600) with the schema in it; RegisterError if it exists."""
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError as err:
            raise refused(Text("文件已存在", "the file exists")) from err
        except OSError as err:
            raise refused(_CAUSES[sqlite3.SQLITE_CANTOPEN]) from err
        try:
            with closing(_connect(path, timeout)) as conn:
                _run(conn, "BEGIN IMMEDIATE")
                for statement in schema.statements:
                    _run(conn, statement)
                _run(conn, f"PRAGMA application_id = {schema.application_id}")
                _run(conn, f"PRAGMA user_version = {schema.version}")
                _run(conn, "COMMIT")
            files.sync(path.parent)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return cls.open(path, timeout, schema)

    @classmethod
    def open(cls, path: Path, timeout: float, schema: Schema = REGISTER) -> Self:
        """Open a file of this kind and version; RegisterError for any other."""
        file = cls(path, timeout)
        try:
            _check_kind(file.connection(), schema)
            if _version(file.connection()) < schema.version:
                file.upgrade(schema)
        except BaseException:
            file.close()
            raise
        return file

    def upgrade(self, schema: Schema) -> None:
        """Bring a file of an earlier version up to date, whole or not at all."""
        with self.transaction():
            for version in range(_version(self.connection()), schema.version):
                for statement in schema.upgrades[version]:
                    self.run(statement)
                self.run(f"PRAGMA user_version = {version + 1}")

    def close(self) -> None:
        """Close this process's connections, those of other threads too."""
        with self._lock:
            self._closed = True
            self._close_own()

    def let_go(self) -> None:
        """Close this process's connections; the next call opens a new one.

        Raises:
            ValueError: this thread is inside :meth:`batch`.
        """
        if self.in_batch:
            raise ValueError("a batch holds the register")
        with self._lock:
            self._close_own()
            self._local = threading.local()

    def _close_own(self) -> None:
        for pid, conn in self._opened:
            # A forked child must not close what its parent still uses.
            if pid == os.getpid():
                conn.close()
        self._opened = [item for item in self._opened if item[0] != os.getpid()]

    def connection(self) -> sqlite3.Connection:
        """Return this thread's own connection in this process.

        Raises:
            RegisterError: the file can not be opened.
            ValueError: it was closed.
        """
        if self._closed:
            raise ValueError("the register is closed")
        if getattr(self._local, "pid", None) != os.getpid():
            conn = _connect(self._path, self._timeout)
            with self._lock:
                self._opened.append((os.getpid(), conn))
            self._local.conn, self._local.pid = conn, os.getpid()
            self._local.in_batch = False
        current: sqlite3.Connection = self._local.conn
        return current

    @property
    def in_batch(self) -> bool:
        """Tell whether this thread is inside :meth:`batch`; opens nothing.

        Raises:
            ValueError: it was closed.
        """
        if self._closed:
            raise ValueError("the register is closed")
        # What a forked process inherits is its parent's.
        own = getattr(self._local, "pid", None) == os.getpid()
        return own and bool(self._local.in_batch)

    def run(self, sql: str, values: tuple[Value, ...] = ()) -> list[tuple[Value, ...]]:
        """Run one statement and return all its rows; RegisterError where it fails."""
        return _run(self.connection(), sql, values)

    def run_all(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Run one statement for each row of values; RegisterError where one fails.

        Not for SELECT, nor outside of :meth:`transaction`: what was done before the
        failure is taken back by that.
        """
        conn = self.connection()
        try:
            conn.executemany(sql, rows)
        except sqlite3.Error as err:
            raise _translated(err) from err

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the write lock; inside a batch, a step that can be taken back alone."""
        if not self.in_batch:
            with self._held("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"):
                yield
            return
        if not self.connection().in_transaction:
            # SQLite itself gave up the whole transaction, as it may on a full disk.
            raise refused(Text("整批已回滚", "the batch was taken back"))
        with self._held(
            "SAVEPOINT step", "RELEASE step", "ROLLBACK TO step", "RELEASE step"
        ):
            yield

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Make all transactions of this thread one; ValueError for one in another."""
        if self.in_batch:
            raise ValueError("a batch can not hold another")
        with self.transaction():
            self._local.in_batch = True
            try:
                yield
            finally:
                self._local.in_batch = False

    @contextmanager
    def _held(self, begin: str, end: str, *undo: str) -> Iterator[None]:
        self.run(begin)
        try:
            yield
            self.run(end)
        except BaseException:
            for statement in undo:
                # SQLite may have rolled back by itself, and says so here.
                if self.connection().in_transaction:
                    self.run(statement)
            raise


def _connect(path: Path, timeout: float) -> sqlite3.Connection:
    """Open one connection; the file must exist. RegisterError where it can not."""
    try:
        conn = sqlite3.connect(
            path.absolute().as_uri() + "?mode=rw",
            uri=True,
            timeout=timeout,
            isolation_level=None,  # transactions begin and end where this module says
            check_same_thread=False,  # only close() crosses threads
        )
    except sqlite3.Error as err:
        raise _translated(err) from err
    try:
        _run(conn, "PRAGMA journal_mode = WAL")
        _run(conn, "PRAGMA synchronous = FULL")
        _run(conn, "PRAGMA foreign_keys = ON")
        _run(conn, f"PRAGMA cache_size = -{CACHE_KIB}")
        _run(conn, f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    except BaseException:
        conn.close()
        raise
    return conn


def _version(conn: sqlite3.Connection) -> int:
    return integer(_run(conn, "PRAGMA user_version")[0][0])


def _check_kind(conn: sqlite3.Connection, schema: Schema) -> None:
    """Refuse a database that is not of this kind and version."""
    application = _run(conn, "PRAGMA application_id")[0][0]
    version = _version(conn)
    if application != schema.application_id or version < 1:
        raise refused(_CAUSES[sqlite3.SQLITE_NOTADB])
    if version < schema.version and version not in schema.upgrades:
        raise refused(
            Text(
                f"该登记库由早期试用版本建立（版本 {version}），不能使用，请重新建立",
                f"made by an earlier trial version (version {version}), which this"
                " program can not use; make a new one",
            )
        )
    if version > schema.version:
        raise refused(
            Text(
                f"登记库版本为 {version}，本程序只支持到 {schema.version}，请升级程序",
                f"it has version {version} and this program knows"
                f" {schema.version}; upgrade the program",
            )
        )


def _run(
    conn: sqlite3.Connection, sql: str, values: tuple[Value, ...] = ()
) -> list[tuple[Value, ...]]:
    """Run one statement and return all its rows; RegisterError where it fails."""
    try:
        return conn.execute(sql, values).fetchall()
    except sqlite3.Error as err:
        raise _translated(err) from err


def _translated(err: sqlite3.Error) -> RegisterError:
    code = getattr(err, "sqlite_errorcode", 0) & 0xFF  # the primary result code
    # The message of SQLite names tables and columns, never values.
    return refused(_CAUSES.get(code, Text(f"数据库错误：{err}", f"database: {err}")))


def refused(why: Text) -> RegisterError:
    """Return the error that says why the register can not be used."""
    return RegisterError(Text(f"登记库：{why.zh}", f"register: {why.en}"))
