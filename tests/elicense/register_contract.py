"""What every register driver promises, as tests that a driver's test class inherits.

A driver gives ``opener``, a picklable call that opens the same register again, and the
three hooks that only it can know. Children are real processes with their own
connection.
"""

import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elicense import lifecycle
from elicense.errors import ConflictError, IllegalTransitionError, NotFoundError
from elicense.events import Decision, Event, EventKind, Reason
from elicense.lifecycle import State
from elicense.register import (
    LIST_CAPACITY,
    LIST_FILL_MAX,
    LIST_ID_MAX,
    SALT_BYTES,
    Allocation,
    Change,
    ListFullError,
    Publication,
    Register,
    RegisterError,
    RequestKey,
    Reservation,
    ReserveRequest,
    check_commit,
)

Opener = Callable[[], Register]

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
LIST = 2031
ISSUER = "11990100000000027A"
OTHER_ISSUER = "11990100000000019H"
HANG = 30.0  # seconds after which a child counts as stuck
DECISION = Decision.parse(
    {
        "document": "决定书",
        "number": "示〔2026〕1号",
        "organ": "示例市行政审批局",
        "legal_basis": "行政许可法第六十九条",
        "date": "2026-11-20",
        "effective_at": None,
        "handler": "张示例",
        "reviewer": "李示例",
    }
)
_SPAWN = multiprocessing.get_context("spawn")


def request(number: object, **values: object) -> ReserveRequest:
    key = RequestKey(ISSUER, "food-business", "issue", "case", str(number))
    made = ReserveRequest(key, bytes([1] * 32), "JY29901010000018", LIST, AT)
    return replace(made, **values)


def build(place: Allocation) -> tuple[str, bytes]:
    return f"1.2.156.{place.serial}", b"record" + place.salt


def event(identifier: str, kind: EventKind, why: Reason | None = None, **values):
    needs = why is not None and why.needs_decision
    return Event(
        identifier=identifier,
        kind=kind,
        reason=why,
        effective_at=AT,
        recorded_at=AT,
        decision=DECISION if needs else None,
        **values,
    )


def reserve(register: Register, number: object) -> Reservation:
    return register.reserve(request(number), build)


def issue(register: Register, number: object) -> str:
    identifier = reserve(register, number).identifier
    register.store_output(identifier, b"token", b"pdf")
    register.commit(
        [Change(identifier, State.RESERVED, State.ISSUED)],
        [event(identifier, EventKind.ISSUED)],
    )
    return identifier


def revoke(register: Register, identifier: str, expected: State = State.ISSUED):
    return register.commit(
        [Change(identifier, expected, State.REVOKED)],
        [event(identifier, EventKind.REVOKED, Reason.CANCELLED)],
    )


def everything(register: Register) -> tuple[object, ...]:
    """Return all that can be read, to see that nothing changed."""
    events = tuple(register.events_since(0))
    rows = tuple(
        register.get(identifier)
        for identifier in sorted({one.identifier for one in events})
    )
    lists = tuple(
        (one, tuple(register.statuses(one)), tuple(register.scheduled(one)))
        for one in register.lists()
    )
    return register.count(), rows, events, lists, register.latest_publication()


def never(place: Allocation) -> tuple[str, bytes]:
    raise AssertionError(f"build was called for {place.serial}")


# Children


def live_until(opener: Opener, step: str, pipe: Connection) -> None:
    """Do one license up to ``step``, say so, and wait to be killed."""

    def reached(name: str) -> None:
        if name == step:
            pipe.send(name)
            time.sleep(HANG)

    def slow_build(place: Allocation) -> tuple[str, bytes]:
        reached("inside build")
        return build(place)

    register = opener()
    identifier = register.reserve(request("killed"), slow_build).identifier
    reached("reserved")
    register.store_output(identifier, b"token", b"pdf")
    reached("output stored")
    with register.batch():
        register.commit(
            [Change(identifier, State.RESERVED, State.ISSUED)],
            [event(identifier, EventKind.ISSUED)],
        )
        reached("changed but not committed")
    reached("committed")


def live_on(opener: Opener, pipe: Connection) -> None:
    """Issue and revoke without end, until killed."""
    register = opener()
    pipe.send("alive")
    for number in itertools.count():
        revoke(register, issue(register, f"{os.getpid()}-{number}"))


def reserve_all(opener: Opener, numbers: list[int], pipe: Connection) -> None:
    """Reserve many keys as soon as the parent says so, and tell the identifiers."""
    register = opener()
    pipe.send("ready")
    pipe.recv()
    pipe.send([reserve(register, number).identifier for number in numbers])


def start(target: Callable[..., None], *args: object):
    """Start a child and wait for its first word."""
    here, there = _SPAWN.Pipe()
    child = _SPAWN.Process(target=target, args=(*args, there))
    child.start()
    there.close()
    assert here.poll(HANG), "the child says nothing"
    here.recv()
    return child, here


def kill(child) -> None:
    os.kill(child.pid, signal.SIGKILL)
    child.join(HANG)
    assert child.exitcode == -signal.SIGKILL


KILLED = {
    "inside build": None,
    "reserved": (State.RESERVED, None, ["RESERVED"]),
    "output stored": (State.RESERVED, b"token", ["RESERVED"]),
    "changed but not committed": (State.RESERVED, b"token", ["RESERVED"]),
    "committed": (State.ISSUED, b"token", ["RESERVED", "ISSUED"]),
}

BAD_COMMITS = {
    "no row": lambda _: ([], []),
    "events alone": lambda one: ([], [event(one, EventKind.ISSUED)]),
    "a row twice": lambda one: (
        [
            Change(one, State.ISSUED, State.REVOKED),
            Change(one, State.REVOKED, State.ISSUED),
        ],
        [],
    ),
    "an event of another row": lambda one: (
        [Change(one, State.ISSUED, State.REVOKED)],
        [event("1.2.3", EventKind.REVOKED, Reason.CANCELLED)],
    ),
    "a reservation by the way": lambda one: (
        [Change(one, State.ISSUED, State.REVOKED)],
        [event(one, EventKind.RESERVED)],
    ),
    "an event that was recorded": lambda one: (
        [Change(one, State.ISSUED, State.REVOKED)],
        [event(one, EventKind.REVOKED, Reason.CANCELLED, seq=1)],
    ),
    "a successor that the row does not get": lambda one: (
        [Change(one, State.ISSUED, State.ISSUED)],
        [event(one, EventKind.SUPERSEDED, Reason.RENEWED, successor="1.2.3")],
    ),
}

BAD_VALUES = {
    "a change to RESERVED": lambda: Change("1", State.ISSUED, State.RESERVED),
    "a last day without a suspension": lambda: Change(
        "1", State.ISSUED, State.REVOKED, suspended_until=date(2027, 1, 1)
    ),
    "superseded by nothing": lambda: Change("1", State.ISSUED, State.SUPERSEDED),
    "superseded later by nothing": lambda: Change(
        "1", State.ISSUED, State.ISSUED, superseded_from=date(2027, 1, 1)
    ),
    "a digest that is too short": lambda: request(1, digest=b"1"),
    "a negative list": lambda: request(1, list_id=-1),
    "a list beyond our integers": lambda: request(1, list_id=LIST_ID_MAX + 1),
    "a naive instant": lambda: request(1, at=AT.replace(tzinfo=None)),
    "a fraction of a second": lambda: request(1, at=AT.replace(microsecond=1)),
    "publication 0": lambda: Publication(0, AT, 0, b""),
    "an event before the first": lambda: Publication(1, AT, -1, b""),
}


@pytest.mark.parametrize("make", BAD_VALUES.values(), ids=BAD_VALUES)
def test_values_that_do_not_go_together(make):
    with pytest.raises(ValueError, match=r"."):
        make()


class RegisterContract:
    """Inherit this in a class whose name begins with Test."""

    numbers = itertools.count()

    @pytest.fixture
    def opener(self) -> Opener:
        raise NotImplementedError

    @pytest.fixture
    def register(self, opener):
        with closing(opener()) as register:
            yield register

    def set_counter(self, opener: Opener, name: str, value: int) -> None:
        """Pretend that a counter stands at ``value``."""
        raise NotImplementedError

    def check_sound(self, opener: Opener) -> None:
        """Let the store check itself."""
        raise NotImplementedError

    # Reservations

    def test_a_reservation_is_fixed(self, register):
        first = reserve(register, 1)
        place = first.allocation
        assert place.serial == "20260000001"
        assert 0 <= place.index < LIST_CAPACITY
        assert len(place.salt) == SALT_BYTES
        assert place.instant == AT
        assert first.record == b"record" + place.salt
        row = register.get(first.identifier)
        assert (row.state, row.token, row.pdf) == (State.RESERVED, None, None)
        assert (row.key, row.digest) == (first.key, first.digest)
        assert (row.allocation, row.record) == (place, first.record)
        assert (row.number, row.successor, row.previous) == (
            "JY29901010000018",
            None,
            None,
        )
        assert [one.kind for one in register.history(first.identifier)] == ["RESERVED"]

    def test_the_same_request_gives_the_same_reservation(self, register):
        first = reserve(register, 1)
        before = everything(register)
        later = AT.replace(year=2027)
        assert register.reserve(request(1, at=later), never) == first
        assert everything(register) == before

    def test_the_same_request_with_other_data_is_refused(self, register):
        reserve(register, 1)
        before = everything(register)
        with pytest.raises(ConflictError) as caught:
            register.reserve(request(1, digest=bytes(32)), never)
        assert caught.value.message.zh
        assert "JY29901010000018" not in str(caught.value)
        assert everything(register) == before

    @pytest.mark.parametrize(
        "name", ["issuer", "type_name", "operation", "source", "number"]
    )
    def test_each_part_of_the_key_counts(self, register, name):
        first = reserve(register, 1)
        other = request(1)
        other = replace(other, key=replace(other.key, **{name: OTHER_ISSUER}))
        second = register.reserve(other, lambda place: (f"2.{place.serial}", b""))
        assert second.identifier != first.identifier
        assert register.count() == 2

    def test_serials_count_for_each_issuer_and_year_in_china(self, register):
        last = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)
        new_year = datetime(2026, 12, 31, 16, tzinfo=UTC)
        other = replace(request(4).key, issuer=OTHER_ISSUER)
        serials = [
            register.reserve(made, lambda _: (os.urandom(8).hex(), b"")).allocation
            for made in (
                request(1),
                request(2, at=last),
                request(3, at=new_year),
                request(4, key=other),
            )
        ]
        assert [place.serial for place in serials] == [
            "20260000001",
            "20260000002",
            "20270000001",
            "20260000001",
        ]

    def test_indexes_and_salts_are_drawn(self, register):
        with register.batch():
            places = [reserve(register, number).allocation for number in range(3000)]
        # So many draws meet a taken index four times on average.
        assert len({place.index for place in places}) == 3000
        assert len({place.salt for place in places}) == 3000
        # All of them in one half would be a chance of 2 ** -2999.
        assert len({place.index >= LIST_CAPACITY // 2 for place in places}) == 2
        assert [place.index for place in places] != sorted(p.index for p in places)

    def test_what_build_raises_leaves_nothing(self, register):
        with pytest.raises(AssertionError):
            register.reserve(request(1), never)
        assert everything(register) == (0, (), (), (), None)
        assert reserve(register, 1).allocation.serial == "20260000001"

    def test_an_identifier_is_given_once(self, register):
        taken = reserve(register, 1).identifier
        before = everything(register)
        with pytest.raises(ConflictError):
            register.reserve(request(2), lambda _: (taken, b""))
        assert everything(register) == before

    def test_a_list_is_filled_to_the_half(self, register, opener):
        self.set_counter(opener, f"list {LIST}", LIST_FILL_MAX - 1)
        reserve(register, "the last one")
        before = everything(register)
        with pytest.raises(ListFullError) as caught:
            reserve(register, "one too many")
        assert caught.value.list_id == LIST
        assert everything(register) == before
        register.reserve(request("elsewhere", list_id=LIST + 1), build)

    def test_a_year_has_seven_digits_of_serials(self, register, opener):
        self.set_counter(opener, f"serial {ISSUER} 2026", 9_999_998)
        assert reserve(register, "last").allocation.serial == "20269999999"
        with pytest.raises(RegisterError):
            reserve(register, "one too many")
        assert register.count() == 1

    # Output

    def test_output_is_stored_once(self, register):
        one = reserve(register, 1).identifier
        register.store_output(one, b"token", b"pdf")
        register.store_output(one, b"token", b"pdf")
        for other in ((b"token", b"other"), (b"other", b"pdf")):
            with pytest.raises(ConflictError):
                register.store_output(one, *other)
        row = register.get(one)
        assert (row.token, row.pdf, row.state) == (b"token", b"pdf", State.RESERVED)

    def test_output_of_nothing(self, register):
        with pytest.raises(NotFoundError):
            register.store_output("1.2.3", b"token", b"pdf")

    def test_output_after_issue(self, register):
        one = issue(register, 1)
        register.store_output(one, b"token", b"pdf")
        with pytest.raises(ConflictError):
            register.store_output(one, b"token", b"other")
        assert register.get(one).pdf == b"pdf"

    def test_nothing_is_issued_before_its_output_is_stored(self, register):
        one = reserve(register, 1).identifier
        before = everything(register)
        with pytest.raises(ConflictError):
            register.commit(
                [Change(one, State.RESERVED, State.ISSUED)],
                [event(one, EventKind.ISSUED)],
            )
        assert everything(register) == before

    # Changes

    def test_a_commit_returns_the_place_of_its_events(self, register):
        one, two = issue(register, 1), issue(register, 2)
        seqs = register.commit(
            [
                Change(one, State.ISSUED, State.SUSPENDED, date(2027, 2, 28)),
                Change(two, State.ISSUED, State.REVOKED),
            ],
            [
                event(one, EventKind.SUSPENDED, Reason.HELD, until=date(2027, 2, 28)),
                event(two, EventKind.REVOKED, Reason.RESCINDED),
            ],
        )
        assert seqs == (5, 6)
        assert register.get(one).suspended_until == date(2027, 2, 28)
        held = register.history(one)[-1]
        assert held == event(
            one, EventKind.SUSPENDED, Reason.HELD, until=date(2027, 2, 28), seq=5
        )
        assert register.history(two)[-1].decision == DECISION
        assert [one.seq for one in register.events_since(4)] == [5, 6]

    def test_one_stale_row_stops_all(self, register):
        one, two = issue(register, 1), issue(register, 2)
        revoke(register, two)
        before = everything(register)
        with pytest.raises(ConflictError):
            register.commit(
                [
                    Change(one, State.ISSUED, State.REVOKED),
                    Change(two, State.ISSUED, State.REVOKED),
                ],
                [event(one, EventKind.REVOKED, Reason.CANCELLED)],
            )
        assert everything(register) == before

    def test_one_unknown_row_stops_all(self, register):
        one = issue(register, 1)
        before = everything(register)
        with pytest.raises(NotFoundError):
            register.commit(
                [
                    Change(one, State.ISSUED, State.REVOKED),
                    Change("1.2.3", State.ISSUED, State.REVOKED),
                ],
                [],
            )
        assert everything(register) == before

    @pytest.mark.parametrize("make", BAD_COMMITS.values(), ids=BAD_COMMITS)
    def test_a_commit_that_makes_no_sense(self, register, make):
        one = issue(register, 1)
        before = everything(register)
        changes, events = make(one)
        with pytest.raises(ValueError, match=r"."):
            register.commit(changes, events)
        with pytest.raises(ValueError, match=r"."):
            check_commit(changes, events)
        assert everything(register) == before

    def test_a_new_version_follows_the_old(self, register):
        old, new = issue(register, 1), reserve(register, 2).identifier
        register.store_output(new, b"new token", b"new pdf")
        register.commit(
            [
                Change(new, State.RESERVED, State.ISSUED),
                Change(old, State.ISSUED, State.SUPERSEDED, successor=new),
            ],
            [
                event(new, EventKind.ISSUED),
                event(old, EventKind.SUPERSEDED, Reason.RENEWED, successor=new),
            ],
        )
        assert register.get(old).successor == new
        assert register.get(old).state is State.SUPERSEDED
        assert register.get(new).previous == old
        assert register.history(old)[-1].successor == new
        assert [row.identifier for row in register.by_number("JY29901010000018")] == [
            old,
            new,
        ]

    def test_a_successor_exists(self, register):
        one = issue(register, 1)
        before = everything(register)
        for successor in ("1.2.3", one):
            with pytest.raises(NotFoundError):
                register.commit(
                    [Change(one, State.ISSUED, State.SUPERSEDED, successor=successor)],
                    [],
                )
        assert everything(register) == before

    def test_a_successor_follows_one_license(self, register):
        one, two, new = (issue(register, number) for number in range(3))
        change = Change(one, State.ISSUED, State.SUPERSEDED, successor=new)
        register.commit([change], [])
        before = everything(register)
        with pytest.raises(ConflictError):
            register.commit([replace(change, identifier=two)], [])
        assert everything(register) == before

    def test_two_renewals_at_once(self, register):
        old, first, second = (issue(register, number) for number in range(3))
        later = date(2027, 1, 1)
        change = Change(old, State.ISSUED, State.ISSUED, None, first, later)
        register.commit([change], [])
        before = everything(register)
        with pytest.raises(ConflictError):
            register.commit([replace(change, successor=second)], [])
        assert everything(register) == before
        register.commit([Change(old, State.ISSUED, State.ISSUED)], [])
        register.commit([replace(change, successor=second)], [])
        assert register.get(old).successor == second

    def test_an_early_renewal_is_scheduled(self, register):
        old, new = issue(register, 1), issue(register, 2)
        first = date(2027, 1, 1)
        register.commit(
            [Change(old, State.ISSUED, State.ISSUED, None, new, first)],
            [event(old, EventKind.SUPERSEDED, Reason.RENEWED, successor=new)],
        )
        row = register.get(old)
        assert (row.state, row.superseded_from) == (State.ISSUED, first)
        index = row.allocation.index
        assert list(register.scheduled(LIST)) == [(index, first)]
        assert (index, State.ISSUED, None) in register.statuses(LIST)
        register.commit(
            [row.change(State.SUSPENDED, date(2026, 12, 1))],
            [event(old, EventKind.SUSPENDED, Reason.HELD)],
        )
        held = register.get(old)
        assert (held.successor, held.superseded_from) == (new, first)
        register.commit([Change(old, State.SUSPENDED, State.REVOKED)], [])
        assert list(register.scheduled(LIST)) == []

    def test_one_of_many_threads_wins(self, register, opener):
        one = issue(register, 1)
        gate = threading.Barrier(6)
        outcomes: list[str] = []

        def attempt() -> None:
            with closing(opener()) as own:
                gate.wait()
                try:
                    revoke(own, one)
                    outcomes.append("won")
                except ConflictError:
                    outcomes.append("lost")

        threads = [threading.Thread(target=attempt) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Counter(outcomes) == {"won": 1, "lost": 5}
        assert len(register.history(one)) == 3

    # Races and crashes

    def test_threads_racing_for_a_key(self, register):
        gate = threading.Barrier(6)
        built: list[str] = []
        found: list[Reservation] = []

        def counted(place: Allocation) -> tuple[str, bytes]:
            built.append(place.serial)
            return build(place)

        def attempt() -> None:
            gate.wait()
            found.append(register.reserve(request("same"), counted))

        threads = [threading.Thread(target=attempt) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 6
        assert len(set(found)) == 1
        assert built == ["20260000001"]
        assert register.count() == 1

    def test_processes_racing_for_keys(self, register, opener):
        keys = list(range(40))
        children = [start(reserve_all, opener, keys) for _ in range(2)]
        for _, pipe in children:
            pipe.send("go")
        answers = []
        for child, pipe in children:
            assert pipe.poll(HANG)
            answers.append(pipe.recv())
            child.join(HANG)
        assert answers[0] == answers[1]
        assert register.count() == len(keys)
        assert len(list(register.events_since(0))) == len(keys)

    @pytest.mark.parametrize("step", KILLED)
    def test_killed_at(self, opener, step):
        child, _ = start(live_until, opener, step)
        kill(child)
        self.check_sound(opener)
        with closing(opener()) as register:
            row = register.by_key(request("killed").key)
            if row is None:
                assert KILLED[step] is None
                assert everything(register) == (0, (), (), (), None)
            else:
                kinds = [one.kind.value for one in register.history(row.identifier)]
                assert (row.state, row.token, kinds) == KILLED[step]
                again = register.reserve(request("killed"), never)
                assert again.identifier == row.identifier
            assert issue(register, "afterwards")

    def test_killed_at_any_moment(self, opener):
        for moment in (0.01, 0.05, 0.11):
            child, _ = start(live_on, opener)
            time.sleep(moment)
            kill(child)
        self.check_sound(opener)
        with closing(opener()) as register:
            for row in everything(register)[1]:
                kinds = [one.kind.value for one in register.history(row.identifier)]
                assert kinds[-1] == row.state
                assert (row.token is None) == (row.pdf is None)
                assert row.token is not None or row.state is State.RESERVED
            serials = sorted(row.allocation.serial for row in everything(register)[1])
            assert serials == [f"2026{n + 1:07d}" for n in range(len(serials))]

    # Batches

    def test_a_batch_is_one_transaction(self, register, opener):
        with closing(opener()) as other:
            with register.batch():
                one = issue(register, 1)
                assert register.get(one).state is State.ISSUED
                assert other.count() == 0
            assert other.get(one).state is State.ISSUED

    def test_an_error_takes_a_batch_back(self, register):
        one = issue(register, 1)
        before = everything(register)

        def stopped_midway() -> None:
            with register.batch():
                issue(register, 2)
                revoke(register, one)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            stopped_midway()
        assert everything(register) == before

    def test_a_failed_call_leaves_a_batch_whole(self, register):
        one = issue(register, 1)
        with register.batch():
            two = issue(register, 2)
            with pytest.raises(ConflictError):
                register.commit(
                    [
                        Change(two, State.ISSUED, State.REVOKED),
                        Change(one, State.SUSPENDED, State.REVOKED),
                    ],
                    [event(two, EventKind.REVOKED, Reason.CANCELLED)],
                )
            with pytest.raises(AssertionError):
                register.reserve(request(3), never)
            three = reserve(register, 3)
        assert register.get(two).state is State.ISSUED
        assert three.allocation.serial == "20260000003"
        assert len(register.history(two)) == 2
        assert register.count() == 3

    def test_what_a_batch_refuses(self, register):
        with register.batch():
            with pytest.raises(ValueError, match="batch"):
                register.take_number("bundle")
            with pytest.raises(ValueError, match="batch"), register.batch():
                pass
            reserve(register, 1)
        assert register.count() == 1
        assert register.take_number("bundle") == 1

    # Reading

    def test_what_is_not_there(self, register):
        assert everything(register) == (0, (), (), (), None)
        for call in (register.get, register.history):
            with pytest.raises(NotFoundError):
                call("1.2.3")
        assert register.by_number("JY0") == ()
        assert register.by_key(request(1).key) is None
        assert list(register.statuses(LIST)) == []
        assert list(register.scheduled(LIST)) == []

    def test_statuses_by_index(self, register):
        issued, revoked, held = (issue(register, number) for number in range(3))
        reserve(register, "only reserved")
        elsewhere = register.reserve(request("elsewhere", list_id=7), build)
        revoke(register, revoked)
        register.commit(
            [Change(held, State.ISSUED, State.SUSPENDED, date(2027, 1, 1))],
            [event(held, EventKind.SUSPENDED, Reason.HELD)],
        )
        index = {one: register.get(one).allocation.index for one in (issued, revoked)}
        held_index = register.get(held).allocation.index
        assert list(register.statuses(LIST)) == sorted(
            [
                (index[issued], State.ISSUED, None),
                (index[revoked], State.REVOKED, None),
                (held_index, State.SUSPENDED, date(2027, 1, 1)),
            ]
        )
        assert list(register.statuses(elsewhere.allocation.list_id)) == []
        assert register.lists() == (7, LIST)

    def test_events_come_in_order_while_others_write(self, register):
        issue(register, 1)
        stream = register.events_since(0)
        assert next(stream).seq == 1
        issue(register, 2)
        assert [one.seq for one in stream][:1] == [2]
        assert [one.seq for one in register.events_since(0)] == [1, 2, 3, 4]
        assert list(register.events_since(4)) == []

    def test_a_closed_register_is_misuse(self, opener):
        register = opener()
        register.close()
        register.close()
        with pytest.raises(ValueError, match="closed"):
            register.count()

    # Publications

    def test_numbers_count_by_name(self, register, opener):
        assert [register.take_number("bundle") for _ in range(3)] == [1, 2, 3]
        assert register.take_number("list 2031") == 1
        with closing(opener()) as other:
            assert other.take_number("bundle") == 4

    def test_publications_grow(self, register):
        assert register.latest_publication() is None
        first = Publication(1, AT, 0, b"one")
        third = Publication(3, AT, 4, b"three")
        register.store_publication(first)
        register.store_publication(third)
        register.store_publication(third)
        for other in (first, replace(third, bundle=b"other"), replace(third, number=2)):
            with pytest.raises(ConflictError):
                register.store_publication(other)
        assert register.latest_publication() == third

    # The table, carried out

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(
        st.lists(
            st.tuples(st.sampled_from(EventKind), st.sampled_from([None, *Reason])),
            max_size=12,
        )
    )
    def test_any_events_leave_what_the_table_says(self, register, asked):
        one = reserve(register, next(self.numbers)).identifier
        register.store_output(one, b"token", b"pdf")
        state, seen = State.RESERVED, ["RESERVED"]
        for kind, why in [(EventKind.ISSUED, None), *asked]:
            try:
                after = lifecycle.apply(state, kind, why)
            except IllegalTransitionError:
                assert register.get(one).state is state
                continue
            successor = None
            if after is State.SUPERSEDED:
                successor = issue(register, next(self.numbers))
            stale = next(other for other in State if other is not state)
            change = Change(one, state, after, None, successor)
            happened = event(one, kind, why, successor=successor)
            with pytest.raises(ConflictError):
                register.commit([replace(change, expected=stale)], [happened])
            register.commit([change], [happened])
            state = after
            seen.append(kind.value)
        row = register.get(one)
        assert row.state is state
        assert [item.kind.value for item in register.history(one)] == seen
