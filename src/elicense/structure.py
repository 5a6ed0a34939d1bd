"""The dictionaries of a PDF and of its pages, read by qpdf.

Keys, boxes, flags and the operators' grammar are judged, before anything is drawn:
there are lists of the keys that a page of ours may have, so that no action, layer,
rotation, mask or second annotation is among them (docs/formats/pdf.md, section 9).
"""

import io
import itertools
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pikepdf
from PIL import Image

from elicense import appearance, background, operators
from elicense.background.digest import inflated
from elicense.background.reading import NO_PDF
from elicense.layout import Box
from elicense.operators import Effort
from esign import pades
from esign.errors import MalformedError
from esign.pades import NoSealError, dictionary
from esign.pades.read import HEADER, Objects
from esign.pades.unsealed import read_unsealed

MAX_PAGES = 8
"""Pages of a file; ours have one or two, with continuation pages up to eight."""
MAX_PARTS = 2_000
"""Indirect objects of a file; ours have about 40, with a background up to 500 more."""
MAX_INFLATED = 24 << 20
"""Bytes of all inflated streams of a file; ours have at most 3 MB, perhaps a scan of 10
and a background of 8."""
MAX_OPERATORS = 2 << 20
"""Bytes of the operators of all pages and their forms, inflated, as often as they are
drawn; ours have 250 KB a page, without the art of a type's own."""
MAX_PIXELS = 9_000_000
"""Pixels of one image, A4 at 300 dpi."""
MAX_IMAGES = 4
"""Images that all pages draw, each time counted; ours draw a photo and two codes."""
MAX_SCANS = 24
"""Scans of a JPEG; encoders write about ten, and each costs engines a full pass."""

_TABLE_END = re.compile(rb"startxref\s+([0-9]{1,10})\s+%%EOF\s*")
_INDIRECT = re.compile(rb"/(?:XRefStm|Prev|Encrypt)|#")
"""Entries of a trailer that ours has not; # could spell them in another way."""
_UNSEEN = 1 << 0 | 1 << 1 | 1 << 5 | 1 << 8
"""Flags Invisible, Hidden, NoView, ToggleNoView (ISO 32000-1, table 165)."""
_PRINT = 1 << 2
_START_OF_SCAN = b"\xff\xda"
_NO_IMAGE = (OSError, Image.DecompressionBombError, Image.DecompressionBombWarning)

_CATALOG = frozenset({
    "/Type", "/Pages", "/Lang", "/ViewerPreferences", "/Metadata", "/OutputIntents",
    "/AF", "/Names", "/AcroForm", "/Perms",
})  # fmt: skip
_TREE = frozenset({"/Type", "/Kids", "/Count"})
_PAGE = frozenset({
    "/Type", "/Parent", "/MediaBox", "/CropBox", "/Resources", "/Contents", "/Annots",
})  # fmt: skip
_RESOURCES = frozenset({"/Font", "/XObject", "/ProcSet"})
_FORM = frozenset({"/Type", "/Subtype", "/BBox", "/Resources", "/Filter", "/Length"})
_FORM_RESOURCES = frozenset({"/ProcSet"})
_IMAGE = frozenset({
    "/Type", "/Subtype", "/Width", "/Height", "/ColorSpace", "/BitsPerComponent",
    "/Interpolate", "/Length", "/Filter",
})  # fmt: skip
_CONTENT = frozenset({"/Filter", "/Length"})
_TYPE0 = frozenset({
    "/Type", "/Subtype", "/BaseFont", "/Encoding", "/DescendantFonts", "/ToUnicode",
})  # fmt: skip
_DESCENDANT = frozenset({
    "/Type", "/Subtype", "/BaseFont", "/CIDSystemInfo", "/CIDToGIDMap", "/DW",
    "/FontDescriptor", "/W",
})  # fmt: skip
_DESCRIPTOR = frozenset({
    "/Type", "/FontName", "/Flags", "/FontBBox", "/ItalicAngle", "/Ascent", "/Descent",
    "/CapHeight", "/StemV", "/FontFile2",
})  # fmt: skip
_FONT_FILE = _CONTENT | {"/Length1"}
_ELSEWHERE = frozenset({"/F", "/FFilter", "/FDecodeParms"})
"""Entries that put a stream's bytes into another file (ISO 32000-1, table 5)."""
_ART_FIRST = re.compile(rb"\s*q\s+/Art\s+Do\s+Q\s")
"""How a page begins whose type has static art of its own."""
_SEAL = {"/Type", "/Subtype", "/FT", "/T", "/F", "/Rect", "/AP", "/P", "/V"}


@dataclass(frozen=True, slots=True)
class Structure:
    """What the dictionaries of a file say.

    Attributes:
        papers: the size of each page, in points.
        seal: its box in points; None where there is none.
        faults: English phrases for what no page of ours has; no values.
        has_art: for each page, whether it begins with the art that was asked for.
    """

    papers: tuple[Box, ...]
    seal: Box | None
    faults: tuple[str, ...]
    has_art: tuple[bool, ...]


@dataclass(slots=True)
class _Seen:
    """What was met so far while reading."""

    art: bytes | None = None
    papers: list[Box] = field(default_factory=list)
    seal: Box | None = None
    faults: dict[str, None] = field(default_factory=dict)
    has_art: bool = False
    effort: Effort = field(default_factory=Effort)
    operators: int = 0
    images: int = 0

    def spend(self, data: bytes) -> bytes:
        """Return operators, and refuse what is more than any page of ours."""
        self.operators += len(data)
        if self.operators > MAX_OPERATORS:
            raise MalformedError(f"face: operators of more than {MAX_OPERATORS} bytes")
        return data

    def refuse(self, phrase: str, *, when: bool) -> None:
        """Note a fault where there is one."""
        if when:
            self.faults[phrase] = None


def read(pdf: bytes, arts: Sequence[bytes | None] = ()) -> Structure:
    """Return what the dictionaries of a file say.

    Only a file with a classic cross-reference table is opened, so that opening inflates
    nothing, and no other engine need inflate more than `MAX_INFLATED` of it later. In a
    file with the profile's header every object must be in its one spelling, so that all
    readers see the same entries; a page that is not sealed yet may be spelled freely.

    Args:
        pdf: any bytes; their number was limited.
        arts: for each page the digest of the form that must be drawn first, 32 bytes
            (`background`); None for a page whose static art consists of paths alone, as
            for those that are not named.

    Raises:
        MalformedError: it is no PDF that can be opened, its structure is compressed, or
            it exceeds a limit.
    """
    if not _has_plain_table(pdf):
        raise MalformedError("face: there is no plain cross-reference table at the end")
    if pdf.startswith(HEADER):
        _require_one_spelling(pdf)
    seen = _Seen()
    try:
        with pikepdf.open(io.BytesIO(pdf), attempt_recovery=False) as document:
            _require_bounded(document)
            has_art = _read_structure(document, arts, seen)
    except NO_PDF as err:
        raise MalformedError("face: the page's structure can not be read") from err
    return Structure(tuple(seen.papers), seen.seal, tuple(seen.faults), has_art)


def _has_plain_table(pdf: bytes) -> bool:
    """Tell whether a file's last cross-reference section is a table and the only one.

    Objects can be compressed only where a stream says so, and only such a stream would
    be inflated while the file is opened (ISO 32000-1, 7.5.8).
    """
    end = _TABLE_END.search(pdf, max(0, len(pdf) - 64))
    if not pdf.startswith(b"%PDF-") or end is None:
        return False
    start = int(end[1])
    trailer = pdf.rfind(b"trailer", start, end.start())
    return (
        pdf.startswith(b"xref", start)
        and trailer > 0
        and not _INDIRECT.search(pdf, trailer, end.start())
    )


def _require_one_spelling(pdf: bytes) -> None:
    """Refuse an object with an entry that occurs twice or is spelled otherwise.

    The last one is the signature, which has been read to its last byte; a file that a
    platform is to seal has none.
    """
    objects: Objects
    try:
        objects = pades.read(pdf)
        last = len(objects.starts) - 1
    except NoSealError:
        objects = read_unsealed(pdf)
        last = len(objects.starts)
    for number in range(1, last):
        text = _text_of(objects, number)
        whole = text if text.startswith(b"<<") else b"<<\n/Value %b\n>>" % text
        dictionary.entries(whole)


def _text_of(sealed: Objects, number: int) -> bytes:
    """Return an object without its stream."""
    try:
        return sealed.stream(number)[0]
    except MalformedError:
        return sealed.dictionary(number)


def _require_bounded(document: pikepdf.Pdf) -> None:
    """Refuse a file whose streams are more than anything of ours when inflated."""
    if len(document.objects) > MAX_PARTS:
        raise MalformedError(f"face: more than {MAX_PARTS} objects")
    left = MAX_INFLATED
    for item in document.objects:
        if isinstance(item, pikepdf.Stream):
            left -= _size(item, left)
        if left < 0:
            raise MalformedError("face: the streams are too large")


def _size(stream: pikepdf.Stream, left: int) -> int:
    """Return how many bytes of a limit a stream takes."""
    if not _ELSEWHERE.isdisjoint(stream.keys()):
        raise MalformedError("face: a stream lies in another file")
    data = stream.read_raw_bytes()
    if "/Filter" not in stream:
        return len(data)
    if stream.Filter == pikepdf.Name.FlateDecode:
        return len(inflated(data, left))
    if stream.Filter == pikepdf.Name.DCTDecode:
        _jpeg_size(data)
        return 0
    raise MalformedError("face: a stream has a filter that ours have not")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Return the width and height of a JPEG; refuse one of too many pixels or scans."""
    if data.count(_START_OF_SCAN) > MAX_SCANS:
        raise MalformedError(f"face: a JPEG of more than {MAX_SCANS} scans")
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            width, height = image.size
    except _NO_IMAGE as err:
        raise MalformedError("face: a JPEG can not be read") from err
    if width * height > MAX_PIXELS:
        raise MalformedError(f"face: a JPEG of more than {MAX_PIXELS} pixels")
    return width, height


def _read_structure(
    document: pikepdf.Pdf, arts: Sequence[bytes | None], seen: _Seen
) -> tuple[bool, ...]:
    """Read the dictionaries of a document, and tell which pages have their art."""
    root = document.Root
    tree = root.Pages
    _require_keys(
        seen,
        ("catalog", root, _CATALOG),
        ("viewer's table", root.get("/ViewerPreferences"), {"/DisplayDocTitle"}),
        ("table of names", root.get("/Names"), {"/EmbeddedFiles"}),
        ("page tree", tree, _TREE),
    )
    pages = list(tree.Kids.as_list())
    seen.refuse("the page tree has another entry", when=len(pages) != tree.Count)
    if not 1 <= len(pages) <= MAX_PAGES:
        raise MalformedError(f"face: {len(pages)} pages; at most {MAX_PAGES} are read")
    has_art = []
    for page, art in itertools.zip_longest(pages, arts[: len(pages)]):
        seen.art = art
        notes = _read_page(page, seen)
        has_art.append(seen.has_art)
        if len(has_art) == 1:
            _read_seal(notes, seen)
        elif notes:  # each of them would be drawn
            raise MalformedError("face: annotations on a page without a seal")
    return tuple(has_art)


def _require_keys(
    seen: _Seen, *parts: tuple[str, pikepdf.Object | None, Collection[str]]
) -> None:
    """Note every dictionary with an entry that ours has not."""
    for name, part, allowed in parts:
        other = part is not None and not set(part.keys()) <= set(allowed)
        seen.refuse(f"the {name} has another entry", when=other)


def _read_page(page: pikepdf.Object, seen: _Seen) -> list[pikepdf.Object]:
    """Read one page, and return its annotations."""
    if "/Kids" in page:
        raise MalformedError("face: the page is a tree of pages")
    resources = page.get("/Resources", pikepdf.Dictionary())
    _require_keys(
        seen,
        ("page", page, _PAGE),
        ("page's table of resources", resources, _RESOURCES),
    )
    paper = _box(page.MediaBox)
    seen.papers.append(paper)
    cropped = _box(page.get("/CropBox", page.MediaBox)) != paper
    seen.refuse("the page is cropped", when=cropped)
    contents = _contents(page)
    seen.has_art = _has_art(contents, resources, seen)
    _read_drawing(contents, resources, seen)
    return list(page.get("/Annots", pikepdf.Array()).as_list())


def _contents(page: pikepdf.Object) -> list[bytes]:
    """Return the page's operators, inflated; each stream stands for itself."""
    found = page.get("/Contents", pikepdf.Array())
    streams = list(found.as_list()) if isinstance(found, pikepdf.Array) else [found]
    for stream in streams:
        if not isinstance(stream, pikepdf.Stream):
            raise MalformedError("face: the page's operators are no stream")
        if not set(stream.keys()) <= _CONTENT:
            raise MalformedError("face: the page's operators have another entry")
    left = operators.MAX_PAGE
    contents = []
    for stream in streams:
        data = appearance.inflated(stream, left)
        left -= len(data)
        contents.append(data)
    return contents


def _has_art(contents: list[bytes], resources: pikepdf.Object, seen: _Seen) -> bool:
    """Tell whether the page begins with the art of its type, and note where not.

    The art may draw texts and images; so it must be that art to the last value, and
    what is drawn before all else at its own place, under all that is judged.
    """
    if seen.art is None:
        return False
    form = resources.get("/XObject", pikepdf.Dictionary()).get("/Art")
    has_art = (
        isinstance(form, pikepdf.Stream)
        and background.digest(form) == seen.art
        and bool(contents)
        and _ART_FIRST.match(contents[0]) is not None
    )
    seen.refuse("the art is not the one of the type", when=not has_art)
    return has_art


def _read_drawing(
    contents: list[bytes], resources: pikepdf.Object, seen: _Seen
) -> None:
    """Read what the page draws with: its operators, fonts, forms and images."""
    fonts = resources.get("/Font", pikepdf.Dictionary())
    items = resources.get("/XObject", pikepdf.Dictionary())
    _read_resources(items, seen)
    for font in fonts.as_dict().values():
        _require_font(font)
    used: Counter[str] = Counter()
    for data in contents:
        used += operators.check_page(
            seen.spend(data), fonts.keys(), items.keys(), seen.effort
        )
    if used.total() > operators.MAX_DRAWN:
        raise MalformedError("face: too many forms and images are drawn")
    for name, times in used.items():
        item = items[name]
        own = seen.has_art and name == "/Art"
        seen.images += times if item.Subtype == pikepdf.Name.Image else 0
        if seen.images > MAX_IMAGES:
            raise MalformedError("face: too many images are drawn")
        if item.Subtype == pikepdf.Name.Form and not own:
            for _ in range(times):
                _read_form(item, seen)


def _read_resources(items: pikepdf.Object, seen: _Seen) -> None:
    """Read the dictionaries of the forms and images that a page can draw.

    A form of ours consists of paths. One that could draw another form, a text, a layer
    or a pattern is refused before anything draws it, unless it is the type's own art.
    """
    spaces = (pikepdf.Name.DeviceRGB, pikepdf.Name.DeviceGray)
    for name, item in items.items():
        if seen.has_art and name == "/Art":
            continue
        if item.Subtype == pikepdf.Name.Image:
            masked = not set(item.keys()) <= _IMAGE
            seen.refuse("an image has another entry", when=masked)
            other = item.ColorSpace not in spaces
            seen.refuse("an image is shown in other colours", when=other)
            other = _size_of(item) != (int(item.Width), int(item.Height))
            seen.refuse("an image has another size", when=other)
        elif not set(item.Resources.keys()) <= _FORM_RESOURCES:
            raise MalformedError("face: a form has resources that ours have not")
        elif item.Subtype != pikepdf.Name.Form or not set(item.keys()) <= _FORM:
            raise MalformedError("face: a form has another entry")


def _size_of(image: pikepdf.Object) -> tuple[int, int]:
    """Return the width and height that an image must state, in pixels."""
    if image.get("/Filter") == pikepdf.Name.DCTDecode:
        return _jpeg_size(image.read_raw_bytes())
    width, height = int(image.Width), int(image.Height)
    if width * height > MAX_PIXELS:
        raise MalformedError(f"face: an image of more than {MAX_PIXELS} pixels")
    return width, height


def _require_font(font: pikepdf.Object) -> None:
    """Refuse a font that is made otherwise than ours (ISO 32000-1, 9.7)."""
    (descendant,) = font.DescendantFonts.as_list()
    descriptor = descendant.FontDescriptor
    allowed = (
        (font, _TYPE0),
        (descendant, _DESCENDANT),
        (descriptor, _DESCRIPTOR),
        (descriptor.FontFile2, _FONT_FILE),
        (font.ToUnicode, _CONTENT),
    )
    if (
        not all(set(part.keys()) <= keys for part, keys in allowed)
        or font.Subtype != pikepdf.Name.Type0
        or font.Encoding != pikepdf.Name("/Identity-H")
        or descendant.Subtype != pikepdf.Name.CIDFontType2
        or descendant.CIDToGIDMap != pikepdf.Name.Identity
    ):
        raise MalformedError("face: a font is made otherwise than ours")


def _read_form(form: pikepdf.Object, seen: _Seen) -> None:
    """Refuse a form that paints anything but paths, or too many."""
    data = seen.spend(appearance.inflated(form, operators.MAX_FORM))
    operators.check_form(data, (), (), seen.effort)


def _read_seal(notes: list[pikepdf.Object], seen: _Seen) -> None:
    """Read the annotations, of which there is one."""
    if len(notes) != 1:
        phrase = f"{len(notes)} annotations on the page instead of the seal alone"
        if notes:  # each of them would be drawn
            raise MalformedError(f"face: {phrase}")
        seen.refuse(phrase, when=True)
        return
    (note,) = notes
    seen.refuse("the annotation is not a visible seal", when=not _is_seal(note))
    seen.seal = _box(note.Rect)
    looks = note.get("/AP", pikepdf.Dictionary()).get("/N", pikepdf.Dictionary())
    if isinstance(looks, pikepdf.Stream):
        appearance.check(looks, seen.spend, seen.effort)
    elif looks.keys():
        raise MalformedError("face: the seal has several pictures")


def _is_seal(note: pikepdf.Object) -> bool:
    """Tell whether an annotation is a signature's that is seen and printed."""
    flags = int(note.get("/F", 0))
    return (
        set(note.keys()) <= _SEAL
        and note.get("/Subtype") == pikepdf.Name.Widget
        and note.get("/FT") == pikepdf.Name.Sig
        and flags & (_PRINT | _UNSEEN) == _PRINT
        and set(note.get("/AP", pikepdf.Dictionary()).keys()) == {"/N"}
        and isinstance(note.AP.N, pikepdf.Stream)
    )


def _box(values: pikepdf.Object) -> Box:
    """Return a rectangle."""
    left, bottom, right, top = (float(value) for value in values.as_list())
    return (left, bottom, right, top)
