"""The files that a run on a cluster rests on, under names that cannot be mistaken.

Spark lays all files of an application into one folder, by their names alone, and
fetches them again for executors that come late. So what is shipped is kept, until this
process ends, as it was when it was admitted, and named by its digest.
"""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from elicense import files
from elicense.snapshot.manifest import MAX_MANIFEST_BYTES, open_manifest
from elicense.spark.worker import Part, refusing
from elicense.trust import MAX_BUNDLE_BYTES, Seen

_BUNDLE, _MANIFEST = ".elt", ".cose"  # endings of what is kept
_LOOKS = 3  # at a snapshot that is being published


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustFiles:
    """What a run rests on.

    Attributes:
        bundle: the trust bundle, a department's or a hub's.
        roots: ``sha256:`` and 64 digits, one or several, from the caller's own pins.
        snapshots: files ``manifest.cose`` or ``closing-KID.cose``, their columns beside
            them.
        everywhere: whether every executor has the files at these very paths, on a
            shared or copied folder; else Spark ships them.
        seen: what the driver remembers of bundles, as :attr:`TrustState.seen` gave it.
        seen_snapshots: what it remembers of snapshots, by organization, as
            ``elicense.snapshot_memory.recall`` gives it.
    """

    bundle: Path
    roots: str | Iterable[str]
    snapshots: Iterable[Path] = ()
    everywhere: bool = False
    seen: tuple[Seen, ...] = ()
    seen_snapshots: Mapping[str, tuple[int, bytes]] = field(default_factory=dict)


def parts(given: TrustFiles) -> tuple[Part, tuple[Part, ...]]:
    """Return the bundle and the manifests, by their paths on this machine.

    Does NOT admit them.

    Raises:
        RefusedError: a manifest is none.
        FileError: a file cannot be read, or there is no room to keep it.
    """
    bundle = given.bundle, files.read(given.bundle, MAX_BUNDLE_BYTES)
    if not given.everywhere:
        manifests = map(_snapshot, given.snapshots)
        return _kept(*bundle, _BUNDLE), tuple(manifests)
    return _in_place(*bundle), tuple(
        _in_place(path, files.read(path, MAX_MANIFEST_BYTES))
        for path in given.snapshots
    )


def shipped(paths: Iterable[Path]) -> Iterator[Path]:
    """Give the files that Spark is to ship: what was kept, and columns of manifests.

    Args:
        paths: as :func:`parts` gave them.
    """
    for path in paths:
        yield path
        if path.suffix == _MANIFEST:
            _, manifest = open_manifest(files.read(path, MAX_MANIFEST_BYTES))
            yield path.with_name(manifest.columns_file)


def _in_place(path: Path, data: bytes) -> Part:
    return Part(str(path.absolute()), hashlib.sha256(data).digest(), str(path))


def _kept(path: Path, data: bytes, ending: str) -> Part:
    digest = hashlib.sha256(data).digest()
    kept = _folder() / f"{digest.hex()}{ending}"
    if not kept.exists():
        files.write(kept, data)
    return Part(str(kept), digest, str(path))


def _snapshot(path: Path) -> Part:
    """Keep a manifest and its columns; while it is published anew, look again."""
    looks = _LOOKS
    while True:
        data = files.read(path, MAX_MANIFEST_BYTES)
        with refusing(str(path)):
            _, manifest = open_manifest(data)
        try:
            _keep_columns(path.with_name(manifest.columns_file))
        except files.FileError:
            looks -= 1
            if not looks:
                raise
            continue
        return _kept(path, data, _MANIFEST)


def _keep_columns(path: Path) -> None:
    """Keep a columns file, whose name is its digest: as a link where that can be."""
    kept = _folder() / path.name
    if kept.exists():
        return
    try:
        kept.hardlink_to(path)
    except OSError:  # another file system, or a file of somebody else
        draft = kept.with_suffix(".new")
        try:
            shutil.copyfile(path, draft)
            draft.replace(kept)
        except OSError as err:
            raise files.failed("读取", "read", path, err) from err


@cache
def _folder() -> Path:
    """Return the folder of this process, which goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="elicense-spark-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
