"""A new version is issued and the old one superseded at once, or neither."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from elicense import attachments, changing, record, samples
from elicense.changing import Grounds
from elicense.dates import start_of
from elicense.errors import (
    ApplicationError,
    ConflictError,
    IllegalTransitionError,
    NotFoundError,
)
from elicense.events import Decision, EventError, EventKind, Reason
from elicense.issuing import NotReleasedError, Request, issue
from elicense.lifecycle import State
from elicense.policy import ValidationPolicy
from elicense.testing import SECOND_CODE, START, Simulator
from elicense.trust import Succession
from esign.verdict import Code
from tests.elicense.crash import places
from tests.elicense.crash.killed import CASE, SOON
from tests.elicense.crash.killed import START as FOUNDED
from tests.elicense.crash.killed import renewal as killed_renewal

NOTHING = ValidationPolicy(max_input_bytes=1)
"""Under it no document validates: a desk that stops after the reservation."""
DECISION = Decision(
    document="降低资质等级决定书",
    number="示例〔2026〕1号",
    organ="示例市行政审批局",
    legal_basis="行政处罚法第九条",
    date=date(2026, 11, 21),
    effective_at=None,
    handler="甲",
    reviewer="乙",
)


@pytest.fixture
def world():
    with Simulator() as made:
        yield made


def grounds(reason, **changes):
    return Grounds(**({"reason": reason, "note": "申请"} | changes))


def renewal(old, application, **changes):
    """Return a request for a new version of a license."""
    values = {
        "type_name": old.license.draft.type_name,
        "application": application,
        "number": "990100202612010001",
        "operation": "renew",
        "previous": old.license.identifier,
        "grounds": grounds(Reason.CHANGED),
    }
    return Request(**(values | changes))


def sample(world, **changes):
    return samples.sample("food-business", world.at) | changes


def kinds(register, identifier):
    return [event.kind for event in register.history(identifier)]


def reservations(register):
    return [row for row in register.rows() if not row.is_issued]


_FIRST, _LAST = "2026-11-21", "2031-11-20"
REASONS = {
    Reason.CHANGED: ({"principal": "王示例", "valid_until": _LAST}, "变更"),
    Reason.CORRECTED: ({"principal": "王示例"}, "更正"),
    Reason.REISSUED: ({"valid_from": _FIRST, "issue_date": _FIRST}, "补发"),
    Reason.RENEWED: ({"valid_from": "2026-12-05"}, "延续"),
}


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.code)
def test_the_new_version_names_the_old_one_and_supersedes_it(world, reason):
    changes, origin = REASONS[reason]
    old = world.issue()
    world.at += timedelta(days=14)
    desk = world.desk()
    asked = renewal(old, sample(world, **changes), grounds=grounds(reason))
    new = issue(desk, asked, world.at)
    assert new.license.previous == old.license.identifier
    assert new.license.draft.origin == origin
    assert new.license.identifier != old.license.identifier
    attached = record.decode(attachments.read(new.pdf).record)[0]
    assert attached == new.license
    row = desk.register.get(old.license.identifier)
    assert row.successor == new.license.identifier
    assert row.state_at(world.at) is State.SUPERSEDED
    assert desk.register.get(new.license.identifier).previous == row.identifier
    assert kinds(desk.register, row.identifier)[-1] is EventKind.SUPERSEDED
    event = desk.register.history(row.identifier)[-1]
    assert (event.reason, event.successor) == (reason, new.license.identifier)
    assert event.recorded_at == world.at
    assert world.validate(new.pdf).code is Code.VALID
    assert new.warnings == ()
    assert desk.register.counts() == {"issue": 1, "renew": 1}


def test_a_downgrade_rests_on_its_decision(world):
    old = world.issue()
    world.at += timedelta(days=1)
    application = sample(world, valid_until=_LAST)
    asked = renewal(old, application, grounds=grounds(Reason.DOWNGRADED))
    with pytest.raises(EventError, match="decision"):
        issue(world.desk(), asked, world.at)
    assert reservations(world.department.register) == []
    decided = Grounds(reason=Reason.DOWNGRADED, decision=DECISION)
    new = issue(world.desk(), replace(asked, grounds=decided), world.at)
    event = world.department.register.history(old.license.identifier)[-1]
    assert event.decision == DECISION
    assert new.license.draft.origin == "变更"


def test_an_early_renewal_leaves_the_old_version_good_until_its_first_day(world):
    old = world.issue()
    world.at += timedelta(days=300)
    first = date(2027, 12, 1)
    application = sample(world, valid_from=first.isoformat())
    asked = renewal(old, application, grounds=grounds(Reason.RENEWED))
    new = issue(world.desk(), asked, world.at)
    register = world.department.register
    assert new.verdict.code is Code.NOT_YET_VALID
    last = start_of(first) - timedelta(seconds=1)
    assert register.at(world.at).valid(old.license.identifier).code is Code.VALID
    assert register.at(last).valid(old.license.identifier).code is Code.VALID
    standing = register.at(start_of(first)).valid(old.license.identifier)
    assert standing.code is Code.SUPERSEDED
    assert standing.successor == new.license.identifier
    assert register.at(start_of(first)).valid(new.license.identifier).code is Code.VALID
    assert register.at(last).valid(new.license.identifier).code is Code.NOT_YET_VALID
    assert new.warnings == ()  # the old one, still in force, has the same number


def test_a_chain_of_versions_ends_in_one_that_is_in_force(world):
    versions = [world.issue()]
    for number in ("1", "2", "3"):
        world.at += timedelta(days=1)
        asked = renewal(versions[-1], sample(world, valid_until=_LAST), number=number)
        versions.append(issue(world.desk(), asked, world.at))
    register = world.department.register
    states = [register.get(v.license.identifier).state_at(world.at) for v in versions]
    assert states == [State.SUPERSEDED] * 3 + [State.ISSUED]
    assert versions[-1].warnings == ()
    asked = renewal(versions[0], sample(world, valid_until=_LAST), number="4")
    with pytest.raises(IllegalTransitionError, match="another version follows"):
        issue(world.desk(), asked, world.at)
    assert register.count() == 4


def test_the_same_request_gives_the_same_version(world):
    old = world.issue()
    world.at += timedelta(days=1)
    asked = renewal(old, sample(world, valid_until=_LAST))
    new = issue(world.desk(), asked, world.at)
    register = world.department.register
    seen = list(register.events_since(0))
    later = issue(world.desk(), asked, world.at + timedelta(days=400))
    assert (later.pdf, later.qr_text) == (new.pdf, new.qr_text)
    assert list(register.events_since(0)) == seen
    assert register.count() == 2


OTHERWISE = ["another old version", "another reason", "a decision", "another note"]


@pytest.mark.parametrize("case", OTHERWISE)
def test_the_same_number_for_something_else_conflicts(world, case):
    old, other = world.issue(), world.issue()
    world.at += timedelta(days=1)
    asked = renewal(old, sample(world, valid_until=_LAST))
    issue(world.desk(), asked, world.at)
    register = world.department.register
    seen = list(register.events_since(0))
    otherwise = {
        "another old version": {"previous": other.license.identifier},
        "another reason": {"grounds": grounds(Reason.CORRECTED)},
        "a decision": {"grounds": grounds(Reason.CHANGED, decision=DECISION)},
        "another note": {"grounds": grounds(Reason.CHANGED, note="另一申请")},
    }
    with pytest.raises(ConflictError):
        issue(world.desk(), replace(asked, **otherwise[case]), world.at)
    assert list(register.events_since(0)) == seen


def revoked(world, old):
    changing.revoke(
        world.department.register,
        old.license.identifier,
        Grounds(reason=Reason.WITHDRAWN, note="撤回"),
        world.at,
    )
    return old.license.identifier


def held(world, old):
    decided = replace(DECISION, document="行政处罚决定书")
    changing.suspend(
        world.department.register,
        old.license.identifier,
        Grounds(reason=Reason.HELD, decision=decided),
        world.at,
    )
    return old.license.identifier


def never_issued(world, _):
    asked = Request(
        type_name="food-business", application=sample(world), number="reserved"
    )
    with pytest.raises(NotReleasedError):
        issue(replace(world.desk(), policy=NOTHING), asked, world.at)
    (row,) = reservations(world.department.register)
    return row.identifier


def not_there(_, old):
    return old.license.identifier[:-5] + "002.9"


def of_another_organ(world, _):
    """Return a license of the second organ that the first one has adopted."""
    other = world.issue(department=world.departments[1])
    theirs = world.departments[1].register
    identifier = other.license.identifier
    history = theirs.history(identifier)
    world.department.register.adopt([(theirs.get(identifier), history)])
    return identifier


ILLEGAL = {
    "it was revoked": (revoked, IllegalTransitionError),
    "it is suspended": (held, IllegalTransitionError),
    "it was never issued": (never_issued, IllegalTransitionError),
    "it does not exist": (not_there, NotFoundError),
    "it is another organ's": (of_another_organ, ApplicationError),
}


@pytest.mark.parametrize("case", ILLEGAL)
def test_nothing_is_reserved_where_the_old_version_can_not_be_superseded(world, case):
    make, error = ILLEGAL[case]
    old = world.issue()
    identifier = make(world, old)
    register = world.department.register
    seen, rows = list(register.events_since(0)), register.count()
    asked = renewal(old, sample(world, valid_until=_LAST), previous=identifier)
    with pytest.raises(error):
        issue(world.desk(), asked, world.at)
    assert list(register.events_since(0)) == seen
    assert register.count() == rows


WRONG = {
    "another type": ({}, {"type_name": "business-license"}, "type"),
    "another holder": (
        {"holders": samples.variant("food-business", START, 1)["holders"]},
        {},
        "holders[0].code",
    ),
    "another origin": ({"origin": "新发"}, {}, "origin"),
    "a renewal that ends no later": (
        {"valid_until": _LAST},
        {"grounds": grounds(Reason.RENEWED)},
        "valid_until",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_nothing_is_reserved_where_the_application_does_not_follow(world, case):
    changes, request_changes, field = WRONG[case]
    old = world.issue()
    type_name = request_changes.get("type_name", "food-business")
    application = samples.sample(type_name, world.at) | changes
    asked = renewal(old, application, **request_changes)
    with pytest.raises(ApplicationError) as caught:
        issue(world.desk(), asked, world.at)
    assert field in [problem.field for problem in caught.value.problems]
    assert world.department.register.count() == 1


def test_an_adopted_license_is_superseded_by_who_succeeds_its_organ(world):
    identifier = of_another_organ(world, None)
    register = world.department.register
    old = register.get(identifier)
    draft = record.decode(old.record)[0].draft
    assert record.decode(old.record)[0].issuer.code == SECOND_CODE
    asked = Request(
        type_name=draft.type_name,
        application=sample(world, valid_until=_LAST),
        number="1",
        operation="renew",
        previous=identifier,
        grounds=grounds(Reason.CHANGED),
    )
    predecessor = world.departments[1]
    predecessor.successors = (
        Succession(world.department.code, world.at, predecessor.types, False),
    )
    new = issue(replace(world.desk(), predecessors=(SECOND_CODE,)), asked, world.at)
    assert new.license.previous == identifier
    assert world.validate(new.pdf).code is Code.VALID
    assert register.get(identifier).successor == new.license.identifier
    assert register.get(identifier).state_at(world.at) is State.SUPERSEDED
    assert register.counts() == {"issue": 1, "renew": 1}


class TestBetweenReservationAndIssue:
    """A run that was cut off after the reservation is resumed in another world."""

    def reserved(self, world):
        old = world.issue()
        world.at += timedelta(days=1)
        asked = renewal(old, sample(world, valid_until=_LAST))
        with pytest.raises(NotReleasedError):
            issue(replace(world.desk(), policy=NOTHING), asked, world.at)
        return old, asked

    def test_it_is_finished_with_the_first_run_s_instant(self, world):
        old, asked = self.reserved(world)
        later = world.at + timedelta(days=2)
        register = world.department.register
        assert register.get(old.license.identifier).successor is None
        new = issue(world.desk(), asked, later)
        assert new.verdict.at == world.at
        issued = register.history(new.license.identifier)[-1]
        superseded = register.history(old.license.identifier)[-1]
        assert (issued.effective_at, issued.recorded_at) == (world.at, later)
        assert superseded.effective_at == world.at, "the new version's own start"
        assert superseded.recorded_at == later

    def test_what_was_decided_of_the_old_version_meanwhile_is_told(self, world):
        old, asked = self.reserved(world)
        register = world.department.register
        since = world.at + timedelta(days=1)
        decided = replace(DECISION, effective_at=since)
        forfeit = Grounds(reason=Reason.FORFEITED, decision=decided)
        changing.revoke(register, old.license.identifier, forfeit, world.at)
        seen = list(register.events_since(0))
        with pytest.raises(
            ConflictError, match="decided that the old version is revoked"
        ):
            issue(world.desk(), asked, world.at)
        assert list(register.events_since(0)) == seen
        assert len(reservations(register)) == 1

    def test_an_old_version_that_was_revoked_meanwhile_is_told(self, world):
        old, asked = self.reserved(world)
        revoked(world, old)
        register = world.department.register
        seen = list(register.events_since(0))
        for _ in range(2):  # every later retry asks again
            with pytest.raises(ConflictError, match=r"changed after.*revoked"):
                issue(world.desk(), asked, world.at)
        (row,) = reservations(register)
        assert list(register.events_since(0)) == seen
        changing.reinstate(
            register,
            old.license.identifier,
            Grounds(reason=Reason.RESTORED, note="复议撤销原决定"),
            world.at,
        )
        new = issue(world.desk(), asked, world.at)
        assert new.license.identifier == row.identifier
        assert register.get(old.license.identifier).successor == row.identifier

    def test_an_old_version_that_another_one_follows_meanwhile_is_told(self, world):
        old, asked = self.reserved(world)
        first = issue(world.desk(), replace(asked, number="2"), world.at)
        with pytest.raises(ConflictError, match="another version follows"):
            issue(world.desk(), asked, world.at)
        register = world.department.register
        assert len(reservations(register)) == 1
        successor = register.get(old.license.identifier).successor
        assert successor == first.license.identifier

    def test_a_run_that_lost_the_race_returns_the_winner_s_version(self, world):
        old, asked = self.reserved(world)
        winner = []
        desk = world.desk()
        overtaken = Overtaken(
            desk.token_signer, lambda: winner.append(issue(desk, asked, world.at))
        )
        new = issue(replace(desk, token_signer=overtaken), asked, world.at)
        assert new.pdf == winner[0].pdf
        register = desk.register
        assert register.count() == 2
        assert reservations(register) == []
        assert kinds(register, old.license.identifier).count(EventKind.SUPERSEDED) == 1

    def test_an_old_version_that_is_revoked_during_the_run_is_told(self, world):
        old, asked = self.reserved(world)
        desk = world.desk()
        overtaken = Overtaken(desk.token_signer, lambda: revoked(world, old))
        with pytest.raises(ConflictError, match=r"changed after.*revoked"):
            issue(replace(desk, token_signer=overtaken), asked, world.at)
        assert len(reservations(desk.register)) == 1
        row = desk.register.get(old.license.identifier)
        assert (row.successor, row.state_at(world.at)) == (None, State.REVOKED)


class Overtaken:
    """A signer during whose work something else is done by another run."""

    def __init__(self, signer, act):
        self.signer, self.act = signer, act

    @property
    def public_key(self):
        return self.signer.public_key

    def sign(self, message):
        self.act()
        return self.signer.sign(message)


class TestKilled:
    """A real process, killed before each thing it makes durable."""

    def test_old_and_new_change_together_and_once(self, tmp_path):
        base = places.found(tmp_path / "base")
        with places.opened(base) as workspace:
            application = samples.sample("food-business", FOUNDED)
            first = workspace.issue(
                "food-business", application, number=CASE, at=FOUNDED
            )
        old = first.license.identifier
        points = places.killed("follow", base, tmp_path / "killed")
        commits = [point for point in points.values() if point.endswith(": COMMIT")]
        # Reservation, use of the seal, output, issued with superseded.
        assert len(commits) == 4
        counted = set()
        for n in points:
            with places.opened(tmp_path / "killed" / str(n)) as workspace:
                register = workspace.register
                issued = register.counts().get("renew", 0)
                counted.add((register.count(), issued))
                assert (register.get(old).successor is not None) == bool(issued)
                asked = killed_renewal(old)
                new = issue(workspace.desk(SOON), asked, SOON)
                assert register.get(old).successor == new.license.identifier
                assert register.get(old).state_at(SOON) is State.SUPERSEDED
                assert register.count() == 2
                stored = register.get(new.license.identifier)
                assert (stored.pdf, stored.is_issued) == (new.pdf, True)
        assert {(1, 0), (2, 0)} <= counted <= {(1, 0), (2, 0), (2, 1)}


MISUSES = {
    "a renewal without an old version": {"operation": "renew"},
    "an old version without a renewal": {"previous": "1.2"},
    "grounds without a renewal": {"grounds": grounds(Reason.RENEWED)},
    "an old version without grounds": {"operation": "renew", "previous": "1.2"},
    "an import of a new version": {
        "operation": "import",
        "is_case": False,
        "previous": "1.2",
        "grounds": grounds(Reason.RENEWED),
    },
    "a reason that supersedes nothing": {
        "operation": "renew",
        "previous": "1.2",
        "grounds": grounds(Reason.WITHDRAWN),
    },
    "an import of a case": {"operation": "import"},
    "a scan of what is issued": {"scan": b"%PDF-"},
}


NUMBERS = {
    "empty": "",
    "of spaces": "  ",
    "with a space at its end": "9 ",
    "of two lines": "9\n9",
    "with a control character": "9\x1b[31m",
    "with half a character": "9\udcff",
    "too long": "9" * 65,
}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("is_case", [True, False])
def test_a_number_that_can_not_be_kept_is_a_misuse(number, is_case):
    with pytest.raises(ValueError, match="case number or row id") as caught:
        Request(
            type_name="food-business", application={}, number=number, is_case=is_case
        )
    assert number.strip() == "" or number not in str(caught.value)


@pytest.mark.parametrize("case", MISUSES)
def test_parts_of_a_request_that_do_not_go_together_are_a_misuse(case):
    with pytest.raises(ValueError, match=r"renew|supersede|import"):
        Request(type_name="food-business", application={}, number="1", **MISUSES[case])
