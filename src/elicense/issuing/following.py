"""A new version and the old one that it supersedes."""

from datetime import datetime

from elicense import changing
from elicense.changing import NewVersion
from elicense.errors import IllegalTransitionError
from elicense.events import Event
from elicense.issuing.desk import IssuingDesk
from elicense.issuing.request import Request
from elicense.model import Draft, Text
from elicense.register import Allocation, Change


def follower(identifier: str, draft: Draft, allocation: Allocation) -> NewVersion:
    """Return what the old version has to know of the new one."""
    return NewVersion(
        identifier=identifier,
        first_day=draft.validity.valid_from,
        issued_at=allocation.instant,
    )


def superseding(
    desk: IssuingDesk, request: Request, new: NewVersion, at: datetime
) -> tuple[Change, Event] | None:
    """Return what becomes of the old version, None where there is none.

    Args:
        desk: whose register is asked.
        request: what is asked for.
        new: the new version.
        at: the instant of recording, aware.

    Raises:
        IllegalTransitionError, EventError: it can not be superseded, or not on these
            grounds.
    """
    if request.previous is None or request.grounds is None:
        return None
    old = desk.register.get(request.previous)
    if old.successor not in (None, new.identifier):
        raise IllegalTransitionError(
            Text(
                "原证照已有后续版本，请以最新版本办理",
                "another version follows the old one already; start from that one",
            )
        )
    history = desk.register.history(request.previous)
    return changing.superseding(old, history, new, request.grounds, at)
