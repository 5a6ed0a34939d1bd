"""What we await and what a seal platform has, held against each other."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Differences:
    """What only one side knows.

    Attributes:
        unknown_there: identifiers of licenses that await their seal, and whose request
            the platform does not know.
        unknown_here: request id -> state of what the platform has and this register
            never asked for.
    """

    unknown_there: tuple[str, ...]
    unknown_here: Mapping[str, str]


def differences(
    ordered: Mapping[str, str], awaiting: Collection[str], theirs: Mapping[str, str]
) -> Differences:
    """Compare both sides.

    Args:
        ordered: request id -> identifier of everything that was ever ordered here.
        awaiting: identifiers of what still awaits its seal.
        theirs: request id -> state of everything that the platform has.
    """
    waiting = {
        request: identifier
        for request, identifier in ordered.items()
        if identifier in awaiting
    }
    return Differences(
        tuple(waiting[request] for request in waiting if request not in theirs),
        {one: state for one, state in theirs.items() if one not in ordered},
    )
