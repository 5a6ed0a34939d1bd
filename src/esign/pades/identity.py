"""Who seals: a key with its certificate, one class for each kind of seal."""

from dataclasses import dataclass, field
from typing import TypeAlias

from esign.keys import Signer


@dataclass(frozen=True, slots=True)
class SealIdentity:
    """Who seals by PAdES.

    Attributes:
        signer: holds the private key, ES256.
        certificate: the seal's certificate, DER.
        chain: CA certificates to embed beside it, without the root, DER.
    """

    signer: Signer
    certificate: bytes
    chain: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class GmSealIdentity:
    """Who seals with an electronic seal of GB/T 38540 (GM.sm2seal).

    Attributes:
        signer: holds the SM2 key of the certificate; its signatures are r and s.
        certificate: the signer's certificate, DER; it is in the seal's list.
        seal: the seal, an SESeal of version 4 or 5, DER.
    """

    signer: Signer
    certificate: bytes
    seal: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class GmCmsIdentity:
    """Who seals by a SignedData of GB/T 35275, without a seal (GM.sm2cms.detached).

    Attributes:
        signer: holds the SM2 key of the certificate; its signatures are r and s.
        certificate: the signer's certificate, DER.
        chain: CA certificates to embed beside it, without the root, DER.
    """

    signer: Signer
    certificate: bytes
    chain: tuple[bytes, ...]


AnyIdentity: TypeAlias = SealIdentity | GmSealIdentity | GmCmsIdentity
"""Whoever the writers take."""
