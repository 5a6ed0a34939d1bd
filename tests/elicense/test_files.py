"""Files appear whole or not at all, and say why they cannot be written."""

import os
import resource

import pytest

from elicense import files
from elicense.files import FileError
from tests.elicense.crash import places
from tests.elicense.crash.killed import NEW, OLD


def test_killed_anywhere_a_reader_sees_the_old_bytes_or_the_new(
    tmp_path_factory, tmp_path
):
    base = tmp_path_factory.mktemp("base")
    (base / "file.pdf").write_bytes(OLD)
    points = places.killed("write", base, tmp_path / "out")
    seen = []
    for n in points:
        folder = tmp_path / "out" / str(n)
        seen.append((folder / "file.pdf").read_bytes())
        names = {path.name for path in folder.iterdir()} - {"file.pdf"}
        assert len(names) <= 1
        assert all(name.startswith(".new-") for name in names)
        files.write(folder / "file.pdf", NEW)
        assert (folder / "file.pdf").read_bytes() == NEW
    assert set(seen) == {OLD, NEW}
    assert seen == sorted(seen, reverse=True)  # "old" sorts after "new"


def test_a_new_file_that_was_cut_off_is_absent_or_whole(tmp_path_factory, tmp_path):
    points = places.killed("write", tmp_path_factory.mktemp("base"), tmp_path / "out")
    found = [tmp_path / "out" / str(n) / "file.pdf" for n in points]
    assert {path.read_bytes() if path.exists() else None for path in found} == {
        None,
        NEW,
    }


@pytest.mark.parametrize("mode", [files.PUBLIC, files.PRIVATE])
def test_the_mode_is_that_asked_for_whatever_the_umask(tmp_path, mode):
    before = os.umask(0o077)
    try:
        files.write(tmp_path / "file", b"bytes", mode)
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode
    assert files.read(tmp_path / "file", 10) == b"bytes"


def test_a_file_that_grows_beyond_the_limit_leaves_the_old_one(tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(FileError):
            files.write(target, bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


CANNOT_WRITE = {
    "the folder is missing": "missing/file",
    "the folder is a file": "plain/file",
    "the target is a folder": "folder",
}


@pytest.mark.parametrize("case", CANNOT_WRITE)
def test_what_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path, case):
    (tmp_path / "plain").write_bytes(b"plain")
    (tmp_path / "folder").mkdir()
    target = tmp_path / CANNOT_WRITE[case]
    with pytest.raises(FileError, match="cannot write"):
        files.write(target, b"bytes")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "plain"]
    assert list((tmp_path / "folder").iterdir()) == []


@pytest.mark.parametrize("name", ["missing", "folder"])
def test_what_cannot_be_read_is_an_error(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match="cannot read"):
        files.read(tmp_path / name, 10)


def test_a_reader_learns_that_a_file_is_larger_than_it_wants(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    assert files.read(tmp_path / "file", 4) == b"01234"
    assert files.read_whole(tmp_path / "file", 10) == b"0123456789"
    with pytest.raises(FileError, match="more than 9 bytes"):
        files.read_whole(tmp_path / "file", 9)


def test_a_name_is_free_until_something_is_there(tmp_path):
    assert files.is_free(tmp_path / "new")
    (tmp_path / "new").mkdir()
    assert files.is_free(tmp_path / "new")
    (tmp_path / "new" / "file").touch()
    assert not files.is_free(tmp_path / "new")
    assert not files.is_free(tmp_path / "new" / "file")


def test_nobody_says_absent_of_what_cannot_be_seen(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)  # root sees everything
    try:
        for look in (files.is_file, files.is_free):
            with pytest.raises(FileError):
                look(closed / "inside")
    finally:
        os.seteuid(before)


def test_a_folder_is_not_moved_over_another(tmp_path):
    for name in ("made", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    with pytest.raises(FileError):
        files.move_folder(tmp_path / "made", tmp_path / "there")
    assert (tmp_path / "made" / "made").exists()
    assert (tmp_path / "there" / "there").exists()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError):
        files.make_folder(tmp_path / "file" / "below")
    with pytest.raises(FileError):
        files.make_sibling(tmp_path / "file" / "below" / "ws")
    files.remove_folder(tmp_path / "never made")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
