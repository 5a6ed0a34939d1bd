"""The one CMS SignedData that a seal carries, built and read (RFC 5652, RFC 5035).

There is exactly one spelling: a reader takes the parts out, builds the whole from them
again and compares the bytes. So version, algorithms, order, the absence of encapsulated
content and of unsigned attributes, and minimal DER need no rule of their own.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from esign import algorithms, der
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey

MAX_CMS_BYTES = 32768  # with four certificates of 8 KiB at most, usually 2 KiB
MAX_CERTIFICATES = 4  # the seal's own and three CA certificates
_DIGEST_BYTES = 32

_VERSION_1 = b"\x02\x01\x01"
_SHA256 = bytes.fromhex("300d06096086480165030402010500")  # with NULL: RFC 5754, 2
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")  # RFC 5754, section 3.3
_OID_DATA = bytes.fromhex("06092a864886f70d010701")
_OID_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_OID_CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
_OID_MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
_OID_SIGNING_CERTIFICATE_V2 = bytes.fromhex("060b2a864886f70d010910022f")


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
    return der.tlv(der.SET, _attributes(leaf, digest))


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
    signer_info = der.tlv(
        der.SEQUENCE,
        _VERSION_1,
        der.tlv(der.SEQUENCE, issuer, serial),
        _SHA256,
        der.tlv(der.CONTEXT_0, _attributes(signed.leaf, signed.digest)),
        _ECDSA_SHA256,
        der.tlv(der.OCTETS, algorithms.ecdsa_to_der(signed.signature)),
    )
    body = der.tlv(
        der.SEQUENCE,
        _VERSION_1,
        der.tlv(der.SET, _SHA256),
        der.tlv(der.SEQUENCE, _OID_DATA),
        der.tlv(der.CONTEXT_0, *certificate_set(signed.certificates)),
        der.tlv(der.SET, signer_info),
    )
    return der.tlv(der.SEQUENCE, _OID_SIGNED_DATA, der.tlv(der.CONTEXT_0, body))


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
    _, _, _, certificates, signer_infos = der.children(
        der.inner(_signed_data(data), der.CONTEXT_0), der.SEQUENCE, 5, 5
    )
    signer_info = der.inner(signer_infos, der.SET)
    _, _, _, attributes, _, signature = der.children(signer_info, der.SEQUENCE, 6, 6)
    digest, name = _claims(attributes)
    members = tuple(der.elements(der.inner(certificates, der.CONTEXT_0)))
    leaf = next((one for one in members if hashlib.sha256(one).digest() == name), None)
    if leaf is None:
        raise MalformedError("CMS: no certificate is the signing certificate")
    raw = algorithms.ecdsa_from_der(der.inner(signature, der.OCTETS))
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
    return der.element_length(data)


def _attributes(leaf: bytes, digest: bytes) -> bytes:
    if len(digest) != _DIGEST_BYTES:
        raise ValueError(f"a SHA-256 digest has {_DIGEST_BYTES} bytes")
    issuer, serial = _issuer_and_serial(leaf)
    # ESSCertIDv2 with its default hash, SHA-256, left out (RFC 5035, section 4).
    certificate_id = der.tlv(
        der.SEQUENCE,
        der.tlv(der.OCTETS, hashlib.sha256(leaf).digest()),
        der.tlv(
            der.SEQUENCE, der.tlv(der.SEQUENCE, der.tlv(der.CONTEXT_4, issuer)), serial
        ),
    )
    attributes = [
        der.tlv(der.SEQUENCE, _OID_CONTENT_TYPE, der.tlv(der.SET, _OID_DATA)),
        der.tlv(
            der.SEQUENCE,
            _OID_MESSAGE_DIGEST,
            der.tlv(der.SET, der.tlv(der.OCTETS, digest)),
        ),
        der.tlv(
            der.SEQUENCE,
            _OID_SIGNING_CERTIFICATE_V2,
            der.tlv(
                der.SET, der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, certificate_id))
            ),
        ),
    ]
    return b"".join(sorted(attributes))


def _claims(attributes: bytes) -> tuple[bytes, bytes]:
    """Return the claimed digest and the claimed SHA-256 of the certificate."""
    values: dict[bytes, bytes] = {}
    for attribute in der.elements(der.inner(attributes, der.CONTEXT_0)):
        oid, content = der.children(attribute, der.SEQUENCE, 2, 2)
        values[oid] = der.inner(content, der.SET)
    try:
        digest = values[_OID_MESSAGE_DIGEST]
        certificates = values[_OID_SIGNING_CERTIFICATE_V2]
    except KeyError as err:
        raise MalformedError("CMS: a signed attribute is missing") from err
    certificate_id = der.inner(der.inner(certificates, der.SEQUENCE), der.SEQUENCE)
    name, _ = der.children(certificate_id, der.SEQUENCE, 2, 2)
    return der.inner(digest, der.OCTETS), der.inner(name, der.OCTETS)


def _issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """Return both as they stand in a certificate (RFC 5280, section 4.1)."""
    tbs, _, _ = der.children(certificate, der.SEQUENCE, 3, 3)
    fields = tuple(der.elements(der.inner(tbs, der.SEQUENCE)))
    if len(fields) < 4 or fields[0][0] != der.CONTEXT_0:  # noqa: PLR2004  version to issuer
        raise MalformedError("certificate: version, serial or issuer is missing")
    _, serial, _, issuer, *_ = fields
    if serial[0] != der.INTEGER or issuer[0] != der.SEQUENCE:
        raise MalformedError("certificate: serial or issuer has another type")
    return issuer, serial


def _signed_data(data: bytes) -> bytes:
    """Return the content of a ContentInfo, still explicitly tagged."""
    oid, content = der.children(data, der.SEQUENCE, 2, 2)
    if oid != _OID_SIGNED_DATA:
        raise MalformedError("CMS: not a SignedData")
    return content
