"""The picture of an imported seal on a license (docs/formats/pdf.md, section 9)."""

import io
import zlib

import pikepdf
import pytest
from pikepdf import Dictionary, Name

from elicense import appearance, document, face, validating
from elicense.testing import Simulator
from esign import pades, seal_image, ses
from esign.errors import MalformedError
from esign.pades import SealAppearance
from esign.seal_image import RANKS, import_picture, on_canvas
from esign.verdict import Code
from tests.elicense import test_pdfa
from tests.elicense.pages import (
    AT,
    PRESSES,
    license_type,
    parts,
    sample_license,
    seal_place,
)
from tests.elicense.test_face import differences
from tests.elicense.world import parts_of, unsealed
from tests.esign import pades_world
from tests.esign.seal_pictures import IMAGE, KINDS, RING, STAR, ofd
from tests.esign.test_seal_image import spec_of
from tests.support import vectors

NAME = "food-business"
LONGEST = "示例市青禾区住房和城乡建设综合服务中心鑫龘麟燚局"


@pytest.fixture(scope="module")
def art():
    """Return the picture of a third party's seal, 40 mm in the box of 42."""
    data = vectors("ses/seals/ofdrw-v4-UserV4.esl").read_bytes()
    picture = ses.read_seal(data).picture
    drawn = import_picture(
        picture.type, picture.data, picture.width_mm, picture.height_mm
    )
    return on_canvas(drawn, 42, 42)


def put(page, art, name=NAME):
    """Seal a page with a picture."""
    number, place = seal_place(license_type(name))
    looks = SealAppearance(number, place, art)
    return pades.seal(page, pades_world.world().identity, at=AT, appearance=looks)


@pytest.fixture(scope="module")
def page():
    return document.render(parts(sample_license(NAME)))


@pytest.mark.parametrize("press", PRESSES.values(), ids=PRESSES)
def test_a_license_with_an_imported_seal_is_the_same_face_and_pdf_a(press, art):
    license_ = sample_license(NAME)
    pdf = press(pades_world.world().identity, art).print(parts(license_))
    assert differences(face.read(pdf), license_) == ()
    assert test_pdfa.failing(pdf) == set()
    assert test_pdfa.judged(pdf) == []


def test_a_license_with_an_imported_seal_is_valid(art):
    with Simulator() as world:
        issued = world.issue(NAME)
        given = parts_of(world, issued)
        number, place = seal_place(world.catalog.get(NAME))
        pdf = pades.seal(
            unsealed(world, given),
            world.department.seal,
            at=issued.verdict.at,
            appearance=SealAppearance(number, place, art),
        )
        verdict = validating.validate_pdf(
            pdf, world.trust(), issued.verdict.at, catalog=world.catalog
        )
    assert verdict.code is Code.VALID


def image_of(art):
    """Return the image of an imported seal's picture."""
    return form_of(art).Resources.XObject.Picture


def form_of(art):
    return art.pages[0].Resources.XObject.Seal


def twice(art):
    form_of(art).write(form_of(art).read_bytes() * 2)


def a_second(art):
    form_of(art).Resources.XObject["/More"] = image_of(art)
    form_of(art).write(form_of(art).read_bytes() + b"/More Do\n")


def samples(change):
    def edit(art):
        image = image_of(art)
        image.write(zlib.compress(change(image.read_bytes())), filter=Name.FlateDecode)

    return edit


def entry(name, value, of=image_of):
    def edit(art):
        of(art)[name] = value

    return edit


def mask_of(art):
    return image_of(art).SMask


def mask_of_mask(art):
    mask_of(art).SMask = mask_of(art)


def predicted(art):
    image_of(art).DecodeParms = Dictionary(Predictor=15, Colors=3, Columns=400)


def a_jpeg(art):
    image_of(art).write(KINDS["JPEG"], filter=Name.DCTDecode)


def mask_in_colours(art):
    mask = mask_of(art)
    mask.ColorSpace = Name.DeviceRGB
    mask.write(bytes(400 * 400 * 3))


def too_large(art):
    for image in (image_of(art), mask_of(art)):
        image.Width, image.Height = 1500, 1001


def an_image_of_nothing(art):
    image_of(art).Width = 0
    image_of(art).write(b"")


def no_image(art):
    image_of(art).Subtype = Name.PS


ATTACKS = {
    "the image is drawn twice": twice,
    "there are two images": a_second,
    "a sample is missing": samples(lambda data: data[:-1]),
    "there is one sample more": samples(lambda data: data + b"\0"),
    "samples of 16 bits": entry("/BitsPerComponent", 16),
    "a palette": entry("/ColorSpace", pikepdf.Array([Name.Indexed, Name.DeviceRGB])),
    "four colours": entry("/ColorSpace", Name.DeviceCMYK),
    "other values than its samples": entry("/Decode", pikepdf.Array([1, 0] * 3)),
    "smoothed": entry("/Interpolate", True),
    "another picture for print": entry("/Alternates", pikepdf.Array([])),
    "a stencil": entry("/ImageMask", True),
    "a key colour": entry("/Mask", pikepdf.Array([0, 0] * 3)),
    "a mask of a mask": mask_of_mask,
    "a mask in colours": mask_in_colours,
    "a mask with a matte": entry("/Matte", pikepdf.Array([0, 0, 0]), mask_of),
    "a mask of another size than it says": entry("/Width", 399, mask_of),
    "a predictor": predicted,
    "a JPEG": a_jpeg,
    "too many pixels": too_large,
    "no pixels": an_image_of_nothing,
    "neither form nor image": no_image,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_any_other_image_in_a_seal_is_refused_before_it_is_drawn(attack, art, page):
    with pikepdf.open(io.BytesIO(art)) as changed:
        ATTACKS[attack](changed)
        out = io.BytesIO()
        changed.save(out)
    pdf = put(page, out.getvalue())
    with pytest.raises(MalformedError, match=r"face: |PDF: a stream"):
        face.read(pdf)


def test_an_image_without_a_filter_and_without_a_mask_may_be_there(art, page):
    with pikepdf.open(io.BytesIO(art)) as changed:
        image = image_of(changed)
        image.write(image.read_bytes())
        del image.SMask
        out = io.BytesIO()
        changed.save(out, compress_streams=False)
    seen = face.read(put(page, out.getvalue()))
    assert differences(seen, sample_license(NAME)) == ()


def test_a_stream_without_a_filter_is_held_to_the_limit():
    with pikepdf.new() as pdf:
        stream = pikepdf.Stream(pdf, b"12345")
        assert appearance.inflated(stream, 5) == b"12345"
        with pytest.raises(MalformedError, match="more than 4 bytes"):
            appearance.inflated(stream, 4)


def test_a_drawing_of_an_ofd_seal_is_the_same_face(page):
    """Paths with opacities, and an image, in the box of a license."""
    drawn = import_picture("ofd", ofd(RING, STAR, IMAGE), 40, 40)
    pdf = put(page, on_canvas(drawn, 42, 42))
    assert differences(face.read(pdf), sample_license(NAME)) == ()


@pytest.mark.parametrize("rank", RANKS)
def test_a_seal_of_every_rank_is_the_same_face(rank, page):
    """The largest are drawn into the box; that is the caller's choice."""
    drawn = seal_image.draw(spec_of(rank, LONGEST))
    assert differences(face.read(put(page, drawn)), sample_license(NAME)) == ()
