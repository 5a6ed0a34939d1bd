"""Attributes, numbers, boxes and matrices as OFD spells them."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from fontTools.misc.transform import Identity, Transform

from esign.seal_image.ofd.container import Node
from esign.seal_image.refusals import PictureError, UnsupportedPictureError

LARGEST = 100_000.0
"""Millimetres; nothing in the picture of a seal lies further off."""

TRUTH = {"true": True, "1": True, "false": False, "0": False}
"""The words of a boolean attribute."""

_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,9}(?:\.[0-9]{0,16})?|\.[0-9]{1,16})(?:[eE]-[0-9]{1,2})?"
)
_Value = TypeVar("_Value")


def numbers(words: Sequence[str], count: int) -> list[float]:
    """Return so many numbers.

    Raises:
        PictureError: another count, or a word that is no number of a picture.
    """
    if len(words) != count or not all(map(_NUMBER.fullmatch, words)):
        raise PictureError("a number of the OFD is missing or misspelled")
    values = [float(word) for word in words]
    if any(abs(value) > LARGEST for value in values):
        raise PictureError("something of the OFD lies far outside its page")
    return values


def box(text: str) -> tuple[float, float, float, float]:
    """Return left, upper end, width and height in millimetres, y downwards.

    Raises:
        PictureError: no box, or one without a size.
    """
    x, y, width, height = numbers(text.split(), 4)
    if not (width > 0 and height > 0):
        raise PictureError("a box of the OFD has no size")
    return x, y, width, height


def matrix(text: str | None) -> Transform:
    """Return a CTM; none is the identity.

    Raises:
        PictureError: no matrix, or one that flattens what it is applied to.
    """
    if text is None:
        return Identity
    a, b, c, d, e, f = numbers(text.split(), 6)
    if not a * d - b * c:
        raise PictureError("a matrix of the OFD flattens what it is applied to")
    return Transform(a, b, c, d, e, f)


def attribute(node: Node, name: str) -> str:
    """Return an attribute that must be there.

    Raises:
        PictureError: it is not.
    """
    if name not in node.attributes:
        raise PictureError(f"an element of the OFD has no {name}")
    return node.attributes[name]


def choice(
    node: Node, name: str, values: Mapping[str, _Value], default: _Value
) -> _Value:
    """Return what an attribute says, one of several words.

    Raises:
        PictureError: another word.
    """
    text = node.attributes.get(name)
    if text is None:
        return default
    if text not in values:
        raise PictureError(f"an element of the OFD has another {name} than there are")
    return values[text]


def require(node: Node, names: frozenset[str], what: str) -> None:
    """Refuse an element with other children than those that are named.

    Raises:
        UnsupportedPictureError: there is another; the text says what it may be.
    """
    if not {child.name for child in node.children} <= names:
        raise UnsupportedPictureError(f"an OFD's {what} are not drawn")
