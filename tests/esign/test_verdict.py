"""The vocabulary of an answer: precedence, and no yes by absence."""

import itertools
from dataclasses import replace

import pytest

from esign.verdict import (
    Check,
    Code,
    Indication,
    ThreeValued,
    decide,
    decide_complete,
    held,
)

# DESIGN, section 5, in its order, with the indication of each.
PRECEDENCE = """
    MALFORMED FAILED / UNREADABLE INDETERMINATE / UNSUPPORTED INDETERMINATE /
    UNKNOWN_ISSUER INDETERMINATE / BAD_SIGNATURE FAILED / NOT_AUTHORIZED FAILED /
    ALTERED FAILED / FACE_MISMATCH FAILED / CLOCK_ROLLBACK INDETERMINATE /
    REVOKED FAILED / SUPERSEDED FAILED / EXPIRED FAILED / LAPSED FAILED /
    NOT_YET_VALID FAILED / SUSPENDED FAILED / KEY_COMPROMISED INDETERMINATE /
    NO_STATUS INDETERMINATE / STALE INDETERMINATE / VALID PASSED
"""
CONTRACT = [tuple(entry.split()) for entry in PRECEDENCE.split("/")]
CAUSES = [code for code in Code if code is not Code.VALID]


def failed(code):
    return Check.failed("some", code, "")


def test_codes_and_indications_are_those_of_the_contract_in_its_order():
    assert [(code.text, code.indication.value) for code in Code] == CONTRACT
    assert [code.name for code in Code] == [text for text, _ in CONTRACT]


@pytest.mark.parametrize("first", CAUSES, ids=lambda code: code.name)
def test_of_two_causes_the_earlier_one_decides_in_either_order(first):
    rank = CONTRACT.index((first.text, first.indication.value))
    for second in CAUSES:
        other = CONTRACT.index((second.text, second.indication.value))
        expected = Code[CONTRACT[min(rank, other)][0]]
        assert decide([failed(first), failed(second)]) is expected
        assert decide([failed(second), failed(first)]) is expected


@pytest.mark.parametrize("code", CAUSES, ids=lambda code: code.name)
def test_one_cause_outweighs_any_number_of_checks_that_passed(code):
    passed = [Check.passed(str(number)) for number in range(5)]
    assert decide([*passed, failed(code), *passed]) is code


def test_only_checks_that_passed_give_valid():
    assert decide([Check.passed("a"), Check.not_checked("b", "not asked")]) is (
        Code.VALID
    )


NOTHING_MADE = {
    "no check at all": [],
    "one check that was not made": [Check.not_checked("a", "no data")],
    "several checks that were not made": [Check.not_checked("a", "no")] * 3,
}


@pytest.mark.parametrize("checks", NOTHING_MADE.values(), ids=NOTHING_MADE)
def test_absence_is_an_error_and_never_valid(checks):
    with pytest.raises(ValueError, match="nothing to decide"):
        decide(iter(checks))


LEFT_OUT = Check.not_checked("digest", "no document")


def test_what_may_not_be_left_out_is_never_valid_without_it():
    passed = Check.passed("a")
    assert decide_complete([passed, passed]) is Code.VALID
    assert decide_complete(iter([passed, LEFT_OUT])) is Code.UNREADABLE
    with pytest.raises(ValueError, match="nothing to decide"):
        decide_complete([LEFT_OUT])


@pytest.mark.parametrize("code", CAUSES, ids=lambda code: code.name)
def test_a_cause_outweighs_what_was_left_out(code):
    assert decide_complete([LEFT_OUT, failed(code), Check.passed("a")]) is code


FAILED = Check.failed("seal", Code.ALTERED, "")
UNKNOWN = Check.failed("seal", Code.STALE, "")
HELD = {
    "nothing of that name": ([Check.passed("other"), Check.passed("seal-x")], None),
    "it passed": ([Check.passed("other"), Check.passed("seal")], True),
    "it failed": ([FAILED], False),
    "it was left out": ([Check.not_checked("seal", "")], None),
    "it could not be told": ([UNKNOWN], None),
    "in both signatures": ([Check.passed("1.seal"), Check.passed("2.seal")], True),
    "in one of two": ([Check.passed("1.seal"), replace(FAILED, id="2.seal")], False),
    "left out of one": ([Check.passed("1.seal"), replace(UNKNOWN, id="2.seal")], None),
    "failed and left out": ([UNKNOWN, FAILED], False),
}


@pytest.mark.parametrize(("checks", "expected"), HELD.values(), ids=HELD)
def test_whether_a_check_held_is_known_only_where_it_was_made(checks, expected):
    assert held(iter(checks), "seal") is expected


def test_a_check_in_json_leaves_out_what_it_lacks():
    assert Check.passed("a").to_json() == {"id": "a", "indication": "PASSED"}
    assert Check.failed("a", Code.NO_STATUS, "none").to_json() == {
        "id": "a",
        "indication": "INDETERMINATE",
        "code": "NO_STATUS",
        "detail": "none",
    }


def test_an_answer_is_no_boolean_and_keeps_no_attributes():
    answer = ThreeValued()
    with pytest.raises(TypeError, match="three values"):
        bool(answer)
    assert not hasattr(answer, "__dict__")


def test_a_failed_check_has_the_indication_of_its_code():
    for code in CAUSES:
        assert failed(code).indication is code.indication


def test_a_check_cannot_fail_with_valid():
    with pytest.raises(ValueError, match="VALID"):
        failed(Code.VALID)


@pytest.mark.parametrize(
    ("indication", "code"), list(itertools.product(Indication, [None, *Code]))
)
def test_a_check_exists_only_where_indication_and_code_agree(indication, code):
    if code is None:
        allowed = indication in {Indication.PASSED, Indication.NOT_CHECKED}
    else:
        allowed = code is not Code.VALID and indication is code.indication
    if allowed:
        assert Check("a", indication, code).code is code
    else:
        with pytest.raises(ValueError, match=r"VALID|does not go with"):
            Check("a", indication, code)
