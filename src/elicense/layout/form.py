"""The form of a type: what all of its pages share, worked out once.

A license is then set by its values alone. Everything that is kept here depends on the
type, the faces and at most a word that many licenses share: the title, the issuer, a
day. Nothing of a holder is kept.
"""

import dataclasses
import functools
from collections.abc import Iterator
from datetime import date

from elicense import dates
from elicense.catalog import LicenseType
from elicense.errors import MissingGlyphError
from elicense.fonts import FontSet, Typeface
from elicense.layout import values
from elicense.layout.plan import Plan, Row
from elicense.layout.primitives import (
    POINTS_PER_MM,
    Box,
    Colour,
    Line,
    Ornament,
    Run,
)
from elicense.layout.setter import MIDDLE, Setter
from elicense.layout.wrap import LEADING, fit
from elicense.model import License
from elicense.qr import printed_width_mm

QR_MM = 32.0
"""Side of the symbol with its quiet zone, unless the modules need more."""
CARD_HEAD_MM = 13.0
"""Height of the coloured head of a card."""
CAPTION = "扫码核验 · 离线可验"
SPECIMEN_NOTE = "样张，仅供演示"
WATERMARK = "样张"
ONE_COPY = "单页"
"""Said of a license without a second copy; it is not printed."""

_INK: Colour = (24, 24, 26)
_GREY: Colour = (96, 96, 96)
_WHITE: Colour = (255, 255, 255)
_AIR = 3.0
"""Points between a value and the lines above and below it."""
_GAP = 4.2
"""Millimetres between a label and its value."""
_KEPT = 32
"""Titles, issuers, days and sizes of a symbol that are kept for each form."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    """One row with all that its value does not decide, in points.

    Attributes:
        row: as the layout says.
        source: where its value comes from.
        label: in the middle of the row, or at its top.
        line: the rule under it; None for none.
        start: left end of the value.
        room: width and height for the value.
        middle: between the upper and the lower edge.
        upper: first baseline of a value that begins at the top.
    """

    row: Row
    source: values.Source
    label: Run
    line: Line | None
    start: float
    room: tuple[float, float]
    middle: float
    upper: float


class Form:
    """The pages of one type, set with the same faces."""

    def __init__(self, license_type: LicenseType, plan: Plan, faces: FontSet) -> None:
        """Work out what the type alone decides.

        Args:
            license_type: labels and fields.
            plan: its layout.
            faces: what it is set with.

        Raises:
            CatalogError: the layout names a source that the type does not have.
            MissingGlyphError: a label has a character without a glyph.
        """
        self._plan = plan
        self._setter = Setter(plan.height, faces)
        self._serif = faces.advances(Typeface.SERIF)
        self._number_label = plan.number_label or license_type.number_label.zh
        self._places = tuple(self._place(row, license_type) for row in plan.rows)
        self._strip = self._setter.box(
            (20.0, plan.height - 20.5, plan.width - 40.0, 4.0)
        )
        self.photo_box = self._setter.box(plan.photo) if plan.photo else None
        keep = functools.lru_cache(maxsize=_KEPT)
        self.symbol = keep(self._symbol)
        self.notices = keep(self._notices)
        self.ornament = keep(self._ornament)
        self._titles = keep(self._title)
        self._copies = keep(self._copy)
        self._issuers = keep(self._issuer)
        self._days = keep(self._day)

    def _place(self, row: Row, license_type: LicenseType) -> _Place:
        """Return a row with its label and its rule."""
        source = values.source(row, license_type)
        left, bottom, right, top = self._setter.box(row.box)
        start = left + (row.label_width + _GAP) * POINTS_PER_MM
        upper = top - row.size - _AIR
        theme = self._plan.theme
        label = self._setter.label(
            row.label or source.label, row, source.field, theme.frame
        )
        height = upper if row.top else (top + bottom) / 2 - row.size * MIDDLE
        line = Line((start, bottom), (right, bottom), 0.4, theme.line, dots=1.2)
        return _Place(
            row=row,
            source=source,
            label=dataclasses.replace(label, x=left, y=height),
            line=line if row.rule else None,
            start=start,
            room=(right - start, top - bottom - _AIR),
            middle=(top + bottom) / 2,
            upper=upper,
        )

    def rows(self, license_: License) -> tuple[list[Line], list[Run]]:
        """Return the lines and the text of all rows.

        Args:
            license_: whose values.

        Raises:
            MissingGlyphError: no face has a glyph for a character; names the field.
            TooLongError: a value does not fit even at 7 points; names the field.
        """
        lines: list[Line] = []
        runs: list[Run] = []
        for place in self._places:
            value = values.shown(place.row, place.source.texts(license_))
            if not value:
                continue
            runs.append(place.label)
            runs += self._value(place, value)
            if place.line is not None:
                lines.append(place.line)
        return lines, runs

    def _value(self, place: _Place, value: str) -> list[Run]:
        """Return the lines of one value."""
        row, field = place.row, place.source.field
        try:
            fitted = fit(value, self._serif, place.room, row.size, field)
        except KeyError as err:
            raise MissingGlyphError(field, ord(err.args[0])) from err
        leading = fitted.size * LEADING
        if row.top:
            first = place.upper
        else:
            middle = place.middle - fitted.size * MIDDLE
            first = middle + leading * (len(fitted.lines) - 1) / 2
        return [
            Run(
                field,
                line,
                place.start,
                first - index * leading,
                fitted.size,
                Typeface.SERIF,
                _INK,
            )
            for index, line in enumerate(fitted.lines)
        ]

    def head(self, license_: License) -> Iterator[Run]:
        """Yield the title, the line 正本 or 副本 and the number.

        Args:
            license_: whose.

        Raises:
            MissingGlyphError, TooLongError: as for :meth:`rows`.
        """
        draft = license_.draft
        yield from self._titles(draft.title)
        yield from self._copies(draft.copy)
        if self._plan.number:
            line = Run(
                field="number",
                text=f"{self._number_label}：{draft.number}",
                x=0.0,
                y=0.0,
                size=self._plan.number_size,
                typeface=Typeface.SERIF,
                colour=_INK,
                stroke=0.2,
            )
            yield self._setter.centred(line, self._setter.box(self._plan.number))

    def _title(self, text: str) -> tuple[Run, ...]:
        """Return the title; once more, white on its colour, in the head of a card."""
        plan, setter = self._plan, self._setter
        title = Run(
            field="title",
            text=text,
            x=0.0,
            y=0.0,
            size=plan.title_size,
            typeface=Typeface.SERIF,
            colour=plan.theme.frame,
            spacing=plan.title_size * plan.title_spacing,
            stroke=plan.title_size * 0.028,
        )
        large = setter.centred(title, setter.box(plan.title))
        if plan.card is None:
            return (large,)
        small = dataclasses.replace(
            title, size=17, spacing=5, stroke=0.5, colour=_WHITE
        )
        head = setter.box((*plan.card[:3], CARD_HEAD_MM))
        return large, setter.centred(small, head)

    def _copy(self, copy: str) -> tuple[Run, ...]:
        """Return the line 正本 or 副本."""
        if not self._plan.copy or copy == ONE_COPY:
            return ()
        line = Run(
            field="copy",
            text=f"（{copy}）",
            x=0.0,
            y=0.0,
            size=15,
            typeface=Typeface.SERIF,
            colour=self._plan.theme.frame,
            stroke=0.3,
        )
        return (self._setter.centred(line, self._setter.box(self._plan.copy)),)

    def foot(self, license_: License, modules: int) -> Iterator[Run]:
        """Yield issuer, date, caption of the symbol, notices and identifier.

        Args:
            license_: whose.
            modules: modules on a side of its symbol.

        Raises:
            MissingGlyphError, TooLongError: as for :meth:`rows`.
        """
        yield from self._issuers(license_.issuer.name)
        yield self._days(license_.draft.issue_date)
        yield self.symbol(modules)[1]
        yield from self.notices(license_.specimen)
        text = f"证照标识 {license_.identifier}"
        line = Run("identifier", text, 0.0, 0.0, 7.5, Typeface.SANS, _GREY)
        yield self._setter.centred(line, self._strip)

    def _symbol(self, modules: int) -> tuple[Box, Run]:
        """Return the symbol's box, which grows right and up, and the caption."""
        plan = self._plan
        side = printed_width_mm(modules, QR_MM) * POINTS_PER_MM
        left = plan.qr[0] * POINTS_PER_MM
        bottom = (plan.height - plan.qr[1]) * POINTS_PER_MM
        box = (left, bottom, left + side, bottom + side)
        caption = Run("caption", CAPTION, 0.0, 0.0, 8, Typeface.SANS, _GREY)
        place = (box[0], box[1] - 14, box[2], box[1])
        return box, self._setter.centred(caption, place)

    def _notices(self, specimen: bool) -> tuple[Run, ...]:  # noqa: FBT001  kept by it
        """Return the fixed lines, and what a specimen says of itself."""
        plan, setter = self._plan, self._setter
        left, top, wide = plan.notices_at
        step = plan.notice_size * 1.6 / POINTS_PER_MM
        style = functools.partial(Run, "notice", x=0.0, y=0.0, typeface=Typeface.SANS)
        lines = [
            style(text=text, size=plan.notice_size, colour=_GREY)
            for text in plan.notices
        ]
        if specimen:
            size, colour = plan.notice_size + 2, plan.theme.frame
            note = style(text=SPECIMEN_NOTE, size=size, colour=colour, stroke=0.2)
            lines.append(dataclasses.replace(note, spacing=size * 0.1))
        return tuple(
            setter.centred(line, setter.box((left, top + index * step, wide, step)))
            for index, line in enumerate(lines)
        )

    def _ornament(self, specimen: bool) -> Ornament:  # noqa: FBT001  kept by it
        """Return the static art."""
        plan = self._plan
        return Ornament(
            width=plan.width * POINTS_PER_MM,
            height=plan.height * POINTS_PER_MM,
            theme=plan.theme,
            card=self._setter.box(plan.card) if plan.card else None,
            watermark=WATERMARK if specimen else "",
        )

    def _issuer(self, name: str) -> tuple[Run, ...]:
        """Return the issuer's name, its middle where the seal's is, and its label."""
        plan, setter = self._plan, self._setter
        step, left = self._issuer_step(), plan.seal[0] - plan.issuer_width / 2
        place = setter.box((left, plan.seal[1] - step, plan.issuer_width, step))
        issuer = setter.centred(self._signed("issuer", name), place)
        if not plan.issuer_label:
            return (issuer,)
        place = setter.box((left, plan.seal[1] - 2 * step, plan.issuer_width, step))
        label = dataclasses.replace(
            self._signed("label:issuer", plan.issuer_label),
            x=place[0],
            y=place[1],
            size=10,
            colour=plan.theme.frame,
        )
        setter.measure(label)
        return label, issuer

    def _day(self, day: date) -> Run:
        """Return the date, its middle where the seal's is."""
        plan, setter = self._plan, self._setter
        left = plan.seal[0] - plan.issuer_width / 2
        place = (left, plan.seal[1], plan.issuer_width, self._issuer_step())
        line = self._signed("issue_date", dates.printed(day))
        return setter.centred(line, setter.box(place))

    def _issuer_step(self) -> float:
        """Return the distance of the issuer's lines in millimetres."""
        return self._plan.issuer_size * 1.75 / POINTS_PER_MM

    def _signed(self, field: str, text: str) -> Run:
        """Return a line of what the seal stands over, at no place yet."""
        return Run(
            field=field,
            text=text,
            x=0.0,
            y=0.0,
            size=self._plan.issuer_size,
            typeface=Typeface.SERIF,
            colour=_INK,
            stroke=0.15,
        )
