"""Licenses that a seal platform sealed, as a stranger sees them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from elicense import record
from elicense.policy import LEAN
from elicense.testing import SECOND_CODE
from elicense.trust import TrustState
from elicense.validating import Scope, validate_pdf
from esign.pades.reserve import reserve
from esign.statuslist import Status
from esign.verdict import Code
from tests.elicense import platform_world
from tests.elicense.platform_world import entry, first_revision, vault
from tests.elicense.world import other_record, parts_of, reissued
from tests.esign import pades_world

BOX = (100.0, 40.0, 190.0, 130.0)


@pytest.fixture(scope="module")
def made():
    """Return a world, a license of it, and its two revisions."""
    with platform_world.world() as world:
        issued = world.issue()
        first = first_revision(world, parts_of(world, issued))
        yield world, issued, first, vault().seal_pdf(first, world.at)


@pytest.fixture
def world(made):
    one = made[0]
    before = dict(one.__dict__)
    yield one
    one.__dict__.clear()
    one.__dict__.update(before)


def why(verdict, check_id):
    return next(check.code for check in verdict.checks if check.id == check_id)


def test_a_license_is_valid_with_all_four_places_seen(world, made):
    verdict = world.validate(made[3])
    assert (verdict.code, verdict.scope) == (Code.VALID, Scope.DOCUMENT)
    assert verdict.claims is not None
    assert verdict.claims.issuer == world.department.code
    assert {check.indication.value for check in verdict.checks} == {"PASSED"}


def test_bulk_stops_at_the_seal_and_says_so(world, made):
    verdict = world.validate(made[3], LEAN)
    assert (verdict.code, verdict.scope) == (Code.VALID, Scope.SEALED)


def test_what_the_platform_has_not_sealed_is_unsupported(world, made):
    verdict = world.validate(made[2])
    assert (verdict.code, verdict.claims) == (Code.UNSUPPORTED, None)


def test_a_revoked_one_is_revoked(world, made):
    world.department.end(made[1], Status.INVALID)
    assert world.validate(made[3]).code is Code.REVOKED
    world.department.statuses.clear()


def listed(world, **changes):
    """Let the bundle say something else of the vault's seal."""
    world.department.more_seals[:] = [entry(world.department, **changes)]


@pytest.mark.parametrize(
    "change",
    [
        {"organization": SECOND_CODE},
        {"types": ("special-operation",)},
        {"types": ()},
    ],
)
def test_a_seal_of_somebody_else_or_for_something_else(world, made, change):
    listed(world, **change)
    verdict = world.validate(made[3])
    assert verdict.code is Code.NOT_AUTHORIZED
    assert why(verdict, "seal-issuer") is Code.NOT_AUTHORIZED
    listed(world)


def test_a_bundle_without_the_seal_does_not_know_it(world, made):
    world.department.more_seals.clear()
    verdict = world.validate(made[3])
    assert (verdict.code, verdict.claims) == (Code.UNKNOWN_ISSUER, None)
    listed(world)


def test_without_trust_the_answer_says_why(made):
    verdict = validate_pdf(made[3], TrustState(), made[0].at)
    assert verdict.code is Code.UNKNOWN_ISSUER
    details = {check.id: check.detail for check in verdict.checks}
    assert details["seal-trust"] == "no root is pinned"


def test_a_seal_that_precedes_the_token_is_refused(world, made):
    early = vault().seal_pdf(made[2], world.at - timedelta(seconds=1))
    verdict = world.validate(early)
    assert verdict.code is Code.NOT_AUTHORIZED
    details = {check.id: check.detail for check in verdict.checks}
    assert details["seal-issuer"] == "the seal is older than the token"


def test_a_seal_in_the_future_is_refused(world, made):
    late = vault().seal_pdf(made[2], world.at + timedelta(seconds=1))
    assert world.validate(late).code is Code.NOT_AUTHORIZED


def test_another_record_is_altered_though_the_platform_sealed_it(world, made):
    parts = parts_of(world, made[1])
    first = first_revision(world, replace(parts, record=other_record(parts)))
    verdict = world.validate(vault().seal_pdf(first, world.at))
    assert verdict.code is Code.ALTERED
    assert why(verdict, "record") is Code.ALTERED


def test_another_page_is_a_mismatch_though_the_platform_sealed_it(world, made):
    issued = made[1]
    draft = replace(issued.license.draft, number="JY10000000000001")
    other = reissued(world, issued, replace(issued.license, draft=draft))
    parts = replace(parts_of(world, issued), face=other.face)
    assert record.decode(parts.record)[0].draft.number != draft.number
    verdict = world.validate(vault().seal_pdf(first_revision(world, parts), world.at))
    assert verdict.code is Code.FACE_MISMATCH


def test_a_sealed_letter_is_no_license(world):
    first = reserve(pades_world.page(), 0, BOX)
    verdict = world.validate(vault().seal_pdf(first, world.at))
    assert verdict.code is Code.UNSUPPORTED


def test_a_page_with_other_attachments_is_malformed(world, made):
    first = made[2].replace(b"payload\\056cose", b"payload\\056cosy")
    verdict = world.validate(vault().seal_pdf(first, world.at))
    assert verdict.code is Code.MALFORMED


def test_a_stolen_key_needs_evidence(world, made):
    listed(world, compromised_from=world.at + timedelta(days=1))
    assert world.validate(made[3]).code is Code.KEY_COMPROMISED
    listed(world)


def test_a_changed_file_is_never_passed(world, made):
    pdf, count = made[3], 0
    for place in range(40, len(pdf), len(pdf) // 150):
        changed = pdf[:place] + bytes((pdf[place] ^ 4,)) + pdf[place + 1 :]
        count += world.validate(changed, LEAN).code is Code.VALID
    assert count == 0
