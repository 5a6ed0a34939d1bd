"""PAdES seals in this project's own profile: seal, read, validate.

The profile is written down in docs/formats/pdf.md.
"""

from esign.pades.field import SealAppearance
from esign.pades.one_pass import OnePassSealer
from esign.pades.read import NoSealError, SealedPdf, read
from esign.pades.seal import SealIdentity, SealRequest, seal
from esign.pades.stock import Stock, stock_of
from esign.pades.validate import Seal, SealGrant, SealReport, validate

__all__ = [
    "NoSealError",
    "OnePassSealer",
    "Seal",
    "SealAppearance",
    "SealGrant",
    "SealIdentity",
    "SealReport",
    "SealRequest",
    "SealedPdf",
    "Stock",
    "read",
    "seal",
    "stock_of",
    "validate",
]
