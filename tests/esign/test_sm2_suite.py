"""SM2 as a suite: official values, OpenSSL as the other party, a missing package."""

import json
import subprocess
import sys

import pytest

from esign import algorithms, cose, sm2
from esign.algorithms import Suite
from esign.cose import Purpose
from esign.errors import VerificationError
from esign.keys import PublicKey
from esign.signer import SoftwareSigner
from tests.esign.sm2_world import OpenSSL
from tests.support import ROOT, vectors

PURPOSE = Purpose("test", "application/test+cbor")
PAYLOAD = "行政许可".encode()
SIGNER = SoftwareSigner.generate(Suite.SM2)


def to_be_signed(token):
    message = cose.parse(token)
    return message.to_be_signed(message.payload, PURPOSE.external_aad)


def test_the_official_values_reproduce_through_the_suite():
    data = json.loads(vectors("sm2/sm2_sm3.json").read_text())
    for case in data["sm3"]:
        digest = sm2.sm3(case["msg_ascii"].encode("ascii")).hex()
        assert digest == case["digest"].lower()
    case = data["sm2_sign"]
    material = bytes.fromhex(case["xA"] + case["yA"])
    signature = bytes.fromhex(case["r"] + case["s"])
    key = PublicKey.from_cose(PublicKey(Suite.SM2, material).to_cose())
    algorithms.require_canonical(Suite.SM2, signature)
    key.verify(signature, case["msg_ascii"].encode("ascii"))
    with pytest.raises(VerificationError, match="does not verify"):
        key.verify(signature, b"message digesT")


def test_openssl_accepts_a_token_that_is_signed_here(tmp_path):
    openssl = OpenSSL(tmp_path)
    token = cose.sign(PAYLOAD, SIGNER, PURPOSE)
    openssl.write("key.der", SIGNER.handle.spki)
    openssl.write("s.der", sm2.to_der(cose.parse(token).signature))
    openssl.write("m", to_be_signed(token))
    line = "dgst -sm3 -verify key.der -keyform DER -signature s.der -sigopt"
    done = openssl(f"{line} distid:1234567812345678 m")
    assert done.stdout == b"Verified OK\n", done.stderr
    assert openssl(f"{line} distid:another m").returncode != 0


class OpenSSLSigner:
    """A key that OpenSSL holds, behind the protocol."""

    in_device = False

    def __init__(self, openssl):
        self.openssl = openssl
        openssl("genpkey -algorithm SM2 -out key.pem")
        openssl("pkey -in key.pem -pubout -outform DER -out pub.der")
        point = sm2.read_public_key(openssl.read("pub.der"))
        self.public_key = PublicKey(Suite.SM2, point[1:])

    def sign(self, message):
        self.openssl.write("m", message)
        line = "dgst -sm3 -sign key.pem -out s.der -sigopt distid:1234567812345678 m"
        assert self.openssl(line).returncode == 0
        return sm2.from_der(self.openssl.read("s.der"))


def test_a_token_that_openssl_signed_is_accepted_here(tmp_path):
    signer = OpenSSLSigner(OpenSSL(tmp_path))
    token = cose.sign(PAYLOAD, signer, PURPOSE)
    envelope = cose.open_sealed(token, PURPOSE)
    assert envelope.verify(signer.public_key) == PAYLOAD
    with pytest.raises(VerificationError, match="another key"):
        envelope.verify(SIGNER.public_key)


def test_a_key_that_openssl_keeps_is_a_signer_here(tmp_path):
    openssl = OpenSSL(tmp_path)
    signer = OpenSSLSigner(openssl)
    openssl("pkcs8 -topk8 -in key.pem -passout pass:x -v2 aes-256-cbc -out kept.pem")
    opened = SoftwareSigner.from_pem(openssl.read("kept.pem"), b"x")
    assert opened.public_key == signer.public_key
    signer.public_key.verify(opened.sign(PAYLOAD), PAYLOAD)


def test_a_software_key_is_in_no_device():
    assert SIGNER.in_device is False


# What a machine without the package does is asked of a new process: the package is
# imported once and kept.
_WITHOUT = """
import sys
sys.modules["gmssl_pyx"] = None
from esign.algorithms import Suite
from esign.errors import UnavailableError
from esign.keys import PublicKey
from esign.signer import SoftwareSigner
key = PublicKey.from_cose(bytes.fromhex(sys.argv[1]))
print(key.fingerprint)
for act in (
    lambda: SoftwareSigner.generate(Suite.SM2),
    lambda: key.verify(bytes.fromhex(sys.argv[2]), b"message"),
):
    try:
        act()
    except UnavailableError as err:
        print(err)
signer = SoftwareSigner.generate(Suite.ES256)
signer.public_key.verify(signer.sign(b"message"), b"message")
"""


def python(code, *args):
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        cwd=ROOT,
        env={"PYTHONPATH": "src"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_without_the_package_a_key_is_read_and_nothing_is_verified():
    key, signature = SIGNER.public_key, SIGNER.sign(b"message")
    said = "SM2 needs the package gmssl-pyx: pip install 'elicense[gm]'"
    found = python(_WITHOUT, key.to_cose().hex(), signature.hex())
    assert found == [key.fingerprint, said, said]


def test_who_uses_no_sm2_never_loads_the_package():
    (found,) = python(
        "import sys; from esign.algorithms import Suite\n"
        "from esign.signer import SoftwareSigner\n"
        "SoftwareSigner.generate(Suite.ES256).sign(b'm')\n"
        "print('gmssl_pyx' in sys.modules)"
    )
    assert found == "False"
