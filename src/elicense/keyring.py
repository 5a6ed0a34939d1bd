"""The key files of a workspace: made, kept encrypted, opened with its passphrase.

docs/formats/workspace.md. Two public files decide what counts: ``grants.cbor`` says
which keys sign, ``root-statements.cbor`` which root and bundle keys speak. Each private
key has a file of its own, named after its use and its kid, which is written before a
public file names it. So a run that is cut off leaves at most a file that nobody uses.
"""

import fcntl
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from elicense import dates, files, keychain, trust
from elicense.errors import WorkspaceError
from elicense.keychain import Authority, Keychain, KeyRecord, Purpose
from elicense.model import Organization, Text
from elicense.trust import Period, RootStatement, SignedStatement
from elicense.trust.remembering import read_statements
from elicense.trust.roots import RootChain, verify_chain
from esign import cbor, cose
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.certificates import read_certificate
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey
from esign.pades import SealIdentity
from esign.signer import SoftwareSigner

PASSPHRASE_FILE = "passphrase"  # noqa: S105  a file name, not a secret
GRANTS_FILE = "grants.cbor"
STATEMENTS_FILE = "root-statements.cbor"
LOCK_FILE = "lock"
SEAL_DAYS = 5 * 365  # a licensed CA gives one to five years (field notes, D.4)
_RANDOM_BYTES = 24
_MAX_FILE_BYTES = 1 << 16
_MAX_STATEMENTS_BYTES = 1 << 20  # a hundred statements of post-quantum keys

NewKeys = Iterable[tuple[str, SoftwareSigner]]
"""Uses and keys: the use is the first part of the file's name."""


@dataclass(frozen=True, slots=True)
class PublicParts:
    """What belongs to the keys and is no secret.

    Attributes:
        keychain: which keys sign, and which did.
        statements: what the roots said, signed, oldest first.
        roots: the same, verified.
    """

    keychain: Keychain
    statements: tuple[SignedStatement, ...]
    roots: RootChain = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Verify every signature and every link of the statements.

        Raises:
            MalformedError: a statement has another shape.
            VerificationError: a signature or a link does not hold.
        """
        envelopes = (
            tuple(cose.open_sealed(item, trust.ROOT_PURPOSE) for item in statement)
            for statement in self.statements
        )
        object.__setattr__(self, "roots", verify_chain(envelopes))

    @property
    def seal(self) -> KeyRecord:
        """The seal that signs now."""
        return self.keychain.current("seal")

    @property
    def seal_name(self) -> str:
        """The organ's name in the certificate of that seal."""
        return read_certificate(self.seal.certificates[0]).organization

    def identity(self, keys: "Keyring") -> SealIdentity:
        """Return the seal's key with its certificates."""
        own, *chain = self.seal.certificates
        return SealIdentity(keys.seal, own, tuple(chain))

    def check_time(self, at: datetime) -> None:
        """Refuse an instant at which nothing under these keys could be believed.

        Raises:
            WorkspaceError: the seal's certificate is not valid at ``at``, or a key that
                signs now did not sign yet.
        """
        facts = read_certificate(self.seal.certificates[0])
        begins = [
            self.keychain.current(item).period.signs_from for item in keychain.PURPOSES
        ]
        earliest = max(facts.not_before, *begins)
        if not earliest <= at <= facts.not_after:
            first, last = dates.day_of(earliest), dates.day_of(facts.not_after)
            raise WorkspaceError(
                Text(
                    f"密钥与印章证书自 {first} 起用，印章证书至 {last} 到期，"
                    "请检查机器时钟或更换印章（elicense keys renew seal）",
                    f"the keys sign from {first} and the seal's certificate is valid"
                    f" until {last}; check the machine's clock, or renew the seal"
                    " (elicense keys renew seal)",
                )
            )


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys with which a workspace works day by day, opened.

    The root is not among them: it is asked for only when it speaks (:func:`open_root`).

    Attributes:
        bundle: signs trust bundles.
        token: signs license tokens.
        status: signs status lists.
        seal: signs PDFs.
        authorities: the development CAs of its seals, oldest first.
    """

    bundle: SoftwareSigner
    token: SoftwareSigner
    status: SoftwareSigner
    seal: SoftwareSigner
    authorities: tuple[DevelopmentAuthority, ...]


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
) -> tuple[NewKeys, PublicParts]:
    """Make every key and certificate of a trial workspace.

    Args:
        organization: whose seal it is, and for whom its root speaks.
        suites: suites of ``token``, ``status`` and ``bundle``; ES256 where not named.
        at: first instant of the keys and certificates; whole seconds UTC.

    Returns:
        The private keys, to be kept by :func:`save_keys`, and what is public of them.
    """
    authority = DevelopmentAuthority.create(organization.name, at)
    signers = {
        name: SoftwareSigner.generate(suites.get(name, Suite.ES256))
        for name in ("root", "bundle", "token", "status", "seal")
    }
    records = [
        KeyRecord(
            purpose=purpose,
            organization=organization.code,
            key=signers[purpose].public_key,
            period=Period(at, None),
        )
        for purpose in ("token", "status")
    ]
    records.append(seal_record(organization, authority, signers["seal"].public_key, at))
    first = RootStatement(
        number=1,
        issued_at=at,
        speaks_for=organization.code,
        bundle_keys=(signers["bundle"].public_key,),
    )
    chain = Keychain(
        organization=organization.code,
        authorities=(certificates_of(authority),),
        records=tuple(records),
    )
    statements = (trust.sign_root_statement(first, signers["root"]),)
    return (*signers.items(), *keys_of(authority)), PublicParts(chain, statements)


def seal_record(
    organization: Organization,
    authority: DevelopmentAuthority,
    key: PublicKey,
    at: datetime,
) -> KeyRecord:
    """Return the record of a new seal with a certificate of a development CA.

    Args:
        organization: the name and code that stand in it.
        authority: who issues it, for :data:`SEAL_DAYS`.
        key: the seal's key.
        at: from when it signs; whole seconds UTC.

    Raises:
        ValueError: the CA's own certificate ends before.
    """
    certificate = authority.issue_seal(
        key, organization.name, organization.code, at, SEAL_DAYS
    )
    return KeyRecord(
        purpose="seal",
        organization=organization.code,
        key=key,
        certificates=(certificate, *authority.chain),
        period=Period(at, None),
    )


def certificates_of(authority: DevelopmentAuthority) -> Authority:
    """Return what is public of a development CA."""
    return Authority(authority.root_certificate, authority.issuing_certificate)


def keys_of(authority: DevelopmentAuthority) -> NewKeys:
    """Return the private keys of a development CA with their uses."""
    return ("ca-root", authority.root), ("ca-issuing", authority.issuing)


def save_keys(folder: Path, keys: NewKeys, passphrase: bytes) -> None:
    """Write private keys (0600, encrypted), each into a file of its own.

    Raises:
        ValueError: the passphrase is empty.
        FileError: a file cannot be written.
    """
    for use, signer in keys:
        path = key_path(folder, use, signer.public_key)
        files.write(path, signer.to_pem(passphrase), files.PRIVATE)


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


def unlock(folder: Path, parts: PublicParts, passphrase: bytes) -> Keyring:
    """Open every key that signs now.

    Raises:
        WorkspaceError: the passphrase is wrong, or a key file is damaged or holds
            another key; names it.
        FileError: a file cannot be read.
    """

    def opened(purpose: Purpose) -> SoftwareSigner:
        key = parts.keychain.current(purpose).key
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
    )


def _open_authority(
    folder: Path, item: Authority, passphrase: bytes
) -> DevelopmentAuthority:
    root, issuing = (
        open_key(folder, use, read_certificate(der).public_key, passphrase)
        for use, der in (("ca-root", item.root), ("ca-issuing", item.issuing))
    )
    return DevelopmentAuthority(root, issuing, item.root, item.issuing)


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


@contextmanager
def locked(folder: Path, *, alone: bool) -> Iterator[None]:
    """Hold the workspace's keys for the block: many may sign, one alone may change.

    Waits for the others. The lock ends with the process, however that ends.

    Args:
        folder: of the key files.
        alone: whether the keys are changed; else they only sign.

    Raises:
        FileError: the lock's file cannot be opened.
    """
    path = folder / LOCK_FILE
    try:
        handle = path.open("ab")
    except OSError as err:
        reason = err.strerror or type(err).__name__
        raise files.FileError(
            Text(f"无法打开 {path}：{reason}", f"cannot open {path}: {reason}")
        ) from err
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
