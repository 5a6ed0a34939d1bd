"""The back office of an issuing organ: settings, keys, register, publication.

What every use of a workspace rests on. Wiring only: every rule lives in the modules
that are called.
"""

from elicense.office.key_changes import KeysChanged
from elicense.office.office import Office

__all__ = ["KeysChanged", "Office"]
