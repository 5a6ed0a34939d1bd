"""Lists of revoked certificates: read, refused, and what they mean for a seal."""

import asyncio
import itertools
import subprocess
import time
from datetime import timedelta

import pytest
from asn1crypto import algos
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import RevokedError

from esign import certificates, revocation
from esign.authority import DevelopmentAuthority
from esign.errors import MalformedError, VerificationError
from esign.issuers import MAX_NAMESAKES
from esign.revocation import (
    CRL,
    Fate,
    Reason,
    Revocation,
    Revocations,
    fate,
    read_crl,
)
from tests.esign.pades_world import AT, OTHER_CODE, World, world
from tests.support import require_tool

DAY = timedelta(days=1)
MADE = AT + 10 * DAY
OWN = world().authority
SEAL = world().certificate
OTHER_SEAL = World(OTHER_CODE, OWN).certificate
NAMESAKE = DevelopmentAuthority.create("示例市", AT)
GOOD = OWN.crl(MADE, 7, {SEAL: Revocation(AT + 5 * DAY, Reason.KEY_COMPROMISE, AT)})


def serial(der):
    return certificates.load(der).serial_number


def listed(revoked, at=MADE):
    return read_crl(OWN.crl(at, 7, revoked), OWN.issuing_certificate)


def root_listed(revoked, at=MADE):
    return read_crl(OWN.root_crl(at, 7, revoked), OWN.root_certificate)


def fate_of(*crls, leaf=SEAL):
    return fate(leaf, OWN.chain, OWN.roots, crls)


# What is read.


def test_a_list_says_whose_it_is_of_when_and_what_is_revoked():
    revoked = {
        SEAL: Revocation(AT + 5 * DAY, Reason.KEY_COMPROMISE, AT + DAY),
        OTHER_SEAL: (AT + DAY, "superseded"),
    }
    assert listed(revoked) == CRL(
        issuer=certificates.load(OWN.issuing_certificate).subject,
        issuer_key=OWN.issuing.public_key,
        this_update=MADE,
        next_update=MADE + 7 * DAY,
        revoked={
            serial(SEAL): Revocation(AT + 5 * DAY, Reason.KEY_COMPROMISE, AT + DAY),
            serial(OTHER_SEAL): Revocation(AT + DAY, Reason.SUPERSEDED),
        },
    )


def test_an_empty_list_revokes_nothing():
    assert listed({}).revoked == {}
    assert fate_of(listed({})) == Fate(None, None)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_comes_back_and_two_are_a_compromise(reason):
    entry = listed({SEAL: (AT, reason.value)}).revoked[serial(SEAL)]
    assert entry == Revocation(AT, reason)
    assert entry.is_compromise is (reason in {"keyCompromise", "cACompromise"})


def test_openssl_reads_the_same_list(tmp_path):
    openssl = require_tool("openssl", "openssl")
    (tmp_path / "list.der").write_bytes(GOOD)
    (tmp_path / "issuing.pem").write_bytes(
        certificates.load(OWN.issuing_certificate).public_bytes(
            serialization.Encoding.PEM
        )
    )
    call = [openssl, "crl", "-inform", "DER", "-in", tmp_path / "list.der", "-noout"]
    shown = subprocess.run(
        [*call, "-text", "-CAfile", tmp_path / "issuing.pem", "-verify"],
        capture_output=True,
        check=True,
    )
    text = shown.stdout.decode()
    assert "verify OK" in shown.stderr.decode() + text
    assert f"{serial(SEAL):X}" in text
    assert "Key Compromise" in text
    assert "Invalidity Date" in text


def pyhanko_judges(*crls):
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(OWN.root_certificate)],
        crls=list(crls),
        moment=MADE + DAY,
        allow_fetching=False,
        revocation_mode="require",
    )
    validator = CertificateValidator(
        asn1_x509.Certificate.load(SEAL),
        [asn1_x509.Certificate.load(der) for der in OWN.chain],
        validation_context=context,
    )
    return asyncio.run(validator.async_validate_usage({"digital_signature"}))


def test_pyhanko_takes_our_lists_and_refuses_what_they_revoke():
    empty, above = OWN.crl(MADE, 7, {}), OWN.root_crl(MADE, 7, {})
    assert pyhanko_judges(empty, above) is not None
    with pytest.raises(RevokedError):
        pyhanko_judges(GOOD, above)
    stolen = OWN.root_crl(MADE, 7, {OWN.issuing_certificate: (AT, "cACompromise")})
    with pytest.raises(RevokedError):
        pyhanko_judges(empty, stolen)


# What is refused. Each list is made anew and signed by the right key.


def built(
    *extensions, entries=(), key=None, hashed=None, issuer=OWN.issuing_certificate
):
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificates.load(issuer).subject)
        .last_update(MADE)
        .next_update(MADE + DAY)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    made = builder.sign(key or OWN.issuing.handle, hashed or hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


def entry_with(*extensions, number=None):
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(number or serial(SEAL))
        .revocation_date(AT)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.build()


def distribution(**changes):
    names = [x509.UniformResourceIdentifier("http://ca.example/1.crl")]
    values = {
        "full_name": names,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**(values | changes))


def signed_again(change):
    """Return the good list with its content changed and the signature made anew."""
    parsed = asn1_crl.CertificateList.load(GOOD)
    change(parsed["tbs_cert_list"])
    content = parsed["tbs_cert_list"].dump(force=True)
    parsed["signature"] = OWN.issuing.handle.sign(content, ec.ECDSA(hashes.SHA256()))
    return parsed.dump(force=True)


def without_next_update(content):
    del content["next_update"]


def first_version(content):
    content["version"] = "v1"
    del content["crl_extensions"]


def never_updated(content):
    content["next_update"] = content["this_update"]


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.2"), b"\x05\x00")
REASON_11 = x509.UnrecognizedExtension(
    x509.ObjectIdentifier("2.5.29.21"), b"\x0a\x01\x0b"
)
OTHER_ISSUER = x509.CertificateIssuer(
    [x509.DirectoryName(certificates.load(SEAL).subject)]
)
MALFORMED = {
    "nothing": b"",
    "no DER": b"CRL",
    "a certificate": SEAL,
    "without its last byte": GOOD[:-1],
    "with a byte behind": GOOD + b"\0",
    "twice": GOOD * 2,
    "in PEM": x509.load_der_x509_crl(GOOD).public_bytes(serialization.Encoding.PEM),
    "more than the limit": GOOD.ljust(revocation.MAX_CRL_BYTES + 1, b"\0"),
    "no nextUpdate": signed_again(without_next_update),
    "a nextUpdate that is not later": signed_again(never_updated),
    "version 1": signed_again(first_version),
    "a delta list": built((x509.DeltaCRLIndicator(1), True)),
    "a delta list that is not marked critical": built(
        (x509.DeltaCRLIndicator(1), False)
    ),
    "an unknown critical extension": built((UNKNOWN, True)),
    "an indirect list": built((distribution(indirect_crl=True), True)),
    "a list of attribute certificates": built(
        (distribution(only_contains_attribute_certs=True), True)
    ),
    "an entry of another issuer": built(entries=[entry_with((OTHER_ISSUER, True))]),
    "an entry of another issuer, not marked critical": built(
        entries=[entry_with((OTHER_ISSUER, False))]
    ),
    "an entry with an unknown critical extension": built(
        entries=[entry_with((UNKNOWN, True))]
    ),
    "an entry that takes a revocation back": built(
        entries=[entry_with((x509.CRLReason(x509.ReasonFlags.remove_from_crl), False))]
    ),
    "an entry with a reason that there is not": built(
        entries=[entry_with((REASON_11, False))]
    ),
    "a serial number twice": built(entries=[entry_with(), entry_with()]),
    "signed with SHA-384": built(hashed=hashes.SHA384()),
    "signed with RSA": built(key=rsa.generate_private_key(65537, 2048)),
}


def test_the_forger_of_these_tests_can_make_a_list_that_is_read():
    assert read_crl(signed_again(lambda _: None), OWN.issuing_certificate) == read_crl(
        GOOD, OWN.issuing_certificate
    )
    harmless = built((UNKNOWN, False), entries=[entry_with((UNKNOWN, False))])
    crl = read_crl(harmless, OWN.issuing_certificate)
    assert crl.revoked == {serial(SEAL): Revocation(AT, Reason.UNSPECIFIED)}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_list_that_is_not_one_of_ours_to_read_is_malformed(name):
    with pytest.raises(MalformedError):
        read_crl(MALFORMED[name], OWN.issuing_certificate)


def other_key(content):
    content["signature"] = algos.SignedDigestAlgorithm({"algorithm": "sha512_ecdsa"})


def test_two_names_for_the_algorithm_are_refused():
    with pytest.raises((MalformedError, VerificationError)):
        read_crl(signed_again(other_key), OWN.issuing_certificate)


def certificate_of_the_issuing_ca(*extensions, key=None):
    """Return another certificate of the issuing CA's name and key, by its root."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificates.load(OWN.issuing_certificate).subject)
        .issuer_name(certificates.load(OWN.root_certificate).subject)
        .public_key(key or OWN.issuing.handle.public_key())
        .serial_number(5)
        .not_valid_before(AT)
        .not_valid_after(AT + 100 * DAY)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    made = builder.sign(OWN.root.handle, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


def usage(*, crl_sign):
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


WRONG_ISSUERS = {
    "the root": OWN.root_certificate,
    "a seal": SEAL,
    "a CA of the same name with another key": NAMESAKE.issuing_certificate,
    "a CA that may not sign lists": certificate_of_the_issuing_ca(
        usage(crl_sign=False)
    ),
    "a CA that does not say what it may": certificate_of_the_issuing_ca(),
    "a CA of the same name with a key on P-384": certificate_of_the_issuing_ca(
        usage(crl_sign=True), key=ec.generate_private_key(ec.SECP384R1()).public_key()
    ),
    "a CA of the same name with an RSA key": certificate_of_the_issuing_ca(
        usage(crl_sign=True), key=rsa.generate_private_key(65537, 2048).public_key()
    ),
    "a CA whose extensions cannot be read": certificate_of_the_issuing_ca(
        usage(crl_sign=True),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.35"), b"\xff"),
    ),
}


@pytest.mark.parametrize("name", WRONG_ISSUERS)
def test_a_list_under_another_certificate_than_its_issuers_is_refused(name):
    read_crl(GOOD, certificate_of_the_issuing_ca(usage(crl_sign=True)))
    with pytest.raises(VerificationError) as caught:
        read_crl(GOOD, WRONG_ISSUERS[name])
    assert "示例" not in str(caught.value)


def test_a_ca_of_another_name_and_kind_of_key_is_just_another_issuer():
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "TSA Root")])
    key = rsa.generate_private_key(65537, 2048)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(AT).not_valid_after(AT + DAY)
    made = builder.sign(key, hashes.SHA256())
    der = made.public_bytes(serialization.Encoding.DER)
    with pytest.raises(VerificationError, match="another issuer's"):
        read_crl(GOOD, der)
    crls = [listed({SEAL: (AT, "superseded")})]
    assert fate(SEAL, OWN.chain, (*OWN.roots, der), crls) == Fate(AT, None)


@pytest.mark.parametrize("issuer", [b"", GOOD], ids=["nothing", "a list"])
def test_an_issuer_that_is_no_certificate_is_malformed(issuer):
    with pytest.raises(MalformedError):
        read_crl(GOOD, issuer)


def test_a_long_list_is_read():
    entries = [entry_with(number=1 << 150 | number) for number in range(5000)]
    crl = read_crl(built(entries=entries), OWN.issuing_certificate)
    assert len(crl.revoked) == 5000
    assert fate_of(crl) == Fate(None, None)


@pytest.mark.filterwarnings("ignore:Attribute's length")  # the library's own
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(GOOD)))
def test_any_bytes_give_a_list_or_our_error(data, offset):
    edited = GOOD[:offset] + data + GOOD[offset + len(data) :]
    for attempt in (data, edited):
        try:
            crl = read_crl(attempt, OWN.issuing_certificate)
        except (MalformedError, VerificationError):
            continue
        assert attempt == GOOD
        assert crl.revoked


@pytest.mark.filterwarnings("ignore:Attribute's length")  # the library's own
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_no_bit_of_a_list_can_be_changed():
    for offset in range(len(GOOD)):
        flipped = GOOD[offset] ^ 1 << offset % 8
        edited = GOOD[:offset] + bytes([flipped]) + GOOD[offset + 1 :]
        with pytest.raises((MalformedError, VerificationError)):
            read_crl(edited, OWN.issuing_certificate)


# What it means.

STOLEN = AT + 2 * DAY
NOTICED = AT + 4 * DAY
ISSUING = OWN.issuing_certificate
FATES = {
    "no list": ((), Fate(None, None)),
    "a list that says nothing": ((listed({}), root_listed({})), Fate(None, None)),
    "another seal's revocation": (
        (listed({OTHER_SEAL: (NOTICED, "keyCompromise")}),),
        Fate(None, None),
    ),
    "superseded": ((listed({SEAL: (NOTICED, "superseded")}),), Fate(NOTICED, None)),
    "without a reason": (
        (listed({SEAL: (NOTICED, "unspecified")}),),
        Fate(NOTICED, None),
    ),
    "withdrawn, and wrong since earlier": (
        (listed({SEAL: Revocation(NOTICED, Reason.PRIVILEGE_WITHDRAWN, STOLEN)}),),
        Fate(STOLEN, None),
    ),
    "stolen at an unknown instant": (
        (listed({SEAL: (NOTICED, "keyCompromise")}),),
        Fate(None, NOTICED),
    ),
    "stolen at a known instant": (
        (listed({SEAL: Revocation(NOTICED, Reason.KEY_COMPROMISE, STOLEN)}),),
        Fate(None, STOLEN),
    ),
    "said to be stolen after it was revoked": (
        (listed({SEAL: Revocation(STOLEN, Reason.KEY_COMPROMISE, NOTICED)}),),
        Fate(None, STOLEN),
    ),
    "the issuing CA ended": (
        (listed({}), root_listed({ISSUING: (NOTICED, "cessationOfOperation")})),
        Fate(NOTICED, None),
    ),
    "the issuing CA stolen": (
        (root_listed({ISSUING: (NOTICED, "cACompromise")}),),
        Fate(None, NOTICED),
    ),
    "the seal superseded and its CA stolen": (
        (
            listed({SEAL: (STOLEN, "superseded")}),
            root_listed({ISSUING: (NOTICED, "cACompromise")}),
        ),
        Fate(STOLEN, NOTICED),
    ),
    "the seal superseded and its CA ended before": (
        (
            listed({SEAL: (NOTICED, "superseded")}),
            root_listed({ISSUING: (STOLEN, "superseded")}),
        ),
        Fate(STOLEN, None),
    ),
    "a hold that a later list takes back": (
        (listed({}, MADE + DAY), listed({SEAL: (NOTICED, "certificateHold")})),
        Fate(None, None),
    ),
    "a later list with another reason": (
        (
            listed({SEAL: (NOTICED, "superseded")}),
            listed({SEAL: (NOTICED, "keyCompromise")}, MADE + DAY),
        ),
        Fate(None, NOTICED),
    ),
    "two lists of one instant that differ": (
        (listed({}), listed({SEAL: (NOTICED, "superseded")})),
        Fate(NOTICED, None),
    ),
}


@pytest.mark.parametrize("name", FATES)
def test_the_fate_of_a_seal(name):
    crls, expected = FATES[name]
    assert fate_of(*crls) == expected
    assert fate_of(*reversed(crls)) == expected


def test_the_same_serial_number_under_another_ca_is_another_certificate():
    taken = x509.RevokedCertificateBuilder().serial_number(serial(SEAL))
    entry = taken.revocation_date(AT).build()
    for authority in (OWN, NAMESAKE):
        above = read_crl(
            built(
                entries=[entry], key=authority.root.handle, issuer=OWN.root_certificate
            ),
            authority.root_certificate,
        )
        assert fate_of(above) == Fate(None, None)
    beside = read_crl(
        built(entries=[entry], key=NAMESAKE.issuing.handle),
        NAMESAKE.issuing_certificate,
    )
    assert fate_of(beside) == Fate(None, None)
    # The namesake stands in the chain, and still did not issue the seal.
    chain = (*OWN.chain, *NAMESAKE.chain)
    assert fate(SEAL, chain, OWN.roots, [beside]) == Fate(None, None)


def test_a_root_is_not_revoked_by_a_list_of_its_own():
    entry = x509.RevokedCertificateBuilder().serial_number(serial(OWN.root_certificate))
    own = built(
        entries=[entry.revocation_date(AT).build()],
        key=OWN.root.handle,
        issuer=OWN.root_certificate,
    )
    crl = read_crl(own, OWN.root_certificate)
    assert fate_of(crl) == Fate(None, None)
    assert fate(SEAL, (*OWN.chain, *OWN.roots), OWN.roots, [crl]) == Fate(None, None)


def test_a_seal_right_under_a_root_has_the_fate_of_the_roots_list():
    crl = listed({SEAL: (NOTICED, "superseded")})
    assert fate(SEAL, (), OWN.chain, [crl]) == Fate(NOTICED, None)
    # Whether the CA stands there or not, its key signed the seal and the list.
    assert fate(SEAL, (), OWN.roots, [crl]) == Fate(NOTICED, None)


def test_a_list_in_parts_is_the_latest_of_each_part():
    first = distribution()
    names = [x509.UniformResourceIdentifier("http://ca.example/2.crl")]
    second = distribution(full_name=names)
    with_seal = read_crl(built((first, True), entries=[entry_with()]), ISSUING)
    without = read_crl(built((second, True)), ISSUING)
    assert with_seal.scope
    assert with_seal.scope != without.scope
    newer = listed({}, MADE + DAY)
    assert fate_of(with_seal, without, newer) == Fate(AT, None)


def test_a_certificate_that_cannot_be_read_is_malformed():
    for leaf, chain, roots in (
        (b"", OWN.chain, OWN.roots),
        (SEAL, (b"",), OWN.roots),
        (SEAL, OWN.chain, (GOOD,)),
    ):
        with pytest.raises(MalformedError):
            fate(leaf, chain, roots, [])


INSTANTS = st.integers(0, 9).map(lambda days: AT + days * DAY)
ENTRIES = st.builds(Revocation, INSTANTS, st.sampled_from(Reason), st.none() | INSTANTS)
ISSUERS = {
    "issuing": (certificates.load(ISSUING).subject, OWN.issuing.public_key),
    "root": (certificates.load(OWN.root_certificate).subject, OWN.root.public_key),
    "stranger": (certificates.load(ISSUING).subject, NAMESAKE.issuing.public_key),
}
LISTS = st.builds(
    lambda issuer, made, revoked: CRL(*ISSUERS[issuer], made, made + DAY, revoked),
    st.sampled_from(sorted(ISSUERS)),
    INSTANTS,
    st.dictionaries(st.sampled_from([serial(SEAL), serial(ISSUING), 3]), ENTRIES),
)


@given(st.lists(LISTS, max_size=6), st.randoms(use_true_random=False))
def test_neither_order_nor_older_nor_foreign_lists_change_a_fate(crls, chance):
    expected = fate_of(*crls)
    shuffled = list(crls)
    chance.shuffle(shuffled)
    assert fate_of(*shuffled) == expected
    newest = {crl.issuer_key: crl.this_update for crl in crls}
    for crl in crls:
        newest[crl.issuer_key] = max(newest[crl.issuer_key], crl.this_update)
    needed = [
        crl
        for crl in crls
        if crl.issuer_key != NAMESAKE.issuing.public_key
        and crl.this_update == newest[crl.issuer_key]
    ]
    assert fate_of(*needed) == expected


@given(st.lists(LISTS, max_size=4), ENTRIES)
def test_a_revocation_in_the_latest_list_never_goes_unnoticed(crls, entry):
    revoked = {serial(SEAL): entry}
    last = CRL(*ISSUERS["issuing"], AT + 99 * DAY, AT + 100 * DAY, revoked)
    found = fate_of(*crls, last)
    kind = found.compromised_from if entry.is_compromise else found.revoked_at
    assert kind is not None
    assert kind <= entry.at


# The lists of a bundle. Whoever else is in it may put in any certificate of a CA.

SUBJECT = certificates.load(ISSUING).subject
THIEF = ec.generate_private_key(ec.SECP256R1())
THIEF_NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "M")])
REVOKED = OWN.crl(MADE, 7, {SEAL: (NOTICED, "keyCompromise")})


def ca(key=None, *, name=SUBJECT, issuer=None, crl_sign=True, extensions=(), number=7):
    """Return a CA certificate that a stranger made for a key, its own or another's."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    public = own.public_key() if hasattr(own, "public_key") else own
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer or THIEF_NAME)
        .public_key(public)
        .serial_number(number)
        .not_valid_before(AT)
        .not_valid_after(AT + 100 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage(crl_sign=crl_sign), critical=True)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    made = builder.sign(THIEF, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


def bytes_of(name):
    """Return a name of the same text in another kind of string."""
    kind = x509.name._ASN1Type.PrintableString
    return x509.Name(
        x509.NameAttribute(item.oid, item.value, kind) if item.value.isascii() else item
        for item in name
    )


OWN_CA_KEY = OWN.issuing.handle.public_key()
BESIDE = {
    "nothing": (),
    "the CA's renewed certificate": (
        certificate_of_the_issuing_ca(usage(crl_sign=True)),
    ),
    "a forged certificate of the CA's name and key": (ca(OWN_CA_KEY),),
    "a forged one that may not sign lists": (ca(OWN_CA_KEY, crl_sign=False),),
    "a forged one with other strings in its name": (
        ca(OWN_CA_KEY, name=bytes_of(SUBJECT)),
    ),
    "a forged one with the CA's key and another name": (
        ca(OWN_CA_KEY, name=THIEF_NAME),
    ),
    "a CA of the same name": (ca(),),
    "a CA of the same name with a key on P-384": (
        ca(ec.generate_private_key(ec.SECP384R1())),
    ),
    "a CA of the same name with an RSA key": (
        ca(rsa.generate_private_key(65537, 2048)),
    ),
    "more CAs of the same name than are tried": tuple(
        ca() for _ in range(MAX_NAMESAKES + 1)
    ),
    "CAs of the same name that say they have the CA's key": tuple(
        ca(extensions=(x509.SubjectKeyIdentifier.from_public_key(OWN_CA_KEY),))
        for _ in range(MAX_NAMESAKES + 1)
    ),
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_list_counts_for_the_cas_key_whatever_certificates_stand_beside(name):
    others = BESIDE[name]
    for order in ((*others, ISSUING), (ISSUING, *others)):
        for roots, intermediates in (
            (OWN.roots, order),
            ((*others, *OWN.roots), (ISSUING,)),
        ):
            found = Revocations([REVOKED], roots, intermediates)
            assert len(found.lists) == 1
            for chain in (OWN.chain, order[:1], ()):
                assert found.fate(SEAL, chain) == Fate(None, NOTICED)
            assert found.fate(OTHER_SEAL, OWN.chain) == Fate(None, None)


@pytest.mark.parametrize("name", BESIDE)
def test_no_certificate_beside_makes_an_older_list_count(name):
    newer = OWN.crl(MADE + DAY, 7, {})
    others = BESIDE[name]
    for order in ((*others, ISSUING), (ISSUING, *others)):
        for lists in ((REVOKED, newer), (newer, REVOKED)):
            found = Revocations(lists, OWN.roots, order)
            assert found.fate(SEAL, OWN.chain) == Fate(None, None)


def by_stranger(key, *, when=MADE + DAY, entries=(), extensions=()):
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(SUBJECT)
        .last_update(when)
        .next_update(when + DAY)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    made = builder.sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


def test_lists_of_a_namesake_neither_revoke_nor_hide():
    key = ec.generate_private_key(ec.SECP256R1())
    empty, full = by_stranger(key), by_stranger(key, entries=[entry_with()])
    for chain in ((ca(key), ISSUING), (ISSUING, ca(key))):
        beside = Revocations([REVOKED, empty], OWN.roots, chain)
        assert beside.fate(SEAL, OWN.chain) == Fate(None, NOTICED)
        beside = Revocations([full], OWN.roots, chain)
        assert beside.fate(SEAL, OWN.chain) == Fate(None, None)


def flood(count, **changes):
    """Return that many namesakes, each with a list of the seal's serial number."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(count)]
    lists = [
        by_stranger(
            key,
            entries=[entry_with()],
            extensions=(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()),
            ),
            **changes,
        )
        for key in keys
    ]
    return [ca(key) for key in keys], lists


def test_many_namesakes_that_list_a_seal_do_not_revoke_it():
    cas, lists = flood(MAX_NAMESAKES + 2)
    flooded = Revocations(lists, OWN.roots, (*cas, ISSUING))
    assert flooded.fate(SEAL, OWN.chain) == Fate(None, None)
    flooded = Revocations([*lists, REVOKED], OWN.roots, (*cas, ISSUING))
    assert flooded.fate(SEAL, OWN.chain) == Fate(None, NOTICED)


def without_key_id(number=11, key=OWN.issuing.handle):
    """Return a certificate by the issuing CA that does not name the CA's key."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(THIEF_NAME)
        .issuer_name(SUBJECT)
        .public_key(THIEF.public_key())
        .serial_number(number)
        .not_valid_before(AT)
        .not_valid_after(AT + DAY)
    )
    made = builder.sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())],
    ids=["RSA", "P-384"],
)
def test_lists_say_nothing_of_what_another_kind_of_key_signed(key):
    cas, lists = flood(MAX_NAMESAKES + 1)
    beside = Revocations(lists, OWN.roots, (*cas, ISSUING))
    leaf = without_key_id(serial(SEAL), key)
    assert beside.fate(leaf, OWN.chain) == Fate(None, None)


def test_a_certificate_that_does_not_name_its_issuers_key_is_found_by_its_signature():
    leaf = without_key_id(serial(SEAL))
    cas, lists = flood(MAX_NAMESAKES - 1)
    beside = Revocations([*lists, REVOKED], OWN.roots, (*cas, ISSUING))
    assert beside.fate(leaf, OWN.chain) == Fate(None, NOTICED)
    beside = Revocations(lists, OWN.roots, (*cas, ISSUING))
    assert beside.fate(leaf, OWN.chain) == Fate(None, None)


def test_a_certificate_that_too_many_may_have_revoked_is_doubtful():
    leaf = without_key_id(serial(SEAL))
    cas, lists = flood(MAX_NAMESAKES + 1)
    beside = Revocations(lists, OWN.roots, (*cas, ISSUING))
    for _ in range(2):
        assert beside.fate(leaf, OWN.chain) == Fate(AT, None)
    beside = Revocations([*lists, REVOKED], OWN.roots, (*cas, ISSUING))
    assert beside.fate(leaf, OWN.chain) == Fate(AT, NOTICED)


def test_a_list_that_does_not_name_its_key_is_tried_under_few_namesakes():
    plain = by_stranger(OWN.issuing.handle, entries=[entry_with()])
    few = [ca() for _ in range(MAX_NAMESAKES - 1)]
    for order in ((*few, ISSUING), (ISSUING, *few)):
        found = Revocations([plain], OWN.roots, order)
        assert found.fate(SEAL, OWN.chain) == Fate(AT, None)
    with pytest.raises(VerificationError, match="too many CAs of one name"):
        Revocations([plain], OWN.roots, (*few, ca(), ISSUING))


P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def added(one, other):
    if one is None or other is None:
        return one or other
    if one[0] == other[0]:
        if (one[1] + other[1]) % P == 0:
            return None
        slope = (3 * one[0] ** 2 - 3) * pow(2 * one[1], -1, P)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P)
    x = (slope**2 - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def times(number, point):
    total = None
    for digit in f"{number:b}":
        total = added(total, total)
        if digit == "1":
            total = added(total, point)
    return total


def keys_for(signature, message):
    """Return both keys under which a signature holds (SEC 1, section 4.1.6)."""
    r, s = utils.decode_dss_signature(signature)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(message)
    e = int.from_bytes(digest.finalize())
    y = pow(r**3 - 3 * r + B, (P + 1) // 4, P)
    for root in (y, P - y):
        x, other = times(pow(r, -1, N), added(times(s, (r, root)), times(-e % N, G)))
        yield ec.EllipticCurvePublicNumbers(x, other, ec.SECP256R1()).public_key()


def test_a_key_computed_from_a_list_does_not_take_it_from_its_ca():
    plain = by_stranger(OWN.issuing.handle, entries=[entry_with()])
    for der in (plain, REVOKED):
        crl = x509.load_der_x509_crl(der)
        one, two = keys_for(crl.signature, crl.tbs_certlist_bytes)
        assert crl.is_signature_valid(one)
        assert crl.is_signature_valid(two)
        (computed,) = [key for key in (one, two) if key != OWN_CA_KEY]
        for order in ((ca(computed), ISSUING), (ISSUING, ca(computed))):
            found = Revocations([der], OWN.roots, order)
            assert found.fate(SEAL, OWN.chain) != Fate(None, None)


ODD = ca(name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A" * 8)]))
NO_NAME = ODD.replace(b"A" * 8, b"\xff" * 8)
NO_ISSUER = ca(
    issuer=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A" * 8)])
).replace(b"A" * 8, b"\xff" * 8)


@pytest.mark.parametrize("lists", [(), (REVOKED,)], ids=["no list", "a list"])
def test_a_name_that_cannot_be_read_is_malformed_whether_there_is_a_list_or_not(lists):
    with pytest.raises(MalformedError):
        Revocations(lists, OWN.roots, (ISSUING, NO_NAME))
    with pytest.raises(MalformedError):
        Revocations(lists, (*OWN.roots, NO_NAME), (ISSUING,))
    found = Revocations(lists, OWN.roots, (ISSUING, NO_ISSUER))
    for leaf, chain in ((SEAL, (*OWN.chain, NO_ISSUER)), (NO_ISSUER, OWN.chain)):
        with pytest.raises(MalformedError):
            found.fate(leaf, chain)
    with pytest.raises((MalformedError, VerificationError)):
        read_crl(GOOD, NO_NAME)


@pytest.mark.filterwarnings("ignore:Attribute's length")  # the library's own
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@settings(max_examples=300, deadline=None)
@given(st.sampled_from([SEAL, ISSUING, REVOKED]), st.integers(0), st.binary(max_size=3))
def test_any_certificates_and_lists_give_a_fate_or_our_error(der, place, data):
    place %= len(der)
    edited = der[:place] + data + der[place + len(data) :]
    for leaf, above, roots, lists in (
        (edited, OWN.chain, OWN.roots, [REVOKED]),
        (SEAL, (edited,), OWN.roots, [REVOKED]),
        (SEAL, (edited, *OWN.chain), OWN.roots, [REVOKED]),
        (SEAL, OWN.chain, (*OWN.roots, edited), [REVOKED]),
        (SEAL, OWN.chain, OWN.roots, [edited, REVOKED]),
    ):
        try:
            found = Revocations(lists, roots, above).fate(leaf, above)
        except (MalformedError, VerificationError):
            continue
        assert found == Fate(None, NOTICED) or leaf == edited or ISSUING not in above


def test_many_cas_of_one_name_cost_little():
    numbers = itertools.count(1)
    public = OWN_CA_KEY
    many = [ca(public, crl_sign=False, number=next(numbers)) for _ in range(2000)]
    lists = [OWN.crl(MADE + timedelta(seconds=second), 7, {}) for second in range(100)]
    before = time.process_time()
    found = Revocations(lists, OWN.roots, (*many, ISSUING))
    assert found.fate(SEAL, OWN.chain) == Fate(None, None)
    assert time.process_time() - before < 2  # 0.1 s; each with each took 2 minutes


def test_what_a_list_says_is_of_all_certificates_of_its_ca():
    whole = x509.load_der_x509_crl(built(entries=[entry_with()]))
    assert set(revocation.said_by(whole)) == {serial(SEAL)}
    part = distribution(only_contains_user_certs=True)
    cut = x509.load_der_x509_crl(built((part, True)))
    with pytest.raises(MalformedError, match="of a part"):
        revocation.said_by(cut)
