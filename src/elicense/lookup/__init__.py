"""Look-up by number: what a department's register says of a license number.

For case files that carry no QR (docs/formats/lookup.md). The answer is what the
register says, not a verdict: nothing that somebody showed was authenticated.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from elicense import dates, record
from elicense.errors import MalformedCodeError
from elicense.identifiers import check_uscc
from elicense.lifecycle import State, state_at
from elicense.lookup.callers import CallerGrant, grant_of
from elicense.lookup.calls import CallLog, holds_citizen_id
from elicense.lookup.model import (
    Days,
    FoundLicense,
    HolderAsked,
    LookupAnswer,
    LookupRefusedError,
    Question,
)
from elicense.model import Checkpoint, Holder, License, Text, Validity
from elicense.register import Named, Register

__all__ = [
    "CallLog",
    "CallerGrant",
    "Days",
    "FoundLicense",
    "HolderAsked",
    "LookupAnswer",
    "LookupDesk",
    "LookupRefusedError",
    "Question",
    "check",
    "lookup",
]

MAX_NUMBER = 200  # characters; the longest 证照编号 of any type has fewer
MIN_PURPOSE, MAX_PURPOSE = 2, 200


@dataclass(frozen=True, slots=True)
class LookupDesk:
    """Where questions are answered.

    Attributes:
        register: what is asked.
        organization: USCC of whose register it is.
        callers: what others are granted.
        log: where every question is kept.
    """

    register: Register
    organization: str
    callers: tuple[CallerGrant, ...]
    log: CallLog


def lookup(desk: LookupDesk, question: Question, at: datetime) -> LookupAnswer:
    """Answer what a register says of a number, and keep that it was asked.

    Does NOT authenticate who asks: the caller of this function does.

    Args:
        desk: where it is asked.
        question: what, by whom and what for.
        at: aware instant that the answer is about, and at which it was asked.

    Returns:
        All licenses of the number that the caller may know of.

    Raises:
        LookupRefusedError: no such caller is listed, or the question will not do. A
            caller who is not listed is kept in the log.
        FileError: the log cannot be written; there is no answer then.
        RegisterError: the register cannot be used.
        ValueError: ``at`` is naive.
    """
    check(question)
    grant = grant_of(question.caller, desk.organization, desk.callers)
    if grant is None:
        desk.log.add(question, "refused", (), at)
        raise LookupRefusedError(
            Text(
                "该机构未获授权查询本登记库",
                "the organization is not granted to ask this register",
            )
        )
    licenses = tuple(_found(desk.register, question, grant, at))
    told = [item.identifier for item in licenses]
    desk.log.add(question, "found" if told else "none", told, at)
    return LookupAnswer(
        number=question.number, caller=question.caller, as_of=at, licenses=licenses
    )


def check(question: Question) -> None:
    """Refuse a question that says nothing, or says too much; nothing is kept of it.

    Raises:
        LookupRefusedError: the number, the purpose or the caller will not do.
    """
    number, purpose = question.number, question.purpose
    try:
        check_uscc(question.caller)
    except MalformedCodeError as err:
        raise LookupRefusedError(
            Text(
                "查询机构应为 18 位统一社会信用代码",
                "the caller is an organization's USCC, of 18 characters",
            )
        ) from err
    if not 0 < len(number) <= MAX_NUMBER or not number.isprintable():
        raise LookupRefusedError(
            Text(
                f"证照编号应为 1 至 {MAX_NUMBER} 个可打印字符",
                f"a number has 1 to {MAX_NUMBER} printable characters",
            )
        )
    size = len(purpose.strip())
    if not MIN_PURPOSE <= size <= MAX_PURPOSE or not purpose.isprintable():
        raise LookupRefusedError(
            Text(
                f"请说明查询目的（{MIN_PURPOSE} 至 {MAX_PURPOSE} 个字符，一行）",
                f"say what for, in one line of {MIN_PURPOSE} to {MAX_PURPOSE}"
                " characters",
            )
        )
    if holds_citizen_id(purpose):
        raise LookupRefusedError(
            Text(
                "查询目的会被记录，不得写身份证号码",
                "the purpose is kept in the log: no citizen id in it",
            )
        )


def _found(
    register: Register, question: Question, grant: CallerGrant, at: datetime
) -> Iterable[FoundLicense]:
    """Give what the caller may know of; records of nothing else are read."""
    for named in register.named(question.number):
        if named.plan and grant.covers(named.key.issuer, named.key.type_name):
            license_, _ = record.decode(register.get(named.identifier).record)
            state = _state(named, license_, question, at)
            if state is not None:
                yield state


def _state(
    named: Named, license_: License, question: Question, at: datetime
) -> FoundLicense | None:
    draft, state = license_.draft, state_at(named.plan, at)
    if state is State.RESERVED:  # issued later than the instant that is asked about
        return None
    return FoundLicense(
        identifier=named.identifier,
        type_name=draft.type_name,
        issuer=license_.issuer.code,
        state=state,
        days=_days(draft.validity, draft.checkpoints, at),
        valid_from=draft.validity.valid_from,
        valid_until=draft.validity.valid_until,
        holder_matches=_matches(draft.holders, question.holder),
    )


def _days(validity: Validity, checkpoints: Iterable[Checkpoint], at: datetime) -> Days:
    day = dates.day_of(at)
    if validity.valid_until is not None and day > validity.valid_until:
        return Days.AFTER
    if any(day > item.due for item in checkpoints):
        return Days.LAPSED
    return Days.BEFORE if day < validity.valid_from else Days.WITHIN


def _matches(holders: Iterable[Holder], asked: HolderAsked | None) -> bool | None:
    """Tell whether one holder has both what was given; None where nothing was."""
    if asked is None or not (asked.name or asked.code):
        return None
    return any(
        asked.name in ("", item.name) and asked.code in ("", item.code)
        for item in holders
    )
