"""X.509 certificates of seals: what they say, and whether they hold at an instant.

A certificate proves nothing by being found somewhere: the roots are always a parameter.
"""

import functools
import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy

from esign import sm2
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey
from esign.sm2 import oids

# ITU-T X.667: an OID under a UUID needs no registration. It marks a certificate as one
# for sealing documents of this kind and for nothing else.
SEAL_POLICY_OID = x509.ObjectIdentifier("2.25.233432607199052192209687157924740801158")
MAX_CERTIFICATE_BYTES = 8192  # a seal certificate has about 700
MAX_INTERMEDIATES = 3  # an issuing CA, at most two above it, then the root
_CACHED = 1024  # certificates and paths kept; a hub names some hundreds of seals
# What the library raises for bytes that it cannot read.
UNREADABLE: tuple[type[Exception], ...] = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_NOT_ISSUED: tuple[type[Exception], ...] = (*UNREADABLE, InvalidSignature)
# A path that held once holds at every instant inside the periods of all of its
# certificates: nothing else in it depends on time. Kept by the exact bytes.
_PATHS: dict[tuple[bytes, tuple[bytes, ...], tuple[bytes, ...]], "Path"] = {}


@dataclass(frozen=True, slots=True)
class Path:
    """A path of valid signatures that was found.

    Attributes:
        certificates: leaf first, root last, DER.
        not_before: first instant at which it holds, aware UTC.
        not_after: last instant at which it holds, aware UTC.
    """

    certificates: tuple[bytes, ...]
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says of itself; whether it is true is another question.

    Attributes:
        organization: subject organizationName, empty where there is none.
        code: subject organizationIdentifier (2.5.4.97), here the USCC; may be empty.
        not_before: first instant of validity, aware UTC.
        not_after: last instant of validity, aware UTC.
        sha256: SHA-256 of the DER bytes, 32 bytes.
        public_key: the subject's key: of P-256, or of SM2 where that was asked for.
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


def read_any(der: bytes) -> CertificateFacts:
    """Return what a certificate says, of a P-256 or of an SM2 key.

    Does NOT check any signature or validity.

    Args:
        der: one certificate, DER.

    Raises:
        MalformedError: not a certificate, or one with another kind of key.
    """
    return _sm2_facts(der) if is_sm2(der) else _facts(der)


@functools.lru_cache(maxsize=_CACHED)
def _sm2_facts(der: bytes) -> CertificateFacts:
    read = sm2.read_certificate(der)
    return CertificateFacts(
        organization=read.attribute(oids.ORGANIZATION_NAME),
        code=read.attribute(oids.ORGANIZATION_IDENTIFIER),
        not_before=read.not_before,
        not_after=read.not_after,
        sha256=hashlib.sha256(der).digest(),
        public_key=PublicKey(Suite.SM2, read.point[1:]),
    )


@functools.lru_cache(maxsize=_CACHED)
def _facts(der: bytes) -> CertificateFacts:
    certificate = load(der)
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
    except UNREADABLE as err:
        raise MalformedError("certificate: a field cannot be read") from err


def validate_path(
    leaf: bytes, intermediates: Sequence[bytes], roots: Sequence[bytes], at: datetime
) -> Path:
    """Check that ``leaf`` is a seal certificate under one of ``roots`` at ``at``.

    1. The leaf is an end entity: basicConstraints present with CA false.
    2. Its keyUsage is critical and exactly digitalSignature and nonRepudiation.
    3. Its certificatePolicies contain :data:`SEAL_POLICY_OID`.
    4. Its key is P-256 and is neither a root's nor an intermediate's.
    5. A path of valid signatures leads over CA certificates to a root, all valid at
       ``at`` (RFC 5280, section 6, as the library's own verifier has it).

    Does NOT look at revocation: see :mod:`esign.revocation`.

    Args:
        leaf: the certificate that signs, DER.
        intermediates: CA certificates between leaf and root, DER, any order.
        roots: the pinned roots, DER; empty means refuse.
        at: the instant at which the path must hold, aware UTC.

    Returns:
        The path.

    Raises:
        VerificationError: the path does not hold.
        MalformedError: one of the certificates cannot be read.
        ValueError: ``at`` is naive.
    """
    if at.tzinfo is None:
        raise ValueError("the instant must be aware")
    key = (leaf, tuple(intermediates), tuple(roots))
    known = _PATHS.get(key)
    if known is None or not known.not_before <= at <= known.not_after:
        read_certificate(leaf)  # a seal's key is P-256
        known = find_path(leaf, intermediates, roots, at, _seal_policy())
        if len(_PATHS) >= _CACHED:
            _PATHS.clear()
        _PATHS[key] = known
    return known


def find_path(
    leaf: bytes,
    intermediates: Sequence[bytes],
    roots: Sequence[bytes],
    at: datetime,
    end_entity: ExtensionPolicy,
    authority: ExtensionPolicy | None = None,
) -> Path:
    """Find a path of valid signatures from ``leaf`` to a root (RFC 5280, section 6).

    1. The leaf's key is neither a root's nor an intermediate's.
    2. A path of valid signatures leads over CA certificates to a root, each of them,
       the root as well, inside its period at ``at`` and with the extensions that the
       two policies ask for.

    The keys may be of any kind that the library's verifier knows. Does NOT look at
    revocation.

    Args:
        leaf: the certificate that signs, DER.
        intermediates: CA certificates between leaf and root, DER, any order.
        roots: the pinned roots, DER; empty means refuse.
        at: the instant at which the path must hold, aware UTC; a fraction of a second
            is not counted.
        end_entity: what the leaf's extensions must be.
        authority: what the extensions of CAs and roots must be; None for the library's
            own policy.

    Returns:
        The path, with the first and last instant at which it holds.

    Raises:
        VerificationError: there is no such path.
        MalformedError: one of the certificates cannot be read.
        ValueError: ``at`` is naive.
    """
    if at.tzinfo is None:
        raise ValueError("the instant must be aware")
    if not roots:
        raise VerificationError("there is no root to trust")
    if len(intermediates) > MAX_INTERMEDIATES:
        raise VerificationError(f"more than {MAX_INTERMEDIATES} intermediates")
    own = key_mark(leaf)
    if any(key_mark(other) == own for other in (*intermediates, *roots)):
        raise VerificationError("a root or CA key must not sign anything else")
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([load(root) for root in roots]))
        .time(at.replace(microsecond=0))
        .max_chain_depth(MAX_INTERMEDIATES)
        .extension_policies(
            ca_policy=authority or ExtensionPolicy.webpki_defaults_ca(),
            ee_policy=end_entity,
        )
        .build_client_verifier()
    )
    try:
        path = verifier.verify(load(leaf), [load(other) for other in intermediates])
    except verification.VerificationError as err:
        raise VerificationError("the certificate path does not hold") from err
    except UNREADABLE as err:  # the leaf's name, which an error text repeats
        raise MalformedError("certificate: a field cannot be read") from err
    return Path(
        tuple(one.public_bytes(serialization.Encoding.DER) for one in path.chain),
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


def load(der: bytes) -> x509.Certificate:
    """Return a certificate as the library has it; its fields are not read yet.

    Args:
        der: one certificate, DER, at most :data:`MAX_CERTIFICATE_BYTES`.

    Raises:
        MalformedError: not a certificate, or too long.
    """
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise MalformedError(f"certificate: more than {MAX_CERTIFICATE_BYTES} bytes")
    try:
        return x509.load_der_x509_certificate(der)
    except UNREADABLE as err:
        raise MalformedError("not a DER certificate") from err


def subject_of(der: bytes) -> x509.Name:
    """Return whose certificate it is (RFC 5280, 4.1.2.6).

    Raises:
        MalformedError: not a certificate, or the name cannot be read.
    """
    return _name(load(der), "subject")


def issuer_of(der: bytes) -> x509.Name:
    """Return who is said to have issued a certificate (RFC 5280, 4.1.2.4).

    Raises:
        MalformedError: not a certificate, or the name cannot be read.
    """
    return _name(load(der), "issuer")


def _name(
    certificate: x509.Certificate, which: Literal["subject", "issuer"]
) -> x509.Name:
    try:
        return certificate.subject if which == "subject" else certificate.issuer
    except UNREADABLE as err:
        raise MalformedError("certificate: its name cannot be read") from err


def is_sm2(der: bytes) -> bool:
    """Tell whether a certificate is one of an SM2 key, as the field has them.

    Args:
        der: one certificate, DER; of other bytes the answer is no.
    """
    if oids.SM2_CURVE not in der:
        return False
    try:
        sm2.read_certificate(der)
    except MalformedError:
        return False  # the library says what is wrong with it
    return True


def names_of(der: bytes) -> tuple[Hashable, Hashable]:
    """Return subject and issuer, of whatever key, to be compared with others.

    Raises:
        MalformedError: not a certificate, or a name cannot be read.
    """
    if is_sm2(der):
        found = sm2.read_certificate(der)
        return found.subject, found.issuer
    return subject_of(der), issuer_of(der)


def verify_issued(der: bytes, authority: bytes) -> None:
    """Check that a certificate was issued by another one, of whatever key.

    The one names the other, and is signed with its key. Does NOT ask for a CA, nor for
    any period.

    Args:
        der: the certificate, DER.
        authority: the one that is said to have issued it, DER.

    Raises:
        VerificationError: it was not.
        MalformedError: one of them cannot be read.
        UnavailableError: an SM2 key, and the extra ``gm`` is not installed.
    """
    if names_of(der)[1] != names_of(authority)[0]:
        raise VerificationError("the certificate names another issuer")
    if is_sm2(der):
        sm2.verify_issued(der, sm2.certificate_point(authority))
        return
    try:
        load(der).verify_directly_issued_by(load(authority))
    except _NOT_ISSUED as err:
        raise VerificationError("the certificate was issued by another key") from err


def key_mark(der: bytes) -> bytes:
    """Return what tells a certificate's key from every other key, of whatever kind.

    Args:
        der: one certificate, DER.

    Returns:
        The kid of a P-256 or SM2 key, 8 bytes, as COSE keys have it; else SHA-256 of
        the subjectPublicKeyInfo, 32 bytes.

    Raises:
        MalformedError: not a certificate, or its key cannot be read.
    """
    if is_sm2(der):
        return _sm2_facts(der).public_key.kid
    try:
        public = load(der).public_key()
        if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(
            public.curve, ec.SECP256R1
        ):
            return _public_key(public).kid
        info = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    except UNREADABLE as err:
        raise MalformedError("certificate: the key cannot be read") from err
    return hashlib.sha256(info).digest()


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
