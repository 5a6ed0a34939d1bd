"""The development CA: what it issues, and what it will not."""

from datetime import timedelta

import pytest
from cryptography import x509

from esign import certificates
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.errors import MalformedError
from esign.signer import SoftwareSigner
from tests.esign.pades_world import AT, CODE, DAYS, World, world

ONE = timedelta(seconds=1)


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


def test_every_certificate_has_a_serial_number_of_its_own():
    own = world().authority
    leaves = [own.issue_seal(KEY, "甲局", CODE, AT, 1) for _ in range(20)]
    every = (*leaves, own.root_certificate, own.issuing_certificate)
    serials = {certificates.load(der).serial_number for der in every}
    assert len(serials) == len(every)


def test_every_certificate_names_its_own_key_and_its_issuers():
    own = world().authority
    above = {
        own.root_certificate: own.root_certificate,
        own.issuing_certificate: own.root_certificate,
        world().certificate: own.issuing_certificate,
    }
    for der, issuer in above.items():
        extensions = certificates.load(der).extensions
        named = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        assert named.key_identifier == key_identifier(issuer)
    assert len({key_identifier(der) for der in above}) == 3


def key_identifier(der):
    extensions = certificates.load(der).extensions
    return extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


SEAL = world().certificate
STRANGER = World(authority=DevelopmentAuthority.create("示例市", AT)).certificate
WRONG_LISTS = {
    "a naive instant": (AT.replace(tzinfo=None), 7, {}),
    "no day": (AT, 0, {}),
    "a revocation after the list": (AT, 7, {SEAL: (AT + ONE, "superseded")}),
    "a revocation at a naive instant": (
        AT,
        7,
        {SEAL: (AT.replace(tzinfo=None), "superseded")},
    ),
    "wrong since a naive instant": (
        AT,
        7,
        {SEAL: (AT, "keyCompromise", AT.replace(tzinfo=None))},
    ),
    "a reason that there is not": (AT, 7, {SEAL: (AT, "lost")}),
    "a reason of delta lists": (AT, 7, {SEAL: (AT, "removeFromCRL")}),
    "a seal of another authority of the same name": (
        AT,
        7,
        {STRANGER: (AT, "superseded")},
    ),
    "the issuing CA itself": (
        AT,
        7,
        {world().authority.issuing_certificate: (AT, "superseded")},
    ),
}


@pytest.mark.parametrize("name", WRONG_LISTS)
def test_a_wrong_list_is_a_value_error(name):
    with pytest.raises(ValueError):  # noqa: PT011  each has its own text
        world().authority.crl(*WRONG_LISTS[name])


def test_a_list_of_what_is_no_certificate_is_malformed():
    with pytest.raises(MalformedError):
        world().authority.crl(AT, 7, {b"seal": (AT, "superseded")})


def test_a_list_is_the_same_for_the_same_arguments_and_has_a_rising_number():
    own = world().authority
    first = own.crl(AT, 7, {SEAL: (AT, "superseded")})
    assert own.crl(AT, 7, {SEAL: (AT, "superseded")}) == first
    numbers = [
        x509.load_der_x509_crl(der)
        .extensions.get_extension_for_class(x509.CRLNumber)
        .value.crl_number
        for der in (first, own.crl(AT + ONE, 7, {}), own.root_crl(AT + ONE, 7, {}))
    ]
    assert numbers[0] < numbers[1] == numbers[2]


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
