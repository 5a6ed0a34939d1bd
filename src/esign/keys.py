"""Public keys as COSE_Key, their names, and what a signer must be able to do."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from esign import algorithms, cbor
from esign.algorithms import PublicHandle, Suite
from esign.errors import MalformedError, VerificationError
from esign.shape import Fields

KID_BYTES = 8  # DESIGN: the first 8 bytes of SHA-256 of the public COSE_Key
MAX_MEMBERS = 16  # items of a COSE_Key; ours have at most eleven
_KTY, _ALG, _CRV = 1, 3, -1
_OKP, _EC2, _AKP = 1, 2, 7
_P256, _ED25519_CURVE = 1, 6
_SM2_CURVE = -10197301  # of private use; docs/formats/sm2.md, section 6
_COORDINATE_BYTES = 32
_POINTS = {Suite.ES256: _P256, Suite.SM2: _SM2_CURVE}  # suites whose keys are points


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key of one suite.

    Attributes:
        suite: the only algorithm this key verifies.
        material: raw public bytes, as :func:`esign.algorithms.load_public` takes them.
        kid: the key's short name in COSE headers, 8 bytes.
    """

    suite: Suite
    material: bytes
    kid: bytes = field(init=False, repr=False, compare=False)
    _handle: PublicHandle = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Load the key once; MalformedError if the material is not a key."""
        handle = algorithms.load_public(self.suite, self.material)
        object.__setattr__(self, "_handle", handle)
        digest = hashlib.sha256(self.to_cose()).digest()
        object.__setattr__(self, "kid", digest[:KID_BYTES])

    @classmethod
    def from_cose(cls, data: bytes) -> "PublicKey":
        """Read a public COSE_Key in its deterministic encoding (RFC 9052, section 7).

        Raises:
            MalformedError: not such a key, or with members beyond the public ones.
        """
        fields = Fields(cbor.decode(data, max_items=MAX_MEMBERS), "COSE_Key")
        suite = algorithms.suite_by_cose(fields.take(_ALG))
        kty = fields.uint(_KTY)
        if kty == _EC2 and _is_curve(fields.take(_CRV), _POINTS.get(suite)):
            x, y = (fields.bytes(label, _COORDINATE_BYTES) for label in (-2, -3))
            material = x + y
        elif (
            kty == _OKP
            and suite is Suite.ED25519
            and fields.uint(_CRV) == _ED25519_CURVE
        ):
            material = fields.bytes(-2)
        elif kty == _AKP and suite not in (*_POINTS, Suite.ED25519):
            material = fields.bytes(-1)
        else:
            raise MalformedError("COSE_Key: key type, curve and algorithm disagree")
        fields.end()
        return cls(suite, material)

    def to_cose(self) -> bytes:
        """Return the deterministic public COSE_Key, always with its algorithm."""
        members: dict[int | str, cbor.Value] = {_ALG: self.suite.cose}
        match self.suite:
            case Suite.ES256 | Suite.SM2:
                members |= {_KTY: _EC2, _CRV: _POINTS[self.suite]}
                members[-2] = self.material[:_COORDINATE_BYTES]
                members[-3] = self.material[_COORDINATE_BYTES:]
            case Suite.ED25519:
                members |= {_KTY: _OKP, _CRV: _ED25519_CURVE, -2: self.material}
            case _:
                members |= {_KTY: _AKP, -1: self.material}
        return cbor.encode(members)

    @property
    def fingerprint(self) -> str:
        """The key's full name for people and pins: ``sha256:`` and 64 digits."""
        return "sha256:" + hashlib.sha256(self.to_cose()).hexdigest()

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check one signature; VerificationError if it does not hold.

        Raises:
            UnavailableError: SM2, and the extra ``gm`` is not installed.
        """
        algorithms.verify(self.suite, self._handle, signature, message)

    def verify_many(
        self, signatures: Sequence[bytes], messages: Sequence[bytes]
    ) -> list[VerificationError | None]:
        """Check signatures as :meth:`verify` does each; give what it raises of each.

        Raises:
            UnavailableError: SM2, and the extra ``gm`` is not installed.
        """
        return algorithms.verify_many(self.suite, self._handle, signatures, messages)


class Signer(Protocol):
    """Holds a private key, wherever it lives, and signs with it."""

    @property
    def public_key(self) -> PublicKey:
        """The public half."""

    @property
    def in_device(self) -> bool:
        """Whether a device holds the private key, so that no program can copy it."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature in its COSE form, canonical for the suite.

        Raises:
            UnavailableError: the key's device did not answer.
        """


def _is_curve(value: object, curve: int | None) -> bool:
    """Tell whether a member of a COSE_Key is the number of this curve."""
    return type(value) is int and value == curve
