"""A development CA: makes the certificates that trials and tests need.

For trial only, and its names say so. Keys and certificates are bytes in and out; where
they are kept is the caller's business.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from esign import certificates
from esign.algorithms import Suite
from esign.keys import PublicKey
from esign.revocation import Reason, Revocation
from esign.signer import SoftwareSigner

ROOT_NAME = "测试根 TEST Root"
ISSUING_NAME = "测试签发 TEST Issuing"
SEAL_NAME = "测试印章 TEST Seal"
DEFAULT_DAYS = 3650  # ten years: longer than the longest seal certificate made here


class TrialAuthority(ABC):
    """What an authority for trials is: a root, and one issuing CA under it.

    Attributes:
        root_certificate: self-signed, DER.
        issuing_certificate: signed by the root, DER.
    """

    __slots__ = ()
    root_certificate: bytes
    issuing_certificate: bytes
    _suite: ClassVar[Suite]

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The CA certificates between who seals and the root, DER."""
        return (self.issuing_certificate,)

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The roots to pin, DER."""
        return (self.root_certificate,)

    def issue_seal(
        self,
        public_key: PublicKey,
        organization: str,
        code: str,
        at: datetime,
        days: int,
    ) -> bytes:
        """Issue a certificate for who seals, as its validation wants it.

        Args:
            public_key: the key that seals, of the suite of this authority's own.
            organization: name of the organ.
            code: its USCC, goes to organizationIdentifier (ETSI EN 319 412-3, 4.2.1).
            at: first instant of validity, aware UTC, whole seconds.
            days: length of validity, days.

        Returns:
            The certificate, DER.

        Raises:
            ValueError: another kind of key, a naive instant, no day at all, or a
                period that leaves the issuing CA's own.
        """
        if public_key.suite is not self._suite:
            raise ValueError(f"this CA certifies keys of {self._suite.name} alone")
        subject = subject_name(organization, code, SEAL_NAME)
        return self._certify(subject, public_key, period_of(at, days))

    @abstractmethod
    def _certify(
        self, subject: x509.Name, key: PublicKey, period: tuple[datetime, datetime]
    ) -> bytes:
        """Return the certificate of who seals, DER, signed by the issuing CA."""


@dataclass(frozen=True, slots=True)
class DevelopmentAuthority(TrialAuthority):
    """A root and one issuing CA under it, with their software keys.

    Attributes:
        root: key of the root.
        issuing: key of the issuing CA.
        root_certificate: self-signed, DER.
        issuing_certificate: signed by the root, DER.
    """

    root: SoftwareSigner
    issuing: SoftwareSigner
    root_certificate: bytes
    issuing_certificate: bytes
    _suite = Suite.ES256

    def __post_init__(self) -> None:
        """Refuse keys and certificates that do not belong together.

        Raises:
            ValueError: a key is not the one in its certificate.
            MalformedError: a certificate cannot be read.
        """
        for signer, der in (
            (self.root, self.root_certificate),
            (self.issuing, self.issuing_certificate),
        ):
            if certificates.read_certificate(der).public_key != signer.public_key:
                raise ValueError("the key is not the one in its certificate")

    @classmethod
    def create(
        cls, organization_name: str, at: datetime, days: int = DEFAULT_DAYS
    ) -> "DevelopmentAuthority":
        """Make new keys, a root and an issuing CA (RFC 5280, section 4).

        Args:
            organization_name: who runs the trial; stands in both names.
            at: first instant of validity, aware UTC, whole seconds.
            days: length of validity of both certificates, days.

        Returns:
            The authority, kept nowhere.

        Raises:
            ValueError: ``at`` is naive or ``days`` is not positive.
        """
        root = SoftwareSigner.generate(Suite.ES256)
        issuing = SoftwareSigner.generate(Suite.ES256)
        root_name = subject_name(organization_name, "", ROOT_NAME)
        period = period_of(at, days)
        root_draft = _ca_draft(_draft(root_name, root_name, root.public_key, period), 1)
        issuing_draft = _ca_draft(
            _draft(
                subject_name(organization_name, "", ISSUING_NAME),
                root_name,
                issuing.public_key,
                period,
            ),
            0,
        )
        return cls(
            root,
            issuing,
            _sign(root_draft, root, root.public_key),
            _sign(issuing_draft, root, root.public_key),
        )

    def _certify(
        self, subject: x509.Name, key: PublicKey, period: tuple[datetime, datetime]
    ) -> bytes:
        """Return a certificate as :func:`certificates.validate_path` wants it."""
        issuer = x509.load_der_x509_certificate(self.issuing_certificate)
        start, end = period
        if start < issuer.not_valid_before_utc or end > issuer.not_valid_after_utc:
            raise ValueError("the seal's period leaves the issuing CA's period")
        draft = (
            _draft(subject, issuer.subject, key, period)
            .add_extension(
                x509.BasicConstraints(ca=False, path_length=None), critical=True
            )
            .add_extension(certificates.seal_key_usage(), critical=True)
            .add_extension(
                x509.CertificatePolicies(
                    [x509.PolicyInformation(certificates.SEAL_POLICY_OID, None)]
                ),
                critical=False,
            )
        )
        return _sign(draft, self.issuing, self.issuing.public_key)

    def crl(
        self,
        at: datetime,
        days: int,
        revoked: Mapping[bytes, tuple[datetime, str] | Revocation],
    ) -> bytes:
        """Return the issuing CA's complete list of revoked seals (RFC 5280, section 5).

        The list's number is its own instant in seconds, so that a later one is higher.

        Args:
            at: thisUpdate, aware UTC, whole seconds.
            days: until nextUpdate, days.
            revoked: a certificate of this CA, DER, to when it was revoked and why: the
                name of a :class:`Reason`, and after it since when it was wrong, if that
                is known.

        Returns:
            The list, DER.

        Raises:
            ValueError: a naive instant, no day at all, a revocation after ``at``, an
                unknown reason, or a certificate of another CA.
            MalformedError: a certificate cannot be read.
        """
        return _list(
            self.issuing_certificate, self.issuing, period_of(at, days), revoked
        )

    def root_crl(
        self,
        at: datetime,
        days: int,
        revoked: Mapping[bytes, tuple[datetime, str] | Revocation],
    ) -> bytes:
        """Return the root's list, the one on which an issuing CA can stand.

        As :meth:`crl` in everything else.
        """
        return _list(self.root_certificate, self.root, period_of(at, days), revoked)


def period_of(at: datetime, days: int) -> tuple[datetime, datetime]:
    """Return first and last instant of a certificate; ValueError if it has no day."""
    if at.tzinfo is None:
        raise ValueError("the instant must be aware")
    if days < 1:
        raise ValueError("the period must have at least one day")
    return at, at + timedelta(days=days)


def subject_name(organization: str, code: str, common: str) -> x509.Name:
    """Return a name with organizationIdentifier (ETSI EN 319 412-3, 4.2.1).

    Args:
        organization: organizationName.
        code: the USCC, left out where it is empty.
        common: commonName.
    """
    parts = (
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.ORGANIZATION_IDENTIFIER, code),
        (NameOID.COMMON_NAME, common),
    )
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts if text])


def _handle(key: PublicKey) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), b"\x04" + key.material
    )


def _draft(
    subject: x509.Name,
    issuer: x509.Name,
    key: PublicKey,
    period: tuple[datetime, datetime],
) -> x509.CertificateBuilder:
    handle = _handle(key)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(handle)
        .serial_number(x509.random_serial_number())
        .not_valid_before(period[0])
        .not_valid_after(period[1])
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(handle), critical=False
        )
    )


def _ca_draft(
    draft: x509.CertificateBuilder, path_length: int
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    return draft.add_extension(constraints, critical=True).add_extension(
        usage, critical=True
    )


def _list(
    issuer: bytes,
    signer: SoftwareSigner,
    period: tuple[datetime, datetime],
    revoked: Mapping[bytes, tuple[datetime, str] | Revocation],
) -> bytes:
    """Return the list of the CA that ``issuer`` and ``signer`` are."""
    at, until = period
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificates.load(issuer).subject)
        .last_update(at)
        .next_update(until)
        .add_extension(_authority_key(signer.public_key), critical=False)
        .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
    )
    for der, (since, reason, *wrong_from) in revoked.items():
        entry = Revocation(since, Reason(reason), *wrong_from)
        builder = builder.add_revoked_certificate(_revoked(der, issuer, entry, at))
    return builder.sign(
        _private(signer), hashes.SHA256(), ecdsa_deterministic=True
    ).public_bytes(serialization.Encoding.DER)


def _revoked(
    der: bytes, issuer: bytes, entry: Revocation, at: datetime
) -> x509.RevokedCertificate:
    certificate = certificates.load(der)
    for instant in (entry.at, entry.invalid_from or entry.at):
        if instant.tzinfo is None or instant > at:
            raise ValueError("revoked at a naive instant, or after the list was made")
    try:
        certificate.verify_directly_issued_by(certificates.load(issuer))
    except InvalidSignature as err:
        raise ValueError("the certificate is another CA's") from err
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(certificate.serial_number)
        .revocation_date(entry.at)
    )
    if entry.reason is not Reason.UNSPECIFIED:  # is left out (RFC 5280, 5.3.1)
        reason = x509.CRLReason(x509.ReasonFlags(entry.reason.value))
        builder = builder.add_extension(reason, critical=False)
    if entry.invalid_from is not None:
        since = x509.InvalidityDate(entry.invalid_from)
        builder = builder.add_extension(since, critical=False)
    return builder.build()


def _sign(
    draft: x509.CertificateBuilder, signer: SoftwareSigner, issuer: PublicKey
) -> bytes:
    return (
        draft.add_extension(_authority_key(issuer), critical=False)
        .sign(_private(signer), hashes.SHA256(), ecdsa_deterministic=True)
        .public_bytes(serialization.Encoding.DER)
    )


def _authority_key(issuer: PublicKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(_handle(issuer))


def _private(signer: SoftwareSigner) -> ec.EllipticCurvePrivateKey:
    if not isinstance(signer.handle, ec.EllipticCurvePrivateKey):
        raise TypeError("a development CA signs with a P-256 key")
    return signer.handle
