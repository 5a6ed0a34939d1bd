"""Register, status lists and verdicts say the same of a license, at any instant.

The register is asked for what is valid by effect; a stranger is asked with nothing but
a bundle that was published at or before the instant, and its lists in force.
"""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from elicense import changing, dates, issuing, publishing, samples, trust, validating
from elicense.changing import Grounds
from elicense.errors import ElicenseError
from elicense.events import Decision, Event, EventKind, Reason
from elicense.issuing import Issued, Request
from elicense.policy import PublicationPolicy
from elicense.publishing import Listing, Publisher
from elicense.register import LIST_FILL_MAX
from elicense.register.sqlite import SqliteRegister
from elicense.testing import CODE, START, Simulator
from elicense.trust import KeyGrant, OrganizationEntry, Period, TrustState
from esign.verdict import Code

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
RENEWED, CHANGED = Grounds(reason=Reason.RENEWED), Grounds(reason=Reason.CHANGED)
ALWAYS = Period(START - 400 * DAY, None)


def day(text: str) -> datetime:
    """Return 00:00 UTC+8 of a day of 2027."""
    return dates.start_of(date.fromisoformat(f"2027-{text}"))


def decision(made: datetime, effective_at: datetime | None = None) -> Decision:
    return Decision(
        document="行政处罚决定书",
        number="示例罚〔2027〕1号",
        organ="示例市综合执法局",
        legal_basis="行政处罚法第九条",
        date=dates.day_of(made),
        effective_at=effective_at,
        handler="经办示例",
        reviewer="审核示例",
    )


@dataclass
class Office:
    """A department whose register is published as it stands."""

    world: Simulator
    register: SqliteRegister

    def publish(self, at: datetime) -> TrustState:
        department, policy = self.world.department, PublicationPolicy(years_ahead=0)
        listing = Listing(
            register=self.register,
            organization=OrganizationEntry(
                CODE, ((START.date(), department.name),), ()
            ),
            keys=(
                KeyGrant(
                    department.token.public_key,
                    "token",
                    CODE,
                    department.types,
                    ALWAYS,
                ),
                KeyGrant(department.status.public_key, "status", CODE, (), ALWAYS),
            ),
            seals=(),
            roots=self.world.authority.roots,
            statement=self.world.statement,
            policy=policy,
        )
        publisher = Publisher(
            listing=listing,
            status_signer=department.status,
            bundle_signer=self.world.bundle_signer,
            statements=(self.world.root_statement(),),
            pins=(self.world.pin,),
        )
        data = publishing.publish(publisher, at).bundle
        return trust.admit(data, self.world.pin)

    def renew(
        self,
        old: Issued,
        grounds: Grounds,
        valid_from: date,
        at: datetime,
    ) -> Issued:
        application = samples.sample("food-business", at)
        until = valid_from + timedelta(days=365 * 5)
        request = Request(
            type_name="food-business",
            application={
                **application,
                "valid_from": valid_from.isoformat(),
                "valid_until": until.isoformat(),
            },
            number=f"990100{at.timestamp():012.0f}",
            operation="renew",
            previous=old.license.identifier,
            grounds=grounds,
        )
        self.world.at = at
        desk = replace(self.world.desk(), register=self.register)
        return issuing.issue(desk, request, at)


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator() as made:
        yield made


def code_by_list(state: TrustState, issued: Issued, at: datetime) -> Code:
    return validating.validate_text(issued.qr_text, state, at).code


# Twelve instants.


@dataclass
class Life:
    """Three versions of one license, and a publication at each turn of their life."""

    office: Office
    versions: list[Issued]
    published: list[tuple[datetime, TrustState]]

    def bundle_of(self, at: datetime) -> TrustState:
        return [state for when, state in self.published if when <= at][-1]


@pytest.fixture(scope="module")
def life(world: Simulator) -> Life:
    """Issued 01-10, changed 02-01, renewed 02-20 from 03-01, and what followed."""
    office = Office(world, world.department.register)
    published: list[tuple[datetime, TrustState]] = []

    def tell(at: datetime) -> None:
        published.append((at, office.publish(at)))

    world.at = day("01-10") + 9 * 60 * MINUTE
    first = world.issue()
    tell(world.at + MINUTE)
    at = day("02-01") + 9 * 60 * MINUTE
    second = office.renew(first, CHANGED, date(2027, 2, 1), at)
    tell(at + MINUTE)
    at = day("02-20")
    third = office.renew(second, RENEWED, date(2027, 3, 1), at)
    tell(at + MINUTE)
    name, register = third.license.identifier, office.register
    at = day("02-25")
    held = Grounds(
        reason=Reason.HELD,
        decision=decision(at, day("03-01")),
        until=date(2027, 4, 1),
    )
    changing.suspend(register, name, held, at)
    tell(at + MINUTE)
    for text in ("03-01", "03-08", "03-15"):
        tell(day(text))
    at = day("03-20")
    changing.reinstate(register, name, Grounds(reason=Reason.RELEASED), at)
    tell(at + MINUTE)
    at = day("05-10")
    forfeited = Grounds(reason=Reason.FORFEITED, decision=decision(at, day("06-01")))
    changing.revoke(register, name, forfeited, at)
    for text in ("05-10", "05-30", "06-01", "06-08"):
        tell(day(text) + MINUTE)
    return Life(office, [first, second, third], published)


_BEFORE = None  # not issued yet
INSTANTS: dict[str, tuple[datetime, tuple[str | None, ...]]] = {
    "the day before it was issued": (day("01-09"), (_BEFORE, _BEFORE, _BEFORE)),
    "an hour after it was issued": (
        day("01-10") + 600 * MINUTE,
        ("VALID", _BEFORE, _BEFORE),
    ),
    "five days later": (day("01-15"), ("VALID", _BEFORE, _BEFORE)),
    "an hour after it was changed": (
        day("02-01") + 600 * MINUTE,
        ("SUPERSEDED", "VALID", _BEFORE),
    ),
    "renewed, and the new version not valid yet": (
        day("02-21"),
        ("SUPERSEDED", "VALID", "NOT_YET_VALID"),
    ),
    "the last second of the old version": (
        day("03-01") - timedelta(seconds=1),
        ("SUPERSEDED", "VALID", "NOT_YET_VALID"),
    ),
    "the first second of the new version, which is held": (
        day("03-01"),
        ("SUPERSEDED", "SUPERSEDED", "SUSPENDED"),
    ),
    "the last second before it is given back": (
        day("03-20") - timedelta(seconds=1),
        ("SUPERSEDED", "SUPERSEDED", "SUSPENDED"),
    ),
    "given back on 03-20": (
        day("03-20") + 2 * MINUTE,
        ("SUPERSEDED", "SUPERSEDED", "VALID"),
    ),
    "decided to be revoked, and in force": (
        day("05-11"),
        ("SUPERSEDED", "SUPERSEDED", "VALID"),
    ),
    "the last second before the revocation": (
        day("06-01") - timedelta(seconds=1),
        ("SUPERSEDED", "SUPERSEDED", "VALID"),
    ),
    "after the revocation": (
        day("06-01") + 2 * MINUTE,
        ("SUPERSEDED", "SUPERSEDED", "REVOKED"),
    ),
    "a week after the revocation": (
        day("06-08") + 2 * MINUTE,
        ("SUPERSEDED", "SUPERSEDED", "REVOKED"),
    ),
}


@pytest.mark.parametrize(("at", "expected"), INSTANTS.values(), ids=INSTANTS)
def test_the_right_answer_at_each_of_twelve_instants(
    life: Life, at: datetime, expected: tuple[str | None, ...]
) -> None:
    view = life.office.register.at(at)
    for issued, code in zip(life.versions, expected, strict=True):
        found = view.valid(issued.license.identifier)
        assert (found.code.text if found.code else None) == code
        assert view.known(issued.license.identifier) == found, "nothing was told late"


@pytest.mark.parametrize(
    ("at", "expected"), list(INSTANTS.values())[1:], ids=list(INSTANTS)[1:]
)
def test_a_stranger_with_the_bundle_of_that_day_gets_the_same_answer(
    life: Life, at: datetime, expected: tuple[str | None, ...]
) -> None:
    state = life.bundle_of(at)
    for issued, code in zip(life.versions, expected, strict=True):
        got = code_by_list(state, issued, at).text
        assert got == (code or "NOT_AUTHORIZED"), "signed after the instant"


def test_a_superseded_version_names_its_successor(life: Life) -> None:
    first, second, third = (item.license.identifier for item in life.versions)
    view = life.office.register.at(day("03-02"))
    assert view.valid(first).successor == second
    assert view.valid(second).successor == third
    assert view.valid(third).successor is None
    assert life.versions[2].license.previous == second


def test_no_list_outlives_the_next_change_in_it(life: Life) -> None:
    """Each published list ends where the plan of a license in it changes."""
    before_march = life.bundle_of(day("02-26"))
    ends = {number: item.expires_at for (_, number), item in before_march.lists.items()}
    for issued in life.versions[1:]:
        last_day = issued.license.draft.validity.valid_until
        assert last_day is not None
        assert ends[last_day.year] == int(day("03-01").timestamp())
        assert code_by_list(before_march, issued, day("03-01")) is Code.STALE or (
            issued is life.versions[2]
        )


# Any sequence of events.


@pytest.fixture(scope="module")
def template(world: Simulator, tmp_path_factory: pytest.TempPathFactory) -> "Template":
    """A register with a license and its early renewal, to be copied and ruined."""
    path = tmp_path_factory.mktemp("agreement") / "register.db"
    world.at = START
    with SqliteRegister.create(path) as register:
        office = Office(world, register)
        desk = replace(world.desk(), register=register)
        application = samples.sample("food-business", START)
        first = issuing.issue(
            desk,
            Request(
                type_name="food-business", application=application, number="99010001"
            ),
            START,
        )
        until = dates.day_of(START) + timedelta(days=20)
        second = office.renew(first, RENEWED, until, START + DAY)
    return Template(world, path, (first, second))


@dataclass
class Template:
    world: Simulator = field(repr=False)
    path: Path = field(repr=False)
    versions: tuple[Issued, Issued] = field(repr=False)

    @contextlib.contextmanager
    def copy(self, folder: Path) -> Iterator[Office]:
        target = folder / "register.db"
        for old in folder.glob("register.db*"):
            old.unlink()
        shutil.copy(self.path, target)
        with SqliteRegister.open(target) as register:
            yield Office(self.world, register)


@dataclass(frozen=True)
class Act:
    """One thing that is tried; the table may refuse it."""

    reason: Reason
    on_second: bool
    after_hours: int
    effect_days: int | None
    until_days: int | None


ACTS = st.builds(
    Act,
    reason=st.sampled_from(
        [item for item in Reason if item.kind is not EventKind.SUPERSEDED]
    ),
    on_second=st.booleans(),
    after_hours=st.integers(0, 24 * 12),
    effect_days=st.none() | st.integers(-12, 25),
    until_days=st.none() | st.integers(0, 30),
)
_DO = {
    EventKind.REVOKED: changing.revoke,
    EventKind.SUSPENDED: changing.suspend,
    EventKind.REINSTATED: changing.reinstate,
}


def attempt(office: Office, versions: tuple[Issued, Issued], act: Act, at: datetime):
    """Do one act if the rules allow it; return whether they did."""
    effect = None if act.effect_days is None else at + act.effect_days * DAY
    until = None
    if act.reason is Reason.HELD and act.until_days is not None:
        start = at if effect is None else max(at, effect)
        until = dates.day_of(start) + timedelta(days=act.until_days)
    grounds = Grounds(reason=act.reason, decision=decision(at, effect), until=until)
    name = versions[act.on_second].license.identifier
    before = office.register.history(name)
    try:
        done = _DO[act.reason.kind](office.register, name, grounds, at)
    except ElicenseError:
        assert office.register.history(name) == before, (
            "an illegal event changes nothing"
        )
        return False
    return done.event is not None


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=st.lists(ACTS, min_size=1, max_size=6), ask_hours=st.integers(0, 24 * 30))
def test_after_any_events_register_list_and_verdict_agree(
    template: Template, tmp_path: Path, acts: list[Act], ask_hours: int
) -> None:
    with template.copy(tmp_path) as office:
        at = START + 2 * DAY
        for act in acts:
            at += timedelta(hours=act.after_hours)
            attempt(office, template.versions, act, at)
        asked = at + timedelta(hours=ask_hours)
        state = office.publish(asked)
        for issued in template.versions:
            name = issued.license.identifier
            (listed,) = (
                item
                for item in state.lists.values()
                if item.number == issued.verdict.claims.status.list_number
            )
            last = datetime.fromtimestamp(listed.expires_at, asked.tzinfo)
            for instant in (
                asked,
                asked + (last - asked) / 2,
                last - timedelta(seconds=1),
            ):
                whole = instant.replace(microsecond=0)
                expected = office.register.at(whole).valid(name).code
                assert code_by_list(state, issued, whole) is expected


# A chain that grows.


@dataclass(frozen=True)
class Turn:
    """One thing that is tried on one version of a chain; a renewal where no reason."""

    reason: Reason | None
    version: int
    after_hours: int
    effect_days: int | None
    days: int | None
    """The last day of a suspension, or the first day of a new version, from then on."""


TURNS = st.builds(
    Turn,
    reason=st.none()
    | st.sampled_from([Reason.HELD, Reason.RESTORED, Reason.ISSUED_IN_ERROR])
    | st.sampled_from(
        [item for item in Reason if item.kind is not EventKind.SUPERSEDED]
    ),
    version=st.integers(0, 3),
    after_hours=st.integers(0, 24 * 12),
    effect_days=st.none() | st.integers(-12, 25),
    days=st.none() | st.integers(-3, 30),
)
MAX_VERSIONS = 4
# The second version begins on day 20; what is tried begins on day 2.
PAST_A_REVOCATION = [
    Turn(Reason.FORFEITED, 1, 0, effect_days=40, days=None),
    Turn(None, 1, 1, effect_days=None, days=30),
]
PAST_A_HOLD = [
    Turn(Reason.HELD, 1, 0, effect_days=None, days=25),
    Turn(None, 1, 1, effect_days=30, days=19),
]
WAITING = [
    Turn(None, 1, 0, effect_days=40, days=20),
    Turn(None, 2, 1, effect_days=None, days=None),
]


def take(office: Office, chain: list[Issued], turn: Turn, at: datetime) -> Event | None:
    """Try one thing; what the rules refuse leaves every history as it was.

    Returns what was recorded of the version that was named, None for a new version.
    """
    old = chain[turn.version % len(chain)]
    effect = None if turn.effect_days is None else at + turn.effect_days * DAY
    names = [issued.license.identifier for issued in chain]
    before = [office.register.history(name) for name in names]
    try:
        if turn.reason is None:
            if len(chain) < MAX_VERSIONS:
                grounds = replace(CHANGED, decision=decision(at, effect))
                first_day = dates.day_of(at + (turn.days or 0) * DAY)
                chain.append(office.renew(old, grounds, first_day, at))
            return None
        until = None
        if turn.reason is Reason.HELD and turn.days is not None:
            until = dates.day_of(max(at, effect or at) + abs(turn.days) * DAY)
        grounds = Grounds(
            reason=turn.reason, decision=decision(at, effect), until=until
        )
        act = _DO[turn.reason.kind]
        return act(office.register, old.license.identifier, grounds, at).event
    except ElicenseError:
        assert [office.register.history(name) for name in names] == before
        return None


def turning_points(office: Office, chain: list[Issued]) -> list[datetime]:
    """Return each instant at which a version becomes something else, and the last."""
    found = set()
    for issued in chain:
        row = office.register.get(issued.license.identifier)
        first_day = issued.license.draft.validity.valid_from
        starts = [dates.start_of(first_day), *(span.since for span in row.plan)]
        found |= {instant - back for instant in starts for back in (0 * DAY, SECOND)}
    return sorted(instant for instant in found if instant >= START)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(turns=st.lists(TURNS, min_size=2, max_size=8))
@example(turns=PAST_A_REVOCATION)
@example(turns=PAST_A_HOLD)
@example(turns=WAITING)
def test_of_a_chain_that_grows_one_version_is_valid_at_a_time(
    template: Template, tmp_path: Path, turns: list[Turn]
) -> None:
    with template.copy(tmp_path) as office:
        chain, at = list(template.versions), START + 2 * DAY
        for turn in turns:
            at += timedelta(hours=turn.after_hours)
            take(office, chain, turn, at)
        for instant in turning_points(office, chain):
            view = office.register.at(instant)
            state = office.publish(instant)
            codes = [view.valid(issued.license.identifier).code for issued in chain]
            assert codes.count(Code.VALID) <= 1, instant
            for issued, code in zip(chain, codes, strict=True):
                told = code_by_list(state, issued, instant)
                assert told is (code or Code.NOT_AUTHORIZED), instant


ON_THE_RIGHT = TURNS.filter(
    lambda turn: (
        turn.reason is not Reason.ISSUED_IN_ERROR
        and (turn.reason is None or turn.reason.kind is not EventKind.REINSTATED)
    )
)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(turns=st.lists(ON_THE_RIGHT, min_size=2, max_size=6))
@example(turns=PAST_A_REVOCATION)
@example(turns=PAST_A_HOLD)
@example(turns=WAITING)
def test_no_version_escapes_what_was_decided_of_the_right(
    template: Template, tmp_path: Path, turns: list[Turn]
) -> None:
    """What ended or held one version, ended or held them all, later ones too."""
    with template.copy(tmp_path) as office:
        chain, at, decided = list(template.versions), START + 2 * DAY, []
        for turn in turns:
            at += timedelta(hours=turn.after_hours)
            event = take(office, chain, turn, at)
            if event is not None:
                decided.append(event)
        for instant in turning_points(office, chain):
            view = office.register.at(instant)
            codes = [view.valid(issued.license.identifier).code for issued in chain]
            if any(holds(event, instant) for event in decided):
                assert Code.VALID not in codes, instant


def holds(event: Event, at: datetime) -> bool:
    """Tell whether a decision that was recorded is in effect at an instant."""
    since = max(event.effective_at, event.recorded_at)
    over = event.until is not None and at >= dates.end_after(event.until)
    return at >= since and not over


def test_a_suspension_lapses_without_anyone_acting(
    template: Template, tmp_path: Path
) -> None:
    with template.copy(tmp_path) as office:
        at = START + 2 * DAY
        last_day = dates.day_of(at) + timedelta(days=3)
        first = template.versions[0]
        held = Grounds(reason=Reason.HELD, decision=decision(at), until=last_day)
        done = changing.suspend(office.register, first.license.identifier, held, at)
        assert done.others == (template.versions[1].license.identifier,)
        end = dates.end_after(last_day)
        for instant, code in (
            (at, Code.SUSPENDED),
            (end - timedelta(seconds=1), Code.SUSPENDED),
            (end, Code.VALID),
        ):
            assert code_by_list(office.publish(instant), first, instant) is code
            view = office.register.at(instant).valid(first.license.identifier)
            assert view.code is code
        kinds = [e.kind for e in office.register.history(first.license.identifier)]
        assert kinds[-1] is EventKind.SUSPENDED, "nothing was recorded since"


def test_revoking_twice_keeps_the_first_time(
    template: Template, tmp_path: Path
) -> None:
    with template.copy(tmp_path) as office:
        name = template.versions[0].license.identifier
        at = START + 2 * DAY
        grounds = Grounds(reason=Reason.CANCELLED, note="依申请")
        first = changing.revoke(office.register, name, grounds, at)
        again = changing.revoke(office.register, name, grounds, at + DAY)
        assert first.event is not None
        assert again.event is None
        (revoked,) = (
            event
            for event in office.register.history(name)
            if event.kind is EventKind.REVOKED
        )
        assert revoked.effective_at == at


def test_a_renewal_voided_before_its_first_day_leaves_the_old_version(
    template: Template, tmp_path: Path
) -> None:
    first, second = (item.license.identifier for item in template.versions)
    with template.copy(tmp_path) as office:
        register, at = office.register, START + 2 * DAY
        restore = Grounds(reason=Reason.RESTORED, note="新版本作废")
        with pytest.raises(ElicenseError, match="only where its successor is revoked"):
            changing.reinstate(register, first, restore, at)
        void = Grounds(reason=Reason.ISSUED_IN_ERROR, note="误发")
        assert changing.revoke(register, second, void, at).others == ()
        later = START + 30 * DAY
        assert register.at(later).valid(first).code is Code.SUPERSEDED
        done = changing.reinstate(register, first, restore, at)
        assert done.event is not None
        assert register.get(first).successor is None
        for instant in (at, START + 20 * DAY, later):
            assert register.at(instant).valid(first).code is Code.VALID
        state = office.publish(later)
        assert code_by_list(state, template.versions[0], later) is Code.VALID
        assert code_by_list(state, template.versions[1], later) is Code.REVOKED
        again = office.renew(template.versions[0], RENEWED, dates.day_of(later), at)
        assert register.get(first).successor == again.license.identifier
        assert register.at(later).valid(first).code is Code.SUPERSEDED


def test_a_full_list_goes_on_in_its_next_generation(
    template: Template, tmp_path: Path
) -> None:
    with template.copy(tmp_path) as office:
        year = template.versions[0].verdict.claims.status.list_number
        fill(tmp_path / "register.db", f"list {CODE} {year}")
        office.world.at = at = START + 2 * DAY
        desk = replace(office.world.desk(), register=office.register)
        listed = office.publish(at).lists
        issued = issuing.issue(
            desk,
            Request(
                type_name="food-business",
                application=samples.variant("food-business", START, 9),
                number="99010009",
            ),
            at,
        )
        assert issued.verdict.claims.status.list_number == year + 10_000
        assert (CODE, year + 10_000) in listed, "published before it was needed"


def fill(path: Path, counter: str) -> None:
    """Make a register believe that a list is half full."""
    with contextlib.closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(
            "UPDATE counter SET value = ? WHERE name = ?", (LIST_FILL_MAX, counter)
        )


@pytest.mark.parametrize("last_day", [None, 60])
def test_who_was_held_stays_held_when_the_new_version_is_voided(
    template: Template, tmp_path: Path, last_day: int | None
) -> None:
    """The new version took over, was held, and was then found to be a wrong file."""
    first, second = (item.license.identifier for item in template.versions)
    with template.copy(tmp_path) as office:
        register, at = office.register, START + 25 * DAY
        until = None if last_day is None else dates.day_of(START) + last_day * DAY
        held = Grounds(reason=Reason.HELD, decision=decision(at), until=until)
        assert changing.suspend(register, second, held, at).others == ()
        at += DAY
        void = Grounds(reason=Reason.ISSUED_IN_ERROR, note="误发")
        changing.revoke(register, second, void, at)
        restore = Grounds(reason=Reason.RESTORED, note="新版本作废")
        done = changing.reinstate(register, first, restore, at + DAY)
        assert done.others == ()
        in_the_end = Code.VALID if last_day else Code.SUSPENDED
        for days, code in ((2, Code.SUSPENDED), (30, Code.SUSPENDED), (40, in_the_end)):
            instant = at + days * DAY
            assert register.at(instant).valid(first).code is code
            state = office.publish(instant)
            assert code_by_list(state, template.versions[0], instant) is code
        release = Grounds(reason=Reason.RELEASED, note="已改正")
        if last_day is None:
            changing.reinstate(register, first, release, at + 50 * DAY)
            assert register.at(at + 50 * DAY).valid(first).code is Code.VALID
