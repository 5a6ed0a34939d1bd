"""The desk that a type's applications are handed in at, and what all of them have."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from elicense.catalog import LicenseType
from invention import codes
from invention.chance import Chance

T = TypeVar("T")
_FIRST_GRANT, _RENEWAL, _CHANGE, _REPLACEMENT = "新发", "延续", "变更", "补发"
_ORIGINS = (*(_FIRST_GRANT,) * 7, _CHANGE, _CHANGE, _RENEWAL, _REPLACEMENT)
_COPIES = (*("正副本合一",) * 6, "正本", "副本")
_YEAR = 365  # days
_SPARE = 40  # days that an earlier license still has at least
_EXTERNAL = (
    "https://zz.example.org/v/{n:06d}",
    "HTTPS://ZZ.EXAMPLE.ORG/QUERY?AREA={division}&CODE=9901{n:018d}",
    (
        "https://zz.example.org/certificate/verify?area={division}&no={n:020d}&v=1&t="
        "0123456789abcdef0123456789abcdef&channel=face"
    ),
)


@dataclass(frozen=True, slots=True)
class Grant:
    """Where an application comes from, and since when.

    Attributes:
        origin: 新发, 变更, 延续 or 补发.
        issued: the day of issuing.
        first: the first day of the license.
        numbered: the day on which the license got its number.
    """

    origin: str
    issued: date
    first: date
    numbered: date

    @property
    def days(self) -> dict[str, object]:
        """Return what the application says of it."""
        return {
            "origin": self.origin,
            "issue_date": self.issued.isoformat(),
            "valid_from": self.first.isoformat(),
        }


class Desk:
    """Where applications of one type are handed in.

    Attributes:
        type: the newest version of the type.
        chance: decides.
        day: of all applications.
        rare: characters of names beside those of the built-in faces.
        serial: of the application, from 1.
        division: of the applicant.
    """

    def __init__(
        self, license_type: LicenseType, seed: int, day: date, rare: str
    ) -> None:
        """Open the desk; the arguments are the attributes, and the seed."""
        self.type = license_type
        self.chance = Chance(f"{seed}/{license_type.name}")
        self.day = day
        self.rare = rare
        self.serial = 0
        self.division = ""
        self._taken: set[str] = set()

    def next(self) -> None:
        """Turn to the next applicant."""
        self.serial += 1
        self.division = self.chance.one(tuple(codes.DISTRICTS))

    def choices(self, key: str) -> tuple[str, ...]:
        """Return what a field of the type may say."""
        return self.type.field(key).choices

    def most(self, key: str) -> int:
        """Return how many values a field of the type may have."""
        return self.type.field(key).max_count

    def room(self, key: str) -> int:
        """Return how many characters a text of a field may have."""
        return self.type.field(key).max_length

    def fresh(self, make: Callable[[], str]) -> str:
        """Return a text that this desk has not seen, by making until there is one."""
        while (text := make()) in self._taken:
            pass
        self._taken.add(text)
        return text

    def uscc(self, kind: str = "91") -> str:
        """Return the code of an organization; see :func:`codes.uscc`."""
        number = self.chance.between(0, 999_999)
        return self.fresh(lambda: codes.uscc(kind, self.division, number))

    def grant(self, years: int) -> Grant:
        """Return an origin, and days that go with it.

        Args:
            years: how long the license lasts.
        """
        origin, span = self.chance.deal(_ORIGINS), years * _YEAR
        first = numbered = self.day
        if origin in (_CHANGE, _REPLACEMENT):
            first = numbered = self._before(1, span - _SPARE)
        elif origin == _RENEWAL:
            numbered = self._before(span, span + _YEAR)
        return Grant(origin, self.day, first, numbered)

    def _before(self, least: int, most: int) -> date:
        """Return a day so many days before that of issuing."""
        return self.day - timedelta(days=self.chance.between(least, most))

    def begun(self, grant: Grant) -> dict[str, object]:
        """Return what every application has: days, presentation, foreign code."""
        found = grant.days
        if len(self.type.copies) > 1:
            found["copy"] = self.chance.deal(_COPIES)
        if self.chance.often(20):
            text = self.chance.deal(_EXTERNAL)
            found["external_qr"] = text.format(n=self.serial, division=self.division)
        return found

    def maybe(self, percent: int, values: Mapping[str, object]) -> dict[str, object]:
        """Return the values so often of a hundred times, else nothing."""
        return dict(values) if self.chance.often(percent) else {}

    def many(self, key: str, counts: Sequence[int], make: Callable[[], T]) -> list[T]:
        """Return one of several counts of what is made; at most what a field takes.

        Args:
            key: of the field.
            counts: how many there may be.
            make: makes one.
        """
        return several(min(self.chance.deal(counts), self.most(key)), make)


def several(count: int, make: Callable[[], T]) -> list[T]:
    """Return so many of what is made."""
    return [make() for _ in range(count)]
