"""Choices that follow a seed."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Gives the same choices for the same seed, in every version of Python.

    Of the generator only ``random()`` is used, whose sequence is promised to stay.
    """

    def __init__(self, seed: str) -> None:
        """Begin anew.

        Args:
            seed: any text.
        """
        self._random = random.Random(seed)  # noqa: S311  nothing here is a secret
        self._decks: dict[tuple[object, ...], list[int]] = {}

    def between(self, low: int, high: int) -> int:
        """Return a whole number, both ends possible."""
        return low + int(self._random.random() * (high - low + 1))

    def often(self, percent: int) -> bool:
        """Return true so often of a hundred times."""
        return self.between(0, 99) < percent

    def one(self, items: Sequence[T]) -> T:
        """Return any of the items."""
        return items[self.between(0, len(items) - 1)]

    def deal(self, items: Sequence[T]) -> T:
        """Return one of the items, each of them once before any comes again."""
        deck = self._decks.setdefault(tuple(items), [])
        if not deck:
            deck += self._shuffled(len(items))
        return items[deck.pop()]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """Return several of the items in their order, none twice.

        Args:
            items: what there is.
            count: how many; all where there are fewer.
        """
        return [items[place] for place in sorted(self._shuffled(len(items))[:count])]

    def _shuffled(self, count: int) -> list[int]:
        """Return the numbers from 0 in some order (Fisher and Yates)."""
        order = list(range(count))
        for place in range(count - 1, 0, -1):
            other = self.between(0, place)
            order[place], order[other] = order[other], order[place]
        return order
