"""What a machine remembers of snapshots, so that no number falls.

docs/formats/snapshot.md, section 4.5. One file, which nobody else reads.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path

from elicense import files
from elicense.errors import ElicenseError
from elicense.model import Text
from elicense.snapshot.admitting import SeenSnapshot

FILE_NAME = "snapshots.json"
_FORMAT = "elicense.snapshots/1"
_MAX_BYTES = 4 << 20  # 275 organs need 40 KB


class SnapshotMemoryError(ElicenseError):
    """What was remembered of snapshots is damaged; nothing is verified with it."""


def recall(folder: Path) -> dict[str, SeenSnapshot]:
    """Return what was remembered, by organization; nothing where there is no file.

    Args:
        folder: where pins and memory are.

    Raises:
        SnapshotMemoryError: the file is damaged; to be removed by a person.
        FileError: it cannot be read.
    """
    path = folder / FILE_NAME
    if not files.is_file(path):
        return {}
    data = files.read_whole(path, _MAX_BYTES)
    try:
        rows = json.loads(data)["seen"]
        seen = {
            code: SeenSnapshot(n, bytes.fromhex(digest)) for code, n, digest in rows
        }
        spelled = _encoded(seen) == data
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        spelled, seen = False, {}
    if not spelled:
        raise SnapshotMemoryError(
            Text(
                f"{path} 已损坏，请查明原因后删除",
                f"{path} is damaged: find out why, and remove it",
            )
        )
    return seen


def keep(folder: Path, seen: Mapping[str, SeenSnapshot]) -> None:
    """Remember what was seen, beside what was remembered before; numbers only rise.

    Where there is no such folder nothing was pinned, and nothing is kept.

    Args:
        folder: where pins and memory are.
        seen: from :attr:`elicense.snapshot.Snapshots.seen`.

    Raises:
        SnapshotMemoryError, FileError: it cannot be read or written.
    """
    if not seen or not folder.is_dir():
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        known = recall(folder)
        risen = {
            code: item
            for code, item in seen.items()
            if code not in known or item.number > known[code].number
        }
        after = {**known, **risen}
        if after != known:
            files.write(folder / FILE_NAME, _encoded(after), files.PRIVATE)
    finally:
        os.close(handle)


def _encoded(seen: Mapping[str, SeenSnapshot]) -> bytes:
    rows = [[code, seen[code].number, seen[code].digest.hex()] for code in sorted(seen)]
    value = {"format": _FORMAT, "seen": rows}
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
