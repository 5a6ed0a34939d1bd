"""What a snapshot and its peers are asked: one set of rows, texts and right answers.

The texts are those of real tokens: most are valid, some expired, some not yet valid,
some revoked, suspended or superseded, and one in twenty is in no table. The rows are
those of the published snapshot, with the status of each beside it, as one would keep
them in a database.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import published
import world

from elicense import dates
from elicense.model import Validity
from elicense.payload import Claims
from elicense.snapshot import CODES, Manifest
from elicense.snapshot.layout import DAY_BITS, MAX_INDEX, NO_DAY, Layout
from elicense.trust import TrustState
from elicense.workspace import Workspace
from esign import statuslist
from esign.statuslist import Status, StatusList
from esign.verdict import Code

Codes = npt.NDArray[np.uint8]

RANK = {code: rank for rank, code in enumerate(CODES)}
DAY = published.TODAY
MISSING = 20  # one text of so many is in no table
_PART = 1_000_000
_KINDS = {
    Status.INVALID: Code.REVOKED,
    Status.SUSPENDED: Code.SUSPENDED,
    Status.SUPERSEDED: Code.SUPERSEDED,
}


class Part(NamedTuple):
    """Some rows in the order of their digests, a column each.

    Attributes:
        digests: 16 bytes of each, one behind the other.
        hi: their first halves, as unsigned integers.
        lo: their second halves.
        first: first valid day, days since 1970-01-01.
        last: last valid day; very late for 长期.
        due: day of the next checkpoint; very late for none.
        status: number of the code that the status stands for.
    """

    digests: bytes
    hi: npt.NDArray[np.uint64]
    lo: npt.NDArray[np.uint64]
    first: npt.NDArray[np.int32]
    last: npt.NDArray[np.int32]
    due: npt.NDArray[np.int32]
    status: Codes


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a published snapshot, read part by part."""

    path: Path
    rows: int
    statuses: Codes

    def parts(self) -> Iterator[Part]:
        """Yield a million rows at a time."""
        layout = Layout(self.rows)
        starts = (layout.hi, layout.lo, layout.days)
        hi, lo, days = (
            np.memmap(self.path, "<u8", "r", start, (self.rows,)) for start in starts
        )
        places = np.memmap(self.path, "<u4", "r", layout.place, (self.rows,))
        one = np.uint64(NO_DAY)
        for start in range(0, self.rows, _PART):
            cut = slice(start, start + _PART)
            both = np.column_stack((hi[cut], lo[cut])).astype(">u8")
            yield Part(
                both.tobytes(),
                np.array(hi[cut]),
                np.array(lo[cut]),
                (days[cut] >> np.uint64(2 * DAY_BITS)).astype(np.int32),
                (days[cut] >> np.uint64(DAY_BITS) & one).astype(np.int32),
                (days[cut] & one).astype(np.int32),
                self.statuses[places[cut] & np.uint32(MAX_INDEX)],
            )


def varied(claims: Claims, number: int) -> Claims:
    """Return the claims of one license: some have expired, some are not in force."""
    today, kind = dates.day_of(world.AT), number % 50
    if kind < 3:  # noqa: PLR2004
        ended = today - timedelta(days=1 + number % 400)
        return replace(claims, validity=Validity(ended - timedelta(1800), ended))
    if kind == 3:  # noqa: PLR2004
        begins = today + timedelta(days=1 + number % 30)
        return replace(claims, validity=Validity(begins, None))
    return claims


def with_statuses(trust: TrustState, claims: Claims) -> tuple[TrustState, Codes]:
    """Return a trust whose list has some licenses not valid, and the code of each."""
    chance = np.random.default_rng(11)
    size = MAX_INDEX + 1
    marked = chance.choice(size, size // 50, replace=False).tolist()
    kinds = tuple(_KINDS)
    found = {index: kinds[number % 3] for number, index in enumerate(marked)}
    name = claims.issuer, claims.status.list_number
    listed: StatusList = replace(trust.lists[name], array=statuslist.array(found, size))
    codes = np.full(size, RANK[Code.VALID], np.uint8)
    for index, status in found.items():
        codes[index] = RANK[_KINDS[status]]
    return trust.with_lists([listed]), codes


def table_of(path: Path, manifest: Manifest, statuses: Codes) -> Table:
    """Return the rows of a snapshot that was published."""
    return Table(path.parent / manifest.columns_file, manifest.rows, statuses)


def publish(
    place: Workspace, tokens: Sequence[bytes], count: int
) -> tuple[Path, Manifest]:
    """Publish a snapshot of so many rows without the tokens that are to be missing."""
    inside = [token for number, token in enumerate(tokens) if number % MISSING]
    return published.publish(place, inside, published.fillers(count - len(inside)))


def code_of(least: str) -> str:
    """Return SQL for the code of a row: the first cause by precedence.

    Args:
        least: the database's function for the smallest of some values.
    """
    valid = RANK[Code.VALID]
    causes = (
        f"CASE WHEN last_day < {DAY} THEN {RANK[Code.EXPIRED]} ELSE {valid} END",
        f"CASE WHEN due < {DAY} THEN {RANK[Code.LAPSED]} ELSE {valid} END",
        f"CASE WHEN first_day > {DAY} THEN {RANK[Code.NOT_YET_VALID]} ELSE {valid} END",
    )
    return f"{least}(status, {', '.join(causes)})"


def codes_of(
    first: npt.NDArray[np.int32],
    last: npt.NDArray[np.int32],
    due: npt.NDArray[np.int32],
    status: Codes,
) -> Codes:
    """Return the code of each row, as :func:`code_of` does."""
    found = status.copy()
    for where, code in (
        (last < DAY, Code.EXPIRED),
        (due < DAY, Code.LAPSED),
        (first > DAY, Code.NOT_YET_VALID),
    ):
        found[where] = np.minimum(found[where], RANK[code])
    return found
