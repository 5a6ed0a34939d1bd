"""What an executor does: believe the files that it was given, once, and answer batches.

A task carries digests and pins, a few hundred bytes. Each Python worker of an executor
admits the bundle and opens the snapshots for itself, under the same pins as the driver,
and keeps them for all batches and jobs that ask the same.
"""

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
from pyspark import SparkFiles

from elicense import files, trust
from elicense.bulk import TEXT_COLUMN, ArrowJudge
from elicense.model import Text
from elicense.policy import ValidationPolicy
from elicense.snapshot import SeenSnapshot, Snapshot, Snapshots, named
from elicense.snapshot.admitting import NOTHING_SEEN
from elicense.spark.errors import RefusedError
from elicense.trust import MAX_BUNDLE_BYTES, Seen, TrustState
from esign.errors import ESignError, VerificationError

KEPT = 2
"""Questions that a worker keeps open: that of its job, and of one beside it."""
_INSTANT = pa.timestamp("us", "UTC")
"""The one kind of instant that Spark takes."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file, as the driver admitted it.

    Attributes:
        name: among the files that Spark ships, or else its path.
        sha256: digest of its bytes, 32 bytes.
        given: its path as the driver was given it, for messages.
    """

    name: str
    sha256: bytes
    given: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What executors are asked, and under what; small, and the same for all of a job.

    Attributes:
        bundle: the trust bundle.
        roots: the pins.
        snapshots: manifests; the columns of each are beside it.
        at: aware instant that is asked about.
        policy: limits of the validator.
        claims: as for :class:`elicense.bulk.ArrowJudge`.
        shipped: whether Spark brings the files; else their names are paths.
    """

    bundle: Part
    roots: tuple[str, ...]
    snapshots: tuple[Part, ...]
    at: datetime
    policy: ValidationPolicy
    claims: bool
    shipped: bool

    def path(self, part: Part) -> Path:
        """Return where a file is on this machine."""
        return Path(SparkFiles.get(part.name) if self.shipped else part.name)


def judge(
    task: Task,
    seen: Iterable[Seen] = (),
    seen_snapshots: Mapping[str, SeenSnapshot] = NOTHING_SEEN,
) -> ArrowJudge:
    """Admit and open the files of a task.

    A snapshot that the bundle names, as the one that closes a key or as one that a hub
    has seen, is evidence, too; too old, or by a key that retired, it is nothing else.

    Args:
        task: what is asked.
        seen: what the driver remembers of bundles; an executor, which gets the very
            bytes that the driver admitted, remembers nothing.
        seen_snapshots: likewise of snapshots, by organization.

    Raises:
        RefusedError: a file is not believed, or is another one than the driver's.
        FileError: one cannot be read.
    """
    state = _trust(task, seen)
    wanted = {part.sha256 for part in task.snapshots}
    kept = named(map(task.path, task.snapshots), state)
    evidence = {item.digest: item for item in kept if item.digest in wanted}
    found = (
        _snapshot(task, part, state, seen_snapshots, evidence)
        for part in task.snapshots
    )
    opened = [item for item in found if item is not None]
    snapshots = Snapshots(opened, state, task.at, policy=task.policy)
    return ArrowJudge(
        state,
        task.at,
        policy=task.policy,
        evidence=tuple(evidence.values()),
        snapshots=snapshots if opened else None,
        claims=task.claims,
    )


def _trust(task: Task, seen: Iterable[Seen]) -> TrustState:
    part = task.bundle
    data = files.read(task.path(part), MAX_BUNDLE_BYTES)
    _same(part, hashlib.sha256(data).digest())
    with refusing(part.given):
        return trust.admit(data, task.roots, seen)


def _snapshot(
    task: Task,
    part: Part,
    state: TrustState,
    seen: Mapping[str, SeenSnapshot],
    evidence: Container[bytes],
) -> Snapshot | None:
    """Open a snapshot; return None for one that is evidence and answers nothing."""
    where, policy = task.path(part), task.policy
    with refusing(part.given):
        try:
            opened = Snapshot.open(where, state, task.at, policy=policy, seen=seen)
        except VerificationError:
            if part.sha256 not in evidence:
                raise
            return None
    _same(part, opened.admitted.seen.digest)
    return opened


@contextmanager
def refusing(given: str) -> Iterator[None]:
    """Name the file that is refused, in both languages.

    Args:
        given: its path.

    Raises:
        RefusedError: for every error of what somebody signed or wrote.
    """
    try:
        yield
    except ESignError as err:
        raise RefusedError(
            Text(f"{given} 被拒绝：{err}", f"{given} is refused: {err}")
        ) from err


@lru_cache(maxsize=KEPT)
def opened(task: Task) -> ArrowJudge:
    """Return what answers a task; opened once by each worker, and kept."""
    return judge(task)


def answers(
    task: Task, place: int, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Give each batch with its answers; holds one at a time.

    Args:
        task: what is asked.
        place: which column holds the texts.
        batches: as Spark cuts them.

    Yields:
        The columns of a batch as they are, and after them those of
        :data:`elicense.bulk.SCHEMA`.
    """
    for batch in batches:
        yield answered(opened(task), place, batch)


def answered(asked: ArrowJudge, place: int, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch with its answers.

    Args:
        asked: what answers.
        place: which column holds the texts.
        batch: any columns, that one of strings.
    """
    texts = batch.column(place)
    found = asked.answer(pa.RecordBatch.from_arrays([texts], [TEXT_COLUMN]))
    columns = [
        column.cast(_INSTANT) if pa.types.is_timestamp(column.type) else column
        for column in found.columns
    ]
    return pa.RecordBatch.from_arrays(
        [*batch.columns, *columns], [*batch.schema.names, *found.schema.names]
    )


def _same(part: Part, digest: bytes) -> None:
    if digest != part.sha256:
        raise RefusedError(
            Text(
                f"{part.given} 与提交作业时核验过的文件不同，请重新提交",
                f"{part.given} is not what was admitted when the job was submitted:"
                " submit it again",
            )
        )
