"""Reads the rule of a type's number from its TOML table."""

import re

from elicense.catalog.field_reader import check_pattern
from elicense.catalog.kinds import (
    Agreement,
    Enforce,
    NumberKind,
    NumberRule,
    compiled,
)
from elicense.catalog.numbers import BODY, CHECK, has_check_digit
from elicense.catalog.table import Table
from elicense.identifiers import check_mod_11_10

MAX_NUMBER = 80  # characters
CHECK_RULE = "mod-11-10"


def read_number(table: Table) -> NumberRule:
    """Return the rule of a number, its pattern, groups and example checked.

    Args:
        table: ``number``.

    Raises:
        CatalogError: a key is wrong, a group that is named does not exist, or the
            example does not follow the rule.
    """
    kind = table.enum("rule", NumberKind)
    match kind:
        case NumberKind.SUPPLIED:
            length = table.integer("max_length", MAX_NUMBER)
            return NumberRule(
                kind, max_length=length, example=table.text("example", "")
            )
        case NumberKind.HOLDER_CODE:
            return NumberRule(kind, prefix=table.text("prefix", ""))
        case NumberKind.PATTERN:
            return _pattern_rule(table)


def _pattern_rule(table: Table) -> NumberRule:
    pattern = table.text("pattern")
    check_pattern(table, pattern)
    rule = NumberRule(
        NumberKind.PATTERN,
        max_length=table.integer("max_length", MAX_NUMBER),
        example=table.text("example"),
        pattern=pattern,
        says=table.both("says"),
        enforce=table.enum("enforce", Enforce, Enforce.ERROR),
        check=table.one_of("check", (CHECK_RULE,)),
        fold=table.pairs("fold"),
        agree=table.each("agree", _agreement, required=False),
    )
    _check_groups(table, rule)
    _check_fold(table, rule)
    _check_example(table, rule)
    return rule


def _agreement(table: Table) -> Agreement:
    agreement = Agreement(
        group=table.text("group"),
        day=table.one_of("day", ("issue_date", "valid_from")),
        part=table.one_of("part", ("year", "date")),
        field=table.text("field", ""),
        values=table.pairs("values"),
        enforce=table.enum("enforce", Enforce, Enforce.ERROR),
    )
    by_day = (bool(agreement.day), bool(agreement.part))
    by_field = (bool(agreement.field), bool(agreement.values))
    if {by_day, by_field} != {(True, True), (False, False)}:
        table.fault(
            "group",
            "应给出 day 和 part，或 field 和 values",
            "expected day and part, or field and values",
        )
    return agreement


def _check_groups(table: Table, rule: NumberRule) -> None:
    groups = compiled(rule.pattern).groupindex
    needed = [(item.group, "agree") for item in rule.agree]
    if rule.check:
        needed += [(BODY, "check"), (CHECK, "check")]
    for group, key in needed:
        if group not in groups:
            table.fault(
                key,
                f"pattern 中没有名为 {group} 的组",
                f"the pattern has no group of the name {group}",
            )


def _check_fold(table: Table, rule: NumberRule) -> None:
    for wrong, right in rule.fold.items():
        if len(wrong) != 1 or len(right) != 1 or right in rule.fold:
            table.fault(
                "fold",
                "应为一个字符换成另一个字符，且不连环",
                "expected one character for another, and none that is replaced too",
            )


def _check_example(table: Table, rule: NumberRule) -> None:
    match = compiled(rule.pattern).fullmatch(rule.example)
    if match is None or any(char in rule.fold for char in rule.example):
        table.fault("example", "不符合 pattern", "does not match the pattern")
    if rule.check:
        _check_digit(table, match)


def _check_digit(table: Table, match: re.Match[str]) -> None:
    """Refuse an example with another check digit, and say the right one."""
    if has_check_digit(match):
        return
    body = match[BODY] or ""
    if not (body.isascii() and body.isdecimal()):
        table.fault("example", "body 应为数字", "body has to be digits")
    digit = check_mod_11_10(body)
    table.fault(
        "example",
        f"check 应为 body 的校验位，即 {digit}",
        f"check has to be the check digit of body, which is {digit}",
    )
