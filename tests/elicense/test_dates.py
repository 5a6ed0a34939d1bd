import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import dates
from esign.errors import MalformedError

DAYS = st.dates(min_value=date(1, 1, 2))


def test_a_day_begins_at_16_utc_of_the_day_before():
    assert dates.start_of(date(2026, 11, 21)) == datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert dates.end_after(date(2026, 11, 21)) == datetime(2026, 11, 21, 16, tzinfo=UTC)


@given(DAYS)
def test_both_ends_of_a_day(day):
    start, end = dates.start_of(day), dates.end_after(day)
    second = timedelta(seconds=1)
    assert dates.day_of(start) == dates.day_of(end - second) == day
    if day > date(1, 1, 2):
        assert dates.day_of(start - second) == day - timedelta(days=1)
    if day < date.max:
        assert dates.day_of(end) == day + timedelta(days=1)


def test_an_instant_is_written_in_utc_to_the_second():
    at = datetime(2026, 11, 21, 16, 0, 5, 999_999, timezone(timedelta(hours=8)))
    assert dates.instant_text(at) == "2026-11-21T08:00:05Z"


def test_the_zone_of_the_caller_does_not_matter():
    instant = datetime(2026, 11, 21, 18, 0, tzinfo=timezone(timedelta(hours=-5)))
    assert dates.day_of(instant) == date(2026, 11, 22)


def test_an_instant_without_a_zone_is_misuse():
    with pytest.raises(ValueError, match="aware"):
        dates.day_of(datetime(2026, 11, 21))  # noqa: DTZ001  the point of the test


def test_the_ends_of_the_calendar():
    with pytest.raises(ValueError, match="years"):
        dates.day_of(datetime.max.replace(tzinfo=UTC))
    with pytest.raises(ValueError, match="calendar"):
        dates.start_of(date.min)
    assert dates.end_after(date.max).year == 9999


@given(st.dates())
def test_round_trips(day):
    assert dates.parse_day(day.isoformat()) == day
    assert dates.from_epoch_day(dates.epoch_day(day)) == day


def test_the_epoch_is_day_0():
    assert dates.epoch_day(date(1970, 1, 1)) == 0


@pytest.mark.parametrize("number", [1 << 40, -(1 << 40), 10**30])
def test_a_day_outside_the_calendar(number):
    with pytest.raises(MalformedError):
        dates.from_epoch_day(number)


BAD_DAYS = {
    "no leading zeros": "2026-1-5",
    "no hyphens": "20260105",
    "slashes": "2026/01/05",
    "printed form": "2026年1月5日",
    "an instant": "2026-01-05T00:00:00",
    "week date": "2026-W01-1",
    "line break after": "2026-01-05\n",
    "space before": " 2026-01-05",
    "Arabic digits": "٢٠٢٦-٠١-٠٥",
    "full-width digits": "２０２６-01-05",
    "30 February": "2026-02-30",
    "29 February of a common year": "2026-02-29",
    "month 13": "2026-13-01",
    "year 0": "0000-01-01",
    "sign": "-026-01-05",
    "nothing": "",
}


@pytest.mark.parametrize("text", BAD_DAYS.values(), ids=BAD_DAYS)
def test_bad_day(text):
    with pytest.raises(MalformedError):
        dates.parse_day(text)


@given(st.text(max_size=12) | st.from_regex("[0-9]{4}-[0-9]{2}-[0-9]{2}"))
def test_any_text_gives_its_own_day_or_an_error(text):
    try:
        day = dates.parse_day(text)
    except MalformedError:
        return
    assert day.isoformat() == text


def test_printed_without_leading_zeros():
    assert dates.printed(date(2026, 1, 5)) == "2026年1月5日"
    assert dates.printed(date(2026, 11, 21)) == "2026年11月21日"


PERIODS = {
    "five years": ("2026-11-21", 5, "2031-11-20"),
    "one year from 1 January": ("2026-01-01", 1, "2026-12-31"),
    "from 29 February to a common year": ("2024-02-29", 5, "2029-02-28"),
    "from 29 February to a leap year": ("2024-02-29", 4, "2028-02-28"),
    "from 1 March to a leap year": ("2027-03-01", 1, "2028-02-29"),
    "from 28 February": ("2026-02-28", 2, "2028-02-27"),
}


@pytest.mark.parametrize(("first", "years", "last"), PERIODS.values(), ids=PERIODS)
def test_end_of_a_period(first, years, last):
    assert dates.period_end(date.fromisoformat(first), years).isoformat() == last


@pytest.mark.parametrize(("year", "years"), [(2026, 0), (2026, -1), (9999, 1)])
def test_no_such_period(year, years):
    with pytest.raises(ValueError):  # noqa: PT011  two texts, one of them Python's
        dates.period_end(date(year, 5, 1), years)


CHINESE = {
    date(2026, 1, 5): "二〇二六年一月五日",
    date(2026, 11, 21): "二〇二六年十一月二十一日",
    date(1999, 10, 10): "一九九九年十月十日",
    date(2000, 12, 20): "二〇〇〇年十二月二十日",
    date(2010, 2, 11): "二〇一〇年二月十一日",
    date(2031, 3, 30): "二〇三一年三月三十日",
    date(2031, 3, 31): "二〇三一年三月三十一日",
    dates.FIRST_DAY: "一九七〇年一月二日",
    dates.LAST_DAY: "九九九九年十二月三十日",
    date(33, 9, 9): "〇〇三三年九月九日",
}


@pytest.mark.parametrize("day", CHINESE, ids=str)
def test_a_day_is_written_in_chinese_numerals(day):
    assert dates.in_chinese(day) == CHINESE[day]


NUMERALS = "〇一二三四五六七八九"


def spoken(text):
    """Read a number below 100 as it is spoken."""
    tens, ten, ones = text.rpartition("十")
    high = NUMERALS.index(tens) if tens else 1
    return (high * 10 if ten else 0) + (NUMERALS.index(ones) if ones else 0)


@given(st.dates())
def test_no_two_days_read_the_same_in_chinese(day):
    year, month, rest = re.split("[年月]", dates.in_chinese(day))
    assert "".join(str(NUMERALS.index(char)) for char in year) == f"{day.year:04d}"
    assert (spoken(month), spoken(rest.removesuffix("日"))) == (day.month, day.day)
