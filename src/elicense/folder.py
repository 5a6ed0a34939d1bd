"""A workspace's folder: what its files are called, and reading those that people edit.

Its layout is told in docs/formats/workspace.md.
"""

from collections.abc import Iterable
from pathlib import Path

from elicense import files, settings
from elicense.catalog import Catalog
from elicense.errors import WorkspaceError
from elicense.fonts import FontSet, open_face
from elicense.model import Text
from elicense.sealing import SealPolicy, read_policy
from elicense.settings import Settings

SETTINGS_FILE, REGISTER_FILE, KEYS_FOLDER = "elicense.toml", "register.db", "keys"
SEALS_FILE, SEAL_POLICY_FILE, SEALS_FOLDER = "seals.db", "seals.toml", "seals"
PUBLIC_FOLDER, TRUST_FILE, TYPES_FOLDER = "public", "trust.elt", "types"
SNAPSHOT_FOLDER = "snapshot"  # in the public one
_MAX_FILE_BYTES = 1 << 20


def load_settings(folder: Path) -> Settings:
    """Return the settings of a workspace; its register is not opened.

    Raises:
        WorkspaceError: not a workspace, or its settings are wrong.
        FileError: the file cannot be read.
    """
    if not files.is_file(folder / SETTINGS_FILE):
        raise WorkspaceError(
            Text(
                f"{folder} 不是工作区（没有 {SETTINGS_FILE}），可用 elicense init 建立",
                f"{folder} is not a workspace (no {SETTINGS_FILE});"
                " make one with: elicense init",
            )
        )
    return settings.read(files.read_whole(folder / SETTINGS_FILE, _MAX_FILE_BYTES))


def load_catalog(folder: Path) -> Catalog:
    """Return the built-in types and those under ``types/`` of a workspace.

    Of the PDFs beside them those are read that a type names as its background.

    Raises:
        CatalogError: a type is wrong, or its background can not be read.
        FileError: the file of a type cannot be read.
    """
    types = folder / TYPES_FOLDER

    def beside(name: str) -> bytes:
        return files.read_whole(types / name, _MAX_FILE_BYTES)

    found = sorted(types.glob("*.toml"))
    return Catalog.builtin().with_files(
        {path.name: files.read_whole(path, _MAX_FILE_BYTES) for path in found}, beside
    )


def load_faces(folder: Path, settings_: Settings) -> FontSet:
    """Return the built-in faces, and with them those that a workspace adds.

    Raises:
        FileError, FaceError: a font file is missing, or must not be used.
    """
    return FontSet(open_face(folder / name) for name in settings_.faces)


def published_file(folder: Path) -> Path:
    """Return where a workspace keeps its publication for strangers to take."""
    return folder / PUBLIC_FOLDER / TRUST_FILE


def load_seal_policy(folder: Path, types: Iterable[str]) -> SealPolicy | None:
    """Return the seal policy of a workspace, None where it has none.

    Args:
        folder: of the workspace.
        types: the license types of its catalog.

    Raises:
        CatalogError: the file is wrong.
        FileError: it cannot be read.
    """
    path = folder / SEAL_POLICY_FILE
    if not files.is_file(path):
        return None
    return read_policy(files.read_whole(path, _MAX_FILE_BYTES), types)
