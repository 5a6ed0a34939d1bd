"""Fields of rows, set as tables with a head and fine rules."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from elicense.catalog import LicenseType
from elicense.errors import CatalogError, MissingGlyphError
from elicense.fonts import Typeface
from elicense.layout import values
from elicense.layout.overflow import GOES_ON, SEE_BELOW, RestOfGrid
from elicense.layout.plan import Plan
from elicense.layout.primitives import INK, Box, Line, Run
from elicense.layout.setter import MIDDLE, Setter
from elicense.layout.wrap import LEADING, STEP, broken
from elicense.model import License, Text

Row = Mapping[str, str]
_AIR = 2.6
"""Points between a text and the rules left and right of it."""
_ABOVE = 4.0
"""Points over and under the lines of a row, together."""
_RULE = 0.5
"""Width of a rule in points."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: key, head, how its values are printed, its share of the width."""

    key: str
    head: str
    told: Callable[[str], str]
    share: float


@dataclass(slots=True)
class Placed:
    """A grid, or a part of one, on a page.

    Attributes:
        bottom: height of its lower edge in points.
        left_over: rows that there was no room for.
        lines: its rules.
        runs: its texts.
    """

    bottom: float
    left_over: tuple[Row, ...] = ()
    lines: list[Line] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _SetRow:
    """A row broken into lines: of each cell, in the order of the columns."""

    cells: tuple[tuple[str, ...], ...]
    height: float


class GridSetter:
    """Sets one grid of a presentation."""

    def __init__(
        self, index: int, license_type: LicenseType, plan: Plan, setter: Setter
    ) -> None:
        """Work out what the type alone decides.

        Args:
            index: of the grid in the layout.
            license_type: whose field it shows.
            plan: the layout.
            setter: sets its texts.

        Raises:
            CatalogError: the layout names a field or a column that the type has not.
        """
        self.index, self.grid = index, plan.grids[index]
        self._theme, self._setter = plan.theme, setter
        self._serif = setter.faces.advances(Typeface.SERIF)
        rule = values.field_of(self.grid.field, license_type)
        self.label = self.grid.label or rule.label.zh
        total = sum(column.width for column in self.grid.columns)
        self._columns = tuple(
            _Column(
                column.key,
                column.label or found.label.zh,
                values.styled(found, plan.dates),
                column.width / total,
            )
            for column in self.grid.columns
            for found in [values.column_of(rule, column.key, license_type)]
        )
        self._check_room(license_type)

    def _check_room(self, license_type: LicenseType) -> None:
        """Refuse a box without room for a head and a row."""
        _, bottom, _, top = self._box()
        if top - bottom < 2 * (self.grid.floor * LEADING + _ABOVE):
            place = f"tables: fields.{self.grid.field}"
            raise CatalogError(
                Text(
                    f"证照类型 {license_type.name} 的版式表中 {place} 放不下一行",
                    f"type {license_type.name}: {place} has no room for a row",
                )
            )

    def _box(self) -> Box:
        """Return the place of the grid without its label."""
        left, bottom, right, top = self._setter.box(self.grid.box)
        above = self.grid.size * LEADING + _ABOVE if self.grid.label else 0.0
        return (left, bottom, right, top - above)

    def fill(self, license_: License) -> tuple[Placed, RestOfGrid | None]:
        """Return the grid on its page, and what goes on elsewhere.

        Raises:
            MissingGlyphError: no face has a glyph for a character; names the field.
        """
        rows = values.rows_of(license_, self.grid.field)
        area = self._box()
        if not rows and not self.grid.blank:
            return Placed(area[1]), None
        size = self.grid.size
        while size > self.grid.floor and self._height(rows, area, size) > (
            area[3] - area[1]
        ):
            size = max(self.grid.floor, size - STEP)
        placed = self.place(rows, area, size, more=True)
        if self.grid.label:
            placed.runs.insert(0, self._heading())
        if self.grid.blank and not placed.left_over:
            self._fill_up(placed, area, size)
        rest = placed.left_over
        if not rest:
            return placed, None
        begun = len(rest) < len(rows)
        return placed, RestOfGrid(self.grid.field, self.index, rest, begun)

    def _heading(self) -> Run:
        """Return the label over the grid."""
        left, _, right, top = self._setter.box(self.grid.box)
        bottom = self._box()[3]
        label = self._text(self.grid.label, (left, bottom, right, top), self.grid.size)
        run = replace(label, field=f"label:{self.grid.field}")
        return replace(run, colour=self._theme.frame, stroke=0.3, x=left)

    def place(
        self, rows: Sequence[Row], area: Box, size: float, *, more: bool
    ) -> Placed:
        """Return as many rows as fit, under the head.

        Args:
            rows: to be set.
            area: the room for them in points; they begin at its top.
            size: of the type in points.
            more: a last line says that the grid goes on, where it does.

        Raises:
            MissingGlyphError: no face has a glyph for a character; names the field.
        """
        head = self._head(area, size)
        room = area[3] - area[1] - head.height
        set_rows = [self._row(row, area, size) for row in rows]
        line = size * LEADING + _ABOVE
        taken = _fitting(set_rows, room, line if more else 0.0)
        left_over = tuple(rows[taken:])
        placed = Placed(area[3], left_over)
        self._add(placed, head, area, size, is_head=True)
        for set_row in set_rows[:taken]:
            self._add(placed, set_row, area, size, is_head=False)
        placed.lines += self._verticals(area, area[3], placed.bottom)
        if left_over and more:
            placed.lines.append(self._rule(area, placed.bottom))
            bottom = placed.bottom - line
            note = self._text(
                GOES_ON if taken else SEE_BELOW,
                (area[0], bottom, area[2], placed.bottom),
                size,
            )
            placed.runs.append(replace(note, x=area[0] + _AIR))
            placed.lines += (
                self._vertical(x, placed.bottom, bottom) for x in (area[0], area[2])
            )
            placed.bottom = bottom
        placed.lines.append(self._rule(area, placed.bottom))
        return placed

    def _height(self, rows: Sequence[Row], area: Box, size: float) -> float:
        """Return how high a head and all rows are."""
        head = self._head(area, size).height
        return head + sum(self._row(row, area, size).height for row in rows)

    def _head(self, area: Box, size: float) -> _SetRow:
        return self._set([column.head for column in self._columns], area, size)

    def _row(self, row: Row, area: Box, size: float) -> _SetRow:
        texts = [
            column.told(row[column.key]) if column.key in row else ""
            for column in self._columns
        ]
        return self._set(texts, area, size)

    def _set(self, texts: Sequence[str], area: Box, size: float) -> _SetRow:
        """Return texts broken to the widths of their columns."""
        try:
            cells = tuple(
                broken(text, self._serif, right - left - 2 * _AIR, size)
                for text, (left, right) in zip(texts, self._edges(area), strict=True)
            )
        except KeyError as err:
            raise MissingGlyphError(self.grid.field, ord(err.args[0])) from err
        most = max(map(len, cells))
        return _SetRow(cells, most * size * LEADING + _ABOVE)

    def _edges(self, area: Box) -> Iterator[tuple[float, float]]:
        """Yield the left and right edges of the columns."""
        left, width = area[0], area[2] - area[0]
        for column in self._columns:
            yield left, left + width * column.share
            left += width * column.share

    def _add(
        self, placed: Placed, row: _SetRow, area: Box, size: float, *, is_head: bool
    ) -> None:
        """Add a row at the lower edge of what is placed."""
        top, bottom = placed.bottom, placed.bottom - row.height
        placed.lines.append(self._rule(area, top))
        for lines, (left, right) in zip(row.cells, self._edges(area), strict=True):
            box = (left, bottom, right, top)
            placed.runs += self._cell(lines, box, size, is_head=is_head)
        placed.bottom = bottom

    def _cell(
        self, lines: tuple[str, ...], box: Box, size: float, *, is_head: bool
    ) -> Iterator[Run]:
        """Yield the lines of a cell, in its middle; a head is centred."""
        leading = size * LEADING
        middle = (box[1] + box[3]) / 2 - size * MIDDLE
        first = middle + leading * (len(lines) - 1) / 2
        for index, text in enumerate(lines):
            if not text:
                continue
            run = replace(self._text(text, box, size), y=first - index * leading)
            if is_head:
                wide = self._setter.measure(run)
                x = max(box[0] + _AIR, (box[0] + box[2] - wide) / 2)
                yield replace(
                    run,
                    field=f"label:{self.grid.field}",
                    x=x,
                    colour=self._theme.frame,
                    stroke=0.25,
                )
            else:
                yield run

    def _text(self, text: str, box: Box, size: float) -> Run:
        """Return a line of text in the middle of a box, at its left edge."""
        y = (box[1] + box[3]) / 2 - size * MIDDLE
        x = box[0] + _AIR
        face = Typeface.SERIF
        return Run(self.grid.field, text, x, y, size, face, INK, room=box)

    @property
    def _line(self) -> tuple[int, int, int]:
        return self._theme.frame

    def _rule(self, area: Box, height: float) -> Line:
        """Return a rule across the grid."""
        return Line((area[0], height), (area[2], height), _RULE, self._line)

    def _verticals(self, area: Box, top: float, bottom: float) -> Iterator[Line]:
        """Yield the rules left and right of all columns."""
        for left, _ in self._edges(area):
            yield self._vertical(left, top, bottom)
        yield self._vertical(area[2], top, bottom)

    def _vertical(self, x: float, top: float, bottom: float) -> Line:
        """Return a rule down the grid."""
        return Line((x, bottom), (x, top), _RULE, self._line)

    def _fill_up(self, placed: Placed, area: Box, size: float) -> None:
        """Draw empty rows to the end of the box."""
        step = size * LEADING + _ABOVE
        top = placed.bottom
        while placed.bottom - step >= area[1]:
            placed.bottom -= step
            placed.lines.append(self._rule(area, placed.bottom))
        if placed.bottom < top:
            placed.lines += self._verticals(area, top, placed.bottom)


def _fitting(rows: Sequence[_SetRow], room: float, note: float) -> int:
    """Return how many rows fit, leaving room for a note where not all do."""
    slack = 1e-6
    if sum(row.height for row in rows) <= room + slack:
        return len(rows)
    used, taken = note, 0
    for row in rows:
        used += row.height
        if used > room + slack:
            break
        taken += 1
    return taken
