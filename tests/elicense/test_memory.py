"""What a verifier remembers: nothing of it falls, is lost or is made up unnoticed."""

import fcntl
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from hypothesis import given
from hypothesis import strategies as st

from elicense import memory, pins, snapshot_memory, trust
from elicense.files import FileError
from elicense.memory import Memory
from elicense.pins import Pin, PinError, Pins
from elicense.state_file import MemoryLostError, UnwritableMemoryError
from elicense.testing import CODE, SECOND_CODE, START, Simulator
from elicense.trust import RollbackError, RootStatement, Seen
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.signer import SoftwareSigner

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
KEY = bytes(range(32))
PINS, MEMORY, LOCK = pins.FILE_NAME, memory.FILE_NAME, "memory.lock"
SNAPSHOTS = snapshot_memory.FILE_NAME


@dataclass(frozen=True)
class Files:
    """Bundle files of one hub, and of a stranger's.

    Attributes:
        root: fingerprint of the hub's root, which is rotated at the end.
        next_root: that of its successor.
        numbers: bundle number -> file, all of the first root.
        twin: the second bundle's number with other bytes.
        future: the third number, dated an hour later.
        rotated: the fourth number, under a chain of both roots.
        other_root: a stranger's.
        other: a stranger's bundle number -> file.
    """

    root: str
    next_root: str
    numbers: dict[int, bytes]
    twin: bytes
    future: bytes
    rotated: bytes
    other_root: str
    other: dict[int, bytes]


def bundle(world, number, **knobs):
    world.number = number
    for name, value in knobs.items():
        setattr(world, name, value)
    return world.bundle_file()


@pytest.fixture(scope="module")
def given_files():
    with Simulator() as world, Simulator() as other:
        for each in (world, other):
            for department in each.departments:
                department.lists = {1}
        numbers = {number: bundle(world, number) for number in range(1, 9)}
        twin = bundle(world, 2, bundle_age=world.bundle_age - DAY)
        later = START + timedelta(hours=1)
        future = bundle(world, 3, issued_at=later)
        successor = SoftwareSigner.generate(Suite.ES256)
        handover = RootStatement(
            number=2,
            issued_at=START,
            speaks_for=None,
            bundle_keys=world.bundle_keys,
            successor=successor.public_key,
        )
        last = replace(handover, number=3, successor=None)
        world.statements = [
            world.root_statement(),
            trust.sign_root_statement(handover, world.root, successor),
            trust.sign_root_statement(last, successor),
        ]
        rotated = bundle(world, 4, statement=3, issued_at=None)
        yield Files(
            root=world.pin,
            next_root=successor.public_key.fingerprint,
            numbers=numbers,
            twin=twin,
            future=future,
            rotated=rotated,
            other_root=other.pin,
            other={number: bundle(other, number) for number in range(1, 9)},
        )


@pytest.fixture
def home(tmp_path, given_files):
    """A home in which the first bundle's root was just pinned."""
    folder = tmp_path / "home"
    memory.pin(folder, given_files.numbers[1], given_files.root, START)
    return folder


def believe(folder, data, now=START, *, asked=None):
    pinned = pins.read(folder)
    roots = () if pinned is None else pinned.roots
    return memory.believe(folder, data, now, roots=roots, asked=asked)


def number(folder):
    """Return the highest number of the only chain."""
    (seen,) = memory.recall(folder).seen
    return seen.number


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_pinning_remembers_the_bundle_and_the_time(home, given_files):
    assert sorted(content(home)) == [MEMORY, LOCK, PINS, SNAPSHOTS]
    for name in (MEMORY, LOCK, PINS):
        assert (home / name).stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
    pinned, kept = pins.read(home), memory.recall(home)
    assert pinned.entries == (Pin(given_files.root, None),)
    assert number(home) == 1
    assert kept.latest == START
    assert memory.decode((home / MEMORY).read_bytes(), pinned.key) == kept


def test_a_department_is_pinned_for_itself_alone(tmp_path):
    with Simulator() as world:
        world.speaks_for = CODE
        world.departments[1].listed = False
        done = memory.pin(tmp_path / "home", world.bundle_file(), world.pin, START)
    assert done.pin == Pin(world.pin, CODE)
    assert (done.again, done.lost) == (False, ())


def test_nothing_is_kept_where_nothing_is_pinned(tmp_path, given_files):
    folder = tmp_path / "home"
    roots = (given_files.root,)
    state = memory.believe(folder, given_files.numbers[2], START, roots=roots)
    assert state.clock_floor == START - trust.CLOCK_TOLERANCE
    memory.believe(folder, given_files.numbers[1], START, roots=roots)
    assert memory.keep_time(folder, state, START) == state
    assert memory.recall(folder) == Memory()
    assert not folder.exists()


def test_what_rises_is_kept(home, given_files):
    for seen in (1, 2, 2, 5, 8):
        assert believe(home, given_files.numbers[seen]).bundle.number == seen
        assert number(home) == seen


FALLEN = {
    "an older bundle after a newer one": lambda files: files.numbers[1],
    "the same number with other bytes": lambda files: files.twin,
}


@pytest.mark.parametrize("name", FALLEN)
def test_what_fell_is_refused_and_nothing_is_changed(name, home, given_files):
    believe(home, given_files.numbers[2])
    before = content(home)
    with pytest.raises(RollbackError):
        believe(home, FALLEN[name](given_files), START + DAY)
    with pytest.raises(RollbackError):
        believe(home, FALLEN[name](given_files), START - DAY, asked=START + DAY)
    assert content(home) == before


def test_a_root_that_was_succeeded_speaks_no_more(home, given_files):
    believe(home, given_files.rotated)
    before = content(home)
    with pytest.raises(RollbackError, match="succeeded"):
        believe(home, given_files.numbers[8])
    assert content(home) == before


def test_the_successor_of_a_pinned_root_is_believed_and_can_be_pinned(
    home, given_files
):
    assert believe(home, given_files.rotated).root == given_files.root
    done = memory.pin(home, given_files.rotated, given_files.next_root, START)
    assert (done.again, done.lost) == (False, ())
    assert believe(home, given_files.rotated).root == given_files.next_root
    assert pins.read(home).roots == (given_files.root, given_files.next_root)
    assert len(memory.recall(home).seen) == 1


def test_a_new_root_of_a_known_chain_comes_with_no_older_bundle(home, given_files):
    believe(home, given_files.rotated)
    memory.pin(home, given_files.other[1], given_files.other_root, START)
    both = pins.read(home)
    pins.write(home, replace(both, entries=both.entries[1:]))
    before = content(home)
    with pytest.raises(RollbackError):
        memory.pin(home, given_files.numbers[8], given_files.root, START)
    assert content(home) == before


def test_chains_are_remembered_apart(home, given_files):
    believe(home, given_files.numbers[5])
    memory.pin(home, given_files.other[2], given_files.other_root, START)
    believe(home, given_files.other[3])
    assert sorted(seen.number for seen in memory.recall(home).seen) == [3, 5]
    with pytest.raises(RollbackError):
        believe(home, given_files.other[2])
    with pytest.raises(RollbackError):
        believe(home, given_files.numbers[4])


def scopes(folder, scope):
    """Pin the root for something else, as if it had said so then."""
    pinned = pins.read(folder)
    entry = Pin(pinned.entries[0].root, scope)
    pins.write(folder, Pins(pinned.key, (entry,)))
    (folder / MEMORY).write_bytes(memory.encode(Memory(), pinned.key))


@pytest.mark.parametrize("scope", [CODE, SECOND_CODE])
def test_a_department_that_makes_itself_a_hub_is_refused(scope, home, given_files):
    scopes(home, scope)
    before = content(home)
    with pytest.raises(VerificationError, match="pinned for"):
        believe(home, given_files.numbers[2])
    with pytest.raises(PinError, match="something else"):
        memory.pin(home, given_files.numbers[2], given_files.root, START)
    assert content(home) == before


def spelled(value):
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def edited(data, **changes):
    """Return the memory with other values and its old HMAC, in our own spelling."""
    return spelled({**json.loads(data), **changes})


def sealed(data, key):
    """Return the memory with the right HMAC for whatever it says."""
    value = json.loads(data)
    del value["hmac"]
    code = HMAC(key, SHA256())
    code.update(spelled(value))
    return spelled({**value, "hmac": code.finalize().hex()})


DAMAGES = {
    "empty": lambda _data, _key: b"",
    "cut off": lambda data, _key: data[:-2],
    "cut in half": lambda data, _key: data[: len(data) // 2],
    "a lower number": lambda data, _key: data.replace(b'"number":2', b'"number":1'),
    "an earlier clock": lambda data, _key: data.replace(b'"clock":1', b'"clock":0'),
    "nothing seen": lambda data, _key: edited(data, seen=[]),
    "no clock": lambda data, _key: edited(data, clock=None),
    "an empty HMAC": lambda data, _key: edited(data, hmac=""),
    "the memory of other pins": lambda data, key: memory.encode(
        memory.decode(data, key), KEY
    ),
    "an empty memory of other pins": lambda _data, _key: memory.encode(Memory(), KEY),
    "spaces that we do not write": lambda data, _key: data + b" ",
    "not JSON": lambda _data, _key: b"memory",
    "not UTF-8": lambda _data, _key: b"\xff",
    "nested beyond any reader": lambda _data, _key: b"[" * 100_000,
    "a number of 5000 digits": lambda data, _key: data.replace(
        b'"number":2', b'"number":' + b"2" * 5000
    ),
    "larger than any memory": lambda data, _key: data + b" " * memory.MAX_BYTES,
    # The right HMAC does not help another shape.
    "an entry more": lambda data, key: sealed(edited(data, x=1), key),
    "another format": lambda data, key: sealed(
        edited(data, format="elicense.memory/0"), key
    ),
    "a clock after all time": lambda data, key: sealed(
        edited(data, clock=1 << 60), key
    ),
    "a true where a number is": lambda data, key: sealed(
        data.replace(b",1,2]", b",true,2]"), key
    ),
    "a number below zero": lambda data, key: sealed(
        data.replace(b",1,2]", b",-1,2]"), key
    ),
    "a chain without a root": lambda data, key: sealed(
        data.replace(
            data[data.index(b'[{"root"') : data.index(b',"statement"')], b"[]"
        ),
        key,
    ),
    "a short digest": lambda data, key: sealed(
        data.replace(b'"bundle":"', b'"bundle":"0'), key
    ),
    "a list of nobody": lambda data, key: sealed(
        data.replace(CODE.encode(), b"x"), key
    ),
}


def test_the_right_hmac_is_taken(home):
    key, data = pins.read(home).key, (home / MEMORY).read_bytes()
    assert sealed(data, key) == data


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_memory_is_an_error_and_stays(name, home, given_files):
    believe(home, given_files.numbers[2])
    path, key = home / MEMORY, pins.read(home).key
    data = DAMAGES[name](path.read_bytes(), key)
    assert data != path.read_bytes()
    path.write_bytes(data)
    state = trust.admit(given_files.numbers[2], given_files.root)
    for act in (
        lambda: memory.recall(home),
        lambda: believe(home, given_files.numbers[8], START + DAY),
        lambda: memory.keep_time(home, state, START + DAY),
    ):
        with pytest.raises(MemoryLostError, match="trust pin"):
            act()
    assert path.read_bytes() == data


def test_deleted_memory_is_no_empty_one(home, given_files):
    (home / MEMORY).unlink()
    with pytest.raises(MemoryLostError):
        believe(home, given_files.numbers[8])
    assert not (home / MEMORY).exists()


def test_memory_that_cannot_be_read_is_no_empty_one(home, given_files):
    (home / MEMORY).unlink()
    (home / MEMORY).mkdir()
    with pytest.raises((MemoryLostError, FileError)):
        believe(home, given_files.numbers[8])


def test_pinning_again_is_how_a_person_recovers(home, given_files):
    believe(home, given_files.numbers[5], START + 300 * DAY)
    done = memory.pin(home, given_files.numbers[2], given_files.root, START)
    assert (done.again, done.lost) == (True, ())
    assert number(home) == 2
    assert memory.recall(home).latest == START


def test_pinning_again_leaves_other_chains_alone(home, given_files):
    memory.pin(home, given_files.other[7], given_files.other_root, START)
    memory.pin(home, given_files.numbers[1], given_files.root, START)
    with pytest.raises(RollbackError):
        believe(home, given_files.other[6])


def test_after_a_loss_only_what_is_compared_again_is_pinned(home, given_files):
    memory.pin(home, given_files.other[7], given_files.other_root, START)
    kept = (home / MEMORY).read_bytes()
    (home / MEMORY).unlink()
    done = memory.pin(home, given_files.numbers[3], given_files.root, START)
    assert (done.again, done.lost) == (True, (given_files.other_root,))
    assert pins.read(home).roots == (given_files.root,)
    assert number(home) == 3
    (home / MEMORY).write_bytes(kept)  # found again: it is of the old key
    with pytest.raises(MemoryLostError):
        memory.recall(home)


def test_a_new_root_after_a_loss_leaves_none_of_the_others(home, given_files):
    (home / MEMORY).write_bytes(b"")
    done = memory.pin(home, given_files.other[1], given_files.other_root, START)
    assert (done.again, done.lost) == (False, (given_files.root,))
    assert pins.read(home).roots == (given_files.other_root,)


_PIN = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from elicense import files, memory
try:
    at = datetime.fromtimestamp(int(sys.argv[4]), UTC)
    memory.pin(Path(sys.argv[1]), Path(sys.argv[2]).read_bytes(), sys.argv[3], at)
except files.FileError:
    sys.exit(7)
"""


def test_where_only_the_pins_cannot_be_written_nothing_is_forgotten(
    home, given_files, tmp_path
):
    many = pins.read(home)
    for n in range(100):  # so that they are larger than the memory
        many = many.with_pin(Pin(f"sha256:{n:064x}", None))
    pins.write(home, many)
    path = tmp_path / "other.elt"
    path.write_bytes(given_files.other[7])
    done = subprocess.run(
        [
            *(sys.executable, "-c", _PIN, home, path),
            *(given_files.other_root, str(int(START.timestamp()))),
        ],
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)),
    )
    assert done.returncode == 7
    assert pins.read(home) == many
    assert sorted(seen.number for seen in memory.recall(home).seen) == [1, 7]


REFUSED = {
    "no bundle": (b"x", MalformedError),
    "damaged pins": (None, PinError),
    "another root's": ("other", VerificationError),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_pin_that_is_refused_changes_nothing(name, home, given_files):
    data, error = REFUSED[name]
    if name == "damaged pins":
        (home / PINS).write_bytes(b"{}")
    if name == "another root's":
        data = given_files.other[1]
    before = content(home)
    with pytest.raises(error):
        memory.pin(home, data or given_files.numbers[1], given_files.root, START)
    assert content(home) == before


def test_a_refused_first_pin_leaves_no_folder(tmp_path, given_files):
    with pytest.raises(VerificationError):
        memory.pin(tmp_path / "x", given_files.other[1], given_files.root, START)
    with pytest.raises(ValueError, match="sha256"):
        memory.pin(tmp_path / "x", given_files.numbers[1], "root", START)
    assert list(tmp_path.iterdir()) == []


def test_a_thousand_pins_take_no_more(home, given_files):
    pinned, kept = pins.read(home), memory.recall(home)
    many = tuple(Pin(f"sha256:{n:064x}", None) for n in range(pins.MAX_PINS))
    pins.write(home, Pins(pinned.key, many))
    before = content(home)
    with pytest.raises(PinError, match="1000"):
        memory.pin(home, given_files.other[1], given_files.other_root, START)
    assert content(home) == before
    assert memory.recall(home) == kept


def test_the_clock_is_kept_in_steps_and_never_falls(home, given_files):
    data = given_files.numbers[1]
    for after, kept in (
        (timedelta(seconds=59), timedelta()),
        (MINUTE, MINUTE),
        (timedelta(), MINUTE),
        (-9 * MINUTE, MINUTE),
        (DAY, DAY),
    ):
        believe(home, data, START + after)
        assert memory.recall(home).latest == START + kept


def test_a_clock_that_was_set_back_is_noticed_and_not_kept(home, given_files):
    data = given_files.numbers[1]
    believe(home, data, START + DAY)
    before = content(home)
    now = START + DAY - timedelta(minutes=11)
    state = believe(home, data, now)
    assert state.clock_floor == START + DAY - timedelta(minutes=10)
    assert now < state.clock_floor
    assert memory.keep_time(home, state, now).clock_floor == state.clock_floor
    assert content(home) == before


def test_an_instant_that_was_asked_for_is_neither_judged_nor_kept(home, given_files):
    data = given_files.numbers[1]
    believe(home, data, START + DAY)
    before = content(home)
    for now in (START, START + 2 * DAY):
        assert believe(home, data, now, asked=now).clock_floor is None
    assert content(home) == before
    believe(home, given_files.numbers[2], START, asked=START)
    assert number(home) == 2
    assert memory.recall(home).latest == START + DAY


def test_a_bundle_from_the_future_is_not_remembered(home, given_files):
    before = content(home)
    state = believe(home, given_files.future, START)
    assert state.clock_floor > START
    assert content(home) == before
    believe(home, given_files.future, START, asked=START)
    assert content(home) == before
    believe(home, given_files.numbers[2], START)
    assert number(home) == 2
    believe(home, given_files.future, START + timedelta(minutes=51))
    assert number(home) == 3


def test_the_time_alone_is_kept_for_a_workspaces_own_bundle(home, given_files):
    state = trust.admit(given_files.numbers[8], given_files.root)
    memory.keep_time(home, state, START + timedelta(seconds=59))
    assert memory.recall(home).latest == START
    timed = memory.keep_time(home, state, START + DAY)
    assert timed.clock_floor == START - trust.CLOCK_TOLERANCE
    assert memory.recall(home).latest == START + DAY
    assert number(home) == 1


def test_a_workspaces_own_bundle_from_the_future_keeps_no_time(home, given_files):
    state = trust.admit(given_files.future, given_files.root)
    now = START + 2 * MINUTE
    assert memory.keep_time(home, state, now).clock_floor > now
    assert memory.recall(home).latest == START


def test_a_clock_before_1970_is_kept_as_1970(home, given_files):
    state = trust.admit(given_files.numbers[1], given_files.root)
    after = Memory().after(state, datetime(1960, 1, 1, tzinfo=UTC), on_clock=True)
    assert after == Memory()
    nothing = trust.no_trust("none")
    pinned = pins.read(home)
    (home / MEMORY).write_bytes(memory.encode(Memory(), pinned.key))
    memory.keep_time(home, nothing, datetime(1960, 1, 1, tzinfo=UTC))
    assert memory.recall(home).latest == datetime(1970, 1, 1, tzinfo=UTC)


def test_nothing_is_written_where_nothing_rose(home, given_files):
    before = (home / MEMORY).stat()
    believe(home, given_files.numbers[1], START + timedelta(seconds=59))
    after = (home / MEMORY).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_nothing_admitted_is_nothing_seen():
    with pytest.raises(TypeError, match="admitted"):
        Memory().after(trust.no_trust("none"), START, on_clock=True)


def test_a_full_disk_believes_nothing_new(home, given_files):
    before = content(home)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(UnwritableMemoryError, match="cannot be written"):
            believe(home, given_files.numbers[2])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert content(home) == before


UNWRITABLE = {
    "the lock is a folder": lambda home: (home / LOCK).mkdir(),
    "the lock leads nowhere": lambda home: (home / LOCK).symlink_to("/nowhere/x"),
}


@pytest.mark.parametrize("name", UNWRITABLE)
def test_where_memory_cannot_be_written_nothing_is_believed(name, home, given_files):
    (home / LOCK).unlink()
    UNWRITABLE[name](home)
    before = (home / MEMORY).read_bytes()
    with pytest.raises(UnwritableMemoryError, match="cannot be written"):
        believe(home, given_files.numbers[2])
    assert (home / MEMORY).read_bytes() == before
    assert believe(home, given_files.numbers[1]).bundle.number == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_home_believes_nothing_new(home, given_files):
    home.chmod(0o500)
    try:
        with pytest.raises(UnwritableMemoryError):
            believe(home, given_files.numbers[2])
    finally:
        home.chmod(0o700)
    assert number(home) == 1


def test_memory_that_grew_too_large_believes_nothing_new(home, given_files):
    pinned = pins.read(home)
    flood = Seen(
        scopes=MappingProxyType({given_files.other_root: None}),
        statement=1,
        number=1,
        digest=bytes(32),
        issued_at=START,
        lists=MappingProxyType({(CODE, n): n for n in range(2**52, 2**52 + 130_000)}),
        sources=MappingProxyType({}),
    )
    size = len(memory.encode(Memory((flood,)), pinned.key))
    fill = (memory.MAX_BYTES - size) // 57
    lists = {(SECOND_CODE, n): n for n in range(2**52, 2**52 + fill)}
    full = Memory((replace(flood, lists={**flood.lists, **lists}),))
    data = memory.encode(full, pinned.key)
    assert memory.MAX_BYTES - 200 < len(data) <= memory.MAX_BYTES
    (home / MEMORY).write_bytes(data)
    with pytest.raises(UnwritableMemoryError, match="bytes"):
        believe(home, given_files.numbers[2])
    assert (home / MEMORY).read_bytes() == data


@contextmanager
def overtaken(home, act, meanwhile):
    """Let a run read the memory, then replace that under it, and give the run.

    Args:
        home: of the run.
        act: what the run does.
        meanwhile: what another run did to a copy of the home in between.
    """
    copy = home.with_name("copy")
    shutil.copytree(home, copy)
    meanwhile(copy)
    with (home / LOCK).open("rb") as lock, ThreadPoolExecutor(1) as pool:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = pool.submit(act)
        threading.Event().wait(0.4)  # it has read the memory by now, and waits
        assert not run.done()
        shutil.copy(copy / MEMORY, home / MEMORY)
        fcntl.flock(lock, fcntl.LOCK_UN)
        yield run


def test_a_lower_run_that_comes_second_is_refused(home, given_files):
    """A run that began before a higher one was written must not write after it."""
    with (
        overtaken(
            home,
            lambda: believe(home, given_files.numbers[2]),
            lambda copy: believe(copy, given_files.numbers[8]),
        ) as run,
        pytest.raises(RollbackError),
    ):
        run.result(20)
    assert number(home) == 8


def test_a_run_that_comes_second_keeps_what_the_first_saw(home, given_files):
    memory.pin(home, given_files.other[1], given_files.other_root, START)
    with overtaken(
        home,
        lambda: believe(home, given_files.numbers[2]),
        lambda copy: believe(copy, given_files.other[8], START + DAY),
    ) as run:
        assert run.result(20).bundle.number == 2
    assert sorted(seen.number for seen in memory.recall(home).seen) == [2, 8]
    assert memory.recall(home).latest == START + DAY


def test_a_time_that_comes_second_keeps_what_the_first_saw(home, given_files):
    state = trust.admit(given_files.numbers[1], given_files.root)
    with overtaken(
        home,
        lambda: memory.keep_time(home, state, START + DAY),
        lambda copy: believe(copy, given_files.numbers[8], START + 2 * DAY),
    ) as run:
        run.result(20)
    assert number(home) == 8
    assert memory.recall(home).latest == START + 2 * DAY


_RUN = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from elicense import memory, pins
from elicense.trust import RollbackError
home, folder, begin = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
roots = pins.read(home).roots
print("ready", flush=True)
sys.stdin.readline()
for number in range(begin, 60, 2):
    data = (folder / str(number)).read_bytes()
    at = datetime.fromtimestamp(int(sys.argv[4]) + 61 * number, UTC)
    try:
        memory.believe(home, data, at, roots=roots)
    except RollbackError:
        print("refused", number)
"""


def test_two_processes_at_once_lose_nothing(home, tmp_path, given_files):
    memory.pin(home, given_files.other[8], given_files.other_root, START)
    folder = tmp_path / "bundles"
    folder.mkdir()
    with Simulator() as world:
        world.departments[1].listed = False
        world.department.lists = {1}
        for n in range(60):
            (folder / str(n)).write_bytes(bundle(world, n))
        memory.pin(home, bundle(world, 0), world.pin, START)
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", _RUN, home, folder, str(begin), str(_START)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for begin in (0, 1)
    ]
    try:
        for run in runs:
            assert run.stdout.readline() == "ready\n"
        for run in runs:
            run.stdin.write("\n")
            run.stdin.flush()
        said = [run.communicate(timeout=60)[0] for run in runs]
    finally:
        for run in runs:
            run.kill()
            run.communicate()
    assert [run.returncode for run in runs] == [0, 0], said
    assert sorted(seen.number for seen in memory.recall(home).seen) == [1, 8, 59]
    assert memory.recall(home).latest == START + timedelta(seconds=61 * 59)
    assert sorted(content(home)) == [MEMORY, LOCK, PINS, SNAPSHOTS]


_START = int(START.timestamp())


def seen_values():
    codes = st.sampled_from([CODE, SECOND_CODE])
    numbers = st.integers(0, 2**53 - 1)
    fingerprints = st.integers(0, 9).map(lambda n: f"sha256:{n:064x}")
    return st.builds(
        Seen,
        scopes=st.dictionaries(fingerprints, st.none() | codes, min_size=1, max_size=3),
        statement=numbers,
        number=numbers,
        digest=st.binary(min_size=32, max_size=32),
        issued_at=st.integers(0, 253_402_185_599).map(
            lambda seconds: datetime.fromtimestamp(seconds, UTC)
        ),
        lists=st.dictionaries(st.tuples(codes, numbers), numbers, max_size=3),
        sources=st.dictionaries(
            codes, st.tuples(fingerprints, numbers, numbers), max_size=2
        ),
    )


@given(
    st.lists(seen_values(), max_size=3),
    st.none() | st.integers(0, 253_402_300_799),
)
def test_what_is_encoded_is_decoded(seen, seconds):
    latest = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    value = Memory(tuple(seen), latest)
    found = memory.decode(memory.encode(value, KEY), KEY)
    assert found == value
    assert [tuple(s.scopes) for s in found.seen] == [tuple(s.scopes) for s in seen]


WRITTEN = memory.encode(Memory((), START), KEY)


@given(st.binary(max_size=300))
def test_any_bytes_give_an_error(data):
    with pytest.raises(MemoryLostError):
        memory.decode(data, KEY)


@given(st.integers(0, len(WRITTEN) - 1), st.integers(1, 255))
def test_no_edited_byte_is_believed(place, change):
    data = bytearray(WRITTEN)
    data[place] ^= change
    assert memory.decode(WRITTEN, KEY) == Memory((), START)
    with pytest.raises(MemoryLostError):
        memory.decode(bytes(data), KEY)


@given(st.binary(min_size=32, max_size=32).filter(lambda key: key != KEY))
def test_no_other_key_opens_it(key):
    with pytest.raises(MemoryLostError):
        memory.decode(WRITTEN, key)


def test_paths_are_no_part_of_the_files(home):
    for data in content(home).values():
        assert str(Path(home)).encode() not in data


def test_the_bundle_of_a_day_answers_for_that_day_alone(tmp_path):
    home = tmp_path / "home"
    with Simulator(START) as world:
        world.issued_at = START - 20 * DAY
        past = world.bundle_file()
        world.issued_at, world.number = START, 2
        memory.pin(home, world.bundle_file(), world.pin, START)
        pin = world.pin
    before = content(home)
    state = believe(home, past, START, asked=START - 19 * DAY)
    assert (state.bundle.number, state.root) == (1, pin)
    for asked in (None, START, START + DAY):
        with pytest.raises(RollbackError):
            believe(home, past, START, asked=asked)
    assert content(home) == before, "nothing of the past is remembered"


def _hub_of_the_past(world):
    """A department's root that makes itself a hub's, in a bundle of long ago."""
    world.speaks_for = None


def _back_dated_by_the_old_root(world):
    """The old root was stolen after it handed over; a thief dates what he likes."""
    world.statements = []
    world.statement = 1


FORGED_PASTS = {
    "a root that changed its scope": _hub_of_the_past,
    "a root that handed over": _back_dated_by_the_old_root,
}


@pytest.mark.parametrize("name", FORGED_PASTS)
def test_no_day_of_the_past_is_left_to_whoever_holds_a_root(name, tmp_path):
    home, past = tmp_path / "home", START - 20 * DAY
    with Simulator(START) as world:
        world.departments[1].listed = False
        world.speaks_for = CODE
        if name == "a root that handed over":
            new = SoftwareSigner.generate(Suite.ES256)
            says = RootStatement(
                number=1,
                issued_at=past,
                speaks_for=CODE,
                bundle_keys=world.bundle_keys,
                successor=new.public_key,
            )
            after = replace(says, number=2, successor=None)
            world.statements = [
                trust.sign_root_statement(says, world.root, new),
                trust.sign_root_statement(after, new),
            ]
            world.statement = 2
        world.number = 5
        memory.pin(home, world.bundle_file(), world.pin, START)
        FORGED_PASTS[name](world)
        world.issued_at, world.number = past, 4
        forged = world.bundle_file()
    before = content(home)
    with pytest.raises(VerificationError):
        believe(home, forged, START, asked=past + DAY)
    assert content(home) == before
