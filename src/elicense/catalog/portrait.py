"""A drawn silhouette for the samples of types that show a photo."""

import base64
import functools
import io

from PIL import Image, ImageDraw

_SIZE = (358, 441)  # pixels: 26 x 32 mm at about 350 dpi


@functools.cache
def portrait() -> str:
    """Return the silhouette as PNG in base64."""
    width, height = _SIZE
    image = Image.new("RGB", _SIZE, (222, 234, 244))
    draw = ImageDraw.Draw(image)
    middle, shade = width // 2, (96, 112, 130)
    draw.ellipse((middle - 150, height - 150, middle + 150, height + 170), fill=shade)
    draw.rectangle((middle - 34, 230, middle + 34, height - 110), fill=shade)
    draw.ellipse((middle - 82, 82, middle + 82, 286), fill=shade)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()
