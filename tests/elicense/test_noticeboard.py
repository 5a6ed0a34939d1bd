"""What was published never falls back, and a copy of yesterday is told."""

import shutil
from dataclasses import replace
from datetime import date, timedelta

import pytest

from elicense import dates, samples, trust
from elicense.changing import Grounds
from elicense.errors import ConflictError, WorkspaceError
from elicense.events import EventKind, Reason
from elicense.noticeboard import OldKeysError, OldRegisterError
from elicense.office import key_changes
from elicense.validating import validate_text
from esign.statuslist import Status
from esign.verdict import Code
from tests.elicense.crash import places
from tests.elicense.crash.killed import CODE, LATER, START

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = places.found(tmp_path_factory.mktemp("base"))
    with places.opened(folder) as workspace:
        issue(workspace)
    return folder


@pytest.fixture
def place(base, tmp_path):
    return places.copy(base, tmp_path / "place")


@pytest.fixture
def office(place):
    with places.opened(place) as workspace:
        yield workspace


def issue(workspace, at=START, number="1"):
    application = samples.sample("food-business", at)
    return workspace.issue("food-business", application, number=number, at=at)


def revoke(workspace, at):
    (row,) = workspace.register.rows()
    grounds = Grounds(reason=Reason.WITHDRAWN, note="test")
    return workspace.revoke(row.identifier, grounds, at)


def code(workspace, state, at):
    (row,) = workspace.register.rows()
    return validate_text(workspace.show(row.identifier, at).qr_text, state, at).code


class TestRollback:
    def test_a_file_that_was_put_back_is_not_believed(self, office):
        old = office.trust_file.read_bytes()
        revoke(office, LATER)
        office.publish(LATER)
        office.trust_file.write_bytes(old)
        state = office.trust()
        assert state.bundle is None
        assert "number 1 and is not the publication 2" in state.why_empty
        assert code(office, state, LATER) is Code.UNKNOWN_ISSUER
        assert not office.pending(LATER).is_nothing
        assert not office.pending(LATER).is_out
        assert office.publish(LATER + SECOND).number == 3
        assert code(office, office.trust(), LATER + SECOND) is Code.REVOKED

    def test_a_register_that_was_put_back_neither_publishes_nor_issues(self, place):
        copy = places.copy(place, place.parent / "copy")
        with places.opened(place) as workspace:
            for n in range(4):
                workspace.publish(LATER + n * SECOND)
            data = workspace.trust_file.read_bytes()
        shutil.copy(copy / "ws" / "register.db", place / "ws" / "register.db")
        for left in (place / "ws").glob("register.db-*"):
            left.unlink()
        at = LATER + DAY
        with places.opened(place) as workspace:
            assert workspace.trust().bundle.number == 5  # strangers have it
            for job in (
                lambda: workspace.publish(at),
                lambda: workspace.publish(at, after=4),
                lambda: issue(workspace, at, "2"),
            ):
                with pytest.raises(OldRegisterError) as caught:
                    job()
                assert (caught.value.published, caught.value.known) == (5, 1)
                assert "--after 5" in caught.value.message.en
                assert workspace.trust_file.read_bytes() == data
            assert workspace.register.count() == 1
            assert workspace.publish(at, after=5).number == 6
            assert issue(workspace, at, "2").verdict.code is Code.VALID
            assert workspace.publish(at + SECOND).number == 7

    @pytest.mark.parametrize("what", ["nothing", "garbage", "another root's bundle"])
    def test_what_is_no_publication_of_this_workspace_is_replaced(
        self, office, tmp_path, what
    ):
        path = office.trust_file
        if what == "nothing":
            path.unlink()
        elif what == "garbage":
            path.write_bytes(b"garbage")
        else:
            with places.opened(places.found(tmp_path / "other")) as other:
                for n in range(5):
                    other.publish(LATER + n * SECOND)
                path.write_bytes(other.trust_file.read_bytes())
        assert office.trust().bundle is None
        assert office.publish(LATER).number == 2
        assert office.trust().bundle.number == 2

    def test_a_number_of_a_stolen_bundle_key_ends_with_the_key(self, office):
        bundle = office.trust().bundle
        stolen = trust.sign_bundle(
            replace(bundle, number=2**53 - 1),
            office.keys.bundle,
            office.custody.parts.statements,
        )
        office.trust_file.write_bytes(stolen)
        with pytest.raises(OldRegisterError):
            office.publish(LATER)
        assert office.renew_bundle_key(LATER).publication.number == 2
        assert issue(office, LATER, "2").verdict.code is Code.VALID
        office.trust_file.write_bytes(stolen)
        assert office.trust().bundle is None
        assert office.publish(LATER + SECOND).number == 3

    def test_names_that_were_published_are_not_forgotten(self, office):
        old = office.settings.renamed
        day = dates.day_of(LATER + DAY)
        assert office.rename("示例市政务服务局", day, LATER).published
        data = office.trust_file.read_bytes()
        office.rewrite(renamed=old)
        with pytest.raises(OldKeysError, match=r"elicense\.toml"):
            office.publish(LATER + SECOND)
        assert office.trust_file.read_bytes() == data

    def test_what_was_stored_and_not_put_out_is_put_out_by_the_next_run(self, place):
        with places.opened(place) as workspace:
            old = workspace.trust_file.read_bytes()
            stored = workspace.publish(LATER)
            workspace.trust_file.write_bytes(old)  # as a killed run leaves it
        shutil.rmtree(place / "ws" / "keys" / "none", ignore_errors=True)
        with places.opened(place) as workspace:
            workspace.board.put_out()
            assert workspace.trust_file.read_bytes() == stored.bundle

    def test_of_two_publishers_one_wins_and_one_is_told(self, place):
        with places.opened(place) as first, places.opened(place) as second:
            real, done = first.keys.bundle, []

            class Slow:
                public_key = real.public_key

                def sign(self, message):
                    if not done:
                        done.append(second.publish(LATER))
                    return real.sign(message)

            first.custody._keys = replace(first.keys, bundle=Slow())
            with pytest.raises(ConflictError):
                first.publish(LATER)
            assert first.trust_file.read_bytes() == done[0].bundle
            assert first.register.latest_publication() == done[0]

    def test_numbers_never_fall_for_a_stranger_who_remembers(self, office):
        seen = office.trust().seen
        for n, change in enumerate(
            [
                office.publish,
                office.renew_bundle_key,
                office.rotate_root,
                lambda at: office.renew_key("status", at),
            ]
        ):
            change(LATER + n * SECOND)
            data = office.trust_file.read_bytes()
            state = trust.admit(data, list(seen.scopes), [seen])
            seen = state.seen
        assert (seen.statement, seen.number) == (4, 5)


class TestOfThatDay:
    def test_each_instant_is_answered_by_the_lists_in_force_then(self, office):
        revoke(office, LATER)
        office.publish(LATER)
        at = START + 2 * DAY
        assert code(office, office.trust_at(at), at) is Code.VALID
        assert code(office, office.trust_at(LATER), LATER) is Code.REVOKED
        week = START + 7 * DAY
        assert code(office, office.trust_at(week), week) is Code.STALE
        before = START - SECOND
        assert code(office, office.trust_at(before), before) is Code.NOT_AUTHORIZED
        assert office.trust_at(LATER + DAY) == office.trust()

    def test_it_goes_on_over_a_rotation_of_the_root(self, office):
        office.rotate_root(LATER)
        at = START + DAY
        state = office.trust_at(at)
        assert state.bundle.statement == 3
        assert code(office, state, at) is Code.VALID

    def test_without_trust_now_there_was_none_then(self, office):
        office.trust_file.unlink()
        assert office.trust_at(START).bundle is None


class TestPending:
    def test_after_a_publication_there_is_nothing_to_do(self, office):
        office.publish(LATER)
        found = office.pending(LATER)
        assert found.is_nothing
        assert (found.number, found.events, found.statuses) == (2, (), ())

    def test_an_issue_alone_needs_none(self, office):
        found = office.pending(START)
        assert found.is_nothing
        kinds = [event.kind for event in found.events]
        assert kinds == [EventKind.RESERVED, EventKind.ISSUED]

    def test_a_revocation_is_told_with_its_place(self, office):
        office.publish(LATER)
        revoke(office, LATER)
        found = office.pending(LATER)
        assert not found.is_nothing
        (change,) = found.statuses
        assert (change.before, change.after) == (Status.VALID, Status.INVALID)
        assert change.issuer == CODE
        (row,) = office.register.rows()
        assert (change.number, change.index) == (
            row.allocation.list_id,
            row.allocation.index,
        )
        assert [event.kind for event in found.events] == [EventKind.REVOKED]
        office.publish(LATER + SECOND)
        assert office.pending(LATER + SECOND).is_nothing

    def test_a_list_that_ends_soon_is_told(self, office):
        assert not office.pending(START + 5 * DAY).ending
        found = office.pending(START + 6 * DAY)
        assert len(found.ending) == 22
        assert {end for _, _, end in found.ending} == {START + 7 * DAY}
        assert not found.is_nothing

    def test_a_change_of_keys_is_told(self, place):
        with places.opened(place) as workspace:
            with workspace.custody.changing():
                workspace.custody.renew(
                    "token", key_changes.owner(workspace, LATER), LATER
                )
            found = workspace.pending(START)
            assert [(g.purpose, g.change) for g in found.grants] == [
                ("token", "changed"),
                ("token", "new"),
            ]
            assert not found.is_nothing

    def test_nothing_is_signed_or_written(self, place):
        before = {
            path: path.read_bytes()
            for path in (place / "ws").rglob("*")
            if path.is_file() and "register.db-" not in path.name
        }
        with places.opened_without_passphrase(place) as workspace:
            workspace.pending(LATER)
        assert {path: path.read_bytes() for path in before} == before

    def test_without_a_publication_everything_is_to_be_done(self, office):
        office.trust_file.unlink()
        found = office.pending(START)
        assert (found.number, found.is_out, found.is_nothing) == (None, False, False)
        (row,) = office.register.rows()
        assert found.ending == ((CODE, row.allocation.list_id, None),)


def test_a_workspace_whose_root_is_another_publishes_nothing(place):
    file = place / "ws" / "elicense.toml"
    text = file.read_text()
    root = text[text.index("sha256:") :][:71]
    file.write_text(text.replace(root, "sha256:" + "0" * 64))
    with places.opened(place) as workspace:
        with pytest.raises(WorkspaceError, match="root"):
            workspace.publish(LATER)
        assert workspace.trust().bundle is None


FORGOTTEN = {
    "a compromised seal": lambda w: w.compromise_key("seal", START, LATER),
    "a renewed seal": lambda w: w.renew_key("seal", LATER),
    "a renewed status key": lambda w: w.renew_key("status", LATER),
    "a range of backfill": lambda w: w.grant_backfill(
        date(2000, 1, 1), date(2001, 1, 1), LATER
    ),
    "a bundle key": lambda w: w.renew_bundle_key(LATER),
    "a root": lambda w: w.rotate_root(LATER),
}


@pytest.mark.parametrize("what", FORGOTTEN)
def test_keys_that_forget_what_was_published_are_told(place, what):
    copy = places.copy(place / "ws" / "keys", place / "keys")
    with places.opened(place) as workspace:
        assert FORGOTTEN[what](workspace).published
    refused_after_restoring(copy, place)


def test_a_mark_on_an_earlier_key_is_not_forgotten(place):
    with places.opened(place) as workspace:
        old_key = workspace.renew_key("token", LATER - DAY).record.name
        copy = places.copy(place / "ws" / "keys", place / "keys")
        assert workspace.compromise_key(old_key, START, LATER).published
    refused_after_restoring(copy, place)


def taken_away(workspace, place):
    """Renew a token key whose file is gone; give its name and a copy of the keys."""
    item = workspace.custody.parts.keychain.current("token")
    path = workspace.custody.path("token", item.key)
    path.rename(place / "away.pem")
    workspace.renew_key("token", LATER - DAY)
    copy = places.copy(place / "ws" / "keys", place / "keys")
    return item.name, copy


def test_an_attestation_is_not_forgotten(place):
    with places.opened(place) as workspace:
        name, copy = taken_away(workspace, place)
        assert workspace.attest_destroyed(name, LATER).published
    refused_after_restoring(copy, place)


def test_a_key_that_was_closed_is_closed_by_no_other_snapshot(place):
    with places.opened(place) as workspace:
        name, copy = taken_away(workspace, place)
        assert workspace.close_key(name, LATER).published
        kept = workspace.snapshot_folder / f"closing-{name}.cose"
        closing = kept.read_bytes()
    refused_after_restoring(copy, place)
    with places.opened(place) as workspace:
        with pytest.raises(WorkspaceError, match=r"keys/ is older"):
            workspace.close_key(name, LATER + SECOND)
        assert kept.read_bytes() == closing


def refused_after_restoring(copy, place):
    """Put old keys back; neither issuing nor publishing goes on from them."""
    shutil.rmtree(place / "ws" / "keys")
    shutil.copytree(copy, place / "ws" / "keys")
    with places.opened(place) as workspace:
        workspace.rewrite(root=workspace.custody.parts.roots.last.root.fingerprint)
        data = workspace.trust_file.read_bytes()
        jobs = (lambda: issue(workspace, LATER, "2"), lambda: workspace.publish(LATER))
        for job in jobs:
            with pytest.raises(WorkspaceError, match=r"keys/ is older"):
                job()
        assert workspace.trust_file.read_bytes() == data
        assert workspace.register.count() == 1
