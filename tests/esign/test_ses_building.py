"""What is made: seals and signatures that the strict reader reads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from esign import der, ses, sm2
from esign.errors import MalformedError, VerificationError
from esign.verdict import Code
from tests.esign.ses_world import (
    DIGEST,
    PICTURE,
    SIGNED,
    START,
    Party,
    code_of,
    code_of_seal,
    party,
    seal_2014,
    world,
)


@pytest.mark.parametrize("by_digest", [False, True])
@pytest.mark.parametrize("version", [4, 5])
def test_a_seal_says_what_the_draft_said(version, by_digest):
    extensions = (ses.Extension("1.2.156.112600.7.1", False, b"91130602"),)
    made = world().seal(version=version, by_digest=by_digest, extensions=extensions)
    seal, draft = ses.read_seal(made), world().draft
    assert (seal.version, seal.vendor, seal.identifier) == (
        version,
        "test",
        draft.identifier,
    )
    assert (seal.kind, seal.name, seal.picture) == (1, draft.name, PICTURE)
    assert (seal.created, seal.valid_from) == (draft.created, draft.valid_from)
    assert seal.valid_until == draft.valid_until
    assert seal.extensions == extensions
    assert (seal.maker, seal.der, seal.oddities) == (
        world().maker.certificate,
        made,
        (),
    )
    certificate = world().signer.certificate
    if by_digest:
        digest = ses.CertificateDigest("SM3", sm2.sm3(certificate))
        assert (seal.certificates, seal.digests) == ((), (digest,))
    else:
        assert (seal.certificates, seal.digests) == ((certificate,), ())
    assert code_of_seal(made) is Code.VALID
    assert code_of(world().signature(made)) is Code.VALID


def test_a_signature_says_what_the_draft_said():
    seal = world().seal(version=5)
    extensions = (ses.Extension("2.999.1234567890", False, b""),)
    made = world().signature(seal, extensions=extensions)
    signature = ses.read_signature(made)
    assert (signature.version, signature.seal.der) == (5, seal)
    assert (signature.time, signature.digest) == (SIGNED, DIGEST)
    assert signature.property_info == "/Signature.xml"
    assert signature.extensions == extensions
    assert signature.certificate == world().signer.certificate
    assert signature.der == made
    assert made.count(signature.signed) == 1


def test_what_is_signed_stands_in_the_file():
    made = world().seal()
    seal = ses.read_seal(made)
    info, *_ = der.children(made, der.SEQUENCE, 4, 4)
    assert seal.signed == info
    sm2.verify(world().maker.key.point, seal.signature, info)


BAD_SEALS = {
    "a version that nobody makes": {"version": 1},
    "nobody who may use it": {"signers": ()},
    "a signer that is no certificate": {"signers": (b"\x30\x00",)},
    "an end before the beginning": {"valid_until": START - timedelta(days=400)},
    "a naive time": {"created": datetime(2025, 1, 1)},  # noqa: DTZ001  the case
    "a fraction of a second": {"created": START + timedelta(microseconds=1)},
    "a name beyond the size of a text": {"name": "章" * 400},
    "an identifier that is not ASCII": {"identifier": "印"},
    "a type below zero": {"kind": -1},
    "a picture without bytes": {"picture": replace(PICTURE, data=b"")},
    "a picture without a width": {"picture": replace(PICTURE, width_mm=0)},
    "a picture below zero": {"picture": replace(PICTURE, height_mm=-1)},
    "a critical extension": {"extensions": (ses.Extension("1.2.3", True, b""),)},
    "an extension without a name": {"extensions": (ses.Extension("1.2.", False, b""),)},
    "an arc that cannot be": {"extensions": (ses.Extension("1.40", False, b""),)},
}


@pytest.mark.parametrize("what", BAD_SEALS)
def test_a_seal_that_would_not_be_read_is_not_made(what):
    with pytest.raises(ValueError, match=r".") as caught:
        world().seal(**BAD_SEALS[what])
    assert not isinstance(caught.value, MalformedError | VerificationError)


def test_a_key_that_is_not_the_certificates_makes_nothing():
    mixed = Party(world().other.key, world().maker.certificate)
    with pytest.raises(ValueError, match="no such seal"):
        world().seal(mixed)
    mixed = Party(world().other.key, world().signer.certificate)
    with pytest.raises(ValueError, match="no such signature"):
        world().signature(signer=mixed)


def test_no_signature_is_made_with_a_seal_that_cannot_be_used():
    seal = world().seal()
    cases = {
        "before the seal's period": {"time": datetime(2025, 1, 1, tzinfo=UTC)},
        "after the seal's period": {"time": datetime(2029, 6, 1, tzinfo=UTC)},
        "by somebody else": {"signer": world().other},
    }
    for what, changes in cases.items():
        with pytest.raises(VerificationError):
            pytest.fail(f"{what}: {world().signature(seal, **changes)!r}")
    forged = seal.replace("测试".encode(), "真的".encode())
    with pytest.raises(VerificationError, match="SM2"):
        world().signature(forged)
    gone = party("gone", world().ca, (START, START + timedelta(days=400)))
    listed = world().seal(signers=(gone.certificate,))
    with pytest.raises(VerificationError, match="period"):
        world().signature(listed, gone)


def test_a_digest_of_another_size_is_refused():
    with pytest.raises(ValueError, match="no such signature"):
        world().signature(digest=bytes(20))


def test_a_timestamp_is_put_beside_a_value():
    seal = ses.read_seal(world().seal(version=5))
    stamped = ses.read_seal(ses.add_timestamp(seal, b"token"))
    assert (stamped.timestamp, stamped.signed) == (b"token", seal.signed)
    with pytest.raises(ValueError, match="timestamp"):
        ses.add_timestamp(stamped, b"another")
    with pytest.raises(ValueError, match="timestamp"):
        ses.add_timestamp(ses.read_seal(world().seal()), b"token")
    signature = ses.read_signature(world().signature())
    assert ses.read_signature(ses.add_timestamp(signature, b"t")).timestamp == b"t"


def test_no_signature_is_made_with_a_seal_of_2014():
    old = seal_2014(world().maker, world().draft)
    with pytest.raises(VerificationError, match="version 4 and 5"):
        world().signature(old)


def test_what_has_no_one_spelling_is_not_spelled():
    signature = ses.read_signature(world().signature())
    for odd in (replace(signature, version=1), replace(signature, time=None)):
        with pytest.raises(ValueError, match="version 4 and 5"):
            ses.spell_signature(odd)
