"""The usual value of a field, as its type states it."""

from collections.abc import Mapping
from datetime import date, timedelta

from elicense.catalog.kinds import FieldKind, FieldRule


def usual_value(rule: FieldRule, day: date) -> object:
    """Return a field's example as an application has it; None where it has none.

    Args:
        rule: of the field, or of one column.
        day: the issue date, which the days of an example are counted from.
    """
    example = rule.example
    if example is None:
        return None
    if rule.kind is FieldKind.ROWS and isinstance(example, tuple):
        return [
            {key: _plain(value, day) for key, value in row.items()}
            for row in example
            if isinstance(row, Mapping)
        ]
    return list(example) if isinstance(example, tuple) else _plain(example, day)


def _plain(value: str | int, day: date) -> str:
    """Return a text as it is, and a number of days as the day that it leads to."""
    if isinstance(value, str):
        return value
    return (day + timedelta(days=value)).isoformat()
