"""Where what stands in a columns file, and how a row is packed.

docs/formats/snapshot.md, section 2. Numbers only, no files.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

WORDS: TypeAlias = npt.NDArray[np.uint64]
HALVES: TypeAlias = npt.NDArray[np.uint32]

DIGEST_BYTES = 16
INDEX_BITS, DAY_BITS = 20, 21
MAX_INDEX = (1 << INDEX_BITS) - 1
NO_DAY = (1 << DAY_BITS) - 1
"""In place of a last day or a checkpoint: there is none."""
MAX_BUCKET = 64
"""Rows that share an entry of the index; 5.3 on average at most, 30 in 10^7 rows."""
_WORD, _HALF = np.dtype("<u8"), np.dtype("<u4")
ROW_BYTES = 3 * _WORD.itemsize + _HALF.itemsize


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of the columns of so many rows, in bytes from the file's begin."""

    rows: int

    @property
    def bits(self) -> int:
        """How many leading bits of a digest the index knows."""
        return max(3 * self.rows // 8, 1).bit_length() - 1

    @property
    def entries(self) -> int:
        """How many entries the index has."""
        return (1 << self.bits) + 1

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self.index + self.entries * _HALF.itemsize

    @property
    def hi(self) -> int:
        """Where the first halves of the digests are."""
        return 0

    @property
    def lo(self) -> int:
        """Where their second halves are."""
        return self.rows * _WORD.itemsize

    @property
    def days(self) -> int:
        """Where the days are."""
        return 2 * self.lo

    @property
    def place(self) -> int:
        """Where classes and places in status lists are."""
        return 3 * self.lo

    @property
    def index(self) -> int:
        """Where the index is."""
        return self.rows * ROW_BYTES

    def buckets(self, hi: WORDS) -> npt.NDArray[np.int64]:
        """Return which entry of the index each first half belongs to."""
        # A shift by all 64 bits is undefined, so an index of no bits is no shift.
        found = hi >> np.uint64(64 - self.bits) if self.bits else np.zeros_like(hi)
        return found.astype(np.int64)


def pack_days(first: int, last: int | None, due: int | None) -> int:
    """Return a row's three days as one word.

    Args:
        first: first valid day, days since 1970-01-01.
        last: last valid day, None for 长期.
        due: day of the next checkpoint, None for none.

    Raises:
        ValueError: a day does not fit.
    """
    days = first, NO_DAY if last is None else last, NO_DAY if due is None else due
    given = [day for day in (first, last, due) if day is not None]
    if not all(0 <= day < NO_DAY for day in given):
        raise ValueError("a day of the row does not fit")
    return days[0] << 2 * DAY_BITS | days[1] << DAY_BITS | days[2]


def halves(digests: bytes) -> tuple[WORDS, WORDS]:
    """Return first and second halves of digests that stand one behind the other."""
    words = np.frombuffer(digests, ">u8").astype(_WORD)
    return np.ascontiguousarray(words[0::2]), np.ascontiguousarray(words[1::2])


def within(steps: npt.NDArray[np.int64], most: int) -> bool:
    """Tell whether all steps are 0 to ``most``."""
    return bool(steps.min() >= 0 and steps.max() <= most)
