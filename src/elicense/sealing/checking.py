"""Checking seals and sealed documents of anybody's: bytes in, an answer out.

Nothing is believed but what the caller pinned. What the field does oddly is read here
and named (docs/formats/ses.md, section 2); on a license of ours it is UNSUPPORTED.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from elicense.sealing import ofd, pdf_signatures
from elicense.sealing.ofd import OfdSignature
from elicense.sealing.pdf_signatures import PdfSignature
from elicense.sealing.verdict import Kind, SealVerdict
from esign import ses, sm2
from esign.errors import MalformedError
from esign.ses import SesReport, SesTrust
from esign.verdict import Check, Code

MAX_FILE_BYTES = 32 << 20  # of a document with its seals
SES, SIGNED_DATA = "GM.sm2seal", "GM.sm2cms.detached"
PADES = "ETSI.CAdES.detached"
_PDF_MARK, _PDF_MARK_WITHIN = b"%PDF-", 1024  # bytes, as readers have it
_ZIP_MARK = b"PK\x03\x04"
COVERAGE, REFERENCES = "coverage", "references"


@dataclass(frozen=True, slots=True)
class SealInquiry:
    """What is asked of every file of a run.

    Attributes:
        trust: whom to believe.
        at: the instant that is asked about, aware.
        document: the protected bytes of a bare signature (an OFD's ``Signature.xml``);
            None where they are not at hand.
        digest: SM3 of them, 32 bytes, where only that is at hand.
    """

    trust: SesTrust
    at: datetime
    document: bytes | None = field(default=None, repr=False)
    digest: bytes | None = None

    @property
    def document_digest(self) -> bytes | None:
        """SM3 of the protected bytes, None where they are not at hand."""
        return self.digest if self.document is None else sm2.sm3(self.document)


def check(data: bytes, inquiry: SealInquiry) -> SealVerdict:
    """Check a seal, a signature with a seal, a PDF or an OFD, whichever the bytes are.

    1. A PDF: every signature of it. One with SubFilter ``GM.sm2seal`` holds an
       SES_Signature over SM3 of the bytes of its ByteRange, one with
       ``GM.sm2cms.detached`` a SignedData over them. Any other is UNSUPPORTED here.
    2. An OFD: every signature, over its ``Signature.xml``, and the digests of the files
       that this names.
    3. Else an SES_Signature; else an SESeal, as one that is used at ``at``.

    Of several signatures each has its checks, numbered from the earliest; ``coverage``
    says what each one covers. One that a later revision follows is not PASSED, for what
    that revision changed is not looked at.

    Args:
        data: any bytes.
        inquiry: whom to believe, when, and about which document.

    Returns:
        An answer for any bytes.

    Raises:
        UnavailableError: the extra ``gm`` is not installed.
        ValueError: the instant is naive, or a digest does not have 32 bytes.
    """
    if len(data) > MAX_FILE_BYTES:
        return _unread(Kind.SEAL, f"more than {MAX_FILE_BYTES} bytes")
    if _PDF_MARK in data[:_PDF_MARK_WITHIN]:
        return _pdf(data, inquiry)
    if data.startswith(_ZIP_MARK):
        return _ofd(data, inquiry)
    return _bare(data, inquiry)


def is_pades(data: bytes) -> bool:
    """Tell whether every signature of a PDF is one of PAdES, as this system makes them.

    Those are validated with all that a license has (:mod:`elicense.validating`).
    """
    if _PDF_MARK not in data[:_PDF_MARK_WITHIN] or len(data) > MAX_FILE_BYTES:
        return False
    try:
        found = pdf_signatures.find_signatures(data)
    except MalformedError:
        return False
    return bool(found) and all(one.sub_filter == PADES for one in found)


def _bare(data: bytes, inquiry: SealInquiry) -> SealVerdict:
    at, trust = inquiry.at, inquiry.trust
    digest = inquiry.document_digest
    report = ses.validate_signature(data, digest, trust, at, lenient=True)
    if report.unverified_signature is not None:
        return SealVerdict.of(Kind.SIGNATURE, report)
    seal = ses.validate_seal(data, trust, at, lenient=True)
    if seal.unverified_seal is not None:
        return SealVerdict.of(Kind.SEAL, seal)
    signed = ses.validate_signed_data(
        data, inquiry.document or b"", trust, at, lenient=True
    )
    if signed.held("format"):
        return SealVerdict.of(Kind.SIGNED_DATA, _without(signed, inquiry))
    return SealVerdict.of(Kind.SEAL, seal)


def _without(report: SesReport, inquiry: SealInquiry) -> SesReport:
    """Return a SignedData's report without what needs the document, if that is away."""
    if inquiry.document is not None:
        return report
    missing = "the document is not at hand"
    checks = tuple(
        Check.not_checked(one.id, missing) if one.id in ("signature", "digest") else one
        for one in report.checks
    )
    return replace(report, checks=checks)


def _pdf(data: bytes, inquiry: SealInquiry) -> SealVerdict:
    try:
        found = pdf_signatures.find_signatures(data)
    except MalformedError as err:
        return _unread(Kind.PDF, str(err))
    if not found:
        unsealed = Check.failed("format", Code.UNSUPPORTED, "the PDF has no signature")
        return SealVerdict(Kind.PDF, (unsealed,))
    reports = [_in_pdf(one, inquiry) for one in found]
    covered = [_covers(one, found) for one in found]
    return SealVerdict.together(Kind.PDF, list(zip(reports, covered, strict=True)))


def _in_pdf(signature: PdfSignature, inquiry: SealInquiry) -> SesReport:
    trust, at = inquiry.trust, inquiry.at
    if signature.sub_filter == SES:
        digest = sm2.sm3(signature.covered)
        content = signature.content
        return ses.validate_signature(content, digest, trust, at, lenient=True)
    if signature.sub_filter == SIGNED_DATA:
        return ses.validate_signed_data(
            signature.content, signature.covered, trust, at, lenient=True
        )
    name = "".join(c if c.isprintable() else "?" for c in signature.sub_filter)
    foreign = f"SubFilter {name} is none of GM/T 0112"
    unsupported = Check.failed("format", Code.UNSUPPORTED, foreign)
    return SesReport(ses.Kind.SIGNED_DATA, (unsupported,))


def _covers(one: PdfSignature, found: Sequence[PdfSignature]) -> Check:
    """Return what a signature of a PDF covers."""
    if one.covers_all:
        return Check.passed(COVERAGE, f"the whole file, {one.size} bytes")
    left = one.size - one.end
    if one is found[-1]:
        return Check.failed(
            COVERAGE, Code.ALTERED, f"{left} bytes were put behind what is signed"
        )
    return Check.failed(
        COVERAGE,
        Code.UNSUPPORTED,
        f"the first {one.end} bytes; a later revision of {left} bytes follows, and what"
        " it changed was not looked at",
    )


def _ofd(data: bytes, inquiry: SealInquiry) -> SealVerdict:
    try:
        found = ofd.find_signatures(data)
    except MalformedError as err:
        return _unread(Kind.SIGNATURE, str(err))
    if not found:
        unsealed = Check.failed("format", Code.UNSUPPORTED, "the OFD has no signature")
        return SealVerdict(Kind.SIGNATURE, (unsealed,))
    reports = [_in_ofd(one, inquiry) for one in found]
    referred = [_refers(one) for one in found]
    return SealVerdict.together(
        Kind.SIGNATURE, list(zip(reports, referred, strict=True))
    )


def _in_ofd(signature: OfdSignature, inquiry: SealInquiry) -> SesReport:
    trust, at = inquiry.trust, inquiry.at
    digest = sm2.sm3(signature.document)
    report = ses.validate_signature(signature.content, digest, trust, at, lenient=True)
    if report.unverified_signature is not None:
        return report
    signed = ses.validate_signed_data(
        signature.content, signature.document, trust, at, lenient=True
    )
    if signed.held("format"):
        return signed
    bare = "neither an SES_Signature nor a SignedData"
    unsupported = Check.failed("format", Code.UNSUPPORTED, bare)
    return SesReport(ses.Kind.SIGNATURE, (unsupported,))


def _refers(signature: OfdSignature) -> Check:
    """Return whether the files of an OFD are those that its signature names."""
    if signature.unsupported:
        return Check.failed(REFERENCES, Code.UNSUPPORTED, signature.unsupported)
    if signature.damaged:
        count = len(signature.damaged)
        return Check.failed(
            REFERENCES, Code.ALTERED, f"{count} files are not those that were signed"
        )
    if signature.left_out:
        count = len(signature.left_out)
        return Check.failed(
            REFERENCES, Code.UNSUPPORTED, f"{count} files are not covered"
        )
    return Check.passed(REFERENCES, f"{signature.covered} files")


def _unread(kind: Kind, reason: str) -> SealVerdict:
    return SealVerdict(kind, (Check.failed("format", Code.MALFORMED, reason),))
