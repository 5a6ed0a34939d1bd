"""PKCS#11 modules: loaded once, used by one thread at a time, begun anew in a child.

python-pkcs11 initialises a module without locks of its own, so that every call is made
under the module's lock here (PKCS #11 v2.40, 5.4). What was opened before a fork
belongs to the parent: the child's first call initialises the module for itself.
"""

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from esign.hsm.errors import DeviceError, Trouble

if TYPE_CHECKING:
    from types import ModuleType


def package() -> "ModuleType":
    """Return the package ``pkcs11``.

    Raises:
        DeviceError: it is not installed.
    """
    try:
        import pkcs11  # noqa: PLC0415  of an extra, and loaded when it is used
    except ImportError as err:
        raise DeviceError(Trouble.NO_PACKAGE) from err
    found: ModuleType = pkcs11
    return found


class Module:
    """One PKCS#11 module of this process; :func:`module_of` gives it.

    Attributes:
        path: of the shared library.
        lock: held for every call into the library, and by whoever uses a session.
        generation: rises whenever all sessions that were open are gone.
    """

    def __init__(self, path: str) -> None:
        """Take the path; nothing is loaded yet."""
        self.path = path
        self.lock = threading.RLock()
        self.generation = 0
        self._library: Any = None
        self._parents: Any = None
        self._stale = self._inherited = False

    def library(self) -> Any:
        """Return the initialised library; the caller holds the lock.

        Raises:
            DeviceError: it cannot be loaded, or does not start.
        """
        pkcs11 = package()
        try:
            if self._library is None:
                self._library = pkcs11.lib(self.path)
            elif self._inherited:
                self._begin_in_child(pkcs11)
            elif self._stale:
                self._begin_again(pkcs11)
        except (pkcs11.PKCS11Error, OSError) as err:
            # What PKCS #11 itself answers has a class of its own.
            answered = (
                isinstance(err, pkcs11.PKCS11Error)
                and type(err) is not pkcs11.PKCS11Error
            )
            trouble = Trouble.LOST if answered else Trouble.NO_MODULE
            raise DeviceError(trouble, self.path) from err
        self._stale = self._inherited = False
        return self._library

    def forget(self) -> None:
        """Give up all sessions; the next call starts the library anew."""
        with self.lock:
            self.generation += 1
            self._stale = True

    def after_fork(self) -> None:
        """Give up, in a child, what belongs to its parent."""
        self.lock = threading.RLock()  # another thread of the parent may have held it
        self.generation += 1
        self._inherited = True

    def _begin_again(self, pkcs11: "ModuleType") -> None:
        # What fails to end has ended: the device is away, or the library said so.
        with suppress(pkcs11.PKCS11Error):
            self._library.finalize()
        self._library.initialize()

    def _begin_in_child(self, pkcs11: "ModuleType") -> None:
        """Initialise without ending first, as PKCS #11 asks of a child (UG v2.40, 2.6).

        A library that does not notice the fork says that it is initialised already;
        then the child's copy is ended and begun anew. The parent's object is kept: its
        end would end the library.
        """
        parents = self._library
        try:
            self._library, self._parents = type(parents)(self.path), parents
        except pkcs11.PKCS11Error:
            self._begin_again(pkcs11)


_MODULES: dict[str, Module] = {}


def module_of(path: str) -> Module:
    """Return the one :class:`Module` of a path in this process."""
    return _MODULES.setdefault(path, Module(path))


def _after_fork() -> None:
    for module in _MODULES.values():
        module.after_fork()


os.register_at_fork(after_in_child=_after_fork)
