"""Keys by the lead of a token, with what one run asks of a key only once."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count

from elicense import quick_token
from elicense.policy import ValidationPolicy
from elicense.trust import KeyGrant, OrganizationEntry, TrustState
from elicense.validating.evidence import NO_EVIDENCE
from elicense.validating.token import check_clock, check_freshness, check_key
from esign.algorithms import Suite
from esign.verdict import Check

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_USCC = 18
_NAMES = 1 << 12  # that are kept of a key: dates are what forgers like, too
_SERIALS = count()


@dataclass(frozen=True, slots=True, eq=False)
class KnownKey:
    """A key with the checks that are the same for all that it signed.

    Attributes:
        grant: of the bundle.
        checks: key, trust and clock: numbers 5, 8 and 9 of
            :func:`elicense.validating.token.check_token`.
        signs_from: seconds since 1970 from which what it signed counts at the run's
            instant.
        signs_until: and before which.
        signed_lead: see :func:`elicense.quick_token.signed_bytes`.
        issuer: USCC of its organization.
        organization: whose key it is.
        serial: tells keys apart.
        names: legal date -> name of the organization; kept by :meth:`name_on`.
    """

    grant: KeyGrant
    checks: tuple[Check, Check, Check]
    signs_from: int
    signs_until: int
    signed_lead: bytes
    issuer: str
    organization: OrganizationEntry
    serial: int
    names: dict[date, str] = field(default_factory=dict)

    def name_on(self, day: date) -> str:
        """Return how the organization was called on a legal date."""
        name = self.names.get(day)
        if name is None:
            if len(self.names) >= _NAMES:
                self.names.clear()
            name = self.names[day] = self.organization.name_on(day)
        return name


def known_keys(
    trust: TrustState, at: datetime, policy: ValidationPolicy
) -> dict[bytes, KnownKey]:
    """Return the ES256 keys of a trust by the leads of what they sign.

    Args:
        trust: what is believed.
        at: aware instant of the run.
        policy: limits of the validator.
    """
    found: dict[bytes, KnownKey] = {}
    for (code, kid, number), grant in trust.token_keys.items():
        if number != Suite.ES256.cose or len(code) != _USCC:
            continue
        known = _known(code, grant, trust, at, policy)
        for lead in quick_token.leads(kid, code):
            found[lead] = known
    return found


def _known(
    code: str,
    grant: KeyGrant,
    trust: TrustState,
    at: datetime,
    policy: ValidationPolicy,
) -> KnownKey:
    until = (at - _EPOCH) // _SECOND + 1
    if grant.period.signs_until is not None:
        until = min(until, _ceiling(grant.period.signs_until))
    return KnownKey(
        grant=grant,
        checks=(
            check_key(grant, trust, at, NO_EVIDENCE),
            check_freshness(code, trust, at, policy),
            check_clock(trust, at),
        ),
        signs_from=_ceiling(grant.period.signs_from),
        signs_until=until,
        signed_lead=quick_token.signed_lead(grant.key.kid),
        issuer=code,
        organization=trust.organizations[code],
        serial=next(_SERIALS),
    )


def _ceiling(at: datetime) -> int:
    """Return the first whole second since 1970 that is not before an instant."""
    return -((_EPOCH - at) // _SECOND)
