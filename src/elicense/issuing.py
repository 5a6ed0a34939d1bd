"""Issuing: an application becomes one sealed license, exactly once.

The path: check the application, reserve, build record, token, page and seal, validate
the result as a stranger would, store it, and only then call it issued. A run that was
cut off anywhere is finished by running it again with the same request.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from elicense import document, layout, payload, photos, qr, record
from elicense.catalog import Catalog, LicenseType
from elicense.catalog.application import check_application
from elicense.document import DocumentParts
from elicense.errors import (
    ConflictError,
    ElicenseError,
    Problem,
    SymbolTooLargeError,
)
from elicense.events import Event, EventKind
from elicense.identifiers import Identifier
from elicense.lifecycle import State
from elicense.model import Draft, License, Organization, Photo, Text
from elicense.payload import StatusReference
from elicense.policy import STANDARD, ValidationPolicy
from elicense.register import (
    Allocation,
    Register,
    RequestKey,
    Reservation,
    ReserveRequest,
    Row,
)
from elicense.trust import TrustState
from elicense.validating import Verdict, validate_pdf
from esign import pades
from esign.keys import Signer
from esign.pades import SealAppearance, SealIdentity
from esign.statuslist import BITS, StatusList
from esign.verdict import Code

OPEN_ENDED_LIST = 1  # first generation of 长期 licenses (docs/formats/status-list.md)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for.

    Attributes:
        type_name: catalog name.
        application: the fields, as ``elicense types TYPE --sample`` shows them.
        number: case number, or the id of a row that has none.
        is_case: whether ``number`` is a case number and belongs on record.
    """

    type_name: str
    application: Mapping[str, object] = field(repr=False)
    number: str
    is_case: bool = True

    @property
    def source(self) -> str:
        """What kind of number it is."""
        return "case" if self.is_case else "row"

    def key(self, organization: str) -> RequestKey:
        """Return what makes it the same request at an organ, by its USCC."""
        return RequestKey(
            organization, self.type_name, "issue", self.source, self.number
        )

    @property
    def digest(self) -> bytes:
        """SHA-256 of the application, whatever the order of its keys.

        Raises:
            TypeError: the application holds what JSON cannot.
        """
        text = json.dumps(
            [self.type_name, self.application],
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


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

    Args:
        desk: what to issue with.
        request: what to issue.
        at: the run's instant, whole seconds UTC; the sealing instant of a new license.

    Raises:
        UnknownTypeError, ApplicationError, PhotoError: the request is wrong; nothing
            was reserved.
        MissingGlyphError, TooLongError, SymbolTooLargeError: it does not fit the page
            or the QR; nothing was reserved.
        ConflictError: the same case number with other data.
        NotReleasedError: the result did not validate; it stays reserved.
        RegisterError: the register cannot be used.
        UnavailableError: a signer's device did not answer.
    """
    key = request.key(desk.organization)
    known = desk.register.by_key(key)
    if known is not None:
        at = known.allocation.instant  # a resumed run repeats the first one's instant
    prepared = _prepare(desk, request, at)
    reservation = desk.register.reserve(
        ReserveRequest(
            key,
            request.digest,
            prepared.draft.number,
            list_number(prepared.draft),
            at,
        ),
        lambda allocation: _draw_up(desk, prepared, allocation),
    )
    row = desk.register.get(reservation.identifier)
    return _finish(desk, prepared, reservation, row)


def list_number(draft: Draft) -> int:
    """Return the status list of a license: the year of its last day, or 长期."""
    last_day = draft.validity.valid_until
    return OPEN_ENDED_LIST if last_day is None else last_day.year


def _prepare(desk: IssuingDesk, request: Request, at: datetime) -> _Prepared:
    license_type = desk.catalog.get(request.type_name)
    case = request.number if request.is_case else None
    checked = check_application(license_type, request.application, at, case)
    draft = checked.draft
    photo = None
    if checked.photo is not None:
        photo = photos.prepare(checked.photo)
        digest = hashlib.sha256(photo).digest()
        draft = replace(draft, photo=Photo(photos.MEDIA_TYPE, digest))
    return _Prepared(license_type, draft, photo, checked.warnings)


def _draw_up(
    desk: IssuingDesk, prepared: _Prepared, allocation: Allocation
) -> tuple[str, bytes]:
    """Return identifier and record, once page and QR are known to hold them.

    Runs inside the reservation's transaction: what raises here reserves nothing.
    """
    identifier = Identifier.build(
        prepared.license_type.code, desk.organization, allocation.serial
    ).text
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
    desk: IssuingDesk, prepared: _Prepared, reservation: Reservation, row: Row
) -> Issued:
    """Build what is not stored yet, validate it, store it, and mark it issued."""
    license_, _ = record.decode(reservation.record)
    token, pdf = row.token, row.pdf
    if token is None or pdf is None:
        token, pdf = _output(desk, license_, prepared.photo, reservation)
    verdict = validate_own(desk, pdf, reservation.allocation)
    if verdict.code not in _RELEASABLE:
        raise NotReleasedError(verdict)
    if row.state is State.RESERVED:
        row = _mark_issued(desk.register, row, token, pdf)
    return Issued(
        license=license_,
        state=row.state,
        pdf=pdf,
        qr_text=payload.qr_text(token, check_page=desk.check_page),
        verdict=verdict,
        warnings=(*prepared.warnings, *_same_number(desk.register, row)),
    )


def _same_number(register: Register, row: Row) -> tuple[Problem, ...]:
    """Return a warning where other licenses of this number are in force."""
    others = [
        other
        for other in register.by_number(row.number)
        if other.identifier != row.identifier
        and other.state in (State.ISSUED, State.SUSPENDED)
    ]
    if not others:
        return ()
    text = Text(
        f"登记库中另有 {len(others)} 个同编号的证照仍在有效状态",
        f"{len(others)} other licenses of this number are still in force",
    )
    return (Problem("number", text),)


def _mark_issued(register: Register, row: Row, token: bytes, pdf: bytes) -> Row:
    at = row.allocation.instant
    issued = Event(
        identifier=row.identifier,
        kind=EventKind.ISSUED,
        effective_at=at,
        recorded_at=at,
    )
    register.store_output(row.identifier, token, pdf)
    try:
        register.commit([row.change(State.ISSUED)], [issued])
    except ConflictError:
        if register.get(row.identifier).state is State.RESERVED:
            raise
    return register.get(row.identifier)  # another run may have been first: same bytes


def _output(
    desk: IssuingDesk, license_: License, photo: bytes | None, reservation: Reservation
) -> tuple[bytes, bytes]:
    """Return token and sealed PDF; the same bytes for the same reservation."""
    draft, allocation = license_.draft, reservation.allocation
    license_type = desk.catalog.get(draft.type_name, draft.type_version)
    token = _token(desk, license_, license_type, reservation.record, allocation)
    page = document.render(
        DocumentParts(
            license=license_,
            license_type=license_type,
            qr_text=payload.qr_text(token, check_page=desk.check_page),
            photo=photo,
            record=reservation.record,
            token=token,
            at=allocation.instant,
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
