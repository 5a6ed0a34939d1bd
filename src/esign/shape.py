"""Reads the shape of decoded CBOR: every key of a closed set, each of its type.

A format's reader takes what it knows key by key and ends with :meth:`Fields.end`, which
refuses whatever is left: an unknown key is never ignored.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from esign import cbor
from esign.errors import MalformedError

T = TypeVar("T")
_ByteStrings = tuple[bytes, ...]  # a method of the class has the name of the type
_SHOWN = 8  # unknown keys that an error lists


class Fields:
    """The entries of one map, taken out one by one."""

    def __init__(self, value: cbor.Value, what: str) -> None:
        """Start reading ``value``; ``what`` names it in errors.

        Raises:
            MalformedError: ``value`` is not a map.
        """
        if not isinstance(value, Mapping):
            raise MalformedError(f"{what}: expected a map")
        self._left = dict(value)
        self._what = what

    def __contains__(self, key: int | str) -> bool:
        """Tell whether ``key`` is there and was not taken yet."""
        return key in self._left

    def keys(self) -> tuple[int | str, ...]:
        """Return the keys that were not taken yet, in the map's order."""
        return tuple(self._left)

    def take(self, key: int | str) -> cbor.Value:
        """Take any value; MalformedError if the key is missing."""
        try:
            return self._left.pop(key)
        except KeyError as err:
            raise MalformedError(f"{self._what}: {key!r} is missing") from err

    def text(self, key: int | str) -> str:
        """Take a text."""
        value = self._left.get(key)
        if isinstance(value, str):
            del self._left[key]
            return value
        self.take(key)
        raise self.wrong(key, "a text")

    def bytes(self, key: int | str, size: int | None = None) -> bytes:
        """Take a byte string, of ``size`` bytes where that is given."""
        value = self.take(key)
        if not isinstance(value, bytes) or size not in (None, len(value)):
            raise self.wrong(key, f"{'some' if size is None else size} bytes")
        return value

    def uint(self, key: int | str, maximum: int = (1 << 53) - 1) -> int:
        """Take an integer from 0 to ``maximum``."""
        value = self.take(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(key, "an integer")
        if not 0 <= value <= maximum:
            raise self.wrong(key, f"an integer from 0 to {maximum}")
        return value

    def boolean(self, key: int | str) -> bool:
        """Take a boolean."""
        value = self.take(key)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def array(self, key: int | str) -> list[cbor.Value]:
        """Take an array."""
        value = self.take(key)
        if not isinstance(value, list):
            raise self.wrong(key, "an array")
        return value

    def map(self, key: int | str) -> "Fields":
        """Take a map, to be read and ended by itself."""
        return Fields(self.take(key), f"{self._what}.{key}")

    def byte_strings(self, key: int | str) -> _ByteStrings:
        """Take an array of byte strings."""
        return byte_strings(self.array(key), f"{self._what}.{key}")

    def texts(self, key: int | str) -> tuple[str, ...]:
        """Take an array of texts."""
        value = self.array(key)
        texts = tuple(item for item in value if isinstance(item, str))
        if len(texts) != len(value):
            raise self.wrong(key, "an array of texts")
        return texts

    def uints(self, key: int | str, count: int) -> tuple[int, ...]:
        """Take an array of ``count`` integers that are not negative."""
        value = self.array(key)
        numbers = tuple(
            item
            for item in value
            if isinstance(item, int) and not isinstance(item, bool) and item >= 0
        )
        if not len(numbers) == len(value) == count:
            raise self.wrong(key, f"an array of {count} integers from 0")
        return numbers

    def optional(self, key: int | str, read: Callable[[int | str], T]) -> T | None:
        """Take a key that may be missing, with the method that reads it."""
        return read(key) if key in self._left else None

    def nullable(self, key: int | str, read: Callable[[int | str], T]) -> T | None:
        """Take a key that must be there and may be null."""
        if key in self._left and self._left[key] is None:
            del self._left[key]
            return None
        return read(key)

    def end(self) -> None:
        """Raise MalformedError if a key was not taken."""
        if self._left:
            # A foreign text key may be long or name a person, so it is not repeated.
            known = sorted(key for key in self._left if isinstance(key, int))[:_SHOWN]
            raise MalformedError(
                f"{self._what}: {len(self._left)} unknown keys, of integers {known}"
            )

    def wrong(self, key: int | str, expected: str) -> MalformedError:
        """Return the error of a value that is not what was expected."""
        return MalformedError(f"{self._what}.{key}: expected {expected}")


def byte_strings(items: Iterable[cbor.Value], what: str) -> tuple[bytes, ...]:
    """Return items that are byte strings; MalformedError where one is not."""
    chunks: list[bytes] = []
    for item in items:
        if not isinstance(item, bytes):
            raise MalformedError(f"{what}: expected byte strings")
        chunks.append(item)
    return tuple(chunks)
