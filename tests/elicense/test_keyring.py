"""Keys are made once, kept encrypted, and opened with their passphrase."""

from dataclasses import fields
from datetime import timedelta

import pytest

from elicense import keyring
from elicense.errors import WorkspaceError
from elicense.files import FileError
from elicense.keyring import Keyring
from elicense.model import Organization
from esign.algorithms import Suite
from esign.certificates import read_certificate
from tests.elicense.crash.killed import CODE, NAME, PASSPHRASE, START

ORGAN = Organization(CODE, NAME)
NAMES = tuple(entry.name for entry in fields(Keyring))


@pytest.fixture(scope="module")
def made():
    return keyring.make(ORGAN, {"status": Suite.ML_DSA_44}, START)


@pytest.fixture
def folder(made, tmp_path):
    keyring.save(tmp_path, *made, PASSPHRASE)
    return tmp_path


def test_what_is_saved_is_opened(made, folder):
    keys, parts = made
    opened = keyring.unlock(folder, PASSPHRASE)
    for name in NAMES:
        assert getattr(opened, name).public_key == getattr(keys, name).public_key
    assert opened.status.public_key.suite is Suite.ML_DSA_44
    assert keyring.load_parts(folder) == parts
    assert parts.identity(opened).certificate == parts.seal


def test_every_key_has_one_use(made):
    keys, parts = made
    assert len({getattr(keys, name).public_key.kid for name in NAMES}) == len(NAMES)
    sealed = read_certificate(parts.seal).public_key
    assert sealed.kid == keys.seal.public_key.kid


def test_no_key_is_readable_without_the_passphrase(folder):
    for path in folder.glob("*.pem"):
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
        assert path.stat().st_mode & 0o777 == 0o600
    assert len(list(folder.glob("*.pem"))) == len(NAMES)


@pytest.mark.parametrize("passphrase", [b"wrong", b"", PASSPHRASE + b"\n"])
def test_another_passphrase_opens_nothing(folder, passphrase):
    with pytest.raises(WorkspaceError, match="wrong passphrase"):
        keyring.unlock(folder, passphrase)


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_key_is_named(folder, name):
    path = folder / f"{name.replace('_', '-')}.pem"
    path.write_bytes(b"not a key")
    with pytest.raises(WorkspaceError, match=path.name):
        keyring.unlock(folder, PASSPHRASE)


@pytest.mark.parametrize("name", ["token.pem", "seal.pem", "ca-root.pem"])
def test_a_missing_key_is_an_error(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileError, match=name):
        keyring.unlock(folder, PASSPHRASE)


@pytest.mark.parametrize("name", ["ca-root.der", "ca-issuing.der", "seal.der"])
def test_a_damaged_certificate_is_named(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WorkspaceError, match=name):
        keyring.load_parts(folder)


def test_a_huge_file_is_refused(folder):
    (folder / "seal.der").write_bytes(bytes(1 << 17))
    with pytest.raises(FileError, match="more than"):
        keyring.load_parts(folder)


def test_a_random_passphrase_is_kept_and_never_the_same(tmp_path):
    first = keyring.keep_random_passphrase(tmp_path)
    assert keyring.kept_passphrase(tmp_path) == first
    assert (tmp_path / keyring.PASSPHRASE_FILE).stat().st_mode & 0o777 == 0o600
    assert len(first) == 32
    assert keyring.keep_random_passphrase(tmp_path) != first


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_kept_passphrase_may_end_with_a_line_break(tmp_path, end):
    (tmp_path / keyring.PASSPHRASE_FILE).write_bytes(PASSPHRASE + end)
    assert keyring.kept_passphrase(tmp_path) == PASSPHRASE


def test_without_a_kept_passphrase_it_says_how_to_give_one(tmp_path):
    with pytest.raises(WorkspaceError, match="ELICENSE_PASSPHRASE"):
        keyring.kept_passphrase(tmp_path)


def test_an_instant_outside_the_seals_certificate_is_refused(made):
    _, parts = made
    facts = read_certificate(parts.seal)
    for at in (facts.not_before, facts.not_after):
        parts.check_time(at)
    second = timedelta(seconds=1)
    for at in (facts.not_before - second, facts.not_after + second):
        with pytest.raises(WorkspaceError, match="clock"):
            parts.check_time(at)
