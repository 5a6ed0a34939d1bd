"""What lies where it must not on a composed page, from the page's own geometry.

The page says of every text where it must stay (`Run.room`), and where symbols, photo
and seal are. Whether it does is worked out here from advance widths and the em square,
by no code that set the text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from elicense.fonts import STANDARD, FontSet
from elicense.layout.primitives import Box, Page, Run
from elicense.model import Text

ABOVE, BELOW = 0.86, 0.12
"""How far ideographs reach from the baseline, in parts of the type size."""
SLACK = 0.8
"""Points by which boxes may touch."""
NARROWEST = 0.6
"""Smallest horizontal scale of a text that can still be read with ease."""
_OF = ":"
"""Stands between ``label`` and the key of the field whose label it is."""
_UNDER_SEAL = frozenset({"issuer", "issue_date", "label:issuer"})
"""The only texts under the seal (骑年盖月)."""
_SEAL, _QR, _CODE, _PHOTO = "(seal)", "(qr)", "(code)", "(photo)"
_NAMES = {
    _SEAL: Text("印章", "the seal"),
    _QR: Text("二维码", "the QR symbol"),
    _CODE: Text("外部码", "the foreign code"),
    _PHOTO: Text("照片", "the photo"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that lies where it must not.

    Attributes:
        page: from 1.
        message: what, by the keys of fields; no values.
    """

    page: int
    message: Text


def faults(pages: Sequence[Page], *, faces: FontSet = STANDARD) -> tuple[Fault, ...]:
    """Return what lies where it must not; empty where all is well.

    1. Every text lies inside of its room and of the paper. 2. No two texts overlap.
    3. No text lies over or under a symbol, the photo or the seal, but issuer and day
    under the seal. 4. Symbols, photo and seal are on the paper and overlap nothing.
    5. No text is narrowed to less than `NARROWEST`.

    Args:
        pages: of one license.
        faces: that they were composed with.
    """
    return tuple(
        dict.fromkeys(
            Fault(number, message)
            for number, page in enumerate(pages, 1)
            for message in _faults(page, faces)
        )
    )


def _faults(page: Page, faces: FontSet) -> Iterator[Text]:
    """Yield what is wrong with one page."""
    paper = (0.0, 0.0, page.ornament.width, page.ornament.height)
    texts = [(run.field, extent(run, faces)) for run in page.runs]
    for run, (_, box) in zip(page.runs, texts, strict=True):
        yield from _unfit(run, box)
    things = [*texts, *_solid(page)]
    for name, box in things:
        if not _inside(box, paper):
            one = told(name)
            yield Text(f"{one.zh} 超出纸面", f"{one.en} is outside of the paper")
    for (name, first), (other, second) in combinations(things, 2):
        under = other == _SEAL and name in _UNDER_SEAL
        if not under and _overlap(first, second):
            a, b = told(name), told(other)
            yield Text(f"{a.zh} 与 {b.zh} 重叠", f"{a.en} and {b.en} overlap")


def _unfit(run: Run, box: Box) -> Iterator[Text]:
    """Yield how a text does not fit its own room."""
    one = told(run.field)
    if run.room is not None and not _inside(box, run.room):
        yield Text(f"{one.zh} 超出其版位", f"{one.en} is outside of its box")
    if run.stretch < NARROWEST:
        percent = f"{run.stretch:.0%}"
        yield Text(
            f"{one.zh} 被压窄至 {percent}，请加宽版位或缩短文字",
            f"{one.en} is narrowed to {percent}: give it more room or a shorter text",
        )


def told(name: str) -> Text:
    """Return what the field of a run is called in a message.

    Args:
        name: such as ``place`` or ``label:place``.
    """
    kind, _, key = name.rpartition(_OF)
    if kind:
        return Text(f"{key} 的标签", f"the label of {key}")
    return _NAMES.get(name, Text(name, name))


def crowded(pages: Sequence[Page]) -> tuple[Fault, ...]:
    """Return whose boxes share room although their texts do not (yet).

    Args:
        pages: of one license.
    """
    found: dict[Fault, None] = {}
    for number, page in enumerate(pages, 1):
        boxes = {(run.field.rpartition(_OF)[2], run.room): None for run in page.runs}
        for (one, first), (other, second) in combinations(boxes, 2):
            if one == other or first is None or second is None:
                continue
            if _overlap(first, second):
                message = Text(
                    f"{one} 与 {other} 的版位重叠",
                    f"the boxes of {one} and {other} overlap",
                )
                found[Fault(number, message)] = None
    return tuple(found)


def _solid(page: Page) -> list[tuple[str, Box]]:
    """Return what is not text: symbols, photo, seal."""
    boxes = {
        _QR: page.qr_box,
        _CODE: page.code_box,
        _PHOTO: page.photo_box,
        _SEAL: page.seal_box,
    }
    return [(name, box) for name, box in boxes.items() if box is not None]


def extent(run: Run, faces: FontSet) -> Box:
    """Return the box in points that the characters of a run fill.

    Args:
        run: on a page.
        faces: that it is set with.
    """
    natural = faces.width(run.text, run.typeface, run.size)
    spaces = run.spacing * (len(run.text) - 1)
    right = run.x + (natural + spaces) * run.stretch
    return (run.x, run.y - BELOW * run.size, right, run.y + ABOVE * run.size)


def _inside(box: Box, room: Box) -> bool:
    """Tell whether a box lies inside of another."""
    return (
        box[0] >= room[0] - SLACK
        and box[1] >= room[1] - SLACK
        and box[2] <= room[2] + SLACK
        and box[3] <= room[3] + SLACK
    )


def _overlap(first: Box, second: Box) -> bool:
    """Tell whether two boxes share more than an edge."""
    return (
        min(first[2], second[2]) - max(first[0], second[0]) > SLACK
        and min(first[3], second[3]) - max(first[1], second[1]) > SLACK
    )
