"""JSON Schema of the applications of a license type, for forms and other programs.

Draft 2020-12. What the schema refuses :func:`check_application` refuses too; the
checker knows more: check characters, days, agreement of number and fields. One
exception: a name that is written with combining marks counts them here, and composed
letters there.
"""

import re
from collections.abc import Iterable

from elicense.catalog.kinds import (
    ORIGINS,
    ChoicesBy,
    Enforce,
    FieldKind,
    FieldRule,
    HolderRule,
    LicenseType,
    NumberKind,
    NumberRule,
    OnlyFor,
    PhotoRule,
)
from elicense.catalog.usual import usual_value
from elicense.dates import FIRST_DAY
from elicense.model import Text

Schema = dict[str, object]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_USCC = "[1-9ANY][0-9A-HJ-NP-RTUWXY][0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}"
_CITIZEN_ID = "[1-9][0-9]{16}[0-9X]"
_CODES = {
    # A license that was granted on paper may have the code of its time.
    "001": f"^(?:{_USCC}|[0-9]{{15}}|[0-9A-Z]{{8}}[0-9X])$",
    "111": f"^(?:{_CITIZEN_ID}|[1-9][0-9]{{14}})$",
}
_OTHER_CODE = "^[0-9A-Z]{5,24}$"
_BY_KIND: dict[FieldKind, Schema] = {
    FieldKind.DATE: {"type": "string", "format": "date", "pattern": _DAY},
    FieldKind.MONEY: {
        "type": "string",
        "pattern": r"^(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,2})? [A-Z]{3}$",
    },
    FieldKind.USCC: {"type": "string", "pattern": f"^{_USCC}$"},
    FieldKind.CITIZEN_ID: {"type": "string", "pattern": f"^{_CITIZEN_ID}$"},
}
_SUFFIX = "(?:[(（][^()（）]+[)）])?"
_NULL: Schema = {"type": "null"}
_META = re.compile(r"[\\^$.|?*+()\[\]{}]")
# What other programs spell otherwise, or do not know, in a regular expression.
_NAMED = re.compile(r"\(\?P<[A-Za-z_]\w*>")
_FOREIGN = re.compile(r"\(\?(?!:|=|!|<=|<!)|\\[AZzG]|[+*?}]\+")


def json_schema(license_type: LicenseType) -> Schema:
    """Return the JSON Schema of an application, which itself is JSON.

    Args:
        license_type: any type.
    """
    properties: Schema = {
        "holders": _holders(license_type.holders, license_type.holder_label),
        "number": _number(license_type.number, license_type.number_label),
        **_days(license_type),
        "origin": _titled(_optional({"enum": list(ORIGINS)}), Text("来源", "origin")),
        "copy": _titled(
            _optional({"enum": list(license_type.copies)}), Text("正副本", "copy")
        ),
        "photo": _photo(license_type.photo),
        "external_qr": _external_code(),
    }
    properties |= {rule.key: _field(rule) for rule in license_type.fields}
    schema: Schema = {
        "$schema": DIALECT,
        "title": license_type.title.zh,
        "description": license_type.title.en,
        "type": "object",
        "properties": properties,
        "required": _required(license_type),
        "additionalProperties": False,
    }
    rules = [
        item for rule in license_type.fields for item in _rules(license_type, rule)
    ]
    return {**schema, "allOf": rules} if rules else schema


def _required(license_type: LicenseType) -> list[str]:
    keys = ["holders"]
    if license_type.number.kind is not NumberKind.HOLDER_CODE:
        keys.append("number")
    if license_type.validity.years is None:
        keys.append("valid_until")
    if license_type.photo is PhotoRule.REQUIRED:
        keys.append("photo")
    return [*keys, *(rule.key for rule in license_type.fields if _is_always(rule))]


def _is_always(rule: FieldRule) -> bool:
    """Tell whether every license has a field."""
    return rule.required and rule.only_for is None


def _titled(schema: Schema, label: Text, more: Text | None = None) -> Schema:
    """Return a schema under its label, in Chinese, and described in both languages."""
    described = label.en if more is None else f"{label.en}. {more.zh} / {more.en}"
    return {"title": label.zh, "description": described, **schema}


def _optional(schema: Schema) -> Schema:
    """Return a schema that takes null too, which stands for what is left out."""
    out = dict(schema)
    if isinstance(schema.get("enum"), list):
        out["enum"] = [*_listed(schema, "enum"), None]
    if "type" in schema:
        out["type"] = [schema["type"], "null"]
    return out


def _listed(schema: Schema, key: str) -> list[object]:
    value = schema[key]
    return value if isinstance(value, list) else []


def _holders(rule: HolderRule, label: Text) -> Schema:
    name: Schema = {"type": "string", "minLength": 1, "maxLength": rule.name_max_length}
    if rule.example:
        name["examples"] = [rule.example]
    code = Text("代码", "code")
    properties: Schema = {
        "name": _titled(name, label),
        "code": _titled({"type": "string", "pattern": _OTHER_CODE}, code),
        "code_type": {
            "title": "代码类型",
            "description": "GB/T 36903, Annex A",
            "enum": list(rule.code_types),
            "default": rule.code_types[0],
        },
        "role": _titled({"enum": list(rule.roles or ("",))}, Text("角色", "role")),
    }
    item: Schema = {
        "type": "object",
        "properties": properties,
        "required": ["name", "code", *(("role",) if rule.roles else ())],
        "additionalProperties": False,
    }
    rules = [_code_rule(rule, kind) for kind in rule.code_types if kind in _CODES]
    return {
        "title": "持证主体",
        "description": "holders",
        "type": "array",
        "minItems": 1,
        "maxItems": rule.max_count,
        "items": {**item, "allOf": rules} if rules else item,
    }


def _code_rule(rule: HolderRule, code_type: str) -> Schema:
    """Return the form of the codes of a type; the first type is that of no type."""
    condition: Schema = {"properties": {"code_type": {"const": code_type}}}
    if code_type != rule.code_types[0]:
        condition["required"] = ["code_type"]
    return {
        "if": condition,
        "then": {"properties": {"code": {"pattern": _CODES[code_type]}}},
    }


def _number(rule: NumberRule, label: Text) -> Schema:
    if rule.kind is NumberKind.HOLDER_CODE:
        derived = Text("由持证主体代码得出，可不填写", "derived; may be left out")
        return _titled(_optional({"type": "string"}), label, derived)
    schema: Schema = {"type": "string", "minLength": 1, "maxLength": rule.max_length}
    if rule.example:
        schema["examples"] = [rule.example]
    if rule.kind is NumberKind.SUPPLIED:
        return _titled(schema, label)
    # What is folded may be written otherwise than the pattern has it.
    if rule.enforce is Enforce.ERROR and not rule.fold:
        schema |= _pattern(rule.pattern)
    return _titled(schema, label, rule.says)


def _days(license_type: LicenseType) -> Schema:
    day = {**_BY_KIND[FieldKind.DATE], "examples": ["2026-01-05"]}
    years = license_type.validity.years
    last = Text("最后一日；长期为 null", "the last day; null for an open end")
    if years is not None:
        period = "1 year" if years == 1 else f"{years} years"
        last = Text(f"省略时为 {years} 年", f"{period} where it is left out")
    until = _optional(day) if years is None else day
    return {
        "issue_date": _titled(_optional(day), Text("发证日期", "issue date")),
        "valid_from": _titled(_optional(day), Text("有效期起", "first day")),
        "valid_until": _titled(until, Text("有效期至", "last day"), last),
    }


def _photo(rule: PhotoRule) -> Schema:
    if rule is PhotoRule.NONE:
        return _titled(_NULL, Text("照片", "photo"), Text("没有照片", "none is shown"))
    schema: Schema = {"type": "string", "minLength": 1, "contentEncoding": "base64"}
    if rule is PhotoRule.OPTIONAL:
        schema = _optional(schema)
    what = Text("JPEG 或 PNG 的 base64", "a JPEG or PNG in base64")
    return _titled(schema, Text("照片", "photo"), what)


def _external_code() -> Schema:
    schema: Schema = {"type": "string", "minLength": 1, "pattern": "^[ -~]*$"}
    return _titled(
        _optional(schema),
        Text("外部二维码", "code of another system"),
        Text("文本，或二维码图片的 base64", "a text, or a QR image in base64"),
    )


def _field(rule: FieldRule) -> Schema:
    """Return the schema of a field or column by its own rule alone."""
    schema = _array(rule) if rule.kind.is_array else _single(rule)
    if not _is_always(rule):
        schema = _optional(schema)
    schema = _titled(schema, rule.label, rule.says)
    if rule.example is not None and rule.kind is not FieldKind.DATE:
        schema["examples"] = [usual_value(rule, FIRST_DAY)]
    return schema


def _array(rule: FieldRule) -> Schema:
    items = _row(rule) if rule.kind is FieldKind.ROWS else _single(rule)
    return {"type": "array", "minItems": 1, "maxItems": rule.max_count, "items": items}


def _row(rule: FieldRule) -> Schema:
    return {
        "type": "object",
        "properties": {column.key: _field(column) for column in rule.columns},
        "required": [column.key for column in rule.columns if column.required],
        "minProperties": 1,
        "additionalProperties": False,
    }


def _single(rule: FieldRule) -> Schema:
    if rule.kind in _BY_KIND:
        return dict(_BY_KIND[rule.kind])
    schema: Schema = {"type": "string", "minLength": 1, "maxLength": rule.max_length}
    if rule.enforce is Enforce.WARN:
        return schema
    if rule.choices:
        schema |= _among(rule, rule.choices)
    return schema | _pattern(rule.pattern) if rule.pattern else schema


def _among(rule: FieldRule, choices: Iterable[str]) -> Schema:
    """Return what holds a value to some choices, with or without a remark behind."""
    listed = list(choices)
    if not rule.suffix:
        return {"enum": listed}
    either = "|".join(_META.sub(r"\\\g<0>", choice) for choice in listed)
    return {"pattern": f"^(?:{either}){_SUFFIX}$"}


def _pattern(pattern: str) -> Schema:
    """Return a pattern that other programs read alike; nothing where they would not."""
    plain = _NAMED.sub("(", pattern)
    return {} if _FOREIGN.search(plain) else {"pattern": f"^(?:{plain})$"}


def _rules(license_type: LicenseType, rule: FieldRule) -> list[Schema]:
    """Return what holds for a field only where another one says so."""
    found: list[Schema] = []
    if rule.only_for is not None:
        found.append(_presence(license_type, rule, rule.only_for))
    if rule.choices_by is not None and rule.enforce is Enforce.ERROR:
        found += _choices(license_type, rule, rule.choices_by)
    return found


def _presence(license_type: LicenseType, rule: FieldRule, by: OnlyFor) -> Schema:
    present: Schema = {"required": [rule.key]}
    present["properties"] = {rule.key: {"not": _NULL}}
    out: Schema = {"if": _chosen(license_type, by.field, by.values)}
    if rule.required:
        out["then"] = present
    return {**out, "else": {"properties": {rule.key: _NULL}}}


def _choices(
    license_type: LicenseType, rule: FieldRule, by: ChoicesBy
) -> Iterable[Schema]:
    for choice, allowed in by.lists.items():
        among = {"anyOf": [_NULL, _among(rule, allowed)]}
        yield {
            "if": _chosen(license_type, by.field, (choice,)),
            "then": {"properties": {rule.key: among}},
        }


def _chosen(license_type: LicenseType, key: str, values: tuple[str, ...]) -> Schema:
    """Return the condition that a field has one of some choices."""
    among = _among(license_type.field(key), values)
    return {"properties": {key: among}, "required": [key]}
