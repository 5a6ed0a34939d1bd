"""The commands ``seal``: checking with no workspace, keeping a register with one."""

import json

import pytest

from elicense.sealing import SealStore
from elicense.sealing import checking as checking_module
from esign import ses
from tests.elicense.cli.department import NAME, USCC, answers, run, sample
from tests.elicense.seal_files import crl, ofd_with, pdf_with, pem, sealed
from tests.elicense.seal_world import code
from tests.esign.ses_world import DIGEST, world
from tests.support import vectors

AT = "2026-11-21T00:00:00Z"
POLICY = """
format = "elicense.seals/1"
[[grant]]
name = "food"
seal = "own"
types = ["food-business"]
operators = ["clerk-1"]
approvers = ["chief-1"]
"""


@pytest.fixture
def believed(tmp_path):
    """A folder that makes the small world believed."""
    w, folder = world(), tmp_path / "trust"
    for name, data in {
        "makers/maker.der": w.maker.certificate,
        "roots/root.pem": pem(w.root.certificate),
        "cas/ca.der": w.ca.certificate,
        "tsas/tsa.der": w.service.certificate,
        "crls/root.crl": crl(w.root),
        "crls/ca.crl": pem(crl(w.ca), "X509 CRL"),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def kept(tmp_path):
    files = {
        "seal.esl": world().seal(),
        "SignedValue.dat": world().signature(),
        "sealed.pdf": pdf_with(sealed),
        "sealed.ofd": ofd_with(sealed),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_check_without_a_workspace(kept, believed):
    trust = ("--trust", believed, "--at", AT)
    digest = ("--digest", DIGEST.hex())
    names = [kept / n for n in ("seal.esl", "SignedValue.dat", "sealed.pdf")]
    done = run("seal", "check", *names, kept / "sealed.ofd", *trust, *digest, "--json")
    assert done.exit_code == 0, done.output
    found = answers(done)
    assert [one["kind"] for one in found] == [
        "SESeal",
        "SES_Signature",
        "PDF",
        "SES_Signature",
    ]
    assert {one["code"] for one in found} == {"VALID"}
    assert {one["seal_signature"] for one in found} == {True}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_check_for_people(kept, believed, lang):
    (kept / "bad.pdf").write_bytes(pdf_with(sealed) + b"more")
    names = [kept / n for n in ("seal.esl", "SignedValue.dat", "bad.pdf")]
    trust = ("--trust", believed, "--at", AT)
    done = run("seal", "check", *names, *trust, lang=lang)
    assert done.exit_code == 1
    assert "✔ VALID" in done.output
    assert "? UNREADABLE" in done.output
    assert "✘ coverage: ALTERED" in done.output
    assert ("印模" in done.output) is (lang == "zh")
    assert "37030000001721" in done.output


def test_the_exit_codes_of_verify(kept, believed):
    trust = ("--trust", believed, "--at", AT)
    assert run("seal", "check", kept / "seal.esl", *trust).exit_code == 0
    assert run("seal", "check", kept / "seal.esl", "--at", AT).exit_code == 3
    assert run("seal", "check", kept / "nothing.esl").exit_code == 3
    assert run("seal", "check").exit_code == 2
    late = ("--trust", believed, "--at", "2039-01-01")
    assert run("seal", "check", kept / "seal.esl", *late).exit_code == 1
    both = (kept / "seal.esl", kept / "nothing.esl")
    assert run("seal", "check", *both, *trust).exit_code == 3


def test_single_files_to_believe(kept, believed):
    w = world()
    (kept / "crl").write_bytes(crl(w.ca))
    given = [
        *("--maker", believed / "makers/maker.der"),
        *("--ca-root", believed / "roots/root.pem"),
        *("--ca", believed / "cas/ca.der"),
        *("--tsa", believed / "tsas/tsa.der"),
        *("--crl", believed / "crls/root.crl", "--crl", kept / "crl"),
    ]
    done = run("seal", "check", kept / "seal.esl", *given, "--at", AT, "--json")
    assert (done.exit_code, answers(done)[0]["code"]) == (0, "VALID")
    part = run("seal", "check", kept / "seal.esl", *given[:-2], "--at", AT, "--json")
    assert (part.exit_code, answers(part)[0]["code"]) == (3, "NO_STATUS")


def test_the_document_of_a_bare_signature(kept, believed):
    (kept / "other").write_bytes(b"another document")
    (kept / "protected").write_bytes(b"the protected bytes")
    trust = ("--trust", believed, "--at", AT, "--json")
    bare = kept / "SignedValue.dat"
    for document, wanted in (("protected", "VALID"), ("other", "ALTERED")):
        done = run("seal", "check", bare, "--document", kept / document, *trust)
        assert answers(done)[0]["code"] == wanted


def test_third_party_files_have_their_mathematics_told():
    for name in ("v1-UserV1", "v4-UserV4", "v5-UserV5"):
        done = run("seal", "check", vectors(f"ses/seals/ofdrw-{name}.esl"), "--json")
        (answer,) = answers(done)
        assert answer["seal_signature"] is True
        assert answer["indication"] != "PASSED"
    early = ("--at", "2021-06-01", "--json")
    done = run("seal", "check", vectors("ses/seals/ofdrw-v4-UserV4.esl"), *early)
    assert answers(done)[0]["code"] == "UNKNOWN_ISSUER"
    assert done.exit_code == 3


WRONG = {
    "two folders": ("--trust", "{0}", "--trust", "{0}"),
    "two bundles": ("--trust", "a.elt", "--trust", "b.elt"),
    "a folder of something else": ("--trust", "{0}/makers"),
    "a file that is no certificate": ("--maker", "{0}/crls/root.crl"),
    "a list of nobody's": ("--crl", "{0}/crls/root.crl"),
    "a digest of another length": ("--digest", "00"),
    "document and digest": ("--document", "x", "--digest", "00" * 32),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_command_line_that_is_wrong(wrong, kept, believed):
    given = [one.format(believed) for one in WRONG[wrong]]
    for lang in ("zh", "en"):
        done = run("seal", "check", kept / "seal.esl", *given, lang=lang)
        assert done.exit_code == 2, done.output
        assert "Error: " in done.output or "错误：" in done.output


def test_a_license_of_ours_is_validated_as_one(department, tmp_path):
    pdf = department.folder / "business.pdf"
    done = run("seal", "check", pdf, "--json", *place(department))
    (answer,) = answers(done)
    assert (answer["kind"], answer["code"]) == ("PDF", "VALID")
    assert done.exit_code == 0
    home = {"ELICENSE_HOME": str(tmp_path)}
    done = run("seal", "check", pdf, pdf, "--json", env=home)
    assert {one["code"] for one in answers(done)} == {"UNKNOWN_ISSUER"}
    assert done.exit_code == 3


def test_a_file_that_is_too_large(kept, monkeypatch):
    monkeypatch.setattr(checking_module, "MAX_FILE_BYTES", 10)
    done = run("seal", "check", kept / "sealed.pdf", "--json")
    assert answers(done)[0]["code"] == "MALFORMED"


# With a workspace


def place(own):
    return ("--workspace", own.place)


def test_the_life_of_a_test_seal(own, tmp_path):
    out = tmp_path / "own.esl"
    made = run(
        *("seal", "make", "--purpose", "证照专用章", "--out", out, "--by", "keeper-1"),
        *("--json", *place(own)),
    )
    assert made.exit_code == 0, made.output
    (seal,) = answers(made)
    assert (seal["state"], seal["owner"], seal["test"]) == ("made", USCC, True)
    for bad in (out, tmp_path / "missing" / "own.esl"):  # then none is made
        denied = run("seal", "make", "--out", bad, *place(own))
        assert denied.exit_code == 2
        assert str(bad) in denied.stderr
    assert seal["id"].encode() in out.read_bytes()
    listed = answers(run("seal", "list", "--json", *place(own)))
    assert [one["id"] for one in listed if one["form"] == "SES"] == [seal["id"]]
    assert "测试印章，无法律效力" in seal["name"]
    assert seal["picture"]["type"] == "PNG"
    trust = ("--trust", own.place / "seals" / "trust")
    checked = run("seal", "check", out, *trust, "--json")
    assert (checked.exit_code, answers(checked)[0]["code"]) == (0, "VALID")
    assert answers(checked)[0]["seal"]["id"] == seal["id"]
    for verb, more, state in (
        ("enable", (), "enabled"),
        ("disable", ("--reason", "held"), "disabled"),
        ("enable", (), "enabled"),
        ("revoke", ("--reason", "damaged", "--note", "裂损"), "revoked"),
    ):
        done = run("seal", verb, seal["id"], *more, "--by", "k", "--json", *place(own))
        assert done.exit_code == 0, done.output
        assert answers(done)[0]["state"] == state
    again = run("seal", "enable", seal["id"], *place(own))
    assert again.exit_code == 2
    shown = run("seal", "show", seal["id"], *place(own), lang="zh")
    for word in (
        "申请",
        "制作",
        "备案",
        "启用",
        "停用",
        "撤销",
        "裂损",
        "损坏",
        "印模",
    ):
        assert word in shown.output


def test_the_own_seal_is_listed_and_replaced(own):
    listed = run("seal", "list", "--json", *place(own))
    (seal,) = answers(listed)
    assert (seal["form"], seal["state"], seal["picture"]) == ("PAdES", "enabled", None)
    told = run("seal", "list", *place(own), lang="zh")
    assert "已启用" in told.output
    assert answers(run("seal", "list", "--uscc", code(4), "--json", *place(own))) == []
    shown = run("seal", "show", seal["id"], *place(own))
    assert seal["id"] in shown.output
    later = ("--from", "2999-01-01")
    wrong = run(
        "seal", "revoke", seal["id"], "--reason", "damaged", *later, *place(own)
    )
    assert wrong.exit_code == 2
    done = run(
        "seal", "revoke", seal["id"], "--reason", "replaced", "--json", *place(own)
    )
    assert done.exit_code == 0, done.output
    assert answers(done)[0]["published"] is True
    states = [
        one["state"] for one in answers(run("seal", "list", "--json", *place(own)))
    ]
    assert states == ["revoked", "enabled"]


def test_import(own):
    path = vectors("ses/seals/ofdrw-v4-UserV4.esl")
    done = run("seal", "import", path, "--uscc", code(3), "--filed", *place(own))
    assert done.exit_code == 0, done.output
    assert "51f044b76510434e9bc67a1185c2fba5" in done.output
    again = run("seal", "import", path, *place(own))
    assert again.exit_code == 2
    bad = vectors("ses/bad/SESealData-v4-extdata-badsig.DER")
    assert run("seal", "import", bad, *place(own)).exit_code == 2


@pytest.mark.parametrize(
    "wrong", [("--org", "短"), ("--uscc", "1"), ("--purpose", "x" * 20)]
)
def test_a_seal_that_cannot_be_made(own, wrong):
    assert run("seal", "make", *wrong, *place(own)).exit_code == 2
    with SealStore.open(own.place / "seals.db") as store:
        assert len(store.seals()) == 1  # the own one


BOTH = ("--operator", "clerk-1", "--approver", "chief-1")


def logged(own, *more):
    """Return the lines behind those of the three licenses that were there."""
    return answers(run("seal", "log", *more, "--json", *place(own)))[3:]


@pytest.fixture
def ruled(own):
    (own.place / "seals.toml").write_text(POLICY, encoding="utf-8")
    return own


def test_who_may_issue_and_who_may_not(ruled, tmp_path):
    data, out = tmp_path / "data.json", tmp_path / "a.pdf"
    data.write_text(json.dumps(sample("food-business", 3)), encoding="utf-8")
    given = ("issue", "food-business", "--data", data, "--case", "S-2", "--out", out)
    refused = run(*given, *place(ruled), lang="zh")
    assert refused.exit_code == 2
    assert "不能使用印章" in refused.output
    alone = run(*given, "--operator", "clerk-1", *place(ruled))
    assert "no-approver" in alone.output
    citizen = run(*given, "--operator", "11010519491231002X", *place(ruled))
    assert citizen.exit_code == 2
    assert "1949" not in citizen.output
    assert not out.exists()
    done = run(*given, *BOTH, "--json", *place(ruled))
    assert done.exit_code == 0, done.output
    lines = logged(ruled)
    assert [one["outcome"] for one in lines] == ["refused", "refused", "used"]
    assert lines[2]["identifier"] == answers(done)[0]["identifier"]
    assert (lines[2]["grant"], lines[2]["number"]) == ("food", 6)
    assert lines[0]["reason"] == "operator"


def test_who_may_print_again_and_issue_many(ruled, tmp_path):
    identifier, copy = ruled.issued("food")["identifier"], tmp_path / "b.pdf"
    again = ("reprint", identifier, "--out", copy, *place(ruled))
    assert run(*again).exit_code == 2
    assert not copy.exists()
    assert run(*again, *BOTH).exit_code == 0
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(sample("food-business", 4)) + "\n", encoding="utf-8")
    many = ("issue-batch", "food-business", rows, "--out", tmp_path / "many")
    first = run(*many, "--report", tmp_path / "r1.jsonl", *place(ruled))
    assert first.exit_code == 1
    second = run(*many, "--report", tmp_path / "r2.jsonl", *BOTH, *place(ruled))
    assert second.exit_code == 0, second.output
    lines = logged(ruled)
    assert [one["outcome"] for one in lines] == ["refused", "used"] * 2
    assert [one["scenario"] for one in lines] == ["reprint"] * 2 + ["issue"] * 2


def test_the_coverage_of_scenarios(own):
    told = run("seal", "log", *place(own), lang="zh")
    assert "签章用印场景覆盖率  37.5% (3/8)" in told.output
    figure = run("seal", "log", "--coverage", "--json", *place(own))
    assert answers(figure)[0]["coverage"] == 0.375
    alone = run("seal", "log", "--coverage", *place(own))
    assert alone.output.count("\n") == 1
    past = ("--from", "2020-01-01", "--until", "2020-12-31")
    assert answers(run("seal", "log", *past, "--json", *place(own))) == []
    none = run("seal", "log", *past, "--coverage", *place(own))
    assert "0.0% (0/8)" in none.output


def test_the_name_of_the_organ_is_on_its_seal(own):
    done = run("seal", "make", "--json", *place(own))
    assert answers(done)[0]["name"].startswith(NAME)


def test_the_own_seal_of_sm2_shows_the_id_that_a_check_gives(tmp_path):
    office = ("--workspace", tmp_path / "gm")
    organ = ("--org", NAME, "--uscc", USCC, "--algorithm", "SM2")
    assert run("init", tmp_path / "gm", *organ).exit_code == 0
    (own,) = answers(run("seal", "list", "--json", *office))
    shown = run("seal", "show", own["id"], *office).stdout.splitlines()
    with SealStore.open(tmp_path / "gm" / "seals.db") as store:
        held = ses.read_seal(store.get(own["id"]).content)
    assert shown[0].split() == ["seal", own["id"]]
    assert shown[1].split() == ["esID", held.identifier]
    made = run("keys", "viewer-seal", *office)
    assert made.exit_code == 0
    assert "remarks" not in made.stdout
