"""Rows of a table or of JSON lines as requests to issue (docs/batch.md).

A row that cannot be used is an error in its place; a file that cannot be read at all is
raised. Rows are read as they are needed.
"""

import hashlib
import json
import re
from collections.abc import (
    Callable,
    Generator,
    Iterable,
    Mapping,
    Sequence,
)
from typing import Any, BinaryIO, TypeAlias, TypeVar

from elicense import cells, tables
from elicense.catalog import FieldKind, LicenseType
from elicense.catalog.application import (
    COMMON_KEYS,
    MAX_APPLICATION,
    parse_application,
)
from elicense.errors import ApplicationError, ElicenseError, Problem
from elicense.issuing.request import Request
from elicense.model import Text
from elicense.tables import RowsError

CASE, ID = "case", "id"
"""Columns that key a row; all others are fields of the application."""
SEPARATOR = ";"
"""Between the values of a cell that holds several."""
OPEN_ENDED = "长期"
"""A cell of ``valid_until`` that stands for null."""
_HOLDER = "holders."
_HOLDER_COLUMNS = tuple(
    f"holders.{name}" for name in ("name", "code", "code_type", "role")
)
_PAGE = 32  # rows of a Parquet file that are held at once; each may have a photo
_MAX_NAMED = 10  # unknown columns that are told one by one
_PLAIN_NAME = re.compile(
    "[a-z_.]{1,40}[0-9]{0,3}"
)  # cannot be a person's name in Han, or an id

Row = Mapping[str, object]
Rows: TypeAlias = Generator[Request | ElicenseError, None, None]
T = TypeVar("T")


def read(stream: BinaryIO, ending: str, license_type: LicenseType) -> Rows:
    """Give the rows of a file as requests, in order.

    Args:
        stream: the file, open for reading bytes; seekable for xlsx and parquet.
        ending: ``.csv``, ``.jsonl``, ``.xlsx`` or ``.parquet``.
        license_type: what is issued; says which fields hold several values.

    Yields:
        A request, or why its row is none. Close the generator before the stream.

    Raises:
        RowsError: the ending is another one, an extra is not installed, the file is not
            what its ending says, or a column of a table is not known. Raised by the
            generator, before the first row or where the file cannot be read on; the
            rows before that place stand.
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


def application_of(license_type: LicenseType, texts: Mapping[str, str]) -> Row:
    """Return the row that the cells of a table stand for.

    An empty cell is a field that is not given. A field of several values has them with
    ``;`` between, or as a JSON array; a field of rows is a JSON array. ``holders`` is
    one too, or stands in columns ``holders.name``, ``holders.code`` and on, with ``;``
    between several holders.

    Args:
        license_type: says which fields hold several values.
        texts: column -> text.

    Raises:
        ApplicationError: a cell is not the JSON that it begins like, or the columns of
            the holders do not go together.
    """
    kinds = {rule.key: rule.kind for rule in license_type.fields}
    tables = {key for key, kind in kinds.items() if kind is FieldKind.ROWS}
    several = {key for key, kind in kinds.items() if kind.is_array}
    row: dict[str, object] = {}
    holders: dict[str, list[str]] = {}
    for key, cell in texts.items():
        if not cell:
            continue
        if key.startswith(_HOLDER):
            holders[key.removeprefix(_HOLDER)] = cell.split(SEPARATOR)
        elif key in {"holders", *tables} or (key in several and cell.startswith("[")):
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
) -> Rows:
    """Make a request of each row, or keep why there is none."""
    for item in found:
        try:
            yield request_of(license_type.name, make(item))
        except ApplicationError as err:
            yield err


def _jsonl(stream: BinaryIO, license_type: LicenseType) -> Rows:
    lines = (line for line in tables.lines(stream, MAX_APPLICATION) if line.strip())
    return _each(license_type, lines, parse_application)


def _csv(stream: BinaryIO, license_type: LicenseType) -> Rows:
    yield from _table(license_type, tables.csv_rows(stream, MAX_APPLICATION))


def _table(license_type: LicenseType, found: Iterable[Sequence[object]]) -> Rows:
    """Read a table whose first row names the columns; blank rows are left out."""
    lines = (line for line in found if not all(map(_is_blank, line)))
    heads = _heads(next(lines, []), _columns_of(license_type) | set(_HOLDER_COLUMNS))
    return _each(license_type, lines, lambda line: _cells(license_type, heads, line))


def _is_blank(cell: object) -> bool:
    return cell is None or cell == ""


def _columns_of(license_type: LicenseType) -> set[str]:
    return {CASE, ID, *COMMON_KEYS, *(rule.key for rule in license_type.fields)}


def _heads(line: Sequence[object], known: set[str]) -> list[str]:
    """Return the names of the columns, if they are known; others are not repeated."""
    heads = [head for head in line if isinstance(head, str) and head]
    unknown = [n for n, head in enumerate(heads, 1) if head not in known]
    listed = "、".join(sorted(known)), ", ".join(sorted(known))
    if heads and len(unknown) == len(heads):
        raise RowsError(
            Text(
                f"首行不是列名：没有一列认识；可用的列：{listed[0]}",
                f"the first row does not name the columns: none is known; known are:"
                f" {listed[1]}",
            )
        )
    if not heads or len(heads) != len(line) or len(set(heads)) != len(heads):
        raise RowsError(
            Text(
                "首行应为列名，不得为空或重复",
                "the first row names the columns, none empty and none twice",
            )
        )
    if unknown:
        raise RowsError(
            Text(
                f"有不认识的列：{_places(heads, unknown, '、', '第 {} 列')}；"
                f"可用的列：{listed[0]}",
                f"unknown: {_places(heads, unknown, ', ', 'column {}')}; known are:"
                f" {listed[1]}",
            )
        )
    return heads


def _places(heads: list[str], unknown: list[int], between: str, form: str) -> str:
    """Return the places of columns, with their names where those are plain words."""
    told = [
        form.format(n)
        + (f" ({heads[n - 1]})" if _PLAIN_NAME.fullmatch(heads[n - 1]) else "")
        for n in unknown[:_MAX_NAMED]
    ]
    return between.join(told) + (" …" if len(unknown) > _MAX_NAMED else "")


def _cells(license_type: LicenseType, heads: list[str], line: Sequence[object]) -> Row:
    if len(line) != len(heads):
        raise _problem(
            "(data)",
            f"有 {len(line)} 列，应为 {len(heads)} 列",
            f"{len(line)} cells, expected {len(heads)}",
        )
    named = zip(heads, line, strict=True)
    return application_of(
        license_type, {key: cells.text_of(key, value) for key, value in named}
    )


def _xlsx(stream: BinaryIO, license_type: LicenseType) -> Rows:
    yield from _table(license_type, tables.sheet_rows(stream))


def _parquet(stream: BinaryIO, license_type: LicenseType) -> Rows:
    file = tables.parquet_file(stream)
    _heads(file.schema_arrow.names, _columns_of(license_type))
    records = tables.parquet_rows(file, _PAGE)
    yield from _each(license_type, records, _from_columns)


def _from_columns(row: Mapping[str, Any]) -> Row:
    """Return a row of typed columns: what is null is not given, days are texts."""
    plain = {key: _plain(key, value) for key, value in row.items() if value is not None}
    if plain.get("valid_until") == OPEN_ENDED:
        plain["valid_until"] = None
    return plain


def _plain(column: str, value: Any) -> object:
    if isinstance(value, Mapping):
        return {
            key: _plain(column, item) for key, item in value.items() if item is not None
        }
    if isinstance(value, list):
        return [_plain(column, item) for item in value]
    return cells.text_of(column, value)


def _problem(where: str, zh: str, en: str) -> ApplicationError:
    return ApplicationError([Problem(where, Text(zh, en))])


_READERS: dict[str, Callable[[BinaryIO, LicenseType], Rows]] = {
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".xlsx": _xlsx,
    ".parquet": _parquet,
}
