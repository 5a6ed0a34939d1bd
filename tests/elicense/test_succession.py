"""Organs are merged and renamed; their licenses stay good and show their day."""

from datetime import date, timedelta

import pytest

from elicense import Workspace, samples, trust
from elicense.changing import Grounds
from elicense.dates import day_of
from elicense.errors import ConflictError, WorkspaceError
from elicense.events import Reason
from elicense.issuing import Request
from elicense.validating import validate_pdf
from esign.verdict import Code
from tests.elicense.crash.killed import CODE, LATER, NAME, PASSPHRASE, START

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
OLD_CODE, OLD_NAME = "119901000000000355", "示范市应急管理局"
THIRD_CODE, THIRD_NAME = "119901000000000430", "样例市市场监管局"
TODAY = day_of(LATER)
TYPES = ("food-business",)


def found(folder, name, code, at=START):
    return Workspace.create(folder, name=name, code=code, passphrase=PASSPHRASE, at=at)


@pytest.fixture
def old(tmp_path):
    with found(tmp_path / "old", OLD_NAME, OLD_CODE) as workspace:
        yield workspace


@pytest.fixture
def new(tmp_path):
    with found(tmp_path / "new", NAME, CODE) as workspace:
        yield workspace


def issue(workspace, at, number="1"):
    application = samples.sample("food-business", at)
    return workspace.issue("food-business", application, number=number, at=at)


def adopt(new, old, at=LATER, **changes):
    given = {"types": TYPES, "passphrase": PASSPHRASE, "at": at} | changes
    return new.adopt(old.folder, given.pop("since", TODAY), **given)


def stranger(workspace, *pins):
    data = workspace.trust_file.read_bytes()
    return trust.admit(data, pins or workspace.pins)


class TestTakingOver:
    def test_old_licenses_stay_valid_under_the_pin_of_the_old_root(self, old, new):
        kept = issue(old, START)
        pin, seen = old.settings.root, old.trust().seen
        done = adopt(new, old)
        assert (done.licenses, done.done.published) == (1, True)
        for believed in (stranger(new, pin), stranger(new)):
            verdict = validate_pdf(kept.pdf, believed, LATER)
            assert verdict.code is Code.VALID
            assert verdict.issuer_name == OLD_NAME
        # Who pinned the new organ alone learns nothing of the old one.
        own = validate_pdf(kept.pdf, stranger(new, new.settings.root), LATER)
        assert own.code is Code.UNKNOWN_ISSUER
        trust.admit(new.trust_file.read_bytes(), pin, [seen])

    def test_the_successor_revokes_what_it_took_over(self, old, new):
        kept = issue(old, START)
        adopt(new, old)
        grounds = Grounds(reason=Reason.WITHDRAWN, note="test")
        new.revoke(kept.license.identifier, grounds, LATER)
        assert not new.show(kept.license.identifier, LATER).published
        new.publish(LATER + SECOND)
        assert new.show(kept.license.identifier, LATER).published
        believed = stranger(new, new.pins[0])
        assert validate_pdf(kept.pdf, believed, LATER + SECOND).code is Code.REVOKED

    def test_the_successor_renews_across_the_codes(self, old, new):
        kept = issue(old, START)
        adopt(new, old)
        request = Request(
            type_name="food-business",
            application=samples.sample("food-business", LATER),
            number="2",
            operation="renew",
            previous=kept.license.identifier,
            grounds=Grounds(reason=Reason.CHANGED, note="机构改革"),
        )
        made = new.carry_out(request, LATER)
        assert made.license.issuer.code == CODE
        assert made.license.previous == kept.license.identifier
        new.publish(LATER + DAY)
        believed = stranger(new)
        at = LATER + DAY
        assert validate_pdf(made.pdf, believed, at).code is Code.VALID
        assert validate_pdf(kept.pdf, believed, at).code is Code.SUPERSEDED

    def test_the_old_organ_can_sign_nothing_any_more(self, old, new):
        issue(old, START)
        adopt(new, old)
        assert not old.custody.private_files()
        records = new.custody.parts.keychain.records
        theirs = [item for item in records if item.organization == OLD_CODE]
        assert len(theirs) == 3
        assert all(item.destroyed and not item.signs for item in theirs)
        with Workspace(old.folder, PASSPHRASE) as again, pytest.raises(Exception) as e:  # noqa: PT011  type below
            issue(again, LATER, "2")
        assert "cannot read" in str(e.value)

    def test_one_organ_takes_over_several_and_after_a_rotation(
        self, tmp_path, old, new
    ):
        """A licensing bureau (行政审批局) takes over district after district."""
        with found(tmp_path / "third", THIRD_NAME, THIRD_CODE) as third:
            kept = {w.settings.root: issue(w, START) for w in (old, third, new)}
            first = new.settings.root
            seen = [w.trust().seen for w in (old, third, new)]
            new.rotate_root(LATER)
            for number, other in enumerate((old, third), 1):
                adopt(new, other, LATER + number * SECOND)
        new.publish(LATER + 9 * SECOND)
        at = LATER + 10 * SECOND
        assert new.pins[-1] == new.settings.root != first
        for pin, license_ in kept.items():
            alone = stranger(new, pin)
            assert len(alone.organizations) == 1
            assert validate_pdf(license_.pdf, alone, at).code is Code.VALID
        data = new.trust_file.read_bytes()
        state = trust.admit(data, kept, seen)
        assert set(state.organizations) == {OLD_CODE, THIRD_CODE, CODE}
        for license_ in kept.values():
            assert validate_pdf(license_.pdf, state, at).code is Code.VALID
        # What they published on their own is older now, for whoever saw this.
        with Workspace(old.folder, PASSPHRASE) as left:
            before = left.trust_file.read_bytes()
        with pytest.raises(trust.RollbackError):
            trust.admit(before, kept, [state.seen])
        new.rotate_root(LATER + 11 * SECOND)
        again = trust.admit(new.trust_file.read_bytes(), kept, [state.seen])
        assert set(again.organizations) == {OLD_CODE, THIRD_CODE, CODE}

    def test_the_same_again_is_harmless(self, old, new):
        kept = issue(old, START)
        adopt(new, old)
        before = new.custody.parts, new.settings
        again = adopt(new, old, LATER + DAY)
        assert again.licenses == 0
        assert (new.custody.parts, new.settings) == before
        assert validate_pdf(kept.pdf, stranger(new), LATER + DAY).code is Code.VALID

    @pytest.mark.parametrize("steps", range(5))
    def test_a_run_that_was_cut_off_is_finished(self, old, new, steps):
        kept = issue(old, START)
        pin = old.settings.root
        cut_off_after(new, old, steps)
        # What stands there is good for strangers of either organ meanwhile.
        if steps < 4:
            new.publish(LATER)
        assert issue(new, LATER, "9").verdict.code is Code.VALID
        done = adopt(new, old, LATER + SECOND)
        assert done.done.published
        at = LATER + SECOND
        assert validate_pdf(kept.pdf, stranger(new, pin), at).code is Code.VALID
        assert new.register.count() == 2

    def test_three_organs_are_merged_one_after_the_other(self, tmp_path, old, new):
        first = issue(old, START)
        with found(tmp_path / "mid", THIRD_NAME, THIRD_CODE) as middle:
            second = issue(middle, START)
            adopt(middle, old)
            at = LATER + DAY
            adopt(new, middle, at, since=day_of(at))
        for issued, name in ((first, OLD_NAME), (second, THIRD_NAME)):
            verdict = validate_pdf(issued.pdf, stranger(new), at)
            assert (verdict.code, verdict.issuer_name) == (Code.VALID, name)
        assert [item.code for item in new.settings.predecessors] == [
            THIRD_CODE,
            OLD_CODE,
        ]


def cut_off_after(new, old, steps):
    """Do the first steps of taking over, as a run that was killed leaves them."""
    from elicense import succession  # noqa: PLC0415

    handover = succession.Handover(TODAY, TYPES)
    todo = [
        lambda: new.register.adopt(succession._entries(old)),
        lambda: new.custody.speak(succession._statements(new, old, LATER)),
        lambda: succession._silence(old),
        lambda: succession._list_keys(new, old, LATER),
    ]
    for step in todo[:steps]:
        step()
    assert handover.types


REFUSED = {
    "itself": (lambda new, _old: new.adopt(new.folder, TODAY), "from itself"),
    "a day to come": (lambda new, old: adopt(new, old, since=TODAY + DAY), "not come"),
    "a type that the other has not": (
        lambda new, old: adopt(new, old, types=("none",)),
        "was granted",
    ),
    "another passphrase": (
        lambda new, old: adopt(new, old, passphrase=b"wrong"),
        "passphrase",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_taken_over_leaves_the_other_as_it_was(old, new, case):
    job, text = REFUSED[case]
    issued = issue(old, START)
    with pytest.raises((WorkspaceError, ConflictError), match=text):
        job(new, old)
    old.custody.reload()
    assert len(old.custody.private_files()) == 5
    assert issue(old, LATER, "2").verdict.code is Code.VALID
    assert validate_pdf(issued.pdf, old.trust(), LATER).code is Code.VALID
    assert new.settings.predecessors == ()


class TestRenaming:
    NEW_NAME = "示例市政务服务局"

    def test_licenses_keep_the_name_of_their_day(self, new):
        before = issue(new, START)
        done = new.rename(self.NEW_NAME, TODAY, LATER)
        assert done.published
        after = issue(new, LATER + SECOND, "2")
        assert after.license.issuer.name == self.NEW_NAME
        believed = stranger(new)
        for issued, name in ((before, NAME), (after, self.NEW_NAME)):
            verdict = validate_pdf(issued.pdf, believed, LATER + SECOND)
            assert (verdict.code, verdict.issuer_name) == (Code.VALID, name)
        assert new.custody.parts.seal_name == self.NEW_NAME
        assert len(new.custody.parts.keychain.own("seal")) == 2

    def test_a_name_of_a_day_to_come_is_announced_and_the_seal_follows(self, new):
        day = TODAY + timedelta(days=3)
        assert new.rename(self.NEW_NAME, day, LATER).published
        assert new.custody.parts.seal_name == NAME
        assert stranger(new).organizations[CODE].names[-1] == (day, self.NEW_NAME)
        assert issue(new, LATER, "2").license.issuer.name == NAME
        on_the_day = LATER + timedelta(days=3)
        assert new.rename(self.NEW_NAME, day, on_the_day).published
        assert new.custody.parts.seal_name == self.NEW_NAME
        made = issue(new, on_the_day, "3")
        assert made.license.issuer.name == self.NEW_NAME
        assert len(new.settings.renamed) == 1

    @pytest.mark.parametrize(
        ("name", "since", "text"),
        {
            "a day that has passed": (NEW_NAME, TODAY - DAY, "today or later"),
            "a day on which licenses were issued": (NEW_NAME, TODAY, "the day after"),
            "a name that no seal can carry": ("局", TODAY + DAY, "4 to 24"),
        }.values(),
    )
    def test_what_would_change_issued_licenses_is_refused(self, new, name, since, text):
        issue(new, LATER, "1")
        before = (new.folder / "elicense.toml").read_bytes()
        with pytest.raises(WorkspaceError) as caught:
            new.rename(name, since, LATER + SECOND)
        assert text in " ".join(caught.value.message.en.split())
        assert (new.folder / "elicense.toml").read_bytes() == before

    def test_a_second_name_comes_after_the_first(self, new):
        new.rename(self.NEW_NAME, TODAY + DAY, LATER)
        with pytest.raises(WorkspaceError, match="after the last one"):
            new.rename("示例市数据管理局", TODAY, LATER)
        assert new.settings.name_on(date(2000, 1, 1)) == NAME
