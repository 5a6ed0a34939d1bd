"""What a license type is, as frozen values: its fields and its rules."""

import enum
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from elicense.identifiers import type_part
from elicense.model import FieldValue, License, Text

Example: TypeAlias = (
    str | int | tuple[str, ...] | tuple[Mapping[str, str | int], ...] | None
)
"""A usual value as a type states it: a date by its days from the issue date."""

FIRST_GRANT = "新发"
BACKFILL = "存量补录"  # the origin of a license that was granted on paper years ago
ORIGINS = (FIRST_GRANT, "变更", "延续", "补发", "换发", "更正", BACKFILL, "转入")
COPIES = ("正本", "副本", "正副本合一", "单页")
# 持证主体代码类型 of GB/T 36903, Annex A.
CODE_TYPES = (
    *("001", "099", "111", "114", "115", "118", "119", "120", "122"),
    *("411", "412", "413", "414", "511", "516", "999"),
)
ORGANIZATION_CODE_TYPES = ("001", "099")
# A remark behind a choice, in brackets of one width each.
SUFFIX = re.compile("[(（][^()（）]+[)）]")


class FieldKind(enum.StrEnum):
    """What a field holds: plural kinds are arrays of texts, rows an array of maps.

    A date is an ISO 8601 text, money an amount and a currency.
    """

    TEXT = "text"
    TEXTS = "texts"
    PERSON = "person"
    PERSONS = "persons"
    CHOICE = "choice"
    DATE = "date"
    MONEY = "money"
    USCC = "uscc"
    CITIZEN_ID = "citizen-id"
    ROWS = "rows"

    @property
    def is_array(self) -> bool:
        """Tell whether the value is an array, of texts or of rows."""
        return self in (FieldKind.TEXTS, FieldKind.PERSONS, FieldKind.ROWS)


class Enforce(enum.StrEnum):
    """Whether a value that breaks a rule is refused or only told."""

    ERROR = "error"
    WARN = "warn"


class PhotoRule(enum.StrEnum):
    """Whether a type shows the holder's photo."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class NumberKind(enum.StrEnum):
    """Where the number comes from.

    SUPPLIED: the application, any text. HOLDER_CODE: the first holder's code, after a
    prefix. PATTERN: the application; the whole of it has a form.
    """

    SUPPLIED = "supplied"
    HOLDER_CODE = "holder-code"
    PATTERN = "pattern"


@dataclass(frozen=True, slots=True)
class ChoicesBy:
    """Lists of values that depend on another field of the license.

    Attributes:
        field: key of the other field.
        lists: its choice -> the values that go with it; others are not judged.
    """

    field: str
    lists: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class LabelBy:
    """Labels that depend on another field of the license.

    Attributes:
        field: key of the other field.
        labels: its choice -> the label; others leave the field's own.
    """

    field: str
    labels: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class OnlyFor:
    """The choices of another field that a license has a field for.

    Attributes:
        field: key of the other field.
        values: its choices.
    """

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """One field of a license type, or one column of its rows.

    Attributes:
        key: name in the application and in the record.
        label: as printed beside the value, unless ``label_by`` says otherwise.
        label_by: labels that go with another field's choice.
        kind: what the field holds.
        required: an application without it is refused, if the license has the field.
        only_for: the choices of another field that the license has this one for.
        max_length: characters of the text, or of each text of an array.
        max_count: texts of an array, or rows.
        choices: the values of a choice, or those that a text may have.
        suffix: a choice may carry a remark in brackets after it.
        choices_by: values that go with another field's choice.
        pattern: regular expression for the whole of a text; empty for none.
        says: the pattern in words.
        enforce: whether ``choices``, ``choices_by`` and ``pattern`` refuse or warn.
        in_qr: the token carries the value, so that a person can compare it.
        qr_length: characters of it that the token carries; 0 for all.
        agrees: ``sex`` or ``birth`` where the first holder's citizen id tells it.
        not_after: ``issue_date`` or ``valid_from`` for a date that may not be later.
        columns: of rows.
        example: a usual value; None for none.
    """

    key: str
    label: Text
    label_by: LabelBy | None = None
    kind: FieldKind
    required: bool = True
    only_for: OnlyFor | None = None
    max_length: int = 200
    max_count: int = 1
    choices: tuple[str, ...] = ()
    suffix: bool = False
    choices_by: ChoicesBy | None = None
    pattern: str = ""
    says: Text | None = None
    enforce: Enforce = Enforce.ERROR
    in_qr: bool = False
    qr_length: int = 0
    agrees: str = ""
    not_after: str = ""
    columns: tuple["FieldRule", ...] = ()
    example: Example = None

    def choice_of(self, value: str) -> str:
        """Return the choice that a value is, without a remark behind it.

        Args:
            value: of this field; one that is no choice is returned as it is.
        """
        if not self.suffix or value in self.choices:
            return value
        for choice in self.choices:
            if value.startswith(choice) and SUFFIX.fullmatch(value[len(choice) :]):
                return choice
        return value


@dataclass(frozen=True, slots=True)
class HolderRule:
    """Who may hold the license.

    Attributes:
        code_types: codes of GB/T 36903 Annex A; the first is the default.
        max_count: how many holders there may be.
        name_max_length: characters of a name.
        roles: the roles of holders; empty where they have none.
        example: a holder's name for samples; empty where one is invented.
    """

    code_types: tuple[str, ...]
    max_count: int
    name_max_length: int
    roles: tuple[str, ...] = ()
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What a group of a number's pattern must agree with: a day, or a choice.

    Attributes:
        group: name of the group.
        day: ``issue_date`` or ``valid_from``; empty for a choice.
        part: ``year`` (YYYY) or ``date`` (YYYYMMDD) of the day.
        values: choice -> text of the group; others are not judged.
        field: key of the choice; empty for a day.
        enforce: whether a group that disagrees is refused or told.
    """

    group: str
    day: str = ""
    part: str = ""
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    field: str = ""
    enforce: Enforce = Enforce.ERROR


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How the number of a license is made or checked.

    Attributes:
        kind: where it comes from.
        prefix: text before the holder's code (HOLDER_CODE).
        max_length: characters (SUPPLIED, PATTERN).
        example: one that is right; empty where there is none (SUPPLIED, PATTERN).
        pattern: regular expression for the whole number (PATTERN, as all that follow).
        says: the pattern in words.
        enforce: whether a number of another form is refused or told.
        check: ``mod-11-10`` where group ``check`` is the check digit over ``body``.
        fold: character -> the one that is written instead.
        agree: what groups must agree with.
    """

    kind: NumberKind
    prefix: str = ""
    max_length: int = 40
    example: str = ""
    pattern: str = ""
    says: Text = field(default_factory=lambda: Text("", ""))
    enforce: Enforce = Enforce.ERROR
    check: str = ""
    fold: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    agree: tuple[Agreement, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidityRule:
    """How long a license is valid.

    Attributes:
        years: whole years, or None for an end that is given.
        enforce: whether an end after those years is refused or told.
    """

    years: int | None
    enforce: Enforce = Enforce.ERROR


@dataclass(frozen=True, slots=True)
class CheckpointRule:
    """A duty without which the license lapses before its last day.

    Attributes:
        kind: what has to be done, such as 复审.
        years: it is due at the end of each period of so many years; 0 for months.
        done_field: key of the date field that says when it was done last; may be empty.
        months: it is due at the end of each period of so many months; 0 for years.
        once: it is due at the end of the first period alone.
        extended_field: key of the date field with the day until which one that is due
            once was put off; may be empty.
        max_extensions: periods by which it may be put off at most.
    """

    kind: str
    years: int = 0
    done_field: str = ""
    months: int = 0
    once: bool = False
    extended_field: str = ""
    max_extensions: int = 0

    @property
    def period_months(self) -> int:
        """Return the length of a period in months."""
        return self.months or 12 * self.years


@dataclass(frozen=True, slots=True)
class Background:
    """A PDF whose first page is the static art of a type.

    Attributes:
        name: of the file beside the type's.
        data: its bytes, not looked into.
    """

    name: str
    data: bytes = field(repr=False)


ONLY = ""
"""Name of the one presentation of a type that has no others."""


@dataclass(frozen=True, slots=True, eq=False)
class Presentation:
    """One way in which licenses of a type are printed, such as 正本 or 副本.

    It is equal to itself alone, so that what was worked out for it can be kept.

    Attributes:
        name: as the type's file has it; `ONLY` for a type that is printed in one way.
        layout: the table that pages are drawn by, as it stands in the file, without
            what it says of static art.
        background: the static art, if it is the page of a PDF.
        art: the static art, if a function draws it: ``package.module:function``; empty
            for none. With neither, the theme's own art is drawn.
    """

    name: str
    layout: Mapping[str, object]
    background: Background | None = None
    art: str = ""

    @property
    def has_own_art(self) -> bool:
        """Tell whether its static art is the type's own."""
        return self.background is not None or bool(self.art)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LicenseType:
    """One license type in one version; old versions stay readable for ever.

    It is equal to itself alone, so that what was worked out for it can be kept.

    Attributes:
        name: catalog name, such as ``food-business``.
        version: version of fields, rules and layout, from 1.
        code: 证照类型代码 of 21 characters (GB/T 36904).
        title: 证照名称 as printed.
        number_label: label of the number on the face.
        holder_label: label of the holder's name on the face.
        holders: who may hold it.
        number: how its number is made or checked.
        validity: how long it is valid.
        checkpoints: duties before its last day.
        fields: the type's own fields, in the order of the face.
        photo: whether it shows a photo.
        number_holds_citizen_id: the number must be masked like an id.
        copies: what a license may be granted as; the first is the default.
        presentations: how licenses are printed; at least one.
    """

    name: str
    version: int
    code: str
    title: Text
    number_label: Text
    holder_label: Text
    holders: HolderRule
    number: NumberRule
    validity: ValidityRule
    checkpoints: tuple[CheckpointRule, ...]
    fields: tuple[FieldRule, ...]
    photo: PhotoRule
    number_holds_citizen_id: bool
    copies: tuple[str, ...]
    presentations: tuple[Presentation, ...]

    @property
    def has_photo(self) -> bool:
        """Tell whether a license of this type may show a photo."""
        return self.photo is not PhotoRule.NONE

    def presentations_of(self, copy: str) -> tuple[Presentation, ...]:
        """Return how a license is printed that was granted as ``copy``.

        One that was granted as 正本 or 副本 alone has the presentation of that name,
        where there is one; any other has all of them.

        Args:
            copy: 正本, 副本, 正副本合一 or 单页.
        """
        named = tuple(item for item in self.presentations if item.name == copy)
        return named or self.presentations

    def describes(self, license_: License) -> bool:
        """Tell whether a license has the title, type code and fields of this type.

        It also has an end, where the type gives a number of years.

        Does NOT judge values and periods: that is :func:`check_application`'s part, on
        the day of issue and under the rules of that day.
        """
        draft = license_.draft
        keys = _keys(self)
        return (
            draft.title == self.title.zh
            and type_part(license_.identifier) == self.code
            and keys.required <= draft.fields.keys() <= keys.known
            and all(self._suits(rule, draft.fields) for rule in keys.conditional)
            and (self.validity.years is None or draft.validity.valid_until is not None)
        )

    def _suits(self, rule: FieldRule, fields: Mapping[str, FieldValue]) -> bool:
        """Tell whether a conditional field is there where it has to be, and only so."""
        if rule.key in fields:
            return self.applies(rule, fields)
        return not rule.required or not self.applies(rule, fields)

    def applies(self, rule: FieldRule, fields: Mapping[str, FieldValue]) -> bool:
        """Tell whether a license has a field, by its ``only_for``.

        Args:
            rule: of the field.
            fields: of the license.
        """
        by = rule.only_for
        return by is None or self.chosen(by.field, fields) in by.values

    def label_of(self, rule: FieldRule, fields: Mapping[str, FieldValue]) -> Text:
        """Return the label of a field on the face of a license, by its ``label_by``.

        Args:
            rule: of the field.
            fields: of the license.
        """
        by = rule.label_by
        if by is None:
            return rule.label
        return by.labels.get(self.chosen(by.field, fields), rule.label)

    def chosen(self, key: str, fields: Mapping[str, FieldValue]) -> str:
        """Return the choice of a field, without a remark behind it; empty for none.

        Args:
            key: of a field of this type.
            fields: of the license.
        """
        value = fields.get(key)
        return self.field(key).choice_of(value) if isinstance(value, str) else ""

    def field(self, key: str) -> FieldRule:
        """Return the rule of one field; KeyError if the type has no such field."""
        for rule in self.fields:
            if rule.key == key:
                return rule
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of a type's fields, and of those that every license has."""

    known: frozenset[str]
    required: frozenset[str]
    conditional: tuple[FieldRule, ...]


@functools.lru_cache(maxsize=256)  # types are equal to themselves alone
def _keys(license_type: LicenseType) -> _Keys:
    rules = license_type.fields
    always = [rule for rule in rules if rule.only_for is None]
    return _Keys(
        known=frozenset(rule.key for rule in rules),
        required=frozenset(rule.key for rule in always if rule.required),
        conditional=tuple(rule for rule in rules if rule.only_for is not None),
    )


@functools.lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    r"""Return the pattern of a rule, compiled: ``\d`` and ``\w`` mean ASCII.

    Raises:
        re.error: it is no regular expression.
    """
    return re.compile(pattern, re.ASCII)
