"""What the page of an OFD refers to: images and colour spaces."""

from esign.seal_image import raster
from esign.seal_image.ofd.container import Node, Package, resolved
from esign.seal_image.ofd.values import attribute
from esign.seal_image.raster import Pixels
from esign.seal_image.refusals import PictureError, UnsupportedPictureError

_FORMATS = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"BM": "BMP"}


class Resources:
    """Images and colour spaces by their identifiers."""

    def __init__(self, package: Package, common: Node) -> None:
        """Begin with none.

        Args:
            package: where files are.
            common: the document's common data, which may name the usual colour space.
        """
        self._package = package
        self._usual = next((node.text for node in common.named("DefaultCS")), None)
        self._images: dict[str, str] = {}
        self._spaces: dict[str, str] = {}

    def take(self, path: str) -> None:
        """Read a file of resources; what nobody refers to may be anything."""
        root = self._package.xml(path, "Res")
        folder = resolved(path, root.attributes.get("BaseLoc", "."))
        for group in root.named("MultiMedias"):
            for node in group.named("MultiMedia"):
                file = node.only("MediaFile").text.strip()
                where = resolved(f"{folder}/", file)
                self._images[attribute(node, "ID")] = where
        for group in root.named("ColorSpaces"):
            for node in group.named("ColorSpace"):
                bits = node.attributes.get("BitsPerComponent", "8")
                plain = bits == "8" and not node.children
                kind = node.attributes.get("Type", "") if plain else ""
                self._spaces[attribute(node, "ID")] = kind

    def image(self, identifier: str) -> Pixels:
        """Return the picture of an identifier."""
        if identifier not in self._images:
            raise PictureError("the OFD has not the image that it draws")
        data = self._package.read(self._images[identifier])
        for start, kind in _FORMATS.items():
            if data.startswith(start):
                return raster.decode(kind, data)
        raise UnsupportedPictureError("an OFD's image of this format is not drawn")

    def components(self, space: str | None) -> int:
        """Return how many numbers a colour of a space has: 3 or 1."""
        name = self._usual if space is None else space
        kind = "RGB" if name is None else self._spaces.get(name, "")
        if kind not in ("RGB", "GRAY"):
            raise UnsupportedPictureError("an OFD's other colour spaces are not drawn")
        return 3 if kind == "RGB" else 1
