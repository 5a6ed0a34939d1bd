"""The slices of a cross-page seal as content of the pages of a PDF."""

import io
import itertools
from collections.abc import Sequence

import pikepdf

from esign.errors import MalformedError
from esign.seal_image.cross_page import CrossPage, Slice, slices
from esign.seal_image.page import saved
from esign.seal_image.paths import POINTS_PER_MM

MAX_PAGES = 2000
"""Pages of a document that gets a cross-page seal."""

_TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
"""From the page as it is seen to the page as it is written, by its /Rotate."""


def draw_across(pdf: bytes, art: bytes, way: CrossPage | None = None) -> bytes:
    """Return a document with the slices of one seal on all of its pages.

    They become content of the pages, over what is there, and are covered by whatever
    signature follows; a signature that is there already would be broken, so such a
    document is refused. A license in the form of its own may not carry them: a page of
    it shows what its record says and nothing else (docs/formats/pdf.md, section 9).

    Args:
        pdf: a document of at least two pages that is not signed.
        art: the seal as `draw` or `import_picture` gives it.
        way: how; by default at the middle of the right edge.

    Returns:
        The document, written anew.

    Raises:
        MalformedError: no PDF, or one that is encrypted or has signature fields.
        ValueError: as for `slices`.
    """
    try:
        with (
            pikepdf.open(io.BytesIO(pdf), attempt_recovery=False) as document,
            pikepdf.open(io.BytesIO(art)) as seal,
        ):
            _require_unsigned(document)
            _draw(document, seal.pages[0], way)
            return saved(document)
    except (pikepdf.PikepdfError, AttributeError, TypeError, KeyError) as err:
        raise MalformedError("the PDF or one of its pages can not be read") from err


def _require_unsigned(document: pikepdf.Pdf) -> None:
    if document.is_encrypted:
        raise MalformedError("an encrypted PDF can not be sealed")
    if "/AcroForm" in document.Root or "/Perms" in document.Root:
        raise MalformedError("a PDF with form fields or permissions can not be changed")
    if len(document.pages) > MAX_PAGES:
        raise MalformedError(f"more than {MAX_PAGES} pages")


def _draw(document: pikepdf.Pdf, seal: pikepdf.Page, way: CrossPage | None) -> None:
    box = [float(value) for value in seal.mediabox.as_list()]
    size = [(box[side + 2] - box[side]) / POINTS_PER_MM for side in (0, 1)]
    form = document.make_indirect(document.copy_foreign(seal.as_form_xobject()))
    views = [_view(page) for page in document.pages]
    sizes = [(view[0] / POINTS_PER_MM, view[1] / POINTS_PER_MM) for view in views]
    for part in slices(sizes, size[0], size[1], way):
        page = document.pages[part.page]
        name = page.add_resource(form, pikepdf.Name.XObject, _free_name(page))
        before, after = _brackets(page)
        operators = _operators(part, str(name), views[part.page], (box[0], box[1]))
        page.contents_add(before, prepend=True)
        page.contents_add(after + operators.encode("ascii"))


def _free_name(page: pikepdf.Page) -> pikepdf.Name:
    """Return a name that none of a page's forms and images has."""
    taken = page.resources.get("/XObject", pikepdf.Dictionary()).keys()
    number = next(n for n in itertools.count(1) if f"/Seal{n}" not in taken)
    return pikepdf.Name(f"/Seal{number}")


def _brackets(page: pikepdf.Page) -> tuple[bytes, bytes]:
    """Return the q and Q around a page's content after which its own space is back.

    Pages of the field leave some open, or close more than they opened.
    """
    depth = lowest = 0
    for instruction in pikepdf.parse_content_stream(page, "q Q"):
        depth += 1 if str(instruction.operator) == "q" else -1
        lowest = min(lowest, depth)
    return b"q\n" * (1 - lowest), b"\n" + b"Q " * (1 - lowest + depth)


_DEEPEST = 64  # nodes above a page
_View = tuple[float, float, tuple[float, ...]]
"""Width and height of a page as it is seen, in points, and the matrix from there."""


def _view(page: pikepdf.Page) -> _View:
    """Return how a page is seen (ISO 32000-1, 7.7.3.3 and 14.11.2)."""
    left, bottom, right, top = _seen_box(page)
    unit = float(page.obj.get("/UserUnit", 1))
    turn = int(_inherited(page, "/Rotate", 0)) % 360
    if turn not in _TURNS or not unit > 0:
        raise MalformedError("a page is turned or scaled in no way that there is")
    a, b, c, d = (value / unit for value in _TURNS[turn])
    x = {0: left, 90: right, 180: right, 270: left}[turn]
    y = {0: bottom, 90: bottom, 180: top, 270: top}[turn]
    width, height = (right - left) * unit, (top - bottom) * unit
    if turn in (90, 270):
        width, height = height, width
    return width, height, (a, b, c, d, x, y)


def _seen_box(page: pikepdf.Page) -> tuple[float, float, float, float]:
    """Return what of the paper is seen."""
    media, crop = (
        [float(value) for value in box.as_list()]
        for box in (page.mediabox, page.cropbox)
    )
    sides = [
        (
            max(min(media[at], media[at + 2]), min(crop[at], crop[at + 2])),
            min(max(media[at], media[at + 2]), max(crop[at], crop[at + 2])),
        )
        for at in (0, 1)
    ]
    if any(low >= high for low, high in sides):
        raise MalformedError("a page has no size")
    return sides[0][0], sides[1][0], sides[0][1], sides[1][1]


def _inherited(page: pikepdf.Page, key: str, default: int) -> int:
    """Return an entry of a page or of the nodes above it, of which there are few."""
    node: pikepdf.Object = page.obj
    for _ in range(_DEEPEST):
        if key in node:
            return int(node[key])
        if "/Parent" not in node:
            break
        node = node.Parent
    return default


def _operators(part: Slice, name: str, view: _View, corner: Sequence[float]) -> str:
    """Return what draws one part, in the page's own space."""
    left, bottom, right, top = (value * POINTS_PER_MM for value in part.box)
    x = left - part.clip[0] * POINTS_PER_MM - corner[0]
    y = bottom - part.clip[1] * POINTS_PER_MM - corner[1]
    matrix = " ".join(f"{value:.5f}" for value in view[2])
    return (
        f"q {matrix} cm {left:.4f} {bottom:.4f} {right - left:.4f} "
        f"{top - bottom:.4f} re W n 1 0 0 1 {x:.4f} {y:.4f} cm {name} Do Q\n"
    )
