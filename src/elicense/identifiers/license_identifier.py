"""The electronic license identifier (证照标识) and its type code: GB/T 36904."""

import enum
import functools
import re
from dataclasses import dataclass, replace

from elicense.identifiers.check_characters import (
    ALPHANUMERIC,
    check_mod_37_36,
    product_of,
)
from elicense.identifiers.organizations import USCC_FORM, USCC_LENGTH, check_uscc
from elicense.identifiers.refusals import malformed

ROOT = "1.2.156.3005.2"
MAX_SERIAL = 32  # characters; the longest seen, the standard's own limit is unknown
LAST_VERSION = 999  # three digits
_WITHOUT_ROOT = re.compile(
    rf"(?P<type_code>{USCC_FORM}[0-9]{{3}})"
    rf"\.(?P<issuer>{USCC_FORM}|[0-9]{{6}})"
    rf"\.(?P<serial>[0-9A-Z]{{1,{MAX_SERIAL}}})"
    r"\.(?P<version>[0-9]{3})\.(?P<check>[0-9A-Z])"
)
_SERIAL = re.compile(f"[0-9A-Z]{{1,{MAX_SERIAL}}}")
_TYPE_DIGITS = re.compile("[0-9]{3}")


class Dialect(enum.Enum):
    """Which routine made the check character of an identifier.

    NON_STANDARD is a copied routine that counts letters from one. Identifiers with its
    check characters are in circulation; they are read as such and never issued.
    """

    STANDARD = "standard"
    NON_STANDARD = "non-standard"


@functools.lru_cache(maxsize=4096)  # a department's licenses of a type share this part
def _product_of_issuer(type_code: str, issuer: str) -> int:
    return product_of(36, type_code + issuer)


def _check_one_based(body: str) -> str:
    """Return the check character of the non-standard dialect.

    A letter is worth one more than in the standard, the first reduction is modulo 37
    for letters and 36 for digits, and the table is entered one position early. The
    values are known from identifiers printed on licenses.
    """
    product = 36
    for char in body:
        value = ALPHANUMERIC.index(char)
        letter = not char.isdigit()
        total = product + value + letter
        modulus = 37 if letter else 36
        if total > modulus:
            total %= modulus
        product = (total % 36 or 36) * 2 % 37
    return ALPHANUMERIC[36 - product]


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
            raise malformed(
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
            raise malformed(
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
            raise malformed(
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
    product = product_of(_product_of_issuer(type_code, issuer), serial + version)
    return bool(check == ALPHANUMERIC[(37 - product) % 36])


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
    if not _TYPE_DIGITS.fullmatch(text[USCC_LENGTH:]):
        raise malformed(
            "证照类型代码应为 18 位统一社会信用代码加 3 位数字",
            "type code: expected a USCC of 18 characters and three digits",
        )
    check_uscc(text[:USCC_LENGTH])
