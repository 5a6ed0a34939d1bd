import pytest

from elicense import pins
from tests.elicense.cli.department import USCC, answers, command, run
from tests.elicense.cli.test_founding import converse


def test_show_says_what_is_in_a_bundle(own):
    identifier = own.issued("food")["identifier"]
    own.run("revoke", identifier, "--reason", "cancelled")
    own.run("publish")
    (shown,) = answers(own.run("trust", "show", "--json"))
    assert shown["number"] == 2
    assert shown["pinned"] is True
    assert [entry["code"] for entry in shown["organizations"]] == [USCC]
    assert {key["purpose"] for key in shown["keys"]} == {"token", "status"}
    assert len(shown["seals"]) == 1
    revoked = [item["counts"].get("invalid", 0) for item in shown["lists"]]
    assert sum(revoked) == 1
    for lang, expected in (("zh", "信任根指纹"), ("en", "pinned here")):
        human = own.run("trust", "show", lang=lang)
        assert human.exit_code == 0
        assert expected in human.stdout
        assert shown["root"] in human.stdout


def test_outside_a_workspace_show_needs_a_file(department, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for lang, expected in (("zh", "请给出 FILE"), ("en", "give a FILE")):
        result = run("trust", "show", lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
    (shown,) = answers(run("trust", "show", department.trust_file, "--json"))
    assert shown["pinned"] is False


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\x83"])
def test_a_file_that_is_no_bundle_is_refused(content, tmp_path):
    path = tmp_path / "trust.elt"
    path.write_bytes(content)
    for args in (("show",), ("pin", "--root", f"sha256:{'0' * 64}")):
        env = {"ELICENSE_HOME": str(tmp_path / "home")}
        for lang, expected in (("zh", "不是信任包"), ("en", "not a trust bundle")):
            result = run("trust", args[0], path, *args[1:], lang=lang, env=env)
            assert result.exit_code == 2
            assert expected in result.stderr
            assert "Traceback" not in result.stderr
    assert not (tmp_path / "home").exists()


def test_pinning_without_a_terminal_needs_the_fingerprint(department, tmp_path):
    env = {"ELICENSE_HOME": str(tmp_path / "home")}
    for lang, expected in (("zh", "--root"), ("en", "--root")):
        result = run("trust", "pin", department.trust_file, lang=lang, env=env)
        assert result.exit_code == 2
        assert department.root in result.stdout
        assert expected in result.stderr
    other = ("--root", f"sha256:{'0' * 64}")
    for lang, expected in (("zh", "未固定"), ("en", "nothing was pinned")):
        result = run("trust", "pin", department.trust_file, *other, lang=lang, env=env)
        assert result.exit_code == 2
        assert expected in result.stderr
        assert other[1] in result.stderr
    assert not (tmp_path / "home").exists()


def test_pinning_is_kept_once(department, tmp_path):
    env = {"ELICENSE_HOME": str(tmp_path / "home")}
    args = ("trust", "pin", department.trust_file, "--root", department.root)
    for _ in range(2):
        assert run(*args, env=env).exit_code == 0
    assert pins.read(tmp_path / "home") == (department.root,)
    (shown,) = answers(run("trust", "show", department.trust_file, "--json", env=env))
    assert shown["pinned"] is True


@pytest.mark.parametrize(("answer", "code", "kept"), [("y", 0, 1), ("n", 1, 0)])
def test_on_a_terminal_a_person_is_asked(answer, code, kept, department, tmp_path):
    home = tmp_path / "home"
    arguments = command("trust", "pin", department.trust_file)
    assert converse(arguments, [answer], ELICENSE_HOME=str(home)) == code
    assert len(pins.read(home)) == kept
