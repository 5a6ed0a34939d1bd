"""The claims of many tokens at once, column by column.

The fence is that of :mod:`elicense.quick_token`, whose values are used here: what is
not in the one spelling is no row of these columns, and the simple readers decide. Texts
are cut by Arrow out of the bytes of all tokens, with nothing made for each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count, repeat
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from elicense import dates
from elicense.bulk.scan import TEXTS, Scanned
from elicense.bulk.standard import all_standard
from elicense.identifiers import ROOT
from elicense.model import Checkpoint, Validity
from elicense.payload import Claims, StatusReference
from elicense.quick_token import (
    NotThisLayoutError,
    read_fields,
    read_instant,
    read_validity,
)

_SERIALS = count()
_CASE_BYTES, _RECORD_BYTES = 16, 32
_FIRST_PRINTED = 0x20  # texts with control characters are left to the simple readers
_BOUNDS = 2 * len(TEXTS)
MEMO = 1 << 16
"""Values that licenses share are kept, at most about so many of a kind."""


class Terms(NamedTuple):
    """How long a license is in force; one value for all that share it.

    Attributes:
        serial: tells terms apart; never used again.
    """

    validity: Validity
    checkpoint: Checkpoint | None
    serial: int


@dataclass(frozen=True, slots=True)
class Columns:
    """Claims of tokens in the one layout, one entry of each column for a token.

    Attributes:
        scanned: numbers, and where the rest stands.
        data: the bytes of all tokens.
        issuers: USCC.
        terms: equal ones are the same object.
        issue_dates: legal dates.
        identifiers: without the root.
        types: names of license types.
        holders: in full.
    """

    scanned: Scanned
    data: bytes
    issuers: Sequence[str]
    terms: Sequence[Terms]
    issue_dates: Sequence[date]
    identifiers: pa.StringArray
    numbers: pa.StringArray
    types: pa.StringArray
    holders: pa.StringArray
    holder_codes: pa.StringArray

    def claims(self) -> Iterator[Claims]:
        """Give the claims of each token."""
        scanned, data = self.scanned, self.data
        numbers = (
            scanned.signed,
            scanned.lists,
            scanned.indexes,
            scanned.versions,
            scanned.counts,
            scanned.cases,
            scanned.records,
            scanned.specimens,
            scanned.bounds[:, -2],
            scanned.bounds[:, -1],
        )
        texts = (
            self.identifiers,
            self.numbers,
            self.types,
            self.holders,
            self.holder_codes,
        )
        for issuer, terms, day, strings, values in zip(
            self.issuers,
            self.terms,
            self.issue_dates,
            zip(*(column.to_pylist() for column in texts), strict=True),
            zip(*(column.tolist() for column in numbers), strict=True),
            strict=True,
        ):
            identifier, number, type_name, holder, holder_code = strings
            signed, listed, index, version, several, case, record, *more = values
            specimen, first_field, last_field = more
            raw = data[first_field:last_field]
            yield Claims(
                issuer=issuer,
                signed_at=read_instant(signed.to_bytes(4)),
                validity=terms.validity,
                status=StatusReference(listed, index),
                identifier=f"{ROOT}.{identifier}",
                number=number,
                type_name=type_name,
                type_version=version,
                holder=holder,
                holder_count=several,
                holder_code=holder_code,
                issue_date=day,
                checkpoint=terms.checkpoint,
                case_digest=data[case : case + _CASE_BYTES] if case else None,
                fields=read_fields(raw) if raw else {},
                record_digest=data[record : record + _RECORD_BYTES],
                specimen=specimen,
            )

    def take(self, rows: Sequence[int]) -> "Columns":
        """Return the columns of some of the tokens."""
        places = pa.array(rows, pa.int64())
        return Columns(
            scanned=self.scanned.take(list(rows)),
            data=self.data,
            issuers=[self.issuers[row] for row in rows],
            terms=[self.terms[row] for row in rows],
            issue_dates=[self.issue_dates[row] for row in rows],
            identifiers=self.identifiers.take(places),
            numbers=self.numbers.take(places),
            types=self.types.take(places),
            holders=self.holders.take(places),
            holder_codes=self.holder_codes.take(places),
        )


class ColumnReader:
    """Reads what was scanned; keeps what many licenses share."""

    def __init__(self) -> None:
        """Start with nothing kept."""
        self._terms: dict[tuple[int, int, bytes | None, int], Terms] = {}
        self._days: dict[int, date] = {}
        self._products: dict[bytes, int] = {}

    def columns(
        self,
        data: bytes,
        plain: npt.NDArray[np.uint8],
        scanned: Scanned,
        issuers: Sequence[str],
    ) -> Columns:
        """Return the columns of rows that were scanned; at least one.

        Args:
            data: the bytes of all tokens.
            plain: those for texts, as :func:`elicense.bulk.scan.scan` gives them.
            scanned: the rows.
            issuers: USCC of each, which its lead spells.

        Raises:
            NotThisLayoutError, ValueError: one of them is not in the one spelling.
                Which one is found by asking for each alone.
        """
        self._forget()
        raw = _Texts(plain, scanned.bounds)
        identifiers = raw.column(0)
        if not all_standard(identifiers.to_pylist(), self._products):
            raise NotThisLayoutError
        raw.column(6).cast(pa.string())  # UTF-8
        checked = scanned.checked.any()
        return Columns(
            scanned=scanned,
            data=data,
            issuers=issuers,
            terms=self._terms_of(scanned, raw.column(5) if checked else None),
            issue_dates=self._days_of(scanned.issued.tolist()),
            identifiers=_strings(identifiers),
            numbers=_strings(raw.column(1)),
            types=_strings(raw.column(2)),
            holders=_strings(raw.column(3)),
            holder_codes=_strings(raw.column(4)),
        )

    def _terms_of(self, scanned: Scanned, kinds: pa.BinaryArray | None) -> list[Terms]:
        """Return the terms of each; ``kinds`` are those of checkpoints."""
        known, found = self._terms, []
        if kinds is None:
            told = zip(repeat(None), repeat(0), strict=False)
        else:
            _strings(kinds)
            has = scanned.checked.tolist()
            told = zip(
                [
                    kind if has_ else None
                    for kind, has_ in zip(kinds.to_pylist(), has, strict=True)
                ],
                np.where(scanned.checked, scanned.due, 0).tolist(),
                strict=True,
            )
        for nbf, exp, (kind, due) in zip(
            scanned.nbf.tolist(), scanned.exp.tolist(), told, strict=False
        ):
            key = nbf, exp, kind, due
            terms = known.get(key)
            if terms is None:
                terms = known[key] = _terms(*key)
            found.append(terms)
        return found

    def _days_of(self, numbers: list[int]) -> list[date]:
        known = self._days
        for number in set(numbers) - known.keys():
            known[number] = dates.from_epoch_day(number)
        return list(map(known.__getitem__, numbers))

    def _forget(self) -> None:
        """Keep no more than a bounded number of values."""
        kept: tuple[dict[object, object], ...] = (
            self._terms,
            self._days,
            self._products,
        )  # type: ignore[assignment]
        for part in kept:
            if len(part) > MEMO:
                part.clear()


class _Texts:
    """What stands between the bounds of rows, cut out by Arrow."""

    def __init__(
        self, data: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int64]
    ) -> None:
        """Bound all at once: what lies between two texts is a piece as well."""
        self._count = len(bounds)
        places = np.ascontiguousarray(bounds, np.int32)
        self._pieces = pa.Array.from_buffers(
            pa.binary(),
            places.size - 1,
            [None, pa.py_buffer(places), pa.py_buffer(data)],
        )

    def column(self, number: int) -> pa.BinaryArray:
        """Return one of :data:`TEXTS` of every row."""
        places = np.arange(self._count) * _BOUNDS + 2 * number
        return self._pieces.take(pa.array(places))


def _strings(raw: pa.BinaryArray) -> pa.StringArray:
    """Return texts; ValueError where one is not UTF-8 or has a control character."""
    values = raw.buffers()[2]
    if values is not None:
        own = np.frombuffer(values, np.uint8)
        if own.min(initial=_FIRST_PRINTED) < _FIRST_PRINTED:
            raise NotThisLayoutError
    return raw.cast(pa.string())


def _terms(nbf: int, exp: int, kind: bytes | None, due: int) -> Terms:
    last = exp.to_bytes(4) if exp else None
    checkpoint = None
    if kind is not None:
        checkpoint = Checkpoint(kind.decode(), dates.from_epoch_day(due))
    return Terms(read_validity(nbf.to_bytes(4), last), checkpoint, next(_SERIALS))
