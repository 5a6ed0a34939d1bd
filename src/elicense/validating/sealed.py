"""The checks of a sealed PDF: seal, token, record and face are one object."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from elicense import attachments, payload, record
from elicense.attachments import Attachments, NoLicenseError
from elicense.catalog import Catalog, LicenseType
from elicense.catalog.kinds import FIRST_GRANT
from elicense.errors import UnknownTypeError
from elicense.fonts import STANDARD, FontSet
from elicense.identifiers import issuer_part
from elicense.model import License
from elicense.payload import Claims
from elicense.policy import ValidationPolicy
from elicense.trust import TrustState
from elicense.validating.evidence import NO_EVIDENCE, Evidence
from elicense.validating.face_check import check_face
from elicense.validating.token import NO_TOKEN, TokenFindings, check_token
from elicense.validating.verdict import Scope
from esign import pades
from esign.errors import MalformedError
from esign.pades import Seal, SealReport
from esign.pades.read import Objects
from esign.verdict import Check, Code, Indication

if TYPE_CHECKING:
    from esign.pades.platform import PlatformReport

Report = TypeVar("Report", SealReport, "PlatformReport")

_PASSED = {
    name: Check.passed(name) for name in ("attachments", "seal-issuer", "record")
}
_FACE_LEFT_OUT = Check.not_checked("face", "the policy does not ask for it")
_TAIL_BYTES = 1024  # in which %%EOF stands (ISO 32000-1, annex H, note 18)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What one validation is asked, beside its input."""

    trust: TrustState
    at: datetime
    policy: ValidationPolicy
    catalog: Catalog
    evidence: Evidence = NO_EVIDENCE
    faces: FontSet = STANDARD


@dataclass(frozen=True, slots=True)
class PDFFindings:
    """What the checks of one PDF gave; claims only if seal and token held."""

    checks: tuple[Check, ...]
    scope: Scope | None = None
    token: TokenFindings = NO_TOKEN


def check_pdf(pdf: bytes, inquiry: Inquiry) -> PDFFindings:
    """Check a PDF at an instant.

    The checks, in order:

    1. the seal (``seal-format``, ``seal-trust``, ``seal-signature``,
       ``seal-authority``, ``seal-key``, ``seal-second-engine``): one revision, sealed
       by a listed seal, nothing changed;
    2. ``attachments``: the PDF carries a record and a token, perhaps a scan of the
       paper, and nothing else;
    3. the token: every check of :func:`check_token`;
    4. ``seal-issuer``: the seal is the token's issuer's, granted for the type, and made
       at the instant at which the token was signed;
    5. ``record``: its digest is the token's, it says what the token says, follows its
       type, and names its issuer as the bundle does;
    6. ``face``: the page is the one that the record composes to, its QR is the token,
       its photo is the record's.

    A check that needs what an earlier one refused is NOT_CHECKED. No PDF library sees a
    file that is not in our own profile's structure, and the page is read only if its
    seal held.

    Args:
        pdf: the file; its size was checked.
        inquiry: trust, instant, policy and catalog.
    """
    report = check_seal(pades.validate, pdf, inquiry)  # (1)
    return check_inside(pdf, report, report.sealed, inquiry)


def check_inside(
    pdf: bytes,
    report: "SealReport | PlatformReport",
    document: Objects | None,
    inquiry: Inquiry,
) -> PDFFindings:
    """Make checks 2 to 6 of :func:`check_pdf`, whoever sealed the file.

    Args:
        pdf: the file.
        report: what was found of its seal.
        document: what carries attachments and page; None where the structure is not
            ours.
        inquiry: trust, instant, policy and catalog.
    """
    if document is None:
        structure, *others = report.checks
        return PDFFindings((_foreign(pdf, structure), *others))
    try:  # (2)
        attached = attachments.read_sealed(document)
        if inquiry.policy.second_engine:
            attachments.confirm(pdf, attached)
    except NoLicenseError as err:
        failure = Check.failed("attachments", Code.UNSUPPORTED, str(err))
        return PDFFindings((failure,))
    except MalformedError as err:
        failure = Check.failed("attachments", Code.MALFORMED, str(err))
        return PDFFindings((*report.checks, failure))
    token = attached.token
    seal_held = not [1 for check in report.checks if check.code is not None]
    evidence = inquiry.evidence.of(token, pdf)
    found = check_token(
        token, inquiry.trust, inquiry.at, inquiry.policy, evidence
    )  # (3)
    license_, record_check = check_record(attached.record, found.claims, inquiry)  # (5)
    if license_ is not None:
        license_, record_check = _check_scan(license_, attached, record_check)
    face_check = _check_face(document.data, license_, token, seal_held, inquiry)  # (6)
    checks = (
        *report.checks,
        _PASSED["attachments"],
        *found.checks,
        _check_seal_issuer(report.seal, found.claims, inquiry.trust),  # (4)
        record_check,
        face_check,
    )
    claims = found.claims if seal_held else None
    return PDFFindings(
        checks,
        _scope(report.seal, record_check, face_check),
        TokenFindings(found.checks, claims, found.status_as_of),
    )


def check_seal(validate: Callable[..., Report], pdf: bytes, inquiry: Inquiry) -> Report:
    """Check a seal, with the evidence that speaks of the whole file.

    Args:
        validate: how seals of the file's profile are validated.
        pdf: the file.
        inquiry: trust, instant and policy.
    """
    trust, both = inquiry.trust, inquiry.policy.second_engine
    ask = partial(validate, pdf, trust.seal_grants, inquiry.at, second_engine=both)
    report = ask()
    if trust.bundle is None:
        return _nobody_believed(report, trust.why_empty)
    codes = [check.code for check in report.checks]
    if Code.KEY_COMPROMISED not in codes or report.seal is None:
        return report
    proven = inquiry.evidence.of(pdf).existed_by(report.seal.code, trust)
    return ask(evidence_before=proven)


def _nobody_believed(report: Report, why: str) -> Report:
    """Return a report that says why no seal is known here."""
    checks = (
        Check.failed(check.id, check.code, why)
        if check.code is Code.UNKNOWN_ISSUER
        else check
        for check in report.checks
    )
    return replace(report, checks=tuple(checks))


def _check_scan(
    license_: License, attached: Attachments, check: Check
) -> tuple[License | None, Check]:
    """Compare the scan of the paper, where there is one, with what the record says.

    Args:
        license_: the record.
        attached: what is attached.
        check: what was found of the record.
    """
    fault = attachments.scan_fault(attached.scan, license_.draft.scan)
    if fault is None:
        return license_, check
    return None, Check.failed("record", Code.ALTERED, fault)


def _foreign(pdf: bytes, structure: Check) -> Check:
    """Judge a PDF that is not in our structure by what its bytes tell.

    Args:
        pdf: the file.
        structure: the check that found so.
    """
    is_whole = b"%%EOF" in pdf[-_TAIL_BYTES:] and b"/Encrypt" not in pdf
    is_sealed = structure.code is not Code.UNSUPPORTED
    if attachments.has_mark(pdf) and (is_sealed or not is_whole):
        code = Code.MALFORMED
    else:
        code = Code.UNSUPPORTED if is_whole else Code.UNREADABLE
    return Check.failed(structure.id, code, structure.detail)


def _check_seal_issuer(
    seal: Seal | None, claims: Claims | None, trust: TrustState
) -> Check:
    """Return whether a seal is the token's issuer's, for its type, and not older.

    Args:
        seal: whose signature held, or None.
        claims: of a token whose signature held, or None.
        trust: that lists the seal.
    """
    if seal is None or claims is None:
        return Check.not_checked("seal-issuer", "the seal or the token did not hold")
    entry = trust.seals[hashlib.sha256(seal.certificate).digest()]
    reasons = {
        "the seal is another organization's": entry.organization != claims.issuer,
        "the seal was not granted this type": claims.type_name not in entry.types,
        # A later seal is another print of the license, such as its 副本.
        "the seal is older than the token": seal.sealed_at < claims.signed_at,
    }
    for reason, holds in reasons.items():
        if holds:
            return Check.failed("seal-issuer", Code.NOT_AUTHORIZED, reason)
    return _PASSED["seal-issuer"]


def check_record(
    data: bytes, claims: Claims | None, inquiry: Inquiry
) -> tuple[License | None, Check]:
    """Compare a record with the token that names it, with its type and its issuer.

    Args:
        data: the record's bytes, as they were attached.
        claims: of a token whose signature held, None where it did not.
        inquiry: its trust says how the issuer is called, its catalog what a type has.

    Returns:
        The license, only if the check passed, and the check.
    """
    try:
        license_, _ = record.decode(data)
    except MalformedError as err:
        return None, Check.failed("record", Code.MALFORMED, str(err))
    if claims is None:
        return None, Check.not_checked("record", "the token did not hold")
    reason = _record_fault(data, license_, claims, inquiry)
    if reason is not None:
        return None, Check.failed("record", Code.ALTERED, reason)
    if license_.draft.origin == FIRST_GRANT and _predates_its_issuer(
        claims, inquiry.trust
    ):
        reason = "dated before its issuer's keys, and not declared as granted on paper"
        return None, Check.failed("record", Code.NOT_AUTHORIZED, reason)
    return license_, _PASSED["record"]


def _record_fault(
    data: bytes, license_: License, claims: Claims, inquiry: Inquiry
) -> str | None:
    license_type = _type_of(license_, inquiry.catalog)
    if record.digest(data) != claims.record_digest:
        return "the record is not the one that the token names"
    if not _agrees(license_, claims, license_type):
        return "the record and the token say different things"
    if not _names_its_issuer(license_, inquiry.trust):
        return "the record names its issuer otherwise than the trust bundle"
    if license_type is not None and not license_type.describes(license_):
        return "the record has not the title, type code, fields or end of its type"
    if not _continues_its_own(license_, claims, inquiry.trust):
        return "the record continues a license that was not its issuer's to continue"
    return None


def _agrees(
    license_: License, claims: Claims, license_type: LicenseType | None
) -> bool:
    """Tell whether a record says what the token says."""
    if license_type is None:
        return payload.claims_like(license_, claims) == claims
    expected = payload.claims_of(
        license_,
        license_type,
        record_digest=claims.record_digest,
        status=claims.status,
        signed_at=claims.signed_at,
    )
    return expected == claims


def _names_its_issuer(license_: License, trust: TrustState) -> bool:
    entry = trust.organizations.get(license_.issuer.code)
    day = license_.draft.issue_date
    return entry is not None and entry.name_on(day) == license_.issuer.name


def _predates_its_issuer(claims: Claims, trust: TrustState) -> bool:
    first = trust.first_days.get(claims.issuer)
    return first is not None and claims.issue_date < first


def _continues_its_own(license_: License, claims: Claims, trust: TrustState) -> bool:
    """Tell whether the version before it was the issuer's, or of whom it succeeded.

    Of an organ that nobody pinned here speaks for, nothing is known, and nothing asked.
    """
    if license_.previous is None:
        return True
    before = issuer_part(license_.previous)
    entry = trust.organizations.get(before)
    return (
        entry is None
        or before == claims.issuer
        or any(
            item.code == claims.issuer
            and claims.type_name in item.types
            and item.since <= claims.signed_at
            for item in entry.successors
        )
    )


def _type_of(license_: License, catalog: Catalog) -> LicenseType | None:
    try:
        return catalog.get(license_.draft.type_name, license_.draft.type_version)
    except UnknownTypeError:
        return None


def _check_face(
    pdf: bytes,
    license_: License | None,
    token: bytes,
    seal_held: bool,  # noqa: FBT001  one of two facts about the same file
    inquiry: Inquiry,
) -> Check:
    """Compare the page with the record, if the policy asks for it.

    Args:
        pdf: the file, or the revision of it that has the page.
        license_: its record, None where it did not hold.
        token: bytes of the token.
        seal_held: whether every check of the seal passed.
        inquiry: its policy, catalog and faces count.
    """
    if not inquiry.policy.check_face:
        return _FACE_LEFT_OUT
    if not seal_held or license_ is None:
        return Check.not_checked("face", "seal, token or record did not hold")
    license_type = _type_of(license_, inquiry.catalog)
    if license_type is None:
        return Check.not_checked("face", "this type and version is not in the catalog")
    return check_face(pdf, license_, license_type, token, inquiry.faces)


def _scope(seal: Seal | None, record_check: Check, face_check: Check) -> Scope:
    sealed = seal is not None
    recorded = record_check.indication is Indication.PASSED
    if sealed and recorded:
        compared = face_check.indication is not Indication.NOT_CHECKED
        return Scope.DOCUMENT if compared else Scope.SEALED
    return Scope.RECORD if recorded else Scope.QR
