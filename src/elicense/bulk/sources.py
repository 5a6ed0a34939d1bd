"""What is verified in bulk: columns of QR texts, and documents, from files and folders.

One row is one input, whatever stands in it: what cannot be read is an input that cannot
be read, and stops nothing. Only a file that is not what its ending says is raised.
"""

import hashlib
import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeAlias, TypeVar

from elicense.bulk.aside import aside
from elicense.bulk.readers import (
    ENDINGS,
    Document,
    Job,
    SourceError,
    holds_documents,
    jobs,
)
from elicense.crew import Limits
from elicense.model import Text
from elicense.policy import STANDARD

T = TypeVar("T")
DOCUMENT_ENDINGS = (".pdf", ".png", ".jpg", ".jpeg")
READER_LIMITS = Limits(seconds=120, memory=3 << 30)
"""Of the process that reads a table: time for one batch, memory for all."""
Jobs: TypeAlias = Generator[Job, None, None]


@dataclass(frozen=True, slots=True)
class Source:
    """Inputs in order.

    Attributes:
        jobs: gives them from a row on, the first being 0.
        is_documents: whether they are documents, which may be hostile to their reader.
        identity: changes where the inputs do.
    """

    jobs: Callable[[int], Jobs]
    is_documents: bool
    identity: str


def opened(path: Path, max_bytes: int = STANDARD.max_input_bytes) -> Source:
    """Return the inputs of a file or a folder.

    A file is read whole once, for its digest. What is in it is read in a process of its
    own, which is there while jobs are asked for.

    Args:
        path: a folder of PDFs and pictures, or a table with a column ``qr_text``; a
            Parquet file may have ``document`` instead.
        max_bytes: what a document of a column may have; a larger one is not read.

    Raises:
        SourceError: it is of another kind.
        RowsError: the file is not what its ending says.
        LostError: reading it takes too much, or crashes.
        OSError: it cannot be read.
    """
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise SourceError(Text(f"{path}：不存在", f"{path}: there is no such file"))
    if not path.is_file() or path.suffix.lower() not in ENDINGS:
        known = ", ".join(ENDINGS)
        raise SourceError(
            Text(
                f"{path}：应为文件夹，或 {known} 文件",
                f"{path}: expected a folder, or a file of {known}",
            )
        )
    with path.open("rb") as stream:
        stamp = _stamp(os.fstat(stream.fileno()))
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    table = _Table(path, stamp, max_bytes)
    is_documents = table.is_documents()
    return Source(table.jobs, is_documents=is_documents, identity=digest)


Stamp: TypeAlias = tuple[int, ...]


def _stamp(found: os.stat_result) -> Stamp:
    """Return what is another one once a file was written, whoever sets its times."""
    return (
        *(found.st_dev, found.st_ino, found.st_size),
        *(found.st_mtime_ns, found.st_ctime_ns),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """A file of rows, which must not change from its digest on.

    Attributes:
        path: of the file.
        stamp: as it was when its digest was taken.
        max_bytes: of a document in it.
    """

    path: Path
    stamp: Stamp
    max_bytes: int

    def is_documents(self) -> bool:
        """Look into the head of the table."""
        (found,) = aside(partial(self._read, self._look), READER_LIMITS)
        return found

    def jobs(self, done: int) -> Jobs:
        """Give what is in it from a row on."""
        yield from aside(partial(self._read, partial(self._jobs, done)), READER_LIMITS)

    def _read(self, read: Callable[[BinaryIO], Iterator[T]]) -> Iterator[T]:
        """Give what is read, while the file stays as it is."""
        with self.path.open("rb") as stream:
            for found in read(stream):
                self._check(stream)
                yield found
            self._check(stream)

    def _check(self, stream: BinaryIO) -> None:
        if _stamp(os.fstat(stream.fileno())) != self.stamp:
            raise SourceError(
                Text(
                    f"{self.path} 在核验过程中被改动，请重新运行",
                    f"{self.path} was changed while it was verified: run again",
                )
            )

    def _look(self, stream: BinaryIO) -> Iterator[bool]:
        yield holds_documents(stream, self._ending)

    def _jobs(self, done: int, stream: BinaryIO) -> Iterator[Job]:
        return jobs(stream, self._ending, done, self.max_bytes)

    @property
    def _ending(self) -> str:
        return self.path.suffix.lower()


def _folder(path: Path) -> Source:
    """Return the documents of a folder and the folders in it, by their names."""
    found = sorted(
        item
        for item in path.rglob("*")
        if item.suffix.lower() in DOCUMENT_ENDINGS and item.is_file()
    )
    if not found:
        known = ", ".join(DOCUMENT_ENDINGS)
        raise SourceError(
            Text(f"{path} 中没有 {known} 文件", f"{path} holds no file of {known}")
        )

    def documents(done: int) -> Jobs:
        for item in found[done:]:
            yield Document(_name(item.relative_to(path)), item)

    identity = hashlib.sha256()
    for item in found:
        told = os.fsencode(item.relative_to(path)), _stamp(item.stat())
        identity.update(repr(told).encode())
    return Source(documents, is_documents=True, identity=identity.hexdigest())


def _name(path: Path) -> str:
    """Return the name of a file as a result can hold it; one may be no text."""
    return os.fsencode(path).decode(errors="replace")
