"""Private files of what a verifier remembers: one spelling, under the key of the pins.

docs/formats/memory.md, sections 2 and 3. One piece serves every such file: JSON with an
HMAC, written whole under one lock. A file that is missing, cut off, edited or of other
pins is an error once a root was pinned, never an empty one.

Does NOT notice that an older state of a file was put back.
"""

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from elicense import files
from elicense.errors import ElicenseError
from elicense.files import FileError
from elicense.model import Text
from esign.errors import MalformedError
from esign.shape import Fields

T = TypeVar("T")
_LOCK = "memory.lock"


class MemoryLostError(ElicenseError):
    """A root was pinned, and what was seen since then is missing or damaged."""


class UnwritableMemoryError(ElicenseError):
    """The world: what was seen cannot be kept, so that nothing is believed."""


@dataclass(frozen=True, slots=True)
class StateFile(Generic[T]):
    """One kind of file.

    Attributes:
        name: of the file, in the folder of the pins.
        format: what it says that it is.
        what: what is remembered in it, for people.
        max_bytes: a larger file is none.
        entries: a value -> what stands in the file, in its one order, as JSON has it.
        value: takes a value from the entries; MalformedError or ValueError for others.
    """

    name: str
    format: str
    what: Text
    max_bytes: int
    entries: Callable[[T], dict[str, object]]
    value: Callable[[Fields], T]

    def encode(self, value: T, key: bytes) -> bytes:
        """Return the bytes of the file, for the one spelling that :meth:`decode` takes.

        Args:
            value: what was seen.
            key: that of the pins, 32 bytes.
        """
        entries = {"format": self.format, **self.entries(value)}
        code = HMAC(key, SHA256())
        code.update(_json(entries))
        return _json({**entries, "hmac": code.finalize().hex()})

    def decode(self, data: bytes, key: bytes) -> T:
        """Return what a file holds.

        Total: any bytes give a value or an error.

        Args:
            data: bytes of the file.
            key: that of the pins, 32 bytes.

        Raises:
            MemoryLostError: anything but exactly the form that :meth:`encode` writes.
        """
        try:
            value = self._read(data)
        except (ValueError, RecursionError, MalformedError) as err:
            raise self._lost() from err
        if not constant_time.bytes_eq(self.encode(value, key), data):
            raise self._lost()
        return value

    def read(self, folder: Path, key: bytes) -> T:
        """Return what was seen under some pins.

        Args:
            folder: where the file is, beside the pins.
            key: that of the pins as they stand there.

        Raises:
            MemoryLostError: it is missing, damaged, or not of these pins.
            FileError: it is there and cannot be read.
        """
        path = folder / self.name
        if not files.is_file(path):
            raise self._lost()
        return self.decode(files.read(path, self.max_bytes), key)

    def write(self, folder: Path, value: T, key: bytes) -> None:
        """Replace the file; the caller holds the lock (:func:`locked`).

        Raises:
            UnwritableMemoryError: it cannot be written; the old one stays.
        """
        data = self.encode(value, key)
        if len(data) > self.max_bytes:
            raise self._unwritable(f"{len(data)} > {self.max_bytes} bytes")
        try:
            files.write(folder / self.name, data, files.PRIVATE)
        except FileError as err:
            raise self._unwritable(err.message.en) from err

    @contextmanager
    def locked(self, folder: Path) -> Iterator[None]:
        """Hold all files of the folder for this process alone; others wait.

        The lock is a file of its own: the others are replaced by each write. Readers
        take no lock, for they see the old bytes or the new ones.

        Raises:
            UnwritableMemoryError: there can be no lock.
        """
        path = folder / _LOCK
        try:
            path.touch(files.PRIVATE)
            file = path.open("rb")
        except OSError as err:
            raise self._unwritable(err.strerror or type(err).__name__) from err
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError as err:
                raise self._unwritable(err.strerror or type(err).__name__) from err
            yield

    def _read(self, data: bytes) -> T:
        if len(data) > self.max_bytes:
            raise MalformedError("memory: too large")
        fields = Fields(json.loads(data.decode()), "memory")
        if fields.text("format") != self.format:
            raise MalformedError("memory: of another format")
        value = self.value(fields)
        fields.text("hmac")
        fields.end()
        return value

    def _lost(self) -> MemoryLostError:
        return MemoryLostError(
            Text(
                f"{self.what.zh}（{self.name}）缺失或已损坏：被人删除或改动，"
                "或磁盘故障。请重新比对指纹并重新固定（elicense trust pin FILE）",
                f"the {self.what.en} ({self.name}) is missing or damaged: someone"
                " removed or changed it, or a disk failed; compare the fingerprint"
                " again and pin again (elicense trust pin FILE)",
            )
        )

    def _unwritable(self, reason: str) -> UnwritableMemoryError:
        return UnwritableMemoryError(
            Text(
                f"{self.what.zh}（{self.name}）无法写入，因此不予采信：{reason}",
                f"the {self.what.en} ({self.name}) cannot be written, so nothing is"
                f" believed: {reason}",
            )
        )


def _json(value: dict[str, object]) -> bytes:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return (text + "\n").encode()
