"""The two attached files are read as our own profile stores them, or not at all."""

import io
import zlib
from collections.abc import Callable, Mapping

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from elicense import attachments
from elicense.attachments import RECORD_NAME, TOKEN_NAME, Attachments, CompressedError
from esign.errors import MalformedError

FILES = {RECORD_NAME: b"\xa0", TOKEN_NAME: b"\xd2"}


def blank() -> Pdf:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(200, 200))
    return pdf


def attach(pdf: Pdf, files: Mapping[str, pikepdf.Object]) -> None:
    """Attach streams under their names."""
    names = Array()
    for name, stream in files.items():
        names.append(String(name))
        names.append(
            pdf.make_indirect(
                Dictionary(Type=Name.Filespec, F=name, UF=name, EF={"/F": stream})
            )
        )
    tree = pdf.make_indirect(Dictionary(Names=names))
    pdf.Root.Names = Dictionary(EmbeddedFiles=tree)


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
    found = attachments.read(made(FILES | {"other.txt": b"x"}))
    assert found == Attachments(record=b"\xa0", token=b"\xd2")
    assert found.marks_ours


def test_a_file_that_is_not_there_is_none() -> None:
    only = attachments.read(made({RECORD_NAME: b"\xa0"}))
    assert only == Attachments(record=b"\xa0", token=None)
    assert only.marks_ours
    assert attachments.read(made({TOKEN_NAME: b"\xd2"})).marks_ours
    for empty in (made({}), written(blank())):
        found = attachments.read(empty)
        assert found == Attachments(None, None)
        assert not found.marks_ours


def _filtered() -> bytes:
    pdf = blank()
    packed = Stream(pdf, zlib.compress(b"\xd2"), Filter=Name.FlateDecode)
    attach(pdf, {TOKEN_NAME: packed})
    return written(pdf)


def _empty_filter() -> bytes:
    pdf = blank()
    attach(pdf, {TOKEN_NAME: Stream(pdf, b"\xd2", Filter=Array())})
    return written(pdf)


def _twice() -> bytes:
    pdf = blank()
    attach(pdf, {TOKEN_NAME: Stream(pdf, b"\xd2")})
    names = pdf.Root.Names.EmbeddedFiles.Names
    for item in list(names):
        names.append(item)
    return written(pdf)


def _twice_in_two_leaves() -> bytes:
    pdf = blank()
    attach(pdf, {TOKEN_NAME: Stream(pdf, b"\xd2")})
    leaf = pdf.Root.Names.EmbeddedFiles
    pdf.Root.Names.EmbeddedFiles = Dictionary(Kids=Array([leaf, leaf]))
    return written(pdf)


def _two_contents() -> bytes:
    pdf = blank()
    attach(pdf, {TOKEN_NAME: Stream(pdf, b"\xd2")})
    pdf.Root.Names.EmbeddedFiles.Names[1].EF["/UF"] = Stream(pdf, b"\xd3")
    return written(pdf)


def _endless_tree() -> bytes:
    pdf = blank()
    tree = pdf.make_indirect(Dictionary())
    tree.Kids = Array([tree, tree])
    pdf.Root.Names = Dictionary(EmbeddedFiles=tree)
    return written(pdf)


def _many_names() -> bytes:
    pdf = blank()
    names = b"[" + b"(a)null" * (attachments.MAX_NAMES // 2) + b"]"
    tree = pdf.make_indirect(Dictionary(Names=pikepdf.Object.parse(names)))
    pdf.Root.Names = Dictionary(EmbeddedFiles=tree)
    return written(pdf)


def _not_a_stream() -> bytes:
    pdf = blank()
    attach(pdf, {TOKEN_NAME: pdf.make_indirect(Dictionary(A=1))})
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


def _encrypted() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(made(FILES))) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u", R=4))
    return out.getvalue()


def _too_large() -> bytes:
    return made({TOKEN_NAME: bytes(attachments.MAX_ATTACHMENT_BYTES + 1)})


def _cut() -> bytes:
    return made(FILES)[:-60]


REFUSED: dict[str, Callable[[], bytes]] = {
    "a file stored with a filter": _filtered,
    "a file with an empty list of filters": _empty_filter,
    "a file attached twice": _twice,
    "a file attached in two leaves": _twice_in_two_leaves,
    "a file with another content for other readers": _two_contents,
    "a tree of names that contains itself": _endless_tree,
    "more names than the limit": _many_names,
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


def test_a_file_deeper_in_the_tree_is_read() -> None:
    pdf = blank()
    attach(pdf, {name: Stream(pdf, data) for name, data in FILES.items()})
    leaf = pdf.Root.Names.EmbeddedFiles
    pdf.Root.Names.EmbeddedFiles = Dictionary(Kids=Array([Dictionary(), leaf]))
    assert attachments.read(written(pdf)) == Attachments(b"\xa0", b"\xd2")


def test_one_content_under_two_keys_is_read() -> None:
    pdf = blank()
    attach(pdf, {TOKEN_NAME: pdf.make_indirect(Stream(pdf, b"\xd2"))})
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
def test_a_strange_name_tree_gives_no_file_or_malformed(
    build: Callable[[], bytes],
) -> None:
    try:
        found = attachments.read(build())
    except MalformedError:
        return
    assert found.token is None


def test_exactly_the_limit_is_read() -> None:
    data = bytes(attachments.MAX_ATTACHMENT_BYTES)
    assert attachments.read(made({TOKEN_NAME: data})).token == data


# Compressed structures.


def bomb(name: bytes = b"/XRef") -> bytes:
    """Return a PDF whose cross-reference stream inflates to 64 MiB."""
    packed = zlib.compress(bytes(64 << 20), 9)
    head = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    head += b"2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
    return head + (
        b"3 0 obj\n<</Type%b/Size 4/W[1 4 1]/Root 1 0 R/Filter/FlateDecode/Length %d"
        b">>\nstream\n%b\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n"
        % (name, len(packed), packed, len(head))
    )


SPELLINGS = [b"/XRef", b" /XRef", b"/#58Ref", b"/X#52ef", b"/XR#65f", b"/#58#52#65#66"]


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_compressed_structure_is_refused_before_it_is_inflated(name: bytes) -> None:
    with pytest.raises(CompressedError):
        attachments.read(bomb(name))


def test_object_streams_are_refused_with_their_table() -> None:
    data = made(FILES, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    with pytest.raises(CompressedError):
        attachments.read(data)


def test_a_longer_name_is_not_taken_for_a_compressed_structure() -> None:
    pdf = blank()
    attach(pdf, {name: Stream(pdf, data) for name, data in FILES.items()})
    pdf.Root[Name.XReference] = 1
    assert attachments.read(written(pdf)).token == b"\xd2"


@given(st.binary(max_size=300), st.sampled_from([b"", b"%PDF-1.7\n"]))
def test_any_bytes_are_malformed(tail: bytes, head: bytes) -> None:
    with pytest.raises(MalformedError):
        attachments.read(head + tail)
