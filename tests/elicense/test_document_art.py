"""Static art: what is built in, any background PDF, and functions of an organ."""

import base64
import dataclasses
import io
import itertools
import re
import time
import zlib

import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, pdfa
from PIL import ImageChops

from elicense import background, document, layout, payload, record
from elicense.background.effort import MAX_DRAWN, PIXELS
from elicense.background.objects import MAX_OBJECTS
from elicense.background.spelled import _ODD, FORBIDDEN_NAMES
from elicense.catalog import Background, Catalog
from elicense.document import art
from elicense.errors import CatalogError
from elicense.folder import load_catalog
from esign.errors import MalformedError
from esign.pades.read import _FIELD, _FOREIGN, _RESPELLED
from esign.pades.read import read as read_sealed
from tests.elicense.backgrounds import (
    BASE,
    NAME,
    ORNAMENT,
    SIZE,
    picture,
    shapes,
    with_background,
)
from tests.elicense.pages import (
    AT,
    PRESSES,
    TOKEN,
    TYPES,
    license_type,
    parts,
    press,
    sample_license,
    with_layout,
)

CLEAN = dataclasses.replace(ORNAMENT, watermark="")
COUNTER = itertools.count()
ART = "tests.elicense.test_document_art"


def other_each_time(canvas, _width, _height):
    canvas.rect(9, 9, 9 + next(COUNTER), 9)


def two_pages(canvas, _width, _height):
    canvas.showPage()
    canvas.rect(9, 9, 9, 9)


def failing(_canvas, _width, _height):
    raise OSError("the disk is gone")


def unembedded(canvas, _width, _height):
    canvas.drawString(90, 90, "Helvetica")


NOT_A_FUNCTION = 7


def altered(data, edit, **options):
    with pikepdf.open(io.BytesIO(data)) as pdf:
        edit(pdf)
        out = io.BytesIO()
        pdf.save(out, **options)
        return out.getvalue()


def by_function(function):
    return with_layout(license_type(NAME), art=f"{ART}:{function}").presentations[0]


def backed(data):
    """Return a presentation on a background."""
    own, *_ = with_background(data).presentations
    return own


def digest_of(data):
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return background.digest(pdf.pages[0].as_form_xobject())


# What is built in.


BUILT_IN = [(name, item) for name in TYPES for item in license_type(name).presentations]


@pytest.mark.parametrize(("name", "own"), BUILT_IN)
def test_the_built_in_art_draws_paths_alone(name, own):
    for page in layout.compose(sample_license(name), license_type(name), own):
        data = art.page(own, page.ornament)
        assert art.page(own, page.ornament) is data
        assert art.digest(own, page.ornament) is None
        with pikepdf.open(io.BytesIO(data)) as pdf:
            (only,) = pdf.pages
            assert only.Resources == Dictionary()
            wide = float(only.MediaBox[2])
            assert wide == pytest.approx(page.ornament.width, abs=0.001)
            used = {str(step.operator) for step in pikepdf.parse_content_stream(only)}
        assert not used & {"Tj", "TJ", "Tf", "Do", "gs", "sh"}


# A background.


def test_a_background_keeps_what_it_draws_and_nothing_else():
    own = backed(BASE)
    data = art.page(own, CLEAN)
    with pikepdf.open(io.BytesIO(data)) as pdf:
        resources = pdf.pages[0].Resources
        fonts = [str(font.BaseFont) for font in resources.Font.values()]
        filters = {
            str(item.Filter) for item in pdf.objects if isinstance(item, pikepdf.Stream)
        }
        shown = list(resources.XObject.values())
        assert len(shown) == 2
        assert sum("/SMask" in item for item in shown) == 1
    assert fonts == ["/AAAAAA+ExampleSans"]
    assert filters == {"/FlateDecode", "/DCTDecode"}
    assert b"Helvetica" not in data
    assert b"/Producer" not in data


def test_a_background_looks_as_its_file():
    seen = []
    for data in (BASE, art.page(backed(BASE), CLEAN)):
        document_ = pypdfium2.PdfDocument(data)
        seen.append(document_[0].render(scale=1).to_pil())
        document_.close()
    # The page's size is rounded to thousandths, so that edges differ by a shade.
    difference = ImageChops.difference(*seen).convert("L")
    assert difference.getextrema()[1] <= 4


def test_a_specimen_has_the_watermark_over_its_background():
    own = backed(BASE)
    plain, marked = art.page(own, CLEAN), art.page(own, ORNAMENT)
    contents = []
    for data in (plain, marked):
        with pikepdf.open(io.BytesIO(data)) as pdf:
            contents.append(pdf.pages[0].Contents.read_bytes())
    assert contents[1].startswith(b"q\n" + contents[0] + b"\nQ\n")
    assert len(contents[1]) > len(contents[0]) + 500
    assert art.digest(own, CLEAN) != art.digest(own, ORNAMENT)


@pytest.mark.parametrize("ornament", [CLEAN, ORNAMENT], ids=["production", "specimen"])
def test_a_page_on_a_background_is_pdf_a(ornament):
    page = document.render(parts(sample_license(NAME)))
    made = art.page(backed(BASE), ornament)

    def put(pdf):
        with pikepdf.open(io.BytesIO(made)) as drawn_:
            form = pdf.copy_foreign(drawn_.pages[0].as_form_xobject())
        pdf.pages[0].Resources.XObject["/Art"] = form

    with pikepdf.open(io.BytesIO(altered(page, put))) as pdf:
        findings = pdfa.check(pdf, pdfa.Flavour.PDFA_3B).findings
    seen = [str(item) for item in findings if item.rule != "pikepdf:embedded-file"]
    assert seen == []


# What is refused of a background.


def on_page(key, value):
    def edit(pdf):
        pdf.pages[0].obj[key] = (
            Name(value)
            if value.startswith("/")
            else pikepdf.Object.parse(value.encode())
        )

    return edit


def on_catalog(key, value):
    def edit(pdf):
        pdf.Root[key] = pikepdf.Object.parse(value.encode())

    return edit


def images(pdf):
    return [
        item
        for item in pdf.pages[0].Resources.XObject.values()
        if item.Subtype == "/Image"
    ]


def on_image(key, value):
    def edit(pdf):
        images(pdf)[0][key] = pikepdf.Object.parse(value.encode())

    return edit


def on_photo(change):
    def edit(pdf):
        (photo,) = (item for item in images(pdf) if "/SMask" not in item)
        change(photo)

    return edit


def operators(more):
    def edit(pdf):
        pdf.pages[0].contents_add(pikepdf.Stream(pdf, more))

    return edit


def resource(kind, value, more=b""):
    def edit(pdf):
        made = pikepdf.Object.parse(value.encode())
        table = Dictionary({"/X": pdf.make_indirect(made)})
        if kind in pdf.pages[0].Resources:
            pdf.pages[0].Resources[kind]["/X"] = table.X
        else:
            pdf.pages[0].Resources[kind] = table
        operators(more)(pdf)

    return edit


def form(entries="", more=b"0 0 m 9 9 l S", name="/X"):
    def edit(pdf):
        made = pikepdf.Stream(pdf, more)
        for key, value in pikepdf.Object.parse(
            f"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] {entries} >>".encode()
        ).items():
            made[key] = value
        pdf.pages[0].Resources.XObject[name] = pdf.make_indirect(made)
        operators(f"{name} Do".encode())(pdf)

    return edit


def loop(pdf):
    form()(pdf)
    inner = pdf.pages[0].Resources.XObject.X
    inner.Resources = Dictionary(XObject=Dictionary(X=inner))
    inner.write(b"/X Do")


def many(pdf):
    table = pdf.pages[0].Resources.XObject
    for number in range(MAX_OBJECTS):
        made = pikepdf.Stream(pdf, b"n")
        made.Subtype, made.BBox = Name.Form, Array([0, 0, 9, 9])
        table[f"/M{number}"] = pdf.make_indirect(made)


def bomb(pdf):
    made = pikepdf.Stream(pdf, zlib.compress(bytes(9 << 20)))
    made.Filter = Name.FlateDecode
    pdf.pages[0].Contents = pdf.make_indirect(made)


def long_content(pdf):
    operators(b"0 0 m\n" * 400_000)(pdf)


def second_attachment(pdf):
    pdf.attachments["x.bin"] = b"MZ"


def font_without_program(pdf):
    for font in pdf.pages[0].Resources.Font.values():
        if "/FontDescriptor" in font:
            del font.FontDescriptor["/FontFile2"]


def on_font(key, value):
    def edit(pdf):
        for font in pdf.pages[0].Resources.Font.values():
            if "/FontDescriptor" in font:
                font[key] = pikepdf.Object.parse(value.encode())

    return edit


def cmyk_photo(photo):
    out = io.BytesIO()
    picture().convert("CMYK").save(out, "JPEG")
    photo.write(out.getvalue(), filter=Name.DCTDecode)


def other_size(photo):
    out = io.BytesIO()
    picture().resize((61, 40)).save(out, "JPEG")
    photo.write(out.getvalue(), filter=Name.DCTDecode)


def profile(components):
    def edit(pdf):
        made = pdf.make_indirect(pikepdf.Stream(pdf, b"profile"))
        made.N = components
        pdf.pages[0].Resources.ColorSpace = Dictionary(X=Array([Name.ICCBased, made]))

    return edit


def composite(**changes):
    """Return an edit that takes the fonts of a license, which are composite ones."""

    def edit(pdf):
        license_ = document.render(parts(sample_license(NAME)))
        with pikepdf.open(io.BytesIO(license_)) as other:
            font = pdf.copy_foreign(other.pages[0].Resources.Font.F1)
        for key, value in changes.items():
            target = font if f"/{key}" in font else font.DescendantFonts[0]
            if value is None:
                del target[f"/{key}"]
            else:
                target[f"/{key}"] = pikepdf.Object.parse(value.encode())
        pdf.pages[0].Resources.Font["/X"] = font
        operators(b"BT /X 9 Tf 1 0 0 1 90 90 Tm <00030004> Tj ET")(pdf)

    return edit


def predicted(more=""):
    """Return an edit that stores an image as a PNG does, row by row."""

    def edit(pdf):
        rows = b"".join(b"\x00" + bytes([shade] * 3) * 4 for shade in range(4))
        image = pikepdf.Stream(pdf, zlib.compress(rows))
        for key, value in pikepdf.Object.parse(
            b"<< /Type /XObject /Subtype /Image /Width 4 /Height 4 /BitsPerComponent 8"
            b" /ColorSpace /DeviceRGB /Filter /FlateDecode /Mask [0 9 0 9 0 9]"
            b" /DecodeParms << /Predictor 15 /Colors 3 /Columns 4"
            + more.encode()
            + b" >> >>"
        ).items():
            image[key] = value
        pdf.pages[0].Resources.XObject["/X"] = pdf.make_indirect(image)
        operators(b"q 9 0 0 9 0 0 cm /X Do Q")(pdf)

    return edit


def listed(pdf):
    predicted()(pdf)
    image = pdf.pages[0].Resources.XObject.X
    image.Filter, image.DecodeParms = Array([image.Filter]), Array([image.DecodeParms])


def stencil(pdf):
    """Add an image of one bit a pixel without a filter, and one that it masks."""
    bits = pdf.make_indirect(pikepdf.Stream(pdf, b"\xaa" * 8))
    bits.Subtype, bits.Width, bits.Height = Name.Image, 8, 8
    bits.ImageMask, bits.BitsPerComponent = True, 1
    images(pdf)[0].Mask = bits
    pdf.pages[0].Resources.XObject["/X"] = bits


def soft_mask(pdf):
    form(name="/G")(pdf)
    state = Dictionary(
        SMask=Dictionary(
            S=Name.Luminosity, G=pdf.pages[0].Resources.XObject["/G"], BC=Array([0])
        )
    )
    pdf.pages[0].Resources.ExtGState["/X"] = state


def tiles(pdf):
    tile = pikepdf.Stream(pdf, b"0 0 m 9 9 l S")
    for key, value in pikepdf.Object.parse(
        b"<< /PatternType 1 /PaintType 2 /TilingType 1 /BBox [0 0 9 9] /XStep 9.1234567"
        b" /YStep 9 /Resources << /ProcSet [/PDF] >> >>"
    ).items():
        tile[key] = value
    pdf.pages[0].Resources.Pattern = Dictionary(X=pdf.make_indirect(tile))
    pdf.pages[0].Resources.ColorSpace = Dictionary(
        X=Array([Name.Pattern, Name.DeviceRGB]), Y=Array([Name.DeviceGray])
    )
    operators(b"/X cs 1 0 0 /X scn 0 0 99 99 re f /Y cs 0 sc")(pdf)


def sampled(pdf):
    table = pdf.make_indirect(pikepdf.Stream(pdf, bytes(6)))
    for key, value in pikepdf.Object.parse(
        b"<< /FunctionType 0 /Domain [0 1] /Range [0 1 0 1 0 1] /Size [2]"
        b" /BitsPerSample 8 >>"
    ).items():
        table[key] = value
    shading = pikepdf.Object.parse(
        b"<< /ShadingType 3 /ColorSpace /DeviceRGB /Coords [0 0 0 9 9 9] >>"
    )
    shading.Function = Array([table])
    pdf.pages[0].Resources.Shading = Dictionary(X=shading)
    lookup = pdf.make_indirect(pikepdf.Stream(pdf, bytes(6)))
    pdf.pages[0].Resources.ColorSpace = Dictionary(
        X=Array([Name.Indexed, Name.DeviceRGB, 1, lookup])
    )
    operators(b"/X sh /X cs 1 sc")(pdf)


def type1(pdf):
    file = pdf.make_indirect(pikepdf.Stream(pdf, b"%!FontType1"))
    font = pikepdf.Object.parse(
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Other /FirstChar 0 /LastChar 0"
        b" /Widths [0] /Encoding << /Differences [0 /one] >>"
        b" /FontDescriptor << /Type /FontDescriptor /FontName /Other /Flags 4 >> >>"
    )
    font.FontDescriptor.FontFile = file
    pdf.pages[0].Resources.Font["/X"] = font


def two_programs(pdf):
    for font in pdf.pages[0].Resources.Font.values():
        if "/FontDescriptor" in font:
            font.FontDescriptor.FontFile = font.FontDescriptor.FontFile2


def not_symbolic(encoding):
    def edit(pdf):
        on_font("/Encoding", encoding)(pdf)
        for font in pdf.pages[0].Resources.Font.values():
            if "/FontDescriptor" in font:
                font.FontDescriptor.Flags = 32

    return edit


def predicted_content(pdf):
    pdf.pages[0].Contents = pdf.make_indirect(
        pikepdf.Stream(pdf, zlib.compress(b"\x00n"), Filter=Name.FlateDecode)
    )
    pdf.pages[0].Contents.DecodeParms = Dictionary(Predictor=15, Columns=1)


def content_is_a_photo(pdf):
    out = io.BytesIO()
    picture().save(out, "JPEG")
    pdf.pages[0].Contents = pdf.make_indirect(pikepdf.Stream(pdf, out.getvalue()))
    pdf.pages[0].Contents.Filter = Name.DCTDecode


def forms_in_forms(pdf):
    form()(pdf)
    inner = pdf.pages[0].Resources.XObject.X
    for _ in range(12):
        outer = pdf.make_indirect(pikepdf.Stream(pdf, b"/X Do"))
        outer.Subtype, outer.BBox = Name.Form, Array([0, 0, 9, 9])
        outer.Resources = Dictionary(XObject=Dictionary(X=inner))
        inner = outer
    pdf.pages[0].Resources.XObject.X = inner


def in_turn(content, below):
    """Return a form that draws another one so often, as /A."""

    def made(pdf):
        outer = pdf.make_indirect(pikepdf.Stream(pdf, content))
        outer.Subtype, outer.BBox = Name.Form, Array([0, 0, 9, 9])
        inner = below(pdf)
        if inner is not None:
            outer.Resources = Dictionary(XObject=Dictionary(A=inner))
        return outer

    return made


def drawing(made):
    def edit(pdf):
        pdf.pages[0].Resources.XObject["/A"] = made(pdf)
        operators(b"/A Do")(pdf)

    return edit


TWELVE = b"/A Do " * 12
BOMB = in_turn(b"0 0 9 9 re f", lambda _: None)
for _ in range(4):
    BOMB = in_turn(TWELVE, BOMB)


def masks_in_masks(pdf):
    inner = BOMB(pdf)
    state = Dictionary(SMask=Dictionary(S=Name.Luminosity, G=inner))
    pdf.pages[0].Resources.ExtGState["/X"] = state
    operators(b"/X gs")(pdf)


def large_images(pdf):
    """Draw one image of nine million pixels again and again."""
    data = zlib.compress(bytes(3000 * 375))
    image = pdf.make_indirect(pikepdf.Stream(pdf, data, Filter=Name.FlateDecode))
    image.Subtype, image.Width, image.Height = Name.Image, 3000, 3000
    image.ImageMask, image.BitsPerComponent = True, 1
    pdf.pages[0].Resources.XObject["/X"] = image
    operators(b"/X Do " * (1 + MAX_DRAWN * PIXELS // 9_000_000))(pdf)


def long_forms(pdf):
    below = in_turn(b" " * 1_000_000 + b"n", lambda _: None)
    drawing(in_turn(TWELVE * 2, below))(pdf)


def tiled(step, box="0 0 1 1", matrix="1 0 0 1 0 0", content=b"0 0 1 1 re f"):
    """Return a maker of a resource table with one tile."""

    def made(pdf):
        tile = pikepdf.Stream(pdf, content)
        for key, value in pikepdf.Object.parse(
            f"<< /PatternType 1 /PaintType 1 /TilingType 1 /BBox [{box}]"
            f" /XStep {step[0]} /YStep {step[1]} /Matrix [{matrix}]"
            " /Resources << >> >>".encode()
        ).items():
            tile[key] = value
        return Dictionary(P=pdf.make_indirect(tile))

    return made


def tiles_of(*arguments, **options):
    def edit(pdf):
        pdf.pages[0].Resources.Pattern = tiled(*arguments, **options)(pdf)

    return edit


def tiles_in_a_form(content):
    """Draw a form that has tiles in another one, under some operators."""

    def edit(pdf):
        inner = in_turn(b"n", lambda _: None)(pdf)
        inner.Resources = Dictionary(Pattern=tiled((9, 9))(pdf))
        drawing(in_turn(content, lambda _: inner))(pdf)

    return edit


def tiles_in_tiles(pdf):
    outer = tiled((9, 9))(pdf)
    outer.P.Resources.Pattern = tiled((9, 9))(pdf)
    pdf.pages[0].Resources.Pattern = outer


def values_without_end(pdf):
    """Refer to one array ten times in another, and so on."""
    inner = pdf.make_indirect(Array([1]))
    for _ in range(12):
        inner = pdf.make_indirect(Array([inner] * 10))
    pdf.pages[0].Resources.ExtGState["/X"] = Dictionary(D=inner)


def colours(*texts):
    def edit(pdf):
        pdf.pages[0].Resources.ColorSpace = Dictionary(
            {
                f"/X{number}": Array([Name.Indexed, Name.DeviceRGB, 255, text])
                for number, text in enumerate(texts)
            }
        )

    return edit


def no_jpeg(photo):
    photo.write(b"GIF89a", filter=Name.DCTDecode)


def nested(pdf):
    value = Array([])
    for _ in range(40):
        value = Array([value])
    images(pdf)[0].Decode = value


TYPE3 = """<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0]
/CharProcs << >> /Encoding << >> /FirstChar 0 /LastChar 0 /Widths [0] >>"""
REFUSED = {
    "a layer in the catalog": (
        on_catalog("/OCProperties", "<< /OCGs [] /D << >> >>"),
        "optional content (a layer) (/OCProperties)",
    ),
    "an image in a layer": (
        on_image("/OC", "<< /Type /OCG /Name (x) >>"),
        "optional content (a layer) (/OC)",
    ),
    "a form in a layer": (form("/OC << /Type /OCG >>"), "(/OC)"),
    "operators in a layer": (operators(b"/OC /X BDC EMC"), "(/OC)"),
    "a table of property lists": (
        resource("/Properties", "<< /Type /OCG >>"),
        "property lists of marked content (/Properties)",
    ),
    "operators with a property list": (
        operators(b"/Span /X BDC EMC"),
        "property lists",
    ),
    "a reference XObject": (
        form("/Ref << /F (other.pdf) /Page 0 >>"),
        "a reference XObject (/Ref)",
    ),
    "a form in an outside file": (
        form("/F (other.bin)"),
        "a stream in an outside file",
    ),
    "an image in an outside file": (on_image("/F", "(other.png)"), "outside file (/F)"),
    "an outside filter": (on_image("/FFilter", "/FlateDecode"), "(/FFilter)"),
    "parameters of an outside filter": (
        on_image("/FDecodeParms", "<< >>"),
        "(/FDecodeParms)",
    ),
    "scripts by name": (
        on_catalog("/Names", "<< /JavaScript << /Names [] >> >>"),
        "a script or an action (/JavaScript)",
    ),
    "an action on opening": (
        on_catalog("/OpenAction", "<< /S /JavaScript /JS (x) >>"),
        "(/OpenAction)",
    ),
    "an action of the document": (on_catalog("/AA", "<< >>"), "(/AA)"),
    "an action of the page": (on_page("/AA", "<< >>"), "(/AA)"),
    "an action of an image": (on_image("/A", "<< /S /URI >>"), "(/A)"),
    "a script in a form": (form("/PS (x)"), "(/PS)"),
    "an annotation": (
        on_page("/Annots", "[<< /Type /Annot /Subtype /Stamp >>]"),
        "annotations or form fields (/Annots)",
    ),
    "form fields": (on_catalog("/AcroForm", "<< /Fields [] >>"), "(/AcroForm)"),
    "an attached file": (second_attachment, "embedded files (/AF)"),
    "attached files by name": (
        on_catalog("/Names", "<< /EmbeddedFiles << >> >>"),
        "embedded files (/EmbeddedFiles)",
    ),
    "an associated file": (on_page("/AF", "[]"), "embedded files (/AF)"),
    "permissions of a signature": (on_catalog("/Perms", "<< >>"), "a signature"),
    "an unknown entry of the catalog": (on_catalog("/Threads", "[]"), "/Threads"),
    "an unknown entry of the page": (on_page("/B", "[]"), "/B"),
    "a text in Helvetica": (
        operators(b"BT /F1 9 Tf (x) Tj ET"),
        "a font that is not embedded",
    ),
    "a text in Helvetica, chosen outside": (
        operators(b"/F1 9 Tf q BT (x) Tj ET Q"),
        "a font that is not embedded",
    ),
    "a face without its program": (font_without_program, "a font that is not embedded"),
    "a text without a font": (form(more=b"BT (x) Tj ET"), "a text without a font"),
    "a font that is not there": (operators(b"/F99 9 Tf"), "a name that /Font has not"),
    "a Type 3 font": (resource("/Font", TYPE3), "a Type 3 font"),
    "a TrueType font of another encoding": (
        on_font("/Encoding", "/StandardEncoding"),
        "a TrueType font with another encoding",
    ),
    "inks by an operator": (operators(b"0 0 0 1 k 0 0 9 9 re f"), "CMYK colours"),
    "inks by a colour space": (operators(b"/DeviceCMYK cs"), "CMYK colours"),
    "inks of an image": (on_image("/ColorSpace", "/DeviceCMYK"), "CMYK colours"),
    "inks in a JPEG": (on_photo(cmyk_photo), "CMYK colours"),
    "a profile of inks": (profile(4), "CMYK colours"),
    "a spot colour": (
        resource("/ColorSpace", "[/Separation /Gold /DeviceRGB << >>]"),
        "a colour space that is not allowed: /Separation",
    ),
    "LZW": (on_image("/Filter", "/LZWDecode"), "/LZWDecode"),
    "JPEG 2000": (on_image("/Filter", "/JPXDecode"), "/JPXDecode"),
    "two filters": (on_image("/Filter", "[/FlateDecode /FlateDecode]"), "/Filter"),
    "an interpolated image": (on_image("/Interpolate", "true"), "/Interpolate"),
    "other images in its place": (on_image("/Alternates", "[]"), "(/Alternates)"),
    "a JPEG of another size": (on_photo(other_size), "a JPEG of another size"),
    "an image of too many pixels": (on_image("/Height", "900000"), "pixels"),
    "operands without an operator at the end": (
        operators(b"n 1 0 0 1"),
        "contents that break off",
    ),
    "an inline image": (
        operators(b"BI /W 1 /H 1 /BPC 8 /CS /G ID \xff EI"),
        "an inline image",
    ),
    "an operator of no standard": (operators(b"9 9 xx"), "operator xx"),
    "operators that viewers shall pass over": (operators(b"BX EX"), "operator BX"),
    "an image that is not there": (operators(b"/Nothing Do"), "/XObject has not"),
    "a state that is not closed": (operators(b"q"), "Q is missing"),
    "a state that was not opened": (operators(b"Q q"), "Q without its pair"),
    "states nested too deep": (operators(b"q " * 29 + b"Q " * 29), "without its pair"),
    "an unknown intent": (operators(b"/Bright ri"), "an unknown rendering intent"),
    "a number too large": (operators(b"99999999999 0 m"), "beyond its limit"),
    "a transfer function": (
        resource("/ExtGState", "<< /TR /Identity >>"),
        "a transfer function",
    ),
    "a halftone": (resource("/ExtGState", "<< /HT /Default >>"), "a halftone"),
    "a font in a graphics state": (resource("/ExtGState", "<< /Font [] >>"), "/Font"),
    "an unknown blend mode": (
        resource("/ExtGState", "<< /BM /Dazzle >>"),
        "an unknown blend mode",
    ),
    "a mesh of colours": (
        resource("/Shading", "<< /ShadingType 4 /ColorSpace /DeviceRGB >>"),
        "another /ShadingType",
    ),
    "a name that no sealed file has": (form(name="/JS"), "(/JS)"),
    "a glyph of such a name": (
        on_font("/Encoding", "<< /BaseEncoding /WinAnsiEncoding /X [/JS] >>"),
        "/X",
    ),
    "such a name among its values": (
        resource("/ColorSpace", "[/CalGray << /WhitePoint [/Launch] >>]"),
        "/Launch",
    ),
    "a resource with a blank in its name": (
        lambda pdf: pdf.pages[0].Resources.ExtGState.__setitem__("/a b", Dictionary()),
        "a name with characters",
    ),
    "a resource with a Chinese name": (
        lambda pdf: pdf.pages[0].Resources.ExtGState.__setitem__("/名", Dictionary()),
        "a name with characters",
    ),
    "a resource that is called as the end of an object": (
        form(name="/endobj"),
        "the words of objects",
    ),
    "a text with the beginning of an object": (
        colours(pikepdf.String("1 0 obj")),
        "the words of objects",
    ),
    "a face whose name is a number": (on_font("/BaseFont", "7"), "a font name"),
    "a resource that is called as a field": (form(name="/FT"), "/FT"),
    "a state that is called as a field": (
        lambda pdf: pdf.pages[0].Resources.ExtGState.__setitem__("/FT", Dictionary()),
        "/FT",
    ),
    "an entry of values that is called as a field": (
        resource("/ExtGState", "<< /D [[<< /FT /Sig >>] 0] >>"),
        "/FT",
    ),
    "the name of a field among values": (
        resource("/ExtGState", "<< /D [[[/FT]] 0] >>"),
        "/FT",
    ),
    "the name of an object stream as a key among values": (
        resource("/ExtGState", "<< /D [<< /ObjStm 1 >>] >>"),
        "/ObjStm",
    ),
    "values deeper than a sealed file has": (
        resource("/ExtGState", f"<< /D {'[' * 17}{']' * 17} >>"),
        "objects nested too deep",
    ),
    "a text that is long as a sealed file spells it": (
        colours(pikepdf.String(bytes([1] * 32_767))),
        "tables of more than",
    ),
    "a text beyond the limit": (
        colours(pikepdf.String(bytes([1] * 32_768))),
        "a number or text beyond its limit",
    ),
    "an integer of a state beyond the limit": (
        resource("/ExtGState", "<< /ML 1099511627776 >>"),
        "a number or text beyond its limit",
    ),
    "a number of a state beyond the limit": (
        resource("/ExtGState", "<< /ML -9999999999999.5 >>"),
        "a number or text beyond its limit",
    ),
    "the largest index of a colour table beyond the limit": (
        resource("/ColorSpace", "[/Indexed /DeviceRGB 1099511627776 <00>]"),
        "a number or text beyond its limit",
    ),
    "a resource whose name is too long": (
        form(name="/" + "x" * 128),
        "a number or text beyond its limit",
    ),
    "a key among values that is too long": (
        resource("/ExtGState", f"<< /D [<< /{'x' * 128} 1 >>] >>"),
        "a number or text beyond its limit",
    ),
    "values that are referred to without end": (values_without_end, "values"),
    "forms that draw forms without end": (drawing(BOMB), "more to draw"),
    "soft masks without end": (masks_in_masks, "more to draw"),
    "large images without end": (large_images, "more to draw"),
    "long forms that are drawn again and again": (long_forms, "more to draw"),
    "tiles of a thousandth of a point": (tiles_of((0.001, 9)), "less than 1 pt"),
    "tiles of no height": (tiles_of((9, 0)), "less than 1 pt"),
    "tiles that are scaled down": (
        tiles_of((9, 9), matrix="0.001 0 0 1 0 0"),
        "less than 1 pt",
    ),
    "tiles on nearly parallel steps": (
        tiles_of((9, 9), matrix="1 0 1 0.001 0 0"),
        "less than 1 pt",
    ),
    "tiles of a form that is scaled down": (
        tiles_in_a_form(b"q 0.01 0 0 0.01 0 0 cm /A Do Q"),
        "less than 1 pt",
    ),
    "tiles that lie over each other": (
        tiles_of((2, 2), box="0 0 600 800"),
        "overlap",
    ),
    "tiles of tiles": (tiles_in_tiles, "a pattern within a pattern"),
    "tables beyond their limit": (
        on_font("/Widths", f"[{'1000 ' * 40_000}]"),
        "tables of more than",
    ),
    "a glyph map of no identity": (composite(CIDToGIDMap=None), "/CIDToGIDMap"),
    "codes of another encoding": (
        composite(Encoding="/UniGB-UTF16-H"),
        "a font whose encoding is not Identity",
    ),
    "a composite font of none": (
        composite(DescendantFonts="[<< /FontDescriptor << /FontFile2 1 >> >> 1]"),
        "a font without one descendant",
    ),
    "a face with two programs": (two_programs, "a font that is not embedded"),
    "differences of a TrueType font": (
        not_symbolic("<< /BaseEncoding /WinAnsiEncoding /Differences [1 /one] >>"),
        "a TrueType font with another encoding",
    ),
    "no encoding of a TrueType font": (
        not_symbolic("/Custom"),
        "a TrueType font with another encoding",
    ),
    "unknown parameters of a filter": (predicted("/K -1"), "/DecodeParms"),
    "operators with a predictor": (predicted_content, "/DecodeParms"),
    "operators in a JPEG": (content_is_a_photo, "/DCTDecode"),
    "an intent of a state": (resource("/ExtGState", "<< /RI /Bright >>"), "intent"),
    "forms nested too deep": (forms_in_forms, "objects nested too deep"),
    "contents that are no stream": (
        on_page("/Contents", "[<< >>]"),
        "contents that are no stream",
    ),
    "operators in an outside file": (
        lambda pdf: pdf.pages[0].Contents.__setitem__("/F", pikepdf.String("x")),
        "a stream in an outside file (/F)",
    ),
    "a JPEG that is none": (on_photo(no_jpeg), "a damaged JPEG"),
    "a hexadecimal stream that is none": (
        on_image("/Filter", "/ASCIIHexDecode"),
        "a damaged stream",
    ),
    "an image of another intent": (on_image("/Intent", "/Bright"), "intent"),
    "a group of another kind": (form("/Group << /S /Other >>"), "an unknown group"),
    "a group that is a list": (form("/Group []"), "a group of another type"),
    "a form without a box": (
        lambda pdf: (
            form()(pdf),
            pdf.pages[0].Resources.XObject.X.__delitem__("/BBox"),
        ),
        "/BBox is missing",
    ),
    "a table that is none": (resource("/Pattern", "7"), "a pattern of another"),
    "a table of resources that is a list": (
        lambda pdf: pdf.pages[0].Resources.__setitem__("/Shading", Array([])),
        "a table of resources of another type",
    ),
    "values nested too deep": (nested, "objects nested too deep"),
    "a stream among values": (
        lambda pdf: images(pdf)[0].__setitem__("/Decode", images(pdf)[1]),
        "a stream where none belongs",
    ),
    "a form that draws itself": (loop, "an object within itself"),
    "more objects than a license carries": (many, f"more than {MAX_OBJECTS} objects"),
    "operators beyond their limit": (long_content, "too large"),
    "a turned page": (on_page("/Rotate", "90"), "a page that is turned"),
    "a unit of its own": (on_page("/UserUnit", "2"), "a unit of its own (/UserUnit)"),
    "a cropped page": (on_page("/CropBox", "[0 0 300 300]"), "/CropBox"),
    "another paper": (on_page("/MediaBox", "[0 0 612 792]"), "/MediaBox"),
    "a page that begins elsewhere": (
        on_page("/MediaBox", f"[10 10 {SIZE[0] + 10:.1f} {SIZE[1] + 10:.1f}]"),
        "/MediaBox",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_license_may_not_carry_is_refused(case):
    edit, phrase = REFUSED[case]
    own = backed(altered(BASE, edit))
    started = time.process_time()
    with pytest.raises(CatalogError) as told:
        art.page(own, CLEAN)
    assert time.process_time() - started < 5, "in bounded time"
    assert phrase in told.value.message.en, told.value.message.en
    assert "own.pdf" in told.value.message.en
    assert "own.pdf" in told.value.message.zh
    with pytest.raises(CatalogError):
        art.digest(own, CLEAN)


@pytest.mark.filterwarnings("ignore:Unexpected end of stream:UserWarning")
@pytest.mark.parametrize("end", [b"(", b"[", b"<<", b"<0"])
def test_contents_that_would_swallow_the_watermark_are_refused(end):
    own = backed(altered(BASE, operators(b"n " + end)))
    with pytest.raises(CatalogError) as told:
        art.page(own, ORNAMENT)
    assert "own.pdf" in told.value.message.en


UNREADABLE = {
    "nothing": b"",
    "a picture": b"\x89PNG\r\n\x1a\n",
    "half a file": BASE[: len(BASE) // 2],
    "a stream that is damaged": altered(
        BASE,
        lambda pdf: pdf.pages[0].Contents.write(b"no zlib", filter=Name.FlateDecode),
    ),
    "a page that inflates without end": altered(BASE, bomb),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_can_not_be_read_is_refused(case):
    with pytest.raises(CatalogError) as told:
        background.take(UNREADABLE[case], "own.pdf", SIZE)
    assert "own.pdf" in told.value.message.en


def test_a_stream_that_is_drawn_again_and_again_counts_each_time():
    def edit(pdf):
        stream = pdf.make_indirect(pikepdf.Stream(pdf, b" " * 900_000))
        pdf.pages[0].Contents = Array([stream] * 12)

    with pytest.raises(CatalogError) as told:
        background.take(altered(BASE, edit, compress_streams=False), "own.pdf", SIZE)
    assert "too large" in told.value.message.en


def test_an_encrypted_background_is_refused():
    for user in ("", "secret"):
        data = altered(
            BASE,
            lambda _: None,
            encryption=pikepdf.Encryption(owner="owner", user=user),
        )
        with pytest.raises(CatalogError) as told:
            background.take(data, "own.pdf", SIZE)
        assert "encryption" in told.value.message.en


def test_a_file_beyond_the_limit_is_refused():
    with pytest.raises(CatalogError) as told:
        background.take(BASE + bytes(background.MAX_FILE), "own.pdf", SIZE)
    assert "bytes" in told.value.message.en


def drop(*keys):
    def edit(pdf):
        for key in keys:
            pdf.pages[0].obj[key] = Dictionary()

    return edit


def shared_by_a_tree(pdf):
    for key in ("/MediaBox", "/Resources"):
        pdf.Root.Pages[key] = pdf.pages[0].obj[key]
        del pdf.pages[0].obj[key]


GRADIENT = """<< /PatternType 2 /Shading << /ShadingType 2 /ColorSpace /DeviceRGB
/Coords [0 0 100 0] /Extend [true true] /Function << /FunctionType 3 /Domain [0 1]
/Bounds [0.5] /Encode [0 1 0 1] /Functions [
<< /FunctionType 2 /Domain [0 1] /C0 [1 0 0] /C1 [0 1 0] /N 1 >>
<< /FunctionType 2 /Domain [0 1] /C0 [0 1 0] /C1 [0 0 1] /N 1 >> ] >> >> >>"""
TAKEN = {
    "as it is": lambda _: None,
    "inherited entries": shared_by_a_tree,
    "properties that draw nothing": drop("/PieceInfo", "/Trans"),
    "a second page with an annotation": lambda pdf: (
        pdf.add_blank_page(),
        pdf.pages[1].obj.__setitem__("/Annots", Array([Dictionary()])),
    ),
    "marked content of its own": operators(b"/P << /MCID 0 >> BDC 0 0 m EMC"),
    "a form with a group": form("/Group << /S /Transparency /CS /DeviceRGB >>"),
    "a gradient": resource("/Pattern", GRADIENT, b"/Pattern cs /X scn 0 0 99 99 re f"),
    "a soft mask that is none": resource(
        "/ExtGState", "<< /SMask /None /BM [/Multiply /Normal] /RI /Perceptual >>"
    ),
    "a colour table": resource(
        "/ColorSpace", "[/Indexed /DeviceRGB 1 <000000ffffff>]", b"/X cs 1 sc"
    ),
    "a calibrated colour": resource(
        "/ColorSpace", "[/CalGray << /WhitePoint [0.95 1 1.09] >>]", b"/X cs 0.5 sc"
    ),
    "a profile of three colours": profile(3),
    "a composite font": composite(),
    "rows that were predicted": predicted(),
    "a list of one filter": listed,
    "a mask of one bit": stencil,
    "a soft mask": soft_mask,
    "tiles": tiles,
    "tiles of a form that is drawn as it is": tiles_in_a_form(
        b"q 0.01 0 0 0.01 0 0 cm Q /A Do"
    ),
    "a form that is drawn a thousand times": drawing(
        in_turn(b"/A Do " * 999, in_turn(b"0 0 9 9 re f", lambda _: None))
    ),
    "values as deep as a sealed file has them": resource(
        "/ExtGState", f"<< /D {'[' * 16}{']' * 16} >>"
    ),
    "a sampled function and a table of colours": sampled,
    "a Type 1 font": type1,
    "a TrueType font that is not symbolic": not_symbolic("/WinAnsiEncoding"),
    "the same by a dictionary": not_symbolic("<< /BaseEncoding /MacRomanEncoding >>"),
    "a group of the page": on_page("/Group", "<< /S /Transparency /CS /DeviceRGB >>"),
    "a crop that is the paper": on_page(
        "/CropBox", f"[0 0 {SIZE[0]:.2f} {SIZE[1]:.2f}]"
    ),
    "a page without resources": lambda pdf: (
        pdf.pages[0].obj.__delitem__("/Resources"),
        pdf.pages[0].obj.__setitem__("/Contents", Array([])),
    ),
    "bookmarks to named places": on_catalog("/Names", "<< /Dests << >> >>"),
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_a_license_may_carry_is_taken(case):
    data = background.take(
        altered(BASE, TAKEN[case], compress_streams=False), "own.pdf", SIZE
    )
    again = background.take(data, "own.pdf", SIZE)
    assert digest_of(again) == digest_of(data)


def printed(kind, own):
    """Return a sealed license of a type with its own art."""
    license_ = sample_license(NAME)
    sheet = document.lay_out(license_, own, payload.qr_text(TOKEN))
    data = record.encode(license_, bytes(16))
    return press(kind).print(
        document.DocumentParts(sheet=sheet, photo=None, record=data, token=TOKEN, at=AT)
    )


def oddly_named(pdf):
    """Name a state and a form of each name that has a meaning elsewhere."""
    names = (
        *("/Length", "/Filter", "/Kids", "/V", "/Perms", "/Type", "/Contents", "/Sig"),
        *("/a/b", "/FTx", "/JSON", "/" + "x" * 127),
    )
    for name in names:
        form()(pdf)
        pdf.pages[0].Resources.XObject[name] = pdf.pages[0].Resources.XObject.X
        spelled = Name(name).unparse()
        operators(b"%b Do %b gs" % (spelled, spelled))(pdf)
        pdf.pages[0].Resources.ExtGState[name] = Dictionary(LW=2, D=Array([name]))


def named_in_chinese(pdf):
    """Call the face as office programs do: by its Chinese name."""
    for font in pdf.pages[0].Resources.Font.values():
        if "/FontDescriptor" in font:
            font.BaseFont = font.FontDescriptor.FontName = Name("/AAAAAA+示例 宋体")


PRINTED = {
    "a face with a Chinese name": named_in_chinese,
    "names that mean something elsewhere": oddly_named,
    "values as deep as a sealed file has them": TAKEN[
        "values as deep as a sealed file has them"
    ],
    "texts as long as a sealed file has them": colours(
        pikepdf.String(bytes([1] * 30_000))
    ),
}


@pytest.mark.parametrize("kind", PRESSES)
@pytest.mark.parametrize("case", PRINTED)
def test_what_is_taken_is_printed_and_read(case, kind):
    own = with_background(altered(BASE, PRINTED[case], compress_streams=False))
    pdf = printed(kind, own)
    assert read_sealed(pdf).data is pdf
    (page,) = layout.compose(sample_license(NAME), own)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        found = background.digest(opened.pages[0].Resources.XObject.Art)
    assert found == art.digest(own.presentations[0], page.ornament)


def test_names_that_are_refused_are_those_that_the_reader_refuses():
    (listed_,) = re.findall(rb"^/\(([A-Za-z|]+)\)", _FOREIGN.pattern)
    assert {f"/{name.decode()}" for name in listed_.split(b"|")} | {"/FT"} == set(
        FORBIDDEN_NAMES
    )
    assert _RESPELLED.pattern == _ODD.pattern
    for name in FORBIDDEN_NAMES:
        text = b"<<\n%b 1\n>>" % name.encode()
        assert (_FIELD if name == "/FT" else _FOREIGN).search(text)


def test_hexadecimal_around_a_filter_is_taken_off():
    def edit(pdf):
        image = images(pdf)[0]
        data = image.read_bytes()
        packed = base64.b16encode(zlib.compress(data)) + b">"
        image.write(packed, filter=Array([Name.ASCIIHexDecode, Name.FlateDecode]))

    plain = digest_of(background.take(BASE, "own.pdf", SIZE))
    data = background.take(altered(BASE, edit), "own.pdf", SIZE)
    assert digest_of(data) == plain


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_a_damaged_background_is_taken_or_refused(data):
    made = bytearray(BASE)
    for _ in range(data.draw(st.integers(1, 6))):
        made[data.draw(st.integers(0, len(made) - 1))] = data.draw(st.integers(0, 255))
    try:
        taken = background.take(bytes(made), "own.pdf", SIZE)
    except CatalogError:
        return
    assert len(digest_of(taken)) == 32


# Functions.


def test_a_function_draws_the_art():
    kind = with_layout(license_type(NAME), art=f"{shapes.__module__}:shapes")
    own, *_ = kind.presentations
    data = art.page(own, CLEAN)
    assert len(art.digest(own, CLEAN)) == 32
    assert art.page(own, CLEAN) is data
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert "/Font" not in pdf.pages[0].Resources
        (image,) = pdf.pages[0].Resources.XObject.values()
        assert image.Filter == Name.DCTDecode


NO_ART = {
    "other_each_time": "draws something else each time",
    "two_pages": "more than one page",
    "failing": "raised an error",
    "unembedded": "a font that is not embedded",
    "missing": "there is no such function",
    "NOT_A_FUNCTION": "it is no function",
}


@pytest.mark.parametrize("name", NO_ART)
def test_a_function_that_draws_no_art_is_refused(name):
    with pytest.raises(CatalogError) as told:
        art.page(by_function(name), CLEAN)
    assert NO_ART[name] in told.value.message.en
    assert f"test_document_art:{name}" in told.value.message.zh


def test_a_module_that_is_not_there_is_refused():
    kind = with_layout(license_type(NAME), art="no_such_module_of_ours:paint")
    own, *_ = kind.presentations
    with pytest.raises(CatalogError) as told:
        art.page(own, CLEAN)
    assert "can not be imported (ModuleNotFoundError)" in told.value.message.en


@pytest.mark.parametrize(
    ("text", "kind"), [("def", "SyntaxError"), ("1 / 0", "ZeroDivisionError")]
)
def test_a_module_that_fails_is_refused_and_says_how(tmp_path, monkeypatch, text, kind):
    (tmp_path / f"art_of_{kind}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    own, *_ = with_layout(license_type(NAME), art=f"art_of_{kind}:paint").presentations
    with pytest.raises(CatalogError) as told:
        art.page(own, CLEAN)
    assert f"can not be imported ({kind})" in told.value.message.en
    assert kind in told.value.message.zh
    assert told.value.__cause__ is not None


# The digest.

TAKEN_BASE = art.page(backed(BASE), CLEAN)


def deflated_anew(pdf):
    for item in pdf.objects:
        if isinstance(item, pikepdf.Stream) and item.get("/Filter") == "/FlateDecode":
            parms = item.get("/DecodeParms")
            raw = zlib.decompress(item.read_raw_bytes())
            item.write(
                zlib.compress(raw, 1), filter=Name.FlateDecode, decode_parms=parms
            )


def renumbered(pdf):
    for _ in range(5):
        pdf.make_indirect(Dictionary(A=1))


@pytest.mark.parametrize("edit", [deflated_anew, renumbered])
def test_the_digest_is_of_values_not_of_spelling(edit):
    expected = digest_of(TAKEN_BASE)
    for mode in pikepdf.ObjectStreamMode:
        data = altered(TAKEN_BASE, edit, object_stream_mode=mode)
        assert digest_of(data) == expected


def pixel(pdf):
    image = images(pdf)[0]
    data = bytearray(
        image.read_bytes() if "/SMask" in image else image.read_raw_bytes()
    )
    data[-30] ^= 1
    image.write(bytes(data), filter=None if "/SMask" in image else image.Filter)


OTHER_ART = {
    "one more operator": operators(b"n"),
    "one pixel": pixel,
    "another width of the image": on_image("/Width", "61"),
    "one more image": lambda pdf: pdf.pages[0].Resources.XObject.__setitem__(
        "/More", images(pdf)[0]
    ),
    "a larger box": on_page("/MediaBox", "[0 0 600 850]"),
}


@pytest.mark.parametrize("case", OTHER_ART)
def test_every_value_is_in_the_digest(case):
    other = digest_of(altered(TAKEN_BASE, OTHER_ART[case]))
    assert other != digest_of(TAKEN_BASE)


def deep(pdf):
    inner = Array([])
    for _ in range(60):
        inner = Array([inner])
    pdf.pages[0].Resources.X = inner


def wide(pdf):
    pdf.pages[0].Resources.X = Array([0] * 100_001)


def heavy(pdf):
    pdf.pages[0].Resources.X = pdf.make_indirect(pikepdf.Stream(pdf, bytes(9 << 20)))


HOSTILE_FORMS = {
    "a form that draws itself": loop,
    "arrays nested too deep": deep,
    "too many values": wide,
    "a stream too large": heavy,
}


def test_what_says_nothing_of_a_form_is_not_in_its_digest():
    def edit(pdf):
        form_ = pdf.pages[0].Resources.XObject.X
        form_.Matrix, form_.FormType = Array([1, 0, 0, 1, 0, 0]), 1

    def digest_within(data):
        with pikepdf.open(io.BytesIO(data)) as pdf:
            return background.digest(pdf.pages[0].Resources.XObject.X)

    plain = altered(TAKEN_BASE, form())
    assert digest_within(altered(plain, edit)) == digest_within(plain)


def test_nothing_and_numbers_have_digests_of_their_own():
    seen = set()
    for value in ("[null]", "[]", "[0]", "[true]", "[(0)]", "[/0]", "[[]]", "[<< >>]"):
        data = altered(
            TAKEN_BASE,
            lambda pdf, value=value: pdf.pages[0].Resources.__setitem__(
                "/X", pikepdf.Object.parse(value.encode())
            ),
        )
        seen.add(digest_of(data))
    assert len(seen) == 8


def test_streams_without_a_filter_count_too():
    with pytest.raises(MalformedError):
        digest_of(altered(TAKEN_BASE, heavy, compress_streams=False))


@pytest.mark.parametrize("case", HOSTILE_FORMS)
def test_the_digest_of_a_hostile_form_is_malformed(case):
    data = altered(TAKEN_BASE, HOSTILE_FORMS[case])
    with pytest.raises(MalformedError):
        digest_of(data)


def test_what_is_no_form_has_no_digest():
    with pikepdf.open(io.BytesIO(TAKEN_BASE)) as pdf:
        for other in (pdf.Root, images(pdf)[0], pdf.pages[0].Contents):
            with pytest.raises(MalformedError):
                background.digest(other)


# How a type declares its art.

SHOP = """format = "elicense.type/1"
name = "shop-sign"
version = 1
code = "11990000000000019A901"
title = { zh = "招牌设置许可证", en = "Shop Sign Permit" }
number_label = { zh = "许可证编号", en = "Permit number" }
holder_label = { zh = "设置人", en = "Permit holder" }
photo = "none"
holders = { code_types = ["001"], max_count = 1, name_max_length = 60 }
number = { rule = "supplied", max_length = 30 }
validity = { rule = "years", years = 2 }
fields = []
[layout]
theme = "brown"
"""


def shop_type(line, others=None):
    """Return a type whose layout has one more line."""
    contents = {"shop.toml": (SHOP + line).encode(), **(others or {})}
    return Catalog.builtin().with_files(contents).get("shop-sign")


def shop(line, others=None):
    """Return the only presentation of such a type."""
    (own,) = shop_type(line, others).presentations
    return own


def test_a_type_names_a_pdf_beside_its_file():
    kind = shop_type(
        'background = "own.pdf"', {"own.pdf": BASE, "other.pdf": b"unread"}
    )
    (own,) = kind.presentations
    assert own.background == Background("own.pdf", BASE)
    assert own.art == ""
    assert own.layout == {"theme": "brown"}
    assert "own.pdf" in repr(kind)
    assert len(repr(kind)) < 5000


def test_a_type_names_a_function():
    own = shop('art = "our_art.forms:paint"')
    assert (own.background, own.art) == (None, "our_art.forms:paint")
    assert own.layout == {"theme": "brown"}


def test_a_type_without_art_of_its_own_says_nothing():
    own = shop("")
    assert (own.background, own.art) == (None, "")


WRONG = {
    "a file that is not there": ('background = "none.pdf"', "none.pdf"),
    "a path": ('background = "../own.pdf"', "layout: background"),
    "a hidden file": ('background = ".pdf"', "layout: background"),
    "no PDF": ('background = "shop.toml"', "layout: background"),
    "a number": ("background = 7", "layout: background"),
    "an empty name": ('background = ""', "layout: background"),
    "both": ('background = "own.pdf"\nart = "a:b"', "not both"),
    "a module alone": ('art = "our_art"', "layout: art"),
    "a call": ('art = "our_art:paint()"', "layout: art"),
    "an empty function": ('art = ""', "layout: art"),
    "a list": ('art = ["a:b"]', "layout: art"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_declaration_is_refused(case):
    line, phrase = WRONG[case]
    with pytest.raises(CatalogError) as told:
        shop(line, {"own.pdf": BASE})
    assert "shop.toml" in told.value.message.en
    assert phrase in told.value.message.en


def test_a_workspace_hands_its_backgrounds_to_its_types(tmp_path):
    types = tmp_path / "types"
    types.mkdir()
    (types / "shop.toml").write_text(SHOP + 'background = "own.pdf"', encoding="utf-8")
    (types / "own.pdf").write_bytes(BASE)
    (found,) = load_catalog(tmp_path).get("shop-sign").presentations
    assert found.background == Background("own.pdf", BASE)


def strays(types):
    (types / "stray.pdf").write_bytes(bytes(2 << 20))
    (types / "folder.pdf").mkdir()
    (types / "dangling.pdf").symlink_to(types / "nowhere")


def test_pdfs_that_no_type_names_are_not_read(tmp_path):
    types = tmp_path / "types"
    types.mkdir()
    strays(types)
    (types / "shop.toml").write_text(SHOP + 'background = "own.pdf"', encoding="utf-8")
    (types / "own.pdf").write_bytes(BASE)
    (found,) = load_catalog(tmp_path).get("shop-sign").presentations
    assert found.background.data == BASE


@pytest.mark.parametrize("name", ["stray", "folder", "dangling", "missing"])
def test_a_background_that_can_not_be_read_is_told_with_its_type(tmp_path, name):
    types = tmp_path / "types"
    types.mkdir()
    strays(types)
    text = SHOP + f'background = "{name}.pdf"'
    (types / "shop.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError) as told:
        load_catalog(tmp_path)
    for message in (told.value.message.en, told.value.message.zh):
        assert "shop.toml: layout: background" in message
        assert f"{name}.pdf" in message
