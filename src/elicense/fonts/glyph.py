"""One glyph as TrueType outlines on an em of 1000, with all that a subset needs of it.

What is kept with a glyph is what would otherwise be made again for every page, such as
its checksum.
"""

import struct
from dataclasses import dataclass
from typing import Protocol

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

_CURVE_ERROR = 1.0
"""Largest distance, in units of the em, between a cubic curve and ours."""

Segment = tuple[str, tuple[tuple[float, float], ...]]
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


class _Flattening(DecomposingRecordingPen):  # type: ignore[misc]  # no types
    """Records an outline with the parts of composite glyphs drawn in their places."""

    parts = 0

    def addComponent(  # noqa: N802  fontTools' name
        self,
        glyphName: str,  # noqa: N803  fontTools' name
        transformation: Transformation,
    ) -> None:
        """Draw a part; a glyph that is a part of itself ends here.

        Raises:
            ValueError: the glyph has more parts than any character.
        """
        self.parts += 1
        if self.parts > MAX_COMPONENTS:
            raise ValueError(f"a glyph has more than {MAX_COMPONENTS} parts")
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
        ValueError: the outline has more points than any character.
        Exception: what fontTools raises for a damaged glyph.
    """
    drawn = _Flattening(glyphs)
    glyphs[name].draw(drawn)
    if sum(len(points) for _, points in drawn.value) > MAX_POINTS:
        raise ValueError(f"a glyph has more than {MAX_POINTS} points")
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
    if made.numberOfContours == 0:
        return blank(advance)
    record = made.compile(None)
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


class CubicPen(BasePen):  # type: ignore[misc]  # no types
    """Records an outline as lines and cubic curves on an em of 1000."""

    def __init__(self, glyphs: Outlines, units: int) -> None:
        """Begin with no segments.

        Args:
            glyphs: glyphs of the face, for the parts of composite ones.
            units: units of the face's em square.
        """
        super().__init__(glyphs)
        self.segments: list[Segment] = []
        self._scale = EM / units

    def _add(self, kind: str, *points: tuple[float, float]) -> None:
        scale = self._scale
        self.segments.append((kind, tuple((x * scale, y * scale) for x, y in points)))

    def _moveTo(self, pt: tuple[float, float]) -> None:  # noqa: N802  fontTools' name
        self._add("moveTo", pt)

    def _lineTo(self, pt: tuple[float, float]) -> None:  # noqa: N802  fontTools' name
        self._add("lineTo", pt)

    def _curveToOne(  # noqa: N802  fontTools' name
        self,
        pt1: tuple[float, float],
        pt2: tuple[float, float],
        pt3: tuple[float, float],
    ) -> None:
        self._add("curveTo", pt1, pt2, pt3)

    def _closePath(self) -> None:  # noqa: N802  fontTools' name
        self._add("closePath")

    _endPath = _closePath  # noqa: N815  fontTools' name; an outline is always closed
