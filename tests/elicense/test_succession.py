"""Organs are merged and renamed; their licenses stay good and show their day."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest

from elicense import Workspace, issuing, samples, succession, trust
from elicense.changing import Grounds
from elicense.dates import day_of
from elicense.errors import ConflictError, WorkspaceError
from elicense.events import Reason
from elicense.issuing import Request
from elicense.snapshot import Archive
from elicense.validating import validate_pdf, validate_text
from esign.verdict import Code
from tests.elicense.crash.killed import CODE, LATER, NAME, PASSPHRASE, START

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
OLD_CODE, OLD_NAME = "119901000000000355", "示范市应急管理局"
THIRD_CODE, THIRD_NAME = "119901000000000430", "样例市市场监管局"
TODAY = day_of(LATER)
TYPES = ("food-business",)
WITHDRAWN = Grounds(reason=Reason.WITHDRAWN, note="test")
CHANGES = {
    "revoke": lambda place, name: place.revoke(name, WITHDRAWN, LATER),
    "suspend": lambda place, name: place.suspend(
        name, Grounds(reason=Reason.HELD, decision="test", until=TODAY + DAY), LATER
    ),
    "reinstate": lambda place, name: place.reinstate(
        name, Grounds(reason=Reason.RELEASED, note="test"), LATER
    ),
    "issue": lambda place, _: issue(place, LATER, "2"),
    "publish": lambda place, _: place.publish(LATER),
    "renew a key": lambda place, _: place.renew_key("token", LATER),
    "rename": lambda place, _: place.rename("示例市政务服务局", TODAY + DAY, LATER),
    "adopt": lambda place, _: place.adopt(
        place.folder.parent / "new", TODAY, passphrase=PASSPHRASE, at=LATER
    ),
}


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


def reserve_only(workspace, request, at):
    """Leave a license reserved: the press is gone when it is to be printed."""

    class Gone:
        def print(self, _parts):
            raise OSError

    desk = replace(workspace.desk(at), press=Gone())
    with pytest.raises(OSError):  # noqa: PT011  raised by the press above
        issuing.issue(desk, request, at)
    assert workspace.known(request) is not None


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

    def test_snapshots_that_close_keys_come_along(self, old, new):
        kept = issue(old, START)
        key = old.custody.parts.keychain.current("token")
        path = old.folder / "keys" / f"token-{key.name}.pem"
        path.rename(old.folder / "away.pem")  # so that nobody attests its end
        between = START + (LATER - START) / 2
        between = between.replace(microsecond=0)
        old.renew_key("token", between)
        closed = old.close_key(key.name, between + SECOND)
        assert closed.published
        # What is damaged closes nothing, and stands in nobody's way.
        (old.snapshot_folder / f"closing-{'0' * 16}.cose").write_bytes(b"damaged")
        adopt(new, old)
        taken = new.snapshot_folder / f"closing-{key.name}.cose"
        archive = Archive.open(taken)
        assert archive.digest == closed.record.closing
        assert len(list(new.snapshot_folder.glob("closing-*"))) == 1
        new.publish(LATER + SECOND)
        believed = stranger(new)
        text = kept.qr_text
        codes = [
            validate_text(text, believed, LATER + SECOND, evidence=evidence).code
            for evidence in ((), (Archive.open(taken),))
        ]
        assert codes == [Code.KEY_COMPROMISED, Code.VALID]

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

    @pytest.mark.parametrize("name", sorted(CHANGES))
    def test_nothing_is_changed_in_the_old_workspace_any_more(self, old, new, name):
        kept = issue(old, START)
        events = old.register.history(kept.license.identifier)
        cut_off_after(new, old, 1)
        with pytest.raises(WorkspaceError, match=f"taken over by {CODE}"):
            CHANGES[name](old, kept.license.identifier)
        adopt(new, old)
        with (
            Workspace(old.folder, PASSPHRASE) as again,
            pytest.raises(WorkspaceError, match=f"taken over by {CODE}"),
        ):
            CHANGES[name](again, kept.license.identifier)
        assert old.register.history(kept.license.identifier) == events
        assert (old.register.count(), len(old.settings.predecessors)) == (1, 0)

    def test_a_root_that_does_not_open_leaves_both_registers_alone(self, old, new):
        kept = issue(old, START)
        (root,) = new.custody.folder.glob("root-*.pem")
        root.rename(new.folder / root.name)
        with pytest.raises(WorkspaceError, match=root.name):
            adopt(new, old)
        assert (new.register.count(), list(new.register.events_since(0))) == (0, [])
        old.revoke(kept.license.identifier, WITHDRAWN, LATER)
        (new.folder / root.name).rename(root)
        assert adopt(new, old).licenses == 1
        believed = stranger(new)
        assert validate_pdf(kept.pdf, believed, LATER).code is Code.REVOKED

    def test_what_the_other_revoked_since_an_early_copy_is_taken_over(self, old, new):
        kept = issue(old, START)
        new.register.adopt(succession._entries(old))
        old.revoke(kept.license.identifier, WITHDRAWN, LATER)
        assert adopt(new, old).licenses == 0
        assert validate_pdf(kept.pdf, stranger(new), LATER).code is Code.REVOKED

    def test_a_renewal_that_was_cut_off_there_is_finished_first(self, old, new):
        kept = issue(old, START)
        record = old.custody.parts.keychain.current("seal")
        path = old.custody.path("seal", record.key)
        data = path.read_bytes()
        old.renew_key("seal", START + DAY)
        path.write_bytes(data)
        chain = old.custody.parts.keychain
        retired = replace(chain.find(record.name), destroyed=False)
        old.custody.keep(chain.changed(retired))
        adopt(new, old)
        assert new.custody.parts.keychain.find(record.name).destroyed
        assert not path.exists()
        assert validate_pdf(kept.pdf, stranger(new), LATER).code is Code.VALID

    @pytest.mark.parametrize(
        "changes",
        [{"since": TODAY - DAY}, {"types": ("food-business", "business-license")}],
        ids=["another day", "other types"],
    )
    @pytest.mark.parametrize("steps", [1, 9])
    def test_what_was_agreed_once_stays(self, old, new, changes, steps):
        cut_off_after(new, old, steps) if steps == 1 else adopt(new, old)
        before = (new.folder / "elicense.toml").read_bytes()
        with pytest.raises(WorkspaceError, match="other types are not possible"):
            adopt(new, old, LATER + SECOND, **changes)
        assert (new.folder / "elicense.toml").read_bytes() == before
        assert adopt(new, old, LATER + SECOND).done.published

    def test_types_in_another_order_are_the_same(self, old, new):
        adopt(new, old, types=("food-business", "business-license"))
        again = ("business-license", "food-business", "food-business")
        assert adopt(new, old, LATER + SECOND, types=again).done.published

    def test_an_organ_is_taken_over_by_one_alone(self, tmp_path, old, new):
        issue(old, START)
        cut_off_after(new, old, 1)
        with found(tmp_path / "third", THIRD_NAME, THIRD_CODE) as third:
            with pytest.raises(WorkspaceError, match=f"taken over by {CODE}"):
                adopt(third, old)
            assert third.register.count() == 0

    def test_each_run_says_which_organ_it_took_over(self, tmp_path, old, new):
        with found(tmp_path / "third", THIRD_NAME, THIRD_CODE) as third:
            codes = [adopt(new, each).code for each in (old, third, old)]
        assert codes == [OLD_CODE, THIRD_CODE, OLD_CODE]

    def test_two_that_want_each_other_do_not_wait_for_ever(self, old, new):
        def take(pair):
            with Workspace(pair[0].folder, PASSPHRASE) as own:
                return adopt(own, pair[1]).code

        with ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(take, pair) for pair in ((old, new), (new, old))]
            errors = [run.exception(timeout=30) for run in runs]
        (error,) = (item for item in errors if item is not None)
        assert isinstance(error, WorkspaceError)
        assert "taken over by" in error.message.en

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

    def test_a_key_that_was_taken_away_is_not_attested(self, old, new):
        """Something else lies under its name; the key itself is on a stick."""
        issue(old, START)
        item = old.custody.parts.keychain.current("status")
        path = old.custody.path("status", item.key)
        path.write_bytes(b"moved to a stick")
        adopt(new, old)
        records = new.custody.parts.keychain.records
        found = {i.name: i for i in records if i.organization == OLD_CODE}
        assert not found[item.name].destroyed
        assert sum(i.destroyed for i in found.values()) == 2
        assert path.read_bytes() == b"moved to a stick"

    def test_the_same_again_is_harmless(self, old, new):
        kept = issue(old, START)
        adopt(new, old)
        before = new.custody.parts, new.settings
        again = adopt(new, old, LATER + DAY)
        assert again.licenses == 0
        assert (new.custody.parts, new.settings) == before
        assert validate_pdf(kept.pdf, stranger(new), LATER + DAY).code is Code.VALID

    @pytest.mark.parametrize("steps", range(6))
    def test_a_run_that_was_cut_off_is_finished(self, old, new, steps):
        kept = issue(old, START)
        pin = old.settings.root
        cut_off_after(new, old, steps)
        # What stands there is good for strangers of either organ meanwhile.
        if steps < 5:
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
        chain = stranger(new).organizations[OLD_CODE].successors
        assert [(item.code, day_of(item.since)) for item in chain] == [
            (THIRD_CODE, TODAY),
            (CODE, day_of(at)),
        ]
        assert [item.keeps_lists for item in chain] == [False, True]
        assert [item.types for item in chain] == [TYPES, TYPES]


def cut_off_after(new, old, steps):
    """Do the first steps of taking over, as a run that was killed leaves them."""
    handover = succession.Handover(TODAY, TYPES)
    todo = [
        lambda: succession._close(new, old, handover),
        lambda: new.custody.speak(succession._statements(new, old, LATER)),
        lambda: new.register.adopt(succession._entries(old)),
        lambda: succession._silence(old),
        lambda: succession._list_keys(new, old, LATER),
    ]
    for step in todo[:steps]:
        step()


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

    def test_the_day_on_which_the_organ_begins_has_its_first_name(self, new):
        before = (new.folder / "elicense.toml").read_bytes()
        with pytest.raises(WorkspaceError, match="first day"):
            new.rename(self.NEW_NAME, day_of(START), START + SECOND)
        assert (new.folder / "elicense.toml").read_bytes() == before
        assert new.publish(START + SECOND).number == 2

    def test_a_reservation_keeps_the_name_of_its_day(self, new):
        asked = Request(
            type_name="food-business",
            application=samples.sample("food-business", LATER),
            number="1",
        )
        reserve_only(new, asked, LATER)
        with pytest.raises(WorkspaceError, match="reserved"):
            new.rename(self.NEW_NAME, TODAY, LATER + SECOND)
        assert new.settings.renamed == ()
        assert new.carry_out(asked, LATER + SECOND).license.issuer.name == NAME

    def test_a_second_name_comes_after_the_first(self, new):
        new.rename(self.NEW_NAME, TODAY + DAY, LATER)
        with pytest.raises(WorkspaceError, match="after the last one"):
            new.rename("示例市数据管理局", TODAY, LATER)
        assert new.settings.name_on(date(2000, 1, 1)) == NAME
