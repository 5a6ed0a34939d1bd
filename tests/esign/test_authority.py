"""The development CA: what it issues, and what it will not."""

from datetime import timedelta

import pytest
from cryptography import x509

from esign import certificates
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.signer import SoftwareSigner
from tests.esign.pades_world import AT, CODE, DAYS, world


def test_it_can_be_rebuilt_from_stored_keys_and_certificates():
    made = DevelopmentAuthority.create("示例市", AT)
    passphrase = b"1"
    rebuilt = DevelopmentAuthority(
        SoftwareSigner.from_pem(made.root.to_pem(passphrase), passphrase),
        SoftwareSigner.from_pem(made.issuing.to_pem(passphrase), passphrase),
        made.root_certificate,
        made.issuing_certificate,
    )
    key = SoftwareSigner.generate(Suite.ES256).public_key
    leaf = rebuilt.issue_seal(key, "甲局", CODE, AT, 10)
    certificates.validate_path(leaf, made.chain, made.roots, AT)


def test_its_names_say_that_it_is_for_tests():
    own = world()
    for der in (*own.authority.roots, *own.authority.chain, own.certificate):
        subject = x509.load_der_x509_certificate(der).subject.rfc4514_string()
        assert "测试" in subject
        assert "TEST" in subject


def test_keys_that_do_not_belong_to_the_certificates_are_refused():
    own = world().authority
    with pytest.raises(ValueError, match="not the one in its certificate"):
        DevelopmentAuthority(
            own.issuing, own.root, own.root_certificate, own.issuing_certificate
        )


KEY = world().signer.public_key
WRONG_REQUESTS = {
    "an Ed25519 key": (SoftwareSigner.generate(Suite.ED25519).public_key, AT, 1),
    "a naive instant": (KEY, AT.replace(tzinfo=None), 1),
    "no day": (KEY, AT, 0),
    "before the CA": (KEY, AT - timedelta(seconds=1), 1),
    "longer than the CA": (KEY, AT, 3651),
}


@pytest.mark.parametrize("name", WRONG_REQUESTS)
def test_a_wrong_request_is_a_value_error(name):
    key, at, days = WRONG_REQUESTS[name]
    with pytest.raises(ValueError):  # noqa: PT011  each has its own text
        world().authority.issue_seal(key, "甲局", CODE, at, days)


def test_a_seal_may_live_as_long_as_its_ca():
    leaf = world().authority.issue_seal(KEY, "甲局", CODE, AT, 3650)
    end = AT + timedelta(days=3650)
    certificates.validate_path(
        leaf, world().authority.chain, world().authority.roots, end
    )


def test_a_seal_certificate_says_whose_it_is():
    facts = certificates.read_certificate(world().certificate)
    assert (facts.organization, facts.code) == ("示例市行政审批局", CODE)
    assert facts.public_key == world().signer.public_key
    assert facts.not_before == AT
    assert facts.not_after == AT + timedelta(days=DAYS)
