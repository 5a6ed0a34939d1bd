"""The answer about a seal or a sealed document of anybody's."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from elicense import masking
from elicense.dates import instant_text
from esign import sm2
from esign.errors import MalformedError
from esign.ses import Oddity, Seal, SesReport
from esign.sm2 import oids
from esign.verdict import Check, Code, Indication, ThreeValued, decide_complete, held

VERSION_2014, PERSONAL = 1, 2  # in GM/T 0031-2014 the type 2 is a person's seal


class Kind(enum.StrEnum):
    """What was looked at; an OFD is told by its signature."""

    SEAL = "SESeal"
    SIGNATURE = "SES_Signature"
    SIGNED_DATA = "SignedData"
    PDF = "PDF"


@dataclass(frozen=True, slots=True)
class SealVerdict(ThreeValued):
    """What was found of one file.

    Attributes:
        kind: what it is.
        checks: every check; of several signatures each with its number before it.
        version: 1, 4 or 5 of the last seal; None where none could be read.
        seal: the last seal as it reads, whatever the checks say.
        signer: certificate of who signed with it, DER; None for a bare seal.
        signed_at: when the last signature claims to have been made, aware UTC.
        oddities: what is not as the standard has it.
        answer: the code of another procedure that made these checks; None where they
            decide.
    """

    kind: Kind
    checks: tuple[Check, ...]
    version: int | None = None
    seal: Seal | None = field(default=None, repr=False)
    signer: bytes | None = field(default=None, repr=False)
    signed_at: datetime | None = None
    oddities: tuple[Oddity, ...] = ()
    answer: Code | None = None

    @classmethod
    def of(cls, kind: Kind, report: SesReport) -> "SealVerdict":
        """Return the answer of one report."""
        seal, signature = report.unverified_seal, report.unverified_signature
        own = signature or seal
        return cls(
            kind=kind,
            checks=report.checks,
            version=None if own is None else own.version,
            seal=seal,
            signer=None if signature is None else signature.certificate,
            signed_at=None if signature is None else signature.time,
            oddities=report.oddities,
        )

    @classmethod
    def together(
        cls, kind: Kind, found: Sequence[tuple[SesReport, Check]]
    ) -> "SealVerdict":
        """Return the answer of the signatures of one document, earliest first.

        Args:
            kind: of the document.
            found: at least one; each with the check of what it covers.
        """
        each = [(*report.checks, covers) for report, covers in found]
        if len(each) > 1:
            each = [
                tuple(replace(check, id=f"{number}.{check.id}") for check in checks)
                for number, checks in enumerate(each, 1)
            ]
        oddities = (oddity for report, _ in found for oddity in report.oddities)
        return replace(
            cls.of(kind, found[-1][0]),
            checks=tuple(check for checks in each for check in checks),
            oddities=tuple(dict.fromkeys(oddities)),
        )

    @property
    def code(self) -> Code:
        """The first code by precedence; UNREADABLE where a check was left out."""
        if self.answer is not None:
            return self.answer
        return decide_complete(self.checks)

    @property
    def indication(self) -> Indication:
        """The indication of :attr:`code`."""
        return self.code.indication

    def held(self, check_id: str) -> bool | None:
        """Return whether a check passed in every signature; None where it is not known.

        Args:
            check_id: without the number of a signature.
        """
        return held(self.checks, check_id)

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that docs/formats/seals.md tells."""
        return {
            "kind": self.kind.value,
            "version": self.version,
            "seal_signature": self.held("seal-signature"),
            "signature": self.held("signature"),
            "digest": self.held("digest"),
            "indication": self.indication.value,
            "code": self.code.text,
            "checks": [one.to_json() for one in self.checks],
            "seal": None if self.seal is None else self._seal(self.seal),
        }

    def _seal(self, seal: Seal) -> Mapping[str, object]:
        picture = seal.picture
        return {
            "id": seal.identifier,
            "name": shown_name(seal),
            "owner": owner_of(seal, self.signer),
            "valid_from": instant_text(seal.valid_from),
            "valid_until": instant_text(seal.valid_until),
            "picture": {
                "type": picture.type,
                "width_mm": picture.width_mm,
                "height_mm": picture.height_mm,
            },
        }


def shown_name(seal: Seal) -> str:
    """Return a seal's name; that of a person's seal masked."""
    if seal.version == VERSION_2014 and seal.kind == PERSONAL:
        return masking.mask_name(seal.name)
    return seal.name


def owner_of(seal: Seal, signer: bytes | None) -> str | None:
    """Return whose seal it is, as a certificate of its list says; unverified.

    Args:
        seal: the seal.
        signer: the certificate of who signed with it, DER; else the first of the list
            counts.

    Returns:
        The organization, else the common name; None where no certificate says.
    """
    certificate = signer or next(iter(seal.certificates), None)
    if certificate is None:
        return None
    try:
        read = sm2.read_certificate(certificate)
        organization = read.attribute(oids.ORGANIZATION_NAME)
        return organization or read.attribute(oids.COMMON_NAME) or None
    except MalformedError:
        return None  # the checks say what is wrong with it
