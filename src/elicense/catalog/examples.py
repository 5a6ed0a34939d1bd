"""Invented applications for any license type, from the least to the most it takes.

Everything follows the rules of the type on the day that is given; what the type does
not state is invented (:mod:`elicense.catalog.invented`).
"""

import re
from collections.abc import Mapping
from datetime import date, datetime

from elicense.catalog import invented
from elicense.catalog.field_examples import Content, FieldExamples
from elicense.catalog.holders import CITIZEN_ID_TYPE, USCC_TYPE
from elicense.catalog.kinds import (
    FIRST_GRANT,
    ORGANIZATION_CODE_TYPES,
    HolderRule,
    LicenseType,
    NumberKind,
    NumberRule,
    PhotoRule,
)
from elicense.catalog.numbers import Around, wanted_text
from elicense.catalog.periods import Days
from elicense.catalog.shapes import longest, numbered, shortest
from elicense.dates import LAST_DAY, day_of, period_end
from elicense.model import FieldValue, Validity

__all__ = ["VARIANTS", "Content", "example"]

VARIANTS = invented.VARIANTS
"""Different holders, and serials, of each type."""
_NAME = "示例市青禾科技有限公司"
_LONG_YEARS = 30  # years of an end that an application gives
_EXTERNAL = "HTTPS://ZZ.EXAMPLE.ORG/QUERY?AREA=990101&CODE=9901012026112100000001"


def example(
    license_type: LicenseType, at: datetime, content: Content, n: int = 0
) -> dict[str, object]:
    """Return an invented application for a license type, issuable as it stands.

    Args:
        license_type: any type, built in or a workspace's own.
        at: the instant of issuing, aware; the days follow it.
        content: how much it holds.
        n: 0 to ``VARIANTS`` - 1: another invented holder and another serial for each.

    Raises:
        ValueError: ``n`` is out of range.
    """
    if not 0 <= n < VARIANTS:
        raise ValueError(f"expected 0 to {VARIANTS - 1}")
    day = day_of(at)
    validity = Validity(day, _last_day(license_type, content, day))
    holders = _holders(license_type.holders, content, n)
    person = license_type.holders.code_types[0] == CITIZEN_ID_TYPE
    fields = FieldExamples(
        license_type, content, n, validity, holders[0]["code"] if person else ""
    )
    own = fields.make()
    number = _number(license_type, content, n, _around(fields.texts, day))
    return {
        "holders": holders,
        **({} if number is None else {"number": number}),
        **_days(license_type, content, validity),
        **own,
        **_pictures(license_type, content),
    }


def _last_day(license_type: LicenseType, content: Content, day: date) -> date | None:
    """Return the last day that the application gives or the type says."""
    years = license_type.validity.years
    if years is not None:
        return period_end(day, years)
    if content is not Content.MAXIMUM:
        return None
    # 31 December 2099 is often written to mean no end, and would be told.
    return min(date(min(day.year + _LONG_YEARS, 9999), 12, 30), LAST_DAY)


def _days(
    license_type: LicenseType, content: Content, validity: Validity
) -> dict[str, object]:
    first, last = validity.valid_from.isoformat(), validity.valid_until
    open_ended = license_type.validity.years is None
    days: dict[str, object] = {}
    if content is not Content.MINIMUM:
        days["issue_date"] = first
        if open_ended or content is Content.MAXIMUM:
            days["valid_from"] = first
    if open_ended:
        days["valid_until"] = None if last is None else last.isoformat()
    return days


def _pictures(license_type: LicenseType, content: Content) -> dict[str, object]:
    """Return the photo, the code of another system, and the longest presentation."""
    found: dict[str, object] = {}
    most = content is Content.MAXIMUM
    if license_type.photo is PhotoRule.REQUIRED or (most and license_type.has_photo):
        # Drawing is heavy, and few types have a photo.
        from elicense.catalog.portrait import portrait  # noqa: PLC0415  see above

        found["photo"] = portrait()
    if most:
        found["copy"] = max(license_type.copies, key=len)
        found["external_qr"] = _EXTERNAL
    return found


def _around(texts: Mapping[str, FieldValue], day: date) -> Around:
    days = Days(day, day, Validity(day, None))
    return Around((), texts, days, FIRST_GRANT)


def _holders(rule: HolderRule, content: Content, n: int) -> list[dict[str, str]]:
    most = content is Content.MAXIMUM
    return [
        _holder(rule, content, n, place)
        for place in range(rule.max_count if most else 1)
    ]


def _holder(rule: HolderRule, content: Content, n: int, place: int) -> dict[str, str]:
    number = (n + place) % VARIANTS
    name = _holder_name(rule, content, number)
    holder = {"name": name, "code": _code(rule.code_types[0], content, name, number)}
    if rule.roles:
        role = {
            Content.MINIMUM: min(rule.roles, key=len),
            Content.TYPICAL: rule.roles[0],
            Content.MAXIMUM: max(rule.roles, key=len),
        }[content]
        holder["role"] = role
    return holder


def _holder_name(rule: HolderRule, content: Content, n: int) -> str:
    length = rule.name_max_length
    person = rule.code_types[0] not in ORGANIZATION_CODE_TYPES
    if content is Content.MAXIMUM:
        long = invented.long_person if person else invented.long_organization
        return long(length, n)
    if content is Content.MINIMUM:
        return "示例"[:length]
    if person:
        return (invented.person(n) if n or not rule.example else rule.example)[:length]
    return invented.branch(rule.example or _NAME, n, length)


def _code(code_type: str, content: Content, name: str, n: int) -> str:
    if code_type == USCC_TYPE:
        # The second digit says what is registered: an enterprise, or one person's.
        return invented.uscc("91" if "公司" in name else "92", n)
    if code_type == CITIZEN_ID_TYPE:
        return invented.citizen_id(n)
    width = {Content.MINIMUM: 6, Content.TYPICAL: 8, Content.MAXIMUM: 23}[content]
    return f"E{n:0{width}d}"


def _number(
    license_type: LicenseType, content: Content, n: int, around: Around
) -> str | None:
    """Return the number; None where it follows from the holder."""
    rule = license_type.number
    if rule.kind is NumberKind.HOLDER_CODE:
        return None
    if rule.kind is NumberKind.SUPPLIED:
        return _free_number(rule, content, n, around.days.today)
    text = rule.example
    if content is Content.MINIMUM:
        text = shortest(rule.pattern, text)
    elif content is Content.MAXIMUM:
        text = longest(rule.pattern, text, rule.max_length)
    wanted = {
        item.group: wanted_text(license_type, item, around) for item in rule.agree
    }
    parts = {group: part for group, part in wanted.items() if part is not None}
    return numbered(rule, text, n, parts)


def _free_number(rule: NumberRule, content: Content, n: int, day: date) -> str:
    """Return a number that may be any text."""
    limit = rule.max_length
    match content:
        case Content.MINIMUM:
            return str(n)[-limit:]
        case Content.TYPICAL:
            usual = rule.example or f"示例〔{day.year}〕000000号"
            return _renumbered(usual, n, limit) or f"{n:06d}"[-limit:]
        case Content.MAXIMUM:
            serial = f"{n:06d}"[-limit:]
            return f"{invented.long_text(limit - len(serial), 0)}{serial}"


def _renumbered(text: str, n: int, limit: int) -> str:
    """Return a text with its last number raised by ``n``; empty if it is too long."""
    runs = list(re.finditer("[0-9]+", text))
    if not runs:
        return _renumbered(f"{text}0", n, limit) if n else text
    start, end = runs[-1].span()
    filled = f"{text[:start]}{int(runs[-1][0]) + n:0{end - start}d}{text[end:]}"
    return filled if len(filled) <= limit else ""
