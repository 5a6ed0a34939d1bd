"""The one CMS SignedData that a seal carries, built and read (RFC 5652, RFC 5035).

There is exactly one spelling: a reader takes the parts out, builds the whole from them
again and compares the bytes. So version, algorithms, order, the absence of encapsulated
content and of unsigned attributes, and minimal DER need no rule of their own.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from esign import algorithms
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey

MAX_CMS_BYTES = 32768  # with four certificates of 8 KiB at most, usually 2 KiB
MAX_CERTIFICATES = 4  # the seal's own and three CA certificates
_DIGEST_BYTES = 32

_INTEGER, _OCTETS, _SEQUENCE, _SET = 0x02, 0x04, 0x30, 0x31
_CONTEXT_0, _CONTEXT_4 = 0xA0, 0xA4
_VERSION_1 = b"\x02\x01\x01"
_SHA256 = bytes.fromhex("300d06096086480165030402010500")  # with NULL: RFC 5754, 2
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")  # RFC 5754, section 3.3
_OID_DATA = bytes.fromhex("06092a864886f70d010701")
_OID_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_OID_CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
_OID_MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
_OID_SIGNING_CERTIFICATE_V2 = bytes.fromhex("060b2a864886f70d010910022f")

_LONG_FORM = 0x80  # a length octet with this bit counts the length octets that follow
_MAX_LENGTH_OCTETS = 3
_MULTI_BYTE_TAG = 0x1F


@dataclass(frozen=True, slots=True)
class SignedData:
    """The parts of a seal's SignedData that differ from one to the next.

    Attributes:
        leaf: certificate of the key that signed, DER.
        certificates: every certificate in it, DER, in the order of a DER set.
        digest: SHA-256 of the signed content, as the signed attributes claim it.
        signature: r and s of 32 bytes each, s the smaller twin.
    """

    leaf: bytes
    certificates: tuple[bytes, ...]
    digest: bytes
    signature: bytes


def certificate_set(certificates: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the certificates in the order in which a DER set holds them.

    Args:
        certificates: DER certificates in any order.

    Returns:
        The same, sorted by their bytes (X.690, section 11.6).

    Raises:
        ValueError: none at all, too many, or one of them twice.
    """
    if not 1 <= len(certificates) <= MAX_CERTIFICATES:
        raise ValueError(f"a seal carries 1 to {MAX_CERTIFICATES} certificates")
    if len(set(certificates)) != len(certificates):
        raise ValueError("a certificate is given twice")
    return tuple(sorted(certificates))


def signed_attributes(leaf: bytes, digest: bytes) -> bytes:
    """Return the bytes that the key signs: the SET OF signed attributes.

    They are content-type, message-digest and signing-certificate-v2 with issuer and
    serial number, as PAdES B-B wants them (ETSI EN 319 142-1, section 6.3).

    Args:
        leaf: certificate of the signing key, DER.
        digest: SHA-256 of the document's signed bytes, 32 bytes.

    Returns:
        DER with the tag of a SET, which is what is signed (RFC 5652, section 5.4).

    Raises:
        MalformedError: issuer and serial cannot be found in the certificate.
        ValueError: the digest has another size.
    """
    return _tlv(_SET, _attributes(leaf, digest))


def build(signed: SignedData) -> bytes:
    """Return the SignedData as a DER ContentInfo.

    Args:
        signed: the parts; the order of ``certificates`` does not matter.

    Returns:
        DER bytes, the same for the same parts.

    Raises:
        MalformedError: the leaf cannot be read, or the signature is not canonical.
        ValueError: the leaf is not among the certificates, or a size is wrong.
    """
    if signed.leaf not in signed.certificates:
        raise ValueError("the signing certificate must be among the certificates")
    algorithms.require_canonical(Suite.ES256, signed.signature)
    issuer, serial = _issuer_and_serial(signed.leaf)
    signer_info = _tlv(
        _SEQUENCE,
        _VERSION_1,
        _tlv(_SEQUENCE, issuer, serial),
        _SHA256,
        _tlv(_CONTEXT_0, _attributes(signed.leaf, signed.digest)),
        _ECDSA_SHA256,
        _tlv(_OCTETS, algorithms.ecdsa_to_der(signed.signature)),
    )
    body = _tlv(
        _SEQUENCE,
        _VERSION_1,
        _tlv(_SET, _SHA256),
        _tlv(_SEQUENCE, _OID_DATA),
        _tlv(_CONTEXT_0, *certificate_set(signed.certificates)),
        _tlv(_SET, signer_info),
    )
    return _tlv(_SEQUENCE, _OID_SIGNED_DATA, _tlv(_CONTEXT_0, body))


def parse(data: bytes) -> SignedData:
    """Read a SignedData in its one spelling.

    Does NOT check the digest, the signature or any trust: see :func:`verify`.

    Args:
        data: a DER ContentInfo and nothing behind it.

    Returns:
        Its parts.

    Raises:
        MalformedError: any other bytes.
    """
    if len(data) > MAX_CMS_BYTES:
        raise MalformedError(f"CMS: more than {MAX_CMS_BYTES} bytes")
    _, _, _, certificates, signer_infos = _children(
        _inner(_signed_data(data), _CONTEXT_0), _SEQUENCE, 5
    )
    signer_info = _inner(signer_infos, _SET)
    _, _, _, attributes, _, signature = _children(signer_info, _SEQUENCE, 6)
    digest, name = _claims(attributes)
    members = tuple(_elements(_inner(certificates, _CONTEXT_0)))
    leaf = next((der for der in members if hashlib.sha256(der).digest() == name), None)
    if leaf is None:
        raise MalformedError("CMS: no certificate is the signing certificate")
    raw = algorithms.ecdsa_from_der(_inner(signature, _OCTETS))
    signed = SignedData(leaf, members, digest, raw)
    try:
        rebuilt = build(signed)
    except ValueError as err:
        raise MalformedError(f"CMS: {err}") from err
    if rebuilt != data:
        raise MalformedError("CMS: not the one spelling of these parts")
    return signed


def verify(signed: SignedData, key: PublicKey, digest: bytes) -> None:
    """Check the digest of the content and the signature (RFC 5652, section 5.6).

    Does NOT ask whose key it is.

    Args:
        signed: what :func:`parse` returned.
        key: the key to verify with, from a certificate that is trusted already.
        digest: SHA-256 of the document's signed bytes, 32 bytes.

    Raises:
        VerificationError: another digest, or the signature does not hold.
    """
    if signed.digest != digest:
        raise VerificationError("the digest in the signature is not the document's")
    key.verify(signed.signature, signed_attributes(signed.leaf, signed.digest))


def element_length(data: bytes) -> int:
    """Return how many bytes the first DER element of ``data`` takes.

    Raises:
        MalformedError: its head is not minimal DER, or it runs over the end.
    """
    return _end(data, 0)


def _attributes(leaf: bytes, digest: bytes) -> bytes:
    if len(digest) != _DIGEST_BYTES:
        raise ValueError(f"a SHA-256 digest has {_DIGEST_BYTES} bytes")
    issuer, serial = _issuer_and_serial(leaf)
    # ESSCertIDv2 with its default hash, SHA-256, left out (RFC 5035, section 4).
    certificate_id = _tlv(
        _SEQUENCE,
        _tlv(_OCTETS, hashlib.sha256(leaf).digest()),
        _tlv(_SEQUENCE, _tlv(_SEQUENCE, _tlv(_CONTEXT_4, issuer)), serial),
    )
    attributes = [
        _tlv(_SEQUENCE, _OID_CONTENT_TYPE, _tlv(_SET, _OID_DATA)),
        _tlv(_SEQUENCE, _OID_MESSAGE_DIGEST, _tlv(_SET, _tlv(_OCTETS, digest))),
        _tlv(
            _SEQUENCE,
            _OID_SIGNING_CERTIFICATE_V2,
            _tlv(_SET, _tlv(_SEQUENCE, _tlv(_SEQUENCE, certificate_id))),
        ),
    ]
    return b"".join(sorted(attributes))


def _claims(attributes: bytes) -> tuple[bytes, bytes]:
    """Return the claimed digest and the claimed SHA-256 of the certificate."""
    values: dict[bytes, bytes] = {}
    for attribute in _elements(_inner(attributes, _CONTEXT_0)):
        oid, content = _children(attribute, _SEQUENCE, 2)
        values[oid] = _inner(content, _SET)
    try:
        digest = values[_OID_MESSAGE_DIGEST]
        certificates = values[_OID_SIGNING_CERTIFICATE_V2]
    except KeyError as err:
        raise MalformedError("CMS: a signed attribute is missing") from err
    certificate_id = _inner(_inner(certificates, _SEQUENCE), _SEQUENCE)
    name, _ = _children(certificate_id, _SEQUENCE, 2)
    return _inner(digest, _OCTETS), _inner(name, _OCTETS)


def _issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """Return both as they stand in a certificate (RFC 5280, section 4.1)."""
    tbs, _, _ = _children(certificate, _SEQUENCE, 3)
    fields = tuple(_elements(_inner(tbs, _SEQUENCE)))
    if len(fields) < 4 or fields[0][0] != _CONTEXT_0:  # noqa: PLR2004  version to issuer
        raise MalformedError("certificate: version, serial or issuer is missing")
    _, serial, _, issuer, *_ = fields
    if serial[0] != _INTEGER or issuer[0] != _SEQUENCE:
        raise MalformedError("certificate: serial or issuer has another type")
    return issuer, serial


def _tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < _LONG_FORM:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_FORM | len(octets))) + octets + content


def _end(data: bytes, start: int) -> int:
    """Return where the element at ``start`` ends, its head being minimal DER."""
    position, size = _head(data, start)
    if position + size > len(data):
        raise MalformedError("DER: an element runs over the end")
    return position + size


def _head(data: bytes, start: int) -> tuple[int, int]:
    """Return where the content starts and how many bytes it has."""
    if start + 2 > len(data):
        raise MalformedError("DER: an element is cut short")
    if data[start] & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:
        raise MalformedError("DER: a tag of several bytes cannot occur here")
    size = data[start + 1]
    if size < _LONG_FORM:
        return start + 2, size
    count = size - _LONG_FORM
    octets = data[start + 2 : start + 2 + count]
    if not 1 <= count <= _MAX_LENGTH_OCTETS or len(octets) != count:
        raise MalformedError("DER: indefinite or over-long length")
    size = int.from_bytes(octets, "big")
    if size < _LONG_FORM or octets[0] == 0:
        raise MalformedError("DER: a length is not minimal")
    return start + 2 + count, size


def _elements(data: bytes) -> Iterator[bytes]:
    """Yield the elements that make up ``data``, each with its head."""
    position = 0
    while position < len(data):
        end = _end(data, position)
        yield data[position:end]
        position = end


def _inner(data: bytes, tag: int) -> bytes:
    """Return the content of ``data``, which must be one element with ``tag``."""
    if not data or data[0] != tag or _end(data, 0) != len(data):
        raise MalformedError(f"DER: expected one element with tag {tag:#04x}")
    return data[_head(data, 0)[0] :]


def _children(data: bytes, tag: int, count: int) -> tuple[bytes, ...]:
    children = tuple(_elements(_inner(data, tag)))
    if len(children) != count:
        raise MalformedError(f"DER: expected {count} elements, not {len(children)}")
    return children


def _signed_data(data: bytes) -> bytes:
    """Return the content of a ContentInfo, still explicitly tagged."""
    oid, content = _children(data, _SEQUENCE, 2)
    if oid != _OID_SIGNED_DATA:
        raise MalformedError("CMS: not a SignedData")
    return content
