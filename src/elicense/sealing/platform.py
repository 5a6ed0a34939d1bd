"""A sealer over HTTP: a seal platform that holds the organ's key.

One address, its certificate checked, no redirect, bounded in time and size. Whatever
goes wrong between sending and reading is an unknown outcome, never a no.
"""

import http.client
import ipaddress
import secrets
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from elicense.errors import WorkspaceError
from elicense.model import Text
from elicense.sealing import wire
from elicense.sealing.sealers import (
    Answer,
    OutcomeUnknownError,
    Pending,
    Profile,
    Sealed,
    SealingRefusedError,
    SealingRequest,
    Unknown,
)
from elicense.sealing.wire import Call, Credentials
from esign import clock

MAX_ANSWER_BYTES = 48 << 20  # a file of 32 MiB in base64, and a little
TIMEOUT = 30.0  # seconds for the connection, and for each piece of an answer
DEADLINE = timedelta(minutes=2)  # for a whole call, however slowly it drips
_CHUNK = 1 << 16
_OK = 200
_REFUSALS = range(400, 500)
_TIMED_OUT = (408, 425, 429)  # of them nobody knows, or it may be tried again


@dataclass(frozen=True, slots=True)
class Address:
    """Where a platform is.

    Attributes:
        secure: HTTPS; plain HTTP goes to this machine alone.
        host: name or address.
        port: its port.
        path: before the interface's own paths, without a slash at its end.
    """

    secure: bool
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Read an address.

        Args:
            url: such as ``https://seal.example.cn/api``.

        Raises:
            WorkspaceError: another scheme, plain HTTP to another machine, or parts that
                an address of a platform has not.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as err:
            raise _wrong_url() from err
        secure = parts.scheme == "https"
        plain = parts.scheme == "http" and _is_this_machine(parts.hostname or "")
        odd = parts.query or parts.fragment or parts.username or parts.password
        if not parts.hostname or odd or not (secure or plain) or not url.isascii():
            raise _wrong_url()
        default = http.client.HTTPS_PORT if secure else http.client.HTTP_PORT
        return cls(secure, parts.hostname, port or default, parts.path.rstrip("/"))


class PlatformSealer:
    """Asks one platform for one seal. Every call opens its own connection."""

    def __init__(
        self,
        address: Address,
        credentials: Credentials,
        *,
        timeout: float = TIMEOUT,
        ca_file: str | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        """Keep where it is and who asks.

        Args:
            address: of the platform.
            credentials: who asks, and for which seal.
            timeout: seconds for the connection, and for each piece of an answer.
            ca_file: PEM of the authorities that count; the system's where None.
            now: the clock; requests carry its time.
        """
        self._address = address
        self._credentials = credentials
        self._timeout = timeout
        self._ca_file = ca_file
        self._now = now

    @property
    def profile(self) -> Profile:
        """PLATFORM."""
        return Profile.PLATFORM

    def seal(self, pdf: bytes, request: SealingRequest) -> Sealed | Pending:
        """Ask for a seal (:meth:`elicense.sealing.sealers.DocumentSealer.seal`)."""
        body = wire.seal_body(pdf, request, self._credentials)
        found = wire.answer(self._call("POST", "/seal", body))
        if isinstance(found, Unknown):
            raise OutcomeUnknownError(
                Text("平台称没有该请求", "it says that there is no such request")
            )
        return self._dated(found)

    def query(self, request_id: str) -> Answer:
        """Ask for a request (:meth:`elicense.sealing.sealers.DocumentSealer.query`)."""
        found = wire.answer(self._call("GET", f"/requests/{request_id}", b""))
        return found if isinstance(found, Unknown) else self._dated(found)

    def requests(self) -> Mapping[str, str]:
        """Ask for all (:meth:`elicense.sealing.sealers.DocumentSealer.requests`)."""
        return wire.listed(self._call("GET", "/requests", b""))

    def _dated(self, found: Sealed | Pending) -> Sealed | Pending:
        """Return an answer with the time at which it came."""
        if isinstance(found, Sealed):
            return Sealed(found.pdf, self._now())
        return found

    def _call(self, method: str, path: str, body: bytes) -> bytes:
        """Return the body of the answer to one request."""
        now = self._now()
        call = Call(
            method,
            self._address.path + path,
            body,
            int(now.timestamp()),
            secrets.token_hex(16),
        )
        asked_by = self._credentials
        headers = call.headers(asked_by.app_id, asked_by.secret)
        connection = self._connection()
        try:
            with _within(connection, DEADLINE):
                connection.request(
                    method,
                    call.path,
                    body or None,
                    {**headers, "Content-Type": "application/json"},
                )
                response = connection.getresponse()
                data = self._read(response, now + DEADLINE)
        except TimeoutError as err:
            raise OutcomeUnknownError(Text("超时", "it timed out")) from err
        except ssl.SSLCertVerificationError as err:
            raise OutcomeUnknownError(
                Text("平台证书校验失败", "its certificate was not accepted")
            ) from err
        except (OSError, http.client.HTTPException) as err:
            raise OutcomeUnknownError(Text("连接中断", "the connection broke")) from err
        finally:
            connection.close()
        return _accepted(response.status, data)

    def _read(self, response: http.client.HTTPResponse, until: datetime) -> bytes:
        """Return a whole answer, if it is small enough and comes in time."""
        parts, size = [], 0
        while part := response.read1(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise OutcomeUnknownError(Text("回复过大", "the answer is too large"))
            if self._now() > until:
                raise TimeoutError
        if response.length:  # bytes that were promised and did not come
            raise http.client.IncompleteRead(b"", response.length)
        return b"".join(parts)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._address.host, self._address.port
        if not self._address.secure:
            return http.client.HTTPConnection(host, port, timeout=self._timeout)
        context = ssl.create_default_context(cafile=self._ca_file)
        return http.client.HTTPSConnection(
            host, port, timeout=self._timeout, context=context
        )


@contextmanager
def _within(connection: http.client.HTTPConnection, limit: timedelta) -> Iterator[None]:
    """Cut a connection that is not done in time, whatever its state is.

    A time-out of the socket begins anew with every byte; a status line, headers and
    interim answers can drip for ever.

    Raises:
        TimeoutError: it was cut.
    """
    late = threading.Event()

    def cut() -> None:
        late.set()
        if connection.sock is not None:
            with suppress(OSError):  # it ended by itself
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    timer = threading.Timer(limit.total_seconds(), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException):
        if not late.is_set():
            raise
    finally:
        timer.cancel()
    if late.is_set():
        raise TimeoutError


def _accepted(status: int, data: bytes) -> bytes:
    """Return the body of an answer that is one; a redirect is none."""
    if status in _REFUSALS and status not in _TIMED_OUT:
        raise SealingRefusedError(Text(f"HTTP {status}", f"HTTP {status}"))
    if status != _OK:
        raise OutcomeUnknownError(Text(f"HTTP {status}", f"HTTP {status}"))
    return data


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _wrong_url() -> WorkspaceError:
    return WorkspaceError(
        Text(
            "[platform] url 应为 https:// 地址（仅本机可用 http://），不带参数",
            "[platform] url: expected an https:// address without query (http:// to"
            " this machine alone)",
        )
    )
