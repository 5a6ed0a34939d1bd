"""Identifiers and codes with check characters: GB/T 36904, GB 32100, GB 11643.

Every function is total on any text: it gives a value or a MalformedCodeError whose text
never repeats the input. Divisions (GB/T 2260) are not looked up: development zones have
none, and old ones stay in old codes.
"""

import enum
import functools
import re
from dataclasses import dataclass, replace
from datetime import date

from elicense.errors import MalformedCodeError
from elicense.model import Text

ROOT = "1.2.156.3005.2"
MAX_SERIAL = 32  # characters; the longest seen, the standard's own limit is unknown
LAST_VERSION = 999  # three digits

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FOREIGN = 0xFF
_VALUES = bytes(
    _ALPHANUMERIC.index(chr(byte)) if chr(byte) in _ALPHANUMERIC else _FOREIGN
    for byte in range(256)
)
# One step of ISO/IEC 7064 MOD 37,36 for every product (1 to 36) and value: looked up,
# because a verifier takes some sixty steps for every license.
MOD_37_36_STEPS = tuple(
    bytes(((product + value) % 36 or 36) * 2 % 37 for value in range(36))
    for product in range(37)
)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_FORM = "[1-9ANY][0-9A-HJ-NP-RTUWXY][0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}"
_USCC = re.compile(_USCC_FORM)
_CITIZEN_ID = re.compile("[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9X]")
_OLD_CITIZEN_ID = re.compile("[1-9][0-9]{14}")
_OLD_REGISTRATION = re.compile("[0-9]{15}")
_OLD_ORGANIZATION = re.compile("[0-9A-Z]{8}[0-9X]")
_WITHOUT_ROOT = re.compile(
    rf"(?P<type_code>{_USCC_FORM}[0-9]{{3}})"
    rf"\.(?P<issuer>{_USCC_FORM}|[0-9]{{6}})"
    rf"\.(?P<serial>[0-9A-Z]{{1,{MAX_SERIAL}}})"
    r"\.(?P<version>[0-9]{3})\.(?P<check>[0-9A-Z])"
)
_SERIAL = re.compile(f"[0-9A-Z]{{1,{MAX_SERIAL}}}")
_TYPE_DIGITS = re.compile("[0-9]{3}")
_USCC_LENGTH = 18
_OLD_LENGTH = 15
_ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714
_CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643


class Dialect(enum.Enum):
    """Which routine made the check character of an identifier.

    NON_STANDARD is a copied routine that counts letters from one. Identifiers with its
    check characters are in circulation; they are read as such and never issued.
    """

    STANDARD = "standard"
    NON_STANDARD = "non-standard"


def check_mod_37_36(body: str) -> str:
    """Return the check character of ISO/IEC 7064 MOD 37,36 (GB/T 17710).

    Args:
        body: characters of 0-9A-Z.

    Raises:
        ValueError: another character occurs.
    """
    return _ALPHANUMERIC[(37 - _product(36, body)) % 36]


def _product(product: int, body: str) -> int:
    """Return the product of MOD 37,36 after more characters."""
    values = body.encode("ascii").translate(_VALUES)
    if _FOREIGN in values:
        raise ValueError("expected characters of 0-9A-Z")
    for value in values:
        product = MOD_37_36_STEPS[product][value]
    return product


@functools.lru_cache(maxsize=4096)  # a department's licenses of a type share this part
def _product_of_issuer(type_code: str, issuer: str) -> int:
    return _product(36, type_code + issuer)


def check_mod_11_10(body: str) -> str:
    """Return the check digit of ISO/IEC 7064 MOD 11,10 (GB/T 17710).

    Args:
        body: characters of 0-9.

    Raises:
        ValueError: another character occurs.
    """
    product = 10
    for char in body:
        product = ((product + "0123456789".index(char)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def _check_one_based(body: str) -> str:
    """Return the check character of the non-standard dialect.

    A letter is worth one more than in the standard, the first reduction is modulo 37
    for letters and 36 for digits, and the table is entered one position early. The
    values are known from identifiers printed on licenses.
    """
    product = 36
    for char in body:
        value = _ALPHANUMERIC.index(char)
        letter = not char.isdigit()
        total = product + value + letter
        modulus = 37 if letter else 36
        if total > modulus:
            total %= modulus
        product = (total % 36 or 36) * 2 % 37
    return _ALPHANUMERIC[36 - product]


@dataclass(frozen=True, slots=True)
class Identifier:
    """An electronic license identifier (GB/T 36904).

    Made by :meth:`parse` or :meth:`build`, which check it.

    Attributes:
        type_code: 21 characters: USCC of the defining authority and three digits.
        issuer: USCC of the issuing organ; a division code of six digits in some of
            other issuers' identifiers.
        serial: 1 to 32 characters of 0-9A-Z.
        version: 1 to 999.
        check: the check character as it is written.
        dialect: which routine made ``check``.
    """

    type_code: str
    issuer: str
    serial: str
    version: int
    check: str
    dialect: Dialect

    @property
    def without_root(self) -> str:
        """Return the text without the constant root, as the token carries it."""
        return (
            f"{self.type_code}.{self.issuer}.{self.serial}.{self.version:03d}"
            f".{self.check}"
        )

    @property
    def text(self) -> str:
        """Return the whole text."""
        return f"{ROOT}.{self.without_root}"

    @classmethod
    def build(
        cls, type_code: str, issuer: str, serial: str, version: int = 1
    ) -> "Identifier":
        """Return a new identifier in the standard dialect.

        Args:
            type_code: 21 characters, USCC and three digits.
            issuer: USCC of the issuing organ.
            serial: 1 to 32 characters of 0-9A-Z.
            version: 1 to 999.

        Raises:
            MalformedCodeError: the type code or the issuer is not one.
            ValueError: the serial or the version is not one.
        """
        check_type_code(type_code)
        check_uscc(issuer)
        if not _SERIAL.fullmatch(serial):
            raise ValueError("serial: expected 1 to 32 characters of 0-9A-Z")
        if not 1 <= version <= LAST_VERSION:
            raise ValueError("version: expected 1 to 999")
        check = check_mod_37_36(f"{type_code}{issuer}{serial}{version:03d}")
        return cls(type_code, issuer, serial, version, check, Dialect.STANDARD)

    @classmethod
    def parse(cls, text: str) -> "Identifier":
        """Return the identifier that ``text`` spells, root and all.

        Checks form and check character (GB/T 36904, GB/T 17710). Does NOT check the
        check characters inside the type code and the issuer, nor that either exists.

        Raises:
            MalformedCodeError: another form, or a check character of neither dialect.
        """
        if not text.startswith(f"{ROOT}."):
            raise _malformed(
                f"证照标识应以 {ROOT}. 开头",
                f"identifier: expected it to start {ROOT}.",
            )
        return cls.parse_without_root(text[len(ROOT) + 1 :])

    @classmethod
    def parse_without_root(cls, text: str) -> "Identifier":
        """Return the identifier of a text without the root; else as :meth:`parse`.

        Raises:
            MalformedCodeError: another form, or a check character of neither dialect.
        """
        match = _WITHOUT_ROOT.fullmatch(text)
        if match is None or match["version"] == "000":
            raise _malformed(
                "证照标识的结构应为：类型代码.机构代码.流水号.版本号.校验位",
                "identifier: expected type code, issuer, serial, version and check"
                " character, joined by dots",
            )
        type_code, issuer, serial, version, check = match.groups()
        body = type_code + issuer + serial + version
        if check == check_mod_37_36(body):
            dialect = Dialect.STANDARD
        elif check == _check_one_based(body):
            dialect = Dialect.NON_STANDARD
        else:
            raise _malformed(
                "证照标识的校验位错误", "identifier: the check character is wrong"
            )
        return cls(type_code, issuer, serial, int(version), check, dialect)

    def next_version(self) -> "Identifier":
        """Return the identifier of the next version of the same license.

        Raises:
            MalformedCodeError: the issuer is a division code, so nothing is issued.
            ValueError: version 999 has no next one.
        """
        following = replace(self, version=self.version + 1)
        return Identifier.build(
            following.type_code, following.issuer, following.serial, following.version
        )


@functools.lru_cache(maxsize=4096)  # of one license it is asked more than once
def is_standard(text: str) -> bool:
    """Tell whether a text is an identifier without root, in the standard dialect.

    The same answer as :meth:`Identifier.parse_without_root`, for callers that need no
    parts.
    """
    match = _WITHOUT_ROOT.fullmatch(text)
    if match is None or match["version"] == "000":
        return False
    type_code, issuer, serial, version, check = match.groups()
    product = _product(_product_of_issuer(type_code, issuer), serial + version)
    return bool(check == _ALPHANUMERIC[(37 - product) % 36])


def type_part(text: str) -> str:
    """Return the type code in the text of an identifier that was parsed before."""
    return text.rsplit(".", 5)[1]


def issuer_part(text: str) -> str:
    """Return the issuer in the text of an identifier that was parsed before."""
    return text.rsplit(".", 4)[1]


def check_type_code(text: str) -> None:
    """Check a 证照类型代码: a valid USCC and three digits (GB/T 36904).

    Raises:
        MalformedCodeError: it is not one.
    """
    if not _TYPE_DIGITS.fullmatch(text[_USCC_LENGTH:]):
        raise _malformed(
            "证照类型代码应为 18 位统一社会信用代码加 3 位数字",
            "type code: expected a USCC of 18 characters and three digits",
        )
    check_uscc(text[:_USCC_LENGTH])


def uscc_check_character(body: str) -> str:
    """Return the last character of a USCC (GB 32100, weights 3^i mod 31).

    Args:
        body: the first 17 characters.

    Raises:
        ValueError: a character that cannot occur, or another length.
    """
    if len(body) != _USCC_LENGTH - 1:
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
    total = sum(_ALPHANUMERIC.index(char) * weight for char, weight in weighted)
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
        raise _malformed(
            "统一社会信用代码应为 18 位数字和大写字母（不含 I、O、S、V、Z）",
            "USCC: expected 18 digits and capital letters without I, O, S, V, Z",
        )
    if text[17] != uscc_check_character(text[:17]):
        raise _malformed(
            "统一社会信用代码的校验位错误，请核对每一位",
            "USCC: the check character is wrong; compare every character",
        )
    if text[16] != organization_check_character(text[8:16]):
        raise _malformed(
            "统一社会信用代码第 9 至 17 位（组织机构代码）的校验位错误",
            "USCC: the organization code inside (characters 9 to 17) is wrong",
        )


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
        raise _malformed(
            "公民身份号码中的出生日期不存在",
            "citizen id: its birth date is not a real day",
        ) from err
    if text[17] != citizen_id_check_character(text[:17]):
        raise _malformed(
            "公民身份号码的校验位错误，请核对每一位",
            "citizen id: the check character is wrong; compare every digit",
        )


def _citizen_id_form(text: str) -> MalformedCodeError:
    if _CITIZEN_ID.fullmatch(text[:17] + "X") and text[17:] == "x":
        return _malformed(
            "公民身份号码末位应为大写 X", "citizen id: write the last X as a capital"
        )
    if _OLD_CITIZEN_ID.fullmatch(text):
        return _malformed(
            "不接受 15 位旧身份证号，应为 18 位",
            "citizen id: old ids of 15 digits are not accepted; 18 are expected",
        )
    return _malformed(
        "公民身份号码应为 17 位数字加 1 位数字或大写 X",
        "citizen id: expected 17 digits and then a digit or a capital X",
    )


def _birth(citizen_id: str) -> date:
    return date(int(citizen_id[6:10]), int(citizen_id[10:12]), int(citizen_id[12:14]))


def _old_birth(citizen_id: str) -> date:
    year = 1900 + int(citizen_id[6:8])  # none was given out for a birth after 1999
    return date(year, int(citizen_id[8:10]), int(citizen_id[10:12]))


def check_old_registration(text: str) -> None:
    """Check a registration number (注册号) of 15 digits, from before the USCC.

    Checks the form alone: older ones have no check digit.

    Raises:
        MalformedCodeError: it is not one.
    """
    if not _OLD_REGISTRATION.fullmatch(text):
        raise _malformed(
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
        raise _malformed(
            "旧组织机构代码应为 8 位数字或大写字母加 1 位校验码，不写连字符",
            "organization code: expected 8 digits or capital letters and a check"
            " character, without a hyphen",
        )
    if text[8] != organization_check_character(text[:8]):
        raise _malformed(
            "旧组织机构代码的校验位错误，请核对每一位",
            "organization code: the check character is wrong; compare every character",
        )


def check_old_citizen_id(text: str) -> None:
    """Check a citizen id of 15 digits, as they were given out before GB 11643-1999.

    Checks the form and that the birth date is a real day of the years 1900 to 1999.

    Raises:
        MalformedCodeError: it is not one.
    """
    if not _OLD_CITIZEN_ID.fullmatch(text):
        raise _malformed(
            "15 位旧身份证号应为 15 位数字",
            "old citizen id: expected 15 digits, the first of them not 0",
        )
    try:
        _old_birth(text)
    except ValueError as err:
        raise _malformed(
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


def _malformed(zh: str, en: str) -> MalformedCodeError:
    return MalformedCodeError(Text(zh, en))
