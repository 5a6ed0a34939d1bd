"""Seals of the GM profile in a hub's bundle, on a notice board, and as shown."""

import functools
import hashlib
from dataclasses import replace

import pytest

from elicense import noticeboard
from elicense.testing import Simulator
from elicense.trust.hub_model import Withdrawal
from esign import certificates
from esign.errors import MalformedError, VerificationError
from esign.pades import SubFilter
from tests.elicense.bureaus import (
    AT,
    DAY,
    EARLY,
    Bureau,
    Publisher,
    merged,
    second,
)
from tests.elicense.cli.department import answers, run
from tests.esign import pades_world, ses_world


@functools.cache
def listed():
    """The bundle of two departments whose seals one maker made, and their CA."""
    with Simulator(EARLY + 30 * DAY) as world:
        world.seal_by_gm()
        world.seal_by_gm(world.departments[1])
        return world.trust().bundle, world.gm_authority


def of_hub(**table):
    """Merge the two departments, each with its own seals."""
    bundle, ca = listed()
    files = []
    for bureau in (Bureau(), second()):
        seals = tuple(
            seal
            for seal in bundle.seals
            if seal.organization == bureau.code and seal.is_gm
        )
        roots = (*bureau.authority.roots, *ca.roots)
        files.append((bureau, bureau.file(seals=seals, roots=roots)))
    return merged(files, **table)


def digest(der):
    return hashlib.sha256(der).digest()


def test_two_departments_may_have_one_maker_and_one_ca():
    result = of_hub()
    assert {seal.subfilter for seal in result.draft.seals} == {SubFilter.GM_SEAL}
    assert len(result.draft.seals) == 2
    assert len(Publisher().admit(result).seals) == 2


WITHDRAWN = {
    "the maker, by certificate": lambda ca: digest(ca.maker_certificate),
    "the maker, by key": lambda ca: certificates.key_mark(ca.maker_certificate),
}


@pytest.mark.parametrize("name", WITHDRAWN)
def test_a_withdrawn_maker_ends_the_use_of_the_seals_that_he_made(name):
    _, ca = listed()
    withdrawn = (Withdrawal(WITHDRAWN[name](ca), AT - DAY),)
    result = of_hub(withdrawn=withdrawn)
    assert {seal.compromised_from for seal in result.draft.seals} == {None}
    made = {one.maker_revoked_at for seal in result.draft.seals for one in seal.seals}
    assert made == {AT - DAY}
    assert result.withdrawn_unmatched == ()


@pytest.mark.parametrize("which", ["issuing_certificate", "root_certificate"])
def test_a_withdrawn_ca_marks_signers_and_makers_under_it(which):
    _, ca = listed()
    withdrawn = (Withdrawal(digest(getattr(ca, which)), AT - DAY),)
    result = of_hub(withdrawn=withdrawn)
    assert {seal.compromised_from for seal in result.draft.seals} == {AT - DAY}
    made = {one.maker_revoked_at for seal in result.draft.seals for one in seal.seals}
    assert made == {AT - DAY}


def test_a_maker_that_one_department_claims_as_its_own_clashes():
    bundle, ca = listed()
    one, other = Bureau(), second()
    maker = next(seal for seal in bundle.seals if seal.is_gm).seals[0].maker
    theirs = replace(
        next(s for s in bundle.seals if s.organization == other.code and s.is_gm),
        certificates=maker,
        subfilter=SubFilter.GM_CMS,
        seals=(),
    )
    own = next(s for s in bundle.seals if s.organization == one.code and s.is_gm)
    roots = (*one.authority.roots, *ca.roots)
    result = merged(
        [
            (one, one.file(seals=(own,), roots=roots)),
            (other, other.file(seals=(theirs,), roots=roots)),
        ]
    )
    assert result.draft.seals == ()


def test_what_was_published_of_an_electronic_seal_never_falls_back():
    bundle, _ = listed()
    seal = next(one for one in bundle.seals if one.is_gm)
    (made,) = seal.seals

    def kept(ours, theirs):
        return noticeboard._keeps_seal(
            replace(seal, seals=ours), replace(seal, seals=theirs)
        )

    marked = replace(made, withdrawn_at=AT, maker_revoked_at=AT)
    later = replace(made, withdrawn_at=AT + DAY, maker_revoked_at=AT)
    assert kept((made,), (made,))
    assert kept((marked,), (made,))
    assert kept((marked,), (later,))
    assert not kept((made,), (marked,))
    assert not kept((later,), (marked,))
    assert not kept((), (made,))
    bare = replace(seal, subfilter=SubFilter.GM_CMS, seals=())
    assert not noticeboard._keeps_seal(bare, seal)


def test_trust_show_tells_of_electronic_seals(tmp_path):
    path = tmp_path / "trust.elt"
    with Simulator() as world:
        world.seal_by_gm()
        owner, at = world.department, world.at
        owner.seal_objects = [
            replace(one, withdrawn_at=at, maker_revoked_at=at)
            for one in owner.seal_objects
        ]
        path.write_bytes(world.bundle_file())
    env = {"ELICENSE_HOME": str(tmp_path / "home")}
    (shown,) = answers(run("trust", "show", path, "--json", env=env))
    (seal,) = [one for one in shown["seals"] if one["seals"]]
    assert seal["subfilter"] == "GM.sm2seal"
    (made,) = seal["seals"]
    assert made["digest"] == f"sm3:{owner.seal_objects[0].digest.hex()}"
    assert made["withdrawn_at"] == made["maker_revoked_at"] == "2026-11-21T02:00:00Z"
    for lang, expected in (("zh", "制章者证书"), ("en", "maker of seal")):
        human = run("trust", "show", path, lang=lang, env=env)
        assert expected in human.stdout


class TestCertificates:
    """What is asked of certificates of either kind of key."""

    def test_each_kind_is_told(self):
        own = ses_world.world()
        assert certificates.is_sm2(own.signer.certificate)
        assert not certificates.is_sm2(pades_world.world().certificate)
        broken = own.signer.certificate[:-1]
        assert not certificates.is_sm2(broken)
        with pytest.raises(MalformedError):
            certificates.key_mark(broken)

    def test_who_issued_what_is_verified_for_each_kind(self):
        own, other = ses_world.world(), pades_world.world()
        certificates.verify_issued(own.signer.certificate, own.ca.certificate)
        certificates.verify_issued(
            other.certificate, other.authority.issuing_certificate
        )
        stranger = ses_world.World()
        namesake = pades_world.World().authority.issuing_certificate
        for der, authority in (
            (own.signer.certificate, own.root.certificate),
            (own.signer.certificate, stranger.ca.certificate),
            (other.certificate, namesake),
            (other.certificate, own.ca.certificate),
        ):
            with pytest.raises(VerificationError):
                certificates.verify_issued(der, authority)

    def test_a_key_has_the_mark_that_it_has_as_a_cose_key(self):
        _, ca = listed()
        assert certificates.key_mark(ca.maker_certificate) == (ca.maker.public_key.kid)
