"""SignedData with SM2 and SM3: GB/T 35275, and PKCS #7 with the same algorithms.

It stands beside seals in two places: as the timestamp over their values, and, in place
of an SES_Signature, in files of the field. One signer; the bytes are sliced.
"""

from dataclasses import dataclass, field

from esign import der, sm2
from esign.errors import MalformedError
from esign.ses import elements, parts
from esign.ses.elements import Notes
from esign.ses.model import Oddity

MAX_SIGNED_DATA_BYTES = 1 << 20  # bytes; without its content it has some 3 KiB
MAX_CERTIFICATES = 8  # in one SignedData
MAX_ATTRIBUTES = 16  # signed attributes; four are usual
TST_INFO = "1.2.840.113549.1.9.16.1.4"  # RFC 3161, 2.4.2
_SIGNED_DATA = frozenset({"1.2.156.10197.6.1.4.2.2", "1.2.840.113549.1.7.2"})
_CONTENT = frozenset({"1.2.156.10197.6.1.4.2.1", "1.2.840.113549.1.7.1", TST_INFO})
_SM3 = "1.2.156.10197.1.401"
_SM2 = frozenset({"1.2.156.10197.1.301.1", "1.2.156.10197.1.501"})
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_CERTIFICATES, _CRLS = 0xA0, 0xA1
_MAX_SIGNED_DATA_FIELDS = 6
_MAX_LISTED = 16  # digest algorithms, lists of revoked certificates
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class SignedData:
    """A SignedData that has its form; whether it holds is another question.

    Attributes:
        content_type: what the content is, dotted OID.
        content: the content that it carries; None where it is detached.
        certificates: what it carries, DER; they prove nothing.
        issuer_and_serial: the signer's certificate by name, DER.
        attributes: the signed attributes as they are signed, a SET; None where the
            content itself is signed.
        message_digest: SM3 of the content as the attributes claim it, or None.
        signature: r and s, 64 bytes.
        oddities: what is not as the standard has it.
    """

    content_type: str
    content: bytes | None = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)
    issuer_and_serial: bytes = field(repr=False)
    attributes: bytes | None = field(repr=False)
    message_digest: bytes | None
    signature: bytes = field(repr=False)
    oddities: tuple[Oddity, ...]


def read_signed_data(data: bytes, *, lenient: bool = False) -> SignedData:
    """Read a SignedData with one SM2 signer (GB/T 35275-2017; RFC 5652, section 5).

    Does NOT check anything that it claims: see
    :func:`esign.ses.validate_signed_data`.

    Args:
        data: a ContentInfo, DER, at most :data:`MAX_SIGNED_DATA_BYTES`.
        lenient: read what the field does oddly too, and list it in ``oddities``.

    Raises:
        MalformedError: not such a SignedData.
    """
    if len(data) > MAX_SIGNED_DATA_BYTES:
        raise MalformedError(f"SignedData: more than {MAX_SIGNED_DATA_BYTES} bytes")
    notes = Notes(lenient=lenient)
    kind, tagged = elements.children(data, der.SEQUENCE, (2, 2), notes)
    _require_kind(kind, _SIGNED_DATA, notes)
    counts = (4, _MAX_SIGNED_DATA_FIELDS)
    body = parts.read_tagged(tagged, notes)
    version, digests, encapsulated, *rest, signers = elements.children(
        body, der.SEQUENCE, counts, notes
    )
    for one in elements.children(digests, der.SET, (1, _MAX_LISTED), notes):
        _algorithm(one, frozenset({_SM3}), notes)
    content_type, content = _content(encapsulated, notes)
    _require_version(version, 3 if content_type == TST_INFO else 1, notes)
    certificates = _certificates(rest, notes)
    (signer,) = elements.children(signers, der.SET, (1, 1), notes)
    name, attributes, signature = _signer(signer, notes)
    message_digest = None
    if attributes is not None:
        message_digest = _message_digest(attributes, content_type, notes)
    return SignedData(
        content_type,
        content,
        certificates,
        name,
        attributes,
        message_digest,
        signature,
        notes.found,
    )


def signer_of(signed: SignedData, certificates: tuple[bytes, ...]) -> bytes | None:
    """Return which of some certificates the signer is named by; None for none of them.

    Args:
        signed: what was read.
        certificates: DER; one that cannot be read is not the signer's.
    """
    for one in certificates:
        try:
            certificate = sm2.read_certificate(one)
        except MalformedError:
            continue  # it names nobody, so it is not the one that is looked for
        serial = der.integer(certificate.serial)
        if signed.issuer_and_serial == der.tlv(
            der.SEQUENCE, certificate.issuer, serial
        ):
            return one
    return None


def _require_version(data: bytes, version: int, notes: Notes) -> None:
    """Ask for the version that the content asks for (RFC 5652, section 5.1)."""
    if elements.number(data, notes) != version:
        notes.odd(Oddity.VERSION)


def _require_kind(data: bytes, kinds: frozenset[str], notes: Notes) -> str:
    kind = elements.oid(data, notes)
    if kind not in kinds:
        raise MalformedError("SignedData: an identifier that is not known here")
    return kind


def _algorithm(data: bytes, kinds: frozenset[str], notes: Notes) -> None:
    """Read an AlgorithmIdentifier with NULL or no parameters."""
    kind, *parameters = elements.children(data, der.SEQUENCE, (1, 2), notes)
    _require_kind(kind, kinds, notes)
    if parameters not in ([], [der.NULL]):
        raise MalformedError("SignedData: an algorithm has parameters")


def _content(data: bytes, notes: Notes) -> tuple[str, bytes | None]:
    kind, *tagged = elements.children(data, der.SEQUENCE, (1, 2), notes)
    content_type = _require_kind(kind, _CONTENT, notes)
    if not tagged:
        return content_type, None
    return content_type, elements.octets(parts.read_tagged(tagged[0], notes), notes)


def _certificates(fields: list[bytes], notes: Notes) -> tuple[bytes, ...]:
    """Return the certificates; lists of revoked ones may stand there and are left."""
    certificates: tuple[bytes, ...] = ()
    if fields and fields[0][0] == _CERTIFICATES:
        counts = (0, MAX_CERTIFICATES)
        certificates = elements.children(fields.pop(0), _CERTIFICATES, counts, notes)
    if fields:
        elements.children(fields.pop(0), _CRLS, (0, _MAX_LISTED), notes)
        notes.odd(Oddity.UNSIGNED_PART)
    if fields:
        raise MalformedError("SignedData: a field that does not belong there")
    return certificates


def _signer(data: bytes, notes: Notes) -> tuple[bytes, bytes | None, bytes]:
    """Return issuer and serial number, the attributes as a SET, and the signature."""
    version, name, digest, *rest = elements.children(data, der.SEQUENCE, (5, 7), notes)
    _require_version(version, 1, notes)
    elements.children(name, der.SEQUENCE, (2, 2), notes)
    _algorithm(digest, frozenset({_SM3}), notes)
    attributes = None
    if rest[0][0] == der.CONTEXT_0:
        # RFC 5652, section 5.4: signed as a SET, which differs in the first byte only.
        attributes = bytes((der.SET,)) + rest.pop(0)[1:]
    if len(rest) == 3 and rest[2][0] == der.CONTEXT_1:  # noqa: PLR2004  two and these
        rest.pop()  # unsigned attributes prove nothing and are left
        notes.odd(Oddity.UNSIGNED_PART)
    if len(rest) != 2:  # noqa: PLR2004  algorithm and value
        raise MalformedError("SignedData: a signer's fields cannot be told apart")
    _algorithm(rest[0], _SM2, notes)
    value = elements.octets(rest[1], notes)
    return name, attributes, parts.read_signature_bytes(value, notes)


def _message_digest(attributes: bytes, content_type: str, notes: Notes) -> bytes:
    """Return the digest among the attributes, which must name the content's type."""
    found: dict[str, bytes] = {}
    for one in elements.children(attributes, der.SET, (2, MAX_ATTRIBUTES), notes):
        kind, values = elements.children(one, der.SEQUENCE, (2, 2), notes)
        name = elements.oid(kind, notes)
        if name in found:
            raise MalformedError("SignedData: an attribute occurs twice")
        found[name] = values
    if not {_CONTENT_TYPE, _MESSAGE_DIGEST} <= found.keys():
        raise MalformedError("SignedData: a signed attribute is missing")
    (named,) = elements.children(found[_CONTENT_TYPE], der.SET, (1, 1), notes)
    if elements.oid(named, notes) != content_type:
        raise MalformedError("SignedData: the attributes name another content type")
    (value,) = elements.children(found[_MESSAGE_DIGEST], der.SET, (1, 1), notes)
    digest = elements.octets(value, notes)
    if len(digest) != _DIGEST_BYTES:
        raise MalformedError("SignedData: messageDigest is not one of SM3")
    return digest
