"""Publishing a snapshot: from a register's tokens to a manifest and its columns.

docs/formats/snapshot.md, section 3. A reader finds the snapshot before or the new one,
whole, at any moment.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from elicense import files
from elicense.register import Register
from elicense.snapshot.closings import columns_kept
from elicense.snapshot.growing import Progress, columns_of, silent
from elicense.snapshot.manifest import (
    COLUMNS_SUFFIX,
    MANIFEST_FILE,
    MAX_MANIFEST_BYTES,
    Manifest,
    open_manifest,
    sign,
)
from esign.errors import ESignError
from esign.keys import Signer

SNAPSHOT_AGE = timedelta(days=7)  # as a status list; 31 days at most
_COUNTER = "snapshot"


@dataclass(frozen=True, slots=True)
class Terms:
    """Who publishes a snapshot, and for how long.

    Attributes:
        organization: USCC of the organ; its register holds its own licenses and those
            of organs that it succeeded.
        at: the run's instant, whole seconds UTC.
        age: how long it may be used.
    """

    organization: str
    at: datetime
    age: timedelta = SNAPSHOT_AGE


def publish(
    register: Register,
    folder: Path,
    terms: Terms,
    signer: Signer,
    progress: Progress = silent,
) -> Manifest:
    """Put a snapshot of all issued licenses into a folder.

    The columns that are there serve again where no license was issued since, and are
    merged with the rows of those that were; where their manifest is not of this key, or
    they are not what this register remembers, all are built anew.

    Args:
        register: whose licenses.
        folder: where; made if it is not there. It is the snapshot's alone.
        terms: who, when, how long.
        signer: the organ's token key.
        progress: told how far a long publication is.

    Returns:
        The manifest that was put there, or a newer one that another run put there.

    Raises:
        FileError: the folder cannot be written; what was there stays.
        RegisterError: the register cannot be used.
        MalformedError: a stored token is not one.
        UnavailableError: the signer's device did not answer.
    """
    files.make_folder(folder)
    with _alone(folder):
        before = _published(folder, signer)
        number = register.take_number(_COUNTER, 0 if before is None else before.number)
        columns = columns_of(register, folder, before, progress)
        manifest = Manifest(
            organization=terms.organization,
            number=number,
            issued_at=terms.at,
            next_update=terms.at + terms.age,
            rows=columns.rows,
            left_out=columns.left_out,
            size=columns.size,
            sha256=columns.sha256,
            classes=columns.classes,
        )
        files.write(folder / MANIFEST_FILE, sign(manifest, signer))
        kept = {item.columns_file for item in (before, manifest) if item is not None}
        closing = columns_kept(folder)
        if closing is not None:
            _tidy(folder, kept | closing)
        return manifest


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other publishers away; readers need no lock."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _published(folder: Path, signer: Signer) -> Manifest | None:
    """Return the manifest that is there if it is this signer's own, else None."""
    path = folder / MANIFEST_FILE
    if not files.is_file(path):
        return None
    try:
        envelope, manifest = open_manifest(files.read(path, MAX_MANIFEST_BYTES))
        envelope.verify(signer.public_key)
    except ESignError:
        return None  # of an earlier key, or nobody's: nothing is taken from it
    return manifest


def _tidy(folder: Path, kept: set[str]) -> None:
    """Remove columns that no manifest names any more, and what broken runs left."""
    old = [*folder.glob(f"*{COLUMNS_SUFFIX}"), *folder.glob(".new-*")]
    for path in old:
        if path.name not in kept:
            path.unlink(missing_ok=True)
