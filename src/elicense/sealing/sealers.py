"""The port of those who seal documents, beside :class:`esign.keys.Signer`.

A signer signs bytes with a key; a sealer gets a whole document and gives it back
sealed, at once or later (docs/seal-platforms.md).
"""

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from elicense.errors import ElicenseError
from elicense.model import Text

_PURPOSE = b"elicense.seal-request/1\0"
_ID_DIGITS = 32  # 16 bytes, so that no two licenses have one


class Profile(enum.StrEnum):
    """What a sealer gets and gives (docs/formats/pdf.md)."""

    NATIVE = "native"  # an unsigned PDF in, one sealed revision out
    PLATFORM = "platform"  # revision 1 with an empty field in, a second one behind it


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingRequest:
    """What a sealer is told beside the document.

    Attributes:
        request_id: 32 hexadecimal digits; the same for the same document, for ever.
        page: number of the page of the seal, from 0.
        box: left, bottom, right, top of its box in points.
        at: the instant of the request, aware, whole seconds UTC.
        scenario: what the seal is for, such as ``issue``.
        case_number: number of the case, empty for none; kept out of logs.
    """

    request_id: str
    page: int
    box: tuple[float, float, float, float]
    at: datetime
    scenario: str = ""
    case_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed document came back; nobody has validated it.

    Attributes:
        pdf: the document.
        received_at: when it came, aware; None for at once.
    """

    pdf: bytes = field(repr=False)
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """It will be sealed later.

    Attributes:
        task: what the other side calls it.
    """

    task: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The other side knows no such request, so it has sealed nothing."""


Answer: TypeAlias = Sealed | Pending | Unknown


class OutcomeUnknownError(ElicenseError):
    """Nobody knows whether it was sealed: ask later, and do not send it again."""

    def __init__(self, why: Text) -> None:
        """Say why."""
        super().__init__(
            Text(
                f"签章平台未给出明确结果：{why.zh}",
                f"the seal platform gave no clear answer: {why.en}",
            )
        )
        self.args = (why,)


class SealingRefusedError(ElicenseError):
    """The other side refused, and has sealed nothing."""

    def __init__(self, why: Text) -> None:
        """Say why."""
        super().__init__(
            Text(
                f"签章平台拒绝了请求：{why.zh}",
                f"the seal platform refused the request: {why.en}",
            )
        )
        self.args = (why,)


class DocumentSealer(Protocol):
    """Seals documents, and remembers which."""

    @property
    def profile(self) -> Profile:
        """What it gets and gives."""

    def seal(self, pdf: bytes, request: SealingRequest) -> Sealed | Pending:
        """Ask for a document to be sealed; the same request id gives the same answer.

        Does NOT validate what comes back.

        Args:
            pdf: the document, in the form of the profile.
            request: what is asked for.

        Raises:
            OutcomeUnknownError: no clear answer; :meth:`query` it, and only where it
                is unknown there, send it again.
            SealingRefusedError: it was refused, and nothing was sealed.
        """

    def query(self, request_id: str) -> Answer:
        """Return what became of a request.

        Raises:
            OutcomeUnknownError: no clear answer.
            SealingRefusedError: the question or the request was refused.
        """

    def requests(self) -> Mapping[str, str]:
        """Return all requests that it knows: id -> ``sealed`` or ``pending``.

        Raises:
            OutcomeUnknownError: no clear answer.
            SealingRefusedError: the question was refused.
        """


def request_id_of(identifier: str, pdf: bytes) -> str:
    """Return the id of the request to seal a document of a license.

    Args:
        identifier: of the license.
        pdf: what is to be sealed.
    """
    parts = (_PURPOSE, identifier.encode(), b"\0", hashlib.sha256(pdf).digest())
    return hashlib.sha256(b"".join(parts)).hexdigest()[:_ID_DIGITS]
