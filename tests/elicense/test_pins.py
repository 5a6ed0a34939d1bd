import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import pins
from elicense.files import FileError
from elicense.pins import Pin, Pins
from elicense.trust.remembering import is_fingerprint

A, B = (f"sha256:{digit * 64}" for digit in "ab")
CODE = "11990100000000027A"
KEY = bytes(range(pins.KEY_BYTES))
ONE = Pins(KEY, (Pin(A, CODE),))
WRITTEN = pins.encode(ONE)


def other(**changes):
    """Return the file with other values, in our own spelling."""
    value = {**json.loads(WRITTEN), **changes}
    return (json.dumps(value, indent=1, ensure_ascii=True) + "\n").encode()


DAMAGED = {
    "empty": b"",
    "cut off": WRITTEN[:-9],
    "not JSON": A.encode(),
    "not UTF-8": b"\xff\xfe",
    "nested beyond any reader": b"[" * 100_000,
    "version 1": other(format="elicense.pins/1", roots=[A]),
    "another format": other(format="x"),
    "not a map": b"[]\n",
    "no pins": pins.encode(Pins(KEY, ())),
    "pins that are a number": other(pins=7),
    "a root that is a number": other(pins=[{"root": 7, "speaks_for": None}]),
    "a pin without a scope": other(pins=[{"root": A}]),
    "a scope that is no code": pins.encode(Pins(KEY, (Pin(A, "x"),))),
    "a scope with a wrong check character": pins.encode(
        Pins(KEY, (Pin(A, CODE[:-1] + "B"),))
    ),
    "capital letters": pins.encode(Pins(KEY, (Pin(A.upper(), CODE),))),
    "a digit missing": pins.encode(Pins(KEY, (Pin(A[:-1], CODE),))),
    "a root twice": pins.encode(Pins(KEY, (Pin(A, CODE), Pin(A, None)))),
    "a short key": pins.encode(Pins(KEY[:-1], ONE.entries)),
    "no key": other(key=""),
    "a key in capital letters": other(key=("ab" * 32).upper()),
    "an entry more": other(x=1),
    "spaces that we do not write": WRITTEN + b" ",
    "more pins than there may be": pins.encode(
        Pins(KEY, tuple(Pin(f"sha256:{n:064x}", None) for n in range(1001)))
    ),
    "larger than any file of pins": WRITTEN + b" " * (1 << 20),
}


def test_pins_are_kept_and_read_back_in_order(tmp_path):
    assert pins.read(tmp_path / "home") is None
    assert pins.read(tmp_path) is None
    two = ONE.with_pin(Pin(B, None))
    pins.write(tmp_path, two)
    assert pins.read(tmp_path) == two
    assert two.roots == (A, B)
    assert (tmp_path / pins.FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [pins.FILE_NAME]


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_an_error_and_stays(name, tmp_path):
    path = tmp_path / pins.FILE_NAME
    path.write_bytes(DAMAGED[name])
    with pytest.raises(pins.PinError):
        pins.read(tmp_path)
    assert path.read_bytes() == DAMAGED[name]


def test_a_file_that_cannot_be_read_is_no_empty_one(tmp_path):
    (tmp_path / pins.FILE_NAME).mkdir()
    with pytest.raises(FileError):
        pins.read(tmp_path)


def test_a_folder_that_cannot_be_entered_is_no_empty_one(tmp_path):
    folder = tmp_path / ("x" * 300)  # the file system knows no such name
    with pytest.raises(pins.PinError):
        pins.read(folder)


def test_the_same_pin_again_changes_nothing():
    assert ONE.with_pin(Pin(A, CODE)) is ONE


def test_a_root_is_not_pinned_for_something_else():
    with pytest.raises(pins.PinError, match="something else"):
        ONE.with_pin(Pin(A, None))


def test_a_thousand_pins_are_the_limit(tmp_path):
    many = ONE
    for number in range(pins.MAX_PINS - 1):
        many = many.with_pin(Pin(f"sha256:{number:064x}", CODE))
    with pytest.raises(pins.PinError, match="1000"):
        many.with_pin(Pin(B, None))
    pins.write(tmp_path, many)
    assert pins.read(tmp_path) == many


def test_the_key_is_in_no_text_of_the_value():
    assert KEY.hex() not in repr(ONE)
    assert str(KEY) not in repr(ONE)


@pytest.mark.parametrize("text", ["", "sha256:", A[7:], A + "\n", A.upper(), " " + A])
def test_another_spelling_is_no_fingerprint(text):
    assert is_fingerprint(A)
    assert not is_fingerprint(text)


@given(st.binary(max_size=300))
def test_any_bytes_give_pins_or_an_error(data):
    try:
        found = pins.decode(data)
    except pins.PinError:
        return
    assert pins.encode(found) == data


@given(st.integers(0, len(WRITTEN) - 1), st.integers(1, 255))
def test_no_edited_byte_is_read_as_the_same_pins(place, change):
    data = bytearray(WRITTEN)
    data[place] ^= change
    try:
        found = pins.decode(bytes(data))
    except pins.PinError:
        return
    assert found != ONE


@given(
    st.binary(min_size=32, max_size=32),
    st.permutations([Pin(A, CODE), Pin(B, None)]),
)
def test_what_is_encoded_is_decoded(key, entries):
    value = Pins(key, tuple(entries))
    assert pins.decode(pins.encode(value)) == value
