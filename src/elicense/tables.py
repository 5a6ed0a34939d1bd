"""Tables and lines of text as files hold them: CSV, spreadsheets, Parquet, JSON lines.

What a row means is not known here. A file that cannot be read at all, or not from some
place on, is raised; rows are read as they are needed.
"""

import codecs
import csv
import importlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from elicense import cells
from elicense.errors import ElicenseError
from elicense.model import Text

_SHEET_ROWS = 1 << 20  # of a sheet, as ECMA-376 spreadsheets have them at most
_BUFFER = 1 << 20  # bytes of a Parquet column that are read at a time


class RowsError(ElicenseError):
    """A file of rows cannot be read at all, or not from here on."""


def lines(stream: BinaryIO, limit: int) -> Iterator[bytes]:
    """Give the lines of a file with their ends.

    Raises:
        RowsError: one has more than ``limit`` bytes.
    """
    while line := stream.readline(limit + 2):
        if len(line) > limit:
            # What is left of it would be read as rows of their own.
            raise _too_long(limit)
        yield line


def csv_rows(stream: BinaryIO, limit: int) -> Iterator[list[str]]:
    """Give the rows of a CSV file: UTF-8, commas between; a blank line is no cell.

    Raises:
        RowsError: it is none, or a row has more than ``limit`` bytes.
    """
    csv.field_size_limit(limit)
    return _split(_Texts(stream, limit))


def sheet_rows(stream: BinaryIO) -> Iterator[list[object]]:
    """Give the rows of the first sheet that is shown, all as long as the first.

    Raises:
        RowsError: it is none, or the extra ``xlsx`` is not installed.
    """
    yield from _spread(_extra("openpyxl", "xlsx"), stream)


def parquet_file(stream: BinaryIO) -> Any:
    """Return a Parquet file that is open for reading (pyarrow.parquet.ParquetFile).

    Raises:
        RowsError: it is none, or the extra ``bulk`` is not installed.
    """
    parquet = _extra("pyarrow.parquet", "bulk")
    try:
        # Pages are read as they are needed, and not kept: neither a whole column of a
        # row group, nor, as with pre_buffer, all that was read of the file.
        file = parquet.ParquetFile(stream, buffer_size=_BUFFER, pre_buffer=False)
        file.schema_arrow  # noqa: B018  read here, so that a bad one is told here
    except Exception as err:  # its own errors are of several kinds
        raise _failed("parquet", err) from err
    return file


def parquet_size(file: Any, name: str) -> int:
    """Return how large a column's values are, by what a Parquet file says of itself.

    Args:
        file: what :func:`parquet_file` gave.
        name: of the column.

    Returns:
        Bytes of a value on average, in the row group where they are largest; at least
        one.

    Raises:
        RowsError: what it says is not read.
    """
    try:
        groups = map(file.metadata.row_group, range(file.num_row_groups))
        sizes = [
            column.total_uncompressed_size // group.num_rows
            for group in groups
            if group.num_rows > 0
            for column in map(group.column, range(group.num_columns))
            if column.path_in_schema == name
        ]
    except Exception as err:  # its own errors are of several kinds
        raise _failed("parquet", err) from err
    return max(1, max(sizes, default=1))


def parquet_batches(file: Any, size: int, columns: list[str] | None) -> Iterator[Any]:
    """Give the record batches of a Parquet file, read in this thread alone.

    Args:
        file: what :func:`parquet_file` gave.
        size: rows of a batch, at most.
        columns: those that are read; all where None.

    Raises:
        RowsError: it cannot be read on.
    """
    try:
        yield from file.iter_batches(
            batch_size=size, columns=columns, use_threads=False
        )
    except Exception as err:  # its own errors are of several kinds
        raise _failed("parquet", err) from err


def parquet_rows(file: Any, size: int) -> Iterator[Mapping[str, Any]]:
    """Give the rows of a Parquet file; else as :func:`parquet_batches`."""
    for batch in parquet_batches(file, size, None):
        try:
            rows = batch.to_pylist()
        except Exception as err:  # its own errors are of several kinds
            raise _failed("parquet", err) from err
        yield from rows


class _Texts:
    """The lines of a CSV file as texts, with a limit on those of one row.

    Attributes:
        size: bytes since it was set to 0, at the beginning of each row.
    """

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self.size = 0
        self._limit = limit
        self._lines = lines(stream, limit)
        self._first = True

    def __iter__(self) -> "_Texts":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if self._first:
            self._first, line = False, line.removeprefix(codecs.BOM_UTF8)
        self.size += len(line)
        if self.size > self._limit:
            raise _too_long(self._limit)
        return line.decode()


def _split(texts: _Texts) -> Iterator[list[str]]:
    try:
        for line in csv.reader(texts, strict=True):
            texts.size = 0
            yield line
    except UnicodeDecodeError as err:
        raise RowsError(
            Text(
                "CSV 文件不是 UTF-8 编码；GBK 文件请在电子表格中另存为“CSV UTF-8”",
                "the CSV file is not UTF-8; one in GBK has to be saved as CSV UTF-8",
            )
        ) from err
    except csv.Error as err:
        raise RowsError(
            Text(
                "CSV 文件应以逗号分隔，引号须成对",
                "the CSV file has to have commas between, and quotes in pairs",
            )
        ) from err


def _spread(openpyxl: Any, stream: BinaryIO) -> Iterator[list[object]]:
    """Give the rows of the first sheet, all as long as the first.

    The sheet is read twice side by side: as results, and as formulas, since a formula
    without a result looks like an empty cell.
    """
    try:
        width = 0
        for shown, typed in zip(
            _no_more(_sheet(openpyxl, stream, results=True)),
            _sheet(openpyxl, stream, results=False),
            strict=True,
        ):
            line = list(map(cells.of_sheet, shown, typed))
            while len(line) > width and line[-1] in (None, ""):
                line.pop()
            width = width or len(line)
            yield line + [None] * (width - len(line))
    except RowsError:
        raise
    except Exception as err:  # the archive's, the XML's and its own, of many kinds
        raise _failed("xlsx", err) from err


def _no_more(rows: Iterator[Any]) -> Iterator[Any]:
    """Give the rows of a sheet, as many as one can have."""
    for count, row in enumerate(rows, 1):
        if count > _SHEET_ROWS:
            raise RowsError(
                Text(
                    f"工作表超过 {_SHEET_ROWS} 行",
                    f"the sheet has more than {_SHEET_ROWS} rows",
                )
            )
        yield row


def _sheet(openpyxl: Any, stream: BinaryIO, *, results: bool) -> Iterator[Any]:
    book = openpyxl.load_workbook(stream, read_only=True, data_only=results)
    sheet = next(item for item in book.worksheets if item.sheet_state == "visible")
    # What a file says of its own size may leave rows and columns out.
    sheet.reset_dimensions()
    return iter(sheet.iter_rows())


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


def _too_long(limit: int) -> RowsError:
    return RowsError(
        Text(
            f"有一行超过 {limit >> 20} MiB，过长",
            f"a line is too long: more than {limit >> 20} MiB",
        )
    )


def _failed(kind: str, err: Exception) -> RowsError:
    if isinstance(err, MemoryError):
        return RowsError(
            Text(
                f"读取该 {kind} 文件所需内存过多",
                f"the {kind} file takes more memory than it may",
            )
        )
    return RowsError(
        Text(f"不是可读取的 {kind} 文件", f"not a {kind} file that can be read")
    )
