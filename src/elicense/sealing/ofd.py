"""Signatures in an OFD file (GB/T 33190-2016, clause 18), as far as they are checked.

An OFD is a zip archive. ``Signatures.xml`` lists the signatures; each has a
``Signature.xml``, which names files with their digests, and a ``SignedValue.dat``,
which signs ``Signature.xml``. Nothing is unpacked onto a disk.
"""

import base64
import binascii
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from esign import sm2
from esign.errors import MalformedError

MAX_FILES = 4096  # in one archive
MAX_TOTAL_BYTES = 64 << 20  # of all that is read out of it
MAX_ELEMENTS = 50_000  # of all XML that is read
_MAX_XML_BYTES = 1 << 20
_ENTRY_MARK = b"PK\x01\x02"
_MAX_SIGNATURES = 32
_CHECK_METHODS = frozenset({"SM3", "1.2.156.10197.1.401"})


@dataclass(frozen=True, slots=True)
class OfdSignature:
    """One signature of an OFD.

    Attributes:
        content: ``SignedValue.dat``.
        document: ``Signature.xml``, the bytes that are signed.
        damaged: names of files whose digest is another or that are not there.
        unsupported: why the references cannot be judged; empty where they can.
        covered: how many files it names.
        left_out: names of files that it does not name, but for those of signatures.
    """

    content: bytes = field(repr=False)
    document: bytes = field(repr=False)
    damaged: tuple[str, ...]
    unsupported: str
    covered: int
    left_out: tuple[str, ...]


@dataclass(slots=True)
class _Element:
    name: str
    attributes: dict[str, str]
    text: str = ""


def find_signatures(data: bytes) -> tuple[OfdSignature, ...]:
    """Return the signatures of an OFD in the order of its lists.

    Args:
        data: the whole file.

    Raises:
        MalformedError: it is no such archive, or is larger than is read.
    """
    archive = _Archive(data)
    listed = sorted(n for n in archive.names if n.rpartition("/")[2] == _LIST)
    found: list[OfdSignature] = []
    for name in listed:
        for item in archive.elements(name):
            if item.name == "Signature":
                place = _place(item.attributes.get("BaseLoc", ""), name)
                found.append(_signature(archive, place))
    if len(found) > _MAX_SIGNATURES:
        raise MalformedError(f"OFD: more than {_MAX_SIGNATURES} signatures")
    return tuple(found)


_LIST = "Signatures.xml"


def _signature(archive: "_Archive", place: str) -> OfdSignature:
    value, method, wanted, file = "", "", {}, ""
    for item in archive.elements(place):
        if item.name == "SignedValue":
            value = _place(item.text.strip(), place)
        elif item.name == "References":
            method = item.attributes.get("CheckMethod", "MD5")  # the standard's default
        elif item.name == "Reference":
            file = _place(item.attributes.get("FileRef", ""), place)
            if file in wanted:
                raise MalformedError("OFD: a signature names a file twice")
            wanted[file] = ""
        elif item.name == "CheckValue" and file:
            wanted[file] = item.text.strip()
    known = method in _CHECK_METHODS
    damaged = [n for n, digest in wanted.items() if not _is(archive, n, digest)]
    folder = place.rsplit("/", 2)[0] + "/" if place.count("/") > 1 else ""
    return OfdSignature(
        content=archive.read(value),
        document=archive.read(place),
        damaged=tuple(damaged) if known else (),
        unsupported="" if known and wanted else "no digests of SM3 in it",
        covered=len(wanted),
        left_out=tuple(
            n for n in archive.names if n not in wanted and not n.startswith(folder)
        ),
    )


def _is(archive: "_Archive", name: str, digest: str) -> bool:
    if name not in archive.names:
        return False
    try:
        value = base64.b64decode(digest, validate=True)
    except (binascii.Error, ValueError):
        return False
    return value == archive.digest(name)


def _place(reference: str, beside: str) -> str:
    """Return the name in the archive that a reference means."""
    if not reference:
        raise MalformedError("OFD: a reference is missing")
    absolute = reference.startswith("/")
    base = "" if absolute else beside.rpartition("/")[0]
    parts = [part for part in f"{base}/{reference}".split("/") if part]
    if any(part in (".", "..") for part in parts):
        raise MalformedError("OFD: a reference leads upwards")
    return "/".join(parts)


class _Archive:
    """The files of an OFD, read one by one, never more than the limit in all."""

    def __init__(self, data: bytes) -> None:
        self._left, self._elements = MAX_TOTAL_BYTES, MAX_ELEMENTS
        self._digests: dict[str, bytes] = {}
        if data.count(_ENTRY_MARK) > MAX_FILES:
            raise MalformedError("OFD: too many files")
        self._read: dict[str, bytes] = {}
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            infos = [item for item in self._zip.infolist() if not item.is_dir()]
        except _BROKEN as err:
            raise MalformedError("OFD: not a zip archive") from err
        self.names = {item.filename.lstrip("/"): item for item in infos}
        if len(self.names) != len(infos):
            raise MalformedError("OFD: two files of one name")

    def read(self, name: str) -> bytes:
        if name in self._read:
            return self._read[name]
        if name not in self.names:
            raise MalformedError("OFD: a file that is named is not there")
        try:
            with self._zip.open(self.names[name]) as file:
                content = file.read(self._left + 1)
        except _BROKEN as err:
            raise MalformedError("OFD: a file cannot be read") from err
        self._left -= len(content)
        if self._left < 0:
            raise MalformedError(f"OFD: more than {MAX_TOTAL_BYTES} bytes")
        self._read[name] = content
        return content

    def digest(self, name: str) -> bytes:
        if name not in self._digests:
            self._digests[name] = sm2.sm3(self.read(name))
        return self._digests[name]

    def elements(self, name: str) -> Iterator[_Element]:
        """Give the elements of an XML file in their order, without their nesting."""
        content = self.read(name)
        if len(content) > _MAX_XML_BYTES:
            raise MalformedError(f"OFD: XML of more than {_MAX_XML_BYTES} bytes")
        found: list[_Element] = []
        open_: list[_Element] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            self._elements -= 1
            if self._elements < 0:
                raise MalformedError("OFD: too many elements")
            found.append(_Element(tag.rpartition(" ")[2], attributes))
            open_.append(found[-1])

        def text(part: str) -> None:
            if open_:
                open_[-1].text += part

        def refuse(*_names: object) -> None:
            raise MalformedError("OFD: XML with a document type")

        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = start
        parser.EndElementHandler = lambda _tag: open_.pop()
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = refuse  # no entities, so nothing grows
        try:
            parser.Parse(content, True)  # noqa: FBT003  the library's own signature
        except (expat.ExpatError, ValueError, LookupError) as err:
            raise MalformedError("OFD: not well-formed XML") from err
        return iter(found)


_BROKEN: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,  # a compression that Python lacks
    RuntimeError,  # encrypted
    EOFError,
    OSError,
    IndexError,  # a file without a name
    ValueError,
    UnicodeError,
)
