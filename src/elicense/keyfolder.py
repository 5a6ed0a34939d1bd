"""The folder of a workspace's key files: its lock, and a passphrase that is kept in it.

docs/formats/workspace.md, section 4.
"""

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elicense import files
from elicense.errors import WorkspaceError
from elicense.model import Text

PASSPHRASE_FILE = "passphrase"  # noqa: S105  a file name, not a secret
LOCK_FILE = "lock"
_RANDOM_BYTES = 24
_MAX_FILE_BYTES = 1 << 16


def keep_random_passphrase(folder: Path) -> bytes:
    """Return a new passphrase of 32 characters, kept beside the keys (0600).

    Raises:
        FileError: it cannot be written.
    """
    passphrase = secrets.token_urlsafe(_RANDOM_BYTES).encode()
    files.write(folder / PASSPHRASE_FILE, passphrase + b"\n", files.PRIVATE)
    return passphrase


def kept_passphrase(folder: Path) -> bytes:
    """Return the passphrase that is kept beside the keys.

    Raises:
        WorkspaceError: none is kept; says how else to give it.
        FileError: it cannot be read.
    """
    path = folder / PASSPHRASE_FILE
    if not files.is_file(path):
        raise WorkspaceError(
            Text(
                "需要口令：--passphrase-file、ELICENSE_PASSPHRASE 或 keys/passphrase",
                "a passphrase is needed: --passphrase-file, ELICENSE_PASSPHRASE"
                " or keys/passphrase",
            )
        )
    return files.read_whole(path, _MAX_FILE_BYTES).rstrip(b"\r\n")


@contextmanager
def locked(folder: Path, *, alone: bool) -> Iterator[None]:
    """Hold the workspace's keys for the block: many may sign, one alone may change.

    Waits for the others. The lock ends with the process, however that ends.

    Args:
        folder: of the key files.
        alone: whether the keys are changed; else they only sign.

    Raises:
        FileError: the lock's file cannot be opened.
    """
    path = folder / LOCK_FILE
    try:
        handle = path.open("ab")
    except OSError as err:
        reason = err.strerror or type(err).__name__
        raise files.FileError(
            Text(f"无法打开 {path}：{reason}", f"cannot open {path}: {reason}")
        ) from err
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
