"""Programs that this project did not write find nothing wrong with its licenses.

Ghostscript and MuPDF are outside programs here and nothing else: they are run in CI,
never imported and never needed to use this project. Each program is shown to complain
of a file in which one bit is wrong.
"""

import functools
import io
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from elicense.testing import START, Simulator
from tests.elicense.pages import AT, CASES, PRESSES, TYPES, sealed
from tests.esign import pades_world
from tests.support import require_tool

BROKEN_ICC = "warning: ICC support is not available"
"""Debian's MuPDF says so of itself, whatever the file."""


@dataclass(frozen=True)
class Document:
    """A sealed file, and what whoever checks its seal has to know."""

    path: Path
    roots: Sequence[bytes]
    moment: object


def run(program: str, package: str, *arguments: object) -> list[str]:
    """Return the lines that a program writes; its exit code, where it is not 0."""
    tool = require_tool(program, package)
    done = subprocess.run(
        [tool, *map(str, arguments)], capture_output=True, check=False
    )
    lines = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    return lines if done.returncode == 0 else [*lines, f"exit {done.returncode}"]


def pyhanko(document: Document) -> list[str]:
    reader = PdfFileReader(io.BytesIO(document.path.read_bytes()))
    (signature,) = reader.embedded_signatures
    roots = [x509.Certificate.load(der) for der in document.roots]
    context = ValidationContext(trust_roots=roots, moment=document.moment)
    status = validate_pdf_signature(signature, context)
    found = {
        "not valid": not status.bottom_line,
        "not entire": status.coverage is not SignatureCoverageLevel.ENTIRE_FILE,
        "modified": status.modification_level is not ModificationLevel.NONE,
    }
    return [fault for fault, is_found in found.items() if is_found]


def pdfsig(document: Document) -> list[str]:
    """Trust apart: it knows no root of a test."""
    lines = [line.strip() for line in run("pdfsig", "poppler-utils", document.path)]
    wanted = (
        "- Signature Validation: Signature is Valid.",
        "- Total document signed",
        "- Signature Type: ETSI.CAdES.detached",
    )
    return [f"it does not say: {line}" for line in wanted if lines.count(line) != 1]


def qpdf(document: Document) -> list[str]:
    lines = run("qpdf", "qpdf", "--check", document.path)
    clean = "No syntax or stream encoding errors found"
    is_clean = any(line.startswith(clean) for line in lines)
    return [] if is_clean and lines[-1][:4] != "exit" else lines


def ghostscript(document: Document) -> list[str]:
    options = ["-q", "-dSAFER", "-dNOPAUSE", "-dBATCH", "-sDEVICE=nullpage"]
    return run("gs", "ghostscript", *options, document.path)


def mutool(*arguments: str) -> Callable[[Document], list[str]]:
    """Return a check that lets MuPDF work through a file in silence."""

    def check(document: Document) -> list[str]:
        given = [item.format(path=document.path) for item in arguments]
        lines = run("mutool", "mupdf-tools", *given)
        return [line for line in lines if line not in ("", BROKEN_ICC)]

    return check


def mutool_objects(document: Document) -> list[str]:
    """Let MuPDF read every object, and say only what it complains of."""
    tool = require_tool("mutool", "mupdf-tools")
    command = [tool, "show", "-b", document.path, "grep"]
    done = subprocess.run(command, capture_output=True, check=False)
    return done.stderr.decode().splitlines() if done.stdout else ["nothing"]


def mutool_sign(document: Document) -> list[str]:
    """Trust apart, as for pdfsig."""
    lines = [
        line.strip()
        for line in run("mutool", "mupdf-tools", "sign", "-v", document.path)
    ]
    return [] if "The document is unchanged since signing." in lines else lines


COMPLAINTS: dict[str, Callable[[Document], list[str]]] = {
    "pyhanko": pyhanko,
    "pdfsig": pdfsig,
    "qpdf": qpdf,
    "ghostscript": ghostscript,
    "mutool draw": mutool(
        "draw", "-q", "-r", "72", "-o", "/dev/null", "-F", "ppm", "{path}"
    ),
    "mutool show": mutool_objects,
    "mutool sign": mutool_sign,
}


def one_bit(data: bytes, part: float) -> bytes:
    """Return the file with one wrong bit in a place of the operators of its page."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        operators = pdf.pages[0].Contents.read_raw_bytes()
    at = data.index(operators) + int(len(operators) * part)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def wrong_row(data: bytes) -> bytes:
    """Return the file with one wrong place in its table."""
    at = data.rindex(b"xref\n0 ", 0, data.rindex(b"startxref"))
    row = data.index(b" 00000 n \n", at)
    return data[: row - 1] + b"9" + data[row:]


MIDDLE = functools.partial(one_bit, part=0.5)
DAMAGES = {
    "pyhanko": MIDDLE,
    "pdfsig": MIDDLE,
    "qpdf": functools.partial(one_bit, part=0.01),  # it asks only if all can be read
    # It stops in silence at a code that is none; that their sum is wrong it tells.
    "ghostscript": functools.partial(one_bit, part=0.9999),
    "mutool draw": MIDDLE,
    "mutool show": wrong_row,  # it draws nothing
    "mutool sign": MIDDLE,
}


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a document of the test world."""

    def write(data: bytes) -> Document:
        path = tmp_path / "license.pdf"
        path.write_bytes(data)
        return Document(path, pades_world.world().authority.roots, AT)

    return write


@pytest.mark.parametrize("tool", COMPLAINTS)
@pytest.mark.parametrize("kind", PRESSES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_program_has_nothing_to_say_of_a_license(written, case, kind, tool):
    assert COMPLAINTS[tool](written(sealed(kind, case))) == []


@pytest.mark.parametrize("tool", COMPLAINTS)
def test_a_program_complains_of_a_damaged_license(written, tool):
    data = DAMAGES[tool](sealed("plain", CASES[0]))
    assert COMPLAINTS[tool](written(data)) != []


@pytest.fixture(scope="module")
def issued(tmp_path_factory):
    """Return licenses as an office issues them, with record, token and register."""
    folder = tmp_path_factory.mktemp("issued")
    with Simulator() as world:
        for name in TYPES:
            (folder / f"{name}.pdf").write_bytes(world.issue(name).pdf)
        roots = world.authority.roots
    return {name: Document(folder / f"{name}.pdf", roots, START) for name in TYPES}


@pytest.mark.parametrize("tool", COMPLAINTS)
@pytest.mark.parametrize("name", TYPES)
def test_a_program_has_nothing_to_say_of_an_issued_license(issued, name, tool):
    assert COMPLAINTS[tool](issued[name]) == []


@pytest.mark.parametrize("name", TYPES)
def test_poppler_knows_every_font_as_an_embedded_subset_with_unicode(issued, name):
    rows = run("pdffonts", "poppler-utils", issued[name].path)[2:]
    assert rows
    for row in rows:
        assert "CID TrueType" in row
        assert "Identity-H" in row
        assert row.split()[-5:-2] == ["yes", "yes", "yes"]
