"""Corners of trust: entries of an older bundle, a department that leaves itself out."""

from dataclasses import replace

import pytest

from elicense import trust
from elicense.testing import CODE, SECOND_CODE
from elicense.trust import ListEntry, RootStatement
from elicense.trust.hub_model import Outcome
from esign.errors import VerificationError
from tests.elicense.bureaus import AT, DAY, THIRD_CODE, Bureau, merged, second


def admitted(bureau: Bureau) -> trust.Bundle:
    """Return the bundle of a department as a verifier believes it."""
    bundle = trust.admit(bureau.file(), bureau.pin).bundle
    assert bundle is not None
    return bundle


def test_lists_of_an_older_bundle_are_admitted_under_the_keys_of_this_one() -> None:
    one = Bureau()
    older = admitted(one).status_lists
    one.next()
    lists = tuple(trust.admit_lists(older, admitted(one)))
    assert [(item.issuer, item.number, item.sequence) for item in lists] == [
        (CODE, 0, 1),
        (CODE, 2031, 1),
    ]


def _of_an_organ_that_is_not_listed(one: Bureau) -> ListEntry:
    return one.list_entry(7, issuer=THIRD_CODE)


def _of_a_key_that_left_the_bundle(one: Bureau) -> ListEntry:
    return one.list_entry(7, signer=second().status)


def _under_another_name(one: Bureau) -> ListEntry:
    return replace(one.list_entry(7), issuer=SECOND_CODE)


WITHOUT_STANDING = {
    "a list of an organ that the bundle does not list": _of_an_organ_that_is_not_listed,
    "a list signed by a key that left the bundle": _of_a_key_that_left_the_bundle,
    "a list in an entry of another organ": _under_another_name,
}


@pytest.mark.parametrize("name", WITHOUT_STANDING)
def test_a_list_of_an_older_bundle_without_standing_now_is_refused(name: str) -> None:
    one = Bureau()
    good = one.list_entry(0)
    found = trust.admit_lists([good, WITHOUT_STANDING[name](one)], admitted(one))
    assert next(found).number == 0
    with pytest.raises(VerificationError, match="status list"):
        next(found)


def only_the_predecessor(new: Bureau, old: Bureau) -> bytes:
    """Return a department's file that speaks for the organ it took over alone."""
    handover = RootStatement(
        number=2,
        issued_at=AT - DAY,
        speaks_for=old.code,
        bundle_keys=(old.bundle_signer.public_key,),
        successor=new.root.public_key,
    )
    new.statement = 3
    listed = old.bundle()
    bundle = new.bundle(
        organizations=listed.organizations,
        keys=listed.keys,
        seals=(),
        status_lists=listed.status_lists,
    )
    statements = [
        *old.statements(),
        trust.sign_root_statement(handover, old.root, new.root),
        *new.statements(),
    ]
    return trust.sign_bundle(bundle, new.bundle_signer, statements)


def test_a_department_that_lists_its_predecessor_alone_is_not_merged() -> None:
    new, old = Bureau(), second()
    data = only_the_predecessor(new, old)
    state = trust.admit(data, (old.pin, new.pin))
    assert set(state.organizations) == {SECOND_CODE}  # the file by itself holds
    result = merged([(new.grant(predecessors=(old.code,)), data)])
    (report,) = result.reports
    assert report.outcome is Outcome.LEFT_OUT
    assert report.refused is not None
    assert "does not list the department itself" in report.refused.en
    assert (result.draft.organizations, dict(result.departments)) == ((), {})
