"""The key files of a workspace: made, kept encrypted, opened with its passphrase.

docs/formats/workspace.md. Two public files decide what counts: ``grants.cbor`` says
which keys sign, ``root-statements.cbor`` which root and bundle keys speak. Each private
key has a file of its own, named after its use and its kid, which is written before a
public file names it. So a run that is cut off leaves at most a file that nobody uses.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from elicense import dates, files, keychain, seal_picture, trust
from elicense.device import DeviceKeys, check_suite
from elicense.errors import WorkspaceError
from elicense.keychain import (
    Authority,
    ElectronicSeal,
    Keychain,
    KeyRecord,
    Purpose,
)
from elicense.model import Organization, Text
from elicense.trust import Period, RootStatement, SignedStatement
from elicense.trust.remembering import read_statements
from elicense.trust.roots import RootChain, verify_chain
from esign import cbor, cose, sm2
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.certificates import read_any
from esign.errors import MalformedError, VerificationError
from esign.gm_authority import GmAuthority
from esign.keys import PublicKey, Signer
from esign.pades import GmSealIdentity, SealIdentity
from esign.signer import SoftwareSigner

GRANTS_FILE = "grants.cbor"
STATEMENTS_FILE = "root-statements.cbor"
SEAL_DAYS = 5 * 365  # a licensed CA gives one to five years (field notes, D.4)
_MAX_FILE_BYTES = 1 << 16
_MAX_STATEMENTS_BYTES = 1 << 20  # a hundred statements of post-quantum keys

AnyAuthority: TypeAlias = DevelopmentAuthority | GmAuthority
"""A development CA: of P-256 keys, or of SM2 keys with a seal maker."""
NewKeys = Iterable[tuple[str, Signer]]
"""Uses and keys: the use is the first part of the file's name, or of the label."""


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
        return read_any(self.seal.certificates[0]).organization

    def identity(self, keys: "Keyring") -> SealIdentity | GmSealIdentity:
        """Return the seal's key with its certificates, or with its electronic seal."""
        own, *chain = self.seal.certificates
        if self.seal.seal is not None and self.seal.seal.der is not None:
            return GmSealIdentity(keys.seal, own, self.seal.seal.der)
        return SealIdentity(keys.seal, own, tuple(chain))

    def viewer_identity(self, keys: "Keyring") -> SealIdentity | None:
        """Return the seal for ordinary viewers; None where there is none."""
        record = self.keychain.viewer_seal
        if record is None or keys.viewer_seal is None:
            return None
        own, *chain = record.certificates
        return SealIdentity(keys.viewer_seal, own, tuple(chain))

    def check_time(self, at: datetime) -> None:
        """Refuse an instant at which nothing under these keys could be believed.

        Raises:
            WorkspaceError: the seal's certificate is not valid at ``at``, or a key that
                signs now did not sign yet.
        """
        facts = read_any(self.seal.certificates[0])
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
        viewer_seal: signs PDFs for ordinary viewers; None where there is none.
    """

    bundle: SoftwareSigner
    token: Signer
    status: Signer
    seal: Signer
    authorities: tuple[AnyAuthority, ...]
    viewer_seal: Signer | None = None


def make(
    organization: Organization,
    suites: Mapping[str, Suite],
    at: datetime,
    device: DeviceKeys | None = None,
) -> tuple[NewKeys, PublicParts]:
    """Make every key and certificate of a trial workspace.

    Args:
        organization: whose seal it is, and for whom its root speaks.
        suites: suites of ``root``, ``bundle``, ``token``, ``status`` and ``seal``;
            ES256 where not named. A seal of SM2 is an electronic one (GB/T 38540).
        at: first instant of the keys and certificates; whole seconds UTC.
        device: makes and keeps the keys of its uses; None for software keys alone.

    Returns:
        The private keys, to be kept by :func:`save_keys`, and what is public of them.

    Raises:
        WorkspaceError: no seal can carry the organ's name, or the device makes no key
            of a suite that is asked for.
        UnavailableError: it cannot be used; or SM2, and the extra ``gm`` is not
            installed.
    """
    for use in keychain.PURPOSES:
        if device is not None and device.makes(use):
            check_suite(use, suites.get(use, Suite.ES256))
    authority = new_authority(suites.get("seal", Suite.ES256), organization, at)
    signers = {
        name: new_key(name, suites.get(name, Suite.ES256), device)
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


def new_authority(
    suite: Suite, organization: Organization, at: datetime
) -> AnyAuthority:
    """Return a new development CA for seals of a suite.

    Args:
        suite: SM2, or ES256.
        organization: who runs the trial.
        at: first instant of its certificates; whole seconds UTC.
    """
    if suite is Suite.SM2:
        return GmAuthority.create(organization.name, at)
    return DevelopmentAuthority.create(organization.name, at)


def new_key(use: str, suite: Suite, device: DeviceKeys | None) -> Signer:
    """Make a key: in the device that makes those of its use, else in memory.

    Raises:
        WorkspaceError: the device makes no key of the suite.
        UnavailableError: it cannot be used.
    """
    if device is not None and device.makes(use):
        return device.make(use, suite)
    return SoftwareSigner.generate(suite)


def seal_record(
    organization: Organization,
    authority: AnyAuthority,
    key: PublicKey,
    at: datetime,
    purpose: Purpose = "seal",
) -> KeyRecord:
    """Return the record of a new seal with a certificate of a development CA.

    Args:
        organization: the name and code that stand in it.
        authority: who issues it, for :data:`SEAL_DAYS`.
        key: the seal's key.
        at: from when it signs; whole seconds UTC.
        purpose: which of the seals.

    Raises:
        ValueError: the CA's own certificate ends before.
        WorkspaceError: no seal can carry the organ's name.
    """
    certificate = authority.issue_seal(
        key, organization.name, organization.code, at, SEAL_DAYS
    )
    seal = None
    if isinstance(authority, GmAuthority):
        picture = seal_picture.picture(organization.name)
        name = f"{organization.name}电子证照专用章"
        made = authority.make_seal(name, picture, certificate)
        maker = (authority.maker_certificate, *authority.chain)
        seal = ElectronicSeal(sm2.sm3(made), maker, made)
    return KeyRecord(
        purpose=purpose,
        organization=organization.code,
        key=key,
        certificates=(certificate, *authority.chain),
        period=Period(at, None),
        seal=seal,
    )


def certificates_of(authority: AnyAuthority) -> Authority:
    """Return what is public of a development CA."""
    maker = None
    if isinstance(authority, GmAuthority):
        maker = authority.maker_certificate
    return Authority(authority.root_certificate, authority.issuing_certificate, maker)


def keys_of(authority: AnyAuthority) -> NewKeys:
    """Return the private keys of a development CA with their uses."""
    own = ("ca-root", authority.root), ("ca-issuing", authority.issuing)
    if isinstance(authority, GmAuthority):
        return *own, ("ca-maker", authority.maker)
    return own


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
