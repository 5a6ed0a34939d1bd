"""Typed cells of spreadsheets and Parquet files as the texts of an application.

What is read here is printed and signed. So a cell is a text only where no digit and no
meaning can have been lost; any other one is refused by the name of its column.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from elicense.errors import ApplicationError, Problem
from elicense.model import Text

EXACT = 10**15
"""From here on a number that a spreadsheet keeps has lost digits: it holds fifteen."""
_DIGITS = ".15g"
# A line break, say, in the spelling of ECMA-376 (ST_Xstring), which readers leave.
_ESCAPED = re.compile("_x[0-9A-Fa-f]{4}_")
_LOST = Text(
    "数字超过 15 位，已丢失末尾数字，请把该列设为文本后重新填写",
    "a number of more than 15 digits, whose last ones are lost: keep the column as text"
    " and fill it in again",
)
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?E\+[0-9]+")
_ERRORS = frozenset(
    {"#CALC!", "#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#SPILL!"}
    | {"#VALUE!"}
)
_ERROR = Text("是错误值（如 #REF!、#N/A）", "an error value, such as #REF! or #N/A")
_NO_VALUE = Text(
    "是没有保存结果的公式，请在电子表格中打开并保存，或粘贴为值",
    "a formula without a stored result: open and save it in a spreadsheet, or paste"
    " values",
)
_SHOWN_OTHERWISE = Text(
    "数字的显示格式与内容不同（前导零、百分比），请改为文本",
    "a number that is shown in another spelling (leading zeros, per cent): make it a"
    " text",
)
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA = tuple("=+-@\t\r＝＋－＠")
_ESCAPE = Text("含转义的控制字符", "holds a control character in an escape")
_NO_NUMBER = Text("不是可用的数字", "not a number that can be used")
_INEXACT = Text(
    "小数无法准确写出，请改为文本", "a fraction that is not exact: make it a text"
)
_OF_DAY = Text("应为日期，不得含时刻", "expected a day, without a time")
_OTHER = Text(
    "应为文本、整数或日期，不能是其他类型的值",
    "expected a text, a whole number or a day, and no other kind of value",
)


@dataclass(frozen=True, slots=True)
class Unusable:
    """Stands for a cell that the sheet itself gives no usable value.

    Attributes:
        why: in both languages, to be said with the column.
    """

    why: Text


def of_sheet(shown: Any, typed: Any) -> object:
    """Return the value of a cell of a spreadsheet, or why it has none.

    Args:
        shown: the cell as read with the results of formulas (openpyxl).
        typed: the same cell as read with the formulas themselves.
    """
    value, kind = shown.value, shown.data_type
    if kind == "e":
        return Unusable(_ERROR)
    # A formula whose result is an empty text says so by its type.
    if value is None and typed.data_type == "f" and kind != "str":
        return Unusable(_NO_VALUE)
    if isinstance(value, str) and _ESCAPED.search(value):
        return Unusable(_ESCAPE)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not abs(value) < EXACT:
            return Unusable(_LOST)
        if _is_shown_otherwise(shown.number_format):
            return Unusable(_SHOWN_OTHERWISE)
    return value


def _is_shown_otherwise(number_format: str | None) -> bool:
    form = number_format or ""
    return form.startswith("00") or "%" in form


def text_of(column: str, value: object) -> str:
    """Return the text of a typed cell: a day as YYYY-MM-DD, a whole number in full.

    Args:
        column: its name, one of those that are known.
        value: what the reader of the file made of it; None is nothing.

    Raises:
        ApplicationError: digits or meaning would be lost, or it is of another kind.
    """
    match value:
        case None:
            return ""
        case str():
            return _of_text(column, value)
        case Unusable():
            raise _refused(column, value.why)
        case date():
            return _of_day(column, value)
        case int() | float() | Decimal() if not isinstance(value, bool):
            return _of_number(column, value)
        case _:
            raise _refused(column, _OTHER)


def _of_text(column: str, value: str) -> str:
    """Refuse what a spreadsheet wrote into a CSV file in place of what it held."""
    if value in _ERRORS:
        raise _refused(column, _ERROR)
    if _SCIENTIFIC.fullmatch(value):
        raise _refused(column, _LOST)
    return value


def _of_day(column: str, value: date) -> str:
    if isinstance(value, datetime):
        if value.time() != time() or value.tzinfo is not None:
            raise _refused(column, _OF_DAY)
        value = value.date()
    return value.isoformat()


def _of_number(column: str, value: float | Decimal) -> str:
    if isinstance(value, int):
        return str(value)  # exact, whatever its size, as is a Decimal
    if not math.isfinite(value):
        raise _refused(column, _NO_NUMBER)
    if isinstance(value, Decimal):
        return format(value, "f")
    return _of_float(column, value)


def _of_float(column: str, value: float) -> str:
    if abs(value) >= EXACT:
        raise _refused(column, _LOST)
    if value.is_integer():
        return str(int(value))
    text = format(value, _DIGITS)
    if "e" in text or float(text) != value:
        raise _refused(column, _INEXACT)
    return text


def _refused(column: str, why: Text) -> ApplicationError:
    return ApplicationError([Problem(column, why)])


def harmless(row: Mapping[str, object]) -> dict[str, object]:
    """Return a row that is written to a CSV file, with no cell that is a formula."""
    return {
        key: f"'{value}"
        if isinstance(value, str) and value.startswith(_FORMULA)
        else value
        for key, value in row.items()
    }
