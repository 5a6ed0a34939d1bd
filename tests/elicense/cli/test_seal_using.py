"""The commands ``seal certificate`` and ``seal use``, from a maker to a verifier."""

import json
import shutil
from datetime import timedelta

import pytest

from elicense.sealing import SealStore
from esign import clock, ses
from tests.elicense.cli.department import NAME, USCC, answers, run, sample
from tests.elicense.licensed_maker import LicensedMaker, picture

SEAL = f"{NAME}行政审批专用章"


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    """A workspace of SM2 with one license of its test seal, and its certificate."""
    folder = tmp_path_factory.mktemp("gm")
    made = run("init", folder / "ws", "--org", NAME, "--uscc", USCC, *SM2)
    assert made.exit_code == 0, made.stderr
    issue(folder, "1", "first.pdf")
    done = run(
        "seal", "certificate", "--out", folder / "own.cer", "--json", *place(folder)
    )
    assert done.exit_code == 0, done.stderr
    (told,) = answers(done)
    assert told["file"] == str(folder / "own.cer")
    maker = LicensedMaker(clock.now() - timedelta(hours=1))
    maker.write(folder / "maker")
    make(folder, maker)
    return folder, maker


SM2 = ("--algorithm", "SM2")


def place(folder):
    return ("--workspace", folder / "ws")


def make(folder, maker, out="own.esl", **changes):
    certificate = (folder / "own.cer").read_bytes()
    (folder / out).write_bytes(maker.make(certificate, **{"name": SEAL, **changes}))
    return folder / out


def issue(folder, case, out, *more):
    data = folder / "data.json"
    data.write_text(json.dumps(sample("food-business", 3)), encoding="utf-8")
    given = ("--data", data, "--case", case, "--out", folder / out, "--json")
    done = run("issue", "food-business", *given, *more, *place(folder))
    assert done.exit_code == 0, done.stderr
    return answers(done)[0]


@pytest.fixture
def gm(founded, tmp_path):
    folder, maker = founded
    return shutil.copytree(folder, tmp_path / "gm"), maker


def test_from_the_maker_to_the_verifier(gm, tmp_path):
    folder, _ = gm
    given = ("--trust", folder / "maker", "--by", "keeper-1", "--json")
    done = run("seal", "use", folder / "own.esl", *given, *place(folder))
    assert done.exit_code == 0, done.stderr
    (told,) = answers(done)
    assert (told["id"], told["state"], told["published"]) == (
        "99010000000042",
        "enabled",
        True,
    )
    assert told["picture"] == {"type": "PNG", "width_mm": 40, "height_mm": 40}
    assert told["no_room"] == [{"type": "special-operation", "page": "卡片"}]
    assert "special-operation 卡片" in done.stderr
    issued = issue(folder, "2", "second.pdf")
    second = folder / "renewed.pdf"
    data = ("--data", folder / "data.json", "--case", "R1", "--out", second)
    renewed = run(
        "renew", issued["identifier"], "--reason", "changed", "--note", "x", *data,
        *place(folder),
    )  # fmt: skip
    assert renewed.exit_code == 0, renewed.stderr
    away = tmp_path / "away.elt"
    assert run("publish", *place(folder)).exit_code == 0
    shutil.copy(folder / "ws" / "public" / "trust.elt", away)
    root = answers(run("keys", "list", "--json", *place(folder)))[-1]["fingerprint"]
    home = {"ELICENSE_HOME": str(tmp_path / "home")}
    pdfs = (folder / "first.pdf", folder / "second.pdf", second)
    verified = run("verify", *pdfs, "--trust", away, "--root", root, "--json", env=home)
    codes = [one["code"] for one in answers(verified)]
    assert codes == ["VALID", "SUPERSEDED", "VALID"]
    checked = run("seal", "check", second, "--trust", folder / "maker", "--json")
    assert answers(checked)[0]["seal"]["name"] == SEAL
    states = [
        one["state"] for one in answers(run("seal", "list", "--json", *place(folder)))
    ]
    assert states == ["revoked", "enabled"]
    used = [
        one["seal"] for one in answers(run("seal", "log", "--json", *place(folder)))
    ]
    assert used[1:] == ["99010000000042"] * 2


def test_single_files_name_the_maker(gm):
    folder, _ = gm
    trust = folder / "maker"
    given = (
        *("--maker", trust / "makers/maker.der", "--ca-root", trust / "roots/root.der"),
        *("--ca", trust / "cas/issuing.der", "--crl", trust / "crls/root.crl"),
    )
    part = run("seal", "use", folder / "own.esl", *given, *place(folder))
    assert part.exit_code == 2  # a list of the one CA is missing
    given += ("--crl", trust / "crls/issuing.crl")
    done = run("seal", "use", folder / "own.esl", *given, *place(folder))
    assert done.exit_code == 0, done.stderr
    again = run("seal", "use", folder / "own.esl", *given, *place(folder))
    assert again.exit_code == 0, again.stderr


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_refusals_say_what_is_wrong(gm, lang):
    folder, maker = gm
    trusted = ("--trust", folder / "maker")
    bundle = folder / "ws" / "public" / "trust.elt"
    make(folder, maker, "other.esl", name="示范市应急管理局")
    make(folder, maker, "large.esl", picture=picture(side=50))
    make(folder, maker, "stale.esl", valid_until=maker.at + timedelta(minutes=1))
    (folder / "none.esl").write_bytes(b"nothing")
    expected = {
        ("own.esl",): ("--maker", "--maker"),
        ("own.esl", "--trust", bundle): ("文件夹", "a folder"),
        ("own.esl", *trusted, "--by", "11010519491231002X"): (
            "公民身份号码",
            "citizen",
        ),
        ("other.esl", *trusted): ("--seal-name", "--seal-name"),
        ("large.esl", *trusted): ("50 mm x 50 mm", "50 mm x 50 mm"),
        ("stale.esl", *trusted): ("有效期", "EXPIRED"),
        ("none.esl", *trusted): ("不是符合标准的电子印章", "not a seal"),
        ("missing.esl", *trusted): ("missing.esl", "missing.esl"),
    }
    for (name, *more), (zh, en) in expected.items():
        done = run("seal", "use", folder / name, *more, *place(folder), lang=lang)
        assert done.exit_code == 2, done.output
        assert (zh if lang == "zh" else en) in done.stderr
        assert "1949" not in done.output
    with SealStore.open(folder / "ws" / "seals.db") as store:
        assert len(store.seals()) == 1
    named = ("--seal-name", "示范市应急管理局")
    done = run("seal", "use", folder / "other.esl", *trusted, *named, *place(folder))
    assert done.exit_code == 0, done.stderr


def test_what_is_done_and_not_published_is_told(gm):
    folder, _ = gm
    public = folder / "ws" / "public"
    (public / "trust.elt").unlink()
    public.rmdir() if not any(public.iterdir()) else shutil.rmtree(public)
    public.write_bytes(b"in the way")
    given = ("--trust", folder / "maker", "--json")
    done = run("seal", "use", folder / "own.esl", *given, *place(folder))
    assert done.exit_code == 3, done.stderr
    (told,) = answers(done)
    assert (told["published"], told["state"]) == (False, "enabled")


def test_the_certificate_is_not_written_over(gm):
    folder, _ = gm
    out = ("--out", folder / "own.cer")
    assert run("seal", "certificate", *out, *place(folder)).exit_code == 2
    done = run("seal", "certificate", *out, "--force", *place(folder))
    assert done.exit_code == 0
    assert "own.cer" in done.stdout


@pytest.mark.parametrize("by_digest", [(), ("--by-digest",)])
def test_a_trial_maker_lists_a_key_that_is_kept_elsewhere(gm, own, by_digest):
    folder, _ = gm
    out, office = folder / "trial.esl", ("--workspace", own.place)
    given = ("--certificate", folder / "own.cer", "--out", out, *by_digest)
    made = run("seal", "make", *given, "--seal-version", "5", *office)
    assert made.exit_code == 0, made.stderr
    seal = ses.read_seal(out.read_bytes())
    assert (seal.version, bool(seal.digests)) == (5, bool(by_digest))
    assert not list((own.place / "seals").glob(f"{seal.identifier}.pem"))
    trust = ("--trust", own.place / "seals" / "trust")
    done = run("seal", "use", out, *trust, *place(folder))
    assert done.exit_code == 0, done.stderr
    revoked = run("seal", "revoke", seal.identifier, "--reason", "damaged", *office)
    assert revoked.exit_code == 0, revoked.stderr
    for wrong in (folder / "data.json", folder / "first.pdf"):
        given = ("--certificate", wrong, "--out", folder / "no.esl")
        assert run("seal", "make", *given, *office).exit_code == 2
    (folder / "empty").write_bytes(b"")
    given = ("--certificate", folder / "empty", "--out", folder / "no.esl")
    assert "--certificate" in run("seal", "make", *given, *office).stderr
