"""Amounts of money as Chinese certificates print them.

Amounts in words follow the rules for bills (正确填写票据和结算凭证的基本规定, parts 1
to 4): capital numerals, 零 for one or more zeros between digits, 整 after 元 and 角.
"""

import re

from elicense.catalog.amounts import parse_amount

_CAPITALS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")
_ZEROS = re.compile("零+")
_NAMES = {"CNY": "人民币", "USD": "美元", "EUR": "欧元", "HKD": "港元", "JPY": "日元"}
_WAN = 10_000


def in_words(amount: str) -> str:
    """Return an amount in capital numerals: 人民币壹佰万元整.

    Args:
        amount: as the catalog checked it.

    Raises:
        MalformedCodeError: it did not.
    """
    parsed = parse_amount(amount)
    yuan, cents = divmod(int(parsed.value * 100), 100)
    jiao, fen = f"{cents:02d}"[0], f"{cents:02d}"[1]
    words = f"{_capitals(yuan)}元" if yuan else ""
    if jiao != "0":
        words += _CAPITALS[int(jiao)] + "角"
    elif fen != "0" and yuan:
        words += "零"
    words += _CAPITALS[int(fen)] + "分" if fen != "0" else "整"
    name = _NAMES.get(parsed.currency, parsed.currency)
    return name + ("零元整" if words == "整" else words)


def _capitals(number: int) -> str:
    """Return a whole number of at most 16 digits, not zero, in capital numerals."""
    groups = [number // _WAN**index % _WAN for index in range(len(_GROUPS))]
    units = list(_GROUPS)
    if groups[2]:  # 万亿 is said once: 壹万贰仟亿
        units[3] = "万"
    words = "".join(
        _group(group) + unit if group else "零"
        for group, unit in zip(groups[::-1], units[::-1], strict=True)
    )
    return _ZEROS.sub("零", words).strip("零")


def _group(group: int) -> str:
    """Return four digits in capital numerals, with a 零 in front where one is 0."""
    words = ""
    for place, digit in zip(_PLACES[::-1], f"{group:04d}", strict=True):
        words += _CAPITALS[int(digit)] + (place if digit != "0" else "")
    return _ZEROS.sub("零", words).removesuffix("零")


def in_wan(amount: str) -> str:
    """Return an amount in ten thousands: 3,456.78万元.

    Args:
        amount: as for :func:`in_words`.

    Raises:
        MalformedCodeError: as for :func:`in_words`.
    """
    parsed = parse_amount(amount)
    name = _NAMES.get(parsed.currency, parsed.currency)
    scaled = f"{parsed.value / _WAN:,f}"
    if "." in scaled:
        scaled = scaled.rstrip("0").rstrip(".")
    return f"{scaled}万元" if parsed.currency == "CNY" else f"{scaled}万{name}"
