"""Citizen ids (公民身份号码): GB 11643-1999, and the 15 digits from before it."""

import re
from datetime import date

from elicense.errors import MalformedCodeError
from elicense.identifiers.refusals import malformed

_CITIZEN_ID = re.compile("[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9X]")
_OLD_CITIZEN_ID = re.compile("[1-9][0-9]{14}")
_OLD_LENGTH = 15
_CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643


def citizen_id_check_character(body: str) -> str:
    """Return the last character of a citizen id (GB 11643, MOD 11-2).

    Args:
        body: its first 17 digits.

    Raises:
        ValueError: a character that is not a digit, or another length.
    """
    weighted = zip(body, _CITIZEN_WEIGHTS, strict=True)
    total = sum("0123456789".index(char) * weight for char, weight in weighted)
    return "10X98765432"[total % 11]


def check_citizen_id(text: str) -> None:
    """Check a citizen id (公民身份号码, GB 11643-1999) of 18 characters.

    Checks the form, that the birth date is a real day, and the check character. Does
    NOT look up the place and does not know the present day.

    Args:
        text: any text.

    Raises:
        MalformedCodeError: it is not one; old ids of 15 digits and a small ``x`` are
            refused with a hint.
    """
    if not _CITIZEN_ID.fullmatch(text):
        raise _citizen_id_form(text)
    try:
        _birth(text)
    except ValueError as err:
        raise malformed(
            "公民身份号码中的出生日期不存在",
            "citizen id: its birth date is not a real day",
        ) from err
    if text[17] != citizen_id_check_character(text[:17]):
        raise malformed(
            "公民身份号码的校验位错误，请核对每一位",
            "citizen id: the check character is wrong; compare every digit",
        )


def _citizen_id_form(text: str) -> MalformedCodeError:
    if _CITIZEN_ID.fullmatch(text[:17] + "X") and text[17:] == "x":
        return malformed(
            "公民身份号码末位应为大写 X", "citizen id: write the last X as a capital"
        )
    if _OLD_CITIZEN_ID.fullmatch(text):
        return malformed(
            "不接受 15 位旧身份证号，应为 18 位",
            "citizen id: old ids of 15 digits are not accepted; 18 are expected",
        )
    return malformed(
        "公民身份号码应为 17 位数字加 1 位数字或大写 X",
        "citizen id: expected 17 digits and then a digit or a capital X",
    )


def _birth(citizen_id: str) -> date:
    return date(int(citizen_id[6:10]), int(citizen_id[10:12]), int(citizen_id[12:14]))


def _old_birth(citizen_id: str) -> date:
    year = 1900 + int(citizen_id[6:8])  # none was given out for a birth after 1999
    return date(year, int(citizen_id[8:10]), int(citizen_id[10:12]))


def check_old_citizen_id(text: str) -> None:
    """Check a citizen id of 15 digits, as they were given out before GB 11643-1999.

    Checks the form and that the birth date is a real day of the years 1900 to 1999.

    Raises:
        MalformedCodeError: it is not one.
    """
    if not _OLD_CITIZEN_ID.fullmatch(text):
        raise malformed(
            "15 位旧身份证号应为 15 位数字",
            "old citizen id: expected 15 digits, the first of them not 0",
        )
    try:
        _old_birth(text)
    except ValueError as err:
        raise malformed(
            "15 位旧身份证号中的出生日期不存在",
            "old citizen id: its birth date is not a real day",
        ) from err


def is_old_code(text: str) -> bool:
    """Tell whether a text has the length of codes from before 1999 and 2015."""
    return len(text) == _OLD_LENGTH


def citizen_id_birth(text: str) -> date:
    """Return the birth date in a citizen id of 18 characters, or an old one of 15.

    Raises:
        MalformedCodeError: as :func:`check_citizen_id`, :func:`check_old_citizen_id`.
    """
    if is_old_code(text):
        check_old_citizen_id(text)
        return _old_birth(text)
    check_citizen_id(text)
    return _birth(text)


def citizen_id_sex(text: str) -> str:
    """Return 男 or 女 by the 17th digit; of an old id of 15 by the last.

    Raises:
        MalformedCodeError: as :func:`check_citizen_id`, :func:`check_old_citizen_id`.
    """
    if is_old_code(text):
        check_old_citizen_id(text)
        return "男" if int(text[-1]) % 2 else "女"
    check_citizen_id(text)
    return "男" if int(text[16]) % 2 else "女"
