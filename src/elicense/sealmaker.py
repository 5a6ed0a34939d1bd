"""The development maker of test seals (制章): its keys and certificates on disk.

For trial only, and everything that it makes says so. Real seals come from a licensed
maker and are imported.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Self

from elicense import files
from elicense.errors import WorkspaceError
from elicense.identifiers import check_uscc
from elicense.model import Text
from elicense.sealing import SealReason, SealRecord
from esign import seal_image, ses, sm2
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.gm_authority import TEST_NOTICE, VENDOR, GmAuthority
from esign.seal_image import SealSpec
from esign.ses import Picture, SealDraft
from esign.signer import SoftwareSigner
from esign.sm2.lists import Revoked, issue_list

SEAL_DAYS = 365
"""Validity of a seal and its signer's certificate, days."""
LIST_DAYS = 30
PICTURE_DPI = 300
VERSIONS = (4, 5)
_MAX_BYTES = 1 << 16
_ROLES = ("root", "issuing", "maker")
_SERIAL_DIGITS = 8
_UNIT_SEAL = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SealOrder:
    """What a test seal is to be.

    Attributes:
        owner: USCC of the organ.
        spec: what the picture says; its name is the organ's.
        version: 4 (GB/T 38540-2020) or 5 (GM/T 0031-2025).
        by_digest: list the signer by SM3 of its certificate.
        signer: certificate of a key that is kept elsewhere, DER, which the seal lists;
            None for a new key of the maker's own.
    """

    owner: str
    spec: SealSpec
    version: int = 4
    by_digest: bool = False
    signer: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check owner and version.

        Raises:
            MalformedCodeError: the owner is no USCC.
            ValueError: another version.
        """
        check_uscc(self.owner)
        if self.version not in VERSIONS:
            raise ValueError("seals of version 4 and 5 are made")


class SealMaker:
    """The maker of a workspace; hold ``custody.changing()`` while it is used."""

    MARK: ClassVar[str] = "maker.der"
    """The file that is there once the maker is made."""

    def __init__(self, folder: Path, passphrase: bytes, made: GmAuthority) -> None:
        """Use :meth:`open`."""
        self._folder = folder
        self._passphrase = passphrase
        self._authority = made

    @classmethod
    def open(cls, folder: Path, passphrase: bytes, name: str, at: datetime) -> Self:
        """Open the maker of a folder; make it where there is none.

        Args:
            folder: ``seals/`` of a workspace; made where it is missing.
            passphrase: opens the keys, or encrypts new ones.
            name: who runs the trial, for new certificates.
            at: first instant of new certificates, whole seconds UTC.

        Raises:
            WorkspaceError: the passphrase is wrong, or a file is damaged.
            FileError: a file cannot be read or written.
            UnavailableError: the extra ``gm`` is not installed.
        """
        files.make_folder(folder, 0o700)
        if not files.is_file(folder / cls.MARK):
            cls._create(folder, passphrase, name, at)
        try:
            keys, ders = zip(
                *(_opened(folder, r, passphrase) for r in _ROLES), strict=True
            )
            return cls(folder, passphrase, GmAuthority(*keys, *ders))
        except (MalformedError, VerificationError, ValueError) as err:
            raise WorkspaceError(
                Text(
                    f"{folder.name}/ 中的制章密钥无法打开：{err}",
                    f"the maker's keys in {folder.name}/ do not open: {err}",
                )
            ) from err

    @classmethod
    def _create(cls, folder: Path, passphrase: bytes, name: str, at: datetime) -> None:
        made = GmAuthority.create(name, at)
        for role in _ROLES:  # the maker comes last: its certificate is the mark
            key: SoftwareSigner = getattr(made, role)
            pem = key.to_pem(passphrase)
            files.write(folder / f"{role}.pem", pem, files.PRIVATE)
            files.write(folder / f"{role}.der", getattr(made, f"{role}_certificate"))
        cls(folder, passphrase, made).publish((), at)

    def make(self, wanted: SealOrder, at: datetime) -> bytes:
        """Make a seal, and the key of who signs with it unless that is elsewhere.

        The key is written before the seal leaves; its file bears the seal's id.

        Args:
            wanted: what it is to be.
            at: the first instant of its period, whole seconds UTC.

        Returns:
            The SESeal, DER.

        Raises:
            WorkspaceError: no seal can say that, or the maker's certificates end.
            FileError: a file cannot be written.
        """
        identifier = self._free_identifier(wanted.owner)
        try:
            key, certificate = self._signer(wanted, at)
            draft = _draft(wanted, identifier, certificate, at)
            maker = self._authority.maker
            made = ses.build_seal(draft, self._authority.maker_certificate, maker)
        except (ValueError, MalformedError) as err:
            raise WorkspaceError(
                Text(f"无法制作该印章：{err}", f"no such seal can be made: {err}")
            ) from err
        if key is not None:
            pem = key.to_pem(self._passphrase)
            files.write(self._folder / f"{identifier}.pem", pem, files.PRIVATE)
            files.write(self._folder / f"{identifier}.der", certificate)
        files.write(self._folder / f"{identifier}.esl", made)
        return made

    def _signer(
        self, wanted: SealOrder, at: datetime
    ) -> tuple[SoftwareSigner | None, bytes]:
        """Return who signs: a new key with its certificate, or one from elsewhere."""
        if wanted.signer is not None:
            return None, wanted.signer
        key = SoftwareSigner.generate(Suite.SM2)
        return key, self._authority.issue_seal(
            key.public_key, wanted.spec.name, wanted.owner, at, SEAL_DAYS
        )

    def _free_identifier(self, owner: str) -> str:
        """Return 6 digits of the division and a number, as government seals have it."""
        while True:
            number = secrets.randbelow(10**_SERIAL_DIGITS)
            identifier = f"{owner[2:8]}{number:0{_SERIAL_DIGITS}d}"
            if not files.is_file(self._folder / f"{identifier}.esl"):
                return identifier

    def publish(self, seals: Iterable[SealRecord], at: datetime) -> None:
        """Write ``trust/``: whom to believe of the test seals, and what was revoked.

        It is what ``elicense seal check --trust`` reads.

        Args:
            seals: the register; revoked ones that were made here are listed.
            at: the lists' thisUpdate, whole seconds UTC.

        Raises:
            FileError: a file cannot be written.
        """
        made, until = self._authority, at + timedelta(days=LIST_DAYS)
        revoked = [
            _revoked(one, at, files.read_whole(path, _MAX_BYTES))
            for one in seals
            if one.withdrawn is not None
            and files.is_file(path := self._folder / f"{one.id}.der")
        ]
        lists = {
            "root": issue_list(made.root_certificate, made.root, (at, until), []),
            "issuing": issue_list(
                made.issuing_certificate, made.issuing, (at, until), revoked
            ),
        }
        written = {
            "makers/maker.der": made.maker_certificate,
            "roots/root.der": made.root_certificate,
            "cas/issuing.der": made.issuing_certificate,
            **{f"crls/{name}.crl": data for name, data in lists.items()},
        }
        for name, data in written.items():
            path = self._folder / "trust" / name
            files.make_folder(path.parent)
            files.write(path, data)


def _draft(
    wanted: SealOrder, identifier: str, certificate: bytes, at: datetime
) -> SealDraft:
    """Return what a seal says; its period is the signer's, but a year at most."""
    spec, facts = wanted.spec, sm2.read_certificate(certificate)
    since = max(at, facts.not_before)
    sides = round(spec.width_mm), round(spec.height_mm)
    return SealDraft(
        version=wanted.version,
        vendor=VENDOR,
        identifier=identifier,
        kind=_UNIT_SEAL,
        name=f"{spec.name}{spec.line}（{TEST_NOTICE}）",
        signers=(certificate,),
        created=since,
        valid_from=since,
        valid_until=min(facts.not_after, since + timedelta(days=SEAL_DAYS)),
        picture=Picture("PNG", seal_image.to_png(spec, PICTURE_DPI), *sides),
        by_digest=wanted.by_digest,
    )


def _opened(folder: Path, role: str, passphrase: bytes) -> tuple[SoftwareSigner, bytes]:
    pem = files.read_whole(folder / f"{role}.pem", _MAX_BYTES)
    der = files.read_whole(folder / f"{role}.der", _MAX_BYTES)
    return SoftwareSigner.from_pem(pem, passphrase), der


def _revoked(seal: SealRecord, at: datetime, certificate: bytes) -> Revoked:
    withdrawn = seal.withdrawn
    if withdrawn is None:
        raise TypeError("only a revoked seal is listed")
    reason = seal.history[-1].reason
    stolen = reason is SealReason.COMPROMISED
    return Revoked(certificate, min(withdrawn.at, at), is_compromise=stolen)
