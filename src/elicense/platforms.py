"""A workspace's seal platform: the seals that it seals with, and how it is asked.

docs/formats/workspace.md, section 2; docs/seal-platforms.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from elicense import files
from elicense.errors import WorkspaceError
from elicense.model import Text
from elicense.sealing.platform import Address, PlatformSealer
from elicense.sealing.wire import Credentials
from elicense.settings import PlatformSettings
from elicense.trust import Period, SealEntry
from esign import ses, sm2
from esign.errors import MalformedError, UnavailableError
from esign.pades import SealObject, SubFilter

PLATFORM_FOLDER = "platform"
SEAL_FILE, SIGNER_FILE, MAKER_FILE = "seal.esl", "signer.cer", "maker.cer"
ROOT_FILE, CA_FILE = "root.cer", "ca.cer"
_MAX_CERTIFICATE = 1 << 13
_SECRET_BYTES = range(8, 1025)


@dataclass(frozen=True, slots=True)
class PlatformSeal:
    """A seal that a platform holds the key of.

    Attributes:
        entry: as a bundle lists it.
        root: the root above its signer and its maker, DER.
    """

    entry: SealEntry
    root: bytes = field(repr=False)


def seals(folder: Path, code: str, types: Sequence[str]) -> tuple[PlatformSeal, ...]:
    """Return the seals under ``platform/`` of a workspace, sorted by folder.

    Args:
        folder: of the workspace.
        code: USCC of the organ.
        types: what they are granted.

    Raises:
        WorkspaceError: a file is missing or wrong.
    """
    found = sorted((folder / PLATFORM_FOLDER).glob(f"*/{SEAL_FILE}"))
    return tuple(_seal(path.parent, code, tuple(types)) for path in found)


def _seal(folder: Path, code: str, types: tuple[str, ...]) -> PlatformSeal:
    try:
        seal = ses.read_seal(files.read_whole(folder / SEAL_FILE, ses.MAX_SEAL_BYTES))
        signer, maker, root = (
            _certificate(folder / name) for name in (SIGNER_FILE, MAKER_FILE, ROOT_FILE)
        )
        between = folder / CA_FILE
        above = (_certificate(between),) if between.exists() else ()
    except (MalformedError, UnavailableError) as err:
        raise WorkspaceError(
            Text(
                f"{folder} 中的电子印章或证书无法使用（{err}）",
                f"{folder}: the seal or a certificate cannot be used ({err})",
            )
        ) from err
    made = SealObject(sm2.sm3(seal.der), (maker, *above))
    entry = SealEntry(
        code,
        (signer, *above),
        types,
        Period(seal.valid_from, None),
        subfilter=SubFilter.GM_SEAL,
        seals=(made,),
    )
    return PlatformSeal(entry, root)


def _certificate(path: Path) -> bytes:
    return sm2.read_certificate(files.read_whole(path, _MAX_CERTIFICATE)).der


def sealer(
    folder: Path, wanted: PlatformSettings, secret: bytes | None
) -> PlatformSealer:
    """Return who is asked for seals.

    Args:
        folder: of the workspace.
        wanted: its settings.
        secret: appSecret where no file has it.

    Raises:
        WorkspaceError: there is no secret, or no address.
        FileError: the secret's file cannot be read.
    """
    if wanted.secret_file:
        path = folder / wanted.secret_file
        secret = files.read_whole(path, _SECRET_BYTES.stop).removesuffix(b"\n")
    if secret is None or len(secret) not in _SECRET_BYTES:
        raise WorkspaceError(
            Text(
                "缺少签章平台的 appSecret，或长度不是 8 至 1024 字节：请设"
                " [platform] secret_file 或 ELICENSE_PLATFORM_SECRET",
                "the seal platform's appSecret is missing, or has not 8 to 1024"
                " bytes: set [platform] secret_file or ELICENSE_PLATFORM_SECRET",
            )
        )
    asked_by = Credentials(wanted.app_id, secret, wanted.seal_id, wanted.operator)
    ca_file = str(folder / wanted.ca_file) if wanted.ca_file else None
    return PlatformSealer(Address.parse(wanted.url), asked_by, ca_file=ca_file)
