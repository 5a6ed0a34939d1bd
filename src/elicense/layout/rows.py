"""Labelled values on a page, set into their boxes."""

import dataclasses
from collections.abc import Iterator, Mapping

from elicense.catalog import LicenseType
from elicense.errors import MissingGlyphError
from elicense.fonts import Typeface
from elicense.layout import values
from elicense.layout.overflow import GOES_ON, SEE_BELOW, Rest, RestOfText
from elicense.layout.plan import Plan, Row
from elicense.layout.primitives import INK, POINTS_PER_MM, Box, Line, Run
from elicense.layout.setter import MIDDLE, Setter
from elicense.layout.wrap import LEADING, Fitted, fit, fit_start
from elicense.model import License

_AIR = 3.0
"""Points between a value and the lines above and below it."""
_GAP = 4.2
"""Millimetres between a label and its value."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """One row with all that its value does not decide, in points.

    Attributes:
        row: as the layout says.
        source: where its value comes from.
        labels: in the middle of the row, or at its top: by the value of the field that
            decides about the label, and the usual one by the empty text.
        line: the rule under it; None for none.
        box: for the value.
        room: width and height for its text.
    """

    row: Row
    source: values.Source
    labels: Mapping[str, Run]
    line: Line | None
    box: Box
    room: tuple[float, float]

    def label(self, license_: License) -> Run:
        """Return the label of the row on a license."""
        rule = self.source.rule
        if rule is not None and rule.label_by is not None:
            decides = license_.draft.fields.get(rule.label_by.field)
            if isinstance(decides, str):
                return self.labels.get(decides, self.labels[""])
        return self.labels[""]


@dataclasses.dataclass(slots=True)
class Filled:
    """What the rows of a page came to.

    Attributes:
        lines: fine rules.
        runs: labels and values.
        rests: what goes on elsewhere, in the order of the rows.
    """

    lines: list[Line]
    runs: list[Run]
    rests: list[Rest]


class RowSetter:
    """Sets the rows of one presentation."""

    def __init__(self, license_type: LicenseType, plan: Plan, setter: Setter) -> None:
        """Work out what the type alone decides.

        Raises:
            CatalogError: the layout names a source that the type does not have.
            MissingGlyphError: a label has a character without a glyph.
        """
        self._plan, self._setter = plan, setter
        self._serif = setter.faces.advances(Typeface.SERIF)
        self._places = tuple(self._place(row, license_type) for row in plan.rows)

    def fill(self, license_: License, page: int) -> Filled:
        """Return the lines and the text of the rows of a page.

        Args:
            license_: whose values.
            page: from 1.

        Raises:
            MissingGlyphError: no face has a glyph for a character; names the field.
            TooLongError: a value does not fit even at its smallest size and does not go
                on; names the field.
        """
        filled = Filled([], [], [])
        for place in self._places:
            if place.row.page != page:
                continue
            value = values.shown(place.row, place.source.texts(license_))
            if value:
                self._fill(filled, place, value, place.label(license_))
        return filled

    def _fill(self, filled: Filled, place: Place, value: str, label: Run) -> None:
        """Add one row."""
        if place.row.label_width:
            filled.runs.append(label)
        fitted, rest = self._fitted(place, value)
        lines = list(fitted.lines)
        if rest:
            lines.append(GOES_ON if lines else SEE_BELOW)
            field = place.source.field
            filled.rests.append(
                RestOfText(field, label.text, rest, begun=bool(fitted.lines))
            )
        filled.runs += self._runs(place, fitted.size, lines)
        if place.line is not None:
            filled.lines.append(place.line)

    def _fitted(self, place: Place, value: str) -> tuple[Fitted, str]:
        """Return what of a value stands in its box, and the rest."""
        row, field = place.row, place.source.field
        sizes = (row.size, min(row.size, row.floor))
        try:
            if row.continued:
                return fit_start(value, self._serif, place.room, sizes, field)
            return fit(value, self._serif, place.room, sizes, field), ""
        except KeyError as err:
            raise MissingGlyphError(field, ord(err.args[0])) from err

    def _runs(self, place: Place, size: float, lines: list[str]) -> Iterator[Run]:
        """Yield the lines of one value."""
        leading = size * LEADING
        left, bottom, _, top = place.box
        if place.row.top:
            first = top - size - _AIR
        else:
            middle = (top + bottom) / 2 - size * MIDDLE
            first = middle + leading * (len(lines) - 1) / 2
        for index, line in enumerate(lines):
            yield Run(
                place.source.field,
                line,
                left,
                first - index * leading,
                size,
                Typeface.SERIF,
                INK,
                room=place.box,
            )

    def _place(self, row: Row, license_type: LicenseType) -> Place:
        """Return a row with its labels and its rule."""
        source = values.source(row, license_type, self._plan.dates)
        left, bottom, right, top = self._setter.box(row.box)
        gap = (row.label_width + _GAP) * POINTS_PER_MM if row.label_width else 0.0
        texts = {"": row.label or source.label}
        if source.rule is not None and source.rule.label_by is not None:
            by_value = source.rule.label_by.labels
            texts |= {value: label.zh for value, label in by_value.items()}
        theme = self._plan.theme
        upper = top - row.size - _AIR
        height = upper if row.top else (top + bottom) / 2 - row.size * MIDDLE
        room = (left, bottom, left + row.label_width * POINTS_PER_MM, top)
        labels = {
            value: dataclasses.replace(
                self._setter.label(text, row, source.field, theme.frame),
                x=left,
                y=height,
                room=room,
            )
            for value, text in texts.items()
        }
        line = Line((left + gap, bottom), (right, bottom), 0.4, theme.line, dots=1.2)
        return Place(
            row=row,
            source=source,
            labels=labels,
            line=line if row.rule else None,
            box=(left + gap, bottom, right, top),
            room=(right - left - gap, top - bottom - _AIR),
        )
