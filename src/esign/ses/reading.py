"""SESeal and SES_Signature as values: GM/T 0031-2014, GB/T 38540-2020, GM/T 0031-2025.

The bytes that were signed are sliced out of the file and never built again: real
certificates and extensions are not strict DER, and what one re-encodes is another seal.
"""

from typing import NamedTuple

from esign import der
from esign.errors import MalformedError
from esign.ses import elements, parts
from esign.ses.elements import Notes
from esign.ses.model import (
    VERSION_2014,
    VERSION_2020,
    VERSION_2025,
    Extension,
    Oddity,
    Seal,
    Signature,
)

MAX_SEAL_BYTES = 2 << 20  # bytes; one of the field has 8 to 60 KiB, mostly its picture
MAX_SIGNATURE_BYTES = MAX_SEAL_BYTES + (64 << 10)  # the seal and what stands around it
DIGEST_BYTES = 32  # SM3
_VERSIONS = (VERSION_2020, VERSION_2025)


def read_seal(data: bytes, *, lenient: bool = False) -> Seal:
    """Read an SESeal of version 1, 4 or 5 (GB/T 38540-2020; GM/T 0031-2014 and 2025).

    Does NOT check any signature, certificate or period: see
    :func:`esign.ses.validate_seal`.

    Args:
        data: one seal, DER, as in an ``.esl`` file; at most :data:`MAX_SEAL_BYTES`.
        lenient: read what the field does oddly too, and list it in ``oddities``.

    Returns:
        The seal.

    Raises:
        MalformedError: not a seal, or, where the reading is strict, an odd one.
    """
    return _seal(data, Notes(lenient=lenient))


def read_signature(data: bytes, *, lenient: bool = False) -> Signature:
    """Read an SES_Signature of version 1, 4 or 5 (the same standards).

    Does NOT check any signature, digest, certificate or period: see
    :func:`esign.ses.validate_signature`.

    Args:
        data: one signature, DER, as in a ``SignedValue.dat`` file; at most
            :data:`MAX_SIGNATURE_BYTES`.
        lenient: read what the field does oddly too, and list it in ``oddities``.

    Returns:
        The signature with its seal.

    Raises:
        MalformedError: not a signature, or, where the reading is strict, an odd one.
    """
    if len(data) > MAX_SIGNATURE_BYTES:
        raise MalformedError(f"signature: more than {MAX_SIGNATURE_BYTES} bytes")
    notes = Notes(lenient=lenient)
    match elements.children(data, der.SEQUENCE, (2, 5), notes):
        case signed, value:
            return _signature_2014(data, signed, value, notes)
        case _, _, _, _, *_:
            return _signature_2020(data, notes)
        case _:
            raise MalformedError("signature: three fields; it has 2, 4 or 5")


class _Frame(NamedTuple):
    """An SESeal by its fields, whichever version laid them out."""

    version: int
    info: parts.Info
    signed: bytes
    maker: bytes
    algorithm: bytes
    value: bytes
    stamp: tuple[bytes, ...] = ()


def _seal(data: bytes, notes: Notes) -> Seal:
    if len(data) > MAX_SEAL_BYTES:
        raise MalformedError(f"seal: more than {MAX_SEAL_BYTES} bytes")
    frame = _frame(data, notes)
    raw, stored = parts.read_signature_value(frame.value, notes)
    info, said = frame.info, frame.info.property
    return Seal(
        version=frame.version,
        vendor=info.vendor,
        identifier=info.identifier,
        kind=said.kind,
        name=said.name,
        certificates=said.certificates,
        digests=said.digests,
        created=said.created,
        valid_from=said.valid_from,
        valid_until=said.valid_until,
        picture=info.picture,
        extensions=info.extensions,
        maker=parts.read_certificate_octets(frame.maker, notes),
        algorithm=parts.read_algorithm(frame.algorithm, notes),
        signature=raw,
        signature_value=stored,
        timestamp=parts.read_timestamp(frame.stamp, notes),
        signed=frame.signed,
        der=data,
        oddities=notes.found,
    )


def _frame(data: bytes, notes: Notes) -> _Frame:
    match elements.children(data, der.SEQUENCE, (2, 5), notes):
        case first, sign_info:
            info = parts.read_info(first, notes, by_2014=True)
            maker, algorithm, value = elements.children(
                sign_info, der.SEQUENCE, (3, 3), notes
            )
            # GM/T 0031-2014: one SEQUENCE of these three, each as it stands.
            signed = der.tlv(der.SEQUENCE, first, maker, algorithm)
            return _Frame(VERSION_2014, info, signed, maker, algorithm, value)
        case first, maker, algorithm, value, *stamp:
            info = parts.read_info(first, notes, by_2014=False)
            version = _version(info.version, notes)
            if stamp and version == VERSION_2020:
                notes.odd(Oddity.VERSION)  # a seal's timestamp came with GM/T 0031-2025
            return _Frame(version, info, first, maker, algorithm, value, tuple(stamp))
        case _:
            raise MalformedError("seal: three fields; it has 2, 4 or 5")


def _signature_2014(
    data: bytes, signed: bytes, value: bytes, notes: Notes
) -> Signature:
    fields = elements.children(signed, der.SEQUENCE, (7, 7), notes)
    version, seal, time, digest, property_info, certificate, algorithm = fields
    elements.number(version, notes)  # the text leaves it free and gives 11 for one
    raw, stored = parts.read_signature_value(value, notes)
    return Signature(
        version=VERSION_2014,
        seal=_seal_of(seal, VERSION_2014, notes),
        time=parts.read_time_info(time, notes),
        digest=_digest(digest, notes),
        property_info=elements.text(property_info, elements.IA5, notes),
        extensions=(),
        certificate=parts.read_certificate_octets(certificate, notes),
        algorithm=parts.read_algorithm(algorithm, notes),
        signature=raw,
        signature_value=stored,
        timestamp=None,
        signed=signed,
        der=data,
        oddities=notes.found,
    )


def _signature_2020(data: bytes, notes: Notes) -> Signature:
    signed, certificate, algorithm, value, *stamp = elements.children(
        data, der.SEQUENCE, (4, 5), notes
    )
    version, seal, time, digest, property_info, *rest = elements.children(
        signed, der.SEQUENCE, (5, 6), notes
    )
    number = _version(elements.number(version, notes), notes)
    extensions: tuple[Extension, ...] = ()
    if rest:
        tagged = parts.read_tagged(rest[0], notes)
        extensions = parts.read_extensions(tagged, notes)
    raw, stored = parts.read_signature_value(value, notes)
    return Signature(
        version=number,
        seal=_seal_of(seal, number, notes),
        time=elements.time(time, der.TIME, notes),
        digest=_digest(digest, notes),
        property_info=elements.text(property_info, elements.IA5, notes),
        extensions=extensions,
        certificate=parts.read_certificate_octets(certificate, notes),
        algorithm=parts.read_algorithm(algorithm, notes),
        signature=raw,
        signature_value=stored,
        timestamp=parts.read_timestamp(tuple(stamp), notes),
        signed=signed,
        der=data,
        oddities=notes.found,
    )


def _seal_of(data: bytes, version: int, notes: Notes) -> Seal:
    own = Notes(lenient=notes.lenient)
    seal = _seal(data, own)
    for oddity in own.found:
        notes.odd(oddity)
    if seal.version != version:
        notes.odd(Oddity.VERSION)
    return seal


def _version(number: int, notes: Notes) -> int:
    """Return 4 or 5; an unknown number is taken for 4 where the reading is lenient."""
    if number not in _VERSIONS:
        notes.odd(Oddity.VERSION)
        return VERSION_2020
    return number


def _digest(data: bytes, notes: Notes) -> bytes:
    digest = elements.bits(data, notes)
    if len(digest) != DIGEST_BYTES:
        raise MalformedError(f"signature: dataHash does not have {DIGEST_BYTES} bytes")
    return digest
