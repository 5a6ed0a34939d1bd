"""The one SignedData: same bytes as pyHanko's, and no other spelling is read."""

import dataclasses
import hashlib

import pytest
from asn1crypto import cms as asn1_cms
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from esign import cms
from esign.cms import SignedData
from esign.errors import MalformedError, VerificationError
from esign.pades import pyhanko_seal
from tests.esign.pades_world import World, world

DIGEST = hashlib.sha256(b"content").digest()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def members():
    own = world()
    return cms.certificate_set((own.certificate, *own.authority.chain))


def parts():
    own = world()
    signature = own.signer.sign(cms.signed_attributes(own.certificate, DIGEST))
    return SignedData(own.certificate, members(), DIGEST, signature)


def built():
    return cms.build(parts())


def test_parsing_gives_back_what_was_built():
    assert cms.parse(built()) == parts()


def test_pyhanko_makes_the_same_bytes():
    own = world()
    assert (
        pyhanko_seal.sign_digest(DIGEST, own.signer, own.certificate, members())
        == built()
    )


def test_an_independent_reader_sees_the_profile():
    signed_data = asn1_cms.ContentInfo.load(built(), strict=True)["content"]
    assert signed_data["version"].native == "v1"
    assert signed_data["encap_content_info"]["content"].native is None
    (info,) = signed_data["signer_infos"]
    kinds = [attribute["type"].native for attribute in info["signed_attrs"]]
    assert kinds == ["content_type", "message_digest", "signing_certificate_v2"]
    assert info["unsigned_attrs"].native is None
    assert info["signature_algorithm"]["algorithm"].native == "sha256_ecdsa"
    assert info["signed_attrs"].untag().dump() == cms.signed_attributes(
        world().certificate, DIGEST
    )


def test_a_signature_over_these_parts_holds():
    cms.verify(cms.parse(built()), world().signer.public_key, DIGEST)


WRONG_CLAIMS = {
    "another digest": (world().signer.public_key, hashlib.sha256(b"").digest()),
    "another key": (World().signer.public_key, DIGEST),
}


@pytest.mark.parametrize("name", WRONG_CLAIMS)
def test_a_signature_over_other_parts_does_not_hold(name):
    key, digest = WRONG_CLAIMS[name]
    with pytest.raises(VerificationError):
        cms.verify(cms.parse(built()), key, digest)


def test_an_edited_byte_is_refused_or_breaks_the_signature_or_the_exact_set():
    own, data = world(), built()
    silent = []
    for offset in range(len(data)):
        edited = data[:offset] + bytes((data[offset] ^ 1,)) + data[offset + 1 :]
        try:
            signed = cms.parse(edited)
            cms.verify(signed, own.signer.public_key, DIGEST)
        except (MalformedError, VerificationError):
            continue
        if signed.certificates == members():
            silent.append(offset)
    assert silent == []


def length_of_three_octets():
    assert built()[1] == 0x82
    return b"\x30\x83\x00" + built()[2:]


def indefinite_length():
    return b"\x30\x80" + built()[4:] + b"\x00\x00"


def high_twin():
    """The same signature with the larger s, every length around it right."""
    signature = parts().signature
    s = ORDER - int.from_bytes(signature[32:], "big")
    content = asn1_cms.ContentInfo.load(built())
    info = content["content"]["signer_infos"][0]
    r = int.from_bytes(signature[:32], "big")
    info["signature"] = encode_dss_signature(r, s)
    return content.dump(force=True)


def reordered_certificates():
    first, second = members()
    data = built()
    assert data.count(first + second) == 1
    return data.replace(first + second, second + first)


def other_member(replacement):
    first, second = members()
    data = built()
    wrong = first if second == world().certificate else second
    return data.replace(wrong, replacement(wrong))


def digest_of_31_bytes():
    content = asn1_cms.ContentInfo.load(built())
    info = content["content"]["signer_infos"][0]
    info["signed_attrs"][1]["values"][0] = asn1_cms.OctetString(DIGEST[:31])
    return content.dump(force=True)


OTHER_SPELLINGS = {
    "a digest of 31 bytes": digest_of_31_bytes,
    "a tag of two bytes inside": lambda: b"\x30\x03\x1f\x01\x00",
    "compressed data": lambda: built().replace(
        bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d010709")
    ),
    "nothing": lambda: b"",
    "one byte": lambda: b"\x30",
    "a length of zero": lambda: b"\x30\x00",
    "a byte behind it": lambda: built() + b"\x00",
    "a byte missing": lambda: built()[:-1],
    "a length that is not minimal": length_of_three_octets,
    "an indefinite length": indefinite_length,
    "a length beyond any file": lambda: b"\x30\x84\x7f\xff\xff\xff",
    "a tag of two bytes": lambda: b"\x3f\x81\x00" + built()[1:],
    "the high twin": high_twin,
    "certificates in another order": reordered_certificates,
    "a certificate that is none": lambda: other_member(lambda der: b"\x04" + der[1:]),
    "a hundred sequences inside each other": lambda: b"\x30\x00" * 100,
    "more than any seal needs": lambda: bytes(cms.MAX_CMS_BYTES + 1),
}


@pytest.mark.parametrize("name", OTHER_SPELLINGS)
def test_another_spelling_is_malformed(name):
    data = OTHER_SPELLINGS[name]()
    assert data != built()
    if name == "a certificate that is none":
        # The set may hold anything; it is the exact set of the grant that decides.
        assert cms.parse(data).certificates != members()
        return
    with pytest.raises(MalformedError):
        cms.parse(data)


MISUSE = {
    "no certificates": {"certificates": ()},
    "the leaf is not among them": {"certificates": world().authority.chain},
    "a certificate twice": {"certificates": (world().certificate,) * 2},
    "a digest of another size": {"digest": b"1"},
}


@pytest.mark.parametrize("name", MISUSE)
def test_building_from_wrong_parts_is_a_value_error(name):
    with pytest.raises(ValueError):  # noqa: PT011  each has its own text
        cms.build(dataclasses.replace(parts(), **MISUSE[name]))


def test_building_with_a_high_s_is_refused():
    signature = parts().signature
    s = ORDER - int.from_bytes(signature[32:], "big")
    high = signature[:32] + s.to_bytes(32, "big")
    with pytest.raises(MalformedError):
        cms.build(dataclasses.replace(parts(), signature=high))


@pytest.mark.parametrize("count", [0, cms.MAX_CERTIFICATES + 1])
def test_a_set_has_one_to_four_certificates(count):
    with pytest.raises(ValueError, match="1 to 4 certificates"):
        cms.certificate_set([bytes((number,)) for number in range(count)])


@pytest.mark.parametrize(
    "leaf",
    [
        bytes.fromhex("300e30083000a0000200300030003000"),
        bytes.fromhex("300e3008a00004003000300030003000"),
        b"",
        b"\x30\x00",
        b"\x30\x09" + b"\x30\x03\xa0\x01\x00" + b"\x30\x00" * 2,
    ],
)
def test_a_leaf_that_is_no_certificate_is_malformed(leaf):
    with pytest.raises(MalformedError):
        cms.signed_attributes(leaf, DIGEST)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_value_or_malformed(data):
    for attempt in (data, built()[:40] + data, built() + data):
        if attempt == built():
            continue
        with pytest.raises(MalformedError):
            cms.parse(attempt)
