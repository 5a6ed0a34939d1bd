"""Exactly once, and nothing before it validates."""

import base64
import hashlib
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image

from elicense import attachments, samples
from elicense.changing import Grounds
from elicense.errors import (
    ApplicationError,
    ConflictError,
    ElicenseError,
    MissingGlyphError,
    SymbolTooLargeError,
    TooLongError,
    UnknownTypeError,
)
from elicense.events import EventKind, Reason
from elicense.issuing import NotReleasedError, Request, issue
from elicense.lifecycle import State
from elicense.photos import PhotoError
from elicense.policy import ValidationPolicy
from elicense.register import RequestKey
from elicense.testing import START, Simulator
from elicense.trust import Period
from elicense.validating import validate_pdf
from esign.verdict import Code
from tests.elicense.crash import places
from tests.elicense.crash.killed import CASE, LATER
from tests.elicense.crash.killed import START as FOUNDED

NEXT_DAY = LATER + timedelta(hours=9)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return places.found(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def killed(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed") / "issue"
    points = places.killed("issue", base, folder)
    # A run that died right after the reservation left that and nothing else.
    kinds = [point.split(": ")[1] for point in points.values()]
    inserted = next(i for i, kind in enumerate(kinds) if "INTO license" in kind)
    after = kinds.index("COMMIT", inserted) + 2  # points count from 1
    places.copy(folder / str(after), folder / "reserved")
    return folder, points


@pytest.fixture
def world():
    with Simulator() as made:
        yield made


def resume(workspace):
    """The same request as the killed run's, made a day later."""
    application = samples.sample("food-business", LATER)
    return workspace.issue("food-business", application, number=CASE, at=NEXT_DAY)


def assert_one_license(workspace, issued):
    """Record, token, PDF and row are one license, and the only one."""
    row = workspace.register.get(issued.license.identifier)
    attached = attachments.read(issued.pdf)
    assert workspace.register.count() == 1
    assert row.state_at(NEXT_DAY) is State.ISSUED
    assert row.pdf == issued.pdf
    assert row.token == attached.token
    assert row.record == attached.record
    kinds = [event.kind for event in workspace.register.history(row.identifier)]
    assert kinds == [EventKind.RESERVED, EventKind.ISSUED]
    assert workspace.validate(issued.pdf, NEXT_DAY).code is Code.VALID


class TestKilled:
    """A real process, killed before each thing it makes durable."""

    def test_every_commit_is_a_point(self, killed):
        _, points = killed
        commits = [point for point in points.values() if point.endswith(": COMMIT")]
        # The register of seals: its file, the own seal, the use. The register:
        # number, publication, reservation, output, issued.
        assert len(commits) == 3 + 5
        assert "replace: replace" in points.values()
        assert "sync: fsync" in points.values()

    def test_the_same_request_gives_exactly_one_license(self, killed):
        folder, points = killed
        reserved = []
        for n in points:
            with places.opened(folder / str(n)) as workspace:
                reserved.append(workspace.register.count())
                issued = resume(workspace)
                assert_one_license(workspace, issued)
                again = resume(workspace)
                assert (again.pdf, again.qr_text) == (issued.pdf, issued.qr_text)
                allocation = workspace.register.get(
                    issued.license.identifier
                ).allocation
            first = LATER if reserved[-1] else NEXT_DAY
            assert allocation.instant == first, points[n]
            assert allocation.serial == "20260000001", points[n]
        assert reserved == sorted(reserved)
        assert set(reserved) == {0, 1}

    def test_a_resumed_run_gives_the_bytes_of_an_undisturbed_one(
        self, killed, tmp_path
    ):
        fresh = killed[0] / "reserved"
        undisturbed = places.copy(fresh, tmp_path / "undisturbed")
        with places.opened(undisturbed) as workspace:
            expected = resume(workspace)
        left = places.killed("issue", fresh, tmp_path / "again")
        stored = []
        for n in left:
            with places.opened(tmp_path / "again" / str(n)) as workspace:
                row = workspace.register.get(expected.license.identifier)
                stored.append(row.pdf is not None)
                issued = resume(workspace)
                assert issued.pdf == expected.pdf, left[n]
                assert issued.qr_text == expected.qr_text, left[n]
        assert set(stored) == {False, True}


class TestRetry:
    def test_processes_that_race_get_one_license_and_the_same_bytes(
        self, base, tmp_path
    ):
        folder = places.copy(base, tmp_path / "race")
        answers = places.run("racing.py", folder, "4")
        assert len(answers) == 4
        assert len(set(answers)) == 1
        with places.opened(folder) as workspace:
            issued = resume(workspace)
            assert_one_license(workspace, issued)
        digest = hashlib.sha256(issued.pdf).hexdigest()
        assert answers[0] == f"{issued.license.identifier} {digest}"

    @pytest.mark.parametrize("is_case", [True, False], ids=["case", "row id"])
    def test_other_data_under_the_same_number_conflict(self, world, is_case):
        desk = world.desk()
        application = samples.sample("food-business", world.at)
        first = request(application, is_case=is_case)
        issued = issue(desk, first, world.at)
        before = desk.register.get(issued.license.identifier)
        other = request(application | {"complaint_phone": "12345"}, is_case=is_case)
        with pytest.raises(ConflictError):
            issue(desk, other, world.at)
        assert desk.register.get(before.identifier) == before
        assert desk.register.count() == 1

    def test_a_case_and_a_row_of_the_same_number_are_two_requests(self, world):
        desk = world.desk()
        application = samples.sample("food-business", world.at)
        case = issue(desk, request(application), world.at)
        row = issue(desk, request(application, is_case=False), world.at)
        assert case.license.identifier != row.license.identifier
        assert row.license.draft.case_number is None
        assert desk.register.count() == 2

    def test_the_order_of_keys_does_not_matter(self, world):
        desk = world.desk()
        application = samples.sample("food-business", world.at)
        turned = dict(reversed(application.items()))
        assert list(turned) != list(application)
        first = issue(desk, request(application), world.at)
        assert issue(desk, request(turned), world.at).pdf == first.pdf
        assert desk.register.count() == 1

    @pytest.mark.parametrize("days", [1, 400], ids=["next day", "next year"])
    def test_a_later_retry_repeats_the_first_instant(self, world, days):
        world.at = START.replace(hour=15, minute=59, second=59)  # before midnight
        application = samples.sample("food-business", world.at)
        del application["issue_date"]  # then it is the day of issuing
        first = issue(world.desk(), request(application), world.at)
        later = issue(world.desk(), request(application), world.at + timedelta(days))
        assert later.pdf == first.pdf
        assert later.license.draft.issue_date.isoformat() == "2026-11-21"

    def test_a_revoked_license_is_returned_and_not_issued_again(self, base, tmp_path):
        with places.opened(places.copy(base, tmp_path / "revoked")) as workspace:
            issued = resume(workspace)
            grounds = Grounds(reason=Reason.WITHDRAWN, note="test")
            workspace.revoke(issued.license.identifier, grounds, NEXT_DAY)
            again = resume(workspace)
            assert again.state is State.REVOKED
            assert again.pdf == issued.pdf
            assert workspace.register.count() == 1
            kinds = [
                e.kind for e in workspace.register.history(again.license.identifier)
            ]
            assert kinds[-1] is EventKind.REVOKED
            assert kinds.count(EventKind.ISSUED) == 1


def request(application, type_name="food-business", *, is_case=True):
    return Request(
        type_name=type_name, application=application, number=CASE, is_case=is_case
    )


def turn(**knobs):
    """Return what makes a desk of the first department with other knobs."""

    def desk(world):
        for name, value in knobs.items():
            setattr(world.department, name, value)
        return world.desk()

    return desk


def stale_bundle(world):
    world.issued_at = world.at - timedelta(days=31)
    return world.desk()


def other_seal(world):
    other = world.desk(world.departments[1])
    return replace(world.desk(), press=other.press)


_OVER = Period(START - timedelta(days=400), START)
_NOT_YET = Period(START + timedelta(seconds=1), None)

CANNOT_VALIDATE = {
    "the token key is not in the bundle": (
        turn(token_listed=False),
        Code.UNKNOWN_ISSUER,
    ),
    "the token key was not granted this type": (
        turn(types=("business-license",)),
        Code.NOT_AUTHORIZED,
    ),
    "the token key's period is over": (turn(token_period=_OVER), Code.NOT_AUTHORIZED),
    "the token key's period has not begun": (
        turn(token_period=_NOT_YET),
        Code.NOT_AUTHORIZED,
    ),
    "the seal's period is over": (turn(seal_period=_OVER), Code.NOT_AUTHORIZED),
    "the seal is not in the bundle": (turn(seal_listed=False), Code.UNKNOWN_ISSUER),
    "the seal is another department's": (other_seal, Code.NOT_AUTHORIZED),
    "the bundle is stale": (stale_bundle, Code.STALE),
}


class TestRelease:
    @pytest.mark.parametrize("case", CANNOT_VALIDATE)
    def test_what_does_not_validate_is_kept_back_until_the_desk_is_repaired(
        self, world, case
    ):
        broken, code = CANNOT_VALIDATE[case]
        before = replace(world.department)
        asked = request(samples.sample("food-business", world.at))
        desk = broken(world)
        with pytest.raises(NotReleasedError) as caught:
            issue(desk, asked, world.at)
        assert caught.value.verdict.code is code
        row = desk.register.by_key(_key(world, asked))
        assert not row.is_issued
        assert row.pdf is None
        assert row.token is None
        assert [e.kind for e in desk.register.history(row.identifier)] == [
            EventKind.RESERVED
        ]
        world.departments[0], world.issued_at = before, None
        issued = issue(world.desk(), asked, world.at + timedelta(hours=1))
        assert issued.license.identifier == row.identifier
        assert issued.state is State.ISSUED
        assert desk.register.count() == 1

    def test_not_yet_valid_is_released(self, world):
        tomorrow = (world.at + timedelta(days=1)).date().isoformat()
        application = samples.sample("food-business", world.at)
        issued = world.issue(application=application | {"valid_from": tomorrow})
        assert issued.verdict.code is Code.NOT_YET_VALID
        assert issued.state is State.ISSUED

    def test_a_stranger_finds_it_valid(self, world):
        issued = world.issue()
        assert validate_pdf(issued.pdf, world.trust(), world.at).code is Code.VALID


def _key(world, asked):
    return RequestKey(
        world.department.code, asked.type_name, "issue", asked.source, asked.number
    )


def picture(width, height):
    """Return a PNG in base64."""
    out = io.BytesIO()
    Image.new("RGB", (width, height)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


_CODE = samples.sample("food-business", START)["holders"][0]["code"]
_LONG = [{"name": "𬱖" * 80, "code": _CODE}]  # four bytes each, and cut at 40
_EXPIRED = {"issue_date": "2019-01-02", "first_issued": "2019-01-02"}

WRONG = {
    "a type that is not there": ("driving", {}, UnknownTypeError),
    "a missing field": ("food-business", {"principal": None}, ApplicationError),
    "a field nobody knows": ("food-business", {"colour": "红"}, ApplicationError),
    "a wrong check digit": (
        "food-business",
        {"number": "JY29901010000001"},
        ApplicationError,
    ),
    "a license that is over already": ("special-operation", _EXPIRED, ApplicationError),
    "an address too long for the page": (
        "food-business",
        # Words that stay together leave the ends of lines empty; 字 * 150 has room.
        {"copy": "副本", "domicile": ("(" + "W" * 28 + ")") * 5},
        TooLongError,
    ),
    "a name, an address and a form too long for the QR": (
        "food-business",
        {
            "holders": _LONG,
            "premises": "𬱖" * 150,
            "business_form": f"餐饮服务经营者({'𬱖' * 31})",
        },
        SymbolTooLargeError,
    ),
    "a character that no face has": (
        "food-business",
        {"principal": "\U00020bb7示例"},
        MissingGlyphError,
    ),
    "a photo that is none": (
        "special-operation",
        {"photo": base64.b64encode(b"no photo").decode()},
        PhotoError,
    ),
    "a photo that is too small": (
        "special-operation",
        {"photo": picture(100, 130)},
        PhotoError,
    ),
}


class TestWrongInput:
    @pytest.mark.parametrize("case", WRONG)
    def test_nothing_is_reserved_and_no_serial_is_used(self, world, case):
        type_name, changes, error = WRONG[case]
        known = type_name if type_name in world.catalog.names() else "food-business"
        application = samples.sample(known, world.at) | changes
        desk = world.desk()
        asked = request(application, type_name)
        with pytest.raises(error):
            issue(desk, asked, world.at)
        register = desk.register
        assert register.count() == 0
        assert register.by_key(_key(world, asked)) is None
        assert register.lists() == ()
        assert list(register.events_since(0)) == []
        # The same case number is free, and takes the first serial of the year.
        good = request(samples.sample(known, world.at), known)
        issued = issue(desk, good, world.at)
        assert register.get(issued.license.identifier).allocation.serial.endswith("01")
        assert register.count() == 1

    def test_an_organ_that_is_not_in_the_bundle_reserves_nothing(self, world):
        world.department.listed = False
        desk = world.desk()
        asked = request(samples.sample("food-business", world.at))
        with pytest.raises(ElicenseError, match="publish first"):
            issue(desk, asked, world.at)
        assert desk.register.count() == 0


class TestSameBytes:
    def test_one_reservation_gives_one_pdf_whoever_builds_it(self, base, tmp_path):
        folder = places.copy(base, tmp_path / "one")
        with places.opened(folder) as workspace:
            desk = workspace.desk(FOUNDED)
            asked = request(samples.sample("food-business", FOUNDED))
            stopped = replace(desk, trust=desk.trust.with_lists([]), policy=_NOTHING)
            with pytest.raises(NotReleasedError):
                issue(stopped, asked, FOUNDED)
        twin = places.copy(folder, tmp_path / "twin")
        pdfs = []
        for place in (folder, twin):
            with places.opened(place) as workspace:
                pdfs.append(issue(workspace.desk(FOUNDED), asked, FOUNDED).pdf)
        assert pdfs[0] == pdfs[1]

    def test_programs_that_order_sets_differently_give_the_same_bytes(
        self, killed, tmp_path
    ):
        answers = set()
        for seed in (1, 2):
            folder = places.copy(killed[0] / "reserved", tmp_path / str(seed))
            answers |= set(places.run("racing.py", folder, "1", hash_seed=seed))
        assert len(answers) == 1


_NOTHING = ValidationPolicy(max_input_bytes=1)
"""Under it no document validates: a desk that stops after the reservation."""
