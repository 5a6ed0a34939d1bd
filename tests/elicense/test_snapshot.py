"""Snapshots: the answer of the signature without the signature, and nothing else."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import files, payload
from elicense.payload import StatusReference
from elicense.policy import STANDARD, ValidationPolicy
from elicense.snapshot import (
    CODES,
    NEVER,
    NO_ANSWER,
    ForeignSnapshotError,
    SeenSnapshot,
    Snapshot,
    Snapshots,
    StaleSnapshotError,
    Terms,
    build,
    publish,
)
from elicense.snapshot.manifest import open_manifest
from elicense.snapshot.texts import Column
from elicense.testing import (
    CODE,
    SECOND_CODE,
    Department,
    Simulator,
    claims_of,
)
from elicense.trust import KeyGrant, Period, RollbackError, Succession, TrustState
from elicense.validating import Scope, validate_text
from esign.algorithms import Suite
from esign.errors import ESignError, MalformedError, VerificationError
from esign.signer import SoftwareSigner
from esign.statuslist import Status
from esign.verdict import Code
from tests.elicense.snapshots import DAY, TODAY, Made, put, tokens_of, variants

P256_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, kw_only=True)
class City:
    """A world with two departments, the snapshot of each, and texts of all kinds."""

    world: Simulator
    made: tuple[Made, Made]
    texts: tuple[str, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(item.path for item in self.made)


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Iterator[City]:
    with Simulator() as world:
        texts, made = [], []
        for owner in world.departments:
            tokens = tokens_of(owner, variants(world, owner))
            held = tokens[:-1]  # the last one was issued after the publication
            folder = tmp_path_factory.mktemp("public") / "snapshot"
            made.append(put(folder, held, owner.token, owner.code, world.at))
            texts += [payload.qr_text(token) for token in tokens]
            texts += [
                payload.qr_text(token, check_page="check.example") for token in tokens
            ]
        yield City(
            world=world, made=(made[0], made[1]), texts=(*texts, *strange(texts[0]))
        )


def strange(text: str) -> list[str]:
    """Return texts that are of no license, made from that of a good one."""
    token = payload.read_qr_text(text)
    s = int.from_bytes(token[-32:], "big")
    twin = token[:-32] + (P256_N - s).to_bytes(32, "big")
    online = payload.qr_text(token, check_page="check.example")
    return [
        "",
        " ",
        "\ud800",
        "证照",
        text.lower(),
        text + " ",
        text[:-1],
        text[:12] + "0" + text[12:],
        payload.qr_text(twin),
        payload.qr_text(token[:-1] + bytes([token[-1] ^ 1])),
        online.lower(),
        online.replace("%20", " ").replace("CHECK", "OTHER") + "%41",
        "HTTPS://CHECK.EXAMPLE/#EL2" + text[12:],
        "HTTPS://" + "A" * 5000,
        "EL1-AQYZ/.:$" + "A" * 5000,
        "https://example.org/",
    ]


def column(texts: Sequence[str]) -> Column:
    """Return texts as those of a column stand, in the middle of others."""
    each = ["x", *texts, "x"]
    raw = [text.encode("utf-8", "surrogatepass") for text in each]
    bounds = np.cumsum([0, *map(len, raw)])
    return Column(memoryview(b"".join(raw)), bounds).part(1, len(each) - 1)


def agree(
    texts: tuple[str, ...],
    snapshots: Snapshots,
    state: TrustState,
    at: datetime,
    policy: ValidationPolicy = STANDARD,
) -> int:
    """Compare every answer with the signature path; return how many there were."""
    answers = snapshots.answer(texts)
    for one, other in zip(snapshots.answer_each(column(texts)), answers, strict=True):
        assert one.tolist() == other.tolist()
    count = 0
    for text, number, as_of in zip(texts, answers.codes, answers.as_of, strict=True):
        expected = validate_text(text, state, at, policy=policy)
        verdict = snapshots.validate_text(text)
        if number == NO_ANSWER:
            assert verdict is None
            assert as_of == NEVER
            continue
        count += 1
        assert verdict is not None
        assert verdict == replace(expected, evidence="snapshot")
        assert CODES[number] is expected.code, text
        assert (verdict.scope, verdict.evidence) == (Scope.QR, "snapshot")
        published = expected.status_as_of
        assert as_of == (NEVER if published is None else published.timestamp())
    return count


INSTANTS = st.one_of(
    st.sampled_from([-1, 0, 1]).flatmap(
        lambda second: st.integers(-3, 3).map(
            # 00:00 in UTC+8, a second before and after
            lambda day: (
                datetime.fromisoformat("2026-11-20T16:00:00+00:00")
                + timedelta(days=day, seconds=second)
            )
        )
    ),
    st.integers(-40, 40).map(
        lambda hours: (
            datetime.fromisoformat("2026-11-21T02:00:00+00:00") + timedelta(hours=hours)
        )
    ),
)


@given(at=INSTANTS)
@settings(max_examples=60, deadline=None)
def test_an_answer_is_that_of_the_signature(city, at):
    state = city.world.trust()
    snapshots = Snapshots.open(city.paths, state, at)
    assert not snapshots.refused
    count = agree(city.texts, snapshots, state, at)
    # What was signed after the instant is left to the signature.
    assert count >= (100 if at >= city.world.at else 0)


def test_what_is_asked_of_the_signature_and_what_is_not(city):
    state = city.world.trust()
    snapshots = Snapshots.open(city.paths, state, city.world.at)
    answers = snapshots.answer(city.texts)
    found = {CODES[n] for n in answers.codes if n != NO_ANSWER}
    assert found >= {
        Code.VALID,
        Code.REVOKED,
        Code.SUSPENDED,
        Code.SUPERSEDED,
        Code.EXPIRED,
        Code.LAPSED,
        Code.NOT_YET_VALID,
        Code.NO_STATUS,
    }
    odd = strange(city.texts[0])
    assert set(snapshots.answer(odd).codes) == {NO_ANSWER}
    assert set(snapshots.answer_each(column(odd)).codes) == {NO_ANSWER}
    assert snapshots.answer_each(column([])).codes.shape == (0,)
    assert Code.VALID not in {validate_text(t, state, city.world.at).code for t in odd}
    assert len(snapshots) == 2
    assert snapshots.answer([]).codes.shape == (0,)


Knob = Callable[[Department], None]


def grant_less(owner: Department) -> None:
    owner.types = ("business-license",)


def retire(owner: Department) -> None:
    owner.token_period = Period(
        owner.token_period.signs_from,
        datetime.fromisoformat("2026-11-21T01:00:00+00:00"),
    )


def unlist_key(owner: Department) -> None:
    owner.token_listed = False


def compromise(owner: Department) -> None:
    owner.token_compromised_from = datetime.fromisoformat("2026-11-21T02:30:00+00:00")


def backfill(owner: Department) -> None:
    owner.backfill = (TODAY - 5000 * DAY, TODAY - 3000 * DAY)


def no_lists(owner: Department) -> None:
    owner.lists = set()


def short_lists(owner: Department) -> None:
    owner.status_age = timedelta(minutes=1)


def unlist(owner: Department) -> None:
    owner.listed = False


KNOBS: dict[str, tuple[Knob, bool]] = {
    "the key may no longer sign the type": (grant_less, True),
    "the key retired and nobody attests that it was destroyed": (retire, False),
    "the key is not listed": (unlist_key, False),
    "the key was withdrawn as compromised": (compromise, False),
    "the key may seal what was granted on paper": (backfill, True),
    "no status list is published": (no_lists, True),
    "the status lists ended": (short_lists, True),
    "the organization is not listed": (unlist, False),
}


@pytest.mark.parametrize("name", KNOBS)
@pytest.mark.parametrize("minutes", [0, 5])
def test_whatever_is_believed_the_answers_agree(name, minutes, tmp_path):
    knob, used = KNOBS[name]
    with Simulator() as world:
        owner, other = world.departments
        tokens = tokens_of(owner, variants(world, owner))
        texts = tuple(payload.qr_text(token) for token in tokens)
        made = put(tmp_path / "a", tokens, owner.token, owner.code, world.at)
        knob(owner)
        state, at = world.trust(), world.at + timedelta(minutes=minutes)
        snapshots = Snapshots.open([made.path], state, at)
        assert len(snapshots) == used
        agree(texts, snapshots, state, at)
        assert other.listed


def test_an_older_key_is_answered_under_the_newer_ones_manifest(tmp_path):
    with Simulator() as world:
        owner = world.department
        tokens = tokens_of(owner, variants(world, owner))
        old = KeyGrant(
            owner.token.public_key,
            "token",
            owner.code,
            owner.types,
            Period(owner.token_period.signs_from, world.at + timedelta(minutes=1)),
        )
        owner.token = SoftwareSigner.generate(Suite.ED25519)
        tokens += tokens_of(owner, variants(world, owner))
        texts = tuple(payload.qr_text(token) for token in tokens)
        made = put(tmp_path / "a", tokens, owner.token, owner.code, world.at)
        at = world.at + timedelta(minutes=2)
        for destroyed, compromised in (
            (False, None),
            (True, None),
            (True, world.at - timedelta(days=1)),
        ):
            grant = replace(old, destroyed=destroyed, compromised_from=compromised)
            owner.more_keys = [grant]
            state = world.trust()
            snapshots = Snapshots.open([made.path], state, at)
            assert agree(texts, snapshots, state, at) >= len(texts) - 4
            codes = set(snapshots.answer(texts).codes)
            doubtful = not destroyed or compromised is not None
            assert (CODES.index(Code.KEY_COMPROMISED) in codes) == doubtful


def test_an_organ_that_took_over_answers_for_the_one_before(tmp_path):
    with Simulator() as world:
        before, after = world.departments
        tokens = tokens_of(before, variants(world, before))
        texts = tuple(payload.qr_text(token) for token in tokens)
        made = put(tmp_path / "a", tokens, after.token, after.code, world.at)
        for types, since, answered in (
            ((), world.at, False),
            (before.types, world.at + timedelta(minutes=1), False),
            (before.types, world.at, True),
        ):
            before.successors = (
                (Succession(after.code, since, types, keeps_lists=False),)
                if types
                else ()
            )
            state = world.trust()
            snapshots = Snapshots.open([made.path], state, world.at)
            assert len(snapshots) == 1
            assert (agree(texts, snapshots, state, world.at) > 0) == answered


def test_a_policy_and_a_clock_count_as_for_a_signature(city):
    state = city.world.trust()
    for policy, at in (
        (ValidationPolicy(max_status_age=timedelta(minutes=1)), timedelta(minutes=2)),
        (ValidationPolicy(max_bundle_age=timedelta(hours=1)), timedelta(minutes=30)),
        (STANDARD, timedelta(days=6, hours=23)),
    ):
        now = city.world.at + at
        snapshots = Snapshots.open(city.paths, state, now, policy=policy)
        assert agree(city.texts, snapshots, state, now, policy) > 100
    late = state.on_clock(city.world.at + timedelta(days=1))
    snapshots = Snapshots.open(city.paths, late, city.world.at)
    assert agree(city.texts, snapshots, late, city.world.at) > 100
    codes = set(snapshots.answer(city.texts).codes)
    assert codes == {NO_ANSWER, CODES.index(Code.CLOCK_ROLLBACK)}


def test_what_was_opened_serves_under_a_newer_bundle(city):
    world = city.world
    opened = Snapshot.open(city.made[0].path, world.trust(), world.at)
    later = world.at + timedelta(days=1)
    state = world.trust()
    again = Snapshots([opened.under(state, later)], state, later)
    assert agree(city.texts, again, state, later) > 50
    with pytest.raises(StaleSnapshotError):
        opened.under(state, world.at + timedelta(days=8))


# What is refused


@pytest.fixture
def place(tmp_path):
    """A world and a snapshot of it that may be spoiled."""
    with Simulator() as world:
        owner = world.department
        tokens = tokens_of(owner, variants(world, owner))
        yield world, put(tmp_path / "s", tokens, owner.token, owner.code, world.at)


def opened(place, **changes) -> Snapshot:
    world, made = place
    given = {"trust": world.trust(), "at": world.at, **changes}
    return Snapshot.open(made.path, given.pop("trust"), given.pop("at"), **given)


def test_a_byte_edited_anywhere_is_refused(place):
    _, made = place
    assert opened(place).columns
    for path in (made.path, made.columns):
        whole = path.read_bytes()
        for at in range(0, len(whole), max(1, len(whole) // 60)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(ESignError):
                opened(place)
        path.write_bytes(whole)
    assert opened(place).columns


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_file_that_is_cut_off_is_refused(place, cut):
    _, made = place
    for path in (made.path, made.columns):
        whole = path.read_bytes()
        path.write_bytes(whole[:cut])
        with pytest.raises(MalformedError):
            opened(place)
        path.write_bytes(whole + b"\0")
        with pytest.raises(MalformedError):
            opened(place)
        path.write_bytes(whole)


def test_columns_that_are_gone_are_an_error_of_the_world(place):
    _, made = place
    made.columns.unlink()
    with pytest.raises(files.FileError):
        opened(place)
    made.path.unlink()
    with pytest.raises(files.FileError):
        opened(place)


def test_another_snapshots_columns_are_refused(place, tmp_path):
    world, made = place
    owner = world.department
    tokens = tokens_of(owner, variants(world, owner))
    other = put(tmp_path / "t", tokens, owner.token, owner.code, world.at)
    made.columns.write_bytes(other.columns.read_bytes())
    with pytest.raises(VerificationError, match="not those of the manifest"):
        opened(place)


def test_a_stranger_s_snapshot_is_foreign(place, tmp_path):
    world, _ = place
    stranger = SoftwareSigner.generate(Suite.ES256)
    owner, other = world.departments
    for number, (signer, code) in enumerate(
        {
            "an unknown key": (stranger, owner.code),
            "another organ's key": (other.token, owner.code),
            "a status key": (owner.status, owner.code),
            "an unknown organ": (owner.token, "91990101MA0000001W"),
        }.values()
    ):
        try:
            made = put(tmp_path / str(number), [], signer, code, world.at)
        except ValueError:
            continue
        with pytest.raises(ForeignSnapshotError):
            opened((world, made))


def test_a_snapshot_of_a_root_that_is_not_pinned_is_foreign(place):
    with Simulator() as elsewhere, pytest.raises(ForeignSnapshotError):
        opened(place, trust=elsewhere.trust())


def test_an_old_snapshot_is_stale(place):
    world, made = place
    limit = made.manifest.next_update
    assert opened(place, at=limit).columns
    with pytest.raises(StaleSnapshotError):
        opened(place, at=limit + timedelta(seconds=1))
    short = ValidationPolicy(max_bundle_age=timedelta(days=2))
    with pytest.raises(StaleSnapshotError):
        opened(place, at=world.at + timedelta(days=2, seconds=1), policy=short)


def test_a_number_never_falls(place):
    _, made = place
    seen = opened(place).admitted.seen
    assert opened(place, seen={CODE: seen}).admitted.seen == seen
    assert opened(place, seen={SECOND_CODE: seen._replace(number=9)}).columns
    for known in (seen._replace(number=2), seen._replace(digest=bytes(32))):
        with pytest.raises(RollbackError):
            opened(place, seen={CODE: known})
    older = SeenSnapshot(0, bytes(32))
    snapshots = Snapshots.open([made.path], place[0].trust(), place[0].at)
    assert snapshots.seen == {CODE: seen}
    assert opened(place, seen={CODE: older}).columns


def test_of_two_of_one_organ_the_higher_number_is_remembered(place, tmp_path):
    world, made = place
    owner = world.department
    tokens = tokens_of(owner, [claims_of(world.issue())])
    newer = put(tmp_path / "new", tokens, owner.token, CODE, world.at, number=2)
    for paths in ((made.path, newer.path), (newer.path, made.path)):
        snapshots = Snapshots.open(paths, world.trust(), world.at)
        assert snapshots.seen[CODE].number == 2
        assert len(snapshots.digests) == len(snapshots) == 2


def test_a_key_signs_snapshots_in_its_period_alone(place):
    world, _ = place
    owner = world.department
    owner.token_period = Period(
        owner.token_period.signs_from, world.at - timedelta(seconds=1)
    )
    owner.destroyed = True
    with pytest.raises(VerificationError, match="period"):
        opened(place)
    owner.token_period = Period(
        owner.token_period.signs_from, world.at + timedelta(seconds=1)
    )
    assert opened(place, at=world.at + timedelta(days=1)).columns
    owner.destroyed = False
    with pytest.raises(VerificationError, match="other hands"):
        opened(place, at=world.at + timedelta(days=1))


def test_a_refused_snapshot_stops_no_other(city, tmp_path):
    broken = tmp_path / "manifest.cose"
    broken.write_bytes(b"\xd2")
    missing = tmp_path / "none.cose"
    state = city.world.trust()
    snapshots = Snapshots.open([broken, *city.paths, missing], state, city.world.at)
    assert [item.path for item in snapshots.refused] == [broken, missing]
    assert isinstance(snapshots.refused[0].error, MalformedError)
    assert isinstance(snapshots.refused[1].error, files.FileError)
    assert agree(city.texts, snapshots, state, city.world.at) > 100
    none = Snapshots.open([broken], state, city.world.at)
    assert len(none) == 0
    assert agree(city.texts, none, state, city.world.at) == 0


BAD_MANIFESTS: dict[str, dict[str, object]] = {
    "it never ends": {"next_update": datetime.fromisoformat("2027-01-01T00:00+00:00")},
    "it ends as it begins": {
        "next_update": datetime.fromisoformat("2026-11-21T02:00:00+00:00")
    },
    "so many rows have another size": {"rows": 1},
    "rows without a class": {"classes": ()},
}


@pytest.mark.parametrize("name", BAD_MANIFESTS)
def test_a_manifest_whose_parts_do_not_fit_is_not_signed(place, name, tmp_path):
    world, _ = place
    owner = world.department
    tokens = tokens_of(owner, variants(world, owner)[:3])
    with pytest.raises(ValueError, match="snapshot"):
        put(
            tmp_path / "x",
            tokens,
            owner.token,
            owner.code,
            world.at,
            **BAD_MANIFESTS[name],
        )


# Building


def test_the_file_has_what_the_page_says(place):
    world, made = place
    manifest = made.manifest
    size = made.columns.stat().st_size
    assert size == manifest.size
    assert size <= 30 * manifest.rows
    assert manifest.left_out == 0
    assert manifest.rows == sum(1 for _ in variants(world, world.department))
    kinds = {(item.type_name, item.list_number) for item in manifest.classes}
    assert {name for name, _ in kinds} == {"food-business", "business-license"}
    for item in manifest.classes:
        assert item.kid == world.department.token.public_key.kid
        assert item.signed[0] <= item.signed[1] <= world.at
        assert item.dated[0] <= item.dated[1]


def test_what_does_not_fit_is_left_out_and_counted(place, tmp_path):
    world, _ = place
    owner = world.department
    claims = claims_of(world.issue())
    number = claims.status.list_number
    tokens = tokens_of(
        owner,
        [
            claims,
            replace(claims, status=StatusReference(number, 1 << 20)),
            replace(claims, issuer=SECOND_CODE),
        ],
    )
    made = put(tmp_path / "x", tokens, owner.token, owner.code, world.at)
    assert (made.manifest.rows, made.manifest.left_out) == (1, 2)
    many = (replace(claims, status=StatusReference(n, 1)) for n in range(4100))
    made = put(
        tmp_path / "y", tokens_of(owner, many), owner.token, owner.code, world.at
    )
    assert (made.manifest.rows, made.manifest.left_out) == (4096, 4)
    opened((world, made))


def test_runs_are_merged_in_order(city, tmp_path):
    tokens = [payload.read_qr_text(text) for text in city.texts[:20]]
    pieces = build(tokens, tmp_path, run_rows=7).path.read_bytes()
    again = build(tokens[::-1], tmp_path, run_rows=1000)
    # Classes are numbered as they come; digests and days are the same.
    assert again.path.read_bytes()[: 24 * 20] == pieces[: 24 * 20]
    assert again.rows == 20


def test_a_token_that_comes_twice_is_misuse(city, tmp_path):
    token = payload.read_qr_text(city.texts[0])
    with pytest.raises(ValueError, match="twice"):
        build([token, token], tmp_path)
    with pytest.raises(MalformedError):
        build([b"no token"], tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(files.FileError):
        build([token], tmp_path / "none")


# Publishing


def terms(world: Simulator) -> Terms:
    return Terms(world.department.code, world.at)


def test_a_register_is_published_and_grows(tmp_path):
    folder = tmp_path / "public" / "snapshot"
    with Simulator() as world:
        owner = world.department
        empty = publish(owner.register, folder, terms(world), owner.token)
        assert (empty.number, empty.rows) == (1, 0)
        issued = [world.issue() for _ in range(3)]
        owner.end(issued[1], Status.INVALID)
        first = publish(owner.register, folder, terms(world), owner.token)
        assert (first.number, first.rows) == (2, 3)
        again = publish(owner.register, folder, terms(world), owner.token)
        assert (again.number, again.columns_file) == (3, first.columns_file)
        issued.append(world.issue())
        (folder / ".new-left-by-a-broken-run").write_bytes(b"")
        last = publish(owner.register, folder, terms(world), owner.token)
        assert (last.number, last.rows) == (4, 4)
        assert sorted(path.name for path in folder.iterdir()) == sorted(
            {"manifest.cose", again.columns_file, last.columns_file}
        )
        state = world.trust()
        snapshots = Snapshots.open([folder / "manifest.cose"], state, world.at)
        texts = tuple(item.qr_text for item in issued)
        assert agree(texts, snapshots, state, world.at) == 4


def test_what_is_there_and_not_ones_own_is_not_signed_again(tmp_path):
    folder = tmp_path / "snapshot"
    with Simulator() as world:
        owner, other = world.departments
        forged = tokens_of(owner, variants(world, owner)[:1])
        good = publish(owner.register, folder, terms(world), owner.token)
        put(folder, forged, other.token, owner.code, world.at, number=7)
        last = publish(owner.register, folder, terms(world), owner.token)
        assert last.columns_file == good.columns_file
        assert (folder / last.columns_file).read_bytes()
        # Columns that were edited are made anew.
        path = folder / last.columns_file
        path.write_bytes(bytes(len(path.read_bytes())))
        publish(owner.register, folder, terms(world), owner.token)
        assert opened((world, Made(path=folder / "manifest.cose", manifest=good)))


def test_a_place_that_cannot_be_written_leaves_the_old_one(tmp_path):
    folder = tmp_path / "snapshot"
    with Simulator() as world:
        owner = world.department
        world.issue()
        good = publish(owner.register, folder, terms(world), owner.token)
        before = (folder / "manifest.cose").read_bytes()
        (folder / good.columns_file).unlink()
        (folder / good.columns_file).mkdir()
        with pytest.raises(files.FileError):
            publish(owner.register, folder, terms(world), owner.token)
        assert (folder / "manifest.cose").read_bytes() == before


def test_nothing_of_a_person_stands_in_it(tmp_path):
    folder = tmp_path / "snapshot"
    with Simulator() as world:
        owner = world.department
        issued = [world.issue("special-operation") for _ in range(2)]
        publish(owner.register, folder, terms(world), owner.token)
        everything = b"".join(path.read_bytes() for path in folder.iterdir())
        for item in issued:
            draft = item.license.draft
            row = owner.register.get(item.license.identifier)
            claims = claims_of(item)
            secrets = [draft.number, item.license.identifier, draft.case_number]
            secrets += [claims.number, claims.holder, claims.holder_code]
            secrets += [holder.name for holder in draft.holders]
            secrets += [holder.code for holder in draft.holders]
            assert sum(map(bool, secrets)) >= 7
            assert not any(text and text.encode() in everything for text in secrets)
            assert claims.record_digest not in everything
            assert row.allocation.salt not in everything
            assert row.allocation.serial.encode() not in everything
        _, manifest = open_manifest((folder / "manifest.cose").read_bytes())
        assert {item.type_name for item in manifest.classes} == {"special-operation"}
        assert manifest.rows == len(issued)
