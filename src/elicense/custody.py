"""Custody of a workspace's keys: which one signs, and how one follows another.

Every change is one replaced file: new private keys are written first, under names of
their own, then ``grants.cbor`` or ``root-statements.cbor`` is replaced, and only then
the old private key is overwritten, attested destroyed, and removed. A run that is cut
off anywhere leaves keys that work; the next change finishes what is left.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from elicense import files, keychain, keyfolder, keyring, trust, wiping
from elicense.device import DeviceKeys
from elicense.errors import WorkspaceError
from elicense.keychain import (
    SEALS,
    VIEWER_SEAL,
    Authority,
    Keychain,
    KeyRecord,
    Purpose,
)
from elicense.keyring import AnyAuthority, Keyring, PublicParts
from elicense.model import Organization, Text
from elicense.trust import Period, RootStatement, SignedStatement
from elicense.trust.reading import MAX_STATEMENTS
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.certificates import read_any, read_certificate
from esign.keys import PublicKey, Signer
from esign.signer import SoftwareSigner

CRL_DAYS = 30  # until nextUpdate; each publication makes new lists


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose keys they are, on the day of a change.

    Attributes:
        organization: name and code that a new seal carries.
        types: the license types of the catalog, which the old key was granted.
    """

    organization: Organization
    types: tuple[str, ...]


class Custody:
    """The folder ``keys`` of a workspace."""

    def __init__(
        self,
        folder: Path,
        passphrase: bytes | None = None,
        device: DeviceKeys | None = None,
    ) -> None:
        """Read what is public; private keys are opened when they are used.

        Args:
            folder: of the key files.
            passphrase: opens them; None reads the file ``passphrase``.
            device: holds the keys that have no file.

        Raises:
            WorkspaceError: a public file is damaged.
            FileError: one cannot be read.
        """
        self.folder = folder
        self._passphrase, self._device = passphrase, device
        self._public = keyring.read_public(folder)
        self._parts = keyring.parts_of(*self._public)
        self._keys: Keyring | None = None

    @property
    def parts(self) -> PublicParts:
        """What is public of the keys, as it was read last."""
        return self._parts

    def reload(self) -> PublicParts:
        """Read the public files again: another process may have changed the keys.

        Raises:
            WorkspaceError: a public file is damaged.
            FileError: one cannot be read.
        """
        found = keyring.read_public(self.folder)
        if found != self._public:
            self._parts = keyring.parts_of(*found)
            self._public, self._keys = found, None
        return self._parts

    @property
    def pins(self) -> tuple[str, ...]:
        """Fingerprints of all roots that ever spoke here, oldest first."""
        return tuple(self._parts.roots.scopes)

    @property
    def keys(self) -> Keyring:
        """The keys that sign now, opened on first use.

        Raises:
            WorkspaceError: there is no passphrase, or it is wrong, or a file damaged.
            FileError: a file cannot be read.
            UnavailableError: the device cannot be used.
        """
        if self._keys is None:
            self._keys = keyring.unlock(
                self.folder, self._parts, self._secret(), self._device
            )
        return self._keys

    def secret(self) -> bytes:
        """Return the passphrase, once it has opened a key that signs now.

        Raises:
            WorkspaceError: there is none, or it is wrong.
            FileError: a file cannot be read.
        """
        self._prove()
        return self._secret()

    def _secret(self) -> bytes:
        return self._passphrase or keyfolder.kept_passphrase(self.folder)

    def open_root(self) -> SoftwareSigner:
        """Open the root that speaks now; see :func:`keyring.open_root`."""
        return keyring.open_root(self.folder, self._parts, self._secret())

    def private_files(self) -> tuple[Path, ...]:
        """Return the files of all private keys that are here, but those of CAs."""
        uses = ("root", "bundle", "token", "status", *SEALS)
        return tuple(
            path for use in uses for path in sorted(self.folder.glob(f"{use}-*.pem"))
        )

    def signing(self) -> AbstractContextManager[None]:
        """Keep the keys from being changed while something is signed."""
        return keyfolder.locked(self.folder, alone=False)

    def changing(self) -> AbstractContextManager[None]:
        """Keep all others away while the keys are changed."""
        return keyfolder.locked(self.folder, alone=True)

    def crls(self, at: datetime) -> tuple[bytes, ...]:
        """Return the revocation lists of the development CAs, made at an instant.

        A CA of SM2 keys has none: what became of its seals stands in their entries.

        Args:
            at: aware UTC, whole seconds.

        Raises:
            WorkspaceError, FileError: the keys do not open.
        """
        seals = [
            item
            for purpose in SEALS
            for item in self._parts.keychain.own(purpose)
            if item.compromised_from is not None
        ]
        return tuple(
            authority.crl(at, CRL_DAYS, dict(_revoked(seals, authority.chain, at)))
            for authority in self.keys.authorities
            if isinstance(authority, DevelopmentAuthority) and _is_valid(authority, at)
        )

    def is_untidy(self) -> bool:
        """Tell whether a change was cut off before the old key was destroyed.

        Raises:
            FileError: the folder cannot be entered.
            UnavailableError: a key of a device waits, and the device is away.
        """
        waiting = [
            (item.purpose, item.key)
            for item in self._parts.keychain.records
            if not item.signs and not item.destroyed
        ]
        return any(
            files.is_file(self.path(use, key))
            for use, key in (*waiting, *self._spent())
        ) or any(self._in_device(use, key) for use, key in waiting)

    def _in_device(self, use: str, key: PublicKey) -> bool:
        return self._device is not None and self._device.holds(use, key)

    # Changes. The caller holds :meth:`changing`.

    def renew(self, purpose: Purpose, owner: Owner, at: datetime) -> KeyRecord:
        """Let a new key of the same suite sign, and destroy the one before it.

        Args:
            purpose: which one; a seal gets a new certificate of the development CA.
            owner: whose.
            at: whole seconds UTC.

        Returns:
            The record of the old key, as it is now.

        Raises:
            WorkspaceError: the old key signs from this very second, or the keys do not
                open.
            FileError: a file cannot be written; the old key signs on.
        """
        chain = self.reload().keychain
        if purpose == VIEWER_SEAL and chain.viewer_seal is None:
            raise WorkspaceError(
                Text(
                    "尚无普通阅读器可验的印章（elicense keys viewer-seal）",
                    "there is no seal for ordinary viewers (elicense keys viewer-seal)",
                )
            )
        old = chain.current(purpose)
        self._prove(old)
        self._replace(old, owner, at)
        return self._finished(old)

    def compromise(
        self, name: str, since: datetime, owner: Owner, at: datetime
    ) -> KeyRecord:
        """Mark a key that may have been in other hands; it never signs again.

        Args:
            name: see :meth:`Keychain.meant`.
            since: from when; not after ``at``. An earlier mark stays.
            owner: whose.
            at: whole seconds UTC.

        Returns:
            The record of the key, as it is now.

        Raises:
            WorkspaceError: as for :meth:`Keychain.meant` and :meth:`renew`.
            ValueError: ``since`` lies after ``at``.
        """
        if since > at:
            raise ValueError("a key is known to be compromised, not expected to be")
        found = self.reload().keychain.meant(name, since)
        self._prove(found if found.signs else None)
        known = found.compromised_from
        earliest = since if known is None else min(since, known)
        if found.signs:
            self._replace(found, owner, at, earliest)
        else:
            self.keep(
                self._parts.keychain.changed(replace(found, compromised_from=earliest))
            )
        return self._finished(found)

    def attest(self, name: str) -> KeyRecord:
        """Keep that an earlier key exists no more, on the word of the caller.

        Args:
            name: the key's kid in hexadecimal.

        Returns:
            The record of the key, as it is now.

        Raises:
            WorkspaceError: no such key, or it signs.
            FileError: its file is here and cannot be overwritten.
        """
        found = self.reload().keychain.named(name)
        if found.signs:
            raise WorkspaceError(
                Text(
                    f"密钥 {name} 正在使用，请先更换：elicense keys renew",
                    f"the key {name} signs; renew it first: elicense keys renew",
                )
            )
        self._prove()
        self.tidy()
        attested = replace(self._parts.keychain.named(name), destroyed=True)
        path = self._path(attested)
        if files.is_file(path):  # whatever it holds, it is not that key
            _wipe(path)
        self.keep(self._parts.keychain.changed(attested))
        wiping.remove(path)
        return attested

    def _prove(self, first: KeyRecord | None = None) -> None:
        """Open a key, so that a wrong passphrase changes nothing."""
        keyring.prove(self.folder, self._parts, self._secret(), first)

    def backfill(self, first: date, last: date) -> KeyRecord:
        """Grant the token key that signs now the legal dates of licenses on paper.

        Args:
            first: the first day.
            last: the last one, inclusive; not before ``first``.

        Returns:
            The record of the key, as it is now.

        Raises:
            WorkspaceError: the range does not include the one before.
        """
        if last < first:
            raise ValueError("a range does not end before it begins")
        current = self.reload().keychain.current("token")
        granted = keychain.widened(current, first, last)
        self._prove(current)
        self.keep(self._parts.keychain.changed(granted))
        return granted

    def renew_bundle_key(self, at: datetime) -> None:
        """Let the root name a new bundle key, and destroy the one before it.

        Args:
            at: whole seconds UTC.

        Raises:
            WorkspaceError: the root is kept off line, or the keys do not open.
            FileError: a file cannot be written; the old key signs on.
        """
        last = self.reload().roots.last
        self._prove()
        root = self.open_root()
        new = SoftwareSigner.generate(last.bundle_keys[-1].suite)
        statement = RootStatement(
            number=last.number + 1,
            issued_at=at,
            speaks_for=last.speaks_for,
            bundle_keys=(new.public_key,),
        )
        keyring.save_keys(self.folder, [("bundle", new)], self._secret())
        self._say([trust.sign_root_statement(statement, root)])
        self.tidy()

    def rotate_root(self, at: datetime) -> str:
        """Let a new root of the same suite speak after the old one; both sign it.

        The old one's private key stays until :meth:`tidy`.

        Returns:
            The new root's fingerprint.

        Raises:
            WorkspaceError: the root is kept off line, or the keys do not open.
            FileError: a file cannot be written; the old root speaks on.
        """
        self.reload()
        self._prove()
        old = self.open_root()
        new = SoftwareSigner.generate(old.public_key.suite)
        keyring.save_keys(self.folder, [("root", new)], self._secret())
        self._say(trust.sign_handover(self._parts.roots.last, old, new, at))
        return new.public_key.fingerprint

    def tidy(self) -> tuple[KeyRecord, ...]:
        """Destroy the private keys that sign no more, and attest it.

        The order is: overwrite, attest, remove; in a device: destroy the private half,
        attest, remove the public half. So a key is attested destroyed only
        where this program overwrote it, also where a run was cut off in between. A file
        that does not open as the key it is named after is left as it is.

        Returns:
            Retired keys whose files are not here, so that nobody here can attest it.

        Raises:
            WorkspaceError: a file is there, and the passphrase is wrong or missing.
            FileError: a file cannot be overwritten, removed or written.
            UnavailableError: a key of a device waits, and the device is away.
        """
        chain = self._parts.keychain
        retired = [item for item in chain.records if not item.signs]
        mine = [item for item in retired if self._waits(item)]
        for item in mine:
            self._destroy(item)
            chain = chain.changed(replace(item, destroyed=True))
        if chain != self._parts.keychain:
            self.keep(chain)
        for item in mine:
            self._remove(item)
        for use, key in self._spent():
            if self.holds(use, key):
                _wipe(self.path(use, key))
                wiping.remove(self.path(use, key))
        return tuple(
            item for item in retired if not item.destroyed and item not in mine
        )

    def _waits(self, item: KeyRecord) -> bool:
        """Tell whether a retired key is here to be destroyed, or its mark to go."""
        if self.holds(item.purpose, item.key):
            return True
        return not item.destroyed and self._in_device(item.purpose, item.key)

    def _destroy(self, item: KeyRecord) -> None:
        if self._device is None or files.is_file(self._path(item)):
            _wipe(self._path(item))
        else:
            self._device.destroy(item.purpose, item.key)

    def _remove(self, item: KeyRecord) -> None:
        if self._device is None or files.is_file(self._path(item)):
            wiping.remove(self._path(item))
        else:
            self._device.remove(item.purpose, item.key)

    def _spent(self) -> Iterator[tuple[str, PublicKey]]:
        """Give the uses and keys of roots and bundle keys that speak no more."""
        roots = self._parts.roots
        for statement in roots.statements:
            if statement.root != roots.last.root:
                yield "root", statement.root
            for key in statement.bundle_keys:
                if key not in roots.last.bundle_keys:
                    yield "bundle", key

    def holds(self, use: str, key: PublicKey) -> bool:
        """Tell whether a file is here that is this key, or was overwritten already."""
        path = self.path(use, key)
        if not files.is_file(path):
            return False
        if wiping.is_wiped(path):
            return True
        try:
            keyring.open_key(self.folder, use, key, self._secret())
        except WorkspaceError:
            self._prove()  # a wrong passphrase is told; else the file is another
            return False
        return True

    def path(self, use: str, key: PublicKey) -> Path:
        """Return where a private key is kept, if it is kept here."""
        return keyring.key_path(self.folder, use, key)

    def _path(self, item: KeyRecord) -> Path:
        return self.path(item.purpose, item.key)

    def _replace(
        self,
        old: KeyRecord,
        owner: Owner,
        at: datetime,
        compromised_from: datetime | None = None,
    ) -> None:
        """Let a new key sign in place of an old one: one replaced file."""
        if at <= old.period.signs_from:
            raise WorkspaceError(
                Text(
                    "这把密钥刚刚启用（或机器时钟被调回），请稍后再试",
                    "this key signs only from now on (or the machine's clock was set"
                    " back); try again in a moment",
                )
            )
        chain = self._parts.keychain
        signer = keyring.new_key(old.purpose, old.key.suite, self._device)
        new: list[tuple[str, Signer]] = [(old.purpose, signer)]
        if old.purpose in SEALS:
            chain, record, more = self._new_seal(
                (old.purpose, signer.public_key), owner, at
            )
            new += more
        else:
            record = KeyRecord(
                purpose=old.purpose,
                organization=old.organization,
                key=signer.public_key,
                period=Period(at, None),
            )
        keyring.save_keys(self.folder, new, self._secret())
        chain = chain.renewed(record, at, owner.types)
        if compromised_from is not None:
            retired = next(item for item in chain.records if item.key == old.key)
            chain = chain.changed(replace(retired, compromised_from=compromised_from))
        self.keep(chain)

    def add_viewer_seal(self, owner: Owner, at: datetime) -> KeyRecord:
        """Make a seal by PAdES beside an electronic one.

        Args:
            owner: whose.
            at: from when it seals; whole seconds UTC.

        Returns:
            Its record.

        Raises:
            WorkspaceError: there is one, or the workspace's own seal is such a one; or
                the keys do not open.
            FileError: a file cannot be written; nothing is changed.
            UnavailableError: the device cannot be used.
        """
        chain = self.reload().keychain
        if chain.viewer_seal is not None or chain.current("seal").seal is None:
            raise WorkspaceError(
                Text(
                    "已有普通阅读器可验的印章（PAdES）",
                    "there is a seal that ordinary viewers know (PAdES)",
                )
            )
        self._prove()
        signer = keyring.new_key(VIEWER_SEAL, Suite.ES256, self._device)
        wanted = (VIEWER_SEAL, signer.public_key)
        chain, record, more = self._new_seal(wanted, owner, at)
        new: list[tuple[str, Signer]] = [(VIEWER_SEAL, signer), *more]
        keyring.save_keys(self.folder, new, self._secret())
        self.keep(chain.changed(record))
        return record

    def _new_seal(
        self, wanted: tuple[Purpose, PublicKey], owner: Owner, at: datetime
    ) -> tuple[Keychain, KeyRecord, tuple[tuple[str, Signer], ...]]:
        """Return a new seal's record, the chain with its CA, and the CA's new keys."""
        purpose, key = wanted
        chain = self._parts.keychain
        authority, made = self._authority(key.suite, owner, at)
        record = keyring.seal_record(owner.organization, authority, key, at, purpose)
        if made is None:
            return chain, record, ()
        chain = replace(chain, authorities=(*chain.authorities, made))
        return chain, record, tuple(keyring.keys_of(authority))

    def _authority(
        self, suite: Suite, owner: Owner, at: datetime
    ) -> tuple[AnyAuthority, Authority | None]:
        """Return the CA for a new seal, and its certificates where it is new too."""
        of_suite = [
            one
            for one in self.keys.authorities
            if one.issuing.public_key.suite is suite
        ]
        for last in of_suite[-1:]:
            facts = read_any(last.issuing_certificate)
            if at + timedelta(days=keyring.SEAL_DAYS) <= facts.not_after:
                return last, None
        made = keyring.new_authority(suite, owner.organization, at)
        return made, keyring.certificates_of(made)

    def _finished(self, old: KeyRecord) -> KeyRecord:
        self.tidy()
        return next(
            item for item in self._parts.keychain.records if item.key == old.key
        )

    def keep(self, chain: Keychain) -> None:
        """Let other keys count: replace ``grants.cbor``.

        Raises:
            FileError: it cannot be written; the old one stays.
        """
        keyring.save_keychain(self.folder, chain)
        self.reload()

    def _say(self, statements: Iterable[SignedStatement]) -> None:
        self.speak((*self._parts.statements, *statements))

    def speak(self, statements: Iterable[SignedStatement]) -> None:
        """Let other root statements count: replace ``root-statements.cbor``.

        Args:
            statements: the whole chain, oldest first.

        Raises:
            WorkspaceError: there are too many.
            FileError: it cannot be written; the old one stays.
        """
        said = tuple(statements)
        if len(said) > MAX_STATEMENTS:
            raise WorkspaceError(
                Text(
                    f"信任根声明已有 {MAX_STATEMENTS} 条，不能再增加",
                    f"there are {MAX_STATEMENTS} root statements, which is the most",
                )
            )
        keyring.save_statements(self.folder, said)
        self.reload()


def _wipe(path: Path) -> None:
    if not wiping.is_wiped(path):
        wiping.overwrite(path)


def _is_valid(authority: DevelopmentAuthority, at: datetime) -> bool:
    facts = read_certificate(authority.issuing_certificate)
    return facts.not_before <= at <= facts.not_after


def _revoked(
    seals: Iterable[KeyRecord], chain: tuple[bytes, ...], at: datetime
) -> Iterator[tuple[bytes, tuple[datetime, str]]]:
    """Give the compromised seals of one CA, and from when they are revoked."""
    for item in seals:
        since = item.compromised_from
        if since is not None and item.certificates[1:] == chain:
            yield item.certificates[0], (min(since, at), "keyCompromise")
