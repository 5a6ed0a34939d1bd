"""Where each part of a seal stands: border, ring, star, lines, notice and code.

Everything is in millimetres around the seal's middle, y upwards. Proportions of round
seals are those of 42 mm and grow with the diameter; those of the invoice seal are the
tax authority's.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from fontTools.misc.transform import Identity, Transform

from esign.seal_image.curve import Curve, Stand
from esign.seal_image.lettering import (
    DIGIT_HEIGHT,
    DIGIT_MIDDLE,
    EM,
    MIDDLE,
    Segment,
    advance,
    outline,
)
from esign.seal_image.ranks import Centre
from esign.seal_image.spec import TEST_NOTICE, SealSpec

_USUAL = 42.0  # mm; the diameter that proportions are told for
_USED = 0.4  # of a character's height, from its middle to its feet
_NATURAL = 0.94  # width to height of a character on the ring where there is room
_STROKED_FROM = 3.3  # mm; width of characters that are outlined
_BESIDE = 12.0  # of the em square; how far smaller ones are shifted either way
_CODE_HEIGHT = 1.5
_CODE_PITCH = 1.55
_CODE_GAP = 0.55


@dataclass(frozen=True, slots=True)
class Paint:
    """Paths that are filled and outlined alike.

    Attributes:
        stroke: width of the outline in millimetres, which makes the face a little
            bolder. None, 0, for small characters, which are painted twice instead:
            viewers draw no line thinner than a pixel, and at 100 % that closes them.
        segments: the paths.
    """

    stroke: float
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """A seal as it is painted.

    Attributes:
        width: outer width in millimetres.
        height: outer height.
        border: width of the border, whose outer edge is the seal's.
        paints: all else.
    """

    width: float
    height: float
    border: float
    paints: tuple[Paint, ...]


@dataclass(frozen=True, slots=True)
class Ring:
    """How a name runs along the border.

    Attributes:
        gap: from the border's inner edge to the characters, millimetres.
        height: of the characters.
        span: from the middle of the first to that of the last, parts of the curve.
    """

    gap: float
    height: float
    span: float


def design(spec: SealSpec) -> Design:
    """Lay a seal out.

    Args:
        spec: what it says.

    Raises:
        ValueError: the face has no glyph for a character.
    """
    parts = _round(spec) if spec.form.is_round else _oval(spec)
    return Design(
        width=spec.width_mm,
        height=spec.height_mm,
        border=spec.border_mm,
        paints=tuple(part for part in parts if part.segments),
    )


def _round(spec: SealSpec) -> Iterator[Paint]:
    """Yield the parts of a round seal."""
    unit = spec.width_mm / _USUAL
    yield _name(spec, ring_of_circle(len(spec.name), unit))
    yield _code(spec, unit)
    has_star = spec.form.centre is Centre.STAR
    if spec.form.centre is Centre.EMBLEM:
        yield from _in_place_of_emblem(unit)
        return
    if has_star and spec.line:
        yield _star(2.4 * unit, 5.8 * unit)
        yield _line(spec.line, -9.4 * unit, (3.0 * unit, 17.0 * unit))
        yield _line(TEST_NOTICE, -13.5 * unit, (2.1 * unit, 18.4 * unit))
    elif has_star:
        yield _star(0.6 * unit, 7.0 * unit)
        yield _line(TEST_NOTICE, -12.4 * unit, (2.2 * unit, 18.6 * unit))
    else:
        yield _line(spec.line, -4.6 * unit, (4.2 * unit, 21.0 * unit))
        yield _line(TEST_NOTICE, -12.2 * unit, (2.2 * unit, 18.6 * unit))


def ring_of_circle(count: int, unit: float) -> Ring:
    """Return how a name of so many characters runs on a round seal."""
    many = max(0.0, (count - 12) / 12)
    degrees = min(70.0 + 16.0 * (count - 1), 246.0 + 18.0 * many)
    return Ring(gap=0.8 * unit, height=(5.6 - 0.8 * many) * unit, span=degrees / 360)


def ring_of_oval(count: int, *, is_invoice: bool) -> Ring:
    """Return the same for an oval one; of the invoice seal 4.2 mm and 210 to 260."""
    many = max(0.0, (count - 12) / 12)
    degrees = min(28.0 * (count - 1), 214.0 + 46.0 * many)
    if is_invoice:
        return Ring(gap=0.5, height=4.2 - 0.5 * many, span=degrees / 360)
    return Ring(gap=0.6, height=4.4 - 0.7 * many, span=degrees / 360)


def _in_place_of_emblem(unit: float) -> Iterator[Paint]:
    """Yield the notice where the national emblem would stand."""
    first, second = TEST_NOTICE.split()
    yield _line(first, 1.8 * unit, (3.2 * unit, 18.0 * unit))
    yield _line(second, -2.6 * unit, (3.2 * unit, 18.0 * unit))


def _oval(spec: SealSpec) -> Iterator[Paint]:
    """Yield the parts of an oval seal."""
    is_invoice = spec.form.centre is Centre.TAX_NUMBER
    yield _name(spec, ring_of_oval(len(spec.name), is_invoice=is_invoice))
    yield _code(spec, 1.0)
    if is_invoice:
        yield _number(spec.tax_number, 0.0, (3.7, 26.0))
        yield _line(spec.line, -6.5, (4.6, 15.0))
        yield _line(TEST_NOTICE, -10.9, (1.9, 16.2))
    else:
        yield _line(spec.line, -0.6, (3.6, 24.0))
        yield _line(TEST_NOTICE, -6.2, (2.2, 19.0))


def _curve(spec: SealSpec, inside: float) -> Curve:
    """Return what lies at a distance inside of the border's inner edge."""
    half_width = spec.width_mm / 2 - spec.border_mm
    half_height = spec.height_mm / 2 - spec.border_mm
    return Curve(half_width, half_height, inside)


def _name(spec: SealSpec, ring: Ring) -> Paint:
    """Return the name, from left to right, symmetrical to the vertical axis."""
    curve = _curve(spec, ring.gap + ring.height / 2)
    count = len(spec.name)
    step = ring.span * curve.length / (count - 1)
    stands = [curve.at((index - (count - 1) / 2) * step) for index in range(count)]
    feet = [stand.foot(_USED * ring.height) for stand in stands]
    width = min(ring.height * _NATURAL, *map(math.dist, feet, feet[1:]))
    segments: list[Segment] = []
    for char, stand in zip(spec.name, stands, strict=True):
        place = _upright(stand).scale(width / EM, ring.height / EM)
        segments += _glyph(char, place.translate(-advance(char) / 2, -MIDDLE), width)
    return Paint(_stroke(width), tuple(segments))


def _stroke(width: float) -> float:
    """Return the outline for characters of a width."""
    return 0.025 * width if width >= _STROKED_FROM else 0.0


def _glyph(char: str, place: Transform, width: float) -> Iterator[Segment]:
    """Yield a character; one that is too small for an outline twice, side by side."""
    if _stroke(width):
        yield from outline(char, place)
    else:
        yield from _twice(char, place)


def _twice(char: str, place: Transform, *, sans: bool = False) -> Iterator[Segment]:
    for side in (-1, 1):
        beside = place.translate(side * _BESIDE, -side * _BESIDE / 2)
        yield from outline(char, beside, sans=sans)


def _code(spec: SealSpec, unit: float) -> Paint:
    """Return the code on the lower arc, with its feet towards the border."""
    height, pitch = _CODE_HEIGHT * unit, _CODE_PITCH * unit
    curve = _curve(spec, _CODE_GAP * unit + height / 2)
    bottom = curve.length / 2
    segments: list[Segment] = []
    for index, char in enumerate(spec.code):
        way = bottom - (index - (len(spec.code) - 1) / 2) * pitch
        place = _upright(curve.at(way)).rotate(math.pi)
        place = place.scale(height / DIGIT_HEIGHT, height / DIGIT_HEIGHT)
        half = advance(char, sans=True) / 2
        segments += _twice(char, place.translate(-half, -DIGIT_MIDDLE), sans=True)
    return Paint(0.0, tuple(segments))


def _upright(stand: Stand) -> Transform:
    return Identity.translate(stand.x, stand.y).rotate(stand.turn)


def _star(middle: float, radius: float) -> Paint:
    """Return a five-point star with one point up."""
    inner = radius * math.sin(math.pi / 10) / math.sin(math.pi * 7 / 10)
    points = []
    for corner in range(10):
        reach = inner if corner % 2 else radius
        angle = math.pi / 2 + corner * math.pi / 5
        points.append((reach * math.cos(angle), reach * math.sin(angle) + middle))
    lines = (("lineTo", (point,)) for point in points[1:])
    return Paint(0.0, (("moveTo", (points[0],)), *lines, ("closePath", ())))


def _line(text: str, middle: float, size: tuple[float, float]) -> Paint:
    """Return a horizontal line, centred; narrowed where it would touch the ring.

    Args:
        text: what to draw; may be empty.
        middle: height of the middle of the line over the seal's middle.
        size: character height and the greatest width, in millimetres.
    """
    height, room = size
    natural = sum(advance(char) for char in text) * height / EM
    narrow = min(1.0, room / natural) if natural else 1.0
    x = -natural * narrow / 2
    segments: list[Segment] = []
    for char in text:
        place = Identity.translate(x, middle).scale(height * narrow / EM, height / EM)
        place = place.translate(0, -MIDDLE)
        segments += _glyph(char, place, height * narrow)
        x += advance(char) * height * narrow / EM
    return Paint(_stroke(height * narrow), tuple(segments))


def _number(text: str, middle: float, size: tuple[float, float]) -> Paint:
    """Return a number, centred, each digit in a cell of its own as wide as the others.

    Args:
        text: digits and capitals.
        middle: as for a line.
        size: height of a digit and width of 18 cells, in millimetres.
    """
    height, width = size[0], size[1] / 18
    segments: list[Segment] = []
    for index, char in enumerate(text):
        x = (index - (len(text) - 1) / 2) * width
        high = height / DIGIT_HEIGHT
        wide = min(high, 0.9 * width / advance(char, sans=True))
        place = Identity.translate(x, middle).scale(wide, high)
        half = advance(char, sans=True) / 2
        segments += _twice(char, place.translate(-half, -DIGIT_MIDDLE), sans=True)
    return Paint(0.0, tuple(segments))
