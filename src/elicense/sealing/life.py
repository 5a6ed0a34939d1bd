"""The life of a seal: one table, and what the recorded events mean over time.

Everything that decides a transition stands in this file, and the table in
docs/formats/seals.md is generated from it. A transition that is not in the table is
refused and changes nothing. Expiry is no event: it follows from the seal's period.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from elicense.errors import ElicenseError, IllegalTransitionError
from elicense.masking import contains_citizen_id
from elicense.model import Text
from elicense.sealing.use import check_id

MAX_NOTE = 200  # characters


class SealState(enum.StrEnum):
    """What a seal is at an instant."""

    REQUESTED = "requested"
    MADE = "made"
    FILED = "filed"
    ENABLED = "enabled"
    DISABLED = "disabled"
    REVOKED = "revoked"
    EXPIRED = "expired"

    @property
    def text(self) -> Text:
        """The state for people."""
        return Text(_STATES[self], self.value)


_STATES = {
    SealState.REQUESTED: "已申请",
    SealState.MADE: "已制作",
    SealState.FILED: "已备案",
    SealState.ENABLED: "已启用",
    SealState.DISABLED: "已停用",
    SealState.REVOKED: "已撤销",
    SealState.EXPIRED: "已过期",
}


class SealEventKind(enum.StrEnum):
    """What happens to a seal."""

    REQUEST = "request"
    MAKE = "make"
    FILE = "file"
    ENABLE = "enable"
    DISABLE = "disable"
    REVOKE = "revoke"

    @property
    def text(self) -> Text:
        """The event for people."""
        return Text(_KINDS[self], self.value)


_KINDS = {
    SealEventKind.REQUEST: "申请",
    SealEventKind.MAKE: "制作",
    SealEventKind.FILE: "备案",
    SealEventKind.ENABLE: "启用",
    SealEventKind.DISABLE: "停用",
    SealEventKind.REVOKE: "撤销",
}


class SealReason(enum.StrEnum):
    """Why a seal is disabled or revoked; NONE for all other events."""

    NONE = ""
    HELD = "held"
    REORGANISED = "reorganised"
    REPLACED = "replaced"
    RENAMED = "renamed"
    DISSOLVED = "dissolved"
    DAMAGED = "damaged"
    COMPROMISED = "compromised"

    @property
    def text(self) -> Text:
        """The reason for people."""
        return Text(_REASONS[self], self.value)


_REASONS = {
    SealReason.NONE: "",
    SealReason.HELD: "暂停使用",
    SealReason.REORGANISED: "机构调整",
    SealReason.REPLACED: "换章",
    SealReason.RENAMED: "机构更名",
    SealReason.DISSOLVED: "机构撤销",
    SealReason.DAMAGED: "损坏",
    SealReason.COMPROMISED: "失控或失密",
}
REASONS: Mapping[SealEventKind, tuple[SealReason, ...]] = MappingProxyType(
    {
        SealEventKind.DISABLE: (SealReason.HELD, SealReason.REORGANISED),
        SealEventKind.REVOKE: (
            SealReason.REPLACED,
            SealReason.RENAMED,
            SealReason.DISSOLVED,
            SealReason.DAMAGED,
            SealReason.COMPROMISED,
        ),
    }
)
"""Reasons of the events that need one."""

_K, _S = SealEventKind, SealState
TABLE: Mapping[tuple[SealState | None, SealEventKind], SealState] = MappingProxyType(
    {
        (None, _K.REQUEST): _S.REQUESTED,
        (_S.REQUESTED, _K.MAKE): _S.MADE,
        (_S.REQUESTED, _K.REVOKE): _S.REVOKED,
        (_S.MADE, _K.FILE): _S.FILED,
        (_S.MADE, _K.REVOKE): _S.REVOKED,
        (_S.FILED, _K.ENABLE): _S.ENABLED,
        (_S.FILED, _K.REVOKE): _S.REVOKED,
        (_S.ENABLED, _K.DISABLE): _S.DISABLED,
        (_S.ENABLED, _K.REVOKE): _S.REVOKED,
        (_S.DISABLED, _K.ENABLE): _S.ENABLED,
        (_S.DISABLED, _K.REVOKE): _S.REVOKED,
        # Found to be compromised after it was revoked for another reason.
        (_S.REVOKED, _K.REVOKE): _S.REVOKED,
    }
)


class SealEventError(ElicenseError):
    """An event of a seal is not in its form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealEvent:
    """One thing that happened to a seal.

    Attributes:
        kind: what.
        effective_at: from when it holds, aware, whole seconds.
        recorded_at: when the register learned of it, aware, whole seconds.
        by: id of who did it; empty for the program itself.
        reason: why, where the kind needs one.
        note: a remark, at most 200 characters, no citizen id.

    Raises:
        ValueError: an instant is naive or has a fraction.
        SealEventError, SealIdError: a reason, note or id is not in its form.
    """

    kind: SealEventKind
    effective_at: datetime
    recorded_at: datetime
    by: str = ""
    reason: SealReason = SealReason.NONE
    note: str = ""

    def __post_init__(self) -> None:
        """Check the parts."""
        for at in (self.effective_at, self.recorded_at):
            if at.tzinfo is None or at.microsecond:
                raise ValueError("an instant is aware and has whole seconds")
        check_id("by", self.by)
        if self.reason not in REASONS.get(self.kind, (SealReason.NONE,)):
            raise _wrong_reason(self.kind)
        if (
            len(self.note) > MAX_NOTE
            or not (self.note == "" or self.note.isprintable())
            or contains_citizen_id(self.note)
        ):
            raise SealEventError(
                Text(
                    f"说明最多 {MAX_NOTE} 个可打印字符，不得含公民身份号码",
                    f"a note has at most {MAX_NOTE} printable characters, and no"
                    " citizen id",
                )
            )


def _wrong_reason(kind: SealEventKind) -> SealEventError:
    listed = REASONS.get(kind, ())
    zh = "、".join(f"{one} {one.text.zh}" for one in listed) or "无"
    en = ", ".join(listed) or "none"
    return SealEventError(
        Text(f"“{kind.text.zh}”的事由只能取：{zh}", f"reasons to {kind}: {en}")
    )


def step(history: Sequence[SealEvent], event: SealEvent) -> SealState:
    """Check an event against the table and return the state that it leads to.

    Args:
        history: the seal's events, in the order in which they were recorded.
        event: the one that is about to be recorded.

    Raises:
        IllegalTransitionError: the table has no such step, or the effect lies before
            that of the last event and is no revocation. Nothing was changed.
    """
    state = recorded_state(history)
    found = TABLE.get((state, event.kind))
    if state is SealState.REVOKED and not _adds(history, event):
        found = None
    if found is None:
        word = Text("未登记", "not registered") if state is None else state.text
        kinds = [kind for of, kind in TABLE if of is state is not SealState.REVOKED]
        zh = "、".join(kind.text.zh for kind in kinds)
        raise IllegalTransitionError(
            Text(
                f"{word.zh}的印章不能“{event.kind.text.zh}”"
                + (f"，只能：{zh}" if zh else ""),
                f"a seal that is {word.en} takes no event: {event.kind}"
                + (f"; it takes: {', '.join(kinds)}" if kinds else ""),
            )
        )
    back = history and event.effective_at < history[-1].effective_at
    if back and event.kind is not SealEventKind.REVOKE:
        raise IllegalTransitionError(
            Text(
                f"生效时间早于上一事件“{history[-1].kind.text.zh}”",
                f"it takes effect before the last event: {history[-1].kind}",
            )
        )
    return found


def _adds(history: Sequence[SealEvent], event: SealEvent) -> bool:
    """Tell whether a second revocation says what the first one did not."""
    known = any(one.reason is SealReason.COMPROMISED for one in history)
    return event.reason is SealReason.COMPROMISED and not known


def recorded_state(history: Sequence[SealEvent]) -> SealState | None:
    """Return what the last event leads to; None where there is none."""
    state: SealState | None = None
    for event in history:
        state = TABLE[state, event.kind]
    return state


def state_at(history: Sequence[SealEvent], at: datetime) -> SealState | None:
    """Return what the events make of a seal at an instant; None before the first.

    Expiry is not in it: see :meth:`elicense.sealing.SealRecord.state_at`.

    Args:
        history: in the order in which they were recorded.
        at: an aware instant.
    """
    if any(one.effective_at <= at for one in revocations(history)):
        return SealState.REVOKED
    return recorded_state([one for one in history if one.effective_at <= at])


def revocations(history: Sequence[SealEvent]) -> tuple[SealEvent, ...]:
    """Return the events that revoked a seal: none, one, or one and its compromise."""
    return tuple(one for one in history if one.kind is SealEventKind.REVOKE)


def table_markdown() -> str:
    """Return the table as it stands in docs/formats/seals.md."""
    lines = ["| state | event | new state |", "|---|---|---|"]
    for (state, kind), to in TABLE.items():
        shown = "-" if state is None else f"{state} {state.text.zh}"
        lines.append(f"| {shown} | `{kind}` {kind.text.zh} | {to} {to.text.zh} |")
    return "\n".join(lines) + "\n"
