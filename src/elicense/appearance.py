"""The picture of a seal in its field, read before any engine draws it.

It consists of forms that paint paths, as seals are drawn here, and of one image at
most, the picture of an electronic seal (docs/formats/pdf.md, section 9).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import pikepdf

from elicense import operators
from elicense.background.digest import inflated as flate_inflated
from elicense.operators import Effort
from esign.errors import MalformedError

MAX_PIXELS = 1_500_000
"""Pixels of the one image; ours have at most 1200 on a side."""

_DEPTH = 3  # of forms in each other; ours have two
_BITS = 8
_FORM = frozenset({
    "/Type", "/Subtype", "/BBox", "/Resources", "/Filter", "/Length", "/FormType",
    "/Matrix", "/Group",
})  # fmt: skip
_RESOURCES = frozenset({"/ProcSet", "/ExtGState", "/XObject"})
_STATE = frozenset({"/Type", "/BM", "/ca", "/CA"})
_IMAGE = frozenset({
    "/Type", "/Subtype", "/Width", "/Height", "/ColorSpace", "/BitsPerComponent",
    "/Filter", "/Length",
})  # fmt: skip
_COLOURS = {"/DeviceRGB": 3, "/DeviceGray": 1}
_GREY = {"/DeviceGray": 1}


def check(
    form: pikepdf.Object, spend: Callable[[bytes], bytes], effort: Effort
) -> None:
    """Refuse a seal's picture that takes more to draw than any of ours.

    Args:
        form: the appearance of the seal's field.
        spend: is given all operators, and returns them or refuses.
        effort: is spent.

    Raises:
        MalformedError: another resource, entry or operator than ours have, forms that
            are nested deeper, a second image, or more than a limit.
    """
    _Picture(spend, effort).read(form, 1)


@dataclass(slots=True)
class _Picture:
    """What was met of a seal's picture so far."""

    spend: Callable[[bytes], bytes]
    effort: Effort
    has_image: bool = False

    def read(self, form: pikepdf.Object, depth: int) -> None:
        """Read a form and what it draws."""
        resources = form.get("/Resources", pikepdf.Dictionary())
        states = resources.get("/ExtGState", pikepdf.Dictionary())
        parts = resources.get("/XObject", pikepdf.Dictionary())
        if (
            depth > _DEPTH
            or form.Subtype != pikepdf.Name.Form
            or not set(form.keys()) <= _FORM
            or not set(resources.keys()) <= _RESOURCES
            or not all(set(item.keys()) <= _STATE for item in states.as_dict().values())
        ):
            raise MalformedError("face: the seal's picture is made otherwise than ours")
        data = self.spend(inflated(form, operators.MAX_FORM))
        used = operators.check_form(data, states.keys(), parts.keys(), self.effort)
        for name in used.elements():
            if parts[name].Subtype == pikepdf.Name.Image:
                self._read_image(parts[name])
            else:
                self.read(parts[name], depth + 1)

    def _read_image(self, image: pikepdf.Object) -> None:
        """Refuse a second image, and one that readers could see differently."""
        if self.has_image:
            raise MalformedError("face: the seal's picture has several images")
        self.has_image = True
        _require_samples(image, _IMAGE | {"/SMask"}, _COLOURS)
        if "/SMask" in image:
            _require_samples(image.SMask, _IMAGE, _GREY)


def _require_samples(
    image: pikepdf.Object, keys: Collection[str], spaces: Mapping[str, int]
) -> None:
    """Refuse an image without exactly the samples that its dictionary tells of."""
    width, height, space = int(image.Width), int(image.Height), str(image.ColorSpace)
    if (
        not set(image.keys()) <= set(keys)
        or image.Subtype != pikepdf.Name.Image
        or space not in spaces
        or image.BitsPerComponent != _BITS
        or min(width, height) < 1
        or width * height > MAX_PIXELS
    ):
        raise MalformedError("face: the seal's image is made otherwise than ours")
    size = width * height * spaces[space]
    if len(inflated(image, size)) != size:
        raise MalformedError("face: the seal's image has not the samples it tells of")


def inflated(stream: pikepdf.Object, limit: int) -> bytes:
    """Return a stream without its filter, which is none or FlateDecode.

    Raises:
        MalformedError: another filter, or more than ``limit`` bytes.
    """
    data: bytes = stream.read_raw_bytes()
    if "/Filter" in stream:
        if stream.Filter != pikepdf.Name.FlateDecode:
            raise MalformedError("face: a stream has a filter that ours have not")
        return flate_inflated(data, limit)
    if len(data) > limit:
        raise MalformedError(f"face: a stream of more than {limit} bytes")
    return data
