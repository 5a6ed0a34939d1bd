"""The keys of a workspace: made once, kept encrypted, opened with its passphrase."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from elicense import dates, files, trust
from elicense.errors import WorkspaceError
from elicense.model import Organization, Text
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.certificates import read_certificate
from esign.errors import MalformedError, VerificationError
from esign.pades import SealIdentity
from esign.signer import SoftwareSigner

PASSPHRASE_FILE = "passphrase"  # noqa: S105  a file name, not a secret
SEAL_DAYS = 5 * 365  # a licensed CA gives one to five years (field notes, D.4)
_RANDOM_BYTES = 24
_MAX_FILE_BYTES = 1 << 16
_CERTIFICATES = ("ca-root", "ca-issuing", "seal")
_STATEMENT = "root-statement.cose"


@dataclass(frozen=True, slots=True)
class Keyring:
    """Every key that a trial workspace holds, opened.

    Attributes:
        root: the trust root; in production it is kept off line.
        bundle: signs trust bundles.
        token: signs license tokens.
        status: signs status lists.
        seal: signs PDFs.
        ca_root: the development CA's root key.
        ca_issuing: the development CA's issuing key.
    """

    root: SoftwareSigner
    bundle: SoftwareSigner
    token: SoftwareSigner
    status: SoftwareSigner
    seal: SoftwareSigner
    ca_root: SoftwareSigner
    ca_issuing: SoftwareSigner


@dataclass(frozen=True, slots=True)
class PublicParts:
    """What belongs to the keys and is no secret.

    Attributes:
        root_statement: names the bundle key, signed by the root.
        ca_root: certificate of the CA's root, DER.
        ca_issuing: certificate of its issuing CA, DER.
        seal: the seal's certificate, DER.
    """

    root_statement: bytes
    ca_root: bytes
    ca_issuing: bytes
    seal: bytes

    def identity(self, keys: Keyring) -> SealIdentity:
        """Return the seal's key with its certificates."""
        return SealIdentity(keys.seal, self.seal, (self.ca_issuing,))

    def check_time(self, at: datetime) -> None:
        """Refuse an instant at which nothing under this seal could be believed.

        Raises:
            WorkspaceError: the seal's certificate is not valid at ``at``.
        """
        facts = read_certificate(self.seal)
        if not facts.not_before <= at <= facts.not_after:
            first, last = dates.day_of(facts.not_before), dates.day_of(facts.not_after)
            raise WorkspaceError(
                Text(
                    f"印章证书有效期为 {first} 至 {last}，请检查机器时钟或更换印章",
                    f"the seal's certificate is valid from {first} to {last}; check the"
                    " machine's clock, or renew the seal",
                )
            )


def keep_random_passphrase(folder: Path) -> bytes:
    """Return a new passphrase of 32 characters, kept beside the keys (0600).

    Raises:
        FileError: it cannot be written.
    """
    passphrase = secrets.token_urlsafe(_RANDOM_BYTES).encode()
    files.write(folder / PASSPHRASE_FILE, passphrase + b"\n", files.PRIVATE)
    return passphrase


def kept_passphrase(folder: Path) -> bytes:
    """Return the passphrase that is kept beside the keys.

    Raises:
        WorkspaceError: none is kept; says how else to give it.
        FileError: it cannot be read.
    """
    path = folder / PASSPHRASE_FILE
    if not files.is_file(path):
        raise WorkspaceError(
            Text(
                "需要口令：--passphrase-file、ELICENSE_PASSPHRASE 或 keys/passphrase",
                "a passphrase is needed: --passphrase-file, ELICENSE_PASSPHRASE"
                " or keys/passphrase",
            )
        )
    return files.read_whole(path, _MAX_FILE_BYTES).rstrip(b"\r\n")


def make(
    organization: Organization, suites: Mapping[str, Suite], at: datetime
) -> tuple[Keyring, PublicParts]:
    """Make every key and certificate of a trial workspace.

    Args:
        organization: whose seal it is.
        suites: suites of ``token``, ``status`` and ``bundle``; ES256 where not named.
        at: first instant of the certificates.
    """
    authority = DevelopmentAuthority.create(organization.name, at)
    keys = Keyring(
        root=SoftwareSigner.generate(Suite.ES256),
        bundle=SoftwareSigner.generate(suites.get("bundle", Suite.ES256)),
        token=SoftwareSigner.generate(suites.get("token", Suite.ES256)),
        status=SoftwareSigner.generate(suites.get("status", Suite.ES256)),
        seal=SoftwareSigner.generate(Suite.ES256),
        ca_root=authority.root,
        ca_issuing=authority.issuing,
    )
    certificate = authority.issue_seal(
        keys.seal.public_key, organization.name, organization.code, at, SEAL_DAYS
    )
    statement = trust.sign_root_statement(
        keys.root, [keys.bundle.public_key], number=1, at=at
    )
    parts = PublicParts(
        statement,
        authority.root_certificate,
        authority.issuing_certificate,
        certificate,
    )
    return keys, parts


def save(folder: Path, keys: Keyring, parts: PublicParts, passphrase: bytes) -> None:
    """Write keys (0600, encrypted) and public parts into a folder.

    Raises:
        FileError: a file cannot be written.
    """
    for name in _names():
        pem = getattr(keys, name).to_pem(passphrase)
        files.write(_key_path(folder, name), pem, files.PRIVATE)
    for name, data in zip(
        _CERTIFICATES, (parts.ca_root, parts.ca_issuing, parts.seal), strict=True
    ):
        files.write(folder / f"{name}.der", data)
    files.write(folder / _STATEMENT, parts.root_statement)


def load_parts(folder: Path) -> PublicParts:
    """Read the public parts.

    Not checked: whether they belong together; no publication is made that is not.

    Raises:
        WorkspaceError: a certificate is damaged; names the file.
        FileError: a file cannot be read.
    """
    ca_root, ca_issuing, seal = (
        _certificate(folder / f"{name}.der") for name in _CERTIFICATES
    )
    statement = files.read_whole(folder / _STATEMENT, _MAX_FILE_BYTES)
    return PublicParts(statement, ca_root, ca_issuing, seal)


def _certificate(path: Path) -> bytes:
    data = files.read_whole(path, _MAX_FILE_BYTES)
    try:
        read_certificate(data)
    except MalformedError as err:
        raise WorkspaceError(
            Text(
                f"证书文件 {path.name} 已损坏",
                f"the certificate {path.name} is damaged",
            )
        ) from err
    return data


def unlock(folder: Path, passphrase: bytes) -> Keyring:
    """Open every key.

    Raises:
        WorkspaceError: the passphrase is wrong, or a key file is damaged; names it.
        FileError: a file cannot be read.
    """
    return Keyring(**{name: _open(folder, name, passphrase) for name in _names()})


def _open(folder: Path, name: str, passphrase: bytes) -> SoftwareSigner:
    path = _key_path(folder, name)
    try:
        pem = files.read_whole(path, _MAX_FILE_BYTES)
        return SoftwareSigner.from_pem(pem, passphrase)
    except VerificationError as err:
        raise WorkspaceError(
            Text("口令不正确，无法打开密钥", "wrong passphrase: the keys do not open")
        ) from err
    except MalformedError as err:
        raise WorkspaceError(
            Text(f"密钥文件 {path.name} 已损坏", f"the key file {path.name} is damaged")
        ) from err


def _names() -> tuple[str, ...]:
    return tuple(entry.name for entry in fields(Keyring))


def _key_path(folder: Path, name: str) -> Path:
    return folder / f"{name.replace('_', '-')}.pem"
