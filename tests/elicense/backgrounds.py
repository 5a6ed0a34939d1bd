"""Backgrounds as an organ would make them: with a face of its own and images."""

import io
import itertools

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from elicense import layout
from elicense.catalog import Background
from elicense.fonts import EM, Typeface, face
from tests.elicense.pages import license_type, sample_license, with_layout

NAME = "food-business"
(PAGE,) = layout.compose(sample_license(NAME), license_type(NAME))
ORNAMENT = PAGE.ornament
SIZE = (ORNAMENT.width, ORNAMENT.height)
TEXT = "示例市底图"
_COUNTER = itertools.count()


def truetype(text):
    """Return a TrueType face of a few characters, drawn as the package's face does."""
    source, glyphs, widths = face(Typeface.SANS), {}, {}
    for name, char in ((".notdef", None), *((f"g{ord(c):x}", c) for c in text)):
        pen = TTGlyphPen(None)
        curves = Cu2QuPen(pen, 1.0, reverse_direction=True)
        for kind, points in () if char is None else source.outline(char):
            getattr(curves, kind)(*points)
        glyphs[name], widths[name] = pen.glyph(), (EM, 0)
    made = FontBuilder(EM, isTTF=True)
    made.setupGlyphOrder(list(glyphs))
    made.setupCharacterMap({ord(c): f"g{ord(c):x}" for c in text})
    made.setupGlyf(glyphs)
    made.setupHorizontalMetrics(widths)
    made.setupHorizontalHeader(ascent=880, descent=-120)
    made.setupNameTable({"familyName": "Example", "psName": "ExampleSans"})
    made.setupOS2(sTypoAscender=880)
    made.setupPost()
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


FONT = truetype(TEXT)


def picture(*, alpha=False):
    image = Image.radial_gradient("L").resize((60, 40)).convert("RGB")
    if alpha:
        image.putalpha(Image.linear_gradient("L").resize((60, 40)))
    return image


def jpeg():
    out = io.BytesIO()
    picture().save(out, "JPEG")
    out.seek(0)
    return ImageReader(out)


def paint(canvas, width, height):
    """Draw a frame, a text in an embedded face, a photo and an image with alpha."""
    # reportlab draws another subset for every canvas, so the face is made anew.
    font = TTFont(f"Example{next(_COUNTER)}", io.BytesIO(FONT))
    canvas.setFillColorRGB(0.97, 0.99, 0.97)
    canvas.rect(10, 10, width - 20, height - 20, fill=1)
    _text(canvas, font)
    canvas.drawImage(jpeg(), 60, 420, 120, 80)
    canvas.drawImage(ImageReader(picture(alpha=True)), 300, 60, 120, 80, mask="auto")
    canvas.setFillAlpha(0.4)
    canvas.circle(300, 400, 90, fill=1)


def _text(canvas, font):
    pdfmetrics.registerFont(font)
    canvas.setFont(font.fontName, 30)
    canvas.setFillColorRGB(0.9, 0.8, 0.8)
    canvas.drawString(90, 640, TEXT)


def shapes(canvas, width, height):
    """Draw paths alone, the same each time."""
    canvas.setFillColorRGB(0.95, 0.98, 0.95)
    canvas.rect(20, 20, width - 40, height - 40, fill=1)
    canvas.drawImage(jpeg(), 60, 420, 120, 80)


def drawn(painter, *, size=SIZE, **options):
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, invariant=1, **options)
    painter(canvas, *size)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


BASE = drawn(paint)


def with_background(data, name=NAME):
    """Return a type whose pages have a background of its own."""
    return with_layout(license_type(name), background=Background("own.pdf", data))
