"""A workspace appears whole, says what is wrong with it, and publishes atomically."""

import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from importlib import resources

import pypdfium2
import pytest

from elicense import MetadataKeys, Workspace, samples
from elicense.errors import (
    AmbiguousNumberError,
    ConflictError,
    MalformedCodeError,
    RegisterError,
    WorkspaceError,
)
from elicense.files import FileError
from elicense.identifiers import Identifier
from elicense.lifecycle import State
from elicense.register import ReserveRequest
from elicense.trust import admit
from elicense.validating import validate_pdf, validate_text
from esign.algorithms import Suite
from esign.verdict import Code
from tests.elicense.crash import places
from tests.elicense.crash.killed import (
    CODE,
    LATER,
    NAME,
    PASSPHRASE,
    START,
    revoke_only,
)
from tests.support import require_tool

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return places.found(tmp_path_factory.mktemp("base"))


@pytest.fixture
def place(base, tmp_path):
    """A folder with a workspace ``ws``, for this test alone."""
    return places.copy(base, tmp_path / "place")


def create(folder, **changes):
    given = {"name": NAME, "code": CODE, "passphrase": PASSPHRASE, "at": START}
    return Workspace.create(folder, **(given | changes))


def issue(workspace, at=START, type_name="food-business", number="1"):
    application = samples.sample(type_name, at)
    return workspace.issue(type_name, application, number=number, at=at)


def test_the_metadata_of_a_license_in_clear_and_masked(place):
    with Workspace(place / "ws", PASSPHRASE) as workspace:
        issued = issue(workspace, type_name="special-operation")
        (holder,) = issued.license.draft.holders
        name = issued.license.identifier
        clear = workspace.metadata(name, MetadataKeys.EN, at=START)
        masked = workspace.metadata(name, MetadataKeys.EN, masked=True, at=START)
        before = workspace.metadata(name, MetadataKeys.EN, at=START - SECOND)
    assert clear["certificate_holder_code"] == holder.code
    assert holder.code not in str(masked)
    assert masked["status"] == "已签发"
    assert before["status"] == "已预留"
    sealed = f"{(START + timedelta(hours=8)):%Y%m%d%H%M%S}"
    assert clear["certificate_seal_time"] == sealed


class TestCreate:
    def test_killed_anywhere_the_folder_is_absent_or_whole(
        self, tmp_path_factory, tmp_path
    ):
        out = tmp_path / "out"
        points = places.killed("create", tmp_path_factory.mktemp("empty"), out)
        assert sum("fsync" in point for point in points.values()) > 15
        whole = []
        for n in points:
            beside = {path.name[:5] for path in (out / str(n)).iterdir()} - {"ws"}
            assert beside <= {".new-"}, points[n]
            whole.append((out / str(n) / "ws").exists())
            if whole[-1]:
                with places.opened_without_passphrase(out / str(n)) as workspace:
                    assert issue(workspace).verdict.code is Code.VALID
        assert whole == sorted(whole)
        assert set(whole) == {False, True}
        # What a killed run left is not in the way of the next one.
        last = out / str(whole.index(True))
        create(last / "ws").close()
        assert sorted(p.name[:5] for p in last.iterdir()) == [".new-", "ws"]

    def test_an_empty_folder_is_filled(self, tmp_path):
        (tmp_path / "ws").mkdir()
        with create(tmp_path / "ws") as made:
            assert issue(made).state is State.ISSUED
        assert os.listdir(tmp_path) == ["ws"]  # noqa: PTH208  names only

    @pytest.mark.parametrize("kind", ["a folder with a file", "a file"])
    def test_what_is_there_is_refused_and_stays(self, tmp_path, kind):
        target = tmp_path / "ws"
        kept = target if kind == "a file" else target / "kept"
        kept.parent.mkdir(exist_ok=True)
        kept.write_text("mine")
        with pytest.raises(WorkspaceError, match="exists and is not empty"):
            create(target)
        assert kept.read_text() == "mine"
        assert [path.name for path in tmp_path.iterdir()] == ["ws"]

    @pytest.mark.parametrize(
        ("changes", "error"),
        {
            "a name too short for the ring": ({"name": "示例局"}, WorkspaceError),
            "a name too long for the ring": ({"name": "示" * 25}, WorkspaceError),
            "a name with a control character": (
                {"name": "示例市\n审批局"},
                WorkspaceError,
            ),
            "a code with a wrong check": (
                {"code": "11990100000000027B"},
                MalformedCodeError,
            ),
            "no code": ({"code": ""}, MalformedCodeError),
            "an empty passphrase": ({"passphrase": b""}, ValueError),
        }.values(),
    )
    def test_wrong_arguments_leave_nothing(self, tmp_path, changes, error):
        with pytest.raises(error):
            create(tmp_path / "ws", **changes)
        assert list(tmp_path.iterdir()) == []

    def test_a_parent_that_cannot_be_written_is_said(self, tmp_path):
        parent = tmp_path / "closed"
        parent.mkdir(mode=0o500)
        before = os.geteuid()
        if before == 0:
            os.seteuid(65534)  # root may write anywhere
        try:
            with pytest.raises(FileError):
                create(parent / "ws")
        finally:
            os.seteuid(before)
        assert list(parent.iterdir()) == []

    def test_a_limit_on_file_sizes_leaves_nothing(self, tmp_path):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
        try:
            with pytest.raises((FileError, RegisterError)):
                create(tmp_path / "ws")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert list(tmp_path.iterdir()) == []

    def test_permissions(self, place):
        folder = place / "ws"
        modes = {
            str(path.relative_to(folder)): path.stat().st_mode & 0o777
            for path in folder.rglob("*")
        }
        secret = {name for name in modes if name.endswith(".pem")} | {"register.db"}
        assert len(secret) == 8
        assert {modes[name] for name in secret} == {0o600}
        assert modes["keys"] == 0o700
        assert modes["public"] == 0o755
        assert modes["public/trust.elt"] == 0o644

    def test_a_passphrase_that_is_made_is_kept_for_the_owner(self, tmp_path):
        create(tmp_path / "ws", passphrase=None).close()
        kept = tmp_path / "ws" / "keys" / "passphrase"
        assert kept.stat().st_mode & 0o777 == 0o600
        with Workspace(tmp_path / "ws") as workspace:
            assert issue(workspace).state is State.ISSUED


_ON_A_SMALL_DISK = 'mount -t tmpfs -o size=$2 tmpfs "$1" && exec "$3" "$4" "$1"'


class TestFullDisk:
    @pytest.mark.parametrize(
        ("size", "expected"),
        {
            "too small for a workspace": ("64k", r"create: \w+Error \[\]\n"),
            "too small for many licenses": (
                "900k",
                # What was stored and could not be put out is put out by the next run.
                (
                    r"issue: RegisterError (ISSUED )+\w+\n"
                    r"publish: (RegisterError 1|FileError no bundle)\n"
                ),
            ),
        }.values(),
        ids=["no workspace", "no more licenses"],
    )
    def test_it_is_an_error_and_nothing_is_half(self, tmp_path, size, expected):
        unshare = require_tool("unshare", "util-linux")
        inside = [unshare, "--mount", "--map-root-user"]
        probe = [*inside, "mount", "-t", "tmpfs", "tmpfs", tmp_path]
        if subprocess.run(probe, check=False, capture_output=True).returncode:
            pytest.skip("this user may not mount; RLIMIT_FSIZE stands for it above")
        script = ["sh", "-c", _ON_A_SMALL_DISK, "sh", tmp_path, size]
        done = subprocess.run(
            [*inside, *script, sys.executable, places.PROGRAMS / "full_disk.py"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.stderr == ""
        assert re.fullmatch(expected, done.stdout), done.stdout


def key_file(place, use):
    """The file of the one private key of a use."""
    (path,) = (place / "ws" / "keys").glob(f"{use}-????????????????.pem")
    return path


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def garbage(path):
    path.write_bytes(b"\x00garbage" * 20)


class TestDamage:
    @pytest.mark.parametrize(
        "name", ["token", "status", "bundle", "seal", "ca-issuing"]
    )
    @pytest.mark.parametrize("damage", [cut, garbage])
    def test_a_damaged_key_is_named(self, place, name, damage):
        damage(key_file(place, name))
        with places.opened(place) as workspace:
            with pytest.raises(WorkspaceError) as caught:
                issue(workspace)
            assert workspace.register.count() == 0
        assert name in str(caught.value) or "passphrase" in str(caught.value)

    @pytest.mark.parametrize("name", ["grants.cbor", "root-statements.cbor"])
    @pytest.mark.parametrize("damage", [cut, garbage])
    def test_a_damaged_public_file_is_named(self, place, name, damage):
        damage(place / "ws" / "keys" / name)
        with pytest.raises(WorkspaceError, match=f"keys/{name} is damaged"):
            places.opened(place)

    @pytest.mark.parametrize(
        "name",
        [
            "keys/token-*.pem",
            "keys/grants.cbor",
            "keys/root-statements.cbor",
            "register.db",
            "elicense.toml",
        ],
    )
    def test_a_missing_file_is_an_error(self, place, name):
        (path,) = (place / "ws").glob(name)
        path.unlink()
        with (
            pytest.raises((WorkspaceError, FileError, RegisterError)),
            places.opened(place) as workspace,
        ):
            issue(workspace)

    def test_swapped_keys_publish_nothing(self, place):
        shutil.copy(key_file(place, "status"), key_file(place, "token"))
        before = (place / "ws" / "public" / "trust.elt").read_bytes()
        with places.opened(place) as workspace:
            with pytest.raises(WorkspaceError, match="holds another key"):
                workspace.publish(LATER)
            assert workspace.register.latest_publication().number == 1
        assert (place / "ws" / "public" / "trust.elt").read_bytes() == before

    @pytest.mark.parametrize("passphrase", [b"wrong", None], ids=["wrong", "missing"])
    def test_without_the_passphrase_nothing_is_signed(self, place, passphrase):
        with Workspace(place / "ws", passphrase) as workspace:
            with pytest.raises(WorkspaceError, match="passphrase"):
                issue(workspace)
            with pytest.raises(WorkspaceError, match="passphrase"):
                workspace.publish(START)
            assert workspace.register.count() == 0
            assert workspace.trust().bundle.number == 1  # reading needs no key

    def test_a_damaged_register_is_an_error(self, place):
        garbage(place / "ws" / "register.db")
        with pytest.raises(RegisterError):
            places.opened(place)

    def test_a_register_of_a_newer_program_is_an_error(self, place):
        conn = sqlite3.connect(place / "ws" / "register.db")
        conn.execute("PRAGMA user_version = 99")
        conn.close()
        with pytest.raises(RegisterError, match="upgrade the program"):
            places.opened(place)

    def test_a_folder_that_is_no_workspace_is_said(self, tmp_path):
        with pytest.raises(WorkspaceError, match="elicense init"):
            Workspace(tmp_path)

    def test_a_name_that_no_seal_can_carry_is_said(self, place):
        file = place / "ws" / "elicense.toml"
        file.write_text(file.read_text().replace(NAME, "局"))
        with (
            places.opened(place) as workspace,
            pytest.raises(WorkspaceError, match="4 to 24 characters"),
        ):
            issue(workspace)

    def test_a_huge_type_is_refused_whole(self, place):
        (place / "ws" / "types" / "own.toml").write_bytes(b"#" * (1 << 20) + b"#")
        with pytest.raises(FileError, match=r"own\.toml has more than"):
            places.opened(place)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


class TestPublication:
    @pytest.mark.parametrize("damage", [lambda path: path.unlink(), flip, cut, garbage])
    def test_without_a_sound_one_the_issuer_is_unknown(self, place, damage):
        with places.opened(place) as workspace:
            issued = issue(workspace)
            damage(workspace.trust_file)
            verdict = workspace.validate(issued.pdf, START)
            assert verdict.code is Code.UNKNOWN_ISSUER
            assert any("cannot be used" in check.detail for check in verdict.checks)
            again = issue(workspace, number="2")  # and issuing puts it back
            assert workspace.trust().bundle.number == 1
            assert workspace.validate(again.pdf, START).code is Code.VALID

    def test_killed_anywhere_it_is_the_old_one_or_the_new_one(self, place, tmp_path):
        with places.opened(place) as workspace:
            issued = issue(workspace, LATER - timedelta(days=2))
            revoke_only(workspace, issued.license.identifier)
            pin, old = workspace.settings.root, workspace.trust_file.read_bytes()
        out = tmp_path / "out"
        points = places.killed("publish", place, out)
        seen = []
        for n in points:
            data = (out / str(n) / "ws" / "public" / "trust.elt").read_bytes()
            number = admit(data, pin).bundle.number
            seen.append(number)
            with places.opened(out / str(n)) as workspace:
                shown = workspace.show(issued.license.identifier, LATER)
                assert shown.published is (data != old), points[n]
                assert workspace.publish(LATER).number > number
                shown = workspace.show(issued.license.identifier, LATER)
                assert shown.published
                code = workspace.validate(issued.pdf, LATER).code
                assert code is Code.REVOKED
        assert seen == sorted(seen)
        assert seen[0] < seen[-1]

    def test_one_that_is_out_of_date_is_renewed_by_issuing(self, place):
        with places.opened(place) as workspace:
            issue(workspace, LATER)
            assert workspace.trust().bundle.number == 2
            issue(workspace, LATER + SECOND, number="2")
            assert workspace.trust().bundle.number == 2

    def test_a_clock_somewhat_behind_still_issues(self, place):
        with places.opened(place) as workspace:
            workspace.publish(LATER)
            issued = issue(workspace, START + SECOND)
            assert issued.verdict.code is Code.VALID
            # A stranger has only today's list, and is not told VALID of that instant.
            early = workspace.validate(issued.pdf, START + SECOND)
            assert early.code is Code.VALID  # by the list that was in force then
            stranger = validate_pdf(issued.pdf, workspace.trust(), START + SECOND)
            assert stranger.code is Code.NO_STATUS
            assert workspace.validate(issued.pdf, LATER).code is Code.VALID

    @pytest.mark.parametrize(
        "wrong",
        [START - SECOND, START + timedelta(days=5 * 365 + 1)],
        ids=["before the keys", "after the seal's certificate"],
    )
    def test_a_wrong_clock_reserves_and_publishes_nothing(self, place, wrong):
        with places.opened(place) as workspace:
            with pytest.raises(WorkspaceError, match="clock"):
                issue(workspace, wrong)
            with pytest.raises(WorkspaceError, match="clock"):
                workspace.publish(wrong)
            assert workspace.register.count() == 0
            assert workspace.register.latest_publication().number == 1
            assert issue(workspace).verdict.code is Code.VALID

    def test_an_older_run_does_not_put_its_file_over_a_newer_one(self, place):
        with places.opened(place) as first, places.opened(place) as second:
            issued = issue(second)
            revoke_only(second, issued.license.identifier)
            old = first.publish(START)
            new = second.publish(START + SECOND)
            first.trust_file.write_bytes(old.bundle)  # as a run that was held up would
            assert not second.show(issued.license.identifier, LATER).published
            assert second.publish(LATER).number == new.number + 1
            assert second.show(issued.license.identifier, LATER).published
            with pytest.raises(ConflictError):
                second.register.store_publication(old)


class TestSettings:
    def test_production_prints_no_specimen(self, place):
        with places.opened(place) as workspace:
            trial = issue(workspace)
        file = place / "ws" / "elicense.toml"
        text = file.read_text()
        file.write_text(text.replace("production = false", "production = true"))
        with places.opened(place) as workspace:
            real = issue(workspace, number="2")
            assert workspace.validate(real.pdf, START).code is Code.VALID
        assert (trial.license.specimen, real.license.specimen) == (True, False)
        assert (_marked(trial.pdf), _marked(real.pdf)) == (True, False)

    def test_a_check_page_is_in_the_qr_and_the_license_is_valid(self, place):
        file = place / "ws" / "elicense.toml"
        text = file.read_text()
        host = 'check_page = "zz.example.cn"'
        file.write_text(text.replace('check_page = ""', host))
        with places.opened(place) as workspace:
            issued = issue(workspace)
            identifier = issued.license.identifier
            assert issued.qr_text.startswith("HTTPS://ZZ.EXAMPLE.CN/#EL1")
            assert workspace.show(identifier, START).qr_text == issued.qr_text
            assert workspace.validate(issued.pdf, START).code is Code.VALID
            verdict = validate_text(issued.qr_text, workspace.trust(), START)
            assert verdict.code is Code.VALID

    def test_own_types_are_granted_with_the_next_publication(self, place):
        own = _own_type()
        (place / "ws" / "types" / "own.toml").write_text(own)
        application = samples.sample("food-business", START)
        with places.opened(place) as workspace:
            assert workspace.trust().bundle.number == 1
            issued = workspace.issue("own-food", application, number="1", at=START)
            assert workspace.trust().bundle.number == 2
            granted = {t for key in workspace.trust().bundle.keys for t in key.types}
            assert "own-food" in granted
            assert workspace.validate(issued.pdf, START).code is Code.VALID

    @pytest.mark.parametrize(
        "suites",
        [
            {"token": Suite.ED25519},
            {"status": Suite.ML_DSA_44, "bundle": Suite.ML_DSA_44},
            {
                "token": Suite.ED25519,
                "status": Suite.ED25519,
                "bundle": Suite.ML_DSA_44,
            },
        ],
        ids=["Ed25519 tokens", "ML-DSA lists and bundles", "mixed"],
    )
    def test_other_suites_serve_the_whole_life(self, tmp_path, suites):
        with create(tmp_path / "ws", suites=suites) as workspace:
            issued = issue(workspace)
            assert workspace.validate(issued.pdf, START).code is Code.VALID
            assert issue(workspace).pdf == issued.pdf
            revoke_only(workspace, issued.license.identifier)
            workspace.publish(LATER)
            assert workspace.validate(issued.pdf, LATER).code is Code.REVOKED


def test_a_number_that_another_license_has_is_told_and_names_both(tmp_path):
    with create(tmp_path / "ws") as workspace:
        first = issue(workspace, number="C1")
        assert not first.warnings
        second = issue(workspace, number="C2")
        (warning,) = second.warnings
        assert warning.field == "number"
        assert "still in force" in warning.message.en
        with pytest.raises(AmbiguousNumberError):
            workspace.resolve(first.license.draft.number)
        assert workspace.resolve(first.license.identifier) == first.license.identifier


def test_what_was_only_reserved_does_not_make_a_number_ambiguous(tmp_path):
    with create(tmp_path / "ws") as workspace:
        issued = issue(workspace, number="C1")
        row = workspace.register.get(issued.license.identifier)
        request = ReserveRequest(
            replace(row.key, number="C2"), bytes(32), row.number, 2031, START
        )
        identifier = Identifier.build(
            "11990000000000019A002", row.key.issuer, "RESERVED"
        ).text
        workspace.register.reserve(request, lambda _: (identifier, row.record))
        assert len(workspace.find(row.number)) == 2
        assert workspace.resolve(row.number) == row.identifier
        assert workspace.resolve(identifier) == identifier


def _marked(pdf):
    """Whether 样张 can be read on the page."""
    document = pypdfium2.PdfDocument(pdf)
    text = document[0].get_textpage().get_text_range()
    document.close()
    return "样张" in text


def _own_type():
    text = (
        resources.files("elicense")
        .joinpath("types/food-business.2.toml")
        .read_text("utf-8")
    )
    return text.replace('"food-business"\nversion', '"own-food"\nversion').replace(
        "11990000000000019A002", "11990000000000019A009"
    )
