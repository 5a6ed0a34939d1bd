"""What files begin with: the same objects in every license of a type and workspace.

A fence around the one thing that reading remembers of whole files. Kept are bytes that
were read before, what :mod:`esign.pades.read` found in them, and the state of SHA-256
behind them. All of that depends on these bytes alone, and a file is only ever spared
the work where it begins with exactly the same bytes. So what is remembered changes what
reading costs and never what it answers; a test holds the two against each other.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

_KEY_BYTES = 2048  # of a file, by which a beginning is looked up
_MIN_BYTES = 8192  # a shorter beginning saves less than it costs to compare
_MAX_BYTES = 1 << 19  # of a file that are remembered; half of a license or more
_MAX_KEPT = 64  # beginnings, at most 32 MiB; types and workspaces in one run


class Found(NamedTuple):
    """What was found in some objects that follow each other.

    Attributes:
        fields: numbers of the objects that are form fields.
        size: bytes of all these objects beside their streams.
    """

    fields: tuple[int, ...] = ()
    size: int = 0

    def then(self, other: "Found") -> "Found":
        """Return what was found here and in the objects behind."""
        return Found(self.fields + other.fields, self.size + other.size)


class Prefix:
    """Header and first objects of a file, read and accepted.

    Attributes:
        data: the bytes, whole objects.
        starts: offsets of the objects.
        entries: their lines of the cross-reference table.
        found: what was found in them.
        walked: number of a signature -> number of its field, where these objects alone
            lead to both (:mod:`esign.pades.skeleton`).
    """

    __slots__ = ("_state", "data", "entries", "found", "starts", "walked")

    def __init__(
        self,
        data: bytes,
        starts: Sequence[int],
        entries: bytes,
        found: Found,
        walked: Mapping[int, int],
    ) -> None:
        """Keep them, and digest the bytes."""
        self.data = data
        self.starts = tuple(starts)
        self.entries = entries
        self.found = found
        self.walked = walked
        self._state = hashlib.sha256(data)

    def digest(self, *rest: memoryview) -> bytes:
        """Return SHA-256 of these bytes and what follows them, 32 bytes."""
        state = self._state.copy()
        for part in rest:
            state.update(part)
        return state.digest()


NOTHING = Prefix(b"", (), b"", Found(), {})
"""Where nothing is known of a file."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """The last file with some first bytes, or what it had in common with another."""

    data: bytes
    starts: tuple[int, ...]
    prefix: Prefix


_SAMPLES: dict[bytes, _Sample] = {}


def known(pdf: bytes) -> Prefix:
    """Return a beginning of this very file that was accepted before, or NOTHING."""
    sample = _SAMPLES.get(pdf[:_KEY_BYTES])
    if sample is None or not pdf.startswith(sample.prefix.data):
        return NOTHING
    return sample.prefix


def common(pdf: bytes, starts: Sequence[int]) -> int:
    """Return how many first objects an accepted file shares with the last like it.

    Remembers the file, or its beginning, to hold the next against.

    Args:
        pdf: the file.
        starts: offsets of its objects, and behind them the table's; its last object is
            the signature.

    Returns:
        The count, 0 where it is too little to be worth remembering.
    """
    key = pdf[:_KEY_BYTES]
    last = _SAMPLES.get(key)
    while last is None and len(_SAMPLES) >= _MAX_KEPT:
        _SAMPLES.pop(next(iter(tuple(_SAMPLES))), None)
    _SAMPLES[key] = _Sample(pdf[:_MAX_BYTES], tuple(starts), NOTHING)
    if last is None:
        return 0
    count = 0
    # The signature is no part of it, and its own offset ends the object before it.
    ours, theirs = pairwise(starts[:-1]), pairwise(last.starts[:-1])
    for (start, end), bounds in zip(ours, theirs, strict=False):
        is_kept = (start, end) == bounds and end <= len(last.data)
        if not is_kept or pdf[start:end] != last.data[start:end]:
            break
        count += 1
    return count if starts[count] >= _MIN_BYTES else 0


def remember(prefix: Prefix) -> None:
    """Keep a beginning whose objects were accepted, for the files to come."""
    key = prefix.data[:_KEY_BYTES]
    last = _SAMPLES.get(key)
    if last is not None:
        # The sample has served: what is kept of a kind is its beginning alone.
        _SAMPLES[key] = _Sample(b"", (), prefix)


def forget() -> None:
    """Forget everything, as a new process would have it."""
    _SAMPLES.clear()
