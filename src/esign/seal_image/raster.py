"""Pixels of a foreign picture: PNG, GIF, JPEG or BMP, held to limits."""

import io
import zlib
from dataclasses import dataclass

import pikepdf
from pikepdf import Name
from PIL import Image, ImageChops, ImageMath

from esign.seal_image.refusals import PictureError

MAX_PIXELS = 9_000_000
"""Pixels of a picture that is decoded; a seal of 60 mm at 1200 dpi has 8 million."""
MAX_LENGTH = 10_000
"""Pixels of one side of a picture that is decoded."""
MAX_SIDE = 1200
"""Pixels of the longer side that are kept: 45 mm at 677 dpi."""
MAX_SCANS = 24
"""Scans of a JPEG; encoders write about ten, and each costs a full pass."""

_START_OF_SCAN = b"\xff\xda"
_FULL = 255
_PALEST = 250  # of 255: what is not darker is paper
_OF_16_BITS = ("I;16", "I;16B", "I;16L", "I")


@dataclass(frozen=True, slots=True)
class Pixels:
    """A picture as it is put into a PDF.

    Attributes:
        width: in pixels.
        height: likewise.
        colours: three bytes a pixel, RGB, from the upper left.
        opacity: one byte a pixel.
    """

    width: int
    height: int
    colours: bytes
    opacity: bytes


def decode(kind: str, data: bytes) -> Pixels:
    """Return the pixels of a picture, reduced where they are more than print needs.

    Args:
        kind: PNG, GIF, JPEG or BMP, which it must be.
        data: the file; its size was limited.

    Raises:
        PictureError: another format, damaged, more than one frame, beyond a limit, or
            nothing to be seen.
    """
    if data.count(_START_OF_SCAN) > MAX_SCANS and kind == "JPEG":
        raise PictureError(f"a JPEG of more than {MAX_SCANS} scans")
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            _require_plain(image)
            image.load()
            return _pixels(_reduced(_with_opacity(image)))
    except PictureError:
        raise
    except Exception as err:  # decoders of Pillow raise anything
        raise PictureError(f"the picture is no {kind} that can be read") from err


def to_image(pdf: pikepdf.Pdf, pixels: Pixels) -> pikepdf.Object:
    """Return a picture as an image XObject (ISO 32000-1, 8.9.5), with a soft mask.

    Args:
        pdf: becomes the owner.
        pixels: the picture.
    """
    image = _stream(pdf, pixels, pixels.colours, Name.DeviceRGB)
    image.SMask = _stream(pdf, pixels, pixels.opacity, Name.DeviceGray)
    return image


def _stream(
    pdf: pikepdf.Pdf, pixels: Pixels, data: bytes, space: pikepdf.Object
) -> pikepdf.Object:
    stream = pikepdf.Stream(
        pdf,
        zlib.compress(data, 9),
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=pixels.width,
        Height=pixels.height,
        ColorSpace=space,
        BitsPerComponent=8,
        Filter=Name.FlateDecode,
    )
    return pdf.make_indirect(stream)


def _require_plain(image: Image.Image) -> None:
    """Refuse a picture that is too large, or of which none says which frame counts."""
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(f"a picture of more than {MAX_PIXELS} pixels")
    if max(image.size) > MAX_LENGTH:
        raise PictureError(f"a picture of more than {MAX_LENGTH} pixels on a side")
    if getattr(image, "is_animated", False):
        raise PictureError("a picture of more than one frame")


def _with_opacity(image: Image.Image) -> Image.Image:
    """Return an image in RGBA, whatever its own mode."""
    if image.mode in _OF_16_BITS:
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        image = image.convert("RGB")
    return image.convert("RGBA")


def _reduced(image: Image.Image) -> Image.Image:
    """Return an image of at most so many pixels as print can show."""
    share = MAX_SIDE / max(image.size)
    if share >= 1:
        return image
    width, height = (max(1, round(side * share)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _pixels(image: Image.Image) -> Pixels:
    """Take an RGBA image apart: ink, and how much of it lies on the paper.

    On white paper ink c of opacity a shows as 255 - a (255 - c) / 255. The most
    transparent ink that shows as the picture does has its smallest part zero.
    """
    paper = Image.new("RGBA", image.size, "white")
    shown = Image.alpha_composite(paper, image).convert("RGB").split()
    palest = ImageChops.darker(ImageChops.darker(shown[0], shown[1]), shown[2])
    opacity = ImageChops.invert(palest).point(
        [0 if level < _FULL - _PALEST else level for level in range(_FULL + 1)]
    )
    if opacity.getextrema() == (0, 0):
        raise PictureError("the picture shows nothing")
    return Pixels(
        width=image.width,
        height=image.height,
        colours=Image.merge("RGB", [_ink(part, opacity) for part in shown]).tobytes(),
        opacity=opacity.tobytes(),
    )


def _ink(part: Image.Image, opacity: Image.Image) -> Image.Image:
    """Return one colour of the ink that shows as ``part``; where there is none, 255."""
    drawn = ImageMath.lambda_eval(
        lambda values: (
            _FULL
            - ((_FULL - values["part"]) * _FULL + values["opacity"] / 2)
            / values["opacity"]
        ),
        part=part.convert("I"),
        opacity=opacity.convert("I"),
    )
    ink: Image.Image = drawn.convert("L")
    return ink
