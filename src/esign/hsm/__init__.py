"""Keys in a device, by PKCS #11 (extra ``hsm``). Nothing else here talks to a device.

Usage and what a vendor must offer: docs/hsm.md.
"""

from esign.hsm.device import Device, PinCallback, PinRequest, Place
from esign.hsm.errors import DeviceError, Trouble
from esign.hsm.keys import KeyName, destroy, is_there, remove
from esign.hsm.signers import DeviceSigner, Sm2DeviceSigner

__all__ = [
    "Device",
    "DeviceError",
    "DeviceSigner",
    "KeyName",
    "PinCallback",
    "PinRequest",
    "Place",
    "Sm2DeviceSigner",
    "Trouble",
    "destroy",
    "is_there",
    "remove",
]
