"""Worker processes: answers in order, and what becomes of a job that kills one."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace

import pytest

from elicense import crew, files
from elicense.crew import Crew, Limits, Loss, Trade


class GoneError(Exception):
    pass


class NoneError(Exception):
    pass


def do(job):
    """Do what a job says."""
    match job:
        case "sleep":
            time.sleep(60)
        case "crash":
            os.abort()
        case "vanish":
            os._exit(0)
        case "eat":
            return bytearray(3 << 30)[-1:]
        case "raise":
            raise ValueError("as asked")
        case "unsendable":
            return lambda: None
    return (job, os.getpid())


TRADE = Trade(work=do, gone=GoneError, none=lambda *_: NoneError())
HARD = replace(
    TRADE,
    lost=lambda job, loss: (job, loss),
    limits=Limits(seconds=1.5, memory=1 << 29),
)


def carried_out(jobs, trade=TRADE, workers=2):
    crew_ = Crew(trade)
    try:
        crew_.start(workers)
        yield from crew_.run(iter(jobs))
    finally:
        crew_.dismiss()


def test_answers_come_in_the_order_of_the_jobs_from_several_processes():
    found = list(carried_out(range(200)))
    assert [job for job, _ in found] == list(range(200))
    assert os.getpid() not in {pid for _, pid in found}


def test_no_more_is_read_than_a_few_jobs_for_each_worker():
    read = []

    def jobs():
        for job in range(1000):
            read.append(job)
            yield job

    answers = carried_out(jobs())
    next(answers)
    assert len(read) <= 2 * crew.AHEAD + 1
    answers.close()


def test_a_worker_that_dies_ends_the_run_where_no_job_may_be_lost():
    with pytest.raises(GoneError):
        list(carried_out([1, "crash", *range(50)]))


def test_what_a_worker_raises_is_raised_after_what_came_before():
    answers = carried_out([1, 2, "raise", 3])
    assert [next(answers)[0], next(answers)[0]] == [1, 2]
    with pytest.raises(ValueError, match="as asked"):
        next(answers)
    with pytest.raises(TypeError, match="pickle"):
        list(carried_out(["unsendable"]))


def test_what_reading_the_jobs_raises_is_raised_after_their_answers():
    def jobs():
        yield 1
        yield 2
        raise OSError("no more")

    answers = carried_out(jobs())
    assert [next(answers)[0], next(answers)[0]] == [1, 2]
    with pytest.raises(OSError, match="no more"):
        next(answers)


def test_a_lost_job_is_one_answer_and_the_others_are_done():
    jobs = [1, "crash", 2, "eat", "vanish", 3, "sleep", 4, "crash", "sleep", 5]
    found = list(carried_out(jobs, HARD))
    assert [job for job, _ in found] == jobs
    lost = {
        "crash": Loss.CRASH,
        "vanish": Loss.CRASH,
        "eat": Loss.MEMORY,
        "sleep": Loss.TIME,
    }
    for job, what in found:
        assert what == lost[job] if job in lost else isinstance(what, int)


def test_a_worker_killed_between_two_jobs_is_replaced():
    made = Crew(HARD)
    try:
        made.start(1)
        (process,) = made._processes.values()
        process.kill()
        process.join()
        found = list(made.run(iter([1, 2])))
    finally:
        made.dismiss()
    assert found[0] == (1, Loss.CRASH)
    assert found[1][0] == 2


def test_a_process_that_cannot_be_started_is_told(monkeypatch):
    class NoContext:
        def Pipe(self):  # noqa: N802  the name of multiprocessing
            raise OSError("no more descriptors")

    monkeypatch.setattr(multiprocessing, "get_context", lambda _: NoContext())
    with pytest.raises(NoneError):
        Crew(TRADE).start(1)


def test_what_a_worker_does():
    """In this process, where it can be watched."""
    before = signal.getsignal(signal.SIGINT)
    left = []
    try:
        ours, theirs = multiprocessing.Pipe()
        spare, other = multiprocessing.Pipe()
        for job in (7, "raise", "unsendable"):
            ours.send(job)
        ours.send(None)
        trade = replace(TRADE, leave=lambda: left.append(1))

        class Closing:
            def __call__(self, job):
                if job is None:
                    ours.close()
                return do(job)

        crew._work(theirs, (other,), replace(trade, work=Closing()))
    finally:
        signal.signal(signal.SIGINT, before)
        spare.close()
    assert left == [1]
    assert other.closed


def test_the_address_space_is_told():
    assert files.address_space() > 1 << 20
