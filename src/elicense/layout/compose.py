"""From a license and its type to a page: pure, and nothing else is ever printed."""

import functools

from elicense.catalog import LicenseType
from elicense.fonts import STANDARD, FontSet
from elicense.layout.form import Form
from elicense.layout.plan import Plan
from elicense.layout.plan import read as read_plan
from elicense.layout.primitives import POINTS_PER_MM, Box, Page
from elicense.model import License

MODULES = 77
"""Modules on a side of version 15, where a typical token lies."""
SEAL_MM = 42.0
"""Side of the box that a seal is placed in."""

_FORMS = 64
"""Forms that are kept in a process, those used last."""


def compose(
    license_: License,
    license_type: LicenseType,
    *,
    modules: int = MODULES,
    faces: FontSet = STANDARD,
) -> Page:
    """Return the page of a license.

    What the type alone decides is worked out at its first license and kept for as long
    as the type is in use; the type's tables are not changed meanwhile.

    Args:
        license_: what is printed; nothing comes from anywhere else but the type.
        license_type: labels and layout; of the version that the license names.
        modules: modules on a side of its QR symbol without quiet zone, 21 to 97.
        faces: what it is set with; to compare the page of somebody else,
            ``faces.for_reading()``.

    Returns:
        The page; its text does not depend on ``modules``.

    Raises:
        MissingGlyphError: no face has a glyph for a character; names the field.
        TooLongError: a value does not fit even at 7 points; names the field.
        CatalogError: the type's layout table is wrong.
        FaceError: the glyph of a character in a fallback face is damaged.
        ValueError: the type is not the license's type.
    """
    draft = license_.draft
    named = (draft.type_name, draft.type_version)
    if named != (license_type.name, license_type.version):
        raise ValueError("the license is of another type or version of the type")
    form = _form(license_type, faces)
    lines, runs = form.rows(license_)
    return Page(
        title=draft.title,
        ornament=form.ornament(license_.specimen),
        lines=tuple(lines),
        runs=(*form.head(license_), *runs, *form.foot(license_, modules)),
        qr_box=form.symbol(modules)[0],
        photo_box=form.photo_box if draft.photo else None,
        seal_box=seal_box(license_type),
    )


def seal_box(license_type: LicenseType) -> Box:
    """Return where the seal of a type goes, in points; the same for all its licenses.

    Args:
        license_type: its layout.

    Raises:
        CatalogError: the type's layout table is wrong.
    """
    return _placed(license_type)[1]


@functools.lru_cache(maxsize=_FORMS)
def _form(license_type: LicenseType, faces: FontSet) -> Form:
    """Return the form of a type."""
    return Form(license_type, _placed(license_type)[0], faces)


@functools.lru_cache(maxsize=_FORMS)
def _placed(license_type: LicenseType) -> tuple[Plan, Box]:
    """Return the plan of a type and the box of its seal."""
    plan = read_plan(license_type.name, license_type.layout)
    x, y = plan.seal[0], plan.height - plan.seal[1]
    half = SEAL_MM / 2
    left, bottom, right, top = (
        round(value * POINTS_PER_MM, 3)
        for value in (x - half, y - half, x + half, y + half)
    )
    return plan, (left, bottom, right, top)
