"""The plain press: pikepdf assembles and saves the page, pyHanko seals it.

Slower than the one-pass press by a factor of twenty, and built from well-kept libraries
alone: what that press makes is held against this one.
"""

import io
import itertools

import pikepdf

from elicense.attachments import Attachments
from elicense.document import sheet
from elicense.document.archive import files_of
from elicense.document.assembly import Ingredients, assemble
from elicense.document.content import Lettering, Piece
from elicense.document.leaves import leaves_of
from elicense.document.picture import picture_of
from elicense.document.seal_art import SealArt, placed
from elicense.document.sheet import DocumentParts, Sheet
from elicense.fonts import Face, Subset, subset
from elicense.layout import seal_box
from esign import pades
from esign.keys import Signer
from esign.pades import AnyIdentity, SealAppearance


class PlainPress:
    """Prints and seals licenses one by one, at their leisure."""

    def __init__(self, identity: AnyIdentity, seal_art: bytes | SealArt) -> None:
        """Keep the seal.

        Args:
            identity: who seals; its class says by which kind of seal.
            seal_art: the seal's picture; one-page PDF where it fills any box.
        """
        self._identity = identity
        self._seal_art = seal_art

    @property
    def signer(self) -> Signer:
        """The seal's key."""
        return self._identity.signer

    def print(self, parts: DocumentParts) -> bytes:
        """Return the sealed PDF of a license (:meth:`elicense.document.Press.print`).

        Raises:
            Whatever :func:`render` and :func:`esign.pades.seal` raise.
        """
        laid_out = parts.sheet
        box = seal_box(laid_out.license_type, laid_out.presentation)
        appearance = SealAppearance(0, box, placed(self._seal_art, box))
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
    laid_out = parts.sheet
    fonts, lettering = _lettering(laid_out)
    picture = picture_of(parts.photo)
    assembled = assemble(
        Ingredients(
            title=laid_out.license.draft.title,
            leaves=leaves_of(laid_out, lettering, picture),
            fonts=fonts,
            symbol=laid_out.symbol,
            code=laid_out.code,
            picture=picture,
            files=files_of(Attachments(parts.record, parts.token, parts.scan)),
            at=parts.at,
        ),
        fresh=(),
    )
    with assembled.pdf as pdf:
        return _saved(pdf)


def _lettering(laid_out: Sheet) -> tuple[dict[str, Subset], tuple[Lettering, ...]]:
    """Return a subset for every face of the pages, by name, and the pieces of runs.

    The fonts are named F1, F2 and on, in the order in which the pages use their faces.
    """
    cut = [
        [laid_out.faces.pieces(run.text, run.typeface) for run in page.runs]
        for page in laid_out.pages
    ]
    used: dict[Face, set[str]] = {}
    for parts in itertools.chain.from_iterable(cut):
        for face, text in parts:
            used.setdefault(face, set()).update(text)
    fonts = {
        face: (f"F{number}", subset(face, characters))
        for number, (face, characters) in enumerate(used.items(), 1)
    }
    lettering = tuple(
        [[Piece(*fonts[face], text) for face, text in parts] for parts in page]
        for page in cut
    )
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
