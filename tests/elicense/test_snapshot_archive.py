"""A snapshot that was kept under another organ's timestamp outlives its key."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from elicense import payload
from elicense.bulk import validate_many
from elicense.files import FileError
from elicense.snapshot import Archive
from elicense.testing import SECOND_CODE, START, Simulator
from elicense.trust import Period, TimestampAuthority
from esign.errors import MalformedError, VerificationError
from esign.verdict import Code
from tests.elicense.snapshots import Made, put, tokens_of, variants
from tests.esign.timestamp_service import OwnAuthority

DAY = timedelta(days=1)


@dataclass
class Kept:
    """A world, a snapshot of its licenses but the last, and a timestamp service."""

    world: Simulator
    made: Made
    tokens: list[bytes]
    service: OwnAuthority

    def archive(self, at: datetime, over: bytes | None = None) -> Archive:
        """Return the snapshot with a timestamp, over its manifest unless it says so."""
        self.service.at = at
        stamped = self.made.path.read_bytes() if over is None else over
        stamp = self.service.stamp(sha256(stamped).digest())
        return Archive.open(self.made.path, [stamp])

    def codes(self, *evidence: Archive | bytes) -> tuple[Code, Code]:
        """Return the codes of the first token and of the one that is not inside."""
        return tuple(
            self.world.validate(payload.qr_text(token), evidence=evidence).code
            for token in (self.tokens[0], self.tokens[-1])
        )


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    with Simulator() as world:
        owner = world.department
        claims = variants(world, owner)
        # The last one is as good as the first, and was signed after the snapshot.
        tokens = tokens_of(owner, [*claims, replace(claims[0], number="后")])
        made = put(tmp_path / "kept", tokens[:-1], owner.token, owner.code, world.at)
        service = OwnAuthority()
        world.more_roots = [service.root]
        period = Period(START - 999 * DAY, None)
        world.timestamp_authorities = [
            TimestampAuthority(SECOND_CODE, service.certificates, period)
        ]
        world.at = START + 10 * DAY
        owner.status_age = 30 * DAY
        yield Kept(world, made, tokens, service)


DOUBTED = (Code.KEY_COMPROMISED, Code.KEY_COMPROMISED)
CLOSED = (Code.VALID, Code.KEY_COMPROMISED)


def test_what_was_inside_before_a_compromise_stays_good(kept: Kept) -> None:
    kept.world.department.token_compromised_from = START + 5 * DAY
    assert kept.codes() == DOUBTED
    assert kept.codes(kept.archive(START + 4 * DAY)) == CLOSED
    assert kept.codes(b"no timestamp", kept.archive(START + 4 * DAY)) == CLOSED
    assert kept.codes(kept.archive(START + 5 * DAY)) == DOUBTED


def test_the_last_snapshot_of_a_key_that_retired_closes_it(kept: Kept) -> None:
    owner = kept.world.department
    owner.token_period = replace(owner.token_period, signs_until=START + DAY)
    assert kept.codes() == DOUBTED
    assert kept.codes(kept.archive(START + timedelta(hours=1))) == CLOSED
    assert kept.codes(kept.archive(START + DAY)) == DOUBTED


def test_neither_its_age_nor_its_own_signature_matters(kept: Kept) -> None:
    kept.world.department.token_compromised_from = START - 30 * DAY
    kept.world.department.token_period = Period(START - 400 * DAY, None)
    assert kept.codes(kept.archive(START - 31 * DAY)) == CLOSED
    kept.world.at = START + 20 * DAY
    assert kept.codes(kept.archive(START - 31 * DAY)) == CLOSED


def test_a_timestamp_over_anything_else_proves_nothing(kept: Kept) -> None:
    kept.world.department.token_compromised_from = START + 5 * DAY
    columns = kept.made.columns.read_bytes()
    for over in (columns, b"", kept.tokens[1]):
        assert kept.codes(kept.archive(START, over)) == DOUBTED
    stranger = replace(kept, service=OwnAuthority())
    assert kept.codes(stranger.archive(START)) == DOUBTED
    kept.world.timestamp_authorities = [
        replace(item, organization=kept.world.department.code)
        for item in kept.world.timestamp_authorities
    ]
    assert kept.codes(kept.archive(START)) == DOUBTED, "its own word"


def test_it_never_makes_anything_else_better(kept: Kept) -> None:
    kept.world.department.token_compromised_from = START + 5 * DAY
    archive = kept.archive(START)
    for token in kept.tokens[:-1]:
        text = payload.qr_text(token)
        doubted, found = (
            kept.world.validate(text, evidence=evidence).code
            for evidence in ((), (archive,))
        )
        better = (Code.VALID, Code.NO_STATUS, Code.STALE)
        assert found is doubted or (doubted is Code.KEY_COMPROMISED and found in better)
    forged = kept.tokens[0][:-1] + bytes([kept.tokens[0][-1] ^ 1])
    text = payload.qr_text(forged)
    assert kept.world.validate(text, evidence=(archive,)).code is not Code.VALID
    assert not archive.holds(forged)
    assert not archive.holds(bytes(5000))
    assert archive.holds(kept.tokens[0])


def test_many_at_once_are_told_the_same(kept: Kept) -> None:
    kept.world.department.token_compromised_from = START + 5 * DAY
    evidence = (kept.archive(START),)
    trust = kept.world.trust()
    texts = [payload.qr_text(token) for token in kept.tokens]
    many = validate_many(texts, trust, kept.world.at, evidence=evidence)
    assert [verdict.code for verdict in many] == [
        kept.world.validate_under(trust, text, evidence=evidence).code for text in texts
    ]


def test_a_kept_snapshot_that_was_edited_is_refused(kept: Kept) -> None:
    columns = kept.made.columns
    whole = columns.read_bytes()
    columns.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(VerificationError):
        kept.archive(START)
    columns.unlink()
    with pytest.raises(FileError):
        kept.archive(START)
    kept.made.path.write_bytes(b"\xd2")
    with pytest.raises(MalformedError):
        kept.archive(START)
