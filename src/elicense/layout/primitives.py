"""What a composed page is made of: frozen shapes in points, y upwards (ISO 32000-1).

A page holds nothing but values, so that two pages can be compared and a page can be
drawn, read back and checked against the license it was made from.
"""

import enum
from dataclasses import dataclass

from elicense.fonts import Typeface

POINTS_PER_MM = 72 / 25.4

Box = tuple[float, float, float, float]
"""left, bottom, right, top in points."""
Colour = tuple[int, int, int]
"""red, green, blue of sRGB, 0 to 255."""
INK: Colour = (24, 24, 26)
"""Of what a license says."""
GREY: Colour = (96, 96, 96)
"""Of what is said beside it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One line of text in one style.

    Attributes:
        field: what it shows: a field's key, or ``label:`` and the key, or its part of
            the page, such as ``title``.
        text: the characters, in reading order.
        x: left end of the baseline in points.
        y: height of the baseline in points.
        size: type size in points.
        typeface: the face.
        colour: of the text.
        spacing: extra points after every character.
        stretch: horizontal scale, 1 is natural.
        stroke: width of the outline in points; 0 for none.
        room: where it must stay, in points; None for a run at no place yet.
    """

    field: str
    text: str
    x: float
    y: float
    size: float
    typeface: Typeface
    colour: Colour
    spacing: float = 0.0
    stretch: float = 1.0
    stroke: float = 0.0
    room: Box | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line.

    Attributes:
        start: x and y in points.
        end: x and y in points.
        width: in points.
        colour: of the line.
        dots: length of dots and gaps in points; 0 for a solid line.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    width: float
    colour: Colour
    dots: float = 0.0


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a type's page; red is left to the seal.

    Attributes:
        name: as the type's layout table writes it.
        frame: of frames, title and labels.
        line: of fine ornament.
        tint: of the paper, at most 8 % of the frame's colour.
    """

    name: str
    frame: Colour
    line: Colour
    tint: Colour


class Frame(enum.StrEnum):
    """What is drawn around the content of a page where the type has no own art.

    CERTIFICATE: a double frame with a band of guilloche, or with a card in it. FRONT,
    BACK: the sides of a card that is the page itself. PLAIN: a double frame.
    """

    CERTIFICATE = "certificate"
    FRONT = "front"
    BACK = "back"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Ornament:
    """All of a page that does not depend on the license; drawn once and kept.

    Attributes:
        width: of the page in points.
        height: of the page in points.
        theme: its colours.
        frame: what is drawn around the content.
        card: box of the card image on the page; None for a certificate.
        watermark: large pale characters under the content; empty for none.
        is_own: the type's own art is drawn instead, where it has some.
    """

    width: float
    height: float
    theme: Theme
    frame: Frame
    card: Box | None
    watermark: str
    is_own: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One composed page of a license.

    Attributes:
        ornament: the static art.
        lines: drawn over the ornament, in order.
        runs: the text, in drawing order.
        qr_box: of the QR symbol with its quiet zone; None on a page without it.
        qr_mm: its least side in millimetres; it is larger where the modules need it.
        code_box: of the symbol of a foreign code; None on a page without one.
        photo_box: room for the photo; None on a page without one.
        seal_box: where the seal goes; None on all pages but the first.
    """

    ornament: Ornament
    lines: tuple[Line, ...]
    runs: tuple[Run, ...]
    qr_box: Box | None = None
    qr_mm: float = 0.0
    code_box: Box | None = None
    photo_box: Box | None = None
    seal_box: Box | None = None

    @property
    def text(self) -> str:
        """Return all text in drawing order with white space removed."""
        return "".join(part for run in self.runs for part in run.text.split())
