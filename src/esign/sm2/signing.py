"""Software keys that sign with SM2. Bytes in, bytes out.

For trial and for tests; production keys live in a device.
"""

from esign.errors import MalformedError, VerificationError
from esign.sm2 import curve, pkcs8
from esign.sm2.digest import DEFAULT_ID, DIGEST_BYTES, message_digest
from esign.sm2.engine import engine
from esign.sm2.public_key import write_public_key
from esign.sm2.signature import from_der, verify_digest

_PROBE = bytes(DIGEST_BYTES)  # a digest that no message is known to have


class Sm2Signer:
    """A private key in this process's memory.

    Signatures differ from one call to the next: the library draws the nonce and offers
    no way to derive it from the message.
    """

    __slots__ = ("_point", "_private")

    def __init__(self, private: bytes, point: bytes) -> None:
        """Take a key and its public half.

        Args:
            private: d, 32 bytes, from 1 to n - 2 (GB/T 32918.1-2016, 6.1).
            point: 04 and x and y, 65 bytes.

        Raises:
            MalformedError: the number is outside its range, or the point is not on the
                curve.
            VerificationError: the two do not belong together.
            UnavailableError: the extra ``gm`` is not installed.
        """
        number = int.from_bytes(private, "big")
        if len(private) != curve.FIELD_BYTES or not 0 < number < curve.ORDER - 1:
            raise MalformedError("SM2: a private key is outside 1 to n - 2")
        self._private = private
        self._point = point
        try:
            verify_digest(point, self._signed(_PROBE), _PROBE)
        except VerificationError as err:
            raise VerificationError("the public key is not the private key's") from err

    @classmethod
    def generate(cls) -> "Sm2Signer":
        """Make a new key; UnavailableError where the extra ``gm`` is not installed."""
        public, private = engine().sm2_key_generate()
        return cls(private, bytes((curve.UNCOMPRESSED,)) + public)

    @classmethod
    def from_pem(cls, pem: bytes, passphrase: bytes) -> "Sm2Signer":
        """Open an encrypted PKCS#8 key, made here or by OpenSSL.

        Raises:
            VerificationError: the passphrase does not open it, or its public half is
                another key's.
            MalformedError: not one such key, not encrypted, or a foreign kind of key.
            UnavailableError: the extra ``gm`` is not installed.
        """
        return cls(*pkcs8.read_private_key(pem, passphrase))

    def to_pem(self, passphrase: bytes) -> bytes:
        """Return the key as encrypted PKCS#8; ValueError for an empty passphrase."""
        return pkcs8.write_private_key(self._private, self._point, passphrase)

    @property
    def point(self) -> bytes:
        """The public key, 04 and x and y, 65 bytes."""
        return self._point

    @property
    def spki(self) -> bytes:
        """The public key as subjectPublicKeyInfo, DER."""
        return write_public_key(self._point)

    def sign(self, message: bytes, *, user_id: bytes = DEFAULT_ID) -> bytes:
        """Return r and s, 32 bytes each (GB/T 32918.2-2016, 6.1).

        Args:
            message: what is signed, any length.
            user_id: the signer's identity.

        Raises:
            ValueError: the identity is too long.
        """
        return self._signed(message_digest(self._point, message, user_id=user_id))

    def sign_digest(self, digest: bytes) -> bytes:
        """Return r and s over e, 32 bytes, as :func:`message_digest` makes it.

        Raises:
            ValueError: the digest has another size.
        """
        if len(digest) != DIGEST_BYTES:
            raise ValueError(f"a digest for SM2 has {DIGEST_BYTES} bytes")
        return self._signed(digest)

    def _signed(self, digest: bytes) -> bytes:
        return from_der(engine().sm2_sign_sm3_digest(self._private, digest))
