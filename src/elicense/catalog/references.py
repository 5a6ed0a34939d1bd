"""Checks what the rules of a license type say of each other."""

from collections.abc import Iterable, Mapping
from datetime import date

from elicense.catalog.fields import check_value
from elicense.catalog.kinds import (
    ORGANIZATION_CODE_TYPES,
    FieldKind,
    FieldRule,
    LicenseType,
    NumberKind,
)
from elicense.catalog.table import Table
from elicense.catalog.usual import usual_value
from elicense.catalog.values import Findings, check_name, check_text

_ANY_DAY = date(2018, 1, 1)  # examples are days from the issue date, whichever it is


def check_references(license_type: LicenseType, table: Table) -> None:
    """Refuse two fields of one key, rules that cannot hold, and wrong examples.

    Args:
        license_type: as it was read.
        table: of the whole file, for errors.

    Raises:
        CatalogError: the first of them.
    """
    rules = {rule.key: rule for rule in license_type.fields}
    if len(rules) != len(license_type.fields):
        table.fault("fields", "字段 key 重复", "two fields have the same key")
    _check_checkpoints(license_type, rules, table)
    _check_masked(license_type, table)
    for agreement in license_type.number.agree:
        if agreement.field:
            _check_choices(agreement.field, agreement.values, rules, table)
    for rule in license_type.fields:
        _check_field(rule, rules, table)
    _check_names(license_type, table)


def _check_checkpoints(
    license_type: LicenseType, rules: Mapping[str, FieldRule], table: Table
) -> None:
    for checkpoint in license_type.checkpoints:
        for key in (checkpoint.done_field, checkpoint.extended_field):
            if key and (key not in rules or rules[key].kind is not FieldKind.DATE):
                table.fault(
                    "checkpoints", f"{key} 不是日期字段", f"{key} is no date field"
                )


def _check_masked(license_type: LicenseType, table: Table) -> None:
    """Refuse a type that would publish its holders' codes as numbers."""
    persons = set(license_type.holders.code_types) - set(ORGANIZATION_CODE_TYPES)
    derived = license_type.number.kind is NumberKind.HOLDER_CODE
    if persons and derived and not license_type.number_holds_citizen_id:
        table.fault(
            "number_holds_citizen_id",
            "编号含自然人证件号码，必须为 true",
            "must be true: the number holds the code of a natural person",
        )


def _check_field(rule: FieldRule, rules: Mapping[str, FieldRule], table: Table) -> None:
    if rule.choices_by is not None:
        _check_choices(rule.choices_by.field, rule.choices_by.lists, rules, table)
        listed = {item for items in rule.choices_by.lists.values() for item in items}
        if rule.choices and not listed <= set(rule.choices):
            table.fault(
                f"fields: {rule.key}: choices_by",
                "列有 choices 之外的值",
                "lists what is not among the choices",
            )
    if rule.label_by is not None:
        _check_choices(rule.label_by.field, rule.label_by.labels, rules, table)
    if rule.only_for is not None:
        _check_choices(rule.only_for.field, rule.only_for.values, rules, table)
        _check_no_circle(rule, rules, table)
    _check_example(rule, table)


def _check_choices(
    key: str, values: Iterable[str], rules: Mapping[str, FieldRule], table: Table
) -> None:
    """Refuse values that field ``key`` cannot have, and a field that is no choice."""
    rule = rules.get(key)
    if (
        rule is None
        or rule.kind is not FieldKind.CHOICE
        or not set(values) <= set(rule.choices)
    ):
        table.fault(
            f"fields: {key}", "选项与规则不一致", "a rule names values it cannot have"
        )


def _check_no_circle(
    rule: FieldRule, rules: Mapping[str, FieldRule], table: Table
) -> None:
    """Refuse a field whose presence hangs on itself."""
    seen = {rule.key}
    other = rule.only_for
    while other is not None:
        if other.field in seen:
            table.fault(
                f"fields: {rule.key}: only_for",
                "互相依赖",
                "the field hangs on itself",
            )
        seen.add(other.field)
        other = rules[other.field].only_for if other.field in rules else None


def _check_example(rule: FieldRule, table: Table) -> None:
    """Refuse an example that the field's own rule would refuse or tell."""
    for owner, where in [
        (rule, rule.key),
        *((column, f"{rule.key}: columns: {column.key}") for column in rule.columns),
    ]:
        value = usual_value(owner, _ANY_DAY)
        if value is None:
            continue
        found = Findings()
        check_value(found, owner, value)
        _refuse(table, f"fields: {where}: example", found)


def _check_names(license_type: LicenseType, table: Table) -> None:
    """Refuse examples of holder and number that an application could not have."""
    found = Findings()
    holders, number = license_type.holders, license_type.number
    if holders.example:
        check_name(found, "name", holders.example, holders.name_max_length)
        _refuse(table, "holders: example", found)
    if number.example:
        check_text(found, "number", number.example, number.max_length)
        _refuse(table, "number: example", found)


def _refuse(table: Table, key: str, found: Findings) -> None:
    for problem in (*found.problems, *found.warnings):
        table.fault(
            key,
            f"{problem.field}：{problem.message.zh}",
            f"{problem.field}: {problem.message.en}",
        )
