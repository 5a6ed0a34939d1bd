"""Which status list a license stands in (docs/formats/status-list.md, section 2)."""

from elicense.model import Validity

OPEN_ENDED = 1
"""The first generation of 长期 licenses; 2 to 999 are those after it."""
_FIRST_YEAR = 1_000  # numbers from here on end in the year of the last day
_GENERATION = 10_000


def first_list(validity: Validity) -> int:
    """Return the first list for a period: the year of its last day, or 长期."""
    last_day = validity.valid_until
    return OPEN_ENDED if last_day is None else last_day.year


def next_generation(number: int) -> int:
    """Return the list that goes on where one is full.

    Args:
        number: 2 follows 1 for 长期; 12031 follows 2031, and 22031 follows that.
    """
    return number + 1 if number < _FIRST_YEAR else number + _GENERATION
