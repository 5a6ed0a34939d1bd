"""From a license and its type to a page: pure, and nothing else is ever printed."""

import dataclasses
import functools
from collections.abc import Iterator

from elicense import dates
from elicense.catalog import LicenseType
from elicense.errors import TooLongError
from elicense.fonts import Typeface, require, width
from elicense.layout.plan import Millimetres, Plan, Row
from elicense.layout.plan import read as read_plan
from elicense.layout.primitives import (
    POINTS_PER_MM,
    Box,
    Colour,
    Line,
    Ornament,
    Page,
    Run,
)
from elicense.layout.values import Labelled, labelled
from elicense.layout.wrap import LEADING, fit
from elicense.model import License
from elicense.qr import printed_width_mm

MODULES = 77
"""Modules on a side of version 15, where a typical token lies."""
QR_MM = 32.0
"""Side of the symbol with its quiet zone, unless the modules need more."""
SEAL_MM = 42.0
"""Side of the box that a seal is placed in."""
CARD_HEAD_MM = 13.0
"""Height of the coloured head of a card."""
CAPTION = "扫码核验 · 离线可验"
SPECIMEN_NOTE = "样张，仅供演示"
WATERMARK = "样张"

_INK: Colour = (24, 24, 26)
_GREY: Colour = (96, 96, 96)
_WHITE: Colour = (255, 255, 255)
_MIDDLE = 0.38
"""Middle of an ideograph over the baseline, in parts of the type size."""
NARROWEST = 0.6
"""Smallest horizontal scale of a line that stands alone."""
SHRUNK = 0.7
"""Smallest part of its type size that such a line is set in."""
_AIR = 3.0
"""Points between a value and the lines above and below it."""
_GAP = 4.2
"""Millimetres between a label and its value."""


def compose(
    license_: License, license_type: LicenseType, *, modules: int = MODULES
) -> Page:
    """Return the page of a license.

    Args:
        license_: what is printed; nothing comes from anywhere else but the type.
        license_type: labels and layout; of the version that the license names.
        modules: modules on a side of its QR symbol without quiet zone, 21 to 97.

    Returns:
        The page; its text does not depend on ``modules``.

    Raises:
        MissingGlyphError: a face has no glyph for a character; names the field.
        TooLongError: a value does not fit even at 7 points; names the field.
        CatalogError: the type's layout table is wrong.
        ValueError: the type is not the license's type.
    """
    draft = license_.draft
    named = (draft.type_name, draft.type_version)
    if named != (license_type.name, license_type.version):
        raise ValueError("the license is of another type or version of the type")
    plan = read_plan(license_type.name, license_type.layout)
    setter = _Setter(plan)
    qr = _qr_box(plan, modules)
    lines, runs = _rows(setter, license_, license_type)
    return Page(
        title=draft.title,
        ornament=_ornament(plan, specimen=license_.specimen),
        lines=tuple(lines),
        runs=(
            *_head(setter, license_, license_type),
            *runs,
            *_foot(setter, license_, qr),
        ),
        qr_box=qr,
        photo_box=setter.box(plan.photo) if plan.photo and draft.photo else None,
        seal_box=seal_box(license_type),
    )


def seal_box(license_type: LicenseType) -> Box:
    """Return where the seal of a type goes; the same for all its licenses.

    Raises:
        CatalogError: the type's layout table is wrong.
    """
    plan = read_plan(license_type.name, license_type.layout)
    x, y = plan.seal[0], plan.height - plan.seal[1]
    half = SEAL_MM / 2
    left, bottom, right, top = (
        round(value * POINTS_PER_MM, 3)
        for value in (x - half, y - half, x + half, y + half)
    )
    return (left, bottom, right, top)


def _ornament(plan: Plan, *, specimen: bool) -> Ornament:
    """Return the static art of a plan."""
    setter = _Setter(plan)
    return Ornament(
        width=plan.width * POINTS_PER_MM,
        height=plan.height * POINTS_PER_MM,
        theme=plan.theme,
        card=setter.box(plan.card) if plan.card else None,
        watermark=WATERMARK if specimen else "",
    )


def _qr_box(plan: Plan, modules: int) -> Box:
    """Return the box of the symbol; it grows to the right and up with its version."""
    side = printed_width_mm(modules, QR_MM) * POINTS_PER_MM
    left = plan.qr[0] * POINTS_PER_MM
    bottom = (plan.height - plan.qr[1]) * POINTS_PER_MM
    return (left, bottom, left + side, bottom + side)


class _Setter:
    """Sets text into boxes of one plan."""

    def __init__(self, plan: Plan) -> None:
        """Keep the plan."""
        self.plan = plan

    def box(self, place: Millimetres) -> Box:
        """Return a box of the table in points, y upwards."""
        left, top, wide, high = place
        bottom = self.plan.height - top - high
        return (
            left * POINTS_PER_MM,
            bottom * POINTS_PER_MM,
            (left + wide) * POINTS_PER_MM,
            (bottom + high) * POINTS_PER_MM,
        )

    def centred(self, run: Run, box: Box) -> Run:
        """Return a run moved into the middle of a box, made smaller where it must be.

        First the extra spacing goes, then the type shrinks to 70 %, then the characters
        are narrowed to 60 %.

        Raises:
            TooLongError: the run is still too wide.
        """
        require(run.text, run.typeface, run.field)
        room = box[2] - box[0]
        bare = width(run.text, run.typeface, run.size)
        gaps = max(1, len(run.text) - 1)
        spacing = min(run.spacing, max(0.0, (room - bare) / gaps))
        shrink = max(SHRUNK, min(1.0, room / bare))
        natural = bare * shrink + spacing * (len(run.text) - 1)
        stretch = min(1.0, room / natural)
        if stretch < NARROWEST:
            raise TooLongError(run.field, int(len(run.text) * stretch / NARROWEST))
        return dataclasses.replace(
            run,
            x=(box[0] + box[2] - natural * stretch) / 2,
            y=(box[1] + box[3]) / 2 - run.size * shrink * _MIDDLE,
            size=run.size * shrink,
            spacing=spacing,
            stretch=stretch,
        )

    def label(self, text: str, field: str, at: tuple[float, float], row: Row) -> Run:
        """Return a label spread to the width of its column (姓　名)."""
        room = row.label_width * POINTS_PER_MM
        size = min(row.size, 13.0)
        require(text, Typeface.SERIF, f"label:{field}")
        natural = width(text, Typeface.SERIF, size)
        slack = (room - natural) / (len(text) - 1) if len(text) > 1 else 0.0
        return Run(
            field=f"label:{field}",
            text=text,
            x=at[0],
            y=at[1],
            size=size,
            typeface=Typeface.SERIF,
            colour=self.plan.theme.frame,
            spacing=max(0.0, slack),
            stretch=min(1.0, room / natural),
            stroke=0.3,
        )


def _head(
    setter: _Setter, license_: License, license_type: LicenseType
) -> Iterator[Run]:
    """Yield the title, the line 正本 or 副本 and the number."""
    plan, draft = setter.plan, license_.draft
    style = functools.partial(
        Run, x=0, y=0, typeface=Typeface.SERIF, colour=plan.theme.frame
    )
    title = style(
        field="title",
        text=draft.title,
        size=plan.title_size,
        spacing=plan.title_size * plan.title_spacing,
        stroke=plan.title_size * 0.028,
    )
    yield setter.centred(title, setter.box(plan.title))
    if plan.card:
        yield _card_title(setter, title, plan.card)
    if plan.copy and draft.copy != "单页":
        line = style(field="copy", text=f"（{draft.copy}）", size=15, stroke=0.3)
        yield setter.centred(line, setter.box(plan.copy))
    if plan.number:
        label = plan.number_label or license_type.number_label.zh
        line = style(
            field="number",
            text=f"{label}：{draft.number}",
            size=plan.number_size,
            stroke=0.2,
            colour=_INK,
        )
        yield setter.centred(line, setter.box(plan.number))


def _card_title(setter: _Setter, title: Run, card: Millimetres) -> Run:
    """Return the title once more in the head of the card, white on its colour."""
    run = dataclasses.replace(title, size=17, spacing=5, stroke=0.5, colour=_WHITE)
    return setter.centred(run, setter.box((*card[:3], CARD_HEAD_MM)))


def _rows(
    setter: _Setter, license_: License, license_type: LicenseType
) -> tuple[list[Line], list[Run]]:
    """Return the lines and the text of all rows."""
    lines: list[Line] = []
    runs: list[Run] = []
    for row in setter.plan.rows:
        shown = labelled(row, license_, license_type)
        if shown is None:
            continue
        runs += _row(setter, row, shown)
        if row.rule:
            lines.append(_rule(setter, row))
    return lines, runs


def _row(setter: _Setter, row: Row, shown: Labelled) -> Iterator[Run]:
    """Yield the label and the lines of one value."""
    left, bottom, right, top = setter.box(row.box)
    start = left + (row.label_width + _GAP) * POINTS_PER_MM
    require(shown.value, Typeface.SERIF, shown.field)
    fitted = fit(
        shown.value,
        Typeface.SERIF,
        (right - start, top - bottom - _AIR),
        row.size,
        shown.field,
    )
    leading = fitted.size * LEADING
    upper = top - row.size - _AIR
    if row.top:
        first = upper
    else:
        middle = (top + bottom) / 2 - fitted.size * _MIDDLE
        first = middle + leading * (len(fitted.lines) - 1) / 2
    label_at = upper if row.top else (top + bottom) / 2 - row.size * _MIDDLE
    yield setter.label(shown.label, shown.field, (left, label_at), row)
    for index, line in enumerate(fitted.lines):
        yield Run(
            field=shown.field,
            text=line,
            x=start,
            y=first - index * leading,
            size=fitted.size,
            typeface=Typeface.SERIF,
            colour=_INK,
        )


def _rule(setter: _Setter, row: Row) -> Line:
    """Return the fine line under a value."""
    left, bottom, right, _ = setter.box(row.box)
    start = left + (row.label_width + _GAP) * POINTS_PER_MM
    return Line((start, bottom), (right, bottom), 0.4, setter.plan.theme.line, dots=1.2)


def _foot(setter: _Setter, license_: License, qr: Box) -> Iterator[Run]:
    """Yield issuer and date, the caption of the symbol, the notices, the identifier."""
    plan = setter.plan
    yield from _issuer(setter, license_)
    small = functools.partial(Run, x=0, y=0, typeface=Typeface.SANS, colour=_GREY)
    caption = small(field="caption", text=CAPTION, size=8)
    yield setter.centred(caption, (qr[0], qr[1] - 14, qr[2], qr[1]))
    yield from _notices(setter, specimen=license_.specimen)
    strip = setter.box((20.0, plan.height - 20.5, plan.width - 40.0, 4.0))
    text = f"证照标识 {license_.identifier}"
    yield setter.centred(small(field="identifier", text=text, size=7.5), strip)


def _notices(setter: _Setter, *, specimen: bool) -> Iterator[Run]:
    """Yield the fixed lines of the type, and what a specimen says of itself."""
    plan = setter.plan
    left, top, wide = plan.notices_at
    step = plan.notice_size * 1.6 / POINTS_PER_MM
    style = functools.partial(Run, field="notice", x=0, y=0, typeface=Typeface.SANS)
    lines = [
        style(text=text, size=plan.notice_size, colour=_GREY) for text in plan.notices
    ]
    if specimen:
        size = plan.notice_size + 2
        lines.append(
            style(
                text=SPECIMEN_NOTE,
                size=size,
                colour=plan.theme.frame,
                spacing=size * 0.1,
                stroke=0.2,
            )
        )
    for index, line in enumerate(lines):
        place = setter.box((left, top + index * step, wide, step))
        yield setter.centred(line, place)


def _issuer(setter: _Setter, license_: License) -> Iterator[Run]:
    """Yield the issuer's name and the date, their middle where the seal's centre is."""
    plan, draft = setter.plan, license_.draft
    x, y = plan.seal
    size = plan.issuer_size
    step = size * 1.75 / POINTS_PER_MM
    style = functools.partial(
        Run, x=0, y=0, size=size, typeface=Typeface.SERIF, colour=_INK, stroke=0.15
    )
    left = x - plan.issuer_width / 2
    if plan.issuer_label:
        label = style(
            field="label:issuer",
            text=plan.issuer_label,
            size=10,
            colour=plan.theme.frame,
        )
        require(label.text, label.typeface, label.field)
        place = setter.box((left, y - 2 * step, plan.issuer_width, step))
        yield dataclasses.replace(label, x=place[0], y=place[1])
    place = setter.box((left, y - step, plan.issuer_width, step))
    yield setter.centred(style(field="issuer", text=license_.issuer.name), place)
    place = setter.box((left, y, plan.issuer_width, step))
    date = style(field="issue_date", text=dates.printed(draft.issue_date))
    yield setter.centred(date, place)
