"""The grammar of operators: what pages of ours write passes, all else is refused."""

import re

import pytest

from elicense import operators
from elicense.operators import Effort
from esign.errors import MalformedError

GENUINE = (
    b"q 1 0 0 1 9 9 cm /Photo Do Q\n"
    b"0.5 w [1 2] 0 d 10 10 m 90 10 l S\n"
    b"BT\n/F1 9 Tf 1 0 0 1 80 300 Tm <00010002> Tj\nET\n"
)


def page(data: bytes) -> object:
    return operators.check_page(data, {"/F1"}, {"/Photo"}, Effort())


def form(data: bytes) -> object:
    return operators.check_form(data, (), {"/Inner"}, Effort())


def test_a_page_of_ours_passes_and_says_what_it_draws():
    assert page(GENUINE) == {"/Photo": 1}
    assert form(b"q 0 0 m 9 9 l S Q") == {}
    assert form(b"q /Inner Do Q") == {"/Inner": 1}


REFUSED = {
    "too much of it": (b"q Q " * 70_000, "bytes"),
    "another spelling": (b"+1 w", "spelled otherwise"),
    "not set apart": (b"1 w[1] 0 d", "not set apart"),
    "too many operands": (b"1 2 3 4 5 6 7 cm", "too many operands"),
    "an operator that is not ours": (b"/Pattern cs", "not an operator of ours"),
    "operands of another kind": (b"/F1 w", "not an operator of ours"),
    "operands without an operator": (b"1 2", "break off"),
    "a form that is not named": (b"/Other Do", "does not name"),
    "Q without q": (b"Q", "no pairs"),
    "q within q": (b"q q Q Q", "nested deeper"),
    "q without Q": (b"q", "no pairs"),
    "drawn five times": (b"/Photo Do " * 5, "too many forms"),
    "dashes too fine": (b"[0.001] 0 d", "dashes"),
    "a text without a font": (b"BT <0001> Tj ET", "no font"),
    "a text too long": (
        b"BT /F1 9 Tf <" + b"0001" * 2_049 + b"> Tj ET",
        "a text of more than",
    ),
    "a text that is not closed": (b"BT", "break off"),
    "a path that is not painted": (b"1 1 m", "break off"),
}


@pytest.mark.parametrize(("data", "phrase"), REFUSED.values(), ids=REFUSED)
def test_a_page_of_another_writer_is_refused(data, phrase):
    with pytest.raises(MalformedError, match=re.escape(phrase)):
        page(data)


FORMS_REFUSED = {
    "too much of it": (b"q Q " * 140_000, "a form of more than"),
    "a text": (b"BT ET", "not an operator of ours"),
    "nested too deep": (b"q " * 29 + b"Q " * 29, "nested deeper"),
    "drawn five times": (b"/Inner Do " * 5, "too many forms"),
}


@pytest.mark.parametrize(("data", "phrase"), FORMS_REFUSED.values(), ids=FORMS_REFUSED)
def test_a_form_that_does_more_than_paint_paths_is_refused(data, phrase):
    with pytest.raises(MalformedError, match=re.escape(phrase)):
        form(data)
