"""What is to be seen of a seal, and how it comes into the box of a page."""

from dataclasses import dataclass, field

from elicense.errors import SealTooLargeError
from elicense.layout import Box
from esign.seal_image import POINTS_PER_MM, on_canvas

_SLACK_MM = 0.01
"""A box in points is rounded to a thousandth of one."""


@dataclass(frozen=True, slots=True)
class SealArt:
    """A seal's picture with the size that it has on paper.

    Attributes:
        drawing: one-page PDF, as large as the seal.
        width_mm: width on paper.
        height_mm: height on paper.
        shrinks: whether a smaller box shows it smaller, as it may be with a test seal;
            a seal that counts is shown at its own size or not at all.
    """

    drawing: bytes = field(repr=False)
    width_mm: float
    height_mm: float
    shrinks: bool = False

    def fits(self, box: Box) -> bool:
        """Tell whether a box (points) holds the seal at its own size."""
        width, height = _sides_mm(box)
        return (
            self.width_mm <= width + _SLACK_MM and self.height_mm <= height + _SLACK_MM
        )

    def require_room(self, box: Box) -> None:
        """Refuse a box that cannot show the seal.

        Args:
            box: left, bottom, right, top in points.

        Raises:
            SealTooLargeError: it is smaller than the seal, which does not shrink.
        """
        if not (self.shrinks or self.fits(box)):
            raise SealTooLargeError((self.width_mm, self.height_mm), _sides_mm(box))

    def placed(self, box: Box) -> bytes:
        """Return a one-page PDF in the shape of a box, the seal in the middle of it.

        Args:
            box: left, bottom, right, top in points.

        Raises:
            SealTooLargeError: as for :meth:`require_room`.
        """
        self.require_room(box)
        if not self.fits(box):
            return self.drawing  # the field scales it to its box
        return on_canvas(self.drawing, *_sides_mm(box))


def _sides_mm(box: Box) -> tuple[float, float]:
    left, bottom, right, top = box
    return (right - left) / POINTS_PER_MM, (top - bottom) / POINTS_PER_MM


def placed(art: bytes | SealArt, box: Box) -> bytes:
    """Return the drawing that a field scales to its box.

    Args:
        art: a drawing that fills any box, or a seal's picture with a size of its own.
        box: left, bottom, right, top in points.

    Raises:
        SealTooLargeError: as for :meth:`SealArt.require_room`.
    """
    return art if isinstance(art, bytes) else art.placed(box)
