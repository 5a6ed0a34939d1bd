"""Timestamps: made by real and by own services, and one wrong thing at a time."""

import hashlib
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import algos, core, parser, tsp
from asn1crypto import cms as asn1_cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext

from esign import clock, timestamps
from esign.errors import (
    ESignError,
    MalformedError,
    UnavailableError,
    VerificationError,
)
from esign.pades.pyhanko_seal import run
from tests.esign.timestamp_service import (
    AT,
    CA,
    END_ENTITY,
    FROM,
    LEAF,
    SIGNS,
    STAMPS,
    UNTIL,
    Chain,
    OwnAuthority,
    TimestampService,
    issued,
    pem,
    usage,
)
from tests.support import require_tool

DIGEST = hashlib.sha256("证照".encode()).digest()
OTHER_DIGEST = hashlib.sha256(b"").digest()
NONCE = (1 << 64) - 1
SECOND = timedelta(seconds=1)
OWN = OwnAuthority()
TOKEN = OWN.stamp(DIGEST)


def with_chain(chain=OWN.chain, **knobs):
    return OwnAuthority(chain, **knobs)


def check(token, certificates=OWN.certificates, digest=DIGEST):
    return timestamps.verify(token, digest, certificates)


# Real services, and what others say of the same bytes.


@pytest.fixture(scope="module", params=["P-256", "P-384", "RSA-2048"])
def service(request):
    with TimestampService(request.param) as running:
        yield running


@pytest.mark.parametrize("certificate_hash", ["sha1", "sha256"])
def test_openssl_stamps_over_http_and_three_verifiers_agree(
    service, certificate_hash, tmp_path
):
    service.at, service.certificate_hash = None, certificate_hash
    before = clock.now()
    token = timestamps.obtain(DIGEST, NONCE, service.transport, service.certificates)
    stamp = check(token, service.certificates)
    assert before <= stamp.at <= clock.now()
    assert stamp.accuracy == timedelta(seconds=1, milliseconds=500, microseconds=100)
    assert stamp.latest == stamp.at + stamp.accuracy
    assert (stamp.digest, stamp.certificate) == (DIGEST, service.certificates[0])
    leaf, *between = service.certificates
    timestamps.verify_path(leaf, between, (service.root,), stamp.at)
    assert openssl_says(service, token, DIGEST, tmp_path).returncode == 0
    assert openssl_says(service, token, OTHER_DIGEST, tmp_path).returncode == 1
    assert pyhanko_says(service, token, DIGEST) == (True, True, True, stamp.at)
    assert pyhanko_says(service, token, OTHER_DIGEST)[0] is False


def openssl_says(service, token, digest, folder):
    (folder / "token").write_bytes(token)
    (folder / "root.pem").write_bytes(pem(service.root))
    (folder / "ca.pem").write_bytes(pem(service.chain.ca))
    arguments = (
        f"-token_in -in token -digest {digest.hex()} -CAfile root.pem -untrusted ca.pem"
    )
    return subprocess.run(
        [require_tool("openssl", "openssl"), "ts", "-verify", *arguments.split()],
        cwd=folder,
        check=False,
        capture_output=True,
        timeout=60,
    )


def pyhanko_says(service, token, digest):
    signed = asn1_cms.ContentInfo.load(token)["content"]
    root = asn1_x509.Certificate.load(service.root)
    context = ValidationContext(trust_roots=[root], allow_fetching=False)
    found = run(validate_tst_signed_data(signed, context, lambda _: digest))
    trusted = found["trust_problem_indic"] is None
    return found["intact"], found["valid"], trusted, found["timestamp"]


def test_openssl_reads_the_request(tmp_path):
    (tmp_path / "query").write_bytes(timestamps.request(DIGEST, NONCE))
    done = subprocess.run(
        [require_tool("openssl", "openssl"), "ts", "-query", "-in", "query", "-text"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    lines = done.stdout.splitlines()
    assert "Hash Algorithm: sha256" in lines
    assert "Nonce: 0xFFFFFFFFFFFFFFFF" in lines
    assert "Certificate required: yes" in lines
    asked = tsp.TimeStampReq.load(timestamps.request(DIGEST, 0), strict=True)
    assert asked["message_imprint"]["hashed_message"].native == DIGEST
    assert asked["nonce"].native == 0


def test_what_openssl_refuses_is_refused_by_its_reason(service):
    service.at = None
    answer = service.transport(b"\x30\x00")
    with pytest.raises(
        VerificationError, match=r"refused: rejection \(badDataFormat\)"
    ):
        timestamps.open_response(answer, DIGEST, NONCE)


def test_a_service_states_the_time_of_its_knob(service):
    service.at = AT
    token = timestamps.obtain(DIGEST, NONCE, service.transport, service.certificates)
    assert check(token, service.certificates).at == AT


def test_a_stopped_service_is_unavailable():
    with TimestampService() as running:
        pass
    with pytest.raises(UnavailableError) as caught:
        timestamps.obtain(DIGEST, NONCE, running.transport, running.certificates)
    assert isinstance(caught.value.__cause__, OSError)


# What counts as the instant.


@pytest.mark.parametrize("with_sha1", [False, True], ids=["SHA-256", "SHA-1"])
@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512"])
def test_every_hash_of_the_table_verifies(hash_name, with_sha1):
    token = with_chain(hash_name=hash_name, with_sha1=with_sha1).stamp(DIGEST)
    assert check(token).latest == AT + SECOND
    facts = timestamps.read(token)
    assert facts.unverified_at == AT
    assert facts.unverified_digest == DIGEST
    assert facts.unverified_nonce is None
    name = hashlib.sha256(OWN.certificates[0]).digest()
    assert facts.unverified_certificate_sha256 == (None if with_sha1 else name)


ACCURACIES = {
    "none counts as a minute": (None, timestamps.UNSTATED_ACCURACY),
    "all three": (
        {"seconds": 2, "millis": 999, "micros": 1},
        timedelta(seconds=2, milliseconds=999, microseconds=1),
    ),
    "micros alone": ({"micros": 7}, timedelta(microseconds=7)),
    "a day": ({"seconds": 86_400}, timedelta(days=1)),
}


@pytest.mark.parametrize("name", ACCURACIES)
def test_the_latest_instant_adds_the_accuracy(name):
    stated, counts = ACCURACIES[name]
    stamp = check(with_chain(accuracy=stated).stamp(DIGEST))
    assert (stamp.at, stamp.accuracy) == (AT, counts)
    assert stamp.latest == AT + counts


def test_the_fields_in_their_order_are_read():
    assert check(with_fields(lambda f: [*f, b"\x02\x01\x05"])).at == AT


def test_an_accuracy_without_parts_is_zero():
    empty = tsp.Accuracy.load(b"\x30\x00")
    assert check(with_info(accuracy=empty)).accuracy == timedelta(0)


def stating(text):
    """Return a service whose genTime is spelled ``text``."""

    def edit(info):
        info["gen_time"] = core.GeneralizedTime(contents=text.encode())
        return info

    return with_chain(info=edit)


def test_a_fraction_counts_as_the_later_second():
    stamp = check(stating("20261121075959.000000001Z").stamp(DIGEST))
    assert stamp.at == AT
    assert check(stating("20261121080000Z").stamp(DIGEST)).at == AT


WRONG_TIMES = {
    "no Z": "20261121080000",
    "an offset": "20261121160000+0800",
    "no seconds": "202611210800Z",
    "a fraction of zero": "20261121080000.0Z",
    "a fraction that ends in zero": "20261121080000.10Z",
    "a comma": "20261121080000,1Z",
    "no such day": "20260230080000Z",
    "a leap second": "20261121080060Z",
    "the year zero": "00001121080000Z",
    "the last second of time": "99991231235959Z",
    "a space": "2026112108000 Z",
    "a line feed": "20261121080000Z\n",
    "digits of another script": "2026112108000٥Z",
}


@pytest.mark.parametrize("name", WRONG_TIMES)
def test_another_spelling_of_the_time_is_malformed(name):
    with pytest.raises(MalformedError):
        timestamps.read(stating(WRONG_TIMES[name]).stamp(DIGEST))


def with_info(**changes):
    def edit(info):
        for key, value in changes.items():
            info[key] = value
        return info

    return with_chain(info=edit).stamp(DIGEST)


def with_fields(edit):
    """A token over a TSTInfo whose list of fields, DER each, is edited."""

    def change(info):
        fields = [info[key].dump() for key in info if info[key].contents]
        return core.load(parser.emit(0, 1, 16, b"".join(edit(fields))))

    return with_chain(info=change).stamp(DIGEST)


def critical_extension():
    def edit(info):
        extension = {"extn_id": "2.25.1", "critical": True, "extn_value": b"\x05\x00"}
        info["extensions"] = [extension]
        return info

    return with_chain(info=edit).stamp(DIGEST)


def test_what_a_service_may_add_does_not_matter():
    def edit(info):
        info["ordering"] = True
        info["nonce"] = 5
        info["tsa"] = asn1_x509.GeneralName(
            "directory_name",
            asn1_x509.Certificate.load(OWN.certificates[0]).subject,
        )
        info["extensions"] = [{"extn_id": "2.25.1", "extn_value": b"\x05\x00"}]
        return info

    assert check(with_chain(info=edit).stamp(DIGEST)).at == AT


def imprint(algorithm, digest):
    return tsp.MessageImprint(
        {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": digest}
    )


WRONG_INFOS = {
    "another version": lambda: with_info(version="v2"),
    "an imprint by SHA-512": lambda: with_info(
        message_imprint=imprint("sha512", hashlib.sha512(b"").digest())
    ),
    "an imprint of 32 bytes by SHA-512": lambda: with_info(
        message_imprint=imprint("sha512", DIGEST)
    ),
    "an imprint of 31 bytes": lambda: with_info(
        message_imprint=imprint("sha256", DIGEST[:31])
    ),
    "no policy": lambda: with_fields(lambda f: [f[0], b"\x05\x00", *f[2:]]),
    "no serial": lambda: with_fields(lambda f: f[:3] + f[4:]),
    "a nonce before the accuracy": lambda: with_fields(
        lambda f: [*f[:5], b"\x02\x01\x05", f[5]]
    ),
    "two accuracies": lambda: with_fields(lambda f: [*f, f[5]]),
    "a field of a later version": lambda: with_fields(lambda f: [*f, b"\x05\x00"]),
    "a negative serial": lambda: with_info(serial_number=-1),
    "a serial that is not minimal": lambda: with_info(
        serial_number=core.Integer(contents=b"\x00\x01")
    ),
    "an empty serial": lambda: with_info(serial_number=core.Integer(contents=b"")),
    "a serial of 161 bits": lambda: with_info(serial_number=1 << 160),
    "a critical extension": critical_extension,
    "an accuracy of more than a day": lambda: with_chain(
        accuracy={"seconds": 86_401}
    ).stamp(DIGEST),
    "an accuracy of 1000 milliseconds": lambda: with_chain(
        accuracy={"millis": 1000}
    ).stamp(DIGEST),
    "an accuracy of zero milliseconds": lambda: with_chain(
        accuracy={"millis": 0}
    ).stamp(DIGEST),
    "a negative accuracy": lambda: with_chain(accuracy={"seconds": -1}).stamp(DIGEST),
}


@pytest.mark.parametrize("name", WRONG_INFOS)
def test_a_statement_outside_the_profile_is_malformed(name):
    token = WRONG_INFOS[name]()
    for call in (timestamps.read, check):
        with pytest.raises(MalformedError):
            call(token)


# Tokens that are somebody's, and not what they claim.


def edited_time():
    assert TOKEN.count(b"20261121080000Z") == 1
    return TOKEN.replace(b"20261121080000Z", b"20251121080000Z")


def edited_time_and_digest():
    """The time is edited, and the signed digest with it; only the signature is not."""
    content = asn1_cms.ContentInfo.load(TOKEN)["content"]["encap_content_info"]
    old = content["content"].contents
    new = old.replace(b"20261121080000Z", b"20251121080000Z")
    replaced = TOKEN.replace(old, new)
    return replaced.replace(hashlib.sha256(old).digest(), hashlib.sha256(new).digest())


def namesake(**leaf):
    """Another service with the same names, and another key."""
    return OwnAuthority(Chain(**leaf))


def namesake_with_the_serial():
    chain = Chain()
    serial = x509.load_der_x509_certificate(OWN.chain.leaf).serial_number
    chain.leaf = issued(
        "TEST TSA", chain.key, "TEST TSA CA", chain.ca_key, LEAF, serial=serial
    )
    return OwnAuthority(chain, sent=()).stamp(DIGEST)


def namesake_that_names_the_trusted_certificate():
    """The thief of nothing but the certificate: all names are right, not the key."""
    chain = Chain()
    chain.leaf, chain.ca = OWN.chain.leaf, OWN.chain.ca
    return OwnAuthority(chain).stamp(DIGEST)


def key_of_another_kind():
    chain = Chain("RSA-2048")
    chain.leaf, chain.ca = OWN.chain.leaf, OWN.chain.ca
    return OwnAuthority(chain).stamp(DIGEST)


def named_by(**fields):
    """A token whose signing-certificate-v2 has other fields, correctly signed."""

    def edit(attributes):
        value = {"cert_hash": hashlib.sha256(OWN.chain.leaf).digest()} | fields
        attributes[2]["values"] = [{"certs": [value]}]
        return attributes

    return with_chain(attributes=edit).stamp(DIGEST)


def issuer_serial(serial):
    issuer = asn1_x509.Certificate.load(OWN.chain.leaf).issuer
    return {
        "issuer": [asn1_x509.GeneralName("directory_name", issuer)],
        "serial_number": serial,
    }


def named_as(content):
    """A token whose ESSCertIDv2 has the bytes ``content`` inside, correctly signed."""

    def edit(attributes):
        value = content
        for _ in range(3):
            value = parser.emit(0, 1, 16, value)
        oid = attributes[2]["type"].dump()
        raw = parser.emit(0, 1, 16, oid + parser.emit(0, 1, 17, value))
        attributes[2] = asn1_cms.CMSAttribute.load(raw)
        return attributes

    return with_chain(attributes=edit).stamp(DIGEST)


def contradicting_names():
    def edit(attributes):
        value = {"certs": [{"cert_hash": bytes(20)}]}
        one = asn1_cms.CMSAttribute({"type": "signing_certificate", "values": [value]})
        return [*attributes, one]

    return with_chain(attributes=edit).stamp(DIGEST)


def wrong_message_digest():
    def edit(attributes):
        attributes[1]["values"] = [OTHER_DIGEST]
        return attributes

    return with_chain(attributes=edit).stamp(DIGEST)


UNTRUE = {
    "of another digest": lambda: OWN.stamp(OTHER_DIGEST),
    "an edited genTime": edited_time,
    "an edited genTime, with its digest": edited_time_and_digest,
    "another service of the same name": lambda: namesake().stamp(DIGEST),
    "another service of the same name and serial": namesake_with_the_serial,
    "the trusted certificate, another key": namesake_that_names_the_trusted_certificate,
    "a key of another kind": key_of_another_kind,
    "a certificate along that is not listed": lambda: with_chain(
        sent=(*OWN.certificates, OWN.root)
    ).stamp(DIGEST),
    "names another certificate": lambda: named_by(cert_hash=OTHER_DIGEST),
    "names another serial": lambda: named_by(issuer_serial=issuer_serial(1)),
    "names two certificates": contradicting_names,
    "a signed digest of something else": wrong_message_digest,
    "before its certificate": lambda: with_chain(at=FROM - SECOND).stamp(DIGEST),
    "after its certificate": lambda: with_chain(at=UNTIL + SECOND).stamp(DIGEST),
}


@pytest.mark.parametrize("name", UNTRUE)
def test_a_token_that_is_not_what_it_claims_does_not_verify(name):
    token = UNTRUE[name]()
    timestamps.read(token)
    with pytest.raises(VerificationError):
        check(token)


def test_names_with_issuer_and_serial_and_other_certificates_along_verify():
    serial = asn1_x509.Certificate.load(OWN.chain.leaf).serial_number
    assert check(named_by(issuer_serial=issuer_serial(serial))).at == AT
    assert check(with_chain(sent=()).stamp(DIGEST)).at == AT
    listed = (*OWN.certificates, OWN.root)
    assert check(with_chain(sent=listed).stamp(DIGEST), listed).at == AT


def test_a_name_by_another_hash_of_the_table_verifies():
    digest = hashlib.sha512(OWN.chain.leaf).digest()
    token = named_by(hash_algorithm={"algorithm": "sha512"}, cert_hash=digest)
    assert check(token).at == AT
    assert timestamps.read(token).unverified_certificate_sha256 is None


def test_the_instants_at_both_ends_of_the_certificate_count():
    for at in (FROM, UNTIL):
        assert check(with_chain(at=at).stamp(DIGEST)).at == at


def test_no_certificate_or_too_many_is_refused():
    most = timestamps.verifying.MAX_CHAIN
    assert check(TOKEN, (*OWN.certificates, *OWN.certificates[:1] * (most - 2))).at
    for listed in ((), OWN.certificates[:1] * (most + 1)):
        with pytest.raises(VerificationError, match="has 1 to 4 certificates"):
            check(TOKEN, listed)


def test_a_service_may_put_a_pinned_root_into_its_tokens_and_nothing_else():
    stranger = Chain().root
    token = with_chain(sent=(*OWN.certificates, OWN.root)).stamp(DIGEST)
    also = (stranger, OWN.root)
    assert timestamps.verify(token, DIGEST, OWN.certificates, also).at == AT
    for others in ((), (stranger,), (OWN.root[:-1],)):
        with pytest.raises(VerificationError, match="that is not listed"):
            timestamps.verify(token, DIGEST, OWN.certificates, others)
    # What comes along counts for nothing: the root does not become the signer.
    with pytest.raises(VerificationError, match="names another certificate"):
        timestamps.verify(token, DIGEST, (OWN.root,), OWN.certificates)


def test_a_service_that_sends_its_root_can_be_asked():
    service = with_chain(sent=(*OWN.certificates, OWN.root))
    asked = (DIGEST, NONCE, service.transport, OWN.certificates)
    token = timestamps.obtain(*asked, also=(OWN.root,))
    assert timestamps.read(token).unverified_digest == DIGEST
    with pytest.raises(VerificationError, match="that is not listed"):
        timestamps.obtain(*asked)


def test_a_token_with_the_longest_chain_and_its_root_is_read_and_no_longer_one():
    along = [Chain().ca for _ in range(3)]
    longest = with_chain(sent=(OWN.chain.leaf, *along, OWN.root)).stamp(DIGEST)
    found = timestamps.verify(longest, DIGEST, OWN.certificates, (*along, OWN.root))
    assert found.at == AT
    longer = with_chain(sent=(*OWN.certificates, *along, OWN.root)).stamp(DIGEST)
    with pytest.raises(MalformedError):
        timestamps.read(longer)


def test_the_leaf_stands_first():
    with pytest.raises(VerificationError):
        check(TOKEN, OWN.certificates[::-1])


def without_version(certificate):
    loaded = asn1_x509.Certificate.load(certificate)
    loaded["tbs_certificate"]["version"] = "v1"
    del loaded["tbs_certificate"]["extensions"]
    return loaded.dump(force=True)


def on_no_known_curve(certificate):
    """Return the certificate with a key on another curve than the library knows."""
    p256, none = bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d03017f")
    assert certificate.count(p256) == 1
    return certificate.replace(p256, none)


UNREADABLE = {
    "nothing": b"",
    "an empty sequence": b"\x30\x00",
    "too large": bytes(9000),
    "a certificate of version 1": without_version(OWN.chain.leaf),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_listed_certificate_that_cannot_be_read_is_malformed(name):
    with pytest.raises(MalformedError):
        check(TOKEN, (UNREADABLE[name],))


def with_usages(*usages):
    return x509.ExtendedKeyUsage(usages)


STAMPING, CLIENT = (
    ExtendedKeyUsageOID.TIME_STAMPING,
    ExtendedKeyUsageOID.CLIENT_AUTH,
)
WRONG_LEAVES = {
    "no extendedKeyUsage": (END_ENTITY, SIGNS),
    "an extendedKeyUsage that is not critical": (END_ENTITY, SIGNS, (STAMPS, False)),
    "another extendedKeyUsage": (END_ENTITY, SIGNS, (with_usages(CLIENT), True)),
    "one use more": (END_ENTITY, SIGNS, (with_usages(STAMPING, CLIENT), True)),
    "any use": (
        END_ENTITY,
        SIGNS,
        (with_usages(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE), True),
    ),
    "a CA": (*CA, (STAMPS, True)),
    "may sign certificates": (
        END_ENTITY,
        (usage(digital_signature=True, key_cert_sign=True), True),
        (STAMPS, True),
    ),
    "a CA that signs data": (CA[0], SIGNS, (STAMPS, True)),
    "no usage at all": (END_ENTITY, (usage(), True), (STAMPS, True)),
    "may not sign": (END_ENTITY, (usage(key_encipherment=True), True), (STAMPS, True)),
}


@pytest.mark.parametrize("name", WRONG_LEAVES)
def test_a_certificate_for_anything_else_does_not_stamp(name):
    wrong = namesake(leaf=WRONG_LEAVES[name])
    with pytest.raises(VerificationError):
        check(wrong.stamp(DIGEST), wrong.certificates)
    with pytest.raises(VerificationError):
        path(wrong.chain)


def test_a_key_outside_the_list_does_not_stamp():
    chain = Chain()
    chain.key = ec.generate_private_key(ec.SECP521R1())
    chain.leaf = issued("TEST TSA", chain.key, "TEST TSA CA", chain.ca_key, LEAF)
    with pytest.raises(VerificationError, match="neither P-256, P-384 nor RSA"):
        check(OwnAuthority(chain).stamp(DIGEST), chain.certificates)


# Bytes that are no token of the profile.


def rebuilt(edit):
    """Return the token with its SignedData edited, every length around it right."""
    content = asn1_cms.ContentInfo.load(TOKEN)
    edit(content["content"])
    return content.dump(force=True)


def without(index):
    def edit(attributes):
        return attributes[:index] + attributes[index + 1 :]

    return with_chain(attributes=edit).stamp(DIGEST)


def two_signers():
    def edit(signed):
        info = signed["signer_infos"][0]
        twin = asn1_cms.SignerInfo.load(info.dump())
        twin["signature"] = bytes(8)
        signed["signer_infos"] = [info, twin]

    return rebuilt(edit)


def unsigned_attribute():
    def edit(signed):
        attribute = {"type": "content_type", "values": ["data"]}
        signed["signer_infos"][0]["unsigned_attrs"] = [attribute]

    return rebuilt(edit)


def no_signed_attributes():
    def edit(signed):
        info = signed["signer_infos"][0]
        signed["signer_infos"] = [
            {key: info[key] for key in info if not key.endswith("_attrs")}
        ]

    return rebuilt(edit)


def field(name, value):
    def edit(signed):
        signed[name] = value

    return rebuilt(edit)


def signer_field(name, value):
    def edit(signed):
        signed["signer_infos"][0][name] = value

    return rebuilt(edit)


def twice(attributes):
    return [*attributes, attributes[1]]


def two_values(attributes):
    attributes[1]["values"] = [bytes(32), bytes(31)]
    return attributes


def content_type_data(attributes):
    attributes[0]["values"] = ["data"]
    return attributes


def indefinite_length():
    assert TOKEN[1] == 0x82
    return b"\x30\x80" + TOKEN[4:] + b"\x00\x00"


def long_length():
    return b"\x30\x83\x00" + TOKEN[2:]


# rsassa-pss with SHA-1, the default of its parameters (RFC 4055, section 3.1).
PSS = algos.SignedDigestAlgorithm.load(bytes.fromhex("300d06092a864886f70d01010a3000"))
NO_TOKENS = {
    "nothing": lambda: b"",
    "one byte": lambda: b"\x30",
    "a tag of several bytes inside": lambda: b"\x30\x04\x1f\x81\x01\x00",
    "a tag of several bytes": lambda: b"\x3f\x81" + TOKEN[1:],
    "a short length in the long form": lambda: b"\x30\x81\x05\x05\x00\x05\x00\x00",
    "an indefinite length": indefinite_length,
    "a length that is not minimal": long_length,
    "a byte behind it": lambda: TOKEN + b"\x00",
    "a byte missing": lambda: TOKEN[:-1],
    "too large": lambda: with_info(
        extensions=[{"extn_id": "2.25.1", "extn_value": bytes(65536)}]
    ),
    "a whole response": lambda: OWN.transport(timestamps.request(DIGEST, 1)),
    "not a SignedData": lambda: TOKEN.replace(
        bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d010703")
    ),
    "content of another type": lambda: TOKEN.replace(
        bytes.fromhex("2a864886f70d0109100104"), bytes.fromhex("2a864886f70d0109100105")
    ),
    "SignedData of version 1": lambda: field("version", "v1"),
    "SignerInfo of version 3": lambda: signer_field("version", "v3"),
    "a signer named by a key identifier": lambda: signer_field(
        "sid", asn1_cms.SignerIdentifier("subject_key_identifier", bytes(20))
    ),
    "no signer": lambda: field("signer_infos", []),
    "two signers": two_signers,
    "two hashes": lambda: field(
        "digest_algorithms", [{"algorithm": "sha256"}, {"algorithm": "sha512"}]
    ),
    "another hash outside than inside": lambda: field(
        "digest_algorithms", [{"algorithm": "sha512"}]
    ),
    "SHA-1": lambda: signer_field("digest_algorithm", {"algorithm": "sha1"}),
    "RSA-PSS": lambda: signer_field("signature_algorithm", PSS),
    "a signature by another hash": lambda: signer_field(
        "signature_algorithm", {"algorithm": "sha512_ecdsa"}
    ),
    "unsigned attributes": unsigned_attribute,
    "no signed attributes": no_signed_attributes,
    "no content type": lambda: without(0),
    "no message digest": lambda: without(1),
    "no name of a certificate": lambda: without(2),
    "a name of a hash without the hash": lambda: named_as(
        bytes.fromhex("300b0609608648016503040201")
    ),
    "a name of three parts without a hash's name": lambda: named_as(
        bytes.fromhex("0401000401000500")
    ),
    "an attribute twice": lambda: with_chain(attributes=twice).stamp(DIGEST),
    "an attribute of two values": lambda: with_chain(attributes=two_values).stamp(
        DIGEST
    ),
    "signed for another content type": lambda: with_chain(
        attributes=content_type_data
    ).stamp(DIGEST),
    "an empty list of certificates": lambda: field("certificates", []),
    "nine certificates": lambda: with_chain(sent=OWN.certificates[:1] * 9).stamp(
        DIGEST
    ),
}


@pytest.mark.parametrize("name", NO_TOKENS)
def test_what_is_no_token_of_the_profile_is_malformed(name):
    data = NO_TOKENS[name]()
    for call in (timestamps.read, check):
        with pytest.raises(MalformedError):
            call(data)


def outcome(data):
    """Return what verifying answers; anything but esign's own errors gets out."""
    try:
        return check(data)
    except (MalformedError, VerificationError):
        return None


def test_no_edited_byte_of_a_token_verifies():
    assert outcome(TOKEN) is not None
    edits = (
        TOKEN[:offset] + bytes((TOKEN[offset] ^ mask,)) + TOKEN[offset + 1 :]
        for offset in range(len(TOKEN))
        for mask in (0x01, 0x80)
    )
    assert [data for data in edits if outcome(data) is not None] == []


@given(st.integers(0, len(TOKEN) - 1), st.integers(1, 255))
def test_no_other_byte_verifies_anywhere(offset, mask):
    edited = TOKEN[:offset] + bytes((TOKEN[offset] ^ mask,)) + TOKEN[offset + 1 :]
    assert outcome(edited) is None


@given(st.integers(0, len(TOKEN)), st.integers(0, 8), st.binary(max_size=8))
def test_no_cut_or_insert_verifies(offset, cut, inserted):
    edited = TOKEN[:offset] + inserted + TOKEN[offset + cut :]
    assert (outcome(edited) is not None) == (edited == TOKEN)


def test_every_beginning_of_a_token_is_malformed():
    for size in range(len(TOKEN)):
        with pytest.raises(MalformedError):
            timestamps.read(TOKEN[:size])


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_an_error_of_this_project(data):
    for call in (
        timestamps.read,
        check,
        lambda data: timestamps.open_response(data, DIGEST, NONCE),
        lambda data: check(TOKEN, (data,)),
    ):
        with pytest.raises(ESignError):
            call(data)


# The exchange.


def token_for(digest=DIGEST, nonce=NONCE):
    reply = tsp.TimeStampResp.load(OWN.transport(timestamps.request(digest, nonce)))
    return reply["time_stamp_token"].dump()


def answer(token, **status):
    """Return a TimeStampResp with any status around any token."""
    info = tsp.PKIStatusInfo({"status": "granted"} | status).dump()
    return parser.emit(0, 1, 16, info + token)


@pytest.mark.parametrize("status", ["granted", "granted_with_mods"])
def test_the_token_comes_out_as_it_came(status):
    token = token_for()
    response = answer(token, status=status, status_string=["ok"])
    assert timestamps.open_response(response, DIGEST, NONCE) == token
    assert timestamps.read(token).unverified_nonce == NONCE


UNTRUE_ANSWERS = {
    "another nonce": lambda: answer(token_for(nonce=NONCE - 1)),
    "no nonce": lambda: answer(TOKEN),
    "another digest": lambda: answer(token_for(digest=OTHER_DIGEST)),
    "a rejection with a token": lambda: answer(token_for(), status="rejection"),
    "waiting": lambda: answer(b"", status="waiting"),
    "a status from the future": lambda: parser.emit(
        0, 1, 16, parser.emit(0, 1, 16, b"\x02\x01\x63")
    ),
}


@pytest.mark.parametrize("name", UNTRUE_ANSWERS)
def test_an_answer_to_something_else_is_refused(name):
    with pytest.raises(VerificationError):
        timestamps.open_response(UNTRUE_ANSWERS[name](), DIGEST, NONCE)


MALFORMED_ANSWERS = {
    "granted, and no token": lambda: answer(b""),
    "granted, and no token of the profile": lambda: answer(b"\x30\x00"),
    "two tokens": lambda: answer(token_for() * 2),
    "a bare token": token_for,
    "a byte behind it": lambda: answer(token_for()) + b"\x00",
    "too large": lambda: answer(token_for(), status_string=["x" * 70_000]),
    "a negative status": lambda: parser.emit(
        0, 1, 16, parser.emit(0, 1, 16, b"\x02\x01\xff")
    ),
}


@pytest.mark.parametrize("name", MALFORMED_ANSWERS)
def test_what_is_no_answer_is_malformed(name):
    with pytest.raises(MalformedError):
        timestamps.open_response(MALFORMED_ANSWERS[name](), DIGEST, NONCE)


def test_a_refusal_says_its_reasons_and_never_the_foreign_text():
    text = "\x1b[2J张三"
    response = answer(
        b"",
        status="rejection",
        status_string=[text],
        fail_info={"bad_alg", "system_failure"},
    )
    with pytest.raises(VerificationError) as caught:
        timestamps.open_response(response, DIGEST, NONCE)
    assert str(caught.value) == (
        "the timestamp service refused: rejection (badAlg, systemFailure)"
    )


def test_whatever_a_transport_raises_is_the_world_s():
    def broken(_):
        raise RuntimeError("no such host")

    with pytest.raises(UnavailableError) as caught:
        timestamps.obtain(DIGEST, NONCE, broken, OWN.certificates)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_token_of_another_service_is_not_kept():
    with pytest.raises(VerificationError):
        timestamps.obtain(DIGEST, NONCE, namesake().transport, OWN.certificates)


MISUSES = {
    "a digest of 31 bytes": lambda: timestamps.request(bytes(31), 1),
    "a negative nonce": lambda: timestamps.request(DIGEST, -1),
    "a nonce of 65 bits": lambda: timestamps.request(DIGEST, 1 << 64),
    "a digest of 33 bytes to verify": lambda: check(TOKEN, digest=bytes(33)),
    "a naive instant": lambda: path(OWN.chain, at=AT.replace(tzinfo=None)),
}


@pytest.mark.parametrize("name", MISUSES)
def test_misuse_is_a_value_error(name):
    with pytest.raises(ValueError, match=r"bytes|bits|aware"):
        MISUSES[name]()


# The path to a root.


def path(chain, at=AT, between=None, roots=None):
    timestamps.verify_path(
        chain.leaf,
        (chain.ca,) if between is None else between,
        (chain.root,) if roots is None else roots,
        at,
    )


def test_a_path_holds_at_both_ends_of_its_period():
    for at in (FROM, AT, UNTIL):
        path(OWN.chain, at)
    # The root may stand among the others: services send it along.
    path(OWN.chain, between=(OWN.root, OWN.chain.ca))


def test_a_path_over_a_ca_for_timestamps_alone_holds():
    path(Chain(ca=(*CA, (STAMPS, False))))


STRANGER = Chain()
WRONG_PATHS = {
    "before all periods": lambda: path(OWN.chain, FROM - SECOND),
    "after all periods": lambda: path(OWN.chain, UNTIL + SECOND),
    "after the leaf's own period": lambda: path(Chain(period=(FROM, AT)), AT + SECOND),
    "after the root's own period": lambda: path(under_an_old_root(), AT + SECOND),
    "no root": lambda: path(OWN.chain, roots=()),
    "another root of the same name": lambda: path(OWN.chain, roots=(STRANGER.root,)),
    "no CA between": lambda: path(OWN.chain, between=()),
    "another CA of the same name": lambda: path(OWN.chain, between=(STRANGER.ca,)),
    "too many between": lambda: path(OWN.chain, between=(OWN.chain.ca,) * 4),
    "a CA for other uses": lambda: path(Chain(ca=(*CA, (with_usages(CLIENT), False)))),
    "a CA that may not sign certificates": lambda: path(
        Chain(ca=(CA[0], (usage(crl_sign=True), True)))
    ),
    "a CA that is none": lambda: path(Chain(ca=(END_ENTITY, CA[1]))),
    "the leaf as its own root": lambda: path(OWN.chain, roots=(OWN.chain.leaf,)),
    "a CA's key in the leaf": lambda: path(key_of_the_ca()),
}


def under_an_old_root():
    chain = Chain()
    name, key = "TEST TSA Root", chain.root_key
    chain.root = issued(name, key, name, key, CA, (FROM, AT))
    return chain


def key_of_the_ca():
    chain = Chain()
    chain.leaf = issued("TEST TSA", chain.ca_key, "TEST TSA CA", chain.ca_key, LEAF)
    return chain


@pytest.mark.parametrize("name", WRONG_PATHS)
def test_a_path_that_does_not_hold_is_refused(name):
    with pytest.raises(VerificationError):
        WRONG_PATHS[name]()


def with_leaf_on_no_known_curve():
    chain = Chain()
    chain.leaf = on_no_known_curve(chain.leaf)
    return chain


UNREADABLE_PATHS = {
    "a CA": lambda: path(OWN.chain, between=(b"\x30\x00",)),
    "a root": lambda: path(OWN.chain, roots=(b"",)),
    "a CA's key": lambda: path(OWN.chain, between=(on_no_known_curve(OWN.chain.ca),)),
    "the leaf's key": lambda: path(with_leaf_on_no_known_curve()),
    "the leaf's name": lambda: path(with_no_readable_name()),
}


def with_no_readable_name():
    """Return a chain whose leaf has a name of a kind that no name has.

    It is read where the leaf is wrong in another way too: its two algorithms differ.
    """
    chain, ecdsa = Chain(), bytes.fromhex("06082a8648ce3d040302")
    before, found, behind = chain.leaf.rpartition(b"\x13\x02CN")
    assert found
    leaf = before + b"\x1b\x02CN" + behind
    chain.leaf = leaf.replace(ecdsa, ecdsa[:-1] + b"\x04", 1)
    return chain


@pytest.mark.parametrize("name", UNREADABLE_PATHS)
def test_a_path_over_what_cannot_be_read_is_malformed(name):
    with pytest.raises(MalformedError):
        UNREADABLE_PATHS[name]()


def test_a_timestamp_is_a_value():
    stamp = check(TOKEN)
    assert stamp == check(TOKEN)
    assert stamp.at.tzinfo is UTC
    assert isinstance(stamp.latest, datetime)


def test_a_token_is_found_bare_and_in_the_answer_it_came_in():
    service = OwnAuthority()
    digest = hashlib.sha256(b"license").digest()
    query = timestamps.request(digest, 9)
    response = service.transport(query)
    token = timestamps.open_response(response, digest, 9)
    assert timestamps.token_in(token) == token
    assert timestamps.token_in(response) == token
    for wrong in (b"", b"junk", query, token[:-1], response[1:]):
        with pytest.raises(MalformedError):
            timestamps.token_in(wrong)
