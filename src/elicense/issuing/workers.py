"""A batch across processes: each with its own press, its own store, the same key.

The processes are forked once a first chunk has warmed the press, so that no key and no
passphrase goes over a command line or a pipe. Before the fork the register is let go,
so that no descriptor of it is shared; each process opens its own. They write for
themselves: what a chunk needs of the register is short, and drawing, printing and
validating happen outside of its transactions (:mod:`elicense.issuing.batch`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeAlias, TypeVar

from elicense.crew import MAX_WORKERS, Crew, Trade
from elicense.errors import ElicenseError
from elicense.issuing.batch import Batch, Outcome
from elicense.issuing.chunks import Entry, chunks, marks_of
from elicense.issuing.request import Request
from elicense.model import Text

T = TypeVar("T")
Deliver: TypeAlias = Callable[[Sequence[Outcome]], Sequence[T]]


class WorkerError(ElicenseError):
    """A worker process ended before its chunk was done; the same again goes on."""

    def __init__(self) -> None:
        """Say it, and what to do."""
        super().__init__(
            Text(
                "一个工作进程意外终止；已签发的都已入库，请用同一命令再次运行",
                "a worker process ended unexpectedly; what was issued is stored: run"
                " the same again to go on",
            )
        )
        self.args = ()


class NoWorkerError(ElicenseError):
    """The system starts no more processes; nothing was lost."""

    def __init__(self, started: int, err: OSError) -> None:
        """Say how many there were, and what the system said."""
        why = err.strerror or type(err).__name__
        super().__init__(
            Text(
                f"无法启动第 {started + 1} 个工作进程：{why}；"
                "请减少进程数后再次运行，已签发的都已入库",
                f"worker process {started + 1} could not be started: {why}; run the"
                " same again with fewer, what was issued is stored",
            )
        )
        self.args = (started, err)


def spread(
    batch: Batch,
    requests: Iterable[Request | ElicenseError],
    deliver: Deliver[T],
    workers: int = 1,
) -> Iterator[T]:
    """Issue many licenses over processes, and give what came of them in order.

    Rows of one key, and renewals of one license, are never under way at once, so that
    the first of them comes first. What is warned of a number that several rows bear
    counts those that other processes have issued by then.

    Args:
        batch: what to issue with; used in this process and in its children.
        requests: as for :func:`elicense.issuing.issue_many`; read in this process.
        deliver: makes of a chunk's outcomes what is wanted of them, one for each; runs
            in the process that issued them, once they are durable. With workers it
            goes through a pipe: plain values, not the outcomes themselves.
        workers: processes; 1 is this one alone.

    Yields:
        What ``deliver`` made of each row, in order.

    Raises:
        ValueError: there are no workers, or too many.
        WorkerError: a process was killed.
        NoWorkerError: a process could not be started.
        Whatever :func:`elicense.issuing.issue_many` and ``deliver`` raise.
    """
    if not 1 <= workers <= MAX_WORKERS:
        raise ValueError(f"expected 1 to {MAX_WORKERS} workers")
    cut = chunks(requests, batch.policy)
    if workers == 1:
        for entries in cut:
            yield from deliver(batch.issue(entries))
        return
    for entries in cut:
        yield from deliver(batch.issue(entries))
        break
    # A short run needs no process.
    following = next(cut, None)
    if following is None:
        return
    batch.desk.let_go()

    def work(entries: list[Entry]) -> list[T]:
        return list(deliver(batch.issue(entries)))

    crew = Crew(
        Trade(
            work=work,
            gone=WorkerError,
            none=NoWorkerError,
            marks=marks_of,
            leave=batch.desk.let_go,
        )
    )
    try:
        crew.start(workers)
        for made in crew.run(chain([following], cut)):
            yield from made
    finally:
        crew.dismiss()
