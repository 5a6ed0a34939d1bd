"""The texts of a page: what each source of a row says of a license."""

from dataclasses import dataclass

from elicense import dates
from elicense.catalog import LicenseType
from elicense.errors import CatalogError
from elicense.layout.plan import Row
from elicense.model import FieldValue, License, Text

OPEN_ENDED = "长期"
_COMMON_LABELS = {
    "holder.code": "代码",
    "issuer": "发证机关",
    "issue_date": "发证日期",
    "valid_from": "有效期起",
    "valid_until": "有效期至",
    "validity": "有效期限",
    "copy": "正副本",
}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label and a value, with the key of the field they show."""

    field: str
    label: str
    value: str


def labelled(row: Row, license_: License, license_type: LicenseType) -> Labelled | None:
    """Return what a row prints; None where the value is absent and the row is dropped.

    Raises:
        CatalogError: the layout names a source that the type does not have.
    """
    field, label, parts = _source(row.value, license_, license_type)
    value = row.join.join(parts)
    if value:
        value += row.suffix
    else:
        value = row.absent
    return Labelled(field, row.label or label, value) if value else None


def _source(
    source: str, license_: License, license_type: LicenseType
) -> tuple[str, str, tuple[str, ...]]:
    """Return the field's key, its label and its texts."""
    kind, _, key = source.partition(".")
    draft = license_.draft
    if kind == "fields":
        return _type_field(key, license_, license_type)
    if kind == "checkpoint":
        due = [point.due for point in draft.checkpoints if point.kind == key]
        return "checkpoints", f"应{key}日期", tuple(map(dates.printed, due[:1]))
    if source == "holder.name":
        names = tuple(holder.name for holder in draft.holders)
        return "holders", license_type.holder_label.zh, names
    if source == "number":
        return "number", license_type.number_label.zh, (draft.number,)
    texts = _common(source, license_)
    if texts is None:
        raise CatalogError(
            Text(
                f"证照类型 {license_type.name} 的版式引用了未知来源 {source}",
                f"type {license_type.name}: the layout names no known source: {source}",
            )
        )
    field = "holders" if source == "holder.code" else source
    return field, _COMMON_LABELS[source], texts


def _common(source: str, license_: License) -> tuple[str, ...] | None:
    """Return the texts of a source that every type has; None for another one."""
    draft = license_.draft
    first = dates.printed(draft.validity.valid_from)
    until = draft.validity.valid_until
    last = OPEN_ENDED if until is None else dates.printed(until)
    return {
        "holder.code": tuple(holder.code for holder in draft.holders),
        "issuer": (license_.issuer.name,),
        "issue_date": (dates.printed(draft.issue_date),),
        "valid_from": (first,),
        "valid_until": (last,),
        "validity": (f"{first} 至 {last}",),
        "copy": (draft.copy,),
    }.get(source)


def _type_field(
    key: str, license_: License, license_type: LicenseType
) -> tuple[str, str, tuple[str, ...]]:
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
    value: FieldValue = license_.draft.fields.get(key, ())
    texts = (value,) if isinstance(value, str) else value
    if rule.kind == "date":
        texts = tuple(dates.printed(dates.parse_day(text)) for text in texts)
    return key, rule.label.zh, texts
