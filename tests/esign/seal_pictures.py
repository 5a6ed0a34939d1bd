"""Pictures as makers of seals put them in."""

import io
import zipfile

from PIL import Image, ImageDraw

RED = (200, 16, 24)


def ring(mode="RGB", ground="white", size=(200, 200), ink=RED):
    """A picture of a red ring."""
    image = Image.new(mode, size, ground)
    box = (4, 4, size[0] - 5, size[1] - 5)
    ImageDraw.Draw(image).ellipse(box, outline=ink, width=10)
    return image


def written(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def paletted():
    image = ring().quantize(8)
    place = image.getpixel((100, 100))
    return written(image, "GIF", transparency=place)


KINDS = {
    "PNG": written(ring(), "PNG"),
    "png": written(ring("RGBA", (0, 0, 0, 0)), "PNG"),
    "Png": written(ring("L", 255, ink=40), "PNG"),
    "pNG": written(ring("LA", (255, 0), ink=(40, 255)), "PNG"),
    "pnG": written(ring("1", 1, ink=0), "PNG"),
    "PnG": written(ring("I;16", 65535, ink=9000), "PNG"),
    "GIF": paletted(),
    "gif": written(ring().quantize(4), "GIF"),
    "JPEG": written(ring(), "JPEG", quality=95),
    "JPG": written(ring("CMYK", (0, 0, 0, 0), ink=(0, 200, 180, 30)), "JPEG"),
    "jpg": written(ring("L", 255, ink=40), "JPEG"),
    "BMP": written(ring(), "BMP"),
}


NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
FILL = '<ofd:FillColor Value="200 16 24"/>'
LINE = '<ofd:StrokeColor Value="200 16 24"/>'
RING = (
    '<ofd:PathObject ID="5" Boundary="0 0 40 40" LineWidth="1.2">' + LINE
    + "<ofd:AbbreviatedData>M 20 1 A 19 19 0 1 1 19.9 1 C</ofd:AbbreviatedData>"
    "</ofd:PathObject>"
)  # fmt: skip
STAR = (
    '<ofd:PathObject ID="6" Boundary="13 11 14 14" Stroke="false" Fill="true">'
    f"{FILL}<ofd:AbbreviatedData>M 7 0 L 11 13 L 0 5 L 14 5 L 3 13 C"
    "</ofd:AbbreviatedData></ofd:PathObject>"
)
IMAGE = (
    '<ofd:ImageObject ID="7" Boundary="5 10 30 20" CTM="30 0 0 20 0 0" ResourceID="9"/>'
)


def ofd(*objects, **changes):
    """An OFD of one page of 40 mm; any file may be replaced or left out (None)."""
    files = {
        "OFD.xml": f"<ofd:OFD {NS}><ofd:DocBody><ofd:DocInfo/>"
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"<ofd:Document {NS}><ofd:CommonData>"
        "<ofd:MaxUnitID>9</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 40 40"
        "</ofd:PhysicalBox></ofd:PageArea><ofd:DocumentRes>/Doc_0/Res.xml"
        "</ofd:DocumentRes></ofd:CommonData><ofd:Pages>"
        '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>'
        "</ofd:Document>",
        "Doc_0/Res.xml": f'<ofd:Res {NS} BaseLoc="Res"><ofd:ColorSpaces>'
        '<ofd:ColorSpace ID="2" Type="RGB"/><ofd:ColorSpace ID="3" Type="GRAY"/>'
        '<ofd:ColorSpace ID="4" Type="CMYK"/></ofd:ColorSpaces><ofd:MultiMedias>'
        '<ofd:MultiMedia ID="9" Type="Image"><ofd:MediaFile>a.png</ofd:MediaFile>'
        '</ofd:MultiMedia><ofd:MultiMedia ID="8" Type="Image"><ofd:MediaFile>a.jb2'
        "</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias></ofd:Res>",
        "Doc_0/Res/a.png": KINDS["png"],
        "Doc_0/Res/a.jb2": b"\x97JB2 and so on",
        "Doc_0/Pages/Page_0/Content.xml": f"<ofd:Page {NS}><ofd:Content>"
        f'<ofd:Layer ID="2">{"".join(objects)}</ofd:Layer></ofd:Content></ofd:Page>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in (files | changes).items():
            if text is not None:
                package.writestr(name, text)
    return out.getvalue()
