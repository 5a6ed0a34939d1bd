"""The claims of many tokens at once, column by column.

The fence is that of :mod:`elicense.quick_token`, whose layout, heads and values are
used here: what is not that one layout, in its one spelling, is no row of these columns,
and the simple readers decide. A column is checked by few calls that run over all of it,
which takes a third of the time of one row after the other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import count
from typing import Any, NamedTuple, TypeAlias

from elicense import dates
from elicense.bulk.standard import all_standard
from elicense.identifiers import ROOT
from elicense.model import Checkpoint, Validity
from elicense.payload import Claims, StatusReference
from elicense.quick_token import (
    PAYLOAD,
    REQUIRED,
    TEXT_HEADS,
    NotThisLayoutError,
    read_checkpoint,
    read_day,
    read_fields,
    read_instant,
    read_several,
    read_uint,
    read_validity,
)

_SERIALS = count()
Groups: TypeAlias = tuple[bytes | Any, ...]
_OPTIONAL = 5  # members of the license map that may be absent
_CHECKPOINT_GROUPS = 3
_SMALLEST_LONG = 1 << 16  # an integer with four bytes holds no less
MEMO = 1 << 16
"""Values that licenses share are kept, at most about so many of a kind."""


class Terms(NamedTuple):
    """How long a license is in force; one value for all that share it.

    Attributes:
        first: its first day, days since 1970.
        last: its last day; None for 长期.
        serial: tells terms apart; never used again.
    """

    validity: Validity
    checkpoint: Checkpoint | None
    first: int
    last: int | None
    serial: int


@dataclass(frozen=True, slots=True)
class Columns:
    """Claims of tokens in the one layout, one entry of each list for a token.

    Attributes:
        signed: when each was signed, seconds since 1970.
        raw_issue: the day of issue as it is spelled; equal bytes are equal days.
        terms: equal ones are the same object.
        lists: number of the status list.
        indexes: in that list.
        identifiers: without the root.
        holders: in full.
    """

    issuers: list[str]
    signed: list[int]
    terms: list[Terms]
    lists: list[int]
    indexes: list[int]
    identifiers: list[str]
    numbers: list[str]
    types: list[str]
    versions: list[int]
    holders: list[str]
    counts: list[int]
    holder_codes: list[str]
    issue_dates: list[date]
    cases: Sequence[bytes | None]
    fields: list[dict[str, str]]
    records: Sequence[bytes]
    specimens: list[bool]
    raw_signed: Sequence[bytes]

    def claims(self, row: int) -> Claims:
        """Return the claims of one token."""
        terms = self.terms[row]
        return Claims(
            issuer=self.issuers[row],
            signed_at=read_instant(self.raw_signed[row]),
            validity=terms.validity,
            status=StatusReference(self.lists[row], self.indexes[row]),
            identifier=f"{ROOT}.{self.identifiers[row]}",
            number=self.numbers[row],
            type_name=self.types[row],
            type_version=self.versions[row],
            holder=self.holders[row],
            holder_count=self.counts[row],
            holder_code=self.holder_codes[row],
            issue_date=self.issue_dates[row],
            checkpoint=terms.checkpoint,
            case_digest=self.cases[row],
            fields=self.fields[row],
            record_digest=self.records[row],
            specimen=self.specimens[row],
        )

    def take(self, rows: Sequence[int]) -> "Columns":
        """Return the columns of some of the tokens."""
        taken = (
            [getattr(self, column.name)[row] for row in rows] for column in fields(self)
        )
        return Columns(*taken)


class ColumnReader:
    """Reads payloads; keeps what many licenses share."""

    def __init__(self) -> None:
        """Start with nothing kept."""
        self._shapes: set[tuple[object, ...]] = set()
        self._terms: dict[tuple[object, ...], Terms] = {}
        self._days: dict[bytes, date] = {}
        self._numbers: dict[bytes, int] = {}
        self._codes: dict[bytes, str] = {}
        self._products: dict[bytes, int] = {}

    def split(self, token: bytes, start: int, end: int) -> Groups | None:
        """Return the parts of a payload, None where it is another layout.

        The heads of its texts and what stands in them are not looked at yet.

        Args:
            token: the whole token.
            start: where its payload begins.
            end: where it ends.
        """
        found = PAYLOAD.fullmatch(token, start, end)
        return None if found is None else found.groups()

    def columns(self, rows: Sequence[Groups]) -> Columns:
        """Return the columns of payloads that were split; at least one.

        Raises:
            NotThisLayoutError, ValueError, IndexError, OverflowError: one of them is
                not in the one spelling. Which one is found by asking for each alone.
        """
        self._forget()
        parts = list(zip(*rows, strict=True))
        heads, issuers, exps, nbfs, iats, lists, indexes, counts = parts[:8]
        h1, identifiers, h2, numbers, h3, types, versions = parts[8:15]
        h5, holders, several, h7, holder_codes, issue_dates = parts[15:21]
        h9, kinds, dues, cases, maps, records, specimens = parts[21:]
        self._check_shapes(rows, heads, counts, exps, kinds)
        texts = ((h1, identifiers), (h2, numbers), (h3, types), (h5, holders))
        for told, bodies in (*texts, (h7, holder_codes)):
            if tuple(map(TEXT_HEADS.__getitem__, map(len, bodies))) != told:
                raise NotThisLayoutError
        if not all_standard(identifiers, self._products):
            raise NotThisLayoutError
        signed = list(map(int.from_bytes, iats))
        if min(signed) < _SMALLEST_LONG:
            raise NotThisLayoutError
        return Columns(
            issuers=self._kept(issuers),
            signed=signed,
            terms=self._terms_of(zip(nbfs, exps, h9, kinds, dues, strict=True)),
            lists=self._numbers_of(lists),
            indexes=list(map(read_uint, indexes)),
            identifiers=list(map(bytes.decode, identifiers)),
            numbers=list(map(bytes.decode, numbers)),
            types=self._kept(types),
            versions=self._numbers_of(versions),
            holders=list(map(bytes.decode, holders)),
            counts=[1 if raw is None else read_several(raw) for raw in several],
            holder_codes=list(map(bytes.decode, holder_codes)),
            issue_dates=self._days_of(issue_dates),
            cases=cases,
            fields=[{} if raw is None else read_fields(raw) for raw in maps],
            records=records,
            specimens=[raw is not None for raw in specimens],
            raw_signed=iats,
        )

    def _check_shapes(
        self,
        rows: Sequence[Groups],
        heads: Sequence[bytes],
        counts: Sequence[bytes],
        exps: Sequence[bytes | None],
        kinds: Sequence[bytes | None],
    ) -> None:
        """Check that the heads of the two maps tell how many members there are."""
        absent = [row.count(None) for row in rows]
        for shape in zip(
            heads,
            counts,
            [exp is None for exp in exps],
            [kind is None for kind in kinds],
            absent,
            strict=True,
        ):
            if shape not in self._shapes:
                _check_shape(*shape)
                self._shapes.add(shape)

    def _terms_of(self, keys: Iterable[tuple[Any, ...]]) -> list[Terms]:
        known, found = self._terms, []
        for key in keys:
            terms = known.get(key)
            if terms is None:
                terms = known[key] = _terms(*key)
            found.append(terms)
        return found

    def _days_of(self, raws: Sequence[bytes]) -> list[date]:
        known = self._days
        for raw in set(raws) - known.keys():
            known[raw] = read_day(raw)
        return list(map(known.__getitem__, raws))

    def _numbers_of(self, raws: Sequence[bytes]) -> list[int]:
        known = self._numbers
        for raw in set(raws) - known.keys():
            known[raw] = read_uint(raw)
        return list(map(known.__getitem__, raws))

    def _kept(self, raws: Sequence[bytes]) -> list[str]:
        known = self._codes
        for raw in set(raws) - known.keys():
            known[raw] = raw.decode()
        return list(map(known.__getitem__, raws))

    def _forget(self) -> None:
        """Keep no more than a bounded number of values."""
        dates = self._terms, self._days
        for kept in (*dates, self._shapes, self._numbers, self._codes, self._products):
            if len(kept) > MEMO:
                kept.clear()


def _check_shape(
    head: bytes, count: bytes, no_exp: int, no_checkpoint: int, absent: int
) -> None:
    """Raise NotThisLayoutError unless both heads count what is there."""
    missing = absent - no_exp - no_checkpoint * (_CHECKPOINT_GROUPS - 1)
    if no_exp != (head == b"\xa5") or count[0] != REQUIRED + _OPTIONAL - missing:
        raise NotThisLayoutError


def _terms(
    nbf: bytes,
    exp: bytes | None,
    head: bytes | None,
    kind: bytes | None,
    due: bytes | None,
) -> Terms:
    validity, checkpoint = read_validity(nbf, exp), None
    if head is not None and kind is not None and due is not None:
        if TEXT_HEADS[len(kind)] != head:
            raise NotThisLayoutError
        checkpoint = read_checkpoint(kind.decode(), due)
    first, last = validity.valid_from, validity.valid_until
    return Terms(
        validity,
        checkpoint,
        dates.epoch_day(first),
        None if last is None else dates.epoch_day(last),
        next(_SERIALS),
    )
