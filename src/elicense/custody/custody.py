"""The folder ``keys`` of a workspace: the keys that sign, and changes of them."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from elicense import keychain, keyfolder, keyring
from elicense.custody import revoking, roots, tidying
from elicense.custody.private import PrivateKeys
from elicense.custody.renewal import Owner, Renewal
from elicense.device import DeviceKeys
from elicense.errors import WorkspaceError
from elicense.keychain import (
    VIEWER_SEAL,
    ElectronicSeal,
    Keychain,
    KeyRecord,
    Purpose,
)
from elicense.keyring import Keyring, PublicParts
from elicense.model import Text
from elicense.trust import SignedStatement
from elicense.trust.reading import MAX_STATEMENTS
from esign.keys import PublicKey
from esign.signer import SoftwareSigner


class Custody:
    """The folder ``keys`` of a workspace."""

    def __init__(
        self,
        folder: Path,
        passphrase: bytes | None = None,
        device: DeviceKeys | None = None,
    ) -> None:
        """Read what is public; private keys are opened when they are used.

        Args:
            folder: of the key files.
            passphrase: opens them; None reads the file ``passphrase``.
            device: holds the keys that have no file.

        Raises:
            WorkspaceError: a public file is damaged.
            FileError: one cannot be read.
        """
        self.folder = folder
        self.private = PrivateKeys(folder, passphrase, device)
        self._public = keyring.read_public(folder)
        self._parts = keyring.parts_of(*self._public)
        self._keys: Keyring | None = None

    @property
    def parts(self) -> PublicParts:
        """What is public of the keys, as it was read last."""
        return self._parts

    def reload(self) -> PublicParts:
        """Read the public files again: another process may have changed the keys.

        Raises:
            WorkspaceError: a public file is damaged.
            FileError: one cannot be read.
        """
        found = keyring.read_public(self.folder)
        if found != self._public:
            self._parts = keyring.parts_of(*found)
            self._public, self._keys = found, None
        return self._parts

    @property
    def pins(self) -> tuple[str, ...]:
        """Fingerprints of all roots that ever spoke here, oldest first."""
        return tuple(self._parts.roots.scopes)

    @property
    def keys(self) -> Keyring:
        """The keys that sign now, opened on first use.

        Raises:
            WorkspaceError: there is no passphrase, or it is wrong, or a file damaged.
            FileError: a file cannot be read.
            UnavailableError: the device cannot be used.
        """
        if self._keys is None:
            self._keys = self.private.unlock(self._parts)
        return self._keys

    def secret(self) -> bytes:
        """Return the passphrase, once it has opened a key that signs now.

        Raises:
            WorkspaceError: there is none, or it is wrong.
            FileError: a file cannot be read.
        """
        self.private.prove(self._parts)
        return self.private.secret()

    def open_root(self) -> SoftwareSigner:
        """Open the root that speaks now; see :func:`keyring.open_root`."""
        return self.private.open_root(self._parts)

    def private_files(self) -> tuple[Path, ...]:
        """Return the files of all private keys that are here, but those of CAs."""
        return self.private.files()

    def signing(self) -> AbstractContextManager[None]:
        """Keep the keys from being changed while something is signed."""
        return keyfolder.locked(self.folder, alone=False)

    def changing(self) -> AbstractContextManager[None]:
        """Keep all others away while the keys are changed."""
        return keyfolder.locked(self.folder, alone=True)

    def crls(self, at: datetime) -> tuple[bytes, ...]:
        """Return the revocation lists of the development CAs, made at an instant.

        A CA of SM2 keys has none: what became of its seals stands in their entries.

        Args:
            at: aware UTC, whole seconds.

        Raises:
            WorkspaceError, FileError: the keys do not open.
        """
        return revoking.crls(self._parts.keychain, self.keys.authorities, at)

    def is_untidy(self) -> bool:
        """Tell whether a change was cut off before the old key was destroyed.

        Raises:
            FileError: the folder cannot be entered.
            UnavailableError: a key of a device waits, and the device is away.
        """
        return tidying.is_untidy(self._parts, self.private)

    # Changes. The caller holds :meth:`changing`.

    def renew(self, purpose: Purpose, owner: Owner, at: datetime) -> KeyRecord:
        """Let a new key of the same suite sign, and destroy the one before it.

        Args:
            purpose: which one; a seal gets a new certificate of the development CA.
            owner: whose.
            at: whole seconds UTC.

        Returns:
            The record of the old key, as it is now.

        Raises:
            WorkspaceError: the old key signs from this very second, or the keys do not
                open.
            FileError: a file cannot be written; the old key signs on.
        """
        chain = self.reload().keychain
        if purpose == VIEWER_SEAL and chain.viewer_seal is None:
            raise WorkspaceError(
                Text(
                    "尚无普通阅读器可验的印章（elicense keys viewer-seal）",
                    "there is no seal for ordinary viewers (elicense keys viewer-seal)",
                )
            )
        old = chain.current(purpose)
        self.private.prove(self._parts, old)
        self._replace(old, owner, at)
        return self._finished(old)

    def compromise(
        self, name: str, since: datetime, owner: Owner, at: datetime
    ) -> KeyRecord:
        """Mark a key that may have been in other hands; it never signs again.

        Args:
            name: see :meth:`Keychain.meant`.
            since: from when; not after ``at``. An earlier mark stays.
            owner: whose.
            at: whole seconds UTC.

        Returns:
            The record of the key, as it is now.

        Raises:
            WorkspaceError: as for :meth:`Keychain.meant` and :meth:`renew`.
            ValueError: ``since`` lies after ``at``.
        """
        if since > at:
            raise ValueError("a key is known to be compromised, not expected to be")
        found = self.reload().keychain.meant(name, since)
        self.private.prove(self._parts, found if found.signs else None)
        known = found.compromised_from
        earliest = since if known is None else min(since, known)
        if found.signs:
            self._replace(found, owner, at, earliest)
        else:
            self.keep(
                self._parts.keychain.changed(replace(found, compromised_from=earliest))
            )
        return self._finished(found)

    def attest(self, name: str) -> KeyRecord:
        """Keep that an earlier key exists no more, on the word of the caller.

        Args:
            name: the key's kid in hexadecimal.

        Returns:
            The record of the key, as it is now.

        Raises:
            WorkspaceError: no such key, or it signs.
            FileError: its file is here and cannot be overwritten.
        """
        found = self.reload().keychain.named(name)
        if found.signs:
            raise WorkspaceError(
                Text(
                    f"密钥 {name} 正在使用，请先更换：elicense keys renew",
                    f"the key {name} signs; renew it first: elicense keys renew",
                )
            )
        self.private.prove(self._parts)
        self.tidy()
        attested = replace(self._parts.keychain.named(name), destroyed=True)
        use, key = attested.purpose, attested.key
        if self.private.is_file(use, key):  # whatever it holds, it is not that key
            self.private.overwrite(use, key)
        self.keep(self._parts.keychain.changed(attested))
        self.private.erase(use, key)
        return attested

    def close(self, name: str, closing: bytes) -> KeyRecord:
        """Keep which snapshot closes an earlier key, for good.

        Args:
            name: the key's kid in hexadecimal.
            closing: SHA-256 of its manifest.

        Returns:
            The record of the key, as it is now.
        """
        found = self.reload().keychain.named(name)
        closed = replace(found, closing=closing)
        self.keep(self._parts.keychain.changed(closed))
        return closed

    def backfill(self, first: date, last: date) -> KeyRecord:
        """Grant the token key that signs now the legal dates of licenses on paper.

        Args:
            first: the first day.
            last: the last one, inclusive; not before ``first``.

        Returns:
            The record of the key, as it is now.

        Raises:
            WorkspaceError: the range does not include the one before.
        """
        if last < first:
            raise ValueError("a range does not end before it begins")
        current = self.reload().keychain.current("token")
        granted = keychain.widened(current, first, last)
        self.private.prove(self._parts, current)
        self.keep(self._parts.keychain.changed(granted))
        return granted

    def renew_bundle_key(self, at: datetime) -> None:
        """Let the root name a new bundle key, and destroy the one before it.

        Args:
            at: whole seconds UTC.

        Raises:
            WorkspaceError: the root is kept off line, or the keys do not open.
            FileError: a file cannot be written; the old key signs on.
        """
        said = roots.new_bundle_key(self.reload(), self.private, at)
        self.speak((*self._parts.statements, said))
        self.tidy()

    def rotate_root(self, at: datetime) -> str:
        """Let a new root of the same suite speak after the old one; both sign it.

        The old one's private key stays until :meth:`tidy`.

        Returns:
            The new root's fingerprint.

        Raises:
            WorkspaceError: the root is kept off line, or the keys do not open.
            FileError: a file cannot be written; the old root speaks on.
        """
        fingerprint, said = roots.new_root(self.reload(), self.private, at)
        self.speak((*self._parts.statements, *said))
        return fingerprint

    def tidy(self) -> tuple[KeyRecord, ...]:
        """Destroy the private keys that sign no more, and attest it.

        A file that does not open as the key it is named after is left as it is.

        Returns:
            Retired keys whose files are not here, so that nobody here can attest it.

        Raises:
            WorkspaceError: a file is there, and the passphrase is wrong or missing.
            FileError: a file cannot be overwritten, removed or written.
            UnavailableError: a key of a device waits, and the device is away.
        """
        return tidying.tidy(self._parts, self.private, self.keep)

    def holds(self, use: str, key: PublicKey) -> bool:
        """Tell whether a file is here that is this key, or was overwritten already."""
        return self.private.holds(use, key, self._parts)

    def path(self, use: str, key: PublicKey) -> Path:
        """Return where a private key is kept, if it is kept here."""
        return self.private.path(use, key)

    def _replace(
        self,
        old: KeyRecord,
        owner: Owner,
        at: datetime,
        compromised_from: datetime | None = None,
    ) -> None:
        """Let a new key sign in place of an old one: one replaced file."""
        renewal = self._renewal(owner, at)
        self.keep(renewal.replacing(old, compromised_from))

    def _renewal(self, owner: Owner, at: datetime) -> Renewal:
        chain = self._parts.keychain
        return Renewal(chain, self.private, lambda: self.keys.authorities, owner, at)

    def use_seal(self, seal: ElectronicSeal, root: bytes, at: datetime) -> KeyRecord:
        """Let the seal's key seal with another electronic seal from now on.

        The one before it ends with this second, so that what was sealed with it in the
        same second stays good.

        Args:
            seal: the new one, which lists the key's certificate.
            root: of the CA above its maker, DER.
            at: whole seconds UTC.

        Returns:
            The key's record, as it is now.

        Raises:
            WorkspaceError: the passphrase is wrong.
            FileError: the file cannot be written; the seal before it is used on.
            ValueError: the key has no electronic seal, or has had this one, or too
                many.
        """
        chain = self.reload().keychain
        self.private.prove(self._parts, chain.current("seal"))
        self.keep(chain.sealing_with(seal, root, at + timedelta(seconds=1)))
        return self._parts.keychain.current("seal")

    def add_viewer_seal(self, owner: Owner, at: datetime) -> KeyRecord:
        """Make a seal by PAdES beside an electronic one.

        Args:
            owner: whose.
            at: from when it seals; whole seconds UTC.

        Returns:
            Its record.

        Raises:
            WorkspaceError: there is one, or the workspace's own seal is such a one; or
                the keys do not open.
            FileError: a file cannot be written; nothing is changed.
            UnavailableError: the device cannot be used.
        """
        chain = self.reload().keychain
        if chain.viewer_seal is not None or chain.current("seal").seal is None:
            raise WorkspaceError(
                Text(
                    "已有普通阅读器可验的印章（PAdES）",
                    "there is a seal that ordinary viewers know (PAdES)",
                )
            )
        self.private.prove(self._parts)
        chain, record = self._renewal(owner, at).adding_viewer_seal()
        self.keep(chain)
        return record

    def _finished(self, old: KeyRecord) -> KeyRecord:
        self.tidy()
        return next(
            item for item in self._parts.keychain.records if item.key == old.key
        )

    def keep(self, chain: Keychain) -> None:
        """Let other keys count: replace ``grants.cbor``.

        Raises:
            FileError: it cannot be written; the old one stays.
        """
        keyring.save_keychain(self.folder, chain)
        self.reload()

    def speak(self, statements: Iterable[SignedStatement]) -> None:
        """Let other root statements count: replace ``root-statements.cbor``.

        Args:
            statements: the whole chain, oldest first.

        Raises:
            WorkspaceError: there are too many.
            FileError: it cannot be written; the old one stays.
        """
        said = tuple(statements)
        if len(said) > MAX_STATEMENTS:
            raise WorkspaceError(
                Text(
                    f"信任根声明已有 {MAX_STATEMENTS} 条，不能再增加",
                    f"there are {MAX_STATEMENTS} root statements, which is the most",
                )
            )
        keyring.save_statements(self.folder, said)
        self.reload()
