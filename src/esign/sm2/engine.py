"""Where the arithmetic of SM2 comes from: GmSSL, by the package ``gmssl-pyx``.

It belongs to the extra ``gm`` and is imported when it is first used.
"""

import functools
from importlib import import_module
from typing import Protocol, cast

from esign.errors import UnavailableError

PACKAGE = "gmssl_pyx"


class Engine(Protocol):
    """What is used of the package; public keys are x and y, 64 bytes."""

    def sm3_hash(self, message: bytes, /) -> bytes:
        """Return SM3 of the message, 32 bytes."""

    def sm2_key_generate(self) -> tuple[bytes, bytes]:
        """Return a new public key and its private key of 32 bytes."""

    def sm2_sign_sm3_digest(self, private_key: bytes, digest: bytes, /) -> bytes:
        """Return a DER signature over e, 32 bytes."""

    def sm2_verify_sm3_digest(
        self, public_key: bytes, digest: bytes, signature: bytes, /
    ) -> bool:
        """Tell whether a DER signature over e, 32 bytes, holds."""


@functools.cache
def engine(package: str = PACKAGE) -> Engine:
    """Return the package.

    Raises:
        UnavailableError: it is not installed, or does not load on this machine.
    """
    try:
        return cast("Engine", import_module(package))
    except ImportError as err:
        raise UnavailableError(
            "SM2 needs the package gmssl-pyx: pip install 'elicense[gm]'"
        ) from err
