"""The report of a batch: a line for each row, whole under its own name or not there."""

import csv
import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from elicense import cells, files
from elicense.cli.delivery import Line, not_written
from elicense.cli.usage import WrongUsageError
from elicense.model import Text

ENDINGS = (".jsonl", ".csv")
_COLUMNS = (
    *("row", "key", "identifier", "number", "file", "code", "state", "existed"),
    *("warnings_zh", "warnings_en", "error_zh", "error_en"),
)
_HELD = (errno.EACCES, errno.EAGAIN)


def partial(path: Path) -> Path:
    """Return the name that a report has until it is whole: ``FILE.partial``."""
    return path.with_name(f"{path.name}.partial")


@dataclass(slots=True)
class Report:
    """A report that grows line by line; each is in the file at once.

    Attributes:
        path: the file as it is called now.
        count: lines so far.
    """

    path: Path
    _file: TextIO
    _is_table: bool
    count: int = 0

    def begin(self) -> None:
        """Write what stands before the first line."""
        if self._is_table:
            # The mark lets spreadsheets see that a table is UTF-8.
            self._write(dict(zip(_COLUMNS, _COLUMNS, strict=True)), "\ufeff")

    def add(self, line: Line) -> None:
        """Write one line.

        Raises:
            FileError: the disk is full, or the like.
        """
        self._write(line)
        self.count += 1

    def _write(self, line: Line, mark: str = "") -> None:
        try:
            self._file.write(mark)
            if self._is_table:
                csv.DictWriter(self._file, _COLUMNS).writerow(cells.harmless(line))
            else:
                self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as err:
            raise not_written(self.path, err) from err


@contextmanager
def opened(path: Path) -> Iterator[Report]:
    """Give a report that gets its name once it is whole.

    Where the run is broken off, the lines that were written stay in ``FILE.partial``,
    and what was at ``path`` before stays too.

    Args:
        path: .jsonl or .csv; its folder exists.

    Raises:
        WrongUsageError: another run is writing it.
        FileError: it cannot be written.
    """
    name = partial(path)
    with os.fdopen(_claimed(name), "w", encoding="utf-8", newline="") as file:
        report = Report(name, file, path.suffix.lower() == ".csv")
        try:
            report.begin()
            yield report
            os.fsync(file.fileno())
            name.replace(path)
        except BaseException:
            if not report.count:
                name.unlink(missing_ok=True)
            with suppress(OSError):  # what cannot be written was told already
                file.close()
            raise
    files.sync(path.parent)


def _claimed(name: Path) -> int:
    """Return a new and empty file that this process alone writes."""
    while True:
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, files.PUBLIC)
        try:
            # Of this process alone: a worker that outlives a killed run holds nothing.
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            if err.errno in _HELD:
                os.close(handle)
                raise WrongUsageError(
                    Text(
                        f"另一个运行正在写入 {name}",
                        f"another run is writing {name}",
                    )
                ) from err
        if _is_new(handle, name):
            return handle
        os.close(handle)


def _is_new(handle: int, name: Path) -> bool:
    """Tell whether a file is empty and still has its name; unlink an old one.

    An old one is not written over: the name may be a second one of something else.
    """
    found = os.fstat(handle)
    try:
        if not os.path.samestat(found, name.lstat()):
            return False
    except FileNotFoundError:
        return False
    if found.st_size:
        name.unlink()
    return not found.st_size
