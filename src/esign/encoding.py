"""Text forms of bytes, each with exactly one accepted spelling.

base45 follows RFC 9285; hexadecimal is lower-case only.
"""

import re

from esign.errors import MalformedError

BASE45_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_BASE45_VALUE = {char: value for value, char in enumerate(BASE45_ALPHABET)}
_HEX = re.compile(r"[0-9a-f]*")


def base45_encode(data: bytes) -> str:
    """Return the base45 text of ``data`` (RFC 9285, section 4)."""
    out: list[str] = []
    for pos in range(0, len(data) - 1, 2):
        high, rest = divmod(data[pos] << 8 | data[pos + 1], 45 * 45)
        middle, low = divmod(rest, 45)
        out += (
            BASE45_ALPHABET[low],
            BASE45_ALPHABET[middle],
            BASE45_ALPHABET[high],
        )
    if len(data) % 2:
        middle, low = divmod(data[-1], 45)
        out += (BASE45_ALPHABET[low], BASE45_ALPHABET[middle])
    return "".join(out)


def base45_decode(text: str) -> bytes:
    """Return the bytes that ``text`` spells.

    Nothing is trimmed and no other alphabet is read; every byte string has exactly one
    text, so decoding and encoding are inverse to each other.

    Raises:
        MalformedError: a foreign character, an impossible length, or a group whose
            value does not fit its bytes (RFC 9285, section 6).
    """
    try:
        values = [_BASE45_VALUE[char] for char in text]
    except KeyError as err:
        position = next(i for i, char in enumerate(text) if char not in _BASE45_VALUE)
        raise MalformedError(
            f"base45: character {position + 1} is not in the alphabet"
        ) from err
    groups, tail = divmod(len(values), 3)
    if tail == 1:
        raise MalformedError("base45: a length of 3n+1 characters cannot occur")
    out = bytearray()
    for pos in range(0, groups * 3, 3):
        number = values[pos] + values[pos + 1] * 45 + values[pos + 2] * 2025
        if number > 0xFFFF:  # noqa: PLR2004  two bytes
            raise MalformedError(f"base45: group at character {pos + 1} exceeds 65535")
        out += number.to_bytes(2, "big")
    if tail:
        number = values[-2] + values[-1] * 45
        if number > 0xFF:  # noqa: PLR2004  one byte
            raise MalformedError("base45: the last group exceeds 255")
        out.append(number)
    return bytes(out)


def hex_decode(text: str) -> bytes:
    """Return the bytes of a lower-case hexadecimal text.

    Raises:
        MalformedError: upper case, an odd length, white space or a foreign character.
    """
    if len(text) % 2 or not _HEX.fullmatch(text):
        raise MalformedError("hexadecimal: expected pairs of 0-9a-f and nothing else")
    return bytes.fromhex(text)
