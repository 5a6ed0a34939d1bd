"""What a new workspace is made of: keys, settings, an empty register, a test seal."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from elicense import files, keyring, settings
from elicense.errors import WorkspaceError
from elicense.folder import (
    KEYS_FOLDER,
    PUBLIC_FOLDER,
    REGISTER_FILE,
    SETTINGS_FILE,
    TYPES_FOLDER,
)
from elicense.model import Organization, Text
from elicense.register.sqlite import SqliteRegister
from elicense.settings import Settings
from esign import seal_image
from esign.algorithms import Suite
from esign.seal_image import SealSpec


def fill(
    folder: Path,
    organization: Organization,
    passphrase: bytes | None,
    suites: Mapping[str, Suite],
    at: datetime,
) -> None:
    """Write everything of a new workspace but its first publication.

    Args:
        folder: exists, and is empty.
        organization: whose.
        passphrase: encrypts the keys; None makes one and keeps it beside them.
        suites: of ``token``, ``status`` and ``bundle``.
        at: first instant of everything, aware.

    Raises:
        FileError: the folder cannot be written.
    """
    kept = folder / KEYS_FOLDER
    for name in (KEYS_FOLDER, PUBLIC_FOLDER, TYPES_FOLDER):
        files.make_folder(folder / name, 0o700 if name == KEYS_FOLDER else 0o755)
    keys, parts = keyring.make(organization, suites, at)
    if passphrase is None:
        passphrase = keyring.keep_random_passphrase(kept)
    keyring.save_keys(kept, keys, passphrase)
    keyring.save_parts(kept, parts)
    SqliteRegister.create(folder / REGISTER_FILE).close()
    made = Settings(
        name=organization.name,
        code=organization.code,
        root=parts.roots.last.root.fingerprint,
    )
    files.write(folder / SETTINGS_FILE, settings.write(made))


@lru_cache(maxsize=8)
def draw_seal(name: str) -> bytes:
    """Return the picture of an organ's test seal as a one-page PDF.

    Args:
        name: 4 to 24 characters of the seal's face.

    Raises:
        WorkspaceError: no seal can carry the name.
    """
    try:
        return seal_image.draw(SealSpec(name))
    except ValueError as err:
        raise WorkspaceError(
            Text(
                "机构名称应为 4 至 24 个字，且印章字体中都有（印章环形文字）",
                "the organization's name has 4 to 24 characters that the seal's face"
                " holds (the seal's ring)",
            )
        ) from err
