"""Deterministic CBOR: published vectors, cbor2 as the second opinion, properties."""

from collections.abc import Mapping

import cbor2
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from esign import cbor
from esign.errors import MalformedError
from tests.support import vectors

TAGS = frozenset({18, 24, 1 << 40})
PUBLISHED_DEPTH = 2000  # of the deepest published items
INTEGERS = st.integers(-(1 << 64), (1 << 64) - 1)
KEYS = INTEGERS | st.text(max_size=8)
LEAVES = (
    st.none() | st.booleans() | INTEGERS | st.binary(max_size=40) | st.text(max_size=40)
)


def nests(inner):
    tagged = st.builds(cbor.Tag, st.sampled_from(sorted(TAGS)), inner)
    arrays = st.lists(inner, max_size=5)
    return arrays | st.dictionaries(KEYS, inner, max_size=5) | tagged


VALUES = st.recursive(LEAVES, nests, max_leaves=12)


def depth(value):
    match value:
        case list():
            return 1 + max(map(depth, value), default=0)
        case dict():
            return 1 + max(map(depth, value.values()), default=0)
        case cbor.Tag():
            return 1 + depth(value.value)
        case _:
            return 0


def typed(value):
    """Return a form in which 1, True and 1.0 are three different things."""
    match value:
        case list() | tuple():
            return ["array", *map(typed, value)]
        case Mapping():
            pairs = [[typed(key), typed(member)] for key, member in value.items()]
            return ["map", *sorted(pairs, key=repr)]
        case cbor.Tag():
            return ["tag", value.number, typed(value.value)]
        case cbor2.CBORTag():
            return ["tag", value.tag, typed(value.value)]
        case _:
            return [type(value).__name__, value]


def published(name):
    data = vectors(f"cbor/{name}.cbor").read_bytes()
    return cbor2.loads(data, max_depth=PUBLISHED_DEPTH)["tests"]


def refused(data, **options):
    with pytest.raises(MalformedError, match="CBOR, byte"):
        cbor.decode(data, **options)


def test_every_published_bad_item_is_refused():
    cases = published("bad")
    assert len(cases) == 47
    for case in cases:
        refused(case["encoded"])


def reencoded(value):
    """Return our encoding of what cbor2 read, or None outside the data model."""
    try:
        return cbor.encode(value)
    except (TypeError, ValueError):
        return None


def test_a_published_good_item_is_read_as_cbor2_does_or_refused():
    inside = outside = 0
    for case in published("good"):
        raw = case["encoded"]
        value = cbor2.loads(raw, max_depth=PUBLISHED_DEPTH)
        if reencoded(value) == raw:
            assert typed(cbor.decode(raw)) == typed(value), case["description"]
            inside += 1
        else:
            refused(raw)
            outside += 1
    # Outside are floats, tags 1 to 3, undefined, long heads, unknown lengths, and
    # three items that are nested hundreds of levels deep.
    assert (inside, outside) == (13, 75)


@given(VALUES)
@example({})
@example([True, 1, False, 0, None])
def test_a_value_comes_back_and_cbor2_reads_the_same(value):
    assume(depth(value) <= cbor.MAX_DEPTH)
    data = cbor.encode(value)
    assert typed(cbor.decode(data, tags=TAGS)) == typed(value)
    assert typed(cbor2.loads(data)) == typed(value)


@given(st.dictionaries(KEYS, LEAVES, max_size=8), st.randoms())
def test_the_order_in_which_a_map_was_filled_leaves_no_trace(value, random):
    pairs = list(value.items())
    random.shuffle(pairs)
    assert cbor.encode(dict(pairs)) == cbor.encode(value)


@given(st.binary(max_size=60))
@example(bytes.fromhex("a10001"))
def test_bytes_that_decode_are_the_only_encoding_of_their_value(data):
    try:
        value = cbor.decode(data, tags=TAGS)
    except MalformedError:
        return
    assert cbor.encode(value) == data


@given(VALUES)
def test_every_proper_prefix_of_an_encoding_is_refused(value):
    assume(depth(value) <= cbor.MAX_DEPTH)
    data = cbor.encode(value)
    for end in range(len(data)):
        refused(data[:end], tags=TAGS)


@given(VALUES, st.binary(min_size=1, max_size=3))
def test_bytes_after_an_item_are_refused(value, more):
    assume(depth(value) <= cbor.MAX_DEPTH)
    refused(cbor.encode(value) + more, tags=TAGS)


def test_keys_stand_in_the_order_of_rfc_8949_not_of_rfc_7049():
    # RFC 8949, 4.2.1: 10, 100, -1 are 0a, 1864, 20. RFC 7049 put the shorter 20 first.
    ours = bytes.fromhex("a30a011864022003")
    older = bytes.fromhex("a30a012003186402")
    assert cbor.encode({-1: 3, 100: 2, 10: 1}) == ours
    assert cbor.decode(ours) == {10: 1, 100: 2, -1: 3}
    assert cbor2.loads(older) == cbor2.loads(ours)
    refused(older)


def test_the_example_order_of_rfc_8949_holds_for_texts_too():
    # RFC 8949, 4.2.1, without its keys of kinds outside the data model.
    keys = [10, 100, -1, "z", "aa"]
    data = cbor.encode(dict.fromkeys(reversed(keys)))
    assert list(cbor.decode(data)) == keys


SECOND_SPELLINGS = {
    "0 in two bytes": "1800",
    "23 in two bytes": "1817",
    "255 in three bytes": "1900ff",
    "65535 in five bytes": "1a0000ffff",
    "4294967295 in nine bytes": "1b00000000ffffffff",
    "-1 in two bytes": "3800",
    "a text of one with a long length": "780161",
    "a byte string of one with a long length": "580161",
    "an array of one with a long length": "980100",
    "a map of one with a long length": "b8010000",
    "tag 18 with a long number": "d81200",
    "a byte string of unknown length": "5f4161ff",
    "a text of unknown length": "7f6161ff",
    "an array of unknown length": "9f00ff",
    "a map of unknown length": "bf0000ff",
    "false as a simple value of two bytes": "f814",
    "one as a half float": "f93c00",
    "one as a float": "fa3f800000",
    "one as a double": "fb3ff0000000000000",
    "not a number": "f97e00",
    "undefined": "f7",
    "an unassigned simple value": "e0",
    "a break alone": "ff",
    "a big number that fits an integer": "c24101",
    "a key twice": "a200010002",
    "keys from large to small": "a201000000",
    "a text key before an integer key": "a26161000000",
    "true as a key": "a1f500",
    "null as a key": "a1f600",
    "a byte string as a key": "a1416100",
    "an array as a key": "a18000",
    "a map as a key": "a1a000",
    "a tag as a key": "a1d20000",
    "a tag nobody asked for": "c100",
    "text that is not UTF-8": "62c328",
    "text with a surrogate": "63eda080",
    "text with an overlong NUL": "62c080",
    "nothing": "",
}


@pytest.mark.parametrize("data", SECOND_SPELLINGS.values(), ids=SECOND_SPELLINGS)
def test_an_item_that_is_not_the_one_spelling_is_refused(data):
    refused(bytes.fromhex(data), tags=frozenset({18}))


NESTS = {
    "arrays": (b"\x81", lambda value: [value]),
    "maps": (b"\xa1\x00", lambda value: {0: value}),
    "tags": (b"\xd2", lambda value: cbor.Tag(18, value)),
}


@pytest.mark.parametrize(("head", "wrap"), NESTS.values(), ids=NESTS)
def test_depth_is_bounded_alike_when_read_and_when_written(head, wrap):
    value = 0
    for _ in range(cbor.MAX_DEPTH):
        value = wrap(value)
    data = head * cbor.MAX_DEPTH + b"\x00"
    assert cbor.encode(value) == data
    assert cbor.decode(data, tags=TAGS) == value
    refused(head + data, tags=TAGS)
    refused(head * 100_000 + b"\x00", tags=TAGS)
    with pytest.raises(ValueError, match="nested deeper"):
        cbor.encode(wrap(value))


def test_a_caller_can_ask_for_less_depth():
    assert cbor.decode(b"\x81\x80", max_depth=2) == [[]]
    refused(b"\x81\x80", max_depth=1)


def test_more_items_than_are_allowed_are_refused_keys_and_nested_ones_included():
    data = cbor.encode({"a": [1, 2]})  # the map, its key, the array, two numbers
    assert cbor.decode(data, max_items=5) == {"a": [1, 2]}
    with pytest.raises(MalformedError, match="more items than are allowed"):
        cbor.decode(data, max_items=4)


def test_a_value_that_contains_itself_is_an_error_and_does_not_hang():
    value = []
    value.append(value)
    with pytest.raises(ValueError, match="nested deeper"):
        cbor.encode(value)


HUGE_CLAIMS = {
    "a byte string": "5b7fffffffffffffff",
    "a text": "7bffffffffffffffff",
    "an array": "9b7fffffffffffffff",
    "a map": "bbffffffffffffffff",
    "arrays in arrays": "9a7fffffff" * 8,
}


@pytest.mark.parametrize("data", HUGE_CLAIMS.values(), ids=HUGE_CLAIMS)
def test_a_size_that_the_bytes_cannot_hold_takes_no_memory(data):
    refused(bytes.fromhex(data))


OUTSIDE_THE_MODEL = {
    "a float": 1.0,
    "a set": {1},
    "a bytearray": bytearray(b"a"),
    "an object": object(),
    "a float inside": [{1: [2.5]}],
    "a byte string as a key": {b"a": 1},
    "true as a key": {True: 1},
    "null as a key": {None: 1},
}


@pytest.mark.parametrize("value", OUTSIDE_THE_MODEL.values(), ids=OUTSIDE_THE_MODEL)
def test_a_value_outside_the_data_model_is_misuse(value):
    with pytest.raises(TypeError, match="CBOR"):
        cbor.encode(value)


TOO_LARGE = {
    "an integer above 64 bits": 1 << 64,
    "a negative integer below 64 bits": -(1 << 64) - 1,
    "a lone surrogate": "\ud800",
    "a negative tag number": cbor.Tag(-1, 0),
}


@pytest.mark.parametrize("value", TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_value_that_no_encoding_holds_is_misuse(value):
    with pytest.raises(ValueError, match=r"64 bits|surrogates"):
        cbor.encode(value)
