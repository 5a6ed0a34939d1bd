"""Versions of one license: what a new one is called and when it may follow the old.

A renewal, change, reissue, correction or downgrade is a new license in the chain of
the old one (行政许可法, articles 49 and 50). The rules here are on what the two say;
whether the old one's state allows it is the life cycle's question.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

from elicense.errors import ApplicationError, Problem
from elicense.events import Reason
from elicense.model import Draft, License, Text, Validity

ORIGIN_OF: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.RENEWED: "延续",
        Reason.CHANGED: "变更",
        Reason.REISSUED: "补发",
        Reason.CORRECTED: "更正",
        Reason.DOWNGRADED: "变更",
    }
)
"""Origin of a new version by the reason for which it supersedes the old one."""


def check_successor(old: License, new: Draft, reason: Reason) -> tuple[Problem, ...]:
    """Tell whether a new version can follow an old license.

    Refused: 1. another license type; 2. another code of the first holder, whose name
    may change; 3. an origin that is not the reason's; 4. for 延续, a last day that is
    not later than the old one; 5. for 补发, another period than the old one's.

    Warned of: 6. another number, which versions of one license share; 7. for 延续, days
    between the old last day and the new first day: strictly a new grant; 8. for 补发,
    another issue date; 9. for 变更, a later last day: that is what 延续 is for.

    更正 may differ in every day, since it corrects them. Does NOT ask for the old
    license's state nor who issued it.

    Args:
        old: the version that is superseded.
        new: the new version, checked by the catalog.
        reason: why it supersedes the old one; a key of ``ORIGIN_OF``.

    Returns:
        The warnings, in the order of the rules.

    Raises:
        ApplicationError: with all that is refused; it repeats no code and no name.
        ValueError: the reason supersedes nothing.
    """
    if reason not in ORIGIN_OF:
        raise ValueError(f"{reason.code} is not a reason for a new version")
    problems = [*_identity(old.draft, new, reason), *_period(old.draft, new, reason)]
    if problems:
        raise ApplicationError(problems)
    return tuple(_warnings(old.draft, new, reason))


def _identity(old: Draft, new: Draft, reason: Reason) -> list[Problem]:
    """Return what is wrong with whose license of which type it is."""
    origin = ORIGIN_OF[reason]
    problems = []
    if new.type_name != old.type_name:  # (1)
        problems.append(
            _problem(
                "type",
                "新版本须与原证照类型相同",
                "a new version has the type of the old one",
            )
        )
    first, before = new.holders[0], old.holders[0]
    if (first.code_type, first.code) != (before.code_type, before.code):  # (2)
        problems.append(
            _problem(
                "holders[0].code",
                "第一持证主体的代码须与原证照相同；主体不同应新办",
                "the first holder's code must be that of the old license; another"
                " holder needs a license of its own",
            )
        )
    if new.origin != origin:  # (3)
        problems.append(
            _problem(
                "origin",
                f"事由为{reason.text.zh}时，来源应为{origin}",
                f"with the reason {reason.code} the origin is {origin}",
            )
        )
    return problems


def _period(old: Draft, new: Draft, reason: Reason) -> list[Problem]:
    """Return what is wrong with the days of a renewal or a reissue."""
    if reason is Reason.RENEWED and old.validity.valid_until is None:  # (4)
        return [
            _problem(
                "valid_until",
                "原证照长期有效，无须延续",
                "the old license has no last day, so there is nothing to renew",
            )
        ]
    if reason is Reason.RENEWED and not _ends_later(new.validity, old.validity):
        last = old.validity.valid_until
        return [
            _problem(
                "valid_until",
                f"延续后的截止日须晚于原截止日 {last}",
                f"a renewal ends later than the old license, which ends on {last}",
            )
        ]
    if reason is Reason.REISSUED and new.validity != old.validity:  # (5)
        first, end = old.validity.valid_from, _shown(old.validity.valid_until)
        return [
            _problem(
                "valid_from",
                f"补发的有效期须与原证照相同（{first} 至 {end.zh}）",
                f"a reissue keeps the period of the old license, {first} to {end.en}",
            )
        ]
    return []


def _warnings(old: Draft, new: Draft, reason: Reason) -> list[Problem]:
    """Return what a person should look at."""
    warnings = []
    if new.number != old.number:  # (6)
        warnings.append(
            _problem(
                "number",
                "与原证照编号不同，请核对",
                "differs from the old license's number: look again",
            )
        )
    if reason is Reason.RENEWED and _has_gap(old.validity, new.validity):  # (7)
        warnings.append(
            _problem(
                "valid_from",
                "与原有效期之间有间断，通常应按新发办理",
                "there are days between the two periods; that is a new grant as a rule",
            )
        )
    if reason is Reason.REISSUED and new.issue_date != old.issue_date:  # (8)
        warnings.append(
            _problem(
                "issue_date",
                f"补发一般沿用原发证日期 {old.issue_date}，请核对",
                f"a reissue usually keeps the issue date {old.issue_date}: look again",
            )
        )
    changed = reason in (Reason.CHANGED, Reason.DOWNGRADED)
    if changed and _ends_later(new.validity, old.validity):  # (9)
        warnings.append(
            _problem(
                "valid_until",
                "晚于原截止日；延长有效期应按延续办理",
                "later than the old end; a longer period is a renewal (延续)",
            )
        )
    return warnings


def _ends_later(new: Validity, old: Validity) -> bool:
    """Tell whether a period ends later than another; no last day is the latest."""
    if old.valid_until is None:
        return False
    return new.valid_until is None or new.valid_until > old.valid_until


def _has_gap(old: Validity, new: Validity) -> bool:
    last = old.valid_until
    return last is not None and new.valid_from - last > timedelta(days=1)


def _shown(last: date | None) -> Text:
    return Text("长期", "an open end") if last is None else Text(str(last), str(last))


def _problem(field: str, zh: str, en: str) -> Problem:
    return Problem(field, Text(zh, en))
