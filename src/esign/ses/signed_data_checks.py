"""Whether a SignedData of GB/T 35275 holds over a document, as some files have it.

In PDF it stands under the SubFilter GM.sm2cms.detached, in OFD where the type of a
signature is Sign. It has no seal.
"""

from datetime import datetime

from esign import sm2
from esign.errors import MalformedError
from esign.ses.model import Oddity
from esign.ses.report import Kind, SesReport
from esign.ses.seal_checks import check_format, require_aware, unreadable
from esign.ses.signed_data import TST_INFO, SignedData, read_signed_data, signer_of
from esign.ses.trust import (
    SesTrust,
    check_revocation,
    check_signature,
    check_usage,
    standing,
)
from esign.verdict import Check, Code

SIGNATURE, DIGEST = "signature", "digest"
SIGNER, SIGNER_REVOCATION = "signer", "signer-revocation"


def validate_signed_data(
    data: bytes,
    document: bytes,
    trust: SesTrust,
    at: datetime,
    *,
    lenient: bool = False,
) -> SesReport:
    """Check a SignedData over a document (GB/T 35275-2017).

    1. ``format``: it reads, with nothing in it that the standard has not.
    2. ``signature``: it holds over the signed attributes, or over the content where
       there are none. The certificate is one that it carries, named by the signer.
    3. ``signer``: a path leads from that certificate to a pinned root, valid at ``at``,
       and the key is for signing.
    4. ``signer-revocation``: nothing of that path was revoked by then.
    5. ``digest``: what is signed is the document: the content, or SM3 of it among the
       attributes. One vendor puts SM3 of the document where the content stands.

    The signing time is nobody's word but the signer's, so ``at`` is what counts: what
    was signed with a certificate that has expired since is not PASSED.

    Args:
        data: any bytes.
        document: the protected bytes, in a PDF those of the ByteRange.
        trust: whom to believe; makers play no part here.
        at: the instant of checking, aware UTC.
        lenient: pass what the field does oddly; :attr:`SesReport.oddities` says what.

    Returns:
        The report. Without ``lenient`` an odd one is UNSUPPORTED.

    Raises:
        UnavailableError: the extra ``gm`` is not installed.
        ValueError: ``at`` is naive.
    """
    require_aware(at)
    try:
        signed = read_signed_data(data, lenient=True)
    except MalformedError as err:
        return unreadable(Kind.SIGNED_DATA, str(err))
    if signed.content_type == TST_INFO:
        return unreadable(Kind.SIGNED_DATA, "a timestamp signs no document")
    digest, oddities = _digest(signed, document)
    extra = _extra(signed, trust, at)
    oddities = tuple(dict.fromkeys((*signed.oddities, *oddities, *extra)))
    content = document if signed.content is None else signed.content
    return SesReport(
        Kind.SIGNED_DATA,
        (
            check_format(oddities, lenient=lenient),
            *_signer(signed, content, trust, at),
            digest,
        ),
        oddities=oddities,
    )


def _signer(
    signed: SignedData, content: bytes, trust: SesTrust, at: datetime
) -> tuple[Check, ...]:
    """Return checks 2 to 4."""
    certificate = signer_of(signed, signed.certificates)
    if certificate is None:
        found = "the signer's certificate is not in it"
        return (Check.failed(SIGNATURE, Code.UNKNOWN_ISSUER, found),)
    covered = content if signed.attributes is None else signed.attributes
    held = check_signature(SIGNATURE, certificate, signed.signature, covered)
    stands = standing(certificate, trust, at)
    if stands is None:
        found = "no path leads from the signer to a trusted root"
        return held, Check.failed(SIGNER, Code.UNKNOWN_ISSUER, found)
    period = Check.passed(SIGNER)
    if not stands.holds(at):
        period = Check.failed(
            SIGNER, Code.NOT_AUTHORIZED, "the certificate is not in its period"
        )
    revocation = check_revocation(SIGNER_REVOCATION, stands.certificates, trust, at, at)
    return held, check_usage(SIGNER, certificate) or period, revocation


def _extra(signed: SignedData, trust: SesTrust, at: datetime) -> tuple[Oddity, ...]:
    """Tell whether it carries more than its own path: nobody signed that."""
    certificate = signer_of(signed, signed.certificates)
    stands = standing(certificate, trust, at) if certificate else None
    if stands is None or set(signed.certificates) <= set(stands.certificates):
        return ()
    return (Oddity.UNSIGNED_PART,)


def _digest(signed: SignedData, document: bytes) -> tuple[Check, tuple[Oddity, ...]]:
    """Return check 5, and whether the content is a digest."""
    content = signed.content
    altered = Check.failed(DIGEST, Code.ALTERED, "what is signed is not the document")
    claimed = signed.message_digest
    if content is not None and content != document:
        if content != sm2.sm3(document):
            return altered, ()
        return _claims(claimed, content, altered), (Oddity.DIGEST_AS_CONTENT,)
    return _claims(claimed, document, altered), ()


def _claims(claimed: bytes | None, content: bytes, altered: Check) -> Check:
    """Return whether the attributes, if there are any, claim the content's digest."""
    if claimed is not None and claimed != sm2.sm3(content):
        return altered
    return Check.passed(DIGEST)
