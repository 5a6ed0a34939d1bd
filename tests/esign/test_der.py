"""DER elements: written minimally, read strictly, and nothing else is read."""

import pytest
from asn1crypto import core, parser
from hypothesis import given
from hypothesis import strategies as st

from esign import der
from esign.errors import MalformedError

TAGS = st.sampled_from([der.OCTETS, der.SEQUENCE, der.SET, der.CONTEXT_0, 0x80])
SIZES_AT_A_STEP = (0, 1, 127, 128, 255, 256, 65535, 65536)


@given(TAGS, st.lists(st.binary(max_size=300), max_size=4))
def test_an_element_that_was_written_is_read_again(tag, parts):
    content = b"".join(parts)
    data = der.tlv(tag, *parts)
    assert der.inner(data, tag) == content
    assert der.element_length(data + b"more") == len(data)
    assert parser.parse(data, strict=True)[4] == content


@pytest.mark.parametrize("size", SIZES_AT_A_STEP)
def test_a_length_is_as_another_encoder_writes_it(size):
    data = der.tlv(der.OCTETS, bytes(size))
    assert data == core.OctetString(bytes(size)).dump()
    assert der.inner(data, der.OCTETS) == bytes(size)


@given(st.integers(0, 1 << 200))
def test_an_integer_is_as_another_encoder_writes_it(value):
    data = der.integer(value)
    assert data == core.Integer(value).dump()
    assert der.unsigned(data, der.INTEGER, value) == value
    with pytest.raises(MalformedError, match="range"):
        der.unsigned(data, der.INTEGER, value - 1)


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_children_come_back_in_their_order(contents):
    parts = tuple(der.tlv(der.OCTETS, content) for content in contents)
    whole = der.tlv(der.SEQUENCE, *parts)
    assert der.children(whole, der.SEQUENCE, 0, 6) == parts
    assert tuple(der.elements(b"".join(parts))) == parts


WRONG_ELEMENTS = {
    "nothing": b"",
    "a tag and no length": b"\x04",
    "a content that is cut short": b"\x04\x02a",
    "an indefinite length": b"\x04\x80a\x00\x00",
    "a length of four octets": b"\x04\x84\x00\x00\x00\x01a",
    "length octets that are cut short": b"\x04\x82\x01",
    "a long form for a short length": b"\x04\x81\x01a",
    "a length with a leading zero": b"\x04\x82\x00\x80" + bytes(128),
    "a tag of several bytes": b"\x1f\x01\x01a",
}


@pytest.mark.parametrize("name", WRONG_ELEMENTS)
def test_an_element_that_is_not_minimal_der_is_malformed(name):
    data = WRONG_ELEMENTS[name]
    with pytest.raises(MalformedError):
        der.element_length(data)
    with pytest.raises(MalformedError):
        der.inner(data, der.OCTETS)
    with pytest.raises(MalformedError):
        tuple(der.elements(b"\x04\x01a" + (data or b"\x04")))


TWO = der.tlv(der.SEQUENCE, b"\x04\x01a", b"\x04\x01b")
WRONG_READINGS = {
    "another tag": lambda: der.inner(b"\x04\x01a", der.SEQUENCE),
    "something behind the element": lambda: der.inner(b"\x04\x01ab", der.OCTETS),
    "too few children": lambda: der.children(TWO, der.SEQUENCE, 3, 4),
    "too many children": lambda: der.children(TWO, der.SEQUENCE, 0, 1),
    "children of another tag": lambda: der.children(TWO, der.SET, 2, 2),
    "an integer without content": lambda: unsigned(b"\x02\x00"),
    "a negative integer": lambda: unsigned(b"\x02\x01\xff"),
    "an integer with a leading zero": lambda: unsigned(b"\x02\x02\x00\x01"),
    "an integer out of range": lambda: unsigned(b"\x02\x02\x01\x00"),
}


def unsigned(data):
    return der.unsigned(data, der.INTEGER, 255)


@pytest.mark.parametrize("name", WRONG_READINGS)
def test_what_the_caller_does_not_expect_is_malformed(name):
    with pytest.raises(MalformedError):
        WRONG_READINGS[name]()


def test_too_many_children_are_not_all_read():
    behind = der.tlv(der.SEQUENCE, b"\x04\x01a", b"\x04\x01b", b"\x04\x80")
    with pytest.raises(MalformedError, match="more than 1"):
        der.children(behind, der.SEQUENCE, 1, 1)


@given(st.binary(max_size=40))
def test_any_bytes_are_elements_or_malformed(data):
    try:
        parts = tuple(der.elements(data))
    except MalformedError:
        return
    assert b"".join(parts) == data
    assert [der.tlv(p[0], der.inner(p, p[0])) for p in parts] == list(parts)
