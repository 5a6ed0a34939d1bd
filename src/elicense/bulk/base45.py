"""base45 of many texts at once (RFC 9285): one pass of numpy instead of one for each.

Says of every text what :func:`esign.encoding.base45_decode` says of it alone.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from esign.encoding import BASE45_ALPHABET

_FOREIGN = 0xFF
_VALUES = bytes(
    BASE45_ALPHABET.index(chr(byte)) if chr(byte) in BASE45_ALPHABET else _FOREIGN
    for byte in range(256)
)
_GROUP, _TAIL = 3, 2  # characters of two bytes, and of a last single byte
_LARGEST = 0xFFFF
_AT_ONCE = 128  # texts: what is made of them stays in a processor's second cache


class Joined(NamedTuple):
    """The bytes that many texts spell, one behind the other.

    Attributes:
        data: of all, with zeros behind them; between two there may be one other byte.
        begins: where those of each text begin, shape (n,).
        ends: where they end.
        good: whether a text spells any; where not, nothing in between means anything.
    """

    data: npt.NDArray[np.uint8]
    begins: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    good: npt.NDArray[np.bool_]


def decode_many(texts: Sequence[str]) -> list[bytes | None]:
    """Return the bytes that each text spells, None for one that spells none.

    Args:
        texts: base45, any strings.
    """
    joined = decode_joined(texts)
    data = joined.data.tobytes()
    spans = zip(*(part.tolist() for part in joined[1:]), strict=True)
    return [data[begin:end] if good else None for begin, end, good in spans]


def decode_joined(texts: Sequence[str], zeros: int = 0) -> Joined:
    """Return the bytes that all texts spell.

    Args:
        texts: base45, any strings.
        zeros: how many bytes to put behind them.
    """
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    rests = sizes % _GROUP
    groups = np.where(rests == 1, 0, (sizes + 1) // _GROUP)
    ends = np.cumsum(groups) * 2
    begins = ends - groups * 2
    total = int(ends[-1]) if len(texts) else 0
    data = np.zeros(total + zeros, np.uint8)
    spelled = data[:total].view(">u2")
    good = rests != 1
    padded = [
        text if rest == 0 else f"{text}0" if rest == _TAIL else ""
        for text, rest in zip(texts, rests.tolist(), strict=True)
    ]
    for start in range(0, len(padded), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        first = int(begins[start]) // 2
        good[some] &= _decode(padded[some], groups[some], spelled[first:])
    _mend_tails(data, ends, np.flatnonzero(good & (rests == _TAIL)), good)
    return Joined(data, begins, ends, good)


def _decode(
    padded: Sequence[str],
    groups: npt.NDArray[np.int64],
    spelled: npt.NDArray[np.uint16],
) -> npt.NDArray[np.bool_]:
    """Decode texts of whole groups, and tell which were good."""
    # What is not ASCII becomes "?", which is foreign too.
    raw = "".join(padded).encode("ascii", "replace").translate(_VALUES)
    values = np.frombuffer(raw, np.uint8)
    numbers = values[2::_GROUP].astype(np.uint32)
    numbers *= np.uint32(45)
    numbers += values[1::_GROUP]
    numbers *= np.uint32(45)
    numbers += values[0::_GROUP]
    spelled[: len(numbers)] = numbers
    good = np.ones(len(padded), np.bool_)
    if numbers.max(initial=0) > _LARGEST or bytes([_FOREIGN]) in raw:
        bad = np.flatnonzero(numbers > _LARGEST)
        foreign = np.flatnonzero(values == _FOREIGN) // _GROUP
        where = np.concatenate([bad, foreign])
        good[np.searchsorted(np.cumsum(groups), where, side="right")] = False
    return good


def _mend_tails(
    data: npt.NDArray[np.uint8],
    ends: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    good: npt.NDArray[np.bool_],
) -> None:
    """Make one byte of the last two of texts that end in two characters."""
    last = ends[rows]
    good[rows] = data[last - 2] == 0
    data[last - 2] = data[last - 1]
    ends[rows] -= 1
