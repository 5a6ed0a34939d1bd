"""The dictionaries of a PDF and of its page, read by qpdf.

Nothing but keys, boxes and flags is judged: there are lists of the keys that a page of
ours may have, so that no action, layer, rotation, mask or second annotation is among
them (docs/formats/pdf.md, section 9).
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pikepdf
from PIL import Image

from elicense import background
from elicense.background.digest import inflated
from elicense.layout import Box
from esign.errors import MalformedError

MAX_PARTS = 2_000
"""Indirect objects of a file; ours have about 40, with a background up to 500 more."""
MAX_INFLATED = 24 << 20
"""Bytes of all inflated streams of a file; ours have at most 3 MB, perhaps a scan of 10
and a background of 8."""
MAX_PIXELS = 9_000_000
"""Pixels of one JPEG, A4 at 300 dpi."""

_TABLE_END = re.compile(rb"startxref\s+([0-9]{1,10})\s+%%EOF\s*")
_INDIRECT = re.compile(rb"/(?:XRefStm|Prev|Encrypt)|#")
"""Entries of a trailer that ours has not; # could spell them in another way."""
_UNSEEN = 1 << 0 | 1 << 1 | 1 << 5 | 1 << 8
"""Flags Invisible, Hidden, NoView, ToggleNoView (ISO 32000-1, table 165)."""
_PRINT = 1 << 2
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
_FORM_RESOURCES = frozenset({"/ProcSet", "/ExtGState", "/ColorSpace"})
_IMAGE = frozenset({
    "/Type", "/Subtype", "/Name", "/Width", "/Height", "/ColorSpace",
    "/BitsPerComponent", "/Interpolate", "/Intent", "/Length", "/Filter",
    "/DecodeParms",
})  # fmt: skip
_ART_FIRST = re.compile(rb"\s*q\s+/Art\s+Do\s+Q\s")
"""How a page begins whose type has static art of its own."""
_SEAL = {"/Type", "/Subtype", "/FT", "/T", "/F", "/Rect", "/AP", "/P", "/V"}


@dataclass(frozen=True, slots=True)
class Structure:
    """What the dictionaries of a file say.

    Attributes:
        boxes: in points, of the first page's ``paper`` and of its ``seal``.
        faults: English phrases for what no page of ours has; no values.
        has_art: the page begins with the very art that was asked for.
    """

    boxes: Mapping[str, Box]
    faults: tuple[str, ...]
    has_art: bool


@dataclass(slots=True)
class _Seen:
    """What was met so far while reading."""

    art: bytes | None
    boxes: dict[str, Box] = field(default_factory=dict)
    faults: dict[str, None] = field(default_factory=dict)
    has_art: bool = False

    def refuse(self, phrase: str, *, when: bool) -> None:
        """Note a fault where there is one."""
        if when:
            self.faults[phrase] = None


def read(pdf: bytes, art: bytes | None = None) -> Structure:
    """Return what the dictionaries of a file say.

    Only a file with a classic cross-reference table is opened, so that opening inflates
    nothing, and no other engine need inflate more than `MAX_INFLATED` of it later.

    Args:
        pdf: any bytes; their number was limited.
        art: digest of the form that must be drawn first, 32 bytes (`background`); None
            for a page whose static art consists of paths alone.

    Raises:
        MalformedError: it is no PDF that can be opened, its structure is compressed, or
            it exceeds a limit.
    """
    if not _has_plain_table(pdf):
        raise MalformedError("face: there is no plain cross-reference table at the end")
    seen = _Seen(art)
    try:
        with pikepdf.open(io.BytesIO(pdf), attempt_recovery=False) as document:
            _require_bounded(document)
            _read_structure(document, seen)
    except (
        pikepdf.PikepdfError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as err:
        raise MalformedError("face: the page's structure can not be read") from err
    return Structure(MappingProxyType(seen.boxes), tuple(seen.faults), seen.has_art)


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


def _require_bounded(document: pikepdf.Pdf) -> None:
    """Refuse a file whose streams are more than anything of ours when inflated."""
    if len(document.objects) > MAX_PARTS:
        raise MalformedError(f"face: more than {MAX_PARTS} objects")
    left = MAX_INFLATED
    for item in document.objects:
        if not isinstance(item, pikepdf.Stream):
            continue
        if "/Filter" not in item:
            left -= len(item.read_raw_bytes())
        elif item.Filter == pikepdf.Name.FlateDecode:
            left -= len(inflated(item.read_raw_bytes(), left))
        elif item.Filter == pikepdf.Name.DCTDecode:
            _require_small_jpeg(item.read_raw_bytes())
        else:
            raise MalformedError("face: a stream has a filter that ours have not")
        if left < 0:
            raise MalformedError("face: the streams are too large")


def _require_small_jpeg(data: bytes) -> None:
    """Refuse a JPEG of too many pixels."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            width, height = image.size
    except _NO_IMAGE as err:
        raise MalformedError("face: a JPEG can not be read") from err
    if width * height > MAX_PIXELS:
        raise MalformedError(f"face: a JPEG of more than {MAX_PIXELS} pixels")


def _read_structure(document: pikepdf.Pdf, seen: _Seen) -> None:
    """Read the dictionaries of an open document and of its first page."""
    root = document.Root
    tree = root.Pages
    page = tree.Kids[0]
    resources = page.get("/Resources", pikepdf.Dictionary())
    for name, part, allowed in (
        ("catalog", root, _CATALOG),
        ("viewer's table", root.get("/ViewerPreferences"), {"/DisplayDocTitle"}),
        ("table of names", root.get("/Names"), {"/EmbeddedFiles"}),
        ("page tree", tree, _TREE),
        ("page", page, _PAGE),
        ("page's table of resources", resources, _RESOURCES),
    ):
        other = part is not None and not set(part.keys()) <= allowed
        seen.refuse(f"the {name} has another entry", when=other)
    seen.refuse("the page tree has another entry", when=len(tree.Kids) != tree.Count)
    seen.boxes["paper"] = paper = _box(page.MediaBox)
    cropped = _box(page.get("/CropBox", page.MediaBox)) != paper
    seen.refuse("the page is cropped", when=cropped)
    seen.has_art = _has_art(page, resources, seen)
    _read_resources(resources, seen)
    notes = page.get("/Annots", pikepdf.Array()).as_list()
    if len(notes) != 1:
        phrase = f"{len(notes)} annotations on the page instead of the seal alone"
        seen.refuse(phrase, when=True)
        return
    seen.refuse("the annotation is not a visible seal", when=not _is_seal(notes[0]))
    seen.boxes["seal"] = _box(notes[0].Rect)


def _has_art(page: pikepdf.Object, resources: pikepdf.Object, seen: _Seen) -> bool:
    """Tell whether the page begins with the art of its type, and note where not.

    The art may draw texts and images; so it must be that art to the last value, and
    what is drawn before all else at its own place, under all that is judged.
    """
    if seen.art is None:
        return False
    form = resources.get("/XObject", pikepdf.Dictionary()).get("/Art")
    found = page.get("/Contents")
    first = found[0] if isinstance(found, pikepdf.Array) else found
    has_art = (
        isinstance(form, pikepdf.Stream)
        and background.digest(form) == seen.art
        and isinstance(first, pikepdf.Stream)
        and _ART_FIRST.match(first.read_bytes()) is not None
    )
    seen.refuse("the art is not the one of the type", when=not has_art)
    return has_art


def _read_resources(resources: pikepdf.Object, seen: _Seen) -> None:
    """Read the dictionaries of the forms and images that a page can draw.

    A form of ours consists of paths. One that could draw another form, a text, a layer
    or a pattern is refused before anything draws it, unless it is the type's own art.
    """
    for name, item in resources.get("/XObject", pikepdf.Dictionary()).items():
        if seen.has_art and name == "/Art":
            continue
        if item.Subtype == pikepdf.Name.Image:
            masked = not set(item.keys()) <= _IMAGE
            seen.refuse("an image has another entry", when=masked)
            photo = "/Filter" in item and item.Filter == pikepdf.Name.DCTDecode
            spaces = (pikepdf.Name.DeviceRGB, pikepdf.Name.DeviceGray)
            other = photo and item.ColorSpace not in spaces
            seen.refuse("a photo is shown in other colours", when=other)
        elif not set(item.Resources.keys()) <= _FORM_RESOURCES:
            raise MalformedError("face: a form has resources that ours have not")


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
