"""The Arrow function over snapshots says what it says without them."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pyarrow as pa
import pytest

from elicense import payload
from elicense.bulk import BATCH, SCHEMA, ArrowJudge, validate_many
from elicense.policy import ValidationPolicy
from elicense.snapshot import NO_ANSWER, Archive, Snapshots
from elicense.testing import SECOND_CODE, Simulator
from elicense.trust import KeyGrant, Period, TimestampAuthority
from elicense.validating import validate_text
from esign.algorithms import Suite
from esign.signer import SoftwareSigner
from esign.verdict import Code
from tests.elicense.bulk.city import code_of
from tests.elicense.snapshots import put, tokens_of, variants
from tests.esign.timestamp_service import OwnAuthority

THIRD_CODE = code_of(9)
LICENSE = ("identifier", "number", "holder", "valid_from", "specimen")


@pytest.fixture(scope="module", params=[Suite.ES256, Suite.SM2], ids=lambda it: it.name)
def scene(tmp_path_factory, request):
    with Simulator() as world:
        owner = world.add_department(THIRD_CODE, "示范市第三局", request.param)
        world.departments.append(owner)
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


def expected(texts, trust, at, opened):
    """Return the verdicts of each alone, and by whom each is answered."""
    known = opened.answer(texts).codes != NO_ANSWER
    return [
        replace(verdict, evidence="snapshot") if hit else verdict
        for verdict, hit in zip(
            (validate_text(text, trust, at) for text in texts), known, strict=True
        )
    ]


def test_whole_verdicts_are_those_of_each_alone(scene):
    texts, trust, at, opened = scene
    alone = expected(texts, trust, at, opened)
    assert list(validate_many(texts, trust, at, snapshots=opened)) == alone
    turned = texts[::-1]
    many = validate_many(iter(turned), trust, at, snapshots=opened)
    assert list(many) == alone[::-1]
    # Over batches, and over processes.
    rounds = BATCH // len(texts) + 2
    several = validate_many(texts * rounds, trust, at, snapshots=opened, workers=2)
    assert list(several) == alone * rounds
    none = Snapshots([], trust, at)
    plain = [validate_text(text, trust, at) for text in texts]
    assert list(validate_many(texts, trust, at, snapshots=none)) == plain
    assert list(validate_many([], trust, at, snapshots=opened)) == []


def test_snapshots_of_another_question_are_misuse(scene):
    texts, trust, at, opened = scene
    short = ValidationPolicy(max_status_age=timedelta(minutes=1))
    for other in (
        (trust.on_clock(at + timedelta(days=1)), at, {}),
        (trust, at + timedelta(seconds=1), {}),
        (trust, at, {"policy": short}),
    ):
        with pytest.raises(ValueError, match="another"):
            validate_many(texts, other[0], other[1], snapshots=opened, **other[2])


def test_what_a_key_in_doubt_signed_is_left_to_evidence(tmp_path):
    service = OwnAuthority()
    with Simulator() as world:
        owner, day = world.department, timedelta(days=1)
        tokens = tokens_of(owner, variants(world, owner))
        old = put(tmp_path / "old", tokens[:-2], owner.token, owner.code, world.at)
        doubted = KeyGrant(
            *(owner.token.public_key, "token", owner.code, owner.types),
            Period(owner.token_period.signs_from, world.at + day),
            compromised_from=world.at + day,
        )
        owner.more_keys = [doubted]
        owner.token = SoftwareSigner.generate(Suite.ES256)
        tokens += tokens_of(owner, variants(world, owner)[:3])
        world.more_roots = [service.root]
        always = Period(world.at - 999 * day, None)
        world.timestamp_authorities = [
            TimestampAuthority(SECOND_CODE, service.certificates, always)
        ]
        service.at = world.at
        stamp = service.stamp(sha256(old.path.read_bytes()).digest())
        evidence = (Archive.open(old.path, [stamp]),)
        world.at += 2 * day
        made = put(tmp_path / "new", tokens, owner.token, owner.code, world.at)
        trust, at = world.trust(), world.at
    texts = [payload.qr_text(token) for token in tokens]
    opened = Snapshots.open([made.path], trust, at)
    plain = list(validate_many(texts, trust, at, snapshots=opened))
    assert plain == expected(texts, trust, at, opened)
    assert sum(verdict.code is Code.KEY_COMPROMISED for verdict in plain) >= 10
    found = list(validate_many(texts, trust, at, snapshots=opened, evidence=evidence))
    alone = [validate_text(text, trust, at, evidence=evidence) for text in texts]
    assert [replace(verdict, evidence="signature") for verdict in found] == alone
    assert sum(v.code is Code.VALID for v in found) > sum(
        v.code is Code.VALID for v in plain
    )
    assert {v.evidence for v in found[-3:]} == {"snapshot"}
    assert {v.evidence for v in found[:10]} == {"signature"}
