"""What happens to a license, and by whose decision (行政许可法 arts 8, 49, 50, 69, 70).

An event has two times: ``effective_at``, from which it holds in law, and
``recorded_at``, when the register learned of it. Expiry is derived from the license's
own days and is never an event.
"""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from elicense import dates
from elicense.errors import ElicenseError, MalformedCodeError
from elicense.model import Text

NOTE_MAX = 500  # characters; a note explains, the decision document holds the grounds
DECISION_TEXT_MAX = 200  # characters of one entry, longer than any document number

_KEYS = (
    "document",
    "number",
    "organ",
    "legal_basis",
    "date",
    "effective_at",
    "handler",
    "reviewer",
)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})"
)
_END_OF_DAYS = dates.end_after(dates.LAST_DAY)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class EventError(ElicenseError):
    """What was said about an event breaks its rules; the text names the rule."""


class DecisionError(EventError):
    """A decision (决定文书) is incomplete or not readable.

    Attributes:
        key: the key that is wrong; empty where the whole is.
    """

    def __init__(self, key: str, expected: Text) -> None:
        """Keep the key; ``expected`` says what should stand there."""
        zh, en = (f" {key}", f", key {key}") if key else ("", "")
        super().__init__(
            Text(f"决定文书{zh}：{expected.zh}", f"decision{en}: {expected.en}")
        )
        self.key = key
        self.args = (key, expected)


class EventKind(enum.StrEnum):
    """What happened. EXPIRED is not here: it follows from the days."""

    RESERVED = "RESERVED"
    SEAL_REQUESTED = "SEAL_REQUESTED"
    ISSUED = "ISSUED"
    SUSPENDED = "SUSPENDED"
    REINSTATED = "REINSTATED"
    REVOKED = "REVOKED"
    SUPERSEDED = "SUPERSEDED"

    @property
    def text(self) -> Text:
        """The kind for people."""
        return _KIND_TEXT[self]


_WITHOUT_REASON = (EventKind.RESERVED, EventKind.SEAL_REQUESTED, EventKind.ISSUED)
_KIND_TEXT = {
    EventKind.RESERVED: Text("预留", "reserved"),
    EventKind.SEAL_REQUESTED: Text("送签章平台", "sent to be sealed"),
    EventKind.ISSUED: Text("签发", "issued"),
    EventKind.SUSPENDED: Text("暂停", "suspended"),
    EventKind.REINSTATED: Text("恢复有效", "reinstated"),
    EventKind.REVOKED: Text("终止", "revoked"),
    EventKind.SUPERSEDED: Text("被新版本替代", "superseded"),
}


class Reason(enum.Enum):
    """Why, in legal terms: a closed table.

    Attributes:
        code: the word of the command line and of the stored event.
        kind: the only kind of event that may have this reason.
        text: the legal term (法律用语) and its English rendering.
        needs_decision: a decision is required and a note is not accepted in its place;
            so for the penalties (行政处罚法 art. 9) and for 撤销 (行政许可法 art. 69).
    """

    RESCINDED = ("rescinded", EventKind.REVOKED, "撤销", "unlawful grant undone", True)
    WITHDRAWN = ("withdrawn", EventKind.REVOKED, "撤回", "lawful grant withdrawn")
    FORFEITED = ("forfeited", EventKind.REVOKED, "吊销", "forfeited as penalty", True)
    CANCELLED = ("cancelled", EventKind.REVOKED, "注销", "registration cancelled")
    ISSUED_IN_ERROR = ("issued-in-error", EventKind.REVOKED, "作废", "voided file")
    HELD = ("held", EventKind.SUSPENDED, "暂扣", "held as penalty", True)
    RELEASED = ("released", EventKind.REINSTATED, "发还", "given back")
    RESTORED = ("restored", EventKind.REINSTATED, "恢复", "restored after review")
    RENEWED = ("renewed", EventKind.SUPERSEDED, "延续", "renewed")
    CHANGED = ("changed", EventKind.SUPERSEDED, "变更", "changed")
    REISSUED = ("reissued", EventKind.SUPERSEDED, "补发", "replaced after loss")
    CORRECTED = ("corrected", EventKind.SUPERSEDED, "更正", "corrected")
    DOWNGRADED = ("downgraded", EventKind.SUPERSEDED, "降低等级", "downgraded", True)

    def __init__(
        self,
        code: str,
        kind: EventKind,
        zh: str,
        en: str,
        needs_decision: bool = False,  # noqa: FBT001, FBT002  a column of the table
    ) -> None:
        """Keep the columns of the table."""
        self.code = code
        self.kind = kind
        self.text = Text(zh, en)
        self.needs_decision = needs_decision

    @property
    def void_from_start(self) -> bool:
        """Tell whether it reaches back to the start where no decision says otherwise.

        撤销 undoes the grant from the beginning (行政许可法 art. 69).
        """
        return self is Reason.RESCINDED


def reason(kind: EventKind, code: str) -> Reason:
    """Look up a reason by its code, among those of one kind of event.

    Args:
        kind: the event that is about to happen.
        code: such as ``forfeited``; exactly as in the table.

    Raises:
        EventError: no reason of this kind has the code; the text lists those that do.
    """
    choices = [item for item in Reason if item.kind is kind]
    for item in choices:
        if item.code == code:
            return item
    zh = "、".join(f"{item.code} {item.text.zh}" for item in choices)
    en = ", ".join(item.code for item in choices)
    raise EventError(
        Text(
            f"事由代码不适用于“{kind.text.zh}”，可用：{zh or '无'}",
            f"not a reason for {kind.text.en}; expected one of: {en or 'none'}",
        )
    )


@dataclass(frozen=True, slots=True)
class Decision:
    """The document by which an organ decided (决定文书).

    Attributes:
        document: its name, such as 行政处罚决定书.
        number: 文号.
        organ: 决定机关; need not be the issuer.
        legal_basis: law and article.
        date: civil day of the decision, UTC+8.
        effective_at: from when it holds, UTC; None where the document does not say, and
            the reason's own rule applies (see :func:`effective_instant`).
        handler: 经办人.
        reviewer: 审核人.
    """

    document: str
    number: str
    organ: str
    legal_basis: str
    date: date
    effective_at: datetime | None
    handler: str = field(repr=False)
    reviewer: str = field(repr=False)

    @classmethod
    def parse(cls, value: object) -> "Decision":
        """Read a decision from decoded JSON; all eight keys, and no other.

        Args:
            value: a JSON object. ``date`` is ``YYYY-MM-DD``; ``effective_at`` is such a
                day (then 00:00 UTC+8), an instant with its offset, or null.

        Raises:
            DecisionError: naming the first key that is missing, unknown or wrong.
        """
        if not isinstance(value, Mapping):
            raise DecisionError("", Text("应为 JSON 对象", "expected a JSON object"))
        for key in value:
            if key not in _KEYS:
                raise DecisionError(
                    _shown(key), Text("未知的键", "unknown; see the eight known keys")
                )
        for key in _KEYS:
            if key not in value:
                raise DecisionError(key, Text("缺失", "missing"))
        return cls(
            document=_text(value, "document"),
            number=_text(value, "number"),
            organ=_text(value, "organ"),
            legal_basis=_text(value, "legal_basis"),
            date=_day(value, "date"),
            effective_at=_effective_at(value),
            handler=_text(value, "handler"),
            reviewer=_text(value, "reviewer"),
        )

    def to_json(self) -> dict[str, str | None]:
        """Return the JSON object that :meth:`parse` reads back as this value."""
        since = self.effective_at
        return {
            "document": self.document,
            "number": self.number,
            "organ": self.organ,
            "legal_basis": self.legal_basis,
            "date": self.date.isoformat(),
            "effective_at": None if since is None else _instant_text(since),
            "handler": self.handler,
            "reviewer": self.reviewer,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to one license; its rules are checked when it is made.

    Attributes:
        identifier: the license it happened to.
        kind: what happened.
        reason: why; None up to ISSUED, which needs no reason.
        effective_at: from when it holds, aware, UTC, whole seconds.
        recorded_at: when it was recorded, likewise.
        until: last day of a suspension, UTC+8, inclusive; None for one without end.
        decision: the document, required where the reason says so.
        note: free text, where the reason accepts one; kept out of logs.
        successor: identifier of the new version, for SUPERSEDED and only there.
        seq: place in the register's stream, None before it is recorded.
    """

    identifier: str
    kind: EventKind
    effective_at: datetime
    recorded_at: datetime
    reason: Reason | None = None
    until: date | None = None
    decision: Decision | None = None
    note: str = field(default="", repr=False)
    successor: str | None = None
    seq: int | None = None

    def __post_init__(self) -> None:
        """Check the rules: EventError for one that is broken, ValueError for instants.

        Raises:
            EventError: reason, decision, note, days or successor do not fit.
            ValueError: an instant is naive or carries a fraction of a second.
        """
        for instant in (self.effective_at, self.recorded_at):
            check_instant(instant)
        _check_reason(self.kind, self.reason)
        _check_grounds(self.reason, self.decision, self.note)
        _check_extent(self)


def check_instant(at: datetime) -> None:
    """Raise ValueError unless ``at`` is aware and has whole seconds.

    Stored instants are integer seconds; what is stored must equal what was signed.
    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    if at.microsecond:
        raise ValueError("an instant has whole seconds (esign.clock.now gives such)")


def effective_instant(
    why: Reason, decision: Decision | None, since: datetime, recorded_at: datetime
) -> datetime:
    """Return from when an event holds in law.

    Args:
        why: the event's reason.
        decision: its document, if there is one.
        since: the license's own first instant, UTC.
        recorded_at: when the event is recorded, UTC.

    Returns:
        What the decision says; else ``since`` for 撤销, which is void from the start
        (行政许可法 art. 69), and at once where the start still lies ahead; else
        ``recorded_at``.
    """
    if decision is not None and decision.effective_at is not None:
        return decision.effective_at
    return min(since, recorded_at) if why.void_from_start else recorded_at


def reasons_markdown() -> str:
    """Return the table of reasons as it stands in docs/lifecycle.md."""
    lines = [
        "| event | reason | 法律用语 | meaning | grounds |",
        "|---|---|---|---|---|",
    ]
    for item in Reason:
        grounds = "decision" if item.needs_decision else "decision or note"
        lines.append(
            f"| {item.kind} | `{item.code}` | {item.text.zh} | {item.text.en}"
            f" | {grounds} |"
        )
    return "\n".join(lines) + "\n"


def _check_reason(kind: EventKind, why: Reason | None) -> None:
    if kind in _WITHOUT_REASON:
        if why is not None:
            raise EventError(
                Text(f"“{kind.text.zh}”不需要事由", f"{kind.text.en} takes no reason")
            )
    elif why is None or why.kind is not kind:
        reason(kind, "" if why is None else why.code)


def _check_grounds(why: Reason | None, decision: Decision | None, note: str) -> None:
    if why is not None and why.needs_decision:
        if decision is None:
            raise EventError(
                Text(
                    f"{why.text.zh}须提供决定文书（--decision）",
                    f"{why.code} needs a decision document (--decision)",
                )
            )
        if note:
            raise EventError(
                Text(
                    f"{why.text.zh}以决定文书为准，不接受备注",
                    f"{why.code} rests on its decision and takes no note",
                )
            )
    if len(note) > NOTE_MAX or _UNPRINTABLE.search(note):
        raise EventError(
            Text(
                f"备注应为一行文字，不超过 {NOTE_MAX} 个字符",
                f"a note is one line of at most {NOTE_MAX} characters",
            )
        )


def _check_extent(event: Event) -> None:
    until = event.until
    if event.effective_at >= _END_OF_DAYS or (until and until > dates.LAST_DAY):
        raise EventError(
            Text(
                f"日期不得晚于 {dates.LAST_DAY}",
                f"a day lies after {dates.LAST_DAY}, the last one that is known",
            )
        )
    if (event.successor is not None) != (event.kind is EventKind.SUPERSEDED):
        raise EventError(
            Text(
                "仅且必须在“被新版本替代”时给出新证照标识",
                "a successor goes with superseded, and with nothing else",
            )
        )
    if event.until is None:
        return
    if event.kind is not EventKind.SUSPENDED:
        raise EventError(
            Text("仅暂停可以设截止日期", "only a suspension has a last day")
        )
    if event.until < dates.day_of(event.effective_at):
        raise EventError(
            Text(
                "暂停的截止日期早于生效日期",
                "the suspension's last day lies before the day it takes effect",
            )
        )


def _shown(key: object) -> str:
    """Return a foreign key for an error text, if it is short and plain.

    A digit is not: it may be a person's code that was put in the wrong place.
    """
    if isinstance(key, str) and re.fullmatch(r"[A-Za-z_]{1,40}", key):
        return key
    return "?"


def _text(value: Mapping[str, object], key: str) -> str:
    text = value[key]
    if (
        not isinstance(text, str)
        or not 0 < len(text) <= DECISION_TEXT_MAX
        or text != text.strip()
        or _UNPRINTABLE.search(text)
    ):
        raise DecisionError(
            key,
            Text(
                f"应为首尾无空格的一行文字，1 至 {DECISION_TEXT_MAX} 个字符",
                f"expected one line of 1 to {DECISION_TEXT_MAX} characters"
                " without space at its ends",
            ),
        )
    return text


def _day(value: Mapping[str, object], key: str) -> date:
    text = value[key]
    if not isinstance(text, str):
        raise DecisionError(key, Text("应为文本", "expected a text"))
    try:
        return dates.parse_day(text)
    except MalformedCodeError as err:
        raise DecisionError(key, err.message) from err


def _effective_at(value: Mapping[str, object]) -> datetime | None:
    key = "effective_at"
    text = value[key]
    if text is None:
        return None
    if not isinstance(text, str):
        raise _no_instant(key)
    try:
        if _INSTANT.fullmatch(text):
            since = datetime.fromisoformat(text).astimezone(UTC)
        else:
            since = dates.start_of(dates.parse_day(text))
    except (MalformedCodeError, ValueError, OverflowError) as err:
        raise _no_instant(key) from err
    if since >= _END_OF_DAYS:
        last = dates.LAST_DAY
        raise DecisionError(
            key, Text(f"不得晚于 {last}", f"expected a day of {last} or before")
        )
    return since


def _no_instant(key: str) -> DecisionError:
    return DecisionError(
        key,
        Text(
            "应为 YYYY-MM-DD、带时区的 YYYY-MM-DDThh:mm:ss+08:00，或 null",
            "expected YYYY-MM-DD, YYYY-MM-DDThh:mm:ss with its offset, or null",
        ),
    )


def _instant_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
