"""Who issued a certificate or a list: the CAs that are known, by name and by key.

A CA is its name and its key. It may have several certificates for them, and anybody can
make one more, so which certificate was found decides nothing. Only keys on P-256 are
looked at: no other key signs a list that is read here.
"""

import functools
import hashlib
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from esign import certificates
from esign.algorithms import Suite
from esign.errors import VerificationError
from esign.keys import PublicKey

MAX_NAMESAKES = 4  # keys of one CA's name that are tried; a renewed CA has two
_CACHED = 1024  # signatures of certificates kept, as of paths
_UNCOMPRESSED = b"\x04"  # SEC 1, section 2.3.3
_KEY_ID_BYTES = 20  # RFC 7093, section 2, method 1
# A DER ECDSA signature of P-256 is not longer: two INTEGERs of 33 bytes at most.
_MAX_SIGNATURE_BYTES = 72
_NO_EXTENSION: tuple[type[Exception], ...] = (
    *certificates.UNREADABLE,
    x509.ExtensionNotFound,
)
_NOT_SIGNED: tuple[type[Exception], ...] = (*certificates.UNREADABLE, InvalidSignature)


class Authority:
    """One key of a CA with the certificates that give it a name.

    Attributes:
        certificates: at least one; they share the key.
    """

    def __init__(self, certificate: x509.Certificate) -> None:
        """Begin with one certificate; others of the same key may be put in."""
        self.certificates = [certificate]

    @functools.cached_property
    def key(self) -> PublicKey:
        """The key; VerificationError where it is not P-256, or cannot be read."""
        point = _point(self.certificates[0])
        if not point:
            raise VerificationError("CRL: its issuer's key is not on P-256")
        return PublicKey(Suite.ES256, point[1:])

    @functools.cached_property
    def may_sign_lists(self) -> bool:
        """Whether one of the certificates says so (RFC 5280, 4.2.1.3)."""
        return any(map(_has_crl_sign, self.certificates))


class Authorities:
    """CA certificates by name and key; keys are read where a name is asked for."""

    def __init__(self, ders: Iterable[bytes]) -> None:
        """Sort certificates, DER, by name; MalformedError where one has none."""
        self._named: dict[x509.Name, list[x509.Certificate]] = {}
        self._keys: dict[x509.Name, dict[bytes, list[Authority]]] = {}
        for der in dict.fromkeys(ders):
            subject = certificates.subject_of(der)
            self._named.setdefault(subject, []).append(certificates.load(der))

    def by_key_id(self, name: x509.Name, key_id: bytes) -> list[Authority]:
        """Return the CAs of a name whose key has a hash: one, or none."""
        return self._keys_of(name).get(key_id, [])

    def of(self, name: x509.Name) -> list[Authority]:
        """Return every CA of a name, one for each key on P-256.

        Raises:
            VerificationError: more than :data:`MAX_NAMESAKES`.
        """
        # Each stands there under two hashes.
        found = {id(one): one for each in self._keys_of(name).values() for one in each}
        if len(found) > MAX_NAMESAKES:
            raise VerificationError("CRL: too many CAs of one name may have signed it")
        return list(found.values())

    def _keys_of(self, name: x509.Name) -> dict[bytes, list[Authority]]:
        if name not in self._keys:
            by_point: dict[bytes, Authority] = {}
            for certificate in self._named.get(name, ()):
                point = _point(certificate)
                if point in by_point:
                    by_point[point].certificates.append(certificate)
                elif point:
                    by_point[point] = Authority(certificate)
            by_id: dict[bytes, list[Authority]] = {}
            for point, authority in by_point.items():
                for key_id in _key_ids(point):
                    by_id.setdefault(key_id, []).append(authority)
            self._keys[name] = by_id
        return self._keys[name]


def _point(certificate: x509.Certificate) -> bytes:
    """Return a key on P-256 as 65 bytes; empty for any other key."""
    try:
        key = certificate.public_key()
    except certificates.UNREADABLE:
        return b""
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(
        key.curve, ec.SECP256R1
    ):
        return b""
    return key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def _key_ids(point: bytes) -> tuple[bytes, bytes]:
    """Return the hashes by which a CA's key is named (RFC 5280, 4.2.1.2; RFC 7093).

    SHA-1 only finds the key: its signature is verified.
    """
    return (
        hashlib.new("sha1", point, usedforsecurity=False).digest(),
        hashlib.sha256(point).digest()[:_KEY_ID_BYTES],
    )


def authority_id(
    signed: x509.Certificate | x509.CertificateRevocationList,
) -> bytes:
    """Return the key identifier of the issuer (RFC 5280, 4.2.1.1); empty without."""
    try:
        found = signed.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except _NO_EXTENSION:
        return b""
    return found.value.key_identifier or b""


def can_be_ours(certificate: x509.Certificate) -> bool:
    """Tell whether a key on P-256 can have signed a certificate."""
    return (
        _scheme(certificate) is not None
        and len(certificate.signature) <= _MAX_SIGNATURE_BYTES
    )


def _scheme(certificate: x509.Certificate) -> ec.ECDSA | None:
    try:
        scheme = certificate.signature_algorithm_parameters
    except certificates.UNREADABLE:
        return None
    return scheme if isinstance(scheme, ec.ECDSA) else None


def handle(key: PublicKey) -> ec.EllipticCurvePublicKey:
    """Return a key on P-256 as the library has it."""
    return ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), _UNCOMPRESSED + key.material
    )


@functools.lru_cache(maxsize=_CACHED)
def is_signed_by(der: bytes, key: PublicKey) -> bool:
    """Tell whether a certificate, DER, is signed by a key on P-256."""
    certificate = certificates.load(der)
    scheme = _scheme(certificate)
    if scheme is None:
        return False
    try:
        handle(key).verify(
            certificate.signature, certificate.tbs_certificate_bytes, scheme
        )
    except _NOT_SIGNED:
        return False
    return True


def _has_crl_sign(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except _NO_EXTENSION:
        return False
    return usage.crl_sign
