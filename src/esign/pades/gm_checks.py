"""Checks 1 to 4 of a seal in the GM profile (docs/formats/pdf-gm.md, section 5).

What :mod:`esign.ses` finds of a signature, by the standards' own order, is gathered
under the checks that every kind of seal has. Whom to believe comes from the grant
alone: no seal and no certificate of the file becomes part of a path.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from esign import ses, sm2
from esign.errors import MalformedError, VerificationError
from esign.pades.contents import property_info
from esign.pades.read import SealedPdf
from esign.pades.report import (
    AUTHORITY,
    FORMAT,
    OTHER_KIND,
    SIGNATURE,
    TRUST,
    Findings,
    OddContentError,
    Seal,
    SealGrant,
    Trust,
    by_stranger,
    grant_of,
    made,
    require_period,
)
from esign.pades.subfilter import SubFilter
from esign.revocation import Fate
from esign.ses.signature_checks import check_listed
from esign.sm2 import oids
from esign.verdict import Check, Code, Indication, decide

VERSIONS = (4, 5)  # of GB/T 38540-2020 and GM/T 0031-2025
_OF_SIGNATURE = frozenset({"seal-signature", "signature", "digest"})
# The state of a certificate or seal is not the license's: each has words of its own.
_CODES = {
    Code.ALTERED: Code.BAD_SIGNATURE,
    Code.EXPIRED: Code.NOT_AUTHORIZED,
    Code.NOT_YET_VALID: Code.NOT_AUTHORIZED,
    Code.REVOKED: Code.NOT_AUTHORIZED,
}
_A_MOMENT = timedelta(seconds=1)


def examine_seal(sealed: SealedPdf, trust: Trust, at: datetime) -> Findings:
    """Make checks 1 to 4 of an SES_Signature.

    Raises:
        OddContentError: what the field has beside the standard, or version 1.
        MalformedError: no SES_Signature, or not as section 2 has it.
        UnavailableError: the extra ``gm`` is not installed.
    """
    return examine_signature(sealed, _read_signature(sealed), trust, at)


def examine_signature(
    sealed: SealedPdf, signature: ses.Signature, trust: Trust, at: datetime
) -> Findings:
    """Make checks 2 to 4 of an SES_Signature that was read; check 1 holds.

    Args:
        sealed: what is sealed, with the content that the signature was read from.
        signature: that very signature.
        trust: what was granted.
        at: the instant of checking, aware UTC.
    """
    grant = grant_of(signature.certificate, trust)
    if grant is None:
        return by_stranger(sealed, signature.digest, _misuse(signature, trust))
    if grant.subfilter is not SubFilter.GM_SEAL:
        return by_stranger(sealed, signature.digest, OTHER_KIND)
    report = ses.validate_signature(
        sealed.content, sealed.digest, _ses_trust(grant, at), at
    )

    def require_authority() -> None:
        _require_authority(sealed, signature, grant, at)

    known, held, authority = (
        _gathered(name, report.checks) for name in (TRUST, SIGNATURE, AUTHORITY)
    )
    if authority.code is None:
        authority = made(AUTHORITY, Code.NOT_AUTHORIZED, require_authority)
    checks = (Check.passed(FORMAT), known, held, authority)
    if known.code is not None or held.code is not None:
        return Findings(checks, None, grant)
    return Findings(checks, _seal(sealed, signature.certificate, grant), grant)


def examine_cms(sealed: SealedPdf, trust: Trust, at: datetime) -> Findings:
    """Make checks 1 to 4 of a SignedData.

    Raises:
        OddContentError: a SignedData of the field that is spelled otherwise.
        MalformedError: no SignedData.
        UnavailableError: the extra ``gm`` is not installed.
    """
    signed = _read_detached(sealed.content)
    grant = grant_of(signed.leaf, trust)
    if grant is None:
        return by_stranger(sealed, signed.digest)
    if grant.subfilter is not SubFilter.GM_CMS:
        return by_stranger(sealed, signed.digest, OTHER_KIND)

    def verify() -> None:
        ses.verify_detached(signed, sealed.digest)

    def require_authority() -> None:
        require_period(sealed, grant, at)
        if signed.certificates != tuple(sorted(grant.certificates)):
            raise VerificationError("the certificates are not exactly the granted ones")
        _require_organization(signed.leaf, grant)
        sm2.find_path(
            signed.leaf, grant.certificates[1:], grant.roots, sealed.sealed_at
        )

    checks = (
        Check.passed(FORMAT),
        Check.passed(TRUST),
        made(SIGNATURE, Code.BAD_SIGNATURE, verify),
        made(AUTHORITY, Code.NOT_AUTHORIZED, require_authority),
    )
    found = _seal(sealed, signed.leaf, grant) if checks[2].code is None else None
    return Findings(checks, found, grant)


def _read_signature(sealed: SealedPdf) -> ses.Signature:
    """Read the SES_Signature in its one spelling (section 2)."""
    try:
        signature = ses.read_signature(sealed.content)
    except MalformedError as err:
        odd = ses.read_signature(sealed.content, lenient=True)
        shown = ", ".join(one.value for one in odd.oddities)
        raise OddContentError(f"the signature is not as the standard: {shown}") from err
    if signature.version not in VERSIONS:
        raise OddContentError("a signature of version 1")
    if signature.extensions or signature.timestamp is not None:
        raise OddContentError("the signature has extDatas or a timestamp")
    if signature.time != sealed.sealed_at:
        raise MalformedError("the signature's timeInfo is not /M")
    if signature.property_info != property_info(sealed.byte_range):
        raise MalformedError("the signature's propertyInfo is not the ByteRange")
    if ses.spell_signature(signature) != sealed.content:
        raise MalformedError("the signature is not the one spelling of its parts")
    return signature


def _read_detached(content: bytes) -> ses.Detached:
    """Read the SignedData in its one spelling (section 3)."""
    try:
        return ses.parse_detached(content)
    except MalformedError as err:
        ses.read_signed_data(content, lenient=True)
        raise OddContentError(
            "a SignedData that is spelled otherwise than ours"
        ) from err


def _misuse(signature: ses.Signature, trust: Trust) -> str:
    """Return why a strange signer may not use a known seal; empty if it is unknown."""
    digest = sm2.sm3(signature.seal.der)
    is_known = any(
        digest == one.digest for grant in trust.values() for one in grant.seals
    )
    listed = check_listed(signature.seal, signature.certificate)
    return listed.detail if is_known and listed.code is not None else ""


def _ses_trust(grant: SealGrant, at: datetime) -> ses.SesTrust:
    """Return whom the grant lets one believe.

    What it says of revocations it says for now: how old it is, and its bundle, is
    judged where the bundle is.
    """
    makers = [one.maker for one in grant.seals]
    fates = {
        one.maker[0]: Fate(revoked_at=one.maker_revoked_at, compromised_from=None)
        for one in grant.seals
        if one.maker_revoked_at is not None
    }
    between = [*grant.certificates[1:], *(der for chain in makers for der in chain[1:])]
    return ses.SesTrust(
        makers=tuple(chain[0] for chain in makers),
        roots=grant.roots,
        intermediates=tuple(dict.fromkeys(between)),
        revocations=ses.Revocations(at, at + _A_MOMENT, fates),
    )


def _gathered(name: str, checks: Iterable[Check]) -> Check:
    """Return one of the checks that every seal has, of those that the standards have.

    Each of theirs must have passed: one that could not be made is no yes.
    """
    wrong = [
        check
        for check in checks
        if check.indication is not Indication.PASSED and _home(check) == name
    ]
    if not wrong:
        return Check.passed(name)
    causes = [check for check in wrong if check.code is not None]
    code = decide(causes) if causes else Code.UNSUPPORTED
    detail = next(check.detail for check in wrong if check.code in (code, None))
    return Check.failed(name, _CODES.get(code, code), detail)


def _home(check: Check) -> str:
    if check.code is Code.UNKNOWN_ISSUER:
        return TRUST
    return SIGNATURE if check.id in _OF_SIGNATURE else AUTHORITY


def _require_authority(
    sealed: SealedPdf, signature: ses.Signature, grant: SealGrant, at: datetime
) -> None:
    """Raise unless the grant allows this signature, beside what the standards ask."""
    require_period(sealed, grant, at)
    digest = sm2.sm3(signature.seal.der)
    used = next((one for one in grant.seals if one.digest == digest), None)
    if used is None:
        raise VerificationError("the seal is not one that was granted to its signer")
    if used.withdrawn_at is not None and sealed.sealed_at >= used.withdrawn_at:
        raise VerificationError("the seal was withdrawn before it was used")
    _require_organization(signature.certificate, grant)


def _require_organization(leaf: bytes, grant: SealGrant) -> None:
    """Raise if a certificate names another organization than the grant."""
    named = sm2.read_certificate(leaf).attribute(oids.ORGANIZATION_IDENTIFIER)
    if named not in ("", grant.organization):
        raise VerificationError("the certificate names another organization")


def _seal(sealed: SealedPdf, leaf: bytes, grant: SealGrant) -> Seal:
    name = sm2.read_certificate(leaf).attribute(oids.ORGANIZATION_NAME)
    return Seal(sealed.sealed_at, leaf, name, grant.organization)
