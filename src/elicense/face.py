"""The printed face of a PDF, held against the pages that its record composes to.

What a person sees is text, a symbol and a photo, and it takes more than these to see
them: none may be out of sight, and nothing may lie over them. None of it depends on how
the bytes were written, so that a page of another writer of ours, of today or of long
ago, passes (docs/formats/pdf.md, section 9).
"""

import difflib
import itertools
from collections.abc import Iterator, Sequence

from elicense import payload, qr
from elicense.drawing import (
    MAX_BYTES,
    MAX_OBJECTS,
    MAX_TEXT,
    Face,
    Letter,
    Shown,
    Side,
    read,
)
from elicense.fonts import EM, STANDARD, FontSet
from elicense.layout import Box, Colour, Page, Run
from elicense.layout.primitives import POINTS_PER_MM
from elicense.model import License
from elicense.structure import MAX_PAGES
from esign.errors import MalformedError

__all__ = [
    "MAX_BYTES",
    "MAX_OBJECTS",
    "MAX_PAGES",
    "MAX_TEXT",
    "Face",
    "Letter",
    "Shown",
    "Side",
    "compare",
    "read",
]

PLACE = 0.5
"""Largest difference of the page's size, the seal's box, heights and type sizes, in
points."""
SHIFT = 0.5
"""The same along a line, in parts of the type size: widths are those of a font."""
STRETCH = 0.05
"""The same of a horizontal scale."""
SHADE = 2
"""The same of one of 255 steps of a colour."""
EDGE = 1.0
"""The same of an edge of the symbol or the photo, in points."""

_FACES = STANDARD.for_reading()
"""Whoever drew a page may have had faces for more ideographs than we have."""
_NOWHERE: Box = (0.0, 0.0, 0.0, 0.0)
_NOTHING = Shown(_NOWHERE, None)
_EXTRA = "text that is not on the composed page"
_ALIGNED = 300
"""Characters between the first difference and the last that are aligned one by one; the
time for that grows faster than their square."""


def compare(
    face: Face,
    pages: Sequence[Page],
    license_: License,
    token: bytes,
    *,
    faces: FontSet = _FACES,
) -> tuple[str, ...]:
    """Return how a face differs from what it should be; empty where it does not.

    1. As many pages as composed, each of the composed size. 2. No fault: no entry in
    the pages' dictionaries, no hidden, clipped or turned text and no order of drawing
    that ours have not. 3. One annotation, the seal, in its box on the first page. 4.
    The whole text of each page is that of the composed one. 5. Every character has its
    place, type size and colour. 6. Exactly one symbol of ours, which spells the token
    and is what its image shows, in its box; likewise a foreign code as the record has
    it, in its slot. 7. The photo is the
    one of the record, in its box. 8. No other image.

    Not compared: static art, the seal's picture, outlines of glyphs, metadata.

    Args:
        face: what was read.
        pages: composed from the record, for a symbol of any size.
        license_: the record.
        token: bytes of the token.
        faces: what the pages were composed with.

    Returns:
        One English phrase for each difference with the names of fields, never values.
    """
    differences = []
    if len(face.sides) != len(pages):  # (1)
        differences.append(f"{len(face.sides)} pages instead of {len(pages)}")
    differences += face.faults  # (2)
    if not _near(face.seal, pages[0].seal_box or _NOWHERE, PLACE):  # (3)
        differences.append("place of the seal")
    code = license_.draft.external_qr
    for side, page in zip(face.sides, pages, strict=False):
        differences += _side_differences(side, page, faces)
        differences += _symbol_differences(side, page, code, token)  # (6)
    differences += _code_differences(face, pages, license_, token)  # (6)
    photo = license_.draft.photo
    if face.photo_sha256 != (photo.sha256 if photo else None):  # (7)
        differences.append("photo")
    return tuple(dict.fromkeys(differences))


def _side_differences(side: Side, page: Page, faces: FontSet) -> Iterator[str]:
    """Yield how one page differs."""
    size = (0, 0, page.ornament.width, page.ornament.height)
    if not _near(side.paper, size, PLACE):  # (1)
        yield "size of the page"
    text_differences = tuple(_text_differences(side.text, page))  # (4)
    yield from text_differences or _letter_differences(side, page, faces)  # (5)
    photos = [page.photo_box] if page.photo_box is not None else []
    if len(side.photos) != len(photos) or not all(map(_fills, side.photos, photos)):
        yield "place of the photo"  # (7)
    images = len(side.symbols) + len(side.photos)
    expected = len(photos) + sum(
        box is not None for box in (page.qr_box, page.code_box)
    )
    if images != expected:  # (8)
        yield f"{images} images on the page"


def _near(seen: Box | None, expected: Sequence[float], tolerance: float) -> bool:
    """Tell whether a box is where it should be."""
    return seen is not None and all(
        abs(ours - theirs) <= tolerance
        for ours, theirs in zip(expected, seen, strict=True)
    )


def _fills(seen: Box, room: Box) -> bool:
    """Tell whether a photo is as large as it can be inside of its room."""
    gaps = [abs(ours - theirs) <= EDGE for ours, theirs in zip(room, seen, strict=True)]
    inside = (
        min(seen[0] - room[0], seen[1] - room[1], room[2] - seen[2], room[3] - seen[3])
        >= -EDGE
    )
    return inside and ((gaps[0] and gaps[2]) or (gaps[1] and gaps[3]))


def _text_differences(seen: str, page: Page) -> Iterator[str]:
    """Yield the fields whose text is not as composed."""
    expected = page.text
    if seen == expected:
        return
    if len(seen) > 2 * len(expected) + 200:
        yield _EXTRA
        return
    owners = [run.field for run in page.runs for part in run.text.split() for _ in part]
    touched: dict[str, None] = {}
    for kind, start, end in _edits(expected, seen):
        if kind == "insert":
            touched[owners[start - 1] if start else _EXTRA] = None
        elif kind != "equal":
            touched.update(dict.fromkeys(owners[start:end]))
    yield from (f"text of {owner}" if owner != _EXTRA else owner for owner in touched)


def _edits(expected: str, seen: str) -> Iterator[tuple[str, int, int]]:
    """Yield what was done to which part of a text, in bounded time."""
    start = _common(expected, seen)
    ours, theirs = expected[start:], seen[start:]
    same = _common(ours[::-1], theirs[::-1])
    ours, theirs = ours[: len(ours) - same], theirs[: len(theirs) - same]
    if max(len(ours), len(theirs)) > _ALIGNED:
        yield "replace" if ours else "insert", start, start + len(ours)
        return
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    for kind, first, last, _, _ in matcher.get_opcodes():
        yield kind, start + first, start + last


def _common(first: str, second: str) -> int:
    """Return how many characters two texts begin with in common."""
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _letter_differences(side: Side, page: Page, faces: FontSet) -> Iterator[str]:
    """Yield the fields whose characters are not drawn as composed.

    The symbol is composed for a usual token; it grows to the right and up with its own,
    and its caption keeps to its middle.
    """
    grown = 0.0
    if page.qr_box is not None and side.symbols:
        symbol = side.symbols[0].box
        grown = (symbol[2] - symbol[0]) - (page.qr_box[2] - page.qr_box[0])
    letters = iter(side.letters)
    touched: dict[str, None] = {}
    for run in page.runs:
        shift = grown / 2 if run.field == "caption" else 0
        expected = list(_letters(run, shift, faces))
        seen = list(itertools.islice(letters, len(expected)))
        places = [letter.x for letter in seen]
        if places != sorted(places) or not all(map(_alike, expected, seen)):
            touched[f"drawing of {run.field}"] = None
    yield from touched


def _letters(run: Run, shift: float, faces: FontSet) -> Iterator[Letter]:
    """Yield the characters of a run as they should be drawn."""
    advances, x = faces.advances(run.typeface), run.x + shift
    for char in run.text:
        if not char.isspace():
            yield Letter(char, x, run.y, run.size, run.stretch, run.colour)
        width = advances[char] * run.size / EM
        x += run.stretch * (width + run.spacing)


def _alike(expected: Letter, seen: Letter) -> bool:
    """Tell whether a character is drawn as it should be."""
    return (
        abs(seen.x - expected.x) <= SHIFT * expected.size
        and abs(seen.y - expected.y) <= PLACE
        and abs(seen.size - expected.size) <= PLACE
        and abs(seen.stretch - expected.stretch) <= STRETCH
        and _same_colour(seen.colour, expected.colour)
    )


def _same_colour(seen: Colour, expected: Colour) -> bool:
    """Tell whether two colours differ by rounding alone."""
    return all(
        abs(theirs - ours) <= SHADE for theirs, ours in zip(seen, expected, strict=True)
    )


def _symbol_differences(
    side: Side, page: Page, code: str | None, token: bytes
) -> Iterator[str]:
    """Yield what is wrong with the symbols of a page, each in its box."""
    symbols = list(side.symbols)
    if page.qr_box is not None:
        shown = symbols.pop(0) if symbols else _NOTHING
        left, bottom, _, _ = page.qr_box
        least, most = (
            qr.printed_width_mm(17 + 4 * version, page.qr_mm) * POINTS_PER_MM
            for version in (1, qr.MAX_VERSION)
        )
        wide = min(max(shown.box[2] - shown.box[0], least), most)
        if not _near(shown.box, (left, bottom, left + wide, bottom + wide), EDGE):
            yield "place of the QR symbol"
        if not _spells(shown.text, token):
            yield "the QR symbol's image does not show the token"
    if page.code_box is not None:
        shown = symbols.pop(0) if symbols else _NOTHING
        if not _near(shown.box, page.code_box, EDGE):
            yield "place of the foreign code"
        if shown.text is None or shown.text != code:
            yield "the foreign code's image does not show the one of the record"


def _spells(text: str | None, token: bytes) -> bool:
    """Tell whether the text of a symbol is a carrier of a token."""
    if text is None:
        return False
    try:
        return payload.read_qr_text(text) == token
    except MalformedError:
        return False


def _code_differences(
    face: Face, pages: Sequence[Page], license_: License, token: bytes
) -> Iterator[str]:
    """Yield what is wrong with what the symbols say.

    Other foreign ones are not ours to judge: the art of a type may have some.
    """
    tokens, foreign = [], []
    for text in face.qr_texts:
        try:
            tokens.append(payload.read_qr_text(text))
        except payload.NotOursError:
            foreign.append(text)
        except MalformedError:
            tokens.append(b"")
    if len(tokens) != 1:
        yield f"{len(tokens)} QR symbols of this format instead of one"
    elif tokens[0] != token:
        yield "the QR symbol is of another license"
    has_code = any(page.code_box is not None for page in pages)
    if has_code and license_.draft.external_qr not in foreign:
        yield "the foreign code is not the one of the record"
