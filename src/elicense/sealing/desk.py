"""Where a seal is asked for: the policy, the register of seals and the seal-use log."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from elicense.sealing.policy import SealPolicy, decide
from elicense.sealing.store import SealStore
from elicense.sealing.use import (
    NOBODY,
    Actors,
    Allowed,
    Refused,
    SealRefusedError,
    SealUse,
)


@dataclass(frozen=True, slots=True)
class SealDesk:
    """What answers whether a seal may be used, and keeps that it was.

    Attributes:
        store: the register of seals, with the log.
        policy: who may use what; None where there is no policy.
        own: id of the own seal that signs now, which an unnamed one stands for.
        actors: who operates and approves in this run.
    """

    store: SealStore
    policy: SealPolicy | None
    own: str
    actors: Actors = NOBODY

    def authorize(self, use: SealUse) -> Allowed | Refused:
        """Answer whether a seal may be used as asked; a refusal is logged.

        Ask before anything is reserved, sent or sealed. An allowed use is logged by
        :meth:`log_uses`, right before the seal is made.

        Args:
            use: what is asked; an empty seal stands for the own one.

        Raises:
            RegisterError: the register of seals cannot be used.
        """
        asked = use if use.seal else replace(use, seal=self.own)
        seal = self.store.find(asked.seal)
        answer = decide(self.policy, seal, self.own, asked)
        if isinstance(answer, Refused):
            self.store.log_refusal(answer, "" if seal is None else seal.owner)
        return answer

    def require(self, use: SealUse) -> Allowed:
        """Return what allows a use; operator and approver are those of the run.

        Args:
            use: what is asked; its own operator and approver count where it has any.

        Raises:
            SealRefusedError: it is refused, and the log says so.
            RegisterError: the register of seals cannot be used.
        """
        if not (use.operator or use.approver):
            operator, approver = self.actors.operator, self.actors.approver
            use = replace(use, operator=operator, approver=approver)
        answer = self.authorize(use)
        if isinstance(answer, Refused):
            raise SealRefusedError(answer)
        return answer

    def actors_of(self, identifier: str) -> Actors:
        """Return who put a seal on a license, by the last line that says so.

        Args:
            identifier: of the license; NOBODY where no use of it is kept.

        Raises:
            RegisterError: the register of seals cannot be used.
        """
        use = self.store.use_of(identifier)
        return NOBODY if use is None else Actors(use.operator, use.approver)

    def log_uses(self, uses: Iterable[tuple[Allowed, str]]) -> None:
        """Keep uses, in the order of the seals that are about to be made.

        Durable when it returns. One that is kept already, by the same people with the
        same seal, is not kept twice, but for a reprint, which is a use of its own.

        Args:
            uses: what is allowed, and the identifier of the license.

        Raises:
            RegisterError: the register of seals cannot be used; make no seal then.
        """
        self.store.log_uses(
            (allowed, allowed.use.organization, identifier)
            for allowed, identifier in uses
        )

    def let_go(self) -> None:
        """Close this process's connections before a fork; the next call opens one."""
        self.store.let_go()
