"""What a composed page is made of: frozen shapes in points, y upwards (ISO 32000-1).

A page holds nothing but values, so that two pages can be compared and a page can be
drawn, read back and checked against the license it was made from.
"""

from dataclasses import dataclass

from elicense.fonts import Typeface

POINTS_PER_MM = 72 / 25.4

Box = tuple[float, float, float, float]
"""left, bottom, right, top in points."""
Colour = tuple[int, int, int]
"""red, green, blue of sRGB, 0 to 255."""


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


@dataclass(frozen=True, slots=True)
class Ornament:
    """All of a page that does not depend on the license; drawn once and kept.

    Attributes:
        width: of the page in points.
        height: of the page in points.
        theme: its colours.
        card: box of the card image on the page; None for a certificate.
        watermark: large pale characters under the content; empty for none.
    """

    width: float
    height: float
    theme: Theme
    card: Box | None
    watermark: str


@dataclass(frozen=True, slots=True)
class Page:
    """One composed page.

    Attributes:
        title: the license's title, for the document's properties.
        ornament: the static art.
        lines: drawn over the ornament, in order.
        runs: the text, in drawing order.
        qr_box: of the QR symbol with its quiet zone.
        photo_box: room for the photo; None where the license has none.
        seal_box: where the seal goes.
    """

    title: str
    ornament: Ornament
    lines: tuple[Line, ...]
    runs: tuple[Run, ...]
    qr_box: Box
    photo_box: Box | None
    seal_box: Box

    @property
    def text(self) -> str:
        """Return all text in drawing order with white space removed."""
        return "".join(part for run in self.runs for part in run.text.split())
