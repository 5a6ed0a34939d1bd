"""What a new workspace is made of: keys, settings, an empty register, a test seal."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from elicense import files, keyfolder, keyring, settings
from elicense.device import DeviceAccess, DeviceKeys
from elicense.folder import (
    KEYS_FOLDER,
    PUBLIC_FOLDER,
    REGISTER_FILE,
    SETTINGS_FILE,
    TYPES_FOLDER,
)
from elicense.model import Organization
from elicense.register.sqlite import SqliteRegister
from elicense.settings import Settings
from esign.algorithms import Suite


def suites_of(algorithm: Suite, lists: Suite | None = None) -> dict[str, Suite]:
    """Return the suites of a new workspace's keys.

    Args:
        algorithm: of tokens. With SM2 everything is SM2; else root and seal are
            ES256.
        lists: of status lists and bundles; None for SM2 with SM2, else ES256.
    """
    rest = Suite.SM2 if algorithm is Suite.SM2 else Suite.ES256
    chosen = lists or rest
    return {
        "root": rest,
        "bundle": chosen,
        "token": algorithm,
        "status": chosen,
        "seal": rest,
    }


def fill(
    folder: Path,
    organization: Organization,
    passphrase: bytes | None,
    suites: Mapping[str, Suite],
    at: datetime,
    access: DeviceAccess | None = None,
) -> None:
    """Write everything of a new workspace but its first publication.

    Args:
        folder: exists, and is empty.
        organization: whose.
        passphrase: encrypts the keys; None makes one and keeps it beside them.
        suites: of ``root``, ``bundle``, ``token``, ``status`` and ``seal``.
        at: first instant of everything, aware.
        access: the device for the keys of its uses; None for files alone.

    Raises:
        FileError: the folder cannot be written.
        WorkspaceError: the device makes no key of a suite.
        UnavailableError: the device cannot be used.
    """
    kept = folder / KEYS_FOLDER
    for name in (KEYS_FOLDER, PUBLIC_FOLDER, TYPES_FOLDER):
        files.make_folder(folder / name, 0o700 if name == KEYS_FOLDER else 0o755)
    device = None if access is None else DeviceKeys(access.device, access.pin)
    keys, parts = keyring.make(organization, suites, at, device)
    if passphrase is None:
        passphrase = keyfolder.keep_random_passphrase(kept)
    keyring.save_keys(kept, keys, passphrase)
    keyring.save_parts(kept, parts)
    SqliteRegister.create(folder / REGISTER_FILE).close()
    made = Settings(
        name=organization.name,
        code=organization.code,
        root=parts.roots.last.root.fingerprint,
        device=None if access is None else access.device,
    )
    files.write(folder / SETTINGS_FILE, settings.write(made))
