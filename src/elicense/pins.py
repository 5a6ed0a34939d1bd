"""Pinned roots of a verifier: what a person decided, in one small private file.

docs/formats/memory.md, section 1. A pin says: bundles under this root are believed
here, for what the root may speak for. It is set by a person who compared the
fingerprint with what came by another way, never by a bundle itself. A file that is
damaged is an error: it is never taken for an empty one.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from elicense import files
from elicense.errors import ElicenseError
from elicense.model import Text
from elicense.trust.remembering import take_root
from esign.errors import MalformedError
from esign.shape import Fields

FORMAT = "elicense.pins/2"
FILE_NAME = "pins.json"
MAX_PINS = 1000  # every department of a province, many times over
KEY_BYTES = 32  # of the key that binds the memory to the pins: that of its HMAC-SHA256
_MAX_BYTES = 1 << 18  # a pin has 160 bytes in the file
_KEY = re.compile(f"[0-9a-f]{{{2 * KEY_BYTES}}}")


class PinError(ElicenseError):
    """The pins cannot be used: the file is damaged, or full."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A root that a person believes.

    Attributes:
        root: ``sha256:`` and 64 digits.
        speaks_for: USCC of the department that it may speak for, as the person was
            told; None for a hub, which may speak for every organization.
    """

    root: str
    speaks_for: str | None


@dataclass(frozen=True, slots=True)
class Pins:
    """All pins of one home, oldest first; at least one, no root twice.

    Attributes:
        key: binds the memory file to these pins.
        entries: the pins.
    """

    key: bytes = field(repr=False)
    entries: tuple[Pin, ...]

    @property
    def roots(self) -> tuple[str, ...]:
        """The fingerprints, oldest first."""
        return tuple(pin.root for pin in self.entries)

    def with_pin(self, pin: Pin) -> "Pins":
        """Return the pins with one more; the same again changes nothing.

        Raises:
            PinError: it is one too many, or the root was pinned for something else.
        """
        if pin in self.entries:
            return self
        if pin.root in self.roots:
            raise PinError(
                Text(
                    "该信任根此前固定时代表的机构与现在不同，未固定",
                    "this root spoke for something else when it was pinned; nothing was"
                    " pinned",
                )
            )
        if len(self.entries) >= MAX_PINS:
            raise PinError(
                Text(
                    f"{FILE_NAME} 已有 {MAX_PINS} 个信任根",
                    f"{FILE_NAME} holds {MAX_PINS} roots already",
                )
            )
        return Pins(self.key, (*self.entries, pin))


def read(folder: Path) -> Pins | None:
    """Return the pins, None where nothing was ever pinned.

    Args:
        folder: where the file ``pins.json`` is.

    Raises:
        PinError: the file is damaged, or of another version.
        FileError: it is there and cannot be read.
    """
    path = folder / FILE_NAME
    try:
        found = path.exists()
    except OSError as err:
        raise PinError(
            Text(f"无法进入 {folder}", f"{folder} cannot be entered")
        ) from err
    return decode(files.read(path, _MAX_BYTES), path.name) if found else None


def write(folder: Path, pins: Pins) -> None:
    """Write the pins, for this user alone, whole or not at all.

    Raises:
        FileError: the folder is missing, read-only or full; the old file stays.
    """
    files.write(folder / FILE_NAME, encode(pins), files.PRIVATE)


def decode(data: bytes, name: str = FILE_NAME) -> Pins:
    """Return the pins that a file holds.

    Total: any bytes give a value or an error.

    Args:
        data: bytes of the file.
        name: what the error calls it.

    Raises:
        PinError: anything but exactly the form that :func:`encode` writes.
    """
    try:
        pins = _read(data)
    except (ValueError, RecursionError, MalformedError) as err:
        raise _damaged(name) from err
    if encode(pins) != data:
        raise _damaged(name)
    return pins


def encode(pins: Pins) -> bytes:
    """Return the bytes of the file, for the one spelling that :func:`decode` takes."""
    value = {
        "format": FORMAT,
        "key": pins.key.hex(),
        "pins": [
            {"root": pin.root, "speaks_for": pin.speaks_for} for pin in pins.entries
        ],
    }
    return (json.dumps(value, indent=1, ensure_ascii=True) + "\n").encode()


def _read(data: bytes) -> Pins:
    if len(data) > _MAX_BYTES:
        raise MalformedError("pins: too large")
    fields = Fields(json.loads(data.decode()), "pins")
    if fields.text("format") != FORMAT:
        raise MalformedError("pins: of another format")
    key = fields.text("key")
    pins = tuple(Pin(*take_root(Fields(item, "pin"))) for item in fields.array("pins"))
    fields.end()
    if not _KEY.fullmatch(key) or not 0 < len(pins) <= MAX_PINS:
        raise MalformedError("pins: the key, or how many there are")
    if len({pin.root for pin in pins}) != len(pins):
        raise MalformedError("pins: a root twice")
    return Pins(bytes.fromhex(key), pins)


def _damaged(name: str) -> PinError:
    return PinError(
        Text(
            f"{name} 已损坏或为旧版本，请核对后删除它，"
            "并重新固定信任根（elicense trust pin FILE）",
            f"{name} is damaged or of an older version; look at it, remove it and pin"
            " again (elicense trust pin FILE)",
        )
    )
