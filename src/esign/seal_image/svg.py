"""A seal as SVG."""

from esign.seal_image.design import design
from esign.seal_image.paths import RED, svg_path
from esign.seal_image.spec import SealSpec


def to_svg(spec: SealSpec) -> str:
    """Return the same drawing as SVG, one user unit a millimetre.

    Args:
        spec: what the seal says.

    Raises:
        ValueError: the face has no glyph for a character.
    """
    made = design(spec)
    x, y = made.width / 2, made.height / 2
    red = "#" + "".join(f"{part:02x}" for part in RED)
    paths = "".join(
        f'<path stroke-width="{paint.stroke:.3f}" '
        f'd="{svg_path(paint.segments, (x, y))}"/>'
        for paint in made.paints
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{made.width:g}mm" '
        f'height="{made.height:g}mm" viewBox="0 0 {made.width:g} {made.height:g}">'
        f'<g stroke="{red}" fill="{red}" stroke-linejoin="round">'
        f'<ellipse cx="{x:g}" cy="{y:g}" rx="{x - made.border / 2:.3f}" '
        f'ry="{y - made.border / 2:.3f}" fill="none" '
        f'stroke-width="{made.border:.3f}"/>{paths}</g></svg>'
    )
