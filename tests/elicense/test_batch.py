"""Many at once: each exactly once, in order, and no bad row stops the others."""

import io
import json
import multiprocessing
import os
import resource
import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import document, samples
from elicense.catalog import Catalog
from elicense.changing import Grounds, revoke
from elicense.document import OnePassPress
from elicense.errors import (
    ApplicationError,
    ConflictError,
    ElicenseError,
    IllegalTransitionError,
    Problem,
    TooLongError,
    UnknownTypeError,
)
from elicense.events import Reason
from elicense.issuing import (
    Batch,
    BatchPolicy,
    NotReleasedError,
    Request,
    SampleError,
    UnreadError,
    issue,
    issue_many,
    rows,
)
from elicense.issuing.chunks import chunks, marks_of
from elicense.issuing.releasing import MANY, same_number
from elicense.issuing.workers import NoWorkerError, WorkerError, spread
from elicense.lifecycle import State
from elicense.model import Text
from elicense.policy import ValidationPolicy
from elicense.register.sqlite import SqliteRegister
from elicense.testing import CODE, START, Simulator
from elicense.trust import Period
from elicense.validating import validate_pdf
from esign import algorithms, seal_image
from esign.algorithms import Suite
from esign.errors import UnavailableError
from esign.seal_image import SealSpec
from esign.signer import SoftwareSigner
from esign.verdict import Code
from tests.elicense import register_contract

SMALL = BatchPolicy(chunk=3, sample=10**6)
DESCRIPTORS = Path("/proc/self/fd")  # of this process, on Linux
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


def renewal(old, number):
    return Request(
        type_name="food-business",
        application=samples.sample("food-business", START) | {"principal": "王示例"},
        number=number,
        operation="renew",
        previous=old.license.identifier,
        grounds=Grounds(reason=Reason.CHANGED, note="申请"),
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
    "too long for the page": (
        # Words that stay together leave the ends of lines empty; 字 * 150 has room.
        asked(1, copy="副本", domicile=("(" + "W" * 28 + ")") * 5),
        TooLongError,
    ),
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

    def test_each_of_many_twins_is_told_of_those_before_it(self, world):
        twins = [asked(0, number=f"twin {n}") for n in range(5)]
        done = list(issue_many(world.desk(), twins, world.at, SMALL))
        told = [[w.message.en.split()[0] for w in o.issued.warnings] for o in done]
        assert told == [[], ["1"], ["2"], ["3"], ["4"]]

    def test_twins_are_looked_for_once_and_while_nobody_waits(self, world):
        register = Watched(world.department.register._file)
        desk = replace(world.desk(), register=register)
        given_rows = [asked(0), asked(1), asked(0, number="twin")]
        list(issue_many(desk, given_rows, world.at, SMALL))
        assert len(register.asked) == len(set(register.asked)) == 2
        assert not any(register.inside)

    def test_a_number_that_very_many_bear_is_not_counted_to_its_end(self, world):
        register, at = world.department.register, register_contract.AT
        with register.batch():
            for number in range(MANY + 1):
                register_contract.issue(register, number)
        found = list(register.rows())
        first, last = same_number(register, [(found[0], at), (found[-1], at)])
        assert first[0].message.en.startswith("at least 100 other")
        assert first == last
        for row in found[1:3]:
            register_contract.revoke(register, row.identifier)
        (fewer,) = same_number(register, [(found[0], at)])
        assert fewer[0].message.en.startswith("98 other")


class TestUnread:
    @pytest.mark.parametrize("workers", [1, 2])
    def test_what_came_before_an_unreadable_row_is_issued(self, world, workers):
        cause = ElicenseError(Text("坏行", "a bad line"))
        batch = Batch(world.desk(), world.at, SMALL)
        run = spread(batch, _until(8, cause), _pids, workers)
        told = []
        with pytest.raises(UnreadError) as caught:
            told.extend(run)
        assert [place for place, _ in told] == list(range(1, 9))
        assert world.department.register.count() == 8
        assert all(row.is_issued for row in world.department.register.rows())
        assert (caught.value.given, caught.value.cause) == (8, cause)
        assert "row 9 cannot be read" in caught.value.message.en
        assert "第 9 行" in caught.value.message.zh
        assert multiprocessing.active_children() == []

    def test_an_error_of_another_kind_is_raised_as_it_is(self, world):
        run = issue_many(world.desk(), _until(2, OSError("gone")), world.at, SMALL)
        assert [next(run).place for _ in range(2)] == [1, 2]
        with pytest.raises(OSError, match="gone") as caught:
            next(run)
        assert caught.value.__notes__ == ["2 rows were read before, and are done"]

    def test_a_first_row_that_cannot_be_read(self, world):
        cause = ElicenseError(Text("坏行", "a bad line"))
        with pytest.raises(UnreadError, match="row 1 cannot"):
            next(issue_many(world.desk(), _until(0, cause), world.at, SMALL))
        assert world.department.register.count() == 0


KEYS = st.integers(0, 5)


class TestChunks:
    @settings(max_examples=60)
    @given(
        st.lists(st.one_of(KEYS, st.none()), max_size=12),
        st.integers(1, 4),
    )
    def test_every_row_once_in_order_and_free_of_the_others(self, keys, size):
        bad = ApplicationError([Problem("(data)", Text("坏行", "a bad row"))])
        given_rows = [
            bad if n is None else Request(type_name="x", application={}, number=str(n))
            for n in keys
        ]
        cut = list(chunks(given_rows, BatchPolicy(chunk=size)))
        assert [entry for chunk in cut for entry in chunk] == list(
            enumerate(given_rows, 1)
        )
        for chunk in cut:
            requests = [r for _, r in chunk if isinstance(r, Request)]
            assert 1 <= len(chunk) <= size
            assert len(marks_of(chunk)) == len(requests)

    def test_large_applications_make_small_chunks(self):
        sizes = [10, 40, 50, 1, 500, 1, 1]
        given_rows = [
            Request(
                type_name="x",
                application={"photo": "x" * (size - 1), "items": [{"name": "y"}]},
                number=str(n),
            )
            for n, size in enumerate(sizes)
        ]
        cut = list(chunks(given_rows, BatchPolicy(size=100)))
        assert [len(chunk) for chunk in cut] == [3, 1, 1, 2]

    def test_a_scan_counts(self):
        paper = Request(
            type_name="x",
            application={},
            number="1",
            is_case=False,
            operation="import",
            scan=bytes(80),
        )
        given_rows = [paper, replace(paper, number="2")]
        assert len(list(chunks(given_rows, BatchPolicy(size=100)))) == 2
        assert len(list(chunks(given_rows, BatchPolicy(size=160)))) == 1

    @pytest.mark.parametrize("name", ["chunk", "sample", "size"])
    def test_what_counts_from_one(self, name):
        with pytest.raises(ValueError, match="from one"):
            BatchPolicy(**{name: 0})

    def test_of_two_renewals_of_one_license_the_second_reserves_nothing(self, world):
        desk = world.desk()
        old = issue(desk, asked(0), world.at)
        both = [renewal(old, "R1"), asked(1), renewal(old, "R2")]
        done = list(issue_many(desk, both, world.at, BatchPolicy(chunk=10)))
        assert done[0].issued.state is State.ISSUED
        assert isinstance(done[2].error, IllegalTransitionError)
        assert desk.register.get(old.license.identifier).successor == (
            done[0].issued.license.identifier
        )
        assert all(row.is_issued for row in desk.register.rows())
        assert desk.register.count() == 3


class TestAtOnce:
    """Another run does the same rows while this one prints."""

    def test_what_another_run_issued_first_is_told_as_there_already(self, world):
        desk = world.desk()
        others = []

        def other_run():
            others.extend(issue_many(desk, map(asked, range(3)), world.at, SMALL))

        slow = replace(desk, press=OvertakenPress(desk.press, other_run))
        done = list(issue_many(slow, map(asked, range(4)), world.at, SMALL))
        assert [one.existed for one in others] == [False] * 3
        assert [one.existed for one in done] == [True] * 3 + [False]
        assert [one.issued.pdf for one in done[:3]] == [o.issued.pdf for o in others]
        assert [one.issued.state for one in done] == [State.ISSUED] * 4
        assert desk.register.counts() == {"issue": 4}

    def test_bytes_that_another_run_signed_differently_are_taken(self, world):
        desk = fickle(world)
        others = []

        def other_run():
            others.extend(issue_many(desk, map(asked, range(3)), world.at, SMALL))

        slow = replace(desk, press=OvertakenPress(desk.press, other_run))
        done = list(issue_many(slow, map(asked, range(3)), world.at, SMALL))
        assert [(one.existed, one.error) for one in done] == [(True, None)] * 3
        for one, other in zip(done, others, strict=True):
            kept = desk.register.get(one.issued.license.identifier)
            assert one.issued.pdf == other.issued.pdf == kept.pdf
            assert one.issued.qr_text == other.issued.qr_text
            assert validate_pdf(one.issued.pdf, desk.trust, world.at).code is Code.VALID

    @pytest.mark.parametrize("many", [False, True], ids=["alone", "in a batch"])
    @pytest.mark.parametrize("issued", [False, True], ids=["stored", "issued"])
    def test_a_row_that_another_process_stored_meanwhile(self, world, many, issued):
        desk = fickle(world)

        def other_run():
            if issued:
                issue(desk, asked(0), world.at)
                return
            dies = replace(desk, register=Dying(desk.register._file))
            with pytest.raises(UnavailableError):
                issue(dies, asked(0), world.at)

        slow = replace(desk, press=OvertakenPress(desk.press, other_run))
        if many:
            (one,) = issue_many(slow, [asked(0)], world.at, SMALL)
            assert one.existed is issued
            made = one.issued
        else:
            made = issue(slow, asked(0), world.at)
        row = desk.register.get(made.license.identifier)
        assert (made.pdf, made.state) == (row.pdf, State.ISSUED)
        assert row.state_at(world.at) is State.ISSUED
        assert desk.register.count() == 1

    def test_a_license_that_was_revoked_since_is_told_as_revoked(self, world):
        desk = world.desk()
        (one,) = issue_many(desk, [asked(0)], world.at, SMALL)
        later = world.at + timedelta(hours=1)
        grounds = Grounds(reason=Reason.CANCELLED, note="申请")
        revoke(desk.register, one.issued.license.identifier, grounds, later)
        (again,) = issue_many(desk, [asked(0)], later, SMALL)
        assert (again.existed, again.issued.state) == (True, State.REVOKED)


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

    @pytest.mark.parametrize("many", [False, True], ids=["alone", "in a batch"])
    def test_a_newer_version_of_the_type_refuses_no_row_of_the_old_one(
        self, world, many
    ):
        desk = world.desk()
        dies = replace(desk, press=StoppingPress(desk.press, after=3))
        bare = [asked(n, remarks=None) for n in range(7)]
        with pytest.raises(UnavailableError):
            list(issue_many(dies, bare[:6], world.at, SMALL))
        assert [row.is_issued for row in desk.register.rows()] == [True] * 3 + [
            False
        ] * 3
        wanted = tuple(replace(rule, required=True) for rule in FOOD.fields)
        newer = replace(FOOD, version=FOOD.version + 1, fields=wanted)
        catalog = Catalog([*Catalog.builtin().types(), newer])
        changed = replace(desk, catalog=catalog)
        if many:
            done = list(issue_many(changed, bare, world.at, SMALL))
            assert [one.error is None for one in done] == [True] * 6 + [False]
            assert isinstance(done[6].error, ApplicationError)
            return
        for n in range(6):
            made = issue(changed, bare[n], world.at)
            assert made.license.draft.type_version == FOOD.version
        with pytest.raises(ApplicationError):
            issue(changed, bare[6], world.at)


class TestSample:
    def test_a_failed_sample_stops_the_run_and_nothing_of_its_chunk_goes_out(
        self, world
    ):
        desk = world.desk()
        lying = replace(desk, press=LyingPress(desk.press, 5))
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
        lying = replace(desk, press=LyingPress(desk.press, 1))
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
        done = batch.issue([(n + 1, asked(n)) for n in range(2)])
        assert [type(one.error) for one in done] == [NotReleasedError] * 2
        assert [row.is_issued for row in desk.register.rows()] == [True, False, False]

    def test_after_the_first_the_sample_is_one_in_many(self, world):
        desk = world.desk()
        lying = replace(desk, press=LyingPress(desk.press, 2, 3))
        policy = BatchPolicy(chunk=9, sample=4)
        assert len(list(issue_many(lying, map(asked, range(3)), world.at, policy))) == 3
        lying = replace(desk, press=LyingPress(desk.press, 4))
        with pytest.raises(SampleError):
            list(issue_many(lying, map(asked, range(3, 9)), world.at, policy))

    def test_what_an_earlier_run_printed_says_nothing_of_this_press(self, world):
        desk = world.desk()
        dies = replace(desk, register=Dying(desk.register._file))
        with pytest.raises(UnavailableError):
            issue(dies, asked(0), world.at)
        lying = replace(desk, press=LyingPress(desk.press, 1))
        run = issue_many(lying, map(asked, range(2)), world.at, SMALL)
        with pytest.raises(SampleError) as caught:
            list(run)
        assert caught.value.place == 2
        assert not any(row.is_issued for row in desk.register.rows())

    def test_a_reservation_whose_key_was_renewed_since_stops_no_later_run(self, world):
        desk = world.desk()
        dies = replace(desk, press=StoppingPress(desk.press, after=0))
        with pytest.raises(UnavailableError):
            list(issue_many(dies, map(asked, range(3)), world.at, SMALL))
        world.at += timedelta(days=2)
        owner = world.department
        owner.token = SoftwareSigner.generate(Suite.ES256)
        owner.token_period = Period(START + timedelta(days=1), None)
        done = list(issue_many(world.desk(), map(asked, range(6)), world.at, SMALL))
        assert [type(one.error) for one in done[:3]] == [NotReleasedError] * 3
        assert [one.error for one in done[3:]] == [None] * 3
        assert [row.is_issued for row in desk.register.rows()] == [False] * 3 + [
            True
        ] * 3

    def test_reservations_that_fail_in_full_fail_alone_and_the_next_is_asked(
        self, world
    ):
        desk = world.desk()
        dies = replace(desk, press=StoppingPress(desk.press, after=0))
        with pytest.raises(UnavailableError):
            list(issue_many(dies, map(asked, range(3)), world.at, SMALL))
        lying = replace(desk, press=LyingPress(desk.press, 1, 2))
        done = list(issue_many(lying, map(asked, range(3)), world.at, SMALL))
        assert [type(one.error) for one in done[:2]] == [NotReleasedError] * 2
        assert done[2].issued.state is State.ISSUED
        # Nothing passed before a new license fails, so that one stops the run.
        lying = replace(desk, press=LyingPress(desk.press, 1, 2, 3))
        run = issue_many(lying, map(asked, [0, 1, 7]), world.at, SMALL)
        with pytest.raises(SampleError) as caught:
            list(run)
        assert caught.value.place == 3


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

    def test_the_first_of_two_rows_of_one_key_wins_whatever_its_chunk_costs(
        self, world
    ):
        # The second stands alone in a chunk, which would be done long before.
        cut = BatchPolicy(chunk=20, sample=10**6)
        given_rows = [*map(asked, range(40)), asked(1, number="C00020")]
        told = list(spread(Batch(world.desk(), world.at, cut), given_rows, _errors, 2))
        assert told == [None] * 40 + ["ConflictError"]

    def test_of_two_renewals_the_first_wins_whatever_its_chunk_costs(self, world):
        desk = world.desk()
        old = issue(desk, asked(0, number="old"), world.at)
        cut = BatchPolicy(chunk=20, sample=10**6)
        given_rows = [
            *map(asked, range(20)),
            *(renewal(old, "R1"), *map(asked, range(20, 39))),
            renewal(old, "R2"),
        ]
        told = list(spread(Batch(desk, world.at, cut), given_rows, _errors, 2))
        assert told == [None] * 40 + ["IllegalTransitionError"]
        assert all(row.is_issued for row in desk.register.rows())

    def test_a_worker_shares_no_descriptor_of_the_register(self, world):
        if not DESCRIPTORS.is_dir():
            pytest.skip("open files are read from /proc")
        batch = Batch(world.desk(), world.at, SMALL)
        told = list(spread(batch, map(asked, range(12)), _descriptors, 2))
        # One, its own: what a parent's lock and what a child's lock is stays apart.
        assert told == [1] * 12

    def test_an_interrupt_of_the_whole_group_does_not_end_a_worker(self, world):
        batch = Batch(world.desk(), world.at, SMALL)
        told = list(spread(batch, map(asked, range(12)), Interrupted(os.getpid()), 2))
        assert told == list(range(1, 13))
        assert all(row.is_issued for row in world.department.register.rows())

    def test_where_no_more_processes_start_those_that_did_are_let_go(self, world):
        batch = Batch(world.desk(), world.at, SMALL)
        run = spread(batch, map(asked, range(12)), _pids, 64)
        assert [next(run)[0] for _ in range(3)] == [1, 2, 3]
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        taken = {int(path.name) for path in Path("/dev/fd").iterdir()}
        free = [number for number in range(1024) if number not in taken]
        resource.setrlimit(resource.RLIMIT_NOFILE, (free[10], hard))
        try:
            with pytest.raises(NoWorkerError, match="could not be started"):
                next(run)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert multiprocessing.active_children() == []
        again = Batch(world.desk(), world.at, SMALL)
        assert len(list(spread(again, map(asked, range(12)), _pids, 2))) == 12
        assert world.department.register.count() == 12

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
        several = ("items", "warehouses")
        flat = {k: v for k, v in application.items() if k not in ("holders", *several)}
        heads = ["case", "holders.name", "holders.code", *several, *flat]
        cells = ["A1", holder["name"], holder["code"]]
        cells += [";".join(application[key]) for key in several]
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
    """A press that prints a wrong symbol on some licenses; only the face tells."""

    def __init__(self, press, *places):
        self.press, self.places, self.printed = press, places, 0

    def print(self, parts):
        self.printed += 1
        if self.printed not in self.places:
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


class OvertakenPress:
    """A press that something happens before, the first time it prints."""

    def __init__(self, press, first):
        self.press, self.first = press, first

    def print(self, parts):
        if self.first is not None:
            first, self.first = self.first, None
            first()
        return self.press.print(parts)


class Fickle:
    """A signer that signs the same differently each time, as many devices do."""

    def __init__(self, signer):
        self._handle, self.public_key = signer.handle, signer.public_key

    def sign(self, message):
        signature = self._handle.sign(message, ec.ECDSA(hashes.SHA256()))
        return algorithms.ecdsa_from_der(signature)


class Watched(SqliteRegister):
    """A register that keeps what it is asked of numbers, and when."""

    def __init__(self, file):
        super().__init__(file)
        self.asked, self.inside = [], []

    def in_force(self, number, at, limit):
        self.asked.append(number)
        self.inside.append(self._file.in_batch)
        return super().in_force(number, at, limit)


class Dying(SqliteRegister):
    """A register whose process ends once the output is stored."""

    def commit(self, _changes, _events):
        raise UnavailableError("killed")


def fickle(world):
    """Return a desk whose token key and seal sign differently each time."""
    owner = world.department
    identity = replace(owner.seal, signer=Fickle(owner.seal.signer))
    press = OnePassPress(identity, seal_image.draw(SealSpec(owner.name)))
    return replace(world.desk(), token_signer=Fickle(owner.token), press=press)


def _until(count, failure):
    yield from map(asked, range(count))
    raise failure


def _pids(outcomes):
    return [(one.place, os.getpid()) for one in outcomes]


def _issue_all(desk, at):
    for _ in issue_many(desk, map(asked, range(30)), at, SMALL):
        pass


def _places(outcomes):
    return [(o.place, o.issued.license.identifier, os.getpid()) for o in outcomes]


def _bytes(outcomes):
    return [one.issued.pdf for one in outcomes]


def _errors(outcomes):
    return [one.error and type(one.error).__name__ for one in outcomes]


def _descriptors(outcomes):
    """How many descriptors of the register's file this process has."""
    found = 0
    for path in DESCRIPTORS.iterdir():
        try:
            found += path.readlink().name == f"{CODE}.db"
        except FileNotFoundError:  # the one that lists them
            continue
    return [found] * len(outcomes)


class Interrupted:
    """A delivery that Ctrl-C comes into, in every process but the first."""

    def __init__(self, first):
        self.first = first

    def __call__(self, outcomes):
        if os.getpid() != self.first:
            os.kill(os.getpid(), signal.SIGINT)
        return [one.place for one in outcomes]


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
