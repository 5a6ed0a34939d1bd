"""Entries that our signed files share: an organ's code, an instant, a period."""

from datetime import UTC, datetime

from elicense.errors import MalformedCodeError
from elicense.identifiers import check_uscc
from elicense.trust.model import Period
from esign.shape import Fields

MAX_SECONDS = 253_402_185_599  # 9999-12-30 in UTC+8, the last instant of our formats


def code_of(fields: Fields, key: int | str) -> str:
    """Take the code of an organization, which is a USCC (GB 32100)."""
    code = fields.text(key)
    try:
        check_uscc(code)
    except MalformedCodeError as err:
        raise fields.wrong(key, "a USCC") from err
    return code


def instant(fields: Fields, key: int | str) -> datetime:
    """Take an instant in whole seconds, UTC."""
    return datetime.fromtimestamp(fields.uint(key, MAX_SECONDS), UTC)


def instant_or_none(fields: Fields, key: int | str) -> datetime | None:
    """Take an instant that may be null."""
    return fields.nullable(key, lambda name: instant(fields, name))


def period(fields: Fields) -> Period:
    """Take ``signs_from`` and ``signs_until``, the second of which may be null."""
    since = instant(fields, "signs_from")
    until = instant_or_none(fields, "signs_until")
    if until is not None and until <= since:
        raise fields.wrong("signs_until", "an instant after signs_from")
    return Period(since, until)
