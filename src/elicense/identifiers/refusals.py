"""The error of a text that is not what its standard says."""

from elicense.errors import MalformedCodeError
from elicense.model import Text


def malformed(zh: str, en: str) -> MalformedCodeError:
    """Return the error that says so in both languages."""
    return MalformedCodeError(Text(zh, en))
