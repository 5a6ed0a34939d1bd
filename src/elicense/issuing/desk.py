"""What licenses are issued with, and what comes of it."""

from dataclasses import dataclass, field

from elicense import fonts
from elicense.catalog import Catalog
from elicense.document import Press
from elicense.errors import ElicenseError, Problem
from elicense.fonts import FontSet
from elicense.lifecycle import State
from elicense.model import License, Text
from elicense.policy import STANDARD, ValidationPolicy
from elicense.register import Register
from elicense.trust import TrustState
from elicense.validating import Verdict
from esign.keys import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuingDesk:
    """What an issuing organ works with; the same for every license of a run.

    Attributes:
        register: where licenses are kept.
        catalog: the license types.
        organization: USCC of the issuing organ; its name comes from the trust bundle.
        token_signer: signs the QR payloads.
        press: makes the sealed PDFs.
        trust: what a stranger would believe: the organ's current bundle.
        faces: what the pages are set in.
        specimen: whether pages are printed 样张.
        check_page: host of a public check page, for the on-line carrier.
        policy: how the desk validates its own output.
        predecessors: USCCs of the organs whose licenses it may supersede beside its own
            (机构改革); the register has adopted those.
    """

    register: Register
    catalog: Catalog
    organization: str
    token_signer: Signer
    press: Press
    trust: TrustState
    faces: FontSet = fonts.STANDARD
    specimen: bool = True
    check_page: str | None = None
    policy: ValidationPolicy = STANDARD
    predecessors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A license that was issued, now or in an earlier run of the same request.

    Attributes:
        license: what it says.
        state: of its row now; an earlier run's license may be revoked meanwhile.
        pdf: the sealed document.
        qr_text: what its QR carries.
        verdict: the desk's own validation as of the sealing instant, which let it be
            released; what became of it later is in ``state``.
        warnings: of the application, and of other licenses of its number.
    """

    license: License
    state: State
    pdf: bytes = field(repr=False)
    qr_text: str = field(repr=False)
    verdict: Verdict
    warnings: tuple[Problem, ...] = ()


class NotReleasedError(ElicenseError):
    """The license did not validate, so it was not released; carries the verdict."""

    def __init__(self, verdict: Verdict) -> None:
        """Keep the verdict."""
        code = verdict.code.text
        causes = "; ".join(c.detail for c in verdict.checks if c.code is not None)
        super().__init__(
            Text(
                f"证照自检未通过（{code}），未发出：{causes}",
                f"the license did not pass its own validation ({code}: {causes})"
                " and was not released",
            )
        )
        self.verdict = verdict
        self.args = (verdict,)
