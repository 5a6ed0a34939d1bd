"""Status lists for many look-ups: found once, kept small, asked by number and index.

A list of a million statuses has 256 KiB, and a hub's bundle some thousands of lists. So
a list with few entries that are not VALID is kept as those entries alone; others are
asked where :mod:`esign.statuslist` keeps them.
"""

from array import array
from bisect import bisect_left
from datetime import datetime
from itertools import count

import numpy as np

from elicense.policy import ValidationPolicy
from elicense.trust import TrustState
from elicense.validating.token import (
    check_status,
    list_in_force,
    no_status,
    signed_at,
)
from esign.errors import MalformedError
from esign.statuslist import BITS, Status, StatusList
from esign.verdict import Check

_PER_BYTE = 8 // BITS
_SPARSE = 16  # a list is kept as entries where at most one byte in so many is not 0
_LISTS = 1 << 14  # that are kept, at most
_SERIALS = count()


class Listed:
    """One list at the run's instant.

    Attributes:
        as_of: when it was signed; None where it does not count.
        serial: tells lists apart; never used again.
    """

    __slots__ = ("_bytes", "_list", "_places", "_size", "_why", "as_of", "serial")

    def __init__(self, listed: StatusList | Check) -> None:
        """Take the list in force, or the check that says why there is none."""
        self.serial = next(_SERIALS)
        self.as_of: datetime | None = None
        self._list: StatusList | None = None
        self._why: Check | None = None
        self._places = array("I")
        self._bytes, self._size = b"", 0
        if isinstance(listed, Check):
            self._why = listed
            return
        self._list, self.as_of = listed, signed_at(listed)
        try:
            self._keep(listed.array)
        except MalformedError as err:
            self._why = no_status(str(err))

    def _keep(self, packed: bytes) -> None:
        values = np.frombuffer(packed, np.uint8)
        places = np.flatnonzero(values)
        if len(places) * _SPARSE > len(values):
            return
        self._size = len(packed) * _PER_BYTE
        self._places.frombytes(places.astype(np.uint32).tobytes())
        self._bytes = values[places].tobytes()

    def value(self, index: int) -> int:
        """Return the status of a license, or a number below zero.

        It is -1 where the list does not count, and -2 - index where the index lies
        outside of it.
        """
        if self._why is not None or self._list is None:
            return -1
        if index >= self._size:
            try:
                return self._list.status(index)
            except MalformedError:
                return -2 - index
        at = index // _PER_BYTE
        place = bisect_left(self._places, at)
        if place == len(self._places) or self._places[place] != at:
            return 0
        shift = index % _PER_BYTE * BITS
        return self._bytes[place] >> shift & (1 << BITS) - 1

    def check(self, value: int) -> Check:
        """Return the check of a license whose :meth:`value` is given."""
        if self._why is not None or self._list is None:
            return self._why or no_status("the trust bundle holds no such list")
        if value >= 0:
            return check_status(Status(value), self._list)
        try:
            return check_status(self._list.status(-2 - value), self._list)
        except MalformedError as err:
            return no_status(str(err))


class Statuses:
    """The lists of a trust at an instant."""

    def __init__(
        self, trust: TrustState, at: datetime, policy: ValidationPolicy
    ) -> None:
        """Look at no list yet."""
        self._trust, self._at, self._policy = trust, at, policy
        self._found: dict[tuple[str, int], Listed] = {}

    def of(self, issuer: str, number: int) -> Listed:
        """Return a list by issuer and number; one that is not there says so."""
        key = issuer, number
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _LISTS:
                self._found.clear()
            listed = self._trust.lists.get(key)
            found = Listed(list_in_force(listed, self._at, self._policy))
            self._found[key] = found
        return found
