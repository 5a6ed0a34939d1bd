"""Rules on one value of a field: of a text, an item of an array, a column of a row."""

from collections.abc import Callable

from elicense.catalog.amounts import parse_amount
from elicense.catalog.kinds import Enforce, FieldKind, FieldRule, compiled
from elicense.catalog.values import Findings, check_name, check_text
from elicense.dates import parse_day
from elicense.errors import MalformedCodeError
from elicense.identifiers import check_citizen_id, check_uscc
from elicense.model import Text

EXPECTED = {
    FieldKind.TEXT: Text("文本", "a text"),
    FieldKind.TEXTS: Text("文本列表", "a list of texts"),
    FieldKind.PERSON: Text("姓名", "a name"),
    FieldKind.PERSONS: Text("姓名列表", "a list of names"),
    FieldKind.CHOICE: Text("选项", "a choice"),
    FieldKind.DATE: Text("日期 YYYY-MM-DD", "a day YYYY-MM-DD"),
    FieldKind.MONEY: Text("金额，例如 1000000 CNY", "an amount such as 1000000 CNY"),
    FieldKind.USCC: Text("统一社会信用代码", "a unified social credit code"),
    FieldKind.CITIZEN_ID: Text("公民身份号码", "a citizen id"),
    FieldKind.ROWS: Text("对象列表", "a list of objects"),
}
"""What a value of each kind is called in an error."""


def check_single(
    found: Findings, rule: FieldRule, where: str, value: object
) -> str | None:
    """Return one value that follows the rule of its field; None where it does not.

    Does NOT compare it with other fields.

    Args:
        found: takes problems and warnings.
        rule: of the field, of any kind but rows.
        where: name of the value in a problem.
        value: what the application holds there.
    """
    if rule.kind in (FieldKind.PERSON, FieldKind.PERSONS):
        return check_name(found, where, value, rule.max_length)
    if rule.kind in _SPELLED:
        return _spelled(found, where, value, rule.kind)
    text = check_text(found, where, value, rule.max_length)
    if text is None:
        return None
    if rule.choices and rule.choice_of(text) not in rule.choices:
        return outside(found, rule, where, text, rule.choices)
    if rule.pattern and not compiled(rule.pattern).fullmatch(text):
        return _misshapen(found, rule, where, text)
    return text


_SPELLED: dict[FieldKind, Callable[[str], object]] = {
    FieldKind.DATE: parse_day,
    FieldKind.MONEY: parse_amount,
    FieldKind.USCC: check_uscc,
    FieldKind.CITIZEN_ID: check_citizen_id,
}
"""Kinds with one spelling each, and what raises a MalformedCodeError for others."""


def _spelled(found: Findings, where: str, value: object, kind: FieldKind) -> str | None:
    if not isinstance(value, str):
        expected = EXPECTED[kind]
        found.problem(
            where, f"应为{expected.zh}（文本）", f"expected {expected.en}, a text"
        )
        return None
    try:
        _SPELLED[kind](value)
    except MalformedCodeError as err:
        found.problem(where, err.message.zh, err.message.en)
        return None
    return value


def outside(
    found: Findings, rule: FieldRule, where: str, text: str, allowed: tuple[str, ...]
) -> str | None:
    """Refuse or tell a value outside a list, as the rule says.

    Args:
        found: takes the problem or the warning.
        rule: of the field.
        where: name of the value in it.
        text: the value, which is returned where it is only told.
        allowed: the list.
    """
    zh = f"只能取：{'、'.join(allowed)}"
    en = f"expected one of: {', '.join(allowed)}"
    return _enforced(found, rule, where, text, Text(zh, en))


def _misshapen(found: Findings, rule: FieldRule, where: str, text: str) -> str | None:
    says = rule.says or Text(rule.pattern, rule.pattern)
    told = Text(f"形式应为：{says.zh}", f"expected the form: {says.en}")
    return _enforced(found, rule, where, text, told)


def _enforced(
    found: Findings, rule: FieldRule, where: str, text: str, told: Text
) -> str | None:
    if rule.enforce is Enforce.WARN:
        found.warn(where, told.zh, told.en)
        return text
    found.problem(where, told.zh, told.en)
    return None
