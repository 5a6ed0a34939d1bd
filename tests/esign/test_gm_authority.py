"""The development CA of SM2 keys: what it issues, what it makes, what it will not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from esign import ses, sm2
from esign.algorithms import Suite
from esign.errors import VerificationError
from esign.gm_authority import TEST_NOTICE, GmAuthority
from esign.signer import SoftwareSigner
from esign.sm2 import oids
from esign.verdict import Code
from tests.esign.pades_world import AT, CODE, DAYS
from tests.esign.ses_world import PICTURE
from tests.esign.sm2_world import OpenSSL

OWN = GmAuthority.create("示例电子认证", AT)
KEY = SoftwareSigner.generate(Suite.SM2)
CERTIFICATE = OWN.issue_seal(KEY.public_key, "示例市行政审批局", CODE, AT, DAYS)
SEAL = OWN.make_seal("示例市行政审批局", PICTURE, CERTIFICATE)
LATER = AT + timedelta(days=1)


def trust(own=OWN):
    known = ses.Revocations(AT, LATER + timedelta(days=7))
    return ses.SesTrust(
        makers=(own.maker_certificate,),
        roots=own.roots,
        intermediates=own.chain,
        revocations=known,
    )


def test_what_it_issues_stands_under_its_root():
    for leaf in (CERTIFICATE, OWN.maker_certificate):
        path = sm2.find_path(leaf, OWN.chain, OWN.roots, LATER)
        assert path.certificates == (leaf, *OWN.chain, *OWN.roots)
    said = sm2.read_certificate(CERTIFICATE)
    assert said.attribute(oids.ORGANIZATION_NAME) == "示例市行政审批局"
    assert said.attribute(oids.ORGANIZATION_IDENTIFIER) == CODE


def test_its_names_say_that_it_is_for_tests():
    every = (*OWN.roots, *OWN.chain, OWN.maker_certificate, CERTIFICATE)
    names = [sm2.read_certificate(one).attribute(oids.COMMON_NAME) for one in every]
    assert all("测试" in name and "TEST" in name for name in names)
    assert len(set(names)) == len(names)
    assert TEST_NOTICE in ses.read_seal(SEAL).name


def test_its_seal_is_good_for_the_one_certificate_and_seals():
    assert ses.validate_seal(SEAL, trust(), LATER).code is Code.VALID
    draft = ses.SignatureDraft(SEAL, LATER, sm2.sm3(b"document"), "/Signature.xml")
    made = ses.build_signature(draft, CERTIFICATE, KEY)
    report = ses.validate_signature(made, sm2.sm3(b"document"), trust(), LATER)
    assert report.code is Code.VALID
    other = SoftwareSigner.generate(Suite.SM2)
    foreign = OWN.issue_seal(other.public_key, "示例市应急管理局", CODE, AT, DAYS)
    with pytest.raises(VerificationError, match="not in the seal's list"):
        ses.build_signature(draft, foreign, other)


def test_another_trials_root_does_not_count():
    other = trust(GmAuthority.create("示例电子认证", AT))
    assert ses.validate_seal(SEAL, other, LATER).code is Code.UNKNOWN_ISSUER


def test_openssl_verifies_what_it_issues(tmp_path):
    openssl = OpenSSL(tmp_path)
    for name, der in (("root", OWN.root_certificate), ("ca", OWN.issuing_certificate)):
        openssl.write(f"{name}.der", der)
        openssl(f"x509 -inform DER -in {name}.der -out {name}.pem")
    openssl.write("leaf.der", CERTIFICATE)
    openssl("x509 -inform DER -in leaf.der -out leaf.pem")
    option = "-vfyopt distid:1234567812345678"
    for above, below in (("root", "ca"), ("ca", "leaf")):
        line = f"verify -partial_chain -trusted {above}.pem -no_check_time {option}"
        done = openssl(f"{line} {below}.pem")
        assert done.returncode == 0, done.stderr


def test_two_seals_have_identifiers_of_their_own():
    again = OWN.make_seal("示例市行政审批局", PICTURE, CERTIFICATE)
    assert ses.read_seal(again).identifier != ses.read_seal(SEAL).identifier


WRONG_REQUESTS = {
    "an ES256 key": (SoftwareSigner.generate(Suite.ES256).public_key, AT, 1),
    "a naive instant": (KEY.public_key, AT.replace(tzinfo=None), 1),
    "no day": (KEY.public_key, AT, 0),
    "before the CA": (KEY.public_key, AT - timedelta(seconds=1), 1),
    "longer than the CA": (KEY.public_key, AT, 3651),
}


@pytest.mark.parametrize("name", WRONG_REQUESTS)
def test_a_wrong_request_is_a_value_error(name):
    key, at, days = WRONG_REQUESTS[name]
    with pytest.raises(ValueError):  # noqa: PT011  each has its own text
        OWN.issue_seal(key, "甲局", CODE, at, days)


def test_a_seal_does_not_outlive_its_maker():
    short = GmAuthority.create("示例电子认证", AT, 10)
    with pytest.raises(ValueError, match="leaves the maker's"):
        short.make_seal("甲局", PICTURE, CERTIFICATE)


def test_keys_that_do_not_belong_to_the_certificates_are_refused():
    for swapped in ({"root": OWN.maker}, {"issuing": OWN.root}, {"maker": OWN.issuing}):
        with pytest.raises(ValueError, match="not the one in its certificate"):
            replace(OWN, **swapped)


def test_a_key_of_another_suite_issues_nothing():
    other = SoftwareSigner.generate(Suite.ES256)
    with pytest.raises(ValueError, match="not the one in its certificate"):
        replace(OWN, issuing=other)
