"""``publish`` says what is out, and ``publish --check`` what is not."""

import shutil

import pytest

from elicense.cli import publication
from esign import clock
from tests.elicense.cli.department import answers


def revoke(own):
    name = own.issued("food")["identifier"]
    done = own.run("revoke", name, "--reason", "cancelled", "--note", "test")
    assert done.exit_code == 0, done.stderr
    return name


def test_a_check_signs_nothing_and_says_what_would_change(own):
    before = own.trust_file.read_bytes()
    clean = own.run("publish", "--check", "--json")
    assert clean.exit_code == 0, clean.stderr
    assert answers(clean)[0]["nothing"] is True
    name = revoke(own)
    for lang, word in (("zh", "待发布"), ("en", "to be published")):
        told = own.run(
            "publish", "--check", lang=lang, env={"ELICENSE_PASSPHRASE": "x"}
        )
        assert told.exit_code == 1
        assert word in told.stdout
        assert name in told.stdout
    found = own.run("publish", "--check", "--json")
    assert found.exit_code == 1
    (answer,) = answers(found)
    assert answer["format"] == "elicense.pending/1"
    assert answer["events"]["REVOKED"] == [name]
    (change,) = answer["statuses"]
    assert (change["before"], change["after"]) == ("VALID", "INVALID")
    assert own.trust_file.read_bytes() == before
    assert own.run("publish").exit_code == 0
    assert own.run("publish", "--check").exit_code == 0


def test_a_publication_says_its_number_and_by_when_the_next_is_due(own):
    (answer,) = answers(own.run("publish", "--json"))
    assert answer["number"] == 2
    assert len(answer["lists"]) >= 22
    for lang, word in (("zh", "期号"), ("en", "number")):
        assert word in own.run("publish", lang=lang).stdout


def test_an_old_register_is_told_with_what_to_do(own):
    register = own.place / "register.db"
    for left in own.place.glob("register.db-*"):
        left.unlink()
    kept = own.folder / "backup.db"
    shutil.copy(register, kept)
    for _ in range(2):
        assert own.run("publish").exit_code == 0
    for left in own.place.glob("register.db-*"):
        left.unlink()
    shutil.copy(kept, register)
    data = own.trust_file.read_bytes()
    for lang, word in (("zh", "恢复最新"), ("en", "restore the newest")):
        done = own.run("publish", lang=lang)
        assert done.exit_code == 2
        assert word in done.stderr
        assert "--after 3" in done.stderr
        assert own.trust_file.read_bytes() == data
    (answer,) = answers(own.run("publish", "--after", 3, "--json"))
    assert answer["number"] == 4


def test_check_and_after_exclude_each_other(own):
    done = own.run("publish", "--check", "--after", 3)
    assert done.exit_code == 2
    assert "--after" in done.stderr


@pytest.mark.parametrize("after", ["-1", str(2**53 - 2), str(2**64)])
def test_a_number_that_leaves_no_room_is_refused(own, after):
    data = own.trust_file.read_bytes()
    done = own.run("publish", "--after", after)
    assert done.exit_code == 2
    assert "--after" in done.stderr
    assert own.trust_file.read_bytes() == data


def test_progress_is_for_a_terminal_and_a_long_publication(monkeypatch, capsys):
    begun = clock.now()
    long_ago = begun.replace(year=2020)
    publication._progress(1, 3, long_ago)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    publication._progress(1, 3, long_ago)
    assert "33 %" in capsys.readouterr().err
