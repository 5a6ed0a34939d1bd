"""The office itself: what is open of a workspace, and what it can be asked for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from elicense import device, files, settings
from elicense.closing import Closing
from elicense.custody import Custody
from elicense.device import DeviceKeys
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
from elicense.keychain import ElectronicSeal, Keychain, KeyRecord, Purpose
from elicense.keyring import Keyring
from elicense.noticeboard import Noticeboard
from elicense.office import key_changes, publication
from elicense.office.key_changes import KeysChanged
from elicense.office.publication import silent as _silent
from elicense.pending import Pending, pending
from elicense.publishing import Listing
from elicense.register import Publication
from elicense.register.sqlite import SqliteRegister
from elicense.sealing import SealStore
from elicense.trust import TrustState
from esign import clock
from esign.hsm import PinCallback

if TYPE_CHECKING:
    from elicense.catalog import Catalog
    from elicense.settings import Settings


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

    def publish(
        self,
        at: datetime | None = None,
        after: int = 0,
        progress: Callable[[int, int], None] = _silent,
    ) -> Publication:
        """Sign status lists and trust bundle and put them under ``public/``.

        A publication that an earlier run stored and did not put there is put there
        first. Two runs at once leave the higher number, whichever comes last.

        Args:
            at: the run's instant; now where None.
            after: go on after this number, which was published and is not known to
                this register.
            progress: told how much of a long publication is done, and of how much.

        Raises:
            WorkspaceError: the keys do not open or belong together, or ``at`` is wrong.
            OldRegisterError, OldKeysError: what was published is newer than this
                workspace.
            RegisterError: the register cannot be used.
            ConflictError: another run published meanwhile; its file is there.
            FileError: the file cannot be written; the old one stays.
        """
        return publication.publish(self, at or clock.now(), after, progress)

    def publish_now(self, at: datetime, after: int = 0) -> Publication:
        """Do as :meth:`publish` for a caller that holds ``custody.signing()``."""
        return publication.publish_now(self, at, after)

    def settle_keys(self) -> None:
        """Finish a change of the keys that was cut off, before anything is signed.

        A retired key that is not attested destroyed would put all in doubt that it
        signed; a root that speaks no more would stay pinned in ``elicense.toml``. Not
        for a caller that holds ``custody.signing()``.

        Raises:
            WorkspaceError, FileError: the keys cannot be read or written.
        """
        key_changes.settle(self)

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
        return publication.is_outdated(self, state, at)

    def listing(self, chain: Keychain | None = None) -> Listing:
        """Return what this organ publishes, apart from signatures.

        Args:
            chain: its keys, where they are not to be those that count now.
        """
        return publication.listing(self, chain)

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
        return key_changes.renew(self, purpose, at or clock.now(), abandon=abandon)

    def add_viewer_seal(self, at: datetime | None = None) -> KeysChanged:
        """Make a second seal, by PAdES, for whoever has an ordinary viewer; publish.

        Args:
            at: from when it seals; now where None.

        Raises:
            WorkspaceError: the workspace has such a seal, or the keys do not open.
            FileError: a file cannot be written; nothing is changed.
        """
        at = at or clock.now()

        def make() -> KeyRecord:
            return self.custody.add_viewer_seal(key_changes.owner(self, at), at)

        return key_changes.change(self, at, make)

    def use_seal(
        self,
        seal: ElectronicSeal,
        root: bytes,
        at: datetime,
        *,
        listed: bytes,
        abandon: bool = False,
    ) -> KeysChanged:
        """Let the seal's key seal with another electronic seal, and publish.

        Whether it may is asked before: :func:`elicense.own_seal.use`.

        Args:
            seal: the new one.
            root: of the CA above its maker, DER.
            at: the run's instant, whole seconds UTC.
            listed: the certificate that the seal lists, DER; the key's own.
            abandon: use it although licenses are reserved and not finished.

        Raises:
            WorkspaceError: the key was renewed since it was listed; or licenses are
                reserved and not finished, whose instant may lie before the seal's
                period; or the keys do not open; or no reader would admit a
                publication with it. Nothing is changed.
            FileError: a file cannot be written; the seal before it is used on.
        """
        return key_changes.use_seal(
            self, seal, root, at, listed=listed, abandon=abandon
        )

    def attest_destroyed(self, name: str, at: datetime | None = None) -> KeysChanged:
        """Attest that an earlier key was destroyed elsewhere, and publish.

        Args:
            name: its kid in hexadecimal.
            at: the run's instant; now where None.

        Raises:
            WorkspaceError: no such key, or it signs.
        """
        at = at or clock.now()
        return key_changes.change(self, at, lambda: self.custody.attest(name))

    def close_key(self, name: str, at: datetime | None = None) -> KeysChanged:
        """Close an earlier token key by a snapshot of all that was issued; publish.

        For a key that nobody can attest destroyed: what is inside stays good for who
        has the snapshot, and nothing else that the key signed does. A key that is
        closed stays as it is.

        Args:
            name: its kid in hexadecimal.
            at: the run's instant; now where None.

        Raises:
            WorkspaceError: no such key, or it signs, or signs no licenses, or is
                attested destroyed; or the extra ``bulk`` is not installed.
            OldRegisterError, OldKeysError: what was published is newer than this
                workspace.
            FileError: the snapshot cannot be written; the key stays as it is.
        """
        return key_changes.close(self, name, at or clock.now())

    def concerned(self, record: KeyRecord) -> int:
        """Return how many issued licenses were sealed in a key's period.

        Reads the whole register.

        Args:
            record: of a token key or a seal; a status key signs no license.
        """
        return key_changes.concerned(self, record)

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

        def make() -> KeyRecord:
            owner = key_changes.owner(self, at)
            return self.custody.compromise(name, since, owner, at)

        return key_changes.change(self, at, make)

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
        return key_changes.change(self, at, lambda: self.custody.backfill(first, last))

    def renew_bundle_key(self, at: datetime | None = None) -> KeysChanged:
        """Let the root name a new bundle key, destroy the old one, and publish.

        Raises:
            WorkspaceError: the root is kept off line, or the keys do not open.
            FileError: a file cannot be written; the old key signs on.
        """
        at = at or clock.now()
        return key_changes.change(self, at, lambda: self.custody.renew_bundle_key(at))

    def rotate_root(self, at: datetime | None = None) -> KeysChanged:
        """Let a new root speak after the old one, destroy the old one, and publish.

        Whoever pinned the old root goes on with the new one without doing anything. A
        rotation that was cut off is finished, and nothing is rotated twice.

        Raises:
            WorkspaceError: the root is kept off line, or the keys do not open.
            FileError: a file cannot be written; the old root speaks on.
        """
        return key_changes.rotate_root(self, at or clock.now())

    def published(self, at: datetime, record: KeyRecord | None = None) -> KeysChanged:
        """Publish what was changed, and say what became of it.

        Args:
            at: the run's instant.
            record: the key that was changed.
        """
        return key_changes.published(self, at, record)

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
