"""The checks of a license that a seal platform sealed (docs/formats/pdf.md, 10)."""

from elicense import attachments
from elicense.attachments import NoLicenseError
from elicense.trust import TrustState
from elicense.validating.sealed import (
    Inquiry,
    PDFFindings,
    check_record,
    check_scan,
    check_seal_issuer,
    check_shown,
    foreign,
)
from elicense.validating.token import TokenFindings, check_token
from elicense.validating.verdict import Scope
from esign.errors import MalformedError
from esign.pades.platform import (
    PlatformReport,
    validate_platform,
)
from esign.pades.report import TRUST
from esign.verdict import Check, Code, Indication


def check_platform_pdf(pdf: bytes, inquiry: Inquiry) -> PDFFindings:
    """Check a license of two revisions at an instant.

    The checks are those of :func:`elicense.validating.sealed.check_pdf`, but for the
    seal, of which they are those of :func:`esign.pades.platform.validate_platform`.
    Attachments and face are those of revision 1, which the second leaves as it is.

    Args:
        pdf: the file; its size was checked.
        inquiry: trust, instant, policy and catalog.
    """
    report = _check_seal(pdf, inquiry)  # (1)
    if report.first is None:
        structure, *others = report.checks
        return PDFFindings((foreign(pdf, structure), *others))
    try:  # (2)
        attached = attachments.read_sealed(report.first)
        if inquiry.policy.second_engine:
            attachments.confirm(pdf, attached)
    except NoLicenseError as err:
        return PDFFindings((Check.failed("attachments", Code.UNSUPPORTED, str(err)),))
    except MalformedError as err:
        failure = Check.failed("attachments", Code.MALFORMED, str(err))
        return PDFFindings((*report.checks, failure))
    seal_held = not [1 for check in report.checks if check.code is not None]
    evidence = inquiry.evidence.of(attached.token, pdf)
    found = check_token(  # (3)
        attached.token, inquiry.trust, inquiry.at, inquiry.policy, evidence
    )
    license_, record = check_record(attached.record, found.claims, inquiry)  # (5)
    if license_ is not None:
        license_, record = check_scan(license_, attached, record)
    shown = check_shown(  # (6)
        report.first.data, license_, attached.token, seal_held, inquiry
    )
    checks = (
        *report.checks,
        Check.passed("attachments"),
        *found.checks,
        check_seal_issuer(report.seal, found.claims, inquiry.trust),  # (4)
        record,
        shown,
    )
    claims = found.claims if seal_held else None
    return PDFFindings(
        checks,
        _scope(report, record, shown),
        TokenFindings(found.checks, claims, found.status_as_of),
    )


def _check_seal(pdf: bytes, inquiry: Inquiry) -> PlatformReport:
    """Check the seal, with the evidence that speaks of the whole file."""
    trust, at, both = inquiry.trust, inquiry.at, inquiry.policy.second_engine
    report = validate_platform(pdf, trust.seal_grants, at, second_engine=both)
    if trust.bundle is None:
        return _nobody_believed(report, trust)
    codes = [check.code for check in report.checks]
    if Code.KEY_COMPROMISED not in codes or report.seal is None:
        return report
    proven = inquiry.evidence.of(pdf).existed_by(report.seal.code, trust)
    return validate_platform(
        pdf, trust.seal_grants, at, second_engine=both, evidence_before=proven
    )


def _nobody_believed(report: PlatformReport, trust: TrustState) -> PlatformReport:
    """Return a report that says why no seal is known here."""
    checks = (
        Check.failed(check.id, Code.UNKNOWN_ISSUER, trust.why_empty)
        if (check.id, check.code) == (TRUST, Code.UNKNOWN_ISSUER)
        else check
        for check in report.checks
    )
    return PlatformReport(tuple(checks), report.seal, report.first)


def _scope(report: PlatformReport, record: Check, shown: Check) -> Scope:
    recorded = record.indication is Indication.PASSED
    if report.seal is not None and recorded:
        compared = shown.indication is not Indication.NOT_CHECKED
        return Scope.DOCUMENT if compared else Scope.SEALED
    return Scope.RECORD if recorded else Scope.QR
