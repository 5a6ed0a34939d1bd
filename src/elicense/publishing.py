"""Publishing: from a register to a signed trust bundle with its status lists."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from elicense import dates, trust
from elicense.events import Event, EventKind
from elicense.lifecycle import State
from elicense.list_numbers import OPEN_ENDED, next_generation
from elicense.policy import PUBLISHING, PublicationPolicy
from elicense.register import LIST_CAPACITY, Publication, Register
from elicense.trust import (
    Bundle,
    KeyGrant,
    ListEntry,
    OrganizationEntry,
    SealEntry,
    Seen,
    SignedStatement,
)
from esign import statuslist
from esign.keys import Signer
from esign.statuslist import BITS, Status, StatusList

_STATUS_OF = {
    State.SUSPENDED: Status.SUSPENDED,
    State.REVOKED: Status.INVALID,
    State.SUPERSEDED: Status.SUPERSEDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a department publishes, apart from signatures: no key is needed for it.

    Attributes:
        register: whose licenses.
        organization: the department with its names.
        predecessors: the organs that it took over, with their successors entries.
        keys: token and status keys with their grants, the earlier ones too.
        seals: seals with their grants, likewise.
        roots: DER certificates of the CA roots.
        statement: number of the root statement that it is published under.
        policy: how long the publication may be used.
    """

    register: Register
    organization: OrganizationEntry
    predecessors: tuple[OrganizationEntry, ...] = ()
    keys: tuple[KeyGrant, ...]
    seals: tuple[SealEntry, ...]
    roots: tuple[bytes, ...]
    statement: int
    policy: PublicationPolicy = PUBLISHING

    @property
    def organizations(self) -> tuple[OrganizationEntry, ...]:
        """All organs that a bundle of it speaks of."""
        return (self.organization, *self.predecessors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Who signs a listing.

    Attributes:
        listing: what is published.
        crls: DER revocation lists of the CAs.
        status_signer: signs status lists.
        bundle_signer: signs bundles.
        statements: the root statements, oldest first; the last one names the bundle
            key.
        pins: fingerprints of the roots that a reader of any of its bundles pinned.
    """

    listing: Listing
    crls: tuple[bytes, ...] = ()
    status_signer: Signer
    bundle_signer: Signer
    statements: tuple[SignedStatement, ...]
    pins: tuple[str, ...]


def publish(publisher: Publisher, at: datetime, after: int = 0) -> Publication:
    """Sign all status lists and the bundle, and keep the publication in the register.

    The bundle is admitted as a stranger would admit it before it is kept, and one that
    the previous publication's reader would refuse is not kept either. Writing it where
    strangers find it is the caller's part.

    Args:
        publisher: with what.
        at: the run's instant, whole seconds UTC.
        after: a number that was published before; the new one is higher.

    Raises:
        RegisterError: the register cannot be used.
        ConflictError: another run published a higher number meanwhile.
        UnavailableError: a signer's device did not answer.
        VerificationError: keys, grants and statements do not belong together.
        RollbackError: they are older than what was published before.
    """
    listing = publisher.listing
    register = listing.register
    event_seq = register.last_event()
    seen = _seen(register, publisher.pins)
    number = register.take_number("bundle", after)
    lists = tuple(
        ListEntry(*name, number, statuslist.sign(item, publisher.status_signer))
        for name, item in _lists(listing, number, at)
    )
    data = _signed(publisher, number, at, lists)
    trust.admit(data, publisher.pins, seen)
    publication = Publication(number, at, event_seq, data)
    register.store_publication(publication)
    return publication


def rehearse(publisher: Publisher, at: datetime) -> None:
    """Refuse what no reader would admit, before anything is changed or kept.

    Signs a bundle without status lists, and throws it away.

    Args:
        publisher: with what; its listing as it is to be.
        at: the run's instant, whole seconds UTC.

    Raises:
        MalformedError: a part of it is in no form that is read.
        VerificationError: keys, certificates and statements do not belong together.
    """
    trust.admit(_signed(publisher, 1, at, ()), publisher.pins)


def _signed(
    publisher: Publisher, number: int, at: datetime, lists: tuple[ListEntry, ...]
) -> bytes:
    listing = publisher.listing
    bundle = Bundle(
        statement=listing.statement,
        number=number,
        issued_at=at,
        max_age=listing.policy.bundle_age,
        organizations=listing.organizations,
        keys=listing.keys,
        seals=listing.seals,
        roots=listing.roots,
        crls=publisher.crls,
        status_lists=lists,
    )
    return trust.sign_bundle(bundle, publisher.bundle_signer, publisher.statements)


def _seen(register: Register, pins: tuple[str, ...]) -> tuple[Seen, ...]:
    """Return what a reader of the previous publication remembers."""
    latest = register.latest_publication()
    if latest is None:
        return ()
    seen = trust.admit(latest.bundle, pins).seen
    return () if seen is None else (seen,)


def _lists(
    listing: Listing, sequence: int, at: datetime
) -> Iterator[tuple[tuple[str, int], StatusList]]:
    for name in list_names(listing, at):
        yield name, status_list(listing, name, sequence, at)


def is_known(history: Iterable[Event], published: int, *, listed: bool) -> bool:
    """Tell whether strangers know what became of a license.

    Lists are published with room for what is issued later (status-list.md, 7), so that
    a license to which nothing happened but its issue needs no publication of its own.

    Args:
        history: the license's events.
        published: the last event that is in the publication, 0 without one.
        listed: whether the publication holds the license's status list.
    """
    events = tuple(history)
    kinds = {event.kind for event in events}
    born = kinds - {EventKind.SEAL_REQUESTED}
    if listed and born == {EventKind.RESERVED, EventKind.ISSUED}:
        return True
    return all((event.seq or 0) <= published for event in events)


def list_names(listing: Listing, at: datetime) -> list[tuple[str, int]]:
    """Return (issuer, list number) of the lists to publish at an instant.

    Those in use, and those that a license issued after the publication may need; of a
    predecessor those in use, once its lists are kept here.

    Args:
        listing: of which department.
        at: an aware instant.
    """
    year = dates.day_of(at).year
    own = listing.organization.code
    ahead = (OPEN_ENDED, *range(year, year + listing.policy.years_ahead + 1))
    kept = {own}
    for entry in listing.predecessors:
        if any(item.code == own and item.since <= at for item in entry.successors):
            kept.add(entry.code)
    used = {name for name in listing.register.lists() if name[0] in kept}
    # A list may fill up before the next publication; then the one after it is inside.
    after = {(own, next_generation(number)) for issuer, number in used if issuer == own}
    return sorted({*((own, number) for number in ahead), *used, *after})


def status_list(
    listing: Listing, name: tuple[str, int], sequence: int, at: datetime
) -> StatusList:
    """Return one list as the register has it at an instant.

    Args:
        listing: of which department.
        name: issuer and list number.
        sequence: what it is numbered.
        at: an aware instant; the list ends where a status in it changes by itself.
    """
    register = listing.register
    change = register.next_change(*name, at)
    expires = at + listing.policy.status_age
    if change is not None:
        expires = min(expires, change)
    return StatusList(
        issuer=name[0],
        number=name[1],
        sequence=sequence,
        issued_at=int(at.timestamp()),
        expires_at=int(expires.timestamp()),
        array=statuslist.array(statuses(register, name, at), LIST_CAPACITY, BITS),
    )


def statuses(
    register: Register, name: tuple[str, int], at: datetime
) -> dict[int, Status]:
    """Return what stands in a list at an instant, apart from VALID, by its index.

    Args:
        register: whose.
        name: issuer and list number.
        at: an aware instant.
    """
    found = register.statuses(*name, at)
    return {index: _STATUS_OF[state] for index, state in found}
