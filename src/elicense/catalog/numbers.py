"""Rules on the number of a license (证照编号)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from elicense.catalog.kinds import (
    FIRST_GRANT,
    Agreement,
    Enforce,
    LicenseType,
    NumberKind,
    NumberRule,
    compiled,
)
from elicense.catalog.periods import Days
from elicense.catalog.values import Findings, check_text
from elicense.identifiers import check_mod_11_10
from elicense.masking import contains_citizen_id
from elicense.model import FieldValue, Holder, Text

BODY, CHECK, SERIAL = "body", "check", "serial"
"""Groups of a pattern that have a meaning of their own."""


@dataclass(frozen=True, slots=True)
class Around:
    """What else an application says, that its number must agree with.

    Attributes:
        holders: as far as they are right.
        fields: of the type, as far as they are right.
        days: of the application.
        origin: where the license comes from.
    """

    holders: tuple[Holder, ...]
    fields: Mapping[str, FieldValue]
    days: Days
    origin: str


def check_number(
    found: Findings, license_type: LicenseType, value: object, around: Around
) -> str:
    """Return the number of a license; an empty one where a problem was added.

    Args:
        found: takes problems and warnings.
        license_type: says where the number comes from.
        value: what the application gives, None for nothing.
        around: what the number follows from or must agree with.
    """
    rule = license_type.number
    if rule.kind is NumberKind.HOLDER_CODE:
        return _derived(found, rule, value, around.holders)
    label = license_type.number_label
    if value is None:
        found.problem("number", f"缺少{label.zh}", f"{label.en} is missing")
        return ""
    number = check_text(found, "number", _folded(found, rule, value), rule.max_length)
    if number is None:
        return ""
    match = compiled(rule.pattern).fullmatch(number) if rule.pattern else None
    if match is not None:
        _check_match(found, license_type, match, around)
        return number
    if rule.kind is NumberKind.PATTERN:
        _add(
            found,
            rule.enforce,
            f"形式应为：{rule.says.zh}",
            f"expected the form: {rule.says.en}",
        )
    if contains_citizen_id(number) and not license_type.number_holds_citizen_id:
        # Only a warning: numbers made of division, date and serial can look like one.
        found.warn(
            "number",
            "形似公民身份号码；若是，该类型应设 number_holds_citizen_id",
            "looks like a citizen id; if it is one, the type must say so",
        )
    return number


def _derived(
    found: Findings, rule: NumberRule, value: object, holders: tuple[Holder, ...]
) -> str:
    if not holders:
        return ""
    derived = rule.prefix + holders[0].code
    if value not in (None, derived):
        found.problem(
            "number",
            f"应为 {rule.prefix or '空前缀'} 加持证主体代码，可不填写",
            f"expected {rule.prefix!r} and the holder's code; it may be left out",
        )
    return derived


def _folded(found: Findings, rule: NumberRule, value: object) -> object:
    """Return a number with its look-alikes replaced, told as a warning."""
    if not isinstance(value, str):
        return value
    for wrong in [char for char in rule.fold if char in value]:
        right = rule.fold[wrong]
        found.warn(
            "number",
            f"“{wrong}”已统一为“{right}”",
            f"{wrong!r} was changed to {right!r}",
        )
    return "".join(rule.fold.get(char, char) for char in value)


def _add(found: Findings, enforce: Enforce, zh: str, en: str) -> None:
    add = found.warn if enforce is Enforce.WARN else found.problem
    add("number", zh, en)


def _check_match(
    found: Findings, license_type: LicenseType, match: re.Match[str], around: Around
) -> None:
    """Check a number of the right form: its check digit, and what it agrees with."""
    rule = license_type.number
    if rule.check and not has_check_digit(match):
        found.problem(
            "number",
            "校验位错误，请核对每一位",
            "the check digit is wrong; compare every digit",
        )
        return
    for agreement in rule.agree:
        wanted = wanted_text(license_type, agreement, around)
        given = match[agreement.group]
        if wanted is not None and given is not None and given != wanted:
            _disagrees(found, license_type, agreement, match, wanted)


def has_check_digit(match: re.Match[str]) -> bool:
    """Tell whether group ``check`` is the check digit of group ``body`` (GB/T 17710).

    Args:
        match: of a pattern that has both groups.
    """
    return is_body(match[BODY]) and match[CHECK] == check_mod_11_10(match[BODY])


def is_body(text: str | None) -> bool:
    """Tell whether a text can have a check digit: digits, at least one."""
    return text is not None and text.isascii() and text.isdecimal()


def wanted_text(
    license_type: LicenseType, agreement: Agreement, around: Around
) -> str | None:
    """Return what a group of the number should be; None where nothing says it.

    A number is given once and kept in later versions, so that a day is asked of the
    first grant alone.

    Args:
        license_type: whose number it is.
        agreement: what the group agrees with.
        around: the days and fields of the application.
    """
    if agreement.day:
        day = around.days.get(agreement.day)
        known = day is not None and around.origin == FIRST_GRANT
        return day_part(day, agreement.part) if day is not None and known else None
    choice = license_type.chosen(agreement.field, around.fields)
    return agreement.values.get(choice)


def day_part(day: date, part: str) -> str:
    """Return the ``year`` or the ``date`` of a day in digits alone."""
    return f"{day.year:04d}" if part == "year" else f"{day:%Y%m%d}"


def _disagrees(
    found: Findings,
    license_type: LicenseType,
    agreement: Agreement,
    match: re.Match[str],
    wanted: str,
) -> None:
    first, last = match.start(agreement.group) + 1, match.end(agreement.group)
    places = f"{first}" if last <= first else f"{first} 至 {last}"
    if agreement.day:
        other = Text(agreement.day, agreement.day)
    else:
        other = license_type.field(agreement.field).label
    _add(
        found,
        agreement.enforce,
        f"第 {places} 位应为 {wanted}，与“{other.zh}”一致",
        f"expected {wanted} from character {first} on, to agree with: {other.en}",
    )
