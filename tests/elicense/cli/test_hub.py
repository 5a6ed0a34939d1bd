import json
from dataclasses import replace

import pytest

from elicense import trust
from elicense.cli import report
from elicense.dates import instant_text
from elicense.hub import Hub
from elicense.testing import CODE, NAME, SECOND_CODE
from elicense.trust import KeyGrant, Period
from esign import clock
from tests.elicense.bureaus import (
    DAY,
    EARLY,
    THIRD_CODE,
    Bureau,
    new_key,
    second,
)
from tests.elicense.cli.department import answers, command, run
from tests.elicense.cli.test_founding import converse

HUB_NAME = "示例市数据局"


class Place:
    """A hub that was made by a command, and two departments' files."""

    def __init__(self, folder):
        self.folder, self.path = folder, folder / "hub"
        at = clock.now()
        self.one, self.other = Bureau(issued_at=at), second()
        self.other.issued_at = at
        made = run("trust", "hub", self.path, "--name", HUB_NAME)
        assert made.exit_code == 0, made.stderr
        self.made = made

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def grant(self, bureau, *args, **options):
        path = self.write(f"{bureau.code}.elt", bureau.file())
        types = () if "--types" in args else ("--types", "food-business")
        return run("trust", "grant", self.path, path, *types, *args, **options)

    def grant_both(self):
        for bureau in (self.one, self.other):
            assert self.grant(bureau, "--root", bureau.pin).exit_code == 0

    def merge(self, *paths, **options):
        return run("trust", "merge", *paths, "--hub", self.path, **options)

    def table(self):
        return (self.path / "hub.toml").read_text(encoding="utf-8")


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_a_hub_is_made_and_says_its_root_and_where_the_passphrase_is(place):
    root = Hub(place.path).table.root
    assert root in place.made.stdout
    assert "keys/passphrase" in place.made.stderr
    again = run("trust", "hub", place.path, "--name", HUB_NAME)
    assert again.exit_code == 2
    assert "not empty" in again.stderr


def test_a_hub_needs_a_name(tmp_path):
    assert run("trust", "hub", tmp_path / "hub").exit_code == 2
    assert run("trust", "hub", tmp_path / "hub", "--name", "").exit_code == 2
    assert not (tmp_path / "hub").exists()


def test_a_grant_shows_whom_and_writes_the_table(place):
    result = place.grant(
        place.one, "--root", place.one.pin, "--types", "a,b", "--backfill"
    )
    assert result.exit_code == 0
    early = report.moment(EARLY)
    for shown in (place.one.pin, CODE, NAME, "a, b", f"signs from    {early}"):
        assert shown in result.stdout
    (grant,) = Hub(place.path).table.departments
    assert (grant.organization, grant.root) == (CODE, place.one.pin)
    assert (grant.types, grant.backfill) == (("a", "b"), True)
    assert NAME in place.table()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_grant_is_not_made_without_a_person_who_compared(place, lang):
    before = place.table()
    result = place.grant(place.one, lang=lang)
    assert result.exit_code == 2
    assert "--root" in result.stderr
    result = place.grant(place.one, "--root", place.other.pin, lang=lang)
    assert result.exit_code == 2
    assert place.other.pin in result.stderr
    assert place.table() == before


def test_on_a_terminal_a_person_is_asked(place):
    before = place.table()
    path = place.write("one.elt", place.one.file())
    arguments = command("trust", "grant", place.path, path, "--types", "a")
    assert converse(arguments, ["n"]) == 1
    assert place.table() == before
    assert converse(arguments, ["y"]) == 0
    assert Hub(place.path).table.departments[0].root == place.one.pin


def test_a_passphrase_that_is_given_is_not_kept(tmp_path):
    env = {"ELICENSE_PASSPHRASE": "secret"}
    result = run("trust", "hub", tmp_path / "hub", "--name", HUB_NAME, env=env)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert not (tmp_path / "hub" / "keys" / "passphrase").exists()


def test_a_grant_of_nothing_or_twice_changes_nothing(place):
    before = place.table()
    pin = place.one.pin
    for types in ("", ",", "Food", "a,a", 'a"b'):
        result = place.grant(place.one, "--root", pin, "--types", types)
        assert result.exit_code == 2, types
        assert "types" in result.stderr
    assert place.table() == before
    place.grant_both()
    before = place.table()
    result = place.grant(place.one, "--root", pin)
    assert result.exit_code == 2
    assert "already" in result.stderr
    assert place.table() == before


def test_what_is_not_the_bundle_of_one_department_is_not_granted(place):
    before = place.table()
    place.one.speaks_for = None
    result = place.grant(place.one, "--root", place.one.pin)
    assert result.exit_code == 2
    assert "one department" in result.stderr
    noise = place.write("noise", b"noise")
    result = run("trust", "grant", place.path, noise, "--types", "a")
    assert result.exit_code == 2
    assert place.table() == before


def test_a_merge_takes_all(place):
    place.grant_both()
    files = [place.folder / f"{code}.elt" for code in (CODE, SECOND_CODE)]
    result = place.merge(*files)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    assert result.stdout.count("taken") == 2
    assert "business-license" in result.stdout  # left out
    state = trust.admit(
        (place.path / "public" / "trust.elt").read_bytes(), Hub(place.path).table.root
    )
    assert set(state.organizations) == {CODE, SECOND_CODE}


def test_a_merge_as_json(place):
    place.grant_both()
    files = [place.folder / f"{code}.elt" for code in (CODE, SECOND_CODE)]
    result = place.merge(*files, "--json")
    (answer,) = answers(result)
    assert answer["number"] == 1
    assert answer["unmatched"] == []
    one = answer["sources"][0]
    assert one["organization"] == CODE
    assert one["outcome"] == "taken"
    assert one["refused"] is None
    assert (one["root"], one["statement"], one["number"]) == (place.one.pin, 1, 1)
    assert one["types"] == ["food-business"]
    assert one["types_left_out"] == ["business-license"]
    assert json.loads(result.stdout) == answer


def test_a_department_that_is_not_given_is_told_by_the_exit_code(place):
    place.grant_both()
    one, other = (place.folder / f"{code}.elt" for code in (CODE, SECOND_CODE))
    result = place.merge(one, lang="zh")
    assert result.exit_code == 3
    assert "未纳入" in result.stdout
    assert place.merge(one, other).exit_code == 0
    result = place.merge()
    assert result.exit_code == 3
    assert result.stdout.count("kept old") == 2


def test_a_refused_file_is_told_by_the_exit_code_and_stops_no_other(place):
    place.grant_both()
    one, other = (place.folder / f"{code}.elt" for code in (CODE, SECOND_CODE))
    stranger = Bureau(code=THIRD_CODE, issued_at=place.one.issued_at)
    result = place.merge(one, other, place.write("3.elt", stranger.file()))
    assert result.exit_code == 1
    assert "3.elt" in result.stderr
    assert stranger.pin in result.stderr
    old = place.write("old.elt", place.one.file())
    assert place.merge(place.write("new.elt", place.one.next())).exit_code == 3
    result = place.merge(old, other, lang="zh")
    assert result.exit_code == 1
    assert "沿用旧包" in result.stdout
    assert CODE in result.stderr
    (answer,) = answers(place.merge(old, other, "--json"))
    assert answer["sources"][0]["outcome"] == "kept"
    assert "was seen" in answer["sources"][0]["refused"]["en"]


def test_what_is_left_out_of_a_department_is_told(place):
    place.grant_both()
    kid = place.one.status.public_key.kid.hex()
    with (place.path / "hub.toml").open("a", encoding="utf-8") as table:
        table.write(
            f'[[withdrawn]]\nkid = "{kid}"\ncompromised_from = 2026-01-01T00:00:00Z\n'
        )
    days = tuple(day.date() for day in (place.one.issued_at, place.one.issued_at))
    keys = place.one.bundle().keys
    backfill = [type(k)(k.key, k.purpose, CODE, k.types, k.period, days) for k in keys]
    path = place.write("one.elt", place.one.file(keys=(backfill[0], keys[1])))
    result = place.merge(path)
    assert "backfill" in result.stderr
    assert "2031" in result.stderr
    (answer,) = answers(place.merge(path, "--json"))
    assert answer["sources"][0]["backfill_left_out"] is True
    assert answer["sources"][0]["lists_left_out"][0] == {"issuer": CODE, "number": 0}


def test_what_a_person_should_look_at_is_told(place):
    place.grant_both()
    namesake = Bureau(code=THIRD_CODE, issued_at=place.one.issued_at)
    path = place.write("3.elt", namesake.file())
    options_ = ("--types", "food-business", "--root", namesake.pin)
    assert run("trust", "grant", place.path, path, *options_).exit_code == 0
    with (place.path / "hub.toml").open("a", encoding="utf-8") as table:
        for line in (f'kid = "{"0f" * 8}"', f'certificate = "{"1e" * 32}"'):
            when = "compromised_from = 2026-01-01T00:00:00Z"
            table.write(f"[[withdrawn]]\n{line}\n{when}\n")
    first = place.write("one.elt", place.one.file())
    assert place.merge(first).exit_code == 3
    token, status = place.one.bundle().keys
    early = replace(token, period=Period(EARLY - 900 * DAY, None))
    ended = KeyGrant(
        new_key().public_key,
        "token",
        CODE,
        (),
        Period(EARLY - 900 * DAY, EARLY - 800 * DAY),
    )
    one = place.write("one.elt", place.one.next(keys=(early, status, ended)))
    result = place.merge(one, path, lang="zh")
    assert result.exit_code == 3
    kids = [key.key.kid.hex() for key in (early, ended)]
    shown = [*kids, "0f" * 8, "1e" * 32, f"与 {THIRD_CODE} 同名", "也没有可沿用的"]
    for text in shown:
        assert text in result.stderr
    (answer,) = answers(place.merge(one, path, "--json"))
    source, left_out, third = answer["sources"]
    assert (source["keys_raised"], source["keys_left_out"]) == ([kids[0]], [kids[1]])
    assert (source["same_name"], third["same_name"]) == ([THIRD_CODE], [CODE])
    assert source["given"] is True
    assert (left_out["outcome"], left_out["given"]) == ("left-out", False)
    assert left_out["refused"]["en"]
    assert source["signs_from"] == instant_text(EARLY)
    assert left_out["signs_from"] is None
    assert answer["withdrawn_unmatched"] == [
        {"kid": "0f" * 8},
        {"certificate": "1e" * 32},
    ]


def test_a_merge_without_anything_to_publish_is_an_error(place):
    result = place.merge()
    assert result.exit_code == 2
    assert "no department" in result.stderr
    place.grant_both()
    result = place.merge(place.write("noise", b"noise"))
    assert result.exit_code == 2
    assert "noise" in result.stderr
    assert not (place.path / "public" / "trust.elt").exists()


def test_a_merge_outside_of_a_hub(tmp_path):
    result = run("trust", "merge", "--hub", tmp_path)
    assert result.exit_code == 2
    assert "not a hub" in result.stderr
