"""The same look-up in DuckDB, LMDB and SQLite, each as one would do it for speed.

A text is hashed, its digest is looked up, and the code of the row is what the status
and the days of the row come to. All get rows in the order of their digests, in one
transaction, and are opened for reading. One thread, as the snapshot has.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from lookup_rows import Codes, Part, Table, code_of, codes_of

from elicense.snapshot import NO_ANSWER

DIGEST = 16
AT_ONCE = 500  # digests in one statement of SQLite
_VALUE = np.dtype([("first", "<i4"), ("last", "<i4"), ("due", "<i4"), ("status", "u1")])


class Peer(Protocol):
    """A table in a folder of its own that answers texts."""

    name: str

    def build(self, table: Table) -> None:
        """Write the rows, and put them on disk."""

    def open(self) -> None:
        """Make ready to answer."""

    def answer(self, texts: Sequence[str]) -> Codes:
        """Return the number of each text's code, or NO_ANSWER."""

    def size(self) -> int:
        """Return the bytes that it takes on disk."""

    def close(self) -> None:
        """Let go of everything."""


def digests(texts: Sequence[str]) -> list[bytes]:
    """Return the digest of each text."""
    sha256 = hashlib.sha256
    return [sha256(text.encode()).digest()[:DIGEST] for text in texts]


def unanswered(count: int) -> Codes:
    """Return as many places without an answer."""
    return np.full(count, NO_ANSWER, np.uint8)


class DuckDB:
    """One join of a batch, given as Arrow, with the table.

    Without an index: no join uses one, and a primary key costs 20 times the time to
    build.
    """

    name = "DuckDB"
    package = "duckdb"

    def __init__(self, folder: Path) -> None:
        """Keep the table in a folder."""
        self._path = folder / "licenses.duckdb"

    def build(self, table: Table) -> None:
        """Write the rows as unsigned halves of digests, and days."""
        import duckdb
        import pyarrow as pa

        made = duckdb.connect(self._path)
        made.execute(
            "CREATE TABLE licenses (hi UBIGINT, lo UBIGINT, first_day INTEGER,"
            " last_day INTEGER, due INTEGER, status UTINYINT)"
        )
        made.execute("BEGIN")
        for part in table.parts():
            columns = {name: getattr(part, name) for name in Part._fields[1:]}
            made.register("part", pa.table(columns))
            made.execute("INSERT INTO licenses SELECT * FROM part")
        made.execute("COMMIT")
        made.execute("CHECKPOINT")
        made.close()

    def open(self) -> None:
        """Connect."""
        import duckdb

        self._open = duckdb.connect(self._path, read_only=True)
        self._open.execute("SET threads = 1")

    def answer(self, texts: Sequence[str]) -> Codes:
        """Join."""
        import pyarrow as pa

        joined = np.frombuffer(b"".join(digests(texts)), ">u8").astype(np.uint64)
        asked = {"hi": joined[0::2], "lo": joined[1::2], "row": np.arange(len(texts))}
        self._open.register("asked", pa.table(asked))
        found = self._open.execute(
            f"SELECT row, {code_of('least')} AS code"  # noqa: S608  our own numbers
            " FROM asked JOIN licenses USING (hi, lo)"
        ).fetchnumpy()
        answers = unanswered(len(texts))
        answers[found["row"]] = found["code"]
        return answers

    def size(self) -> int:
        """Return the size of its file."""
        return self._path.stat().st_size

    def close(self) -> None:
        """Disconnect."""
        self._open.close()


class LMDB:
    """One `get` for each digest, all of a batch in one read transaction."""

    name = "LMDB"
    package = "lmdb"

    def __init__(self, folder: Path) -> None:
        """Keep the table in a folder."""
        self._path = folder / "licenses.lmdb"

    def build(self, table: Table) -> None:
        """Append the rows."""
        import lmdb

        made = lmdb.open(
            str(self._path), subdir=False, map_size=(table.rows << 7) + (1 << 24)
        )
        with made.begin(write=True) as run:
            for part in table.parts():
                pairs = zip(_keys(part), _values(part), strict=True)
                run.cursor().putmulti(pairs, append=True)
        made.sync(True)  # noqa: FBT003  its only argument
        made.close()

    def open(self) -> None:
        """Map the file."""
        import lmdb

        self._open = lmdb.open(
            str(self._path), subdir=False, readonly=True, lock=False, readahead=False
        )

    def answer(self, texts: Sequence[str]) -> Codes:
        """Get each."""
        with self._open.begin() as run:
            values = list(map(run.get, digests(texts)))
        rows = [row for row, value in enumerate(values) if value is not None]
        answers = unanswered(len(texts))
        found = np.frombuffer(b"".join(filter(None, values)), _VALUE)
        answers[rows] = codes_of(*(found[name] for name in _VALUE.names or ()))
        return answers

    def size(self) -> int:
        """Return the size of its file."""
        return self._path.stat().st_blocks * 512

    def close(self) -> None:
        """Unmap."""
        self._open.close()


class SQLite:
    """500 digests a statement, found by the primary key of a table without rowid."""

    name = "SQLite"
    package = "sqlite3"

    def __init__(self, folder: Path) -> None:
        """Keep the table in a folder."""
        self._path = folder / "licenses.sqlite"
        marks = ", ".join("?" * AT_ONCE)
        self._ask = (
            f"SELECT digest, {code_of('min')}"  # noqa: S608  our own numbers
            f" FROM licenses WHERE digest IN ({marks})"
        )

    def build(self, table: Table) -> None:
        """Insert the rows."""
        made = sqlite3.connect(self._path)
        with made:
            made.execute(
                "CREATE TABLE licenses (digest BLOB PRIMARY KEY, first_day INTEGER,"
                " last_day INTEGER, due INTEGER, status INTEGER) WITHOUT ROWID"
            )
            for part in table.parts():
                columns = (part.first, part.last, part.due, part.status)
                numbers = (column.tolist() for column in columns)
                rows = zip(_keys(part), *numbers, strict=True)
                made.executemany("INSERT INTO licenses VALUES (?, ?, ?, ?, ?)", rows)
        made.close()

    def open(self) -> None:
        """Connect, and map the whole file."""
        self._open = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
        self._open.execute(f"PRAGMA mmap_size = {self.size()}")

    def answer(self, texts: Sequence[str]) -> Codes:
        """Ask for 500 at a time."""
        wanted = digests(texts)
        found: dict[bytes, int] = {}
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            some += [b""] * (AT_ONCE - len(some))
            found.update(self._open.execute(self._ask, some))
        return np.array([found.get(key, NO_ANSWER) for key in wanted], np.uint8)

    def size(self) -> int:
        """Return the size of its file."""
        return self._path.stat().st_size

    def close(self) -> None:
        """Disconnect."""
        self._open.close()


def _keys(part: Part) -> Iterator[bytes]:
    whole = part.digests
    return (whole[at : at + DIGEST] for at in range(0, len(whole), DIGEST))


def _values(part: Part) -> Iterator[bytes]:
    packed = np.empty(len(part.first), _VALUE)
    for name in _VALUE.names or ():
        packed[name] = getattr(part, name)
    whole, size = packed.tobytes(), _VALUE.itemsize
    return (whole[at : at + size] for at in range(0, len(whole), size))
