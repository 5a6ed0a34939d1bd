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
from elicense.model import Text
from elicense.publishing import Listing
from elicense.register import Publication, Register
from elicense.trust import (
    Bundle,
    KeyGrant,
    ListEntry,
    OrganizationEntry,
    SealEntry,
    TrustState,
)
from esign.errors import ESignError, VerificationError
from esign.pades import SealObject
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
                latest = self._register.latest_publication()
                if latest is None or data == latest.bundle:
                    return state
                number = _number(state)
                if number > latest.number and self._is_newer(state, latest, pinned):
                    return state
            except (files.FileError, ESignError) as err:
                return trust.no_trust(f"the publication cannot be used: {err}")
            behind = number, latest.number
        return trust.no_trust(
            f"the publication cannot be used: the file has number {behind[0]} and is"
            f" not the publication {behind[1]} of the register; run: elicense publish"
        )

    @staticmethod
    def _is_newer(state: TrustState, latest: Publication, pins: Iterable[str]) -> bool:
        """Tell whether the root has not spoken since a bundle with a higher number."""
        known = trust.admit(latest.bundle, frozenset(pins)).bundle
        found = state.bundle
        return known is None or (
            found is not None and found.statement >= known.statement
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

    def refuse_older(self, pins: Iterable[str], ours: Listing, after: int = 0) -> None:
        """Refuse to go on from a register or keys that are older than what is out.

        A number under an older root statement than ours does not count: whoever held
        an earlier bundle key may have put any number there.

        Args:
            pins: the roots of the workspace.
            ours: what the workspace would publish.
            after: what the caller knows to be out, and goes on after.

        Raises:
            OldRegisterError: the file has a number that the register does not know.
            OldKeysError: it says more of root, keys, seals or organs than the workspace
                does.
            RegisterError: the register cannot be used.
        """
        try:
            data = files.read(self.path, trust.MAX_BUNDLE_BYTES)
            there = self._admit(data, pins).bundle
        except (files.FileError, ESignError):
            return  # whatever stands there is not a publication of this workspace
        if there is None:
            return
        if not _says_all(ours, there):
            raise OldKeysError(
                Text(
                    "keys/ 或 elicense.toml 比已发布的内容旧：请恢复最新的备份",
                    "keys/ is older than what was published, or elicense.toml is:"
                    " restore the newest copy of both",
                )
            )
        latest = self._register.latest_publication()
        known = 0 if latest is None else latest.number
        if there.statement == ours.statement and there.number > max(known, after):
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


def _says_all(ours: Listing, there: Bundle) -> bool:
    """Tell whether a listing keeps everything that was published."""
    keys = {item.key: item for item in ours.keys}
    seals = {item.certificates: item for item in ours.seals}
    organs = {item.code: item for item in ours.organizations}
    return (
        there.statement <= ours.statement
        and all(_keeps_key(keys.get(item.key), item) for item in there.keys)
        and all(_keeps_seal(seals.get(item.certificates), item) for item in there.seals)
        and all(
            _keeps_organ(organs.get(item.code), item) for item in there.organizations
        )
    )


def _keeps_key(ours: KeyGrant | None, theirs: KeyGrant) -> bool:
    if ours is None or not _keeps(ours, theirs) or ours.purpose != theirs.purpose:
        return False
    if theirs.closing not in (None, ours.closing):
        return False
    if theirs.backfill is None or ours.backfill is None:
        return theirs.backfill is None
    (first, last), (start, end) = ours.backfill, theirs.backfill
    return first <= start and end <= last


def _keeps_seal(ours: SealEntry | None, theirs: SealEntry) -> bool:
    """Tell the same of a seal, and of each electronic seal that it names."""
    if ours is None or not _keeps(ours, theirs) or ours.subfilter != theirs.subfilter:
        return False
    made = {item.digest: item for item in ours.seals}
    return all(_keeps_object(made.get(item.digest), item) for item in theirs.seals)


def _keeps_object(ours: SealObject | None, theirs: SealObject) -> bool:
    return ours is not None and all(
        was is None or (now is not None and now <= was)
        for now, was in (
            (ours.withdrawn_at, theirs.withdrawn_at),
            (ours.maker_revoked_at, theirs.maker_revoked_at),
        )
    )


def _keeps(ours: KeyGrant | SealEntry | None, theirs: KeyGrant | SealEntry) -> bool:
    """Tell whether what was published of an end, a wiping and a mark stands."""
    if ours is None or ours.organization != theirs.organization:
        return False
    return (
        ours.destroyed >= theirs.destroyed
        and theirs.period.signs_until in (None, ours.period.signs_until)
        and (
            theirs.compromised_from is None
            or (
                ours.compromised_from is not None
                and ours.compromised_from <= theirs.compromised_from
            )
        )
    )


def _keeps_organ(ours: OrganizationEntry | None, theirs: OrganizationEntry) -> bool:
    if ours is None or len(ours.names) < len(theirs.names):
        return False
    if not {day for day, _ in theirs.names} <= {day for day, _ in ours.names}:
        return False
    return all(
        any(
            mine.code == item.code
            and mine.since <= item.since
            and set(mine.types) >= set(item.types)
            and mine.keeps_lists >= item.keeps_lists
            for mine in ours.successors
        )
        for item in theirs.successors
    )


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
