"""The parts that seals and signatures share: header, property, picture, extensions.

The ASN.1 is that of GM/T 0031-2014 and GB/T 38540-2020; docs/formats/ses.md has both.
"""

from dataclasses import dataclass
from datetime import datetime

from esign import der, sm2
from esign.errors import MalformedError
from esign.ses import elements
from esign.ses.elements import Notes
from esign.ses.model import SM2_WITH_SM3, CertificateDigest, Extension, Oddity, Picture

MAX_CERTIFICATES = 64  # certificates or digests in a seal; the field has one or two
MAX_CERTIFICATE_BYTES = 8192  # as esign.certificates has it
MAX_EXTENSIONS = 64  # the field has three
MAX_MILLIMETRES = 1000  # the largest seal on paper has 60
BY_CERTIFICATE, BY_DIGEST = 1, 2  # certListType (GB/T 38540-2020)
_HEADER_ID = "ES"
_RAW_BYTES = 64
# The algorithm of the key alone, and a slip of one product; both mean SM2 with SM3.
_MISNOMERS = frozenset({"1.2.156.10197.1.301.1", "1.2.156.10197.501"})
_DATE_DIGITS, _SHORT_DIGITS = 14, 12
_PLAIN = str.maketrans("", "", "-: ")  # 2020-04-22 10:18:07, as one product writes it


@dataclass(frozen=True, slots=True)
class Property:
    """SES_ESPropertyInfo; its fields are those of :class:`esign.ses.Seal`."""

    kind: int
    name: str
    certificates: tuple[bytes, ...]
    digests: tuple[CertificateDigest, ...]
    created: datetime
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Info:
    """SES_SealInfo; ``version`` is the header's."""

    version: int
    vendor: str
    identifier: str
    property: Property
    picture: Picture
    extensions: tuple[Extension, ...]


def read_info(data: bytes, notes: Notes, *, by_2014: bool) -> Info:
    """Read an SES_SealInfo; MalformedError if it is none."""
    fields = elements.children(data, der.SEQUENCE, (4, 5), notes)
    name, version, vendor = elements.children(fields[0], der.SEQUENCE, (3, 3), notes)
    if elements.text(name, elements.IA5, notes) != _HEADER_ID:
        raise MalformedError("seal: the header does not say ES")
    read = _property_2014 if by_2014 else _property_2020
    return Info(
        version=elements.number(version, notes),
        vendor=elements.text(vendor, elements.IA5, notes),
        identifier=elements.text(fields[1], elements.IA5, notes),
        property=read(fields[2], notes),
        picture=_picture(fields[3], notes),
        extensions=read_extensions(fields[4], notes) if fields[4:] else (),
    )


def read_extensions(data: bytes, notes: Notes) -> tuple[Extension, ...]:
    """Read an ExtensionDatas; MalformedError if it is none."""
    counts = (0, MAX_EXTENSIONS)
    found = elements.children(data, der.SEQUENCE, counts, notes)
    return tuple(_extension(one, notes) for one in found)


def read_certificate_octets(data: bytes, notes: Notes) -> bytes:
    """Return the certificate in an OCTET STRING; nobody reads it here."""
    certificate = elements.octets(data, notes)
    if len(certificate) > MAX_CERTIFICATE_BYTES:
        raise MalformedError(f"seal: a certificate over {MAX_CERTIFICATE_BYTES} bytes")
    return certificate


def read_signature_value(data: bytes, notes: Notes) -> tuple[bytes, bytes]:
    """Return r and s as 64 bytes, and the value as it stands in its BIT STRING.

    The standard form is DER (GB/T 35276); one province writes the 64 bytes.

    Raises:
        MalformedError: neither.
    """
    value = elements.bits(data, notes)
    return read_signature_bytes(value, notes), value


def read_signature_bytes(value: bytes, notes: Notes) -> bytes:
    """Return r and s, 64 bytes, of a signature in either form."""
    try:
        return sm2.from_der(value)
    except MalformedError:
        if not notes.lenient or len(value) != _RAW_BYTES:
            raise
    sm2.require_canonical(value)
    notes.odd(Oddity.RAW_SIGNATURE)
    return value


def read_algorithm(data: bytes, notes: Notes) -> str:
    """Return a signature algorithm, dotted; a known misnomer of SM2 is an oddity."""
    algorithm = elements.oid(data, notes)
    if algorithm in _MISNOMERS:
        notes.odd(Oddity.ALGORITHM)
        return SM2_WITH_SM3
    return algorithm


def read_timestamp(fields: tuple[bytes, ...], notes: Notes) -> bytes | None:
    """Return what stands in ``timeStamp [0] BIT STRING``, None where there is none."""
    if not fields:
        return None
    return elements.bits(read_tagged(fields[0], notes), notes)


def read_tagged(data: bytes, notes: Notes) -> bytes:
    """Return the element inside an explicit [0]; MalformedError if there is none."""
    return elements.children(data, der.CONTEXT_0, (1, 1), notes)[0]


def read_time_info(data: bytes, notes: Notes) -> datetime | None:
    """Return the time in the timeInfo of a 2014 signature, a BIT STRING.

    GM/T 0031-2014 does not say what is in it. A strict reading takes a DER time; a
    lenient one also its text alone, or a date and a time of day without a zone.
    None is for what is not a time at all, a timestamp token for one.

    Raises:
        MalformedError: the reading is strict and it is not a DER time.
    """
    value = elements.bits(data, notes)
    if value[0] in (der.TIME, elements.UTC_TIME):
        return elements.time(value, value[0], notes)
    notes.odd(Oddity.TIME_FORM)
    try:
        shown = value.decode("ascii").translate(_PLAIN)
        digits = _DATE_DIGITS if shown[:_DATE_DIGITS].isdigit() else _SHORT_DIGITS
        return elements.time_of_text(shown, digits, notes)
    except (UnicodeDecodeError, MalformedError):
        # Not lost: it is in the list of oddities, and no time is no yes.
        notes.odd(Oddity.TIME_UNREADABLE)
        return None


def _property_2014(data: bytes, notes: Notes) -> Property:
    kind, name, listed, *times = elements.children(data, der.SEQUENCE, (6, 6), notes)
    return Property(
        elements.number(kind, notes),
        elements.text(name, elements.UTF8, notes),
        _certificates(listed, notes),
        (),
        *_times(times, elements.UTC_TIME, notes),
    )


def _property_2020(data: bytes, notes: Notes) -> Property:
    kind, name, list_type, listed, *times = elements.children(
        data, der.SEQUENCE, (7, 7), notes
    )
    certificates: tuple[bytes, ...] = ()
    digests: tuple[CertificateDigest, ...] = ()
    match elements.number(list_type, notes):
        case 1:  # BY_CERTIFICATE
            certificates = _certificates(listed, notes)
        case 2:  # BY_DIGEST
            digests = _digests(listed, notes)
        case _:
            raise MalformedError("seal: certListType is neither 1 nor 2")
    return Property(
        elements.number(kind, notes),
        elements.text(name, elements.UTF8, notes),
        certificates,
        digests,
        *_times(times, der.TIME, notes),
    )


def _times(
    data: list[bytes], tag: int, notes: Notes
) -> tuple[datetime, datetime, datetime]:
    created, valid_from, valid_until = (elements.time(one, tag, notes) for one in data)
    if valid_from > valid_until:
        raise MalformedError("seal: it ends before it begins")
    return created, valid_from, valid_until


def _certificates(data: bytes, notes: Notes) -> tuple[bytes, ...]:
    counts = (1, MAX_CERTIFICATES)
    found = elements.children(data, der.SEQUENCE, counts, notes)
    return tuple(read_certificate_octets(one, notes) for one in found)


def _digests(data: bytes, notes: Notes) -> tuple[CertificateDigest, ...]:
    found = []
    for one in elements.children(data, der.SEQUENCE, (1, MAX_CERTIFICATES), notes):
        kind, value = elements.children(one, der.SEQUENCE, (2, 2), notes)
        found.append(
            CertificateDigest(
                elements.text(kind, elements.PRINTABLE, notes),
                elements.octets(value, notes),
            )
        )
    return tuple(found)


def _picture(data: bytes, notes: Notes) -> Picture:
    kind, picture, width, height = elements.children(data, der.SEQUENCE, (4, 4), notes)
    sides = elements.number(width, notes), elements.number(height, notes)
    if not all(1 <= side <= MAX_MILLIMETRES for side in sides):
        raise MalformedError(f"seal: a side is not 1 to {MAX_MILLIMETRES} mm long")
    return Picture(
        elements.text(kind, elements.IA5, notes),
        elements.octets(picture, notes),
        *sides,
    )


def _extension(data: bytes, notes: Notes) -> Extension:
    fields = elements.children(data, der.SEQUENCE, (2, 3), notes)
    critical = False
    if len(fields) == 3:  # noqa: PLR2004 - extnID, critical, extnValue
        critical = elements.boolean(fields[1], notes)
    if critical:
        # No standard defines one, so there is none that is known here.
        notes.odd(Oddity.CRITICAL_EXTENSION)
    return Extension(
        elements.oid(fields[0], notes),
        critical,
        elements.content(fields[-1], der.OCTETS, notes),
    )
