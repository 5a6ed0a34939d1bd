"""Pictures of imported seals, as their makers put them in."""

import io
import struct
import subprocess
import sys
import time
import zlib

import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from esign import ses
from esign.errors import ESignError
from esign.seal_image import (
    MAX_PICTURE_BYTES,
    PictureError,
    SealSpec,
    UnsupportedPictureError,
    draw,
    import_picture,
    on_canvas,
    to_png,
)
from esign.seal_image.raster import MAX_SIDE
from tests.esign.seal_pictures import KINDS, ring, written
from tests.support import vectors

SEALS = (
    "ofdrw-v1-UserV1.esl",
    "ofdrw-v4-UserV4.esl",
    "ofdrw-v5-UserV5.esl",
    "ofdrw-v5-UserV5_ts.esl",
)


def shown(pdf, dpi=127, ground=(0, 0, 0, 0)):
    """What a page shows, five pixels a millimetre."""
    document = pypdfium2.PdfDocument(pdf)
    page = document[0]
    image = page.render(scale=dpi / 72, fill_color=ground, maybe_alpha=True).to_pil()
    return image.convert("RGBA")


def on_paper(image):
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_every_kind_has_its_size_and_its_ground_is_transparent(kind):
    pdf = import_picture(kind, KINDS[kind], 45, 30)
    with pikepdf.open(io.BytesIO(pdf)) as file:
        _, _, width, height = map(float, file.pages[0].MediaBox)
        names = set(file.pages[0].Resources.XObject.Seal.Resources.XObject.keys())
    assert width == pytest.approx(45 / 25.4 * 72)
    assert height == pytest.approx(30 / 25.4 * 72)
    assert names == {"/Picture"}
    image = shown(pdf)
    assert image.size == pytest.approx((225, 150), abs=1)
    for ground in ((1, 1), (112, 75), (223, 148)):
        assert image.getpixel(ground)[3] < 6
    assert image.getpixel((112, 7))[3] > 150


@pytest.mark.parametrize("kind", KINDS)
def test_on_white_paper_it_looks_as_its_maker_has_it(kind):
    pdf = import_picture(kind, KINDS[kind], 40, 40)
    with Image.open(io.BytesIO(KINDS[kind])) as source:
        given_ = (
            source.convert("I").point(lambda v: v / 256).convert("L")
            if (source.mode == "I;16")
            else source.convert("RGB")
            if source.mode == "CMYK"
            else source
        )
        expected = on_paper(given_)
    seen = on_paper(shown(pdf))
    assert seen.size == pytest.approx(expected.size, abs=1)
    for place in ((100, 8), (8, 100), (192, 100), (100, 100), (2, 2), (50, 50)):
        assert seen.getpixel(place) == pytest.approx(expected.getpixel(place), abs=6)


@pytest.mark.parametrize("name", SEALS)
def test_the_seals_of_a_third_party_show_their_own_picture(name):
    picture = ses.read_seal(vectors(f"ses/seals/{name}").read_bytes()).picture
    pdf = import_picture(
        picture.type, picture.data, picture.width_mm, picture.height_mm
    )
    seen = on_paper(shown(pdf, dpi=254))
    with Image.open(io.BytesIO(picture.data)) as source:
        expected = on_paper(source.convert("RGBA"))
    assert seen.size == pytest.approx(expected.size, abs=1)
    for place in ((200, 10), (200, 200), (30, 200), (5, 5), (200, 100), (150, 370)):
        assert seen.getpixel(place) == pytest.approx(expected.getpixel(place), abs=40)
    assert pdf == import_picture(
        picture.type, picture.data, picture.width_mm, picture.height_mm
    )


def test_a_gif_of_the_field_is_shown_pixel_by_pixel():
    """Its maker's signature does not hold; its picture is one of a real program."""
    data = vectors("ses/bad/SESealData-v4-extdata-badsig.DER").read_bytes()
    picture = ses.read_seal(data, lenient=True).picture
    assert picture.type == "GIF"
    with Image.open(io.BytesIO(picture.data)) as source:
        expected = on_paper(source.convert("RGBA"))
    dpi = expected.width / picture.width_mm * 25.4
    pdf = import_picture(
        picture.type, picture.data, picture.width_mm, picture.height_mm
    )
    assert on_paper(shown(pdf, dpi)).tobytes() == expected.tobytes()


def test_a_seal_made_here_comes_back_from_its_own_png():
    spec = SealSpec("示例市行政审批局")
    seen = on_paper(shown(import_picture("PNG", to_png(spec, 600), 42, 42), 600))
    expected = on_paper(shown(draw(spec), 600))
    pairs = zip(seen.tobytes(), expected.tobytes(), strict=True)
    assert sum(abs(a - b) for a, b in pairs) / len(seen.tobytes()) < 0.05


def test_more_pixels_than_print_shows_are_reduced():
    pdf = import_picture("PNG", written(ring(size=(2400, 1200)), "PNG"), 40, 20)
    with pikepdf.open(io.BytesIO(pdf)) as file:
        image = file.pages[0].Resources.XObject.Seal.Resources.XObject.Picture
        assert (image.Width, image.Height) == (MAX_SIDE, MAX_SIDE // 2)
        assert (image.SMask.Width, image.SMask.Height) == (MAX_SIDE, MAX_SIDE // 2)


def chunk(name, data):
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def png(width, height, *chunks):
    """A PNG of any size that it only claims."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", head), *chunks, chunk(b"IEND", b""))
    )


def bomb(kind, size):
    """A small file of many pixels."""
    return written(Image.new("P", size), kind)


def scans(count):
    data = written(ring(), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    return data[:at] + data[at:-2] * count + data[-2:]


def frames(kind):
    return written(ring(), kind, save_all=True, append_images=[ring(ground="gray")])


PIECE = zlib.compress(bytes(900_000_00), 9)
HOSTILE = {
    "a PNG of four billion pixels": ("PNG", png(65535, 65535, chunk(b"IDAT", PIECE))),
    "a PNG of ten million pixels": ("PNG", bomb("PNG", (5000, 2000))),
    "a GIF of ten million pixels": ("GIF", bomb("GIF", (5000, 2000))),
    "a PNG of nine million pixels in a row": ("PNG", bomb("PNG", (9_000_000, 1))),
    "a JPEG of a column of pixels": ("JPEG", written(ring(size=(12, 10_001)), "JPEG")),
    "a BMP of a billion pixels": (
        "BMP",
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 99, 0, 0, 54, 40, 32000, 32000, 1, 24,
                            0, 0, 0, 0, 0, 0),
    ),
    "a PNG whose text is a bomb": (
        "PNG",
        png(9, 9, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(90_000_000), 9))),
    ),
    "a profile that is a bomb": (
        "PNG",
        png(9, 9, chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(90_000_000), 9))),
    ),
    "two frames of a GIF": ("GIF", frames("GIF")),
    "two frames of a PNG": ("PNG", frames("PNG")),
    "a JPEG of hundreds of scans": ("JPEG", scans(300)),
    "a JPEG that is said to be a PNG": ("PNG", KINDS["JPEG"]),
    "a PNG that is said to be a GIF": ("GIF", KINDS["PNG"]),
    "half a PNG": ("PNG", KINDS["PNG"][: len(KINDS["PNG"]) // 2]),
    "half a JPEG": ("JPEG", KINDS["JPEG"][: len(KINDS["JPEG"]) // 2]),
    "no bytes": ("PNG", b""),
    "white alone": ("PNG", written(Image.new("L", (90, 90), 252), "PNG")),
    "nothing opaque": ("PNG", written(Image.new("RGBA", (90, 90)), "PNG")),
    "too many bytes": ("BMP", KINDS["BMP"] + bytes(MAX_PICTURE_BYTES)),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_pictures_cost_little_and_give_an_error(case):
    kind, data = HOSTILE[case]
    start = time.process_time()
    with pytest.raises(PictureError):
        import_picture(kind, data, 40, 40)
    assert time.process_time() - start < 5


LARGEST = """
import io
from PIL import Image
from esign.seal_image import import_picture
COLOUR = {"RGBA": (200, 0, 0, 99), "CMYK": (0, 200, 200, 0), "I;16": 300}
for kind, mode in (("PNG", "RGBA"), ("JPEG", "CMYK"), ("PNG", "I;16")):
    for size in ((3000, 3000), (10_000, 900), (900, 10_000)):
        out = io.BytesIO()
        Image.new(mode, size, COLOUR[mode]).save(out, kind)
        import_picture(kind, out.getvalue(), 45, 45)
status = open("/proc/self/status").read()
print(int(status.split("VmHWM:")[1].split()[0]) >> 10)
"""


def test_the_largest_pictures_take_less_than_half_a_gibibyte():
    """In a process of its own, whose memory is counted in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", LARGEST], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 512


@pytest.mark.parametrize("kind", ["svg", "SVG", "TIFF", "WEBP", "eps", "", "p" * 999])
def test_a_kind_that_is_not_drawn_says_so(kind):
    with pytest.raises(UnsupportedPictureError, match="not drawn") as caught:
        import_picture(kind, KINDS["PNG"], 40, 40)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(
    "size", [(0, 40), (40, 0), (-1, 40), (101, 40), (40, 101), (float("nan"), 40)]
)
def test_no_seal_has_such_a_size(size):
    with pytest.raises(ValueError, match="mm on a side"):
        import_picture("PNG", KINDS["PNG"], *size)


@given(st.sampled_from(sorted(KINDS)), st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage_gives_a_picture_or_an_error_of_ours(kind, data):
    damaged = bytearray(KINDS[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    given_ = bytes(damaged[:cut]) if data.draw(st.booleans()) else bytes(damaged)
    try:
        pdf = import_picture(kind, given_, 40, 40)
    except ESignError:
        return
    assert shown(pdf).size == pytest.approx((200, 200), abs=1)


@pytest.mark.parametrize(
    "art",
    [
        draw(SealSpec("示例市行政审批局", diameter_mm=40)),
        import_picture("PNG", KINDS["PNG"], 40, 40),
    ],
    ids=["drawn", "imported"],
)
def test_a_seal_keeps_its_size_in_the_middle_of_a_larger_box(art):
    seen = shown(on_canvas(art, 50, 42))
    assert seen.size == pytest.approx((250, 210), abs=1)
    left, top, right, bottom = (
        seen.getchannel("A").point(lambda level: 255 if level > 99 else 0).getbbox()
    )
    assert (left, right) == pytest.approx((25, 225), abs=6)
    assert (top, bottom) == pytest.approx((5, 205), abs=6)
    assert left + right == pytest.approx(250, abs=2)
    assert on_canvas(art, 50, 42) == on_canvas(art, 50, 42)


@pytest.mark.parametrize("size", [(39, 60), (60, 39.9), (float("nan"), 60)])
def test_a_seal_larger_than_its_box_is_not_made_smaller(size):
    with pytest.raises(ValueError, match="larger than its canvas"):
        on_canvas(import_picture("PNG", KINDS["PNG"], 40, 40), *size)
