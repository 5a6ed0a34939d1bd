"""Run every benchmark, print one table, and write bench-output/results.json.

Usage: python benchmarks/run.py [--size tiny|small|full] [--out DIR]

``tiny`` proves that the benchmarks run and is no measurement.
"""

import argparse
import json
import os
from pathlib import Path

import bench_cores
import bench_issue
import bench_qr
import bench_validate
import measure

from esign import clock

JOBS = {
    "qr": bench_qr.measured,
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
            target = f"; target {ratio['target']}" if ratio["target"] else ""
            print(f"  {ratio['name']}: {ratio['of_min']:g}x of min, ", end="")
            print(f"{ratio['of_median']:g}x of median{target}")
        for note in result.get("notes", ()):
            print(f"  {note}")
        print(f"  left out: {result['left_out']}")


def main() -> None:
    """Read the command line, run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--out", type=Path, default=Path("bench-output"))
    arguments = parser.parse_args()
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
