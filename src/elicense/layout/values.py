"""The texts of a page: what each source of a row says of a license."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches

from elicense import dates
from elicense.catalog import FieldKind, FieldRule, LicenseType
from elicense.errors import CatalogError
from elicense.layout.amounts import in_wan, in_words
from elicense.layout.plan import Row
from elicense.masking import mask_code
from elicense.model import FieldValue, License, Text

OPEN_ENDED = "长期"

Texts = Callable[[License], tuple[str, ...]]
Days = Callable[[date], str]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the value of a row comes from.

    Attributes:
        field: key of the field.
        label: as the type calls it.
        texts: returns the texts of a license; none where the value is absent.
        rule: of the type's own field; None for what every type has.
    """

    field: str
    label: str
    texts: Texts
    rule: FieldRule | None = None


def day_style(name: str) -> Days:
    """Return how days are printed: ``arabic`` or ``chinese``."""
    return dates.in_chinese if name == "chinese" else dates.printed


def source(row: Row, license_type: LicenseType, usual: str) -> Source:
    """Return where the value of a row comes from.

    Args:
        row: of the type's layout.
        license_type: whose layout it is.
        usual: how the layout prints days.

    Raises:
        CatalogError: the layout names a source or a style that there is not.
    """
    style = row.style or usual
    found = [_source(name, license_type, style) for name in row.sources]
    if len(found) == 1:
        return found[0]
    return Source(found[0].field, found[0].label, functools.partial(_all, found))


def _source(name: str, license_type: LicenseType, style: str) -> Source:
    """Return one source."""
    kind, _, key = name.partition(".")
    if kind == "fields":
        return _type_field(key, license_type, style)
    if kind == "checkpoint":
        _check_checkpoint(key, license_type)
        due = functools.partial(_due, kind=key, days=day_style(style))
        return Source("checkpoints", f"应{key}日期", due)
    if name in _DAYS:
        label, dated = _DAYS[name]
        texts: Texts = functools.partial(dated, days=day_style(style))
        return Source(name, label, texts)
    codes = functools.partial(_codes, masked=style == "masked")
    for source_ in (
        Source("holder.name", license_type.holder_label.zh, _names),
        Source("holder.code", "代码", codes),
        Source("number", license_type.number_label.zh, _number),
        Source("issuer", "发证机关", _issuer),
        Source("copy", "正副本", _copy),
    ):
        if source_.field == name:
            field = "holders" if kind == "holder" else name
            return replace(source_, field=field)
    raise _no_source(name, license_type)


def _no_source(name: str, license_type: LicenseType) -> CatalogError:
    """Return the error of a source that there is not, which says what there is."""
    fields = [f"fields.{rule.key}" for rule in license_type.fields]
    every = [*_OTHERS, *_DAYS, *fields]
    near = [f"fields.{name}"] if f"fields.{name}" in fields else []
    near = near or get_close_matches(name, every, n=1)
    there = near or [*_OTHERS, *_DAYS, "fields.KEY"]
    listed = ", ".join(there)
    return CatalogError(
        Text(
            f"证照类型 {license_type.name} 的版式引用了未知来源 {name}，"
            f"可用的有：{listed}",
            f"type {license_type.name}: the layout names no known source: {name};"
            f" there is: {listed}",
        )
    )


def _check_checkpoint(kind: str, license_type: LicenseType) -> None:
    """Refuse a checkpoint that the type does not have: it would never be printed."""
    kinds = [rule.kind for rule in license_type.checkpoints]
    if kind not in kinds:
        listed = ", ".join(kinds) or "-"
        raise CatalogError(
            Text(
                f"证照类型 {license_type.name} 的版式引用了未定义的期间核查 {kind}，"
                f"可用的有：{listed}",
                f"type {license_type.name}: the layout names an unknown checkpoint"
                f" {kind}; there is: {listed}",
            )
        )


def shown(row: Row, texts: tuple[str, ...]) -> str:
    """Return what a row prints; empty where the whole row is dropped.

    Args:
        row: of the type's layout.
        texts: what its source says.
    """
    value = row.join.join(texts)
    return value + row.suffix if value else row.absent


def _all(sources: list[Source], license_: License) -> tuple[str, ...]:
    """Return the texts of several sources."""
    return tuple([text for item in sources for text in item.texts(license_)])


def _due(license_: License, kind: str, days: Days) -> tuple[str, ...]:
    due = [point.due for point in license_.draft.checkpoints if point.kind == kind]
    return tuple(map(days, due[:1]))


def _names(license_: License) -> tuple[str, ...]:
    return tuple([holder.name for holder in license_.draft.holders])


def _codes(license_: License, *, masked: bool) -> tuple[str, ...]:
    return tuple(
        [
            mask_code(holder.code) if masked and holder.is_person else holder.code
            for holder in license_.draft.holders
        ]
    )


def _number(license_: License) -> tuple[str, ...]:
    return (license_.draft.number,)


def _issuer(license_: License) -> tuple[str, ...]:
    return (license_.issuer.name,)


def _copy(license_: License) -> tuple[str, ...]:
    return (license_.draft.copy,)


def _issue_date(license_: License, days: Days) -> tuple[str, ...]:
    return (days(license_.draft.issue_date),)


def _valid_from(license_: License, days: Days) -> tuple[str, ...]:
    return (days(license_.draft.validity.valid_from),)


def _valid_until(license_: License, days: Days) -> tuple[str, ...]:
    until = license_.draft.validity.valid_until
    return (OPEN_ENDED if until is None else days(until),)


def _validity(license_: License, days: Days) -> tuple[str, ...]:
    first, last = _valid_from(license_, days)[0], _valid_until(license_, days)[0]
    return (f"{first} 至 {last}",)


_DAYS: dict[str, tuple[str, Callable[..., tuple[str, ...]]]] = {
    "issue_date": ("发证日期", _issue_date),
    "valid_from": ("有效期起", _valid_from),
    "valid_until": ("有效期至", _valid_until),
    "validity": ("有效期限", _validity),
}
"""Sources of days that every type has, with their labels."""
_OTHERS = ("holder.name", "holder.code", "number", "issuer", "copy")
"""The other sources that every type has."""


def _type_field(key: str, license_type: LicenseType, style: str) -> Source:
    """Return one of the type's own fields, or a column of one."""
    name, _, column = key.partition(".")
    rule = field_of(name, license_type)
    if not column and not rule.columns:
        told = styled(rule, style)
        texts = functools.partial(_texts, key=name, told=told)
        return Source(name, rule.label.zh, texts, rule)
    if not column:
        raise _whole(rule, license_type)
    told = styled(column_of(rule, column, license_type), style)
    texts = functools.partial(_cells, key=name, column=column, told=told)
    return Source(name, rule.label.zh, texts, rule)


def field_of(key: str, license_type: LicenseType) -> FieldRule:
    """Return the rule of a field that a layout names.

    Raises:
        CatalogError: the type has no such field.
    """
    try:
        return license_type.field(key)
    except KeyError as err:
        keys = [rule.key for rule in license_type.fields]
        raise _unknown(key, keys, license_type) from err


def column_of(rule: FieldRule, column: str, license_type: LicenseType) -> FieldRule:
    """Return the rule of a column that a layout names.

    Raises:
        CatalogError: the field has no such column.
    """
    for found in rule.columns:
        if found.key == column:
            return found
    raise _unknown(
        f"{rule.key}.{column}",
        [f"{rule.key}.{found.key}" for found in rule.columns],
        license_type,
    )


def _unknown(key: str, keys: list[str], license_type: LicenseType) -> CatalogError:
    listed = ", ".join(get_close_matches(key, keys, n=1) or keys) or "-"
    return CatalogError(
        Text(
            f"证照类型 {license_type.name} 的版式引用了未定义的字段 {key}，"
            f"可用的有：{listed}",
            f"type {license_type.name}: the layout names an unknown field {key};"
            f" there is: {listed}",
        )
    )


def _whole(rule: FieldRule, license_type: LicenseType) -> CatalogError:
    """Return the error of a row that shows rows as they are."""
    columns = ", ".join(f"fields.{rule.key}.{item.key}" for item in rule.columns)
    return CatalogError(
        Text(
            f"证照类型 {license_type.name} 的版式：字段 {rule.key} 由多列组成，"
            f"请列入 tables，或只引用一列：{columns}",
            f"type {license_type.name}: the field {rule.key} has columns: show it in"
            f" tables, or one column in a row: {columns}",
        )
    )


def styled(rule: FieldRule, style: str) -> Callable[[str], str]:
    """Return how the texts of a field are printed.

    Args:
        rule: of the field or column.
        style: of the row or the page.
    """
    match rule.kind:
        case FieldKind.DATE:
            days = day_style(style)
            return lambda text: days(dates.parse_day(text))
        case FieldKind.MONEY:
            return in_wan if style == "wan" else in_words
        case FieldKind.CITIZEN_ID if style == "masked":
            return mask_code
    return str


def _texts(license_: License, key: str, told: Callable[[str], str]) -> tuple[str, ...]:
    value: FieldValue = license_.draft.fields.get(key, ())
    texts = (value,) if isinstance(value, str) else value
    return tuple([told(text) for text in texts if isinstance(text, str)])


def _cells(
    license_: License, key: str, column: str, told: Callable[[str], str]
) -> tuple[str, ...]:
    return tuple([told(row[column]) for row in rows_of(license_, key) if column in row])


def rows_of(license_: License, key: str) -> tuple[Mapping[str, str], ...]:
    """Return the rows of a field; none where it is absent."""
    value: FieldValue = license_.draft.fields.get(key, ())
    return tuple(row for row in value if isinstance(row, Mapping))
