"""Two processes against one, and memory over many licenses: the whole batch of a city.

Issuing is `Workspace.issue_many`, as `elicense issue-batch` calls it: processes are
forked once the press is warm, and each writes to the one register for itself. The
iterator is read to its end, so that all is durable. Validating is the lean path over
files in memory, cut into halves. The peer of two processes is one process, and beside
both stands what the machine gives two processes that share nothing (`ceiling.py`).

Left out: reading rows, writing PDFs to disk (`issue-batch` does both), imports.
"""

import multiprocessing
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter

import ceiling
import measure
import world
from bench_validate import valid

from elicense.issuing import Outcome
from elicense.policy import LEAN
from elicense.trust import TrustState
from elicense.workspace import Workspace

SIZES = {"tiny": (60, 1), "small": (2_000, 2), "full": (4_000, 3)}
LONG_RUN = {"tiny": 120, "small": 6_000, "full": 40_000}
TARGET = 1.8
ALONE = {"tiny": 40, "small": 8_000, "full": 16_000}  # signatures of the ceiling
WARM_UP = 1_000  # licenses; caches are full by then
ONE, TWO = "one process", "two processes"


def digested(outcomes: Sequence[Outcome]) -> list[bool]:
    """Return whether each was issued: all that goes back over the pipe."""
    return [outcome.issued is not None for outcome in outcomes]


def issue_rows(place: Workspace, first: int, count: int, workers: int) -> None:
    """Issue invented licenses and wait until all are durable."""
    rows = map(world.request, range(first, first + count))
    done = place.issue_many(rows, digested, at=world.AT, workers=workers)
    if sum(done) != count:
        raise AssertionError("expected every license to be issued")


def issuing_result(place: Workspace, size: str) -> dict[str, object]:
    """Measure issuing with one process and with two, and memory over a long run."""
    count, rounds = SIZES[size]
    stages, first = measure.Stages(), 0
    bare = ceiling.jobs(ALONE[size])
    for _ in range(rounds + 1):
        for name, workers in ((ONE, 1), (TWO, 2)):
            start = perf_counter()
            issue_rows(place, first, count, workers)
            stages.add(name, (perf_counter() - start) * 1e6 / count)
            first += count
        for name, job in bare.items():
            stages.add(name, stages.clock([job]) / ALONE[size])
    timings = stages.timings()
    gained = measure.ratio(timings, ONE, TWO, TARGET)
    measure.say("issuing, memory over a long run")
    return {
        "job": "issue a batch on two cores",
        "items": count,
        "timings": measure.told(timings),
        "ratio": gained,
        "more_ratios": ceiling.ratios(timings, gained),
        "notes": [memory_note(place, first, LONG_RUN[size])],
        "left_out": "reading rows, writing PDFs to disk",
    }


def memory_note(place: Workspace, first: int, count: int) -> str:
    """Issue many licenses and say what memory the process held meanwhile."""
    rows = map(world.request, range(first, first + count))
    held, least = [], min(WARM_UP, count // 2)
    for number, _ in enumerate(place.issue_many(rows, digested, at=world.AT), 1):
        if number in (least, count):
            held.append(resident_mb())
    return (
        f"memory of one process: {held[0]:.1f} MB after {least} licenses,"
        f" {held[1]:.1f} MB after {count}"
    )


def resident_mb() -> float:
    """Return the resident memory of this process in megabytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the system does not tell its memory")


def validate_files(files: Iterable[bytes], place: Workspace, trust: TrustState) -> None:
    """Validate licenses that must be valid, by the lean path."""
    for pdf in files:
        valid(pdf, place, trust, LEAN)


def on_two(files: Sequence[bytes], place: Workspace, trust: TrustState) -> None:
    """Validate one half here and the other in a forked process."""
    half = len(files) // 2
    context = multiprocessing.get_context("fork")
    child = context.Process(target=validate_files, args=(files[:half], place, trust))
    child.start()
    validate_files(files[half:], place, trust)
    child.join()
    if child.exitcode != 0:
        raise AssertionError("the other process failed")


def validating_result(place: Workspace, size: str) -> dict[str, object]:
    """Measure validating with one process and with two."""
    count, rounds = SIZES[size]
    trust = place.trust()
    some = [world.issue(place, number).pdf for number in range(20)]
    files = [some[number % len(some)] for number in range(2 * count)]
    jobs = {
        ONE: lambda: validate_files(files, place, trust),
        TWO: lambda: on_two(files, place, trust),
    }
    bare = ceiling.jobs(ALONE[size])
    items = dict.fromkeys(jobs, len(files)) | dict.fromkeys(bare, ALONE[size])
    timings = measure.interleaved(jobs | bare, rounds, items)
    gained = measure.ratio(timings, ONE, TWO, TARGET)
    return {
        "job": "validate PDFs on two cores, scope sealed",
        "items": len(files),
        "timings": measure.told(timings),
        "ratio": gained,
        "more_ratios": ceiling.ratios(timings, gained),
        "left_out": "imports, admitting the bundle, revocation lists, disk",
    }


def measured(size: str) -> list[dict[str, object]]:
    """Return the results of this benchmark."""
    with world.office() as place:
        measure.say("validating")
        validating = validating_result(place, size)
        measure.say("issuing")
        return [validating, issuing_result(place, size)]
