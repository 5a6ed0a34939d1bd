import json
import os
import subprocess
from datetime import UTC, datetime, timedelta

import pypdfium2
import pytest

from elicense import memory, pins
from elicense.cli import report
from elicense.policy import MAX_INPUT_BYTES
from esign import clock
from tests.elicense.cli.department import answers, command, process, run
from tests.support import require_tool

KEYS = {
    *("format", "input", "indication", "code", "scope", "at", "status_as_of"),
    *("evidence", "trust", "message", "checks", "license"),
}


def codes(result):
    return [item["code"] for item in answers(result)]


def test_the_answer_has_the_form_of_the_contract(department):
    path = department.folder / "person.pdf"
    result = department.run("verify", path, "--json")
    (answer,) = answers(result)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert set(answer) == KEYS
    assert answer["format"] == "elicense.verdict/1"
    assert answer["input"] == str(path)
    assert (answer["indication"], answer["code"]) == ("PASSED", "VALID")
    assert answer["scope"] == "document"
    assert answer["trust"] == {"root": department.root, "number": 1}
    assert answer["license"]["holder"].endswith("*")
    assert answer["license"]["number"].startswith("****")


def test_pdf_picture_and_text_are_read(department, tmp_path):
    text = department.issued("food")["qr_text"]
    document = pypdfium2.PdfDocument((department.folder / "food.pdf").read_bytes())
    picture = tmp_path / "paper.jpg"
    document[0].render(scale=200 / 72).to_pil().convert("RGB").save(picture)
    document.close()
    result = department.run(
        "verify", department.folder / "food.pdf", picture, "-", "--json", stdin=text
    )
    assert result.exit_code == 0
    assert [item["scope"] for item in answers(result)] == ["document", "qr", "qr"]
    assert len({item["license"]["identifier"] for item in answers(result)}) == 1


def test_one_bad_input_never_stops_the_run(department, tmp_path):
    good = department.folder / "food.pdf"
    huge, other = tmp_path / "huge.pdf", tmp_path / "other.txt"
    with huge.open("wb") as file:
        file.truncate(MAX_INPUT_BYTES + 1)
    other.write_text("not a license")
    empty = tmp_path / "empty.pdf"
    empty.touch()
    cut = tmp_path / "cut.pdf"
    cut.write_bytes(good.read_bytes()[:-200])
    inputs = (tmp_path / "missing", tmp_path, huge, other, empty, cut, good)
    result = department.run("verify", *inputs, "--json")
    assert [item["input"] for item in answers(result)] == [str(path) for path in inputs]
    assert codes(result)[:5] == [*["UNREADABLE"] * 3, "UNSUPPORTED", "UNREADABLE"]
    assert codes(result)[5] != "VALID"
    assert codes(result)[6] == "VALID"
    assert result.exit_code in (1, 3)


EXIT_CODES = {
    "all passed": (["GOOD", "GOOD"], 0),
    "one failed": (["GOOD", "BROKEN", ""], 1),
    "none failed and one indeterminate": (["GOOD", ""], 3),
    "only an empty line": ([""], 3),
    "no line at all": ([], 3),
    "a foreign code": (["https://example.org/"], 3),
}


@pytest.mark.parametrize("name", EXIT_CODES)
def test_exit_codes(name, department):
    kinds, expected = EXIT_CODES[name]
    text = department.issued("food")["qr_text"]
    lines = [
        text if kind == "GOOD" else text[:-3] if kind == "BROKEN" else kind
        for kind in kinds
    ]
    stdin = "".join(f"{line}\n" for line in lines)
    result = department.run("verify", "-", "--json", stdin=stdin)
    assert result.exit_code == expected
    names = [item["input"] for item in answers(result)]
    assert names == [f"-:{n}" for n in range(1, len(lines) + 1)] or names == ["-"]


LINES = {
    "a space before": " {}",
    "a space after": "{} ",
    "small letters": "{}".lower(),
    "a byte order mark": "\ufeff{}",
    "a tab": "\t{}",
    "full width": "\uff25\uff2c\uff11",
    "twice": "{0}{0}",
    "a form feed": "{}\f",
    "far too long": "{}" + "0" * 200_000,
    "only a carriage return in it": "{}\r\r",
}


@pytest.mark.parametrize("name", LINES)
def test_nothing_is_trimmed(name, department):
    text = department.issued("food")["qr_text"]
    line = text.lower() if name == "small letters" else LINES[name].format(text)
    result = department.run("verify", "-", "--json", stdin=f"{line}\n{text}\n")
    assert codes(result)[1:] == ["VALID"]
    assert codes(result)[0] in ("MALFORMED", "UNSUPPORTED")


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_end_of_a_line_is_no_part_of_it(end, department):
    text = department.issued("food")["qr_text"]
    result = department.run("verify", "-", "--json", stdin=text + end)
    assert codes(result) == ["VALID"]


def test_bytes_that_are_no_text_get_an_answer(department):
    result = department.run("verify", "-", "--json", stdin=b"\xff\xfe\x00\n\x80")
    assert codes(result) == ["UNSUPPORTED", "UNSUPPORTED"]


def test_outside_it_needs_a_bundle_and_a_pin(department, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    env = {"ELICENSE_HOME": str(tmp_path / "home")}
    pdf, bundle = department.folder / "food.pdf", department.trust_file
    for lang, expected in (("zh", "没有信任包"), ("en", "no trust bundle")):
        result = run("verify", pdf, "--json", lang=lang, env=env)
        assert codes(result) == ["UNKNOWN_ISSUER"]
        assert result.exit_code == 3
        assert expected in result.stderr
    for lang, expected in (("zh", "未被固定"), ("en", "is not pinned")):
        result = run("verify", pdf, "--json", "--trust", bundle, lang=lang, env=env)
        assert codes(result) == ["UNKNOWN_ISSUER"]
        assert expected in result.stderr
        assert "trust pin" in result.stderr
    given = ("--trust", bundle, "--root", department.root)
    assert codes(run("verify", pdf, "--json", *given, env=env)) == ["VALID"]
    pinned = run("trust", "pin", bundle, "--root", department.root, env=env)
    assert pinned.exit_code == 0
    assert codes(run("verify", pdf, "--json", "--trust", bundle, env=env)) == ["VALID"]


def test_a_root_that_is_given_is_the_only_one(department):
    other = f"sha256:{'0' * 64}"
    result = department.run(
        "verify", department.folder / "food.pdf", "--json", "--root", other
    )
    assert codes(result) == ["UNKNOWN_ISSUER"]


def test_a_refused_bundle_believes_nothing_and_says_why(department, tmp_path):
    data = bytearray(department.trust_file.read_bytes())
    data[-1] ^= 1
    broken = tmp_path / "broken.elt"
    broken.write_bytes(bytes(data))
    result = department.run(
        *("verify", department.folder / "food.pdf", "--json", "--trust", broken)
    )
    assert codes(result) == ["UNKNOWN_ISSUER"]
    assert result.exit_code == 3
    assert "refused" in result.stderr


def test_a_lost_publication_believes_nothing(own):
    own.trust_file.unlink()
    result = own.run("verify", own.folder / "food.pdf", "--json")
    assert codes(result) == ["UNKNOWN_ISSUER"]
    assert "trust.elt" in result.stderr


def test_a_bundle_that_is_not_there_is_wrong_usage(department):
    pdf = department.folder / "food.pdf"
    result = department.run("verify", pdf, "--trust", "nowhere.elt")
    assert result.exit_code == 2
    assert result.stdout == ""


def test_damaged_pins_are_never_ignored(department, tmp_path):
    (tmp_path / pins.FILE_NAME).write_bytes(b"{}")
    env = {"ELICENSE_HOME": str(tmp_path)}
    for lang, expected in (("zh", "已损坏"), ("en", "is damaged")):
        result = department.run(
            "verify", department.folder / "food.pdf", lang=lang, env=env
        )
        assert result.exit_code == 2
        assert expected in result.stderr


INSTANTS = {
    "an instant with its offset": ("2031-12-31T08:00:00+08:00", "2031-12-31T00:00:00Z"),
    "an instant in UTC": ("2031-12-31T00:00:00Z", "2031-12-31T00:00:00Z"),
    "a day begins in UTC+8": ("2031-12-31", "2031-12-30T16:00:00Z"),
}


@pytest.mark.parametrize("name", INSTANTS)
def test_the_instant_is_one_for_all_and_can_be_given(name, department):
    given, expected = INSTANTS[name]
    text = department.issued("food")["qr_text"]
    result = department.run(
        "verify", "-", "--json", "--at", given, stdin=f"{text}\n{text}\n"
    )
    assert {item["at"] for item in answers(result)} == {expected}
    assert codes(result) == ["EXPIRED", "EXPIRED"]
    assert result.exit_code == 1


def test_without_the_face_the_scope_says_so(department):
    result = department.run(
        "verify", department.folder / "food.pdf", "--no-face", "--json"
    )
    assert answers(result)[0]["scope"] == "sealed"


def test_people_read_their_language(department):
    pdf = department.folder / "person.pdf"
    zh = department.run("verify", pdf, pdf, lang="zh")
    en = department.run("verify", pdf, pdf)
    assert "有效" in zh.stdout
    assert "共 2 个" in zh.stderr
    assert "Valid" in en.stdout
    assert "2 PASSED" in en.stderr
    assert "示例市行政审批局" in en.stdout


def test_control_characters_of_a_name_do_not_reach_the_terminal(department, tmp_path):
    path = tmp_path / "a\x1b[2Jb\u202e.pdf"
    path.write_bytes(b"%PDF-1.7")
    result = department.run("verify", path)
    assert "\x1b[2J" not in result.stdout
    assert "\u202e" not in result.stdout


def test_a_name_that_is_no_text_gets_json(department, tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.pdf"
    with open(path, "wb") as file:  # noqa: PTH123  a path of bytes
        file.write((department.folder / "food.pdf").read_bytes())
    arguments = command("--workspace", department.place, "verify", "--json")
    done = subprocess.run([*arguments, path], capture_output=True, check=False)
    assert done.returncode == 0
    assert json.loads(done.stdout)["code"] == "VALID"


def test_no_network_is_used(department):
    unshare = require_tool("unshare", "util-linux")
    arguments = command(
        *("--workspace", department.place, "verify", "--json"),
        *(department.folder / "person.pdf", department.folder / "food.pdf"),
    )
    probe = subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False)
    if probe.returncode:
        arguments = [arguments[0], "-c", _AUDITED, *arguments[3:]]
    else:
        arguments = [unshare, "-rn", *arguments]
    done = subprocess.run(arguments, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert len(done.stdout.splitlines()) == 2


_AUDITED = """
import sys
def refuse(event, args):
    # An event loop of the second engine makes a pair of sockets for itself.
    if event.startswith("socket.") and event != "socket.__new__":
        raise RuntimeError(event)
sys.addaudithook(refuse)
from elicense.cli import main
main()
"""


def test_no_name_is_looked_up_and_nothing_is_connected(department):
    arguments = command(
        "--workspace", department.place, "verify", department.folder / "food.pdf"
    )
    done = subprocess.run(
        [arguments[0], "-c", _AUDITED, *arguments[3:]],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


def test_an_empty_standard_input_of_a_real_process_is_no_success(department):
    done = process("--workspace", department.place, "verify", "-")
    assert done.returncode == 3
    assert done.stdout.startswith(b"? UNREADABLE")


def test_people_see_that_it_is_a_specimen_and_the_time_of_china(department):
    path = department.folder / "food.pdf"
    at = ("--at", "2026-12-31T20:15:20Z")
    texts = {
        "zh": ("样张 无法律效力", "核验时间 2027-01-01 04:15:20 +08:00"),
        "en": ("specimen no legal effect", "at 2027-01-01 04:15:20 +08:00"),
    }
    for lang, expected in texts.items():
        shown = department.run("verify", path, *at, lang=lang).stdout
        lines = [" ".join(line.split()) for line in shown.splitlines()]
        assert [line for line in expected if line not in lines] == []
    (answer,) = answers(department.run("verify", path, *at, "--json"))
    assert answer["at"] == "2026-12-31T20:15:20Z"
    assert answer["license"]["specimen"] is True


NO_BUNDLES = {
    "an empty file": b"",
    "a license": b"%PDF-1.7",
    "not ours": bytes(100),
}


@pytest.mark.parametrize("name", NO_BUNDLES)
def test_a_file_that_is_no_bundle_is_called_so(name, department, tmp_path):
    bundle = tmp_path / "other.elt"
    bundle.write_bytes(NO_BUNDLES[name])
    path = department.folder / "food.pdf"
    for lang, expected in (("zh", "不是信任包"), ("en", "not a trust bundle")):
        result = run("verify", path, "--trust", bundle, "--json", lang=lang)
        assert codes(result) == ["UNKNOWN_ISSUER"]
        assert result.exit_code == 3
        assert expected in result.stderr


def test_a_root_that_is_not_the_files_is_told(department):
    other = f"sha256:{'0' * 64}"
    path = department.folder / "food.pdf"
    args = ("verify", path, "--trust", department.trust_file, "--root", other)
    for lang, expected in (("zh", "与 --root 不同"), ("en", "not the one of --root")):
        result = run(*args, "--json", lang=lang)
        assert codes(result) == ["UNKNOWN_ISSUER"]
        assert result.exit_code == 3
        assert expected in result.stderr
        assert department.root in result.stderr
        assert other in result.stderr


def test_an_instant_without_a_day_in_china_stays_in_utc():
    last = datetime(9999, 12, 31, 15, 59, 59, tzinfo=UTC)
    assert report.moment(last) == "9999-12-31 23:59:59 +08:00"
    after = last + timedelta(seconds=1)
    assert report.moment(after) == "9999-12-31 16:00:00+00:00"


def pinned_home(department, folder, ahead):
    """Return an environment whose home pinned the department and saw a later time."""
    home = folder / "home"
    path, root = department.trust_file, department.root
    env = {"ELICENSE_HOME": str(home)}
    assert run("trust", "pin", path, "--root", root, env=env).exit_code == 0
    now = clock.now() + ahead
    memory.believe(home, path.read_bytes(), now, roots=(root,))
    return env


def test_a_workspace_notices_a_clock_that_was_set_back(department, tmp_path):
    env = pinned_home(department, tmp_path, timedelta(days=1))
    path = department.folder / "food.pdf"
    for lang, expected in (("zh", "校准时间"), ("en", "set it right")):
        result = department.run("verify", path, "--json", env=env, lang=lang)
        assert codes(result) == ["CLOCK_ROLLBACK"]
        assert expected in result.stderr
    at = ("--at", clock.now().isoformat())
    assert codes(department.run("verify", path, "--json", *at, env=env)) == ["VALID"]


def test_an_older_own_publication_is_not_believed(own, tmp_path):
    path, old = own.folder / "food.pdf", own.trust_file.read_bytes()
    env = pinned_home(own, tmp_path, timedelta())
    identifier = own.issued("food")["identifier"]
    assert own.run("revoke", identifier, "--reason", "cancelled").exit_code == 0
    assert own.run("publish").exit_code == 0
    given = ("verify", path, "--json", "--trust", own.trust_file)
    assert codes(own.run(*given, env=env)) == ["REVOKED"]
    own.trust_file.write_bytes(old)
    result = own.run(*given, env=env)
    assert codes(result) == ["UNKNOWN_ISSUER"]
    assert "get the current one" in result.stderr
    for lang, expected in (("zh", "不予采信"), ("en", "cannot be used")):
        result = own.run("verify", path, "--json", env=env, lang=lang)
        assert codes(result) == ["UNKNOWN_ISSUER"]
        assert expected in result.stderr


def test_lost_memory_is_never_ignored_in_a_workspace_either(department, tmp_path):
    env = pinned_home(department, tmp_path, timedelta())
    (tmp_path / "home" / memory.FILE_NAME).unlink()
    for lang, expected in (("zh", "缺失或已损坏"), ("en", "missing or damaged")):
        path = department.folder / "food.pdf"
        result = department.run("verify", path, env=env, lang=lang)
        assert (result.exit_code, result.stdout) == (2, "")
        assert expected in result.stderr
