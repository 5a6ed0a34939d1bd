"""The files of private keys: kept encrypted, opened with the workspace's passphrase."""

from pathlib import Path

from elicense import files, keychain
from elicense.device import DeviceKeys
from elicense.errors import WorkspaceError
from elicense.keychain import Authority, KeyRecord, Purpose
from elicense.keyring.making import NewKeys
from elicense.keyring.parts import AnyAuthority, Keyring, PublicParts
from elicense.model import Text
from esign.authority import DevelopmentAuthority
from esign.certificates import read_any
from esign.errors import MalformedError, VerificationError
from esign.gm_authority import GmAuthority
from esign.keys import PublicKey, Signer
from esign.signer import SoftwareSigner

_MAX_FILE_BYTES = 1 << 16


def save_keys(folder: Path, keys: NewKeys, passphrase: bytes) -> None:
    """Write private keys (0600, encrypted), each into a file of its own.

    One that is in a device is kept there already.

    Raises:
        ValueError: the passphrase is empty.
        FileError: a file cannot be written.
    """
    for use, signer in keys:
        if isinstance(signer, SoftwareSigner):
            path = key_path(folder, use, signer.public_key)
            files.write(path, signer.to_pem(passphrase), files.PRIVATE)


def unlock(
    folder: Path,
    parts: PublicParts,
    passphrase: bytes,
    device: DeviceKeys | None = None,
) -> Keyring:
    """Open every key that signs now: where it has a file, the file.

    Args:
        folder: of the key files.
        parts: what is public of the keys.
        passphrase: opens the files.
        device: holds the keys that have no file here.

    Raises:
        WorkspaceError: the passphrase is wrong, or a key file is damaged or holds
            another key; names it.
        FileError: a file cannot be read.
        UnavailableError: the device or a key in it cannot be used.
    """

    def opened(purpose: Purpose) -> Signer:
        key = parts.keychain.current(purpose).key
        is_file = files.is_file(key_path(folder, purpose, key))
        if device is not None and not is_file:
            return device.open(purpose, key)
        return open_key(folder, purpose, key, passphrase)

    return Keyring(
        bundle=open_key(folder, "bundle", parts.roots.last.bundle_keys[-1], passphrase),
        token=opened("token"),
        status=opened("status"),
        seal=opened("seal"),
        authorities=tuple(
            _open_authority(folder, item, passphrase)
            for item in parts.keychain.authorities
        ),
        viewer_seal=(
            None if parts.keychain.viewer_seal is None else opened(keychain.VIEWER_SEAL)
        ),
    )


def _open_authority(folder: Path, item: Authority, passphrase: bytes) -> AnyAuthority:
    def opened(use: str, der: bytes) -> SoftwareSigner:
        return open_key(folder, use, read_any(der).public_key, passphrase)

    root = opened("ca-root", item.root)
    issuing = opened("ca-issuing", item.issuing)
    if item.maker is None:
        return DevelopmentAuthority(root, issuing, item.root, item.issuing)
    maker = opened("ca-maker", item.maker)
    return GmAuthority(root, issuing, maker, item.root, item.issuing, item.maker)


def prove(
    folder: Path, parts: PublicParts, passphrase: bytes, first: KeyRecord | None = None
) -> None:
    """Open one key that signs now, so that a wrong passphrase changes nothing.

    Nothing is proved where no such key is here.

    Args:
        folder: of the key files.
        parts: what is public of them.
        passphrase: opens them.
        first: the key that is tried first: the one that is replaced.

    Raises:
        WorkspaceError: the passphrase is wrong, or the file is damaged; names it.
        FileError: a file cannot be read.
    """
    records = [parts.keychain.current(purpose) for purpose in keychain.PURPOSES]
    candidates = [
        *((item.purpose, item.key) for item in (first, *records) if item is not None),
        ("bundle", parts.roots.last.bundle_keys[-1]),
    ]
    for use, key in candidates:
        if files.is_file(key_path(folder, use, key)):
            open_key(folder, use, key, passphrase)
            return


def open_root(folder: Path, parts: PublicParts, passphrase: bytes) -> SoftwareSigner:
    """Open the root that speaks now; it may be kept off line, away from the others.

    Raises:
        WorkspaceError: its file is not there, and has to be brought; or as for
            :func:`open_key`.
    """
    key = parts.roots.last.root
    path = key_path(folder, "root", key)
    if not files.is_file(path):
        raise WorkspaceError(
            Text(
                f"此操作需要信任根的私钥：请将离线保存的 {path.name} 放回 {folder}，"
                "完成后再取走",
                f"this needs the root's private key: put {path.name}, which is kept"
                f" off line, back into {folder}, and take it away again afterwards",
            )
        )
    return open_key(folder, "root", key, passphrase)


def open_key(
    folder: Path, use: str, key: PublicKey, passphrase: bytes
) -> SoftwareSigner:
    """Open one private key.

    Args:
        folder: of the key files.
        use: the first part of the file's name.
        key: which one is expected in it.
        passphrase: opens it.

    Raises:
        WorkspaceError: the passphrase is wrong, or the file is damaged or holds another
            key; names it.
        FileError: the file cannot be read.
    """
    path = key_path(folder, use, key)
    if not files.is_file(path):
        raise WorkspaceError(
            Text(
                f"没有密钥文件 {path.name}：它不在本机，或本机构已被承接"
                "（请在承接机构的工作区办理）",
                f"there is no key file {path.name}: it is kept elsewhere, or this organ"
                " was taken over (then work in the successor's workspace)",
            )
        )
    try:
        pem = files.read_whole(path, _MAX_FILE_BYTES)
        signer = SoftwareSigner.from_pem(pem, passphrase)
    except VerificationError as err:
        raise WorkspaceError(
            Text("口令不正确，无法打开密钥", "wrong passphrase: the keys do not open")
        ) from err
    except MalformedError as err:
        raise WorkspaceError(
            Text(f"密钥文件 {path.name} 已损坏", f"the key file {path.name} is damaged")
        ) from err
    if signer.public_key != key:
        raise WorkspaceError(
            Text(
                f"密钥文件 {path.name} 中是另一把密钥",
                f"the key file {path.name} holds another key",
            )
        )
    return signer


def key_path(folder: Path, use: str, key: PublicKey) -> Path:
    """Return where a private key is kept."""
    return folder / f"{use}-{key.kid.hex()}.pem"
