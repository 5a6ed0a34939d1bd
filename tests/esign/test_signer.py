"""Software keys: every suite that signs, encrypted files, repeatable signatures."""

import base64
from functools import cache

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, mldsa, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from esign import algorithms
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.signer import SoftwareSigner

PASSPHRASE = b"correct horse"
SIGNING = (Suite.ES256, Suite.ED25519, Suite.ML_DSA_44, Suite.SM2)
VERIFYING_ONLY = (Suite.ML_DSA_65, Suite.ML_DSA_87)


def by_label(suite):
    return suite.label


@cache
def signer_of(suite):
    return SoftwareSigner.generate(suite)


@cache
def pem_of(suite):
    return signer_of(suite).to_pem(PASSPHRASE)


def foreign_pem(handle, encryption=None):
    return handle.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        encryption or serialization.BestAvailableEncryption(PASSPHRASE),
    )


def plain_pem():
    handle = signer_of(Suite.ES256).handle
    return foreign_pem(handle, serialization.NoEncryption())


def traditional_pem():
    return signer_of(Suite.ES256).handle.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.BestAvailableEncryption(PASSPHRASE),
    )


def public_pem():
    public = signer_of(Suite.ES256).handle.public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.mark.parametrize("suite", SIGNING, ids=by_label)
def test_a_new_key_signs_in_the_form_of_its_suite(suite):
    signer = signer_of(suite)
    signature = signer.sign(b"message")
    assert signer.public_key.suite is suite
    assert len(signature) == suite.signature_bytes
    signer.public_key.verify(signature, b"message")


@pytest.mark.parametrize("suite", VERIFYING_ONLY, ids=by_label)
def test_a_suite_for_verifying_makes_no_keys(suite):
    with pytest.raises(ValueError, match="for verifying only"):
        SoftwareSigner.generate(suite)


@pytest.mark.parametrize("suite", SIGNING, ids=by_label)
def test_two_new_keys_differ(suite):
    other = SoftwareSigner.generate(suite)
    assert other.public_key != signer_of(suite).public_key


@pytest.mark.parametrize("suite", SIGNING, ids=by_label)
def test_a_key_comes_back_from_its_encrypted_file(suite):
    again = SoftwareSigner.from_pem(pem_of(suite), PASSPHRASE)
    assert again.public_key == signer_of(suite).public_key
    again.public_key.verify(again.sign(b"message"), b"message")


@pytest.mark.parametrize("suite", SIGNING, ids=by_label)
@pytest.mark.parametrize("wrong", [b"wrong", b"", PASSPHRASE + b" ", b"\0"])
def test_a_wrong_passphrase_is_a_claim_that_does_not_hold(suite, wrong):
    with pytest.raises(VerificationError, match="passphrase"):
        SoftwareSigner.from_pem(pem_of(suite), wrong)


@pytest.mark.parametrize("suite", SIGNING, ids=by_label)
def test_no_key_is_written_without_a_passphrase(suite):
    with pytest.raises(ValueError, match=r"(?i)password|passphrase"):
        signer_of(suite).to_pem(b"")


def unknown_kind_pem():
    """Return a file that opens to a key of a kind that nobody knows.

    In CBC mode a bit of the IV turns the same bit of the first block, which holds the
    object identifier of the kind of key from its tenth byte on.
    """
    lines = pem_of(Suite.ES256).splitlines()
    der = bytearray(base64.b64decode(b"".join(lines[1:-1])))
    aes_256_cbc_and_iv = bytes.fromhex("060960864801650304012a0410")
    assert der.count(aes_256_cbc_and_iv) == 1
    iv = der.index(aes_256_cbc_and_iv) + len(aes_256_cbc_and_iv)
    der[iv + 12] ^= 1
    return b"\n".join([lines[0], base64.b64encode(der), lines[-1], b""])


BAD_FILES = {
    "a key of a kind that nobody knows": unknown_kind_pem,
    "a key that is not encrypted": plain_pem,
    "a plain key before an encrypted one": lambda: plain_pem() + pem_of(Suite.ES256),
    "an encrypted key before a plain one": lambda: pem_of(Suite.ES256) + plain_pem(),
    "two encrypted keys": lambda: pem_of(Suite.ES256) * 2,
    "a plain key that mentions the label": lambda: (
        plain_pem() + b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    ),
    "the old encrypted form of OpenSSL": traditional_pem,
    "a public key": public_pem,
    "the label alone": lambda: b"-----BEGIN ENCRYPTED PRIVATE KEY-----",
    "labels around nothing": lambda: (
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----END ENCRYPTED PRIVATE KEY-----\n"
    ),
    "labels around something else": lambda: (
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
        b"-----END ENCRYPTED PRIVATE KEY-----\n"
    ),
    "a file cut in the middle": lambda: pem_of(Suite.ES256)[:150],
    "a file without its last line": lambda: pem_of(Suite.ES256)[:-40],
    "an RSA key": lambda: foreign_pem(rsa.generate_private_key(65537, 2048)),
    "a P-384 key": lambda: foreign_pem(ec.generate_private_key(ec.SECP384R1())),
    "an Ed448 key": lambda: foreign_pem(ed448.Ed448PrivateKey.generate()),
    "an ML-DSA-65 key": lambda: foreign_pem(mldsa.MLDSA65PrivateKey.generate()),
    "nothing": lambda: b"",
    "other bytes": lambda: bytes(range(256)),
}


@pytest.mark.parametrize("make", BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_is_not_one_encrypted_key_of_ours_is_refused(make):
    with pytest.raises(MalformedError):
        SoftwareSigner.from_pem(make(), PASSPHRASE)


@pytest.mark.parametrize("suite", [Suite.ES256, Suite.ED25519], ids=by_label)
@given(message=st.binary(max_size=100))
@settings(max_examples=50)
def test_the_same_message_gives_the_same_signature(suite, message):
    again = SoftwareSigner(signer_of(suite).handle)
    assert signer_of(suite).sign(message) == again.sign(message)


@given(message=st.binary(max_size=100))
def test_every_signature_has_the_low_s_and_verifies(message):
    signer = signer_of(Suite.ES256)
    signature = signer.sign(message)
    algorithms.require_canonical(Suite.ES256, signature)
    signer.public_key.verify(signature, message)


def test_es256_is_deterministic_as_rfc_6979_has_it():
    # RFC 6979, A.2.5: P-256, SHA-256, message "sample"; s is made the smaller twin.
    secret = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    r = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
    s = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signer = SoftwareSigner(ec.derive_private_key(secret, ec.SECP256R1()))
    assert signer.sign(b"sample") == (
        r.to_bytes(32, "big") + min(s, order - s).to_bytes(32, "big")
    )


def test_a_key_says_nothing_secret_of_itself():
    signer = signer_of(Suite.ES256)
    secret = signer.handle.private_numbers().private_value
    assert f"{secret:x}" not in repr(signer)
    assert str(secret) not in repr(vars(signer))
