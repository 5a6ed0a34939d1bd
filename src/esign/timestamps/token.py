"""A TimeStampToken taken apart: one SignedData around one TSTInfo (RFC 3161, 2.4.2).

Whatever the signature does not cover has one value here, but for a NULL that may be
left out, or is compared later with what is trusted: an edit says nothing new.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from esign import der
from esign.certificates import MAX_INTERMEDIATES
from esign.errors import MalformedError

MAX_TOKEN_BYTES = 65536  # services send 1 to 7 KiB, certificates included
# The longest chain that counts, and its root; four certificates have been seen.
MAX_CERTIFICATES = 1 + MAX_INTERMEDIATES + 1
MAX_SERIAL = (1 << 160) - 1  # RFC 3161, section 2.4.2
MAX_NONCE = (1 << 160) - 1  # ours have 64 bits
MAX_ACCURACY = 86_400  # seconds; a clock that may be a day off is no evidence
UNSTATED_ACCURACY = timedelta(minutes=1)
"""Counts where a token states none: RFC 3161, 2.4.2, leaves it to the policy then."""
_DIGEST_BYTES = 32
_MAX_ATTRIBUTES = 16

SHA256, SHA384, SHA512 = (
    bytes.fromhex("0609608648016503040201"),
    bytes.fromhex("0609608648016503040202"),
    bytes.fromhex("0609608648016503040203"),
)
HASHES: Mapping[bytes, str] = {SHA256: "sha256", SHA384: "sha384", SHA512: "sha512"}
SIGNATURES: Mapping[bytes, tuple[str, str]] = {
    bytes.fromhex("06092a864886f70d010101"): ("RSA", ""),  # RFC 3370, section 3.2
    bytes.fromhex("06092a864886f70d01010b"): ("RSA", "sha256"),  # RFC 5754, 3.2
    bytes.fromhex("06092a864886f70d01010c"): ("RSA", "sha384"),
    bytes.fromhex("06092a864886f70d01010d"): ("RSA", "sha512"),
    bytes.fromhex("06082a8648ce3d040302"): ("ECDSA", "sha256"),  # RFC 5754, 3.3
    bytes.fromhex("06082a8648ce3d040303"): ("ECDSA", "sha384"),
    bytes.fromhex("06082a8648ce3d040304"): ("ECDSA", "sha512"),
}
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_TST_INFO = bytes.fromhex("060b2a864886f70d0109100104")
_CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
_SIGNING_CERTIFICATE = bytes.fromhex("060b2a864886f70d010910020c")  # RFC 2634, 5.4
_SIGNING_CERTIFICATE_V2 = bytes.fromhex("060b2a864886f70d010910022f")  # RFC 5035, 3
_VERSION_1, _VERSION_3 = b"\x02\x01\x01", b"\x02\x01\x03"
_TIME = re.compile(rb"([0-9]{14})(\.[0-9]{0,8}[1-9])?Z")


@dataclass(frozen=True, slots=True)
class UnverifiedTimestamp:
    """What a token says; whether it is true is for :func:`esign.timestamps.verify`.

    Attributes:
        unverified_at: genTime, aware UTC, whole seconds; a fraction counts as the
            later second.
        unverified_accuracy: what the token states, or :data:`UNSTATED_ACCURACY`.
        unverified_digest: SHA-256 of what was stamped, 32 bytes.
        unverified_serial: the token's serial number.
        unverified_nonce: the number from the request, where there was one.
        unverified_certificate_sha256: SHA-256 of the certificate of the service, None
            where the token names it by SHA-1 or another hash alone.
    """

    unverified_at: datetime
    unverified_accuracy: timedelta
    unverified_digest: bytes
    unverified_serial: int
    unverified_nonce: int | None
    unverified_certificate_sha256: bytes | None


@dataclass(frozen=True, slots=True)
class CertificateName:
    """How a signed attribute names the signer's certificate (RFC 5035, section 4).

    Attributes:
        algorithm: the hash's name, as hashlib has it.
        digest: the hash of the certificate's DER.
        issuer_serial: DER of the IssuerSerial, empty where there is none.
    """

    algorithm: str
    digest: bytes
    issuer_serial: bytes


@dataclass(frozen=True, slots=True)
class Info:
    """The fields of a TSTInfo that this project uses (RFC 3161, section 2.4.2)."""

    at: datetime
    accuracy: timedelta
    digest: bytes
    serial: int
    nonce: int | None


@dataclass(frozen=True, slots=True)
class Token:
    """The parts of a token, nothing of them verified.

    Attributes:
        content: DER of the TSTInfo, which is what is signed.
        info: the same, read.
        certificates: the certificates that came along, DER, in their order.
        issuer_and_serial: DER, names the signer's certificate.
        hash_name: the hash of content and signature, as hashlib has it.
        attributes: the signed attributes with the tag of a SET.
        message_digest: the content's digest, as the signed attributes claim it.
        names: how the signed attributes name the signer's certificate, one or two.
        scheme: ``RSA`` or ``ECDSA``.
        signature: the signature's octets.
    """

    content: bytes
    info: Info
    certificates: tuple[bytes, ...]
    issuer_and_serial: bytes
    hash_name: str
    attributes: bytes
    message_digest: bytes
    names: tuple[CertificateName, ...]
    scheme: str
    signature: bytes


def read(token: bytes) -> UnverifiedTimestamp:
    """Return what a token says (RFC 3161, section 2.4.2; RFC 5816).

    Does NOT check the signature or whose it is: see :func:`esign.timestamps.verify`.

    Args:
        token: a TimeStampToken, DER, and nothing behind it.

    Returns:
        Its claims.

    Raises:
        MalformedError: not a token of the profile in docs/formats/evidence.md.
    """
    parts = parse(token)
    names = [name.digest for name in parts.names if name.algorithm == "sha256"]
    return UnverifiedTimestamp(
        unverified_at=parts.info.at,
        unverified_accuracy=parts.info.accuracy,
        unverified_digest=parts.info.digest,
        unverified_serial=parts.info.serial,
        unverified_nonce=parts.info.nonce,
        unverified_certificate_sha256=names[0] if names else None,
    )


def parse(token: bytes) -> Token:
    """Take a token apart (RFC 5652, section 5.1).

    Raises:
        MalformedError: not a token of the profile.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise MalformedError(f"timestamp: more than {MAX_TOKEN_BYTES} bytes")
    oid, tagged = der.children(token, der.SEQUENCE, 2, 2)
    if oid != _SIGNED_DATA:
        raise MalformedError("timestamp: not a SignedData")
    body = der.inner(tagged, der.CONTEXT_0)
    version, algorithms, content, *middle, infos = der.children(
        body, der.SEQUENCE, 4, 5
    )
    if version != _VERSION_3:
        raise MalformedError("timestamp: SignedData has another version than 3")
    # The only optional part is the certificates: a list of revocations, which nothing
    # signs, has another tag.
    certificates = (
        der.children(middle[0], der.CONTEXT_0, 1, MAX_CERTIFICATES) if middle else ()
    )
    (algorithm,) = der.children(algorithms, der.SET, 1, 1)
    (info,) = der.children(infos, der.SET, 1, 1)
    signer = _signer(info, _content(content), certificates)
    if hash_of(algorithm) != signer.hash_name:
        raise MalformedError("timestamp: two hashes are named")
    return signer


def hash_of(identifier: bytes) -> str:
    """Return the name of the hash in an AlgorithmIdentifier (RFC 5754, section 2).

    Raises:
        MalformedError: another hash than SHA-256, SHA-384 or SHA-512.
    """
    name = HASHES.get(_algorithm(identifier))
    if name is None:
        raise MalformedError("timestamp: a hash is not in the closed table")
    return name


def _algorithm(identifier: bytes) -> bytes:
    oid, *parameters = der.children(identifier, der.SEQUENCE, 1, 2)
    if parameters not in ([], [der.NULL]):
        raise MalformedError("timestamp: an algorithm has parameters")
    return oid


def _content(element: bytes) -> bytes:
    oid, tagged = der.children(element, der.SEQUENCE, 2, 2)
    if oid != _TST_INFO:
        raise MalformedError("timestamp: what is signed is not a TSTInfo")
    return der.inner(der.inner(tagged, der.CONTEXT_0), der.OCTETS)


def _signer(info: bytes, content: bytes, certificates: tuple[bytes, ...]) -> Token:
    """Read the one SignerInfo (RFC 5652, section 5.3)."""
    # Six elements: there are signed attributes, and no unsigned ones.
    version, issuer_and_serial, hash_id, attributes, scheme_id, signature = (
        der.children(info, der.SEQUENCE, 6, 6)
    )
    der.inner(issuer_and_serial, der.SEQUENCE)
    if version != _VERSION_1:
        raise MalformedError("timestamp: SignerInfo has another version than 1")
    hash_name = hash_of(hash_id)
    scheme, bound = SIGNATURES.get(_algorithm(scheme_id), ("", ""))
    if not scheme or bound not in ("", hash_name):
        raise MalformedError("timestamp: no signature algorithm of the closed table")
    signed = der.inner(attributes, der.CONTEXT_0)
    values = _attributes(attributes)
    if _take(values, _CONTENT_TYPE) != _TST_INFO:
        raise MalformedError("timestamp: the signed content type is another")
    return Token(
        content=content,
        info=_info(content),
        certificates=certificates,
        issuer_and_serial=issuer_and_serial,
        hash_name=hash_name,
        attributes=der.tlv(der.SET, signed),
        message_digest=der.inner(_take(values, _MESSAGE_DIGEST), der.OCTETS),
        names=_names(values),
        scheme=scheme,
        signature=der.inner(signature, der.OCTETS),
    )


def _attributes(element: bytes) -> dict[bytes, bytes]:
    """Return the values by their type, each still inside its SET."""
    values: dict[bytes, bytes] = {}
    for attribute in der.children(element, der.CONTEXT_0, 3, _MAX_ATTRIBUTES):
        oid, content = der.children(attribute, der.SEQUENCE, 2, 2)
        if oid in values:
            raise MalformedError("timestamp: a signed attribute occurs twice")
        values[oid] = content
    return values


def _take(values: Mapping[bytes, bytes], oid: bytes) -> bytes:
    """Return the one value of an attribute."""
    if oid not in values:
        raise MalformedError("timestamp: a signed attribute is missing")
    (value,) = der.children(values[oid], der.SET, 1, 1)
    return value


def _names(values: Mapping[bytes, bytes]) -> tuple[CertificateName, ...]:
    names: list[CertificateName] = []
    for oid in (_SIGNING_CERTIFICATE_V2, _SIGNING_CERTIFICATE):
        if oid in values:
            # The signer's own stands first (RFC 5035, section 3); policies may follow.
            listed, *_ = der.children(_take(values, oid), der.SEQUENCE, 1, 2)
            first, *_ = der.children(listed, der.SEQUENCE, 1, MAX_CERTIFICATES)
            names.append(_name(first, "" if oid == _SIGNING_CERTIFICATE_V2 else "sha1"))
    if not names:
        raise MalformedError("timestamp: no signed attribute names the certificate")
    return tuple(names)


def _name(identifier: bytes, algorithm: str) -> CertificateName:
    """Read an ESSCertID, or an ESSCertIDv2 where ``algorithm`` is empty."""
    parts = der.children(identifier, der.SEQUENCE, 1, 3)
    if not algorithm:
        algorithm = "sha256"  # DEFAULT, RFC 5035, section 4
        if parts[0][0] == der.SEQUENCE:
            algorithm, parts = hash_of(parts[0]), parts[1:]
    if not 1 <= len(parts) <= 2:  # noqa: PLR2004  the hash, then perhaps IssuerSerial
        raise MalformedError("timestamp: the certificate's name has another shape")
    digest = der.inner(parts[0], der.OCTETS)
    return CertificateName(algorithm, digest, parts[1] if len(parts) > 1 else b"")


def _info(content: bytes) -> Info:
    """Read a TSTInfo; what is optional keeps its order."""
    version, policy, imprint, serial, time, *rest = der.children(
        content, der.SEQUENCE, 5, 10
    )
    der.inner(policy, der.OID)
    if version != _VERSION_1:
        raise MalformedError("timestamp: TSTInfo has another version than 1")
    optional = _optional(rest)
    at, accuracy = _time(time), _accuracy(optional.get(der.SEQUENCE))
    nonce = optional.get(der.INTEGER)
    _refuse_critical(optional.get(der.CONTEXT_1))
    return Info(
        at=at,
        accuracy=accuracy,
        digest=_imprint(imprint),
        serial=der.unsigned(serial, der.INTEGER, MAX_SERIAL),
        nonce=None if nonce is None else der.unsigned(nonce, der.INTEGER, MAX_NONCE),
    )


def _optional(rest: list[bytes]) -> dict[int, bytes]:
    """Return accuracy, ordering, nonce, tsa and extensions by their tags."""
    order = [der.SEQUENCE, der.BOOLEAN, der.INTEGER, der.CONTEXT_0, der.CONTEXT_1]
    found: dict[int, bytes] = {}
    for element in rest:
        if element[0] not in order:
            raise MalformedError("timestamp: TSTInfo has a field too many")
        order = order[order.index(element[0]) + 1 :]
        found[element[0]] = element
    return found


def _imprint(element: bytes) -> bytes:
    identifier, octets = der.children(element, der.SEQUENCE, 2, 2)
    digest = der.inner(octets, der.OCTETS)
    if _algorithm(identifier) != SHA256 or len(digest) != _DIGEST_BYTES:
        raise MalformedError("timestamp: the imprint is no SHA-256 digest")
    return digest


def _time(element: bytes) -> datetime:
    found = _TIME.fullmatch(der.inner(element, der.TIME))
    if found is None:
        raise MalformedError("timestamp: genTime has another form")
    try:
        text = found[1].decode("ascii")
        later = timedelta(seconds=1) if found[2] else timedelta(0)
        at = datetime.strptime(text + "Z", "%Y%m%d%H%M%S%z").astimezone(UTC) + later
        # An instant that Python cannot hold with every accuracy is none.
        _ = at + timedelta(seconds=MAX_ACCURACY + 1)
    except (ValueError, OverflowError) as err:
        raise MalformedError("timestamp: genTime is no instant") from err
    return at


def _accuracy(element: bytes | None) -> timedelta:
    """Read seconds, millis [0] and micros [1] (RFC 3161, section 2.4.2)."""
    if element is None:
        return UNSTATED_ACCURACY
    limits = {der.INTEGER: (0, MAX_ACCURACY), 0x80: (1, 999), 0x81: (1, 999)}
    values = dict.fromkeys(limits, 0)
    parts = der.children(element, der.SEQUENCE, 0, 3)
    tags = [part[0] for part in parts]
    if tags != [tag for tag in limits if tag in tags]:
        raise MalformedError("timestamp: the accuracy has another shape")
    for part in parts:
        least, most = limits[part[0]]
        values[part[0]] = der.unsigned(part, part[0], most)
        if values[part[0]] < least:
            raise MalformedError("timestamp: the accuracy has a part of zero")
    return timedelta(
        seconds=values[der.INTEGER],
        milliseconds=values[0x80],
        microseconds=values[0x81],
    )


def _refuse_critical(element: bytes | None) -> None:
    """Refuse extensions that must be understood: none is known here."""
    if element is None:
        return
    for extension in der.children(element, der.CONTEXT_1, 1, _MAX_ATTRIBUTES):
        _, *rest = der.children(extension, der.SEQUENCE, 2, 3)
        if rest[0][0] == der.BOOLEAN:
            raise MalformedError("timestamp: an extension is flagged as critical")
