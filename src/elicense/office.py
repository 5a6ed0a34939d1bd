"""The back office of an issuing organ: settings, keys, register, publication.

What every use of a workspace rests on. Wiring only: every rule lives in the modules
that are called.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from elicense import dates, device, files, platforms, publishing, settings
from elicense.closing import Closing
from elicense.custody import Custody, Owner
from elicense.device import DeviceKeys
from elicense.errors import ConflictError, ElicenseError, WorkspaceError
from elicense.folder import (
    KEYS_FOLDER,
    REGISTER_FILE,
    SEALS_FILE,
    SETTINGS_FILE,
    SNAPSHOT_FOLDER,
    load_catalog,
    load_faces,
    load_settings,
    published_file,
)
from elicense.fonts import FontSet
from elicense.keychain import KeyRecord, Purpose
from elicense.keyring import Keyring
from elicense.model import Organization, Text
from elicense.noticeboard import Noticeboard
from elicense.pending import Pending, pending
from elicense.policy import PUBLISHING
from elicense.publishing import Listing, Publisher
from elicense.register import Publication
from elicense.register.sqlite import SqliteRegister
from elicense.sealing import SealStore
from elicense.sealing.withdrawn import marked
from elicense.trust import OrganizationEntry, SealEntry, TrustState
from esign import clock
from esign.errors import MalformedError, UnavailableError, VerificationError
from esign.hsm import PinCallback

if TYPE_CHECKING:
    from elicense.catalog import Catalog
    from elicense.settings import Settings


@dataclass(frozen=True, slots=True)
class KeysChanged:
    """What became of a change of the keys.

    Attributes:
        record: the key it was about, as it is now; None for a root or a bundle key.
        publication: the publication that says so; None where it could not be made.
        why_unpublished: what stood in its way; strangers do not know of the change.
    """

    record: KeyRecord | None
    publication: Publication | None
    why_unpublished: Text | None = None

    @property
    def published(self) -> bool:
        """Whether strangers can know it."""
        return self.publication is not None


class Office(Closing):
    """What a workspace is beneath the licenses: open it, use it, close it."""

    def __init__(
        self,
        folder: Path,
        passphrase: bytes | None = None,
        pin: PinCallback = device.nobody,
    ) -> None:
        """Open a workspace; keys are opened when something is signed.

        Args:
            folder: where ``elicense.toml`` is.
            passphrase: opens the key files; None reads ``keys/passphrase``.
            pin: gives the PIN of the device that ``[device]`` names, at each login; a
                forked worker calls it too.

        Raises:
            WorkspaceError: not a workspace, or its settings or key files are wrong.
            RegisterError: the register cannot be opened.
            CatalogError: a file under ``types/`` is wrong.
        """
        self.folder = folder
        self.settings: Settings = load_settings(folder)
        self.catalog: Catalog = load_catalog(folder)
        found = self.settings.device
        held = None if found is None else DeviceKeys(found, pin)
        self.custody = Custody(folder / KEYS_FOLDER, passphrase, held)
        self.register = SqliteRegister.open(folder / REGISTER_FILE)
        self.board = Noticeboard(published_file(folder), self.register)

    def close(self) -> None:
        """Close the registers; the workspace is not used after it."""
        self.register.close()
        if "seals" in self.__dict__:
            self.seals.close()

    @cached_property
    def seals(self) -> SealStore:
        """The register of seals with the seal-use log; made on first use.

        Raises:
            RegisterError: it cannot be used.
        """
        return SealStore.open(self.folder / SEALS_FILE)

    @property
    def keys(self) -> Keyring:
        """The keys that sign now, opened on first use.

        Raises:
            WorkspaceError: there is no passphrase, or it is wrong.
        """
        return self.custody.keys

    @cached_property
    def faces(self) -> FontSet:
        """The built-in faces and those of ``elicense.toml``, opened on first use.

        Raises:
            FileError, FaceError: a font file is missing, or must not be used.
        """
        return load_faces(self.folder, self.settings)

    @property
    def trust_file(self) -> Path:
        """Where the publication is for strangers to take."""
        return self.board.path

    @property
    def snapshot_folder(self) -> Path:
        """Where the snapshot is for strangers to take."""
        return self.board.path.parent / SNAPSHOT_FOLDER

    @property
    def pins(self) -> tuple[str, ...]:
        """The roots that are believed here: its own, and those that led to it.

        None where the root that ``elicense.toml`` pins never spoke here.
        """
        found = self.custody.pins
        return found if self.settings.root in found else ()

    def trust(self) -> TrustState:
        """Return what a stranger who pinned this root believes now.

        A publication that is missing, damaged, or older than the register's last one
        gives a state that believes nothing and says why: its verdicts are
        UNKNOWN_ISSUER.
        """
        return self.board.trust(self.pins)

    def trust_at(self, at: datetime) -> TrustState:
        """Return the newest trust with the status lists that were in force at a time.

        Args:
            at: an aware instant; for one after the last publication it is
                :meth:`trust`.
        """
        return self.board.as_of(self.trust(), self.pins, at)

    def publish(self, at: datetime | None = None, after: int = 0) -> Publication:
        """Sign status lists and trust bundle and put them under ``public/``.

        A publication that an earlier run stored and did not put there is put there
        first. Two runs at once leave the higher number, whichever comes last.

        Args:
            at: the run's instant; now where None.
            after: go on after this number, which was published and is not known to
                this register.

        Raises:
            WorkspaceError: the keys do not open or belong together, or ``at`` is wrong.
            OldRegisterError, OldKeysError: what was published is newer than this
                workspace.
            RegisterError: the register cannot be used.
            ConflictError: another run published meanwhile; its file is there.
            FileError: the file cannot be written; the old one stays.
        """
        at = at or clock.now()
        self.settle_keys()
        with self.custody.signing():
            publication = self.publish_now(at, after)
            self._publish_snapshot(at)
        return publication

    def _publish_snapshot(self, at: datetime) -> None:
        """Put a snapshot of all that was issued beside the bundle.

        Without the extra ``bulk`` there is none, and one that was published before ends
        at its own time.
        """
        if find_spec("numpy") is None:
            return
        snapshot = import_module("elicense.snapshot.publishing")
        terms = snapshot.Terms(self.settings.code, at)
        snapshot.publish(self.register, self.snapshot_folder, terms, self.keys.token)

    def publish_now(self, at: datetime, after: int = 0) -> Publication:
        """Do as :meth:`publish` for a caller that holds ``custody.signing()``."""
        self.check_open()
        self.custody.reload().check_time(at)
        if not self.pins:
            raise WorkspaceError(
                Text(
                    "elicense.toml 中 [trust] root 不是 keys/ 中的信任根",
                    "elicense.toml: [trust] root is none of the roots of keys/",
                )
            )
        self.refuse_older(after)
        self.board.put_out()
        try:
            publication = publishing.publish(self._publisher(at), at, after)
        except ConflictError:
            self.board.put_out()
            raise
        except (MalformedError, VerificationError) as err:
            raise WorkspaceError(
                Text(
                    f"密钥与证书不匹配，未发布：{err}",
                    "the keys and certificates do not belong together, so nothing"
                    f" was published: {err}",
                )
            ) from err
        self.board.put_out()
        return publication

    def settle_keys(self) -> None:
        """Finish a change of the keys that was cut off, before anything is signed.

        A retired key that is not attested destroyed would put all in doubt that it
        signed; a root that speaks no more would stay pinned in ``elicense.toml``. Not
        for a caller that holds ``custody.signing()``.

        Raises:
            WorkspaceError, FileError: the keys cannot be read or written.
        """
        self.custody.reload()
        speaking = self.custody.parts.roots.last.root.fingerprint
        moved = bool(self.pins) and self.settings.root != speaking
        if moved or self.custody.is_untidy():
            with self.custody.changing():
                speaking = self.custody.reload().roots.last.root.fingerprint
                if moved:
                    self.rewrite(root=speaking)
                self.custody.tidy()

    def pending(self, at: datetime | None = None) -> Pending:
        """Return what the next publication would change; signs and writes nothing.

        Args:
            at: the instant of that publication; now where None.

        Raises:
            WorkspaceError: a public file of the keys is damaged.
            RegisterError: the register cannot be used.
        """
        self.custody.reload()
        latest = self.register.latest_publication()
        is_out = latest is not None and self.board.is_out(latest)
        return pending(self.listing(), self.trust(), at or clock.now(), is_out=is_out)

    def check_open(self) -> None:
        """Refuse changes once the organ was taken over; hold the keys' lock.

        Raises:
            WorkspaceError: it was, as ``elicense.toml`` says now.
        """
        load_settings(self.folder).check_open()

    def refuse_older(self, after: int = 0) -> None:
        """Refuse to work from a register or keys older than what was published.

        Args:
            after: a number that the caller knows to be out.

        Raises:
            OldRegisterError, OldKeysError: they are; says what to do.
        """
        self.board.refuse_older(self.custody.pins, self.listing(), after)

    def is_outdated(self, state: TrustState, at: datetime) -> bool:
        """Tell whether a publication does not carry what is issued at an instant.

        Args:
            state: the publication as it is believed.
            at: the instant of issuing.
        """
        bundle = state.bundle
        if bundle is None or at > bundle.issued_at + PUBLISHING.status_age:
            return True
        listing = self.listing()
        return (
            bundle.statement != listing.statement
            or bundle.organizations != listing.organizations
            or bundle.keys != listing.keys
            or bundle.seals != listing.seals
        )

    def listing(self) -> Listing:
        """Return what this organ publishes, apart from signatures."""
        parts, types = self.custody.parts, self.catalog.names()
        code, chain = self.settings.code, parts.keychain
        first = min(item.period.signs_from for item in chain.own("token"))
        # Keys that were taken over count once their organ is in the settings.
        foreign = platforms.seals(self.folder, code, types)
        codes = {code, *(item.code for item in self.settings.predecessors)}
        founded = (dates.day_of(first), self.settings.name)
        return Listing(
            register=self.register,
            organization=OrganizationEntry(code, (founded, *self.settings.renamed)),
            predecessors=tuple(item.entry(code) for item in self.settings.predecessors),
            keys=tuple(g for g in chain.grants(types) if g.organization in codes),
            seals=self._marked(
                (
                    *(s for s in chain.seals(types) if s.organization in codes),
                    *(seal.entry for seal in foreign),
                )
            ),
            roots=tuple(
                dict.fromkeys((*chain.all_roots, *(seal.root for seal in foreign)))
            ),
            statement=parts.roots.last.number,
        )

    def _marked(self, entries: Iterable[SealEntry]) -> tuple[SealEntry, ...]:
        """Return seals with what the register of seals knows of their ends."""
        if not files.is_file(self.folder / SEALS_FILE):
            return tuple(entries)
        return marked(entries, self.seals.seals())

    def _publisher(self, at: datetime) -> Publisher:
        return Publisher(
            listing=self.listing(),
            crls=self.custody.crls(at),
            status_signer=self.keys.status,
            bundle_signer=self.keys.bundle,
            statements=self.custody.parts.statements,
            pins=self.custody.pins,
        )

    # Keys over time.

    def renew_key(
        self, purpose: Purpose, at: datetime | None = None, *, abandon: bool = False
    ) -> KeysChanged:
        """Let a new key sign from now on, destroy the one before it, and publish.

        A seal gets a new certificate under the organ's name of today.

        Args:
            purpose: which one.
            at: the run's instant; now where None.
            abandon: renew although licenses are reserved and not finished.

        Raises:
            WorkspaceError: licenses are reserved and not finished, which only the old
                key could sign; or the keys do not open.
            FileError: a file cannot be written; the old key signs on.
        """
        at = at or clock.now()

        def change() -> KeyRecord:
            if purpose != "status" and not abandon:
                self._refuse_unfinished()
            return self.custody.renew(purpose, self._owner(at), at)

        return self._change(at, change)

    def add_viewer_seal(self, at: datetime | None = None) -> KeysChanged:
        """Make a second seal, by PAdES, for whoever has an ordinary viewer; publish.

        Args:
            at: from when it seals; now where None.

        Raises:
            WorkspaceError: the workspace has such a seal, or the keys do not open.
            FileError: a file cannot be written; nothing is changed.
        """
        at = at or clock.now()
        return self._change(
            at, lambda: self.custody.add_viewer_seal(self._owner(at), at)
        )

    def _refuse_unfinished(self) -> None:
        """Refuse where a reservation, with its own sealing instant, needs the key."""
        count = self.register.count() - sum(self.register.counts().values())
        if count:
            raise WorkspaceError(
                Text(
                    f"有 {count} 个证照已预留而未签发完，更换密钥后无法完成："
                    "请先用原申请再次签发，或用 --abandon 放弃",
                    f"{count} license(s) are reserved and not issued, and could not be"
                    " finished with another key: issue them again with the same"
                    " application first, or give them up with --abandon",
                )
            )

    def attest_destroyed(self, name: str, at: datetime | None = None) -> KeysChanged:
        """Attest that an earlier key was destroyed elsewhere, and publish.

        Args:
            name: its kid in hexadecimal.
            at: the run's instant; now where None.

        Raises:
            WorkspaceError: no such key, or it signs.
        """
        return self._change(at or clock.now(), lambda: self.custody.attest(name))

    def concerned(self, record: KeyRecord) -> int:
        """Return how many issued licenses were sealed in a key's period.

        Reads the whole register.

        Args:
            record: of a token key or a seal; a status key signs no license.
        """
        if record.purpose == "status":
            return 0
        return sum(
            row.is_issued
            and row.key.issuer == record.organization
            and record.period.covers(row.allocation.instant)
            for row in self.register.rows()
        )

    def compromise_key(
        self, name: str, since: datetime, at: datetime | None = None
    ) -> KeysChanged:
        """Mark a key that may have been in other hands; renew it at once, and publish.

        What it signed is KEY_COMPROMISED for strangers from then on, unless evidence
        places it before. :meth:`concerned` counts it; it is issued again by renewal.

        Args:
            name: its kid in hexadecimal; or ``token``, ``status`` or ``seal`` for the
                one that signs now and began no later.
            since: from when; not after ``at``.
            at: the run's instant; now where None.

        Raises:
            WorkspaceError: no such key, or as for :meth:`renew_key`.
            ValueError: ``since`` lies after ``at``.
        """
        at = at or clock.now()

        def change() -> KeyRecord:
            return self.custody.compromise(name, since, self._owner(at), at)

        return self._change(at, change)

    def grant_backfill(
        self, first: date, last: date, at: datetime | None = None
    ) -> KeysChanged:
        """Grant the token key the legal dates of licenses on paper (存量), and publish.

        Args:
            first: the first day, UTC+8.
            last: the last one, inclusive.
            at: the run's instant; now where None.
        """
        at = at or clock.now()
        return self._change(at, lambda: self.custody.backfill(first, last))

    def renew_bundle_key(self, at: datetime | None = None) -> KeysChanged:
        """Let the root name a new bundle key, destroy the old one, and publish.

        Raises:
            WorkspaceError: the root is kept off line, or the keys do not open.
            FileError: a file cannot be written; the old key signs on.
        """
        at = at or clock.now()
        return self._change(at, lambda: self.custody.renew_bundle_key(at))

    def rotate_root(self, at: datetime | None = None) -> KeysChanged:
        """Let a new root speak after the old one, destroy the old one, and publish.

        Whoever pinned the old root goes on with the new one without doing anything. A
        rotation that was cut off is finished, and nothing is rotated twice.

        Raises:
            WorkspaceError: the root is kept off line, or the keys do not open.
            FileError: a file cannot be written; the old root speaks on.
        """
        at = at or clock.now()

        def change() -> None:
            speaking = self.custody.reload().roots.last.root.fingerprint
            if speaking == load_settings(self.folder).root:
                speaking = self.custody.rotate_root(at)
            self.rewrite(root=speaking)
            self.custody.tidy()

        return self._change(at, change)

    def _owner(self, at: datetime) -> Owner:
        name = self.settings.name_on(dates.day_of(at))
        organization = Organization(self.settings.code, name)
        return Owner(organization, self.catalog.names())

    def _change(
        self, at: datetime, change: Callable[[], KeyRecord | None]
    ) -> KeysChanged:
        """Change the keys while nobody signs, then publish."""
        with self.custody.changing():
            self.check_open()
            record = change()
        return self.published(at, record)

    def published(self, at: datetime, record: KeyRecord | None = None) -> KeysChanged:
        """Publish what was changed, and say what became of it.

        Args:
            at: the run's instant.
            record: the key that was changed.
        """
        try:
            return KeysChanged(record, self.publish(at))
        except ElicenseError as err:
            # The change is done and on disk; what is left is told, not undone.
            return KeysChanged(record, None, err.message)
        except UnavailableError as err:  # the device, once the change is done
            return KeysChanged(record, None, device.told(err))

    def rewrite(self, **changes: object) -> None:
        """Replace settings in ``elicense.toml``, as they stand there now.

        Args:
            changes: fields of :class:`Settings`.

        Raises:
            WorkspaceError: the file is wrong.
            FileError: it cannot be written; the old one stays.
        """
        current = load_settings(self.folder)
        made = replace(current, **changes)  # type: ignore[arg-type]  # by name
        files.write(self.folder / SETTINGS_FILE, settings.write(made))
        self.settings = made
