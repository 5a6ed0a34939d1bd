"""Root statements: rotation by two signatures, and who may speak for whom."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from elicense import trust
from elicense.testing import CODE, SECOND_CODE, START, Simulator
from elicense.trust import RootStatement, SignedStatement, Source, Succession
from esign import cose
from esign.algorithms import Suite
from esign.errors import VerificationError
from esign.signer import SoftwareSigner
from esign.verdict import Code


def key() -> SoftwareSigner:
    return SoftwareSigner.generate(Suite.ES256)


@dataclass
class Roots:
    """Roots that hand over to each other, and the world whose bundle they head."""

    world: Simulator
    old: SoftwareSigner = field(default_factory=key)
    new: SoftwareSigner = field(default_factory=key)
    third: SoftwareSigner = field(default_factory=key)

    def say(
        self,
        number: int,
        root: SoftwareSigner,
        successor: SoftwareSigner | None = None,
        scope: str | None = CODE,
    ) -> SignedStatement:
        statement = RootStatement(
            number=number,
            issued_at=START,
            speaks_for=scope,
            bundle_keys=self.world.bundle_keys,
            successor=None if successor is None else successor.public_key,
        )
        return trust.sign_root_statement(statement, root, successor)

    def file(self, *statements: SignedStatement, number: int) -> bytes:
        self.world.statements = list(statements)
        self.world.statement = number
        return self.world.bundle_file()

    def rotated(self) -> bytes:
        return self.file(
            self.say(1, self.old, self.new), self.say(2, self.new), number=2
        )


def pin(signer: SoftwareSigner) -> str:
    return signer.public_key.fingerprint


@pytest.fixture
def roots() -> Roots:
    with Simulator() as world:
        world.departments[1].listed = False
        yield Roots(world)


def refused(data: bytes, *pins: str) -> str:
    with pytest.raises(VerificationError) as caught:
        trust.admit(data, pins)
    return str(caught.value)


def test_whoever_pinned_the_old_root_believes_its_successor(roots: Roots) -> None:
    state = trust.admit(roots.rotated(), pin(roots.old))
    assert state.root == pin(roots.old)
    assert set(state.organizations) == {CODE}
    assert state.seen is not None
    assert list(state.seen.scopes) == [pin(roots.old), pin(roots.new)]


def test_whoever_pinned_the_new_root_needs_no_old_one(roots: Roots) -> None:
    for data in (
        roots.rotated(),
        roots.file(roots.say(2, roots.new), number=2),
    ):
        assert set(trust.admit(data, pin(roots.new)).organizations) == {CODE}


def test_a_root_may_rotate_again_and_again(roots: Roots) -> None:
    data = roots.file(
        roots.say(1, roots.old),
        roots.say(2, roots.old, roots.new),
        roots.say(3, roots.new, roots.third),
        roots.say(4, roots.third),
        roots.say(9, roots.third),
        number=9,
    )
    for signer in (roots.old, roots.new, roots.third):
        assert set(trust.admit(data, pin(signer)).organizations) == {CODE}
    shown = trust.fingerprints_in(data)
    assert shown == tuple(
        map(pin, (roots.old, roots.old, roots.new, roots.third, roots.third))
    )


def _one_signature(roots: Roots) -> bytes:
    both = roots.say(1, roots.old, roots.new)
    return roots.file(both[:1], roots.say(2, roots.new), number=2)


def _signed_by_the_successor_alone(roots: Roots) -> bytes:
    both = roots.say(1, roots.old, roots.new)
    return roots.file(both[1:], roots.say(2, roots.new), number=2)


def _second_signature_of_another(roots: Roots) -> bytes:
    mine, _ = roots.say(1, roots.old, roots.new)
    payload = cose.open_sealed(mine, trust.ROOT_PURPOSE).unverified_payload
    forged = cose.sign(payload, roots.third, trust.ROOT_PURPOSE)
    return roots.file((mine, forged), roots.say(2, roots.new), number=2)


def _second_signature_of_something_else(roots: Roots) -> bytes:
    mine, _ = roots.say(1, roots.old, roots.new)
    other = roots.say(7, roots.new)[0]
    return roots.file((mine, other), roots.say(2, roots.new), number=2)


def _two_signatures_without_a_rotation(roots: Roots) -> bytes:
    once = roots.say(1, roots.old)
    return roots.file((*once, *once), number=1)


BROKEN: dict[str, Callable[[Roots], bytes]] = {
    "a rotation that only the old root signed": _one_signature,
    "a rotation that only the new root signed": _signed_by_the_successor_alone,
    "a rotation whose second signature is a stranger's": _second_signature_of_another,
    "a rotation whose signatures say different things": (
        _second_signature_of_something_else
    ),
    "two signatures where no root hands over": _two_signatures_without_a_rotation,
    "another root than the successor goes on": lambda roots: roots.file(
        roots.say(1, roots.old, roots.new), roots.say(2, roots.third), number=2
    ),
    "the old root goes on after it handed over": lambda roots: roots.file(
        roots.say(1, roots.old, roots.new), roots.say(2, roots.old), number=2
    ),
    "a second root that nobody named": lambda roots: roots.file(
        roots.say(1, roots.old), roots.say(2, roots.new), number=2
    ),
    "a successor that says nothing": lambda roots: roots.file(
        roots.say(1, roots.old, roots.new), number=1
    ),
    "numbers that stand still": lambda roots: roots.file(
        roots.say(1, roots.old), roots.say(1, roots.old), number=1
    ),
    "two roots that name each other": lambda roots: roots.file(
        roots.say(1, roots.old, roots.new),
        roots.say(2, roots.new, roots.old),
        roots.say(3, roots.third),
        number=3,
    ),
    "a root beside the last one that handed over to nobody": lambda roots: roots.file(
        roots.say(1, roots.old),
        roots.say(1, roots.new, roots.third),
        roots.say(2, roots.third),
        number=2,
    ),
    "numbers that fall": lambda roots: roots.file(
        roots.say(2, roots.old, roots.new), roots.say(1, roots.new), number=1
    ),
    "a root that comes back": lambda roots: roots.file(
        roots.say(1, roots.old, roots.new),
        roots.say(2, roots.new, roots.old),
        roots.say(3, roots.old),
        number=3,
    ),
    "a department's root that makes itself a hub's": lambda roots: roots.file(
        roots.say(1, roots.old), roots.say(2, roots.old, scope=None), number=2
    ),
    "a bundle made under an earlier statement": lambda roots: roots.file(
        roots.say(1, roots.old), roots.say(2, roots.old), number=1
    ),
    "a bundle made under a statement that is not there yet": lambda roots: roots.file(
        roots.say(1, roots.old), number=2
    ),
}


@pytest.mark.parametrize("build", BROKEN.values(), ids=BROKEN)
def test_statements_that_do_not_hold_together_are_refused(
    roots: Roots, build: Callable[[Roots], bytes]
) -> None:
    refused(build(roots), pin(roots.old), pin(roots.new), pin(roots.third))


def test_two_roots_may_hand_over_to_one_that_speaks_already(roots: Roots) -> None:
    data = roots.file(
        roots.say(5, roots.third),
        roots.say(80, roots.old, roots.third),
        roots.say(90, roots.new, roots.third),
        roots.say(6, roots.third),
        number=6,
    )
    state = trust.admit(data, pin(roots.old))
    assert state.seen is not None
    assert state.seen.root == pin(roots.third)
    assert state.seen.statement == 6


def test_who_saw_the_old_roots_numbers_follows_to_those_of_the_new_one(
    roots: Roots,
) -> None:
    """The old organ was at bundle 40 under statement 80, the new one at 3 under 6."""
    roots.world.number = 40
    before = roots.file(roots.say(80, roots.old), number=80)
    seen = trust.admit(before, pin(roots.old)).seen
    assert seen is not None
    roots.world.number = 3
    after = roots.file(
        roots.say(5, roots.third),
        roots.say(81, roots.old, roots.third),
        roots.say(6, roots.third),
        number=6,
    )
    now = trust.admit(after, pin(roots.old), [seen]).seen
    assert now is not None
    assert (now.statement, now.number) == (6, 3)
    with pytest.raises(trust.RollbackError, match="succeeded"):
        trust.admit(before, pin(roots.old), [now])
    roots.world.number = 2
    with pytest.raises(trust.RollbackError, match="the bundle has number 2"):
        trust.admit(
            roots.file(
                roots.say(5, roots.third),
                roots.say(81, roots.old, roots.third),
                roots.say(6, roots.third),
                number=6,
            ),
            pin(roots.old),
            [now],
        )


def test_a_stolen_bundle_key_is_left_behind_by_a_new_statement(roots: Roots) -> None:
    """The thief has the key that the root named once, and not the root."""
    first = roots.say(1, roots.old)
    thief = roots.world.bundle_signer
    stolen = roots.file(first, number=1)
    assert trust.admit(stolen, pin(roots.old)).bundle is not None
    fresh = key()
    roots.world.bundle_signer = fresh
    roots.world.bundle_keys = (fresh.public_key,)
    second = roots.say(2, roots.old)
    good = roots.file(second, number=2)
    seen = trust.admit(good, pin(roots.old)).seen
    assert seen is not None
    roots.world.bundle_signer = thief
    roots.world.number = (1 << 53) - 1
    # Under the new statement his key is not named; under the old one it is too old.
    assert "does not name" in refused(roots.file(second, number=2), pin(roots.old))
    with pytest.raises(trust.RollbackError, match="the root statement has number 1"):
        trust.admit(roots.file(first, number=1), pin(roots.old), [seen])


def test_a_number_that_a_thief_drove_up_begins_anew_under_a_new_statement(
    roots: Roots,
) -> None:
    roots.world.number = (1 << 53) - 1
    high = roots.file(roots.say(1, roots.old), number=1)
    seen = trust.admit(high, pin(roots.old)).seen
    assert seen is not None
    roots.world.number = 2
    with pytest.raises(trust.RollbackError):
        trust.admit(
            roots.file(roots.say(1, roots.old), number=1), pin(roots.old), [seen]
        )
    anew = roots.file(roots.say(2, roots.old), number=2)
    state = trust.admit(anew, pin(roots.old), [seen])
    assert state.seen is not None
    assert (state.seen.statement, state.seen.number) == (2, 2)
    assert set(state.seen.lists.values()) == {2}


# Whom a root may speak for.


def test_a_department_that_lists_anothers_code_is_refused(roots: Roots) -> None:
    roots.world.departments[1].listed = True
    data = roots.file(roots.say(1, roots.old), number=1)
    assert SECOND_CODE in refused(data, pin(roots.old))


def test_a_hub_may_list_every_code(roots: Roots) -> None:
    roots.world.departments[1].listed = True
    data = roots.file(roots.say(1, roots.old, scope=None), number=1)
    state = trust.admit(data, pin(roots.old))
    assert set(state.organizations) == {CODE, SECOND_CODE}


@pytest.mark.parametrize("part", ["sources", "timestamp_authorities"])
def test_only_a_hub_names_sources_and_timestamp_authorities(
    roots: Roots, part: str
) -> None:
    world, root = roots.world, "sha256:" + "0" * 64
    if part == "sources":
        world.sources = [Source(CODE, root, 1, 1, START, timedelta(days=1))]
    else:
        world.timestamp_authorities = [_some_authority(world)]
    hub = roots.file(roots.say(1, roots.old, scope=None), number=1)
    assert trust.admit(hub, pin(roots.old)).bundle is not None
    department = roots.file(roots.say(1, roots.old), number=1)
    assert "only a hub" in refused(department, pin(roots.old))


def _some_authority(world: Simulator) -> trust.TimestampAuthority:
    other = key()
    leaf = world.authority.issue_seal(other.public_key, "示例局", CODE, START, 90)
    return trust.TimestampAuthority(
        CODE, (leaf, *world.authority.chain), trust.Period(START, None)
    )


def _merged(roots: Roots) -> bytes:
    """A predecessor's root that handed over to the root of another department."""
    first, second = roots.world.departments
    second.listed = True
    first.successors = (Succession(SECOND_CODE, START, first.types, keeps_lists=True),)
    first.status = second.status  # its keeper signs its lists
    return roots.file(
        roots.say(1, roots.old, roots.new),
        roots.say(2, roots.new, scope=SECOND_CODE),
        number=2,
    )


def _with_status_key_once(roots: Roots) -> bytes:
    """List the keeper's status key once: the first department's own entry goes."""
    world = roots.world
    data = _merged(roots)
    first = world.departments[0]
    plain = first.status_lists(START, 1)
    first.status = key()
    first.status_lists = lambda at, sequence: plain  # noqa: ARG005
    del data
    return world.bundle_file()


def test_a_rotation_to_anothers_root_widens_no_pin(roots: Roots) -> None:
    """A department hands over to a root that speaks for another one."""
    data = _with_status_key_once(roots)
    old = trust.admit(data, pin(roots.old))
    assert set(old.organizations) == {CODE}
    assert {issuer for issuer, _ in old.lists} == {CODE}
    assert {grant.organization for grant in old.token_keys.values()} == {CODE}
    assert {seal.organization for seal in old.seals.values()} == {CODE}
    new = trust.admit(data, pin(roots.new))
    assert set(new.organizations) == {SECOND_CODE}
    both = trust.admit(data, [pin(roots.old), pin(roots.new)])
    assert set(both.organizations) == {CODE, SECOND_CODE}


def test_a_root_that_claims_a_victim_and_hands_over_to_itself_gains_nothing(
    roots: Roots,
) -> None:
    """The thief makes a root that says it speaks for the victim, and succeeds it."""
    data = _with_status_key_once(roots)
    victims_own = key()
    refused(data, pin(victims_own))
    assert CODE not in trust.admit(data, pin(roots.new)).organizations


def test_the_keeper_signs_the_lists_and_the_predecessor_no_more(roots: Roots) -> None:
    world = roots.world
    first, second = world.departments
    second.listed = True
    hub = roots.say(1, roots.old, scope=None)
    first.successors = (Succession(SECOND_CODE, START, first.types, keeps_lists=True),)
    assert "not signed by a status key" in refused(
        roots.file(hub, number=1), pin(roots.old)
    )
    first.successors = (
        replace(first.successors[0], since=START + timedelta(seconds=1)),
    )
    assert trust.admit(roots.file(hub, number=1), pin(roots.old)).lists


def test_an_unpinned_world_believes_nothing(roots: Roots) -> None:
    data = roots.rotated()
    for pins in ([], ["sha256:" + "0" * 64]):
        assert "not a pinned one" in refused(data, *pins)


def test_the_second_signer_is_the_named_successor(roots: Roots) -> None:
    statement = RootStatement(
        number=1,
        issued_at=START,
        speaks_for=CODE,
        bundle_keys=roots.world.bundle_keys,
        successor=roots.new.public_key,
    )
    for signer in (None, roots.third):
        with pytest.raises(ValueError, match="the second signer"):
            trust.sign_root_statement(statement, roots.old, signer)


def test_licenses_of_a_rotated_department_stay_valid(roots: Roots) -> None:
    world = roots.world
    issued = world.issue()
    roots.rotated()
    world.root = roots.old
    assert world.validate(issued.pdf).code is Code.VALID
