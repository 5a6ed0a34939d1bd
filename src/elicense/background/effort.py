"""How much a viewer has to do for a background.

Few bytes can ask for endless work: forms that draw forms that draw forms, or tiles that
are a thousandth of a point wide. Everything is followed as a viewer would, with what it
is scaled by, up to a limit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from elicense.background.refusals import RefusedError

MAX_DRAWN = 5_000
"""Forms, soft masks and images that a page draws, each as often as it is drawn; an
image counts once more for each `PIXELS`."""
PIXELS = 20_000
MAX_BYTES = 16 << 20
"""Bytes of content streams, inflated, each as often as it is drawn."""
MAX_STEPS = 500_000
"""Operators that draw by name, scale, save and restore, each as often as it runs."""
LEAST_STEP = 1.0
"""Points from one tile to the next; and square points that a tile has for itself."""
MAX_OVERLAP = 64
"""Tiles that lie over each other in one place."""
_FOLLOWED = "q Q cm Do gs"

Scale = tuple[float, float, float, float]
"""The part of a matrix that is no shift (ISO 32000-1, 8.3.4)."""
_UNSCALED: Scale = (1.0, 0.0, 0.0, 1.0)


def check(form: Object) -> None:
    """Refuse a form that asks too much of a viewer.

    Args:
        form: the static art; its objects are copies from closed tables, and none of
            them is within itself.

    Raises:
        RefusedError: it draws too much, or has tiles that are too small.
    """
    _Viewer().draw(form, _UNSCALED, in_tile=False)


@dataclass(frozen=True, slots=True)
class _Step:
    """One operator of a content stream; what it names, or what it scales by."""

    operator: str
    name: str = ""
    scale: Scale = _UNSCALED


class _Viewer:
    """Draws nothing, but goes where a viewer goes."""

    def __init__(self) -> None:
        self._drawn, self._bytes, self._run = MAX_DRAWN, MAX_BYTES, MAX_STEPS
        self._known: dict[tuple[int, int], tuple[int, tuple[_Step, ...]]] = {}

    def draw(self, form: Object, around: Scale, *, in_tile: bool) -> None:
        """Follow a form.

        Args:
            form: the form, or a tile.
            around: what it is scaled by where it is drawn, its own matrix included.
            in_tile: it is drawn for a tile, which may have no tiles of its own.
        """
        size, steps = self._followed(form)
        self._count(1, size, len(steps))
        resources = form.get("/Resources", Dictionary())
        for pattern in resources.get("/Pattern", Dictionary()).values():
            if isinstance(pattern, Stream):
                self._tile(pattern, around, in_tile=in_tile)
        scale, outer = around, []
        for step in steps:
            if step.operator == "q":
                outer.append(scale)
            elif step.operator == "Q":
                scale = outer.pop() if outer else scale
            elif step.operator == "cm":
                scale = _product(step.scale, scale)
            else:
                self._named(resources, step, scale, in_tile=in_tile)

    def _named(
        self, resources: Object, step: _Step, scale: Scale, *, in_tile: bool
    ) -> None:
        """Follow what an operator draws by name."""
        if step.operator == "Do":
            found = resources.XObject[step.name]
            if found.Subtype == Name.Image:
                self._count(1 + int(found.Width) * int(found.Height) // PIXELS)
                return
        else:
            mask = resources.ExtGState[step.name].get("/SMask")
            if not isinstance(mask, Dictionary):
                return
            found = mask.G
        self.draw(found, _product(_matrix(found), scale), in_tile=in_tile)

    def _tile(self, tile: Stream, around: Scale, *, in_tile: bool) -> None:
        """Follow a tile, which covers a page however often its pattern is used."""
        if in_tile:
            raise RefusedError("图案中的图案", "a pattern within a pattern")
        scale = _product(_matrix(tile), around)
        a, b, c, d = scale
        across, up = abs(float(tile.XStep)), abs(float(tile.YStep))
        steps = (
            across * math.hypot(a, b),
            up * math.hypot(c, d),
            across * up * abs(a * d - b * c),
        )
        if not all(step >= LEAST_STEP for step in steps):
            raise RefusedError(
                f"间距小于 {LEAST_STEP:g} 点的图案",
                f"a pattern with steps of less than {LEAST_STEP:g} pt",
            )
        left, bottom, right, top = map(float, tile.BBox.as_list())
        overlap = (abs(right - left) / across + 1) * (abs(top - bottom) / up + 1)
        if not overlap <= MAX_OVERLAP:
            raise RefusedError("重叠的图案", "a pattern whose tiles overlap")
        self.draw(tile, scale, in_tile=True)

    def _count(self, drawn: int, size: int = 0, steps: int = 0) -> None:
        self._drawn -= drawn
        self._bytes -= size
        self._run -= steps
        if min(self._drawn, self._bytes, self._run) < 0:
            raise RefusedError("过多的绘图步骤", "more to draw than a page needs")

    def _followed(self, form: Object) -> tuple[int, tuple[_Step, ...]]:
        """Return the size of a form and its operators that matter, parsed once."""
        key = form.objgen
        if key not in self._known:
            steps = tuple(
                _step(str(found.operator), list(found.operands))
                for found in pikepdf.parse_content_stream(form, _FOLLOWED)
                if isinstance(found, pikepdf.ContentStreamInstruction)
            )
            self._known[key] = len(form.read_bytes()), steps
        return self._known[key]


def _step(operator: str, operands: Sequence[object]) -> _Step:
    if operator == "cm":
        return _Step(operator, scale=_scale(operands))
    return _Step(operator, str(operands[0]) if len(operands) else "")


def _matrix(form: Object) -> Scale:
    matrix = form.get("/Matrix")
    return _scale(list(matrix.as_list())) if isinstance(matrix, Array) else _UNSCALED


def _scale(numbers: Sequence[object]) -> Scale:
    a, b, c, d, _, _ = map(float, numbers)  # type: ignore[arg-type]  # or a TypeError
    return (a, b, c, d)


def _product(inner: Scale, outer: Scale) -> Scale:
    """Return what is scaled by one matrix and then by another (8.3.4)."""
    a, b, c, d = inner
    e, f, g, h = outer
    return (a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h)
