"""Reading a dictionary in the one spelling that our writers use.

Every byte of a dictionary belongs to the one grammar below, so nothing is looked for
inside a value, and nothing is skipped.
"""

import functools
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from esign.errors import MalformedError

MAX_DEPTH = 8  # of dictionaries and arrays in each other; a catalog has three
_CACHED = 256  # dictionaries that are kept; those of a type are the same in every file
_CACHED_BYTES = 4096  # of one that is kept: 1 MiB of texts in all
_SPELLED_NAME = rb"/(?:[!\"$&'*-.0-;=?-Z\\^-z|~]|#2F)+"  # a slash, as in MIME types
_NAME = re.compile(_SPELLED_NAME)
# Numbers are no larger than every reader takes them; a file has 10 000 objects.
_ITEM = re.compile(
    rb"[1-9][0-9]{0,4} 0 R|-?(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,9})?(?![0-9])"
    rb"|" + _SPELLED_NAME + rb"|\((?:[0-9A-Za-z ]|\\[0-3][0-7]{2})*\)"
    rb"|<(?:[0-9a-f]{2})*>|true|false|null"
)
_REFERENCE = re.compile(rb"([1-9][0-9]{0,4}) 0 R")

Value: TypeAlias = "bytes | Mapping[bytes, Value]"


def entries(text: bytes) -> Mapping[bytes, Value]:
    """Return the entries of a dictionary (docs/formats/pdf.md, section 1).

    Does NOT look into values: they are returned as they are spelled.

    Args:
        text: a whole dictionary, from ``<<`` to ``>>``.

    Returns:
        Names, with their slash, and what stands behind them; a dictionary in it is
        again such a mapping.

    Raises:
        MalformedError: another spelling, a name that occurs twice, or a depth that
            nothing of ours has.
    """
    return _kept(text) if len(text) <= _CACHED_BYTES else _read(text)


def _read(text: bytes) -> Mapping[bytes, Value]:
    reader = _Reader(text)
    found = reader.dictionary(1)
    if reader.at != len(text):
        raise MalformedError("PDF: something follows a dictionary")
    return found


_kept = functools.lru_cache(maxsize=_CACHED)(_read)


def reference(value: object) -> int:
    """Return the number that a reference names.

    Args:
        value: of an entry.

    Raises:
        MalformedError: it is no reference.
    """
    match = _REFERENCE.fullmatch(value) if isinstance(value, bytes) else None
    if match is None:
        raise MalformedError("PDF: an entry is not a reference")
    return int(match[1])


def references(value: object) -> tuple[int, ...]:
    """Return the numbers that an array of references names.

    Args:
        value: of an entry.

    Raises:
        MalformedError: it is no such array.
    """
    if not isinstance(value, bytes) or not value.startswith(b"[ "):
        raise MalformedError("PDF: an entry is not an array of references")
    numbers = tuple(int(found[1]) for found in _REFERENCE.finditer(value))
    spelled = b"".join(b"%d 0 R " % number for number in numbers)
    if value != b"[ %b]" % spelled:
        raise MalformedError("PDF: an entry is not an array of references")
    return numbers


class _Reader:
    """One pass over a text; ``at`` is where it goes on."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.at = 0

    def dictionary(self, depth: int) -> Mapping[bytes, Value]:
        if depth > MAX_DEPTH:
            raise MalformedError("PDF: dictionaries are nested too deeply")
        self._take(b"<<\n")
        found: dict[bytes, Value] = {}
        while not self._is(b">>"):
            name = self._match(_NAME)
            if name in found:
                raise MalformedError("PDF: a dictionary has an entry twice")
            self._take(b" ")
            found[name] = self._value(depth + 1)
            self._take(b"\n")
        self._take(b">>")
        return MappingProxyType(found)

    def _value(self, depth: int) -> Value:
        if self._is(b"<<"):
            return self.dictionary(depth)
        if self._is(b"["):
            return self._array(depth)
        return self._match(_ITEM)

    def _array(self, depth: int) -> bytes:
        if depth > MAX_DEPTH:
            raise MalformedError("PDF: arrays are nested too deeply")
        start = self.at
        self._take(b"[ ")
        while not self._is(b"]"):
            self._value(depth + 1)
            self._take(b" ")
        self._take(b"]")
        return self.text[start : self.at]

    def _is(self, mark: bytes) -> bool:
        return self.text.startswith(mark, self.at)

    def _take(self, mark: bytes) -> None:
        if not self._is(mark):
            raise MalformedError("PDF: a dictionary is spelled otherwise")
        self.at += len(mark)

    def _match(self, pattern: re.Pattern[bytes]) -> bytes:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise MalformedError("PDF: an entry of a dictionary is spelled otherwise")
        self.at = match.end()
        return match[0]
