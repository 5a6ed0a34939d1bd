"""Checking seals and sealed documents: what is PASSED, and all that must not be."""

import functools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elicense.sealing import SealInquiry, check, ofd, pdf_signatures, read_trust
from elicense.sealing import checking as checking_module
from elicense.sealing.checking import is_pades
from elicense.sealing.pinned import objects_in
from elicense.sealing.verdict import Kind, SealVerdict, owner_of, shown_name
from esign import der, ses, sm2
from esign.errors import MalformedError, VerificationError
from esign.ses import SesTrust
from esign.sm2.issuing import ca_extensions
from esign.verdict import Code, Indication
from tests.elicense.seal_files import (
    BODY,
    COMPROMISED,
    crl,
    ofd_with,
    pdf_with,
    pem,
    pinned,
    sealed,
    zipped,
)
from tests.esign.ses_world import DIGEST, NOW, SIGNED, party, seal_2014, world
from tests.esign.test_ses_signed_data import DOCUMENT, signed_data
from tests.support import vectors

IN_2021 = datetime(2021, 6, 1, tzinfo=UTC)
NOBODY = SesTrust((), ())


def ask(data, trust=None, at=NOW, **more):
    return check(data, SealInquiry(trust or read_trust(pinned()), at, **more))


def codes(verdict):
    return {one.id: one.code for one in verdict.checks if one.code}


def test_a_seal_a_signature_a_pdf_and_an_ofd_pass():
    w = world()
    for data, kind, more in (
        (w.seal(), Kind.SEAL, {}),
        (w.signature(), Kind.SIGNATURE, {"digest": DIGEST}),
        (pdf_with(sealed), Kind.PDF, {}),
        (ofd_with(sealed), Kind.SIGNATURE, {}),
    ):
        verdict = ask(data, **more)
        assert (verdict.code, verdict.kind) == (Code.VALID, kind), codes(verdict)
        answer = verdict.to_json()
        assert answer["seal_signature"] is True
        assert answer["seal"]["id"] == "37030000001721"
        assert answer["seal"]["owner"] == "37030000001721"
        assert answer["version"] == 4


def test_the_answer_has_exactly_the_members_of_the_contract():
    answer = ask(world().seal()).to_json()
    assert list(answer) == [
        "kind",
        "version",
        "seal_signature",
        "signature",
        "digest",
        "indication",
        "code",
        "checks",
        "seal",
    ]
    assert answer["seal"] == {
        "id": "37030000001721",
        "name": "测试印章，无法律效力",
        "owner": "37030000001721",
        "valid_from": "2025-01-02T00:00:00Z",
        "valid_until": "2029-01-02T00:00:00Z",
        "picture": {"type": "PNG", "width_mm": 42, "height_mm": 42},
    }
    assert (answer["signature"], answer["digest"]) == (None, None)


# What the README of the vectors says of each, without anybody that is believed.
THEIRS = {
    "seals/ofdrw-v1-UserV1.esl": ("SESeal", 1),
    "seals/ofdrw-v4-UserV4.esl": ("SESeal", 4),
    "seals/ofdrw-v5-UserV5.esl": ("SESeal", 5),
    "seals/ofdrw-v5-UserV5_ts.esl": ("SESeal", 5),
    "signatures/ofdrw-v4-SignedValue.dat": ("SES_Signature", 4),
    "signatures/ofdrw-v5-SignedValue.dat": ("SES_Signature", 5),
    "ofd/SESV4SignDoc.ofd": ("SES_Signature", 4),
}


@pytest.mark.parametrize("path", THEIRS)
def test_a_third_partys_file_holds_and_its_maker_is_not_known(path):
    answer = ask((vectors("ses") / path).read_bytes(), NOBODY).to_json()
    assert (answer["kind"], answer["version"]) == THEIRS[path]
    assert answer["seal_signature"] is True
    assert answer["indication"] != "PASSED"
    if "v5" not in path and "ofd/" not in path:
        assert answer["code"] == "UNKNOWN_ISSUER"


def theirs():
    folder = vectors("ses/certs")
    return SesTrust(
        ((folder / "ofdrw-test-sealmaker.der").read_bytes(),),
        ((folder / "ofdrw-test-root.der").read_bytes(),),
        revocations=ses.Revocations(IN_2021, datetime(2040, 1, 1, tzinfo=UTC)),
    )


def test_a_third_partys_document_was_signed_after_everything_had_expired():
    data = vectors("ses/ofd/SESV4SignDoc.ofd").read_bytes()
    verdict = ask(data, theirs())
    assert verdict.indication is Indication.FAILED
    assert verdict.held("seal-signature") is True
    assert verdict.held("signature") is True
    assert verdict.held("digest") is True
    assert verdict.held("references") is True
    assert codes(verdict) == {
        "seal-maker": Code.EXPIRED,
        "seal-period": Code.NOT_AUTHORIZED,
        "signer": Code.NOT_AUTHORIZED,
    }


def test_a_third_partys_files_by_the_year():
    folder = vectors("ses/seals")
    for name, at, code in (
        ("ofdrw-v1-UserV1.esl", IN_2021, Code.VALID),
        ("ofdrw-v4-UserV4.esl", IN_2021, Code.VALID),
        ("ofdrw-v4-UserV4.esl", NOW, Code.EXPIRED),
        ("ofdrw-v5-UserV5.esl", NOW, Code.NOT_AUTHORIZED),
        ("ofdrw-v5-UserV5_ts.esl", NOW, Code.MALFORMED),
    ):
        assert ask((folder / name).read_bytes(), theirs(), at).code is code
    bare = (vectors("ses/signatures") / "ofdrw-v4-SignedValue.dat").read_bytes()
    assert ask(bare, theirs(), digest=bytes(32)).code is Code.VALID
    assert ask(bare, theirs(), document=b"another").code is Code.ALTERED
    assert ask(bare, theirs()).code is Code.UNREADABLE


def test_a_third_partys_seal_whose_signature_does_not_hold():
    data = (vectors("ses") / "bad/SESealData-v4-extdata-badsig.DER").read_bytes()
    verdict = ask(data)
    assert verdict.held("seal-signature") is False
    assert verdict.to_json()["seal_signature"] is False
    assert verdict.indication is not Indication.PASSED
    assert verdict.oddities == (ses.Oddity.BOOLEAN, ses.Oddity.CRITICAL_EXTENSION)


def test_an_ofd_with_a_bare_signature_value_is_unsupported():
    data = vectors("ses/ofd/DigitalSign.ofd").read_bytes()
    assert ask(data).code is Code.UNSUPPORTED


def test_a_seal_of_2014_and_its_person_is_masked():
    w = world()
    verdict = ask(seal_2014(w.maker, w.draft))
    assert (verdict.code, verdict.version) == (Code.VALID, 1)
    seal = verdict.seal
    assert shown_name(seal) == seal.name
    assert shown_name(_personal(seal)) == "张*"
    assert owner_of(seal, b"no certificate") is None


def _personal(seal):
    return replace(seal, kind=2, name="张某某")


def test_a_list_of_digests_alone_tells_no_owner():
    answer = ask(world().seal(by_digest=True)).to_json()
    assert (answer["code"], answer["seal"]["owner"]) == ("VALID", None)


def test_signed_data_without_a_seal():
    made = signed_data()
    verdict = ask(made, document=DOCUMENT)
    assert (verdict.kind, verdict.code) == (Kind.SIGNED_DATA, Code.VALID)
    assert verdict.seal is None
    assert verdict.version is None
    assert ask(made).code is Code.UNREADABLE
    assert ask(made).held("signature") is None
    pdf = pdf_with(
        lambda covered: signed_data(signs=covered),
        sub_filter=b"GM.sm2cms.detached",
    )
    assert ask(pdf).code is Code.VALID
    assert ask(ofd_with(lambda x: signed_data(signs=x))).code is Code.VALID


@pytest.mark.parametrize("data", [b"", b"no", b"0\x80", b"\x30\x03abc", b"PK\x03\x04"])
def test_what_is_none_of_them_is_malformed(data):
    verdict = ask(data)
    assert verdict.code is Code.MALFORMED
    assert verdict.to_json()["seal"] is None


def test_too_large(monkeypatch):
    monkeypatch.setattr(checking_module, "MAX_FILE_BYTES", 10)
    assert ask(world().seal()).code is Code.MALFORMED


def test_three_values_not_two():
    verdict = ask(b"")
    with pytest.raises(TypeError):
        bool(verdict)
    other = SealVerdict(Kind.PDF, verdict.checks, answer=Code.VALID)
    assert other.indication is Indication.PASSED


# PDF


def test_every_changed_byte_of_a_pdf_is_never_passed():
    pdf = pdf_with(sealed, room=20_000)
    contents = pdf.index(b"<30") + 1
    places = [*range(0, contents, 7), contents - 1, *range(len(pdf) - 60, len(pdf))]
    places += range(contents, len(pdf) - 60, 1511)
    trust = read_trust(pinned())
    for place in places:
        changed = bytearray(pdf)
        changed[place] ^= 1
        verdict = ask(bytes(changed), trust)
        assert verdict.indication is not Indication.PASSED, place


def test_what_was_put_behind_a_seal():
    verdict = ask(pdf_with(sealed) + b"more")
    assert codes(verdict) == {"coverage": Code.ALTERED}
    assert verdict.held("digest") is True


def test_two_seals_each_say_what_they_cover():
    pdf = pdf_with(sealed, before=pdf_with(sealed))
    verdict = ask(pdf)
    assert codes(verdict) == {"1.coverage": Code.UNSUPPORTED}
    shown = {one.id: one.detail for one in verdict.checks}
    assert "a later revision" in shown["1.coverage"]
    assert shown["2.coverage"] == f"the whole file, {len(pdf)} bytes"
    assert verdict.held("signature") is True


def test_a_foreign_kind_of_signature_is_unsupported():
    verdict = ask(pdf_with(lambda _x: b"\x30\x00", sub_filter=b"adbe.x509.rsa_sha1"))
    assert codes(verdict) == {"format": Code.UNSUPPORTED}
    assert not is_pades(pdf_with(sealed))
    assert is_pades(pdf_with(sealed, sub_filter=b"ETSI.CAdES.detached"))
    assert not is_pades(b"%PDF-1.7 /ByteRange [0 1 2 3]")
    assert not is_pades(b"")
    assert ask(BODY).code is Code.UNSUPPORTED


GOOD = pdf_with(lambda _covered: b"\x30\x03\x02\x01\x05", room=8)
BAD_PDFS = {
    "a range of three numbers and no fourth": (b"/ByteRange [0 ", b"/ByteRange [ "),
    "a range that does not begin at 0": (b"/ByteRange [0 ", b"/ByteRange [1 "),
    "contents that are not the gap": (b"/Contents <", b"/Contenta <"),
    "no sub-filter": (b"/SubFilter", b"/SubFilte_"),
    "an escaped name": (b"/SubFilter /GM", b"/SubFilter /#4"),
    "an escaped key": (b"/Filter /", b"/F#6C /ab"),
    "a key twice": (b"/Type /Sig", b"/Prop /Sig"),
    "no object": (b"9 0 obj", b"9 0 abc"),
    "text that does not end": (b"0501)", b"0501("),
    "no hexadecimal": (b"<30", b"<3x"),
    "something behind the signature": (b"0501) ", b"0501) "),
    "a dictionary that does not end": (b">>\nendobj\ntrailer << >>", b"  \nendobj\n"),
    "a foreign character": (b"/Prop 4", b"/Prop)4"),
}


@pytest.mark.parametrize("wrong", BAD_PDFS)
def test_a_signature_dictionary_that_is_not_strict(wrong):
    old, new = BAD_PDFS[wrong]
    assert old in GOOD
    new = new.ljust(len(old))
    pdf = GOOD.replace(old, new) if wrong != "a foreign character" else None
    if wrong == "something behind the signature":
        pdf = GOOD.replace(b"0205", b"0205")
        at = GOOD.index(b"<30") + 14
        pdf = GOOD[:at] + b"1" + GOOD[at + 1 :]
    if pdf is None:
        pdf = GOOD.replace(old, new)
    try:
        found = pdf_signatures.find_signatures(pdf)
    except MalformedError:
        return
    assert found == ()
    assert wrong == "a range of three numbers and no fourth"


def test_a_strict_signature_dictionary_is_read():
    (found,) = pdf_signatures.find_signatures(GOOD)
    assert (found.sub_filter, found.content) == ("GM.sm2seal", b"\x30\x03\x02\x01\x05")
    assert found.covers_all
    assert len(found.covered) == len(GOOD) - 18


@pytest.mark.parametrize("limit", ["MAX_SIGNATURES", "MAX_COVERED_BYTES"])
def test_too_many_signatures(limit, monkeypatch):
    monkeypatch.setattr(pdf_signatures, limit, 0)
    assert ask(GOOD).code is Code.MALFORMED


def test_whatever_file_of_a_third_party_gives_an_answer_that_is_no_yes():
    trust, seen = read_trust(pinned()), 0
    for path in sorted(vectors("").rglob("*")):
        if path.is_file() and path.stat().st_size < 100_000:
            assert ask(path.read_bytes(), trust).indication is not Indication.PASSED
            seen += 1
    assert seen > 50


def test_a_range_inside_its_own_gap_or_that_cuts_a_token():
    gap = GOOD.index(b"<30")
    inside = GOOD[:gap] + b"</ByteRange [0 1 9 1]>" + GOOD[gap:]
    with pytest.raises(MalformedError):
        pdf_signatures.find_signatures(inside)
    own = b"1 0 obj\n<< /A (/ByteRange [0 18 60 1]) >> " + b" " * 30
    with pytest.raises(MalformedError):
        pdf_signatures.find_signatures(own)
    cut = b"1 0 obj\n<< /Contents <00> /ByteRange [0 14 16 30] /X /YYYYY >>      "
    with pytest.raises(MalformedError):
        pdf_signatures.find_signatures(cut)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_signatures_or_the_projects_own_error(data):
    for prefix in (b"", b"1 0 obj << /ByteRange [0 9 20 3] ", b"PK\x03\x04"):
        for read in (pdf_signatures.find_signatures, ofd.find_signatures):
            try:
                read(prefix + data)
            except MalformedError:
                continue


@st.composite
def _edited(draw):
    """Return one of the good files, by number, with one to three edited bytes."""
    number = draw(st.integers(0, 3))
    data = bytearray(_good()[number])
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(data) - 1))
        data[place] ^= 1 << draw(st.integers(0, 7))
    return number, bytes(data)


@functools.cache
def _good():
    """Return files that pass;"""
    w = world()
    return w.seal(), w.signature(), pdf_with(sealed), ofd_with(sealed)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(_edited())
def test_an_edited_file_is_never_passed(edited):
    number, data = edited
    if data == _good()[number]:
        return  # two edits undid each other
    verdict = ask(data, digest=DIGEST)
    if number == 3 and verdict.indication is Indication.PASSED:
        # Dates and the like of the archive are nobody's: its files are the same.
        assert ofd.find_signatures(data) == ofd.find_signatures(_good()[3])
        return
    assert verdict.indication is not Indication.PASSED


# OFD


def test_a_changed_file_of_an_ofd():
    verdict = ask(ofd_with(sealed, change={"OFD.xml": b"<OFD />"}))
    assert codes(verdict) == {"references": Code.ALTERED}
    verdict = ask(ofd_with(sealed, change={"OFD.xml": None}))
    assert codes(verdict) == {"references": Code.ALTERED}
    verdict = ask(ofd_with(sealed, change={"Doc_0/Page.xml": b"<new/>"}))
    assert codes(verdict) == {"references": Code.UNSUPPORTED}
    verdict = ask(ofd_with(sealed, method="MD5"))
    assert codes(verdict) == {"references": Code.UNSUPPORTED}
    changed = {"Doc_0/Signs/Sign_0/Signature.xml": None}
    assert ask(ofd_with(sealed, change=changed)).code is Code.MALFORMED


LIST, SIGNATURE = "Doc_0/Signs/Signatures.xml", "Doc_0/Signs/Sign_0/Signature.xml"
BAD_OFDS = {
    "no signature": ({LIST: b"<Signatures/>"}, Code.UNSUPPORTED),
    "a reference upwards": (
        {LIST: b'<S><Signature BaseLoc="../x.xml"/></S>'},
        Code.MALFORMED,
    ),
    "no reference": ({LIST: b"<S><Signature/></S>"}, Code.MALFORMED),
    "a document type": (
        {LIST: b'<!DOCTYPE S [<!ENTITY a "b">]><S>&a;</S>'},
        Code.MALFORMED,
    ),
    "no XML": ({LIST: b"<S>"}, Code.MALFORMED),
    "a file named twice": (
        {
            SIGNATURE: b"<S><SignedValue>SignedValue.dat</SignedValue><References>"
            b'<Reference FileRef="/OFD.xml"/><Reference FileRef="/OFD.xml"/>'
            b"</References></S>"
        },
        Code.MALFORMED,
    ),
    "a digest that is no base64": (
        {
            SIGNATURE: b"<S><SignedValue>SignedValue.dat</SignedValue>"
            b'<References CheckMethod="SM3"><Reference FileRef="/OFD.xml"/>'
            b"<CheckValue>!</CheckValue></References></S>"
        },
        Code.ALTERED,
    ),
}


@pytest.mark.parametrize("wrong", BAD_OFDS)
def test_an_ofd_that_is_wrong(wrong):
    change, code = BAD_OFDS[wrong]
    verdict = ask(ofd_with(sealed, change=change))
    assert code in {one.code for one in verdict.checks}
    assert verdict.indication is not Indication.PASSED


def test_limits_of_an_ofd(monkeypatch):
    good = ofd_with(sealed)
    for name, limit in (
        ("MAX_TOTAL_BYTES", 400),
        ("MAX_FILES", 2),
        ("MAX_ELEMENTS", 3),
        ("_MAX_XML_BYTES", 10),
        ("_MAX_SIGNATURES", 0),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(ofd, name, limit)
            assert ask(good).code is Code.MALFORMED
    broken = bytearray(good)
    broken[len(broken) // 2] ^= 255
    assert ask(bytes(broken)).indication is not Indication.PASSED
    two = zipped({"OFD.xml": b"1", "/OFD.xml": b"2"})
    assert ask(two).code is Code.MALFORMED
    nameless = good.replace(b"OFD.xml", b"\0FD.xml")  # zipfile ends a name at a zero
    assert ask(nameless).code is Code.MALFORMED


# Whom to believe


def test_pem_and_der_and_what_is_neither():
    w = world()
    both = pem(w.root.certificate) + pem(w.ca.certificate)
    assert objects_in(both) == (w.root.certificate, w.ca.certificate)
    assert objects_in(b"\x30\x00") == (b"\x30\x00",)
    for bad in (b"", b"-----BEGIN RSA-----\n", pem(b"")[:30], b"0" * (3 << 20)):
        with pytest.raises(MalformedError):
            objects_in(bad)
    padded = pem(b"1").replace(b"=", b"", 1)
    with pytest.raises(MalformedError):
        objects_in(padded)


def test_without_a_list_of_every_ca_nothing_is_known_of_revocations():
    w = world()
    for lists in ((), (crl(w.ca),), (crl(w.root),)):
        verdict = ask(w.seal(), read_trust(pinned(lists=lists)))
        assert verdict.code is Code.NO_STATUS
    stale = (crl(w.root, until=SIGNED), crl(w.ca))
    assert ask(w.seal(), read_trust(pinned(lists=stale))).code is Code.STALE


def test_a_revoked_maker_and_a_stolen_key():
    w = world()
    before, maker = SIGNED - timedelta(days=1), w.maker.certificate
    for entry, code in (
        ((maker, before, ()), Code.REVOKED),
        ((maker, before, COMPROMISED), Code.KEY_COMPROMISED),
        ((w.signer.certificate, before, ()), Code.VALID),
    ):
        trust = read_trust(pinned(lists=(crl(w.root), crl(w.ca, [entry]))))
        assert ask(w.seal(), trust).code is code
        assert len(trust.revocations.fates) == 1
        assert list(trust.revocations.fates) == []
    signature = w.signature()
    assert ask(signature, trust, digest=DIGEST).code is Code.REVOKED


def test_the_latest_list_of_a_ca_counts():
    w = world()
    old = crl(w.ca, [(w.maker.certificate, SIGNED, ())])
    new = crl(w.ca, since=SIGNED)
    for lists in ((old, new), (new, old)):
        trust = read_trust(pinned(lists=(crl(w.root), *lists)))
        assert ask(w.seal(), trust).code is Code.VALID


def test_a_namesake_of_the_ca_revokes_nothing():
    w = world()
    # Same name, another key; its list is about its own certificates.
    twin = party("ca", w.root, extensions=None)
    with pytest.raises(VerificationError):
        read_trust(pinned(lists=(crl(w.root), crl(twin))))
    other = party("ca", w.root, extensions=ca_extensions(0))
    lists = (
        crl(w.root),
        crl(w.ca),
        crl(other, [(w.maker.certificate, SIGNED, ())]),
    )
    trust = read_trust(
        pinned(intermediates=(w.ca.certificate, other.certificate), lists=lists)
    )
    assert ask(w.seal(), trust).code is Code.VALID


def test_lists_that_are_refused():
    w = world()
    good = crl(w.ca)
    no_end = crl(w.ca, next_update=False)
    for bad, error in (
        (b"\x30\x00", MalformedError),
        (good + b"\x00" * (2 << 20), MalformedError),
        (no_end, MalformedError),
        (good[:-1] + bytes([good[-1] ^ 1]), (VerificationError, MalformedError)),
        (_ecdsa(good), MalformedError),
        (crl(w.signer), VerificationError),
    ):
        with pytest.raises(error):
            ses.read_revocations([bad], [w.root.certificate, w.ca.certificate])
    with pytest.raises(VerificationError):  # whoever it is of, he is no CA
        ses.read_revocations([crl(w.signer)], [w.signer.certificate])
    assert ses.read_revocations([], []) is None


def _ecdsa(data):
    sm2_with_sm3 = bytes.fromhex("06082a811ccf55018375")
    ecdsa_with_sha256 = bytes.fromhex("06082a8648ce3d040302")
    assert len(der.tlv(der.SEQUENCE, sm2_with_sm3)) == 12
    return data.replace(sm2_with_sm3, ecdsa_with_sha256)


def test_sm3_of_the_document_is_what_counts():
    w = world()
    made = w.signature(digest=sm2.sm3(b"document"))
    assert ask(made, document=b"document").code is Code.VALID
    assert ask(made, document=b"documents").code is Code.ALTERED
