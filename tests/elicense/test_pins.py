import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import pins
from elicense.files import FileError

A, B = (f"sha256:{digit * 64}" for digit in "ab")

DAMAGED = {
    "empty": b"",
    "cut off": pins.encode([A])[:-9],
    "not JSON": b"sha256:" + b"a" * 64,
    "not UTF-8": b"\xff\xfe",
    "nested beyond any reader": b"[" * 100_000,
    "another format": json.dumps({"format": "x", "roots": [A]}).encode(),
    "no roots": json.dumps({"format": pins.FORMAT}).encode(),
    "a root that is a number": json.dumps(
        {"format": pins.FORMAT, "roots": [7]}
    ).encode(),
    "capital letters": pins.encode([A.upper()]),
    "a digit missing": pins.encode([A[:-1]]),
    "a key more": pins.encode([A]).replace(b"{", b'{"x": 1,', 1),
    "spaces that we do not write": pins.encode([A]) + b" ",
    "larger than any file of pins": pins.encode([A] * 2000),
}


def test_a_pin_is_kept_and_read_back_in_order(tmp_path):
    folder = tmp_path / "home"
    assert pins.read(folder) == ()
    assert pins.add(folder, B) is True
    assert pins.add(folder, A) is True
    assert pins.add(folder, B) is False
    assert pins.read(folder) == (B, A)
    assert (folder / pins.FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == [pins.FILE_NAME]


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_an_error_and_stays(name, tmp_path):
    path = tmp_path / pins.FILE_NAME
    path.write_bytes(DAMAGED[name])
    with pytest.raises(pins.PinError):
        pins.read(tmp_path)
    with pytest.raises(pins.PinError):
        pins.add(tmp_path, A)
    assert path.read_bytes() == DAMAGED[name]


def test_a_file_that_cannot_be_read_is_no_empty_one(tmp_path):
    (tmp_path / pins.FILE_NAME).mkdir()
    with pytest.raises(FileError):
        pins.read(tmp_path)


def test_a_full_file_takes_no_more(tmp_path):
    roots = [f"sha256:{number:064x}" for number in range(pins.MAX_PINS)]
    (tmp_path / pins.FILE_NAME).write_bytes(pins.encode(roots))
    with pytest.raises(pins.PinError):
        pins.add(tmp_path, A)
    assert len(pins.read(tmp_path)) == pins.MAX_PINS


@pytest.mark.parametrize("text", ["", "sha256:", A[7:], A + "\n", A.upper(), " " + A])
def test_another_spelling_is_not_pinned(text, tmp_path):
    assert not pins.is_fingerprint(text)
    with pytest.raises(ValueError, match="sha256"):
        pins.add(tmp_path, text)
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=300))
def test_any_bytes_give_pins_or_an_error(data):
    try:
        roots = pins.decode(data)
    except pins.PinError:
        return
    assert pins.encode(roots) == data


@given(st.lists(st.sampled_from([A, B]), max_size=3))
def test_what_is_encoded_is_decoded(roots):
    assert pins.decode(pins.encode(roots)) == tuple(roots)
