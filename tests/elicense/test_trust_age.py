"""Keys age, organs change, sources grow stale: what stays good, and what does not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest

from elicense import payload, record
from elicense.issuing import Issued
from elicense.policy import STANDARD
from elicense.testing import (
    CODE,
    NAME,
    SECOND_CODE,
    START,
    Department,
    Simulator,
    claims_of,
)
from elicense.trust import (
    KeyGrant,
    Period,
    Source,
    Succession,
    TimestampAuthority,
)
from elicense.validating.sealed import Inquiry, check_record
from esign import timestamps
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.errors import VerificationError
from esign.signer import SoftwareSigner
from esign.verdict import Check, Code
from tests.esign.timestamp_service import Chain, OwnAuthority, TimestampService

DAY = timedelta(days=1)
TSA_CODE = SECOND_CODE


@dataclass
class Aged:
    """A world, one license in it, and a timestamp service of another organization."""

    world: Simulator
    issued: Issued
    service: OwnAuthority

    @property
    def token(self) -> bytes:
        return payload.read_qr_text(self.issued.qr_text)

    def stamp(self, at: datetime, thing: bytes) -> bytes:
        self.service.at = at
        return self.service.stamp(sha256(thing).digest())

    def codes(self, *evidence: bytes) -> tuple[str, str]:
        """Return the codes of the PDF and of the QR."""
        return tuple(
            self.world.validate(data, evidence=evidence).code.text
            for data in (self.issued.pdf, self.issued.qr_text)
        )


@pytest.fixture
def aged() -> Iterator[Aged]:
    with Simulator() as world:
        issued = world.issue()
        service = OwnAuthority()
        world.more_roots = [service.root]
        world.timestamp_authorities = [
            TimestampAuthority(
                TSA_CODE, service.certificates, Period(START - 999 * DAY, None)
            )
        ]
        world.at = START + 10 * DAY
        world.departments[0].status_age = 30 * DAY
        yield Aged(world, issued, service)


VALID = ("VALID", "VALID")
DOUBTED = ("KEY_COMPROMISED", "KEY_COMPROMISED")


def _end_keys(department: Department, at: datetime) -> None:
    department.token_period = replace(department.token_period, signs_until=at)
    department.seal_period = replace(department.seal_period, signs_until=at)


def test_what_a_key_signed_in_its_period_stays_good_once_it_is_destroyed(
    aged: Aged,
) -> None:
    _end_keys(aged.world.department, START + DAY)
    assert aged.codes() == DOUBTED, "nobody attests that the retired key is gone"
    aged.world.department.destroyed = True
    assert aged.codes() == VALID


def test_a_retired_key_is_in_doubt_from_the_second_of_its_end(aged: Aged) -> None:
    end = aged.world.at
    _end_keys(aged.world.department, end)
    assert aged.codes() == DOUBTED
    aged.world.at -= timedelta(seconds=1)
    assert aged.codes() == VALID


def test_evidence_from_before_its_end_serves_a_retired_key(aged: Aged) -> None:
    _end_keys(aged.world.department, START + DAY)
    assert aged.codes(aged.stamp(START, aged.issued.pdf)) == (
        "VALID",
        "KEY_COMPROMISED",
    )


def test_a_compromised_key_makes_all_that_it_signed_indeterminate(aged: Aged) -> None:
    department = aged.world.department
    department.token_compromised_from = START + 5 * DAY
    assert aged.codes() == DOUBTED
    department.token_compromised_from = None
    department.seal_compromised_from = START + 5 * DAY
    assert aged.codes() == ("KEY_COMPROMISED", "VALID")


def test_evidence_over_the_pdf_serves_seal_and_token(aged: Aged) -> None:
    department = aged.world.department
    department.token_compromised_from = START + 5 * DAY
    department.seal_compromised_from = START + 5 * DAY
    assert aged.codes(aged.stamp(START + DAY, aged.issued.pdf)) == (
        "VALID",
        "KEY_COMPROMISED",
    )


def test_evidence_over_the_token_says_nothing_of_the_seal(aged: Aged) -> None:
    department = aged.world.department
    department.token_compromised_from = START + 5 * DAY
    evidence = aged.stamp(START + DAY, aged.token)
    assert aged.codes(evidence) == VALID
    department.seal_compromised_from = START + 5 * DAY
    assert aged.codes(evidence) == ("KEY_COMPROMISED", "VALID")


@pytest.fixture
def compromised(aged: Aged) -> Aged:
    aged.world.department.token_compromised_from = START + 5 * DAY
    return aged


def test_evidence_counts_only_from_before_the_compromise(compromised: Aged) -> None:
    compromised.service.accuracy = {"seconds": 2}
    for seconds, code in ((3, "VALID"), (2, "KEY_COMPROMISED"), (0, "KEY_COMPROMISED")):
        at = START + 5 * DAY - timedelta(seconds=seconds)
        stamp = compromised.stamp(at, compromised.token)
        assert compromised.codes(stamp)[1] == code


def test_evidence_over_something_else_proves_nothing(compromised: Aged) -> None:
    stamp = compromised.stamp(START, b"another token")
    assert compromised.codes(stamp, b"", b"no timestamp") == DOUBTED


def test_evidence_of_a_service_that_is_not_listed_proves_nothing(
    compromised: Aged,
) -> None:
    stranger = OwnAuthority()
    stranger.at = START
    stamp = stranger.stamp(sha256(compromised.token).digest())
    assert compromised.codes(stamp) == DOUBTED


def test_evidence_under_a_root_that_is_not_listed_proves_nothing(
    compromised: Aged,
) -> None:
    compromised.world.more_roots = []
    stamp = compromised.stamp(START, compromised.token)
    assert compromised.codes(stamp) == DOUBTED


@pytest.mark.parametrize("kind", ["RSA-2048", "P-384"])
def test_services_with_other_kinds_of_keys_count(compromised: Aged, kind: str) -> None:
    world = compromised.world
    compromised.service = OwnAuthority(Chain(kind))
    world.more_roots = [compromised.service.root]
    (authority,) = world.timestamp_authorities
    certificates = compromised.service.certificates
    world.timestamp_authorities = [replace(authority, certificates=certificates)]
    stamp = compromised.stamp(START, compromised.token)
    assert compromised.codes(stamp) == VALID
    world.timestamp_authorities *= 2
    with pytest.raises(VerificationError, match="two uses"):
        world.trust()


def test_nobody_vouches_for_the_time_of_their_own_key(compromised: Aged) -> None:
    world, stamp = compromised.world, compromised.stamp(START, compromised.token)
    assert compromised.codes(stamp) == VALID
    (authority,) = world.timestamp_authorities
    world.timestamp_authorities = [replace(authority, organization=CODE)]
    assert compromised.codes(stamp) == DOUBTED


@pytest.mark.parametrize("ours", [True, False], ids=["successor", "predecessor"])
def test_nor_do_predecessors_and_successors(compromised: Aged, ours: bool) -> None:
    world, stamp = compromised.world, compromised.stamp(START, compromised.token)
    first, second = world.departments
    before, after = (first, second) if ours else (second, first)
    before.successors = (
        Succession(after.code, START + DAY, first.types, keeps_lists=False),
    )
    assert compromised.codes(stamp) == DOUBTED


def test_a_compromised_service_proves_nothing_at_all(compromised: Aged) -> None:
    world, stamp = compromised.world, compromised.stamp(START, compromised.token)
    (authority,) = world.timestamp_authorities
    world.timestamp_authorities = [
        replace(authority, compromised_from=START + 100 * DAY)
    ]
    assert compromised.codes(stamp) == DOUBTED


def test_a_service_outside_its_period_proves_nothing(compromised: Aged) -> None:
    world, stamp = compromised.world, compromised.stamp(START, compromised.token)
    (authority,) = world.timestamp_authorities
    for period in (
        Period(START + timedelta(seconds=2), None),
        Period(START - DAY, START + timedelta(seconds=1)),
    ):
        world.timestamp_authorities = [replace(authority, period=period)]
        assert compromised.codes(stamp) == DOUBTED


def test_evidence_rescues_from_nothing_else(aged: Aged) -> None:
    stamp = aged.stamp(START, aged.token)
    aged.world.department.token_listed = False
    assert aged.codes(stamp)[1] == "UNKNOWN_ISSUER"


def test_seventeen_timestamps_are_not_all_looked_at(compromised: Aged) -> None:
    good = compromised.stamp(START, compromised.token)
    assert compromised.codes(*[b"x"] * 15, good) == VALID
    assert compromised.codes(*[b"x"] * 16, good) == DOUBTED


@pytest.mark.tool("openssl")
def test_evidence_of_a_real_timestamp_service_counts(aged: Aged) -> None:
    """OpenSSL's service states the present, so the compromise lies after it."""
    world = aged.world
    with TimestampService() as service:
        digest = sha256(aged.token).digest()
        stamp = timestamps_of(service, digest)
        world.more_roots = [service.root]
        world.timestamp_authorities = [
            TimestampAuthority(
                TSA_CODE, service.certificates, Period(START - 9999 * DAY, None)
            )
        ]
        soon = datetime(2999, 1, 1, tzinfo=UTC)
        world.department.token_compromised_from = soon
        assert aged.codes() == DOUBTED
        assert aged.codes(stamp) == VALID
        world.department.token_compromised_from = datetime(2020, 1, 1, tzinfo=UTC)
        assert aged.codes(stamp) == DOUBTED


def timestamps_of(service: TimestampService, digest: bytes) -> bytes:
    return timestamps.obtain(digest, 7, service.transport, service.certificates)


# Revocation lists of the seal's CA.


def test_a_revoked_seal_signs_no_more_and_what_it_sealed_stays(aged: Aged) -> None:
    world = aged.world
    seal = world.department.seal.certificate
    world.department.destroyed = True
    world.crls = [
        world.authority.crl(START + 3 * DAY, 30, {seal: (START + DAY, "superseded")})
    ]
    assert aged.codes() == VALID
    world.crls = [
        world.authority.crl(START + 3 * DAY, 30, {seal: (START, "superseded")})
    ]
    assert aged.codes() == ("NOT_AUTHORIZED", "VALID")


def test_a_seal_revoked_for_a_compromise_is_in_doubt(aged: Aged) -> None:
    world = aged.world
    seal = world.department.seal.certificate
    world.crls = [
        world.authority.crl(START + 3 * DAY, 30, {seal: (START + DAY, "keyCompromise")})
    ]
    assert aged.codes() == ("KEY_COMPROMISED", "VALID")
    assert aged.codes(aged.stamp(START, aged.issued.pdf)) == VALID


def test_a_revocation_list_of_a_foreign_ca_refuses_the_bundle(aged: Aged) -> None:
    other = DevelopmentAuthority.create("示例电子认证", START - DAY)
    aged.world.crls = [other.crl(START, 30, {})]
    with pytest.raises(VerificationError, match="CRL: of no CA"):
        aged.world.trust()


# Legal dates.


def _dated(world: Simulator, day: date) -> Check:
    """Return the authorization check of a QR whose legal date is another one."""
    issued = world.issue()
    claims = {"issue_date": day}
    (check,) = (
        check
        for check in world.validate(world.resign(issued, **claims)).checks
        if check.id == "authorization"
    )
    return check


def test_a_backdated_license_needs_a_backfill_range(aged: Aged) -> None:
    world = aged.world
    world.department.token_period = Period(START, None)
    first = date(2026, 11, 21) - 31 * DAY
    assert _dated(world, first).code is None
    assert _dated(world, first - DAY).code is Code.NOT_AUTHORIZED
    world.department.backfill = (date(2001, 1, 1), date(2010, 12, 31))
    for day, code in {
        date(2001, 1, 1): None,
        date(2010, 12, 31): None,
        date(2000, 12, 31): Code.NOT_AUTHORIZED,
        date(2011, 1, 1): Code.NOT_AUTHORIZED,
    }.items():
        assert _dated(world, day).code is code


def test_a_backfill_range_serves_no_license_that_says_it_was_granted_first(
    aged: Aged,
) -> None:
    """What was granted on paper says so in its record, and is counted apart."""
    world = aged.world
    world.department.backfill = (date(2020, 1, 1), date(2022, 12, 31))
    world.department.token_period = Period(world.at, None)
    world.department.seal_period = Period(world.at, None)
    day = date(2022, 6, 1)
    license_ = replace(
        aged.issued.license,
        draft=replace(aged.issued.license.draft, issue_date=day),
    )
    claims = replace(claims_of(aged.issued), issue_date=day, signed_at=world.at)
    inquiry = Inquiry(world.trust(), world.at, STANDARD, world.catalog)
    for origin, code in {
        "新发": Code.NOT_AUTHORIZED,
        "存量补录": None,
        "补发": None,
    }.items():
        draft = replace(license_.draft, origin=origin)
        data = record.encode(replace(license_, draft=draft), bytes(16))
        named = replace(claims, record_digest=record.digest(data))
        found, check = check_record(data, named, inquiry)
        assert check.code is code, check.detail
        assert (found is None) is (code is not None)


def test_a_new_key_goes_on_with_the_dates_of_the_old_one(aged: Aged) -> None:
    world = aged.world
    world.department.token_period = Period(START, None)
    old = SoftwareSigner.generate(Suite.ES256).public_key
    ended = Period(START - 999 * DAY, START)
    world.department.more_keys = [
        KeyGrant(old, "token", CODE, world.department.types, ended)
    ]
    assert _dated(world, date(2026, 11, 21) - 900 * DAY).code is None


def test_a_future_dated_license_is_not_authorized(aged: Aged) -> None:
    world = aged.world
    issued = world.issue()
    later = world.resign(issued, signed_at=world.at + timedelta(seconds=1))
    assert world.validate(later).code is Code.NOT_AUTHORIZED


# A hub's sources.


def test_a_hub_does_not_make_a_stale_department_fresh(aged: Aged) -> None:
    world = aged.world
    source = Source(CODE, "sha256:x", 1, 1, world.at - 8 * DAY, 8 * DAY)
    world.sources = [source]
    assert aged.codes() == VALID
    world.sources = [replace(source, max_age=8 * DAY - timedelta(seconds=1))]
    assert aged.codes() == ("STALE", "STALE")
    world.sources = [replace(source, organization=SECOND_CODE, max_age=DAY)]
    assert aged.codes() == VALID, "another department's source"


def test_a_predecessor_is_as_fresh_as_who_keeps_its_lists(aged: Aged) -> None:
    world = aged.world
    first, second = world.departments
    first.successors = (Succession(SECOND_CODE, START, first.types, keeps_lists=True),)
    kept = first.status_lists
    keeper = second.status

    def signed(at: datetime, sequence: int) -> tuple:
        own, first.status = first.status, keeper
        try:
            return kept(at, sequence)
        finally:
            first.status = own

    first.status_lists = signed
    world.sources = [Source(SECOND_CODE, "sha256:x", 1, 1, world.at - 8 * DAY, DAY)]
    assert aged.codes() == ("STALE", "STALE")


# Organs change (机构改革).


def test_a_renamed_organ_shows_its_name_as_of_the_day(aged: Aged) -> None:
    world = aged.world
    renamed = date(2026, 11, 25)
    world.department.names = ((START.date(), NAME), (renamed, "示例市数据局"))
    old = world.validate(aged.issued.pdf)
    assert (old.code, old.issuer_name) == (Code.VALID, NAME)
    new = world.validate(world.issue().pdf)
    assert (new.code, new.issuer_name) == (Code.VALID, "示例市数据局")
    shown = new.to_json("x")["license"]
    assert shown["issuer_name"] == "示例市数据局"


def test_a_version_may_continue_only_ones_own_or_a_predecessors_license(
    aged: Aged,
) -> None:
    world = aged.world
    first, second = world.departments
    other = world.issue(department=second)
    license_ = replace(aged.issued.license, previous=other.license.identifier)
    data = record.encode(license_, bytes(16))
    claims = replace(claims_of(aged.issued), record_digest=record.digest(data))

    def answer() -> Code | None:
        inquiry = Inquiry(world.trust(), world.at, STANDARD, world.catalog)
        found, check = check_record(data, claims, inquiry)
        assert (found is None) is (check.code is not None)
        return check.code

    assert answer() is Code.ALTERED
    taken_over = Succession(CODE, START, first.types, keeps_lists=False)
    second.successors = (taken_over,)
    assert answer() is None
    second.successors = (replace(taken_over, types=("public-venue",)),)
    assert answer() is Code.ALTERED
    second.successors = (replace(taken_over, since=START + DAY),)
    assert answer() is Code.ALTERED
    second.successors, second.listed, world.timestamp_authorities = (), False, []
    assert answer() is None, "of an organ that nobody speaks for nothing is asked"
