"""A workspace's keys at one moment: what is public, and those that sign, opened."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from elicense import dates, keychain, trust
from elicense.errors import WorkspaceError
from elicense.keychain import Keychain, KeyRecord
from elicense.model import Text
from elicense.trust import SignedStatement
from elicense.trust.roots import RootChain, verify_chain
from esign import cose
from esign.authority import DevelopmentAuthority
from esign.certificates import read_any
from esign.gm_authority import GmAuthority
from esign.keys import Signer
from esign.pades import GmSealIdentity, SealIdentity
from esign.signer import SoftwareSigner

AnyAuthority: TypeAlias = DevelopmentAuthority | GmAuthority
"""A development CA: of P-256 keys, or of SM2 keys with a seal maker."""


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
