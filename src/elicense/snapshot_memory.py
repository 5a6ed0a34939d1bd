"""What a verifier remembers of snapshots between runs, so that no number falls.

docs/formats/memory.md, section 5. It lies beside pins and memory, and is protected as
the memory is, by the same code. Needs no extra: pinning begins it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from elicense import pins
from elicense.errors import MalformedCodeError
from elicense.identifiers import check_uscc
from elicense.model import Text
from elicense.state_file import StateFile
from esign import cbor
from esign.errors import MalformedError
from esign.shape import Fields

SeenSnapshots: TypeAlias = Mapping[str, tuple[int, bytes]]
"""Organization -> the highest number, and SHA-256 of that manifest."""
NOTHING: SeenSnapshots = MappingProxyType({})
FORMAT = "elicense.snapshots/2"
FILE_NAME = "snapshots.json"
MAX_BYTES = 4 << 20  # an organ has 100 bytes in the file
_DIGEST = re.compile("[0-9a-f]{64}")


def recall(folder: Path) -> SeenSnapshots:
    """Return what was seen of snapshots in a home; nothing where nothing was pinned.

    Args:
        folder: the home of pins and memory.

    Raises:
        PinError, MemoryLostError: the files are missing or damaged.
        FileError: a file is there and cannot be read.
    """
    pinned = pins.read(folder)
    return NOTHING if pinned is None else FILE.read(folder, pinned.key)


def keep(folder: Path, seen: SeenSnapshots) -> None:
    """Remember what was seen, beside what was remembered before; numbers only rise.

    Where nothing was ever pinned nothing is kept.

    Args:
        folder: the home of pins and memory.
        seen: of the snapshots that are used.

    Raises:
        PinError, MemoryLostError, FileError: as for :func:`recall`.
        UnwritableMemoryError: something rose and cannot be kept.
    """
    pinned = pins.read(folder)
    if pinned is None or not _risen(FILE.read(folder, pinned.key), seen):
        return
    with FILE.locked(folder):
        known = FILE.read(folder, pinned.key)
        FILE.write(folder, {**known, **_risen(known, seen)}, pinned.key)


def without(seen: SeenSnapshots, speaks_for: str | None) -> SeenSnapshots:
    """Return the memory of all organs but those that a root may speak for.

    Args:
        seen: what was remembered.
        speaks_for: one organ; None for every one.
    """
    if speaks_for is None:
        return NOTHING
    return {code: item for code, item in seen.items() if code != speaks_for}


def _risen(known: SeenSnapshots, seen: SeenSnapshots) -> SeenSnapshots:
    return {
        code: item
        for code, item in seen.items()
        if code not in known or item[0] > known[code][0]
    }


def _entries(seen: SeenSnapshots) -> dict[str, object]:
    rows = [[code, n, digest.hex()] for code, (n, digest) in sorted(seen.items())]
    return {"seen": rows}


def _value(fields: Fields) -> SeenSnapshots:
    return dict(_organ(item) for item in fields.array("seen"))


def _organ(item: cbor.Value) -> tuple[str, tuple[int, bytes]]:
    match item:
        case [str() as code, int() as number, str() as digest]:
            pass
        case _:
            raise MalformedError("snapshots: an organ, a number and a digest")
    if isinstance(number, bool) or number < 0:
        raise MalformedError("snapshots: a number from 0 on")
    try:
        check_uscc(code)
    except MalformedCodeError as err:
        raise MalformedError("snapshots: no USCC") from err
    if not _DIGEST.fullmatch(digest):
        raise MalformedError("snapshots: no digest")
    return code, (number, bytes.fromhex(digest))


FILE = StateFile(
    name=FILE_NAME,
    format=FORMAT,
    what=Text("快照记忆", "memory of snapshots"),
    max_bytes=MAX_BYTES,
    entries=_entries,
    value=_value,
)
"""The file, for whoever pins: it is begun and lost with the memory."""
