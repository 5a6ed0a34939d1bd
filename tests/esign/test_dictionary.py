"""Dictionaries are read in one spelling, entry by entry, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign.errors import MalformedError
from esign.pades import dictionary
from esign.pades.dictionary import MAX_DEPTH

CATALOG = (
    b"<<\n/Type /Catalog\n/AF [ 2 0 R 3 0 R ]\n/Lang (zh\\055CN)\n/Names <<\n"
    b"/EmbeddedFiles <<\n/Names [ (a\\056b) 3 0 R ]\n>>\n>>\n/None [ ]\n/Empty <<\n>>"
    b"\n/Is true\n/X -1.5\n/H <0af0>\n>>"
)


def test_every_entry_is_returned_as_it_is_spelled():
    assert dictionary.entries(CATALOG) == {
        b"/Type": b"/Catalog",
        b"/AF": b"[ 2 0 R 3 0 R ]",
        b"/Lang": b"(zh\\055CN)",
        b"/Names": {b"/EmbeddedFiles": {b"/Names": b"[ (a\\056b) 3 0 R ]"}},
        b"/None": b"[ ]",
        b"/Empty": {},
        b"/Is": b"true",
        b"/X": b"-1.5",
        b"/H": b"<0af0>",
    }


def nested(depth):
    return b"<<\n" + b"/A <<\n" * (depth - 1) + b">>\n" * (depth - 1) + b">>"


def test_the_greatest_depth_is_read_and_no_more():
    dictionary.entries(nested(MAX_DEPTH))
    with pytest.raises(MalformedError, match="too deeply"):
        dictionary.entries(nested(MAX_DEPTH + 1))


OTHERS = {
    "nothing": b"",
    "no dictionary": b"[ 1 ]",
    "no end": b"<<\n/A 1",
    "an inner one without an end": b"<<\n/A <<\n/B 1\n>>",
    "something behind it": b"<<\n>>\n>>",
    "a line feed behind it": b"<<\n>>\n",
    "an entry twice": b"<<\n/A 1\n/A 2\n>>",
    "an inner dictionary twice": b"<<\n/A <<\n>>\n/A <<\n>>\n>>",
    "two spaces": b"<<\n/A  1\n>>",
    "a tab": b"<<\n/A\t1\n>>",
    "a space at the end": b"<<\n/A 1 \n>>",
    "two entries in a line": b"<<\n/A 1 /B 2\n>>",
    "no line feeds": b"<< /A 1 >>",
    "a comment": b"<<\n/A 1 %b\n>>",
    "a string with parentheses": b"<<\n/A (())\n>>",
    "a string with a raw dot": b"<<\n/A (a.b)\n>>",
    "a string with two lines": b"<<\n/A (a\n/B 1)\n>>",
    "upper-case hexadecimal": b"<<\n/A <0A>\n>>",
    "half a byte": b"<<\n/A <0>\n>>",
    "a number with a plus": b"<<\n/A +1\n>>",
    "a number with a zero before it": b"<<\n/A 01\n>>",
    "another generation": b"<<\n/A 1 1 R\n>>",
    "object zero": b"<<\n/A 0 0 R\n>>",
    "arrays nested too deeply": b"<<\n/A " + b"[ " * 9 + b"] " * 8 + b"]\n>>",
    "an array without an end": b"<<\n/A [ 1 \n>>",
    "an array with a dictionary without an end": b"<<\n/A [ <<\n ]\n>>",
    "a name with a code that is none": b"<<\n/A#zz 1\n>>",
    "a name with half a code": b"<<\n/A# 1\n>>",
    "a name with the code of nothing": b"<<\n/A#00 1\n>>",
    "a value with a code of a letter": b"<<\n/A /B#53\n>>",
    "an object beyond every file": b"<<\n/A 100000 0 R\n>>",
    "a number that no reader holds": b"<<\n/A 4294967297\n>>",
    "a number of thousands of digits": b"<<\n/A " + b"9" * 3000 + b"\n>>",
    "a fraction of thousands of digits": b"<<\n/A 0." + b"1" * 3000 + b"\n>>",
    "an array without spaces": b"<<\n/A [1]\n>>",
    "a name without a value": b"<<\n/A\n>>",
    "a value without a name": b"<<\n1\n>>",
    "bytes that are no text": b"<<\n/A \xff\n>>",
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_spelling_is_malformed(name):
    with pytest.raises(MalformedError):
        dictionary.entries(OTHERS[name])


def spelled(value):
    if isinstance(value, bytes):
        return value
    lines = [b"%b %b" % (key, spelled(item)) for key, item in value.items()]
    return b"\n".join((b"<<", *lines, b">>"))


NAMES = st.from_regex(rb"/(?:[A-Za-z0-9+_-]|#2F){1,8}", fullmatch=True)
ITEMS = st.sampled_from(
    [
        b"[ [ 1 ] <<\n/A 2\n>> ]",
        b"1",
        b"2 0 R",
        b"/X",
        b"(a b)",
        b"<00>",
        b"null",
        b"[ 1 ]",
    ]
)
TREES = st.recursive(
    st.dictionaries(NAMES, ITEMS, max_size=4),
    lambda inner: st.dictionaries(NAMES, ITEMS | inner, max_size=3),
    max_leaves=6,
)


def test_references_are_read_and_nothing_else():
    assert dictionary.reference(b"12 0 R") == 12
    assert dictionary.references(b"[ ]") == ()
    assert dictionary.references(b"[ 1 0 R 22 0 R ]") == (1, 22)
    for value in (None, {}, b"1", b"1 0 R ", b"01 0 R", b"/R"):
        with pytest.raises(MalformedError, match="not a reference"):
            dictionary.reference(value)
    for value in (
        None,
        {},
        b"1 0 R",
        b"[ 1 ]",
        b"[ 1 0 R 2 ]",
        b"[ 1 0 R",
        b"[ [ 1 0 R ] ]",
    ):
        with pytest.raises(MalformedError, match="not an array of references"):
            dictionary.references(value)


def test_of_large_dictionaries_nothing_is_kept():
    dictionary._kept.cache_clear()
    large = b"<<\n/A (" + b"a" * 5000 + b")\n>>"
    assert dictionary.entries(large) == {b"/A": b"(" + b"a" * 5000 + b")"}
    assert dictionary._kept.cache_info().currsize == 0
    dictionary.entries(CATALOG)
    assert dictionary._kept.cache_info().currsize == 1


@given(TREES)
def test_what_was_spelled_is_read(tree):
    text = spelled(tree)
    if text.count(b"<<") <= MAX_DEPTH:
        assert dictionary.entries(text) == tree


@given(st.binary(max_size=60), st.integers(0, len(CATALOG)))
def test_any_bytes_give_a_value_or_malformed(data, at):
    for text in (data, CATALOG[:at] + data + CATALOG[at:], CATALOG[:at] + data):
        try:
            found = dictionary.entries(text)
        except MalformedError:
            continue
        assert spelled(found) == text
