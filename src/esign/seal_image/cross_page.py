"""Cross-page seals (骑缝章): which part of the seal stands on which page.

The pages are laid out like a fan, so that a strip of each is seen, and the seal is put
over all strips. A document has one signature; the slices are content of its pages and
are drawn before it is signed.
"""

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

MIN_SLICE_MM = 1.0
"""Narrowest slice; what is narrower is neither printed nor put together again."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in millimetres, from a lower left corner."""


class Edge(enum.StrEnum):
    """The edge of the pages that the slices stand at."""

    LEFT = "left"
    RIGHT = "right"
    TOP = "top"
    BOTTOM = "bottom"


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a seal on one page.

    Attributes:
        page: number of the page, from 0.
        box: where the part stands, on the page as it is seen.
        clip: which part of the seal it is; as large as ``box``.
    """

    page: int
    box: Box
    clip: Box


@dataclass(frozen=True, slots=True)
class CrossPage:
    """How a seal is put across pages.

    Attributes:
        edge: the edge of every page.
        offset_mm: from the upper end of the left or right edge to the seal, or from the
            left end of the upper or lower edge; None for its middle.
        margin_mm: between the edge and each slice.
        clip_number: slices of one seal, at least 2; where there are more pages, the
            seal is repeated. None for as many as there are pages.
    """

    edge: Edge = Edge.RIGHT
    offset_mm: float | None = None
    margin_mm: float = 0.0
    clip_number: int | None = None

    def __post_init__(self) -> None:
        """Refuse what is no distance or number.

        Raises:
            ValueError: a number is out of its range.
        """
        distances = (self.offset_mm or 0.0, self.margin_mm)
        if not all(math.isfinite(one) and one >= 0 for one in distances):
            raise ValueError("offset and margin are distances, at least 0 mm")
        if self.clip_number is not None and self.clip_number < 2:  # noqa: PLR2004
            raise ValueError("a cross-page seal has at least two slices")


def slices(
    sizes: Sequence[tuple[float, float]],
    width_mm: float,
    height_mm: float,
    way: CrossPage | None = None,
) -> tuple[Slice, ...]:
    """Return the part of the seal on every page, in the order of the pages.

    The slices of one group of pages are equally wide and together exactly the seal. A
    group has ``clip_number`` pages, the last one what is left; a single page that is
    left belongs to the group before. Pages follow each other as they lie in a fan: at
    the right edge the first has the seal's left end, at the left edge its right end, at
    the lower edge its upper end, at the upper edge its lower end.

    Args:
        sizes: width and height of every page as it is seen, in millimetres.
        width_mm: of the seal.
        height_mm: likewise.
        way: how; by default at the middle of the right edge.

    Raises:
        ValueError: fewer than two pages, slices narrower than 1 mm, or a page on which
            the seal has no room.
    """
    chosen = way or CrossPage()
    if len(sizes) < 2:  # noqa: PLR2004
        raise ValueError("a cross-page seal needs two pages")
    if not (0 < width_mm < math.inf and 0 < height_mm < math.inf):
        raise ValueError("a seal has a width and a height")
    made: list[Slice] = []
    for count in groups(len(sizes), chosen.clip_number):
        for place in range(count):
            page = len(made)
            part = _part((width_mm, height_mm), chosen.edge, place, count)
            made.append(Slice(page, _stand(part, sizes[page], chosen), part))
    return tuple(made)


def groups(pages: int, clip_number: int | None) -> tuple[int, ...]:
    """Return how many pages each repetition of the seal takes.

    Args:
        pages: at least 2.
        clip_number: slices of one seal, at least 2, or None for one group.
    """
    if clip_number is None or clip_number >= pages:
        return (pages,)
    whole, left = divmod(pages, clip_number)
    if left == 1:
        return (clip_number,) * (whole - 1) + (clip_number + 1,)
    return (clip_number,) * whole + ((left,) if left else ())


def _part(seal: tuple[float, float], edge: Edge, place: int, count: int) -> Box:
    """Return one part of the seal: the cuts are the same for both neighbours."""
    width, height = seal
    long_side = width if edge in (Edge.LEFT, Edge.RIGHT) else height
    if long_side / count < MIN_SLICE_MM:
        raise ValueError(
            f"{count} slices would be narrower than {MIN_SLICE_MM:g} mm; choose a"
            " smaller number of slices"
        )
    if edge in (Edge.LEFT, Edge.BOTTOM):  # counted from the right, or from the top
        place = count - 1 - place
    start, end = long_side * (place / count), long_side * ((place + 1) / count)
    if edge in (Edge.LEFT, Edge.RIGHT):
        return (start, 0.0, end, height)
    return (0.0, start, width, end)


def _stand(part: Box, page: tuple[float, float], way: CrossPage) -> Box:
    """Return where a part stands on its page: at the edge, but for the margin."""
    wide, high = part[2] - part[0], part[3] - part[1]
    at_side = way.edge in (Edge.LEFT, Edge.RIGHT)
    room = page[1] - high if at_side else page[0] - wide
    offset = room / 2 if way.offset_mm is None else way.offset_mm
    across = wide if at_side else high
    depth = page[0] if at_side else page[1]
    if not (0 <= offset <= room and across + way.margin_mm <= depth):
        raise ValueError("the seal has no room on a page")
    is_far = way.edge in (Edge.RIGHT, Edge.TOP)
    start = depth - way.margin_mm - across if is_far else way.margin_mm
    if at_side:
        bottom = page[1] - offset - high
        return (start, bottom, start + wide, bottom + high)
    return (offset, start, offset + wide, start + high)
