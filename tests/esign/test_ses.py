"""Whether seals and signatures hold: those of third parties, and those made here."""

import hashlib
import subprocess
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from esign import der, ses, sm2
from esign.errors import MalformedError, VerificationError
from esign.revocation import Fate
from esign.verdict import Check, Code, Indication
from tests.esign.ses_world import (
    DIGEST,
    END,
    FAR,
    NOW,
    SIGNED,
    START,
    bits,
    code_of,
    code_of_seal,
    info_of,
    party,
    resealed,
    resigned,
    seal_2014,
    signature_2014,
    token,
    utc_time,
    world,
)
from tests.esign.test_ses_signed_data import DOCUMENT, signed_data
from tests.esign.timestamp_service import OwnAuthority
from tests.support import require_tool, vectors

IN_2021 = datetime(2021, 6, 1, tzinfo=UTC)
IN_2026 = datetime(2026, 11, 21, tzinfo=UTC)
ZEROS = bytes(32)  # what the two bare signatures were made over


def theirs(at, *, makers=None):
    certificates = vectors("ses/certs")
    maker = (certificates / "ofdrw-test-sealmaker.der").read_bytes()
    return ses.SesTrust(
        makers=(maker,) if makers is None else makers,
        roots=((certificates / "ofdrw-test-root.der").read_bytes(),),
        revocations=ses.Revocations(at, FAR),
    )


def outcomes(report):
    return {check.id: check.code for check in report.checks}


# What the README of the vectors says of each, and of what it fails.
SEALS = {
    ("seals/ofdrw-v1-UserV1.esl", IN_2021): {},
    ("seals/ofdrw-v4-UserV4.esl", IN_2021): {},
    ("seals/ofdrw-v1-UserV1.esl", IN_2026): {
        "seal-maker": Code.EXPIRED,
        "seal-period": Code.EXPIRED,
    },
    ("seals/ofdrw-v4-UserV4.esl", IN_2026): {
        "seal-maker": Code.EXPIRED,
        "seal-period": Code.EXPIRED,
    },
    # Made in 2026 with a certificate that had expired in 2022.
    ("seals/ofdrw-v5-UserV5.esl", IN_2026): {"seal-maker": Code.NOT_AUTHORIZED},
    ("seals/ofdrw-v5-UserV5_ts.esl", IN_2026): {
        "seal-maker": Code.NOT_AUTHORIZED,
        "seal-timestamp": Code.MALFORMED,
    },
}


@pytest.mark.parametrize(("path", "at"), SEALS)
def test_a_third_partys_seal(path, at):
    data = (vectors("ses") / path).read_bytes()
    report = ses.validate_seal(data, theirs(at), at)
    found = {name: code for name, code in outcomes(report).items() if code}
    assert found == SEALS[path, at]
    assert report.held("seal-signature") is True
    expected = Indication.FAILED if found else Indication.PASSED
    assert report.indication is expected
    assert report.oddities == ()
    picture = report.unverified_seal.picture
    assert (picture.type, picture.width_mm, picture.height_mm) == ("PNG", 40, 40)
    assert picture.data.startswith(b"\x89PNG")


def test_a_third_partys_seal_whose_signature_does_not_hold():
    data = (vectors("ses") / "bad/SESealData-v4-extdata-badsig.DER").read_bytes()
    at = datetime(2021, 1, 1, tzinfo=UTC)
    strict = ses.validate_seal(data, theirs(at), at)
    assert outcomes(strict)["format"] is Code.UNSUPPORTED
    maker = ses.read_seal(data, lenient=True).maker
    report = ses.validate_seal(data, theirs(at, makers=(maker,)), at, lenient=True)
    assert outcomes(report)["seal-signature"] is Code.BAD_SIGNATURE
    assert outcomes(report)["format"] is None
    assert report.oddities == (ses.Oddity.BOOLEAN, ses.Oddity.CRITICAL_EXTENSION)
    assert (strict.held("seal-signature"), report.held("seal-signature")) == (
        False,
    ) * 2


@pytest.mark.parametrize("version", [4, 5])
def test_a_third_partys_signature(version):
    path = f"ses/signatures/ofdrw-v{version}-SignedValue.dat"
    data = vectors(path).read_bytes()
    report = ses.validate_signature(data, ZEROS, theirs(IN_2026), IN_2026)
    for check in ("format", "seal-signature", "signer-listed", "signature", "digest"):
        assert report.held(check) is True
    if version == 4:
        assert report.code is Code.VALID
    else:
        assert outcomes(report)["signer"] is Code.NOT_AUTHORIZED
        assert outcomes(report)["seal-maker"] is Code.NOT_AUTHORIZED
        assert report.indication is Indication.FAILED


def test_a_document_signed_after_certificate_and_seal_had_expired():
    with zipfile.ZipFile(vectors("ses/ofd/SESV4SignDoc.ofd")) as package:
        folder = "Doc_0/Signs/Sign_0/"
        value = package.read(folder + "SignedValue.dat")
        seal = package.read(folder + "Seal.esl")
        digest = sm2.sm3(package.read(folder + "Signature.xml"))
    report = ses.validate_signature(value, digest, theirs(IN_2026), IN_2026)
    assert report.unverified_seal.der == seal
    for check in ("seal-signature", "signer-listed", "signature", "digest", "time"):
        assert report.held(check) is True
    assert outcomes(report)["signer"] is Code.NOT_AUTHORIZED
    assert outcomes(report)["seal-period"] is Code.NOT_AUTHORIZED
    assert report.indication is Indication.FAILED


def test_the_checks_stand_in_the_standards_order():
    of_seal = ["seal-signature", "seal-maker", "seal-maker-revocation", "seal-period"]
    signer = ["signer", "signer-revocation"]
    old = seal_2014(world().maker, world().draft)
    signed = signature_2014(old, world().signer, utc_time(SIGNED))
    order = {
        signed: [
            "format",
            "signature",
            *signer,
            "time",
            "digest",
            *of_seal,
            "signer-listed",
        ],
        world().signature(): [
            "format",
            *of_seal,
            "signer-listed",
            "signature",
            *signer,
            "digest",
            "time",
        ],
        world().signature(world().seal(version=5)): [
            "format",
            "seal-signature",
            "seal-created",
            *of_seal[1:],
            "signer-listed",
            "signature",
            *signer,
            "digest",
            "time",
        ],
    }
    for data, ids in order.items():
        report = ses.validate_signature(data, DIGEST, world().trust(), NOW)
        assert [check.id for check in report.checks] == ids
        assert report.code is Code.VALID
        report.require()
        assert report.unverified_seal.signature


def test_a_report_is_no_boolean_and_lets_only_what_held_pass():
    report = ses.validate_seal(b"", world().trust(), NOW)
    with pytest.raises(TypeError):
        bool(report)
    with pytest.raises(VerificationError, match="MALFORMED"):
        report.require()
    assert (report.held("format"), report.held("signature")) == (False, None)
    assert report.unverified_seal is None
    assert report.oddities == ()


def test_where_the_makers_certificate_expired_after_the_making_both_rules_are_right():
    period = (START, datetime(2026, 1, 1, tzinfo=UTC))
    maker = party("short-lived maker", world().ca, period)
    trust = world().trust(makers=(maker.certificate,))
    by_2020 = ses.validate_seal(world().seal(maker), trust, NOW)
    assert outcomes(by_2020)["seal-maker"] is Code.EXPIRED
    assert by_2020.code is Code.EXPIRED
    by_2025 = ses.validate_seal(world().seal(maker, version=5), trust, NOW)
    assert by_2025.code is Code.VALID
    note = next(check for check in by_2025.checks if check.id == "seal-maker")
    assert note == Check.passed(
        "seal-maker", "the maker's certificate expired after the making"
    )
    signed_then = world().signature(
        world().seal(maker), time=datetime(2025, 6, 1, tzinfo=UTC)
    )
    assert code_of(signed_then, trust=trust) is Code.VALID


def test_a_maker_that_is_revoked_later_or_before():
    maker = world().maker.certificate
    seals = {version: world().seal(version=version) for version in (4, 5)}
    made, used = datetime(2025, 1, 1, tzinfo=UTC), NOW
    cases = {
        ("before the making", made - timedelta(days=1)): (Code.REVOKED, Code.REVOKED),
        ("after the making", made + timedelta(days=1)): (Code.REVOKED, Code.VALID),
        ("after the use", used + timedelta(days=1)): (Code.VALID, Code.VALID),
    }
    for (_, day), expected in cases.items():
        fates = {maker: Fate(revoked_at=day, compromised_from=None)}
        known = ses.Revocations(NOW, FAR, fates)
        trust = world().trust(revocations=known)
        assert code_of_seal(seals[4], trust=trust) is expected[0]
        assert code_of_seal(seals[5], trust=trust) is expected[1]


def test_what_became_of_the_signers_certificate():
    signature = world().signature()
    signer, ca = world().signer.certificate, world().ca.certificate
    day = timedelta(days=1)
    cases = {
        "revoked before": ({signer: Fate(SIGNED - day, None)}, Code.REVOKED),
        "revoked after": ({signer: Fate(SIGNED + day, None)}, Code.VALID),
        "stolen after": ({signer: Fate(None, SIGNED + day)}, Code.KEY_COMPROMISED),
        "its CA revoked": ({ca: Fate(SIGNED - day, None)}, Code.REVOKED),
        "another's": ({world().other.certificate: Fate(START, None)}, Code.VALID),
    }
    for fates, expected in cases.values():
        trust = world().trust(revocations=ses.Revocations(NOW, FAR, fates))
        assert code_of(signature, trust=trust) is expected


def test_no_knowledge_of_revocations_is_never_a_yes():
    day = timedelta(days=1)
    cases = {
        "none": (None, Code.NO_STATUS),
        "from tomorrow": (ses.Revocations(NOW + day, FAR), Code.STALE),
        "of yesterday": (ses.Revocations(START, NOW), Code.STALE),
    }
    for known, expected in cases.values():
        trust = world().trust(revocations=known)
        assert code_of_seal(world().seal(), trust=trust) is expected
        assert code_of(world().signature(), trust=trust) is expected


def test_an_unknown_maker_is_never_a_yes():
    seal, signature = world().seal(), world().signature()
    stranger = party("another root", period=(START, FAR))
    cases = {
        "a maker that is not pinned": {"makers": (world().other.certificate,)},
        "no maker at all": {"makers": ()},
        "another root": {"roots": (stranger.certificate,)},
        "no root": {"roots": ()},
        "no CA between": {"intermediates": ()},
    }
    for changes in cases.values():
        trust = world().trust(**changes)
        assert code_of_seal(seal, trust=trust) is Code.UNKNOWN_ISSUER
        assert code_of(signature, trust=trust) is Code.UNKNOWN_ISSUER
    # The maker's certificate stands in the file; it is not trusted for that.
    signer_makes = world().seal(world().signer)
    assert code_of_seal(signer_makes) is Code.UNKNOWN_ISSUER


def test_many_authorities_in_a_bundle_do_not_hide_the_one_that_counts():
    others = tuple(
        party(f"ca {n}", world().root, (START, FAR), ()).certificate for n in range(6)
    )
    namesake = party("ca", world().root, (START, FAR)).certificate
    between = (*others, namesake, world().ca.certificate)
    trust = world().trust(intermediates=between)
    assert code_of(world().signature(), trust=trust) is Code.VALID


def test_a_trust_that_cannot_be_read_is_refused():
    with pytest.raises(MalformedError):
        world().trust(makers=(b"",))


def test_a_ca_neither_makes_nor_signs():
    ca = world().ca
    info = info_of(world().seal())
    trust = world().trust(makers=(ca.certificate,))
    assert code_of_seal(resealed(info, ca), trust=trust) is Code.NOT_AUTHORIZED
    listed = world().seal(signers=(ca.certificate,))
    tbs = der.children(world().signature(), der.SEQUENCE, 4, 4)[0]
    _, _, *rest = der.children(tbs, der.SEQUENCE, 5, 5)
    own = der.tlv(der.SEQUENCE, der.integer(4), listed, *rest)
    assert code_of(resigned(own, ca)) is Code.NOT_AUTHORIZED


@pytest.mark.parametrize("by_digest", [False, True])
def test_who_is_not_in_the_seals_list_fails_with_that_reason(by_digest):
    seal = world().seal(by_digest=by_digest)
    tbs = der.children(world().signature(seal), der.SEQUENCE, 4, 4)[0]
    report = ses.validate_signature(
        resigned(tbs, world().other), DIGEST, world().trust(), NOW
    )
    found = {name: code for name, code in outcomes(report).items() if code}
    assert found == {"signer-listed": Code.NOT_AUTHORIZED}
    assert report.code is Code.NOT_AUTHORIZED


def test_a_list_of_digests_of_another_kind_is_unsupported():
    info = info_of(world().seal(by_digest=True))
    seal = resealed(info.replace(b"\x13\x03SM3", b"\x13\x03MD5"), world().maker)
    assert code_of_seal(seal) is Code.VALID
    signature = ses.read_seal(seal)
    check = ses.signature_checks.check_listed(signature, world().signer.certificate)
    assert check.code is Code.UNSUPPORTED


def test_the_time_of_a_seal():
    day = timedelta(days=1)
    draft = world().draft
    early, late = draft.valid_from - day, draft.valid_until + day
    for version in (4, 5):
        seal = world().seal(version=version)
        assert code_of_seal(seal, early) is Code.NOT_YET_VALID
        assert code_of_seal(seal, draft.valid_from) is Code.VALID
        assert code_of_seal(seal, draft.valid_until) is Code.VALID
        assert code_of_seal(seal, late) is Code.EXPIRED
    later = world().seal(version=5, created=datetime(2028, 1, 1, tzinfo=UTC))
    assert code_of_seal(later) is Code.NOT_AUTHORIZED
    with pytest.raises(ValueError, match="aware"):
        ses.validate_seal(seal, world().trust(), NOW.replace(tzinfo=None))


def test_the_time_of_a_signature():
    signature = world().signature()
    assert code_of(signature, at=SIGNED) is Code.VALID
    assert code_of(signature, at=SIGNED - timedelta(seconds=1)) is Code.NOT_AUTHORIZED
    # The signer's certificate and the seal have ended since; what was signed stays.
    assert code_of(signature, at=END + timedelta(days=500)) is Code.VALID
    late = world().seal(created=SIGNED + timedelta(days=1))
    tbs = der.children(signature, der.SEQUENCE, 4, 4)[0]
    fields = der.children(tbs, der.SEQUENCE, 5, 5)
    moved = der.tlv(der.SEQUENCE, fields[0], late, *fields[2:])
    report = ses.validate_signature(
        resigned(moved, world().signer), DIGEST, world().trust(), NOW
    )
    assert outcomes(report)["time"] is Code.NOT_AUTHORIZED
    with pytest.raises(ValueError, match="aware"):
        ses.validate_signature(signature, DIGEST, world().trust(), datetime(2026, 1, 1))  # noqa: DTZ001  the case


def test_the_digest_of_the_document():
    signature = world().signature()
    assert code_of(signature, bytes(32)) is Code.ALTERED
    report = ses.validate_signature(signature, None, world().trust(), NOW)
    assert (report.held("digest"), report.code) == (None, Code.UNREADABLE)
    with pytest.raises(ValueError, match="32 bytes"):
        code_of(signature, b"")


def test_a_timestamp_over_a_signature():
    day = timedelta(days=1)
    bare = ses.read_signature(world().signature())
    value, service = bare.signature_value, world().service
    cases = {
        "good": (token(service, value, SIGNED + day), Code.VALID),
        "of something else": (token(service, b"?", SIGNED + day), Code.ALTERED),
        "before the signing": (
            token(service, value, SIGNED - day),
            Code.NOT_AUTHORIZED,
        ),
        "in the future": (token(service, value, NOW + day), Code.NOT_AUTHORIZED),
        "before its certificate": (
            token(service, value, START - day),
            Code.NOT_AUTHORIZED,
        ),
        "by nobody known": (
            token(world().other, value, SIGNED + day),
            Code.UNKNOWN_ISSUER,
        ),
        "signed wrongly": (
            token(service, value, SIGNED + day, broken=True),
            Code.BAD_SIGNATURE,
        ),
        "cut short": (token(service, value, SIGNED + day)[:-1], Code.MALFORMED),
        "three bytes": (b"\x01\x02\x03", Code.MALFORMED),
    }
    for what, (stamp, expected) in cases.items():
        stamped = ses.add_timestamp(bare, stamp)
        report = ses.validate_signature(stamped, DIGEST, world().trust(), NOW)
        assert (what, report.code) == (what, expected)
        assert report.checks[-1].id == "timestamp"


def test_a_timestamp_whose_content_is_not_one():
    bare = ses.read_signature(world().signature())
    sm3 = bytes.fromhex("06082a811ccf55018311")
    cases = {
        "another digest": (sm3, bytes.fromhex("06082a811ccf55018312")),
        "a time without a zone": (b".25Z", b".250"),
        "another policy, which is nobody's affair": (b"\x2a\x03\x04", b"\x2a\x03\x05"),
    }
    expected = (Code.MALFORMED, Code.MALFORMED, Code.VALID)
    for (what, (old, new)), code in zip(cases.items(), expected, strict=True):
        when = SIGNED + timedelta(days=1)
        stamp = token(world().service, bare.signature_value, when, old=old, new=new)
        found = code_of(ses.add_timestamp(bare, stamp))
        assert (what, found) == (what, code)


def test_a_timestamp_of_another_suite_is_unsupported():
    bare = ses.read_signature(world().signature())
    digest = hashlib.sha256(bare.signature_value).digest()
    foreign = OwnAuthority().stamp(digest)
    assert code_of(ses.add_timestamp(bare, foreign)) is Code.UNSUPPORTED


def test_a_signed_document_is_no_timestamp_and_a_timestamp_signs_none():
    bare = ses.read_signature(world().signature())
    for document in (signed_data(), signed_data(DOCUMENT)):
        stamped = ses.add_timestamp(bare, document)
        assert code_of(stamped) is Code.MALFORMED
    stamp = token(world().service, bare.signature_value, SIGNED)
    report = ses.validate_signed_data(stamp, b"", world().trust(), NOW)
    assert report.code is Code.MALFORMED


def test_openssl_says_the_same_of_a_seal(tmp_path):
    openssl = require_tool("openssl", "openssl")
    seal = ses.read_seal(world().seal())
    files = {"m.der": seal.maker, "s.der": seal.signature_value, "info": seal.signed}
    for file, data in files.items():
        (tmp_path / file).write_bytes(data)
    key = [openssl, "x509", "-inform", "DER", "-in", "m.der", "-noout", "-pubkey"]
    public = subprocess.run(key, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "m.pem").write_bytes(public.stdout)
    verify = [openssl, "dgst", "-sm3", "-verify", "m.pem", "-sigopt"]
    verify += ["distid:1234567812345678", "-signature", "s.der", "info"]
    said = subprocess.run(verify, cwd=tmp_path, check=True, capture_output=True)
    assert said.stdout.strip() == b"Verified OK"


def test_a_timestamp_over_a_seal_does_not_lie_before_its_making():
    bare = ses.read_seal(world().seal(version=5))
    created, day = bare.created, timedelta(days=1)
    for when, expected in {
        created: Code.VALID,
        created - day: Code.NOT_AUTHORIZED,
    }.items():
        stamp = token(world().service, bare.signature_value, when)
        assert code_of_seal(ses.add_timestamp(bare, stamp)) is expected


def every_edit(data, start=0):
    for position in range(start, len(data)):
        edited = bytearray(data)
        edited[position] ^= 1 << position % 8
        yield position, bytes(edited)


@pytest.mark.parametrize("lenient", [False, True])
def test_no_byte_of_a_seal_can_be_changed(lenient):
    small = replace(world().draft.picture, data=b"picture")
    trust = world().trust()
    for seal in (
        world().seal(picture=small, version=5),
        seal_2014(world().maker, replace(world().draft, picture=small)),
    ):
        assert ses.validate_seal(seal, trust, NOW).code is Code.VALID
        for position, edited in every_edit(seal):
            report = ses.validate_seal(edited, trust, NOW, lenient=lenient)
            assert report.indication is not Indication.PASSED, position


@pytest.mark.parametrize("lenient", [False, True])
def test_no_byte_of_a_signature_can_be_changed(lenient):
    small = replace(world().draft.picture, data=b"picture")
    trust = world().trust()
    old = seal_2014(world().maker, replace(world().draft, picture=small))
    for signature in (
        signature_2014(old, world().signer, utc_time(SIGNED)),
        world().signature(world().seal(picture=small, by_digest=True)),
    ):
        assert code_of(signature) is Code.VALID
        for position, edited in every_edit(signature):
            report = ses.validate_signature(edited, DIGEST, trust, NOW, lenient=lenient)
            assert report.indication is not Indication.PASSED, position


@pytest.mark.parametrize("lenient", [False, True])
def test_no_byte_of_a_timestamp_can_be_changed(lenient):
    bare = ses.read_signature(world().signature())
    stamp = token(world().service, bare.signature_value, SIGNED + timedelta(days=1))
    stamped = ses.add_timestamp(bare, stamp)
    assert code_of(stamped) is Code.VALID
    for position, edited in every_edit(stamped, len(bare.der)):
        found = code_of(edited, lenient=lenient)
        assert found.indication is not Indication.PASSED, position


def test_what_the_field_does_oddly_is_unsupported_unless_one_asks():
    seal = resealed(info_of(world().seal()), world().maker, bytes)
    assert code_of_seal(seal) is Code.UNSUPPORTED
    report = ses.validate_seal(seal, world().trust(), NOW, lenient=True)
    assert (report.code, report.oddities) == (Code.VALID, (ses.Oddity.RAW_SIGNATURE,))
    assert report.checks[0] == Check.passed("format", "raw-signature")
    tbs = der.children(world().signature(seal=world().seal()), der.SEQUENCE, 4, 4)[0]
    fields = der.children(tbs, der.SEQUENCE, 5, 5)
    odd = resigned(der.tlv(der.SEQUENCE, fields[0], seal, *fields[2:]), world().signer)
    assert code_of(odd) is Code.UNSUPPORTED
    assert code_of(odd, lenient=True) is Code.VALID


def test_a_signature_of_2014_with_a_time_that_nobody_knows():
    old = seal_2014(world().maker, world().draft)
    signature = signature_2014(old, world().signer, b"\x30\x03abc")
    report = ses.validate_signature(
        signature, DIGEST, world().trust(), NOW, lenient=True
    )
    assert report.code is Code.UNSUPPORTED
    assert report.held("time") is None
    for check in ("signer", "seal-maker", "seal-period"):
        assert report.held(check) is None
    mixed = signature_2014(world().seal(version=5), world().signer, b"\x30\x03abc")
    report = ses.validate_signature(mixed, DIGEST, world().trust(), NOW, lenient=True)
    assert (report.code, report.held("seal-created")) == (Code.UNSUPPORTED, None)
    local = signature_2014(old, world().signer, b"2026-05-01 16:30:00")
    report = ses.validate_signature(local, DIGEST, world().trust(), NOW, lenient=True)
    assert (report.code, report.unverified_signature.time) == (Code.VALID, SIGNED)


def test_another_algorithm_is_unsupported_and_a_misnomer_an_oddity():
    info, maker = info_of(world().seal()), world().maker
    ecdsa = bytes.fromhex("06082a8648ce3d040302")
    other = resealed(info, maker, algorithm=ecdsa)
    assert code_of_seal(other) is Code.UNSUPPORTED
    assert code_of_seal(other, lenient=True) is Code.UNSUPPORTED
    misnamed = resealed(info, maker, algorithm=bytes.fromhex("06092a811ccf5501822d01"))
    assert code_of_seal(misnamed) is Code.UNSUPPORTED
    assert code_of_seal(misnamed, lenient=True) is Code.VALID


def test_a_certificate_of_another_kind_of_key_is_unsupported():
    info = info_of(world().seal())
    certificate = der.tlv(der.OCTETS, b"\x30\x03\x02\x01\x05")
    value = bits(sm2.to_der(world().maker.sign(info)))
    algorithm = bytes.fromhex("06082a811ccf55018375")
    seal = der.tlv(der.SEQUENCE, info, certificate, algorithm, value)
    report = ses.validate_seal(seal, world().trust(), NOW)
    assert outcomes(report)["seal-signature"] is Code.UNSUPPORTED
    assert outcomes(report)["seal-maker"] is Code.UNKNOWN_ISSUER
