"""What is verified in bulk: columns of QR texts, and documents, from files and folders.

One row is one input, whatever stands in it: what cannot be read is an input that cannot
be read, and stops nothing. Only a file that is not what its ending says is raised.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeAlias

import pyarrow as pa

from elicense import tables
from elicense.bulk.arrow import TEXT_COLUMN
from elicense.errors import ElicenseError
from elicense.model import Text

DOCUMENT_COLUMN = "document"
"""Column of a Parquet file that holds PDFs or pictures, as bytes."""
ENDINGS = (".parquet", ".csv", ".xlsx", ".jsonl")
DOCUMENT_ENDINGS = (".pdf", ".png", ".jpg", ".jpeg")
JOB_ROWS = 4096
"""Texts that go to a worker together: a quarter of a second's work."""
_DOCUMENT_ROWS = 8  # of a Parquet file that are held at once; each may be large
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
    """

    name: str
    path: Path | None = None
    data: bytes = b""


Job: TypeAlias = pa.RecordBatch | Document
"""What one worker does at a time: texts, or one document."""


@dataclass(frozen=True, slots=True)
class Source:
    """Inputs in order.

    Attributes:
        jobs: gives them from a row on, the first being 0.
        is_documents: whether they are documents, which may be hostile to their reader.
        identity: changes where the inputs do.
    """

    jobs: Callable[[int], Iterator[Job]]
    is_documents: bool
    identity: Sequence[object]


def opened(path: Path) -> AbstractContextManager[Source]:
    """Return the inputs of a file or a folder; closed with the context.

    Args:
        path: a folder of PDFs and pictures, or a table with a column ``qr_text``; a
            Parquet file may have ``document`` instead.

    Raises:
        SourceError: it is of another kind.
        RowsError: the file is not what its ending says.
        OSError: it cannot be read.
    """
    if path.is_dir():
        return nullcontext(_folder(path))
    if not path.is_file() or path.suffix.lower() not in ENDINGS:
        known = ", ".join(ENDINGS)
        raise SourceError(
            Text(
                f"{path}：应为文件夹，或 {known} 文件",
                f"{path}: expected a folder, or a file of {known}",
            )
        )
    return _File(path)


class _File(AbstractContextManager[Source]):
    """A table as a source; its file is closed at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: BinaryIO | None = None

    def __enter__(self) -> Source:
        ending = self._path.suffix.lower()
        self._stream = stream = self._path.open("rb")
        try:
            return self._source(stream, ending)
        except BaseException:
            stream.close()
            raise

    def _source(self, stream: BinaryIO, ending: str) -> Source:
        found = self._path.stat()
        identity = [found.st_size, found.st_mtime_ns]
        if ending == ".parquet":
            return _of_parquet(tables.parquet_file(stream), identity)

        def jobs(done: int) -> Iterator[Job]:
            stream.seek(0)
            return _batches(islice(_READERS[ending](stream), done, None))

        return Source(jobs, is_documents=False, identity=identity)

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()


def _chosen(schema: pa.Schema) -> tuple[str, bool]:
    """Return the column that is read, and whether it holds texts."""
    names = [name for name in (TEXT_COLUMN, DOCUMENT_COLUMN) if name in schema.names]
    if not names:
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


def _of_parquet(file: "pa.parquet.ParquetFile", identity: Sequence[object]) -> Source:
    name, is_text = _chosen(file.schema_arrow)

    def jobs(done: int) -> Iterator[Job]:
        size = JOB_ROWS if is_text else _DOCUMENT_ROWS
        left = done
        for batch in tables.parquet_batches(file, size, [name]):
            rest, left = batch.slice(min(left, len(batch))), max(0, left - len(batch))
            if not len(rest):
                continue
            if is_text:
                yield rest
                continue
            for value in rest.column(0):
                yield Document("", data=value.as_py() or b"")

    return Source(jobs, is_documents=not is_text, identity=identity)


def _folder(path: Path) -> Source:
    """Return the documents of a folder and the folders in it, by their names."""
    found = sorted(
        item
        for item in path.rglob("*")
        if item.suffix.lower() in DOCUMENT_ENDINGS and item.is_file()
    )
    if not found:
        known = ", ".join(DOCUMENT_ENDINGS)
        raise SourceError(
            Text(f"{path} 中没有 {known} 文件", f"{path} holds no file of {known}")
        )

    def jobs(done: int) -> Iterator[Job]:
        for item in found[done:]:
            yield Document(str(item.relative_to(path)), item)

    identity = [
        [str(item), item.stat().st_size, item.stat().st_mtime_ns] for item in found
    ]
    return Source(jobs, is_documents=True, identity=identity)


def _batches(texts: Iterator[str]) -> Iterator[Job]:
    while some := list(islice(texts, JOB_ROWS)):
        # What is no Unicode text is no QR text of ours either.
        clean = [text.encode(errors="replace").decode() for text in some]
        yield pa.RecordBatch.from_pydict({TEXT_COLUMN: pa.array(clean, pa.string())})


def _json_lines(stream: BinaryIO) -> Iterator[str]:
    return (_member(line) for line in tables.lines(stream, _MAX_LINE) if line.strip())


def _member(line: bytes) -> str:
    """Return the text of a line; of one that is no such object, an empty one."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    value = row.get(TEXT_COLUMN) if isinstance(row, dict) else None
    return value if isinstance(value, str) else ""


def _csv(stream: BinaryIO) -> Iterator[str]:
    return _column(line for line in tables.csv_rows(stream, _MAX_LINE) if line)


def _sheet(stream: BinaryIO) -> Iterator[str]:
    return _column(tables.sheet_rows(stream))


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
            f"表中应有且仅有一列 {TEXT_COLUMN}（二维码文本）；Parquet 文件也可用"
            f" {DOCUMENT_COLUMN}（PDF 或图片的字节）",
            f"the table needs one column {TEXT_COLUMN} (texts of QR codes); a Parquet"
            f" file may have {DOCUMENT_COLUMN} (bytes of PDFs or pictures) instead",
        )
    )


_READERS: dict[str, Callable[[BinaryIO], Iterator[str]]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".xlsx": _sheet,
}
