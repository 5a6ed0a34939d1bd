"""How the drawing of a page differs from the one that we would have made.

Everything that decides how a page looks is made again from the composed page and
compared: dictionaries entry by entry, operators word by word, fonts outline by outline.
So there is no list of tricks here. What is not as we draw it is a difference.
"""

import functools
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image

from elicense import fonts, qr
from elicense.face.drawing import Content, Drawing, Value, form
from elicense.face.outlines import same_font
from elicense.fonts import EM, Subset, Typeface
from elicense.layout import Page
from elicense.layout.primitives import POINTS_PER_MM
from elicense.model import License
from esign import seal_image
from esign.seal_image import DIAMETER_MAX, DIAMETER_MIN, TEST_NOTICE, SealSpec

if TYPE_CHECKING:
    from elicense.layout import Box

TOLERANCE = 0.0015
"""Largest difference of two numbers: the last of our three decimals may be rounded in
another way. It is less than one of 255 steps of a colour."""
_NUMBER = re.compile(rb"-?(?:[0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})")
_BOUNDS = 2
"""The same for a font's box, in units of the em; it draws nothing."""

_CATALOG = frozenset({
    "/Type", "/Pages", "/Lang", "/ViewerPreferences", "/Metadata", "/OutputIntents",
    "/AF", "/Names", "/AcroForm", "/Perms",
})  # fmt: skip
_PREFERENCES: dict[str, Value] = {"/DisplayDocTitle": True}
_TREE: dict[str, Value] = {"/Type": "/Pages", "/Count": 1}
_PAGE = {"/Type", "/MediaBox", "/Resources", "/Contents"}
"""Keys of a page beside its parent and annotations, which are read on their own."""
_WIDGET: dict[str, Value] = {
    "/Type": "/Annot",
    "/Subtype": "/Widget",
    "/FT": "/Sig",
    "/T": b"Seal",
    "/F": 1 << 2 | 1 << 7,  # Print and Locked (ISO 32000-1, table 165)
}
_IMAGE: dict[str, Value] = {"/Type": "/XObject", "/Subtype": "/Image"}
_PHOTO_SPACES = {"RGB": "/DeviceRGB", "L": "/DeviceGray"}
_SYMBOL_SIDES = range(21, 17 + 4 * qr.MAX_VERSION + 1, 4)
"""Modules on a side (ISO/IEC 18004, 6.1)."""


def differences(drawing: Drawing, page: Page, license_: License) -> Iterator[str]:
    """Yield how a drawing differs from that of a composed page; nothing if it does not.

    1. The catalog and the root of the page tree have no entry that ours have not: no
    action, no layers, no other boxes or rotation to inherit. 2. The page has the size
    of the paper and no entry more. 3. Its resources are the art, the symbol, the photo
    where there is one, and the fonts; the art has the paths that we draw, the images
    have no mask, and the symbol's consists of whole modules with an empty quiet zone.
    4. Every glyph has the outline and the width of the character it stands for. 5. The
    operators are ours, in our order. 6. The one annotation is the seal, in its box, and
    its picture is ours for the issuer's name.

    The symbol's text and the photo's bytes are compared elsewhere.

    Args:
        drawing: what was read.
        page: composed from the record, for a symbol of any size.
        license_: the record; names the issuer.

    Yields:
        One English phrase for each difference with the names of fields, never values.
    """
    if not (
        drawing.catalog <= _CATALOG
        and drawing.names <= {"/EmbeddedFiles"}
        and _same(_PREFERENCES, drawing.preferences)
        and _same(_TREE, drawing.tree)
    ):  # (1)
        yield "the catalog or the page tree has another entry"
    paper = (0, 0, page.ornament.width, page.ornament.height)
    if drawing.page.keys() != _PAGE or drawing.page["/Type"] != "/Page":  # (2)
        yield "the page has another entry"
    if not _same(paper, drawing.page.get("/MediaBox")):
        yield "size of the page"
    resources = _dictionary(drawing.page.get("/Resources"))
    if resources.keys() != {"/Font", "/XObject"}:  # (3)
        yield "the page has other resources"
    images = _dictionary(resources.get("/XObject"))
    yield from _image_differences(images, page)
    subsets = _subsets(page)
    yield from _font_differences(_dictionary(resources.get("/Font")), subsets)  # (4)
    content = drawing.page.get("/Contents")
    placed = _placed(page, images.get("/QR"))
    size = _photo_size(images.get("/Photo"))
    yield from _operator_differences(content, placed, subsets, size)  # (5)
    yield from _seal_differences(drawing.annotations, page, license_)  # (6)


def _same(expected: Value, seen: Value) -> bool:
    """Tell whether two values are equal but for the rounding of numbers."""
    if isinstance(expected, Content):
        return (
            isinstance(seen, Content)
            and _same(expected.entries, seen.entries)
            and _same_words(expected.data, seen.data)
        )
    if isinstance(expected, Mapping):
        return (
            isinstance(seen, Mapping)
            and expected.keys() == seen.keys()
            and all(_same(value, seen[key]) for key, value in expected.items())
        )
    if isinstance(expected, tuple):
        return (
            isinstance(seen, tuple)
            and len(expected) == len(seen)
            and all(map(_same, expected, seen))
        )
    if isinstance(expected, bool) or isinstance(seen, bool):
        return expected is seen
    if isinstance(expected, int | float) and isinstance(seen, int | float):
        return abs(expected - seen) <= TOLERANCE
    return expected == seen


def _same_words(expected: bytes, seen: bytes) -> bool:
    """Tell whether two content streams have the same operators and operands."""
    if expected == seen:
        return True
    if len(seen) > 2 * len(expected):
        return False  # before it is taken apart
    ours, theirs = (data.replace(b"\n", b" ").split(b" ") for data in (expected, seen))
    return len(ours) == len(theirs) and all(map(_same_word, ours, theirs))


def _same_word(expected: bytes, seen: bytes) -> bool:
    if expected == seen:
        return True
    if not (_NUMBER.fullmatch(expected) and _NUMBER.fullmatch(seen)):
        return False
    return abs(float(expected) - float(seen)) <= TOLERANCE


def _dictionary(value: Value) -> Mapping[str, Value]:
    """Return a dictionary, an empty one where there is none."""
    return value if isinstance(value, Mapping) else {}


def _image_differences(images: Mapping[str, Value], page: Page) -> Iterator[str]:
    """Yield what is wrong with the art and the images of a page."""
    names = {"/Art", "/QR"} | ({"/Photo"} if page.photo_box else set())
    if images.keys() != names:
        yield "the page has other images or forms"
    if not _same(_art(page), images.get("/Art")):
        yield "art of the page"
    if not _is_symbol(images.get("/QR")):
        yield "the QR symbol's image has other parts than its modules"
    if page.photo_box and _photo_size(images.get("/Photo")) is None:
        yield "photo is not shown as it is stored"


def _art(page: Page) -> Content:
    """Return the static art as the page shows it."""
    from elicense.document import art  # noqa: PLC0415  its drawing costs 80 ms to import

    entries: dict[str, Value] = {
        "/Type": "/XObject",
        "/Subtype": "/Form",
        "/BBox": (0, 0, page.ornament.width, page.ornament.height),
        "/Resources": {},
    }
    return Content(entries, zlib.decompress(art.draw(page.ornament)))


def _modules(symbol: Value) -> int | None:
    """Return the modules on a side that an image of our form has room for."""
    from elicense.document import PIXELS  # noqa: PLC0415  see _art

    if not isinstance(symbol, Content):
        return None
    for modules in _SYMBOL_SIDES:
        pixels = (modules + 2 * qr.QUIET_ZONE) * PIXELS
        entries: dict[str, Value] = {
            **_IMAGE,
            "/Width": pixels,
            "/Height": pixels,
            "/ColorSpace": "/DeviceGray",
            "/BitsPerComponent": 1,
            "/Interpolate": False,
        }
        if _same(entries, symbol.entries):
            return modules
    return None


def _is_symbol(symbol: Value) -> bool:
    """Tell whether an image consists of whole modules and an empty quiet zone."""
    from elicense.document import PIXELS  # noqa: PLC0415  see _art

    modules = _modules(symbol)
    if modules is None or not isinstance(symbol, Content):
        return False
    side = modules + 2 * qr.QUIET_ZONE
    stride = (side * PIXELS + 7) // 8
    if len(symbol.data) != side * PIXELS * stride:
        return False
    lines = [symbol.data[at : at + stride] for at in range(0, len(symbol.data), stride)]
    if any(lines[at] != lines[at - at % PIXELS] for at in range(len(lines))):
        return False
    # A module is PIXELS bits wide, so it is one hexadecimal digit.
    rows = [line.hex()[:side] for line in lines[::PIXELS]]
    edge, inner = qr.QUIET_ZONE, slice(qr.QUIET_ZONE, side - qr.QUIET_ZONE)
    light = "f" * edge
    return (
        all(row == "f" * side for row in (*rows[:edge], *rows[-edge:]))
        and all(row[:edge] == light == row[-edge:] for row in rows)
        and all(set(row) <= {"0", "f"} for row in rows[inner])
    )


def _photo_size(photo: Value) -> tuple[int, int] | None:
    """Return the size in pixels of a photo that is shown as its JPEG is."""
    if not isinstance(photo, Content):
        return None
    try:
        with Image.open(io.BytesIO(photo.data), formats=["JPEG"]) as image:
            size, mode = image.size, image.mode
    except (OSError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    entries: dict[str, Value] = {
        **_IMAGE,
        "/Width": size[0],
        "/Height": size[1],
        "/ColorSpace": _PHOTO_SPACES.get(mode),
        "/BitsPerComponent": 8,
        "/Filter": "/DCTDecode",
    }
    return size if _same(entries, photo.entries) else None


def _subsets(page: Page) -> dict[Typeface, Subset]:
    """Return a subset for every face of the page."""
    used: dict[Typeface, set[str]] = {}
    for run in page.runs:
        used.setdefault(run.typeface, set()).update(run.text)
    return {face: fonts.subset(face, chars) for face, chars in used.items()}


def _font_differences(
    seen: Mapping[str, Value], subsets: Mapping[Typeface, Subset]
) -> Iterator[str]:
    """Yield the fonts that would draw other characters than they stand for."""
    from elicense.document.content import FONT_NAMES  # noqa: PLC0415  see _art

    names = {f"/{FONT_NAMES[face]}": part for face, part in subsets.items()}
    if seen.keys() != names.keys():
        yield "the page has other fonts"
    for name, part in names.items():
        file, bounds = _embedded(seen.get(name))
        if not (
            file is not None
            and _near(part.bounds, bounds)
            and _same(_font(part, file, bounds), seen.get(name))
            and same_font(part, file.data)
        ):
            yield f"font {name[1:]}"


def _embedded(font: Value) -> tuple[Content | None, Value]:
    """Return the font file and the box that a font names."""
    below = _dictionary(font).get("/DescendantFonts")
    first = below[0] if isinstance(below, tuple) and below else None
    descriptor = _dictionary(_dictionary(first).get("/FontDescriptor"))
    file = descriptor.get("/FontFile2")
    return (file if isinstance(file, Content) else None), descriptor.get("/FontBBox")


def _near(expected: tuple[int, ...], seen: Value) -> bool:
    return (
        isinstance(seen, tuple)
        and len(seen) == len(expected)
        and all(
            isinstance(theirs, int) and abs(ours - theirs) <= _BOUNDS
            for ours, theirs in zip(expected, seen, strict=True)
        )
    )


def _font(part: Subset, file: Content, bounds: Value) -> dict[str, Value]:
    """Return the font dictionary of a subset; its file is compared by outlines."""
    name = f"/{part.name}"
    descriptor: dict[str, Value] = {
        "/Type": "/FontDescriptor",
        "/FontName": name,
        "/Flags": 4,
        "/FontBBox": bounds,
        "/ItalicAngle": 0,
        "/Ascent": part.metrics.ascent,
        "/Descent": part.metrics.descent,
        "/CapHeight": part.metrics.cap_height,
        "/StemV": 80,
        "/FontFile2": Content({"/Length1": len(file.data)}, file.data),
    }
    descendant: dict[str, Value] = {
        "/Type": "/Font",
        "/Subtype": "/CIDFontType2",
        "/BaseFont": name,
        "/CIDSystemInfo": {
            "/Registry": b"Adobe",
            "/Ordering": b"Identity",
            "/Supplement": 0,
        },
        "/FontDescriptor": descriptor,
        "/DW": EM,
        "/W": (0, part.widths),
        "/CIDToGIDMap": "/Identity",
    }
    return {
        "/Type": "/Font",
        "/Subtype": "/Type0",
        "/BaseFont": name,
        "/Encoding": "/Identity-H",
        "/DescendantFonts": (descendant,),
        "/ToUnicode": Content({}, fonts.to_unicode(part)),
    }


def _placed(page: Page, symbol: Value) -> Page:
    """Return the page with its symbol as large as its modules need.

    The symbol grows to the right and up, and its caption keeps to its middle.
    """
    left, bottom, right, _ = page.qr_box
    wanted = (right - left) / POINTS_PER_MM
    side = qr.printed_width_mm(_modules(symbol) or 0, wanted) * POINTS_PER_MM
    shift = (left + side - right) / 2
    box: Box = (left, bottom, left + side, bottom + side)
    runs = (
        replace(run, x=run.x + shift) if run.field == "caption" else run
        for run in page.runs
    )
    return replace(page, qr_box=box, runs=tuple(runs))


def _operator_differences(
    seen: Value,
    page: Page,
    subsets: Mapping[Typeface, Subset],
    photo_size: tuple[int, int] | None,
) -> Iterator[str]:
    """Yield the fields whose text is not drawn as composed, or that other things are.

    A line of the stream holds one step of the drawing.
    """
    from elicense.document.content import content  # noqa: PLC0415  see _art

    if not isinstance(seen, Content) or seen.entries:
        yield "the page has another content stream"
        return
    whole = content(page, subsets, photo_size)
    if seen.data.count(b"\n") != whole.count(b"\n"):
        yield "the page has other operators"
        return
    expected, steps = whole.split(b"\n"), seen.data.split(b"\n")
    before = len(expected) - len(page.runs) - 2  # two lines follow the text
    fields = [run.field for run in page.runs]
    owners = [*["the page"] * before, *fields, *["the page"] * 2]
    touched = {
        owner: None
        for owner, ours, theirs in zip(owners, expected, steps, strict=True)
        if not _same_words(ours, theirs)
    }
    yield from (f"drawing of {owner}" for owner in touched)


def _seal_differences(
    notes: tuple[Value, ...], page: Page, license_: License
) -> Iterator[str]:
    """Yield what is wrong with the one annotation of a page, the seal."""
    if len(notes) != 1:
        yield f"{len(notes)} annotations on the page instead of the seal alone"
        return
    widget = dict(_dictionary(notes[0]))
    looks, box = widget.pop("/AP", None), widget.pop("/Rect", None)
    if not _same(_WIDGET, widget):
        yield "the annotation is not the seal"
    if not _same(page.seal_box, box):
        yield "place of the seal"
    if not _is_seal(_dictionary(looks), license_.issuer.name):
        yield "picture of the seal"


def _is_seal(looks: Mapping[str, Value], name: str) -> bool:
    """Tell whether an appearance is a seal of ours for an organ, of any diameter."""
    seen = looks.get("/N")
    if len(looks) != 1 or not isinstance(seen, Content):
        return False
    box = seen.entries.get("/BBox")
    if not isinstance(box, tuple) or len(box) != 4:  # noqa: PLR2004  a rectangle
        return False
    right = box[2]
    if not isinstance(right, int | float):
        return False
    diameter = round(right / POINTS_PER_MM, 2)
    if not DIAMETER_MIN <= diameter <= DIAMETER_MAX:
        return False
    arts = (_seal_art(name, notice, diameter) for notice in (TEST_NOTICE, ""))
    return any(art is not None and _same(art, seen) for art in arts)


@functools.lru_cache(maxsize=64)
def _seal_art(name: str, notice: str, diameter: float) -> Content | None:
    """Return the picture of a seal; None where no seal can be drawn for the name."""
    try:
        drawn = seal_image.draw(SealSpec(name, notice=notice, diameter_mm=diameter))
    except ValueError:
        return None
    return form(drawn)
