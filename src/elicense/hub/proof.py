"""A hub's bundle, signed and admitted as a stranger would before anybody sees it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple

from elicense import trust
from elicense.trust import Bundle, Seen, SignedStatement, TrustState
from esign.errors import MalformedError, VerificationError
from esign.signer import SoftwareSigner


class Proven(NamedTuple):
    """A signed bundle that was admitted.

    Attributes:
        draft: its content, without number and age.
        data: the bundle file.
        state: what a stranger believes of it.
    """

    draft: Bundle
    data: bytes
    state: TrustState


@dataclass(kw_only=True)
class Proof:
    """Signs drafts and admits them under the hub's root.

    Attributes:
        signer: the hub's bundle key.
        statements: the hub's root statements, oldest first.
        statement: number of the last one.
        number: of the bundle.
        max_age: of the bundle.
        root: fingerprint of the hub's root.
        seen: what verifiers saw of the last bundle; None before the first.
    """

    signer: SoftwareSigner
    statements: Sequence[SignedStatement]
    statement: int
    number: int
    max_age: timedelta
    root: str
    seen: Seen | None
    _last: Proven | None = None

    def why_not(self, draft: Bundle) -> str | None:
        """Return why verifiers would refuse a draft, None where they would not."""
        try:
            self.prove(draft)
        except (MalformedError, VerificationError) as err:
            return str(err)
        return None

    def prove(self, draft: Bundle) -> Proven:
        """Return a draft signed; one that was proven just before is not signed again.

        Raises:
            MalformedError: verifiers would refuse it, for its form or size.
            VerificationError: they would refuse what it says.
        """
        if self._last is not None and self._last.draft == draft:
            return self._last
        bundle = replace(
            draft, statement=self.statement, number=self.number, max_age=self.max_age
        )
        data = trust.sign_bundle(bundle, self.signer, self.statements)
        seen = () if self.seen is None else (self.seen,)
        self._last = Proven(draft, data, trust.admit(data, self.root, seen))
        return self._last
