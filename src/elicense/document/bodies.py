"""What varies from one license to the next, written as bytes for the one-pass press.

The bodies are those that :mod:`elicense.document.assembly` makes with pikepdf, in the
profile's spelling (:mod:`esign.pades.spelling`); a test holds the two to the byte.
"""

from collections.abc import Iterator, Sequence

from elicense import fonts, qr
from elicense.document import archive
from elicense.document.archive import File
from elicense.document.assembly import (
    PIXELS,
    STEM,
    SYMBOLIC,
    Ingredients,
    deflated,
)
from elicense.document.picture import Picture
from elicense.fonts import EM, Subset
from elicense.qr import Symbol
from esign.pades import spelling

FONT_OBJECTS = 5  # objects that one font takes
_FLATE = b"/Filter /FlateDecode\n"


def bodies(parts: Ingredients, fresh: Sequence[str], first: int) -> list[bytes]:
    """Return the bodies of the objects that vary, in their order in the file.

    They are the metadata, the content streams, the fonts named in ``fresh``, the
    symbol, a foreign code's and the photo where there are such, and the stream of each
    attachment.

    Args:
        parts: what the license's file is put together from.
        fresh: names of the fonts that differ from one license to the next.
        first: number of the first of them in the file.
    """
    packet = archive.metadata(parts.title, parts.at)
    made = [spelling.stream(b"/Subtype /XML\n/Type /Metadata\n", packet)]
    made += [spelling.stream(_FLATE, deflated(leaf.operators)) for leaf in parts.leaves]
    for name in fresh:
        made += _font(parts.fonts[name], first + len(made))
    made.append(_symbol(parts.symbol))
    if parts.code is not None:
        made.append(_symbol(parts.code))
    if parts.picture is not None:
        made.append(_photo(parts.picture))
    date = spelling.text(archive.modified(parts.at))
    made += (_file(file, date) for file in parts.files)
    return made


def _font(part: Subset, number: int) -> Iterator[bytes]:
    """Yield the objects of a Type 0 font, of which the first has ``number``."""
    name = spelling.name(f"/{part.name}")
    metrics = part.metrics
    yield (
        b"<<\n/BaseFont %s\n/DescendantFonts [ %d 0 R ]\n/Encoding /Identity-H\n"
        b"/Subtype /Type0\n/ToUnicode %d 0 R\n/Type /Font\n>>"
        % (name, number + 1, number + 4)
    )
    yield (
        b"<<\n/BaseFont %s\n/CIDSystemInfo <<\n/Ordering (Identity)\n"
        b"/Registry (Adobe)\n/Supplement 0\n>>\n/CIDToGIDMap /Identity\n/DW %d\n"
        b"/FontDescriptor %d 0 R\n/Subtype /CIDFontType2\n/Type /Font\n"
        b"/W [ 0 [ %s ] ]\n>>"
        % (name, EM, number + 2, " ".join(map(str, part.widths)).encode("ascii"))
    )
    yield (
        b"<<\n/Ascent %d\n/CapHeight %d\n/Descent %d\n/Flags %d\n"
        b"/FontBBox [ %d %d %d %d ]\n/FontFile2 %d 0 R\n/FontName %s\n"
        b"/ItalicAngle 0\n/StemV %d\n/Type /FontDescriptor\n>>"
        % (
            *(metrics.ascent, metrics.cap_height, metrics.descent, SYMBOLIC),
            *part.bounds,
            *(number + 3, name, STEM),
        )
    )
    length = b"/Length1 %d\n" % len(part.data)
    yield spelling.stream(_FLATE + length, part.deflated)
    yield spelling.stream(_FLATE, deflated(fonts.to_unicode(part)))


def _symbol(symbol: Symbol) -> bytes:
    """Return the symbol with its quiet zone as an image of one bit a pixel."""
    side, data = qr.bitmap(symbol, PIXELS)
    entries = (
        b"/BitsPerComponent 1\n/ColorSpace /DeviceGray\n/Filter /FlateDecode\n"
        b"/Height %d\n/Interpolate false\n/Subtype /Image\n/Type /XObject\n/Width %d\n"
        % (side, side)
    )
    return spelling.stream(entries, deflated(data))


def _photo(picture: Picture) -> bytes:
    """Return the JPEG as it stands as an image."""
    width, height = picture.size
    entries = (
        b"/BitsPerComponent 8\n/ColorSpace %s\n/Filter /DCTDecode\n/Height %d\n"
        b"/Subtype /Image\n/Type /XObject\n/Width %d\n"
        % (spelling.name(picture.space), height, width)
    )
    return spelling.stream(entries, picture.data)


def _file(file: File, date: bytes) -> bytes:
    """Return an attached file, stored without a filter."""
    entries = (
        b"/Params <<\n/ModDate %s\n/Size %d\n>>\n/Subtype %s\n/Type /EmbeddedFile\n"
        % (date, len(file.data), spelling.name(f"/{file.media_type}"))
    )
    return spelling.stream(entries, file.data)
