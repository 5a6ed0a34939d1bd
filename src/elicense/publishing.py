"""Publishing: from a register to a signed trust bundle with its status lists."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from elicense import dates, trust
from elicense.events import Event, EventKind
from elicense.issuing import OPEN_ENDED_LIST
from elicense.lifecycle import State, effective_state
from elicense.policy import PUBLISHING, PublicationPolicy
from elicense.register import LIST_CAPACITY, Publication, Register
from elicense.trust import Bundle, KeyGrant, OrganizationEntry, SealEntry
from esign import statuslist
from esign.keys import Signer
from esign.statuslist import BITS, Status, StatusList

_STATUS_OF = {
    State.ISSUED: Status.VALID,
    State.SUSPENDED: Status.SUSPENDED,
    State.REVOKED: Status.INVALID,
    State.SUPERSEDED: Status.SUPERSEDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """What a department publishes with.

    Attributes:
        register: whose licenses.
        organization: the department with its names.
        keys: its token and status keys with their grants.
        seals: its seals with their grants.
        roots: DER certificates of the CA roots.
        status_signer: signs status lists.
        bundle_signer: signs bundles.
        root_statement: the root's statement that names the bundle key.
        root: fingerprint of the root.
        policy: how long the publication may be used.
    """

    register: Register
    organization: OrganizationEntry
    keys: tuple[KeyGrant, ...]
    seals: tuple[SealEntry, ...]
    roots: tuple[bytes, ...]
    status_signer: Signer
    bundle_signer: Signer
    root_statement: bytes
    root: str
    policy: PublicationPolicy = PUBLISHING


def publish(publisher: Publisher, at: datetime) -> Publication:
    """Sign all status lists and the bundle, and keep the publication in the register.

    The bundle is admitted as a stranger would admit it before it is kept. Writing it
    where strangers find it is the caller's part.

    Args:
        publisher: with what.
        at: the run's instant, whole seconds UTC.

    Raises:
        RegisterError: the register cannot be used.
        ConflictError: another run published a higher number meanwhile.
        UnavailableError: a signer's device did not answer.
    """
    register = publisher.register
    event_seq = last_event(register)
    number = register.take_number("bundle")
    lists = [_list(publisher, name, number, at) for name in _numbers(publisher, at)]
    bundle = Bundle(
        number=number,
        issued_at=at,
        max_age=publisher.policy.bundle_age,
        organizations=(publisher.organization,),
        keys=publisher.keys,
        seals=publisher.seals,
        roots=publisher.roots,
        status_lists=tuple(
            statuslist.sign(item, publisher.status_signer) for item in lists
        ),
    )
    data = trust.sign_bundle(bundle, publisher.bundle_signer, publisher.root_statement)
    trust.admit(data, publisher.root)
    publication = Publication(number, at, event_seq, data)
    register.store_publication(publication)
    return publication


def last_event(register: Register) -> int:
    """Return the sequence number of the last event, 0 for none."""
    latest = register.latest_publication()
    seq = 0 if latest is None else latest.event_seq
    for event in register.events_since(seq):
        seq = event.seq or seq
    return seq


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
    if listed and kinds == {EventKind.RESERVED, EventKind.ISSUED}:
        return True
    return all((event.seq or 0) <= published for event in events)


def _numbers(publisher: Publisher, at: datetime) -> list[int]:
    """Return the lists to publish: those in use, and those a new license may need."""
    year = dates.day_of(at).year
    ahead = range(year, year + publisher.policy.years_ahead + 1)
    return sorted({OPEN_ENDED_LIST, *ahead, *publisher.register.lists()})


def _list(publisher: Publisher, name: int, sequence: int, at: datetime) -> StatusList:
    statuses, changes = _statuses(publisher.register, name, at)
    expires = min((at + publisher.policy.status_age, *changes))
    return StatusList(
        issuer=publisher.organization.code,
        number=name,
        sequence=sequence,
        issued_at=int(at.timestamp()),
        expires_at=int(expires.timestamp()),
        array=statuslist.array(statuses, LIST_CAPACITY, BITS),
    )


def _statuses(
    register: Register, name: int, at: datetime
) -> tuple[dict[int, Status], list[datetime]]:
    """Return the statuses that are not VALID, and when one changes by itself."""
    superseded_from = dict(register.scheduled(name))
    statuses: dict[int, Status] = {}
    changes: list[datetime] = []
    for index, state, until in register.statuses(name):
        first_day = superseded_from.get(index)
        now = effective_state(state, until, at, first_day)
        if now is not State.ISSUED:
            statuses[index] = _STATUS_OF[now]
        changes += _scheduled_changes(now, until, first_day)
    return statuses, [change for change in changes if change > at]


def _scheduled_changes(
    now: State, until: date | None, first_day: date | None
) -> Iterator[datetime]:
    if now is State.SUSPENDED and until is not None:
        yield dates.end_after(until)
    if first_day is not None:
        yield dates.start_of(first_day)
