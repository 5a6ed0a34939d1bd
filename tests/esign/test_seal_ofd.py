"""Pictures of seals that are OFD documents; all are made here."""

import io
import itertools
import math
import struct
import time
import tracemalloc
import zipfile

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from esign.errors import ESignError
from esign.seal_image import PictureError, UnsupportedPictureError, import_picture
from esign.seal_image.ofd import path
from tests.esign.seal_pictures import FILL, IMAGE, KINDS, LINE, NS, RING, STAR, ofd
from tests.esign.test_seal_picture import on_paper, shown


def page(content, **attributes):
    named = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return {
        "Doc_0/Pages/Page_0/Content.xml": f"<ofd:Page {NS}>{content}"
        f"<ofd:Content><ofd:Layer{named}>{RING}</ofd:Layer></ofd:Content></ofd:Page>"
    }


def imported(data, width=40, height=40):
    return import_picture("ofd", data, width, height)


def at(image, x, y):
    """The pixel at millimetres from the upper left corner."""
    return image.getpixel((round(x * 5), round(y * 5)))


def test_paths_and_an_image_stand_where_the_page_has_them():
    image = shown(imported(ofd(RING, STAR)))
    for angle in range(0, 360, 15):
        turn = math.radians(angle)
        rim = at(image, 20 + 19 * math.cos(turn), 20 + 19 * math.sin(turn))
        assert rim[3] == 255
        assert rim[:3] == pytest.approx((200, 16, 24), abs=2)
        assert at(image, 20 + 17 * math.cos(turn), 20 + 17 * math.sin(turn))[3] == 0
    assert at(image, 20, 17)[3] == 255
    assert at(image, 20, 24)[3] == 0, "between the star's feet"
    with_image = shown(imported(ofd(IMAGE)))
    expected = on_paper(shown(import_picture("PNG", KINDS["png"], 30, 20)))
    part = on_paper(with_image).crop((25, 50, 175, 150))
    assert part.size == expected.size
    for place in ((75, 4), (4, 50), (75, 50), (20, 20), (140, 90)):
        assert part.getpixel(place) == pytest.approx(expected.getpixel(place), abs=40)
    assert imported(ofd(RING)) == imported(ofd(RING))


def test_a_page_is_scaled_to_the_size_that_the_seal_states():
    image = shown(imported(ofd(STAR), 30, 15))
    assert image.size == pytest.approx((150, 75), abs=1)
    left, top, right, bottom = image.getchannel("A").getbbox()
    assert (left, right) == pytest.approx((13 * 3.75, 27 * 3.75), abs=2)
    assert (top, bottom) == pytest.approx((11 * 1.875, 24 * 1.875), abs=2)


def square(attributes="", colour=FILL, data="M 0 0 L 9 0 L 9 9 L 0 9 C"):
    return (
        f'<ofd:PathObject ID="6" Boundary="10 10 20 20" Fill="true" {attributes}>'
        f"{colour}<ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:PathObject>"
    )


OFF = 'Stroke="false"'
DRAWN = {
    "as it stands": (square(OFF), (14, 14), (22, 22)),
    "moved and scaled": (square(f'{OFF} CTM="1 0 0 1 10 10"'), (24, 24), (14, 14)),
    "turned by 90 degrees": (
        square(f'{OFF} CTM="0 1 -1 0 20 0"', data="M 0 0 L 4 0 L 4 9 L 0 9 C"),
        (26, 12), (14, 16),
    ),
    "within its boundary": (
        square(OFF, data="M -9 -9 L 30 -9 L 30 30 L -9 30 C"), (29, 29), (31, 31),
    ),
    "a hole by the even-odd rule": (
        square(f'{OFF} Rule="Even-Odd"', data="S 0 0 L 9 0 L 9 9 L 0 9 C "
               "S 3 3 L 6 3 L 6 6 L 3 6 C"), (11, 11), (14.5, 14.5),
    ),
    "no hole by the other": (
        square(f'{OFF} Rule="NonZero"', data="S 0 0 L 9 0 L 9 9 L 0 9 C "
               "S 3 3 L 6 3 L 6 6 L 3 6 C"), (14.5, 14.5), (22, 22),
    ),
    "a quadratic curve": (
        square(OFF, data="M 0 0 Q 9 18 18 0 C"), (19, 18), (11, 18),
    ),
    "a cubic curve": (
        square(OFF, data="M 0 0 B 0 12 18 12 18 0 C"), (19, 18), (11, 18),
    ),
    "half a circle": (
        square(OFF, data="M 0 9 A 9 9 0 0 1 18 9 C"), (19, 12), (19, 21),
    ),
    "the other half": (
        square(OFF, data="M 0 9 A 9 9 0 0 0 18 9 C"), (19, 26), (19, 17),
    ),
    "the longer way": (
        square(OFF, data="M 9 0 A 9 9 0 1 1 0 9 C"), (25, 24), (12, 12),
    ),
    "the shorter way": (
        square(OFF, data="M 9 0 A 9 9 0 0 0 0 9 C"), (13.5, 13.5), (25, 24),
    ),
    "an ellipse that is turned": (
        square(OFF, data="M 9 0 A 9 3 90 1 1 9 18 A 9 3 90 1 1 9 0 C"),
        (19, 26), (25, 19),
    ),
    "an ellipse that is too small grows": (
        square(OFF, data="M 0 9 A 1 1 0 0 1 18 9 C"), (19, 12), (19, 21),
    ),
    "an arc without radius is a line": (
        square(OFF, data="M 0 0 A 0 5 0 0 1 9 0 L 9 9 L 0 9 C"), (14, 14), (22, 22),
    ),
    "an arc to where it begins is nothing": (
        square(OFF, data="M 0 0 A 5 5 0 0 1 0 0 L 9 0 L 9 9 L 0 9 C"),
        (14, 14), (22, 22),
    ),
    "a colour of a space": (
        square(OFF, '<ofd:FillColor Value="200 16 24" ColorSpace="2"/>'),
        (14, 14), (22, 22),
    ),
    "a grey": (
        square(OFF, '<ofd:FillColor Value="60" ColorSpace="3"/>'), (14, 14), (22, 22),
    ),
    "a line of its own width": (
        square('LineWidth="4" Join="Round" Cap="Round"', LINE),
        (10.5, 14), (14.5, 14.5),
    ),
    "a line in black where no colour is stated": (
        square('LineWidth="4"', ""), (10.5, 14), (14.5, 14.5),
    ),
    "numbers in other spellings": (
        square(OFF, data="M 0 .0 L +9. 0 L 9 90e-1 L -0 9 C"), (14, 14), (22, 22),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DRAWN)
def test_what_is_drawn_lies_where_the_standard_has_it(case):
    item, inside, outside = DRAWN[case]
    image = shown(imported(ofd(item)))
    assert at(image, *inside)[3] > 200
    assert at(image, *outside)[3] == 0


def test_opacity_and_order_of_layers():
    pale = square(f'{OFF} Alpha="128"', '<ofd:FillColor Value="0 0 0" Alpha="128"/>')
    alpha = at(shown(imported(ofd(pale))), 14, 14)[3]
    assert alpha == pytest.approx(64, abs=2)
    layers = "".join(
        f'<ofd:Layer ID="{n}" Type="{kind}">'
        + square(OFF, f'<ofd:FillColor Value="{colour}"/>')
        + "</ofd:Layer>"
        for n, (kind, colour) in enumerate(
            [("Foreground", "200 0 0"), ("Body", "0 200 0"), ("Background", "0 0 200")]
        )
    )
    content = f"<ofd:Page {NS}><ofd:Content>{layers}</ofd:Content></ofd:Page>"
    made = ofd(**{"Doc_0/Pages/Page_0/Content.xml": content})
    assert at(shown(imported(made)), 14, 14)[:3] == pytest.approx((200, 0, 0), abs=2)


def test_a_page_may_have_its_own_size_and_resources_and_hidden_objects():
    own = (
        "<ofd:Area><ofd:PhysicalBox>10 10 20 20</ofd:PhysicalBox></ofd:Area>"
        "<ofd:PageRes>../../Res.xml</ofd:PageRes>"
    )
    made = ofd(**page(own, ID="2"))
    image = shown(imported(made))
    assert image.getchannel("A").getbbox() is None, "the ring lies outside"
    hidden = square(f'{OFF} Visible="false"')
    visible = square(f'{OFF} Visible="true" CTM="1 0 0 1 10 10"')
    image = shown(imported(ofd(hidden, visible)))
    assert at(image, 14, 14)[3] == 0
    assert at(image, 24, 24)[3] == 255


COMMON = "Doc_0/Document.xml"
CONTENT = "Doc_0/Pages/Page_0/Content.xml"


def document(**texts):
    """The document with one text replaced by another."""
    with zipfile.ZipFile(io.BytesIO(ofd(RING))) as package:
        text = package.read(COMMON).decode()
    for old, new in texts.values():
        assert old in text
        text = text.replace(old, new)
    return {COMMON: text}


PAGES = (
    '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>',
    '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>' * 2,
)
ANNOTATIONS = "<ofd:Annotations>a</ofd:Annotations><ofd:Pages>"
INKS = "<ofd:DefaultCS>4</ofd:DefaultCS><ofd:PageArea>"
UNSUPPORTED = {
    "text": ofd('<ofd:TextObject ID="4" Boundary="1 1 9 9" Font="3" Size="3"/>'),
    "a composite object": ofd('<ofd:CompositeObject ID="4" ResourceID="1"/>'),
    "a block": ofd('<ofd:PageBlock ID="4"/>'),
    "an object of another maker's": ofd('<x:PathObject xmlns:x="urn:x"/>'),
    "a gradient": ofd(square(OFF, "<ofd:FillColor><ofd:AxialShd/></ofd:FillColor>")),
    "a colour of a palette": ofd(square(OFF, '<ofd:FillColor Index="1"/>')),
    "four inks": ofd(square(OFF, '<ofd:FillColor Value="1 1 1 1" ColorSpace="4"/>')),
    "an unknown space": ofd(square(OFF, '<ofd:FillColor Value="1" ColorSpace="7"/>')),
    "dashes": ofd(square('DashPattern="1 1"')),
    "a shared parameter": ofd(square('DrawParam="7"')),
    "a clip": ofd(square(OFF, FILL + "<ofd:Clips/>")),
    "a line of uneven width": ofd(square('CTM="2 0 0 1 0 0"')),
    "a slanted line": ofd(square('CTM="1 0 1 1 0 0"')),
    "two images": ofd(IMAGE, IMAGE),
    "an image without a matrix": ofd(
        '<ofd:ImageObject ID="7" Boundary="5 10 30 20" ResourceID="9"/>'
    ),
    "an image under a mask": ofd(IMAGE.replace("/>", ' ImageMask="8"/>')),
    "a border of an image": ofd(
        IMAGE.replace("/>", "><ofd:Border/></ofd:ImageObject>")
    ),
    "an image of another format": ofd(IMAGE.replace('"9"', '"8"')),
    "a template": ofd(**page('<ofd:Template TemplateID="1"/>')),
    "a layer's parameter": ofd(**page("", DrawParam="1")),
    "another kind of layer": ofd(**page("", Type="Custom")),
    "annotations": ofd(RING, **document(a=("<ofd:Pages>", ANNOTATIONS))),
    "two pages": ofd(RING, **document(a=PAGES)),
    "no page": ofd(RING, **document(a=(PAGES[0], ""))),
    "a usual space of four inks": ofd(RING, **document(a=("<ofd:PageArea>", INKS))),
}  # fmt: skip


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_what_can_not_be_drawn_well_is_refused_and_named(case):
    with pytest.raises(UnsupportedPictureError, match="OFD"):
        imported(UNSUPPORTED[case])


def many_files():
    return ofd(RING, **{f"x{n}": b"" for n in range(64)})


def twice():
    out = io.BytesIO(ofd(RING))
    with zipfile.ZipFile(out, "a") as package, pytest.warns(match="Duplicate"):
        package.writestr("OFD.xml", b"<a/>")
    return out.getvalue()


def flagged(data, offset, value):
    """Change a byte of the central directory's entry of the last file."""
    at_ = data.rindex(b"PK\x01\x02")
    return data[: at_ + offset] + bytes([value]) + data[at_ + offset + 1 :]


def understated():
    """A bomb that says it has a thousand bytes."""
    data = bytearray(ofd(RING, **{CONTENT: bytes(400_000_000)}))
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(CONTENT.encode()))
    struct.pack_into("<I", data, entry + 24, 1000)
    return bytes(data)


LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">'
        for a, b in itertools.pairwise("abcdefghi")
    )
    + "]><a>&i;</a>"
)  # fmt: skip
BAD = {
    "no bytes": b"",
    "no ZIP": b"PK\x03\x04 and nothing more",
    "half a ZIP": ofd(RING)[:-300],
    "no OFD.xml": ofd(RING, **{"OFD.xml": None}),
    "another root": ofd(RING, **{"OFD.xml": f"<ofd:Page {NS}/>"}),
    "a root of another namespace": ofd(RING, **{"OFD.xml": "<OFD/>"}),
    "no document": ofd(RING, **{COMMON: None}),
    "a million laughs": ofd(RING, **{CONTENT: LAUGHS}),
    "a file from elsewhere": ofd(
        RING, **{CONTENT: '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'}
    ),
    "UTF-16": ofd(RING, **{CONTENT: "<a/>".encode("utf-16")}),
    "broken XML": ofd(RING, **{CONTENT: f"<ofd:Page {NS}>"}),
    "no XML": ofd(RING, **{CONTENT: b""}),
    "too many elements": ofd("<ofd:Layer/>" * 20_001),
    "elements that are nested": ofd("<a>" * 99 + "</a>" * 99),
    "texts in a million pieces": ofd(
        square(OFF, data="M 0 0" + "<!-- -->L<!-- -->1 1" * 100_000)
    ),
    "a bomb": ofd(RING, **{CONTENT: bytes(50_000_000)}),
    "a bomb that seems small": understated(),
    "a path of no words": ofd(square(OFF, data="")),
    "many large files": ofd(
        IMAGE, **{CONTENT: " " * 4_000_000, "Doc_0/Res.xml": " " * 4_000_000}
    ),
    "many files": many_files(),
    "two files of one path": twice(),
    "an encrypted file": flagged(ofd(RING), 8, 1),
    "an unknown way to compress": flagged(ofd(RING), 10, 97),
    "a damaged file": flagged(ofd(RING), 16, 0),
    "an image that is not there": ofd(IMAGE.replace('"9"', '"77"')),
    "an image whose file is not there": ofd(IMAGE, **{"Doc_0/Res/a.png": None}),
    "an image outside of the package": ofd(
        IMAGE, **{"Doc_0/Res/a.png": None, "../a.png": KINDS["png"]}
    ),
    "half an image": ofd(IMAGE, **{"Doc_0/Res/a.png": KINDS["png"][:99]}),
    "no size": ofd(RING, **document(a=("PhysicalBox", "ContentBox"))),
    "a page of no width": ofd(RING, **document(a=("0 0 40 40", "0 0 0 40"))),
    "a page of a hair": ofd(RING, **document(a=("0 0 40 40", "0 0 .01 40"))),
    "a page of a field": ofd(RING, **document(a=("0 0 40 40", "0 0 4000 40"))),
    "two common data": ofd(
        RING, **document(a=("<ofd:Pages>", "<ofd:CommonData/><ofd:Pages>"))
    ),
    "a page without a place": ofd(RING, **document(a=("BaseLoc", "Loc"))),
    "an object without a boundary": ofd(RING.replace("Boundary", "Name")),
    "a boundary of no height": ofd(RING.replace("0 0 40 40", "0 0 40 0")),
    "a boundary far away": ofd(RING.replace("0 0 40 40", "99000 0 40 40")),
    "a path far away": ofd(square(f'{OFF} CTM="99999 0 0 99999 0 0"')),
    "an image far away": ofd(IMAGE.replace("30 0 0 20 0 0", "99999 0 0 9 0 0")),
    "a flat matrix": ofd(square(f'{OFF} CTM="1 1 1 1 0 0"')),
    "five numbers of a matrix": ofd(square(f'{OFF} CTM="1 0 0 1 0"')),
    "a number that is none": ofd(square(f'{OFF} CTM="nan 0 0 1 0 0"')),
    "a number without an end": ofd(square(f'{OFF} CTM="1e99 0 0 1 0 0"')),
    "a number beyond all": ofd(square(f'{OFF} CTM="100001 0 0 1 0 0"')),
    "digits of another script": ofd(square(f'{OFF} CTM="１ 0 0 1 0 0"')),
    "a path without a beginning": ofd(square(OFF, data="L 1 1")),
    "an unknown word": ofd(square(OFF, data="M 0 0 H 5")),
    "a word too few": ofd(square(OFF, data="M 0 0 L 5")),
    "an arc in two ways": ofd(square(OFF, data="M 0 0 A 1 1 0 2 0 5 5")),
    "a path of a million words": ofd(square(OFF, data="M 0 0" + " L 1 1" * 300_000)),
    "too much to draw": ofd(*[square(data="M 0 0" + " L 1 1" * 9_000)] * 20),
    "no path": ofd(square(OFF).replace("AbbreviatedData", "Actions")),
    "another truth": ofd(square('Stroke="yes"')),
    "another rule": ofd(square('Rule="odd"')),
    "a colour brighter than white": ofd(
        square(OFF, '<ofd:FillColor Value="256 0 0"/>')
    ),
    "a colour of two numbers": ofd(square(OFF, '<ofd:FillColor Value="25 0"/>')),
    "a colour of nothing": ofd(square(OFF, "<ofd:FillColor/>")),
    "nothing on the page": ofd(),
}


@pytest.mark.parametrize("case", BAD)
def test_damaged_and_hostile_documents_cost_little_and_give_an_error(case):
    start = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(PictureError):
            imported(BAD[case])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 5
    assert peak < 64 << 20


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_any_damage_gives_a_picture_or_an_error_of_ours(data):
    damaged = bytearray(ofd(RING, STAR, IMAGE))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    try:
        imported(bytes(damaged))
    except ESignError:
        return


WORDS = st.lists(
    st.sampled_from(
        ["S", "M", "L", "Q", "B", "A", "C", "0", "1", "-3", "7.5", "2", "9", "x"]
    ),
    max_size=60,
)


@given(WORDS)
@settings(max_examples=300, deadline=None)
def test_any_words_of_a_path_give_segments_or_an_error_of_ours(words):
    try:
        found = list(path.segments("M 0 0 " + " ".join(words)))
    except ESignError:
        return
    assert found[0] == ("moveTo", ((0.0, 0.0),))
    assert {kind for kind, _ in found} <= {"moveTo", "lineTo", "curveTo", "closePath"}
    assert all(map(math.isfinite, (v for _, ps in found for p in ps for v in p)))


def test_the_form_has_one_image_and_states_for_its_opacities():
    with pikepdf.open(io.BytesIO(imported(ofd(RING, IMAGE)))) as pdf:
        resources = pdf.pages[0].Resources.XObject.Seal.Resources
        assert set(resources.XObject.keys()) == {"/Picture"}
        assert set(resources.ExtGState.keys()) == {"/Alpha255"}
    assert isinstance(shown(imported(ofd(RING, IMAGE))), Image.Image)
