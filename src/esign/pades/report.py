"""What is known of seals, and what was found of one; rules that all kinds share."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from esign.errors import MalformedError, VerificationError
from esign.pades.read import SealedPdf
from esign.pades.subfilter import SubFilter
from esign.verdict import Check, Code, ThreeValued, decide

FORMAT = "seal-format"
TRUST = "seal-trust"
SIGNATURE = "seal-signature"
AUTHORITY = "seal-authority"
KEY = "seal-key"
SECOND_ENGINE = "seal-second-engine"


@dataclass(frozen=True, slots=True)
class SealObject:
    """An electronic seal (SESeal) that a signer may use, and who made it.

    Attributes:
        digest: SM3 of the seal, DER, 32 bytes.
        maker: the maker's certificate and the CA certificates above it, without the
            root, DER.
        maker_revoked_at: from when the maker's certificate was revoked, aware UTC; the
            seal's version says what follows. None for never.
        withdrawn_at: first instant at which the seal may no longer be used, aware UTC;
            None for a seal that was not withdrawn.
    """

    digest: bytes
    maker: tuple[bytes, ...]
    maker_revoked_at: datetime | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SealGrant:
    """What the trust bundle says of one seal certificate.

    Attributes:
        organization: USCC of the organ that may use the seal; the certificate must
            name the same one.
        certificates: the exact set that a seal carries, DER, leaf first.
        roots: the roots that may stand above it, DER.
        signs_from: first instant at which it may seal, aware UTC.
        signs_until: first instant at which it may no longer; None is without an end.
        destroyed: the retired key is attested destroyed; asked from ``signs_until`` on.
        compromised_from: first instant at which somebody else may have sealed with the
            key, aware UTC; None for a key that is not compromised.
        subfilter: the one kind of seal that it makes.
        seals: the electronic seals that it may use; empty for the other kinds.
    """

    organization: str
    certificates: tuple[bytes, ...]
    roots: tuple[bytes, ...]
    signs_from: datetime
    signs_until: datetime | None
    destroyed: bool = False
    compromised_from: datetime | None = None
    subfilter: SubFilter = SubFilter.PADES
    seals: tuple[SealObject, ...] = ()


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal whose signature held under a certificate in the trust bundle.

    Attributes:
        sealed_at: the instant that the seal claims, aware UTC.
        certificate: the certificate that sealed, DER.
        organization: its organizationName.
        code: USCC of the organ that it was granted to.
    """

    sealed_at: datetime
    certificate: bytes
    organization: str
    code: str


@dataclass(frozen=True, slots=True)
class SealReport(ThreeValued):
    """What was found of a sealed PDF.

    Attributes:
        checks: every check that was made, in order.
        seal: the seal where its signature held.
        sealed: the file's structure where ``seal-format`` passed.
    """

    checks: tuple[Check, ...]
    seal: Seal | None
    sealed: SealedPdf | None = field(default=None, repr=False)

    @property
    def code(self) -> Code:
        """The first code by precedence; VALID where every check passed."""
        return decide(self.checks)


Trust = Mapping[bytes, SealGrant]
"""SHA-256 of a seal certificate, 32 bytes -> what it was granted."""


class Findings(NamedTuple):
    """What the rules of one kind of seal gave.

    Attributes:
        checks: format, trust, signature and authority.
        seal: the seal where its signature held under a granted certificate.
        grant: that of the signer's certificate; None for a stranger's.
    """

    checks: tuple[Check, ...]
    seal: Seal | None
    grant: SealGrant | None


class OddContentError(MalformedError):
    """The gap's content is one that the field knows, and not of this profile."""


OTHER_KIND = "the certificate was granted another kind of seal"


def grant_of(certificate: bytes, trust: Trust) -> SealGrant | None:
    """Return what a certificate was granted, None for a stranger's."""
    return trust.get(hashlib.sha256(certificate).digest())


def by_stranger(sealed: SealedPdf, claimed: bytes, misuse: str = "") -> Findings:
    """Return what is found of a seal by a certificate that nobody vouches for.

    Its key counts for nothing, so of the signature only the digest can be checked.

    Args:
        sealed: the file.
        claimed: the digest that the signer claims, 32 bytes.
        misuse: why this signer may not make this seal, where one of the two is known.
    """
    if claimed == sealed.digest:
        signature = Check.not_checked(SIGNATURE, "no trusted key to check it with")
    else:
        found = "the digest in the signature is not the document's"
        signature = Check.failed(SIGNATURE, Code.BAD_SIGNATURE, found)
    trust = Check.passed(TRUST)
    authority = Check.not_checked(AUTHORITY, "there is no grant for this certificate")
    if misuse:
        authority = Check.failed(AUTHORITY, Code.NOT_AUTHORIZED, misuse)
    else:
        unknown = "the certificate is not in the trust bundle"
        trust = Check.failed(TRUST, Code.UNKNOWN_ISSUER, unknown)
    return Findings((Check.passed(FORMAT), trust, signature, authority), None, None)


def made(check_id: str, code: Code, rule: Callable[[], None]) -> Check:
    """Make one check: a rule that raises gives ``code``."""
    try:
        rule()
    except (MalformedError, VerificationError) as err:
        return Check.failed(check_id, code, str(err))
    return Check.passed(check_id)


def require_period(sealed: SealedPdf, grant: SealGrant, at: datetime) -> None:
    """Raise unless a seal was made by ``at`` and in its grant's period.

    Raises:
        VerificationError: it was not.
    """
    if sealed.sealed_at > at:
        raise VerificationError("sealed after the instant of checking")
    if sealed.sealed_at < grant.signs_from:
        raise VerificationError("sealed before the seal's period began")
    if grant.signs_until is not None and sealed.sealed_at >= grant.signs_until:
        raise VerificationError("sealed after the seal's period ended")


def check_key(
    sealed_at: datetime, grant: SealGrant, at: datetime, evidence: datetime | None
) -> Check:
    """Make check 5; by precedence every other refusal comes before it."""
    stolen, retired = grant.compromised_from, grant.signs_until
    reason = None
    if stolen is not None and (sealed_at >= stolen or not _is_older(evidence, stolen)):
        reason = "the seal's key is compromised"
    elif (
        retired is not None
        and at >= retired
        and not (grant.destroyed or _is_older(evidence, retired))
    ):
        reason = "the seal's key is retired and not attested destroyed"
    if reason is not None:
        return Check.failed(KEY, Code.KEY_COMPROMISED, reason)
    return Check.passed(KEY)


def _is_older(evidence: datetime | None, instant: datetime) -> bool:
    return evidence is not None and evidence < instant
