"""The answer about a seal or a signature: numbered checks and what was read."""

import enum
from dataclasses import dataclass, field

from esign.errors import VerificationError
from esign.ses.model import Oddity, Seal, Signature
from esign.verdict import Check, Code, Indication, ThreeValued, decide_complete, held


class Kind(enum.StrEnum):
    """What was looked at."""

    SEAL = "SESeal"
    SIGNATURE = "SES_Signature"
    SIGNED_DATA = "SignedData"


@dataclass(frozen=True, slots=True)
class SesReport(ThreeValued):
    """What was found of a seal, a signature or a SignedData.

    Attributes:
        kind: which of them.
        checks: every check that was made, in the order of the standard that rules it.
        unverified_seal: the seal as it reads, whatever the checks say; None where the
            bytes cannot be read.
        unverified_signature: the same of a signature.
        oddities: what is not as the standard has it.
    """

    kind: Kind
    checks: tuple[Check, ...]
    unverified_seal: Seal | None = field(default=None, repr=False)
    unverified_signature: Signature | None = field(default=None, repr=False)
    oddities: tuple[Oddity, ...] = ()

    @property
    def code(self) -> Code:
        """The first code by precedence; VALID where every check was made and passed.

        Where nothing failed and a check could not be made, the digest of a document
        that is not at hand for one, it is UNREADABLE: absence is never a yes.
        """
        return decide_complete(self.checks)

    @property
    def indication(self) -> Indication:
        """The indication of :attr:`code`."""
        return self.code.indication

    def held(self, check_id: str) -> bool | None:
        """Return whether a check passed; None where it could not be made.

        Args:
            check_id: ``seal-signature``, ``signature``, ``digest`` or another.
        """
        return held(self.checks, check_id)

    def require(self) -> None:
        """Raise unless everything was checked and held.

        Raises:
            VerificationError: the code is not VALID.
        """
        if self.code is not Code.VALID:
            raise VerificationError(f"the {self.kind} is {self.code.text}")
