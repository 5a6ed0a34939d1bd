"""What can be wrong on the side of a cluster, in both languages."""

from elicense.errors import ElicenseError
from elicense.model import Text


class SparkError(ElicenseError):
    """What a cluster is asked, or is to rest on, cannot be used; nothing was run."""


class RefusedError(SparkError):
    """The trust bundle or a snapshot is not believed, or is not the driver's."""


class MissingSparkError(SparkError):
    """PySpark, a package that it needs, or Java is not on this machine."""


def no_package(name: str) -> MissingSparkError:
    """Return the error of a Python package that is missing, and how to get it.

    Args:
        name: of the package, with a version where that matters.
    """
    return MissingSparkError(
        Text(
            f"缺少 {name}，集群核验需要附加组件：pip install 'elicense[spark]'",
            f"{name} is missing; verifying on a cluster needs an extra:"
            " pip install 'elicense[spark]'",
        )
    )


def no_java() -> MissingSparkError:
    """Return the error of Java that is missing or does not start."""
    return MissingSparkError(
        Text(
            "Spark 未能启动：需要 Java 17 或更高版本（Debian、Ubuntu："
            "apt-get install openjdk-17-jre-headless），并检查 JAVA_HOME",
            "Spark did not start: it needs Java 17 or newer (Debian, Ubuntu: apt-get"
            " install openjdk-17-jre-headless); look at JAVA_HOME, too",
        )
    )
