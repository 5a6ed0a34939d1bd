import json
import os
import pty
import select
import sqlite3
import subprocess
from contextlib import closing

import pytest

from tests.elicense.cli.department import NAME, USCC, answers, command, run, sample

WRONG = {
    "a code with a wrong check digit": (NAME, USCC[:-1] + "B", "校验", "check"),
    "a name too short for a seal": ("示例", USCC, "4 至 24", "4 to 24"),
    "a name too long for a seal": ("示" * 25, USCC, "4 至 24", "4 to 24"),
    "a line feed in the name": ("示例\n机构局", USCC, "4 至 24", "4 to 24"),
    "a character no face has": ("示例市\U000e0041审批局", USCC, "字体", "face"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_department_is_refused_and_nothing_is_left(name, tmp_path):
    org, code, zh, en = WRONG[name]
    for lang, expected in (("zh", zh), ("en", en)):
        result = run("init", tmp_path / "ws", "--org", org, "--uscc", code, lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
        assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("mine")
    for lang, expected in (("zh", "不为空"), ("en", "not empty")):
        result = run("init", tmp_path, "--org", NAME, "--uscc", USCC, lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_without_a_terminal_a_random_passphrase_is_kept_and_told(tmp_path):
    result = run("init", tmp_path / "ws", "--org", NAME, "--uscc", USCC)
    kept = tmp_path / "ws" / "keys" / "passphrase"
    assert result.exit_code == 0
    assert str(kept) in result.stderr
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.read_text().strip() not in result.stdout + result.stderr
    assert "sha256:" in result.stdout
    assert "elicense --workspace" in result.stdout


def test_a_given_passphrase_is_needed_again_and_never_kept(tmp_path):
    place, secret = tmp_path / "ws", tmp_path / "secret"
    secret.write_text("口令 with spaces \n", encoding="utf-8")
    made = run(
        *("init", place, "--org", NAME, "--uscc", USCC, "--passphrase-file", secret)
    )
    assert made.exit_code == 0
    assert not (place / "keys" / "passphrase").exists()
    wanted = run("--workspace", place, "publish", lang="zh")
    assert wanted.exit_code == 2
    assert "--passphrase-file" in wanted.stderr
    by_file = ("--passphrase-file", secret)
    assert run("--workspace", place, *by_file, "publish").exit_code == 0
    by_name = {"ELICENSE_PASSPHRASE": "口令 with spaces "}
    assert run("--workspace", place, "publish", env=by_name).exit_code == 0


def test_a_wrong_passphrase_is_told_and_changes_nothing(own):
    before, bundle = own.state(), own.trust_file.read_bytes()
    data = own.write("application.json", sample("food-business", 9))
    issue = ("issue", "food-business", "--data", data, "--out", own.folder / "n.pdf")
    for lang, expected in (("zh", "口令不正确"), ("en", "wrong passphrase")):
        for args in (("publish",), issue):
            env = {"ELICENSE_PASSPHRASE": "wrong"}
            result = own.run(*args, lang=lang, env=env)
            assert result.exit_code == 2
            assert expected in result.stderr
            assert "wrong\n" not in result.stdout
    assert own.state() == before
    assert own.trust_file.read_bytes() == bundle


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 2000])
def test_a_file_that_holds_no_passphrase_is_refused(content, tmp_path):
    (tmp_path / "secret").write_bytes(content)
    args = ("--passphrase-file", tmp_path / "secret")
    result = run("init", tmp_path / "ws", "--org", NAME, "--uscc", USCC, *args)
    assert result.exit_code == 2
    assert "1024" in result.stderr
    assert not (tmp_path / "ws").exists()


def test_the_algorithms_can_be_chosen(tmp_path):
    place = tmp_path / "ws"
    made = run(
        *("init", place, "--org", NAME, "--uscc", USCC),
        *("--algorithm", "Ed25519", "--list-algorithm", "ML-DSA-44"),
    )
    assert made.exit_code == 0, made.stderr
    (shown,) = answers(run("--workspace", place, "trust", "show", "--json"))
    suites = {key["purpose"]: key["suite"] for key in shown["keys"]}
    assert suites == {"token": "Ed25519", "status": "ML-DSA-44"}


def test_with_sm2_everything_is_sm2(tmp_path):
    place = tmp_path / "ws"
    made = run("init", place, "--org", NAME, "--uscc", USCC, "--algorithm", "SM2")
    assert made.exit_code == 0, made.stderr
    (shown,) = answers(run("--workspace", place, "trust", "show", "--json"))
    suites = {key["purpose"]: key["suite"] for key in shown["keys"]}
    assert suites == {"token": "SM2", "status": "SM2"}
    listed = answers(run("--workspace", place, "keys", "list", "--json"))
    found = {key["purpose"]: key["suite"] for key in listed}
    assert {found[use] for use in ("token", "status", "bundle", "root")} == {"SM2"}


def test_a_batch_by_two_workers_on_sm2(tmp_path):
    place, out = tmp_path / "ws", tmp_path / "out"
    run("init", place, "--org", NAME, "--uscc", USCC, "--algorithm", "SM2")
    rows = tmp_path / "rows.jsonl"
    lines = [
        json.dumps({**sample("food-business", n), "case": f"C{n}"}) for n in range(4)
    ]
    rows.write_text("\n".join(lines), "utf-8")
    made = run(
        *("--workspace", place, "issue-batch", "food-business", rows, "--out", out),
        *("--report", tmp_path / "report.csv", "--workers", "2"),
    )
    assert made.exit_code == 0, made.stderr
    pdfs = sorted(out.glob("*.pdf"))
    assert len(pdfs) == 4
    verified = run("--workspace", place, "verify", *pdfs, "--json")
    found = [(item["code"], item["scope"]) for item in answers(verified)]
    assert found == [("VALID", "document")] * 4


def test_the_profile_gov_refuses_software_keys_and_reserves_nothing(tmp_path):
    place = tmp_path / "ws"
    run("init", place, "--org", NAME, "--uscc", USCC)
    settings = place / "elicense.toml"
    text = settings.read_text("utf-8")
    assert 'profile = "standard"' in text
    settings.write_text(text.replace('"standard"', '"gov"'), "utf-8")
    data = tmp_path / "a.json"
    data.write_text(json.dumps(sample("food-business", 1)))
    issue = ("issue", "food-business", "--data", data, "--out", tmp_path / "a.pdf")
    for lang, *expected in (
        ("zh", "不能签发", "证照签名密钥使用 ES256 算法，应为 SM2", "软件密钥"),
        ("en", "refuses to issue", "the token key is of ES256, and SM2", "a device"),
    ):
        result = run("--workspace", place, *issue, "--case", "1", lang=lang)
        assert result.exit_code == 2
        assert all(text in result.stderr for text in expected), result.stderr
        assert result.stdout == ""
    assert not (tmp_path / "a.pdf").exists()
    settings.write_text(text, "utf-8")
    with closing(sqlite3.connect(place / "register.db")) as register:
        (count,) = register.execute("SELECT count(*) FROM license").fetchone()
    assert count == 0


def test_on_a_terminal_the_passphrase_is_asked_twice(tmp_path):
    place = tmp_path / "ws"
    arguments = command("init", place, "--org", NAME, "--uscc", USCC)
    assert converse(arguments, ["secret", "secret"]) == 0
    assert not (place / "keys" / "passphrase").exists()
    env = {"ELICENSE_PASSPHRASE": "secret"}
    assert run("--workspace", place, "publish", env=env).exit_code == 0
    assert converse(command("--workspace", place, "publish"), ["secret"]) == 0


def converse(arguments, lines, **variables):
    """Run a program on a terminal and answer each of its questions with a line."""
    ours, theirs = pty.openpty()
    quiet = {"ELICENSE_PASSPHRASE": "", "ELICENSE_WORKSPACE": "", "ELICENSE_LANG": "en"}
    started = subprocess.Popen(
        arguments,
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, **quiet, **variables},
        start_new_session=True,
    )
    os.close(theirs)
    seen = b""
    try:
        for line in lines:
            while not seen.rstrip().endswith((b":", b"]")):
                assert select.select([ours], [], [], 20)[0], seen
                seen += os.read(ours, 4096)
            seen = b""
            os.write(ours, line.encode() + b"\n")
        return started.wait(20)
    finally:
        started.kill()
        started.wait()
        os.close(ours)
