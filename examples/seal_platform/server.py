"""The platform's HTTP, on this machine alone."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .desk import Desk, SilenceError
from .faults import Fault

HOST = "127.0.0.1"
_MAX_BODY = 64 << 20
_HUGE = 64 << 20


class Server(ThreadingHTTPServer):
    """Serves a desk; ``port`` 0 takes any that is free."""

    daemon_threads = True

    def __init__(self, desk: Desk, port: int = 0) -> None:
        """Listen."""
        super().__init__((HOST, port), _Handler)
        self.desk = desk

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that went away."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        """Answer a question."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a request."""
        self._answer()

    def log_message(self, *_: object) -> None:
        """Write no log."""

    def _answer(self) -> None:
        desk = self.server.desk
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size) if size <= _MAX_BODY else b""
        headers = dict(self.headers.items())
        if not desk.is_allowed(self.command, self.path, headers, body):
            self._send(403, b"{}", 2)
            return
        try:
            status, data = desk.answer(self.command, self.path, body)
        except SilenceError:
            self.close_connection = True
            return
        is_broken = desk.fault is Fault.BROKEN and self.path == "/seal"
        if desk.fault is Fault.HUGE:
            self._send(status, data * _HUGE, _HUGE)
        else:
            self._send(status, data[: len(data) // 2] if is_broken else data, len(data))

    def _send(self, status: int, data: bytes, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if status == 302:  # noqa: PLR2004  Found
            self.send_header("Location", "/seal")
        self.end_headers()
        self.wfile.write(data)
