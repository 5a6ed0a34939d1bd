"""Issuing: an application becomes one sealed license, exactly once.

The path: check the application, reserve, build record, token, page and seal, validate
the result as a stranger would, store it, and only then call it issued. A run that was
cut off anywhere is finished by running it again with the same request. A new version
supersedes the old one in the transaction that issues it.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime

from elicense import (
    changing,
    document,
    layout,
    list_numbers,
    payload,
    photos,
    qr,
    record,
)
from elicense.attachments import scan_of
from elicense.catalog import Catalog, LicenseType
from elicense.catalog.application import check_application
from elicense.changing import NewVersion
from elicense.dates import start_of
from elicense.document import DocumentParts
from elicense.errors import (
    ApplicationError,
    ConflictError,
    ElicenseError,
    IllegalTransitionError,
    Problem,
    SymbolTooLargeError,
)
from elicense.events import Event, EventKind
from elicense.identifiers import Identifier
from elicense.issuing.request import (
    Operation,
    Request,
    check_backfill,
    check_own_time,
    completed,
)
from elicense.lifecycle import State, state_at, step
from elicense.model import Draft, License, Organization, Photo, Text
from elicense.payload import StatusReference
from elicense.policy import STANDARD, ValidationPolicy
from elicense.register import (
    Allocation,
    Change,
    ListFullError,
    Register,
    Reservation,
    ReserveRequest,
    Row,
)
from elicense.trust import TrustState
from elicense.validating import Verdict, validate_pdf
from elicense.versions import check_successor
from esign import pades
from esign.keys import Signer
from esign.pades import SealAppearance, SealIdentity
from esign.statuslist import BITS, StatusList
from esign.verdict import Code

__all__ = [
    "Issued",
    "IssuingDesk",
    "NotReleasedError",
    "Operation",
    "Request",
    "issue",
    "validate_own",
]

_NO_SCAN = Problem(
    "scan",
    Text("没有纸质证照的扫描件", "there is no scan of the paper"),
)
_RELEASABLE = (Code.VALID, Code.NOT_YET_VALID)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuingDesk:
    """What an issuing organ works with; the same for every license of a run.

    Attributes:
        register: where licenses are kept.
        catalog: the license types.
        organization: USCC of the issuing organ; its name comes from the trust bundle.
        token_signer: signs the QR payloads.
        seal: signs the PDFs.
        seal_art: one-page PDF with the seal's picture.
        trust: what a stranger would believe: the organ's current bundle.
        specimen: whether pages are printed 样张.
        check_page: host of a public check page, for the on-line carrier.
        policy: how the desk validates its own output.
        predecessors: USCCs of the organs whose licenses it may supersede beside its own
            (机构改革); the register has adopted those.
    """

    register: Register
    catalog: Catalog
    organization: str
    token_signer: Signer
    seal: SealIdentity
    seal_art: bytes
    trust: TrustState
    specimen: bool = True
    check_page: str | None = None
    policy: ValidationPolicy = STANDARD
    predecessors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A license that was issued, now or in an earlier run of the same request.

    Attributes:
        license: what it says.
        state: of its row now; an earlier run's license may be revoked meanwhile.
        pdf: the sealed document.
        qr_text: what its QR carries.
        verdict: the desk's own validation as of the sealing instant, which let it be
            released; what became of it later is in ``state``.
        warnings: of the application.
    """

    license: License
    state: State
    pdf: bytes = field(repr=False)
    qr_text: str = field(repr=False)
    verdict: Verdict
    warnings: tuple[Problem, ...] = ()


class NotReleasedError(ElicenseError):
    """The license did not validate, so it was not released; carries the verdict."""

    def __init__(self, verdict: Verdict) -> None:
        """Keep the verdict."""
        code = verdict.code.text
        causes = "; ".join(c.detail for c in verdict.checks if c.code is not None)
        super().__init__(
            Text(
                f"证照自检未通过（{code}），未发出：{causes}",
                f"the license did not pass its own validation ({code}: {causes})"
                " and was not released",
            )
        )
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A checked application."""

    license_type: LicenseType
    draft: Draft
    photo: bytes | None
    warnings: tuple[Problem, ...]


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
    prepared = _prepare(desk, request, sealing)
    if known is None or not known.is_issued:
        _admit(desk, request, prepared.draft, sealing)
    reservation = _reserve(desk, request, prepared, sealing)
    row = desk.register.get(reservation.identifier)
    recorded_at = max(at, reservation.allocation.instant)
    return _finish(desk, request, prepared, row, recorded_at)


def _reserve(
    desk: IssuingDesk, request: Request, prepared: _Prepared, at: datetime
) -> Reservation:
    """Reserve a place in the first list for the period that is not full."""
    number = list_numbers.first_list(prepared.draft.validity)
    while True:
        wanted = ReserveRequest(
            request.key(desk.organization),
            request.digest,
            prepared.draft.number,
            number,
            at,
        )
        try:
            return desk.register.reserve(
                wanted,
                lambda allocation: _draw_up(desk, request, prepared, allocation),
            )
        except ListFullError:
            number = list_numbers.next_generation(number)


def _prepare(desk: IssuingDesk, request: Request, at: datetime) -> _Prepared:
    """Check an application with all that the request adds to it."""
    license_type = desk.catalog.get(request.type_name)
    case = request.number if request.is_case else None
    checked = check_application(license_type, completed(request), at, case)
    draft = checked.draft
    warnings = list(checked.warnings)
    if request.previous is not None and request.grounds is not None:
        old, _ = record.decode(desk.register.get(request.previous).record)
        warnings += check_successor(old, draft, request.grounds.reason)
    if request.operation == "import" and request.scan is None:
        warnings.append(_NO_SCAN)
    photo = None
    if checked.photo is not None:
        photo = photos.prepare(checked.photo)
        digest = hashlib.sha256(photo).digest()
        draft = replace(draft, photo=Photo(photos.MEDIA_TYPE, digest))
    if request.scan is not None:
        draft = replace(draft, scan=scan_of(request.scan))
    return _Prepared(license_type, draft, photo, tuple(warnings))


def _admit(desk: IssuingDesk, request: Request, draft: Draft, at: datetime) -> None:
    """Refuse what this desk has no right to, now; what was issued is not asked again.

    Raises:
        ApplicationError: the old version is another organ's; or an import's issue date
            is in no backfill range of the token key; or a first license's one lies
            before the organ's own keys.
    """
    if request.operation == "issue":
        check_own_time(draft.issue_date, desk.trust.first_days.get(desk.organization))
    if request.operation == "import":
        key = desk.token_signer.public_key
        place = (desk.organization, key.kid, key.suite.cose)
        check_backfill(draft.issue_date, desk.trust.token_keys.get(place), at)
    if request.previous is None:
        return
    issuer = Identifier.parse(request.previous).issuer
    if issuer not in (desk.organization, *desk.predecessors):
        text = Text(
            "原证照由其他机关签发，本机关不能以新版本替代",
            "issued by another organ, which this one does not succeed",
        )
        raise ApplicationError([Problem("previous", text)])


def _draw_up(
    desk: IssuingDesk, request: Request, prepared: _Prepared, allocation: Allocation
) -> tuple[str, bytes]:
    """Return identifier and record, once page and QR are known to hold them.

    Runs inside the reservation's transaction: what raises here reserves nothing.
    """
    identifier = Identifier.build(
        prepared.license_type.code, desk.organization, allocation.serial
    ).text
    new = _follower(identifier, prepared.draft, allocation)
    _superseding(desk, request, new, allocation.instant)
    entry = desk.trust.organizations.get(desk.organization)
    if entry is None:
        raise ElicenseError(
            Text(
                "信任包中没有本发证机关，请先发布（elicense publish）",
                "the trust bundle does not list this organ; publish first",
            )
        )
    name = entry.name_on(prepared.draft.issue_date)
    license_ = License(
        draft=prepared.draft,
        identifier=identifier,
        issuer=Organization(desk.organization, name),
        specimen=desk.specimen,
        previous=request.previous,
    )
    data = record.encode(license_, allocation.salt)
    token = _token(desk, license_, prepared.license_type, data, allocation)
    try:
        matrix = qr.encode_matrix(payload.qr_text(token, check_page=desk.check_page))
    except SymbolTooLargeError as err:
        raise SymbolTooLargeError(payload.largest_claims(token)) from err
    layout.compose(license_, prepared.license_type, modules=len(matrix))
    return identifier, data


def _token(
    desk: IssuingDesk,
    license_: License,
    license_type: LicenseType,
    data: bytes,
    allocation: Allocation,
) -> bytes:
    claims = payload.claims_of(
        license_,
        license_type,
        record_digest=record.digest(data),
        status=StatusReference(allocation.list_id, allocation.index),
        signed_at=allocation.instant,
    )
    return payload.sign_token(claims, desk.token_signer)


def _finish(
    desk: IssuingDesk, request: Request, prepared: _Prepared, row: Row, at: datetime
) -> Issued:
    """Build what is not stored yet, validate it, store it, and mark it issued."""
    license_, _ = record.decode(row.record)
    token, pdf = row.token, row.pdf
    if token is None or pdf is None:
        token, pdf = _output(desk, license_, (prepared.photo, request.scan), row)
    verdict = validate_own(desk, pdf, row.allocation)
    if verdict.code not in _RELEASABLE:
        raise NotReleasedError(verdict)
    if not row.is_issued:
        desk.register.store_output(row.identifier, token, pdf)
        row = _mark_issued(desk, request, row, license_.draft, at)
    return Issued(
        license=license_,
        state=row.state_at(at),
        pdf=pdf,
        qr_text=payload.qr_text(token, check_page=desk.check_page),
        verdict=verdict,
        warnings=(*prepared.warnings, *_same_number(desk.register, row, at)),
    )


def _same_number(register: Register, row: Row, at: datetime) -> tuple[Problem, ...]:
    """Return a warning where other licenses of this number are in force."""
    others = [
        other
        for other in register.named(row.number)
        if other.identifier not in (row.identifier, row.previous)
        and state_at(other.plan, at) in (State.ISSUED, State.SUSPENDED)
    ]
    if not others:
        return ()
    text = Text(
        f"登记库中另有 {len(others)} 个同编号的证照仍在有效状态",
        f"{len(others)} other licenses of this number are still in force",
    )
    return (Problem("number", text),)


def _mark_issued(
    desk: IssuingDesk, request: Request, row: Row, draft: Draft, at: datetime
) -> Row:
    """Record the issue, and with it that the old version is superseded.

    A license is in force from its sealing on, an imported one from its issue date on.
    """
    imported = request.operation == "import"
    issued = Event(
        identifier=row.identifier,
        kind=EventKind.ISSUED,
        effective_at=start_of(draft.issue_date) if imported else row.allocation.instant,
        recorded_at=at,
    )
    changes, events = [row.change(step((), issued))], [issued]
    try:
        new = _follower(row.identifier, draft, row.allocation)
        followed = _superseding(desk, request, new, at)
        if followed is not None:
            changes.append(followed[0])
            events.append(followed[1])
        desk.register.commit(changes, events)
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
    return desk.register.get(row.identifier)


def _follower(identifier: str, draft: Draft, allocation: Allocation) -> NewVersion:
    return NewVersion(
        identifier=identifier,
        first_day=draft.validity.valid_from,
        issued_at=allocation.instant,
    )


def _superseding(
    desk: IssuingDesk, request: Request, new: NewVersion, at: datetime
) -> tuple[Change, Event] | None:
    """Return what becomes of the old version, None where there is none.

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


def _output(
    desk: IssuingDesk,
    license_: License,
    pictures: tuple[bytes | None, bytes | None],
    row: Row,
) -> tuple[bytes, bytes]:
    """Return token and sealed PDF; the same bytes for the same reservation.

    ``pictures`` are the prepared photo and the scan of the paper.
    """
    draft, allocation = license_.draft, row.allocation
    license_type = desk.catalog.get(draft.type_name, draft.type_version)
    token = _token(desk, license_, license_type, row.record, allocation)
    page = document.render(
        DocumentParts(
            license=license_,
            license_type=license_type,
            qr_text=payload.qr_text(token, check_page=desk.check_page),
            photo=pictures[0],
            record=row.record,
            token=token,
            at=allocation.instant,
            scan=pictures[1],
        )
    )
    number, box = document.seal_box(license_type)
    appearance = SealAppearance(number, box, desk.seal_art)
    sealed = pades.seal(page, desk.seal, at=allocation.instant, appearance=appearance)
    return token, sealed


def validate_own(desk: IssuingDesk, pdf: bytes, allocation: Allocation) -> Verdict:
    """Validate a license as a stranger would at its own sealing instant.

    Keys, seals and grants are those of the current bundle. The status is what the
    register says of that instant: the license was reserved then, and nothing had ended
    it. What became of it later is not asked here.
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
        policy=desk.policy,
        catalog=desk.catalog,
    )
