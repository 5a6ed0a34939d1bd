"""Memory over a stream of texts through the Arrow function with a snapshot.

Every text is another one, made when its batch is: so nothing that is kept for each text
could hide. All but one in a thousand are in the snapshot; those are real tokens, which
take the signature path. What the process holds is read after a tenth of the texts and
after all of them. The memory that is its own is told apart from the pages of the
snapshot's file, which all processes share.

Left out: reading a file of texts, writing the answers.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

import measure
import numpy as np
import published
import pyarrow as pa
import world

from elicense import payload
from elicense.bulk import TEXT_COLUMN, ArrowJudge
from elicense.bulk.readers import JOB_ROWS
from elicense.snapshot import Snapshots
from elicense.snapshot.building import RUN_ROWS, Run, in_order
from elicense.snapshot.layout import DIGEST_BYTES, halves
from elicense.workspace import Workspace

SIZES = {"tiny": 20_000, "small": 1_000_000, "full": 10_000_000}
REAL = {"tiny": 20, "small": 500, "full": 2_000}
TARGET = 1.05
EVERY = 1_000  # one text of so many takes the signature path
FIRST, REST = "the first tenth", "the other nine"


def texts(first: int, count: int, tail: str) -> Iterator[str]:
    """Yield invented texts of the usual length, each by its number."""
    begin = payload.OFFLINE_PREFIX
    return (f"{begin}{number:012d}{tail}" for number in range(first, first + count))


def rows(count: int, tail: str) -> Iterator[Run]:
    """Yield the rows of the invented texts."""
    chance, sha256 = np.random.default_rng(7), hashlib.sha256
    for start in range(0, count, RUN_ROWS):
        size = min(RUN_ROWS, count - start)
        found = bytearray()
        for text in texts(start, size, tail):
            found += sha256(text.encode()).digest()[:DIGEST_BYTES]
        days = np.full(size, published.DAYS[0][0], "<u8")
        places = chance.integers(0, 1 << 20, size, dtype=np.uint32)
        yield in_order((*halves(bytes(found)), days, places))


def batches(
    count: int, real: Sequence[str], tail: str
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield batches, one real text in each thousand, and how many were before."""
    for start in range(0, count, JOB_ROWS):
        some = list(texts(start, min(JOB_ROWS, count - start), tail))
        for place in range(-start % EVERY, len(some), EVERY):
            some[place] = real[(start + place) // EVERY % len(real)]
        yield pa.RecordBatch.from_pydict({TEXT_COLUMN: some}), start


def held() -> tuple[float, float]:
    """Return the MB that this process has resident, and those that are its own."""
    found = {}
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name in {"VmRSS", "RssAnon"}:
            found[name] = int(rest.split()[0]) / 1024
    return found["VmRSS"], found["RssAnon"]


def stream(
    judge: ArrowJudge, count: int, real: Sequence[str], tail: str
) -> list[float]:
    """Answer all; return count, time and what was held, at a tenth and at the end."""
    told, start, wanted = [], perf_counter(), count // 10
    for batch, before in batches(count, real, tail):
        done = before + len(batch)
        verified = judge.answer(batch)["evidence"].to_pylist().count("signature")
        if verified != -(-done // EVERY) - -(-before // EVERY):
            raise AssertionError("expected an answer of the snapshot to each text")
        if done >= wanted:
            told += [done, perf_counter() - start, *held()]
            wanted = count + 1 if done == count else count
    return told


def opened(place: Workspace, count: int, token: bytes, tail: str) -> Snapshots:
    """Publish a snapshot of the invented texts and one token, and open it."""
    path, _ = published.publish(place, [token], rows(count, tail))
    found = Snapshots.open([path], place.trust(), world.AT)
    if found.refused:
        raise AssertionError(f"refused: {found.refused[0].error}")
    return found


def measured(size: str) -> list[dict[str, object]]:
    """Return the result of this benchmark."""
    count = SIZES[size]
    with world.office() as place:
        *tokens, inside = world.tokens(place, REAL[size] + 1)
        real = [payload.qr_text(token) for token in tokens]
        tail = real[0][len(payload.OFFLINE_PREFIX) + 12 :]
        measure.say(f"snapshot: {count:,} rows")
        snapshots = opened(place, count, inside, tail)
        judge = ArrowJudge(place.trust(), world.AT, snapshots=snapshots)
        measure.say(f"a stream of {count:,} texts")
        few, early, all_early, own_early, many, late, all_late, own_late = stream(
            judge, count, real, tail
        )
    paces = {
        FIRST: early / few * 1e6,
        REST: (late - early) / (many - few) * 1e6,
    }
    grown = round(own_late / own_early, 3)
    return [
        {
            "job": f"memory over {count:,} texts, Arrow function with a snapshot",
            "items": count,
            "timings": measure.told(
                {name: measure.summary([pace]) for name, pace in paces.items()}
            ),
            "ratio": {
                "name": f"own memory after {int(many):,} texts / after {int(few):,}",
                "of_min": grown,
                "of_median": grown,
                "target": TARGET,
                "at_most": True,
            },
            "notes": [
                (
                    f"after {int(few):,} texts {own_early:.1f} MB of its own,"
                    f" {all_early:.1f} MB with the file's pages; after {int(many):,}"
                    f" {own_late:.1f} MB, and {all_late:.1f} MB"
                ),
                "the times have the making of the texts in them",
            ],
            "left_out": "reading files of texts, writing answers",
        }
    ]
