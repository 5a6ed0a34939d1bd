"""The two files attached to a license's PDF: the record and the token."""

import io
import re
from dataclasses import dataclass

import pikepdf

from esign.errors import MalformedError

RECORD_NAME = "record.cbor"
TOKEN_NAME = "payload.cose"  # noqa: S105  a file name, not a secret
MAX_ATTACHMENT_BYTES = 1 << 20  # a record of 3,000 characters has about 10 KB
MAX_NAMES = 100_000  # of all attachments; ours have two
_OURS = (RECORD_NAME, TOKEN_NAME)
# The token's name as the page's maker writes it, and as the sealer does (pdf.md, 6).
_MARK = re.compile(rb"payload(?:\.|\\056)cose")
_OTHER_KEYS = ("/UF", "/DOS", "/Mac", "/Unix")  # of /EF (ISO 32000-1, table 44)
# A cross-reference stream is inflated while the file is opened, without a limit, and
# only it can point into an object stream. Its name stands in the bytes, plain or with
# characters as #hh (ISO 32000-1, 7.3.5 and 7.5.8).
_COMPRESSED = re.compile(rb"/(?:X|#58)(?:R|#52)(?:e|#65)(?:f|#66)(?![0-9A-Za-z])")


class ForeignFormError(MalformedError):
    """The PDF carries one of our two files, and not as our own profile stores it."""


class CompressedError(MalformedError):
    """The PDF's structure is compressed, so it is not opened; ours never is."""


@dataclass(frozen=True, slots=True)
class Attachments:
    """What a PDF carries beside its page; None where there is no such file."""

    record: bytes | None
    token: bytes | None

    @property
    def marks_ours(self) -> bool:
        """Tell whether the PDF carries a license of this format, genuine or not."""
        return self.record is not None or self.token is not None


def read(pdf: bytes) -> Attachments:
    """Return the attachments of a PDF that may be hostile.

    Only files stored without a filter are read, as our own profile stores them, and no
    PDF with a compressed structure is opened, so that nothing is inflated; a damaged
    cross-reference table is not repaired.

    Raises:
        CompressedError: the PDF has a cross-reference stream.
        ForeignFormError: one of the two files is filtered, too large, named twice, or
            has several contents.
        MalformedError: the PDF cannot be opened.
    """
    if _COMPRESSED.search(pdf):
        raise CompressedError("PDF: its structure is compressed, which ours never is")
    try:
        with pikepdf.open(io.BytesIO(pdf), attempt_recovery=False) as document:
            files = _files(document)
            return Attachments(_stored(files, RECORD_NAME), _stored(files, TOKEN_NAME))
    except (
        pikepdf.PikepdfError,
        AttributeError,
        KeyError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as err:
        raise MalformedError("PDF: cannot be opened, or its attachments read") from err


def has_mark(pdf: bytes) -> bool:
    """Tell whether a PDF that cannot be opened has the name of our token in it."""
    return _MARK.search(pdf) is not None


def _files(document: pikepdf.Pdf) -> list[tuple[str, pikepdf.Object]]:
    """Return name and file specification of our two files, as often as they occur.

    The tree is walked here since pikepdf's own mapping hides a name that occurs twice.
    """
    found: list[tuple[str, pikepdf.Object]] = []
    nodes = [_entry(_entry(document.Root, "/Names"), "/EmbeddedFiles")]
    seen = 0
    while nodes:
        node = nodes.pop()
        leaf, below = (
            part if isinstance(part, pikepdf.Array) else pikepdf.Array()
            for part in (_entry(node, "/Names"), _entry(node, "/Kids"))
        )
        seen += 1 + len(leaf) + len(below)
        if seen > MAX_NAMES:
            raise MalformedError(f"PDF: more than {MAX_NAMES} names of attachments")
        nodes += below.as_list()
        items = leaf.as_list()
        pairs = zip(items[::2], items[1::2], strict=False)
        found += [
            (str(name), item)
            for name, item in pairs
            if isinstance(name, pikepdf.String) and str(name) in _OURS
        ]
    return found


def _entry(owner: object, key: str) -> pikepdf.Object | None:
    """Return an entry of a dictionary; None where either is missing."""
    return owner.get(key) if isinstance(owner, pikepdf.Dictionary) else None


def _stored(files: list[tuple[str, pikepdf.Object]], name: str) -> bytes | None:
    found = [item for known, item in files if known == name]
    if not found:
        return None
    if len(found) > 1:
        raise ForeignFormError(f"PDF: {name} is attached twice")
    streams = _entry(found[0], "/EF")
    stream = _entry(streams, "/F")
    if not isinstance(stream, pikepdf.Stream):
        raise ForeignFormError(f"PDF: {name} is no embedded file")
    others = [_entry(streams, key) for key in _OTHER_KEYS]
    if any(other is not None and other.objgen != stream.objgen for other in others):
        raise ForeignFormError(f"PDF: {name} has another content under another key")
    if "/Filter" in stream:
        raise ForeignFormError(f"PDF: {name} is stored with a filter")
    data = bytes(stream.read_raw_bytes())
    if len(data) > MAX_ATTACHMENT_BYTES:
        raise ForeignFormError(
            f"PDF: {name} has more than {MAX_ATTACHMENT_BYTES} bytes"
        )
    return data
