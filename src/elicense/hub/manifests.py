"""Reading the snapshot manifests that are given to a hub."""

import hashlib
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from elicense import files
from elicense.files import FileError
from elicense.hub.keys import HubError
from elicense.hub.refusals import Unmatched
from elicense.model import Text
from elicense.trust.countersigning import Offered
from esign.errors import MalformedError

_PATTERN = "*.cose"
MAX_FOLDER_BYTES = 32 << 20  # a second's reading; a department has some 100 KB of each
_LEAST_BYTES = 1 << 12  # that a file counts for, so that there are not too many


def read(given: Iterable[Path], unmatched: list[Unmatched]) -> tuple[Offered, ...]:
    """Return what can be read of manifests; none is verified.

    Args:
        given: files, or folders with such files (``public/snapshot``).
        unmatched: gets those that cannot be read, and those of a folder that are beyond
            :data:`MAX_FOLDER_BYTES`: a department may put there what it likes.

    Raises:
        HubError: the extra ``bulk`` is not installed.
    """
    paths = [path for one in given for path in _within(one, unmatched)]
    if not paths:
        return ()
    if find_spec("numpy") is None:
        raise HubError(
            Text(
                "见证快照需要附加组件：pip install 'elicense[bulk]'",
                "countersigning snapshots needs: pip install 'elicense[bulk]'",
            )
        )
    offered = []
    for path in paths:
        try:
            offered.append(_offered(path))
        except FileError as err:
            unmatched.append(Unmatched(str(path), err.message))
        except MalformedError as err:
            reason = Text(f"不是快照清单：{err}", f"not a snapshot manifest: {err}")
            unmatched.append(Unmatched(str(path), reason))
    return tuple(offered)


def _within(path: Path, unmatched: list[Unmatched]) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    left = MAX_FOLDER_BYTES
    for one in sorted(path.glob(_PATTERN)):
        left -= max(one.stat().st_size if one.is_file() else 0, _LEAST_BYTES)
        if left >= 0:
            yield one
        else:
            unmatched.append(Unmatched(str(one), _TOO_MUCH))
            return


def _offered(path: Path) -> Offered:
    manifests = import_module("elicense.snapshot.manifest")
    data = files.read(path, manifests.MAX_MANIFEST_BYTES)
    envelope, manifest = manifests.open_manifest(data)
    return Offered(
        file=str(path),
        organization=manifest.organization,
        number=manifest.number,
        issued_at=manifest.issued_at,
        sha256=hashlib.sha256(data).digest(),
        envelope=envelope,
    )


_TOO_MUCH = Text(
    f"文件夹中的清单超过 {MAX_FOLDER_BYTES >> 20} MiB，此文件及其后的未读取",
    f"the folder's manifests have more than {MAX_FOLDER_BYTES >> 20} MiB: this one and"
    " those behind it are not read",
)
