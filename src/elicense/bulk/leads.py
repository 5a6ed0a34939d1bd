"""Whose token it is, for many at once: the leads of the keys that are known."""

from collections.abc import Mapping

import numpy as np

from elicense.bulk.walk import Places, Words, words_of
from elicense.quick_token import ENVELOPE_BYTES, LEAD_BYTES

_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd numbers with their bits spread
_MIX_TOO = np.uint64(0xC2B2AE3D27D4EB4F)


class Leads:
    """The leads that are known (:func:`elicense.quick_token.leads`), by number."""

    def __init__(self, leads: Mapping[bytes, int]) -> None:
        """Arrange leads.

        Args:
            leads: lead -> number of its key.
        """
        size = ENVELOPE_BYTES + LEAD_BYTES
        flat = np.frombuffer(b"".join([*leads, bytes(8)]), np.uint8)
        found = lead_of(words_of(flat), np.arange(len(leads)) * size, None)
        tags = _tag(found)
        order = np.argsort(tags)
        self._tags, self._found = tags[order], tuple(word[order] for word in found)
        self._keys = np.fromiter(leads.values(), np.int64, len(leads))[order]

    def keys_of(self, found: tuple[Words, ...]) -> Places:
        """Return the number of the key that each row names, -1 for none."""
        if not len(self._keys):
            return np.full(len(found[0]), -1)
        place = np.searchsorted(self._tags, _tag(found))
        place[place == len(self._tags)] = 0
        same = np.ones(len(place), np.bool_)
        for mine, theirs in zip(self._found, found, strict=True):
            same &= mine[place] == theirs
        return np.where(same, self._keys[place], -1)


def lead_of(words: Words, begins: Places, starts: Places | None) -> tuple[Words, ...]:
    """Return all bytes of leads, as words of which some overlap.

    Args:
        words: at each byte, what begins there.
        begins: where tokens begin.
        starts: where their payloads begin; None for right behind the envelope.
    """
    if starts is None:
        starts = begins + ENVELOPE_BYTES
    envelope = tuple(words[begins + at] for at in (0, 8, ENVELOPE_BYTES - 8))
    return (*envelope, *(words[starts + at] for at in (0, 8, LEAD_BYTES - 8)))


def _tag(found: tuple[Words, ...]) -> Words:
    """Return what tells leads apart but for chance; all of a lead is compared then."""
    _, _, kid, head, _, issuer = found
    return kid * _MIX + issuer * _MIX_TOO + head
