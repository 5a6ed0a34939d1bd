"""Stock: what many sealed files have in common, written once (套打底版).

Of a document that was assembled with pikepdf, the objects that are the same in every
file come first and are kept as bytes, with their part of the table and the state of
the digest over them; the objects that vary follow, then the signature.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from esign.pades import field, spelling
from esign.pades.field import SealAppearance
from esign.pades.read import HEADER

if TYPE_CHECKING:
    import pikepdf


class Stock:
    """The fixed beginning of many files; made once, then only read.

    Attributes:
        data: header and fixed objects, bytes.
        entries: their lines of the cross-reference table.
        first: number of the first object that varies.
        varying: how many objects vary.
        digest: SHA-256 over ``data``, to be copied and gone on with.
    """

    def __init__(self, bodies: Sequence[bytes], varying: int) -> None:
        """Lay out the fixed objects.

        Args:
            bodies: of objects 1, 2, 3 and on, as between ``obj`` and ``endobj``; the
                first is the catalog.
            varying: how many objects follow before the signature.
        """
        parts, entries, position = [HEADER], [], len(HEADER)
        for number, body in enumerate(bodies, 1):
            entries.append(b"%010d 00000 n \n" % position)
            parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
            position += len(parts[-1])
        self.data = b"".join(parts)
        self.entries = b"".join(entries)
        self.first = len(bodies) + 1
        self.varying = varying
        self.digest = hashlib.sha256(self.data)


def stock_of(
    document: "pikepdf.Pdf",
    varying: Sequence["pikepdf.Object"],
    appearance: SealAppearance,
) -> Stock:
    """Return the stock of an assembled document.

    Args:
        document: one revision without form fields; changed in place: it gets the
            seal's field, whose value is the signature to come.
        varying: the indirect objects that every file writes anew, in their order in the
            file; nothing else is expected to differ from one file to the next.
        appearance: where the seal is seen.

    Returns:
        The fixed objects in the profile's spelling. Object ``first + n`` of a file is
        ``varying[n]``, the signature follows the last of them.

    Raises:
        MalformedError: the document has form fields or permissions already.
        ValueError: the appearance cannot be placed, or an object cannot be written.
    """
    import pikepdf  # noqa: PLC0415  costs 60 ms, and reading needs none of it

    signature = document.make_indirect(pikepdf.Dictionary())
    field.add(document, appearance).V = signature
    document.Root.Perms = pikepdf.Dictionary(DocMDP=signature)
    later = [*(item.objgen for item in varying), signature.objgen]
    fixed = reachable(document.Root, frozenset(later))
    order = [*fixed, *later]
    numbers = {objgen: number for number, objgen in enumerate(order, 1)}
    bodies = [
        spelling.body(document.get_object(objgen), lambda item: numbers[item.objgen])
        for objgen in fixed
    ]
    return Stock(bodies, len(varying))


def reachable(
    root: "pikepdf.Object", later: frozenset[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the indirect objects below a catalog, breadth first, itself the first."""
    found: dict[tuple[int, int], None] = {}
    queue = [root]
    while queue:
        item = queue.pop(0)
        if item.is_indirect:
            if item.objgen in found or item.objgen in later:
                continue
            found[item.objgen] = None
        queue += _children(item)
    return list(found)


def _children(item: "pikepdf.Object") -> list["pikepdf.Object"]:
    import pikepdf  # noqa: PLC0415  see stock_of

    parts: list[object] = []
    if isinstance(item, pikepdf.Array):
        parts += item.as_list()
    elif isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
        parts += (item[key] for key in sorted(item.keys()))
    return [part for part in parts if isinstance(part, pikepdf.Object)]
