"""A hub says when it first saw a snapshot, once and for all, and of good keys only."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense.hub.manifests import read
from elicense.snapshot.layout import Layout
from elicense.snapshot.manifest import Manifest, open_manifest, sign
from elicense.testing import CODE, SECOND_CODE
from elicense.trust import KeyGrant, Period, SnapshotSighting
from elicense.trust.countersigning import MAX_REMEMBERED, Offered, published, witness
from elicense.trust.hub_model import HubMemory, Withdrawal
from elicense.trust.reading import MAX_SNAPSHOTS
from esign.keys import Signer
from tests.elicense.bureaus import (
    AT,
    DAY,
    EARLY,
    THIRD_CODE,
    Bureau,
    Publisher,
    merged,
    new_key,
    remembered,
    second,
)

SECOND = timedelta(seconds=1)


def manifest(
    owner: Bureau, number: int = 1, at: datetime = AT, signer: Signer | None = None
) -> bytes:
    made = Manifest(
        organization=owner.code,
        number=number,
        issued_at=at,
        next_update=at + DAY,
        rows=0,
        left_out=0,
        size=Layout(0).size,
        sha256=bytes(32),
        classes=(),
    )
    return sign(made, signer or owner.token)


def offered(data: bytes, file: str = "manifest.cose") -> Offered:
    envelope, said = open_manifest(data)
    return Offered(
        file=file,
        organization=said.organization,
        number=said.number,
        issued_at=said.issued_at,
        sha256=hashlib.sha256(data).digest(),
        envelope=envelope,
    )


def offer(owner: Bureau, number: int = 1, **options: object) -> Offered:
    return offered(manifest(owner, number, **options))


def merge_of(owner: Bureau, *manifests: Offered, **options: object):
    options.setdefault("countersigner", THIRD_CODE)
    return merged([(owner, owner.file())], manifests=manifests, **options)


def refused(result) -> list[str]:
    return [item.reason.en for item in result.manifests_refused]


def test_what_a_hub_saw_is_in_its_bundle_and_in_its_memory() -> None:
    owner, other = Bureau(), second()
    given_ = offer(owner), offer(other, 7)
    result = merged(
        [(owner, owner.file()), (other, other.file())],
        manifests=given_,
        countersigner=THIRD_CODE,
    )
    assert not result.manifests_refused
    assert {item.sha256: item.seen_at for item in result.snapshots} == {
        item.sha256: AT for item in given_
    }
    state = Publisher().admit(result)
    assert state.sightings == {item.sha256: AT for item in given_}
    assert state.countersigners == {THIRD_CODE}


def test_what_was_seen_once_keeps_its_instant() -> None:
    owner, publisher = Bureau(), Publisher()
    first_offer = offer(owner)
    first = merge_of(owner, first_offer)
    seen = publisher.admit(first).seen
    memory = remembered(first, seen)
    for again in ((), (first_offer,), (first_offer, offer(owner, 2))):
        later = merge_of(owner, *again, memory=memory, at=AT + DAY)
        state = publisher.admit(later, 2, [seen])
        # The last one alone is of use while no key ends.
        latest = again[-1] if again else first_offer
        expected = AT if latest is first_offer else AT + DAY
        assert state.sightings == {latest.sha256: expected}
        assert SnapshotSighting(CODE, 1, first_offer.sha256, AT) in later.snapshots


def test_a_department_that_is_left_out_comes_back_with_its_instants() -> None:
    owner, other = Bureau(), second()
    one = offer(owner)
    first = merged(
        [(owner, owner.file()), (other, other.file())],
        manifests=[one],
        countersigner=THIRD_CODE,
    )
    table = {"departments": (owner.grant(suspended=True), other.grant())}
    without = merged(
        [(other, other.file())],
        remembered(first),
        AT + DAY,
        countersigner=THIRD_CODE,
        **table,
    )
    assert not without.draft.snapshots
    assert without.draft.countersigner is None
    back = merge_of(owner, memory=remembered(without), at=AT + 2 * DAY)
    assert [item.seen_at for item in back.draft.snapshots] == [AT]


def test_a_hub_of_nobody_countersigns_nothing() -> None:
    owner = Bureau()
    result = merge_of(owner, offer(owner), countersigner=None)
    assert not result.draft.snapshots
    assert not result.snapshots
    assert "no organization" in refused(result)[0]
    seen = merge_of(owner, offer(owner))
    later = merge_of(owner, memory=remembered(seen), countersigner=None)
    assert later.snapshots == seen.snapshots, "it stays in the memory"
    assert not later.draft.snapshots


def _ended(owner: Bureau, **changes: object) -> dict[str, object]:
    token, status = owner.bundle().keys
    period = Period(EARLY, AT - DAY)
    return {"keys": (replace(token, period=period, **changes), status)}


def test_a_manifest_of_another_organs_key_is_refused() -> None:
    owner, other = Bureau(), second()
    files = [(owner, owner.file()), (other, other.file())]
    bad = {
        "another department's token key": manifest(owner, signer=other.token),
        "its own status key": manifest(owner, signer=owner.status),
        "a key of nobody": manifest(owner, signer=new_key()),
        "a department that is not in": manifest(Bureau(code=THIRD_CODE)),
    }
    for name, data in bad.items():
        result = merged(files, manifests=[offered(data)], countersigner=THIRD_CODE)
        assert "not signed by a token key" in refused(result)[0], name
        assert not result.draft.snapshots
        assert not result.snapshots


def test_a_signature_that_does_not_hold_is_refused() -> None:
    owner = Bureau()
    data = bytearray(manifest(owner))
    data[-1] ^= 1
    assert refused(merge_of(owner, offered(bytes(data)))) == [
        "its signature does not hold"
    ]


@pytest.mark.parametrize(
    "changes", [{}, {"compromised_from": AT - DAY}], ids=["retired", "compromised"]
)
def test_a_key_in_doubt_is_not_countersigned_any_more(changes) -> None:
    owner = Bureau()
    keys = _ended(owner, **changes)
    result = merged(
        [(owner, owner.file(**keys))],
        manifests=[offer(owner, at=AT - 2 * DAY)],
        countersigner=THIRD_CODE,
    )
    assert "other hands" in refused(result)[0]
    withdrawn = Withdrawal(owner.token.public_key.kid, AT - DAY)
    hubs_word = merge_of(owner, offer(owner, at=AT - 2 * DAY), withdrawn=(withdrawn,))
    assert "other hands" in refused(hubs_word)[0]


def test_a_manifest_from_outside_its_keys_period_is_refused() -> None:
    owner = Bureau()
    early = offer(owner, at=EARLY - SECOND)
    assert "its key had ended" in refused(merge_of(owner, early))[0]


def test_a_manifest_from_the_future_is_refused() -> None:
    owner = Bureau()
    ahead = offer(owner, at=AT + timedelta(minutes=10))
    assert not refused(merge_of(owner, ahead))
    ahead = offer(owner, at=AT + timedelta(minutes=10) + SECOND)
    assert "dated after" in refused(merge_of(owner, ahead))[0]


def test_two_manifests_of_one_number_are_refused() -> None:
    owner = Bureau()
    one, twin = offer(owner, 3), offer(owner, 3, at=AT - DAY)
    both = merge_of(owner, one, twin)
    assert len(refused(both)) == 2
    assert not both.snapshots
    first = merge_of(owner, one, one)
    assert not refused(first), "the same file twice is one"
    later = merge_of(owner, one, twin, memory=remembered(first), at=AT + DAY)
    assert refused(later) == [
        "another manifest of the organization has the same number"
    ]
    assert later.snapshots == first.snapshots


def test_a_manifest_that_is_refused_takes_no_number_from_another() -> None:
    """Whoever can give a hub a file could else keep an organ from being witnessed."""
    owner, stranger = Bureau(), new_key()
    forged = [
        replace(offer(owner, 5, signer=stranger), file="foreign.cose"),
        replace(offer(owner, 5, at=AT + DAY), file="future.cose"),
    ]
    for order in (forged, forged[::-1]):
        result = merge_of(owner, order[0], offer(owner, 5), order[1])
        assert [item.file for item in result.manifests_refused] == [
            item.file for item in order
        ]
        assert [item.number for item in result.draft.snapshots] == [5]


def test_a_thief_cannot_push_the_number_out_of_reach() -> None:
    owner = Bureau()
    first = merge_of(owner, offer(owner, 1 << 40))
    later = merge_of(owner, offer(owner, 5), memory=remembered(first), at=AT + DAY)
    assert not refused(later)
    assert [item.number for item in later.draft.snapshots] == [5], "the one seen last"


def test_an_older_manifest_is_seen_now() -> None:
    """What an organ shows late proves nothing of the time before."""
    owner = Bureau()
    first = merge_of(owner, offer(owner, 9))
    replayed = offer(owner, 2, at=EARLY)
    later = merge_of(owner, replayed, memory=remembered(first), at=AT + DAY)
    seen = {item.number: item.seen_at for item in later.snapshots}
    assert seen == {9: AT, 2: AT + DAY}


def test_the_last_ones_before_each_end_and_the_closing_ones_are_published() -> None:
    owner = Bureau()
    token, status = owner.bundle().keys
    old = [new_key().public_key for _ in range(3)]
    period = Period(EARLY, AT - 5 * DAY)
    sightings = [
        SnapshotSighting(CODE, n, n.to_bytes(32, "big"), AT + (n - 20) * DAY)
        for n in range(20)
    ]
    keys = (
        token,
        status,
        replace(token, key=old[0], period=period),
        replace(token, key=old[1], compromised_from=AT - 10 * DAY),
        replace(token, key=old[2], period=period, closing=sightings[3].sha256),
    )
    result = merged(
        [(owner, owner.file(keys=keys))],
        HubMemory(snapshots=tuple(sightings)),
        countersigner=THIRD_CODE,
    )
    # Number 15 was seen in the instant of the end, and 14 the day before.
    assert [item.number for item in result.draft.snapshots] == [3, 9, 14, 19]
    assert len(result.snapshots) == 20, "all are remembered"
    assert result.draft.keys[-1].closing == sightings[3].sha256, "carried as it is"


def test_a_withdrawal_of_the_hub_brings_back_what_it_saw_before() -> None:
    """A compromise that becomes known late is answered out of the memory."""
    owner = Bureau()
    memory = HubMemory()
    for n in range(5):
        at = AT + n * DAY
        owner.issued_at = at
        result = merge_of(owner, offer(owner, n, at=at), memory=memory, at=at)
        memory = remembered(result)
        assert [item.number for item in result.draft.snapshots] == [n]
    late = Withdrawal(owner.token.public_key.kid, AT + 2 * DAY)
    result = merge_of(owner, memory=memory, at=AT + 5 * DAY, withdrawn=(late,))
    assert [item.number for item in result.draft.snapshots] == [1, 4]


def test_a_clock_that_went_back_publishes_nothing_from_its_future() -> None:
    owner = Bureau()
    first = merge_of(owner, offer(owner), at=AT + timedelta(hours=1))
    earlier = merge_of(owner, memory=remembered(first), at=AT)
    assert not earlier.draft.snapshots
    assert earlier.snapshots == first.snapshots


def test_of_many_ends_the_latest_are_published() -> None:
    owner = Bureau()
    token, status = owner.bundle().keys
    sightings = [
        SnapshotSighting(CODE, n, n.to_bytes(32, "big"), AT + (n - 200) * DAY)
        for n in range(200)
    ]
    many = [
        replace(
            token,
            key=new_key().public_key,
            period=Period(EARLY, item.seen_at + SECOND),
        )
        for item in sightings[:100]
    ]
    draft = merged(
        [(owner, owner.file(keys=(token, status, *many)))],
        HubMemory(snapshots=tuple(sightings)),
        countersigner=THIRD_CODE,
    ).draft
    numbers = [item.number for item in draft.snapshots]
    assert numbers == [*range(100 - MAX_SNAPSHOTS + 1, 100), 199]


def test_a_memory_that_is_full_loses_what_leaves_the_smallest_gap() -> None:
    owner = Bureau()
    draft = merge_of(owner).draft
    sightings = [
        SnapshotSighting(CODE, n, n.to_bytes(32, "big"), AT - (1000 - n) * DAY)
        for n in range(MAX_REMEMBERED)
    ]
    flood = [offer(owner, 1000 + n) for n in range(5)]
    kept = witness(draft, flood, sightings, AT).sightings
    assert len(kept) == MAX_REMEMBERED
    numbers = {item.number for item in kept}
    assert len(numbers & set(range(1000, 1005))) == 2, "all of one instant"
    assert len(numbers & set(range(MAX_REMEMBERED))) == MAX_REMEMBERED - 2
    assert {0, MAX_REMEMBERED - 1} <= numbers
    # The one that is published is never the one that goes.
    assert {item.sha256 for item in published(draft, kept)} <= {i.sha256 for i in kept}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 2)), min_size=1, max_size=12)
)
def test_no_instant_ever_moves(steps: list[tuple[int, int]]) -> None:
    """Whatever is offered, and offered again, in whatever order of merges."""
    memory: tuple[SnapshotSighting, ...] = ()
    first: dict[bytes, datetime] = {}
    for step, (number, hours) in enumerate(steps):
        at = AT + step * DAY + timedelta(hours=hours)
        draft = replace(DRAFT, issued_at=at)
        found = witness(draft, [OFFERS[number]], memory, at)
        memory = found.sightings
        first.setdefault(OFFERS[number].sha256, at)
        assert {item.sha256: item.seen_at for item in memory} == first
        for item in published(draft, memory):
            assert item.seen_at == first[item.sha256] <= at


OWNER = Bureau()
OFFERS = {n: offer(OWNER, n) for n in range(1, 7)}
DRAFT = merge_of(OWNER).draft


def test_a_closing_digest_that_changes_keeps_the_source_out() -> None:
    owner = Bureau()
    token, status = owner.bundle().keys
    old = KeyGrant(
        new_key().public_key, "token", CODE, owner.types, Period(EARLY, AT - DAY)
    )

    def keys(closing: bytes | None) -> tuple[KeyGrant, ...]:
        return token, status, replace(old, closing=closing)

    first = merged([(owner, owner.file(keys=keys(bytes(32))))])
    for closing in (None, bytes(31) + b"\1"):
        owner.number = 1
        result = merged([(owner, owner.next(keys=keys(closing)))], remembered(first))
        (report,) = result.reports
        assert report.outcome.value == "kept"
        assert "another closing snapshot" in report.refused.en
        assert result.draft.keys[-1].closing == bytes(32)


def test_a_department_that_brings_sightings_of_its_own_is_refused() -> None:
    owner = Bureau()
    data = owner.file(
        countersigner=SECOND_CODE,
        snapshots=(SnapshotSighting(CODE, 1, bytes(32), EARLY),),
    )
    (report,) = merged([(owner, data)]).reports
    assert "only a hub names" in report.refused.en


def test_a_folder_of_a_department_costs_a_hub_only_so_much(tmp_path) -> None:
    """What stands there nobody has looked at, and each file may have 4 MiB."""
    owner, unmatched, few = Bureau(), [], []
    for n in range(3):
        (tmp_path / f"{n}.cose").write_bytes(manifest(owner, n))
    (tmp_path / "4.cose").symlink_to("nowhere")
    for n in range(5, 20):
        (tmp_path / f"x{n}.cose").write_bytes(bytes(4 << 20))
    found = read([tmp_path], unmatched)
    assert [item.number for item in found] == [0, 1, 2]
    beyond, *odd = unmatched
    assert "more than 32 MiB" in beyond.reason.en
    assert len(odd) == 1 + 7, "the link, and what has no form"
    assert len(read([tmp_path / "0.cose"], few)) == 1
    assert not few
