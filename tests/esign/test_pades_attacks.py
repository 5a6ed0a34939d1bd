"""Attacks on the file and on its CMS: none may pass, anywhere."""

import contextlib
import hashlib
import re
from datetime import timedelta

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core as asn1_core
from asn1crypto import x509 as asn1_x509
from hypothesis import given, settings
from hypothesis import strategies as st

from esign import cms
from esign.errors import MalformedError
from esign.pades import (
    NoSealError,
    SealedPdf,
    SealIdentity,
    read,
    seal,
    validate,
)
from esign.verdict import Code
from tests.esign.pades_world import (
    AT,
    LATER,
    appearance,
    forged_cms,
    incremental_update,
    license_page,
    page,
    sealed,
    sealed_again,
    smallest,
    swapped,
    with_cms,
    with_gap,
    world,
)


def code_of(pdf, **changes):
    return validate(pdf, world().trust(**changes), LATER).code


# Attacks on the file.


def byte_range():
    start, end = read(sealed()).gap
    return b"[0 %d %d %d]" % (start, end, len(sealed()) - end)


def lying_range(*, signed):
    start, end = read(sealed()).gap
    lie = b"[0 %d %d %d]" % (start, end, len(sealed()) - end - 1)
    return swapped(byte_range(), lie.ljust(len(byte_range())), signed=signed)


def range_without_padding():
    spaces = byte_range() + b" " * (62 - len(byte_range()))
    return swapped(spaces, spaces[:-1] + b"\t")


def padding_junk():
    start, end = read(sealed()).gap
    digits = sealed()[start + 1 : end - 1]
    return with_gap(sealed(), digits[:-2] + b"01")


def upper_case():
    start, end = read(sealed()).gap
    return with_gap(sealed(), sealed()[start + 1 : end - 1].upper())


def gap_too_long():
    """More padding than any CMS needs, with numbers that agree with it."""
    start, end = read(sealed()).gap
    more = 2 * cms.MAX_CMS_BYTES
    grown = sealed()[: end - 1] + b"0" * more + sealed()[end - 1 :]
    table = int(re.search(rb"startxref\n([0-9]+)\n", sealed())[1])
    grown = grown.replace(
        b"startxref\n%d\n" % table, b"startxref\n%d\n" % (table + more)
    )
    old = re.search(rb"/ByteRange (\[[0-9 ]+\] *)\n", sealed())[1]
    new = b"[0 %d %d %d]" % (start, end + more, len(grown) - end - more)
    return grown.replace(old, new.ljust(len(old)))


def white_space_in_gap():
    start, end = read(sealed()).gap
    return with_gap(sealed(), sealed()[start + 1 : end - 2] + b" ")


def signature_not_last():
    """The same objects with the table's last two entries exchanged."""
    table = sealed().rindex(b"xref\n0 ", 0, sealed().rindex(b"startxref"))
    entries = sealed()[table : sealed().index(b"trailer")].split(b"\n")
    entries[-2], entries[-3] = entries[-3], entries[-2]
    return sealed_again(
        sealed()[:table] + b"\n".join(entries) + sealed()[sealed().index(b"trailer") :]
    )


def shorter_padding():
    start, end = read(sealed()).gap
    rest = len(sealed()) - end
    longer, shorter = (b"[0 %d %d %d]" % (start, end, rest - less) for less in (0, 1))
    assert len(longer) == len(shorter)
    at = sealed().rindex(b"xref\n0 ", 0, sealed().rindex(b"startxref"))
    return sealed_again(
        sealed()
        .replace(longer + b" ", shorter)
        .replace(b"startxref\n%d" % at, b"startxref\n%d" % (at - 1))
    )


def entry_off_by_one():
    at = sealed().index(b"\n2 0 obj") + 1
    return swapped(b"%010d 00000 n" % at, b"%010d 00000 n" % (at + 1))


def too_many_objects():
    entries = b"".join(b"%010d 00000 n \n" % number for number in range(10_001))
    head = b"%PDF-1.7\n%\xc2\xa5\xc2\xb1\xc3\xab\n/ByteRange\n"
    return (
        head
        + b"xref\n0 10002\n0000000000 65535 f \n"
        + entries
        + b"trailer\n<<\n/Root 1 0 R\n/ID [ <%b> <%b> ]\n" % ((b"0" * 32,) * 2)
        + b"/Size 10002\n>>\nstartxref\n%d\n%%%%EOF\n" % len(head)
    )


MALFORMED_FILES = {
    "a ByteRange with less padding": shorter_padding,
    "a table entry off by one": entry_off_by_one,
    "an object with another number": lambda: swapped(b"\n2 0 obj\n", b"\n3 0 obj\n"),
    "too many objects": too_many_objects,
    "too many bytes": lambda: sealed().ljust((32 << 20) + 1, b" "),
    "an object that does not end": lambda: swapped(
        b"endobj\n2 0 obj", b"endobk\n2 0 obj"
    ),
    "a stream that does not begin": lambda: swapped(b">>\nstream\n", b">>\nstrean\n"),
    "a last object of another kind": lambda: swapped(b"/Contents <", b"/Contentt <"),
    "a table that starts behind the end": lambda: re.sub(
        rb"startxref\n\d+", b"startxref\n99999", sealed()
    ),
    "one byte after the end": lambda: sealed() + b"\n",
    "a second end": lambda: sealed() + b"%%EOF\n",
    "an object after the end, no table": lambda: (
        sealed() + b"4 0 obj\n<<\n/Type /Page\n>>\nendobj\n"
    ),
    "an incremental update": incremental_update,
    "a byte before the header": lambda: b"\n" + sealed(),
    "another header": lambda: sealed().replace(b"%PDF-1.7", b"%PDF-1.6"),
    "the last byte missing": lambda: sealed()[:-1],
    "junk in the padding": padding_junk,
    "upper-case hexadecimal": upper_case,
    "white space in the gap": white_space_in_gap,
    "a gap longer than any CMS": gap_too_long,
    "an empty CMS": lambda: with_cms(sealed(), b""),
    "another SubFilter": lambda: swapped(
        b"/SubFilter /ETSI.CAdES.detached", b"/SubFilter /ETSI.CAdES.detachee"
    ),
    "an older SubFilter": lambda: swapped(
        b"/SubFilter /ETSI.CAdES.detached", b"/SubFilter /adbe.pkcs7.detached"
    ),
    "another permission": lambda: swapped(b"/V /1.2\n/P 1\n", b"/V /1.2\n/P 3\n"),
    "an instant in no calendar": lambda: swapped(b"20261121080000", b"20261321080000"),
    "two signature fields": lambda: swapped(b"\n/ZZ /Sig\n", b"\n/FT /Sig\n"),
    "no signature field": lambda: swapped(b"\n/FT /Sig\n", b"\n/FU /Sig\n"),
    "a second ByteRange": lambda: swapped(b"/ByteRangf 1", b"/ByteRange 1"),
    "an Encrypt entry": lambda: swapped(b"/Encrypu 1", b"/Encrypt 1"),
    "an object stream": lambda: swapped(b"/ObjStn 1", b"/ObjStm 1"),
    "a field that points elsewhere": lambda: swapped(b"\n/V 7 0 R\n", b"\n/V 6 0 R\n"),
    "permissions that point elsewhere": lambda: swapped(
        b"\n/DocMDP 7 0 R\n", b"\n/DocMDP 6 0 R\n"
    ),
    "a ByteRange that lies": lambda: lying_range(signed=False),
    "a ByteRange that lies and is signed": lambda: lying_range(signed=True),
    "a ByteRange with other white space": range_without_padding,
    "a signature that is not last": signature_not_last,
    "a wrong size in the trailer": lambda: swapped(b"/Size 8", b"/Size 9"),
    "a previous table": lambda: swapped(b"/Root 1 0 R", b"/Prev 1 0 R"),
    "not a PDF": lambda: b"PK\x03\x04",
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("name", MALFORMED_FILES)
def test_a_file_outside_the_profile_is_malformed(name):
    data = MALFORMED_FILES[name]()
    assert data != sealed()
    with pytest.raises(MalformedError):
        read(data)
    for asked in (True, False):
        report = validate(data, world().trust(), LATER, second_engine=asked)
        assert report.code is Code.MALFORMED
        assert report.seal is None


def test_the_forger_of_these_tests_can_make_a_file_that_passes():
    assert code_of(sealed_again(sealed())) is Code.VALID
    assert code_of(with_cms(sealed(), forged_cms(lambda _: None))) is Code.VALID


@pytest.mark.parametrize("data", [page(), appearance().art, b"%PDF-1.4\n"])
def test_a_pdf_without_a_seal_is_unsupported(data):
    with pytest.raises(NoSealError):
        read(data)
    report = validate(data, world().trust(), LATER)
    assert report.code is Code.UNSUPPORTED
    assert report.seal is None


def test_a_changed_page_has_a_bad_signature():
    data = swapped(b"/MediaBox [ 0 0 200", b"/MediaBox [ 0 0 201", signed=False)
    report = validate(data, world().trust(), LATER)
    assert report.code is Code.BAD_SIGNATURE
    assert report.seal is None


def test_a_changed_instant_has_a_bad_signature():
    data = swapped(b"20261121080000", b"20261122080000", signed=False)
    assert code_of(data) is Code.BAD_SIGNATURE


# Attacks with the seal's own key, stolen.


def stolen(at, **changes):
    """Whoever holds the key seals a page of their own and writes any instant."""
    data = seal(license_page(), world().identity, at=at)
    theft = AT + timedelta(days=1)
    trust = world().trust(compromised_from=theft)
    return validate(data, trust, LATER, **changes)


def test_a_seal_by_a_stolen_key_back_dated_to_before_the_theft_gives_no_answer():
    for evidence in (None, LATER):  # a timestamp of today is all that they can get
        report = stolen(AT, evidence_before=evidence)
        assert report.code is Code.KEY_COMPROMISED


def test_a_seal_by_a_stolen_key_with_its_true_instant_gives_no_answer():
    report = stolen(AT + timedelta(days=2))
    assert report.code is Code.KEY_COMPROMISED


# Attacks on the CMS; each is signed anew by the seal's own key.


def signer_info(signed_data):
    return signed_data["signer_infos"][0]


def without_attribute(kind):
    def change(signed_data):
        signer_info(signed_data)["signed_attrs"] = asn1_cms.CMSAttributes(
            [
                a
                for a in signer_info(signed_data)["signed_attrs"]
                if a["type"].native != kind
            ]
        )

    return change


def with_attribute(name, kind, value):
    def change(signed_data):
        attributes = signer_info(signed_data)[name]
        kept = list(attributes) if len(attributes) else []
        added = asn1_cms.CMSAttribute({"type": kind, "values": [value]})
        signer_info(signed_data)[name] = asn1_cms.CMSAttributes([*kept, added])

    return change


def no_attributes(signed_data):
    del signer_info(signed_data)["signed_attrs"]


def wrong_certificate_hash(signed_data):
    for attribute in signer_info(signed_data)["signed_attrs"]:
        if attribute["type"].native == "signing_certificate_v2":
            certificate = attribute["values"][0]["certs"][0]
            certificate["cert_hash"] = hashlib.sha256(b"other").digest()


def with_content(signed_data):
    signed_data["encap_content_info"] = {"content_type": "data", "content": b"page"}


def two_signers(signed_data):
    only = signer_info(signed_data)
    signed_data["signer_infos"] = asn1_cms.SignerInfos([only, only.copy()])


def extra_certificate(signed_data):
    root = asn1_x509.Certificate.load(world().authority.root_certificate)
    signed_data["certificates"].append(
        asn1_cms.CertificateChoices({"certificate": root})
    )


def version_three(signed_data):
    signed_data["version"] = "v3"


def other_digest_algorithm(signed_data):
    signed_data["digest_algorithms"][0]["algorithm"] = "sha512"


MALFORMED_CMS = {
    "content inside": with_content,
    "no signed attributes": no_attributes,
    "no content-type": without_attribute("content_type"),
    "no message-digest": without_attribute("message_digest"),
    "no signing-certificate-v2": without_attribute("signing_certificate_v2"),
    "another certificate's hash": wrong_certificate_hash,
    "two signers": two_signers,
    "an attribute more": with_attribute(
        "signed_attrs",
        "signing_time",
        asn1_cms.Time({"utc_time": AT}),
    ),
    "an unsigned attribute": with_attribute(
        "unsigned_attrs", "1.2.3.4", asn1_core.Any(asn1_core.Null())
    ),
    "another version": version_three,
    "another digest algorithm": other_digest_algorithm,
}


@pytest.mark.parametrize("name", MALFORMED_CMS)
def test_a_cms_of_another_shape_is_malformed(name):
    content = forged_cms(MALFORMED_CMS[name])
    assert content != read(sealed()).content
    for asked in (True, False):
        pdf = with_cms(sealed(), content)
        report = validate(pdf, world().trust(), LATER, second_engine=asked)
        assert report.code is Code.MALFORMED
        assert report.seal is None


def test_a_certificate_more_is_not_authorized():
    content = forged_cms(extra_certificate)
    assert code_of(with_cms(sealed(), content)) is Code.NOT_AUTHORIZED


# Keys that are no seal's, with a grant of their own.


def authoritys(name):
    """Return root or CA as whoever seals, and a grant for it."""
    authority = world().authority
    return {
        "the root": SealIdentity(authority.root, authority.root_certificate, ()),
        "the CA": SealIdentity(authority.issuing, authority.issuing_certificate, ()),
    }[name]


@pytest.mark.parametrize("name", ["the root", "the CA"])
def test_the_key_of_an_authority_seals_nothing_even_where_it_is_granted(name):
    identity = authoritys(name)
    data = seal(page(), identity, at=AT)
    grant = world().grant(certificates=(identity.certificate,), organization="")
    trust = {hashlib.sha256(identity.certificate).digest(): grant}
    for asked in (True, False):
        report = validate(data, trust, LATER, second_engine=asked)
        assert report.code is Code.NOT_AUTHORIZED
        (refused,) = (check for check in report.checks if check.code is not None)
        assert refused.id == "seal-authority"


# Properties.


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_a_value_or_malformed(data):
    for attempt in (data, b"%PDF-1.7\n/ByteRange" + data, sealed() + data):
        with contextlib.suppress(MalformedError):
            assert isinstance(read(attempt), SealedPdf)
        report = validate(attempt, world().trust(), LATER, second_engine=False)
        assert attempt == sealed() or report.code is not Code.VALID


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_edit_of_a_sealed_pdf_never_passes(data):
    start = data.draw(st.integers(0, len(sealed())))
    end = data.draw(st.integers(start, min(len(sealed()), start + 64)))
    edit = data.draw(st.binary(max_size=64))
    edited = sealed()[:start] + edit + sealed()[end:]
    report = validate(edited, world().trust(), LATER, second_engine=False)
    assert edited == sealed() or report.code is not Code.VALID


SHARDS = 16


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_edit_of_one_byte_passes_anywhere_in_the_smallest_seal(shard):
    data, trust = smallest()
    passed = []
    for offset in range(shard, len(data) + 1, SHARDS):
        head, tail = data[:offset], data[offset:]
        edits = [head + byte + tail for byte in (b"\x00", b" ", b"\xff")]
        if tail:
            edits += [
                head + bytes((tail[0] ^ 1 << bit,)) + tail[1:] for bit in range(8)
            ]
            edits.append(head + tail[1:])
        passed += [
            offset
            for edit in edits
            if edit != data
            and validate(edit, trust, LATER, second_engine=False).code is Code.VALID
        ]
    assert passed == []
