"""Packing tokens into rows, and numbering their classes in the order of issue.

docs/formats/snapshot.md, section 2. Values in, values out; half a million rows are held
at a time.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from elicense import dates, payload, quick_token
from elicense.identifiers import issuer_part
from elicense.payload import Claims
from elicense.snapshot.layout import (
    DIGEST_BYTES,
    INDEX_BITS,
    MAX_INDEX,
    halves,
    pack_days,
)
from elicense.snapshot.manifest import MAX_CLASSES, RowClass
from elicense.snapshot.merging import RUN_ROWS, Run, in_order
from elicense.trust import BACKDATING
from esign.encoding import base45_encode

ClassKey: TypeAlias = tuple[str, bytes, int, str, int, bool]
_PREFIX = payload.OFFLINE_PREFIX.encode("ascii")


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
    _numbers: dict[ClassKey, int] = field(default_factory=dict)
    _ranges: list[_Ranges] = field(default_factory=list)

    @classmethod
    def after(cls, classes: Iterable[RowClass], left_out: int) -> Self:
        """Go on after the rows that a manifest counts, as if they were packed here.

        Args:
            classes: of the manifest, in the order of their numbers.
            left_out: how many licenses have no row so far.
        """
        rows = cls(left_out)
        for number, item in enumerate(classes):
            (signed, last_signed), (dated, last_dated) = item.signed, item.dated
            # A class holds either what is backdated or what is not, hence its first
            # day tells: of what is not, each lies within 31 days of its signature.
            backdated = _is_backdated(dated, signed)
            rows._numbers[_key(item, backdated=backdated)] = number
            rows._ranges.append(_Ranges(signed, last_signed, dated, last_dated))
        return rows

    def __len__(self) -> int:
        """Return how many rows are not taken yet."""
        return len(self.days)

    def add(self, token: bytes) -> None:
        """Add a token, or count it as left out.

        Raises:
            MalformedError: not a token.
        """
        text = offline_text(token)
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
        self.digests += hashlib.sha256(text).digest()[:DIGEST_BYTES]

    @staticmethod
    def _fits(text: bytes, claims: Claims) -> bool:
        # No day of a token lies after 9999, which is far below 2^21 days.
        return (
            len(text) <= payload.MAX_QR_TEXT
            and claims.status.index <= MAX_INDEX
            and issuer_part(claims.identifier) == claims.issuer
        )

    def _class_of(self, claims: Claims, kid: bytes, alg: int) -> int | None:
        """Return the number of a token's class, None where there are too many."""
        key = (
            claims.issuer,
            kid,
            alg,
            claims.type_name,
            claims.status.list_number,
            _is_backdated(claims.issue_date, claims.signed_at),
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

    def runs(self, tokens: Iterable[bytes], size: int = RUN_ROWS) -> Iterator[Run]:
        """Give the rows of tokens, half a million at a time.

        Args:
            tokens: in the order of their issue, by which classes are numbered.
            size: rows of a run.

        Raises:
            MalformedError: one of them is not a token.
        """
        for token in tokens:
            self.add(token)
            if len(self) == size:
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


def offline_text(token: bytes) -> bytes:
    """Return the off-line QR text of a token, ASCII: as :func:`payload.qr_text` does.

    By a table of all groups of three characters, ten times as fast.
    """
    even = len(token) // 2
    groups: bytes = _triplets()[np.frombuffer(token, ">u2", even)].tobytes()
    return _PREFIX + groups + base45_encode(token[2 * even :]).encode("ascii")


@cache
def _triplets() -> npt.NDArray[np.uint8]:
    """Return the base45 of each two bytes, shape (65536, 3)."""
    text = base45_encode(np.arange(1 << 16, dtype=">u2").tobytes())
    return np.frombuffer(text.encode("ascii"), np.uint8).reshape(-1, 3)


def _opened(token: bytes) -> tuple[Claims, bytes, int]:
    quick = quick_token.read(token)
    if quick is not None:
        return quick[1], quick[0].kid, quick[0].suite.cose
    envelope = payload.open_token(token)
    claims = payload.decode(envelope.unverified_payload)
    return claims, envelope.kid, envelope.suite.cose


def _key(item: RowClass, *, backdated: bool) -> ClassKey:
    return (
        item.issuer,
        item.kid,
        item.alg,
        item.type_name,
        item.list_number,
        backdated,
    )


def _is_backdated(dated: date, signed: datetime) -> bool:
    """Tell whether a legal date lies more than 31 days before a signature (存量)."""
    return dated < dates.day_of(signed - BACKDATING)
