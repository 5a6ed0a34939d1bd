"""Civil days in UTC+8 and the instants at which they begin and end.

A license speaks in days (GB/T 36903), a signature in instants. China has one zone and
no daylight saving, so a day begins at 16:00 UTC of the day before.
"""

import calendar
import functools
import re
from datetime import UTC, date, datetime, time, timedelta, timezone

from elicense.errors import MalformedCodeError
from elicense.model import Text

CHINA = timezone(timedelta(hours=8))
FIRST_DAY = date(1970, 1, 2)  # the first one that begins after the epoch in UTC+8
LAST_DAY = date(9999, 12, 30)  # 9999-12-31 is refused: it is written to mean 长期

_EPOCH = date(1970, 1, 1)
_NUMERALS = "〇一二三四五六七八九"
_ISO_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MIDNIGHT = time(16, tzinfo=UTC)  # 24:00 in UTC+8


def day_of(at: datetime) -> date:
    """Return the civil day in UTC+8 that holds an instant.

    Args:
        at: an aware instant.

    Raises:
        ValueError: ``at`` has no zone, or its day lies after 9999.
    """
    if at.tzinfo is None:
        raise ValueError("expected an aware instant")
    try:
        return at.astimezone(CHINA).date()
    except OverflowError as err:
        raise ValueError("the instant lies outside the years 1 to 9999") from err


def instant_text(at: datetime) -> str:
    """Return an instant as ``2026-11-21T08:00:00Z``; part of a second is cut off.

    Args:
        at: an aware instant.
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def start_of(day: date) -> datetime:
    """Return 00:00 UTC+8 of a day, as an instant in UTC.

    Raises:
        ValueError: the day is 0001-01-01, which begins before the calendar.
    """
    if day == date.min:
        raise ValueError("the first day of the calendar begins before it")
    return end_after(day - timedelta(days=1))


def end_after(day: date) -> datetime:
    """Return 00:00 UTC+8 after a day: the first instant that is no longer in it."""
    return datetime.combine(day, _MIDNIGHT)


def epoch_day(day: date) -> int:
    """Return the number of days since 1970-01-01."""
    return (day - _EPOCH).days


def from_epoch_day(number: int) -> date:
    """Return the day that lies ``number`` days after 1970-01-01.

    Raises:
        MalformedCodeError: it lies outside the years 1 to 9999.
    """
    try:
        return _EPOCH + timedelta(days=number)
    except OverflowError as err:
        raise MalformedCodeError(
            Text("日期超出范围", "the day lies outside the years 1 to 9999")
        ) from err


@functools.lru_cache(maxsize=4096)  # few days, many licenses
def parse_day(text: str) -> date:
    """Return the day of a text ``YYYY-MM-DD`` (ISO 8601), the only spelling.

    Raises:
        MalformedCodeError: another form, foreign digits, or no such day.
    """
    if not _ISO_DAY.fullmatch(text):
        raise MalformedCodeError(
            Text(
                "日期应写作 YYYY-MM-DD，例如 2026-01-05",
                "expected a day as YYYY-MM-DD, such as 2026-01-05",
            )
        )
    try:
        return date(int(text[:4]), int(text[5:7]), int(text[8:]))
    except ValueError as err:
        raise MalformedCodeError(
            Text("日历中没有这一天", "there is no such day in the calendar")
        ) from err


def printed(day: date) -> str:
    """Return a day as it stands on a face: 2026年1月5日."""
    return f"{day.year}年{day.month}月{day.day}日"


def in_chinese(day: date) -> str:
    """Return a day in Chinese numerals: 二〇二六年一月五日."""
    year = "".join(_NUMERALS[int(digit)] for digit in f"{day.year:04d}")
    return f"{year}年{_small_number(day.month)}月{_small_number(day.day)}日"


def _small_number(number: int) -> str:
    """Return a number from 1 to 99 as it is spoken: 二十一."""
    tens, ones = divmod(number, 10)
    ten = ("" if tens == 1 else _NUMERALS[tens]) + "十" if tens else ""
    return ten + (_NUMERALS[ones] if ones else "")


def period_end(first: date, years: int) -> date:
    """Return the last day of a period of whole years, both ends inclusive.

    The period ends on the day before the corresponding day; where there is none (29
    February) it ends on the last day of that month (民法典, article 202).

    Args:
        first: the first day of the period.
        years: its length, at least 1.

    Raises:
        ValueError: the end lies after 9999, or ``years`` is less than 1.
    """
    if years < 1:
        raise ValueError("a period has at least one year")
    return period_end_of_months(first, 12 * years)


def period_end_of_months(first: date, months: int) -> date:
    """Return the last day of a period of whole months, both ends inclusive.

    The end of a month counts as :func:`period_end` says.

    Args:
        first: the first day of the period.
        months: its length, at least 1.

    Raises:
        ValueError: the end lies after 9999, or ``months`` is less than 1.
    """
    if months < 1:
        raise ValueError("a period has at least one month")
    years, month = divmod(first.month - 1 + months, 12)
    year = first.year + years
    if year > date.max.year:
        raise ValueError("the period ends after 9999")
    last = calendar.monthrange(year, month + 1)[1]
    if first.day > last:  # no corresponding day
        return date(year, month + 1, last)
    return date(year, month + 1, first.day) - timedelta(days=1)
