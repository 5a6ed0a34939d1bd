"""What each class of a snapshot comes to at an instant, as tables for looking up.

The causes are found by the rules of :mod:`elicense.validating.token`; what is here is
their precedence over many rows at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from elicense import dates
from elicense.policy import ValidationPolicy
from elicense.snapshot.admitting import Admitted, believed
from elicense.snapshot.layout import (
    DAY_BITS,
    HALVES,
    INDEX_BITS,
    MAX_INDEX,
    NO_DAY,
    WORDS,
)
from elicense.snapshot.manifest import MAX_CLASSES, RowClass
from elicense.trust import KeyGrant, TrustState
from elicense.validating import token as rules
from elicense.validating.evidence import NO_EVIDENCE
from esign.errors import MalformedError
from esign.statuslist import BITS, Status, StatusList
from esign.verdict import Check, Code

CODES = tuple(Code)
"""What a number in :attr:`Answers.codes` means: codes in order of precedence."""
RANK = {code: rank for rank, code in enumerate(CODES)}
NO_ANSWER = 255
NEVER = -1
"""In place of the instant of a status list: no list was used."""
_NONE, _EXPIRED = RANK[Code.VALID], RANK[Code.EXPIRED]
_LAPSED, _NOT_YET = RANK[Code.LAPSED], RANK[Code.NOT_YET_VALID]
_NO_STATUS = RANK[Code.NO_STATUS]
_PER_BYTE = 8 // BITS

Ranks = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The classes of one snapshot at one instant.

    Attributes:
        day: the day that is asked about, since 1970.
        usable: class -> whether its rows are answered.
        ranks: class -> rank of the first cause that all its rows share.
        limits: class -> how many statuses its list has.
        as_of: class -> seconds since 1970 of its status list, or :data:`NEVER`.
        marked: class x 2^20 + index of every status that is not VALID, sorted.
        marks: its rank.
    """

    day: int
    usable: npt.NDArray[np.bool_]
    ranks: Ranks
    limits: npt.NDArray[np.uint32]
    as_of: npt.NDArray[np.int64]
    marked: HALVES
    marks: Ranks

    def codes(
        self, days: WORDS, places: HALVES, number: npt.NDArray[np.int64]
    ) -> Ranks:
        """Return the rank of each row's code.

        Args:
            days: of rows, as they are packed.
            places: their classes and indexes.
            number: their classes.
        """
        found: Ranks = self.ranks[number]
        day = np.uint64(self.day)
        one = np.uint64(NO_DAY)
        last = days >> np.uint64(DAY_BITS) & one
        _lower(found, (last < day), _EXPIRED)
        _lower(found, ((days & one) < day), _LAPSED)
        _lower(found, (days >> np.uint64(2 * DAY_BITS)) > day, _NOT_YET)
        outside = (places & np.uint32(MAX_INDEX)) >= self.limits[number]
        _lower(found, outside & (self.as_of[number] != NEVER), _NO_STATUS)
        if len(self.marked):
            at = np.searchsorted(self.marked, places)
            at[at == len(self.marked)] = 0
            hit = np.flatnonzero(self.marked[at] == places)
            found[hit] = np.minimum(found[hit], self.marks[at[hit]])
        return found


def _lower(found: Ranks, where: npt.NDArray[np.bool_], rank: int) -> None:
    """Let a cause name the answer where no earlier one does."""
    if where.any():
        found[where] = np.minimum(found[where], rank)


def judge(
    admitted: Admitted, trust: TrustState, at: datetime, policy: ValidationPolicy
) -> Judged:
    """Judge the classes of a snapshot.

    Args:
        admitted: its manifest.
        trust: what is believed.
        at: aware instant that is asked about.
        policy: limits of the validator.
    """
    usable = np.zeros(MAX_CLASSES, np.bool_)
    ranks = np.full(MAX_CLASSES, _NONE, np.uint8)
    limits = np.zeros(MAX_CLASSES, np.uint32)
    as_of = np.full(MAX_CLASSES, NEVER, np.int64)
    known: dict[tuple[str, int], tuple[HALVES, Ranks, int]] = {}
    marked: list[HALVES] = [np.zeros(0, np.uint32)]
    marks: list[Ranks] = [np.zeros(0, np.uint8)]
    for number, item in enumerate(admitted.manifest.classes):
        grant = believed(admitted, item, trust, at)
        if grant is None:
            continue
        usable[number] = True
        name = item.issuer, item.list_number
        listed = rules.list_in_force(trust.lists.get(name), at, policy)
        checks = [*_shared(item, grant, trust, at, policy)]
        if isinstance(listed, Check):
            checks.append(listed)
        else:
            as_of[number] = listed.issued_at
            if name not in known:
                known[name] = _statuses(listed)
            places, found, limits[number] = known[name]
            marked.append(places | np.uint32(number << INDEX_BITS))
            marks.append(found)
        ranks[number] = _first(checks)
    return Judged(
        day=dates.epoch_day(dates.day_of(at)),
        usable=usable,
        ranks=ranks,
        limits=limits,
        as_of=as_of,
        marked=np.concatenate(marked),
        marks=np.concatenate(marks),
    )


def _shared(
    item: RowClass,
    grant: KeyGrant,
    trust: TrustState,
    at: datetime,
    policy: ValidationPolicy,
) -> tuple[Check, ...]:
    """Return the checks that come out alike for all rows of a class."""
    return (
        rules.check_key(grant, trust, at, NO_EVIDENCE),
        rules.check_freshness(item.issuer, trust, at, policy),
        rules.check_clock(trust, at),
    )


def _first(checks: Iterable[Check]) -> int:
    return min((RANK[check.code] for check in checks if check.code), default=_NONE)


def _statuses(listed: StatusList) -> tuple[HALVES, Ranks, int]:
    """Return the places of a list that are not VALID, their ranks, and its length.

    A list that cannot be inflated has no length, so that every index is outside.
    """
    try:
        packed = np.frombuffer(listed.array, np.uint8)
    except MalformedError:
        packed = np.zeros(0, np.uint8)
    used = np.flatnonzero(packed).astype(np.uint32)
    used = used[used <= MAX_INDEX // _PER_BYTE]
    places, statuses = [], []
    for part in range(_PER_BYTE):
        value = packed[used] >> np.uint8(part * BITS) & np.uint8((1 << BITS) - 1)
        there = value != 0
        places.append(used[there] * np.uint32(_PER_BYTE) + np.uint32(part))
        statuses.append(value[there])
    joined, values = np.concatenate(places), np.concatenate(statuses)
    order = np.argsort(joined)
    return joined[order], _rank_of(listed)[values[order]], len(packed) * _PER_BYTE


def _rank_of(listed: StatusList) -> Ranks:
    """Return the rank of each status's code, by the status."""
    ranks = [_first([rules.check_status(status, listed)]) for status in Status]
    return np.array(ranks, np.uint8)
