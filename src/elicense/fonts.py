"""Faces, widths and per-document subsets.

The faces are Noto Serif SC and Noto Sans SC (OFL, fsType 0) with CFF outlines. A page
embeds TrueType outlines of exactly the characters it shows; each glyph is converted
once in a process and kept. A character without a glyph is an error, never a blank box.
"""

import enum
import functools
import io
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pylopdf_fonts_zh_cn
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.recordingPen import RecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from elicense.errors import MissingGlyphError

EM = 1000
"""Units of the em square of both faces."""

_CURVE_ERROR = 1.0
"""Largest distance, in units of the em, between the CFF curve and ours."""
_CHECKSUM_MAGIC = 0xB1B0AFBA
"""Whole-file checksum target (OpenType 1.9, table head, checksumAdjustment)."""

Segment = tuple[str, tuple[tuple[float, float], ...]]


class Typeface(enum.StrEnum):
    """The faces of a page; the value is the PostScript name."""

    SERIF = "NotoSerifSC-Regular"
    SANS = "NotoSansSC-Regular"


@dataclass(frozen=True, slots=True)
class Glyph:
    """One TrueType glyph: its record and what the metrics tables need of it.

    Attributes:
        record: the glyf record, padded to four bytes; empty for a blank glyph.
        advance: advance width in units of the em.
        bounds: x_min, y_min, x_max, y_max in units of the em.
        points: number of points of the outline.
        contours: number of contours of the outline.
    """

    record: bytes
    advance: int
    bounds: tuple[int, int, int, int]
    points: int
    contours: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a PDF font descriptor says of a face, in units of the em."""

    ascent: int
    descent: int
    cap_height: int


@dataclass(frozen=True, slots=True)
class Subset:
    """A TrueType font of a few characters, for embedding with Identity-H.

    Attributes:
        name: PostScript name with the subset tag (ISO 32000-1, 9.6.4).
        data: the font file.
        glyph_ids: glyph number of every character.
        widths: advance width of every glyph, by number, in units of the em.
        bounds: box around all glyphs in units of the em.
        metrics: of the whole face.
    """

    name: str
    data: bytes
    glyph_ids: Mapping[str, int]
    widths: tuple[int, ...]
    bounds: tuple[int, int, int, int]
    metrics: Metrics


class Face:
    """One face, opened once in a process; glyphs are converted when first asked for.

    Use `face` to get one. Reading is safe from several threads.
    """

    def __init__(self, path: Path, name: str) -> None:
        """Open the face.

        Args:
            path: an OpenType file with CFF or TrueType outlines and an em of 1000.
            name: its PostScript name.

        Raises:
            ValueError: the face may not be embedded or has another em square.
        """
        # From memory: an open file would be shared by forked processes.
        font = TTFont(io.BytesIO(path.read_bytes()), lazy=True)
        if font["OS/2"].fsType & 0x0002:
            raise ValueError(f"{name}: the face does not allow embedding (fsType)")
        if font["head"].unitsPerEm != EM:
            raise ValueError(f"{name}: expected an em square of {EM} units")
        self.name = name
        self.metrics = Metrics(
            font["hhea"].ascent, font["hhea"].descent, font["OS/2"].sCapHeight
        )
        self._names: dict[int, str] = font.getBestCmap()
        self._advances: dict[str, tuple[int, int]] = font["hmtx"].metrics
        self._glyph_set = font.getGlyphSet()
        self._glyphs: dict[str, Glyph] = {}
        self._lock = threading.Lock()

    def has(self, char: str) -> bool:
        """Tell whether the face can draw a character."""
        return ord(char) in self._names

    def advance(self, char: str) -> int:
        """Return the advance width of a character in units of the em.

        Raises:
            KeyError: the face has no glyph for it.
        """
        return self._advances[self._names[ord(char)]][0]

    def glyph(self, char: str) -> Glyph:
        """Return the TrueType glyph of a character, converted at the first call.

        Raises:
            KeyError: the face has no glyph for it.
        """
        with self._lock:
            if char not in self._glyphs:
                self._glyphs[char] = self._convert(char)
            return self._glyphs[char]

    def outline(self, char: str) -> Iterator[Segment]:
        """Yield the cubic outline of a character as pen segments.

        Raises:
            KeyError: the face has no glyph for it.
        """
        pen = RecordingPen()
        with self._lock:
            self._glyph_set[self._names[ord(char)]].draw(pen)
        for kind, points in pen.value:
            yield ("closePath" if kind == "endPath" else kind), tuple(points)

    def _convert(self, char: str) -> Glyph:
        """Convert one outline to quadratic curves (glyf)."""
        pen = TTGlyphPen(None)
        self._glyph_set[self._names[ord(char)]].draw(
            Cu2QuPen(pen, _CURVE_ERROR, reverse_direction=True)
        )
        glyph = pen.glyph()
        advance = self.advance(char)
        if glyph.numberOfContours == 0:
            return Glyph(b"", advance, (0, 0, 0, 0), 0, 0)
        record = glyph.compile(None)
        return Glyph(
            record + bytes(-len(record) % 4),
            advance,
            (glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax),
            len(glyph.coordinates),
            glyph.numberOfContours,
        )


@functools.cache
def face(typeface: Typeface) -> Face:
    """Return a face; it is opened at the first call and kept."""
    if typeface is Typeface.SERIF:
        return Face(pylopdf_fonts_zh_cn.serif_path(), typeface.value)
    return Face(pylopdf_fonts_zh_cn.sans_path(), typeface.value)


def require(text: str, typeface: Typeface, field: str) -> None:
    """Make sure that every character of a text can be drawn.

    Args:
        text: what is to be drawn.
        typeface: the face it is drawn with.
        field: key of the field, for the error.

    Raises:
        MissingGlyphError: naming the field and the first such character.
    """
    chosen = face(typeface)
    for char in text:
        if not chosen.has(char):
            raise MissingGlyphError(field, ord(char))


def width(text: str, typeface: Typeface, size: float) -> float:
    """Return the width of a text in points, without extra spacing.

    Raises:
        KeyError: the face has no glyph for a character; see `require`.
    """
    chosen = face(typeface)
    return sum(chosen.advance(char) for char in text) * size / EM


def subset(typeface: Typeface, characters: Iterable[str]) -> Subset:
    """Return a TrueType font of exactly these characters.

    Glyph 0 is an empty .notdef; the others follow in the order of their code points,
    so the same characters always give the same bytes.

    Args:
        typeface: the face to take them from.
        characters: single characters; the order and repeats do not matter.

    Raises:
        KeyError: the face has no glyph for a character; see `require`.
    """
    chosen = face(typeface)
    ordered = sorted(set(characters))
    glyphs = [Glyph(b"", EM, (0, 0, 0, 0), 0, 0), *map(chosen.glyph, ordered)]
    drawn = [glyph.bounds for glyph in glyphs if glyph.record] or [(0, 0, 0, 0)]
    bounds = (
        min(box[0] for box in drawn),
        min(box[1] for box in drawn),
        max(box[2] for box in drawn),
        max(box[3] for box in drawn),
    )
    return Subset(
        name=f"{_tag(ordered)}+{chosen.name}",
        data=_font_file(glyphs, bounds, chosen.metrics),
        glyph_ids=MappingProxyType({char: i + 1 for i, char in enumerate(ordered)}),
        widths=tuple(glyph.advance for glyph in glyphs),
        bounds=bounds,
        metrics=chosen.metrics,
    )


def to_unicode(part: Subset) -> bytes:
    """Return the ToUnicode CMap of a subset (ISO 32000-1, 9.10.3).

    Each glyph maps to exactly the one character it was taken for, so that characters
    that share a drawing in the face are still told apart in the text.
    """
    pairs = [
        f"<{glyph_id:04x}> <{char.encode('utf-16-be').hex()}>"
        for char, glyph_id in part.glyph_ids.items()
    ]
    blocks = [
        f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar"
        for block in (pairs[at : at + 100] for at in range(0, len(pairs), 100))
    ]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin",
            "12 dict begin",
            "begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def",
            "/CMapType 2 def",
            "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange",
            *blocks,
            "endcmap",
            "CMapName currentdict /CMap defineresource pop",
            "end",
            "end\n",
        ]
    ).encode("ascii")


def _tag(ordered: list[str]) -> str:
    """Return six capital letters that depend on the characters of a subset."""
    number = 0
    for char in ordered:
        number = (number * 1_000_003 + ord(char)) % 26**6
    letters = []
    for _ in range(6):
        number, rest = divmod(number, 26)
        letters.append(chr(ord("A") + rest))
    return "".join(letters)


def _font_file(
    glyphs: list[Glyph], bounds: tuple[int, int, int, int], metrics: Metrics
) -> bytes:
    """Assemble the tables that an embedded CIDFontType2 needs (ISO 32000-1, 9.9)."""
    count = len(glyphs)
    offsets, position = [0], 0
    for glyph in glyphs:
        position += len(glyph.record)
        offsets.append(position)
    head = struct.pack(
        ">IIIIHHqqhhhhHHhhh",
        *(0x00010000, 0x00010000, 0, 0x5F0F3CF5, 0x0003, EM, 0, 0),
        *bounds,
        *(0, 8, 2, 1, 0),
    )
    hhea = struct.pack(
        ">IhhhHhhhhhhhhhhhH",
        *(0x00010000, metrics.ascent, metrics.descent, 0),
        max(glyph.advance for glyph in glyphs),
        min(glyph.bounds[0] for glyph in glyphs),
        min(glyph.advance - glyph.bounds[2] for glyph in glyphs),
        *(bounds[2], 1, 0, 0, 0, 0, 0, 0, 0, count),
    )
    hmtx = b"".join(
        struct.pack(">Hh", glyph.advance, glyph.bounds[0]) for glyph in glyphs
    )
    return _assemble(
        {
            b"glyf": b"".join(glyph.record for glyph in glyphs) or bytes(4),
            b"head": head,
            b"hhea": hhea,
            b"hmtx": hmtx,
            b"loca": struct.pack(f">{count + 1}I", *offsets),
            b"maxp": _maxp(glyphs),
        }
    )


def _maxp(glyphs: list[Glyph]) -> bytes:
    """Return the table of greatest values; there are no composites and no hints."""
    return struct.pack(
        ">I14H",
        *(0x00010000, len(glyphs)),
        max(glyph.points for glyph in glyphs),
        max(glyph.contours for glyph in glyphs),
        *(0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0),
    )


def _assemble(tables: Mapping[bytes, bytes]) -> bytes:
    """Write an sfnt file with its table directory and checksums (OpenType 1.9)."""
    count = len(tables)
    power = count.bit_length() - 1
    header = struct.pack(
        ">IHHHH", 0x00010000, count, 16 << power, power, 16 * count - (16 << power)
    )
    directory, body = b"", b""
    start = len(header) + 16 * count
    places = {}
    for tag in sorted(tables):
        data = tables[tag]
        places[tag] = start + len(body)
        directory += tag + struct.pack(
            ">III", _checksum(data), start + len(body), len(data)
        )
        body += data + bytes(-len(data) % 4)
    whole = bytearray(header + directory + body)
    adjustment = (_CHECKSUM_MAGIC - _checksum(bytes(whole))) & 0xFFFFFFFF
    struct.pack_into(">I", whole, places[b"head"] + 8, adjustment)
    return bytes(whole)


def _checksum(data: bytes) -> int:
    """Return the sum of the 32-bit words of a table."""
    padded = data + bytes(-len(data) % 4)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF
