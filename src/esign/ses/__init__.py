"""Electronic seals: GM/T 0031-2014 (1), GB/T 38540-2020 (4) and GM/T 0031-2025 (5).

A seal is an object that its maker signed: a name, a picture, a period and the list of
the certificates that may use it. A signature carries the whole seal. Both are read and
checked here in all three versions and made in the newer two; docs/formats/ses.md has
the layout, the order of the checks, and what the field does beside the standards.
"""

from esign.ses.building import (
    SealDraft,
    SealKey,
    SignatureDraft,
    add_timestamp,
    build_seal,
    build_signature,
    most_signature_bytes,
    spell_signature,
)
from esign.ses.detached import (
    Detached,
    build_detached,
    most_detached_bytes,
    parse_detached,
    signed_attributes,
    verify_detached,
)
from esign.ses.model import (
    CertificateDigest,
    Extension,
    Oddity,
    Picture,
    Seal,
    Signature,
)
from esign.ses.reading import (
    MAX_SEAL_BYTES,
    MAX_SIGNATURE_BYTES,
    read_seal,
    read_signature,
)
from esign.ses.report import Kind, SesReport
from esign.ses.revoked import read_revocations
from esign.ses.seal_checks import validate_seal
from esign.ses.signature_checks import validate_signature
from esign.ses.signed_data import SignedData, read_signed_data
from esign.ses.signed_data_checks import validate_signed_data
from esign.ses.trust import Revocations, SesTrust

__all__ = [
    "MAX_SEAL_BYTES",
    "MAX_SIGNATURE_BYTES",
    "CertificateDigest",
    "Detached",
    "Extension",
    "Kind",
    "Oddity",
    "Picture",
    "Revocations",
    "Seal",
    "SealDraft",
    "SealKey",
    "SesReport",
    "SesTrust",
    "Signature",
    "SignatureDraft",
    "SignedData",
    "add_timestamp",
    "build_detached",
    "build_seal",
    "build_signature",
    "most_detached_bytes",
    "most_signature_bytes",
    "parse_detached",
    "read_revocations",
    "read_seal",
    "read_signature",
    "read_signed_data",
    "signed_attributes",
    "spell_signature",
    "validate_seal",
    "validate_signature",
    "validate_signed_data",
    "verify_detached",
]
