"""SM2 signatures: two spellings, one range, and whether one holds.

Raw is r and s of 32 bytes each, as COSE has signatures; DER is the SEQUENCE of two
INTEGERs (GB/T 35276-2017, 7.3). Each pair of numbers has one spelling in either.

ECDSA accepts (r, n - s) wherever it accepts (r, s), so a rule must pick one of the
two. SM2 needs no such rule, because only the holder of the key finds a twin: with the
same r, another s' needs s'G + (r + s')P to be sG + (r + s)P, which gives s' = s, or to
be its negative, which gives s' = -s - 2rd / (1 + d), and that number tells d. Canonical
means: r and s from 1 to n - 1, and r + s is not n.
"""

from dataclasses import dataclass

from esign import der
from esign.errors import MalformedError, VerificationError
from esign.sm2 import curve
from esign.sm2.digest import DEFAULT_ID, DIGEST_BYTES, message_digest
from esign.sm2.engine import engine

SIGNATURE_BYTES = 2 * curve.FIELD_BYTES
MAX_DER_BYTES = 72  # two INTEGERs of 33 bytes at most


def require_canonical(signature: bytes) -> None:
    """Refuse what cannot be a signature (GB/T 32918.2-2016, 7.1, steps 1, 2 and 5).

    Args:
        signature: r and s, 32 bytes each.

    Raises:
        MalformedError: another size, or r, s or r + s outside their range.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise MalformedError(
            f"SM2 signatures have {SIGNATURE_BYTES} bytes, not {len(signature)}"
        )
    r = int.from_bytes(signature[: curve.FIELD_BYTES], "big")
    s = int.from_bytes(signature[curve.FIELD_BYTES :], "big")
    if not (0 < r < curve.ORDER and 0 < s < curve.ORDER):
        raise MalformedError("SM2: r or s is outside 1 to n - 1")
    if r + s == curve.ORDER:
        raise MalformedError("SM2: r and s add up to n")


def to_der(signature: bytes) -> bytes:
    """Return the DER form of a raw signature (GB/T 35276-2017, 7.3).

    Args:
        signature: r and s, 32 bytes each.

    Raises:
        MalformedError: not canonical.
    """
    require_canonical(signature)
    r = int.from_bytes(signature[: curve.FIELD_BYTES], "big")
    s = int.from_bytes(signature[curve.FIELD_BYTES :], "big")
    return der.tlv(der.SEQUENCE, der.integer(r), der.integer(s))


def from_der(data: bytes) -> bytes:
    """Return r and s, 32 bytes each, of a DER signature (GB/T 35276-2017, 7.3).

    Raises:
        MalformedError: not minimal DER, or not canonical.
    """
    if len(data) > MAX_DER_BYTES:
        raise MalformedError(f"SM2: a signature of more than {MAX_DER_BYTES} bytes")
    numbers = (
        der.unsigned(part, der.INTEGER, curve.ORDER)
        for part in der.children(data, der.SEQUENCE, 2, 2)
    )
    raw = b"".join(number.to_bytes(curve.FIELD_BYTES, "big") for number in numbers)
    require_canonical(raw)
    return raw


def verify(
    point: bytes, signature: bytes, message: bytes, *, user_id: bytes = DEFAULT_ID
) -> None:
    """Check one signature over a message (GB/T 32918.2-2016, 7.1).

    Args:
        point: the public key, 04 and x and y, 65 bytes.
        signature: r and s, 32 bytes each.
        message: what was signed, any length.
        user_id: the signer's identity.

    Raises:
        VerificationError: the signature does not hold, or cannot be one.
        MalformedError: the point is not on the curve.
        UnavailableError: the extra ``gm`` is not installed.
        ValueError: the identity is too long.
    """
    verify_digest(point, signature, message_digest(point, message, user_id=user_id))


@dataclass(frozen=True, slots=True)
class PublicPoint:
    """A public key that verifies with the default identity, as a handle.

    Attributes:
        point: 04 and x and y, 65 bytes.
    """

    point: bytes

    def __post_init__(self) -> None:
        """Refuse what is no public key: MalformedError."""
        curve.require_point(self.point)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check r and s, 32 bytes each, over a message: see :func:`verify`."""
        verify(self.point, signature, message)


def verify_digest(point: bytes, signature: bytes, digest: bytes) -> None:
    """Check one signature over e (GB/T 32918.2-2016, 7.1, without 3 and 4).

    Args:
        point: the public key, 04 and x and y, 65 bytes.
        signature: r and s, 32 bytes each.
        digest: e, 32 bytes, as :func:`esign.sm2.message_digest` makes it.

    Raises:
        VerificationError: the signature does not hold, or cannot be one.
        MalformedError: the point is not on the curve.
        UnavailableError: the extra ``gm`` is not installed.
        ValueError: the digest has another size.
    """
    if len(digest) != DIGEST_BYTES:
        raise ValueError(f"a digest for SM2 has {DIGEST_BYTES} bytes")
    curve.require_point(point)
    try:
        encoded = to_der(signature)
    except MalformedError as err:
        raise VerificationError("the SM2 signature does not verify") from err
    if not engine().sm2_verify_sm3_digest(point[1:], digest, encoded):
        raise VerificationError("the SM2 signature does not verify")
