"""All keys of a workspace: which one signs, and which ones did.

Values alone. Of each purpose the newest key signs. The earlier ones stay listed for
ever, because what they signed in their time stays good.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from elicense.errors import WorkspaceError
from elicense.keychain.records import (
    ORDER,
    PURPOSES,
    SEALS,
    VIEWER_SEAL,
    Authority,
    ElectronicSeal,
    KeyRecord,
    Purpose,
    in_order,
)
from elicense.model import Text
from elicense.trust import KeyGrant, SealEntry
from esign.pades import SubFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class Keychain:
    """All keys of a workspace that ever signed licenses, lists or PDFs.

    Attributes:
        organization: USCC of the workspace's organ.
        authorities: the CAs of its seals, oldest first; the last one issues.
        records: the keys, oldest first.
        roots: certificates of the CA roots of predecessors' seals, and of the makers of
            imported ones, DER.
    """

    organization: str
    authorities: tuple[Authority, ...]
    records: tuple[KeyRecord, ...]
    roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError unless exactly one key of each purpose signs."""
        for purpose in PURPOSES:
            if len([item for item in self.own(purpose) if item.signs]) != 1:
                raise ValueError(f"exactly one {purpose} key signs")
        if len([item for item in self.own(VIEWER_SEAL) if item.signs]) > 1:
            raise ValueError("at most one seal for ordinary viewers signs")
        kids = [item.key.kid for item in self.records]
        if len(set(kids)) != len(kids):
            raise ValueError("a key occurs twice")
        if any(item.signs for item in self.records if not self._is_own(item)):
            raise ValueError("a predecessor's key signs no more")
        if not self.authorities:
            raise ValueError("a seal needs a CA")

    def _is_own(self, item: KeyRecord) -> bool:
        return item.organization == self.organization

    def own(self, purpose: Purpose) -> tuple[KeyRecord, ...]:
        """Return the organ's own keys of a purpose, oldest first."""
        return tuple(
            item
            for item in self.records
            if item.purpose == purpose and self._is_own(item)
        )

    def current(self, purpose: Purpose) -> KeyRecord:
        """Return the key that signs now."""
        return next(item for item in self.own(purpose) if item.signs)

    @property
    def viewer_seal(self) -> KeyRecord | None:
        """The seal for ordinary viewers that signs now; None where there is none."""
        return next((item for item in self.own(VIEWER_SEAL) if item.signs), None)

    def find(self, name: str) -> KeyRecord | None:
        """Return the key of a name, as :attr:`KeyRecord.name` has it; None for none."""
        return next((item for item in self.records if item.name == name), None)

    def meant(self, name: str, since: datetime) -> KeyRecord:
        """Return the key that somebody names who says from when it is compromised.

        A purpose stands for the key that signs now; where a command that marked the one
        before it is given again, for that one.

        Args:
            name: a kid in hexadecimal, or a purpose.
            since: from when it may have been in other hands.

        Raises:
            WorkspaceError: no such key, or the one that signs now began later.
        """
        if name not in ORDER or (name == VIEWER_SEAL and self.viewer_seal is None):
            return self.named(name)
        now = self.current(name)
        if since > now.period.signs_from:
            return now
        for item in self.own(name):
            if not item.signs and item.compromised_from == since:
                return item
        if since == now.period.signs_from:
            return now
        raise WorkspaceError(
            Text(
                f"现用密钥 {now.name} 在此之后才启用；如指更早的密钥，请写明其编号"
                "（elicense keys list）",
                f"the key {now.name} signs only from a later time; if an earlier key is"
                " meant, give its name (elicense keys list)",
            )
        )

    def named(self, name: str) -> KeyRecord:
        """Return the key of a name.

        Raises:
            WorkspaceError: there is none.
        """
        found = self.find(name)
        if found is None:
            raise WorkspaceError(
                Text(
                    f"没有密钥 {name}（elicense keys list）",
                    f"there is no key {name} (elicense keys list)",
                )
            )
        return found

    def renewed(
        self, record: KeyRecord, at: datetime, types: tuple[str, ...]
    ) -> "Keychain":
        """Return the chain in which a new key signs and the one before it does not.

        Args:
            record: the new key.
            at: from when; whole seconds UTC.
            types: what the catalog holds now, which the old key was granted.

        Raises:
            ValueError: the old key did not sign before ``at``.
        """
        old = self.current(record.purpose)
        if at <= old.period.signs_from:
            raise ValueError("a key signs for a second at least")
        retired = replace(old.retired(at), types=old.granted(types))
        records = (*self._without(old), retired, record)
        return replace(self, records=in_order(records))

    def changed(self, record: KeyRecord) -> "Keychain":
        """Return the chain with another record of the same key, or with a new one."""
        records = (*self._without(record), record)
        return replace(self, records=in_order(records))

    def adopting(
        self, records: Iterable[KeyRecord], roots: Iterable[bytes] = ()
    ) -> "Keychain":
        """Return the chain with keys of a predecessor; those known stay as they are.

        Args:
            records: the keys, all of them retired.
            roots: of the CAs of its seals, DER.
        """
        known = {item.key.kid for item in self.records}
        new = [item for item in records if item.key.kid not in known]
        more = [item for item in roots if item not in self.roots]
        return replace(
            self,
            records=in_order((*self.records, *new)),
            roots=(*self.roots, *dict.fromkeys(more)),
        )

    def sealing_with(
        self, seal: ElectronicSeal, root: bytes, at: datetime
    ) -> "Keychain":
        """Return the chain in which the seal's key seals with another electronic seal.

        Args:
            seal: the new one.
            root: of the CA above its maker, DER.
            at: as for :meth:`KeyRecord.sealing_with`.

        Raises:
            ValueError: as there.
        """
        record = self.current("seal").sealing_with(seal, at)
        more = () if root in self.all_roots else (root,)
        return replace(self.changed(record), roots=(*self.roots, *more))

    @property
    def all_roots(self) -> tuple[bytes, ...]:
        """The CA roots of all seals, DER: the organ's own, makers', predecessors'."""
        return (*(item.root for item in self.authorities), *self.roots)

    def _without(self, record: KeyRecord) -> Iterator[KeyRecord]:
        return (item for item in self.records if item.key.kid != record.key.kid)

    def grants(self, types: tuple[str, ...]) -> tuple[KeyGrant, ...]:
        """Return the token and status keys as a bundle lists them.

        Args:
            types: those of the catalog now.
        """
        return tuple(
            KeyGrant(
                key=item.key,
                purpose=item.purpose,
                organization=item.organization,
                types=item.granted(types),
                period=item.period,
                backfill=item.backfill,
                destroyed=item.destroyed,
                compromised_from=item.compromised_from,
                closing=item.closing,
            )
            for item in self.records
            if item.purpose in ("token", "status")
        )

    def seals(self, types: tuple[str, ...]) -> tuple[SealEntry, ...]:
        """Return the seals as a bundle lists them.

        Args:
            types: those of the catalog now.
        """
        return tuple(
            SealEntry(
                organization=item.organization,
                certificates=item.certificates,
                types=item.granted(types),
                period=item.period,
                destroyed=item.destroyed,
                compromised_from=item.compromised_from,
                subfilter=SubFilter.GM_SEAL if item.seal else SubFilter.PADES,
                seals=tuple(one.entry for one in item.seals),
            )
            for item in self.records
            if item.purpose in SEALS
        )
