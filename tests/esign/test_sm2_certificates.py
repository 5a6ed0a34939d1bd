"""Certificates of SM2 keys: made here, made by OpenSSL, and as the field has them."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from esign import der, sm2
from esign.errors import MalformedError, VerificationError
from esign.sm2 import KeyUsage, oids, times
from esign.sm2.certificate import SIGNATURE_ALGORITHMS
from esign.sm2.issuing import Draft, ca_extensions, issue, leaf_extensions
from esign.sm2.path import signs_documents
from esign.sm2.signing import Sm2Signer
from tests.esign.sm2_world import OpenSSL
from tests.support import vectors

START = datetime(2026, 11, 1, tzinfo=UTC)
AT = datetime(2026, 11, 21, 8, 30, 0, 250_000, tzinfo=UTC)
DAY = timedelta(days=1)
ROOT_KEY, CA_KEY, LEAF_KEY = (Sm2Signer.generate() for _ in range(3))
BIT_STRING_HEAD = b"\x00"


def name(common, organization="某市测试局"):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def draft(common, key, extensions, days=(0, 1000)):
    period = (START + days[0] * DAY, START + days[1] * DAY)
    return Draft(name(common), key.point, period, extensions)


def certificate(common, key, extensions, by, days=(0, 1000)):
    """Issue without asking whether the issuer may: ``by`` is a name and a key."""
    issuer_name, issuer_key = by
    made = issue(draft(common, issuer_key, extensions, days), issuer_key)
    return altered(
        made,
        issuer_key,
        {3: name(issuer_name).public_bytes(), 6: key.spki},
    )


def altered(data, key, parts):
    """Return a certificate with parts of it replaced, signed again."""
    tbs, algorithm, _ = der.children(data, der.SEQUENCE, 3, 3)
    fields = list(der.children(tbs, der.SEQUENCE, 7, 10))
    for at, part in parts.items():
        fields[at] = part
    return signed(der.tlv(der.SEQUENCE, *fields), parts.get(2, algorithm), key)


def signed(tbs, algorithm, key):
    value = der.tlv(der.BITS, BIT_STRING_HEAD, sm2.to_der(key.sign(tbs)))
    return der.tlv(der.SEQUENCE, tbs, algorithm, value)


def extensions(*listed):
    return der.tlv(0xA3, der.tlv(der.SEQUENCE, *listed))


def extension(kind, value, *flag):
    return der.tlv(der.SEQUENCE, kind, *flag, der.tlv(der.OCTETS, value))


ROOT = issue(draft("TEST Root", ROOT_KEY, ca_extensions(1)), ROOT_KEY)
CA = issue(draft("TEST CA", CA_KEY, ca_extensions(0)), ROOT_KEY, ROOT)
LEAF = issue(draft("42010000000001", LEAF_KEY, leaf_extensions()), CA_KEY, CA)


def test_a_certificate_says_what_was_asked_for():
    made = sm2.read_certificate(LEAF)
    assert made.point == sm2.certificate_point(LEAF) == LEAF_KEY.point
    assert (made.not_before, made.not_after) == (START, START + 1000 * DAY)
    assert made.key_usage == KeyUsage.DIGITAL_SIGNATURE | KeyUsage.NON_REPUDIATION
    assert (made.is_authority, made.path_length) == (False, None)
    assert made.subject == name("42010000000001").public_bytes()
    assert made.issuer == sm2.read_certificate(CA).subject
    assert made.attribute(oids.COMMON_NAME) == "42010000000001"
    assert made.attribute(oids.ORGANIZATION_NAME) == "某市测试局"
    assert made.attribute(oids.ORGANIZATION_IDENTIFIER) == ""
    assert made.policies == frozenset()
    assert "某市测试局" not in repr(made)
    root = sm2.read_certificate(ROOT)
    assert (root.is_authority, root.path_length) == (True, 1)
    assert root.key_usage == KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN
    assert made.serial != root.serial


def test_another_reader_reads_the_same():
    """The library reads all of it but the key."""
    for data in (ROOT, CA, LEAF):
        ours, theirs = sm2.read_certificate(data), x509.load_der_x509_certificate(data)
        assert ours.serial == theirs.serial_number
        assert ours.not_before == theirs.not_valid_before_utc
        assert ours.not_after == theirs.not_valid_after_utc
        assert ours.subject == theirs.subject.public_bytes()
        assert ours.issuer == theirs.issuer.public_bytes()
        assert ours.tbs == theirs.tbs_certificate_bytes
        assert sm2.to_der(ours.signature) == theirs.signature
        found = {oids.element(one.oid.dotted_string) for one in theirs.extensions}
        assert found == set(ours.extensions)


def test_policies_are_read():
    oid = "2.25.233432607199052192209687157924740801158"
    stated = x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier(oid), None)]
    )
    made = issue(
        draft("a", LEAF_KEY, (*leaf_extensions(), (stated, False))), CA_KEY, CA
    )
    assert sm2.read_certificate(made).policies == {oids.element(oid)}


@pytest.mark.parametrize(
    "dotted",
    [
        "2.5.29.15",
        "1.2.156.10197.1.501",
        "2.25.1",
        "2.999.128",
        "0.0",
        "1.39.16383.16384",
    ],
)
def test_object_identifiers_are_as_another_encoder_writes_them(dotted):
    kind = x509.UnrecognizedExtension(x509.ObjectIdentifier(dotted), b"").oid
    usage = x509.ExtendedKeyUsage([kind]).public_bytes()
    assert der.inner(usage, der.SEQUENCE) == oids.element(dotted)


def test_a_signature_is_its_issuers_and_nobody_elses():
    sm2.verify_issued(LEAF, CA_KEY.point)
    sm2.verify_issued(ROOT, ROOT_KEY.point)
    for _ in range(2):  # a refusal is not kept as a yes
        with pytest.raises(VerificationError, match="issuer"):
            sm2.verify_issued(LEAF, ROOT_KEY.point)
    with pytest.raises(MalformedError):
        sm2.verify_issued(LEAF, b"\x04" + bytes(64))


def test_an_edited_byte_of_a_certificate_is_never_its_issuers():
    for position in range(len(LEAF)):
        edited = bytearray(LEAF)
        edited[position] ^= 1 << position % 8
        with pytest.raises((MalformedError, VerificationError)):
            sm2.verify_issued(bytes(edited), CA_KEY.point)


def test_a_path_is_found_and_says_how_long_it_holds():
    path = sm2.find_path(LEAF, [CA], [ROOT], AT)
    assert path.certificates == (LEAF, CA, ROOT)
    assert (path.not_before, path.not_after) == (START, START + 1000 * DAY)
    short = issue(draft("a", LEAF_KEY, leaf_extensions(), (5, 40)), CA_KEY, CA)
    path = sm2.find_path(short, [CA], [ROOT], AT)
    assert (path.not_before, path.not_after) == (START + 5 * DAY, START + 40 * DAY)


def test_the_order_of_the_intermediates_and_a_repetition_do_not_matter():
    other = certificate("TEST CA", LEAF_KEY, ca_extensions(0), ("TEST Root", ROOT_KEY))
    lower = certificate(
        "a", Sm2Signer.generate(), leaf_extensions(), ("TEST CA", CA_KEY)
    )
    for between in ([other, CA], [CA, other], [CA, CA, other]):
        path = sm2.find_path(lower, between, [ROOT], AT)
        assert path.certificates == (lower, CA, ROOT)


def test_a_leaf_may_stand_right_under_its_root():
    leaf = issue(draft("a", LEAF_KEY, leaf_extensions()), ROOT_KEY, ROOT)
    assert sm2.find_path(leaf, [CA], [ROOT], AT).certificates == (leaf, ROOT)


def test_a_ca_that_is_pinned_ends_the_path():
    assert sm2.find_path(LEAF, [ROOT], [CA], AT).certificates == (LEAF, CA)


def test_many_roots_of_one_name_are_told_apart_by_their_key_identifiers():
    keys = [Sm2Signer.generate() for _ in range(9)]
    others = [issue(draft("TEST Root", key, ca_extensions(1)), key) for key in keys]
    path = sm2.find_path(LEAF, [CA], [*others, ROOT], AT)
    assert path.certificates == (LEAF, CA, ROOT)
    few = sm2.find_path(LEAF, [CA], [*others[:3], ROOT], AT)
    assert few == path
    with pytest.raises(VerificationError):  # an identifier is no key
        sm2.find_path(LEAF, [CA], others, AT)


AKI = oids.AUTHORITY_KEY_IDENTIFIER
UNNAMED = {
    "no identifier at all": extensions(extension(oids.element("1.2.3"), b"")),
    "what is no identifier": extensions(extension(AKI, b"\xff\xff")),
    "an empty one": extensions(extension(AKI, der.tlv(der.SEQUENCE))),
    "issuer and serial number alone": extensions(
        extension(AKI, der.tlv(der.SEQUENCE, der.tlv(0x82, b"7")))
    ),
}


@pytest.mark.parametrize("what", UNNAMED)
def test_many_roots_that_nothing_tells_apart_are_refused(what):
    bare = altered(LEAF, CA_KEY, {7: UNNAMED[what]})
    roots = [altered(CA, ROOT_KEY, {1: der.integer(n)}) for n in range(1, 6)]
    with pytest.raises(VerificationError, match="too many roots of one name"):
        sm2.find_path(bare, [], roots, AT)


def test_the_first_and_the_last_second_count():
    end = START + 1000 * DAY
    for at in (START, end, end + timedelta(microseconds=999_999)):
        sm2.find_path(LEAF, [CA], [ROOT], at)
    for at in (START - timedelta(microseconds=1), end + timedelta(seconds=1)):
        with pytest.raises(VerificationError):
            sm2.find_path(LEAF, [CA], [ROOT], at)


def chain_of(ca=(), leaf=(), root=(), days=((0, 1000),) * 3):
    """Return leaf, intermediates and roots whose extensions are as given."""
    top = certificate("R", ROOT_KEY, root or ca_extensions(1), ("R", ROOT_KEY), days[2])
    middle = certificate("C", CA_KEY, ca or ca_extensions(0), ("R", ROOT_KEY), days[1])
    return (
        certificate("L", LEAF_KEY, leaf or leaf_extensions(), ("C", CA_KEY), days[0]),
        [middle],
        [top],
    )


def usage(**named):
    every = "digital_signature content_commitment key_encipherment data_encipherment"
    every += " key_agreement key_cert_sign crl_sign encipher_only decipher_only"
    return (x509.KeyUsage(**(dict.fromkeys(every.split(), False) | named)), True)


IS_CA = (x509.BasicConstraints(ca=True, path_length=None), True)
NO_CA = (x509.BasicConstraints(ca=False, path_length=None), True)
CONSTRAINED = x509.NameConstraints([x509.DNSName("example.org")], None)
LOWER_KEY = Sm2Signer.generate()


def two_cas(upper_limit):
    middle = certificate("C", CA_KEY, ca_extensions(upper_limit), ("R", ROOT_KEY))
    lower = certificate("D", LOWER_KEY, ca_extensions(0), ("C", CA_KEY))
    top = certificate(
        "R", ROOT_KEY, (IS_CA, usage(key_cert_sign=True)), ("R", ROOT_KEY)
    )
    leaf = certificate("L", LEAF_KEY, leaf_extensions(), ("D", LOWER_KEY))
    return leaf, [middle, lower], [top]


WRONG_PATHS = {
    "no root": (LEAF, [CA], []),
    "no intermediate": (LEAF, [], [ROOT]),
    "four intermediates": (LEAF, [CA] * 4, [ROOT]),
    "another root of the same name": (
        LEAF,
        [CA],
        [issue(draft("TEST Root", LOWER_KEY, ca_extensions(1)), LOWER_KEY)],
    ),
    "five roots of one name": (
        LEAF,
        [CA],
        [ROOT]
        + [
            issue(draft("TEST Root", ROOT_KEY, ca_extensions(1)), ROOT_KEY)
            for _ in range(4)
        ],
    ),
    "another CA of the same name": (
        LEAF,
        [certificate("TEST CA", LOWER_KEY, ca_extensions(0), ("TEST Root", ROOT_KEY))],
        [ROOT],
    ),
    "the root seals": (ROOT, [], [ROOT]),
    "the CA seals": (CA, [], [ROOT]),
    "a CA certificate of the leaf's key": (  # the key has two uses
        LEAF,
        [CA, certificate("X", LEAF_KEY, ca_extensions(0), ("TEST Root", ROOT_KEY))],
        [ROOT],
    ),
    "the leaf is a CA": chain_of(leaf=(IS_CA, usage(digital_signature=True))),
    "the leaf's keyUsage is missing": chain_of(leaf=(NO_CA,)),
    "the leaf's keyUsage is for encryption": chain_of(
        leaf=(NO_CA, usage(key_encipherment=True))
    ),
    "the leaf has a critical extension that nobody knows": chain_of(
        leaf=(
            *leaf_extensions(),
            (
                x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"),
                True,
            ),
        )
    ),
    "the CA is none": chain_of(ca=(NO_CA, usage(key_cert_sign=True))),
    "the CA has no basicConstraints": chain_of(ca=(usage(key_cert_sign=True),)),
    "the CA's keyUsage is missing": chain_of(ca=(IS_CA,)),
    "the CA's keyUsage is for signatures": chain_of(
        ca=(IS_CA, usage(digital_signature=True))
    ),
    "the CA has critical name constraints": chain_of(
        ca=(*ca_extensions(0), (CONSTRAINED, True))
    ),
    "the root is no CA": chain_of(root=(NO_CA, usage(key_cert_sign=True))),
    "the root's keyUsage is for signatures": chain_of(
        root=(IS_CA, usage(digital_signature=True))
    ),
    "the root allows no CA below it": chain_of(root=ca_extensions(0)),
    "the upper CA allows no CA below it": two_cas(0),
    "the leaf is not yet in its period": chain_of(days=((30, 99), (0, 999), (0, 999))),
    "the leaf is past its period": chain_of(days=((0, 10), (0, 999), (0, 999))),
    "the CA is past its period": chain_of(days=((0, 999), (0, 10), (0, 999))),
    "the root is past its period": chain_of(days=((0, 999), (0, 999), (0, 10))),
}


@pytest.mark.parametrize("reason", WRONG_PATHS)
def test_a_path_that_does_not_hold(reason):
    with pytest.raises(VerificationError):
        sm2.find_path(*WRONG_PATHS[reason], AT)


def test_the_paths_around_the_wrong_ones_hold():
    sm2.find_path(*chain_of(), AT)
    assert len(sm2.find_path(*two_cas(1), AT).certificates) == 4
    sm2.find_path(*chain_of(root=(IS_CA, usage(digital_signature=True))), AT, sm2.FIELD)
    with pytest.raises(VerificationError):
        sm2.find_path(*chain_of(root=(NO_CA, usage())), AT, sm2.FIELD)
    with pytest.raises(VerificationError):
        sm2.find_path(
            *chain_of(ca=(IS_CA, usage(digital_signature=True))), AT, sm2.FIELD
        )


def test_a_naive_instant_is_misuse():
    with pytest.raises(ValueError, match="aware"):
        sm2.find_path(LEAF, [CA], [ROOT], AT.replace(tzinfo=None))


def test_a_rule_of_the_callers_own_is_asked():
    def refuse(certificate):
        raise VerificationError(f"not {certificate.serial}")

    with pytest.raises(VerificationError) as caught:
        sm2.find_path(LEAF, [CA], [ROOT], AT, sm2.Rules(leaf=refuse))
    assert str(caught.value.__cause__) == f"not {sm2.read_certificate(LEAF).serial}"


POLICY = x509.ObjectIdentifier("2.25.233432607199052192209687157924740801158")


def policies(oid):
    return (x509.CertificatePolicies([x509.PolicyInformation(oid, None)]), False)


LOOSE_USAGE = (leaf_extensions()[1][0], False)
NOT_OUR_SEALS = {
    "no policy": leaf_extensions(),
    "another policy": (*leaf_extensions(), policies(x509.ObjectIdentifier("1.2.3"))),
    "no basicConstraints": (leaf_extensions()[1], policies(POLICY)),
    "keyUsage that is not critical": (NO_CA, LOOSE_USAGE, policies(POLICY)),
    "no keyUsage": (NO_CA, policies(POLICY)),
    "one usage too many": (
        NO_CA,
        usage(digital_signature=True, content_commitment=True, key_agreement=True),
        policies(POLICY),
    ),
    "one usage too few": (NO_CA, usage(digital_signature=True), policies(POLICY)),
    "a CA": (IS_CA, leaf_extensions()[1], policies(POLICY)),
}


@pytest.mark.parametrize("reason", NOT_OUR_SEALS)
def test_a_seal_of_ours_says_exactly_what_it_is_for(reason):
    rules = sm2.Rules(leaf=sm2.seals_under(oids.element(POLICY.dotted_string)))
    good = chain_of(leaf=(*leaf_extensions(), policies(POLICY)))
    assert len(sm2.find_path(*good, AT, rules).certificates) == 3
    with pytest.raises(VerificationError):
        sm2.find_path(*chain_of(leaf=NOT_OUR_SEALS[reason]), AT, rules)


EXPLICIT_FALSE = b"\x01\x01\x00"
SEEN_IN_THE_FIELD = {
    "NULL as parameters of the algorithm": {2: SIGNATURE_ALGORITHMS[1]},
    "a default that is spelled out": {
        7: extensions(
            extension(oids.BASIC_CONSTRAINTS, bytes.fromhex("3003010100")),
            extension(oids.KEY_USAGE, bytes.fromhex("030206c0"), EXPLICIT_FALSE),
        )
    },
    "a critical extendedKeyUsage for mail and servers": {
        7: extensions(
            extension(oids.KEY_USAGE, bytes.fromhex("030203f8"), der.TRUE),
            extension(
                oids.EXTENDED_KEY_USAGE,
                x509.ExtendedKeyUsage(
                    [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]
                ).public_bytes(),
                der.TRUE,
            ),
        )
    },
    "keyUsage 0xF0": {
        7: extensions(extension(oids.KEY_USAGE, bytes.fromhex("030204f0")))
    },
    "GeneralizedTime before 2050": {
        4: der.tlv(
            der.SEQUENCE,
            der.tlv(der.TIME, b"20261101000000Z"),
            der.tlv(der.TIME, b"20281101000000Z"),
        )
    },
    "a name in BMPString": {
        5: der.tlv(
            der.SEQUENCE,
            der.tlv(
                der.SET,
                der.tlv(
                    der.SEQUENCE,
                    oids.COMMON_NAME,
                    der.tlv(0x1E, "测试".encode("utf-16-be")),
                ),
            ),
        )
    },
    "a unique identifier of the subject": {
        6: LEAF_KEY.spki + der.tlv(0x82, b"\x00\x01")
    },
}


@pytest.mark.parametrize("habit", SEEN_IN_THE_FIELD)
def test_a_habit_of_the_field_is_read_and_makes_a_path(habit):
    data = altered(LEAF, CA_KEY, SEEN_IN_THE_FIELD[habit])
    assert data != LEAF
    assert sm2.find_path(data, [CA], [ROOT], AT).certificates[0] == data
    assert sm2.read_certificate(data).der == data


def test_a_name_in_bmp_string_is_read():
    data = altered(LEAF, CA_KEY, SEEN_IN_THE_FIELD["a name in BMPString"])
    assert sm2.read_certificate(data).attribute(oids.COMMON_NAME) == "测试"


def test_a_certificate_without_extensions_is_read_and_signs_nothing():
    for rest in (b"", der.tlv(0x81, b"\x00\x01")):
        data = altered(LEAF, CA_KEY, {7: rest})
        read = sm2.read_certificate(data)
        assert (read.extensions, read.key_usage, read.is_authority) == ({}, None, False)
        with pytest.raises(VerificationError):
            sm2.find_path(data, [CA], [ROOT], AT)


def attribute(kind, value):
    pair = der.tlv(der.SEQUENCE, kind, value)
    return der.tlv(der.SET, pair)


def subject(*attributes):
    return {5: der.tlv(der.SEQUENCE, *attributes)}


WRONG_SUBJECTS = {
    "an attribute that is no text": subject(
        attribute(oids.COMMON_NAME, der.integer(5))
    ),
    "an attribute twice": subject(*[attribute(oids.COMMON_NAME, b"\x0c\x01a")] * 2),
    "UTF-8 that is none": subject(attribute(oids.COMMON_NAME, b"\x0c\x01\xff")),
    "BMPString of an odd length": subject(attribute(oids.COMMON_NAME, b"\x1e\x01a")),
}


@pytest.mark.parametrize("reason", WRONG_SUBJECTS)
def test_a_subject_attribute_that_cannot_be_read(reason):
    data = altered(LEAF, CA_KEY, WRONG_SUBJECTS[reason])
    read = sm2.read_certificate(data)
    assert read.attribute(oids.ORGANIZATION_NAME) == ""
    with pytest.raises(MalformedError):
        read.attribute(oids.COMMON_NAME)


def usage_bits(octets):
    return {7: extensions(extension(oids.KEY_USAGE, octets))}


def constraints(*parts):
    value = der.tlv(der.SEQUENCE, *parts)
    return {7: extensions(extension(oids.BASIC_CONSTRAINTS, value))}


RSA = der.tlv(der.SEQUENCE, oids.element("1.2.840.113549.1.1.11"), der.NULL)
ANY = extension(oids.element("1.2.3"), b"")
WRONG_CERTIFICATES = {
    "version 1": {0: der.tlv(der.CONTEXT_0, der.integer(0))},
    "another signature algorithm": {2: RSA},
    "a negative serial number": {1: b"\x02\x01\x81"},
    "a serial number of 21 bytes": {1: der.integer(1 << 160)},
    "one time only": {4: der.tlv(der.SEQUENCE, times.write_time(START))},
    "a day that does not exist": {
        4: der.tlv(der.SEQUENCE, *[der.tlv(0x17, b"260230000000Z")] * 2)
    },
    "a time with an offset": {
        4: der.tlv(der.SEQUENCE, *[der.tlv(0x17, b"260201000000+0800")] * 2)
    },
    "a time that is an octet string": {
        4: der.tlv(der.SEQUENCE, *[der.tlv(4, b"260201000000Z")] * 2)
    },
    "a name that is no sequence": {3: der.tlv(der.SET)},
    "a key on another curve": {
        6: der.tlv(
            der.SEQUENCE,
            der.tlv(
                der.SEQUENCE, oids.EC_PUBLIC_KEY, oids.element("1.2.840.10045.3.1.7")
            ),
            der.tlv(der.BITS, b"\0", LEAF_KEY.point),
        )
    },
    "no bit of keyUsage": usage_bits(der.tlv(der.BITS)),
    "keyUsage with a bit in its padding": usage_bits(der.tlv(der.BITS, b"\x06\xe0")),
    "keyUsage with eight unused bits": usage_bits(der.tlv(der.BITS, b"\x08\x00")),
    "keyUsage that is shorter than its padding": usage_bits(der.tlv(der.BITS, b"\x05")),
    "keyUsage with a tenth bit": usage_bits(der.tlv(der.BITS, b"\x06\x00\x40")),
    "a path length without CA": constraints(der.integer(1)),
    "a negative path length": constraints(der.TRUE, b"\x02\x01\x80"),
    "a BOOLEAN that is neither": constraints(b"\x01\x01\x01"),
    "something that is no path length": constraints(der.TRUE, der.NULL),
    "something that is no constraint": constraints(der.NULL, der.NULL),
    "an extension twice": {7: extensions(ANY, ANY)},
    "no extension in the list": {7: extensions()},
    "33 extensions": {
        7: extensions(*[extension(oids.element(f"1.2.{at}"), b"") for at in range(33)])
    },
    "a foreign element at the end": {7: der.tlv(0xA4)},
    "two lists of extensions": {7: extensions(ANY) * 2},
}


@pytest.mark.parametrize("reason", WRONG_CERTIFICATES)
def test_a_certificate_that_cannot_be_read(reason):
    data = altered(LEAF, CA_KEY, WRONG_CERTIFICATES[reason])
    with pytest.raises(MalformedError):
        sm2.read_certificate(data)
    with pytest.raises(MalformedError):
        sm2.find_path(data, [CA], [ROOT], AT)


def test_the_two_names_of_the_algorithm_must_be_one():
    tbs, _, value = der.children(LEAF, der.SEQUENCE, 3, 3)
    mixed = der.tlv(der.SEQUENCE, tbs, SIGNATURE_ALGORITHMS[1], value)
    with pytest.raises(MalformedError, match="SM2"):
        sm2.read_certificate(mixed)


def test_a_certificate_of_nine_kilobytes_is_refused_unread():
    with pytest.raises(MalformedError, match="8192"):
        sm2.read_certificate(LEAF + bytes(8192))


@given(st.binary(max_size=400))
def test_any_bytes_are_no_certificate(data):
    with pytest.raises(MalformedError):
        sm2.read_certificate(data)


@settings(max_examples=300)
@given(st.data())
def test_a_mutated_certificate_is_read_or_malformed(data):
    edited = bytearray(LEAF)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(edited) - 1))
        edited[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=3)
        )
    try:
        read = sm2.read_certificate(bytes(edited))
    except MalformedError:
        return
    assert read.der == bytes(edited)
    for use in (lambda: read.attribute(oids.COMMON_NAME), lambda: read.policies):
        try:
            use()
        except MalformedError:
            assert bytes(edited) != LEAF


WRONG_ORDERS = {
    "another key than the issuer's": (draft("a", LEAF_KEY, ()), LEAF_KEY, CA),
    "an issuer that is no CA": (draft("a", LEAF_KEY, ()), LEAF_KEY, LEAF),
    "a root that another key signs": (draft("a", LEAF_KEY, ()), CA_KEY, None),
    "a period that begins too early": (draft("a", LEAF_KEY, (), (-1, 9)), CA_KEY, CA),
    "a period that ends too late": (draft("a", LEAF_KEY, (), (0, 1001)), CA_KEY, CA),
    "an empty period": (draft("a", LEAF_KEY, (), (5, 5)), CA_KEY, CA),
    "a fraction of a second": (
        Draft(name("a"), LEAF_KEY.point, (AT, AT + DAY)),
        CA_KEY,
        CA,
    ),
    "a naive instant": (
        Draft(name("a"), LEAF_KEY.point, (datetime(2026, 1, 1), datetime(2027, 1, 1))),  # noqa: DTZ001  naive is what is tested
        LEAF_KEY,
        None,
    ),
}


@pytest.mark.parametrize("reason", WRONG_ORDERS)
def test_a_certificate_that_is_not_made(reason):
    with pytest.raises(ValueError, match=r"\w"):
        issue(*WRONG_ORDERS[reason])


def test_instants_are_written_as_the_library_writes_them():
    east = timezone(timedelta(hours=8))
    for at in (
        datetime(1950, 1, 1, tzinfo=UTC),
        datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2050, 1, 1, tzinfo=UTC),
        datetime(2050, 1, 1, 7, tzinfo=east),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ):
        assert times.read_time(times.write_time(at)) == at
    assert times.write_time(datetime(2050, 1, 1, 7, tzinfo=east))[0] == 0x17
    assert times.write_time(datetime(2050, 1, 1, tzinfo=UTC))[0] == der.TIME
    with pytest.raises(ValueError, match="1950"):
        times.write_time(datetime(1949, 12, 31, tzinfo=UTC))


@given(st.binary(max_size=20))
def test_any_bytes_as_a_time_are_an_instant_or_malformed(data):
    for element in (data, der.tlv(0x17, data), der.tlv(der.TIME, data)):
        with pytest.raises(MalformedError):
            times.read_time(element)


def field(file):
    data = vectors(f"ses/certs/{file}").read_bytes()
    if file.endswith(".pem"):
        return base64.b64decode(b"".join(data.splitlines()[1:-1]))
    return data


FIELD_LEAVES = (
    "ofdrw-test-sealmaker.der",
    "ofdrw-test-signer.der",
    "ofdrw-sign_cert.pem",
)


@pytest.mark.parametrize("file", FIELD_LEAVES)
def test_a_certificate_of_the_field_holds_in_its_period_only(file):
    leaf, root = field(file), field("ofdrw-test-root.der")
    sm2.verify_issued(leaf, sm2.certificate_point(root))
    read = sm2.read_certificate(leaf)
    signs_documents(read)
    assert read.attribute(oids.COMMON_NAME) == "Test Certificate"
    path = sm2.find_path(leaf, [], [root], read.not_after, sm2.FIELD)
    assert path.certificates == (leaf, root)
    with pytest.raises(VerificationError):
        sm2.find_path(leaf, [], [root], AT, sm2.FIELD)
    with pytest.raises(VerificationError):  # its root's keyUsage lacks keyCertSign
        sm2.find_path(leaf, [], [root], read.not_after)


def pem(data):
    text = base64.encodebytes(data)
    return b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"


DISTID = "-vfyopt distid:1234567812345678"


def test_openssl_accepts_the_path(tmp_path):
    openssl = OpenSSL(tmp_path)
    for file, data in {"root": ROOT, "ca": CA, "leaf": LEAF}.items():
        openssl.write(f"{file}.pem", pem(data))
    moment = int(AT.timestamp())
    for trusted, file in (("root", "root"), ("root", "ca"), ("ca", "leaf")):
        # It takes the identity for one certificate at a time.
        words = (
            f"-x509_strict -partial_chain {DISTID} -trusted {trusted}.pem {file}.pem"
        )
        done = openssl(f"verify -attime {moment} {words}")
        assert done.stdout.decode() == f"{file}.pem: OK\n", done.stderr
        assert openssl(f"verify -attime 1900000000 {words}").returncode != 0
    text = openssl("x509 -in leaf.pem -noout -text").stdout
    assert b"Digital Signature, Non Repudiation" in text
    assert b"SM2-with-SM3" in text


def test_what_openssl_issues_is_accepted_here(tmp_path):
    openssl = OpenSSL(tmp_path)
    openssl.write(
        "leaf.cnf",
        b"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n",
    )
    sign = "-sm3 -sigopt distid:1234567812345678"
    for who in ("root", "leaf"):
        openssl(f"genpkey -algorithm SM2 -out {who}.key")
    openssl(
        f"req -x509 -new -key root.key {sign} -days 30 -subj /CN=root -outform PEM"
        " -out root.pem -addext keyUsage=critical,keyCertSign"
    )
    openssl(f"req -new -key leaf.key {sign} -subj /CN=leaf -out leaf.csr")
    done = openssl(
        f"x509 -req -in leaf.csr {DISTID} -CA root.pem -CAkey root.key {sign} -days 9"
        " -set_serial 7 -extfile leaf.cnf -out leaf.pem"
    )
    assert done.returncode == 0, done.stderr
    for who in ("root", "leaf"):
        openssl(f"x509 -in {who}.pem -outform DER -out {who}.der")
    leaf, root = openssl.read("leaf.der"), openssl.read("root.der")
    read = sm2.read_certificate(leaf)
    assert read.serial == 7
    path = sm2.find_path(leaf, [], [root], read.not_before)
    assert path.certificates == (leaf, root)
