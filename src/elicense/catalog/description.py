"""Describes license types for people and programs: ``elicense types --json``."""

from collections.abc import Mapping

from elicense.catalog.kinds import (
    Agreement,
    CheckpointRule,
    FieldRule,
    LicenseType,
    NumberKind,
    NumberRule,
)
from elicense.model import Text


def describe(license_type: LicenseType) -> dict[str, object]:
    """Return a type's fields and rules as JSON has them, without its layout."""
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
            "example": license_type.holders.example,
        },
        "number": {
            "label": _both(license_type.number_label),
            **_number(license_type.number),
            "holds_citizen_id": license_type.number_holds_citizen_id,
        },
        "validity_years": license_type.validity.years,
        "validity_enforce": str(license_type.validity.enforce),
        "checkpoints": [_checkpoint(rule) for rule in license_type.checkpoints],
        "copies": list(license_type.copies),
        "photo": str(license_type.photo),
        "fields": [_field(rule) for rule in license_type.fields],
    }


def _both(text: Text) -> dict[str, object]:
    return {"zh": text.zh, "en": text.en}


def _number(rule: NumberRule) -> dict[str, object]:
    out: dict[str, object] = {"rule": str(rule.kind), "prefix": rule.prefix}
    if rule.kind is not NumberKind.HOLDER_CODE:
        out["max_length"] = rule.max_length
    if rule.example:
        out["example"] = rule.example
    if rule.kind is NumberKind.PATTERN:
        out |= {
            "pattern": rule.pattern,
            "says": _both(rule.says),
            "enforce": str(rule.enforce),
            "check": rule.check,
            "fold": dict(rule.fold),
            "agree": [_agreement(item) for item in rule.agree],
        }
    return out


def _agreement(rule: Agreement) -> dict[str, object]:
    out: dict[str, object] = {"group": rule.group, "enforce": str(rule.enforce)}
    if rule.day:
        return out | {"day": rule.day, "part": rule.part}
    return out | {"field": rule.field, "values": dict(rule.values)}


def _checkpoint(rule: CheckpointRule) -> dict[str, object]:
    out: dict[str, object] = {"kind": rule.kind, "once": rule.once}
    out |= {"years": rule.years} if rule.years else {"months": rule.months}
    if rule.done_field:
        out["done_field"] = rule.done_field
    if rule.extended_field:
        out["extended_field"] = rule.extended_field
        out["max_extensions"] = rule.max_extensions
    return out


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
    if rule.says is not None:
        out |= {"pattern": rule.pattern, "says": _both(rule.says)}
    if rule.choices or rule.choices_by is not None or rule.says is not None:
        out["enforce"] = str(rule.enforce)
    out |= _dependent(rule)
    return out | _small(rule)


def _small(rule: FieldRule) -> dict[str, object]:
    """Return the rules that a field has only where its type says so."""
    out: dict[str, object] = {}
    for key in ("qr_length", "agrees", "not_after"):
        if getattr(rule, key):
            out[key] = getattr(rule, key)
    if rule.columns:
        out["columns"] = [_field(column) for column in rule.columns]
    if rule.example is not None:
        out["example"] = _example(rule)
    return out


def _dependent(rule: FieldRule) -> dict[str, object]:
    """Return the rules that look at another field."""
    out: dict[str, object] = {}
    if rule.choices_by is not None:
        lists = rule.choices_by.lists
        out["choices_by"] = {
            "field": rule.choices_by.field,
            "lists": {key: list(values) for key, values in lists.items()},
        }
    if rule.label_by is not None:
        labels = rule.label_by.labels
        out["label_by"] = {
            "field": rule.label_by.field,
            "labels": {key: _both(label) for key, label in labels.items()},
        }
    if rule.only_for is not None:
        out["only_for"] = {
            "field": rule.only_for.field,
            "values": list(rule.only_for.values),
        }
    return out


def _example(rule: FieldRule) -> object:
    if not isinstance(rule.example, tuple):
        return rule.example
    return [dict(item) if isinstance(item, Mapping) else item for item in rule.example]
