"""Signers whose private key is in a device."""

import hashlib
from typing import TYPE_CHECKING, Any

from esign import algorithms
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.hsm import keys
from esign.hsm.device import Device
from esign.hsm.errors import DeviceError, Trouble
from esign.hsm.keys import Found, KeyName
from esign.hsm.module import package
from esign.keys import PublicKey
from esign.sm2.digest import DEFAULT_ID, message_digest
from esign.sm2.public_key import write_public_key
from esign.sm2.signature import verify_digest

if TYPE_CHECKING:
    from types import ModuleType

_PROBE = hashlib.sha256(b"esign: does the device hold this key?").digest()
_RAW_BYTES = 64  # r and s


class DeviceSigner:
    """A key on P-256 in a device, behind the protocol of :class:`esign.keys.Signer`.

    For several threads and for forked children. ECDSA in a device draws its nonce, so
    that the same message gives another signature each time.
    """

    def __init__(self, device: Device, name: KeyName) -> None:
        """Find a key, check it, and let it sign a probe.

        Raises:
            DeviceError: the device or its key cannot be used; says why.
        """
        self.device, self.name = device, name
        found = device.run(lambda session: keys.find(device, session, name))
        if found.curve != keys.P256:
            raise DeviceError(Trouble.NOT_OFFERED, f"{name}: a key not on P-256")
        self._point = found.point
        self.was_never_outside = found.was_never_outside
        try:
            self._public_key = PublicKey(Suite.ES256, found.point[1:])
            self._public_key.verify(self.sign(_PROBE), _PROBE)
        except (MalformedError, VerificationError) as err:
            raise DeviceError(Trouble.WRONG_KEY, f"{name}: the public half") from err

    @classmethod
    def make(cls, device: Device, prefix: str) -> "DeviceSigner":
        """Make a key that never leaves the device, labelled ``prefix-kid``.

        Raises:
            DeviceError: the device does not make it.
        """

        def named(point: bytes) -> str:
            return f"{prefix}-{PublicKey(Suite.ES256, point[1:]).kid.hex()}"

        return cls(device, keys.make(device, named))

    @property
    def public_key(self) -> PublicKey:
        """The public half, as the device gave it and a signature proved it."""
        return self._public_key

    @property
    def in_device(self) -> bool:
        """True: the device gives the private key to no program."""
        return True

    def sign(self, message: bytes) -> bytes:
        """Return r and s with the smaller s, over SHA-256 of the message.

        Raises:
            DeviceError: the device does not answer; the next call connects again.
            MalformedError: what it answered is no signature.
        """
        digest = hashlib.sha256(message).digest()
        raw = _raw(self.device, self.name, self._point, digest, _ecdsa)
        return algorithms.ecdsa_from_der(algorithms.ecdsa_to_der(raw))


class Sm2DeviceSigner:
    """An SM2 key in a device, behind the protocol of :class:`esign.keys.Signer`.

    It has the methods of :class:`esign.sm2.signing.Sm2Signer` too.

    PKCS #11 has no number for SM2. :attr:`Place.sm2_mechanism` names the vendor's for a
    raw signature: e of 32 bytes in, r and s of 32 bytes each out.
    """

    def __init__(self, device: Device, name: KeyName) -> None:
        """Find a key, check it, and let it sign a probe.

        Raises:
            DeviceError: the device or its key cannot be used, or no mechanism is named.
            UnavailableError: the extra ``gm`` is not installed.
        """
        if device.place.sm2_mechanism is None:
            raise DeviceError(Trouble.NOT_OFFERED, "SM2: no mechanism is named")
        self.device, self.name = device, name
        self._number = device.place.sm2_mechanism
        found = device.run(lambda session: keys.find(device, session, name))
        if found.curve != keys.SM2_CURVE:
            raise DeviceError(Trouble.NOT_OFFERED, f"{name}: not on the curve of SM2")
        self._point = found.point
        self.was_never_outside = found.was_never_outside
        try:
            verify_digest(self._point, self.sign_digest(_PROBE), _PROBE)
        except (MalformedError, VerificationError) as err:
            detail = f"{name}: {self._number:#x} makes no SM2 signature over e"
            raise DeviceError(Trouble.NOT_OFFERED, detail) from err
        self._public_key = PublicKey(Suite.SM2, found.point[1:])

    @classmethod
    def make(cls, device: Device, prefix: str) -> "Sm2DeviceSigner":
        """Make a key that never leaves the device, labelled ``prefix-kid``.

        Raises:
            DeviceError: the device does not make it, or does not sign with it.
        """
        if device.place.sm2_mechanism is None:
            raise DeviceError(Trouble.NOT_OFFERED, "SM2: no mechanism is named")

        def named(point: bytes) -> str:
            return f"{prefix}-{PublicKey(Suite.SM2, point[1:]).kid.hex()}"

        return cls(device, keys.make(device, named, keys.SM2_CURVE))

    @property
    def public_key(self) -> PublicKey:
        """The public half, as the device gave it and a signature proved it."""
        return self._public_key

    @property
    def point(self) -> bytes:
        """The public key, 04 and x and y, 65 bytes."""
        return self._point

    @property
    def spki(self) -> bytes:
        """The public key as subjectPublicKeyInfo, DER."""
        return write_public_key(self._point)

    @property
    def in_device(self) -> bool:
        """True: the device gives the private key to no program."""
        return True

    def sign(self, message: bytes, *, user_id: bytes = DEFAULT_ID) -> bytes:
        """Return r and s, 32 bytes each (GB/T 32918.2-2016, 6.1).

        Raises:
            DeviceError: the device does not answer; the next call connects again.
            ValueError: the identity is too long.
        """
        return self.sign_digest(message_digest(self._point, message, user_id=user_id))

    def sign_digest(self, digest: bytes) -> bytes:
        """Return r and s over e, 32 bytes, as :func:`message_digest` makes it.

        Raises:
            DeviceError: the device does not answer, or does not know the mechanism.
        """

        def mechanism(pkcs11: "ModuleType") -> Any:
            return _numbered(pkcs11, self._number)

        return _raw(self.device, self.name, self._point, digest, mechanism)


def _ecdsa(pkcs11: "ModuleType") -> Any:
    return pkcs11.Mechanism.ECDSA


def _numbered(pkcs11: "ModuleType", number: int) -> Any:
    """Return a mechanism that the package's list has, or that no list can have."""
    try:
        return pkcs11.Mechanism(number)
    except ValueError:
        made = int.__new__(pkcs11.Mechanism, number)
        made._name_, made._value_ = f"VENDOR_{number:X}", number
        return made


def _raw(
    device: Device, name: KeyName, point: bytes, digest: bytes, mechanism: Any
) -> bytes:
    """Return r and s, 64 bytes, of the key that was found first and of no other."""

    def act(session: Any) -> bytes:
        found: Found = keys.find(device, session, name)
        if found.point != point:
            raise DeviceError(Trouble.WRONG_KEY, str(name))
        made = found.handle.sign(digest, mechanism=mechanism(package()))
        return bytes(made)

    made = device.run(act)
    if len(made) != _RAW_BYTES:
        raise DeviceError(Trouble.NOT_OFFERED, f"{name}: signatures of another form")
    return made
