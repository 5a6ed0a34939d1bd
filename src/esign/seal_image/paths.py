"""Closed curves as path segments, and the two notations of a path."""

from collections.abc import Iterable, Iterator

from esign.seal_image.lettering import Segment

POINTS_PER_MM = 72 / 25.4
RED = (200, 16, 24)
"""Colour of the ink, sRGB."""

_BEND = 0.5522847498  # of a quarter of a circle as one curve; off by 0.03 %
_PDF = {"moveTo": "m", "lineTo": "l", "curveTo": "c", "closePath": "h"}
_SVG = {"moveTo": "M", "lineTo": "L", "curveTo": "C", "closePath": "Z"}


def ellipse(half_width: float, half_height: float) -> Iterator[Segment]:
    """Yield an ellipse around the middle as four curves."""
    x, y = 1.0, 0.0
    yield "moveTo", ((half_width, 0.0),)
    for _ in range(4):
        unit = ((x - y * _BEND, y + x * _BEND), (-y + x * _BEND, x + y * _BEND))
        x, y = -y, x
        points = (*unit, (x, y))
        yield "curveTo", tuple((a * half_width, b * half_height) for a, b in points)
    yield "closePath", ()


def pdf_path(segments: Iterable[Segment], middle: tuple[float, float]) -> str:
    """Return a path in operators of PDF, in points (ISO 32000-1, 8.5.2).

    Args:
        segments: in millimetres around the middle, y upwards.
        middle: in points from the lower left corner.
    """
    return pdf_operators(
        (
            kind,
            tuple(
                (middle[0] + x * POINTS_PER_MM, middle[1] + y * POINTS_PER_MM)
                for x, y in points
            ),
        )
        for kind, points in segments
    )


def pdf_operators(segments: Iterable[Segment]) -> str:
    """Return a path in operators of PDF.

    Args:
        segments: in points.
    """
    parts = []
    for kind, points in segments:
        parts += [f"{value:.3f}" for point in points for value in point]
        parts.append(_PDF[kind])
    return " ".join(parts)


def svg_path(segments: Iterable[Segment], middle: tuple[float, float]) -> str:
    """Return a path as SVG writes it, in millimetres, y downwards.

    Args:
        segments: in millimetres around the middle, y upwards.
        middle: in millimetres from the upper left corner.
    """
    parts = []
    for kind, points in segments:
        pairs = (f"{middle[0] + x:.3f} {middle[1] - y:.3f}" for x, y in points)
        parts.append(_SVG[kind] + " ".join(pairs))
    return "".join(parts)
