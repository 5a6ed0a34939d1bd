"""A department, a hub and a verifier where everything is signed with SM2."""

import io
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image

from elicense import Workspace, dates, founding, issuing, payload, samples, trust
from elicense.changing import Grounds
from elicense.document import OnePassPress
from elicense.errors import ProfileError
from elicense.events import Reason
from elicense.hub import Hub
from elicense.hub.keys import HubKeys
from elicense.issuing import Request
from elicense.policy import GOV
from elicense.testing import Simulator
from elicense.trust.hub_model import DepartmentGrant
from elicense.validating import Scope, validate, validate_text
from esign import pades, seal_image, ses, sm2
from esign.algorithms import Suite
from esign.pades import SubFilter
from esign.seal_image import RED, SealSpec
from esign.signer import SoftwareSigner
from esign.verdict import Code, Indication
from tests.elicense.crash.killed import (
    CODE,
    LATER,
    NAME,
    PASSPHRASE,
    START,
    revoke_only,
)
from tests.support import ROOT

HOUR = timedelta(hours=1)


def found(folder, at=START):
    return Workspace.create(
        folder,
        name=NAME,
        code=CODE,
        passphrase=PASSPHRASE,
        suites=founding.suites_of(Suite.SM2),
        at=at,
    )


@pytest.fixture
def own(tmp_path):
    with found(tmp_path / "ws") as workspace:
        yield workspace


@contextmanager
def taking_over(own, folder, at):
    """Give another organ that has taken over a workspace's."""
    with Workspace.create(
        folder,
        name="示范市应急管理局",
        code="119901000000000355",
        passphrase=PASSPHRASE,
        at=START,
    ) as other:
        other.adopt(own.folder, dates.day_of(at), passphrase=PASSPHRASE, at=at)
        yield other


def issue(workspace, number="1", at=START):
    application = samples.sample("food-business", at)
    return workspace.issue("food-business", application, number=number, at=at)


def suites(workspace):
    parts = workspace.custody.parts
    last = parts.roots.last
    return {
        "root": last.root.suite,
        "bundle": last.bundle_keys[-1].suite,
        "token": parts.keychain.current("token").key.suite,
        "status": parts.keychain.current("status").key.suite,
        "seal": parts.keychain.current("seal").key.suite,
    }


USES = ("root", "bundle", "token", "status", "seal")
ALL_SM2 = dict.fromkeys(USES, Suite.SM2)


def test_the_suites_of_a_new_workspace_follow_its_algorithm():
    assert founding.suites_of(Suite.SM2) == ALL_SM2
    of_es256 = dict.fromkeys(ALL_SM2, Suite.ES256)
    assert founding.suites_of(Suite.ES256) == of_es256
    assert founding.suites_of(Suite.ED25519) == {**of_es256, "token": Suite.ED25519}
    mixed = founding.suites_of(Suite.SM2, Suite.ML_DSA_44)
    assert mixed == {**ALL_SM2, "bundle": Suite.ML_DSA_44, "status": Suite.ML_DSA_44}


def test_a_license_lives_and_ends_on_sm2(own):
    assert suites(own) == ALL_SM2
    issued = issue(own)
    assert payload.open_token(payload.read_qr_text(issued.qr_text)).suite is Suite.SM2
    assert pades.read(issued.pdf).subfilter is SubFilter.GM_SEAL
    assert issued.verdict.code is Code.VALID
    assert issue(own).pdf == issued.pdf  # what was stored is not signed again
    verdict = validate(issued.pdf, own.trust(), START)
    assert (verdict.code, verdict.scope) == (Code.VALID, Scope.DOCUMENT)
    assert validate_text(issued.qr_text, own.trust(), START).code is Code.VALID
    revoke_only(own, issued.license.identifier)
    own.publish(LATER)
    assert validate(issued.pdf, own.trust(), LATER).code is Code.REVOKED
    assert validate_text(issued.qr_text, own.trust(), LATER).code is Code.REVOKED


def test_a_new_version_and_a_reprint_on_sm2(own):
    old = issue(own)
    again = own.reprint(old.license.identifier, "副本", START)
    assert pades.read(again.pdf).subfilter is SubFilter.GM_SEAL
    assert validate(again.pdf, own.trust(), START).code is Code.VALID
    request = Request(
        type_name="food-business",
        application=samples.sample("food-business", START),
        number="R1",
        operation="renew",
        previous=old.license.identifier,
        grounds=Grounds(reason=Reason.CHANGED, note="changed"),
    )
    at = START + HOUR
    new = own.carry_out(request, at)
    own.publish(at)
    assert validate(new.pdf, own.trust(), at).code is Code.VALID
    assert validate(old.pdf, own.trust(), at).code is Code.SUPERSEDED


def test_the_seal_of_the_file_is_the_test_seal_of_the_bundle(own):
    sealed = pades.read(issue(own).pdf)
    signature = ses.read_signature(sealed.content)
    (entry,) = own.trust().bundle.seals
    (seal,) = entry.seals
    assert seal.digest == sm2.sm3(signature.seal.der)
    assert seal.maker[0] == signature.seal.maker
    assert signature.seal.name == f"{NAME}电子证照专用章（测试印章，无法律效力）"
    with Image.open(io.BytesIO(signature.seal.picture.data)) as picture:
        assert (picture.format, picture.size) == ("PNG", (497, 497))
        assert picture.convert("RGBA").getpixel((248, 210)) == (*RED, 255)
        assert picture.convert("RGBA").getpixel((0, 0))[3] == 0
    assert len(signature.seal.picture.data) < 20_000


def test_a_renewed_seal_leaves_what_the_old_one_sealed_valid(own):
    before = issue(own)
    at = START + HOUR
    own.renew_key("seal", at)
    after = issue(own, "2", at)
    first, second = own.trust().bundle.seals
    assert first.destroyed
    assert first.seals[0].digest != second.seals[0].digest
    assert len(own.custody.parts.keychain.authorities) == 1
    for issued in (before, after):
        assert validate(issued.pdf, own.trust(), at).code is Code.VALID


def test_a_compromised_seal_makes_its_licenses_doubtful(own):
    issued = issue(own)
    at = START + HOUR
    own.compromise_key("seal", START, at)
    assert validate(issued.pdf, own.trust(), at).code is Code.KEY_COMPROMISED
    assert validate(issue(own, "2", at).pdf, own.trust(), at).code is Code.VALID


def test_the_ca_is_renewed_where_it_would_end_before_the_seal(own):
    at = START + timedelta(days=6 * 365)
    own.renew_key("seal", at)
    chain = own.custody.parts.keychain
    assert len(chain.authorities) == 2
    assert all(item.maker is not None for item in chain.authorities)
    assert validate(issue(own, "2", at).pdf, own.trust(), at).code is Code.VALID


def test_with_a_new_name_the_seal_says_the_new_name(own):
    day = dates.day_of(START) + timedelta(days=1)
    own.rename("示例市政务服务局", day, START)
    at = dates.start_of(day) + HOUR
    own.rename("示例市政务服务局", day, at)  # on the day itself the seal follows
    issued = issue(own, "2", at + HOUR)
    signature = ses.read_signature(pades.read(issued.pdf).content)
    assert signature.seal.name.startswith("示例市政务服务局")
    assert validate(issued.pdf, own.trust(), at + HOUR).code is Code.VALID


def test_an_organ_of_sm2_is_taken_over(own, tmp_path):
    before = issue(own)
    at = START + timedelta(days=1)
    with taking_over(own, tmp_path / "other", at) as other:
        assert validate(before.pdf, other.trust(), at).code is Code.VALID
        state = trust.admit(other.trust_file.read_bytes(), own.settings.root)
        assert validate(before.pdf, state, at).code is Code.VALID


def test_every_byte_of_a_license_counts(own):
    pdf = issue(own).pdf
    trust_ = own.trust()
    step = len(pdf) // 60
    for place in range(0, len(pdf), step):
        edited = bytearray(pdf)
        edited[place] ^= 1
        verdict = validate(bytes(edited), trust_, START)
        assert verdict.indication is not Indication.PASSED, place


def test_a_batch_of_two_processes_on_sm2(own):
    requests = [
        Request(
            type_name="food-business",
            application=samples.variant("food-business", START, number),
            number=f"B{number}",
        )
        for number in range(4)
    ]
    told = own.issue_many(requests, _told, at=START, workers=2)
    texts = list(told)
    assert len(texts) == 4
    for text in texts:
        assert validate_text(text, own.trust(), START).code is Code.VALID


def _told(outcomes):
    return [item.issued.qr_text for item in outcomes]


def test_renewed_keys_are_of_sm2_and_the_old_licenses_stay_good(own):
    before = issue(own)
    at = START
    for act in ("token", "status"):
        at += HOUR
        own.renew_key(act, at)
    at += HOUR
    own.renew_bundle_key(at)
    at += HOUR
    own.rotate_root(at)
    assert suites(own) == ALL_SM2
    after = issue(own, "2", at)
    for issued in (before, after):
        assert validate(issued.pdf, own.trust(), at).code is Code.VALID


@pytest.mark.parametrize("suite", [Suite.SM2, Suite.ES256], ids=lambda one: one.label)
def test_a_hub_merges_departments_of_sm2(own, tmp_path, suite):
    issued = issue(own)
    hub = Hub.create(tmp_path / "hub", name="示例市数据局", suite=suite, at=START)
    bundle = tmp_path / "own.elt"
    bundle.write_bytes((own.folder / "public" / "trust.elt").read_bytes())
    granted = DepartmentGrant(
        organization=CODE, root=own.settings.root, types=("food-business",)
    )
    hub.grant(granted, NAME)
    hub.merge([bundle], START)
    assert validate(issued.pdf, hub.trust(), START).code is Code.VALID
    hub.rotate_root(START + HOUR)
    hub.renew_bundle_key(START + 2 * HOUR)
    last = HubKeys(hub.folder / "keys", None).statements()[1].last
    assert {last.root.suite, last.bundle_keys[-1].suite} == {suite}
    hub.merge([], START + 3 * HOUR)
    assert validate(issued.pdf, hub.trust(), START + 3 * HOUR).code is Code.VALID


def test_a_simulated_world_on_sm2():
    with Simulator(algorithm=Suite.SM2) as world:
        used = {world.root, world.bundle_signer, world.department.token}
        assert {signer.public_key.suite for signer in used} == {Suite.SM2}
        issued = world.issue()
        assert pades.read(issued.pdf).subfilter is SubFilter.GM_SEAL
        assert world.validate(issued.pdf).code is Code.VALID
        assert world.validate(issued.qr_text).code is Code.VALID
        assert len(world.trust().bundle.seals) == 2
        text = world.resign(issued, department=world.departments[1])
        assert world.validate(text).code is Code.UNKNOWN_ISSUER


class Device:
    """A key as a device shows it: it signs, and nobody sees it."""

    in_device = True

    def __init__(self, signer):
        self.public_key = signer.public_key
        self.sign = signer.sign


def test_the_profile_gov_issues_with_sm2_keys_of_a_device():
    with Simulator(algorithm=Suite.SM2) as world:
        desk, owner = world.desk(), world.department
        request = Request(
            type_name="food-business",
            application=samples.sample("food-business", world.at),
            number="1",
        )
        with pytest.raises(ProfileError, match="the seal's key is a software key"):
            replace(desk, profile=GOV, token_signer=Device(owner.token))
        identity = replace(owner.seal, signer=Device(owner.seal.signer))
        held = replace(
            desk,
            profile=GOV,
            token_signer=Device(owner.token),
            press=OnePassPress(identity, seal_image.draw(SealSpec(owner.name))),
        )
        issued = issuing.issue(held, request, world.at)
        assert world.validate(issued.pdf).code is Code.VALID


# What a machine without the extra does is asked of a new process.
_WITHOUT = """
import sys
sys.modules["gmssl_pyx"] = None
from datetime import datetime
from pathlib import Path
from elicense import trust, validating
from esign.errors import UnavailableError
folder, pin, at = Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3])
state = trust.admit((folder / "mixed.elt").read_bytes(), pin)
for name in ("sm2.txt", "es256.txt"):
    text = (folder / name).read_text()
    verdict = validating.validate_text(text, state, at)
    print(verdict.code.text, verdict.indication.name, verdict.claims is None)
    print([check.detail for check in verdict.checks if check.id == "signature"][0])
try:
    trust.admit((folder / "sm2.elt").read_bytes(), sys.argv[4])
except UnavailableError as err:
    print(err)
"""


def test_without_the_extra_sm2_is_unsupported_and_the_rest_goes_on(tmp_path):
    with Simulator() as world, Simulator(algorithm=Suite.SM2) as other:
        world.department.token = SoftwareSigner.generate(Suite.SM2)
        first = world.issue()
        second = world.issue(department=world.departments[1])
        (tmp_path / "mixed.elt").write_bytes(world.bundle_file())
        (tmp_path / "sm2.elt").write_bytes(other.bundle_file())
        (tmp_path / "sm2.txt").write_text(first.qr_text)
        (tmp_path / "es256.txt").write_text(second.qr_text)
        args = [str(tmp_path), world.pin, world.at.isoformat(), other.pin]
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, *args],
        cwd=ROOT,
        env={"PYTHONPATH": "src"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = "SM2 needs the package gmssl-pyx: pip install 'elicense[gm]'"
    assert done.stdout.splitlines() == [
        "UNSUPPORTED INDETERMINATE True",
        said,
        "VALID PASSED False",
        "",
        said,
    ]
