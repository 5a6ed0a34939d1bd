"""Snapshots: an issuer's signed statement of the tokens that it signed.

docs/formats/snapshot.md. A text whose digest is inside is answered without verifying
its signature; a miss is no forgery, and is asked by its signature. With the extra
``bulk`` alone: everything here needs numpy.
"""

from elicense.snapshot.admitting import (
    Admitted,
    ForeignSnapshotError,
    SeenSnapshot,
    StaleSnapshotError,
    admit_manifest,
)
from elicense.snapshot.archive import Archive
from elicense.snapshot.building import Built, build
from elicense.snapshot.closings import named
from elicense.snapshot.judging import CODES, NEVER, NO_ANSWER
from elicense.snapshot.manifest import (
    COLUMNS_SUFFIX,
    FORMAT,
    MANIFEST_FILE,
    PURPOSE,
    Manifest,
    RowClass,
)
from elicense.snapshot.opened import Answers, Refused, Snapshot, Snapshots
from elicense.snapshot.publishing import SNAPSHOT_AGE, Terms, publish

__all__ = [
    "CODES",
    "COLUMNS_SUFFIX",
    "FORMAT",
    "MANIFEST_FILE",
    "NEVER",
    "NO_ANSWER",
    "PURPOSE",
    "SNAPSHOT_AGE",
    "Admitted",
    "Answers",
    "Archive",
    "Built",
    "ForeignSnapshotError",
    "Manifest",
    "Refused",
    "RowClass",
    "SeenSnapshot",
    "Snapshot",
    "Snapshots",
    "StaleSnapshotError",
    "Terms",
    "admit_manifest",
    "build",
    "named",
    "publish",
]
