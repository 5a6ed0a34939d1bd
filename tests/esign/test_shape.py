"""Shapes of decoded CBOR: each key of its type, and none left over."""

import pytest

from esign.errors import MalformedError
from esign.shape import Fields

EVERY_KIND = {
    "an integer": 1,
    "zero": 0,
    "a negative integer": -1,
    "true": True,
    "false": False,
    "null": None,
    "a text": "a",
    "a byte string": b"a",
    "an array": [],
    "an array of texts": ["a", "b"],
    "an array of integers": [1, 2],
    "an array with true": [True, 2],
    "an array with a negative integer": [-1, 2],
    "an array of both": ["a", 1],
    "a map": {},
}
ACCEPTED = {
    "text": ({"a text"}, lambda fields: fields.text("k")),
    "bytes": ({"a byte string"}, lambda fields: fields.bytes("k")),
    "bytes of one": ({"a byte string"}, lambda fields: fields.bytes("k", 1)),
    "bytes of two": (set(), lambda fields: fields.bytes("k", 2)),
    "uint": ({"an integer", "zero"}, lambda fields: fields.uint("k")),
    "uint to 0": ({"zero"}, lambda fields: fields.uint("k", 0)),
    "boolean": ({"true", "false"}, lambda fields: fields.boolean("k")),
    "array": (
        {name for name in EVERY_KIND if name.startswith("an array")},
        lambda fields: fields.array("k"),
    ),
    "texts": (
        {"an array", "an array of texts"},
        lambda fields: list(fields.texts("k")),
    ),
    "two uints": (
        {"an array of integers"},
        lambda fields: list(fields.uints("k", 2)),
    ),
    "no uints": ({"an array"}, lambda fields: list(fields.uints("k", 0))),
    "nullable text": (
        {"a text", "null"},
        lambda fields: fields.nullable("k", fields.text),
    ),
    "optional text": ({"a text"}, lambda fields: fields.optional("k", fields.text)),
    "any value": (set(EVERY_KIND), lambda fields: fields.take("k")),
}


@pytest.mark.parametrize(("kinds", "read"), ACCEPTED.values(), ids=ACCEPTED)
def test_each_reader_takes_its_own_kinds_and_refuses_all_others(kinds, read):
    for name, value in EVERY_KIND.items():
        fields = Fields({"k": value}, "thing")
        if name in kinds:
            taken = read(fields)
            assert taken == value, name
            assert type(taken) is type(value), name
            fields.end()
        else:
            with pytest.raises(MalformedError, match=r"thing\.k: expected"):
                read(fields)


@pytest.mark.parametrize("name", sorted(set(ACCEPTED) - {"optional text"}))
def test_a_missing_key_is_refused(name):
    with pytest.raises(MalformedError, match="'k' is missing"):
        ACCEPTED[name][1](Fields({"other": 1}, "thing"))


def test_an_optional_key_may_be_missing_and_then_nothing_is_taken():
    fields = Fields({"other": 1}, "thing")
    assert fields.optional("k", fields.text) is None
    assert fields.keys() == ("other",)


def test_a_key_can_be_taken_once():
    fields = Fields({1: "a", 2: "b"}, "thing")
    assert 1 in fields
    assert fields.keys() == (1, 2)
    assert fields.text(1) == "a"
    assert 1 not in fields
    assert fields.keys() == (2,)
    with pytest.raises(MalformedError, match="1 is missing"):
        fields.text(1)


def test_an_inner_map_is_named_by_its_place():
    inner = Fields({"outer": {"k": 1}}, "thing").map("outer")
    with pytest.raises(MalformedError, match=r"thing\.outer\.k: expected a text"):
        inner.text("k")


@pytest.mark.parametrize(
    "name", [name for name in EVERY_KIND if name != "a map"], ids=str
)
def test_what_is_not_a_map_has_no_fields(name):
    with pytest.raises(MalformedError, match="thing: expected a map"):
        Fields(EVERY_KIND[name], "thing")


def test_reading_leaves_the_callers_map_as_it_was():
    value = {1: "a"}
    Fields(value, "thing").text(1)
    assert value == {1: "a"}


def test_a_key_that_was_not_taken_is_refused_and_integers_are_named():
    fields = Fields({1: "a", -7: "b", "foreign": "c"}, "thing")
    fields.text(1)
    with pytest.raises(MalformedError, match=r"thing: 2 unknown keys.*\[-7\]"):
        fields.end()


def test_a_foreign_text_key_is_never_repeated_in_the_error():
    fields = Fields({"张三" * 100_000: 1, **dict.fromkeys(range(50))}, "thing")
    with pytest.raises(MalformedError) as caught:
        fields.end()
    assert "张" not in str(caught.value)
    assert len(str(caught.value)) < 200
