"""The private keys of a workspace: files that a passphrase opens, and a device."""

from pathlib import Path

from elicense import files, keyfolder, keyring, wiping
from elicense.device import DeviceKeys
from elicense.errors import WorkspaceError
from elicense.keychain import SEALS, KeyRecord
from elicense.keyring import Keyring, NewKeys, PublicParts
from esign.algorithms import Suite
from esign.keys import PublicKey, Signer
from esign.signer import SoftwareSigner


class PrivateKeys:
    """Where the private keys are kept, made, opened and destroyed.

    What their methods raise where nothing else is said: WorkspaceError for a passphrase
    that is missing or wrong, FileError for a file, UnavailableError for the device.
    """

    def __init__(
        self, folder: Path, passphrase: bytes | None, device: DeviceKeys | None
    ) -> None:
        """Name the places; nothing is opened.

        Args:
            folder: of the key files.
            passphrase: opens them; None reads the file ``passphrase``.
            device: holds the keys that have no file.
        """
        self.folder, self.device = folder, device
        self._passphrase = passphrase

    def secret(self) -> bytes:
        """Return the passphrase, whether or not it opens anything."""
        return self._passphrase or keyfolder.kept_passphrase(self.folder)

    def path(self, use: str, key: PublicKey) -> Path:
        """Return where a private key is kept, if it is kept in a file here."""
        return keyring.key_path(self.folder, use, key)

    def files(self) -> tuple[Path, ...]:
        """Return the files of all private keys that are here, but those of CAs."""
        uses = ("root", "bundle", "token", "status", *SEALS)
        return tuple(
            path for use in uses for path in sorted(self.folder.glob(f"{use}-*.pem"))
        )

    def unlock(self, parts: PublicParts) -> Keyring:
        """Open every key that signs now; see :func:`keyring.unlock`."""
        return keyring.unlock(self.folder, parts, self.secret(), self.device)

    def open_root(self, parts: PublicParts) -> SoftwareSigner:
        """Open the root that speaks now; see :func:`keyring.open_root`."""
        return keyring.open_root(self.folder, parts, self.secret())

    def prove(self, parts: PublicParts, first: KeyRecord | None = None) -> None:
        """Open a key, so that a wrong passphrase changes nothing."""
        keyring.prove(self.folder, parts, self.secret(), first)

    def new(self, use: str, suite: Suite) -> Signer:
        """Make a key where those of its use are made; see :func:`keyring.new_key`."""
        return keyring.new_key(use, suite, self.device)

    def save(self, keys: NewKeys) -> None:
        """Write new keys into files of their own; see :func:`keyring.save_keys`."""
        keyring.save_keys(self.folder, keys, self.secret())

    def is_file(self, use: str, key: PublicKey) -> bool:
        """Tell whether a file of that name is here, whatever it holds."""
        return files.is_file(self.path(use, key))

    def in_device(self, use: str, key: PublicKey) -> bool:
        """Tell whether a key is in the device."""
        return self.device is not None and self.device.holds(use, key)

    def holds(self, use: str, key: PublicKey, parts: PublicParts) -> bool:
        """Tell whether a file is here that is this key, or was overwritten already.

        Args:
            use: of the key.
            key: which one.
            parts: what is public of the keys, one of which proves the passphrase.
        """
        path = self.path(use, key)
        if not files.is_file(path):
            return False
        if wiping.is_wiped(path):
            return True
        try:
            keyring.open_key(self.folder, use, key, self.secret())
        except WorkspaceError:
            self.prove(parts)  # a wrong passphrase is told; else the file is another
            return False
        return True

    def overwrite(self, use: str, key: PublicKey) -> None:
        """Overwrite the file of a key, unless it was done before."""
        path = self.path(use, key)
        if not wiping.is_wiped(path):
            wiping.overwrite(path)

    def erase(self, use: str, key: PublicKey) -> None:
        """Remove the file of a key, which was overwritten."""
        wiping.remove(self.path(use, key))

    def destroy(self, item: KeyRecord) -> None:
        """Destroy a private key: overwrite its file, or its half in the device."""
        if self.device is None or self.is_file(item.purpose, item.key):
            self.overwrite(item.purpose, item.key)
        else:
            self.device.destroy(item.purpose, item.key)

    def remove(self, item: KeyRecord) -> None:
        """Remove what is left of a key that was destroyed."""
        if self.device is None or self.is_file(item.purpose, item.key):
            self.erase(item.purpose, item.key)
        else:
            self.device.remove(item.purpose, item.key)
