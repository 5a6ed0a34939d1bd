"""The skeleton of a sealed file: catalog, permissions, form, field, pages.

It is what every reader of PDF walks from the trailer to the signature and to the pages.
Each part has one spelling or one shape, so that no reader can walk another way.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from esign.errors import MalformedError
from esign.pades.dictionary import entries, reference, references

MAX_TREE_DEPTH = 8  # of a page tree; those of licenses have one page
_NUMBER = rb"-?(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,9})?"
_REFERENCE = rb"[1-9][0-9]{0,4} 0 R"
_FORM = re.compile(rb"<<\n/Fields \[ ([1-9][0-9]{0,4}) 0 R \]\n/SigFlags 3\n>>")
_FIELD = re.compile(
    rb"<<\n(?:/AP <<\n/N " + _REFERENCE + rb"\n>>\n)?/F 132\n/FT /Sig\n"
    rb"/P ([1-9][0-9]{0,4}) 0 R\n"
    rb"/Rect \[ "
    + _NUMBER
    + rb" "
    + _NUMBER
    + rb" "
    + _NUMBER
    + rb" "
    + _NUMBER
    + rb" \]\n"
    rb"/Subtype /Widget\n/T \(Seal\)\n/Type /Annot\n/V ([1-9][0-9]{0,4}) 0 R\n>>"
)

_RESERVED = re.compile(
    rb"<<\n/AP <<\n/N ([1-9][0-9]{0,4}) 0 R\n>>\n/F 132\n/FT /Sig\n"
    rb"/P ([1-9][0-9]{0,4}) 0 R\n/Rect \[ ("
    + _NUMBER
    + rb") ("
    + _NUMBER
    + rb") ("
    + _NUMBER
    + rb") ("
    + _NUMBER
    + rb") \]\n/Subtype /Widget\n/T \(Seal\)\n/Type /Annot\n>>"
)

TextOf = Callable[[int], bytes]
"""Gives the text of an object by its number; MalformedError where there is none, or
where it is a stream: what stands in place of a dictionary must be one."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """Where a file that is not sealed yet keeps the place of its seal.

    Attributes:
        field: number of the empty signature field.
        form: number of the form that lists it.
        page: number of the page that shows it.
        box: left, bottom, right, top of the declared box, points.
    """

    field: int
    form: int
    page: int
    box: tuple[float, float, float, float]


def check_reserved(text_of: TextOf) -> Reserved:
    """Check the skeleton of a file that a platform is to seal, and return its field.

    As :func:`check`, but that nothing is permitted yet and the field is empty: it has
    an appearance and no value (docs/formats/pdf.md, section 10).

    Args:
        text_of: gives the dictionaries of the file.

    Raises:
        MalformedError: anything else.
    """
    catalog = entries(text_of(1))
    if catalog.get(b"/Type") != b"/Catalog" or b"/Version" in catalog:
        raise MalformedError("PDF: object 1 is not a catalog of the header's version")
    if b"/Perms" in catalog:
        raise MalformedError("PDF: the catalog of an unsealed file has permissions")
    number = reference(catalog.get(b"/AcroForm"))
    form = _FORM.fullmatch(text_of(number))
    if form is None:
        raise MalformedError("PDF: the form is not one of one field")
    field = _RESERVED.fullmatch(text_of(int(form[1])))
    if field is None:
        raise MalformedError("PDF: the field is not an empty one of the profile")
    left, bottom, right, top = (float(field[place]) for place in range(3, 7))
    if not (left < right and bottom < top):
        raise MalformedError("PDF: the declared box has no width or no height")
    page = int(field[2])
    if page not in _pages(text_of, reference(catalog.get(b"/Pages"))):
        raise MalformedError("PDF: the field is on no page of the document")
    if references(entries(text_of(page)).get(b"/Annots")) != (int(form[1]),):
        raise MalformedError("PDF: the page does not show the field alone")
    return Reserved(int(form[1]), number, page, (left, bottom, right, top))


def check(text_of: TextOf, signature: int) -> int:
    """Check the skeleton of a file, and return the number of the seal's field.

    1. The catalog is one of the header's version, and names pages, form and
       permissions; the only permission is DocMDP, the signature's.
    2. The form has one field and nothing else.
    3. The field is a widget of one shape on a page of the document, its value the
       signature.
    4. The pages form a tree: every node names its parent, is met once, and counts its
       pages rightly.

    Args:
        text_of: gives the dictionaries of the file.
        signature: number of the signature dictionary.

    Raises:
        MalformedError: anything else.
    """
    catalog = entries(text_of(1))  # (1)
    if catalog.get(b"/Type") != b"/Catalog" or b"/Version" in catalog:
        raise MalformedError("PDF: object 1 is not a catalog of the header's version")
    if catalog.get(b"/Perms") != {b"/DocMDP": b"%d 0 R" % signature}:
        raise MalformedError("PDF: the catalog does not name the signature alone")
    form = _FORM.fullmatch(text_of(reference(catalog.get(b"/AcroForm"))))  # (2)
    if form is None:
        raise MalformedError("PDF: the form is not one of one field")
    field = _FIELD.fullmatch(text_of(int(form[1])))  # (3)
    if field is None:
        raise MalformedError("PDF: the field is not of the profile's shape")
    if int(field[2]) != signature:
        raise MalformedError("PDF: the field's value is not the signature")
    if int(field[1]) not in _pages(text_of, reference(catalog.get(b"/Pages"))):  # (4)
        raise MalformedError("PDF: the field is on no page of the document")
    return int(form[1])


def _pages(text_of: TextOf, root: int) -> list[int]:
    """Return the numbers of all pages."""
    return _below(_Tree(text_of, {root}), root, None, MAX_TREE_DEPTH)


@dataclass(frozen=True, slots=True)
class _Tree:
    """A page tree that is walked, and the nodes that were met."""

    text_of: TextOf
    met: set[int]


def _below(tree: _Tree, number: int, parent: int | None, depth: int) -> list[int]:
    """Return the pages at and below a node."""
    node = entries(tree.text_of(number))
    named = node.get(b"/Parent")
    if (None if named is None else reference(named)) != parent:
        raise MalformedError("PDF: a node of the page tree names another parent")
    if node.get(b"/Type") == b"/Page" and parent is not None:
        return [number]
    if node.get(b"/Type") != b"/Pages" or depth == 0:
        raise MalformedError("PDF: a node of the page tree is neither node nor page")
    pages: list[int] = []
    for kid in references(node.get(b"/Kids")):
        if kid in tree.met:
            raise MalformedError("PDF: a page occurs twice in the page tree")
        tree.met.add(kid)
        pages += _below(tree, kid, number, depth - 1)
    if node.get(b"/Count") != b"%d" % len(pages):
        raise MalformedError("PDF: the page tree counts its pages wrongly")
    return pages
