"""Every printed page, printed and scanned by cheap machines, still spells its token."""

import dataclasses
import functools
import hashlib
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pypdfium2
import pytest
from PIL import Image, ImageStat

from elicense import document, payload, photos, qr, record
from elicense.catalog import (
    Catalog,
    LicenseType,
    Presentation,
    check_application,
)
from elicense.catalog.examples import Content, example
from elicense.document import DocumentParts
from elicense.errors import SymbolTooLargeError
from elicense.model import License, Organization, Photo
from elicense.payload import StatusReference
from esign.algorithms import Suite
from esign.signer import SoftwareSigner
from tests.elicense import pages, scanning
from tests.elicense.scanning import COPIER, MACHINES, OFFICE_SCANNER

PRINTER_DPI = 600
SIGNER = SoftwareSigner.generate(Suite.ES256)
LARGEST = 638
"""Bytes of the largest token whose symbol is printed (version 20-M)."""
WAYS = ((OFFICE_SCANNER, 2), (COPIER, -2))
"""Machines, and by how many degrees the paper lies turned."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A sealed document, the page with its symbol, and what is read from that."""

    pdf: bytes
    page: int
    texts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sealed document.

    Attributes:
        name: for the name of the test.
        made: makes it; not called before a test needs it.
    """

    name: str
    made: Callable[[], Pressed]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


def sheets() -> Iterator[Sheet]:
    """Yield every page with a symbol: of every type, version, presentation, content."""
    for kind in Catalog.builtin().types():
        for presentation in kind.presentations:
            for content in Content:
                name = f"{kind.name}.{kind.version} {presentation.name} {content}"
                made = functools.partial(pressed, kind, presentation, content)
                yield Sheet(" ".join(name.split()), made)
    yield Sheet("food-business.2 with the largest token", with_the_largest_token)


def with_the_largest_token() -> Pressed:
    token = random.Random(LARGEST).randbytes(LARGEST)
    parts = pages.parts(pages.sample_license("food-business"), token)
    pdf = pages.press("one pass").print(parts)
    return Pressed(pdf, 0, frozenset({payload.qr_text(token)}))


def pressed(kind: LicenseType, presentation: Presentation, content: Content) -> Pressed:
    """Return an invented license, printed and sealed."""
    application = example(kind, pages.AT, content)
    checked = check_application(kind, application, pages.AT)
    photo = None if checked.photo is None else photos.prepare(checked.photo)
    digest = photo and Photo(photos.MEDIA_TYPE, hashlib.sha256(photo).digest())
    license_ = License(
        draft=dataclasses.replace(checked.draft, photo=digest),
        identifier=pages.IDENTIFIER,
        issuer=Organization("11990100000000027A", "示例市行政审批局"),
        specimen=True,
    )
    data = record.encode(license_, bytes(16))
    token = payload.sign_token(
        payload.claims_of(
            license_,
            kind,
            record_digest=record.digest(data),
            status=StatusReference(2031, 999_999),
            signed_at=pages.AT,
        ),
        SIGNER,
    )
    text = payload.qr_text(token)
    sheet = document.lay_out(license_, kind, text, presentation=presentation)
    parts = DocumentParts(
        sheet=sheet, photo=photo, record=data, token=token, at=pages.AT
    )
    page = next(at for at, page in enumerate(sheet.pages) if page.qr_box is not None)
    texts = {text}
    if sheet.pages[page].code_box is not None:
        texts.add(str(application["external_qr"]))
    return Pressed(pages.press("one pass").print(parts), page, frozenset(texts))


SHEETS = tuple(sheets())


@functools.lru_cache(maxsize=1)  # a page of A4 in grey has 35 million bytes
def rendered(sheet: Sheet) -> tuple[Image.Image, Pressed]:
    made = sheet.made()
    opened = pypdfium2.PdfDocument(made.pdf)
    opened.init_forms()  # the seal is the appearance of a form field
    try:
        page = opened[made.page]
        return page.render(scale=PRINTER_DPI / 72, grayscale=True).to_pil(), made
    finally:
        opened.close()


@pytest.mark.parametrize(("machine", "degrees"), WAYS, ids=str)
@pytest.mark.parametrize("sheet", SHEETS, ids=str)
def test_the_symbol_is_read_from_the_scan(sheet, machine, degrees):
    image, made = rendered(sheet)
    paper = scanning.printed(image, PRINTER_DPI, machine)
    scan = scanning.scanned(paper, PRINTER_DPI, machine, degrees=degrees, seed=1)
    found = qr.read_image(scan, wanted=payload.has_prefix)
    assert [text for text in found if payload.has_prefix(text)] == [
        text for text in made.texts if payload.has_prefix(text)
    ]
    assert made.texts >= set(found)


def test_every_version_of_every_type_is_among_the_pages():
    named = {sheet.name.split()[0] for sheet in SHEETS}
    kinds = {f"{kind.name}.{kind.version}" for kind in Catalog.builtin().types()}
    assert named == kinds
    assert len({sheet.name for sheet in SHEETS}) == len(SHEETS)


def test_the_largest_token_is_the_largest():
    token = random.Random(1).randbytes(LARGEST + 1)
    largest, larger = payload.qr_text(token[:-1]), payload.qr_text(token)
    assert qr.version(qr.encode(largest)) == qr.MAX_VERSION
    with pytest.raises(SymbolTooLargeError):
        qr.encode(larger)


TEXT = payload.qr_text(pages.TOKEN)
SIDE = PRINTER_DPI * 4
"""Pixels of a blank square page of four inches."""


def small_page(module_mm: float) -> Image.Image:
    """Return a page with a symbol in its middle whose modules have a given size."""
    symbol = qr.to_image(qr.encode(TEXT), 1).convert("L")
    side = round(symbol.width * module_mm / scanning.MM_PER_INCH * PRINTER_DPI)
    page = Image.new("L", (SIDE, SIDE), 255)
    corner = (SIDE - side) // 2
    page.paste(symbol.resize((side, side), Image.Resampling.NEAREST), (corner, corner))
    return page


def small_scan(
    machine: scanning.Machine,
    module_mm: float = qr.MIN_MODULE_MM,
    *,
    degrees: float = 2,
    seed: int = 1,
) -> bytes:
    paper = scanning.printed(small_page(module_mm), PRINTER_DPI, machine)
    return scanning.scanned(paper, PRINTER_DPI, machine, degrees=degrees, seed=seed)


@pytest.mark.parametrize("machine", MACHINES, ids=str)
def test_modules_of_the_least_size_are_read(machine):
    assert qr.read_image(small_scan(machine)) == (TEXT,)


TOO_SMALL_MM = {OFFICE_SCANNER: 0.12, COPIER: 0.2}


@pytest.mark.parametrize("machine", MACHINES, ids=str)
def test_modules_that_are_too_small_are_read_before_and_not_after(machine):
    """So that the tests above can fail."""
    too_small = TOO_SMALL_MM[machine]
    assert qr.read_image(small_page(too_small)) == (TEXT,)
    assert qr.read_image(small_scan(machine, too_small)) == ()


WORSE = {
    "toner that fills the light modules": {"growth_mm": 0.2, "ragged_mm": 0.1},
    "a lens out of focus": {"blur_mm": 0.3},
    "noise above everything": {"noise": 200},
    "paper as dark as ink": {"ink": 100, "paper": 104, "noise": 20},
    "a file of the least quality": {"quality": 1},
}


@pytest.mark.parametrize("change", WORSE)
def test_each_damage_alone_can_make_it_unreadable(change):
    spoilt = dataclasses.replace(COPIER, **WORSE[change])
    assert qr.read_image(small_scan(spoilt)) == ()


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others():
    first, again, other = (small_scan(COPIER, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


MIDDLE = 128
"""The grey level between ink and paper."""


def grey(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("machine", MACHINES, ids=str)
def test_the_file_is_a_grey_jpeg_of_the_machine_s_resolution(machine):
    image = grey(small_scan(machine))
    assert (image.format, image.mode) == ("JPEG", "L")
    assert image.size == (machine.dpi * 4, machine.dpi * 4)
    assert image.info["dpi"] == (machine.dpi, machine.dpi)


def test_toner_grows_by_what_the_machine_says():
    page = Image.new("L", (600, 600), 255)
    page.paste(0, (200, 0, 400, 600))
    for growth in (0.0, 0.1):
        machine = dataclasses.replace(COPIER, growth_mm=growth, ragged_mm=0.1)
        row = scanning.printed(page, PRINTER_DPI, machine).crop((0, 300, 600, 301))
        grown = sum(level < MIDDLE for level in row.tobytes()) - 200
        expected = 2 * growth / scanning.MM_PER_INCH * PRINTER_DPI
        assert grown == pytest.approx(expected, abs=1.5)


def test_grey_is_printed_in_dots():
    page = Image.new("L", (600, 600), 200)
    paper = scanning.printed(page, PRINTER_DPI, OFFICE_SCANNER)
    assert ImageStat.Stat(paper).stddev[0] > 10
    assert ImageStat.Stat(paper).mean[0] < 200


def test_the_light_and_the_noise_are_what_the_machine_says():
    blank = Image.new("L", (SIDE, SIDE), 255)
    quiet = dataclasses.replace(COPIER, noise=0, quality=95)
    for machine in (quiet, dataclasses.replace(quiet, noise=8)):
        data = scanning.scanned(blank, PRINTER_DPI, machine, degrees=0, seed=3)
        tile = grey(data).crop((300, 300, 340, 340))
        assert ImageStat.Stat(tile).stddev[0] == pytest.approx(machine.noise, abs=2)
    levels = [level for _, level in grey(data).reduce(20).getcolors()]
    assert max(levels) <= machine.paper + 4
    assert min(levels) < machine.paper * (1 - machine.shade / 2)
    assert min(levels) >= machine.paper * (1 - machine.shade) - 4


def test_the_paper_lies_turned():
    page = Image.new("L", (SIDE, SIDE), 255)
    page.paste(0, (0, SIDE // 2, SIDE, SIDE // 2 + 60))
    still = dataclasses.replace(OFFICE_SCANNER, noise=0, shade=0)
    for degrees, expected in ((2, 1), (0, 0), (-2, -1)):
        data = scanning.scanned(page, PRINTER_DPI, still, degrees=degrees, seed=1)
        dark = grey(data).point(lambda level: 255 * (level < MIDDLE))
        left, right = (
            dark.crop((x, 0, x + 4, dark.height)).getbbox()[1] for x in (4, 1192)
        )
        # Counter-clockwise: the left end of the bar is lower, by 1188 tan 2.
        assert left - right == pytest.approx(expected * 41.5, abs=2)


def test_misuse_is_told():
    page = Image.new("L", (100, 100), 255)
    with pytest.raises(ValueError, match="twice the dpi"):
        scanning.printed(page, 599, OFFICE_SCANNER)
    with pytest.raises(ValueError, match="at most 2"):
        scanning.scanned(page, 600, OFFICE_SCANNER, degrees=2.1, seed=1)
