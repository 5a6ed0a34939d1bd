"""The curve of SM2 (GB/T 32918.5-2017) and which bytes are a point on it.

The order of the group is a prime: every point of the curve but the one at infinity is a
public key, and no subgroup needs a check of its own.
"""

from esign.errors import MalformedError

FIELD_BYTES = 32
POINT_BYTES = 65  # 04, x and y (GB/T 32918.1-2016, 4.2.9: uncompressed)
UNCOMPRESSED = 0x04
PRIME = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GENERATOR = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)


def require_point(point: bytes) -> None:
    """Refuse what is not a public key (GB/T 32918.1-2016, clause 6.2.1).

    Args:
        point: 04, x and y, 65 bytes.

    Raises:
        MalformedError: another size or form, a coordinate that is not below the prime,
            or a point that is not on the curve.
    """
    if len(point) != POINT_BYTES or point[0] != UNCOMPRESSED:
        raise MalformedError("SM2: expected an uncompressed point of 65 bytes")
    x = int.from_bytes(point[1 : 1 + FIELD_BYTES], "big")
    y = int.from_bytes(point[1 + FIELD_BYTES :], "big")
    if x >= PRIME or y >= PRIME:
        raise MalformedError("SM2: a coordinate is not below the prime")
    if (y * y - (x * x + A) * x - B) % PRIME:
        raise MalformedError("SM2: the point is not on the curve")
