"""Rules on the fields that belong to one license type."""

from collections.abc import Mapping

from elicense.catalog.holders import CITIZEN_ID_TYPE
from elicense.catalog.kinds import FieldKind, FieldRule, LicenseType
from elicense.catalog.periods import Days
from elicense.catalog.rows import check_row
from elicense.catalog.single import EXPECTED, check_single, outside
from elicense.catalog.values import Findings
from elicense.dates import parse_day
from elicense.identifiers import citizen_id_birth, citizen_id_sex
from elicense.model import FieldValue, Holder


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
            value = check_value(found, rule, given[rule.key])
            if value is not None:
                fields[rule.key] = value
    for rule in license_type.fields:
        _check_presence(found, license_type, rule, given, fields)
        value = fields.get(rule.key)
        if isinstance(value, str):
            _check_choices_by(found, license_type, rule, fields)
            _check_agreement(found, rule, value, holders)
            _check_not_after(found, rule, value, days)
    return fields


def check_value(found: Findings, rule: FieldRule, value: object) -> FieldValue | None:
    """Return the value of a field by its own rule alone; None where it breaks it.

    Args:
        found: takes problems and warnings.
        rule: of the field.
        value: what the application holds there; no null.
    """
    if not rule.kind.is_array:
        return check_single(found, rule, rule.key, value)
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= rule.max_count:
        found.problem(
            rule.key,
            f"应为列表，1 至 {rule.max_count} 项；没有时请不要填写",
            f"expected a list of 1 to {rule.max_count}; leave it out if there is none",
        )
        return None
    places = [(f"{rule.key}[{number}]", item) for number, item in enumerate(value)]
    if rule.kind is FieldKind.ROWS:
        rows = [check_row(found, rule, where, item) for where, item in places]
        whole = tuple(row for row in rows if row is not None)
        return whole if len(whole) == len(rows) else None
    texts = [check_single(found, rule, where, item) for where, item in places]
    good = tuple(text for text in texts if text is not None)
    return good if len(good) == len(texts) else None


def _check_presence(
    found: Findings,
    license_type: LicenseType,
    rule: FieldRule,
    given: Mapping[str, object],
    fields: Mapping[str, FieldValue],
) -> None:
    """Refuse a required field that is missing, and one that this license has not."""
    if license_type.applies(rule, fields):
        if rule.required and rule.key not in given:
            expected = EXPECTED[rule.kind]
            label = license_type.label_of(rule, fields)
            found.problem(
                rule.key,
                f"缺少“{label.zh}”，应为{expected.zh}",
                f"{label.en} is missing; expected {expected.en}",
            )
    elif rule.key in given and rule.only_for is not None:
        other, values = rule.only_for.field, rule.only_for.values
        if other in given and other not in fields:
            return  # the other field is wrong itself, so nothing follows from it
        found.problem(
            rule.key,
            f"只在 {other} 为{'、'.join(values)}时填写",
            f"is for a {other} of {', '.join(values)} alone; leave it out",
        )


def _check_choices_by(
    found: Findings,
    license_type: LicenseType,
    rule: FieldRule,
    fields: Mapping[str, FieldValue],
) -> None:
    if rule.choices_by is None:
        return
    choice = license_type.chosen(rule.choices_by.field, fields)
    allowed = rule.choices_by.lists.get(choice)
    value = str(fields[rule.key])
    if allowed is not None and rule.choice_of(value) not in allowed:
        outside(found, rule, rule.key, value, allowed)


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
