"""COSE_Sign1: published messages for the reader, hostile ones for our profile."""

import base64
import itertools
import json

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign import cbor, cose, statuslist
from esign.algorithms import Suite
from esign.cose import Purpose
from esign.errors import ESignError, MalformedError, VerificationError
from esign.keys import PublicKey
from esign.signer import SoftwareSigner
from tests.support import vectors

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
TOKEN = Purpose("license token", None, b"elicense.license/1")
PURPOSES = {
    "token": TOKEN,
    "status list": statuslist.PURPOSE,
    "made-up typ": Purpose("made up", "application/made-up+cbor"),
    "another typ": Purpose("another", "application/another+cbor"),
    "another aad": Purpose("another license", None, b"elicense.license/2"),
    "typ and aad": Purpose("both", "application/made-up+cbor", b"elicense.license/1"),
}
SUITES = (Suite.ES256, Suite.ED25519, Suite.ML_DSA_44, Suite.SM2)
PAYLOAD = b"payload"


SIGNERS = {suite: SoftwareSigner.generate(suite) for suite in SUITES}


def signer_of(suite=Suite.ES256):
    return SIGNERS[suite]


def key_of(suite=Suite.ES256):
    return signer_of(suite).public_key


def sealed(purpose=TOKEN, suite=Suite.ES256):
    return cose.sign(PAYLOAD, signer_of(suite), purpose)


# --- the generic reader, against published messages


def raw_number(member, key):
    if f"{key}_hex" in member:
        return bytes.fromhex(member[f"{key}_hex"])
    return base64.urlsafe_b64decode(member[key] + "=" * (-len(member[key]) % 4))


def published_key(member):
    if member["crv"] == "P-256":
        return PublicKey(Suite.ES256, raw_number(member, "x") + raw_number(member, "y"))
    return PublicKey(Suite.ED25519, raw_number(member, "x"))


def published(folder):
    for path in sorted(vectors(f"cose/{folder}").glob("*.json")):
        example = json.loads(path.read_text("utf-8"))
        yield path.stem, example, example["input"]["sign0"]


def published_verify(example, member):
    return cose.verify(
        cose.parse(bytes.fromhex(example["output"]["cbor"])),
        published_key(member["key"]),
        external_aad=bytes.fromhex(member.get("external", "")),
    )


def test_published_sign1_messages_verify_and_failing_ones_are_refused():
    passed = failed = 0
    for name, example, member in published("sign1-tests"):
        if "-fail-" in name:
            with pytest.raises((MalformedError, VerificationError)):
                published_verify(example, member)
            failed += 1
        else:
            plain = example["input"]["plaintext"].encode()
            assert published_verify(example, member) == plain, name
            passed += 1
    assert (passed, failed) == (3, 6)


@pytest.mark.parametrize(
    ("folder", "name"),
    [("ecdsa-examples", "ecdsa-sig-01"), ("eddsa-examples", "eddsa-sig-01")],
)
def test_published_single_signatures_verify(folder, name):
    found = {stem: (example, member) for stem, example, member in published(folder)}
    example, member = found[name]
    plain = example["input"]["plaintext"].encode()
    assert published_verify(example, member) == plain


def test_what_is_signed_equals_the_published_sig_structure():
    folders = ("sign1-tests", "ecdsa-examples", "eddsa-examples")
    for name, example, member in itertools.chain(*map(published, folders)):
        if "-fail-" in name:
            continue
        message = cose.parse(bytes.fromhex(example["output"]["cbor"]))
        external = bytes.fromhex(member.get("external", ""))
        signed = message.to_be_signed(message.payload, external)
        assert signed.hex().upper() == example["intermediates"]["ToBeSign_hex"], name


def test_a_published_signature_of_a_suite_outside_the_table_is_refused():
    found = {stem: example for stem, example, _ in published("eddsa-examples")}
    example = found["eddsa-sig-02"]
    key = example["input"]["sign0"]["key"]
    assert key["crv"] == "Ed448"
    with pytest.raises(MalformedError, match="not a public key"):
        PublicKey(Suite.ED25519, raw_number(key, "x"))
    message = cose.parse(bytes.fromhex(example["output"]["cbor"]))
    with pytest.raises(VerificationError, match="another size"):
        cose.verify(message, key_of(Suite.ED25519))


def mldsa_example(suite):
    name = suite.label.replace("-", "_")
    path = vectors(f"cose/mldsa/examples/cose/examples/{name}.cose.json")
    return json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "suite",
    [Suite.ML_DSA_44, Suite.ML_DSA_65, Suite.ML_DSA_87],
    ids=lambda suite: suite.label,
)
def test_a_published_ml_dsa_message_verifies_with_its_own_key_only(suite):
    example = mldsa_example(suite)
    members = cbor2.loads(bytes.fromhex(example["key"]))
    assert (members[1], members[3]) == (7, suite.cose)
    key = PublicKey(suite, members[-1])
    message = cose.parse(bytes.fromhex(example["sign1"]))
    assert cose.verify(message, key) == message.payload
    assert (
        message.to_be_signed(message.payload, b"").hex()
        == (example["raw_to_be_signed"])
    )
    edited = bytes([members[-1][0] ^ 1]) + members[-1][1:]
    with pytest.raises(VerificationError, match="does not verify"):
        cose.verify(message, PublicKey(suite, edited))


def status_list_example():
    path = vectors("token-status-list/vectors.json")
    return json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "name", ["cwt_status_list_token_hex", "cwt_referenced_token_hex"]
)
def test_the_cwts_of_the_status_list_draft_verify_with_its_example_key(name):
    example = status_list_example()
    key = published_key(example["example_key_jwk"])
    message = cose.parse(bytes.fromhex(example[name]))
    claims = cbor2.loads(cose.verify(message, key))
    assert claims[6] == 1686920170
    if name == "cwt_status_list_token_hex":
        assert message.protected[cose.HEADER_TYP] == statuslist.PURPOSE.typ
        array = statuslist.unpack(claims[65533]["lst"])
        assert array.hex() == example["short"][0]["bytes_hex"]
    with pytest.raises(VerificationError, match="does not verify"):
        cose.verify(message, key_of())


# --- the generic reader, on messages made here


def message_of(
    protected=None,
    unprotected=None,
    payload=PAYLOAD,
    external_aad=b"",
    suite=Suite.ES256,
):
    """Sign any headers; None in place of a payload makes a detached one."""
    headers = {1: suite.cose} if protected is None else protected
    header = cbor.encode(headers) if headers else b""
    signed = cbor2.dumps(["Signature1", header, external_aad, payload or PAYLOAD])
    signature = signer_of(suite).sign(signed)
    unprotected = {} if unprotected is None else unprotected
    return cbor.encode(cbor.Tag(18, [header, unprotected, payload, signature]))


def test_alg_may_stand_unprotected_for_the_reader():
    message = cose.parse(message_of({}, {1: -7}))
    assert cose.verify(message, key_of()) == PAYLOAD


def test_an_empty_protected_map_is_signed_as_the_empty_string():
    # RFC 9052, section 3: recipients accept both spellings of an empty header.
    header, _, payload, signature = cbor2.loads(message_of({}, {1: -7})).value
    assert header == b""
    other = cbor.encode([b"\xa0", {1: -7}, payload, signature])
    assert cose.verify(cose.parse(other), key_of()) == PAYLOAD


def test_an_untagged_message_is_read_and_says_so():
    data = message_of()
    assert cose.parse(data).tagged
    assert not cose.parse(data[1:]).tagged
    assert cose.verify(cose.parse(data[1:]), key_of()) == PAYLOAD


def test_a_detached_payload_is_given_by_the_caller():
    message = cose.parse(message_of(payload=None))
    assert message.payload is None
    assert cose.verify(message, key_of(), detached=PAYLOAD) == PAYLOAD
    with pytest.raises(VerificationError, match="does not verify"):
        cose.verify(message, key_of(), detached=b"other")
    with pytest.raises(MalformedError, match="missing or given twice"):
        cose.verify(message, key_of())


def test_a_payload_given_twice_is_refused_even_when_equal():
    with pytest.raises(MalformedError, match="missing or given twice"):
        cose.verify(cose.parse(message_of()), key_of(), detached=PAYLOAD)


def test_an_empty_payload_is_a_payload():
    data = cose.sign(b"", signer_of(), TOKEN)
    assert cose.open_sealed(data, TOKEN).verify(key_of()) == b""
    with pytest.raises(MalformedError, match="missing or given twice"):
        cose.verify(cose.parse(data), key_of(), detached=b"")


def test_external_aad_is_part_of_what_is_signed():
    message = cose.parse(message_of(external_aad=b"aad"))
    assert cose.verify(message, key_of(), external_aad=b"aad") == PAYLOAD
    for other in (b"", b"aae", b"aad "):
        with pytest.raises(VerificationError, match="does not verify"):
            cose.verify(message, key_of(), external_aad=other)


def test_ed25519_may_be_named_eddsa_for_the_reader_and_not_in_our_profile():
    data = message_of({1: -8, 4: key_of(Suite.ED25519).kid}, suite=Suite.ED25519)
    assert cose.verify(cose.parse(data), key_of(Suite.ED25519)) == PAYLOAD
    with pytest.raises(MalformedError, match="algorithm -8"):
        cose.open_sealed(data, TOKEN)


NOT_THE_KEYS_ALGORITHM = {
    "no algorithm": {4: b"11"},
    "null": {1: None},
    "another signature algorithm": {1: -19},
    "EdDSA with a P-256 key": {1: -8},
    "a MAC": {1: 5},
    "a text": {1: "ES256"},
    "an array that holds it": {1: [-7]},
}


@pytest.mark.parametrize(
    "protected", NOT_THE_KEYS_ALGORITHM.values(), ids=NOT_THE_KEYS_ALGORITHM
)
def test_the_key_decides_the_algorithm(protected):
    message = cose.parse(message_of(protected))
    with pytest.raises(VerificationError, match="algorithm is not the key's"):
        cose.verify(message, key_of())


@pytest.mark.parametrize("critical", [[], [1], [99]])
@pytest.mark.parametrize("place", ["protected", "unprotected"])
def test_a_critical_header_is_never_passed_over(critical, place):
    extra = {2: critical}
    if place == "protected":
        data = message_of({1: -7, **extra})
    else:
        data = message_of({1: -7}, extra)
    with pytest.raises(VerificationError, match="critical"):
        cose.verify(cose.parse(data), key_of())


HEADER = bytes.fromhex("a10126")
NOT_A_SIGN1 = {
    "an integer": 1,
    "a map": {1: 2},
    "an array of three": [HEADER, {}, b""],
    "an array of five": [HEADER, {}, b"", b"", b""],
    "a protected header as a map": [{1: -7}, {}, b"", b""],
    "a signature as a text": [HEADER, {}, b"", ""],
    "an unprotected header as an array": [HEADER, [], b"", b""],
    "a payload as a text": [HEADER, {}, "", b""],
    "a payload of false": [HEADER, {}, False, b""],
    "a protected header that is an array": [b"\x80", {}, b"", b""],
    "a protected header that is no CBOR": [b"\xff", {}, b"", b""],
    "a protected header with a byte behind": [HEADER + b"\0", {}, b"", b""],
    "a protected header with a key twice": [
        bytes.fromhex("a201260126"),
        {},
        b"",
        b"",
    ],
    "a protected header with a long head": [bytes.fromhex("a1180126"), {}, b"", b""],
    "a label in both headers": [HEADER, {1: -7}, b"", b""],
    "a tag inside": cbor.Tag(18, [HEADER, {}, b"", cbor.Tag(18, b"")]),
    "a tag around a tag": cbor.Tag(18, cbor.Tag(18, [HEADER, {}, b"", b""])),
}


@pytest.mark.parametrize("value", NOT_A_SIGN1.values(), ids=NOT_A_SIGN1)
def test_what_is_not_a_cose_sign1_is_refused(value):
    with pytest.raises(MalformedError):
        cose.parse(cbor.encode(value))


@pytest.mark.parametrize("number", [16, 17, 61, 96, 97, 98, 998])
def test_another_tag_is_refused(number):
    body = sealed()[1:]
    head = cbor.encode(cbor.Tag(number, 0))[:-1]
    with pytest.raises(MalformedError, match=f"tag {number} is not allowed"):
        cose.parse(head + body)


# --- our own profile


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.label)
@pytest.mark.parametrize("purpose", PURPOSES.values(), ids=PURPOSES)
def test_what_is_signed_opens_and_verifies(purpose, suite):
    envelope = cose.open_sealed(sealed(purpose, suite), purpose)
    assert envelope.suite is suite
    assert envelope.kid == key_of(suite).kid
    assert envelope.unverified_payload == PAYLOAD
    assert envelope.verify(key_of(suite)) == PAYLOAD


def test_the_bytes_are_those_of_the_format_page():
    kid = key_of().kid
    data = sealed()
    assert data[:-64] == (
        bytes.fromhex("d2844da201260448")
        + kid
        + b"\xa0"
        + cbor.encode(PAYLOAD)
        + bytes.fromhex("5840")
    )
    header = bytes.fromhex("a201260448") + kid
    signed = cbor2.dumps(["Signature1", header, b"elicense.license/1", PAYLOAD])
    key_of().verify(data[-64:], signed)


@pytest.mark.parametrize(("made", "asked"), list(itertools.permutations(PURPOSES, 2)))
@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.label)
def test_a_signature_for_one_purpose_never_serves_another(made, asked, suite):
    data = sealed(PURPOSES[made], suite)
    with pytest.raises((MalformedError, VerificationError)):
        cose.open_sealed(data, PURPOSES[asked]).verify(key_of(suite))
    assert cose.open_sealed(data, PURPOSES[made]).verify(key_of(suite)) == PAYLOAD


NO_PURPOSE = {
    "neither typ nor aad": (None, b""),
    "an empty typ": ("", b""),
    "an empty typ beside an aad": ("", b"aad"),
}


@pytest.mark.parametrize(("typ", "aad"), NO_PURPOSE.values(), ids=NO_PURPOSE)
def test_a_purpose_that_would_leave_no_mark_is_misuse(typ, aad):
    with pytest.raises(ValueError, match="needs a typ or an external_aad"):
        Purpose("nothing", typ, aad)


def parts():
    return list(cbor2.loads(sealed()).value)


def with_parts(**changes):
    """Return the sealed message with parts exchanged and the signature kept."""
    names = ("protected", "unprotected", "payload", "signature")
    values = dict(zip(names, parts(), strict=True)) | changes
    return cbor.encode(cbor.Tag(18, list(values.values())))


def resigned(protected, **changes):
    """Return a message whose signature is good and whose headers are these."""
    return message_of(protected, external_aad=TOKEN.external_aad, **changes)


def high_twin():
    signature = parts()[3]
    s = ORDER - int.from_bytes(signature[32:], "big")
    return with_parts(signature=signature[:32] + s.to_bytes(32, "big"))


def spelled(old, new):
    data = sealed()
    assert data.count(bytes.fromhex(old)) >= 1
    return data.replace(bytes.fromhex(old), bytes.fromhex(new), 1)


def ours(**more):
    labels = {"typ": 16, "crit": 2, "content_type": 3, "x5chain": 33, "text": "x"}
    return {1: -7, 4: key_of().kid} | {labels[name]: more[name] for name in more}


BROKEN = {
    "no tag": lambda: sealed()[1:],
    "a self-described CBOR tag before": lambda: bytes.fromhex("d9d9f7") + sealed(),
    "a CWT tag before": lambda: bytes.fromhex("d83d") + sealed(),
    "the tag in two bytes": lambda: b"\xd8\x12" + sealed()[1:],
    "the array in two bytes": lambda: spelled("d284", "d29804"),
    "the array without a length": lambda: b"\xd2\x9f" + sealed()[2:] + b"\xff",
    "the protected header in a longer head": lambda: spelled("844da2", "84580da2"),
    "the signature in a longer head": lambda: spelled("5840", "590040"),
    "a byte behind": lambda: sealed() + b"\0",
    "a byte before": lambda: b"\0" + sealed(),
    "a byte missing": lambda: sealed()[:-1],
    "the high twin of the signature": high_twin,
    "a signature in DER": lambda: with_parts(signature=b"\x30" * 70),
    "an empty signature": lambda: with_parts(signature=b""),
    "a detached payload": lambda: with_parts(payload=None),
    "an unprotected kid": lambda: with_parts(unprotected={5: b"kid"}),
    "an unprotected header of null": lambda: with_parts(unprotected={99: None}),
    "no kid": lambda: resigned({1: -7}),
    "no algorithm": lambda: resigned({4: key_of().kid}),
    "an empty protected header": lambda: resigned({}, unprotected=None),
    "a kid of 7 bytes": lambda: resigned({1: -7, 4: key_of().kid[:7]}),
    "a kid of 9 bytes": lambda: resigned({1: -7, 4: key_of().kid + b"\0"}),
    "a kid as a text": lambda: resigned({1: -7, 4: "kid kid "}),
    "a typ where none belongs": lambda: resigned(ours(typ="application/x")),
    "a content type": lambda: resigned(ours(content_type=0)),
    "a critical header": lambda: resigned(ours(crit=[1])),
    "a certificate": lambda: resigned(ours(x5chain=b"\x30")),
    "a text label": lambda: resigned(ours(text=1)),
    "an algorithm outside the table": lambda: resigned({1: -35, 4: key_of().kid}),
    "nothing": lambda: b"",
    "an empty map": lambda: b"\xa0",
}


@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN)
def test_a_message_that_is_not_exactly_our_profile_is_refused(make):
    with pytest.raises(MalformedError):
        cose.open_sealed(make(), TOKEN)


def test_a_message_made_the_same_way_without_a_fault_is_accepted():
    data = resigned(ours())
    assert cose.open_sealed(data, TOKEN).verify(key_of()) == PAYLOAD
    assert with_parts() == sealed()


BAD_TYP = {
    "another typ": {16: "application/other+cwt"},
    "the typ in upper case": {16: "APPLICATION/STATUSLIST+CWT"},
    "the typ with a parameter": {16: "application/statuslist+cwt;a=b"},
    "the typ as bytes": {16: b"application/statuslist+cwt"},
    "the typ as a number": {16: 0},
    "no typ": {},
    "a typ of null": {16: None},
    "an extra label": {16: "application/statuslist+cwt", 3: 0},
}


@pytest.mark.parametrize("more", BAD_TYP.values(), ids=BAD_TYP)
def test_a_message_of_another_typ_is_refused(more):
    headers = {1: -7, 4: key_of().kid, **more}
    data = message_of(headers)
    with pytest.raises(
        MalformedError, match=r"status list: (signed for|the protected)"
    ):
        cose.open_sealed(data, statuslist.PURPOSE)


def test_a_key_that_is_not_the_one_named_is_refused_before_any_cryptography():
    stranger = SoftwareSigner.generate(Suite.ES256).public_key
    with pytest.raises(VerificationError, match="another key than named"):
        cose.open_sealed(sealed(), TOKEN).verify(stranger)


def test_a_message_that_names_a_key_it_was_not_signed_with_is_refused():
    stranger = SoftwareSigner.generate(Suite.ES256)
    data = resigned({1: -7, 4: stranger.public_key.kid})
    envelope = cose.open_sealed(data, TOKEN)
    with pytest.raises(VerificationError, match="does not verify"):
        envelope.verify(stranger.public_key)
    with pytest.raises(VerificationError, match="another key than named"):
        envelope.verify(key_of())


def test_a_message_that_names_another_suite_than_its_keys_is_refused():
    data = resigned({1: -19, 4: key_of().kid})
    envelope = cose.open_sealed(data, TOKEN)
    assert envelope.suite is Suite.ED25519
    with pytest.raises(VerificationError, match="another key than named"):
        envelope.verify(key_of())


class HighSigner:
    """A device that does not give the low twin."""

    public_key = key_of()

    def sign(self, message):
        signature = signer_of().sign(message)
        s = ORDER - int.from_bytes(signature[32:], "big")
        return signature[:32] + s.to_bytes(32, "big")


def test_a_signature_that_nobody_would_accept_is_never_given_out():
    with pytest.raises(VerificationError, match="smaller of its two"):
        cose.sign(PAYLOAD, HighSigner(), TOKEN)


def test_a_signature_that_does_not_verify_is_never_given_out():
    class OtherSigner:
        public_key = key_of()

        def sign(self, message: bytes) -> bytes:
            return SoftwareSigner.generate(Suite.ES256).sign(message)

    with pytest.raises(VerificationError, match="does not verify"):
        cose.sign(PAYLOAD, OtherSigner(), TOKEN)


def test_every_edited_bit_of_a_token_is_refused():
    data = sealed()
    for position in range(len(data) * 8):
        edited = bytearray(data)
        edited[position // 8] ^= 1 << position % 8
        with pytest.raises((MalformedError, VerificationError)):
            cose.open_sealed(bytes(edited), TOKEN).verify(key_of())


def test_every_proper_prefix_of_a_token_is_refused():
    data = sealed()
    for end in range(len(data)):
        with pytest.raises(MalformedError):
            cose.open_sealed(data[:end], TOKEN)


@given(st.binary(max_size=400), st.sampled_from(SUITES[:2]))
def test_every_payload_comes_back_under_its_purpose(payload, suite):
    data = cose.sign(payload, signer_of(suite), TOKEN)
    envelope = cose.open_sealed(data, TOKEN)
    assert envelope.verify(key_of(suite)) == payload
    assert data == cose.sign(payload, signer_of(suite), TOKEN)


@given(st.binary(max_size=120))
def test_any_bytes_are_opened_or_refused(data):
    for purpose in PURPOSES.values():
        with pytest.raises(ESignError):
            cose.open_sealed(data, purpose).verify(key_of())
