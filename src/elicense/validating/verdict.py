"""The answer of every validating call (DESIGN: the verdict contract)."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from elicense import masking, messages
from elicense.dates import instant_text
from elicense.errors import ElicenseError
from elicense.model import Text
from elicense.payload import Claims
from esign.verdict import Check, Code, Indication, ThreeValued

FORMAT = "elicense.verdict/1"


class Scope(enum.StrEnum):
    """What was compared with what, from least to most."""

    QR = "qr"  # the token alone
    RECORD = "record"  # token and record
    SEALED = "sealed"  # seal, token and record
    DOCUMENT = "document"  # the same and the printed face


class NotPassedError(ElicenseError):
    """A verdict that was required to pass did not; carries the verdict."""

    def __init__(self, verdict: "Verdict") -> None:
        """Keep the verdict."""
        super().__init__(verdict.message)
        self.verdict = verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(ThreeValued):
    """What a validation found.

    Attributes:
        code: the first cause by precedence, or VALID.
        scope: what was compared; None where nothing could be read.
        at: the instant that was asked about.
        status_as_of: when the status that was used was signed.
        checks: every check in order, made or not.
        root: fingerprint of the pinned root; empty without trust.
        bundle_number: number of the trust bundle; None without trust.
        claims: what the license says, only if its signature held. Names are in full
            here; :meth:`to_json` and :meth:`__repr__` mask them or leave them out.
        issuer_name: how the issuing organ was called on the license's legal date.
        evidence: what carried the answer.
    """

    code: Code
    scope: Scope | None
    at: datetime
    checks: tuple[Check, ...]
    root: str = ""
    bundle_number: int | None = None
    status_as_of: datetime | None = None
    claims: Claims | None = field(default=None, repr=False)
    issuer_name: str = ""
    evidence: str = "signature"

    @property
    def indication(self) -> Indication:
        """PASSED, FAILED or INDETERMINATE, as the code implies."""
        return self.code.indication

    @property
    def message(self) -> Text:
        """One sentence for a person, in both languages."""
        scope = "" if self.scope is None else self.scope.value
        return messages.message(self.code, scope)

    def require(self) -> "Verdict":
        """Return the verdict if it PASSED.

        Raises:
            NotPassedError: it did not; the error carries the verdict.
        """
        if self.indication is not Indication.PASSED:
            raise NotPassedError(self)
        return self

    def to_json(self, name: str) -> dict[str, object]:
        """Return the JSON object of the contract; holders are masked.

        Args:
            name: what the input is called.
        """
        status = self.status_as_of
        trust = {"root": self.root, "number": self.bundle_number} if self.root else None
        return {
            "format": FORMAT,
            "input": name,
            "indication": self.indication.value,
            "code": self.code.text,
            "scope": None if self.scope is None else self.scope.value,
            "at": instant_text(self.at),
            "status_as_of": None if status is None else instant_text(status),
            "evidence": self.evidence,
            "trust": trust,
            "message": {"zh": self.message.zh, "en": self.message.en},
            "checks": [check.to_json() for check in self.checks],
            "license": self._license(),
        }

    def _license(self) -> Mapping[str, object] | None:
        if self.claims is None:
            return None
        return {**summary(self.claims), "issuer_name": self.issuer_name}


def summary(claims: Claims) -> Mapping[str, object]:
    """Return the ``license`` object of a verdict, with a person's name masked."""
    last_day = claims.validity.valid_until
    name = claims.holder
    return {
        "identifier": claims.identifier,
        "number": claims.number,
        "type": claims.type_name,
        "issuer": claims.issuer,
        "holder": masking.mask_name(name) if claims.holder_is_person else name,
        "valid_from": claims.validity.valid_from.isoformat(),
        "valid_until": None if last_day is None else last_day.isoformat(),
        "specimen": claims.specimen,
    }
