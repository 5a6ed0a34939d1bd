"""A development CA of SM2 keys: a root, an issuing CA, a seal maker (制章者).

For trial only, and its names say so. Beside certificates for who seals it makes the
seals of GB/T 38540 themselves. Keys, certificates and seals are bytes in and out; where
they are kept is the caller's business.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography import x509

from esign import ses, sm2
from esign.algorithms import Suite
from esign.authority import (
    DEFAULT_DAYS,
    ISSUING_NAME,
    ROOT_NAME,
    TrialAuthority,
    period_of,
    subject_name,
)
from esign.ses import Picture, SealDraft
from esign.signer import SoftwareSigner
from esign.sm2.issuing import Draft, ca_extensions, issue, leaf_extensions
from esign.sm2.signing import Sm2Signer

if TYPE_CHECKING:
    from esign.keys import PublicKey

MAKER_NAME = "测试制章 TEST Seal Maker"
TEST_NOTICE = "测试印章，无法律效力"
"""Stands in the name of every seal that is made here."""
VENDOR = "elicense"
UNIT_SEAL = 1  # the seal of an organization (单位印章)
SEAL_VERSION = 4  # GB/T 38540-2020
_POINT_HEAD = b"\x04"


@dataclass(frozen=True, slots=True)
class GmAuthority(TrialAuthority):
    """A root, one issuing CA and one seal maker under it, with their software keys.

    Attributes:
        root: key of the root.
        issuing: key of the issuing CA.
        maker: key of the seal maker.
        root_certificate: self-signed, DER.
        issuing_certificate: signed by the root, DER.
        maker_certificate: signed by the issuing CA, DER.
    """

    root: SoftwareSigner
    issuing: SoftwareSigner
    maker: SoftwareSigner
    root_certificate: bytes
    issuing_certificate: bytes
    maker_certificate: bytes
    _suite = Suite.SM2

    def __post_init__(self) -> None:
        """Refuse keys and certificates that do not belong together.

        Raises:
            ValueError: a key is not the one in its certificate.
            MalformedError: a certificate cannot be read.
        """
        for signer, der in (
            (self.root, self.root_certificate),
            (self.issuing, self.issuing_certificate),
            (self.maker, self.maker_certificate),
        ):
            if sm2.certificate_point(der) != _point(signer.public_key):
                raise ValueError("the key is not the one in its certificate")

    @classmethod
    def create(
        cls, organization_name: str, at: datetime, days: int = DEFAULT_DAYS
    ) -> "GmAuthority":
        """Make new keys, a root, an issuing CA and a seal maker (GB/T 20518-2018).

        Args:
            organization_name: who runs the trial; stands in all names.
            at: first instant of validity, aware UTC, whole seconds.
            days: length of validity of the certificates, days.

        Returns:
            The authority, kept nowhere.

        Raises:
            ValueError: ``at`` is naive or ``days`` is not positive.
            UnavailableError: the extra ``gm`` is not installed.
        """
        root, issuing, maker = (SoftwareSigner.generate(Suite.SM2) for _ in range(3))
        period = period_of(at, days)

        def draft(
            common: str,
            signer: SoftwareSigner,
            extensions: tuple[tuple[x509.ExtensionType, bool], ...],
        ) -> Draft:
            name = subject_name(organization_name, "", common)
            return Draft(name, _point(signer.public_key), period, extensions)

        top = issue(draft(ROOT_NAME, root, ca_extensions(1)), _handle(root))
        between = issue(
            draft(ISSUING_NAME, issuing, ca_extensions(0)), _handle(root), top
        )
        made = issue(
            draft(MAKER_NAME, maker, leaf_extensions()), _handle(issuing), between
        )
        return cls(root, issuing, maker, top, between, made)

    def _certify(
        self, subject: x509.Name, key: "PublicKey", period: tuple[datetime, datetime]
    ) -> bytes:
        """Return a certificate for who seals (签章人; GB/T 20518-2018)."""
        draft = Draft(subject, _point(key), period, leaf_extensions())
        return issue(draft, _handle(self.issuing), self.issuing_certificate)

    def make_seal(self, name: str, picture: Picture, certificate: bytes) -> bytes:
        """Make a test seal that one certificate may use (GB/T 38540-2020, version 4).

        It is good as long as the certificate. Its identifier is random.

        Args:
            name: the seal's name; :data:`TEST_NOTICE` is put behind it.
            picture: what is to be seen; it should say the same.
            certificate: who may use it, DER, of this CA.

        Returns:
            The SESeal, DER.

        Raises:
            ValueError: the name or the picture cannot be in a seal, or the maker's own
                certificate ends before.
            MalformedError: the certificate cannot be read.
        """
        user = sm2.read_certificate(certificate)
        maker = sm2.read_certificate(self.maker_certificate)
        if not maker.not_before <= user.not_before <= user.not_after <= maker.not_after:
            raise ValueError("the seal's period leaves the maker's")
        draft = SealDraft(
            version=SEAL_VERSION,
            vendor=VENDOR,
            identifier=secrets.token_hex(16),
            kind=UNIT_SEAL,
            name=f"{name}（{TEST_NOTICE}）",
            signers=(certificate,),
            created=user.not_before,
            valid_from=user.not_before,
            valid_until=user.not_after,
            picture=picture,
        )
        return ses.build_seal(draft, self.maker_certificate, self.maker)


def _point(key: "PublicKey") -> bytes:
    return _POINT_HEAD + key.material


def _handle(signer: SoftwareSigner) -> Sm2Signer:
    assert isinstance(signer.handle, Sm2Signer)  # noqa: S101  its certificate says so
    return signer.handle
