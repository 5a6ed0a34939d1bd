"""Many QR texts on a Spark cluster (extra ``spark``): one answer for each row.

The answers are those of :class:`elicense.bulk.ArrowJudge`, which each executor runs on
Spark's own Arrow batches. docs/spark.md says how, and from how many rows on.
"""

from importlib.util import find_spec

from elicense.spark.errors import (
    MissingSparkError,
    RefusedError,
    SparkError,
    no_package,
)

for _name in ("pyspark", "numpy", "pyarrow"):
    if find_spec(_name) is None:
        raise no_package(_name)

from elicense.spark.judge import SparkJudge  # noqa: E402  what it needs is here
from elicense.spark.local import local_session  # noqa: E402
from elicense.spark.shipping import TrustFiles  # noqa: E402

__all__ = [
    "MissingSparkError",
    "RefusedError",
    "SparkError",
    "SparkJudge",
    "TrustFiles",
    "local_session",
]
