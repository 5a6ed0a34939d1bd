"""Outlines of characters, from the faces of the font package."""

import functools
import io
from collections.abc import Iterator

import pylopdf_fonts_zh_cn
from fontTools.misc.transform import Transform
from fontTools.pens.recordingPen import RecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

EM = 1000.0
"""Units of the faces' em square."""
MIDDLE = 380.0
"""Height of the middle of the ideographic em box over the baseline, in these units."""
DIGIT_MIDDLE = 366.0
"""Height of the middle of a digit of the sans face over the baseline."""
DIGIT_HEIGHT = 733.0
"""Height of a digit of the sans face."""

Segment = tuple[str, tuple[tuple[float, float], ...]]
"""``moveTo``, ``lineTo``, ``curveTo`` or ``closePath``, and its points."""


def advance(char: str, *, sans: bool = False) -> float:
    """Return the advance width of a character in units of the em square.

    Raises:
        ValueError: the face has no glyph for it.
    """
    return float(_font(sans=sans)["hmtx"][_name_of(char, sans=sans)][0])


def outline(char: str, place: Transform, *, sans: bool = False) -> Iterator[Segment]:
    """Yield the outline of one character, transformed.

    Args:
        char: one character.
        place: from the em square to millimetres.
        sans: whether it is drawn in the face without serifs, as numbers are.

    Raises:
        ValueError: the face has no glyph for it.
    """
    pen = RecordingPen()
    glyphs = _font(sans=sans).getGlyphSet()
    glyphs[_name_of(char, sans=sans)].draw(TransformPen(pen, place))
    for kind, points in pen.value:
        yield ("closePath" if kind == "endPath" else kind), tuple(points)


@functools.cache
def _font(*, sans: bool) -> TTFont:
    """Open a face of the font package, once in a process."""
    path = pylopdf_fonts_zh_cn.sans_path if sans else pylopdf_fonts_zh_cn.serif_path
    return TTFont(io.BytesIO(path().read_bytes()), lazy=True)


def _name_of(char: str, *, sans: bool) -> str:
    name = _font(sans=sans).getBestCmap().get(ord(char))
    if name is None:
        raise ValueError(f"the seal's face has no glyph for U+{ord(char):04X}")
    return str(name)
