"""From a license and its type to pages: pure, and nothing else is ever printed."""

import functools
from dataclasses import dataclass

from elicense.catalog import LicenseType, Presentation
from elicense.errors import TooLongError
from elicense.fonts import STANDARD, FontSet
from elicense.layout import flow
from elicense.layout.flow import Flow
from elicense.layout.form import Continuation, Form
from elicense.layout.grids import GridSetter
from elicense.layout.overflow import Rest
from elicense.layout.plan import Plan
from elicense.layout.plan import read as read_plan
from elicense.layout.primitives import POINTS_PER_MM, Box, Line, Page, Run
from elicense.layout.rows import RowSetter
from elicense.layout.setter import Setter
from elicense.model import License

MODULES = 77
"""Modules on a side of version 15, where a typical token lies."""
_FORMS = 64
"""Presentations that are kept in a process, those used last."""


def compose(
    license_: License,
    license_type: LicenseType,
    presentation: Presentation | None = None,
    *,
    modules: int = MODULES,
    faces: FontSet = STANDARD,
) -> tuple[Page, ...]:
    """Return the pages of a license.

    What the type alone decides is worked out at its first license and kept for as long
    as the type is in use; the type's tables are not changed meanwhile.

    Args:
        license_: what is printed; nothing comes from anywhere else but the type.
        license_type: labels and layout; of the version that the license names.
        presentation: one of the type's; None for the first that the license has.
        modules: modules on a side of its QR symbol without quiet zone, 21 to 97.
        faces: what it is set with; to compare the page of somebody else,
            ``faces.for_reading()``.

    Returns:
        The fixed pages, then the continuation pages; their text does not depend on
        ``modules``.

    Raises:
        MissingGlyphError: no face has a glyph for a character; names the field.
        TooLongError: a value does not fit even at its smallest size and does not go on,
            or goes on for too many pages; names the field.
        CatalogError: the type's layout table is wrong.
        FaceError: the glyph of a character in a fallback face is damaged.
        ValueError: the type is not the license's type.
    """
    draft = license_.draft
    named = (draft.type_name, draft.type_version)
    if named != (license_type.name, license_type.version):
        raise ValueError("the license is of another type or version of the type")
    chosen = presentation or license_type.presentations_of(draft.copy)[0]
    return _booklet(license_type, chosen, faces).pages(license_, modules)


def seal_box(
    license_type: LicenseType, presentation: Presentation | None = None
) -> Box:
    """Return where the seal goes, in points; the same for all licenses of a type.

    It is on the first page.

    Args:
        license_type: whose presentation it is.
        presentation: its layout; None for the type's first.

    Raises:
        CatalogError: the layout table is wrong.
    """
    chosen = presentation or license_type.presentations[0]
    return _placed(license_type.name, chosen)[1]


@dataclass(frozen=True, slots=True)
class _Booklet:
    """All that sets the pages of one presentation."""

    plan: Plan
    seal: Box
    form: Form
    rows: RowSetter
    grids: tuple[GridSetter, ...]
    flow: Flow
    continuation: Continuation

    def pages(self, license_: License, modules: int) -> tuple[Page, ...]:
        """Return the pages of a license."""
        rests: list[Rest] = []
        fixed = [
            self._fixed(license_, page, modules, rests)
            for page in range(1, self.plan.pages + 1)
        ]
        if not rests:
            return tuple(fixed)
        bodies = self.flow.pages(rests)
        count = len(fixed) + len(bodies)
        if count > flow.MAX_PAGES:
            raise TooLongError(rests[-1].field, 0)
        ornament = self.continuation.ornament(specimen=license_.specimen)
        more = [
            Page(
                ornament=ornament,
                lines=tuple(body.lines),
                runs=(*self.continuation.runs(license_, number, count), *body.runs),
            )
            for number, body in enumerate(bodies, len(fixed) + 1)
        ]
        return (*fixed, *more)

    def _fixed(
        self, license_: License, page: int, modules: int, rests: list[Rest]
    ) -> Page:
        """Return one fixed page; what goes on is added to the rests."""
        plan, form = self.plan, self.form
        filled = self.rows.fill(license_, page)
        rests += filled.rests
        lines: list[Line] = filled.lines
        runs: list[Run] = []
        is_first, has_symbol = page == 1, page == plan.qr_page
        has_code = is_first and form.has_code(license_)
        if is_first:
            runs += form.head(license_)
            lines = [*form.rules, *lines]
        runs += filled.runs
        for grid in self.grids:
            if grid.grid.page == page:
                placed, rest = grid.fill(license_)
                lines += placed.lines
                runs += placed.runs
                rests += [rest] if rest is not None else []
        if is_first:
            runs += form.foot(license_)
        if has_symbol:
            runs += form.captions(license_, modules)
        if has_code:
            runs.append(form.code())
        if page == plan.notices_page:
            runs += form.notices(license_.specimen)
        symbol = form.symbol(modules, has_code)[0]
        return Page(
            ornament=form.ornament(page, license_.specimen),
            lines=tuple(lines),
            runs=tuple(runs),
            qr_box=symbol if has_symbol else None,
            qr_mm=plan.qr_size if has_symbol else 0.0,
            code_box=form.code_box if has_code else None,
            photo_box=form.photo_box if is_first and license_.draft.photo else None,
            seal_box=self.seal if is_first else None,
        )


@functools.lru_cache(maxsize=_FORMS)
def _booklet(
    license_type: LicenseType, presentation: Presentation, faces: FontSet
) -> _Booklet:
    """Return what sets the pages of a presentation."""
    plan, seal = _placed(license_type.name, presentation)
    setter = Setter(plan.height, faces)
    label = license_type.number_label.zh
    form = Form(plan, label, presentation.name, setter)
    grids = tuple(
        GridSetter(index, license_type, plan, setter)
        for index in range(len(plan.grids))
    )
    below = Setter(flow.SIZE[1], faces)
    return _Booklet(
        plan=plan,
        seal=seal,
        form=form,
        rows=RowSetter(license_type, plan, setter),
        grids=grids,
        flow=Flow(below, dict(enumerate(grids)), plan.theme.frame),
        continuation=Continuation(form, plan, label, below),
    )


@functools.lru_cache(maxsize=_FORMS)
def _placed(type_name: str, presentation: Presentation) -> tuple[Plan, Box]:
    """Return the plan of a presentation and the box of its seal."""
    plan = read_plan(type_name, presentation.layout, presentation.name)
    x, y = plan.seal[0], plan.height - plan.seal[1]
    half = plan.seal_size / 2
    left, bottom, right, top = (
        round(value * POINTS_PER_MM, 3)
        for value in (x - half, y - half, x + half, y + half)
    )
    return plan, (left, bottom, right, top)
