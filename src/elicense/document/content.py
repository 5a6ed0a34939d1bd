"""A composed page as a PDF content stream (ISO 32000-1, 8 and 9)."""

from collections.abc import Iterator, Mapping

from elicense.fonts import Subset, Typeface
from elicense.layout import Box, Colour, Line, Page, Run

FONT_NAMES = {Typeface.SERIF: "F1", Typeface.SANS: "F2"}
PHOTO_FRAME: Colour = (150, 150, 150)


def content(
    page: Page, fonts: Mapping[Typeface, Subset], photo_size: tuple[int, int] | None
) -> bytes:
    """Return the operators that draw a page.

    The resources are expected under the names ``Art``, ``Photo``, ``QR`` and those of
    `FONT_NAMES`.

    Args:
        page: what to draw.
        fonts: a subset for each face that the page uses.
        photo_size: width and height of the photo in pixels, None without one.
    """
    ops = ["q /Art Do Q"]
    ops += map(_line, page.lines)
    if page.photo_box is not None and photo_size is not None:
        ops += _photo(page.photo_box, photo_size)
    ops += _symbol(page.qr_box)
    ops.append("BT")
    ops += (_run(run, fonts[run.typeface]) for run in page.runs)
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


def _symbol(box: Box) -> Iterator[str]:
    """Yield the QR image; its quiet zone is part of the image."""
    left, bottom, right, _ = box
    side = _number(right - left)
    yield f"q {side} 0 0 {side} {_number(left)} {_number(bottom)} cm /QR Do Q"


def _line(line: Line) -> str:
    """Return the operators of a line."""
    dash = f"[{_number(line.dots)}] 0 d" if line.dots else "[] 0 d"
    start, end = (" ".join(map(_number, point)) for point in (line.start, line.end))
    return (
        f"q {_colour(line.colour)} RG {_number(line.width)} w {dash}"
        f" {start} m {end} l S Q"
    )


def _run(run: Run, font: Subset) -> str:
    """Return the operators of a run; all of the text state is set each time."""
    colour = _colour(run.colour)
    mode = f"2 Tr {colour} RG {_number(run.stroke)} w" if run.stroke else "0 Tr"
    codes = "".join(f"{font.glyph_ids[char]:04x}" for char in run.text)
    return (
        f"/{FONT_NAMES[run.typeface]} {_number(run.size)} Tf"
        f" {_number(run.spacing)} Tc {_number(run.stretch * 100)} Tz"
        f" {colour} rg {mode}"
        f" 1 0 0 1 {_number(run.x)} {_number(run.y)} Tm <{codes}> Tj"
    )


def _colour(colour: Colour) -> str:
    """Return three operands between 0 and 1."""
    return " ".join(_number(part / 255) for part in colour)


def _number(value: float) -> str:
    """Return a PDF number with at most three decimals (no exponent, no -0)."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
