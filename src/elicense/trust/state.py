"""What is believed now: an immutable value that a validator looks things up in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType

from elicense.trust.model import (
    Bundle,
    KeyGrant,
    OrganizationEntry,
    SealEntry,
    Source,
    TimestampAuthority,
)
from elicense.trust.seen import Seen
from esign.pades import SealGrant
from esign.revocation import CRL
from esign.statuslist import StatusList

CLOCK_TOLERANCE = timedelta(minutes=10)  # by which two good clocks may differ


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustState:
    """What is believed now, looked up by a validator; never changes.

    Attributes:
        root: fingerprint of the pinned root, empty where nothing is pinned.
        bundle: the admitted bundle, None where nothing is believed.
        why_empty: the reason for that, for a developer.
        organizations: those that the pinned roots speak for, by USCC.
        token_keys: (organization, kid, COSE algorithm) -> grant.
        seals: SHA-256 of the seal's certificate -> entry.
        seal_grants: the same, as :func:`esign.pades.validate` asks for it.
        authorities: timestamp authorities with their revocations counted in.
        lists: (issuer, number) -> status list.
        sources: organization -> the bundle that a hub took it from.
        first_days: organization -> the first legal date that its keys may seal without
            a backfill range.
        sightings: SHA-256 of a snapshot's manifest -> when the hub first saw it.
        countersigners: organs whose word that may be; they vouch for others alone.
        revocation_lists: of the CAs, counted into seals and authorities already.
        seen: what to remember; None where nothing is believed.
        clock_floor: the machine's clock can not read less; None where the caller chose
            the instant.
    """

    root: str = ""
    bundle: Bundle | None = None
    why_empty: str = "no root is pinned"
    organizations: Mapping[str, OrganizationEntry] = field(default_factory=dict)
    token_keys: Mapping[tuple[str, bytes, int], KeyGrant] = field(default_factory=dict)
    seals: Mapping[bytes, SealEntry] = field(default_factory=dict)
    seal_grants: Mapping[bytes, SealGrant] = field(default_factory=dict)
    authorities: tuple[TimestampAuthority, ...] = ()
    lists: Mapping[tuple[str, int], StatusList] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    first_days: Mapping[str, date] = field(default_factory=dict)
    sightings: Mapping[bytes, datetime] = field(default_factory=dict)
    countersigners: frozenset[str] = frozenset()
    revocation_lists: tuple[CRL, ...] = ()
    seen: Seen | None = None
    clock_floor: datetime | None = None

    def with_lists(self, lists: Iterable[StatusList]) -> "TrustState":
        """Return the same trust with other status lists.

        For an issuer that asks its own register, which it believes without a signature.
        """
        by_name = {(item.issuer, item.number): item for item in lists}
        return replace(self, lists=MappingProxyType(by_name))

    def on_clock(self, latest_seen: datetime | None) -> "TrustState":
        """Return the same trust for answers at the machine's own clock.

        Such an answer is CLOCK_ROLLBACK where the clock reads ten minutes less than the
        latest time that was seen, or than the bundle's own date.

        Args:
            latest_seen: the latest time of this machine's clock, None if none was kept.
        """
        dates = [latest_seen, None if self.bundle is None else self.bundle.issued_at]
        known = [at for at in dates if at is not None]
        floor = max(known) - CLOCK_TOLERANCE if known else None
        return replace(self, clock_floor=floor)


def no_trust(reason: str) -> TrustState:
    """Return a state that believes nothing, and why."""
    return TrustState(why_empty=reason)
