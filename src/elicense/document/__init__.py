"""From a license to an unsigned PDF of one revision, ready to be sealed.

The file follows our own profile (docs/formats/pdf.md): classic cross-reference table,
subset fonts with ToUnicode, attachments stored as they are, PDF/A-3b apart from what
that page lists. The same parts always give the same bytes.
"""

import hashlib
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image

from elicense import fonts, qr
from elicense.attachments import Attachments, scan_fault
from elicense.catalog import LicenseType
from elicense.document import archive, art
from elicense.document.content import FONT_NAMES, content
from elicense.fonts import EM, Subset, Typeface
from elicense.layout import Box, Page, compose
from elicense.layout import seal_box as layout_seal_box
from elicense.model import License

__all__ = ["DocumentParts", "render", "seal_box"]

PIXELS = 4
"""Pixels a module of the embedded QR image; viewers blur images of fewer."""
_SYMBOLIC = 4
"""Font descriptor flag (ISO 32000-1, table 123)."""
_STEM = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentParts:
    """Everything that goes into one PDF.

    Attributes:
        license: what the page says.
        license_type: labels and layout.
        qr_text: text of the symbol.
        photo: baseline JPEG in RGB or grey, whose SHA-256 the license names; None where
            the license has no photo.
        record: bytes of the attachment ``record.cbor``.
        token: bytes of the attachment ``payload.cose``.
        at: the instant of the run, aware.
        scan: bytes of the attachment ``scan.pdf``, ``.jpg`` or ``.png``, whose SHA-256
            the license names; None where it names none.
    """

    license: License
    license_type: LicenseType
    qr_text: str
    photo: bytes | None
    record: bytes
    token: bytes
    at: datetime
    scan: bytes | None = field(default=None, repr=False)


def render(parts: DocumentParts) -> bytes:
    """Return the unsigned PDF of a license.

    Args:
        parts: what goes into it.

    Returns:
        PDF bytes of one revision; the same parts give the same bytes.

    Raises:
        MissingGlyphError: a face has no glyph for a character of a field.
        TooLongError: a value does not fit its place.
        SymbolTooLargeError: the text does not fit the largest symbol.
        CatalogError: the type's layout table is wrong.
        ValueError: photo and license disagree, or scan and license do, the photo is no
            JPEG of one or three components, or ``at`` is not aware.
    """
    if parts.at.tzinfo is None:
        raise ValueError("at must be aware")
    _check_photo(parts)
    fault = scan_fault(parts.scan, parts.license.draft.scan)
    if fault is not None:
        raise ValueError(fault)
    matrix = qr.encode_matrix(parts.qr_text)
    page = compose(parts.license, parts.license_type, modules=len(matrix))
    subsets = _subsets(page)
    pdf = pikepdf.new()
    images = {"/QR": _symbol(pdf, matrix)}
    photo_size = None
    if parts.photo is not None:
        images["/Photo"], photo_size = _photo(pdf, parts.photo)
    _add_page(pdf, page, subsets, images, content(page, subsets, photo_size))
    archive.finish(
        pdf,
        title=page.title,
        at=parts.at.astimezone(UTC),
        attached=Attachments(parts.record, parts.token, parts.scan),
    )
    return _save(pdf)


def seal_box(license_type: LicenseType) -> tuple[int, Box]:
    """Return the page, counted from 0, and the box in points of a type's seal.

    Raises:
        CatalogError: the type's layout table is wrong.
    """
    return 0, layout_seal_box(license_type)


def _check_photo(parts: DocumentParts) -> None:
    """Refuse a photo that is not the license's photo."""
    expected = parts.license.draft.photo
    if (expected is None) != (parts.photo is None):
        raise ValueError("photo and license disagree on whether there is a photo")
    if expected is None or parts.photo is None:
        return
    if hashlib.sha256(parts.photo).digest() != expected.sha256:
        raise ValueError("the photo is not the one that the license names")


def _subsets(page: Page) -> dict[Typeface, Subset]:
    """Return a subset for every face of the page."""
    used: dict[Typeface, set[str]] = {}
    for run in page.runs:
        used.setdefault(run.typeface, set()).update(run.text)
    return {
        typeface: fonts.subset(typeface, used[typeface])
        for typeface in Typeface
        if typeface in used
    }


def _add_page(
    pdf: Pdf,
    page: Page,
    subsets: Mapping[Typeface, Subset],
    images: Mapping[str, pikepdf.Object],
    operators: bytes,
) -> None:
    """Add the one page."""
    ornament = page.ornament
    pdf.add_blank_page(page_size=(round(ornament.width, 3), round(ornament.height, 3)))
    target = pdf.pages[0]
    drawn = {
        f"/{FONT_NAMES[typeface]}": _font(pdf, part)
        for typeface, part in subsets.items()
    }
    target.Resources = Dictionary(
        Font=Dictionary(drawn),
        XObject=Dictionary({"/Art": _art(pdf, page), **images}),
    )
    target.Contents = pdf.make_indirect(_deflated(pdf, operators))


def _art(pdf: Pdf, page: Page) -> pikepdf.Object:
    """Return the static art as a Form XObject."""
    ornament = page.ornament
    stream = Stream(
        pdf,
        art.draw(ornament),
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array([0, 0, round(ornament.width, 3), round(ornament.height, 3)]),
        Resources=Dictionary(),
        Filter=Name.FlateDecode,
    )
    return pdf.make_indirect(stream)


def _symbol(pdf: Pdf, matrix: qr.Matrix) -> pikepdf.Object:
    """Return the symbol with its quiet zone as an image of one bit a pixel."""
    side = len(matrix) + 2 * qr.QUIET_ZONE
    light = [False] * qr.QUIET_ZONE
    empty = [[False] * side] * qr.QUIET_ZONE
    rows = [*empty, *([*light, *row, *light] for row in matrix), *empty]
    pixels = side * PIXELS
    stride = (pixels + 7) // 8
    data = bytearray()
    for row in rows:
        bits = 0
        for dark in row:
            bits = bits << PIXELS | (0 if dark else (1 << PIXELS) - 1)
        data += (bits << (stride * 8 - pixels)).to_bytes(stride, "big") * PIXELS
    return pdf.make_indirect(
        _deflated(
            pdf,
            bytes(data),
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=pixels,
            Height=pixels,
            ColorSpace=Name.DeviceGray,
            BitsPerComponent=1,
            Interpolate=False,
        )
    )


def _photo(pdf: Pdf, data: bytes) -> tuple[pikepdf.Object, tuple[int, int]]:
    """Return the JPEG as it stands as an image, and its size in pixels."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            size, mode = image.size, image.mode
    except OSError as err:
        raise ValueError("the photo is not a JPEG") from err
    spaces = {"RGB": Name.DeviceRGB, "L": Name.DeviceGray}
    if mode not in spaces:
        raise ValueError("the photo must be RGB or grey")
    stream = Stream(
        pdf,
        data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=size[0],
        Height=size[1],
        ColorSpace=spaces[mode],
        BitsPerComponent=8,
        Filter=Name.DCTDecode,
    )
    return pdf.make_indirect(stream), size


def _font(pdf: Pdf, part: Subset) -> pikepdf.Object:
    """Return a Type 0 font with Identity-H (ISO 32000-1, 9.7)."""
    name = Name(f"/{part.name}")
    file = pdf.make_indirect(_deflated(pdf, part.data, Length1=len(part.data)))
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=name,
        Flags=_SYMBOLIC,
        FontBBox=Array(list(part.bounds)),
        ItalicAngle=0,
        Ascent=part.metrics.ascent,
        Descent=part.metrics.descent,
        CapHeight=part.metrics.cap_height,
        StemV=_STEM,
        FontFile2=file,
    )
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=name,
        CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0),
        FontDescriptor=pdf.make_indirect(descriptor),
        DW=EM,
        W=Array([0, Array(list(part.widths))]),
        CIDToGIDMap=Name.Identity,
    )
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=name,
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(descendant)]),
            ToUnicode=pdf.make_indirect(_deflated(pdf, fonts.to_unicode(part))),
        )
    )


def _deflated(pdf: Pdf, data: bytes, **entries: object) -> Stream:
    """Return a stream with FlateDecode."""
    return Stream(pdf, zlib.compress(data, 6), Filter=Name.FlateDecode, **entries)


def _save(pdf: Pdf) -> bytes:
    """Return the file: classic cross-reference table, streams as they were made."""
    out = io.BytesIO()
    pdf.save(
        out,
        min_version="1.7",
        compress_streams=False,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        deterministic_id=True,
    )
    return out.getvalue()
