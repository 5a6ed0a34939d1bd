"""Paths as OFD abbreviates them (GB/T 33190-2016, 9.3), in lines and cubic curves."""

import math
from collections.abc import Iterator

from esign.seal_image.lettering import Segment
from esign.seal_image.ofd.values import numbers
from esign.seal_image.refusals import PictureError

MAX_WORDS = 60_000
"""Words of one path."""

_COUNTS = {"S": 2, "M": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}
_QUARTER = math.pi / 2

Point = tuple[float, float]


def segments(text: str) -> Iterator[Segment]:
    """Yield the segments of a path.

    Args:
        text: S and M begin a part, L is a line, Q and B are curves with one and two
            control points, A is an arc of an ellipse, C closes.

    Raises:
        PictureError: another word, or a path that begins with none of S and M.
    """
    words = text.split()
    if not 0 < len(words) <= MAX_WORDS:
        raise PictureError("a path of the OFD is empty or too long")
    at, start, here = 0, None, (0.0, 0.0)
    while at < len(words):
        operator = words[at]
        count = _COUNTS.get(operator)
        if count is None or (start is None and operator not in "SM"):
            raise PictureError("a path of the OFD is spelled in no known way")
        values = numbers(words[at + 1 : at + 1 + count], count)
        at += 1 + count
        points = tuple(zip(values[::2], values[1::2], strict=False))
        if operator in "SM":
            start = here = points[0]
            yield "moveTo", points
        elif operator == "C":
            here = start or here
            yield "closePath", ()
        elif operator == "A":
            here, before = (values[5], values[6]), here
            yield from _arc(before, values)
        else:
            yield _curve(operator, here, points)
            here = points[-1]


def _curve(operator: str, here: Point, points: tuple[Point, ...]) -> Segment:
    """Return a line, or a curve as one with two control points."""
    if operator == "L":
        return "lineTo", points
    if operator == "B":
        return "curveTo", points
    control, end = points
    first, second = (
        tuple(
            near + 2 / 3 * (c - near) for near, c in zip(corner, control, strict=True)
        )
        for corner in (here, end)
    )
    return "curveTo", ((first[0], first[1]), (second[0], second[1]), end)


def _arc(here: Point, values: list[float]) -> Iterator[Segment]:
    """Yield an arc of an ellipse from here (the way of SVG 1.1, F.6.5).

    Args:
        here: where it begins.
        values: both radii, the turn in degrees, whether it is the longer way, whether
            it goes clockwise, and its end.
    """
    rx, ry, turn, long_way, clockwise = values[:5]
    end = (values[5], values[6])
    if long_way not in (0, 1) or clockwise not in (0, 1):
        raise PictureError("an arc of the OFD is spelled in no known way")
    rx, ry = abs(rx), abs(ry)
    if here == end:
        return
    if not (rx and ry):
        yield "lineTo", (end,)
        return
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    half = ((here[0] - end[0]) / 2, (here[1] - end[1]) / 2)
    x = (cos * half[0] + sin * half[1]) / rx
    y = (-sin * half[0] + cos * half[1]) / ry
    size = x * x + y * y  # over 1 where the ellipse is too small, and grows
    grown = max(1.0, math.sqrt(size))
    rx, ry, x, y = rx * grown, ry * grown, x / grown, y / grown
    size = x * x + y * y
    reach = math.sqrt(max(0.0, 1 / size - 1)) * (-1 if long_way == clockwise else 1)
    middle = (reach * y, -reach * x)
    first = math.atan2(y - middle[1], x - middle[0])
    sweep = math.atan2(-y - middle[1], -x - middle[0]) - first
    if clockwise and sweep < 0:
        sweep += 2 * math.pi
    elif not clockwise and sweep > 0:
        sweep -= 2 * math.pi
    centre = (
        (here[0] + end[0]) / 2 + cos * rx * middle[0] - sin * ry * middle[1],
        (here[1] + end[1]) / 2 + sin * rx * middle[0] + cos * ry * middle[1],
    )
    for unit in _pieces(first, sweep):
        yield (
            "curveTo",
            tuple(
                (
                    centre[0] + cos * rx * a - sin * ry * b,
                    centre[1] + sin * rx * a + cos * ry * b,
                )
                for a, b in unit
            ),
        )


def _pieces(first: float, sweep: float) -> Iterator[tuple[Point, Point, Point]]:
    """Yield an arc of the unit circle as curves of at most a quarter each."""
    count = max(1, math.ceil(abs(sweep) / _QUARTER - 1e-9))
    step = sweep / count
    bend = 4 / 3 * math.tan(step / 4)
    for index in range(count):
        start = first + index * step
        end = start + step
        yield (
            (math.cos(start) - bend * math.sin(start),
             math.sin(start) + bend * math.cos(start)),
            (math.cos(end) + bend * math.sin(end),
             math.sin(end) - bend * math.cos(end)),
            (math.cos(end), math.sin(end)),
        )  # fmt: skip
