"""Drawing a first seal as vectors: ring text, star, purpose line and test notice.

The proportions follow what 国发〔1999〕25号 asks of round seals (name on the arc from
left to right, star in the centre, at most 45 mm) and common practice for 专用章. A
national emblem is never drawn. Text is drawn as outlines, so that the art needs no font
where it is placed.
"""

import functools
import io
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import pikepdf
import pylopdf_fonts_zh_cn
from fontTools.misc.transform import Transform
from fontTools.pens.recordingPen import RecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont
from pikepdf import Dictionary, Name

POINTS_PER_MM = 72 / 25.4
RING_MIN, RING_MAX = 4, 24
"""Characters on the ring; fewer look lost and more cannot be read at 42 mm."""
LINE_MAX = 12
"""Characters of the purpose line and of the notice, for the width inside the ring."""
DIAMETER_MIN, DIAMETER_MAX = 30.0, 45.0
"""Millimetres; 45 is the largest for 直属机构 and 企业事业单位 (国发〔1999〕25号)."""
RED = (200, 16, 24)
TEST_NOTICE = "测试印章 无法律效力"

_EM = 1000.0
_MIDDLE = 380.0
"""Height of the middle of the ideographic em box over the baseline, of 1000."""

Segment = tuple[str, tuple[tuple[float, float], ...]]


@dataclass(frozen=True, slots=True)
class SealSpec:
    """What a seal says and how large it is.

    Attributes:
        name: the organization on the ring, 4 to 24 characters.
        purpose: the horizontal line under the star, at most 12 characters.
        notice: the small line under it; empty only for a seal that has legal effect.
        diameter_mm: outer diameter in millimetres, 30 to 45.
    """

    name: str
    purpose: str = "电子证照专用章"
    notice: str = TEST_NOTICE
    diameter_mm: float = 42.0

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn legibly.

        Raises:
            ValueError: a length or the diameter is out of its range.
        """
        if not RING_MIN <= len(self.name) <= RING_MAX:
            raise ValueError(f"the ring takes {RING_MIN} to {RING_MAX} characters")
        if max(len(self.purpose), len(self.notice)) > LINE_MAX:
            raise ValueError(f"a line inside takes at most {LINE_MAX} characters")
        if not DIAMETER_MIN <= self.diameter_mm <= DIAMETER_MAX:
            raise ValueError(f"a seal has {DIAMETER_MIN:g} to {DIAMETER_MAX:g} mm")


def draw(spec: SealSpec) -> bytes:
    """Return the seal as a PDF of one page, the size of the seal, with no background.

    It is drawn like ink (blend mode Multiply), so that text under it stays readable.

    Args:
        spec: what the seal says.

    Returns:
        PDF bytes without fonts or images; the same spec gives the same bytes.

    Raises:
        ValueError: the face has no glyph for a character.
    """
    size = spec.diameter_mm * POINTS_PER_MM
    red = " ".join(f"{part / 255:.3f}" for part in RED)
    stroke = _stroke(spec) * POINTS_PER_MM
    ops = [f"{red} rg {red} RG 1 j {stroke:.3f} w"]
    ops.append(" ".join(_operators(_shapes(spec), size / 2)))
    ops.append(f"B {_border(spec) * POINTS_PER_MM:.3f} w")
    radius = (spec.diameter_mm - _border(spec)) / 2
    ops.append(" ".join(_operators(_circle(radius), size / 2)) + " S")
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(size, size))
    page = pdf.pages[0]
    page.Resources = Dictionary(
        ExtGState=Dictionary(Ink=Dictionary(Type=Name.ExtGState, BM=Name.Multiply)),
        XObject=Dictionary(Seal=_group(pdf, size, "\n".join(ops))),
    )
    page.Contents = pdf.make_indirect(pikepdf.Stream(pdf, b"/Ink gs /Seal Do\n"))
    out = io.BytesIO()
    pdf.save(
        out,
        deterministic_id=True,
        compress_streams=False,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
    )
    return out.getvalue()


def to_svg(spec: SealSpec) -> str:
    """Return the same drawing as SVG, one user unit a millimetre.

    Args:
        spec: what the seal says.

    Raises:
        ValueError: the face has no glyph for a character.
    """
    size, half = spec.diameter_mm, spec.diameter_mm / 2
    data: list[str] = []
    letters = {"moveTo": "M", "lineTo": "L", "curveTo": "C", "closePath": "Z"}
    for kind, points in _shapes(spec):
        pairs = " ".join(f"{half + x:.3f} {half - y:.3f}" for x, y in points)
        data.append(letters[kind] + pairs)
    red = "#" + "".join(f"{part:02x}" for part in RED)
    border = _border(spec)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size:g}mm" '
        f'height="{size:g}mm" viewBox="0 0 {size:g} {size:g}">'
        f'<circle cx="{half:g}" cy="{half:g}" r="{half - border / 2:.3f}" fill="none" '
        f'stroke="{red}" stroke-width="{border:.3f}"/>'
        f'<path fill="{red}" stroke="{red}" stroke-width="{_stroke(spec):.3f}" '
        f'stroke-linejoin="round" d="{"".join(data)}"/></svg>'
    )


def _group(pdf: pikepdf.Pdf, size: float, operators: str) -> pikepdf.Object:
    """Return the drawing as one transparency group, so that it multiplies only once."""
    stream = pikepdf.Stream(
        pdf,
        zlib.compress(operators.encode("ascii"), 9),
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=pikepdf.Array([0, 0, size, size]),
        Group=Dictionary(
            Type=Name.Group, S=Name.Transparency, CS=Name.DeviceRGB, I=True
        ),
        Filter=Name.FlateDecode,
    )
    return pdf.make_indirect(stream)


def _border(spec: SealSpec) -> float:
    """Return the width of the ring in millimetres; 1.2 at 42 mm is common practice."""
    return spec.diameter_mm * 1.2 / 42


def _stroke(spec: SealSpec) -> float:
    """Return the width of the outline that makes the Regular face a little bolder."""
    return spec.diameter_mm * 0.11 / 42


def _shapes(spec: SealSpec) -> Iterator[Segment]:
    """Yield all outlines in millimetres around the centre, y upwards."""
    scale = Transform(spec.diameter_mm / 42, 0, 0, spec.diameter_mm / 42, 0, 0)
    yield from _ring(spec.name, scale)
    with_lines = bool(spec.purpose or spec.notice)
    yield from _star(scale, 2.4 if with_lines else 0.0, 5.8 if with_lines else 7.0)
    yield from _line(spec.purpose, scale, -9.4, (3.0, 17.0))
    yield from _line(spec.notice, scale, -13.4, (1.8, 16.5))


def _ring(name: str, scale: Transform) -> Iterator[Segment]:
    """Yield the name on the arc, evenly spaced, symmetrical to the vertical axis."""
    count = len(name)
    span = math.radians(min(256.0, 70.0 + 16.0 * (count - 1)))
    step = span / (count - 1)
    height, radius = 5.6, 16.2
    room = step * (radius - height / 2 + 0.6)
    width = min(height * 0.94, room)
    for index, char in enumerate(name):
        angle = span / 2 - index * step
        place = (
            scale.rotate(angle)
            .translate(0, radius)
            .scale(width / _EM, height / _EM)
            .translate(-_advance(char) / 2, -_MIDDLE)
        )
        yield from _glyph(char, place)


def _star(scale: Transform, middle: float, radius: float) -> Iterator[Segment]:
    """Yield a five-point star with one point up."""
    inner = radius * math.sin(math.pi / 10) / math.sin(math.pi * 7 / 10)
    points = []
    for corner in range(10):
        reach = inner if corner % 2 else radius
        angle = math.pi / 2 + corner * math.pi / 5
        x, y = reach * math.cos(angle), reach * math.sin(angle) + middle
        points.append(scale.transformPoint((x, y)))
    yield "moveTo", (points[0],)
    for point in points[1:]:
        yield "lineTo", (point,)
    yield "closePath", ()


def _line(
    text: str, scale: Transform, middle: float, size: tuple[float, float]
) -> Iterator[Segment]:
    """Yield a horizontal line, centred; narrowed where it would touch the ring text.

    Args:
        text: what to draw; may be empty.
        scale: from the 42 mm drawing to the wanted size.
        middle: height of the middle of the line over the centre, in millimetres.
        size: character height and the greatest width, in millimetres.
    """
    height, room = size
    natural = sum(_advance(char) for char in text) * height / _EM
    narrow = min(1.0, room / natural) if natural else 1.0
    x = -natural * narrow / 2
    for char in text:
        place = (
            scale.translate(x, middle)
            .scale(height * narrow / _EM, height / _EM)
            .translate(0, -_MIDDLE)
        )
        yield from _glyph(char, place)
        x += _advance(char) * height * narrow / _EM


def _circle(radius: float) -> Iterator[Segment]:
    """Yield a circle as four curves (largest error 0.03 % of the radius)."""
    bend = radius * 4 * (math.sqrt(2) - 1) / 3
    yield "moveTo", ((radius, 0.0),)
    x, y = radius, 0.0
    for _ in range(4):
        end = (-y, x)
        unit = bend / radius
        first = (x - y * unit, y + x * unit)
        second = (end[0] + x * unit, end[1] + y * unit)
        yield "curveTo", (first, second, end)
        x, y = end
    yield "closePath", ()


def _operators(shapes: Iterator[Segment], middle: float) -> Iterator[str]:
    """Yield PDF path operators in points (ISO 32000-1, 8.5.2)."""
    letters = {"moveTo": "m", "lineTo": "l", "curveTo": "c", "closePath": "h"}
    for kind, points in shapes:
        numbers = [
            f"{middle + value * POINTS_PER_MM:.3f}"
            for point in points
            for value in point
        ]
        yield " ".join([*numbers, letters[kind]])


@functools.cache
def _font() -> TTFont:
    """Open the Song-style face of the font package, once in a process."""
    data = pylopdf_fonts_zh_cn.serif_path().read_bytes()
    return TTFont(io.BytesIO(data), lazy=True)


def _name_of(char: str) -> str:
    """Return the glyph name of a character."""
    name = _font().getBestCmap().get(ord(char))
    if name is None:
        raise ValueError(f"the seal's face has no glyph for U+{ord(char):04X}")
    return str(name)


def _advance(char: str) -> float:
    """Return the advance width of a character, of 1000."""
    return float(_font()["hmtx"][_name_of(char)][0])


def _glyph(char: str, place: Transform) -> Iterator[Segment]:
    """Yield the outline of one character, transformed."""
    pen = RecordingPen()
    _font().getGlyphSet()[_name_of(char)].draw(TransformPen(pen, place))
    for kind, points in pen.value:
        yield ("closePath" if kind == "endPath" else kind), tuple(points)
