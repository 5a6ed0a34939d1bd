"""Whether an embedded font draws the characters that it says it draws.

Our faces are turned into quadratic curves on the issuer's machine and again on the
validator's. Both give the same bytes where the arithmetic is the same; on another
processor a point may be moved or added, so that outlines are compared as shapes.
"""

import functools
import itertools
import math
import struct
from collections.abc import Iterator, Mapping

from elicense.fonts import EM, Subset

REACH = 8.0
"""Largest distance between two outlines of one glyph, in units of the em: 0.08 point
in a text of 10 points."""
_CURVE_STEPS = 4
"""Straight pieces that stand for one curve."""
_TABLES = {b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp"}
_ON_CURVE, _SHORT_X, _SHORT_Y, _REPEAT, _SAME_X, _SAME_Y = 1, 2, 4, 8, 16, 32
"""Flags of a point (OpenType 1.9, table glyf)."""

Point = tuple[float, float]
Contour = tuple[Point, ...]
"""Corners of a closed line of straight pieces."""


def same_font(part: Subset, data: bytes) -> bool:
    """Tell whether a font file draws what a subset draws, glyph by glyph.

    Advance widths are equal, left side bearings within 2 units, every outline has the
    same contours in the same order, and no two points of them that belong together are
    further apart than `REACH`. There is no other table, so no hints.

    Args:
        part: the subset as this machine makes it.
        data: any bytes.
    """
    if data == part.data:
        return True
    try:
        expected, seen = _tables(part.data), _tables(data)
        if not _same_metrics(expected, seen):
            return False
        pairs = zip(_records(expected), _records(seen), strict=True)
        return all(itertools.starmap(_same_outline, pairs))
    except (struct.error, IndexError, ValueError):
        return False  # a file that is no such font draws nothing of what it should


def _tables(data: bytes) -> dict[bytes, bytes]:
    """Return the tables of a font file by their tags."""
    found = {}
    for index in range(*struct.unpack_from(">H", data, 4)):
        tag, _, start, size = struct.unpack_from(">4sIII", data, 12 + 16 * index)
        found[tag] = data[start : start + size]
    if found.keys() != _TABLES:
        raise ValueError("other tables than those of a subset")
    return found


def _same_metrics(expected: Mapping[bytes, bytes], seen: Mapping[bytes, bytes]) -> bool:
    """Tell whether em, kind of offsets, number of glyphs and their metrics agree."""
    heads = [t[b"head"][16:20] + t[b"head"][50:] for t in (expected, seen)]
    counts = [t[b"maxp"][4:6] + t[b"hhea"][34:] for t in (expected, seen)]
    lines = [t[b"hhea"][4:10] for t in (expected, seen)]
    if any(ours != theirs for ours, theirs in (heads, counts, lines)):
        return False
    bearings = [list(struct.iter_unpack(">Hh", t[b"hmtx"])) for t in (expected, seen)]
    return len(bearings[0]) == len(bearings[1]) and all(
        ours[0] == theirs[0] and abs(ours[1] - theirs[1]) <= 2  # noqa: PLR2004  units
        for ours, theirs in zip(*bearings, strict=True)
    )


def _records(tables: Mapping[bytes, bytes]) -> Iterator[bytes]:
    """Yield the glyf record of every glyph."""
    offsets = [offset for (offset,) in struct.iter_unpack(">I", tables[b"loca"])]
    for start, end in itertools.pairwise(offsets):
        yield tables[b"glyf"][start:end]


@functools.lru_cache(maxsize=4096)
def _same_outline(expected: bytes, seen: bytes) -> bool:
    """Tell whether two glyf records draw the same shape."""
    if expected == seen:
        return True
    if len(seen) > 2 * len(expected) + 64:
        return False  # before it is taken apart
    first, second = _contours(expected), _contours(seen)
    return len(first) == len(second) and all(
        _same_contour(ours, theirs) for ours, theirs in zip(first, second, strict=True)
    )


def _same_contour(expected: Contour, seen: Contour) -> bool:
    """Tell whether two closed lines run side by side.

    Both are walked in equal steps of their lengths. A detour that the other has not
    moves all that follows, so that it is met even where it lies between two steps.
    """
    steps = max(64, 2 * len(expected))
    lengths = [_length(line) for line in (expected, seen)]
    if abs(lengths[0] - lengths[1]) > 2 * REACH or not min(lengths):
        return False
    pairs = zip(
        _walk(expected, lengths[0] / steps),
        _walk(seen, lengths[1] / steps),
        strict=False,  # rounding may give one of them a last step more
    )
    return all(math.dist(*pair) <= REACH for pair in pairs)


def _length(line: Contour) -> float:
    return sum(map(math.dist, line, (*line[1:], line[0])))


def _walk(line: Contour, step: float) -> Iterator[Point]:
    """Yield points of a closed line in equal steps along it."""
    ahead = 0.0
    for start, end in zip(line, (*line[1:], line[0]), strict=True):
        length = math.dist(start, end)
        while ahead < length:
            part = ahead / length
            yield (
                start[0] + (end[0] - start[0]) * part,
                start[1] + (end[1] - start[1]) * part,
            )
            ahead += step
        ahead -= length


def _contours(record: bytes) -> list[Contour]:
    """Return the outline of a simple glyph without hints; none for a blank one.

    Raises:
        ValueError: a composite glyph, one with hints, or a contour of no size.
        struct.error, IndexError: the record is too short.
    """
    if not record:
        return []
    (count,) = struct.unpack_from(">h", record)
    if count < 1:
        raise ValueError("not a simple glyph")
    *ends, hints = struct.unpack_from(f">{count}HH", record, 10)
    if hints or sorted(set(ends)) != ends:
        raise ValueError("hints, or contours out of order")
    points = _points(record, 12 + 2 * count, ends[-1] + 1)
    starts = [0, *(end + 1 for end in ends)]
    return [_flat(points[start:end]) for start, end in itertools.pairwise(starts)]


def _points(record: bytes, at: int, count: int) -> list[tuple[bool, Point]]:
    """Return the points of a glyph: whether on the curve, and where."""
    flags: list[int] = []
    while len(flags) < count:
        flag, at = record[at], at + 1
        flags.append(flag)
        if flag & _REPEAT:
            flags += [flag] * record[at]
            at += 1
    flags = flags[:count]
    across, at = _coordinates(record, at, [(f & _SHORT_X, f & _SAME_X) for f in flags])
    up, _ = _coordinates(record, at, [(f & _SHORT_Y, f & _SAME_Y) for f in flags])
    places = zip(across, up, strict=True)
    return [(bool(f & _ON_CURVE), p) for f, p in zip(flags, places, strict=True)]


def _coordinates(
    record: bytes, at: int, forms: list[tuple[int, int]]
) -> tuple[list[float], int]:
    """Return one coordinate of all points, and the offset behind the last."""
    found, value = [], 0
    for short, same in forms:
        if short:
            value += record[at] if same else -record[at]
            at += 1
        elif not same:
            value += struct.unpack_from(">h", record, at)[0]
            at += 2
        if abs(value) > 10 * EM:
            raise ValueError("a point far outside of the em square")
        found.append(float(value))
    return found, at


def _flat(points: list[tuple[bool, Point]]) -> Contour:
    """Return a contour of quadratic curves as a line of straight pieces."""
    full: list[tuple[bool, Point]] = []
    for (before, last), (on, point) in zip(
        [points[-1], *points[:-1]], points, strict=True
    ):
        if not before and not on:  # between two controls lies a point of the curve
            full.append((True, _middle(last, point)))
        full.append((on, point))
    first = next(i for i, (on, _) in enumerate(full) if on)
    full = full[first:] + full[:first]
    line: list[Point] = []
    for index, (on, point) in enumerate(full):
        if on:
            line.append(point)
        else:
            start, end = full[index - 1][1], full[(index + 1) % len(full)][1]
            line += _curve(start, point, end)
    return tuple(line)


def _curve(start: Point, control: Point, end: Point) -> Iterator[Point]:
    """Yield the inner points of a quadratic curve."""
    for step in range(1, _CURVE_STEPS):
        t = step / _CURVE_STEPS
        x, y = (
            a * (1 - t) ** 2 + 2 * b * t * (1 - t) + c * t**2
            for a, b, c in zip(start, control, end, strict=True)
        )
        yield (x, y)


def _middle(first: Point, second: Point) -> Point:
    return ((first[0] + second[0]) / 2, (first[1] + second[1]) / 2)
