"""Run the benchmarks, print their tables, and write them into results.json.

Usage: python benchmarks/run.py [--size tiny|small|full] [--only NAME,NAME] [--out DIR]

``tiny`` proves that the benchmarks run and is no measurement. With ``--only`` the
results of other benchmarks stay in the file as they are, each with its own size, date
and load. Each benchmark has a process of its own, so that none starts with the memory
of another. All else is written into a folder in DIR that is removed at the end.
"""

import argparse
import json
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from types import FrameType, ModuleType

import bench_bulk
import bench_cores
import bench_issue
import bench_qr
import bench_snapshot
import bench_stream
import bench_validate
import measure

from esign import clock

JOBS: Mapping[str, ModuleType] = {
    "qr": bench_qr,
    "bulk": bench_bulk,
    "snapshot": bench_snapshot,
    "stream": bench_stream,
    "issue": bench_issue,
    "validate": bench_validate,
    "cores": bench_cores,
}
SIZES = ("tiny", "small", "full")
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def show(name: str, results: list[dict[str, object]]) -> None:
    """Print the results of one benchmark as a table."""
    for result in results:
        print(f"\n{name}: {result['job']}  ({result['items']} items a round)")
        print(f"  {'':50}{'min':>12}{'median':>12}")
        for job, timing in result["timings"].items():
            least, median = timing["min_us"], timing["median_us"]
            print(f"  {job:50}{least:9.1f} us{median:9.1f} us")
        for ratio in (result["ratio"], *result.get("more_ratios", ())):
            unit = ratio.get("unit", "x")
            found = f"{ratio['of_median']:g}{unit}"
            if unit == "x":
                found = f"{ratio['of_min']:g}x of min, {found} of median"
            said = measure.judged(ratio)
            print(f"  {ratio['name']}: {found}{said and f'; {said}'}")
        if table := result.get("table"):
            for row in (table["head"], *table["rows"]):
                print("  " + "".join(f"{cell:>18}" for cell in row))
        for note in result.get("notes", ()):
            print(f"  {note}")
        print(f"  left out: {result['left_out']}")


def load() -> list[float]:
    """Return the load of the machine over 1, 5 and 15 minutes."""
    return [round(part, 1) for part in os.getloadavg()]


def head(size: str) -> str:
    """Return what a reader must know before any figure."""
    found = measure.machine()
    return (
        f"{found['processor']}, {found['cores']} cores, load {load()[0]};"
        f" Python {found['python']}; size {size}"
        + ("" if size != "tiny" else ", which is no measurement")
    )


def earlier(path: Path, machine: dict[str, object]) -> dict[str, object]:
    """Return the runs in a file of results; none where it is of another machine."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    if found.get("machine") != machine:
        measure.say(f"{path}: of other versions or another machine, begun anew")
        return {}
    return found["results"]


def measured(name: str, size: str) -> dict[str, object]:
    """Run one benchmark, print it, and return it with what was around it."""
    before, start, at = load(), perf_counter(), clock.now().isoformat()
    measure.say(f"{name} begins")
    results = JOBS[name].measured(size)
    show(name, results)
    return {
        "about": JOBS[name].__doc__,
        "at": at,
        "size": size,
        "seconds": round(perf_counter() - start, 1),
        "load_before": before,
        "load_after": load(),
        "results": results,
    }


def write(path: Path, report: dict[str, object]) -> None:
    """Replace the file of results in one step."""
    new = path.with_suffix(".new")
    text = json.dumps(report, ensure_ascii=False, indent=1)
    new.write_text(text + "\n", encoding="utf-8")
    new.replace(path)


def named(text: str) -> list[str]:
    """Return the benchmarks that a list names, in their order."""
    wanted = set(text.split(","))
    if strange := wanted - set(JOBS):
        raise argparse.ArgumentTypeError(f"no such benchmark: {', '.join(strange)}")
    return [name for name in JOBS if name in wanted]


def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """End so that servers end and folders go, however often it is asked."""
    for asked in ENDS:
        signal.signal(asked, signal.SIG_IGN)
    sys.exit(128 + number)


def here(name: str, size: str, out: Path) -> None:
    """Run one benchmark in this process, and put it into the file of results."""
    print(head(size), flush=True)
    path, machine = out / "results.json", measure.machine()
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=out) as room:
        Path(room).chmod(0o711)  # a server may run as another user
        tempfile.tempdir = str(Path(room).resolve())
        try:
            made = measured(name, size)
        except measure.LeftOutError as err:
            sys.exit(f"\n{err}")
        finally:
            tempfile.tempdir = None
    write(path, {"machine": machine, "results": earlier(path, machine) | {name: made}})
    print(f"\nwritten: {path}\n")


def apart(name: str, size: str, out: Path) -> None:
    """Run one benchmark in a process of its own, and end with it where it fails."""
    context = multiprocessing.get_context("fork")
    child = context.Process(target=here, args=(name, size, out))
    child.start()
    try:
        child.join()
    except BaseException:
        child.terminate()
        child.join()
        raise
    if child.exitcode:
        sys.exit(1)


def main() -> None:
    """Read the command line, and run what it names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--only", type=named, default=list(JOBS), metavar="NAME,NAME")
    parser.add_argument("--out", type=Path, default=Path("bench-output"))
    arguments = parser.parse_args()
    for number in ENDS:
        signal.signal(number, stop)
    arguments.out.mkdir(parents=True, exist_ok=True)
    run = here if len(arguments.only) == 1 else apart
    for name in arguments.only:
        run(name, arguments.size, arguments.out)


if __name__ == "__main__":
    main()
