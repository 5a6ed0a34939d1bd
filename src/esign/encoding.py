"""Text forms of bytes, each with exactly one accepted spelling.

base45 follows RFC 9285; hexadecimal is lower-case only.
"""

import functools
import re

from esign.errors import MalformedError

BASE45_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_BASE45_FOREIGN = 0xFF
_BASE45_VALUES = bytes(
    BASE45_ALPHABET.index(chr(byte))
    if chr(byte) in BASE45_ALPHABET
    else _BASE45_FOREIGN
    for byte in range(256)
)
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
    # What is not ASCII becomes "?", which is foreign too.
    values = text.encode("ascii", "replace").translate(_BASE45_VALUES)
    foreign = values.find(_BASE45_FOREIGN)
    if foreign >= 0:
        raise MalformedError(f"base45: character {foreign + 1} is not in the alphabet")
    groups, tail = divmod(len(values), 3)
    if tail == 1:
        raise MalformedError("base45: a length of 3n+1 characters cannot occur")
    out = _base45_groups(values[: groups * 3])
    if tail:
        number = values[-2] + values[-1] * 45
        if number > 0xFF:  # noqa: PLR2004  one byte
            raise MalformedError("base45: the last group exceeds 255")
        out.append(number)
    return bytes(out)


def _base45_groups(values: bytes) -> bytearray:
    """Return two bytes for every three values.

    All groups are computed at once: the values, read as one large integer, are lanes of
    three bytes, and the largest group, 91124, does not overflow its lane.
    """
    groups = len(values) // 3
    lanes = int.from_bytes(values, "big")
    low = _low_bytes(groups)
    total = (lanes >> 16 & low) + (lanes >> 8 & low) * 45 + (lanes & low) * 2025
    numbers = total.to_bytes(len(values), "big")
    overflows = numbers[0::3]
    if overflows.count(0) < groups:
        group = next(i for i, high in enumerate(overflows) if high)
        position = group * 3 + 1
        raise MalformedError(f"base45: group at character {position} exceeds 65535")
    out = bytearray(groups * 2)
    out[0::2], out[1::2] = numbers[1::3], numbers[2::3]
    return out


@functools.lru_cache(maxsize=128)
def _low_bytes(groups: int) -> int:
    """Return the integer that keeps the low byte of each lane of three bytes."""
    return int.from_bytes(b"\x00\x00\xff" * groups, "big")


def hex_decode(text: str) -> bytes:
    """Return the bytes of a lower-case hexadecimal text.

    Raises:
        MalformedError: upper case, an odd length, white space or a foreign character.
    """
    if len(text) % 2 or not _HEX.fullmatch(text):
        raise MalformedError("hexadecimal: expected pairs of 0-9a-f and nothing else")
    return bytes.fromhex(text)
