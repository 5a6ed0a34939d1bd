"""What every driver checks of the arguments of a call, before it touches the store."""

import re
from collections.abc import Sequence

from elicense import lifecycle
from elicense.errors import ConflictError
from elicense.events import Event, EventKind
from elicense.model import Text
from elicense.register import LIST_ID_MAX, Adopted, Change, SealOrder

_APART = (EventKind.RESERVED, EventKind.SEAL_REQUESTED)  # recorded by calls of theirs
_SERIAL = re.compile("[0-9]{11}")  # the year and seven digits


def check_commit(changes: Sequence[Change], events: Sequence[Event]) -> None:
    """Check that the arguments of a commit go together.

    Raises:
        ValueError: nothing to do, a row twice, or an event that has no row here, is
            RESERVED, has a ``seq``, or names another successor than its row.
    """
    touched = {change.identifier: change for change in changes}
    if not changes:
        raise ValueError("a commit changes at least one row")
    if len(touched) != len(changes):
        raise ValueError("a commit changes a row once")
    for event in events:
        if event.identifier not in touched:
            raise ValueError("an event belongs to a row that the commit changes")
        if event.kind in _APART or event.seq is not None:
            raise ValueError("a commit records new events, and never RESERVED")
        if event.successor not in (None, touched[event.identifier].successor):
            raise ValueError("an event names the successor that its row gets")


def check_order(order: SealOrder, event: Event) -> None:
    """Check that a new order and its event go together.

    Raises:
        ValueError: they do not, or the order is not new.
    """
    if order.pdf is None or order.sent_at is not None or order.task:
        raise ValueError("a new order has its bytes, and was not sent")
    if event.kind is not EventKind.SEAL_REQUESTED or event.seq is not None:
        raise ValueError("an order comes with a new event SEAL_REQUESTED")
    if event.identifier != order.identifier:
        raise ValueError("an order and its event are of one license")


def check_adopted(entry: Adopted) -> None:
    """Check that a row and its history go together.

    Raises:
        ValueError: an event is another license's, has no ``seq`` or is out of order, or
            the row's plan is not that of its events, or its serial is none.
    """
    row, events = entry
    if any(event.identifier != row.identifier for event in events):
        raise ValueError("an entry's events are those of its row")
    seqs = [event.seq or 0 for event in events]
    if seqs != sorted(set(seqs)) or 0 in seqs or seqs[-1:] != [row.seq]:
        raise ValueError("an entry holds the whole history of its row, in order")
    if events[0].kind is not EventKind.RESERVED:
        raise ValueError("a history begins with the reservation")
    if row.plan != lifecycle.plan(events):
        raise ValueError("a row's plan is what its events mean")
    if not _SERIAL.fullmatch(row.allocation.serial):
        raise ValueError("a serial has eleven digits")
    if row.is_issued and None in (row.token, row.pdf):
        raise ValueError("a license that was issued has its output")


def check_after(after: int) -> None:
    """Raise ValueError unless a sequence can go on after a number."""
    if not 0 <= after < LIST_ID_MAX:
        raise ValueError(f"a number lies between 0 and {LIST_ID_MAX}")


def check_digest(known: bytes, asked: bytes) -> None:
    """Check that a request came again with the application of the first time.

    Args:
        known: digest of the reservation.
        asked: digest of the request.

    Raises:
        ConflictError: they differ.
    """
    if known != asked:
        raise ConflictError(
            Text(
                "同一申请（办件号或行号）已用不同的数据提交过",
                "this case or row was submitted before with other data",
            )
        )


def check_limit(limit: int) -> None:
    """Raise ValueError unless a question asks for at least one answer."""
    if limit < 1:
        raise ValueError("a limit counts from one")
