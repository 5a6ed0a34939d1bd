"""The error bases: three culprits, and misuse is none of them."""

import pytest

from esign.errors import (
    ESignError,
    MalformedError,
    UnavailableError,
    VerificationError,
)

CULPRITS = (MalformedError, VerificationError, UnavailableError)


@pytest.mark.parametrize("culprit", CULPRITS)
def test_every_culprit_is_caught_by_the_base_and_by_no_other_culprit(culprit):
    assert issubclass(culprit, ESignError)
    others = [other for other in CULPRITS if other is not culprit]
    assert not any(issubclass(culprit, other) for other in others)


@pytest.mark.parametrize("culprit", CULPRITS)
def test_misuse_of_the_api_is_never_one_of_these(culprit):
    assert not issubclass(culprit, (ValueError, TypeError))
    assert not issubclass(ValueError, ESignError)
