"""Many rows step through one layout of CBOR together, each from a place of its own.

Every step is a few calls for all rows. Where a row is not in the layout it is no longer
good, and goes on to some place that may lie behind its end.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Places: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Words: TypeAlias = npt.NDArray[np.uint64]

_MOST_FIELDS = 23
# By the head of an integer: bytes that follow it, and the least value of so many.
_MORE = np.zeros(256, np.int64)
_MORE[[0x18, 0x19, 0x1A]] = 1, 2, 4
_SMALLEST = np.full(256, np.iinfo(np.int64).max)
_SMALLEST[:24] = 0
_SMALLEST[[0x18, 0x19, 0x1A]] = 24, 1 << 8, 1 << 16


def words_of(data: npt.NDArray[np.uint8]) -> Words:
    """Return the eight bytes from each place on as one number, the first one least."""
    return np.ndarray((max(len(data) - 7, 0),), "<u8", data, 0, (1,))


class Walk:
    """Where many rows stand in the layout, and whether they were in it so far.

    A step that only some rows take gives any value for the others.
    """

    def __init__(self, data: npt.NDArray[np.uint8], words: Words, at: Places) -> None:
        """Stand at places."""
        self.data, self.words, self.at = data, words, at
        self.good: Mask = np.ones(len(at), np.bool_)
        self._heads: list[tuple[Places, Places]] = []

    def there(self, key: int) -> Mask:
        """Tell which rows stand before a byte."""
        found: Mask = self.data[self.at] == key
        return found

    def skip(self, size: Places | int, taking: Mask | None = None) -> Places:
        """Step over bytes; return where they begin."""
        before = self.at
        self.at = before + (size if taking is None else size * taking)
        return before

    def expect(self, bytes_: bytes, taking: Mask | None = None) -> None:
        """Step over at most eight bytes that must stand there."""
        if taking is not None and not taking.any():
            return
        mask = np.uint64((1 << 8 * len(bytes_)) - 1)
        found = self.words[self.at] & mask
        self._ask(found == int.from_bytes(bytes_, "little"), taking)
        self.skip(len(bytes_), taking)

    def word(self, head: bytes, taking: Mask | None = None) -> Places:
        """Step over a head of two bytes and an integer of four; return it."""
        if taking is not None and not taking.any():
            return self.at
        raw = self.words[self.at]
        self._ask(raw.astype("<u2") == int.from_bytes(head, "little"), taking)
        self.skip(6, taking)
        found = (raw >> np.uint64(16)).astype("<u4").byteswap()
        return np.asarray(found, np.int64)

    def uint(self, taking: Mask | None = None) -> Places:
        """Step over an integer in its shortest spelling; return it."""
        if taking is not None and not taking.any():
            return self.at
        raw = self.words[self.at].byteswap()
        head = (raw >> np.uint64(56)).astype(np.int64)
        more = _MORE[head]
        value = (raw << np.uint64(8)) >> (64 - 8 * more).astype(np.uint64)
        found: Places = np.where(more == 0, head, value.astype(np.int64))
        self._ask(found >= _SMALLEST[head], taking)
        self.skip(more + 1, taking)
        return found

    def text(self, key: int, taking: Mask | None = None) -> tuple[Places, Places]:
        """Step over a key and a text of at most 255 bytes; return its bounds."""
        if taking is not None and not taking.any():
            return self.at, self.at
        size, head, good = _text_at(self.words, self.at + 1)
        self._ask(good & (self.data[self.at] == key), taking)
        self.skip(head + 1, taking)
        begin = self.skip(size, taking)
        return begin, self.at

    def _ask(self, condition: Mask, taking: Mask | None) -> None:
        """Leave rows out that take a step and do not meet its condition."""
        self.good &= condition if taking is None else condition | ~taking

    def fields(self, taking: Mask) -> None:
        """Step over maps of texts whose keys are in order; see :meth:`_members`."""
        rows = np.flatnonzero(taking & self.good)
        if not len(rows):
            return
        count = self.data[self.at[rows]].astype(np.int64) - 0xA0
        fits = (count > 0) & (count <= _MOST_FIELDS)
        self.good[rows[~fits]] = False
        rows, count = rows[fits], count[fits]
        self._heads.append((rows, self.at[rows]))
        at, last = self.at[rows] + 1, np.full(len(rows), -1)
        for number in range(int(count.max(initial=0))):
            going = np.flatnonzero(count > number)
            begin = at[going]
            size, head, good = _text_at(self.words, begin)
            middle = begin + head + size
            good &= self._in_order(last[going], begin, middle)
            last[going] = begin
            size, head, known = _text_at(self.words, middle)
            at[going] = middle + head + size
            self.good[rows[going]] &= good & known
            self._heads += (rows[going], begin), (rows[going], middle)
        self.at = self.at.copy()
        self.at[rows] = at

    def clear_heads(self, good: Mask) -> None:
        """Put zeros in place of the heads of fields of good rows."""
        for rows, at in self._heads:
            mine = at if good.all() else at[good[rows]]
            long = mine[self.data[mine] == 0x78]  # noqa: PLR2004
            self.data[mine] = 0
            self.data[long + 1] = 0

    def _in_order(self, last: Places, begin: Places, end: Places) -> Mask:
        """Tell whether keys stand behind those before them; -1 for none before.

        A longer one stands behind a shorter one, so few must be compared.
        """
        head, before = self.data[begin], np.where(last < 0, 0, self.data[last])
        found: Mask = head > before
        for row in np.flatnonzero(head == before).tolist():
            size = end[row] - begin[row]
            mine = self.data[begin[row] : end[row]].tobytes()
            theirs = self.data[last[row] : last[row] + size].tobytes()
            found[row] = mine > theirs
        return found


def _text_at(words: Words, at: Places) -> tuple[Places, Places, Mask]:
    """Return the sizes of texts and of their heads, and whether those are right.

    Where they are not, sizes are some of those that a text can have.
    """
    raw: Places = words[at].astype("<u2").astype(np.int64)
    first, told = raw & 0xFF, raw >> 8
    long = first == 0x78  # noqa: PLR2004
    size: Places = np.where(long, told, first - 0x60)
    good = (size >= 24 * long) & (long | (size < 24))  # noqa: PLR2004
    return np.clip(size, 0, 255), 1 + long, good
