"""A seal as the register keeps it, and a line of the seal-use log."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from elicense.identifiers import check_uscc
from elicense.sealing.life import (
    SealEvent,
    SealReason,
    SealState,
    revocations,
    state_at,
)
from elicense.sealing.use import Refusal, Scenario, SealUse, check_id


class SealForm(enum.StrEnum):
    """What a seal is made of."""

    SES = "SES"  # an SESeal of GB/T 38540, whoever holds the signer's key
    PADES = "PAdES"  # a key with a certificate, as the workspace's own


@dataclass(frozen=True, slots=True, kw_only=True)
class SealRecord:
    """One seal of the register.

    Attributes:
        id: esID of an SESeal, or the kid of a PAdES seal's key.
        owner: USCC of the organ.
        name: the seal's name.
        form: what it is made of.
        valid_from: first instant of its period, aware, whole seconds.
        valid_until: last instant of it; None where it has no end of its own.
        content: the SESeal, DER; empty for a PAdES seal.
        signers: SHA-256 of the certificates that sign with it.
        is_test: whether it was made here for trial.
        history: its events, in the order in which they were recorded.

    Raises:
        SealIdError, MalformedCodeError, ValueError: a part is not in its form.
    """

    id: str
    owner: str
    name: str
    form: SealForm
    valid_from: datetime
    valid_until: datetime | None
    content: bytes = field(default=b"", repr=False)
    signers: tuple[bytes, ...] = ()
    is_test: bool = False
    history: tuple[SealEvent, ...] = ()

    def __post_init__(self) -> None:
        """Check the parts."""
        check_id("id", self.id)
        check_uscc(self.owner)
        if not self.id or not self.name:
            raise ValueError("a seal has an id and a name")

    def state_at(self, at: datetime) -> SealState | None:
        """Return what the seal is at an instant; None before its first event.

        A revoked seal stays revoked after its period; any other has then expired.

        Args:
            at: an aware instant.
        """
        state = state_at(self.history, at)
        over = self.valid_until is not None and at > self.valid_until
        if state is None or state is SealState.REVOKED or not over:
            return state
        return SealState.EXPIRED

    @property
    def withdrawn(self) -> "Withdrawn | None":
        """From when the seal counts no more, None if it was not revoked."""
        found = revocations(self.history)
        if not found:
            return None
        compromised = found[-1].reason is SealReason.COMPROMISED
        # Found out later, for whatever time: between both nobody might seal either.
        since = min(one.effective_at for one in found)
        return Withdrawn(since, compromised=compromised)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """When a seal was revoked, and whether somebody else may have used it."""

    at: datetime
    compromised: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UseLine:
    """One line of the seal-use log.

    Attributes:
        number: from 1, without gaps.
        use: what was asked, with the seal named where one is known.
        refusal: why not; None for a use.
        owner: USCC of the seal's owner; empty for an unknown seal.
        rule: the grant that allows it.
        identifier: of the license; empty for a refusal.
    """

    number: int
    use: SealUse
    refusal: Refusal | None = None
    owner: str = ""
    rule: str = ""
    identifier: str = ""


def scenarios_used(lines: Sequence[UseLine]) -> frozenset[tuple[str, Scenario]]:
    """Return the scenarios, type and operation, in which a seal was used."""
    return frozenset(
        (one.use.type_name, one.use.scenario) for one in lines if one.refusal is None
    )
