"""One glyph as TrueType outlines on an em of 1000, with all that a subset needs of it.

What is kept with a glyph is what would otherwise be made again for every page, such as
its checksum.
"""

import copy
import functools
import struct
from dataclasses import dataclass
from typing import Protocol

from fontTools.misc.psCharStrings import T2CharString, T2OutlineExtractor
from fontTools.misc.roundTools import otRound
from fontTools.pens.basePen import BasePen
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen

EM = 1000
"""Units of the em square of every glyph, whatever its face has."""
MAX_POINTS = 8_000
"""Points of one outline; the richest ideographs of Noto have fewer than 300."""
MAX_COMPONENTS = 64
"""Parts of a composite glyph, those of its parts included."""
MAX_STEPS = 1 << 17
"""Bytes of CFF charstrings that one glyph may run, those of subroutines each time; the
richest ideographs of Noto run some 2,000."""
MAX_LENGTH = 32_767
"""Greatest length in units of the em that the tables of a font hold (OpenType 1.9, the
types FWORD of hhea and glyf)."""

_MOST_POINTS = 0xFFFF  # that the table maxp can say
_CURVE_ERROR = 1.0
"""Largest distance, in units of the em, between a cubic curve and ours."""

Point = tuple[float, float]
Segment = tuple[str, tuple[Point, ...]]
Transformation = tuple[float, float, float, float, float, float]


class Outline(Protocol):
    """One glyph of a face, as fontTools draws it."""

    width: float

    def draw(self, pen: object) -> None:
        """Draw the outline with a pen."""


class Outlines(Protocol):
    """The glyphs of a face by name (fontTools' glyph set)."""

    def __getitem__(self, name: str) -> Outline:
        """Return a glyph."""


class _Limited:
    """The glyphs of a face while one of them is drawn: what that may cost is bounded.

    A few hundred bytes of nested subroutines, or of nested parts, can ask for more
    points than a machine holds.
    """

    def __init__(self, glyphs: Outlines) -> None:
        self._glyphs = glyphs
        self._steps, self._parts, self._points = MAX_STEPS, MAX_COMPONENTS, MAX_POINTS

    def __getitem__(self, name: str) -> Outline:
        """Return a glyph that is drawn within the limits."""
        strings = getattr(self._glyphs, "charStrings", None)
        if strings is None:
            return self._glyphs[name]
        # Of CFF, whose interpreter has no limit of its own. Drawing takes a charstring
        # apart and keeps the parts, ten times its size, so what is drawn is a copy.
        string = copy.copy(strings[name])
        string.outlineExtractor = functools.partial(_Extractor, self)
        drawn: Outline = string
        return drawn

    def run(self, steps: int) -> None:
        self._steps -= steps
        if self._steps < 0:
            raise ValueError(f"a glyph runs more than {MAX_STEPS} bytes of operators")

    def part(self) -> None:
        self._parts -= 1
        if self._parts < 0:
            raise ValueError(f"a glyph has more than {MAX_COMPONENTS} parts")

    def points(self, count: int) -> None:
        self._points -= count
        if self._points < 0:
            raise ValueError(f"a glyph has more than {MAX_POINTS} points")


class _Extractor(T2OutlineExtractor):  # type: ignore[misc]  # no types
    """Runs charstrings, with what they run counted against the limit of a glyph."""

    def __init__(self, limits: _Limited, *arguments: object) -> None:
        super().__init__(*arguments)
        self._limits = limits

    def execute(self, charString: T2CharString) -> None:  # noqa: N803  fontTools' name
        """Run a charstring or a subroutine; one step more than it has bytes."""
        code = (
            charString.program if charString.bytecode is None else charString.bytecode
        )
        self._limits.run(1 + len(code))
        super().execute(charString)


class _Flattening(DecomposingRecordingPen):  # type: ignore[misc]  # no types
    """Records an outline with the parts of composite glyphs drawn in their places."""

    def __init__(self, glyphs: _Limited) -> None:
        super().__init__(glyphs)
        self._limits = glyphs

    def moveTo(self, p0: Point) -> None:  # noqa: N802  fontTools' name
        self._limits.points(1)
        super().moveTo(p0)

    def lineTo(self, p1: Point) -> None:  # noqa: N802  fontTools' name
        self._limits.points(1)
        super().lineTo(p1)

    def curveTo(self, *points: Point) -> None:  # noqa: N802  fontTools' name
        self._limits.points(len(points))
        super().curveTo(*points)

    def qCurveTo(self, *points: Point | None) -> None:  # noqa: N802  fontTools' name
        self._limits.points(len(points))
        super().qCurveTo(*points)

    def addComponent(  # noqa: N802  fontTools' name
        self,
        glyphName: str,  # noqa: N803  fontTools' name
        transformation: Transformation,
    ) -> None:
        """Draw a part; a glyph that is a part of itself ends here.

        Raises:
            ValueError: the glyph has more parts than any character.
        """
        self._limits.part()
        super().addComponent(glyphName, transformation)


@dataclass(frozen=True, slots=True)
class Glyph:
    """One TrueType glyph: its record and what the tables of a font need of it.

    Attributes:
        record: the glyf record, padded to four bytes; empty for a blank glyph.
        advance: advance width in units of the em.
        low: x_min, y_min and the right side bearing in units of the em.
        high: x_max and y_max in units of the em, numbers of points and of contours.
        checksum: sum of the 32-bit words of the record.
        metric: the glyph's line of the table hmtx, as a number of 32 bits.
    """

    record: bytes
    advance: int
    low: tuple[int, int, int]
    high: tuple[int, int, int, int]
    checksum: int
    metric: int


def blank(advance: int) -> Glyph:
    """Return a glyph without an outline.

    Args:
        advance: advance width in units of the em.
    """
    return Glyph(b"", advance, (0, 0, 0), (0, 0, 0, 0), 0, advance << 16)


def convert(glyphs: Outlines, name: str, units: int, *, cubic: bool) -> Glyph:
    """Convert one glyph of a face; composites become plain outlines, hints go.

    Args:
        glyphs: glyphs of the face.
        name: which one.
        units: units of the face's em square.
        cubic: the face has CFF outlines, whose contours run the other way round.

    Raises:
        ValueError: the outline has more points than any character, takes too long, or
            is larger or wider than the tables of a font can say.
        Exception: what fontTools raises for a damaged glyph.
    """
    limited = _Limited(glyphs)
    drawn = _Flattening(limited)
    limited[name].draw(drawn)
    pen = TTGlyphPen(None)
    scale = EM / units
    drawn.replay(
        TransformPen(
            Cu2QuPen(pen, _CURVE_ERROR, reverse_direction=True) if cubic else pen,
            (scale, 0, 0, scale, 0, 0),
        )
    )
    made = pen.glyph()
    advance = otRound(glyphs[name].width * scale)
    _check_length(advance)
    if made.numberOfContours == 0:
        return blank(advance)
    if len(made.coordinates) > _MOST_POINTS:
        raise ValueError(f"a glyph has more than {_MOST_POINTS} points")
    record = made.compile(None)
    _check_length(advance - made.xMax)
    record += bytes(-len(record) % 4)
    words = struct.unpack(f">{len(record) // 4}I", record)
    return Glyph(
        record=record,
        advance=advance,
        low=(made.xMin, made.yMin, advance - made.xMax),
        high=(made.xMax, made.yMax, len(made.coordinates), made.numberOfContours),
        checksum=sum(words) & 0xFFFFFFFF,
        metric=advance << 16 | made.xMin & 0xFFFF,
    )


def _check_length(value: int) -> None:
    """Refuse a length that the tables of a font can not say."""
    if not -MAX_LENGTH <= value <= MAX_LENGTH:
        raise ValueError(f"a glyph has a length of more than {MAX_LENGTH}")


class CubicPen(BasePen):  # type: ignore[misc]  # no types
    """Records an outline as lines and cubic curves on an em of 1000.

    Attributes:
        glyphs: the face's, to draw one of them from within the limits.
        segments: what was drawn.
    """

    def __init__(self, glyphs: Outlines, units: int) -> None:
        """Begin with no segments.

        Args:
            glyphs: glyphs of the face, for the parts of composite ones.
            units: units of the face's em square.
        """
        self.glyphs = _Limited(glyphs)
        super().__init__(self.glyphs)
        self.segments: list[Segment] = []
        self._scale = EM / units

    def addComponent(  # noqa: N802  fontTools' name
        self,
        glyphName: str,  # noqa: N803  fontTools' name
        transformation: Transformation,
    ) -> None:
        """Draw a part; a glyph that is a part of itself ends here.

        Raises:
            ValueError: the glyph has more parts than any character.
        """
        self.glyphs.part()
        super().addComponent(glyphName, transformation)

    def _add(self, kind: str, *points: Point) -> None:
        self.glyphs.points(len(points))
        scale = self._scale
        self.segments.append((kind, tuple((x * scale, y * scale) for x, y in points)))

    def _moveTo(self, pt: Point) -> None:  # noqa: N802  fontTools' name
        self._add("moveTo", pt)

    def _lineTo(self, pt: Point) -> None:  # noqa: N802  fontTools' name
        self._add("lineTo", pt)

    def _curveToOne(self, pt1: Point, pt2: Point, pt3: Point) -> None:  # noqa: N802  fontTools' name
        self._add("curveTo", pt1, pt2, pt3)

    def _closePath(self) -> None:  # noqa: N802  fontTools' name
        self._add("closePath")

    _endPath = _closePath  # noqa: N815  fontTools' name; an outline is always closed
