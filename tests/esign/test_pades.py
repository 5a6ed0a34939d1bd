"""Sealing, validating, and who may seal when."""

import asyncio
import hashlib
import logging
import re
import subprocess
from datetime import timedelta, timezone
from io import BytesIO

import pikepdf
import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from esign import cms, pades
from esign.authority import DevelopmentAuthority
from esign.certificates import load
from esign.errors import MalformedError, UnavailableError, VerificationError
from esign.pades import (
    SealAppearance,
    SealIdentity,
    SealRequest,
    seal,
    second_engine,
    validate,
)
from esign.pades.read import MAX_DICTIONARY_BYTES
from esign.verdict import Code, Indication
from tests.esign.pades_world import (
    AT,
    ATTACHMENTS,
    CODE,
    DAYS,
    LATER,
    OTHER_CODE,
    XMP,
    World,
    appearance,
    incremental_update,
    license_page,
    page,
    sealed,
    smallest,
    swapped,
    with_cms,
    world,
)
from tests.support import require_tool

IDS = (
    "seal-format",
    "seal-trust",
    "seal-signature",
    "seal-authority",
    "seal-key",
    "seal-second-engine",
)


def code_of(pdf, **changes):
    report = validate(pdf, world().trust(**changes), LATER)
    assert tuple(check.id for check in report.checks) == IDS
    return report.code


def license_pdf():
    return seal(
        license_page(),
        world().identity,
        at=AT,
        appearance=appearance(),
        request=SealRequest("示例市行政审批局", "示例市", "发证"),
    )


# What passes.


def test_a_sealed_license_passes_every_check_and_names_its_seal():
    report = validate(license_pdf(), world().trust(), LATER)
    assert report.code is Code.VALID
    assert [check.indication for check in report.checks] == [Indication.PASSED] * 6
    assert report.seal == pades.Seal(AT, world().certificate, "示例市行政审批局", CODE)


def test_the_smallest_pdf_passes():
    data, trust = smallest()
    assert validate(data, trust, LATER).code is Code.VALID


def test_the_same_arguments_give_the_same_bytes():
    assert license_pdf() == license_pdf()


def test_another_instant_gives_another_document_id():
    later = seal(page(), world().identity, at=AT + timedelta(seconds=1))
    earlier = seal(page(), world().identity, at=AT)
    assert pikepdf.open(BytesIO(later)).trailer.ID[0] != bytes(
        pikepdf.open(BytesIO(earlier)).trailer.ID[0]
    )


def test_the_instant_is_written_in_utc():
    elsewhere = AT.astimezone(timezone(timedelta(hours=8)))
    assert seal(page(), world().identity, at=elsewhere) == seal(
        page(), world().identity, at=AT
    )


def test_attachments_and_metadata_are_kept_byte_by_byte():
    data = license_pdf()
    document = pikepdf.open(BytesIO(data))
    for name, content in ATTACHMENTS.items():
        assert document.attachments[name].get_file().read_bytes() == content
        assert content in data
    assert document.Root.Metadata.read_bytes() == XMP
    original = pikepdf.open(BytesIO(license_page()))
    assert original.docinfo.Title == "untitled"
    assert repr(document.docinfo) == repr(original.docinfo)


def test_it_is_one_revision_in_a_classic_form_and_not_pdf_2():
    data = license_pdf()
    document = pikepdf.open(BytesIO(data))
    assert data.startswith(b"%PDF-1.7\n")
    assert "/Version" not in document.Root
    assert "/Extensions" not in document.Root
    assert document.Root.Perms.DocMDP.Type == pikepdf.Name.Sig
    assert PdfFileReader(BytesIO(data)).xrefs.total_revisions == 1


def test_the_seal_is_a_locked_printed_widget_that_carries_the_drawing():
    document = pikepdf.open(BytesIO(license_pdf()))
    (widget,) = document.pages[0].Annots
    assert widget.F == 4 | 128
    assert [float(value) for value in widget.Rect] == [20, 20, 140.5, 140.5]
    assert list(widget.AP.keys()) == ["/N"]
    assert b"1 0 0 rg" in widget.AP.N.read_bytes()


def test_without_an_appearance_the_field_has_no_size_and_no_drawing():
    document = pikepdf.open(BytesIO(sealed()))
    (widget,) = document.pages[0].Annots
    assert [int(value) for value in widget.Rect] == [0, 0, 0, 0]
    assert "/AP" not in widget


def test_qpdf_and_pdfsig_agree(tmp_path):
    qpdf = require_tool("qpdf", "qpdf")
    pdfsig = require_tool("pdfsig", "poppler-utils")
    path = tmp_path / "sealed.pdf"
    path.write_bytes(license_pdf())
    checked = subprocess.run([qpdf, "--check", path], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout
    assert b"No syntax or stream encoding errors" in checked.stdout
    shown = subprocess.run([pdfsig, path], capture_output=True, check=False)
    assert shown.stdout.count(b"Signature is Valid.") == 1
    assert b"Total document signed" in shown.stdout
    assert b"ETSI.CAdES.detached" in shown.stdout


def test_pyhanko_agrees():
    (signature,) = PdfFileReader(BytesIO(license_pdf())).embedded_signatures
    roots = [asn1_x509.Certificate.load(der) for der in world().authority.roots]
    status = validate_pdf_signature(
        signature, ValidationContext(trust_roots=roots, moment=AT)
    )
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert status.modification_level is ModificationLevel.NONE


def test_validating_works_inside_a_running_event_loop_and_stays_silent(caplog, capfd):
    async def inside():
        return validate(sealed(), world().trust(), LATER)

    with caplog.at_level(logging.DEBUG):
        assert asyncio.run(inside()).code is Code.VALID
    assert not [r for r in caplog.records if r.name.startswith("pyhanko")]
    assert capfd.readouterr() == ("", "")


def test_leaving_out_the_second_engine_is_told():
    report = validate(sealed(), world().trust(), LATER, second_engine=False)
    assert report.code is Code.VALID
    assert report.checks[-1].indication is Indication.NOT_CHECKED


def test_a_report_is_not_a_truth_value():
    with pytest.raises(TypeError):
        bool(validate(sealed(), {}, LATER))


def test_annotations_that_are_there_already_are_kept():
    link = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 1, 1]
    )
    source = page_with("/Annots", pikepdf.Array([link]))
    document = pikepdf.open(BytesIO(seal(source, world().identity, at=AT)))
    kinds = [annotation.Subtype for annotation in document.pages[0].Annots]
    assert kinds == [pikepdf.Name.Link, pikepdf.Name.Widget]


# The second engine by itself: what it must refuse.


def confirm(pdf, roots=None):
    own = world()
    certificates = (own.certificate, *own.authority.chain)
    second_engine.confirm(pdf, (*certificates, *(roots or own.authority.roots)), AT)


REFUSED_BY_PYHANKO = {
    "no PDF": (lambda: b"hello", "pyHanko stopped"),
    "no signature": (page, "pyHanko finds 0 signatures"),
    "another SubFilter": (
        lambda: swapped(
            b"/SubFilter /ETSI.CAdES.detached", b"/SubFilter /adbe.pkcs7.detached"
        ),
        "pyHanko finds another SubFilter",
    ),
    "a changed page": (
        lambda: swapped(b"[ 0 0 200", b"[ 0 0 201", signed=False),
        "not intact",
    ),
    "a second end": (lambda: sealed() + b"\n%%EOF\n", "pyHanko stopped"),
    "bytes behind the end": (lambda: sealed() + b"1", "not the entire file"),
}


def test_the_second_engine_refuses_an_incremental_update():
    with pytest.raises(VerificationError, match="not the entire file"):
        confirm(incremental_update())


@pytest.mark.parametrize("name", REFUSED_BY_PYHANKO)
def test_the_second_engine_refuses(name):
    make, reason = REFUSED_BY_PYHANKO[name]
    confirm(sealed())
    with pytest.raises(VerificationError, match=reason):
        confirm(make())


def test_the_second_engine_refuses_another_root():
    with pytest.raises(VerificationError, match="not trusted"):
        confirm(sealed(), World().authority.roots)


# Roots of strangers, and names that the second engine cannot read.


def forged_root(*extensions, name=None, public=None, key=None):
    """Return a root of any name and key, signed by nobody who matters."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    subject = name or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "M")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public or own.public_key())
        .serial_number(1)
        .not_valid_before(AT)
        .not_valid_after(AT + timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(CA_USAGE, critical=True)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    made = builder.sign(own, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


def garbage(oid):
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\xff\xff")


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


CA_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
OWN_ROOT = load(world().authority.root_certificate)
ROOT_KEY = OWN_ROOT.public_key()
FOREIGN_ROOTS = {
    "a character of Unicode 8": {"name": named("\u9fcd")},
    "a character of Unicode 13": {"name": named("\U00030edd")},
    "a newer sign of a currency": {"name": named("\u20bf")},
    "a character for private use": {"name": named("\ue000")},
    "a subjectKeyIdentifier that is none": {"extensions": [garbage("2.5.29.14")]},
    "an authorityKeyIdentifier that is none": {"extensions": [garbage("2.5.29.35")]},
    "a subjectAltName that is none": {"extensions": [garbage("2.5.29.17")]},
    "our root's name and key, and garbage": {
        "name": OWN_ROOT.subject,
        "public": ROOT_KEY,
        "extensions": [garbage("2.5.29.14"), garbage("2.5.29.17")],
    },
    "our root's name": {"name": OWN_ROOT.subject},
    "an RSA key": {"key": rsa.generate_private_key(65537, 2048)},
}


@pytest.mark.filterwarnings("ignore:.*")  # the library's own, about such certificates
@pytest.mark.parametrize("name", FOREIGN_ROOTS)
def test_a_root_of_somebody_else_never_matters(name):
    given = dict(FOREIGN_ROOTS[name])
    foreign = forged_root(*given.pop("extensions", ()), **given)
    own = world().authority.roots
    for roots in ((foreign, *own), (*own, foreign)):
        report = validate(sealed(), world().trust(roots=roots), LATER)
        assert report.code is Code.VALID
        assert report.checks[-1].indication is Indication.PASSED


NEW_NAMES = {
    "of the department": lambda: World(name="\u9fcd县行政审批局"),
    "of the CAs": lambda: World(authority=DevelopmentAuthority.create("\u20bf", AT)),
}


@pytest.mark.parametrize("name", NEW_NAMES)
def test_a_name_that_the_second_engine_cannot_read_is_no_bad_signature(name):
    own = NEW_NAMES[name]()
    pdf = sealed_by(own)
    report = validate(pdf, own.trust(), LATER)
    assert report.code is Code.VALID
    assert report.checks[-1].indication is Indication.NOT_CHECKED
    assert "cannot read a name" in report.checks[-1].detail
    # It is the engine's own limit indeed, and nothing else is let through by it.
    with pytest.raises(VerificationError, match=r"pyHanko (stopped|does not agree)"):
        second_engine.confirm(
            pdf, (own.certificate, *own.authority.chain, *own.authority.roots), AT
        )
    edited = pdf.replace(b"/ZZ /Sig", b"/ZY /Sig")
    assert edited != pdf
    assert validate(edited, own.trust(), LATER).code is Code.BAD_SIGNATURE


def sealed_by(own):
    """Return the sealed page with a seal of another world in its gap."""
    digest = pades.read(sealed()).digest
    signature = own.signer.sign(cms.signed_attributes(own.certificate, digest))
    members = (own.certificate, *own.authority.chain)
    content = cms.SignedData(own.certificate, members, digest, signature)
    return with_cms(sealed(), cms.build(content))


def test_the_seals_of_these_tests_are_good_ones_for_the_second_engine():
    own = World()
    report = validate(sealed_by(own), own.trust(), LATER)
    assert report.checks[-1].indication is Indication.PASSED


READABLE = {
    "of Unicode 3.2": ("示例市\U0002a6d6", True),
    "that is folded to one of Unicode 3.2": ("\u1e9e", True),
    "of Unicode 5.2": ("\u9fc4", False),
    "of Unicode 8": ("\U0002b820", False),
}


@pytest.mark.parametrize("name", READABLE)
def test_it_is_known_beforehand_which_names_the_second_engine_reads(name):
    text, readable = READABLE[name]
    der = forged_root(name=named(text))
    assert second_engine.can_read_names([der]) is readable
    subject = asn1_x509.Certificate.load(der).subject
    if readable:
        assert subject.hashable
    else:
        with pytest.raises(ValueError, match="unassigned"):
            _ = subject.hashable


def test_a_name_with_bits_in_it_has_no_characters_to_read():
    bits = x509.NameAttribute(
        NameOID.X500_UNIQUE_IDENTIFIER, b"\x00\xff", x509.name._ASN1Type.BitString
    )
    assert second_engine.can_read_names([forged_root(name=x509.Name([bits]))])


# What sealing refuses.


def test_a_cms_that_does_not_fit_is_an_error():
    request = SealRequest(reserved_bytes=1000)
    with pytest.raises(ValueError, match="the gap holds 1000"):
        seal(page(), world().identity, at=AT, request=request)


WRONG_CALLS = {
    "a naive instant": {"at": AT.replace(tzinfo=None)},
    "a fraction of a second": {"at": AT.replace(microsecond=1)},
    "a page that is not there": {
        "appearance": SealAppearance(1, (0, 0, 1, 1), appearance().art)
    },
    "a box without width": {
        "appearance": SealAppearance(0, (5, 0, 5, 1), appearance().art)
    },
    "a drawing of two pages": {"appearance": SealAppearance(0, (0, 0, 1, 1), b"%two%")},
    "a box that is not a number": {
        "appearance": SealAppearance(0, (0, 0, float("inf"), 1), appearance().art)
    },
    "a name that is too long": {"request": SealRequest(name="长" * 251)},
    "too much room": {"request": SealRequest(reserved_bytes=32769)},
    "no room": {"request": SealRequest(reserved_bytes=0)},
}


def two_pages():
    document = pikepdf.open(BytesIO(appearance().art))
    document.add_blank_page()
    out = BytesIO()
    document.save(out)
    return out.getvalue()


@pytest.mark.parametrize("name", WRONG_CALLS)
def test_misuse_of_seal_is_a_value_error(name):
    arguments = {"at": AT} | WRONG_CALLS[name]
    if name == "a drawing of two pages":
        arguments["appearance"] = SealAppearance(0, (0, 0, 1, 1), two_pages())
    with pytest.raises(ValueError):  # noqa: PT011  each has its own text
        seal(page(), world().identity, **arguments)


def test_a_key_that_is_not_in_the_certificate_is_refused():
    identity = SealIdentity(World().signer, world().certificate, ())
    with pytest.raises(ValueError, match="not the one in the seal's certificate"):
        seal(page(), identity, at=AT)


def test_the_longest_texts_fit():
    longest = "\U00020bb7" * 250
    request = SealRequest(name=longest, location=longest, reason=longest)
    data = seal(page(), world().identity, at=AT, request=request)
    assert code_of(data) is Code.VALID


class FailingSigner:
    """A device that is gone, or that returns another message's signature."""

    public_key = world().signer.public_key

    def __init__(self, gone):
        self.gone = gone

    def sign(self, message):
        if self.gone:
            raise UnavailableError("the device is gone")
        return world().signer.sign(message + b"?")


@pytest.mark.parametrize(
    ("gone", "error"), [(True, UnavailableError), (False, VerificationError)]
)
def test_a_failing_signer_is_told_as_what_it_is(gone, error):
    identity = SealIdentity(FailingSigner(gone), world().certificate, ())
    with pytest.raises(error):
        seal(page(), identity, at=AT)


def page_with(key, value):
    document = pikepdf.open(BytesIO(page()))
    document.pages[0].obj[key] = value
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def encrypted():
    document = pikepdf.open(BytesIO(page()))
    out = BytesIO()
    document.save(out, encryption=pikepdf.Encryption(owner="1", user=""))
    return out.getvalue()


NOT_SEALABLE = {
    "an encrypted PDF": encrypted,
    "no PDF": lambda: b"hello",
    "nothing": lambda: b"",
    "a sealed PDF": sealed,
    "a PDF cut in half": lambda: page()[: len(page()) // 2],
    "a second signature field": lambda: page_with("/FT", pikepdf.Name.Sig),
    "a script": lambda: page_with("/JS", pikepdf.String("app.alert(1)")),
}


@pytest.mark.parametrize("name", NOT_SEALABLE)
def test_what_is_not_fit_for_sealing_is_malformed(name):
    with pytest.raises(MalformedError):
        seal(NOT_SEALABLE[name](), world().identity, at=AT)


# Who sealed, and when.


def test_nothing_passes_without_trust():
    report = validate(sealed(), {}, LATER)
    assert report.code is Code.UNKNOWN_ISSUER
    assert report.seal is None
    assert report.checks[2].indication is Indication.NOT_CHECKED


def test_an_unknown_seal_on_a_changed_file_is_told_as_both():
    data = swapped(b"/MediaBox [ 0 0 200", b"/MediaBox [ 0 0 201", signed=False)
    report = validate(data, {}, LATER)
    assert report.code is Code.UNKNOWN_ISSUER
    assert report.checks[2].code is Code.BAD_SIGNATURE


def test_a_self_made_certificate_with_the_same_names_is_unknown():
    forger = World(authority=DevelopmentAuthority.create("示例市", AT))
    data = seal(page(), forger.identity, at=AT)
    assert code_of(data) is Code.UNKNOWN_ISSUER
    granted = forger.trust(roots=world().authority.roots)
    assert validate(data, granted, LATER).code is Code.NOT_AUTHORIZED


def test_the_root_key_cannot_seal():
    authority = world().authority
    identity = SealIdentity(authority.root, authority.root_certificate, ())
    data = seal(page(), identity, at=AT)
    name = hashlib.sha256(authority.root_certificate).digest()
    grant = world().grant(certificates=(authority.root_certificate,), organization="")
    assert validate(data, {name: grant}, LATER).code is Code.NOT_AUTHORIZED


def test_another_departments_seal_is_told_by_its_code():
    other = World(OTHER_CODE, world().authority)
    data = seal(page(), other.identity, at=AT)
    trust = world().trust() | other.trust()
    report = validate(data, trust, LATER)
    assert report.code is Code.VALID
    assert report.seal is not None
    assert report.seal.code == OTHER_CODE
    wrong = world().trust() | other.trust(organization=CODE)
    assert validate(data, wrong, LATER).code is Code.NOT_AUTHORIZED


ONE = timedelta(seconds=1)
PERIODS = {
    "on the first instant": ({"signs_from": AT}, Code.VALID),
    "a second before the first": ({"signs_from": AT + ONE}, Code.NOT_AUTHORIZED),
    "a second before the end": (
        {"signs_until": AT + ONE, "destroyed": True},
        Code.VALID,
    ),
    "at the end": ({"signs_until": AT}, Code.NOT_AUTHORIZED),
    "no root at all": ({"roots": ()}, Code.NOT_AUTHORIZED),
    "another root": (
        {"roots": DevelopmentAuthority.create("示例市", AT).roots},
        Code.NOT_AUTHORIZED,
    ),
    "a certificate less in the grant": (
        {"certificates": (world().certificate,)},
        Code.NOT_AUTHORIZED,
    ),
    "a certificate more in the grant": (
        {
            "certificates": (
                world().certificate,
                *world().authority.chain,
                *world().authority.roots,
            )
        },
        Code.NOT_AUTHORIZED,
    ),
}


@pytest.mark.parametrize("name", PERIODS)
def test_the_grant_decides(name):
    changes, expected = PERIODS[name]
    report = validate(sealed(), world().trust(**changes), LATER)
    assert report.code is expected
    assert report.seal is not None


# Whose key it was. The file was sealed at AT and is checked at LATER.

STOLEN = AT + timedelta(days=1)
IS_STOLEN = {"compromised_from": STOLEN}
IS_RETIRED = {"signs_until": STOLEN}
GOOD_KEYS = {
    "a key in use": ({}, None),
    "a key in use, with needless evidence": ({}, LATER),
    "a stolen key, evidence a second older": (IS_STOLEN, STOLEN - ONE),
    "a retired key, evidence a second older": (IS_RETIRED, STOLEN - ONE),
    "a retired key that was stolen too, evidence older than both": (
        IS_STOLEN | IS_RETIRED,
        AT,
    ),
    "a retired key that is destroyed": (IS_RETIRED | {"destroyed": True}, None),
    "a key that retires a second after the check": ({"signs_until": LATER + ONE}, None),
    "a destroyed key that was stolen, evidence a second older": (
        IS_STOLEN | {"signs_until": LATER, "destroyed": True},
        STOLEN - ONE,
    ),
}
DOUBTFUL_KEYS = {
    "a stolen key, without evidence": (IS_STOLEN, None),
    "a stolen key, evidence from the instant of the theft": (IS_STOLEN, STOLEN),
    "a stolen key, evidence from after the theft": (IS_STOLEN, STOLEN + ONE),
    "sealed in the instant of the theft": ({"compromised_from": AT}, None),
    "sealed in the instant of the theft, older evidence": (
        {"compromised_from": AT},
        AT - ONE,
    ),
    "said to be sealed after the theft, older evidence": (
        {"compromised_from": AT - ONE},
        AT - 2 * ONE,
    ),
    "a stolen key that was destroyed later": (
        IS_STOLEN | {"signs_until": LATER, "destroyed": True},
        None,
    ),
    "a retired key without attestation": (IS_RETIRED, None),
    "a retired key, evidence from the instant of its end": (IS_RETIRED, STOLEN),
    "a key that retires in the instant of the check": ({"signs_until": LATER}, None),
    "a retired key, stolen earlier, evidence from between": (
        {"compromised_from": STOLEN, "signs_until": STOLEN + 2 * ONE},
        STOLEN + ONE,
    ),
    "a stolen key, retired earlier, evidence from between": (
        {"compromised_from": STOLEN + 2 * ONE, "signs_until": STOLEN},
        STOLEN + ONE,
    ),
}


@pytest.mark.parametrize(("grant", "evidence"), GOOD_KEYS.values(), ids=GOOD_KEYS)
def test_a_key_that_only_its_organ_can_have_used_passes(grant, evidence):
    trust = world().trust(**grant)
    report = validate(sealed(), trust, LATER, evidence_before=evidence)
    assert report.code is Code.VALID
    assert {check.indication for check in report.checks} == {Indication.PASSED}


@pytest.mark.parametrize(
    ("grant", "evidence"), DOUBTFUL_KEYS.values(), ids=DOUBTFUL_KEYS
)
def test_a_key_that_others_may_have_used_gives_no_answer(grant, evidence):
    trust = world().trust(**grant)
    report = validate(sealed(), trust, LATER, evidence_before=evidence)
    codes = {check.id: check.code for check in report.checks if check.code}
    assert codes == {"seal-key": Code.KEY_COMPROMISED}
    assert report.code.indication is Indication.INDETERMINATE
    assert report.checks[-1].indication is Indication.PASSED
    assert report.seal is not None
    assert "示例" not in report.checks[4].detail


OTHER_REFUSALS = {
    "outside the period": (sealed, {"signs_until": AT}, Code.NOT_AUTHORIZED),
    "another organ's": (sealed, {"organization": OTHER_CODE}, Code.NOT_AUTHORIZED),
    "changed": (
        lambda: swapped(b"[ 0 0 200", b"[ 0 0 201", signed=False),
        {},
        Code.BAD_SIGNATURE,
    ),
}


@pytest.mark.parametrize("name", OTHER_REFUSALS)
def test_a_stolen_key_does_not_hide_another_refusal(name):
    make, changes, expected = OTHER_REFUSALS[name]
    report = validate(make(), world().trust(**IS_STOLEN, **changes), LATER)
    assert report.checks[4].code is Code.KEY_COMPROMISED
    assert report.code is expected
    assert report.checks[-1].indication is Indication.NOT_CHECKED


def test_without_trust_nothing_is_said_of_the_key():
    for report in (validate(sealed(), {}, LATER), validate(b"", {}, LATER)):
        assert tuple(check.id for check in report.checks) == IDS
        assert report.checks[4].indication is Indication.NOT_CHECKED


def test_sealed_in_the_future_is_not_authorized():
    before = validate(sealed(), world().trust(), AT - ONE)
    assert before.code is Code.NOT_AUTHORIZED
    assert validate(sealed(), world().trust(), AT).code is Code.VALID


def test_a_certificate_must_be_valid_when_it_seals_not_when_it_is_checked():
    end = AT + timedelta(days=700)
    at_end = seal(page(), world().identity, at=end)
    after = seal(page(), world().identity, at=end + ONE)
    checked = end + timedelta(days=5000)
    assert validate(at_end, world().trust(), checked).code is Code.VALID
    assert validate(after, world().trust(), checked).code is Code.NOT_AUTHORIZED


def test_a_naive_instant_of_checking_is_misuse():
    with pytest.raises(ValueError, match="aware"):
        validate(sealed(), {}, AT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="aware"):
        validate(sealed(), {}, AT, evidence_before=AT.replace(tzinfo=None))


def test_a_dictionary_larger_than_the_limit_is_refused_before_any_library_sees_it():
    pdf = license_pdf()
    at = pdf.index(b"/Type /Catalog")
    room = MAX_DICTIONARY_BYTES
    grown = pdf[:at] + b"[" * room + pdf[at:]
    table = grown.rindex(b"xref\n0 ")
    moved = re.sub(
        rb"(?m)^([0-9]{10}) 00000 n $",
        lambda entry: b"%010d 00000 n " % (int(entry[1]) + room * (int(entry[1]) > at)),
        grown[table:],
    )
    moved = re.sub(
        rb"startxref\n[0-9]+", b"startxref\n%d" % (grown.rindex(b"xref\n0 ")), moved
    )
    with pytest.raises(MalformedError, match="too much beside its stream"):
        pades.read(grown[:table] + moved)


# What can be reached of a file that was read.


def test_every_object_can_be_reached_by_its_number():
    found = pades.read(license_pdf())
    document = pikepdf.open(BytesIO(license_pdf()))
    for number in range(1, len(found.starts)):
        item = document.get_object(number, 0)
        if isinstance(item, pikepdf.Stream):
            text, data = found.stream(number)
            assert data == item.read_raw_bytes()
            with pytest.raises(MalformedError, match="is a stream"):
                found.dictionary(number)
        else:
            text = found.dictionary(number)
            with pytest.raises(MalformedError, match="not a stream"):
                found.stream(number)
        assert text.startswith(b"<<\n")
        assert text.endswith(b"\n>>")


@pytest.mark.parametrize("number", [-1, 0, 10**9])
def test_an_object_that_is_not_there_is_malformed(number):
    found = pades.read(sealed())
    for reach in (found.dictionary, found.stream):
        with pytest.raises(MalformedError, match="there is no object"):
            reach(number)
    with pytest.raises(MalformedError):
        found.dictionary(len(found.starts))


def respelled(old, new):
    """Return the license's file with other text in place of some, as long as it."""
    data = license_pdf()
    assert len(old) == len(new)
    assert old in data
    return data.replace(old, new, 1)


RESPELLED = {
    "a stream shorter than it states": (
        lambda: respelled(
            b"/Length %d\n" % len(ATTACHMENTS["payload.cose"]), b"/Length 999\n"
        ),
        "length it states",
    ),
    "a comment": (
        lambda: respelled(b"/Type /Catalog\n", b"/Type /Catal%g\n"),
        "comment",
    ),
    "a tab": (lambda: respelled(b"/Type /Catalog\n", b"/Type\t/Catalog\n"), "white"),
    "a carriage return": (
        lambda: respelled(b"/Type /Catalog\n", b"/Type /Catalog\r"),
        "white",
    ),
    "a byte that is no text": (
        lambda: respelled(b"/Type /Catalog\n", b"/Type /Catal\xffg\n"),
        "bytes",
    ),
    "a name spelled by codes": (
        lambda: respelled(b"/Type /Catalog\n", b"/Type /Cat#61l\n"),
        "roundabout",
    ),
    "a script": (lambda: respelled(b"/Type /Catalog\n", b"/JS 5 /Catalog\n"), "/JS"),
    "a text field": (
        lambda: respelled(b"/Trans <<\n>>\n", b"/FT /Tx\n/A 1\n"),
        "2 signature fields",
    ),
    "a name with the code of nothing": (
        lambda: respelled(b"/PageMode", b"/Page#00M"),
        "roundabout",
    ),
    "a name with a code that is none": (
        lambda: respelled(b"/PageMode", b"/Page#zzM"),
        "roundabout",
    ),
    "the head of an object in a text": (
        lambda: respelled(b"/PageMode /UseNone\n", b"/PageMod (1 0 obj)\n"),
        "the words of objects",
    ),
    "the end of an object in a text": (
        lambda: respelled(b"/PageMode /UseNone\n", b"/PageMod (endobja)\n"),
        "the words of objects",
    ),
    "no seal field": (
        lambda: respelled(b"\n/FT /Sig\n", b"\n/FZ /Sig\n"),
        "not of the profile's shape",
    ),
}


@pytest.mark.parametrize("name", RESPELLED)
def test_another_spelling_outside_of_streams_is_malformed(name):
    make, reason = RESPELLED[name]
    with pytest.raises(MalformedError, match=reason):
        pades.read(make())


def test_a_name_that_begins_as_a_foreign_one_is_read():
    pades.read(respelled(b"/Rotate 0\n", b"/JSRota 0\n"))


# Seals that were seen before.


def test_a_seal_that_was_seen_is_judged_as_one_that_was_not():
    own = World(OTHER_CODE, world().authority)
    data = sealed_by(own)
    reports = [validate(data, own.trust(), LATER, second_engine=False) for _ in "12"]
    assert reports[0] == reports[1]
    assert reports[0].code is Code.VALID
    untrusted = validate(data, {}, LATER)
    assert untrusted.code is Code.UNKNOWN_ISSUER
    smaller = own.trust(certificates=(own.certificate,))
    assert validate(data, smaller, LATER).code is Code.NOT_AUTHORIZED


def test_more_seals_than_are_kept_are_all_judged():
    authority = world().authority
    for _ in range(260):
        own = World(OTHER_CODE, authority)
        report = validate(sealed_by(own), own.trust(), LATER, second_engine=False)
        assert report.code is Code.VALID


def test_dictionaries_that_are_too_large_together_are_refused():
    document = pikepdf.open(BytesIO(page()))
    large = pikepdf.String("z" * 100_000)
    document.pages[0].obj["/ZX"] = pikepdf.Array(
        [document.make_indirect(pikepdf.Dictionary(A=large)) for _ in range(11)]
    )
    out = BytesIO()
    document.save(out)
    with pytest.raises(MalformedError, match="too much beside the streams"):
        seal(out.getvalue(), world().identity, at=AT)
