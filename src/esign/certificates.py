"""X.509 certificates of seals: what they say, and whether they hold at an instant.

A certificate proves nothing by being found somewhere: the roots are always a parameter.
"""

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy

from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey

# ITU-T X.667: an OID under a UUID needs no registration. It marks a certificate as one
# for sealing documents of this kind and for nothing else.
SEAL_POLICY_OID = x509.ObjectIdentifier("2.25.233432607199052192209687157924740801158")
MAX_CERTIFICATE_BYTES = 8192  # a seal certificate has about 700
MAX_INTERMEDIATES = 3  # an issuing CA, at most two above it, then the root
_CACHED = 256  # certificates and paths kept; a bundle names a few dozen seals
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
# A path that held once holds at every instant inside the periods of all of its
# certificates: nothing else in it depends on time. Kept by the exact bytes.
_PERIODS: dict[
    tuple[bytes, tuple[bytes, ...], tuple[bytes, ...]], tuple[datetime, datetime]
] = {}


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says of itself; whether it is true is another question.

    Attributes:
        organization: subject organizationName, empty where there is none.
        code: subject organizationIdentifier (2.5.4.97), here the USCC; may be empty.
        not_before: first instant of validity, aware UTC.
        not_after: last instant of validity, aware UTC.
        sha256: SHA-256 of the DER bytes, 32 bytes.
        public_key: the subject's key; P-256 only.
    """

    organization: str
    code: str
    not_before: datetime
    not_after: datetime
    sha256: bytes
    public_key: PublicKey


def read_certificate(der: bytes) -> CertificateFacts:
    """Return what a certificate says (RFC 5280, section 4.1).

    Does NOT check any signature or validity: see :func:`validate_path`.

    Args:
        der: one certificate, DER.

    Returns:
        The facts of the subject, for a P-256 key.

    Raises:
        MalformedError: not a certificate, or one with another kind of key.
    """
    return _facts(der)


@functools.lru_cache(maxsize=_CACHED)
def _facts(der: bytes) -> CertificateFacts:
    certificate = _load(der)
    try:
        subject = certificate.subject
        public = certificate.public_key()
        return CertificateFacts(
            organization=_attribute(subject, NameOID.ORGANIZATION_NAME),
            code=_attribute(subject, NameOID.ORGANIZATION_IDENTIFIER),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            sha256=hashlib.sha256(der).digest(),
            public_key=_public_key(public),
        )
    except _UNREADABLE as err:
        raise MalformedError("certificate: a field cannot be read") from err


def validate_path(
    leaf: bytes, intermediates: Sequence[bytes], roots: Sequence[bytes], at: datetime
) -> None:
    """Check that ``leaf`` is a seal certificate under one of ``roots`` at ``at``.

    1. The leaf is an end entity: basicConstraints present with CA false.
    2. Its keyUsage is critical and exactly digitalSignature and nonRepudiation.
    3. Its certificatePolicies contain :data:`SEAL_POLICY_OID`.
    4. Its key is P-256 and is neither a root's nor an intermediate's.
    5. A path of valid signatures leads over CA certificates to a root, all valid at
       ``at`` (RFC 5280, section 6, as the library's own verifier has it).

    Does NOT look at revocation: a withdrawn certificate leaves the trust bundle.

    Args:
        leaf: the certificate that signs, DER.
        intermediates: CA certificates between leaf and root, DER, any order.
        roots: the pinned roots, DER; empty means refuse.
        at: the instant at which the path must hold, aware UTC.

    Raises:
        VerificationError: the path does not hold.
        MalformedError: one of the certificates cannot be read.
        ValueError: ``at`` is naive.
    """
    if at.tzinfo is None:
        raise ValueError("the instant must be aware")
    if not roots:
        raise VerificationError("there is no root to trust")
    if len(intermediates) > MAX_INTERMEDIATES:
        raise VerificationError(f"more than {MAX_INTERMEDIATES} intermediates")
    key = (leaf, tuple(intermediates), tuple(roots))
    known = _PERIODS.get(key)
    if known is None or not known[0] <= at <= known[1]:
        known = _path_period(leaf, intermediates, roots, at)
        if len(_PERIODS) >= _CACHED:
            _PERIODS.clear()
        _PERIODS[key] = known


def _path_period(
    leaf: bytes, intermediates: Sequence[bytes], roots: Sequence[bytes], at: datetime
) -> tuple[datetime, datetime]:
    """Return first and last instant at which the path found for ``at`` holds."""
    subject = read_certificate(leaf)
    for other in (*intermediates, *roots):
        if _same_key(other, subject.public_key):
            raise VerificationError("a root or CA key must not sign documents")
    anchors = [root for root in map(_load, roots) if _is_inside_period(root, at)]
    if not anchors:
        raise VerificationError("no root is inside its period at this instant")
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store(anchors))
        .time(at.replace(microsecond=0))
        .max_chain_depth(MAX_INTERMEDIATES)
        .extension_policies(
            ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_seal_policy()
        )
        .build_client_verifier()
    )
    try:
        path = verifier.verify(_load(leaf), [_load(other) for other in intermediates])
    except verification.VerificationError as err:
        raise VerificationError("the certificate path does not hold") from err
    return (
        max(certificate.not_valid_before_utc for certificate in path.chain),
        min(certificate.not_valid_after_utc for certificate in path.chain),
    )


def _seal_policy() -> ExtensionPolicy:
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _end_entity)
        .require_present(x509.KeyUsage, Criticality.CRITICAL, _seals_only)
        .require_present(
            x509.CertificatePolicies, Criticality.AGNOSTIC, _has_seal_policy
        )
    )


def _end_entity(
    _policy: verification.Policy,
    _certificate: x509.Certificate,
    extension: x509.BasicConstraints,
) -> None:
    if extension.ca:
        raise ValueError("a CA certificate cannot be a seal")


def _seals_only(
    _policy: verification.Policy,
    _certificate: x509.Certificate,
    extension: x509.KeyUsage,
) -> None:
    if extension != seal_key_usage():
        raise ValueError("keyUsage is not exactly digitalSignature + nonRepudiation")


def _has_seal_policy(
    _policy: verification.Policy,
    _certificate: x509.Certificate,
    extension: x509.CertificatePolicies,
) -> None:
    if SEAL_POLICY_OID not in [info.policy_identifier for info in extension]:
        raise ValueError("the seal policy is not among the certificate policies")


def seal_key_usage() -> x509.KeyUsage:
    """Return the one keyUsage a seal certificate may have (RFC 5280, 4.2.1.3)."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _is_inside_period(anchor: x509.Certificate, at: datetime) -> bool:
    # The library takes an anchor as given; here a root has its own period too.
    return anchor.not_valid_before_utc <= at <= anchor.not_valid_after_utc


def _load(der: bytes) -> x509.Certificate:
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise MalformedError(f"certificate: more than {MAX_CERTIFICATE_BYTES} bytes")
    try:
        return x509.load_der_x509_certificate(der)
    except _UNREADABLE as err:
        raise MalformedError("not a DER certificate") from err


def _attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    values = [item.value for item in name.get_attributes_for_oid(oid)]
    if len(values) > 1:
        raise MalformedError("certificate: a subject attribute occurs twice")
    value = values[0] if values else ""
    if not isinstance(value, str):
        raise MalformedError("certificate: a subject attribute is not a text")
    return value


def _public_key(public: object) -> PublicKey:
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise MalformedError("certificate: the key is not an elliptic curve key")
    if not isinstance(public.curve, ec.SECP256R1):
        raise MalformedError(f"certificate: curve {public.curve.name}, not P-256")
    point = public.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return PublicKey(Suite.ES256, point[1:])


def _same_key(der: bytes, key: PublicKey) -> bool:
    """Tell whether a CA certificate, of any kind of key, carries ``key``."""
    try:
        return _public_key(_load(der).public_key()) == key
    except _UNREADABLE as err:
        raise MalformedError("certificate: the key cannot be read") from err
    except MalformedError:
        return False
