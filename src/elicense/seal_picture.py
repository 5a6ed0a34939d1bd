"""What an organ's seal looks like: a test seal is drawn, any other brings its picture.

A test seal by PAdES is drawn as vectors, and as the picture of an electronic one. An
electronic seal is seen as its own picture has it, whoever made it.
"""

import io
from functools import lru_cache

from PIL import Image

from elicense.document import SealArt
from elicense.errors import WorkspaceError
from elicense.model import Text
from esign import seal_image, ses
from esign.seal_image import RED, SealSpec
from esign.ses import Picture

PICTURE_DPI = 300
_STRENGTHS, _STEP = 16, 17  # from 0 to 255


@lru_cache(maxsize=8)
def draw(name: str) -> bytes:
    """Return the picture of an organ's test seal as a one-page PDF.

    Args:
        name: 4 to 24 characters of the seal's face.

    Raises:
        WorkspaceError: no seal can carry the name.
    """
    try:
        return seal_image.draw(SealSpec(name))
    except ValueError as err:
        raise WorkspaceError(
            Text(
                "机构名称应为 4 至 24 个字，且印章字体中都有（印章环形文字）",
                "the organization's name has 4 to 24 characters that the seal's face"
                " holds (the seal's ring)",
            )
        ) from err


@lru_cache(maxsize=8)
def art_of(seal: bytes, *, is_test: bool = False) -> SealArt:
    """Return what is to be seen of an electronic seal: its own picture, its own size.

    Args:
        seal: the SESeal, DER.
        is_test: made here for trial; a smaller box then shows it smaller.

    Raises:
        PictureError: the picture cannot be drawn; UnsupportedPictureError for its kind.
        ValueError: no seal has the size that it states.
        MalformedError: not a seal in its strict form.
    """
    found = ses.read_seal(seal).picture
    width, height = found.width_mm, found.height_mm
    drawing = seal_image.import_picture(found.type, found.data, width, height)
    return SealArt(drawing, width, height, shrinks=is_test)


def picture(name: str) -> Picture:
    """Return the same as the picture of an electronic seal: PNG, clear background.

    Args:
        name: as for :func:`draw`.

    Raises:
        WorkspaceError: no seal can carry the name.
    """
    draw(name)  # says what is wrong with the name
    spec = SealSpec(name)
    with Image.open(io.BytesIO(seal_image.to_png(spec, PICTURE_DPI))) as drawn:
        image = drawn.convert("RGBA")
    width, height = round(spec.width_mm), round(spec.height_mm)
    return Picture("PNG", _in_one_ink(image), width, height)


def _in_one_ink(image: Image.Image) -> bytes:
    """Return a drawing as PNG of one colour in sixteen strengths.

    Every sealed file carries it, as hexadecimal digits: 14 KB in place of 48.
    """
    strength = image.getchannel("A").point(lambda value: round(value / _STEP))
    inked = Image.frombytes("P", image.size, strength.tobytes())
    inked.putpalette(RED * _STRENGTHS)
    out = io.BytesIO()
    clear = bytes(step * _STEP for step in range(_STRENGTHS))
    dpi = (PICTURE_DPI, PICTURE_DPI)
    inked.save(out, "PNG", optimize=True, bits=4, transparency=clear, dpi=dpi)
    return out.getvalue()
