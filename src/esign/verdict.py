"""The vocabulary of an answer: indication, code, check (ETSI EN 319 102-1, clause 5).

FAILED means checked and wrong; INDETERMINATE means it could not be told. The codes are
declared in their order of precedence: of several causes the first one names the answer.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Indication(enum.StrEnum):
    """The main indication of a check or an answer; NOT_CHECKED is for checks only."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INDETERMINATE = "INDETERMINATE"
    NOT_CHECKED = "NOT_CHECKED"


class Code(enum.Enum):
    """Why an answer is what it is, in order of precedence.

    Each code knows its indication.
    """

    MALFORMED = ("MALFORMED", Indication.FAILED)
    UNREADABLE = ("UNREADABLE", Indication.INDETERMINATE)
    UNSUPPORTED = ("UNSUPPORTED", Indication.INDETERMINATE)
    UNKNOWN_ISSUER = ("UNKNOWN_ISSUER", Indication.INDETERMINATE)
    BAD_SIGNATURE = ("BAD_SIGNATURE", Indication.FAILED)
    NOT_AUTHORIZED = ("NOT_AUTHORIZED", Indication.FAILED)
    ALTERED = ("ALTERED", Indication.FAILED)
    FACE_MISMATCH = ("FACE_MISMATCH", Indication.FAILED)
    CLOCK_ROLLBACK = ("CLOCK_ROLLBACK", Indication.INDETERMINATE)
    REVOKED = ("REVOKED", Indication.FAILED)
    SUPERSEDED = ("SUPERSEDED", Indication.FAILED)
    EXPIRED = ("EXPIRED", Indication.FAILED)
    LAPSED = ("LAPSED", Indication.FAILED)
    NOT_YET_VALID = ("NOT_YET_VALID", Indication.FAILED)
    SUSPENDED = ("SUSPENDED", Indication.FAILED)
    KEY_COMPROMISED = ("KEY_COMPROMISED", Indication.INDETERMINATE)
    NO_STATUS = ("NO_STATUS", Indication.INDETERMINATE)
    STALE = ("STALE", Indication.INDETERMINATE)
    VALID = ("VALID", Indication.PASSED)

    def __init__(self, text: str, indication: Indication) -> None:
        """Keep the wire text and the indication that the code implies."""
        self.text = text
        self.indication = indication


_RANK = {code: rank for rank, code in enumerate(Code)}


@dataclass(frozen=True, slots=True)
class Check:
    """One check that was made, or was not: its name, its outcome, and why.

    Attributes:
        id: stable name of the check, such as ``signature``.
        indication: the outcome.
        code: the cause, for a check that did not pass; None otherwise.
        detail: one English sentence for a developer; never personal data.
    """

    id: str
    indication: Indication
    code: Code | None = None
    detail: str = ""

    def __post_init__(self) -> None:
        """Refuse a failure without a cause, which :func:`decide` could not see.

        Raises:
            ValueError: the code is VALID, or the indication is not the code's.
        """
        if self.code is Code.VALID:
            raise ValueError("a check that did not pass cannot have the code VALID")
        if self.code is None:
            fits = self.indication in (Indication.PASSED, Indication.NOT_CHECKED)
        else:
            fits = self.indication is self.code.indication
        if not fits:
            raise ValueError(f"{self.indication} does not go with {self.code}")

    @classmethod
    def passed(cls, check_id: str, detail: str = "") -> "Check":
        """Return a check that was made and held."""
        return cls(check_id, Indication.PASSED, None, detail)

    @classmethod
    def failed(cls, check_id: str, code: Code, detail: str) -> "Check":
        """Return a check that gives ``code``, with the indication the code implies.

        Raises:
            ValueError: the code is VALID.
        """
        return cls(check_id, code.indication, code, detail)

    @classmethod
    def not_checked(cls, check_id: str, detail: str) -> "Check":
        """Return a check that could not be made, with the reason."""
        return cls(check_id, Indication.NOT_CHECKED, None, detail)


def decide(checks: Iterable[Check]) -> Code:
    """Return the first code, by precedence, among the checks; VALID if there is none.

    Raises:
        ValueError: no check passed and none gave a code: absence is never a yes.
    """
    seen = tuple(checks)
    causes = [check.code for check in seen if check.code is not None]
    if causes:
        return min(causes, key=_RANK.__getitem__)
    if all(check.indication is not Indication.PASSED for check in seen):
        raise ValueError("no check was made, so there is nothing to decide")
    return Code.VALID
