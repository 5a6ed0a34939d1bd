"""Whether a token holds: the right digest, signed by the one service that counts."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from esign import der
from esign.certificates import MAX_INTERMEDIATES, load
from esign.errors import VerificationError
from esign.timestamps import path
from esign.timestamps.token import CertificateName, Token, parse

DIGEST_BYTES = 32
MAX_CHAIN = 1 + MAX_INTERMEDIATES  # the longest that verify_path accepts
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


@dataclass(frozen=True, slots=True)
class Timestamp:
    """What a verified token proves: the digest existed at ``latest``.

    Attributes:
        at: genTime, aware UTC, whole seconds; a fraction counts as the later second.
        accuracy: how far the service's clock may be off, either way.
        digest: SHA-256 of what was stamped, 32 bytes.
        certificate: the certificate whose key signed the token, DER.
        serial: the token's serial number, unique for its service.
    """

    at: datetime
    accuracy: timedelta
    digest: bytes
    certificate: bytes
    serial: int

    @property
    def latest(self) -> datetime:
        """The last instant at which the token can have been made, aware UTC."""
        return self.at + self.accuracy


def verify(
    token: bytes,
    digest: bytes,
    certificates: Sequence[bytes],
    also: Collection[bytes] = (),
) -> Timestamp:
    """Verify a token against the service that is trusted (RFC 3161, section 2.3).

    1. The token has the profile of docs/formats/evidence.md.
    2. It is about ``digest``.
    3. Its signer is ``certificates[0]``: issuer and serial number, and every signed
       attribute that names a certificate, by its hash (RFC 5816, section 2.2.1).
    4. It carries no certificate that is not among ``certificates`` or ``also``.
    5. That certificate is for timestamps alone and holds a key of the closed list.
    6. The signed digest is that of the content, and the signature holds.
    7. genTime lies in the certificate's period.

    Does NOT check the path to a root or whether the service's key was compromised: see
    :func:`esign.timestamps.verify_path`, and the trust bundle.

    Args:
        token: a TimeStampToken, DER.
        digest: SHA-256 of what must have existed, 32 bytes.
        certificates: the service's certificate, then the CAs above it, DER, as the
            trust bundle lists them, without the root; empty means refuse.
        also: others that may come along and count for nothing, DER: the pinned roots,
            since some services put theirs into every token.

    Returns:
        What the token proves.

    Raises:
        MalformedError: not such a token, or a certificate cannot be read.
        VerificationError: one of the other checks does not hold.
        ValueError: the digest has another size.
    """
    if len(digest) != DIGEST_BYTES:
        raise ValueError(f"a SHA-256 digest has {DIGEST_BYTES} bytes")
    if not 1 <= len(certificates) <= MAX_CHAIN:
        raise VerificationError(
            f"a timestamp service has 1 to {MAX_CHAIN} certificates"
        )
    leaf = certificates[0]
    parts = parse(token)  # 1
    if parts.info.digest != digest:  # 2
        raise VerificationError("the timestamp is of something else")
    certificate = load(leaf)
    _require_signer(parts, leaf)  # 3
    if not set(parts.certificates) <= {*certificates, *also}:  # 4
        raise VerificationError(
            "the timestamp carries a certificate that is not listed"
        )
    key = path.signing_key(certificate)  # 5
    if (
        hashlib.new(parts.hash_name, parts.content).digest() != parts.message_digest
    ):  # 6
        raise VerificationError("the signed digest is not that of the timestamp")
    _require_signature(parts, key)
    if not path.is_inside_period(certificate, parts.info.at):  # 7
        raise VerificationError("the timestamp lies outside its certificate's period")
    return Timestamp(
        parts.info.at, parts.info.accuracy, digest, leaf, parts.info.serial
    )


def _require_signer(parts: Token, leaf: bytes) -> None:
    issuer, serial = _issuer_and_serial(leaf)
    if parts.issuer_and_serial != der.tlv(der.SEQUENCE, issuer, serial):
        raise VerificationError("the timestamp names another certificate")
    directory_name = der.tlv(der.SEQUENCE, der.tlv(der.CONTEXT_4, issuer))
    issuer_serial = der.tlv(der.SEQUENCE, directory_name, serial)
    for name in parts.names:
        if name.digest != _hash(name, leaf) or name.issuer_serial not in (
            b"",
            issuer_serial,
        ):
            raise VerificationError("the signed attributes name another certificate")


def _hash(name: CertificateName, leaf: bytes) -> bytes:
    # SHA-1 comes with ESSCertID and decides nothing here: the certificate is given, and
    # its key must have signed.
    return hashlib.new(name.algorithm, leaf, usedforsecurity=False).digest()


def _issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """Return both as they stand in a certificate (RFC 5280, section 4.1)."""
    body, _, _ = der.children(certificate, der.SEQUENCE, 3, 3)
    # Seven fields at least: one with extensions states its version first.
    _, serial, _, issuer, *_ = der.children(body, der.SEQUENCE, 7, 10)
    return issuer, serial


def _require_signature(
    parts: Token, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
) -> None:
    """Check the signature over the signed attributes (RFC 5652, section 5.4)."""
    algorithm = _HASHES[parts.hash_name]()
    try:
        if isinstance(key, rsa.RSAPublicKey) and parts.scheme == "RSA":
            key.verify(parts.signature, parts.attributes, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and parts.scheme == "ECDSA":
            key.verify(parts.signature, parts.attributes, ec.ECDSA(algorithm))
        else:
            raise VerificationError("the key is not for the signature's algorithm")
    except InvalidSignature as err:
        raise VerificationError("the timestamp's signature does not hold") from err
