"""The one page of an OFD: its size, its layers and what they refer to.

Whatever may draw and is not drawn here is refused, so that no seal is shown otherwise
than its maker has it: templates, annotations, shared parameters.
"""

from fontTools.misc.transform import Transform

from esign.seal_image.ofd.container import Node, Package, resolved
from esign.seal_image.ofd.painting import Drawing, Painter
from esign.seal_image.ofd.resources import Resources
from esign.seal_image.ofd.values import attribute, box, require
from esign.seal_image.refusals import PictureError, UnsupportedPictureError

_SIDES = (1.0, 1000.0)  # mm
_DOCUMENT = frozenset({
    "CommonData", "Pages", "Outlines", "Permissions", "Actions", "VPreferences",
    "Bookmarks", "Attachments", "CustomTags", "Extensions",
})  # fmt: skip
"""Parts of a document that draw nothing."""
_PAGE = frozenset({"Area", "Content", "Actions", "PageRes"})
_ORDER = {"Background": 0, "Body": 1, "Foreground": 2}


def read(data: bytes, width: float, height: float) -> Drawing:
    """Return what an OFD of one page draws, scaled to a size.

    Args:
        data: the file; its size was limited.
        width: of the form in points.
        height: likewise.

    Raises:
        UnsupportedPictureError: it draws something that is not drawn here.
        PictureError: it is damaged, or beyond a limit.
    """
    package = Package(data)
    body = package.xml("OFD.xml", "OFD").only("DocBody")
    path = resolved("OFD.xml", body.only("DocRoot").text.strip())
    document = package.xml(path, "Document")
    require(document, _DOCUMENT, "annotations or other parts that draw")
    pages = document.only("Pages").named("Page")
    if len(pages) != 1:
        raise UnsupportedPictureError(f"an OFD of {len(pages)} pages is not drawn")
    common = document.only("CommonData")
    page_path = resolved(path, attribute(pages[0], "BaseLoc"))
    page = package.xml(page_path, "Page")
    require(page, _PAGE, "templates")
    resources = Resources(package, common)
    for owner, base, names in (
        (common, path, ("PublicRes", "DocumentRes")),
        (page, page_path, ("PageRes",)),
    ):
        for node in (found for name in names for found in owner.named(name)):
            resources.take(resolved(base, node.text.strip()))
    left, upper, wide, high = _paper(common, page)
    scale = Transform(width / wide, 0, 0, -height / high, 0, height)
    painter = Painter(resources, scale.translate(-left, -upper))
    for layer in _layers(page):
        for item in layer.children:
            painter.paint(item)
    if not painter.drawing.operators:
        raise PictureError("the picture shows nothing")
    return painter.drawing


def _paper(common: Node, page: Node) -> tuple[float, float, float, float]:
    """Return the page's physical box; its own comes before the document's."""
    areas = [*page.named("Area"), *common.named("PageArea")]
    boxes = [node for area in areas for node in area.named("PhysicalBox")]
    if not boxes:
        raise PictureError("the OFD's page has no size")
    found = box(boxes[0].text)
    if not all(_SIDES[0] <= side <= _SIDES[1] for side in found[2:]):
        raise PictureError("the OFD's page is too large or too small")
    return found


def _layers(page: Node) -> list[Node]:
    """Return the layers of a page from the lowest to the highest."""
    contents = page.named("Content")
    layers = [layer for content in contents for layer in content.children]
    for layer in layers:
        if layer.name != "Layer" or "DrawParam" in layer.attributes:
            raise UnsupportedPictureError("an OFD's shared parameters are not drawn")
        if layer.attributes.get("Type", "Body") not in _ORDER:
            raise UnsupportedPictureError("an OFD's own kinds of layers are not drawn")
    return sorted(
        layers, key=lambda layer: _ORDER[layer.attributes.get("Type", "Body")]
    )
