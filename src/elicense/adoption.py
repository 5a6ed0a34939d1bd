"""Adopting another organ's workspace by its folder (机构改革).

The steps, and what they rest on, are those of :mod:`elicense.succession`.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from elicense import succession
from elicense.office import KeysChanged, Office
from elicense.succession import Handover


@dataclass(frozen=True, slots=True)
class Adoption:
    """What came of taking over another organ's workspace.

    Attributes:
        code: USCC of the organ that was taken over.
        licenses: how many licenses were new.
        done: whether it is published.
    """

    code: str
    licenses: int
    done: KeysChanged


def adopt(
    own: Office,
    other: Path,
    handover: Handover,
    passphrase: bytes | None,
    at: datetime,
) -> Adoption:
    """Open another organ's workspace, take it over, and publish.

    Its licenses stay good and are renewed and revoked here from now on; its private
    keys are destroyed. The same again finishes a run that was cut off.

    Args:
        own: the successor's workspace.
        other: the folder of the predecessor's.
        handover: from which day, today or before, and which types; all that its keys
            were granted where empty.
        passphrase: opens its keys; None reads its ``keys/passphrase``.
        at: the run's instant, whole seconds UTC.

    Raises:
        WorkspaceError, ConflictError, FileError: as for :func:`succession.take_over`.
    """
    with Office(other, passphrase) as theirs:
        types = tuple(dict.fromkeys(handover.types)) or theirs.catalog.names()
        agreed = Handover(handover.since, types)
        count = succession.take_over(own, theirs, agreed, at)
        code = theirs.settings.code
    return Adoption(code, count, own.published(at))
