"""Amounts in words follow the rules for bills and are read back by another parser."""

import re
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from elicense.layout.amounts import in_wan, in_words

OFFICIAL = {
    "1409.50 CNY": ("人民币壹仟肆佰零玖元伍角整", "人民币壹仟肆佰零玖元伍角"),
    "6007.14 CNY": ("人民币陆仟零柒元壹角肆分",),
    "1680.32 CNY": (
        "人民币壹仟陆佰捌拾元零叁角贰分",
        "人民币壹仟陆佰捌拾元叁角贰分",
    ),
    # Where a digit of 万 or 元 is 0 and the next is not, one 零 may stand there or not.
    "107000.53 CNY": (
        "人民币壹拾万柒仟元零伍角叁分",
        "人民币壹拾万零柒仟元伍角叁分",
        "人民币壹拾万柒仟元伍角叁分",
    ),
    "16409.02 CNY": ("人民币壹万陆仟肆佰零玖元零贰分",),
    "325.04 CNY": ("人民币叁佰贰拾伍元零肆分",),
}
"""The examples of 正确填写票据和结算凭证的基本规定, and what they allow."""


@pytest.mark.parametrize("amount", OFFICIAL)
def test_the_examples_of_the_rule_are_written_as_it_allows(amount):
    assert in_words(amount) in OFFICIAL[amount]


WORDS = {
    "0 CNY": "人民币零元整",
    "0.00 CNY": "人民币零元整",
    "0.01 CNY": "人民币壹分",
    "0.10 CNY": "人民币壹角整",
    "0.5 CNY": "人民币伍角整",
    "0.55 CNY": "人民币伍角伍分",
    "1 CNY": "人民币壹元整",
    "1.00 CNY": "人民币壹元整",
    "10 CNY": "人民币壹拾元整",
    "10.01 CNY": "人民币壹拾元零壹分",
    "110 CNY": "人民币壹佰壹拾元整",
    "1001 CNY": "人民币壹仟零壹元整",
    "9999 CNY": "人民币玖仟玖佰玖拾玖元整",
    "10000 CNY": "人民币壹万元整",
    "10001 CNY": "人民币壹万零壹元整",
    "10010 CNY": "人民币壹万零壹拾元整",
    "1000000 CNY": "人民币壹佰万元整",
    "1010000 CNY": "人民币壹佰零壹万元整",
    "100000000 CNY": "人民币壹亿元整",
    "100000001 CNY": "人民币壹亿零壹元整",
    "100010000 CNY": "人民币壹亿零壹万元整",
    "100007000 CNY": "人民币壹亿零柒仟元整",
    "1000000000000 CNY": "人民币壹万亿元整",
    "1200000000000 CNY": "人民币壹万贰仟亿元整",
    "1000100000000 CNY": "人民币壹万零壹亿元整",
    "1000000010000 CNY": "人民币壹万亿零壹万元整",
    "999999999999999.99 CNY": (
        "人民币玖佰玖拾玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"
    ),
    "100 USD": "美元壹佰元整",
    "100 EUR": "欧元壹佰元整",
    "100 HKD": "港元壹佰元整",
    "100 JPY": "日元壹佰元整",
    "100 GBP": "GBP壹佰元整",
}


@pytest.mark.parametrize("amount", WORDS)
def test_an_amount_is_written_in_capital_numerals(amount):
    assert in_words(amount) == WORDS[amount]


WAN = {
    "1000000 CNY": "100万元",
    "34567800 CNY": "3,456.78万元",
    "10000 CNY": "1万元",
    "10000.00 CNY": "1万元",
    "100000000000 CNY": "10,000,000万元",
    "9999 CNY": "0.9999万元",
    "0.01 CNY": "0.000001万元",
    "0 CNY": "0万元",
    "0.00 CNY": "0万元",
    "999999999999999.99 CNY": "99,999,999,999.999999万元",
    "12345 USD": "1.2345万美元",
    "500 GBP": "0.05万GBP",
}


@pytest.mark.parametrize("amount", WAN)
def test_an_amount_is_written_in_ten_thousands(amount):
    assert in_wan(amount) == WAN[amount]


DIGITS = {char: value for value, char in enumerate("零壹贰叁肆伍陆柒捌玖")}
PLACES = {"拾": 10, "佰": 100, "仟": 1000}


def number_in(words: str) -> int:
    """Read a whole number in capital numerals: 亿 before 万 before 仟, 佰, 拾."""
    for unit, value in (("亿", 10**8), ("万", 10**4)):
        high, found, low = words.rpartition(unit)
        if found:
            return number_in(high) * value + number_in(low)
    total, digit = 0, 0
    for char in words:
        if char in PLACES:
            total += digit * PLACES[char]
            digit = 0
        else:
            digit = DIGITS[char]
    return total + digit


def fen_in(words: str) -> int:
    """Read an amount in words, in hundredths."""
    yuan, _, part = words.rpartition("元")
    found = re.fullmatch("零?(?:(.)角)?零?(?:(.)分|整)", part)
    assert found is not None, part
    jiao, fen = (DIGITS[char] if char else 0 for char in found.groups())
    return number_in(yuan) * 100 + jiao * 10 + fen


def zeros_that_are_told(digits: str) -> int:
    """Count the runs of 0 between other digits that a reader must hear.

    One before the thousands of a group may be left out, unless a whole group is 0.
    """
    told = 0
    for run in re.finditer("(?<=[1-9])0+(?=[1-9])", digits):
        left = len(digits) - run.end()  # digits behind the run
        told += left % 4 != 0 or len(run[0]) >= 4
    return told


CENTS = st.one_of(
    st.integers(0, 10**17 - 1),
    st.integers(0, 10**7),
    # Many zeros, which is where words go wrong.
    st.text("0019", min_size=1, max_size=17).map(int),
)


@given(CENTS)
@example(0)
@example(10**17 - 1)
@settings(max_examples=400, deadline=None)
def test_words_are_read_back_as_the_amount(cents):
    yuan, part = divmod(cents, 100)
    words = in_words(f"{yuan}.{part:02d} CNY")
    assert words.startswith("人民币")
    said = words.removeprefix("人民币")
    assert fen_in(said) == cents
    assert "零零" not in said
    assert words.endswith("整") == (part % 10 == 0)
    whole = said.rpartition("元")[0]
    if cents:
        assert not re.search("零[拾佰仟万亿元角分整]", said)
        assert not said.startswith("零")
        assert whole.count("零") == zeros_that_are_told(str(yuan))
        assert ("元零" in said) == (yuan > 0 and 0 < part < 10)


@given(CENTS)
@settings(max_examples=200, deadline=None)
def test_however_an_amount_is_written_the_words_are_the_same(cents):
    yuan, part = divmod(cents, 100)
    full = in_words(f"{yuan}.{part:02d} CNY")
    if part % 10 == 0:
        assert in_words(f"{yuan}.{part // 10} CNY") == full
    if part == 0:
        assert in_words(f"{yuan} CNY") == full


@given(CENTS)
@settings(max_examples=200, deadline=None)
def test_ten_thousands_lose_no_digit(cents):
    said = in_wan(f"{cents // 100}.{cents % 100:02d} CNY")
    number = said.removesuffix("万元")
    assert Decimal(number.replace(",", "")) * 1_000_000 == cents
    assert re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})*(?:\.[0-9]*[1-9])?", number)
