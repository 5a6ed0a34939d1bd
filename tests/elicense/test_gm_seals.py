"""Licenses sealed in the GM profile: issued, listed in bundles, and validated."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from elicense import attachments, issuing, samples, trust, validating
from elicense.document import PlainPress
from elicense.issuing import NotReleasedError, Request
from elicense.testing import START, Simulator
from elicense.trust import FORMAT, FORMAT_GM
from esign import cbor, cose, seal_image
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.pades import GmSealIdentity, SubFilter, read
from esign.seal_image import SealSpec
from esign.sm2.engine import engine
from esign.statuslist import Status
from esign.verdict import Code, Indication
from tests.support import ROOT

KINDS = pytest.mark.parametrize(
    "with_seal", [True, False], ids=["GM.sm2seal", "GM.sm2cms.detached"]
)


@pytest.fixture
def world():
    with Simulator() as made:
        made.seal_by_gm()
        yield made


def check(verdict, name):
    return next(one for one in verdict.checks if one.id == name)


def issued_at(desk):
    """Return a new license, issued at the world's first instant by any desk."""
    application = samples.sample_of(desk.catalog.get("food-business"), START)
    request = Request(
        type_name="food-business", application=application, number="990100000000000001"
    )
    return issuing.issue(desk, request, START)


def entry(world, **changes):
    """Change how the department's electronic seal is listed."""
    owner = world.department
    owner.seal_objects = [replace(one, **changes) for one in owner.seal_objects]


@KINDS
def test_a_license_sealed_in_the_gm_profile_is_valid(with_seal):
    with Simulator() as world:
        world.seal_by_gm(with_seal=with_seal)
        issued = world.issue()
        kind = SubFilter.GM_SEAL if with_seal else SubFilter.GM_CMS
        assert read(issued.pdf).subfilter is kind
        verdict = world.validate(issued.pdf)
        assert verdict.code is Code.VALID
        assert verdict.scope == "document"
        left_out = [
            one.id for one in verdict.checks if one.indication is Indication.NOT_CHECKED
        ]
        assert left_out == ["seal-second-engine"]
        world.department.end(issued, Status.INVALID)
        assert world.validate(issued.pdf).code is Code.REVOKED


def test_the_plain_press_prints_the_same_license(world):
    owner = world.department
    art = seal_image.draw(SealSpec(owner.name))
    desk = replace(world.desk(), press=PlainPress(owner.seal, art))
    verdict = world.validate(issued_at(desk).pdf)
    assert verdict.code is Code.VALID
    assert verdict.scope == "document"


def test_a_license_with_a_photo_in_the_gm_profile_is_valid(world):
    assert world.validate(world.issue("special-operation").pdf).code is Code.VALID


def test_what_was_sealed_by_pades_stays_valid_beside_it():
    with Simulator() as fresh:
        before = fresh.issue()
        fresh.seal_by_gm()
        after = fresh.issue()
        assert fresh.validate(before.pdf).code is Code.VALID
        assert fresh.validate(after.pdf).code is Code.VALID


def test_only_a_bundle_with_such_a_seal_has_the_newer_format():
    with Simulator() as world:
        assert cbor.decode(world.bundle_file(), max_items=40)[0] == FORMAT
        world.seal_by_gm()
        assert cbor.decode(world.bundle_file(), max_items=40)[0] == FORMAT_GM


def test_a_bundle_under_the_other_format_s_name_is_malformed(world):
    _, *rest = cbor.decode(world.bundle_file(), max_items=40)
    with pytest.raises(MalformedError, match="another format"):
        trust.admit(cbor.encode([FORMAT, *rest]), world.pin)
    with Simulator() as older:
        _, *rest = cbor.decode(older.bundle_file(), max_items=40)
        with pytest.raises(MalformedError, match="another format"):
            trust.admit(cbor.encode([FORMAT_GM, *rest]), older.pin)


def test_the_bundle_says_what_it_was_given(world):
    at = START + timedelta(days=3)
    entry(world, withdrawn_at=at, maker_revoked_at=at)
    digest = hashlib.sha256(world.department.seal.certificate).digest()
    state = world.trust()
    listed = state.seals[digest]
    assert listed.subfilter is SubFilter.GM_SEAL
    assert listed.seals == tuple(world.department.seal_objects)
    granted = state.seal_grants[digest]
    assert granted.seals == listed.seals
    assert granted.roots == world.gm_authority.roots


def test_a_signer_that_is_not_listed_is_unknown(world):
    pdf = world.issue().pdf
    world.department.seal_listed = False
    verdict = world.validate(pdf)
    assert verdict.code is Code.UNKNOWN_ISSUER
    assert verdict.code.indication is Indication.INDETERMINATE


def test_a_root_that_is_not_listed_makes_an_unknown_issuer(world):
    pdf = world.issue().pdf
    world.more_roots.clear()
    assert world.validate(pdf).code is Code.UNKNOWN_ISSUER


def test_the_period_of_a_grant_counts(world):
    pdf = world.issue().pdf
    until = START + timedelta(days=1)
    world.department.seal_period = replace(
        world.department.seal_period, signs_until=until
    )
    assert world.validate(pdf).code is Code.VALID
    world.at = until + timedelta(days=1)
    assert world.validate(pdf).code is Code.KEY_COMPROMISED
    world.department.destroyed = True
    assert world.validate(pdf).code is Code.VALID
    world.department.seal_compromised_from = START
    assert world.validate(pdf).code is Code.KEY_COMPROMISED


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_a_withdrawn_seal_keeps_what_it_sealed_before(world, days):
    pdf = world.issue().pdf
    entry(world, withdrawn_at=START + timedelta(days=days))
    wanted = Code.VALID if days > 0 else Code.NOT_AUTHORIZED
    assert world.validate(pdf).code is wanted


def test_a_maker_whose_certificate_was_revoked_made_no_seal_for_later(world):
    pdf = world.issue().pdf
    entry(world, maker_revoked_at=START - timedelta(days=1))
    assert world.validate(pdf).code is Code.NOT_AUTHORIZED
    entry(world, maker_revoked_at=START + timedelta(seconds=1))
    assert world.validate(pdf).code is Code.VALID


def test_another_department_s_seal_is_not_authorized(world):
    """Both departments have a seal by one maker; the second uses the first's."""
    first, second = world.departments
    world.seal_by_gm(second)
    pdf = world.issue(department=second).pdf
    assert world.validate(pdf).code is Code.VALID
    own = second.seal
    second.seal = GmSealIdentity(own.signer, own.certificate, first.seal.seal)
    with pytest.raises(VerificationError, match="list"):
        world.issue(department=second)


def test_a_seal_of_another_organization_s_signer_is_not_the_issuer_s(world):
    first, second = world.departments
    world.seal_by_gm(second)
    desk = replace(world.desk(), press=world.desk(second).press)
    with pytest.raises(NotReleasedError, match="NOT_AUTHORIZED"):
        issued_at(desk)
    assert first.seal.certificate != second.seal.certificate


def test_a_seal_without_the_type_is_not_authorized(world):
    pdf = world.issue().pdf
    world.department.types = tuple(
        one for one in world.department.types if one != "food-business"
    )
    verdict = world.validate(pdf)
    assert verdict.code is Code.NOT_AUTHORIZED


def test_a_sample_of_changed_bytes_is_never_passed(world):
    pdf = world.issue().pdf
    state = world.trust()
    for at in range(0, len(pdf), len(pdf) // 60):
        edited = bytearray(pdf)
        edited[at] ^= 1
        verdict = world.validate_under(state, bytes(edited))
        assert verdict.code.indication is not Indication.PASSED, at


SHAPES = {
    "no electronic seal": lambda seal: seal | {"seals": []},
    "seventeen of them": lambda seal: (
        seal
        | {
            "seals": [
                seal["seals"][0] | {"digest": bytes(31) + bytes([n])} for n in range(17)
            ]
        }
    ),
    "one of them twice": lambda seal: seal | {"seals": seal["seals"] * 2},
    "a SubFilter of another profile": lambda seal: (
        seal | {"subfilter": "ETSI.CAdES.detached"}
    ),
    "an unknown SubFilter": lambda seal: seal | {"subfilter": "GM.SM2"},
    "a digest of 31 bytes": lambda seal: (
        seal | {"seals": [seal["seals"][0] | {"digest": bytes(31)}]}
    ),
    "no maker": lambda seal: seal | {"seals": [seal["seals"][0] | {"maker": []}]},
    "an unknown key": lambda seal: (
        seal | {"seals": [seal["seals"][0] | {"other": None}]}
    ),
    "seals without a SubFilter": lambda seal: {
        key: value for key, value in seal.items() if key != "subfilter"
    },
    "a bare signature with a seal": lambda seal: (
        seal | {"subfilter": "GM.sm2cms.detached"}
    ),
    "SM2 certificates without a SubFilter": lambda seal: {
        key: value for key, value in seal.items() if key not in ("subfilter", "seals")
    },
}


@pytest.mark.parametrize("name", SHAPES)
def test_an_entry_of_another_shape_is_malformed(world, name):
    _, _, signed = cbor.decode(world.bundle_file(), max_items=40)
    content = cbor.decode(payload_of(signed))
    (at,) = [n for n, one in enumerate(content["seals"]) if "subfilter" in one]
    content["seals"][at] = SHAPES[name](content["seals"][at])
    with pytest.raises(MalformedError):
        trust.reading.read_bundle(cbor.encode(content))


def payload_of(signed):
    return cose.open_sealed(signed, trust.BUNDLE_PURPOSE).unverified_payload


def test_a_maker_who_seals_too_is_refused(world):
    owner, ca = world.department, world.gm_authority
    owner.seal_objects = [
        replace(one, maker=(owner.seal.certificate, *ca.chain))
        for one in owner.seal_objects
    ]
    with pytest.raises(VerificationError, match="two uses"):
        world.trust()


def test_one_maker_may_make_the_seals_of_several_organs(world):
    world.seal_by_gm(world.departments[1])
    assert len(world.trust().seals) == 4


@KINDS
def test_a_license_printed_with_either_seal_is_the_same_license(with_seal):
    """For whoever has an ordinary viewer: token and record are one, seals are two."""
    with Simulator() as world:
        pades = world.desk()
        world.seal_by_gm(with_seal=with_seal)
        desk = world.desk()
        issued = issued_at(desk)
        other = desk.sealing_with(pades.press, "")
        again = issuing.reprint(other, issued.license.identifier, None, START)
        first, second = (read(pdf) for pdf in (issued.pdf, again.pdf))
        assert first.subfilter is not SubFilter.PADES
        assert second.subfilter is SubFilter.PADES
        assert attachments.read(issued.pdf) == attachments.read(again.pdf)
        for pdf in (issued.pdf, again.pdf):
            assert world.validate(pdf).code is Code.VALID
        world.department.end(issued, Status.INVALID)
        for pdf in (issued.pdf, again.pdf):
            assert world.validate(pdf).code is Code.REVOKED


# What a machine without the extra does is asked of a new process.
_WITHOUT = """
import sys
sys.modules["gmssl_pyx"] = None
from datetime import datetime
from pathlib import Path
from elicense import trust, validating
folder, pin, at = Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3])
state = trust.admit((folder / "trust.elt").read_bytes(), pin)
for name in ("gm.pdf", "pades.pdf"):
    verdict = validating.validate_pdf((folder / name).read_bytes(), state, at)
    print(verdict.code.text, verdict.checks[0].id, verdict.checks[0].detail)
"""


def test_without_the_extra_a_seal_of_the_gm_profile_is_unsupported(tmp_path):
    with Simulator() as world:
        (tmp_path / "pades.pdf").write_bytes(world.issue().pdf)
        world.seal_by_gm()
        (tmp_path / "gm.pdf").write_bytes(world.issue().pdf)
        (tmp_path / "trust.elt").write_bytes(world.bundle_file())
        args = [str(tmp_path), world.pin, world.at.isoformat()]
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
        f"UNSUPPORTED seal-format {said}",
        "VALID seal-format ",
    ]


def test_without_the_extra_a_token_of_sm2_is_unsupported(monkeypatch):
    with Simulator(algorithm=Suite.SM2) as world:
        text, state = world.issue().qr_text, world.trust()
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "gmssl_pyx", None)
            engine.cache_clear()
            verdict = validating.validate_text(text, state, world.at)
        engine.cache_clear()
        assert verdict.code is Code.UNSUPPORTED
        (check,) = [one for one in verdict.checks if one.id == "signature"]
        assert "pip install 'elicense[gm]'" in check.detail
        assert validating.validate_text(text, state, world.at).code is Code.VALID
