from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from elicense import memory, pins, trust
from elicense.pins import Pin
from elicense.testing import CODE, NAME, SECOND_CODE, Simulator
from elicense.trust import Period, RootStatement, Source, Succession, TimestampAuthority
from esign import clock
from esign.algorithms import Suite
from esign.signer import SoftwareSigner
from tests.elicense.cli.department import USCC, answers, command, run
from tests.elicense.cli.test_founding import converse
from tests.esign.timestamp_service import OwnAuthority

HOUR = timedelta(hours=1)
DAY = 24 * HOUR


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
    assert pins.read(tmp_path / "home").roots == (department.root,)
    (shown,) = answers(run("trust", "show", department.trust_file, "--json", env=env))
    assert shown["pinned"] is True


@dataclass
class Place:
    """A bundle file and a verifier's home."""

    path: Path
    home: Path
    root: str
    env: dict[str, str]

    def run(self, *args, lang="en"):
        return run("trust", args[0], self.path, *args[1:], lang=lang, env=self.env)

    def pinned(self):
        found = pins.read(self.home)
        return () if found is None else found.entries


@pytest.fixture
def world():
    with Simulator(clock.now() - HOUR) as made:
        for department in made.departments:
            department.lists = {1}
        yield made


@pytest.fixture
def place(world, tmp_path):
    home = tmp_path / "home"
    path = tmp_path / "trust.elt"
    path.write_bytes(world.bundle_file())
    return Place(path, home, world.pin, {"ELICENSE_HOME": str(home)})


@pytest.mark.parametrize(("answer", "code", "kept"), [("y", 0, 1), ("n", 1, 0)])
def test_on_a_terminal_a_person_is_asked(answer, code, kept, place):
    arguments = command("trust", "pin", place.path)
    assert converse(arguments, [answer], **place.env) == code
    assert len(place.pinned()) == kept


def test_pinning_again_says_that_the_memory_began_anew(place):
    assert place.run("pin", "--root", place.root).stderr == "pinned\n"
    for lang, expected in (("zh", "重新开始"), ("en", "began anew")):
        assert expected in place.run("pin", "--root", place.root, lang=lang).stderr
    assert place.pinned() == (Pin(place.root, None),)


SCOPES = {
    "a department in Chinese": (CODE, "zh", f"{CODE} {NAME}"),
    "a department in English": (CODE, "en", f"{CODE} {NAME}"),
    "a hub in Chinese": (None, "zh", "可代表任何机构"),
    "a hub in English": (None, "en", "may speak for every organization"),
}


@pytest.mark.parametrize("name", SCOPES)
def test_pinning_tells_what_the_root_may_speak_for(name, world, place):
    scope, lang, expected = SCOPES[name]
    world.speaks_for = scope
    world.departments[1].listed = scope is None
    place.path.write_bytes(world.bundle_file())
    done = place.run("pin", "--root", place.root, lang=lang)
    assert done.exit_code == 0
    assert expected in done.stdout
    assert (SECOND_CODE in done.stdout) == (scope is None)
    assert place.pinned() == (Pin(place.root, scope),)


@pytest.fixture
def successor(world, place):
    """The root that the world's root handed over to; the file has both."""
    signer = SoftwareSigner.generate(Suite.ES256)
    handover = RootStatement(
        number=2,
        issued_at=world.at,
        speaks_for=None,
        bundle_keys=world.bundle_keys,
        successor=signer.public_key,
    )
    last = replace(handover, number=3, successor=None)
    world.statements = [
        world.root_statement(),
        trust.sign_root_statement(handover, world.root, signer),
        trust.sign_root_statement(last, signer),
    ]
    world.statement = 3
    place.path.write_bytes(world.bundle_file())
    return signer.public_key.fingerprint


def test_the_root_that_speaks_now_is_pinned_unless_another_is_named(place, successor):
    assert converse(command("trust", "pin", place.path), ["y"], **place.env) == 0
    assert place.pinned() == (Pin(successor, None),)
    done = place.run("pin", "--root", place.root)
    assert done.exit_code == 0
    assert place.root in done.stdout
    assert [pin.root for pin in place.pinned()] == [successor, place.root]
    (shown,) = answers(place.run("show", "--json"))
    assert shown["root"] == successor
    assert [item["pinned"] for item in shown["roots"]] == [True, True]


def test_a_new_root_of_a_known_chain_comes_with_no_older_bundle(
    world, place, successor
):
    old = place.path.with_name("old.elt")
    old.write_bytes(place.path.read_bytes())
    world.number = 2
    place.path.write_bytes(world.bundle_file())
    assert place.run("pin", "--root", place.root).exit_code == 0
    before = memory.recall(place.home)
    for lang, expected in (("zh", "取得当前"), ("en", "get the current one")):
        args = ("trust", "pin", old, "--root", successor)
        result = run(*args, lang=lang, env=place.env)
        assert result.exit_code == 2
        assert expected in result.stderr
    assert [pin.root for pin in place.pinned()] == [place.root]
    assert memory.recall(place.home) == before


def test_a_root_that_changed_what_it_speaks_for_is_not_pinned_again(world, place):
    world.speaks_for = CODE
    world.departments[1].listed = False
    place.path.write_bytes(world.bundle_file())
    assert place.run("pin", "--root", place.root).exit_code == 0
    world.speaks_for = None
    place.path.write_bytes(world.bundle_file())
    for lang, expected in (("zh", "不同，未固定"), ("en", "something else")):
        result = place.run("pin", "--root", place.root, lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
    assert place.pinned() == (Pin(place.root, CODE),)


@pytest.fixture
def full(world, place):
    """A hub's bundle with something of everything."""
    now, service, first = clock.now(), OwnAuthority(), world.department
    period = Period(now - 99 * DAY, None)
    stamps = TimestampAuthority(SECOND_CODE, service.certificates, period)
    world.timestamp_authorities = [replace(stamps, compromised_from=now)]
    world.more_roots = [service.root]
    world.crls = [world.authority.crl(world.at, 30, {})]
    world.sources = [Source(CODE, world.pin, 1, 7, now - HOUR, 30 * DAY)]
    first.destroyed = True
    first.backfill = (now.date() - 900 * DAY, now.date() - 800 * DAY)
    first.token_compromised_from = now
    first.token_period = Period(now - 9 * DAY, now - DAY)
    first.successors = (Succession(SECOND_CODE, now, ("food-business",), False),)
    place.path.write_bytes(world.bundle_file())
    return place


def test_show_says_everything_as_json(full):
    (shown,) = answers(full.run("show", "--json"))
    assert (shown["root"], shown["speaks_for"]) == (full.root, None)
    assert shown["roots"] == [{"root": full.root, "speaks_for": None, "pinned": False}]
    assert (shown["statement"], shown["number"], shown["pinned"]) == (1, 1, False)
    assert (shown["remembered"], shown["clock"]) == (None, None)
    assert shown["organizations"][0]["successors"][0]["code"] == SECOND_CODE
    (key,) = (key for key in shown["keys"] if key["compromised_from"])
    assert (key["destroyed"], key["purpose"]) == (True, "token")
    assert set(key["backfill"]) == {"from", "until"}
    assert key["signs_until"] is not None
    assert shown["timestamp_authorities"][0]["compromised_from"] is not None
    assert shown["sources"][0]["number"] == 7
    assert [crl["revoked"] for crl in shown["crls"]] == [0]
    assert shown["seals"][0]["destroyed"] is True
    assert len(shown["lists"]) == 2


WORDS = {
    "zh": ("汇聚节点", "私钥已销毁", "存量", "泄露", "承继", "时间戳服务", "来源机构"),
    "en": ("a hub", "destroyed", "backfill", "compromised", "successor", "source"),
}


@pytest.mark.parametrize("lang", WORDS)
def test_show_says_everything_to_people(lang, full):
    shown = full.run("show", lang=lang)
    assert shown.exit_code == 0
    assert [word for word in WORDS[lang] if word not in shown.stdout] == []


def test_show_says_what_was_seen_here(place):
    assert place.run("pin", "--root", place.root).exit_code == 0
    (shown,) = answers(place.run("show", "--json"))
    assert shown["pinned"] is True
    assert shown["remembered"] == {"root": place.root, "statement": 1, "number": 1}
    assert shown["clock"] is not None
    for lang, expected in (
        ("zh", "根声明 1，期号 1"),
        ("en", "statement 1, number 1"),
    ):
        assert expected in place.run("show", lang=lang).stdout
