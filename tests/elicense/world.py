"""What tests of validation need beside the Simulator: wrong documents, well made."""

import io
from dataclasses import dataclass, replace

import pikepdf

from elicense import document, payload, record
from elicense.document import DocumentParts
from elicense.issuing import Issued
from elicense.model import License
from elicense.register import Row
from elicense.testing import Department, Simulator, claims_of
from esign import pades, seal_image
from esign.pades import SealAppearance
from esign.seal_image import SealSpec
from tests.elicense.pages import seal_place


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a document of the first department is put together from."""

    token: bytes
    record: bytes
    face: Issued
    photo: bytes | None
    drawn_qr: str | None = None


def row_of(world: Simulator, issued: Issued) -> Row:
    """Return the register's row of a license."""
    return world.department.register.get(issued.license.identifier)


def photo_in(pdf: bytes) -> bytes:
    """Return the photo as it stands in a PDF."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        (photo,) = (
            found.read_raw_bytes()
            for found in opened.objects
            if isinstance(found, pikepdf.Stream)
            and found.get("/Filter") == pikepdf.Name.DCTDecode
        )
    return photo


def parts_of(world: Simulator, issued: Issued) -> Parts:
    """Return the parts of a good license."""
    row = row_of(world, issued)
    assert row.token is not None
    has_photo = issued.license.draft.photo is not None
    return Parts(
        token=row.token,
        record=row.record,
        face=issued,
        photo=photo_in(issued.pdf) if has_photo else None,
    )


def unsealed(world: Simulator, parts: Parts) -> bytes:
    """Return the page and its attachments without a seal."""
    license_ = parts.face.license
    token = payload.read_qr_text(parts.face.qr_text)
    license_type = world.catalog.get(license_.draft.type_name)
    return document.render(
        DocumentParts(
            sheet=document.lay_out(
                license_, license_type, parts.drawn_qr or payload.qr_text(token)
            ),
            photo=parts.photo,
            record=parts.record,
            token=parts.token,
            at=parts.face.verdict.at,
        )
    )


def sealed(
    world: Simulator, parts: Parts, department: Department | None = None
) -> bytes:
    """Return the same under a department's real seal, at the license's own instant."""
    owner = department or world.department
    license_type = world.catalog.get(parts.face.license.draft.type_name)
    page, box = seal_place(license_type)
    appearance = SealAppearance(page, box, seal_image.draw(SealSpec(owner.name)))
    return pades.seal(
        unsealed(world, parts),
        owner.seal,
        at=parts.face.verdict.at,
        appearance=appearance,
    )


def other_record(parts: Parts) -> bytes:
    """Return the same record under another salt: well-formed, another digest."""
    license_, salt = record.decode(parts.record)
    return record.encode(license_, bytes(byte ^ 1 for byte in salt))


def reissued(world: Simulator, issued: Issued, license_: License) -> Parts:
    """Return the parts of a license as a department with its own keys could make it.

    Record, token and page say the same and are properly signed; only what they say is
    not what the department may say.
    """
    row = row_of(world, issued)
    data = record.encode(license_, row.allocation.salt)
    claims = payload.claims_of(
        license_,
        world.catalog.get(license_.draft.type_name),
        record_digest=record.digest(data),
        status=claims_of(issued).status,
        signed_at=issued.verdict.at,
    )
    token = payload.sign_token(claims, world.department.token)
    face = replace(issued, license=license_, qr_text=payload.qr_text(token))
    return Parts(
        token=token, record=data, face=face, photo=parts_of(world, issued).photo
    )
