"""The texts of a page: what each source of a row says of a license."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from elicense import dates
from elicense.catalog import LicenseType
from elicense.errors import CatalogError
from elicense.layout.plan import Row
from elicense.model import FieldValue, License, Text

OPEN_ENDED = "长期"

Texts = Callable[[License], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the value of a row comes from.

    Attributes:
        field: key of the field.
        label: as the type calls it.
        texts: returns the texts of a license; none where the value is absent.
    """

    field: str
    label: str
    texts: Texts


def source(row: Row, license_type: LicenseType) -> Source:
    """Return where the value of a row comes from.

    Args:
        row: of the type's layout.
        license_type: whose layout it is.

    Raises:
        CatalogError: the layout names a source that the type does not have.
    """
    kind, _, key = row.value.partition(".")
    if kind == "fields":
        return _type_field(key, license_type)
    if kind == "checkpoint":
        due = functools.partial(_due, kind=key)
        return Source("checkpoints", f"应{key}日期", due)
    if row.value == "holder.name":
        return Source("holders", license_type.holder_label.zh, _names)
    if row.value == "number":
        return Source("number", license_type.number_label.zh, _number)
    if row.value not in _COMMON:
        raise CatalogError(
            Text(
                f"证照类型 {license_type.name} 的版式引用了未知来源 {row.value}",
                f"type {license_type.name}: the layout names no known source:"
                f" {row.value}",
            )
        )
    label, texts = _COMMON[row.value]
    field = "holders" if row.value == "holder.code" else row.value
    return Source(field, label, texts)


def shown(row: Row, texts: tuple[str, ...]) -> str:
    """Return what a row prints; empty where the whole row is dropped.

    Args:
        row: of the type's layout.
        texts: what its source says.
    """
    value = row.join.join(texts)
    return value + row.suffix if value else row.absent


def _due(license_: License, kind: str) -> tuple[str, ...]:
    due = [point.due for point in license_.draft.checkpoints if point.kind == kind]
    return tuple(map(dates.printed, due[:1]))


def _names(license_: License) -> tuple[str, ...]:
    return tuple([holder.name for holder in license_.draft.holders])


def _codes(license_: License) -> tuple[str, ...]:
    return tuple([holder.code for holder in license_.draft.holders])


def _number(license_: License) -> tuple[str, ...]:
    return (license_.draft.number,)


def _issuer(license_: License) -> tuple[str, ...]:
    return (license_.issuer.name,)


def _issue_date(license_: License) -> tuple[str, ...]:
    return (dates.printed(license_.draft.issue_date),)


def _copy(license_: License) -> tuple[str, ...]:
    return (license_.draft.copy,)


def _valid_from(license_: License) -> tuple[str, ...]:
    return (dates.printed(license_.draft.validity.valid_from),)


def _valid_until(license_: License) -> tuple[str, ...]:
    until = license_.draft.validity.valid_until
    return (OPEN_ENDED if until is None else dates.printed(until),)


def _validity(license_: License) -> tuple[str, ...]:
    return (f"{_valid_from(license_)[0]} 至 {_valid_until(license_)[0]}",)


_COMMON: dict[str, tuple[str, Texts]] = {
    "holder.code": ("代码", _codes),
    "issuer": ("发证机关", _issuer),
    "issue_date": ("发证日期", _issue_date),
    "valid_from": ("有效期起", _valid_from),
    "valid_until": ("有效期至", _valid_until),
    "validity": ("有效期限", _validity),
    "copy": ("正副本", _copy),
}
"""Sources that every type has, with their labels."""


def _type_field(key: str, license_type: LicenseType) -> Source:
    """Return one of the type's own fields; dates are printed as on every face."""
    try:
        rule = license_type.field(key)
    except KeyError as err:
        raise CatalogError(
            Text(
                f"证照类型 {license_type.name} 的版式引用了未定义的字段 {key}",
                f"type {license_type.name}: the layout names an unknown field {key}",
            )
        ) from err
    texts = _day_of_type if rule.kind == "date" else _text_of_type
    return Source(key, rule.label.zh, functools.partial(texts, key=key))


def _text_of_type(license_: License, key: str) -> tuple[str, ...]:
    value: FieldValue = license_.draft.fields.get(key, ())
    return (value,) if isinstance(value, str) else value


def _day_of_type(license_: License, key: str) -> tuple[str, ...]:
    texts = _text_of_type(license_, key)
    return tuple([dates.printed(dates.parse_day(text)) for text in texts])
