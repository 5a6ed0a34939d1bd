"""Columns that grew are those that were built whole, byte for byte, or are not used."""

import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import payload
from elicense.files import FileError
from elicense.payload import Claims, StatusReference
from elicense.register import SnapshotMark
from elicense.register.sqlite import SqliteRegister
from elicense.snapshot import Built, Manifest, Terms, build, publish, rows
from elicense.snapshot.building import grow
from elicense.snapshot.manifest import MANIFEST_FILE, sign
from elicense.snapshot.merging import StoredRun, merge
from elicense.testing import SECOND_CODE, Department, Simulator, claims_of
from esign.algorithms import Suite
from esign.signer import SoftwareSigner
from tests.elicense.snapshots import enter, put, release, reserve

DAY = timedelta(days=1)
TYPES = ("food-business", "business-license")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A world, claims of one license in it, and tokens of every kind of class."""

    world: Simulator
    first: Claims
    pool: list[bytes]

    @property
    def owner(self) -> Department:
        return self.world.department


@pytest.fixture(scope="module")
def scene():
    with Simulator() as world:
        first = claims_of(world.issue())
        older = SoftwareSigner.generate(Suite.ED25519)
        pool = [payload.sign_token(first, older)]
        for index in range(90):
            signed = world.at - DAY * (index % 5) * 70
            # 31 days before the signature is the border between two classes.
            dated = signed.date() - DAY * (0, 30, 31, 32, 33, 900)[index % 6]
            place = StatusReference(2030 + index % 2, index)
            if index % 17 == 1:
                place = replace(place, index=1 << 20)
            item = replace(
                first, signed_at=signed, issue_date=dated, status=place,
                type_name=TYPES[index // 2 % 2],
                issuer=SECOND_CODE if index % 19 == 2 else first.issuer,
            )  # fmt: skip
            pool.append(payload.sign_token(item, world.department.token))
        yield Scene(world=world, first=first, pool=pool)


def same(one: Built, other: Built) -> bool:
    """Tell whether two builds are one, but for the name of a file."""
    assert one.path.read_bytes() == other.path.read_bytes()
    assert one == replace(other, path=one.path)
    return True


@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_what_grew_is_what_is_built_whole(scene, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("c")
    order = data.draw(st.permutations(range(len(scene.pool))))
    order = order[: data.draw(st.integers(0, len(order)))]
    tokens = [scene.pool[number] for number in order]
    at = st.integers(0, len(tokens))
    cuts = sorted(data.draw(st.lists(at, max_size=4)))
    size = data.draw(st.integers(1, 40))
    most = data.draw(st.sampled_from([3, 4096]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "MAX_CLASSES", most)
        whole = build(tokens, folder)
        grown = build([], folder, run_rows=size)
        for first, end in pairwise([0, *cuts, len(tokens)]):
            grown = grow(grown, tokens[first:end], folder, run_rows=size)
    assert same(grown, whole)
    assert len(whole.classes) <= most
    assert whole.rows + whole.left_out == len(tokens)
    shutil.rmtree(folder)


@given(token=st.binary(max_size=600))
def test_the_text_whose_digest_a_row_has_is_that_of_the_qr(token):
    assert rows.offline_text(token) == payload.qr_text(token).encode()


def test_a_token_that_is_there_already_is_misuse(scene, tmp_path):
    before = build(scene.pool[:20], tmp_path)
    with pytest.raises(ValueError, match="twice"):
        grow(before, [scene.pool[30], scene.pool[4]], tmp_path)
    assert [*tmp_path.iterdir()] == [before.path]


def test_columns_that_are_gone_cannot_grow(scene, tmp_path):
    before = build(scene.pool[:2], tmp_path)
    before.path.unlink()
    with pytest.raises(FileError, match="read"):
        grow(before, scene.pool[4:5], tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_rows_that_do_not_ascend_are_no_run(scene, tmp_path):
    before = build(scene.pool[:20], tmp_path)
    data = before.path.read_bytes()
    with (tmp_path / "turned").open("w+b") as file, (tmp_path / "new").open("wb") as to:
        file.write(data[8:16] + data[:8] + data[16:])
        with pytest.raises(ValueError, match="twice"):
            merge([StoredRun(file, 0, before.rows)], to, lambda _done: None)


# From a register


@dataclass(kw_only=True)
class Office:
    """A register with its public folder, and how many tokens were read of it."""

    scene: Scene
    register: SqliteRegister
    folder: Path
    read: list[int]

    def issue(self, count: int, **changes: object) -> list[bytes]:
        made = replace(self.scene.first, **changes)
        return enter(self.register, [made] * count, self.scene.owner.token)

    def publish(self, signer=None) -> Manifest:
        """Publish, and compare with what a register without a memory publishes."""
        owner, world = self.scene.owner, self.scene.world
        terms, signer = Terms(owner.code, world.at), signer or owner.token
        counted = Counted(self.register, self.read)
        made = publish(counted, self.folder, terms, signer)
        afresh = self.folder.with_name("afresh")
        whole = publish(self.register, afresh, terms, signer)
        assert replace(made, number=0) == replace(whole, number=0)
        assert files_of(self.folder, made) == files_of(afresh, whole)
        shutil.rmtree(afresh)
        return made


def files_of(folder: Path, manifest: Manifest) -> bytes:
    return (folder / manifest.columns_file).read_bytes()


class Counted:
    """A register that counts the tokens that are read of it in one publication."""

    def __init__(self, register, read) -> None:
        self._register, self._read = register, read
        read.append(0)

    def __getattr__(self, name):
        return getattr(self._register, name)

    def issued(self, after=0):
        for item in self._register.issued(after):
            self._read[-1] += 1
            yield item


@pytest.fixture
def office(scene, tmp_path):
    with SqliteRegister.create(tmp_path / "register.db") as register:
        folder = tmp_path / "public" / "snapshot"
        yield Office(scene=scene, register=register, folder=folder, read=[])


def test_a_publication_reads_what_was_issued_since(office):
    assert office.publish().rows == 0
    for count in (3, 0, 1, 40, 0):
        office.issue(count) if count else None
        office.publish()
    assert office.read == [0, 3, 0, 1, 40, 0]
    assert office.publish().rows == 44


def test_what_was_reserved_before_and_issued_since_is_inside(office):
    office.issue(2)
    owner = office.scene.owner
    (slow,) = reserve(office.register, [office.scene.first], owner.token)
    office.publish()
    office.issue(1, type_name="business-license")
    office.publish()
    release(office.register, [slow.identifier])
    assert office.publish().rows == 4
    assert office.read == [2, 1, 1]


def test_what_has_no_row_is_counted_and_not_read_again(office):
    office.issue(2)
    office.publish()
    # Its identifier is not its issuer's.
    office.issue(1, issuer=SECOND_CODE)
    made = office.publish()
    assert (made.rows, made.left_out) == (2, 1)
    office.publish()
    office.issue(1)
    made = office.publish()
    assert (made.rows, made.left_out) == (3, 1)
    assert office.read == [2, 1, 0, 1]


def test_a_register_restored_from_a_copy_is_read_whole(office, tmp_path):
    office.issue(2)
    office.publish()
    office.register.let_go()
    copy = tmp_path / "copy.db"
    shutil.copy(tmp_path / "register.db", copy)
    office.issue(2)
    office.publish()
    with SqliteRegister.open(copy) as restored:
        office.register, office.read = restored, []
        # As many as were published, and other ones: the count alone tells nothing.
        office.issue(2)
        made = office.publish()
        assert office.read == [4]
        assert made.rows == 4
        office.issue(1)
        office.publish()
        assert office.read == [4, 1]


def lose(office, manifest) -> None:
    (office.folder / manifest.columns_file).unlink()


def edit(office, manifest) -> None:
    path = office.folder / manifest.columns_file
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)


def forget(office, _) -> None:
    office.register._file.run("DELETE FROM snapshot_mark")


def miscount(office, manifest) -> None:
    mark = office.register.mark(manifest.sha256)
    office.register.keep_mark(replace(mark, issued=mark.issued - 1))


def stop_short(office, manifest) -> None:
    """As if an event were missing that was there."""
    mark = office.register.mark(manifest.sha256)
    office.register.keep_mark(replace(mark, event_seq=mark.event_seq - 1))


def forge_manifest(office, manifest) -> None:
    data = sign(manifest, SoftwareSigner.generate(Suite.ES256))
    (office.folder / MANIFEST_FILE).write_bytes(data)


def spoil_manifest(office, _) -> None:
    (office.folder / MANIFEST_FILE).write_bytes(b"\xd2")


def hold_others(office, _) -> None:
    """Put columns of as many licenses there, one of which is issued later on."""
    owner, world = office.scene.owner, office.scene.world
    tokens = [token for _, token in office.register.issued()]
    made = put(office.folder, tokens[1:], owner.token, owner.code, world.at)
    seqs = [seq for seq, _ in office.register.issued()]
    mark = SnapshotMark(made.manifest.sha256, seqs[-2], len(seqs) - 1)
    office.register.keep_mark(mark)


DAMAGES = (
    *(lose, edit, forget, miscount, stop_short),
    *(forge_manifest, spoil_manifest, hold_others),
)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda item: item.__name__)
@pytest.mark.parametrize("more", [0, 1])
def test_where_anything_does_not_fit_all_is_built_anew(office, damage, more):
    office.issue(3)
    made = office.publish()
    damage(office, made)
    if more:
        office.issue(more)
    office.read.clear()
    again = office.publish()
    assert again.rows == 3 + more
    assert again.number > made.number
    # Where the columns held others, that shows as the tokens since are merged.
    assert office.read[0] in (3 + more, 3 + more + 1 + more)
    office.issue(1)
    office.publish()
    assert office.read[-1] == 1


def test_a_new_key_signs_what_is_built_anew(office):
    office.issue(2)
    office.publish()
    newer = SoftwareSigner.generate(Suite.ES256)
    office.publish(newer)
    office.issue(1)
    office.publish(newer)
    assert office.read == [2, 2, 1]


def test_a_long_publication_is_told(office, monkeypatch):
    monkeypatch.setattr("elicense.snapshot.growing._TOLD_EACH", 2)
    owner, world = office.scene.owner, office.scene.world
    told = []

    def published():
        told.clear()
        terms = Terms(owner.code, world.at)
        note = lambda done, all_: told.append((done, all_))  # noqa: E731
        publish(office.register, office.folder, terms, owner.token, note)
        return told

    office.issue(5)
    assert published() == [(2, 10), (4, 10), (10, 10)]
    office.issue(3)
    assert published() == [(2, 11), (11, 11)]
    assert published() == []
