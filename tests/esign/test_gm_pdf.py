"""Sealed PDFs in the GM profile: written by both paths, read and judged."""

import subprocess
from datetime import timedelta

import pypdfium2
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader

from esign import der, ses, sm2
from esign.errors import MalformedError, VerificationError
from esign.pades import (
    GmCmsIdentity,
    SealRequest,
    SubFilter,
    prefix,
    read,
    seal,
    validate,
)
from esign.pades.second_engine import confirm
from esign.sm2.issuing import Draft, issue, leaf_extensions
from esign.verdict import Code, Indication
from tests.esign import pades_world, ses_world
from tests.esign.gm_world import (
    AT,
    IDENTITIES,
    LATER,
    check,
    code_of,
    grant,
    object_of,
    one_pass,
    resigned,
    seal_identity,
    seal_object,
    sealed,
    trust,
    with_content,
)
from tests.esign.pades_world import CODE, OTHER_CODE, appearance, license_page, page
from tests.esign.ses_world import END, World, party, world
from tests.esign.sm2_world import OpenSSL
from tests.support import require_tool

KINDS = pytest.mark.parametrize("kind", list(IDENTITIES), ids=lambda kind: kind.label)
UNTIL = AT + timedelta(days=10)


@KINDS
def test_both_writers_make_files_that_pass_every_check(kind):
    identity = IDENTITIES[kind]()
    for pdf in (
        sealed(kind),
        seal(license_page(), identity, at=AT, appearance=appearance()),
        one_pass(identity),
    ):
        report = validate(pdf, trust(kind), LATER)
        assert report.code is Code.VALID
        *made, last = report.checks
        assert {one.indication for one in made} == {Indication.PASSED}
        assert last.indication is Indication.NOT_CHECKED
        assert report.seal.sealed_at == AT
        assert report.seal.code == CODE
        assert report.seal.certificate == world().signer.certificate
        assert report.sealed.subfilter is kind


@KINDS
def test_the_gap_is_exactly_as_large_as_the_largest_content(kind):
    sizes = set()
    for _ in range(6):
        found = read(one_pass(IDENTITIES[kind]()))
        start, end = found.gap
        sizes.add((end - start - 2) // 2)
        assert len(found.content) <= (end - start - 2) // 2
    (room,) = sizes
    assert room <= len(found.content) + 72 - 68 + 16  # the digits of the ByteRange
    if kind is SubFilter.GM_CMS:
        own = world()
        members = (own.signer.certificate, own.ca.certificate)
        assert room == ses.most_detached_bytes(members[0], members)
        assert room - len(found.content) <= 8


@KINDS
def test_texts_of_the_dictionary_stand_where_they_do_by_pades(kind):
    wanted = SealRequest(name="示例", location="A-b", reason="50%")
    pdf = seal(page(), IDENTITIES[kind](), at=AT, request=wanted)
    assert code_of(pdf, trust(kind)) is Code.VALID
    assert b"\n/Location (A\\055b)\n/Reason (50\\045)\n" in pdf


def test_the_signature_states_the_range_and_the_instant_of_the_file():
    found = read(sealed())
    signature = ses.read_signature(found.content)
    start, end = found.gap
    numbers = f"[0 {start} {end} {len(sealed()) - end}]"
    assert signature.property_info == f"/ByteRange {numbers}"
    assert f"/ByteRange {numbers}".encode() in sealed()
    assert signature.time == AT
    assert signature.seal.der == seal_object()
    assert signature.digest == sm2.sm3(sealed()[:start] + sealed()[end:])


def test_a_seal_used_outside_its_period_or_by_another_signer_makes_no_file():
    with pytest.raises(VerificationError, match="period"):
        seal(page(), seal_identity(), at=AT - timedelta(days=900))
    with pytest.raises(VerificationError, match="list"):
        one_pass(seal_identity(world().other))


def test_a_key_that_is_not_the_certificate_s_makes_no_file():
    own = world()
    for identity, error in (
        (seal_identity(), ValueError),
        (GmCmsIdentity(own.signer, own.signer.certificate, ()), VerificationError),
    ):
        fields = {"signer": own.other}
        changed = type(identity)(
            **{
                name: fields.get(name, getattr(identity, name))
                for name in identity.__slots__
            }
        )
        with pytest.raises(error):
            seal(page(), changed, at=AT)


@KINDS
def test_no_byte_can_be_changed(kind):
    pdf, known = sealed(kind), trust(kind)
    start, end = read(pdf).gap
    inside = range(start, end, 7 if kind is SubFilter.GM_SEAL else 3)
    outside = [*range(0, start, 2), *range(end, len(pdf), 2)]
    for at in (*inside, *outside):
        edited = bytearray(pdf)
        edited[at] ^= 1
        assert code_of(bytes(edited), known) is not Code.VALID, at


@KINDS
def test_no_digit_of_the_signature_s_own_bytes_can_be_changed(kind):
    """Certificate, algorithm and value: what no digest of the file covers."""
    pdf, known = sealed(kind), trust(kind)
    found = read(pdf)
    start, tail = found.gap[0] + 1, 2 * len(found.content)
    for at in range(start + max(0, tail - 2 * 600), start + tail):
        edited = bytearray(pdf)
        edited[at] = ord("0") if edited[at] != ord("0") else ord("1")
        assert code_of(bytes(edited), known) is not Code.VALID, at


@KINDS
def test_nobody_is_believed_by_what_the_file_brings_along(kind):
    for known in ({}, trust(kind, signer=world().other)):
        report = validate(sealed(kind), known, LATER)
        assert report.code is Code.UNKNOWN_ISSUER
        assert report.code.indication is Indication.INDETERMINATE
        assert check(report, "seal-signature").indication is Indication.NOT_CHECKED
        assert report.seal is None


@KINDS
def test_a_stranger_s_seal_over_another_document_is_told_too(kind):
    other = read(one_pass(IDENTITIES[kind]())).content
    if kind is SubFilter.GM_SEAL:
        pdf = resigned(sealed(), digest=bytes(32))
    else:
        pdf = with_content(sealed(kind), other)
    report = validate(pdf, {}, LATER)
    assert check(report, "seal-signature").code is Code.BAD_SIGNATURE


@KINDS
def test_a_certificate_granted_for_another_kind_is_not_authorized(kind):
    others = {one for one in SubFilter if one is not kind}
    for other in others:
        report = validate(sealed(kind), trust(other), LATER)
        assert report.code is Code.NOT_AUTHORIZED
        assert "another kind" in check(report, "seal-authority").detail


def test_a_pades_seal_does_not_pass_under_a_grant_of_another_kind():
    known = pades_world.world().trust(subfilter=SubFilter.GM_SEAL)
    report = validate(pades_world.sealed(), known, pades_world.LATER)
    assert report.code is Code.NOT_AUTHORIZED


def test_an_unknown_maker_is_an_unknown_issuer():
    elsewhere = World()
    made = elsewhere.seal(signers=(world().signer.certificate,))
    pdf = seal(page(), seal_identity(made=made), at=AT)
    report = validate(pdf, trust(), LATER)
    assert report.code is Code.UNKNOWN_ISSUER
    assert "maker" in check(report, "seal-trust").detail


def test_a_signer_outside_the_seal_s_list_is_not_authorized():
    """A stranger, and a colleague who has a seal of his own."""
    own, other = world(), world().other
    pdf = one_pass(seal_identity(other, own.seal(signers=(other.certificate,))))
    found = read(pdf)
    draft = ses.SignatureDraft(
        seal_object(), AT, found.digest, "/ByteRange " + found.byte_range.decode()
    )
    tbs = ses.building._to_sign(draft, 4)
    value = sm2.to_der(other.sign(tbs))
    content = ses.building._put_together(tbs, other.certificate, value)
    forged = with_content(pdf, content)
    colleague = trust(
        signer=other, certificates=(other.certificate, own.ca.certificate)
    )
    for known in (trust(), colleague, trust() | colleague):
        report = validate(forged, known, LATER)
        assert report.code is Code.NOT_AUTHORIZED
        assert "not in the seal" in check(report, "seal-authority").detail


def test_a_listed_signer_that_nobody_granted_is_unknown():
    own = world()
    signers = (own.signer.certificate, own.other.certificate)
    made = own.seal(signers=signers)
    pdf = one_pass(seal_identity(own.other, made))
    known = trust(seals=(object_of(made),))
    assert code_of(pdf, known) is Code.UNKNOWN_ISSUER


AUTHORITY = {
    "sealed after the instant of checking": ({}, AT - timedelta(seconds=1)),
    "before the grant": ({"signs_from": AT + timedelta(seconds=1)}, LATER),
    "at the end of the grant": ({"signs_until": AT}, LATER),
    "another organization's root": (
        {"roots": (World().root.certificate,)},
        LATER,
    ),
}


@KINDS
@pytest.mark.parametrize("name", AUTHORITY)
def test_outside_the_grant_a_seal_is_not_authorized(kind, name):
    changes, at = AUTHORITY[name]
    known = trust(kind, destroyed=True, **changes)
    code = code_of(sealed(kind), known, at)
    is_root = "roots" in changes and kind is SubFilter.GM_SEAL
    assert code is (Code.UNKNOWN_ISSUER if is_root else Code.NOT_AUTHORIZED)


def test_another_seal_of_the_same_signer_is_not_the_granted_one():
    made = world().seal(identifier="37030000001722")
    pdf = one_pass(seal_identity(made=made))
    assert code_of(pdf) is Code.NOT_AUTHORIZED
    both = (object_of(), object_of(made))
    assert code_of(pdf, trust(seals=both)) is Code.VALID
    assert code_of(sealed(), trust(seals=both)) is Code.VALID


def test_a_withdrawn_seal_keeps_what_it_sealed_before():
    for at, code in (
        (AT + timedelta(seconds=1), Code.VALID),
        (AT, Code.NOT_AUTHORIZED),
    ):
        known = trust(seals=(object_of(withdrawn_at=at),))
        assert code_of(sealed(), known) is code


@pytest.mark.parametrize(
    ("version", "code"), [(4, Code.NOT_AUTHORIZED), (5, Code.VALID)]
)
def test_a_maker_revoked_before_the_use_is_judged_by_the_seal_s_version(version, code):
    made = world().seal(version=version)
    pdf = one_pass(seal_identity(made=made))
    revoked = object_of(made, maker_revoked_at=AT - timedelta(days=1))
    assert code_of(pdf, trust(seals=(revoked,))) is code


def test_a_seal_with_a_timestamp_that_nobody_vouches_for_is_unknown():
    own = world()
    plain = ses.read_seal(own.seal(version=5))
    stamp = ses_world.token(own.service, plain.signature_value, AT - timedelta(days=9))
    made = ses.add_timestamp(plain, stamp)
    pdf = one_pass(seal_identity(made=made))
    report = validate(pdf, trust(seals=(object_of(made),)), LATER)
    assert report.code is Code.UNKNOWN_ISSUER
    assert check(report, "seal-trust").code is Code.UNKNOWN_ISSUER


def test_an_expired_seal_keeps_what_it_sealed_in_its_period():
    assert code_of(sealed(), at=END + timedelta(days=400)) is Code.VALID


def test_the_certificate_may_name_its_organization_and_no_other():
    own = world()
    for named, code in ((CODE, Code.VALID), (OTHER_CODE, Code.NOT_AUTHORIZED)):
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "示例市行政审批局"),
                x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, named),
            ]
        )
        signer = party("signer", own.ca)
        draft = Draft(
            subject, signer.key.point, (AT - timedelta(days=9), END), leaf_extensions()
        )
        certificate = issue(draft, own.ca.key, own.ca.certificate)
        identity = GmCmsIdentity(signer, certificate, (own.ca.certificate,))
        pdf = seal(page(), identity, at=AT)
        key = pades_world.hashlib.sha256(certificate).digest()
        chain = (certificate, own.ca.certificate)
        known = {key: grant(SubFilter.GM_CMS, certificates=chain)}
        report = validate(pdf, known, LATER)
        assert report.code is code
        assert report.seal.organization == "示例市行政审批局"


@KINDS
def test_a_stolen_or_retired_key_needs_evidence_as_by_pades(kind):
    stolen = trust(kind, compromised_from=UNTIL)
    assert code_of(sealed(kind), stolen) is Code.KEY_COMPROMISED
    before = UNTIL - timedelta(days=1)
    assert code_of(sealed(kind), stolen, evidence_before=before) is Code.VALID
    retired = trust(kind, signs_until=UNTIL)
    assert code_of(sealed(kind), retired) is Code.KEY_COMPROMISED
    assert code_of(sealed(kind), trust(kind, signs_until=UNTIL, destroyed=True)) is (
        Code.VALID
    )


FORMAT = {
    "a time that is not /M": {"time": AT + timedelta(seconds=1)},
    "a range that is not the file's": {"property_info": "/ByteRange [0 1 2 3]"},
    "a range without its name": {"property_info": "[0 1 2 3]"},
}


@pytest.mark.parametrize("name", FORMAT)
def test_a_signature_that_says_otherwise_than_the_file_is_malformed(name):
    assert code_of(resigned(sealed(), **FORMAT[name])) is Code.MALFORMED


def test_another_document_s_signature_is_a_bad_one():
    assert code_of(resigned(sealed(), digest=bytes(32))) is Code.BAD_SIGNATURE


def test_what_the_field_does_oddly_is_unsupported():
    signer = world().signer
    extension = ses.Extension("1.2.3", critical=False, value=b"")
    pdf = one_pass(seal_identity(made=world().seal(by_digest=False)))
    found = read(pdf)
    tbs = der.children(found.content, der.SEQUENCE, 4, 4)[0]
    raw = ses_world.resigned(tbs, signer, lambda value: value)
    assert code_of(with_content(pdf, raw)) is Code.UNSUPPORTED
    roomy = seal(page(), seal_identity(made=world().seal(name="测试印章" * 60)), at=AT)
    odd = resigned(roomy, extensions=(extension,))
    assert code_of(odd) is Code.UNSUPPORTED
    old = ses_world.seal_2014(world().maker, world().draft)
    found = read(roomy)
    first = ses_world.signature_2014(old, signer, ses_world.utc_time(AT), found.digest)
    assert code_of(with_content(roomy, first)) is Code.UNSUPPORTED


def test_a_signed_data_of_the_field_is_unsupported_and_anything_else_malformed():
    pdf = sealed(SubFilter.GM_CMS)
    known = trust(SubFilter.GM_CMS)
    content = read(pdf).content
    kind = bytes.fromhex("060a2a811ccf550601040202")
    odd = content.replace(kind, bytes.fromhex("06092a864886f70d010702"))
    assert odd != content
    swapped = der.tlv(der.SEQUENCE, *der.elements(odd[4:]))
    assert code_of(with_content(pdf, swapped), known) is Code.UNSUPPORTED
    for junk in (der.tlv(der.SEQUENCE), seal_object()[: len(content)]):
        assert code_of(with_content(pdf, junk), known) is Code.MALFORMED


def test_a_content_of_the_other_kind_is_malformed():
    bare = read(sealed(SubFilter.GM_CMS)).content
    assert code_of(with_content(sealed(), bare)) is Code.MALFORMED


def test_the_closed_table_has_no_other_filter_or_subfilter():
    for old, new in (
        (b"GM.sm2seal", b"GM.sm2sEal"),
        (b"ESign.GMPkiLite", b"DJign.GMPkiLite"),
    ):
        edited = sealed().replace(old, new)
        assert edited != sealed()
        with pytest.raises(MalformedError):
            read(edited)


def test_a_gap_larger_than_any_content_is_malformed():
    pdf = seal(page(), seal_identity(made=seal_object()), at=AT)
    start, end = read(pdf).gap
    huge = 2 * SubFilter.GM_CMS.most_bytes + 2
    grown = pdf[: end - 1] + b"0" * (huge - (end - start - 2)) + pdf[end - 1 :]
    with pytest.raises(MalformedError):
        read(grown)


def test_what_is_remembered_of_files_changes_no_answer():
    prefix.forget()
    files = [one_pass(seal_identity()) for _ in range(3)]
    assert [code_of(pdf) for pdf in files] == [Code.VALID] * 3
    edited = files[0].replace(b"/MediaBox [ 0 ", b"/MediaBox [ 1 ")
    assert edited != files[0]
    assert code_of(edited) is not Code.VALID
    prefix.forget()


class TestOutsideTools:
    """What other programs make of such a file; none of them knows the SubFilter."""

    def test_qpdf_finds_nothing_wrong(self, tmp_path):
        file = tmp_path / "sealed.pdf"
        for kind in IDENTITIES:
            file.write_bytes(one_pass(IDENTITIES[kind]()))
            ran = subprocess.run(
                [require_tool("qpdf", "qpdf"), "--check", str(file)],
                check=False,
                capture_output=True,
            )
            assert ran.returncode == 0, ran.stderr

    def test_pdfsig_reads_the_file(self, tmp_path):
        file = tmp_path / "sealed.pdf"
        file.write_bytes(one_pass(seal_identity()))
        ran = subprocess.run(
            [require_tool("pdfsig", "poppler-utils"), "-nocert", str(file)],
            check=False,
            capture_output=True,
        )
        assert ran.returncode >= 0  # not ended by a signal

    def test_pyhanko_reads_the_file_and_never_confirms_it(self):
        pdf = sealed()
        reader = PdfFileReader(pades_world.BytesIO(pdf))
        assert len(reader.embedded_signatures) <= 1
        with pytest.raises(VerificationError):
            confirm(pdf, (world().signer.certificate, world().root.certificate), AT)

    def test_pdfium_and_mutool_draw_the_page(self, tmp_path):
        pdf = one_pass(seal_identity())
        with pypdfium2.PdfDocument(pdf) as document:
            image = document[0].render().to_pil()
        assert len(image.getcolors(1 << 20)) > 1
        file, out = tmp_path / "sealed.pdf", tmp_path / "page.png"
        file.write_bytes(pdf)
        ran = subprocess.run(
            [require_tool("mutool", "mupdf-tools"), "draw", "-o", str(out), str(file)],
            check=False,
            capture_output=True,
        )
        assert ran.returncode == 0, ran.stderr
        assert out.stat().st_size > 0

    def test_openssl_verifies_what_plain_slicing_finds(self, tmp_path):
        """From the file's bytes alone, without anything of the reader."""
        pdf = sealed()
        numbers = pdf.rsplit(b"/ByteRange [", 1)[1].split(b"]")[0]
        _, first, second, rest = map(int, numbers.split())
        protected = pdf[:first] + pdf[second : second + rest]
        gap = bytes.fromhex(pdf[first + 1 : second - 1].decode())
        size = 4 + int.from_bytes(gap[2:4], "big")
        assert gap[:2] == b"\x30\x82"
        assert not gap[size:].strip(b"\x00")
        tbs, certificate, _, value = der.children(gap[:size], der.SEQUENCE, 4, 4)
        openssl = OpenSSL(tmp_path)
        openssl.write("tbs", tbs)
        openssl.write("value", der.inner(value, der.BITS)[1:])
        openssl.write("cert.der", der.inner(certificate, der.OCTETS))
        openssl.write("protected", protected)
        made = openssl("x509 -inform DER -in cert.der -noout -pubkey -out key.pem")
        assert made.returncode == 0, made.stderr
        held = openssl(
            "dgst -sm3 -verify key.pem -sigopt distid:1234567812345678"
            " -signature value tbs"
        )
        assert held.stdout == b"Verified OK\n", held.stderr
        digest = openssl("dgst -sm3 -binary protected").stdout
        assert der.tlv(der.BITS, b"\x00", digest) in tbs
