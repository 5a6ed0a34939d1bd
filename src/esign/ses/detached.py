"""The one SignedData of GB/T 35275 that is made here, built and read.

It carries no content and one signer, whose attributes name the digest of the document.
There is exactly one spelling: a reader takes the parts out, builds the whole from them
again and compares the bytes. What others write is read in
:mod:`esign.ses.signed_data`, by the standard's grammar.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from esign import cms, der, sm2
from esign.errors import MalformedError, VerificationError
from esign.ses.signed_data import read_signed_data, signer_of
from esign.sm2 import oids
from esign.sm2.digest import DIGEST_BYTES
from esign.sm2.signature import MAX_DER_BYTES

_VERSION_1 = der.integer(1)
_DATA = oids.element("1.2.156.10197.6.1.4.2.1")  # GB/T 35275-2017, section 6
_SIGNED_DATA = oids.element("1.2.156.10197.6.1.4.2.2")
_CONTENT_TYPE = oids.element("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = oids.element("1.2.840.113549.1.9.4")
_SM3 = der.tlv(der.SEQUENCE, oids.element("1.2.156.10197.1.401"), der.NULL)
_SM2_SIGNING = der.tlv(der.SEQUENCE, oids.element("1.2.156.10197.1.301.1"))


@dataclass(frozen=True, slots=True)
class Detached:
    """The parts of such a SignedData that differ from one to the next.

    Attributes:
        leaf: certificate of the key that signed, DER.
        certificates: every certificate in it, DER, in the order of a DER set.
        digest: SM3 of the document's signed bytes, as the attributes claim it.
        signature: r and s of 32 bytes each.
    """

    leaf: bytes
    certificates: tuple[bytes, ...]
    digest: bytes
    signature: bytes


def signed_attributes(digest: bytes) -> bytes:
    """Return the bytes that the key signs: the SET OF content-type and message-digest.

    Args:
        digest: SM3 of the document's signed bytes, 32 bytes.

    Raises:
        ValueError: the digest has another size.
    """
    return der.tlv(der.SET, _attributes(digest))


def build_detached(signed: Detached) -> bytes:
    """Return the SignedData as a DER ContentInfo.

    Args:
        signed: the parts; the order of ``certificates`` does not matter.

    Returns:
        DER bytes, the same for the same parts.

    Raises:
        MalformedError: the leaf cannot be read, or the signature is not canonical.
        ValueError: the leaf is not among the certificates, or a size is wrong.
    """
    return _spelled(signed, sm2.to_der(signed.signature))


def most_detached_bytes(leaf: bytes, certificates: Sequence[bytes]) -> int:
    """Return the size of the largest SignedData of a signer, bytes.

    Args:
        leaf: the signer's certificate, DER.
        certificates: all that it carries, the leaf among them, DER.

    Raises:
        MalformedError: the leaf cannot be read.
        ValueError: the leaf is not among the certificates, or they are no set.
    """
    parts = Detached(leaf, tuple(certificates), bytes(DIGEST_BYTES), b"")
    return len(_spelled(parts, bytes(MAX_DER_BYTES)))


def parse_detached(data: bytes) -> Detached:
    """Read a SignedData in the one spelling.

    Does NOT check the digest, the signature or any trust: see :func:`verify_detached`.

    Args:
        data: a DER ContentInfo and nothing behind it.

    Raises:
        MalformedError: any other bytes.
    """
    if len(data) > cms.MAX_CMS_BYTES:
        raise MalformedError(f"SignedData: more than {cms.MAX_CMS_BYTES} bytes")
    read = read_signed_data(data)
    leaf = signer_of(read, read.certificates)
    if leaf is None or read.message_digest is None:
        raise MalformedError("SignedData: its signer or the digest is missing")
    signed = Detached(leaf, read.certificates, read.message_digest, read.signature)
    try:
        rebuilt = build_detached(signed)
    except ValueError as err:
        raise MalformedError(f"SignedData: {err}") from err
    if rebuilt != data:
        raise MalformedError("SignedData: not the one spelling of these parts")
    return signed


def verify_detached(signed: Detached, digest: bytes) -> None:
    """Check the digest of the document and the signature (GB/T 35275-2017, section 8).

    Does NOT ask whose key it is.

    Args:
        signed: what :func:`parse_detached` returned.
        digest: SM3 of the document's signed bytes, 32 bytes.

    Raises:
        VerificationError: another digest, or the signature does not hold.
        MalformedError: the leaf is no certificate of an SM2 key.
        UnavailableError: the extra ``gm`` is not installed.
    """
    if signed.digest != digest:
        raise VerificationError("the digest in the signature is not the document's")
    point = sm2.certificate_point(signed.leaf)
    sm2.verify(point, signed.signature, signed_attributes(signed.digest))


def _spelled(signed: Detached, signature: bytes) -> bytes:
    """Put the parts together; the signature is DER."""
    if signed.leaf not in signed.certificates:
        raise ValueError("the signing certificate must be among the certificates")
    leaf = sm2.read_certificate(signed.leaf)
    signer_info = der.tlv(
        der.SEQUENCE,
        _VERSION_1,
        der.tlv(der.SEQUENCE, leaf.issuer, der.integer(leaf.serial)),
        _SM3,
        der.tlv(der.CONTEXT_0, _attributes(signed.digest)),
        _SM2_SIGNING,
        der.tlv(der.OCTETS, signature),
    )
    body = der.tlv(
        der.SEQUENCE,
        _VERSION_1,
        der.tlv(der.SET, _SM3),
        der.tlv(der.SEQUENCE, _DATA),
        der.tlv(der.CONTEXT_0, *cms.certificate_set(signed.certificates)),
        der.tlv(der.SET, signer_info),
    )
    return der.tlv(der.SEQUENCE, _SIGNED_DATA, der.tlv(der.CONTEXT_0, body))


def _attributes(digest: bytes) -> bytes:
    """Return the attributes in the order of a DER set: the shorter one first."""
    if len(digest) != DIGEST_BYTES:
        raise ValueError(f"a digest of SM3 has {DIGEST_BYTES} bytes")
    return _attribute(_CONTENT_TYPE, _DATA) + _attribute(
        _MESSAGE_DIGEST, der.tlv(der.OCTETS, digest)
    )


def _attribute(kind: bytes, value: bytes) -> bytes:
    return der.tlv(der.SEQUENCE, kind, der.tlv(der.SET, value))
