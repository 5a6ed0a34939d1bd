"""The same look-up in PostgreSQL: a real server of its own, ended with the benchmark.

Its settings are the defaults (fsync included) but for memory; it listens on a socket in
a folder of its own, and on no port. A batch is copied into a temporary table and joined
with the table by its primary key, and the codes are copied back, both in PostgreSQL's
binary form, made and read by numpy. Server and client take turns on two cores.
"""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep

import numpy as np
from lookup_rows import Codes, Table, code_of
from peer_tables import digests, unanswered

SYSTEM_TEMP = Path(tempfile.gettempdir())  # run.py sets another one later
HOW = "Debian, Ubuntu: apt-get install postgresql"
_INSTALLED = Path("/usr/lib/postgresql")  # Debian keeps it off PATH
_SERVER_USER = "nobody"  # where the benchmark runs as root, which a server refuses
_SOCKET_PATH = 90  # characters; a system takes about 100
_SECONDS = 60
_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "256MB",
}
_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_END = b"\xff\xff"
_UUID, _INT, _SHORT = ("V16", 16), (">i4", 4), (">i2", 2)


def _row(*kinds: tuple[str, int]) -> np.dtype[np.void]:
    """Return how a row of PostgreSQL's binary copy looks: fields with their lengths."""
    fields = [("fields", ">i2")]
    for number, (kind, _) in enumerate(kinds):
        fields += [(f"length{number}", ">i4"), (f"value{number}", kind)]
    return np.dtype(fields)


_LICENSE = (_UUID, _INT, _INT, _INT, _SHORT)
_ASKED = (_INT, _UUID)
_FOUND = _row(_INT, _SHORT)


def _packed(
    kinds: tuple[tuple[str, int], ...], *columns: np.ndarray[tuple[int], np.dtype]
) -> bytes:
    """Return rows in PostgreSQL's binary form."""
    rows = np.empty(len(columns[0]), _row(*kinds))
    rows["fields"] = len(kinds)
    for number, ((_, length), column) in enumerate(zip(kinds, columns, strict=True)):
        rows[f"length{number}"], rows[f"value{number}"] = length, column
    return rows.tobytes()


def program(name: str) -> str | None:
    """Return the path of one of PostgreSQL's programs, None where it is not there."""
    found = shutil.which(name)
    if found or not _INSTALLED.is_dir():
        return found
    versions = sorted(_INSTALLED.glob(f"*/bin/{name}"))
    return str(versions[-1]) if versions else None


def present() -> bool:
    """Tell whether a server can be started here."""
    return program("initdb") is not None and program("postgres") is not None


def _as_user() -> dict[str, object]:
    """Return what makes a program run as a user that a server accepts."""
    if os.geteuid():
        return {}
    known = pwd.getpwnam(_SERVER_USER)
    return {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}


def _room(folder: Path) -> Path:
    """Make an empty folder that the server's user reaches, by a short path.

    In the folder that was given where possible, else in the system's own.
    """
    path = folder.resolve()
    open_to_all = all(
        parent.stat().st_mode & stat.S_IXOTH for parent in (path, *path.parents)
    )
    short = len(str(path)) < _SOCKET_PATH - 20
    where = path if short and (open_to_all or os.geteuid()) else SYSTEM_TEMP
    made = Path(tempfile.mkdtemp(prefix="pg-", dir=where))
    if user := _as_user():
        os.chown(made, int(str(user["user"])), int(str(user["group"])))
    return made


class PostgreSQL:
    """One join of a batch with the table by its primary key, a uuid."""

    name = "PostgreSQL"
    package = "psycopg"

    def __init__(self, folder: Path) -> None:
        """Start a server with an empty cluster."""
        self._folder = _room(folder)
        self._data = self._folder / "data"
        try:
            self._make()
            self._server = self._start()
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        self._open = None

    def _make(self) -> None:
        """Make the cluster; what is in it yet need not be safe on disk."""
        kept = ("-D", str(self._data), "-U", "bench", "-A", "trust", "--no-sync")
        done = subprocess.run(  # noqa: S603  found by us
            [program("initdb") or "initdb", *kept, "-E", "UTF8", "--locale=C"],
            cwd=self._folder,
            capture_output=True,
            encoding="utf-8",
            check=False,
            **_as_user(),
        )
        if done.returncode:
            raise AssertionError(f"initdb: {done.stderr.strip()}")

    def _start(self) -> subprocess.Popen[bytes]:
        settings = _SETTINGS | {"unix_socket_directories": str(self._folder)}
        given = [part for pair in settings.items() for part in ("-c", "=".join(pair))]
        log = self._folder / "log"
        with log.open("wb") as written:
            server = subprocess.Popen(  # noqa: S603  found by us
                [program("postgres") or "postgres", "-D", str(self._data), *given],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                start_new_session=True,  # Ctrl-C is ours to pass on
                **_as_user(),
            )
        try:
            self._await(server, log)
        except BaseException:
            _end(server)
            raise
        return server

    def _await(self, server: subprocess.Popen[bytes], log: Path) -> None:
        """Wait until it answers."""
        import psycopg

        until = monotonic() + _SECONDS
        while True:
            try:
                self._connect().close()
            except psycopg.OperationalError as err:
                if server.poll() is not None or monotonic() > until:
                    raise AssertionError(log.read_text(encoding="utf-8")) from err
                sleep(0.05)
            else:
                return

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":  # noqa: F821
        import psycopg

        return psycopg.connect(host=str(self._folder), user="bench", dbname="postgres")

    def build(self, table: Table) -> None:
        """Copy the rows, then make the primary key, and let the planner look."""
        with self._connect() as made:
            made.execute(
                "CREATE TABLE licenses (digest uuid NOT NULL, first_day integer"
                " NOT NULL, last_day integer NOT NULL, due integer NOT NULL,"
                " status smallint NOT NULL)"
            )
            ask = "COPY licenses FROM STDIN (FORMAT binary)"
            with made.cursor().copy(ask) as copy:
                copy.write(_HEAD)
                for part in table.parts():
                    keys = np.frombuffer(part.digests, "V16")
                    days = (part.first, part.last, part.due)
                    copy.write(_packed(_LICENSE, keys, *days, part.status))
                copy.write(_END)
            made.execute("ALTER TABLE licenses ADD PRIMARY KEY (digest)")
            made.commit()
            made.autocommit = True
            made.execute("VACUUM ANALYZE licenses")
            made.execute("CHECKPOINT")

    def open(self) -> None:
        """Connect, and make the temporary table."""
        self._open = self._connect()
        self._open.execute(
            "CREATE TEMPORARY TABLE asked (row integer, digest uuid)"
            " ON COMMIT DELETE ROWS"
        )
        self._open.commit()

    def answer(self, texts: Sequence[str]) -> Codes:
        """Copy in, join, copy out."""
        keys = np.frombuffer(b"".join(digests(texts)), "V16")
        asked = _packed(_ASKED, np.arange(len(texts)), keys)
        cursor = self._open.cursor()
        with cursor.copy("COPY asked FROM STDIN (FORMAT binary)") as copy:
            copy.write(_HEAD + asked + _END)
        ask = (
            f"COPY (SELECT row, {code_of('least')}::smallint"  # noqa: S608  our numbers
            " FROM asked JOIN licenses USING (digest)) TO STDOUT (FORMAT binary)"
        )
        with cursor.copy(ask) as copy:
            told = b"".join(copy)
        self._open.commit()
        found = np.frombuffer(told[len(_HEAD) : -len(_END)], _FOUND)
        answers = unanswered(len(texts))
        answers[found["value0"]] = found["value1"]
        return answers

    def size(self) -> int:
        """Return the bytes of the table with its index."""
        ask = "SELECT pg_total_relation_size('licenses')"
        (found,) = self._open.execute(ask).fetchone() or (0,)
        self._open.commit()
        return int(found)

    def close(self) -> None:
        """End the server, and remove its folder."""
        try:
            if self._open is not None:
                self._open.close()
        finally:
            _end(self._server)
            shutil.rmtree(self._folder)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a server at once; its folder is removed next."""
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
