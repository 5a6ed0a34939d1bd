"""A snapshot that the bundle names is evidence for what is inside, and no more."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from elicense import payload
from elicense.bulk import ArrowJudge, validate_many
from elicense.files import FileError
from elicense.snapshot import Archive, Snapshots, closings, named
from elicense.testing import CODE, SECOND_CODE, START, Simulator, claims_of
from elicense.trust import Period, SnapshotSighting, Source, Succession, TrustState
from elicense.validating.evidence import Proof
from esign.errors import MalformedError, VerificationError
from esign.verdict import Code
from tests.elicense.snapshots import Made, put, tokens_of, variants

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
HUB_CODE = "119901000000000430"
DOUBTED = (Code.KEY_COMPROMISED, Code.KEY_COMPROMISED)
INSIDE = (Code.VALID, Code.KEY_COMPROMISED)


class Scene:
    """A key that retired, and a snapshot of all that it signed but the last token."""

    def __init__(
        self, world: Simulator, made: Made, tokens: list[bytes], folder: Path
    ) -> None:
        self.world, self.made, self.tokens, self.folder = world, made, tokens, folder
        self.archive = Archive.open(made.path)

    def codes(self, *evidence: Proof) -> tuple[Code, ...]:
        """Return the codes of the first token and of the one that is not inside."""
        return tuple(
            self.world.validate(payload.qr_text(token), evidence=evidence).code
            for token in (self.tokens[0], self.tokens[-1])
        )

    def why(self, token: bytes, *evidence: Proof) -> str:
        verdict = self.world.validate(payload.qr_text(token), evidence=evidence)
        (check,) = (one for one in verdict.checks if one.id == "key")
        return check.detail

    def close(self) -> None:
        self.world.department.closing = self.archive.digest

    def countersign(self, seen_at: datetime, by: str = HUB_CODE) -> None:
        sighting = SnapshotSighting(CODE, 1, self.archive.digest, seen_at)
        self.world.countersigner, self.world.snapshots = by, [sighting]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with Simulator() as world:
        owner = world.department
        claims = variants(world, owner)
        # The last one is as good as the first, and nobody knows when it was signed.
        tokens = tokens_of(owner, [*claims, replace(claims[0], number="后")])
        made = put(tmp_path / "kept", tokens[:-1], owner.token, owner.code, world.at)
        world.at = START + 10 * DAY
        owner.status_age = 30 * DAY
        yield Scene(world, made, tokens, tmp_path)


def retire(scene: Scene) -> None:
    owner = scene.world.department
    owner.token_period = replace(owner.token_period, signs_until=START + DAY)


# Closing.


def test_a_closing_snapshot_keeps_good_what_is_inside(scene: Scene) -> None:
    retire(scene)
    assert scene.codes(scene.archive) == DOUBTED, "the bundle does not name it"
    scene.close()
    assert scene.codes() == DOUBTED
    assert scene.codes(scene.archive) == INSIDE
    assert scene.codes(b"no timestamp", scene.archive) == INSIDE


def test_the_reason_says_what_is_missing(scene: Scene) -> None:
    retire(scene)
    assert "evidence" not in scene.why(scene.tokens[0])
    scene.close()
    name = scene.archive.digest.hex()
    assert f"the snapshot that closes it, sha256 {name}" in scene.why(scene.tokens[0])
    assert "not inside" in scene.why(scene.tokens[-1], scene.archive)
    assert "inside the snapshot" in scene.why(scene.tokens[0], scene.archive)
    scene.world.department.token_compromised_from = START - DAY
    assert "does not lift" in scene.why(scene.tokens[0], scene.archive)


def test_another_snapshot_proves_nothing(scene: Scene) -> None:
    """One with the same columns, one with the very token more, one of another organ."""
    retire(scene)
    scene.close()
    owner, other = scene.world.department, scene.world.departments[1]
    tokens = scene.tokens
    made = {
        "the same again": put(
            scene.folder / "a", tokens[:-1], owner.token, CODE, START, number=2
        ),
        "with what was left out": put(
            scene.folder / "b", tokens, owner.token, CODE, START
        ),
        "by another organ": put(
            scene.folder / "c", tokens, other.token, SECOND_CODE, START
        ),
    }
    for name, item in made.items():
        assert scene.codes(Archive.open(item.path)) == DOUBTED, name


def test_other_columns_under_the_same_manifest_are_refused(scene: Scene) -> None:
    owner = scene.world.department
    more = put(scene.folder / "d", scene.tokens, owner.token, CODE, START)
    fewer = put(scene.folder / "e", scene.tokens[1:], owner.token, CODE, START)
    for columns in (more.columns, fewer.columns):
        scene.made.columns.write_bytes(columns.read_bytes())
        with pytest.raises((MalformedError, VerificationError)):
            Archive.open(scene.made.path)


def test_nothing_is_asked_of_it_while_the_key_signs_or_once_it_is_destroyed(
    scene: Scene,
) -> None:
    retire(scene)
    scene.close()
    owner = scene.world.department
    owner.destroyed = True
    assert scene.codes() == (Code.VALID, Code.VALID)
    owner.destroyed = False
    owner.token_period = replace(owner.token_period, signs_until=START + 11 * DAY)
    assert scene.codes() == (Code.VALID, Code.VALID), "it ends tomorrow"
    scene.world.at = START + 11 * DAY
    assert scene.codes(scene.archive) == INSIDE


def test_an_issuer_cannot_lift_its_own_compromise(scene: Scene) -> None:
    retire(scene)
    scene.close()
    owner = scene.world.department
    for since in (START - 5 * DAY, START + DAY, START + 5 * DAY):
        owner.token_compromised_from = since
        assert scene.codes(scene.archive) == DOUBTED, since
    # With another's word of the time before it does, though the key ended before.
    scene.countersign(START + 4 * DAY)
    assert scene.codes(scene.archive) == INSIDE
    scene.countersign(START + 5 * DAY)
    assert scene.codes(scene.archive) == DOUBTED


def test_its_rows_never_rescue_anything_else(scene: Scene) -> None:
    retire(scene)
    scene.close()
    better = (Code.VALID, Code.NO_STATUS, Code.STALE)
    for token in scene.tokens[:-1]:
        text = payload.qr_text(token)
        doubted, found = (
            scene.world.validate(text, evidence=evidence).code
            for evidence in ((), (scene.archive,))
        )
        assert found is doubted or (doubted is Code.KEY_COMPROMISED and found in better)
    twin = bytearray(scene.tokens[0])
    twin[-1] ^= 1
    text = payload.qr_text(bytes(twin))
    code = scene.world.validate(text, evidence=(scene.archive,)).code
    assert code is Code.BAD_SIGNATURE


def test_a_pdf_needs_its_seal_closed_too(scene: Scene) -> None:
    """A snapshot holds no PDF: the token is inside, and the seal's key is in doubt."""
    world, owner = scene.world, scene.world.department
    issued = world.issue()
    pdf = issued.pdf
    token = payload.read_qr_text(issued.qr_text)
    made = put(scene.folder / "f", [token], owner.token, CODE, world.at)
    archive = Archive.open(made.path)
    until = world.at + DAY
    owner.token_period = replace(owner.token_period, signs_until=until)
    owner.closing = archive.digest
    world.at += 2 * DAY
    assert world.validate(pdf).code is Code.KEY_COMPROMISED
    assert world.validate(pdf, evidence=(archive,)).code is Code.VALID
    owner.seal_period = replace(owner.seal_period, signs_until=until)
    assert world.validate(pdf, evidence=(archive,)).code is Code.KEY_COMPROMISED


# A hub's word.


def test_what_a_hub_saw_before_a_compromise_stays_good(scene: Scene) -> None:
    scene.world.department.token_compromised_from = START + 5 * DAY
    assert scene.codes(scene.archive) == DOUBTED
    scene.countersign(START + 5 * DAY - SECOND)
    assert scene.codes() == DOUBTED
    assert scene.codes(scene.archive) == INSIDE
    scene.countersign(START + 5 * DAY)
    assert scene.codes(scene.archive) == DOUBTED


def test_what_a_hub_saw_before_a_key_ended_stays_good(scene: Scene) -> None:
    retire(scene)
    scene.countersign(START + DAY - SECOND)
    assert scene.codes(scene.archive) == INSIDE


def test_a_hub_does_not_vouch_for_itself_or_its_kin(scene: Scene) -> None:
    world, owner = scene.world, scene.world.department
    owner.token_compromised_from = START + 5 * DAY
    scene.countersign(START, by=CODE)
    assert scene.codes(scene.archive) == DOUBTED, "itself"
    scene.countersign(START, by=SECOND_CODE)
    assert scene.codes(scene.archive) == INSIDE, "another department's"
    other = world.departments[1]
    other.successors = (Succession(CODE, START, (), keeps_lists=False),)
    assert scene.codes(scene.archive) == DOUBTED, "its predecessor"
    other.successors = ()
    world.sources = [
        Source(code, "sha256:" + "0" * 64, 1, 1, world.at, 30 * DAY)
        for code in (CODE, SECOND_CODE)
    ]
    assert scene.codes(scene.archive) == DOUBTED, "one root speaks for both"


def test_a_root_of_the_file_that_speaks_for_the_issuer_vouches_for_nothing(
    scene: Scene,
) -> None:
    scene.world.department.token_compromised_from = START + 5 * DAY
    scene.countersign(START)
    trust = scene.world.trust()
    text = payload.qr_text(scene.tokens[0])
    proofs = (scene.archive,)

    def code(believed: TrustState) -> Code:
        return scene.world.validate_under(believed, text, evidence=proofs).code

    assert code(trust) is Code.VALID
    own = replace(trust, countersigners=trust.countersigners | {CODE})
    assert code(own) is Code.KEY_COMPROMISED


def test_two_hubs_do_not_speak_for_each_other(scene: Scene) -> None:
    """A sighting of one is nothing under the bundle of the other."""
    scene.world.department.token_compromised_from = START + 5 * DAY
    scene.countersign(START)
    one = scene.world.trust()
    scene.countersign(START + 6 * DAY)
    other = scene.world.trust()
    text = payload.qr_text(scene.tokens[0])
    found = [
        scene.world.validate_under(trust, text, evidence=(scene.archive,)).code
        for trust in (one, other)
    ]
    assert found == [Code.VALID, Code.KEY_COMPROMISED]


# Every path says the same.


def arrow(
    texts: Sequence[str],
    trust: TrustState,
    at: datetime,
    *paths: Path,
    claims: bool = False,
) -> list[str]:
    """Return the codes of columns, by snapshots that are given and evidence too."""
    opened = Snapshots.open(paths, trust, at)
    judge = ArrowJudge(
        trust, at, evidence=tuple(named(paths, trust)), snapshots=opened, claims=claims
    )
    batch = pa.RecordBatch.from_arrays([pa.array(texts)], ["qr_text"])
    return judge.answer(batch).column("code").to_pylist()


instants = st.one_of(st.none(), st.integers(-3, 12).map(lambda n: START + n * DAY))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with Simulator() as world:
        owner = world.department
        claims = variants(world, owner)
        claims += [claims_of(world.issue(department=owner))]
        tokens = tokens_of(owner, [*claims, replace(claims[0], number="后")])
        folder = tmp_path_factory.mktemp("closing")
        made = put(
            folder / "kept",
            tokens[::2],
            owner.token,
            owner.code,
            START,
            next_update=START + 20 * DAY,
        )
        owner.status_age = 30 * DAY
        yield Scene(world, made, tokens, folder)


@given(
    until=instants,
    since=instants,
    seen_at=instants,
    closed=st.booleans(),
    destroyed=st.booleans(),
    day=st.integers(0, 12),
)
@example(
    until=START + DAY, since=None, seen_at=None, closed=True, destroyed=False, day=5
)
@example(
    until=START + 2 * DAY,
    since=None,
    seen_at=START + DAY,
    closed=False,
    destroyed=False,
    day=5,
)
@settings(max_examples=40, deadline=None)
def test_one_by_one_many_at_once_and_by_snapshot_they_are_the_same(
    shared: Scene, until, since, seen_at, closed, destroyed, day
) -> None:
    world, owner = shared.world, shared.world.department
    world.at = START + day * DAY
    begin = START - 400 * DAY
    owner.token_period = Period(begin, until)
    owner.closing = shared.archive.digest if closed and until else None
    owner.token_compromised_from, owner.destroyed = since, destroyed
    world.countersigner, world.snapshots = None, []
    if seen_at is not None and seen_at <= world.at:
        shared.countersign(seen_at)
    trust, at = world.trust(), world.at
    texts = [payload.qr_text(token) for token in shared.tokens]
    for evidence, paths in (((), ()), ((shared.archive,), (shared.made.path,))):
        alone = [
            world.validate_under(trust, text, evidence=evidence).code for text in texts
        ]
        many = validate_many(texts, trust, at, evidence=evidence)
        assert [verdict.code for verdict in many] == alone
        for claims in (False, True):
            found = arrow(texts, trust, at, *paths, claims=claims)
            assert found == [code.text for code in alone]
    retired = until is not None and until <= at and not destroyed
    if since is not None or retired:
        assert Code.VALID not in alone[1::2], "what is not inside stays in doubt"
    if retired and since is None and until > START:  # signed at all
        lifted = closed or (bool(world.snapshots) and seen_at < until)
        assert (Code.VALID in alone[::2]) is lifted


def test_what_the_bundle_does_not_name_is_no_evidence(scene: Scene) -> None:
    retire(scene)
    paths = [scene.made.path, scene.folder / "missing.cose", scene.made.columns]
    assert not tuple(named(paths, scene.world.trust()))
    scene.close()
    (found,) = named(paths, scene.world.trust())
    scene.world.department.closing = None
    scene.countersign(START)
    assert [item.digest for item in named(paths, scene.world.trust())] == [found.digest]
    assert found.digest == sha256(scene.made.path.read_bytes()).digest()
    scene.made.columns.unlink()
    assert not tuple(named(paths, scene.world.trust()))


def test_a_copy_for_the_successor_is_whole_or_an_error(scene: Scene) -> None:
    source, target = scene.made.path.parent, scene.folder / "new"
    name = closings.file_name(bytes(8))
    (source / name).write_bytes(scene.made.path.read_bytes())
    in_the_way = target / scene.made.columns.name / "x"
    in_the_way.mkdir(parents=True)
    with pytest.raises(FileError):
        closings.take(source, target)
    assert not (target / name).exists()
    in_the_way.rmdir()
    in_the_way.parent.rmdir()
    closings.take(source, target)
    assert Archive.open(target / name).digest == scene.archive.digest


def test_a_closing_snapshot_that_is_stale_answers_columns_as_evidence(
    scene: Scene,
) -> None:
    retire(scene)
    scene.close()
    scene.world.at = START + 25 * DAY
    trust = scene.world.trust()
    opened = Snapshots.open([scene.made.path], trust, scene.world.at)
    assert not len(opened)
    texts = [payload.qr_text(scene.tokens[0]), payload.qr_text(scene.tokens[-1])]
    found = arrow(texts, trust, scene.world.at, scene.made.path)
    assert found == ["VALID", "KEY_COMPROMISED"]
    assert arrow(texts, trust, scene.world.at) == ["KEY_COMPROMISED"] * 2
