"""A seal as pixels, rendered from its vectors."""

import io

from esign import pdfium
from esign.seal_image.page import draw
from esign.seal_image.spec import SealSpec

MIN_DPI, MAX_DPI = 72, 1200
"""Dots per inch; at the largest a seal of 60 mm has 2835 pixels on a side."""


def to_png(spec: SealSpec, dpi: int = 300) -> bytes:
    """Return the same drawing as a PNG with a transparent background.

    Args:
        spec: what the seal says.
        dpi: dots per inch, 72 to 1200; the file states them.

    Raises:
        ValueError: another resolution, or the face has no glyph for a character.
    """
    import pypdfium2  # noqa: PLC0415  vectors need none of it

    if not MIN_DPI <= dpi <= MAX_DPI:
        raise ValueError(f"a picture has {MIN_DPI} to {MAX_DPI} dots per inch")
    with pdfium.LOCK:
        document = pypdfium2.PdfDocument(draw(spec))
        try:
            picture = document[0].render(
                scale=dpi / 72, fill_color=(0, 0, 0, 0), maybe_alpha=True
            )
            image = picture.to_pil().convert("RGBA")
        finally:
            document.close()
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()
