"""Seals of organizations: their life, who may use which on what, and what was done.

A seal is asked for before anything is reserved or sealed: :class:`SealDesk` answers
:class:`Allowed` or :class:`Refused`, keeps refusals in the seal-use log, and writes one
line for each use before the seal is put on. docs/formats/seals.md has the stored form.
"""

from elicense.sealing.checking import SealInquiry, check
from elicense.sealing.coverage import Coverage, coverage
from elicense.sealing.desk import SealDesk
from elicense.sealing.life import (
    SealEvent,
    SealEventError,
    SealEventKind,
    SealReason,
    SealState,
)
from elicense.sealing.pinned import Pinned, read_trust
from elicense.sealing.policy import Grant, SealPolicy, decide, read_policy
from elicense.sealing.record import SealForm, SealRecord, UseLine, Withdrawn
from elicense.sealing.store import SealStore
from elicense.sealing.use import (
    NOBODY,
    Actors,
    Allowed,
    Refusal,
    Refused,
    Scenario,
    SealIdError,
    SealRefusedError,
    SealUse,
)
from elicense.sealing.verdict import Kind, SealVerdict

__all__ = [
    "NOBODY",
    "Actors",
    "Allowed",
    "Coverage",
    "Grant",
    "Kind",
    "Pinned",
    "Refusal",
    "Refused",
    "Scenario",
    "SealDesk",
    "SealEvent",
    "SealEventError",
    "SealEventKind",
    "SealForm",
    "SealIdError",
    "SealInquiry",
    "SealPolicy",
    "SealReason",
    "SealRecord",
    "SealRefusedError",
    "SealState",
    "SealStore",
    "SealUse",
    "SealVerdict",
    "UseLine",
    "Withdrawn",
    "check",
    "coverage",
    "decide",
    "read_policy",
    "read_trust",
]
