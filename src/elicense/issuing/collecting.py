"""The daily reconciliation: what awaits its seal, and both sides' books."""

from dataclasses import dataclass
from datetime import datetime

from elicense.errors import ConflictError
from elicense.issuing.awaiting import AwaitingSealError, settle
from elicense.issuing.desk import IssuingDesk
from elicense.model import Text
from elicense.sealing.reconciling import Differences, differences
from elicense.sealing.sealers import OutcomeUnknownError, SealingRefusedError


@dataclass(frozen=True, slots=True)
class Waiting:
    """A license that still awaits its seal.

    Attributes:
        identifier: of the license.
        why: what stands in the way.
    """

    identifier: str
    why: Text


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of a reconciliation.

    Attributes:
        issued: identifiers of what was issued now.
        waiting: what still awaits its seal.
        differences: what only one side knows; None where the other did not say.
        why_unknown: why it did not.
    """

    issued: tuple[str, ...]
    waiting: tuple[Waiting, ...]
    differences: Differences | None
    why_unknown: Text | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to look after."""
        found = self.differences
        return (
            found is not None
            and not self.waiting
            and not found.unknown_there
            and not found.unknown_here
        )


def reconcile(desk: IssuingDesk, at: datetime) -> Reconciled:
    """Query every license that awaits its seal, finish what can be, and compare.

    One that cannot be finished stops no other.

    Args:
        desk: with the sealer that is asked.
        at: the run's instant, whole seconds UTC.

    Raises:
        RegisterError: the register cannot be used.
    """
    issued: list[str] = []
    waiting: list[Waiting] = []
    for identifier in desk.register.awaiting_seal():
        try:
            settle(desk, desk.register.get(identifier), at)
        except AwaitingSealError as err:
            waiting.append(Waiting(identifier, err.why))
        except ConflictError as err:
            waiting.append(Waiting(identifier, err.message))
        else:
            issued.append(identifier)
    found, why = _compared(desk)
    return Reconciled(tuple(issued), tuple(waiting), found, why)


def _compared(desk: IssuingDesk) -> tuple[Differences | None, Text | None]:
    if desk.sealer is None:
        return None, Text("未配置签章平台", "no seal platform is configured")
    try:
        theirs = desk.sealer.requests()
    except (OutcomeUnknownError, SealingRefusedError) as err:
        return None, err.message
    register = desk.register
    return differences(register.ordered_seals(), register.awaiting_seal(), theirs), None
