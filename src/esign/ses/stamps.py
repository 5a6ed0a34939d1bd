"""The timestamp over the value of a seal or a signature.

It is an RFC 3161 token (GB/T 20520) with SM2 and SM3; who may make one is the caller's
list. Tokens with other algorithms are those of :mod:`esign.timestamps`.
"""

from dataclasses import dataclass
from datetime import datetime

from esign import der, sm2, timestamps
from esign.errors import MalformedError, VerificationError
from esign.ses import elements
from esign.ses.elements import Notes
from esign.ses.model import Oddity
from esign.ses.signed_data import (
    TST_INFO,
    SignedData,
    read_signed_data,
    signer_of,
)
from esign.ses.trust import SesTrust, standing
from esign.verdict import Check, Code

_MAX_TST_FIELDS = 10  # RFC 3161, 2.4.2
_SM3 = "1.2.156.10197.1.401"


@dataclass(frozen=True, slots=True)
class Window:
    """Whom to believe, and between what a timestamp must lie.

    Attributes:
        trust: the pinned services and roots.
        earliest: the instant that it cannot lie before, aware UTC, or None.
        latest: the instant of checking, aware UTC.
    """

    trust: SesTrust
    earliest: datetime | None
    latest: datetime


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A token that has its form."""

    signed: SignedData
    content: bytes
    attributes: bytes
    imprint: bytes
    at: datetime


def check_timestamp(check_id: str, token: bytes, value: bytes, window: Window) -> Check:
    """Return whether a pinned service stamped a value (RFC 3161, section 2.3).

    1. The token reads, and its imprint is one of SM3.
    2. Its signer is a pinned service whose path leads to a pinned root.
    3. The signature holds, at an instant inside the path's period.
    4. The imprint is that of ``value``, and what it carries is of its own path.
    5. The instant lies neither before ``earliest`` nor after ``latest``.

    Args:
        check_id: name of the check.
        token: a TimeStampToken, DER.
        value: the signature value that was stamped.
        window: whom to believe, and when it can have been.
    """
    try:
        problem = _problem(_read(token), value, window)
    except MalformedError as err:
        code = Code.UNSUPPORTED if _is_of_another_suite(token) else Code.MALFORMED
        return Check.failed(check_id, code, str(err))
    except VerificationError as err:
        return Check.failed(check_id, Code.BAD_SIGNATURE, str(err))
    return Check.failed(check_id, *problem) if problem else Check.passed(check_id)


def _is_of_another_suite(token: bytes) -> bool:
    """Tell whether it is a token with ECDSA or RSA, which proves nothing of SM3."""
    try:
        timestamps.read(token)
    except MalformedError:
        return False
    return True


def _problem(stamp: _Stamp, value: bytes, window: Window) -> tuple[Code, str] | None:
    service = signer_of(stamp.signed, window.trust.stampers)
    stands = standing(service, window.trust, stamp.at) if service else None
    if service is None or stands is None:
        return Code.UNKNOWN_ISSUER, "no trusted service made the timestamp"
    # What it carries is not signed, so it must be what is known anyway.
    if not set(stamp.signed.certificates) <= {service, *stands.certificates}:
        return Code.ALTERED, "the timestamp carries a certificate of something else"
    point = sm2.certificate_point(service)
    sm2.verify(point, stamp.signed.signature, stamp.attributes)
    if not stands.holds(stamp.at):
        return Code.NOT_AUTHORIZED, "the timestamp lies outside its service's period"
    digests = (stamp.signed.message_digest, stamp.imprint)
    if digests != (sm2.sm3(stamp.content), sm2.sm3(value)):
        return Code.ALTERED, "the timestamp is of something else"
    if stamp.at > window.latest or (window.earliest and stamp.at < window.earliest):
        return Code.NOT_AUTHORIZED, "the timestamp lies at an impossible time"
    return None


def _read(token: bytes) -> _Stamp:
    signed = read_signed_data(token)
    if signed.content is None or signed.content_type != TST_INFO:
        raise MalformedError("timestamp: not a timestamp's content")
    if signed.attributes is None:
        raise MalformedError("timestamp: no signed attributes")
    notes = Notes(lenient=False)
    fields = elements.children(
        signed.content, der.SEQUENCE, (5, _MAX_TST_FIELDS), notes
    )
    algorithm, digest = elements.children(fields[2], der.SEQUENCE, (2, 2), notes)
    kind, *_ = elements.children(algorithm, der.SEQUENCE, (1, 2), notes)
    if elements.oid(kind, notes) != _SM3:
        raise MalformedError("timestamp: the imprint is not one of SM3")
    # RFC 3161 allows a fraction of a second, which DER does not; a zone it must have.
    loose = Notes(lenient=True)
    at = elements.time(fields[4], der.TIME, loose)
    if loose.found not in {(), (Oddity.TIME_FORM,)}:
        raise MalformedError("timestamp: genTime is not in its form")
    imprint = elements.octets(digest, notes)
    return _Stamp(signed, signed.content, signed.attributes, imprint, at)
