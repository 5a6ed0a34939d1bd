"""One spelling of PDF values, read back by qpdf and equal to pyHanko's own."""

import io
import re
from decimal import Decimal

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, String
from pyhanko.pdf_utils import generic

from esign.pades import spelling


def spelled(item, numbers=None):
    return spelling.body(item, lambda part: (numbers or {}).get(part.objgen))


def of_pyhanko(value: generic.PdfObject) -> bytes:
    out = io.BytesIO()
    value.write_to_stream(out)
    return out.getvalue()


VALUES = {
    "a dictionary": (Dictionary(B=1, A=2), b"<<\n/A 2\n/B 1\n>>"),
    "an empty dictionary": (Dictionary(), b"<<\n>>"),
    "a length that is no stream's": (Dictionary(Length=1), b"<<\n/Length 1\n>>"),
    "an array": (Array([1, Name.X, True, False, None]), b"[ 1 /X true false null ]"),
    "numbers": (Array([Decimal("1.50"), Decimal("-0.0"), -3]), b"[ 1.5 0 -3 ]"),
    "a string": (Array([String("a-b 1")]), b"[ (a\\055b 1) ]"),
    "a name with a slash": (Array([Name("/application/cbor")]), None),
    "nested": (Dictionary(A=Dictionary(B=Array([]))), b"<<\n/A <<\n/B [ ]\n>>\n>>"),
}


@pytest.mark.parametrize("case", VALUES)
def test_a_value_is_spelled_in_one_way_and_read_back_as_it_was(case):
    item, expected = VALUES[case]
    written = spelled(item)
    assert expected is None or written == expected
    assert pikepdf.Object.parse(written) == item


@given(st.binary(max_size=40))
def test_strings_are_read_back_as_they_were(value):
    written = spelling.string(value)
    assert bytes(pikepdf.Object.parse(written)) == value


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_printable_texts_are_spelled_as_pyhanko_spells_them(value):
    assert spelling.text(value) == of_pyhanko(generic.TextStringObject(value))


@given(st.text(min_size=1, max_size=20).filter(lambda text: "\0" not in text))
def test_names_are_read_back_as_they_were(value):
    try:
        name = Name("/" + value)
    except (ValueError, UnicodeEncodeError):
        return  # no name of a file
    written = spelling.name(str(name))
    assert re.fullmatch(rb"/[!-~]+", written)
    assert pikepdf.Object.parse(written) == name


@given(st.text(max_size=20))
def test_texts_are_read_back_as_they_were(value):
    try:
        value.encode("utf-16-be")
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):
            spelling.text(value)
        return
    assert str(pikepdf.Object.parse(spelling.text(value))) == value


@given(st.floats(-1e6, 1e6))
def test_numbers_have_no_exponent_and_stay_what_they_were(value):
    written = spelling.real(value)
    assert re.fullmatch(rb"-?[0-9]+(\.[0-9]{1,6})?", written)
    assert abs(float(written) - value) <= 1e-6
    assert written not in (b"-0", b"-0.0")


def test_a_stream_keeps_its_raw_bytes_and_names_its_length_last():
    with pikepdf.new() as pdf:
        stream = pikepdf.Stream(pdf, b"raw", Zz=1, Filter=Name.FlateDecode)
        written = spelled(pdf.make_indirect(stream))
    assert written == (
        b"<<\n/Filter /FlateDecode\n/Zz 1\n/Length 3\n>>\nstream\nraw\nendstream"
    )


def test_references_get_the_numbers_of_the_new_file():
    with pikepdf.new() as pdf:
        other = pdf.make_indirect(Dictionary(A=1))
        item = pdf.make_indirect(Dictionary(Kid=other))
        assert spelled(item, {other.objgen: 77}) == b"<<\n/Kid 77 0 R\n>>"
        assert spelled(item) == b"<<\n/Kid <<\n/A 1\n>>\n>>"


def test_what_is_nested_too_deeply_is_refused():
    item = Array([])
    for _ in range(spelling.MAX_DEPTH + 1):
        item = Array([item])
    with pytest.raises(ValueError, match="levels deep"):
        spelled(item)
