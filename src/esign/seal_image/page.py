"""A seal's appearance: a PDF of one page, as large as the seal, with no background."""

import io
import zlib

import pikepdf
from pikepdf import Dictionary, Name

from esign.seal_image.design import design
from esign.seal_image.paths import POINTS_PER_MM, RED, ellipse, pdf_path
from esign.seal_image.spec import SealSpec


def draw(spec: SealSpec) -> bytes:
    """Return the seal as a PDF of one page, the size of the seal, with no background.

    It is drawn like ink (blend mode Multiply), so that text under it stays readable.

    Args:
        spec: what the seal says.

    Returns:
        PDF bytes without fonts or images; the same spec gives the same bytes.

    Raises:
        ValueError: the face has no glyph for a character.
    """
    made = design(spec)
    width, height = made.width * POINTS_PER_MM, made.height * POINTS_PER_MM
    middle = (width / 2, height / 2)
    red = " ".join(f"{part / 255:.3f}" for part in RED)
    border = ellipse((made.width - made.border) / 2, (made.height - made.border) / 2)
    lines = [f"{red} rg {red} RG 1 j"]
    for paint in made.paints:
        if paint.stroke:
            lines.append(f"{paint.stroke * POINTS_PER_MM:.3f} w")
        operator = "B" if paint.stroke else "f"
        lines += [pdf_path(paint.segments, middle), operator]
    lines += [f"{made.border * POINTS_PER_MM:.3f} w", pdf_path(border, middle), "S"]
    operators = "\n".join(lines)
    pdf = pikepdf.new()
    form = pikepdf.Stream(pdf, zlib.compress(operators.encode("ascii"), 9))
    return ink(pdf, form, width, height)


def ink(pdf: pikepdf.Pdf, form: pikepdf.Stream, width: float, height: float) -> bytes:
    """Return a page that shows a drawing as one transparency group, like ink.

    Args:
        pdf: without pages; becomes the file.
        form: the operators, compressed with FlateDecode; gets all entries of a form
            but ``/Resources``.
        width: of the page and the drawing, points.
        height: likewise.

    Returns:
        PDF bytes; the same drawing gives the same bytes.
    """
    for name, value in {
        "/Type": Name.XObject,
        "/Subtype": Name.Form,
        "/BBox": pikepdf.Array([0, 0, width, height]),
        "/Group": Dictionary(
            Type=Name.Group, S=Name.Transparency, CS=Name.DeviceRGB, I=True
        ),
        "/Filter": Name.FlateDecode,
    }.items():
        form[name] = value
    pdf.add_blank_page(page_size=(width, height))
    page = pdf.pages[0]
    page.Resources = Dictionary(
        ExtGState=Dictionary(Ink=Dictionary(Type=Name.ExtGState, BM=Name.Multiply)),
        XObject=Dictionary(Seal=pdf.make_indirect(form)),
    )
    page.Contents = pdf.make_indirect(pikepdf.Stream(pdf, b"/Ink gs /Seal Do\n"))
    return saved(pdf)


def saved(pdf: pikepdf.Pdf) -> bytes:
    """Return a document's bytes, the same for the same document."""
    out = io.BytesIO()
    pdf.save(
        out,
        deterministic_id=True,
        compress_streams=False,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
    )
    return out.getvalue()
