"""Whether a signature with a seal holds, by the version that rules it.

The signing time is the signer's own claim unless a timestamp stands beside it. The
standards judge certificates and seal at that time, so what was signed in its period
stays good after it (GM/T 0031-2014, 6.2.3, steps 3 to 6).
"""

from datetime import datetime

from esign import sm2
from esign.errors import MalformedError
from esign.ses.model import (
    SM2_WITH_SM3,
    VERSION_2014,
    CertificateDigest,
    Seal,
    Signature,
)
from esign.ses.reading import DIGEST_BYTES, read_signature
from esign.ses.report import Kind, SesReport
from esign.ses.seal_checks import (
    Use,
    check_format,
    require_aware,
    seal_checks,
    unreadable,
)
from esign.ses.stamps import Window, check_timestamp
from esign.ses.trust import (
    SesTrust,
    Standing,
    check_revocation,
    check_signature,
    check_usage,
    standing,
)
from esign.verdict import Check, Code

LISTED, SIGNATURE, DIGEST = "signer-listed", "signature", "digest"
SIGNER, SIGNER_REVOCATION = "signer", "signer-revocation"
TIME, TIMESTAMP = "time", "timestamp"
# Names of SM3 in a CertDigestObj. The standard leaves the text open.
_SM3_NAMES = frozenset({"SM3", "1.2.156.10197.1.401"})


def validate_signature(
    data: bytes,
    document_digest: bytes | None,
    trust: SesTrust,
    at: datetime,
    *,
    lenient: bool = False,
) -> SesReport:
    """Check a signature with its seal (GB/T 38540-2020; GM/T 0031-2014, 6.2.3).

    1. ``format``: signature and seal read, with nothing that the standard has not.
    2. The checks of :func:`esign.ses.validate_seal` on the seal, as it was used at the
       signing time.
    3. ``signer-listed``: the signer's certificate is byte by byte one of the seal's
       list, or has a digest in it.
    4. ``signature``: it holds over the exact bytes of the TBS_Sign.
    5. ``signer``: a path leads from the signer's certificate to a pinned root, the key
       is for signing, and the signing time lies in the path's period.
    6. ``signer-revocation``: nothing of that path was revoked before the signing time.
    7. ``digest``: dataHash is the document's.
    8. ``time``: the signing time lies neither after ``at`` nor before createDate.
    9. ``timestamp``, where there is one: a pinned service made it over the signature's
       value, not before the signing time.

    That is the order for versions 4 and 5, where the seal comes right after the format.
    Version 1 has 1, 4, 5, 6, 8, 7, then the seal, and 3, which it asks of who signs
    only. Does NOT look into the document: what the digest is of is the caller's affair.

    Args:
        data: any bytes.
        document_digest: SM3 of the protected bytes, 32 bytes; None where the document
            is not at hand, which is never PASSED.
        trust: whom to believe.
        at: the instant of checking, aware UTC.
        lenient: pass what the field does oddly; :attr:`SesReport.oddities` says what.

    Returns:
        The report. Without ``lenient`` an odd signature is UNSUPPORTED.

    Raises:
        UnavailableError: the extra ``gm`` is not installed.
        ValueError: ``at`` is naive, or the digest does not have 32 bytes.
    """
    require_aware(at)
    if document_digest is not None and len(document_digest) != DIGEST_BYTES:
        raise ValueError(f"a digest of SM3 has {DIGEST_BYTES} bytes")
    try:
        signature = read_signature(data, lenient=True)
    except MalformedError as err:
        return unreadable(Kind.SIGNATURE, str(err))
    return SesReport(
        Kind.SIGNATURE,
        (
            check_format(signature.oddities, lenient=lenient),
            *_in_order(signature, document_digest, trust, at),
            *_timestamp(signature, trust, at),
        ),
        unverified_seal=signature.seal,
        unverified_signature=signature,
        oddities=signature.oddities,
    )


def _in_order(
    signature: Signature, document_digest: bytes | None, trust: SesTrust, at: datetime
) -> tuple[Check, ...]:
    """Return checks 2 to 8 in the order of the signature's version."""
    use = Use(signature.time, at, is_signature=True)
    seal = seal_checks(signature.seal, trust, use)
    listed = check_listed(signature.seal, signature.certificate)
    held = _signature(signature)
    signer = _signer(signature, trust, at)
    digest = _digest(signature, document_digest)
    time = _time(signature, at)
    if signature.version == VERSION_2014:
        return (held, *signer, time, digest, *seal, listed)
    return (*seal, listed, held, *signer, digest, time)


def check_listed(seal: Seal, certificate: bytes) -> Check:
    """Return whether a seal names a signer's certificate (GB/T 38540-2020, certList).

    Args:
        seal: the seal.
        certificate: the signer's certificate, DER.
    """
    if seal.certificates:
        if certificate in seal.certificates:
            return Check.passed(LISTED, "by certificate")
    elif any(_is_digest_of(one, certificate) for one in seal.digests):
        return Check.passed(LISTED, "by digest")
    elif not any(one.algorithm in _SM3_NAMES for one in seal.digests):
        return Check.failed(
            LISTED, Code.UNSUPPORTED, "the list's digests are of no known kind"
        )
    return Check.failed(
        LISTED, Code.NOT_AUTHORIZED, "the signer's certificate is not in the seal"
    )


def _is_digest_of(listed: CertificateDigest, certificate: bytes) -> bool:
    return listed.algorithm in _SM3_NAMES and listed.value == sm2.sm3(certificate)


def _signature(signature: Signature) -> Check:
    if signature.algorithm != SM2_WITH_SM3:
        return Check.failed(
            SIGNATURE, Code.UNSUPPORTED, "not an SM2 signature with SM3"
        )
    return check_signature(
        SIGNATURE, signature.certificate, signature.signature, signature.signed
    )


def _signer(signature: Signature, trust: SesTrust, at: datetime) -> tuple[Check, ...]:
    if signature.time is None:
        return (Check.not_checked(SIGNER, "the signing time is not known"),)
    try:
        stands = standing(signature.certificate, trust, signature.time)
        misused = check_usage(SIGNER, signature.certificate)
    except MalformedError as err:
        return (Check.failed(SIGNER, Code.UNSUPPORTED, str(err)),)
    if stands is None:
        found = "no path leads from the signer to a trusted root"
        return (Check.failed(SIGNER, Code.UNKNOWN_ISSUER, found),)
    if misused is not None:
        return (misused,)
    revocation = check_revocation(
        SIGNER_REVOCATION, stands.certificates, trust, signature.time, at
    )
    return _signer_period(stands, signature.time, at), revocation


def _signer_period(stands: Standing, signed: datetime, at: datetime) -> Check:
    if not stands.holds(signed):
        return Check.failed(
            SIGNER, Code.NOT_AUTHORIZED, "signed outside the certificate's period"
        )
    over = not stands.holds(at)
    return Check.passed(SIGNER, "the certificate's period is over now" if over else "")


def _digest(signature: Signature, document_digest: bytes | None) -> Check:
    if document_digest is None:
        return Check.not_checked(DIGEST, "the document is not at hand")
    if signature.digest != document_digest:
        return Check.failed(DIGEST, Code.ALTERED, "dataHash is not the document's")
    return Check.passed(DIGEST)


def _time(signature: Signature, at: datetime) -> Check:
    if signature.time is None:
        return Check.failed(
            TIME, Code.UNSUPPORTED, "the signing time is in no form that is known"
        )
    if signature.time > at:
        return Check.failed(
            TIME, Code.NOT_AUTHORIZED, "the signing time lies in the future"
        )
    if signature.time < signature.seal.created:
        # The seal stands inside the signature, so it was there before.
        return Check.failed(
            TIME, Code.NOT_AUTHORIZED, "the signing time lies before the seal's making"
        )
    return Check.passed(TIME)


def _timestamp(
    signature: Signature, trust: SesTrust, at: datetime
) -> tuple[Check, ...]:
    if signature.timestamp is None:
        return ()
    window = Window(trust, signature.time, at)
    value = signature.signature_value
    return (check_timestamp(TIMESTAMP, signature.timestamp, value, window),)
