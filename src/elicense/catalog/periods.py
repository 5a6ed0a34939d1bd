"""Rules on the days of an application: issue, validity, reviews."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from elicense.catalog.kinds import CheckpointRule, Enforce, LicenseType, ValidityRule
from elicense.catalog.values import Findings
from elicense.dates import (
    FIRST_DAY,
    LAST_DAY,
    day_of,
    parse_day,
    period_end,
    period_end_of_months,
)
from elicense.errors import MalformedCodeError
from elicense.model import Checkpoint, FieldValue, Validity

_FOREVER = frozenset(("长期", "永久", "无固定期限", "/", "", "9999-12-31"))
_OFTEN_FOREVER = date(2099, 12, 31)
_FULL_TERM_ORIGINS = ("新发", "延续")  # these grant the whole period of the type
_LAST_MONTH = 1200  # a license without end has no last duty: a century is enough


@dataclass(frozen=True, slots=True)
class Days:
    """The days of an application; None where a problem was added.

    Attributes:
        today: the day of issuing in UTC+8.
        issue: the legal date on the face.
        validity: first and last day.
    """

    today: date
    issue: date | None
    validity: Validity | None

    def get(self, name: str) -> date | None:
        """Return ``issue_date`` or ``valid_from``."""
        if name == "issue_date":
            return self.issue
        return None if self.validity is None else self.validity.valid_from


def check_days(
    found: Findings,
    license_type: LicenseType,
    application: Mapping[str, object],
    at: datetime,
    origin: str,
) -> Days:
    """Return the days that an application gives or leaves to the rules.

    ``issue_date`` is the day of ``at`` by default and never later; ``valid_from`` is
    ``issue_date`` by default. A type of whole years ends at the end of its period, and
    later only where its rule is a warning; an open type needs the last day, or null for
    长期.
    """
    today = day_of(at)
    issue = _day(found, "issue_date", application.get("issue_date"), today)
    if issue is not None and issue > today:
        found.problem(
            "issue_date",
            f"不得晚于签发当日 {today}",
            f"must not be later than the day of issuing, {today}",
        )
        issue = None
    first = _day(found, "valid_from", application.get("valid_from"), issue)
    if first is None:
        return Days(today, issue, None)
    if issue is not None and first < issue and origin in _FULL_TERM_ORIGINS:
        found.warn(
            "valid_from", "早于发证日期，请核对", "lies before issue_date: look again"
        )
    last = _last_day(found, license_type.validity.years, application, first)
    if isinstance(last, _Nothing):
        return Days(today, issue, None)
    if last is not None:
        _check_last(found, license_type.validity, (first, last, today), origin)
    return Days(today, issue, Validity(first, last))


def _day(
    found: Findings, field: str, value: object, default: date | None
) -> date | None:
    if value is None:
        return default
    if not isinstance(value, str):
        found.problem(field, "应为日期文本 YYYY-MM-DD", "expected a text YYYY-MM-DD")
        return None
    try:
        day = parse_day(value)
    except MalformedCodeError as err:
        found.problem(field, err.message.zh, err.message.en)
        return None
    if not FIRST_DAY <= day <= LAST_DAY:
        found.problem(
            field,
            f"应在 {FIRST_DAY} 至 {LAST_DAY} 之间",
            f"expected a day from {FIRST_DAY} to {LAST_DAY}",
        )
        return None
    return day


class _Nothing:
    """Stands for a last day that could not be told, which null is not."""


def _last_day(
    found: Findings, years: int | None, application: Mapping[str, object], first: date
) -> date | _Nothing | None:
    """Return the last day that is given or follows from the rule; None is 长期."""
    value = application.get("valid_until")
    placeholder = isinstance(value, str) and value in _FOREVER
    if years is None and ("valid_until" not in application or placeholder):
        found.problem(
            "valid_until",
            "应为最后一日；长期请写 null",
            "expected the last day, or null for an open end (长期)",
        )
        return _Nothing()
    if years is None and value is None:
        return None
    if years is None:
        return _day(found, "valid_until", value, None) or _Nothing()
    if placeholder or (value is None and "valid_until" in application):
        found.problem(
            "valid_until",
            f"该类证照有效期 {years} 年，不能是长期；可不填写",
            f"this type ends after {years} years, not never; it may be left out",
        )
        return _Nothing()
    try:
        full = period_end(first, years)
    except ValueError:
        found.problem("valid_from", "日期过晚", "too late a day")
        return _Nothing()
    return _day(found, "valid_until", value, full) or _Nothing()


def _check_last(
    found: Findings, rule: ValidityRule, days: tuple[date, date, date], origin: str
) -> None:
    """Check the last day against the first, the period of the type, and today."""
    first, last, today = days
    if last < first:
        found.problem("valid_until", "早于有效期起始日", "lies before valid_from")
        return
    if last < today:
        found.problem("valid_until", "有效期已满", "the license has ended already")
    if rule.years is not None:
        _check_full(found, rule, last, period_end(first, rule.years), origin)
    elif last == _OFTEN_FOREVER:
        found.warn(
            "valid_until",
            "常被用来表示长期；长期请写 null",
            "often written to mean an open end (长期), which is null",
        )


def _check_full(
    found: Findings, rule: ValidityRule, last: date, full: date, origin: str
) -> None:
    """Check the last day against that of the whole period."""
    years = rule.years
    if last > full:
        add = found.warn if rule.enforce is Enforce.WARN else found.problem
        add(
            "valid_until",
            f"有效期 {years} 年，最晚为 {full}",
            f"at most {years} years: {full} at the latest",
        )
    elif last < full and origin in _FULL_TERM_ORIGINS:
        found.warn(
            "valid_until",
            f"短于 {years} 年（应至 {full}），请核对",
            f"shorter than {years} years, which end on {full}: look again",
        )


def check_checkpoints(
    found: Findings,
    license_type: LicenseType,
    fields: Mapping[str, FieldValue],
    days: Days,
) -> tuple[Checkpoint, ...]:
    """Return the duties that are still to be done, in the order of their days.

    One is due at the end of each period of the rule that ends before the last day of
    the license, or of the first one alone, unless it was put off. The day on which it
    was done last settles its own period and the ones before; a duty that was missed
    makes the license void, so it is not issued.
    """
    out: list[Checkpoint] = []
    for rule in license_type.checkpoints:
        if days.validity is not None:
            dues = due_days(rule, days.validity)
            dues = _put_off(found, rule, dues, fields, days.validity)
            out += _open_dues(found, rule, dues, fields.get(rule.done_field), days)
    return tuple(sorted(out, key=lambda checkpoint: checkpoint.due))


def due_days(rule: CheckpointRule, validity: Validity) -> list[date]:
    """Return the days by which a duty has to be done, unless it is put off.

    Args:
        rule: of the duty.
        validity: of the license.
    """
    end = LAST_DAY if validity.valid_until is None else validity.valid_until
    months = rule.period_months
    dues: list[date] = []
    for number in range(1, 2 if rule.once else _LAST_MONTH // months + 1):
        try:
            due = period_end_of_months(validity.valid_from, number * months)
        except ValueError:  # after the last year of the calendar
            break
        if due >= end:
            break
        dues.append(due)
    return dues


def latest_extension(rule: CheckpointRule, first: date) -> date:
    """Return the last day until which a duty may be put off.

    Args:
        rule: of the duty.
        first: the first day of the license.

    Raises:
        ValueError: it lies after 9999.
    """
    return period_end_of_months(first, rule.period_months * (1 + rule.max_extensions))


def _put_off(
    found: Findings,
    rule: CheckpointRule,
    dues: list[date],
    fields: Mapping[str, FieldValue],
    validity: Validity,
) -> list[date]:
    """Return the day of a duty that is due once where it was put off."""
    text = fields.get(rule.extended_field)
    if not isinstance(text, str):
        return dues
    until = parse_day(text)
    try:
        latest = latest_extension(rule, validity.valid_from)
    except ValueError:
        latest = LAST_DAY
    if dues and dues[0] < until <= latest:
        return [until]
    due = dues[0] if dues else validity.valid_until
    most = rule.max_extensions
    times = "once" if most == 1 else f"{most} times"
    found.problem(
        rule.extended_field,
        f"应晚于 {due}，且不晚于 {latest}（最多延期 {most} 次）",
        f"expected a day after {due} and not after {latest}: it may be put off {times}",
    )
    return dues


def _open_dues(
    found: Findings,
    rule: CheckpointRule,
    dues: list[date],
    done_text: FieldValue | None,
    days: Days,
) -> list[Checkpoint]:
    done = parse_day(done_text) if isinstance(done_text, str) else None
    start = days.get("valid_from")
    if done is not None and start is not None and not start <= done <= days.today:
        found.problem(
            rule.done_field,
            "应在有效期起始日与签发当日之间",
            "expected a day from valid_from to the day of issuing",
        )
        return []
    if done is not None and (not dues or done > dues[-1]):
        found.problem(
            rule.done_field,
            f"不在应{rule.kind}的期限内",
            f"not within a period in which {rule.kind} was due",
        )
        return []
    # A due day is settled when the duty was done after the due day before it.
    before = [date.min, *dues[:-1]]
    left = [
        due
        for due, last in zip(dues, before, strict=False)
        if done is None or done <= last
    ]
    if left and left[0] < days.today:
        found.problem(
            rule.done_field or "valid_from",
            f"应于 {left[0]} 前{rule.kind}，已逾期失效",
            f"lapsed: {rule.kind} was due by {left[0]}",
        )
    return [Checkpoint(rule.kind, due) for due in left]
