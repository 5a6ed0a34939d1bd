import contextlib
import io
import os
import threading
import time
import tracemalloc
import zlib
from itertools import pairwise

import pytest
from fontTools.misc.psCharStrings import T2CharString
from fontTools.pens.areaPen import AreaPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from pylopdf_fonts_zh_cn import serif_path

from elicense import fonts
from elicense.errors import MissingGlyphError
from elicense.files import FileError
from elicense.fonts import STANDARD, Face, FaceError, FontSet, Typeface
from elicense.fonts.faces import MAX_FILE_BYTES
from tests.elicense import foundry
from tests.elicense.foundry import COMMON, LATIN, NARROW, RARE, UNDRAWN

TEXT = "食品经营许可证 示例市青禾区·2026年①（A）"
URO = st.characters(min_codepoint=0x4E00, max_codepoint=0x4FFF)


@pytest.fixture(scope="module")
def rare():
    return Face(foundry.truetype(), "rare.ttf")


@pytest.fixture(scope="module")
def rare_cff():
    return Face(foundry.cff(), "rare.otf")


def opened(part):
    return TTFont(io.BytesIO(part.data), checkChecksums=2)


def area(glyphs, name):
    pen = AreaPen(glyphs)
    glyphs[name].draw(pen)
    return pen.value


def drawn(part, char):
    """Return the area of a character in a subset; positive is counter-clockwise."""
    font = opened(part)
    return area(font.getGlyphSet(), font.getGlyphOrder()[part.glyph_ids[char]])


@pytest.mark.parametrize("typeface", Typeface)
def test_a_subset_is_a_truetype_font_of_its_characters_only(typeface):
    part = fonts.subset(fonts.face(typeface), TEXT)
    font = opened(part)
    assert font["maxp"].numGlyphs == len(set(TEXT)) + 1
    assert {"glyf", "loca", "head", "hhea", "hmtx", "maxp"} <= set(font.keys())
    assert "CFF " not in font
    assert part.name[6] == "+"
    assert part.name[:6].isupper()


@pytest.mark.parametrize("typeface", Typeface)
def test_widths_in_the_font_are_the_widths_of_the_layout(typeface):
    part = fonts.subset(fonts.face(typeface), TEXT)
    order = opened(part).getGlyphOrder()
    metrics = opened(part)["hmtx"]
    for char, number in part.glyph_ids.items():
        assert metrics[order[number]][0] == part.widths[number]
        assert STANDARD.width(char, typeface, 1000) == part.widths[number]
        assert STANDARD.advance(char, typeface) == part.widths[number]


def test_the_greatest_values_of_a_font_are_those_of_its_glyphs():
    """FontTools works them out anew from the glyphs when it saves."""
    part = fonts.subset(fonts.face(Typeface.SERIF), TEXT)
    again = io.BytesIO()
    opened(part).save(again)
    ours, theirs = opened(part), TTFont(again)
    for tag, names in (
        ("head", ("xMin", "yMin", "xMax", "yMax")),
        ("maxp", ("numGlyphs", "maxPoints", "maxContours")),
        (
            "hhea",
            (
                "advanceWidthMax",
                "minLeftSideBearing",
                "minRightSideBearing",
                "xMaxExtent",
                "numberOfHMetrics",
            ),
        ),
    ):
        for name in names:
            expected = getattr(theirs[tag], name)
            assert getattr(ours[tag], name) == expected, name
    head = ours["head"]
    assert part.bounds == (head.xMin, head.yMin, head.xMax, head.yMax)


def test_the_converted_outline_encloses_the_same_area_as_the_original():
    part = fonts.subset(fonts.face(Typeface.SERIF), "证照国示")
    original = TTFont(io.BytesIO(serif_path().read_bytes()), lazy=True)
    for char in part.glyph_ids:
        theirs = area(original.getGlyphSet(), original.getBestCmap()[ord(char)])
        assert drawn(part, char) == pytest.approx(-theirs, rel=0.02), "clockwise"


def test_order_and_repeats_do_not_change_a_subset():
    sans = fonts.face(Typeface.SANS)
    assert fonts.subset(sans, "乙甲甲") == fonts.subset(sans, "甲乙")


@pytest.mark.parametrize("text", [" ", ""], ids=["a blank", "nothing"])
def test_nothing_to_draw_makes_a_font_too(text):
    part = fonts.subset(fonts.face(Typeface.SERIF), text)
    assert opened(part)["maxp"].numGlyphs == 1 + len(text)
    assert part.bounds == (0, 0, 0, 0)


@given(st.sets(URO, max_size=40))
@settings(max_examples=40, deadline=None)
def test_the_deflated_bytes_are_those_of_the_font(characters):
    part = fonts.subset(fonts.face(Typeface.SERIF), characters)
    stream = zlib.decompressobj()
    assert stream.decompress(part.deflated) == part.data
    assert stream.eof
    assert stream.unused_data == b""
    opened(part)


def test_a_font_longer_than_a_stored_block_is_deflated_in_several():
    part = fonts.subset(
        fonts.face(Typeface.SERIF), map(chr, range(0x4E00, 0x4E00 + 400))
    )
    assert len(part.data) > 0xFFFF
    assert zlib.decompress(part.deflated) == part.data
    opened(part)


def test_two_characters_of_one_drawing_keep_their_own_code_points():
    """U+4E00 and the radical U+2F00 share an outline in the face."""
    part = fonts.subset(fonts.face(Typeface.SERIF), "一⼀")
    assert len(set(part.glyph_ids.values())) == 2
    table = fonts.to_unicode(part).decode()
    assert "<4e00>" in table
    assert "<2f00>" in table


def test_a_character_outside_the_first_plane_is_mapped_as_a_surrogate_pair():
    part = fonts.subset(fonts.face(Typeface.SERIF), "\U00020164")
    assert "<0001> <d840dd64>" in fonts.to_unicode(part).decode()


def test_blocks_of_the_unicode_map_hold_at_most_a_hundred_entries():
    part = fonts.subset(
        fonts.face(Typeface.SANS), map(chr, range(0x4E00, 0x4E00 + 205))
    )
    counts = [
        int(line.split()[0])
        for line in fonts.to_unicode(part).decode().splitlines()
        if line.endswith("beginbfchar")
    ]
    assert counts == [100, 100, 5]


def test_faces_of_one_name_make_subsets_of_different_names(rare):
    def capital(builder):
        builder.font["OS/2"].sCapHeight = 1435

    other = Face(foundry.truetype(change=capital), "other.ttf")
    names = {fonts.subset(face, RARE).name for face in (rare, other)}
    names.add(fonts.subset(rare, RARE + COMMON).name)
    assert len(names) == 3
    assert {name[6:] for name in names} == {"+Rare-Regular"}


# Faces of others.


def test_a_face_of_another_em_is_told_in_units_of_ours(rare):
    assert rare.name == "Rare-Regular"
    assert rare.advance(RARE) == 1000
    assert rare.advance(LATIN) == 600
    metrics = (rare.metrics.ascent, rare.metrics.descent, rare.metrics.cap_height)
    assert metrics == (880, -120, 700)


@pytest.mark.parametrize("char", [RARE, COMMON], ids=["composite", "nested composite"])
def test_composite_glyphs_become_plain_outlines_in_their_places(rare, char):
    part = fonts.subset(rare, char)
    font = opened(part)
    glyph = font["glyf"][font.getGlyphOrder()[1]]
    assert glyph.numberOfContours == 2
    original = TTFont(io.BytesIO(foundry.truetype()))
    theirs = area(original.getGlyphSet(), original.getBestCmap()[ord(char)])
    scale = 1000 / foundry.EM
    assert drawn(part, char) == pytest.approx(theirs * scale * scale, rel=0.01)
    shift = 0 if char == RARE else 100
    expected = (205, shift, (1536 * 0.5 + 800), 1638 + shift)
    assert part.bounds == pytest.approx([value * scale for value in expected], abs=1)


def test_cubic_outlines_of_others_are_converted_too(rare_cff):
    part = fonts.subset(rare_cff, RARE)
    assert drawn(part, RARE) == pytest.approx(-3.14159 * 400**2, rel=0.01)
    assert part.bounds == pytest.approx((100, 0, 900, 800), abs=1)


@pytest.mark.parametrize("source", ["TrueType", "CFF"])
def test_an_outline_is_told_in_cubic_curves(rare, rare_cff, source):
    face = rare if source == "TrueType" else rare_cff
    segments = list(face.outline(RARE))
    kinds = [kind for kind, _ in segments]
    assert set(kinds) <= {"moveTo", "lineTo", "curveTo", "closePath"}
    assert kinds.count("closePath") == (2 if source == "TrueType" else 1)
    assert max(x for _, points in segments for x, _ in points) <= 900


def test_an_ideograph_that_is_not_one_em_wide_is_not_offered(rare):
    assert not rare.has(NARROW)
    with pytest.raises(KeyError):
        rare.advance(NARROW)
    with pytest.raises(KeyError):
        rare.glyph(NARROW)


def test_a_damaged_outline_is_an_error(rare):
    with pytest.raises(FaceError, match=r"U\+20BBB"):
        list(rare.outline(foundry.ENDLESS))
    with pytest.raises(KeyError):
        list(rare.outline(NARROW))


def test_a_character_that_is_mapped_to_glyph_0_is_not_offered(rare):
    assert not rare.has(foundry.NOTDEF)


BAD_GLYPHS = {
    "a glyph that is a part of itself": foundry.ENDLESS,
    "a glyph of more points than any character has": foundry.CROWDED,
}


@pytest.mark.parametrize("case", BAD_GLYPHS)
def test_a_damaged_glyph_is_an_error_that_names_face_and_character(rare, case):
    char = BAD_GLYPHS[case]
    with pytest.raises(FaceError) as caught:
        rare.glyph(char)
    assert f"U+{ord(char):X}" in caught.value.message.en
    assert "rare.ttf" in caught.value.message.zh
    assert rare.glyph(RARE).record, "the others can be read as before"


ZIGZAG = [1, 1, "rlineto", -1, -1, "rlineto"] * 20
CURVES = [1, 1, 1, 1, -1, -1, "rrcurveto"] * 20


def subroutines(lowest, levels=9, calls=20):
    """Return a face of one character whose subroutines call each other in turn."""

    def change(builder):
        found = builder.font["CFF "].cff
        bias = 107  # of fewer than 1,240 subroutines (Adobe technical note 5176, 16)
        programs = (
            [*lowest, "return"],
            *(
                [*[below - bias, "callgsubr"] * calls, "return"]
                for below in range(levels)
            ),
        )
        for program in programs:
            made = T2CharString(program=program)
            made.globalSubrs = found.GlobalSubrs
            found.GlobalSubrs.append(made)
        glyph = found[0].CharStrings["disc0"]
        glyph.setProgram([0, 0, "rmoveto", levels - bias, "callgsubr", "endchar"])
        builder.font.recalcBBoxes = False

    return foundry.cff(change=change)


COSTLY = {
    "lines without end": lambda: subroutines(ZIGZAG),
    "curves without end": lambda: subroutines(CURVES),
    "calls that draw nothing": lambda: subroutines([], calls=40),
    "a subroutine that calls itself": lambda: subroutines([-107, "callgsubr"]),
    "hints without end": lambda: subroutines([1, 1, "hstem"] * 20),
}


def test_curves_that_become_more_points_than_a_font_can_say_are_refused():
    there = [32_000, 32_000, -32_000, 0, 32_000, -32_000]
    back = [-step for step in there]
    curves = [*there, "rrcurveto", *back, "rrcurveto"]
    face = Face(subroutines(curves, levels=2, calls=34), "large.otf")
    with pytest.raises(FaceError, match=r"U\+20BB7") as caught:
        face.glyph(RARE)
    assert "65535 points" in str(caught.value.__cause__)
    few = Face(subroutines(curves, levels=1, calls=2), "large.otf")
    assert few.glyph(RARE).high[2] == 140


@pytest.mark.parametrize("case", COSTLY)
def test_a_small_file_that_asks_for_endless_work_is_stopped(case):
    data = COSTLY[case]()
    assert len(data) < 2000
    face = Face(data, "bomb.otf")
    started = time.process_time()
    with pytest.raises(FaceError, match=r"U\+20BB7"):
        face.glyph(RARE)
    with pytest.raises(FaceError, match=r"U\+20BB7"):
        list(face.outline(RARE))
    with pytest.raises(FaceError):
        FontSet((face,)).require(RARE, Typeface.SERIF, "name")
    assert time.process_time() - started < 5


def test_subroutines_that_draw_a_character_are_run():
    face = Face(subroutines(ZIGZAG, levels=2, calls=3), "rare.otf")
    assert face.glyph(RARE).high[2] > 300
    assert len(list(face.outline(RARE))) > 300


def test_an_outline_of_many_parts_is_stopped(rare):
    with pytest.raises(FaceError, match=r"U\+20BBC"):
        list(rare.outline(foundry.CROWDED))


def sized(units, **values):
    """Return a face of another em square and other heights."""

    def change(builder):
        builder.font["head"].unitsPerEm = units
        for name, value in values.items():
            table = builder.font["OS/2" if name == "sCapHeight" else "hhea"]
            setattr(table, name, value)

    return lambda: foundry.truetype(change=change)


def lettered(advance, left):
    """Return a face whose one letter is as wide and begins there, on an em of 1000."""

    def change(builder):
        pen = TTGlyphPen(None)
        pen.moveTo((left, 0))
        pen.lineTo((left, 700))
        pen.lineTo((left + 300, 700))
        pen.closePath()
        builder.font["head"].unitsPerEm = 1000
        builder.font["glyf"]["latin"] = pen.glyph()
        builder.font["glyf"]["latin"].recalcBounds(builder.font["glyf"])
        builder.font["hmtx"].metrics["latin"] = (advance, left)

    return foundry.truetype(change=change)


BEYOND = {
    "an advance of 65 em": (65_535, 0),
    "an advance of a little more than a font can say": (32_768, 32_000),
    "a letter far to the left of its place": (20_000, -16_000),
}


@pytest.mark.parametrize("case", BEYOND)
def test_a_letter_that_a_font_can_not_say_is_refused_before_it_is_drawn(case):
    face = Face(lettered(*BEYOND[case]), "wide.ttf")
    with pytest.raises(FaceError, match=r"wide\.ttf"):
        FontSet((face,)).require(LATIN, Typeface.SERIF, "name")
    with pytest.raises(FaceError):
        fonts.subset(face, LATIN)


def test_the_widest_letter_that_a_font_can_say_is_drawn():
    for advance, left in ((32_767, 0), (32_767, 32_400), (0, -32_700), (0, 0)):
        face = Face(lettered(advance, left), "wide.ttf")
        opened(fonts.subset(face, LATIN))


def fs_type(value):
    def change(builder):
        builder.font["OS/2"].fsType = value

    return lambda: foundry.truetype(change=change)


def without(tag):
    def change(builder):
        del builder.font[tag]

    return lambda: foundry.cff(change=change)


def variable():
    def change(builder):
        builder.setupFvar([("wght", 100, 100, 900, "Weight")], [])

    return foundry.cff(change=change)


def unmapped():
    def change(builder):
        builder.setupCharacterMap({})

    return foundry.cff(change=change)


def collection():
    made, out = TTCollection(), io.BytesIO()
    made.fonts = [TTFont(io.BytesIO(foundry.cff())) for _ in range(2)]
    made.save(out)
    return out.getvalue()


BAD_FACES = {
    "more bytes than any face has": (
        lambda: b"OTTO" + bytes(MAX_FILE_BYTES),
        "more than",
    ),
    "nothing": (lambda: b"", "not an OpenType"),
    "a PDF": (lambda: b"%PDF-1.7\n", "not an OpenType"),
    "a web font": (lambda: b"wOFF" + bytes(100), "not an OpenType"),
    "a collection": (collection, "TTC"),
    "a variable face": (variable, "variable"),
    "a header alone": (lambda: b"OTTO", "damaged"),
    "half of a face": (lambda: foundry.truetype()[:700], "damaged"),
    "a face of bitmaps": (without("CFF "), "no outlines"),
    "a face that does not say whether it may be embedded": (without("OS/2"), "OS/2"),
    "a face that maps nothing": (unmapped, "no character"),
    "an ascent that no font can say": (sized(500, ascent=20_000), "ascent"),
    "a descent that no font can say": (sized(500, descent=-20_000), "descent"),
    "capitals that no font can say": (sized(16, sCapHeight=600), "capitals"),
    "an em of nothing": (sized(0), "damaged"),
    "a face that forbids embedding": (fs_type(0x0002), "embedding"),
    "a face that forbids subsets": (fs_type(0x0100), "subset"),
    "a face of which bitmaps alone may be embedded": (fs_type(0x0200), "subset"),
}


@pytest.mark.parametrize("case", BAD_FACES)
def test_a_file_that_can_not_be_used_is_refused_and_named(case):
    make, reason = BAD_FACES[case]
    with pytest.raises(FaceError) as caught:
        Face(make(), "some.ttf")
    assert reason in caught.value.message.en
    assert "some.ttf" in caught.value.message.en
    assert "some.ttf" in caught.value.message.zh


def test_permission_to_print_and_to_edit_is_enough():
    for value in (0x0004, 0x0008):
        assert Face(fs_type(value)(), "some.ttf").has(RARE)


def test_a_name_that_a_pdf_can_not_hold_is_made_one_that_it_can():
    for name, expected in (("Ra/re (Regular)", "RareRegular"), ("罕用", "Face")):
        assert Face(foundry.cff(name="x", change=renamed(name)), "x").name == expected


def renamed(name):
    def change(builder):
        builder.setupNameTable({"psName": name, "familyName": "Rare"})

    return change


def test_a_font_file_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(FileError, match=r"none\.ttf"):
        fonts.open_face(tmp_path / "none.ttf")
    (tmp_path / "rare.ttf").write_bytes(foundry.truetype())
    assert fonts.open_face(tmp_path / "rare.ttf").has(RARE)


_SMALL = {"TrueType": foundry.truetype(), "CFF": foundry.cff()}


@given(
    st.sampled_from(sorted(_SMALL)),
    st.lists(
        st.tuples(st.integers(0, 5000), st.binary(min_size=1, max_size=4)), max_size=6
    ),
    st.integers(0, 5000),
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_a_face_or_an_error_of_ours(kind, edits, cut):
    data = bytearray(_SMALL[kind])
    for at, put in edits:
        start = at % len(data)
        data[start : start + len(put)] = put
    with contextlib.suppress(FaceError):
        face = Face(bytes(data[: max(len(data) - cut // 10, 12)]), "edited")
        for char in (RARE, COMMON, LATIN):
            with contextlib.suppress(FaceError, KeyError):
                assert face.glyph(char).advance == face.advance(char)
                part = fonts.subset(face, char)
                assert zlib.decompress(part.deflated) == part.data


# Sets of faces.


def test_a_text_is_parted_by_the_faces_that_draw_it(rare, rare_cff):
    faces = FontSet((rare_cff, rare))
    main = fonts.face(Typeface.SERIF)
    text = f"示例{RARE}{RARE}号{LATIN}"
    pieces = faces.pieces(text, Typeface.SERIF)
    assert pieces == (
        (main, "示例"),
        (rare_cff, RARE * 2),
        (main, "号"),
        (rare, LATIN),
    )
    assert "".join(part for _, part in pieces) == text
    assert FontSet((rare, rare_cff)).pieces(RARE, Typeface.SANS) == ((rare, RARE),)


def test_the_main_face_is_asked_first(rare):
    main = fonts.face(Typeface.SANS)
    assert FontSet((rare,)).pieces(COMMON, Typeface.SANS) == ((main, COMMON),)
    assert STANDARD.pieces(COMMON, Typeface.SANS) == ((main, COMMON),)
    assert STANDARD.pieces("", Typeface.SANS) == ()


def test_a_fallback_face_lends_its_widths(rare):
    faces = FontSet((rare,))
    assert faces.advance(RARE, Typeface.SERIF) == 1000
    assert faces.width(RARE + LATIN, Typeface.SERIF, 10) == 16
    with pytest.raises(KeyError):
        STANDARD.width(RARE, Typeface.SERIF, 10)


NOT_SERVED = {
    "an ideograph of half an em": NARROW,
    "an ideograph without an outline": UNDRAWN,
    "a private-use character": foundry.PRIVATE,
    "a letter of a script that stacks": foundry.TIBETAN,
    "a letter that runs from the right and joins": foundry.ARABIC,
    "a mark that is put on another letter": foundry.MARK,
}


@pytest.mark.parametrize("case", NOT_SERVED)
def test_what_would_not_be_drawn_right_is_a_missing_glyph(rare, case):
    char = NOT_SERVED[case]
    faces = FontSet((rare,))
    with pytest.raises(MissingGlyphError) as caught:
        faces.require(f"示{char}", Typeface.SERIF, "name")
    assert (caught.value.field, caught.value.code_point) == ("name", ord(char))


def test_a_reader_without_the_face_counts_an_ideograph_as_one_em(rare):
    reading = STANDARD.for_reading()
    issuing = FontSet((rare,))
    for char in (RARE, "示", "A"):
        ours, theirs = (
            faces.advance(char, Typeface.SANS) for faces in (reading, issuing)
        )
        assert ours == theirs
    assert reading.advance("\U000323b0", Typeface.SANS) == 1000
    reading.require(RARE, Typeface.SERIF, "name")
    with pytest.raises(MissingGlyphError):
        STANDARD.require(RARE, Typeface.SERIF, "name")
    with pytest.raises(MissingGlyphError):
        reading.require(LATIN, Typeface.SERIF, "name")
    with pytest.raises(KeyError):
        FontSet((rare,)).for_reading().pieces("\U000323b0", Typeface.SERIF)
    assert reading.for_reading() is reading
    assert STANDARD.for_reading() is reading


MISSING = {
    "a rare surname of Extension B": ("𠮷", "U+20BB7"),
    "a character of the private use area": ("\ue815", "U+E815"),
    "an emoji": ("\U0001f600", "U+1F600"),
    "a control character": ("\x07", "U+0007"),
    "half of a surrogate pair": ("\ud842", "U+D842"),
}


@pytest.mark.parametrize("case", MISSING)
def test_a_character_that_can_not_be_drawn_is_an_error(case):
    char, name = MISSING[case]
    with pytest.raises(MissingGlyphError) as caught:
        STANDARD.require(f"张{char}", Typeface.SERIF, "principal")
    assert (caught.value.field, caught.value.code_point) == ("principal", ord(char))
    assert name in caught.value.message.en
    assert name in caught.value.message.zh
    assert "张" not in str(caught.value).replace("加装", "")


def test_private_use_is_said_to_be_private_use():
    with pytest.raises(MissingGlyphError) as caught:
        STANDARD.require("\ue815", Typeface.SERIF, "principal")
    assert "private-use" in caught.value.message.en


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_text_either_passes_or_names_its_first_missing_character(text):
    chosen = fonts.face(Typeface.SANS)
    missing = [char for char in text if not chosen.has(char)]
    if not missing:
        STANDARD.require(text, Typeface.SANS, "name")
        assert len(fonts.subset(chosen, text).glyph_ids) == len(set(text))
        return
    with pytest.raises(MissingGlyphError) as caught:
        STANDARD.require(text, Typeface.SANS, "name")
    assert caught.value.code_point == ord(missing[0])


# Threads, processes, and what they keep.


def test_an_outline_that_was_converted_is_not_kept_taken_apart():
    face = Face(serif_path().read_bytes(), "serif")
    characters = list(map(chr, range(0x5000, 0x5100)))
    face.glyphs(list(map(chr, range(0x5100, 0x5500))))  # most subroutines are read
    tracemalloc.start()
    try:
        glyphs = face.glyphs(characters)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    records = sum(len(glyph.record) for glyph in glyphs)
    assert kept < 12 * records  # it is 8; with outlines taken apart it was 21


def test_threads_that_convert_the_same_glyphs_get_the_same():
    face = Face(serif_path().read_bytes(), "serif")
    characters = "".join(map(chr, range(0x5000, 0x5020)))
    found = []

    def convert():
        found.append([face.glyph(char) for char in characters])

    threads = [threading.Thread(target=convert) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for one, other in pairwise(found):
        assert all(ours is theirs for ours, theirs in zip(one, other, strict=True))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_is_forked_amid_a_conversion_can_convert():
    face = fonts.face(Typeface.SERIF)
    face.glyph("一")
    stop = threading.Event()

    def convert():
        for number in range(0x6000, 0x7000):
            if stop.is_set():
                return
            face.glyph(chr(number))

    busy = threading.Thread(target=convert)
    busy.start()
    time.sleep(0.02)
    child = os.fork()
    if child == 0:
        # Nothing of pytest may run here; the exit code tells all.
        done = fonts.subset(face, map(chr, range(0x8000, 0x8010)))
        os._exit(0 if zlib.decompress(done.deflated) == done.data else 1)
    stop.set()
    busy.join()
    deadline = time.monotonic() + 20
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            pytest.fail("the forked process hangs")
        time.sleep(0.01)
    assert os.waitstatus_to_exitcode(ended[1]) == 0
