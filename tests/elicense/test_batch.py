"""Many at once: each exactly once, in order, and no bad row stops the others."""

import io
import json
import multiprocessing
import os
import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import document, samples
from elicense.catalog import Catalog
from elicense.errors import (
    ApplicationError,
    ConflictError,
    ElicenseError,
    Problem,
    TooLongError,
    UnknownTypeError,
)
from elicense.issuing import (
    Batch,
    BatchPolicy,
    NotReleasedError,
    Request,
    SampleError,
    issue,
    issue_many,
    rows,
)
from elicense.issuing.workers import WorkerError, spread
from elicense.lifecycle import State
from elicense.model import Text
from elicense.policy import ValidationPolicy
from elicense.register.sqlite import SqliteRegister
from elicense.testing import START, Simulator
from elicense.validating import validate_pdf
from esign.errors import UnavailableError
from esign.verdict import Code

SMALL = BatchPolicy(chunk=3, sample=10**6)
HANG = 60  # seconds after which a child counts as stuck


@pytest.fixture
def world():
    with Simulator() as made:
        yield made


def asked(n, number=None, **changes):
    application = samples.variant("food-business", START, n) | changes
    return Request(
        type_name="food-business", application=application, number=number or f"C{n:05d}"
    )


def facts(outcome):
    """What of an outcome does not depend on chance."""
    if outcome.issued is None:
        return (outcome.place, outcome.number, type(outcome.error), str(outcome.error))
    issued = outcome.issued
    shown = (issued.license.draft, issued.state, issued.verdict.code, issued.warnings)
    return (outcome.place, outcome.number, *shown)


BAD = {
    "a missing field": (asked(1, principal=None), ApplicationError),
    "a type that is not there": (replace(asked(1), type_name="no"), UnknownTypeError),
    "too long for the page": (asked(1, domicile="字" * 150), TooLongError),
    "another application of a case": (asked(1, number="C00000"), ConflictError),
    "a row that could not be read": (
        ApplicationError([Problem("(data)", Text("坏行", "a bad row"))]),
        ApplicationError,
    ),
}


class TestOneByOne:
    @pytest.mark.parametrize("kind", BAD)
    def test_a_bad_row_stops_nothing_and_leaves_nothing(self, world, kind):
        bad, error = BAD[kind]
        desk = world.desk()
        given_rows = [asked(0), bad, asked(2), asked(3), asked(4)]
        done = list(issue_many(desk, given_rows, world.at, SMALL))
        assert [one.place for one in done] == [1, 2, 3, 4, 5]
        assert isinstance(done[1].error, error)
        assert [one.issued is None for one in done] == [
            False,
            True,
            False,
            False,
            False,
        ]
        assert desk.register.count() == 4

    def test_a_batch_says_what_one_by_one_says(self, world):
        given_rows = [
            asked(0),
            asked(1, valid_from="2030-01-01"),
            asked(2, number="C00000"),
            asked(0),
            asked(5),
            replace(asked(6), type_name="no"),
            asked(7, principal="\U00020bb7示例"),
        ]
        many = [
            facts(one) for one in issue_many(world.desk(), given_rows, world.at, SMALL)
        ]
        single = []
        with Simulator() as other:
            desk = other.desk()
            for place, request in enumerate(given_rows, 1):
                try:
                    one = issue(desk, request, other.at)
                except ElicenseError as err:
                    single.append((place, request.number, type(err), str(err)))
                else:
                    said = (one.license.draft, one.state, one.verdict.code)
                    single.append((place, request.number, *said, one.warnings))
        assert many == single

    def test_every_license_of_a_batch_passes_the_whole_validation(self, world):
        desk = world.desk()
        for one in issue_many(desk, map(asked, range(7)), world.at, SMALL):
            verdict = validate_pdf(one.issued.pdf, desk.trust, world.at)
            row = desk.register.get(one.issued.license.identifier)
            assert verdict.code is Code.VALID
            assert (row.pdf, row.state_at(world.at)) == (one.issued.pdf, State.ISSUED)

    def test_a_number_that_is_in_force_is_told_as_one_by_one(self, world):
        same = [asked(0), asked(0, number="twin")]
        first, second = issue_many(world.desk(), same, world.at, SMALL)
        assert first.issued.warnings == ()
        assert [w.field for w in second.issued.warnings] == ["number"]


class TestAgain:
    def test_the_same_rows_give_the_same_bytes_and_no_new_license(self, world):
        desk = world.desk()
        first = list(issue_many(desk, map(asked, range(7)), world.at, SMALL))
        events = list(desk.register.events_since(0))
        again = list(
            issue_many(desk, map(asked, range(7)), world.at, BatchPolicy(chunk=5))
        )
        assert [one.issued.pdf for one in again] == [one.issued.pdf for one in first]
        assert [one.existed for one in first + again] == [False] * 7 + [True] * 7
        assert list(desk.register.events_since(0)) == events

    def test_a_row_that_stands_there_twice_is_one_license(self, world):
        desk = world.desk()
        one, two = issue_many(desk, [asked(0), asked(0)], world.at, SMALL)
        assert one.issued.pdf == two.issued.pdf
        assert (one.existed, two.existed) == (False, True)
        assert desk.register.count() == 1

    def test_what_was_reserved_is_finished_with_the_same_bytes(self, world):
        desk = world.desk()
        broken = replace(desk, press=StoppingPress(desk.press, after=4))
        run = issue_many(broken, map(asked, range(6)), world.at, SMALL)
        first = [next(run) for _ in range(3)]
        with pytest.raises(UnavailableError):
            next(run)
        # The second chunk is reserved whole, and nothing of it is stored.
        kept = list(desk.register.rows())
        assert [row.is_issued for row in kept] == [True] * 3 + [False] * 3
        assert [row.pdf is None for row in kept] == [False] * 3 + [True] * 3
        done = list(issue_many(desk, map(asked, range(6)), world.at, SMALL))
        assert [o.issued.pdf for o in done[:3]] == [o.issued.pdf for o in first]
        assert [row.allocation for row in desk.register.rows()] == [
            row.allocation for row in kept
        ]
        assert broken.press.printed == [one.issued.pdf for one in done[:4]]

    def test_an_iterator_that_is_closed_leaves_whole_chunks(self, world):
        desk = world.desk()
        run = issue_many(desk, map(asked, range(9)), world.at, SMALL)
        next(run)
        run.close()
        assert desk.register.count() == 3
        assert all(row.is_issued for row in desk.register.rows())

    @pytest.mark.parametrize("seconds", [0.01, 0.05, 0.2])
    def test_a_process_killed_at_any_moment(self, world, seconds):
        desk = world.desk()
        list(issue_many(desk, [asked(0)], world.at, SMALL))  # warm
        desk.register.let_go()
        context = multiprocessing.get_context("fork")
        child = context.Process(target=_issue_all, args=(desk, world.at))
        child.start()
        time.sleep(seconds)
        os.kill(child.pid, signal.SIGKILL)
        child.join(HANG)
        done = list(issue_many(desk, map(asked, range(30)), world.at, SMALL))
        assert all(one.issued is not None for one in done)
        found = list(desk.register.rows())
        assert len(found) == 30
        assert all(row.is_issued for row in found)
        serials = [row.allocation.serial for row in found]
        assert len(set(serials)) == 30


class TestSample:
    def test_a_failed_sample_stops_the_run_and_nothing_of_its_chunk_goes_out(
        self, world
    ):
        desk = world.desk()
        lying = replace(desk, press=LyingPress(desk.press, place=5))
        policy = BatchPolicy(chunk=3, sample=5)
        run = issue_many(lying, map(asked, range(9)), world.at, policy)
        assert [next(run).place for _ in range(3)] == [1, 2, 3]
        with pytest.raises(SampleError) as caught:
            next(run)
        assert (caught.value.place, caught.value.verdict.code) == (
            5,
            Code.FACE_MISMATCH,
        )
        assert [row.is_issued for row in desk.register.rows()] == [True] * 3 + [
            False
        ] * 3

    def test_the_first_of_a_type_is_in_the_sample(self, world):
        desk = world.desk()
        lying = replace(desk, press=LyingPress(desk.press, place=1))
        with pytest.raises(SampleError):
            list(issue_many(lying, map(asked, range(3)), world.at, SMALL))
        assert not any(row.is_issued for row in desk.register.rows())

    def test_what_fails_the_lean_rules_stays_reserved_and_stops_nothing(self, world):
        desk = world.desk()
        list(issue_many(desk, [asked(9)], world.at, SMALL))
        world.department.seal_listed = False
        unknown = replace(world.desk(), policy=ValidationPolicy())
        policy = BatchPolicy(chunk=3, sample=10**6)
        batch = Batch(unknown, world.at, policy)
        batch._sampled.add("food-business")
        done = batch.issue([(n + 1, asked(n)) for n in range(2)])
        assert [type(one.error) for one in done] == [NotReleasedError] * 2
        assert [row.is_issued for row in desk.register.rows()] == [True, False, False]


class TestPlaces:
    def test_a_list_that_is_full_is_followed_by_its_next_generation(self, world):
        desk = world.desk()
        first = next(issue_many(desk, [asked(0)], world.at, SMALL))
        row = desk.register.get(first.issued.license.identifier)
        number = row.allocation.list_id
        with closing(sqlite3.connect(desk.register._file._path)) as conn, conn:
            conn.execute(
                "UPDATE counter SET value = ? WHERE name = ?",
                ((1 << 19) - 1, f"list {desk.organization} {number}"),
            )
        world.department.lists.add(number + 10_000)
        done = list(issue_many(world.desk(), map(asked, range(1, 8)), world.at, SMALL))
        assert all(one.issued is not None for one in done)
        used = [r.allocation.list_id for r in desk.register.rows()]
        assert used.count(number) == 2
        assert used.count(number + 10_000) == 6

    def test_a_place_that_was_taken_meanwhile_is_drawn_again(self, world):
        desk = world.desk()
        one = next(issue_many(desk, [asked(0)], world.at, SMALL)).issued.license
        taken = desk.register.get(one.identifier).allocation.index
        unlucky = Unlucky(desk.register._file)
        unlucky.first = taken
        done = list(
            issue_many(
                replace(desk, register=unlucky),
                map(asked, range(1, 4)),
                world.at,
                SMALL,
            )
        )
        assert unlucky.first is None
        assert all(one.issued is not None for one in done)
        assert desk.register.count() == 4


class TestWorkers:
    def test_they_give_the_rows_in_order_each_once(self, world):
        batch = Batch(world.desk(), world.at, SMALL)
        told = list(spread(batch, map(asked, range(20)), _places, 2))
        assert [place for place, _, _ in told] == list(range(1, 21))
        assert len({identifier for _, identifier, _ in told}) == 20
        assert len({pid for _, _, pid in told[3:]} - {os.getpid()}) == 2
        found = list(world.department.register.rows())
        assert all(row.is_issued for row in found)
        assert len(found) == 20

    def test_two_runs_of_the_same_rows_at_once_give_one_license_each(self, world):
        # The same rows twice in one run reach different processes at the same time.
        both = [asked(n % 12) for n in range(24)]
        batch = Batch(world.desk(), world.at, BatchPolicy(chunk=4, sample=10**6))
        told = list(spread(batch, both, _bytes, 2))
        assert told[:12] == told[12:]
        assert len(set(told)) == 12
        assert world.department.register.count() == 12

    def test_an_error_of_a_worker_is_raised_after_what_came_before(self, world):
        batch = Batch(world.desk(), world.at, SMALL)
        run = spread(batch, map(asked, range(12)), _full_disk, 2)
        told = [next(run) for _ in range(6)]
        assert told == [1, 2, 3, 4, 5, 6]
        with pytest.raises(OSError, match="disk"):
            list(run)

    def test_a_killed_worker_is_told_and_the_same_again_goes_on(self, world):
        desk = world.desk()
        batch = Batch(desk, world.at, SMALL)
        with pytest.raises(WorkerError):
            list(spread(batch, map(asked, range(12)), _killed, 2))
        again = Batch(desk, world.at, SMALL)
        told = list(spread(again, map(asked, range(12)), _places, 2))
        assert [place for place, _, _ in told] == list(range(1, 13))
        assert desk.register.count() == 12

    def test_what_no_pipe_takes_is_told(self, world):
        batch = Batch(world.desk(), world.at, SMALL)
        with pytest.raises(TypeError, match="pipe"):
            list(spread(batch, map(asked, range(6)), list, 2))
        assert all(row.is_issued for row in world.department.register.rows())

    @pytest.mark.parametrize("workers", [0, 65])
    def test_how_many_there_may_be(self, world, workers):
        batch = Batch(world.desk(), world.at, SMALL)
        with pytest.raises(ValueError, match="workers"):
            next(spread(batch, [asked(0)], list, workers))


FOOD = Catalog.builtin().get("food-business")
BAD_CELLS = {
    "holders that do not go together": {"holders.name": "甲;乙", "holders.code": "1"},
    "a cell that begins like an array and is none": {"items": "[1, 2"},
    "a holder that is no JSON": {"holders": "张示例"},
}


class TestRows:
    def test_a_table_and_lines_of_json_are_the_same_requests(self):
        application = dict(asked(3).application)
        holder = application["holders"][0]
        line = json.dumps(application | {"case": "A1"}, ensure_ascii=False)
        flat = {k: v for k, v in application.items() if k not in ("holders", "items")}
        heads = ["case", "holders.name", "holders.code", "items", *flat]
        cells = ["A1", holder["name"], holder["code"], ";".join(application["items"])]
        table = "\r\n".join(
            ",".join(map(_quoted, each)) for each in (heads, [*cells, *flat.values()])
        )
        (one,) = rows.read(io.BytesIO(line.encode()), ".jsonl", FOOD)
        (two,) = rows.read(io.BytesIO(b"\xef\xbb\xbf" + table.encode()), ".CSV", FOOD)
        assert one == two
        assert one.digest == two.digest
        assert (one.number, one.is_case) == ("A1", True)

    def test_what_keys_a_row(self):
        row = {"principal": "张示例"}
        case = rows.request_of("food-business", row | {"case": "7", "id": "8"})
        number = rows.request_of("food-business", row | {"case": "", "id": 8})
        content = rows.request_of("food-business", row)
        assert (case.number, case.is_case) == ("7", True)
        assert (number.number, number.is_case) == ("8", False)
        assert len(content.number) == 64
        assert content == rows.request_of("food-business", dict(row))
        other = rows.request_of("food-business", {"principal": "李示例"})
        assert other.number != content.number
        assert case.application == number.application == row

    @pytest.mark.parametrize("kind", BAD_CELLS)
    def test_a_row_that_makes_no_sense_is_an_error_in_its_place(self, kind):
        cells = BAD_CELLS[kind]
        table = "\n".join(
            ",".join(map(_quoted, each))
            for each in (["id", *cells], ["1", *cells.values()])
        )
        (found,) = rows.read(io.BytesIO(table.encode()), ".csv", FOOD)
        assert isinstance(found, ApplicationError)

    def test_a_line_that_is_wrong_leaves_the_others(self):
        text = b'{"id": "1"}\n{"id"\n[]\n{"id": true}\n{"id": " 5"}\n{"id": "6"}\n'
        found = list(rows.read(io.BytesIO(text), ".jsonl", FOOD))
        assert [isinstance(one, Request) for one in found] == [
            True,
            *[False] * 4,
            True,
        ]

    @pytest.mark.parametrize(
        ("ending", "data"),
        {
            "another ending": (".pdf", b""),
            "no column names": (".csv", b""),
            "a column twice": (".csv", b"id,id\n1,2\n"),
            "a column without a name": (".csv", b"id,\n1,2\n"),
            "not UTF-8": (".csv", "id,名\n1,张\n".encode("gb18030")),
            "a quote that is not closed": (".csv", b'id,a\n1,"2\n'),
        }.values(),
    )
    def test_a_file_that_cannot_be_read_is_refused_as_a_whole(self, ending, data):
        with pytest.raises(rows.RowsError):
            list(rows.read(io.BytesIO(data), ending, FOOD))

    @settings(max_examples=60)
    @given(st.binary(max_size=200), st.sampled_from([".csv", ".jsonl"]))
    def test_any_bytes_give_rows_or_are_refused(self, data, ending):
        try:
            found = list(rows.read(io.BytesIO(data), ending, FOOD))
        except rows.RowsError:
            return
        assert all(isinstance(one, Request | ApplicationError) for one in found)


# What the tests work with


class StoppingPress:
    """A press whose device stops answering after some prints."""

    def __init__(self, press, after):
        self.press, self.after, self.printed = press, after, []

    def print(self, parts):
        if len(self.printed) == self.after:
            raise UnavailableError("the device does not answer")
        self.printed.append(self.press.print(parts))
        return self.printed[-1]


class LyingPress:
    """A press that prints another symbol on one license, which only the face tells."""

    def __init__(self, press, place):
        self.press, self.left = press, place

    def print(self, parts):
        self.left -= 1
        if self.left:
            return self.press.print(parts)
        sheet = parts.sheet
        other = document.lay_out(
            sheet.license, sheet.license_type, "EL1-AQYZ/.:$0000", faces=sheet.faces
        )
        return self.press.print(replace(parts, sheet=other))


class Unlucky(SqliteRegister):
    """A register that offers a place which another run takes meanwhile, once."""

    first = None

    def offer(self, requests):
        places = super().offer(requests)
        if self.first is not None:
            places = (replace(places[0], index=self.first), *places[1:])
            self.first = None
        return places


def _issue_all(desk, at):
    for _ in issue_many(desk, map(asked, range(30)), at, SMALL):
        pass


def _places(outcomes):
    return [(o.place, o.issued.license.identifier, os.getpid()) for o in outcomes]


def _bytes(outcomes):
    return [one.issued.pdf for one in outcomes]


def _full_disk(outcomes):
    if any(one.place == 7 for one in outcomes):
        raise OSError("the disk is full")
    return [one.place for one in outcomes]


def _killed(outcomes):
    if any(one.place == 5 for one in outcomes):
        os.kill(os.getpid(), signal.SIGKILL)
    return [one.place for one in outcomes]


def _quoted(cell):
    return '"' + str(cell).replace('"', '""') + '"'
