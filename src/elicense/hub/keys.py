"""A hub's keys: its root statements, what signs now, and how one follows another.

New private keys come first, then ``root-statements.cbor`` is replaced, and only then
are old private keys wiped: a run that is cut off leaves a hub that works.
"""

from datetime import datetime
from pathlib import Path

from elicense import files, keyfolder, keyring, trust, wiping
from elicense.errors import ElicenseError
from elicense.model import Text
from elicense.trust import RootChain, RootStatement, SignedStatement
from elicense.trust.remembering import read_statements
from elicense.trust.roots import verify_chain
from esign import cose
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey
from esign.signer import SoftwareSigner

_MAX_BYTES = 1 << 20  # a hundred statements of post-quantum keys


class HubError(ElicenseError):
    """The hub cannot be used: wrong folder, damaged memory, nothing to merge."""


class HubKeys:
    """The folder ``keys`` of a hub."""

    def __init__(self, folder: Path, passphrase: bytes | None) -> None:
        """Name the folder.

        Args:
            folder: of the key files.
            passphrase: opens them; None reads ``passphrase`` in the folder.
        """
        self._folder = folder
        self._passphrase = passphrase

    def statements(self) -> tuple[tuple[SignedStatement, ...], RootChain]:
        """Return the root statements as they are signed, and what they say.

        Raises:
            HubError: they are damaged, or name no bundle key.
            FileError: they cannot be read.
        """
        path = self._folder / keyring.STATEMENTS_FILE
        try:
            signed = read_statements(files.read_whole(path, _MAX_BYTES))
            chain = verify_chain(
                tuple(cose.open_sealed(item, trust.ROOT_PURPOSE) for item in statement)
                for statement in signed
            )
        except (MalformedError, VerificationError) as err:
            raise damaged(path, str(err)) from err
        if not chain.last.bundle_keys:
            raise damaged(path, "no bundle key")
        return signed, chain

    def signer(self) -> SoftwareSigner:
        """Return the key that signs bundles now.

        Raises:
            HubError, FileError: as for :meth:`statements`.
            WorkspaceError: it does not open.
        """
        return self._open("bundle", self.statements()[1].last.bundle_keys[-1])

    def rotate_root(self, at: datetime) -> str:
        """Let a new root speak after the old one, which is wiped.

        Returns:
            The new root's fingerprint.

        Raises:
            HubError, FileError: as for :meth:`statements`, or something cannot be
                written.
            WorkspaceError: the old root is kept off line, or the keys do not open.
        """
        signed, chain = self.statements()
        old = self._open_root(chain.last.root)
        new = SoftwareSigner.generate(chain.last.root.suite)
        keyring.save_keys(self._folder, [("root", new)], self._secret())
        said = trust.sign_handover(chain.last, old, new, at)
        keyring.save_statements(self._folder, (*signed, *said))
        self.tidy()
        return new.public_key.fingerprint

    def renew_bundle_key(self, at: datetime) -> PublicKey:
        """Let a new key sign bundles; the root says so, and the old one is wiped.

        Raises:
            Whatever :meth:`rotate_root` raises.
        """
        signed, chain = self.statements()
        last = chain.last
        root = self._open_root(last.root)
        new = SoftwareSigner.generate(last.bundle_keys[-1].suite)
        keyring.save_keys(self._folder, [("bundle", new)], self._secret())
        statement = RootStatement(
            number=last.number + 1,
            issued_at=at,
            speaks_for=last.speaks_for,
            bundle_keys=(new.public_key,),
        )
        said = trust.sign_root_statement(statement, root)
        keyring.save_statements(self._folder, (*signed, said))
        self.tidy()
        return new.public_key

    def tidy(self) -> None:
        """Wipe the private keys that sign no more, also those of a run cut off.

        Raises:
            HubError, FileError: as for :meth:`statements`, or one cannot be wiped.
        """
        chain = self.statements()[1]
        last = chain.last
        roots = {item.root for item in chain.statements} - {last.root}
        bundle_keys = {key for item in chain.statements for key in item.bundle_keys}
        spent = [("root", key) for key in roots]
        spent += [("bundle", key) for key in bundle_keys.difference(last.bundle_keys)]
        for use, key in spent:
            path = keyring.key_path(self._folder, use, key)
            if files.is_file(path):
                if not wiping.is_wiped(path):
                    wiping.overwrite(path)
                wiping.remove(path)

    def _open_root(self, key: PublicKey) -> SoftwareSigner:
        path = keyring.key_path(self._folder, "root", key)
        if not files.is_file(path):
            raise HubError(
                Text(
                    f"信任根的私钥不在 keys/{path.name}；如离线保管，请取来后重试",
                    f"the root's private key is not in keys/{path.name}; bring it"
                    " where it is kept off line, and run this again",
                )
            )
        return self._open("root", key)

    def _open(self, use: str, key: PublicKey) -> SoftwareSigner:
        return keyring.open_key(self._folder, use, key, self._secret())

    def _secret(self) -> bytes:
        return self._passphrase or keyfolder.kept_passphrase(self._folder)


def damaged(path: Path, reason: str) -> HubError:
    """Return the error of a file under ``keys`` that cannot be used."""
    return HubError(
        Text(
            f"keys/{path.name} 已损坏：{reason}",
            f"keys/{path.name} is damaged: {reason}",
        )
    )
