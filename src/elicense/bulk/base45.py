"""base45 of many texts at once (RFC 9285): one pass of numpy instead of one for each.

Says of every text what :func:`esign.encoding.base45_decode` says of it alone.
"""

from collections.abc import Sequence

import numpy as np

from esign.encoding import BASE45_ALPHABET

_FOREIGN = 0xFF
_VALUES = bytes(
    BASE45_ALPHABET.index(chr(byte)) if chr(byte) in BASE45_ALPHABET else _FOREIGN
    for byte in range(256)
)
_GROUP, _TAIL = 3, 2  # characters of two bytes, and of a last single byte
_LARGEST = 0xFFFF


def decode_many(texts: Sequence[str]) -> list[bytes | None]:
    """Return the bytes that each text spells, None for one that spells none.

    Args:
        texts: base45, any strings.
    """
    sizes = list(map(len, texts))
    rests = [size % _GROUP for size in sizes]
    padded = [
        text if rest == 0 else f"{text}0" if rest == _TAIL else ""
        for text, rest in zip(texts, rests, strict=True)
    ]
    # What is not ASCII becomes "?", which is foreign too.
    raw = "".join(padded).encode("ascii", "replace").translate(_VALUES)
    values = np.frombuffer(raw, np.uint8)
    numbers = values[2::_GROUP].astype(np.uint32)
    numbers *= np.uint32(45)
    numbers += values[1::_GROUP]
    numbers *= np.uint32(45)
    numbers += values[0::_GROUP]
    spelled = numbers.astype(">u2").tobytes()
    found = _cut(spelled, padded, rests)
    for row in _bad_rows(values, numbers, padded):
        found[row] = None
    return found


def _cut(
    spelled: bytes, padded: Sequence[str], rests: Sequence[int]
) -> list[bytes | None]:
    """Cut the bytes of all texts into those of each."""
    found: list[bytes | None] = []
    add, start = found.append, 0
    for text, rest in zip(padded, rests, strict=True):
        end = start + len(text) // _GROUP * 2
        if rest == 0:
            add(spelled[start:end])
        elif rest == _TAIL and spelled[end - 2] == 0:
            add(spelled[start : end - 2] + spelled[end - 1 : end])
        else:  # a length of 3n+1, or a last group above 255
            add(None)
        start = end
    return found


def _bad_rows(
    values: "np.typing.NDArray[np.uint8]",
    numbers: "np.typing.NDArray[np.uint32]",
    padded: Sequence[str],
) -> list[int]:
    """Return the rows with a foreign character or a group above 65535."""
    overflows = np.flatnonzero(numbers > _LARGEST)
    foreign = np.flatnonzero(values == _FOREIGN)
    if not len(overflows) and not len(foreign):
        return []
    groups = np.fromiter(map(len, padded), np.int64, len(padded)) // _GROUP
    where = np.concatenate([overflows, foreign // _GROUP])
    rows = np.searchsorted(np.cumsum(groups), where, side="right")
    return [int(row) for row in np.unique(rows)]
