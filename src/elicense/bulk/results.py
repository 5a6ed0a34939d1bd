"""Results as files: Parquet, CSV or JSON lines; whole under their name or not there."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from elicense import cells, files
from elicense.bulk.run import RESULT, folder_of
from elicense.dates import instant_text


def write(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write a result; the folder of its parts is there.

    Args:
        path: its ending is one of :data:`ENDINGS`.
        tables: its rows, in order.

    Raises:
        FileError: it cannot be written; what was at ``path`` stays.
    """
    draft = folder_of(path) / "result"
    try:
        _WRITERS[path.suffix.lower()](draft, tables)
        files.sync(draft)
        draft.replace(path)
        files.sync(path.parent)
    except OSError as err:
        raise files.failed("写入", "write", path, err) from err


def _parquet(path: Path, tables: Iterable[pa.Table]) -> None:
    with pa.parquet.ParquetWriter(path, RESULT) as writer:
        for table in tables:
            writer.write_table(table)


def _csv(path: Path, tables: Iterable[pa.Table]) -> None:
    # The mark lets spreadsheets see that a table is UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, RESULT.names)
        table.writeheader()
        for rows in tables:
            table.writerows(cells.harmless(_plain(row)) for row in rows.to_pylist())


def _json_lines(path: Path, tables: Iterable[pa.Table]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for rows in tables:
            for row in rows.to_pylist():
                file.write(json.dumps(_plain(row), ensure_ascii=False) + "\n")


def _plain(row: Mapping[str, object]) -> dict[str, object]:
    """Return a row as JSON has it: days and instants as texts."""
    return {
        key: instant_text(value)
        if isinstance(value, datetime)
        else value
        if value is None or isinstance(value, str | int)
        else str(value)
        for key, value in row.items()
    }


_WRITERS: dict[str, Callable[[Path, Iterable[pa.Table]], None]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _json_lines,
}
ENDINGS = tuple(_WRITERS)
"""What a result can be."""
