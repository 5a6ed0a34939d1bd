"""From a license to its sealed PDF.

A license is laid out (:func:`lay_out`): page and symbol are then known to hold it. A
press prints and seals it: :class:`OnePassPress` at speed, :class:`PlainPress` with
well-kept libraries alone. Both write our own profile (docs/formats/pdf.md): one
revision, classic cross-reference table, subset fonts with ToUnicode, attachments stored
as they are, PDF/A-3b apart from what that page lists.
"""

from typing import Protocol

from elicense.document.one_pass import OnePassPress
from elicense.document.plain import PlainPress, render
from elicense.document.seal_art import SealArt
from elicense.document.sheet import DocumentParts, Sheet, lay_out
from esign.keys import Signer

__all__ = [
    "DocumentParts",
    "OnePassPress",
    "PlainPress",
    "Press",
    "SealArt",
    "Sheet",
    "lay_out",
    "render",
]


class Press(Protocol):
    """Prints licenses and seals them, with one seal."""

    @property
    def signer(self) -> Signer:
        """The seal's key."""

    def print(self, parts: DocumentParts) -> bytes:
        """Return the sealed PDF of a license.

        The page is the same whichever press prints it; the same parts give the same
        bytes but for the signature. Does NOT read what it wrote: nothing may be
        released before it was validated.

        Args:
            parts: what goes into it; ``at`` is the sealing instant, whole seconds.

        Raises:
            CatalogError: the type's art cannot be used.
            ScanError: the scan is too large or of no kind that is attached.
            SealTooLargeError: the page's box does not hold the seal.
            ValueError: the parts do not belong together.
            UnavailableError: the signer's device did not answer.
        """
