"""What did not fit its place on a fixed page and goes on on a continuation page."""

from collections.abc import Mapping
from dataclasses import dataclass

GOES_ON = "（下接附页）"
"""Stands behind the part of a value that is on the face."""
SEE_BELOW = "（见附页）"
"""Stands in the place of a value that is on a continuation page alone."""
CONTINUED = "（续）"
"""Stands behind the label of a value that has begun before."""


@dataclass(frozen=True, slots=True)
class RestOfText:
    """The end of a text.

    Attributes:
        field: key of the field.
        label: printed over it.
        text: what is left.
        begun: a part of it stands on the face.
    """

    field: str
    label: str
    text: str
    begun: bool


@dataclass(frozen=True, slots=True)
class RestOfGrid:
    """The last rows of a grid.

    Attributes:
        field: key of the field.
        grid: its place among the grids of the layout, from 0.
        rows: what is left.
        begun: some rows stand on the face.
    """

    field: str
    grid: int
    rows: tuple[Mapping[str, str], ...]
    begun: bool


Rest = RestOfText | RestOfGrid
