"""Each benchmark runs at its smallest size, so that it cannot rot."""

import json
import subprocess
import sys

from tests.support import ROOT

BENCHMARKS = ROOT / "benchmarks"


def test_every_benchmark_runs_and_names_its_peer(tmp_path):
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "run.py", "--size", "tiny"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "bench-output" / "results.json").read_text())
    assert report["size"] == "tiny"
    assert report["machine"]["cores"] >= 1
    modules = {path.stem.removeprefix("bench_") for path in BENCHMARKS.glob("bench_*")}
    assert set(report["results"]) == modules
    for results in report["results"].values():
        for result in results:
            assert result["left_out"]
            assert result["job"] in done.stdout
            assert result["ratio"]["of_min"] > 0
            assert all(t["min_us"] > 0 for t in result["timings"].values())
            assert len(result["timings"]) >= 2
