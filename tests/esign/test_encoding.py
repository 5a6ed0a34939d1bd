"""base45 and hexadecimal: the published vectors, and one spelling for each."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esign.encoding import BASE45_ALPHABET, base45_decode, base45_encode, hex_decode
from esign.errors import MalformedError
from tests.support import vectors


def published(group):
    return json.loads(vectors("base45/vectors.json").read_text("utf-8"))[group]


def defined_base45(data):
    """Spell out RFC 9285, section 4, with one equation for each group."""
    text = ""
    for start in range(0, len(data), 2):
        group = data[start : start + 2]
        number, digits = int.from_bytes(group, "big"), len(group) + 1
        text += "".join(
            BASE45_ALPHABET[number // 45**place % 45] for place in range(digits)
        )
    return text


def test_the_valid_vectors_hold_both_ways():
    cases = published("valid")
    assert len(cases) == 4
    for case in cases:
        assert base45_encode(case["text"].encode()) == case["b45"]
        assert base45_decode(case["b45"]) == case["text"].encode()


def test_the_boundary_vectors_hold_both_ways():
    for case in published("boundary"):
        assert base45_encode(bytes.fromhex(case["hex"])) == case["b45"]
        assert base45_decode(case["b45"]) == bytes.fromhex(case["hex"])


def test_every_invalid_vector_is_refused():
    cases = published("invalid")
    assert len(cases) == 8
    for case in cases:
        with pytest.raises(MalformedError, match="base45"):
            base45_decode(case["b45"])


BAD_BASE45 = {
    "a line break at the end": "BB8\n",
    "a tab before": "\tBB8",
    "full-width letters": "ＢＢ８",
    "Arabic digits": "٥٥٥",
    "a lower-case letter": "Bb8",
    "a NUL character": "BB\0",
    "a lone surrogate": "BB\ud800",
    "one character after whole groups": "BB8A",
    "a full group of 65536": "GGW",
    "a last group of 256": "V5",
}


@pytest.mark.parametrize("text", BAD_BASE45.values(), ids=BAD_BASE45)
def test_a_text_with_any_fault_is_refused(text):
    with pytest.raises(MalformedError, match="base45"):
        base45_decode(text)


def test_the_error_names_the_place_of_the_first_foreign_character():
    with pytest.raises(MalformedError, match="character 3 is not"):
        base45_decode("BBb8x")


@given(st.binary(max_size=600))
@example(b"")
@example(b"\xff" * 7)
def test_base45_is_as_the_rfc_defines_it_and_comes_back(data):
    text = base45_encode(data)
    assert text == defined_base45(data)
    assert base45_decode(text) == data


@given(st.text(BASE45_ALPHABET + "ab\n", max_size=60))
def test_a_text_that_decodes_is_the_only_spelling_of_its_bytes(text):
    try:
        data = base45_decode(text)
    except MalformedError:
        return
    assert base45_encode(data) == text


BAD_HEX = {
    "upper case": "AB",
    "mixed case": "aB",
    "an odd length": "abc",
    "a space between pairs": "ab cd",
    "a line break at the end": "ab\n",
    "a prefix": "0xab",
    "an underscore": "a_bc",
    "full-width digits": "１２",
    "a sign": "+1",
}


@pytest.mark.parametrize("text", BAD_HEX.values(), ids=BAD_HEX)
def test_hexadecimal_of_another_spelling_is_refused(text):
    with pytest.raises(MalformedError, match="hexadecimal"):
        hex_decode(text)


@given(st.binary(max_size=200))
@example(b"")
def test_hexadecimal_comes_back(data):
    assert hex_decode(data.hex()) == data
