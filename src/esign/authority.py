"""A development CA: makes the certificates that trials and tests need.

For trial only, and its names say so. Keys and certificates are bytes in and out; where
they are kept is the caller's business.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from esign import certificates
from esign.algorithms import Suite
from esign.keys import PublicKey
from esign.signer import SoftwareSigner

ROOT_NAME = "测试根 TEST Root"
ISSUING_NAME = "测试签发 TEST Issuing"
SEAL_NAME = "测试印章 TEST Seal"
DEFAULT_DAYS = 3650  # ten years: longer than the longest seal certificate made here


@dataclass(frozen=True, slots=True)
class DevelopmentAuthority:
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
        root_name = _name(organization_name, "", ROOT_NAME)
        period = _period(at, days)
        root_draft = _ca_draft(_draft(root_name, root_name, root.public_key, period), 1)
        issuing_draft = _ca_draft(
            _draft(
                _name(organization_name, "", ISSUING_NAME),
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

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The CA certificates that go into a seal beside its own, DER."""
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
        """Issue a seal certificate, as :func:`certificates.validate_path` wants it.

        Args:
            public_key: the seal's key, ES256.
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
        if public_key.suite is not Suite.ES256:
            raise ValueError("a seal certificate needs an ES256 key")
        issuer = x509.load_der_x509_certificate(self.issuing_certificate)
        start, end = _period(at, days)
        if start < issuer.not_valid_before_utc or end > issuer.not_valid_after_utc:
            raise ValueError("the seal's period leaves the issuing CA's period")
        draft = (
            _draft(
                _name(organization, code, SEAL_NAME),
                issuer.subject,
                public_key,
                (start, end),
            )
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


def _period(at: datetime, days: int) -> tuple[datetime, datetime]:
    if at.tzinfo is None:
        raise ValueError("the instant must be aware")
    if days < 1:
        raise ValueError("the period must have at least one day")
    return at, at + timedelta(days=days)


def _name(organization: str, code: str, common: str) -> x509.Name:
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


def _sign(
    draft: x509.CertificateBuilder, signer: SoftwareSigner, issuer: PublicKey
) -> bytes:
    if not isinstance(signer.handle, ec.EllipticCurvePrivateKey):
        raise TypeError("a development CA signs with a P-256 key")
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(_handle(issuer))
    return (
        draft.add_extension(authority_key, critical=False)
        .sign(signer.handle, hashes.SHA256(), ecdsa_deterministic=True)
        .public_bytes(serialization.Encoding.DER)
    )
