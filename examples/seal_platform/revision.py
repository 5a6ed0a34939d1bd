"""A second revision behind a PDF: a signature in an empty field, and its picture."""

import io
import zlib
from collections.abc import Callable, Mapping

import pikepdf
from PIL import Image

GAP, RANGE = b"@GAP@", b"@RANGE@"
_RANGE_WIDTH = 60
FIELD = "Seal"


def write(
    pdf: bytes,
    objects: Mapping[int, bytes],
    room: int,
    sign: Callable[[bytes], bytes],
) -> bytes:
    """Return a PDF with objects behind it, one of them a signature over the whole.

    Args:
        pdf: the file, which ends with a line feed.
        objects: number -> text between ``obj`` and ``endobj``; in one of them stand GAP
            and RANGE for what is filled in here.
        room: bytes that the signature may have.
        sign: gets all bytes but the gap, and returns the signature.
    """
    gap = b"<" + b"0" * (2 * room) + b">"
    out = bytearray(pdf)
    offsets = {}
    for number, body in sorted(objects.items()):
        offsets[number] = len(out)
        text = body.replace(GAP, gap).replace(RANGE, b"@" * _RANGE_WIDTH)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        size = max(int(document.trailer.Size), *(n + 1 for n in objects))
        root, pair = document.Root.objgen[0], document.trailer.ID
        first = bytes(pair[0]).hex().encode()
    start = len(out)
    out += b"xref\n"
    for number, offset in offsets.items():
        out += b"%d 1\n%010d 00000 n \n" % (number, offset)
    out += b"trailer\n<< /Size %d /Root %d 0 R /Prev %d /ID [<%s> <%s>] >>\n" % (
        size,
        root,
        int(pdf[pdf.rindex(b"startxref") :].split()[1]),
        first,
        first,
    )
    out += b"startxref\n%d\n%%%%EOF\n" % start
    at = out.find(gap, len(pdf))
    if at < 0:
        return bytes(out)
    end = at + len(gap)
    spans = b"[0 %d %d %d]" % (at, end, len(out) - end)
    place = out.index(b"@" * _RANGE_WIDTH, len(pdf))
    out[place : place + _RANGE_WIDTH] = spans.ljust(_RANGE_WIDTH)
    content = sign(bytes(out[:at] + out[end:])).hex().encode()
    out[at + 1 : at + 1 + len(content)] = content
    return bytes(out)


def seal_objects(pdf: bytes, picture: bytes) -> dict[int, bytes]:
    """Return the objects that put a seal into the empty field of a PDF.

    Args:
        pdf: with one empty signature field, its name FIELD.
        picture: PNG of the seal.

    Raises:
        ValueError: there is no such field.
    """
    with pikepdf.open(io.BytesIO(pdf)) as document:
        field = _empty_field(document)
        box = [float(value) for value in field.Rect.as_list()]
        number, new = field.objgen[0], int(document.trailer.Size)
        kept = " ".join(
            f"{key} {_text(field[key])}"
            for key in sorted(field.keys())
            if key not in ("/AP", "/V")
        )
    signature, form, image, mask = range(new, new + 4)
    colours, alpha, (width, height) = _pixels(picture)
    sides = (box[2] - box[0], box[3] - box[1])
    drawing = f"q {sides[0]:.4f} 0 0 {sides[1]:.4f} 0 0 cm /Im0 Do Q".encode()
    return {
        number: f"<< {kept} /AP << /N {form} 0 R >> /V {signature} 0 R >>".encode(),
        signature: b"<< /Type /Sig /Filter /ESign.GMPkiLite /SubFilter /GM.sm2seal"
        b" /ByteRange %s /Contents %s >>" % (RANGE, GAP),
        form: stream(
            f"/Type /XObject /Subtype /Form /BBox [0 0 {sides[0]:.4f} {sides[1]:.4f}]"
            f" /Resources << /XObject << /Im0 {image} 0 R >> >>",
            drawing,
        ),
        image: stream(
            f"/Type /XObject /Subtype /Image /Width {width} /Height {height}"
            f" /ColorSpace /DeviceRGB /BitsPerComponent 8 /SMask {mask} 0 R",
            colours,
        ),
        mask: stream(
            f"/Type /XObject /Subtype /Image /Width {width} /Height {height}"
            " /ColorSpace /DeviceGray /BitsPerComponent 8",
            alpha,
        ),
    }


def stream(entries: str, data: bytes) -> bytes:
    """Return a stream with FlateDecode."""
    packed = zlib.compress(data)
    head = f"<< {entries} /Filter /FlateDecode /Length {len(packed)} >>"
    return head.encode() + b"\nstream\n" + packed + b"\nendstream"


def _empty_field(document: pikepdf.Pdf) -> pikepdf.Object:
    form = document.Root.get("/AcroForm", pikepdf.Dictionary())
    for field in form.get("/Fields", pikepdf.Array()).as_list():
        named = str(field.get("/T", "")) == FIELD
        if named and field.get("/FT") == pikepdf.Name.Sig and "/V" not in field:
            return field
    raise ValueError("there is no empty signature field to seal")


def _pixels(picture: bytes) -> tuple[bytes, bytes, tuple[int, int]]:
    with Image.open(io.BytesIO(picture)) as image:
        full = image.convert("RGBA")
    return full.convert("RGB").tobytes(), full.getchannel("A").tobytes(), full.size


def _text(value: object) -> str:
    """Return a value of a field as a PDF spells it."""
    if isinstance(value, pikepdf.Object):
        return value.unparse().decode("ascii")
    return str(value)
