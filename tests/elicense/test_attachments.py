"""The attached files are read as our own profile stores them, or not at all."""

import hashlib
import io
import zlib
from collections.abc import Callable, Mapping

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from elicense import attachments
from elicense.attachments import (
    RECORD_NAME,
    SCAN_NAMES,
    TOKEN_NAME,
    Attachments,
    NoLicenseError,
    ScanError,
    scan_fault,
    scan_of,
)
from elicense.model import Scan
from elicense.record import MAX_SCAN_BYTES, SCAN_MEDIA_TYPES
from esign import pades
from esign.errors import MalformedError
from tests.esign.pades_world import AT, world

FILES = {RECORD_NAME: b"\xa0", TOKEN_NAME: b"\xd2"}
SCANS = {
    "scan.pdf": b"%PDF-1.4 startxref %%EOF endstream endobj",
    "scan.jpg": b"\xff\xd8\xff\xe0 a picture",
    "scan.png": b"\x89PNG\r\n\x1a\n a picture",
}


def blank() -> Pdf:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(200, 200))
    return pdf


def attach(pdf: Pdf, files: Mapping[str, pikepdf.Object]) -> None:
    """Attach streams under their names, sorted, and list them as associated files."""
    names, listed = Array(), Array()
    for name, stream in sorted(files.items()):
        spec = pdf.make_indirect(
            Dictionary(Type=Name.Filespec, F=name, UF=name, EF={"/F": stream})
        )
        names.append(String(name))
        names.append(spec)
        listed.append(spec)
    tree = pdf.make_indirect(Dictionary(Names=names))
    pdf.Root.Names = Dictionary(EmbeddedFiles=tree)
    pdf.Root.AF = listed


def written(pdf: Pdf, **options: object) -> bytes:
    out = io.BytesIO()
    kept = {
        "object_stream_mode": pikepdf.ObjectStreamMode.disable,
        "compress_streams": False,
        "stream_decode_level": pikepdf.StreamDecodeLevel.none,
    }
    pdf.save(out, **(kept | options))
    return out.getvalue()


def made(files: Mapping[str, bytes], **options: object) -> bytes:
    pdf = blank()
    attach(pdf, {name: Stream(pdf, data) for name, data in files.items()})
    return written(pdf, **options)


def test_both_files_are_read_as_they_are_stored() -> None:
    found = attachments.read(made(FILES))
    assert found == Attachments(record=b"\xa0", token=b"\xd2")


@pytest.mark.parametrize("name", SCANS)
def test_a_scan_is_read_as_it_is_stored(name: str) -> None:
    found = attachments.read(made(FILES | {name: SCANS[name]}))
    assert found == Attachments(record=b"\xa0", token=b"\xd2", scan=SCANS[name])


def test_a_pdf_without_attachments_is_no_license() -> None:
    with pytest.raises(NoLicenseError):
        attachments.read(written(blank()))


def whole(change: Callable[[Pdf], None]) -> Callable[[], bytes]:
    """Return a builder of a PDF with both files and one change."""

    def build() -> bytes:
        pdf = blank()
        attach(pdf, {name: Stream(pdf, data) for name, data in FILES.items()})
        change(pdf)
        return written(pdf)

    return build


def _only(name: str) -> Callable[[], bytes]:
    return lambda: made({name: FILES[name]})


def _no_list(pdf: Pdf) -> None:
    del pdf.Root.AF


def _short_list(pdf: Pdf) -> None:
    del pdf.Root.AF[0]


def _other_listed(pdf: Pdf) -> None:
    pdf.Root.AF[0] = pdf.make_indirect(Dictionary(Type=Name.Filespec, F="x"))


def _filtered() -> bytes:
    pdf = blank()
    packed = Stream(pdf, zlib.compress(b"\xd2"), Filter=Name.FlateDecode)
    attach(pdf, {RECORD_NAME: Stream(pdf, b"\xa0"), TOKEN_NAME: packed})
    return written(pdf)


def _empty_filter() -> bytes:
    pdf = blank()
    attach(
        pdf,
        {
            RECORD_NAME: Stream(pdf, b"\xa0"),
            TOKEN_NAME: Stream(pdf, b"\xd2", Filter=Array()),
        },
    )
    return written(pdf)


def _twice() -> bytes:
    pdf = blank()
    attach(pdf, {name: Stream(pdf, data) for name, data in FILES.items()})
    names = pdf.Root.Names.EmbeddedFiles.Names
    for item in list(names):
        names.append(item)
    return written(pdf)


def _two_contents() -> bytes:
    pdf = blank()
    attach(pdf, {name: Stream(pdf, data) for name, data in FILES.items()})
    pdf.Root.Names.EmbeddedFiles.Names[1].EF["/UF"] = Stream(pdf, b"\xd3")
    return written(pdf)


def _endless_tree() -> bytes:
    pdf = blank()
    tree = pdf.make_indirect(Dictionary())
    tree.Kids = Array([tree, tree])
    pdf.Root.Names = Dictionary(EmbeddedFiles=tree)
    return written(pdf)


def _not_a_stream() -> bytes:
    pdf = blank()
    attach(
        pdf,
        {
            RECORD_NAME: Stream(pdf, b"\xa0"),
            TOKEN_NAME: pdf.make_indirect(Dictionary(A=1)),
        },
    )
    return written(pdf)


def _no_file() -> bytes:
    pdf = blank()
    spec = pdf.make_indirect(Dictionary(Type=Name.Filespec, F=TOKEN_NAME))
    tree = Dictionary(Names=Array([String(TOKEN_NAME), spec]))
    pdf.Root.Names = Dictionary(EmbeddedFiles=pdf.make_indirect(tree))
    return written(pdf)


def _names_of(value: pikepdf.Object) -> Callable[[], bytes]:
    def build() -> bytes:
        pdf = blank()
        pdf.Root.Names = Dictionary(EmbeddedFiles=value)
        return written(pdf)

    return build


def _branch(pdf: Pdf) -> None:
    leaf = pdf.Root.Names.EmbeddedFiles
    pdf.Root.Names.EmbeddedFiles = Dictionary(Kids=Array([leaf]))


def _encrypted() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(made(FILES))) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u", R=4))
    return out.getvalue()


def _too_large() -> bytes:
    return made(FILES | {TOKEN_NAME: bytes(attachments.MAX_ATTACHMENT_BYTES + 1)})


def _scan(name: str, data: bytes) -> Callable[[], bytes]:
    return lambda: made(FILES | {name: data})


def _filtered_scan() -> bytes:
    pdf = blank()
    streams = {name: Stream(pdf, data) for name, data in FILES.items()}
    packed = zlib.compress(SCANS["scan.pdf"])
    streams["scan.pdf"] = Stream(pdf, packed, Filter=Name.FlateDecode)
    attach(pdf, streams)
    return written(pdf)


def _listed_twice(pdf: Pdf) -> None:
    pdf.Root.AF.append(pdf.Root.AF[0])


def _cut() -> bytes:
    return made(FILES)[:-60]


REFUSED: dict[str, Callable[[], bytes]] = {
    "a file stored with a filter": _filtered,
    "a file with an empty list of filters": _empty_filter,
    "a file attached twice": _twice,
    "the record alone": _only(RECORD_NAME),
    "the token alone": _only(TOKEN_NAME),
    "a third file": lambda: made(FILES | {"zzz.txt": b"x"}),
    "two scans": lambda: made(FILES | SCANS),
    "a scan without a token": lambda: made(
        {RECORD_NAME: b"\xa0", "scan.pdf": SCANS["scan.pdf"]}
    ),
    "a scan of another kind": _scan("scan.tif", b"II*\0"),
    "a scan under another spelling": _scan("Scan.pdf", SCANS["scan.pdf"]),
    "a PDF under the name of a JPEG": _scan("scan.jpg", SCANS["scan.pdf"]),
    "a scan without bytes": _scan("scan.pdf", b""),
    "a scan above the limit": _scan("scan.pdf", b"%PDF-" + bytes(MAX_SCAN_BYTES - 4)),
    "a scan stored with a filter": _filtered_scan,
    "a file listed twice": whole(_listed_twice),
    "no list of associated files": whole(_no_list),
    "a list without one of them": whole(_short_list),
    "a list with another file": whole(_other_listed),
    "files in a branch of the tree": whole(_branch),
    "a file with another content for other readers": _two_contents,
    "a tree of names that contains itself": _endless_tree,
    "a file that is a dictionary": _not_a_stream,
    "a file without its content": _no_file,
    "a file larger than the limit": _too_large,
    "a PDF that needs a password": _encrypted,
    "a PDF without its table": _cut,
    "no PDF": lambda: b"payload.cose",
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("build", REFUSED.values(), ids=REFUSED)
def test_what_our_profile_does_not_store_is_malformed(
    build: Callable[[], bytes],
) -> None:
    with pytest.raises(MalformedError):
        attachments.read(build())


def test_one_content_under_two_keys_is_read() -> None:
    pdf = blank()
    streams = {n: pdf.make_indirect(Stream(pdf, data)) for n, data in FILES.items()}
    attach(pdf, streams)
    files = pdf.Root.Names.EmbeddedFiles.Names[1].EF
    files["/UF"] = files["/F"]
    assert attachments.read(written(pdf)).token == b"\xd2"


STRANGE: dict[str, Callable[[], bytes]] = {
    "a name tree that is a number": _names_of(7),
    "a name tree that is an array": _names_of(Array()),
    "a name tree of an odd length": _names_of(
        Dictionary(Names=Array([String(TOKEN_NAME)]))
    ),
    "a name tree with numbers for names": _names_of(Dictionary(Names=Array([1, 2]))),
    "a name tree with a number for a file": _names_of(
        Dictionary(Names=Array([String(TOKEN_NAME), 2]))
    ),
}


@pytest.mark.parametrize("build", STRANGE.values(), ids=STRANGE)
def test_a_strange_name_tree_is_malformed(build: Callable[[], bytes]) -> None:
    with pytest.raises(MalformedError):
        attachments.read(build())


def test_exactly_the_limit_is_read() -> None:
    data = bytes(attachments.MAX_ATTACHMENT_BYTES)
    assert attachments.read(made(FILES | {TOKEN_NAME: data})).token == data


def test_the_largest_scan_is_read() -> None:
    data = b"%PDF-" + bytes(MAX_SCAN_BYTES - 5)
    assert attachments.read(made(FILES | {"scan.pdf": data})).scan == data


@pytest.mark.parametrize("media_type", SCAN_MEDIA_TYPES)
def test_what_the_record_says_of_a_scan(media_type: str) -> None:
    data = SCANS[SCAN_NAMES[media_type]]
    expected = Scan(media_type, hashlib.sha256(data).digest(), len(data))
    assert scan_of(data) == expected
    assert scan_fault(data, expected) is None


NO_SCANS = {
    "nothing": b"",
    "a TIFF": b"II*\0",
    "a PDF behind a space": b" %PDF-1.7",
    "a cut PNG": b"\x89PNG\r\n",
    "one byte more than the limit": b"%PDF-" + bytes(MAX_SCAN_BYTES - 4),
}


@pytest.mark.parametrize("data", NO_SCANS.values(), ids=NO_SCANS)
def test_what_is_no_scan_is_refused_with_what_is_expected(data: bytes) -> None:
    with pytest.raises(ScanError, match=r"10 MiB.*PDF, JPEG or PNG"):
        scan_of(data)


_PAPER = SCANS["scan.pdf"]
FAULTS = {
    "a scan that the record lacks": (_PAPER, None, "lacks"),
    "a scan that is missing": (None, scan_of(_PAPER), "not attached"),
    "another scan": (_PAPER + b" ", scan_of(_PAPER), "not the one"),
    "another size": (
        _PAPER,
        Scan("application/pdf", hashlib.sha256(_PAPER).digest(), 7),
        "not the one",
    ),
    "another media type": (
        _PAPER,
        Scan("image/png", hashlib.sha256(_PAPER).digest(), len(_PAPER)),
        "not the one",
    ),
    "bytes of no kind": (b"", scan_of(_PAPER), "not the one"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_scan_that_is_not_the_one_of_the_record_is_told(case: str) -> None:
    scan, expected, reason = FAULTS[case]
    assert reason in str(scan_fault(scan, expected))


def test_no_scan_and_no_entry_agree() -> None:
    assert scan_fault(None, None) is None


def test_the_mark_is_found_in_both_spellings() -> None:
    assert attachments.has_mark(b"(payload.cose)")
    assert attachments.has_mark(b"(payload\\056cose)")
    assert not attachments.has_mark(b"(payload)")


@given(st.binary(max_size=300), st.sampled_from([b"", b"%PDF-1.7\n"]))
def test_any_bytes_are_malformed(tail: bytes, head: bytes) -> None:
    with pytest.raises(MalformedError):
        attachments.read(head + tail)


# The own reader, of sealed files.

TYPES = {RECORD_NAME: "application/cbor", TOKEN_NAME: "application/cose"} | {
    name: media_type for media_type, name in SCAN_NAMES.items()
}


def ours(files: Mapping[str, bytes]) -> Pdf:
    """Return a page with files attached as our own writers attach them."""
    pdf = blank()
    streams = {}
    for name, data in files.items():
        params = Dictionary(Size=len(data), ModDate=String("D:20261121080000Z"))
        streams[name] = Stream(
            pdf,
            data,
            Type=Name.EmbeddedFile,
            Subtype=Name(f"/{TYPES.get(name, 'text/plain')}"),
            Params=params,
        )
    attach(pdf, {name: pdf.make_indirect(item) for name, item in streams.items()})
    names = pdf.Root.Names.EmbeddedFiles.Names
    for name, specification in zip(names[::2], names[1::2], strict=True):
        specification.EF["/UF"] = specification.EF["/F"]
        is_scan = str(name) in SCAN_NAMES.values()
        specification.AFRelationship = Name.Source if is_scan else Name.Data
    pdf.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=names))
    return pdf


def sealed_by_us(pdf: Pdf) -> bytes:
    return pades.seal(written(pdf), world().identity, at=AT)


def read_both(data: bytes) -> Attachments:
    found = attachments.read_sealed(pades.read(data))
    attachments.confirm(data, found)
    return found


@pytest.mark.parametrize("scan", [{}, *({name: SCANS[name]} for name in SCANS)])
def test_both_readers_find_the_same(scan: dict[str, bytes]) -> None:
    found = read_both(sealed_by_us(ours(FILES | scan)))
    expected = next(iter(scan.values()), None)
    assert found == Attachments(b"\xa0", b"\xd2", expected)


def test_a_sealed_pdf_without_attachments_is_no_license() -> None:
    data = pades.seal(written(blank()), world().identity, at=AT)
    with pytest.raises(NoLicenseError):
        attachments.read_sealed(pades.read(data))


def changed(change: Callable[[Pdf], object]) -> Callable[[], Pdf]:
    """Return a builder of a page that is ours but for one change."""

    def build() -> Pdf:
        pdf = ours(FILES)
        change(pdf)
        return pdf

    return build


def _specification(pdf: Pdf) -> pikepdf.Object:
    return pdf.Root.Names.EmbeddedFiles.Names[1]


def _file(pdf: Pdf) -> pikepdf.Object:
    return _specification(pdf).EF.F


def _attached_twice(pdf: Pdf) -> None:
    names = pdf.Root.Names.EmbeddedFiles.Names
    for item in list(names):
        names.append(item)


def _filter(pdf: Pdf) -> None:
    _file(pdf).write(zlib.compress(b"\xd2"), filter=Name.FlateDecode)


def _second_content(pdf: Pdf) -> None:
    _specification(pdf).EF["/UF"] = pdf.make_indirect(Stream(pdf, b"\xd3"))


def _swap(pdf: Pdf) -> None:
    names = pdf.Root.Names.EmbeddedFiles.Names
    names[1], names[3] = names[3], names[1]


def _indirect_tree(pdf: Pdf) -> None:
    pdf.Root.Names.EmbeddedFiles = pdf.make_indirect(pdf.Root.Names.EmbeddedFiles)


def _large_catalog(pdf: Pdf) -> None:
    pdf.Root.Lang = String("z" * attachments.MAX_CATALOG_BYTES)


NOT_OURS: dict[str, tuple[Callable[[], Pdf], str]] = {
    "the record alone": (lambda: ours({RECORD_NAME: b"1"}), "expected"),
    "a third file": (lambda: ours(FILES | {"zzz.txt": b"1"}), "expected"),
    "two scans": (lambda: ours(FILES | SCANS), "expected"),
    "a file attached twice": (changed(_attached_twice), "expected"),
    "no list of associated files": (changed(_no_list), "not attached as"),
    "no list of names": (
        changed(lambda pdf: pdf.Root.__delattr__("Names")),
        "not attached as",
    ),
    "names that are a number": (
        changed(lambda pdf: pdf.Root.__setattr__("Names", 7)),
        "not attached as",
    ),
    "names in an object of their own": (changed(_indirect_tree), "not attached as"),
    "a list without one of them": (changed(_short_list), "associated"),
    "a file listed twice": (changed(_listed_twice), "associated"),
    "a list with another file": (changed(_other_listed), "associated"),
    "a specification with one entry more": (
        changed(lambda pdf: _specification(pdf).__setattr__("Desc", String("x"))),
        "not specified",
    ),
    "a specification of another name": (
        changed(lambda pdf: _specification(pdf).__setattr__("UF", String("x"))),
        "not specified",
    ),
    "another content under another key": (changed(_second_content), "not specified"),
    "specifications exchanged": (changed(_swap), "not specified"),
    "another relationship": (
        changed(
            lambda pdf: _specification(pdf).__setattr__("AFRelationship", Name.Source)
        ),
        "not specified",
    ),
    "a file with a filter": (changed(_filter), "without a filter"),
    "another media type": (
        changed(lambda pdf: _file(pdf).__setattr__("Subtype", Name("/text/plain"))),
        "not stored as",
    ),
    "another size": (
        changed(lambda pdf: _file(pdf).Params.__setattr__("Size", 7)),
        "not stored as",
    ),
    "a file larger than the limit": (
        lambda: ours(FILES | {TOKEN_NAME: bytes(attachments.MAX_ATTACHMENT_BYTES + 1)}),
        "more than",
    ),
    "a PDF under the name of a JPEG": (
        lambda: ours(FILES | {"scan.jpg": SCANS["scan.pdf"]}),
        "does not begin",
    ),
    "a catalog larger than the limit": (changed(_large_catalog), "the catalog"),
}


@pytest.mark.parametrize(("build", "reason"), NOT_OURS.values(), ids=NOT_OURS)
def test_what_our_writers_do_not_write_is_malformed(
    build: Callable[[], Pdf], reason: str
) -> None:
    sealed = pades.read(sealed_by_us(build()))
    for _ in range(2):  # a refusal is not remembered as anything else
        with pytest.raises(MalformedError, match=reason):
            attachments.read_sealed(sealed)


OTHER_FINDINGS: dict[str, tuple[Callable[[], bytes], str]] = {
    "other bytes": (lambda: made(FILES | {TOKEN_NAME: b"\xd3"}), "other attachments"),
    "one file more": (
        lambda: made(FILES | {"scan.pdf": SCANS["scan.pdf"]}),
        "other attachments",
    ),
    "nothing": (lambda: written(blank()), "no attachments"),
    "no PDF": (lambda: b"hello", "cannot be opened"),
}


@pytest.mark.parametrize(
    ("build", "reason"), OTHER_FINDINGS.values(), ids=OTHER_FINDINGS
)
def test_readers_that_disagree_are_a_refusal(
    build: Callable[[], bytes], reason: str
) -> None:
    with pytest.raises(MalformedError, match=reason) as caught:
        attachments.confirm(build(), Attachments(b"\xa0", b"\xd2"))
    assert not isinstance(caught.value, NoLicenseError)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_both_readers_accept_they_read_alike(data: st.DataObject) -> None:
    pdf = bytearray(OURS)
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(PLACES)) + data.draw(st.integers(0, 12))
        come = data.draw(st.sampled_from(TOKENS) | st.binary(max_size=2))
        pdf[place : place + len(come)] = come
    try:
        found = attachments.read_sealed(pades.read(bytes(pdf)))
        others = attachments.read(bytes(pdf))
    except MalformedError:
        return
    assert found == others


OURS = sealed_by_us(ours(FILES))
PLACES = [
    at
    for at in range(len(OURS) - 12)
    if OURS.startswith((b"/", b" 0 R", b"stream", b"obj"), at)
]
TOKENS = [b"/F", b"/UF", b"/AF", b"/EF", b"/Names", b"1 0 R", b"5 0 R", b"<<", b"[ "]
