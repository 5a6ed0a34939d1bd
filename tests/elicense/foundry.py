"""Small faces for tests, built glyph by glyph; every one is a valid font file."""

import io

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen

RARE = "\U00020bb7"
"""A surname that the built-in faces lack: a composite glyph here."""
NARROW = "\U00020bb8"
"""An ideograph of half an em, against the rule of ideographs."""
UNDRAWN = "\U00020bb9"
"""An ideograph that is mapped to an empty outline."""
NOTDEF = "\U00020bba"
"""An ideograph that is mapped to glyph 0."""
CROWDED = "\U00020bbc"
"""An ideograph of 10,000 points."""
ENDLESS = "\U00020bbb"
"""A composite glyph that is a part of itself."""
COMMON = "一"
"""An ideograph that the built-in faces have too."""
LATIN = "\u1e9f"
"""A letter that the built-in faces lack, of 600 of 1000 units."""
PRIVATE = "\ue815"
TIBETAN = "\u0f40"
ARABIC = "\u0628"
MARK = "\u0f71"

EM = 2048
_WIDTHS = {NARROW: EM // 2, LATIN: EM * 600 // 1000}


def _box(pen, left, bottom, right, top):
    pen.moveTo((left, bottom))
    pen.lineTo((left, top))
    pen.lineTo((right, top))
    pen.lineTo((right, bottom))
    pen.closePath()


def _glyphs():
    """Return the glyphs by name: a stem, a bowl and what is made of them."""
    glyphs = {".notdef": TTGlyphPen(None).glyph()}
    pen = TTGlyphPen(None)
    _box(pen, 205, 0, 410, 1638)
    glyphs["stem"] = pen.glyph()
    pen = TTGlyphPen(None)
    pen.moveTo((1024, 0))
    pen.qCurveTo((512, 0), (512, 512), (512, 1024), (1024, 1024))
    pen.qCurveTo((1536, 1024), (1536, 512), (1536, 0), (1024, 0))
    pen.closePath()
    glyphs["bowl"] = pen.glyph()
    pen = TTGlyphPen({"stem": None, "bowl": None})
    pen.addComponent("stem", (1, 0, 0, 1, 0, 0))
    pen.addComponent("bowl", (0.5, 0, 0, 0.5, 800, 200))
    glyphs["rare"] = pen.glyph()
    pen = TTGlyphPen({"rare": None})
    pen.addComponent("rare", (1, 0, 0, 1, 0, 100))
    glyphs["nested"] = pen.glyph()
    pen = TTGlyphPen({"endless": None})
    pen.addComponent("endless", (1, 0, 0, 1, 0, 0))
    glyphs["endless"] = pen.glyph()
    pen = TTGlyphPen(None)
    for step in range(2500):
        _box(pen, step % 50, step, step % 50 + 9, step + 9)
    glyphs["crowded"] = pen.glyph()
    glyphs["undrawn"] = TTGlyphPen(None).glyph()
    glyphs["narrow"] = glyphs["latin"] = glyphs["stem"]
    return glyphs


_MAP = {
    RARE: "rare",
    NARROW: "narrow",
    UNDRAWN: "undrawn",
    NOTDEF: ".notdef",
    ENDLESS: "endless",
    CROWDED: "crowded",
    COMMON: "nested",
    LATIN: "latin",
    PRIVATE: "stem",
    TIBETAN: "stem",
    ARABIC: "stem",
    MARK: "stem",
}


def truetype(name="Rare-Regular", *, change=None):
    """Return a TrueType face with composite glyphs on an em of 2048.

    Args:
        name: PostScript name.
        change: called with the builder before the font is written.
    """
    glyphs = _glyphs()
    builder = FontBuilder(EM, isTTF=True)
    builder.setupGlyphOrder([".notdef", *(g for g in glyphs if g != ".notdef")])
    builder.setupCharacterMap({ord(char): glyph for char, glyph in _MAP.items()})
    builder.setupGlyf(glyphs, calcGlyphBounds=False)
    table = builder.font["glyf"]
    for glyph in glyphs.values():
        if glyph is not glyphs["endless"]:
            glyph.recalcBounds(table)
        else:
            glyph.xMin = glyph.yMin = glyph.xMax = glyph.yMax = 0
    widths = {_MAP[char]: width for char, width in _WIDTHS.items()}
    builder.setupHorizontalMetrics(
        {glyph: (widths.get(glyph, EM), glyphs[glyph].xMin) for glyph in glyphs}
    )
    _finish(builder, name, change)
    builder.font.recalcBBoxes = False
    return _saved(builder)


def cff(name="RareCff-Regular", chars=RARE, *, change=None):
    """Return a face with CFF outlines on an em of 1000: a disc for each character."""
    builder = FontBuilder(1000, isTTF=False)
    names = [f"disc{i}" for i in range(len(chars))]
    builder.setupGlyphOrder([".notdef", *names])
    builder.setupCharacterMap({ord(c): n for c, n in zip(chars, names, strict=True)})
    pen = T2CharStringPen(1000, None)
    pen.moveTo((900, 400))
    pen.curveTo((900, 621), (721, 800), (500, 800))
    pen.curveTo((279, 800), (100, 621), (100, 400))
    pen.curveTo((100, 179), (279, 0), (500, 0))
    pen.curveTo((721, 0), (900, 179), (900, 400))
    pen.closePath()
    disc, empty = pen.getCharString(), T2CharStringPen(1000, None).getCharString()
    builder.setupCFF(
        name, {"FullName": name}, {".notdef": empty, **dict.fromkeys(names, disc)}, {}
    )
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names], (1000, 100)))
    _finish(builder, name, change)
    return _saved(builder)


def _finish(builder, name, change):
    builder.setupHorizontalHeader(ascent=1802, descent=-246)
    builder.setupNameTable({"psName": name, "familyName": "Rare"})
    builder.setupOS2(sCapHeight=1434, fsType=0)
    builder.setupPost()
    if change is not None:
        change(builder)


def _saved(builder):
    out = io.BytesIO()
    builder.font.save(out)
    return out.getvalue()
