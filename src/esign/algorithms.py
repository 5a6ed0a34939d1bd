"""The closed table of signature suites and what each accepts as a signature.

A suite is picked by a key that is already trusted, never by the input alone. Signatures
are in their COSE form: ES256 and SM2 as r and s of 32 bytes each (RFC 9053, section
2.1; docs/formats/sm2.md, section 6).
"""

import enum
from collections.abc import Sequence
from typing import TypeAlias, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, utils

from esign import sm2
from esign.errors import MalformedError, VerificationError

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P256_BYTES = 32
P256_HALF_ORDER = (_P256_ORDER // 2).to_bytes(_P256_BYTES, "big")
"""The largest s that counts, as it stands in a signature."""
_ECDSA = ec.ECDSA(hashes.SHA256())

_SIGN_BIT = 0x80

_PlainHandle: TypeAlias = (
    ed25519.Ed25519PublicKey
    | mldsa.MLDSA44PublicKey
    | mldsa.MLDSA65PublicKey
    | mldsa.MLDSA87PublicKey
    | sm2.PublicPoint
)
PublicHandle: TypeAlias = ec.EllipticCurvePublicKey | _PlainHandle


class Suite(enum.Enum):
    """A signature algorithm with its COSE number and the size of its signatures."""

    ES256 = ("ES256", -7, 64)  # RFC 9053, section 2.1
    ED25519 = ("Ed25519", -19, 64)  # RFC 9864, section 2.2
    ML_DSA_44 = ("ML-DSA-44", -48, 2420)  # RFC 9964; FIPS 204, table 2
    ML_DSA_65 = ("ML-DSA-65", -49, 3309)  # for verifying only
    ML_DSA_87 = ("ML-DSA-87", -50, 4627)  # for verifying only
    SM2 = ("SM2", -10197501, 64)  # of private use; docs/formats/sm2.md, section 6

    def __init__(self, label: str, cose: int, signature_bytes: int) -> None:
        """Keep the COSE algorithm number and the signature size in bytes."""
        self.label = label
        self.cose = cose
        self.signature_bytes = signature_bytes


def suite_by_cose(number: object) -> Suite:
    """Return the suite of a COSE algorithm number.

    Raises:
        MalformedError: the number is not in the table.
    """
    for suite in Suite:
        if isinstance(number, int) and suite.cose == number:
            return suite
    shown = number if isinstance(number, int) else f"of type {type(number).__name__}"
    raise MalformedError(f"algorithm {shown} is not in the closed table")


def suite_by_label(label: str) -> Suite:
    """Return the suite of a name such as ``ES256``; ValueError for any other."""
    for suite in Suite:
        if suite.label == label:
            return suite
    names = ", ".join(suite.label for suite in Suite)
    raise ValueError(f"algorithm {label!r} is unknown; known are {names}")


def load_public(suite: Suite, material: bytes) -> PublicHandle:
    """Return a key handle for raw public ``material``.

    The material is x and y of 32 bytes each for ES256 and SM2 and the plain encoding of
    the standard for the others.

    Raises:
        MalformedError: wrong size, or a point that is not on the curve.
    """
    try:
        match suite:
            case Suite.ES256:
                return ec.EllipticCurvePublicKey.from_encoded_point(
                    ec.SECP256R1(), b"\x04" + material
                )
            case Suite.ED25519:
                return ed25519.Ed25519PublicKey.from_public_bytes(material)
            case Suite.ML_DSA_44:
                return mldsa.MLDSA44PublicKey.from_public_bytes(material)
            case Suite.ML_DSA_65:
                return mldsa.MLDSA65PublicKey.from_public_bytes(material)
            case Suite.ML_DSA_87:
                return mldsa.MLDSA87PublicKey.from_public_bytes(material)
            case Suite.SM2:
                return sm2.PublicPoint(b"\x04" + material)
    except (ValueError, MalformedError) as err:
        raise MalformedError(f"not a public key for {suite.label}") from err


def verify(
    suite: Suite, handle: PublicHandle, signature: bytes, message: bytes
) -> None:
    """Check one signature, as the algorithm's own standard has it.

    Does NOT ask for the one spelling of this project's formats: see
    :func:`require_canonical`.

    Raises:
        VerificationError: the signature does not verify, or has the wrong size.
        UnavailableError: SM2, and the extra ``gm`` is not installed.
    """
    if len(signature) != suite.signature_bytes:
        raise VerificationError(f"{suite.label} signatures have another size")
    try:
        if suite is Suite.ES256:
            # An isinstance of this abstract class takes longer than all else here.
            point = cast("ec.EllipticCurvePublicKey", handle)
            point.verify(ecdsa_to_der(signature), message, _ECDSA)
        else:
            plain = cast("_PlainHandle", handle)
            plain.verify(signature, message)
    except InvalidSignature as err:
        raise _does_not_verify(suite) from err


def verify_many(
    suite: Suite,
    handle: PublicHandle,
    signatures: Sequence[bytes],
    messages: Sequence[bytes],
) -> list[VerificationError | None]:
    """Check signatures of one key as :func:`verify` does each; give what it raises.

    Does no less for each; what goes before and behind a verification is done for all
    together, so that it finds the processor's caches as it left them.

    Args:
        suite: of the key.
        handle: of the key.
        signatures: in their COSE form.
        messages: what each is of.

    Raises:
        UnavailableError: SM2, and the extra ``gm`` is not installed.
    """
    found: list[VerificationError | None] = []
    sizes = set(map(len, signatures)) - {suite.signature_bytes}
    if suite is not Suite.ES256 or sizes:
        for signature, message in zip(signatures, messages, strict=True):
            try:
                verify(suite, handle, signature, message)
                found.append(None)
            except VerificationError as err:
                found.append(err)
        return found
    check = cast("ec.EllipticCurvePublicKey", handle).verify
    ders = list(map(ecdsa_to_der, signatures))
    for der, message in zip(ders, messages, strict=True):
        try:
            check(der, message, _ECDSA)
            found.append(None)
        except InvalidSignature:
            found.append(_does_not_verify(suite))
    return found


def _does_not_verify(suite: Suite) -> VerificationError:
    return VerificationError(f"the {suite.label} signature does not verify")


def require_canonical(suite: Suite, signature: bytes) -> None:
    """Refuse a signature that is not the one spelling our formats accept.

    ECDSA signatures come in pairs (r, s) and (r, n - s); only the smaller s counts. SM2
    has no such pairs (:mod:`esign.sm2.signature`).

    Raises:
        MalformedError: wrong size, the high twin of an ES256 signature, or numbers that
            no SM2 signature has.
    """
    if len(signature) != suite.signature_bytes:
        raise MalformedError(
            f"{suite.label} signatures have {suite.signature_bytes} bytes, "
            f"not {len(signature)}"
        )
    if suite is Suite.ES256 and signature[_P256_BYTES:] > P256_HALF_ORDER:
        raise MalformedError("ES256: s is not the smaller of its two values")
    if suite is Suite.SM2:
        sm2.require_canonical(signature)


def ecdsa_to_der(signature: bytes) -> bytes:
    """Return the DER form of an ES256 signature given as r and s (RFC 3279, 2.2.3)."""
    r, s = signature[:_P256_BYTES], signature[_P256_BYTES:]
    if len(s) == _P256_BYTES and r[0] and s[0] and s[0] < _SIGN_BIT:
        # Neither number is shorter than 32 bytes: all but one in a hundred.
        if r[0] < _SIGN_BIT:
            return b"\x30\x44\x02\x20" + r + b"\x02\x20" + s
        return b"\x30\x45\x02\x21\x00" + r + b"\x02\x20" + s
    return utils.encode_dss_signature(
        int.from_bytes(signature[:_P256_BYTES], "big"),
        int.from_bytes(signature[_P256_BYTES:], "big"),
    )


def ecdsa_from_der(der: bytes) -> bytes:
    """Return r and s of 32 bytes each from DER, with s made the smaller twin.

    Raises:
        MalformedError: not DER, or numbers outside 1 to n - 1.
    """
    try:
        r, s = utils.decode_dss_signature(der)
    except ValueError as err:
        raise MalformedError("not a DER ECDSA signature") from err
    if not (0 < r < _P256_ORDER and 0 < s < _P256_ORDER):
        raise MalformedError("ES256: r or s is outside 1 to n - 1")
    s = min(s, _P256_ORDER - s)
    return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")
