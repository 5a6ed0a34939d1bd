"""A font file of the characters of one document, and its map back to text.

Made for every page, so nothing is computed that can be kept with a glyph: the table
glyf is joined from records and its checksum from theirs.
"""

import functools
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType

from elicense.fonts.faces import Face, Metrics
from elicense.fonts.glyph import EM, Glyph, blank

_CHECKSUM_MAGIC = 0xB1B0AFBA
"""Whole-file checksum target (OpenType 1.9, table head, checksumAdjustment)."""
_SUM = 0xFFFFFFFF
"""Checksums are sums of 32-bit words without what overflows."""
_ZLIB_HEADER = b"\x78\x01"
"""Deflate, a window of 32 KiB, least effort (RFC 1950, 2.2)."""
_LONGEST_BLOCK = 0xFFFF
"""Bytes of a stored block (RFC 1951, 3.2.4)."""
_NOTDEF = blank(EM)
_TABLES = (b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp")
_SFNT_HEADER = struct.pack(">IHHHH", 0x00010000, len(_TABLES), 64, 2, 32)
"""Version, number of tables and the three numbers for a search among six tables."""
_BODY = len(_SFNT_HEADER) + 16 * len(_TABLES)
_BLOCK = 100
"""Most entries between beginbfchar and endbfchar (Adobe technical note 5014, 3)."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CMAP_HEAD = (
    b"/CIDInit /ProcSet findresource begin\n"
    b"12 dict begin\n"
    b"begincmap\n"
    b"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
    b"/CMapName /Adobe-Identity-UCS def\n"
    b"/CMapType 2 def\n"
    b"1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
)
_CMAP_TAIL = b"endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"


@dataclass(frozen=True, slots=True)
class Subset:
    """A TrueType font of a few characters, for embedding with Identity-H.

    Attributes:
        name: PostScript name with the subset tag (ISO 32000-1, 9.6.4).
        data: the font file.
        deflated: the same as a zlib stream, for FlateDecode.
        glyph_ids: glyph number of every character.
        widths: advance width of every glyph, by number, in units of the em.
        bounds: box around all glyphs in units of the em.
        metrics: of the whole face.
    """

    name: str
    data: bytes
    deflated: bytes
    glyph_ids: Mapping[str, int]
    widths: tuple[int, ...]
    bounds: tuple[int, int, int, int]
    metrics: Metrics


def subset(face: Face, characters: Iterable[str]) -> Subset:
    """Return a TrueType font of exactly these characters.

    Glyph 0 is an empty .notdef; the others follow in the order of their code points,
    so the same characters always give the same bytes.

    Args:
        face: the face to take them from.
        characters: single characters that it offers, at most 65,534 different ones; the
            order and repeats do not matter.

    Raises:
        KeyError: the face does not offer a character; see `FontSet.require`.
        FaceError: the glyph of a character is damaged.
    """
    ordered = sorted(set(characters))
    glyphs = [_NOTDEF, *face.glyphs(ordered)]
    drawn = [glyph for glyph in glyphs if glyph.record] or [_NOTDEF]
    low = tuple(map(min, zip(*[glyph.low for glyph in drawn], strict=True)))
    high = tuple(map(max, zip(*[glyph.high for glyph in drawn], strict=True)))
    widths = tuple([glyph.advance for glyph in glyphs])
    bounds = (low[0], low[1], high[0], high[1])
    outlines = b"".join([glyph.record for glyph in glyphs])
    tables = (
        _head(bounds),
        _hhea(face.metrics, max(widths), (low[0], low[2], high[0]), len(glyphs)),
        struct.pack(f">{len(glyphs)}I", *[glyph.metric for glyph in glyphs]),
        _loca(glyphs),
        _maxp(len(glyphs), high[2], high[3]),
    )
    total = sum([glyph.checksum for glyph in glyphs])
    before, after = _around(len(outlines), total, tables)
    data = before + outlines + after
    return Subset(
        name=f"{_tag(face, ordered)}+{face.name}",
        data=data,
        deflated=_stored(data),
        glyph_ids=MappingProxyType({char: i for i, char in enumerate(ordered, 1)}),
        widths=widths,
        bounds=bounds,
        metrics=face.metrics,
    )


def to_unicode(part: Subset) -> bytes:
    """Return the ToUnicode CMap of a subset (ISO 32000-1, 9.10.3).

    Each glyph maps to exactly the one character it was taken for, so that characters
    that share a drawing in the face are still told apart in the text.

    Args:
        part: the subset.
    """
    pairs = [
        b"<%04x> %b\n" % (number, _utf16(char))
        for char, number in part.glyph_ids.items()
    ]
    blocks = []
    for at in range(0, len(pairs), _BLOCK):
        block = pairs[at : at + _BLOCK]
        blocks += [b"%d beginbfchar\n" % len(block), *block, b"endbfchar\n"]
    return b"".join([_CMAP_HEAD, *blocks, _CMAP_TAIL])


@functools.lru_cache(maxsize=1 << 15)
def _utf16(char: str) -> bytes:
    """Return a character as a CMap writes it."""
    return b"<%b>" % char.encode("utf-16-be").hex().encode()


def _tag(face: Face, ordered: Sequence[str]) -> str:
    """Return six capital letters that depend on the characters and on the face."""
    number = zlib.crc32("".join(ordered).encode(), face.fingerprint)
    letters = []
    for _ in range(6):
        number, rest = divmod(number, 26)
        letters.append(_LETTERS[rest])
    return "".join(letters)


def _head(bounds: tuple[int, int, int, int]) -> bytes:
    """Return the table head, without the checksum of the file, padded."""
    return struct.pack(
        ">IIIIHHqqhhhhHHhhh2x",
        *(0x00010000, 0x00010000, 0, 0x5F0F3CF5, 0x0003, EM, 0, 0),
        *bounds,
        *(0, 8, 2, 1, 0),
    )


def _hhea(
    metrics: Metrics, widest: int, reach: tuple[int, int, int], count: int
) -> bytes:
    """Return the table hhea.

    Args:
        metrics: of the face.
        widest: greatest advance width.
        reach: least left and right side bearing and greatest x of the outlines.
        count: number of glyphs.
    """
    return struct.pack(
        ">IhhhHhhhhhhhhhhhH",
        *(0x00010000, metrics.ascent, metrics.descent, 0, widest),
        *reach,
        *(1, 0, 0, 0, 0, 0, 0, 0, count),
    )


def _loca(glyphs: Sequence[Glyph]) -> bytes:
    """Return the places of the records in the table glyf."""
    places = accumulate([len(glyph.record) for glyph in glyphs], initial=0)
    return struct.pack(f">{len(glyphs) + 1}I", *places)


def _maxp(count: int, points: int, contours: int) -> bytes:
    """Return the table of greatest values; there are no composites and no hints."""
    return struct.pack(
        ">I14H",
        *(0x00010000, count, points, contours),
        *(0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0),
    )


def _around(
    length: int, checksum: int, tables: tuple[bytes, ...]
) -> tuple[bytes, bytes]:
    """Return what stands before and after the outlines in a font file.

    Args:
        length: bytes of the table glyf, a multiple of four.
        checksum: sum of its words.
        tables: head, hhea, hmtx, loca and maxp, each a multiple of four bytes.

    Returns:
        Header and table directory (OpenType 1.9); the tables, with the checksum of the
        whole file in the first one.
    """
    entries: list[int] = []
    total, place = 0, _BODY
    sums = (checksum, *map(_checksum, tables))
    sizes = (length, *map(len, tables))
    for tag, part, size in zip(_TABLES, sums, sizes, strict=True):
        # The table head has 54 bytes; its padding is not counted.
        told = size - 2 if tag == b"head" else size
        entries += (int.from_bytes(tag), part & _SUM, place, told)
        place += size
        total += part
    before = _SFNT_HEADER + struct.pack(f">{len(entries)}I", *entries)
    adjustment = (_CHECKSUM_MAGIC - total - _checksum(before)) & _SUM
    head = tables[0]
    changed = head[:8] + adjustment.to_bytes(4) + head[12:]
    return before, b"".join([changed, *tables[1:]])


def _checksum(data: bytes) -> int:
    """Return the sum of the 32-bit words of a table, not yet cut to 32 bits."""
    return sum(struct.unpack(f">{len(data) // 4}I", data))


def _stored(data: bytes) -> bytes:
    """Return a zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4).

    Deflating would take longer than all else that a subset needs and save a third of
    it; glyphs deflated one by one, and joined, are hardly smaller than they are.
    """
    parts = [_ZLIB_HEADER]
    for at in range(0, len(data), _LONGEST_BLOCK):
        block = data[at : at + _LONGEST_BLOCK]
        last = at + _LONGEST_BLOCK >= len(data)
        parts += (struct.pack("<?HH", last, len(block), len(block) ^ 0xFFFF), block)
    return b"".join([*parts, zlib.adler32(data).to_bytes(4)])
