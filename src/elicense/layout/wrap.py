"""Breaking text into lines and shrinking it by rule; nothing is ever cut."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from elicense.errors import TooLongError
from elicense.fonts import EM

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
_ENDS_OF_ITEMS = "、；;。"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text that fits its box: the type size and the lines."""

    size: float
    lines: tuple[str, ...]


def fit(
    text: str,
    advances: Mapping[str, int],
    room: tuple[float, float],
    sizes: tuple[float, float],
    field: str,
) -> Fitted:
    """Return the largest size, and its lines, at which a text fits its box.

    Args:
        text: what is to be set.
        advances: width of each of its characters in units of the em.
        room: width and height of the box in points.
        sizes: the largest and the smallest size in points.
        field: key of the field, for the error.

    Raises:
        KeyError: a character has no width.
        TooLongError: the text does not fit at the smallest size; it says how many
            characters do.
    """
    size, floor = sizes
    width, height = room
    total = sum(map(advances.__getitem__, text))
    if total <= width * EM / size:  # most values: nothing is to be broken
        return Fitted(size, (text.rstrip(),))
    units = _units(text, advances)
    while True:
        limit = width * EM / size
        rows = _rows_that_fit(height, size)
        if total <= limit * rows:
            lines = list(_break(units, advances, limit))
            if len(lines) <= rows:
                return Fitted(size, tuple(line.rstrip() for line in lines))
        if size <= floor:
            lines = list(_break(units, advances, limit))
            raise TooLongError(field, sum(len(line.rstrip()) for line in lines[:rows]))
        size = max(floor, size - STEP)


def fit_start(
    text: str,
    advances: Mapping[str, int],
    room: tuple[float, float],
    sizes: tuple[float, float],
    field: str,
) -> tuple[Fitted, str]:
    """Return a text that fits its box, and what of it does not.

    Arguments and errors as for :func:`fit`, but nothing is too long: where the text
    does not fit at the smallest size, all lines of the box but the last are filled, so
    that there is room to say where it goes on.

    Returns:
        What fits, and the rest, without white space at its start; empty where all fits.
    The last line ends with an item of the list that the text is, if one ends in it.
    """
    try:
        return fit(text, advances, room, sizes, field), ""
    except TooLongError:
        size = sizes[1]
    taken = _rows_that_fit(room[1], size) - 1
    lines = list(_break(_units(text, advances), advances, room[0] * EM / size))
    rest = "".join(lines[taken:])
    if taken:
        end = 1 + max(map(lines[taken - 1].rfind, _ENDS_OF_ITEMS))
        if end:
            rest = lines[taken - 1][end:] + rest
            lines[taken - 1] = lines[taken - 1][:end]
    kept = tuple(line.rstrip() for line in lines[:taken])
    return Fitted(size, kept), rest.lstrip()


def broken(
    text: str, advances: Mapping[str, int], width: float, size: float
) -> tuple[str, ...]:
    """Return the lines of a text of any length.

    Args:
        text: what is to be set.
        advances: width of each of its characters in units of the em.
        width: of a line in points.
        size: of the type in points.

    Raises:
        KeyError: a character has no width.
    """
    lines = _break(_units(text, advances), advances, width * EM / size)
    return tuple(line.rstrip() for line in lines)


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
) -> Iterator[str]:
    """Yield lines that are filled greedily, with the white space at their ends.

    A unit wider than a line is broken between characters.
    """
    line: list[str] = []
    used = 0.0
    for part, advance in _narrow(units, advances, limit):
        if line and used + advance > limit:
            yield "".join(line)
            line, used = [], 0.0
        line.append(part)
        used += advance
    yield "".join(line)


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
