"""The commands about keys say what they did, and whether it is published."""

import time

import pytest

from elicense import dates
from esign import clock
from tests.elicense.cli.department import NAME, USCC, answers, run

PURPOSES = ["token", "status", "bundle", "seal"]


def verdict(own):
    (answer,) = answers(
        own.run(
            "verify",
            own.folder / "food.pdf",
            *("--trust", own.trust_file, "--root", own.root, "--json"),
        )
    )
    return answer["code"]


def listed(own):
    return answers(own.run("keys", "list", "--json"))


def test_the_list_names_every_key_and_no_secret(own):
    found = listed(own)
    assert sorted(item["purpose"] for item in found) == sorted([*PURPOSES, "root"])
    for lang, word in (("zh", "印章"), ("en", "seal")):
        shown = own.run("keys", "list", lang=lang)
        assert shown.exit_code == 0
        assert word in shown.stdout
        assert all(item["key"] in shown.stdout for item in found)
        assert "PRIVATE" not in shown.stdout


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_renewal_is_published_and_the_license_stays_valid(own, purpose):
    before = {item["key"] for item in listed(own)}
    wait_a_second()
    done = own.run("keys", "renew", purpose, "--json")
    assert done.exit_code == 0, done.stderr
    (answer,) = answers(done)
    assert answer["published"] is True
    assert answer["new"] not in before
    assert answer["new"] in {item["key"] for item in listed(own)}
    if purpose != "bundle":
        assert answer["key"]["key"] in before
        assert answer["key"]["destroyed"] is True
    assert verdict(own) == "VALID"


def wait_a_second():
    """Let the clock go on: a key signs for a second at least."""
    time.sleep(1.1)


def test_a_compromised_seal_is_told_with_the_licenses_concerned(own):
    since = started(own, "seal")
    for lang, word in (("zh", "换发"), ("en", "issue each of them again")):
        wait_a_second()
        before = {item["key"] for item in listed(own)}
        done = own.run("keys", "compromised", "seal", "--from", since, lang=lang)
        assert done.exit_code == 0, done.stderr
        assert word in done.stderr
        assert "3" in done.stdout
        assert verdict(own) == "KEY_COMPROMISED"
        new = {item["key"] for item in listed(own)} - before
        assert len(new) == (lang == "zh")  # the same again changes no key
        assert all(name in done.stdout for name in new)


def started(own, purpose):
    """From when the newest key of a purpose signs."""
    return [i["signs_from"] for i in listed(own) if i["purpose"] == purpose][-1]


def test_a_time_before_the_key_itself_is_refused_and_names_it(own):
    seal = next(item["key"] for item in listed(own) if item["purpose"] == "seal")
    before = listed(own)
    for lang in ("zh", "en"):
        done = own.run("keys", "compromised", "seal", "--from", "2026-01-01", lang=lang)
        assert done.exit_code == 2
        assert seal in done.stderr
        assert "keys list" in done.stderr
    assert listed(own) == before
    wait_a_second()
    args = ("keys", "compromised", seal, "--from", "2026-01-01", "--json")
    (answer,) = answers(own.run(*args))
    assert answer["key"]["key"] == seal
    assert answer["new"] in {item["key"] for item in listed(own)}
    (again,) = answers(own.run(*args))
    assert (again["new"], again["key"]) == (None, answer["key"])


@pytest.mark.parametrize(
    ("purpose", "command"),
    [("root", "keys rotate-root"), ("bundle", "keys renew bundle")],
)
def test_another_command_is_named_for_a_key_that_has_no_mark(own, purpose, command):
    before = listed(own)
    name = next(item["key"] for item in before if item["purpose"] == purpose)
    for key in (purpose, name):
        done = own.run("keys", "compromised", key, "--from", "2026-01-01")
        assert done.exit_code == 2
        assert command in done.stderr
    assert listed(own) == before


def test_a_change_that_could_not_be_published_has_an_exit_code_of_its_own(own):
    public = own.place / "public"
    public.rename(own.folder / "away")
    wait_a_second()
    done = own.run("keys", "renew", "token", "--json")
    assert done.exit_code == 3
    (answer,) = answers(done)
    assert answer["published"] is False
    assert answer["new"] in {item["key"] for item in listed(own)}
    (own.folder / "away").rename(public)
    assert own.run("publish").exit_code == 0
    assert verdict(own) == "VALID"


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_wrong_passphrase_changes_nothing(own, purpose):
    wait_a_second()
    before = contents(own)
    wrong = {"ELICENSE_PASSPHRASE": "a typing error"}
    done = own.run("keys", "renew", purpose, env=wrong)
    assert done.exit_code == 2
    assert "passphrase" in done.stderr
    assert contents(own) == before


def contents(own):
    """The bytes of every file of the keys, and of the publication."""
    files = [*(own.place / "keys").iterdir(), own.trust_file]
    return {path.name: path.read_bytes() for path in files}


def test_a_rotated_root_is_told_and_the_old_pin_serves(own):
    old = own.root
    done = own.run("keys", "rotate-root", "--json")
    assert done.exit_code == 0, done.stderr
    (answer,) = answers(done)
    assert answer["published"] is True
    assert answer["root"] != old
    text = (own.place / "elicense.toml").read_text(encoding="utf-8")
    assert answer["root"] in text
    args = ("--trust", own.trust_file, "--root", old, "--json")
    (checked,) = answers(own.run("verify", own.folder / "food.pdf", *args))
    assert checked["code"] == "VALID"


def test_a_backfill_range_is_shown(own):
    args = ("keys", "backfill", "--from", "1999-01-01", "--until", "2020-12-31")
    (answer,) = answers(own.run(*args, "--json"))
    assert answer["key"]["backfill"] == ["1999-01-01", "2020-12-31"]
    assert answer["published"] is True
    assert "1999-01-01" in own.run("keys", "list").stdout


WRONG = {
    "a purpose that is none": (("renew", "colour"), "colour"),
    "a key that is none": (("retire", "0" * 16), "no key"),
    "the key that signs": (("retire", None), "renew it first"),
    "a time to come": (
        ("compromised", "seal", "--from", "2999-01-01"),
        "has passed",
    ),
    "no time": (("compromised", "seal"), "--from"),
    "a key of no such name": (
        ("compromised", "f" * 16, "--from", "2026-01-01"),
        "keys list",
    ),
    "a range that ends before it begins": (
        ("backfill", "--from", "2020-01-02", "--until", "2020-01-01"),
        "not before",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_command_changes_nothing(own, case):
    args, text = WRONG[case]
    current = next(i["key"] for i in listed(own) if i["purpose"] == "token")
    given = [current if item is None else item for item in args]
    keys = own.place / "keys"
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    done = own.run("keys", *given)
    assert done.exit_code == 2
    assert text in done.stderr
    assert {path.name: path.read_bytes() for path in keys.iterdir()} == before


def test_a_root_that_is_off_line_is_asked_for(own):
    (path,) = (own.place / "keys").glob("root-*.pem")
    path.rename(own.folder / path.name)
    for lang, word in (("zh", "离线"), ("en", "off line")):
        done = own.run("keys", "rotate-root", lang=lang)
        assert done.exit_code == 2
        assert word in done.stderr
        assert path.name in done.stderr


def test_a_new_name_is_announced(own):
    args = ("rename", "示例市政务服务局", "--from", "2999-01-01", "--json")
    (answer,) = answers(own.run(*args))
    assert answer["published"] is True
    assert answer["seal"] == NAME
    assert verdict(own) == "VALID"


def test_an_organ_is_taken_over(own, tmp_path):
    code = "119901000000000355"
    place = tmp_path / "new"
    made = run("init", place, "--org", "示范市应急管理局", "--uscc", code)
    assert made.exit_code == 0, made.stderr
    wait_a_second()
    today = dates.day_of(clock.now()).isoformat()
    args = ("--workspace", place, "adopt", own.place, "--from", today, "--json")
    done = run(*args)
    assert done.exit_code == 0, done.stderr
    (answer,) = answers(done)
    assert answer == {
        "organization": USCC,
        "licenses": 3,
        "published": True,
        "number": 2,
    }
    trusted = ("--trust", place / "public" / "trust.elt", "--root", own.root, "--json")
    (checked,) = answers(run("verify", own.folder / "food.pdf", *trusted))
    assert checked["code"] == "VALID"
    again = run("--workspace", place, "adopt", own.place, "--from", today, lang="zh")
    assert again.exit_code == 0, again.stderr
    assert "新增证照    0" in again.stdout
    refused = own.run("publish")
    assert refused.exit_code == 2
