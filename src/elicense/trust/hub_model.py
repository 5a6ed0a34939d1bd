"""What people of a hub decided, what it remembers, what a merge did; no rules.

docs/formats/hub.md; the rules are in :mod:`elicense.trust.merge`.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from elicense.model import Text
from elicense.trust.countersigning import RefusedManifest
from elicense.trust.model import (
    Bundle,
    SnapshotSighting,
    Source,
    TimestampAuthority,
)
from elicense.trust.seen import Seen
from esign.keys import PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentGrant:
    """What a hub lets a department say; people of the hub decided it.

    Attributes:
        organization: its USCC.
        root: fingerprint of its root, which a person compared.
        types: license types that it may issue.
        predecessors: USCCs of organs that it took over; its bundle speaks for them too.
        backfill: whether its keys may seal licenses granted on paper (存量).
        suspended: whether it is left out for now.
        since: first day from which its token keys may sign, instead of the earliest one
            that the hub published; None for that one.
        kids: kids, hexadecimal, of keys that people confirmed as the department's own.
    """

    organization: str
    root: str
    types: tuple[str, ...]
    predecessors: tuple[str, ...] = ()
    backfill: bool = False
    suspended: bool = False
    since: date | None = None
    kids: tuple[str, ...] = ()

    @property
    def organizations(self) -> tuple[str, ...]:
        """Every organization that its bundle may speak for."""
        return (self.organization, *self.predecessors)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityGrant:
    """A timestamp authority that the hub itself names.

    Attributes:
        name: of its organization.
        entry: as the bundle carries it.
        root: certificate of the CA root that it chains to, DER.
    """

    name: str
    entry: TimestampAuthority
    root: bytes


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A key that the hub knows to be in other hands, whatever its owner says.

    Attributes:
        name: a key's kid (8 bytes), or the SHA-256 of a certificate (32 bytes).
        compromised_from: since when, UTC.
    """

    name: bytes
    compromised_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HubGrants:
    """Everything that people of a hub decided.

    Attributes:
        departments: whose bundles are merged, and what they may say.
        authorities: timestamp authorities.
        withdrawn: keys and certificates that are known to be compromised.
        keys: the hub's own root and bundle keys, which nobody else may name.
        countersigner: USCC of who runs the hub; None where it countersigns no
            snapshots.
    """

    departments: tuple[DepartmentGrant, ...]
    authorities: tuple[AuthorityGrant, ...] = ()
    withdrawn: tuple[Withdrawal, ...] = ()
    keys: tuple[PublicKey, ...] = ()
    countersigner: str | None = None

    def __post_init__(self) -> None:
        """ValueError where two departments have one organ, one root or one key."""
        codes = [code for grant in self.departments for code in grant.organizations]
        roots = [grant.root for grant in self.departments]
        if len(set(codes)) != len(codes) or len(set(roots)) != len(roots):
            raise ValueError("an organization or a root is granted twice")
        kids = [kid for grant in self.departments for kid in grant.kids]
        if len(set(kids)) != len(kids):
            raise ValueError("a key is confirmed twice")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubMemory:
    """What a hub remembers of its merges.

    Attributes:
        own: what verifiers saw of the hub's last bundle; None before the first.
        departments: what was seen of each department's bundles, by its USCC.
        sources: the last good bundle file of each department, by its USCC.
        floors: the earliest instant from which a token key of an organization signs, as
            the hub published it first, by USCC; UTC, whole seconds.
        snapshots: manifests that the hub saw, and when it first did.
    """

    own: Seen | None = None
    departments: Mapping[str, Seen] = field(default_factory=dict)
    sources: Mapping[str, bytes] = field(default_factory=dict)
    floors: Mapping[str, datetime] = field(default_factory=dict)
    snapshots: tuple[SnapshotSighting, ...] = ()


class Outcome(enum.StrEnum):
    """What became of a department in a merge."""

    TAKEN = "taken"  # the bundle that was given is in
    KEPT = "kept"  # the last good one is in
    LEFT_OUT = "left-out"  # nothing of it is in
    SUSPENDED = "suspended"  # nothing of it is in, as the hub's table has it


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What a merge did with one department.

    Attributes:
        organization: its USCC.
        outcome: what became of it.
        given: whether a bundle of it was given.
        name: its name, empty where nothing of it is in.
        source: which bundle of it is in; None for none.
        refused: why the bundle that was given is not in, or why nothing of it is.
        types: license types that it may issue under the hub.
        types_left_out: types that it grants itself and the hub does not.
        backfill_left_out: whether it grants itself a backfill and the hub does not.
        lists_left_out: (issuer, number) of its status lists under a key that the hub
            withdrew.
        keys_raised: kids, hexadecimal, of its token keys that sign from a later day on
            than it says, which is the earliest that the hub published or the table's.
        keys_left_out: kids of those whose whole period lies before that day.
        signs_from: the earliest instant from which a token key of its own signs under
            the hub; None for no such key.
        same_name: USCCs of other departments that have its name.
    """

    organization: str
    outcome: Outcome
    given: bool = False
    name: str = ""
    source: Source | None = None
    refused: Text | None = None
    types: tuple[str, ...] = ()
    types_left_out: tuple[str, ...] = ()
    backfill_left_out: bool = False
    lists_left_out: tuple[tuple[str, int], ...] = ()
    keys_raised: tuple[str, ...] = ()
    keys_left_out: tuple[str, ...] = ()
    signs_from: datetime | None = None
    same_name: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The content of a hub's next bundle.

    Attributes:
        draft: it, without number and age.
        departments: what to remember of each department, those left out included.
        sources: the bundle files to keep, by USCC.
        floors: what to remember of them, as :class:`HubMemory` has it.
        reports: one for each department of the table, in its order.
        withdrawn_unmatched: withdrawals of the table that named nothing of what was
            read.
        snapshots: what to remember of manifests, as :class:`HubMemory` has it.
        manifests_refused: manifests that were given and are not countersigned.
    """

    draft: Bundle
    departments: Mapping[str, Seen]
    sources: Mapping[str, bytes]
    floors: Mapping[str, datetime]
    reports: tuple[SourceReport, ...]
    withdrawn_unmatched: tuple[Withdrawal, ...] = ()
    snapshots: tuple[SnapshotSighting, ...] = ()
    manifests_refused: tuple[RefusedManifest, ...] = ()

    def bundle(self, *, statement: int, number: int, max_age: timedelta) -> Bundle:
        """Return the bundle to sign.

        Args:
            statement: number of the hub's root statement.
            number: higher than that of any bundle before.
            max_age: how long it may be used.
        """
        return replace(self.draft, statement=statement, number=number, max_age=max_age)
