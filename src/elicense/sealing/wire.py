"""The messages between us and a seal platform: strict JSON and signed requests.

docs/seal-platforms.md has them; nothing here touches a network.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from elicense.masking import contains_citizen_id
from elicense.model import Text
from elicense.sealing.sealers import (
    Answer,
    OutcomeUnknownError,
    Pending,
    Sealed,
    SealingRefusedError,
    SealingRequest,
    Unknown,
)

FIELD = "Seal"
MAX_TEXT = 200  # characters of a task or a reason
_REQUEST_ID = re.compile("[0-9a-f]{32}")
_STATES = ("sealed", "pending")
_WITHHELD = Text(
    "其说明含公民身份号码，不予显示", "its reason holds a citizen id and is not shown"
)
_GARBLED = Text("回复不符合接口格式", "the answer is not in the interface's form")


@dataclass(frozen=True, slots=True)
class Credentials:
    """By whom and with which seal a platform is asked.

    Attributes:
        app_id: appId, as the platform gave it.
        secret: appSecret; never logged.
        seal_id: which of the platform's seals.
        operator: who is responsible, as the platform knows them; empty for nobody.
    """

    app_id: str
    secret: bytes = field(repr=False)
    seal_id: str
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it is sent.

    Attributes:
        method: GET or POST.
        path: with its query, as it is sent.
        body: bytes, empty for GET.
        timestamp: seconds since 1970.
        nonce: 32 hexadecimal digits, new each time.
    """

    method: str
    path: str
    body: bytes = field(repr=False)
    timestamp: int
    nonce: str

    def signature(self, secret: bytes) -> str:
        """Return the HMAC-SHA-256 of the call in hexadecimal.

        Args:
            secret: appSecret.
        """
        digest = hashlib.sha256(self.body).hexdigest()
        parts = (self.method, self.path, str(self.timestamp), self.nonce, digest)
        text = "\n".join(parts).encode()
        return hmac.digest(secret, text, "sha256").hex()

    def headers(self, app_id: str, secret: bytes) -> dict[str, str]:
        """Return the headers that say who calls."""
        return {
            "X-App-Id": app_id,
            "X-Timestamp": str(self.timestamp),
            "X-Nonce": self.nonce,
            "X-Signature": self.signature(secret),
        }


def seal_body(pdf: bytes, request: SealingRequest, asked_by: Credentials) -> bytes:
    """Return the body of a request to seal."""
    return json.dumps(
        {
            "request_id": request.request_id,
            "seal_id": asked_by.seal_id,
            "file": base64.b64encode(pdf).decode("ascii"),
            "page": request.page,
            "box": list(request.box),
            "field": FIELD,
            "scenario": request.scenario,
            "case_number": request.case_number,
            "operator": asked_by.operator,
        },
        ensure_ascii=False,
    ).encode()


def answer(data: bytes) -> Answer:
    """Return what a platform answers of one request.

    Raises:
        OutcomeUnknownError: not in the interface's form.
        SealingRefusedError: it refused.
    """
    found = _object(data)
    state = found.get("state")
    if state == "sealed" and found.keys() == {"state", "file"}:
        return Sealed(_file(found["file"]))
    if state == "pending" and found.keys() == {"state", "task"}:
        task = _text(found["task"])
        return Pending("" if contains_citizen_id(task) else task)
    if state == "refused" and found.keys() == {"state", "reason"}:
        reason = _text(found["reason"])
        if contains_citizen_id(reason):
            raise SealingRefusedError(_WITHHELD)
        raise SealingRefusedError(Text(reason, reason))
    if found == {"state": "unknown"}:
        return Unknown()
    raise OutcomeUnknownError(_GARBLED)


def listed(data: bytes) -> Mapping[str, str]:
    """Return the requests that a platform lists: id -> state.

    Raises:
        OutcomeUnknownError: not in the interface's form.
    """
    found = _object(data)
    items = found.get("requests")
    if found.keys() != {"requests"} or not isinstance(items, list):
        raise OutcomeUnknownError(_GARBLED)
    requests: dict[str, str] = {}
    for item in items:
        if not isinstance(item, dict) or item.keys() != {"request_id", "state"}:
            raise OutcomeUnknownError(_GARBLED)
        request_id, state = item["request_id"], item["state"]
        known = isinstance(request_id, str) and _REQUEST_ID.fullmatch(request_id)
        if not known or state not in _STATES or request_id in requests:
            raise OutcomeUnknownError(_GARBLED)
        requests[request_id] = state
    return requests


def _object(data: bytes) -> dict[str, object]:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) != len(pairs):
            raise ValueError("a key occurs twice")
        return made

    try:
        found = json.loads(data.decode(), object_pairs_hook=unique)
    except (ValueError, RecursionError) as err:
        raise OutcomeUnknownError(_GARBLED) from err
    if not isinstance(found, dict):
        raise OutcomeUnknownError(_GARBLED)
    return found


def _file(value: object) -> bytes:
    if not isinstance(value, str):
        raise OutcomeUnknownError(_GARBLED)
    try:
        return base64.b64decode(value.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as err:
        raise OutcomeUnknownError(_GARBLED) from err


def _text(value: object) -> str:
    """Return a short printable text of theirs."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > MAX_TEXT:
        raise OutcomeUnknownError(_GARBLED)
    return value
