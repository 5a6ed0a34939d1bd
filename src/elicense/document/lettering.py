"""Which fonts the runs of a page are drawn with, where some fonts are made beforehand.

A type brings characters of its own: its title, labels and notices, and with them the
digits and capital letters of every number. They stand in fixed fonts, which all
licenses of the type share. What else a license shows goes into fresh fonts.
"""

import dataclasses
import functools
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from elicense.catalog import LicenseType
from elicense.document.content import Lettering, Piece
from elicense.document.sheet import Sheet
from elicense.fonts import Face, Subset, Typeface, face, subset
from elicense.layout.form import CAPTION, IDENTIFIER, SPECIMEN_NOTE

_NUMBERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-./:()"
_DATES = "年月日至长期（）：；、，。无"
_FOOT = CAPTION + SPECIMEN_NOTE + IDENTIFIER
_KEPT = 64
"""Types whose fixed fonts are kept; each takes some 50 KB."""
_FIXED_NAMES = {Typeface.SERIF: "F1", Typeface.SANS: "F2"}


@dataclass(frozen=True, slots=True)
class Lettered:
    """The fonts of a page.

    Attributes:
        fonts: resource name -> font, the fixed ones first.
        fresh: names of the fonts that only this license has.
        faces: the faces of those, in the same order.
        pieces: of every run of each page, in order.
    """

    fonts: Mapping[str, Subset]
    fresh: tuple[str, ...]
    faces: tuple[Face, ...]
    pieces: tuple[Lettering, ...]


def letter(laid_out: Sheet, fixed: Mapping[Face, tuple[str, Subset]]) -> Lettered:
    """Return the fonts of a page.

    A piece is drawn with a fixed font where that has all of its characters.

    Args:
        laid_out: the page and its faces.
        fixed: name and subset of the fixed font of a face.
    """
    cut = [
        [
            [
                (chosen, text, _known(fixed, chosen, text))
                for chosen, text in laid_out.faces.pieces(run.text, run.typeface)
            ]
            for run in page.runs
        ]
        for page in laid_out.pages
    ]
    wanted: dict[Face, list[str]] = {}
    for chosen, text, known in _flat(cut):
        if known is None:
            wanted.setdefault(chosen, []).append(text)
    faces = tuple(sorted(wanted, key=_order))
    fresh = {
        chosen: (f"F{number}", subset(chosen, "".join(wanted[chosen])))
        for number, chosen in enumerate(faces, len(_FIXED_NAMES) + 1)
    }
    pieces = tuple(
        [
            [Piece(*(known or fresh[chosen]), text) for chosen, text, known in parts]
            for parts in page
        ]
        for page in cut
    )
    made = dict(fresh.values())
    fonts = MappingProxyType({**dict(fixed.values()), **made})
    return Lettered(fonts, tuple(made), faces, pieces)


_Cut = tuple[Face, str, tuple[str, Subset] | None]
"""A part of a run: its face, its text, and the fixed font that has it."""


def _flat(pages: list[list[list[_Cut]]]) -> Iterator[_Cut]:
    """Yield the parts of all runs of all pages."""
    for page in pages:
        for parts in page:
            yield from parts


@functools.lru_cache(maxsize=_KEPT)
def fixed_fonts(license_type: LicenseType) -> Mapping[Face, tuple[str, Subset]]:
    """Return the fixed fonts of a type: main face of each role -> name and subset.

    They depend on the type alone, so that the same parts give the same bytes in
    whatever order licenses are printed.
    """
    return MappingProxyType(
        {
            face(role): (name, _fixed_font(role, _texts(license_type, role)))
            for role, name in _FIXED_NAMES.items()
        }
    )


def _fixed_font(role: Typeface, texts: str) -> Subset:
    chosen = face(role)
    made = subset(chosen, (char for char in set(texts) if chosen.has(char)))
    # Made once, so that the greatest effort costs nothing.
    return dataclasses.replace(made, deflated=zlib.compress(made.data, 9))


def _texts(license_type: LicenseType, role: Typeface) -> str:
    """Return all characters that the type itself may print in a role."""
    layouts = [item.layout for item in license_type.presentations]
    if role is Typeface.SANS:
        notices = [layout.get("notices") for layout in layouts]
        return "".join((*_strings(notices), _NUMBERS, _FOOT))
    labels = [rule.label.zh for rule in license_type.fields]
    choices = [text for rule in license_type.fields for text in rule.choices]
    head = (license_type.title, license_type.number_label, license_type.holder_label)
    rest = [{k: v for k, v in layout.items() if k != "notices"} for layout in layouts]
    return "".join(
        (
            *(text.zh for text in head),
            *labels,
            *choices,
            *(item.name for item in license_type.presentations),
            *_strings(rest),
            _NUMBERS,
            _DATES,
        )
    )


def _strings(value: object) -> Iterator[str]:
    """Yield every text in a layout table."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)


def _known(
    fixed: Mapping[Face, tuple[str, Subset]], chosen: Face, text: str
) -> tuple[str, Subset] | None:
    """Return the fixed font of a face, if it has all characters of a text."""
    known = fixed.get(chosen)
    if known is None or not known[1].glyph_ids.keys() >= set(text):
        return None
    return known


def _order(chosen: Face) -> tuple[str, int]:
    """Return what puts faces in an order that no license decides."""
    return chosen.name, chosen.fingerprint
