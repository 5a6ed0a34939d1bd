"""Amounts of money as a license states them: ``1000000 CNY``, ``34567.80 USD``."""

import re
from dataclasses import dataclass
from decimal import Decimal

from elicense.errors import MalformedCodeError
from elicense.model import Text

LARGEST = "999999999999999.99 CNY"
"""One of the longest amounts."""
_AMOUNT = re.compile(
    r"(?P<value>(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,2})?) (?P<code>[A-Z]{3})"
)
# ISO 4217, list one: currencies and funds codes in use in 2025, without metals, bonds
# and codes for tests; BGN, which ended with that year, is in older licenses.
CURRENCIES = frozenset(
    (
        *("AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD"),
        *("BDT", "BGN", "BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP"),
        *("BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE"),
        *("CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP"),
        *("GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG"),
        *("HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES"),
        *("KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR"),
        *("LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU"),
        *("MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR"),
        *("NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON"),
        *("RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE"),
        *("SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND"),
        *("TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED"),
        *("VES", "VND", "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER", "ZAR"),
        *("ZMW", "ZWG"),
    )
)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money.

    Attributes:
        value: not negative, with the decimals that were written.
        currency: code of ISO 4217.
    """

    value: Decimal
    currency: str


def parse_amount(text: str) -> Amount:
    """Return the amount that a text states: digits, one space, a currency.

    Does NOT check that the currency has decimals.

    Args:
        text: at most 15 digits before the point and 2 after it, no separators.

    Raises:
        MalformedCodeError: another form, or no currency of ISO 4217.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise MalformedCodeError(
            Text(
                "金额应写作“1000000 CNY”或“34567.80 USD”："
                "不加分隔符，整数最多 15 位，小数最多 2 位",
                "expected an amount as 1000000 CNY or 34567.80 USD: no separators, at"
                " most 15 digits and 2 decimals",
            )
        )
    if found["code"] not in CURRENCIES:
        raise MalformedCodeError(
            Text(
                "货币应为 ISO 4217 代码，例如 CNY",
                "the currency is no code of ISO 4217, such as CNY",
            )
        )
    return Amount(Decimal(found["value"]), found["code"])
