"""The pages of a laid out license, ready to be put into a file."""

from collections.abc import Sequence

from elicense.document import art
from elicense.document.assembly import Leaf
from elicense.document.content import Lettering, content
from elicense.document.picture import Picture
from elicense.document.sheet import Sheet


def leaves_of(
    laid_out: Sheet, lettering: Sequence[Lettering], picture: Picture | None
) -> tuple[Leaf, ...]:
    """Return every page with its static art and its operators.

    Args:
        laid_out: the license.
        lettering: the pieces of the runs of each page.
        picture: the photo, None without one.

    Raises:
        CatalogError: the type's own art is not to be used.
    """
    return tuple(
        Leaf(
            page,
            art.page(laid_out.presentation, page.ornament),
            content(page, pieces, picture),
        )
        for page, pieces in zip(laid_out.pages, lettering, strict=True)
    )
