"""Putting a license's file together with pikepdf: pages, resources, attachments.

Both presses come from here: the plain one saves what is assembled; the one-pass press
assembles one license of a kind and keeps all of it that does not vary
(:mod:`elicense.document.bodies` writes what does, in the same order).
"""

import functools
import io
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from elicense import fonts, qr
from elicense.document import archive
from elicense.document.archive import File
from elicense.document.picture import Picture
from elicense.fonts import EM, Subset
from elicense.layout import Page
from elicense.qr import Symbol

PIXELS = 4
"""Pixels a module of the embedded QR image; viewers blur images of fewer."""
SYMBOLIC = 4
"""Font descriptor flag (ISO 32000-1, table 123)."""
STEM = 80
"""Stem width that a font descriptor must name and nobody uses."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of a file.

    Attributes:
        page: as composed.
        art: one-page PDF with its static art.
        operators: its content stream.
    """

    page: Page
    art: bytes
    operators: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """What a file is put together from.

    Attributes:
        title: of the document.
        leaves: its pages.
        fonts: resource name -> the font.
        symbol: the QR symbol.
        code: the symbol of a foreign code, None without one.
        picture: the photo, None without one.
        files: what is attached.
        at: the instant of the run, aware.
    """

    title: str
    leaves: tuple[Leaf, ...]
    fonts: Mapping[str, Subset]
    symbol: Symbol
    code: Symbol | None
    picture: Picture | None
    files: tuple[File, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Assembly:
    """A document that is not saved yet.

    Attributes:
        pdf: the document; close it.
        varying: the indirect objects that differ from one license to the next, in the
            order of :func:`elicense.document.bodies.bodies`.
    """

    pdf: Pdf
    varying: tuple[pikepdf.Object, ...]


def assemble(parts: Ingredients, fresh: Collection[str]) -> Assembly:
    """Return the document of a license.

    Args:
        parts: what it is put together from.
        fresh: names of the fonts that differ from one license to the next.
    """
    pdf = pikepdf.new()
    made = {name: _font(pdf, part) for name, part in parts.fonts.items()}
    images = {"/QR": _symbol(pdf, parts.symbol)}
    if parts.code is not None:
        images["/Code"] = _symbol(pdf, parts.code)
    if parts.picture is not None:
        images["/Photo"] = _photo(pdf, parts.picture)
    arts = {leaf.art: _art(pdf, leaf.art) for leaf in parts.leaves}
    contents = []
    for leaf in parts.leaves:
        paper = leaf.page.ornament
        pdf.add_blank_page(page_size=(round(paper.width, 3), round(paper.height, 3)))
        shown = {name: images[name] for name in _images_of(leaf.page, images)}
        page = pdf.pages[-1]
        page.Resources = Dictionary(
            Font=Dictionary({f"/{name}": objects[0] for name, objects in made.items()}),
            XObject=Dictionary({"/Art": arts[leaf.art], **shown}),
        )
        page.Contents = pdf.make_indirect(_deflated(pdf, leaf.operators))
        contents.append(page.Contents)
    packet, *streams = archive.finish(
        pdf, title=parts.title, at=parts.at, files=parts.files
    )
    varying = (
        packet,
        *contents,
        *(item for name in fresh for item in made[name]),
        *images.values(),
        *streams,
    )
    return Assembly(pdf, varying)


def _images_of(page: Page, images: Collection[str]) -> Iterator[str]:
    """Yield the names of the images that a page shows."""
    boxes = {"/QR": page.qr_box, "/Code": page.code_box, "/Photo": page.photo_box}
    for name in images:
        if boxes[name] is not None:
            yield name


def deflated(data: bytes) -> bytes:
    """Return a stream's data for FlateDecode.

    With the least effort: a symbol takes 200 bytes more, and a tenth of the time.
    """
    return zlib.compress(data, 1)


def _art(pdf: Pdf, art: bytes) -> pikepdf.Object:
    """Return the static art as a Form XObject."""
    with pikepdf.open(io.BytesIO(art), attempt_recovery=False) as drawn:
        form = pdf.copy_foreign(drawn.pages[0].as_form_xobject())
    # A page's operators come inflated, and the art is a good part of every file.
    form.write(_pressed(form.read_bytes()), filter=Name.FlateDecode)
    return form


@functools.lru_cache(maxsize=16)
def _pressed(operators: bytes) -> bytes:
    """Return the static art deflated with all effort; it is made once."""
    return zlib.compress(operators, 9)


def _symbol(pdf: Pdf, symbol: Symbol) -> pikepdf.Object:
    """Return the symbol with its quiet zone as an image of one bit a pixel."""
    side, data = qr.bitmap(symbol, PIXELS)
    return pdf.make_indirect(
        _deflated(
            pdf,
            data,
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=side,
            Height=side,
            ColorSpace=Name.DeviceGray,
            BitsPerComponent=1,
            Interpolate=False,
        )
    )


def _photo(pdf: Pdf, picture: Picture) -> pikepdf.Object:
    """Return the JPEG as it stands as an image."""
    stream = Stream(
        pdf,
        picture.data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=picture.size[0],
        Height=picture.size[1],
        ColorSpace=Name(picture.space),
        BitsPerComponent=8,
        Filter=Name.DCTDecode,
    )
    return pdf.make_indirect(stream)


def _font(pdf: Pdf, part: Subset) -> tuple[pikepdf.Object, ...]:
    """Return the objects of a Type 0 font with Identity-H (ISO 32000-1, 9.7).

    The font comes first; then the descendant, its descriptor, the file, ToUnicode.
    """
    name = Name(f"/{part.name}")
    file = pdf.make_indirect(
        Stream(pdf, part.deflated, Filter=Name.FlateDecode, Length1=len(part.data))
    )
    descriptor = pdf.make_indirect(
        Dictionary(
            Type=Name.FontDescriptor,
            FontName=name,
            Flags=SYMBOLIC,
            FontBBox=Array(list(part.bounds)),
            ItalicAngle=0,
            Ascent=part.metrics.ascent,
            Descent=part.metrics.descent,
            CapHeight=part.metrics.cap_height,
            StemV=STEM,
            FontFile2=file,
        )
    )
    descendant = pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=name,
            CIDSystemInfo=Dictionary(
                Registry="Adobe", Ordering="Identity", Supplement=0
            ),
            FontDescriptor=descriptor,
            DW=EM,
            W=Array([0, Array(list(part.widths))]),
            CIDToGIDMap=Name.Identity,
        )
    )
    to_unicode = pdf.make_indirect(_deflated(pdf, fonts.to_unicode(part)))
    font = pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=name,
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([descendant]),
            ToUnicode=to_unicode,
        )
    )
    return font, descendant, descriptor, file, to_unicode


def _deflated(pdf: Pdf, data: bytes, **entries: object) -> Stream:
    """Return a stream with FlateDecode."""
    return Stream(pdf, deflated(data), Filter=Name.FlateDecode, **entries)
