"""SM3, and what SM2 signs: the digest of the signer's identity and of the message."""

import functools
import hashlib
from collections.abc import Callable

from esign.sm2 import curve
from esign.sm2.engine import engine

DIGEST_BYTES = 32
DEFAULT_ID = b"1234567812345678"
"""The identity where none is agreed on (GM/T 0009-2012, clause 10; RFC 8998, 3.2.1)."""
MAX_ID_BYTES = 8191  # ENTL counts its bits in two bytes (GB/T 32918.2-2016, 5.5)
_ENTL_BYTES = 2
_CACHED = 1024  # keys whose ZA is kept; a hub names some hundreds


def sm3(data: bytes) -> bytes:
    """Return SM3 of ``data``, 32 bytes (GB/T 32905-2016).

    Raises:
        UnavailableError: neither Python's OpenSSL nor the extra ``gm`` has it.
    """
    return _source()(data)


@functools.cache
def _source(name: str = "sm3") -> Callable[[bytes], bytes]:
    """Return who hashes: Python's OpenSSL if it knows the name, else the extra."""
    if name in hashlib.algorithms_available:
        return lambda data: hashlib.new(name, data).digest()
    return engine().sm3_hash


def za(point: bytes, user_id: bytes = DEFAULT_ID) -> bytes:
    """Return ZA, the digest of identity, curve and public key (GB/T 32918.2-2016, 5.5).

    Args:
        point: the signer's public key, 04 and x and y, 65 bytes.
        user_id: the signer's identity, at most :data:`MAX_ID_BYTES`.

    Returns:
        ZA, 32 bytes.

    Raises:
        MalformedError: the point is not on the curve.
        ValueError: the identity is too long.
    """
    if len(user_id) > MAX_ID_BYTES:
        raise ValueError(f"an SM2 identity has at most {MAX_ID_BYTES} bytes")
    return _za(point, user_id)


@functools.lru_cache(maxsize=_CACHED)
def _za(point: bytes, user_id: bytes) -> bytes:
    curve.require_point(point)
    fixed = (curve.A, curve.B, *curve.GENERATOR)
    return sm3(
        b"".join(
            (
                (len(user_id) * 8).to_bytes(_ENTL_BYTES, "big"),
                user_id,
                *(number.to_bytes(curve.FIELD_BYTES, "big") for number in fixed),
                point[1:],
            )
        )
    )


def message_digest(
    point: bytes, message: bytes, *, user_id: bytes = DEFAULT_ID
) -> bytes:
    """Return e, the digest of ZA and the message (GB/T 32918.2-2016, 6.1, steps 1, 2).

    Args:
        point: the signer's public key, 65 bytes.
        message: what is signed, any length.
        user_id: the signer's identity.

    Returns:
        e, 32 bytes.

    Raises:
        MalformedError: the point is not on the curve.
        ValueError: the identity is too long.
    """
    return sm3(za(point, user_id) + message)
