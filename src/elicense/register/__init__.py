"""The register: what a department issued, and what became of it. The port.

One row for each license in one version, one stream of events, and the publications. A
driver keeps the promises of :class:`Register`; tests/elicense/register_contract.py
states them as tests that every driver inherits. Drivers speak native SQL and share no
layer.

Three promises carry the rest. A request is keyed, so that the same request never makes
two licenses. Everything random or counted is fixed at the reservation, so that a retry
gives the same bytes. A change is compare-and-swap over all rows that it touches, in one
transaction: it happens whole or not at all, and is on disk when the call returns.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from elicense import lifecycle
from elicense.errors import RegisterError
from elicense.events import Event, check_instant
from elicense.lifecycle import Plan, State
from elicense.model import Text
from elicense.register.as_of import AsOf

LIST_CAPACITY = 1 << 20  # indexes of one status list: 256 KiB at 2 bits before zlib
# Indexes are drawn at random, so that neighbours say nothing of each other. Up to half
# full a draw is free at once with at least even odds; beyond it choice becomes slow.
LIST_FILL_MAX = LIST_CAPACITY // 2
SERIAL_MAX = 9_999_999  # seven digits a year and issuer
LIST_ID_MAX = (1 << 53) - 1  # the largest integer of our formats (esign.shape)
SALT_BYTES = 16  # DESIGN: enough that a record's digest cannot be guessed
DIGEST_BYTES = 32  # SHA-256 of the application


class ListFullError(RegisterError):
    """A status list takes no more licenses; the next generation has to be used.

    Attributes:
        list_id: the list that is full.
    """

    def __init__(self, list_id: int) -> None:
        """Keep the list."""
        super().__init__(
            Text(
                f"状态列表 {list_id} 已用过半（{LIST_FILL_MAX} 个），请改用下一个列表",
                f"status list {list_id} is half full ({LIST_FILL_MAX} indexes);"
                " use the next list",
            )
        )
        self.list_id = list_id
        self.args = (list_id,)


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What makes a request the same request.

    Attributes:
        issuer: USCC of the issuing organ.
        type_name: catalog name of the license type.
        operation: such as ``issue`` or ``renew``.
        source: where ``number`` comes from, such as ``case`` or a file's digest.
        number: case number or row id.
    """

    issuer: str
    type_name: str
    operation: str
    source: str
    number: str


@dataclass(frozen=True, slots=True)
class ReserveRequest:
    """A request for one license.

    Attributes:
        key: what makes it the same request.
        digest: SHA-256 of the application, 32 bytes.
        number: 证照编号; kept out of logs.
        list_id: status list to take an index from.
        at: the run's instant, aware, whole seconds.
    """

    key: RequestKey
    digest: bytes
    number: str = field(repr=False)
    list_id: int
    at: datetime

    def __post_init__(self) -> None:
        """Check the shape; ValueError for a wrong digest, list or instant."""
        check_instant(self.at)
        if len(self.digest) != DIGEST_BYTES:
            raise ValueError(f"a digest has {DIGEST_BYTES} bytes")
        if not 0 <= self.list_id <= LIST_ID_MAX:
            raise ValueError(f"a list id lies between 0 and {LIST_ID_MAX}")


@dataclass(frozen=True, slots=True)
class Allocation:
    """What was drawn and counted for one license; it never changes.

    Attributes:
        serial: the year in UTC+8 and seven digits, counted for each issuer and year.
        list_id: the status list.
        index: place in it, drawn at random, used once.
        salt: 16 random bytes of the record; kept out of logs.
        instant: instant of the run that reserved, UTC, whole seconds.
    """

    serial: str
    list_id: int
    index: int
    salt: bytes = field(repr=False)
    instant: datetime


@dataclass(frozen=True, slots=True)
class Reservation:
    """A license that has its place, its identifier and its record."""

    key: RequestKey
    digest: bytes
    allocation: Allocation
    identifier: str
    record: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a compare-and-swap. All values replace those of the row.

    :meth:`Row.change` carries over what a change does not mean to touch.

    Attributes:
        identifier: the row.
        seq: its last event as it was read; the row must be found with it.
        plan: what it is over time from now on; never empty.
        successor: the new version. A row that has one keeps it or drops it, and is
            never given another.
    """

    identifier: str
    seq: int
    plan: Plan
    successor: str | None = None

    def __post_init__(self) -> None:
        """Check that the values go together; ValueError where they do not."""
        lifecycle.check_plan(self.plan)
        if not self.plan:
            raise ValueError("only reserve() makes a row RESERVED")
        if self.plan[-1].state is State.SUPERSEDED and self.successor is None:
            raise ValueError("SUPERSEDED names a successor")


@dataclass(frozen=True, slots=True)
class Row:
    """All that the register holds of one license.

    Attributes:
        identifier: GB/T 36904 identifier.
        key: the request it came from.
        digest: SHA-256 of the application.
        allocation: what was drawn and counted for it.
        seq: its last event.
        plan: what it is over time, by effect; empty while it is RESERVED.
        number: 证照编号; kept out of logs.
        record: the record's bytes.
        token: the signed token, None before the output was stored.
        pdf: the sealed document, likewise.
        successor: the version that supersedes it, now or on a later day.
        previous: the version that it supersedes.
    """

    identifier: str
    key: RequestKey
    digest: bytes
    allocation: Allocation
    seq: int
    plan: Plan
    number: str = field(repr=False)
    record: bytes = field(repr=False)
    token: bytes | None = field(repr=False)
    pdf: bytes | None = field(repr=False)
    successor: str | None
    previous: str | None

    @property
    def is_issued(self) -> bool:
        """Tell whether it ever left RESERVED."""
        return bool(self.plan)

    def state_at(self, at: datetime) -> State:
        """Return what it is at an instant, aware; RESERVED before it was issued."""
        return lifecycle.state_at(self.plan, at)

    def change(
        self,
        plan: Plan,
        *,
        successor: str | None = None,
        drop_successor: bool = False,
    ) -> Change:
        """Return the change of this row, as it was read, to another plan.

        Args:
            plan: what it is over time from now on; its own plan asserts only that the
                row is still as it was read.
            successor: the new version; None keeps what the row has.
            drop_successor: leave the row without a successor.

        Raises:
            ValueError: a successor is given and dropped at once.
        """
        if successor is not None and drop_successor:
            raise ValueError("a successor is given or dropped")
        kept = None if drop_successor else successor or self.successor
        return Change(self.identifier, self.seq, plan, kept)


@dataclass(frozen=True, slots=True)
class Named:
    """One license of a license number, without its bytes.

    Attributes:
        identifier: GB/T 36904 identifier.
        key: the request it came from.
        plan: what it is over time, by effect; empty while it is RESERVED.
        successor: the version that supersedes it, now or on a later day.
    """

    identifier: str
    key: RequestKey
    plan: Plan
    successor: str | None


@dataclass(frozen=True, slots=True)
class Publication:
    """One published bundle.

    Attributes:
        number: from :meth:`Register.take_number`; grows.
        at: instant of the publication, UTC, whole seconds.
        event_seq: last event that is in it, 0 for none.
        bundle: the signed bytes.
    """

    number: int
    at: datetime
    event_seq: int
    bundle: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Check the shape; ValueError for a wrong number or instant."""
        check_instant(self.at)
        if self.number < 1 or self.event_seq < 0:
            raise ValueError("publications count from 1, events from 0")


Build: TypeAlias = Callable[[Allocation], tuple[str, bytes]]
Status: TypeAlias = tuple[int, State]
Adopted: TypeAlias = tuple[Row, tuple[Event, ...]]


class Register(Protocol):
    """What every driver does.

    A call that writes is one transaction and is durable when it returns. Every call may
    raise RegisterError: the store is locked, damaged, full or gone; then nothing of the
    call was kept. A register may be used from several threads and several processes.
    """

    def reserve(self, request: ReserveRequest, build: Build) -> Reservation:
        """Give a request its serial, index, salt and instant, once.

        A request whose key is known gives the stored reservation; nothing is drawn and
        ``build`` is not called. Otherwise ``build`` gets the allocation and returns the
        identifier and the record, inside the transaction, and the event RESERVED is
        recorded with it. Where ``build`` raises, nothing is kept.

        Raises:
            ConflictError: the key is known with another digest, or the identifier is
                taken.
            ListFullError: the list takes no more.
            RegisterError: the year's serials are used up.
        """

    def store_output(self, identifier: str, token: bytes, pdf: bytes) -> None:
        """Keep the finished bytes, before any file appears.

        The same bytes again are a no-op, in whatever state the row is.

        Raises:
            NotFoundError: no such row.
            ConflictError: other bytes are stored. A row leaves RESERVED only with its
                output, so that nothing else is stored later.
        """

    def commit(
        self, changes: Sequence[Change], events: Sequence[Event]
    ) -> tuple[int, ...]:
        """Change rows and record events: all of it, or nothing.

        Not checked: whether the life cycle allows the change, and whether the plan is
        that of the events (:func:`elicense.lifecycle.step` sees to both).

        Args:
            changes: each row at most once.
            events: each of a row in ``changes``, not RESERVED, without ``seq``.

        Returns:
            The ``seq`` of each event, in order.

        Raises:
            NotFoundError: a row or a successor does not exist.
            ConflictError: another event of a row was recorded meanwhile, or it has
                another successor, or its output is not stored yet; or a successor is
                taken.
            ValueError: the arguments do not go together.
        """

    def get(self, identifier: str) -> Row:
        """Return one row; NotFoundError if there is none."""

    def named(self, number: str) -> tuple[Named, ...]:
        """Return all licenses of a license number, oldest first; may be empty.

        No record and no document is read, however many there are.
        """

    def by_key(self, key: RequestKey) -> Row | None:
        """Return the row of a request, None if it was never made."""

    def history(self, identifier: str) -> tuple[Event, ...]:
        """Return a license's events, oldest first; NotFoundError without such a row."""

    def events_since(self, seq: int) -> Iterator[Event]:
        """Give the events after ``seq`` in order; 0 gives all."""

    def at(self, t: datetime) -> AsOf:
        """Return the register as of an instant: what was valid, what was known."""

    def rows(self) -> Iterator[Row]:
        """Give all rows, oldest first; a page of them is held at a time."""

    def statuses(self, issuer: str, list_id: int, at: datetime) -> Iterator[Status]:
        """Give (index, state) of what is not in force at an instant, by index.

        Only SUSPENDED, REVOKED and SUPERSEDED, by effect; all other places of the list
        are 0. All are of one moment of the register.

        Args:
            issuer: USCC; a list is named by its issuer and its number.
            list_id: the list's number.
            at: an aware instant.
        """

    def next_change(self, issuer: str, list_id: int, at: datetime) -> datetime | None:
        """Return when a status of a list next changes by itself, None for never.

        Args:
            issuer: USCC.
            list_id: the list's number.
            at: an aware instant; what is returned lies after it.
        """

    def lists(self) -> tuple[tuple[str, int], ...]:
        """Return (issuer, list id) of all lists that an index was taken from, sorted.

        An adopted license's list counts too.
        """

    def count(self) -> int:
        """Return how many rows there are, in whatever state."""

    def counts(self) -> Mapping[str, int]:
        """Return how many licenses were issued, by the operation of their request.

        So what was only taken over from paper (存量) is counted apart.
        """

    def adopt(self, entries: Iterable[Adopted]) -> int:
        """Take over the licenses of another organ after a reorganisation.

        One transaction. Rows, outputs, plans and successor links are copied as they
        are; the events follow in this register's stream, in the order in which they
        were recorded there, with their own two times. The counters of serials and lists
        of that organ carry on. What was adopted before is left as it is, whatever
        happened to it here since; where it moved on there alone, the events that are
        missing here follow.

        Args:
            entries: rows with their whole histories, each as the other register gives
                them; oldest first.

        Returns:
            How many were new.

        Raises:
            ConflictError: an identifier, a request's key, a serial or a place in a list
                is known with other content; or a license moved on both here and there.
            NotFoundError: a successor is in neither register.
            ValueError: an entry's row and events do not go together, or this is inside
                a batch.
        """

    def batch(self) -> AbstractContextManager[None]:
        """Make the calls of this thread inside the block one transaction.

        A call that fails leaves no trace and the block may go on; an error that leaves
        the block takes all of it back. Nothing is durable, and nothing may be shown to
        anyone, before the block ends. For many reservations at once: one write to disk
        in place of one for each.
        """

    def take_number(self, name: str, after: int = 0) -> int:
        """Return the next number of a sequence: 1, 2, 3 and on, none of them twice.

        Args:
            name: of the sequence.
            after: a number known from elsewhere; what is returned is higher.

        Raises:
            ValueError: inside a batch, where the number could still be taken back; or
                ``after`` is negative or beyond the integers of our formats.
        """

    def store_publication(self, publication: Publication) -> None:
        """Keep a publication; the same again is a no-op.

        Raises:
            ConflictError: its number is not higher than the latest one.
        """

    def latest_publication(self) -> Publication | None:
        """Return the publication with the highest number, None before the first."""

    def publication_at(self, at: datetime) -> Publication | None:
        """Return the newest publication made by an instant, None before the first."""

    def close(self) -> None:
        """Let go of the store; any other call is then a ValueError."""


__all__ = [
    "DIGEST_BYTES",
    "LIST_CAPACITY",
    "LIST_FILL_MAX",
    "LIST_ID_MAX",
    "SALT_BYTES",
    "SERIAL_MAX",
    "Adopted",
    "Allocation",
    "AsOf",
    "Build",
    "Change",
    "ListFullError",
    "Named",
    "Publication",
    "Register",
    "RequestKey",
    "Reservation",
    "ReserveRequest",
    "Row",
    "Status",
]
