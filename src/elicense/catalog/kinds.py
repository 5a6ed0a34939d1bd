"""What a license type is, as frozen values: its fields and its rules."""

import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from elicense.identifiers import type_part
from elicense.model import License, Text

FIRST_GRANT = "新发"
ORIGINS = (FIRST_GRANT, "变更", "延续", "补发", "换发", "更正", "存量补录", "转入")
COPIES = ("正本", "副本", "正副本合一", "单页")
# 持证主体代码类型 of GB/T 36903, Annex A.
CODE_TYPES = (
    *("001", "099", "111", "114", "115", "118", "119", "120", "122"),
    *("411", "412", "413", "414", "511", "516", "999"),
)
ORGANIZATION_CODE_TYPES = ("001", "099")


class FieldKind(enum.StrEnum):
    """What a field holds. The plural kinds are arrays; dates are ISO 8601 texts."""

    TEXT = "text"
    TEXTS = "texts"
    PERSON = "person"
    PERSONS = "persons"
    CHOICE = "choice"
    DATE = "date"

    @property
    def is_array(self) -> bool:
        """Tell whether the value is an array of texts."""
        return self in (FieldKind.TEXTS, FieldKind.PERSONS)


class Enforce(enum.StrEnum):
    """Whether a value outside a list is refused or only told."""

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
    prefix. FOOD_BUSINESS: the application; JY and 14 digits, checked.
    """

    SUPPLIED = "supplied"
    HOLDER_CODE = "holder-code"
    FOOD_BUSINESS = "food-business"


@dataclass(frozen=True, slots=True)
class ChoicesBy:
    """Lists of values that depend on another field of the license.

    Attributes:
        field: key of the other field.
        lists: its value -> the values that go with it; others are not judged.
    """

    field: str
    lists: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """One field of a license type.

    Attributes:
        key: name in the application and in the record.
        label: as printed beside the value.
        kind: what the field holds.
        required: an application without it is refused.
        max_length: characters of the text, or of each text of an array.
        max_count: texts of an array.
        choices: the values of a choice; empty for other kinds.
        suffix: a choice may carry a remark in brackets after it.
        choices_by: values that go with another field's value.
        in_qr: the token carries the value, so that a person can compare it.
        enforce: whether ``choices`` and ``choices_by`` refuse or warn.
        agrees: ``sex`` or ``birth`` where the first holder's citizen id tells it.
        not_after: ``issue_date`` or ``valid_from`` for a date that may not be later.
    """

    key: str
    label: Text
    kind: FieldKind
    required: bool = True
    max_length: int = 200
    max_count: int = 1
    choices: tuple[str, ...] = ()
    suffix: bool = False
    choices_by: ChoicesBy | None = None
    in_qr: bool = False
    enforce: Enforce = Enforce.ERROR
    agrees: str = ""
    not_after: str = ""


@dataclass(frozen=True, slots=True)
class HolderRule:
    """Who may hold the license.

    Attributes:
        code_types: codes of GB/T 36903 Annex A; the first is the default.
        max_count: how many holders there may be.
        name_max_length: characters of a name.
        roles: the roles of holders; empty where they have none.
    """

    code_types: tuple[str, ...]
    max_count: int
    name_max_length: int
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How the number of a license is made or checked.

    Attributes:
        kind: where it comes from.
        prefix: text before the holder's code (HOLDER_CODE).
        max_length: characters (SUPPLIED).
        form_field: key of the field that the number must agree with (FOOD_BUSINESS).
        forms: value of that field -> first digit of the number (FOOD_BUSINESS).
    """

    kind: NumberKind
    prefix: str = ""
    max_length: int = 40
    form_field: str = ""
    forms: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class ValidityRule:
    """How long a license is valid: whole years, or None for an end that is given."""

    years: int | None


@dataclass(frozen=True, slots=True)
class CheckpointRule:
    """A repeated duty without which the license lapses before its last day.

    Attributes:
        kind: what has to be done, such as 复审.
        years: it is due at the end of each period of so many years.
        done_field: key of the date field that says when it was done last; may be empty.
    """

    kind: str
    years: int
    done_field: str = ""


@dataclass(frozen=True, slots=True)
class Background:
    """A PDF whose first page is the static art of a type.

    Attributes:
        name: of the file beside the type's.
        data: its bytes, not looked into.
    """

    name: str
    data: bytes = field(repr=False)


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
        copies: the presentations that exist; the first is the default.
        layout: the table that the page is drawn by, as it stands in the file, without
            what it says of static art.
        background: the static art, if it is the page of a PDF.
        art: the static art, if a function draws it: ``package.module:function``; empty
            for none. With neither, the theme's own art is drawn.
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
    layout: Mapping[str, object]
    background: Background | None = None
    art: str = ""

    @property
    def has_photo(self) -> bool:
        """Tell whether a license of this type may show a photo."""
        return self.photo is not PhotoRule.NONE

    def describes(self, license_: License) -> bool:
        """Tell whether a license has the title, type code and fields of this type.

        It also has an end, where the type gives a number of years.

        Does NOT judge values and periods: that is :func:`check_application`'s part, on
        the day of issue and under the rules of that day.
        """
        draft = license_.draft
        known, required = _keys(self)
        return (
            draft.title == self.title.zh
            and type_part(license_.identifier) == self.code
            and required <= draft.fields.keys() <= known
            and (self.validity.years is None or draft.validity.valid_until is not None)
        )

    def field(self, key: str) -> FieldRule:
        """Return the rule of one field; KeyError if the type has no such field."""
        for rule in self.fields:
            if rule.key == key:
                return rule
        raise KeyError(key)


@functools.lru_cache(maxsize=256)  # types are equal to themselves alone
def _keys(license_type: LicenseType) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys of all of a type's fields, and of those that are required."""
    rules = license_type.fields
    required = frozenset(rule.key for rule in rules if rule.required)
    return frozenset(rule.key for rule in rules), required
