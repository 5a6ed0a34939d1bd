"""Faces: font files that pages are set with.

A face may have CFF or TrueType outlines and any em square; all of it is told in units
of an em of 1000. Glyphs are converted when they are first asked for, and kept.
"""

import enum
import io
import re
import threading
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pylopdf_fonts_zh_cn
from fontTools.ttLib import TTFont

from elicense import files
from elicense.errors import ElicenseError
from elicense.fonts.glyph import (
    EM,
    MAX_LENGTH,
    CubicPen,
    Glyph,
    Outlines,
    Segment,
    convert,
)
from elicense.model import Text
from esign.errors import MalformedError

MAX_FILE_BYTES = 64 << 20
"""Size of a font file; the largest static face of the Noto family has 25 MB."""

_CFF, _TRUETYPE = b"OTTO", (b"\0\1\0\0", b"true")
_NO_EMBEDDING, _NO_SUBSETTING, _BITMAPS_ONLY = 0x0002, 0x0100, 0x0200
"""Bits of OS/2 fsType (OpenType 1.9)."""
_IDEOGRAPHS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFD))
"""Extension A, the first block, the compatibility block, and the two planes that are
kept for ideographs (Unicode 17, 18.1 and chapter 2.8)."""
_NOT_OF_A_NAME = re.compile(r"[^!-~]|[\[\](){}<>/%#+]")
_LONGEST_NAME = 63


class FaceError(ElicenseError, MalformedError):
    """A font file can not be used; the text names it and says why."""


class Typeface(enum.StrEnum):
    """The roles of faces on a page."""

    SERIF = "serif"
    SANS = "sans"


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a PDF font descriptor says of a face, in units of the em."""

    ascent: int
    descent: int
    cap_height: int


def is_ideograph(char: str) -> bool:
    """Tell whether a character is a CJK ideograph, assigned or to be assigned."""
    number = ord(char)
    return any(low <= number <= high for low, high in _IDEOGRAPHS)


class Face:
    """One face, read once in a process; glyphs are converted when first asked for.

    An ideograph is offered only where it is exactly one em wide, so that whoever has
    not got the face can still tell where all else stands. A character that the face
    maps to its glyph 0 is not offered either; nor is a combining mark: a page is set
    without shaping, which would place it.

    It may be used from several threads, and in a forked process: each thread reads the
    outlines with a reader of its own, and there is no lock to be held.

    Attributes:
        name: PostScript name, as a PDF writes it.
        metrics: of the whole face.
        fingerprint: CRC-32 of the file, to tell two faces of one name apart.
    """

    def __init__(self, data: bytes, source: str) -> None:
        """Open a face.

        Args:
            data: an OpenType or TrueType file with CFF or TrueType outlines.
            source: what the file is called, for errors.

        Raises:
            FaceError: it is no such file but a collection, a variable face or another
                thing; it may not be embedded, or not in part (OS/2 fsType); or its
                heights are beyond what a font file can say.
        """
        self._source, self._data = source, data
        self._local = threading.local()
        self._check_kind()
        try:
            self._open()
        except FaceError:
            raise
        except Exception as err:  # fontTools raises anything
            raise self._wrong("文件已损坏", "the file is damaged") from err
        self.fingerprint = zlib.crc32(data)
        self._glyphs: dict[str, Glyph] = {}

    def _check_kind(self) -> None:
        """Refuse what is no font file of one face."""
        if len(self._data) > MAX_FILE_BYTES:
            raise self._wrong(
                f"超过 {MAX_FILE_BYTES} 字节", f"more than {MAX_FILE_BYTES} bytes"
            )
        if self._data[:4] == b"ttcf":
            raise self._wrong(
                "是字体合集（TTC），请先拆出其中一个字体",
                "a collection (TTC); take one face out of it first",
            )
        if self._data[:4] not in (_CFF, *_TRUETYPE):
            raise self._wrong(
                "不是 OpenType 或 TrueType 字体", "not an OpenType or TrueType font"
            )

    def _open(self) -> None:
        """Read all but the outlines."""
        font = TTFont(io.BytesIO(self._data), lazy=True)
        entries = font.reader.tables.values()
        if any(entry.offset + entry.length > len(self._data) for entry in entries):
            raise self._wrong("文件不完整", "the file is damaged: it ends too early")
        self._check_tables(font)
        self._check_embedding(font["OS/2"].fsType)
        self._cubic = "CFF " in font
        self._units: int = font["head"].unitsPerEm
        self.name = _NOT_OF_A_NAME.sub("", font["name"].getDebugName(6) or "")
        self.name = self.name[:_LONGEST_NAME] or "Face"
        hhea, os2 = font["hhea"], font["OS/2"]
        ascent, descent = self._scaled(hhea.ascent), self._scaled(hhea.descent)
        # The height of capitals came with version 2 of the table.
        cap_height = self._scaled(getattr(os2, "sCapHeight", 0)) or ascent
        self.metrics = self._bounded(Metrics(ascent, descent, cap_height))
        self._advances: dict[str, tuple[int, int]] = font["hmtx"].metrics
        nothing = font.getGlyphOrder()[0]
        self._names = {
            number: name
            for number, name in (font.getBestCmap() or {}).items()
            if name != nothing
            and name in self._advances
            and not unicodedata.category(chr(number)).startswith("M")
        }
        if not self._names:
            raise self._wrong(
                "没有 Unicode 字符映射表", "it maps no character of Unicode"
            )
        del font["cmap"]  # large, and all of it that counts is kept by now
        self._local.font = font

    def _bounded(self, metrics: Metrics) -> Metrics:
        """Return metrics that the tables of a font and a PDF can say."""
        lengths = (metrics.ascent, metrics.descent, metrics.cap_height)
        if not all(-MAX_LENGTH <= length <= MAX_LENGTH for length in lengths):
            raise self._wrong(
                "字高（ascent、descent 或 capHeight）超出字体表的范围",
                "its ascent, descent or height of capitals is beyond what a font holds",
            )
        return metrics

    def _check_tables(self, font: TTFont) -> None:
        """Refuse a file without what a page needs, and one with several faces in it."""
        if "fvar" in font:
            raise self._wrong(
                "是可变字体，请改用其中一个静态实例",
                "a variable face; use a static instance of it",
            )
        if "CFF " not in font and "glyf" not in font:
            raise self._wrong("没有矢量字形", "it has no outlines")
        if "OS/2" not in font:
            raise self._wrong(
                "没有 OS/2 表，无法得知是否允许嵌入",
                "no table OS/2 says whether it may be embedded",
            )

    def _check_embedding(self, permissions: int) -> None:
        """Refuse a face that must not stand in a file, or not in part."""
        if permissions & _NO_EMBEDDING:
            raise self._wrong(
                "字体许可不允许嵌入（fsType）",
                "the face does not allow embedding (fsType)",
            )
        if permissions & (_NO_SUBSETTING | _BITMAPS_ONLY):
            raise self._wrong(
                "字体许可不允许嵌入子集字形（fsType）",
                "the face does not allow embedding a subset of its outlines (fsType)",
            )

    def _wrong(self, zh: str, en: str) -> FaceError:
        return FaceError(
            Text(f"字体文件 {self._source}：{zh}", f"font file {self._source}: {en}")
        )

    def _scaled(self, value: int) -> int:
        """Return a length of the face in units of an em of 1000."""
        return (2 * value * EM + self._units) // (2 * self._units)

    def has(self, char: str) -> bool:
        """Tell whether the face offers a character."""
        name = self._names.get(ord(char))
        return name is not None and (
            not is_ideograph(char) or self._advances[name][0] == self._units
        )

    def advance(self, char: str) -> int:
        """Return the advance width of a character in units of the em.

        Raises:
            KeyError: the face does not offer it.
        """
        if not self.has(char):
            raise KeyError(char)
        return self._scaled(self._advances[self._names[ord(char)]][0])

    def glyph(self, char: str) -> Glyph:
        """Return the TrueType glyph of a character, converted at the first call.

        Raises:
            KeyError: the face does not offer it.
            FaceError: the glyph is damaged, or beyond what a font file can say.
        """
        found = self._glyphs.get(char)
        # Two threads may convert the same glyph; both get the one that was first kept.
        return found or self._glyphs.setdefault(char, self._converted(char))

    def glyphs(self, characters: list[str]) -> list[Glyph]:
        """Return the glyphs of characters; as :meth:`glyph` for each of them."""
        kept = self._glyphs
        try:
            return [kept[char] for char in characters]
        except KeyError:
            return [self.glyph(char) for char in characters]

    def outline(self, char: str) -> Iterator[Segment]:
        """Yield the outline of a character as pen segments with cubic curves.

        Raises:
            KeyError: the face does not offer it.
            FaceError: the glyph is damaged.
        """
        name = self._name(char)
        try:
            pen = CubicPen(self._outlines(), self._units)
            pen.glyphs[name].draw(pen)
        except Exception as err:  # fontTools raises anything
            raise self._damaged(char) from err
        yield from pen.segments

    def _name(self, char: str) -> str:
        if not self.has(char):
            raise KeyError(char)
        name: str = self._names[ord(char)]
        return name

    def _converted(self, char: str) -> Glyph:
        name = self._name(char)
        try:
            return convert(self._outlines(), name, self._units, cubic=self._cubic)
        except Exception as err:  # fontTools raises anything
            raise self._damaged(char) from err

    def _damaged(self, char: str) -> FaceError:
        number = f"U+{ord(char):04X}"
        return self._wrong(
            f"字符 {number} 的字形已损坏", f"the glyph of {number} is damaged"
        )

    def _outlines(self) -> Outlines:
        """Return this thread's reader of outlines; it moves about in the file."""
        local = self._local
        if not hasattr(local, "outlines"):
            if not hasattr(local, "font"):
                local.font = TTFont(io.BytesIO(self._data), lazy=True)
            local.outlines = local.font.getGlyphSet()
        found: Outlines = local.outlines
        return found


_MAIN: dict[Typeface, Face] = {}


def face(typeface: Typeface) -> Face:
    """Return the main face of a role; it is opened at the first call and kept.

    Args:
        typeface: the role.
    """
    found = _MAIN.get(typeface)
    if found is None:
        path = {
            Typeface.SERIF: pylopdf_fonts_zh_cn.serif_path,
            Typeface.SANS: pylopdf_fonts_zh_cn.sans_path,
        }[typeface]()
        # Of two threads that open it at once, both get the one that was first kept.
        found = _MAIN.setdefault(typeface, open_face(path))
    return found


def open_face(path: Path) -> Face:
    """Return the face of a font file.

    Args:
        path: an OpenType or TrueType file.

    Raises:
        FileError: it cannot be read.
        FaceError: it cannot be used; see :class:`Face`.
    """
    return Face(files.read_whole(path, MAX_FILE_BYTES), path.name)
