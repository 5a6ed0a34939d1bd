"""Programs that this project did not write agree about licenses as they are issued."""

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from asn1crypto import x509
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from elicense.catalog import Catalog
from elicense.issuing import Issued
from elicense.testing import START, Simulator
from tests.support import missing, require_tool

TYPES = Catalog.builtin().names()


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator() as made:
        yield made


@pytest.fixture(scope="module")
def issued(world: Simulator) -> dict[str, Issued]:
    return {name: world.issue(name) for name in TYPES}


@pytest.fixture(scope="module")
def files(
    issued: dict[str, Issued], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("licenses")
    paths = {name: folder / f"{name}.pdf" for name in issued}
    for name, path in paths.items():
        path.write_bytes(issued[name].pdf)
    return paths


@pytest.mark.parametrize("name", TYPES)
def test_pyhanko_calls_the_license_valid_and_whole(
    world: Simulator, issued: dict[str, Issued], name: str
) -> None:
    reader = PdfFileReader(io.BytesIO(issued[name].pdf))
    (signature,) = reader.embedded_signatures
    roots = [x509.Certificate.load(der) for der in world.authority.roots]
    context = ValidationContext(trust_roots=roots, moment=START)
    status = validate_pdf_signature(signature, context)
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert status.modification_level is ModificationLevel.NONE


@pytest.mark.parametrize("name", TYPES)
def test_pdfsig_calls_the_license_valid_and_total(
    files: dict[str, Path], name: str
) -> None:
    pdfsig = require_tool("pdfsig", "poppler-utils")
    shown = subprocess.run([pdfsig, files[name]], capture_output=True, check=False)
    assert shown.stdout.count(b"Signature is Valid.") == 1
    assert shown.stdout.count(b"Total document signed") == 1


@pytest.mark.parametrize("name", TYPES)
def test_qpdf_finds_nothing_wrong(files: dict[str, Path], name: str) -> None:
    qpdf = require_tool("qpdf", "qpdf")
    found = subprocess.run(
        [qpdf, "--check", files[name]], capture_output=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert b"No syntax or stream encoding errors" in found.stdout


@pytest.mark.parametrize("name", TYPES)
def test_pdftotext_gives_the_chinese_text(
    files: dict[str, Path], issued: dict[str, Issued], name: str
) -> None:
    tool = require_tool("pdftotext", "poppler-utils")
    shown = subprocess.run(
        [tool, "-raw", files[name], "-"],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    text = "".join(shown.stdout.split())
    draft = issued[name].license.draft
    for expected in (draft.title, draft.holders[0].name, "示例市行政审批局", "年"):
        assert expected in text


def _rendered(path: Path, engine: str, dpi: int) -> Image.Image:
    if engine == "pdfium":
        document = pypdfium2.PdfDocument(path)
        document.init_forms()
        return document[0].render(scale=dpi / 72, grayscale=True).to_pil()
    tool = require_tool("pdftoppm", "poppler-utils")
    out = path.with_name(f"{path.stem}-{dpi}")
    subprocess.run(
        [tool, "-r", str(dpi), "-gray", "-singlefile", path, out], check=True
    )
    return Image.open(f"{out}.pgm")


def _zxing(picture: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture)]


def _zbar(picture: Image.Image) -> list[str]:
    try:
        from pyzbar import pyzbar  # noqa: PLC0415  needs a library that may be missing
    except ImportError:
        missing("the library zbar", "install the Debian package libzbar0")
    kinds = [pyzbar.ZBarSymbol.QRCODE]
    return [found.data.decode() for found in pyzbar.decode(picture, symbols=kinds)]


@pytest.mark.parametrize("read", [_zxing, _zbar], ids=["zxing", "zbar"])
@pytest.mark.parametrize("dpi", [150, 300])
@pytest.mark.parametrize("engine", ["pdfium", "poppler"])
@pytest.mark.parametrize("name", TYPES)
def test_the_printed_code_is_read(
    files: dict[str, Path],
    issued: dict[str, Issued],
    name: str,
    engine: str,
    dpi: int,
    read: object,
) -> None:
    assert callable(read)
    assert read(_rendered(files[name], engine, dpi)) == [issued[name].qr_text]


@pytest.mark.parametrize("name", TYPES)
def test_two_engines_draw_the_same_page(files: dict[str, Path], name: str) -> None:
    """They differ in how they smooth edges, not in what is where."""
    small = [
        _rendered(files[name], engine, 100).convert("L").resize((120, 120))
        for engine in ("pdfium", "poppler")
    ]
    first, second = (picture.tobytes() for picture in small)
    worst = max(abs(one - other) for one, other in zip(first, second, strict=True))
    mean = sum(abs(a - b) for a, b in zip(first, second, strict=True)) / len(first)
    assert mean < 3
    assert worst < 90
