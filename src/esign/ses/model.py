"""What a seal and a signature of GB/T 38540 say, with the bytes they say it in."""

import enum
from dataclasses import dataclass, field
from datetime import datetime

VERSION_2014, VERSION_2020, VERSION_2025 = 1, 4, 5
"""GM/T 0031-2014, GB/T 38540-2020 and GM/T 0031-2025."""
SM2_WITH_SM3 = "1.2.156.10197.1.501"  # GB/T 33560: the one algorithm of these seals


class Oddity(enum.StrEnum):
    """What files of the field do beside the standard; read only where one asks to.

    None of them changes what is signed: the signed bytes are sliced as they stand.
    """

    LENGTH = "length-not-minimal"
    BOOLEAN = "boolean-not-der"
    INTEGER = "integer-not-minimal"
    STRING_KIND = "other-string-kind"
    TIME_KIND = "other-time-kind"
    TIME_FORM = "time-not-der"
    LOCAL_TIME = "time-without-zone"
    TIME_UNREADABLE = "time-unreadable"
    RAW_SIGNATURE = "raw-signature"
    VERSION = "version-disagrees"
    ALGORITHM = "other-algorithm-identifier"
    CRITICAL_EXTENSION = "critical-extension"
    UNSIGNED_PART = "unsigned-part"
    DIGEST_AS_CONTENT = "digest-as-content"


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of a seal, as its maker put it in.

    Attributes:
        type: the name of its format, as it stands: PNG, png, GIF, ofd and others.
        data: the file in that format; nobody looked into it.
        width_mm: width on paper, millimetres.
        height_mm: height on paper, millimetres.
    """

    type: str
    data: bytes = field(repr=False)
    width_mm: int
    height_mm: int


@dataclass(frozen=True, slots=True)
class Extension:
    """One ExtData: a vendor's own addition.

    Attributes:
        oid: extnID, dotted.
        critical: whether a reader that does not know it must refuse.
        value: the content of extnValue.
    """

    oid: str
    critical: bool
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CertificateDigest:
    """One CertDigestObj: a signer's certificate by its digest.

    Attributes:
        algorithm: the name of the digest, as it stands.
        value: the digest of the DER certificate.
    """

    algorithm: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """An SESeal that has its form; whether it holds is another question.

    Attributes:
        version: 1, 4 or 5, for the standard that rules it.
        vendor: Vid, who made the program that made it.
        identifier: esID.
        kind: the seal's type; the standards leave the numbers to vendors.
        name: the seal's name; a person's where it is a personal seal.
        certificates: certificates of those who may use it, DER (certListType 1).
        digests: the same as digests (certListType 2); one of the two is empty.
        created: createDate, aware UTC.
        valid_from: validStart, aware UTC.
        valid_until: validEnd, aware UTC.
        picture: what is to be seen.
        extensions: what the vendor added.
        maker: certificate of the seal's maker, DER.
        algorithm: the maker's signature algorithm, dotted OID.
        signature: the maker's signature as r and s, 64 bytes.
        signature_value: the same as it stands in the file.
        timestamp: the timestamp over ``signature_value``, or None.
        signed: the exact bytes that the maker signed.
        der: the whole seal as it was read.
        oddities: what is not as the standard has it; empty after a strict reading.
    """

    version: int
    vendor: str
    identifier: str
    kind: int
    name: str = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)
    digests: tuple[CertificateDigest, ...] = field(repr=False)
    created: datetime
    valid_from: datetime
    valid_until: datetime
    picture: Picture
    extensions: tuple[Extension, ...]
    maker: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    signature_value: bytes = field(repr=False)
    timestamp: bytes | None = field(repr=False)
    signed: bytes = field(repr=False)
    der: bytes = field(repr=False)
    oddities: tuple[Oddity, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """An SES_Signature that has its form; whether it holds is another question.

    Attributes:
        version: 1, 4 or 5.
        seal: the seal that was used; the signature carries all of it.
        time: the signer's own claim when it was made, aware UTC; None where it stands
            in a form that nobody knows.
        digest: SM3 of the protected document, 32 bytes, as the signer claims it.
        property_info: what of the document is protected, as the format words it.
        extensions: what the vendor added.
        certificate: the signer's certificate, DER.
        algorithm: the signer's signature algorithm, dotted OID.
        signature: the signature as r and s, 64 bytes.
        signature_value: the same as it stands in the file.
        timestamp: the timestamp over ``signature_value``, or None.
        signed: the exact bytes that were signed, the TBS_Sign.
        der: the whole signature as it was read.
        oddities: what is not as the standard has it, in the seal or outside it.
    """

    version: int
    seal: Seal
    time: datetime | None
    digest: bytes
    property_info: str = field(repr=False)
    extensions: tuple[Extension, ...]
    certificate: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    signature_value: bytes = field(repr=False)
    timestamp: bytes | None = field(repr=False)
    signed: bytes = field(repr=False)
    der: bytes = field(repr=False)
    oddities: tuple[Oddity, ...]
