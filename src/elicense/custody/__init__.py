"""Custody of a workspace's keys: which one signs, and how one follows another.

Every change is one replaced file: new private keys are written first, under names of
their own, then ``grants.cbor`` or ``root-statements.cbor`` is replaced, and only then
the old private key is overwritten, attested destroyed, and removed. A run that is cut
off anywhere leaves keys that work; the next change finishes what is left.
"""

from elicense.custody.custody import Custody
from elicense.custody.renewal import Owner

__all__ = ["Custody", "Owner"]
