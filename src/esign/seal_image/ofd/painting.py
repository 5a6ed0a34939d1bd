"""The objects of an OFD's page as operators of a PDF form.

Drawn are paths that are filled or stroked in plain colours, and one image. Refused are
text, whose fonts are the maker's, gradients and patterns, dashes, clips, masks and
composite objects.
"""

import math
from dataclasses import dataclass, field

from fontTools.misc.transform import Transform

from esign.seal_image.ofd.container import Node
from esign.seal_image.ofd.path import segments
from esign.seal_image.ofd.resources import Resources
from esign.seal_image.ofd.values import (
    TRUTH,
    attribute,
    box,
    choice,
    matrix,
    numbers,
    require,
)
from esign.seal_image.paths import pdf_operators
from esign.seal_image.raster import Pixels
from esign.seal_image.refusals import PictureError, UnsupportedPictureError

MAX_OPERATORS = 500_000
"""Bytes of all operators; a license's validator reads 512 KiB."""

_GRAPHIC = frozenset({"ID", "Boundary", "CTM", "Name", "Visible", "Alpha"})
_STROKED = frozenset({"LineWidth", "Cap", "Join", "MiterLimit"})
_PATH = _GRAPHIC | _STROKED | {"Stroke", "Fill", "Rule"}
_IMAGE = _GRAPHIC | _STROKED | {"ResourceID"}
_COLOUR = frozenset({"Value", "ColorSpace", "Alpha"})
_CAPS = {"Butt": 0, "Round": 1, "Square": 2}
_JOINS = {"Miter": 0, "Round": 1, "Bevel": 2}
_LINE_WIDTH = "0.353"  # mm, where none is stated
_UNEVEN = 0.02  # of a line's width
_OPAQUE = 255.0
_FARTHEST = 100_000.0  # points


@dataclass(slots=True)
class Drawing:
    """A page as a form draws it.

    Attributes:
        operators: of PDF, without those that begin and end the form.
        opacities: parts of 1 by the names of their graphics states.
        image: the picture that ``/Picture`` names; None where there is none.
    """

    operators: list[str] = field(default_factory=list)
    opacities: dict[str, float] = field(default_factory=dict)
    image: Pixels | None = None

    def state(self, opacity: float) -> str:
        """Return the name of the graphics state of an opacity."""
        level = round(opacity * _OPAQUE)
        self.opacities[f"Alpha{level}"] = level / _OPAQUE
        return f"Alpha{level}"


class Painter:
    """Draws one object of the page after the other."""

    def __init__(self, resources: Resources, paper: Transform) -> None:
        """Begin with nothing drawn.

        Args:
            resources: what objects refer to.
            paper: from the page in millimetres, y downwards, to the form in points.
        """
        self._resources = resources
        self._paper = paper
        self.drawing = Drawing()
        self._size = 0

    def paint(self, item: Node) -> None:
        """Draw one object, within its boundary.

        Raises:
            UnsupportedPictureError: it is of a kind that is not drawn.
            PictureError: it is damaged, or refers to what is not there.
        """
        painters = {"PathObject": self._path, "ImageObject": self._image}
        if item.name not in painters:
            raise UnsupportedPictureError(f"an OFD's {item.name[:32]} is not drawn")
        if not choice(item, "Visible", TRUTH, default=True):
            return
        left, upper, width, height = box(attribute(item, "Boundary"))
        x, y = _placed((left, upper + height), self._paper)
        right, top = _placed((left + width, upper), self._paper)
        place = self._paper.translate(left, upper)
        place = place.transform(matrix(item.attributes.get("CTM")))
        clip = f"q {x:.4f} {y:.4f} {right - x:.4f} {top - y:.4f} re W n"
        made = [clip, *painters[item.name](item, place), "Q"]
        self._size += sum(map(len, made)) + len(made)
        if self._size > MAX_OPERATORS:
            raise PictureError(
                f"an OFD of more than {MAX_OPERATORS} bytes of operators"
            )
        self.drawing.operators += made

    def _image(self, item: Node, place: Transform) -> list[str]:
        """Return what draws an image: its upper left corner is the origin."""
        _require_plain(item, _IMAGE, frozenset())
        if self.drawing.image is not None:
            raise UnsupportedPictureError("an OFD of several images is not drawn")
        if "CTM" not in item.attributes:
            raise UnsupportedPictureError("an OFD's image without a CTM is not drawn")
        self.drawing.image = self._resources.image(attribute(item, "ResourceID"))
        _placed((1, 1), place)
        whole = place.transform((1, 0, 0, -1, 0, 1))
        state = self._state(item, None)
        return [*state, " ".join(f"{value:.6f}" for value in whole), "cm /Picture Do"]

    def _path(self, item: Node, place: Transform) -> list[str]:
        """Return what fills and strokes a path."""
        kinds = frozenset({"AbbreviatedData", "FillColor", "StrokeColor"})
        _require_plain(item, _PATH, kinds)
        line = self._points(item, place)
        rule = choice(item, "Rule", {"NonZero": "", "Even-Odd": "*"}, "")
        made: list[str] = []
        fills = item.named("FillColor")
        is_filled = choice(item, "Fill", TRUTH, default=False)
        if fills and is_filled:
            made += [*self._state(item, fills[0]), f"{self._colour(fills[0])} rg"]
            made += [line, f"f{rule}"]
        if choice(item, "Stroke", TRUTH, default=True):
            colour = next(iter(item.named("StrokeColor")), None)
            made += [*self._state(item, colour), f"{self._colour(colour)} RG"]
            made += [_pen(item, place), line, "S"]
        return made

    def _points(self, item: Node, place: Transform) -> str:
        """Return the path in points."""
        return pdf_operators(
            (kind, tuple(_placed(point, place) for point in points))
            for kind, points in segments(item.only("AbbreviatedData").text)
        )

    def _colour(self, node: Node | None) -> str:
        """Return a colour as three parts of 1; black where none is stated."""
        if node is None:
            return "0 0 0"
        if node.children or not set(node.attributes) <= _COLOUR:
            raise UnsupportedPictureError(
                "an OFD's gradients and patterns are not drawn"
            )
        count = self._resources.components(node.attributes.get("ColorSpace"))
        parts = numbers(attribute(node, "Value").split(), count) * (3 // count)
        if not all(0 <= part <= _OPAQUE for part in parts):
            raise PictureError("a colour of the OFD is beyond its range")
        return " ".join(f"{part / _OPAQUE:.4f}" for part in parts)

    def _state(self, item: Node, colour: Node | None) -> list[str]:
        """Return the operator that sets the opacity."""
        opacity = 1.0
        for node in (item, colour):
            if node is not None:
                (part,) = numbers([node.attributes.get("Alpha", "255")], 1)
                opacity *= min(max(part, 0.0), _OPAQUE) / _OPAQUE
        return [f"/{self.drawing.state(opacity)} gs"]


def _placed(point: tuple[float, float], place: Transform) -> tuple[float, float]:
    """Return a point in the form's space."""
    x, y = place.transformPoint(point)
    if not (abs(x) < _FARTHEST and abs(y) < _FARTHEST):
        raise PictureError("something of the OFD lies far outside its page")
    return x, y


def _require_plain(
    item: Node, attributes: frozenset[str], kinds: frozenset[str]
) -> None:
    """Refuse an object with an attribute or a part that is not drawn here."""
    if not set(item.attributes) <= attributes:
        raise UnsupportedPictureError("an OFD's dashes or parameters are not drawn")
    require(item, kinds | {"Actions"}, "clips, masks or borders")


def _pen(item: Node, place: Transform) -> str:
    """Return the operators that set how a line is drawn."""
    (width,) = numbers([item.attributes.get("LineWidth", _LINE_WIDTH)], 1)
    across, up = math.hypot(place[0], place[1]), math.hypot(place[2], place[3])
    skew = abs(place[0] * place[2] + place[1] * place[3])
    if abs(across - up) > _UNEVEN * max(across, up) or skew > _UNEVEN * across * up:
        raise UnsupportedPictureError("an OFD's lines of uneven width are not drawn")
    cap = choice(item, "Cap", _CAPS, 0)
    join = choice(item, "Join", _JOINS, 0)
    return f"{abs(width) * across:.4f} w {cap} J {join} j"
