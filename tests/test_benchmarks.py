"""Each benchmark runs at its smallest size, so that it cannot rot."""

import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support import ROOT

BENCHMARKS = ROOT / "benchmarks"
MARK = "ELICENSE_TEST_MARK"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run benchmarks at the smallest size, with their results in a folder."""
    command = [sys.executable, BENCHMARKS / "run.py", "--size", "tiny", *arguments]
    done = subprocess.run(
        [*command, "--out", folder],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def read(folder: Path):
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def ratios(report):
    for found in report["results"].values():
        for result in found["results"]:
            yield from (result["ratio"], *result.get("more_ratios", ()))


def test_every_benchmark_runs_and_the_page_tells_of_it(tmp_path):
    # One test, so that workers do not run all benchmarks once more each.
    done = run(tmp_path)
    report = read(tmp_path)
    assert unfinished(tmp_path) == []
    assert_each_names_its_peer(done.stdout, report)
    assert_no_peer_is_silently_missing(report)
    assert_the_page_hides_nothing(report, tmp_path)
    assert_what_a_city_needs_follows(report, tmp_path)


def assert_what_a_city_needs_follows(report, folder):
    page = folder / "scale.md"
    page.write_text((ROOT / "docs" / "scale.md").read_text(encoding="utf-8"))
    given = ["--licenses", "3", "--results", folder / "results.json", "--page", page]
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "scale.py", *given],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    each = report["results"]["bulk"]["results"][0]["timings"]["answers in columns"]
    assert f"with claims | {each['median_us']:.1f} µs |" in text
    day = each["median_us"] * 2_000_000 / 1e6  # of the city's checks
    amount = f"{day / 60:.1f} min" if day >= 120 else f"{day:.1f} s"
    assert f"one core's day of checks, by signature | {amount} |" in text
    assert "snapshots of all, one verifier | 295.0 MB | 3.0 GB | 59.0 GB |" in text


def unfinished(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name != "results.json"]


def assert_each_names_its_peer(output, report):
    assert report["machine"]["cores"] >= 1
    modules = {path.stem.removeprefix("bench_") for path in BENCHMARKS.glob("bench_*")}
    assert set(report["results"]) == modules
    for found in report["results"].values():
        assert found["size"] == "tiny"
        assert found["about"]
        for result in found["results"]:
            assert result["left_out"]
            assert result["job"] in output
            assert all(t["min_us"] > 0 for t in result["timings"].values())
            assert len(result["timings"]) >= 2
    assert all(ratio["of_min"] > 0 for ratio in ratios(report))


def assert_no_peer_is_silently_missing(report):
    (ladder,) = [one for one in report["results"]["bulk"]["results"] if "bars" in one]
    peers = {"DuckDB", "LMDB", "SQLite", "PostgreSQL", "python-cwt with base45"}
    missing = peers - set(ladder["timings"])
    noted = [note for note in ladder["notes"] if "was left out" in note]
    assert len(noted) == len(missing)
    assert not (missing and os.environ.get("CI") == "true")
    assert "SQLite" not in missing


def assert_the_page_hides_nothing(report, folder):
    next(ratios(report)).update(target=0.001, at_most=True)
    path = folder / "results.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    made = [sys.executable, BENCHMARKS / "report.py", path]
    subprocess.run(made, check=True, capture_output=True)
    page = (folder / "benchmarks.md").read_text(encoding="utf-8")
    promised = [one for one in ratios(report) if one["target"] is not None]
    rows = [line for line in page.splitlines() if line.startswith("| [")]
    for ratio, row in zip(promised, rows, strict=True):
        over = ratio["of_median"] - ratio["target"]
        kept = over <= 0 if ratio.get("at_most") else over >= 0
        assert f": {ratio['name']} |" in row
        assert row.endswith("| kept |" if kept else "| **MISSED** |")
    assert rows[0].endswith("| **MISSED** |")
    for found in report["results"].values():
        assert found["results"][0]["left_out"] in page
    drawn = ET.parse(folder / "benchmarks.svg")  # noqa: S314  our own
    texts = {item.text for item in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {"snapshot", "signature path", "SQLite"} <= texts


@pytest.mark.parametrize("setting", ["true", ""])
def test_a_peer_that_is_not_here_is_named_and_is_an_error_in_ci(setting):
    asked = "import measure; print(measure.left_out('Peer', 'get it'))"
    done = subprocess.run(
        [sys.executable, "-c", asked],
        env=os.environ | {"PYTHONPATH": str(BENCHMARKS), "CI": setting},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    told = done.stderr if setting else done.stdout
    assert "Peer was left out, as it is not here: get it" in told
    assert bool(done.returncode) == bool(setting)


def test_results_of_others_stay_when_one_is_run_anew(tmp_path):
    run(tmp_path, "--only", "qr")
    before = read(tmp_path)
    others = {"other": before["results"]["qr"], "qr": {}}
    path = tmp_path / "results.json"
    path.write_text(json.dumps(before | {"results": others}), encoding="utf-8")
    run(tmp_path, "--only", "qr")
    found = read(tmp_path)["results"]
    assert found["other"] == others["other"]
    assert found["qr"]["results"]
    path.write_text(json.dumps({"machine": {}, "results": others}), encoding="utf-8")
    done = run(tmp_path, "--only", "qr")
    assert set(read(tmp_path)["results"]) == {"qr"}
    assert "begun anew" in done.stderr


def marked(mark: str) -> list[Path]:
    """Return processes that have a mark in what they were started with."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{MARK}={mark}".encode() in path.read_bytes():
                found.append(path.parent)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_broken_off_leaves_nothing(number, tmp_path):
    mark = uuid.uuid4().hex
    running = subprocess.Popen(
        [sys.executable, BENCHMARKS / "run.py", "--only", "bulk,qr", "--size", "tiny"],
        cwd=tmp_path,
        env=os.environ | {MARK: mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert running.stderr is not None
    with running.stderr:
        told = iter(running.stderr)
        assert any("asking" in line for line in told)
        assert len(marked(mark)) >= 2
        running.send_signal(number)
        assert running.wait(60) == 128 + number
    assert marked(mark) == []
    assert unfinished(tmp_path / "bench-output") == []
