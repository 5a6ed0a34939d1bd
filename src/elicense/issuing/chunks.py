"""Chunks: how the rows of a batch are cut, and which rows stand in others' way.

A chunk is what is reserved, and later issued, in one transaction.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from elicense.errors import ElicenseError
from elicense.issuing.request import Request
from elicense.model import Text
from elicense.register import RequestKey

Entry: TypeAlias = tuple[int, Request | ElicenseError]
"""The place of a row, from 1, and its request or why it has none."""
Mark: TypeAlias = RequestKey | str
"""What two rows that are under way at once must not share."""


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """How a batch is cut, and how much of it is validated in full.

    Every license is validated by the lean rules before it goes out; what is in the
    sample also by the desk's own policy: with the second engine, and the page as it is
    drawn.

    Attributes:
        chunk: rows of one transaction, at most.
        sample: the first new license of each type is in the sample, and then one in so
            many rows.
        size: characters and bytes of the applications of a chunk, at most; an
            application that is larger is a chunk of its own. A run holds about three
            times as much for each process: pictures are decoded and stand in the PDFs.
    """

    chunk: int = 200
    sample: int = 500
    size: int = 64 << 20

    def __post_init__(self) -> None:
        """Raise ValueError for a number below one."""
        if min(self.chunk, self.sample, self.size) < 1:
            raise ValueError("a chunk, a sample and a size count from one")


class UnreadError(ElicenseError):
    """The requests of a run could not be read on; all that were read are done.

    Attributes:
        given: how many rows were read before.
        cause: why the next one was not.
    """

    def __init__(self, given: int, cause: ElicenseError) -> None:
        """Keep the place and the cause."""
        why = cause.message
        super().__init__(
            Text(
                f"第 {given + 1} 行无法读取，已停止；前 {given} 行已办理，"
                f"改正后请用同一命令再次运行：{why.zh}",
                f"row {given + 1} cannot be read, and the run was stopped; the {given}"
                f" rows before it are done, and the same again goes on: {why.en}",
            )
        )
        self.given = given
        self.cause = cause
        self.args = (given, cause)


@dataclass(slots=True)
class _Chunk:
    """What was put together so far."""

    entries: list[Entry] = field(default_factory=list)
    marks: set[Mark] = field(default_factory=set)
    size: int = 0

    def takes(self, policy: BatchPolicy, marks: frozenset[Mark], size: int) -> bool:
        """Tell whether one more row may stand here; an empty chunk takes any."""
        if not self.entries:
            return True
        full = len(self.entries) >= policy.chunk or self.size + size > policy.size
        return not full and self.marks.isdisjoint(marks)

    def add(self, entry: Entry, marks: frozenset[Mark], size: int) -> None:
        """Put one more row here."""
        self.entries.append(entry)
        self.marks |= marks
        self.size += size


def chunks(
    requests: Iterable[Request | ElicenseError], policy: BatchPolicy
) -> Iterator[list[Entry]]:
    """Cut requests into chunks of rows that are free of one another, numbered from 1.

    Args:
        requests: in order; read as they are needed.
        policy: how much a chunk holds.

    Yields:
        Chunks, none of them empty. Where ``requests`` raises, what was read is given
        first.

    Raises:
        UnreadError: ``requests`` raised an error of this package.
        Exception: whatever else ``requests`` raised, with a note that says how many
            rows were read.
    """
    rest, chunk = iter(requests), _Chunk()
    given, failure = 0, None
    while True:
        try:
            request = next(rest)
        except StopIteration:
            break
        except Exception as err:  # noqa: BLE001  raised below, after what came before it
            failure = err
            break
        given += 1
        entry = given, request
        marks, size = marks_of([entry]), _size(request)
        if not chunk.takes(policy, marks, size):
            yield chunk.entries
            chunk = _Chunk()
        chunk.add(entry, marks, size)
    if chunk.entries:
        yield chunk.entries
    if isinstance(failure, ElicenseError):
        raise UnreadError(given, failure) from failure
    if failure is not None:
        failure.add_note(f"{given} rows were read before, and are done")
        raise failure


def marks_of(entries: Iterable[Entry]) -> frozenset[Mark]:
    """Return what rows stand in others' way with: their keys, and what they supersede.

    The same request is one license, whichever row comes first; and a license has one
    successor, so that the second renewal is to see what the first one did.

    Args:
        entries: rows of one run, so that the organ is the same for all.
    """
    marks: set[Mark] = set()
    for _, request in entries:
        if isinstance(request, Request):
            marks.add(request.key(""))
            if request.previous is not None:
                marks.add(request.previous)
    return frozenset(marks)


def _size(request: Request | ElicenseError) -> int:
    """Return about how much memory a row takes: its characters and bytes."""
    if not isinstance(request, Request):
        return 0
    size, left = 0, [request.application, request.scan]
    while left:
        value: object = left.pop()
        if isinstance(value, str | bytes):
            size += len(value)
        elif isinstance(value, Mapping):
            left += value.values()
        elif isinstance(value, list | tuple):
            left += value
    return size
