"""Certificates of timestamp services: for nothing else, and under a root.

RFC 3161, section 2.3, and RFC 5280, section 6, the latter by the one path finder of
:mod:`esign.certificates`.
"""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy

from esign.certificates import UNREADABLE, find_path, load
from esign.errors import MalformedError, VerificationError

MIN_RSA_BITS = 2048  # NIST SP 800-57 part 1, table 2: the least for 112 bits
MAX_RSA_BITS = 8192  # the largest that a certificate can carry and one can wait for
CURVES = (ec.SECP256R1, ec.SECP384R1)


def signing_key(
    certificate: x509.Certificate,
) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    """Return the key of a certificate that may sign timestamps and nothing else.

    1. extendedKeyUsage is critical and exactly timeStamping (RFC 3161, section 2.3).
    2. It is not a CA's; keyUsage, where present, is digitalSignature or
       nonRepudiation and nothing more (RFC 5280, section 4.2.1.12).
    3. The key is P-256, P-384 or RSA of 2048 to 8192 bits.

    Does NOT ask under which root it stands: see :func:`verify_path`.

    Raises:
        VerificationError: one of these does not hold.
        MalformedError: the certificate cannot be read.
    """
    try:
        extensions, key = certificate.extensions, certificate.public_key()
    except UNREADABLE as err:
        raise MalformedError("certificate: a field cannot be read") from err
    if not _stamps_only(extensions) or not _only_signs(extensions):
        raise VerificationError("the certificate is not for timestamps alone")
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES):
        return key
    if (
        isinstance(key, rsa.RSAPublicKey)
        and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS
    ):
        return key
    raise VerificationError("the key is neither P-256, P-384 nor RSA of 2048 bits")


def verify_path(
    leaf: bytes, intermediates: Sequence[bytes], roots: Sequence[bytes], at: datetime
) -> None:
    """Check that ``leaf`` is a timestamp certificate under one of ``roots`` at ``at``.

    1. The leaf is for timestamps alone: see :func:`signing_key`.
    2. Its key is neither a root's nor an intermediate's.
    3. A path of valid signatures leads over CA certificates to a root, all valid at
       ``at``. A CA with an extendedKeyUsage has timeStamping in it.

    Does NOT look at revocation: a withdrawn service leaves the trust bundle.

    Args:
        leaf: the certificate of the service, DER.
        intermediates: CA certificates between leaf and root, DER, any order.
        roots: the pinned roots, DER; empty means refuse.
        at: the instant at which the path must hold, a token's genTime, aware UTC.

    Raises:
        VerificationError: the path does not hold.
        MalformedError: one of the certificates cannot be read.
        ValueError: ``at`` is naive.
    """
    signing_key(load(leaf))
    # The rules for the leaf are those of signing_key, which was asked just now.
    stamps = ExtensionPolicy.permit_all().require_present(
        x509.ExtendedKeyUsage, Criticality.CRITICAL, None
    )
    find_path(leaf, intermediates, roots, at, stamps, _ca_policy())


def is_inside_period(certificate: x509.Certificate, at: datetime) -> bool:
    """Tell whether ``at`` lies in the certificate's period, both ends included."""
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _ca_policy() -> ExtensionPolicy:
    """Return what a CA over a service must be; the library's own is for the web.

    That cA is asserted and the path not too long the verifier asks in any case.
    """
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.CRITICAL, None)
        .require_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates)
        .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _may_stamp)
    )


def _signs_certificates(
    _policy: verification.Policy,
    _certificate: x509.Certificate,
    extension: x509.KeyUsage,
) -> None:
    if not extension.key_cert_sign:
        raise ValueError("the CA may not sign certificates")


def _may_stamp(
    _policy: verification.Policy,
    _certificate: x509.Certificate,
    extension: x509.ExtendedKeyUsage | None,
) -> None:
    allowed = (
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    )
    if extension is not None and not any(usage in allowed for usage in extension):
        raise ValueError("the CA is for other uses than timestamps")


def _stamps_only(extensions: x509.Extensions) -> bool:
    try:
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _only_signs(extensions: x509.Extensions) -> bool:
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.ca:
            return False
        if isinstance(value, x509.KeyUsage) and not _signs_data(value):
            return False
    return True


def _signs_data(usage: x509.KeyUsage) -> bool:
    others = (
        usage.key_encipherment,
        usage.data_encipherment,
        usage.key_agreement,
        usage.key_cert_sign,
        usage.crl_sign,
    )
    return (usage.digital_signature or usage.content_commitment) and not any(others)
