"""Sets single lines of text into boxes."""

from elicense.errors import MissingGlyphError, TooLongError
from elicense.fonts import EM, FontSet, Typeface
from elicense.layout.plan import Row
from elicense.layout.primitives import POINTS_PER_MM, Box, Colour, Run
from elicense.layout.table import Millimetres

NARROWEST = 0.6
"""Smallest horizontal scale of a line that stands alone."""
SHRUNK = 0.7
"""Smallest part of its type size that such a line is set in."""
MIDDLE = 0.38
"""Middle of an ideograph over the baseline, in parts of the type size."""


class Setter:
    """Sets lines with the faces at hand."""

    def __init__(self, height: float, faces: FontSet) -> None:
        """Keep the height of the page, in millimetres, and the faces."""
        self.height, self.faces = height, faces

    def box(self, place: Millimetres) -> Box:
        """Return a box of a layout table in points, y upwards.

        Args:
            place: left, top, width and height in millimetres.
        """
        left, top, wide, high = place
        bottom = self.height - top - high
        return (
            left * POINTS_PER_MM,
            bottom * POINTS_PER_MM,
            (left + wide) * POINTS_PER_MM,
            (bottom + high) * POINTS_PER_MM,
        )

    def measure(self, run: Run) -> float:
        """Return the natural width of a run in points, without extra spacing.

        Raises:
            MissingGlyphError: a character has no glyph; names the field.
        """
        advances = self.faces.advances(run.typeface)
        try:
            total = sum(map(advances.__getitem__, run.text))
        except KeyError as err:
            raise MissingGlyphError(run.field, ord(err.args[0])) from err
        return total * run.size / EM

    def centred(self, run: Run, box: Box) -> Run:
        """Return a run moved into the middle of a box, made smaller where it must be.

        First the extra spacing goes, then the type shrinks to 70 %, then the characters
        are narrowed to 60 %.

        Args:
            run: at any place.
            box: in points.

        Raises:
            MissingGlyphError: a character has no glyph; names the field.
            TooLongError: the run is still too wide.
        """
        bare = self.measure(run)
        room = box[2] - box[0]
        count = len(run.text)
        spacing = min(run.spacing, max(0.0, (room - bare) / max(1, count - 1)))
        shrink = max(SHRUNK, min(1.0, room / bare))
        natural = bare * shrink + spacing * (count - 1)
        stretch = min(1.0, room / natural)
        if stretch < NARROWEST:
            raise TooLongError(run.field, int(count * stretch / NARROWEST))
        return Run(
            field=run.field,
            text=run.text,
            x=(box[0] + box[2] - natural * stretch) / 2,
            y=(box[1] + box[3]) / 2 - run.size * shrink * MIDDLE,
            size=run.size * shrink,
            typeface=run.typeface,
            colour=run.colour,
            spacing=spacing,
            stretch=stretch,
            stroke=run.stroke,
            room=box,
        )

    def label(self, text: str, row: Row, field: str, colour: Colour) -> Run:
        """Return a label spread to the width of its column (姓　名), at no place yet.

        Args:
            text: the label.
            row: whose label.
            field: key of the row's field.
            colour: of the text.

        Raises:
            MissingGlyphError: a character has no glyph; names the field.
        """
        size = min(row.size, row.label_size)
        bare = Run(f"label:{field}", text, 0.0, 0.0, size, Typeface.SERIF, colour)
        room, natural = row.label_width * POINTS_PER_MM, self.measure(bare)
        slack = (room - natural) / (len(text) - 1) if len(text) > 1 else 0.0
        return Run(
            field=bare.field,
            text=text,
            x=0.0,
            y=0.0,
            size=size,
            typeface=Typeface.SERIF,
            colour=colour,
            spacing=max(0.0, slack),
            stretch=min(1.0, room / natural),
            stroke=0.3,
        )
