# ruff: noqa: INP001  a script beside what it makes, not a package
"""Draw the README's picture from a real run with a fixed instant.

Usage: python docs/images/make.py

Keys are new in each run: the QR differs from run to run, all the rest is the same.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
from PIL import Image

from elicense import Workspace, sample

NAME = "food-business"
AT = datetime(2026, 11, 21, 1, tzinfo=UTC)
HERE = Path(__file__).resolve().parent
WIDTH = 1100  # pixels: the QR of 200 modules stays readable, the file small
COLOURS = 96


def picture(pdf: bytes) -> Image.Image:
    """Return the first page with its seal, ``WIDTH`` pixels wide, in few colours."""
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    page = document[0]
    drawn = page.render(scale=WIDTH / page.get_width()).to_pil()
    page.close()
    document.close()
    return drawn.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)


def main() -> None:
    """Issue one license and draw it."""
    with tempfile.TemporaryDirectory() as folder:
        office = Workspace.create(
            Path(folder) / "office",
            name="示例市行政审批局",
            code="11990100000000027A",
            at=AT,
        )
        with office:
            data = sample(NAME, AT)
            issued = office.issue(NAME, data, number="990100202611210001", at=AT)
            picture(issued.pdf).save(HERE / f"{NAME}.png", "PNG", optimize=True)


if __name__ == "__main__":
    main()
