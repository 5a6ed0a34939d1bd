"""What is remembered of snapshots is protected as the memory is."""

import json
import threading
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import memory, pins, snapshot_memory
from elicense.files import FileError
from elicense.snapshot_memory import FILE, MAX_BYTES, keep, recall, without
from elicense.state_file import MemoryLostError, UnwritableMemoryError
from elicense.testing import CODE, SECOND_CODE, START, Simulator

KEY = bytes(range(32))
ONE, TWO = sha256(b"one").digest(), sha256(b"two").digest()
SEEN = {CODE: (7, ONE), SECOND_CODE: (1, TWO)}


@pytest.fixture(scope="module")
def bundles():
    """Bundle and root of a hub, and of an organ that speaks for itself alone."""
    with Simulator() as hub, Simulator() as own:
        own.speaks_for = CODE
        own.departments[1].listed = False
        yield (hub.bundle_file(), hub.pin), (own.bundle_file(), own.pin)


@pytest.fixture
def home(tmp_path, bundles):
    """A home in which a hub was just pinned."""
    memory.pin(tmp_path / "home", *bundles[0], START)
    return tmp_path / "home"


def test_nothing_is_kept_where_nothing_is_pinned(tmp_path):
    keep(tmp_path, SEEN)
    keep(tmp_path / "none", SEEN)
    assert [*tmp_path.iterdir()] == []
    assert recall(tmp_path) == {}


def test_numbers_only_rise(home):
    path = home / snapshot_memory.FILE_NAME
    assert recall(home) == {}
    assert path.stat().st_mode & 0o777 == 0o600
    keep(home, SEEN)
    assert recall(home) == SEEN
    before = path.stat().st_ino
    keep(home, {CODE: (6, TWO)})
    keep(home, {CODE: (7, TWO)})
    keep(home, {})
    assert path.stat().st_ino == before
    keep(home, {CODE: (8, TWO), SECOND_CODE: (0, ONE)})
    assert recall(home) == {CODE: (8, TWO), SECOND_CODE: (1, TWO)}


def test_of_two_runs_at_once_neither_is_lost(home):
    codes = (CODE, SECOND_CODE)
    runs = [
        threading.Thread(target=keep, args=(home, {codes[n % 2]: (n, ONE)}))
        for n in range(20)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert recall(home) == {CODE: (18, ONE), SECOND_CODE: (19, ONE)}


def changed(data, **entries):
    return json.dumps({**json.loads(data), **entries}, separators=(",", ":")).encode()


def signed(rows, key, data_format=snapshot_memory.FORMAT):
    """Return a file with the right HMAC over any rows."""
    other = FILE.__class__(
        name="x", format=data_format, what=FILE.what, max_bytes=MAX_BYTES,
        entries=lambda value: {"seen": value}, value=lambda fields: fields,
    )  # fmt: skip
    return other.encode(rows, key)


GOOD = [[CODE, 7, ONE.hex()], [SECOND_CODE, 1, TWO.hex()]]
DAMAGES = {
    "empty": lambda _data, _key: b"",
    "cut off": lambda data, _key: data[:-1],
    "a lower number": lambda data, _key: data.replace(b",7,", b",6,"),
    "nothing seen": lambda data, _key: changed(data, seen=[]) + b"\n",
    "of other pins": lambda _data, _key: FILE.encode(SEEN, KEY),
    "nothing, of other pins": lambda _data, _key: FILE.encode({}, KEY),
    "the old form": lambda _data, _key: (
        changed(b"{}", format="elicense.snapshots/1", seen=GOOD) + b"\n"
    ),
    "not JSON": lambda _data, _key: b"memory",
    "nested beyond any reader": lambda _data, _key: b"[" * 100_000,
    "larger than any": lambda data, _key: data + b" " * MAX_BYTES,
    # The right HMAC does not help another shape.
    "the old form, signed": lambda _data, key: signed(
        GOOD, key, "elicense.snapshots/1"
    ),
    "in another order": lambda _data, key: signed(GOOD[::-1], key),
    "an organ twice": lambda _data, key: signed([GOOD[0], GOOD[0]], key),
    "an organ without a code": lambda _data, key: signed([["x", 1, ONE.hex()]], key),
    "a number below zero": lambda _data, key: signed([[CODE, -1, ONE.hex()]], key),
    "a true for a number": lambda _data, key: signed([[CODE, True, ONE.hex()]], key),
    "a short digest": lambda _data, key: signed([[CODE, 1, "00"]], key),
    "an entry more": lambda _data, key: signed([[CODE, 1, ONE.hex(), 1]], key),
    "a text for all": lambda _data, key: signed("x", key),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_an_error_and_stays(name, home):
    keep(home, SEEN)
    path, key = home / snapshot_memory.FILE_NAME, pins.read(home).key
    assert signed(GOOD, key) == path.read_bytes()
    data = DAMAGES[name](path.read_bytes(), key)
    path.write_bytes(data)
    for act in (recall, lambda at: keep(at, {CODE: (9, ONE)})):
        with pytest.raises(MemoryLostError, match="trust pin"):
            act(home)
    assert path.read_bytes() == data


def test_a_file_that_is_gone_is_an_error(home, bundles):
    (home / snapshot_memory.FILE_NAME).unlink()
    with pytest.raises(MemoryLostError, match=r"snapshots\.json"):
        recall(home)
    # Only those who ask snapshots are concerned.
    memory.believe(home, bundles[0][0], START, roots=[bundles[0][1]])


@given(
    seen=st.dictionaries(
        st.sampled_from([CODE, SECOND_CODE]),
        st.tuples(st.integers(0, 2**53), st.binary(min_size=32, max_size=32)),
    )
)
def test_the_file_has_one_spelling(seen):
    data = FILE.encode(seen, KEY)
    assert FILE.decode(data, KEY) == seen
    assert data.endswith(b"\n")


@given(data=st.binary())
def test_any_bytes_give_a_value_or_an_error(data):
    with pytest.raises(MemoryLostError):
        FILE.decode(data, KEY)


# Pinning


def test_pinning_another_root_leaves_what_was_seen(home, bundles):
    keep(home, SEEN)
    memory.pin(home, *bundles[1], START)
    assert recall(home) == SEEN


def test_pinning_again_forgets_the_organs_that_the_root_speaks_for(home, bundles):
    hub, own = bundles
    memory.pin(home, *own, START)
    keep(home, SEEN)
    assert memory.pin(home, *own, START).again
    assert recall(home) == {SECOND_CODE: SEEN[SECOND_CODE]}
    keep(home, SEEN)
    assert memory.pin(home, *hub, START).again
    assert recall(home) == {}
    assert without(SEEN, "91990101MA0000001W") == SEEN


@pytest.mark.parametrize("how", ["gone", "damaged"])
def test_where_it_is_lost_only_the_root_that_is_pinned_stays(home, bundles, how):
    hub, own = bundles
    memory.pin(home, *own, START)
    keep(home, SEEN)
    path, key = home / snapshot_memory.FILE_NAME, pins.read(home).key
    path.unlink() if how == "gone" else path.write_bytes(b"{}")
    done = memory.pin(home, *own, START)
    assert done.lost == (hub[1],)
    assert pins.read(home).key != key
    assert recall(home) == {}


def test_what_cannot_be_kept_is_an_error(home):
    path = home / "memory.lock"
    path.unlink()
    path.mkdir()
    with pytest.raises(UnwritableMemoryError, match=r"snapshots\.json"):
        keep(home, SEEN)
    assert recall(home) == {}
    path.rmdir()
    blocked = home / snapshot_memory.FILE_NAME
    blocked.unlink()
    blocked.mkdir()
    with pytest.raises((MemoryLostError, FileError)):
        keep(home, SEEN)


def test_more_than_a_file_may_have_is_not_kept(home):
    many = {f"{number:018d}": (1, ONE) for number in range(MAX_BYTES // 80)}
    with pytest.raises(UnwritableMemoryError, match="bytes"):
        FILE.write(home, many, pins.read(home).key)
    assert recall(home) == {}
