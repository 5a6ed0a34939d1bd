"""What the lean path accepts the plain path accepts: for any file whatever.

The plain path makes the same checks and then asks pyHanko and pikepdf, which can only
add a refusal. Where they add one, ours accepted what it should not have: on no file at
all may that be seen.
"""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esign.verdict import Indication
from tests.elicense import mutations
from tests.elicense.forger import POLICIES, scene
from tests.elicense.pages import PRESSES
from tests.support import VECTORS, vectors

PAIRS = (("lean", "plain"), ("lean with the face", "plain with the face"))
SEED = 20261121


@pytest.fixture(scope="module", params=PRESSES)
def stage(request):
    return scene(request.param)


def difference(stage, pdf, pair=PAIRS[0]):
    """Return both codes where one path passes and the other not, and what lean says."""
    lean, plain = (stage.verdict(pdf, POLICIES[name]) for name in pair)
    passed = {verdict.indication is Indication.PASSED for verdict in (lean, plain)}
    return (lean.code, plain.code) if len(passed) > 1 else None, lean


def test_the_genuine_licenses_pass_on_both_paths(stage):
    for issued in (stage.issued, stage.other, stage.foreign):
        for pair in PAIRS:
            differs, lean = difference(stage, issued.pdf, pair)
            assert differs is None
            assert lean.indication is Indication.PASSED


def test_no_published_file_passes_on_either_path(stage):
    assert vectors("README.md").is_file()
    files = sorted(path for path in VECTORS.rglob("*") if path.is_file())
    assert len(files) > 70
    for path in files:
        data = path.read_bytes()
        for attempt in (data, b"%PDF-1.7\n" + data, stage.pdf + data):
            differs, lean = difference(stage, attempt)
            assert differs is None, path.name
            assert lean.indication is not Indication.PASSED, path.name


SHARDS = 4
EDITS_OF_ANYBODY = 400
EDITS_OF_THE_HOLDER = 100


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_edit_by_anybody_passes_on_either_path(stage, shard):
    rng = random.Random(f"{SEED} {shard}")
    for number in range(EDITS_OF_ANYBODY):
        pdf = mutations.anybodys(rng, stage)
        if pdf == stage.pdf:
            continue
        differs, lean = difference(stage, pdf)
        assert differs is None, (shard, number)
        assert lean.indication is not Indication.PASSED, (shard, number)
        assert lean.claims is None, (shard, number)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_edit_by_the_seals_holder_passes_on_the_lean_path_alone(
    stage, shard, tmp_path
):
    rng = random.Random(f"{SEED} holder {shard}")
    differ, passed = {}, 0
    for number in range(EDITS_OF_THE_HOLDER):
        pdf = mutations.holders(rng, stage)
        differs, lean = difference(stage, pdf)
        passed += lean.indication is Indication.PASSED
        if differs is not None:
            kept = tmp_path / f"{number}.pdf"
            kept.write_bytes(pdf)
            differ[kept] = differs
    assert differ == {}
    assert 0 < passed < EDITS_OF_THE_HOLDER  # else the edits show nothing


def test_the_same_with_the_face(stage):
    rng = random.Random(f"{SEED} face")
    for number in range(40):
        pdf = mutations.holders(rng, stage)
        differs, _ = difference(stage, pdf, PAIRS[1])
        assert differs is None, number


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 64))
def test_any_edit_by_anybody(stage, seed):
    pdf = mutations.anybodys(random.Random(seed), stage)
    differs, lean = difference(stage, pdf)
    assert differs is None
    assert pdf == stage.pdf or lean.indication is not Indication.PASSED


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 64))
def test_any_edit_by_the_seals_holder(stage, seed):
    differs, _ = difference(stage, mutations.holders(random.Random(seed), stage))
    assert differs is None
