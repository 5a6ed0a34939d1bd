"""Rows of a table or of JSON lines as requests to issue (docs/batch.md).

A row that cannot be used is an error in its place; a file that cannot be read at all is
raised. Rows are read as they are needed.
"""

import csv
import hashlib
import importlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, BinaryIO, TypeVar

from elicense.catalog import LicenseType
from elicense.catalog.application import MAX_APPLICATION, parse_application
from elicense.errors import ApplicationError, ElicenseError, Problem
from elicense.issuing.request import Request
from elicense.model import Text

CASE, ID = "case", "id"
"""Columns that key a row; all others are fields of the application."""
SEPARATOR = ";"
"""Between the values of a cell that holds several."""
OPEN_ENDED = "长期"
"""A cell of ``valid_until`` that stands for null."""
_HOLDER = "holders."
_PAGE = 200  # rows of a Parquet file that are held at once

Row = Mapping[str, object]
Rows = Iterator[Request | ElicenseError]
T = TypeVar("T")


class RowsError(ElicenseError):
    """A file of rows cannot be read at all, or not from here on."""


def read(stream: BinaryIO, ending: str, license_type: LicenseType) -> Rows:
    """Give the rows of a file as requests, in order.

    Args:
        stream: the file, open for reading bytes; seekable for xlsx and parquet.
        ending: ``.csv``, ``.jsonl``, ``.xlsx`` or ``.parquet``.
        license_type: what is issued; says which fields hold several values.

    Yields:
        A request, or why its row is none.

    Raises:
        RowsError: the ending is another one, an extra is not installed, or the file is
            not what its ending says.
    """
    reader = _READERS.get(ending.lower())
    if reader is None:
        known = "、".join(_READERS), ", ".join(_READERS)
        raise RowsError(
            Text(f"批量文件应为 {known[0]} 文件", f"expected one of {known[1]}")
        )
    return reader(stream, license_type)


def request_of(type_name: str, row: Row) -> Request:
    """Return the request of a row.

    It is keyed by its case number; else by its id; else by the SHA-256 of its content,
    so that the same content again is the same request.

    Args:
        type_name: catalog name.
        row: the application as JSON gives it, with ``case`` or ``id`` beside it.

    Raises:
        ApplicationError: case or id cannot be used.
    """
    application = {key: value for key, value in row.items() if key not in (CASE, ID)}
    column = next((name for name in (CASE, ID) if row.get(name) not in (None, "")), "")
    number = row[column] if column else _digest(application)
    if isinstance(number, int) and not isinstance(number, bool):
        number = str(number)
    if not isinstance(number, str):
        raise _problem(column, "应为文本", "expected a text")
    try:
        return Request(
            type_name=type_name,
            application=application,
            number=number,
            is_case=column == CASE,
        )
    except ValueError as err:
        raise _problem(
            column,
            "应为 1 至 64 个可打印字符，首尾无空格",
            "expected 1 to 64 printable characters, without space at either end",
        ) from err


def application_of(license_type: LicenseType, cells: Mapping[str, str]) -> Row:
    """Return the row that the cells of a table stand for.

    An empty cell is a field that is not given. A field of several values has them with
    ``;`` between, or as a JSON array. ``holders`` is a JSON array, or stands in columns
    ``holders.name``, ``holders.code`` and on, with ``;`` between several holders.

    Args:
        license_type: says which fields hold several values.
        cells: column -> text.

    Raises:
        ApplicationError: a cell is not the JSON that it begins like, or the columns of
            the holders do not go together.
    """
    several = {rule.key for rule in license_type.fields if rule.kind.is_array}
    row: dict[str, object] = {}
    holders: dict[str, list[str]] = {}
    for key, cell in cells.items():
        if not cell:
            continue
        if key.startswith(_HOLDER):
            holders[key.removeprefix(_HOLDER)] = cell.split(SEPARATOR)
        elif key == "holders" or (key in several and cell.startswith("[")):
            row[key] = _json(key, cell)
        elif key in several:
            row[key] = cell.split(SEPARATOR)
        else:
            open_ended = key == "valid_until" and cell == OPEN_ENDED
            row[key] = None if open_ended else cell
    if holders:
        row["holders"] = _holders(holders)
    return row


def _holders(columns: Mapping[str, list[str]]) -> list[dict[str, str]]:
    """Put the columns of the holders together, one of each for each holder."""
    counts = {len(parts) for parts in columns.values()}
    if len(counts) != 1:
        raise _problem(
            "holders",
            f"各 holders. 列用“{SEPARATOR}”分隔的个数不一致",
            f"the holders. columns have different numbers of values with"
            f" {SEPARATOR!r} between",
        )
    return [
        {member: parts[n] for member, parts in columns.items() if parts[n]}
        for n in range(counts.pop())
    ]


def _json(key: str, cell: str) -> object:
    try:
        # Read as a member, so that the strict rules of an application hold.
        return parse_application(f'{{"cell":{cell}}}'.encode())["cell"]
    except (ApplicationError, UnicodeEncodeError) as err:
        raise _problem(key, "应为 JSON 数组", "expected a JSON array") from err


def _digest(application: Row) -> str:
    try:
        text = json.dumps(application, ensure_ascii=True, sort_keys=True)
    except (TypeError, RecursionError) as err:
        raise _problem("(data)", "含无法使用的值", "holds what is no JSON") from err
    return hashlib.sha256(text.encode()).hexdigest()


def _each(
    license_type: LicenseType, found: Iterable[T], make: Callable[[T], Row]
) -> Iterator[Request | ElicenseError]:
    """Make a request of each row, or keep why there is none."""
    for item in found:
        try:
            yield request_of(license_type.name, make(item))
        except ApplicationError as err:
            yield err


def _jsonl(stream: BinaryIO, license_type: LicenseType) -> Rows:
    lines = iter(lambda: stream.readline(MAX_APPLICATION + 2), b"")
    return _each(license_type, lines, lambda line: parse_application(_line(line)))


def _line(line: bytes) -> bytes:
    if len(line) > MAX_APPLICATION:
        # What is left of it would be read as rows of their own.
        raise RowsError(Text("有一行过长", "a line is too long"))
    return line


def _csv(stream: BinaryIO, license_type: LicenseType) -> Rows:
    csv.field_size_limit(MAX_APPLICATION)
    text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
    try:
        yield from _table(license_type, csv.reader(text, strict=True))
    except (UnicodeDecodeError, csv.Error) as err:
        raise RowsError(
            Text(
                "CSV 文件无法继续读取：应为 UTF-8 编码、逗号分隔",
                "the CSV file cannot be read on: expected UTF-8, and commas between",
            )
        ) from err
    finally:
        text.detach()


def _table(license_type: LicenseType, found: Iterable[list[str]]) -> Rows:
    """Read a table whose first row names the columns; blank rows are left out."""
    lines = (line for line in found if any(line))
    heads = next(lines, [])
    if not heads or not all(heads) or len(set(heads)) != len(heads):
        raise RowsError(
            Text(
                "首行应为列名，不得为空或重复",
                "the first row names the columns, none empty and none twice",
            )
        )
    return _each(license_type, lines, lambda line: _cells(license_type, heads, line))


def _cells(license_type: LicenseType, heads: list[str], line: list[str]) -> Row:
    if len(line) != len(heads):
        raise _problem(
            "(data)",
            f"有 {len(line)} 列，应为 {len(heads)} 列",
            f"{len(line)} cells, expected {len(heads)}",
        )
    return application_of(license_type, dict(zip(heads, line, strict=True)))


def _xlsx(stream: BinaryIO, license_type: LicenseType) -> Rows:
    openpyxl = _extra("openpyxl", "xlsx")
    yield from _table(license_type, _spread(openpyxl, stream))


def _spread(openpyxl: Any, stream: BinaryIO) -> Iterator[list[str]]:
    """Give the rows of the first sheet, all as long as the first."""
    try:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        width = 0
        for line in book.worksheets[0].iter_rows(values_only=True):
            texts = [_text(value) for value in line]
            while len(texts) > width and not texts[-1]:
                texts.pop()
            width = width or len(texts)
            yield texts + [""] * (width - len(texts) if any(texts) else 0)
    except Exception as err:  # the archive's, the XML's and its own, of many kinds
        raise _unreadable("xlsx") from err


def _parquet(stream: BinaryIO, license_type: LicenseType) -> Rows:
    parquet = _extra("pyarrow.parquet", "bulk")
    return _each(license_type, _columns(parquet, stream), _from_columns)


def _columns(parquet: Any, stream: BinaryIO) -> Iterator[Mapping[str, Any]]:
    """Give the rows of a Parquet file."""
    try:
        for batch in parquet.ParquetFile(stream).iter_batches(batch_size=_PAGE):
            yield from batch.to_pylist()
    except Exception as err:  # its own errors are of several kinds
        raise _unreadable("parquet") from err


def _from_columns(row: Mapping[str, Any]) -> Row:
    """Return a row of typed columns: what is null is not given, days are texts."""
    plain = {key: _plain(value) for key, value in row.items() if value is not None}
    if plain.get("valid_until") == OPEN_ENDED:
        plain["valid_until"] = None
    return plain


def _plain(value: Any) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return _text(value)


def _text(value: object) -> str:
    """Return the text of a typed cell: a day as YYYY-MM-DD, a whole number in full."""
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def _extra(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as err:
        raise RowsError(
            Text(
                f"读取该格式需要附加组件：pip install 'elicense[{extra}]'",
                f"this format needs an extra: pip install 'elicense[{extra}]'",
            )
        ) from err


def _unreadable(kind: str) -> RowsError:
    return RowsError(
        Text(f"不是可读取的 {kind} 文件", f"not a {kind} file that can be read")
    )


def _problem(where: str, zh: str, en: str) -> ApplicationError:
    return ApplicationError([Problem(where, Text(zh, en))])


_READERS: dict[str, Callable[[BinaryIO, LicenseType], Rows]] = {
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".xlsx": _xlsx,
    ".parquet": _parquet,
}
