"""Issuing: an application becomes one sealed license, exactly once.

The path: check the application, reserve, draw up record, token and page, print and
seal, validate the result as a stranger would, store it, and only then call it issued.
A run that was cut off anywhere is finished by running it again with the same request.
A new version supersedes the old one in the transaction that issues it. One at a time
here, many in :mod:`elicense.issuing.batch`.
"""

from datetime import datetime

from elicense import list_numbers, payload, record
from elicense.errors import ConflictError
from elicense.issuing.batch import (
    Batch,
    Outcome,
    SampleError,
    issue_many,
)
from elicense.issuing.chunks import BatchPolicy, UnreadError
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

__all__ = [
    "Batch",
    "BatchPolicy",
    "Issued",
    "IssuingDesk",
    "NotReleasedError",
    "Operation",
    "Outcome",
    "ReprintError",
    "Reprinted",
    "Request",
    "SampleError",
    "UnreadError",
    "issue",
    "issue_many",
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
        NotFoundError: the register has no such previous version; nothing was reserved.
        IllegalTransitionError, EventError: it can not be superseded, or the grounds
            lack what their reason requires; nothing was reserved.
        ConflictError: the same case number with other data; or the old version changed
            after the reservation, which is kept.
        NotReleasedError: the result did not validate; it stays reserved.
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
    row, drawn = _reserve(desk, request, prepared, sealing)
    recorded_at = max(at, row.allocation.instant)
    return _finish(desk, request, prepared, (row, drawn), recorded_at)


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
    reserved: tuple[Row, Drawn | None],
    at: datetime,
) -> Issued:
    """Print what is not stored yet, validate it, store it, and mark it issued."""
    row, drawn = reserved
    token, pdf = row.token, row.pdf
    if token is None or pdf is None:
        drawn = drawn or draw_again(desk, row)
        token, pdf = drawn.token, printed(desk, drawn, prepared)
    license_ = record.decode(row.record)[0] if drawn is None else drawn.license
    verdict = check_own(desk, pdf, row.allocation)
    if not row.is_issued:
        try:
            desk.register.store_output(row.identifier, token, pdf)
        except ConflictError:
            # Another run was first, and its signer signs the same in another way: what
            # is stored is the license.
            row = desk.register.get(row.identifier)
            token, pdf = stored(row)
            verdict = check_own(desk, pdf, row.allocation)
    if not row.is_issued:
        row = mark_issued(desk, request, row, license_.draft, at)
    return Issued(
        license=license_,
        state=row.state_at(at),
        pdf=pdf,
        qr_text=payload.qr_text(token, check_page=desk.check_page),
        verdict=verdict,
        warnings=(*prepared.warnings, *same_number(desk.register, [(row, at)])[0]),
    )
