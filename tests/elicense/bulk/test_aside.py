"""What is made in another process: in order, as needed, and never this one's end."""

import os
import time
from multiprocessing import Pipe
from pathlib import Path

import pytest

from elicense.bulk.aside import LostError, _send_all, aside
from elicense.crew import Limits
from elicense.model import Text
from elicense.tables import RowsError

LIMITS = Limits(seconds=20, memory=1 << 29)


def children():
    pid = os.getpid()
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_values_come_in_order_and_the_process_goes():
    before = children()
    assert list(aside(lambda: iter(range(5000)), LIMITS)) == list(range(5000))
    assert list(aside(lambda: iter([]), LIMITS)) == []
    assert children() == before


def test_what_is_not_wanted_is_not_made(tmp_path):
    before = children()

    def endless():
        for number in range(10**9):
            (tmp_path / "made").write_text(str(number))
            yield bytes(1 << 16)

    values = aside(endless, LIMITS)
    next(values)
    time.sleep(0.3)
    assert len(children()) == len(before) + 1
    values.close()
    assert children() == before
    assert int((tmp_path / "made").read_text()) < 9


def crash():
    yield 1
    os.abort()


def loop():
    yield 1
    while True:
        pass


def eat():
    yield 1
    bytearray(1 << 30)


class Large:
    """It is small, and a copy of it is not."""

    def __reduce__(self):
        return bytearray, (bytes(1 << 30),)


def fail():
    yield 1
    raise RowsError(Text("行", "a row"))


FATES = {
    "crash": (crash, LostError, "died"),
    "loop": (loop, LostError, "too long"),
    "eat": (eat, LostError, "more memory"),
    "send": (lambda: iter([1, Large()]), LostError, "more memory"),
    "fail": (fail, RowsError, "a row"),
}


@pytest.mark.parametrize(("make", "error", "why"), FATES.values(), ids=FATES)
def test_whatever_happens_there_is_an_error_here(make, error, why):
    before = children()
    values = aside(make, Limits(seconds=1.0, memory=1 << 28))
    assert next(values) == 1
    with pytest.raises(error, match=why):
        next(values)
    assert children() == before


def test_pipes_of_other_processes_are_not_kept_open_there():
    read, write = os.pipe()
    values = aside(lambda: iter([1, 2]), LIMITS)
    next(values)
    os.close(write)
    assert os.read(read, 1) == b""  # the end, though the other process is there
    os.close(read)
    values.close()


def no_memory():
    yield 1
    raise MemoryError


SENT = {
    "all": (lambda: iter([1, 2]), [(1, None), (2, None), (None, None)]),
    "an error": (fail, [(1, None), (None, RowsError)]),
    "no memory": (no_memory, [(1, None), (None, LostError)]),
}


@pytest.mark.parametrize(("make", "expected"), SENT.values(), ids=SENT)
def test_what_is_sent_ends_once(make, expected):
    ours, theirs = Pipe(duplex=False)
    with ours, theirs:
        _send_all(theirs, make)
        found = [ours.recv() for _ in expected]
        assert not ours.poll()
    assert [(made.value, made.error and type(made.error)) for made in found] == expected


def test_where_nobody_listens_nothing_more_is_made():
    ours, theirs = Pipe(duplex=False)
    ours.close()
    values = iter(range(99))
    _send_all(theirs, lambda: values)
    theirs.close()
    assert next(values) == 1
