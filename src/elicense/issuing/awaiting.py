"""Licenses that somebody else seals: ordered, asked for, checked, and only then issued.

What is durable when (docs/seal-platforms.md):

1. The finished unsealed bytes and the request id, before anything is sent.
2. That something is about to be sent. From then on a request is queried first, and
   sent again only where the other side does not know it.
3. The sealed bytes, once they passed; then that the license is issued.

So whatever breaks off, the next run goes on from what is stored.
"""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from elicense import document, layout, record
from elicense.changing import Grounds
from elicense.document import DocumentParts
from elicense.errors import (
    ConflictError,
    ElicenseError,
    IllegalTransitionError,
    RegisterError,
)
from elicense.events import Decision, Event, EventKind, Reason, reason
from elicense.issuing.desk import IssuingDesk, NotReleasedError
from elicense.issuing.drawn import Drawn
from elicense.issuing.preparing import Prepared
from elicense.issuing.releasing import check_own, mark_issued
from elicense.issuing.request import Request
from elicense.lifecycle import step
from elicense.model import License, Text
from elicense.register import Row, SealOrder
from elicense.sealing import Allowed, Scenario, SealRefusedError
from elicense.sealing.sealers import (
    OutcomeUnknownError,
    Pending,
    Profile,
    Sealed,
    SealingRefusedError,
    SealingRequest,
    Unknown,
    request_id_of,
)
from elicense.validating import Verdict
from esign.errors import ESignError
from esign.pades import platform
from esign.pades.reserve import reserve

_SEAL_PAGE = 0  # the seal is on the first page (docs/formats/layout.md)


class AwaitingSealError(ElicenseError):
    """The license awaits its seal; nothing was released, and nothing is lost.

    Attributes:
        identifier: of the license.
        request_id: of the request to seal it.
        task: what the platform calls its task, empty for none.
        why: what stands in the way.
    """

    def __init__(self, order: SealOrder, why: Text) -> None:
        """Keep what is awaited, and why it is not there."""
        super().__init__(
            Text(
                f"证照 {order.identifier} 待签章，尚未签发：{why.zh}；"
                "稍后用同一命令重试，或执行 elicense reconcile",
                f"license {order.identifier} awaits its seal and is not issued yet:"
                f" {why.en}; run the same command again later, or elicense reconcile",
            )
        )
        self.identifier = order.identifier
        self.request_id = order.request_id
        self.task = order.task
        self.why = why
        self.args = (order, why)


def order(
    desk: IssuingDesk,
    request: Request,
    prepared: Prepared,
    reserved: tuple[Row, Drawn],
    at: datetime,
) -> None:
    """Keep what is to be sealed, complete, before anybody is asked.

    An order that an earlier run kept stays as it is.

    Args:
        desk: its sealer says in which form.
        request: what was asked for.
        prepared: the checked application.
        reserved: the reservation, and what was drawn up for it.
        at: the run's instant.
    """
    row, drawn = reserved
    unsealed = _unsealed(desk, prepared, drawn)
    made = SealOrder(
        identifier=row.identifier,
        request_id=request_id_of(row.identifier, unsealed),
        token=drawn.token,
        pdf=unsealed,
        grounds=_grounds_text(request),
    )
    event = Event(
        identifier=row.identifier,
        kind=EventKind.SEAL_REQUESTED,
        effective_at=at,
        recorded_at=at,
    )
    try:
        step(desk.register.history(row.identifier), event)
    except IllegalTransitionError:
        if desk.register.get(row.identifier).is_ordered:
            return  # by another run, in the meantime
        raise
    desk.register.order_seal(made, event)


def _unsealed(desk: IssuingDesk, prepared: Prepared, drawn: Drawn) -> bytes:
    """Return what the sealer gets."""
    parts = DocumentParts(
        sheet=drawn.sheet,
        photo=prepared.photo,
        record=drawn.record,
        token=drawn.token,
        at=drawn.place.instant,
        scan=prepared.scan,
    )
    whole = document.render(parts)
    if desk.sealer is None or desk.sealer.profile is Profile.NATIVE:
        return whole
    sheet = drawn.sheet
    box = layout.seal_box(sheet.license_type, sheet.presentation)
    return reserve(whole, _SEAL_PAGE, box)


def settle(
    desk: IssuingDesk, row: Row, at: datetime, allowed: Allowed | None = None
) -> tuple[Row, Verdict]:
    """Get an ordered license its seal, check it, and issue it; return one that is.

    Args:
        desk: what to issue with.
        row: whose order is kept.
        at: the run's instant.
        allowed: what allows the seal's use in this run. None: before anything is sent,
            it is asked for those who ordered it, for seal and grant may have ended.

    Returns:
        The row as it is now, and the verdict that let it go.

    Raises:
        AwaitingSealError: there is no seal yet, or none that may go out.
        ConflictError: the old version changed meanwhile; the sealed bytes are kept.
        RegisterError: the register cannot be used.
    """
    row = desk.register.get(row.identifier)  # another run may have been here
    if row.is_issued:
        return row, check_own(desk, row.pdf or b"", row.allocation, at=instant_of(row))
    ordered = desk.register.seal_order(row.identifier)
    if ordered is None:
        raise RegisterError(
            Text("登记库缺少送签章的记录", "the register lost what was to be sealed")
        )
    license_, _ = record.decode(row.record)
    pdf, verdict = row.pdf, None
    if pdf is None:
        answer = _asked(desk, (row, ordered, allowed), license_, at)
        at, pdf = max(at, answer.received_at or at), answer.pdf
        verdict = _checked(desk, row, ordered, pdf, at)
        # Where another run was first, what is stored is the license.
        with suppress(ConflictError):
            desk.register.store_output(row.identifier, ordered.token, pdf)
        row = desk.register.get(row.identifier)
    if verdict is None or row.pdf != pdf:
        verdict = _checked(desk, row, ordered, row.pdf or b"", at)
    if not row.is_issued:  # by another run, in the meantime
        row = _issued(desk, row, ordered, license_, max(at, row.allocation.instant))
    desk.register.finish_order(row.identifier)
    return row, verdict


def _issued(
    desk: IssuingDesk, row: Row, ordered: SealOrder, license_: License, at: datetime
) -> Row:
    """Record the issue of what is sealed and stored."""
    request, sealed_at = _request_of(row, ordered), instant_of(row)
    return mark_issued(desk, request, row, license_.draft, at, sealed_at=sealed_at)


def instant_of(row: Row) -> datetime:
    """Return the sealing instant of a row's document, as its seal claims it.

    Args:
        row: one whose output is stored.
    """
    claimed = platform.claimed_instant(row.pdf or b"") if row.is_ordered else None
    return claimed or row.allocation.instant


def _asked(
    desk: IssuingDesk,
    wanted: tuple[Row, SealOrder, Allowed | None],
    license_: License,
    at: datetime,
) -> Sealed:
    """Return the answer of the sealer; what was sent before is queried first."""
    row, ordered, allowed = wanted
    if desk.sealer is None or ordered.pdf is None:
        raise AwaitingSealError(
            ordered, Text("未配置签章平台", "no seal platform is configured")
        )
    request = _sealing_request(desk, row, license_, ordered)
    is_first = desk.register.mark_sent(row.identifier, at)
    try:
        found = None if is_first else desk.sealer.query(request.request_id)
        if found is None or isinstance(found, Unknown):
            _log(desk, row, allowed, at)
            found = desk.sealer.seal(ordered.pdf, request)
    except (OutcomeUnknownError, SealingRefusedError, SealRefusedError) as err:
        raise AwaitingSealError(ordered, err.message) from err
    except ESignError as err:
        why = Text(f"签章未成功（{err}）", f"it was not sealed ({err})")
        raise AwaitingSealError(ordered, why) from err
    if isinstance(found, Pending):
        desk.register.note_task(row.identifier, found.task)
        why = Text(
            f"平台处理中（任务 {found.task}）", f"task {found.task} is under way"
        )
        raise AwaitingSealError(replace(ordered, task=found.task), why)
    return found


def _log(desk: IssuingDesk, row: Row, allowed: Allowed | None, at: datetime) -> None:
    """Keep that the seal is used, right before it is asked for.

    Raises:
        SealRefusedError: it may not be used any more; the log says so.
    """
    if allowed is None:
        name, scenario = row.key.type_name, Scenario(row.key.operation)
        allowed = desk.ask_for_seal(name, scenario, at, row.identifier)
    desk.log_seals([(allowed, row.identifier)])


def _sealing_request(
    desk: IssuingDesk, row: Row, license_: License, ordered: SealOrder
) -> SealingRequest:
    draft = license_.draft
    license_type = desk.catalog.get(draft.type_name, draft.type_version)
    presentation = license_type.presentations_of(draft.copy)[0]
    return SealingRequest(
        request_id=ordered.request_id,
        page=_SEAL_PAGE,
        box=layout.seal_box(license_type, presentation),
        at=row.allocation.instant,
        scenario=row.key.operation,
        case_number=row.key.number if row.key.source == "case" else "",
    )


def _checked(
    desk: IssuingDesk, row: Row, ordered: SealOrder, pdf: bytes, at: datetime
) -> Verdict:
    """Validate what came back; only this very document, rightly sealed, may go out."""
    is_platform = desk.sealer is not None and desk.sealer.profile is Profile.PLATFORM
    if is_platform and ordered.pdf and not pdf.startswith(ordered.pdf):
        why = Text(
            "平台返回的不是所送文件", "what came back is not the document that was sent"
        )
        raise AwaitingSealError(ordered, why)
    instant = max(at, row.allocation.instant) if is_platform else None
    try:
        verdict = check_own(desk, pdf, row.allocation, at=instant)
    except NotReleasedError as err:
        raise AwaitingSealError(ordered, err.message) from err
    if verdict.claims is None or verdict.claims.identifier != row.identifier:
        why = Text("返回的是另一证照", "what came back is another license")
        raise AwaitingSealError(ordered, why)
    return verdict


def _grounds_text(request: Request) -> str:
    """Return what finishing needs to know of a request, as JSON."""
    grounds = request.grounds
    found: dict[str, object] = {"previous": request.previous}
    if grounds is not None:
        decision = grounds.decision
        found["reason"] = grounds.reason.code
        found["decision"] = None if decision is None else decision.to_json()
        found["note"] = grounds.note
    return json.dumps(found, ensure_ascii=False)


def _request_of(row: Row, ordered: SealOrder) -> Request:
    """Return a request that finishes as the one that ordered; without application."""
    try:
        found = json.loads(ordered.grounds)
        grounds = None
        if "reason" in found:
            decided = found["decision"]
            grounds = Grounds(
                reason=_reason(found["reason"]),
                decision=None if decided is None else Decision.parse(decided),
                note=found["note"],
            )
        return Request(
            type_name=row.key.type_name,
            application={},
            number=row.key.number,
            is_case=row.key.source == "case",
            operation=row.key.operation,  # type: ignore[arg-type]  # as it was stored
            previous=found["previous"],
            grounds=grounds,
        )
    except (ElicenseError, ValueError, LookupError, TypeError) as err:
        raise RegisterError(
            Text(
                "登记库内容已损坏，请从备份恢复",
                "the register is damaged: an order holds what no register writes",
            )
        ) from err


def _reason(code: str) -> Reason:
    return reason(EventKind.SUPERSEDED, code)
