"""SM2 public keys as X.509 spells them (GB/T 35276-2017, 7.1; RFC 5480, section 2)."""

from esign import der
from esign.errors import MalformedError
from esign.sm2 import curve, oids

ALGORITHM = der.tlv(der.SEQUENCE, oids.EC_PUBLIC_KEY, oids.SM2_CURVE)
_NO_UNUSED_BITS = b"\x00"


def read_public_key(spki: bytes) -> bytes:
    """Return the point of a subjectPublicKeyInfo.

    Args:
        spki: SubjectPublicKeyInfo, DER, id-ecPublicKey on the curve of SM2.

    Returns:
        04 and x and y, 65 bytes.

    Raises:
        MalformedError: not DER, another kind of key, or not a point on the curve.
    """
    algorithm, key = der.children(spki, der.SEQUENCE, 2, 2)
    if algorithm != ALGORITHM:
        raise MalformedError("public key: not a key on the curve of SM2")
    point = bit_string(key)
    curve.require_point(point)
    return point


def write_public_key(point: bytes) -> bytes:
    """Return the subjectPublicKeyInfo of a point.

    Args:
        point: 04 and x and y, 65 bytes.

    Raises:
        MalformedError: the point is not on the curve.
    """
    curve.require_point(point)
    return der.tlv(der.SEQUENCE, ALGORITHM, der.tlv(der.BITS, _NO_UNUSED_BITS, point))


def bit_string(element: bytes) -> bytes:
    """Return the bytes of a BIT STRING of whole bytes (X.690, section 8.6).

    Raises:
        MalformedError: another element, or unused bits at its end.
    """
    content = der.inner(element, der.BITS)
    if content[:1] != _NO_UNUSED_BITS:
        raise MalformedError("DER: a bit string is not of whole bytes")
    return content[1:]
