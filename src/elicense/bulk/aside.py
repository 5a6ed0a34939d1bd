"""What is made in a process beside this one, in order, as it is needed.

For what comes from a file that may be hostile to its reader: a native decoder that
crashes, an archive that grows without end. Whatever happens there is an error here.
"""

import multiprocessing
import os
import resource
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from elicense.crew import Limits, Loss, become_worker
from elicense.errors import ElicenseError
from elicense.model import Text

T = TypeVar("T")
_FIRST_OWN = 3  # files below are the standard streams


class LostError(ElicenseError):
    """The process came to no end of its own."""


_WHY = {
    Loss.TIME: Text("文件读取时间过长", "the file takes too long to read"),
    Loss.MEMORY: Text("读取文件所需内存过多", "the file takes more memory than it may"),
    Loss.CRASH: Text("读取文件的进程崩溃", "the process that read the file died"),
}


@dataclass(frozen=True, slots=True)
class _Made(Generic[T]):
    """What goes through the pipe: a value, an error, or neither at the end."""

    value: T | None = None
    error: Exception | None = None


def aside(make: Callable[[], Iterator[T]], limits: Limits) -> Generator[T, None, None]:
    """Give what an iterator gives, made in a process that is forked for it.

    That process is one or two values ahead, as the pipe to it has room; it ends with
    the generator.

    Args:
        make: makes the iterator, there. Values are not None, and go through a pipe.
        limits: memory of all, and time for each value.

    Raises:
        LostError: more time or memory than it may, or it died.
        Whatever making it raises.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(theirs, make, limits))
    with theirs:
        process.start()
    try:
        while True:
            made: _Made[T] = _received(ours, limits)
            if made.error is not None:
                raise made.error
            if made.value is None:
                return
            yield made.value
    finally:
        ours.close()
        process.kill()
        process.join()
        process.close()


def _received(pipe: Connection, limits: Limits) -> _Made[T]:
    if not pipe.poll(limits.seconds):
        raise LostError(_WHY[Loss.TIME])
    try:
        made: _Made[T] = pipe.recv()
    except (EOFError, OSError) as err:
        raise LostError(_WHY[Loss.CRASH]) from err
    return made


def _serve(pipe: Connection, make: Callable[[], Iterator[T]], limits: Limits) -> None:
    """Send what is made, until there is no more of it or nobody listens."""
    # Pipes of the parent's other processes: kept open here, they would never end.
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.closerange(_FIRST_OWN, pipe.fileno())
    os.closerange(pipe.fileno() + 1, most)
    become_worker(limits)
    _send_all(pipe, make)


def _send_all(pipe: Connection, make: Callable[[], Iterator[T]]) -> None:
    items: Iterator[T] | None = None
    while True:
        try:
            items = make() if items is None else items
            made = _Made(next(items, None))
        except MemoryError:
            made = _Made(error=LostError(_WHY[Loss.MEMORY]))
        except Exception as err:  # noqa: BLE001  whatever it is, the parent raises it
            made = _Made(error=err)
        if not _sent(pipe, made):
            return


def _sent(pipe: Connection, made: _Made[T]) -> bool:
    """Send what is made; tell whether more is wanted."""
    try:
        pipe.send(made)
    except MemoryError:  # for the copy that goes through the pipe
        return _sent(pipe, _Made(error=LostError(_WHY[Loss.MEMORY])))
    except OSError:
        return False
    return made.value is not None
