"""One key of a workspace: what it may sign, from when until when, and its seals."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

from elicense.trust import Period
from elicense.trust.reading import MAX_SEALS
from esign.keys import PublicKey
from esign.pades import SealObject

Purpose = Literal["token", "status", "seal", "viewer-seal"]
PURPOSES: tuple[Purpose, ...] = ("token", "status", "seal")
"""Those of which every workspace has a key."""
VIEWER_SEAL: Purpose = "viewer-seal"
"""A second seal, by PAdES, beside an electronic one: for ordinary viewers."""
SEALS: tuple[Purpose, ...] = ("seal", VIEWER_SEAL)
ORDER: tuple[Purpose, ...] = (*PURPOSES, VIEWER_SEAL)
"""Of the keys that began at one instant, as the file lists them."""


@dataclass(frozen=True, slots=True)
class ElectronicSeal:
    """A seal of GB/T 38540 that a key of SM2 uses, or used.

    Attributes:
        digest: SM3 of the SESeal, 32 bytes.
        maker: the maker's certificate and its chain without the root, DER.
        der: the SESeal; None once the key signs no more, or uses another one.
        id: esID of one that a maker made and that was imported; empty for the test seal
            that was made with the key.
        until: first instant at which the key used another one; None for the last.
    """

    digest: bytes
    maker: tuple[bytes, ...]
    der: bytes | None = field(default=None, repr=False)
    id: str = ""
    until: datetime | None = None

    @property
    def entry(self) -> SealObject:
        """The same as a bundle lists it."""
        return SealObject(self.digest, self.maker, withdrawn_at=self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """One key that signed, or signs, for an organ.

    Attributes:
        purpose: its one use.
        organization: USCC of its owner; a predecessor's where its keys were taken over.
        key: the public key; of a seal the one in its certificate.
        certificates: a seal's own certificate and its chain without the root, DER;
            empty for the others.
        types: the license types that it was granted, fixed when it retired; None while
            it signs whatever the catalog holds.
        period: when it signs; without an end for the one that signs now.
        backfill: first and last legal date of licenses on paper that it may seal.
        destroyed: attested that the private key exists no more.
        compromised_from: from when it may have been in other hands.
        seal: the electronic seal that a key of SM2 seals with; None for the others.
        closing: SHA-256 of the manifest that closes a token key (trust.md, 3.3.1).
        earlier: those that it sealed with before, oldest first.
    """

    purpose: Purpose
    organization: str
    key: PublicKey
    certificates: tuple[bytes, ...] = ()
    types: tuple[str, ...] | None = None
    period: Period
    backfill: tuple[date, date] | None = None
    destroyed: bool = False
    compromised_from: datetime | None = None
    seal: ElectronicSeal | None = None
    closing: bytes | None = None
    earlier: tuple[ElectronicSeal, ...] = ()

    @property
    def seals(self) -> tuple[ElectronicSeal, ...]:
        """Every electronic seal of the key, oldest first."""
        return self.earlier if self.seal is None else (*self.earlier, self.seal)

    @property
    def seal_id(self) -> str:
        """The id of the seal that it seals with, as the register of seals has it."""
        return self.name if self.seal is None else self.seal.id or self.name

    @property
    def name(self) -> str:
        """The key's kid in hexadecimal, by which people name it."""
        return self.key.kid.hex()

    @property
    def signs(self) -> bool:
        """Whether it is the one that signs now."""
        return self.period.signs_until is None

    def granted(self, types: tuple[str, ...]) -> tuple[str, ...]:
        """Return the types that it may sign.

        Args:
            types: those of the catalog now.
        """
        if self.purpose == "status":
            return ()
        return types if self.types is None else self.types

    def retired(self, at: datetime) -> "KeyRecord":
        """Return the record of a key that signs no more, without its seal's object.

        Args:
            at: first instant at which it does not sign; whole seconds UTC.
        """
        seal = None if self.seal is None else replace(self.seal, der=None)
        return replace(self, period=Period(self.period.signs_from, at), seal=seal)

    def sealing_with(self, seal: ElectronicSeal, at: datetime) -> "KeyRecord":
        """Return the record of the same key with another electronic seal.

        Args:
            seal: the new one.
            at: first instant at which the one before is not used; whole seconds UTC.

        Raises:
            ValueError: the key has no electronic seal, has had this one, or had as many
                as a bundle names.
        """
        if self.seal is None:
            raise ValueError("only a key of SM2 has an electronic seal")
        if seal.digest in {one.digest for one in self.seals}:
            raise ValueError("a seal that the key has had")
        if len(self.seals) >= MAX_SEALS:
            raise ValueError(f"a key has at most {MAX_SEALS} seals")
        last = replace(self.seal, der=None, until=at)
        return replace(self, seal=seal, earlier=(*self.earlier, last))


@dataclass(frozen=True, slots=True)
class Authority:
    """Certificates of a development CA, DER.

    Attributes:
        root: its root.
        issuing: its issuing CA.
        maker: its seal maker, where its keys are of SM2.
    """

    root: bytes
    issuing: bytes
    maker: bytes | None = None

    @property
    def all(self) -> tuple[bytes, ...]:
        """Its certificates."""
        own = (self.root, self.issuing)
        return own if self.maker is None else (*own, self.maker)


def in_order(records: Iterable[KeyRecord]) -> tuple[KeyRecord, ...]:
    """Return records in the one order of the file: by begin, purpose, name."""
    return tuple(sorted(records, key=_place))


def _place(item: KeyRecord) -> tuple[datetime, int, str]:
    return item.period.signs_from, ORDER.index(item.purpose), item.name
