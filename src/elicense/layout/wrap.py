"""Breaking text into lines and shrinking it by rule; nothing is ever cut."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from elicense.errors import TooLongError
from elicense.fonts import EM

SMALLEST = 7.0
"""Points; below this a printed page can not be read without a glass."""
STEP = 0.5
"""Points by which a value shrinks at a time."""
LEADING = 1.3
"""Distance of two baselines, in parts of the type size."""

_UNIT = re.compile(
    r"[（《〈【〔「『“‘(\[]*(?:[!-'*-Z^-~]+|\s|.)[）》〉】〕」』”’、，。；：！？)\],.;:!?…％%·]*",
    re.DOTALL,
)
"""What stays on one line: opening marks, a Latin word or one character, closing marks
(GB/T 15834-2011, 5.1: no closing mark at the start and no opening one at the end)."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text that fits its box: the type size and the lines."""

    size: float
    lines: tuple[str, ...]


def fit(
    text: str,
    advances: Mapping[str, int],
    room: tuple[float, float],
    size: float,
    field: str,
) -> Fitted:
    """Return the largest size, and its lines, at which a text fits its box.

    Args:
        text: what is to be set.
        advances: width of each of its characters in units of the em.
        room: width and height of the box in points.
        size: the largest size in points.
        field: key of the field, for the error.

    Raises:
        KeyError: a character has no width.
        TooLongError: the text does not fit at 7 points; it says how many characters do.
    """
    width, height = room
    total = sum(map(advances.__getitem__, text))
    if total <= width * EM / size:  # most values: nothing is to be broken
        return Fitted(size, (text.rstrip(),))
    units = _units(text, advances)
    while True:
        limit = width * EM / size
        rows = _rows_that_fit(height, size)
        if total <= limit * rows:
            lines = _break(units, advances, limit)
            if len(lines) <= rows:
                return Fitted(size, tuple(lines))
        if size <= SMALLEST:
            lines = _break(units, advances, limit)
            raise TooLongError(field, sum(map(len, lines[:rows])))
        size = max(SMALLEST, size - STEP)


def _rows_that_fit(height: float, size: float) -> int:
    """Return how many lines a box holds; one even where it is lower than a line."""
    return max(1, int((height - size) / (size * LEADING) + 1 + 1e-6))


def _units(text: str, advances: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return the parts that stay together with their widths in units of the em."""
    look_up = advances.__getitem__
    return [
        (part, look_up(part) if len(part) == 1 else sum(map(look_up, part)))
        for part in _UNIT.findall(text)
    ]


def _break(
    units: list[tuple[str, int]], advances: Mapping[str, int], limit: float
) -> list[str]:
    """Fill lines greedily; a unit wider than a line is broken between characters."""
    lines: list[str] = []
    line: list[str] = []
    used = 0.0
    for part, advance in _narrow(units, advances, limit):
        if line and used + advance > limit:
            lines.append("".join(line).rstrip())
            line, used = [], 0.0
        line.append(part)
        used += advance
    return [*lines, "".join(line).rstrip()]


def _narrow(
    units: list[tuple[str, int]], advances: Mapping[str, int], limit: float
) -> Iterator[tuple[str, int]]:
    """Yield the units, those wider than a line character by character."""
    for part, advance in units:
        if advance <= limit:
            yield part, advance
        else:
            for char in part:
                yield char, advances[char]
