"""Photos of holders: any photo in, one small clean JPEG out.

The photo is the only part of a sealed page that an outsider supplies as it is, so it is
decoded and encoded anew: nothing of the file but its picture survives. The frame on the
page is 26 mm x 32 mm, printed at 300 dpi or better.
"""

import hashlib
import io
from dataclasses import replace

from PIL import Image, ImageOps

from elicense.errors import ElicenseError
from elicense.model import Draft, Photo, Text

MEDIA_TYPE = "image/jpeg"
"""The media type of a prepared photo."""

FRAME_MM = (26, 32)
"""Width and height of the frame on the page, in mm."""

MIN_SIZE = (295, 363)
"""The smallest picture inside the frame, in pixels.

It is what the frame leaves of a one-inch photo (1 寸, 295 x 413 pixels at 300 dpi).
"""

MAX_SIZE = (614, 756)
"""The largest picture that is kept, in pixels: the frame at 600 dpi."""

MAX_INPUT_BYTES = 10 * 1024 * 1024
"""The largest photo file that is opened, in bytes."""

MAX_INPUT_PIXELS = 20_000_000
"""The largest photo that is decoded, in pixels; telephones take 12 million."""

MAX_OUTPUT_BYTES = 500_000
"""The largest prepared photo, in bytes."""

_ASPECT_MIN = 0.6
_ASPECT_MAX = 1.0
_FORMATS = ("JPEG", "PNG")
_START_OF_SCAN = b"\xff\xda"
_MAX_SCANS = 24
_QUALITY = 90
_QUALITY_STEP = 10


class PhotoError(ElicenseError):
    """The photo can not be used; the text says what was found and what is expected.

    Attributes:
        size: width and height that were found, in pixels, after turning it upright;
            None where the file could not be read so far.
    """

    def __init__(self, message: Text, size: tuple[int, int] | None = None) -> None:
        """Keep the text in both languages and the size that was found."""
        super().__init__(message)
        self.size = size


def prepare(data: bytes) -> bytes:
    """Return the photo as it is printed and as the record's digest covers it.

    The picture is turned upright as its EXIF orientation says, laid on white where it
    is transparent, converted to RGB, cropped to 26 : 32, and shrunk to ``MAX_SIZE``
    where it is larger; it is never enlarged. The crop takes equal parts from left and
    right, or one third from the top and two thirds from the bottom, where a portrait
    has the shoulders. Width : height must lie between 0.6 and 1, so that the crop takes
    at most about a quarter. Of an animation the first frame counts. An embedded colour
    profile is dropped, not applied. Whether a face is in the picture is not checked.

    Args:
        data: a JPEG or PNG file.

    Returns:
        A baseline JPEG of at most ``MAX_OUTPUT_BYTES`` without metadata; the same input
        gives the same bytes under one version of Pillow.

    Raises:
        PhotoError: not such a file, damaged, beyond a limit, too small, or of a shape
            that no portrait has.
    """
    upright = _decoded(data)
    picture = _cropped(upright)
    picture.thumbnail(MAX_SIZE, Image.Resampling.LANCZOS, reducing_gap=None)
    quality = _QUALITY
    prepared = _encoded(picture, quality)
    # Pure noise of MAX_SIZE fits at a quality above 50, so this comes to an end.
    while len(prepared) > MAX_OUTPUT_BYTES:
        quality -= _QUALITY_STEP
        prepared = _encoded(picture, quality)
    return prepared


def put_on(draft: Draft, data: bytes | None) -> tuple[Draft, bytes | None]:
    """Return a draft that names its photo, and the photo as it is printed.

    Args:
        draft: without a photo.
        data: a JPEG or PNG file; None leaves the draft as it is.

    Raises:
        PhotoError: as for :func:`prepare`.
    """
    if data is None:
        return draft, None
    photo = prepare(data)
    named = Photo(MEDIA_TYPE, hashlib.sha256(photo).digest())
    return replace(draft, photo=named), photo


def _decoded(data: bytes) -> Image.Image:
    """Return the picture upright and in RGB, its limits checked before decoding."""
    if len(data) > MAX_INPUT_BYTES:
        raise PhotoError(
            Text(
                f"照片文件过大：{len(data)} 字节，最多 {MAX_INPUT_BYTES} 字节",
                f"the photo file has {len(data)} bytes; at most {MAX_INPUT_BYTES}"
                " are read",
            )
        )
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
        _check_limits(image, data)
        return _rgb(ImageOps.exif_transpose(image))
    except PhotoError:
        raise
    except Exception as err:
        # Pillow's decoders raise many types on damaged files, some of them bare
        # SyntaxError, struct.error or MemoryError; no list of them is complete.
        raise PhotoError(
            Text(
                "照片无法读取：需要完整的 JPEG 或 PNG 文件",
                "the photo can not be read: a complete JPEG or PNG file is expected",
            )
        ) from err


def _check_limits(image: Image.Image, data: bytes) -> None:
    """Refuse what would cost too much to decode."""
    width, height = image.size
    scans = data.count(_START_OF_SCAN) if image.format != "PNG" else 0
    if width * height > MAX_INPUT_PIXELS or scans > _MAX_SCANS:
        raise PhotoError(
            Text(
                f"照片过大：{width}×{height} 像素，最多 {MAX_INPUT_PIXELS} 像素",
                f"the photo has {width} x {height} pixels; at most"
                f" {MAX_INPUT_PIXELS} pixels and {_MAX_SCANS} scans are decoded",
            ),
            (width, height),
        )


def _rgb(image: Image.Image) -> Image.Image:
    """Return the picture in RGB, what is transparent as white."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGB", image.size, (255, 255, 255))
        paper.paste(image.convert("RGB"), mask=image.getchannel("A"))
        return paper
    if image.mode.startswith("I;16"):
        # A grey PNG of 16 bits; converting it directly would cut values, not scale.
        image = image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    return image.convert("RGB")


def _cropped(image: Image.Image) -> Image.Image:
    """Return the part of the picture that the frame shows."""
    width, height = image.size
    if not _ASPECT_MIN <= width / height <= _ASPECT_MAX:
        raise PhotoError(
            Text(
                f"照片比例不符：{width}×{height} 像素，宽高比应在"
                f" {_ASPECT_MIN} 至 {_ASPECT_MAX} 之间（证件照 26×32 毫米）",
                f"the photo has {width} x {height} pixels; its width : height must lie"
                f" between {_ASPECT_MIN} and {_ASPECT_MAX} (the frame is 26 x 32 mm)",
            ),
            image.size,
        )
    shown_width = min(width, height * FRAME_MM[0] // FRAME_MM[1])
    shown_height = min(height, width * FRAME_MM[1] // FRAME_MM[0])
    if shown_width < MIN_SIZE[0] or shown_height < MIN_SIZE[1]:
        raise PhotoError(
            Text(
                f"照片太小：{width}×{height} 像素，按 26×32 毫米裁切后至少需"
                f" {MIN_SIZE[0]}×{MIN_SIZE[1]} 像素（一寸 295×413 即可）",
                f"the photo has {width} x {height} pixels; cropped to 26 x 32 mm it"
                f" must keep {MIN_SIZE[0]} x {MIN_SIZE[1]}"
                " (a one-inch photo of 295 x 413 does)",
            ),
            image.size,
        )
    left = (width - shown_width) // 2
    top = (height - shown_height) // 3
    return image.crop((left, top, left + shown_width, top + shown_height))


def _encoded(picture: Image.Image, quality: int) -> bytes:
    """Return a baseline JPEG of the picture and of nothing else."""
    out = io.BytesIO()
    # A new image carries no metadata, whatever the decoder left on the old one.
    clean = Image.frombytes("RGB", picture.size, picture.tobytes())
    clean.save(out, "JPEG", quality=quality, subsampling=0, progressive=False)
    return out.getvalue()
