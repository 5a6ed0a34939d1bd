"""Closing snapshots: manifests that are kept for good, with their columns.

docs/formats/snapshot.md, section 5.4. What a retired key signed is all inside; the
digest of the manifest stands in the key's entry of the trust bundle.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from elicense import files
from elicense.snapshot.archive import Archive
from elicense.snapshot.manifest import (
    MANIFEST_FILE,
    MAX_MANIFEST_BYTES,
    Manifest,
    open_manifest,
)
from elicense.trust import TrustState
from esign.errors import ESignError, MalformedError

_PATTERN = "closing-*.cose"


def file_name(kid: bytes) -> str:
    """Return the name of the manifest that closes a key.

    Args:
        kid: the key's, 8 bytes.
    """
    return f"closing-{kid.hex()}.cose"


def keep(folder: Path, kid: bytes) -> tuple[bytes, Manifest]:
    """Keep the manifest that was just published as the one that closes a key.

    Its columns stay from now on; see :func:`columns_kept`. Hold the keys' lock, so that
    the manifest is still the one that holds all that was issued.

    Args:
        folder: the snapshot's, in which there is one.
        kid: of the key.

    Returns:
        SHA-256 of the manifest, and what it says.

    Raises:
        FileError: it cannot be read or written.
        MalformedError: what is there is no manifest.
    """
    data = files.read(folder / MANIFEST_FILE, MAX_MANIFEST_BYTES)
    _, manifest = open_manifest(data)
    files.write(folder / file_name(kid), data)
    return hashlib.sha256(data).digest(), manifest


def counted(path: Path) -> tuple[int, int]:
    """Return how many licenses a kept snapshot holds, and how many have no row.

    Args:
        path: the manifest.

    Raises:
        FileError: it cannot be read.
        MalformedError: it is no manifest.
    """
    _, manifest = open_manifest(files.read(path, MAX_MANIFEST_BYTES))
    return manifest.rows, manifest.left_out


def columns_kept(folder: Path) -> set[str] | None:
    """Return the names of the columns that closing snapshots need.

    Args:
        folder: the snapshot's.

    Returns:
        None where a manifest is damaged, so that nobody knows which columns it needs.

    Raises:
        FileError: a manifest cannot be read.
    """
    try:
        return {
            open_manifest(files.read(path, MAX_MANIFEST_BYTES))[1].columns_file
            for path in folder.glob(_PATTERN)
        }
    except MalformedError:
        return None


def take(source: Path, target: Path) -> None:
    """Copy the closing snapshots of an organ that was taken over.

    One that is damaged, or whose columns are gone, closes nothing any more and is left.

    Args:
        source: the other organ's snapshot folder; it need not be there.
        target: the own one; made if it is not there.

    Raises:
        FileError: a copy cannot be written.
    """
    for path in sorted(source.glob(_PATTERN)):
        try:
            data = files.read(path, MAX_MANIFEST_BYTES)
            columns = open_manifest(data)[1].columns_file
            Archive.open(path)
        except (ESignError, files.FileError):
            continue
        files.make_folder(target)
        _copy(source / columns, target / columns)
        files.write(target / path.name, data)


def _copy(source: Path, target: Path) -> None:
    """Copy a large file; under its name it is whole."""
    draft = target.with_name(f".new-{target.name}")
    try:
        shutil.copyfile(source, draft)
        files.sync(draft)
        draft.replace(target)
    except OSError as err:
        raise files.failed("写入", "write", target, err) from err


def named(paths: Iterable[Path], trust: TrustState) -> Iterator[Archive]:
    """Give those snapshots that a trust bundle names: evidence, be they stale or not.

    What cannot be opened, or is not named, proves nothing and is passed over.

    Args:
        paths: files ``manifest.cose``, or ``closing-KID.cose``.
        trust: what is believed.
    """
    digests = {grant.closing for grant in trust.token_keys.values()}
    digests.update(trust.sightings)
    for path in paths:
        try:
            data = files.read(path, MAX_MANIFEST_BYTES)
            if hashlib.sha256(data).digest() in digests:
                yield Archive.open(path)
        except (ESignError, files.FileError):
            continue
