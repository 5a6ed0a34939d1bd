"""The two public files of a workspace's keys: which keys sign, which roots speak."""

from collections.abc import Iterable
from pathlib import Path

from elicense import files, keychain
from elicense.errors import WorkspaceError
from elicense.keychain import Keychain
from elicense.keyring.parts import PublicParts
from elicense.model import Text
from elicense.trust import SignedStatement
from elicense.trust.remembering import read_statements
from esign import cbor
from esign.errors import MalformedError, VerificationError

GRANTS_FILE = "grants.cbor"
STATEMENTS_FILE = "root-statements.cbor"
_MAX_STATEMENTS_BYTES = 1 << 20  # a hundred statements of post-quantum keys


def save_parts(folder: Path, parts: PublicParts) -> None:
    """Write the public files of a new workspace, of which there are none yet.

    Raises:
        FileError: a file cannot be written.
    """
    save_statements(folder, parts.statements)
    save_keychain(folder, parts.keychain)


def save_keychain(folder: Path, chain: Keychain) -> None:
    """Replace ``grants.cbor``: from now on these keys sign.

    Raises:
        FileError: the file cannot be written; the old one stays.
    """
    files.write(folder / GRANTS_FILE, keychain.encode(chain))


def save_statements(folder: Path, statements: Iterable[SignedStatement]) -> None:
    """Replace ``root-statements.cbor``: from now on these roots speak.

    Raises:
        FileError: the file cannot be written; the old one stays.
    """
    data = cbor.encode([list(item) for item in statements])
    files.write(folder / STATEMENTS_FILE, data)


def read_public(folder: Path) -> tuple[bytes, bytes]:
    """Return the bytes of ``grants.cbor`` and of ``root-statements.cbor``.

    Raises:
        FileError: one cannot be read.
    """
    return (
        files.read_whole(folder / GRANTS_FILE, keychain.MAX_BYTES),
        files.read_whole(folder / STATEMENTS_FILE, _MAX_STATEMENTS_BYTES),
    )


def parts_of(grants: bytes, signed: bytes) -> PublicParts:
    """Return what the public files hold; total over any bytes.

    Args:
        grants: of ``grants.cbor``.
        signed: of ``root-statements.cbor``.

    Raises:
        WorkspaceError: one is damaged; names it.
    """
    try:
        chain = keychain.decode(grants)
    except MalformedError as err:
        raise _damaged(GRANTS_FILE, err) from err
    try:
        return PublicParts(chain, read_statements(signed))
    except (MalformedError, VerificationError) as err:
        raise _damaged(STATEMENTS_FILE, err) from err


def _damaged(name: str, err: Exception) -> WorkspaceError:
    return WorkspaceError(
        Text(
            f"keys/{name} 已损坏，请从备份恢复整个工作区：{err}",
            f"keys/{name} is damaged; restore the whole workspace from a backup: {err}",
        )
    )
