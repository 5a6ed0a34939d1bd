"""Rules on the fields that belong to one license type."""

import re
from collections.abc import Mapping

from elicense.catalog.holders import CITIZEN_ID_TYPE
from elicense.catalog.kinds import Enforce, FieldKind, FieldRule, LicenseType
from elicense.catalog.periods import Days
from elicense.catalog.values import Findings, check_name, check_text
from elicense.dates import parse_day
from elicense.errors import MalformedCodeError
from elicense.identifiers import citizen_id_birth, citizen_id_sex
from elicense.model import FieldValue, Holder

_SUFFIX = re.compile("[(（][^()（）]+[)）]")
_EXPECTED = {
    FieldKind.TEXT: ("文本", "a text"),
    FieldKind.TEXTS: ("文本列表", "a list of texts"),
    FieldKind.PERSON: ("姓名", "a name"),
    FieldKind.PERSONS: ("姓名列表", "a list of names"),
    FieldKind.CHOICE: ("选项", "a choice"),
    FieldKind.DATE: ("日期 YYYY-MM-DD", "a day YYYY-MM-DD"),
}


def check_fields(
    found: Findings,
    license_type: LicenseType,
    given: Mapping[str, object],
    holders: tuple[Holder, ...],
    days: Days,
) -> dict[str, FieldValue]:
    """Return the type's fields that are right, in the order of the type.

    Args:
        found: takes the problems.
        license_type: the rules.
        given: the application without its nulls.
        holders: the first one's citizen id is compared with sex and birth.
        days: other days that a date may not pass.
    """
    fields: dict[str, FieldValue] = {}
    for rule in license_type.fields:
        if rule.key in given:
            value = _value(found, rule, given[rule.key])
            if value is not None:
                fields[rule.key] = value
        elif rule.required:
            zh, en = _EXPECTED[rule.kind]
            found.problem(
                rule.key,
                f"缺少“{rule.label.zh}”，应为{zh}",
                f"{rule.label.en} is missing; expected {en}",
            )
    for rule in license_type.fields:
        value = fields.get(rule.key)
        if isinstance(value, str):
            _check_choices_by(found, rule, value, fields)
            _check_agreement(found, rule, value, holders)
            _check_not_after(found, rule, value, days)
    return fields


def _value(found: Findings, rule: FieldRule, value: object) -> FieldValue | None:
    if not rule.kind.is_array:
        return _text(found, rule, rule.key, value)
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= rule.max_count:
        found.problem(
            rule.key,
            f"应为列表，1 至 {rule.max_count} 项；没有时请不要填写",
            f"expected a list of 1 to {rule.max_count}; leave it out if there is none",
        )
        return None
    texts = [
        _text(found, rule, f"{rule.key}[{number}]", item)
        for number, item in enumerate(value)
    ]
    good = tuple(text for text in texts if text is not None)
    return good if len(good) == len(texts) else None


def _text(found: Findings, rule: FieldRule, field: str, value: object) -> str | None:
    match rule.kind:
        case FieldKind.PERSON | FieldKind.PERSONS:
            return check_name(found, field, value, rule.max_length)
        case FieldKind.TEXT | FieldKind.TEXTS:
            return check_text(found, field, value, rule.max_length)
        case FieldKind.DATE:
            return _date(found, field, value)
        case FieldKind.CHOICE:
            return _choice(found, rule, value)


def _date(found: Findings, field: str, value: object) -> str | None:
    if not isinstance(value, str):
        found.problem(field, "应为日期文本 YYYY-MM-DD", "expected a text YYYY-MM-DD")
        return None
    try:
        parse_day(value)
    except MalformedCodeError as err:
        found.problem(field, err.message.zh, err.message.en)
        return None
    return value


def _choice(found: Findings, rule: FieldRule, value: object) -> str | None:
    text = check_text(found, rule.key, value, rule.max_length)
    if text is None or text in rule.choices:
        return text
    if rule.suffix and any(
        text.startswith(choice) and _SUFFIX.fullmatch(text[len(choice) :])
        for choice in rule.choices
    ):
        return text
    return _outside(found, rule, text, rule.choices)


def _outside(
    found: Findings, rule: FieldRule, text: str, allowed: tuple[str, ...]
) -> str | None:
    """Refuse or tell a value outside a list, as the rule says."""
    zh = f"只能取：{'、'.join(allowed)}"
    en = f"expected one of: {', '.join(allowed)}"
    if rule.enforce is Enforce.WARN:
        found.warn(rule.key, zh, en)
        return text
    found.problem(rule.key, zh, en)
    return None


def _check_choices_by(
    found: Findings, rule: FieldRule, value: str, fields: Mapping[str, FieldValue]
) -> None:
    if rule.choices_by is None:
        return
    allowed = rule.choices_by.lists.get(str(fields.get(rule.choices_by.field)))
    if allowed is not None and value not in allowed:
        _outside(found, rule, value, allowed)


def _check_agreement(
    found: Findings, rule: FieldRule, value: str, holders: tuple[Holder, ...]
) -> None:
    if not rule.agrees or not holders or holders[0].code_type != CITIZEN_ID_TYPE:
        return
    code = holders[0].code
    told = (
        citizen_id_sex(code)
        if rule.agrees == "sex"
        else citizen_id_birth(code).isoformat()
    )
    if value != told:
        found.problem(
            rule.key,
            "与公民身份号码不一致",
            "does not agree with the holder's citizen id",
        )


def _check_not_after(found: Findings, rule: FieldRule, value: str, days: Days) -> None:
    limit = days.get(rule.not_after)
    if rule.not_after and limit is not None and parse_day(value) > limit:
        found.problem(
            rule.key,
            f"不得晚于 {rule.not_after}（{limit}）",
            f"must not be later than {rule.not_after} ({limit})",
        )
