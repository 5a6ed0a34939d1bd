"""Real processes: some read a snapshot, one publishes it again and again and is killed.

Every answer belongs wholly to one publication, whatever a publisher left behind.
"""

import multiprocessing
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from elicense import payload, trust
from elicense.register.sqlite import SqliteRegister
from elicense.snapshot import (
    MANIFEST_FILE,
    NO_ANSWER,
    SeenSnapshot,
    Snapshots,
    Terms,
    build,
    publish,
)
from elicense.snapshot.manifest import open_manifest
from elicense.testing import CODE, START, Simulator, claims_of
from esign.signer import SoftwareSigner
from tests.elicense.crash.killed import PASSPHRASE, run_child
from tests.elicense.snapshots import release, reserve

MOST = 60
"""Licenses; a publication has fewer points at which it can be killed."""
READERS = 2
HANG = 120


class Place(NamedTuple):
    """Where all is, for a process that is told.

    Attributes:
        folder: with the register, the token key, and the public folder.
        names: identifiers in the order in which they are to be issued.
        anew: whether each publication builds all anew.
    """

    folder: Path
    names: list[str]
    anew: bool

    @property
    def manifest(self) -> Path:
        return self.folder / "snapshot" / MANIFEST_FILE

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"

    def opened(self) -> SqliteRegister:
        return SqliteRegister.open(self.folder / "register.db")

    def out(self) -> tuple[int, int]:
        """Return number and rows of what is out."""
        _, manifest = open_manifest(self.manifest.read_bytes())
        return manifest.number, manifest.rows


def publish_once(place: Place, signer: SoftwareSigner) -> None:
    with place.opened() as register:
        publish(register, place.manifest.parent, Terms(CODE, START), signer)


def publish_on(place: Place, pipe) -> None:
    """Publish; each time once killed at one point more, and once whole.

    Sends what was out after each, and the points.
    """
    signer = SoftwareSigner.from_pem(place.key.read_bytes(), PASSPHRASE)
    publish_once(place, signer)
    seen, points = [place.out()], []
    for n, name in enumerate(place.names, 1):
        with place.opened() as register:
            release(register, [name])
            if place.anew:
                register._file.run("DELETE FROM snapshot_mark")
        point = run_child(lambda _: publish_once(place, signer), place.folder, n)
        seen.append(place.out())
        publish_once(place, signer)
        seen.append(place.out())
        if point is None:
            break
        points.append(point)
    pipe.send((seen, points))


def read_on(path: Path, bundle: bytes, pin: str, texts: list[str], pipe) -> None:
    """Open and ask again and again, until told to stop; send all that was seen."""
    state = trust.admit(bundle, pin)
    seen: dict[str, SeenSnapshot] = {}
    found: set[tuple[int, int]] = set()
    opened, looks = None, 0
    pipe.send("ready")
    while not pipe.poll():
        looks += 1
        snapshots = Snapshots.open([path], state, START, seen=seen)
        if snapshots.refused:
            pipe.send(repr(snapshots.refused[0].error))
            return
        seen = snapshots.seen
        # What was opened before goes on to answer as it did, whatever is out now.
        for one in (snapshots, opened or snapshots):
            answers = (one.answer(texts).codes != NO_ANSWER).tolist()
            rows = sum(answers)
            if answers != [True] * rows + [False] * (len(texts) - rows):
                pipe.send(f"of two publications: {answers}")
                return
            found.add((one.seen[CODE].number, rows))
        opened = snapshots
    pipe.send((found, looks))


@pytest.fixture(params=[False, True], ids=["grown", "built anew"])
def scene(request, tmp_path):
    """A place with reserved licenses, what a reader is told, and their texts."""
    with Simulator() as world:
        owner = world.department
        with SqliteRegister.create(tmp_path / "register.db") as register:
            first = claims_of(world.issue())
            made = reserve(register, [first] * MOST, owner.token)
        place = Place(tmp_path, [item.identifier for item in made], request.param)
        place.key.write_bytes(owner.token.to_pem(PASSPHRASE))
        publish_once(place, owner.token)
        told = (place.manifest, world.bundle_file(), world.pin)
    return place, (*told, [payload.qr_text(item.token) for item in made])


def test_an_answer_is_of_one_publication_whoever_is_killed(scene):
    place, told = scene
    rows = dict([place.out()])
    spawn = multiprocessing.get_context("spawn")
    with ExitStack() as ending:

        def start(target, *args):
            ours, theirs = spawn.Pipe()
            child = spawn.Process(target=target, args=(*args, theirs))
            child.start()
            ending.callback(child.join, HANG)
            theirs.close()
            return ours

        readers = [start(read_on, *told) for _ in range(READERS)]
        assert [reader.recv() for reader in readers] == ["ready"] * READERS
        seen, points = start(publish_on, place).recv()
        for reader in readers:
            reader.send("stop")
        answers = [reader.recv() for reader in readers]
    check_kills(seen, points)
    rows |= dict(seen)
    for answer in answers:
        assert isinstance(answer, tuple), answer
        found, looks = answer
        assert all(rows[number] == count for number, count in found)
        assert len(found) > 3
        assert looks > 3
    check_end(place)


def check_kills(seen, points) -> None:
    """A publisher was killed everywhere, and left one publication whole each time."""
    assert 15 < len(points) < MOST - 1
    kinds = " ".join(points)
    for needed in ("merge: write", "fsync", "replace", "COMMIT", "unlink"):
        assert needed in kinds, points
    assert seen == sorted(seen)
    assert {rows for _, rows in seen} == {*range(len(points) + 2)}
    # After a kill it is the publication before or the new one; then it is the new one.
    killed = [after - before for before, after in steps(seen[0::2], seen[1::2])]
    assert set(killed) == {0, 1}
    assert killed == sorted(killed)
    assert {after - before for before, after in steps(seen[0::2], seen[2::2])} == {1}


def steps(before, after):
    return [(a[1], b[1]) for a, b in zip(before, after, strict=False)]


def check_end(place: Place) -> None:
    """Nothing is left of what was killed, and what is out is what is built whole."""
    left = sorted(path.name for path in place.manifest.parent.iterdir())
    assert left[-1] == MANIFEST_FILE
    assert len(left) in (2, 3)
    data = place.manifest.read_bytes()
    _, manifest = open_manifest(data)
    with place.opened() as register:
        whole = build((token for _, token in register.issued()), place.folder)
    assert (whole.sha256, whole.classes) == (manifest.sha256, manifest.classes)
    columns = place.manifest.parent / manifest.columns_file
    assert columns.read_bytes() == whole.path.read_bytes()
