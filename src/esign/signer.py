"""Software keys: made, kept encrypted, and used for signing. Bytes in, bytes out.

For trial and for tests; production keys live in a device behind the same protocol. SM2
comes from the extra ``gm``, which is loaded when such a key is first used.
"""

from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa

from esign import algorithms
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey
from esign.sm2.signing import Sm2Signer

# RFC 6979 nonces: the same message gives the same signature, so a run that was
# interrupted ends with the same bytes when it is run again.
_ECDSA = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_PEM_LABEL = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"

PrivateHandle: TypeAlias = (
    ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | mldsa.MLDSA44PrivateKey
    | Sm2Signer
)


class SoftwareSigner:
    """A private key in this process's memory."""

    def __init__(self, handle: PrivateHandle) -> None:
        """Take a key of a suite that signs: ES256, Ed25519, ML-DSA-44, SM2."""
        self._handle = handle
        self._public_key = _public_key(handle)

    @classmethod
    def generate(cls, suite: Suite) -> "SoftwareSigner":
        """Make a new key.

        Raises:
            ValueError: the suite is for verifying only.
            UnavailableError: SM2, and the extra ``gm`` is not installed.
        """
        match suite:
            case Suite.ES256:
                return cls(ec.generate_private_key(ec.SECP256R1()))
            case Suite.ED25519:
                return cls(ed25519.Ed25519PrivateKey.generate())
            case Suite.ML_DSA_44:
                return cls(mldsa.MLDSA44PrivateKey.generate())
            case Suite.SM2:
                return cls(Sm2Signer.generate())
            case _:
                raise ValueError(f"{suite.label} is for verifying only")

    @classmethod
    def from_pem(cls, pem: bytes, passphrase: bytes) -> "SoftwareSigner":
        """Open an encrypted PKCS#8 key.

        Raises:
            VerificationError: the passphrase does not open it.
            MalformedError: not one such key, not encrypted, or a foreign kind of key.
            UnavailableError: SM2, and the extra ``gm`` is not installed.
        """
        if pem.count(b"-----BEGIN ") != 1 or _PEM_LABEL not in pem:
            raise MalformedError("expected an encrypted PKCS#8 private key in PEM")
        if not passphrase:
            raise VerificationError("an empty passphrase opens no key")
        try:
            handle = serialization.load_pem_private_key(pem, passphrase)
        except UnsupportedAlgorithm:  # the curve of SM2, or a foreign kind
            return cls(Sm2Signer.from_pem(pem, passphrase))
        except ValueError as err:
            if "password" in str(err).lower() or "decrypt" in str(err).lower():
                raise VerificationError(
                    "the passphrase does not open this key"
                ) from err
            raise MalformedError("not a readable PKCS#8 private key") from err
        if not isinstance(handle, PrivateHandle):
            raise MalformedError(f"a key of kind {type(handle).__name__}")
        return cls(handle)

    def to_pem(self, passphrase: bytes) -> bytes:
        """Return the key as encrypted PKCS#8; ValueError for an empty passphrase."""
        if isinstance(self._handle, Sm2Signer):
            return self._handle.to_pem(passphrase)
        return self._handle.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase),
        )

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._public_key

    @property
    def in_device(self) -> bool:
        """False: the key is in this process's memory."""
        return False

    @property
    def handle(self) -> PrivateHandle:
        """The library's own key object, for the development CA."""
        return self._handle

    def sign(self, message: bytes) -> bytes:
        """Return the signature in its COSE form, canonical for the suite."""
        if isinstance(self._handle, ec.EllipticCurvePrivateKey):
            return algorithms.ecdsa_from_der(self._handle.sign(message, _ECDSA))
        return self._handle.sign(message)


def _public_key(handle: PrivateHandle) -> PublicKey:
    if isinstance(handle, Sm2Signer):
        return PublicKey(Suite.SM2, handle.point[1:])
    public = handle.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        if not isinstance(public.curve, ec.SECP256R1):
            raise MalformedError(f"curve {public.curve.name}, expected P-256")
        point = public.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return PublicKey(Suite.ES256, point[1:])
    if isinstance(public, ed25519.Ed25519PublicKey):
        return PublicKey(Suite.ED25519, public.public_bytes_raw())
    return PublicKey(Suite.ML_DSA_44, public.public_bytes_raw())
