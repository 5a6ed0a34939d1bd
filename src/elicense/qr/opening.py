"""Opens the image in which symbols are looked for, within limits, and makes it grey."""

import io

from PIL import Image

from esign.errors import MalformedError

MAX_IMAGE_BYTES = 32 * 1024 * 1024
"""The largest image file that is opened, in bytes."""

MAX_IMAGE_PIXELS = 36_000_000
"""The largest image that is decoded, in pixels: A4 at 600 dpi has 34.8 million."""

MAX_HEAVY_PIXELS = 20_000_000
"""The same for WebP and progressive JPEG, whose decoders hold several copies."""

MAX_IMAGE_SIDE = 16_384
"""The longest side of an image that is decoded, in pixels."""

MAX_JPEG_SCANS = 24
"""The most scans of a JPEG file; encoders write about ten, each costs a full pass."""

_FORMATS = ("PNG", "JPEG", "WEBP")
_JPEG = ("JPEG", "MPO")
_START_OF_SCAN = b"\xff\xda"


def opened(data: bytes) -> Image.Image:
    """Return the image of a file, its limits checked before anything is decoded."""
    if len(data) > MAX_IMAGE_BYTES:
        raise MalformedError(f"image: more than {MAX_IMAGE_BYTES} bytes")
    image = Image.open(io.BytesIO(data), formats=_FORMATS)
    heavy = image.format == "WEBP" or "progressive" in image.info
    _check_size(image, MAX_HEAVY_PIXELS if heavy else MAX_IMAGE_PIXELS)
    if image.format in _JPEG:
        if data.count(_START_OF_SCAN) > MAX_JPEG_SCANS:
            raise MalformedError(f"image: more than {MAX_JPEG_SCANS} scans")
        image.draft("L", image.size)
    return image


def _check_size(image: Image.Image, limit: int) -> None:
    width, height = image.size
    if not 0 < width * height <= limit or max(image.size) > MAX_IMAGE_SIDE:
        raise MalformedError(
            f"image: {width} x {height} pixels; at most {limit} are decoded"
        )


def in_grey(image: Image.Image) -> Image.Image:
    """Return the image in 8-bit grey, what is transparent as white."""
    _check_size(image, MAX_IMAGE_PIXELS)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("L", image.size, 255)
        paper.paste(image.convert("L"), mask=image.getchannel("A"))
        return paper
    if image.mode.startswith("I;16"):
        # A grey PNG of 16 bits; converting it directly would cut values, not scale.
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    return image.convert("L")
