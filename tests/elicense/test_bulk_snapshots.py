"""The Arrow function over snapshots says what it says without them."""

import pyarrow as pa
import pytest

from elicense import payload
from elicense.bulk import SCHEMA, ArrowJudge
from elicense.snapshot import Snapshots
from elicense.testing import Simulator
from tests.elicense.snapshots import put, tokens_of, variants

LICENSE = ("identifier", "number", "holder", "valid_from", "specimen")


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    with Simulator() as world:
        owner = world.department
        tokens = tokens_of(owner, variants(world, owner))
        folder = tmp_path_factory.mktemp("public") / "snapshot"
        made = put(folder, tokens[:-5], owner.token, owner.code, world.at)
        texts = [payload.qr_text(token) for token in tokens]
        texts += ["", "foreign", texts[0].lower()]
        trust = world.trust()
        opened = Snapshots.open([made.path], trust, world.at)
        yield texts, trust, world.at, opened


def columns(texts, *args, **options):
    batch = pa.RecordBatch.from_arrays([pa.array([*texts, None])], ["qr_text"])
    answer = ArrowJudge(*args, **options).answer(batch)
    assert answer.schema == SCHEMA
    assert answer.num_rows == len(texts) + 1
    return answer.to_pydict()


def test_codes_are_those_of_the_signature(scene):
    texts, trust, at, opened = scene
    plain = columns(texts, trust, at)
    quick = columns(texts, trust, at, snapshots=opened)
    for name in ("indication", "code", "scope", "status_as_of"):
        assert quick[name] == plain[name], name
    for row, code in enumerate(quick["code"]):
        known = (quick["issuer"][row], quick["type"][row])
        assert known == (plain["issuer"][row], plain["type"][row]), code
    used = [item == "snapshot" for item in quick["evidence"]]
    assert sum(used) == len(texts) - 8
    for row, answered in enumerate(used):
        for name in LICENSE:
            assert quick[name][row] == (None if answered else plain[name][row])


def test_claims_are_those_of_the_token_where_they_are_asked_for(scene):
    texts, trust, at, opened = scene
    plain = columns(texts, trust, at)
    full = columns(texts, trust, at, snapshots=opened, claims=True)
    assert "snapshot" in full.pop("evidence")
    plain.pop("evidence")
    assert full == plain


def test_where_nothing_is_inside_all_is_verified(scene):
    texts, trust, at, opened = scene
    plain = columns(texts[-4:], trust, at)
    assert columns(texts[-4:], trust, at, snapshots=opened) == plain
    none = Snapshots([], trust, at)
    assert columns(texts, trust, at, snapshots=none) == columns(texts, trust, at)
