"""One use of a seal: what is asked, what is answered, and what the log keeps of it.

No person stands here: an operator or approver is an id that the organ gave, and what
was sealed is named by its identifier.
"""

import enum
import re
from dataclasses import dataclass
from datetime import datetime

from elicense.errors import ElicenseError
from elicense.masking import contains_citizen_id
from elicense.model import Text

MAX_ID = 64
"""Characters of the id of an operator, an approver or a request."""
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:@-]{0,63}")


class Scenario(enum.StrEnum):
    """On what occasion a license is sealed (用印场景)."""

    ISSUE = "issue"
    RENEW = "renew"
    IMPORT = "import"
    REPRINT = "reprint"

    @property
    def text(self) -> Text:
        """The occasion for people."""
        return _SCENARIOS[self]


_SCENARIOS = {
    Scenario.ISSUE: Text("首次签发", "first issue"),
    Scenario.RENEW: Text("延续、变更、补发、更正", "new version"),
    Scenario.IMPORT: Text("存量补录", "import from paper"),
    Scenario.REPRINT: Text("重印", "reprint"),
}


class Refusal(enum.StrEnum):
    """Why a seal may not be used; in the order in which it is asked."""

    UNKNOWN_SEAL = "unknown-seal"
    OTHER_OWNER = "other-owner"
    NOT_ENABLED = "not-enabled"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    NO_GRANT = "no-grant"
    OPERATOR = "operator"
    PERIOD = "period"
    NO_APPROVER = "no-approver"
    SAME_PERSON = "same-person"
    APPROVER = "approver"

    @property
    def text(self) -> Text:
        """The reason for people."""
        return _REFUSALS[self]


_REFUSALS = {
    Refusal.UNKNOWN_SEAL: Text("没有该印章", "there is no such seal"),
    Refusal.OTHER_OWNER: Text(
        "印章属于其他机关", "the seal belongs to another organization"
    ),
    Refusal.NOT_ENABLED: Text("印章未启用", "the seal is not enabled"),
    Refusal.NOT_YET_VALID: Text("印章尚未到有效期", "the seal is not valid yet"),
    Refusal.EXPIRED: Text("印章已过有效期", "the seal has expired"),
    Refusal.NO_GRANT: Text(
        "用印规则未允许在该证照类型、场景上使用该印章",
        "no rule grants the seal for this license type and scenario",
    ),
    Refusal.OPERATOR: Text(
        "用印规则未允许该经办人", "no rule grants the seal to this operator"
    ),
    Refusal.PERIOD: Text("不在用印规则的期限内", "outside the period of the grant"),
    Refusal.NO_APPROVER: Text(
        "须经第二人审核（一审一核）", "a second person has to approve"
    ),
    Refusal.SAME_PERSON: Text("审核人不得是经办人本人", "the approver is the operator"),
    Refusal.APPROVER: Text(
        "用印规则未允许该审核人", "no rule lets this person approve"
    ),
}


class SealIdError(ElicenseError):
    """An id of a person or a seal is not in its form; the value is not repeated."""


def check_id(what: str, value: str) -> None:
    """Raise unless an id is empty, or letters, digits and ``._:@-``, and no citizen id.

    Args:
        what: ``operator``, ``approver`` or what else, for the error.
        value: the id.

    Raises:
        SealIdError: it is not.
    """
    if value and (not _ID.fullmatch(value) or contains_citizen_id(value)):
        raise SealIdError(
            Text(
                f"{what} 应为 1 至 {MAX_ID} 位字母、数字或 ._:@-，且不得含公民身份号码",
                f"{what}: 1 to {MAX_ID} letters, digits or ._:@-, and no citizen id",
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SealUse:
    """What is asked: may this seal be put on that, by this person, now?

    Attributes:
        seal: id of the seal in the register of seals; empty for the organ's own that
            signs now.
        organization: USCC of the organ that asks.
        type_name: license type of the document.
        scenario: the occasion.
        operator: id of who operates (经办); empty where none was given.
        approver: id of who approves (审核); empty for nobody.
        at: the instant of sealing, aware.

    Raises:
        ValueError: ``at`` is naive.
        SealIdError: an id is not one, or holds a citizen id.
    """

    seal: str = ""
    organization: str
    type_name: str
    scenario: Scenario
    operator: str = ""
    approver: str = ""
    at: datetime

    def __post_init__(self) -> None:
        """Refuse what must not reach a log."""
        if self.at.tzinfo is None:
            raise ValueError("the instant must be aware")
        check_id("operator", self.operator)
        check_id("approver", self.approver)


@dataclass(frozen=True, slots=True)
class Actors:
    """Who puts a seal on (经办) and who approves it (审核), by the organ's own ids.

    Raises:
        SealIdError: an id is not one, or holds a citizen id.
    """

    operator: str = ""
    approver: str = ""

    def __post_init__(self) -> None:
        """Check the ids."""
        check_id("operator", self.operator)
        check_id("approver", self.approver)


NOBODY = Actors()
"""Nobody was named; where there is no policy nobody has to be."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The seal may be used as asked.

    Attributes:
        use: what was asked, with the seal named.
        rule: name of the rule that grants it; empty where there is no policy.
    """

    use: SealUse
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The seal may not be used as asked.

    Attributes:
        use: what was asked.
        reason: the first thing that stands in the way.
    """

    use: SealUse
    reason: Refusal


class SealRefusedError(ElicenseError):
    """A seal may not be used: nothing was reserved or sealed, and the log says so.

    Attributes:
        refused: what was asked, and why not.
    """

    def __init__(self, refused: Refused) -> None:
        """Keep the answer."""
        reason, seal = refused.reason.text, refused.use.seal or "-"
        super().__init__(
            Text(
                f"不能使用印章 {seal}：{reason.zh}（{refused.reason}）",
                f"the seal {seal} may not be used: {reason.en} ({refused.reason})",
            )
        )
        self.refused = refused
        self.args = (refused,)
