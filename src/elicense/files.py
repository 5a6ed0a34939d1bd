"""Files: whole or not at all, private where they must be."""

import os
import shutil
import tempfile
from pathlib import Path

from elicense.errors import ElicenseError
from elicense.model import Text

PUBLIC = 0o644
PRIVATE = 0o600


class FileError(ElicenseError):
    """The world: a file or folder cannot be read or written."""


def read(path: Path, limit: int) -> bytes:
    """Return a file's bytes, at most ``limit`` + 1 of them.

    The caller sees by the length that a file is larger than it wants.

    Raises:
        FileError: it cannot be read; says why.
    """
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as err:
        raise failed("读取", "read", path, err) from err


def read_whole(path: Path, limit: int) -> bytes:
    """Return all of a file; a part of it must not pass for all.

    Raises:
        FileError: it cannot be read, or has more than ``limit`` bytes.
    """
    data = read(path, limit)
    if len(data) > limit:
        raise FileError(
            Text(
                f"{path} 超过 {limit} 字节",
                f"{path} has more than {limit} bytes",
            )
        )
    return data


def write(path: Path, data: bytes, mode: int = PUBLIC) -> None:
    """Put ``data`` at ``path``: a temporary file beside it, fsync, rename, fsync.

    A reader sees the old bytes or the new ones. Where it fails nothing is left behind
    and the old file stays.

    Args:
        path: where; its folder exists.
        data: the whole content.
        mode: permissions of the file.

    Raises:
        FileError: the folder is missing, read-only or full; says why.
    """
    try:
        handle, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    except OSError as err:
        raise failed("写入", "write", path, err) from err
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        sync(path.parent)
    except OSError as err:
        raise failed("写入", "write", path, err) from err
    finally:
        Path(temporary).unlink(missing_ok=True)  # gone already where it was renamed


def settle(draft: Path, path: Path) -> None:
    """Give a file that was made under another name its own, unless that is taken.

    What stands at ``path`` already stays; the other name is gone either way.

    Raises:
        FileError: the folder cannot be written.
    """
    try:
        path.hardlink_to(draft)
        sync(path.parent)
    except FileExistsError:
        return  # another run was first, with the same
    except OSError as err:
        raise failed("创建", "make", path, err) from err
    finally:
        draft.unlink(missing_ok=True)


def is_file(path: Path) -> bool:
    """Tell whether a file is there.

    Raises:
        FileError: its folder cannot be entered, so that nobody can tell.
    """
    try:
        return path.is_file()
    except OSError as err:
        raise failed("读取", "read", path, err) from err


def is_free(folder: Path) -> bool:
    """Tell whether a new folder can take this name: nothing is there, or it is empty.

    Raises:
        FileError: the parent cannot be entered, or the folder cannot be read.
    """
    try:
        return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    except OSError as err:
        raise failed("读取", "read", folder, err) from err


def make_folder(path: Path, mode: int = 0o755) -> None:
    """Make a folder with its parents; one that exists is left as it is.

    Raises:
        FileError: it cannot be made; says why.
    """
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as err:
        raise failed("创建", "make", path, err) from err


def make_sibling(folder: Path) -> Path:
    """Make a folder beside one that is to appear whole.

    Raises:
        FileError: the parent cannot be made or written.
    """
    make_folder(folder.parent)
    try:
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        made.chmod(0o755)
    except OSError as err:
        raise failed("创建", "make", folder, err) from err
    return made


def move_folder(source: Path, target: Path) -> None:
    """Rename a folder to a name that is free, or that of an empty folder.

    Raises:
        FileError: something is there by now.
    """
    try:
        source.rename(target)
        sync(target.parent)
    except OSError as err:
        raise failed("创建", "make", target, err) from err


def remove_folder(folder: Path) -> None:
    """Remove a folder that was not moved away, and all in it.

    Raises:
        FileError: some of it cannot be removed.
    """
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as err:
        raise failed("删除", "remove", folder, err) from err


def address_space() -> int:
    """Return how many bytes of addresses this process uses; 0 where nobody tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def sync(path: Path) -> None:
    """Put a file, or the names in a folder, on disk; OSError where that fails."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def failed(zh: str, en: str, path: Path, err: OSError) -> FileError:
    """Return the error of something that cannot be done with a file or folder.

    Args:
        zh: the verb in Chinese.
        en: the verb in English.
        path: with what.
        err: what the system says.
    """
    reason = err.strerror or type(err).__name__
    return FileError(
        Text(f"无法{zh} {path}：{reason}", f"cannot {en} {path}: {reason}")
    )
