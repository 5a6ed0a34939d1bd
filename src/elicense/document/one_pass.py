"""The one-pass press: what licenses of a kind have in common is made once and kept.

Of a type's licenses the static art, the seal's form, the catalog, and fonts with the
characters that the type itself brings are the same. They are assembled once
(:class:`esign.pades.Stock`); for each license only its own text, the glyphs that text
needs beyond them, symbol, photo and attachments are written, and the file is sealed on
the way. Text, places and pictures are those of the plain press.
"""

from typing import TYPE_CHECKING

from elicense.attachments import Attachments
from elicense.document import sheet
from elicense.document.archive import files_of
from elicense.document.assembly import Ingredients, assemble
from elicense.document.bodies import bodies
from elicense.document.leaves import leaves_of
from elicense.document.lettering import Lettered, fixed_fonts, letter
from elicense.document.picture import picture_of
from elicense.document.seal_art import SealArt, placed
from elicense.document.sheet import DocumentParts, Sheet
from elicense.layout import seal_box
from esign.keys import Signer
from esign.pades import (
    AnyIdentity,
    OnePassSealer,
    SealAppearance,
    Stock,
    stock_of,
)

if TYPE_CHECKING:
    from collections.abc import Hashable

MAX_STOCKS = 64
"""Kinds of licenses whose fixed part is kept; each takes about 100 KB."""


class OnePassPress:
    """Prints and seals licenses at speed. It may be used from several threads."""

    def __init__(self, identity: AnyIdentity, seal_art: bytes | SealArt) -> None:
        """Load the seal.

        Args:
            identity: who seals; its class says by which kind of seal.
            seal_art: the seal's picture; one-page PDF where it fills any box.

        Raises:
            Whatever :class:`esign.pades.OnePassSealer` raises.
        """
        self._signer = identity.signer
        self._sealer = OnePassSealer(identity)
        self._seal_art = seal_art
        self._stocks: dict[Hashable, Stock] = {}

    @property
    def signer(self) -> Signer:
        """The seal's key."""
        return self._signer

    def print(self, parts: DocumentParts) -> bytes:
        """Return the sealed PDF of a license (:meth:`elicense.document.Press.print`).

        Raises:
            CatalogError: the type's art cannot be used.
            ScanError: the scan is too large or of no kind that is attached.
            SealTooLargeError: the page's box does not hold the seal.
            ValueError: the parts do not belong together, the photo is no JPEG of one or
                three components, or ``at`` has part seconds.
            UnavailableError: the signer's device did not answer.
        """
        sheet.check(parts)
        laid_out = parts.sheet
        lettered = letter(laid_out, fixed_fonts(laid_out.license_type))
        picture = picture_of(parts.photo)
        ingredients = Ingredients(
            title=laid_out.license.draft.title,
            leaves=leaves_of(laid_out, lettered.pieces, picture),
            fonts=lettered.fonts,
            symbol=laid_out.symbol,
            code=laid_out.code,
            picture=picture,
            files=files_of(Attachments(parts.record, parts.token, parts.scan)),
            at=parts.at,
        )
        stock = self._stock(laid_out, ingredients, lettered)
        made = bodies(ingredients, lettered.fresh, stock.first)
        return self._sealer.seal(stock, made, parts.at)

    def _stock(
        self, laid_out: Sheet, ingredients: Ingredients, lettered: Lettered
    ) -> Stock:
        """Return what all licenses of this kind have in common.

        A kind is everything that decides about the fixed objects: the presentation,
        pages and their static art, which other faces there are, symbols and photo, and
        attached files.
        """
        chosen = laid_out.presentation
        kind = (
            chosen,
            tuple(page.ornament for page in laid_out.pages),
            lettered.faces,
            ingredients.code is not None,
            ingredients.picture is not None,
            tuple(file.name for file in ingredients.files),
        )
        stock = self._stocks.get(kind)
        if stock is None:
            # Without a lock, which a forked process could find held for ever: two
            # threads may make the same stock, and both get the one that was kept.
            box = seal_box(laid_out.license_type, chosen)
            place = SealAppearance(0, box, placed(self._seal_art, box))
            assembled = assemble(ingredients, lettered.fresh)
            with assembled.pdf as pdf:
                made = stock_of(pdf, assembled.varying, place)
            if len(self._stocks) >= MAX_STOCKS:
                self._stocks.pop(next(iter(tuple(self._stocks))), None)
            stock = self._stocks.setdefault(kind, made)
        return stock
