"""The command ``issue-batch``: a file in, PDFs and a report out."""

import csv
import json

import pytest

from tests.elicense.cli import department
from tests.elicense.cli.department import sample


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


class TestWrongUsage:
    def test_what_cannot_be_used_leaves_nothing(self, place, tmp_path):
        workspace, out, report = place
        source = written(tmp_path / "rows.jsonl", 1)
        text = tmp_path / "rows.txt"
        text.write_text("x")
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
            assert not report.exists()
            assert not list(out.iterdir() if out.is_dir() else ())
            assert not list(tmp_path.glob(".new-*"))
