"""A holder's photo as a page shows it."""

import io
from dataclasses import dataclass, field

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
