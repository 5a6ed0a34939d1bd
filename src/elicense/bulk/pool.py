"""Answers over processes: in order, with bounded memory, whatever an input does.

Texts need no guard. A document is read in a process of its own kind: one that takes too
long, too much memory, or that kills its reader is one row with a reason.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeVar

import pyarrow as pa

from elicense import files, validating
from elicense.bulk.arrow import ArrowJudge, batch_of
from elicense.bulk.readers import Document, Job
from elicense.bulk.sources import Source
from elicense.crew import MAX_WORKERS, Crew, Limits, Loss, Trade
from elicense.errors import ElicenseError
from elicense.files import FileError
from elicense.model import Text
from elicense.validating import Verdict
from esign.verdict import Check, Code

J = TypeVar("J")
T = TypeVar("T")
DOCUMENT_LIMITS = Limits(seconds=20, memory=1 << 30)
"""Of one PDF or picture: four times what a hostile one should cost."""


class PoolError(ElicenseError):
    """A worker process died of something that no input did, or could not be started."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """Makes the answers of a job, in whichever process.

    Attributes:
        judge: what texts are asked of.
    """

    judge: ArrowJudge

    def __call__(self, job: Job) -> pa.RecordBatch:
        """Return the answers: one for each text, or that of the document."""
        if isinstance(job, Document):
            return batch_of([self.document(job)])
        return self.judge.answer(job)

    def document(self, job: Document) -> Verdict:
        """Return the verdict of a document, as of one that is validated alone."""
        judge, data = self.judge.judge, job.data
        if job.is_too_large:
            most = judge.policy.max_input_bytes
            return self.unreadable(f"the input has more than {most} bytes")
        try:
            if job.path is not None:
                data = files.read(job.path, judge.policy.max_input_bytes)
        except FileError as err:
            return self.unreadable(err.message.en)
        return validating.validate(
            data, judge.trust, judge.at, policy=judge.policy, evidence=judge.evidence
        )

    def lost(self, _job: Job, loss: Loss) -> pa.RecordBatch:
        """Return the answer of a document that took its reader with it."""
        return batch_of([self.unreadable(loss.value)])

    def unreadable(self, why: str) -> Verdict:
        """Return the verdict of what cannot be read."""
        judge = self.judge.judge
        bundle = judge.trust.bundle
        return Verdict(
            code=Code.UNREADABLE,
            scope=None,
            at=judge.at,
            checks=(Check.failed("input", Code.UNREADABLE, why),),
            root=judge.trust.root,
            bundle_number=None if bundle is None else bundle.number,
        )


def answers(
    source: Source,
    judge: ArrowJudge,
    *,
    done: int = 0,
    workers: int = 1,
    limits: Limits = DOCUMENT_LIMITS,
) -> Iterator[tuple[Job, pa.RecordBatch]]:
    """Give the answers to inputs, in order.

    Args:
        source: the inputs.
        judge: what they are asked of.
        done: rows that are left out, from the first.
        workers: processes; 1 is this one alone for texts, and one beside it for
            documents.
        limits: of one document.

    Yields:
        A job, without the bytes of documents, and its answers.

    Raises:
        ValueError: there are no workers, or too many.
        PoolError: a process died, or could not be started.
        RowsError, LostError: the source cannot be read on; what came before is given.
    """
    _check(workers)
    return _answers(source, _Reader(judge), done, workers, limits)


def _answers(
    source: Source, reader: _Reader, done: int, workers: int, limits: Limits
) -> Iterator[tuple[Job, pa.RecordBatch]]:
    with closing(source.jobs(done)) as jobs:
        if workers == 1 and not source.is_documents:
            for job in jobs:
                yield job, reader(job)
            return
        trade = Trade(work=reader, gone=_gone, none=_none)
        if source.is_documents:
            trade = replace(trade, lost=reader.lost, limits=limits)
        yield from _named_answers(trade, jobs, workers)


def _named_answers(
    trade: Trade[Job, pa.RecordBatch], jobs: Iterator[Job], workers: int
) -> Iterator[tuple[Job, pa.RecordBatch]]:
    """Give what comes of jobs, each with its job without what it was made from."""
    names: list[Job] = []

    def noted() -> Iterator[Job]:
        for job in jobs:
            names.append(_named(job))
            yield job

    for made in _spread(trade, noted(), workers):
        yield names.pop(0), made


def ordered(work: Callable[[J], T], jobs: Iterator[J], workers: int = 1) -> Iterator[T]:
    """Give what comes of jobs, in order, made by several processes.

    Args:
        work: makes the answer of a job; both go through a pipe.
        jobs: read as they are needed.
        workers: processes; 1 is this one alone.

    Raises:
        ValueError: there are no workers, or too many.
        PoolError: a process died, or could not be started.
    """
    _check(workers)
    if workers == 1:
        return map(work, jobs)
    return _spread(Trade(work=work, gone=_gone, none=_none), jobs, workers)


def _spread(trade: Trade[J, T], jobs: Iterator[J], workers: int) -> Iterator[T]:
    crew = Crew(trade)
    try:
        crew.start(workers)
        yield from crew.run(jobs)
    finally:
        crew.dismiss()


def _check(workers: int) -> None:
    if not 1 <= workers <= MAX_WORKERS:
        raise ValueError(f"expected 1 to {MAX_WORKERS} workers")


def _named(job: Job) -> Job:
    return Document(job.name) if isinstance(job, Document) else job.slice(0, 0)


def _gone() -> PoolError:
    return PoolError(
        Text(
            "一个工作进程意外终止；已得到的结果都已保存，请用同一命令再次运行",
            "a worker process ended unexpectedly; what was answered is kept: run the"
            " same again to go on",
        )
    )


def _none(started: int, err: OSError) -> PoolError:
    why = err.strerror or type(err).__name__
    return PoolError(
        Text(
            f"无法启动第 {started + 1} 个工作进程：{why}；请减少进程数",
            f"worker process {started + 1} could not be started: {why}; use fewer",
        )
    )
