"""What the register keeps of seals that somebody else is asked for."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from elicense import lifecycle
from elicense.errors import ConflictError, NotFoundError
from elicense.events import EventKind
from elicense.lifecycle import State
from elicense.register import Output, SealOrder
from elicense.register.sqlite import SqliteRegister
from tests.elicense.register_contract import AT, event, happen, issue, reserve


@pytest.fixture
def path(tmp_path):
    return tmp_path / "register.db"


@pytest.fixture
def register(path):
    with SqliteRegister.create(path) as made:
        yield made


def order_of(reserved, **changes):
    made = SealOrder(
        identifier=reserved.identifier,
        request_id="0" * 32,
        token=b"token",
        pdf=b"pdf",
        grounds="{}",
    )
    return replace(made, **changes)


def asked(identifier):
    return event(identifier, EventKind.SEAL_REQUESTED)


@pytest.fixture
def ordered(register):
    """Return a row that awaits its seal."""
    reserved = reserve(register, 1)
    order = order_of(reserved)
    assert register.order_seal(order, asked(reserved.identifier)) == order
    return register.get(reserved.identifier)


def test_an_ordered_license_awaits_its_seal(register, ordered, path):
    reserve(register, 2)
    name = ordered.identifier
    assert (ordered.is_issued, ordered.is_ordered) == (False, True)
    assert ordered.state_at(AT) is State.AWAITING_SEAL
    assert register.awaiting_seal() == (name,)
    assert register.ordered_seals() == {"0" * 32: name}
    kinds = [one.kind for one in register.history(name)]
    assert kinds == [EventKind.RESERVED, EventKind.SEAL_REQUESTED]
    assert [row.is_ordered for row in register.rows()] == [True, False]
    with SqliteRegister.open(path) as again:
        assert again.seal_order(name) == register.seal_order(name)


def test_the_first_order_counts(register, ordered):
    name = ordered.identifier
    other = order_of(ordered, request_id="1" * 32, pdf=b"other")
    assert register.order_seal(other, asked(name)).request_id == "0" * 32
    assert len(register.history(name)) == 2


def test_it_is_sent_for_the_first_time_once(register, ordered):
    name = ordered.identifier
    assert register.mark_sent(name, AT)
    assert not register.mark_sent(name, AT + timedelta(hours=1))
    register.note_task(name, "T1")
    found = register.seal_order(name)
    assert (found.sent_at, found.task) == (AT, "T1")


def test_bytes_are_let_go_once_it_is_issued(register, ordered):
    name = ordered.identifier
    register.finish_order(name)
    assert register.seal_order(name).pdf == b"pdf"
    register.store_outputs([Output(name, b"token", b"sealed")])
    happen(register, event(name, EventKind.ISSUED))
    register.finish_order(name)
    assert register.seal_order(name).pdf is None
    assert register.awaiting_seal() == ()
    assert register.ordered_seals() == {"0" * 32: name}
    assert register.get(name).state_at(AT) is State.ISSUED


def test_what_is_not_there_is_not_found(register):
    reserved = reserve(register, 1)
    assert register.seal_order(reserved.identifier) is None
    assert register.seal_order("none") is None
    for attempt in (
        lambda: register.mark_sent(reserved.identifier, AT),
        lambda: register.note_task(reserved.identifier, "T"),
        lambda: register.order_seal(
            order_of(reserved, identifier="none"), asked("none")
        ),
    ):
        with pytest.raises(NotFoundError):
            attempt()


def test_what_has_its_output_is_not_ordered(register):
    reserved = reserve(register, 1)
    register.store_output(reserved.identifier, b"token", b"pdf")
    with pytest.raises(ConflictError):
        register.order_seal(order_of(reserved), asked(reserved.identifier))
    assert len(register.history(reserved.identifier)) == 1


WRONG = {
    "without bytes": ({"pdf": None}, {}),
    "sent already": ({"sent_at": AT}, {}),
    "with a task": ({"task": "T"}, {}),
    "with another event": ({}, {"kind": EventKind.ISSUED}),
    "with an event of another license": ({}, {"identifier": "other"}),
    "with an event that was recorded": ({}, {"seq": 1}),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_order_that_is_none_is_refused(register, name):
    reserved = reserve(register, 1)
    of_order, of_event = WRONG[name]
    with pytest.raises(ValueError, match="order"):
        register.order_seal(
            order_of(reserved, **of_order),
            replace(asked(reserved.identifier), **of_event),
        )
    assert register.ordered_seals() == {}


def test_a_commit_does_not_record_that_a_seal_is_asked_for(register, ordered):
    row = register.get(ordered.identifier)
    register.store_output(row.identifier, b"token", b"sealed")
    issue = row.change(lifecycle.plan([event(row.identifier, EventKind.ISSUED)]))
    with pytest.raises(ValueError, match="never RESERVED"):
        register.commit([issue], [asked(row.identifier)])


@pytest.mark.parametrize("version", [2, 3])
def test_a_register_of_a_version_before_is_brought_up_to_date(path, version):
    with SqliteRegister.create(path) as made:
        reserved = reserve(made, 1)
        issued = issue(made, 2)
    with closing(sqlite3.connect(path)) as raw:
        if version == 2:
            raw.execute("DROP TABLE seal_order")
        raw.execute("DROP TABLE snapshot_mark")
        raw.execute("DROP INDEX event_issued")
        raw.execute(f"PRAGMA user_version = {version}")
        raw.commit()
    for _ in range(2):
        with SqliteRegister.open(path) as register:
            assert not register.get(reserved.identifier).is_ordered
            assert register.awaiting_seal() == ()
            assert register.get(issued).token == b"token"
            ((seq, token),) = register.issued()
            assert (token, register.issued_until(seq)) == (b"token", 1)
            assert register.mark(bytes(32)) is None
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (4,)
