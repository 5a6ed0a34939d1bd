"""The seal's empty signature field in a document that is not sealed yet (pikepdf)."""

import math
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from esign.errors import MalformedError

if TYPE_CHECKING:
    import pikepdf

FIELD_NAME = "Seal"
_FLAG_PRINT, _FLAG_LOCKED = 1 << 2, 1 << 7  # ISO 32000-1, table 165
_SIGNATURES_EXIST_APPEND_ONLY = 3  # ISO 32000-1, table 219


@dataclass(frozen=True, slots=True)
class SealAppearance:
    """What a person sees of the seal.

    Attributes:
        page: number of the page, from 0.
        box: left, bottom, right, top in points (1/72 inch) from the lower left corner.
        art: a one-page PDF; its page is scaled to the box.
    """

    page: int
    box: tuple[float, float, float, float]
    art: bytes


def add(
    document: "pikepdf.Pdf", appearance: SealAppearance | None
) -> "pikepdf.Dictionary":
    """Give a document one empty signature field with a widget, and return the field.

    Args:
        document: changed in place; it has neither form fields nor permissions.
        appearance: where the seal is seen; None makes an invisible field.

    Raises:
        MalformedError: encrypted, or with form fields or permissions.
        ValueError: a box or page that is not there, or art of more than one page.
    """
    page = _page(document, appearance.page if appearance else 0)
    box = appearance.box if appearance else (0, 0, 0, 0)
    form = _form(document, appearance) if appearance else None
    return _placed(document, page, box, form)


def reserve(
    document: "pikepdf.Pdf", number: int, box: tuple[float, float, float, float]
) -> "pikepdf.Dictionary":
    """Give a document one empty signature field with an empty picture, and return it.

    Args:
        document: as for :func:`add`.
        number: of the page, from 0.
        box: left, bottom, right, top of the seal to come, points.

    Raises:
        MalformedError, ValueError: as for :func:`add`.
    """
    import pikepdf  # noqa: PLC0415  costs 60 ms, and reading needs none of it

    page = _page(document, number)
    _require_box(box)
    left, bottom, right, top = box
    sides = (0, 0, right - left, top - bottom)
    empty = pikepdf.Stream(
        document,
        b"q Q",
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Form,
        BBox=pikepdf.Array([_points(value) for value in sides]),
    )
    return _placed(document, page, box, document.make_indirect(empty))


def _page(document: "pikepdf.Pdf", number: int) -> "pikepdf.Page":
    """Return a page of a document that can be sealed."""
    if document.is_encrypted:
        raise MalformedError("an encrypted PDF cannot be sealed")
    if "/AcroForm" in document.Root or "/Perms" in document.Root:
        raise MalformedError("a PDF with form fields or permissions cannot be sealed")
    if not 0 <= number < len(document.pages):
        raise ValueError(f"the PDF has no page {number}")
    return document.pages[number]


def _placed(
    document: "pikepdf.Pdf",
    page: "pikepdf.Page",
    box: tuple[float, float, float, float],
    form: "pikepdf.Object | None",
) -> "pikepdf.Dictionary":
    import pikepdf  # noqa: PLC0415  see add

    widget = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Widget,
        FT=pikepdf.Name.Sig,
        T=pikepdf.String(FIELD_NAME),
        F=_FLAG_PRINT | _FLAG_LOCKED,
        Rect=pikepdf.Array([_points(value) for value in box]),
        P=page.obj,
    )
    if form is not None:
        widget.AP = pikepdf.Dictionary(N=form)
    field = document.make_indirect(widget)
    if "/Annots" not in page.obj:
        page.obj.Annots = pikepdf.Array()
    page.obj.Annots.append(field)
    document.Root.AcroForm = document.make_indirect(
        pikepdf.Dictionary(
            Fields=pikepdf.Array([field]), SigFlags=_SIGNATURES_EXIST_APPEND_ONLY
        )
    )
    return field


def _points(value: float) -> "pikepdf.Object":
    import pikepdf  # noqa: PLC0415  see add

    return pikepdf.Object.parse(f"{value:.4f}".rstrip("0").rstrip(".").encode())


def _form(document: "pikepdf.Pdf", appearance: SealAppearance) -> "pikepdf.Object":
    import pikepdf  # noqa: PLC0415  see add

    _require_box(appearance.box)
    with pikepdf.open(BytesIO(appearance.art), attempt_recovery=False) as art:
        if len(art.pages) != 1:
            raise ValueError("the seal's drawing must have exactly one page")
        return document.copy_foreign(art.pages[0].as_form_xobject())


def _require_box(box: tuple[float, float, float, float]) -> None:
    left, bottom, right, top = box
    if not (all(map(math.isfinite, box)) and left < right and bottom < top):
        raise ValueError("the seal's box must have a width and a height")
