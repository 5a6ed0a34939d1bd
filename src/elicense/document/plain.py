"""The plain press: pikepdf assembles and saves the page, pyHanko seals it.

Slower than the one-pass press by a factor of twenty, and built from well-kept libraries
alone: what that press makes is held against this one.
"""

import io
import itertools

import pikepdf

from elicense.attachments import Attachments
from elicense.document import art, sheet
from elicense.document.archive import files_of
from elicense.document.assembly import Ingredients, assemble
from elicense.document.content import Lettering, Piece, content
from elicense.document.picture import picture_of
from elicense.document.sheet import DocumentParts, Sheet
from elicense.fonts import Face, Subset, subset
from elicense.layout import seal_box
from esign import pades
from esign.pades import SealAppearance, SealIdentity


class PlainPress:
    """Prints and seals licenses one by one, at their leisure."""

    def __init__(self, identity: SealIdentity, seal_art: bytes) -> None:
        """Keep the seal.

        Args:
            identity: key and certificates of the seal.
            seal_art: one-page PDF with the seal's picture.
        """
        self._identity = identity
        self._seal_art = seal_art

    def print(self, parts: DocumentParts) -> bytes:
        """Return the sealed PDF of a license (:meth:`elicense.document.Press.print`).

        Raises:
            Whatever :func:`render` and :func:`esign.pades.seal` raise.
        """
        appearance = SealAppearance(
            0, seal_box(parts.sheet.license_type), self._seal_art
        )
        return pades.seal(
            render(parts), self._identity, at=parts.at, appearance=appearance
        )


def render(parts: DocumentParts) -> bytes:
    """Return the unsigned PDF of a license.

    Args:
        parts: what goes into it.

    Returns:
        PDF bytes of one revision; the same parts give the same bytes.

    Raises:
        CatalogError: the type's art cannot be used.
        ScanError: the scan is too large or of no kind that is attached.
        ValueError: the parts do not belong together, or the photo is no JPEG of one or
            three components.
    """
    sheet.check(parts)
    fonts, lettering = _lettering(parts.sheet)
    picture = picture_of(parts.photo)
    page = parts.sheet.page
    assembled = assemble(
        Ingredients(
            page=page,
            art=art.page(parts.sheet.license_type, page.ornament),
            fonts=fonts,
            operators=content(page, lettering, picture),
            symbol=parts.sheet.symbol,
            picture=picture,
            files=files_of(Attachments(parts.record, parts.token, parts.scan)),
            at=parts.at,
        ),
        fresh=(),
    )
    with assembled.pdf as pdf:
        return _saved(pdf)


def _lettering(laid_out: Sheet) -> tuple[dict[str, Subset], Lettering]:
    """Return a subset for every face of the page, by name, and the pieces of its runs.

    The fonts are named F1, F2 and on, in the order in which the page uses their faces.
    """
    cut = [laid_out.faces.pieces(run.text, run.typeface) for run in laid_out.page.runs]
    used: dict[Face, set[str]] = {}
    for face, text in itertools.chain.from_iterable(cut):
        used.setdefault(face, set()).update(text)
    fonts = {
        face: (f"F{number}", subset(face, characters))
        for number, (face, characters) in enumerate(used.items(), 1)
    }
    lettering = [[Piece(*fonts[face], text) for face, text in parts] for parts in cut]
    return dict(fonts.values()), lettering


def _saved(pdf: pikepdf.Pdf) -> bytes:
    """Return the file: classic cross-reference table, streams as they were made."""
    out = io.BytesIO()
    pdf.save(
        out,
        min_version="1.7",
        compress_streams=False,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        deterministic_id=True,
        fix_metadata_version=False,
    )
    return out.getvalue()
