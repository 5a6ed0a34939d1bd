"""Drawn silhouettes in several colours."""

import base64
import functools
import io

from PIL import Image, ImageDraw

from invention.chance import Chance

_SIZES = ((295, 413), (358, 441), (413, 579))
"""Pixels; the first is the one-inch photo (一寸) at 300 dpi."""
_PAPERS = ("#ffffff", "#438edb", "#c8202c", "#dee6ee", "#9fb6cd")
_SHADES = ("#60707e", "#33475b", "#7a5c47", "#4c6b58", "#6b4f73", "#25282c")
_SHORT, _LONG, _KNOT = range(3)
_HAIR = {"男": (_SHORT, _SHORT, _LONG), "女": (_SHORT, _LONG, _KNOT)}
_FORMATS = ("PNG", "JPEG")
_FINE = 2  # drawn so many times larger


def portrait(chance: Chance, sex: str) -> str:
    """Return a silhouette as PNG or JPEG in base64."""
    paper, shade = chance.deal(_PAPERS), chance.deal(_SHADES)
    size, hair = chance.deal(_SIZES), chance.one(_HAIR[sex])
    return _drawn((paper, shade), size, hair, chance.deal(_FORMATS))


@functools.cache
def _drawn(
    colours: tuple[str, str], size: tuple[int, int], hair: int, media: str
) -> str:
    width, height = (_FINE * length for length in size)
    paper, shade = colours
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    middle, head = width // 2, width // 4
    top = height * 18 // 100
    chin = top + head * 5 // 2
    left, right = middle - head, middle + head
    draw.ellipse((left, top, right, chin), fill=shade)
    draw.rectangle(
        (middle - head // 2, chin - head // 2, middle + head // 2, chin + head // 2),
        fill=shade,
    )
    draw.ellipse(
        (
            middle - 2 * head + 20,
            chin + head // 4,
            middle + 2 * head - 20,
            height + 3 * head,
        ),
        fill=shade,
    )
    if hair == _LONG:
        draw.rounded_rectangle(
            (left - 12, top + head, right + 12, chin + head // 3), head // 3, fill=shade
        )
    elif hair == _KNOT:
        draw.ellipse(
            (middle - head // 2, top - head // 2, middle + head // 2, top + head // 2),
            fill=shade,
        )
    out = io.BytesIO()
    image.resize(size, Image.Resampling.LANCZOS).save(out, media, optimize=True)
    return base64.b64encode(out.getvalue()).decode()
