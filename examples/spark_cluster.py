"""Verify a column of QR texts on Spark: here, or on the cluster that runs this.

Usage: python spark_cluster.py TRUST_FILE ROOT_FINGERPRINT INPUT OUTPUT [MANIFEST...]
       spark-submit ... spark_cluster.py (the same)

INPUT is Parquet with a column ``qr_text``; OUTPUT is a new folder of Parquet with all
of its columns and the answers. Each MANIFEST is a department's snapshot. TRUST_FILE and
MANIFEST lie on the machine of the driver; INPUT and OUTPUT are what Spark can reach.
"""

import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from elicense.spark import SparkError, SparkJudge, TrustFiles, local_session
from esign import clock


def session() -> SparkSession:
    """Return the session of spark-submit, or else one on this machine alone."""
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        return SparkSession.builder.getOrCreate()
    return local_session(os.cpu_count() or 1)


def main(bundle: str, root: str, given: str, out: str, *manifests: str) -> int:
    """Write the answers, and print how many rows have each code, by issuer."""
    files = TrustFiles(bundle=Path(bundle), roots=root, snapshots=map(Path, manifests))
    try:
        judge = SparkJudge(files, clock.now())
        spark = session()
        judge.answer(spark.read.parquet(given)).write.parquet(out)
    except SparkError as err:
        print(err, file=sys.stderr)
        return 2
    written = spark.read.parquet(out)
    counted = written.groupBy("issuer", "code").count().orderBy("issuer", "code")
    for row in counted.collect():
        print(f"{row['count']:>10}  {row['code']:<15} {row['issuer'] or '-'}")
    spark.stop()
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 5:  # noqa: PLR2004  this program, bundle, root, in, out
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
