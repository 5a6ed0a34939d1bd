"""The Simulator: a world whose every knob is seen by a verifier."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from elicense.testing import CODE, SECOND_CODE, START, Simulator, claims_of
from elicense.trust import Period
from esign.algorithms import Suite
from esign.errors import VerificationError
from esign.signer import SoftwareSigner
from esign.statuslist import Status
from esign.verdict import Code

DAY = timedelta(days=1)
THIRD_CODE, THIRD_NAME = "119901000000000430", "示范市住房和城乡建设局"


def test_both_departments_issue_what_a_verifier_accepts() -> None:
    with Simulator() as world:
        for department in world.departments:
            issued = world.issue(department=department)
            assert world.validate(issued.pdf).code is Code.VALID
            assert world.validate(issued.qr_text).code is Code.VALID
            assert issued.license.issuer.code == department.code
        assert [entry.code for entry in world.departments] == [CODE, SECOND_CODE]


def test_the_same_number_gives_the_same_license() -> None:
    with Simulator() as world:
        first = world.issue(number="990100202611210001")
        again = world.issue(number="990100202611210001")
        assert (again.pdf, again.qr_text) == (first.pdf, first.qr_text)
        assert world.issue().license.identifier != first.license.identifier


def _old(world: Simulator) -> None:
    world.issued_at = world.at - 8 * DAY
    world.bundle_age = 7 * DAY
    world.department.status_age = 99 * DAY


def _unlisted(world: Simulator) -> None:
    world.department.listed = False


def _no_token_key(world: Simulator) -> None:
    world.department.token_listed = False


def _no_types(world: Simulator) -> None:
    world.department.types = ()


def _period(world: Simulator) -> None:
    world.department.token_period = Period(START + DAY, None)


def _other_key(world: Simulator) -> None:
    world.department.token = SoftwareSigner.generate(Suite.ES256)


def _no_lists(world: Simulator) -> None:
    world.department.lists.clear()


KNOBS: dict[str, tuple[Callable[[Simulator], None], Code]] = {
    "an old bundle": (_old, Code.STALE),
    "a department that is not listed": (_unlisted, Code.UNKNOWN_ISSUER),
    "a token key that is not listed": (_no_token_key, Code.UNKNOWN_ISSUER),
    "another token key": (_other_key, Code.UNKNOWN_ISSUER),
    "no types": (_no_types, Code.NOT_AUTHORIZED),
    "a period that begins tomorrow": (_period, Code.NOT_AUTHORIZED),
    "no lists": (_no_lists, Code.NO_STATUS),
}


@pytest.mark.parametrize(("turn", "code"), KNOBS.values(), ids=KNOBS)
def test_a_knob_is_seen_by_the_next_validation(
    turn: Callable[[Simulator], None], code: Code
) -> None:
    with Simulator() as world:
        issued = world.issue()
        assert world.validate(issued.qr_text).code is Code.VALID
        turn(world)
        assert world.validate(issued.qr_text).code is code


def test_the_seals_knobs_are_seen_on_a_document() -> None:
    with Simulator() as world:
        issued = world.issue()
        world.department.seal_period = Period(START - 9 * DAY, START)
        assert world.validate(issued.pdf).code is Code.NOT_AUTHORIZED
        world.department.seal_listed = False
        assert world.validate(issued.pdf).code is Code.UNKNOWN_ISSUER


def test_an_ended_license_can_be_put_back() -> None:
    with Simulator() as world:
        issued = world.issue()
        world.department.end(issued, Status.INVALID)
        assert world.validate(issued.qr_text).code is Code.REVOKED
        world.department.end(issued, Status.VALID)
        assert world.validate(issued.qr_text).code is Code.VALID


def test_a_license_signed_again_keeps_all_but_what_is_changed() -> None:
    with Simulator() as world:
        issued = world.issue()
        claims = claims_of(issued)
        text = world.resign(issued, holder="示例")
        verdict = world.validate(text)
        assert verdict.claims == replace(claims, holder="示例")
        by_second = world.resign(issued, world.departments[1])
        assert world.validate(by_second).code is Code.UNKNOWN_ISSUER


def test_a_bundle_signer_that_the_root_does_not_name_is_refused() -> None:
    with Simulator() as world:
        world.bundle_signer = SoftwareSigner.generate(Suite.ES256)
        with pytest.raises(VerificationError):
            world.trust()


def test_a_department_may_sign_with_another_suite() -> None:
    with Simulator() as world:
        third = world.add_department(THIRD_CODE, THIRD_NAME, Suite.ED25519)
        world.departments.append(third)
        issued = world.issue("business-license", department=third)
        assert world.validate(issued.qr_text).code is Code.VALID


def test_the_world_leaves_nothing_behind() -> None:
    with Simulator() as world:
        folder = Path(world._folder.name)
        assert folder.is_dir()
    assert not folder.exists()
