"""A snapshot of any size: real tokens among rows with random digests, signed."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import world

from elicense import dates
from elicense.snapshot import Manifest
from elicense.snapshot.building import RUN_ROWS, Rows, Run, in_order, write
from elicense.snapshot.layout import halves, pack_days
from elicense.snapshot.manifest import sign
from elicense.snapshot.publishing import SNAPSHOT_AGE
from elicense.workspace import Workspace

TODAY = dates.epoch_day(dates.day_of(world.AT))
DAYS = (  # first, last and checkpoint, and how many rows of a hundred have them
    (pack_days(TODAY - 600, TODAY + 1200, None), 60),
    (pack_days(TODAY - 900, None, None), 20),
    (pack_days(TODAY - 900, TODAY + 900, TODAY + 180), 10),
    (pack_days(TODAY - 1900, TODAY - 75, None), 6),
    (pack_days(TODAY - 700, TODAY + 1100, TODAY - 9), 2),
    (pack_days(TODAY + 10, TODAY + 1800, None), 2),
)


def fillers(count: int) -> Iterator[Run]:
    """Yield rows of the first class with random digests, days and indexes."""
    chance = np.random.default_rng(7)
    kinds = np.repeat(np.array([days for days, _ in DAYS], "<u8"), [n for _, n in DAYS])
    for start in range(0, count, RUN_ROWS):
        size = min(RUN_ROWS, count - start)
        hi, lo = halves(chance.bytes(16 * size))
        days = kinds[chance.integers(0, len(kinds), size)]
        places = chance.integers(0, 1 << 20, size, dtype=np.uint32)
        yield in_order((hi, lo, days, places))


def publish(
    place: Workspace, tokens: Iterable[bytes], others: Iterable[Run]
) -> tuple[Path, Manifest]:
    """Put and sign a snapshot.

    Args:
        place: whose.
        tokens: the first of them makes the first class.
        others: rows of that class.
    """
    folder = place.snapshot_folder
    rows = Rows()
    runs = itertools.chain(rows.runs(tokens), others)
    built = write(runs, rows, folder)
    built.path.replace(folder / Manifest.name_of(built.sha256))
    manifest = Manifest(
        organization=place.settings.code,
        number=2,
        issued_at=world.AT,
        next_update=world.AT + SNAPSHOT_AGE,
        rows=built.rows,
        left_out=built.left_out,
        size=built.size,
        sha256=built.sha256,
        classes=built.classes,
    )
    path = folder / "manifest.cose"
    path.write_bytes(sign(manifest, place.keys.token))
    return path, manifest
