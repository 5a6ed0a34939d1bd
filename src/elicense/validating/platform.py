"""The checks of a license that a seal platform sealed (docs/formats/pdf.md, 10)."""

from elicense.validating.sealed import (
    Inquiry,
    PDFFindings,
    check_inside,
    check_seal,
)
from esign.pades.platform import validate_platform


def check_platform_pdf(pdf: bytes, inquiry: Inquiry) -> PDFFindings:
    """Check a license of two revisions at an instant.

    The checks are those of :func:`elicense.validating.sealed.check_pdf`, but for the
    seal, of which they are those of :func:`esign.pades.platform.validate_platform`.
    Attachments and face are those of revision 1, which the second leaves as it is.

    Args:
        pdf: the file; its size was checked.
        inquiry: trust, instant, policy and catalog.
    """
    report = check_seal(validate_platform, pdf, inquiry)
    return check_inside(pdf, report, report.first, inquiry)
