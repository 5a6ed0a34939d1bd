"""Trust bundles: what a validator believes, and every rule about believing it.

docs/formats/trust.md. Reading, writing and admitting are pure: bytes and instants in,
values out.
"""

from elicense.trust.admit import BACKDATING, admit, admit_lists, fingerprints_in
from elicense.trust.model import (
    Bundle,
    KeyGrant,
    KeyPurpose,
    ListEntry,
    OrganizationEntry,
    Period,
    SealEntry,
    SnapshotSighting,
    Source,
    Succession,
    TimestampAuthority,
)
from elicense.trust.reading import (
    BUNDLE_PURPOSE,
    FORMAT,
    FORMAT_CLOSING,
    FORMAT_GM,
    MAX_BUNDLE_BYTES,
    ROOT_PURPOSE,
)
from elicense.trust.roots import RootChain, Statement
from elicense.trust.seen import RollbackError, Seen
from elicense.trust.state import CLOCK_TOLERANCE, TrustState, no_trust
from elicense.trust.writing import (
    RootStatement,
    SignedStatement,
    sign_bundle,
    sign_handover,
    sign_root_statement,
)

__all__ = [
    "BACKDATING",
    "BUNDLE_PURPOSE",
    "CLOCK_TOLERANCE",
    "FORMAT",
    "FORMAT_CLOSING",
    "FORMAT_GM",
    "MAX_BUNDLE_BYTES",
    "ROOT_PURPOSE",
    "Bundle",
    "KeyGrant",
    "KeyPurpose",
    "ListEntry",
    "OrganizationEntry",
    "Period",
    "RollbackError",
    "RootChain",
    "RootStatement",
    "SealEntry",
    "Seen",
    "SignedStatement",
    "SnapshotSighting",
    "Source",
    "Statement",
    "Succession",
    "TimestampAuthority",
    "TrustState",
    "admit",
    "admit_lists",
    "fingerprints_in",
    "no_trust",
    "sign_bundle",
    "sign_handover",
    "sign_root_statement",
]
