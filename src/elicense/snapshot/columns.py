"""The columns of a snapshot as a reader has them: mapped, authenticated, looked up.

docs/formats/snapshot.md, section 2. Nothing is copied: every process that opens one
file shares its pages.
"""

import hashlib
import mmap
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from elicense import files
from elicense.snapshot.layout import HALVES, MAX_BUCKET, WORDS, Layout, within
from esign.errors import MalformedError, VerificationError

FEW = 128
"""Digests from which on going ahead together is faster than a search for each."""
_HASHED_AT_ONCE = 1 << 22
_HALVINGS = 4, 2, 1  # of eight rows, which are one line of a cache or two


class Found(NamedTuple):
    """What stands in one row.

    Attributes:
        days: as :func:`elicense.snapshot.layout.pack_days` packs them.
        place: class and index.
    """

    days: int
    place: int


class Columns:
    """One authenticated columns file."""

    def __init__(self, data: mmap.mmap, rows: int) -> None:
        """Use :meth:`open`."""
        self._layout = layout = Layout(rows)
        self._mapped = data

        def words(start: int) -> WORDS:
            return np.frombuffer(data, "<u8", rows, start)

        self._hi, self._lo = words(layout.hi), words(layout.lo)
        self._days = words(layout.days)
        self._place: HALVES = np.frombuffer(data, "<u4", rows, layout.place)
        self._index: HALVES = np.frombuffer(data, "<u4", layout.entries, layout.index)

    @classmethod
    def open(cls, path: Path, rows: int, sha256: bytes) -> Self:
        """Map a file and compare its digest, once for all look-ups.

        Does NOT notice a change afterwards by who may write the file.

        Args:
            path: the columns file.
            rows: how many rows the manifest states.
            sha256: the digest that it states.

        Raises:
            FileError: the file cannot be read.
            MalformedError: it has another size: cut off, or another file; or its
                index is none.
            VerificationError: it has other bytes than the manifest says.
        """
        size = Layout(rows).size
        try:
            with path.open("rb") as file:
                if file.seek(0, 2) != size:
                    raise MalformedError(f"snapshot columns: not of {size} bytes")
                data = mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ)
        except OSError as err:
            raise files.failed("读取", "read", path, err) from err
        digest = hashlib.sha256()
        with memoryview(data) as whole:
            for start in range(0, size, _HASHED_AT_ONCE):
                digest.update(whole[start : start + _HASHED_AT_ONCE])
        if digest.digest() != sha256:
            data.close()
            raise VerificationError("snapshot columns: not those of the manifest")
        opened = cls(data, rows)
        opened._check_index()
        return opened

    def _check_index(self) -> None:
        """Refuse an index that would make a look-up run away or long."""
        entries = self._index.astype(np.int64)
        steps = entries[1:] - entries[:-1]
        begins, ends = int(self._index[0]), int(self._index[-1])
        if (begins, ends) != (0, len(self)) or not within(steps, MAX_BUCKET):
            raise MalformedError("snapshot columns: the index is not one of its rows")

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._layout.rows

    def find(self, digest: bytes) -> Found | None:
        """Return the row of one digest of 16 bytes, None where it is not there."""
        hi = int.from_bytes(digest[:8], "big")
        lo = int.from_bytes(digest[8:16], "big")
        bits = self._layout.bits
        bucket = hi >> 64 - bits
        for row in range(int(self._index[bucket]), int(self._index[bucket + 1])):
            if self._hi[row] == hi and self._lo[row] == lo:
                return Found(int(self._days[row]), int(self._place[row]))
        return None

    def rows_of(self, hi: WORDS, lo: WORDS) -> npt.NDArray[np.int64]:
        """Return the row of each digest, -1 where it is not there.

        Args:
            hi: first halves of the digests, shape (n,).
            lo: their second halves.
        """
        if not len(self):
            return np.full(len(hi), -1, np.int64)
        row = np.searchsorted(self._hi, hi) if len(hi) < FEW else self._first(hi)
        row = np.minimum(row, len(self) - 1)
        same, other = self._hi[row] == hi, self._lo[row]
        there = same & (other == lo)
        if np.array_equal(there, same):
            row[~there] = -1
            return row
        twins = np.flatnonzero(same & (other < lo))
        for one in twins.tolist():  # two rows with one first half: 1 in 10^6 files
            row[one] = self._beside(int(row[one]), int(hi[one]), int(lo[one]))
        row[(self._hi[row] != hi) | (self._lo[row] != lo)] = -1
        return row

    def _first(self, hi: WORDS) -> npt.NDArray[np.int64]:
        """Return the first row of each first half, or where it would stand.

        From the index on all of them halve the next eight rows together, and again
        where all eight are below.
        """
        last = len(self) - sum(_HALVINGS) - 1
        if last < 0:
            return np.searchsorted(self._hi, hi)
        row = self._index[self._layout.buckets(hi)].astype(np.int64)
        going, begin, wanted = np.arange(len(hi)), np.minimum(row, last), hi
        while len(going):
            at = begin.copy()
            for step in _HALVINGS:
                at += (self._hi[at + (step - 1)] < wanted) * step
            at += self._hi[at] < wanted
            row[going] = at
            beyond = (at > begin + sum(_HALVINGS)) & (begin < last)
            going = going[beyond]
            begin, wanted = np.minimum(at[beyond], last), hi[going]
        return row

    def _beside(self, row: int, hi: int, lo: int) -> int:
        """Return the last row with a first half whose second one is not beyond."""
        for _ in range(MAX_BUCKET):
            ahead = row + 1
            if ahead == len(self) or self._hi[ahead] != hi or self._lo[ahead] > lo:
                break
            row = ahead
        return row

    def days_at(self, rows: npt.NDArray[np.int64]) -> WORDS:
        """Return the days of some rows."""
        return self._days[rows]

    def places_at(self, rows: npt.NDArray[np.int64]) -> HALVES:
        """Return class and index of some rows."""
        return self._place[rows]
