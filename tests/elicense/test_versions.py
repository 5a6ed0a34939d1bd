"""A new version follows an old license, or everything that is wrong is told."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense.catalog import ORIGINS
from elicense.errors import ApplicationError
from elicense.events import EventKind, Reason
from elicense.model import Draft, Holder, License, Organization, Validity
from elicense.versions import ORIGIN_OF, check_successor

CODE = "990100199003070019"
OLD = License(
    identifier="1.2.156.3005.2.11990000000000019A003.11990100000000027A"
    ".20260000001.001.0",
    issuer=Organization("11990100000000027A", "示例市行政审批局"),
    specimen=True,
    draft=Draft(
        type_name="food-business",
        type_version=1,
        title="食品经营许可证",
        number="JY29901010000018",
        holders=(Holder("张示例", CODE, "111"), Holder("李示例", "E1", "414")),
        issue_date=date(2026, 11, 21),
        validity=Validity(date(2026, 11, 21), date(2031, 11, 20)),
    ),
)
LATER = Validity(date(2031, 11, 21), date(2036, 11, 20))
OPEN = replace(
    OLD, draft=replace(OLD.draft, validity=Validity(date(2026, 11, 21), None))
)


def new(reason, **changes):
    """Return the old draft under the origin of a reason, with changes."""
    return replace(OLD.draft, **({"origin": ORIGIN_OF[reason]} | changes))


def fields(problems):
    return [problem.field for problem in problems]


def test_every_reason_for_a_new_version_has_an_origin_of_the_catalog():
    assert set(ORIGIN_OF) == {r for r in Reason if r.kind is EventKind.SUPERSEDED}
    assert set(ORIGIN_OF.values()) == {"延续", "变更", "补发", "更正"}
    assert set(ORIGIN_OF.values()) < set(ORIGINS)


GOOD = {
    "a renewal from the next day": (Reason.RENEWED, {"validity": LATER}),
    "a renewal granted while the old one lives": (
        Reason.RENEWED,
        {"validity": Validity(date(2031, 9, 1), date(2036, 8, 31))},
    ),
    "a renewal without an end": (
        Reason.RENEWED,
        {"validity": Validity(date(2031, 11, 21), None)},
    ),
    "a change of the holder's name": (
        Reason.CHANGED,
        {"holders": (Holder("张新示例", CODE, "111"),)},
    ),
    "a change that ends earlier": (
        Reason.CHANGED,
        {"validity": Validity(date(2027, 1, 1), date(2030, 1, 1))},
    ),
    "a reissue of the same period": (Reason.REISSUED, {}),
    "a correction of every day": (
        Reason.CORRECTED,
        {"validity": LATER, "issue_date": date(2026, 11, 1)},
    ),
    "a downgrade": (Reason.DOWNGRADED, {"fields": {"grade": "二级"}}),
}


@pytest.mark.parametrize("case", GOOD)
def test_it_follows_without_a_warning(case):
    reason, changes = GOOD[case]
    assert check_successor(OLD, new(reason, **changes), reason) == ()


REFUSED = {
    "another type": (Reason.CHANGED, {"type_name": "business-license"}, "type"),
    "another first holder": (
        Reason.CHANGED,
        {"holders": (Holder("王示例", "990100199003070027", "111"),)},
        "holders[0].code",
    ),
    "the second holder first": (
        Reason.CHANGED,
        {"holders": tuple(reversed(OLD.draft.holders))},
        "holders[0].code",
    ),
    "the same code of another kind": (
        Reason.CORRECTED,
        {"holders": (Holder("张示例", CODE, "999"),)},
        "holders[0].code",
    ),
    "another origin": (Reason.CHANGED, {"origin": "新发"}, "origin"),
    "a renewal that ends on the old day": (Reason.RENEWED, {}, "valid_until"),
    "a renewal that ends earlier": (
        Reason.RENEWED,
        {"validity": Validity(date(2027, 1, 1), date(2031, 11, 19))},
        "valid_until",
    ),
    "a reissue that begins later": (
        Reason.REISSUED,
        {"validity": Validity(date(2027, 1, 1), date(2031, 11, 20))},
        "valid_from",
    ),
    "a reissue that ends later": (
        Reason.REISSUED,
        {"validity": Validity(date(2026, 11, 21), None)},
        "valid_from",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_can_not_follow(case):
    reason, changes, field = REFUSED[case]
    with pytest.raises(ApplicationError) as caught:
        check_successor(OLD, new(reason, **changes), reason)
    assert fields(caught.value.problems) == [field]
    (problem,) = caught.value.problems
    assert problem.message.zh
    assert problem.message.en
    assert CODE not in str(caught.value)
    assert "示例" not in str(caught.value)


def test_all_that_is_wrong_is_told_at_once():
    draft = new(Reason.RENEWED, type_name="x", origin="新发")
    with pytest.raises(ApplicationError) as caught:
        check_successor(OLD, draft, Reason.RENEWED)
    assert fields(caught.value.problems) == ["type", "origin", "valid_until"]


@pytest.mark.parametrize("last", [None, date(2099, 1, 1)])
def test_what_has_no_last_day_is_not_renewed(last):
    draft = new(Reason.RENEWED, validity=Validity(date(2031, 1, 1), last))
    with pytest.raises(ApplicationError, match="nothing to renew"):
        check_successor(OPEN, draft, Reason.RENEWED)


def test_what_has_no_last_day_is_reissued_without_one():
    assert (
        check_successor(OPEN, replace(OPEN.draft, origin="补发"), Reason.REISSUED) == ()
    )
    with pytest.raises(ApplicationError, match="an open end"):
        check_successor(OPEN, new(Reason.REISSUED), Reason.REISSUED)


def test_a_change_may_give_what_has_no_last_day_an_end():
    assert check_successor(OPEN, new(Reason.CHANGED), Reason.CHANGED) == ()


WARNED = {
    "another number": (Reason.CHANGED, {"number": "JY1"}, "number"),
    "a day between the periods": (
        Reason.RENEWED,
        {"validity": Validity(date(2031, 11, 22), date(2036, 11, 21))},
        "valid_from",
    ),
    "a reissue with another issue date": (
        Reason.REISSUED,
        {"issue_date": date(2027, 5, 1)},
        "issue_date",
    ),
    "a change that ends later": (
        Reason.CHANGED,
        {"validity": Validity(date(2026, 11, 21), date(2032, 1, 1))},
        "valid_until",
    ),
    "a downgrade without an end": (
        Reason.DOWNGRADED,
        {"validity": Validity(date(2026, 11, 21), None)},
        "valid_until",
    ),
}


@pytest.mark.parametrize("case", WARNED)
def test_it_follows_with_a_warning(case):
    reason, changes, field = WARNED[case]
    assert fields(check_successor(OLD, new(reason, **changes), reason)) == [field]


@pytest.mark.parametrize(
    "reason", [r for r in Reason if r.kind is not EventKind.SUPERSEDED]
)
def test_a_reason_that_supersedes_nothing_is_misuse(reason):
    with pytest.raises(ValueError, match=reason.code):
        check_successor(OLD, OLD.draft, reason)


@given(
    st.sampled_from(list(ORIGIN_OF)),
    st.integers(-2000, 4000),
    st.none() | st.integers(0, 4000),
)
def test_a_renewal_ends_later_and_a_reissue_keeps_its_period(reason, start, days):
    first = OLD.draft.validity.valid_from + timedelta(start)
    last = None if days is None else first + timedelta(days)
    draft = new(reason, validity=Validity(first, last))
    try:
        check_successor(OLD, draft, reason)
    except ApplicationError:
        assert reason in (Reason.RENEWED, Reason.REISSUED)
        return
    if reason is Reason.RENEWED:
        assert last is None or last > OLD.draft.validity.valid_until
    if reason is Reason.REISSUED:
        assert draft.validity == OLD.draft.validity
