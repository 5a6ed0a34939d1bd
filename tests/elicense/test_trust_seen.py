"""Nothing that a verifier has seen may fall: bundles, lists, sources, roots."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import trust
from elicense.testing import CODE, SECOND_CODE, START, Simulator
from elicense.trust import RollbackError, RootStatement, Seen, Source, TrustState
from esign.algorithms import Suite
from esign.signer import SoftwareSigner
from esign.verdict import Code

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world() -> Iterator[Simulator]:
    with Simulator() as made:
        made.number = 5
        made.sources = [_source(CODE, 1, 5), _source(SECOND_CODE, 1, 5)]
        yield made


def _source(code: str, statement: int, number: int) -> Source:
    return Source(code, "sha256:x", statement, number, START, timedelta(days=30))


def seen_of(state: TrustState) -> Seen:
    assert state.seen is not None
    return state.seen


def see(world: Simulator, *before: Seen) -> Seen:
    return seen_of(trust.admit(world.bundle_file(), world.pin, before))


def _older_bundle(world: Simulator) -> None:
    world.number = 4


def _other_bundle_of_the_same_number(world: Simulator) -> None:
    world.bundle_age -= timedelta(days=1)


def _older_list_in_a_newer_bundle(world: Simulator) -> None:
    world.number = 6
    department = world.department
    old = department.status_lists(world.at, 4)
    department.status_lists = lambda at, sequence: old  # noqa: ARG005


def _a_source_that_fell(world: Simulator) -> None:
    world.number = 6
    world.sources[1] = _source(SECOND_CODE, 1, 4)


def _a_source_under_an_older_statement(world: Simulator) -> None:
    world.number = 6
    world.sources[1] = _source(SECOND_CODE, 0, 99)


def _an_older_root_statement(world: Simulator) -> None:
    world.number, world.statement = 99, 0


FALLEN: dict[str, tuple[Callable[[Simulator], None], str]] = {
    "an older bundle": (_older_bundle, "the bundle has number 4, 5 was seen"),
    "another bundle of the same number": (
        _other_bundle_of_the_same_number,
        "another bundle had number 5",
    ),
    "an older list inside a newer bundle": (
        _older_list_in_a_newer_bundle,
        f"of {CODE} has number 4, 5 was seen",
    ),
    "a hub's bundle with a source number that fell": (
        _a_source_that_fell,
        f"the source {SECOND_CODE} fell",
    ),
    "a source under an older root statement": (
        _a_source_under_an_older_statement,
        f"the source {SECOND_CODE} fell",
    ),
    "a bundle under an older root statement": (
        _an_older_root_statement,
        "the root statement has number 0, 1 was seen",
    ),
}


@pytest.mark.parametrize(("change", "why"), FALLEN.values(), ids=FALLEN)
def test_what_fell_is_refused_and_changes_no_memory(
    world: Simulator, change: Callable[[Simulator], None], why: str
) -> None:
    good = world.bundle_file()
    seen = seen_of(trust.admit(good, world.pin))
    change(world)
    bad = world.bundle_file()
    with pytest.raises(RollbackError, match=why):
        trust.admit(bad, world.pin, [seen])
    assert trust.admit(bad, world.pin).bundle is not None, "but for the memory"
    assert see_again(world, good, seen) == seen


def see_again(world: Simulator, data: bytes, seen: Seen) -> Seen:
    return seen_of(trust.admit(data, world.pin, [seen]))


def test_the_same_bundle_again_is_no_rollback(world: Simulator) -> None:
    first = see(world)
    assert first.number == 5
    assert see(world, first) == first
    assert first.root == world.pin


def test_numbers_rise_and_are_remembered(world: Simulator) -> None:
    first = see(world)
    world.number = 6
    world.sources = [_source(CODE, 1, 6), _source(SECOND_CODE, 2, 1)]
    second = see(world, first)
    assert (second.statement, second.number) == (1, 6)
    assert second.sources == {CODE: ("sha256:x", 1, 6), SECOND_CODE: ("sha256:x", 2, 1)}
    assert second.lists[CODE, START.year] == 6


def test_a_department_that_left_a_hub_is_still_remembered(world: Simulator) -> None:
    first = see(world)
    gone = world.departments.pop()
    source = world.sources.pop()
    world.number = 6
    second = see(world, first)
    assert second.sources[SECOND_CODE] == ("sha256:x", 1, 5)
    assert second.lists[SECOND_CODE, START.year] == 5
    world.number = 7
    world.departments.append(gone)
    world.sources.append(replace(source, number=4))
    with pytest.raises(RollbackError):
        see(world, second)


def test_a_new_statement_of_the_hub_leaves_all_driven_up_numbers_behind(
    world: Simulator,
) -> None:
    """A thief of the hub's bundle key named the highest numbers there are."""
    top = (1 << 53) - 1
    world.number = top
    world.sources = [_source(CODE, top, top), _source(SECOND_CODE, 1, top)]
    seen = see(world)
    assert seen.lists[CODE, START.year] == top
    world.number, world.sources = 6, [_source(CODE, 1, 6), _source(SECOND_CODE, 1, 6)]
    with pytest.raises(RollbackError):
        see(world, seen)
    world.statement = 2
    now = see(world, seen)
    assert now.lists[CODE, START.year] == 6
    assert now.sources[CODE] == ("sha256:x", 1, 6)


def test_a_departments_lists_begin_anew_with_its_own_new_statement(
    world: Simulator,
) -> None:
    first = see(world)
    world.number = 6
    department = world.departments[1]
    fresh = department.status_lists(world.at, 1)
    department.status_lists = lambda at, sequence: fresh  # noqa: ARG005
    with pytest.raises(RollbackError):
        see(world, first)
    world.sources[1] = _source(SECOND_CODE, 2, 1)
    assert see(world, first).lists[SECOND_CODE, START.year] == 1


def test_memories_of_other_roots_do_not_concern_a_bundle(world: Simulator) -> None:
    with Simulator() as other:
        other.number = 1_000
        foreign = see(other)
    assert see(world, foreign).number == 5


def test_every_memory_that_concerns_a_file_counts(world: Simulator) -> None:
    """Two pins may have been seen apart before one file names both roots."""
    first = see(world)
    world.number = 7
    third = see(world)
    world.number = 6
    with pytest.raises(RollbackError):
        see(world, first, third)
    with pytest.raises(RollbackError):
        see(world, third, first)
    assert see(world, first).number == 6


def test_a_root_that_was_succeeded_never_speaks_again(world: Simulator) -> None:
    """The old root's key was stolen after it handed over."""
    old, new = world.root, SoftwareSigner.generate(Suite.ES256)
    keys = world.bundle_keys
    handover = RootStatement(
        number=1,
        issued_at=START,
        speaks_for=None,
        bundle_keys=keys,
        successor=new.public_key,
    )
    after = replace(handover, number=2, successor=None)
    world.statements = [
        trust.sign_root_statement(handover, old, new),
        trust.sign_root_statement(after, new),
    ]
    world.statement = 2
    seen = see(world)
    assert seen.root == new.public_key.fingerprint
    world.statements = [trust.sign_root_statement(replace(after, number=9), old)]
    world.statement, world.number = 9, 99
    with pytest.raises(RollbackError, match="succeeded"):
        see(world, seen)
    third = SoftwareSigner.generate(Suite.ES256)
    world.statements = [
        trust.sign_root_statement(
            replace(after, number=9, successor=third.public_key), old, third
        ),
        trust.sign_root_statement(replace(after, number=10), third),
    ]
    world.statement = 10
    with pytest.raises(RollbackError, match="succeeded"):
        see(world, seen)


def test_a_file_may_leave_out_roots_that_handed_over(world: Simulator) -> None:
    """First the successor alone, then the whole chain, then the successor alone."""
    old, new = world.root, SoftwareSigner.generate(Suite.ES256)
    handover = RootStatement(
        number=1,
        issued_at=START,
        speaks_for=None,
        bundle_keys=world.bundle_keys,
        successor=new.public_key,
    )
    after = trust.sign_root_statement(replace(handover, number=2, successor=None), new)
    chain = [trust.sign_root_statement(handover, old, new), after]
    world.statement, world.root = 2, new
    memory: tuple[Seen, ...] = ()
    for statements in ([after], chain, [after], chain):
        world.statements = statements
        memory = (see(world, *memory),)
        assert memory[0].root == new.public_key.fingerprint


def test_a_root_keeps_what_it_speaks_for(world: Simulator) -> None:
    world.sources = []
    world.departments.pop().register.close()
    world.speaks_for = CODE
    seen = see(world)
    world.speaks_for, world.statement = None, 2
    with pytest.raises(RollbackError, match="what it speaks for"):
        see(world, seen)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(1, 3)), max_size=8
    )
)
def test_what_is_remembered_never_falls(
    steps: list[tuple[int, int, int]], small: Simulator
) -> None:
    """In any order of publications, whatever is accepted is at least what was seen."""
    seen: Seen | None = None
    for statement, number, source in steps:
        small.statement, small.number = statement, number
        small.sources = [_source(CODE, 1, source)]
        before = () if seen is None else (seen,)
        try:
            now = see(small, *before)
        except RollbackError:
            continue
        assert (now.statement, now.number) == (statement, number)
        if seen is not None:
            assert (now.statement, now.number) >= (seen.statement, seen.number)
            is_new = now.statement > seen.statement
            assert is_new or now.sources[CODE] >= seen.sources[CODE]
        seen = now


@pytest.fixture(scope="module")
def small() -> Iterator[Simulator]:
    with Simulator() as made:
        for department in made.departments:
            department.lists = {START.year}
        yield made


# The clock.


def test_a_clock_that_was_set_back_is_told_apart_from_an_instant_asked_for(
    world: Simulator,
) -> None:
    issued = world.issue()
    state = world.trust()
    latest = START + timedelta(hours=2)
    cases = {
        latest: Code.VALID,
        latest - 10 * MINUTE: Code.VALID,
        latest - 11 * MINUTE: Code.CLOCK_ROLLBACK,
    }
    for world.at, code in cases.items():
        assert world.validate_under(state.on_clock(latest), issued.pdf).code is code
        assert world.validate_under(state, issued.pdf).code is Code.VALID


def test_a_bundle_from_the_future_says_that_the_clock_is_wrong(
    world: Simulator,
) -> None:
    issued = world.issue()
    world.issued_at = START + timedelta(days=1)
    state = world.trust().on_clock(None)
    verdict = world.validate_under(state, issued.pdf)
    assert verdict.code is Code.CLOCK_ROLLBACK
    assert world.validate_under(world.trust(), issued.pdf).code is Code.NO_STATUS


def test_nothing_believed_has_no_clock() -> None:
    assert trust.no_trust("why").on_clock(None).clock_floor is None
    assert trust.no_trust("why").on_clock(START).clock_floor == START - 10 * MINUTE
