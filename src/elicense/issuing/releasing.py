"""Nothing is released before it validates; then it is stored and marked issued."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from elicense.dates import start_of
from elicense.errors import ConflictError, IllegalTransitionError, Problem
from elicense.events import Event, EventKind
from elicense.issuing.desk import IssuingDesk, NotReleasedError
from elicense.issuing.following import follower, superseding
from elicense.issuing.request import Request
from elicense.lifecycle import step
from elicense.model import Draft, Text
from elicense.policy import ValidationPolicy
from elicense.register import Allocation, Register, Row
from elicense.validating import Verdict, validate_pdf
from esign.statuslist import BITS, StatusList
from esign.verdict import Code

MANY = 100
"""Other licenses of a number that are counted; beyond, it is told as at least."""
_RELEASABLE = (Code.VALID, Code.NOT_YET_VALID)


def validate_own(
    desk: IssuingDesk,
    pdf: bytes,
    allocation: Allocation,
    policy: ValidationPolicy | None = None,
    *,
    at: datetime | None = None,
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
        at: the sealing instant of what somebody else sealed later; None for that of
            the allocation.
    """
    instant = at or allocation.instant
    index, second = allocation.index, int(instant.timestamp())
    own = StatusList(
        issuer=desk.organization,
        number=allocation.list_id,
        sequence=0,
        issued_at=second,
        expires_at=second + 1,
        array=bytes(index * BITS // 8 + 1),
    )
    return validate_pdf(
        pdf,
        desk.trust.with_lists([own]),
        instant,
        policy=policy or desk.policy,
        catalog=desk.catalog,
        faces=desk.faces,
    )


def check_own(
    desk: IssuingDesk,
    pdf: bytes,
    allocation: Allocation,
    policy: ValidationPolicy | None = None,
    *,
    at: datetime | None = None,
) -> Verdict:
    """Validate as :func:`validate_own` and return the verdict of what may go out.

    Raises:
        NotReleasedError: it is neither VALID nor only not yet valid.
    """
    verdict = validate_own(desk, pdf, allocation, policy, at=at)
    if verdict.code not in _RELEASABLE:
        raise NotReleasedError(verdict)
    return verdict


def issued_event(
    request: Request,
    row: Row,
    draft: Draft,
    at: datetime,
    sealed_at: datetime | None = None,
) -> Event:
    """Return the event that makes a reservation a license.

    A license is in force from its sealing on, an imported one from its issue date on.

    Args:
        request: what was asked for.
        row: the reservation.
        draft: what the license says.
        at: the instant of recording, aware.
        sealed_at: when somebody else sealed it; None for the instant of the
            reservation.
    """
    imported = request.operation == "import"
    sealed = sealed_at or row.allocation.instant
    return Event(
        identifier=row.identifier,
        kind=EventKind.ISSUED,
        effective_at=start_of(draft.issue_date) if imported else sealed,
        recorded_at=at,
    )


def mark_issued(
    desk: IssuingDesk,
    request: Request,
    row: Row,
    draft: Draft,
    at: datetime,
    *,
    sealed_at: datetime | None = None,
) -> Row:
    """Record the issue, and with it that the old version is superseded.

    Args:
        desk: whose register is written.
        request: what was asked for.
        row: the reservation; its output is stored.
        draft: what the license says.
        at: the instant of recording, aware.
        sealed_at: when somebody else sealed it; None for the instant of the
            reservation.

    Returns:
        The row as it is now; where another run was first, as that one left it.

    Raises:
        ConflictError: the old version changed after the reservation, which is kept.
    """
    issued = issued_event(request, row, draft, at, sealed_at)
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


def stored(row: Row) -> tuple[bytes, bytes]:
    """Return the token and the PDF that a row keeps.

    Args:
        row: one whose output is stored.

    Raises:
        ValueError: nothing is stored.
    """
    if row.token is None or row.pdf is None:
        raise ValueError("the row keeps no output")
    return row.token, row.pdf


def same_number(
    register: Register,
    rows: Sequence[tuple[Row, datetime]],
    new: Collection[str] = (),
) -> list[tuple[Problem, ...]]:
    """Return of each license a warning where others of its number are in force.

    The register is asked once for each number, and for so many licenses at most as
    change what is said.

    Args:
        register: where to look; not inside a transaction that others wait for.
        rows: licenses in their order, each with the instant that counts, aware.
        new: identifiers of those that were issued just now: one of them does not count
            for those that come before it.
    """
    found: dict[tuple[str, datetime], tuple[str, ...]] = {}
    for (number, at), count in Counter((row.number, at) for row, at in rows).items():
        # Of a row, itself, its previous version and all new ones may not count.
        found[number, at] = register.in_force(number, at, MANY + count + len(new) + 1)
    later, told = set(new), []
    for row, at in rows:
        later.discard(row.identifier)
        others = [
            one
            for one in found[row.number, at]
            if one not in (row.identifier, row.previous) and one not in later
        ]
        told.append(_others(len(others)))
    return told


def _others(count: int) -> tuple[Problem, ...]:
    if not count:
        return ()
    zh, en = str(count), str(count)
    if count >= MANY:
        zh, en = f"至少 {MANY}", f"at least {MANY}"
    text = Text(
        f"登记库中另有 {zh} 个同编号的证照仍在有效状态",
        f"{en} other licenses of this number are still in force",
    )
    return (Problem("number", text),)
