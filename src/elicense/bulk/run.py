"""A run over a file or a folder that may be cut off, and goes on where it was.

Answers are kept in parts, each whole or not there, in a folder beside the result. The
result appears under its name once all is answered, and the parts go. What was asked,
of whom and for which instant is kept with them: another question begins anew.
"""

import fcntl
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc

from elicense import files
from elicense.bulk.arrow import SCHEMA, ArrowJudge
from elicense.bulk.pool import answers
from elicense.bulk.readers import Document, Job
from elicense.bulk.sources import Source
from elicense.errors import ElicenseError
from elicense.model import Text
from elicense.validating.evidence import Proof
from elicense.validating.token import check_clock

RESULT = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("input", pa.string()),
        *SCHEMA,
    ]
)
"""Columns of a result: the row, from 1, the name of a file in a folder, the answer."""
PART_ROWS = 1 << 16
"""Rows of a part, at least; what a run that is killed may have to do again."""
PART_DOCUMENTS = 64
_STATE, _LOCK, _MAX_STATE = "run.json", "lock", 1 << 20
_FORMAT = "elicense.bulk-run/1"


def identity(source: Source, judge: ArrowJudge, *more: object) -> str:
    """Return a digest that is another one where an answer could be another.

    Args:
        source: the inputs.
        judge: what they are asked of.
        more: what else counts: its ``repr`` tells it from others.
    """
    trust = judge.judge.trust
    lists = [
        (*name, each.sequence, each.issued_at) for name, each in trust.lists.items()
    ]
    told = (
        version("elicense"),
        source.identity,
        trust.root,
        trust.why_empty,
        None if trust.seen is None else trust.seen.digest,
        sorted(lists),
        check_clock(trust, judge.judge.at),
        judge.judge.policy,
        [_told(proof) for proof in judge.judge.evidence],
        more,
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _told(proof: Proof) -> object:
    if isinstance(proof, bytes):
        return proof
    return proof.digest, proof.timestamps


class RunError(ElicenseError):
    """The parts of a run cannot be used."""


@dataclass(frozen=True, slots=True)
class Question:
    """What makes two runs one: the same inputs, asked under the same trust.

    Attributes:
        identity: of the source, its trust and its policy, as :func:`identity` gives it.
        at: the run's instant.
    """

    identity: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Summary:
    """What a result says, counted.

    Attributes:
        rows: all of them.
        indications: indication -> rows.
        by_issuer: (issuer, its name, code) -> rows; empty where none is known.
    """

    rows: int
    indications: Counter[str]
    by_issuer: Counter[tuple[str, str, str]]


def folder_of(result: Path) -> Path:
    """Return where the parts of a result are kept: ``RESULT.partial``."""
    return result.with_name(f"{result.name}.partial")


def begun(result: Path) -> Question | None:
    """Return what a run that was cut off was asked, None where there is none.

    Raises:
        RunError: what it left cannot be read.
    """
    path = folder_of(result) / _STATE
    if not files.is_file(path):
        return None
    try:
        state = json.loads(files.read_whole(path, _MAX_STATE))[_FORMAT]
        return Question(state["identity"], datetime.fromisoformat(state["at"]))
    except (ValueError, KeyError, TypeError) as err:
        raise _damaged(path.parent) from err


def _damaged(folder: Path) -> RunError:
    return RunError(
        Text(
            f"文件夹 {folder} 中保存的结果已损坏，请删除该文件夹后重新开始",
            f"what was kept in {folder} is damaged: remove that folder to begin anew",
        )
    )


class Parts:
    """The parts of a run, in order."""

    def __init__(self, folder: Path) -> None:
        """Take those that are there: RunError unless they are the first, and whole."""
        self._folder = folder
        self._paths = sorted(folder.glob("[0-9]*.arrow"))
        self.rows = 0
        try:
            for table in self.tables():
                first = table.column("row")[0].as_py()
                if table.schema != RESULT or first != self.rows + 1:
                    raise _damaged(folder)
                self.rows += table.num_rows
        except (pa.ArrowException, KeyError, IndexError, OSError) as err:
            raise _damaged(folder) from err

    def add(self, rows: pa.Table) -> None:
        """Keep one more part; it is on disk when this returns."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, RESULT) as writer:
            writer.write_table(rows)
        path = self._folder / f"{len(self._paths):08d}.arrow"
        files.write(path, sink.getvalue().to_pybytes())
        self._paths.append(path)
        self.rows += rows.num_rows

    def tables(self) -> Iterator[pa.Table]:
        """Give what was kept, a part at a time."""
        for path in self._paths:
            with pa.memory_map(str(path)) as mapped:
                yield pa.ipc.open_file(mapped).read_all()


@contextmanager
def parts(result: Path, question: Question) -> Iterator[Parts]:
    """Give the parts of a run, those of an earlier one if it was asked the same.

    Args:
        result: where the result will be; its folder exists.
        question: what is asked.

    Raises:
        RunError: another run is at it.
        FileError: it cannot be written.
    """
    folder = folder_of(result)
    files.make_folder(folder)
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            raise RunError(
                Text(
                    f"另一个运行正在写入 {folder}",
                    f"another run is writing {folder}",
                )
            ) from err
        if begun(result) != question:
            for old in folder.glob("[0-9]*.arrow"):
                old.unlink()
            state = {"identity": question.identity, "at": question.at.isoformat()}
            files.write(folder / _STATE, json.dumps({_FORMAT: state}).encode())
        yield Parts(folder)


def answer_all(
    source: Source, judge: ArrowJudge, kept: Parts, *, workers: int = 1
) -> Iterator[int]:
    """Answer all inputs that are not answered yet, and keep the answers.

    Where it is broken off, by whatever is raised, what was answered is kept.

    Args:
        source: the inputs.
        judge: what they are asked of.
        kept: the parts so far.
        workers: processes.

    Yields:
        How many rows are answered, now and then.

    Raises:
        Whatever :func:`elicense.bulk.pool.answers` raises.
        FileError: a part cannot be written.
    """
    least = PART_DOCUMENTS if source.is_documents else PART_ROWS
    waiting: list[pa.Table] = []
    row = kept.rows
    try:
        for job, found in answers(source, judge, done=row, workers=workers):
            waiting.append(_numbered(job, found, row))
            row += found.num_rows
            yield row
            if row - kept.rows >= least:
                kept.add(pa.concat_tables(waiting))
                waiting = []
    finally:
        if waiting:
            kept.add(pa.concat_tables(waiting))


def _numbered(job: Job, found: pa.RecordBatch, row: int) -> pa.Table:
    count = found.num_rows
    name = job.name or None if isinstance(job, Document) else None
    numbers = pa.array(range(row + 1, row + 1 + count), pa.int64())
    names = pa.array([name] * count, pa.string())
    return pa.Table.from_arrays([numbers, names, *found.columns], schema=RESULT)


def summary(tables: Iterable[pa.Table]) -> Summary:
    """Count what a result says."""
    rows, indications = 0, Counter[str]()
    by_issuer = Counter[tuple[str, str, str]]()
    names = ["issuer", "issuer_name", "code", "indication"]
    for table in tables:
        rows += table.num_rows
        counted = table.group_by(names, use_threads=False).aggregate(
            [([], "count_all")]
        )
        for group in counted.to_pylist():
            count = group["count_all"]
            indications[group["indication"]] += count
            key = group["issuer"] or "", group["issuer_name"] or "", group["code"]
            by_issuer[key] += count
    return Summary(rows, indications, by_issuer)


def remove(result: Path) -> None:
    """Remove the parts of a result that is whole.

    Raises:
        FileError: some of it cannot be removed.
    """
    folder = folder_of(result)
    # Without it, parts of which some are gone already are those of no run.
    state = folder / _STATE
    try:
        state.unlink(missing_ok=True)
    except OSError as err:
        raise files.failed("删除", "remove", state, err) from err
    files.remove_folder(folder)
