# ruff: noqa: INP001  a script beside what it makes
"""Draw the pictures of docs/seal-images.md, and print its table of ranks.

Usage: python docs/images/seals/make.py
"""

import io
from pathlib import Path

import pikepdf
import pypdfium2
from PIL import Image

from esign.seal_image import (
    RANKS,
    Centre,
    CrossPage,
    Line,
    Rank,
    SealSpec,
    draw,
    draw_across,
    to_png,
)

HERE = Path(__file__).resolve().parent
NAME = "示范市青禾区行政审批局"
COMPANY = "示范市青禾食品有限公司"
NAMES = (
    "示范市局",
    "示范市行政审批局",
    "示范市青禾区市场监管分局",
    "示范市青禾区住房和城乡建设综合服务部",
    "示范市青禾区鑫龘麟燚生态环境保护综合行政执法大队",
)
DPI = 110
COLOURS = 16
CENTRES = {
    Centre.EMBLEM: "empty: the national emblem is not drawn",
    Centre.STAR: "star",
    Centre.EMPTY: "empty",
    Centre.TAX_NUMBER: "taxpayer's number",
}


def spec_of(name: str, rank: Rank) -> SealSpec:
    """Return an invented seal of a rank with all that it may have."""
    is_company = "国发" not in rank.source
    needs_purpose = rank.line is Line.REQUIRED and not rank.purpose
    has_number = rank.centre is Centre.TAX_NUMBER
    return SealSpec(
        COMPANY if is_company else NAME,
        purpose="财务专用章" if needs_purpose else None,
        rank=name,
        code="0000000000000" if is_company and rank.has_code else "",
        tax_number="91990100000000027A" if has_number else "",
    )


def size_of(rank: Rank) -> str:
    """Return the size of a rank in words."""
    if not rank.is_round:
        return f"{rank.width_mm:g} x {rank.height_mm:g}"
    if rank.least_mm < rank.most_mm:
        return f"{rank.width_mm:g} ({rank.least_mm:g} to {rank.most_mm:g})"
    return f"{rank.width_mm:g}"


def table() -> str:
    """Return the table of ranks as docs/seal-images.md has it."""
    rows = ["| rank | owner | mm | centre | from |", "|---|---|---|---|---|"]
    rows += [
        f"| ![{name}](images/seals/{name}.png) `{name}` | {rank.owner}"
        f" ({rank.owner_en}) | {size_of(rank)} | {CENTRES[rank.centre]}"
        f" | {rank.source} |"
        for name, rank in RANKS.items()
    ]
    return "\n".join(rows)


def keep(image: Image.Image, name: str) -> None:
    """Write a picture on white, in few colours."""
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    few = paper.quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(HERE / f"{name}.png", optimize=True)


def opened(png: bytes) -> Image.Image:
    """Return a PNG as an image."""
    return Image.open(io.BytesIO(png)).convert("RGBA")


def row(images: list[Image.Image], gap: int = 20) -> Image.Image:
    """Return images side by side."""
    width = sum(image.width + gap for image in images) - gap
    whole = Image.new("RGBA", (width, max(image.height for image in images)))
    left = 0
    for image in images:
        whole.paste(image, (left, 0))
        left += image.width + gap
    return whole


def fan() -> Image.Image:
    """Return five pages with a cross-page seal, laid out like a fan."""
    pdf = pikepdf.new()
    for _ in range(5):
        pdf.add_blank_page(page_size=(210, 180))
    data = io.BytesIO()
    pdf.save(data)
    seal = draw(SealSpec(NAME, purpose=""))
    document = pypdfium2.PdfDocument(draw_across(data.getvalue(), seal, CrossPage()))
    pages = [page.render(scale=2).to_pil().convert("RGBA") for page in document]
    strip = round(42 / 5 * 72 / 25.4 * 2)
    whole = Image.new("RGBA", (pages[0].width + 4 * strip, pages[0].height), "white")
    for index, page in reversed(list(enumerate(pages))):
        edge = Image.new("RGBA", (page.width + 2, page.height), (150, 150, 150))
        whole.paste(edge, (index * strip, 0))
        whole.paste(page.crop((1, 1, page.width, page.height - 1)), (index * strip, 1))
    return whole


def main() -> None:
    """Write all pictures."""
    for name, rank in RANKS.items():
        keep(opened(to_png(spec_of(name, rank), DPI)), name)
    seals = [SealSpec(name) for name in NAMES]
    keep(row([opened(to_png(spec, DPI)) for spec in seals]), "names")
    keep(fan(), "cross-page")
    print(table())  # noqa: T201  its output


if __name__ == "__main__":
    main()
