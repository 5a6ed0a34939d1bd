"""SM2 keys: made, kept encrypted, read from OpenSSL and by it, and refused."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esign import der, sm2
from esign.errors import MalformedError, VerificationError
from esign.sm2 import curve, oids, pkcs8
from esign.sm2.public_key import ALGORITHM
from esign.sm2.signing import Sm2Signer
from tests.esign.sm2_world import OpenSSL

SIGNER = Sm2Signer.generate()
PASSPHRASE = b"correct horse"
PEM = SIGNER.to_pem(PASSPHRASE)
BODY = base64.b64decode(b"".join(PEM.splitlines()[1:-1]))
PRIVATE, POINT = pkcs8.read_private_key(PEM, PASSPHRASE)


def armour(data, label=b"ENCRYPTED PRIVATE KEY"):
    text = base64.encodebytes(data)
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (label, text, label)


def test_a_key_that_was_kept_is_the_same_key():
    again = Sm2Signer.from_pem(PEM, PASSPHRASE)
    assert again.point == SIGNER.point == POINT
    sm2.verify(SIGNER.point, again.sign(b"m"), b"m")


def test_two_files_of_one_key_differ_and_hide_it():
    other = SIGNER.to_pem(PASSPHRASE)
    assert other != PEM
    assert PRIVATE not in BODY
    assert Sm2Signer.from_pem(other, PASSPHRASE).point == SIGNER.point


def test_two_new_keys_differ():
    assert Sm2Signer.generate().point != SIGNER.point


def test_an_empty_passphrase_neither_keeps_nor_opens():
    with pytest.raises(ValueError, match="empty"):
        SIGNER.to_pem(b"")
    with pytest.raises(VerificationError, match="empty"):
        Sm2Signer.from_pem(PEM, b"")


def test_a_wrong_passphrase_is_always_told_as_one():
    """One try in 256 meets a valid padding; it must not look like a damaged file."""
    quick = armour(encrypted(iterations=1))
    for number in range(600):
        with pytest.raises(VerificationError, match="does not open"):
            Sm2Signer.from_pem(quick, b"wrong %d" % number)
    assert Sm2Signer.from_pem(quick, PASSPHRASE).point == SIGNER.point


def encrypted(
    info=None,
    *,
    iterations=1,
    size=(),
    prf=oids.HMAC_SHA256,
    kdf=oids.PBKDF2,
    scheme=oids.PBES2,
    cipher=oids.AES_256_CBC,
    salt=b"salt",
    start=bytes(16),
    cut=None,
):
    """Return an EncryptedPrivateKeyInfo, DER, spelled as the words say."""
    info = pkcs8._private_key_info(PRIVATE, POINT) if info is None else info
    key = pkcs8._derive(PASSPHRASE, salt, max(iterations, 1), 32)
    padded = info + bytes([16 - len(info) % 16]) * (16 - len(info) % 16)
    encryptor = pkcs8.Cipher(
        pkcs8.algorithms.AES(key), pkcs8.modes.CBC(start.ljust(16, b"\0"))
    ).encryptor()
    sealed = encryptor.update(padded) + encryptor.finalize()
    derivation = der.tlv(
        der.SEQUENCE,
        der.tlv(der.OCTETS, salt),
        der.integer(iterations),
        *size,
        der.tlv(der.SEQUENCE, prf, der.NULL),
    )
    parameters = der.tlv(
        der.SEQUENCE,
        der.tlv(der.SEQUENCE, kdf, derivation),
        der.tlv(der.SEQUENCE, cipher, der.tlv(der.OCTETS, start)),
    )
    return der.tlv(
        der.SEQUENCE,
        der.tlv(der.SEQUENCE, scheme, parameters),
        der.tlv(der.OCTETS, sealed[:cut]),
    )


def info(*parts, algorithm=ALGORITHM):
    inner = der.tlv(der.SEQUENCE, *parts)
    return der.tlv(der.SEQUENCE, der.integer(0), algorithm, der.tlv(der.OCTETS, inner))


D = der.tlv(der.OCTETS, PRIVATE)
PUBLIC = der.tlv(der.CONTEXT_1, der.tlv(der.BITS, b"\0", POINT))
P256 = der.tlv(der.SEQUENCE, oids.EC_PUBLIC_KEY, oids.element("1.2.840.10045.3.1.7"))
GOOD_FILES = {
    "the length of the key is stated": encrypted(size=(der.integer(32),)),
    "the curve is left out in the key": encrypted(info(der.integer(1), D, PUBLIC)),
}
BAD_FILES = {
    "no PEM at all": b"",
    "bytes that are no text": b"\xff\x00",
    "not encrypted": armour(pkcs8._private_key_info(PRIVATE, POINT), b"PRIVATE KEY"),
    "two keys": PEM + PEM,
    "no end": PEM[:-20],
    "a foreign character in base64": PEM.replace(b"M", b"!", 1),
    "too long": PEM + b" " * 8192,
    "no DER": armour(b"hello"),
    "another scheme": armour(encrypted(scheme=oids.PBKDF2)),
    "another derivation": armour(encrypted(kdf=oids.PBES2)),
    "another pseudo-random function": armour(encrypted(prf=oids.SM2_WITH_SM3)),
    "another length than the cipher's": armour(encrypted(size=(der.integer(16),))),
    "another cipher": armour(encrypted(cipher=oids.SM2_CURVE)),
    "no iteration": armour(encrypted(iterations=0)),
    "an empty salt": armour(encrypted(salt=b"")),
    "a salt of a kilobyte": armour(encrypted(salt=bytes(1024))),
    "a short initial block": armour(encrypted(start=bytes(8))),
    "half a block": armour(encrypted(cut=-8)),
    "no block": armour(encrypted(cut=0)),
    "a key on another curve": armour(
        encrypted(info(der.integer(1), D, PUBLIC, algorithm=P256))
    ),
    "another version of the key": armour(encrypted(info(der.integer(2), D, PUBLIC))),
    "a key without its public half": armour(encrypted(info(der.integer(1), D))),
    "a key of 31 bytes": armour(
        encrypted(info(der.integer(1), der.tlv(der.OCTETS, PRIVATE[1:]), PUBLIC))
    ),
    "a key that is zero": armour(
        encrypted(info(der.integer(1), der.tlv(der.OCTETS, bytes(32)), PUBLIC))
    ),
    "a key that is n - 1": armour(
        encrypted(
            info(
                der.integer(1),
                der.tlv(der.OCTETS, (curve.ORDER - 1).to_bytes(32, "big")),
                PUBLIC,
            )
        )
    ),
}


@pytest.mark.parametrize("name", GOOD_FILES)
def test_a_file_of_another_spelling(name):
    assert Sm2Signer.from_pem(armour(GOOD_FILES[name]), PASSPHRASE).point == POINT


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_no_key_of_ours(name):
    with pytest.raises(MalformedError):
        Sm2Signer.from_pem(BAD_FILES[name], PASSPHRASE)


def test_iterations_that_would_take_an_hour():
    data = der.tlv(
        der.SEQUENCE,
        der.tlv(der.OCTETS, b"salt"),
        der.integer(pkcs8.MAX_ITERATIONS + 1),
        der.tlv(der.SEQUENCE, oids.HMAC_SHA256, der.NULL),
    )
    with pytest.raises(MalformedError, match="range"):
        pkcs8._derivation(der.tlv(der.SEQUENCE, oids.PBKDF2, data), 32)


def test_the_public_half_of_another_key_is_refused():
    other = Sm2Signer.generate().point
    with pytest.raises(VerificationError, match="not the private key's"):
        Sm2Signer(PRIVATE, other)
    mixed = der.tlv(der.CONTEXT_1, der.tlv(der.BITS, b"\0", other))
    with pytest.raises(VerificationError, match="not the private key's"):
        Sm2Signer.from_pem(
            armour(encrypted(info(der.integer(1), D, mixed))), PASSPHRASE
        )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_an_edited_file_is_refused_or_the_same_key(position, change):
    edited = bytearray(BODY)
    edited[position] ^= change
    try:
        assert Sm2Signer.from_pem(armour(bytes(edited)), PASSPHRASE).point == POINT
    except (MalformedError, VerificationError):
        assert bytes(edited) != BODY


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data):
    for pem in (data, armour(data)):
        with pytest.raises(MalformedError):
            Sm2Signer.from_pem(pem, PASSPHRASE)


def test_openssl_opens_what_is_kept_here(tmp_path):
    openssl = OpenSSL(tmp_path)
    openssl.write("key.pem", PEM)
    done = openssl(
        "pkey -in key.pem -pubout -outform DER -out pub.der -passin",
        f"pass:{PASSPHRASE.decode()}",
    )
    assert done.returncode == 0, done.stderr
    assert openssl.read("pub.der") == SIGNER.spki


OPENSSL_FILES = {
    "as genpkey writes it": "genpkey -algorithm SM2 -aes-256-cbc -pass pass:x -out k",
    "with AES-128": "genpkey -algorithm SM2 -aes-128-cbc -pass pass:x -out k",
    "with SM4": "genpkey -algorithm SM2 -sm4-cbc -pass pass:x -out k",
}


@pytest.mark.parametrize("name", OPENSSL_FILES)
def test_what_openssl_keeps_is_opened_here(tmp_path, name):
    openssl = OpenSSL(tmp_path)
    assert openssl(OPENSSL_FILES[name]).returncode == 0
    openssl("pkey -in k -passin pass:x -pubout -outform DER -out pub.der")
    signer = Sm2Signer.from_pem(openssl.read("k"), b"x")
    assert signer.spki == openssl.read("pub.der")
    with pytest.raises(VerificationError):
        Sm2Signer.from_pem(openssl.read("k"), b"y")
