"""TrueType faces for the peer, which cannot embed the CFF faces that we have.

Made once, before anything is measured, with the glyphs that its pages need: a whole
face would be opened no differently, and embedded in part as this one is.
"""

import io
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

EM = 1000


def truetype(path: Path, characters: str) -> bytes:
    """Return a TrueType face with some characters of a CFF face.

    Args:
        path: the CFF face, of an em of 1000.
        characters: what it has to hold; those without a glyph are left out.
    """
    source = TTFont(path, lazy=True)
    drawings, names = source.getGlyphSet(), source.getBestCmap()
    wanted = {ord(char): names[ord(char)] for char in characters if ord(char) in names}
    order = [".notdef", *sorted(set(wanted.values()) - {".notdef"})]
    outlines, metrics = {}, {}
    for name in order:
        pen = TTGlyphPen(None)
        drawings[name].draw(Cu2QuPen(pen, 1.0, reverse_direction=True))
        outlines[name] = pen.glyph()
        metrics[name] = (source["hmtx"][name][0], 0)
    built = FontBuilder(EM, isTTF=True)
    built.setupGlyphOrder(order)
    built.setupCharacterMap(wanted)
    built.setupGlyf(outlines)
    sides = {name: built.font["glyf"][name] for name in order}
    built.setupHorizontalMetrics(
        {name: (metrics[name][0], getattr(sides[name], "xMin", 0)) for name in order}
    )
    hhea = source["hhea"]
    built.setupHorizontalHeader(ascent=hhea.ascent, descent=hhea.descent)
    family = path.stem.replace("-", "")
    built.setupNameTable(
        {"familyName": family, "styleName": "Regular", "psName": family}
    )
    built.setupOS2(sTypoAscender=hhea.ascent, sTypoDescender=hhea.descent)
    built.setupPost()
    out = io.BytesIO()
    built.save(out)
    return out.getvalue()
