"""One process, two processes, and Spark on the same file of real QR texts.

Usage: python benchmarks/spark_cluster.py [--rows N] [--rounds N] [--cores N]
           [--way signatures|snapshot]

A command of its own, for it needs Java and the extra ``spark``; `make bench` does not.
All read distinct texts from Parquet, answer every row with the Arrow function, by
signatures and by a snapshot, and throw the answers away. Times are by the clock, and of
processors: of this process and all that it started, Java counted in.

Spark's start and its first job, in which workers import and open, are told beside it.

Left out: writing answers, a network between machines, more than one machine.
"""

import argparse
import os
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import measure
import pyarrow as pa
import pyarrow.parquet as pq
import world
from bench_snapshot import publish
from pyspark.sql import SparkSession

from elicense import payload
from elicense.bulk import ArrowJudge, sources
from elicense.bulk.pool import answers
from elicense.folder import published_file
from elicense.snapshot import Snapshots
from elicense.spark import SparkJudge, TrustFiles, local_session
from elicense.workspace import Workspace

PARTS = 8
WAYS = ("signatures", "snapshot")
_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds() -> dict[int, float]:
    """Return the time of this process and of each below it, by its number.

    A process's own children are counted in with it once they ended.
    """
    children: dict[int, list[int]] = defaultdict(list)
    spent: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except OSError:  # ended meanwhile
            continue
        number = int(path.parent.name)
        children[int(fields[1])].append(number)
        spent[number] = sum(map(int, fields[11:15])) / _TICKS
    found, waiting = {}, [os.getpid()]
    while waiting:
        number = waiting.pop()
        found[number] = spent.get(number, 0.0)
        waiting += children[number]
    return found


def taken(job: measure.Job) -> tuple[float, float]:
    """Carry a job out; return its seconds by the clock, and of processors."""
    start, before = perf_counter(), processor_seconds()
    job()
    clock, after = perf_counter() - start, processor_seconds()
    # Workers of Spark that were idle may have ended: their time is no part of this.
    return clock, sum(spent - before.get(n, 0.0) for n, spent in after.items())


class Table:
    """What was measured, as it is printed."""

    def __init__(self, rows: int) -> None:
        """Print the head."""
        self._rows = rows
        print(f"{'':42}{'clock us/row':>14}{'processor us/row':>18}")

    def timed(self, name: str, job: measure.Job) -> None:
        """Carry a job out and print what it took."""
        each = [seconds * 1e6 / self._rows for seconds in taken(job)]
        print(f"{name:42}{each[0]:14.2f}{each[1]:18.2f}", flush=True)


def written(texts: Sequence[str], folder: Path) -> Path:
    """Write texts as a folder of files for Spark, and as one for this machine."""
    parts = folder / "parts"
    parts.mkdir()
    size = -(-len(texts) // PARTS)
    for number in range(PARTS):
        some = texts[number * size : (number + 1) * size]
        pq.write_table(pa.table({"qr_text": some}), parts / f"{number}.parquet")
    pq.write_table(pa.table({"qr_text": texts}), folder / "all.parquet")
    return parts


def on_this_machine(path: Path, judge: ArrowJudge, workers: int) -> measure.Job:
    """Return a job of the process pool over a file."""

    def run() -> None:
        for _, made in answers(sources.opened(path), judge, workers=workers):
            if made.column("code")[0].as_py() != "VALID":
                raise AssertionError("expected valid licenses")

    return run


def on_spark(session: SparkSession, parts: Path, judge: SparkJudge) -> measure.Job:
    """Return a job of Spark over a folder of files."""

    def run() -> None:
        answered = judge.answer(session.read.parquet(str(parts)))
        answered.write.format("noop").mode("overwrite").save()

    return run


def compare(place: Workspace, given: argparse.Namespace) -> None:
    """Measure each way on both engines, in turn."""
    rows, cores = given.rows, given.cores
    tokens = world.tokens(place, rows)
    texts = [payload.qr_text(token) for token in tokens]
    manifest, _ = publish(place, tokens, rows)
    trust = place.trust()
    with tempfile.TemporaryDirectory() as folder:
        parts = written(texts, Path(folder))
        clock, spent = taken(lambda: local_session(cores))
        session = local_session(cores)
        session.sparkContext.setLogLevel("ERROR")
        print(f"Spark starts in {clock:.1f} s, {spent:.1f} s of processors")
        table = Table(rows)
        for way in given.way or WAYS:
            manifests = (manifest,) if way == "snapshot" else ()
            opened = Snapshots.open(manifests, trust, world.AT)
            judge = ArrowJudge(trust, world.AT, snapshots=opened if manifests else None)
            files = TrustFiles(
                bundle=published_file(place.folder),
                roots=place.settings.root,
                snapshots=manifests,
            )
            far = on_spark(session, parts, SparkJudge(files, world.AT))
            table.timed(f"{way}: Spark, first job", far)
            for _ in range(given.rounds):
                for workers in (1, 2):
                    name = f"{way}: processes, {workers}"
                    here = on_this_machine(Path(folder, "all.parquet"), judge, workers)
                    table.timed(name, here)
                table.timed(f"{way}: Spark, local[{cores}]", far)
        session.stop()


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--way", choices=WAYS, action="append")
    given = parser.parse_args()
    machine = measure.machine()
    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    print(f"{machine['processor']}, {machine['cores']} cores, load {load};", end=" ")
    print(f"{given.rows} rows")
    with world.office() as place:
        compare(place, given)


if __name__ == "__main__":
    main()
