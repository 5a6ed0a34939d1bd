"""Keys in a token: found by name, checked, made, named, destroyed."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from esign import der
from esign.errors import MalformedError
from esign.hsm.device import Device
from esign.hsm.errors import DeviceError, Trouble
from esign.hsm.module import package
from esign.keys import PublicKey
from esign.sm2 import oids

if TYPE_CHECKING:
    from types import ModuleType

P256 = oids.element("1.2.840.10045.3.1.7")
"""CKA_EC_PARAMS of P-256: its OID in DER (RFC 5480, section 2.1.1.1)."""
SM2_CURVE = oids.SM2_CURVE
POINT_BYTES = 65  # 04 and x and y
ID_BYTES = 16  # of CKA_ID, drawn for a new pair
_UNCOMPRESSED = b"\x04"  # SEC 1, section 2.3.3
_UNNAMED = "esign-new"  # label of a pair until it has its own


@dataclass(frozen=True, slots=True)
class KeyName:
    """How a key is named in its token; at least one of the two.

    Attributes:
        label: CKA_LABEL; empty for any.
        key_id: CKA_ID; empty for any.
    """

    label: str = ""
    key_id: bytes = b""

    def __post_init__(self) -> None:
        """Raise ValueError for a name that says nothing."""
        if not (self.label or self.key_id):
            raise ValueError("a key is named by its label or its id")

    def __str__(self) -> str:
        """Return the label, or the id in hexadecimal."""
        return self.label or self.key_id.hex()


@dataclass(frozen=True, slots=True)
class Found:
    """A key pair in the token; the handle is good for one session.

    Attributes:
        handle: of the private key, as python-pkcs11 has it.
        curve: CKA_EC_PARAMS, DER.
        point: 04 and x and y, 65 bytes.
        was_never_outside: CKA_NEVER_EXTRACTABLE; False for one that was imported.
    """

    handle: Any
    curve: bytes
    point: bytes
    was_never_outside: bool


def find(device: Device, session: Any, name: KeyName) -> Found:
    """Find a private key and its public half, and check what protects it.

    Args:
        device: its cache keeps what was found for the session.
        session: of a logged-in user.
        name: of the key.

    Raises:
        DeviceError: it is not there, is there twice, has no public half there, or the
            device would give it away.
    """
    if name not in device.cache:
        pkcs11 = package()
        private = _one(pkcs11, session, pkcs11.ObjectClass.PRIVATE_KEY, name)
        never = _check(pkcs11, private, name)
        key_id = _value(pkcs11, private, pkcs11.Attribute.ID) or b""
        half = KeyName(key_id=key_id) if key_id else name
        public = _one(pkcs11, session, pkcs11.ObjectClass.PUBLIC_KEY, half)
        curve = _value(pkcs11, public, pkcs11.Attribute.EC_PARAMS) or b""
        point = _point(_value(pkcs11, public, pkcs11.Attribute.EC_POINT) or b"", name)
        device.cache[name] = Found(private, curve, point, never)
    found: Found = device.cache[name]
    return found


def make(device: Device, named: Callable[[bytes], str], curve: bytes = P256) -> KeyName:
    """Make a key that never leaves the device.

    Args:
        device: where.
        named: gives the label of a new key from its point, 65 bytes.
        curve: CKA_EC_PARAMS, DER.

    Returns:
        Its name. A run that is cut off leaves a pair labelled ``esign-new`` at most.

    Raises:
        DeviceError: the device does not make such a key, or name it.
    """

    def generate(session: Any) -> KeyName:
        pkcs11 = package()
        attribute, key_id = pkcs11.Attribute, secrets.token_bytes(ID_BYTES)
        public, private = session.create_domain_parameters(
            pkcs11.KeyType.EC, {attribute.EC_PARAMS: curve}, local=True
        ).generate_keypair(
            id=key_id,
            label=_UNNAMED,
            store=True,
            capabilities=pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY,
            mechanism=pkcs11.Mechanism.EC_KEY_PAIR_GEN,
            public_template={attribute.PRIVATE: False},
            private_template={
                attribute.PRIVATE: True,
                attribute.SENSITIVE: True,
                attribute.EXTRACTABLE: False,
            },
        )
        label = named(_point(public[attribute.EC_POINT], KeyName(_UNNAMED)))
        for half in (public, private):
            half[attribute.LABEL] = label
        return KeyName(label, key_id)

    return device.write(generate)


def is_there(device: Device, name: KeyName, key: PublicKey) -> bool:
    """Tell whether the public half of a key is in the token; asks for no PIN.

    Raises:
        DeviceError: the device cannot be used.
    """
    return device.look(lambda session: bool(_public(package(), session, name, key)))


def destroy(device: Device, name: KeyName, key: PublicKey) -> None:
    """Destroy a private key; its public half stays until :func:`remove`.

    Nothing is done where it is gone already, or another key has the name. A copy that
    the vendor's tool made of the whole token is not reached.

    Args:
        device: that holds it.
        name: of the key.
        key: its public half, which must be beside it.

    Raises:
        DeviceError: the device cannot be used, or does not destroy it; or there are
            several private keys that it could be.
    """

    def act(session: Any) -> None:
        pkcs11 = package()
        for public in _public(pkcs11, session, name, key):
            key_id = _value(pkcs11, public, pkcs11.Attribute.ID) or b""
            half = KeyName(name.label, key_id)
            kind = pkcs11.ObjectClass.PRIVATE_KEY
            if _all(pkcs11, session, kind, half):
                _one(pkcs11, session, kind, half).destroy()

    device.write(act)
    device.cache.clear()


def remove(device: Device, name: KeyName, key: PublicKey) -> None:
    """Remove the public half of a key that was destroyed.

    Raises:
        DeviceError: the device cannot be used, or does not remove it.
    """

    def act(session: Any) -> None:
        for public in _public(package(), session, name, key):
            public.destroy()

    device.write(act)
    device.cache.clear()


def _public(
    pkcs11: "ModuleType", session: Any, name: KeyName, key: PublicKey
) -> list[Any]:
    """Return the public objects of a name that are this key, and no other."""
    point = _UNCOMPRESSED + key.material
    found = _all(pkcs11, session, pkcs11.ObjectClass.PUBLIC_KEY, name)
    told = pkcs11.Attribute.EC_POINT
    return [i for i in found if _point(_value(pkcs11, i, told) or b"", name) == point]


def _all(pkcs11: "ModuleType", session: Any, kind: Any, name: KeyName) -> list[Any]:
    wanted = {pkcs11.Attribute.CLASS: kind}
    if name.label:
        wanted[pkcs11.Attribute.LABEL] = name.label
    if name.key_id:
        wanted[pkcs11.Attribute.ID] = name.key_id
    return list(session.get_objects(wanted))


def _one(pkcs11: "ModuleType", session: Any, kind: Any, name: KeyName) -> Any:
    found = _all(pkcs11, session, kind, name)
    if not found:
        raise DeviceError(Trouble.NO_KEY, str(name))
    if len(found) > 1:
        raise DeviceError(Trouble.MANY_KEYS, str(name))
    return found[0]


def _check(pkcs11: "ModuleType", private: Any, name: KeyName) -> bool:
    """Refuse a key that the device would give away, or that cannot sign unattended.

    Returns:
        Whether it never was outside of a device.
    """
    attribute = pkcs11.Attribute
    expected = {
        attribute.TOKEN: True,
        attribute.PRIVATE: True,
        attribute.SENSITIVE: True,
        attribute.EXTRACTABLE: False,
        attribute.SIGN: True,
    }
    for key, value in expected.items():
        if _value(pkcs11, private, key) is not value:
            raise DeviceError(
                Trouble.UNSAFE_KEY, f"{name}: CKA_{key.name} is not {value}"
            )
    if _value(pkcs11, private, attribute.ALWAYS_AUTHENTICATE):
        detail = f"{name}: CKA_ALWAYS_AUTHENTICATE, a PIN for each signature"
        raise DeviceError(Trouble.NOT_OFFERED, detail)
    return _value(pkcs11, private, attribute.NEVER_EXTRACTABLE) is True


def _value(pkcs11: "ModuleType", item: Any, key: Any) -> Any:
    """Return an attribute, None where the device does not know or tell it."""
    try:
        return item[key]
    except (pkcs11.AttributeTypeInvalid, pkcs11.AttributeSensitive):
        return None


def _point(value: bytes, name: KeyName) -> bytes:
    """Return a point of CKA_EC_POINT: an OCTET STRING in DER, or bare, as some do."""
    point = value
    if len(value) != POINT_BYTES:
        try:
            point = der.inner(value, der.OCTETS)
        except MalformedError as err:
            raise DeviceError(Trouble.NOT_OFFERED, f"{name}: CKA_EC_POINT") from err
    if len(point) != POINT_BYTES:
        raise DeviceError(Trouble.NOT_OFFERED, f"{name}: CKA_EC_POINT")
    return point
