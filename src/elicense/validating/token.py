"""The checks of a token: by whom, allowed to, in force, and when.

:func:`check_token` makes them all. Each rule stands by itself, so that
:mod:`elicense.bulk` can make one answer serve many tokens.
"""

import functools
from datetime import UTC, datetime
from typing import NamedTuple

from elicense import dates, payload, quick_token
from elicense.identifiers import issuer_part
from elicense.model import Checkpoint, Validity
from elicense.payload import Claims
from elicense.policy import ValidationPolicy
from elicense.quick_token import QuickEnvelope
from elicense.trust import KeyGrant, TrustState
from elicense.validating.evidence import NO_EVIDENCE, Evidence
from esign.cose import Envelope
from esign.errors import MalformedError, UnavailableError, VerificationError
from esign.statuslist import Status, StatusList
from esign.verdict import Check, Code

# Made once: a check that passed says the same for every license.
_NAMES = (
    "format",
    "issuer",
    "signature",
    "authorization",
    "key",
    "status",
    "validity",
    "trust",
    "clock",
)
PASSED = {name: Check.passed(name) for name in _NAMES}
_AFTER_FORMAT = _NAMES[1:]


class TokenFindings(NamedTuple):
    """What the checks of one token gave.

    Attributes:
        checks: in order.
        claims: what it says; None unless the signature held.
        status_as_of: when the status list that was used was signed.
    """

    checks: tuple[Check, ...]
    claims: Claims | None = None
    status_as_of: datetime | None = None


NO_TOKEN = TokenFindings(())


def check_token(
    token: bytes,
    trust: TrustState,
    at: datetime,
    policy: ValidationPolicy,
    evidence: Evidence = NO_EVIDENCE,
    *,
    attested: bool = False,
) -> TokenFindings:
    """Check a token at an instant.

    The checks, in order:

    1. ``format``: envelope and claims have their one spelling;
    2. ``issuer``: the bundle lists the organization and this key of it;
    3. ``signature``: it verifies with that key; one of SM2 is UNSUPPORTED where the
       extra ``gm`` is not installed;
    4. ``authorization``: the key may sign this type and this legal date, signed in its
       period, not after ``at``, and the identifier is the issuer's own;
    5. ``key``: it was neither withdrawn as compromised nor retired without being
       destroyed, or evidence places the license before that; a license inside the
       snapshot that closes a retired key is in no doubt for that;
    6. ``status``: a list in force says that the license is neither revoked, superseded
       nor suspended;
    7. ``validity``: ``at`` lies in the period, and no checkpoint was missed;
    8. ``trust``: neither the bundle nor the issuer's own, where a hub merged it, is
       older than it and the policy allow;
    9. ``clock``: the machine's clock reads no less than what was seen before.

    Does NOT compare the token with anything printed or attached.

    Args:
        token: the bytes of a COSE_Sign1.
        trust: what is believed.
        at: aware instant that is asked about.
        policy: limits of the validator.
        evidence: what proves that the license existed at an earlier time.
        attested: its issuer's snapshot says that the issuer signed it, so that check 3
            is not made again (docs/formats/snapshot.md).
    """
    try:  # (1)
        envelope, claims = _read(token)
    except MalformedError as err:
        return _unread(Code.MALFORMED, str(err))
    grant = trust.token_keys.get((claims.issuer, envelope.kid, envelope.suite.cose))
    if grant is None:  # (2)
        unknown = _unknown_issuer(claims.issuer, trust)
        later = _not_checked(_AFTER_FORMAT[1:], "no key")
        return TokenFindings((PASSED["format"], unknown, *later))
    signature = PASSED["signature"] if attested else _signature(envelope, grant)  # (3)
    status, as_of = _status(claims, trust, at, policy)  # (6)
    checks = (
        PASSED["format"],
        PASSED["issuer"],
        signature,
        check_authorization(claims, grant, trust, at),  # (4)
        check_key(grant, trust, at, evidence),  # (5)
        status,
        check_validity(claims.validity, claims.checkpoint, at),  # (7)
        check_freshness(claims.issuer, trust, at, policy),  # (8)
        check_clock(trust, at),  # (9)
    )
    if signature.code is not None:
        return TokenFindings(checks)
    return TokenFindings(checks, claims, as_of)


def _read(token: bytes) -> tuple[Envelope | QuickEnvelope, Claims]:
    """Read a token at speed, or simply where the quick reader does not know it."""
    quick = quick_token.read(token)
    if quick is not None:
        return quick
    envelope = payload.open_token(token)
    return envelope, payload.decode(envelope.unverified_payload)


def _unread(code: Code, detail: str) -> TokenFindings:
    first = Check.failed("format", code, detail)
    return TokenFindings((first, *_not_checked(_AFTER_FORMAT, "the token is not read")))


def _not_checked(names: tuple[str, ...], reason: str) -> tuple[Check, ...]:
    return tuple(Check.not_checked(name, reason) for name in names)


def _unknown_issuer(issuer: str, trust: TrustState) -> Check:
    if trust.bundle is None:
        detail = trust.why_empty
    elif issuer in trust.organizations:
        detail = "the trust bundle lists the organization, but not this key of it"
    else:
        detail = "the trust bundle does not list the organization"
    return Check.failed("issuer", Code.UNKNOWN_ISSUER, detail)


def _signature(envelope: Envelope | QuickEnvelope, grant: KeyGrant) -> Check:
    try:
        envelope.verify(grant.key)
    except VerificationError as err:
        return Check.failed("signature", Code.BAD_SIGNATURE, str(err))
    except UnavailableError as err:  # SM2 without its extra: not theirs to answer for
        return Check.failed("signature", Code.UNSUPPORTED, str(err))
    return PASSED["signature"]


def check_authorization(
    claims: Claims, grant: KeyGrant, trust: TrustState, at: datetime
) -> Check:
    """Make check 4 of :func:`check_token`, for claims that ``grant``'s key signed."""
    reason = None
    if claims.type_name not in grant.types:
        reason = "the key was not granted this license type"
    elif not grant.period.covers(claims.signed_at):
        reason = "signed outside the key's period"
    elif claims.signed_at > at:
        reason = "signed after the instant that is asked about"
    elif issuer_part(claims.identifier) != claims.issuer:
        reason = "the identifier is another organization's"
    elif claims.issue_date < trust.first_days[claims.issuer] and not _is_backfill(
        claims, grant
    ):
        reason = (
            "its legal date lies before its issuer's keys, and in no backfill range"
        )
    if reason is not None:
        return Check.failed("authorization", Code.NOT_AUTHORIZED, reason)
    return PASSED["authorization"]


def _is_backfill(claims: Claims, grant: KeyGrant) -> bool:
    """Tell whether the key may seal licenses granted on paper on that date (存量)."""
    days = grant.backfill
    return days is not None and days[0] <= claims.issue_date <= days[1]


def check_key(
    grant: KeyGrant, trust: TrustState, at: datetime, evidence: Evidence
) -> Check:
    """Make check 5 of :func:`check_token`."""
    since = grant.doubtful_from(at)
    if since is None:
        return PASSED["key"]
    proven = evidence.existed_by(grant.organization, trust)
    if proven is not None and proven < since:
        return Check.passed("key", f"existed by {dates.day_of(proven)}")
    if grant.closing is not None and evidence.is_closed_in(grant.closing):
        withdrawn = grant.compromised_from
        if withdrawn is None or (proven is not None and proven < withdrawn):
            return Check.passed("key", "inside the snapshot that closes the key")
    detail = f"the key may have been in other hands from {dates.day_of(since)} on"
    hint = _closing_hint(grant, at, evidence)
    return Check.failed("key", Code.KEY_COMPROMISED, detail + hint)


def _closing_hint(grant: KeyGrant, at: datetime, evidence: Evidence) -> str:
    """Say what a closed key's license needs, empty where that would not help."""
    if grant.closing is None or grant.retired_from(at) is None:
        return ""
    if not evidence.has(grant.closing):
        name = grant.closing.hex()
        return f"; needed as evidence: the snapshot that closes it, sha256 {name}"
    if not evidence.is_closed_in(grant.closing):
        return "; it is not inside the snapshot that closes the key"
    return "; the snapshot that closes the key does not lift a compromise"


_STATUS_CODES = {
    Status.INVALID: Code.REVOKED,
    Status.SUSPENDED: Code.SUSPENDED,
    Status.SUPERSEDED: Code.SUPERSEDED,
}


def _status(
    claims: Claims, trust: TrustState, at: datetime, policy: ValidationPolicy
) -> tuple[Check, datetime | None]:
    number = claims.status.list_number
    listed = list_in_force(trust.lists.get((claims.issuer, number)), at, policy)
    if isinstance(listed, Check):
        return listed, None
    as_of = signed_at(listed)
    try:
        status = listed.status(claims.status.index)
    except MalformedError as err:
        return no_status(str(err)), as_of
    return check_status(status, listed), as_of


def check_status(status: Status, listed: StatusList) -> Check:
    """Make check 6 of :func:`check_token`, for a status of a list in force."""
    if status is not Status.VALID:
        detail = f"list {listed.number}, sequence {listed.sequence}"
        return Check.failed("status", _STATUS_CODES[status], detail)
    return PASSED["status"]


def list_in_force(
    listed: StatusList | None, at: datetime, policy: ValidationPolicy
) -> StatusList | Check:
    """Return the list if it counts at an instant, else the check that says why not."""
    if listed is None:
        return no_status("the trust bundle holds no such list")
    issued = signed_at(listed)
    if at < issued:
        return no_status("the list was signed after the instant that is asked about")
    if at >= _instant(listed.expires_at) or at - issued > policy.max_status_age:
        return Check.failed("status", Code.STALE, "the status list is too old")
    return listed


def signed_at(listed: StatusList) -> datetime:
    """Return when a list was signed."""
    return _instant(listed.issued_at)


@functools.lru_cache(maxsize=1024)  # a bundle has few lists, a run has many licenses
def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def no_status(detail: str) -> Check:
    """Return check 6 of :func:`check_token` where no list tells."""
    return Check.failed("status", Code.NO_STATUS, detail)


def check_validity(
    validity: Validity, checkpoint: Checkpoint | None, at: datetime
) -> Check:
    """Make check 7 of :func:`check_token`."""
    day = dates.day_of(at)
    first, last = validity.valid_from, validity.valid_until
    if last is not None and day > last:
        return Check.failed("validity", Code.EXPIRED, f"valid until {last}")
    if checkpoint is not None and day > checkpoint.due:
        detail = f"a checkpoint was due on {checkpoint.due}"
        return Check.failed("validity", Code.LAPSED, detail)
    if day < first:
        return Check.failed("validity", Code.NOT_YET_VALID, f"valid from {first}")
    return PASSED["validity"]


def check_freshness(
    issuer: str, trust: TrustState, at: datetime, policy: ValidationPolicy
) -> Check:
    """Make check 8 of :func:`check_token`."""
    bundle = trust.bundle
    if bundle is None:
        return Check.failed("trust", Code.UNKNOWN_ISSUER, trust.why_empty)
    limit = min(bundle.max_age, policy.max_bundle_age)
    if at - bundle.issued_at > limit:
        detail = f"the trust bundle is older than {limit.days} days"
        return Check.failed("trust", Code.STALE, detail)
    source = trust.sources.get(issuer)
    if source is not None:
        limit = min(source.max_age, policy.max_bundle_age)
        if at - source.issued_at > limit:
            detail = f"the issuer's own bundle is older than {limit.days} days"
            return Check.failed("trust", Code.STALE, detail)
    return PASSED["trust"]


def check_clock(trust: TrustState, at: datetime) -> Check:
    """Make check 9 of :func:`check_token`."""
    floor = trust.clock_floor
    if floor is not None and at < floor:
        detail = f"the clock reads {at:%Y-%m-%d %H:%M}, and it was later before (UTC)"
        return Check.failed("clock", Code.CLOCK_ROLLBACK, detail)
    return PASSED["clock"]
