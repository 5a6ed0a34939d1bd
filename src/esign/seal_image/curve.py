"""The curve that a seal's name runs on: where its characters stand, evenly spaced.

The curve keeps one distance from the border, which is a circle or an ellipse. There,
characters stand at equal distances along it, not at equal angles, and upright to it.
"""

import bisect
import math
from dataclasses import dataclass

_STEPS = 4096
"""Parts of a full turn that lengths are added up over; the error is below 1e-5 mm."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where one character stands.

    Attributes:
        x: middle of the character, millimetres right of the seal's middle.
        y: the same upwards.
        turn: how far it is turned from upright, radians counter-clockwise.
    """

    x: float
    y: float
    turn: float

    def foot(self, below: float) -> tuple[float, float]:
        """Return the point so far below the middle, in the character's own sense."""
        return (
            self.x + below * math.sin(self.turn),
            self.y - below * math.cos(self.turn),
        )


class Curve:
    """What lies at one distance inside an ellipse; a circle is one with equal axes."""

    def __init__(self, half_width: float, half_height: float, inside: float) -> None:
        """Measure the curve.

        Args:
            half_width: of the ellipse, millimetres.
            half_height: likewise.
            inside: distance of the curve from the ellipse, millimetres, less than the
                smallest radius of its curvature.
        """
        self._a, self._b, self._inside = half_width, half_height, inside
        self._lengths = [0.0]
        step = 2 * math.pi / _STEPS
        for index in range(_STEPS):
            speed = self._speed((index + 0.5) * step)
            self._lengths.append(self._lengths[-1] + speed * step)

    @property
    def length(self) -> float:
        """The whole length in millimetres."""
        return self._lengths[-1]

    def at(self, distance: float) -> Stand:
        """Return the place at a distance from the top, clockwise, millimetres.

        Args:
            distance: along the curve; negative ones lie to the left of the top.
        """
        way = distance % self.length
        index = min(bisect.bisect_right(self._lengths, way), _STEPS) - 1
        part = (way - self._lengths[index]) / (
            self._lengths[index + 1] - self._lengths[index]
        )
        angle = (index + part) * 2 * math.pi / _STEPS
        # The ellipse is (a sin t, b cos t), so t = 0 is the top and t grows clockwise.
        sine, cosine = math.sin(angle), math.cos(angle)
        across, up = self._b * sine, self._a * cosine  # along the outer normal
        norm = math.hypot(across, up)
        return Stand(
            x=self._a * sine - self._inside * across / norm,
            y=self._b * cosine - self._inside * up / norm,
            turn=math.atan2(-across, up),
        )

    def _speed(self, angle: float) -> float:
        """Return how fast the curve is gone along: parallel curves share normals."""
        sine, cosine = math.sin(angle), math.cos(angle)
        speed = math.hypot(self._a * cosine, self._b * sine)
        return speed - self._inside * self._a * self._b / speed**2
