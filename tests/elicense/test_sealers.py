"""What goes over the wire to a seal platform, and what comes back."""

import hmac
import http.server
import json
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from examples.seal_platform.desk import Desk

from elicense.errors import WorkspaceError
from elicense.sealing import platform, wire
from elicense.sealing.platform import Address, PlatformSealer
from elicense.sealing.reconciling import differences
from elicense.sealing.sealers import (
    OutcomeUnknownError,
    Pending,
    Profile,
    Sealed,
    SealingRefusedError,
    SealingRequest,
    Unknown,
    request_id_of,
)
from elicense.sealing.wire import Call, Credentials
from esign import clock
from tests.elicense.platform_world import vault

AT = datetime(2026, 11, 21, 2, tzinfo=UTC)
BY = Credentials("trial", b"a secret of a test", "990", "窗口01")
ID = "0123456789abcdef" * 2
REQUEST = SealingRequest(
    request_id=ID, page=0, box=(1.0, 2.0, 3.5, 4.0), at=AT, case_number="C1"
)


def test_a_request_id_is_of_the_license_and_the_document():
    one = request_id_of("1.2.156.1", b"pdf")
    assert one == request_id_of("1.2.156.1", b"pdf")
    assert len(one) == 32
    others = {request_id_of("1.2.156.1", b"pdg"), request_id_of("1.2.156.2", b"pdf")}
    assert len(others | {one}) == 3


def test_a_call_is_signed_over_everything_that_it_says():
    call = Call("POST", "/seal", b"{}", 1, "n")
    signed = call.signature(b"secret")
    text = (  # as docs/seal-platforms.md has it; the last line is SHA-256 of {}
        "POST\n/seal\n1\nn\n"
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    )
    assert hmac.digest(b"secret", text.encode(), "sha256").hex() == signed
    desk = Desk(vault(), "trial", b"secret", now=lambda: datetime.fromtimestamp(1, UTC))
    headers = call.headers("trial", b"secret")
    assert desk.is_allowed("POST", "/seal", headers, b"{}")
    assert not desk.is_allowed("POST", "/seal", headers, b"{}")  # the nonce is used
    others = {
        Call("GET", "/seal", b"{}", 1, "n").signature(b"secret"),
        Call("POST", "/sea1", b"{}", 1, "n").signature(b"secret"),
        Call("POST", "/seal", b"{ }", 1, "n").signature(b"secret"),
        Call("POST", "/seal", b"{}", 2, "n").signature(b"secret"),
        Call("POST", "/seal", b"{}", 1, "m").signature(b"secret"),
        call.signature(b"Secret"),
    }
    assert len(others | {signed}) == 7


def test_a_body_says_what_practice_asks_for():
    found = json.loads(wire.seal_body(b"%PDF", REQUEST, BY))
    assert found == {
        "request_id": ID, "seal_id": "990", "file": "JVBERg==", "page": 0,
        "box": [1.0, 2.0, 3.5, 4.0], "field": "Seal", "scenario": "",
        "case_number": "C1", "operator": "窗口01",
    }  # fmt: skip
    assert "C1" not in repr(REQUEST)
    assert "secret" not in repr(BY)


GOOD = {
    b'{"state": "sealed", "file": "JVBERg=="}': Sealed(b"%PDF"),
    b'{"state": "pending", "task": "T1"}': Pending("T1"),
    b'{"state": "unknown"}': Unknown(),
}
GARBLED = (
    b"", b"[]", b"null", b"{}", b"{", b"\xff", b"[" * 100_000, b'{"state": "sealed"}',
    b'{"state": "sealed", "file": 1}', b'{"state": "sealed", "file": "JVBERg"}',
    b'{"state": "sealed", "file": "JVB ERg=="}',
    '{"state": "sealed", "file": "中"}'.encode(),
    b'{"state": "sealed", "file": "", "task": ""}',
    b'{"state": "pending", "task": 1}', b'{"state": "pending", "task": "a\\nb"}',
    b'{"state": "pending", "task": "%s"}' % (b"a" * 201),
    b'{"state": "unknown", "x": 1}', b'{"state": "unknown", "state": "unknown"}',
)  # fmt: skip


@pytest.mark.parametrize("data", GOOD)
def test_answers_are_read(data):
    assert wire.answer(data) == GOOD[data]


@pytest.mark.parametrize("data", GARBLED)
def test_garbled_answers_are_unknown_outcomes(data):
    with pytest.raises(OutcomeUnknownError):
        wire.answer(data)


def test_a_refusal_is_one():
    with pytest.raises(SealingRefusedError, match="印章已停用"):
        wire.answer('{"state": "refused", "reason": "印章已停用"}'.encode())


CITIZEN = "11010519491231002X"  # the example of GB 11643


def test_a_citizen_id_in_an_answer_goes_nowhere():
    data = f'{{"state": "refused", "reason": "申请人 {CITIZEN} 未授权"}}'
    with pytest.raises(SealingRefusedError, match="not shown") as caught:
        wire.answer(data.encode())
    assert CITIZEN not in str(caught.value)
    data = f'{{"state": "pending", "task": "T{CITIZEN}"}}'
    assert wire.answer(data.encode()) == Pending("")


ENTRY = b'{"request_id": "%s", "state": "sealed"}' % ID.encode()
LISTS = (
    b"{}", b'{"requests": {}}', b'{"requests": [1]}', b'{"requests": [], "x": 1}',
    b'{"requests": [{"request_id": "x", "state": "sealed"}]}',
    b'{"requests": [{"request_id": 1, "state": "sealed"}]}',
    b'{"requests": [{"request_id": "%s", "state": "other"}]}' % ID.encode(),
    b'{"requests": [{"request_id": "%s"}]}' % ID.encode(),
    b'{"requests": [%s, %s]}' % ((ENTRY,) * 2),
)  # fmt: skip


@pytest.mark.parametrize("data", LISTS)
def test_garbled_lists_are_unknown_outcomes(data):
    with pytest.raises(OutcomeUnknownError):
        wire.listed(data)


def test_both_books_are_compared():
    ordered = {"a" * 32: "one", "b" * 32: "two", "c" * 32: "three"}
    theirs = {"a" * 32: "sealed", "d" * 32: "pending"}
    found = differences(ordered, ("one", "two"), theirs)
    assert found.unknown_there == ("two",)
    assert found.unknown_here == {"d" * 32: "pending"}


ADDRESSES = {
    "https://seal.example.cn/api/": Address(True, "seal.example.cn", 443, "/api"),
    "https://seal.example.cn:8443": Address(True, "seal.example.cn", 8443, ""),
    "http://127.0.0.1:80": Address(False, "127.0.0.1", 80, ""),
    "http://localhost": Address(False, "localhost", 80, ""),
    "http://[::1]:81": Address(False, "::1", 81, ""),
}
WRONG = (
    "", "ftp://127.0.0.1", "http://10.0.0.1", "http://seal.example.cn", "https://",
    "https://a@b", "https://a:b@c", "https://a?b", "https://a#b", "https://a:99999",
    "https://[", "https://示例.cn",
)  # fmt: skip


@pytest.mark.parametrize("url", ADDRESSES)
def test_addresses_are_read(url):
    assert Address.parse(url) == ADDRESSES[url]


@pytest.mark.parametrize("url", WRONG)
def test_other_addresses_are_refused(url):
    with pytest.raises(WorkspaceError):
        Address.parse(url)


# Over real sockets


@contextmanager
def served(respond, context=None):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            respond(self)

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            respond(self)

        def log_message(self, *_):
            pass

    class Quiet(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass

    with Quiet(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def said(status, data, length=None):
    def respond(handler):
        handler.send_response(status)
        handler.send_header(
            "Content-Length", str(len(data) if length is None else length)
        )
        handler.end_headers()
        handler.wfile.write(data)

    return respond


def sealer(port, **options):
    return PlatformSealer(Address(False, "127.0.0.1", port, ""), BY, **options)


STATUSES = {
    400: SealingRefusedError,
    404: SealingRefusedError,
    403: SealingRefusedError,
}
STATUSES |= dict.fromkeys((201, 302, 408, 425, 429, 500, 502, 503), OutcomeUnknownError)


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_a_refusal_or_an_unknown_outcome(status):
    with (
        served(said(status, b'{"state": "unknown"}')) as port,
        pytest.raises(STATUSES[status], match=f"HTTP {status}"),
    ):
        sealer(port).seal(b"%PDF", REQUEST)


def test_an_answer_that_knows_no_request_is_no_answer_to_it():
    with served(said(200, b'{"state": "unknown"}')) as port:
        assert sealer(port).profile is Profile.PLATFORM
        assert sealer(port).query(ID) == Unknown()
        with pytest.raises(OutcomeUnknownError, match="no such request"):
            sealer(port).seal(b"%PDF", REQUEST)


def test_an_answer_is_dated_when_it_came():
    with served(said(200, b'{"state": "sealed", "file": "JVBERg=="}')) as port:
        found = sealer(port, now=lambda: AT).query(ID)
        assert found == Sealed(b"%PDF", AT)


def test_an_answer_that_is_cut_short_is_an_unknown_outcome():
    with (
        served(said(200, b'{"state": "unknown"}', 99)) as port,
        pytest.raises(OutcomeUnknownError, match="connection broke"),
    ):
        sealer(port).query(ID)


def test_an_answer_that_does_not_come_is_an_unknown_outcome():
    release = threading.Event()
    with served(lambda _: release.wait(20)) as port:
        with pytest.raises(OutcomeUnknownError, match="timed out"):
            sealer(port, timeout=0.2).query(ID)
        release.set()


def test_an_answer_that_drips_is_an_unknown_outcome():
    late = iter([AT, AT + platform.DEADLINE + timedelta(seconds=1)])
    with (
        served(said(200, b'{"state": "unknown"}')) as port,
        pytest.raises(OutcomeUnknownError, match="timed out"),
    ):
        sealer(port, now=lambda: next(late)).query(ID)


DRIPS = {
    "a header": (b"HTTP/1.1 200 OK\r\n", b"X"),
    "a refusal": (b"HTTP/1.1 403 No\r\n", b"X"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("name", DRIPS)
def test_whatever_drips_before_an_answer_is_cut(name, monkeypatch):
    monkeypatch.setattr(platform, "DEADLINE", timedelta(seconds=0.3))
    begin, more = DRIPS[name]
    done = threading.Event()

    def respond(handler):
        handler.wfile.write(begin)
        while not done.wait(0.02):
            handler.wfile.write(more)

    with served(respond) as port:
        begun = time.monotonic()
        with pytest.raises(OutcomeUnknownError, match="timed out"):
            sealer(port).query(ID)
        assert time.monotonic() - begun < 5  # nothing but the cut ends it
        done.set()


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tmp_path):
    key, certificate = tls_files(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with served(said(200, b'{"state": "unknown"}'), context) as port:
        place = Address(True, "localhost", port, "")
        with pytest.raises(OutcomeUnknownError, match="certificate"):
            PlatformSealer(place, BY).query(ID)
        known = PlatformSealer(place, BY, ca_file=str(certificate))
        assert known.query(ID) == Unknown()
        other = Address(True, "127.0.0.1", port, "")
        with pytest.raises(OutcomeUnknownError, match="certificate"):
            PlatformSealer(other, BY, ca_file=str(certificate)).query(ID)


def tls_files(folder, host):
    """Return a key and a certificate of its own for a host."""
    now, key = clock.now(), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "key.pem", folder / "certificate.pem"
    paths[0].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    paths[1].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return paths
