"""The furniture of a presentation's pages: all but its rows and grids.

A license is set by its values alone. Everything that is kept here depends on the type,
the faces and at most a word that many licenses share: the title, the issuer, a day.
Nothing of a holder is kept.
"""

import dataclasses
import functools
from collections.abc import Iterator
from datetime import date

from elicense.fonts import Typeface
from elicense.layout import flow
from elicense.layout.plan import EXTERNAL_MM, Plan
from elicense.layout.primitives import (
    GREY,
    INK,
    POINTS_PER_MM,
    Box,
    Colour,
    Frame,
    Line,
    Ornament,
    Run,
)
from elicense.layout.setter import MIDDLE, Setter
from elicense.layout.values import day_style
from elicense.model import License
from elicense.qr import printed_width_mm

CARD_HEAD_MM = 13.0
"""Height of the coloured head of a card on a larger page."""
SMALL_CARD_HEAD_MM = 9.0
"""The same of a card that is the page itself."""
CAPTION = "扫码核验 · 离线可验"
OUR_CODE = "离线核验码"
"""Caption of our symbol where a foreign code stands on the same page."""
SPECIMEN_NOTE = "样张，仅供演示"
WATERMARK = "样张"
CONTINUATION = "（附页）"
UNSAID_COPIES = ("单页", "正副本合一")
"""Said of a license that is printed in one way; the page does not say it."""
IDENTIFIER = "证照标识 "

_WHITE: Colour = (255, 255, 255)
_KEPT = 32
"""Titles, issuers, days and sizes of a symbol that are kept for each form."""
_CAPTION_POINTS = 14
_SMALL_SIZE = 5.5
"""Type size of what is said beside a card that is the page itself, in points."""


class Form:
    """What the pages of one presentation of a type share, set with the same faces."""

    def __init__(
        self, plan: Plan, number_label: str, name: str, setter: Setter
    ) -> None:
        """Keep what the type alone decides.

        Args:
            plan: the layout.
            number_label: as the type calls the number.
            name: of the presentation; empty where there are no others.
            setter: for the paper of the plan.
        """
        self._plan, self._setter, self._name = plan, setter, name
        self._number_label = plan.number_label or number_label
        self.photo_box = setter.box(plan.photo) if plan.photo else None
        self.code_box = self._code_box()
        self.rules = tuple(self._rules())
        keep = functools.lru_cache(maxsize=_KEPT)
        self.symbol = keep(self._symbol)
        self.notices = keep(self._notices)
        self.ornament = keep(self._ornament)
        self._titles = keep(self._title)
        self._issuers = keep(self._issuer)
        self._days = keep(self._day)
        self._days_of = day_style(plan.dates)

    def head(self, license_: License) -> Iterator[Run]:
        """Yield the title, the line with the presentation's name, and the number.

        Args:
            license_: whose.

        Raises:
            MissingGlyphError: no face has a glyph for a character; names the field.
            TooLongError: a line does not fit; names the field.
        """
        draft = license_.draft
        copy = self._name or draft.copy
        yield from self._titles(draft.title, "" if copy in UNSAID_COPIES else copy)
        if self._plan.number:
            line = Run(
                field="number",
                text=f"{self._number_label}：{draft.number}",
                x=0.0,
                y=0.0,
                size=self._plan.number_size,
                typeface=Typeface.SERIF,
                colour=INK,
                stroke=0.2,
            )
            yield self._setter.centred(line, self._setter.box(self._plan.number))

    def _title(self, text: str, copy: str) -> tuple[Run, ...]:
        """Return the title, with the line （正本） where the layout has one.

        It stands once more, white on its colour, in the head of a card.
        """
        plan, setter = self._plan, self._setter
        title = Run(
            field="title",
            text=text,
            x=0.0,
            y=0.0,
            size=plan.title_size,
            typeface=Typeface.SERIF,
            colour=_WHITE if plan.is_card else plan.theme.frame,
            spacing=plan.title_size * plan.title_spacing,
            stroke=plan.title_size * 0.028,
        )
        runs = [setter.centred(title, setter.box(plan.title))]
        if plan.card is not None:
            small = dataclasses.replace(
                title, size=17, spacing=5, stroke=0.5, colour=_WHITE
            )
            head = setter.box((*plan.card[:3], CARD_HEAD_MM))
            runs.append(setter.centred(small, head))
        if plan.copy and copy:
            line = dataclasses.replace(
                title, field="copy", text=f"（{copy}）", size=15, spacing=0, stroke=0.3
            )
            runs.append(setter.centred(line, setter.box(plan.copy)))
        return tuple(runs)

    def foot(self, license_: License) -> Iterator[Run]:
        """Yield the issuer and the day, where the seal stands.

        Args:
            license_: whose.

        Raises:
            MissingGlyphError, TooLongError: as for :meth:`head`.
        """
        yield from self._issuers(license_.issuer.name)
        yield self._days(license_.draft.issue_date)

    def captions(self, license_: License, modules: int) -> Iterator[Run]:
        """Yield the caption of the symbol and the identifier.

        Args:
            license_: whose.
            modules: modules on a side of its symbol.

        Raises:
            MissingGlyphError, TooLongError: as for :meth:`head`.
        """
        yield self.symbol(modules, self.has_code(license_))[1]
        box = self._setter.box(self._plan.identifier)
        yield self.identifier(license_, self._setter, box)

    def identifier(self, license_: License, setter: Setter, box: Box) -> Run:
        """Return the line with the identifier, as small as the paper is.

        Args:
            license_: whose.
            setter: for the paper.
            box: its place in points.
        """
        text = IDENTIFIER + license_.identifier
        size = _SMALL_SIZE if self._plan.is_card else 7.5
        return setter.centred(
            Run("identifier", text, 0.0, 0.0, size, Typeface.SANS, GREY), box
        )

    def has_code(self, license_: License) -> bool:
        """Tell whether a foreign code is printed: there is one, and a slot for it."""
        return self.code_box is not None and license_.draft.external_qr is not None

    def code(self) -> Run:
        """Return the label of the foreign code."""
        left, bottom, right, _ = self.code_box or (0.0, 0.0, 0.0, 0.0)
        label = self._caption(self._plan.external_label, (left, bottom, right, bottom))
        return dataclasses.replace(label, field="external_qr")

    def _code_box(self) -> Box | None:
        """Return the place of a foreign code."""
        if self._plan.external is None:
            return None
        left, bottom = self._plan.external
        return self._setter.box((left, bottom - EXTERNAL_MM, EXTERNAL_MM, EXTERNAL_MM))

    def _symbol(self, modules: int, beside: bool) -> tuple[Box, Run]:  # noqa: FBT001  kept by it
        """Return the symbol's box, which grows right and up, and the caption."""
        plan = self._plan
        side = printed_width_mm(modules, plan.qr_size) * POINTS_PER_MM
        left = plan.qr[0] * POINTS_PER_MM
        bottom = (plan.height - plan.qr[1]) * POINTS_PER_MM
        box = (left, bottom, left + side, bottom + side)
        caption = OUR_CODE if beside and plan.qr_page == 1 else CAPTION
        return box, self._caption(caption, box)

    def _caption(self, text: str, box: Box) -> Run:
        """Return a line under a symbol."""
        small = self._plan.is_card
        high = _CAPTION_POINTS / 2 if small else _CAPTION_POINTS
        size = _SMALL_SIZE if small else 8
        caption = Run("caption", text, 0.0, 0.0, size, Typeface.SANS, GREY)
        return self._setter.centred(caption, (box[0], box[1] - high, box[2], box[1]))

    def _notices(self, specimen: bool) -> tuple[Run, ...]:  # noqa: FBT001  kept by it
        """Return the fixed lines, and what a specimen says of itself."""
        plan, setter = self._plan, self._setter
        left, top, wide = plan.notices_at
        step = plan.notice_size * 1.6 / POINTS_PER_MM
        style = functools.partial(Run, "notice", x=0.0, y=0.0, typeface=Typeface.SANS)
        lines = [
            style(text=text, size=plan.notice_size, colour=GREY)
            for text in plan.notices
        ]
        if specimen:
            size, colour = plan.notice_size + 2, plan.theme.frame
            note = style(text=SPECIMEN_NOTE, size=size, colour=colour, stroke=0.2)
            lines.append(dataclasses.replace(note, spacing=size * 0.1))
        set_ = (
            setter.centred(line, setter.box((left, top + index * step, wide, step)))
            for index, line in enumerate(lines)
        )
        if not plan.notices_left:
            return tuple(set_)
        edge = left * POINTS_PER_MM
        return tuple(dataclasses.replace(line, x=edge) for line in set_)

    def _rules(self) -> Iterator[Line]:
        """Yield the straight rules of the first page."""
        for x1, y1, x2, y2 in self._plan.lines:
            left, bottom, right, top = self._setter.box((x1, y1, x2 - x1, y2 - y1))
            colour = self._plan.theme.frame
            yield Line((left, top), (right, bottom), 0.6, colour)

    def _ornament(self, page: int, specimen: bool) -> Ornament:  # noqa: FBT001  kept by it
        """Return the static art of a fixed page, counted from 1."""
        plan = self._plan
        frame = Frame.CERTIFICATE
        if plan.is_card:
            frame = Frame.FRONT if page == 1 else Frame.BACK
        return Ornament(
            width=plan.width * POINTS_PER_MM,
            height=plan.height * POINTS_PER_MM,
            theme=plan.theme,
            frame=frame,
            card=self._setter.box(plan.card) if plan.card and page == 1 else None,
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
            y=(place[1] + place[3]) / 2 - min(10, plan.issuer_size) * MIDDLE,
            size=min(10, plan.issuer_size),
            colour=plan.theme.frame,
            room=place,
        )
        setter.measure(label)
        return label, issuer

    def _day(self, day: date) -> Run:
        """Return the date, its middle where the seal's is."""
        plan, setter = self._plan, self._setter
        left = plan.seal[0] - plan.issuer_width / 2
        place = (left, plan.seal[1], plan.issuer_width, self._issuer_step())
        line = self._signed("issue_date", self._days_of(day))
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
            colour=INK,
            stroke=0.15,
        )


class Continuation:
    """The furniture of continuation pages (附页) of a presentation."""

    def __init__(
        self, form: Form, plan: Plan, number_label: str, setter: Setter
    ) -> None:
        """Keep what the type alone decides.

        Args:
            form: of the fixed pages.
            plan: the layout.
            number_label: as the type calls the number.
            setter: for the paper of a continuation page.
        """
        self._form, self._plan, self._setter = form, plan, setter
        self._number_label = plan.number_label or number_label

    def ornament(self, *, specimen: bool) -> Ornament:
        """Return the static art: the theme's own frame, whatever art the type has."""
        width, height = flow.SIZE
        return Ornament(
            width=width * POINTS_PER_MM,
            height=height * POINTS_PER_MM,
            theme=self._plan.theme,
            frame=Frame.PLAIN,
            card=None,
            watermark=WATERMARK if specimen else "",
            is_own=False,
        )

    def runs(self, license_: License, page: int, pages: int) -> Iterator[Run]:
        """Yield title, number, page of pages, and the identifier.

        Args:
            license_: whose.
            page: from 1, the fixed ones counted.
            pages: of the whole license.

        Raises:
            MissingGlyphError, TooLongError: as for :meth:`Form.head`.
        """
        draft, colour = license_.draft, self._plan.theme.frame
        left, top, wide, high = flow.BODY
        title = Run(
            field="title",
            text=draft.title + CONTINUATION,
            x=0.0,
            y=0.0,
            size=20.0,
            typeface=Typeface.SERIF,
            colour=colour,
            stroke=0.5,
        )
        setter = self._setter
        yield setter.centred(title, setter.box((left, top - 36, wide, 12)))
        number = f"{self._number_label}：{draft.number}"
        place = f"第 {page} 页，共 {pages} 页"
        small = dataclasses.replace(
            title, text=number, field="number", size=11.0, colour=INK, stroke=0.2
        )
        yield setter.centred(small, setter.box((left, top - 22, wide, 6)))
        line = dataclasses.replace(
            small, text=place, field="page", size=9.0, colour=GREY, stroke=0.0
        )
        yield setter.centred(line, setter.box((left, top - 15, wide, 5)))
        box = setter.box((left, top + high + 9, wide, 4))
        yield self._form.identifier(license_, setter, box)
        if license_.specimen:
            note = dataclasses.replace(
                line, text=SPECIMEN_NOTE, field="notice", colour=colour
            )
            yield setter.centred(note, setter.box((left, top + high + 3, wide, 5)))
