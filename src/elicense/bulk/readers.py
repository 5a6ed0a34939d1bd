"""What is read from tables: columns of QR texts, and of documents.

One row is one input, whatever stands in it: what cannot be read is an input that cannot
be read, and stops nothing. Only a file that is not what its ending says is raised.
"""

import codecs
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from elicense import tables
from elicense.bulk.texts import TEXT_COLUMN, unicode_of
from elicense.errors import ElicenseError
from elicense.model import Text
from elicense.payload import MAX_QR_TEXT

DOCUMENT_COLUMN = "document"
"""Column of a Parquet file that holds PDFs or pictures, as bytes."""
JOB_ROWS = 4096
"""Texts that go to a worker together: a quarter of a second's work."""
_BATCH_BYTES = 16 << 20  # of texts that are decoded together, where they are large
_CUT = MAX_QR_TEXT + 1  # characters of a longer text, whose verdict is the same
_MAX_LINE = 1 << 20  # bytes of a line; a text of more than 4096 characters is refused


class SourceError(ElicenseError):
    """What was given cannot be verified in bulk at all."""


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF or a picture.

    Attributes:
        name: what it is called; empty where it has no name.
        path: where it is; None where its bytes are here.
        data: its bytes.
        is_too_large: it has more bytes than may be read, and they are not here.
    """

    name: str
    path: Path | None = None
    data: bytes = b""
    is_too_large: bool = False


Job: TypeAlias = pa.RecordBatch | Document
"""What one worker does at a time: texts, or one document."""


def holds_documents(stream: BinaryIO, ending: str) -> bool:
    """Look into the head of a table; tell whether it has documents, not texts.

    Args:
        stream: the file, from its beginning.
        ending: one of :data:`ENDINGS`.

    Raises:
        SourceError: it has no such column.
        RowsError: the file is not what its ending says.
    """
    if ending == _PARQUET:
        return not _chosen(tables.parquet_file(stream).schema_arrow)[1]
    next(_READERS[ending](stream), None)  # its head is looked at before its first row
    return False


def jobs(stream: BinaryIO, ending: str, done: int, max_bytes: int) -> Iterator[Job]:
    """Give what is in a table.

    Args:
        stream: the file, from its beginning.
        ending: one of :data:`ENDINGS`.
        done: rows that are left out, from the first.
        max_bytes: of a document; a larger one is told without its bytes.

    Raises:
        SourceError: it has no such column.
        RowsError: it cannot be read, or not from here on.
    """
    if ending == _PARQUET:
        return _of_parquet(stream, done, max_bytes)
    return _batches(islice(_READERS[ending](stream), done, None))


def _chosen(schema: pa.Schema) -> tuple[str, bool]:
    """Return the column that is read, and whether it holds texts."""
    names = [name for name in (TEXT_COLUMN, DOCUMENT_COLUMN) if name in schema.names]
    if not names or schema.names.count(names[0]) != 1:
        raise _no_column()
    name = names[0]
    kind = schema.field(name).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    is_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    if not (is_text if name == TEXT_COLUMN else is_bytes):
        raise SourceError(
            Text(
                f"列 {name} 的类型 {kind} 不能使用：{TEXT_COLUMN} 应为文本，"
                f"{DOCUMENT_COLUMN} 应为字节",
                f"column {name} cannot be of type {kind}: {TEXT_COLUMN} holds texts,"
                f" {DOCUMENT_COLUMN} bytes",
            )
        )
    return name, is_text


def _of_parquet(stream: BinaryIO, done: int, max_bytes: int) -> Iterator[Job]:
    # Addresses that another allocator only reserves would count as taken.
    pa.set_memory_pool(pa.system_memory_pool())
    file = tables.parquet_file(stream)
    name, is_text = _chosen(file.schema_arrow)
    size = _rows_at_once(file, name) if is_text else 1
    left = done
    for batch in tables.parquet_batches(file, size, [name]):
        rest, left = batch.slice(min(left, len(batch))), max(0, left - len(batch))
        if not len(rest):
            continue
        column = rest.column(0)
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if is_text:
            yield pa.RecordBatch.from_arrays([_clean(column)], [TEXT_COLUMN])
        else:
            yield _document(column[0].as_buffer(), max_bytes)


def _rows_at_once(file: "pa.parquet.ParquetFile", name: str) -> int:
    """Return how many texts are read together, by what the file says of their size."""
    return max(1, min(JOB_ROWS, _BATCH_BYTES // tables.parquet_size(file, name)))


def _clean(column: pa.Array) -> pa.Array:
    """Return texts as strings, cut where they are too long to be one of ours."""
    return pc.utf8_slice_codeunits(unicode_of(column), 0, _CUT).cast(pa.string())


def _document(data: pa.Buffer | None, max_bytes: int) -> Document:
    if data is None:
        return Document("")
    if data.size > max_bytes:
        return Document("", is_too_large=True)
    return Document("", data=data.to_pybytes())


def _batches(texts: Iterator[str]) -> Iterator[Job]:
    while some := list(islice(texts, JOB_ROWS)):
        # What is no Unicode text is no QR text of ours either.
        clean = [text[:_CUT].encode(errors="replace").decode() for text in some]
        yield pa.RecordBatch.from_pydict({TEXT_COLUMN: pa.array(clean, pa.string())})


def _json_lines(stream: BinaryIO) -> Iterator[str]:
    return (_member(line) for line in tables.lines(stream, _MAX_LINE) if line.strip())


def _member(line: bytes) -> str:
    """Return the text of a line; of one that is no such object, an empty one."""
    try:
        row = json.loads(line.removeprefix(codecs.BOM_UTF8).decode())
    except (ValueError, RecursionError):
        return ""
    value = row.get(TEXT_COLUMN) if isinstance(row, dict) else None
    return value if isinstance(value, str) else ""


def _csv(stream: BinaryIO) -> Iterator[str]:
    return _column(line for line in tables.csv_rows(stream, _MAX_LINE) if line)


def _sheet(stream: BinaryIO) -> Iterator[str]:
    rows = tables.sheet_rows(stream)
    return _column(row for row in rows if any(cell not in (None, "") for cell in row))


def _column(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Give the cells of the column of texts; a cell of another kind is empty."""
    lines = iter(rows)
    heads = list(next(lines, []))
    if heads.count(TEXT_COLUMN) != 1:
        raise _no_column()
    place = heads.index(TEXT_COLUMN)
    for line in lines:
        value = line[place] if place < len(line) else None
        yield value if isinstance(value, str) else ""


def _no_column() -> SourceError:
    return SourceError(
        Text(
            f"表中应有且仅有一列 {TEXT_COLUMN}（二维码文本；CSV 首行为列名，逗号分隔）"
            f"；Parquet 文件也可用 {DOCUMENT_COLUMN}（PDF 或图片的字节）",
            f"the table needs one column {TEXT_COLUMN} (texts of QR codes; in CSV the"
            " first line names the columns, with commas between); a Parquet file may"
            f" have {DOCUMENT_COLUMN} (bytes of PDFs or pictures) instead",
        )
    )


_PARQUET = ".parquet"
_READERS: dict[str, Callable[[BinaryIO], Iterator[str]]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".xlsx": _sheet,
}
ENDINGS = (_PARQUET, *_READERS)
"""Of files that are read."""
