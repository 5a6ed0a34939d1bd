"""The one SignedData: same bytes as pyHanko's, and no other spelling is read."""

import dataclasses
import hashlib

import pytest
from asn1crypto import cms as asn1_cms
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from esign import cms
from esign.cms import SignedData, Template
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


# The template of one seal: the same bytes, and no other answer than the full reader's.


def template():
    return Template(world().certificate, members())


def raw(r, s):
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


DIGESTS = st.binary(min_size=32, max_size=32)
SIGNATURES = st.builds(
    raw,
    st.integers(1, ORDER - 1) | st.integers(1, 1 << 64),
    st.integers(1, ORDER // 2) | st.integers(1, 1 << 64),
)


@given(DIGESTS, SIGNATURES)
def test_a_template_builds_what_build_builds_and_finds_it_again(digest, signature):
    own = template()
    content = own.build(digest, signature)
    parts = SignedData(own.leaf, own.certificates, digest, signature)
    assert content == cms.build(parts)
    assert own.signed(digest) == cms.signed_attributes(own.leaf, digest)
    assert len(content) <= own.most_bytes
    assert own.match(content) in ((digest, signature), None)
    assert cms.parse(content) == parts


def test_the_largest_of_a_seal_is_as_large_as_the_template_says():
    largest = template().build(DIGEST, raw(ORDER - 1, ORDER // 2))
    assert len(largest) == template().most_bytes
    assert template().match(largest) == (DIGEST, raw(ORDER - 1, ORDER // 2))


def test_a_signature_of_hardly_any_bytes_is_left_to_the_full_reader():
    content = template().build(DIGEST, raw(1, 1))
    assert template().match(content) is None
    assert cms.parse(content).signature == raw(1, 1)


@given(st.data())
def test_a_template_never_finds_what_the_full_reader_does_not(data):
    content = bytearray(built())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1) | st.just(len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    edited = bytes(content)
    found = template().match(edited)
    if found is not None:
        digest, signature = found
        expected = SignedData(world().certificate, members(), digest, signature)
        assert cms.parse(edited) == expected


@pytest.mark.parametrize("name", OTHER_SPELLINGS)
def test_a_template_finds_nothing_in_another_spelling(name):
    assert template().match(OTHER_SPELLINGS[name]()) is None


def test_a_template_finds_a_real_seal_and_its_field_leads_to_it():
    assert template().match(built()) == (DIGEST, parts().signature)
    assert cms.certificates_field(built()) == template().field
    assert template().field.endswith(b"".join(members()))


@given(st.binary(max_size=80))
def test_the_field_of_any_bytes_is_a_piece_of_them(data):
    assert cms.certificates_field(data) in data


def test_a_seal_too_large_for_any_reader_is_not_found_either():
    large = [bytes((number,)) * 11_000 for number in range(3)]
    own = Template(world().certificate, [world().certificate, *large])
    content = own.build(DIGEST, parts().signature)
    assert len(content) > cms.MAX_CMS_BYTES
    assert own.match(content) is None
    with pytest.raises(MalformedError, match="more than"):
        cms.parse(content)


WRONG_TEMPLATES = {
    "the leaf is not among them": lambda: Template(b"\x30\x00", members()),
    "no certificates": lambda: Template(world().certificate, ()),
    "a digest of another size": lambda: template().build(b"1", parts().signature),
    "a digest of another size to sign": lambda: template().signed(b"1"),
}


@pytest.mark.parametrize("name", WRONG_TEMPLATES)
def test_misuse_of_a_template_is_a_value_error(name):
    with pytest.raises(ValueError):  # noqa: PT011  each has its own text
        WRONG_TEMPLATES[name]()


def test_a_template_refuses_the_larger_twin():
    with pytest.raises(MalformedError):
        template().build(DIGEST, raw(1, ORDER - 1))


def test_a_template_refuses_a_leaf_that_is_no_certificate():
    with pytest.raises(MalformedError):
        Template(b"\x30\x00", [b"\x30\x00"])


def test_a_template_does_not_find_the_larger_twin_of_usual_size():
    largest = template().build(DIGEST, raw(ORDER - 1, ORDER // 2))
    twin = encode_dss_signature(1 << 250, ORDER - 1)
    spelled = encode_dss_signature(ORDER - 1, ORDER // 2)
    assert len(twin) == len(spelled)
    edited = largest[: -len(twin)] + twin
    assert template().match(edited) is None
    with pytest.raises(MalformedError):
        cms.parse(edited)
