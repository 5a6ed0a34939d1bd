"""Building the columns of a snapshot from tokens, in bounded memory.

docs/formats/snapshot.md, section 2. Tokens come in the order of their issue and are
packed into runs of half a million rows, each sorted and put on disk; the runs are then
merged. So are the columns of an earlier snapshot with the tokens since.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path

from elicense import files
from elicense.snapshot.manifest import RowClass
from elicense.snapshot.merging import (
    RUN_ROWS,
    Run,
    StoredRun,
    Told,
    in_order,
    merge,
)
from elicense.snapshot.rows import Rows

__all__ = ["RUN_ROWS", "Built", "Rows", "Run", "build", "grow", "in_order", "write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A finished columns file, on disk under a name of its own.

    Attributes:
        path: where it is.
        rows: how many rows it has.
        left_out: how many tokens have none.
        size: its bytes.
        sha256: its digest.
        classes: by their number.
    """

    path: Path
    rows: int
    left_out: int
    size: int
    sha256: bytes
    classes: tuple[RowClass, ...]


def _silent(_done: int) -> None:
    """Tell nobody how far it is."""


def build(
    tokens: Iterable[bytes],
    folder: Path,
    *,
    told: Told = _silent,
    run_rows: int = RUN_ROWS,
) -> Built:
    """Build a columns file in a folder; nobody else's file is touched.

    Does NOT verify signatures: the tokens are the caller's own.

    Args:
        tokens: signed tokens in the order of their issue, none twice.
        folder: where; it exists, and so much room beside the file is there again.
        told: called with how many rows are merged.
        run_rows: rows that are in memory at a time.

    Raises:
        MalformedError: one of them is not a token.
        ValueError: a token came twice, or there are more than a file may have.
        FileError: the folder cannot be written.
    """
    rows = Rows()
    runs = rows.runs(tokens, run_rows)
    return write(runs, rows, folder, told=told, run_rows=run_rows)


def grow(
    before: Built,
    tokens: Iterable[bytes],
    folder: Path,
    *,
    told: Told = _silent,
    run_rows: int = RUN_ROWS,
) -> Built:
    """Build a columns file from an earlier one and the tokens since.

    Byte for byte what :func:`build` gives for all the tokens, where those of the
    earlier file came first.

    Args:
        before: the earlier file, authenticated by the caller; it stays as it is.
        tokens: what was issued since, in the order of its issue.
        folder: as for :func:`build`.
        told: likewise.
        run_rows: likewise.

    Raises:
        MalformedError, FileError: as for :func:`build`.
        ValueError: likewise; a token that the earlier file has came twice, too.
    """
    rows = Rows.after(before.classes, before.left_out)
    runs = rows.runs(tokens, run_rows)
    try:
        with before.path.open("rb") as file:
            base = (StoredRun(file, 0, before.rows),)
            return write(runs, rows, folder, base=base, told=told, run_rows=run_rows)
    except OSError as err:
        raise files.failed("读取", "read", before.path, err) from err


def write(
    runs: Iterable[Run],
    rows: Rows,
    folder: Path,
    *,
    base: tuple[StoredRun, ...] = (),
    told: Told = _silent,
    run_rows: int = RUN_ROWS,
) -> Built:
    """Merge runs into a columns file.

    Args:
        runs: each sorted.
        rows: what numbered their classes; asked when all runs were given.
        folder: as for :func:`build`.
        base: runs that are on disk.
        told: called with how many rows are merged.
        run_rows: rows that are in memory at a time.

    Raises:
        ValueError, FileError: as for :func:`build`.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as spilled:
            put = [StoredRun.put(run, spilled) for run in runs]
            with _new_file(folder) as (path, file):
                layout = merge((*base, *put), file, told, run_rows)
                sha256 = _finished(file)
    except OSError as err:
        raise files.failed("写入", "write", folder, err) from err
    return Built(
        path=path,
        rows=layout.rows,
        left_out=rows.left_out,
        size=layout.size,
        sha256=sha256,
        classes=rows.classes(),
    )


@contextmanager
def _new_file(folder: Path) -> Iterator[tuple[Path, BufferedRandom]]:
    """Give a file of a name of its own, which goes again where the block fails."""
    handle, name = tempfile.mkstemp(prefix=".new-", dir=folder)
    path = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield path, file
    except BaseException:
        path.unlink()
        raise


def _finished(file: BufferedRandom) -> bytes:
    """Put a file on disk, readable by everybody, and return its digest."""
    file.flush()
    os.fchmod(file.fileno(), files.PUBLIC)
    os.fsync(file.fileno())
    file.seek(0)
    return hashlib.file_digest(file, "sha256").digest()
