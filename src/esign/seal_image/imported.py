"""The picture of an imported seal as an appearance, in exactly the size it states.

Nothing of the file but its picture survives: pixels are decoded and written anew,
drawings are read by a grammar of their own. What cannot be drawn well is refused.
"""

import io
import math
import zlib

import pikepdf
from pikepdf import Dictionary, Name

from esign.seal_image import ofd, raster
from esign.seal_image.page import ink, saved
from esign.seal_image.paths import POINTS_PER_MM
from esign.seal_image.refusals import PictureError, UnsupportedPictureError

MAX_PICTURE_BYTES = 2 << 20
"""Bytes of a picture; a whole seal has no more."""
MAX_SIDE_MM = 100.0
"""Longest side of a seal that is drawn; the largest by law has 60."""

_SHOWN = 16  # characters of a foreign word in an error
_SLACK = 0.01  # points
_RASTERS = {"png": "PNG", "gif": "GIF", "jpg": "JPEG", "jpeg": "JPEG", "bmp": "BMP"}


def import_picture(kind: str, data: bytes, width_mm: float, height_mm: float) -> bytes:
    """Return the picture of a seal as a PDF of one page, as `draw` gives.

    It is drawn like ink: what is white in it is paper and becomes transparent, what
    is transparent stays so, and on white it looks as its maker has it. More pixels than
    print shows are reduced.

    Args:
        kind: the type as the seal states it, in capitals or not: PNG, GIF, JPEG or JPG,
            BMP, ofd. The data must be of this kind.
        data: the file, any bytes.
        width_mm: width on paper, which the picture fills; at most 100.
        height_mm: likewise.

    Returns:
        PDF bytes, the same for the same picture.

    Raises:
        UnsupportedPictureError: another kind of picture, or an OFD that draws more than
            paths and images.
        PictureError: it is damaged, of another kind than stated, beyond a limit, or
            shows nothing.
        ValueError: no such size.
    """
    if not (0 < width_mm <= MAX_SIDE_MM and 0 < height_mm <= MAX_SIDE_MM):
        raise ValueError(f"a seal has at most {MAX_SIDE_MM:g} mm on a side")
    if len(data) > MAX_PICTURE_BYTES:
        raise PictureError(f"a picture of more than {MAX_PICTURE_BYTES} bytes")
    name = kind.lower()
    width, height = width_mm * POINTS_PER_MM, height_mm * POINTS_PER_MM
    if name == "ofd":
        drawing = ofd.read(data, width, height)
    elif name in _RASTERS:
        place = f"q {width:.4f} 0 0 {height:.4f} 0 0 cm /Picture Do Q"
        pixels = raster.decode(_RASTERS[name], data)
        drawing = ofd.Drawing([place], image=pixels)
    else:
        shown = kind[:_SHOWN]
        raise UnsupportedPictureError(f"pictures of the kind {shown!r} are not drawn")
    return _written(drawing, width, height)


def _written(drawing: ofd.Drawing, width: float, height: float) -> bytes:
    """Return a drawing as an appearance."""
    pdf = pikepdf.new()
    operators = "\n".join([*drawing.operators, ""]).encode("ascii")
    form = pikepdf.Stream(pdf, zlib.compress(operators, 9))
    form.Resources = Dictionary()
    if drawing.image is not None:
        image = raster.to_image(pdf, drawing.image)
        form.Resources.XObject = Dictionary(Picture=image)
    if drawing.opacities:
        form.Resources.ExtGState = Dictionary(
            {
                f"/{name}": Dictionary(Type=Name.ExtGState, ca=opacity, CA=opacity)
                for name, opacity in drawing.opacities.items()
            }
        )
    return ink(pdf, form, width, height)


def on_canvas(art: bytes, width_mm: float, height_mm: float) -> bytes:
    """Return an appearance in the middle of a larger, empty one, at its own size.

    A seal is scaled to the box of its field, which a license's layout fixes: so a seal
    of another size or shape keeps its own.

    Args:
        art: what `draw` or `import_picture` gave.
        width_mm: of the whole; not smaller than the seal.
        height_mm: likewise.

    Raises:
        ValueError: the seal is larger.
    """
    with pikepdf.open(io.BytesIO(art)) as pdf:
        (page,) = pdf.pages
        left, bottom, right, top = (float(value) for value in page.mediabox.as_list())
        across = (width_mm * POINTS_PER_MM - (right - left)) / 2
        up = (height_mm * POINTS_PER_MM - (top - bottom)) / 2
        if not (math.isfinite(across + up) and min(across, up) > -_SLACK):
            raise ValueError("the seal is larger than its canvas")
        page.mediabox = pikepdf.Array(
            [
                pikepdf.Object.parse(f"{value:.4f}".encode("ascii"))
                for value in (left - across, bottom - up, right + across, top + up)
            ]
        )
        return saved(pdf)
