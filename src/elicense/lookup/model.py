"""What is asked of a register by a license number, and what it says; no rules."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from elicense.dates import instant_text
from elicense.errors import ElicenseError
from elicense.lifecycle import State

FORMAT = "elicense.lookup/1"


class LookupRefusedError(ElicenseError):
    """The question is not answered: no purpose, no grant, or not a number."""


class Days(enum.StrEnum):
    """Where an instant lies beside the days of a license."""

    BEFORE = "before"
    WITHIN = "within"
    AFTER = "after"
    LAPSED = "lapsed"  # a checkpoint was missed


@dataclass(frozen=True, slots=True)
class HolderAsked:
    """The holder that a case file names; an empty text is not compared."""

    name: str = field(default="", repr=False)
    code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, by whom and what for.

    Attributes:
        number: 证照编号, as printed.
        caller: USCC of the organ that asks.
        purpose: what for, one line.
        holder: to be compared; None for nobody.
    """

    number: str = field(repr=False)
    caller: str
    purpose: str
    holder: HolderAsked | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLicense:
    """What a register says of one license of the number.

    Attributes:
        identifier: GB/T 36904 identifier.
        type_name: catalog name.
        issuer: USCC of the issuing organ.
        state: by effect, at the instant of the answer.
        days: where that instant lies.
        valid_from: civil day, UTC+8.
        valid_until: likewise, inclusive; None for 长期.
        holder_matches: None where no holder was asked for.
    """

    identifier: str
    type_name: str
    issuer: str
    state: State
    days: Days
    valid_from: date
    valid_until: date | None
    holder_matches: bool | None

    def to_json(self) -> Mapping[str, object]:
        """Return the member of an answer's ``licenses``."""
        last = self.valid_until
        return {
            "identifier": self.identifier,
            "type": self.type_name,
            "issuer": self.issuer,
            "state": self.state.value,
            "days": self.days.value,
            "valid_from": self.valid_from.isoformat(),
            "valid_until": None if last is None else last.isoformat(),
            "holder_matches": self.holder_matches,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupAnswer:
    """What a register says of a number. It is no verdict.

    Attributes:
        number: as it was asked.
        caller: USCC of who asked.
        as_of: the instant it is about.
        licenses: all that the caller may know of, oldest first.
    """

    number: str = field(repr=False)
    caller: str
    as_of: datetime
    licenses: tuple[FoundLicense, ...]

    @property
    def found(self) -> bool:
        """Whether there is any license."""
        return bool(self.licenses)

    def to_json(self) -> Mapping[str, object]:
        """Return the JSON object of docs/formats/lookup.md."""
        return {
            "format": FORMAT,
            "number": self.number,
            "found": self.found,
            "as_of": instant_text(self.as_of),
            "caller": self.caller,
            "licenses": [item.to_json() for item in self.licenses],
        }
