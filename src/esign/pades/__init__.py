"""PAdES seals in this project's own profile: seal, read, validate.

The profile is written down in docs/formats/pdf.md.
"""

from esign.pades.read import NoSealError, SealedPdf, read
from esign.pades.seal import SealAppearance, SealIdentity, SealRequest, seal
from esign.pades.validate import Seal, SealGrant, SealReport, validate

__all__ = [
    "NoSealError",
    "Seal",
    "SealAppearance",
    "SealGrant",
    "SealIdentity",
    "SealReport",
    "SealRequest",
    "SealedPdf",
    "read",
    "seal",
    "validate",
]
