"""Columns hold what was put in, find what is there, and refuse to run away."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense.payload import qr_text
from elicense.snapshot import Manifest, Snapshots, merging
from elicense.snapshot.building import Rows, in_order, write
from elicense.snapshot.columns import FEW, Columns, Found
from elicense.snapshot.layout import MAX_BUCKET, Layout, halves, pack_days
from elicense.snapshot.manifest import open_manifest, read, sign
from elicense.testing import Simulator
from elicense.validating import validate_text
from esign import cbor, statuslist
from esign.errors import MalformedError
from esign.verdict import Code
from tests.elicense.snapshots import put, tokens_of, variants


def run_of(digests):
    """Return rows with these digests; days and place are the row's number."""
    hi, lo = halves(b"".join(digests))
    numbers = np.arange(len(digests))
    return in_order((hi, lo, numbers.astype("<u8"), numbers.astype("<u4")))


def columns_of(folder: Path, digests) -> Columns:
    half = len(digests) // 2
    parts = [part for part in (digests[:half], digests[half:]) if part]
    built = write(map(run_of, parts), Rows(), folder)
    return Columns.open(built.path, built.rows, built.sha256)


# Digests that share their first half, or all but a bit of it, occur on purpose.
DIGESTS = st.sets(
    st.one_of(
        st.binary(min_size=16, max_size=16),
        st.binary(min_size=8, max_size=8).map(lambda lo: bytes(8) + lo),
        st.binary(min_size=8, max_size=8).map(lambda lo: b"\xff" * 8 + lo),
        st.binary(min_size=1, max_size=1).map(lambda end: b"\x80" * 15 + end),
    ),
    max_size=50,
)


@given(there=DIGESTS, others=DIGESTS)
@settings(max_examples=150, deadline=None)
def test_what_is_there_is_found_and_nothing_else(tmp_path_factory, there, others):
    digests = sorted(there, key=lambda item: sha256(item).digest())
    columns = columns_of(tmp_path_factory.mktemp("c"), digests)
    assert len(columns) == len(digests)
    asked = [*digests, *(others - there)]
    if not asked:
        return
    rows = columns.rows_of(*halves(b"".join(asked)))
    # Many at once take another way.
    again = columns.rows_of(*halves(b"".join(asked * FEW)))
    assert again.tolist() == rows.tolist() * FEW
    for digest, row in zip(asked, rows.tolist(), strict=True):
        found = columns.find(digest)
        if digest not in there:
            assert (row, found) == (-1, None)
            continue
        assert found == Found(
            int(columns.days_at(np.array([row]))[0]),
            int(columns.places_at(np.array([row]))[0]),
        )


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 5, 6, 1000, 2**20, 2**20 + 1, 10**7])
def test_a_row_takes_little(rows):
    layout = Layout(rows)
    assert layout.size == 28 * rows + 4 * ((1 << layout.bits) + 1)
    assert 8 * (1 << layout.bits) <= 3 * rows or layout.bits == 0
    assert rows < 10 or layout.size <= 30 * rows


def test_digests_that_no_token_has_are_refused_when_building(tmp_path):
    crowded = [bytes(12) + number.to_bytes(4, "big") for number in range(65)]
    with pytest.raises(ValueError, match="different tokens"):
        write([run_of(crowded)], Rows(), tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert len(columns_of(tmp_path, crowded[:MAX_BUCKET])) == MAX_BUCKET


def test_more_rows_than_an_index_counts_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(merging, "MAX_ROWS", 1)
    with pytest.raises(ValueError, match="at most 1 rows"):
        write([run_of([bytes(16), bytes([1] * 16)])], Rows(), tmp_path)


@pytest.mark.parametrize(
    "index",
    [
        (1, 2, 3, 5),  # does not begin at 0
        (0, 2, 3, 4),  # does not end with the rows
        (0, 3, 2, 5),  # falls
        (0, 6, 6, 5),  # beyond the rows
    ],
)
def test_an_index_that_is_none_is_refused(tmp_path, index):
    layout = Layout(12)
    assert layout.entries == 5
    path = tmp_path / "columns"
    entries = np.array([*index, 12 if index[-1] == 5 else 9], "<u4")
    data = bytes(layout.index) + entries.tobytes()
    if index == (0, 3, 2, 5):
        good = np.array([0, 3, 3, 5, 12], "<u4").tobytes()
        path.write_bytes(bytes(layout.index) + good)
        whole = path.read_bytes()
        assert Columns.open(path, 12, sha256(whole).digest())
    path.write_bytes(data)
    with pytest.raises(MalformedError, match="index"):
        Columns.open(path, 12, sha256(data).digest())


@pytest.mark.parametrize(
    "days", [(-1, None, None), (0, 1 << 21, None), (0, 0, 1 << 22)]
)
def test_a_day_that_does_not_fit_is_misuse(days):
    with pytest.raises(ValueError, match="day"):
        pack_days(*days)


# Manifests


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    with Simulator() as world:
        owner = world.department
        tokens = tokens_of(owner, variants(world, owner))
        folder = tmp_path_factory.mktemp("public") / "snapshot"
        yield world, tokens, put(folder, tokens, owner.token, owner.code, world.at)


def test_a_manifest_has_one_spelling(scene):
    world, _, made = scene
    envelope, manifest = open_manifest(made.path.read_bytes())
    assert manifest == made.manifest
    fields = cbor.decode(envelope.unverified_payload)
    assert isinstance(fields, dict)
    first = fields["classes"][0]
    for value in {
        "another format": {"format": "elicense.snapshot/2"},
        "more": {"more": 1},
        "a long digest": {"sha256": bytes(33)},
        "an organ without a code": {"organization": "x"},
        "a class that is a text": {"classes": ["x"]},
        "a class signed after all days": {
            "classes": [{**first, "signed": [0, 1 << 60]}]
        },
        "a class that ends before it begins": {
            "classes": [{**first, "signed": [9, 8]}]
        },
        "a class with a day after all days": {
            "classes": [{**first, "dated": [0, 1 << 40]}]
        },
        "a class of an unknown algorithm": {"classes": [{**first, "alg": 5}]},
        "more classes than rows": {
            "rows": 0,
            "size": Layout(0).size,
            "classes": [first],
        },
    }.values():
        with pytest.raises(MalformedError):
            read(cbor.encode({**fields, **value}))
    with pytest.raises(MalformedError, match="bytes"):
        open_manifest(bytes((4 << 20) + 1))
    half = replace(manifest, issued_at=manifest.issued_at.replace(microsecond=1))
    with pytest.raises(ValueError, match="not written"):
        sign(half, world.department.token)


def test_every_name_of_columns_is_that_of_their_digest(scene):
    _, _, made = scene
    digest = sha256(made.columns.read_bytes()).digest()
    assert made.manifest.columns_file == Manifest.name_of(digest)
    assert made.manifest.columns_file == f"{digest.hex()[:32]}.columns"


def test_a_list_that_cannot_be_inflated_is_no_status(scene):
    world, tokens, made = scene
    trust = world.trust()
    broken = [
        statuslist.StatusList(
            item.issuer,
            item.number,
            item.sequence,
            item.issued_at,
            item.expires_at,
            statuslist._Compressed(b"no zlib"),
        )
        for item in trust.lists.values()
    ]
    trust = trust.with_lists(broken)
    snapshots = Snapshots.open([made.path], trust, world.at)
    for token in tokens:
        text = qr_text(token)
        verdict = snapshots.validate_text(text)
        if verdict is not None:
            assert verdict.code is validate_text(text, trust, world.at).code
            assert verdict.code is not Code.VALID
    codes = [validate_text(qr_text(t), trust, world.at).code for t in tokens]
    answers = snapshots.answer([qr_text(token) for token in tokens]).codes
    assert [list(Code)[n] for n in answers if n != 255] == [
        code for code, n in zip(codes, answers, strict=True) if n != 255
    ]
