"""Issuing: an application becomes one sealed license, exactly once.

The path: check the application, reserve, draw up record, token and page, print and
seal, validate the result as a stranger would, store it, and only then call it issued.
A run that was cut off anywhere is finished by running it again with the same request.
A new version supersedes the old one in the transaction that issues it. One at a time
here, many in :mod:`elicense.issuing.batch`.
"""

from dataclasses import replace
from datetime import datetime

from elicense import list_numbers, payload, record
from elicense.errors import ConflictError
from elicense.issuing import awaiting
from elicense.issuing.awaiting import AwaitingSealError
from elicense.issuing.batch import (
    Batch,
    Outcome,
    SampleError,
    issue_many,
)
from elicense.issuing.chunks import BatchPolicy, UnreadError
from elicense.issuing.collecting import Reconciled, Waiting, reconcile
from elicense.issuing.desk import Issued, IssuingDesk, NotReleasedError
from elicense.issuing.drawn import Drawn, draw, draw_again, printed
from elicense.issuing.preparing import Prepared, admit, prepare, prepare_again
from elicense.issuing.releasing import (
    check_own,
    mark_issued,
    same_number,
    stored,
    validate_own,
)
from elicense.issuing.reprinting import Reprinted, ReprintError, reprint
from elicense.issuing.request import Operation, Request
from elicense.register import Allocation, ListFullError, ReserveRequest, Row
from elicense.sealing import Allowed, Scenario
from elicense.validating import Verdict

__all__ = [
    "AwaitingSealError",
    "Batch",
    "BatchPolicy",
    "Issued",
    "IssuingDesk",
    "NotReleasedError",
    "Operation",
    "Outcome",
    "Reconciled",
    "ReprintError",
    "Reprinted",
    "Request",
    "SampleError",
    "UnreadError",
    "Waiting",
    "issue",
    "issue_many",
    "reconcile",
    "reprint",
    "validate_own",
]


def issue(desk: IssuingDesk, request: Request, at: datetime) -> Issued:
    """Issue one license, or finish or return the one that this request already made.

    A request to renew makes the new version and supersedes the old one in one
    transaction; the old one stays good until the new one's first day. Where the old one
    changed between reservation and issue, the reservation is kept and a later run of
    the same request asks again. An import is in force from its issue date on, and
    sealed and recorded now.

    Args:
        desk: what to issue with.
        request: what to issue.
        at: the run's instant, whole seconds UTC; the sealing instant of a new license.
            One that was reserved earlier keeps that instant as its sealing instant and
            is recorded as issued now.

    Raises:
        UnknownTypeError, ApplicationError, PhotoError, ScanError: the request is wrong;
            nothing was reserved.
        MissingGlyphError, TooLongError, SymbolTooLargeError: it does not fit the page
            or the QR; nothing was reserved.
        SealRefusedError: the seal may not be used for it; nothing was reserved, and the
            seal-use log says so.
        NotFoundError: the register has no such previous version; nothing was reserved.
        IllegalTransitionError, EventError: it can not be superseded, or the grounds
            lack what their reason requires; nothing was reserved.
        ConflictError: the same case number with other data; or the old version changed
            after the reservation, which is kept.
        NotReleasedError: the result did not validate; it stays reserved.
        AwaitingSealError: somebody else is to seal it, and has not; the same request
            again, or :func:`reconcile`, goes on from there.
        RegisterError: the register cannot be used.
        UnavailableError: a signer's device did not answer.
    """
    key = request.key(desk.organization)
    known = desk.register.by_key(key)
    # A resumed run repeats the first one's instant.
    sealing = at if known is None else known.allocation.instant
    if known is None:
        prepared = prepare(desk, request, at)
    else:
        prepared = prepare_again(desk, request, known)
    if known is None or not known.is_issued:
        admit(desk, request, prepared.draft, sealing)
    allowed = None
    if known is None or known.pdf is None:  # else the seal was put on by then
        scenario = Scenario(request.operation)
        allowed = desk.ask_for_seal(request.type_name, scenario, at)
    row, drawn = _reserve(desk, request, prepared, sealing)
    recorded_at = max(at, row.allocation.instant)
    return _finish(desk, request, prepared, (row, drawn, allowed), recorded_at)


def _reserve(
    desk: IssuingDesk, request: Request, prepared: Prepared, at: datetime
) -> tuple[Row, Drawn | None]:
    """Reserve a place in the first list for the period that is not full.

    Returns:
        The row, and what was drawn up for it if that was now.
    """
    number = list_numbers.first_list(prepared.draft.validity)
    kept: list[Drawn] = []

    def build(place: Allocation) -> tuple[str, bytes]:
        # Runs inside the transaction: what raises here reserves nothing.
        kept.append(draw(desk, request, prepared, place))
        return kept[-1].license.identifier, kept[-1].record

    while True:
        key = request.key(desk.organization)
        wanted = ReserveRequest(key, request.digest, prepared.draft.number, number, at)
        try:
            made = desk.register.reserve(wanted, build)
        except ListFullError:
            number = list_numbers.next_generation(number)
            continue
        return desk.register.get(made.identifier), kept[-1] if kept else None


def _finish(
    desk: IssuingDesk,
    request: Request,
    prepared: Prepared,
    reserved: tuple[Row, Drawn | None, Allowed | None],
    at: datetime,
) -> Issued:
    """Print what is not stored yet, validate it, store it, and mark it issued."""
    row, drawn, allowed = reserved
    if row.pdf is None and desk.sealer is not None and not row.is_ordered:
        drawn = drawn or draw_again(desk, row)
        desk.log_seals([(allowed, row.identifier)])
        awaiting.order(desk, request, prepared, (row, drawn), at)
        row = desk.register.get(row.identifier)
    if row.is_ordered:
        row, verdict = awaiting.settle(desk, row, at, allowed)
        at = max(at, awaiting.instant_of(row))
    else:
        row, verdict = _press(desk, request, prepared, (row, drawn, allowed), at)
    token, pdf = stored(row)
    return Issued(
        license=record.decode(row.record)[0],
        state=row.state_at(at),
        pdf=pdf,
        qr_text=payload.qr_text(token, check_page=desk.check_page),
        verdict=verdict,
        warnings=(*prepared.warnings, *same_number(desk.register, [(row, at)])[0]),
    )


def _press(
    desk: IssuingDesk,
    request: Request,
    prepared: Prepared,
    reserved: tuple[Row, Drawn | None, Allowed | None],
    at: datetime,
) -> tuple[Row, Verdict]:
    """Print and seal here, and mark it issued; what is done is left as it is."""
    row, drawn, allowed = reserved
    token, pdf = row.token, row.pdf
    if token is None or pdf is None:
        drawn = drawn or draw_again(desk, row)
        desk.log_seals([(allowed, row.identifier)])
        token, pdf = drawn.token, printed(desk, drawn, prepared)
    verdict = check_own(desk, pdf, row.allocation)
    if not row.is_issued:
        try:
            desk.register.store_output(row.identifier, token, pdf)
        except ConflictError:
            # Another run was first, and its signer signs the same in another way: what
            # is stored is the license.
            row = desk.register.get(row.identifier)
            verdict = check_own(desk, stored(row)[1], row.allocation)
    if not row.is_issued:
        draft = record.decode(row.record)[0].draft
        row = mark_issued(desk, request, row, draft, at)
    return replace(row, token=row.token or token, pdf=row.pdf or pdf), verdict
