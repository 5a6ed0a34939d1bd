"""Validating a sealed PDF: bytes and trust in, a report with every check out."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from esign import certificates, cms
from esign.cms import SignedData, Template
from esign.errors import MalformedError, VerificationError
from esign.pades import second_engine as engine
from esign.pades.read import NoSealError, SealedPdf, learn, read
from esign.verdict import Check, Code, decide

FORMAT = "seal-format"
TRUST = "seal-trust"
SIGNATURE = "seal-signature"
AUTHORITY = "seal-authority"
KEY = "seal-key"
SECOND_ENGINE = "seal-second-engine"
_PASSED_FORMAT, _PASSED_TRUST = Check.passed(FORMAT), Check.passed(TRUST)
_PASSED_KEY = Check.passed(KEY)
_LEFT_OUT = Check.not_checked(SECOND_ENGINE, "left out by the caller")
# Templates of seals that a trust bundle granted, by their certificates as they stand
# in a CMS. A hit says what :func:`esign.cms.parse` would say, and nothing of trust.
_TEMPLATES: dict[bytes, Template] = {}
_MAX_TEMPLATES = 256  # of 15 KB each


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
    """

    organization: str
    certificates: tuple[bytes, ...]
    roots: tuple[bytes, ...]
    signs_from: datetime
    signs_until: datetime | None
    destroyed: bool = False
    compromised_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal whose signature held under a certificate in the trust bundle.

    Attributes:
        sealed_at: the instant that the seal claims, aware UTC.
        certificate: the certificate that sealed, DER.
        organization: its organizationName.
        code: its organizationIdentifier, the USCC.
    """

    sealed_at: datetime
    certificate: bytes
    organization: str
    code: str


@dataclass(frozen=True, slots=True)
class SealReport:
    """What was found of a sealed PDF.

    Attributes:
        checks: every check that was made, in order.
        seal: the seal where its signature held.
        sealed: the file's structure where ``seal-format`` passed.
    """

    checks: tuple[Check, ...]
    seal: Seal | None
    sealed: SealedPdf | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        """Refuse: there are three values, not two; compare :attr:`code`."""
        raise TypeError("a report has three values; compare its code")

    @property
    def code(self) -> Code:
        """The first code by precedence; VALID where every check passed."""
        return decide(self.checks)


def validate(
    pdf: bytes,
    trust: Mapping[bytes, SealGrant],
    at: datetime,
    *,
    second_engine: bool = True,
    evidence_before: datetime | None = None,
) -> SealReport:
    """Validate a sealed PDF.

    1. seal-format: the file is in the profile (docs/formats/pdf.md) and its CMS has
       the one spelling; UNSUPPORTED without a seal, else MALFORMED.
    2. seal-trust: the signing certificate is in ``trust``; UNKNOWN_ISSUER.
    3. seal-signature: the digest is the file's and the signature holds under that
       certificate's key; BAD_SIGNATURE.
    4. seal-authority: the seal was made by ``at``, inside the grant's period, with the
       grant's exact certificates, for the grant's organization, under a path to a root
       that held at the sealing instant; NOT_AUTHORIZED.
    5. seal-key: nobody else can have made the seal; KEY_COMPROMISED. Of a compromised
       key that is so only for a seal made before the compromise, in a file proven to
       have existed before it; of a retired key for a file proven to have existed before
       it retired, or once the key is attested destroyed.
    6. seal-second-engine: pyHanko agrees, under the path that 4 found; BAD_SIGNATURE.
       Made only where 1 to 4 passed, so that it can only add a refusal. NOT_CHECKED
       where a name of that path has characters that it cannot read.

    Never raises for bad input. Does NOT look at attachments or at the page, and does
    NOT prove the sealing instant, which is the sealer's own claim: so a seal that says
    it was made after the compromise is as doubtful as one that says it was not.

    Args:
        pdf: the whole file, any bytes.
        trust: SHA-256 of a seal certificate (32 bytes) to what it was granted; empty
            means that nothing passes.
        at: the instant of checking, aware UTC.
        second_engine: False leaves check 6 out and says so (NOT_CHECKED): for bulk
            runs, since it costs forty times the others.
        evidence_before: the latest instant at which this very file is proven to have
            existed, by a key of another organization that the caller verified; aware
            UTC, None without evidence.

    Returns:
        The checks in this order, and the seal where 1 to 3 passed.

    Raises:
        ValueError: ``at`` or ``evidence_before`` is naive.
    """
    instants = (at, evidence_before)
    if any(one is not None and one.tzinfo is None for one in instants):
        raise ValueError("the instants of checking and of the evidence must be aware")
    try:
        sealed = read(pdf)
        signed = _signed_data(sealed.content, trust)
    except NoSealError as err:
        return _unreadable(Code.UNSUPPORTED, err)
    except MalformedError as err:
        return _unreadable(Code.MALFORMED, err)
    grant = trust.get(hashlib.sha256(signed.leaf).digest())
    if grant is None:
        return SealReport(_untrusted_checks(sealed, signed), None, sealed)
    checks = _trusted_checks(sealed, signed, grant, at)
    seal = None
    if checks[2].code is None:
        seal = _seal(sealed, signed)
        learn(sealed)
    key = _key_check(sealed.sealed_at, grant, at, evidence_before)
    if any(check.code is not None for check in checks):
        last = Check.not_checked(SECOND_ENGINE, "an earlier check refused")
    elif second_engine:
        last = _second_opinion(pdf, signed.leaf, grant, sealed.sealed_at)
    else:
        last = _LEFT_OUT
    return SealReport((*checks, key, last), seal, sealed)


def _signed_data(content: bytes, trust: Mapping[bytes, SealGrant]) -> SignedData:
    """Return what :func:`esign.cms.parse` returns, of a known seal at speed."""
    template = _TEMPLATES.get(cms.certificates_field(content))
    matched = None if template is None else template.match(content)
    if template is not None and matched is not None:
        return SignedData(template.leaf, template.certificates, *matched)
    signed = cms.parse(content)
    grant = trust.get(hashlib.sha256(signed.leaf).digest())
    if grant is not None and signed.certificates == tuple(sorted(grant.certificates)):
        if len(_TEMPLATES) >= _MAX_TEMPLATES:
            _TEMPLATES.clear()
        made = Template(signed.leaf, signed.certificates)
        _TEMPLATES[made.field] = made
    return signed


def _trusted_checks(
    sealed: SealedPdf, signed: SignedData, grant: SealGrant, at: datetime
) -> tuple[Check, ...]:
    """Make checks 1 to 4 of a seal by a certificate in the trust bundle."""

    def require_authority() -> None:
        _require_authority(sealed, signed, grant, at)

    return (
        _PASSED_FORMAT,
        _PASSED_TRUST,
        _made(SIGNATURE, Code.BAD_SIGNATURE, lambda: _verify(sealed, signed)),
        _made(AUTHORITY, Code.NOT_AUTHORIZED, require_authority),
    )


def _key_check(
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
    return _PASSED_KEY


def _is_older(evidence: datetime | None, instant: datetime) -> bool:
    return evidence is not None and evidence < instant


def _second_opinion(
    pdf: bytes, leaf: bytes, grant: SealGrant, sealed_at: datetime
) -> Check:
    # The other roots of a bundle are strangers' and have no say in this.
    path = certificates.validate_path(
        leaf, grant.certificates[1:], grant.roots, sealed_at
    )
    if not engine.can_read_names((*grant.certificates, *path.certificates)):
        return Check.not_checked(
            SECOND_ENGINE, "the second engine cannot read a name in the chain"
        )

    def confirm() -> None:
        engine.confirm(pdf, path.certificates, sealed_at)

    return _made(SECOND_ENGINE, Code.BAD_SIGNATURE, confirm)


def _made(check_id: str, code: Code, rule: Callable[[], None]) -> Check:
    """Make one check: a rule that raises gives ``code``."""
    try:
        rule()
    except (MalformedError, VerificationError) as err:
        return Check.failed(check_id, code, str(err))
    return Check.passed(check_id)


def _unreadable(code: Code, err: MalformedError) -> SealReport:
    rest = (TRUST, SIGNATURE, AUTHORITY, KEY, SECOND_ENGINE)
    return SealReport(
        (
            Check.failed(FORMAT, code, str(err)),
            *(Check.not_checked(name, "there is no readable seal") for name in rest),
        ),
        None,
    )


def _untrusted_checks(sealed: SealedPdf, signed: SignedData) -> tuple[Check, ...]:
    """Return the checks of a seal by a certificate that nobody vouches for.

    Its key counts for nothing, so of the signature only the digest can be checked.
    """
    if signed.digest == sealed.digest:
        signature = Check.not_checked(SIGNATURE, "no trusted key to check it with")
    else:
        signature = Check.failed(
            SIGNATURE,
            Code.BAD_SIGNATURE,
            "the digest in the signature is not the document's",
        )
    return (
        Check.passed(FORMAT),
        Check.failed(
            TRUST, Code.UNKNOWN_ISSUER, "the certificate is not in the trust bundle"
        ),
        signature,
        Check.not_checked(AUTHORITY, "there is no grant for this certificate"),
        Check.not_checked(KEY, "there is no grant for this certificate"),
        Check.not_checked(SECOND_ENGINE, "an earlier check refused"),
    )


def _verify(sealed: SealedPdf, signed: SignedData) -> None:
    key = certificates.read_certificate(signed.leaf).public_key
    cms.verify(signed, key, sealed.digest)


def _require_authority(
    sealed: SealedPdf, signed: SignedData, grant: SealGrant, at: datetime
) -> None:
    if sealed.sealed_at > at:
        raise VerificationError("sealed after the instant of checking")
    if sealed.sealed_at < grant.signs_from:
        raise VerificationError("sealed before the seal's period began")
    if grant.signs_until is not None and sealed.sealed_at >= grant.signs_until:
        raise VerificationError("sealed after the seal's period ended")
    if signed.certificates != tuple(sorted(grant.certificates)):
        raise VerificationError("the certificates are not exactly the granted ones")
    if certificates.read_certificate(signed.leaf).code != grant.organization:
        raise VerificationError("the certificate names another organization")
    certificates.validate_path(
        signed.leaf, grant.certificates[1:], grant.roots, sealed.sealed_at
    )


def _seal(sealed: SealedPdf, signed: SignedData) -> Seal:
    facts = certificates.read_certificate(signed.leaf)
    return Seal(sealed.sealed_at, signed.leaf, facts.organization, facts.code)
