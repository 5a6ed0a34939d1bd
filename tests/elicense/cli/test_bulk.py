"""``verify-bulk``: one row for each input, a summary, exit codes, runs that go on."""

import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest

from elicense.bulk import readers
from elicense.bulk import run as bulk_run
from elicense.cli import bulk as command_module
from tests.elicense.bulk.city import KINDS, City
from tests.elicense.cli.department import command, run

AT = "2026-11-21T02:00:00Z"


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A folder with a trust bundle, a table of every kind of text, and its codes."""
    made = City.of(2)
    folder = tmp_path_factory.mktemp("city")
    file, made.pin = made.published()
    (folder / "trust.elt").write_bytes(file)
    made.texts = [make(b) for b in made.bureaus for make, _ in KINDS.values()]
    made.codes = [code.text for _, code in KINDS.values()] * 2
    made.table = folder / "in.jsonl"
    made.table.write_text(lines(made.texts))
    made.options = ("--trust", folder / "trust.elt", "--root", made.pin)
    return made


def lines(texts):
    return "".join(json.dumps({"qr_text": text}) + "\n" for text in texts)


def found(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_table_gives_a_row_for_each_input_and_a_summary(city, tmp_path):
    out = tmp_path / "out.jsonl"
    result = run(
        "verify-bulk",
        city.table,
        *city.options,
        "--at",
        AT,
        "--out",
        out,
        "--workers",
        2,
    )
    assert result.exit_code == 1
    assert result.stdout == ""
    rows = found(out)
    assert [row["code"] for row in rows] == city.codes
    assert [row["row"] for row in rows] == list(range(1, len(rows) + 1))
    valid = city.codes.count("VALID")
    assert f"{valid // 2}  VALID" in result.stderr
    assert f"{len(rows)} rows: {valid} PASSED" in result.stderr
    assert "(issuer not known)" in result.stderr
    assert list(tmp_path.iterdir()) == [out]


EXITS = {"VALID": 0, "EXPIRED": 1, "UNREADABLE": 3}


@pytest.mark.parametrize(("code", "expected"), EXITS.items())
def test_the_exit_code_tells_the_worst(city, tmp_path, code, expected):
    table, out = tmp_path / "in.jsonl", tmp_path / "out.csv"
    chosen = [
        text
        for text, found in zip(city.texts, city.codes, strict=True)
        if found in ("VALID", code)
    ]
    table.write_text(lines(chosen))
    result = run("verify-bulk", table, *city.options, "--at", AT, "--out", out)
    assert result.exit_code == expected, result.stderr


def test_no_input_is_no_success(city, tmp_path):
    (tmp_path / "in.jsonl").write_text("")
    result = run(
        *("verify-bulk", tmp_path / "in.jsonl", *city.options),
        *("--out", tmp_path / "out.parquet"),
    )
    assert result.exit_code == 3
    assert "\n0 rows; see " in f"\n{result.stderr}"
    assert (tmp_path / "out.parquet").is_file()


def test_an_input_that_is_not_there_is_told_and_nothing_is_left(city, tmp_path):
    out = tmp_path / "out.csv"
    (tmp_path / "in.csv").write_text("n;qr_text\n1;x\n")
    for name, why in (("none.csv", "no such file"), ("in.csv", "commas between")):
        result = run("verify-bulk", tmp_path / name, *city.options, "--out", out)
        assert result.exit_code == 2
        assert why in result.stderr
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv"]


def test_without_a_bundle_nothing_passes(city, tmp_path):
    out = tmp_path / "out.jsonl"
    result = run("verify-bulk", city.table, "--out", out)
    assert result.exit_code == 1
    assert "no trust bundle" in result.stderr
    assert "VALID" not in {row["code"] for row in found(out)}


def test_a_workspace_verifies_a_folder_of_its_own_pdfs(department, tmp_path):
    result = department.run(
        "verify-bulk", department.folder, "--out", tmp_path / "out.jsonl"
    )
    rows = found(tmp_path / "out.jsonl")
    assert result.exit_code == 0, result.stderr
    assert {row["code"] for row in rows} == {"VALID"}
    assert {row["scope"] for row in rows} <= {"sealed", "qr"}
    assert [row["input"] for row in rows] == sorted(row["input"] for row in rows)


WRONG = {
    "another ending": ("out.txt", "expected a file of"),
    "no folder": ("none/out.csv", "missing or not writable"),
    "the input": ("in.jsonl", "would replace INPUT"),
}


@pytest.mark.parametrize(("name", "why"), WRONG.values(), ids=WRONG)
def test_a_place_that_cannot_be_written_is_told_first(city, tmp_path, name, why):
    (tmp_path / "in.jsonl").write_text("")
    result = run(
        *("verify-bulk", tmp_path / "in.jsonl", *city.options),
        *("--out", tmp_path / name),
    )
    assert result.exit_code == 2
    assert why in result.stderr


def test_a_run_that_was_killed_goes_on_at_its_own_instant(city, tmp_path, monkeypatch):
    """SIGINT in the midst of a real run; then the same command again."""
    table, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    count = 200
    table.write_text(lines(city.texts * count))
    arguments = command("verify-bulk", table, *city.options, "--out", out)
    environment = {**os.environ, "ELICENSE_LANG": "en", "ELICENSE_HOME": str(tmp_path)}
    process = subprocess.Popen(
        arguments, env=environment, stderr=subprocess.PIPE, text=True
    )
    state = bulk_run.folder_of(out) / "run.json"
    for _ in range(600):
        if state.is_file():
            break
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "The same command goes on" in told
    begun = bulk_run.begun(out)
    assert not out.exists()
    asked = []
    real = command_module.believed
    monkeypatch.setattr(
        command_module, "believed", lambda *how: asked.append(how[2]) or real(*how)
    )
    result = run("verify-bulk", table, *city.options, "--out", out)
    assert asked == [begun.at]
    assert result.exit_code == 1
    assert [row["row"] for row in found(out)] == list(
        range(1, len(city.texts) * count + 1)
    )


SMALL = (
    "from elicense.bulk import readers, run; run.PART_ROWS = 20; readers.JOB_ROWS = 9;"
    " from elicense.cli import main; main()"
)


def really(city, out, *, seconds=None, size=None):
    """Run as a process, killed after a while, or with files of a size at most."""
    arguments = command(
        *("verify-bulk", city.table, *city.options, "--at", AT, "--workers", 2)
    )
    arguments[2] = SMALL
    home = {"ELICENSE_LANG": "en", "ELICENSE_HOME": str(out.parent)}

    def limited():
        if size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    process = subprocess.Popen(
        [*arguments, "--out", out],
        env={**os.environ, **home},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limited,  # noqa: PLW1509  this process has one thread
    )
    if seconds is not None:
        state = bulk_run.folder_of(out) / "run.json"
        while process.poll() is None and not state.is_file():
            time.sleep(0.01)
        time.sleep(seconds)
        process.kill()
    _, told = process.communicate(timeout=60)
    return process.returncode, told


@pytest.fixture(scope="module")
def whole(city, tmp_path_factory):
    """The results of runs that nothing disturbed, by their endings."""
    folder = tmp_path_factory.mktemp("whole")
    for ending in ("csv", "jsonl"):
        assert really(city, folder / f"out.{ending}")[0] == 1
    return {path.suffix: path.read_bytes() for path in folder.glob("out.*")}


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_a_run_that_is_killed_again_and_again_comes_to_the_same(
    city, whole, tmp_path, ending
):
    out = tmp_path / f"out{ending}"
    for seconds in (0.0, 0.02, 0.05):
        really(city, out, seconds=seconds)
    code, told = really(city, out)
    assert code == 1, told
    assert out.read_bytes() == whole[ending]
    assert not bulk_run.folder_of(out).exists()


def test_a_run_on_a_full_disk_goes_on_where_there_is_room(city, whole, tmp_path):
    out = tmp_path / "out.jsonl"
    assert len(whole[".jsonl"]) > 40_000
    code, told = really(city, out, size=30_000)  # parts fit, the result does not
    assert code == 2
    assert f"cannot write {out}: File too large" in told
    assert f"{len(city.texts)} rows are verified. The same command goes on" in told
    code, told = really(city, out)
    assert f"{len(city.texts)} rows are done" in told
    assert out.read_bytes() == whole[".jsonl"]


def test_another_input_begins_anew_at_another_instant(city, tmp_path, monkeypatch):
    table, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    table.write_text(lines(city.texts))
    monkeypatch.setattr(readers, "JOB_ROWS", 10)
    first = run(
        *("verify-bulk", table, *city.options, "--out", out, "--at", AT),
    )
    assert first.exit_code == 1
    bulk_run.folder_of(out).mkdir()
    left = {"elicense.bulk-run/1": {"identity": "another", "at": "2020-01-01T00:00Z"}}
    (bulk_run.folder_of(out) / "run.json").write_text(json.dumps(left))
    again = run("verify-bulk", table, *city.options, "--out", out)
    assert "going on" not in again.stderr
    assert "beginning anew" in again.stderr
    assert len(found(out)) == len(city.texts)


def test_without_the_extra_the_command_says_what_to_install():
    without = "import sys; sys.modules['numpy'] = None; from elicense.cli import main;"
    done = subprocess.run(
        [sys.executable, "-c", f"{without} main()", "verify-bulk", "x", "--out", "y"],
        env={**os.environ, "ELICENSE_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "elicense[bulk]" in done.stderr


def test_progress_is_for_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    begun = command_module.clock.now().replace(year=2020)
    command_module._progress(10, 5, begun)
    assert "\r10 (" in capsys.readouterr().err
