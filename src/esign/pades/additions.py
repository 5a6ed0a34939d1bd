"""What a seal platform's revision may do: put a seal into the declared box, no more.

Each rule of docs/formats/pdf.md, section 10, from 3 to 6, has its function here.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from esign.errors import MalformedError
from esign.pades import painting
from esign.pades.values import Name, Reference, Value, parse, same

if TYPE_CHECKING:
    from esign.pades.revisions import TwoRevisions

_SLACK = Decimal("0.5")  # points, by which the picture's size may differ from the box
_IDENTITY = tuple(map(Decimal, (1, 0, 0, 1, 0, 0)))
_FORM_KEYS = {
    b"Type", b"Subtype", b"FormType", b"BBox", b"Matrix", b"Resources", b"Filter",
    b"Length",
}  # fmt: skip
_IMAGE_KEYS = {
    b"Type", b"Subtype", b"Width", b"Height", b"ColorSpace", b"BitsPerComponent",
    b"Interpolate", b"SMask", b"Filter", b"Length",
}  # fmt: skip
_RESOURCE_KEYS = {b"XObject", b"ProcSet"}
_SPACES = (Name(b"DeviceRGB"), Name(b"DeviceGray"))
_FORM_FILTERS = (None, Name(b"FlateDecode"))
_IMAGE_FILTERS = (*_FORM_FILTERS, Name(b"DCTDecode"))
_DEPTHS = tuple(map(Decimal, (1, 2, 4, 8)))
MAX_FORM_DEPTH = 3  # of forms in each other
_IMAGE, _MASK = 0, -1  # places beside the depths of forms


def check_additions(two: "TwoRevisions") -> None:
    """Check that revision 2 adds a seal and its picture, and nothing else.

    1. Of revision 1 the field alone is replaced; catalog, form and page may be written
       again as they were.
    2. The field keeps every entry; its value is the new signature, its picture a new
       form.
    3. The picture is as large as the declared box, and paints paths and images alone,
       at least one of them.
    4. Every new object is one of these.

    Args:
        two: as it was read.

    Raises:
        MalformedError: it does anything else.
    """
    _check_replaced(two)  # (1)
    picture = _picture_of(two)  # (2)
    reached = _Picture(two)
    reached.check_outermost(picture)  # (3)
    new = {number for number in two.parts if number >= len(two.first.starts)}
    if new != reached.met | {two.signature}:  # (4)
        raise MalformedError("PDF: revision 2 adds an object that is no part of a seal")


def allowed(two: "TwoRevisions") -> frozenset[int]:
    """Return the numbers of revision 1 that revision 2 may write again.

    Args:
        two: as it was read.
    """
    reserved = two.first.reserved
    return frozenset({1, reserved.field, reserved.form, reserved.page})


def _check_replaced(two: "TwoRevisions") -> None:
    replaced = {number for number in two.parts if number < len(two.first.starts)}
    if not replaced <= allowed(two):
        raise MalformedError("PDF: revision 2 replaces an object of revision 1")
    if two.first.reserved.field not in replaced:
        raise MalformedError("PDF: revision 2 leaves the declared field empty")
    for number in replaced - {two.first.reserved.field}:
        part = two.parts[number]
        if part.stream is not None or not same(part.value, _before(two, number)):
            raise MalformedError("PDF: revision 2 changes an object of revision 1")


def _before(two: "TwoRevisions", number: int) -> Value:
    return parse(two.first.dictionary(number))


def _picture_of(two: "TwoRevisions") -> Reference:
    """Return the form that the sealed field shows."""
    number = two.first.reserved.field
    part, before = two.parts[number], _before(two, number)
    if not isinstance(part.value, Mapping) or not isinstance(before, Mapping):
        raise MalformedError("PDF: the field of revision 2 is no dictionary")
    looks = part.value.get(b"AP")
    picture = looks.get(b"N") if isinstance(looks, Mapping) else None
    expected = {
        **before,
        b"V": Reference(two.signature),
        b"AP": {b"N": picture},
    }
    if part.stream is not None or not same(part.value, expected):
        raise MalformedError("PDF: revision 2 changes more of the field than its seal")
    if not isinstance(picture, Reference):
        raise MalformedError("PDF: the seal's picture is not an object")
    return picture


class _Picture:
    """The picture of a seal while it is walked.

    Attributes:
        met: numbers of the new objects that it is made of.
    """

    def __init__(self, two: "TwoRevisions") -> None:
        self._two = two
        self.met: set[int] = set()
        self._checked: set[tuple[Value, int]] = set()
        self._left = painting.MAX_OPERATORS
        self._shows = False

    def check_outermost(self, picture: Reference) -> None:
        """Check the picture, which must be as large as the declared box."""
        left, bottom, right, top = self._two.first.reserved.box
        form, _ = self._stream(picture)
        sides = form.get(b"BBox")
        if not isinstance(sides, tuple) or len(sides) != len("xywh"):
            raise MalformedError("PDF: the seal's picture has no size")
        numbers = [one for one in sides if isinstance(one, Decimal)]
        expected = [Decimal(str(value)) for value in (0, 0, right - left, top - bottom)]
        if len(numbers) != len(expected) or any(
            abs(ours - theirs) > _SLACK
            for ours, theirs in zip(expected, numbers, strict=True)
        ):
            raise MalformedError("PDF: the seal's picture is not as large as the box")
        self._form(picture, 1)
        if not self._shows:
            raise MalformedError("PDF: the seal's picture shows nothing")

    def _stream(self, value: Value) -> tuple[Mapping[bytes, Value], bytes]:
        """Return a stream of revision 2 by a reference to it: dictionary and bytes."""
        number = value.number if isinstance(value, Reference) else 0
        part = self._two.parts.get(number)
        if (
            part is None
            or part.stream is None
            or not isinstance(part.value, Mapping)
            or number < len(self._two.first.starts)
        ):
            raise MalformedError("PDF: the seal's picture is not made of new streams")
        self.met.add(number)
        return part.value, part.stream

    def _form(self, reference: Reference, depth: int) -> None:
        """Check a form, and all that it draws."""
        if not self._is_new(reference, depth):
            return
        form, stored = self._stream(reference)
        if depth > MAX_FORM_DEPTH:
            raise MalformedError("PDF: the seal's picture is nested too deeply")
        _check_form(form)
        drawn = _drawn(form.get(b"Resources", {}))
        data = painting.plain(stored, form.get(b"Filter"), self._left)
        self._left -= len(data)
        for name in painting.used(data):
            if name not in drawn:
                raise MalformedError("PDF: a form of the seal draws what it lacks")
            self._shows = self._shows or self._is_image(drawn[name])
        self._shows = self._shows or painting.paints(data)
        for value in drawn.values():
            self._drawn(value, depth)

    def _is_image(self, value: Value) -> bool:
        return self._stream(value)[0].get(b"Subtype") == Name(b"Image")

    def _drawn(self, value: Value, depth: int) -> None:
        drawn, _ = self._stream(value)
        if drawn.get(b"Subtype") == Name(b"Form") and isinstance(value, Reference):
            self._form(value, depth + 1)
        else:
            self._image(value, has_mask=False)

    def _is_new(self, reference: Value, place: int) -> bool:
        """Tell whether an object is met for the first time in such a place.

        A picture may draw one object under a thousand names, which costs no more.
        """
        key = (reference, place)
        is_new = key not in self._checked
        self._checked.add(key)
        return is_new

    def _image(self, reference: Value, *, has_mask: bool) -> None:
        if not self._is_new(reference, _MASK if has_mask else _IMAGE):
            return
        image, stored = self._stream(reference)
        if not image.keys() <= _IMAGE_KEYS or image.get(b"Subtype") != Name(b"Image"):
            raise MalformedError("PDF: an image of the seal has other entries")
        _check_kind(image)
        spaces = _SPACES[1:] if has_mask else _SPACES
        sides = (image.get(b"Width"), image.get(b"Height"))
        if (
            image.get(b"Filter") not in _IMAGE_FILTERS
            or image.get(b"ColorSpace") not in spaces
            or not any(same(image.get(b"BitsPerComponent"), one) for one in _DEPTHS)
            or not isinstance(image.get(b"Interpolate", False), bool)
        ):
            raise MalformedError("PDF: an image of the seal is of another kind")
        painting.check_image(stored, image.get(b"Filter"), sides)
        if b"SMask" in image:
            if has_mask:
                raise MalformedError("PDF: a mask of the seal has a mask")
            self._image(image[b"SMask"], has_mask=True)


def _check_form(form: Mapping[bytes, Value]) -> None:
    """Check the entries of a form."""
    if not form.keys() <= _FORM_KEYS or form.get(b"Subtype") != Name(b"Form"):
        raise MalformedError("PDF: a form of the seal has other entries")
    _check_kind(form)
    if not same(form.get(b"FormType", Decimal(1)), Decimal(1)):
        raise MalformedError("PDF: a form of the seal is of another type")
    if not same(form.get(b"Matrix", _IDENTITY), _IDENTITY):
        raise MalformedError("PDF: a form of the seal is moved by its matrix")
    if form.get(b"Filter") not in _FORM_FILTERS:
        raise MalformedError("PDF: a form of the seal has another filter")


def _check_kind(item: Mapping[bytes, Value]) -> None:
    if item.get(b"Type", Name(b"XObject")) != Name(b"XObject"):
        raise MalformedError("PDF: a part of the seal is of another type")


def _drawn(resources: Value) -> Mapping[bytes, Value]:
    """Return what a form may draw, by name."""
    if not isinstance(resources, Mapping) or not resources.keys() <= _RESOURCE_KEYS:
        raise MalformedError("PDF: a form of the seal has other resources")
    names = resources.get(b"ProcSet", ())
    if not isinstance(names, tuple) or not all(isinstance(n, Name) for n in names):
        raise MalformedError("PDF: a form of the seal has other resources")
    drawn = resources.get(b"XObject", {})
    if not isinstance(drawn, Mapping):
        raise MalformedError("PDF: a form of the seal has other resources")
    return drawn
