"""签章用印场景覆盖率: in how many of the scenarios that owe a seal one was used."""

from collections.abc import Iterable
from dataclasses import dataclass

from elicense.sealing.policy import SealPolicy
from elicense.sealing.record import UseLine, scenarios_used
from elicense.sealing.use import Scenario

Place = tuple[str, Scenario]
"""A scenario: a license type and an operation."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The figure, and what it is made of.

    Attributes:
        owed: the scenarios that owe a seal.
        used: those of them in which an electronic seal was used.
    """

    owed: tuple[Place, ...]
    used: tuple[Place, ...]

    @property
    def rate(self) -> float | None:
        """Used by owed, from 0 to 1; None where nothing owes a seal."""
        return len(self.used) / len(self.owed) if self.owed else None


def coverage(
    policy: SealPolicy | None, types: Iterable[str], lines: Iterable[UseLine]
) -> Coverage:
    """Return the coverage of the scenarios by some lines of the log.

    Args:
        policy: it names what owes a seal; where it names nothing, or is missing, the
            first issue of every type does.
        types: the license types of the catalog.
        lines: of the period that is asked about; refusals do not count.
    """
    named = () if policy is None else policy.owed
    owed = named or tuple((name, Scenario.ISSUE) for name in types)
    found = scenarios_used(tuple(lines))
    return Coverage(owed, tuple(one for one in owed if one in found))
