"""What licenses are issued with, and what comes of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from elicense import fonts, layout
from elicense.catalog import Catalog
from elicense.document import Press, SealArt, Sheet
from elicense.errors import ElicenseError, Problem
from elicense.fonts import FontSet
from elicense.lifecycle import State
from elicense.model import License, Text
from elicense.policy import ANY_KEYS, STANDARD, IssuingProfile, ValidationPolicy
from elicense.register import Register
from elicense.sealing import NOBODY, Allowed, Scenario, SealDesk, SealUse
from elicense.sealing.sealers import DocumentSealer
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
        sealer: who seals in place of the press, such as a seal platform; None: the
            press seals.
        predecessors: USCCs of the organs whose licenses it may supersede beside its own
            (机构改革); the register has adopted those.
        seals: where the seal is asked for before anything is reserved, and where its
            use is logged; None for a desk that works for nobody's register of seals.
        seal_art: the picture of a seal that has a size of its own, which what is
            printed must have room for; None for a drawing that fills any box.
        profile: what token key and seal must be; a desk with others is never made, so
            that nothing is reserved.

    Raises:
        ProfileError: token key or seal are not what the profile asks for.
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
    sealer: DocumentSealer | None = None
    predecessors: tuple[str, ...] = ()
    profile: IssuingProfile = ANY_KEYS
    seals: SealDesk | None = None
    seal_art: SealArt | None = None

    def __post_init__(self) -> None:
        """Refuse keys that the profile does not admit: ProfileError."""
        if self.profile.demands:
            self.profile.require(
                (
                    (Text("证照签名密钥", "the token key"), self.token_signer),
                    (Text("电子印章密钥", "the seal's key"), self.press.signer),
                )
            )

    def sealing_with(self, press: Press, seal: str) -> "IssuingDesk":
        """Return the same desk with another seal.

        For a second file of a license by :func:`elicense.issuing.reprint`: one with an
        electronic seal of GB/T 38540, and one by PAdES for whoever has an ordinary
        viewer. Both carry the same token and record.

        Args:
            press: prints with that seal, which the trust bundle must name.
            seal: its id in the register of seals, where the desk has one: the policy is
                asked for it as for the organ's own.

        Raises:
            ProfileError: the seal is not what the desk's profile asks for.
        """
        seals = None if self.seals is None else replace(self.seals, own=seal)
        return replace(self, press=press, seals=seals, seal_art=None)

    def require_room(self, sheet: Sheet) -> None:
        """Refuse a page that has no room for the seal, before anything is reserved.

        Args:
            sheet: what is to be printed.

        Raises:
            SealTooLargeError: it has none. Who seals in place of the press is not
                asked.
        """
        if self.seal_art is not None and self.sealer is None:
            self.seal_art.require_room(
                layout.seal_box(sheet.license_type, sheet.presentation)
            )

    def ask_for_seal(
        self,
        type_name: str,
        scenario: Scenario,
        at: datetime,
        again: str | None = None,
    ) -> Allowed | None:
        """Return what allows the seal's use; nothing is reserved or sealed before.

        Args:
            type_name: license type.
            scenario: the occasion.
            at: the instant of the run, aware.
            again: identifier of a license whose use an earlier run logged; its operator
                and approver count. None for those of this run.

        Returns:
            None where nobody keeps a register of seals.

        Raises:
            SealRefusedError: it is refused, and the log says so.
            RegisterError: the register of seals cannot be used.
        """
        if self.seals is None:
            return None
        actors = NOBODY if again is None else self.seals.actors_of(again)
        return self.seals.require(
            SealUse(
                organization=self.organization,
                type_name=type_name,
                scenario=scenario,
                operator=actors.operator,
                approver=actors.approver,
                at=at,
            )
        )

    def let_go(self) -> None:
        """Close the connections of this process; the next call opens new ones."""
        self.register.let_go()
        if self.seals is not None:
            self.seals.let_go()

    def log_seals(self, uses: Iterable[tuple[Allowed | None, str]]) -> None:
        """Keep uses of the seal, right before it is put on.

        Args:
            uses: what allows each, and the license's identifier.

        Raises:
            RegisterError: the register of seals cannot be used; then nothing is sealed.
        """
        if self.seals is not None:
            asked = [(one, name) for one, name in uses if one is not None]
            if asked:
                self.seals.log_uses(asked)


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
