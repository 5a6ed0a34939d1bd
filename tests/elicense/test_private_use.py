"""Private-use characters of old files: what they are now, and what stays refused."""

import unicodedata

import pytest

from elicense.catalog.private_use import STANDARD_PLACE
from elicense.catalog.values import Findings, check_name, check_text

# From the tables of GB18030-2005 and GB18030-2022; not from the codec.
KNOWN = {
    "䶮": (0xE863, 0x4DAE),
    "㑳": (0xE81A, 0x3473),
    "⺁": (0xE815, 0x2E81),
    "龴": (0xE81E, 0x9FB4),
    "龻": (0xE864, 0x9FBB),
    "𠂇": (0xE816, 0x20087),
    "𤇾": (0xE855, 0x241FE),
    "ḿ": (0xE7C7, 0x1E3F),
    "ǹ": (0xE7C8, 0x01F9),
    "〾": (0xE7E7, 0x303E),
    "⿻": (0xE7F3, 0x2FFB),
    "€": (0xE76C, 0x20AC),
    "the vertical comma": (0xE78D, 0xFE10),
    "the vertical full stop, before the enumeration comma": (0xE78E, 0xFE12),
    "the vertical enumeration comma": (0xE78F, 0xFE11),
    "the vertical ellipsis": (0xE796, 0xFE19),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_character_has_its_standard_place(name):
    old, new = KNOWN[name]
    assert STANDARD_PLACE[old] == new


def test_the_table_leads_from_private_use_to_characters_one_to_one():
    assert len(STANDARD_PLACE) == 80 + 13 + 10 + 3
    assert len(set(STANDARD_PLACE.values())) == len(STANDARD_PLACE)
    for old, new in STANDARD_PLACE.items():
        assert unicodedata.category(chr(old)) == "Co"
        assert unicodedata.category(chr(new)) not in {"Co", "Cn", "Cs"}


def test_what_the_codec_knows_was_displaced_there():
    """GB18030 gives the old code points four bytes since the pairs are taken."""
    for old, new in STANDARD_PLACE.items():
        pair = chr(new).encode("gb18030")
        if len(pair) == 2:
            assert pair.decode("gb18030") == chr(new)
            assert len(chr(old).encode("gb18030")) == 4


def test_replaced_characters_are_told_once_by_their_code_points():
    found = Findings()
    text = check_text(found, "place", "\ue863示\ue81e\ue863", 4)
    assert text == "䶮示龴䶮"
    assert [item.message.zh for item in found.warnings] == [
        "私用区字符 U+E81E 已改为正式编码 U+9FB4",
        "私用区字符 U+E863 已改为正式编码 U+4DAE",
    ]
    assert "U+4DAE" in found.warnings[1].message.en
    assert found.problems == []


def test_names_are_replaced_too_and_not_normalized():
    found = Findings()
    assert check_name(found, "name", "\ue863\uf900•示", 9) == "䶮\uf900·示"
    assert [item.field for item in found.warnings] == ["name", "name"]


@pytest.mark.parametrize("char", ["\ue000", "\uf8ff", "\ue814", "\ue865", "\U000f0000"])
def test_others_are_refused_with_their_code_point(char):
    found = Findings()
    assert check_text(found, "place", f"示{char}", 9) is None
    assert f"U+{ord(char):04X}" in found.problems[0].message.zh
    assert "私用区" in found.problems[0].message.zh


def test_a_refused_text_is_not_said_to_be_changed():
    found = Findings()
    assert check_text(found, "place", "\ue863\ue000", 9) is None
    assert found.warnings == []
