"""A token: found by its name, opened with a PIN, opened again after it was lost."""

import hashlib
import secrets
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from esign.hsm.errors import DeviceError, Trouble
from esign.hsm.module import module_of, package

if TYPE_CHECKING:
    from types import ModuleType

MAX_WRONG_PINS = 2
"""PINs in a row that a device may refuse before none is tried any more. Tokens lock
after three to ten; the person needs one try of their own."""

PAUSES = (0.05, 0.1, 0.2, 0.4)
"""Seconds between attempts to connect; drawn out to twice as much at most."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PinRequest:
    """What is known when a PIN is needed.

    Attributes:
        token: the token's label.
        attempt: 1; 2 where the first one was wrong.
    """

    token: str
    attempt: int


PinCallback: TypeAlias = Callable[[PinRequest], str | None]
"""Gives the PIN of a token, or None where nobody can be asked. Called at each login."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token is.

    Attributes:
        module: path of the vendor's PKCS#11 module.
        token: the token's label; empty for any.
        serial: its serial number; empty for any.
        sm2_mechanism: number of the vendor's mechanism that makes a raw SM2 signature
            over e (docs/hsm.md); None where there is none.
    """

    module: str
    token: str = ""
    serial: str = ""
    sm2_mechanism: int | None = None

    def __post_init__(self) -> None:
        """Raise ValueError unless the token is named."""
        if not self.module or not (self.token or self.serial):
            raise ValueError("a device is named by its module and a label or a serial")


class Device:
    """One token with one login; for several threads, and for forked children.

    A call that fails gives up the session. The next one opens another, with a PIN of
    the callback; none is kept here.
    """

    def __init__(self, place: Place, pin: PinCallback) -> None:
        """Take where it is and who knows the PIN; nothing is opened yet."""
        self.place = place
        self._pin = pin
        self._module = module_of(place.module)
        self._session: Any = None
        self._opened_in = -1  # generation of the module
        self._salt = secrets.token_bytes(16)
        self._refused: set[bytes] = set()
        self.cache: dict[object, Any] = {}

    def run(self, action: Callable[[Any], T]) -> T:
        """Do something with the session of a logged-in user, opened where it must be.

        Args:
            action: takes the session of python-pkcs11; it runs alone.

        Raises:
            DeviceError: the device cannot be used, or was lost meanwhile.
        """
        with self._module.lock, self._guarded():
            session = self._current()
            return action(session)

    def look(self, action: Callable[[Any], T]) -> T:
        """Do something with a session of nobody: public objects, and no PIN.

        Raises:
            DeviceError: as for :meth:`run`.
        """
        with self._module.lock, self._guarded() as pkcs11:
            opened = partial(self._open_apart, pkcs11, rw=False)
            return _used(self._patiently(pkcs11, opened), action)

    def write(self, action: Callable[[Any], T]) -> T:
        """Do something with a session that may make and destroy keys.

        Raises:
            DeviceError: as for :meth:`run`.
        """
        with self._module.lock:
            self.run(lambda _: None)  # the login counts for all sessions
            with self._guarded() as pkcs11:
                return _used(self._open_apart(pkcs11, rw=True), action)

    def close(self) -> None:
        """Log out, as far as the device still answers."""
        with self._module.lock:
            if self._is_open():
                try:
                    self._session.close()
                except package().PKCS11Error:
                    self._module.forget()
            self._give_up()

    def _open_apart(self, pkcs11: "ModuleType", *, rw: bool) -> Any:
        return self._find(pkcs11).open(rw=rw, attribute_mapper=_mapper())

    @contextmanager
    def _guarded(self) -> "Iterator[ModuleType]":
        """Give up everything of the token where it fails, and say why."""
        pkcs11 = package()
        try:
            yield pkcs11
        except pkcs11.PKCS11Error as err:
            self._give_up()
            self._module.forget()
            raise DeviceError(_trouble(pkcs11, err), type(err).__name__) from err

    def _is_open(self) -> bool:
        return self._session is not None and self._opened_in == self._module.generation

    def _give_up(self) -> None:
        self._session = None
        self.cache.clear()

    def _current(self) -> Any:
        if not self._is_open():
            self._give_up()
            self._module.library()
            pkcs11 = package()
            self._session = self._login(pkcs11)
            self._opened_in = self._module.generation
        return self._session

    def _token(self, pkcs11: "ModuleType") -> Any:
        """Find the token; one that was put in later is seen by a library begun anew."""
        return self._patiently(pkcs11, lambda: self._find(pkcs11))

    def _patiently(self, pkcs11: "ModuleType", action: Callable[[], T]) -> T:
        """Connect, and again after a while where the device is busy with others.

        Several processes that open one token at once get in each other's way: SoftHSM
        writes its files at each login, and does not find a token that is being written.
        """
        for pause in PAUSES:
            try:
                return action()
            except DeviceError as err:
                if err.trouble not in (Trouble.NO_TOKEN, Trouble.LOST):
                    raise
            except _busy(pkcs11):
                pass
            self._module.forget()
            # Not all at once again.
            threading.Event().wait(pause * (1 + secrets.randbelow(100) / 100))
        return action()

    def _find(self, pkcs11: "ModuleType") -> Any:
        place = self.place
        found = list(
            self._module.library().get_tokens(
                token_label=place.token or None,
                token_serial=place.serial.encode() or None,
                token_flags=pkcs11.TokenFlag.TOKEN_INITIALIZED,
            )
        )
        named = place.token or place.serial
        if not found:
            raise DeviceError(Trouble.NO_TOKEN, named)
        if len(found) > 1:
            raise DeviceError(Trouble.MANY_TOKENS, named)
        return found[0]

    def _login(self, pkcs11: "ModuleType") -> Any:
        """Return a new session; asks for a PIN twice at most, for a wrong one never.

        A session that the refused login leaves behind ends with the library.
        """
        wrong = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange)
        for attempt in (1, 2):
            token = self._token(pkcs11)
            _check_tries(pkcs11, token)
            pin = self._asked(token.label, attempt)
            try:
                session = self._patiently(pkcs11, partial(self._open, pkcs11, pin))
            except wrong:
                self._refused.add(self._digest(pin))
            else:
                self._refused.clear()
                return session
        raise DeviceError(Trouble.PIN_WRONG, self.place.token)

    def _open(self, pkcs11: "ModuleType", pin: str) -> Any:
        """Log in, once; never with a token's last try."""
        token = self._find(pkcs11)
        _check_tries(pkcs11, token)
        try:
            return token.open(user_pin=pin, attribute_mapper=_mapper())
        except pkcs11.UserAlreadyLoggedIn:  # by another part of this process
            return token.open(attribute_mapper=_mapper())

    def _asked(self, label: str, attempt: int) -> str:
        """Return a PIN that the token did not refuse before."""
        if len(self._refused) >= MAX_WRONG_PINS:
            raise DeviceError(Trouble.PIN_WRONG, label)
        pin = self._pin(PinRequest(label, attempt))
        if not pin:
            trouble = Trouble.PIN_WRONG if self._refused else Trouble.NO_PIN
            raise DeviceError(trouble, label)
        if self._refused and self._digest(pin) in self._refused:
            raise DeviceError(Trouble.PIN_WRONG, label)
        return pin

    def _digest(self, pin: str) -> bytes:
        """Return what tells one wrong PIN from another; of this object alone."""
        return hashlib.scrypt(pin.encode(), salt=self._salt, n=1 << 14, r=8, p=1)


def _used(session: Any, action: Callable[[Any], T]) -> T:
    try:
        return action(session)
    finally:
        session.close()


def _check_tries(pkcs11: "ModuleType", token: Any) -> None:
    if token.flags & pkcs11.TokenFlag.USER_PIN_LOCKED:
        raise DeviceError(Trouble.PIN_LOCKED, token.label)
    if token.flags & pkcs11.TokenFlag.USER_PIN_FINAL_TRY:
        raise DeviceError(Trouble.PIN_FINAL_TRY, token.label)


def _busy(pkcs11: "ModuleType") -> tuple[type[Exception], ...]:
    """Return what a device answers that is away, or busy with somebody else."""
    return (
        pkcs11.GeneralError,
        pkcs11.FunctionFailed,
        pkcs11.DeviceError,
        pkcs11.SlotIDInvalid,
        pkcs11.TokenNotPresent,
        pkcs11.TokenNotRecognised,
    )


def _trouble(pkcs11: "ModuleType", err: Exception) -> Trouble:
    if isinstance(err, pkcs11.PinLocked):
        return Trouble.PIN_LOCKED
    not_offered = (
        pkcs11.MechanismInvalid,
        pkcs11.MechanismParamInvalid,
        pkcs11.FunctionNotSupported,
        pkcs11.KeyTypeInconsistent,
        pkcs11.DomainParamsInvalid,
    )
    return Trouble.NOT_OFFERED if isinstance(err, not_offered) else Trouble.LOST


def _mapper() -> Any:
    """Return a reader of attributes that takes the key types of vendors as they are."""
    from pkcs11.attributes import AttributeMapper  # noqa: PLC0415  as in package()

    mapper, number = AttributeMapper(), struct.Struct("L")
    mapper.attribute_types[package().Attribute.KEY_TYPE] = (
        lambda value: number.pack(int(value)),
        lambda data: number.unpack(data)[0],
    )
    return mapper
