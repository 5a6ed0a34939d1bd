"""X.509 certificates of SM2 keys, as the field has them (GB/T 20518-2018, RFC 5280).

The bytes are sliced and never encoded again, because certificates that are in use are
not strict DER everywhere: an extension may spell a value that is the default, and the
parameters of a signature algorithm are NULL in most and absent in the others. Beyond
that there is no leniency. A certificate proves nothing by being found somewhere.
"""

import enum
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from esign import der
from esign.errors import MalformedError, VerificationError
from esign.sm2 import oids, signature, times
from esign.sm2.public_key import bit_string, read_public_key

MAX_CERTIFICATE_BYTES = 8192  # as of the other certificates; the field's have 1 KiB
MAX_EXTENSIONS = 32  # the field's have at most twelve
MAX_ATTRIBUTES = 32  # of a name
MAX_POLICIES = 32
MAX_SERIAL_BYTES = 20  # RFC 5280, 4.1.2.2
SIGNATURE_ALGORITHMS = (
    der.tlv(der.SEQUENCE, oids.SM2_WITH_SM3),
    der.tlv(der.SEQUENCE, oids.SM2_WITH_SM3, der.NULL),
)
_CACHED = 1024  # certificates and their signatures kept; a hub names some hundreds
_VERSION_3 = der.tlv(der.CONTEXT_0, der.integer(2))
_UNIQUE_IDS = (0x81, 0x82, 0xA1, 0xA2)  # issuerUniqueID, subjectUniqueID
_EXTENSIONS = 0xA3
_FALSE = b"\x01\x01\x00"
# UTF8String, PrintableString, IA5String and BMPString (RFC 5280, section 4.1.2.4); the
# last is historic, and still in use.
_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x16: "ascii", 0x1E: "utf-16-be"}
_MAX_PATH_LENGTH = 255
_KEY_USAGE_BITS = 9


class KeyUsage(enum.Flag):
    """What a key may be used for (RFC 5280, section 4.2.1.3)."""

    DIGITAL_SIGNATURE = enum.auto()
    NON_REPUDIATION = enum.auto()
    KEY_ENCIPHERMENT = enum.auto()
    DATA_ENCIPHERMENT = enum.auto()
    KEY_AGREEMENT = enum.auto()
    KEY_CERT_SIGN = enum.auto()
    CRL_SIGN = enum.auto()
    ENCIPHER_ONLY = enum.auto()
    DECIPHER_ONLY = enum.auto()


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension (RFC 5280, section 4.2).

    Attributes:
        critical: whether a reader that does not know it must refuse the certificate.
        value: content of its OCTET STRING.
    """

    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class SM2Certificate:
    """What a certificate says; whether it is true is another question.

    Attributes:
        der: the whole certificate.
        subject: Name, DER as it stands.
        issuer: Name, DER as it stands.
        serial: serial number, not negative.
        not_before: first instant of validity, aware UTC.
        not_after: last instant of validity, aware UTC.
        is_authority: CA in basicConstraints; false where there is none.
        path_length: how many CAs may follow below; None for no limit.
        key_usage: keyUsage; None where there is none.
        point: the subject's public key, 65 bytes.
        extensions: OBJECT IDENTIFIER, DER -> extension.
        tbs: TBSCertificate, the bytes that are signed.
        signature: r and s, 32 bytes each.
        signature_algorithm: AlgorithmIdentifier, DER, with NULL or without.
    """

    der: bytes = field(repr=False)
    subject: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    serial: int
    not_before: datetime
    not_after: datetime
    is_authority: bool
    path_length: int | None
    key_usage: KeyUsage | None
    point: bytes
    extensions: Mapping[bytes, Extension] = field(repr=False)
    tbs: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    signature_algorithm: bytes = field(repr=False)

    def attribute(self, kind: bytes) -> str:
        """Return one attribute of the subject; empty where there is none.

        Args:
            kind: its OBJECT IDENTIFIER, DER, such as ``oids.COMMON_NAME``.

        Raises:
            MalformedError: it occurs twice, or is not a text.
        """
        found = [value for oid, value in _attributes(self.subject) if oid == kind]
        if len(found) > 1:
            raise MalformedError("certificate: a subject attribute occurs twice")
        return _text(found[0]) if found else ""

    @property
    def policies(self) -> frozenset[bytes]:
        """The certificate policies, OBJECT IDENTIFIERs, DER (RFC 5280, 4.2.1.4).

        Raises:
            MalformedError: they cannot be read.
        """
        stated = self.extensions.get(oids.CERTIFICATE_POLICIES)
        if stated is None:
            return frozenset()
        listed = der.children(stated.value, der.SEQUENCE, 1, MAX_POLICIES)
        return frozenset(der.children(one, der.SEQUENCE, 1, 2)[0] for one in listed)


def read_certificate(data: bytes) -> SM2Certificate:
    """Return what a certificate says (GB/T 20518-2018; RFC 5280, 4.1).

    Does NOT check any signature or validity: see :func:`esign.sm2.find_path`.

    Args:
        data: one certificate, DER, at most :data:`MAX_CERTIFICATE_BYTES`.

    Raises:
        MalformedError: not a certificate of version 3 with an SM2 key that is signed
            with SM2 and SM3.
    """
    if len(data) > MAX_CERTIFICATE_BYTES:
        raise MalformedError(f"certificate: more than {MAX_CERTIFICATE_BYTES} bytes")
    return _read(bytes(data))


def certificate_point(data: bytes) -> bytes:
    """Return the public key of a certificate, 04 and x and y, 65 bytes.

    Does NOT check any signature or validity.

    Raises:
        MalformedError: as :func:`read_certificate`.
    """
    return read_certificate(data).point


def verify_issued(data: bytes, issuer_point: bytes) -> None:
    """Check the signature of a certificate (RFC 5280, section 6.1.3 (a) (1)).

    The issuer's identity is the default one, as in all certificates (GM/T 0009-2012,
    clause 10). Does NOT look at names, periods or extensions.

    Args:
        data: one certificate, DER.
        issuer_point: public key of the one who should have issued it, 65 bytes.

    Raises:
        VerificationError: the signature is not this key's.
        MalformedError: not a certificate, or the point is not on the curve.
        UnavailableError: the extra ``gm`` is not installed.
    """
    certificate = read_certificate(data)
    _verify_issued(issuer_point, certificate.signature, certificate.tbs)


@functools.lru_cache(maxsize=_CACHED)
def _verify_issued(issuer_point: bytes, raw: bytes, tbs: bytes) -> None:
    try:
        signature.verify(issuer_point, raw, tbs)
    except VerificationError as err:
        raise VerificationError(
            "the certificate's signature is not this issuer's"
        ) from err


@functools.lru_cache(maxsize=_CACHED)
def _read(data: bytes) -> SM2Certificate:
    tbs, algorithm, signed = der.children(data, der.SEQUENCE, 3, 3)
    parts = list(der.children(tbs, der.SEQUENCE, 7, 10))
    if parts[0] != _VERSION_3:
        raise MalformedError("certificate: not of version 3")
    if algorithm not in SIGNATURE_ALGORITHMS or parts[2] != algorithm:
        raise MalformedError("certificate: not signed with SM2 and SM3")
    not_before, not_after = der.children(parts[4], der.SEQUENCE, 2, 2)
    for name in (parts[3], parts[5]):
        for _ in _attributes(name):  # every name can be walked through
            pass
    extensions = _extensions(parts[7:])
    is_authority, path_length = _constraints(extensions)
    return SM2Certificate(
        der=data,
        subject=parts[5],
        issuer=parts[3],
        serial=der.unsigned(parts[1], der.INTEGER, (1 << 8 * MAX_SERIAL_BYTES) - 1),
        not_before=times.read_time(not_before),
        not_after=times.read_time(not_after),
        is_authority=is_authority,
        path_length=path_length,
        key_usage=_key_usage(extensions),
        point=read_public_key(parts[6]),
        extensions=MappingProxyType(extensions),
        tbs=tbs,
        signature=signature.from_der(bit_string(signed)),
        signature_algorithm=algorithm,
    )


def _attributes(name: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and value of each attribute of a Name (RFC 5280, 4.1.2.4)."""
    for relative in der.children(name, der.SEQUENCE, 0, MAX_ATTRIBUTES):
        for attribute in der.children(relative, der.SET, 1, MAX_ATTRIBUTES):
            kind, value = der.children(attribute, der.SEQUENCE, 2, 2)
            der.inner(kind, der.OID)
            yield kind, value


def _text(value: bytes) -> str:
    encoding = _TEXTS.get(value[0])
    if encoding is None:
        raise MalformedError("certificate: a subject attribute is not a text")
    try:
        return der.inner(value, value[0]).decode(encoding)
    except UnicodeDecodeError as err:
        raise MalformedError("certificate: a subject attribute is not a text") from err


def _extensions(rest: list[bytes]) -> dict[bytes, Extension]:
    """Return the extensions that end a TBSCertificate, after the unique identifiers."""
    rest = [part for part in rest if part[0] not in _UNIQUE_IDS]
    if not rest:
        return {}
    (listed,) = der.children(rest[0], _EXTENSIONS, 1, 1)
    if len(rest) != 1:
        raise MalformedError("certificate: something follows its extensions")
    found: dict[bytes, Extension] = {}
    for one in der.children(listed, der.SEQUENCE, 1, MAX_EXTENSIONS):
        kind, *flag, value = der.children(one, der.SEQUENCE, 2, 3)
        der.inner(kind, der.OID)
        if kind in found:
            raise MalformedError("certificate: an extension occurs twice")
        critical = bool(flag) and _boolean(flag[0])
        found[kind] = Extension(critical, der.inner(value, der.OCTETS))
    return found


def _boolean(element: bytes) -> bool:
    """Return a BOOLEAN; FALSE is read also where DER leaves it out."""
    if element not in (der.TRUE, _FALSE):
        raise MalformedError("DER: expected a BOOLEAN")
    return element == der.TRUE


def _constraints(extensions: Mapping[bytes, Extension]) -> tuple[bool, int | None]:
    """Return CA and path length (RFC 5280, section 4.2.1.9)."""
    if oids.BASIC_CONSTRAINTS not in extensions:
        return False, None
    parts = list(
        der.children(extensions[oids.BASIC_CONSTRAINTS].value, der.SEQUENCE, 0, 2)
    )
    is_authority = bool(parts) and parts[0][0] == der.BOOLEAN
    if is_authority:
        is_authority = _boolean(parts.pop(0))
    if not parts:
        return is_authority, None
    if len(parts) > 1 or not is_authority:
        raise MalformedError("certificate: basicConstraints cannot be read")
    return True, der.unsigned(parts[0], der.INTEGER, _MAX_PATH_LENGTH)


def _key_usage(extensions: Mapping[bytes, Extension]) -> KeyUsage | None:
    """Return the bits of keyUsage; the first bit is the highest of the first byte."""
    if oids.KEY_USAGE not in extensions:
        return None
    unused, *octets = der.inner(extensions[oids.KEY_USAGE].value, der.BITS) or b"\xff"
    bits = "".join(f"{octet:08b}" for octet in octets)
    kept = len(bits) - unused
    if unused >= 8 or kept < 0 or "1" in bits[kept:]:  # noqa: PLR2004  bits of a byte
        raise MalformedError("certificate: keyUsage cannot be read")
    if "1" in bits[_KEY_USAGE_BITS:]:
        raise MalformedError("certificate: keyUsage has a bit that is not defined")
    return KeyUsage(sum(1 << at for at, bit in enumerate(bits) if bit == "1"))
