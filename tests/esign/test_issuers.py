"""Who issued a certificate: by name and key, whatever certificates there are."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from esign import issuers
from esign.certificates import load
from esign.errors import MalformedError, VerificationError
from esign.issuers import MAX_NAMESAKES, Authorities, Authority
from tests.esign.pades_world import AT, LATER, World, world
from tests.esign.test_pades import OWN_ROOT, forged_root, garbage, named

OWN = world().authority
SEAL = world().certificate
SHA256 = bytes.fromhex("0609608648016503040201")
ECDSA_SHA256 = bytes.fromhex("06082a8648ce3d040302")


def with_pss():
    key, scheme = rsa.generate_private_key(65537, 2048), hashes.SHA256()
    made = (
        x509.CertificateBuilder()
        .subject_name(named("M"))
        .issuer_name(named("M"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(AT)
        .not_valid_after(LATER)
        .sign(key, scheme, rsa_padding=padding.PSS(padding.MGF1(scheme), 32))
    )
    return made.public_bytes(serialization.Encoding.DER)


OTHER_KINDS = {
    "RSA": forged_root(key=rsa.generate_private_key(65537, 2048)),
    "RSA-PSS with a hash that nobody knows": with_pss().replace(
        SHA256, SHA256[:-1] + b"\x7f"
    ),
    "P-384": forged_root(key=ec.generate_private_key(ec.SECP384R1())),
    "an algorithm that nobody knows": SEAL.replace(
        ECDSA_SHA256, ECDSA_SHA256[:-1] + b"\x7f"
    ),
}


@pytest.mark.parametrize("name", OTHER_KINDS)
def test_what_is_signed_by_another_kind_of_key_is_not_by_ours(name):
    der = OTHER_KINDS[name]
    assert not issuers.can_be_ours(load(der))
    assert not issuers.is_signed_by(der, OWN.issuing.public_key)


def test_the_issuer_of_a_certificate_is_who_signed_it():
    assert issuers.can_be_ours(load(SEAL))
    assert issuers.is_signed_by(SEAL, OWN.issuing.public_key)
    for other in (OWN.root, World().authority.issuing):
        assert not issuers.is_signed_by(SEAL, other.public_key)


def test_a_key_is_found_by_its_hash_and_not_by_what_a_certificate_says():
    own, key_id = OWN_ROOT.subject, issuers.authority_id(load(OWN.issuing_certificate))
    strangers = [forged_root(name=own) for _ in range(MAX_NAMESAKES)]
    known = Authorities((*strangers, OWN.root_certificate))
    (found,) = known.by_key_id(own, key_id)
    assert found.key == OWN.root.public_key
    assert known.by_key_id(own, b"") == known.by_key_id(named("M"), key_id) == []
    with pytest.raises(VerificationError, match="too many"):
        known.of(own)


def test_every_key_of_a_name_is_tried_once():
    own = OWN_ROOT.subject
    again = forged_root(name=own, public=OWN_ROOT.public_key())
    known = Authorities((again, OWN.root_certificate, OWN.root_certificate))
    (found,) = known.of(own)
    assert len(found.certificates) == 2
    assert found.may_sign_lists
    assert known.of(named("M")) == []


def test_garbage_names_no_key_and_allows_nothing():
    assert issuers.authority_id(load(forged_root())) == b""
    assert issuers.authority_id(load(forged_root(garbage("2.5.29.35")))) == b""
    assert not Authority(load(forged_root(garbage("2.5.29.14")))).may_sign_lists
    with pytest.raises(VerificationError, match="not on P-256"):
        _ = Authority(load(OTHER_KINDS["RSA"])).key


def test_a_name_that_cannot_be_read_is_malformed():
    odd = forged_root(name=named("A" * 8)).replace(b"A" * 8, b"\xff" * 8)
    with pytest.raises(MalformedError):
        Authorities([odd])
