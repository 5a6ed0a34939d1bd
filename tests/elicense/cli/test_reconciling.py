"""A workspace whose seal is on a platform: issue, show, reconcile, verify."""

import json
import threading
from datetime import timedelta

import pytest
from examples.seal_platform.desk import Desk
from examples.seal_platform.faults import Fault
from examples.seal_platform.server import Server
from examples.seal_platform.vault import Vault

from elicense import settings
from elicense.settings import PlatformSettings
from esign import clock
from tests.elicense.cli.department import answers, run, sample

FOOD, SECRET = "food-business", b"a secret of a test"


@pytest.fixture(scope="module")
def vault():
    return Vault(at=clock.now() - timedelta(days=1))


@pytest.fixture
def platform(own, vault):
    """Let a running platform seal for the workspace, and publish its seal."""
    desk = Desk(vault, "trial", SECRET)
    folder = own.place / "platform" / "one"
    folder.mkdir(parents=True)
    for name, data in desk.files().items():
        (folder / name).write_bytes(data)
    (own.place / "keys" / "platform.secret").write_bytes(SECRET + b"\n")
    with Server(desk) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        configure(own, url=server.url)
        assert own.run("publish").exit_code == 0
        yield desk
        server.shutdown()
        thread.join()


def configure(own, **changes):
    wanted = {
        "url": "https://seal.example.cn/api",
        "app_id": "trial",
        "seal_id": "99010000001721",
        "operator": "窗口01",
        "secret_file": "keys/platform.secret",
        "ca_file": "",
    }
    path = own.place / "elicense.toml"
    table = PlatformSettings(**(wanted | changes))
    lines = [f"{key} = {json.dumps(getattr(table, key))}" for key in wanted]
    kept = path.read_text(encoding="utf-8").split("\n[platform]")[0].rstrip()
    path.write_text("\n".join([kept, "", "[platform]", *lines, ""]), encoding="utf-8")


APPLICATION = sample(FOOD, 60)


def issue(own, *more, **options):
    return own.issue(FOOD, APPLICATION, "a.pdf", "--case", "P1", *more, **options)


def test_a_license_is_sealed_by_the_platform_and_verified_by_a_stranger(own, platform):
    done = issue(own)
    assert done.exit_code == 0, done.output
    assert answers(done)[0]["state"] == "ISSUED"
    verified = run(
        "verify", own.folder / "a.pdf", "--trust", own.trust_file, "--root", own.root,
        "--json",
    )  # fmt: skip
    (verdict,) = answers(verified)
    assert (verdict["code"], verdict["scope"]) == ("VALID", "document")
    assert "seal-revision" in [check["id"] for check in verdict["checks"]]
    done = own.run("reconcile", "--json")
    assert (done.exit_code, answers(done)[0]["settled"]) == (0, True)
    assert platform.sealings == 1
    uses = answers(own.run("seal", "log", "--json"))
    assert [use["outcome"] for use in uses[3:]] == ["used"]  # after the fixture's three


def test_a_pending_license_is_told_shown_and_collected(own, platform):
    platform.fault = Fault.SLOW
    done = issue(own, lang="zh")
    assert done.exit_code == 3
    (told,) = answers(done)
    assert (told["state"], told["task"]) == ("AWAITING_SEAL", "T1")
    assert "待签章" in done.stderr
    assert not (own.folder / "a.pdf").exists()
    name = told["identifier"]
    shown = answers(own.run("show", name, "--json"))[0]
    assert (shown["state"], shown["qr_text"]) == ("AWAITING_SEAL", "")
    kinds = [event["kind"] for event in shown["history"]]
    assert kinds == ["RESERVED", "SEAL_REQUESTED"]
    assert "待签章" in own.run("show", name, lang="zh").stdout

    done = own.run("reconcile", lang="zh")
    assert done.exit_code == 3
    assert "T1" in done.stdout
    platform.fault = Fault.NONE
    done = own.run("reconcile", lang="zh")
    assert done.exit_code == 0
    assert name in done.stdout
    assert "无遗留" in done.stderr
    done = issue(own)
    assert (done.exit_code, answers(done)[0]["existed"]) == (0, True)
    assert (own.folder / "a.pdf").exists()
    assert own.run("show", name, "--json", "--format", "pinyin").exit_code in (0, 2)


def test_both_books_are_listed(own, platform):
    platform.fault = Fault.LOST
    done = issue(own)
    assert done.exit_code == 3
    name = answers(done)[0]["identifier"]
    done = own.run("reconcile")
    assert done.exit_code == 3
    assert "unknown to the platform" in done.stdout
    assert name in done.stdout
    platform.fault = Fault.NONE
    assert own.run("reconcile").exit_code == 0
    entry = next(iter(platform.entries.values()))
    platform.entries["f" * 32] = entry
    done = own.run("reconcile")
    assert (done.exit_code, "f" * 32 in done.stdout) == (3, True)
    platform.fault = Fault.GARBAGE
    done = own.run("reconcile")
    assert (done.exit_code, "no clear answer" in done.stderr) == (3, True)


def test_the_secret_may_come_from_the_environment_and_is_never_shown(own, platform):
    url = settings.read((own.place / "elicense.toml").read_bytes()).platform.url
    configure(own, url=url, secret_file="")
    done = issue(own)
    assert (done.exit_code, "ELICENSE_PLATFORM_SECRET" in done.stderr) == (2, True)
    platform.fault = Fault.ERROR
    secret = SECRET.decode()
    done = issue(own, env={"ELICENSE_PLATFORM_SECRET": secret})
    assert done.exit_code == 3
    assert secret not in done.output
    platform.fault = Fault.NONE
    assert issue(own, env={"ELICENSE_PLATFORM_SECRET": secret}).exit_code == 0


@pytest.mark.usefixtures("platform")
def test_a_batch_is_not_sent_to_a_platform(own):
    rows = own.write("rows.jsonl", json.dumps(APPLICATION) + "\n")
    done = own.run(
        "issue-batch", FOOD, rows, "--out", own.folder / "out", "--report",
        own.folder / "report.csv",
    )  # fmt: skip
    assert done.exit_code == 2
    assert "one by one" in done.stderr


WRONG = {
    "plain http to elsewhere": {"url": "http://seal.example.cn"},
    "no address": {"url": "seal.example.cn"},
    "a port that is none": {"url": "https://seal.example.cn:x"},
    "a query": {"url": "https://seal.example.cn/?a=1"},
    "a secret outside": {"secret_file": "../secret"},
    "no such secret": {"secret_file": "keys/none"},
    "an appId in Chinese": {"app_id": "示例"},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_platform_is_refused_before_anything(own, platform, name):
    configure(own, **WRONG[name])
    before = own.state()
    assert issue(own).exit_code == 2
    configure(own)
    assert own.state() == before
    assert platform.sealings == 0


@pytest.mark.usefixtures("platform")
def test_a_seal_whose_files_are_wrong_is_told(own):
    (own.place / "platform" / "one" / "maker.cer").write_bytes(b"none")
    done = own.run("publish")
    assert done.exit_code == 2
    assert "the seal or a certificate cannot be used" in done.stderr


@pytest.mark.usefixtures("platform")
def test_settings_are_written_as_they_are_read(own):
    data = (own.place / "elicense.toml").read_bytes()
    found = settings.read(data)
    assert found.platform is not None
    assert settings.read(settings.write(found)) == found
