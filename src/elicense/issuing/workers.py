"""A batch across processes: each with its own press, its own store, the same key.

The processes are forked once a first chunk has warmed the press, so that no key and no
passphrase goes over a command line or a pipe. Before the fork the register is let go,
so that no descriptor of it is shared; each process opens its own. They write for
themselves: what a chunk needs of the register is short, and drawing, printing and
validating happen outside of its transactions (:mod:`elicense.issuing.batch`).
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from elicense.errors import ElicenseError
from elicense.issuing.batch import Batch, Outcome
from elicense.issuing.chunks import Entry, Mark, chunks, marks_of
from elicense.issuing.request import Request
from elicense.model import Text

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

MAX_WORKERS = 64  # processes; each holds a press of some ten megabytes
AHEAD = 4
"""Finished chunks that may wait for an earlier one, for each worker."""
PATIENCE = 60.0
"""Seconds for a worker to end the chunk that it is at, when the run is broken off."""

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
    crew: _Crew[T] = _Crew()
    try:
        crew.start(batch, deliver, workers)
        yield from crew.run(chain([following], cut))
    finally:
        crew.dismiss()


@dataclass(frozen=True, slots=True)
class _Answer(Generic[T]):
    """What a worker sends back: what was delivered, or why nothing was."""

    made: Sequence[T] = ()
    error: Exception | None = None


class _Feed:
    """The chunks that are still to be handed out; read one at a time.

    Attributes:
        failure: why no more can be read; raised once all that was read is done.
    """

    def __init__(self, cut: Iterator[list[Entry]]) -> None:
        self._cut = enumerate(cut)
        self._next: tuple[int, list[Entry]] | None = None
        self.failure: Exception | None = None

    def take(self, busy: Iterable[frozenset[Mark]]) -> tuple[int, list[Entry]] | None:
        """Return the next chunk; None for none, or while it stands in another's way.

        Args:
            busy: the marks of the chunks that are under way.
        """
        if self._next is None and self.failure is None:
            try:
                self._next = next(self._cut, None)
            except Exception as err:  # noqa: BLE001  kept, and raised after the others
                self.failure = err
        if self._next is None:
            return None
        marks = marks_of(self._next[1])
        if not all(marks.isdisjoint(others) for others in busy):
            return None
        taken, self._next = self._next, None
        return taken


class _Crew(Generic[T]):
    """Worker processes, and the pipes to them."""

    def __init__(self) -> None:
        self._idle: list[Connection] = []
        self._busy: dict[Connection, tuple[int, frozenset[Mark]]] = {}
        self._processes: list[BaseProcess] = []

    def start(self, batch: Batch, deliver: Deliver[T], workers: int) -> None:
        """Fork the processes; those that were started are there where one fails."""
        context = multiprocessing.get_context("fork")
        try:
            for _ in range(workers):
                ours, theirs = context.Pipe()
                self._idle.append(ours)
                with theirs:
                    process = context.Process(
                        target=_work, args=(theirs, tuple(self._idle), batch, deliver)
                    )
                    process.start()
                self._processes.append(process)
        except OSError as err:
            raise NoWorkerError(len(self._processes), err) from err

    def run(self, cut: Iterator[list[Entry]]) -> Iterator[T]:
        """Keep all busy, and give the answers in the order of the chunks."""
        feed, done = _Feed(cut), dict[int, _Answer[T]]()
        failed, turn = False, 0
        while True:
            if not failed:
                self._supply(feed, len(done))
            if not self._busy:
                break
            for number, answer in self._answers():
                done[number] = answer
                failed = failed or answer.error is not None
            while turn in done:
                answer = done.pop(turn)
                if answer.error is not None:
                    raise answer.error
                yield from answer.made
                turn += 1
        if feed.failure is not None:
            raise feed.failure

    def _supply(self, feed: _Feed, done: int) -> None:
        """Hand out chunks while there are hands, and not too much waits already."""
        limit = AHEAD * len(self._processes)
        while self._idle and done + len(self._busy) < limit:
            chunk = feed.take(marks for _, marks in self._busy.values())
            if chunk is None:
                return
            self._hand_out(*chunk)

    def _hand_out(self, number: int, entries: list[Entry]) -> None:
        pipe = self._idle.pop()
        self._busy[pipe] = number, marks_of(entries)
        try:
            pipe.send(entries)
        except OSError as err:
            raise WorkerError from err

    def _answers(self) -> Iterator[tuple[int, _Answer[T]]]:
        for ready in wait(list(self._busy)):
            if not isinstance(ready, Connection):
                raise TypeError("only pipes are waited for")
            try:
                answer: _Answer[T] = ready.recv()
            except (EOFError, OSError) as err:
                raise WorkerError from err
            self._idle.append(ready)
            yield self._busy.pop(ready)[0], answer

    def dismiss(self) -> None:
        """Let all end: a worker ends its chunk, which is then durable, and goes."""
        for pipe in (*self._idle, *self._busy):
            pipe.close()
        for process in self._processes:
            process.join(PATIENCE)
            if process.is_alive():
                process.terminate()
                process.join()
            process.close()


def _work(
    pipe: Connection,
    inherited: Sequence[Connection],
    batch: Batch,
    deliver: Deliver[T],
) -> None:
    """Issue chunk after chunk, until the other end is closed."""
    # Ctrl-C reaches the whole group; the parent decides, and a chunk is ended whole.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in inherited:
        other.close()
    while True:
        try:
            entries = pipe.recv()
        except (EOFError, OSError):
            break
        try:
            answer = _Answer(made=list(deliver(batch.issue(entries))))
        except Exception as err:  # noqa: BLE001  whatever it is, the parent raises it
            answer = _Answer(error=err)
        try:
            _send(pipe, answer)
        except OSError:
            break
    batch.desk.let_go()


def _send(pipe: Connection, answer: _Answer[T]) -> None:
    """Send an answer; where it cannot be sent, why. OSError if nobody listens."""
    try:
        pipe.send(answer)
    except OSError:
        raise
    except Exception:  # noqa: BLE001  pickle raises what the value's class raises
        told = TypeError("what is delivered by a worker goes through a pipe (pickle)")
        pipe.send(_Answer(error=told))
