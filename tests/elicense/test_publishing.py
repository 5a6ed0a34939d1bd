"""What a register knows, strangers learn with the next publication, and not later."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pytest

from elicense import changing, dates, publishing, trust, validating
from elicense.changing import Grounds
from elicense.errors import ConflictError
from elicense.events import Decision, Reason
from elicense.issuing import Issued
from elicense.model import Validity
from elicense.policy import PublicationPolicy
from elicense.publishing import Listing, Publisher
from elicense.register.sqlite import SqliteRegister
from elicense.samples import sample
from elicense.testing import START, Simulator, claims_of
from elicense.trust import KeyGrant, OrganizationEntry, Period, SealEntry, TrustState
from esign.errors import VerificationError
from esign.verdict import Code

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
TODAY = dates.day_of(START)
ALWAYS = Period(START - 400 * DAY, None)
CANCELLED = Grounds(reason=Reason.CANCELLED, note="申请注销")
DECISION = Decision(
    document="行政处罚决定书",
    number="示例罚字〔2026〕1号",
    organ="示例市行政审批局",
    legal_basis="《行政处罚法》第九条",
    date=TODAY,
    effective_at=None,
    handler="经办示例",
    reviewer="审核示例",
)


@dataclass(frozen=True)
class Stage:
    world: Simulator
    publisher: Publisher

    @property
    def register(self) -> SqliteRegister:
        return self.world.department.register

    def publish(self, at: datetime = START) -> TrustState:
        """Publish, and return what a stranger believes then."""
        data = publishing.publish(self.publisher, at).bundle
        return trust.admit(data, self.world.pin)


def publisher_of(world: Simulator) -> Publisher:
    """Return what the first department publishes with."""
    owner = world.department
    code = owner.code
    token = KeyGrant(owner.token.public_key, "token", code, owner.types, ALWAYS)
    status = KeyGrant(owner.status.public_key, "status", code, (), ALWAYS)
    chain = (owner.seal.certificate, *owner.seal.chain)
    listing = Listing(
        register=owner.register,
        organization=OrganizationEntry(code, ((date(2020, 1, 1), owner.name),)),
        keys=(token, status),
        seals=(SealEntry(code, chain, owner.types, ALWAYS),),
        roots=world.authority.roots,
        statement=1,
    )
    return Publisher(
        listing=listing,
        status_signer=owner.status,
        bundle_signer=world.bundle_signer,
        statements=(world.root_statement(),),
        pins=(world.pin,),
    )


def listed(publisher: Publisher, **changes: object) -> Publisher:
    """Return a publisher of another listing."""
    return replace(publisher, listing=replace(publisher.listing, **changes))  # type: ignore[arg-type]  # by name


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Simulator() as world:
        yield Stage(world, publisher_of(world))


def code(issued: Issued, state: TrustState, at: datetime = START) -> Code:
    return validating.validate_text(issued.qr_text, state, at).code


def test_numbers_rise_with_every_publication(stage: Stage) -> None:
    made = [publishing.publish(stage.publisher, START + n * DAY) for n in range(3)]
    assert [item.number for item in made] == [1, 2, 3]
    assert stage.register.latest_publication() == made[-1]
    for item in made:
        state = trust.admit(item.bundle, stage.world.pin)
        assert state.bundle is not None
        assert state.bundle.number == item.number
        assert {found.sequence for found in state.lists.values()} == {item.number}
        assert state.bundle.issued_at == item.at


def test_the_lists_of_twenty_years_ahead_are_there(stage: Stage) -> None:
    state = stage.publish()
    code_, year = stage.publisher.listing.organization.code, TODAY.year
    assert set(state.lists) == {
        (code_, number) for number in (1, *range(year, year + 21))
    }


def test_the_lists_begin_with_the_year_in_china(stage: Stage) -> None:
    at = datetime.fromisoformat("2026-12-31T16:00:00+00:00")
    years = {number for _, number in stage.publish(at).lists} - {1}
    assert (min(years), max(years)) == (2027, 2047)


def test_a_list_in_use_stays_when_its_year_is_over(stage: Stage) -> None:
    issued = stage.world.issue()
    number = claims_of(issued).status.list_number
    late = START + 3000 * DAY
    assert dates.day_of(late).year > number
    state = stage.publish(late)
    assert (stage.publisher.listing.organization.code, number) in state.lists


def test_a_license_issued_after_a_publication_is_inside_it(stage: Stage) -> None:
    state = stage.publish()
    assert not stage.register.count()
    issued = stage.world.issue()
    assert code(issued, state) is Code.VALID
    verdict = validating.validate_pdf(issued.pdf, state, START)
    assert verdict.code is Code.VALID
    open_ended = stage.world.resign(
        issued,
        validity=Validity(TODAY, None),
        status=replace(claims_of(issued).status, list_number=1),
    )
    assert validating.validate_text(open_ended, state, START).code is Code.VALID


def test_a_change_is_known_only_by_a_publication(stage: Stage) -> None:
    register = stage.register
    issued = stage.world.issue()
    identifier = issued.license.identifier

    def is_known(published: int, *, listed: bool = True) -> bool:
        history = register.history(identifier)
        return publishing.is_known(history, published, listed=listed)

    assert is_known(0)  # its place in the list was published before it
    assert not is_known(0, listed=False)
    before = stage.publish()
    assert is_known(register.last_event(), listed=False)
    published = register.last_event()
    changing.revoke(register, identifier, CANCELLED, START)
    assert not is_known(published)
    assert code(issued, before) is Code.VALID
    assert code(issued, stage.publish()) is Code.REVOKED
    assert is_known(register.last_event())


def test_the_last_event_of_an_empty_register_is_none(stage: Stage) -> None:
    assert stage.register.last_event() == 0
    made = publishing.publish(stage.publisher, START)
    assert made.event_seq == 0
    stage.world.issue()
    assert stage.register.last_event() == 2  # reserved, issued
    assert publishing.publish(stage.publisher, START).event_seq == 2
    assert stage.register.last_event() == 2


def test_every_state_has_its_status(stage: Stage) -> None:
    register = stage.register
    kept, held, revoked, old, new = (stage.world.issue() for _ in range(5))
    names = [item.license.identifier for item in (held, revoked, old, new)]
    changing.suspend(
        register, names[0], Grounds(reason=Reason.HELD, decision=DECISION), START
    )
    changing.revoke(register, names[1], CANCELLED, START)
    changing.supersede(
        register, names[2], names[3], Grounds(reason=Reason.RENEWED), START
    )
    state = stage.publish()
    answers = [code(item, state) for item in (kept, held, revoked, old, new)]
    assert answers == [
        Code.VALID,
        Code.SUSPENDED,
        Code.REVOKED,
        Code.SUPERSEDED,
        Code.VALID,
    ]


# What changes by itself.


def test_a_list_is_never_used_beyond_the_lapse_of_a_suspension(stage: Stage) -> None:
    issued, other = stage.world.issue(), stage.world.issue()
    until = TODAY + 2 * DAY
    grounds = Grounds(reason=Reason.HELD, decision=DECISION, until=until)
    changing.suspend(stage.register, issued.license.identifier, grounds, START)
    state = stage.publish()
    over = dates.end_after(until)
    assert code(issued, state, over - SECOND) is Code.SUSPENDED
    assert code(issued, state, over) is Code.STALE  # not SUSPENDED, not VALID
    assert code(other, state, over) is Code.STALE
    again = stage.publish(over)
    assert code(issued, again, over) is Code.VALID
    week = over + 7 * DAY
    assert code(issued, again, week - SECOND) is Code.VALID
    assert code(issued, again, week) is Code.STALE


def test_a_list_is_never_used_beyond_the_first_day_of_a_new_version(
    stage: Stage,
) -> None:
    first = TODAY + 3 * DAY
    data = sample("food-business", START) | {"valid_from": first.isoformat()}
    old, new = stage.world.issue(), stage.world.issue("food-business", data)
    changing.supersede(
        stage.register,
        old.license.identifier,
        new.license.identifier,
        Grounds(reason=Reason.RENEWED),
        START,
    )
    begin, state = dates.start_of(first), stage.publish()
    assert code(old, state, begin - SECOND) is Code.VALID
    assert code(new, state, begin - SECOND) is Code.NOT_YET_VALID
    assert code(old, state, begin) is Code.STALE
    again = stage.publish(begin)
    assert code(old, again, begin) is Code.SUPERSEDED
    assert code(new, again, begin) is Code.VALID


def test_a_change_further_away_than_the_lists_age_does_not_shorten_it(
    stage: Stage,
) -> None:
    issued = stage.world.issue()
    grounds = Grounds(reason=Reason.HELD, decision=DECISION, until=TODAY + 90 * DAY)
    changing.suspend(stage.register, issued.license.identifier, grounds, START)
    ends = {found.expires_at for found in stage.publish().lists.values()}
    assert ends == {int((START + 7 * DAY).timestamp())}


def test_the_policy_says_how_long_a_publication_is_used(stage: Stage) -> None:
    policy = PublicationPolicy(bundle_age=DAY, status_age=2 * DAY, years_ahead=1)
    state = Stage(stage.world, listed(stage.publisher, policy=policy)).publish()
    assert state.bundle is not None
    assert state.bundle.max_age == DAY
    assert len(state.lists) == 3
    ends = {found.expires_at for found in state.lists.values()}
    assert ends == {int((START + 2 * DAY).timestamp())}


# Two at once, and what is not kept.


def test_the_slower_of_two_publishers_keeps_nothing(stage: Stage) -> None:
    """The other run publishes while this one signs."""
    publisher, inner = stage.publisher, []

    class Slow:
        public_key = publisher.bundle_signer.public_key

        def sign(self, message: bytes) -> bytes:
            inner.append(publishing.publish(publisher, START))
            return publisher.bundle_signer.sign(message)

    with pytest.raises(ConflictError):
        publishing.publish(replace(publisher, bundle_signer=Slow()), START)
    assert [item.number for item in inner] == [2]
    assert stage.register.latest_publication() == inner[0]
    assert publishing.publish(publisher, START).number == 3


def test_a_bundle_that_a_stranger_would_refuse_is_not_kept(stage: Stage) -> None:
    other = stage.world.departments[1]
    wrong = {
        "signed by a key that the root does not name": replace(
            stage.publisher, bundle_signer=other.token
        ),
        "lists signed by another key": replace(
            stage.publisher, status_signer=other.status
        ),
        "another root than the pinned one": replace(
            stage.publisher, pins=("sha256:" + "0" * 64,)
        ),
    }
    for publisher in wrong.values():
        with pytest.raises(VerificationError):
            publishing.publish(publisher, START)
        assert stage.register.latest_publication() is None
