import io

import pytest
from fontTools.pens.areaPen import AreaPen
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from pylopdf_fonts_zh_cn import serif_path

from elicense import fonts
from elicense.errors import MissingGlyphError
from elicense.fonts import Typeface

TEXT = "食品经营许可证 示例市青禾区·2026年①（A）"


def opened(part):
    return TTFont(io.BytesIO(part.data), checkChecksums=2)


@pytest.mark.parametrize("typeface", Typeface)
def test_a_subset_is_a_truetype_font_of_its_characters_only(typeface):
    part = fonts.subset(typeface, TEXT)
    font = opened(part)
    assert font["maxp"].numGlyphs == len(set(TEXT)) + 1
    assert {"glyf", "loca", "head", "hhea", "hmtx", "maxp"} <= set(font.keys())
    assert "CFF " not in font
    assert part.name[6] == "+"
    assert part.name[:6].isupper()


@pytest.mark.parametrize("typeface", Typeface)
def test_widths_in_the_font_are_the_widths_of_the_layout(typeface):
    part = fonts.subset(typeface, TEXT)
    order = opened(part).getGlyphOrder()
    metrics = opened(part)["hmtx"]
    for char, number in part.glyph_ids.items():
        assert metrics[order[number]][0] == part.widths[number]
        assert fonts.width(char, typeface, 1000) == part.widths[number]


def test_the_converted_outline_encloses_the_same_area_as_the_original():
    part = fonts.subset(Typeface.SERIF, "证照国示")
    font = opened(part)
    glyphs = font.getGlyphSet()
    original = TTFont(io.BytesIO(serif_path().read_bytes()), lazy=True)
    for char, number in part.glyph_ids.items():
        ours, theirs = AreaPen(), AreaPen()
        glyphs[font.getGlyphOrder()[number]].draw(ours)
        original.getGlyphSet()[original.getBestCmap()[ord(char)]].draw(theirs)
        assert ours.value == pytest.approx(-theirs.value, rel=0.02), "clockwise"


def test_order_and_repeats_do_not_change_a_subset():
    assert fonts.subset(Typeface.SANS, "乙甲甲") == fonts.subset(Typeface.SANS, "甲乙")


def test_a_blank_alone_makes_a_font_too():
    assert opened(fonts.subset(Typeface.SERIF, " "))["maxp"].numGlyphs == 2


def test_two_characters_of_one_drawing_keep_their_own_code_points():
    """U+4E00 and the radical U+2F00 share an outline in the face."""
    part = fonts.subset(Typeface.SERIF, "一⼀")
    assert len(set(part.glyph_ids.values())) == 2
    table = fonts.to_unicode(part).decode()
    assert "<4e00>" in table
    assert "<2f00>" in table


def test_a_character_outside_the_first_plane_is_mapped_as_a_surrogate_pair():
    part = fonts.subset(Typeface.SERIF, "\U00020164")
    assert "<d840dd64>" in fonts.to_unicode(part).decode()


def test_blocks_of_the_unicode_map_hold_at_most_a_hundred_entries():
    part = fonts.subset(Typeface.SANS, map(chr, range(0x4E00, 0x4E00 + 205)))
    counts = [
        int(line.split()[0])
        for line in fonts.to_unicode(part).decode().splitlines()
        if line.endswith("beginbfchar")
    ]
    assert counts == [100, 100, 5]


def spoilt(tmp_path, spoil):
    font = opened(fonts.subset(Typeface.SANS, "示"))
    donor = TTFont(io.BytesIO(serif_path().read_bytes()), lazy=True)
    font["OS/2"] = donor["OS/2"]
    spoil(font)
    path = tmp_path / "a.ttf"
    font.save(path)
    return path


def test_a_face_that_forbids_embedding_is_refused(tmp_path):
    def forbid(font):
        font["OS/2"].fsType = 0x0002

    with pytest.raises(ValueError, match="embedding"):
        fonts.Face(spoilt(tmp_path, forbid), "Forbidden")


def test_a_face_of_another_em_square_is_refused(tmp_path):
    def enlarge(font):
        font["head"].unitsPerEm = 2048

    with pytest.raises(ValueError, match="em square"):
        fonts.Face(spoilt(tmp_path, enlarge), "Large")


MISSING = {
    "a rare surname of Extension B": ("𠮷", "U+20BB7"),
    "a character of the private use area": ("\ue815", "U+E815"),
    "an emoji": ("\U0001f600", "U+1F600"),
    "a control character": ("\x07", "U+0007"),
}


@pytest.mark.parametrize("case", MISSING)
def test_a_character_that_can_not_be_drawn_is_an_error(case):
    char, name = MISSING[case]
    with pytest.raises(MissingGlyphError) as caught:
        fonts.require(f"张{char}", Typeface.SERIF, "principal")
    assert (caught.value.field, caught.value.code_point) == ("principal", ord(char))
    assert name in caught.value.message.en
    assert name in caught.value.message.zh
    assert "张" not in str(caught.value).replace("加装", "")


def test_private_use_is_said_to_be_private_use():
    with pytest.raises(MissingGlyphError) as caught:
        fonts.require("\ue815", Typeface.SERIF, "principal")
    assert "private-use" in caught.value.message.en


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_text_either_passes_or_names_its_first_missing_character(text):
    chosen = fonts.face(Typeface.SANS)
    missing = [char for char in text if not chosen.has(char)]
    if not missing:
        fonts.require(text, Typeface.SANS, "name")
        assert len(fonts.subset(Typeface.SANS, text).glyph_ids) == len(set(text))
        return
    with pytest.raises(MissingGlyphError) as caught:
        fonts.require(text, Typeface.SANS, "name")
    assert caught.value.code_point == ord(missing[0])
