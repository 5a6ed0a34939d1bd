"""The named profiles, as docs and DESIGN state them."""

from dataclasses import FrozenInstanceError, replace
from datetime import timedelta

import pytest

from elicense import policy
from elicense.policy import (
    LEAN,
    PUBLISHING,
    SEALED_ONLY,
    STANDARD,
    ValidationPolicy,
)


def test_the_standard_profile_checks_everything() -> None:
    assert ValidationPolicy() == STANDARD
    assert STANDARD.check_face
    assert STANDARD.second_engine
    assert STANDARD.max_bundle_age == timedelta(days=30)
    assert STANDARD.max_status_age == timedelta(days=7)
    assert STANDARD.max_input_bytes == policy.MAX_INPUT_BYTES == 20 * 1024 * 1024


def test_the_sealed_profile_leaves_out_the_face_and_nothing_else() -> None:
    assert replace(STANDARD, check_face=False) == SEALED_ONLY


def test_the_lean_profile_leaves_out_the_second_engine_too() -> None:
    assert replace(SEALED_ONLY, second_engine=False) == LEAN


def test_what_is_published_outlives_no_validators_limit() -> None:
    assert PUBLISHING.bundle_age <= STANDARD.max_bundle_age
    assert PUBLISHING.status_age <= STANDARD.max_status_age
    assert PUBLISHING.years_ahead == 20


@pytest.mark.parametrize("profile", [STANDARD, SEALED_ONLY, LEAN, PUBLISHING])
def test_a_profile_cannot_be_changed(profile: object) -> None:
    name = next(iter(profile.__dataclass_fields__))
    with pytest.raises(FrozenInstanceError):
        setattr(profile, name, None)
