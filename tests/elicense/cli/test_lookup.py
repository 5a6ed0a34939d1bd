"""The command that asks a register for numbers."""

import json
import os
import subprocess
import sys

from tests.elicense.cli.department import USCC, answers

OTHER = "119901000000000355"


def number_of(own, case="food"):
    shown = answers(own.run("show", own.issued(case)["identifier"], "--json"))[0]
    return shown["record"]["number"], shown["record"]["holders"][0]


def test_a_number_is_answered_and_logged(own):
    number, holder = number_of(own)
    asked = own.write("holder.json", {"name": holder["name"], "code": holder["code"]})
    done = own.run(
        "lookup", number, "NONE", "--purpose", "检查", "--holder", asked, "--json"
    )
    assert done.exit_code == 1
    first, second = answers(done)
    assert first["format"] == "elicense.lookup/1"
    assert first["licenses"][0]["identifier"] == own.issued("food")["identifier"]
    assert first["licenses"][0]["holder_matches"] is True
    assert (second["found"], second["licenses"]) == (False, [])
    lines = (own.place / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == ["found", "none"]
    for lang, words in (("zh", "已签发"), ("en", "does not match")):
        part = '{"name": "别人"}'
        args = ("lookup", number, "--purpose", "check", "--holder", "-")
        shown = own.run(*args, lang=lang, stdin=part)
        assert shown.exit_code == 0
        assert words in shown.stdout
        assert holder["name"] not in shown.stdout
        assert "核验" in shown.stderr or "verified" in shown.stderr


def test_others_need_a_grant(own):
    number, _ = number_of(own)
    args = ("lookup", number, "--purpose", "check", "--caller", OTHER, "--json")
    done = own.run(*args)
    assert done.exit_code == 2
    assert "not granted" in done.stderr
    table = f"""format = "elicense.callers/1"
[[caller]]
organization = "{OTHER}"
departments = ["{USCC}"]
types = ["business-license"]
"""
    (own.place / "callers.toml").write_text(table, encoding="utf-8")
    assert answers(own.run(*args))[0]["found"] is False
    (own.place / "callers.toml").write_text(
        table.replace("business-license", "food-business"), encoding="utf-8"
    )
    assert answers(own.run(*args))[0]["found"] is True
    (own.place / "callers.toml").write_text("x = 1\n", encoding="utf-8")
    assert own.run(*args).exit_code == 2


def test_a_purpose_and_a_holder_have_their_form(own):
    assert own.run("lookup", "JY1").exit_code == 2
    for text in (
        *('{"age": 3}', "[]", "nothing", '{"name": "a", "x": 1}', "{}", "[" * 9999),
        *('{"name": ""}', '{"name": "a", "code": ""}', '{"code": 1}', '["name"]'),
    ):
        done = own.run("lookup", "JY1", "--purpose", "xx", "--holder", "-", stdin=text)
        assert done.exit_code == 2
        assert "--holder" in done.stderr
    done = own.run(
        *("lookup", "JY1", "--purpose", "xx", "--holder", "-"),
        stdin='{"code": "1"}',
    )
    assert done.exit_code == 1


def test_no_number_is_answered_where_one_will_not_do(own):
    number, _ = number_of(own)
    log = own.place / "calls.jsonl"
    before = log.read_bytes() if log.exists() else b""
    for numbers in ((number, ""), (number, "x" * 201), (number, "JY\n1")):
        done = own.run("lookup", *numbers, "--purpose", "check", "--json")
        assert (done.exit_code, done.stdout) == (2, "")
    done = own.run("lookup", number, "--purpose", "check", "--caller", "anybody")
    assert done.exit_code == 2
    assert "18" in done.stderr
    assert (log.read_bytes() if log.exists() else b"") == before


def test_every_answer_that_was_seen_is_in_the_log(own):
    """Killed at any point: what was printed had been logged before."""
    number, _ = number_of(own)
    log = own.place / "calls.jsonl"
    log.unlink(missing_ok=True)
    numbers = [number, *(f"NONE{n}" for n in range(300))]
    main = (
        "import sys; sys.stdout.reconfigure(line_buffering=True);"
        " from elicense.cli import main; main()"
    )
    arguments = [sys.executable, "-c", main, "lookup", *numbers, "--purpose", "check"]
    process = subprocess.Popen(
        [*arguments, "--json", "--workspace", own.place],
        stdout=subprocess.PIPE,
        env={**os.environ, "ELICENSE_HOME": str(own.place.parent)},
    )
    seen = [process.stdout.readline() for _ in range(40)]
    process.kill()
    seen += process.communicate()[0].splitlines()
    assert len(seen) < len(numbers)
    logged = [json.loads(line)["number"] for line in log.read_text().splitlines()]
    assert numbers[: len(logged)] == logged
    assert len(logged) >= len([line for line in seen if line.strip()]) >= 40
