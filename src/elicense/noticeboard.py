"""Where a workspace's publication is put for strangers to take, and what it says.

The file ``public/trust.elt`` is compared with the register each time: a file that is
older than the last publication was rolled back, a register that is older than the file
is an old copy. Neither is used in silence.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from elicense import files, trust
from elicense.errors import WorkspaceError
from elicense.keyring import PublicParts
from elicense.model import Text
from elicense.register import Publication, Register
from elicense.trust import ListEntry, TrustState
from esign.errors import ESignError, VerificationError
from esign.statuslist import StatusList


class OldRegisterError(WorkspaceError):
    """The register is older than what was published from it: a restored copy.

    Attributes:
        published: number of the publication that strangers have.
        known: number of the last one that the register knows.
    """

    def __init__(self, published: int, known: int) -> None:
        """Keep both numbers and say what to do."""
        super().__init__(
            Text(
                f"登记库比已发布的内容旧（已发布第 {published} 期，"
                f"登记库只到第 {known} 期）：请恢复最新的登记库备份；"
                "确实没有更新的备份时，清点之后签发和变更的证照，再用"
                f" elicense publish --after {published} 继续",
                "the register is older than what was published (number"
                f" {published} is out, the register knows {known}): restore the newest"
                " copy of the register; only if there is none, take stock of what was"
                " issued and changed since, and go on with:"
                f" elicense publish --after {published}",
            )
        )
        self.published, self.known = published, known


class OldKeysError(WorkspaceError):
    """The keys are older than those that were published: a restored copy."""


_LOOKS = 100  # at a file that is behind; a run that puts it out needs milliseconds


class Noticeboard:
    """The one public file of a workspace."""

    def __init__(self, path: Path, register: Register) -> None:
        """Name the file and the register that it is made from."""
        self.path = path
        self._register = register
        self._admitted: tuple[bytes, frozenset[str], TrustState] | None = None

    def _admit(self, data: bytes, pins: Iterable[str]) -> TrustState:
        """Return what a bundle makes believed; the last one is kept."""
        pinned = frozenset(pins)
        if self._admitted is None or self._admitted[:2] != (data, pinned):
            self._admitted = data, pinned, trust.admit(data, pinned)
        return self._admitted[2]

    def trust(self, pins: Iterable[str]) -> TrustState:
        """Return what a stranger believes now who pinned one of these roots.

        A publication that is missing, damaged or older than the register's last one
        gives a state that believes nothing and says why. Another run that publishes
        stores first and puts out then, so that an older file is looked at again.

        Raises:
            RegisterError: the register cannot be used.
        """
        pinned, behind = tuple(pins), (0, 0)
        for _ in range(_LOOKS):
            try:
                data = files.read(self.path, trust.MAX_BUNDLE_BYTES)
                state = self._admit(data, pinned)
            except (files.FileError, ESignError) as err:
                return trust.no_trust(f"the publication cannot be used: {err}")
            latest = self._register.latest_publication()
            number = _number(state)
            if latest is None or number > latest.number or data == latest.bundle:
                return state
            behind = number, latest.number
        return trust.no_trust(
            f"the publication cannot be used: the file has number {behind[0]} and is"
            f" not the publication {behind[1]} of the register; run: elicense publish"
        )

    def newest(self, pins: Iterable[str]) -> TrustState:
        """Return what the register's last publication makes believed.

        For the organ's own issuing: the file may be a moment behind.

        Raises:
            RegisterError: the register cannot be used.
        """
        latest = self._register.latest_publication()
        if latest is None:
            return trust.no_trust("nothing was published yet")
        try:
            return self._admit(latest.bundle, pins)
        except ESignError as err:
            return trust.no_trust(f"the last publication cannot be used: {err}")

    def as_of(self, state: TrustState, pins: Iterable[str], at: datetime) -> TrustState:
        """Return the newest trust with the status lists that were in force at a time.

        Keys, seals and grants are those of today, because a key that is known to be
        compromised was so then. Lists of that day whose signature does not hold under
        them are left out.

        Args:
            state: from :meth:`trust`.
            pins: all roots that ever spoke here.
            at: an aware instant.

        Raises:
            RegisterError: the register cannot be used.
        """
        pinned = frozenset(pins)
        then = self._register.publication_at(at)
        if state.bundle is None or then is None or then.number >= _number(state):
            return state
        try:
            bundle = trust.admit(then.bundle, pinned).bundle
        except ESignError as err:
            return trust.no_trust(
                f"the publication {then.number} of that day cannot be used: {err}"
            )
        entries = () if bundle is None else bundle.status_lists
        return state.with_lists(_still_good(entries, state))

    def refuse_older(
        self, pins: Iterable[str], parts: PublicParts, after: int = 0
    ) -> None:
        """Refuse to go on from a register or keys that are older than what is out.

        Args:
            pins: the roots of the workspace.
            parts: what is public of its keys.
            after: what the caller knows to be out, and goes on after.

        Raises:
            OldRegisterError: the file has a number that the register does not know.
            OldKeysError: it has a root statement or a key that the workspace does not
                have.
            RegisterError: the register cannot be used.
        """
        try:
            data = files.read(self.path, trust.MAX_BUNDLE_BYTES)
            there = self._admit(data, pins).bundle
        except (files.FileError, ESignError):
            return  # whatever stands there is not a publication of this workspace
        if there is None:
            return
        known_keys = {item.key for item in parts.keychain.records}
        if there.statement > parts.roots.last.number or not known_keys.issuperset(
            grant.key for grant in there.keys
        ):
            raise OldKeysError(
                Text(
                    "keys/ 比已发布的内容旧：请恢复最新的 keys/ 备份",
                    "keys/ is older than what was published: restore the newest copy"
                    " of keys/",
                )
            )
        latest = self._register.latest_publication()
        known = 0 if latest is None else latest.number
        if there.number > max(known, after):
            raise OldRegisterError(there.number, known)

    def put_out(self) -> None:
        """Put the latest publication in place, even if another run wrote meanwhile.

        Raises:
            FileError: the file cannot be written; the old one stays.
            RegisterError: the register cannot be used.
        """
        while (last := self._register.latest_publication()) and not self.is_out(last):
            files.write(self.path, last.bundle)

    def is_out(self, publication: Publication) -> bool:
        """Tell whether strangers find this publication, and not one before it.

        Raises:
            FileError: the file cannot be read.
        """
        if not files.is_file(self.path):
            return False
        return files.read(self.path, trust.MAX_BUNDLE_BYTES) == publication.bundle


def _number(state: TrustState) -> int:
    return 0 if state.bundle is None else state.bundle.number


def _still_good(
    entries: Iterable[ListEntry], state: TrustState
) -> Iterator[StatusList]:
    """Give the lists whose signature holds under the keys of a newer bundle."""
    if state.bundle is None:
        return
    for entry in entries:
        try:
            found = tuple(trust.admit_lists((entry,), state.bundle))
        except VerificationError:
            continue  # signed by a key that is known today not to have been its own
        yield from found
