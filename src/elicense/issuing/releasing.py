"""Nothing is released before it validates; then it is stored and marked issued."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from elicense.dates import start_of
from elicense.errors import ConflictError, IllegalTransitionError, Problem
from elicense.events import Event, EventKind
from elicense.issuing.desk import IssuingDesk, NotReleasedError
from elicense.issuing.following import follower, superseding
from elicense.issuing.request import Request
from elicense.lifecycle import State, state_at, step
from elicense.model import Draft, Text
from elicense.policy import ValidationPolicy
from elicense.register import Allocation, Register, Row
from elicense.validating import Verdict, validate_pdf
from esign.statuslist import BITS, StatusList
from esign.verdict import Code

_RELEASABLE = (Code.VALID, Code.NOT_YET_VALID)


def validate_own(
    desk: IssuingDesk,
    pdf: bytes,
    allocation: Allocation,
    policy: ValidationPolicy | None = None,
) -> Verdict:
    """Validate a license as a stranger would at its own sealing instant.

    Keys, seals and grants are those of the current bundle. The status is what the
    register says of that instant: the license was reserved then, and nothing had ended
    it. What became of it later is not asked here.

    Args:
        desk: whose bundle and catalog count.
        pdf: the sealed document.
        allocation: its place in the register.
        policy: how strict; the desk's own where None.
    """
    index, at = allocation.index, int(allocation.instant.timestamp())
    own = StatusList(
        issuer=desk.organization,
        number=allocation.list_id,
        sequence=0,
        issued_at=at,
        expires_at=at + 1,
        array=bytes(index * BITS // 8 + 1),
    )
    return validate_pdf(
        pdf,
        desk.trust.with_lists([own]),
        allocation.instant,
        policy=policy or desk.policy,
        catalog=desk.catalog,
    )


def check_own(
    desk: IssuingDesk,
    pdf: bytes,
    allocation: Allocation,
    policy: ValidationPolicy | None = None,
) -> Verdict:
    """Validate as :func:`validate_own` and return the verdict of what may go out.

    Raises:
        NotReleasedError: it is neither VALID nor only not yet valid.
    """
    verdict = validate_own(desk, pdf, allocation, policy)
    if verdict.code not in _RELEASABLE:
        raise NotReleasedError(verdict)
    return verdict


def issued_event(request: Request, row: Row, draft: Draft, at: datetime) -> Event:
    """Return the event that makes a reservation a license.

    A license is in force from its sealing on, an imported one from its issue date on.
    """
    imported = request.operation == "import"
    return Event(
        identifier=row.identifier,
        kind=EventKind.ISSUED,
        effective_at=start_of(draft.issue_date) if imported else row.allocation.instant,
        recorded_at=at,
    )


def mark_issued(
    desk: IssuingDesk, request: Request, row: Row, draft: Draft, at: datetime
) -> Row:
    """Record the issue, and with it that the old version is superseded.

    Args:
        desk: whose register is written.
        request: what was asked for.
        row: the reservation; its output is stored.
        draft: what the license says.
        at: the instant of recording, aware.

    Returns:
        The row as it is now; where another run was first, as that one left it.

    Raises:
        ConflictError: the old version changed after the reservation, which is kept.
    """
    issued = issued_event(request, row, draft, at)
    plan = step((), issued)
    changes, events = [row.change(plan)], [issued]
    try:
        new = follower(row.identifier, draft, row.allocation)
        followed = superseding(desk, request, new, at)
        if followed is not None:
            changes.append(followed[0])
            events.append(followed[1])
        seqs = desk.register.commit(changes, events)
    except (ConflictError, IllegalTransitionError) as err:
        found = desk.register.get(row.identifier)
        if found.is_issued:  # another run was first, with the same bytes
            return found
        cause = err.message
        raise ConflictError(
            Text(
                f"原证照在新版本预留之后有变化，预留已保留，请核对后重试：{cause.zh}",
                "the old version changed after the new one was reserved; the"
                f" reservation is kept, look again and retry: {cause.en}",
            )
        ) from err
    return replace(row, seq=seqs[0], plan=plan, previous=request.previous)


def same_number(
    register: Register, row: Row, at: datetime, later: Collection[str] = ()
) -> tuple[Problem, ...]:
    """Return a warning where other licenses of this number are in force.

    Args:
        register: where to look.
        row: the license.
        at: the instant that counts, aware.
        later: identifiers of licenses that come after it and do not count.
    """
    others = [
        other
        for other in register.named(row.number)
        if other.identifier not in (row.identifier, row.previous)
        and other.identifier not in later
        and state_at(other.plan, at) in (State.ISSUED, State.SUSPENDED)
    ]
    if not others:
        return ()
    text = Text(
        f"登记库中另有 {len(others)} 个同编号的证照仍在有效状态",
        f"{len(others)} other licenses of this number are still in force",
    )
    return (Problem("number", text),)
