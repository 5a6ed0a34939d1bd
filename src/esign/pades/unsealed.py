"""Reading revision 1 of a file that a seal platform seals: ours, complete, unsealed.

The rules of :mod:`esign.pades.read` hold but those of the signature, which is not there
(docs/formats/pdf.md, section 10).
"""

from dataclasses import dataclass

from esign.errors import MalformedError
from esign.pades import skeleton
from esign.pades.prefix import NOTHING
from esign.pades.read import HEADER, MAX_PDF_BYTES, Objects, look_at, table_of
from esign.pades.skeleton import Reserved


@dataclass(frozen=True, slots=True)
class UnsealedPdf(Objects):
    """A file of ours that waits for its seal.

    Attributes:
        reserved: the empty field, and the box that was declared for the seal.
    """

    reserved: Reserved


def read_unsealed(pdf: bytes) -> UnsealedPdf:
    """Read a file that waits for a platform's seal.

    Proves nothing: whoever likes can write such a file.

    Args:
        pdf: the whole file, or the whole revision 1 of one that was sealed.

    Raises:
        MalformedError: anything but one revision of the profile with one empty field.
    """
    if len(pdf) > MAX_PDF_BYTES:
        raise MalformedError(f"PDF: more than {MAX_PDF_BYTES} bytes")
    if not pdf.startswith(HEADER):
        raise MalformedError("PDF: another header than the profile's")
    starts = table_of(pdf, NOTHING)
    found = look_at(pdf, starts, NOTHING)
    reserved = skeleton.check_reserved(Objects(pdf, starts).dictionary)
    if found.fields != (reserved.field,):
        raise MalformedError(f"PDF: {len(found.fields)} signature fields, not one")
    return UnsealedPdf(pdf, starts, reserved)
