"""Writing revision 1 of a file that a seal platform seals.

The document in the profile's spelling with one empty signature field in the declared
box. Whatever the platform does comes behind it (docs/formats/pdf.md, section 10).
"""

import hashlib
from io import BytesIO

from esign.errors import MalformedError
from esign.pades import field, spelling
from esign.pades.read import HEADER
from esign.pades.stock import reachable
from esign.pades.unsealed import read_unsealed


def reserve(pdf: bytes, page: int, box: tuple[float, float, float, float]) -> bytes:
    """Return a document in the profile's spelling with an empty field for a seal.

    The same arguments give the same bytes.

    Args:
        pdf: an unsigned PDF without form fields; attachments are kept as they are.
        page: number of the page, from 0.
        box: left, bottom, right, top of the seal in points from the lower left corner.

    Raises:
        MalformedError: ``pdf`` cannot be opened, or is not fit for sealing.
        ValueError: a page or box that is not there, or an object that cannot be
            written.
    """
    import pikepdf  # noqa: PLC0415  costs 60 ms, and reading needs none of it

    try:
        with pikepdf.open(BytesIO(pdf), attempt_recovery=False) as document:
            field.reserve(document, page, box)
            if "/Version" in document.Root:  # the file that is written says 1.7
                del document.Root["/Version"]
            order = reachable(document.Root, frozenset())
            numbers = {objgen: number for number, objgen in enumerate(order, 1)}
            bodies = [
                spelling.body(
                    document.get_object(objgen), lambda item: numbers[item.objgen]
                )
                for objgen in order
            ]
    except (pikepdf.PdfError, pikepdf.PasswordError) as err:
        raise MalformedError("the PDF to seal cannot be opened") from err
    written = _written(bodies)
    read_unsealed(written)
    return written


def _written(bodies: list[bytes]) -> bytes:
    """Return a file of one revision."""
    parts, entries, position = [HEADER], [], len(HEADER)
    for number, body in enumerate(bodies, 1):
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        entries.append(b"%010d 00000 n \n" % position)
        position += len(parts[-1])
    document_id = hashlib.sha256(b"".join(parts)).hexdigest()[:32].encode("ascii")
    size = len(bodies) + 1
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n" % size)
    parts += entries
    parts.append(
        b"trailer\n<<\n/Root 1 0 R\n/ID [ <%s> <%s> ]\n/Size %d\n>>\n"
        b"startxref\n%d\n%%%%EOF\n" % (document_id, document_id, size, position)
    )
    return b"".join(parts)
