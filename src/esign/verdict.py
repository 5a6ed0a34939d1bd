"""The vocabulary of an answer: indication, code, check (ETSI EN 319 102-1, clause 5).

FAILED means checked and wrong; INDETERMINATE means it could not be told. The codes are
declared in their order of precedence: of several causes the first one names the answer.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn


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

    def to_json(self) -> dict[str, str]:
        """Return the check as an answer's JSON lists it; what it lacks is left out."""
        members = {"id": self.id, "indication": self.indication.value}
        if self.code is not None:
            members["code"] = self.code.text
        if self.detail:
            members["detail"] = self.detail
        return members


class ThreeValued:
    """Base of every answer: passed, failed or not known, so no boolean."""

    __slots__ = ()

    def __bool__(self) -> NoReturn:
        """Refuse to be a boolean: there are three answers, not two."""
        raise TypeError("an answer has three values: compare its code or indication")


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


def decide_complete(checks: Iterable[Check]) -> Code:
    """Return the code of checks of which none may be left out.

    As :func:`decide`; but where nothing failed and a check could not be made, the
    digest of a document that is not at hand for one, it is UNREADABLE.

    Raises:
        ValueError: no check passed and none gave a code: absence is never a yes.
    """
    seen = tuple(checks)
    code = decide(seen)
    left_out = any(check.indication is Indication.NOT_CHECKED for check in seen)
    return Code.UNREADABLE if left_out and code is Code.VALID else code


def held(checks: Iterable[Check], check_id: str) -> bool | None:
    """Return whether a check held wherever it was asked for.

    Args:
        checks: of one file or signature, or of several; each id may carry the number
            of a signature and a dot before it.
        check_id: without that number.

    Returns:
        False where it failed once, True where it always passed, else None.
    """
    found = [
        check.indication for check in checks if check.id.rpartition(".")[2] == check_id
    ]
    if Indication.FAILED in found:
        return False
    if not found or any(one is not Indication.PASSED for one in found):
        return None
    return True
