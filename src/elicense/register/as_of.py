"""The register as of an instant: what was valid then, and what was known then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from elicense import record
from elicense.events import Event
from elicense.standing import Standing, standing

if TYPE_CHECKING:
    from elicense.register import Register


@dataclass(frozen=True, slots=True)
class AsOf:
    """What a register says of any license at one instant.

    Attributes:
        register: which register.
        at: an aware instant of the years 1 to 9999.
    """

    register: "Register"
    at: datetime

    def __post_init__(self) -> None:
        """Raise ValueError for a naive instant."""
        if self.at.tzinfo is None:
            raise ValueError("an instant needs a time zone")

    def valid(self, identifier: str) -> Standing:
        """Return where a license stood by effect, from all that is recorded today.

        A decision that reaches back counts from its effect, whenever it was recorded.

        Args:
            identifier: which license.

        Raises:
            NotFoundError: no such license.
            RegisterError: the register cannot be used.
        """
        return self._judged(identifier, self.register.history(identifier))

    def known(self, identifier: str) -> Standing:
        """Return where a license stood from what was recorded by then, and only that.

        Args:
            identifier: which license.

        Raises:
            NotFoundError: no such license.
            RegisterError: the register cannot be used.
        """
        history = self.register.history(identifier)
        known = [event for event in history if event.recorded_at <= self.at]
        return self._judged(identifier, known)

    def _judged(self, identifier: str, events: Sequence[Event]) -> Standing:
        draft = record.decode(self.register.get(identifier).record)[0].draft
        return standing(draft.validity, draft.checkpoints, events, self.at)
