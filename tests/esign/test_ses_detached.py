"""The one SignedData of GB/T 35275 that is made here: built, read, verified."""

from dataclasses import replace

import pytest

from esign import cms, der, ses
from esign.errors import MalformedError, VerificationError
from tests.esign.ses_world import DIGEST, NOW, world


def made(**changes):
    own = world()
    parts = ses.Detached(
        own.signer.certificate,
        tuple(sorted((own.signer.certificate, own.ca.certificate))),
        DIGEST,
        own.signer.sign(ses.signed_attributes(DIGEST)),
    )
    return replace(parts, **changes)


def test_what_is_built_is_read_and_holds():
    parts = made()
    assert ses.parse_detached(ses.build_detached(parts)) == parts
    ses.verify_detached(parts, DIGEST)


def test_the_standard_s_own_reader_agrees():
    report = ses.validate_signed_data(
        ses.build_detached(made()), b"the protected bytes", world().trust(), NOW
    )
    report.require()
    assert report.oddities == ()


def test_another_digest_or_signature_does_not_hold():
    with pytest.raises(VerificationError, match="digest"):
        ses.verify_detached(made(), bytes(32))
    with pytest.raises(VerificationError):
        ses.verify_detached(made(signature=world().signer.sign(b"else")), DIGEST)


def test_parts_that_do_not_belong_together_are_not_built():
    with pytest.raises(ValueError, match="among"):
        ses.build_detached(made(certificates=(world().ca.certificate,)))
    with pytest.raises(ValueError, match="32 bytes"):
        ses.build_detached(made(digest=b""))
    with pytest.raises(MalformedError):
        ses.build_detached(made(signature=bytes(64)))


MALFORMED = {
    "too long": bytes(cms.MAX_CMS_BYTES + 1),
    "no SignedData": der.tlv(der.SEQUENCE),
    "more behind it": ses.build_detached(made()) + b"\x00",
    "NULL in the signature's algorithm": None,
    "the certificates in another order": None,
    "a certificate twice": None,
    "without the signer's certificate": None,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_anything_else_is_malformed(name):
    data = MALFORMED[name] or spelled_otherwise(name)
    with pytest.raises(MalformedError):
        ses.parse_detached(data)


def spelled_otherwise(name):
    kind, tagged = der.children(ses.build_detached(made()), der.SEQUENCE, 2, 2)
    fields = list(der.children(der.inner(tagged, der.CONTEXT_0), der.SEQUENCE, 5, 5))
    members = list(der.elements(der.inner(fields[3], der.CONTEXT_0)))
    if name.startswith("NULL"):
        algorithm = der.tlv(der.SEQUENCE, bytes.fromhex("06092a811ccf5501822d01"))
        with_null = der.tlv(
            der.SEQUENCE, bytes.fromhex("06092a811ccf5501822d01"), der.NULL
        )
        (signer,) = der.elements(der.inner(fields[4], der.SET))
        parts = [
            with_null if part == algorithm else part
            for part in der.elements(der.inner(signer, der.SEQUENCE))
        ]
        assert with_null in parts
        fields[4] = der.tlv(der.SET, der.tlv(der.SEQUENCE, *parts))
    elif "order" in name:
        members.reverse()
    elif "twice" in name:
        members.append(members[0])
    else:
        members = [world().ca.certificate]
    fields[3] = der.tlv(der.CONTEXT_0, *members)
    body = der.tlv(der.SEQUENCE, *fields)
    return der.tlv(der.SEQUENCE, kind, der.tlv(der.CONTEXT_0, body))
