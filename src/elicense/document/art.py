"""The static art of a page: a type's own, or tint, frame, guilloche and card.

What is built in is drawn with reportlab as paths only, no text and no font, once for
each kind of page. It copies no real form (监制), and there is no emblem. A type may
name a PDF or a function of its own; the watermark of a specimen lies over both.
"""

import functools
import importlib
import io
import math
import zlib
from collections.abc import Callable, Mapping

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from elicense import background
from elicense.background.reading import saved
from elicense.catalog import Background, Presentation
from elicense.errors import CatalogError
from elicense.fonts import EM, Typeface, face
from elicense.layout import (
    CARD_HEAD_MM,
    SMALL_CARD_HEAD_MM,
    Box,
    Colour,
    Frame,
    Ornament,
)
from elicense.layout.primitives import POINTS_PER_MM
from elicense.model import Text

_OUTER = 8.0 * POINTS_PER_MM
_BAND = 5.6 * POINTS_PER_MM
_WAVE = 11.0
"""Wave length of the guilloche in points, before it is made to fit a side."""
_QUARTER = ((0.5122866, 0.5122866), (1.0023132, 1.0), (math.pi / 2, 1.0))
"""Cubic through a quarter of a sine (largest error below 0.1 %)."""
_TEXT_OPERATORS = ("BT", "Tf", "TL", "ET")
HEADER = CARD_HEAD_MM * POINTS_PER_MM


Painter = Callable[[Canvas, float, float], None]
"""What a type may name: it draws on a canvas of so many points width and height."""


def page(presentation: Presentation, ornament: Ornament) -> bytes:
    """Return the static art of a presentation's pages as a PDF of one page.

    It lies below everything else, as one form. Making it takes a while, so that it is
    kept. A function that the type names is imported here and nowhere else.

    Args:
        presentation: says whether it has a background or a function of its own.
        ornament: size of the page, and what is drawn where it has not.

    Returns:
        PDF bytes; the same type and ornament give the same bytes.

    Raises:
        CatalogError: the background or the function's drawing is not to be used; says
            what was found.
    """
    if not ornament.is_own:
        return _page(None, "", ornament)
    return _page(presentation.background, presentation.art, ornament)


def digest(presentation: Presentation, ornament: Ornament) -> bytes | None:
    """Return the digest of the form that a type's own art is on every page.

    Args:
        presentation: as for :func:`page`.
        ornament: as for :func:`page`.

    Returns:
        32 bytes (`elicense.background.digest`); None where the art is built in, which
        consists of paths alone and is not compared.

    Raises:
        CatalogError: as for :func:`page`.
    """
    if not (presentation.has_own_art and ornament.is_own):
        return None
    return _digest(presentation.background, presentation.art, ornament)


@functools.lru_cache(maxsize=32)
def draw(ornament: Ornament) -> bytes:
    """Return the art that is built in as operators of a content stream, deflated.

    They use no resources.

    Args:
        ornament: what to draw, in points.

    Returns:
        zlib data; the same ornament gives the same bytes.
    """

    def paint(canvas: Canvas) -> None:
        if ornament.card is not None:
            _card_page(canvas, ornament, ornament.card)
        else:
            _FRAMES[ornament.frame](canvas, ornament)

    return zlib.compress(_drawn(ornament, paint), 9)


@functools.lru_cache(maxsize=32)
def _page(own: Background | None, function: str, ornament: Ornament) -> bytes:
    size = (round(ornament.width, 3), round(ornament.height, 3))
    if own is not None:
        return _marked(background.take(own.data, own.name, size), ornament)
    if function:
        drawn = _painted(function, size)
        return _marked(background.take(drawn, function, size), ornament)
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=size)
        # The same array as everywhere: the maker of blank pages writes decimals.
        pdf.pages[0].obj.MediaBox = Array([0, 0, *size])
        pdf.pages[0].obj.Resources = Dictionary()
        operators = Stream(pdf, draw(ornament), Filter=Name.FlateDecode)
        pdf.pages[0].Contents = pdf.make_indirect(operators)
        return saved(pdf)


@functools.lru_cache(maxsize=32)
def _digest(own: Background | None, function: str, ornament: Ornament) -> bytes:
    with pikepdf.open(io.BytesIO(_page(own, function, ornament))) as pdf:
        return background.digest(pdf.pages[0].as_form_xobject())


def _painted(function: str, size: tuple[float, float]) -> bytes:
    """Return what a function draws, which must be the same each time."""
    paint = _found(function)
    first, second = (_painted_once(paint, function, size) for _ in range(2))
    if first != second:
        raise _wrong(function, "每次画得不同", "it draws something else each time")
    with pikepdf.open(io.BytesIO(first)) as pdf:
        if len(pdf.pages) != 1:
            raise _wrong(function, "应只画一页", "it draws more than one page")
    return first


def _painted_once(paint: Painter, function: str, size: tuple[float, float]) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=1, pageCompression=1)
    try:
        paint(canvas, *size)
    except Exception as err:
        # The organ's own code may raise anything; a reader is told of which kind.
        kind = type(err).__name__
        raise _wrong(
            function, f"运行出错（{kind}）", f"it raised an error ({kind})"
        ) from err
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _found(function: str) -> Painter:
    """Return the function that ``package.module:function`` names."""
    module, _, name = function.partition(":")
    try:
        found_in = importlib.import_module(module)
    except Exception as err:
        # The organ's own code may raise anything; a reader is told of which kind.
        kind = type(err).__name__
        raise _wrong(
            function,
            f"无法导入模块（{kind}），其所在文件夹应在 PYTHONPATH 中",
            f"the module can not be imported ({kind}); its folder has to be in"
            " PYTHONPATH",
        ) from err
    found = getattr(found_in, name, None)
    if found is None:
        raise _wrong(function, "模块中没有该函数", "there is no such function in it")
    if not callable(found):
        raise _wrong(function, "不是函数", "it is no function")
    paint: Painter = found
    return paint


def _wrong(function: str, zh: str, en: str) -> CatalogError:
    return CatalogError(Text(f"底图函数 {function}：{zh}", f"art {function}: {en}"))


def _marked(data: bytes, ornament: Ornament) -> bytes:
    """Return a page with the watermark over what it draws."""
    if not ornament.watermark:
        return data
    with pikepdf.open(io.BytesIO(data)) as pdf:
        below = pdf.pages[0].Contents.read_bytes()
        above = _drawn(ornament, lambda canvas: _watermark(canvas, ornament))
        together = b"q\n" + below + b"\nQ\n" + above
        pdf.pages[0].Contents = pdf.make_indirect(Stream(pdf, together))
        return saved(pdf)


def _drawn(ornament: Ornament, paint: Callable[[Canvas], None]) -> bytes:
    """Return the operators of paths that are painted on a canvas."""
    out = io.BytesIO()
    size = (ornament.width, ornament.height)
    canvas = Canvas(out, pagesize=size, invariant=1, pageCompression=1)
    paint(canvas)
    canvas.showPage()
    canvas.save()
    with pikepdf.open(out) as pdf:
        # reportlab opens every page with a font that no text follows and that the form
        # has no resource for (ISO 19005-3, 6.2.2-2).
        paths = [
            step
            for step in pikepdf.parse_content_stream(pdf.pages[0])
            if str(step.operator) not in _TEXT_OPERATORS
        ]
        return pikepdf.unparse_content_stream(paths)


def _certificate(canvas: Canvas, art: Ornament) -> None:
    """Draw paper, rosette and the double frame with its band of guilloche."""
    theme = art.theme
    inner = _OUTER + _BAND
    _fill(canvas, theme.tint)
    canvas.rect(
        _OUTER,
        _OUTER,
        art.width - 2 * _OUTER,
        art.height - 2 * _OUTER,
        stroke=0,
        fill=1,
    )
    reach = min(art.width, art.height) * 0.34
    _rosette(canvas, art.width / 2, art.height * 0.49, reach, _mix(theme.line, 0.34))
    _watermark(canvas, art)
    _band(canvas, art)
    _stroke(canvas, theme.frame)
    for inset, line in ((_OUTER, 2.0), (inner, 0.9), (inner + 3.2, 0.35)):
        canvas.setLineWidth(line)
        canvas.rect(inset, inset, art.width - 2 * inset, art.height - 2 * inset)
    middle = _OUTER + _BAND / 2
    for x in (middle, art.width - middle):
        for y in (middle, art.height - middle):
            _corner(canvas, (x, y), _BAND / 2, art)


def _card_page(canvas: Canvas, art: Ornament, card: Box) -> None:
    """Draw a plain double frame and the card with its coloured head."""
    theme = art.theme
    _stroke(canvas, theme.frame)
    for inset, line in ((_OUTER, 1.4), (_OUTER + 4, 0.4)):
        canvas.setLineWidth(line)
        canvas.rect(inset, inset, art.width - 2 * inset, art.height - 2 * inset)
    left, bottom, right, top = card
    width, height, radius = right - left, top - bottom, 4 * POINTS_PER_MM
    _fill(canvas, (226, 228, 230))
    canvas.roundRect(left + 2.2, bottom - 2.6, width, height, radius, stroke=0, fill=1)
    canvas.saveState()
    shape = canvas.beginPath()
    shape.roundRect(left, bottom, width, height, radius)
    canvas.clipPath(shape, stroke=0, fill=0)
    _fill(canvas, theme.tint)
    canvas.rect(left, bottom, width, height, stroke=0, fill=1)
    for place in (0.24, 0.78):
        middle = (left + width * place, bottom + height * 0.4)
        _rosette(canvas, *middle, height * 0.42, _mix(theme.line, 0.30))
    _fill(canvas, theme.frame)
    canvas.rect(left, top - HEADER, width, HEADER, stroke=0, fill=1)
    _stroke(canvas, _mix(theme.frame, 0.72))
    canvas.setLineWidth(0.4)
    for shift in range(4):
        _wave(canvas, (left, top - HEADER / 2), (right, top - HEADER / 2), 12, shift)
    _stroke(canvas, theme.line)
    canvas.setLineWidth(1.2)
    canvas.line(left, top - HEADER - 2, right, top - HEADER - 2)
    canvas.restoreState()
    _watermark(canvas, art)
    _stroke(canvas, theme.frame)
    canvas.setLineWidth(0.8)
    canvas.roundRect(left, bottom, width, height, radius)


def _plain(canvas: Canvas, art: Ornament) -> None:
    """Draw a plain double frame on tinted paper."""
    _fill(canvas, art.theme.tint)
    canvas.rect(
        _OUTER,
        _OUTER,
        art.width - 2 * _OUTER,
        art.height - 2 * _OUTER,
        stroke=0,
        fill=1,
    )
    _watermark(canvas, art)
    _stroke(canvas, art.theme.frame)
    for inset, line in ((_OUTER, 1.4), (_OUTER + 4, 0.4)):
        canvas.setLineWidth(line)
        canvas.rect(inset, inset, art.width - 2 * inset, art.height - 2 * inset)


def _front(canvas: Canvas, art: Ornament) -> None:
    """Draw the front of a card: its paper, and its head in colour."""
    theme, head = art.theme, SMALL_CARD_HEAD_MM * POINTS_PER_MM
    _back(canvas, art)
    below = art.height - head
    _fill(canvas, theme.frame)
    canvas.rect(0, below, art.width, head, stroke=0, fill=1)
    _stroke(canvas, _mix(theme.frame, 0.72))
    canvas.setLineWidth(0.3)
    for shift in range(4):
        middle = art.height - head / 2
        _wave(canvas, (0, middle), (art.width, middle), head * 0.32, shift)
    _stroke(canvas, theme.line)
    canvas.setLineWidth(0.8)
    canvas.line(0, below - 1.4, art.width, below - 1.4)


def _back(canvas: Canvas, art: Ornament) -> None:
    """Draw the paper of a card: tint, rosettes and a fine frame."""
    theme = art.theme
    _fill(canvas, theme.tint)
    canvas.rect(0, 0, art.width, art.height, stroke=0, fill=1)
    for place in (0.24, 0.78):
        middle = (art.width * place, art.height * 0.42)
        _rosette(canvas, *middle, art.height * 0.38, _mix(theme.line, 0.30))
    _watermark(canvas, art)
    _stroke(canvas, theme.line)
    canvas.setLineWidth(0.6)
    canvas.rect(3, 3, art.width - 6, art.height - 6)


_FRAMES: Mapping[Frame, Callable[[Canvas, Ornament], None]] = {
    Frame.CERTIFICATE: _certificate,
    Frame.FRONT: _front,
    Frame.BACK: _back,
    Frame.PLAIN: _plain,
}


def _band(canvas: Canvas, art: Ornament) -> None:
    """Draw four interleaved waves along each side between the corners."""
    middle, reach = _OUTER + _BAND / 2, _BAND * 0.38
    start, right, top = _OUTER + _BAND, art.width - middle, art.height - middle
    sides = (
        ((start, middle), (art.width - start, middle)),
        ((start, top), (art.width - start, top)),
        ((middle, start), (middle, art.height - start)),
        ((right, start), (right, art.height - start)),
    )
    _stroke(canvas, art.theme.line)
    canvas.setLineWidth(0.38)
    # Waves of one length and shift stand side by side: deflate then writes them once.
    for pair in (sides[:2], sides[2:]):
        for shift in range(4):
            for begin, end in pair:
                _wave(canvas, begin, end, reach, shift)


def _wave(
    canvas: Canvas,
    begin: tuple[float, float],
    end: tuple[float, float],
    reach: float,
    shift: int,
) -> None:
    """Draw a sine between two points, begun ``shift`` quarters into its period."""
    length = math.hypot(end[0] - begin[0], end[1] - begin[1])
    quarters = 4 * max(1, round(length / _WAVE))
    unit = length / quarters / (math.pi / 2)
    canvas.saveState()
    canvas.translate(*begin)
    canvas.rotate(math.degrees(math.atan2(end[1] - begin[1], end[0] - begin[0])))
    path = canvas.beginPath()
    path.moveTo(0, (0, reach, 0, -reach)[shift % 4])
    for quarter in range(quarters):
        _quarter(path, quarter, (shift + quarter) % 4, unit, reach)
    canvas.drawPath(path)
    canvas.restoreState()


def _quarter(
    path: PDFPathObject, index: int, phase: int, unit: float, reach: float
) -> None:
    """Append one quarter of a sine: up from 0, down to 0, and their mirror images."""
    start = index * math.pi / 2
    points: tuple[tuple[float, float], ...] = _QUARTER
    if phase % 2:  # from the crest back to the axis: the same curve, read backwards
        back = ((0.0, 0.0), *_QUARTER)[-2::-1]
        points = tuple((math.pi / 2 - x, y) for x, y in back)
    sign = reach if phase < 2 else -reach  # noqa: PLR2004  the second half is negative
    flat = [
        value for x, y in points for value in ((start + x) * unit, round(y * sign, 3))
    ]
    path.curveTo(*flat)


def _corner(
    canvas: Canvas, middle: tuple[float, float], half: float, art: Ornament
) -> None:
    """Draw one corner: a square with a small rosette."""
    x, y = middle
    _fill(canvas, art.theme.tint)
    _stroke(canvas, art.theme.frame)
    canvas.setLineWidth(0.9)
    canvas.rect(x - half, y - half, 2 * half, 2 * half, stroke=1, fill=1)
    _stroke(canvas, art.theme.frame)
    canvas.setLineWidth(0.35)
    for turn in range(8):
        canvas.saveState()
        canvas.translate(x, y)
        canvas.rotate(turn * 45)
        canvas.ellipse(-half * 0.18, 0, half * 0.18, half * 0.82)
        canvas.restoreState()


def _rosette(canvas: Canvas, x: float, y: float, reach: float, colour: Colour) -> None:
    """Draw a rosette: one closed wavy curve, turned; the turns compress to nothing."""
    _stroke(canvas, colour)
    canvas.setLineWidth(0.32)
    for inner, outer, lobes, turns in (
        (0.60, 1.00, 9, 8),
        (0.30, 0.62, 7, 8),
        (0.06, 0.32, 5, 6),
    ):
        for turn in range(turns):
            canvas.saveState()
            canvas.translate(x, y)
            canvas.rotate(turn * 360 / lobes / turns)
            _lobes(canvas, inner * reach, outer * reach, lobes)
            canvas.restoreState()


def _lobes(canvas: Canvas, inner: float, outer: float, lobes: int) -> None:
    """Draw a closed curve that swings between two radii."""
    path = canvas.beginPath()
    bend = math.pi / (2 * lobes) * 0.72
    path.moveTo(inner, 0)
    handle = (inner, inner * bend)
    for step in range(1, 2 * lobes + 1):
        angle = math.pi * step / lobes
        radius = outer if step % 2 else inner
        x, y = radius * math.cos(angle), radius * math.sin(angle)
        ahead = (-y * bend, x * bend)
        path.curveTo(*handle, x - ahead[0], y - ahead[1], x, y)
        handle = (x + ahead[0], y + ahead[1])
    canvas.drawPath(path)


def _watermark(canvas: Canvas, art: Ornament) -> None:
    """Draw large pale characters across the page as outlines."""
    size = min(art.width, art.height) * 0.26
    chosen = face(Typeface.SANS)
    canvas.saveState()
    _fill(canvas, _mix(art.theme.frame, 0.11))
    canvas.translate(art.width / 2, art.height / 2)
    canvas.rotate(32)
    canvas.scale(size / EM, size / EM)
    step = 1.45 * EM
    canvas.translate(-step * (len(art.watermark) - 1) / 2 - EM / 2, -380)
    for char in art.watermark:
        path = canvas.beginPath()
        for kind, points in chosen.outline(char):
            flat = [value for point in points for value in point]
            if kind == "closePath":
                path.close()
            else:
                getattr(path, kind)(*flat)
        canvas.drawPath(path, stroke=0, fill=1, fillMode=1)
        canvas.translate(step, 0)
    canvas.restoreState()


def _mix(colour: Colour, part: float) -> Colour:
    """Return a colour thinned with white; ``part`` of 1 leaves it."""
    red, green, blue = (round(255 - (255 - value) * part) for value in colour)
    return (red, green, blue)


def _fill(canvas: Canvas, colour: Colour) -> None:
    """Set the fill colour."""
    canvas.setFillColorRGB(*(value / 255 for value in colour))


def _stroke(canvas: Canvas, colour: Colour) -> None:
    """Set the stroke colour."""
    canvas.setStrokeColorRGB(*(value / 255 for value in colour))
