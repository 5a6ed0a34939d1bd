"""QR texts that are looked up: their digests, and the keys that they name.

docs/formats/snapshot.md, section 2.2. A list of strings, or a column, whose texts stand
one behind the other and are hashed where they are.
"""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

KID_CHARACTERS = 12
"""base45 of the 8 bytes of a kid."""


class Texts(Protocol):
    """Any strings, by row."""

    def __len__(self) -> int:
        """Return how many there are."""

    def part(self, start: int, end: int) -> "Texts":
        """Return those from one row to before another."""

    def digests(self) -> bytes:
        """Return the SHA-256 of each in UTF-8, one behind the other."""

    def named(self, place: int) -> Iterable[str | bytes]:
        """Return what stands where a kid may stand in each, at most 12 characters."""

    def beginning(
        self, rows: npt.NDArray[np.int64], prefix: str
    ) -> list[tuple[int, str]]:
        """Return those of some rows that begin with an ASCII prefix.

        Bytes that are no UTF-8, which are in no text of ours, become U+FFFD.
        """


class Strings:
    """Strings of Python."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Take strings."""
        self.texts = texts

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.texts)

    def part(self, start: int, end: int) -> "Strings":
        """Return those from one row to before another; a copy of the list."""
        return Strings(self.texts[start:end])

    def digests(self) -> bytes:
        """Return the SHA-256 of each in UTF-8, one behind the other."""
        sha256 = hashlib.sha256
        try:
            return b"".join([sha256(text.encode()).digest() for text in self.texts])
        except UnicodeEncodeError:  # a lone surrogate, which is in no text of ours
            return b"".join([sha256(encoded(text)).digest() for text in self.texts])

    def named(self, place: int) -> Iterable[str]:
        """Return what stands where a kid may stand in each, at most 12 characters."""
        end = place + KID_CHARACTERS
        return [text[place:end] for text in self.texts]

    def beginning(
        self, rows: npt.NDArray[np.int64], prefix: str
    ) -> list[tuple[int, str]]:
        """Return those of some rows that begin with an ASCII prefix."""
        found = ((row, self.texts[row]) for row in rows.tolist())
        return [(row, text) for row, text in found if text.startswith(prefix)]


class Column:
    """Texts in UTF-8, one behind the other; of some, bytes may be none."""

    def __init__(self, data: memoryview, bounds: npt.NDArray[np.int64]) -> None:
        """Take texts where they are.

        Args:
            data: the bytes of all, of format B.
            bounds: where each begins, and at last where the last one ends, shape
                (n + 1,).
        """
        self._data, self._bounds = data, bounds

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._bounds) - 1

    def part(self, start: int, end: int) -> "Column":
        """Return those from one row to before another; the same memory."""
        return Column(self._data, self._bounds[start : end + 1])

    def digests(self) -> bytes:
        """Return the SHA-256 of each, one behind the other."""
        sha256, data = hashlib.sha256, self._data
        spans = pairwise(self._bounds.tolist())
        return b"".join([sha256(data[begin:end]).digest() for begin, end in spans])

    def named(self, place: int) -> Iterable[bytes]:
        """Return what stands where a kid may stand in each; else b""."""
        begins = self._bounds[:-1] + place
        whole = begins + KID_CHARACTERS <= self._bounds[1:]
        found = np.zeros(len(begins), f"S{KID_CHARACTERS}")
        found[whole] = self._at(begins[whole], KID_CHARACTERS)
        kids: list[bytes] = found.tolist()
        return kids

    def beginning(
        self, rows: npt.NDArray[np.int64], prefix: str
    ) -> list[tuple[int, str]]:
        """Return those of some rows that begin with an ASCII prefix."""
        size = len(prefix)
        begins, ends = self._bounds[rows], self._bounds[rows + 1]
        long = ends - begins >= size
        hit = np.flatnonzero(long)
        hit = hit[self._at(begins[hit], size) == prefix.encode()]
        return [
            (row, str(self._data[begin:end], "utf-8", "replace"))
            for row, begin, end in zip(
                rows[hit].tolist(),
                begins[hit].tolist(),
                ends[hit].tolist(),
                strict=True,
            )
        ]

    def _at(self, begins: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.bytes_]:
        """Return so many bytes from each place on."""
        flat = np.frombuffer(self._data, np.uint8)
        picked = flat[begins[:, None] + np.arange(size)]
        found: npt.NDArray[np.bytes_] = picked.view(f"S{size}").ravel()
        return found


def encoded(text: str) -> bytes:
    """Return any string as bytes; equal ones only for equal strings."""
    return text.encode("utf-8", "surrogatepass")
