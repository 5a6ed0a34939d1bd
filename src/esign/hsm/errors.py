"""What can be wrong with a device, in one closed list."""

import enum

from esign.errors import UnavailableError


class Trouble(enum.Enum):
    """Why a device does not serve; the value is the sentence that is told."""

    NO_PACKAGE = (
        "keys in a device need the package python-pkcs11: pip install 'elicense[hsm]'"
    )
    NO_MODULE = "the device's PKCS#11 module cannot be loaded"
    NO_TOKEN = "no such token is in the device"  # noqa: S105  a sentence
    MANY_TOKENS = "several tokens have this label; name the serial number too"
    NO_PIN = "the device asks for a PIN, and none was given"
    PIN_WRONG = "the device refused the PIN; it is not tried again"
    PIN_FINAL_TRY = (
        "one more wrong PIN would lock the token, so none is tried; log in once with"
        " the vendor's own tool"
    )
    PIN_LOCKED = "the token is locked after wrong PINs; the vendor's tool unlocks it"
    NO_KEY = "the token does not hold the key"
    MANY_KEYS = "the token holds several keys of this name"
    UNSAFE_KEY = "the key is not safe in the device"
    WRONG_KEY = "the token holds another key under this name"
    NOT_OFFERED = "the device does not offer what is asked of it"
    LOST = "the device does not answer; the next call connects again"


class DeviceError(UnavailableError):
    """A device, its token or its key cannot be used; nothing was lost.

    Attributes:
        trouble: which one of the closed list.
        detail: of what; never a PIN, and never a part of a key.
    """

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        """Keep what is wrong, and of what."""
        super().__init__(trouble, detail)
        self.trouble = trouble
        self.detail = detail

    def __str__(self) -> str:
        """Return the sentence, and in brackets of what."""
        return self.trouble.value + (f" ({self.detail})" if self.detail else "")
