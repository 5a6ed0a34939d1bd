"""Building the columns of a snapshot from tokens, in bounded memory.

docs/formats/snapshot.md, section 2. Tokens come in any order, are packed into runs of
half a million rows, each sorted and put on disk; the runs are then merged range by
range of the digest.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from elicense import dates, files, payload, quick_token
from elicense.identifiers import issuer_part
from elicense.payload import Claims
from elicense.snapshot.layout import (
    HALVES,
    INDEX_BITS,
    MAX_BUCKET,
    MAX_INDEX,
    WORDS,
    Layout,
    halves,
    pack_days,
    within,
)
from elicense.snapshot.manifest import MAX_CLASSES, MAX_ROWS, RowClass
from elicense.trust import BACKDATING

RUN_ROWS = 1 << 19  # rows in memory at a time, 15 MB as columns
_DIGEST = 16
_KINDS = ("<u8", "<u8", "<u8", "<u4")
_READ_AT_ONCE = 1 << 22

_ClassKey = tuple[str, bytes, int, str, int, bool]
Run: TypeAlias = tuple[WORDS, WORDS, WORDS, HALVES]
"""Columns of some rows: both halves of the digests, days, places; sorted by digest."""


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


@dataclass(slots=True)
class _Ranges:
    """What the rows of a class span, so far."""

    first_signed: datetime
    last_signed: datetime
    first_dated: date
    last_dated: date

    def add(self, claims: Claims) -> None:
        self.first_signed = min(self.first_signed, claims.signed_at)
        self.last_signed = max(self.last_signed, claims.signed_at)
        self.first_dated = min(self.first_dated, claims.issue_date)
        self.last_dated = max(self.last_dated, claims.issue_date)


@dataclass(slots=True)
class Rows:
    """Packs tokens into rows, and numbers their classes."""

    left_out: int = 0
    digests: bytearray = field(default_factory=bytearray)
    days: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    _numbers: dict[_ClassKey, int] = field(default_factory=dict)
    _ranges: list[_Ranges] = field(default_factory=list)

    def __len__(self) -> int:
        """Return how many rows are not taken yet."""
        return len(self.days)

    def add(self, token: bytes) -> None:
        """Add a token, or count it as left out.

        Raises:
            MalformedError: not a token.
        """
        text = payload.qr_text(token)
        claims, kid, alg = _opened(token)
        if not self._fits(text, claims):
            self.left_out += 1
            return
        number = self._class_of(claims, kid, alg)
        if number is None:
            self.left_out += 1
            return
        validity, checkpoint = claims.validity, claims.checkpoint
        last = validity.valid_until
        self.days.append(
            pack_days(
                dates.epoch_day(validity.valid_from),
                None if last is None else dates.epoch_day(last),
                None if checkpoint is None else dates.epoch_day(checkpoint.due),
            )
        )
        self.places.append(number << INDEX_BITS | claims.status.index)
        self.digests += hashlib.sha256(text.encode("ascii")).digest()[:_DIGEST]

    @staticmethod
    def _fits(text: str, claims: Claims) -> bool:
        # No day of a token lies after 9999, which is far below 2^21 days.
        return (
            len(text) <= payload.MAX_QR_TEXT
            and claims.status.index <= MAX_INDEX
            and issuer_part(claims.identifier) == claims.issuer
        )

    def _class_of(self, claims: Claims, kid: bytes, alg: int) -> int | None:
        """Return the number of a token's class, None where there are too many."""
        backdated = claims.issue_date < dates.day_of(claims.signed_at - BACKDATING)
        key = (
            claims.issuer,
            kid,
            alg,
            claims.type_name,
            claims.status.list_number,
            backdated,
        )
        number = self._numbers.get(key)
        if number is None:
            if len(self._numbers) == MAX_CLASSES:
                return None
            number = self._numbers[key] = len(self._numbers)
            signed, dated = claims.signed_at, claims.issue_date
            self._ranges.append(_Ranges(signed, signed, dated, dated))
        self._ranges[number].add(claims)
        return number

    def classes(self) -> tuple[RowClass, ...]:
        """Return the classes by their number."""
        return tuple(
            RowClass(
                issuer=issuer,
                kid=kid,
                alg=alg,
                type_name=type_name,
                list_number=number,
                signed=(spans.first_signed, spans.last_signed),
                dated=(spans.first_dated, spans.last_dated),
            )
            for (issuer, kid, alg, type_name, number, _), spans in zip(
                self._numbers, self._ranges, strict=True
            )
        )

    def runs(self, tokens: Iterable[bytes]) -> Iterator[Run]:
        """Give the rows of tokens, half a million at a time.

        Raises:
            MalformedError: one of them is not a token.
        """
        for token in tokens:
            self.add(token)
            if len(self) == RUN_ROWS:
                yield self._take()
        if len(self):
            yield self._take()

    def _take(self) -> Run:
        """Return the rows so far, sorted, and begin anew."""
        hi, lo = halves(bytes(self.digests))
        days = np.array(self.days, "<u8")
        places = np.array(self.places, "<u4")
        self.digests, self.days, self.places = bytearray(), [], []
        return in_order((hi, lo, days, places))


def _opened(token: bytes) -> tuple[Claims, bytes, int]:
    quick = quick_token.read(token)
    if quick is not None:
        return quick[1], quick[0].kid, quick[0].suite.cose
    envelope = payload.open_token(token)
    claims = payload.decode(envelope.unverified_payload)
    return claims, envelope.kid, envelope.suite.cose


def in_order(run: Run) -> Run:
    """Return rows sorted by their digest."""
    hi, lo, days, places = run
    order = np.lexsort((lo, hi))
    return hi[order], lo[order], days[order], places[order]


def build(tokens: Iterable[bytes], folder: Path) -> Built:
    """Build a columns file in a folder; nobody else's file is touched.

    Does NOT verify signatures: the tokens are the caller's own.

    Args:
        tokens: signed tokens, in any order, none twice.
        folder: where; it exists, and so much room beside the file is there again.

    Raises:
        MalformedError: one of them is not a token.
        ValueError: a token came twice, or there are more than a file may have.
        FileError: the folder cannot be written.
    """
    rows = Rows()
    return write(rows.runs(tokens), rows, folder)


def write(runs: Iterable[Run], rows: Rows, folder: Path) -> Built:
    """Merge runs into a columns file.

    Args:
        runs: each sorted.
        rows: what numbered their classes; asked when all runs were given.
        folder: as for :func:`build`.

    Raises:
        ValueError, FileError: as for :func:`build`.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as spilled:
            put = [_put(run, spilled) for run in runs]
            return _merge(put, spilled, rows, folder)
    except OSError as err:
        raise files.failed("写入", "write", folder, err) from err


def _put(run: Run, spilled: BinaryIO) -> tuple[int, int]:
    begin = spilled.tell()
    spilled.writelines(_as_bytes(run))
    return begin, len(run[0])


def _as_bytes(run: Run) -> Iterator[bytes]:
    hi, lo, days, places = run
    yield from (hi.tobytes(), lo.tobytes(), days.tobytes(), places.tobytes())


def _merge(
    runs: list[tuple[int, int]], spilled: BinaryIO, rows: Rows, folder: Path
) -> Built:
    total = sum(count for _, count in runs)
    if total > MAX_ROWS:
        raise ValueError(f"a snapshot has at most {MAX_ROWS} rows")
    layout = Layout(total)
    handle, name = tempfile.mkstemp(prefix=".new-", dir=folder)
    path = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            _fill(file, layout, _in_order(spilled, runs, total))
            file.flush()
            os.fchmod(file.fileno(), files.PUBLIC)
            os.fsync(file.fileno())
            sha256 = _digest(file)
    except BaseException:
        path.unlink()
        raise
    return Built(
        path=path,
        rows=total,
        left_out=rows.left_out,
        size=layout.size,
        sha256=sha256,
        classes=rows.classes(),
    )


def _fill(file: BinaryIO, layout: Layout, pieces: Iterator[Run]) -> None:
    """Write the columns piece by piece, each at its place, and the index."""
    places = [layout.hi, layout.lo, layout.days, layout.place]
    counts = np.zeros(layout.entries, np.int64)
    before = -1
    for piece in pieces:
        hi, lo = piece[0], piece[1]
        before = _check_ascending(hi, lo, before)
        for column, written in enumerate(_as_bytes(piece)):
            file.seek(places[column])
            places[column] += file.write(written)
        found = np.bincount(layout.buckets(hi), minlength=layout.entries - 1)
        counts[1:] += found
    if not within(counts, MAX_BUCKET):
        raise ValueError("the digests are not those of different tokens")
    file.seek(layout.index)
    file.write(np.cumsum(counts).astype("<u4").tobytes())


def _check_ascending(hi: WORDS, lo: WORDS, before: int) -> int:
    """Refuse a digest that is there twice; return the last one."""
    same = (hi[1:] == hi[:-1]) & (lo[1:] == lo[:-1])
    if bool(same.any()) or _digest_of(hi[0], lo[0]) == before:
        raise ValueError("a token is in the snapshot twice")
    return _digest_of(hi[-1], lo[-1])


def _digest_of(hi: np.uint64, lo: np.uint64) -> int:
    return int(hi) << 64 | int(lo)


def _in_order(
    spilled: BinaryIO, runs: list[tuple[int, int]], total: int
) -> Iterator[Run]:
    """Give all rows in order: of each range of the digest, those of every run."""
    ranges = -(-total // RUN_ROWS)
    edges = [(number << 64) // max(ranges, 1) for number in range(1, ranges)]
    cuts = [_cuts(spilled, begin, count, edges) for begin, count in runs]
    for number in range(ranges):
        parts = [
            _slice(spilled, begin, count, (cut[number], cut[number + 1]))
            for (begin, count), cut in zip(runs, cuts, strict=True)
        ]
        merged = in_order(
            (
                np.concatenate([part[0] for part in parts]),
                np.concatenate([part[1] for part in parts]),
                np.concatenate([part[2] for part in parts]),
                np.concatenate([part[3] for part in parts]),
            )
        )
        if len(merged[0]):
            yield merged


def _cuts(spilled: BinaryIO, begin: int, count: int, edges: list[int]) -> list[int]:
    """Return where a run is cut, from 0 to its end."""
    hi = _read(spilled, begin, count, "<u8")
    inner = np.searchsorted(hi, np.array(edges, "<u8")).tolist()
    return [0, *inner, count]


def _slice(spilled: BinaryIO, begin: int, count: int, span: tuple[int, int]) -> Run:
    first, end = span
    made: list[npt.NDArray[np.uint64]] = []
    for number, kind in enumerate(_KINDS[:3]):
        start = begin + (number * count + first) * 8
        made.append(_read(spilled, start, end - first, kind))
    start = begin + 3 * count * 8 + first * 4
    places: HALVES = np.frombuffer(_bytes(spilled, start, (end - first) * 4), "<u4")
    return made[0], made[1], made[2], places


def _read(spilled: BinaryIO, start: int, count: int, kind: str) -> WORDS:
    return np.frombuffer(_bytes(spilled, start, count * 8), kind)


def _bytes(spilled: BinaryIO, start: int, size: int) -> bytes:
    spilled.seek(start)
    return spilled.read(size)


def _digest(file: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    file.seek(0)
    while piece := file.read(_READ_AT_ONCE):
        digest.update(piece)
    return digest.digest()
