"""What a cheap office printer and a scanner or copier make of a page, for tests.

A model, not a measurement: each step is something that such machines are known to do,
with a size in mm or in grey levels, so that it means the same at every resolution. The
printer knows toner and no toner: grey is dithered, dots grow and their edges blur. The
scanner sees the paper turned and shifted, through a lens that blurs, under a lamp that
lights it unevenly; its sensor adds noise, and a JPEG file is what is left.
"""

import io
import math
import random
from dataclasses import dataclass
from statistics import NormalDist

from PIL import Image, ImageChops, ImageFilter

MM_PER_INCH = 25.4
MAX_DEGREES = 2.0
"""The greatest turn: what a person still takes for straight on the glass."""
MAX_SHIFT_MM = 0.5
"""How far the paper may lie from where it belongs, at random, on each axis."""
MIDDLE = 128
"""The grey level that stands for no noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A printer and a scanner, or a copier, as one way from page to file.

    Attributes:
        name: for the names of tests.
        dpi: of the scan.
        growth_mm: how far toner reaches beyond the edge of what was printed; at most
            twice ``ragged_mm``, so that white paper stays white.
        ragged_mm: standard deviation of what blurs that edge on the paper.
        blur_mm: standard deviation of what the lens blurs.
        ink: grey level of full toner in the scan, 0 to 255.
        paper: grey level of white paper in full light.
        shade: share of the light that is missing in the darkest corner.
        noise: standard deviation of the sensor's noise in grey levels.
        quality: of the JPEG, 1 to 95.
    """

    name: str
    dpi: int
    growth_mm: float
    ragged_mm: float
    blur_mm: float
    ink: int
    paper: int
    shade: float
    noise: float
    quality: int

    def __str__(self) -> str:
        """Return the name."""
        return self.name


OFFICE_SCANNER = Machine(
    name="office scanner, 300 dpi",
    dpi=300,
    growth_mm=0.03,
    ragged_mm=0.04,
    blur_mm=0.05,
    ink=45,
    paper=240,
    shade=0.15,
    noise=6,
    quality=70,
)
COPIER = Machine(
    name="copier, 150 dpi",
    dpi=150,
    growth_mm=0.05,
    ragged_mm=0.06,
    blur_mm=0.08,
    ink=60,
    paper=230,
    shade=0.25,
    noise=8,
    quality=50,
)
MACHINES = (OFFICE_SCANNER, COPIER)


def printed(page: Image.Image, dpi: float, machine: Machine) -> Image.Image:
    """Return the page in toner on paper, black 0 and white 255, at the same dpi.

    Args:
        page: as it is sent to the printer, in any mode without transparency.
        dpi: of the page, at least twice that of the scan.
        machine: the printer.

    Raises:
        ValueError: the page is too coarse for the machine.
    """
    if dpi < 2 * machine.dpi:
        raise ValueError("a page is printed with at least twice the dpi of its scan")
    sigma = machine.ragged_mm * dpi / MM_PER_INCH
    dots = page.convert("L").convert("1").convert("L")  # dithered: Floyd and Steinberg
    # So light is the blur of a straight edge at the distance of the growth: there the
    # edge of the toner is to be.
    edge = 255 * NormalDist().cdf(machine.growth_mm / machine.ragged_mm)
    curve = [
        round(level / edge * 127.5)
        if level < edge
        else round(255 - (255 - level) / (255 - edge) * 127.5)
        for level in range(256)
    ]
    return dots.filter(ImageFilter.GaussianBlur(sigma)).point(curve)


def scanned(
    paper: Image.Image, dpi: float, machine: Machine, *, degrees: float, seed: int
) -> bytes:
    """Return the JPEG file that a scan of a printed page gives, in grey.

    The glass has the size of the page, so that a turn cuts its corners off. The same
    arguments give the same bytes under one version of Pillow.

    Args:
        paper: what :func:`printed` gave.
        dpi: of that.
        machine: the scanner.
        degrees: by which the paper lies turned, counter-clockwise.
        seed: of shift, direction of the light, and noise.

    Raises:
        ValueError: the paper lies turned by more than ``MAX_DEGREES``.
    """
    if abs(degrees) > MAX_DEGREES:
        raise ValueError(f"a page lies turned by at most {MAX_DEGREES} degrees")
    chance = random.Random(seed)
    reach = MAX_SHIFT_MM * dpi / MM_PER_INCH
    shift = chance.uniform(-reach, reach), chance.uniform(-reach, reach)
    turned = paper.rotate(
        degrees, Image.Resampling.BILINEAR, translate=shift, fillcolor=255
    )
    focused = turned.filter(
        ImageFilter.GaussianBlur(machine.blur_mm * dpi / MM_PER_INCH)
    )
    # Each point of the sensor gathers the light of its whole square.
    size = tuple(round(side * machine.dpi / dpi) for side in paper.size)
    seen = focused.resize(size, Image.Resampling.BOX)
    span = machine.paper - machine.ink
    toned = seen.point(
        [machine.ink + round(level * span / 255) for level in range(256)]
    )
    lit = ImageChops.multiply(toned, _light(size, machine.shade, chance))
    noisy = ImageChops.add(lit, _noise(size, machine.noise, chance), offset=-MIDDLE)
    out = io.BytesIO()
    noisy.save(out, "JPEG", quality=machine.quality, dpi=(machine.dpi, machine.dpi))
    return out.getvalue()


def _light(size: tuple[int, int], shade: float, chance: random.Random) -> Image.Image:
    """Return the light on the glass: full at one side, less towards the other."""
    even = Image.linear_gradient("L")
    turned = even.rotate(chance.uniform(0, 360), Image.Resampling.BILINEAR)
    inset = round(even.width * (1 - 1 / math.sqrt(2)) / 2)  # what every turn covers
    far = even.width - inset
    inner = turned.crop((inset, inset, far, far)).resize(
        size, Image.Resampling.BILINEAR
    )
    return inner.point([255 - round(level * shade) for level in range(256)])


def _noise(size: tuple[int, int], sigma: float, chance: random.Random) -> Image.Image:
    """Return noise around ``MIDDLE``, nearly normal: the mean of four even ones."""
    even = [
        Image.frombytes("L", size, chance.randbytes(size[0] * size[1]))
        for _ in range(4)
    ]
    pairs = Image.blend(even[0], even[1], 0.5), Image.blend(*even[2:], 0.5)
    mean = Image.blend(*pairs, 0.5)
    factor = sigma / (255 / math.sqrt(12) / math.sqrt(4))
    return mean.point([round(MIDDLE + (v - 127.5) * factor) for v in range(256)])
