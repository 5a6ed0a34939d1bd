"""The only place that reads the machine's clock."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current instant in UTC, cut to whole seconds.

    Formats of this project carry whole seconds (RFC 8392 NumericDate as an integer),
    so an instant that is signed must not have more precision than it will keep.
    """
    return datetime.now(UTC).replace(microsecond=0)
