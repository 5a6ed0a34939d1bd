"""A second seal of a workspace of SM2, by PAdES: for whoever has an ordinary viewer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from elicense import Workspace, attachments, dates, keychain
from elicense.changing import Grounds
from elicense.errors import WorkspaceError
from elicense.events import Reason
from elicense.keychain import VIEWER_SEAL
from elicense.sealing import SealEvent, SealEventKind, SealReason, SealRefusedError
from elicense.validating import validate
from esign import pades
from esign.algorithms import Suite
from esign.errors import MalformedError
from esign.pades import SubFilter
from esign.verdict import Code
from tests.elicense.cli.department import answers, run
from tests.elicense.crash.killed import CODE, NAME, PASSPHRASE, START
from tests.elicense.test_sm2_workspace import found, issue

HOUR = timedelta(hours=1)


@pytest.fixture
def own(tmp_path):
    with found(tmp_path / "ws") as workspace:
        yield workspace


@pytest.fixture
def two(own):
    """With both seals, an hour later."""
    own.add_viewer_seal(START + HOUR)
    return own


def code(workspace, pdf, at):
    return validate(pdf, workspace.trust(), at).code


def reprinted(workspace, issued, at, by=SubFilter.PADES):
    return workspace.reprint(issued.license.identifier, at=at, by=by).pdf


def test_both_files_of_a_license_stand_and_fall_together(own):
    issued = issue(own)
    at = START + HOUR
    done = own.add_viewer_seal(at)
    assert done.record.key.suite is Suite.ES256
    second = reprinted(own, issued, at)
    assert pades.read(issued.pdf).subfilter is SubFilter.GM_SEAL
    assert pades.read(second).subfilter is SubFilter.PADES
    assert attachments.read(issued.pdf) == attachments.read(second)
    assert {code(own, pdf, at) for pdf in (issued.pdf, second)} == {Code.VALID}
    grounds = Grounds(reason=Reason.WITHDRAWN, note="test")
    own.revoke(issued.license.identifier, grounds, at + HOUR)
    own.publish(at + HOUR)
    both = {code(own, pdf, at + HOUR) for pdf in (issued.pdf, second)}
    assert both == {Code.REVOKED}


def test_the_workspace_goes_on_sealing_by_its_own_seal(two):
    at = START + 2 * HOUR
    issued = issue(two, at=at)
    assert pades.read(issued.pdf).subfilter is SubFilter.GM_SEAL
    for by in (None, SubFilter.GM_SEAL):
        again = reprinted(two, issued, at, by)
        assert pades.read(again).subfilter is SubFilter.GM_SEAL


def test_a_bundle_names_both_seals(two):
    kinds = [seal.subfilter for seal in two.trust().bundle.seals]
    assert kinds == [SubFilter.GM_SEAL, SubFilter.PADES]
    (crl,) = two.trust().revocation_lists  # of the CA that is not of SM2
    assert not crl.revoked


def test_there_is_one_such_seal_and_only_beside_an_electronic_one(two, tmp_path):
    with pytest.raises(WorkspaceError, match="ordinary viewers"):
        two.add_viewer_seal(START + 2 * HOUR)
    with Workspace.create(
        tmp_path / "other", name=NAME, code=CODE, passphrase=PASSPHRASE, at=START
    ) as plain:
        with pytest.raises(WorkspaceError, match="ordinary viewers"):
            plain.add_viewer_seal(START + HOUR)
        issued = issue(plain)
        assert pades.read(reprinted(plain, issued, START)).subfilter is (
            SubFilter.PADES
        )
        with pytest.raises(WorkspaceError, match="no such seal"):
            reprinted(plain, issued, START, SubFilter.GM_SEAL)


def test_without_such_a_seal_nothing_is_printed_or_renewed(own):
    issued = issue(own)
    with pytest.raises(WorkspaceError, match="no such seal"):
        reprinted(own, issued, START)
    with pytest.raises(WorkspaceError, match="no seal for ordinary viewers"):
        own.renew_key(VIEWER_SEAL, START + HOUR)
    with pytest.raises(WorkspaceError, match="no key viewer-seal"):
        own.compromise_key(VIEWER_SEAL, START, START + HOUR)


def test_a_renewed_one_leaves_what_the_old_one_sealed_valid(two):
    issued = issue(two, at=START + HOUR)
    before = reprinted(two, issued, START + HOUR)
    at = START + 3 * HOUR
    two.renew_key(VIEWER_SEAL, at)
    after = reprinted(two, issued, at)
    assert len(two.custody.parts.keychain.authorities) == 2
    assert {code(two, pdf, at) for pdf in (before, after)} == {Code.VALID}


def test_a_compromised_one_makes_only_its_own_files_doubtful(two):
    issued = issue(two, at=START + HOUR)
    before = reprinted(two, issued, START + HOUR)
    at = START + 3 * HOUR
    two.compromise_key(VIEWER_SEAL, START + HOUR + timedelta(seconds=1), at)
    assert code(two, before, at) is Code.KEY_COMPROMISED
    assert code(two, issued.pdf, at) is Code.VALID
    assert code(two, reprinted(two, issued, at), at) is Code.VALID


def test_with_a_new_name_both_seals_say_it(two):
    day = dates.day_of(START) + timedelta(days=1)
    two.rename("示例市政务服务局", day, START + 2 * HOUR)
    at = dates.start_of(day) + HOUR
    two.rename("示例市政务服务局", day, at)
    issued = issue(two, "2", at + HOUR)
    second = reprinted(two, issued, at + HOUR)
    report = pades.validate(second, two.trust().seal_grants, at + HOUR)
    assert report.seal.organization == "示例市政务服务局"
    assert code(two, second, at + HOUR) is Code.VALID


def test_the_chain_of_keys_has_one_such_key_of_one_suite(two):
    chain = two.custody.parts.keychain
    assert keychain.decode(keychain.encode(chain)) == chain
    record = chain.viewer_seal
    other = replace(record, key=chain.current("token").key)
    with pytest.raises(MalformedError, match="ES256"):
        keychain.decode(keychain.encode(chain_with(chain, record, other)))
    with pytest.raises(ValueError, match="at most one"):
        replace(chain, records=(*chain.records, other))


def chain_with(chain, old, new):
    records = tuple(
        new if item is old else item
        for item in chain.records
        if item.purpose != "token" or item.key != new.key
    )
    token = replace(chain.current("token"), key=old.key)
    return replace(chain, records=(*records, token))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_command_line_makes_it_and_prints_with_it(tmp_path, lang):
    folder = tmp_path / "cli"
    made = run(
        "init", folder, "--org", NAME, "--uscc", CODE, "--algorithm", "SM2", lang=lang
    )
    assert made.exit_code == 0, made.stderr
    env = {"ELICENSE_WORKSPACE": str(folder)}
    data = tmp_path / "s.json"
    data.write_text(run("types", "food-business", "--sample", env=env).stdout)
    first, out = tmp_path / "a.pdf", tmp_path / "b.pdf"
    issued = run(
        "issue", "food-business", "--data", data, "--out", first, "--json", env=env
    )
    (told,) = answers(issued)
    identifier = told["identifier"]
    options = ("reprint", identifier, "--seal", "pades", "--out", out)
    refused = run(*options, lang=lang, env=env)
    assert refused.exit_code == 2
    assert "keys viewer-seal" in " ".join(refused.stderr.split())
    assert not out.exists()
    (added,) = answers(run("keys", "viewer-seal", "--json", env=env))
    assert added["new"] in run("keys", "list", lang=lang, env=env).stdout
    printed = run(*options, lang=lang, env=env)
    assert printed.exit_code == 0, printed.stderr
    checked = answers(run("verify", first, out, "--json", env=env))
    assert [one["code"] for one in checked] == ["VALID", "VALID"]
    assert pades.read(out.read_bytes()).subfilter is SubFilter.PADES


def test_a_print_is_a_use_of_the_seal_that_prints_it(two):
    """The policy is asked for that seal, and the log names it."""
    issued = issue(two, at=START + HOUR)
    chain = two.custody.parts.keychain
    own, viewer = chain.current("seal").name, chain.viewer_seal.name
    reprinted(two, issued, START + HOUR)
    assert [line.use.seal for line in two.seals.log()] == [own, viewer]
    at = START + 2 * HOUR
    held = SealEvent(
        kind=SealEventKind.DISABLE,
        effective_at=at,
        recorded_at=at,
        reason=SealReason.HELD,
    )
    two.seals.record(viewer, [held])
    with pytest.raises(SealRefusedError):
        reprinted(two, issued, at)
    again = reprinted(two, issued, at, SubFilter.GM_SEAL)
    assert code(two, again, at) is Code.VALID
