"""Invented values for the fields of a license type, from the least to the most."""

import enum
from collections.abc import Callable, Sequence
from datetime import date

from elicense.catalog import amounts, invented
from elicense.catalog.kinds import CheckpointRule, FieldKind, FieldRule, LicenseType
from elicense.catalog.periods import due_days, latest_extension
from elicense.catalog.shapes import longest, shortest
from elicense.catalog.usual import usual_value
from elicense.identifiers import citizen_id_birth, citizen_id_sex
from elicense.model import FieldValue, Validity

_SHORT = "示"
_LEAST_REMARK = 3  # characters of a remark behind a choice, with its brackets


class Content(enum.StrEnum):
    """How much an invented application holds.

    MINIMUM: only what is required, as short as it may be. TYPICAL: the examples of the
    type. MAXIMUM: every field, as long and as often as it may be.
    """

    MINIMUM = "minimum"
    TYPICAL = "typical"
    MAXIMUM = "maximum"


class FieldExamples:
    """Makes the fields of one invented application."""

    def __init__(
        self,
        license_type: LicenseType,
        content: Content,
        n: int,
        validity: Validity,
        citizen_id: str,
    ) -> None:
        """Start with nothing made.

        Args:
            license_type: whose fields they are.
            content: how much they hold.
            n: which invented persons and codes.
            validity: of the license, which is issued on its first day.
            citizen_id: of the first holder, which sex and birth agree with; empty for
                none.
        """
        self._type = license_type
        self._content = content
        self._n = n
        self._validity = validity
        self._citizen_id = citizen_id
        self._made: dict[str, object] = {}
        self._texts: dict[str, FieldValue] = {}
        self._asked: set[str] = set()

    def make(self) -> dict[str, object]:
        """Return the fields as an application has them, in the order of the type."""
        for rule in self._type.fields:
            self._make(rule)
        return {
            rule.key: self._made[rule.key]
            for rule in self._type.fields
            if rule.key in self._made
        }

    @property
    def texts(self) -> dict[str, FieldValue]:
        """Return those that are one text each, for rules that look at a choice."""
        return self._texts

    def _make(self, rule: FieldRule) -> None:
        """Make one field, after the choices that it hangs on."""
        if rule.key in self._asked:
            return
        self._asked.add(rule.key)
        for by in (rule.only_for, rule.choices_by):
            if by is not None:
                self._make(self._type.field(by.field))
        if not self._type.applies(rule, self._texts) or not self._is_there(rule):
            return
        value = self._value(rule)
        if value is None:
            return
        self._made[rule.key] = value
        if isinstance(value, str):
            self._texts[rule.key] = value

    def _is_there(self, rule: FieldRule) -> bool:
        if rule.required or self._content is Content.MAXIMUM:
            return True
        return self._content is Content.TYPICAL and rule.example is not None

    def _value(self, rule: FieldRule) -> object:
        if rule.kind is FieldKind.ROWS:
            return self._rows(rule)
        if rule.kind is FieldKind.DATE:
            return self._date(rule)
        if rule.agrees and self._citizen_id:
            return citizen_id_sex(self._citizen_id)
        if not rule.kind.is_array:
            return self._single(rule, 0)
        usual = usual_value(rule, self._validity.valid_from)
        if self._content is Content.TYPICAL and usual is not None:
            return usual
        count = rule.max_count if self._content is Content.MAXIMUM else 1
        return [self._single(rule, place) for place in range(count)]

    def _single(self, rule: FieldRule, place: int) -> str:
        """Return one value: of a text, a column, or an item of an array.

        Args:
            rule: of the field or column.
            place: of the item, so that two are not alike.
        """
        choices = self._choices(rule)
        if choices:
            return self._choice(rule, choices)
        usual = usual_value(rule, self._validity.valid_from)
        if isinstance(usual, str) and self._content is Content.TYPICAL:
            return usual
        if rule.pattern and isinstance(usual, str):
            return self._shaped(rule, usual)
        if rule.kind is FieldKind.DATE:
            return self._validity.valid_from.isoformat()
        return self._by_kind(rule, self._n + place)

    def _shaped(self, rule: FieldRule, usual: str) -> str:
        if self._content is Content.MAXIMUM:
            return longest(rule.pattern, usual, rule.max_length)
        return shortest(rule.pattern, usual)

    def _by_kind(self, rule: FieldRule, n: int) -> str:
        """Return a value of a kind that has neither choices nor a form of its own."""
        makers: dict[FieldKind, Callable[[FieldRule, int], str]] = {
            FieldKind.PERSON: self._person,
            FieldKind.PERSONS: self._person,
            FieldKind.MONEY: self._money,
            FieldKind.USCC: lambda _, n: invented.uscc("91", n % invented.VARIANTS),
            FieldKind.CITIZEN_ID: lambda _, n: invented.citizen_id(
                n % invented.VARIANTS
            ),
        }
        return makers.get(rule.kind, self._text)(rule, n)

    def _text(self, rule: FieldRule, n: int) -> str:
        match self._content:
            case Content.MINIMUM:
                return _SHORT
            case Content.TYPICAL:
                return f"示例{rule.label.zh}"[: rule.max_length]
            case Content.MAXIMUM:
                return invented.long_text(rule.max_length, n)

    def _person(self, rule: FieldRule, n: int) -> str:
        if self._content is Content.MAXIMUM:
            return invented.long_person(rule.max_length, n)
        return invented.person(n)[: rule.max_length]

    def _money(self, _rule: FieldRule, _n: int) -> str:
        return {
            Content.MINIMUM: "1 CNY",
            Content.TYPICAL: "1000000 CNY",
            Content.MAXIMUM: amounts.LARGEST,
        }[self._content]

    def _choices(self, rule: FieldRule) -> tuple[str, ...]:
        """Return what may be chosen, by another field's choice where it says so."""
        by = rule.choices_by
        listed = by and by.lists.get(self._type.chosen(by.field, self._texts))
        return listed or rule.choices

    def _choice(self, rule: FieldRule, choices: Sequence[str]) -> str:
        usual = rule.example
        if self._content is Content.TYPICAL:
            known = isinstance(usual, str) and rule.choice_of(usual) in choices
            return usual if isinstance(usual, str) and known else choices[0]
        sizes = {
            choice: (self._hanging(rule, choice), len(choice)) for choice in choices
        }
        if self._content is Content.MINIMUM:
            return min(choices, key=lambda choice: sizes[choice])
        largest = max(choices, key=lambda choice: sizes[choice])
        room = rule.max_length - len(largest)
        if not rule.suffix or room < _LEAST_REMARK:
            return largest
        return f"{largest}({invented.long_text(room - 2, self._n)})"

    def _hanging(self, rule: FieldRule, choice: str) -> int:
        """Return how many fields a license has, or needs, because of a choice."""
        least = self._content is Content.MINIMUM
        return sum(
            other.only_for is not None
            and other.only_for.field == rule.key
            and choice in other.only_for.values
            and (other.required or not least)
            for other in self._type.fields
        )

    def _rows(self, rule: FieldRule) -> object:
        if self._content is Content.TYPICAL and rule.example is not None:
            return usual_value(rule, self._validity.valid_from)
        count = rule.max_count if self._content is Content.MAXIMUM else 1
        return [self._row(rule, place) for place in range(count)]

    def _row(self, rule: FieldRule, place: int) -> dict[str, str]:
        columns = [column for column in rule.columns if self._is_there(column)]
        return {
            column.key: self._single(column, place)
            for column in columns or rule.columns[:1]
        }

    def _date(self, rule: FieldRule) -> str | None:
        first = self._validity.valid_from
        for checkpoint in self._type.checkpoints:
            if rule.key in (checkpoint.done_field, checkpoint.extended_field):
                return self._checkpoint_day(rule, checkpoint)
        if rule.agrees and self._citizen_id:
            return citizen_id_birth(self._citizen_id).isoformat()
        if self._content is Content.MAXIMUM:
            return date(first.year - 1, 12, 31).isoformat()  # the longest in print
        usual = usual_value(rule, first)
        day = date.fromisoformat(usual) if isinstance(usual, str) else first
        return (min(day, first) if rule.not_after else day).isoformat()

    def _checkpoint_day(
        self, rule: FieldRule, checkpoint: CheckpointRule
    ) -> str | None:
        """Return the day on which a duty was done, or until which it is put off.

        None where there is no such duty, since the license ends before.
        """
        first = self._validity.valid_from
        if not due_days(checkpoint, self._validity):
            return None
        if rule.key == checkpoint.extended_field:
            return latest_extension(checkpoint, first).isoformat()
        return first.isoformat()
