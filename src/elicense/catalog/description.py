"""Describes license types for people and programs: ``elicense types --json``."""

from elicense.catalog.kinds import FieldRule, LicenseType
from elicense.model import Text


def describe(license_type: LicenseType) -> dict[str, object]:
    """Return a type's fields and rules as JSON has them, without its layout."""
    number = license_type.number
    return {
        "name": license_type.name,
        "version": license_type.version,
        "code": license_type.code,
        "title": _both(license_type.title),
        "holders": {
            "label": _both(license_type.holder_label),
            "code_types": list(license_type.holders.code_types),
            "max_count": license_type.holders.max_count,
            "name_max_length": license_type.holders.name_max_length,
            "roles": list(license_type.holders.roles),
        },
        "number": {
            "label": _both(license_type.number_label),
            "rule": str(number.kind),
            "prefix": number.prefix,
            "holds_citizen_id": license_type.number_holds_citizen_id,
        },
        "validity_years": license_type.validity.years,
        "checkpoints": [
            {"kind": rule.kind, "years": rule.years}
            for rule in license_type.checkpoints
        ],
        "copies": list(license_type.copies),
        "photo": str(license_type.photo),
        "fields": [_field(rule) for rule in license_type.fields],
    }


def _both(text: Text) -> dict[str, object]:
    return {"zh": text.zh, "en": text.en}


def _field(rule: FieldRule) -> dict[str, object]:
    out: dict[str, object] = {
        "key": rule.key,
        "label": _both(rule.label),
        "kind": str(rule.kind),
        "required": rule.required,
        "max_length": rule.max_length,
        "in_qr": rule.in_qr,
    }
    if rule.kind.is_array:
        out["max_count"] = rule.max_count
    if rule.choices:
        out["choices"] = list(rule.choices)
        out["suffix"] = rule.suffix
    if rule.choices_by is not None:
        lists = rule.choices_by.lists
        out["choices_by"] = {
            "field": rule.choices_by.field,
            "lists": {key: list(values) for key, values in lists.items()},
        }
    return out
