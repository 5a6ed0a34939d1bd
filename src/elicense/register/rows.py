"""The values that a register keeps, and what it says where it takes no more."""

from dataclasses import dataclass, field
from datetime import datetime

from elicense import lifecycle
from elicense.errors import ConflictError, RegisterError
from elicense.events import check_instant
from elicense.lifecycle import Plan, State
from elicense.model import Text

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


class PlaceTakenError(ConflictError):
    """A place that was offered was taken by another run; ask for another one."""

    def __init__(self) -> None:
        """Say it; a run that offers anew needs nothing else."""
        super().__init__(
            Text(
                "状态列表中的位置已被另一进程占用，请重新取号",
                "another run took the place in the status list; ask for another",
            )
        )
        self.args = ()


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
class Claim:
    """A place that was offered, and what is to stand there.

    Attributes:
        request: the request that the place was offered to.
        place: from :meth:`Register.offer`.
        identifier: GB/T 36904 identifier with the serial of the place.
        record: the record with the salt of the place.
    """

    request: ReserveRequest
    place: Allocation
    identifier: str
    record: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Output:
    """The finished bytes of one license."""

    identifier: str
    token: bytes = field(repr=False)
    pdf: bytes = field(repr=False)


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
        is_ordered: whether a seal platform was to seal it.
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
    is_ordered: bool = False

    @property
    def is_issued(self) -> bool:
        """Tell whether it ever left RESERVED."""
        return bool(self.plan)

    def state_at(self, at: datetime) -> State:
        """Return what it is at an instant, aware; RESERVED before it was issued.

        AWAITING_SEAL where it never was, and a seal platform is to seal it.
        """
        if self.is_ordered and not self.plan:
            return State.AWAITING_SEAL
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SealOrder:
    """What a seal platform is asked to seal, complete before it is asked.

    Attributes:
        identifier: of the license.
        request_id: what makes it the same request at the platform.
        token: the signed token.
        pdf: what is to be sealed; None once the license is issued.
        grounds: how to finish without the application: JSON of our own.
        sent_at: when it was about to be sent first, UTC; None before that.
        task: what the platform called its task, empty for none.
    """

    identifier: str
    request_id: str
    token: bytes = field(repr=False)
    pdf: bytes | None = field(repr=False)
    grounds: str = field(repr=False)
    sent_at: datetime | None = None
    task: str = ""


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
class SnapshotMark:
    """How far a register is in the columns of a snapshot.

    Attributes:
        sha256: digest of the columns file, 32 bytes.
        event_seq: everything that was issued up to this event is in it, and nothing
            else; 0 for none.
        issued: how many licenses those are, with those that have no row.
    """

    sha256: bytes
    event_seq: int
    issued: int

    def __post_init__(self) -> None:
        """Check the shape; ValueError for a wrong digest or number."""
        if len(self.sha256) != DIGEST_BYTES:
            raise ValueError(f"a digest has {DIGEST_BYTES} bytes")
        if not 0 <= self.issued <= self.event_seq <= LIST_ID_MAX:
            raise ValueError("each license that was issued has an event of its own")


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
