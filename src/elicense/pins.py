"""Pinned roots of a verifier that has no workspace: one small file of fingerprints.

A pin says: bundles under this root are believed here. It is set by a person who
compared the fingerprint with what came by another way, never by a bundle itself. A file
that is damaged is an error: it is never taken for an empty one.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from elicense import files
from elicense.errors import ElicenseError
from elicense.model import Text

FORMAT = "elicense.pins/1"
FILE_NAME = "pins.json"
MAX_PINS = 1000  # every department of a province, many times over
_MAX_BYTES = 1 << 17  # a pin has 80 bytes in the file
_FINGERPRINT = re.compile("sha256:[0-9a-f]{64}")


class PinError(ElicenseError):
    """The pins cannot be used: the file is damaged, or full."""


def is_fingerprint(text: str) -> bool:
    """Tell whether a text is a root's fingerprint: ``sha256:`` and 64 digits.

    docs/formats/trust.md; capital letters are another spelling and are refused.
    """
    return _FINGERPRINT.fullmatch(text) is not None


def read(folder: Path) -> tuple[str, ...]:
    """Return the pinned roots, oldest first; none where nothing was ever pinned.

    Args:
        folder: where the file ``pins.json`` is.

    Raises:
        PinError: the file is damaged.
        FileError: it is there and cannot be read.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return ()
    return decode(files.read(path, _MAX_BYTES), path.name)


def decode(data: bytes, name: str = FILE_NAME) -> tuple[str, ...]:
    """Return the pinned roots that a file holds.

    Total: any bytes give a value or an error.

    Args:
        data: bytes of the file.
        name: what the error calls it.

    Raises:
        PinError: anything but exactly the form that :func:`encode` writes.
    """
    try:
        value = json.loads(data.decode()) if len(data) <= _MAX_BYTES else None
    except (ValueError, RecursionError) as err:
        raise _damaged(name) from err
    roots = value.get("roots") if isinstance(value, dict) else None
    if not isinstance(roots, list) or not all(isinstance(root, str) for root in roots):
        raise _damaged(name)
    pinned = tuple(str(root) for root in roots)
    if not all(map(is_fingerprint, pinned)) or encode(pinned) != data:
        raise _damaged(name)
    return pinned


def encode(roots: Iterable[str]) -> bytes:
    """Return the bytes of the file, for the one spelling that :func:`decode` takes."""
    value = {"format": FORMAT, "roots": list(roots)}
    return (json.dumps(value, indent=1, ensure_ascii=True) + "\n").encode()


def add(folder: Path, root: str) -> bool:
    """Pin a root; the same again changes nothing.

    Two commands that pin at the same moment may leave one of the two pins: pinning is
    done by hand, and what is missing is seen at the next verification.

    Args:
        folder: where the file is; it is made if need be, for this user alone.
        root: ``sha256:`` and 64 digits, compared by a person.

    Returns:
        Whether it is new.

    Raises:
        ValueError: not a fingerprint.
        PinError: the file is damaged or full; it is left as it is.
        FileError: it cannot be read or written.
    """
    if not is_fingerprint(root):
        raise ValueError("expected sha256: and 64 hexadecimal digits")
    pinned = read(folder)
    if root in pinned:
        return False
    if len(pinned) >= MAX_PINS:
        raise PinError(
            Text(
                f"{FILE_NAME} 已有 {MAX_PINS} 个信任根",
                f"{FILE_NAME} holds {MAX_PINS} roots already",
            )
        )
    files.make_folder(folder, 0o700)
    files.write(folder / FILE_NAME, encode((*pinned, root)), files.PRIVATE)
    return True


def _damaged(name: str) -> PinError:
    return PinError(
        Text(
            f"{name} 已损坏，请核对后重新固定信任根（elicense trust pin）",
            f"{name} is damaged; remove it and pin again (elicense trust pin)",
        )
    )
