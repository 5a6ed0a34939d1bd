"""A workspace whose keys are in a device: the whole story, also with it lost."""

import json
import os
import shutil
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pkcs11
import pytest

from elicense import Workspace, device, device_settings, founding, samples, settings
from elicense.changing import Grounds
from elicense.device import DeviceAccess, DeviceKeys
from elicense.device_settings import DeviceSettings
from elicense.errors import WorkspaceError
from elicense.events import Reason
from elicense.folder import load_settings
from elicense.issuing import Batch, BatchPolicy, Request
from elicense.issuing.chunks import chunks
from elicense.office import key_changes
from esign import clock, hsm
from esign.algorithms import Suite
from esign.errors import UnavailableError
from esign.hsm import Trouble
from esign.hsm.module import module_of
from esign.signer import SoftwareSigner
from esign.verdict import Code
from tests.elicense.cli.department import command, run
from tests.elicense.cli.test_founding import converse
from tests.elicense.crash.killed import CODE, NAME, PASSPHRASE
from tests.softhsm import PIN, module, new_token
from tests.test_readme import follow

pytestmark = pytest.mark.tool("softhsm2-util")

START = datetime(2026, 11, 21, 0, tzinfo=UTC)
LATER = START + timedelta(days=1)
SECOND = timedelta(seconds=1)
USES = ("token", "status", "seal")


def give(_request):
    return PIN


@pytest.fixture(scope="module")
def token():
    return new_token("department")


@pytest.fixture(scope="module")
def base(token, tmp_path_factory):
    """A workspace with one license, number 1."""
    place = tmp_path_factory.mktemp("device") / "ws"
    held = DeviceAccess(DeviceSettings(module=module(), token=token.label), give)
    made = Workspace.create(
        place, name=NAME, code=CODE, passphrase=PASSPHRASE, at=START, device=held
    )
    with made:
        made.issue("food-business", sample(), number="1", at=START)
    return place


@pytest.fixture
def place(base, tmp_path):
    """A copy; its keys are those of the one token."""
    return shutil.copytree(base, tmp_path / "ws")


@pytest.fixture
def office(place):
    with Workspace(place, PASSPHRASE, give) as workspace:
        yield workspace


@pytest.fixture
def found_again(token):
    """Bring the token back, whatever became of the test."""
    yield token
    if token.away.exists():
        token.bring_back()


def sample(at=START, n=0):
    return samples.variant("food-business", at, n)


def requests(count, *, at=LATER, before=lambda _: None):
    for n in range(count):
        before(n)
        yield Request(
            type_name="food-business",
            application=sample(at, n),
            number=f"B{n}",
            is_case=True,
        )


def in_device(workspace, use):
    """Which keys of a use the device holds, of those that the workspace knows."""
    held = workspace.custody.private.device
    records = workspace.custody.parts.keychain.own(use)
    return [item.name for item in records if held.holds(use, item.key)]


def is_lost(call):
    with pytest.raises(UnavailableError) as caught:
        call()
    return caught.value.trouble is Trouble.LOST


class TestTheWholeStory:
    def test_the_keys_are_in_the_device_and_nowhere_else(self, office):
        for use in USES:
            assert getattr(office.keys, use).in_device
            assert not list(office.custody.folder.glob(f"{use}-*.pem"))
            assert len(in_device(office, use)) == 1
        assert not office.keys.bundle.in_device
        assert office.desk(START).token_signer.in_device

    def test_a_license_is_valid_in_every_respect(self, office):
        row = office.register.by_key(next(office.register.rows()).key)
        verdict = office.validate(row.pdf)
        assert (verdict.code, verdict.scope.name) == (Code.VALID, "DOCUMENT")

    def test_the_same_request_again_gives_the_same_bytes(self, office):
        first = office.issue("food-business", sample(), number="1", at=START)
        again = office.issue("food-business", sample(), number="1", at=LATER)
        assert again.pdf == first.pdf  # though the device would sign differently

    @pytest.mark.parametrize("workers", [1, 2])
    def test_twenty_are_issued_revoked_and_published(self, office, workers):
        policy = BatchPolicy(chunk=4, sample=5)
        delivered = office.issue_many(
            requests(20), tell, at=LATER, policy=policy, workers=workers
        )
        identifiers = list(delivered)
        assert len(set(identifiers)) == 20
        row = office.register.get(identifiers[7])
        assert office.validate(row.pdf, LATER).code is Code.VALID
        grounds = Grounds(reason=Reason.WITHDRAWN, note="test")
        office.revoke(row.identifier, grounds, LATER + SECOND)
        office.publish(LATER + 2 * SECOND)
        at = LATER + 3 * SECOND
        assert office.validate(row.pdf, at).code is Code.REVOKED
        other = office.register.get(identifiers[8])
        assert office.validate(other.pdf, at).code is Code.VALID


def tell(outcomes):
    return [outcome.issued.license.identifier for outcome in outcomes]


class TestLost:
    def test_lost_before_anything_nothing_is_reserved(self, office, found_again):
        found_again.lose()
        assert is_lost(lambda: list(office.issue_many(requests(3), tell, at=LATER)))
        assert office.register.count() == 1

    @pytest.mark.parametrize("workers", [1, 2])
    def test_lost_between_two_chunks_the_same_again_finishes_once(
        self, office, found_again, workers
    ):
        def lose_it(n):
            if n == 12:
                found_again.lose()

        policy, done = BatchPolicy(chunk=4, sample=5), []

        def go(rows):
            done.extend(
                office.issue_many(rows, tell, at=LATER, policy=policy, workers=workers)
            )

        assert is_lost(lambda: go(requests(20, before=lose_it)))
        kept = sum(office.register.counts().values())
        assert 1 + 4 <= kept < 1 + 20
        found_again.bring_back()
        done.clear()
        go(requests(20))
        assert len(set(done)) == 20
        assert office.register.count() == 21
        for identifier in done:
            pdf = office.register.get(identifier).pdf
            assert office.validate(pdf, LATER).code is Code.VALID

    def test_lost_after_the_reservation_what_was_reserved_is_finished(
        self, office, found_again
    ):
        with office.custody.signing():
            desk = office.desk(LATER)
            broken = replace(desk, press=LosingPress(desk.press, found_again, 2))
            rows = next(chunks(requests(4), BatchPolicy()))
            assert is_lost(lambda: Batch(broken, LATER, BatchPolicy()).issue(rows))
        reserved = {row.key.number: row.identifier for row in office.register.rows()}
        assert len(reserved) == 1 + 4
        assert sum(office.register.counts().values()) == 1
        found_again.bring_back()
        done = list(office.issue_many(requests(4), tell, at=LATER + SECOND))
        assert done == [reserved[f"B{n}"] for n in range(4)]
        assert office.register.count() == 5

    def test_a_change_that_was_done_is_told_as_not_published(self, office, found_again):
        found_again.lose()
        done = office.grant_backfill(date(2001, 1, 1), date(2002, 1, 1), LATER)
        assert not done.published
        assert "密码设备没有应答" in done.why_unpublished.zh
        found_again.bring_back()
        assert office.publish(LATER + SECOND).number

    def test_a_key_that_the_device_does_not_hold_is_named(self, office):
        current = office.custody.parts.keychain.current("token")
        held = office.custody.private.device
        with pytest.raises(UnavailableError) as caught:
            held.open("bundle", current.key)
        assert caught.value.trouble is Trouble.NO_KEY
        assert caught.value.detail == f"bundle-{current.name}"


class LosingPress:
    """The press, with somebody who pulls the device out while it prints."""

    def __init__(self, press, token, after):
        self.press, self.token, self.left = press, token, after

    def print(self, parts):
        if not self.left:
            self.token.lose()
        self.left -= 1
        return self.press.print(parts)


@pytest.fixture
def own(tmp_path):
    """A workspace with a token of its own, whose keys may be destroyed."""
    label = f"own-{os.urandom(4).hex()}"
    new_token(label)
    held = DeviceAccess(DeviceSettings(module=module(), token=label), give)
    with Workspace.create(
        tmp_path / "ws",
        name=NAME,
        code=CODE,
        passphrase=PASSPHRASE,
        at=START,
        device=held,
    ) as made:
        yield made


class TestChangesOfKeys:
    @pytest.mark.parametrize("purpose", USES)
    def test_a_renewed_key_is_in_the_device_and_the_old_one_is_destroyed(
        self, own, purpose
    ):
        old = own.issue("food-business", sample(), number="1", at=START).pdf
        done = own.renew_key(purpose, LATER)
        assert done.published
        assert done.record.destroyed
        current = own.custody.parts.keychain.current(purpose)
        assert in_device(own, purpose) == [current.name]
        assert getattr(own.keys, purpose).in_device
        assert own.validate(old, LATER).code is Code.VALID
        new = own.issue("food-business", sample(), number="2", at=LATER + SECOND)
        assert own.validate(new.pdf, LATER + SECOND).code is Code.VALID

    def test_a_compromised_key_is_replaced_in_the_device(self, own):
        old = own.issue("food-business", sample(), number="1", at=START + SECOND).pdf
        done = own.compromise_key("token", START + SECOND, LATER)
        assert done.record.destroyed
        assert own.validate(old, LATER).code is Code.KEY_COMPROMISED
        assert own.keys.token.in_device

    @pytest.mark.parametrize("destroyed", [False, True])
    def test_a_renewal_that_was_cut_off_is_finished_by_the_next_run(
        self, own, destroyed
    ):
        custody, old = own.custody, own.custody.parts.keychain.current("token")
        with custody.changing():
            custody._replace(old, key_changes.owner(own, LATER), LATER)
        if destroyed:
            custody.private.device.destroy("token", old.key)
        assert custody.is_untidy()
        assert len(in_device(own, "token")) == 2
        own.issue("food-business", sample(LATER), number="1", at=LATER + SECOND)
        assert not custody.is_untidy()
        assert custody.parts.keychain.find(old.name).destroyed
        assert old.name not in in_device(own, "token")

    def test_a_wrong_pin_changes_nothing(self, own):
        before = own.custody.parts
        module_of(module()).forget()
        with (
            Workspace(own.folder, PASSPHRASE, lambda _: "9999") as other,
            pytest.raises(UnavailableError) as caught,
        ):
            other.renew_key("token", LATER)
        assert caught.value.trouble is Trouble.PIN_WRONG
        assert own.custody.reload() == before
        assert len(in_device(own, "token")) == 1

    def test_without_a_pin_it_is_told_how_to_give_one(self, own):
        module_of(module()).forget()
        with (
            Workspace(own.folder, PASSPHRASE) as other,
            pytest.raises(UnavailableError) as caught,
        ):
            other.publish(LATER)
        assert "ELICENSE_PIN" in device.told(caught.value).zh
        assert "ELICENSE_PIN" in device.told(caught.value).en

    def test_a_workspace_of_files_goes_over_to_a_device_and_back(self, own, tmp_path):
        held = own.settings.device
        with Workspace.create(
            tmp_path / "files", name=NAME, code=CODE, passphrase=PASSPHRASE, at=START
        ) as made:
            made.rewrite(device=replace(held, keys=("token",)))
        with Workspace(tmp_path / "files", PASSPHRASE, give) as moved:
            assert not moved.keys.token.in_device  # its file is there still
            done = moved.renew_key("token", LATER)
            assert done.record.destroyed
            assert moved.keys.token.in_device
            assert not list(moved.custody.folder.glob("token-*.pem"))
            moved.renew_key("status", LATER)
            assert not moved.keys.status.in_device
            moved.rewrite(device=replace(held, keys=()))
        with Workspace(tmp_path / "files", PASSPHRASE, give) as back:
            assert back.keys.token.in_device  # though new ones are made as files
            done = back.renew_key("token", LATER + SECOND)
            assert done.record.destroyed
            assert not back.keys.token.in_device
            assert not in_device(back, "token")
            back.rewrite(device=None)
        with Workspace(tmp_path / "files", PASSPHRASE) as back:
            assert back.publish(LATER + 2 * SECOND).number

    def test_root_and_bundle_key_are_renewed_as_files(self, own):
        assert own.renew_bundle_key(LATER).published
        assert own.rotate_root(LATER + SECOND).published
        assert list(own.custody.folder.glob("root-*.pem"))

    def test_a_workspace_with_a_device_is_not_taken_over(self, own, tmp_path):
        with (
            Workspace.create(
                tmp_path / "successor",
                name="示范市应急管理局",
                code="119901000000000355",
                passphrase=PASSPHRASE,
                at=START,
            ) as successor,
            pytest.raises(WorkspaceError, match=r"set \[device\] keys"),
        ):
            successor.adopt(own.folder, START.date(), passphrase=PASSPHRASE, at=LATER)
        assert load_settings(own.folder).successor is None


class TestSuites:
    @pytest.mark.parametrize("suite", [Suite.ED25519, Suite.ML_DSA_44])
    def test_a_suite_that_is_not_made_in_a_device_is_refused(
        self, token, tmp_path, suite
    ):
        held = DeviceAccess(DeviceSettings(module=module(), token=token.label), give)
        with pytest.raises(WorkspaceError, match="ES256"):
            Workspace.create(
                tmp_path / "ws",
                name=NAME,
                code=CODE,
                passphrase=PASSPHRASE,
                suites={"status": suite},
                device=held,
            )
        assert not (tmp_path / "ws").exists()

    @pytest.mark.parametrize(
        ("number", "said"),
        [(None, "no mechanism is named"), (0x1041, "makes no SM2 signature")],
        ids=["no mechanism", "ECDSA, which is not SM2"],
    )
    def test_a_device_that_does_not_sign_with_sm2_makes_no_workspace_of_it(
        self, token, tmp_path, number, said
    ):
        settings = DeviceSettings(
            module=module(), token=token.label, sm2_mechanism=number
        )
        with pytest.raises(UnavailableError, match=said) as caught:
            Workspace.create(
                tmp_path / "ws",
                name=NAME,
                code=CODE,
                passphrase=PASSPHRASE,
                suites=founding.suites_of(Suite.SM2),
                device=DeviceAccess(settings, give),
            )
        assert caught.value.trouble is Trouble.NOT_OFFERED
        assert list(tmp_path.iterdir()) == []

    def test_another_key_under_the_name_of_one_is_refused(self, own):
        held, current = own.custody.private.device, own.custody.parts.keychain.current
        strange = hsm.DeviceSigner.make(held._device, "strange")
        expected = current("token").key

        def take_the_name(session):
            label = pkcs11.Attribute.LABEL
            for found in session.get_objects({label: f"token-{name(expected)}"}):
                found.destroy()
            for found in session.get_objects({label: strange.name.label}):
                found[label] = f"token-{name(expected)}"

        held._device.write(take_the_name)
        held._device.close()
        with pytest.raises(UnavailableError) as caught:
            held.open("token", expected)
        assert caught.value.trouble is Trouble.WRONG_KEY

    def test_a_key_that_is_not_there_is_not_held_nor_destroyed(self, own):
        held = own.custody.private.device
        strange = SoftwareSigner.generate(Suite.ES256).public_key
        assert not held.holds("token", strange)
        held.destroy("token", strange)
        held.remove("token", strange)


def name(key):
    return key.kid.hex()


GOOD = DeviceSettings(
    module="/lib/p.so", token="令牌", serial="1", sm2_mechanism=0x80000201
)
WRONG = {
    "a key too many": ({"more": 1}, "must have exactly"),
    "a number for a text": ({"token": 1}, "token must be a text"),
    "no module": ({"module": ""}, "name its module"),
    "no token": ({"token": "", "serial": ""}, "token or serial"),
    "keys that are no list": ({"keys": "token"}, "keys must be an array"),
    "keys of no kind": ({"keys": [1]}, "keys must be an array"),
    "a use twice": ({"keys": ["seal", "seal"]}, "none of them twice"),
    "a bundle key": ({"keys": ["bundle"]}, "keys must be an array"),
    "a mechanism in decimal": ({"sm2_mechanism": "12"}, "hexadecimal"),
}


class TestSettings:
    @pytest.mark.parametrize(
        "found", [GOOD, replace(GOOD, sm2_mechanism=None), replace(GOOD, keys=())]
    )
    def test_what_is_written_is_read(self, base, found):
        whole = replace(load_settings(base), device=found)
        assert settings.read(settings.write(whole)) == whole

    @pytest.mark.parametrize("case", WRONG)
    def test_a_wrong_table_is_named(self, case):
        changed, expected = WRONG[case]
        table = {
            "module": "m.so",
            "token": "t",
            "serial": "",
            "keys": ["token"],
            "sm2_mechanism": "",
        }
        assert device_settings.read(table)
        with pytest.raises(WorkspaceError, match=expected) as caught:
            device_settings.read(table | changed)
        assert "[device]" in caught.value.message.zh

    def test_no_table_is_named_too(self):
        with pytest.raises(WorkspaceError, match="must have exactly"):
            device_settings.read("softhsm")

    def test_a_device_keeps_what_its_settings_say(self):
        kept = DeviceKeys(replace(GOOD, keys=("seal",)), give)
        assert [kept.makes(use) for use in USES] == [False, False, True]


class TestTold:
    @pytest.mark.parametrize("trouble", Trouble)
    def test_each_trouble_has_a_sentence_in_both_languages(self, trouble):
        told = device.told(hsm.DeviceError(trouble, "of what"))
        assert "of what" in told.zh
        assert "of what" in told.en
        assert any("\u4e00" <= char <= "\u9fff" for char in told.zh)

    def test_what_is_no_device_is_told_as_it_is(self):
        told = device.told(UnavailableError("no engine"))
        assert told.en == "no engine"
        assert "no engine" in told.zh
        assert "of" not in device.told(hsm.DeviceError(Trouble.NO_KEY)).zh


@pytest.mark.slow
def test_the_page_can_be_followed_word_for_word(tmp_path):
    assert follow("docs/hsm.md", tmp_path, "en") > 8


class TestCommands:
    @pytest.fixture
    def made(self, tmp_path):
        """A workspace that the command makes, and its PIN file."""
        label = f"cli-{os.urandom(4).hex()}"
        new_token(label)
        pin = tmp_path / "pin"
        pin.write_text(PIN + "\n")
        done = run(
            *("init", tmp_path / "ws", "--org", NAME, "--uscc", CODE),
            *("--device", module(), "--token", label, "--pin-file", pin),
        )
        assert done.exit_code == 0, done.output
        return tmp_path / "ws", pin

    def test_init_issue_and_verify(self, made, tmp_path):
        place, _ = made
        assert load_settings(place).device.keys == USES
        data = tmp_path / "a.json"
        data.write_text(json.dumps(samples.variant("food-business", clock.now(), 0)))
        out = tmp_path / "a.pdf"
        issue = ("issue", "food-business", "--data", data, "--case", "1", "--out", out)
        here = ("--workspace", place)
        module_of(module()).forget()
        denied = run(*here, *issue, lang="zh")
        assert denied.exit_code == 2
        assert "需要 PIN" in denied.stderr
        assert not out.exists()
        assert run(*here, *issue, env={"ELICENSE_PIN": PIN}).exit_code == 0
        done = run(*here, "verify", out, "--json")
        verdict = json.loads(done.stdout)
        assert (verdict["code"], verdict["scope"]) == ("VALID", "document")
        assert PIN not in denied.stderr

    def test_a_device_that_is_away_is_told_and_the_same_goes_on(
        self, made, tmp_path, found_again
    ):
        place, pin = made
        rows = tmp_path / "rows.jsonl"
        rows.write_text(
            "".join(
                json.dumps(sample(clock.now(), n) | {"case": f"C{n}"}) + "\n"
                for n in range(600)
            )
        )
        out, told = tmp_path / "out", tmp_path / "report.jsonl"
        batch = ("--workspace", place, "--pin-file", pin, "issue-batch")
        batch += ("food-business", rows, "--out", out, "--report", told)

        def pull_out():
            """Take the token away once the first chunk has gone out."""
            until = time.monotonic() + 60
            while time.monotonic() < until and not list(out.glob("*.pdf")):
                time.sleep(0.01)
            found_again.lose()

        puller = threading.Thread(target=pull_out)
        puller.start()
        stopped = run(*batch)
        puller.join()
        assert stopped.exit_code == 2
        assert "not all was done" in stopped.stderr
        assert "the device does not answer" in stopped.stderr
        first = {path.name for path in out.glob("*.pdf")}
        assert 0 < len(first) < 600
        found_again.bring_back()
        done = run(*batch)
        assert done.exit_code == 0, done.output
        lines = [json.loads(line) for line in told.read_text().splitlines()]
        identifiers = {line["identifier"] for line in lines}
        assert len(identifiers) == 600
        assert first <= {f"{item}.pdf" for item in identifiers}
        assert sum(line["existed"] for line in lines) == len(first)

    def test_a_device_and_its_token_are_named_together(self, tmp_path):
        organ = ("init", tmp_path / "ws", "--org", NAME, "--uscc", CODE)
        for option in (("--device", "m.so"), ("--token", "t")):
            done = run(*organ, *option)
            assert done.exit_code == 2
            assert "--device and --token together" in done.stderr
        assert not (tmp_path / "ws").exists()

    @pytest.mark.parametrize("content", [b"", b"\n", b"1" * 2000])
    def test_a_file_that_holds_no_pin_is_refused(self, made, tmp_path, content):
        place, _ = made
        wrong = tmp_path / "wrong"
        wrong.write_bytes(content)
        module_of(module()).forget()
        done = run("--workspace", place, "--pin-file", wrong, "publish")
        assert done.exit_code == 2
        assert "a PIN file has 1 to" in done.stderr

    def test_on_a_terminal_the_pin_is_asked_for_and_once_more_if_wrong(self, made):
        place, _ = made
        arguments = ("--workspace", place, "publish")
        assert converse(command(*arguments), [PIN]) == 0
        assert converse(command(*arguments), ["9999", PIN]) == 0
        assert converse(command(*arguments), ["9999", "8888"]) == 2
