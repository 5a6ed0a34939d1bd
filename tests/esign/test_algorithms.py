"""Signature suites against Wycheproof, and the one spelling of each signature."""

import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa, utils
from hypothesis import example, given
from hypothesis import strategies as st

from esign import algorithms
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey
from esign.signer import SoftwareSigner
from tests.support import vectors

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
NUMBERS = st.integers(1, ORDER - 1)


def wycheproof(name):
    text = vectors(f"wycheproof/{name}_test.json").read_text("utf-8")
    groups = json.loads(text)["testGroups"]
    return [(group, case) for group in groups for case in group["tests"]]


def verdict(suite, material, case):
    """Return what this project says of a case, in Wycheproof's words."""
    try:
        key = PublicKey(suite, material)
        key.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
    except (MalformedError, VerificationError):
        return "invalid"
    return "valid"


def agrees(case, said):
    return case["result"] in {said, "acceptable"}


def test_every_ecdsa_verdict_of_wycheproof_is_as_given():
    cases = wycheproof("ecdsa_secp256r1_sha256_p1363")
    assert len(cases) == 262
    for group, case in cases:
        material = bytes.fromhex(group["publicKey"]["uncompressed"])[1:]
        assert agrees(case, verdict(Suite.ES256, material, case)), case["tcId"]


def test_every_ed25519_verdict_of_wycheproof_is_as_given():
    cases = wycheproof("ed25519")
    assert len(cases) == 151
    for group, case in cases:
        material = bytes.fromhex(group["publicKey"]["pk"])
        assert agrees(case, verdict(Suite.ED25519, material, case)), case["tcId"]


def test_every_ml_dsa_44_verdict_of_wycheproof_without_a_context_is_as_given():
    cases = [
        (group, case)
        for group, case in wycheproof("mldsa_44_verify")
        if "ctx" not in case
    ]
    assert len(cases) == 172
    for group, case in cases:
        material = bytes.fromhex(group["publicKey"])
        assert agrees(case, verdict(Suite.ML_DSA_44, material, case)), case["tcId"]


def library_verdict(material, case):
    try:
        mldsa.MLDSA44PublicKey.from_public_bytes(material).verify(
            bytes.fromhex(case["sig"]),
            bytes.fromhex(case["msg"]),
            bytes.fromhex(case["ctx"]),
        )
    except (InvalidSignature, ValueError):
        return "invalid"
    return "valid"


def test_an_ml_dsa_signature_under_a_context_is_never_ours():
    # COSE (RFC 9964) signs with the empty context, so a signature that is good under
    # another context must not verify here; the library itself agrees with Wycheproof.
    cases = [
        (group, case) for group, case in wycheproof("mldsa_44_verify") if "ctx" in case
    ]
    assert len(cases) == 8
    for group, case in cases:
        material = bytes.fromhex(group["publicKey"])
        assert agrees(case, library_verdict(material, case)), case["tcId"]
        ours = case["result"] if not case["ctx"] else "invalid"
        assert verdict(Suite.ML_DSA_44, material, case) == ours, case["tcId"]


def test_numbers_names_and_sizes_are_those_of_the_registries():
    assert {suite.label: (suite.cose, suite.signature_bytes) for suite in Suite} == {
        "ES256": (-7, 64),
        "Ed25519": (-19, 64),
        "ML-DSA-44": (-48, 2420),
        "ML-DSA-65": (-49, 3309),
        "ML-DSA-87": (-50, 4627),
        "SM2": (-10197501, 64),
    }
    for suite in Suite:
        assert algorithms.suite_by_cose(suite.cose) is suite
        assert algorithms.suite_by_label(suite.label) is suite


NO_ALGORITHM = {
    "EdDSA of RFC 8152": -8,
    "ES384": -35,
    "RS256": -257,
    "HMAC 256": 5,
    "zero": 0,
    "true": True,
    "null": None,
    "a name": "ES256",
    "a float": -7.0,
    "a byte string": b"\xf9",
    "an array": [-7],
    "a map": {-7: -7},
}


@pytest.mark.parametrize("number", NO_ALGORITHM.values(), ids=NO_ALGORITHM)
def test_a_number_outside_the_closed_table_is_refused(number):
    with pytest.raises(MalformedError, match="not in the closed table"):
        algorithms.suite_by_cose(number)


def test_a_foreign_algorithm_is_not_repeated_at_length():
    with pytest.raises(MalformedError) as caught:
        algorithms.suite_by_cose("张三" * 100_000)
    assert "张" not in str(caught.value)
    assert len(str(caught.value)) < 100


def test_an_unknown_name_is_misuse():
    with pytest.raises(ValueError, match="known are ES256"):
        algorithms.suite_by_label("es256")


@pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.label)
@pytest.mark.parametrize("size", [0, 1, 31, 33, 63, 65, 1311, 1313, 5000])
def test_public_bytes_of_another_size_are_not_a_key(suite, size):
    with pytest.raises(MalformedError, match=f"not a public key for {suite.label}"):
        algorithms.load_public(suite, bytes(size))


NOT_ON_P256 = {
    "the point at zero": bytes(64),
    "x as large as the field": b"\xff" * 64,
    "y one off": None,
}


@pytest.mark.parametrize("material", NOT_ON_P256.values(), ids=NOT_ON_P256)
def test_a_point_that_is_not_on_the_curve_is_not_a_key(material):
    if material is None:
        good = SoftwareSigner.generate(Suite.ES256).public_key.material
        material = good[:-1] + bytes([good[-1] ^ 1])
    with pytest.raises(MalformedError, match="not a public key for ES256"):
        algorithms.load_public(Suite.ES256, material)


@pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.label)
@pytest.mark.parametrize("change", [-1, 1])
def test_a_signature_of_another_size_is_refused(suite, change):
    signature = bytes(suite.signature_bytes + change)
    with pytest.raises(MalformedError, match=f"have {suite.signature_bytes} bytes"):
        algorithms.require_canonical(suite, signature)
    key = SoftwareSigner.generate(Suite.ES256).public_key
    handle = algorithms.load_public(key.suite, key.material)
    with pytest.raises(VerificationError, match="another size"):
        algorithms.verify(suite, handle, signature, b"")


@given(NUMBERS, NUMBERS)
def test_der_and_raw_signatures_are_two_forms_of_the_low_twin(r, s):
    low = min(s, ORDER - s)
    raw = algorithms.ecdsa_from_der(utils.encode_dss_signature(r, s))
    assert raw == r.to_bytes(32, "big") + low.to_bytes(32, "big")
    assert utils.decode_dss_signature(algorithms.ecdsa_to_der(raw)) == (r, low)
    algorithms.require_canonical(Suite.ES256, raw)
    high = raw[:32] + (ORDER - low).to_bytes(32, "big")
    with pytest.raises(MalformedError, match="smaller of its two"):
        algorithms.require_canonical(Suite.ES256, high)


def test_the_half_order_itself_is_the_last_low_s():
    half = ORDER // 2
    algorithms.require_canonical(Suite.ES256, bytes(32) + half.to_bytes(32, "big"))
    with pytest.raises(MalformedError, match="smaller of its two"):
        algorithms.require_canonical(
            Suite.ES256, bytes(32) + (half + 1).to_bytes(32, "big")
        )


BAD_DER = {
    "nothing": b"",
    "not DER": b"signature",
    "r is zero": utils.encode_dss_signature(0, 1),
    "s is zero": utils.encode_dss_signature(1, 0),
    "r is the order": utils.encode_dss_signature(ORDER, 1),
    "s is the order": utils.encode_dss_signature(1, ORDER),
    "r has 33 bytes": utils.encode_dss_signature(1 << 256, 1),
    "s has 1000 bytes": utils.encode_dss_signature(1, 1 << 8000),
    "r is negative": bytes.fromhex("30060201ff020101"),
    "s is negative": bytes.fromhex("30060201010201ff"),
    "r has a needless zero": bytes.fromhex("300702020001020101"),
    "a long length": bytes.fromhex("308106020101020101"),
    "bytes behind it": utils.encode_dss_signature(1, 1) + b"\0",
    "cut short": utils.encode_dss_signature(1, 1)[:-1],
}


@pytest.mark.parametrize("der", BAD_DER.values(), ids=BAD_DER)
def test_der_that_holds_no_p256_signature_is_refused(der):
    with pytest.raises(MalformedError, match=r"ECDSA|ES256"):
        algorithms.ecdsa_from_der(der)


@given(NUMBERS, NUMBERS)
@example(1, 1)
@example(1 << 255, 1 << 255)
@example((1 << 255) - 1, (1 << 248) - 1)
@example(1 << 248, 1 << 247)
def test_the_der_of_a_signature_is_that_of_cryptography(r, s):
    r, s = min(r, ORDER - 1), min(s, ORDER - 1)
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert algorithms.ecdsa_to_der(raw) == utils.encode_dss_signature(r, s)
