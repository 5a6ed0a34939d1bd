"""SM2 signatures with SM3, and the certificates of SM2 keys: what verifying needs.

The standards are GB/T 32918 (SM2), GB/T 32905 (SM3), GB/T 35276 (encodings) and
GB/T 20518 (certificates). Keys that sign are in :mod:`esign.sm2.signing`, the making of
certificates is in :mod:`esign.sm2.issuing`: nothing here imports them.
"""

from esign.sm2.certificate import (
    KeyUsage,
    SM2Certificate,
    certificate_point,
    read_certificate,
    verify_issued,
)
from esign.sm2.curve import require_point
from esign.sm2.digest import DEFAULT_ID, message_digest, sm3, za
from esign.sm2.path import FIELD, STRICT, Path, Rules, find_path, seals_under
from esign.sm2.public_key import read_public_key, write_public_key
from esign.sm2.signature import (
    PublicPoint,
    from_der,
    require_canonical,
    to_der,
    verify,
    verify_digest,
)

__all__ = [
    "DEFAULT_ID",
    "FIELD",
    "STRICT",
    "KeyUsage",
    "Path",
    "PublicPoint",
    "Rules",
    "SM2Certificate",
    "certificate_point",
    "find_path",
    "from_der",
    "message_digest",
    "read_certificate",
    "read_public_key",
    "require_canonical",
    "require_point",
    "seals_under",
    "sm3",
    "to_der",
    "verify",
    "verify_digest",
    "verify_issued",
    "write_public_key",
    "za",
]
