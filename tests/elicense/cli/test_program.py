import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from elicense.masking import contains_citizen_id
from tests.elicense.cli.department import (
    PERSON,
    answers,
    command,
    process,
    run,
    sample,
)

HEAVY = ("pyhanko", "reportlab", "pypdfium2", "pikepdf")


@pytest.mark.parametrize("args", [["--help"], ["types"], ["types", "--json"]])
def test_help_and_catalog_do_not_wait_for_pdf_engines(args, tmp_path):
    code = (
        "import sys\nfrom elicense.cli import main\n"
        "try:\n    main()\nfinally:\n"
        f"    print([n for n in {HEAVY!r} if n in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        capture_output=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stderr.decode().strip() == "[]"


def test_version_names_program_and_number():
    result = run("--version")
    assert result.exit_code == 0
    assert result.stdout.split() == ["elicense", "0.1.0"]


WRONG_USAGE = {
    "no such command": (["nonsense"], "没有命令", "No such command"),
    "no such option": (
        ["types", "--nonsense"],
        "没有选项 --nonsense",
        "No such option",
    ),
    "an argument missing": (["verify"], "缺少", "Missing argument"),
    "an option missing": (["issue", "food-business"], "缺少", "Missing option"),
    "an option with choices missing": (
        ["seal", "disable", "x"],
        "'--reason'，只能取：held, reorganised（",
        "'--reason'. Choose from: held, reorganised (",
    ),
    "an argument too many": (["publish", "now"], "extra argument", "extra argument"),
    "two trust bundles": (
        ["verify", "-", "--trust", "a.elt", "--trust", "b.elt"],
        "--trust 只能给出一次",
        "--trust may be given once",
    ),
    "stdin twice": (["verify", "-", "-"], "只能出现一次", "given once"),
    "a root in capitals": (
        ["verify", "-", "--root", "sha256:" + "A" * 64],
        "64 位小写",
        "64 small hexadecimal",
    ),
    "a naive instant": (
        ["verify", "-", "--at", "2026-01-01T00:00:00"],
        "带时区",
        "with its offset",
    ),
    "a day that is none": (["verify", "-", "--at", "2026-02-30"], "日期", "a day"),
    "an instant before 1970": (
        ["verify", "-", "--at", "0001-01-01T00:00:00+14:00"],
        "1970",
        "1970",
    ),
    "an algorithm that is none": (
        ["init", "x", "--org", "示例机构", "--uscc", "1", "--algorithm", "RSA"],
        "没有这种签名算法",
        "unknown algorithm",
    ),
    "a sample of nothing": (["types", "--sample"], "TYPE", "TYPE"),
    "a case and a row": (
        ["issue", "t", "--data", "-", "--out", "x.pdf", "--case", "1", "--row", "2"],
        "只能用一个",
        "use one of",
    ),
}


@pytest.mark.parametrize("name", WRONG_USAGE)
def test_wrong_usage_is_told_in_both_languages(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    args, zh, en = WRONG_USAGE[name]
    for lang, expected in (("zh", zh), ("en", en)):
        result = run(*args, lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
        assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("args", [[], ["trust"]], ids=["program", "group"])
def test_a_group_alone_shows_its_help_and_no_error(args):
    for lang in ("zh", "en"):
        result = run(*args, lang=lang)
        assert result.exit_code == 2
        assert result.stderr.startswith("Usage: ")
        assert "Commands:" in result.stderr
        assert "Error" not in result.stderr
        assert result.stdout == ""


def test_an_error_of_the_parser_does_not_repeat_a_citizen_id():
    code = sample("special-operation", PERSON)["holders"][0]["code"]
    for lang in ("zh", "en"):
        result = run(code, lang=lang)
        assert result.exit_code == 2
        assert not contains_citizen_id(result.stderr)


def test_common_options_may_stand_before_and_after_the_command(department):
    before = run("--workspace", department.place, "trust", "show", "--json")
    after = run("trust", "show", "--json", "--workspace", department.place)
    among = run("trust", "--workspace", department.place, "show", "--json")
    by_name = run(
        *("trust", "show", "--json"), env={"ELICENSE_WORKSPACE": str(department.place)}
    )
    assert before.exit_code == 0
    assert before.stdout == after.stdout == among.stdout == by_name.stdout
    wrong = run("--workspace", "nowhere", "trust", "show", "--workspace", "elsewhere")
    assert "elsewhere" in wrong.stderr


def test_the_options_beat_the_environment(department, tmp_path):
    env = {"ELICENSE_WORKSPACE": str(tmp_path)}
    assert run("trust", "show", env=env).exit_code == 2
    assert run("--workspace", department.place, "trust", "show", env=env).exit_code == 0


PLACES = {
    "publish": ["publish"],
    "revoke": ["revoke", "1", "--reason", "cancelled"],
    "show": ["show", "1"],
    "verify": ["verify", "-"],
    "trust show": ["trust", "show"],
    "types": ["types"],
}


@pytest.mark.parametrize("name", PLACES)
def test_a_named_folder_that_is_no_workspace_is_refused(name, tmp_path):
    for lang, expected in (("zh", "不是工作区"), ("en", "is not a workspace")):
        result = run("--workspace", tmp_path, *PLACES[name], lang=lang, stdin="")
        assert result.exit_code == 2
        assert expected in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_locked_register_is_told_plainly(own):
    before = own.state()
    identifier = own.issued("food")["identifier"]
    args = ("--workspace", own.place, "revoke", identifier, "--reason", "cancelled")
    holder = sqlite3.connect(own.place / "register.db", isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        runs = {
            lang: subprocess.Popen(
                command(*args),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "ELICENSE_LANG": lang},
            )
            for lang in ("zh", "en")
        }
        ended = {
            lang: (*run.communicate(), run.returncode) for lang, run in runs.items()
        }
    finally:
        holder.close()
    for lang, text in (("zh", "正被占用"), ("en", "locked")):
        out, err, code = ended[lang]
        assert code == 2
        assert out == b""
        assert text in err.decode()
        assert "Traceback" not in err.decode()
    assert own.state() == before


def test_a_reader_that_goes_away_is_no_error(department, tmp_path):
    texts = tmp_path / "texts"
    texts.write_text(f"{department.issued('food')['qr_text']}\n" * 3000)
    with texts.open("rb") as lines:
        started = subprocess.Popen(
            command("--workspace", department.place, "verify", "-", "--json"),
            stdin=lines,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.stdout.close()
        _, error = started.communicate(timeout=30)
    assert started.returncode == 141
    assert error == b""


def test_an_output_that_takes_no_more_is_told(department):
    with open("/dev/full", "wb") as full:  # noqa: PTH123  a device, not a file
        done = subprocess.run(
            command("--workspace", department.place, "trust", "show", "--json"),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 2
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_name_that_no_file_system_takes_is_told():
    for lang, expected in (("zh", "系统错误"), ("en", "the system says")):
        result = run("show", "1" * 5000, lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr


def test_an_interrupt_ends_the_run_with_a_line(department):
    started = subprocess.Popen(
        command("--workspace", department.place, "verify", "-"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "ELICENSE_LANG": "en"},
    )
    started.stdin.write(f"{department.issued('food')['qr_text']}\n".encode())
    started.stdin.flush()
    assert b"VALID" in started.stdout.readline()
    started.send_signal(signal.SIGINT)
    _, error = started.communicate(timeout=30)
    assert started.returncode == 130
    assert b"interrupted" in error
    assert b"Traceback" not in error


def test_a_real_process_prints_only_json(department):
    done = process(
        *("--workspace", department.place, "verify", "--json"),
        *(department.folder / f"{case}.pdf" for case in ("food", "person")),
    )
    assert done.returncode == 0
    assert done.stderr == b""
    codes = [item["code"] for item in answers_of(done)]
    assert codes == ["VALID", "VALID"]


def answers_of(done):
    class Decoded:
        stdout = done.stdout.decode()

    return answers(Decoded)


def test_a_terminal_without_chinese_gets_json_in_ascii(department):
    done = process(
        *("--workspace", department.place, "verify", "--json"),
        department.folder / "food.pdf",
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert answers_of(done)[0]["message"]["zh"] == "有效"
