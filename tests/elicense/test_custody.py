"""Keys follow one another, the old ones are destroyed, and no crash loses one."""

import os
import ssl
import subprocess
from dataclasses import replace
from datetime import date, timedelta

import pytest

from elicense import Workspace, issuing, samples, trust, wiping
from elicense.errors import WorkspaceError
from elicense.issuing import NotReleasedError
from elicense.keyring import SEAL_DAYS
from elicense.office import key_changes
from elicense.validating import validate_pdf, validate_text
from esign import revocation
from esign.revocation import Reason
from esign.verdict import Code
from tests.elicense.crash import places
from tests.elicense.crash.killed import LATER, START
from tests.support import require_tool

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A workspace with one license, number 1."""
    folder = places.found(tmp_path_factory.mktemp("base"))
    with places.opened(folder) as workspace:
        (folder / "old.pdf").write_bytes(issue(workspace, START).pdf)
    return folder


@pytest.fixture
def place(base, tmp_path):
    return places.copy(base, tmp_path / "place")


@pytest.fixture
def office(place):
    with places.opened(place) as workspace:
        yield workspace


@pytest.fixture
def old(base):
    return (base / "old.pdf").read_bytes()


def issue(workspace, at, number="1", type_name="food-business"):
    application = samples.sample(type_name, at)
    return workspace.issue(type_name, application, number=number, at=at)


def private(workspace, use):
    """The names of the private keys of a use that are in the folder."""
    return {path.name for path in workspace.custody.folder.glob(f"{use}-*.pem")}


def stranger(workspace, pin=None):
    """What somebody believes who took the file and pinned this root, or the first."""
    data = workspace.trust_file.read_bytes()
    return trust.admit(data, pin or workspace.settings.root)


class TestRenewal:
    @pytest.mark.parametrize("purpose", ["token", "status", "seal"])
    def test_a_new_key_signs_and_what_the_old_one_signed_stays_good(
        self, office, old, purpose
    ):
        before = private(office, purpose)
        done = office.renew_key(purpose, LATER)
        assert done.published
        assert done.record.destroyed
        assert done.record.period.signs_until == LATER
        after = private(office, purpose)
        assert len(after) == 1
        assert after != before
        believed = stranger(office)
        assert validate_pdf(old, believed, LATER).code is Code.VALID
        new = issue(office, LATER, "2")
        assert validate_pdf(new.pdf, believed, LATER).code is Code.VALID
        assert len(office.custody.parts.keychain.own(purpose)) == 2

    def test_another_process_signs_with_the_new_key_at_once(self, place, old):
        with places.opened(place) as one, places.opened(place) as other:
            issue(other, LATER, "2")
            other.renew_key("token", LATER + SECOND)
            new = issue(one, LATER + SECOND, "3")  # opened its keys before that
            believed = stranger(one)
            assert validate_pdf(new.pdf, believed, LATER + SECOND).code is Code.VALID
            assert validate_pdf(old, believed, LATER + SECOND).code is Code.VALID

    def test_ten_renewals_stay_listed(self, office, old):
        for n in range(10):
            office.renew_key("token", LATER + n * SECOND)
        grants = [g for g in stranger(office).bundle.keys if g.purpose == "token"]
        assert len(grants) == 11
        assert [grant.destroyed for grant in grants] == [True] * 10 + [False]
        at = LATER + 10 * SECOND
        assert validate_pdf(old, stranger(office), at).code is Code.VALID

    def test_twice_in_one_second_is_refused_and_changes_nothing(self, office):
        office.renew_key("token", LATER)
        before = office.custody.parts
        with pytest.raises(WorkspaceError, match="in a moment"):
            office.renew_key("token", LATER)
        assert office.custody.reload() == before

    def test_a_key_that_was_taken_away_is_attested_only_by_a_person(self, office, old):
        kept = office.custody
        current = kept.parts.keychain.current("token")
        path = kept.path("token", current.key)
        path.rename(office.folder.parent / "away.pem")
        done = office.renew_key("token", LATER)
        assert not done.record.destroyed
        doubtful = validate_pdf(old, stranger(office), LATER)
        assert doubtful.code is Code.KEY_COMPROMISED  # whoever has it could back-date
        attested = office.attest_destroyed(current.name, LATER + SECOND)
        assert attested.published
        assert attested.record.destroyed
        good = validate_pdf(old, stranger(office), LATER + SECOND)
        assert good.code is Code.VALID

    def test_the_key_that_signs_is_not_attested_destroyed(self, office):
        name = office.custody.parts.keychain.current("token").name
        with pytest.raises(WorkspaceError, match="renew it first"):
            office.attest_destroyed(name, LATER)

    def test_a_seal_is_renewed_when_its_certificate_is_over(self, office, old):
        at = START + timedelta(days=SEAL_DAYS + 1)
        with pytest.raises(WorkspaceError, match="renew seal"):
            issue(office, at, "2")
        assert office.renew_key("seal", at).published
        new = issue(office, at, "2")
        assert validate_pdf(new.pdf, stranger(office), at).code is Code.VALID
        verdict = validate_pdf(old, stranger(office), at)
        assert verdict.code is Code.EXPIRED  # and not its seal is wrong
        # The CA ends before a second such seal would, so a new one issues it.
        late = at + timedelta(days=SEAL_DAYS - 1)
        assert office.renew_key("seal", late).published
        assert len(office.custody.parts.keychain.authorities) == 2
        assert len(stranger(office).bundle.roots) == 2

    def test_a_reservation_that_needs_the_old_key_is_told(self, office):
        reserve_only(office)
        before = office.custody.parts
        for purpose in ("token", "seal"):
            with pytest.raises(WorkspaceError, match="reserved and not issued"):
                office.renew_key(purpose, LATER)
        assert office.custody.reload() == before
        assert office.renew_key("status", LATER).published  # signs no license
        assert office.renew_key("token", LATER, abandon=True).published
        application = samples.sample("food-business", START)
        with pytest.raises(NotReleasedError):
            office.issue("food-business", application, number="2", at=LATER)

    def test_what_cannot_be_published_is_told_and_done_later(self, place, old):
        with places.opened(place) as workspace:
            before = workspace.trust_file.read_bytes()
            public = place / "ws" / "public"
            public.rename(place / "away")
            done = workspace.renew_key("token", LATER)
            assert (done.published, done.publication) == (False, None)
            assert "trust.elt" in done.why_unpublished.en
            (place / "away").rename(public)
            assert workspace.trust_file.read_bytes() == before
            new = issue(workspace, LATER, "2")  # publishes first
            believed = stranger(workspace)
            assert validate_pdf(new.pdf, believed, LATER).code is Code.VALID
            assert validate_pdf(old, believed, LATER).code is Code.VALID


def reserve_only(workspace):
    """Leave license number 2 reserved: its PDF cannot be finished."""

    class Gone:
        """A press that is gone once the license is reserved."""

        def print(self, _parts):
            raise OSError

    request = issuing.Request(
        type_name="food-business",
        application=samples.sample("food-business", START),
        number="2",
    )
    desk = replace(workspace.desk(START), press=Gone())
    with pytest.raises(OSError):  # noqa: PT011  raised by the press above
        issuing.issue(desk, request, START)
    assert workspace.known(request) is not None


class TestCompromise:
    @pytest.mark.parametrize("purpose", ["token", "seal"])
    def test_what_it_signed_is_key_compromised_and_it_never_signs_again(
        self, office, old, purpose
    ):
        done = office.compromise_key(purpose, START, LATER)
        assert done.published
        assert done.record.compromised_from == START
        assert office.concerned(done.record) == 1
        believed = stranger(office)
        assert validate_pdf(old, believed, LATER).code is Code.KEY_COMPROMISED
        new = issue(office, LATER, "2")
        assert validate_pdf(new.pdf, believed, LATER).code is Code.VALID
        assert private(office, purpose) == {
            office.custody.path(
                purpose, office.custody.parts.keychain.current(purpose).key
            ).name
        }

    def test_lists_that_a_stolen_key_signed_are_good_no_more(self, office, old):
        at = LATER - DAY
        office.publish(at)
        assert office.validate(old, at).code is Code.VALID
        done = office.compromise_key("status", START, LATER)
        assert office.concerned(done.record) == 0
        assert validate_pdf(old, stranger(office), LATER).code is Code.VALID
        then = office.trust_at(at)  # its list was signed by that key
        assert not then.lists
        assert validate_pdf(old, then, at).code is Code.NO_STATUS

    def test_an_earlier_key_is_marked_by_its_name_and_earlier_marks_stay(self, office):
        old_key = office.renew_key("token", LATER).record.name
        first = office.compromise_key(old_key, LATER - DAY, LATER + SECOND)
        current = office.custody.parts.keychain.current("token")
        again = office.compromise_key(old_key, LATER, LATER + 2 * SECOND)
        earlier = office.compromise_key(old_key, START, LATER + 3 * SECOND)
        marks = [x.record.compromised_from for x in (first, again, earlier)]
        assert marks == [LATER - DAY, LATER - DAY, START]
        assert office.custody.parts.keychain.current("token") == current

    def test_a_compromised_seal_is_on_the_list_of_its_ca(self, office, tmp_path):
        seal = office.custody.parts.seal.certificates
        office.compromise_key("seal", START + DAY, LATER)
        bundle = stranger(office).bundle
        (crl,) = bundle.crls
        read = revocation.read_crl(crl, seal[1])
        fate = revocation.fate(seal[0], seal[1:], bundle.roots, [read])
        assert fate.compromised_from == START + DAY
        (entry,) = read.revoked.values()
        assert entry.reason is Reason.KEY_COMPROMISE
        text = openssl_crl(crl, seal[1], tmp_path)
        assert "verify OK" in text
        assert "Key Compromise" in text
        assert office.custody.parts.keychain.own("seal")[0].compromised_from

    def test_what_does_not_exist_or_has_not_happened_yet_is_refused(self, office):
        before = office.custody.parts
        with pytest.raises(WorkspaceError, match="no key"):
            office.compromise_key("0" * 16, START, LATER)
        with pytest.raises(ValueError, match="not expected"):
            office.compromise_key("token", LATER + SECOND, LATER)
        assert office.custody.reload() == before
        assert office.register.latest_publication().number == 1


def openssl_crl(crl, issuer, folder):
    """Return what openssl says of a revocation list under its CA's certificate."""
    openssl = require_tool("openssl", "openssl")
    (folder / "crl").write_bytes(crl)
    (folder / "ca").write_text(ssl.DER_cert_to_PEM_cert(issuer))
    done = subprocess.run(
        [
            *(openssl, "crl", "-inform", "DER", "-text", "-noout"),
            *("-in", folder / "crl", "-CAfile", folder / "ca"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


class TestRoots:
    def test_a_new_bundle_key_is_named_by_a_new_statement(self, office, old):
        (before,) = private(office, "bundle")
        pin = office.settings.root
        assert office.renew_bundle_key(LATER).published
        (after,) = private(office, "bundle")
        assert before != after
        bundle = stranger(office, pin).bundle
        assert (bundle.statement, bundle.number) == (2, 2)
        assert validate_pdf(old, stranger(office), LATER).code is Code.VALID

    def test_who_pinned_the_old_root_goes_on_with_the_new_one(self, office, old):
        pin = office.settings.root
        seen = stranger(office, pin).seen
        (before,) = private(office, "root")
        assert office.rotate_root(LATER).published
        assert office.settings.root != pin
        (after,) = private(office, "root")
        assert before != after
        for root in (pin, office.settings.root):
            believed = stranger(office, root)
            assert validate_pdf(old, believed, LATER).code is Code.VALID
        data = office.trust_file.read_bytes()
        assert trust.admit(data, pin, [seen]).bundle.statement == 3
        # And once more, under the new root.
        assert office.rotate_root(LATER + DAY).published
        assert stranger(office, pin).bundle.statement == 5
        with places.opened(office.folder.parent) as again:
            assert issue(again, LATER + DAY, "2").verdict.code is Code.VALID

    def test_a_root_that_is_off_line_has_to_be_brought(self, office):
        (name,) = private(office, "root")
        path = office.custody.folder / name
        away = path.rename(office.folder.parent / name)
        issue(office, LATER, "2")  # the day's work needs no root
        assert office.renew_key("token", LATER).published
        before = office.custody.parts
        for change in (office.rotate_root, office.renew_bundle_key):
            with pytest.raises(WorkspaceError, match="off line"):
                change(LATER)
        assert office.custody.reload() == before
        away.rename(path)
        assert office.rotate_root(LATER).published


def test_a_backfill_range_is_published(office):
    days = (date(1999, 1, 1), date(2020, 12, 31))
    done = office.grant_backfill(*days, LATER)
    assert done.published
    (grant,) = [g for g in stranger(office).bundle.keys if g.purpose == "token"]
    assert grant.backfill == days
    with pytest.raises(ValueError, match="before it begins"):
        office.grant_backfill(days[1], days[0], LATER)


@pytest.mark.parametrize(
    "days",
    [
        (date(2021, 1, 1), date(2026, 12, 31)),
        (date(1999, 1, 2), date(2020, 12, 31)),
        (date(1999, 1, 1), date(2020, 12, 30)),
    ],
)
def test_a_backfill_range_takes_nothing_away(office, days):
    granted = (date(1999, 1, 1), date(2020, 12, 31))
    office.grant_backfill(*granted, LATER)
    with pytest.raises(WorkspaceError, match="must include the one before") as caught:
        office.grant_backfill(*days, LATER)
    for day in (*granted, *days):
        assert str(day) in caught.value.message.en
    assert office.custody.reload().keychain.current("token").backfill == granted
    wider = (date(1998, 1, 1), date(2026, 12, 31))
    assert office.grant_backfill(*wider, LATER + SECOND).record.backfill == wider


CHANGES = {
    "renew token": lambda w: w.renew_key("token", LATER),
    "renew status": lambda w: w.renew_key("status", LATER),
    "renew seal": lambda w: w.renew_key("seal", LATER),
    "renew bundle": lambda w: w.renew_bundle_key(LATER),
    "rotate the root": lambda w: w.rotate_root(LATER),
    "compromised": lambda w: w.compromise_key("token", START, LATER),
    "backfill": lambda w: w.grant_backfill(date(2000, 1, 1), date(2001, 1, 1), LATER),
    "attest": lambda w: w.attest_destroyed(
        next(x.name for x in w.custody.parts.keychain.records if not x.signs), LATER
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_wrong_passphrase_destroys_nothing(place, change):
    with places.opened(place) as workspace:
        kept = workspace.custody
        if change == "attest":
            key = kept.parts.keychain.current("token").key
            kept.path("token", key).rename(place / "away.pem")
            workspace.renew_key("token", LATER - DAY)
        before = contents(kept.folder)
    with (
        Workspace(place / "ws", b"a typing error") as workspace,
        pytest.raises(WorkspaceError, match="wrong passphrase"),
    ):
        CHANGES[change](workspace)
    assert contents(place / "ws" / "keys") == before


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_cut_off_change_is_not_finished_with_a_wrong_passphrase(place):
    with places.opened(place) as workspace:
        kept = workspace.custody
        old_key = kept.parts.keychain.current("token")
        secret = kept.path("token", old_key.key).read_bytes()
        workspace.renew_key("token", LATER)
        kept.keep(
            kept.parts.keychain.changed(
                replace(kept.parts.keychain.find(old_key.name), destroyed=False)
            )
        )
        kept.path("token", old_key.key).write_bytes(secret)
        before = contents(kept.folder)
    with Workspace(place / "ws", b"a typing error") as workspace:
        with pytest.raises(WorkspaceError, match="wrong passphrase"):
            workspace.publish(LATER + SECOND)
        assert contents(workspace.custody.folder) == before
    with places.opened(place) as workspace:
        workspace.publish(LATER + SECOND)
        assert workspace.custody.parts.keychain.find(old_key.name).destroyed


NO_KEYS = {
    "an empty file": lambda _own: b"",
    "another key": lambda own: next(own.folder.glob("status-*.pem")).read_bytes(),
    "something else": lambda _own: b"kept in the safe",
    "zeros and something else": lambda _own: bytes(100) + b"x",
    "the mark and something else": lambda _own: b"wiped\n\n",
}


@pytest.mark.parametrize("what", NO_KEYS)
def test_a_file_that_is_not_the_key_does_not_attest_its_end(office, what):
    kept = office.custody
    item = kept.parts.keychain.current("token")
    path = kept.path("token", item.key)
    path.rename(office.folder.parent / "away.pem")
    with kept.changing():
        kept.renew("token", key_changes.owner(office, LATER), LATER)
        path.write_bytes(left := NO_KEYS[what](kept))
        assert [x.name for x in kept.tidy()] == [item.name]
    assert not kept.parts.keychain.find(item.name).destroyed
    assert path.read_bytes() == left
    done = office.attest_destroyed(item.name, LATER + SECOND)
    assert done.record.destroyed  # on a person's word
    assert not path.exists()
    assert not kept.is_untidy()


def test_a_compromise_told_twice_changes_one_key(office):
    first = office.compromise_key("token", START, LATER)
    keys = office.custody.parts.keychain
    again = office.compromise_key("token", START, LATER + SECOND)
    assert again.record == first.record
    assert office.custody.reload().keychain == keys
    name = keys.current("token").name
    with pytest.raises(WorkspaceError, match=name):
        office.compromise_key("token", START + DAY, LATER + 2 * SECOND)
    assert office.custody.reload().keychain == keys


class TestCrash:
    """Killed at any point of a change, the workspace works and nothing is lost."""

    @pytest.mark.parametrize("job", ["renew_key", "compromise", "rotate"])
    def test_killed_anywhere_licenses_are_issued_and_the_old_one_is_known(
        self, place, tmp_path, job
    ):
        with places.opened(place) as workspace:
            pin, text = workspace.settings.root, qr_of(workspace)
        out = tmp_path / "out"
        points = places.killed(job, place, out)
        assert any("pwrite" in point for point in points.values())
        at = LATER + SECOND
        for n, point in points.items():
            with places.opened(out / str(n)) as workspace:
                workspace.publish(at)
                believed = stranger(workspace, pin)
                assert validate_text(text, believed, at).code is Code.VALID, point
                assert not workspace.custody.is_untidy()
                if n % 6 == 0:
                    new = issue(workspace, at, "2")
                    assert validate_pdf(new.pdf, believed, at).code is Code.VALID

    def test_a_rotation_that_was_cut_off_is_finished_and_not_repeated(self, place):
        with places.opened(place) as workspace:
            first = workspace.settings.root
            with workspace.custody.changing():
                second = workspace.custody.rotate_root(LATER)
        with places.opened(place) as workspace:
            assert workspace.settings.root == first
            assert workspace.rotate_root(LATER + SECOND).published
            assert workspace.settings.root == second
            assert workspace.custody.parts.roots.last.number == 3
            assert len(private(workspace, "root")) == 1

    def test_a_rotation_that_was_cut_off_is_finished_by_the_next_work(self, place):
        with places.opened(place) as workspace, workspace.custody.changing():
            second = workspace.custody.rotate_root(LATER)
        with places.opened(place) as workspace:
            issue(workspace, LATER + SECOND, "2")
            assert workspace.settings.root == second
        with places.opened(place) as workspace:
            assert workspace.settings.root == second
            assert len(private(workspace, "root")) == 1
            workspace.rotate_root(LATER + DAY)
            assert len(workspace.pins) == 3

    def test_a_key_that_was_overwritten_and_not_attested_is_attested(self, place):
        with places.opened(place) as workspace:
            kept = workspace.custody
            old_key = kept.parts.keychain.current("token")
            path = kept.path("token", old_key.key)
            secret = path.read_bytes()
            workspace.renew_key("token", LATER)
        # As it was after the overwriting, before the attestation.
        with places.opened(place) as workspace:
            kept = workspace.custody
            chain = kept.parts.keychain
            kept.keep(chain.changed(replace(chain.find(old_key.name), destroyed=False)))
            path.write_bytes(secret)
            wiping.overwrite(path)
            assert kept.tidy() == ()
            assert kept.parts.keychain.find(old_key.name).destroyed
            assert not path.exists()


def qr_of(workspace):
    (identifier,) = [
        row.identifier for row in workspace.register.rows() if row.key.number == "1"
    ]
    return workspace.show(identifier, LATER).qr_text


def test_a_key_is_never_written_in_clear(office):
    for change in (
        lambda: office.renew_key("seal", LATER),
        lambda: office.renew_bundle_key(LATER),
        lambda: office.rotate_root(LATER),
    ):
        change()
    for path in office.custody.folder.glob("*.pem"):
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
        assert path.stat().st_mode & 0o777 == 0o600


def test_an_old_copy_of_the_keys_is_told(place):
    copy = places.copy(place, place.parent / "copy")
    with places.opened(place) as workspace:
        workspace.renew_key("token", LATER)
        data = workspace.trust_file.read_bytes()
    (copy / "ws" / "public" / "trust.elt").write_bytes(data)
    with places.opened(copy) as workspace:
        for job in (
            lambda: issue(workspace, LATER, "2"),
            lambda: workspace.publish(LATER),
            lambda: workspace.publish(LATER, after=2),
        ):
            with pytest.raises(WorkspaceError, match=r"keys/ is older"):
                job()
        assert workspace.trust_file.read_bytes() == data
    assert os.listdir(copy / "ws" / "keys")  # noqa: PTH208  nothing was destroyed
