"""New keys and seals in a workspace that has some: each is saved before it counts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from elicense import keyring
from elicense.custody.private import PrivateKeys
from elicense.errors import WorkspaceError
from elicense.keychain import (
    SEALS,
    VIEWER_SEAL,
    Authority,
    Keychain,
    KeyRecord,
    Purpose,
)
from elicense.keyring import AnyAuthority
from elicense.model import Organization, Text
from elicense.trust import Period
from esign.algorithms import Suite
from esign.certificates import read_any
from esign.keys import PublicKey, Signer


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose keys they are, on the day of a change.

    Attributes:
        organization: name and code that a new seal carries.
        types: the license types of the catalog, which the old key was granted.
    """

    organization: Organization
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Renewal:
    """Making a new key, at one instant and for one owner.

    Attributes:
        chain: the keys that there are.
        private: where the new one is made and kept.
        authorities: opens the development CAs of the seals, oldest first.
        owner: whose it is.
        at: from when it signs; whole seconds UTC.
    """

    chain: Keychain
    private: PrivateKeys
    authorities: Callable[[], tuple[AnyAuthority, ...]]
    owner: Owner
    at: datetime

    def replacing(
        self, old: KeyRecord, compromised_from: datetime | None = None
    ) -> Keychain:
        """Return the chain in which a new key of the same suite signs; keep the key.

        Args:
            old: the one that signs now.
            compromised_from: from when the old one may have been in other hands.

        Raises:
            WorkspaceError: the old key signs from this very second, or the keys do not
                open.
            FileError: a file cannot be written.
            UnavailableError: the device cannot be used.
        """
        if self.at <= old.period.signs_from:
            raise WorkspaceError(
                Text(
                    "这把密钥刚刚启用（或机器时钟被调回），请稍后再试",
                    "this key signs only from now on (or the machine's clock was set"
                    " back); try again in a moment",
                )
            )
        signer = self.private.new(old.purpose, old.key.suite)
        chain, record, more = self._record(old, signer.public_key)
        self.private.save([(old.purpose, signer), *more])
        chain = chain.renewed(record, self.at, self.owner.types)
        if compromised_from is None:
            return chain
        retired = next(item for item in chain.records if item.key == old.key)
        return chain.changed(replace(retired, compromised_from=compromised_from))

    def _record(
        self, old: KeyRecord, key: PublicKey
    ) -> tuple[Keychain, KeyRecord, tuple[tuple[str, Signer], ...]]:
        """Return what :meth:`_new_seal` does, of a key of any purpose."""
        if old.purpose in SEALS:
            return self._new_seal(old.purpose, key)
        record = KeyRecord(
            purpose=old.purpose,
            organization=old.organization,
            key=key,
            period=Period(self.at, None),
        )
        return self.chain, record, ()

    def adding_viewer_seal(self) -> tuple[Keychain, KeyRecord]:
        """Return the chain with a seal by PAdES, and its record; keep the key.

        Raises:
            WorkspaceError, FileError, UnavailableError: as for :meth:`replacing`.
        """
        signer = self.private.new(VIEWER_SEAL, Suite.ES256)
        chain, record, more = self._new_seal(VIEWER_SEAL, signer.public_key)
        self.private.save([(VIEWER_SEAL, signer), *more])
        return chain.changed(record), record

    def _new_seal(
        self, purpose: Purpose, key: PublicKey
    ) -> tuple[Keychain, KeyRecord, tuple[tuple[str, Signer], ...]]:
        """Return a new seal's record, the chain with its CA, and the CA's new keys."""
        chain, organization = self.chain, self.owner.organization
        authority, made = self._authority(key.suite)
        record = keyring.seal_record(organization, authority, key, self.at, purpose)
        if made is None:
            return chain, record, ()
        chain = replace(chain, authorities=(*chain.authorities, made))
        return chain, record, tuple(keyring.keys_of(authority))

    def _authority(self, suite: Suite) -> tuple[AnyAuthority, Authority | None]:
        """Return the CA for a new seal, and its certificates where it is new too."""
        of_suite = [
            one for one in self.authorities() if one.issuing.public_key.suite is suite
        ]
        for last in of_suite[-1:]:
            facts = read_any(last.issuing_certificate)
            if self.at + timedelta(days=keyring.SEAL_DAYS) <= facts.not_after:
                return last, None
        made = keyring.new_authority(suite, self.owner.organization, self.at)
        return made, keyring.certificates_of(made)
