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
from datetime import datetime
from typing import Protocol, TypeAlias

from elicense.events import Event
from elicense.lifecycle import State
from elicense.register.as_of import AsOf
from elicense.register.rows import (
    DIGEST_BYTES,
    LIST_CAPACITY,
    LIST_FILL_MAX,
    LIST_ID_MAX,
    SALT_BYTES,
    SERIAL_MAX,
    Allocation,
    Change,
    Claim,
    ListFullError,
    Named,
    Output,
    PlaceTakenError,
    Publication,
    RequestKey,
    Reservation,
    ReserveRequest,
    Row,
    SealOrder,
    SnapshotMark,
)

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

    def offer(self, requests: Sequence[ReserveRequest]) -> tuple[Allocation, ...]:
        """Give each request a place on trial, so that its page can be drawn.

        Serials are counted and never given again; indexes are free now and differ;
        nothing is reserved, and no key is looked up. A place that is not claimed is
        lost with its serial; its index is free as before.

        Returns:
            A place for each request, in order.

        Raises:
            RegisterError: a year's serials are used up; none was counted.
            ValueError: inside a batch, where a serial could still be taken back.
        """

    def claim(self, claims: Sequence[Claim]) -> tuple[Row, ...]:
        """Reserve the places that were offered: all of them, or none.

        Each as :meth:`reserve` would with a ``build`` that gives identifier and record.
        A request whose key is known gives its row as it stands, and its place is lost.
        Who gets an error and wants to know which claim it was makes them one by one.

        Returns:
            The row of each claim, in order.

        Raises:
            ConflictError: a key is known with another digest, or an identifier is
                taken.
            PlaceTakenError: an index was taken since it was offered.
            ListFullError: a list takes no more.
            ValueError: two of the claims have one key.
        """

    def store_outputs(self, outputs: Sequence[Output]) -> None:
        """Keep the finished bytes of many: all of it, or nothing.

        Each as :meth:`store_output` would, and with its errors.

        Raises:
            ValueError: two of them are of one license.
        """

    def store_output(self, identifier: str, token: bytes, pdf: bytes) -> None:
        """Keep the finished bytes, before any file appears.

        The same bytes again are a no-op, in whatever state the row is.

        Raises:
            NotFoundError: no such row.
            ConflictError: other bytes are stored. A row leaves RESERVED only with its
                output, so that nothing else is stored later.
        """

    def order_seal(self, order: SealOrder, event: Event) -> SealOrder:
        """Keep what a seal platform is to seal, before it is asked.

        The event is recorded with it. Where an order of the license is kept already,
        that one is returned and nothing is changed: what was stored first counts.

        Args:
            order: new: neither sent nor with a task, and with its bytes.
            event: of the license, SEAL_REQUESTED, without ``seq``.

        Raises:
            NotFoundError: no such row.
            ConflictError: the row has its output.
            ValueError: order and event do not go together.
        """

    def mark_sent(self, identifier: str, at: datetime) -> bool:
        """Keep that an order is about to be sent; durable before it is.

        Returns:
            Whether this is the first time. False: somebody may have sent it before.

        Raises:
            NotFoundError: no such order.
        """

    def note_task(self, identifier: str, task: str) -> None:
        """Keep what the platform calls its task; NotFoundError for no such order."""

    def seal_order(self, identifier: str) -> SealOrder | None:
        """Return the order of a license, None where it has none."""

    def awaiting_seal(self) -> tuple[str, ...]:
        """Return identifiers of all licenses that await their seal, oldest first."""

    def ordered_seals(self) -> Mapping[str, str]:
        """Return request id -> identifier of all orders, finished ones too."""

    def finish_order(self, identifier: str) -> None:
        """Let go of the bytes of an order whose license is issued; else a no-op."""

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

    def in_force(self, number: str, at: datetime, limit: int) -> tuple[str, ...]:
        """Return identifiers of a license number's licenses that are in force.

        ISSUED or SUSPENDED at the instant, by effect; oldest first. No record and no
        document is read.

        Args:
            number: 证照编号.
            at: an aware instant.
            limit: how many at most, so that a number that thousands bear costs no more.

        Raises:
            ValueError: the limit is below one.
        """

    def by_key(self, key: RequestKey) -> Row | None:
        """Return the row of a request, None if it was never made."""

    def history(self, identifier: str) -> tuple[Event, ...]:
        """Return a license's events, oldest first; NotFoundError without such a row."""

    def events_since(self, seq: int) -> Iterator[Event]:
        """Give the events after ``seq`` in order; 0 gives all."""

    def last_event(self) -> int:
        """Return the ``seq`` of the last event, 0 before the first; reads no event."""

    def at(self, t: datetime) -> AsOf:
        """Return the register as of an instant: what was valid, what was known."""

    def rows(self) -> Iterator[Row]:
        """Give all rows, oldest first; a page of them is held at a time."""

    def issued(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Give ``seq`` and token of what was issued after an event.

        In the order in which its issue was recorded here, whenever it was reserved;
        what was adopted comes with its adoption. Nothing is ever recorded before what
        was given, so that whoever goes on after the last ``seq`` misses nothing. No
        record and no document is read; a page of tokens is held at a time.

        Args:
            after: ``seq`` of an event; 0 gives all.
        """

    def issued_until(self, seq: int) -> int:
        """Return how many licenses were issued up to an event, this one included.

        Reads an index and no license.
        """

    def keep_mark(self, mark: SnapshotMark) -> None:
        """Keep how far a snapshot's columns go, in place of an earlier mark of theirs.

        Kept after what it tells of was read: a copy of the register that has the mark
        has all of that, too.
        """

    def mark(self, sha256: bytes) -> SnapshotMark | None:
        """Return the mark of a snapshot's columns, None where this register has none.

        Args:
            sha256: digest of the columns file, 32 bytes.
        """

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

    def let_go(self) -> None:
        """Let go of the store until the next call: no other process inherits a hold.

        For the moment before a fork.

        Raises:
            ValueError: inside a batch.
        """

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
    "Claim",
    "ListFullError",
    "Named",
    "Output",
    "PlaceTakenError",
    "Publication",
    "Register",
    "RequestKey",
    "Reservation",
    "ReserveRequest",
    "Row",
    "SealOrder",
    "SnapshotMark",
    "Status",
]
