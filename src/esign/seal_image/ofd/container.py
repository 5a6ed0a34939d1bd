"""The files of an OFD (GB/T 33190-2016): a ZIP of XML and images, held to limits."""

import io
import posixpath
import zipfile
import zlib
from dataclasses import dataclass, field

# No entity is ever expanded: a document type declaration is refused.
from xml.parsers import expat

from esign.seal_image.refusals import PictureError

MAX_FILES = 64
"""Files in the ZIP; the picture of a seal has about six."""
MAX_FILE_BYTES = 4 << 20
"""Bytes of one file, inflated."""
MAX_INFLATED = 8 << 20
"""Bytes of all files that are read, inflated."""
MAX_NODES = 20_000
"""Elements of one XML file."""
MAX_DEPTH = 16
"""Elements within elements."""

_SPACE = "http://www.ofdspec.org/2016 "
_BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    IndexError,
)
_STORED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1 << 0


@dataclass(slots=True)
class Node:
    """One element of OFD's own namespace; others have their namespace in the name.

    Attributes:
        name: without the namespace.
        attributes: by their names.
        children: in their order.
        text: all of its own text.
    """

    name: str
    attributes: dict[str, str]
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def named(self, name: str) -> list["Node"]:
        """Return the children of a name."""
        return [child for child in self.children if child.name == name]

    def only(self, name: str) -> "Node":
        """Return the one child of a name.

        Raises:
            PictureError: there is none, or there are several.
        """
        found = self.named(name)
        if len(found) != 1:
            raise PictureError(f"the OFD has {len(found)} elements {name} in one place")
        return found[0]


class Package:
    """An OFD as files by their paths."""

    def __init__(self, data: bytes) -> None:
        """Open a package.

        Args:
            data: the ZIP; its size was limited.

        Raises:
            PictureError: no ZIP, too many files, or two of one path.
        """
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            files = self._zip.infolist()
        except _BROKEN as err:
            raise PictureError("the OFD is no ZIP that can be read") from err
        if len(files) > MAX_FILES:
            raise PictureError(f"an OFD of more than {MAX_FILES} files")
        self._files = {item.filename: item for item in files}
        if len(self._files) != len(files):
            raise PictureError("an OFD with two files of one path")
        self._left = MAX_INFLATED

    def read(self, path: str) -> bytes:
        """Return one file.

        Args:
            path: from the package's root.

        Raises:
            PictureError: it is not there, damaged, encrypted or too large.
        """
        item = self._files.get(path)
        if item is None:
            raise PictureError("the OFD has not a file that it refers to")
        limit = min(MAX_FILE_BYTES, self._left)
        if (
            item.flag_bits & _ENCRYPTED
            or item.compress_type not in _STORED
            or item.file_size > limit
        ):
            raise PictureError("a file of the OFD is encrypted, or too large")
        try:
            with self._zip.open(item) as stream:
                # A stated size bounds what is returned, this one what is inflated.
                data = stream.read(limit)
        except _BROKEN as err:
            raise PictureError("a file of the OFD is damaged") from err
        self._left -= len(data)
        return data

    def xml(self, path: str, name: str) -> Node:
        """Return the root of an XML file.

        Args:
            path: from the package's root.
            name: what the root must be.

        Raises:
            PictureError: as for :meth:`read`, or no such XML.
        """
        root = parse(self.read(path))
        if root.name != name:
            raise PictureError(f"a file of the OFD is no {name}")
        return root


def resolved(base: str, path: str) -> str:
    """Return a path of the package.

    Args:
        base: the file that refers to it.
        path: from the root with a slash, or else from the folder of that file.
    """
    folder = posixpath.dirname(base)
    whole = path[1:] if path.startswith("/") else posixpath.join(folder, path)
    return posixpath.normpath(whole)


def parse(data: bytes) -> Node:
    """Return the root of an XML text.

    Args:
        data: UTF-8 without a document type.

    Raises:
        PictureError: malformed, in another encoding, or beyond a limit.
    """
    builder = _Builder()
    parser = expat.ParserCreate("UTF-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.doctype
    try:
        parser.Parse(data, True)  # noqa: FBT003  its one form
    except expat.ExpatError as err:
        raise PictureError("a file of the OFD is no XML") from err
    return builder.root.children[0]


class _Builder:
    """Builds the tree of elements, within limits."""

    def __init__(self) -> None:
        self.root = Node("", {})
        self._open = [self.root]
        self._texts: list[list[str]] = [[]]
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_NODES or len(self._open) > MAX_DEPTH:
            raise PictureError("an XML file of the OFD has too many elements")
        node = Node(name.removeprefix(_SPACE), attributes)
        self._open[-1].children.append(node)
        self._open.append(node)
        self._texts.append([])

    def end(self, _: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def text(self, text: str) -> None:
        self._texts[-1].append(text)

    def doctype(self, *_: object) -> None:
        raise PictureError("an XML file of the OFD has a document type")
