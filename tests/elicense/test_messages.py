import pickle

import pytest

from elicense.errors import (
    AmbiguousNumberError,
    ApplicationError,
    MissingGlyphError,
    Problem,
    RegisterError,
    SymbolTooLargeError,
    TooLongError,
)
from elicense.messages import language, message, pick
from elicense.model import Text
from esign.verdict import Code


@pytest.mark.parametrize("code", Code)
def test_every_code_has_a_text_in_both_languages(code):
    text = message(code)
    assert text.zh
    assert any("\u4e00" <= char <= "\u9fff" for char in text.zh)
    assert text.en.isascii()


def test_no_two_codes_share_a_text():
    assert len({message(code).zh for code in Code}) == len(Code)
    assert len({message(code).en for code in Code}) == len(Code)


def test_only_valid_says_valid():
    assert message(Code.VALID) == Text("有效", "Valid")
    others = [message(code) for code in Code if code is not Code.VALID]
    assert not [text for text in others if text.en.startswith("Valid")]
    assert not [text for text in others if text.zh.startswith("有效")]


def test_a_code_alone_says_compare():
    text = message(Code.VALID, "qr")
    assert "核对" in text.zh
    assert "compare" in text.en
    assert message(Code.REVOKED, "qr") == message(Code.REVOKED)


LANGUAGES = {
    "nothing is set": ({}, "en"),
    "Chinese of China": ({"LANG": "zh_CN.UTF-8"}, "zh"),
    "Chinese of Singapore": ({"LANG": "zh_SG"}, "zh"),
    "the C locale": ({"LANG": "C.UTF-8"}, "en"),
    "German": ({"LANG": "de_DE.UTF-8"}, "en"),
    "LC_ALL before LANG": ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
    "LC_MESSAGES before LANG": ({"LC_MESSAGES": "zh_CN", "LANG": "en_US"}, "zh"),
    "our own before all": ({"ELICENSE_LANG": "zh", "LC_ALL": "en_US.UTF-8"}, "zh"),
    "an empty one is not set": ({"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
    "capitals": ({"ELICENSE_LANG": "ZH"}, "zh"),
}


@pytest.mark.parametrize(("environ", "wanted"), LANGUAGES.values(), ids=LANGUAGES)
def test_language(environ, wanted):
    assert language(environ) == wanted


def test_pick():
    assert pick(Text("有效", "Valid"), "zh") == "有效"
    assert pick(Text("有效", "Valid"), "en") == "Valid"


ERRORS = {
    "missing glyph": MissingGlyphError("principal", 0x20BB7),
    "missing private-use glyph": MissingGlyphError("principal", 0xE863),
    "too long": TooLongError("scope", 900),
    "symbol too large": SymbolTooLargeError(["holder", "fields"]),
    "ambiguous number": AmbiguousNumberError(["1.2.3", "1.2.4"]),
    "application": ApplicationError([Problem("scope", Text("过长", "too long"))]),
    "register": RegisterError(Text("数据库被占用", "the database is locked")),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_an_error_says_both_languages_and_travels_between_processes(error):
    assert str(error) == f"{error.message.zh} / {error.message.en}"
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)


def test_an_error_names_what_is_wrong():
    glyph = ERRORS["missing private-use glyph"]
    assert "U+E863" in str(glyph)
    assert "private-use" in glyph.message.en
    assert "private-use" not in ERRORS["missing glyph"].message.en
    assert "U+20BB7" in str(ERRORS["missing glyph"])
    assert "900" in ERRORS["too long"].message.zh
    assert "holder, fields" in ERRORS["symbol too large"].message.zh
    assert "1.2.4" in ERRORS["ambiguous number"].message.en
    assert "1 problem:" in ERRORS["application"].message.en
