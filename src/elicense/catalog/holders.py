"""Rules on the holders of an application (持证主体, GB/T 36903)."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from elicense.catalog.kinds import BACKFILL, HolderRule
from elicense.catalog.values import Findings, check_name
from elicense.dates import day_of
from elicense.errors import MalformedCodeError
from elicense.identifiers import (
    check_citizen_id,
    check_old_citizen_id,
    check_old_organization,
    check_old_registration,
    check_uscc,
    citizen_id_birth,
)
from elicense.model import Holder

USCC_TYPE = "001"
CITIZEN_ID_TYPE = "111"
_KEYS = ("name", "code", "code_type", "role")
_OTHER_CODE = re.compile("[0-9A-Z]{5,24}")
_CHECKS: dict[str, Callable[[str], None]] = {
    USCC_TYPE: check_uscc,
    CITIZEN_ID_TYPE: check_citizen_id,
}
_OLD_CHECKS: dict[tuple[str, int], Callable[[str], None]] = {
    (USCC_TYPE, 15): check_old_registration,
    (USCC_TYPE, 9): check_old_organization,
    (CITIZEN_ID_TYPE, 15): check_old_citizen_id,
}
"""Type and length of a code from before 1999 and 2015, and what checks it."""


def check_holders(
    found: Findings, rule: HolderRule, value: object, at: datetime, origin: str
) -> tuple[Holder, ...]:
    """Return the holders in their order; none where a problem was added.

    A license that was granted on paper may have the codes of its time, of 15 digits
    or, of an organization, of 9 characters.

    Args:
        found: takes the problems.
        rule: who may hold the license.
        value: the application's ``holders``: a list of name, code, code_type, role.
        at: the instant of issuing, aware; nobody is born after it.
        origin: where the license comes from.
    """
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= rule.max_count:
        found.problem(
            "holders",
            f"应为持证主体列表，1 至 {rule.max_count} 个",
            f"expected a list of 1 to {rule.max_count} holders",
        )
        return ()
    holders = [
        _holder(found, rule, f"holders[{number}]", item, old=origin == BACKFILL)
        for number, item in enumerate(value)
    ]
    good = tuple(holder for holder in holders if holder is not None)
    for number, holder in enumerate(good):
        person = holder.code_type == CITIZEN_ID_TYPE
        if person and citizen_id_birth(holder.code) > day_of(at):
            found.problem(
                f"holders[{number}].code",
                "出生日期晚于签发当日",
                "the birth date lies after the day of issuing",
            )
    return good


def _holder(
    found: Findings, rule: HolderRule, where: str, value: object, *, old: bool
) -> Holder | None:
    if not isinstance(value, Mapping):
        found.problem(
            where, "应为对象，含 name 和 code", "expected an object with name and code"
        )
        return None
    if not set(value) <= set(_KEYS):
        found.problem(
            where,
            f"只能有这些项：{'、'.join(_KEYS)}",
            f"has other keys than {', '.join(_KEYS)}",
        )
        return None
    name = check_name(found, f"{where}.name", value.get("name"), rule.name_max_length)
    code_type = _one_of(
        found,
        f"{where}.code_type",
        value.get("code_type", rule.code_types[0]),
        rule.code_types,
    )
    role = _one_of(found, f"{where}.role", value.get("role", ""), rule.roles or ("",))
    code = value.get("code")
    place = f"{where}.code"
    if code_type is None or not _check_code(found, place, code_type, code, old=old):
        return None
    if name is None or role is None:
        return None
    return Holder(name, str(code), code_type, role)


def _one_of(
    found: Findings, field: str, value: object, allowed: tuple[str, ...]
) -> str | None:
    if isinstance(value, str) and value in allowed:
        return value
    if allowed == ("",):
        found.problem(field, "该证照类型没有角色", "this type's holders have no role")
    else:
        found.problem(
            field,
            f"只能取：{'、'.join(allowed)}",
            f"expected one of: {', '.join(allowed)}",
        )
    return None


def _check_code(
    found: Findings, field: str, code_type: str, code: object, *, old: bool
) -> bool:
    if not isinstance(code, str):
        found.problem(
            field, "缺少代码，应为文本", "the code is missing; expected a text"
        )
        return False
    check = _OLD_CHECKS.get((code_type, len(code))) if old else None
    check = check or _CHECKS.get(code_type)
    try:
        if check is not None:
            check(code)
    except MalformedCodeError as err:
        found.problem(field, err.message.zh, err.message.en)
        return False
    if not _OTHER_CODE.fullmatch(code):
        found.problem(
            field,
            "证件号码应为 5 至 24 位数字和大写字母",
            "expected 5 to 24 digits and capital letters",
        )
        return False
    return True
