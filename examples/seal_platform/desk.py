"""What the platform does with requests: seal once, remember, answer; or fail."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from esign import clock

from .faults import Fault
from .vault import SEAL_ID, Vault

_LATEST = 300  # seconds by which a request's time may be off


class SilenceError(Exception):
    """No answer is given; the connection just ends."""


@dataclass
class Entry:
    """One request that was taken."""

    digest: bytes
    pdf: bytes = field(repr=False)
    sealed: bytes | None = field(default=None, repr=False)


class Desk:
    """The platform behind its HTTP; attributes may be changed while it runs.

    Attributes:
        vault: keys and seal.
        app_id: who may ask.
        secret: appSecret.
        fault: what is wrong with the next answers.
        entries: what was asked for, by request id.
        sealings: how many documents were sealed.
    """

    def __init__(
        self,
        vault: Vault,
        app_id: str,
        secret: bytes,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        """Open with an empty book."""
        self.vault = vault
        self.app_id = app_id
        self.secret = secret
        self.fault = Fault.NONE
        self.entries: dict[str, Entry] = {}
        self.sealings = 0
        self._now = now
        self._nonces: set[str] = set()
        self._lock = threading.Lock()

    def files(self) -> dict[str, bytes]:
        """Return the seal and its certificates, as an organ lists them."""
        return {
            "seal.esl": self.vault.seal,
            "root.cer": self.vault.root.certificate,
            "maker.cer": self.vault.maker.certificate,
            "signer.cer": self.vault.signer.certificate,
        }

    def is_allowed(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> bool:
        """Tell whether a request is signed by who may ask, and is a new one."""
        stamp, nonce = headers.get("X-Timestamp", ""), headers.get("X-Nonce", "")
        digest = hashlib.sha256(body).hexdigest()
        text = f"{method}\n{path}\n{stamp}\n{nonce}\n{digest}".encode()
        expected = hmac.digest(self.secret, text, "sha256").hex()
        given = headers.get("X-Signature", "")
        with self._lock:
            is_new = nonce not in self._nonces
            self._nonces.add(nonce)
        return (
            headers.get("X-App-Id") == self.app_id
            and hmac.compare_digest(expected.encode(), given.encode())
            and is_new
            and abs(int(stamp) - self._now().timestamp()) < _LATEST
        )

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Return status and body; SilenceError for none."""
        with self._lock:
            if method == "POST" and path == "/seal":
                return self._faulty(lambda: self._seal(json.loads(body)), path)
            if method == "GET" and path == "/requests":
                return self._faulty(self._list, path)
            if method == "GET" and path.startswith("/requests/"):
                name = path.removeprefix("/requests/")
                return self._faulty(lambda: self._found(name), path)
        return 404, b"{}"

    def _faulty(self, act: Callable[[], object], path: str) -> tuple[int, bytes]:
        """Return the answer as the fault of the moment spoils it."""
        is_sealing = path == "/seal"
        if self.fault is Fault.LOST and is_sealing:
            raise SilenceError
        if self.fault is Fault.REFUSING and is_sealing:
            return 200, _json({"state": "refused", "reason": "印章已停用"})
        made = _json(act())
        spoiled = {
            Fault.ERROR: (500, b"internal error"),
            Fault.GARBAGE: (200, b"<html>busy</html>"),
            Fault.BROKEN: (200, made),
            Fault.REDIRECT: (302, b""),
            Fault.HUGE: (200, b" "),
        }
        if self.fault is Fault.TIMEOUT and is_sealing:
            raise SilenceError
        return spoiled.get(self.fault, (200, made))

    def _seal(self, asked: dict[str, object]) -> object:
        if asked["seal_id"] != SEAL_ID:
            return {"state": "refused", "reason": f"本平台没有印章 {asked['seal_id']}"}
        pdf = base64.b64decode(str(asked["file"]))
        name, digest = str(asked["request_id"]), hashlib.sha256(pdf).digest()
        entry = self.entries.setdefault(name, Entry(digest, pdf))
        if entry.digest != digest:
            return {"state": "refused", "reason": "同一请求号的文件不同"}
        if self.fault is Fault.SLOW:
            return {"state": "pending", "task": f"T{len(self.entries)}"}
        return self._found(name)

    def _found(self, name: str) -> object:
        entry = self.entries.get(name)
        if entry is None:
            return {"state": "unknown"}
        if self.fault is Fault.SLOW:
            return {"state": "pending", "task": "T1"}
        if entry.sealed is None or self.fault is Fault.TWICE:
            entry.sealed = self._sealed(entry.pdf)
        file = {
            Fault.UNSEALED: entry.pdf,
            Fault.OTHER: self._other(),
        }.get(self.fault, entry.sealed)
        return {"state": "sealed", "file": base64.b64encode(file).decode()}

    def _other(self) -> bytes:
        """Return the first document that was ever sealed, whoever asked."""
        return next(one.sealed for one in self.entries.values() if one.sealed)

    def _sealed(self, pdf: bytes) -> bytes:
        self.sealings += 1
        return self.vault.seal_pdf(pdf, self._now())

    def _list(self) -> object:
        found = [
            {"request_id": name, "state": "sealed" if entry.sealed else "pending"}
            for name, entry in self.entries.items()
        ]
        return {"requests": found}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
