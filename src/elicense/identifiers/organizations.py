"""Codes of organizations: GB 32100 (USCC), GB 11714, old registration numbers."""

import re

from elicense.identifiers.check_characters import ALPHANUMERIC
from elicense.identifiers.refusals import malformed

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_FORM = "[1-9ANY][0-9A-HJ-NP-RTUWXY][0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}"
_USCC = re.compile(USCC_FORM)
_OLD_REGISTRATION = re.compile("[0-9]{15}")
_OLD_ORGANIZATION = re.compile("[0-9A-Z]{8}[0-9X]")
USCC_LENGTH = 18
_ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714


def uscc_check_character(body: str) -> str:
    """Return the last character of a USCC (GB 32100, weights 3^i mod 31).

    Args:
        body: the first 17 characters.

    Raises:
        ValueError: a character that cannot occur, or another length.
    """
    if len(body) != USCC_LENGTH - 1:
        raise ValueError("expected 17 characters")
    total = sum(
        _USCC_ALPHABET.index(char) * pow(3, position, 31)
        for position, char in enumerate(body)
    )
    return _USCC_ALPHABET[-total % 31]


def organization_check_character(body: str) -> str:
    """Return the last character of an organization code (GB 11714).

    Args:
        body: its first 8 characters, 0-9A-Z.

    Raises:
        ValueError: a character that cannot occur, or another length.
    """
    weighted = zip(body, _ORGANIZATION_WEIGHTS, strict=True)
    total = sum(ALPHANUMERIC.index(char) * weight for char, weight in weighted)
    return "0X987654321"[total % 11]


def check_uscc(text: str) -> None:
    """Check a unified social credit code (统一社会信用代码, GB 32100-2015).

    Checks the alphabet, the registering department (1-9, A, N or Y), its own check
    character and that of the organization code inside it (GB 11714). Does NOT check
    that the organization exists, nor its division.

    Args:
        text: any text; 18 characters are expected.

    Raises:
        MalformedCodeError: it is not one.
    """
    if not _USCC.fullmatch(text):
        raise malformed(
            "统一社会信用代码应为 18 位数字和大写字母（不含 I、O、S、V、Z）",
            "USCC: expected 18 digits and capital letters without I, O, S, V, Z",
        )
    if text[17] != uscc_check_character(text[:17]):
        raise malformed(
            "统一社会信用代码的校验位错误，请核对每一位",
            "USCC: the check character is wrong; compare every character",
        )
    if text[16] != organization_check_character(text[8:16]):
        raise malformed(
            "统一社会信用代码第 9 至 17 位（组织机构代码）的校验位错误",
            "USCC: the organization code inside (characters 9 to 17) is wrong",
        )


def check_old_registration(text: str) -> None:
    """Check a registration number (注册号) of 15 digits, from before the USCC.

    Checks the form alone: older ones have no check digit.

    Raises:
        MalformedCodeError: it is not one.
    """
    if not _OLD_REGISTRATION.fullmatch(text):
        raise malformed(
            "旧注册号应为 15 位数字", "registration number: expected 15 digits"
        )


def check_old_organization(text: str) -> None:
    """Check an organization code (组织机构代码, GB 11714), from before the USCC.

    Checks the form, written without a hyphen, and the check character. Does NOT check
    that the organization exists.

    Raises:
        MalformedCodeError: it is not one.
    """
    if not _OLD_ORGANIZATION.fullmatch(text):
        raise malformed(
            "旧组织机构代码应为 8 位数字或大写字母加 1 位校验码，不写连字符",
            "organization code: expected 8 digits or capital letters and a check"
            " character, without a hyphen",
        )
    if text[8] != organization_check_character(text[:8]):
        raise malformed(
            "旧组织机构代码的校验位错误，请核对每一位",
            "organization code: the check character is wrong; compare every character",
        )
