"""Run every benchmark, print one table, and write bench-output/results.json.

Usage: python benchmarks/run.py [--size tiny|small|full] [--out DIR]

``tiny`` proves that the benchmarks run and is no measurement.
"""

import argparse
import json
import os
from pathlib import Path

import bench_bulk
import bench_cores
import bench_issue
import bench_qr
import bench_snapshot
import bench_validate
import measure

from esign import clock

JOBS = {
    "qr": bench_qr.measured,
    "snapshot": bench_snapshot.measured,
    "bulk": bench_bulk.measured,
    "issue": bench_issue.measured,
    "validate": bench_validate.measured,
    "cores": bench_cores.measured,
}
SIZES = ("tiny", "small", "full")


def show(name: str, results: list[dict[str, object]]) -> None:
    """Print the results of one benchmark as a table."""
    for result in results:
        print(f"\n{name}: {result['job']}  ({result['items']} items a round)")
        print(f"  {'':50}{'min':>12}{'median':>12}")
        for job, timing in result["timings"].items():
            least, median = timing["min_us"], timing["median_us"]
            print(f"  {job:50}{least:9.1f} us{median:9.1f} us")
        for ratio in (result["ratio"], *result.get("more_ratios", ())):
            target = judged(ratio)
            print(f"  {ratio['name']}: {ratio['of_min']:g}x of min, ", end="")
            print(f"{ratio['of_median']:g}x of median{target}")
        for note in result.get("notes", ()):
            print(f"  {note}")
        print(f"  left out: {result['left_out']}")


def judged(ratio: dict[str, object]) -> str:
    """Say what was promised of a ratio, and whether its median keeps it."""
    target, found = ratio["target"], ratio["of_median"]
    if target is None:
        return ""
    at_most = bool(ratio.get("at_most"))
    kept = found <= target if at_most else found >= target
    word = "at most" if at_most else "at least"
    return f"; promised {word} {target}x: {'kept' if kept else 'MISSED'}"


def head(size: str) -> str:
    """Return what a reader must know before any figure."""
    found = measure.machine()
    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    return (
        f"{found['processor']}, {found['cores']} cores, load {load};"
        f" Python {found['python']}; size {size}"
        + ("" if size != "tiny" else ", which is no measurement")
    )


def main() -> None:
    """Read the command line, run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--out", type=Path, default=Path("bench-output"))
    arguments = parser.parse_args()
    print(head(arguments.size))
    results = {}
    for name, job in JOBS.items():
        results[name] = job(arguments.size)
        show(name, results[name])
    arguments.out.mkdir(parents=True, exist_ok=True)
    report = {
        "at": clock.now().isoformat(),
        "size": arguments.size,
        "machine": measure.machine(),
        "load_at_end": os.getloadavg(),
        "results": results,
    }
    path = arguments.out / "results.json"
    text = json.dumps(report, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    print(f"\nwritten: {path}")


if __name__ == "__main__":
    main()
