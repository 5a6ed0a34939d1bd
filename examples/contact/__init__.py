"""Contact sheets: pages of PDFs in small, in rows under the names of their kinds."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
from PIL import Image, ImageDraw, ImageFont

__all__ = ["Sheet", "contact_sheet", "thumbnails"]

_GAP, _HEAD = 8, 20  # pixels
_PAPER, _EDGE, _INK = "#d5d9de", "#8b939c", "#20262d"
_FINE = 2  # drawn so many times larger
_MOST_PIXELS = 8_000  # edge of a sheet, in any direction


@dataclass(frozen=True)
class Sheet:
    """How a sheet looks.

    Attributes:
        width: of the sheet in pixels.
        height: of a page in pixels.
    """

    width: int = 1600
    height: int = 330


def thumbnails(path: Path, height: int) -> list[bytes]:
    """Return the pages of a PDF as PNG with the seal, each ``height`` pixels high."""
    document = pypdfium2.PdfDocument(path)
    document.init_forms()  # the seal is a signature field
    try:
        return [_small(page, height) for page in document]
    finally:
        document.close()


def _small(page: pypdfium2.PdfPage, height: int) -> bytes:
    image = page.render(scale=_FINE * height / page.get_height()).to_pil()
    page.close()
    width = round(image.width * height / image.height)
    out = io.BytesIO()
    image.resize((width, height), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def contact_sheet(kinds: Mapping[str, Sequence[bytes]], look: Sheet) -> bytes:
    """Return a PNG with the pages of every kind under its name.

    Args:
        kinds: name of the kind in ASCII -> its pages, as `thumbnails` gives them.
        look: of the sheet.
    """
    placed = list(_placed(kinds, look))
    bottom = placed[-1][1] + look.height + _GAP
    sheet = Image.new("RGB", (look.width, min(bottom, _MOST_PIXELS)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(14)
    for left, top, item in placed:
        if isinstance(item, str):
            draw.text((left, top), item, fill=_INK, font=font)
            continue
        sheet.paste(item, (left, top))
        corner = (left + item.width, top + item.height)
        draw.rectangle((left - 1, top - 1, *corner), outline=_EDGE)
    out = io.BytesIO()
    # Not by the median: the red of the seals stays, though it is on few pixels.
    few = sheet.quantize(method=Image.Quantize.FASTOCTREE)
    few.save(out, "PNG", optimize=True)
    return out.getvalue()


def _placed(
    kinds: Mapping[str, Sequence[bytes]], look: Sheet
) -> Iterator[tuple[int, int, Image.Image | str]]:
    """Yield names and pages with their left upper corners, row by row.

    A name stands over the first page of its kind, and a row begins where there is no
    room for one more page.
    """
    top = left = _GAP
    for name, pages in kinds.items():
        for place, page in enumerate(pages):
            image = Image.open(io.BytesIO(page)).convert("RGB")
            if left > _GAP and left + image.width + _GAP > look.width:
                top, left = top + _HEAD + look.height, _GAP
            if place == 0:
                yield left, top, name
            yield left, top + _HEAD, image
            left += image.width + _GAP
