"""Whether a seal holds: the checks of GM/T 0031-2014, GB/T 38540-2020, GM/T 0031-2025.

The older two and the newest differ in one thing. Where the maker's certificate was good
when the seal was made and is not any more, GM/T 0031-2014, 6.1.2, and GB/T 38540-2020
after it end with an error at step c, because they judge the certificate when the seal
is used; GM/T 0031-2025 judges it at createDate, says what became of it, and goes on.
"""

from dataclasses import dataclass
from datetime import datetime

from esign.errors import MalformedError
from esign.ses.model import SM2_WITH_SM3, VERSION_2025, Oddity, Seal
from esign.ses.reading import read_seal
from esign.ses.report import Kind, SesReport
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

MAKER, MAKER_REVOCATION = "seal-maker", "seal-maker-revocation"
SEAL_SIGNATURE, SEAL_CREATED = "seal-signature", "seal-created"
SEAL_PERIOD, SEAL_TIMESTAMP = "seal-period", "seal-timestamp"
FORMAT = "format"


@dataclass(frozen=True, slots=True)
class Use:
    """When a seal is used, and when one asks.

    Attributes:
        used: the instant of use, aware UTC: the signing time, or ``at`` for a bare
            seal. None where the signing time is not known.
        at: the instant of checking, aware UTC.
        is_signature: whether it was used for a signature.
    """

    used: datetime | None
    at: datetime
    is_signature: bool


def validate_seal(
    data: bytes, trust: SesTrust, at: datetime, *, lenient: bool = False
) -> SesReport:
    """Check a bare seal, as one that is about to be used at ``at``.

    1. ``format``: it reads, with nothing in it that the standard has not.
    2. ``seal-signature``: the maker's signature holds over the exact bytes.
    3. ``seal-created``, version 5: createDate does not lie after ``at``.
    4. ``seal-maker``: the maker is a pinned one, its path leads to a pinned root, its
       key is for signing; valid at ``at``, in version 5 at createDate.
    5. ``seal-maker-revocation``: nothing of that path was revoked before then.
    6. ``seal-period``: validStart <= at <= validEnd.
    7. ``seal-timestamp``, where there is one: a pinned service made it over the maker's
       signature, not before createDate.

    The order is that of GM/T 0031-2025; the older standards have 1, 2, 4 to 6. Does NOT
    look into the picture, nor whether the owner may have such a seal.

    Args:
        data: any bytes.
        trust: whom to believe.
        at: the instant of checking, aware UTC.
        lenient: pass what the field does oddly; :attr:`SesReport.oddities` says what.

    Returns:
        The report. Without ``lenient`` an odd seal is UNSUPPORTED.

    Raises:
        UnavailableError: the extra ``gm`` is not installed.
        ValueError: ``at`` is naive.
    """
    require_aware(at)
    try:
        seal = read_seal(data, lenient=True)
    except MalformedError as err:
        return unreadable(Kind.SEAL, str(err))
    use = Use(at, at, is_signature=False)
    checks = (
        check_format(seal.oddities, lenient=lenient),
        *seal_checks(seal, trust, use),
    )
    return SesReport(Kind.SEAL, checks, unverified_seal=seal, oddities=seal.oddities)


def require_aware(at: datetime) -> None:
    """Raise ValueError for a naive instant."""
    if at.tzinfo is None:
        raise ValueError("the instant must be aware")


def unreadable(kind: Kind, reason: str) -> SesReport:
    """Return the report of bytes of which nothing can be checked."""
    return SesReport(kind, (Check.failed(FORMAT, Code.MALFORMED, reason),))


def check_format(oddities: tuple[Oddity, ...], *, lenient: bool) -> Check:
    """Return check 1 of what could be read."""
    shown = ", ".join(oddity.value for oddity in oddities)
    if oddities and not lenient:
        return Check.failed(FORMAT, Code.UNSUPPORTED, f"not as the standard: {shown}")
    return Check.passed(FORMAT, shown)


def seal_checks(seal: Seal, trust: SesTrust, use: Use) -> tuple[Check, ...]:
    """Return checks 2 to 7 of :func:`validate_seal` for a seal used at some instant."""
    by_2025 = seal.version == VERSION_2025
    made = (_created(seal, use),) if by_2025 else ()
    return (
        _signature(seal),
        *made,
        *_maker(seal, trust, use),
        _period(seal, use),
        *_timestamp(seal, trust, use),
    )


def _signature(seal: Seal) -> Check:
    if seal.algorithm != SM2_WITH_SM3:
        return Check.failed(
            SEAL_SIGNATURE, Code.UNSUPPORTED, "not an SM2 signature with SM3"
        )
    return check_signature(SEAL_SIGNATURE, seal.maker, seal.signature, seal.signed)


def _created(seal: Seal, use: Use) -> Check:
    if use.used is None:
        return Check.not_checked(SEAL_CREATED, "the time of use is not known")
    if seal.created > use.used:
        return Check.failed(
            SEAL_CREATED, Code.NOT_AUTHORIZED, "used before it was made"
        )
    return Check.passed(SEAL_CREATED)


def _maker(seal: Seal, trust: SesTrust, use: Use) -> tuple[Check, ...]:
    by_2025 = seal.version == VERSION_2025
    judged = seal.created if by_2025 else use.used
    if seal.maker not in trust.makers:
        found = "the maker is not one that is trusted here"
        return (Check.failed(MAKER, Code.UNKNOWN_ISSUER, found),)
    if judged is None:
        return (Check.not_checked(MAKER, "the time of use is not known"),)
    stands = standing(seal.maker, trust, judged)
    misused = check_usage(MAKER, seal.maker)
    if stands is None:
        found = "no path leads from the maker to a trusted root"
        return (Check.failed(MAKER, Code.UNKNOWN_ISSUER, found),)
    if misused is not None:
        return (misused,)
    check = _maker_period(seal, stands, judged, use)
    revocation = check_revocation(
        MAKER_REVOCATION, stands.certificates, trust, judged, use.at
    )
    return check, revocation


def _maker_period(seal: Seal, stands: Standing, judged: datetime, use: Use) -> Check:
    if not stands.holds(judged):
        if stands.holds(seal.created):
            return Check.failed(
                MAKER, Code.EXPIRED, "the maker's certificate expired after the making"
            )
        return Check.failed(
            MAKER, Code.NOT_AUTHORIZED, "the maker's certificate was not in its period"
        )
    if use.used is not None and not stands.holds(use.used):
        return Check.passed(MAKER, "the maker's certificate expired after the making")
    return Check.passed(MAKER)


def _period(seal: Seal, use: Use) -> Check:
    if use.used is None:
        return Check.not_checked(SEAL_PERIOD, "the time of use is not known")
    if seal.valid_from <= use.used <= seal.valid_until:
        return Check.passed(SEAL_PERIOD)
    early = use.used < seal.valid_from
    found = "the seal's period had not begun" if early else "the seal's period was over"
    if use.is_signature:
        return Check.failed(SEAL_PERIOD, Code.NOT_AUTHORIZED, found)
    code = Code.NOT_YET_VALID if early else Code.EXPIRED
    return Check.failed(SEAL_PERIOD, code, found)


def _timestamp(seal: Seal, trust: SesTrust, use: Use) -> tuple[Check, ...]:
    if seal.timestamp is None:
        return ()
    window = Window(trust, seal.created, use.at)
    value = seal.signature_value
    return (check_timestamp(SEAL_TIMESTAMP, seal.timestamp, value, window),)
