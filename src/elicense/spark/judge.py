"""The driver's side: admit at once, ship the files, and ask every row of a frame."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from pyspark.errors import PySparkImportError, PySparkNotImplementedError
from pyspark.sql import DataFrame
from pyspark.sql.types import (
    BooleanType,
    DataType,
    DateType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from elicense.bulk import SCHEMA, TEXT_COLUMN
from elicense.model import Text
from elicense.policy import STANDARD, ValidationPolicy
from elicense.snapshot import SeenSnapshot
from elicense.spark import worker
from elicense.spark.errors import SparkError, no_package
from elicense.spark.shipping import TrustFiles, parts, shipped
from elicense.spark.worker import Part, Task

_TYPES: Mapping[pa.DataType, DataType] = {
    pa.string(): StringType(),
    pa.bool_(): BooleanType(),
    pa.date32(): DateType(),
    pa.timestamp("s", "UTC"): TimestampType(),
}
ANSWER = StructType(
    [StructField(field.name, _TYPES[field.type], field.nullable) for field in SCHEMA]
)
"""The columns of :data:`elicense.bulk.SCHEMA` as Spark has them."""


class SparkJudge:
    """Asks rows of frames, at one instant and under one trust.

    Attributes:
        trust: what is believed; :attr:`TrustState.seen` is to be remembered.
        seen_snapshots: what to remember of snapshots, by organization.
        evidence_only: snapshots that the bundle names and that answer nothing: too old,
            or by a key that retired. All others answer.
    """

    def __init__(
        self,
        given: TrustFiles,
        at: datetime,
        *,
        policy: ValidationPolicy = STANDARD,
        claims: bool = False,
    ) -> None:
        """Admit the bundle and every snapshot here, before anything runs elsewhere.

        Args:
            given: the files that all rests on, and the pins.
            at: aware instant that is asked about, the same for all rows.
            policy: limits of the validator.
            claims: whether what a license says is decoded where a snapshot answers.

        Raises:
            RefusedError: the bundle or a snapshot is not believed; says which and why.
            FileError: a file cannot be read, or kept.
        """
        if at.tzinfo is None:
            raise TypeError("at: expected an aware instant")
        bundle, manifests = parts(given)
        roots = given.roots
        here = Task(
            bundle=bundle,
            roots=(roots,) if isinstance(roots, str) else tuple(roots),
            snapshots=manifests,
            at=at,
            policy=policy,
            claims=claims,
            shipped=False,
        )
        known = given.seen_snapshots.items()
        seen = {code: SeenSnapshot(*item) for code, item in known}
        admitted = worker.judge(here, given.seen, seen)
        self.trust = admitted.judge.trust
        opened = admitted.snapshots
        self.seen_snapshots = {} if opened is None else opened.seen
        used = () if opened is None else opened.digests
        self.evidence_only = tuple(
            Path(part.given) for part in manifests if part.sha256 not in used
        )
        self._here = here
        self._task = here if given.everywhere else _elsewhere(here)

    def answer(self, frame: DataFrame) -> DataFrame:
        """Return a frame with the answer to each row; runs when it is asked for.

        Every row comes back once, with all of its columns and after them those of
        :data:`elicense.bulk.SCHEMA`. A cluster keeps no order: whatever tells rows
        apart must be one of their columns. A null ``qr_text`` is UNREADABLE.

        Args:
            frame: with a column ``qr_text`` of strings.

        Raises:
            SparkError: there is no such column, another one has the name of a column of
                answers, or is of a type that Arrow does not carry.
            MissingSparkError: a package that PySpark needs is missing.
        """
        schema, place = _with_answers(frame.schema)
        if self._task.shipped:
            session = frame.sparkSession
            here = [Path(part.name) for part in _parts(self._here)]
            for path in shipped(here):
                session.addArtifacts(str(path), file=True)
        task = self._task

        def answers(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return worker.answers(task, place, batches)

        # Under its own name, a column whose name has a dot is not found.
        numbered = frame.toDF(*(f"c{place}" for place in range(len(frame.columns))))
        try:
            return numbered.mapInArrow(answers, schema)
        except PySparkImportError as err:
            raise no_package(str(err)) from err
        except PySparkNotImplementedError as err:
            raise _not_carried() from err


def _parts(task: Task) -> tuple[Part, ...]:
    return (task.bundle, *task.snapshots)


def _elsewhere(task: Task) -> Task:
    """Return a task whose files have the names that Spark gives them."""
    bundle, *manifests = (
        replace(part, name=Path(part.name).name) for part in _parts(task)
    )
    return replace(task, bundle=bundle, snapshots=tuple(manifests), shipped=True)


def _with_answers(schema: StructType) -> tuple[StructType, int]:
    """Return the columns of a result, and which of them holds the texts."""
    found = [place for place, name in enumerate(schema.names) if name == TEXT_COLUMN]
    kinds = [schema.fields[place].dataType for place in found]
    if len(found) != 1 or not isinstance(kinds[0], StringType):
        raise _no_texts(kinds)
    # Spark takes names that differ in their case for the same one.
    taken = [name for name in schema.names if name.lower() in SCHEMA.names]
    if taken:
        listed = ", ".join(taken)
        raise SparkError(
            Text(
                f"列名与结果列相同：{listed}；请先用 withColumnRenamed 改名或用 drop"
                " 去掉",
                f"columns have names of columns of answers: {listed}; rename them"
                " (withColumnRenamed) or drop them",
            )
        )
    return StructType([*schema.fields, *ANSWER.fields]), found[0]


def _no_texts(kinds: Sequence[DataType]) -> SparkError:
    names = ", ".join(kind.simpleString() for kind in kinds)
    return SparkError(
        Text(
            f"表中应有且仅有一个字符串列 {TEXT_COLUMN}（二维码文本），现为："
            f"{names or '无'}",
            f"the frame needs one column {TEXT_COLUMN} of strings (texts of QR codes);"
            f" it has: {names or 'none'}",
        )
    )


def _not_carried() -> SparkError:
    return SparkError(
        Text(
            "有的列不能经 Arrow 传送（如以月计的时间间隔）；请先转为字符串或用 drop"
            " 去掉",
            "a column is of a type that Arrow does not carry, such as an interval of"
            " months: cast it to a string or drop it",
        )
    )
