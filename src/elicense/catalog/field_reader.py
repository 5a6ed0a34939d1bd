"""Reads one of a type's fields, or one column of its rows, from its TOML table."""

import re
import warnings
from collections.abc import Mapping
from types import MappingProxyType

from elicense.catalog.kinds import (
    ChoicesBy,
    Enforce,
    Example,
    FieldKind,
    FieldRule,
    LabelBy,
    OnlyFor,
    compiled,
)
from elicense.catalog.table import Table
from elicense.model import Text

MAX_TEXT = 3000  # characters of one value: 经营范围 is the longest known
MAX_COUNT = 100  # texts of an array, rows, holders of a license
MAX_COLUMNS = 20  # what a page has room for
MAX_DAYS = 36_525  # days of an example from the issue date: a century
RESERVED_KEYS = frozenset(
    (
        *("holders", "number", "issue_date", "valid_from", "valid_until"),
        *("checkpoints", "origin", "copy", "photo", "case", "issuer", "external_qr"),
        *("id", "scan", "title"),
    )
)
_KEY = re.compile("[a-z][a-z0-9_]*")
_MAX_KEY = 40
_LISTED = (FieldKind.CHOICE, FieldKind.TEXT, FieldKind.TEXTS)
_ARRAYS = (FieldKind.TEXTS, FieldKind.PERSONS, FieldKind.ROWS)
_KINDS_OF = {
    "choices": _LISTED,
    "suffix": _LISTED,
    "choices_by": (FieldKind.CHOICE, FieldKind.TEXT),
    "pattern": (FieldKind.TEXT,),
    "says": (FieldKind.TEXT,),
    "max_count": _ARRAYS,
    "columns": (FieldKind.ROWS,),
    "not_after": (FieldKind.DATE,),
}
"""Keys that only some kinds have."""


def read_field(table: Table) -> FieldRule:
    """Return the rule of one field, each key checked by itself.

    Args:
        table: one of ``fields``.

    Raises:
        CatalogError: a key is wrong, or does not go with the kind.
    """
    key = _key(table, RESERVED_KEYS)
    kind = _kind(table)
    in_qr = table.flag("in_qr", default=False)
    label = table.both("label")
    says, pattern = _pattern(table)
    columns = table.each("columns", _read_column, required=kind is FieldKind.ROWS)
    _check_columns(table, columns)
    if in_qr and FieldKind.CITIZEN_ID in (kind, *(item.kind for item in columns)):
        table.fault(
            "in_qr", "公民身份号码不得进入二维码", "a citizen id never stands in a QR"
        )
    return FieldRule(
        key=key,
        label=label,
        label_by=table.optional("label_by", _label_by),
        kind=kind,
        required=table.flag("required", default=True),
        only_for=table.optional("only_for", _only_for),
        max_length=table.integer("max_length", MAX_TEXT, 200),
        max_count=table.integer("max_count", MAX_COUNT, 1),
        choices=_choices(table, kind),
        suffix=table.flag("suffix", default=False),
        choices_by=table.optional("choices_by", _choices_by),
        pattern=pattern,
        says=says,
        enforce=table.enum("enforce", Enforce, Enforce.ERROR),
        in_qr=in_qr,
        qr_length=_qr_length(table, in_qr=in_qr),
        agrees=_agrees(table, kind),
        not_after=table.one_of("not_after", ("issue_date", "valid_from")),
        columns=columns,
        example=_example(table, kind, columns),
    )


def _read_column(table: Table) -> FieldRule:
    """Return the rule of one column; it has fewer keys than a field."""
    key = _key(table, frozenset())
    kind = _kind(table)
    if kind in _ARRAYS:
        table.fault("kind", "列不能是列表", "a column is not an array")
    says, pattern = _pattern(table)
    return FieldRule(
        key=key,
        label=table.both("label"),
        kind=kind,
        required=table.flag("required", default=True),
        max_length=table.integer("max_length", MAX_TEXT, 200),
        choices=_choices(table, kind),
        pattern=pattern,
        says=says,
        enforce=table.enum("enforce", Enforce, Enforce.ERROR),
        example=_example(table, kind, ()),
    )


def _key(table: Table, reserved: frozenset[str]) -> str:
    key = table.text("key")
    if not _KEY.fullmatch(key) or len(key) > _MAX_KEY or key in reserved:
        table.fault(
            "key",
            "应为小写字母、数字和下划线，且不与公共项重名",
            "expected a-z, 0-9 and _, and no common key",
        )
    return key


def _kind(table: Table) -> FieldKind:
    """Return the kind, if every key that is there goes with it."""
    kind = table.enum("kind", FieldKind)
    for key, kinds in _KINDS_OF.items():
        if key in table and kind not in kinds:
            names = ", ".join(kinds)
            table.fault(
                key,
                f"只用于 {names}，不能用于 kind = {kind}",
                f"goes with {names}, not with the kind {kind}",
            )
    return kind


def _choices(table: Table, kind: FieldKind) -> tuple[str, ...]:
    choices = table.texts("choices")
    if kind is FieldKind.CHOICE and not choices:
        table.fault("choices", "choice 字段必须列出选项", "a choice has some")
    if not choices and "suffix" in table:
        table.fault("suffix", "没有选项", "there are no choices")
    return choices


def _pattern(table: Table) -> tuple[Text | None, str]:
    """Return a pattern in words and as it is; neither where there is none."""
    if "pattern" not in table and "says" not in table:
        return None, ""
    pattern = table.text("pattern")
    check_pattern(table, pattern)
    if "example" not in table:
        table.fault(
            "example", "有 pattern 时应给出示例", "needed where there is a pattern"
        )
    return table.both("says"), pattern


def check_pattern(table: Table, pattern: str) -> None:
    """Refuse a text that is no regular expression.

    Args:
        table: where it stands under ``pattern``.
        pattern: the text.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what will mean something else one day
            compiled(pattern)
    except (re.error, OverflowError, RecursionError, FutureWarning) as err:
        table.fault(
            "pattern", f"不是正则表达式：{err}", f"no regular expression: {err}"
        )


def _check_columns(table: Table, columns: tuple[FieldRule, ...]) -> None:
    if len(columns) > MAX_COLUMNS:
        table.fault("columns", f"最多 {MAX_COLUMNS} 列", f"at most {MAX_COLUMNS}")
    if len({column.key for column in columns}) != len(columns):
        table.fault("columns", "列 key 重复", "two columns have the same key")


def _qr_length(table: Table, *, in_qr: bool) -> int:
    if "qr_length" not in table:
        return 0
    if not in_qr:
        table.fault("qr_length", "只用于 in_qr 字段", "is for a field that is in_qr")
    return table.integer("qr_length", MAX_TEXT)


def _agrees(table: Table, kind: FieldKind) -> str:
    agrees = table.one_of("agrees", ("sex", "birth"))
    fits = {
        "": tuple(FieldKind),
        "sex": (FieldKind.CHOICE, FieldKind.TEXT),
        "birth": (FieldKind.DATE,),
    }
    if kind not in fits[agrees]:
        table.fault(
            "agrees",
            "sex 用于 choice 或 text，birth 用于 date",
            "sex goes with a choice or a text, birth with a date",
        )
    return agrees


def _label_by(table: Table) -> LabelBy:
    return LabelBy(table.text("field"), table.whole("labels", _labels))


def _labels(table: Table) -> Mapping[str, Text]:
    return MappingProxyType({key: table.both(key) for key in table.names()})


def _only_for(table: Table) -> OnlyFor:
    only = OnlyFor(table.text("field"), table.texts("values"))
    if not only.values:
        table.fault("values", "至少应有一个", "expected at least one")
    return only


def _choices_by(table: Table) -> ChoicesBy:
    return ChoicesBy(table.text("field"), table.whole("lists", _lists))


def _lists(table: Table) -> Mapping[str, tuple[str, ...]]:
    lists = MappingProxyType({key: table.texts(key) for key in table.names()})
    for key, values in lists.items():
        if not values:
            table.fault(key, "至少应有一个", "expected at least one")
    return lists


def _example(table: Table, kind: FieldKind, columns: tuple[FieldRule, ...]) -> Example:
    """Return what an example says; whether it is right is asked of the whole field."""
    if "example" not in table:
        return None
    if kind is FieldKind.DATE:
        return _days(table, "example")
    if kind is FieldKind.ROWS:
        kinds = {column.key: column.kind for column in columns}
        return table.each("example", lambda row: _row(row, kinds))
    return table.texts("example") if kind in _ARRAYS else table.text("example")


def _row(table: Table, kinds: Mapping[str, FieldKind]) -> Mapping[str, str | int]:
    return MappingProxyType(
        {
            key: _days(table, key)
            if kinds.get(key) is FieldKind.DATE
            else table.text(key)
            for key in table.names()
        }
    )


def _days(table: Table, key: str) -> int:
    days = table.take(key, int)
    if abs(days) > MAX_DAYS:
        table.fault(key, f"最多 {MAX_DAYS} 日", f"at most {MAX_DAYS} days")
    return days
