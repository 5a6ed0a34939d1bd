"""Making seals and signatures of version 4 and 5, in the form that is read strictly.

A maker's or signer's key is anything that signs as SM2 does, wherever it lives.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from esign import der, sm2
from esign.errors import MalformedError, VerificationError
from esign.ses import elements
from esign.ses.model import (
    VERSION_2020,
    VERSION_2025,
    Extension,
    Picture,
    Seal,
    Signature,
)
from esign.ses.parts import BY_CERTIFICATE, BY_DIGEST
from esign.ses.reading import read_seal, read_signature
from esign.ses.signature_checks import check_listed
from esign.sm2.signature import MAX_DER_BYTES
from esign.verdict import Indication

SM3_NAME = "SM3"  # type of a CertDigestObj that is made here
_VERSIONS = (VERSION_2020, VERSION_2025)
_ALGORITHM = der.tlv(der.OID, bytes.fromhex("2a811ccf55018375"))  # SM2_WITH_SM3


class SealKey(Protocol):
    """Holds an SM2 key, wherever it lives, and signs with it."""

    def sign(self, message: bytes) -> bytes:
        """Return r and s of the SM2 signature with SM3 and the default identity."""


@dataclass(frozen=True, slots=True)
class SealDraft:
    """What a seal is to say; the fields are those of :class:`esign.ses.Seal`.

    Attributes:
        version: 4 or 5.
        vendor: Vid.
        identifier: esID.
        kind: the seal's type.
        name: the seal's name.
        signers: certificates of those who may use it, DER, at least one.
        created: createDate, aware, whole seconds.
        valid_from: validStart, aware, whole seconds.
        valid_until: validEnd, aware, whole seconds.
        picture: what is to be seen.
        extensions: what is added; none of them critical.
        by_digest: list the signers by SM3 of their certificates.
    """

    version: int
    vendor: str
    identifier: str
    kind: int
    name: str
    signers: tuple[bytes, ...]
    created: datetime
    valid_from: datetime
    valid_until: datetime
    picture: Picture
    extensions: tuple[Extension, ...] = ()
    by_digest: bool = False


@dataclass(frozen=True, slots=True)
class SignatureDraft:
    """What a signature is to say.

    Attributes:
        seal: the seal, DER, of version 4 or 5; the signature gets its version.
        time: the signing time, aware, whole seconds.
        digest: SM3 of the protected bytes, 32 bytes.
        property_info: what is protected, ASCII; in an OFD the path of Signature.xml.
        extensions: what is added; none of them critical.
    """

    seal: bytes
    time: datetime
    digest: bytes
    property_info: str
    extensions: tuple[Extension, ...] = ()


def build_seal(draft: SealDraft, maker: bytes, key: SealKey) -> bytes:
    """Make a seal (GB/T 38540-2020, SESeal; GM/T 0031-2025 for version 5).

    What was made is read again by the strict reader and its signature checked, so that
    no seal leaves that would not be read.

    Args:
        draft: what it says.
        maker: certificate of the maker, DER.
        key: the maker's key.

    Returns:
        The seal, DER.

    Raises:
        ValueError: the draft says what no seal of its version can, or the key is not
            the certificate's.
        UnavailableError: the key's device did not answer, or the extra ``gm`` is not
            installed.
    """
    if draft.version not in _VERSIONS:
        raise ValueError("seals of version 4 and 5 are made")
    info = _info(draft)
    sealed = der.tlv(
        der.SEQUENCE, info, der.tlv(der.OCTETS, maker), _ALGORITHM, _signed(key, info)
    )
    try:
        seal = read_seal(sealed)
        for signer in draft.signers:
            sm2.certificate_point(signer)
        sm2.verify(sm2.certificate_point(maker), seal.signature, seal.signed)
    except (MalformedError, VerificationError) as err:
        raise ValueError(f"no such seal can be made: {err}") from err
    return sealed


def build_signature(draft: SignatureDraft, signer: bytes, key: SealKey) -> bytes:
    """Make a signature with a seal (GB/T 38540-2020, SES_Signature).

    1. The seal is one of version 4 or 5, in its strict form, and its maker's signature
       holds.
    2. The signing time lies in the seal's period, and not before its making.
    3. The signer's certificate is in the seal's list, and in its own period.
    4. The key is the certificate's.

    Does NOT ask whom the maker or the signer is believed by: who releases a document
    validates it as a stranger would.

    Args:
        draft: what it says.
        signer: certificate of the signer, DER.
        key: the signer's key.

    Returns:
        The signature, DER.

    Raises:
        VerificationError: one of 1 to 3 does not hold.
        MalformedError: the seal or a certificate cannot be read.
        ValueError: the draft says what no signature can, or the key is not the
            certificate's.
        UnavailableError: the key's device did not answer, or the extra ``gm`` is not
            installed.
    """
    seal = read_seal(draft.seal)
    _require_usable(seal, signer, draft.time)
    to_sign = _to_sign(draft, seal.version)
    made = _put_together(to_sign, signer, sm2.to_der(key.sign(to_sign)))
    try:
        signature = read_signature(made)
        sm2.verify(sm2.certificate_point(signer), signature.signature, to_sign)
    except (MalformedError, VerificationError) as err:
        raise ValueError(f"no such signature can be made: {err}") from err
    return made


def spell_signature(signature: Signature) -> bytes:
    """Return the one spelling that :func:`build_signature` has for what was read.

    Seal and certificate are taken as they stand. A timestamp is left out: whoever made
    it, the signer did not.

    Args:
        signature: of version 4 or 5, with a time that is known.

    Raises:
        ValueError: another version, no time, or a critical extension.
    """
    if signature.version not in _VERSIONS or signature.time is None:
        raise ValueError("signatures of version 4 and 5 are spelled")
    draft = SignatureDraft(
        signature.seal.der,
        signature.time,
        signature.digest,
        signature.property_info,
        signature.extensions,
    )
    to_sign = _to_sign(draft, signature.version)
    return _put_together(
        to_sign, signature.certificate, sm2.to_der(signature.signature)
    )


def most_signature_bytes(draft: SignatureDraft, signer: bytes) -> int:
    """Return the size of the largest signature that a draft can become, bytes.

    Both numbers of the SM2 signature have 33 bytes in it.

    Args:
        draft: what it says; its seal is not looked into.
        signer: certificate of the signer, DER.

    Raises:
        ValueError: the draft says what no signature can.
    """
    to_sign = _to_sign(draft, VERSION_2025)  # both versions have one digit
    return len(_put_together(to_sign, signer, bytes(MAX_DER_BYTES)))


def add_timestamp(made: Seal | Signature, token: bytes) -> bytes:
    """Return a seal of version 5, or a signature, with a timestamp over its value.

    Args:
        made: as it was read, without a timestamp.
        token: an RFC 3161 TimeStampToken whose imprint is SM3 of
            ``made.signature_value``, DER; it is not looked into.

    Returns:
        The same with ``timeStamp [0]``, DER.

    Raises:
        ValueError: it has one, its version cannot have one, or the token is empty.
    """
    is_seal = isinstance(made, Seal)
    versions = (VERSION_2025,) if is_seal else _VERSIONS
    if made.timestamp is not None or made.version not in versions or not token:
        raise ValueError("this cannot take a timestamp")
    fields = der.children(made.der, der.SEQUENCE, 4, 4)
    return der.tlv(der.SEQUENCE, *fields, der.tlv(der.CONTEXT_0, _bits(token)))


def _require_usable(seal: Seal, signer: bytes, time: datetime) -> None:
    if seal.version not in _VERSIONS:
        raise VerificationError("signatures are made with seals of version 4 and 5")
    sm2.verify(sm2.certificate_point(seal.maker), seal.signature, seal.signed)  # 1
    if not max(seal.created, seal.valid_from) <= time <= seal.valid_until:  # 2
        raise VerificationError("the seal's period does not contain the signing time")
    if check_listed(seal, signer).indication is not Indication.PASSED:  # 3
        raise VerificationError("the signer's certificate is not in the seal's list")
    certificate = sm2.read_certificate(signer)
    if not certificate.not_before <= time <= certificate.not_after:
        raise VerificationError("the signer's certificate is not in its period")


def _info(draft: SealDraft) -> bytes:
    """Return the SES_SealInfo."""
    picture = draft.picture
    return der.tlv(
        der.SEQUENCE,
        der.tlv(
            der.SEQUENCE,
            _ia5("ES"),
            der.integer(draft.version),
            _ia5(draft.vendor),
        ),
        _ia5(draft.identifier),
        der.tlv(
            der.SEQUENCE,
            _integer(draft.kind),
            der.tlv(elements.UTF8, draft.name.encode()),
            der.integer(BY_DIGEST if draft.by_digest else BY_CERTIFICATE),
            der.tlv(
                der.SEQUENCE,
                *(_entry(one, by_digest=draft.by_digest) for one in draft.signers),
            ),
            _time(draft.created),
            _time(draft.valid_from),
            _time(draft.valid_until),
        ),
        der.tlv(
            der.SEQUENCE,
            _ia5(picture.type),
            der.tlv(der.OCTETS, picture.data),
            _integer(picture.width_mm),
            _integer(picture.height_mm),
        ),
        _extensions(draft.extensions) if draft.extensions else b"",
    )


def _to_sign(draft: SignatureDraft, version: int) -> bytes:
    """Return the TBS_Sign."""
    extensions = _extensions(draft.extensions)
    return der.tlv(
        der.SEQUENCE,
        der.integer(version),
        draft.seal,
        _time(draft.time),
        _bits(draft.digest),
        _ia5(draft.property_info),
        der.tlv(der.CONTEXT_0, extensions) if draft.extensions else b"",
    )


def _put_together(to_sign: bytes, signer: bytes, value: bytes) -> bytes:
    """Return the SES_Signature of a TBS_Sign, a certificate and a signature in DER."""
    return der.tlv(
        der.SEQUENCE, to_sign, der.tlv(der.OCTETS, signer), _ALGORITHM, _bits(value)
    )


def _entry(certificate: bytes, *, by_digest: bool) -> bytes:
    if not by_digest:
        return der.tlv(der.OCTETS, certificate)
    return der.tlv(
        der.SEQUENCE,
        der.tlv(elements.PRINTABLE, SM3_NAME.encode("ascii")),
        der.tlv(der.OCTETS, sm2.sm3(certificate)),
    )


def _extensions(extensions: tuple[Extension, ...]) -> bytes:
    if any(one.critical for one in extensions):
        raise ValueError(
            "a critical extension would be refused by whom it is foreign to"
        )
    return der.tlv(
        der.SEQUENCE,
        *(
            der.tlv(
                der.SEQUENCE,
                elements.write_oid(one.oid),
                der.tlv(der.OCTETS, one.value),
            )
            for one in extensions
        ),
    )


def _signed(key: SealKey, message: bytes) -> bytes:
    return _bits(sm2.to_der(key.sign(message)))


def _bits(value: bytes) -> bytes:
    return der.tlv(der.BITS, b"\x00", value)


def _ia5(text: str) -> bytes:
    return der.tlv(elements.IA5, text.encode("ascii"))


def _integer(value: int) -> bytes:
    if value < 0:
        raise ValueError("a number in a seal is not negative")
    return der.integer(value)


def _time(at: datetime) -> bytes:
    if at.tzinfo is None or at.microsecond:
        raise ValueError("a time in a seal is aware and has whole seconds")
    return der.tlv(
        der.TIME, at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode("ascii")
    )
