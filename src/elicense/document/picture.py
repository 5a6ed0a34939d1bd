"""A holder's photo as a page shows it."""

import hashlib
import io
from dataclasses import dataclass, field

import pikepdf
from PIL import Image

_SPACES = {"RGB": "/DeviceRGB", "L": "/DeviceGray"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A holder's photo.

    Attributes:
        data: baseline JPEG.
        size: width and height in pixels.
        space: its colour space, with a slash.
    """

    data: bytes = field(repr=False)
    size: tuple[int, int]
    space: str


def picture_of(photo: bytes | None) -> Picture | None:
    """Return a photo with its size.

    Raises:
        ValueError: it is no JPEG, or of other components than three or one.
    """
    if photo is None:
        return None
    try:
        with Image.open(io.BytesIO(photo), formats=["JPEG"]) as image:
            size, mode = image.size, image.mode
    except OSError as err:
        raise ValueError("the photo is not a JPEG") from err
    if mode not in _SPACES:
        raise ValueError("the photo must be RGB or grey")
    return Picture(photo, size, _SPACES[mode])


def photo_in(pdf: bytes, sha256: bytes) -> bytes:
    """Return the photo that a license's own file shows.

    Args:
        pdf: a file of ours, from the register.
        sha256: digest of the photo, from its record.

    Raises:
        ValueError: the file shows no such photo.
    """
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for item in document.objects:
            if not isinstance(item, pikepdf.Stream):
                continue
            if item.get("/Filter") == pikepdf.Name.DCTDecode:
                data = item.read_raw_bytes()
                if hashlib.sha256(data).digest() == sha256:
                    return data
    raise ValueError("the file does not show the photo that its record names")
