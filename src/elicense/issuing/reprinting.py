"""Printing an issued license once more, in this or another of its presentations.

The license stays the one it is: record and token come from the register, and nothing is
reserved or changed there. Only page and seal are new, so that every print stands and
falls with the same status.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from elicense import attachments, document, payload, record
from elicense.catalog import LicenseType, Presentation
from elicense.document import DocumentParts
from elicense.document.picture import photo_in
from elicense.errors import ElicenseError
from elicense.issuing.desk import IssuingDesk
from elicense.issuing.releasing import check_own, stored
from elicense.lifecycle import State
from elicense.model import License, Text
from elicense.register import Row
from elicense.sealing import Scenario
from elicense.validating import Verdict


class ReprintError(ElicenseError):
    """The license can not be printed again; says why."""


@dataclass(frozen=True, slots=True)
class Reprinted:
    """One more print of a license.

    Attributes:
        license: what it says.
        presentation: how it is printed; empty for a type that is printed in one way.
        pdf: the sealed document.
        verdict: the desk's own validation as of the sealing instant.
    """

    license: License
    presentation: str
    pdf: bytes = field(repr=False)
    verdict: Verdict


def reprint(
    desk: IssuingDesk, identifier: str, presentation: str | None, at: datetime
) -> Reprinted:
    """Print an issued license once more.

    Args:
        desk: what to print with; its seal is the one of now.
        identifier: of the license.
        presentation: its name, such as 副本; None for the license's first one.
        at: the sealing instant, whole seconds UTC.

    Raises:
        NotFoundError: the register has no such license.
        ReprintError: it is not in force, or has no such presentation.
        SealRefusedError: the seal may not be used for it; the seal-use log says so.
        UnknownTypeError: the catalog lost the type in that version.
        MissingGlyphError, TooLongError: it does not fit these pages.
        SealTooLargeError: they have no room for the seal.
        NotReleasedError: the result did not validate.
        UnavailableError: the seal's device did not answer.
    """
    row = desk.register.get(identifier)
    state = row.state_at(at)
    if not row.is_issued or state is not State.ISSUED:
        raise ReprintError(
            Text(
                f"证照状态为“{state.text.zh}”，只能重印有效的证照",
                f"the license is {state.text.en}; only one in force is printed again",
            )
        )
    license_, _ = record.decode(row.record)
    draft = license_.draft
    license_type = desk.catalog.get(draft.type_name, draft.type_version)
    chosen = _chosen(license_, license_type, presentation)
    allowed = desk.ask_for_seal(draft.type_name, Scenario.REPRINT, at)
    parts = _parts(desk, row, license_, (license_type, chosen), at)
    desk.require_room(parts.sheet)
    desk.log_seals([(allowed, identifier)])
    pdf = desk.press.print(parts)
    verdict = check_own(desk, pdf, replace(row.allocation, instant=at))
    return Reprinted(license_, chosen.name, pdf, verdict)


def _chosen(
    license_: License, license_type: LicenseType, name: str | None
) -> Presentation:
    """Return one of a license's presentations."""
    found = license_type.presentations_of(license_.draft.copy)
    if name is None:
        return found[0]
    for item in found:
        if item.name == name:
            return item
    listed = "、".join(item.name for item in found if item.name)
    raise ReprintError(
        Text(
            f"该证照没有“{name}”这种版面；可用的有：{listed or '仅一种，无需指定'}",
            f"the license has no presentation {name!r}; there is:"
            f" {listed or 'one alone, which has no name'}",
        )
    )


def _parts(
    desk: IssuingDesk,
    row: Row,
    license_: License,
    kind: tuple[LicenseType, Presentation],
    at: datetime,
) -> DocumentParts:
    """Return what is printed: all of it as the register keeps it."""
    token, first = stored(row)
    text = payload.qr_text(token, check_page=desk.check_page)
    license_type, chosen = kind
    sheet = document.lay_out(
        license_, license_type, text, presentation=chosen, faces=desk.faces
    )
    photo = license_.draft.photo
    return DocumentParts(
        sheet=sheet,
        photo=photo_in(first, photo.sha256) if photo else None,
        record=row.record,
        token=token,
        at=at,
        scan=attachments.read(first).scan,
    )
