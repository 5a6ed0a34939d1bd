"""Each example runs as a user would run it: alone, in an empty folder."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pypdfium2
import pytest
from PIL import Image

from elicense import Workspace
from elicense.issuing import rows
from tests.elicense import foundry
from tests.elicense.cli.department import command
from tests.support import ROOT

EXAMPLES = ROOT / "examples"
ORGAN = "11990100000000027A"


def run(
    name: str, folder: Path, *arguments: str, seconds: int = 60
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=seconds,
    )


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Return a folder in which the first example has run, and what it printed."""
    folder = tmp_path_factory.mktemp("first")
    done = run("first_license.py", folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.fixture(scope="module")
def root(office):
    text = (office[0] / "office" / "elicense.toml").read_text(encoding="utf-8")
    (found,) = re.findall(r"sha256:[0-9a-f]{64}", text)
    return found


def picture(pdf: Path) -> Path:
    """Return a JPEG of the page, as a phone would send it."""
    document = pypdfium2.PdfDocument(pdf)
    page = document[0]
    path = pdf.with_suffix(".jpg")
    page.render(scale=200 / 72).to_pil().save(path, quality=80)
    page.close()
    document.close()
    return path


def test_first_license_passes_twice_and_is_revoked(office):
    folder, printed = office
    assert printed.splitlines() == [
        "PDF: Valid",
        "QR: Valid. Only the QR code was verified: compare it with what you see",
        "PDF: Revoked",
    ]
    assert (folder / "license.pdf").read_bytes().startswith(b"%PDF-1.7")


def test_verify_offline_finds_it_revoked_and_every_check_made(office, root):
    done = run(
        "verify_offline.py", office[0], "office/public/trust.elt", root, "license.pdf"
    )
    assert done.returncode == 1, done.stderr
    first, *checks = done.stdout.splitlines()
    assert first == "license.pdf FAILED REVOKED document"
    assert "    face PASSED " in checks
    assert any(line.startswith("    status FAILED") for line in checks)


def test_verify_offline_refuses_another_root(office):
    other = "sha256:" + "0" * 64
    done = run(
        "verify_offline.py", office[0], "office/public/trust.elt", other, "license.pdf"
    )
    assert done.returncode != 0
    assert "its root is not a pinned one" in done.stderr
    assert done.stdout == ""


def test_qr_from_picture_reads_the_symbol_and_its_verdict(office, root):
    folder = office[0]
    name = picture(folder / "license.pdf").name
    done = run("qr_from_picture.py", folder, "office/public/trust.elt", root, name)
    assert done.returncode == 1, done.stderr
    assert "begins with EL1-AQYZ/.:$" in done.stdout
    assert "REVOKED - 已撤销、吊销或注销 - Revoked" in done.stdout
    assert "  number: JY29901010000000" in done.stdout


@pytest.mark.parametrize("name", ["verify_offline.py", "qr_from_picture.py"])
@pytest.mark.parametrize("given", [[], ["trust.elt", "sha256:0"]], ids=["none", "two"])
def test_too_few_arguments_get_the_usage(name, given, tmp_path):
    done = run(name, tmp_path, *given)
    assert done.returncode == 2
    assert f"Usage: python {name} TRUST_FILE ROOT_FINGERPRINT" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_seal_only_seals_and_refuses(tmp_path):
    done = run("seal_only.py", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "sealed.pdf: VALID",
        "one word changed: BAD_SIGNATURE",
        "nobody believed: UNKNOWN_ISSUER",
    ]
    assert b"/ByteRange" in (tmp_path / "sealed.pdf").read_bytes()


def test_every_example_has_a_test():
    cluster = ROOT / "tests" / "elicense" / "test_spark.py"
    text = "".join(
        path.read_text(encoding="utf-8") for path in (Path(__file__), cluster)
    )
    names = sorted(path.name for path in EXAMPLES.glob("*.py"))
    assert len(names) == 9
    assert [name for name in names if f'"{name}"' not in text] == []


def test_a_citys_day_is_issued_and_validated(tmp_path):
    done = run("city_day.py", tmp_path, "7")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "batch: {'issued': 7}",
        "lean: {'VALID': 7}",
        "scope: sealed",
    ]
    assert len(list((tmp_path / "day").iterdir())) == 7


def test_applications_are_ready_for_issue_batch(tmp_path):
    done = run("applications.py", tmp_path, "--count", "40", "--out", "rows")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 8
    assert "teacher.jsonl: 6" in done.stdout
    with Workspace.create(tmp_path / "office", name="示例市局", code=ORGAN) as office:
        kind = office.catalog.get("teacher")
        with (tmp_path / "rows" / "teacher.jsonl").open("rb") as stream:
            asked = list(rows.read(stream, ".jsonl", kind))
        outcomes = list(office.issue_many(asked, list))
    assert [outcome.error for outcome in outcomes] == [None] * 6


def totals(done: subprocess.CompletedProcess[str]) -> list[int]:
    """Return how many are good, and of how many, of the line of all."""
    last = next(line for line in done.stdout.splitlines() if line.startswith("all"))
    return [int(number) for number in last.split()[1:3]]


def test_many_texts_come_to_the_summary_that_was_planted(tmp_path):
    done = run("million.py", tmp_path, "10000", "in.parquet", "--workers", "2")
    assert done.returncode == 0, done.stderr
    planted = json.loads(done.stdout)
    assert planted["rows"] == sum(planted["kinds"].values()) == 10_000
    assert len(planted["kinds"]) == 19
    options = ("--trust", "in.elt", "--root", planted["root"], "--at", planted["at"])
    verified = subprocess.run(
        command("verify-bulk", "in.parquet", *options, "--out", "out.parquet"),
        cwd=tmp_path,
        env={**os.environ, "ELICENSE_LANG": "en", "ELICENSE_HOME": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert verified.returncode == 1, verified.stderr
    *told, last = verified.stderr.splitlines()
    parts = ", ".join(
        f"{planted['indications'][name]} {name}"
        for name in ("PASSED", "FAILED", "INDETERMINATE")
    )
    assert last == f"10000 rows: {parts}; see out.parquet"
    expected = [
        f"{item['rows']:>10}  {item['code']:<15} "
        + (f"{item['name']} {item['issuer']}".strip() or "(issuer not known)")
        for item in planted["by_issuer"]
    ]
    # GmSSL tells of each signature that fails, and nothing else of it.
    assert [line for line in told if re.match(" *[0-9]", line)] == expected
    given = pq.read_table(tmp_path / "in.parquet", columns=["code"])
    found = pq.read_table(tmp_path / "out.parquet", columns=["code"])
    assert found.equals(given.cast(found.schema))


@pytest.mark.parametrize("given", [["0", "x.parquet"], ["5", "x.csv"]])
def test_many_texts_have_a_usage(tmp_path, given):
    done = run("million.py", tmp_path, *given)
    assert done.returncode == 2
    assert "usage: million.py" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_thousand_licenses_of_every_type_are_valid_page_and_all(tmp_path):
    done = run("every_type.py", tmp_path, "all", "--count", "1000", seconds=600)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    good, count = totals(done)
    assert good == count > 1050
    prints = list((tmp_path / "all" / "pdf").rglob("*.pdf"))
    assert len(prints) == count
    assert sum(path.name.endswith(".副本.pdf") for path in prints) > 100
    sheets = sorted(path.name for path in (tmp_path / "all" / "sheets").iterdir())
    assert len(sheets) == 9
    with Image.open(tmp_path / "all" / "sheets" / "overview.png") as image:
        assert image.width == 1600


@pytest.mark.slow
def test_every_type_goes_on_where_it_stopped_and_tells_what_is_bad(tmp_path):
    """With a face of the workspace for a character that ours lack."""
    (tmp_path / "rare.ttf").write_bytes(foundry.truetype())
    given = ("all", "--count", "24", "--face", "rare.ttf", "--rare", foundry.RARE * 40)
    done = run("every_type.py", tmp_path, *given)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    text = "".join(
        path.read_text(encoding="utf-8")
        for path in (tmp_path / "all" / "rows").iterdir()
    )
    assert foundry.RARE in text
    prints = sorted((tmp_path / "all" / "pdf").rglob("*.pdf"))
    prints[0].unlink()
    *_, again = (tmp_path / "all" / "pdf").glob("special-operation/*.卡片.pdf")
    again.write_bytes(again.read_bytes()[:-9])
    done = run("every_type.py", tmp_path, *given)
    assert done.returncode == 1
    good, count = totals(done)
    assert (good, count) == (len(prints) - 1, len(prints))
    assert again.name in done.stdout
