"""Paths that hold, and one wrong thing at a time in those that do not."""

import hashlib
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy
from hypothesis import given
from hypothesis import strategies as st

from esign import certificates
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.certificates import (
    SEAL_POLICY_OID,
    Path,
    find_path,
    seal_key_usage,
    validate_path,
)
from esign.errors import MalformedError, VerificationError
from esign.gm_authority import GmAuthority
from esign.signer import SoftwareSigner
from tests.esign.pades_world import AT, CODE, DAYS, World, world
from tests.esign.timestamp_service import Chain

POLICIES = x509.CertificatePolicies([x509.PolicyInformation(SEAL_POLICY_OID, None)])
OTHER_POLICIES = x509.CertificatePolicies(
    [x509.PolicyInformation(x509.ObjectIdentifier("2.25.1"), None)]
)
END_ENTITY = x509.BasicConstraints(ca=False, path_length=None)
SECOND = timedelta(seconds=1)
ANY_KEY = ec.generate_private_key(ec.SECP256R1())


def usage(**changes):
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    values = dict.fromkeys(names, False)
    return x509.KeyUsage(
        **(values | {"digital_signature": True, "content_commitment": True} | changes)
    )


GOOD = ((END_ENTITY, True), (usage(), True), (POLICIES, False))


def issued(extensions=GOOD, *, key=ANY_KEY, issuer=None, signer=None, name=None):
    authority = world().authority
    issuer_der = issuer or authority.issuing_certificate
    name = name or x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "甲局")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.load_der_x509_certificate(issuer_der).subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(AT)
        .not_valid_after(AT + timedelta(days=1))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    handle = (signer or authority.issuing).handle
    certificate = builder.sign(handle, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.DER)


def check(leaf, *, chain=None, roots=None, at=AT):
    authority = world().authority
    validate_path(
        leaf,
        authority.chain if chain is None else chain,
        authority.roots if roots is None else roots,
        at,
    )


def test_a_seal_certificate_holds_from_its_first_to_its_last_instant():
    check(world().certificate)
    check(world().certificate, at=AT + timedelta(days=DAYS))
    check(issued())


def test_the_one_key_usage_is_signature_and_non_repudiation():
    assert seal_key_usage() == usage()


WRONG_LEAVES = {
    "a CA": (
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (usage(), True),
        (POLICIES, False),
    ),
    "no basicConstraints": ((usage(), True), (POLICIES, False)),
    "no keyUsage": ((END_ENTITY, True), (POLICIES, False)),
    "a keyUsage that is not critical": (
        (END_ENTITY, True),
        (usage(), False),
        (POLICIES, False),
    ),
    "no nonRepudiation": (
        (END_ENTITY, True),
        (usage(content_commitment=False), True),
        (POLICIES, False),
    ),
    "one usage more": (
        (END_ENTITY, True),
        (usage(key_encipherment=True), True),
        (POLICIES, False),
    ),
    "may sign certificates": (
        (END_ENTITY, True),
        (usage(key_cert_sign=True), True),
        (POLICIES, False),
    ),
    "no policy": ((END_ENTITY, True), (usage(), True)),
    "another policy": ((END_ENTITY, True), (usage(), True), (OTHER_POLICIES, False)),
    "an unknown critical extension": (
        *GOOD,
        (
            x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.2"), b"\x05\x00"),
            True,
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG_LEAVES)
def test_a_leaf_that_is_not_a_seal_is_refused(name):
    with pytest.raises(VerificationError):
        check(issued(WRONG_LEAVES[name]))


def test_a_signature_by_another_key_is_refused():
    with pytest.raises(VerificationError):
        check(issued(signer=world().authority.root))


def test_a_seal_must_not_issue_another():
    leaf = issued(issuer=world().certificate, signer=world().signer)
    with pytest.raises(VerificationError):
        check(leaf, chain=(world().certificate, *world().authority.chain))


OTHER = DevelopmentAuthority.create("示例市", AT)
WRONG_SURROUNDINGS = {
    "a second too early": {"at": AT - timedelta(seconds=1)},
    "a second too late": {"at": AT + timedelta(days=DAYS, seconds=1)},
    "no root": {"roots": ()},
    "another authority's root of the same name": {"roots": OTHER.roots},
    "another authority's CA of the same name": {"chain": OTHER.chain},
    "no issuing CA": {"chain": ()},
    "too many CAs": {"chain": world().authority.chain * 4},
}


@pytest.mark.parametrize("name", WRONG_SURROUNDINGS)
def test_a_path_that_does_not_hold_is_refused(name):
    with pytest.raises(VerificationError):
        check(world().certificate, **WRONG_SURROUNDINGS[name])


def test_an_expired_root_ends_the_path():
    short = DevelopmentAuthority.create("示例市", AT, days=1)
    signer = SoftwareSigner(ANY_KEY)
    leaf = short.issue_seal(signer.public_key, "甲局", "1", AT, 1)
    check(leaf, chain=short.chain, roots=short.roots, at=AT + timedelta(days=1))
    with pytest.raises(VerificationError):
        check(leaf, chain=short.chain, roots=short.roots, at=AT + timedelta(days=2))


@pytest.mark.parametrize("which", ["root", "issuing"])
def test_the_key_of_a_root_or_ca_is_refused_in_any_certificate(which):
    key = getattr(world().authority, which).handle
    with pytest.raises(VerificationError, match="must not sign anything else"):
        check(issued(key=key))


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256K1())],
)
def test_another_curve_is_malformed(key):
    with pytest.raises(MalformedError, match="not P-256"):
        certificates.read_certificate(issued(key=key))


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_an_rsa_key_is_malformed():
    with pytest.raises(MalformedError, match="not an elliptic curve"):
        certificates.read_certificate(issued(key=RSA))


def test_a_subject_with_two_organizations_is_malformed():
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "甲局")
    name = x509.Name([organization, organization])
    with pytest.raises(MalformedError, match="occurs twice"):
        certificates.read_certificate(issued(name=name))


def test_an_organization_that_is_not_a_text_is_malformed():
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "\x00 bits")])
    text = b"\x0c\x06\x00 bits"
    leaf = issued(name=name)
    assert leaf.count(text) == 1
    with pytest.raises(MalformedError):
        certificates.read_certificate(leaf.replace(text, b"\x03" + text[1:]))


def test_a_root_of_another_kind_of_key_is_no_help_and_no_harm():
    other_root = issued(key=RSA)
    with pytest.raises(VerificationError):
        check(issued(), roots=(other_root,))
    check(issued(), roots=(*world().authority.roots, other_root))


def test_a_root_whose_key_cannot_be_read_is_malformed():
    prime256v1 = bytes.fromhex("2a8648ce3d030107")
    root = world().authority.root_certificate.replace(
        prime256v1, prime256v1[:-1] + b"\x7f"
    )
    with pytest.raises(MalformedError):
        check(issued(), roots=(root,))


def test_a_path_that_held_is_not_remembered_for_another_instant_or_root():
    leaf = issued()
    check(leaf)
    with pytest.raises(VerificationError):
        check(leaf, at=AT + timedelta(days=1, seconds=1))
    with pytest.raises(VerificationError):
        check(leaf, roots=OTHER.roots)
    check(leaf, at=AT + timedelta(days=1))


def test_a_path_for_another_purpose_asks_only_what_that_purpose_asks():
    own = world().authority
    plain = issued(((END_ENTITY, True),))
    with pytest.raises(VerificationError):
        check(plain)
    roots = (*OTHER.roots, *own.roots)
    found = find_path(plain, own.chain, roots, AT, ANY_LEAF)
    on_it = (plain, *own.chain, *own.roots)
    assert found == Path(on_it, AT, AT + timedelta(days=1))


ANY_LEAF = ExtensionPolicy.permit_all()
NO_CA = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.CRITICAL, None)
    .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, None)
)
NO_PATHS = {
    "another root": {"roots": OTHER.roots},
    "no root": {"roots": ()},
    "too many CAs": {"intermediates": world().authority.chain * 4},
    "before the root's own period": {"at": AT - timedelta(days=1)},
    "CAs that the policy refuses": {"authority": NO_CA},
}


@pytest.mark.parametrize("name", NO_PATHS)
def test_a_path_for_another_purpose_that_does_not_hold_is_refused(name):
    own = world().authority
    given = {"intermediates": own.chain, "roots": own.roots, "at": AT}
    with pytest.raises(VerificationError):
        find_path(issued(), end_entity=ANY_LEAF, **(given | NO_PATHS[name]))


def long_lived_under(root_period):
    """Return a leaf and a root of the given period whose key signed it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "根")])
    first, last = root_period
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    root = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(first)
        .not_valid_after(last)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(CA_USAGE, critical=True)
        .add_extension(own, critical=False)
        .sign(key, hashes.SHA256())
    )
    return issued(issuer=der_of(root), signer=SoftwareSigner(key)), der_of(root)


def der_of(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


CA_USAGE = usage(digital_signature=False, content_commitment=False, key_cert_sign=True)
ROOT_PERIODS = {
    "a root that has expired": (AT - timedelta(days=3), AT - timedelta(days=2)),
    "a root that expired a second ago": (AT - timedelta(days=3), AT - SECOND),
    "a root of tomorrow": (AT + timedelta(days=1), AT + timedelta(days=2)),
}


@pytest.mark.parametrize("name", ROOT_PERIODS)
def test_a_root_outside_its_own_period_is_refused_though_the_leaf_is_inside(name):
    leaf, root = long_lived_under(ROOT_PERIODS[name])
    with pytest.raises(VerificationError):
        find_path(leaf, (), (root,), AT, ANY_LEAF)


def test_a_root_holds_to_the_last_second_of_its_period():
    leaf, root = long_lived_under((AT - SECOND, AT))
    assert find_path(leaf, (), (root,), AT, ANY_LEAF) == Path((leaf, root), AT, AT)


def test_many_paths_do_not_pile_up():
    for _ in range(certificates._CACHED + 1):
        check(issued())
    assert len(certificates._PATHS) <= certificates._CACHED


def test_a_naive_instant_is_misuse():
    with pytest.raises(ValueError, match="aware"):
        check(world().certificate, at=AT.replace(tzinfo=None))
    own, naive = world().authority, AT.replace(tzinfo=None)
    with pytest.raises(ValueError, match="aware"):
        find_path(issued(), own.chain, own.roots, naive, ANY_LEAF)


def test_names_in_a_certificate_do_not_reach_error_texts():
    with pytest.raises(VerificationError) as caught:
        check(World().certificate)
    assert "示例" not in str(caught.value)


def test_the_fingerprint_is_sha256_of_the_bytes():
    der = world().certificate
    facts = certificates.read_certificate(der)
    assert facts.sha256 == hashlib.sha256(der).digest()


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # the library's own
@given(st.binary(max_size=200), st.integers(0, 600))
def test_any_bytes_give_facts_or_malformed(data, offset):
    der = world().certificate
    for attempt in (data, der[:offset] + data + der[offset + len(data) :]):
        try:
            facts = certificates.read_certificate(attempt)
        except MalformedError:
            continue
        assert facts.sha256 == hashlib.sha256(attempt).digest()


def test_an_oversized_certificate_is_malformed():
    with pytest.raises(MalformedError):
        certificates.read_certificate(bytes(certificates.MAX_CERTIFICATE_BYTES + 1))


def test_a_keys_mark_is_its_kid_or_the_digest_of_its_spki() -> None:
    chain = Chain("RSA-2048")
    marks = {certificates.key_mark(der) for der in (chain.leaf, chain.ca, chain.root)}
    assert {len(mark) for mark in marks} == {32, 8}
    assert len(marks) == 3
    root = certificates.read_certificate(chain.root).public_key
    assert certificates.key_mark(chain.root) == root.kid
    with pytest.raises(MalformedError):
        certificates.key_mark(b"0\x00")


SM2_AUTHORITY = GmAuthority.create("示例电子认证", AT)


def test_certificates_of_both_kinds_of_keys_are_read_where_that_is_asked_for():
    key = SoftwareSigner.generate(Suite.SM2).public_key
    der = SM2_AUTHORITY.issue_seal(key, "示例市行政审批局", CODE, AT, 10)
    facts = certificates.read_any(der)
    assert (facts.public_key, facts.organization, facts.code) == (
        key,
        "示例市行政审批局",
        CODE,
    )
    assert (facts.not_before, facts.not_after) == (AT, AT + timedelta(days=10))
    assert facts.sha256 == hashlib.sha256(der).digest()
    with pytest.raises(MalformedError):
        certificates.read_certificate(der)
    own = world().certificate
    assert certificates.read_any(own) == certificates.read_certificate(own)
    assert certificates.key_mark(der) == key.kid


def test_a_certificate_of_a_third_kind_of_key_is_not_read():
    for der in (issued(key=RSA), b"0\x00", b""):
        with pytest.raises(MalformedError):
            certificates.read_any(der)
