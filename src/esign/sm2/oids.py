"""OBJECT IDENTIFIERs as their DER elements, and those that SM2 keys come with.

GM/T 0006-2012 numbers the Chinese algorithms, RFC 5280 and RFC 8018 have the others.
"""

from esign import der

_SEVEN_BITS = 0x7F
_MORE = 0x80


def element(dotted: str) -> bytes:
    """Return the element of an OBJECT IDENTIFIER (X.690, section 8.19).

    Args:
        dotted: its numbers with dots between, such as ``2.5.29.15``.

    Raises:
        ValueError: fewer than two numbers, or what is not a number.
    """
    first, second, *rest = (int(part) for part in dotted.split("."))
    octets = bytearray()
    for number in (first * 40 + second, *rest):
        groups = [number & _SEVEN_BITS]
        while number := number >> 7:
            groups.append(number & _SEVEN_BITS | _MORE)
        octets += bytes(reversed(groups))
    return der.tlv(der.OID, bytes(octets))


EC_PUBLIC_KEY = element("1.2.840.10045.2.1")
SM2_CURVE = element("1.2.156.10197.1.301")
SM2_WITH_SM3 = element("1.2.156.10197.1.501")

SUBJECT_KEY_IDENTIFIER = element("2.5.29.14")
AUTHORITY_KEY_IDENTIFIER = element("2.5.29.35")
BASIC_CONSTRAINTS = element("2.5.29.19")
KEY_USAGE = element("2.5.29.15")
EXTENDED_KEY_USAGE = element("2.5.29.37")
CERTIFICATE_POLICIES = element("2.5.29.32")
SUBJECT_ALT_NAME = element("2.5.29.17")

COMMON_NAME = element("2.5.4.3")
ORGANIZATION_NAME = element("2.5.4.10")
ORGANIZATION_IDENTIFIER = element("2.5.4.97")

PBES2 = element("1.2.840.113549.1.5.13")
PBKDF2 = element("1.2.840.113549.1.5.12")
HMAC_SHA256 = element("1.2.840.113549.2.9")
AES_128_CBC = element("2.16.840.1.101.3.4.1.2")
AES_256_CBC = element("2.16.840.1.101.3.4.1.42")
SM4_CBC = element("1.2.156.10197.1.104.2")
