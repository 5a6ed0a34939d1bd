"""A license as it is drawn up once: record, token, symbol and page, kept for the press.

What does not fit the page or the symbol is refused here, before a press prints.
"""

from dataclasses import dataclass, field

from elicense import document, layout, payload, record
from elicense.catalog import LicenseType
from elicense.document import DocumentParts, Sheet
from elicense.errors import ElicenseError, SymbolTooLargeError
from elicense.identifiers import Identifier
from elicense.issuing.desk import IssuingDesk
from elicense.issuing.following import follower, superseding
from elicense.issuing.preparing import Prepared
from elicense.issuing.request import Request
from elicense.model import License, Organization, Text
from elicense.payload import StatusReference
from elicense.register import Allocation, Row

_SYMBOL = ("qr_text",)
"""What a symbol that is too large for its text names."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn up for one place in the register.

    Attributes:
        license: what it says.
        place: serial, index, salt and instant that it was drawn up with.
        record: the record's bytes.
        token: the signed token.
        qr_text: what its QR carries.
        sheet: the page and the symbol, ready for the press.
    """

    license: License
    place: Allocation
    record: bytes = field(repr=False)
    token: bytes = field(repr=False)
    qr_text: str = field(repr=False)
    sheet: Sheet = field(repr=False)


def draw(
    desk: IssuingDesk, request: Request, prepared: Prepared, place: Allocation
) -> Drawn:
    """Draw up a license for a place that may still be given up.

    Raises:
        MissingGlyphError, TooLongError, SymbolTooLargeError: it does not fit the page
            or the QR.
        SealTooLargeError: the page has no room for the seal.
        IllegalTransitionError, EventError: the old version can not be superseded.
        ElicenseError: the trust bundle does not list the organ.
    """
    identifier = Identifier.build(
        prepared.license_type.code, desk.organization, place.serial
    ).text
    new = follower(identifier, prepared.draft, place)
    superseding(desk, request, new, place.instant)
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
    data = record.encode(license_, place.salt)
    return _drawn(desk, license_, prepared.license_type, data, place)


def draw_again(desk: IssuingDesk, row: Row) -> Drawn:
    """Draw up what a reservation holds: the same bytes for the same reservation.

    Raises:
        MissingGlyphError, TooLongError, SymbolTooLargeError: the desk's faces or types
            have changed, and it does not fit any more.
        UnknownTypeError: the catalog lost the type in that version.
    """
    license_, _ = record.decode(row.record)
    draft = license_.draft
    license_type = desk.catalog.get(draft.type_name, draft.type_version)
    return _drawn(desk, license_, license_type, row.record, row.allocation)


def printed(desk: IssuingDesk, drawn: Drawn, prepared: Prepared) -> bytes:
    """Return the sealed PDF of what was drawn up, with the request's pictures."""
    return desk.press.print(
        DocumentParts(
            sheet=drawn.sheet,
            photo=prepared.photo,
            record=drawn.record,
            token=drawn.token,
            at=drawn.place.instant,
            scan=prepared.scan,
        )
    )


def _drawn(
    desk: IssuingDesk,
    license_: License,
    license_type: LicenseType,
    data: bytes,
    place: Allocation,
) -> Drawn:
    claims = payload.claims_of(
        license_,
        license_type,
        record_digest=record.digest(data),
        status=StatusReference(place.list_id, place.index),
        signed_at=place.instant,
    )
    token = payload.sign_token(claims, desk.token_signer)
    text = payload.qr_text(token, check_page=desk.check_page)
    try:
        sheet = document.lay_out(license_, license_type, text, faces=desk.faces)
    except SymbolTooLargeError as err:
        fields = payload.largest_claims(token) if err.fields == _SYMBOL else err.fields
        raise SymbolTooLargeError(fields) from err
    desk.require_room(sheet)
    # What can not be printed as 副本 later is not issued as 正本 now.
    for other in license_type.presentations_of(license_.draft.copy)[1:]:
        layout.compose(license_, license_type, other, faces=desk.faces)
    return Drawn(license_, place, data, token, text, sheet)
