# ruff: noqa: INP001, S603  a script beside what it makes; it runs the page's program
"""Draw the pictures of the README and of the tutorial from real runs.

Usage: PYTHONPATH=. python docs/images/make.py

The instant is fixed; keys are new in each run: the QR differs from run to run, all the
rest is the same. The tutorial's license is issued with the files that its page writes.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
from PIL import Image
from tests.walkthrough import files_of

from elicense import Workspace
from elicense.samples import sample_of

NAME = "food-business"
PAGE, OWN_TYPE = "docs/tutorials/own-type.md", "street-use"
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


def issued(folder: Path, name: str, files: Mapping[str, str]) -> bytes:
    """Return a license of an office in a folder.

    Args:
        folder: empty.
        name: of its type.
        files: what the office's people wrote, by their paths in the folder; programs
            among it are run.
    """
    place = folder / "office"
    Workspace.create(
        place, name="示例市行政审批局", code="11990100000000027A", at=AT
    ).close()
    for path, text in files.items():
        (folder / path).write_text(text, encoding="utf-8")
    for path in files:
        if path.endswith(".py"):
            subprocess.run([sys.executable, path], cwd=folder, check=True)
    with Workspace(place) as office:
        data = sample_of(office.catalog.get(name), AT)
        return office.issue(name, data, number="990100202611210001", at=AT).pdf


def main() -> None:
    """Issue a license of each and draw it."""
    for target, name, files in (
        (NAME, NAME, {}),
        ("own-type", OWN_TYPE, files_of(PAGE)),
    ):
        with tempfile.TemporaryDirectory() as folder:
            drawn = picture(issued(Path(folder), name, files))
        drawn.save(HERE / f"{target}.png", "PNG", optimize=True)


if __name__ == "__main__":
    main()
