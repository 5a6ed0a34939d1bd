"""What the next publication would change, found without signing anything."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from elicense import publishing
from elicense.events import Event, EventKind
from elicense.publishing import Listing
from elicense.trust import KeyGrant, SealEntry, TrustState
from esign.certificates import key_mark
from esign.statuslist import BITS, Status, StatusList

SOON = timedelta(days=1)  # a list that ends sooner is to be published again
_PER_BYTE = 8 // BITS
_USED = re.compile(rb"[^\0]")  # a byte with a status that is not VALID
# What happens up to the issue is covered by the list.
_SILENT = frozenset({EventKind.RESERVED, EventKind.SEAL_REQUESTED, EventKind.ISSUED})


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One place of one status list.

    Attributes:
        issuer: USCC.
        number: the list's number.
        index: the place in it.
        before: what is published; None where the list is not published yet.
        after: what the register says.
    """

    issuer: str
    number: int
    index: int
    before: Status | None
    after: Status


@dataclass(frozen=True, slots=True)
class GrantChange:
    """One key or seal of which the publication says something else, or nothing.

    Attributes:
        purpose: ``token``, ``status`` or ``seal``.
        name: its kid in hexadecimal.
        change: ``new`` or ``changed``.
    """

    purpose: str
    name: str
    change: Literal["new", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What a publication at an instant would change.

    Attributes:
        at: the instant.
        number: number of the publication that strangers have; None for none.
        is_out: whether that is the last one of the register.
        events: what was recorded since, oldest first.
        statuses: what would change in the lists.
        ending: (issuer, number, end) of lists that ended or end within a day; the end
            is None for a list in use that is not published yet.
        grants: what would change of keys and seals.
        other: whether names, successors or root statements would change.
        next_change: when a status next changes by itself; None for never.
    """

    at: datetime
    number: int | None
    is_out: bool
    events: tuple[Event, ...]
    statuses: tuple[StatusChange, ...]
    ending: tuple[tuple[str, int, datetime | None], ...]
    grants: tuple[GrantChange, ...]
    other: bool
    next_change: datetime | None

    @property
    def is_nothing(self) -> bool:
        """Whether strangers would learn nothing new.

        A license to which nothing happened but its issue needs no publication.
        """
        told = any(event.kind not in _SILENT for event in self.events)
        changes = (told, self.statuses, self.ending, self.grants, self.other)
        return self.is_out and not any(changes)


def pending(
    listing: Listing, state: TrustState, at: datetime, *, is_out: bool
) -> Pending:
    """Compare what a department has with what strangers believe of it.

    Args:
        listing: what it would publish.
        state: what strangers believe now.
        at: the instant of the next publication, aware UTC.
        is_out: whether strangers find the last publication of the register.

    Raises:
        RegisterError: the register cannot be used.
        MalformedError: a published list cannot be read.
    """
    register, bundle = listing.register, state.bundle
    latest = register.latest_publication()
    names = publishing.list_names(listing, at)
    changes = [register.next_change(*name, at) for name in names]
    return Pending(
        at=at,
        number=None if bundle is None else bundle.number,
        is_out=is_out,
        events=tuple(register.events_since(0 if latest is None else latest.event_seq)),
        statuses=tuple(
            change for name in names for change in _statuses(listing, state, name, at)
        ),
        ending=tuple(_ending(listing, state, at)),
        grants=tuple(_grants(listing, state)),
        other=bundle is None
        or bundle.organizations != listing.organizations
        or bundle.statement != listing.statement
        or bundle.roots != listing.roots,
        next_change=min((item for item in changes if item is not None), default=None),
    )


def _statuses(
    listing: Listing, state: TrustState, name: tuple[str, int], at: datetime
) -> Iterator[StatusChange]:
    now = publishing.statuses(listing.register, name, at)
    listed = state.lists.get(name)
    before = {} if listed is None else _published(listed)
    for index in sorted(now.keys() | before.keys()):
        old = None if listed is None else before.get(index, Status.VALID)
        new = now.get(index, Status.VALID)
        if old is not new:
            yield StatusChange(*name, index, old, new)


def _published(listed: StatusList) -> dict[int, Status]:
    """Return what is not VALID in a published list, by index."""
    found: dict[int, Status] = {}
    for place in _USED.finditer(listed.array):
        first = place.start() * _PER_BYTE
        for index in range(first, first + _PER_BYTE):
            status = listed.status(index)
            if status is not Status.VALID:
                found[index] = status
    return found


def _ending(
    listing: Listing, state: TrustState, at: datetime
) -> Iterator[tuple[str, int, datetime | None]]:
    used = frozenset(listing.register.lists())
    for name in publishing.list_names(listing, at):
        listed = state.lists.get(name)
        if listed is None:
            if name in used:  # one that holds nothing yet can wait
                yield (*name, None)
            continue
        end = datetime.fromtimestamp(listed.expires_at, UTC)
        if end <= at + SOON:
            yield (*name, end)


def _grants(listing: Listing, state: TrustState) -> Iterator[GrantChange]:
    bundle = state.bundle
    known: dict[str, KeyGrant | SealEntry] = {}
    if bundle is not None:
        known |= {grant.key.kid.hex(): grant for grant in bundle.keys}
        known |= {_seal_name(seal): seal for seal in bundle.seals}
    for grant in listing.keys:
        yield from _compared(grant.purpose, grant.key.kid.hex(), grant, known)
    for seal in listing.seals:
        yield from _compared("seal", _seal_name(seal), seal, known)


def _seal_name(seal: SealEntry) -> str:
    return key_mark(seal.certificates[0]).hex()


def _compared(
    purpose: str,
    name: str,
    entry: KeyGrant | SealEntry,
    known: dict[str, KeyGrant | SealEntry],
) -> Iterator[GrantChange]:
    if name not in known:
        yield GrantChange(purpose, name, "new")
    elif known[name] != entry:
        yield GrantChange(purpose, name, "changed")
