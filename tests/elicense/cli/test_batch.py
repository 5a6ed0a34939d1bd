"""The command ``issue-batch``: a file in, PDFs and a report out."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from elicense import Workspace
from elicense.register.sqlite import SqliteRegister
from tests.elicense.cli import department
from tests.elicense.cli.department import sample
from tests.elicense.cli.test_changes import DECISION
from tests.elicense.crash import places
from tests.support import ROOT, require_tool


def run(place, *args, lang="en"):
    """Run the command in a workspace."""
    return department.run(
        "issue-batch", *args, lang=lang, env={"ELICENSE_WORKSPACE": str(place)}
    )


def code(result):
    """Return the exit code."""
    return result.exit_code


def written(path, count, *, bad=()):
    """Write rows of JSON; those in ``bad`` lack a field."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(count):
            row = sample("food-business", 100 + n) | {"case": f"B{n:04d}"}
            if n in bad:
                row["principal"] = None
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def as_table(path, count):
    """Write rows of a table."""
    lines = []
    for n in range(count):
        row = sample("food-business", 300 + n)
        (holder,) = row.pop("holders")
        cells = {
            key: ";".join(value) if isinstance(value, list) else value
            for key, value in row.items()
        }
        found = {"holders.name": holder["name"], "holders.code": holder["code"]} | cells
        lines.append({"case": f"T{n:04d}"} | found)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


def issued(workspace):
    """Return PDF and identifier of all that the register calls issued."""
    register = SqliteRegister.open(workspace / "register.db")
    try:
        rows = [register.get(row.identifier) for row in register.rows()]
    finally:
        register.close()
    return {f"{row.identifier}.pdf": row.pdf for row in rows if row.is_issued}


def told(path):
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def place(own, tmp_path):
    return own.place, tmp_path / "out", tmp_path / "report.jsonl"


def batch(place, source, *more):
    workspace, out, report = place
    return run(
        workspace, "food-business", source, "--out", out, "--report", report, *more
    )


class TestIssueBatch:
    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_each_row_has_its_file_and_its_line(self, place, tmp_path, workers):
        source = written(tmp_path / "rows.jsonl", 5, bad=(2,))
        result = batch(place, source, "--workers", workers)
        lines = told(place[2])
        assert code(result) == 1
        assert "5 rows: 4 issued, 0 issued before, 1 refused" in result.stderr
        assert [line["row"] for line in lines] == [1, 2, 3, 4, 5]
        assert [line["key"] for line in lines] == [f"B{n:04d}" for n in range(5)]
        assert lines[2]["code"] == "ApplicationError"
        assert "principal" in lines[2]["error_en"]
        assert "principal" in lines[2]["error_zh"]
        good = [line for line in lines if "identifier" in line]
        files = sorted(path.name for path in place[1].iterdir())
        assert files == sorted(f"{line['identifier']}.pdf" for line in good)
        assert [line["code"] for line in good] == ["VALID"] * 4

    def test_the_same_file_again_issues_nothing_and_heals_the_folder(
        self, place, tmp_path
    ):
        source = written(tmp_path / "rows.jsonl", 3)
        assert code(batch(place, source)) == 0
        before = {path: path.read_bytes() for path in place[1].iterdir()}
        gone, torn, _ = before
        gone.unlink()
        torn.write_bytes(before[torn][:100])
        result = batch(place, source)
        assert "0 issued, 3 issued before, 0 refused" in result.stderr
        assert {p: p.read_bytes() for p in place[1].iterdir()} == before
        assert [line["existed"] for line in told(place[2])] == [True] * 3

    def test_a_report_as_a_table(self, place, tmp_path):
        report = tmp_path / "report.csv"
        source = written(tmp_path / "rows.jsonl", 2, bad=(0,))
        batch((*place[:2], report), source)
        one, two = told(report)
        assert one["code"] == "ApplicationError"
        assert two["identifier"].startswith("1.2.156.3005.2")

    def test_no_row_is_no_success(self, place, tmp_path):
        (tmp_path / "rows.jsonl").write_bytes(b"")
        assert code(batch(place, tmp_path / "rows.jsonl")) == 1
        assert told(place[2]) == []

    def test_a_citizen_id_as_row_id_is_masked_in_the_report(self, place, tmp_path):
        citizen = sample("special-operation")["holders"][0]["code"]
        row = sample("food-business", 7) | {"id": citizen}
        (tmp_path / "rows.jsonl").write_text(json.dumps(row), "utf-8")
        batch(place, tmp_path / "rows.jsonl")
        assert citizen not in place[2].read_text("utf-8")
        assert told(place[2])[0]["key"] == f"****{citizen[-4:]}"

    def test_one_row_is_one_row(self, place, tmp_path):
        source = written(tmp_path / "rows.jsonl", 1)
        assert batch(place, source).stderr.startswith("1 row: 1 issued")

    def test_what_ended_meanwhile_is_told_and_not_handed_over(self, place, tmp_path):
        source = written(tmp_path / "rows.jsonl", 3)
        batch(place, source)
        gone, held, _ = [line["identifier"] for line in told(place[2])]
        (tmp_path / "decision.json").write_text(json.dumps(DECISION), "utf-8")
        decided = ("--decision", tmp_path / "decision.json")
        for change in (
            ("revoke", gone, "--reason", "cancelled", "--note", "test"),
            ("suspend", held, "--reason", "held", *decided),
        ):
            env = {"ELICENSE_WORKSPACE": str(place[0])}
            result = department.run(*change, env=env)
            assert code(result) == 0, result.stderr
        for path in place[1].iterdir():
            path.unlink()
        result = batch(place, source)
        lines = told(place[2])
        assert code(result) == 1
        assert "1 issued before, 0 refused, 2 no longer in force" in result.stderr
        assert [line["code"] for line in lines] == ["REVOKED", "SUSPENDED", "VALID"]
        assert [line["state"] for line in lines] == ["REVOKED", "SUSPENDED", "ISSUED"]
        assert [bool(line["file"]) for line in lines] == [False, False, True]
        assert len(list(place[1].iterdir())) == 1

    def test_warnings_are_told_in_both_languages_and_counted(self, place, tmp_path):
        source = tmp_path / "rows.jsonl"
        row = sample("food-business", 8)
        both = (row | {"case": "W1"}, row | {"case": "W2"})
        source.write_text("\n".join(map(json.dumps, both)), "utf-8")
        result = batch(place, source)
        one, two = told(place[2])
        assert "2 rows: 2 issued" in result.stderr
        assert "; 1 with a warning" in result.stderr
        assert (one["warnings_zh"], one["warnings_en"]) == ("", "")
        assert two["warnings_en"].startswith("number: ")
        assert "同编号" in two["warnings_zh"]

    def test_a_blank_last_line_is_no_row(self, place, tmp_path):
        source = written(tmp_path / "rows.jsonl", 1)
        source.write_bytes(source.read_bytes() + b"\n  \r\n")
        assert code(batch(place, source)) == 0
        assert len(told(place[2])) == 1

    def test_no_cell_of_a_report_is_a_formula(self, place, tmp_path):
        report = tmp_path / "report.csv"
        bad = {"case": "=1+1"}, {"case": "@x"}, {"case": "-2"}, {"case": "7-2"}
        source = tmp_path / "rows.jsonl"
        source.write_text("\n".join(map(json.dumps, bad)), "utf-8")
        batch((*place[:2], report), source)
        keys = [line["key"] for line in told(report)]
        assert keys == ["'=1+1", "'@x", "'-2", "7-2"]


@pytest.mark.parametrize("page", ["batch.md", "batch.zh-CN.md"])
def test_the_table_of_the_page_is_issued_as_it_stands(place, tmp_path, page):
    text = (ROOT / "docs" / page).read_text("utf-8")
    (shown,) = re.findall("```csv\n(.*?)```", text, re.DOTALL)
    (tmp_path / "rows.csv").write_text(shown, "utf-8")
    result = batch(place, tmp_path / "rows.csv")
    assert "2 rows: 2 issued" in result.stderr


@pytest.mark.parametrize("page", ["batch.md", "batch.zh-CN.md"])
def test_the_way_from_a_sample_to_a_table_works(place, tmp_path, page):
    text = (ROOT / "docs" / page).read_text("utf-8")
    (shown,) = re.findall("```console\n\\$ (.*?)```", text, re.DOTALL)
    folder = Path(sys.executable).parent
    env = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["bash", "-ec", shown], cwd=tmp_path, env=env, check=True)
    result = batch(place, tmp_path / "rows.csv")
    assert "1 row: 1 issued" in result.stderr


class TestPersonalData:
    def test_the_digest_that_keys_a_row_is_cut(self, place, tmp_path):
        source = written(tmp_path / "rows.jsonl", 1)
        row = json.loads(source.read_text("utf-8"))
        del row["case"]
        source.write_text(json.dumps(row), "utf-8")
        batch(place, source)
        (line,) = told(place[2])
        assert len(line["key"]) == 8
        assert code(batch(place, source)) == 0
        assert told(place[2])[0]["existed"] is True

    def test_keys_that_name_a_person_are_masked(self, place, tmp_path):
        workspace, out, report = place
        row = sample("special-operation", 11)
        name, citizen = row["holders"][0]["name"], row["holders"][0]["code"]
        spaced = f"{citizen[:6]} {citizen[6:14]} {citizen[14:]}"
        rows = [row | {"id": f"{name} 2026"}, {"id": spaced}]
        source = tmp_path / "rows.jsonl"
        source.write_text("\n".join(map(json.dumps, rows)), "utf-8")
        run(
            *(workspace, "special-operation", source, "--out", out),
            *("--report", report),
        )
        one, two = told(report)
        assert (one["key"], two["key"]) == ("****26", f"****{citizen[-4:]}")
        text = report.read_text("utf-8")
        assert name not in text
        assert citizen[6:14] not in text

    def test_a_table_without_column_names_is_refused_and_not_repeated(
        self, place, tmp_path
    ):
        source = as_table(tmp_path / "rows.csv", 2)
        _, *rest = source.read_bytes().splitlines(keepends=True)
        source.write_bytes(b"".join(rest))
        result = batch(place, source)
        assert code(result) == 2
        assert "the first row does not name the columns" in result.stderr
        told_of = rest[0].decode().split(",")
        assert not [cell for cell in told_of if len(cell) > 3 and cell in result.stderr]
        assert not place[2].exists()
        assert not place[1].exists()
        assert len(issued(place[0])) == len(department.CASES)

    def test_unknown_keys_of_a_row_are_not_repeated(self, place, tmp_path):
        source = tmp_path / "rows.jsonl"
        source.write_text(json.dumps({"张示例": 1, "Zhang": 2, "colour": 3}), "utf-8")
        batch(place, source)
        text = place[2].read_text("utf-8")
        assert "colour" in text
        assert "张示例" not in text
        assert "Zhang" not in text


class TestStopped:
    def test_a_line_that_cannot_be_read_leaves_what_was_done_and_says_so(
        self, place, tmp_path
    ):
        source = as_table(tmp_path / "rows.csv", 3)
        whole = source.read_bytes()
        place[2].write_text("an older report")
        source.write_bytes(whole + "坏,行\r\n".encode("gb18030"))
        result = batch(place, source)
        partial = place[2].with_name("report.jsonl.partial")
        assert code(result) == 2
        assert "row 4 cannot be read" in result.stderr
        assert "CSV UTF-8" in result.stderr
        assert "3 rows: 3 issued" in result.stderr
        assert str(partial) in result.stderr
        assert [line["code"] for line in told(partial)] == ["VALID"] * 3
        assert place[2].read_text() == "an older report"
        source.write_bytes(whole)
        result = batch(place, source)
        assert code(result) == 0
        assert "0 issued, 3 issued before" in result.stderr
        assert len(told(place[2])) == 3
        assert not partial.exists()

    def test_ctrl_c_leaves_whole_files_and_no_traceback(self, place, tmp_path):
        workspace, out, report = place
        source = as_table(tmp_path / "rows.csv", 700)
        args = ["--workspace", workspace, "issue-batch", "food-business", source]
        started = subprocess.Popen(
            department.command(*args, "--out", out, "--report", report),
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"ELICENSE_LANG": "en"},
        )
        until = time.monotonic() + 60
        partial = report.with_name("report.jsonl.partial")
        # A whole chunk is told, and there are more.
        while time.monotonic() < until and not (
            partial.exists() and partial.read_bytes().count(b"\n") >= 200
        ):
            time.sleep(0.01)
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=60)
        assert started.returncode == 130, err
        assert "interrupted" in err
        assert "Traceback" not in err
        assert "Exception ignored" not in err
        kept = issued(workspace)
        names = {path.name: path.read_bytes() for path in out.iterdir()}
        assert names.items() <= kept.items()
        assert not report.exists()
        lines = told(partial)
        assert len(lines) >= 200
        assert {f"{line['identifier']}.pdf" for line in lines} <= names.keys()

    def test_two_runs_do_not_write_one_report(self, place, tmp_path):
        source = written(tmp_path / "rows.jsonl", 1)
        report = place[2].with_name("report.jsonl.partial")
        holder = subprocess.Popen(
            [sys.executable, "-c", _HOLDS, report], stdout=subprocess.PIPE
        )
        try:
            holder.stdout.readline()
            result = batch(place, source)
        finally:
            holder.kill()
            holder.communicate()
        assert code(result) == 2
        assert "another run is writing" in result.stderr
        assert report.read_bytes() == b"held"
        assert code(batch(place, source)) == 0

    def test_drafts_of_dead_runs_go_and_those_of_live_runs_stay(self, place, tmp_path):
        source = written(tmp_path / "rows.jsonl", 1)
        dead, alive = place[1] / ".new-batch-dead", place[1] / ".new-batch-alive"
        mine = place[1] / ".new-mine"
        for folder in (dead, alive, mine):
            folder.mkdir(parents=True)
            (folder / "draft.pdf").write_bytes(b"half")
        holder = subprocess.Popen(
            [sys.executable, "-c", _LOCKS, alive], stdout=subprocess.PIPE
        )
        try:
            holder.stdout.readline()
            assert code(batch(place, source)) == 0
        finally:
            holder.kill()
            holder.communicate()
        hidden = {path.name for path in place[1].glob(".*")}
        assert hidden == {alive.name, mine.name}
        assert (alive / "draft.pdf").read_bytes() == b"half"
        assert code(batch(place, source)) == 0
        assert {path.name for path in place[1].glob(".*")} == {mine.name}


_HOLDS = """
import fcntl, sys, time
file = open(sys.argv[1], "w")
file.write("held")
file.flush()
fcntl.lockf(file, fcntl.LOCK_EX)
print(flush=True)
time.sleep(60)
"""
_LOCKS = """
import fcntl, os, sys, time
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print(flush=True)
time.sleep(60)
"""


def founded(folder, count):
    """Make a workspace by the command, with rows beside it, to be copied."""
    made = department.run(
        *("init", folder / "ws", "--org", department.NAME),
        *("--uscc", department.USCC),
    )
    assert made.exit_code == 0, made.stderr
    written(folder / "rows.jsonl", count)
    return folder


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Copies of a workspace in which a batch was killed, and where it was."""
    base = founded(tmp_path_factory.mktemp("base"), 2)
    out = tmp_path_factory.mktemp("killed") / "out"
    return out, places.killed("batch", base, out)


class TestCrash:
    def test_killed_anywhere_the_same_command_finishes(self, killed):
        out, points = killed
        for n, point in points.items():
            folder = out / str(n)
            kept = issued(folder / "ws")
            found = folder / "out"
            names = {path.name: path.read_bytes() for path in found.glob("[!.]*")}
            assert names.items() <= kept.items(), point
            if n % 4 and len(points) - n > 3:
                continue  # finishing takes time; the last moments are each different
            report = folder / "report.jsonl"
            result = run(
                *(folder / "ws", "food-business", folder / "rows.jsonl"),
                *("--out", found, "--report", report),
            )
            assert code(result) == 0, (point, result.stderr)
            every = issued(folder / "ws")
            assert len(every) == 2, point
            assert kept.items() <= every.items(), point
            whole = {path.name: path.read_bytes() for path in found.iterdir()}
            assert whole == every, point
            assert [line["state"] for line in told(report)] == ["ISSUED"] * 2
            assert not report.with_name("report.jsonl.partial").exists()

    def test_files_are_on_disk_before_they_have_their_names(self, killed):
        points = [point.split(":")[0] for point in killed[1].values()]
        first = points.index("replace")
        # Each draft; before them the register of seals was made, and got its name.
        assert points[:first].count("sync") == 2 + 2
        assert points[first : first + 4] == ["replace", "replace", "sync", "opened"]
        assert points[first + 4 : first + 6] == ["replace", "sync"]  # the report

    def test_a_full_disk_leaves_nothing_half_and_the_same_command_finishes(
        self, tmp_path
    ):
        unshare = require_tool("unshare", "util-linux")
        inside = [unshare, "--mount", "--map-root-user"]
        founded(tmp_path, 6)
        (tmp_path / "out").mkdir()
        probe = [*inside, "mount", "-t", "tmpfs", "tmpfs", tmp_path / "out"]
        if subprocess.run(probe, check=False, capture_output=True).returncode:
            pytest.skip("this user may not mount")
        args = ["--workspace", tmp_path / "ws", "issue-batch", "food-business"]
        args += [tmp_path / "rows.jsonl", "--out", tmp_path / "out"]
        args += ["--report", tmp_path / "report.jsonl"]
        done = subprocess.run(
            [*inside, "sh", "-c", _FILLED, "sh", tmp_path, *department.command(*args)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=os.environ | {"ELICENSE_LANG": "en"},
        )
        assert done.stdout.split() == ["2", "0", "0", "6"], done.stderr
        assert "No space left on device; what was issued is stored" in done.stderr
        assert "0 issued, 6 issued before" in done.stderr
        with Workspace(tmp_path / "ws") as workspace:
            for name in (line["identifier"] for line in told(args[-1])):
                pdf = workspace.register.get(name).pdf
                assert (tmp_path / "kept" / f"{name}.pdf").read_bytes() == pdf


# Exit code and names in the folder on a disk for three PDFs, then on a larger one.
_FILLED = """
cd "$1" && shift && mount -t tmpfs -o size=200k tmpfs out || exit 1
"$@"; echo $?; ls -A out | wc -l
mount -o remount,size=8m out
"$@"; echo $?; ls -A out | wc -l
cp -R out kept
"""


class TestWrongUsage:
    def test_what_cannot_be_used_leaves_nothing(self, place, tmp_path):
        workspace, out, report = place
        source = written(tmp_path / "rows.jsonl", 1)
        text = tmp_path / "rows.txt"
        text.write_text("x")
        rows = source.read_bytes()
        hard, soft = tmp_path / "hard.jsonl", tmp_path / "soft.jsonl"
        hard.hardlink_to(source)
        soft.symlink_to(source)
        early = tmp_path / "early.jsonl"
        (tmp_path / "early.jsonl.partial").hardlink_to(source)
        cases = {
            "a report of another kind": (
                ["food-business", source, "--out", out, "--report", tmp_path / "r.txt"],
                "expected a .jsonl or .csv file",
            ),
            "no such file of rows": (
                ["food-business", out / "no", "--out", out, "--report", report],
                "is not a file",
            ),
            "a file where the folder should be": (
                ["food-business", source, "--out", source, "--report", report],
                "not a folder that can be written",
            ),
            "the file of rows as the report": (
                ["food-business", source, "--out", out, "--report", source],
                "would replace",
            ),
            "a hard link to the rows as the report": (
                ["food-business", source, "--out", out, "--report", hard],
                "would replace",
            ),
            "a soft link to the rows as the report": (
                ["food-business", source, "--out", out, "--report", soft],
                "would replace",
            ),
            "the rows under the name of the unfinished report": (
                ["food-business", source, "--out", out, "--report", early],
                "would replace",
            ),
            "rows of another kind": (
                ["food-business", text, "--out", out, "--report", report],
                "expected one of .csv, .jsonl, .xlsx, .parquet",
            ),
            "a type that is not there": (
                ["no-type", source, "--out", out, "--report", report],
                "there is no license type of this name",
            ),
        }
        for args, reason in cases.values():
            result = run(workspace, *args)
            assert code(result) == 2
            assert reason in result.stderr
            assert source.read_bytes() == rows
            assert not report.exists()
            assert not report.with_name("report.jsonl.partial").exists()
            assert not list(out.iterdir() if out.is_dir() else ())
            assert not list(tmp_path.glob(".new-*"))
