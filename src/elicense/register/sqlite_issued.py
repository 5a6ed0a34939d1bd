"""What was issued, in the order of its issue, and how far snapshots have it.

A transaction holds the write lock from its begin, so that events are recorded in the
order of their ``seq``: nothing appears before what a reader has seen.
"""

from collections.abc import Iterator

from elicense.register import SnapshotMark, columns
from elicense.register.sqlite_file import SqliteFile

PAGE = 1000  # tokens read at a time, so that a reader holds no lock in between

# The index of issues alone: other events are not even passed over.
_ISSUED = f"""SELECT seq, token FROM event INDEXED BY event_issued
    JOIN output ON output.identifier = event.identifier
    WHERE kind = 'ISSUED' AND seq > ? ORDER BY seq LIMIT {PAGE}"""  # noqa: S608  constants only
_COUNT = """SELECT COUNT(*) FROM event INDEXED BY event_issued
    WHERE kind = 'ISSUED' AND seq <= ?"""
_MARK = "SELECT sha256, event_seq, issued FROM snapshot_mark WHERE sha256 = ?"


def after(file: SqliteFile, seq: int) -> Iterator[tuple[int, bytes]]:
    """Give what was issued (:meth:`elicense.register.Register.issued`)."""
    while rows := file.run(_ISSUED, (seq,)):
        for row in rows:
            seq, token = columns.decoded(columns.issued, row)
            yield seq, token


def until(file: SqliteFile, seq: int) -> int:
    """Count what was issued (:meth:`elicense.register.Register.issued_until`)."""
    return columns.integer(file.run(_COUNT, (seq,))[0][0])


def keep_mark(file: SqliteFile, mark: SnapshotMark) -> None:
    """Keep a mark; inside a transaction of the caller."""
    values = (mark.sha256, mark.event_seq, mark.issued)
    file.run("INSERT OR REPLACE INTO snapshot_mark VALUES (?, ?, ?)", values)


def mark(file: SqliteFile, sha256: bytes) -> SnapshotMark | None:
    """Return a mark, None where there is none."""
    rows = file.run(_MARK, (sha256,))
    return columns.decoded(columns.snapshot_mark, rows[0]) if rows else None
