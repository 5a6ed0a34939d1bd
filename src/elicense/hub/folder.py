"""A hub's folder: its table, its keys, what it remembers, what it publishes.

Wiring only: what is merged is decided in :mod:`elicense.trust.merge`. The embedded
defaults are for trial: software keys, the root beside the others.
"""

import fcntl
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from elicense import files, grants, keyfolder, keyring, trust
from elicense.errors import ConflictError
from elicense.files import FileError
from elicense.hub import authorities, manifests, memory
from elicense.hub.keys import HubError, HubKeys
from elicense.hub.memory import Remembered
from elicense.hub.proof import Proof
from elicense.hub.refusals import (
    BUSY,
    Unmatched,
    not_granted,
    nothing_to_merge,
    too_much,
)
from elicense.model import Text
from elicense.policy import PUBLISHING
from elicense.trust import (
    MAX_BUNDLE_BYTES,
    RootStatement,
    SnapshotSighting,
    Statement,
    TrustState,
)
from elicense.trust.countersigning import RefusedManifest
from elicense.trust.hub_model import (
    DepartmentGrant,
    HubGrants,
    HubMemory,
    Merged,
    SourceReport,
    Withdrawal,
)
from elicense.trust.intake import MAX_SOURCE_BYTES
from elicense.trust.merge import merge
from esign import clock
from esign.algorithms import Suite
from esign.errors import ESignError, MalformedError
from esign.signer import SoftwareSigner

_KEYS, _PUBLIC, _AUTHORITIES = "keys", "public", "authorities"
_MEMORY, _TRUST, _LOCK = "memory.cbor", "trust.elt", "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubPublication:
    """A hub's bundle that was made, with the account of it.

    Attributes:
        number: the bundle's number.
        issued_at: UTC.
        reports: one for each department of the table.
        unmatched: files that were not of any.
        withdrawn_unmatched: withdrawals of the table that named nothing of what was
            read; a slip of the pen, or a department that is not in.
        snapshots: manifests that the bundle names, and when the hub first saw them.
        manifests_refused: those that were given and are not countersigned.
        file: where it is for verifiers to take.
    """

    number: int
    issued_at: datetime
    reports: tuple[SourceReport, ...]
    unmatched: tuple[Unmatched, ...]
    withdrawn_unmatched: tuple[Withdrawal, ...]
    snapshots: tuple[SnapshotSighting, ...]
    manifests_refused: tuple[RefusedManifest, ...]
    file: Path


class Hub:
    """A hub's own place."""

    def __init__(self, folder: Path, passphrase: bytes | None = None) -> None:
        """Open a hub; keys are opened when something is signed.

        Args:
            folder: where ``hub.toml`` is.
            passphrase: opens the keys; None reads ``keys/passphrase``.

        Raises:
            HubError: not a hub's folder.
            GrantsError: its table is wrong.
            FileError: a file cannot be read.
        """
        self.folder = folder
        self._keys = HubKeys(folder / _KEYS, passphrase)
        if not files.is_file(folder / grants.FILE_NAME):
            raise HubError(
                Text(
                    f"{folder} 不是汇聚节点（没有 {grants.FILE_NAME}），"
                    "可用 elicense trust hub 建立",
                    f"{folder} is not a hub (no {grants.FILE_NAME});"
                    " make one with: elicense trust hub",
                )
            )
        self.table = grants.read(self._table_bytes())

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        name: str,
        passphrase: bytes | None = None,
        organization: str | None = None,
        suite: Suite = Suite.ES256,
        at: datetime | None = None,
    ) -> Self:
        """Make a hub with new keys and a table that grants nothing yet.

        The folder appears whole or not at all.

        Args:
            folder: must not exist, or be empty.
            name: the hub's name, for people; 1 to 100 characters.
            passphrase: encrypts the keys; None makes a random one and keeps it in
                ``keys/passphrase`` (0600).
            organization: USCC of who runs it, so that it can countersign snapshots.
            suite: of root and bundle keys, and of those that follow them.
            at: date of the root statement; now where None.

        Raises:
            HubError: the folder is not empty.
            GrantsError: the name cannot be one, or the code is no USCC.
            FileError: the folder cannot be written.
            UnavailableError: SM2, and the extra ``gm`` is not installed.
        """
        if not files.is_free(folder):
            raise HubError(
                Text(f"{folder} 已存在且不为空", f"{folder} exists and is not empty")
            )
        root, bundle = (SoftwareSigner.generate(suite) for _ in range(2))
        table = grants.new(name, root.public_key.fingerprint, organization)
        statement = RootStatement(
            number=1,
            issued_at=at or clock.now(),
            speaks_for=None,
            bundle_keys=(bundle.public_key,),
        )
        folder = folder.absolute()
        draft = files.make_sibling(folder)
        try:
            for part in (_KEYS, _PUBLIC, _AUTHORITIES):
                files.make_folder(draft / part, 0o700 if part == _KEYS else 0o755)
            keys = draft / _KEYS
            secret = passphrase or keyfolder.keep_random_passphrase(keys)
            keyring.save_keys(keys, (("root", root), ("bundle", bundle)), secret)
            signed = trust.sign_root_statement(statement, root)
            keyring.save_statements(keys, [signed])
            files.write(draft / _MEMORY, memory.encode(Remembered()), files.PRIVATE)
            files.write(draft / grants.FILE_NAME, table)
            files.move_folder(draft, folder)
        finally:
            files.remove_folder(draft)
        return cls(folder, passphrase)

    @property
    def trust_file(self) -> Path:
        """Where the publication is for verifiers to take."""
        return self.folder / _PUBLIC / _TRUST

    def trust(self) -> TrustState:
        """Return what a stranger who pinned this hub's root believes now.

        A publication that is missing or damaged gives a state that believes nothing.
        """
        try:
            data = files.read(self.trust_file, MAX_BUNDLE_BYTES)
            return trust.admit(data, self.table.root)
        except (FileError, ESignError) as err:
            return trust.no_trust(f"the publication cannot be used: {err}")

    def grant(self, grant: DepartmentGrant, name: str = "") -> None:
        """Add a department to the table; its root was compared by a person.

        Args:
            grant: what it may say.
            name: its name, which becomes a comment.

        Raises:
            GrantsError: it is in the table already, or what is granted is empty.
            ConflictError: a merge is running.
            FileError: the table cannot be written; the old one stays.
        """
        with self._alone():
            data = grants.with_department(self._table_bytes(), grant, name)
            files.write(self.folder / grants.FILE_NAME, data)
            self.table = grants.read(data)

    def rotate_root(self, at: datetime | None = None) -> str:
        """Let a new root speak for this hub; both roots sign that it does.

        Who pinned the old one follows; the next merge publishes it.

        Args:
            at: date of the statements; now where None.

        Returns:
            The new root's fingerprint, which stands in the table now.

        Raises:
            HubError: the old root's private key is not here, or a file is damaged.
            WorkspaceError: the keys do not open.
            ConflictError: a merge is running.
            FileError: a file cannot be written; run it again.
        """
        with self._alone():
            root = self._keys.rotate_root(at or clock.now())
            self._settle()
        return root

    def renew_bundle_key(self, at: datetime | None = None) -> str:
        """Let a new key sign this hub's bundles, as after a theft of the old one.

        Args and errors are those of :meth:`rotate_root`.

        Returns:
            The new key's kid.
        """
        with self._alone():
            return self._keys.renew_bundle_key(at or clock.now()).kid.hex()

    def _settle(self) -> None:
        """Bring the table to the root that speaks, and wipe keys that sign no more.

        Also after a run that was cut off between the two.
        """
        speaker = self._keys.statements()[1].last.root.fingerprint
        if self.table.root != speaker:
            data = self._table_bytes()
            changed = data.replace(self.table.root.encode(), speaker.encode())
            files.write(self.folder / grants.FILE_NAME, changed)
            self.table = grants.read(changed)
        self._keys.tidy()

    def merge(
        self,
        given: Iterable[Path],
        at: datetime | None = None,
        progress: Callable[[int], None] = lambda _: None,
        snapshots: Iterable[Path] = (),
    ) -> HubPublication:
        """Merge departments' bundles, sign the result and put it under ``public/``.

        A file that is refused stops no other one: its department's last good bundle
        stays in. The result is admitted as a stranger would before it is put out; a
        source with which it would be refused is left out. What is remembered is written
        before what is published, so that a run that is cut off leaves the old
        publication or the new one, and no number is used twice.

        Args:
            given: bundle files of departments; those not given keep their last one.
            at: the run's instant; now where None.
            progress: is told after each file how many were read.
            snapshots: manifests of departments' snapshots, or folders with such; the
                hub countersigns that it has seen them.

        Raises:
            ConflictError: another merge is running.
            GrantsError: the table, or a file that it names, is wrong.
            HubError: no department can be taken, the memory is missing, damaged or
                older than the publication, or would be too large.
            WorkspaceError: the keys do not open.
            FileError: something cannot be written; the old publication stays.
        """
        at = at or clock.now()
        with self._alone():
            self.table = grants.read(self._table_bytes())
            remembered = self._remembered()
            unmatched: list[Unmatched] = []
            decided = self._grants()
            sources = self._sources(given, unmatched, progress)
            proof = self._proof(remembered)
            offered = manifests.read(snapshots, unmatched)
            merged = merge(
                sources, decided, remembered.memory, at, proof.why_not, offered
            )
            if not merged.draft.organizations:
                raise nothing_to_merge(merged, unmatched)
            self._put_out(proof, merged)
        return HubPublication(
            number=proof.number,
            issued_at=at,
            reports=merged.reports,
            unmatched=tuple(unmatched),
            withdrawn_unmatched=merged.withdrawn_unmatched,
            snapshots=merged.draft.snapshots,
            manifests_refused=merged.manifests_refused,
            file=self.trust_file,
        )

    def _proof(self, remembered: Remembered) -> Proof:
        """Return what signs and admits the next bundle."""
        signed, chain = self._keys.statements()
        return Proof(
            signer=self._keys.signer(),
            statements=signed,
            statement=chain.last.number,
            number=remembered.number + 1,
            max_age=PUBLISHING.bundle_age,
            root=self.table.root,
            seen=remembered.memory.own,
        )

    def _put_out(self, proof: Proof, merged: Merged) -> None:
        """Remember, and publish; in this order."""
        made = proof.prove(merged.draft)
        after = Remembered(
            number=proof.number,
            published=hashlib.sha256(made.data).digest(),
            memory=HubMemory(
                own=made.state.seen,
                departments=merged.departments,
                sources=merged.sources,
                floors=merged.floors,
                snapshots=merged.snapshots,
            ),
        )
        data = memory.encode(after)
        if len(data) > memory.MAX_BYTES:
            raise too_much(len(data))
        files.write(self.folder / _MEMORY, data, files.PRIVATE)
        files.write(self.trust_file, made.data)

    def _sources(
        self,
        given: Iterable[Path],
        unmatched: list[Unmatched],
        progress: Callable[[int], None],
    ) -> Iterator[tuple[DepartmentGrant, bytes]]:
        """Read files one by one and find the department of each by its root."""
        by_root = {grant.root: grant for grant in self.table.departments}
        for count, path in enumerate(given, 1):
            try:
                data = files.read(path, MAX_SOURCE_BYTES)
                roots = trust.fingerprints_in(data)
            except FileError as err:
                unmatched.append(Unmatched(str(path), err.message))
            except MalformedError as err:
                reason = Text(f"不是信任包：{err}", f"not a trust bundle: {err}")
                unmatched.append(Unmatched(str(path), reason))
            else:
                known = [by_root[root] for root in reversed(roots) if root in by_root]
                if known:
                    yield known[0], data
                else:
                    unmatched.append(Unmatched(str(path), not_granted(roots[-1])))
            progress(count)

    def _grants(self) -> HubGrants:
        """Return the table with the certificates that it names.

        Raises:
            HubError: it lets nobody speak.
        """
        if all(grant.suspended for grant in self.table.departments):
            raise HubError(
                Text(
                    f"{grants.FILE_NAME} 没有准予任何机构，不发布空的信任包",
                    f"{grants.FILE_NAME} lets no department speak; an empty bundle is"
                    " not published",
                )
            )
        chain = self._keys.statements()[1]
        if self.table.root not in chain.scopes:
            raise HubError(
                Text(
                    f"{grants.FILE_NAME} 中的信任根不是本汇聚节点的",
                    f"the root in {grants.FILE_NAME} is not this hub's",
                )
            )
        own = {item.root for item in chain.statements}
        own.update(key for item in chain.statements for key in item.bundle_keys)
        return HubGrants(
            departments=self.table.departments,
            authorities=authorities.read(self.folder / _AUTHORITIES, self.table),
            withdrawn=self.table.withdrawn,
            keys=tuple(own),
            countersigner=self._countersigner(chain.last),
        )

    def _countersigner(self, last: Statement) -> str | None:
        """Return whose word a sighting is; None while a key that speaks is withdrawn.

        Args:
            last: the hub's last root statement.
        """
        speaking = {last.root.kid, *(key.kid for key in last.bundle_keys)}
        if any(item.name in speaking for item in self.table.withdrawn):
            return None
        return self.table.organization

    def _remembered(self) -> Remembered:
        """Return what was remembered; it is not older than what was published."""
        try:
            data = files.read_whole(self.folder / _MEMORY, memory.MAX_BYTES)
            remembered = memory.decode(data)
        except (FileError, MalformedError) as err:
            raise HubError(
                Text(
                    f"{_MEMORY} 缺失或已损坏，请从备份恢复整个汇聚节点：{err}",
                    f"{_MEMORY} is missing or damaged; restore the whole hub from a"
                    f" backup: {err}",
                )
            ) from err
        if files.is_file(self.trust_file):
            published = files.read(self.trust_file, MAX_BUNDLE_BYTES)
            if hashlib.sha256(published).digest() != remembered.published:
                self._refuse_old_memory(remembered)
        return remembered

    def _refuse_old_memory(self, remembered: Remembered) -> None:
        bundle = self.trust().bundle
        if bundle is not None and bundle.number > remembered.number:
            raise HubError(
                Text(
                    f"{_MEMORY} 比已发布的第 {bundle.number} 期旧（只到第"
                    f" {remembered.number} 期），请恢复最新的备份",
                    f"{_MEMORY} knows number {remembered.number} and {bundle.number} is"
                    " published: it is an old copy; restore the newest one",
                )
            )

    def _table_bytes(self) -> bytes:
        return files.read_whole(self.folder / grants.FILE_NAME, grants.MAX_BYTES)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the hub for the block; a second run at the same time is told.

        The lock ends with the process, however that ends.
        """
        path = self.folder / _LOCK
        try:
            handle = path.open("ab")
        except OSError as err:
            reason = err.strerror or type(err).__name__
            raise FileError(
                Text(f"无法打开 {path}：{reason}", f"cannot open {path}: {reason}")
            ) from err
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as err:
                raise ConflictError(BUSY) from err
            yield
