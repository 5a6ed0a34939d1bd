"""The one CMS SignedData that a seal carries, built and read (RFC 5652, RFC 5035).

There is exactly one spelling: a reader takes the parts out, builds the whole from them
again and compares the bytes. So version, algorithms, order, the absence of encapsulated
content and of unsigned attributes, and minimal DER need no rule of their own.
"""

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from esign import algorithms, der
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey

MAX_CMS_BYTES = 32768  # with four certificates of 8 KiB at most, usually 2 KiB
MAX_CERTIFICATES = 4  # the seal's own and three CA certificates
_DIGEST_BYTES = 32
_CACHED = 1024  # seal certificates whose attributes are kept; a hub names some hundreds
# Sizes of a P-256 signature in DER. One of 72 bytes would have s above the half of the
# order; less than one signature in 2**40 is shorter than these.
_USUAL_SIGNATURE_BYTES = range(64, 72)
_CERTIFICATES_AT = 56  # in a CMS of 256 to 65535 bytes
_Halves: TypeAlias = tuple[bytes, bytes]

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


class Template:
    """Every SignedData of one seal: only digest and signature differ in them.

    Holds them to the byte, since :func:`build` made what it compares with. It knows no
    signature of less than 64 DER bytes, which hardly occurs: such a one is built in
    full, and left to :func:`parse`.

    Attributes:
        leaf: certificate of the seal, DER.
        certificates: all that the seal carries, DER, in the order of a DER set.
        field: the same as they stand in the CMS: see :func:`certificates_field`.
        most_bytes: size of the largest SignedData of this seal.
    """

    __slots__ = ("_frames", "_sizes", "certificates", "field", "leaf", "most_bytes")

    def __init__(self, leaf: bytes, certificates: Sequence[bytes]) -> None:
        """Prepare for one seal.

        Args:
            leaf: certificate of the seal, DER.
            certificates: all that it carries, the leaf among them, DER, any order.

        Raises:
            MalformedError: the leaf cannot be read.
            ValueError: the leaf is not among the certificates, or they are no set.
        """
        self.leaf = leaf
        self.certificates = certificate_set(certificates)
        if leaf not in self.certificates:
            raise ValueError("the signing certificate must be among the certificates")
        frames = {
            size: _frame(leaf, self.certificates, size)
            for size in _USUAL_SIGNATURE_BYTES
        }
        self._frames = frames
        self._sizes = {
            len(before) + _DIGEST_BYTES + len(between) + size: size
            for size, (before, between) in frames.items()
        }
        self.most_bytes = max(self._sizes)
        self.field = certificates_field(frames[max(frames)][0])

    def signed(self, digest: bytes) -> bytes:
        """Return the bytes that the key signs, as :func:`signed_attributes` does."""
        return signed_attributes(self.leaf, digest)

    def build(self, digest: bytes, signature: bytes) -> bytes:
        """Return the SignedData as :func:`build` does.

        Args:
            digest: SHA-256 of the document's signed bytes, 32 bytes.
            signature: r and s of 32 bytes each, s the smaller twin.

        Raises:
            MalformedError: the signature is not canonical.
            ValueError: the digest has another size.
        """
        if len(digest) != _DIGEST_BYTES:
            raise ValueError(f"a SHA-256 digest has {_DIGEST_BYTES} bytes")
        algorithms.require_canonical(Suite.ES256, signature)
        spelled = algorithms.ecdsa_to_der(signature)
        frame = self._frames.get(len(spelled))
        if frame is None:
            return build(SignedData(self.leaf, self.certificates, digest, signature))
        before, between = frame
        return before + digest + between + spelled

    def match(self, content: bytes) -> tuple[bytes, bytes] | None:
        """Return digest and signature, if ``content`` is a SignedData of this seal.

        Args:
            content: any bytes.

        Returns:
            The digest (32 bytes) and r and s (32 bytes each) that :func:`parse` finds
            in the same bytes; None for anything else, which is for :func:`parse` to
            judge.
        """
        size = self._sizes.get(len(content))
        if size is None or len(content) > MAX_CMS_BYTES:
            return None
        before, between = self._frames[size]
        start = len(before)
        end = start + _DIGEST_BYTES
        if not (content.startswith(before) and content.startswith(between, end)):
            return None
        spelled = content[end + len(between) :]
        try:
            signature = algorithms.ecdsa_from_der(spelled)
        except MalformedError:
            return None
        if algorithms.ecdsa_to_der(signature) != spelled:  # the larger twin
            return None
        return content[start:end], signature


def certificates_field(content: bytes) -> bytes:
    """Return what stands where a SignedData of usual size has its certificates.

    A guess to look a :class:`Template` up by. Does NOT read anything: of other bytes it
    returns some piece, perhaps an empty one.
    """
    head = content[_CERTIFICATES_AT : _CERTIFICATES_AT + 4]
    return content[
        _CERTIFICATES_AT : _CERTIFICATES_AT + 4 + int.from_bytes(head[2:], "big")
    ]


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
    return _spelled(
        signed.leaf,
        certificate_set(signed.certificates),
        _attributes(signed.leaf, signed.digest),
        algorithms.ecdsa_to_der(signed.signature),
    )


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


def _spelled(
    leaf: bytes, certificates: tuple[bytes, ...], attributes: bytes, signature: bytes
) -> bytes:
    """Put the parts together; the certificates are in order, the signature is DER."""
    signer_info = der.tlv(
        der.SEQUENCE,
        _VERSION_1,
        der.tlv(der.SEQUENCE, *_issuer_and_serial(leaf)),
        _SHA256,
        der.tlv(der.CONTEXT_0, attributes),
        _ECDSA_SHA256,
        der.tlv(der.OCTETS, signature),
    )
    body = der.tlv(
        der.SEQUENCE,
        _VERSION_1,
        der.tlv(der.SET, _SHA256),
        der.tlv(der.SEQUENCE, _OID_DATA),
        der.tlv(der.CONTEXT_0, *certificates),
        der.tlv(der.SET, signer_info),
    )
    return der.tlv(der.SEQUENCE, _OID_SIGNED_DATA, der.tlv(der.CONTEXT_0, body))


def _frame(leaf: bytes, certificates: tuple[bytes, ...], size: int) -> _Halves:
    """Return what stands before the digest, and between it and the signature.

    Args:
        leaf: certificate of the seal, DER.
        certificates: all of them, in order.
        size: of the signature in DER; its own head has two bytes.
    """
    first, last = _attribute_halves(leaf)
    attributes = first + bytes(_DIGEST_BYTES) + last
    whole = _spelled(leaf, certificates, attributes, bytes(size))
    between = whole[-(len(last) + len(_ECDSA_SHA256) + 2 + size) : -size]
    return whole[: -(_DIGEST_BYTES + len(between) + size)], between


def _attributes(leaf: bytes, digest: bytes) -> bytes:
    if len(digest) != _DIGEST_BYTES:
        raise ValueError(f"a SHA-256 digest has {_DIGEST_BYTES} bytes")
    first, last = _attribute_halves(leaf)
    return first + digest + last


@functools.lru_cache(maxsize=_CACHED)
def _attribute_halves(leaf: bytes) -> _Halves:
    """Return the signed attributes before the digest and behind it.

    A DER set is sorted by its bytes (X.690, section 11.6): content-type is the shortest
    of the three, and signing-certificate-v2 always the longest.
    """
    issuer, serial = _issuer_and_serial(leaf)
    # ESSCertIDv2 with its default hash, SHA-256, left out (RFC 5035, section 4).
    certificate_id = der.tlv(
        der.SEQUENCE,
        der.tlv(der.OCTETS, hashlib.sha256(leaf).digest()),
        der.tlv(
            der.SEQUENCE, der.tlv(der.SEQUENCE, der.tlv(der.CONTEXT_4, issuer)), serial
        ),
    )
    message_digest = der.tlv(
        der.SEQUENCE,
        _OID_MESSAGE_DIGEST,
        der.tlv(der.SET, der.tlv(der.OCTETS, bytes(_DIGEST_BYTES))),
    )
    first = (
        der.tlv(der.SEQUENCE, _OID_CONTENT_TYPE, der.tlv(der.SET, _OID_DATA))
        + message_digest[:-_DIGEST_BYTES]
    )
    last = der.tlv(
        der.SEQUENCE,
        _OID_SIGNING_CERTIFICATE_V2,
        der.tlv(der.SET, der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, certificate_id))),
    )
    return first, last


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
