"""The named profiles, as docs and DESIGN state them."""

from dataclasses import FrozenInstanceError, replace
from datetime import timedelta

import pytest

from elicense import policy
from elicense.errors import ProfileError
from elicense.issuing import IssuingDesk
from elicense.model import Text
from elicense.policy import (
    ANY_KEYS,
    GOV,
    LEAN,
    PROFILES,
    PUBLISHING,
    SEALED_ONLY,
    STANDARD,
    ValidationPolicy,
)
from elicense.testing import Simulator
from esign.algorithms import Suite
from esign.keys import PublicKey
from esign.signer import SoftwareSigner


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


@pytest.mark.parametrize("profile", [STANDARD, SEALED_ONLY, LEAN, PUBLISHING, GOV])
def test_a_profile_cannot_be_changed(profile: object) -> None:
    name = next(iter(profile.__dataclass_fields__))
    with pytest.raises(FrozenInstanceError):
        setattr(profile, name, None)


class Device:
    """A key as a device shows it: it signs, and nobody sees it."""

    in_device = True

    def __init__(self, suite: Suite) -> None:
        self._signer = SoftwareSigner.generate(suite)

    @property
    def public_key(self) -> PublicKey:
        return self._signer.public_key

    def sign(self, message: bytes) -> bytes:
        return self._signer.sign(message)


KEY = Text("密钥", "the key")


def test_profiles_are_found_by_their_names() -> None:
    assert PROFILES == {"standard": ANY_KEYS, "gov": GOV}
    assert (GOV.suite, GOV.in_device) == (Suite.SM2, True)
    assert GOV.demands
    assert not ANY_KEYS.demands


def test_the_profile_gov_takes_sm2_in_a_device_and_nothing_else() -> None:
    GOV.require([(KEY, Device(Suite.SM2))])
    wrong = {
        "is of ES256, and SM2 is asked for": Device(Suite.ES256),
        "is a software key, and a device must hold it": SoftwareSigner.generate(
            Suite.SM2
        ),
    }
    for fault, signer in wrong.items():
        with pytest.raises(ProfileError, match=f"the key {fault}$"):
            GOV.require([(KEY, Device(Suite.SM2)), (KEY, signer)])


def test_all_faults_of_all_keys_are_told_in_both_languages() -> None:
    signer = SoftwareSigner.generate(Suite.ES256)
    with pytest.raises(ProfileError) as caught:
        GOV.require([(KEY, signer), (Text("印章", "the seal"), signer)])
    zh, en = caught.value.message.zh, caught.value.message.en
    assert zh.count("应为 SM2") == zh.count("应由密码设备保管") == 2
    assert en.count("is of ES256") == en.count("software key") == 2


def test_any_keys_are_any_keys() -> None:
    ANY_KEYS.require([(KEY, SoftwareSigner.generate(Suite.ED25519))])


def test_a_desk_of_the_profile_gov_is_not_made_with_other_keys() -> None:
    with Simulator() as world:
        desk = world.desk()
        with pytest.raises(ProfileError, match="the token key is of ES256") as caught:
            replace(desk, profile=GOV)
        assert "the seal's key is a software key" in caught.value.message.en

        class Press:
            signer = Device(Suite.SM2)

            def print(self, parts: object) -> bytes:
                raise NotImplementedError

        made = replace(desk, profile=GOV, token_signer=Device(Suite.SM2), press=Press())
        assert isinstance(made, IssuingDesk)
