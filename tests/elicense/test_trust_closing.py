"""Closing digests and snapshots that a hub saw: their form, and what may not fall."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from elicense import trust
from elicense.testing import CODE, SECOND_CODE, START, Simulator
from elicense.trust import (
    FORMAT_CLOSING,
    KeyGrant,
    Period,
    RollbackError,
    Seen,
    SnapshotSighting,
    Source,
)
from elicense.trust.reading import MAX_SNAPSHOTS, open_file, read_bundle
from esign import cbor
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.signer import SoftwareSigner

DAY = timedelta(days=1)
ENDED = Period(START - 9 * DAY, START - DAY)
DIGEST, OTHER = bytes(range(32)), bytes(32)
HUB_CODE = "119901000000000430"
OLD = SoftwareSigner.generate(Suite.ES256).public_key


@pytest.fixture
def world() -> Iterator[Simulator]:
    with Simulator() as made:
        made.number = 5
        close(made)
        yield made


def close(world: Simulator, closing: bytes | None = DIGEST, **changes: object) -> None:
    """List an earlier token key, closed by a snapshot."""
    grant = KeyGrant(OLD, "token", CODE, ("food-business",), ENDED, closing=closing)
    world.department.more_keys = [replace(grant, **changes)]


def sighting(number: int = 1, **changes: object) -> SnapshotSighting:
    digest = number.to_bytes(32, "big")
    return replace(SnapshotSighting(CODE, number, digest, START - DAY), **changes)


def countersign(world: Simulator, *snapshots: SnapshotSighting) -> None:
    world.countersigner = HUB_CODE
    world.snapshots = list(snapshots)


def see(world: Simulator, *before: Seen) -> Seen:
    seen = trust.admit(world.bundle_file(), world.pin, before).seen
    assert seen is not None
    return seen


# Form.


def test_both_are_read_as_they_were_written(world: Simulator) -> None:
    countersign(world, sighting(1), sighting(2, organization=SECOND_CODE))
    data = world.bundle_file()
    assert open_file(data).format == FORMAT_CLOSING
    state = trust.admit(data, world.pin)
    assert state.bundle is not None
    assert state.bundle.snapshots == tuple(world.snapshots)
    assert state.bundle.countersigner == HUB_CODE
    assert state.token_keys[CODE, OLD.kid, Suite.ES256.cose].closing == DIGEST
    assert state.sightings == {item.sha256: START - DAY for item in world.snapshots}
    assert state.countersigners == {HUB_CODE}


def test_a_bundle_without_either_is_of_the_version_before(world: Simulator) -> None:
    close(world, None)
    assert open_file(world.bundle_file()).format == trust.FORMAT
    countersign(world, sighting())
    assert open_file(world.bundle_file()).format == FORMAT_CLOSING


def test_a_bundle_that_names_another_version_is_refused(world: Simulator) -> None:
    for named in (trust.FORMAT, trust.FORMAT_GM):
        parts = cbor.decode(world.bundle_file())
        parts[0] = named
        with pytest.raises(MalformedError, match="another format"):
            trust.admit(cbor.encode(parts), world.pin)


WRONG_KEYS: dict[str, dict[str, object]] = {
    "a status key": {"purpose": "status", "types": ()},
    "a key that still signs": {"period": Period(START - DAY, None)},
    "a digest of another length": {"closing": bytes(31)},
}


@pytest.mark.parametrize("changes", WRONG_KEYS.values(), ids=WRONG_KEYS)
def test_what_no_snapshot_can_close_is_refused(
    world: Simulator, changes: dict[str, object]
) -> None:
    close(world, **changes)
    with pytest.raises(MalformedError, match="key"):
        trust.admit(world.bundle_file(), world.pin)


WRONG_SNAPSHOTS: dict[str, list[SnapshotSighting]] = {
    "seen after the bundle's date": [sighting(seen_at=START + timedelta(seconds=1))],
    "one digest twice": [sighting(1), sighting(2, sha256=sighting(1).sha256)],
    "one number twice": [sighting(1), sighting(1, sha256=DIGEST)],
    "too many of one organ": [sighting(n) for n in range(MAX_SNAPSHOTS + 1)],
    "of an organ that is not listed": [sighting(organization=HUB_CODE)],
    "of a short digest": [sighting(sha256=b"")],
}


@pytest.mark.parametrize("snapshots", WRONG_SNAPSHOTS.values(), ids=WRONG_SNAPSHOTS)
def test_snapshots_that_cannot_be_are_refused(
    world: Simulator, snapshots: list[SnapshotSighting]
) -> None:
    countersign(world, *snapshots)
    with pytest.raises(MalformedError):
        trust.admit(world.bundle_file(), world.pin)


SPELLINGS: dict[str, Callable[[dict], None]] = {
    "an empty array": lambda content: content.update(snapshots=[]),
    "no countersigner": lambda content: content.pop("countersigner"),
    "a countersigner of nothing": lambda content: content.pop("snapshots"),
    "a countersigner that is no organ": lambda c: c.update(countersigner="x"),
    "a null": lambda content: content.update(snapshots=None),
    "a closing null": lambda c: c["keys"][2].update(closing=None),
}


@pytest.mark.parametrize("change", SPELLINGS.values(), ids=SPELLINGS)
def test_there_is_one_spelling(
    world: Simulator, change: Callable[[dict], None]
) -> None:
    countersign(world, sighting())
    payload = open_file(world.bundle_file()).bundle.unverified_payload
    assert read_bundle(payload).snapshots
    content = cbor.decode(payload)
    change(content)
    with pytest.raises(MalformedError):
        read_bundle(cbor.encode(content))


def test_a_department_countersigns_nothing(world: Simulator) -> None:
    world.speaks_for = CODE
    world.departments = world.departments[:1]
    countersign(world, sighting())
    with pytest.raises(VerificationError, match="only a hub"):
        trust.admit(world.bundle_file(), world.pin)


# Memory.


def test_a_closing_digest_neither_changes_nor_goes(world: Simulator) -> None:
    first = see(world)
    assert first.closings == {(CODE, OLD.kid): DIGEST}
    world.number = 6
    assert see(world, first).closings == first.closings
    for closing in (None, OTHER):
        close(world, closing)
        with pytest.raises(RollbackError, match="another closing snapshot"):
            see(world, first)


IN_BETWEEN: dict[str, Callable[[Simulator], None]] = {
    "without the key": lambda world: world.department.more_keys.clear(),
    # Such a key needs its snapshot no more, and is good without it.
    "with the key attested destroyed": lambda w: close(w, None, destroyed=True),
    "with it destroyed and closed by another": lambda w: close(
        w, OTHER, destroyed=True
    ),
}


@pytest.mark.parametrize("change", IN_BETWEEN.values(), ids=IN_BETWEEN)
def test_a_bundle_in_between_changes_nothing(
    world: Simulator, change: Callable[[Simulator], None]
) -> None:
    first = see(world)
    world.number = 6
    change(world)
    second = see(world, first)
    assert second.closings == first.closings
    world.number = 7
    close(world, OTHER)
    with pytest.raises(RollbackError, match="another closing snapshot"):
        see(world, second)


def test_what_a_thief_closed_is_left_behind_with_his_statement(
    world: Simulator,
) -> None:
    stolen = see(world)
    world.statement, world.number = 2, 1
    close(world, None)
    mended = see(world, stolen)
    assert not mended.closings
    world.number = 2
    close(world, OTHER)
    assert see(world, mended).closings == {(CODE, OLD.kid): OTHER}


def test_a_department_with_a_new_statement_closes_anew_under_its_hub(
    world: Simulator,
) -> None:
    def source(statement: int) -> list[Source]:
        return [Source(CODE, "sha256:x", statement, 1, START, 30 * DAY)]

    world.sources = source(1)
    first = see(world)
    world.number = 6
    close(world, OTHER)
    with pytest.raises(RollbackError, match="another closing snapshot"):
        see(world, first)
    world.sources = source(2)
    assert see(world, first).closings == {(CODE, OLD.kid): OTHER}


def test_the_instant_of_a_snapshot_does_not_move(world: Simulator) -> None:
    countersign(world, sighting())
    first = see(world)
    assert first.snapshots == {sighting().sha256: START - DAY}
    world.number = 6
    assert see(world, first).snapshots == first.snapshots
    for moved in (-DAY, timedelta(seconds=1)):
        countersign(world, sighting(seen_at=START - DAY + moved))
        with pytest.raises(RollbackError, match="seen at another time"):
            see(world, first)
    world.countersigner, world.snapshots = None, []
    assert not see(world, first).snapshots
    world.statement = 2
    countersign(world, sighting(seen_at=START))
    assert see(world, first).snapshots == {sighting().sha256: START}
