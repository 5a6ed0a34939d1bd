"""Spark on this machine alone: for trying, for tests, and for the examples."""

import sys

from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from elicense.spark.errors import no_java

_LOOPBACK = "127.0.0.1"


def local_session(cores: int = 2) -> SparkSession:
    """Return a session that runs here, in this interpreter, and listens to nobody else.

    No web page is served, and instants are shown in UTC. What there is already is
    returned as it is.

    Args:
        cores: Python workers at a time.

    Raises:
        MissingSparkError: Java is not here.
    """
    builder = (
        SparkSession.builder.master(f"local[{cores}]")
        .appName("elicense")
        .config("spark.driver.host", _LOOPBACK)
        .config("spark.driver.bindAddress", _LOOPBACK)
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.session.timeZone", "UTC")
    )
    try:
        session = builder.getOrCreate()
    except PySparkRuntimeError as err:
        raise no_java() from err
    # Else Spark asks the first python3 of the search path.
    session.sparkContext.pythonExec = sys.executable
    return session
