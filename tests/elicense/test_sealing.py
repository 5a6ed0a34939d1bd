"""Seals of many departments: their life, who may use which, and what the log keeps."""

import multiprocessing
import os
import signal
import sqlite3
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense.errors import (
    CatalogError,
    ConflictError,
    IllegalTransitionError,
    MalformedCodeError,
    NotFoundError,
    RegisterError,
)
from elicense.files import FileError
from elicense.sealing import (
    NOBODY,
    Actors,
    Allowed,
    Refusal,
    Refused,
    Scenario,
    SealDesk,
    SealEventError,
    SealEventKind,
    SealIdError,
    SealPolicy,
    SealReason,
    SealRefusedError,
    SealState,
    SealStore,
    UseLine,
    coverage,
    decide,
    read_policy,
)
from elicense.sealing.life import TABLE, recorded_state, step, table_markdown
from elicense.sealing.policy import Grant
from tests.elicense.seal_world import (
    ENABLED,
    END,
    FOOD,
    NOON,
    T0,
    TRADE,
    code,
    event,
    later,
    life,
    seal,
    use,
)
from tests.support import ROOT

TYPES = (FOOD, TRADE)


@pytest.fixture
def store(tmp_path):
    with SealStore.open(tmp_path / "seals.db") as opened:
        yield opened


# Life


def test_the_table_of_the_docs_is_the_table():
    page = (ROOT / "docs/formats/seals.md").read_text(encoding="utf-8")
    assert table_markdown() in page


WAYS = {
    None: (),
    SealState.REQUESTED: ENABLED[:1],
    SealState.MADE: ENABLED[:2],
    SealState.FILED: ENABLED[:3],
    SealState.ENABLED: ENABLED,
    SealState.DISABLED: (*ENABLED, "disable"),
    SealState.REVOKED: (*ENABLED, "revoke"),
}
WHY = {"disable": SealReason.HELD, "revoke": SealReason.REPLACED}


def happened(*kinds):
    return [event(kind, reason=WHY.get(kind, SealReason.NONE)) for kind in kinds]


@pytest.mark.parametrize(("state", "kind"), list(product(WAYS, SealEventKind)))
def test_every_state_meets_every_event(state, kind, store):
    history = happened(*WAYS[state])
    assert recorded_state(history) is state
    (new,) = happened(kind)
    if (state, kind) == (SealState.REVOKED, "revoke"):
        with pytest.raises(IllegalTransitionError):
            step(history, new)
        new = replace(new, reason=SealReason.COMPROMISED)
        with pytest.raises(IllegalTransitionError):
            step([*history, new], new)
    found = TABLE.get((state, kind))
    if found is not None:
        assert step(history, new) is found
        return
    with pytest.raises(IllegalTransitionError):
        step(history, new)
    if state is None:
        with pytest.raises(IllegalTransitionError):
            store.add(seal(1), [new])
        assert store.seals() == ()
        return
    kept = store.add(seal(1), history)
    with pytest.raises(IllegalTransitionError):
        store.record(kept.id, [new])
    assert store.get(kept.id) == kept


def test_a_seal_over_time(store):
    kept = store.add(seal(1), life("request"))
    assert kept.state_at(T0 - timedelta(seconds=1)) is None
    store.record(kept.id, life("make", "file"))
    store.record(kept.id, [event("enable", later(1), recorded=NOON)])
    held = event("disable", later(10), recorded=later(9), reason=SealReason.HELD)
    found = store.record(kept.id, [held])
    for at, state in (
        (T0, SealState.FILED),
        (later(1), SealState.ENABLED),
        (later(10), SealState.DISABLED),
        (END, SealState.DISABLED),
        (END + timedelta(seconds=1), SealState.EXPIRED),
    ):
        assert found.state_at(at) is state
    assert found.withdrawn is None
    with pytest.raises(IllegalTransitionError):
        store.record(kept.id, [event("enable", later(2), recorded=later(11))])
    stolen = event(
        "revoke", later(5), recorded=later(12), reason=SealReason.COMPROMISED
    )
    found = store.record(kept.id, [stolen])
    assert found.state_at(later(4)) is SealState.ENABLED
    assert found.state_at(later(5)) is SealState.REVOKED
    assert found.state_at(END + timedelta(days=1)) is SealState.REVOKED
    assert (found.withdrawn.at, found.withdrawn.compromised) == (later(5), True)
    assert [one.text.zh for one in SealState][-1] == "已过期"


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": SealReason.HELD},
        {"kind": "revoke"},
        {"kind": "disable", "reason": SealReason.COMPROMISED},
        {"note": "x" * 201},
        {"note": "a\nb"},
        {"note": "11010519491231002X"},
    ],
)
def test_events_that_are_not_in_their_form(wrong):
    with pytest.raises(SealEventError):
        event(**({"kind": "enable"} | wrong))


def test_ids_and_instants():
    with pytest.raises(SealIdError):
        event("enable", by="张三")
    with pytest.raises(SealIdError) as caught:
        Actors(operator="11010519491231002X")
    assert "1949" not in str(caught.value)
    with pytest.raises(ValueError, match="aware"):
        event("enable", datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware"):
        use(1, at=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(MalformedCodeError):
        seal(1, owner="123456789012345678")
    with pytest.raises(ValueError, match="name"):
        seal(1, name="")


# The store


def test_what_is_stored_is_read_again(tmp_path):
    path = tmp_path / "seals.db"
    made = seal(1, content=b"\x30\x00", signers=(bytes(32),), is_test=True)
    with SealStore.open(path) as store:
        kept = store.add(made, life(*ENABLED))
        store.add(seal(2, valid_until=None), life("request"))
        with pytest.raises(ConflictError):
            store.add(made, life("request"))
        with pytest.raises(NotFoundError):
            store.get("nobody")
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.glob(".new-*")) == []
    with SealStore.open(path) as store:
        assert store.get(kept.id) == kept == replace(made, history=kept.history)
        assert [one.id for one in store.seals()] == ["99010000000001", "99010000000002"]
        assert store.seals(code(1)) == (kept,)
        assert store.seals(code(3)) == ()


def test_nothing_of_it_is_changed_or_removed(store, tmp_path):
    store.add(seal(1), life(*ENABLED))
    desk(store).authorize(use(1))
    desk(store).authorize(use(9))
    with sqlite3.connect(tmp_path / "seals.db") as raw:
        for statement in (
            "DELETE FROM seal",
            "DELETE FROM event",
            "DELETE FROM use",
            "UPDATE event SET by = 'x'",
            "UPDATE seal SET owner = 'x'",
            "UPDATE use SET operator = 'x'",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                raw.execute(statement)
    raw.close()


def test_another_kind_of_file_and_a_damaged_row(tmp_path):
    path = tmp_path / "seals.db"
    path.write_bytes(b"no database")
    with pytest.raises(RegisterError):
        SealStore.open(path)
    path.unlink()
    with SealStore.open(path) as store:
        store.add(seal(1), life("request"))
        for wrong in ("form = 'wax'", "form = 'SES', signers = 'x'"):
            with sqlite3.connect(path) as raw:
                raw.execute("DROP TRIGGER IF EXISTS seal_update")
                raw.execute("PRAGMA ignore_check_constraints = ON")
                raw.execute(f"UPDATE seal SET {wrong}")  # noqa: S608
            raw.close()
            with pytest.raises(RegisterError):
                store.seals()
    with pytest.raises((FileError, RegisterError)):
        SealStore.open(tmp_path / "no" / "seals.db")


def test_two_makers_of_the_file_at_once(tmp_path):
    context = multiprocessing.get_context("fork")
    path = tmp_path / "seals.db"
    processes = [context.Process(target=_add_one, args=(path, n)) for n in range(1, 5)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    with SealStore.open(path) as store:
        assert len(store.seals()) == 4


def _add_one(path, n):
    with SealStore.open(path) as store:
        store.add(seal(n), life(*ENABLED))


def test_a_process_that_is_killed_loses_nothing_that_was_answered(tmp_path):
    path = tmp_path / "seals.db"
    with SealStore.open(path) as store:
        store.add(seal(1), life(*ENABLED))
    read, write = os.pipe()
    child = os.fork()
    if not child:
        _log_until_killed(path, write)
    told = int(os.read(read, 64).split()[0])
    while told < 20:
        told = int(os.read(read, 4096).split()[-1])
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with SealStore.open(path) as store:
        lines = store.log()
    assert len(lines) >= 20
    assert [one.number for one in lines] == list(range(1, len(lines) + 1))


def _log_until_killed(path: Path, write: int) -> None:
    with SealStore.open(path) as store:
        asked = desk(store)
        for n in range(1, 100_000):
            allowed = asked.require(use(1))
            asked.log_uses([(allowed, f"license-{n}")])
            os.write(write, b"%d\n" % n)
    os._exit(0)


# The policy


def grant(n, **changes):
    given = {
        "name": f"grant-{n}",
        "seal": f"9901{n:010d}",
        "types": frozenset({FOOD}),
        "scenarios": frozenset({Scenario.ISSUE}),
        "operators": frozenset({f"clerk-{n}"}),
        "approvers": frozenset({f"chief-{n}", f"deputy-{n}"}),
        "first": date(2026, 1, 1),
        "last": date(2026, 12, 31),
    }
    return Grant(**(given | changes))


def desk(store, departments=1, **changes):
    policy = SealPolicy(tuple(grant(n) for n in range(1, departments + 1)))
    return SealDesk(store, changes.pop("policy", policy), own="own", **changes)


REFUSALS = {
    Refusal.UNKNOWN_SEAL: {"seal": "99990000000000"},
    Refusal.OTHER_OWNER: {"seal": "99010000000002"},
    Refusal.NOT_ENABLED: {"seal": "99010000000900", "organization": code(1)},
    Refusal.NOT_YET_VALID: {"seal": "99010000000901", "organization": code(1)},
    Refusal.EXPIRED: {"at": END + timedelta(days=1)},
    Refusal.NO_GRANT: {"type_name": TRADE},
    Refusal.OPERATOR: {"operator": "clerk-2"},
    Refusal.PERIOD: {"at": later(365)},
    Refusal.NO_APPROVER: {"approver": ""},
    Refusal.SAME_PERSON: {"approver": "clerk-1"},
    Refusal.APPROVER: {"approver": "chief-2"},
}


def test_275_departments_seals_in_one_register(store):
    """No use of another's seal, outside the grant, or without the second approver."""
    for n in range(1, 276):
        store.add(seal(n), life(*ENABLED))
    store.add(seal(1, "99010000000900"), life("request", "make", "file"))
    store.add(seal(1, "99010000000901", valid_from=later(1)), life(*ENABLED))
    asked = desk(store, 275)
    assert set(REFUSALS) == set(Refusal)
    for n in range(1, 276):
        answer = asked.authorize(use(n))
        assert isinstance(answer, Allowed)
        assert answer.rule == f"grant-{n}"
        other = asked.authorize(use(n, seal=f"9901{n % 275 + 1:010d}"))
        assert other.reason is Refusal.OTHER_OWNER
        asked.log_uses([(answer, f"license-{n}")])
    for reason, changes in REFUSALS.items():
        answer = asked.authorize(use(1, **changes))
        assert isinstance(answer, Refused)
        assert answer.reason is reason
    lines = store.log()
    assert [one.number for one in lines] == list(range(1, len(lines) + 1))
    assert len(lines) == 275 * 2 + len(REFUSALS)
    used = [one for one in lines if one.refusal is None]
    assert [one.identifier for one in used] == [f"license-{n}" for n in range(1, 276)]
    assert [one.owner for one in used] == [code(n) for n in range(1, 276)]
    assert [one.refusal for one in lines[-len(REFUSALS) :]] == list(REFUSALS)
    assert {one.identifier for one in lines if one.refusal} == {""}


def test_rotation_keeps_what_was_sealed_before(store):
    """The old seal is revoked as replaced: its time stays good, the next use not."""
    old, new = seal(1), seal(1, "99010000000777")
    store.add(old, life(*ENABLED))
    asked = desk(store)
    asked.log_uses([(asked.require(use(1)), "before")])
    swap = event("revoke", later(1), reason=SealReason.REPLACED)
    store.record(old.id, [swap])
    store.add(new, life(*ENABLED, at=later(1)))
    assert asked.authorize(use(1, at=later(2))).reason is Refusal.NOT_ENABLED
    assert isinstance(asked.authorize(use(1)), Allowed)  # at the instant before
    rotated = SealPolicy((grant(1, seal=new.id),))
    asked = desk(store, policy=rotated)
    assert isinstance(asked.authorize(use(1, seal=new.id, at=later(2))), Allowed)
    before = store.get(old.id)
    assert before.state_at(NOON) is SealState.ENABLED
    assert [one.identifier for one in store.log() if not one.refusal] == ["before"]


def test_a_disabled_seal_is_refused_until_it_is_enabled_again(store):
    store.add(seal(1), life(*ENABLED))
    asked = desk(store)
    store.record(
        seal(1).id, [event("disable", later(1), reason=SealReason.REORGANISED)]
    )
    assert isinstance(asked.authorize(use(1)), Allowed)
    assert asked.authorize(use(1, at=later(1))).reason is Refusal.NOT_ENABLED
    store.record(seal(1).id, [event("enable", later(2))])
    assert isinstance(asked.authorize(use(1, at=later(2))), Allowed)


def test_without_a_policy_the_own_seal_serves_everything_and_no_other_does(store):
    store.add(seal(1, "own"), life(*ENABLED))
    store.add(seal(1), life(*ENABLED))
    asked = desk(store, policy=None, actors=Actors("clerk-1"))
    for type_name, scenario in product(TYPES, Scenario):
        wanted = use(1, seal="", type_name=type_name, scenario=scenario, approver="")
        assert asked.require(wanted).use.seal == "own"
    assert asked.authorize(use(1)).reason is Refusal.NO_GRANT
    with pytest.raises(SealRefusedError) as caught:
        asked.require(use(1, seal="nobody"))
    assert caught.value.refused.reason is Refusal.UNKNOWN_SEAL
    assert "unknown-seal" in str(caught.value)


def test_the_actors_of_the_run_count_where_a_use_names_nobody(store):
    store.add(seal(1), life(*ENABLED))
    asked = desk(store, actors=Actors("clerk-1", "chief-1"))
    unnamed = use(1, operator="", approver="")
    allowed = asked.require(unnamed)
    assert (allowed.use.operator, allowed.use.approver) == ("clerk-1", "chief-1")
    named = use(1, operator="clerk-9")
    with pytest.raises(SealRefusedError):
        asked.require(named)


def test_of_several_grants_one_that_allows_counts_and_else_the_nearest():
    made = replace(seal(1), history=tuple(life(*ENABLED)))
    narrow = grant(1, operators=frozenset({"somebody"}))
    assert isinstance(
        decide(SealPolicy((narrow, grant(1))), made, "own", use(1)), Allowed
    )
    answer = decide(SealPolicy((narrow, grant(1))), made, "own", use(1, approver=""))
    assert answer.reason is Refusal.NO_APPROVER
    anybody = grant(1, operators=frozenset({"*"}), approvers=frozenset({"*"}))
    answer = decide(SealPolicy((anybody,)), made, "own", use(1))
    assert isinstance(answer, Allowed)
    # Nobody knows whether who approves is another person than somebody without a name.
    answer = decide(SealPolicy((anybody,)), made, "own", use(1, operator=""))
    assert answer.reason is Refusal.OPERATOR
    alone = grant(1, approvers=frozenset(), first=None, last=None)
    assert isinstance(
        decide(SealPolicy((alone,)), made, "own", use(1, approver="")), Allowed
    )


def test_days_of_a_grant_are_those_of_china():
    made = replace(seal(1), history=tuple(life(*ENABLED)))
    policy = SealPolicy((grant(1, first=date(2026, 6, 1), last=date(2026, 6, 1)),))
    first = datetime.fromisoformat("2026-06-01T00:00:00+08:00")
    for at, allowed in (
        (first, True),
        (first - timedelta(seconds=1), False),
        (first + timedelta(days=1, seconds=-1), True),
        (first + timedelta(days=1), False),
    ):
        answer = decide(policy, made, "own", use(1, at=at))
        assert isinstance(answer, Allowed) is allowed


GOOD = """
format = "elicense.seals/1"
[[grant]]
name = "one"
seal = "own"
types = ["food-business"]
operators = ["clerk-1", "role:food"]
approvers = ["chief-1"]
from = 2026-01-01
until = 2026-12-31
[[grant]]
name = "two"
seal = "99010000000001"
types = ["*"]
scenarios = ["reprint"]
operators = ["*"]
[roles]
food = ["clerk-7"]
[[scenario]]
type = "food-business"
operation = "renew"
"""


def test_a_policy_file_is_read():
    policy = read_policy(GOOD.encode(), TYPES)
    one, two = policy.grants
    assert one.operators == {"clerk-1", "clerk-7"}
    assert one.scenarios == set(Scenario)
    assert (one.first, one.last) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (two.approvers, two.scenarios) == (frozenset(), {Scenario.REPRINT})
    assert policy.owed == ((FOOD, Scenario.RENEW),)
    assert read_policy(b'format = "elicense.seals/1"', TYPES).grants == ()


BAD = {
    "not TOML": ("[[grant]]", "[[grant"),
    "another format": ("seals/1", "seals/2"),
    "an unknown key": ("until =", "til ="),
    "two grants of a name": ('"two"', '"one"'),
    "an unknown type": ('["food-business"]', '["food"]'),
    "an unknown scenario": ('["reprint"]', '["reprinting"]'),
    "no scenario": ('["reprint"]', "[]"),
    "an unknown role": ("role:food", "role:foods"),
    "no operators": ('operators = ["*"]', "operators = []"),
    "no types": ('["food-business"]', "[]"),
    "approvers that are nobody": ('["chief-1"]', "[]"),
    "a person's id": ('"clerk-1"', '"11010519491231002X"'),
    "a name for an id": ('"clerk-1"', '"张三"'),
    "a day as text": ("2026-01-01", '"2026-01-01"'),
    "an instant for a day": ("2026-01-01", "2026-01-01T00:00:00Z"),
    "an end before the beginning": ("2026-12-31", "2025-12-31"),
    "an unknown operation": ('"renew"', '"renewal"'),
    "a scenario of no type": (
        'type = "food-business"\noperation',
        'type = "food"\noperation',
    ),
    "a seal that is no id": ('"99010000000001"', '"印章"'),
}


@pytest.mark.parametrize("wrong", BAD)
def test_a_policy_file_that_is_wrong(wrong):
    old, new = BAD[wrong]
    assert old in GOOD
    with pytest.raises(CatalogError) as caught:
        read_policy(GOOD.replace(old, new).encode(), TYPES)
    assert "seals.toml" in caught.value.message.zh
    assert "1949" not in str(caught.value)
    with pytest.raises(CatalogError):
        read_policy(b"\xff", TYPES)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(GOOD)), st.integers(0, 40))
def test_any_bytes_give_a_policy_or_the_projects_own_error(data, place, cut):
    whole = GOOD.encode()
    for given_ in (data, whole[:place] + data + whole[place + cut :]):
        try:
            assert isinstance(read_policy(given_, TYPES), SealPolicy)
        except CatalogError:
            continue


# The log and the figure


def test_a_use_is_kept_once_and_a_reprint_each_time(store):
    store.add(seal(1, "own"), life(*ENABLED))
    asked = desk(store, policy=None)
    first = asked.require(use(1, seal=""))
    again = asked.require(use(1, seal="", at=later(1)))
    asked.log_uses([(first, "a"), (first, "b")])
    asked.log_uses([(again, "a"), (again, "c")])
    reprint = asked.require(use(1, seal="", scenario=Scenario.REPRINT))
    asked.log_uses([(reprint, "a"), (reprint, "a")])
    lines = store.log()
    assert [one.identifier for one in lines] == ["a", "b", "c", "a", "a"]
    assert [one.number for one in lines] == [1, 2, 3, 4, 5]
    assert lines[0].use == first.use
    assert [one.number for one in store.log(later(0), later(1))] == [1, 2, 4, 5]
    assert [one.number for one in store.log(since=later(1))] == [3]


def test_a_run_that_goes_on_with_other_people_or_another_seal_is_kept(store):
    for name in ("own", "next"):
        store.add(seal(1, name), life(*ENABLED))
    asked = desk(store, policy=None)
    first = asked.require(use(1, seal=""))
    other = asked.require(use(1, seal="", operator="clerk-9"))
    rotated = replace(asked, own="next").require(use(1, seal=""))
    for one in (first, other, rotated, first):
        asked.log_uses([(one, "a")])
    told = [(one.use.seal, one.use.operator) for one in store.log()]
    assert told == [("own", "clerk-1"), ("own", "clerk-9"), ("next", "clerk-1")]
    assert asked.actors_of("a") == Actors("clerk-1", "chief-1")
    assert asked.actors_of("b") == NOBODY


def test_a_process_that_let_go_opens_the_file_again(store):
    store.add(seal(1, "own"), life(*ENABLED))
    asked = desk(store, policy=None)
    asked.let_go()
    assert isinstance(asked.authorize(use(1, seal="own")), Allowed)


def line(type_name=FOOD, scenario=Scenario.ISSUE, refusal=None):
    return UseLine(
        number=1, use=use(1, type_name=type_name, scenario=scenario), refusal=refusal
    )


def test_the_coverage_of_scenarios():
    lines = [line(), line(), line(TRADE, Scenario.RENEW), line(TRADE, refusal=REFUSED)]
    found = coverage(None, TYPES, lines)
    assert found.owed == ((FOOD, Scenario.ISSUE), (TRADE, Scenario.ISSUE))
    assert (found.used, found.rate) == (((FOOD, Scenario.ISSUE),), 0.5)
    named = SealPolicy((), ((TRADE, Scenario.RENEW),))
    assert coverage(named, TYPES, lines).rate == 1
    assert coverage(None, (), lines).rate is None
    assert coverage(None, TYPES, []).rate == 0


REFUSED = Refusal.PERIOD


def test_every_word_for_people_is_there():
    for member in (*SealEventKind, *Scenario, *Refusal):
        assert member.text.zh
        assert member.text.en
    for reason in SealReason:
        assert reason.text.en == reason
