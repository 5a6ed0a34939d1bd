"""Timestamp services for tests: OpenSSL's behind real HTTP, and one of our own.

``TimestampService`` answers over HTTP on 127.0.0.1 (RFC 3161, section 3.4). Its answers
are made by ``openssl ts -reply``, which always states the present, or, where its knob
``at`` is set, by ``OwnAuthority``. That one is the tests' own: it builds tokens with
asn1crypto, opens no socket, and states any time or any nonsense.
"""

import contextlib
import http.client
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support import require_tool

FROM = datetime(2020, 1, 1, tzinfo=UTC)
UNTIL = datetime(2045, 1, 1, tzinfo=UTC)
AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
POLICY = "2.25.233432607199052192209687157924740801159"
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
KEYS: Mapping[str, Callable[[], object]] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
}
STAMPS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])


def usage(**changes):
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**(dict.fromkeys(names, False) | changes))


END_ENTITY = (x509.BasicConstraints(ca=False, path_length=None), True)
SIGNS = (usage(digital_signature=True), True)
LEAF = (END_ENTITY, SIGNS, (STAMPS, True))
CA = (
    (x509.BasicConstraints(ca=True, path_length=None), True),
    (usage(key_cert_sign=True, crl_sign=True), True),
)


def der(certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def name(text: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "测试时间戳 TEST"),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


def issued(subject, key, issuer, signer, extensions, period=(FROM, UNTIL), serial=None):
    """Return a certificate for ``key``, signed by ``signer`` in the issuer's name."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(period[0])
        .not_valid_after(period[1])
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return der(builder.sign(signer, hashes.SHA256()))


class Chain:
    """A root, a CA and the certificate of a service, with their keys."""

    def __init__(self, kind="P-256", *, leaf=LEAF, ca=CA, period=(FROM, UNTIL)):
        self.root_key, self.ca_key = KEYS["P-256"](), KEYS["P-256"]()
        self.key = KEYS[kind]()
        root_key = self.root_key
        self.root = issued("TEST TSA Root", root_key, "TEST TSA Root", root_key, CA)
        self.ca = issued("TEST TSA CA", self.ca_key, "TEST TSA Root", root_key, ca)
        self.leaf = issued(
            "TEST TSA", self.key, "TEST TSA CA", self.ca_key, leaf, period
        )

    @property
    def certificates(self) -> tuple[bytes, ...]:
        return (self.leaf, self.ca)


def _keep(value):
    return value


@dataclass
class OwnAuthority:
    """The tests' own service. Its attributes are knobs.

    Attributes:
        chain: keys and certificates.
        at: the instant that it states, aware UTC.
        accuracy: fields of the Accuracy, None for none.
        hash_name: hash of content and signature.
        with_sha1: name the certificate by ESSCertID (SHA-1), not by ESSCertIDv2.
        sent: certificates put into a token; None means those of the chain.
        info: edits the TSTInfo before it is signed.
        attributes: edits the list of signed attributes before they are signed.
        whole: edits the ContentInfo after it was signed.
    """

    chain: Chain = field(default_factory=Chain)
    at: datetime = AT
    accuracy: dict[str, int] | None = field(default_factory=lambda: {"seconds": 1})
    hash_name: str = "sha256"
    with_sha1: bool = False
    sent: tuple[bytes, ...] | None = None
    info: Callable = _keep
    attributes: Callable = _keep
    whole: Callable = _keep
    serial: int = 1

    @property
    def certificates(self) -> tuple[bytes, ...]:
        return self.chain.certificates

    @property
    def root(self) -> bytes:
        return self.chain.root

    def transport(self, query: bytes) -> bytes:
        """Answer one TimeStampReq with a TimeStampResp."""
        asked = tsp.TimeStampReq.load(query, strict=True)
        token = self._token(asked["message_imprint"], asked["nonce"].native)
        return tsp.TimeStampResp(
            {
                "status": {"status": "granted"},
                "time_stamp_token": cms.ContentInfo.load(token),
            }
        ).dump()

    def stamp(self, digest: bytes) -> bytes:
        """Return a token over ``digest`` without a nonce."""
        imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest}
        return self._token(tsp.MessageImprint(imprint), None)

    def _token(self, imprint, nonce) -> bytes:
        self.serial += 1
        fields = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": imprint,
            "serial_number": self.serial,
            "gen_time": self.at,
        }
        if self.accuracy is not None:
            fields["accuracy"] = self.accuracy
        if nonce is not None:
            fields["nonce"] = nonce
        content = self.info(tsp.TSTInfo(fields)).dump()
        return self.whole(self._signed(content)).dump()

    def _signed(self, content: bytes):
        signed = cms.CMSAttributes(self.attributes(self._attributes(content)))
        leaf = asn1_x509.Certificate.load(self.chain.leaf)
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                cms.IssuerAndSerialNumber(
                    {"issuer": leaf.issuer, "serial_number": leaf.serial_number}
                ),
            ),
            "digest_algorithm": {"algorithm": self.hash_name},
            "signed_attrs": signed,
            "signature_algorithm": {"algorithm": self._scheme()},
            "signature": self._sign(signed.dump()),
        }
        sent = self.certificates if self.sent is None else self.sent
        body = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": self.hash_name}],
            "encap_content_info": {
                "content_type": "tst_info",
                "content": core.ParsableOctetString(content),
            },
            "signer_infos": [signer],
        }
        if sent:
            body["certificates"] = [asn1_x509.Certificate.load(one) for one in sent]
        return cms.ContentInfo(
            {"content_type": "signed_data", "content": cms.SignedData(body)}
        )

    def _attributes(self, content: bytes) -> list:
        digest = hashes.Hash(self._hash())
        digest.update(content)
        named = (
            {
                "type": "signing_certificate",
                "values": [{"certs": [{"cert_hash": sha1(self.chain.leaf).digest()}]}],  # noqa: S324  RFC 2634
            }
            if self.with_sha1
            else {
                "type": "signing_certificate_v2",
                "values": [
                    {"certs": [{"cert_hash": sha256(self.chain.leaf).digest()}]}
                ],
            }
        )
        return [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [digest.finalize()]}),
            cms.CMSAttribute(named),
        ]

    def _hash(self):
        return getattr(hashes, self.hash_name.upper())()

    def _scheme(self) -> str:
        is_rsa = isinstance(self.chain.key, rsa.RSAPrivateKey)
        return f"{self.hash_name}_{'rsa' if is_rsa else 'ecdsa'}"

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self.chain.key, rsa.RSAPrivateKey):
            return self.chain.key.sign(data, padding.PKCS1v15(), self._hash())
        return self.chain.key.sign(data, ec.ECDSA(self._hash()))


_CONFIG = """
[tsa]
default_tsa = tsa_config
[tsa_config]
dir = {folder}
serial = $dir/serial
crypto_device = builtin
signer_cert = $dir/leaf.pem
certs = $dir/chain.pem
signer_key = $dir/key.pem
signer_digest = sha256
default_policy = {policy}
digests = sha256
accuracy = secs:1, millisecs:500, microsecs:100
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = {alg}
"""


class TimestampService(contextlib.AbstractContextManager):
    """A service behind real HTTP on 127.0.0.1, there inside a ``with``.

    Attributes:
        at: None for OpenSSL, which states the present; an instant to state instead,
            and then it is ``OwnAuthority`` that answers, with the same key.
        certificate_hash: the hash by which OpenSSL names the certificate.
    """

    def __init__(self, kind="P-256", *, at=None, certificate_hash="sha256"):
        self.chain = Chain(kind)
        self.at = at
        self.certificate_hash = certificate_hash
        self._own = OwnAuthority(self.chain)
        self._tool = require_tool("openssl", "openssl")

    @property
    def certificates(self) -> tuple[bytes, ...]:
        return self.chain.certificates

    @property
    def root(self) -> bytes:
        return self.chain.root

    @property
    def port(self) -> int:
        return self._server.server_port

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self._write()
            service = self

            class Handler(BaseHTTPRequestHandler):
                def do_POST(self):
                    size = int(self.headers["Content-Length"])
                    query = self.rfile.read(size)
                    if self.headers["Content-Type"] != QUERY:
                        self.send_error(415)
                        return
                    body = service._answer(query)
                    self.send_response(200)
                    self.send_header("Content-Type", REPLY)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *_):
                    """Say nothing on standard error."""

            self._server = stack.enter_context(HTTPServer(("127.0.0.1", 0), Handler))
            thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(self._server.shutdown)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def transport(self, query: bytes) -> bytes:
        """Post a request and return the body of the reply (RFC 3161, section 3.4)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("POST", "/", query, {"Content-Type": QUERY})
            reply = connection.getresponse()
            body = reply.read()
            if reply.status != 200 or reply.headers["Content-Type"] != REPLY:
                raise OSError(f"the service answered {reply.status}")
            return body

    def _answer(self, query: bytes) -> bytes:
        if self.at is not None:
            self._own.at = self.at
            return self._own.transport(query)
        (self._folder / "query.tsq").write_bytes(query)
        config = _CONFIG.format(
            folder=self._folder, policy=POLICY, alg=self.certificate_hash
        )
        (self._folder / "tsa.cnf").write_text(config)
        arguments = "-config tsa.cnf -queryfile query.tsq -out reply.tsr"
        subprocess.run(
            [self._tool, "ts", "-reply", *arguments.split()],
            cwd=self._folder,
            check=True,
            capture_output=True,
            timeout=60,
        )
        return (self._folder / "reply.tsr").read_bytes()

    def _write(self):
        key = self.chain.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (self._folder / "key.pem").write_bytes(key)
        (self._folder / "leaf.pem").write_bytes(pem(self.chain.leaf))
        (self._folder / "chain.pem").write_bytes(pem(self.chain.ca))
        (self._folder / "serial").write_text("01\n")


def pem(certificate: bytes) -> bytes:
    loaded = x509.load_der_x509_certificate(certificate)
    return loaded.public_bytes(serialization.Encoding.PEM)
