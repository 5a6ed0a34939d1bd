"""Sealed PDFs in this project's own profile: seal, read, validate.

Seals are by PAdES (docs/formats/pdf.md) or in the GM profile: with an electronic seal
of GB/T 38540, or by a SignedData of GB/T 35275 (docs/formats/pdf-gm.md).
"""

from esign.pades.field import SealAppearance
from esign.pades.identity import (
    AnyIdentity,
    GmCmsIdentity,
    GmSealIdentity,
    SealIdentity,
)
from esign.pades.one_pass import OnePassSealer
from esign.pades.read import NoSealError, SealedPdf, read
from esign.pades.report import Seal, SealGrant, SealObject, SealReport
from esign.pades.seal import SealRequest, seal
from esign.pades.stock import Stock, stock_of
from esign.pades.subfilter import SubFilter
from esign.pades.validate import validate

__all__ = [
    "AnyIdentity",
    "GmCmsIdentity",
    "GmSealIdentity",
    "NoSealError",
    "OnePassSealer",
    "Seal",
    "SealAppearance",
    "SealGrant",
    "SealIdentity",
    "SealObject",
    "SealReport",
    "SealRequest",
    "SealedPdf",
    "Stock",
    "SubFilter",
    "read",
    "seal",
    "stock_of",
    "validate",
]
