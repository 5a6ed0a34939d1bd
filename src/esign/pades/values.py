"""Reading dictionaries that others wrote: one value at a time, each in one meaning.

Our own writers have one spelling (:mod:`esign.pades.dictionary`); a seal platform has
its own. Every spelling of ISO 32000-1, 7.3 is read here but those by which two readers
could see two things: comments, names with ``#``, and an entry that occurs twice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias

from esign.errors import MalformedError

MAX_DEPTH = 8  # of dictionaries and arrays in each other
MAX_VALUES = 2000  # in one pass; a seal's revision has about a hundred
MAX_STRING_BYTES = 4096  # of a literal string; a signature is a hexadecimal one
_SPACE = re.compile(rb"[\x00\t\n\f\r ]*")
_NAME = re.compile(rb"/([!\"$&'*-.0-;=?-Z\\^-z|~]{1,127})")
_REFERENCE = re.compile(
    rb"([1-9][0-9]{0,9})[\x00\t\n\f\r ]+0[\x00\t\n\f\r ]+R(?![!-'*-.0-;=?-Z\\^-z|~])"
)
_NUMBER = re.compile(rb"[+-]?(?:[0-9]{1,10}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})")
_WORD = re.compile(rb"(true|false|null)")
_HEX = re.compile(rb"<([0-9A-Fa-f\x00\t\n\f\r ]*)>")
_ENDS = re.compile(rb"(?=[\x00\t\n\f\r ()<>\[\]{}/%]|\Z)")
_ESCAPES = {
    ord("n"): b"\n", ord("r"): b"\r", ord("t"): b"\t", ord("b"): b"\b",
    ord("f"): b"\f", ord("("): b"(", ord(")"): b")", ord("\\"): b"\\",
}  # fmt: skip
_OCTAL = re.compile(rb"[0-7]{1,3}")
_WORDS = {b"true": True, b"false": False, b"null": None}


@dataclass(frozen=True, slots=True)
class Name:
    """A name, without its slash."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to an object of generation 0."""

    number: int


Value: TypeAlias = (
    "Name | Reference | Decimal | bytes | bool | tuple[Value, ...]"
    " | Mapping[bytes, Value] | None"
)
"""Strings are their bytes, arrays tuples, dictionaries mappings by name."""


class Scanner:
    """One pass over bytes; ``at`` is where it goes on."""

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        """Begin at an offset; what lies behind ``end`` is not read."""
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end
        self._left = MAX_VALUES

    def space(self) -> None:
        """Pass over white space; a comment is none."""
        found = _SPACE.match(self.data, self.at, self.end)
        self.at = self.at if found is None else found.end()

    def take(self, pattern: re.Pattern[bytes], what: str) -> re.Match[bytes]:
        """Read what a pattern matches here.

        Raises:
            MalformedError: it matches nothing here.
        """
        found = pattern.match(self.data, self.at, self.end)
        if found is None:
            raise MalformedError(f"PDF: expected {what}")
        self.at = found.end()
        return found

    def dictionary(self) -> Mapping[bytes, Value]:
        """Read a dictionary.

        Raises:
            MalformedError: something else, or one that is not read (see the module).
        """
        value = self.value()
        if not isinstance(value, Mapping):
            raise MalformedError("PDF: expected a dictionary")
        return value

    def value(self, depth: int = 0) -> Value:
        """Read one value, with the white space before it.

        Raises:
            MalformedError: there is none, or one that is not read (see the module).
        """
        self.space()
        self._left -= 1
        if self._left < 0:
            raise MalformedError("PDF: there are too many values")
        if depth > MAX_DEPTH:
            raise MalformedError("PDF: values are nested too deeply")
        if self._is(b"<<"):
            return self._dictionary(depth)
        if self._is(b"["):
            return self._array(depth)
        if self._is(b"("):
            return self._string()
        if self._is(b"<"):
            digits = b"".join(self.take(_HEX, "a hexadecimal string")[1].split())
            return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
        return self._atom()

    def _atom(self) -> Value:
        if self._is(b"/"):
            name = self.take(_NAME, "a name without #")
            self.take(_ENDS, "the end of a name")
            return Name(name[1])
        reference = _REFERENCE.match(self.data, self.at, self.end)
        if reference is not None:
            self.at = reference.end()
            return Reference(int(reference[1]))
        word = _WORD.match(self.data, self.at, self.end)
        if word is not None:
            self.at = word.end()
            self.take(_ENDS, "the end of a word")
            return _WORDS[word[1]]
        number = self.take(_NUMBER, "a value")
        self.take(_ENDS, "the end of a number")
        return Decimal(number[0].decode("ascii"))

    def _dictionary(self, depth: int) -> Mapping[bytes, Value]:
        self.at += 2
        found: dict[bytes, Value] = {}
        self.space()
        while not self._is(b">>"):
            name = self.take(_NAME, "a name without #")[1]
            self.take(_ENDS, "the end of a name")
            if name in found:
                raise MalformedError("PDF: a dictionary has an entry twice")
            found[name] = self.value(depth + 1)
            self.space()
        self.at += 2
        return MappingProxyType(found)

    def _array(self, depth: int) -> tuple[Value, ...]:
        self.at += 1
        found: list[Value] = []
        self.space()
        while not self._is(b"]"):
            found.append(self.value(depth + 1))
            self.space()
        self.at += 1
        return tuple(found)

    def _string(self) -> bytes:
        found = bytearray()
        self.at += 1
        depth = 1
        while self.at < self.end:
            octet = self.data[self.at]
            self.at += 1
            if len(found) > MAX_STRING_BYTES:
                raise MalformedError("PDF: a string is too long")
            if octet == ord("\\"):
                found += self._escaped()
                continue
            depth += (octet == ord("(")) - (octet == ord(")"))
            if depth == 0:
                return bytes(found)
            found.append(octet)
        raise MalformedError("PDF: a string does not end")

    def _escaped(self) -> bytes:
        octal = _OCTAL.match(self.data, self.at, self.end)
        if octal is not None:
            self.at = octal.end()
            return bytes((int(octal[0], 8) & 0xFF,))
        octet = self.data[self.at] if self.at < self.end else -1
        self.at += 1
        if octet not in _ESCAPES:
            raise MalformedError("PDF: a string has an escape that is not defined")
        return _ESCAPES[octet]

    def _is(self, mark: bytes) -> bool:
        return self.data.startswith(mark, self.at, self.end)


def same(one: Value, other: Value) -> bool:
    """Tell whether two values say the same; ``1`` and ``true`` do not."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(
            same(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def parse(text: bytes) -> Value:
    """Return the one value of a text.

    Args:
        text: such as an object without the words around it.

    Raises:
        MalformedError: no value, one that is not read, or something behind it.
    """
    scanner = Scanner(text)
    value = scanner.value()
    scanner.space()
    if scanner.at != len(text):
        raise MalformedError("PDF: something follows a value")
    return value
