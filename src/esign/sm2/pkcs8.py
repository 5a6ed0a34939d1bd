"""Private SM2 keys as files: encrypted PKCS#8, as OpenSSL reads and writes it.

PrivateKeyInfo (RFC 5958) with an ECPrivateKey (RFC 5915), under PBES2 (RFC 8018).
Written with PBKDF2 over HMAC-SHA256 and AES-256-CBC, as the other keys of this project
are; read also with AES-128-CBC and SM4-CBC. Never written or read without encryption.
"""

import base64
import binascii
import hashlib
import secrets
import textwrap
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import (
    BlockCipherAlgorithm,
    Cipher,
    algorithms,
    modes,
)
from cryptography.hazmat.primitives.padding import PKCS7

from esign import der
from esign.errors import MalformedError, VerificationError
from esign.sm2 import curve, oids
from esign.sm2.public_key import ALGORITHM, bit_string

MAX_PEM_BYTES = 8192  # such a key has about 400
ITERATIONS = 100_000  # about 40 ms; the library writes 2048 for the other keys
MAX_ITERATIONS = 2_000_000  # about a second
SALT_BYTES = 16
MAX_SALT_BYTES = 64
_BLOCK_BYTES = 16
_AES_256_BYTES = 32
_BEGIN = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
_END = b"-----END ENCRYPTED PRIVATE KEY-----"
_LINE = 64  # RFC 7468, section 2
_HMAC_SHA256 = der.tlv(der.SEQUENCE, oids.HMAC_SHA256, der.NULL)
_CIPHERS: dict[bytes, tuple[Callable[[bytes], BlockCipherAlgorithm], int]] = {
    oids.AES_256_CBC: (algorithms.AES, _AES_256_BYTES),
    oids.AES_128_CBC: (algorithms.AES, 16),
    oids.SM4_CBC: (algorithms.SM4, 16),
}
_PARAMETERS, _PUBLIC_KEY = der.CONTEXT_0, der.CONTEXT_1  # of ECPrivateKey


def write_private_key(private: bytes, point: bytes, passphrase: bytes) -> bytes:
    """Return a private key as encrypted PKCS#8 in PEM.

    Args:
        private: d, 32 bytes.
        point: its public key, 65 bytes.
        passphrase: any bytes but none at all.

    Raises:
        ValueError: the passphrase is empty.
    """
    if not passphrase:
        raise ValueError("an empty passphrase protects nothing")
    salt = secrets.token_bytes(SALT_BYTES)
    start = secrets.token_bytes(_BLOCK_BYTES)
    key = _derive(passphrase, salt, ITERATIONS, _AES_256_BYTES)
    padder = PKCS7(_BLOCK_BYTES * 8).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    padded = padder.update(_private_key_info(private, point)) + padder.finalize()
    sealed = encryptor.update(padded) + encryptor.finalize()
    parameters = der.tlv(
        der.SEQUENCE, der.tlv(der.OCTETS, salt), der.integer(ITERATIONS), _HMAC_SHA256
    )
    scheme = der.tlv(
        der.SEQUENCE,
        der.tlv(der.SEQUENCE, oids.PBKDF2, parameters),
        der.tlv(der.SEQUENCE, oids.AES_256_CBC, der.tlv(der.OCTETS, start)),
    )
    return _to_pem(
        der.tlv(
            der.SEQUENCE,
            der.tlv(der.SEQUENCE, oids.PBES2, scheme),
            der.tlv(der.OCTETS, sealed),
        )
    )


def read_private_key(pem: bytes, passphrase: bytes) -> tuple[bytes, bytes]:
    """Return d and the public point of an encrypted PKCS#8 key in PEM.

    Does NOT check that the two belong together.

    Args:
        pem: one key, with its public half, as OpenSSL writes it.
        passphrase: any bytes but none at all.

    Returns:
        d, 32 bytes, and the point, 65 bytes.

    Raises:
        VerificationError: the passphrase does not open it.
        MalformedError: not one such key, not encrypted, encrypted in another way, or a
            key of another kind.
    """
    data = _from_pem(pem)
    if not passphrase:
        raise VerificationError("an empty passphrase opens no key")
    info = _decrypt(data, passphrase)
    try:
        version, algorithm, key, *_ = der.children(info, der.SEQUENCE, 3, 5)
    except MalformedError as err:  # a wrong passphrase that happened to be padded
        raise VerificationError("the passphrase does not open this key") from err
    der.unsigned(version, der.INTEGER, 1)
    if algorithm != ALGORITHM:
        raise MalformedError("not a private key on the curve of SM2")
    return _ec_private_key(der.inner(key, der.OCTETS))


def _private_key_info(private: bytes, point: bytes) -> bytes:
    key = der.tlv(
        der.SEQUENCE,
        der.integer(1),
        der.tlv(der.OCTETS, private),
        der.tlv(_PARAMETERS, oids.SM2_CURVE),
        der.tlv(_PUBLIC_KEY, der.tlv(der.BITS, b"\x00", point)),
    )
    return der.tlv(der.SEQUENCE, der.integer(0), ALGORITHM, der.tlv(der.OCTETS, key))


def _ec_private_key(data: bytes) -> tuple[bytes, bytes]:
    """Read an ECPrivateKey (RFC 5915, section 3) that carries its public key."""
    version, private, *rest = der.children(data, der.SEQUENCE, 2, 4)
    if rest and rest[0] == der.tlv(_PARAMETERS, oids.SM2_CURVE):
        rest.pop(0)  # says again what the algorithm has said; may be left out
    if version != der.integer(1) or len(rest) != 1:
        raise MalformedError("private key: version 1 with the public key is expected")
    octets = der.inner(private, der.OCTETS)
    if len(octets) != curve.FIELD_BYTES:
        raise MalformedError(f"private key: expected {curve.FIELD_BYTES} bytes")
    (public,) = der.children(rest[0], _PUBLIC_KEY, 1, 1)
    return octets, bit_string(public)


def _decrypt(data: bytes, passphrase: bytes) -> bytes:
    """Open an EncryptedPrivateKeyInfo (RFC 8018, section 6.2)."""
    algorithm, sealed = der.children(data, der.SEQUENCE, 2, 2)
    kind, scheme = der.children(algorithm, der.SEQUENCE, 2, 2)
    if kind != oids.PBES2:
        raise MalformedError("private key: not encrypted with PBES2")
    derivation, cipher = der.children(scheme, der.SEQUENCE, 2, 2)
    name, start = der.children(cipher, der.SEQUENCE, 2, 2)
    if name not in _CIPHERS:
        raise MalformedError("private key: a cipher that is not known here")
    make, size = _CIPHERS[name]
    iv, content = der.inner(start, der.OCTETS), der.inner(sealed, der.OCTETS)
    if len(iv) != _BLOCK_BYTES or not content or len(content) % _BLOCK_BYTES:
        raise MalformedError("private key: its blocks are not whole")
    salt, iterations = _derivation(derivation, size)
    key = make(_derive(passphrase, salt, iterations, size))
    decryptor = Cipher(key, modes.CBC(iv)).decryptor()
    unpadder = PKCS7(_BLOCK_BYTES * 8).unpadder()
    padded = decryptor.update(content) + decryptor.finalize()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as err:
        raise VerificationError("the passphrase does not open this key") from err


def _derivation(data: bytes, size: int) -> tuple[bytes, int]:
    """Return salt and iterations of PBKDF2 (RFC 8018, appendix A.2)."""
    kind, parameters = der.children(data, der.SEQUENCE, 2, 2)
    if kind != oids.PBKDF2:
        raise MalformedError("private key: its key is not derived with PBKDF2")
    salt, count, *rest = der.children(parameters, der.SEQUENCE, 3, 4)
    if rest not in ([_HMAC_SHA256], [der.integer(size), _HMAC_SHA256]):
        raise MalformedError("private key: its key is not derived with HMAC-SHA256")
    octets = der.inner(salt, der.OCTETS)
    iterations = der.unsigned(count, der.INTEGER, MAX_ITERATIONS)
    if not 1 <= len(octets) <= MAX_SALT_BYTES or not iterations:
        raise MalformedError("private key: its salt or its iterations are out of range")
    return octets, iterations


def _derive(passphrase: bytes, salt: bytes, iterations: int, size: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", passphrase, salt, iterations, size)


def _to_pem(data: bytes) -> bytes:
    lines = textwrap.wrap(base64.b64encode(data).decode("ascii"), _LINE)
    return b"\n".join((_BEGIN, *(line.encode("ascii") for line in lines), _END, b""))


def _from_pem(pem: bytes) -> bytes:
    """Return what the one block holds; text around it is passed over (RFC 7468, 2)."""
    if len(pem) > MAX_PEM_BYTES:
        raise MalformedError(f"private key: more than {MAX_PEM_BYTES} bytes")
    _, begin, rest = pem.partition(_BEGIN)
    body, end, _ = rest.partition(_END)
    if not begin or not end or pem.count(b"-----BEGIN ") != 1:
        raise MalformedError("expected an encrypted PKCS#8 private key in PEM")
    try:
        return base64.b64decode(b"".join(body.splitlines()), validate=True)
    except binascii.Error as err:
        raise MalformedError("not a readable PKCS#8 private key") from err
