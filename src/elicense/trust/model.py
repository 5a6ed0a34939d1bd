"""What a trust bundle says, as frozen values (docs/formats/trust.md); no rules."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from esign.keys import PublicKey
from esign.pades import SealObject, SubFilter

KeyPurpose = Literal["token", "status"]


@dataclass(frozen=True, slots=True)
class Succession:
    """An organ that took over from another (机构改革).

    Attributes:
        code: USCC of the successor.
        since: from when, UTC.
        types: the license types it took over.
        keeps_lists: whether it signs the predecessor's status lists from then on.
    """

    code: str
    since: datetime
    types: tuple[str, ...]
    keeps_lists: bool


@dataclass(frozen=True, slots=True)
class OrganizationEntry:
    """An organ with its names over time, oldest first, and who came after it."""

    code: str
    names: tuple[tuple[date, str], ...]
    successors: tuple[Succession, ...] = ()

    def name_on(self, day: date) -> str:
        """Return the organ's name on a day; the first one for any day before it."""
        current = self.names[0][1]
        for since, name in self.names:
            if since <= day:
                current = name
        return current


@dataclass(frozen=True, slots=True)
class Period:
    """From when, and until before when, something signs; None is no end."""

    signs_from: datetime
    signs_until: datetime | None

    def covers(self, at: datetime) -> bool:
        """Tell whether ``at`` lies in the period."""
        return self.signs_from <= at and (
            self.signs_until is None or at < self.signs_until
        )


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """A public key with its one purpose, its organization, types and period.

    Attributes:
        key: the public key.
        purpose: ``token`` signs licenses, ``status`` signs status lists.
        organization: USCC of its owner.
        types: license types it may sign; empty for ``status``.
        period: when it signs.
        backfill: first and last legal date of licenses granted on paper (存量) that it
            may seal; None for none.
        destroyed: attested that the private key exists no more.
        compromised_from: from when it may have been in other hands; None for never.
        closing: SHA-256 of the manifest of a snapshot that holds all that it signed;
            None for a key without one.
    """

    key: PublicKey
    purpose: KeyPurpose
    organization: str
    types: tuple[str, ...]
    period: Period
    backfill: tuple[date, date] | None = None
    destroyed: bool = False
    compromised_from: datetime | None = None
    closing: bytes | None = None

    def doubtful_from(self, at: datetime) -> datetime | None:
        """Return from when what it signed needs evidence, asked at an instant.

        Returns:
            The earlier of the instant from which it was compromised and, once its
            period is over and nobody attests that it was destroyed, the period's end.
            None for a key that is not in doubt.
        """
        retired, since = self.retired_from(at), self.compromised_from
        if retired is None or since is None:
            return retired or since
        return min(retired, since)

    def retired_from(self, at: datetime) -> datetime | None:
        """Return since when it signs no more and may still lie about, at an instant.

        Returns:
            None while it signs, and for a key that is attested destroyed.
        """
        until = self.period.signs_until
        return None if until is None or at < until or self.destroyed else until


@dataclass(frozen=True, slots=True)
class SealEntry:
    """A department's seal: its certificate chain without the root, types, period.

    ``destroyed`` and ``compromised_from`` are as in :class:`KeyGrant`; ``subfilter``
    and ``seals`` as in :class:`esign.pades.SealGrant`.
    """

    organization: str
    certificates: tuple[bytes, ...]
    types: tuple[str, ...]
    period: Period
    destroyed: bool = False
    compromised_from: datetime | None = None
    subfilter: SubFilter = SubFilter.PADES
    seals: tuple[SealObject, ...] = ()

    @property
    def is_gm(self) -> bool:
        """Whether it is one of the GM profile, whose certificates are of SM2 keys."""
        return self.subfilter is not SubFilter.PADES

    @property
    def chains(self) -> tuple[tuple[bytes, ...], ...]:
        """Every chain that it names, DER: its own, and those of its seals' makers."""
        return (self.certificates, *(made.maker for made in self.seals))


@dataclass(frozen=True, slots=True)
class TimestampAuthority:
    """Who may say that something existed by then (RFC 3161).

    Attributes:
        organization: USCC of its owner; never an issuer that it speaks for.
        certificates: its certificate chain without the root, DER, its own first.
        period: when it signs.
        compromised_from: as in :class:`KeyGrant`.
    """

    organization: str
    certificates: tuple[bytes, ...]
    period: Period
    compromised_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A department's bundle that a hub merged.

    Attributes:
        organization: USCC of the department.
        root: fingerprint of the root that the hub pinned for it.
        statement: number of the department's last root statement.
        number: number of its bundle.
        issued_at: when that was signed, UTC.
        max_age: how long after it may be used.
    """

    organization: str
    root: str
    statement: int
    number: int
    issued_at: datetime
    max_age: timedelta


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A status list as a bundle carries it.

    Attributes:
        issuer: USCC of the organization whose licenses it speaks of.
        number: the list's number.
        sequence: the lowest sequence that is acceptable.
        token: the signed list.
    """

    issuer: str
    number: int
    sequence: int
    token: bytes


@dataclass(frozen=True, slots=True)
class SnapshotSighting:
    """A snapshot manifest that a hub saw, and since when it knows it.

    Attributes:
        organization: USCC of the organ that made it.
        number: the manifest's number.
        sha256: of the whole manifest, 32 bytes.
        seen_at: when the hub first saw it, whole seconds UTC.
    """

    organization: str
    number: int
    sha256: bytes
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The content of one trust bundle, before it is signed or after it was admitted.

    Attributes:
        statement: number of the root statement that it was made under.
        number: rises with every publication under one statement.
        issued_at: whole seconds UTC.
        max_age: how long after ``issued_at`` it may be used.
        organizations: who occurs in it.
        keys: token and status keys.
        seals: seals with their chains.
        authorities: timestamp authorities.
        roots: DER certificates of the CA roots that seals chain to.
        crls: DER revocation lists of the CAs.
        sources: the bundles that a hub merged.
        status_lists: signed status lists.
        countersigner: USCC of who runs the hub that saw the snapshots; None where there
            are none.
        snapshots: manifests that a hub saw.
    """

    statement: int
    number: int
    issued_at: datetime
    max_age: timedelta
    organizations: tuple[OrganizationEntry, ...]
    keys: tuple[KeyGrant, ...]
    seals: tuple[SealEntry, ...]
    roots: tuple[bytes, ...]
    status_lists: tuple[ListEntry, ...]
    authorities: tuple[TimestampAuthority, ...] = ()
    crls: tuple[bytes, ...] = ()
    sources: tuple[Source, ...] = ()
    countersigner: str | None = None
    snapshots: tuple[SnapshotSighting, ...] = ()
