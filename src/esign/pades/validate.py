"""Validating a sealed PDF: bytes and trust in, a report with every check out."""

from collections.abc import Callable, Mapping
from datetime import datetime

from esign import certificates, cms
from esign.cms import SignedData, Template
from esign.errors import MalformedError, UnavailableError, VerificationError
from esign.pades import gm_checks
from esign.pades import second_engine as engine
from esign.pades.read import NoSealError, SealedPdf, learn, read
from esign.pades.report import (
    AUTHORITY,
    FORMAT,
    KEY,
    OTHER_KIND,
    SECOND_ENGINE,
    SIGNATURE,
    TRUST,
    Findings,
    OddContentError,
    Seal,
    SealGrant,
    SealReport,
    Trust,
    by_stranger,
    check_key,
    grant_of,
    made,
    require_period,
)
from esign.pades.subfilter import SubFilter
from esign.verdict import Check, Code

_PASSED_FORMAT, _PASSED_TRUST = Check.passed(FORMAT), Check.passed(TRUST)
_NO_GRANT = Check.not_checked(KEY, "there is no grant for this certificate")
_REFUSED = Check.not_checked(SECOND_ENGINE, "an earlier check refused")
_UNKNOWN_KIND = Check.not_checked(
    SECOND_ENGINE, "no second engine knows this kind of seal"
)
_LEFT_OUT = Check.not_checked(SECOND_ENGINE, "left out by the caller")
# Templates of seals that a trust bundle granted, by their certificates as they stand
# in a CMS. A hit says what :func:`esign.cms.parse` would say, and nothing of trust.
_TEMPLATES: dict[bytes, Template] = {}
_MAX_TEMPLATES = 256  # of 15 KB each


def validate(
    pdf: bytes,
    trust: Trust,
    at: datetime,
    *,
    second_engine: bool = True,
    evidence_before: datetime | None = None,
) -> SealReport:
    """Validate a sealed PDF.

    1. seal-format: the file is in the profile (docs/formats/pdf.md, pdf-gm.md) and the
       content of its gap has the one spelling; UNSUPPORTED without a seal, with a
       content of the GM profile that the field knows and ours does not have, or
       without the extra ``gm``; else MALFORMED.
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
       where a name of that path has characters that it cannot read, and for a seal of
       the GM profile, which it does not know.

    The SubFilter of the file picks the rules, and a certificate was granted one of
    them; those of the GM profile are in :mod:`esign.pades.gm_checks`.

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
        found = _RULES[sealed.subfilter](sealed, trust, at)
    except (NoSealError, OddContentError, UnavailableError) as err:
        return _unreadable(Code.UNSUPPORTED, err)
    except MalformedError as err:
        return _unreadable(Code.MALFORMED, err)
    checks, seal, grant = found
    if grant is None:
        return SealReport((*checks, _NO_GRANT, _REFUSED), None, sealed)
    if seal is not None:
        learn(sealed)
    key = check_key(sealed.sealed_at, grant, at, evidence_before)
    if any(check.code is not None for check in checks):
        last = _REFUSED
    else:
        last = _second_opinion(sealed, grant) if second_engine else _LEFT_OUT
    return SealReport((*checks, key, last), seal, sealed)


def _examine_pades(sealed: SealedPdf, trust: Trust, at: datetime) -> Findings:
    signed = _signed_data(sealed.content, trust)
    grant = grant_of(signed.leaf, trust)
    if grant is None:
        return by_stranger(sealed, signed.digest)
    if grant.subfilter is not SubFilter.PADES:
        return by_stranger(sealed, signed.digest, OTHER_KIND)
    checks = _trusted_checks(sealed, signed, grant, at)
    return Findings(
        checks, _seal(sealed, signed) if checks[2].code is None else None, grant
    )


_RULES: Mapping[SubFilter, Callable[[SealedPdf, Trust, datetime], Findings]] = {
    SubFilter.PADES: _examine_pades,
    SubFilter.GM_SEAL: gm_checks.examine_seal,
    SubFilter.GM_CMS: gm_checks.examine_cms,
}


def _signed_data(content: bytes, trust: Trust) -> SignedData:
    """Return what :func:`esign.cms.parse` returns, of a known seal at speed."""
    template = _TEMPLATES.get(cms.certificates_field(content))
    matched = None if template is None else template.match(content)
    if template is not None and matched is not None:
        return SignedData(template.leaf, template.certificates, *matched)
    signed = cms.parse(content)
    grant = grant_of(signed.leaf, trust)
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
        made(SIGNATURE, Code.BAD_SIGNATURE, lambda: _verify(sealed, signed)),
        made(AUTHORITY, Code.NOT_AUTHORIZED, require_authority),
    )


def _second_opinion(sealed: SealedPdf, grant: SealGrant) -> Check:
    if sealed.subfilter is not SubFilter.PADES:
        return _UNKNOWN_KIND
    # The other roots of a bundle are strangers' and have no say in this.
    leaf, *between = grant.certificates
    path = certificates.validate_path(leaf, between, grant.roots, sealed.sealed_at)
    if not engine.can_read_names((*grant.certificates, *path.certificates)):
        return Check.not_checked(
            SECOND_ENGINE, "the second engine cannot read a name in the chain"
        )

    def confirm() -> None:
        engine.confirm(sealed.data, path.certificates, sealed.sealed_at)

    return made(SECOND_ENGINE, Code.BAD_SIGNATURE, confirm)


def _unreadable(code: Code, err: Exception) -> SealReport:
    rest = (TRUST, SIGNATURE, AUTHORITY, KEY, SECOND_ENGINE)
    return SealReport(
        (
            Check.failed(FORMAT, code, str(err)),
            *(Check.not_checked(name, "there is no readable seal") for name in rest),
        ),
        None,
    )


def _verify(sealed: SealedPdf, signed: SignedData) -> None:
    key = certificates.read_certificate(signed.leaf).public_key
    cms.verify(signed, key, sealed.digest)


def _require_authority(
    sealed: SealedPdf, signed: SignedData, grant: SealGrant, at: datetime
) -> None:
    require_period(sealed, grant, at)
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
