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
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elicense import changing, dates, lifecycle, record
from elicense.changing import Grounds
from elicense.errors import (
    ConflictError,
    IllegalTransitionError,
    NotFoundError,
    RegisterError,
)
from elicense.events import Decision, Event, EventKind, Reason
from elicense.identifiers import Identifier
from elicense.lifecycle import Span, State
from elicense.model import (
    Checkpoint,
    Draft,
    Holder,
    License,
    Organization,
    Validity,
)
from elicense.register import (
    LIST_CAPACITY,
    LIST_FILL_MAX,
    LIST_ID_MAX,
    SALT_BYTES,
    Adopted,
    Allocation,
    Change,
    Claim,
    ListFullError,
    Output,
    PlaceTakenError,
    Publication,
    Register,
    RequestKey,
    Reservation,
    ReserveRequest,
    Row,
    SnapshotMark,
)
from elicense.register.checks import check_adopted, check_commit
from esign.verdict import Code

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
    given = {"effective_at": AT, "recorded_at": AT, **values}
    return Event(
        identifier=identifier,
        kind=kind,
        reason=why,
        decision=DECISION if needs else None,
        **given,
    )


def reserve(register: Register, number: object) -> Reservation:
    return register.reserve(request(number), build)


def change(register: Register, happened: Event, *, drop: bool = False) -> Change:
    """Return the change of a row that an event makes."""
    row = register.get(happened.identifier)
    plan = lifecycle.plan([*register.history(happened.identifier), happened])
    return row.change(plan, successor=happened.successor, drop_successor=drop)


def happen(register: Register, happened: Event) -> tuple[int, ...]:
    return register.commit([change(register, happened)], [happened])


def issue(register: Register, number: object, **values: object) -> str:
    made = register.reserve(request(number, **values), build)
    register.store_output(made.identifier, b"token", b"pdf")
    happen(register, event(made.identifier, EventKind.ISSUED))
    return made.identifier


def revoke(register: Register, identifier: str) -> tuple[int, ...]:
    return happen(register, cancelled(identifier))


def cancelled(identifier: str, **values: object) -> Event:
    return event(identifier, EventKind.REVOKED, Reason.CANCELLED, **values)


def held(identifier: str, **values: object) -> Event:
    return event(identifier, EventKind.SUSPENDED, Reason.HELD, **values)


def renewed(identifier: str, successor: str, **values: object) -> Event:
    return event(
        identifier,
        EventKind.SUPERSEDED,
        Reason.RENEWED,
        successor=successor,
        **values,
    )


def state(register: Register, identifier: str, at: datetime = AT) -> State:
    return register.get(identifier).state_at(at)


def statuses(register: Register, list_id: int, at: datetime = AT) -> list:
    return list(register.statuses(ISSUER, list_id, at))


def index(register: Register, identifier: str) -> int:
    return register.get(identifier).allocation.index


def exported(register: Register) -> list:
    """Return all licenses with their histories, as another register takes them."""
    return [(row, register.history(row.identifier)) for row in register.rows()]


def everything(register: Register) -> tuple[object, ...]:
    """Return all that can be read, to see that nothing changed."""
    events = tuple(register.events_since(0))
    rows = tuple(
        register.get(identifier)
        for identifier in sorted({one.identifier for one in events})
    )
    lists = tuple(
        (one, tuple(register.statuses(*one, AT)), register.next_change(*one, AT))
        for one in register.lists()
    )
    counts = (register.count(), dict(register.counts()))
    return counts, rows, events, lists, register.latest_publication()


@dataclass(frozen=True)
class Granted:
    """What a license of these tests says: its days, and what has to be done when."""

    first: date
    last: date | None = None
    checkpoints: tuple[Checkpoint, ...] = ()
    previous: str | None = None


def grant(
    register: Register,
    number: object,
    granted: Granted,
    at: datetime,
    effective_at: datetime | None = None,
) -> str:
    """Issue a license that has a real record; token and PDF are of no matter here."""

    def draw_up(place: Allocation) -> tuple[str, bytes]:
        identifier = Identifier.build(
            "11990000000000019A002", ISSUER, place.serial
        ).text
        draft = Draft(
            type_name="food-business",
            type_version=1,
            title="食品经营许可证",
            number="JY29901010000018",
            holders=(Holder("示例食品店", "92990101MA0000001A", "001"),),
            issue_date=granted.first,
            validity=Validity(granted.first, granted.last),
            checkpoints=granted.checkpoints,
        )
        license_ = License(
            draft=draft,
            identifier=identifier,
            issuer=Organization(ISSUER, "示例市行政审批局"),
            specimen=True,
            previous=granted.previous,
        )
        return identifier, record.encode(license_, place.salt)

    made = register.reserve(request(number, at=at), draw_up)
    register.store_output(made.identifier, b"token", b"pdf")
    issued = event(
        made.identifier,
        EventKind.ISSUED,
        effective_at=effective_at or at,
        recorded_at=at,
    )
    happen(register, issued)
    return made.identifier


def offered(register: Register, *numbers: object) -> list[Claim]:
    """Return claims of places that were offered to new requests."""
    wanted = [request(number) for number in numbers]
    places = register.offer(wanted)
    return [
        Claim(one, place, *build(place))
        for one, place in zip(wanted, places, strict=True)
    ]


def clash(register: Register, kind: str) -> tuple[Claim, type[Exception]]:
    """Return a claim that can not be made beside license 1, and its error."""
    one = register.by_key(request(1).key)
    assert one is not None
    good = offered(register, kind)[0]
    spot = replace(good.place, index=one.allocation.index)
    other = replace(request(1), digest=bytes([2] * 32))
    return {
        "the key with another application": (
            replace(good, request=other),
            ConflictError,
        ),
        "an identifier that is taken": (
            replace(good, identifier=one.identifier),
            ConflictError,
        ),
        "an index that was taken meanwhile": (
            replace(good, place=spot),
            PlaceTakenError,
        ),
        "a key that another claim has": (
            replace(good, request=request("new")),
            ValueError,
        ),
    }[kind]


CLASHES = (
    "the key with another application",
    "an identifier that is taken",
    "an index that was taken meanwhile",
    "a key that another claim has",
)
NOTHING = ((0, {}), (), (), (), None)
LATER = AT + timedelta(days=40)
ISSUED_PLAN = (Span(AT, State.ISSUED),)


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
        happen(register, event(identifier, EventKind.ISSUED))
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
    "reserved": ((), None, ["RESERVED"]),
    "output stored": ((), b"token", ["RESERVED"]),
    "changed but not committed": ((), b"token", ["RESERVED"]),
    "committed": (ISSUED_PLAN, b"token", ["RESERVED", "ISSUED"]),
}

BAD_COMMITS = {
    "no row": lambda _, _row: ([], []),
    "events alone": lambda one, _: ([], [event(one, EventKind.ISSUED)]),
    "a row twice": lambda _, row: ([row.change(row.plan), row.change(row.plan)], []),
    "an event of another row": lambda _, row: (
        [row.change(row.plan)],
        [cancelled("1.2.3")],
    ),
    "a reservation by the way": lambda one, row: (
        [row.change(row.plan)],
        [event(one, EventKind.RESERVED)],
    ),
    "an event that was recorded": lambda one, row: (
        [row.change(row.plan)],
        [cancelled(one, seq=1)],
    ),
    "a successor that the row does not get": lambda one, row: (
        [row.change(row.plan)],
        [renewed(one, "1.2.3")],
    ),
}


def spans(*states: State) -> tuple[Span, ...]:
    """Return a plan with a day for each state."""
    return tuple(
        Span(AT + timedelta(days=number), state) for number, state in enumerate(states)
    )


BAD_VALUES = {
    "a change to RESERVED": lambda: Change("1", 1, ()),
    "a plan that returns to RESERVED": lambda: Change(
        "1", 1, spans(State.ISSUED, State.RESERVED)
    ),
    "a plan that says the same twice": lambda: Change(
        "1", 1, spans(State.ISSUED, State.ISSUED)
    ),
    "a plan that runs backwards": lambda: Change(
        "1", 1, spans(State.ISSUED, State.REVOKED)[::-1]
    ),
    "a plan with a fraction of a second": lambda: Change(
        "1", 1, (Span(AT.replace(microsecond=1), State.ISSUED),)
    ),
    "superseded by nothing": lambda: Change("1", 1, spans(State.SUPERSEDED)),
    "a digest that is too short": lambda: request(1, digest=b"1"),
    "a negative list": lambda: request(1, list_id=-1),
    "a list beyond our integers": lambda: request(1, list_id=LIST_ID_MAX + 1),
    "a naive instant": lambda: request(1, at=AT.replace(tzinfo=None)),
    "a fraction of a second": lambda: request(1, at=AT.replace(microsecond=1)),
    "publication 0": lambda: Publication(0, AT, 0, b""),
    "an event before the first": lambda: Publication(1, AT, -1, b""),
}


def renamed(identifier: str, row: Row, events: tuple[Event, ...]) -> Adopted:
    named = tuple(replace(one, identifier=identifier) for one in events)
    return replace(row, identifier=identifier), named


def at_place(mine: Row, row: Row, **values: object) -> Row:
    place = replace(row.allocation, **values)
    return replace(row, key=replace(row.key, issuer=mine.key.issuer), allocation=place)


SECOND = timedelta(seconds=1)


def noon(month: int, day: int) -> datetime:
    return dates.start_of(date(2026, month, day)) + timedelta(hours=12)


def midnight(month: int, day: int) -> datetime:
    return dates.start_of(date(2026, month, day))


def codes(letters: str) -> list[Code | None]:
    """Return a code for each letter: what three versions of a license are."""
    return [_LETTERS[letter] for letter in letters]


_LETTERS = {
    "-": None,
    "V": Code.VALID,
    "N": Code.NOT_YET_VALID,
    "S": Code.SUSPENDED,
    "X": Code.SUPERSEDED,
    "R": Code.REVOKED,
}
# First version, second version, third version: by effect, and as known then. Changed on
# 02-01, renewed on 02-15 for 07-01, held from 03-01 (recorded 02-25) until 03-31, given
# back from 03-20 (recorded 03-25), revoked from 06-01 (recorded 05-10).
TWELVE_INSTANTS = {
    "before its issue": (midnight(1, 10), "---", "---"),
    "issued": (noon(1, 10), "V--", "V--"),
    "the last second before the change": (noon(2, 1) - SECOND, "V--", "V--"),
    "changed": (noon(2, 1), "XV-", "XV-"),
    "renewed early": (noon(2, 15), "XVN", "XVN"),
    "the last second of February": (midnight(3, 1) - SECOND, "XVN", "XVN"),
    "held": (midnight(3, 1), "XSN", "XSN"),
    "the last second before the release": (midnight(3, 20) - SECOND, "XSN", "XSN"),
    "given back, and not known yet": (midnight(3, 20), "XVN", "XSN"),
    "the release is known": (noon(3, 25), "XVN", "XVN"),
    "the suspension would have lapsed": (midnight(4, 1), "XVN", "XVN"),
    "the revocation is known": (noon(5, 10), "XVN", "XVN"),
    "the last second of May": (midnight(6, 1) - SECOND, "XVN", "XVN"),
    "revoked, and the next version too": (midnight(6, 1), "XRR", "XRR"),
    "when the next version would have begun": (midnight(7, 1), "XRR", "XRR"),
    "long after": (noon(12, 31), "XRR", "XRR"),
}

TAKEN = {
    "its identifier": lambda mine, row, events: renamed(mine.identifier, row, events),
    "its request": lambda mine, row, events: (replace(row, key=mine.key), events),
    "its serial": lambda mine, row, events: (
        at_place(mine, row, serial=mine.allocation.serial),
        events,
    ),
    "its place in a list": lambda mine, row, events: (
        at_place(mine, row, serial="20260000009", index=mine.allocation.index),
        events,
    ),
}

BAD_ENTRIES = {
    "events of another license": lambda row, events: (
        replace(row, identifier="1.2.3"),
        events,
    ),
    "no events": lambda row, _: (row, ()),
    "events without their last": lambda row, events: (row, events[:-1]),
    "events in another order": lambda row, events: (row, events[::-1]),
    "events that were never recorded": lambda row, events: (
        row,
        tuple(replace(one, seq=None) for one in events),
    ),
    "events without the reservation": lambda row, events: (row, events[1:]),
    "a plan that the events do not make": lambda row, events: (
        replace(row, plan=ISSUED_PLAN),
        events,
    ),
    "a serial that is none": lambda row, events: (
        at_place(row, row, serial="2026-000001"),
        events,
    ),
    "issued without its output": lambda row, events: (replace(row, pdf=None), events),
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
    def another_opener(self) -> Opener:
        """Open a second register, of another organ."""
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
        assert (row.plan, row.token, row.pdf) == ((), None, None)
        assert (row.is_issued, row.state_at(LATER)) == (False, State.RESERVED)
        assert row.seq == 1
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
        assert everything(register) == NOTHING
        assert reserve(register, 1).allocation.serial == "20260000001"

    def test_an_identifier_is_given_once(self, register):
        taken = reserve(register, 1).identifier
        before = everything(register)
        with pytest.raises(ConflictError):
            register.reserve(request(2), lambda _: (taken, b""))
        assert everything(register) == before

    def test_a_list_is_filled_to_the_half(self, register, opener):
        self.set_counter(opener, f"list {ISSUER} {LIST}", LIST_FILL_MAX - 1)
        reserve(register, "the last one")
        before = everything(register)
        with pytest.raises(ListFullError) as caught:
            reserve(register, "one too many")
        assert caught.value.list_id == LIST
        assert everything(register) == before
        register.reserve(request("elsewhere", list_id=LIST + 1), build)
        theirs = replace(request("theirs").key, issuer=OTHER_ISSUER)
        register.reserve(request("theirs", key=theirs), lambda _: ("1.2.3", b""))

    def test_a_year_has_seven_digits_of_serials(self, register, opener):
        self.set_counter(opener, f"serial {ISSUER} 2026", 9_999_998)
        assert reserve(register, "last").allocation.serial == "20269999999"
        with pytest.raises(RegisterError):
            reserve(register, "one too many")
        assert register.count() == 1

    # Output

    def test_what_is_offered_is_not_reserved(self, register):
        claims = offered(register, *range(50))
        places = [item.place for item in claims]
        assert register.count() == 0
        assert list(register.events_since(0)) == []
        assert [p.serial for p in places] == [f"2026{n:07d}" for n in range(1, 51)]
        assert len({p.index for p in places}) == len({p.salt for p in places}) == 50
        # A serial that was offered is never given again, claimed or not.
        assert reserve(register, "x").allocation.serial == "20260000051"

    def test_claims_give_what_reserving_gives(self, register, another_opener):
        rows = register.claim(offered(register, 1, 2, 3))
        for row in rows:
            assert register.get(row.identifier) == row
            assert (row.identifier, row.record) == build(row.allocation)
            history = register.history(row.identifier)
            assert [(e.kind, e.seq) for e in history] == [(EventKind.RESERVED, row.seq)]
        with closing(another_opener()) as other:
            alone = [other.get(reserve(other, n).identifier) for n in (1, 2, 3)]
            assert other.lists() == register.lists()
        told = [(r.identifier, r.key, r.seq, r.allocation.serial) for r in rows]
        assert told == [
            (r.identifier, r.key, r.seq, r.allocation.serial) for r in alone
        ]

    def test_a_request_that_is_known_keeps_its_row_beside_new_ones(self, register):
        first = reserve(register, 1)
        known, new = register.claim(offered(register, 1, 2))
        assert known == register.get(first.identifier)
        assert new == register.get(new.identifier)
        assert register.count() == 2

    @pytest.mark.parametrize("kind", CLASHES)
    def test_one_claim_that_clashes_stops_all(self, register, kind):
        reserve(register, 1)
        bad, error = clash(register, kind)
        good = offered(register, "new")
        before = everything(register)
        with pytest.raises(error):
            register.claim([*good, bad])
        assert everything(register) == before
        register.claim(good)
        assert register.count() == 2

    def test_claims_fill_a_list_to_the_half(self, register, opener):
        claims = offered(register, 1, 2, 3)
        self.set_counter(opener, f"list {ISSUER} {LIST}", LIST_FILL_MAX - 2)
        with pytest.raises(ListFullError) as caught:
            register.claim(claims)
        assert caught.value.list_id == LIST
        assert register.count() == 0
        assert len(register.claim(claims[:2])) == 2

    def test_offers_stop_at_the_last_serial(self, register, opener):
        self.set_counter(opener, f"serial {ISSUER} 2026", 9_999_998)
        with pytest.raises(RegisterError, match="serials"):
            register.offer([request(1), request(2)])
        assert register.offer([request(1)])[0].serial == "20269999999"

    def test_outputs_are_stored_all_or_none(self, register):
        one, two = register.claim(offered(register, 1, 2))
        outputs = [Output(row.identifier, b"token", b"pdf") for row in (one, two)]
        register.store_outputs(outputs[:1])
        for wrong, error in {
            Output(one.identifier, b"token", b"another"): ConflictError,
            Output("1.2.156.0", b"token", b"pdf"): NotFoundError,
            outputs[1]: ValueError,  # twice in one set
        }.items():
            with pytest.raises(error):
                register.store_outputs([outputs[1], wrong])
            assert register.get(two.identifier).pdf is None
        register.store_outputs(outputs)
        assert register.get(two.identifier).pdf == b"pdf"

    def test_a_set_is_issued_as_one_by_one(self, register):
        rows = register.claim(offered(register, *range(5)))
        plan = (Span(AT, State.ISSUED),)
        with register.batch():
            register.store_outputs([Output(r.identifier, b"t", b"p") for r in rows])
            seqs = register.commit(
                [row.change(plan) for row in rows],
                [event(row.identifier, EventKind.ISSUED) for row in rows],
            )
        for row, seq in zip(rows, seqs, strict=True):
            now = register.get(row.identifier)
            assert (now.seq, now.plan) == (seq, plan)
            assert register.history(row.identifier)[-1].seq == seq
        assert seqs == tuple(range(6, 11))

    def test_what_was_let_go_is_opened_again(self, register):
        one = reserve(register, 1)
        register.let_go()
        assert register.get(one.identifier).identifier == one.identifier
        with register.batch(), pytest.raises(ValueError, match="batch"):
            register.let_go()
        assert register.count() == 1
        register.let_go()
        register.let_go()
        assert register.count() == 1

    def test_a_forked_process_shares_no_descriptor(self, register):
        reserve(register, 1)
        register.let_go()
        context = multiprocessing.get_context("fork")
        process = context.Process(target=reserve, args=(register, 2))
        process.start()
        process.join(HANG)
        assert process.exitcode == 0
        assert register.count() == 2

    def test_output_is_stored_once(self, register):
        one = reserve(register, 1).identifier
        register.store_output(one, b"token", b"pdf")
        register.store_output(one, b"token", b"pdf")
        for other in ((b"token", b"other"), (b"other", b"pdf")):
            with pytest.raises(ConflictError):
                register.store_output(one, *other)
        row = register.get(one)
        assert (row.token, row.pdf, row.plan) == (b"token", b"pdf", ())

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
        with pytest.raises(ConflictError, match="output"):
            happen(register, event(one, EventKind.ISSUED))
        assert everything(register) == before

    # Changes

    def test_a_commit_returns_the_place_of_its_events(self, register):
        one, two = issue(register, 1), issue(register, 2)
        happened = [
            held(one, until=date(2027, 2, 28)),
            event(two, EventKind.REVOKED, Reason.RESCINDED),
        ]
        seqs = register.commit([change(register, item) for item in happened], happened)
        assert seqs == (5, 6)
        assert (register.get(one).seq, register.get(two).seq) == seqs
        assert register.history(one)[-1] == replace(happened[0], seq=5)
        assert register.history(two)[-1].decision == DECISION
        assert [one.seq for one in register.events_since(4)] == [5, 6]

    def test_a_plan_is_kept_as_it_is(self, register):
        one = issue(register, 1)
        plans = [
            spans(State.ISSUED, State.SUSPENDED, State.ISSUED, State.REVOKED),
            spans(State.REVOKED),
            spans(State.SUSPENDED, State.ISSUED),
            ISSUED_PLAN,
            (Span(AT.replace(year=1), State.ISSUED),),
            (Span(AT.replace(year=1), State.ISSUED), Span(LATER, State.REVOKED)),
            (Span(AT.replace(year=9999), State.ISSUED),),
        ]
        for plan in plans:
            register.commit([register.get(one).change(plan)], [])
            row = register.get(one)
            assert row.plan == plan
            assert row.is_issued
            assert [item.plan for item in register.rows()] == [plan]

    def test_one_stale_row_stops_all(self, register):
        one, two = issue(register, 1), issue(register, 2)
        stale = change(register, cancelled(two))
        revoke(register, two)
        before = everything(register)
        with pytest.raises(ConflictError, match="meanwhile"):
            register.commit([change(register, cancelled(one)), stale], [cancelled(one)])
        assert everything(register) == before

    def test_a_row_can_be_asserted_and_left_as_it_is(self, register):
        one, two = issue(register, 1), issue(register, 2)
        as_read = register.get(two).change(ISSUED_PLAN)
        register.commit([change(register, cancelled(one)), as_read], [cancelled(one)])
        revoke(register, two)
        before = everything(register)
        with pytest.raises(ConflictError):
            register.commit([register.get(one).change(ISSUED_PLAN), as_read], [])
        assert everything(register) == before

    def test_one_unknown_row_stops_all(self, register):
        one = issue(register, 1)
        before = everything(register)
        with pytest.raises(NotFoundError):
            register.commit(
                [change(register, cancelled(one)), Change("1.2.3", 1, ISSUED_PLAN)],
                [],
            )
        assert everything(register) == before

    @pytest.mark.parametrize("make", BAD_COMMITS.values(), ids=BAD_COMMITS)
    def test_a_commit_that_makes_no_sense(self, register, make):
        one = issue(register, 1)
        before = everything(register)
        changes, events = make(one, register.get(one))
        with pytest.raises(ValueError, match=r"."):
            register.commit(changes, events)
        with pytest.raises(ValueError, match=r"."):
            check_commit(changes, events)
        assert everything(register) == before

    def test_a_new_version_follows_the_old(self, register):
        old, new = issue(register, 1), reserve(register, 2).identifier
        register.store_output(new, b"new token", b"new pdf")
        happened = [event(new, EventKind.ISSUED), renewed(old, new)]
        register.commit([change(register, item) for item in happened], happened)
        assert register.get(old).successor == new
        assert state(register, old) is State.SUPERSEDED
        assert register.get(new).previous == old
        assert register.history(old)[-1].successor == new
        number = "JY29901010000018"
        assert [item.identifier for item in register.named(number)] == [old, new]

    def test_what_a_number_names_is_what_its_rows_say(self, register):
        old, new = issue(register, 1), issue(register, 2)
        happen(register, renewed(old, new))
        reserved = reserve(register, 3).identifier
        found = register.named("JY29901010000018")
        assert [item.identifier for item in found] == [old, new, reserved]
        for item in found:
            row = register.get(item.identifier)
            assert (item.key, item.plan, item.successor) == (
                row.key,
                row.plan,
                row.successor,
            )
        assert found[2].plan == ()

    def test_what_is_in_force_is_what_the_plans_say(self, register):
        number = "JY29901010000018"
        made = [issue(register, n) for n in range(6)]
        other = replace(request("other"), number="JY29901010000026")
        another = register.reserve(other, build).identifier
        register.store_output(another, b"token", b"pdf")
        happen(register, event(another, EventKind.ISSUED))
        reserve(register, "reserved")
        days = [AT + timedelta(days=day) for day in range(-1, 5)]
        happen(register, cancelled(made[1], effective_at=days[3]))
        happen(register, held(made[2], effective_at=days[2]))
        happen(register, renewed(made[3], made[4], effective_at=days[4]))
        happen(register, cancelled(made[5], effective_at=days[0]))
        seen = set()
        for at in days:
            found = register.in_force(number, at, 99)
            assert found == tuple(
                item.identifier
                for item in register.named(number)
                if lifecycle.state_at(item.plan, at) in (State.ISSUED, State.SUSPENDED)
            ), at
            assert register.in_force(number, at, 2) == found[:2]
            seen.add(found)
        assert len(seen) == 4
        assert register.in_force("JY0", AT, 1) == ()
        assert register.in_force(other.number, AT, 9) == (another,)
        with pytest.raises(ValueError, match="from one"):
            register.in_force(number, AT, 0)

    def test_what_cannot_be_written_as_text_names_nothing(self, register):
        issue(register, 1)
        before = everything(register)
        half = "JY2990101000001\udcff"
        for call in (register.get, register.history):
            with pytest.raises(NotFoundError):
                call(half)
        assert register.named(half) == ()
        assert register.in_force(half, AT, 1) == ()
        assert register.by_key(replace(request(1).key, number=half)) is None
        assert everything(register) == before

    def test_a_successor_exists(self, register):
        one = issue(register, 1)
        before = everything(register)
        for successor in ("1.2.3", one):
            with pytest.raises(NotFoundError):
                happen(register, renewed(one, successor))
        assert everything(register) == before

    def test_a_successor_follows_one_license(self, register):
        one, two, new = (issue(register, number) for number in range(3))
        happen(register, renewed(one, new))
        before = everything(register)
        with pytest.raises(ConflictError, match="supersedes another"):
            happen(register, renewed(two, new))
        assert everything(register) == before

    def test_two_renewals_at_once(self, register):
        old, first, second = (issue(register, number) for number in range(3))
        happen(register, renewed(old, first, effective_at=LATER))
        before = everything(register)
        with pytest.raises(ConflictError, match="another successor"):
            happen(register, renewed(old, second, effective_at=LATER))
        assert everything(register) == before

    def test_a_successor_is_kept_or_dropped(self, register):
        old, first, second = (issue(register, number) for number in range(3))
        happen(register, renewed(old, first, effective_at=LATER))
        happen(register, held(old, until=date(2026, 12, 1)))
        assert register.get(old).successor == first
        restored = event(old, EventKind.REINSTATED, Reason.RESTORED)
        given_back = register.get(old).change(ISSUED_PLAN, drop_successor=True)
        register.commit([given_back], [restored])
        assert register.get(old).successor is None
        assert register.get(first).previous is None
        happen(register, renewed(old, second, effective_at=LATER))
        assert register.get(old).successor == second
        with pytest.raises(ValueError, match="given or dropped"):
            register.get(old).change(ISSUED_PLAN, successor=first, drop_successor=True)

    def test_an_early_renewal_is_in_the_list_on_its_day(self, register):
        old, new = issue(register, 1), issue(register, 2)
        happen(register, renewed(old, new, effective_at=LATER))
        second = timedelta(seconds=1)
        assert state(register, old, LATER - second) is State.ISSUED
        assert statuses(register, LIST, LATER - second) == []
        assert statuses(register, LIST, LATER) == [
            (index(register, old), State.SUPERSEDED)
        ]
        assert register.next_change(ISSUER, LIST, AT) == LATER
        assert register.next_change(ISSUER, LIST, LATER) is None

    def test_one_of_many_threads_wins(self, register, opener):
        one = issue(register, 1)
        gate = threading.Barrier(6)
        outcomes: list[str] = []

        def attempt() -> None:
            with closing(opener()) as own:
                as_read = change(own, cancelled(one))
                gate.wait()
                try:
                    own.commit([as_read], [cancelled(one)])
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
                assert everything(register) == NOTHING
            else:
                kinds = [one.kind.value for one in register.history(row.identifier)]
                assert (row.plan, row.token, kinds) == KILLED[step]
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
                history = register.history(row.identifier)
                assert history[-1].kind.value == row.state_at(AT)
                assert row.plan == lifecycle.plan(history)
                assert (row.token is None) == (row.pdf is None)
                assert row.token is not None or not row.is_issued
            serials = sorted(row.allocation.serial for row in everything(register)[1])
            assert serials == [f"2026{n + 1:07d}" for n in range(len(serials))]

    # Batches

    def test_a_batch_is_one_transaction(self, register, opener):
        with closing(opener()) as other:
            with register.batch():
                one = issue(register, 1)
                assert register.get(one).is_issued
                assert other.count() == 0
            assert other.get(one).is_issued

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
            stale = replace(change(register, cancelled(one)), seq=1)
            with pytest.raises(ConflictError):
                register.commit(
                    [change(register, cancelled(two)), stale], [cancelled(two)]
                )
            with pytest.raises(AssertionError):
                register.reserve(request(3), never)
            three = reserve(register, 3)
        assert state(register, two) is State.ISSUED
        assert three.allocation.serial == "20260000003"
        assert len(register.history(two)) == 2
        assert register.count() == 3

    def test_what_a_batch_refuses(self, register):
        with register.batch():
            with pytest.raises(ValueError, match="batch"):
                register.take_number("bundle")
            with pytest.raises(ValueError, match="batch"):
                register.offer([request("in a batch")])
            with pytest.raises(ValueError, match="batch"), register.batch():
                pass
            with pytest.raises(ValueError, match="batch"):
                register.adopt([])
            reserve(register, 1)
        assert register.count() == 1
        assert register.take_number("bundle") == 1

    # Reading

    def test_what_is_not_there(self, register):
        assert everything(register) == NOTHING
        for call in (register.get, register.history):
            with pytest.raises(NotFoundError):
                call("1.2.3")
        assert register.named("JY0") == ()
        assert register.by_key(request(1).key) is None
        assert statuses(register, LIST) == []
        assert register.next_change(ISSUER, LIST, AT) is None
        assert list(register.rows()) == []
        assert register.publication_at(AT) is None
        for ask in (register.at(AT).valid, register.at(AT).known):
            with pytest.raises(NotFoundError):
                ask("1.2.3")

    def test_statuses_by_index(self, register):
        plain, revoked, lapsing = (issue(register, number) for number in range(3))
        reserve(register, "only reserved")
        elsewhere = issue(register, "elsewhere", list_id=7)
        revoke(register, revoked)
        happen(register, held(lapsing, until=date(2027, 1, 1)))
        over = datetime(2027, 1, 1, 16, tzinfo=UTC)
        places = {one: index(register, one) for one in (plain, revoked, lapsing)}
        ended = (places[revoked], State.REVOKED)
        both = sorted([ended, (places[lapsing], State.SUSPENDED)])
        assert statuses(register, LIST) == both
        assert statuses(register, LIST, over - timedelta(seconds=1)) == both
        assert statuses(register, LIST, over) == [ended]
        assert statuses(register, LIST, AT - timedelta(seconds=1)) == []
        assert statuses(register, 7) == []
        assert list(register.statuses(OTHER_ISSUER, LIST, AT)) == []
        assert register.next_change(ISSUER, LIST, AT) == over
        assert register.next_change(ISSUER, LIST, over) is None
        assert register.next_change(OTHER_ISSUER, LIST, AT) is None
        assert register.next_change(ISSUER, 7, AT) is None
        assert register.lists() == ((ISSUER, 7), (ISSUER, LIST))
        assert register.get(elsewhere).is_issued

    def test_what_was_issued_is_counted_by_operation(self, register):
        for number, operation in enumerate(("issue", "import", "import", "renew")):
            key = replace(request(number).key, operation=operation)
            issue(register, number, key=key)
        reserve(register, "only reserved")
        assert register.counts() == {"import": 2, "issue": 1, "renew": 1}
        assert register.count() == 5

    def test_rows_come_oldest_first_and_page_by_page(self, register):
        with register.batch():
            made = [reserve(register, number).identifier for number in range(120)]
        stream = register.rows()
        assert next(stream).identifier == made[0]
        late = reserve(register, "late").identifier
        assert [row.identifier for row in stream] == [*made[1:], late]

    def test_tokens_of_what_was_issued_come_in_the_order_of_issue(self, register):
        def stored(identifier):
            return register.get(identifier).token

        with register.batch():
            slow = reserve(register, "reserved first").identifier
            register.store_output(slow, b"slow", b"%PDF-")
            made = [issue(register, number) for number in range(3)]
        reserve(register, "only reserved")
        revoke(register, made[1])
        stream = register.issued()
        first, token = next(stream)
        assert token == stored(made[0])
        late = issue(register, "late")
        rest = [*stream]
        assert [token for _, token in rest] == [*map(stored, (*made[1:], late))]
        last = rest[-1][0]
        assert [*register.issued(last)] == []
        # What was reserved before all of them comes after all that was given.
        happen(register, event(slow, EventKind.ISSUED))
        revoke(register, slow)
        ((newest, token),) = register.issued(last)
        assert (token, newest > last) == (b"slow", True)
        everything = [*register.issued()]
        assert [seq for seq, _ in everything] == sorted({seq for seq, _ in everything})
        assert everything[0] == (first, stored(made[0]))
        counts = [register.issued_until(seq) for seq in (0, first - 1, first, newest)]
        assert counts == [0, 0, 1, 5]
        assert register.issued_until(newest + 9) == 5

    def test_tokens_of_another_register_come_with_their_adoption(
        self, register, another
    ):
        issue(another, 1)
        waiting = reserve(another, 2).identifier
        another.store_output(waiting, b"slow", b"%PDF-")
        register.adopt(exported(another))
        ((before, token),) = register.issued()
        assert token == b"token"
        happen(another, event(waiting, EventKind.ISSUED))
        issue(another, 3)
        register.adopt(exported(another))
        after = [token for _, token in register.issued(before)]
        assert after == [b"slow", b"token"]
        assert register.issued_until(before) == 1

    def test_a_mark_of_a_snapshot_is_kept_and_replaced(self, register, opener):
        one, two = bytes(32), bytes([1] * 32)
        assert register.mark(one) is None
        register.keep_mark(SnapshotMark(one, 0, 0))
        register.keep_mark(SnapshotMark(two, 9, 4))
        register.keep_mark(SnapshotMark(one, 8, 3))
        with closing(opener()) as again:
            assert again.mark(one) == SnapshotMark(one, 8, 3)
            assert again.mark(two) == SnapshotMark(two, 9, 4)
        for values in ((bytes(31), 2, 1), (one, 1, 2), (one, -1, -1)):
            with pytest.raises(ValueError, match=r"digest|event"):
                SnapshotMark(*values)

    def test_events_come_in_order_while_others_write(self, register):
        assert register.last_event() == 0
        issue(register, 1)
        assert register.last_event() == 2
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
            assert other.take_number("bundle", after=2) == 5
            assert other.take_number("bundle", after=9) == 10
        assert register.take_number("bundle", after=10) == 11
        assert register.take_number("taken over", after=41) == 42
        for wrong in (-1, LIST_ID_MAX):
            with pytest.raises(ValueError, match="between"):
                register.take_number("bundle", after=wrong)
        assert register.take_number("bundle") == 12

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

    def test_the_publication_of_a_day(self, register):
        day = timedelta(days=1)
        one, two, three = (
            Publication(number, AT + number * day, 0, b"bundle") for number in (1, 2, 3)
        )
        for made in (one, two, three):
            register.store_publication(made)
        second = timedelta(seconds=1)
        assert register.publication_at(one.at - second) is None
        assert register.publication_at(one.at) == one
        assert register.publication_at(two.at - second) == one
        assert register.publication_at(two.at) == two
        assert register.publication_at(AT + 90 * day) == three

    # Taking over

    @pytest.fixture
    def another(self, another_opener):
        with closing(another_opener()) as another:
            yield another

    def _two_versions(self, register) -> tuple[str, str]:
        old, new = issue(register, 1), issue(register, 2)
        third = issue(register, 3)
        happen(register, renewed(old, new, effective_at=LATER))
        happen(register, held(third, until=date(2026, 12, 24)))
        happen(register, cancelled(old))
        return old, new

    def test_licenses_of_another_organ_are_taken_over(self, register, another):
        old, new = self._two_versions(another)
        own = replace(request("own").key, issuer=OTHER_ISSUER)
        register.reserve(request("own", key=own), lambda _: ("1.2.3", b""))
        assert register.adopt(exported(another)) == 3
        for row in another.rows():
            taken = register.get(row.identifier)
            assert replace(taken, seq=row.seq) == row
        assert (register.get(old).successor, register.get(new).previous) == (new, old)
        stream = [replace(one, seq=None) for one in register.events_since(0)]
        theirs = [replace(one, seq=None) for one in another.events_since(0)]
        assert stream[1:] == theirs
        assert [one.seq for one in register.events_since(0)] == list(
            range(1, len(stream) + 1)
        )
        for instant in (AT, LATER):
            assert statuses(register, LIST, instant) == statuses(another, LIST, instant)
        assert register.next_change(ISSUER, LIST, AT) == another.next_change(
            ISSUER, LIST, AT
        )
        assert register.lists() == ((OTHER_ISSUER, LIST), (ISSUER, LIST))

    def test_taking_over_again_changes_nothing(self, register, another):
        _, new = self._two_versions(another)
        entries = exported(another)
        assert register.adopt(entries) == 3
        revoke(register, new)
        before = everything(register)
        assert register.adopt(entries) == 0
        assert everything(register) == before

    def test_what_came_later_is_taken_over_beside_it(self, register, another):
        self._two_versions(another)
        register.adopt(exported(another))
        issue(another, "later")
        assert register.adopt(exported(another)) == 1
        assert register.count() == 4

    def test_numbers_carry_on_where_the_other_organ_stopped(self, register, another):
        self._two_versions(another)
        register.adopt(exported(another))
        assert reserve(register, "next").allocation.serial == "20260000004"
        assert index(register, issue(register, "after")) not in {
            row.allocation.index for row in another.rows()
        }

    def test_a_license_that_moved_on_there_is_carried_on(self, register, another):
        _, new = self._two_versions(another)
        register.adopt(exported(another))
        revoke(another, new)
        newest = issue(another, "newest")
        third = issue(another, "third")
        happen(another, renewed(newest, third, effective_at=LATER))
        assert register.adopt(exported(another)) == 2
        for row in another.rows():
            taken = register.get(row.identifier)
            assert replace(taken, seq=row.seq) == row
            ours, theirs = (
                [replace(one, seq=None) for one in each.history(row.identifier)]
                for each in (register, another)
            )
            assert ours == theirs
        for instant in (AT, LATER):
            assert statuses(register, LIST, instant) == statuses(another, LIST, instant)
        before = everything(register)
        assert register.adopt(exported(another)) == 0
        assert everything(register) == before

    def test_a_license_that_was_superseded_there_since_is_carried_on(
        self, register, another
    ):
        old = issue(another, 1)
        register.adopt(exported(another))
        new = issue(another, 2)
        happen(another, renewed(old, new, effective_at=LATER))
        with pytest.raises(ValueError, match="twice"):
            register.adopt([*exported(another), exported(another)[0]])
        assert register.get(old).successor is None
        assert register.adopt(exported(another)) == 1
        assert register.get(old).successor == new

    def test_a_license_that_moved_on_here_and_there_is_a_conflict(
        self, register, another
    ):
        _, new = self._two_versions(another)
        register.adopt(exported(another))
        revoke(another, new)
        happen(register, held(new, until=date(2026, 12, 24)))
        before = everything(register)
        with pytest.raises(ConflictError):
            register.adopt(exported(another))
        assert everything(register) == before

    @pytest.mark.parametrize("make", TAKEN.values(), ids=TAKEN)
    def test_what_is_taken_stops_all(self, register, another, make):
        own = replace(request("own").key, issuer=OTHER_ISSUER)
        made = register.reserve(request("own", key=own), lambda _: ("1.2.3", b""))
        register.store_output(made.identifier, b"token", b"pdf")
        issue(another, "theirs")
        clash = make(register.get("1.2.3"), *exported(another)[0])
        before = everything(register)
        with pytest.raises(ConflictError):
            register.adopt([clash])
        assert everything(register) == before

    @pytest.mark.parametrize("make", BAD_ENTRIES.values(), ids=BAD_ENTRIES)
    def test_an_entry_that_makes_no_sense(self, register, another, make):
        self._two_versions(another)
        good, *rest = exported(another)
        before = everything(register)
        with pytest.raises(ValueError, match=r"."):
            register.adopt([*rest, make(*good)])
        with pytest.raises(ValueError, match=r"."):
            check_adopted(make(*good))
        assert everything(register) == before

    def test_a_license_stands_once_among_the_entries(self, register, another):
        self._two_versions(another)
        before = everything(register)
        with pytest.raises(ValueError, match="twice"):
            register.adopt([*exported(another), *exported(another)])
        assert everything(register) == before

    def test_a_version_without_its_successor_is_not_taken_over(self, register, another):
        self._two_versions(another)
        old, _, third = exported(another)
        with pytest.raises(NotFoundError):
            register.adopt([third, old])
        assert everything(register) == NOTHING
        assert reserve(register, 1).allocation.serial == "20260000001"

    # As of

    def test_twelve_instants(self, register):
        first = grant(register, 1, Granted(date(2026, 1, 10)), noon(1, 10))
        decision = replace(DECISION, date=date(2026, 1, 1))
        changed = Granted(date(2026, 2, 1))
        second = grant(register, 2, changed, noon(2, 1))
        changing.supersede(
            register, first, second, Grounds(reason=Reason.CHANGED), noon(2, 1)
        )
        third = grant(register, 3, Granted(date(2026, 7, 1)), noon(2, 15))
        renewal = Grounds(reason=Reason.RENEWED)
        changing.supersede(register, second, third, renewal, noon(2, 15))
        hold = Grounds(
            reason=Reason.HELD,
            decision=replace(decision, effective_at=midnight(3, 1)),
            until=date(2026, 3, 31),
        )
        changing.suspend(register, second, hold, noon(2, 25))
        release = Grounds(
            reason=Reason.RELEASED,
            decision=replace(decision, effective_at=midnight(3, 20)),
        )
        changing.reinstate(register, second, release, noon(3, 25))
        forfeit = Grounds(
            reason=Reason.FORFEITED,
            decision=replace(decision, effective_at=midnight(6, 1)),
        )
        changing.revoke(register, second, forfeit, noon(5, 10))
        for at, valid, known in TWELVE_INSTANTS.values():
            as_of = register.at(at)
            found = [as_of.valid(one).code for one in (first, second, third)]
            told = [as_of.known(one).code for one in (first, second, third)]
            assert (found, told) == (codes(valid), codes(known)), at
        assert register.at(noon(2, 2)).valid(first).successor == second
        assert register.at(noon(2, 2)).known(first).successor == second
        assert register.at(noon(8, 1)).valid(third).event.reason is Reason.FORFEITED

    def test_any_instant_has_an_answer(self, register):
        one = grant(register, 1, Granted(date(2026, 1, 10)), noon(1, 10))
        first = datetime(1, 1, 1, tzinfo=UTC)
        last = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
        for at, code in ((first, None), (last, Code.VALID)):
            for ask in (register.at(at).valid, register.at(at).known):
                assert ask(one).code is code
        with pytest.raises(ValueError, match="time zone"):
            register.at(datetime(2026, 1, 10))  # noqa: DTZ001  naive on purpose

    def test_a_paper_license_was_valid_before_it_was_known(self, register):
        paper = Granted(date(2019, 5, 1), date(2029, 4, 30))
        since = dates.start_of(paper.first)
        one = grant(register, 1, paper, AT, effective_at=since)
        assert register.at(since).valid(one).code is Code.VALID
        assert register.at(since - SECOND).valid(one).code is None
        assert register.at(since).known(one).code is None
        assert register.at(AT).known(one).code is Code.VALID

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
            st.tuples(st.sampled_from(Reason), st.integers(-9, 9)),
            max_size=10,
        )
    )
    def test_any_events_leave_what_the_table_says(self, register, asked):
        one = issue(register, next(self.numbers))
        kinds = ["RESERVED", "ISSUED"]
        for why, day in asked:
            values = {"effective_at": AT + timedelta(days=day)}
            if why.kind is EventKind.SUPERSEDED:
                if register.get(one).successor is not None:
                    continue
                values["successor"] = issue(register, next(self.numbers))
            happened = event(one, why.kind, why, **values)
            row, history = register.get(one), register.history(one)
            try:
                plan = lifecycle.step(history, happened)
            except IllegalTransitionError:
                assert (register.get(one), register.history(one)) == (row, history)
                continue
            made = row.change(plan, successor=happened.successor)
            with pytest.raises(ConflictError):
                register.commit([replace(made, seq=row.seq + 1)], [happened])
            register.commit([made], [happened])
            kinds.append(why.kind.value)
            assert register.get(one).plan == plan
        assert [item.kind.value for item in register.history(one)] == kinds
        self._check_agreement(register, one)

    def _check_agreement(self, register, one: str) -> None:
        """Check that row, history and status list say the same on every day."""
        row, history = register.get(one), register.history(one)
        assert row.plan == lifecycle.plan(history)
        assert history[-1].seq == row.seq
        for day in range(-9, 10):
            instant = AT + timedelta(days=day)
            listed = dict(statuses(register, LIST, instant))
            now = row.state_at(instant)
            in_force = now in (State.RESERVED, State.ISSUED)
            found = listed.get(row.allocation.index)
            assert found is (None if in_force else now)
