"""The signing core: keys, signatures, seals and PDFs; nothing of licenses.

The names below are the public ones; each is loaded when it is first used. The modules
``cbor``, ``cose``, ``statuslist``, ``certificates``, ``revocation``, ``timestamps``,
``authority`` and ``pades`` are public as modules: their functions are called by module
name, as in ``pades.seal``.
"""

from typing import TYPE_CHECKING

from esign.lazy import loader

if TYPE_CHECKING:
    from esign.algorithms import Suite
    from esign.authority import DevelopmentAuthority
    from esign.errors import (
        ESignError,
        MalformedError,
        UnavailableError,
        VerificationError,
    )
    from esign.gm_authority import GmAuthority
    from esign.keys import PublicKey, Signer
    from esign.pades import (
        Seal,
        SealAppearance,
        SealGrant,
        SealIdentity,
        SealReport,
        SealRequest,
    )
    from esign.seal_image import SealSpec
    from esign.signer import SoftwareSigner
    from esign.verdict import Check, Code, Indication

_HOMES = {
    "esign.algorithms": ("Suite",),
    "esign.authority": ("DevelopmentAuthority",),
    "esign.errors": (
        "ESignError",
        "MalformedError",
        "UnavailableError",
        "VerificationError",
    ),
    "esign.gm_authority": ("GmAuthority",),
    "esign.keys": ("PublicKey", "Signer"),
    "esign.pades": (
        "Seal",
        "SealAppearance",
        "SealGrant",
        "SealIdentity",
        "SealReport",
        "SealRequest",
    ),
    "esign.seal_image": ("SealSpec",),
    "esign.signer": ("SoftwareSigner",),
    "esign.verdict": ("Check", "Code", "Indication"),
}

__all__ = [
    "Check",
    "Code",
    "DevelopmentAuthority",
    "ESignError",
    "GmAuthority",
    "Indication",
    "MalformedError",
    "PublicKey",
    "Seal",
    "SealAppearance",
    "SealGrant",
    "SealIdentity",
    "SealReport",
    "SealRequest",
    "SealSpec",
    "Signer",
    "SoftwareSigner",
    "Suite",
    "UnavailableError",
    "VerificationError",
]

__getattr__, __dir__ = loader(__name__, _HOMES)
