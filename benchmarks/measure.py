"""Timing for all benchmarks: jobs take turns, so that a busy machine hits all alike."""

import gc
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from time import perf_counter
from typing import TypeVar

from cryptography.hazmat.backends.openssl import backend

T = TypeVar("T")
Job = Callable[[], object]
PACKAGES = (
    *("cryptography", "pyhanko", "pikepdf", "reportlab", "pypdfium2", "numpy"),
    *("pyarrow", "duckdb", "lmdb", "psycopg"),
)


class LeftOutError(Exception):
    """A peer is not on this machine, and the text says how to get it."""


def left_out(peer: str, how: str) -> str:
    """Return the note that a peer was left out.

    Raises:
        LeftOutError: in CI (the variable CI is ``true``), where nothing is left out.
    """
    note = f"{peer} was left out, as it is not here: {how}"
    if os.environ.get("CI") == "true":
        raise LeftOutError(note)
    return note


def say(text: str) -> None:
    """Tell whoever waits what is being done now."""
    print(f"  .. {text}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Timing:
    """Time of one item of a job over all rounds, in microseconds."""

    least: float
    median: float
    rounds: int

    def to_json(self) -> dict[str, float]:
        """Return the members of the result file."""
        return {
            "min_us": round(self.least, 2),
            "median_us": round(self.median, 2),
            "rounds": self.rounds,
        }


def interleaved(
    jobs: Mapping[str, Job], rounds: int, items: int | Mapping[str, int]
) -> dict[str, Timing]:
    """Run every job once in each round, in turn, and return the time of one item.

    Args:
        jobs: name to a call that works through all items.
        rounds: how often; the first round warms up and is not counted.
        items: how many items one call works through; of each job where they differ.
    """
    counts = dict.fromkeys(jobs, items) if isinstance(items, int) else items
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds + 1):
            for name, job in jobs.items():
                start = perf_counter()
                job()
                spent = (perf_counter() - start) / counts[name] * 1e6
                if number:
                    taken[name].append(spent)
    finally:
        gc.enable()
    return {name: summary(values) for name, values in taken.items()}


def summary(values: list[float]) -> Timing:
    """Return what the rounds of one job come to."""
    return Timing(min(values), statistics.median(values), len(values))


def told(timings: Mapping[str, Timing]) -> dict[str, dict[str, float]]:
    """Return timings as the result file has them."""
    return {name: timing.to_json() for name, timing in timings.items()}


class Stages:
    """Collects the time of each stage of a job that runs several times."""

    def __init__(self) -> None:
        """Start with nothing measured."""
        self.taken: dict[str, list[float]] = {}

    def timed(self, name: str, call: Callable[[], T]) -> T:
        """Make a call, keep its time in microseconds, and return its value."""
        start = perf_counter()
        value = call()
        self.add(name, (perf_counter() - start) * 1e6)
        return value

    @staticmethod
    def clock(jobs: Sequence[Job]) -> float:
        """Make calls one after the other, and return their time in microseconds."""
        start = perf_counter()
        for job in jobs:
            job()
        return (perf_counter() - start) * 1e6

    def add(self, name: str, spent: float) -> None:
        """Keep a time in microseconds that was measured elsewhere."""
        self.taken.setdefault(name, []).append(spent)

    def timings(self, warm_up: int = 1) -> dict[str, Timing]:
        """Return the time of each stage without the first runs."""
        return {name: summary(part[warm_up:]) for name, part in self.taken.items()}


def machine() -> dict[str, object]:
    """Return what a reader must know of the machine; nothing that names it."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "openssl": backend.openssl_version_text(),
        "packages": {name: metadata.version(name) for name in _known(PACKAGES)},
    }


def _known(names: Iterable[str]) -> list[str]:
    """Return those of some packages that are installed."""
    there = {found.name.lower() for found in metadata.distributions()}
    return [name for name in names if name in there]


def processor() -> str:
    """Return the processor's name where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
            names = [line.split(":")[1] for line in lines if "model name" in line]
    except OSError:
        names = []
    return names[0].strip() if names else platform.machine()


def ratio(
    timings: Mapping[str, Timing], peer: str, ours: str, target: float | None
) -> dict[str, object]:
    """Return how many times faster ours is than the peer; below 1 it is slower.

    Args:
        timings: name of a job to its times.
        peer: name of the peer's job.
        ours: name of our job.
        target: the least ratio that is promised, None for none.
    """
    theirs, mine = timings[peer], timings[ours]
    return {
        "name": f"{peer.strip()} / {ours.strip()}",
        "of_min": round(theirs.least / mine.least, 3),
        "of_median": round(theirs.median / mine.median, 3),
        "target": target,
    }


def limit(name: str, value: float, target: float, unit: str) -> dict[str, object]:
    """Return a quantity that is promised not to be larger, in the form of a ratio."""
    rounded = round(value, 3)
    return {
        "name": name,
        "of_min": rounded,
        "of_median": rounded,
        "target": target,
        "at_most": True,
        "unit": f" {unit}",
    }


def judged(ratio: Mapping[str, object]) -> str:
    """Say what was promised of a ratio, and whether its median keeps it.

    Empty where nothing was promised.
    """
    target, found = ratio["target"], ratio["of_median"]
    if target is None:
        return ""
    at_most = bool(ratio.get("at_most"))
    kept = found <= target if at_most else found >= target
    word = "at most" if at_most else "at least"
    unit = ratio.get("unit", "x")
    return f"promised {word} {target}{unit}: {'kept' if kept else 'MISSED'}"
