"""Worker processes: jobs in, answers out in the order of the jobs, bounded memory.

The processes are forked, so that nothing that they work with goes over a command line
or a pipe. A worker that dies, or takes more time or memory than it may, is either the
end of the run or, where the caller says what a lost job comes to, that job's answer:
another worker takes its place.
"""

import enum
import multiprocessing
import resource
import signal
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Generic, TypeVar

from elicense import files
from esign import clock

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

MAX_WORKERS = 64  # processes
AHEAD = 4
"""Finished jobs that may wait for an earlier one, for each worker."""
PATIENCE = 60.0
"""Seconds for a worker to end the job that it is at, when the run is broken off."""

J = TypeVar("J")
T = TypeVar("T")


class Loss(enum.Enum):
    """Why a job has no answer of its own."""

    TIME = "more time than one input may take"
    MEMORY = "more memory than one input may take"
    CRASH = "the process that read it died"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may take.

    Attributes:
        seconds: of the clock; a worker that takes longer is killed.
        memory: bytes beyond what a worker has when it begins.
    """

    seconds: float
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade(Generic[J, T]):
    """What a crew does.

    Attributes:
        work: makes the answer of a job, in a worker. Both go through a pipe.
        gone: makes the error of a worker that died; not asked where ``lost`` is given.
        none: makes the error of a worker that could not be started.
        marks: what two jobs that are under way at once must not share.
        leave: called in a worker when it goes.
        lost: makes the answer of a job that took its worker with it; None where that
            is the end of the run.
        limits: of one job; only with ``lost``.
    """

    work: Callable[[J], T]
    gone: Callable[[], Exception]
    none: Callable[[int, OSError], Exception]
    marks: Callable[[J], frozenset[Hashable]] = lambda _: frozenset()
    leave: Callable[[], None] = lambda: None
    lost: Callable[[J, Loss], T] | None = None
    limits: Limits | None = None


@dataclass(frozen=True, slots=True)
class _Answer(Generic[T]):
    """What a worker sends back: an answer, or why there is none."""

    made: T | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Task(Generic[J]):
    """A job under way."""

    number: int
    job: J
    marks: frozenset[Hashable]
    since: datetime


class _Feed(Generic[J]):
    """The jobs that are still to be handed out; read one at a time.

    Attributes:
        failure: why no more can be read; raised once all that was read is done.
    """

    def __init__(self, jobs: Iterator[J]) -> None:
        self._jobs = enumerate(jobs)
        self._next: tuple[int, J] | None = None
        self.failure: Exception | None = None

    def take(
        self,
        marks_of: Callable[[J], frozenset[Hashable]],
        busy: Iterable[frozenset[Hashable]],
    ) -> tuple[int, J] | None:
        """Return the next job; None for none, or while it stands in another's way."""
        if self._next is None and self.failure is None:
            try:
                self._next = next(self._jobs, None)
            except Exception as err:  # noqa: BLE001  kept, and raised after the others
                self.failure = err
        if self._next is None:
            return None
        marks = marks_of(self._next[1])
        if not all(marks.isdisjoint(others) for others in busy):
            return None
        taken, self._next = self._next, None
        return taken


class Crew(Generic[J, T]):
    """Worker processes, and the pipes to them."""

    def __init__(self, trade: Trade[J, T]) -> None:
        """Start no process yet."""
        self._trade = trade
        self._idle: list[Connection] = []
        self._busy: dict[Connection, _Task[J]] = {}
        self._processes: dict[Connection, BaseProcess] = {}

    def start(self, workers: int) -> None:
        """Fork the processes; those that were started are there where one fails."""
        for _ in range(workers):
            self._fork()

    def _fork(self) -> None:
        context = multiprocessing.get_context("fork")
        try:
            ours, theirs = context.Pipe()
            others = (ours, *self._processes)
            with theirs:
                process = context.Process(
                    target=_work, args=(theirs, others, self._trade)
                )
                process.start()
        except OSError as err:
            raise self._trade.none(len(self._processes), err) from err
        self._processes[ours] = process
        self._idle.append(ours)

    def run(self, jobs: Iterator[J]) -> Iterator[T]:
        """Keep all busy, and give the answers in the order of the jobs."""
        feed, done = _Feed(jobs), dict[int, _Answer[T]]()
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
                yield answer.made  # type: ignore[misc]  # made where there is no error
                turn += 1
        if feed.failure is not None:
            raise feed.failure

    def _supply(self, feed: _Feed[J], done: int) -> None:
        """Hand out jobs while there are hands, and not too much waits already."""
        limit = AHEAD * len(self._processes)
        while self._idle and done + len(self._busy) < limit:
            marks_of = self._trade.marks
            job = feed.take(marks_of, (task.marks for task in self._busy.values()))
            if job is None:
                return
            self._hand_out(*job)

    def _hand_out(self, number: int, job: J) -> None:
        pipe = self._idle.pop()
        task = _Task(number, job, self._trade.marks(job), clock.now())
        self._busy[pipe] = task
        try:
            pipe.send(job)
        except OSError as err:
            if self._trade.lost is None:
                raise self._trade.gone() from err
            # That it died is seen when its answer is waited for.

    def _answers(self) -> Iterator[tuple[int, _Answer[T]]]:
        ready = wait(list(self._busy), self._patience())
        for pipe in ready:
            if not isinstance(pipe, Connection):
                raise TypeError("only pipes are waited for")
            task = self._busy[pipe]
            try:
                answer: _Answer[T] = pipe.recv()
            except (EOFError, OSError) as err:
                yield task.number, self._replaced(pipe, Loss.CRASH, err)
                continue
            self._idle.append(pipe)
            del self._busy[pipe]
            if isinstance(answer.error, MemoryError) and self._trade.lost is not None:
                answer = _Answer(self._trade.lost(task.job, Loss.MEMORY))
            yield task.number, answer
        yield from self._late()

    def _patience(self) -> float | None:
        """Return the seconds until the first job has taken too long; None for ever."""
        limits = self._trade.limits
        if limits is None:
            return None
        first = min(task.since for task in self._busy.values())
        left = first + timedelta(seconds=limits.seconds) - clock.now()
        return max(0.0, left.total_seconds())

    def _late(self) -> Iterator[tuple[int, _Answer[T]]]:
        """Give the answers of jobs that took too long, and end their workers."""
        limits = self._trade.limits
        if limits is None:
            return
        end = clock.now() - timedelta(seconds=limits.seconds)
        late = [pipe for pipe, task in self._busy.items() if task.since <= end]
        for pipe in late:
            if not pipe.poll():  # else it is done, and is read in the next turn
                number = self._busy[pipe].number
                yield number, self._replaced(pipe, Loss.TIME)

    def _replaced(
        self, pipe: Connection, loss: Loss, err: Exception | None = None
    ) -> _Answer[T]:
        """Put another worker in the place of one; return what its job comes to."""
        lost = self._trade.lost
        if lost is None:
            raise self._trade.gone() from err
        task, process = self._busy.pop(pipe), self._processes.pop(pipe)
        pipe.close()
        process.kill()
        process.join()
        process.close()
        self._fork()
        return _Answer(lost(task.job, loss))

    def dismiss(self) -> None:
        """Let all end: a worker ends its job, and goes; under limits it is killed."""
        for pipe in self._processes:
            pipe.close()
        for process in self._processes.values():
            if self._trade.limits is not None:
                process.kill()
            process.join(PATIENCE)
            if process.is_alive():
                process.terminate()
                process.join()
            process.close()


def become_worker(limits: Limits | None) -> None:
    """Make a process that was just forked one that works for its parent.

    Args:
        limits: its memory is held to them; None for none.
    """
    # Ctrl-C reaches the whole group; the parent decides, and a job is ended whole.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    used = files.address_space()
    if limits is not None and used:
        most = used + limits.memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _work(
    pipe: Connection, inherited: Sequence[Connection], trade: Trade[J, T]
) -> None:
    """Do job after job, until the other end is closed."""
    for other in inherited:
        other.close()
    become_worker(trade.limits)
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            break
        try:
            answer = _Answer(trade.work(job))
        except Exception as err:  # noqa: BLE001  whatever it is, the parent raises it
            answer = _Answer(error=err)
        try:
            _send(pipe, answer)
        except OSError:
            break
    trade.leave()


def _send(pipe: Connection, answer: _Answer[T]) -> None:
    """Send an answer; where it cannot be sent, why. OSError if nobody listens."""
    try:
        pipe.send(answer)
    except OSError:
        raise
    except Exception:  # noqa: BLE001  pickle raises what the value's class raises
        told = TypeError("what is delivered by a worker goes through a pipe (pickle)")
        pipe.send(_Answer(error=told))
