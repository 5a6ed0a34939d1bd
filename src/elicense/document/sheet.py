"""A license laid out: what its page shows, known to fit, before anything is printed."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from elicense import qr
from elicense.attachments import scan_fault
from elicense.catalog import LicenseType, Presentation
from elicense.document import art
from elicense.errors import SymbolTooLargeError
from elicense.fonts import STANDARD, FontSet
from elicense.layout import EXTERNAL_MM, Page, compose
from elicense.model import License
from elicense.qr import Symbol


@dataclass(frozen=True, slots=True)
class Sheet:
    """A license with its pages and its symbol.

    Attributes:
        license: what the pages say.
        license_type: labels and layout.
        presentation: which of the type's.
        pages: the composed pages; the seal is on the first.
        symbol: of the license's QR text.
        code: of the foreign code that it carries; None without one.
        faces: what the pages are set in.
    """

    license: License
    license_type: LicenseType
    presentation: Presentation
    pages: tuple[Page, ...]
    symbol: Symbol
    code: Symbol | None
    faces: FontSet


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentParts:
    """Everything that goes into one PDF.

    Attributes:
        sheet: the license, laid out.
        photo: baseline JPEG in RGB or grey, whose SHA-256 the license names; None where
            the license has no photo.
        record: bytes of the attachment ``record.cbor``.
        token: bytes of the attachment ``payload.cose``.
        at: the instant of the run, aware.
        scan: bytes of the attachment ``scan.pdf``, ``.jpg`` or ``.png``, whose SHA-256
            the license names; None where it names none.
    """

    sheet: Sheet
    photo: bytes | None = field(repr=False)
    record: bytes = field(repr=False)
    token: bytes = field(repr=False)
    at: datetime
    scan: bytes | None = field(default=None, repr=False)


def lay_out(
    license_: License,
    license_type: LicenseType,
    qr_text: str,
    *,
    presentation: Presentation | None = None,
    faces: FontSet = STANDARD,
) -> Sheet:
    """Return a license laid out, once page and symbol are known to hold it.

    Args:
        license_: what is printed.
        license_type: labels and layout; of the version that the license names.
        qr_text: text of the symbol.
        presentation: one of the type's; None for the first that the license has.
        faces: what the page is set in.

    Raises:
        MissingGlyphError: no face has a glyph for a character of a field.
        TooLongError: a value does not fit its place.
        SymbolTooLargeError: the text does not fit the largest symbol, or a foreign
            code's does not fit its slot.
        CatalogError: the type's layout table is wrong, or its art is not to be used.
        ValueError: the type is not the license's, or the text is not printable ASCII.
    """
    chosen = presentation or license_type.presentations_of(license_.draft.copy)[0]
    symbol = qr.encode(qr_text)
    pages = compose(license_, license_type, chosen, modules=symbol.size, faces=faces)
    for page in pages:
        art.page(chosen, page.ornament)
    code = _foreign(license_) if any(page.code_box for page in pages) else None
    return Sheet(license_, license_type, chosen, pages, symbol, code, faces)


def _foreign(license_: License) -> Symbol:
    """Return the symbol of the foreign code that a license carries."""
    try:
        symbol = qr.encode(license_.draft.external_qr or "")
    except SymbolTooLargeError as err:
        raise SymbolTooLargeError(("external_qr",)) from err
    if qr.printed_width_mm(symbol.size, EXTERNAL_MM) > EXTERNAL_MM:
        raise SymbolTooLargeError(("external_qr",))
    return symbol


def check(parts: DocumentParts) -> None:
    """Refuse parts that do not belong together.

    Raises:
        ValueError: photo and license disagree, or scan and license do, or ``at`` is not
            aware.
    """
    if parts.at.tzinfo is None:
        raise ValueError("at must be aware")
    draft = parts.sheet.license.draft
    if (draft.photo is None) != (parts.photo is None):
        raise ValueError("photo and license disagree on whether there is a photo")
    if draft.photo is not None and parts.photo is not None:
        digest = hashlib.sha256(parts.photo).digest()
        if digest != draft.photo.sha256:
            raise ValueError("the photo is not the one that the license names")
    fault = scan_fault(parts.scan, draft.scan)
    if fault is not None:
        raise ValueError(fault)
