"""Wiping: a private key's file is overwritten before it is removed.

As far as the file system allows: a journal, a copy-on-write disk, a snapshot or a
backup may keep what stood in the file. What is wiped here was encrypted besides.
"""

import os
from pathlib import Path

from elicense import files
from elicense.model import Text

_MARK = b"wiped\n"  # what stands in a file between the two steps
_MAX_BYTES = 1 << 16


def overwrite(path: Path) -> None:
    """Write zeros over a file in place, down to the disk, and mark it as wiped.

    Raises:
        FileError: it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY)
        try:
            size = os.fstat(handle).st_size
            os.pwrite(handle, bytes(size), 0)
            os.fsync(handle)
            os.ftruncate(handle, len(_MARK))  # never empty: zeros, then the mark
            os.pwrite(handle, _MARK, 0)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as err:
        raise _failed(path, err) from err


def is_wiped(path: Path) -> bool:
    """Tell whether a file was overwritten, and only its removal is left.

    That is the mark, or zeros where a run was cut off before it. An empty file is
    neither: nobody knows what became of the key.

    Raises:
        FileError: it cannot be read.
    """
    data = files.read(path, _MAX_BYTES)
    return data == _MARK or (bool(data) and not data.strip(b"\0"))


def remove(path: Path) -> None:
    """Remove a file; one that is gone already is no error.

    Raises:
        FileError: it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as err:
        raise _failed(path, err) from err


def _failed(path: Path, err: OSError) -> files.FileError:
    reason = err.strerror or type(err).__name__
    return files.FileError(
        Text(f"无法销毁 {path}：{reason}", f"cannot wipe {path}: {reason}")
    )
