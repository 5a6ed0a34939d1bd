"""The history of a workspace's keys: what each may sign, and from when until when.

Values and rules alone; the file ``grants.cbor`` is described in
docs/formats/workspace.md. Of each purpose the newest key signs. The earlier ones stay
listed for ever, because what they signed in their time stays good.
"""

from elicense.keychain.chain import Keychain
from elicense.keychain.encoding import FORMAT, MAX_BYTES, Entry, decode, encode
from elicense.keychain.records import (
    PURPOSES,
    SEALS,
    VIEWER_SEAL,
    Authority,
    ElectronicSeal,
    KeyRecord,
    Purpose,
)
from elicense.keychain.rules import refuse_unclosable, widened

__all__ = [
    "FORMAT",
    "MAX_BYTES",
    "PURPOSES",
    "SEALS",
    "VIEWER_SEAL",
    "Authority",
    "ElectronicSeal",
    "Entry",
    "KeyRecord",
    "Keychain",
    "Purpose",
    "decode",
    "encode",
    "refuse_unclosable",
    "widened",
]
