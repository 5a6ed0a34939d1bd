"""Continuation pages (附页): what did not fit its place goes on here.

Texts and grids follow each other from the top of a page to its foot, each under its
label; a text breaks at the end of a line, a grid between two rows, under its head.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from elicense.errors import TooLongError
from elicense.fonts import Typeface
from elicense.layout.grids import GridSetter
from elicense.layout.overflow import CONTINUED, Rest, RestOfGrid, RestOfText
from elicense.layout.plan import PAPERS
from elicense.layout.primitives import INK, Box, Colour, Line, Run
from elicense.layout.setter import Setter
from elicense.layout.wrap import LEADING, broken

PAPER = "A4"
"""Paper of every continuation page."""
SIZE = PAPERS[PAPER]
MAX_PAGES = 8
"""Pages of a license, fixed ones included."""
BODY = (24.0, 58.0, 162.0, 204.0)
"""Left, top, width and height of what goes on, in millimetres."""
_SIZE = 10.5
_LABEL = 11.0
_BETWEEN = 10.0
"""Points between two values."""
_UNDER_LABEL = 6.0


@dataclass(slots=True)
class Body:
    """What stands in the middle of a continuation page.

    Attributes:
        y: height of the end of what is there, in points.
        lines: rules.
        runs: texts.
    """

    y: float
    lines: list[Line] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)


class Flow:
    """Fills continuation pages with what is left."""

    def __init__(
        self, setter: Setter, grids: Mapping[int, GridSetter], colour: Colour
    ) -> None:
        """Keep what it sets with.

        Args:
            setter: for the paper of a continuation page.
            grids: by their place in the layout.
            colour: of the labels.
        """
        self._setter, self._grids, self._colour = setter, grids, colour
        self._serif = setter.faces.advances(Typeface.SERIF)
        self._box: Box = setter.box(BODY)

    def pages(self, rests: Sequence[Rest]) -> list[Body]:
        """Return the bodies of as many pages as it takes, none where nothing is left.

        Raises:
            TooLongError: one row of a grid is higher than a page, or there are more
                pages than any license has; names the field.
        """
        pages: list[Body] = []
        for rest in rests:
            if isinstance(rest, RestOfText):
                self._text(pages, rest)
            else:
                self._grid(pages, rest)
        return pages

    def _fresh(self, pages: list[Body], field_: str) -> Body:
        """Return a new page."""
        if len(pages) == MAX_PAGES:
            raise TooLongError(field_, 0)
        pages.append(Body(self._box[3]))
        return pages[-1]

    def _with_room(self, pages: list[Body], height: float, field_: str) -> Body:
        """Return the last page, or a new one where that has too little room."""
        if not pages or pages[-1].y - _BETWEEN - height < self._box[1]:
            return self._fresh(pages, field_)
        pages[-1].y -= _BETWEEN
        return pages[-1]

    def _label(self, page: Body, field_: str, text: str) -> None:
        """Put a label on a page."""
        top = page.y
        page.y -= _LABEL + _UNDER_LABEL
        room = (self._box[0], page.y, self._box[2], top)
        run = Run(
            field=f"label:{field_}",
            text=text,
            x=self._box[0],
            y=top - _LABEL,
            size=_LABEL,
            typeface=Typeface.SERIF,
            colour=self._colour,
            stroke=0.3,
            room=room,
        )
        self._setter.measure(run)
        page.runs.append(run)

    def _text(self, pages: list[Body], rest: RestOfText) -> None:
        """Set the end of a text."""
        leading = _SIZE * LEADING
        page = self._with_room(pages, _LABEL + _UNDER_LABEL + 2 * leading, rest.field)
        label = rest.label + (CONTINUED if rest.begun else "")
        self._label(page, rest.field, label)
        width = self._box[2] - self._box[0]
        for line in broken(rest.text, self._serif, width, _SIZE):
            if page.y - leading < self._box[1]:
                page = self._fresh(pages, rest.field)
                self._label(page, rest.field, rest.label + CONTINUED)
            top = page.y
            page.y -= leading
            room = (self._box[0], page.y, self._box[2], top)
            page.runs.append(
                Run(
                    rest.field,
                    line,
                    self._box[0],
                    top - _SIZE,
                    _SIZE,
                    Typeface.SERIF,
                    INK,
                    room=room,
                )
            )

    def _grid(self, pages: list[Body], rest: RestOfGrid) -> None:
        """Set the last rows of a grid."""
        grid = self._grids[rest.grid]
        size = max(grid.grid.size, grid.grid.floor)
        rows, begun = rest.rows, rest.begun
        field_ = grid.grid.field
        room = _LABEL + _UNDER_LABEL + 6 * size * LEADING
        page = self._with_room(pages, room, field_)
        while rows:
            label = grid.label + (CONTINUED if begun else "")
            self._label(page, field_, label)
            area = (self._box[0], self._box[1], self._box[2], page.y)
            placed = grid.place(rows, area, size, more=False)
            if len(placed.left_over) == len(rows):
                if page.y < self._box[3] - _LABEL - _UNDER_LABEL - 1:
                    page.runs.pop()
                    page = self._fresh(pages, field_)
                    continue
                raise TooLongError(field_, 0)
            page.lines += placed.lines
            page.runs += placed.runs
            page.y = placed.bottom
            rows, begun = placed.left_over, True
            if rows:
                page = self._fresh(pages, field_)
