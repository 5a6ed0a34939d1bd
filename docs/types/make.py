# ruff: noqa: INP001, T201  a script beside what it makes, which tells what it did
"""Draw every page of every built-in type, and write the pages that show them.

Usage: python docs/types/make.py

Each type, version, presentation and content is printed as `elicense types check` prints
it, at a fixed instant. A picture that is there is replaced only where it shows
something else: tests/test_golden.py holds the pages against these pictures, by the same
rule.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
from PIL import Image, ImageChops, ImageDraw

from elicense import proof
from elicense.catalog import Catalog, FieldRule, LicenseType
from elicense.catalog.examples import Content
from elicense.layout import Box, Page

AT = datetime(2026, 11, 21, 1, tzinfo=UTC)
HERE = Path(__file__).resolve().parent
IMAGES = HERE / "images"
PIXELS_PER_POINT = {Content.TYPICAL: 1.15}
"""How large pages are drawn; others at `SMALL`."""
SMALL = 0.62
COLOURS = 64
STEP = 72
"""Difference of a pixel, of 255 in any colour, from which on it counts."""
MOST = 12
"""Pixels of a page that may differ: rounding of another build of the renderer."""


@dataclass(frozen=True)
class Picture:
    """One page of a trial.

    Attributes:
        name: of its file.
        trial: what it is a page of.
        number: of the page, from 1.
        image: as drawn, in few colours.
        symbol: box of the QR in pixels, which differs from run to run; None without.
    """

    name: str
    trial: proof.Trial
    number: int
    image: Image.Image
    symbol: tuple[int, int, int, int] | None


def pictures(license_type: LicenseType) -> Iterator[Picture]:
    """Yield every page of a type."""
    names = [item.name for item in license_type.presentations]
    for trial in proof.prove(license_type, AT):
        scale = PIXELS_PER_POINT.get(trial.content, SMALL)
        stem = f"{license_type.name}.{license_type.version}"
        side = names.index(trial.presentation) + 1
        for number, image in enumerate(drawn(trial.pdf, scale), 1):
            symbol = _pixels(trial.pages[number - 1], scale)
            name = f"{stem}-{side}-{trial.content}-{number}.png"
            yield Picture(name, trial, number, _few_colours(image, symbol), symbol)


def _few_colours(
    image: Image.Image, symbol: tuple[int, int, int, int] | None
) -> Image.Image:
    """Return a page in few colours, which the symbol has no say in."""
    bare = _without(image, symbol)
    palette = bare.quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def _without(
    image: Image.Image, symbol: tuple[int, int, int, int] | None
) -> Image.Image:
    """Return a page without its symbol, which differs from run to run."""
    bare = image.copy()
    if symbol is not None:
        ImageDraw.Draw(bare).rectangle(symbol, fill="white")
    return bare


def drawn(pdf: bytes, scale: float) -> Iterator[Image.Image]:
    """Yield the pages of a PDF, ``scale`` pixels a point."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            image = page.render(scale=scale).to_pil().convert("RGB")
            page.close()
            yield image
    finally:
        document.close()


def _pixels(page: Page, scale: float) -> tuple[int, int, int, int] | None:
    """Return the box of the page's symbol in pixels from the upper left corner."""
    box: Box | None = page.qr_box
    if box is None:
        return None
    height = page.ornament.height
    left, bottom, right, top = box
    return (
        int(left * scale) - 2,
        int((height - top) * scale) - 2,
        int(right * scale) + 2,
        int((height - bottom) * scale) + 2,
    )


def differing(old: Image.Image, new: Picture) -> int:
    """Return how many pixels differ, the symbol apart; all of them at another size."""
    if old.size != new.image.size:
        return old.size[0] * old.size[1]
    first = _without(old.convert("RGB"), new.symbol)
    second = _without(new.image.convert("RGB"), new.symbol)
    bands = ImageChops.difference(first, second).split()
    most = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    return sum(most.histogram()[STEP:])


def save(picture: Picture) -> bool:
    """Write a picture unless the one that is there shows the same; tell whether."""
    path = IMAGES / picture.name
    if path.exists():
        with Image.open(path) as old:
            if differing(old, picture) <= MOST:
                return False
    out = io.BytesIO()
    picture.image.save(out, "PNG", optimize=True)
    path.write_bytes(out.getvalue())
    return True


def page_of(versions: list[LicenseType], found: list[list[Picture]]) -> str:
    """Return the Markdown page of a type, its newest version first."""
    newest = versions[0]
    lines = [f"# {newest.title.zh} ({newest.title.en})", ""]
    lines += [
        f"`{newest.name}`, {len(versions)} version(s). Made by docs/types/make.py:"
    ]
    lines += [
        "all names, codes and seals are invented; no page is an official form.",
        "",
    ]
    for version, shown in zip(versions, found, strict=True):
        lines += [f"## Version {version.version}", ""]
        lines += ["| field | label | kind | |", "|---|---|---|---|"]
        lines += map(_field, version.fields)
        lines.append("")
        for presentation in version.presentations:
            title = presentation.name or "the page"
            lines += [f"### {title}", ""]
            lines += _shown(presentation.name, shown)
    return "\n".join(lines) + "\n"


def _field(rule: FieldRule) -> str:
    """Return one row of the table of fields."""
    notes = [] if rule.required else ["optional"]
    notes += ["in the QR"] if rule.in_qr else []
    label = f"{rule.label.zh} ({rule.label.en})"
    return f"| `{rule.key}` | {label} | {rule.kind} | {', '.join(notes)} |"


def _shown(presentation: str, shown: list[Picture]) -> Iterator[str]:
    """Yield the pictures of a presentation: the usual content, then the others."""
    for content in (Content.TYPICAL, Content.MINIMUM, Content.MAXIMUM):
        here = [
            item
            for item in shown
            if item.trial.content is content and item.trial.presentation == presentation
        ]
        yield f"{_CONTENT[content]}:"
        yield ""
        yield " ".join(f"![{item.name}](images/{item.name})" for item in here)
        yield ""


_CONTENT = {
    Content.MINIMUM: "Least content",
    Content.TYPICAL: "Usual content",
    Content.MAXIMUM: "Greatest content",
}


def main() -> None:
    """Draw what changed and write the pages."""
    IMAGES.mkdir(exist_ok=True)
    catalog = Catalog.builtin()
    kept, changed = set(), 0
    for name in catalog.names():
        versions = [item for item in catalog.types() if item.name == name][::-1]
        found = [list(pictures(version)) for version in versions]
        for picture in (item for shown in found for item in shown):
            kept.add(picture.name)
            changed += save(picture)
        text = page_of(versions, found)
        (HERE / f"{name}.md").write_text(text, encoding="utf-8")
        print(name, sum(map(len, found)), "pages", flush=True)
    for path in IMAGES.glob("*.png"):
        if path.name not in kept:
            path.unlink()
    print(f"{changed} of {len(kept)} pictures changed")


if __name__ == "__main__":
    main()
