"""Photos: whatever comes in, a small upright clean JPEG or a plain refusal."""

import io
import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops
from PIL.PngImagePlugin import PngInfo

from elicense import photos
from elicense.photos import PhotoError

BLUE, RED, GREEN, SKIN = (20, 60, 200), (200, 20, 20), (20, 160, 60), (230, 190, 160)


def file_of(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def portrait(width: int = 358, height: int = 441) -> Image.Image:
    """Return a face on blue whose top is red and whose bottom is green."""
    image = Image.new("RGB", (width, height), BLUE)
    image.paste(RED, (0, 0, width, height // 5))
    image.paste(GREEN, (0, height - height // 5, width, height))
    image.paste(SKIN, (width // 3, height // 3, width * 2 // 3, height * 2 // 3))
    return image


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def near(pixel: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 24 for a, b in zip(pixel, wanted, strict=True))


def shows_portrait(image: Image.Image) -> bool:
    width, height = image.size
    return (
        near(image.getpixel((width // 2, 5)), RED)
        and near(image.getpixel((width // 2, height - 5)), GREEN)
        and near(image.getpixel((5, height // 2)), BLUE)
        and near(image.getpixel((width // 2, height // 2)), SKIN)
    )


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "a camera"
    return exif


# How a camera stores an upright picture under each orientation (EXIF 2.3, 4.6.4).
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", STORED)
def test_a_turned_photo_comes_out_upright_and_without_its_exif(orientation):
    image = portrait()
    # A mark at the left, so that a mirrored picture is not taken for the right one.
    image.paste((255, 255, 255), (0, 200, 60, 260))
    how = STORED[orientation]
    stored = image if how is None else image.transpose(how)
    data = file_of(stored, "JPEG", exif=exif_of(orientation), quality=95)
    out = photos.prepare(data)
    assert near(opened(out).getpixel((20, 230)), (255, 255, 255))
    assert near(opened(out).getpixel((338, 230)), BLUE)
    assert near(opened(out).getpixel((179, 5)), RED)
    assert not opened(out).getexif()
    assert b"a camera" not in out


def deep() -> Image.Image:
    """Return the portrait in grey of 16 bits."""
    grey = portrait().convert("L")
    data = b"".join(bytes((value, value)) for value in grey.tobytes())
    return Image.frombytes("I;16", grey.size, data)


def test_nothing_of_the_file_but_its_picture_survives():
    notes = PngInfo()
    notes.add_text("Comment", "a note of the studio")
    plain = photos.prepare(file_of(portrait()))
    assert photos.prepare(file_of(portrait(), pnginfo=notes)) == plain
    assert photos.prepare(file_of(portrait()) + b"something behind it") == plain
    assert photos.prepare(file_of(portrait(), dpi=(72, 72))) == plain
    commented = file_of(portrait(), "JPEG", comment=b"a note", icc_profile=b"x" * 200)
    out = photos.prepare(commented)
    assert b"a note" not in out
    assert b"xxxx" not in out
    assert set(opened(out).info) == {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
    }


def test_the_result_is_a_baseline_jpeg_in_rgb():
    out = photos.prepare(file_of(portrait()))
    image = opened(out)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (358, 440))
    # SOF0 is baseline, SOF2 progressive (ITU-T T.81, table B.1).
    assert b"\xff\xc0" in out
    assert b"\xff\xc2" not in out


CONVERTED = {
    "JPEG": file_of(portrait(), "JPEG", quality=95),
    "JPEG progressive": file_of(portrait(), "JPEG", quality=95, progressive=True),
    "JPEG in CMYK": file_of(portrait().convert("CMYK"), "JPEG", quality=95),
    "PNG": file_of(portrait()),
    "PNG with a palette": file_of(portrait().quantize(16)),
    "PNG with alpha": file_of(portrait().convert("RGBA")),
    "PNG animated": file_of(
        portrait(), save_all=True, append_images=[ImageChops.invert(portrait())]
    ),
}


@pytest.mark.parametrize("case", CONVERTED)
def test_the_picture_is_kept_from(case):
    assert shows_portrait(opened(photos.prepare(CONVERTED[case])))


def test_what_is_transparent_becomes_white():
    image = portrait().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 150, 60, 300))
    out = opened(photos.prepare(file_of(image)))
    assert near(out.getpixel((20, 220)), (255, 255, 255))


@pytest.mark.parametrize("kind", ["8 bits", "16 bits"])
def test_a_grey_photo_keeps_its_values(kind):
    image = portrait().convert("L") if kind == "8 bits" else deep()
    out = opened(photos.prepare(file_of(image))).convert("L")
    for x, y in ((179, 5), (5, 220), (179, 220)):
        assert abs(out.getpixel((x, y)) - portrait().convert("L").getpixel((x, y))) < 6


SIZES = {
    "one inch, 25 x 35 mm": ((295, 413), (295, 363)),
    "the frame at 300 dpi": ((307, 378), (307, 377)),
    "a social security photo": ((358, 441), (358, 440)),
    "the narrowest shape": ((300, 500), (300, 369)),
    "a square": ((400, 400), (325, 400)),
    "a telephone's picture": ((3000, 4000), (614, 756)),
}


@pytest.mark.parametrize("case", SIZES)
def test_a_photo_is_cropped_to_the_frame_and_not_enlarged(case):
    size, expected = SIZES[case]
    out = opened(photos.prepare(file_of(portrait(*size))))
    assert abs(out.width - expected[0]) <= 1
    assert abs(out.height - expected[1]) <= 1
    assert out.width / out.height == pytest.approx(26 / 32, abs=0.005)


def test_the_crop_takes_the_sides_alike_and_more_of_the_bottom():
    tall = Image.new("RGB", (325, 460), BLUE)  # 60 rows too many
    tall.paste(RED, (0, 0, 325, 30))
    tall.paste(GREEN, (0, 410, 325, 460))
    out = opened(photos.prepare(file_of(tall)))
    assert near(out.getpixel((160, 8)), RED)
    assert near(out.getpixel((160, 12)), BLUE)
    assert near(out.getpixel((160, 388)), BLUE)
    assert near(out.getpixel((160, 392)), GREEN)
    wide = Image.new("RGB", (400, 400), BLUE)  # 75 columns too many
    wide.paste(RED, (0, 0, 45, 400))
    wide.paste(GREEN, (355, 0, 400, 400))
    out = opened(photos.prepare(file_of(wide)))
    assert near(out.getpixel((4, 200)), RED)
    assert near(out.getpixel((10, 200)), BLUE)
    assert near(out.getpixel((out.width - 5, 200)), GREEN)
    assert near(out.getpixel((out.width - 11, 200)), BLUE)


def noise(width: int, height: int) -> Image.Image:
    data = random.Random(1).randbytes(width * height * 3)
    return Image.frombytes("RGB", (width, height), data)


@pytest.mark.parametrize(
    "image", [portrait(), portrait(614, 756), noise(614, 756)], ids=["a", "b", "noise"]
)
def test_the_result_is_small_and_the_same_each_time(image):
    out = photos.prepare(file_of(image))
    assert len(out) <= photos.MAX_OUTPUT_BYTES
    assert photos.prepare(file_of(image)) == out


def test_a_prepared_photo_is_accepted_again():
    out = photos.prepare(file_of(portrait(1000, 1300)))
    assert opened(photos.prepare(out)).size == pytest.approx(opened(out).size, abs=1)


REFUSED_SIZES = {
    "one pixel too narrow": ((294, 413), "太小", "too small|must keep"),
    "one pixel too low": ((307, 362), "太小", "must keep"),
    "a landscape": ((641, 640), "比例", "width : height"),
    "a strip": ((300, 501), "比例", "width : height"),
    "more than twenty million pixels": ((4000, 5001), "过大", "at most"),
}


@pytest.mark.parametrize("case", REFUSED_SIZES)
def test_a_photo_of_a_wrong_size_is_refused_with_what_was_found(case):
    size, zh, en = REFUSED_SIZES[case]
    with pytest.raises(PhotoError, match=en) as caught:
        photos.prepare(file_of(Image.new("1", size)))
    assert caught.value.size == size
    assert zh in caught.value.message.zh
    assert f"{size[0]}×{size[1]}" in caught.value.message.zh
    assert f"{size[0]} x {size[1]}" in caught.value.message.en


def test_the_size_that_is_told_is_that_of_the_upright_photo():
    lying = portrait(250, 300).transpose(Image.Transpose.ROTATE_90)
    with pytest.raises(PhotoError) as caught:
        photos.prepare(file_of(lying, "JPEG", exif=exif_of(6)))
    assert caught.value.size == (250, 300)


def many_scans() -> bytes:
    data = file_of(portrait(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * 30 + b"\xff\xd9"


HOSTILE = {
    "nothing": b"",
    "text": b"a photo",
    "a GIF": file_of(portrait(), "GIF"),
    "a WebP": file_of(portrait(), "WEBP"),
    "a truncated PNG": file_of(portrait())[:-200],
    "a truncated JPEG": file_of(portrait(), "JPEG")[:-400],
    "a decompression bomb": file_of(Image.new("1", (20_000, 20_000))),
    "too many bytes": bytes(photos.MAX_INPUT_BYTES + 1),
    "too many scans": many_scans(),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_photo_is_refused_in_both_languages(case):
    with pytest.raises(PhotoError) as caught:
        photos.prepare(HOSTILE[case])
    assert "照片" in caught.value.message.zh
    assert "photo" in caught.value.message.en


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8"])
)
def test_any_bytes_are_refused(data, start):
    with pytest.raises(PhotoError):
        photos.prepare(start + data)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["JPEG", "PNG", "JPEG progressive"]),
    st.integers(0, 3000),
    st.integers(0, 255),
)
def test_a_changed_byte_gives_a_photo_or_a_refusal(kind, place, value):
    data = bytearray(CONVERTED[kind])
    data[place % len(data)] = value
    with suppress(PhotoError):
        assert opened(photos.prepare(bytes(data))).format == "JPEG"
