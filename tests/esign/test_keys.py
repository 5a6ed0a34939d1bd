"""Public COSE_Keys: one encoding, only public members, and their names."""

import dataclasses
import hashlib
import re
from functools import cache

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign import cbor
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey
from esign.signer import SoftwareSigner

SIGNING = (Suite.ES256, Suite.ED25519, Suite.ML_DSA_44, Suite.SM2)
MATERIAL_BYTES = {Suite.ML_DSA_65: 1952, Suite.ML_DSA_87: 2592}  # FIPS 204, table 2


@cache
def key_of(suite):
    if suite in SIGNING:
        return SoftwareSigner.generate(suite).public_key
    return PublicKey(suite, bytes(MATERIAL_BYTES[suite]))


def members(suite):
    return cbor2.loads(key_of(suite).to_cose())


def by_label(suite):
    return suite.label


@pytest.mark.parametrize("suite", Suite, ids=by_label)
def test_a_key_of_every_suite_comes_back(suite):
    key = key_of(suite)
    assert PublicKey.from_cose(key.to_cose()) == key
    assert cbor2.loads(key.to_cose())[3] == suite.cose


def test_the_members_are_those_of_the_registries():
    p256, edwards = members(Suite.ES256), members(Suite.ED25519)
    assert {label: p256[label] for label in (1, 3, -1)} == {1: 2, 3: -7, -1: 1}
    assert p256[-2] + p256[-3] == key_of(Suite.ES256).material
    assert edwards == {1: 1, 3: -19, -1: 6, -2: key_of(Suite.ED25519).material}
    chinese = members(Suite.SM2)
    assert {label: chinese[label] for label in (1, 3, -1)} == {
        1: 2,
        3: -10197501,
        -1: -10197301,
    }
    assert chinese[-2] + chinese[-3] == key_of(Suite.SM2).material
    lattice = members(Suite.ML_DSA_44)
    assert lattice == {1: 7, 3: -48, -1: key_of(Suite.ML_DSA_44).material}


@pytest.mark.parametrize("suite", Suite, ids=by_label)
def test_names_are_digests_of_the_public_key(suite):
    key = key_of(suite)
    digest = hashlib.sha256(key.to_cose()).hexdigest()
    assert key.kid.hex() == digest[:16]
    assert key.fingerprint == f"sha256:{digest}"
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", key.fingerprint)


def test_two_keys_have_two_names():
    kids = {SoftwareSigner.generate(Suite.ED25519).public_key.kid for _ in range(50)}
    assert len(kids) == 50


def test_a_key_is_frozen_and_equal_by_what_it_is():
    key = key_of(Suite.ES256)
    assert key == PublicKey(key.suite, key.material)
    assert len({key, PublicKey(key.suite, key.material)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        key.material = b""
    assert PublicKey.from_cose(key.to_cose()) == key


def changed(suite, **changes):
    """Return a COSE_Key with labels set, or removed where the value is None."""
    labels = {"kty": 1, "kid": 2, "alg": 3, "ops": 4, "crv": -1, "x": -2, "y": -3}
    value = members(suite) | {labels.get(k, -4): v for k, v in changes.items()}
    return cbor.encode({k: v for k, v in value.items() if v is not None})


EC, ED, PQ, GM = Suite.ES256, Suite.ED25519, Suite.ML_DSA_44, Suite.SM2
BAD_KEYS = {
    "P-256 with its private member d": lambda: changed(EC, d=bytes(32)),
    "Ed25519 with its private member d": lambda: changed(ED, d=bytes(32)),
    "ML-DSA with its private seed": lambda: changed(PQ, x=bytes(32)),
    "P-256 with a kid": lambda: changed(EC, kid=b"12"),
    "P-256 with key operations": lambda: changed(EC, ops=[2]),
    "SM2 with its private member d": lambda: changed(GM, d=bytes(32)),
    "SM2 on the curve P-256": lambda: changed(GM, crv=1),
    "P-256 on the curve of SM2": lambda: changed(EC, crv=-10197301),
    "SM2 named ES256": lambda: changed(GM, alg=-7),
    "P-256 named SM2": lambda: changed(EC, alg=-10197501),
    "SM2 named ML-DSA-44": lambda: changed(GM, alg=-48),
    "SM2 with a point that is not on the curve": lambda: changed(GM, y=bytes(32)),
    "SM2 with a coordinate of 33 bytes": lambda: changed(GM, x=bytes(33)),
    "SM2 without a curve": lambda: changed(GM, crv=None),
    "no algorithm": lambda: changed(EC, alg=None),
    "no key type": lambda: changed(EC, kty=None),
    "no curve": lambda: changed(EC, crv=None),
    "no x": lambda: changed(EC, x=None),
    "no y": lambda: changed(EC, y=None),
    "curve P-384": lambda: changed(EC, crv=2),
    "curve true, which Python takes for 1": lambda: changed(EC, crv=True),
    "curve X25519": lambda: changed(ED, crv=4),
    "the curve of the other key type": lambda: changed(ED, crv=1),
    "key type true": lambda: changed(ED, kty=True),
    "key type of a symmetric key": lambda: changed(EC, kty=4),
    "key type as a text": lambda: changed(EC, kty="EC2"),
    "Ed25519 named ES256": lambda: changed(ED, alg=-7),
    "P-256 named Ed25519": lambda: changed(EC, alg=-19),
    "P-256 named ML-DSA-44": lambda: changed(EC, alg=-48),
    "ML-DSA-44 named ES256": lambda: changed(PQ, alg=-7),
    "ML-DSA-44 named ML-DSA-65": lambda: changed(PQ, alg=-49),
    "an algorithm outside the table": lambda: changed(EC, alg=-35),
    "a compressed point": lambda: changed(EC, y=True),
    "x of 31 bytes": lambda: changed(EC, x=members(EC)[-2][1:]),
    "x with a leading zero": lambda: changed(EC, x=b"\0" + members(EC)[-2]),
    "a point that is not on the curve": lambda: changed(EC, y=bytes(32)),
    "x and y exchanged": lambda: changed(EC, x=members(EC)[-3], y=members(EC)[-2]),
    "Ed25519 of 31 bytes": lambda: changed(ED, x=bytes(31)),
    "x as a text": lambda: changed(ED, x="a" * 32),
    "a text label": lambda: cbor.encode(members(EC) | {"alg": "ES256"}),
    "members in another order": lambda: cbor2.dumps(
        dict(sorted(members(EC).items(), reverse=True))
    ),
    "a byte behind the key": lambda: key_of(EC).to_cose() + b"\0",
    "cut short": lambda: key_of(EC).to_cose()[:-1],
    "an array of keys": lambda: b"\x81" + key_of(EC).to_cose(),
    "the key in a byte string": lambda: cbor.encode(key_of(EC).to_cose()),
    "a tagged key": lambda: b"\xd8\x65" + key_of(EC).to_cose(),
    "the empty map": lambda: b"\xa0",
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("make", BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_cose_key_that_is_not_exactly_ours_is_refused(make):
    with pytest.raises(MalformedError):
        PublicKey.from_cose(make())


@given(st.sampled_from([EC, ED, GM]), st.integers(0, 100), st.integers(1, 255))
def test_a_cose_key_with_an_edited_byte_is_refused_or_another_key(suite, place, mask):
    data = bytearray(key_of(suite).to_cose())
    data[place % len(data)] ^= mask
    try:
        other = PublicKey.from_cose(bytes(data))
    except MalformedError:
        return
    assert other != key_of(suite)
    assert other.to_cose() == data


@pytest.mark.parametrize("suite", SIGNING, ids=by_label)
def test_a_key_verifies_its_own_signature_and_no_other(suite):
    signer, stranger = SoftwareSigner.generate(suite), SoftwareSigner.generate(suite)
    signature = signer.sign(b"message")
    signer.public_key.verify(signature, b"message")
    with pytest.raises(VerificationError, match="does not verify"):
        signer.public_key.verify(signature, b"massage")
    with pytest.raises(VerificationError, match="does not verify"):
        stranger.public_key.verify(signature, b"message")
    with pytest.raises(VerificationError, match="another size"):
        signer.public_key.verify(signature + b"\0", b"message")


@pytest.mark.parametrize("suite", SIGNING, ids=by_label)
def test_many_signatures_are_verified_as_each_of_them(suite):
    signer, stranger = SoftwareSigner.generate(suite), SoftwareSigner.generate(suite)
    good = signer.sign(b"message")
    cases = [
        (good, b"message"),
        (good, b"massage"),
        (stranger.sign(b"message"), b"message"),
        (good, b"message"),
        (bytes(len(good)), b"message"),
    ]
    for some in (cases, [*cases, (good + b"\0", b"message"), (b"", b"")], []):
        signatures, messages = [case[0] for case in some], [case[1] for case in some]
        found = signer.public_key.verify_many(signatures, messages)
        assert [str(error or "") for error in found] == [
            said(signer.public_key, *case) for case in some
        ]
        assert [error is None for error in found[:5]] == [
            True,
            False,
            False,
            True,
            False,
        ][: len(some)]


def said(key, signature, message):
    try:
        key.verify(signature, message)
    except VerificationError as err:
        return str(err)
    return ""
