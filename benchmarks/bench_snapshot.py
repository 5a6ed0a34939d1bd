"""QR text to a verdict through a snapshot, against one bare P-256 verification.

The snapshot holds real tokens, whose texts are asked, among rows with random digests of
the same class; every text is asked once a round, in random order, in lists of 4096, and
is inside. The peer is `cryptography` alone on some of the same tokens.

Left out: reading a file of texts, claims (decoded from the token when asked for), texts
that are not inside, which take the signature path, and admitting the trust bundle.
Measured beside it: the file's bytes a license, the time to build it, and to open and
authenticate it, and the memory that a process has for itself after looking up.
"""

import random
import resource
from pathlib import Path
from time import perf_counter

import bench_qr
import measure
import published
import world

from elicense import payload
from elicense.snapshot import CODES, Snapshots
from esign.verdict import Code

SIZES = {  # rows, texts that are asked, rounds
    "tiny": (2_000, 200, 3),
    "small": (1_000_000, 20_000, 7),
    "full": (10_000_000, 100_000, 9),
}
TARGET = 50
BATCH = 4096
VERIFIED = 400  # tokens of the peer
_SMAPS = Path("/proc/self/smaps_rollup")


def ours(texts: list[str], snapshots: Snapshots) -> measure.Job:
    """Return a job that asks for the code of every text."""
    valid = CODES.index(Code.VALID)

    def run() -> None:
        for start in range(0, len(texts), BATCH):
            answers = snapshots.answer(texts[start : start + BATCH])
            if not bool((answers.codes == valid).all()):
                raise AssertionError("expected valid licenses")

    return run


def own_memory() -> float:
    """Return the MB that this process shares with no other; 0 where nobody tells."""
    if not _SMAPS.exists():
        return 0.0
    lines = _SMAPS.read_text(encoding="ascii").splitlines()
    private = [line.split()[1] for line in lines if line.startswith("Private_Dirty")]
    return sum(map(int, private)) / 1024


def measured(size: str) -> list[dict[str, object]]:
    """Return the result of this benchmark."""
    count, asked, rounds = SIZES[size]
    with world.office() as place:
        tokens = world.tokens(place, asked)
        # In random order of the rows, as a list that was just read stands in memory.
        order = random.Random(7).sample(tokens, asked)  # noqa: S311  no secret
        texts = [payload.qr_text(token) for token in order]
        start = perf_counter()
        path, manifest = published.publish(
            place, tokens, published.fillers(count - asked)
        )
        built = perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        trust = place.trust()
        before, start = own_memory(), perf_counter()
        snapshots = Snapshots.open([path], trust, world.AT)
        opened = perf_counter() - start
        if snapshots.refused:
            raise AssertionError(f"refused: {snapshots.refused[0].error}")
        few = tokens[: min(VERIFIED, asked)]
        jobs = {
            "snapshot": ours(texts, snapshots),
            "bare P-256 verify": bench_qr.peer(place, few),
        }
        items = dict(zip(jobs, (len(texts), len(few)), strict=True))
        timings = measure.interleaved(jobs, rounds, items)
        own = own_memory() - before
        size_of_both = manifest.size + path.stat().st_size
    mine, bare = timings.values()
    bytes_each = size_of_both / manifest.rows
    return [
        {
            "job": f"QR text -> verdict, snapshot of {count:,} rows, one core",
            "items": asked,
            "timings": {name: timing.to_json() for name, timing in timings.items()},
            "ratio": {
                "name": "bare P-256 verify / snapshot",
                "of_min": round(bare.least / mine.least, 1),
                "of_median": round(bare.median / mine.median, 1),
                "target": TARGET,
            },
            "more_ratios": [
                measure.limit("kept for each license", bytes_each, 30, "bytes"),
                measure.limit("opened and authenticated", opened, 1, "s"),
            ],
            "notes": [
                f"written and merged in {built:.1f} s, at most {peak:.0f} MB resident",
                (
                    f"{own:.1f} MB more of this process's own after the look-ups,"
                    f" of a file of {manifest.size / 2**20:.0f} MB"
                ),
            ],
            "left_out": "claims, texts that are not inside, reading files of texts,"
            " admitting the bundle",
        }
    ]
