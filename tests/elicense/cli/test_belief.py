"""Attacks on what a verifier remembers, where a person meets them: at the command."""

import json
import os
import resource
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from elicense import memory, payload, pins
from elicense.testing import SECOND_CODE, Simulator
from elicense.trust import Period, TimestampAuthority
from esign import clock
from tests.elicense.cli.department import answers, command, process, run
from tests.elicense.snapshots import put
from tests.esign.timestamp_service import OwnAuthority

HOUR = timedelta(hours=1)
DAY = 24 * HOUR


@dataclass
class Kiosk:
    """A verifier with one pinned root, some bundles and a license's QR text.

    Attributes:
        folder: where the bundles are.
        root: the pinned root.
        text: a license of the first department, as its QR has it.
    """

    folder: Path
    root: str
    text: str

    @property
    def home(self):
        return self.folder / "home"

    @property
    def env(self):
        return {"ELICENSE_HOME": str(self.home)}

    def bundle(self, name):
        return self.folder / f"{name}.elt"

    def arguments(self, name, *more):
        return ("verify", "-", "--json", "--trust", self.bundle(name), *more)

    def verify(self, name, *more, lang="en"):
        return run(
            *self.arguments(name, *more), lang=lang, env=self.env, stdin=self.text
        )

    def pin(self, name, *, lang="en"):
        path = self.bundle(name)
        return run("trust", "pin", path, "--root", self.root, lang=lang, env=self.env)

    def content(self):
        return {path.name: path.read_bytes() for path in self.home.iterdir()}


@pytest.fixture(scope="module")
def bundles():
    now = clock.now()
    with Simulator(now - HOUR) as world:
        text = world.issue().qr_text
        for department in world.departments:
            department.lists = {1, payload_list(text)}
        made = {}
        for number in (1, 2, 3):
            world.number = number
            made[str(number)] = world.bundle_file()
        world.number, world.issued_at = 4, now + HOUR
        made["future"] = world.bundle_file()
        world.number, world.issued_at = 2, None
        world.bundle_age -= DAY
        made["twin"] = world.bundle_file()
        yield made, world.pin, text


def payload_list(text):
    token = payload.open_token(payload.read_qr_text(text))
    return payload.decode(token.unverified_payload).status.list_number


@pytest.fixture
def kiosk(bundles, tmp_path):
    made, root, text = bundles
    for name, data in made.items():
        (tmp_path / f"{name}.elt").write_bytes(data)
    found = Kiosk(tmp_path, root, text)
    assert found.pin("2").exit_code == 0
    return found


def code(result):
    (answer,) = answers(result)
    return answer["code"]


def test_the_current_bundle_gives_an_answer_and_is_remembered(kiosk):
    assert code(kiosk.verify("2")) == "VALID"
    assert code(kiosk.verify("3")) == "VALID"
    assert [seen.number for seen in memory.recall(kiosk.home).seen] == [3]


LOST = {
    "deleted": lambda path: path.unlink(),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "emptied": lambda path: path.write_bytes(b""),
    "edited": lambda path: path.write_bytes(
        path.read_bytes().replace(b'"number":2', b'"number":1')
    ),
    "of other pins": lambda path: path.write_bytes(
        memory.encode(memory.Memory(), bytes(32))
    ),
}


@pytest.mark.parametrize("name", LOST)
def test_lost_memory_gives_no_verdict_until_a_person_pins_again(name, kiosk):
    LOST[name](kiosk.home / memory.FILE_NAME)
    before = kiosk.content()
    for lang, expected in (("zh", "缺失或已损坏"), ("en", "missing or damaged")):
        for more in ((), ("--at", "2026-11-21"), ("--root", kiosk.root)):
            result = kiosk.verify("3", *more, lang=lang)
            assert result.exit_code == 2
            assert result.stdout == ""
            assert expected in result.stderr
            assert "trust pin" in result.stderr
        shown = run("trust", "show", kiosk.bundle("3"), lang=lang, env=kiosk.env)
        assert shown.exit_code == 2
        assert expected in shown.stderr
    assert kiosk.content() == before
    assert kiosk.pin("3").exit_code == 0
    assert code(kiosk.verify("3")) == "VALID"


OLDER = {
    "an older bundle after a newer one": ("1", "the bundle has number 1, 2 was seen"),
    "the same number with other bytes": ("twin", "another bundle had number 2"),
}


@pytest.mark.parametrize("name", OLDER)
def test_a_bundle_that_says_less_is_not_believed(name, kiosk):
    bundle, reason = OLDER[name]
    before = kiosk.content()
    for lang, advice in (("zh", "取得当前的信任包"), ("en", "get the current one")):
        for more in ((), ("--at", "2026-11-21"), ("--root", kiosk.root)):
            result = kiosk.verify(bundle, *more, lang=lang)
            assert code(result) == "UNKNOWN_ISSUER"
            assert result.exit_code == 3
            assert reason in result.stderr
            assert advice in result.stderr
    assert kiosk.content() == before
    assert code(kiosk.verify("2")) == "VALID"


def set_clock_forward(kiosk, by):
    """Let the kiosk have seen a later time, so that its clock now went back."""
    data = kiosk.bundle("2").read_bytes()
    memory.believe(kiosk.home, data, clock.now() + by, roots=(kiosk.root,))


def test_a_clock_that_was_set_back_is_noticed(kiosk):
    set_clock_forward(kiosk, DAY)
    before = kiosk.content()
    for lang, expected in (("zh", "校准时间"), ("en", "set it right")):
        result = kiosk.verify("2", lang=lang)
        assert code(result) == "CLOCK_ROLLBACK"
        assert result.exit_code == 3
        assert expected in result.stderr
    assert kiosk.content() == before


def test_an_instant_that_was_asked_for_does_not_ask_the_clock(kiosk):
    set_clock_forward(kiosk, DAY)
    before = kiosk.content()
    at = clock.now().isoformat()
    assert code(kiosk.verify("2", "--at", at)) == "VALID"
    later = (clock.now() + 3 * DAY).isoformat()
    assert code(kiosk.verify("2", "--at", later)) == "VALID"
    assert kiosk.content() == before


def test_two_clocks_may_differ_a_little(kiosk):
    set_clock_forward(kiosk, timedelta(minutes=9))
    assert code(kiosk.verify("2")) == "VALID"


def test_pinning_again_ends_a_wrong_clock_and_says_so(kiosk):
    set_clock_forward(kiosk, DAY)
    for lang, expected in (("zh", "时钟）已重新开始"), ("en", "began anew")):
        done = kiosk.pin("2", lang=lang)
        assert done.exit_code == 0
        assert expected in done.stderr
    assert code(kiosk.verify("2")) == "VALID"


def test_a_bundle_from_the_future_is_doubted_and_not_remembered(kiosk):
    before = kiosk.content()
    result = kiosk.verify("future")
    assert code(result) == "CLOCK_ROLLBACK"
    assert "set it right" in result.stderr
    assert kiosk.content() == before
    assert code(kiosk.verify("3")) == "VALID"


def test_a_root_of_this_run_alone_keeps_and_compares_nothing(kiosk, tmp_path):
    env = {"ELICENSE_HOME": str(tmp_path / "stranger")}
    for name in ("3", "1"):
        args = kiosk.arguments(name, "--root", kiosk.root)
        assert code(run(*args, env=env, stdin=kiosk.text)) == "VALID"
    assert not (tmp_path / "stranger").exists()
    future = kiosk.arguments("future", "--root", kiosk.root)
    assert code(run(*future, env=env, stdin=kiosk.text)) == "CLOCK_ROLLBACK"
    assert "nothing is kept" in " ".join(run("verify", "--help").stdout.split())


def _no_room():
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_a_full_disk_gives_no_verdict(kiosk):
    before = kiosk.content()
    for lang, expected in (("zh", "无法写入"), ("en", "cannot be written")):
        result = process(
            *kiosk.arguments("3"),
            stdin=None,
            input=kiosk.text.encode(),
            env={**os.environ, **kiosk.env, "ELICENSE_LANG": lang},
            preexec_fn=_no_room,
        )
        assert result.returncode == 2
        assert result.stdout == b""
        assert expected in result.stderr.decode()
    assert kiosk.content() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_home_gives_no_verdict(kiosk):
    kiosk.home.chmod(0o500)
    try:
        result = kiosk.verify("3")
    finally:
        kiosk.home.chmod(0o700)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot be written" in result.stderr


def test_two_processes_at_once_both_answer(kiosk):
    env = {**os.environ, **kiosk.env, "ELICENSE_LANG": "en"}
    runs = [
        subprocess.Popen(
            command(*kiosk.arguments("3")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env,
        )
        for _ in range(2)
    ]
    found = [started.communicate(kiosk.text.encode(), 60)[0] for started in runs]
    assert [json.loads(answer)["code"] for answer in found] == ["VALID", "VALID"]
    assert [seen.number for seen in memory.recall(kiosk.home).seen] == [3]


def test_pins_of_the_first_version_are_pinned_again(kiosk):
    old = {"format": "elicense.pins/1", "roots": [kiosk.root]}
    path = kiosk.home / pins.FILE_NAME
    path.write_text(json.dumps(old, indent=1) + "\n")
    for lang, expected in (("zh", "旧版本"), ("en", "older version")):
        result = kiosk.verify("2", lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
        assert "trust pin" in result.stderr
        assert kiosk.pin("2", lang=lang).exit_code == 2
    path.unlink()
    assert kiosk.pin("2").exit_code == 0
    assert code(kiosk.verify("2")) == "VALID"


def test_full_pins_take_no_more(kiosk):
    key = pins.read(kiosk.home).key
    many = tuple(pins.Pin(f"sha256:{n:064x}", None) for n in range(pins.MAX_PINS))
    pins.write(kiosk.home, pins.Pins(key, many))
    before = kiosk.content()
    for lang in ("zh", "en"):
        result = kiosk.pin("2", lang=lang)
        assert result.exit_code == 2
        assert "1000" in result.stderr
    assert kiosk.content() == before


@pytest.mark.parametrize(
    ("lang", "expected"), [("zh", "不再固定"), ("en", "no longer")]
)
def test_after_a_loss_the_other_pins_are_listed(lang, expected, kiosk):
    with Simulator() as other:
        other.department.lists = {1}
        kiosk.bundle("other").write_bytes(other.bundle_file())
        root = other.pin
    pinned = run(
        *("trust", "pin", kiosk.bundle("other"), "--root", root), env=kiosk.env
    )
    assert pinned.exit_code == 0
    (kiosk.home / memory.FILE_NAME).unlink()
    result = kiosk.pin("2", lang=lang)
    assert result.exit_code == 0
    assert expected in result.stderr
    assert root in result.stderr
    assert pins.read(kiosk.home).roots == (kiosk.root,)


@dataclass
class Stamped:
    """A license whose key was withdrawn, and a timestamp from before."""

    path: Path
    stamp: Path
    bundle: Path
    root: str

    def verify(self, *more, lang="en"):
        args = ("verify", self.path, "--trust", self.bundle, "--root", self.root)
        return run(*args, "--json", *more, lang=lang)


@pytest.fixture
def stamped(tmp_path):
    now = clock.now()
    with Simulator(now - 2 * HOUR) as world:
        issued = world.issue()
        service = OwnAuthority()
        service.at = now - HOUR
        world.more_roots = [service.root]
        period = Period(now - 99 * DAY, None)
        world.timestamp_authorities = [
            TimestampAuthority(SECOND_CODE, service.certificates, period)
        ]
        world.department.token_compromised_from = now
        world.department.seal_compromised_from = now
        found = Stamped(*(tmp_path / name for name in "abc"), world.pin)
        found.path.write_bytes(issued.pdf)
        found.stamp.write_bytes(service.stamp(sha256(issued.pdf).digest()))
        found.bundle.write_bytes(world.bundle_file())
    return found


def test_evidence_rescues_what_was_signed_before(stamped, tmp_path):
    assert code(stamped.verify()) == "KEY_COMPROMISED"
    other = tmp_path / "other.tsr"
    other.write_bytes(OwnAuthority().stamp(sha256(b"another license").digest()))
    assert code(stamped.verify("--evidence", other)) == "KEY_COMPROMISED"
    both = ("--evidence", other, "--evidence", stamped.stamp)
    assert code(stamped.verify(*both)) == "VALID"


def test_a_kept_snapshot_is_evidence_with_the_timestamp_beside_it(tmp_path):
    now = clock.now()
    with Simulator(now - 2 * HOUR) as world:
        owner = world.department
        text = world.issue().qr_text
        tokens = [payload.read_qr_text(text)]
        made = put(tmp_path / "kept", tokens, owner.token, owner.code, world.at)
        service = OwnAuthority()
        service.at = now - HOUR
        world.more_roots = [service.root]
        period = Period(now - 99 * DAY, None)
        world.timestamp_authorities = [
            TimestampAuthority(SECOND_CODE, service.certificates, period)
        ]
        owner.token_compromised_from = now
        bundle = tmp_path / "trust.elt"
        bundle.write_bytes(world.bundle_file())
        args = ("verify", "-", "--trust", bundle, "--root", world.pin, "--json")
    given = (*args, "--evidence", made.path)
    assert code(run(*args, stdin=text)) == "KEY_COMPROMISED"
    assert code(run(*given, stdin=text)) == "KEY_COMPROMISED", "no timestamp"
    stamp = service.stamp(sha256(made.path.read_bytes()).digest())
    made.path.with_name("manifest.cose.tsr").write_bytes(stamp)
    assert code(run(*given, stdin=text)) == "VALID"
    made.columns.write_bytes(b"")
    assert run(*given, stdin=text).exit_code == 2


def test_evidence_that_cannot_count_is_wrong_usage(stamped, tmp_path):
    huge = tmp_path / "huge.tsr"
    huge.write_bytes(bytes((1 << 16) + 1))
    for more, expected in (
        (("--evidence", tmp_path / "missing"), "missing"),
        (("--evidence", huge), "65536"),
        (("--evidence", stamped.stamp) * 17, "16"),
    ):
        for lang in ("zh", "en"):
            result = stamped.verify(*more, lang=lang)
            assert (result.exit_code, result.stdout) == (2, "")
            assert expected in result.stderr


def test_what_is_no_timestamp_is_refused_as_evidence(kiosk, tmp_path):
    for name, data in (("junk.tsr", b"junk"), ("a.pdf", b"%PDF-1.7" + bytes(70_000))):
        path = tmp_path / name
        path.write_bytes(data)
        for lang, expected in (
            ("zh", "不是 RFC 3161 时间戳"),
            ("en", "not an RFC 3161"),
        ):
            result = kiosk.verify("1", "--evidence", path, lang=lang)
            assert result.exit_code == 2
            assert expected in result.stderr
            assert name in result.stderr
