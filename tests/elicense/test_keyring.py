"""Keys are made once, kept encrypted, and opened with their passphrase."""

import os
import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import keyfolder, keyring, wiping
from elicense.errors import WorkspaceError
from elicense.files import FileError
from elicense.model import Organization
from esign import cbor
from esign.algorithms import Suite
from esign.certificates import read_certificate
from tests.elicense.crash.killed import CODE, NAME, PASSPHRASE, START

ORGAN = Organization(CODE, NAME)
USES = ("root", "bundle", "token", "status", "seal", "ca-root", "ca-issuing")
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def made():
    keys, parts = keyring.make(ORGAN, {"status": Suite.ML_DSA_44}, START)
    return dict(keys), parts


@pytest.fixture
def folder(made, tmp_path):
    keys, parts = made
    keyring.save_keys(tmp_path, keys.items(), PASSPHRASE)
    keyring.save_parts(tmp_path, parts)
    return tmp_path


def load(folder):
    return keyring.parts_of(*keyring.read_public(folder))


def test_what_is_saved_is_opened(made, folder):
    keys, parts = made
    assert load(folder) == parts
    opened = keyring.unlock(folder, parts, PASSPHRASE)
    for use in ("bundle", "token", "status", "seal"):
        assert getattr(opened, use).public_key == keys[use].public_key
    assert opened.status.public_key.suite is Suite.ML_DSA_44
    (authority,) = opened.authorities
    assert authority.root.public_key == keys["ca-root"].public_key
    root = keyring.open_root(folder, parts, PASSPHRASE)
    assert root.public_key == keys["root"].public_key
    assert parts.identity(opened).certificate == parts.seal.certificates[0]


def test_every_key_has_one_use_and_the_root_speaks_for_the_organ_alone(made):
    keys, parts = made
    assert set(keys) == set(USES)
    assert len({key.public_key.kid for key in keys.values()}) == len(USES)
    assert parts.roots.scopes == {keys["root"].public_key.fingerprint: CODE}
    assert parts.roots.last.bundle_keys == (keys["bundle"].public_key,)
    sealed = read_certificate(parts.seal.certificates[0]).public_key
    assert sealed == keys["seal"].public_key


def test_no_key_is_readable_without_the_passphrase(folder):
    for path in folder.glob("*.pem"):
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
        assert path.stat().st_mode & 0o777 == 0o600
    assert len(list(folder.glob("*.pem"))) == len(USES)


@pytest.mark.parametrize("passphrase", [b"wrong", b"", PASSPHRASE + b"\n"])
def test_another_passphrase_opens_nothing(folder, passphrase):
    with pytest.raises(WorkspaceError, match="wrong passphrase"):
        keyring.unlock(folder, load(folder), passphrase)


def path_of(folder, use):
    return next(folder.glob(f"{use}-????????????????.pem"))


@pytest.mark.parametrize("use", [use for use in USES if use != "root"])
def test_a_damaged_key_is_named(folder, use):
    path = path_of(folder, use)
    path.write_bytes(b"not a key")
    with pytest.raises(WorkspaceError, match=path.name):
        keyring.unlock(folder, load(folder), PASSPHRASE)


@pytest.mark.parametrize("use", [use for use in USES if use != "root"])
def test_a_missing_key_is_an_error(folder, use):
    path = path_of(folder, use)
    path.unlink()
    with pytest.raises(WorkspaceError, match=path.name):
        keyring.unlock(folder, load(folder), PASSPHRASE)


def test_another_key_under_the_name_of_one_is_refused(folder):
    path_of(folder, "status").replace(path_of(folder, "token"))
    with pytest.raises(WorkspaceError, match="holds another key"):
        keyring.unlock(folder, load(folder), PASSPHRASE)


def test_a_root_that_is_off_line_is_asked_for_only_when_it_speaks(folder):
    path = path_of(folder, "root")
    path.unlink()
    parts = load(folder)
    keyring.unlock(folder, parts, PASSPHRASE)
    with pytest.raises(WorkspaceError, match="off line") as caught:
        keyring.open_root(folder, parts, PASSPHRASE)
    assert path.name in caught.value.message.zh


def statements(change):
    """Return a change of the file of root statements."""

    def edit(grants, signed):
        value = cbor.decode(signed)
        return grants, cbor.encode(change(value))

    return edit


DAMAGED = {
    "grants cut short": (lambda g, s: (g[:-1], s), "grants.cbor"),
    "no statements": (lambda g, _: (g, b""), "root-statements.cbor"),
    "an empty array of statements": (
        statements(lambda _: []),
        "root-statements.cbor",
    ),
    "a statement without a signature": (
        statements(lambda _: [[]]),
        "root-statements.cbor",
    ),
    "a statement twice": (statements(lambda v: v * 2), "root-statements.cbor"),
    "a statement that is no byte string": (
        statements(lambda _: [["x"]]),
        "root-statements.cbor",
    ),
    "a statement with another signature": (
        statements(lambda v: [[v[0][0][:-1] + b"\0"]]),
        "root-statements.cbor",
    ),
    "the files changed for one another": (lambda g, s: (s, g), "grants.cbor"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_public_file_is_named(folder, case):
    damage, name = DAMAGED[case]
    with pytest.raises(WorkspaceError, match=name):
        keyring.parts_of(*damage(*keyring.read_public(folder)))


@given(st.binary(max_size=200))
def test_any_bytes_are_parts_or_an_error(data):
    with pytest.raises(WorkspaceError):
        keyring.parts_of(data, data)


def test_a_huge_file_is_refused(folder):
    (folder / "root-statements.cbor").write_bytes(bytes(1 << 21))
    with pytest.raises(FileError, match="more than"):
        keyring.read_public(folder)


def test_a_random_passphrase_is_kept_and_never_the_same(tmp_path):
    first = keyfolder.keep_random_passphrase(tmp_path)
    assert keyfolder.kept_passphrase(tmp_path) == first
    assert (tmp_path / keyfolder.PASSPHRASE_FILE).stat().st_mode & 0o777 == 0o600
    assert len(first) == 32
    assert keyfolder.keep_random_passphrase(tmp_path) != first


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_kept_passphrase_may_end_with_a_line_break(tmp_path, end):
    (tmp_path / keyfolder.PASSPHRASE_FILE).write_bytes(PASSPHRASE + end)
    assert keyfolder.kept_passphrase(tmp_path) == PASSPHRASE


def test_without_a_kept_passphrase_it_says_how_to_give_one(tmp_path):
    with pytest.raises(WorkspaceError, match="ELICENSE_PASSPHRASE"):
        keyfolder.kept_passphrase(tmp_path)


def test_an_instant_at_which_the_keys_do_not_sign_is_refused(made):
    _, parts = made
    facts = read_certificate(parts.seal.certificates[0])
    for at in (facts.not_before, facts.not_after):
        parts.check_time(at)
    for at in (facts.not_before - SECOND, facts.not_after + SECOND):
        with pytest.raises(WorkspaceError, match="clock"):
            parts.check_time(at)


def test_many_sign_at_once_and_one_alone_changes(folder):
    done = []

    def change():
        with keyfolder.locked(folder, alone=True):
            done.append("changed")

    with keyfolder.locked(folder, alone=False), keyfolder.locked(folder, alone=False):
        waiting = threading.Thread(target=change)
        waiting.start()
        waiting.join(0.2)
        done.append("signed")
    waiting.join(20)
    assert done == ["signed", "changed"]


class TestWiping:
    def test_what_stood_there_is_overwritten_in_place(self, tmp_path):
        path = tmp_path / "key.pem"
        path.write_bytes(b"secret" * 100)
        os.link(path, tmp_path / "same")  # the same bytes on the disk
        assert not wiping.is_wiped(path)
        wiping.overwrite(path)
        assert b"secret" not in (tmp_path / "same").read_bytes()
        assert wiping.is_wiped(path)
        wiping.remove(path)
        wiping.remove(path)  # the same again is harmless
        assert not path.exists()

    def test_half_a_wiping_is_none(self, tmp_path):
        path = tmp_path / "key.pem"
        path.write_bytes(bytes(50) + b"secret")
        assert not wiping.is_wiped(path)

    def test_a_file_that_is_not_there_cannot_be_overwritten(self, tmp_path):
        with pytest.raises(FileError, match="wipe"):
            wiping.overwrite(tmp_path / "key.pem")
