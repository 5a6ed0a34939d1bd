"""Merging runs of sorted rows into one columns file, in bounded memory.

docs/formats/snapshot.md, section 2. A run on disk has its columns one behind the other,
as a columns file begins; so a file that is there is merged like any other run. All are
read range by range of the digest.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from elicense.snapshot.layout import HALVES, MAX_BUCKET, WORDS, Layout, within
from elicense.snapshot.manifest import MAX_ROWS

RUN_ROWS = 1 << 19  # rows in memory at a time, 15 MB as columns
Run: TypeAlias = tuple[WORDS, WORDS, WORDS, HALVES]
"""Columns of some rows: both halves of the digests, days, places; sorted by digest."""
Told: TypeAlias = Callable[[int], None]
"""Called with how many rows are written, now and then."""
_WORD, _HALF = np.dtype("<u8"), np.dtype("<u4")


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run on disk.

    Attributes:
        file: open for reading.
        begin: where in it the run begins, bytes.
        count: its rows.
    """

    file: BinaryIO
    begin: int
    count: int

    @classmethod
    def put(cls, run: Run, file: BinaryIO) -> Self:
        """Write a run at a file's end."""
        begin = file.tell()
        file.writelines(_as_bytes(run))
        return cls(file, begin, len(run[0]))

    def cuts(self, edges: Sequence[int]) -> list[int]:
        """Return where it is cut at first halves of digests, from 0 to its end."""
        rows = range(self.count)
        inner = [bisect_left(rows, edge, key=self._hi) for edge in edges]
        return [0, *inner, self.count]

    def part(self, first: int, end: int) -> Run:
        """Return some of its rows."""
        count = end - first
        start = self.begin + first * _WORD.itemsize
        step = self.count * _WORD.itemsize
        hi, lo, days = (
            np.frombuffer(self._read(start + n * step, count * 8), _WORD)
            for n in range(3)
        )
        start = self.begin + 3 * step + first * _HALF.itemsize
        return hi, lo, days, np.frombuffer(self._read(start, count * 4), _HALF)

    def _hi(self, row: int) -> int:
        return int.from_bytes(self._read(self.begin + row * 8, 8), "little")

    def _read(self, start: int, size: int) -> bytes:
        self.file.seek(start)
        return self.file.read(size)


def in_order(run: Run) -> Run:
    """Return rows sorted by their digest."""
    hi, lo, days, places = run
    # Runs that stand one behind the other are merged by a stable sort, not sorted anew.
    order = np.argsort(hi, kind="stable")
    if bool((hi[order[1:]] == hi[order[:-1]]).any()):
        order = np.lexsort((lo, hi))
    return hi[order], lo[order], days[order], places[order]


def merge(
    runs: Sequence[StoredRun], file: BinaryIO, told: Told, size: int = RUN_ROWS
) -> Layout:
    """Write the columns of all runs and their index into an empty file.

    Args:
        runs: each sorted.
        file: open for writing.
        told: called after each range.
        size: rows of a range, about.

    Raises:
        ValueError: a digest is there twice, or they are not those of tokens, or there
            are more than an index counts.
    """
    layout = Layout(sum(run.count for run in runs))
    if layout.rows > MAX_ROWS:
        raise ValueError(f"a snapshot has at most {MAX_ROWS} rows")
    places = [layout.hi, layout.lo, layout.days, layout.place]
    counts = np.zeros(layout.entries, np.int64)
    before, done = -1, 0
    for piece in _pieces(runs, layout.rows, size):
        hi, lo = piece[0], piece[1]
        before = _check_ascending(hi, lo, before)
        for column, written in enumerate(_as_bytes(piece)):
            file.seek(places[column])
            places[column] += file.write(written)
        _count(counts, layout.buckets(hi))
        done += len(hi)
        told(done)
    if not within(counts, MAX_BUCKET):
        raise ValueError("the digests are not those of different tokens")
    file.seek(layout.index)
    file.write(np.cumsum(counts, out=counts).astype(_HALF).tobytes())
    return layout


def _pieces(runs: Sequence[StoredRun], total: int, size: int) -> Iterator[Run]:
    """Give all rows in order: of each range of the digest, those of every run."""
    ranges = max(-(-total // size), 1)
    edges = [(number << 64) // ranges for number in range(1, ranges)]
    cuts = [run.cuts(edges) for run in runs]
    for number in range(ranges):
        parts = [
            run.part(cut[number], cut[number + 1])
            for run, cut in zip(runs, cuts, strict=True)
        ]
        parts = [part for part in parts if len(part[0])]
        if len(parts) == 1:
            yield parts[0]
        elif parts:
            yield in_order(
                (
                    np.concatenate([part[0] for part in parts]),
                    np.concatenate([part[1] for part in parts]),
                    np.concatenate([part[2] for part in parts]),
                    np.concatenate([part[3] for part in parts]),
                )
            )


def _count(counts: npt.NDArray[np.int64], buckets: npt.NDArray[np.int64]) -> None:
    """Count the rows of each bucket; entry i + 1 is for bucket i, and they ascend."""
    first = int(buckets[0])
    found = np.bincount(buckets - first)
    counts[first + 1 : first + 1 + len(found)] += found


def _check_ascending(hi: WORDS, lo: WORDS, before: int) -> int:
    """Refuse a digest that is not above the one before it; return the last one."""
    above = (hi[1:] > hi[:-1]) | ((hi[1:] == hi[:-1]) & (lo[1:] > lo[:-1]))
    if not bool(above.all()) or _digest_of(hi[0], lo[0]) <= before:
        raise ValueError("a token is in the snapshot twice")
    return _digest_of(hi[-1], lo[-1])


def _digest_of(hi: np.uint64, lo: np.uint64) -> int:
    return int(hi) << 64 | int(lo)


def _as_bytes(run: Run) -> Iterator[bytes]:
    hi, lo, days, places = run
    yield from (hi.tobytes(), lo.tobytes(), days.tobytes(), places.tobytes())
