"""A composed page as a PDF content stream (ISO 32000-1, 8 and 9)."""

import functools
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from elicense.document.picture import Picture
from elicense.fonts import Subset
from elicense.layout import Box, Colour, Line, Page, Run

PHOTO_FRAME: Colour = (150, 150, 150)
_KEPT = 4096
"""Numbers, styles and lines that are kept as text; a type has some hundred."""


class Piece(NamedTuple):
    """A part of a run that is drawn with one font.

    Attributes:
        name: of the font in the page's resources, without a slash.
        font: the subset that has all of its characters.
        text: the characters, in reading order.
    """

    name: str
    font: Subset
    text: str


Lettering = Sequence[Sequence[Piece]]
"""The pieces of every run of a page, in the page's order."""


def content(page: Page, lettering: Lettering, picture: Picture | None) -> bytes:
    """Return the operators that draw a page.

    The resources are expected under the names ``Art``, ``Photo``, ``QR``, ``Code`` and
    those that the lettering gives.

    Args:
        page: what to draw.
        lettering: the pieces of each run.
        picture: the photo, None without one.
    """
    ops = ["q /Art Do Q"]
    ops += map(_line, page.lines)
    if page.photo_box is not None and picture is not None:
        ops += _photo(page.photo_box, picture.size)
    ops += _symbol("QR", page.qr_box)
    ops += _symbol("Code", page.code_box)
    ops.append("BT")
    ops += (_run(*drawn) for drawn in zip(page.runs, lettering, strict=True))
    ops.append("ET\n")
    return "\n".join(ops).encode("ascii")


def within(box: Box, size: tuple[int, int]) -> Box:
    """Return the largest box of an image's proportions in the middle of a box."""
    left, bottom, right, top = box
    scale = min((right - left) / size[0], (top - bottom) / size[1])
    width, height = size[0] * scale, size[1] * scale
    x, y = (left + right - width) / 2, (bottom + top - height) / 2
    return (x, y, x + width, y + height)


def _photo(box: Box, size: tuple[int, int]) -> Iterator[str]:
    """Yield the photo and a fine frame around it."""
    left, bottom, right, top = within(box, size)
    width, height = right - left, top - bottom
    yield (
        f"q {_number(width)} 0 0 {_number(height)} {_number(left)} {_number(bottom)} cm"
        " /Photo Do Q"
    )
    yield (
        f"q {_colour(PHOTO_FRAME)} RG 0.6 w"
        f" {' '.join(map(_number, (left, bottom, width, height)))} re S Q"
    )


def _symbol(name: str, box: Box | None) -> Iterator[str]:
    """Yield the image of a symbol; its quiet zone is part of the image."""
    if box is not None:
        left, bottom, right, _ = box
        side = _number(right - left)
        yield f"q {side} 0 0 {side} {_number(left)} {_number(bottom)} cm /{name} Do Q"


@functools.lru_cache(maxsize=_KEPT)
def _line(line: Line) -> str:
    """Return the operators of a line."""
    dash = f"[{_number(line.dots)}] 0 d" if line.dots else "[] 0 d"
    start, end = (" ".join(map(_number, point)) for point in (line.start, line.end))
    return (
        f"q {_colour(line.colour)} RG {_number(line.width)} w {dash}"
        f" {start} m {end} l S Q"
    )


def _run(run: Run, pieces: Iterable[Piece]) -> str:
    """Return the operators of a run; all of the text state is set each time."""
    style = _style(run.colour, run.spacing, run.stretch, run.stroke)
    size = _number(run.size)
    shown = " ".join(
        [f"/{piece.name} {size} Tf <{_codes(piece)}> Tj" for piece in pieces]
    )
    return f"{style} 1 0 0 1 {_number(run.x)} {_number(run.y)} Tm {shown}"


@functools.lru_cache(maxsize=_KEPT)
def _style(colour: Colour, spacing: float, stretch: float, stroke: float) -> str:
    """Return the text state of a run but for its font."""
    paint = _colour(colour)
    mode = f"2 Tr {paint} RG {_number(stroke)} w" if stroke else "0 Tr"
    return f"{_number(spacing)} Tc {_number(stretch * 100)} Tz {paint} rg {mode}"


def _codes(piece: Piece) -> str:
    """Return the glyph numbers of a piece as hexadecimal digits."""
    numbers = map(piece.font.glyph_ids.__getitem__, piece.text)
    return struct.pack(f">{len(piece.text)}H", *numbers).hex()


def _colour(colour: Colour) -> str:
    """Return three operands between 0 and 1."""
    return " ".join(_number(part / 255) for part in colour)


@functools.lru_cache(maxsize=_KEPT)
def _number(value: float) -> str:
    """Return a PDF number with at most three decimals (no exponent, no -0)."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
